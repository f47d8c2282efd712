//! Bodies of requests, from clients that may be slow or hostile.
//!
//! A request takes its place among those that are answered only when its body is there, so that
//! slow clients do not keep others from being answered. What they can take is bounded in other ways:
//! each body must come at a lowest rate, and all bodies together have so much memory.

use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use http::{HeaderMap, header};
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::{Instant, timeout, timeout_at},
};

use crate::{error::Error, web::Refusal};

/// How long a body may take to arrive.
const TIMEOUT: Duration = Duration::from_secs(30);

/// How long it may take, however little has arrived.
const AT_LEAST: Duration = Duration::from_secs(5);

/// After that, how many bytes of it must have come each second.
const RATE: u64 = 10_000;

/// How many bytes are reserved because a client says that so many will come.
const TRUSTED: usize = 1 << 18;

/// How long the body of a request that is refused is waited for.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);

/// Takes bodies in.
pub(super) struct Reader {
    /// The longest one, in bytes.
    limit: usize,
    /// The bytes that all of them may have at the same time.
    memory: Semaphore,
}

/// A body, and its part of the memory.
pub(super) type Read<'a> = (Bytes, Option<SemaphorePermit<'a>>);

impl Reader {
    /// As much memory as `count` bodies of the largest size take.
    pub(super) fn new(limit: usize, count: usize) -> Self {
        let memory = limit.saturating_mul(count).min(Semaphore::MAX_PERMITS);
        Self {
            limit,
            memory: Semaphore::new(memory),
        }
    }

    /// The whole body.
    pub(super) async fn read(&self, headers: &HeaderMap, body: Body) -> Result<Read<'_>, Refusal> {
        let too_large = || Refusal::BodyTooLarge { limit: self.limit };
        let length = headers.get(header::CONTENT_LENGTH);
        let length = length.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        if length.is_some_and(|length| length > self.limit as u64) {
            return Err(too_large());
        }
        let start = Instant::now();
        let mut chunks = body.into_data_stream();
        // A body that says how long it is need not be copied while it grows. A client's word alone is
        // not worth much memory, though.
        let expected = length.map_or(0, |length| (length as usize).min(TRUSTED));
        let (mut whole, mut memory) = (BytesMut::with_capacity(expected), None);
        loop {
            let end = start + time_for(whole.len() as u64);
            let Ok(next) = timeout_at(end, chunks.next()).await else {
                return Err(Refusal::RequestTimeout {
                    bytes: whole.len(),
                    seconds: start.elapsed().as_secs(),
                });
            };
            let Some(chunk) = next else {
                return Ok((whole.freeze(), memory));
            };
            let chunk = chunk
                .map_err(|error| Error::InvalidRequest(format!("the body broke off: {error}")))?;
            if whole.len() + chunk.len() > self.limit {
                return Err(too_large());
            }
            let taken = u32::try_from(chunk.len()).ok();
            let taken = taken.and_then(|bytes| self.memory.try_acquire_many(bytes).ok());
            let Some(taken) = taken else {
                drop((whole, memory));
                self.forget(chunks).await;
                return Err(Refusal::NoMemory);
            };
            match &mut memory {
                None => memory = Some(taken),
                Some(memory) => memory.merge(taken),
            }
            whole.extend_from_slice(&chunk);
        }
    }

    /// Takes the body and forgets it. A client that is answered while it still sends may lose the
    /// answer with the connection.
    pub(super) async fn drain(&self, body: Body) {
        self.forget(body.into_data_stream()).await;
    }

    async fn forget(&self, mut chunks: BodyDataStream) {
        let mut left = self.limit;
        let forget = async {
            while let Some(Ok(chunk)) = chunks.next().await {
                let Some(rest) = left.checked_sub(chunk.len()) else {
                    break;
                };
                left = rest;
            }
        };
        // Too slow is too late: there is somebody else to serve.
        let _ = timeout(DRAIN_TIMEOUT, forget).await;
    }
}

/// How long a client may take for more than so many bytes.
fn time_for(bytes: u64) -> Duration {
    (AT_LEAST + Duration::from_millis(bytes * 1000 / RATE)).min(TIMEOUT)
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    fn body(chunks: &[&'static [u8]]) -> Body {
        let chunks: Vec<_> = chunks.iter().map(|chunk| Ok::<_, Error>(*chunk)).collect();
        Body::from_stream(stream::iter(chunks))
    }

    #[test]
    fn the_rate_counts_after_a_while_and_the_time_at_any_rate() {
        for (bytes, milliseconds) in [(0, 5000), (10, 5001), (100_000, 15_000), (u32::MAX, 30_000)]
        {
            let time = time_for(bytes.into());
            assert_eq!(time, Duration::from_millis(milliseconds), "{bytes}");
        }
    }

    #[tokio::test]
    async fn all_bodies_together_have_so_much_memory() {
        let (reader, headers) = (Reader::new(10, 2), HeaderMap::new());
        let read = |chunks: &[&'static [u8]]| reader.read(&headers, body(chunks));
        let (first, kept) = read(&[b"01234", b"", b"56789"]).await.unwrap();
        assert_eq!(&first[..], b"0123456789");
        let second = read(&[b"0123456"]).await.unwrap();
        assert_eq!(read(&[b"01", b"23"]).await.err(), Some(Refusal::NoMemory));
        // What was taken in vain is free again, and so is that of the first one now.
        drop(kept);
        let third = read(&[b"0123456789", b""]).await.unwrap();
        assert_eq!(read(&[b"0123"]).await.err(), Some(Refusal::NoMemory));
        drop((second, third));
        let limit = 10;
        assert_eq!(
            read(&[b"0123456789", b"0"]).await.err(),
            Some(Refusal::BodyTooLarge { limit })
        );
    }
}
