//! What a store measures of itself, for whoever watches it. Never anything about a visitor.

use std::fmt;

use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

/// See the module. A copy measures the same.
#[derive(Clone)]
pub struct Meter {
    /// Requests that shared a flush.
    group: Histogram,
    /// Seconds until what a group changed was on disk.
    flush: Histogram,
}

impl fmt::Debug for Meter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Meter")
    }
}

impl Default for Meter {
    fn default() -> Self {
        Self {
            group: Histogram::new([1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0]),
            flush: Histogram::new([
                0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                0.5, 1.0, 2.5,
            ]),
        }
    }
}

impl Meter {
    /// Says that so many requests shared a flush, which took so long.
    pub fn flushed(&self, requests: usize, seconds: f64) {
        #[allow(clippy::cast_precision_loss)] // A group has some hundreds.
        self.group.observe(requests as f64);
        self.flush.observe(seconds);
    }

    /// Adds what is measured to a register.
    pub(crate) fn register(&self, registry: &mut Registry) {
        registry.register(
            "store_group_requests",
            "Requests that shared a flush to the disk",
            self.group.clone(),
        );
        registry.register_with_unit(
            "store_flush",
            "Time until what a group of requests changed was on disk",
            Unit::Seconds,
            self.flush.clone(),
        );
    }
}
