//! What may be fetched.

pub(crate) mod address;
mod public;

use std::sync::Arc;

use reqwest::{Url, dns::Resolve};

pub use public::PublicOnly;

/// Why a host may not be fetched. As an error of [`Guard::resolver`] it reaches the caller as
/// [`Error::ForbiddenAddress`](crate::Error::ForbiddenAddress), too.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Forbidden(pub String);

/// A policy on what may be fetched.
///
/// The scheme is checked before it; it need not do that again.
pub trait Guard: Send + Sync {
    /// Whether the URL may be fetched. Called for the request's URL and for each redirect's.
    ///
    /// # Errors
    ///
    /// The reason why not.
    fn check(&self, url: &Url) -> Result<(), Forbidden>;

    /// Resolves host names in place of the system's resolver. A connection goes to the addresses
    /// that it gives, and nothing asks again. Literal addresses never come here:
    /// [`Guard::check`] sees them.
    fn resolver(&self) -> Option<Arc<dyn Resolve>> {
        None
    }
}

/// The guard that lets everything pass.
#[derive(Debug, Clone, Copy, Default)]
pub struct AllowAll;

impl Guard for AllowAll {
    fn check(&self, _: &Url) -> Result<(), Forbidden> {
        Ok(())
    }
}
