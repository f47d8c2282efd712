//! Reading apt's list of sources, in both of its formats.

use std::fs;
use std::path::Path;

use crate::Error;

/// One address and suite of apt's configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) uri: String,
    pub(crate) suite: String,
    pub(crate) components: Vec<String>,
}

/// All enabled entries below `dir` (`/etc/apt`), in the order in which apt reads them.
///
/// A folder that does not exist has none: not every machine is a Debian.
pub(crate) fn entries(dir: &Path) -> Result<Vec<Entry>, Error> {
    let parts = dir.join("sources.list.d");
    let mut files = vec![dir.join("sources.list")];
    match fs::read_dir(&parts) {
        Ok(listing) => {
            let mut found = Vec::new();
            for entry in listing {
                found.push(
                    entry
                        .map_err(|error| Error::io("list", &parts, error))?
                        .path(),
                );
            }
            found.sort();
            files.extend(found);
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(Error::io("list", &parts, error)),
    }
    let mut entries = Vec::new();
    for file in files {
        let parse = match file.extension().and_then(|extension| extension.to_str()) {
            Some("list") => parse_one_line,
            Some("sources") => parse_deb822,
            // apt reads no others; `.disabled` and `.save` are usual.
            _ => continue,
        };
        match fs::read(&file) {
            Ok(bytes) => entries.extend(parse(&String::from_utf8_lossy(&bytes))),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(Error::io("read", &file, error)),
        }
    }
    Ok(entries)
}

/// The one-line format: `deb [option=value …] uri suite component …`.
fn parse_one_line(text: &str) -> Vec<Entry> {
    text.lines()
        .filter_map(|line| {
            let line = line.split('#').next().unwrap_or_default().trim();
            let (kind, rest) = line.split_once(char::is_whitespace)?;
            if !matches!(kind, "deb" | "deb-src") {
                return None;
            }
            let rest = rest.trim_start();
            let rest = match rest.strip_prefix('[') {
                Some(options) => options.split_once(']')?.1,
                None => rest,
            };
            let mut words = rest.split_whitespace().map(str::to_owned);
            Some(Entry {
                uri: words.next()?,
                suite: words.next()?,
                components: words.collect(),
            })
        })
        .collect()
}

/// The deb822 format: stanzas of fields, whose values may go on over indented lines.
fn parse_deb822(text: &str) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut fields: Vec<(String, String)> = Vec::new();
    // The empty line at the end closes the last stanza.
    for line in text.lines().chain([""]) {
        if line.starts_with('#') {
            // A comment may stand in the middle of a field.
        } else if line.trim().is_empty() {
            entries.extend(stanza(&fields));
            fields.clear();
        } else if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = fields.last_mut() {
                value.push(' ');
                value.push_str(line.trim());
            }
        } else if let Some((name, value)) = line.split_once(':') {
            fields.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
    entries
}

fn stanza(fields: &[(String, String)]) -> Vec<Entry> {
    let words = |name: &str| -> Vec<&str> {
        let field = fields.iter().find(|(field, _)| field == name);
        field
            .map(|(_, value)| value.split_whitespace().collect())
            .unwrap_or_default()
    };
    let off = |value: &str| {
        ["no", "false", "off", "0", "without", "disable"]
            .iter()
            .any(|word| word.eq_ignore_ascii_case(value))
    };
    let is_deb = words("types")
        .iter()
        .any(|kind| matches!(*kind, "deb" | "deb-src"));
    if !is_deb || words("enabled").first().is_some_and(|value| off(value)) {
        return Vec::new();
    }
    let components: Vec<String> = words("components").into_iter().map(str::to_owned).collect();
    let mut entries = Vec::new();
    for uri in words("uris") {
        for suite in words("suites") {
            entries.push(Entry {
                uri: uri.to_owned(),
                suite: suite.to_owned(),
                components: components.clone(),
            });
        }
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(uri: &str, suite: &str, components: &[&str]) -> Entry {
        Entry {
            uri: uri.to_owned(),
            suite: suite.to_owned(),
            components: components.iter().map(|&word| word.to_owned()).collect(),
        }
    }

    #[test]
    fn one_line_format() {
        let text = "\
# deb http://commented.example/debian bookworm main
deb http://a.example/debian bookworm main contrib # why
  deb-src\thttp://a.example/debian\tbookworm\tmain
deb [ arch=amd64,arm64 signed-by=/usr/share/keyrings/x.gpg ] https://b.example/debian/ trixie main
deb [trusted=yes]http://c.example/debian sid main
deb cdrom:[Debian GNU/Linux 12.0.0 _Bookworm_]/ bookworm main
deb http://flat.example/repo ./
rpm http://d.example/debian bookworm main
deb http://no-suite.example/
deb [unclosed http://e.example/debian bookworm main
deb

";
        let entries = parse_one_line(text);
        assert_eq!(
            entries[0],
            entry("http://a.example/debian", "bookworm", &["main", "contrib"])
        );
        assert_eq!(
            entries[1],
            entry("http://a.example/debian", "bookworm", &["main"])
        );
        assert_eq!(
            entries[2],
            entry("https://b.example/debian/", "trixie", &["main"])
        );
        assert_eq!(
            entries[3],
            entry("http://c.example/debian", "sid", &["main"])
        );
        // Its words are cut at the blanks; the address is no HTTP one, so nobody asks there.
        assert_eq!(entries[4].uri, "cdrom:[Debian");
        assert_eq!(entries[5], entry("http://flat.example/repo", "./", &[]));
        assert_eq!(entries.len(), 6);
    }

    #[test]
    fn deb822_format() {
        let text = "\
# The main archive
Types: deb deb-src
URIs: http://a.example/debian
# http://commented.example/debian
 https://b.example/debian
Suites: bookworm
\tbookworm-updates
components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 xsFNBFit2ioBEADhWpZ8/wvZ6hUTiXOwQHXMAlaFHcPH9hAtr4F1y2+OYdbtMuth
 -----END PGP PUBLIC KEY BLOCK-----

Enabled: no
Types: deb
URIs: http://off.example/debian
Suites: bookworm
Components: main


Types: deb
Enabled: Yes
URIs: http://c.example/debian
Suites: trixie
Components: main";
        assert_eq!(
            parse_deb822(text),
            [
                entry("http://a.example/debian", "bookworm", &["main"]),
                entry("http://a.example/debian", "bookworm-updates", &["main"]),
                entry("https://b.example/debian", "bookworm", &["main"]),
                entry("https://b.example/debian", "bookworm-updates", &["main"]),
                entry("http://c.example/debian", "trixie", &["main"]),
            ]
        );
    }

    #[test]
    fn deb822_odd_cases() {
        assert!(parse_deb822("").is_empty());
        assert!(parse_deb822(" continued: nothing\n\n").is_empty());
        assert!(
            parse_deb822("URIs: http://a.example\nSuites: x\n").is_empty(),
            "no Types"
        );
        assert!(
            parse_deb822("Types: deb\nSuites: x\n").is_empty(),
            "no URIs"
        );
        let windows = "Types: deb\r\nURIs: http://a.example/debian\r\nSuites: sid\r\n\r\n";
        assert_eq!(
            parse_deb822(windows),
            [entry("http://a.example/debian", "sid", &[])]
        );
        for off in ["no", "No", "false", "off", "0"] {
            let text = format!("Types: deb\nEnabled: {off}\nURIs: http://a\nSuites: x\n");
            assert!(parse_deb822(&text).is_empty(), "{off}");
        }
    }

    #[test]
    fn files_are_read_in_order_and_others_are_left() {
        let dir = tempfile::tempdir().unwrap();
        let parts = dir.path().join("sources.list.d");
        fs::create_dir(&parts).unwrap();
        let line = |host: &str| format!("deb http://{host}.example/debian bookworm main\n");
        fs::write(dir.path().join("sources.list"), line("first")).unwrap();
        fs::write(parts.join("b.list"), line("third")).unwrap();
        fs::write(parts.join("b.list.disabled"), line("off")).unwrap();
        fs::write(parts.join("c.list.save"), line("off")).unwrap();
        fs::write(
            parts.join("a.sources"),
            "Types: deb\nURIs: http://second.example/debian\nSuites: bookworm\nComponents: main\n",
        )
        .unwrap();
        let hosts: Vec<_> = entries(dir.path())
            .unwrap()
            .into_iter()
            .map(|e| e.uri)
            .collect();
        assert_eq!(
            hosts,
            [
                "http://first.example/debian",
                "http://second.example/debian",
                "http://third.example/debian"
            ]
        );
        assert_eq!(entries(&dir.path().join("absent")).unwrap(), []);
    }
}
