//! The parameters `from` and `to`: a range of hours or days that are kept, both ends included.

use firstglance_engine::Timestamp;
use hyper::Uri;

use super::super::error::HttpError;
use super::super::openapi::{Operation, query as query_of};
use super::super::query;
use crate::schema::{any_of, moment as moment_shape, text};
use crate::store::calendar::Calendar;
use crate::store::counting::{Period, Step};

/// Periods of an answer at most: as many days as are kept.
const MOST: u32 = 801;

/// Days that are told where `from` is not given.
const USUAL_DAYS: u32 = 29;

/// Hours that are told where `from` is not given.
const USUAL_HOURS: u32 = 47;

/// Reads the range: the latest periods where it is not given.
pub(super) fn range(
    uri: &Uri,
    calendar: &Calendar,
    step: Step,
    now: Timestamp,
) -> Result<(Period, Period), HttpError> {
    let last = moment(uri, calendar, "to")?.unwrap_or(now);
    let last = calendar.period(step, last);
    let usual = match step {
        Step::Hour => USUAL_HOURS,
        Step::Day => USUAL_DAYS,
    };
    let first_kept = calendar.first_kept(step, now);
    let first = match moment(uri, calendar, "from")? {
        Some(from) => calendar.period(step, from),
        None => last.minus(usual).max(first_kept.min(last)),
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
            calendar.start(first_kept),
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
fn moment(
    uri: &Uri,
    calendar: &Calendar,
    name: &'static str,
) -> Result<Option<Timestamp>, HttpError> {
    let day = query::parameter(uri, name).and_then(|text| Period::of_date(text.parse().ok()?));
    match day {
        Some(day) => Ok(Some(calendar.start(day))),
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
