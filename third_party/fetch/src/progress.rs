//! Telling the person at the terminal how far the download is.

use std::io::{IsTerminal, Stderr, Write};
use std::time::{Duration, Instant};

/// Hears how far a fetch is.
pub trait Progress {
    /// A transfer of `total` bytes begins. It may begin anew.
    fn start(&mut self, what: &str, total: u64);
    /// So many bytes of the transfer have arrived.
    fn advance(&mut self, done: u64);
    /// Something worth a line of its own: which mirror, a retry, a wait.
    fn note(&mut self, message: &str);
    /// The transfer is over, well or badly.
    fn finish(&mut self);
}

/// Says nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn start(&mut self, _what: &str, _total: u64) {}
    fn advance(&mut self, _done: u64) {}
    fn note(&mut self, _message: &str) {}
    fn finish(&mut self) {}
}

/// A line with a bar, bytes, bytes per second and the time left.
///
/// On a terminal the line is drawn anew in place. Elsewhere there is a plain line for each tenth
/// of the way, so that a log stays short. A failure to write is ignored: it must not stop a build.
#[derive(Debug)]
pub struct TerminalBar<W> {
    out: W,
    in_place: bool,
    what: String,
    total: u64,
    started: Instant,
    drawn: Option<Instant>,
    tenths: u64,
    open: bool,
}

const REDRAW: Duration = Duration::from_millis(100);

impl TerminalBar<Stderr> {
    /// A bar on standard error, in place if that is a terminal.
    pub fn stderr() -> Self {
        let out = std::io::stderr();
        let in_place = out.is_terminal();
        Self::new(out, in_place)
    }
}

impl<W: Write> TerminalBar<W> {
    /// A bar on `out`, drawn in place (for a terminal) or as plain lines.
    pub fn new(out: W, in_place: bool) -> Self {
        Self {
            out,
            in_place,
            what: String::new(),
            total: 0,
            started: Instant::now(),
            drawn: None,
            tenths: 0,
            open: false,
        }
    }

    fn draw(&mut self, done: u64) {
        let line = line(&self.what, done, self.total, self.started.elapsed());
        let _ = if self.in_place {
            self.open = true;
            // Erase to the end of the line: the new text may be shorter.
            write!(self.out, "\r{line}\x1b[K")
        } else {
            writeln!(self.out, "{line}")
        };
        let _ = self.out.flush();
    }

    fn close(&mut self) {
        if self.open {
            self.open = false;
            let _ = writeln!(self.out);
        }
    }
}

impl<W: Write> Progress for TerminalBar<W> {
    fn start(&mut self, what: &str, total: u64) {
        what.clone_into(&mut self.what);
        self.total = total;
        self.started = Instant::now();
        self.drawn = None;
        self.tenths = 0;
    }

    fn advance(&mut self, done: u64) {
        if self.in_place {
            let due = self.drawn.is_none_or(|drawn| drawn.elapsed() >= REDRAW);
            if due || done >= self.total {
                self.drawn = Some(Instant::now());
                self.draw(done);
            }
        } else {
            let tenths = percent(done, self.total) / 10;
            if tenths > self.tenths {
                self.tenths = tenths;
                self.draw(done);
            }
        }
    }

    fn note(&mut self, message: &str) {
        self.close();
        let _ = writeln!(self.out, "{message}");
    }

    fn finish(&mut self) {
        self.close();
    }
}

fn percent(done: u64, total: u64) -> u64 {
    // Far below 2^57 bytes, where the product would overflow.
    (done.min(total) * 100).checked_div(total).unwrap_or(100)
}

/// One line of at most 79 characters, for names of up to 20.
fn line(what: &str, done: u64, total: u64, elapsed: Duration) -> String {
    const WIDTH: usize = 20;
    let percent = percent(done, total);
    let filled = percent as usize * WIDTH / 100;
    let bar = format!("{}{}", "#".repeat(filled), "-".repeat(WIDTH - filled));
    let megabytes = |bytes: u64| bytes as f64 / 1e6;
    let seconds = elapsed.as_secs_f64();
    let rate = if seconds > 0.0 {
        done as f64 / seconds
    } else {
        0.0
    };
    let left = total.saturating_sub(done) as f64;
    let time = if left == 0.0 {
        format!("{} in all", clock(seconds))
    } else if rate > 0.0 {
        format!("{} left", clock(left / rate))
    } else {
        "? left".to_owned()
    };
    format!(
        "{what} {percent:3}% [{bar}] {:.1}/{:.1} MB {:.1} MB/s {time}",
        megabytes(done),
        megabytes(total),
        rate / 1e6,
    )
}

/// `m:ss`, or `h:mm:ss`.
fn clock(seconds: f64) -> String {
    let seconds = seconds.round() as u64;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes}:{seconds:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_bytes_rate_and_time_left() {
        let text = line(
            "chromium",
            300_000_000,
            900_000_000,
            Duration::from_secs(10),
        );
        assert_eq!(
            text,
            "chromium  33% [######--------------] 300.0/900.0 MB 30.0 MB/s 0:20 left"
        );
        let text = line(
            "chromium",
            900_000_000,
            900_000_000,
            Duration::from_secs(75),
        );
        assert!(text.ends_with("12.0 MB/s 1:15 in all"), "{text}");
        let text = line("chromium", 0, 900_000_000, Duration::ZERO);
        assert!(text.ends_with("0.0 MB/s ? left"), "{text}");
        assert_eq!(clock(3_725.0), "1:02:05");
    }

    #[test]
    fn off_a_terminal_there_is_one_line_for_each_tenth() {
        let mut out = Vec::new();
        let mut bar = TerminalBar::new(&mut out, false);
        bar.start("x", 1000);
        for done in 0..=1000 {
            bar.advance(done);
        }
        bar.finish();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text.lines().count(), 10, "{text}");
        assert!(!text.contains('\r'));
    }

    #[test]
    fn on_a_terminal_the_line_is_redrawn_and_closed_before_a_note() {
        let mut out = Vec::new();
        let mut bar = TerminalBar::new(&mut out, true);
        bar.start("x", 1000);
        bar.advance(10);
        bar.advance(1000);
        bar.note("again");
        bar.finish();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text.matches('\r').count(), 2, "{text:?}");
        assert!(text.ends_with("in all\u{1b}[K\nagain\n"), "{text:?}");
    }
}
