//! A connection whose client must read.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Sleep, sleep},
};

/// How long a client may take none of what it asked for. Without an end, those who ask and never
/// read would hold their connections for ever.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);

/// A TCP stream that fails when nothing can be written for a while.
pub(super) struct Stream {
    stream: TcpStream,
    timeout: Duration,
    /// Runs while there is something to write and no room for it.
    blocked: Option<Pin<Box<Sleep>>>,
}

impl Stream {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            timeout: WRITE_TIMEOUT,
            blocked: None,
        }
    }

    /// Passes on what came of an attempt to write, or fails if there was none for too long.
    fn watch<T>(
        &mut self,
        result: Poll<io::Result<T>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        if result.is_ready() {
            self.blocked = None;
            return result;
        }
        let timeout = self.timeout;
        let blocked = self.blocked.get_or_insert_with(|| Box::pin(sleep(timeout)));
        blocked
            .as_mut()
            .poll(context)
            .map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.watch(result, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.watch(result, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.stream).poll_flush(context);
        self.watch(result, context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use tokio::net::TcpListener;

    use super::*;

    async fn write(stream: &mut Stream) -> io::Result<usize> {
        let bytes = vec![0; 1 << 16];
        std::future::poll_fn(|context| Pin::new(&mut *stream).poll_write(context, &bytes)).await
    }

    async fn pair() -> (Stream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await;
        let mut stream = Stream::new(listener.accept().await.unwrap().0);
        stream.timeout = Duration::from_millis(300);
        (stream, client.unwrap())
    }

    #[tokio::test]
    async fn a_client_that_reads_nothing_is_left() {
        let (mut stream, _client) = pair().await;
        let start = Instant::now();
        let error = loop {
            // What the kernel holds for a client is no gigabyte.
            if let Err(error) = write(&mut stream).await {
                break error;
            }
            assert!(start.elapsed() < Duration::from_secs(20));
        };
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn a_client_that_reads_late_has_everything() {
        let (mut stream, client) = pair().await;
        let reader = tokio::spawn(async move {
            let (mut bytes, mut all) = (vec![0; 1 << 20], 0);
            tokio::time::sleep(Duration::from_millis(150)).await;
            loop {
                client.readable().await.unwrap();
                match client.try_read(&mut bytes) {
                    Ok(0) => return all,
                    Ok(read) => all += read,
                    Err(error) => assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
                }
            }
        });
        let mut all = 0;
        while all < 50_000_000 {
            all += write(&mut stream).await.unwrap();
        }
        drop(stream);
        assert_eq!(reader.await.unwrap(), all);
    }
}
