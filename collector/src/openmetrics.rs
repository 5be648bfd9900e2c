//! What the text form of metrics says, read back: counts by their labels, and times from histograms. So
//! what the console shows of the collector is what `/metrics` tells, and nothing is counted twice.
//!
//! Reads what this collector writes, and knows no other forms.

use std::collections::BTreeMap;

/// One count.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample<'a> {
    /// Its name, with what its kind adds to it, such as `_total`.
    pub name: &'a str,
    /// Names and values of its labels, as they are written.
    pub labels: Vec<(&'a str, &'a str)>,
    /// How many.
    pub value: f64,
}

impl<'a> Sample<'a> {
    /// The value of a label; empty where it has none of this name.
    #[must_use]
    pub fn label(&self, name: &str) -> &'a str {
        let mut labels = self.labels.iter();
        labels
            .find(|(key, _)| *key == name)
            .map_or("", |(_, value)| value)
    }

    fn of_line(line: &'a str) -> Option<Self> {
        let end = line.find(['{', ' '])?;
        let (name, rest) = line.split_at(end);
        let (labels, value) = match rest.strip_prefix('{') {
            Some(rest) => rest.split_once("} ")?,
            None => ("", rest.trim_start()),
        };
        // Values are names that the collector knows beforehand: none has a quotation mark.
        let labels = labels.split("\",").filter_map(|label| {
            let (name, value) = label.split_once("=\"")?;
            Some((name, value.strip_suffix('"').unwrap_or(value)))
        });
        Some(Self {
            name,
            labels: labels.collect(),
            value: value.split(' ').next()?.parse().ok()?,
        })
    }
}

/// All counts of a text whose name is this one.
pub fn samples<'a>(text: &'a str, name: &'a str) -> impl Iterator<Item = Sample<'a>> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(Sample::of_line)
        .filter(move |sample| sample.name == name)
}

/// How many there were up to each step of a histogram.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Steps(Vec<(f64, f64)>);

/// Up to where a share of what was measured reaches.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Within {
    /// It is at most this.
    Step(f64),
    /// It is beyond the last step, which is this.
    Beyond(f64),
}

impl Steps {
    /// The steps of all histograms of a name, by the value of a label; an empty one has those without.
    #[must_use]
    pub fn by_label<'a>(text: &'a str, name: &str, label: &str) -> BTreeMap<&'a str, Self> {
        let mut all: BTreeMap<&str, Self> = BTreeMap::new();
        let name = format!("{name}_bucket");
        let lines = text.lines().filter(|line| line.starts_with(&name));
        for sample in lines.filter_map(Sample::of_line) {
            let end = match sample.label("le") {
                "+Inf" => f64::INFINITY,
                end => end.parse().unwrap_or(f64::INFINITY),
            };
            let steps = all.entry(sample.label(label)).or_default();
            steps.0.push((end, sample.value));
        }
        for steps in all.values_mut() {
            steps.0.sort_by(|one, other| one.0.total_cmp(&other.0));
        }
        all
    }

    /// How many were measured.
    #[must_use]
    pub fn count(&self) -> f64 {
        self.0.last().map_or(0.0, |(_, count)| *count)
    }

    /// The step that so much of what was measured does not exceed; nothing where nothing was.
    #[must_use]
    pub fn within(&self, share: f64) -> Option<Within> {
        let wanted = self.count() * share;
        if self.count() == 0.0 {
            return None;
        }
        let mut last = 0.0;
        for (end, count) in &self.0 {
            if *count >= wanted && end.is_finite() {
                return Some(Within::Step(*end));
            }
            if end.is_finite() {
                last = *end;
            }
        }
        Some(Within::Beyond(last))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::metrics::Metrics;
    use crate::store::meter::Meter;

    #[test]
    fn what_is_written_is_read() {
        let meter = Meter::default();
        let metrics = Metrics::of_store(&meter);
        metrics.refused_request("busy");
        metrics.refused_request("busy");
        metrics.refused_request("slow_body");
        for seconds in [0.0002, 0.0004, 0.0004, 0.003] {
            meter.flushed(1, seconds);
        }
        let text = metrics.text().unwrap();
        let refused = samples(&text, "firstglance_requests_refused_total");
        let mut refused: Vec<(&str, f64)> = refused
            .map(|sample| (sample.label("reason"), sample.value))
            .collect();
        refused.sort_by_key(|(reason, _)| *reason);
        assert_eq!(refused, [("busy", 2.0), ("slow_body", 1.0)]);
        let flushes = Steps::by_label(&text, "firstglance_store_flush_seconds", "route");
        let flushes = &flushes[""];
        assert_eq!(flushes.count(), 4.0);
        for (share, expected) in [
            (0.25, 0.000_25),
            (0.5, 0.000_5),
            (0.75, 0.000_5),
            (0.76, 0.005),
        ] {
            assert_eq!(
                flushes.within(share),
                Some(Within::Step(expected)),
                "{share}"
            );
        }
        meter.flushed(1, 60.0);
        let text = metrics.text().unwrap();
        let flushes = Steps::by_label(&text, "firstglance_store_flush_seconds", "");
        assert_eq!(flushes[""].within(1.0), Some(Within::Beyond(2.5)));
        assert_eq!(Steps::default().within(0.5), None);
    }

    proptest! {
        /// At least the share is within the step, and less than the share within the step before.
        #[test]
        fn a_share_is_within_its_step(
            seconds in prop::collection::vec(0.0..2.5_f64, 1..50),
            share in 0.01..1.0_f64,
        ) {
            let meter = Meter::default();
            for one in &seconds {
                meter.flushed(1, *one);
            }
            let text = Metrics::of_store(&meter).text().unwrap();
            let steps = Steps::by_label(&text, "firstglance_store_flush_seconds", "");
            let Some(Within::Step(end)) = steps[""].within(share) else {
                panic!("all are within the last step");
            };
            let up_to = |end: f64| seconds.iter().filter(|one| **one <= end).count() as f64;
            let wanted = seconds.len() as f64 * share;
            prop_assert!(up_to(end) >= wanted);
            let before = steps[""].0.iter().map(|(end, _)| *end).filter(|one| *one < end);
            prop_assert!(before.fold(0.0, |most, one| up_to(one).max(most)) < wanted);
        }
    }
}
