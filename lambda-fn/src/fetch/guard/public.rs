//! The guard for pictures that strangers name.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use reqwest::{
    Url,
    dns::{Addrs, Name, Resolve, Resolving},
};

use super::{Forbidden, Guard, address::not_public};

/// Lets through what is on the public internet: neither addresses of this host, of private
/// networks and of a cloud's metadata service, nor the interface of the Lambda runtime.
///
/// An address in the URL is looked at in [`Guard::check`], whatever its form: `127.1`,
/// `0x7f000001` and `[::ffff:7f00:1]` have become addresses when the URL was parsed. A name is
/// resolved first. Only the public ones among its addresses are handed to the connection, which
/// asks nobody else: a name server that gives another answer the next time gains nothing.
pub struct PublicOnly {
    resolver: Filter,
}

impl PublicOnly {
    /// With the system's resolver.
    pub fn new() -> Self {
        Self::with_resolver(Arc::new(System))
    }

    /// With another resolver, whose addresses are checked in the same way.
    pub fn with_resolver(inner: Arc<dyn Resolve>) -> Self {
        let runtime = None;
        Self {
            resolver: Filter { inner, runtime },
        }
    }

    /// Refuses the host of the Lambda runtime's interface as well, on every port:
    /// `AWS_LAMBDA_RUNTIME_API`, which is `host:port`.
    #[must_use]
    pub fn and_not_runtime(self, runtime_api: &str) -> Self {
        // Read as the fetcher reads its URLs, so that both have the same form.
        let host = Url::parse(&format!("http://{runtime_api}/"))
            .ok()
            .and_then(|url| url.host_str().map(canonical));
        Self {
            resolver: Filter {
                runtime: host,
                ..self.resolver
            },
        }
    }
}

impl Default for PublicOnly {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for PublicOnly {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("PublicOnly")
            .field("runtime", &self.resolver.runtime)
            .finish_non_exhaustive()
    }
}

impl Guard for PublicOnly {
    fn check(&self, url: &Url) -> Result<(), Forbidden> {
        let Some(host) = url.host_str().map(canonical) else {
            return Err(Forbidden("there is no host".to_owned()));
        };
        if self.resolver.runtime.as_ref() == Some(&host) {
            return Err(Forbidden(RUNTIME.to_owned()));
        }
        if let Some(address) = literal(&host) {
            return match self.resolver.refusal(address) {
                Some(kind) => Err(Forbidden(format!("it is {kind}"))),
                None => Ok(()),
            };
        }
        // Whatever the resolver makes of them: RFC 6761.
        if host == "localhost" || host.ends_with(".localhost") {
            return Err(Forbidden("it is a name of this host".to_owned()));
        }
        Ok(())
    }

    fn resolver(&self) -> Option<Arc<dyn Resolve>> {
        Some(Arc::new(self.resolver.clone()))
    }
}

const RUNTIME: &str = "it is the interface of the Lambda runtime";

/// A host without the dot that may end it; the parser has made it lower case.
fn canonical(host: &str) -> String {
    host.strip_suffix('.').unwrap_or(host).to_owned()
}

/// The address that a host of a URL is.
fn literal(host: &str) -> Option<IpAddr> {
    let host = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host);
    host.parse().ok()
}

/// A resolver that gives public addresses only.
#[derive(Clone)]
struct Filter {
    inner: Arc<dyn Resolve>,
    /// The host of the Lambda runtime's interface.
    runtime: Option<String>,
}

impl Filter {
    fn refusal(&self, address: IpAddr) -> Option<&'static str> {
        let runtime = self.runtime.as_deref().and_then(literal);
        if runtime == Some(address.to_canonical()) {
            return Some("the interface of the Lambda runtime");
        }
        not_public(address)
    }

    fn allowed(&self, found: Addrs) -> Result<Addrs, Forbidden> {
        let mut refused = None;
        let allowed: Vec<SocketAddr> = found
            .filter(|address| match self.refusal(address.ip()) {
                None => true,
                Some(kind) => {
                    refused = Some(kind);
                    false
                }
            })
            .collect();
        match refused {
            // Not the address itself: what a private network calls its hosts is its own business.
            Some(kind) if allowed.is_empty() => Err(Forbidden(format!("its address is {kind}"))),
            _ => Ok(Box::new(allowed.into_iter())),
        }
    }
}

impl Resolve for Filter {
    fn resolve(&self, name: Name) -> Resolving {
        let filter = self.clone();
        Box::pin(async move {
            let found = filter.inner.resolve(name).await?;
            Ok(filter.allowed(found)?)
        })
    }
}

/// The system's resolver.
struct System;

impl Resolve for System {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            // The connection puts in the port of the URL.
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let addresses: Addrs = Box::new(found.collect::<Vec<_>>().into_iter());
            Ok(addresses)
        })
    }
}
