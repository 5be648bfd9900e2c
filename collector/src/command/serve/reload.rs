//! Another configuration for a collector that runs: checked whole, and then taken over whole or not
//! at all. Requests that are under way end by the configuration they began with.

use std::path::PathBuf;
use std::sync::Arc;

use super::site::{self, Running};
use crate::config::{self, ConfigFile};
use crate::data::DataFolder;
use crate::http::{Certificates, Live, Sites};

/// See the module.
pub(super) struct Reloading<'a> {
    pub(super) paths: &'a [PathBuf],
    pub(super) data: &'a DataFolder,
    pub(super) live: Arc<Live>,
    pub(super) certificates: Option<Arc<Certificates>>,
    pub(super) running: Vec<Running>,
}

impl Reloading<'_> {
    /// Reads the configurations again and follows them. Says in the log and in the counts of each
    /// site what became of it.
    pub(super) async fn reload(&mut self) {
        let outcome = self.try_reload().await;
        for app in self.live.present().all() {
            app.metrics().reloaded(outcome.is_ok());
        }
        match outcome {
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
    }

    async fn try_reload(&mut self) -> Result<(), Vec<String>> {
        let paths = self.paths.to_vec();
        let loaded = tokio::task::spawn_blocking(move || config::load_all(&paths)).await;
        let configs = loaded.map_err(one)?.map_err(|errors| {
            let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
            let lines = texts.iter().flat_map(|text| text.lines());
            lines.map(str::to_owned).collect::<Vec<String>>()
        })?;
        self.same_sites(&configs)?;
        for (running, file) in self.running.iter_mut().zip(&configs) {
            running.prepare(&file.config, self.data).map_err(one)?;
        }
        self.replace_certificates(&configs).await?;

        // Nothing can fail from here on.
        let former = self.live.present();
        let mut sites: Option<Sites> = None;
        for (running, file) in self.running.iter_mut().zip(configs) {
            let Some(app) = former.of_id(&running.id) else {
                continue;
            };
            let app = running.follow(app, file.config, self.data).await;
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

    /// Each site has data that are open; which sites there are is settled at the start.
    fn same_sites(&self, configs: &[ConfigFile]) -> Result<(), Vec<String>> {
        let ids: Vec<&str> = configs.iter().map(|one| one.config.site.id()).collect();
        let known: Vec<&str> = self.running.iter().map(|one| one.id.as_str()).collect();
        if ids == known {
            return Ok(());
        }
        Err(vec![format!(
            "the sites are {} and were {} at the start; other sites, or another order, take \
             another start",
            ids.join(", "),
            known.join(", ")
        )])
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
