//! Asks a collector that runs on this machine, for the commands that need one to. A secret is sent to no
//! other machine.

use std::fs;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::body::Bytes;
use hyper::header::{AUTHORIZATION, HOST, HeaderValue};
use hyper::{Method, Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio_rustls::TlsConnector;

use super::Failure;
use super::opened::Which;

/// Longest answer that is read, in bytes.
const LARGEST: usize = 1024 * 1024;

/// The collector that runs on a data folder.
#[derive(Debug, clap::Args)]
pub(super) struct Collector {
    /// Where the collector listens that runs on the folder, if one does
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:7700", value_parser = url)]
    url: Uri,
    /// The file with a token for that collector; the one in the data folder when absent
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
}

/// What an administrator asks of it.
pub(super) struct AdminQuestion<'a> {
    pub(super) method: Method,
    /// Below `/admin/v1/`.
    pub(super) path: &'a str,
    pub(super) parameters: &'a [(&'a str, &'a str)],
    /// What it has not done where it answers with an error.
    pub(super) otherwise: &'a str,
}

impl Collector {
    /// The answer to a question about the data that are meant.
    pub(super) fn ask<T: DeserializeOwned>(
        &self,
        which: &Which,
        question: &AdminQuestion<'_>,
    ) -> Result<T, Failure> {
        let Self { url, token_file } = self;
        let token_file = token_file.clone();
        let token_file = token_file.unwrap_or_else(|| which.data.join("admin-token"));
        let token = fs::read_to_string(&token_file)
            .map_err(|error| format!("{}: cannot read the token: {error}", token_file.display()))?;
        let token = HeaderValue::try_from(format!("Bearer {}", token.trim()))
            .map_err(|_| format!("{}: this is not a token", token_file.display()))?;
        let base = url.to_string();
        let mut address = format!("{}/admin/v1/{}", base.trim_end_matches('/'), question.path);
        let site = which.site().map(|site| ("site", site));
        let parameters = question.parameters.iter().copied().chain(site);
        for (place, (name, value)) in parameters.enumerate() {
            let before = if place == 0 { '?' } else { '&' };
            let value = utf8_percent_encode(value, NON_ALPHANUMERIC);
            address.push_str(&format!("{before}{name}={value}"));
        }
        let answered = ask(Question {
            method: question.method.clone(),
            url: address.parse()?,
            token: Some(token),
            patience: None,
        });
        let (status, body) = answered.map_err(|Failure(why)| {
            let data = which.data.display();
            Failure(format!(
                "a collector runs on {data}, but cannot be asked: {why}; --url says where it listens"
            ))
        })?;
        let other = || {
            Failure(format!(
                "{url}: what answers is not a collector of this version"
            ))
        };
        if status.is_success() {
            return serde_json::from_slice(&body).map_err(|_| other());
        }
        let Failed { error } = serde_json::from_slice(&body).map_err(|_| other())?;
        Err(Failure(format!(
            "{url}: {}: {}",
            question.otherwise, error.message
        )))
    }
}

/// What a collector answers where it cannot.
#[derive(Deserialize)]
struct Failed {
    error: Told,
}

#[derive(Deserialize)]
struct Told {
    message: String,
}

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
