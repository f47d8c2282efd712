//! How many connections there may be, and how they are taken.

use std::{fs, io, net::SocketAddr};

use tokio::net::{TcpListener, TcpSocket};

/// Connections at the same time, if there are no more requests. They cost memory even if they say
/// nothing.
const MAX_CONNECTIONS: usize = 1024;

/// Connections that wait in the kernel, where it lets so many wait. A crowd that comes in the same
/// moment is not turned away before there was a look at it.
const BACKLOG: u32 = 4096;

/// What many systems let a process open.
const USUAL_FILES: usize = 1024;

/// What the process opens beside connections and fetches.
const OTHER_FILES: usize = 64;

/// Listens at an address.
pub(super) fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // As the standard library does: the address of a server that has just ended is free.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// How many connections are held at the same time, if so many requests are answered.
pub(super) fn limit(concurrency: usize) -> usize {
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    limit_of(concurrency, files(&limits).unwrap_or(USUAL_FILES))
}

/// Each request may have to fetch its picture: files are left for that, or half of all.
fn limit_of(concurrency: usize, files: usize) -> usize {
    let wanted = MAX_CONNECTIONS.max(concurrency.saturating_mul(2));
    let others = concurrency.saturating_add(OTHER_FILES).min(files / 2);
    wanted.min(files - others).max(1)
}

/// How many files Linux lets a process have open.
fn files(limits: &str) -> Option<usize> {
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))?;
    match line.split_whitespace().next()? {
        "unlimited" => Some(usize::MAX),
        number => number.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_files_for_connections_and_for_fetches() {
        for (concurrency, files, limit) in [
            (16, 65_536, 1024),
            (16, 1024, 944),
            (16, 100, 50),
            (2000, 65_536, 4000),
            (2000, 1024, 512),
            (4096, usize::MAX, 8192),
            (1, 0, 1),
        ] {
            assert_eq!(limit_of(concurrency, files), limit, "{concurrency} {files}");
        }
    }

    #[test]
    fn the_limit_is_read_as_linux_writes_it() {
        let text = "Limit                     Soft Limit           Hard Limit           Units     \n\
                    Max processes             63459                63459                processes \n\
                    Max open files            1024                 524288               files     \n";
        assert_eq!(files(text), Some(1024));
        assert_eq!(
            files("Max open files   unlimited unlimited files"),
            Some(usize::MAX)
        );
        assert_eq!(files(""), None);
        let own = fs::read_to_string("/proc/self/limits").unwrap();
        assert!(files(&own).is_some_and(|files| files > 10));
    }

    #[tokio::test]
    async fn an_address_that_was_just_left_is_free() {
        for any in ["127.0.0.1:0", "[::1]:0"] {
            // Not every system has IPv6.
            let Ok(listener) = listen(any.parse().unwrap()) else {
                assert!(any.starts_with('['));
                continue;
            };
            let address = listener.local_addr().unwrap();
            let client = tokio::net::TcpStream::connect(address).await.unwrap();
            let served = listener.accept().await.unwrap();
            // The side that closes first keeps the address for a while.
            drop((listener, served));
            listen(address).unwrap();
            drop(client);
        }
    }
}
