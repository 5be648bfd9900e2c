//! Keeps what is recorded of visitors in step with time and with the model: a walk over all of them
//! when the model is another one, and one now and then for what time alone changes.
//!
//! Which model everybody was last evaluated by is noted in the data folder when such a walk ends.
//! So one that was broken off, by a restart or by yet another model, is begun again, and a
//! configuration that changed while nothing ran is noticed.

use std::sync::Arc;
use std::time::{Duration, Instant};

use firstglance_engine::Model;
use firstglance_engine::codec::Encode as _;
use sha2::{Digest as _, Sha256};
use tokio::sync::watch;

use crate::clock;
use crate::data::DataFile;
use crate::hexadecimal::hexadecimal;
use crate::metrics::Metrics;
use crate::store::listing::List;
use crate::store::{Store, StoreError};
use crate::sweep::{self, PAUSE, Whom};

/// Name of the file in the data folder.
pub const FILE: &str = "evaluated-by";

/// Time from the beginning of a walk to that of the next, at least.
const EVERY: Duration = Duration::from_secs(60 * 60);

/// Time between two lines of the log about one walk.
const TELL_EVERY: Duration = Duration::from_secs(10);

/// Evaluates the visitors of a site.
pub struct Evaluations {
    /// Id of the site, for the log.
    pub site: String,
    /// Where they are.
    pub store: Arc<dyn Store>,
    /// What is noted of the model; see [`FILE`].
    pub noted: DataFile,
    /// Where progress is told.
    pub metrics: Arc<Metrics>,
}

impl Evaluations {
    /// Walks for as long as it is polled and somebody may change the model. Ends by itself when the
    /// store closes.
    pub async fn run(self, mut models: watch::Receiver<Arc<Model>>) {
        loop {
            let model = models.borrow_and_update().clone();
            let begun = tokio::time::Instant::now();
            let walked = tokio::select! {
                walked = self.walk(&model) => walked,
                changed = models.changed() => match changed {
                    Ok(()) => continue,
                    Err(_) => return,
                },
            };
            match walked {
                Ok(()) => {}
                Err(StoreError::Closing) => return,
                // It may be one record that cannot be read; a store that takes nothing says so
                // itself.
                Err(error) => {
                    tracing::warn!(site = self.site, %error, "a walk over the visitors was broken off");
                }
            }
            tokio::select! {
                () = tokio::time::sleep_until(begun + EVERY) => {}
                changed = models.changed() => if changed.is_err() {
                    return;
                },
            }
        }
    }

    /// The walk that is due.
    async fn walk(&self, model: &Arc<Model>) -> Result<(), StoreError> {
        let digest = digest(model);
        // A note that cannot be read costs a walk.
        let noted = self.noted.read().ok().flatten();
        if noted.is_some_and(|noted| noted == digest.as_bytes()) {
            let store = &*self.store;
            let changes =
                sweep::walk(store, model, Whom::Recent, clock::now, PAUSE, |_| {}).await?;
            if changes > 0 {
                let site = &*self.site;
                tracing::info!(site, changes, "recorded what time has changed");
            }
            return Ok(());
        }
        self.evaluate(model).await?;
        if let Err(error) = self.noted.write(digest.as_bytes()) {
            tracing::warn!(site = self.site, %error, "the next start evaluates all visitors again");
        }
        Ok(())
    }

    /// Evaluates everybody by another model.
    async fn evaluate(&self, model: &Arc<Model>) -> Result<(), StoreError> {
        let site = &*self.site;
        let total = known(&*self.store).await?;
        self.metrics.reevaluating(0, total);
        if total > 0 {
            tracing::info!(
                site,
                total,
                "the model has changed; visitors are evaluated again"
            );
        }
        let mut told = Instant::now();
        let looked_at = |done: u64| {
            // Others may become known meanwhile.
            self.metrics.reevaluating(done, total.max(done));
            if told.elapsed() >= TELL_EVERY {
                told = Instant::now();
                tracing::info!(site, done, total, "visitors are evaluated again");
            }
        };
        let store = &*self.store;
        let changes = sweep::walk(store, model, Whom::All, clock::now, PAUSE, looked_at).await?;
        if total > 0 {
            tracing::info!(
                site,
                total,
                changes,
                "all visitors are evaluated by the new model"
            );
        }
        Ok(())
    }
}

/// How many visitors are known.
async fn known(store: &dyn Store) -> Result<u64, StoreError> {
    let mut sizes = store.list_sizes().await?.into_iter();
    let all = sizes.find(|one| one.list == List::All);
    Ok(all.map_or(0, |all| all.visitors))
}

fn digest(model: &Model) -> String {
    hexadecimal(&Sha256::digest(model.to_text()))
}

#[cfg(test)]
mod tests {
    use firstglance_engine::json::{Clock, SharedFields, read_message};
    use firstglance_engine::{Milliseconds, Timestamp, VisitorId};

    use super::*;
    use crate::config::Config;
    use crate::data::DataFolder;
    use crate::store::embedded::Embedded;
    use crate::store::{Commit, NewMessage, ProfileFold};

    const VISITORS: usize = 600;

    fn model(segment: &str) -> Arc<Model> {
        let segment = match segment {
            "" => String::new(),
            id => format!("[[segment]]\nid = \"{id}\"\nwhen = 'visits >= 1'\n"),
        };
        let config = format!("[site]\nwrite_key = \"k\"\n{segment}");
        Arc::new(Config::parse(&config).unwrap().model)
    }

    fn commit(visitor: usize, at: Timestamp) -> Commit {
        let raw = format!(
            r#"{{"type":"page","messageId":"1","anonymousId":"v{visitor}","timestamp":"{at}"}}"#
        );
        let clock = Clock {
            received_at: Timestamp::MAX,
            sent_at: None,
        };
        let message = read_message(&raw, None, &SharedFields::default(), clock).unwrap();
        let raw = raw.into();
        Commit {
            received_at: at,
            consent: None,
            context: None,
            messages: vec![NewMessage { message, raw }],
            claim: None,
        }
    }

    /// A second model while everybody is evaluated by a first one, and messages in between.
    #[tokio::test(flavor = "multi_thread")]
    async fn another_model_begins_anew_and_nothing_waits_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataFolder::open(folder.path()).unwrap();
        let fold = ProfileFold::new(model(""));
        let store: Arc<dyn Store> = Arc::new(Embedded::open(&data.store(), fold.clone()).unwrap());
        let hour_ago = clock::now().minus(Milliseconds(3_600_000));
        let sent = (0..VISITORS).map(|visitor| store.commit(commit(visitor, hour_ago)));
        for sent in sent.collect::<Vec<_>>() {
            sent.await.unwrap();
        }
        assert_eq!(known(&*store).await.unwrap(), VISITORS as u64);
        let evaluations = Evaluations {
            site: "site".to_owned(),
            store: store.clone(),
            noted: data.file(FILE),
            metrics: Arc::default(),
        };
        fold.replace(model("first"));
        let (models, changing) = watch::channel(model("first"));
        let running = tokio::spawn(evaluations.run(changing));
        let segments = async |visitor: usize| -> Vec<String> {
            let visitor = VisitorId::parse(&format!("v{visitor}")).unwrap();
            let profile = store.visitor(&visitor).await.unwrap().unwrap();
            let changes = profile.changes().into_iter();
            let told = changes.map(|change| format!("{:?}", change.kind).replace('"', ""));
            told.collect()
        };
        let until = async |visitor: usize, expected: &[&str]| {
            for _ in 0..1_000 {
                if segments(visitor).await == expected {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            panic!("{visitor}: {:?}", segments(visitor).await);
        };
        until(0, &["Entered(first)"]).await;
        fold.replace(model("second"));
        models.send_replace(model("second"));
        // Somebody who comes while it goes on is never anything but what the present model says.
        store.commit(commit(VISITORS, hour_ago)).await.unwrap();
        assert_eq!(segments(VISITORS).await, ["Entered(second)"]);
        // All at the moment of the only event, in the order of their names.
        until(0, &["Entered(first)", "Entered(second)", "Left(first)"]).await;
        for _ in 0..1_000 {
            if data.file(FILE).read().unwrap().is_some() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let noted = data.file(FILE).read().unwrap().unwrap();
        assert_eq!(noted, digest(&model("second")).as_bytes());
        for visitor in 0..=VISITORS {
            let told = segments(visitor).await;
            assert!(told.contains(&"Entered(second)".to_owned()), "{visitor}");
        }
        running.abort();
        store.close().await.unwrap();
    }
}
