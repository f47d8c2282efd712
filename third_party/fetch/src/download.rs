//! Downloading, with resumption.

use std::io::Read;
use std::thread;

use ureq::http::{Response, StatusCode, header};
use ureq::{Agent, Body};

use crate::archive::{Stop, retry_interrupted};
use crate::hash::Hasher;
use crate::mirror::without_secrets;
use crate::settings::Patience;
use crate::{Error, Pin, Progress};

/// A file that is being downloaded from one of several addresses.
///
/// All addresses are of one file, known by its size and hash, so that a download may go on at
/// another address than it began.
pub(crate) struct Download<'a> {
    pin: &'a Pin,
    addresses: Vec<String>,
    patience: Patience,
    agent: Agent,
    current: usize,
    body: Option<Box<dyn Read + 'a>>,
    /// Entity tag of the first answer of the current address.
    tag: Option<String>,
    failures: u32,
}

/// What one address answered.
enum Answer {
    Body(Box<dyn Read>),
    /// It does not have the file, or has another; not worth asking again.
    Absent(String),
    /// It has a file of another length.
    WrongSize(u64),
    /// It has replaced the file.
    Changed,
    /// Worth asking again.
    Failed(String),
}

impl<'a> Download<'a> {
    pub(crate) fn new(pin: &'a Pin, addresses: Vec<String>, patience: Patience) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(patience.connect))
            // A name server that is down, and a server that accepts and then says nothing.
            .timeout_resolve(Some(patience.connect))
            .timeout_recv_response(Some(patience.stall))
            .timeout_per_read(Some(patience.stall))
            .user_agent(concat!("tflite-sys-source/", env!("CARGO_PKG_VERSION")))
            .build();
        Self {
            pin,
            addresses,
            patience,
            agent: config.into(),
            current: 0,
            body: None,
            tag: None,
            failures: 0,
        }
    }

    /// The address in use, for messages.
    pub(crate) fn address(&self) -> String {
        without_secrets(&self.addresses[self.current])
    }

    /// Reads the bytes that follow those of `so_far`; none means that all have been read.
    pub(crate) fn read(
        &mut self,
        buffer: &mut [u8],
        so_far: &Hasher,
        progress: &mut dyn Progress,
    ) -> Result<usize, Stop> {
        let left = usize::try_from(self.pin.size - so_far.bytes()).unwrap_or(usize::MAX);
        let wanted = left.min(buffer.len());
        if wanted == 0 {
            return Ok(0);
        }
        loop {
            let mut body = match self.body.take() {
                Some(body) => body,
                None => self.open(so_far, progress)?,
            };
            let reason = match retry_interrupted(|| body.read(&mut buffer[..wanted])) {
                Ok(0) => "the connection was closed early".to_owned(),
                Ok(count) => {
                    self.body = Some(body);
                    return Ok(count);
                }
                Err(error) => error.to_string(),
            };
            self.failed(&reason, so_far.bytes(), progress)?;
        }
    }

    /// Forgets what was read, so that the next read begins at the first byte.
    pub(crate) fn restart(&mut self, progress: &mut dyn Progress) -> Result<(), Error> {
        self.body = None;
        self.tag = None;
        self.failed("the file changed on the mirror", 0, progress)
    }

    /// Counts a failure, and waits before the next attempt if there may be one.
    fn failed(
        &mut self,
        reason: &str,
        received: u64,
        progress: &mut dyn Progress,
    ) -> Result<(), Error> {
        self.failures += 1;
        if self.failures > self.patience.retries {
            return Err(Error::Network {
                url: self.address(),
                reason: reason.to_owned(),
                failures: self.failures,
                received,
                size: self.pin.size,
            });
        }
        let pause = self.patience.pause * 2u32.saturating_pow(self.failures - 1);
        progress.note(&format!(
            "download cut at byte {received} ({reason}); attempt {} of {} in {:.0?}",
            self.failures + 1,
            self.patience.retries + 1,
            pause,
        ));
        thread::sleep(pause);
        Ok(())
    }

    /// Asks the current address, and then the others, for the bytes that follow `so_far`.
    fn open(
        &mut self,
        so_far: &Hasher,
        progress: &mut dyn Progress,
    ) -> Result<Box<dyn Read>, Stop> {
        loop {
            let mut absent = Vec::new();
            let mut wrong_size = None;
            let mut failure = None;
            for _ in 0..self.addresses.len() {
                let shown = self.address();
                match self.ask(so_far) {
                    Answer::Body(body) => {
                        progress.note(&match so_far.bytes() {
                            0 => format!("reading {shown}"),
                            at => format!("going on at byte {at} of {shown}"),
                        });
                        return Ok(body);
                    }
                    Answer::Changed => return Err(Stop::Changed),
                    Answer::Absent(answer) => absent.push(format!("{shown}: {answer}")),
                    Answer::WrongSize(found) => wrong_size = Some((shown, found)),
                    Answer::Failed(reason) => failure = Some(reason),
                }
                self.current = (self.current + 1) % self.addresses.len();
                self.tag = None;
            }
            match (failure, wrong_size) {
                (Some(reason), _) => self.failed(&reason, so_far.bytes(), progress)?,
                (None, Some((from, found))) => {
                    let expected = self.pin.size;
                    return Err(Error::WrongSize {
                        from,
                        expected,
                        found,
                    }
                    .into());
                }
                (None, None) => {
                    let (tried, suite) = (absent.join("; "), self.pin.suite.clone());
                    return Err(Error::NotFound { tried, suite }.into());
                }
            }
        }
    }

    fn ask(&mut self, so_far: &Hasher) -> Answer {
        let at = so_far.bytes();
        let mut answer = self.get((at > 0).then_some(at));
        // What lies behind the end of a file that became shorter; or a server that refuses ranges.
        if matches!(&answer, Ok(answer) if answer.status() == StatusCode::RANGE_NOT_SATISFIABLE) {
            answer = self.get(None);
        }
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => return Answer::Failed(error.to_string()),
        };
        let tag = header_of(&answer, header::ETAG);
        let changed = self.tag.is_some() && tag.is_some() && self.tag != tag;
        match answer.status() {
            StatusCode::OK => {
                let length = answer.body().content_length();
                if let Some(found) = length.filter(|found| *found != self.pin.size) {
                    return Answer::WrongSize(found);
                }
                self.tag = tag;
                let mut body = answer.into_body().into_reader();
                match skip(&mut body, so_far) {
                    Ok(true) => Answer::Body(Box::new(body)),
                    Ok(false) => Answer::Changed,
                    Err(error) => Answer::Failed(error.to_string()),
                }
            }
            StatusCode::PARTIAL_CONTENT => {
                let range = header_of(&answer, header::CONTENT_RANGE);
                let Some((first, total)) = range.as_deref().and_then(parse_range) else {
                    return Answer::Failed("an answer with no usable Content-Range".to_owned());
                };
                if let Some(found) = total.filter(|found| *found != self.pin.size) {
                    return Answer::WrongSize(found);
                }
                if changed {
                    return Answer::Changed;
                }
                if first != at {
                    return Answer::Failed(format!("an answer from byte {first}, not {at}"));
                }
                self.tag = self.tag.take().or(tag);
                Answer::Body(Box::new(answer.into_body().into_reader()))
            }
            status if is_passing(status) => Answer::Failed(format!("HTTP status {status}")),
            status => Answer::Absent(format!("HTTP status {status}")),
        }
    }

    fn get(&self, from: Option<u64>) -> Result<Response<Body>, ureq::Error> {
        let mut request = self.agent.get(&self.addresses[self.current]);
        if let Some(first) = from {
            request = request.header(header::RANGE, format!("bytes={first}-"));
        }
        request.call()
    }
}

fn header_of(answer: &Response<Body>, name: header::HeaderName) -> Option<String> {
    Some(answer.headers().get(name)?.to_str().ok()?.to_owned())
}

/// Whether an answer like this may be another one soon.
fn is_passing(status: StatusCode) -> bool {
    status.is_server_error()
        || status == StatusCode::REQUEST_TIMEOUT
        || status == StatusCode::TOO_MANY_REQUESTS
}

/// First byte and total length of a `Content-Range: bytes first-last/total`.
fn parse_range(value: &str) -> Option<(u64, Option<u64>)> {
    let (range, total) = value.trim().strip_prefix("bytes ")?.split_once('/')?;
    let (first, _) = range.split_once('-')?;
    let total = if total == "*" {
        None
    } else {
        Some(total.parse().ok()?)
    };
    Some((first.parse().ok()?, total))
}

/// Reads past the bytes that are known already, for servers that ignore `Range`, and says whether
/// they are still the same.
fn skip(body: &mut impl Read, so_far: &Hasher) -> std::io::Result<bool> {
    let mut again = Hasher::new();
    let mut buffer = vec![0; 1 << 16];
    while again.bytes() < so_far.bytes() {
        let left = usize::try_from(so_far.bytes() - again.bytes()).unwrap_or(usize::MAX);
        let wanted = left.min(buffer.len());
        match retry_interrupted(|| body.read(&mut buffer[..wanted]))? {
            0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
            count => again.update(&buffer[..count]),
        }
    }
    Ok(again.hex() == so_far.hex())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_ranges() {
        assert_eq!(parse_range("bytes 5-9/10"), Some((5, Some(10))));
        assert_eq!(parse_range("bytes 5-9/*"), Some((5, None)));
        assert_eq!(parse_range("bytes */10"), None);
        assert_eq!(parse_range("items 5-9/10"), None);
        assert_eq!(parse_range("bytes 5-9"), None);
        assert_eq!(parse_range(""), None);
    }
}
