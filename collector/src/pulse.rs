//! The pulse of a site's collector: what came in the last hour, sampled every ten seconds, and how
//! large the store was on each day, kept in a small file so that a restart goes on where it was.
//!
//! Numbers alone, bounded, and never anything about a visitor. Nobody waits for it: what cannot be
//! measured is left out.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use firstglance_engine::{Milliseconds, Timestamp};

use crate::clock;
use crate::data::DataFile;
use crate::metrics::{Messages, Metrics};
use crate::store::counting::{Period, Step};
use crate::store::listing::List;
use crate::store::{Store, StoreError};

/// Name of the file in the data folder.
pub const FILE: &str = "sizes.json";

/// Bytes that the file may have.
const LARGEST: u64 = 256 * 1024;

/// Time from one sample to the next, and how many are kept: an hour of them.
const EVERY: Duration = Duration::from_secs(10);
const MOST_BEATS: usize = 361;

/// How often the size is measured, and of how many days it is kept.
const SIZE_EVERY: Milliseconds = Milliseconds::from_minutes(60);
const MOST_DAYS: usize = 800;

/// What was counted up to a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beat {
    /// The moment.
    pub at: Timestamp,
    /// Messages since the start of the process, by what became of them.
    pub messages: Messages,
}

/// How large the store was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Size {
    /// Bytes on disk.
    pub bytes: u64,
    /// Visitors that were known.
    pub visitors: u64,
}

/// See the module.
pub struct Pulse {
    metrics: Arc<Metrics>,
    store: Arc<dyn Store>,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    file: Option<DataFile>,
    beats: VecDeque<Beat>,
    /// By the number of the day.
    sizes: BTreeMap<u32, Size>,
    measured: Option<Timestamp>,
}

/// What the file holds.
#[derive(Default, serde::Serialize, serde::Deserialize)]
struct Kept {
    sizes: BTreeMap<u32, Size>,
}

impl Pulse {
    /// Of a site of which nothing was measured yet.
    #[must_use]
    pub fn new(metrics: Arc<Metrics>, store: Arc<dyn Store>) -> Self {
        Self {
            metrics,
            store,
            held: Mutex::default(),
        }
    }

    /// Goes on with the sizes that a file has, and keeps those to come in it.
    pub fn keep_in(&self, file: DataFile) {
        let read = file.read_up_to(LARGEST).map_err(|error| error.to_string());
        let kept = read.and_then(|bytes| match bytes {
            Some(bytes) => {
                serde_json::from_slice::<Kept>(&bytes).map_err(|error| error.to_string())
            }
            None => Ok(Kept::default()),
        });
        let mut held = self.lock();
        match kept {
            Ok(kept) => held.sizes = kept.sizes,
            Err(error) => {
                let file = file.path().display();
                tracing::warn!(%file, error, "sizes of the store cannot be read, and begin anew");
            }
        }
        held.file = Some(file);
    }

    /// Samples for as long as it is polled.
    pub async fn run(self: Arc<Self>) {
        loop {
            let now = clock::now();
            self.beat(now);
            let measured = self.lock().measured;
            if measured.is_none_or(|then| now.since(then) >= SIZE_EVERY) {
                match self.measure(now).await {
                    Ok(_) => {}
                    Err(StoreError::Closing) => return,
                    Err(error) => tracing::debug!(%error, "the store's size is not known"),
                }
            }
            tokio::time::sleep(EVERY).await;
        }
    }

    /// Takes a sample.
    pub fn beat(&self, at: Timestamp) {
        let beat = Beat {
            at,
            messages: self.metrics.messages(),
        };
        let mut held = self.lock();
        // A clock that was set back makes no rate below nothing.
        held.beats.retain(|one| one.at < at);
        held.beats.push_back(beat);
        while held.beats.len() > MOST_BEATS {
            held.beats.pop_front();
        }
    }

    /// Measures the store, as the size of the day that has this moment.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot say.
    pub async fn measure(&self, now: Timestamp) -> Result<Size, StoreError> {
        let bytes = self.store.size().await?;
        let lists = self.store.list_sizes().await?;
        let all = lists.iter().find(|one| one.list == List::All);
        let size = Size {
            bytes,
            visitors: all.map_or(0, |all| all.visitors),
        };
        let written = {
            let mut held = self.lock();
            held.measured = Some(now);
            held.sizes
                .insert(self.store.calendar().day(now).number, size);
            while held.sizes.len() > MOST_DAYS {
                held.sizes.pop_first();
            }
            let kept = Kept {
                sizes: held.sizes.clone(),
            };
            held.file.clone().zip(serde_json::to_vec(&kept).ok())
        };
        if let Some((file, bytes)) = written {
            let written = tokio::task::spawn_blocking(move || file.write(&bytes)).await;
            if let Ok(Err(error)) = written {
                tracing::warn!(%error, "the store's size of today is not kept");
            }
        }
        Ok(size)
    }

    /// The samples, the oldest first.
    #[must_use]
    pub fn beats(&self) -> Vec<Beat> {
        self.lock().beats.iter().copied().collect()
    }

    /// The size of each day on which it was measured.
    #[must_use]
    pub fn sizes(&self) -> BTreeMap<Period, Size> {
        let held = self.lock();
        let of_day = |(number, size): (&u32, &Size)| {
            let (step, number) = (Step::Day, *number);
            (Period { step, number }, *size)
        };
        held.sizes.iter().map(of_day).collect()
    }

    /// Whoever panicked with the lock left samples that are each whole.
    fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How much came from one sample to another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// From when.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// Messages of that time.
    pub messages: Messages,
}

impl Rate {
    /// Between two samples; nothing where they are of one moment.
    #[must_use]
    pub fn between(first: &Beat, last: &Beat) -> Option<Self> {
        (first.at < last.at).then(|| Self {
            from: first.at,
            until: last.at,
            messages: last.messages.since(&first.messages),
        })
    }

    /// A count of it, for each second.
    #[must_use]
    #[allow(clippy::cast_precision_loss)] // Counts of an hour.
    pub fn a_second(&self, count: u64) -> f64 {
        count as f64 * 1_000.0 / self.until.since(self.from).0 as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::DataFolder;
    use crate::store::embedded::Embedded;
    use crate::store::{Committed, ProfileFold};

    #[tokio::test]
    async fn samples_are_bounded_and_sizes_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataFolder::open(folder.path()).unwrap();
        let fold = ProfileFold::new(Arc::new(firstglance_engine::Model::default()));
        let store: Arc<dyn Store> = Arc::new(Embedded::open(&data.store(), fold).unwrap());
        let metrics = Arc::new(Metrics::of_store(store.meter()));
        let pulse = Pulse::new(metrics.clone(), store.clone());
        pulse.keep_in(data.file(FILE));
        let at =
            |seconds: u64| Timestamp::MIN.plus(Milliseconds(1_700_000_000_000 + seconds * 1_000));
        for beat in 0..MOST_BEATS as u64 + 10 {
            let committed = Committed {
                new: vec![true, true, false],
                claim_holds: false,
                erased: false,
            };
            metrics.answered(&committed, &[], 0);
            pulse.beat(at(beat * 10));
        }
        let beats = pulse.beats();
        assert_eq!((beats.len(), beats[0].at), (MOST_BEATS, at(100)));
        let rate = Rate::between(&beats[0], &beats[MOST_BEATS - 1]).unwrap();
        assert_eq!(rate.until.since(rate.from), Milliseconds::from_minutes(60));
        assert_eq!(
            (rate.messages.accepted, rate.messages.duplicate),
            (720, 360)
        );
        assert!((rate.a_second(rate.messages.accepted) - 0.2).abs() < 1e-9);
        assert_eq!(Rate::between(&beats[0], &beats[0]), None);
        // A clock that went back begins anew.
        pulse.beat(at(50));
        assert_eq!(pulse.beats().len(), 1);

        let size = pulse.measure(at(0)).await.unwrap();
        assert_eq!(size.visitors, 0);
        let again = Pulse::new(metrics, store);
        again.keep_in(data.file(FILE));
        assert_eq!(again.sizes(), pulse.sizes());
        assert_eq!(again.sizes().into_values().collect::<Vec<_>>(), [size]);
        data.file(FILE).write(b"no sizes").unwrap();
        again.keep_in(data.file(FILE));
        again.measure(at(100_000)).await.unwrap();
        assert_eq!(again.sizes().len(), 2);
    }
}
