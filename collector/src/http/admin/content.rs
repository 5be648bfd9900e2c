//! `/admin/v1/content`: what may stand in the slots of pages, and other content for them. Every post
//! is a version that stays as it is; going back to one is a post of the same content.

use std::sync::Arc;

use firstglance_engine::content::{Choice, Slot, Variant};
use firstglance_engine::json::JsonWriter;
use hyper::StatusCode;

use super::super::answer::{Answer, json, write_content, write_problems};
use super::super::content::{InForce, PostedVersion};
use super::super::error::HttpError;
use super::super::openapi::{Operation, Reply, flag, query as parameter, shapes};
use super::super::{App, apart, query};
use super::{Asked, versions};
use crate::clock;
use crate::config::{Config, Posted, SlotSettings, Source};
use crate::ingest::IngestError;
use crate::schema::{
    Schema, any_of, anything, count, has, list, map, may_have, moment, object, one_of, open_object,
    text, truth, whole,
};
use crate::store::content::{NewContent, Posting};

pub(super) async fn answer(app: &App) -> Result<Answer, HttpError> {
    let present = app.contents.present();
    let mut body = JsonWriter::default();
    body.open('{');
    body.name("version");
    match &present.posted {
        Some(posted) => body.integer(posted.number),
        None => body.null(),
    }
    write_slots(&mut body, &present.model.slots, &present.slots);
    write_left_out(&mut body, &present);
    body.name("posted");
    match &present.posted {
        Some(version) => body.raw(&version.posted.to_json()),
        None => body.null(),
    }
    body.close('}');
    Ok(json(StatusCode::OK, body.into_string()))
}

/// Takes content, where it is in order: into force, or with `draft` only to be looked at, or with
/// `dry_run` not at all.
pub(super) async fn post(asked: Asked<'_>) -> Result<Answer, HttpError> {
    let dry_run = query::flag(asked.uri, "dry_run")?;
    let draft = query::flag(asked.uri, "draft")?;
    let note = versions::note(asked)?;
    let posted = Posted::parse(versions::sent(asked)?)
        .map_err(|problem| HttpError::Content(vec![problem]))?;
    let new = NewContent {
        at: clock::now(),
        by: (asked.access.id.clone(), asked.access.name.clone()),
        note,
        draft,
        restored: None,
        content: posted.to_json().into(),
    };
    take(asked.app, posted, new, dry_run).await
}

/// Takes content, and says what became of it.
pub(super) async fn take(
    app: &App,
    posted: Posted,
    new: NewContent,
    dry_run: bool,
) -> Result<Answer, HttpError> {
    let draft = new.draft;
    let (number, config) = put(app, posted, new, dry_run).await?;
    let mut body = JsonWriter::default();
    body.open('{');
    body.name("version");
    match number {
        Some(number) => body.integer(number),
        None => body.null(),
    }
    body.name("inForce");
    body.bool(number.is_some() && !draft);
    write_slots(&mut body, &config.model.slots, &config.slots);
    body.close('}');
    Ok(json(StatusCode::OK, body.into_string()))
}

/// Checks content, keeps it and puts it into force: its number, where it was kept, and what it comes to.
pub(super) async fn put(
    app: &App,
    posted: Posted,
    new: NewContent,
    dry_run: bool,
) -> Result<(Option<u64>, Config), HttpError> {
    // In this order whatever comes at the same time: what is kept last is what is in force.
    let changing = app.contents.change().await;
    let (contents, posted) = (Arc::clone(&app.contents), Arc::new(posted));
    let checked = {
        let posted = posted.clone();
        apart(move || contents.with(&posted)).await?
    };
    let config = checked.map_err(HttpError::Content)?;
    let mut number = None;
    if !dry_run {
        let kept = app.store.post(Posting::Content, new.clone()).await?;
        number = Some(kept);
        if !new.draft {
            let version = PostedVersion {
                number: kept,
                version: new,
                posted: Arc::unwrap_or_clone(posted),
            };
            changing.put_checked(version, config.clone());
        }
    }
    Ok((number, config))
}

fn write_slots(json: &mut JsonWriter, slots: &[Slot], settings: &[SlotSettings]) {
    json.name("slots");
    json.open('[');
    for (slot, settings) in slots.iter().zip(settings) {
        json.open('{');
        json.text_member("id", &slot.id);
        json.text_member("label", &slot.label);
        json.text_member("source", settings.source.name());
        json.name("control");
        json.integer(u64::from(slot.control));
        json.text_member("choose", slot.choice.name());
        json.name("goal");
        match &settings.goal {
            Some(goal) => json.text(goal),
            None => json.null(),
        }
        json.name("variants");
        json.open('[');
        for variant in &slot.variants {
            write_variant(json, variant);
        }
        json.close(']');
        json.close('}');
    }
    json.close(']');
}

fn write_variant(json: &mut JsonWriter, variant: &Variant) {
    json.open('{');
    json.text_member("id", &variant.id);
    json.text_member("label", &variant.label);
    json.name("conditional");
    json.bool(variant.program.is_some());
    for (name, moment) in [("from", variant.from), ("until", variant.until)] {
        json.name(name);
        match moment {
            Some(moment) => json.moment(moment),
            None => json.null(),
        }
    }
    write_content(json, &variant.content);
    json.close('}');
}

fn write_left_out(json: &mut JsonWriter, present: &InForce) {
    json.name("leftOut");
    json.open('[');
    for (slot, problems) in &present.left_out {
        json.open('{');
        json.name("slot");
        json.text(slot);
        write_problems(json, problems);
        json.close('}');
    }
    json.close(']');
}

pub(super) fn slots_described() -> Schema {
    let variant = object([
        has("id", text()),
        has("label", text()),
        has("conditional", truth().about("Whether it has a condition.")),
        has("from", moment().or_null()),
        has("until", moment().or_null()),
        may_have("html", text()),
        may_have("fields", map(text())),
    ]);
    list(object([
        has("id", text()),
        has("label", text()),
        has(
            "source",
            one_of([Source::File, Source::Posted].map(Source::name)),
        ),
        has("control", whole(0, 90)),
        has("choose", one_of(Choice::NAMES)),
        has("goal", text().or_null()),
        has("variants", list(variant)),
    ]))
}

/// What may be posted.
pub(super) fn posted_described() -> Schema {
    let texts = || list(text());
    let slot = object([
        has("id", text()),
        may_have("label", text()),
        may_have("control", whole(0, 90)),
        may_have("choose", one_of(Choice::NAMES)),
        may_have("goal", text()),
        may_have("by", texts()),
        may_have("floor", whole(1, 50)),
    ]);
    let variant = object([
        has("slot", text()),
        has("id", text()),
        may_have("label", text()),
        may_have("when", text().about("A condition in CEL.")),
        may_have("rank", whole(1, 1_000_000)),
        may_have("from", moment()),
        may_have("until", moment()),
        may_have(
            "html",
            text().about("What is not on the list of what may stand is an error."),
        ),
        may_have("fields", map(text())),
    ]);
    object([
        may_have("slot", list(slot)),
        may_have("variant", list(variant)),
    ])
}

pub(super) fn describe() -> Operation {
    let left_out = object([
        has("slot", text()),
        has("problems", list(shapes::problem())),
    ]);
    Operation::new("What may stand in the slots of pages, and where each slot comes from").gives(
        Reply::json(
            "What is in force.",
            object([
                has(
                    "version",
                    count().or_null().about("The version that was posted."),
                ),
                has("slots", slots_described()),
                has("leftOut", list(left_out)),
                has("posted", any_of([open_object([]), anything().or_null()])),
            ]),
        ),
    )
}

/// What a post is answered.
pub(super) fn taken() -> Schema {
    object([
        has(
            "version",
            count()
                .or_null()
                .about("Its number; null where it was only checked."),
        ),
        has("inForce", truth()),
        has("slots", slots_described()),
    ])
}

pub(super) fn describe_post() -> Operation {
    Operation::new("Puts other content into the slots of pages")
        .details(
            "All that was posted before is replaced. A slot takes the place of the configuration's of \
             the same id. It is in force when it answers, and kept on disk.",
        )
        .takes(flag("dry_run", "Only checks it."))
        .takes(flag("draft", "Only keeps it, to be looked at in a preview."))
        .takes(parameter("note", text(), "What its author says of it."))
        .json_body(posted_described())
        .gives(Reply::json("It is in order.", taken()))
        .fails([
            IngestError::BadUtf8 { at: 0 }.into(),
            HttpError::Content(Vec::new()),
        ])
}
