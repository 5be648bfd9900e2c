//! What runs for one site beside its endpoints, and how it follows another configuration.

use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::super::Failure;
use crate::backup::Backups;
use crate::clock;
use crate::config::{Config, ConfigFile};
use crate::cookie::CookieKey;
use crate::cookieless::DailySalt;
use crate::data::{DataError, DataFolder};
use crate::evaluation::{self, Evaluations};
use crate::http::{App, Shared, SiteFiles, learning};
use crate::networks::Networks;
use crate::pulse;
use crate::store::embedded::Embedded;
use crate::store::{ProfileFold, Retention, Store};
use crate::upkeep;

/// See the module.
pub(super) struct Running {
    /// The site's id.
    pub(super) id: String,
    /// Held until the store is closed; nothing where it is the folder of all, which is held anyway.
    own: Option<DataFolder>,
    evaluating: JoinHandle<()>,
    learning: JoinHandle<()>,
    counting: JoinHandle<()>,
    retentions: watch::Sender<Retention>,
    upkeep: JoinHandle<()>,
    pulse: JoinHandle<()>,
    daily: Option<Daily>,
    networks: Arc<Networks>,
}

/// Names of visitors for a day, and what renews their salt.
struct Daily {
    salt: Arc<DailySalt>,
    renewing: JoinHandle<()>,
}

impl Daily {
    fn of(data: &DataFolder) -> Result<Self, DataError> {
        let salt = Arc::new(DailySalt::of(data, clock::now())?);
        let renewing = tokio::spawn(salt.clone().renew());
        Ok(Self { salt, renewing })
    }
}

impl Drop for Daily {
    fn drop(&mut self) {
        self.renewing.abort();
    }
}

impl Running {
    /// Opens the data of a site.
    pub(super) async fn open(
        config: Config,
        root: &DataFolder,
        shared: &Arc<Shared>,
    ) -> Result<(App, Self), Failure> {
        let id = config.site.id().to_owned();
        let own = config.site.named.as_ref().map(|id| root.of_site(id));
        let own = own.transpose()?;
        let data = own.as_ref().unwrap_or(root);
        let networks = Arc::new(Networks::of(&config.site)?);
        let cookie = CookieKey::of(data, &config.site)?;
        let fold = ProfileFold::new(config.rules());
        let (folder, folding) = (data.store(), fold.clone());
        let calendar = config.site.calendar();
        let store = tokio::task::spawn_blocking(move || {
            Embedded::open_by(&folder, folding, &calendar)
                .map_err(|error| format!("{}: cannot open the store: {error}", folder.display()))
        })
        .await??;
        let store: Arc<dyn Store> = Arc::new(store);
        let mut daily = None;
        if config.tracker.cookieless {
            daily = Some(Daily::of(data)?);
        } else {
            DailySalt::remove(data)?;
        }
        let (retentions, retention) = watch::channel(config.retention);
        let upkeep = tokio::spawn(upkeep::run(store.clone(), retention));
        let app = App::new(config, store.clone(), cookie, shared.clone())
            .with_backups(Backups::of(data.path().to_owned()))
            .with_posted_content(fold.clone())
            .await
            .map_err(|error| format!("cannot read the posted content: {error}"))?;
        let shares = data.file(learning::FILE);
        let (app, learning) = app.with_learned_shares(shares).await;
        app.pulse().keep_in(data.file(pulse::FILE));
        let evaluations = Evaluations {
            site: id.clone(),
            store,
            noted: data.file(evaluation::FILE),
            metrics: app.metrics().clone(),
        };
        let running = Self {
            id,
            own,
            evaluating: tokio::spawn(evaluations.run(app.models())),
            learning: tokio::spawn(learning.run()),
            counting: tokio::spawn(app.counting().run()),
            retentions,
            upkeep,
            pulse: tokio::spawn(app.pulse().clone().run()),
            daily,
            networks,
        };
        Ok((running.equipped(app), running))
    }

    /// The endpoints with what runs beside them.
    fn equipped(&self, mut app: App) -> App {
        if let Some(daily) = &self.daily {
            app = app.with_daily_names(daily.salt.clone());
        }
        app.with_networks(self.networks.clone())
    }

    /// Gets ready what another configuration needs; nothing of that is used yet.
    pub(super) fn prepare(&mut self, config: &Config, root: &DataFolder) -> Result<(), String> {
        // The files may be newer ones of the same names. Also where another site's configuration
        // turns out to be wrong, what a visitor's country is does not depend on that.
        let networks = Networks::of(&config.site).map_err(|error| error.to_string())?;
        self.networks = Arc::new(networks);
        if config.tracker.cookieless && self.daily.is_none() {
            let daily = Daily::of(self.own.as_ref().unwrap_or(root));
            self.daily = Some(daily.map_err(|error| error.to_string())?);
        }
        Ok(())
    }

    /// The site by another configuration, which everything that is committed from now on follows.
    pub(super) async fn follow(&mut self, former: &App, config: Config, root: &DataFolder) -> App {
        if !config.tracker.cookieless && self.daily.take().is_some() {
            let data = self.own.as_ref().unwrap_or(root);
            if let Err(error) = DailySalt::remove(data) {
                tracing::error!(%error, "the day's salt is still there");
            }
        }
        self.retentions.send_replace(config.retention);
        self.equipped(former.reconfigured(config).await)
    }

    /// Ends what would go on by itself.
    pub(super) fn stop(&self) {
        self.evaluating.abort();
        self.learning.abort();
        self.counting.abort();
        self.upkeep.abort();
        self.pulse.abort();
        if let Some(daily) = &self.daily {
            daily.renewing.abort();
        }
    }
}

/// The certificates of all sites.
pub(super) fn certificates(configs: &[ConfigFile]) -> Vec<SiteFiles> {
    let of = |one: &ConfigFile| {
        Some(SiteFiles {
            hosts: one.config.site.hosts.clone(),
            files: one.config.server.tls.clone()?,
        })
    };
    configs.iter().filter_map(of).collect()
}
