//! Requests that must be refused, and how.

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{Request, header};
use serde_json::json;

use crate::server::{Server, picture};

/// A request that must be refused, and how.
pub(crate) struct Bad {
    pub(crate) what: &'static str,
    pub(crate) request: Request<Bytes>,
    pub(crate) status: u16,
    pub(crate) error_type: &'static str,
}

pub(crate) fn request(
    method: &str,
    path: &str,
    kind: &str,
    body: impl Into<Bytes>,
) -> Request<Bytes> {
    let request = Request::builder().method(method).uri(path);
    let request = match kind {
        "" => request,
        kind => request.header(header::CONTENT_TYPE, kind),
    };
    request.body(body.into()).unwrap()
}

fn json_body(body: impl Into<Bytes>) -> Request<Bytes> {
    request("POST", "/predict", "application/json", body)
}

pub(crate) fn image_body(body: impl Into<Bytes>) -> Request<Bytes> {
    request("POST", "/predict", "image/jpeg", body)
}

fn form(parts: &str) -> Request<Bytes> {
    let kind = "multipart/form-data; boundary=XX";
    request("POST", "/predict", kind, parts.replace('\n', "\r\n"))
}

fn part(name: &str, text: &str) -> String {
    format!("--XX\nContent-Disposition: form-data; name=\"{name}\"\n\n{text}\n")
}

/// A PNG that says it has so many pixels.
fn png_of(width: u32, height: u32) -> Vec<u8> {
    let mut png = picture("rgb.png");
    png[16..20].copy_from_slice(&width.to_be_bytes());
    png[20..24].copy_from_slice(&height.to_be_bytes());
    // The checksum over the chunk's name and content, bit by bit.
    let mut sum = !0_u32;
    for byte in &png[12..29] {
        sum ^= u32::from(*byte);
        for _ in 0..8 {
            sum = if sum & 1 == 1 {
                sum >> 1 ^ 0xedb8_8320
            } else {
                sum >> 1
            };
        }
    }
    png[29..33].copy_from_slice(&(!sum).to_be_bytes());
    png
}

pub(crate) fn bad_inputs(server: &Server) -> Vec<Bad> {
    let mut all = Vec::new();
    let mut add = |what, request, status, error_type| {
        all.push(Bad {
            what,
            request,
            status,
            error_type,
        });
    };
    let image = |bytes: &[u8]| json_body(json!({"image": STANDARD.encode(bytes)}).to_string());
    let from = |path: &str| json_body(json!({"url": server.url(path)}).to_string());
    let (jpeg, png) = (picture("420.jpg"), picture("rgb.png"));

    // Paths and methods.
    add(
        "a path that is not there",
        request("POST", "/classify", "", ""),
        404,
        "NotFound",
    );
    add(
        "a path below one that is",
        request("GET", "/health/model", "", ""),
        404,
        "NotFound",
    );
    add(
        "GET of /predict",
        request("GET", "/predict?url=a", "", ""),
        405,
        "MethodNotAllowed",
    );
    add(
        "PUT of /predict",
        request("PUT", "/predict", "", "{}"),
        405,
        "MethodNotAllowed",
    );
    add(
        "POST of the page",
        request("POST", "/", "", "{}"),
        405,
        "MethodNotAllowed",
    );
    add(
        "DELETE of /health",
        request("DELETE", "/health", "", ""),
        405,
        "MethodNotAllowed",
    );

    // Kinds of bodies.
    for (what, kind) in [
        ("plain text", "text/plain"),
        ("a form without files", "application/x-www-form-urlencoded"),
        ("XML", "application/xml"),
        ("a film", "video/mp4"),
        ("multipart, but no form", "multipart/mixed; boundary=XX"),
        ("a form without a boundary", "multipart/form-data"),
        ("a content type that is none", ";;;=,"),
    ] {
        let request = request("POST", "/predict", kind, "x");
        add(what, request, 415, "UnsupportedMediaType");
    }

    // JSON.
    for (what, body) in [
        ("no body", ""),
        ("half an object", "{\"url\": "),
        ("single quotes", "{'url': 'a'}"),
        ("a comment", "{} // nothing"),
        ("two objects", "{}{}"),
        ("a lone surrogate", "{\"url\": \"\\ud800\"}"),
        ("a zero byte", "\0"),
        ("NaN", "{\"top_k\": NaN}"),
        ("null", "null"),
        ("a number", "1e999"),
        ("a string", "\"https://example.com/a.jpg\""),
        ("an array", "[]"),
        ("an empty object", "{}"),
        ("another field", "{\"URL\": \"https://example.com/a.jpg\"}"),
        (
            "two pictures in two fields",
            "{\"url\": \"a\", \"image\": \"b\"}",
        ),
        ("a URL that is a number", "{\"url\": 5}"),
        ("a URL that is null", "{\"url\": null}"),
        ("an image that is an object", "{\"image\": {}}"),
        ("a batch that is a string", "{\"urls\": \"a\"}"),
        ("a batch of nothing", "{\"images\": []}"),
        (
            "an object in S3 that is a string",
            "{\"s3\": \"s3://bucket/key\"}",
        ),
        (
            "an object in S3 without a key",
            "{\"s3\": {\"bucket\": \"bucket\"}}",
        ),
        (
            "a bucket that is none",
            "{\"s3\": {\"bucket\": \"../etc\", \"key\": \"a\"}}",
        ),
        (
            "an option of the wrong kind",
            "{\"url\": \"a\", \"softmax\": \"yes\"}",
        ),
        ("none of the best", "{\"url\": \"a\", \"top_k\": 0}"),
        ("half a label", "{\"url\": \"a\", \"top_k\": 2.5}"),
    ] {
        add(what, json_body(body), 400, "InvalidRequest");
    }
    add(
        "bytes that are no text",
        json_body(&b"{\"url\": \"\xff\xfe\"}"[..]),
        400,
        "InvalidRequest",
    );
    add(
        "100,000 brackets",
        json_body("[".repeat(100_000)),
        400,
        "InvalidRequest",
    );
    add(
        "300,000 zeros",
        json_body(format!("[{}0]", "0,".repeat(299_999))),
        413,
        "TooLarge",
    );
    let query = request(
        "POST",
        "/predict?top_k=many",
        "application/json",
        "{\"url\": \"a\"}",
    );
    add("an option in the query", query, 400, "InvalidRequest");
    let many = json!({"urls": vec!["http://a/"; 17]}).to_string();
    add("a batch that is too long", json_body(many), 413, "TooLarge");
    let object = "{\"s3\": {\"bucket\": \"bucket\", \"key\": \"key\"}}";
    add(
        "S3 without access to it",
        json_body(object),
        503,
        "S3Unavailable",
    );

    // Base64.
    for (what, text) in [
        ("no base64", "***"),
        ("base64 for URLs", "_-_-"),
        ("base64 with spaces", "aG k="),
        ("base64 that breaks off", "aGkaG"),
        ("base64 with padding inside", "aG=k"),
        ("a data URL without base64", "data:image/png,aGk="),
        ("a data URL without data", "data:image/png;base64"),
    ] {
        let body = json!({"image": text}).to_string();
        add(what, json_body(body), 400, "InvalidBase64");
    }

    // URLs.
    for (what, url) in [
        ("no URL", "no url"),
        ("an empty URL", ""),
        ("a relative URL", "/a.jpg"),
        ("a file", "file:///etc/passwd"),
        ("FTP", "ftp://example.com/a.jpg"),
        ("a script", "javascript:alert(1)"),
        ("a host that is none", "http://[::1/"),
        ("a port that is none", "http://example.com:99999/"),
    ] {
        let body = json!({"url": url}).to_string();
        add(what, json_body(body), 422, "InvalidUrl");
    }
    let long = format!("http://example.com/{}", "a".repeat(9000));
    add(
        "a URL of 9,000 bytes",
        json_body(json!({"url": long}).to_string()),
        422,
        "InvalidUrl",
    );
    add("a redirect to a file", from("/to-file"), 422, "InvalidUrl");
    add(
        "a redirect to nonsense",
        from("/to-nonsense"),
        422,
        "InvalidUrl",
    );

    // The server that has the picture.
    add(
        "a server that hangs up",
        from("/hang-up"),
        502,
        "FetchFailed",
    );
    add(
        "a picture that is not there",
        from("/missing.png"),
        502,
        "HttpStatus",
    );
    add(
        "a picture that is forbidden",
        from("/403"),
        502,
        "HttpStatus",
    );
    add("a server with a fault", from("/500"), 502, "HttpStatus");
    add("a success without content", from("/204"), 502, "HttpStatus");
    add(
        "a redirect to nowhere",
        from("/302-without-location"),
        502,
        "HttpStatus",
    );
    add(
        "redirects without end",
        from("/loop"),
        502,
        "TooManyRedirects",
    );
    add("a body without end", from("/endless"), 413, "TooLarge");
    add("a body of a gigabyte", from("/says-1-gb"), 413, "TooLarge");
    add("a server that hangs", from("/hang"), 504, "Timeout");
    add(
        "a page instead of a picture",
        from("/html"),
        415,
        "UnsupportedImage",
    );
    add(
        "nothing instead of a picture",
        from("/empty"),
        415,
        "UnsupportedImage",
    );
    add(
        "half a picture from a server",
        from("/truncated.jpg"),
        422,
        "InvalidImage",
    );

    // Pictures.
    add("an empty picture", image(b""), 415, "UnsupportedImage");
    add(
        "text as a picture",
        image(b"I am no picture"),
        415,
        "UnsupportedImage",
    );
    add("a PDF", image_body("%PDF-1.7\n"), 415, "UnsupportedImage");
    add(
        "an SVG",
        image_body("<svg xmlns=\"http://www.w3.org/2000/svg\"/>"),
        415,
        "UnsupportedImage",
    );
    add(
        "an empty body as a picture",
        image_body(""),
        415,
        "UnsupportedImage",
    );
    add(
        "half a JPEG",
        image_body(jpeg[..jpeg.len() / 2].to_vec()),
        422,
        "InvalidImage",
    );
    add(
        "the head of a PNG",
        image_body(png[..33].to_vec()),
        422,
        "InvalidImage",
    );
    add(
        "a PNG of 10 gigapixels",
        image_body(png_of(100_000, 100_000)),
        413,
        "TooLarge",
    );
    add(
        "a PNG without width",
        image_body(png_of(0, 100)),
        422,
        "InvalidImage",
    );
    add("20 MB", image_body(vec![0xff; 20_000_000]), 413, "TooLarge");
    add(
        "10 MB and a byte",
        image_body(vec![0xff; 10_000_001]),
        413,
        "TooLarge",
    );

    // Forms.
    add(
        "a form without an end",
        form(&part("image", "x")),
        400,
        "InvalidRequest",
    );
    add(
        "a form without parts",
        form("--XX--\n"),
        400,
        "InvalidRequest",
    );
    add(
        "a form without its boundary",
        form("image=x"),
        400,
        "InvalidRequest",
    );
    let end = "--XX--\n";
    add(
        "a form with another part",
        form(&(part("file", "x") + end)),
        400,
        "InvalidRequest",
    );
    let wrong = part("url", "a") + &part("top_k", "-1") + end;
    add(
        "a form with a wrong option",
        form(&wrong),
        400,
        "InvalidRequest",
    );
    let text = part("image", "I am no picture") + end;
    add(
        "a form with text as a picture",
        form(&text),
        415,
        "UnsupportedImage",
    );
    let long = part("url", &"a".repeat(10_000)) + end;
    add("a form with a long URL", form(&long), 400, "InvalidRequest");
    let many = part("softmax", "true").repeat(300) + end;
    add("a form with 300 parts", form(&many), 400, "InvalidRequest");
    all
}
