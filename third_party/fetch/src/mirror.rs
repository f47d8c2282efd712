//! Which addresses may have an archive.

use crate::apt::{self, Entry};
use crate::{Error, Pin, Settings};

/// Suites of Debian, without what may follow a name.
const SUITES: [&str; 12] = [
    "buster",
    "bullseye",
    "bookworm",
    "trixie",
    "forky",
    "duke",
    "sid",
    "unstable",
    "testing",
    "stable",
    "oldstable",
    "oldoldstable",
];

/// Addresses of the archive, the likeliest first: below the mirror of the settings, or else below
/// each Debian mirror of apt's configuration, those with the pin's own suite before the others.
pub(crate) fn addresses(pin: &Pin, settings: &Settings) -> Result<Vec<String>, Error> {
    let bases = of_suite(&pin.suite, pin.file_name(), settings)?;
    Ok(bases
        .iter()
        .map(|base| format!("{}/{}", base.trim_end_matches('/'), pin.path))
        .collect())
}

/// The mirrors themselves; `wanted` is what is looked for, for the message that there is none.
pub(crate) fn of_suite(
    suite: &str,
    wanted: &str,
    settings: &Settings,
) -> Result<Vec<String>, Error> {
    let bases = match &settings.mirror {
        Some(base) if is_http(base) => vec![base.clone()],
        Some(base) => return Err(Error::BadMirror(without_secrets(base))),
        None => bases(apt::entries(&settings.apt_dir)?, suite),
    };
    if bases.is_empty() {
        return Err(Error::NoMirror {
            searched: settings.apt_dir.clone(),
            archive: wanted.to_owned(),
        });
    }
    Ok(bases)
}

fn is_http(address: &str) -> bool {
    address.starts_with("http://") || address.starts_with("https://")
}

fn bases(entries: Vec<Entry>, suite: &str) -> Vec<String> {
    let mut ranked: Vec<(u8, String)> = Vec::new();
    for entry in entries {
        // Not `mirror+file:`, `cdrom:`, `file:`, `tor+http:`: only apt's own methods read those.
        if !is_http(&entry.uri) || !entry.components.iter().any(|component| component == "main") {
            continue;
        }
        let base = entry.uri.trim_end_matches('/').to_owned();
        let rank = match suite_of(&entry.suite) {
            Some((name, "")) if name == suite => 0,
            Some((name, _)) if name == suite => 1,
            Some(_) => 2,
            None if base.to_ascii_lowercase().contains("debian") => 3,
            None => continue,
        };
        ranked.push((rank, base));
    }
    // Stable: entries of one rank stay in apt's order.
    ranked.sort_by_key(|(rank, _)| *rank);
    let mut bases = Vec::new();
    for (_, base) in ranked {
        if !bases.contains(&base) {
            bases.push(base);
        }
    }
    bases
}

/// A Debian suite's name and what follows it (`-updates`), or `None` if it is not Debian's: other
/// vendors name theirs `bookworm-something`, and have no use for our questions.
fn suite_of(suite: &str) -> Option<(&str, &str)> {
    let end = suite.find(['-', '/']).unwrap_or(suite.len());
    let (name, pocket) = suite.split_at(end);
    let known = [
        "",
        "-updates",
        "-security",
        "/updates",
        "-backports",
        "-proposed-updates",
    ];
    (SUITES.contains(&name) && known.contains(&pocket)).then_some((name, pocket))
}

/// `address` without a user name and password, fit for a message.
pub(crate) fn without_secrets(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://") else {
        return address.to_owned();
    };
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = host.rsplit('@').next().unwrap_or(host);
    format!("{scheme}://{host}{path}")
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
    fn the_pins_suite_comes_first_and_strangers_are_left() {
        let found = bases(
            vec![
                entry("https://packages.example/node", "nodistro", &["main"]),
                entry("https://db.example/apt", "bookworm-db", &["main"]),
                entry(
                    "https://containers.example/linux/debian",
                    "bookworm",
                    &["stable"],
                ),
                entry("http://old.example/mirror/debian", "weird", &["main"]),
                entry("http://t.example/debian/", "trixie", &["main"]),
                entry(
                    "http://sec.example/debian-security",
                    "bookworm-security",
                    &["main"],
                ),
                entry("mirror+file:/etc/apt/mirrors.list", "bookworm", &["main"]),
                entry("cdrom:[Debian", "GNU/Linux", &["main"]),
                entry("file:/srv/debian", "bookworm", &["main"]),
                entry("http://a.example/debian", "bookworm-updates", &["main"]),
                entry("http://a.example/debian/", "bookworm", &["main", "contrib"]),
                entry("http://b.example/d", "bookworm", &["main"]),
            ],
            "bookworm",
        );
        assert_eq!(
            found,
            [
                "http://a.example/debian",
                "http://b.example/d",
                "http://sec.example/debian-security",
                "http://t.example/debian",
                "http://old.example/mirror/debian",
            ]
        );
    }

    #[test]
    fn secrets_are_not_shown() {
        let shown = without_secrets("https://me:secret@m.example/debian/x@y");
        assert_eq!(shown, "https://m.example/debian/x@y");
        assert_eq!(without_secrets("http://m.example"), "http://m.example");
    }
}
