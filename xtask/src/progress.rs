//! A bar that shows how far a long step is.

use std::io::{IsTerminal, Write, stderr};
use std::time::{Duration, Instant};

/// How often it is drawn at most.
const INTERVAL: Duration = Duration::from_millis(100);

/// Drawn on stderr where that is a terminal, and nowhere else.
pub(crate) struct Progress {
    total: usize,
    done: usize,
    start: Instant,
    drawn: Option<Instant>,
    is_shown: bool,
}

impl Progress {
    pub(crate) fn new(total: usize) -> Self {
        Self {
            total,
            done: 0,
            start: Instant::now(),
            drawn: None,
            is_shown: stderr().is_terminal(),
        }
    }

    /// One more is done.
    pub(crate) fn advance(&mut self) {
        self.done += 1;
        if !self.is_shown || self.drawn.is_some_and(|drawn| drawn.elapsed() < INTERVAL) {
            return;
        }
        self.drawn = Some(Instant::now());
        draw(&line(self.done, self.total, self.start.elapsed()));
    }
}

impl Drop for Progress {
    /// Leaves an empty line to write on.
    fn drop(&mut self) {
        if self.drawn.is_some() {
            draw("");
        }
    }
}

fn draw(line: &str) {
    // To the line's begin, and away with what was there. Nobody may look, which is no error.
    let _ = write!(stderr().lock(), "\r\x1b[K{line}");
}

fn line(done: usize, total: usize, elapsed: Duration) -> String {
    const WIDTH: usize = 30;
    let filled = (done * WIDTH).checked_div(total).unwrap_or(0).min(WIDTH);
    let rate = done as f64 / elapsed.as_secs_f64().max(1e-9);
    let left = total.saturating_sub(done) as f64 / rate.max(1e-9);
    format!(
        "    [{}{}] {done}/{total}, {rate:.1}/s, {left:.0} s left",
        "#".repeat(filled),
        "-".repeat(WIDTH - filled)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_grows_with_what_is_done() {
        assert_eq!(
            line(50, 200, Duration::from_secs(10)),
            "    [#######-----------------------] 50/200, 5.0/s, 30 s left"
        );
        let full = line(3, 3, Duration::from_secs(1));
        assert!(full.contains(&"#".repeat(30)), "{full}");
        assert!(full.ends_with(" 0 s left"), "{full}");
    }

    #[test]
    fn nothing_to_do_does_not_divide_by_zero() {
        assert!(line(0, 0, Duration::ZERO).contains("0/0"));
    }
}
