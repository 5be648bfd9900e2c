//! `/admin/v1/segments/definitions/versions`: the segments and interests that were posted, latest first;
//! `/{number}` one version, with `/restore` below it.

use hyper::Uri;

use super::super::App;
use super::super::answer::Answer;
use super::super::content::readable_rules;
use super::super::error::HttpError;
use super::super::openapi::{Operation, Reply};
use super::super::rules::Change;
use super::{Asked, definitions, versions};
use crate::store::content::Posting;

const RULES: Posting = Posting::Rules;

pub(super) async fn answer(app: &App, uri: &Uri) -> Result<Answer, HttpError> {
    versions::page(app, uri, RULES).await
}

pub(super) async fn one(asked: Asked<'_>) -> Result<Answer, HttpError> {
    versions::one(asked, RULES).await
}

/// Puts a version into force again, as another of the same rules.
pub(super) async fn restore(asked: Asked<'_>) -> Result<Answer, HttpError> {
    let kept = versions::find(asked, RULES).await?;
    let number = kept.number;
    let version = readable_rules(kept);
    let version = version.map_err(|(_, problem)| HttpError::Content(vec![problem]))?;
    let based_on = asked.app.contents.present().rules_number();
    let rules = Change::All((*version.rules).clone());
    let note = version.version.note;
    definitions::take(asked, based_on, rules, note, Some(number), false).await
}

pub(super) fn describe() -> Operation {
    let operation = Operation::new("The segments and interests that were posted, latest first");
    versions::described(operation, RULES)
}

pub(super) fn describe_one() -> Operation {
    let operation = Operation::new("A version of posted segments and interests");
    versions::one_described(operation, RULES, definitions::posted_described())
}

pub(super) fn describe_restore() -> Operation {
    versions::of_version(Operation::new(
        "Puts a version of posted segments and interests into force",
    ))
    .details("It becomes another version with the same rules.")
    .gives(Reply::json("It is in force.", definitions::taken()))
    .fails([
        HttpError::Content(Vec::new()),
        HttpError::RulesChanged {
            based_on: 0,
            present: 0,
        },
    ])
}
