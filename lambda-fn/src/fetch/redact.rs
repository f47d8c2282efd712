//! URLs without their secrets, for logs and answers.

use reqwest::Url;

/// Longer URLs are cut off in messages.
const SHOWN_CHARACTERS: usize = 200;

/// The URL without user, password, query and fragment. Signed links carry their signature in the
/// query. What is no URL at all is not repeated.
///
/// ```
/// let url = "https://user:password@example.com/pants.jpg?signature=secret";
/// assert_eq!(lambda_fn::fetch::redact(url), "https://example.com/pants.jpg…");
/// ```
pub fn redact(url: &str) -> String {
    let Ok(mut url) = Url::parse(url) else {
        return "the given `url`".to_owned();
    };
    if url.cannot_be_a_base() {
        // `data:` and the like: the whole payload would follow.
        return format!("{}:…", url.scheme());
    }
    let hidden = url.query().is_some() || url.fragment().is_some();
    url.set_query(None);
    url.set_fragment(None);
    // These fail only for URLs that have no credentials to remove.
    let _ = url.set_password(None);
    let _ = url.set_username("");
    let text = url.as_str();
    let mut shown: String = text.chars().take(SHOWN_CHARACTERS).collect();
    if hidden || shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_go_and_the_rest_stays() {
        let cases = [
            (
                "https://user:secret@host:8443/a/b.jpg?sig=secret#secret",
                "https://host:8443/a/b.jpg…",
            ),
            ("http://host", "http://host/"),
            ("file:///etc/passwd", "file:///etc/passwd"),
            ("data:image/png;base64,secret", "data:…"),
            ("no url, secret", "the given `url`"),
            ("https://secret@", "the given `url`"),
        ];
        for (url, expected) in cases {
            assert_eq!(redact(url), expected);
        }
    }

    #[test]
    fn long_urls_are_cut() {
        let url = format!("https://host/{}", "é".repeat(1000));
        assert_eq!(redact(&url).chars().count(), SHOWN_CHARACTERS + 1);
    }
}
