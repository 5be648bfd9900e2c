//! `/admin/v1/profiles/{id}/why`: why a person is in what they are in. All of it, or one thing:
//! `?segment=ID`, `?interest=ID`, `?score` or `?stage`.

use firstglance_engine::explain::{Question, Trace, TraceValue, explain, write_all};
use firstglance_engine::json::JsonWriter;
use firstglance_engine::{Evaluation, Model, VisitorId, snapshot};
use hyper::{StatusCode, Uri};

use super::super::answer::{Answer, json};
use super::super::error::HttpError;
use super::super::openapi::{self, Operation, Reply, flag, shapes};
use super::super::{App, query};
use super::person::Known;
use crate::schema::{any_of, text};

pub(super) async fn answer(app: &App, uri: &Uri, visitor: &VisitorId) -> Result<Answer, HttpError> {
    let known = Known::of(app, visitor).await?;
    let (profile, model) = (&known.profile, &*app.model());
    let evaluation = known.evaluation(app);
    let mut body = JsonWriter::default();
    let question = |question| explain(question, &evaluation, profile, model);
    if let Some(id) = query::parameter(uri, "segment") {
        let trace = question(Question::Segment(&id));
        let unknown = || unknown("segment", &id, segment_ids(&evaluation, model));
        trace.ok_or_else(unknown)?.write(&mut body);
    } else if let Some(id) = query::parameter(uri, "interest") {
        let trace = question(Question::Interest(&id));
        let unknown = || unknown("interest", &id, interest_ids(&evaluation, model));
        trace.ok_or_else(unknown)?.write(&mut body);
    } else if query::flag(uri, "score")? {
        let none = || {
            let score = snapshot::score(&evaluation, profile, model);
            alone("score", TraceValue::Number(score))
        };
        question(Question::Score)
            .unwrap_or_else(none)
            .write(&mut body);
    } else if query::flag(uri, "stage")? {
        let none = || {
            let stage = snapshot::stage(&evaluation, profile, model);
            alone("stage", TraceValue::Name(stage.into()))
        };
        question(Question::Stage)
            .unwrap_or_else(none)
            .write(&mut body);
    } else {
        body.open('{');
        write_all(&evaluation, profile, model, &mut body);
        body.close('}');
    }
    Ok(json(StatusCode::OK, body.into_string()))
}

/// A value that no text of the owner stands for.
fn alone(source: &str, value: TraceValue) -> Trace {
    Trace {
        source: source.into(),
        value,
        parts: Vec::new(),
        evidence: Vec::new(),
    }
}

fn unknown(what: &'static str, id: &str, known: Vec<Box<str>>) -> HttpError {
    HttpError::Unknown {
        what,
        id: id.to_owned(),
        known: known.join(", "),
    }
}

fn interest_ids(evaluation: &Evaluation, model: &Model) -> Vec<Box<str>> {
    let configured = model.interests.iter().map(|rule| rule.id.clone());
    let found = evaluation.interests.iter().map(|one| one.id.clone());
    let mut ids: Vec<Box<str>> = configured.chain(found).collect();
    ids.sort();
    ids.dedup();
    ids
}

fn segment_ids(evaluation: &Evaluation, model: &Model) -> Vec<Box<str>> {
    let mut ids = interest_ids(evaluation, model);
    ids.extend(model.segments.iter().map(|segment| segment.id.clone()));
    ids.sort();
    ids.dedup();
    ids
}

pub(super) fn describe() -> Operation {
    let all_or_one = any_of([shapes::all_traces(), shapes::trace()]);
    Operation::new("Why a person is in what they are in")
        .details(
            "All of it, or one thing; of several that are named, the first as they stand here.",
        )
        .takes(openapi::query(
            "segment",
            text(),
            "Why they are in this segment, or not.",
        ))
        .takes(openapi::query(
            "interest",
            text(),
            "Why they have this interest, or not.",
        ))
        .takes(flag("score", "Why they have their score."))
        .takes(flag("stage", "Why they are in their stage."))
        .gives(Reply::json("What holds, and because of what.", all_or_one))
        .fails([HttpError::Unknown {
            what: "",
            id: String::new(),
            known: String::new(),
        }])
}
