//! Profiles as rows: one visitor each, as their profile stands and what it means at one moment.

use firstglance_engine::json::JsonWriter;
use firstglance_engine::profile::{EntryKind, Touch};
use firstglance_engine::{Profile, Snapshot, VisitorId};

use super::table::{Cell, Column, Kind, column};

/// The columns, in order.
pub const COLUMNS: &[Column] = &[
    column("visitor_id", Kind::Text),
    column("user_id", Kind::Text),
    column("first_seen", Kind::Moment),
    column("last_seen", Kind::Moment),
    column("visits", Kind::Integer),
    column("page_views", Kind::Integer),
    column("events", Kind::Integer),
    column("clicks", Kind::Integer),
    column("active_seconds", Kind::Number),
    column("language", Kind::Text),
    column("score", Kind::Number),
    column("stage", Kind::Text),
    column("segments", Kind::Json),
    column("interests", Kind::Json),
    column("traits", Kind::Json),
    column("first_touch_at", Kind::Moment),
    column("first_touch_path", Kind::Text),
    column("first_touch_referrer", Kind::Text),
    column("first_utm_source", Kind::Text),
    column("first_utm_medium", Kind::Text),
    column("first_utm_campaign", Kind::Text),
    column("last_touch_at", Kind::Moment),
    column("last_touch_path", Kind::Text),
    column("last_touch_referrer", Kind::Text),
    column("last_utm_source", Kind::Text),
    column("last_utm_medium", Kind::Text),
    column("last_utm_campaign", Kind::Text),
];

/// A visitor's row.
#[must_use]
pub fn row(visitor: &VisitorId, profile: &Profile, snapshot: &Snapshot) -> Vec<Cell> {
    let one = |kind| Cell::maybe(profile.entries.one(kind).map(|entry| &*entry.value));
    let rounded = |value: f64| Cell::Number((value * 1_000.0).round() / 1_000.0);
    let mut row = vec![
        Cell::text(visitor.as_str()),
        one(EntryKind::User),
        Cell::Moment(profile.first_seen),
        Cell::Moment(profile.last_seen),
        Cell::Integer(profile.sessions.count),
        Cell::Integer(profile.page_views),
        Cell::Integer(profile.events),
        Cell::Integer(profile.clicks),
        rounded(profile.active.as_seconds()),
        one(EntryKind::Language),
        rounded(snapshot.score),
        Cell::text(&snapshot.stage),
        Cell::Text(segments(snapshot)),
        Cell::Text(interests(snapshot)),
        Cell::Text(traits(profile)),
    ];
    touch(&mut row, profile.first_touch());
    touch(&mut row, profile.last_touch());
    row
}

fn segments(snapshot: &Snapshot) -> String {
    let mut json = JsonWriter::default();
    json.open('[');
    for segment in &snapshot.segments {
        json.text(segment);
    }
    json.close(']');
    json.into_string()
}

fn interests(snapshot: &Snapshot) -> String {
    let mut json = JsonWriter::default();
    json.open('{');
    for interest in &snapshot.interests {
        json.name(&interest.id);
        json.rounded(interest.score, 3);
    }
    json.close('}');
    json.into_string()
}

fn traits(profile: &Profile) -> String {
    let mut json = JsonWriter::default();
    json.open('{');
    for one in profile.entries.of(EntryKind::Trait) {
        json.name(&one.text);
        json.raw(&one.value);
    }
    json.close('}');
    json.into_string()
}

fn touch(row: &mut Vec<Cell>, touch: Option<Touch<'_>>) {
    let Some(touch) = touch else {
        row.extend((0..6).map(|_| Cell::Nothing));
        return;
    };
    row.push(Cell::Moment(touch.at));
    row.push(Cell::text(touch.path));
    row.push(Cell::text(touch.referrer));
    for parameter in ["utm_source", "utm_medium", "utm_campaign"] {
        row.push(Cell::text(touch.campaign.get(parameter)));
    }
}
