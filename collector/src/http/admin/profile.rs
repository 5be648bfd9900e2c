//! `/admin/v1/profiles/{id}`: all that is known of the person that a visitor is, from all their
//! browsers, what it means now, what changed, and how the browsers came together.

use firstglance_engine::json::JsonWriter;
use firstglance_engine::profile::{EntryKind, Touch};
use firstglance_engine::{Profile, Snapshot, VisitorId};
use hyper::StatusCode;

use super::super::App;
use super::super::answer::{Answer, json};
use super::super::error::HttpError;
use super::super::openapi::{Operation, Reply, shapes};
use super::person::Known;
use super::profiles::{summary, write_summary};
use crate::changes;
use crate::schema::{Member, amount, anything, count, has, list, map, moment, object, text, whole};
use crate::store::merges::{KeptMerge, MergeFilter, Reader};

/// Merges that are told with a profile: the latest.
const MERGES: usize = 10;

pub(super) async fn answer(app: &App, visitor: &VisitorId) -> Result<Answer, HttpError> {
    let known = Known::of(app, visitor).await?;
    let of_person = MergeFilter::PersonOf(visitor.clone());
    let merges = app.store.merges(of_person, None, MERGES).await?;
    let profile = &known.profile;
    let snapshot = Snapshot::of_evaluation(&known.evaluation(app), profile, &app.model());
    let mut body = JsonWriter::default();
    body.open('{');
    write_summary(&mut body, visitor, profile);
    body.name("visitors");
    body.open('[');
    for visitor in &known.visitors {
        body.text(visitor.as_str());
    }
    body.close(']');
    snapshot.write_members(&mut body);
    write_profile(&mut body, profile);
    changes::write_member(&mut body, profile);
    body.name("merges");
    body.open('[');
    for merge in &merges {
        merge.write(&mut body, Reader::Viewer);
    }
    body.close(']');
    body.close('}');
    Ok(json(StatusCode::OK, body.into_string()))
}

/// What the profile holds, as members of the present object.
pub(super) fn write_profile(json: &mut JsonWriter, profile: &Profile) {
    json.name("activeSeconds");
    json.rounded(profile.active.as_seconds(), 1);
    json.name("clicksTotal");
    json.integer(profile.clicks);
    json.name("language");
    match profile.entries.one(EntryKind::Language) {
        Some(language) => json.text(&language.value),
        None => json.null(),
    }
    write_traits(json, profile);
    write_sessions(json, profile);
    write_pages(json, profile);
    write_mentions(json, "searches", "query", profile, EntryKind::Search);
    write_mentions(json, "clicks", "text", profile, EntryKind::Click);
    write_mentions(json, "namedEvents", "name", profile, EntryKind::Named);
    write_touch(json, "firstTouch", profile.first_touch());
    write_touch(json, "lastTouch", profile.last_touch());
}

fn write_traits(json: &mut JsonWriter, profile: &Profile) {
    json.name("traits");
    json.open('{');
    for one in profile.entries.of(EntryKind::Trait) {
        json.name(&one.text);
        json.open('{');
        json.name("value");
        json.raw(&one.value);
        json.name("since");
        json.moment(one.last);
        json.close('}');
    }
    json.close('}');
}

/// The latest visits, the most recent first; earlier ones are only counted.
fn write_sessions(json: &mut JsonWriter, profile: &Profile) {
    json.name("sessions");
    json.open('[');
    for span in profile.sessions.recent.iter().rev() {
        json.open('{');
        json.name("start");
        json.moment(span.start);
        json.name("end");
        json.moment(span.end);
        json.close('}');
    }
    json.close(']');
}

/// Pages, the most recently seen first.
fn write_pages(json: &mut JsonWriter, profile: &Profile) {
    json.name("pages");
    json.open('[');
    for page in profile.recent(EntryKind::Page) {
        json.open('{');
        json.name("path");
        json.text(&page.text);
        json.name("views");
        json.integer(page.count);
        json.name("scrollPercent");
        json.integer(page.scroll.into());
        json.name("activeSeconds");
        json.rounded(page.active.as_seconds(), 1);
        json.name("last");
        json.moment(page.last);
        json.close('}');
    }
    json.close(']');
}

/// What was said or done, the most recent first.
fn write_mentions(
    json: &mut JsonWriter,
    name: &str,
    text: &str,
    profile: &Profile,
    kind: EntryKind,
) {
    json.name(name);
    json.open('[');
    for mention in profile.recent(kind) {
        json.open('{');
        json.name(text);
        json.text(&mention.text);
        json.name("count");
        json.integer(mention.count);
        json.name("last");
        json.moment(mention.last);
        json.close('}');
    }
    json.close(']');
}

fn write_touch(json: &mut JsonWriter, name: &str, touch: Option<Touch<'_>>) {
    json.name(name);
    let Some(touch) = touch else {
        json.null();
        return;
    };
    json.open('{');
    json.name("at");
    json.moment(touch.at);
    json.name("path");
    json.text(touch.path);
    json.name("referrer");
    if touch.referrer.is_empty() {
        json.null();
    } else {
        json.text(touch.referrer);
    }
    json.name("campaign");
    if touch.campaign.has_fields() {
        json.campaign(&touch.campaign);
    } else {
        json.null();
    }
    json.name("clickId");
    match touch.campaign.click_id() {
        None => json.null(),
        Some(click_id) => {
            json.open('{');
            json.name("name");
            json.text(click_id.name);
            json.name("platform");
            json.text(click_id.platform);
            json.name("value");
            json.text(click_id.value);
            json.close('}');
        }
    }
    json.close('}');
}

pub(super) fn describe() -> Operation {
    let mut members = summary().to_vec();
    members.push(has(
        "visitors",
        list(text()).about("All browsers of the person."),
    ));
    members.extend(shapes::snapshot());
    members.extend(profile_members());
    members.push(has("changes", shapes::changes()));
    members.push(has(
        "merges",
        list(KeptMerge::describe()).holding(0, MERGES),
    ));
    Operation::new("One person with all their browsers: what is known, what it means, what changed")
        .gives(Reply::json("That person.", object(members)))
}

/// What [`write_profile`] writes.
pub(super) fn profile_members() -> Vec<Member> {
    let mentions = |said| {
        list(object([
            has(said, text()),
            has("count", count()),
            has("last", moment()),
        ]))
    };
    let touch = || {
        let click_id = object(["name", "platform", "value"].map(|name| has(name, text())));
        let touch = object([
            has("at", moment()),
            has("path", text()),
            has("referrer", text().or_null()),
            has("campaign", shapes::campaign().or_null()),
            has("clickId", click_id.or_null()),
        ]);
        touch.or_null()
    };
    let page = object([
        has("path", text()),
        has("views", count()),
        has("scrollPercent", whole(0, 100)),
        has("activeSeconds", amount()),
        has("last", moment()),
    ]);
    let one_trait = object([has("value", anything()), has("since", moment())]);
    vec![
        has("activeSeconds", amount()),
        has("clicksTotal", count()),
        has("language", text().or_null()),
        has("traits", map(one_trait)),
        has(
            "sessions",
            list(object([has("start", moment()), has("end", moment())])),
        ),
        has("pages", list(page)),
        has("searches", mentions("query")),
        has("clicks", mentions("text")),
        has("namedEvents", mentions("name")),
        has("firstTouch", touch()),
        has("lastTouch", touch()),
    ]
}
