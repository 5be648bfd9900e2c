//! Shares that learn: once an hour, what visitors came to becomes the shares by which the next ones are
//! shared out. They are kept in a file of the site's data, so that a restart goes on where it was.

use std::sync::Arc;
use std::time::Duration;

use firstglance_engine::Timestamp;
use firstglance_engine::content::Choice;

use super::content::Contents;
use crate::clock;
use crate::data::DataFile;
use crate::effect::{Learned, Lesson, Results};
use crate::store::counting::{Metric, Sum};
use crate::store::{Store, StoreError};

/// Name of the file in the data folder.
pub const FILE: &str = "learned-shares.json";

/// Time from one step to the next.
const EVERY: Duration = Duration::from_secs(60 * 60);

/// Of so many last days it is looked at what visitors came to: what they like changes.
const DAYS: u32 = 60;

/// What the file holds.
#[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
struct Kept {
    /// When the last step was, in milliseconds since 1970.
    at: i64,
    shares: Learned,
}

/// Learns the shares of one site.
pub struct Learning {
    pub(super) contents: Arc<Contents>,
    pub(super) store: Arc<dyn Store>,
    pub(super) file: DataFile,
    pub(super) last: Timestamp,
}

impl Learning {
    /// Goes on with what was learned before.
    pub(super) async fn take_up(&mut self) {
        let kept = match self.file.read() {
            Ok(Some(bytes)) => {
                serde_json::from_slice::<Kept>(&bytes).map_err(|error| error.to_string())
            }
            Ok(None) => return,
            Err(error) => Err(error.to_string()),
        };
        match kept {
            Ok(kept) => {
                // A clock that was ahead must not stop the learning.
                self.last = Timestamp::from_milliseconds(kept.at).min(clock::now());
                self.contents.change().await.share_out(kept.shares);
            }
            Err(error) => {
                let file = self.file.path().display();
                tracing::error!(%file, error, "learned shares cannot be read; they are equal again");
            }
        }
    }

    /// Learns for as long as it is polled. Ends by itself when the store closes.
    pub async fn run(mut self) {
        loop {
            let since = clock::now().since(self.last);
            let left = EVERY.saturating_sub(Duration::from_millis(since.0));
            tokio::time::sleep(left).await;
            match self.step(clock::now()).await {
                Ok(()) => {}
                Err(StoreError::Closing) => return,
                Err(error) => tracing::warn!(%error, "shares stay as they are for now"),
            }
        }
    }

    /// One step, from what visitors have come to at a moment.
    ///
    /// # Errors
    /// [`StoreError`] when the counts cannot be read; then everything stays as it was.
    pub async fn step(&mut self, now: Timestamp) -> Result<(), StoreError> {
        self.last = now;
        let (model, goals, before) = {
            let present = self.contents.present();
            let slots = present.slots.iter();
            let goals = slots.map(|one| {
                let goal = present.goal_of(&one.id).map(|goal| goal.id.clone());
                (one.id.clone(), goal, one.floor)
            });
            let goals: Vec<_> = goals.collect();
            (present.model.clone(), goals, present.learned.clone())
        };
        let learns = |choice: &Choice| matches!(choice, Choice::Automatic(_));
        if !model.slots.iter().any(|slot| learns(&slot.choice)) {
            return Ok(());
        }
        let (first, last) = self.store.calendar().last_days(DAYS, now);
        let metrics = vec![
            Metric::ContentVisitors,
            Metric::ContentClickers,
            Metric::Conversions,
        ];
        let sums = self.store.sums(metrics, first, last).await?;
        let worked_out = tokio::task::spawn_blocking(move || {
            let mut learned = (*before).clone();
            learned.keep_only(&model);
            let goal_of = |id: &str| {
                let found = goals.iter().find(|(slot, ..)| **slot == *id);
                found.and_then(|(_, goal, _)| goal.as_deref())
            };
            let results = Results::of_slots(sums.iter().map(Sum::told), goal_of);
            let nothing = Results::default();
            for (id, goal, floor) in &goals {
                let Some(slot) = model.slot(id) else { continue };
                let lesson = Lesson {
                    by_goal: goal.is_some(),
                    floor: f64::from(*floor) / 100.0,
                };
                learned.learn(slot, results.get(id).unwrap_or(&nothing), lesson);
            }
            learned
        });
        let Ok(learned) = worked_out.await else {
            return Err(StoreError::NotDone("learning was broken off".into()));
        };
        let kept = Kept {
            at: i64::try_from(now.as_milliseconds()).unwrap_or(i64::MAX),
            shares: learned,
        };
        let written = serde_json::to_vec(&kept).map_err(|error| error.to_string());
        let written = written.and_then(|bytes| {
            let written = self.file.write(&bytes);
            written.map_err(|error| error.to_string())
        });
        if let Err(error) = written {
            tracing::warn!(
                error,
                "learned shares are not kept: a restart begins before them"
            );
        }
        self.contents.change().await.share_out(kept.shares);
        Ok(())
    }
}
