//! `/admin/v1/slots`: all slots with their variants, the shares in force, and what is wrong with them.

use firstglance_engine::Timestamp;
use firstglance_engine::content::{Choice, Shares, Slot};
use firstglance_engine::json::JsonWriter;
use hyper::StatusCode;

use super::super::App;
use super::super::answer::{Answer, json};
use super::super::error::HttpError;
use super::super::openapi::{Operation, Reply};
use super::super::slots;
use crate::clock;
use crate::config::Source;
use crate::effect::Results;
use crate::schema::{count, has, list, moment, number, object, one_of, text, truth};
use crate::store::counting::Sum;

/// Slots that pages alone know, at most.
const MOST_FOUND: usize = 200;

pub(super) async fn answer(app: &App) -> Result<Answer, HttpError> {
    let now = clock::now();
    let (first, last) = app.store.calendar().last_days(slots::LOOKED_AT, now);
    let sums = slots::sums(app, first, last).await?;
    let all = Results::of_slots(sums.iter().map(Sum::told), |_| None);
    let mut body = JsonWriter::default();
    body.open('{');
    body.name("slots");
    body.open('[');
    let nothing = Results::default();
    let model = app.model();
    for slot in &model.slots {
        let results = all.get(&slot.id).unwrap_or(&nothing);
        write(&mut body, app, slot, results, now);
    }
    body.close(']');
    body.name("found");
    body.open('[');
    let found = all.iter().filter(|(id, _)| model.slot(id).is_none());
    for (id, results) in found.take(MOST_FOUND) {
        body.open('{');
        body.name("id");
        body.text(id);
        body.name("variants");
        body.open('[');
        for variant in results.variants() {
            body.text(variant);
        }
        body.close(']');
        body.name("visitors");
        body.integer(slots::visitors(results));
        body.close('}');
    }
    body.close(']');
    body.close('}');
    Ok(json(StatusCode::OK, body.into_string()))
}

fn write(body: &mut JsonWriter, app: &App, slot: &Slot, results: &Results, now: Timestamp) {
    body.open('{');
    for (name, value) in [("id", &slot.id), ("label", &slot.label)] {
        body.name(name);
        body.text(value);
    }
    body.name("control");
    body.integer(slot.control.into());
    body.name("choose");
    body.text(slot.choice.name());
    body.name("goal");
    match app.goal_of(&slot.id) {
        Some(goal) => body.text(&goal.id),
        None => body.null(),
    }
    let present = app.contents.present();
    let settings = present.slots.iter().find(|one| one.id == slot.id);
    body.name("source");
    body.text(settings.map_or(Source::File, |one| one.source).name());
    body.name("floor");
    match &slot.choice {
        Choice::Automatic(_) => body.integer(settings.map_or(0, |one| one.floor).into()),
        _ => body.null(),
    }
    body.name("visitors");
    body.integer(slots::visitors(results));
    body.name("variants");
    body.open('[');
    for variant in &slot.variants {
        body.open('{');
        for (name, value) in [("id", &variant.id), ("label", &variant.label)] {
            body.name(name);
            body.text(value);
        }
        for (name, value) in [("from", variant.from), ("until", variant.until)] {
            body.name(name);
            match value {
                Some(moment) => body.moment(moment),
                None => body.null(),
            }
        }
        body.name("conditional");
        body.bool(variant.program.is_some());
        body.close('}');
    }
    body.close(']');
    body.name("shares");
    body.open('[');
    if let Choice::Automatic(apart) = &slot.choice {
        for shares in apart {
            write_shares(body, slot, shares);
        }
    }
    body.close(']');
    body.name("mistakes");
    body.open('[');
    for mistake in slots::mistakes(slot, results, now) {
        body.text(&mistake.sentence());
    }
    body.close(']');
    body.close('}');
}

fn write_shares(body: &mut JsonWriter, slot: &Slot, shares: &Shares) {
    body.open('{');
    body.name("segment");
    match &shares.segment {
        Some(segment) => body.text(segment),
        None => body.null(),
    }
    let weights = shares.weights.iter().map(|weight| f64::from(*weight));
    let sum: f64 = weights.sum();
    body.name("variants");
    body.open('[');
    for (place, variant) in slot.variants.iter().enumerate() {
        body.open('{');
        body.name("variant");
        body.text(&variant.id);
        body.name("share");
        let weight = shares.weights.get(place).copied().map(f64::from);
        // Until something is learned all are equal.
        let equal = 1.0 / slot.variants.len() as f64;
        let share = weight
            .filter(|_| sum > 0.0)
            .map_or(equal, |weight| weight / sum);
        body.rounded(share, 4);
        body.close('}');
    }
    body.close(']');
    body.close('}');
}

pub(super) fn describe() -> Operation {
    let variant = object([
        has("id", text()),
        has("label", text()),
        has("from", moment().or_null()),
        has("until", moment().or_null()),
        has(
            "conditional",
            truth().about("Whether it is for some visitors alone."),
        ),
    ]);
    let share = object([
        has("variant", text()),
        has("share", number().about("A part of one.")),
    ]);
    let shares = object([
        has(
            "segment",
            text().or_null().about("Nothing for everybody else."),
        ),
        has("variants", list(share)),
    ]);
    let slot = object([
        has("id", text()),
        has("label", text()),
        has("control", count().about("Held out, in percent.")),
        has("choose", one_of(Choice::NAMES)),
        has(
            "goal",
            text()
                .or_null()
                .about("Told first in results, and learned by."),
        ),
        has(
            "source",
            one_of([Source::File, Source::Posted].map(Source::name)),
        ),
        has(
            "floor",
            count()
                .or_null()
                .about("Always shared out equally, in percent, where shares are learned."),
        ),
        has(
            "visitors",
            count().about("Who first saw it in the last 30 days."),
        ),
        has("variants", list(variant).about("By rank.")),
        has(
            "shares",
            list(shares).about("In force, where they are learned."),
        ),
        has(
            "mistakes",
            list(text()).about("What is wrong, and what would be right."),
        ),
    ]);
    let found = object([
        has("id", text()),
        has("variants", list(text())),
        has("visitors", count()),
    ]);
    Operation::new("All slots, the shares in force, and what is wrong with them").gives(
        Reply::json(
            "Those there are.",
            object([
                has("slots", list(slot)),
                has(
                    "found",
                    list(found)
                        .holding(0, MOST_FOUND)
                        .about("Slots that pages alone know, seen in the last 30 days."),
                ),
            ]),
        ),
    )
}
