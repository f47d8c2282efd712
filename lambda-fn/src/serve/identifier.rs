//! What a request is called in the log and in the answer.

use http::HeaderMap;
use ring::rand::{SecureRandom, SystemRandom};

/// Longer ones are not taken over.
const MAX_CHARACTERS: usize = 128;

/// The client's own `X-Request-Id`, if it is harmless, or a new one.
pub(super) fn of(headers: &HeaderMap) -> String {
    let given = headers.get("x-request-id");
    given
        .and_then(|id| id.to_str().ok())
        .filter(|id| is_harmless(id, "-_."))
        .map_or_else(new, str::to_owned)
}

/// The header `X-Amzn-Trace-Id`, which a load balancer of AWS adds.
pub(super) fn trace(headers: &HeaderMap) -> Option<String> {
    let given = headers.get("x-amzn-trace-id");
    given
        .and_then(|trace| trace.to_str().ok())
        .filter(|trace| is_harmless(trace, "-_.=;:"))
        .map(str::to_owned)
}

fn is_harmless(text: &str, punctuation: &str) -> bool {
    (1..=MAX_CHARACTERS).contains(&text.len())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || punctuation.contains(c))
}

/// 128 random bits.
fn new() -> String {
    let mut bytes = [0; 16];
    // Without randomness the identifiers are worth less, but requests can be answered.
    let _ = SystemRandom::new().fill(&mut bytes);
    format!("{:032x}", u128::from_be_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn only_harmless_identifiers_are_taken_over() {
        let id = |value: &[u8]| {
            let value = HeaderValue::from_bytes(value).unwrap();
            of(&HeaderMap::from_iter([(
                http::HeaderName::from_static("x-request-id"),
                value,
            )]))
        };
        assert_eq!(id(b"a-1_b.c"), "a-1_b.c");
        for bad in [&b""[..], b"a b", b"\"}", b"\xc3\xa9", &[b'a'; 129]] {
            let new = id(bad);
            assert_eq!(new.len(), 32, "{new}");
            assert!(new.bytes().all(|byte| byte.is_ascii_hexdigit()));
        }
        assert_ne!(of(&HeaderMap::new()), of(&HeaderMap::new()));
    }
}
