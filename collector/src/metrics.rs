//! What the collector counts, for whoever watches it. Counts since the start of the process, never
//! anything about a visitor; labels have few values, all of them known beforehand.

use std::fmt;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use crate::ingest::Refused;
use crate::store::Committed;
use crate::store::meter::Meter;

/// For the header `Content-Type` of what [`Metrics::text`] gives.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// See the module.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    store_ready: Gauge,
    store_waiting: Gauge,
    store_disk: Gauge,
    messages: Family<Outcome, Counter>,
    refused: Family<Reason, Counter>,
    dropped: Counter,
    refused_requests: Family<Reason, Counter>,
    refused_not_kept: Counter,
    reloads: Family<Outcome, Counter>,
    reevaluated: Gauge,
    to_reevaluate: Gauge,
}

/// What became of a message, or of a reload.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

/// Messages, by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Messages {
    /// Stored.
    pub accepted: u64,
    /// Known already.
    pub duplicate: u64,
    /// Refused.
    pub refused: u64,
}

impl Messages {
    /// What came after another moment.
    #[must_use]
    pub const fn since(&self, before: &Self) -> Self {
        Self {
            accepted: self.accepted.saturating_sub(before.accepted),
            duplicate: self.duplicate.saturating_sub(before.duplicate),
            refused: self.refused.saturating_sub(before.refused),
        }
    }
}

/// Why a message or a request was refused, as answers name it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Reason {
    reason: &'static str,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("firstglance");
        let messages = Family::<Outcome, Counter>::default();
        let refused = Family::<Reason, Counter>::default();
        let dropped = Counter::default();
        let refused_not_kept = Counter::default();
        let refused_requests = Family::<Reason, Counter>::default();
        registry.register(
            "messages",
            "Messages received, by what became of them",
            messages.clone(),
        );
        registry.register(
            "messages_refused",
            "Messages refused, by reason",
            refused.clone(),
        );
        registry.register(
            "messages_dropped_by_pages",
            "Messages that pages say they had to drop before they could be sent",
            dropped.clone(),
        );
        registry.register(
            "requests_refused",
            "Requests of senders refused as a whole, by reason",
            refused_requests.clone(),
        );
        registry.register(
            "messages_refused_not_kept",
            "Refused messages that the store had no time to keep for the owner",
            refused_not_kept.clone(),
        );
        let reloads = Family::<Outcome, Counter>::default();
        let (reevaluated, to_reevaluate) = (Gauge::default(), Gauge::default());
        registry.register(
            "config_reload",
            "Reloads of the configuration, by what became of them",
            reloads.clone(),
        );
        registry.register(
            "reevaluation_done",
            "Visitors looked at since the model changed",
            reevaluated.clone(),
        );
        registry.register(
            "reevaluation_total",
            "Visitors to be looked at since the model changed",
            to_reevaluate.clone(),
        );
        // What has not happened yet is 0, and not unknown.
        for outcome in ["accepted", "duplicate", "refused"] {
            drop(messages.get_or_create(&Outcome { outcome }));
        }
        for outcome in ["applied", "refused"] {
            drop(reloads.get_or_create(&Outcome { outcome }));
        }
        Self {
            registry,
            store_ready: Gauge::default(),
            store_waiting: Gauge::default(),
            store_disk: Gauge::default(),
            messages,
            refused,
            dropped,
            refused_requests,
            refused_not_kept,
            reloads,
            reevaluated,
            to_reevaluate,
        }
    }
}

impl Metrics {
    /// Counts the messages of a request that was answered, and those that its page had to drop.
    /// A request that is sent again says the same once more: of messages that are all known already
    /// nothing but that is counted.
    pub fn answered(&self, committed: &Committed, refused: &[Refused], dropped: u32) {
        let count = |outcome: &'static str, number: usize| {
            let counter = self.messages.get_or_create(&Outcome { outcome });
            counter.inc_by(number as u64);
        };
        let accepted = committed.new.iter().filter(|new| **new).count();
        count("accepted", accepted);
        count("duplicate", committed.new.len() - accepted);
        count("refused", refused.len());
        for refused in refused {
            let reason = refused.why.tag();
            self.refused.get_or_create(&Reason { reason }).inc();
        }
        if accepted > 0 && dropped > 0 {
            tracing::info!(dropped, "a page had to drop messages");
            self.dropped.inc_by(dropped.into());
        }
    }

    /// Messages since the start of the process.
    #[must_use]
    pub fn messages(&self) -> Messages {
        let count = |outcome| self.messages.get_or_create(&Outcome { outcome }).get();
        Messages {
            accepted: count("accepted"),
            duplicate: count("duplicate"),
            refused: count("refused"),
        }
    }

    /// Counts a request that was refused as a whole, by the error's name in the answer.
    pub fn refused_request(&self, reason: &'static str) {
        self.refused_requests
            .get_or_create(&Reason { reason })
            .inc();
    }

    /// Counts refused messages that are not kept for the owner.
    pub fn refused_not_kept(&self, count: usize) {
        self.refused_not_kept.inc_by(count as u64);
    }

    /// Counts a reload of the configuration.
    pub fn reloaded(&self, applied: bool) {
        let outcome = if applied { "applied" } else { "refused" };
        self.reloads.get_or_create(&Outcome { outcome }).inc();
    }

    /// How far the evaluation of stored profiles by another model has come: visitors looked at, of
    /// how many.
    pub fn reevaluating(&self, done: u64, total: u64) {
        let shown = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        self.reevaluated.set(shown(done));
        self.to_reevaluate.set(shown(total));
    }

    /// Like the default, with what a store measures of itself.
    #[must_use]
    pub fn of_store(meter: &Meter) -> Self {
        let mut metrics = Self::default();
        meter.register(&mut metrics.registry);
        for (name, help, gauge) in [
            (
                "store_ready",
                "Whether the store takes commits: 1 or 0",
                &metrics.store_ready,
            ),
            (
                "store_waiting",
                "Requests that wait for the store",
                &metrics.store_waiting,
            ),
        ] {
            metrics.registry.register(name, help, gauge.clone());
        }
        metrics.registry.register_with_unit(
            "store_disk",
            "What the store takes on disk",
            Unit::Bytes,
            metrics.store_disk.clone(),
        );
        metrics
    }

    /// How the store is at this moment: requests that wait, and bytes on disk.
    pub fn store_is(&self, ready: bool, waiting: usize, disk: u64) {
        self.store_ready.set(i64::from(ready));
        self.store_waiting
            .set(i64::try_from(waiting).unwrap_or(i64::MAX));
        self.store_disk.set(i64::try_from(disk).unwrap_or(i64::MAX));
    }

    /// All of it in the text form that Prometheus reads.
    ///
    /// # Errors
    /// Never, as long as memory can be written.
    pub fn text(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}
