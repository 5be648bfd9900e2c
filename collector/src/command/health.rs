//! `firstglance health`: asks a collector whether it can take messages, for supervisors that can run
//! a command and nothing else.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Empty};
use hyper::body::Bytes;
use hyper::header::HOST;
use hyper::{Request, Uri};
use hyper_util::rt::TokioIo;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::Failure;

/// Longest answer that is read, in bytes.
const LARGEST: usize = 64 * 1024;

/// Ask a collector whether it is ready; exit with 0 where it is, and with 1 where it is not
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  firstglance health --url http://127.0.0.1:7700/readyz")]
pub(super) struct Arguments {
    /// What to ask
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:7700/readyz", value_parser = url)]
    url: Uri,
    /// Seconds to wait for the answer
    #[arg(long, value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=600))]
    timeout: u64,
}

fn url(text: &str) -> Result<Uri, String> {
    let right = "it must be an address such as http://127.0.0.1:7700/readyz";
    let url = text
        .parse::<Uri>()
        .map_err(|error| format!("{error}; {right}"))?;
    match (url.scheme_str(), url.host()) {
        (Some("http" | "https"), Some(_)) => Ok(url),
        _ => Err(right.to_owned()),
    }
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let url = &arguments.url;
    let patience = Duration::from_secs(arguments.timeout);
    let asked = runtime.block_on(async {
        let asking = tokio::time::timeout(patience, ask(url));
        asking.await.unwrap_or_else(|_| {
            let seconds = patience.as_secs();
            Err(Failure(format!(
                "there is no answer within {seconds} seconds"
            )))
        })
    });
    asked.map_err(|Failure(why)| Failure(format!("{url}: {why}")))
}

async fn ask(url: &Uri) -> Result<(), Failure> {
    let host = url.host().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let is_tls = url.scheme_str() == Some("https");
    let port = url.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
    let stream = TcpStream::connect((bare, port)).await?;
    if !is_tls {
        return exchange(url, stream).await;
    }
    let name = ServerName::try_from(bare.to_owned())?;
    let provider = Arc::new(ring::default_provider());
    let verifier = Arc::new(AnyCertificate(provider.clone()));
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    let connector = TlsConnector::from(Arc::new(config));
    exchange(url, connector.connect(name, stream).await?).await
}

/// Asks over a connection.
fn exchange(
    url: &Uri,
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
) -> impl Future<Output = Result<(), Failure>> {
    let host = url.authority().map_or("", |authority| authority.as_str());
    let request = Request::get(url.path_and_query().map_or("/", |path| path.as_str()))
        .header(HOST, host)
        .body(Empty::<Bytes>::new());
    async move {
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        let driving = tokio::spawn(connection);
        let answer = sender.send_request(request?).await?;
        let status = answer.status();
        let outcome = if status.is_success() {
            Ok(())
        } else {
            let body = http_body_util::Limited::new(answer.into_body(), LARGEST);
            let body = body.collect().await.map(|body| body.to_bytes());
            let body = String::from_utf8_lossy(body.as_deref().unwrap_or_default()).into_owned();
            Err(Failure(format!("{status}: {}", body.trim())))
        };
        driving.abort();
        outcome
    }
}

/// Takes whatever certificate: nothing secret is sent, and what is asked at the machine's own
/// address has no name that a certificate could be for.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _certificate: &CertificateDer<'_>,
        _between: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _revocation: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
