//! The parameters `from` and `to`: a range of hours or days that are kept, both ends included.

use firstglance_engine::{Milliseconds, Timestamp};
use hyper::Uri;

use super::super::error::HttpError;
use super::super::openapi::{Operation, query as query_of};
use super::super::query;
use crate::schema::{any_of, moment as moment_shape, text};
use crate::store::counting::{Period, Step};

/// Periods of an answer at most: as many days as are kept.
const MOST: u32 = 801;

/// Days that are told where `from` is not given.
const USUAL_DAYS: u64 = 29;

/// Hours that are told where `from` is not given.
const USUAL_HOURS: u64 = 47;

/// Reads the range: the latest periods where it is not given.
pub(super) fn range(uri: &Uri, step: Step, now: Timestamp) -> Result<(Period, Period), HttpError> {
    let last = Period::of(step, moment(uri, "to")?.unwrap_or(now));
    let usual = match step {
        Step::Hour => USUAL_HOURS,
        Step::Day => USUAL_DAYS,
    };
    let first_kept = step.first_kept(now);
    let first = match moment(uri, "from")? {
        Some(from) => Period::of(step, from),
        None => {
            let usual = last.start().minus(Milliseconds(usual * step.length().0));
            Period::of(step, usual).max(first_kept.min(last))
        }
    };
    let wrong = |name, detail: String| Err(HttpError::Query { name, detail });
    if first > last {
        return wrong("from", "\"from\" must not be later than \"to\"".to_owned());
    }
    if first < first_kept {
        let detail = format!(
            "counts of each {} are kept for {} days: \"from\" must be {} or later",
            step.name(),
            step.days_kept(),
            first_kept.start(),
        );
        return wrong("from", detail);
    }
    if last.number - first.number >= MOST {
        let detail = format!("\"from\" and \"to\" must not be more than {MOST} periods apart");
        return wrong("to", detail);
    }
    Ok((first, last))
}

/// A moment, or a day, which is its beginning.
fn moment(uri: &Uri, name: &'static str) -> Result<Option<Timestamp>, HttpError> {
    let day = query::parameter(uri, name).filter(|text| text.len() == "2026-01-01".len());
    match day.and_then(|day| Timestamp::parse(&format!("{day}T00:00:00Z")).ok()) {
        Some(day) => Ok(Some(day)),
        None => query::moment(uri, name),
    }
}

/// An operation that takes a range.
pub(super) fn describe(operation: Operation) -> Operation {
    let day = || text().with("format", "date");
    let shape = || any_of([moment_shape(), day()]).or_empty();
    operation
        .takes(query_of(
            "from",
            shape(),
            "The first hour or day: a moment in it.",
        ))
        .takes(query_of("to", shape(), "The last."))
}
