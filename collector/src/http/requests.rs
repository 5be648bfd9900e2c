//! What is counted of requests, whatever site they are for: by route and kind of status, and how long
//! they took. Routes are told as they are written down, with a name in braces in place of an id.

use std::time::{Duration, Instant};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use super::error::HttpError;

/// Upper ends of the steps of time, in seconds.
const STEPS: [f64; 12] = [
    0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0,
];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    route: &'static str,
    status: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    route: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Version {
    version: &'static str,
}

/// See the module.
pub(super) struct Requests {
    registry: Registry,
    answered: Family<Answered, Counter>,
    seconds: Family<Route, Histogram, fn() -> Histogram>,
    connections: Gauge,
    held: Gauge,
    streams: Gauge,
    uptime: Gauge,
    started: Instant,
}

impl Default for Requests {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("firstglance");
        let answered = Family::<Answered, Counter>::default();
        let seconds: Family<Route, Histogram, fn() -> Histogram> =
            Family::new_with_constructor(|| Histogram::new(STEPS));
        let (held, streams, uptime) = (Gauge::default(), Gauge::default(), Gauge::default());
        let connections = Gauge::default();
        let build = Family::<Version, Gauge>::default();
        registry.register(
            "http_requests",
            "Requests answered, by route and kind of status",
            answered.clone(),
        );
        registry.register_with_unit(
            "http_request",
            "Time until a request was answered, by route",
            Unit::Seconds,
            seconds.clone(),
        );
        registry.register(
            "http_connections",
            "Connections that are open",
            connections.clone(),
        );
        registry.register_with_unit(
            "http_bodies_held",
            "Bodies of requests that are held, in steps of a kibibyte",
            Unit::Bytes,
            held.clone(),
        );
        registry.register(
            "http_streams",
            "Clients that listen to what is committed",
            streams.clone(),
        );
        registry.register_with_unit(
            "uptime",
            "Time since the start of the process",
            Unit::Seconds,
            uptime.clone(),
        );
        registry.register("build", "The version that runs", build.clone());
        let version = env!("CARGO_PKG_VERSION");
        build.get_or_create(&Version { version }).set(1);
        Self {
            registry,
            answered,
            seconds,
            connections,
            held,
            streams,
            uptime,
            started: Instant::now(),
        }
    }
}

/// A connection that is open, until this is dropped.
pub(super) struct Connected(Gauge);

impl Drop for Connected {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Requests {
    /// Counts a connection for as long as it is open.
    pub(super) fn connected(&self) -> Connected {
        self.connections.inc();
        Connected(self.connections.clone())
    }

    /// Counts a request.
    pub(super) fn answered(&self, route: &'static str, status: u16, took: Duration) {
        let status = match status {
            100..200 => "1xx",
            200..300 => "2xx",
            300..400 => "3xx",
            400..500 => "4xx",
            _ => "5xx",
        };
        self.answered
            .get_or_create(&Answered { route, status })
            .inc();
        let seconds = self.seconds.get_or_create(&Route { route });
        seconds.observe(took.as_secs_f64());
    }

    /// All of it in the text form that Prometheus reads, with what holds at this moment: bytes of
    /// bodies that are held, and clients that listen.
    pub(super) fn text(&self, held: usize, streams: usize) -> Result<String, HttpError> {
        let shown = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        self.held.set(shown(held));
        self.streams.set(shown(streams));
        let uptime = self.started.elapsed().as_secs();
        self.uptime.set(i64::try_from(uptime).unwrap_or(i64::MAX));
        let mut text = String::new();
        encode(&mut text, &self.registry).map_err(|_| HttpError::Internal)?;
        Ok(text)
    }
}
