//! Which certificates are trusted, and the TLS settings that follow.

use std::{path::PathBuf, sync::Arc};

use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};

/// The trusted root certificates.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Roots {
    /// Mozilla's list, compiled in. It is the same on every base image, and start-up reads
    /// no file for it.
    #[default]
    Bundled,
    /// Only the certificates in this PEM file: what `SSL_CERT_FILE` names.
    PemFile(PathBuf),
}

/// Why the certificates cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// The file cannot be read or is no PEM file.
    #[error("SSL_CERT_FILE={}: {reason}", path.display())]
    Roots {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The TLS library refused its settings.
    #[error("TLS cannot be set up: {0}")]
    Library(#[from] rustls::Error),
}

pub(crate) fn client_config(roots: &Roots) -> Result<ClientConfig, TlsError> {
    let store = match roots {
        Roots::Bundled => RootCertStore {
            roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
        },
        Roots::PemFile(path) => read_pem(path)?,
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(store)
        .with_no_client_auth())
}

fn read_pem(path: &PathBuf) -> Result<RootCertStore, TlsError> {
    let error = |reason: String| TlsError::Roots {
        path: path.clone(),
        reason,
    };
    let certificates = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|cause| error(cause.to_string()))?;
    let mut store = RootCertStore::empty();
    // System bundles contain certificates that the library does not understand; those are
    // left out. One usable certificate is enough.
    let (added, _) = store.add_parsable_certificates(certificates);
    if added == 0 {
        return Err(error("it has no usable certificate".to_owned()));
    }
    Ok(store)
}
