//! `/admin/v1/campaigns`: what brought visitors, by channel, source, medium, campaign, term and content,
//! from the counts of each day. No visitor and no message is read for it.
//!
//! A visitor counts once a day for each origin: over several days, and where `by` puts origins
//! together, whoever came more than once counts more than once.

use std::collections::BTreeMap;

use firstglance_engine::json::JsonWriter;
use hyper::{StatusCode, Uri};

use super::super::answer::{Answer, json};
use super::super::error::HttpError;
use super::super::openapi::{Operation, Reply, limit, query as query_of};
use super::super::{App, apart, query};
use super::periods;
use crate::clock;
use crate::schema::{Member, count, has, list, may_have, moment, object, one_of, text};
use crate::store::counting::{Count, Metric, Origin, Part, Step};

const DEFAULT_LIMIT: usize = 100;
const MOST: usize = 500;

/// By what origins are put together.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    Origin,
    Channel,
    Source,
    Medium,
    Campaign,
    Term,
    Content,
}

const WAYS: [(&str, By); 7] = [
    ("origin", By::Origin),
    ("channel", By::Channel),
    ("source", By::Source),
    ("medium", By::Medium),
    ("campaign", By::Campaign),
    ("term", By::Term),
    ("content", By::Content),
];

/// What a row is about: a part that it is not about is not there.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    channel: Option<&'static str>,
    source: Option<String>,
    medium: Option<String>,
    campaign: Option<String>,
    term: Option<String>,
    content: Option<String>,
}

#[derive(Clone, Copy, Default)]
struct Counts {
    arrivals: u64,
    visitors: u64,
    engaged: u64,
}

/// Rows, and what came under names that had no room.
type Table = (BTreeMap<Row, Counts>, Counts);

pub(super) async fn answer(app: &App, uri: &Uri) -> Result<Answer, HttpError> {
    let limit = query::limit(uri, DEFAULT_LIMIT, MOST)?;
    let by = by(uri)?;
    let calendar = app.store.calendar();
    let (first, last) = periods::range(uri, calendar, Step::Day, clock::now())?;
    let mut counts = Vec::new();
    for metric in [
        Metric::Arrivals,
        Metric::ArrivedVisitors,
        Metric::EngagedVisitors,
    ] {
        counts.push((metric, app.store.counts(metric, first, last).await?));
    }
    // Hostile addresses may have made some hundred thousand of them.
    let (rows, others) = apart(move || table(counts, by)).await?;
    let mut rows: Vec<(Row, Counts)> = rows.into_iter().collect();
    rows.sort_by(|(one, few), (other, many)| (many.arrivals, one).cmp(&(few.arrivals, other)));

    let mut body = JsonWriter::default();
    body.open('{');
    body.name("from");
    body.moment(calendar.start(first));
    body.name("to");
    body.moment(calendar.range(last).end);
    body.name("rows");
    body.open('[');
    for (row, counts) in rows.iter().take(limit) {
        write(&mut body, by, row, *counts);
    }
    body.close(']');
    body.name("leftOut");
    body.integer(rows.len().saturating_sub(limit) as u64);
    body.name("others");
    body.open('{');
    write_counts(&mut body, others);
    body.close('}');
    body.close('}');
    Ok(json(StatusCode::OK, body.into_string()))
}

fn by(uri: &Uri) -> Result<By, HttpError> {
    let Some(text) = query::parameter(uri, "by").filter(|text| !text.is_empty()) else {
        return Ok(By::Origin);
    };
    let found = WAYS.into_iter().find(|(name, _)| *name == text);
    found.map(|(_, by)| by).ok_or_else(|| HttpError::Query {
        name: "by",
        detail: format!(
            "\"by\" must be one of {}",
            WAYS.map(|(name, _)| name).join(", ")
        ),
    })
}

fn table(counts: Vec<(Metric, Vec<Count>)>, by: By) -> Table {
    // To find a channel runs programs: once for each origin, not for each day.
    let mut known: BTreeMap<Box<str>, Row> = BTreeMap::new();
    let (mut rows, mut others) = Table::default();
    for (metric, all) in counts {
        for count in all {
            let counts = match count.name {
                None => &mut others,
                Some(name) => {
                    let row = known.entry(name).or_insert_with_key(|name| row(name, by));
                    rows.entry(row.clone()).or_default()
                }
            };
            match metric {
                Metric::ArrivedVisitors => counts.visitors += count.count,
                Metric::EngagedVisitors => counts.engaged += count.count,
                _ => counts.arrivals += count.count,
            }
        }
    }
    (rows, others)
}

fn row(name: &str, by: By) -> Row {
    let origin = Origin::of_name(name);
    let tells = |part| by == By::Origin || by == part;
    let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Row {
        channel: tells(By::Channel).then(|| origin.channel()),
        source: given(origin.part(Part::Source)).filter(|_| tells(By::Source)),
        medium: given(&origin.medium).filter(|_| tells(By::Medium)),
        campaign: given(&origin.campaign).filter(|_| tells(By::Campaign)),
        // Rows of origins put those of a campaign together, as they always did.
        term: given(&origin.term).filter(|_| by == By::Term),
        content: given(&origin.content).filter(|_| by == By::Content),
    }
}

fn write(json: &mut JsonWriter, by: By, row: &Row, counts: Counts) {
    json.open('{');
    for (name, part, value) in [
        ("channel", By::Channel, row.channel),
        ("source", By::Source, row.source.as_deref()),
        ("medium", By::Medium, row.medium.as_deref()),
        ("campaign", By::Campaign, row.campaign.as_deref()),
        ("term", By::Term, row.term.as_deref()),
        ("content", By::Content, row.content.as_deref()),
    ] {
        let is_of_origins = by == By::Origin && !matches!(part, By::Term | By::Content);
        if is_of_origins || by == part {
            json.name(name);
            match value {
                Some(value) => json.text(value),
                None => json.null(),
            }
        }
    }
    write_counts(json, counts);
    json.close('}');
}

fn write_counts(json: &mut JsonWriter, counts: Counts) {
    for (name, count) in [
        ("arrivals", counts.arrivals),
        ("visitors", counts.visitors),
        ("engaged", counts.engaged),
    ] {
        json.name(name);
        json.integer(count);
    }
}

pub(super) fn describe() -> Operation {
    let counts = || -> [Member; 3] {
        [
            has(
                "arrivals",
                count().about("Page views that something brought."),
            ),
            has("visitors", count().about("Visitors who came, once a day.")),
            has("engaged", count().about("Those who stayed, once a day.")),
        ]
    };
    let mut row: Vec<Member> = ["channel", "source", "medium", "campaign", "term", "content"]
        .map(|part| may_have(part, text().or_null()))
        .into();
    row.extend(counts());
    let ways = one_of(WAYS.map(|(name, _)| name)).with("default", WAYS[0].0);
    let operation = Operation::new("What brought visitors")
        .details("Days are those of the site's time zone. Those with most arrivals first.")
        .takes(query_of(
            "by",
            ways.or_empty(),
            "By what they are put together.",
        ))
        .takes(limit(DEFAULT_LIMIT, MOST));
    periods::describe(operation).gives(Reply::json(
        "What brought them.",
        object([
            has("from", moment()),
            has(
                "to",
                moment().about("The end, which does not belong to it."),
            ),
            has("rows", list(object(row)).holding(0, MOST)),
            has("leftOut", count().about("Rows that `limit` left out.")),
            has(
                "others",
                object(counts()).about("Under names that had no room."),
            ),
        ]),
    ))
}
