//! Another configuration for a collector that runs: checked whole, and then taken over whole or not
//! at all. Requests that are under way end by the configuration they began with. Sites may come to those
//! that are served, and none goes.

use std::path::PathBuf;
use std::sync::Arc;

use super::super::Failure;
use super::site::{self, Running};
use crate::clock;
use crate::config::{self, ConfigFile};
use crate::data::DataFolder;
use crate::http::{App, Certificates, Live, Shared, Sites};

/// See the module.
pub(super) struct Reloading<'a> {
    pub(super) paths: &'a [PathBuf],
    pub(super) data: &'a DataFolder,
    pub(super) shared: Arc<Shared>,
    pub(super) live: Arc<Live>,
    pub(super) certificates: Option<Arc<Certificates>>,
    pub(super) running: Vec<Running>,
}

impl Reloading<'_> {
    /// Reads the configurations again and follows them. Says in the log and in the counts of each
    /// site what became of it.
    ///
    /// # Errors
    /// All that is wrong; then everything goes on as before.
    pub(super) async fn reload(&mut self) -> Result<(), Vec<String>> {
        let outcome = self.try_reload().await;
        for app in self.live.present().all() {
            app.metrics().reloaded(outcome.is_ok());
        }
        match &outcome {
            Ok(()) => tracing::info!(
                "the configuration was read again and holds from now on; what the command line \
                 says, such as the address and the data folder, takes another start"
            ),
            Err(problems) => {
                for problem in problems {
                    tracing::error!(problem, "the configuration cannot be used");
                }
                tracing::error!("everything goes on by the former configuration");
            }
        }
        outcome
    }

    async fn try_reload(&mut self) -> Result<(), Vec<String>> {
        let (paths, read) = (self.paths.to_vec(), clock::now());
        let loaded = tokio::task::spawn_blocking(move || config::load_all(&paths)).await;
        let configs = loaded.map_err(one)?.map_err(|errors| {
            let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
            let lines = texts.iter().flat_map(|text| text.lines());
            lines.map(str::to_owned).collect::<Vec<String>>()
        })?;
        self.no_site_is_gone(&configs)?;
        self.no_other_days(&configs)?;
        for file in &configs {
            let id = file.config.site.id();
            if let Some(running) = self.running.iter_mut().find(|one| one.id == id) {
                running.prepare(&file.config, self.data).map_err(one)?;
            }
        }
        let mut opened = Vec::new();
        let ready = match self.open_new(&configs, &mut opened).await {
            Ok(()) => self.replace_certificates(&configs).await,
            Err(problems) => Err(problems),
        };
        if let Err(problems) = ready {
            for (app, running) in opened {
                running.stop();
                // Nobody has sent anything to it yet.
                let _ = app.store().close().await;
            }
            return Err(problems);
        }

        // Nothing can fail from here on.
        let former = self.live.present();
        let mut sites: Option<Sites> = None;
        for file in configs {
            let id = file.config.site.id().to_owned();
            let known = self.running.iter_mut().find(|one| one.id == id);
            let app = match (known, former.of_id(&id)) {
                (Some(running), Some(app)) => running.follow(app, file.config, self.data).await,
                _ => {
                    let Some(place) = opened.iter().position(|(_, running)| running.id == id)
                    else {
                        continue;
                    };
                    let (app, running) = opened.swap_remove(place);
                    self.running.push(running);
                    tracing::info!(site = id, "this site is new, and served from now on");
                    app
                }
            };
            let app = app.read_from(file.path, read);
            sites = Some(match sites {
                None => app.into(),
                Some(sites) => sites.with(app),
            });
        }
        if let Some(sites) = sites {
            self.live.replace(sites);
        }
        Ok(())
    }

    /// A site whose configuration is gone may have been lost by mistake, and its pages go on sending:
    /// that it is to end, another start says.
    fn no_site_is_gone(&self, configs: &[ConfigFile]) -> Result<(), Vec<String>> {
        let is_there = |id: &str| configs.iter().any(|one| one.config.site.id() == id);
        let gone = self.running.iter().filter(|one| !is_there(&one.id));
        let gone: Vec<String> = gone
            .map(|one| {
                format!(
                    "the site {} has no configuration any more; to serve it no longer, or by another \
                     id, takes another start, after which its data lie where they are",
                    one.id
                )
            })
            .collect();
        if gone.is_empty() { Ok(()) } else { Err(gone) }
    }

    /// Days by another time zone are counted anew before anything is taken in, so at a start.
    fn no_other_days(&self, configs: &[ConfigFile]) -> Result<(), Vec<String>> {
        let (present, now) = (self.live.present(), clock::now());
        let other = configs.iter().filter_map(|one| {
            let site = &one.config.site;
            let counted = present.of_id(site.id())?.store().calendar();
            let meant = site.calendar();
            (!meant.has_days_of(counted, now)).then(|| {
                format!(
                    "the site {} has the timezone {:?} and its days are counted by {:?}; to count \
                     them by another one takes another start",
                    site.id(),
                    meant.name(),
                    counted.name(),
                )
            })
        });
        let other: Vec<String> = other.collect();
        if other.is_empty() { Ok(()) } else { Err(other) }
    }

    /// Opens the data of sites that were not there before. Nobody is sent to them yet.
    async fn open_new(
        &self,
        configs: &[ConfigFile],
        opened: &mut Vec<(App, Running)>,
    ) -> Result<(), Vec<String>> {
        for ConfigFile { path, config } in configs {
            if self.running.iter().any(|one| one.id == config.site.id()) {
                continue;
            }
            let site = Running::open(config.clone(), self.data, &self.shared).await;
            let site = site.map_err(|Failure(why)| one(format!("{}: {why}", path.display())))?;
            opened.push(site);
        }
        Ok(())
    }

    async fn replace_certificates(&self, configs: &[ConfigFile]) -> Result<(), Vec<String>> {
        let files = site::certificates(configs);
        let certificates = match (&self.certificates, files.is_empty()) {
            (None, true) => return Ok(()),
            (Some(certificates), false) => certificates.clone(),
            (Some(_), true) => {
                let wrong = "no site has a certificate any more; to speak TLS no longer takes \
                             another start";
                return Err(vec![wrong.to_owned()]);
            }
            (None, false) => {
                let wrong = "a site has a certificate; to begin to speak TLS takes another start";
                return Err(vec![wrong.to_owned()]);
            }
        };
        let replaced = tokio::task::spawn_blocking(move || certificates.replace(files)).await;
        replaced.map_err(one)?.map_err(one)
    }
}

/// The only thing that is wrong.
fn one(error: impl ToString) -> Vec<String> {
    vec![error.to_string()]
}
