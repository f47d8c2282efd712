//! The function as a plain HTTP server, for other platforms than Lambda: Cloud Run, Azure Container
//! Apps, or a laptop. `bootstrap serve` starts it; what it answers is in [`crate::web`].

mod arguments;
mod identifier;

use std::{
    fmt,
    future::poll_fn,
    io,
    net::SocketAddr,
    pin::pin,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{Router, body::Body, extract::State};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use http::{Request, Response, header};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::{sleep, timeout},
};

pub use self::arguments::{ArgumentError, Command, USAGE};
use crate::{
    error::Error,
    handler::{Handler, Invocation},
    report,
    web::{self, Refusal},
};

/// How long the head of a request may take to arrive, and a connection may idle.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// How long the body of a request may take to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// How long the body of a request that is refused is waited for.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);

/// How long the requests that are being answered have when the server is asked to stop.
const GRACE: Duration = Duration::from_secs(25);

/// Connections at the same time. They cost memory even if they say nothing.
const MAX_CONNECTIONS: usize = 1024;

/// The settings of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// `--host` and `--port`: where to listen. The port 0 is any that is free.
    pub address: SocketAddr,
    /// `--concurrency`: how many pictures or batches are classified at the same time, waiting for
    /// the interpreter included. More are answered with 429.
    pub concurrency: usize,
    /// `--timeout`: how long answering one may take.
    pub timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            address: SocketAddr::from(([127, 0, 0, 1], 8080)),
            concurrency: 16,
            timeout: Duration::from_secs(30),
        }
    }
}

struct Shared {
    handler: Arc<Handler>,
    options: Options,
    places: Semaphore,
}

/// A server that listens.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl fmt::Debug for Server {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Server")
            .field("address", &self.address)
            .field("options", &self.shared.options)
            .finish_non_exhaustive()
    }
}

impl Server {
    /// Listens at the address of the options.
    ///
    /// # Errors
    ///
    /// If that is not possible, with the address.
    pub async fn bind(handler: Arc<Handler>, options: Options) -> io::Result<Self> {
        let asked = options.address;
        let named = |error: io::Error| io::Error::new(error.kind(), format!("{asked}: {error}"));
        let listener = TcpListener::bind(asked).await.map_err(named)?;
        let address = listener.local_addr()?;
        let shared = Shared {
            handler,
            places: Semaphore::new(options.concurrency),
            options,
        };
        Ok(Self {
            listener,
            address,
            shared: Arc::new(shared),
        })
    }

    /// Where it listens: with the real port, if any free one was asked for.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The line of the log that says so.
    pub fn listening(&self) -> String {
        report::listening(&self.address.to_string())
    }

    /// Serves until `stop` is ready, and then for as long as the requests at hand take, but no
    /// longer than 25 seconds.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let Self {
            listener, shared, ..
        } = self;
        let routes = Router::new().fallback(answer).with_state(shared);
        let connections = GracefulShutdown::new();
        let room = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        let mut stop = pin!(stop);
        loop {
            // A full house lets new connections wait in the kernel.
            let next = async {
                let place = Arc::clone(&room).acquire_owned().await;
                (place, listener.accept().await)
            };
            let (place, stream) = tokio::select! {
                () = &mut stop => break,
                next = next => next,
            };
            match stream {
                Ok((stream, _)) => {
                    let connection = connections.watch(connection(stream, routes.clone()));
                    tokio::spawn(async move {
                        // Errors are the client's going away.
                        let _ = connection.await;
                        drop(place);
                    });
                }
                // Too many open files, for instance: closing some may help.
                Err(_) => sleep(Duration::from_millis(100)).await,
            }
        }
        // New connections are refused from here on.
        drop(listener);
        let _ = timeout(GRACE, connections.shutdown()).await;
    }
}

type Connection =
    hyper::server::conn::http1::Connection<TokioIo<TcpStream>, TowerToHyperService<Router>>;

fn connection(stream: TcpStream, routes: Router) -> Connection {
    // Small answers should not wait for more.
    let _ = stream.set_nodelay(true);
    hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(routes))
}

async fn answer(State(server): State<Arc<Shared>>, request: Request<Body>) -> Response<Body> {
    let handler = &server.handler;
    let invocation = Invocation {
        request_id: identifier::of(request.headers()),
        deadline: Instant::now().checked_add(server.options.timeout),
        trace_id: identifier::trace(request.headers()),
    };
    let response = match server.read(request).await {
        Ok((request, _place)) => handler.http(request, &invocation).await,
        Err((refusal, head)) => handler.refuse_http(&refusal, head, &invocation),
    };
    response.map(Body::from)
}

/// A place among those that are answered at the same time, if the request needs one.
type Place<'a> = Option<tokio::sync::SemaphorePermit<'a>>;

impl Shared {
    /// The request with its whole body, if it is one that needs its body.
    async fn read(
        &self,
        request: Request<Body>,
    ) -> Result<(Request<Bytes>, Place<'_>), (Refusal, Request<()>)> {
        if !web::is_prediction(&request) {
            return Ok((request.map(|_| Bytes::new()), None));
        }
        let (parts, body) = request.into_parts();
        let limit = self.options.concurrency;
        let read = match self.places.try_acquire() {
            Err(_) => {
                self.drain(body).await;
                Err(Refusal::TooManyRequests { limit })
            }
            Ok(place) => self
                .body(&parts.headers, body)
                .await
                .map(|body| (body, place)),
        };
        match read {
            Ok((body, place)) => Ok((Request::from_parts(parts, body), Some(place))),
            Err(refusal) => Err((refusal, Request::from_parts(parts, ()))),
        }
    }

    /// Takes the body and forgets it. A client that is answered while it still sends may lose the
    /// answer with the connection.
    async fn drain(&self, body: Body) {
        let mut left = web::max_body_bytes(&self.handler);
        let forget = async {
            let mut chunks = body.into_data_stream();
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

    async fn body(&self, headers: &http::HeaderMap, body: Body) -> Result<Bytes, Refusal> {
        let limit = web::max_body_bytes(&self.handler);
        let too_large = || Refusal::BodyTooLarge { limit };
        let length = headers.get(header::CONTENT_LENGTH);
        let length = length.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        if length.is_some_and(|length| length > limit as u64) {
            return Err(too_large());
        }
        let collect = async {
            let mut chunks = body.into_data_stream();
            let mut whole = BytesMut::new();
            while let Some(chunk) = chunks.next().await {
                let chunk = chunk.map_err(|error| {
                    Error::InvalidRequest(format!("the body broke off: {error}"))
                })?;
                if whole.len() + chunk.len() > limit {
                    return Err(too_large());
                }
                whole.extend_from_slice(&chunk);
            }
            Ok(whole.freeze())
        };
        timeout(BODY_TIMEOUT, collect)
            .await
            .unwrap_or(Err(Refusal::RequestTimeout {
                seconds: BODY_TIMEOUT.as_secs(),
            }))
    }
}

/// Ready when the process is asked to stop: by SIGTERM or SIGINT.
///
/// # Errors
///
/// If the signals cannot be listened for.
pub fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        poll_fn(|context| {
            let stopped = terminate.poll_recv(context).is_ready();
            if stopped || interrupt.poll_recv(context).is_ready() {
                std::task::Poll::Ready(())
            } else {
                std::task::Poll::Pending
            }
        })
        .await;
    })
}
