//! `/admin/v1/results`: whether the content of a slot helped, from the counts of each day. No visitor
//! and no message is read for it.
//!
//! Days are those on which visitors first saw any content of the slot; what they did later counts
//! there.

use std::ops::Range;

use firstglance_engine::Timestamp;
use firstglance_engine::content::Slot;
use firstglance_engine::json::JsonWriter;
use hyper::{StatusCode, Uri};

use super::super::answer::{Answer, json};
use super::super::error::HttpError;
use super::super::openapi::{Operation, Reply, query as query_of};
use super::super::slots::{self, Mismatch};
use super::super::{App, apart, query};
use crate::clock;
use crate::effect::mismatch::visitors_needed;
use crate::effect::posterior::{Interval, Lift, Posterior};
use crate::effect::{Arm, Comparison, Goal, Numbers, Results};
use crate::schema::{
    Member, Schema, amount, count, has, list, moment, number, object, text, truth, whole,
};
use crate::store::calendar::Calendar;
use crate::store::counting::{Metric, Period, Sum};

/// Days that are told where none are said.
const USUAL_DAYS: u32 = 30;

/// Days at most: as many as are kept.
const MOST_DAYS: u32 = 800;

/// Decimals of what is told.
const DECIMALS: f64 = 1e6;

pub(super) async fn answer(app: &App, uri: &Uri) -> Result<Answer, HttpError> {
    let asked = query::parameter(uri, "slot").filter(|slot| !slot.is_empty());
    let Some(asked) = asked else {
        return Err(HttpError::Query {
            name: "slot",
            detail: "\"slot\" is missing; /admin/v1/slots has all there are".to_owned(),
        });
    };
    let calendar = app.store.calendar();
    let (first, last) = days(uri, calendar)?;
    let sums = slots::sums(app, first, last).await?;
    let model = app.model();
    let slot = model.slot(&asked);
    let goal = goal(app, uri, &asked)?;
    let goal_id = goal.as_ref().map(|goal| &*goal.id);
    let results = Results::of(sums.iter().map(Sum::told), &asked, goal_id);
    if slot.is_none() && results.is_empty() {
        return Err(unknown_slot(app, &asked));
    }
    let others = sums
        .iter()
        .filter(|sum| sum.metric == Metric::ContentVisitors && sum.name.is_none());
    let told = Told {
        id: asked.into_owned(),
        slot: slot.cloned(),
        goal: goal.map(|goal| (goal.id, goal.label)),
        results,
        others: others.map(|sum| sum.count).sum(),
        range: calendar.start(first)..calendar.range(last).end,
    };
    // Integrals over many variants take some hundredths of a second.
    let body = apart(move || told.write()).await?;
    Ok(json(StatusCode::OK, body))
}

/// The last days that are asked for.
fn days(uri: &Uri, calendar: &Calendar) -> Result<(Period, Period), HttpError> {
    let wrong = || HttpError::Query {
        name: "days",
        detail: format!("\"days\" must be a whole number from 1 to {MOST_DAYS}"),
    };
    let days = query::parameter(uri, "days").filter(|text| !text.is_empty());
    let days = days.map(|text| text.parse()).transpose();
    let days: u32 = days.map_err(|_| wrong())?.unwrap_or(USUAL_DAYS);
    if !(1..=MOST_DAYS).contains(&days) {
        return Err(wrong());
    }
    Ok(calendar.last_days(days, clock::now()))
}

/// The goal that is asked for, or that of the slot; nothing where there is none at all.
fn goal(app: &App, uri: &Uri, slot: &str) -> Result<Option<Goal>, HttpError> {
    let Some(asked) = query::parameter(uri, "goal").filter(|goal| !goal.is_empty()) else {
        return Ok(app.goal_of(slot));
    };
    let goals = app.contents.present().goals.clone();
    let found = goals.iter().find(|goal| *goal.id == *asked).cloned();
    found.map(Some).ok_or_else(|| HttpError::Unknown {
        what: "goal",
        id: asked.into_owned(),
        known: goals
            .iter()
            .map(|goal| &*goal.id)
            .collect::<Vec<_>>()
            .join(", "),
    })
}

fn unknown_slot(app: &App, id: &str) -> HttpError {
    HttpError::Unknown {
        what: "slot",
        id: id.to_owned(),
        known: app
            .model()
            .slots
            .iter()
            .map(|slot| &*slot.id)
            .collect::<Vec<_>>()
            .join(", "),
    }
}

/// What is told.
struct Told {
    id: String,
    slot: Option<Slot>,
    goal: Option<(Box<str>, Box<str>)>,
    results: Results,
    others: u64,
    range: Range<Timestamp>,
}

impl Told {
    fn write(&self) -> String {
        let results = &self.results;
        let mut body = JsonWriter::default();
        body.open('{');
        text_or_null(&mut body, "slot", Some(&self.id));
        let label = self.slot.as_ref().map(|slot| &*slot.label);
        text_or_null(&mut body, "label", label);
        let (goal, label) = match &self.goal {
            Some((id, label)) => (Some(&**id), Some(&**label)),
            None => (None, None),
        };
        text_or_null(&mut body, "goal", goal);
        text_or_null(&mut body, "goalLabel", label);
        body.name("from");
        body.moment(self.range.start);
        body.name("to");
        body.moment(self.range.end);
        let ids = slots::variants(self.slot.as_ref(), results);
        let best = slots::best(results, &ids, self.goal.is_some());
        body.name("variants");
        body.open('[');
        for (place, id) in ids.iter().enumerate() {
            body.open('{');
            text_or_null(&mut body, "variant", Some(id));
            let slot = self.slot.as_ref();
            let variant = slot.and_then(|slot| slot.variant(id));
            text_or_null(&mut body, "label", variant.map(|variant| &*variant.label));
            body.name("configured");
            body.bool(variant.is_some());
            self.write_pair(
                &mut body,
                results.of_variant(id, Arm::Variant),
                results.of_variant(id, Arm::Control),
            );
            body.name("best");
            optional(&mut body, best.get(place).copied());
            body.close('}');
        }
        body.close(']');
        body.name("all");
        body.open('{');
        let (shown, control) = (results.of_arm(Arm::Variant), results.of_arm(Arm::Control));
        self.write_pair(&mut body, shown, control);
        body.close('}');
        body.name("segments");
        body.open('[');
        for segment in results.segments() {
            body.open('{');
            text_or_null(&mut body, "segment", Some(segment));
            body.name("variants");
            body.open('[');
            for id in &ids {
                body.open('{');
                text_or_null(&mut body, "variant", Some(id));
                let of = |arm| results.of_segment(Some(segment), id, arm);
                self.write_pair(&mut body, of(Arm::Variant), of(Arm::Control));
                body.close('}');
            }
            body.close(']');
            body.close('}');
        }
        body.close(']');
        body.name("mismatches");
        body.open('[');
        for one in slots::mismatches(self.slot.as_ref(), results) {
            write_mismatch(&mut body, &one);
        }
        body.close(']');
        body.name("others");
        body.integer(self.others);
        body.close('}');
        body.into_string()
    }

    /// Those who saw it, those who were held out, and how they compare.
    fn write_pair(&self, body: &mut JsonWriter, shown: Numbers, control: Numbers) {
        body.name("shown");
        write_numbers(body, &shown);
        body.name("control");
        write_numbers(body, &control);
        let compared = shown.compared_with(&control);
        let of = |lift: fn(&Comparison) -> Option<Lift>| compared.as_ref().and_then(lift);
        write_lift(body, "clickLift", of(|one| Some(one.clicks)));
        let has_goal = self.goal.is_some();
        let conversions = of(|one| Some(one.conversions)).filter(|_| has_goal);
        write_lift(body, "conversionLift", conversions);
        write_lift(
            body,
            "revenueLift",
            of(|one| one.revenue).filter(|_| has_goal),
        );
        let base = if control.visitors > 0 { control } else { shown };
        let did = if has_goal {
            base.conversions
        } else {
            base.clickers
        };
        let rate = did as f64 / base.visitors.max(1) as f64;
        body.name("visitorsNeeded");
        match visitors_needed(rate, slots::NOTABLE) {
            Some(needed) => body.integer(needed),
            None => body.null(),
        }
    }
}

fn write_mismatch(body: &mut JsonWriter, mismatch: &Mismatch) {
    body.open('{');
    text_or_null(body, "of", Some(mismatch.of.name()));
    body.name("probability");
    match mismatch.probability {
        // Not rounded: what matters of it are its magnitudes.
        Some(probability) => body.number(probability),
        None => body.null(),
    }
    body.name("told");
    body.bool(mismatch.is_told());
    body.close('}');
}

fn text_or_null(body: &mut JsonWriter, name: &str, text: Option<&str>) {
    body.name(name);
    match text {
        Some(text) => body.text(text),
        None => body.null(),
    }
}

fn optional(body: &mut JsonWriter, value: Option<f64>) {
    match value {
        Some(value) => body.number((value * DECIMALS).round() / DECIMALS),
        None => body.null(),
    }
}

fn write_numbers(body: &mut JsonWriter, numbers: &Numbers) {
    body.open('{');
    for (name, count) in [
        ("visitors", numbers.visitors),
        ("impressions", numbers.impressions),
        ("clicks", numbers.clicks),
        ("clickers", numbers.clickers),
        ("conversions", numbers.conversions),
    ] {
        body.name(name);
        body.integer(count);
    }
    let part = |did: u64| (numbers.visitors > 0).then(|| did as f64 / numbers.visitors as f64);
    let interval = |rate: Posterior| part(0).map(|_| rate.interval());
    write_estimate(
        body,
        "clickRate",
        part(numbers.clickers),
        interval(numbers.click_rate()),
    );
    let conversions = part(numbers.conversions);
    let bounds = interval(numbers.conversion_rate());
    write_estimate(body, "conversionRate", conversions, bounds);
    body.name("revenue");
    optional(body, Some(numbers.revenue as f64 / 100.0));
    let worth = numbers.worth();
    let mean = worth.map(|worth| worth.mean);
    write_estimate(
        body,
        "revenuePerVisitor",
        mean,
        worth.map(|worth| worth.interval()),
    );
    body.close('}');
}

fn write_estimate(
    body: &mut JsonWriter,
    name: &str,
    value: Option<f64>,
    interval: Option<Interval>,
) {
    body.name(name);
    body.open('{');
    for (name, value) in [
        ("value", value),
        ("low", interval.map(|interval| interval.low)),
        ("high", interval.map(|interval| interval.high)),
    ] {
        body.name(name);
        optional(body, value);
    }
    body.close('}');
}

fn write_lift(body: &mut JsonWriter, name: &str, lift: Option<Lift>) {
    body.name(name);
    let Some(lift) = lift else {
        body.null();
        return;
    };
    body.open('{');
    for (name, value) in [
        ("value", lift.estimate),
        ("low", lift.interval.low),
        ("high", lift.interval.high),
        ("probability", lift.probability.clamp(0.0, 1.0)),
    ] {
        body.name(name);
        optional(body, Some(value));
    }
    body.close('}');
}

pub(super) fn describe() -> Operation {
    let estimate = || {
        object([
            has("value", number().or_null()),
            has("low", number().or_null().about("The lower bound of 95 %.")),
            has("high", number().or_null().about("The upper one.")),
        ])
    };
    let numbers = || {
        object([
            has("visitors", count()),
            has("impressions", count()),
            has("clicks", count()),
            has("clickers", count().about("Visitors who clicked.")),
            has(
                "conversions",
                count().about("Visitors who reached the goal in time."),
            ),
            has(
                "clickRate",
                estimate().about("The part of visitors who clicked."),
            ),
            has(
                "conversionRate",
                estimate().about("The part of visitors who reached the goal."),
            ),
            has("revenue", amount()),
            has("revenuePerVisitor", estimate()),
        ])
    };
    let lift = |about: &str| -> Schema {
        let shape = object([
            has(
                "value",
                number().about("By what part it is greater: 0.1 for a tenth."),
            ),
            has("low", number()),
            has("high", number()),
            has("probability", number().about("That it is greater at all.")),
        ]);
        shape.or_null().about(about)
    };
    let pair = || -> Vec<Member> {
        vec![
            has("shown", numbers().about("Those who saw it.")),
            has(
                "control",
                numbers().about("Those who would have, and saw the default."),
            ),
            has("clickLift", lift("Clicks beside those of control.")),
            has(
                "conversionLift",
                lift("Conversions beside those of control."),
            ),
            has(
                "revenueLift",
                lift("Revenue by visitor beside that of control."),
            ),
            has(
                "visitorsNeeded",
                count()
                    .or_null()
                    .about("How many in each arm show a difference of a fifth four times in five."),
            ),
        ]
    };
    let mut variant = vec![
        has("variant", text()),
        has("label", text().or_null()),
        has(
            "configured",
            truth().about("Whether it is in force; else pages alone know it."),
        ),
    ];
    variant.extend(pair());
    variant.push(has(
        "best",
        number()
            .or_null()
            .about("How probable it is that it is the best of those shown."),
    ));
    let mut of_segment = vec![has("variant", text())];
    of_segment.extend(pair());
    let segment = object([
        has("segment", text()),
        has("variants", list(object(of_segment))),
    ]);
    let mismatch = object([
        has("of", text()),
        has(
            "probability",
            number().or_null().about("Nothing while there are too few."),
        ),
        has(
            "told",
            truth().about("Whether something is wrong: below 0.001."),
        ),
    ]);
    Operation::new("Whether the content of a slot helped")
        .details("A visitor counts on the day of the first sight of any content of the slot, by the site's time zone.")
        .takes(query_of("slot", text(), "The slot's id.").required())
        .takes(query_of(
            "goal",
            text(),
            "The goal's id; that of the slot, or the first one, where none is said.",
        ))
        .takes(query_of(
            "days",
            whole(1, MOST_DAYS.into())
                .with("default", USUAL_DAYS)
                .or_empty(),
            "How many last days.",
        ))
        .gives(Reply::json(
            "What visitors came to.",
            object([
                has("slot", text()),
                has("label", text().or_null()),
                has("goal", text().or_null()),
                has("goalLabel", text().or_null()),
                has("from", moment()),
                has(
                    "to",
                    moment().about("The end, which does not belong to it."),
                ),
                has("variants", list(object(variant))),
                has("all", object(pair())),
                has(
                    "segments",
                    list(segment).about("Those for which shares are learnt apart."),
                ),
                has(
                    "mismatches",
                    list(mismatch).about("Whether visitors are shared out as configured."),
                ),
                has(
                    "others",
                    count().about("Visitors of slots that pages made up and that had no room."),
                ),
            ]),
        ))
        .fails([HttpError::Unknown {
            what: "",
            id: String::new(),
            known: String::new(),
        }])
}
