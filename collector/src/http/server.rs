//! The server: accepts connections and stops in good order: no new connection, requests under way
//! finished within a deadline, then the stores closed.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

use super::client_address::Peer;
use super::connection::Connections;
use super::room::Room;
use super::tls::Certificates;
use super::{Live, Sites};
use crate::store::StoreError;

/// A server that listens and does not accept yet.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    tls: Option<TlsAcceptor>,
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
        Ok(Self {
            listener,
            address,
            tls: None,
        })
    }

    /// Speaks TLS, and nothing else.
    ///
    /// # Errors
    /// Never with the protocols and ciphers that are built in.
    pub fn with_tls(mut self, certificates: &Arc<Certificates>) -> Result<Self, rustls::Error> {
        self.tls = Some(certificates.acceptor()?);
        Ok(self)
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
        let task = tokio::spawn(run(self.listener, sites.clone(), self.tls, stopped));
        Stop { sites, stop, task }
    }
}

impl Stop {
    /// The sites that it answers for.
    #[must_use]
    pub const fn sites(&self) -> &Arc<Live> {
        &self.sites
    }

    /// Stops accepting, finishes what is under way, closes the stores.
    ///
    /// # Errors
    /// [`StoreError`] when a store could not finish.
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
    tls: Option<TlsAcceptor>,
    mut stopped: oneshot::Receiver<()>,
) -> Result<(), StoreError> {
    let limits = sites.present().shared().limits;
    let (stopping, running) = watch::channel(());
    let all = Connections {
        sites: sites.clone(),
        limits,
        tls,
        running,
    };
    let connections = Room::new(limits.connections);
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
                    let place = connections.opened(room);
                    tasks.spawn(all.clone().serve(stream, Peer(peer.ip()), place));
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
    // What has no end of its own ends now.
    sites.present().shared().stopping.send_replace(true);
    drop(stopping);
    let finished = async { while tasks.join_next().await.is_some() {} };
    if tokio::time::timeout(limits.stopping, finished)
        .await
        .is_err()
    {
        tracing::warn!("requests that did not finish in time were broken off");
    }
    tasks.shutdown().await;
    sites.present().close().await
}
