//! When a census is made: at the start, after something has changed, and at most as often as the
//! collector has nothing better to do.

use std::sync::Arc;
use std::time::{Duration, Instant};

use firstglance_engine::Model;

use super::collecting::{Ask, Collected};
use super::{Latest, MOST_SEGMENTS};
use crate::clock;
use crate::effect::Goal;
use crate::scan::{Pace, Progress, scan};
use crate::store::counting::{Metric, Period};
use crate::store::listing::List;
use crate::store::{Store, StoreError};

/// Time between two passes, at least.
const LEAST_PAUSE: Duration = Duration::from_secs(10);

/// And as so many times as long as the last one took.
const PAUSE_SHARE: u32 = 20;

/// After so long there is a pass even where nothing came: interests fade.
const LONGEST_PAUSE: Duration = Duration::from_secs(60 * 60);

/// By what visitors are told.
#[derive(Clone)]
pub struct Subject {
    /// The model in force.
    pub model: Arc<Model>,
    /// The goals in force; their conditions are programs of it.
    pub goals: Arc<[Goal]>,
}

/// Makes the census of a site.
pub struct Counting {
    /// Where visitors are.
    pub store: Arc<dyn Store>,
    /// What is in force whenever it is asked.
    pub subject: Box<dyn Fn() -> Subject + Send + Sync>,
    /// Where the result goes.
    pub latest: Latest,
}

/// What tells that something may have changed.
#[derive(PartialEq)]
struct Traces {
    model: Arc<Model>,
    visitors: u64,
    messages: u64,
}

impl Counting {
    /// Makes one after the other for as long as it is polled. Ends by itself when the store closes.
    pub async fn run(self) {
        let mut before: Option<(Traces, tokio::time::Instant)> = None;
        loop {
            let begun = Instant::now();
            match self.step(&mut before).await {
                Ok(()) => {}
                Err(StoreError::Closing) => return,
                Err(error) => tracing::warn!(%error, "a census was broken off"),
            }
            tokio::time::sleep(LEAST_PAUSE.max(begun.elapsed() * PAUSE_SHARE)).await;
        }
    }

    /// A pass, where one is due.
    async fn step(
        &self,
        before: &mut Option<(Traces, tokio::time::Instant)>,
    ) -> Result<(), StoreError> {
        self.store.ready()?;
        let traces = self.traces().await?;
        let is_due = before
            .as_ref()
            .is_none_or(|(known, at)| *known != traces || at.elapsed() >= LONGEST_PAUSE);
        if is_due {
            self.once(Pace::Resting).await?;
            *before = Some((traces, tokio::time::Instant::now()));
        }
        Ok(())
    }

    /// A pass now.
    ///
    /// # Errors
    /// [`StoreError`] where something cannot be read.
    pub async fn once(&self, pace: Pace) -> Result<(), StoreError> {
        let subject = (self.subject)();
        let segments = self.segments(&subject.model).await?;
        let (count, stages) = (segments.len(), subject.model.stages.len());
        let ask = Arc::new(Ask::new(subject, clock::now(), segments));
        let asked = ask.clone();
        let parts = scan(
            &self.store,
            pace,
            &Progress::default(),
            || Collected::new(count, stages),
            move |collected: &mut Collected, _, profile| collected.add(&asked, profile),
        )
        .await?;
        let none = Collected::new(count, stages);
        let all = parts.into_iter().fold(none, Collected::join);
        self.latest.put(all.finish(&ask));
        Ok(())
    }

    /// Segments that are told of, with the labels that the model has for them.
    async fn segments(&self, model: &Model) -> Result<Vec<(Box<str>, Box<str>)>, StoreError> {
        let mut segments: Vec<(Box<str>, Box<str>)> = Vec::new();
        let mut add = |id: &str, label: &str| {
            let known = segments.iter().any(|(known, _)| **known == *id);
            if segments.len() < MOST_SEGMENTS && !known {
                segments.push((id.into(), label.into()));
            }
        };
        for one in &model.segments {
            add(&one.id, &one.label);
        }
        for one in &model.interests {
            add(&one.id, &one.label);
        }
        let mut sizes = self.store.list_sizes().await?;
        sizes.sort_by_key(|size| std::cmp::Reverse(size.visitors));
        for size in sizes {
            if let List::Segment(id) = size.list {
                add(&id, "");
            }
        }
        Ok(segments)
    }

    async fn traces(&self) -> Result<Traces, StoreError> {
        let now = Period::hour(clock::now());
        let messages = self
            .store
            .counts(Metric::Messages, now.minus(1), now)
            .await?;
        let sizes = self.store.list_sizes().await?;
        let all = sizes.iter().find(|size| size.list == List::All);
        Ok(Traces {
            model: (self.subject)().model,
            visitors: all.map_or(0, |all| all.visitors),
            messages: messages.iter().map(|count| count.count).sum(),
        })
    }
}
