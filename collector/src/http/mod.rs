//! HTTP: from a connection to the endpoint that answers it, and back.
//!
//! `server` accepts connections and `connection` speaks HTTP on each, by `tls` where there is a
//! certificate; `sites` tells which site a request is
//! for; `router` finds the endpoint; each endpoint has a file of its own. `error` is the only place that knows statuses of failures.
//! Nothing here decides what a message means or how it is kept.

mod addresses;
mod admin;
pub mod answer;
mod assets;
mod body;
pub mod click;
pub mod client_address;
pub mod compression;
mod connection;
mod console;
mod content;
mod cors;
mod decide;
pub mod decompression;
pub mod error;
mod finding;
mod forget;
mod headers;
mod health;
mod ingest;
pub mod learning;
mod limit;
mod link;
mod loader;
mod me;
mod metrics;
mod model;
mod noting;
pub(crate) mod openapi;
mod pattern;
mod pixel;
mod preview;
mod query;
mod requests;
mod room;
mod router;
mod rules;
mod sender;
mod server;
mod settings;
mod sightings;
mod site;
mod sites;
mod slots;
mod tls;

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use firstglance_engine::{Model, Timestamp};
use tokio::sync::{Semaphore, mpsc, oneshot, watch};

use crate::agent::Agents;
use crate::backup::Backups;
use crate::census::{Census, Counting, Latest, Subject};
use crate::config::{self, Config, Privacy, Site, Tracker};
use crate::cookie::CookieKey;
use crate::cookieless::DailySalt;
use crate::data::DataFile;
use crate::effect::Goal;
use crate::ingest::Refused;
use crate::metrics::Metrics;
use crate::networks::Networks;
use crate::pulse::Pulse;
use crate::store::{ProfileFold, Store, StoreError};
use crate::token::Tokens;

pub use learning::Learning;
pub use server::{Server, Stop};
pub use site::SiteFolder;
pub use sites::{Live, Sites};
pub use tls::{Certificates, SiteFiles, TlsError};

/// Bounds of time and space that hold for all requests.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How long a connection may take to agree on TLS.
    pub handshake: Duration,
    /// How long a connection may take to send the head of a request, or stay idle.
    pub head: Duration,
    /// How long a body may pause.
    pub body_pause: Duration,
    /// How long a body may take altogether.
    pub body: Duration,
    /// How long requests may take to finish when the server stops.
    pub stopping: Duration,
    /// Connections at a time, where the process may have as many files; for more, those that are
    /// idle are closed.
    pub connections: usize,
    /// Bytes of bodies held at a time; requests beyond are asked to come back later. What is made
    /// of a body takes several times its size.
    pub held_bytes: usize,
    /// Answers that read much of the store, at a time; requests beyond are asked to come back later.
    pub long_answers: usize,
    /// Clients that listen to what is committed, at a time.
    pub streams: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            handshake: Duration::from_secs(10),
            head: Duration::from_secs(30),
            body_pause: Duration::from_secs(10),
            body: Duration::from_secs(60),
            stopping: Duration::from_secs(10),
            connections: 16_384,
            held_bytes: 16 * 1024 * 1024,
            long_answers: 4,
            streams: 32,
        }
    }
}

/// What all sites of a collector have in common: bounds, and who may ask as an administrator.
pub struct Shared {
    limits: Limits,
    tokens: Tokens,
    held: Arc<Semaphore>,
    /// Turns of decompressors.
    unpacking: Semaphore,
    /// Long answers that read the store.
    long: Arc<Semaphore>,
    /// Those who listen to what is committed.
    streams: Arc<Semaphore>,
    /// Says that the server stops.
    stopping: watch::Sender<bool>,
    requests: requests::Requests,
    /// Who is signed in to the console.
    sessions: console::Sessions,
    /// Where the process is asked to read its configurations again.
    reloads: OnceLock<mpsc::Sender<AskedReload>>,
}

/// A reload that somebody waits for, and whom to tell what became of it: nothing, or all that is wrong.
pub type AskedReload = oneshot::Sender<Result<(), Vec<String>>>;

impl Shared {
    /// Bounds that are drawn on by all sites together.
    #[must_use]
    pub fn new(limits: Limits, tokens: Tokens) -> Self {
        Self {
            limits,
            tokens,
            held: Arc::new(Semaphore::new(body::permits(limits.held_bytes))),
            unpacking: Semaphore::new(decompression::AT_A_TIME),
            long: Arc::new(Semaphore::new(limits.long_answers)),
            streams: Arc::new(Semaphore::new(limits.streams)),
            stopping: watch::Sender::new(false),
            requests: requests::Requests::default(),
            sessions: console::Sessions::new(),
            reloads: OnceLock::new(),
        }
    }

    /// Reloads that administrators ask for from now on; nothing where somebody has taken them before.
    pub fn asked_reloads(&self) -> Option<mpsc::Receiver<AskedReload>> {
        let (sender, receiver) = mpsc::channel(1);
        self.reloads.set(sender).ok().map(|()| receiver)
    }

    /// Has the configurations read again, and waits for what becomes of it; nothing where nobody does so.
    async fn reload(&self) -> Option<Result<(), Vec<String>>> {
        let (tell, told) = oneshot::channel();
        self.reloads.get()?.send(tell).await.ok()?;
        told.await.ok()
    }
}

/// One site: everything that its endpoints need. Nothing in it is another site's, but for
/// [`Shared`].
pub struct App {
    site: Site,
    privacy: Privacy,
    tracker: Tracker,
    behind: config::Server,
    loader: Option<assets::Served>,
    /// What the site answers, as a document; made when it is asked for.
    document: OnceLock<assets::Served>,
    /// What pages and visitors are told by, and what may stand in slots.
    contents: Arc<content::Contents>,
    /// What visitors are at present.
    census: Latest,
    store: Arc<dyn Store>,
    cookie: Arc<CookieKey>,
    daily: Option<Arc<DailySalt>>,
    metrics: Arc<Metrics>,
    agents: Arc<Agents>,
    networks: Arc<Networks>,
    files: Option<SiteFolder>,
    backups: Option<Backups>,
    read_from: Option<ReadFrom>,
    pulse: Arc<Pulse>,
    limiters: limit::Limiters,
    sightings: Arc<sightings::Sightings>,
    shared: Arc<Shared>,
}

/// Where a configuration was read, and when.
#[derive(Clone, Debug)]
struct ReadFrom {
    path: PathBuf,
    at: Timestamp,
}

impl App {
    /// Endpoints over a store.
    #[must_use]
    pub fn new(
        config: Config,
        store: Arc<dyn Store>,
        cookie: CookieKey,
        shared: Arc<Shared>,
    ) -> Self {
        let metrics = Arc::new(Metrics::of_store(store.meter()));
        Self {
            contents: Arc::new(content::Contents::new(config.clone())),
            census: Latest::default(),
            limiters: limit::Limiters::new(&config.limits, &config.server.trusted_proxies),
            site: config.site,
            privacy: config.privacy,
            loader: loader::of(&config.tracker.names),
            document: OnceLock::new(),
            tracker: config.tracker,
            behind: config.server,
            daily: None,
            pulse: Arc::new(Pulse::new(metrics.clone(), store.clone())),
            metrics,
            store,
            cookie: Arc::new(cookie),
            agents: Arc::default(),
            networks: Arc::default(),
            files: None,
            backups: None,
            read_from: None,
            sightings: Arc::default(),
            shared,
        }
    }

    /// The same site after its configuration has changed. What was stored and counted stays; how
    /// visitors are named for a day, and what tells their countries, must be said again.
    #[must_use]
    pub async fn reconfigured(&self, config: Config) -> Self {
        self.contents.change().await.reconfigure(config.clone());
        Self {
            contents: self.contents.clone(),
            census: self.census.clone(),
            limiters: limit::Limiters::new(&config.limits, &config.server.trusted_proxies),
            privacy: config.privacy,
            cookie: Arc::new(self.cookie.renamed(&config.site)),
            site: config.site,
            loader: loader::of(&config.tracker.names),
            document: OnceLock::new(),
            tracker: config.tracker,
            behind: config.server,
            daily: None,
            metrics: self.metrics.clone(),
            store: self.store.clone(),
            agents: self.agents.clone(),
            networks: Arc::default(),
            files: self.files.clone(),
            backups: self.backups.clone(),
            read_from: None,
            pulse: self.pulse.clone(),
            sightings: self.sightings.clone(),
            shared: self.shared.clone(),
        }
    }

    /// Where the site's data are.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// What is counted of the site.
    #[must_use]
    pub const fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    /// How the site's collector fares; nobody samples it but who has it run.
    #[must_use]
    pub const fn pulse(&self) -> &Arc<Pulse> {
        &self.pulse
    }

    /// Says in which file the configuration was read, and when.
    #[must_use]
    pub fn read_from(mut self, path: PathBuf, at: Timestamp) -> Self {
        self.read_from = Some(ReadFrom { path, at });
        self
    }

    /// Goes on with the content and rules that were posted before, and has events taken in by what is
    /// in force from now on.
    ///
    /// # Errors
    /// When the store cannot say what was posted.
    pub async fn with_posted_content(mut self, fold: ProfileFold) -> Result<Self, StoreError> {
        if let Some(contents) = Arc::get_mut(&mut self.contents) {
            contents.be_followed_by(fold);
        }
        self.contents.take_up(&*self.store).await?;
        Ok(self)
    }

    /// Goes on with the shares that were learned before, which the file has; what comes back learns.
    pub async fn with_learned_shares(self, file: DataFile) -> (Self, Learning) {
        let mut learning = Learning {
            contents: self.contents.clone(),
            store: self.store.clone(),
            file,
            last: Timestamp::MIN,
        };
        learning.take_up().await;
        (self, learning)
    }

    /// What visitors are evaluated by at present.
    fn model(&self) -> Arc<Model> {
        self.contents.present().model.clone()
    }

    /// What visitors are evaluated by without content, now and later.
    #[must_use]
    pub fn models(&self) -> watch::Receiver<Arc<Model>> {
        self.contents.models()
    }

    /// What visitors are at present, as of the last pass over them.
    fn census(&self) -> Arc<Census> {
        self.census.present()
    }

    /// What makes the census.
    #[must_use]
    pub fn counting(&self) -> Counting {
        let contents = self.contents.clone();
        Counting {
            store: self.store.clone(),
            subject: Box::new(move || {
                let present = contents.present();
                Subject {
                    model: present.model.clone(),
                    goals: present.goals.clone(),
                }
            }),
            latest: self.census.clone(),
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

    /// Tells what visitors' addresses say.
    #[must_use]
    pub fn with_networks(mut self, networks: Arc<Networks>) -> Self {
        self.networks = networks;
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

    /// The goal by which a slot is told first, and learns where it does.
    fn goal_of(&self, slot: &str) -> Option<Goal> {
        self.contents.present().goal_of(slot).cloned()
    }

    /// A turn to read much of the store, which ends with what is given.
    fn long_answer(&self) -> Result<tokio::sync::OwnedSemaphorePermit, error::HttpError> {
        let turn = self.shared.long.clone().try_acquire_owned();
        turn.map_err(|_| error::HttpError::Busy)
    }

    /// Keeps what was refused of a request for the owner to look into.
    fn keep_refused(&self, refused: &[Refused], received_at: Timestamp) {
        if refused.is_empty() {
            return;
        }
        let messages = refused.iter().map(|one| one.to_keep(received_at));
        let lost = self.store.keep_refused(messages.collect());
        self.metrics.refused_not_kept(lost);
    }
}

/// Does what takes a thread for a while on one on which nobody is answered.
///
/// # Errors
/// When it was broken off.
async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, error::HttpError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| error::HttpError::Internal)
}
