//! HTTP: from a connection to the endpoint that answers it, and back.
//!
//! `server` accepts connections and ends them in good order; `router` finds the endpoint; each
//! endpoint has a file of its own. `error` is the only place that knows statuses of failures.
//! Nothing here decides what a message means or how it is kept.

mod addresses;
mod admin;
pub mod answer;
mod assets;
mod body;
mod client_address;
mod compression;
mod cors;
mod decompression;
pub mod error;
mod forget;
mod headers;
mod health;
mod ingest;
mod loader;
mod me;
mod metrics;
mod model;
mod query;
mod router;
mod server;
mod settings;
mod site;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use firstglance_engine::Model;
use tokio::sync::Semaphore;

use crate::backup::Backups;
use crate::config::{self, Config, Site, Tracker};
use crate::cookie::CookieKey;
use crate::cookieless::DailySalt;
use crate::metrics::Metrics;
use crate::store::Store;
use crate::token::AdminToken;

pub use server::{Server, Stop};
pub use site::SiteFolder;

/// Bounds of time and space that hold for all requests.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How long a connection may take to send the head of a request, or stay idle.
    pub head: Duration,
    /// How long a body may pause.
    pub body_pause: Duration,
    /// How long a body may take altogether.
    pub body: Duration,
    /// How long requests may take to finish when the server stops.
    pub stopping: Duration,
    /// Connections at a time; more wait to be accepted.
    pub connections: usize,
    /// Bytes of bodies held at a time; requests beyond are asked to come back later. What is made
    /// of a body takes several times its size.
    pub held_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(30),
            body_pause: Duration::from_secs(10),
            body: Duration::from_secs(60),
            stopping: Duration::from_secs(10),
            connections: 4_096,
            held_bytes: 16 * 1024 * 1024,
        }
    }
}

/// Everything that endpoints need.
pub struct App {
    site: Site,
    tracker: Tracker,
    behind: config::Server,
    loader: Option<assets::Served>,
    model: Arc<Model>,
    compiled: model::Compiled,
    store: Arc<dyn Store>,
    cookie: CookieKey,
    token: AdminToken,
    daily: Option<Arc<DailySalt>>,
    metrics: Metrics,
    files: Option<SiteFolder>,
    backups: Option<Backups>,
    limits: Limits,
    held: Arc<Semaphore>,
    /// Turns of decompressors.
    unpacking: Semaphore,
}

impl App {
    /// Endpoints over a store.
    #[must_use]
    pub fn new(
        config: Config,
        store: Arc<dyn Store>,
        cookie: CookieKey,
        token: AdminToken,
        limits: Limits,
    ) -> Self {
        Self {
            compiled: model::Compiled::new(&config),
            model: Arc::new(config.model),
            site: config.site,
            loader: loader::of(&config.tracker.names),
            tracker: config.tracker,
            behind: config.server,
            daily: None,
            metrics: Metrics::default(),
            store,
            cookie,
            token,
            files: None,
            backups: None,
            limits,
            unpacking: Semaphore::new(decompression::AT_A_TIME),
            held: Arc::new(Semaphore::new(body::permits(limits.held_bytes))),
        }
    }

    /// Names visitors for a day whose pages ask for that.
    #[must_use]
    pub fn with_daily_names(mut self, salt: Arc<DailySalt>) -> Self {
        self.daily = Some(salt);
        self
    }

    /// Makes backups when the owner asks for one.
    #[must_use]
    pub fn with_backups(mut self, backups: Backups) -> Self {
        self.backups = Some(backups);
        self
    }

    /// Serves the files of a folder where no endpoint answers.
    ///
    /// # Errors
    /// When there is no such folder.
    pub fn with_site(mut self, folder: &Path) -> std::io::Result<Self> {
        self.files = Some(SiteFolder::open(folder)?);
        Ok(self)
    }

    pub(crate) fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }
}
