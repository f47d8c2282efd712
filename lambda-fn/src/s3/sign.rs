//! AWS's signature, version 4, of a request without a body.

use std::fmt::Write;

use ring::{digest, hmac};

use super::credentials::Credentials;

/// Of an empty body.
pub(super) const EMPTY_SHA256: &str =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// A `GET` request that is to be signed.
pub(super) struct Request<'a> {
    /// With the port, if it is not the scheme's own.
    pub(super) host: &'a str,
    /// Escaped, as it is sent.
    pub(super) path: &'a str,
    /// Escaped, as it is sent: its parameters in the order of their names, each with `=`.
    pub(super) query: &'a str,
    /// More headers: lower-case names in alphabetical order, `host` and what starts with `x-amz-`
    /// aside.
    pub(super) headers: &'a [(&'a str, &'a str)],
    pub(super) region: &'a str,
    /// `20130524T000000Z`.
    pub(super) time: &'a str,
}

/// The header `Authorization`. The request must be sent with `x-amz-content-sha256`
/// ([`EMPTY_SHA256`]), `x-amz-date` (the time) and, if the credentials have a token,
/// `x-amz-security-token` as well.
pub(super) fn authorization(request: &Request<'_>, credentials: &Credentials) -> String {
    let mut headers = vec![("host", request.host)];
    headers.extend_from_slice(request.headers);
    headers.push(("x-amz-content-sha256", EMPTY_SHA256));
    headers.push(("x-amz-date", request.time));
    if let Some(token) = &credentials.token {
        headers.push(("x-amz-security-token", token));
    }
    headers.sort_unstable();

    let mut canonical = format!("GET\n{}\n{}\n", request.path, request.query);
    for (name, value) in &headers {
        // Writing to a string does not fail.
        let _ = writeln!(canonical, "{name}:{}", value.trim());
    }
    let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
    let names = names.join(";");
    let _ = write!(canonical, "\n{names}\n{EMPTY_SHA256}");

    let date = request.time.get(..8).unwrap_or_default();
    let scope = format!("{date}/{}/s3/aws4_request", request.region);
    let hashed = hex(digest::digest(&digest::SHA256, canonical.as_bytes()).as_ref());
    let text = format!("{ALGORITHM}\n{}\n{scope}\n{hashed}", request.time);

    let mut key = format!("AWS4{}", credentials.secret).into_bytes();
    for part in [date, request.region, "s3", "aws4_request", &text] {
        key = hmac(&key, part);
    }
    format!(
        "{ALGORITHM} Credential={}/{scope},SignedHeaders={names},Signature={}",
        credentials.id,
        hex(&key)
    )
}

fn hmac(key: &[u8], data: &str) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    hmac::sign(&key, data.as_bytes()).as_ref().to_vec()
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_body_has_this_hash() {
        assert_eq!(
            hex(digest::digest(&digest::SHA256, b"").as_ref()),
            EMPTY_SHA256
        );
    }

    /// The example "GET Object" in AWS's documentation of the signature for S3.
    #[test]
    fn the_example_of_the_documentation() {
        let credentials = Credentials {
            id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
            secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned(),
            token: None,
        };
        let request = Request {
            host: "examplebucket.s3.amazonaws.com",
            path: "/test.txt",
            query: "",
            headers: &[("range", "bytes=0-9")],
            region: "us-east-1",
            time: "20130524T000000Z",
        };
        assert_eq!(
            authorization(&request, &credentials),
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,\
             SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,\
             Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
        );
    }
}
