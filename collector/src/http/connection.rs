//! One connection: plain HTTP/1.1, or TLS with HTTP/1.1 or HTTP/2, from its first byte to its end.
//!
//! Nothing of it is waited for without a bound: the handshake, the head of a request, and the time
//! in which nothing is asked.

use std::convert::Infallible;
use std::fmt::Display;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::Request;
use hyper::body::Incoming;
use hyper::header::{HOST, HeaderValue};
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulConnection;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use super::answer::Answer;
use super::client_address::Peer;
use super::room::Place;
use super::{Limits, Live, router, tls};

/// Bytes of a request's head, and of what is read from a connection ahead of its use.
const READ_BUFFER: usize = 32 * 1024;

/// Requests under way on a connection of HTTP/2, and bytes of bodies that wait to be read: of one,
/// and of all of them.
const STREAMS: u32 = 64;
const STREAM_WINDOW: u32 = 64 * 1024;
const CONNECTION_WINDOW: u32 = 256 * 1024;

/// How often the other end of a connection of HTTP/2 is asked whether it is still there, and how
/// long it may take to say so.
const PING: Duration = Duration::from_secs(20);
const PONG: Duration = Duration::from_secs(20);

/// How long an idle connection of HTTP/2 may take to agree that it ends.
const GOODBYE: Duration = Duration::from_secs(1);

/// The request came by TLS to this process itself; the connection puts it beside each request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Encrypted;

/// Where connections come from and what holds for all of them.
#[derive(Clone)]
pub(super) struct Connections {
    pub(super) sites: Arc<Live>,
    pub(super) limits: Limits,
    /// What speaks TLS, where that is spoken.
    pub(super) tls: Option<TlsAcceptor>,
    /// Its other end is dropped when the server stops.
    pub(super) running: watch::Receiver<()>,
}

impl Connections {
    /// Answers all requests of a connection.
    pub(super) async fn serve(mut self, stream: TcpStream, peer: Peer, place: Arc<Place>) {
        // Answers are small and whole: waiting for more to send with them only costs time.
        let _ = stream.set_nodelay(true);
        let _open = self.sites.present().shared().requests.connected();
        let Some(tls) = self.tls.take() else {
            return self.http_1(stream, peer, None, place).await;
        };
        let mut running = self.running.clone();
        let handshake = tokio::time::timeout(self.limits.handshake, tls.accept(stream));
        let shaken = tokio::select! {
            shaken = handshake => shaken,
            _ = running.changed() => return,
            () = place.closed() => return,
        };
        match shaken {
            Ok(Ok(stream)) if stream.get_ref().1.alpn_protocol() == Some(tls::HTTP_2) => {
                self.http_2(stream, peer, place).await;
            }
            Ok(Ok(stream)) => self.http_1(stream, peer, Some(Encrypted), place).await,
            Ok(Err(error)) => tracing::debug!(%error, "a handshake failed"),
            Err(_) => tracing::debug!("a handshake took too long"),
        }
    }

    async fn http_1(
        self,
        stream: impl AsyncRead + AsyncWrite + Unpin + 'static,
        peer: Peer,
        encrypted: Option<Encrypted>,
        place: Arc<Place>,
    ) {
        let sites = self.sites;
        let own = place.clone();
        let service = service_fn(move |request| {
            let answer = answer(sites.clone(), request, peer, encrypted);
            let place = place.clone();
            place.works();
            async move {
                let answer = answer.await;
                place.waits();
                answer
            }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.limits.head)
            .max_buf_size(READ_BUFFER)
            .serve_connection(TokioIo::new(stream), service);
        // The bound of the next head is one of idleness as well.
        drive(connection, self.running, own.closed()).await;
    }

    async fn http_2(
        self,
        stream: impl AsyncRead + AsyncWrite + Unpin + 'static,
        peer: Peer,
        place: Arc<Place>,
    ) {
        let sites = self.sites;
        let under_way = UnderWay::of(place.clone());
        let patience = under_way.clone().idle(self.limits.head);
        let idle = async move {
            tokio::select! {
                () = patience => {}
                () = place.closed() => {}
            }
        };
        let service = service_fn(move |request| {
            let answer = answer(sites.clone(), request, peer, Some(Encrypted));
            let one = under_way.one();
            async move {
                let answer = answer.await;
                drop(one);
                answer
            }
        });
        let connection = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .keep_alive_interval(PING)
            .keep_alive_timeout(PONG)
            .max_concurrent_streams(STREAMS)
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_header_list_size(READ_BUFFER as u32)
            .serve_connection(TokioIo::new(stream), service);
        drive(connection, self.running, idle).await;
    }
}

/// Serves a connection to its end; asks for that end when the server stops, and when nothing has been
/// asked for too long or others need the room.
async fn drive<C>(connection: C, mut running: watch::Receiver<()>, idle: impl Future<Output = ()>)
where
    C: GracefulConnection,
    C::Error: Display,
{
    let mut connection = pin!(connection);
    let outcome = tokio::select! {
        outcome = connection.as_mut() => outcome,
        // The server itself bounds the time after this.
        _ = running.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
        () = idle => {
            connection.as_mut().graceful_shutdown();
            // Nothing is under way, and who says nothing more is not waited for.
            match tokio::time::timeout(GOODBYE, connection).await {
                Ok(outcome) => outcome,
                Err(_) => return,
            }
        }
    };
    if let Err(error) = outcome {
        tracing::debug!(%error, "a connection ended early");
    }
}

async fn answer(
    sites: Arc<Live>,
    mut request: Request<Incoming>,
    peer: Peer,
    encrypted: Option<Encrypted>,
) -> Result<Answer, Infallible> {
    request.extensions_mut().insert(peer);
    if let Some(encrypted) = encrypted {
        request.extensions_mut().insert(encrypted);
    }
    // HTTP/2 has the host in the address.
    if !request.headers().contains_key(HOST)
        && let Some(authority) = request.uri().authority()
        && let Ok(host) = HeaderValue::from_str(authority.as_str())
    {
        request.headers_mut().insert(HOST, host);
    }
    Ok(router::answer(&sites.present(), request).await)
}

/// Counts the requests that are under way on a connection, whose place is idle when there are none.
#[derive(Clone)]
struct UnderWay {
    count: Arc<watch::Sender<usize>>,
    place: Arc<Place>,
}

/// One request; it is under way until this is dropped.
struct One(UnderWay);

impl Drop for One {
    fn drop(&mut self) {
        let UnderWay { count, place } = &self.0;
        count.send_modify(|count| {
            *count -= 1;
            if *count == 0 {
                place.waits();
            }
        });
    }
}

impl UnderWay {
    fn of(place: Arc<Place>) -> Self {
        Self {
            count: Arc::new(watch::Sender::new(0)),
            place,
        }
    }

    fn one(&self) -> One {
        self.count.send_modify(|count| {
            *count += 1;
            self.place.works();
        });
        One(self.clone())
    }

    /// Ends when none has been under way for so long.
    async fn idle(self, patience: Duration) {
        let mut counts = self.count.subscribe();
        loop {
            // The sender lives as long as this does.
            let _ = counts.wait_for(|count| *count == 0).await;
            if tokio::time::timeout(patience, counts.changed())
                .await
                .is_err()
            {
                return;
            }
        }
    }
}
