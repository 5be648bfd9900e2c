//! The server: accepts connections, speaks HTTP/1.1 on each, and stops in good order: no new
//! connection, requests under way finished within a deadline, then the store closed.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::Instant;

use super::client_address::Peer;
use super::room::{Place, Room};
use super::{App, router};
use crate::store::StoreError;

/// Bytes of a request's head, and of what is read from a connection ahead of its use.
const READ_BUFFER: usize = 32 * 1024;

/// How long a connection that is closed to make room may take to finish what it answers.
const CLOSING: Duration = Duration::from_secs(1);

/// A server that listens and does not accept yet.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
}

/// Stops a running server.
pub struct Stop {
    stop: oneshot::Sender<()>,
    task: JoinHandle<Result<(), StoreError>>,
}

impl Server {
    /// Listens at an address.
    ///
    /// # Errors
    /// When somebody else does, or the address is not this machine's.
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address })
    }

    /// Where it listens; tells the port where the system chose one.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Starts to answer.
    #[must_use]
    pub fn start(self, app: App) -> Stop {
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(run(self.listener, Arc::new(app), stopped));
        Stop { stop, task }
    }
}

impl Stop {
    /// Stops accepting, finishes what is under way, closes the store.
    ///
    /// # Errors
    /// [`StoreError`] when the store could not finish.
    pub async fn stop(self) -> Result<(), StoreError> {
        // The server ends by itself only by a panic, and then there is nobody to tell.
        let _ = self.stop.send(());
        match self.task.await {
            Ok(outcome) => outcome,
            Err(error) => Err(StoreError::Failed(error.to_string().into())),
        }
    }
}

async fn run(
    listener: TcpListener,
    app: Arc<App>,
    mut stopped: oneshot::Receiver<()>,
) -> Result<(), StoreError> {
    let (stopping, running) = watch::channel(());
    let connections = Room::new(app.limits.connections);
    let mut tasks = JoinSet::new();
    loop {
        // Accepted first: room is made only for somebody who is there.
        let next = async {
            let accepted = listener.accept().await;
            (connections.room().await, accepted)
        };
        tokio::select! {
            _ = &mut stopped => break,
            Some(_) = tasks.join_next(), if !tasks.is_empty() => {}
            (room, accepted) = next => match accepted {
                Ok((stream, peer)) => {
                    let peer = Peer(peer.ip());
                    let place = connections.opened(room);
                    tasks.spawn(connection(stream, peer, app.clone(), place, running.clone()));
                }
                Err(error) => {
                    // Out of file descriptors, mostly: wait until some are free.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
        }
    }
    drop(listener);
    drop(stopping);
    let finished = async { while tasks.join_next().await.is_some() {} };
    if tokio::time::timeout(app.limits.stopping, finished)
        .await
        .is_err()
    {
        tracing::warn!("requests that did not finish in time were broken off");
    }
    tasks.shutdown().await;
    app.store().close().await
}

fn connection(
    stream: TcpStream,
    peer: Peer,
    app: Arc<App>,
    place: Arc<Place>,
    mut running: watch::Receiver<()>,
) -> impl Future<Output = ()> {
    // Answers are small and whole: waiting for more to send with them only costs time.
    let _ = stream.set_nodelay(true);
    let head = app.limits.head;
    let own = place.clone();
    let service = service_fn(move |mut request: Request<Incoming>| {
        let (app, place) = (app.clone(), place.clone());
        request.extensions_mut().insert(peer);
        place.works();
        async move {
            let answer = router::answer(&app, request).await;
            place.waits();
            Ok::<_, Infallible>(answer)
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head)
        .max_buf_size(READ_BUFFER)
        .serve_connection(TokioIo::new(stream), service);
    async move {
        let mut connection = pin!(connection);
        let (mut ends, mut patience) = (false, None);
        let ended = loop {
            tokio::select! {
                ended = connection.as_mut() => break ended,
                // Nothing is ever sent: it is the end of the sender that is waited for.
                _ = running.changed(), if !ends => {
                    ends = true;
                    connection.as_mut().graceful_shutdown();
                }
                () = own.closed(), if patience.is_none() => {
                    tracing::debug!("an idle connection is closed to make room");
                    ends = true;
                    patience = Some(Instant::now() + CLOSING);
                    connection.as_mut().graceful_shutdown();
                }
                // What was being sent of a request is not waited for.
                () = sleep_until(patience), if patience.is_some() => return,
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "a connection ended early");
        }
    }
}

/// Waits for a moment, where there is one, and else for ever.
async fn sleep_until(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
