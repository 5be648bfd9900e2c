//! Asks a collector that runs on this machine, for the commands that need one to. A secret is sent to no
//! other machine.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::body::Bytes;
use hyper::header::{AUTHORIZATION, HOST, HeaderValue};
use hyper::{Method, Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio_rustls::TlsConnector;

use super::Failure;

/// Longest answer that is read, in bytes.
const LARGEST: usize = 64 * 1024;

/// What is asked.
pub(super) struct Question {
    pub(super) method: Method,
    pub(super) url: Uri,
    /// An admin token that is sent along.
    pub(super) token: Option<HeaderValue>,
    /// How long is waited for the answer; for ever where it is none.
    pub(super) patience: Option<Duration>,
}

/// Reads an address for the command line.
pub(super) fn url(text: &str) -> Result<Uri, String> {
    let right = "it must be an address such as http://127.0.0.1:7700/";
    let url = text
        .parse::<Uri>()
        .map_err(|error| format!("{error}; {right}"))?;
    match (url.scheme_str(), url.host()) {
        (Some("http" | "https"), Some(_)) => Ok(url),
        _ => Err(right.to_owned()),
    }
}

/// The answer to a question.
pub(super) fn ask(question: Question) -> Result<(StatusCode, Bytes), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let (url, patience) = (question.url.clone(), question.patience);
    let asked = runtime.block_on(async {
        let Some(patience) = patience else {
            return connect(question).await;
        };
        let asking = tokio::time::timeout(patience, connect(question));
        asking.await.unwrap_or_else(|_| {
            let seconds = patience.as_secs();
            Err(Failure(format!(
                "there is no answer within {seconds} seconds"
            )))
        })
    });
    asked.map_err(|Failure(why)| Failure(format!("{url}: {why}")))
}

async fn connect(question: Question) -> Result<(StatusCode, Bytes), Failure> {
    let url = &question.url;
    let host = url.host().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let is_tls = url.scheme_str() == Some("https");
    let port = url.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
    let addresses: Vec<SocketAddr> = lookup_host((bare, port)).await?.collect();
    if question.token.is_some() && !addresses.iter().all(is_own) {
        let wrong = "this is not an address of this machine, and a token is sent to no other";
        return Err(Failure(wrong.to_owned()));
    }
    let stream = TcpStream::connect(&*addresses).await?;
    if !is_tls {
        return exchange(question, stream).await;
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
    exchange(question, connector.connect(name, stream).await?).await
}

/// Whether an address is one of this machine: only there can be listened at.
fn is_own(address: &SocketAddr) -> bool {
    match TcpListener::bind((address.ip(), 0)) {
        Ok(_) => true,
        Err(error) => error.kind() != io::ErrorKind::AddrNotAvailable,
    }
}

/// Asks over a connection.
async fn exchange(
    question: Question,
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
) -> Result<(StatusCode, Bytes), Failure> {
    let Question {
        method, url, token, ..
    } = question;
    let host = url.authority().map_or("", |authority| authority.as_str());
    let path = url.path_and_query().map_or("/", |path| path.as_str());
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header(HOST, host)
        .body(Empty::<Bytes>::new())?;
    if let Some(token) = token {
        request.headers_mut().insert(AUTHORIZATION, token);
    }
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let driving = tokio::spawn(connection);
    let answer = sender.send_request(request).await?;
    let status = answer.status();
    let body = Limited::new(answer.into_body(), LARGEST);
    let body = body.collect().await.map(|body| body.to_bytes());
    driving.abort();
    Ok((status, body.unwrap_or_default()))
}

/// Takes whatever certificate: nothing secret leaves the machine, whose own address has no name that a
/// certificate could be for.
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
