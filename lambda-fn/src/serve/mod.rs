//! The function as a plain HTTP server, for other platforms than Lambda: Cloud Run, Azure Container
//! Apps, or a laptop. `bootstrap serve` starts it; what it answers is in [`crate::web`].

mod arguments;
mod body;
mod connections;
mod identifier;
mod stream;

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
use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, SemaphorePermit},
    time::{sleep, timeout},
};

pub use self::arguments::{ArgumentError, Command, USAGE};
use self::stream::Stream;
use crate::{
    config::parallelism,
    handler::{Handler, Invocation},
    report,
    web::{self, Refusal},
};

/// How long the head of a request may take to arrive, and a connection may idle.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// How long the requests that are being answered have when the server is asked to stop.
const GRACE: Duration = Duration::from_secs(25);

/// What is read of a connection at once, and the longest head of a request. Left to itself, hyper takes
/// up to 400 kB for each connection that sends much.
const BUFFER: usize = 1 << 15;

/// How many threads read and write. That takes little time beside decoding and inference, which have
/// threads of their own: one does it for many processors. Each has its own part of the heap, which grows
/// to what all bodies at the same time take.
pub fn io_threads() -> usize {
    (parallelism() / 8).clamp(1, 4)
}

/// The settings of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// `--host` and `--port`: where to listen. The port 0 is any that is free.
    pub address: SocketAddr,
    /// `--concurrency`: how many pictures or batches are classified at the same time, waiting for
    /// the interpreter included. More are answered with 429. A request counts from when its body is
    /// there.
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
    bodies: body::Reader,
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
        let listener = connections::listen(asked).map_err(named)?;
        let address = listener.local_addr()?;
        let shared = Shared {
            bodies: body::Reader::new(web::max_body_bytes(&handler), options.concurrency),
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
        let concurrency = shared.options.concurrency;
        let routes = Router::new().fallback(answer).with_state(shared);
        let connections = GracefulShutdown::new();
        let room = Arc::new(Semaphore::new(connections::limit(concurrency)));
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
    hyper::server::conn::http1::Connection<TokioIo<Stream>, TowerToHyperService<Router>>;

fn connection(stream: TcpStream, routes: Router) -> Connection {
    // Small answers should not wait for more.
    let _ = stream.set_nodelay(true);
    hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(BUFFER)
        .serve_connection(
            TokioIo::new(Stream::new(stream)),
            TowerToHyperService::new(routes),
        )
}

async fn answer(State(server): State<Arc<Shared>>, request: Request<Body>) -> Response<Body> {
    let handler = &server.handler;
    let mut invocation = Invocation {
        request_id: identifier::of(request.headers()),
        deadline: None,
        trace_id: identifier::trace(request.headers()),
    };
    let response = match server.read(request).await {
        Ok((request, _place)) => {
            // The time that the client took is its own.
            invocation.deadline = Instant::now().checked_add(server.options.timeout);
            handler.http(request, &invocation).await
        }
        Err((refusal, head)) => handler.refuse_http(&refusal, head, &invocation),
    };
    response.map(Body::from)
}

/// A place among those that are answered at the same time, and the memory of the body, if the
/// request needs them.
type Place<'a> = Option<(SemaphorePermit<'a>, Option<SemaphorePermit<'a>>)>;

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
        match self.place(&parts.headers, body).await {
            Ok((body, place)) => Ok((Request::from_parts(parts, body), place)),
            Err(refusal) => Err((refusal, Request::from_parts(parts, ()))),
        }
    }

    async fn place(&self, headers: &HeaderMap, body: Body) -> Result<(Bytes, Place<'_>), Refusal> {
        let limit = self.options.concurrency;
        let full = || Refusal::TooManyRequests { limit };
        if self.places.available_permits() == 0 {
            // There is no need to keep what will most likely be refused.
            self.bodies.drain(body).await;
            return Err(full());
        }
        let (body, memory) = self.bodies.read(headers, body).await?;
        let place = self.places.try_acquire().map_err(|_| full())?;
        Ok((body, Some((place, memory))))
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
