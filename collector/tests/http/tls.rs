//! TLS: HTTP/1.1 and HTTP/2, a certificate for each site, and clients that do not get that far.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use firstglance_collector::config::TlsFiles;
use firstglance_collector::http::{Certificates, Limits, SiteFiles};
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::ServerName;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::client::{get, post, read};
use crate::server::{Collector, Options, page};

const SHOP: &str = "[site]\nwrite_key = \"k\"\nhosts = [\"data.shop.nl\"]\n";
const BLOG: &str = "[site]\nid = \"blog\"\nwrite_key = \"kb\"\nhosts = [\"data.blog.nl\"]\n";

fn certificate(folder: &Path, host: &str) -> SiteFiles {
    let made = rcgen::generate_simple_self_signed([host.to_owned()]).unwrap();
    let files = TlsFiles {
        certificate: folder.join(format!("{host}.pem")),
        key: folder.join(format!("{host}.key")),
    };
    fs::write(&files.certificate, made.cert.pem()).unwrap();
    fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
    SiteFiles {
        hosts: vec![host.to_owned()],
        files,
    }
}

struct Secured {
    collector: Collector,
    certificates: Arc<Certificates>,
    files: [SiteFiles; 2],
    _folder: TempDir,
}

async fn start(limits: Limits) -> Secured {
    let folder = tempfile::tempdir().unwrap();
    let files = ["data.shop.nl", "data.blog.nl"].map(|host| certificate(folder.path(), host));
    let certificates = Certificates::load(files.to_vec()).unwrap().unwrap();
    let collector = Collector::start_with(Options {
        config: SHOP.to_owned(),
        more: vec![BLOG.to_owned()],
        tls: Some(certificates.clone()),
        limits,
        ..Options::default()
    })
    .await;
    Secured {
        collector,
        certificates,
        files,
        _folder: folder,
    }
}

impl Secured {
    /// A connection of somebody who knows the certificates of both hosts.
    async fn connect(&self, host: &str, protocol: &str) -> std::io::Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        for site in &self.files {
            let known = CertificateDer::from_pem_file(&site.files.certificate).unwrap();
            roots.add(known).unwrap();
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
        let stream = TcpStream::connect(self.collector.address).await?;
        let name = ServerName::try_from(host.to_owned()).unwrap();
        let connector = TlsConnector::from(Arc::new(config));
        connector.connect(name, stream).await
    }
}

fn batch(key: &str) -> String {
    let message = page("a", "1", "/", 1);
    format!(r#"{{"writeKey":"{key}","batch":[{message}]}}"#)
}

#[tokio::test]
async fn http_1_and_secure_cookies() {
    let secured = start(Limits::default()).await;
    for (host, key) in [("data.shop.nl", "k"), ("data.blog.nl", "kb")] {
        let mut stream = secured.connect(host, "http/1.1").await.unwrap();
        let request = post("/v1/batch", batch(key)).header("Host", host);
        let bytes = request.bytes(secured.collector.address);
        stream.write_all(&bytes).await.unwrap();
        let answer = read(&mut stream).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let cookie = answer.header("set-cookie").unwrap();
        assert!(cookie.ends_with("; SameSite=Lax; Secure"), "{cookie}");
    }
    // The certificate of one site is not shown for the other's host, nor for none of theirs.
    let stranger = secured.connect("data.wiki.nl", "http/1.1").await;
    assert!(stranger.unwrap_err().to_string().contains("certificate"));
    secured.collector.stop().await;
}

#[tokio::test]
async fn http_2_with_many_requests_on_one_connection() {
    let secured = start(Limits::default()).await;
    let stream = secured.connect("data.blog.nl", "h2").await.unwrap();
    let (sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .unwrap();
    let connection = tokio::spawn(connection);
    let ask = |method: &str, path: &str, cookie: &str, body: String| {
        let request = hyper::Request::builder()
            .method(method)
            .uri(format!("https://data.blog.nl{path}"))
            .header("cookie", cookie)
            .body(Full::new(Bytes::from(body)))
            .unwrap();
        let mut sender = sender.clone();
        async move {
            let (head, body) = sender.send_request(request).await.unwrap().into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            (
                head,
                serde_json::from_slice::<serde_json::Value>(&body).unwrap(),
            )
        }
    };
    let (head, _) = ask("POST", "/v1/batch", "", batch("kb")).await;
    let cookie = head.headers["set-cookie"].to_str().unwrap().to_owned();
    assert!(cookie.ends_with("; Secure"), "{cookie}");
    let pair = cookie.split(';').next().unwrap();
    // The host is in the address alone, and says which site is meant.
    let asked = (0..200).map(|_| ask("GET", "/v1/me", pair, String::new()));
    let asked: Vec<_> = asked.map(tokio::spawn).collect();
    for asked in asked {
        let (head, me) = asked.await.unwrap();
        assert_eq!((head.status.as_u16(), &me["visitor"]), (200, &"a".into()));
    }
    // An idle connection does not hold up the end.
    secured.collector.stop().await;
    connection.await.unwrap().unwrap();
}

#[tokio::test]
async fn whoever_is_slow_holds_nobody_up() {
    let limits = Limits {
        handshake: Duration::from_millis(200),
        head: Duration::from_millis(300),
        ..Limits::default()
    };
    let secured = start(limits).await;
    let silent = TcpStream::connect(secured.collector.address).await.unwrap();
    // Plain HTTP is not TLS.
    let mut plain = TcpStream::connect(secured.collector.address).await.unwrap();
    let request = get("/healthz").bytes(secured.collector.address);
    plain.write_all(&request).await.unwrap();
    for protocol in ["http/1.1", "h2"] {
        // While those wait, and until nothing is asked for too long.
        let mut stream = secured.connect("data.shop.nl", protocol).await.unwrap();
        let ended = tokio::time::timeout(Duration::from_secs(10), async {
            if protocol == "h2" {
                let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
                stream.write_all(preface).await.unwrap();
            }
            let mut bytes = Vec::new();
            let _ = stream.read_to_end(&mut bytes).await;
        });
        assert!(ended.await.is_ok(), "{protocol}");
    }
    for mut stream in [silent, plain] {
        let mut bytes = Vec::new();
        let ended = stream.read_to_end(&mut bytes);
        let ended = tokio::time::timeout(Duration::from_secs(10), ended).await;
        assert!(ended.is_ok());
        assert!(!bytes.starts_with(b"HTTP"));
    }
    let silent = TcpStream::connect(secured.collector.address).await.unwrap();
    let stopped = tokio::time::timeout(Duration::from_secs(5), secured.collector.stop());
    assert!(stopped.await.is_ok());
    drop(silent);
}

#[tokio::test]
async fn another_certificate_is_for_connections_from_then_on() {
    let secured = start(Limits::default()).await;
    let before = secured.connect("data.shop.nl", "http/1.1").await.unwrap();
    let shown =
        |stream: &TlsStream<TcpStream>| stream.get_ref().1.peer_certificates().unwrap()[0].clone();
    let folder = tempfile::tempdir().unwrap();
    let renewed = certificate(folder.path(), "data.shop.nl");
    fs::copy(
        &renewed.files.certificate,
        &secured.files[0].files.certificate,
    )
    .unwrap();
    fs::copy(&renewed.files.key, &secured.files[0].files.key).unwrap();
    secured
        .certificates
        .replace(secured.files.to_vec())
        .unwrap();
    let after = secured.connect("data.shop.nl", "http/1.1").await.unwrap();
    assert_ne!(shown(&before), shown(&after));
    // What was agreed on before goes on.
    let mut before = before;
    let request = get("/healthz").bytes(secured.collector.address);
    before.write_all(&request).await.unwrap();
    assert_eq!(read(&mut before).await.status, 200);
}
