//! Standard output for results, standard error for messages.

use std::fmt::{Display, Write as _};
use std::io::{self, BufWriter, Write};

use anstyle::{AnsiColor, Style};
use unicode_width::UnicodeWidthChar;

/// Titles.
pub(crate) const TITLE: Style = Style::new().bold();
/// Heads of columns, and what matters less.
pub(crate) const FAINT: Style = Style::new().dimmed();
/// What is well.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
/// What is not.
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();

/// Where results go. Colours are left out if this is no terminal, or if `NO_COLOR` is set.
///
/// It must be flushed: errors on dropping it would get lost.
pub(crate) fn results() -> impl Write {
    BufWriter::new(anstream::stdout().lock())
}

/// Says on standard error why a command fails.
pub(crate) fn error(failure: &dyn Display) {
    say("error", BAD, failure);
}

/// Says on standard error what the user may want to know.
pub(crate) fn note(text: &dyn Display) {
    say("note", TITLE, text);
}

fn say(what: &str, style: Style, text: &dyn Display) {
    let text = clean(&text.to_string());
    // Nobody may be listening, which is no reason to fail.
    let _ = writeln!(anstream::stderr(), "{style}{what}{style:#}: {text}");
}

/// A text from a file, harmless: a model's names may hold what moves a terminal's cursor, or
/// changes its settings.
pub(crate) fn clean(text: &str) -> String {
    let mut cleaned = String::with_capacity(text.len());
    for char in text.chars() {
        // What has no width of its own changes how its neighbours look: controls, marks that turn
        // the direction of text. What is combined with the letter before is harmless.
        let harmful = char.is_control() || is_format(char);
        if harmful && char != '\n' {
            // Writing to a string cannot fail.
            let _ = write!(cleaned, "{}", char.escape_unicode());
        } else {
            cleaned.push(char);
        }
    }
    cleaned
}

/// As [`clean`], and on one line.
pub(crate) fn line(text: &str) -> String {
    clean(text).replace('\n', "\\n")
}

/// Marks that change the direction of text, and such.
fn is_format(char: char) -> bool {
    matches!(char, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// How many columns of a terminal a text takes, which must be clean.
pub(crate) fn width(text: &str) -> usize {
    text.chars()
        .map(|char| char.width().unwrap_or_default())
        .sum()
}

/// Flushes, so that errors are seen.
pub(crate) fn finish(mut out: impl Write) -> io::Result<()> {
    out.flush()
}

/// A number of bytes for people, such as `13.7 MB`, in powers of 1000.
pub(crate) fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    if bytes < 1000 {
        return format!("{bytes} bytes");
    }
    let mut value = bytes as f64;
    let mut unit = "";
    for next in UNITS {
        if value < 999.95 {
            break;
        }
        value /= 1000.0;
        unit = next;
    }
    format!("{value:.1} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_a_model_reaches_the_terminal_as_a_command() {
        assert_eq!(clean("\x1b[2Jx\u{9b}5m"), "\\u{1b}[2Jx\\u{9b}5m");
        assert_eq!(clean("a\u{202e}b\r"), "a\\u{202e}b\\u{d}");
        assert_eq!(clean("é 漢 a\u{301}"), "é 漢 a\u{301}");
        assert_eq!(line("a\nb"), "a\\nb");
    }

    #[test]
    fn wide_characters_count_twice() {
        assert_eq!(width("ab"), 2);
        assert_eq!(width("漢字"), 4);
        assert_eq!(width("a\u{301}"), 1);
    }

    #[test]
    fn sizes_are_rounded_to_one_digit() {
        for (number, text) in [
            (0, "0 bytes"),
            (999, "999 bytes"),
            (1000, "1.0 kB"),
            (999_949, "999.9 kB"),
            (999_950, "1.0 MB"),
            (83_891_072, "83.9 MB"),
            (u64::MAX, "18446.7 PB"),
        ] {
            assert_eq!(bytes(number), text);
        }
    }
}
