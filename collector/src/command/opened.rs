//! A data folder that nobody serves, opened for a command that reads or changes it, and closed again.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Failure;
use crate::config::SiteId;
use crate::data::{DataError, DataFolder, SITES};
use crate::store::calendar::Calendar;
use crate::store::embedded::Embedded;
use crate::store::{ProfileFold, Rules, Store};

/// Which data a command is about.
#[derive(Debug, clap::Args)]
pub(super) struct Which {
    /// The data folder
    #[arg(long, value_name = "DIR")]
    pub(super) data: PathBuf,
    /// The id of the site, where its [site] has one
    #[arg(long, value_name = "ID", value_parser = site)]
    site: Option<SiteId>,
}

fn site(text: &str) -> Result<SiteId, String> {
    SiteId::parse(text).ok_or_else(|| "it must be the id of a [site]".to_owned())
}

impl Which {
    /// The id of the site, where one was named.
    pub(super) fn site(&self) -> Option<&str> {
        self.site.as_ref().map(SiteId::as_str)
    }

    /// The site's own data folder.
    pub(super) fn folder(&self) -> PathBuf {
        match &self.site {
            None => self.data.clone(),
            Some(id) => self.data.join(SITES).join(id.as_str()),
        }
    }

    /// Whether somebody has the data.
    pub(super) fn is_in_use(&self) -> bool {
        self.data.is_dir() && matches!(DataFolder::open(&self.data), Err(DataError::InUse { .. }))
    }

    /// Does something with the store. A folder without one is an error: an address that was
    /// mistyped must not look like data that are empty. Without a calendar days are counted as they
    /// have been.
    pub(super) fn with_store<T>(
        &self,
        (rules, calendar): (impl Into<Rules>, Option<&Calendar>),
        must_exist: bool,
        work: impl AsyncFnOnce(Arc<dyn Store>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let none = |folder: &Path| Failure(format!("{}: there are no data", folder.display()));
        if must_exist && !self.data.is_dir() {
            return Err(none(&self.data));
        }
        let root = DataFolder::open(&self.data)?;
        let own = self.site.as_ref().map(|id| root.of_site(id)).transpose()?;
        let data = own.as_ref().unwrap_or(&root);
        let folder = data.store();
        if must_exist && !folder.is_dir() {
            return Err(none(&folder));
        }
        let fold = ProfileFold::new(rules);
        let opened = match calendar {
            None => Embedded::open(&folder, fold),
            Some(calendar) => Embedded::open_by(&folder, fold, calendar),
        };
        let store = opened
            .map_err(|error| format!("{}: cannot open the store: {error}", folder.display()))?;
        let store: Arc<dyn Store> = Arc::new(store);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        runtime.block_on(async {
            let done = work(store.clone()).await;
            let closed = store.close().await;
            let done = done?;
            closed?;
            Ok(done)
        })
    }
}
