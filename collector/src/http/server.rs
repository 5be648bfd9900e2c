//! The server: accepts connections, speaks HTTP/1.1 on each, and stops in good order: no new
//! connection, requests under way finished within a deadline, then the store closed.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, oneshot};
use tokio::task::{JoinHandle, JoinSet};

use super::client_address::Peer;
use super::{Live, Sites, router};
use crate::store::StoreError;

/// Bytes of a request's head, and of what is read from a connection ahead of its use.
const READ_BUFFER: usize = 32 * 1024;

/// A server that listens and does not accept yet.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
}

/// Stops a running server.
pub struct Stop {
    sites: Arc<Live>,
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
    pub fn start(self, sites: impl Into<Sites>) -> Stop {
        let sites = Arc::new(Live::new(sites));
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(run(self.listener, sites.clone(), stopped));
        Stop { sites, stop, task }
    }
}

impl Stop {
    /// The sites that it answers for.
    #[must_use]
    pub const fn sites(&self) -> &Arc<Live> {
        &self.sites
    }

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
    sites: Arc<Live>,
    mut stopped: oneshot::Receiver<()>,
) -> Result<(), StoreError> {
    let limits = sites.present().shared().limits;
    let graceful = GracefulShutdown::new();
    let connections = Arc::new(Semaphore::new(limits.connections));
    let mut tasks = JoinSet::new();
    loop {
        let next = async {
            // Never closed: the error cannot come.
            let permit = connections.clone().acquire_owned().await;
            (permit, listener.accept().await)
        };
        tokio::select! {
            _ = &mut stopped => break,
            Some(_) = tasks.join_next(), if !tasks.is_empty() => {}
            (permit, accepted) = next => match accepted {
                Ok((stream, peer)) => {
                    let peer = Peer(peer.ip());
                    let connection = connection(stream, peer, sites.clone(), limits.head, &graceful);
                    tasks.spawn(async move {
                        connection.await;
                        drop(permit);
                    });
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
    if tokio::time::timeout(limits.stopping, graceful.shutdown())
        .await
        .is_err()
    {
        tracing::warn!("requests that did not finish in time were broken off");
    }
    tasks.shutdown().await;
    sites.present().close().await
}

fn connection(
    stream: TcpStream,
    peer: Peer,
    sites: Arc<Live>,
    head: Duration,
    graceful: &GracefulShutdown,
) -> impl Future<Output = ()> + use<> {
    // Answers are small and whole: waiting for more to send with them only costs time.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |mut request: Request<Incoming>| {
        let sites = sites.present();
        request.extensions_mut().insert(peer);
        async move { Ok::<_, Infallible>(router::answer(&sites, request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head)
        .max_buf_size(READ_BUFFER)
        .serve_connection(TokioIo::new(stream), service);
    let connection = graceful.watch(connection);
    async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection ended early");
        }
    }
}
