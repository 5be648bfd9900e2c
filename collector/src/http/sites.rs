//! Several sites in one collector, strictly apart: each has keys, origins, data, cookies and
//! counters of its own, and here it is told which of them a request is for.
//!
//! In this order: the write key that the request carries, in its head, its address or its body; the
//! name of the host; the origin of the page, where it is that of one site alone. A key that is no
//! site's is an error, and never a reason to look further. Which site an administrator means their
//! token says, or the parameter `site`, see `admin`.

use std::iter;
use std::sync::Arc;

use arc_swap::ArcSwap;
use hyper::Request;
use hyper::header::{HOST, HeaderMap, ORIGIN};

use super::addresses::{self, Needed};
use super::body::Unread;
use super::error::HttpError;
use super::{App, Shared, admin, headers, pixel, query};
use crate::clock;
use crate::ingest::{self, IngestError};
use crate::store::StoreError;

/// The sites of a collector: one or more.
pub struct Sites {
    first: Arc<App>,
    others: Vec<Arc<App>>,
}

/// The sites as they are at present: a reload puts others in their place.
pub struct Live(ArcSwap<Sites>);

impl From<App> for Sites {
    fn from(app: App) -> Self {
        Self {
            first: Arc::new(app),
            others: Vec::new(),
        }
    }
}

impl Live {
    /// These, from the start.
    #[must_use]
    pub fn new(sites: impl Into<Sites>) -> Self {
        Self(ArcSwap::from_pointee(sites.into()))
    }

    /// Puts others in their place, for requests from now on.
    pub fn replace(&self, sites: Sites) {
        self.0.store(Arc::new(sites));
    }

    /// The present ones; whoever has them keeps them as they are.
    #[must_use]
    pub fn present(&self) -> Arc<Sites> {
        self.0.load_full()
    }
}

impl Sites {
    /// These and one more. No two may have an id, a key or a host in common, which
    /// [`crate::config::load_all`] sees to.
    #[must_use]
    pub fn with(mut self, app: App) -> Self {
        self.others.push(Arc::new(app));
        self
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &Arc<App>> {
        iter::once(&self.first).chain(&self.others)
    }

    /// The only one, where there are no others.
    pub(super) fn only(&self) -> Option<&Arc<App>> {
        self.others.is_empty().then_some(&self.first)
    }

    /// What they have in common.
    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.first.shared
    }

    /// The site of this id.
    #[must_use]
    pub fn of_id(&self, id: &str) -> Option<&Arc<App>> {
        self.all().find(|app| app.site.id() == id)
    }

    fn of_key(&self, key: &str) -> Option<&Arc<App>> {
        self.all().find(|app| app.site.write_key == key)
    }

    /// The site that has the host of a request for itself.
    pub(super) fn of_host(&self, headers: &HeaderMap) -> Option<&Arc<App>> {
        let host = host(headers)?;
        self.all().find(|app| app.site.hosts.contains(&host))
    }

    /// The site that alone lists the origin of a request.
    fn of_origin(&self, headers: &HeaderMap) -> Option<&Arc<App>> {
        let origin = headers.get(ORIGIN)?.to_str().ok()?;
        let mut listing = self.all().filter(|app| app.site.lists(origin));
        let found = listing.next()?;
        listing.next().is_none().then_some(found)
    }

    /// Remembers that messages with an unknown key came from a page of a site, where the page's origin
    /// tells whose it is.
    pub(super) fn note_refused(&self, request: &Request<()>, error: &HttpError) {
        if !matches!(
            error,
            HttpError::Site | HttpError::Ingest(IngestError::WrongKey)
        ) {
            return;
        }
        if let Some(app) = self.of_origin(request.headers()) {
            app.sightings.wrong_key("", clock::now());
        }
    }

    /// Whether pages of the host that is asked are the site's own. Of several sites, hosts belong to
    /// those that list them.
    pub(super) fn is_own_host(&self, app: &App, headers: &HeaderMap) -> bool {
        self.others.is_empty() || host(headers).is_some_and(|host| app.site.hosts.contains(&host))
    }

    /// The site that a request is for. Its body is read where nothing else can tell, and kept.
    pub(super) async fn choose(
        &self,
        request: &Request<()>,
        body: &mut Unread,
    ) -> Result<&Arc<App>, HttpError> {
        if let Some(only) = self.only() {
            return Ok(only);
        }
        let (headers, path) = (request.headers(), request.uri().path());
        // Each site may have names of its own for the same.
        let mut knowing = self.all().filter_map(|app| {
            let needed = addresses::find(path, &app.tracker.names)?;
            Some((app, needed))
        });
        let Some((knower, needed)) = knowing.next() else {
            let of_files = || self.all().find(|app| app.files.is_some());
            let found = self.of_host(headers).or_else(of_files);
            return found.ok_or(HttpError::Route);
        };
        let user = headers::basic_user(headers);
        if let Some(app) = user.as_deref().and_then(|user| self.of_key(user)) {
            return Ok(app);
        }
        let named = match needed {
            Needed::Settings(key) => Some(key.into()),
            _ => query::parameter(request.uri(), "site")
                .or_else(|| query::parameter(request.uri(), "writeKey")),
        };
        if let Some(key) = named {
            return self.of_key(&key).ok_or(HttpError::Site);
        }
        if matches!(needed, Needed::Pixel(Some(_)))
            && let Some(key) = ingest::write_key(&pixel::message(request)?)
        {
            return self.of_key(&key).ok_or(IngestError::WrongKey.into());
        }
        if matches!(needed, Needed::Decide)
            && let Ok(access) = admin::authorise(self.shared(), headers)
            && let Some(own) = access.site
        {
            let found = self.of_id(&own);
            return found.ok_or(HttpError::ForeignSite { own });
        }
        let has_key = matches!(needed, Needed::Ingest(_) | Needed::Forget | Needed::Decide);
        if has_key && body.may_come() {
            let coding = headers::acceptable(headers)?;
            let bytes = body.look(self.shared(), coding).await?;
            if let Some(key) = ingest::write_key(bytes) {
                return self.of_key(&key).ok_or(IngestError::WrongKey.into());
            }
            // Somebody's password for a proxy in front, where the body has a key; else meant as one.
            if user.is_some() {
                return Err(IngestError::WrongKey.into());
            }
        }
        let found = self.of_host(headers).or_else(|| self.of_origin(headers));
        if let Some(app) = found {
            return Ok(app);
        }
        // Files are the same for all sites, and loaders where they have the same names.
        let same = knowing.all(|(app, _)| same_loader(app, knower));
        match needed {
            Needed::File(_) => Ok(knower),
            Needed::Loader if same => Ok(knower),
            _ => Err(HttpError::WhichSite),
        }
    }

    /// A site that has a pixel at a path.
    pub(super) fn with_pixel(&self, path: &str) -> Option<&App> {
        let has = |app: &App| {
            let needed = addresses::find(path, &app.tracker.names);
            matches!(needed, Some(Needed::Pixel(_)))
        };
        self.all().map(|app| &**app).find(|app| has(app))
    }

    /// Whether all sites can take messages.
    pub(super) fn ready(&self) -> Result<(), StoreError> {
        self.all().try_for_each(|app| app.store.ready())
    }

    /// Finishes what has been taken in and lets go of the data of all sites, also where one fails:
    /// then says the first error.
    pub(super) async fn close(&self) -> Result<(), StoreError> {
        let mut outcome = Ok(());
        for app in self.all() {
            outcome = outcome.and(app.store.close().await);
        }
        outcome
    }
}

fn same_loader(one: &App, other: &App) -> bool {
    let tag = |app: &App| app.loader.as_ref().map(|loader| loader.etag.clone());
    tag(one) == tag(other)
}

/// The name of the host that a request asks, without its port.
fn host(headers: &HeaderMap) -> Option<String> {
    let host = headers.get(HOST)?.to_str().ok()?;
    let name = host.split_once(':').map_or(host, |(name, _)| name);
    let name = name.strip_suffix('.').unwrap_or(name);
    Some(name.to_ascii_lowercase())
}
