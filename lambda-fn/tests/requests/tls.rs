//! Which certificates are accepted.

use std::{fs, net::SocketAddr, path::PathBuf, sync::Arc};

use lambda_fn::fetch::{AllowAll, Fetcher, Options, Roots};
use rustls::{
    ServerConfig,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

/// A server for `localhost` with a certificate of its own, and the file with that certificate.
async fn start(name: &str) -> (SocketAddr, PathBuf) {
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.pem"));
    fs::write(&path, certified.cert.pem()).unwrap();

    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(
        certified.signing_key.serialize_der(),
    ));
    let config =
        ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certified.cert.der().clone()], key)
            .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // Fails when the client does not trust the certificate.
            let Ok(mut stream) = acceptor.accept(stream).await else {
                continue;
            };
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let _ = stream
                .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
                .await;
            let _ = stream.shutdown().await;
        }
    });
    (address, path)
}

fn fetcher(roots: Roots) -> Fetcher {
    Fetcher::new(Options {
        roots,
        guard: Arc::new(AllowAll),
        ..Options::default()
    })
    .unwrap()
}

#[tokio::test]
async fn a_certificate_from_the_file_is_trusted() {
    let (address, path) = start("trusted").await;
    let url = format!("https://localhost:{}/", address.port());
    assert_eq!(
        fetcher(Roots::PemFile(path))
            .fetch(&url, None)
            .await
            .unwrap(),
        b"hi"
    );
}

#[tokio::test]
async fn unknown_issuers_and_other_names_are_refused() {
    let (address, path) = start("refused").await;
    let port = address.port();
    let unknown = fetcher(Roots::Bundled)
        .fetch(&format!("https://localhost:{port}/"), None)
        .await;
    let other_name = fetcher(Roots::PemFile(path))
        .fetch(&format!("https://127.0.0.1:{port}/"), None)
        .await;
    for result in [unknown, other_name] {
        let error = result.unwrap_err();
        assert_eq!(error.error_type(), "FetchFailed");
        assert!(error.to_string().contains("certificate"), "{error}");
    }
}

#[test]
fn unusable_files_are_refused_by_name() {
    let empty = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("empty.pem");
    fs::write(&empty, "no certificate\n").unwrap();
    for path in [PathBuf::from("no/such/file.pem"), empty] {
        let options = Options {
            roots: Roots::PemFile(path.clone()),
            ..Options::default()
        };
        let error = Fetcher::new(options).unwrap_err();
        assert!(
            error.to_string().contains(&path.display().to_string()),
            "{error}"
        );
    }
}
