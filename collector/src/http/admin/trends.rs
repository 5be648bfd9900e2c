//! `/admin/v1/trends`: a metric hour by hour or day by day, from the counts that are kept as messages
//! arrive. No visitor and no message is read for it.

use std::collections::BTreeMap;

use firstglance_engine::Timestamp;
use firstglance_engine::json::JsonWriter;
use hyper::{StatusCode, Uri};

use super::super::answer::{Answer, json};
use super::super::error::HttpError;
use super::super::openapi::{Operation, Reply, query as query_of};
use super::super::{App, query};
use super::periods;
use crate::clock;
use crate::schema::{count, has, list, may_have, moment, object, one_of, text};
use crate::store::counting::{Metric, Origin, Period, Step};

/// What a period has: by name, and together under names that had no room.
#[derive(Default)]
struct Point {
    names: BTreeMap<Box<str>, u64>,
    others: u64,
}

pub(super) async fn answer(app: &App, uri: &Uri) -> Result<Answer, HttpError> {
    let metric: Option<Metric> = query::parsed(uri, "metric")?;
    let Some(metric) = metric else {
        let names = Metric::TOLD.map(Metric::name).join(", ");
        return Err(HttpError::Query {
            name: "metric",
            detail: format!("\"metric\" is missing; it must be one of {names}"),
        });
    };
    let step = query::parsed(uri, "step")?.unwrap_or(Step::Day);
    if step == Step::Hour && metric.is_by_day_alone() {
        return Err(HttpError::Query {
            name: "step",
            detail: format!(
                "{:?} is counted by day alone: \"step\" must be day",
                metric.name()
            ),
        });
    }
    let calendar = app.store.calendar();
    let (first, last) = periods::range(uri, calendar, step, clock::now())?;
    let wanted = query::parameter(uri, "name").filter(|name| !name.is_empty());

    let mut points: BTreeMap<Period, Point> = BTreeMap::new();
    for count in app.store.counts(metric, first, last).await? {
        let point = points.entry(count.period).or_default();
        match count.name {
            None if wanted.is_none() => point.others = count.count,
            None => {}
            Some(name) => {
                let name = shown(metric, name);
                if wanted.as_ref().is_none_or(|wanted| **wanted == *name) {
                    *point.names.entry(name).or_default() += count.count;
                }
            }
        }
    }

    let mut body = JsonWriter::default();
    body.open('{');
    body.text_member("metric", metric.name());
    body.text_member("step", step.name());
    body.name("points");
    body.open('[');
    let none = Point::default();
    for number in first.number..=last.number {
        let period = Period { step, number };
        let point = points.get(&period).unwrap_or(&none);
        write(&mut body, metric, (period, calendar.start(period)), point);
    }
    body.close(']');
    body.close('}');
    Ok(json(StatusCode::OK, body.into_string()))
}

/// What brought somebody is told by channel; the rest is for `/admin/v1/campaigns`.
fn shown(metric: Metric, name: Box<str>) -> Box<str> {
    match metric {
        Metric::Arrivals | Metric::ArrivedVisitors | Metric::EngagedVisitors => {
            Origin::of_name(&name).channel().into()
        }
        _ => name,
    }
}

fn write(json: &mut JsonWriter, metric: Metric, (period, at): (Period, Timestamp), point: &Point) {
    json.open('{');
    json.name("at");
    json.moment(at);
    if period.step == Step::Day {
        json.text_member("date", &period.date().to_string());
    }
    json.name("count");
    json.integer(point.names.values().sum::<u64>() + point.others);
    if metric.room().is_some() {
        json.name("names");
        json.open('[');
        for (name, count) in &point.names {
            json.open('{');
            json.text_member("name", name);
            json.name("count");
            json.integer(*count);
            json.close('}');
        }
        json.close(']');
        json.name("others");
        json.integer(point.others);
    }
    json.close('}');
}

pub(super) fn describe() -> Operation {
    let metrics = || one_of(Metric::TOLD.map(Metric::name));
    let steps = || one_of(Step::ALL.map(Step::name));
    let name = object([has("name", text()), has("count", count())]);
    let point = object([
        has(
            "at",
            moment().about("Its beginning. Days are those of the site's time zone."),
        ),
        may_have("date", text().with("format", "date").about("Of a day.")),
        has("count", count()),
        may_have(
            "names",
            list(name).about("Where the metric is counted by name."),
        ),
        may_have("others", count().about("Under names that had no room.")),
    ]);
    let operation = Operation::new("What happened, hour by hour or day by day")
        .details("Visitors by what brought them, and pages, are counted by day alone.")
        .takes(query_of("metric", metrics(), "What is counted.").required())
        .takes(query_of(
            "step",
            steps().with("default", Step::Day.name()).or_empty(),
            "How long each is.",
        ))
        .takes(query_of("name", text(), "Only this one of the names."));
    periods::describe(operation).gives(Reply::json(
        "One after the other, also where there was nothing.",
        object([
            has("metric", metrics()),
            has("step", steps()),
            has("points", list(point)),
        ]),
    ))
}
