//! Live: what arrives, as it arrives; and above it whether anything does, or why not. The page has the
//! latest events already, so that it says something without scripts, too; what comes after them is told
//! as a stream. Changes nothing.

mod latest;
mod status;

use firstglance_engine::json::JsonWriter;
use firstglance_engine::{Message, Timestamp, VisitorId};
use hyper::StatusCode;
use maud::{Markup, html};

use self::latest::Latest;
use super::parts::{Cell, Column, Table, Value, empty, tip};
use super::story::{self, Names, Piece, Story};
use super::view::{View, encoded};
use super::{HttpError, Shown};
use crate::http::admin::stream;
use crate::http::answer::empty as nothing;
use crate::ingest::TYPES;
use crate::store::listing::{List, Listed};

/// Rows that a page has at most; the script keeps to it as well.
const MOST_ROWS: usize = 200;

/// The id of the table of events.
const EVENTS: &str = "events";

/// Visitors that are looked at.
const SEEN: usize = 32;

/// The page.
pub(super) async fn show(view: &View<'_>) -> Result<Shown, HttpError> {
    // What is told from here on, the stream goes on with.
    let place = view.app.store.feed().listen().place().to_string();
    let seen = seen_last(view).await?;
    let latest = latest::of(view, &seen).await?;
    view.told(latest.len());
    let content = html! {
        (status::show(view, &seen).await?.0)
        (filters(view))
        (events(view, &latest, &place))
    };
    Ok(Shown::Page(view.say("Live", "Live").to_owned(), content))
}

/// Visitors, those seen last.
async fn seen_last(view: &View<'_>) -> Result<Vec<Listed>, HttpError> {
    Ok(view.app.store.list(vec![List::All], None, SEEN).await?)
}

/// Whether anything arrives, for what changes in place.
pub(super) async fn state(view: &View<'_>) -> Result<Shown, HttpError> {
    let seen = seen_last(view).await?;
    let (panel, digest) = status::show(view, &seen).await?;
    match view.parameter("shown").as_deref() == Some(&*digest) {
        true => Ok(Shown::Answer(nothing(StatusCode::NO_CONTENT))),
        false => Ok(Shown::Part(panel)),
    }
}

/// Messages as they are committed, in sentences.
pub(super) async fn listen(view: &View<'_>) -> Result<Shown, HttpError> {
    let names = view.names();
    let zone = view.zone().clone();
    let profiles = view.link("profiles/", &[]);
    let answer = stream::listening(view.app, view.uri, view.headers, move |message| {
        let story = story_of(&names, &message.kind, message.message().as_ref());
        let time = names.language.time(message.timestamp, &zone);
        let row = Row {
            id: &message.message_id,
            visitor: &message.visitor,
            at: message.timestamp,
            time: &time,
            story: &story,
        };
        row.json(&profiles)
    })?;
    Ok(Shown::Answer(answer))
}

/// What a message tells; its type where nothing can be read of it.
fn story_of(names: &Names, kind: &str, message: Option<&Message>) -> Story {
    message.map_or_else(
        || Story::unread(kind),
        |message| story::of_message(names, message),
    )
}

/// What one row says.
struct Row<'a> {
    id: &'a str,
    visitor: &'a VisitorId,
    at: Timestamp,
    time: &'a str,
    story: &'a Story,
}

impl Row<'_> {
    /// For the script: texts that it puts into the page as texts.
    fn json(&self, profiles: &str) -> String {
        let mut json = JsonWriter::default();
        json.open('{');
        json.text_member("id", self.id);
        json.text_member("visitor", self.visitor.as_str());
        json.text_member(
            "href",
            &format!("{profiles}{}", encoded(self.visitor.as_str())),
        );
        json.name("at");
        json.moment(self.at);
        json.text_member("time", self.time);
        json.text_member("kind", self.story.kind);
        json.text_member("path", &self.story.path);
        json.name("pieces");
        json.open('[');
        for piece in &self.story.pieces {
            json.open('{');
            match piece {
                Piece::Ours(text) => json.text_member("ours", text),
                Piece::Theirs(text) => json.text_member("theirs", text),
            }
            json.close('}');
        }
        json.close(']');
        json.close('}');
        json.into_string()
    }

    fn show(&self, profiles: &str) -> Markup {
        let href = format!("{profiles}{}", encoded(self.visitor.as_str()));
        html! {
            tr data-id=(self.id) class=(format!("event-{}", self.story.kind)) {
                td { time datetime=(self.at) { (self.time) } }
                td class="short" { a href=(href) { bdi { (self.visitor) } } }
                td class="sentence" { (self.story.show()) }
                td class="path" { bdi { (story::shortened(&self.story.path)) } }
            }
        }
    }
}

fn filters(view: &View<'_>) -> Markup {
    let value = |name: &str| view.parameter(name).unwrap_or_default();
    let kind = value("type");
    html! {
        form method="get" action=(view.link("live", &[])) class="filters" role="search"
            aria-label=(view.say("Which events", "Welke gebeurtenissen")) {
            label { (view.say("Type", "Soort"))
                select name="type" {
                    option value="" { (view.say("any", "alle")) }
                    @for one in TYPES { option value=(one) selected[kind == one] { (one) } }
                }
            }
            label { (view.say("Visitor's id", "Id van de bezoeker"))
                input type="text" name="visitor" value=(value("visitor")) maxlength="200" spellcheck="false";
            }
            label { (view.say("Page begins with", "Pagina begint met"))
                input type="text" name="page" value=(value("page")) maxlength="200" placeholder="/product" spellcheck="false";
            }
            div class="filter-actions" {
                button type="submit" class="primary" { (view.say("Show", "Toon")) }
                @if ["type", "visitor", "page"].iter().any(|name| view.parameter(name).is_some()) {
                    a class="button" href=(view.link("live", &[])) { (view.say("Everything", "Alles")) }
                }
            }
        }
    }
}

fn events(view: &View<'_>, latest: &[Latest], place: &str) -> Markup {
    let profiles = view.link("profiles/", &[]);
    let names = view.names();
    if view.wants(EVENTS) {
        view.remember(file(view, latest, &names));
    }
    let given = |name: &str| view.parameter(name).unwrap_or_default();
    let stream = view.link(
        "live/stream",
        &[
            ("type", &given("type")),
            ("visitor", &given("visitor")),
            ("page", &given("page")),
            ("last_event_id", place),
        ],
    );
    let say = |english, dutch| view.say(english, dutch);
    html! {
        section class="panel live" data-live=(stream) data-most=(MOST_ROWS)
            data-connected=(say("Connected: new events appear at the top.", "Verbonden: nieuwe gebeurtenissen verschijnen bovenaan."))
            data-lost=(say("The connection was lost; trying again.", "De verbinding is verbroken; er wordt opnieuw geprobeerd."))
            data-refused=(say("The stream ended: sign in again, or close other pages with live events, and load this page anew.", "De stroom is gestopt: log opnieuw in, of sluit andere pagina's met live gebeurtenissen, en laad deze pagina opnieuw."))
            data-paused=(say("Paused. New meanwhile: ", "Gepauzeerd. Intussen nieuw: "))
            data-pause=(say("Pause", "Pauzeer"))
            data-resume=(say("Resume", "Hervat"))
            data-left-out=(say("Events left out because more came than can be shown: ", "Gebeurtenissen weggelaten omdat er meer kwamen dan getoond kan worden: "))
            data-unknown=(say("unknown", "onbekend")) {
            div class="table-head" {
                h2 {
                    (say("Events", "Gebeurtenissen")) " "
                    (tip(view.language, "live", say("Events", "Gebeurtenissen"), say(
                        "Every message as soon as it is safely on disk. Changes of segments and stages, and goals, are in the profile's timeline and not here. At most 200 are shown.",
                        "Elk bericht zodra het veilig is opgeslagen. Wisselingen van segmenten en fasen, en doelen, staan in de tijdlijn van het profiel en niet hier. Er worden er hoogstens 200 getoond.",
                    )))
                }
                @if !latest.is_empty() {
                    a class="download" href=(view.csv_of(EVENTS)) download {
                        "CSV" span class="visually-hidden" { ": " (say("Events", "Gebeurtenissen")) }
                    }
                }
                div class="live-controls" hidden {
                    label class="check" {
                        input type="checkbox" data-announce;
                        (say("Read new events aloud", "Lees nieuwe gebeurtenissen voor"))
                    }
                    button type="button" data-pause { (say("Pause", "Pauzeer")) }
                }
            }
            p class="quiet" data-state {
                (say("The latest events. Load the page anew for newer ones.", "De laatste gebeurtenissen. Laad de pagina opnieuw voor nieuwere."))
            }
            div class="visually-hidden" aria-live="off" data-aloud {}
            div class="table-scroll" tabindex="0" role="region" aria-label=(say("Events", "Gebeurtenissen")) {
                table {
                    caption class="visually-hidden" { (say("The latest events, newest first", "De laatste gebeurtenissen, nieuwste eerst")) }
                    thead { tr {
                        th scope="col" { (say("Time", "Tijd")) }
                        th scope="col" { (say("Visitor", "Bezoeker")) }
                        th scope="col" { (say("What happened", "Wat er gebeurde")) }
                        th scope="col" { (say("Page", "Pagina")) }
                    } }
                    tbody data-rows {
                        @for one in latest {
                            @let story = story_of(&names, &one.kind, one.message.as_ref());
                            @let time = view.time(one.at);
                            (Row { id: &one.id, visitor: &one.visitor, at: one.at, time: &time, story: &story }.show(&profiles))
                        }
                    }
                }
            }
            @if latest.is_empty() {
                div data-empty { (empty(say("Nothing to show yet", "Nog niets te tonen"), &html! { p { (say("Events appear here the moment they arrive.", "Gebeurtenissen verschijnen hier op het moment dat ze aankomen.")) } })) }
            }
        }
    }
}

/// The same as a file.
fn file(view: &View<'_>, latest: &[Latest], names: &Names) -> Table {
    let rows = latest.iter().map(|one| {
        let story = story_of(names, &one.kind, one.message.as_ref());
        vec![
            Cell::from(Value::Moment(one.at)),
            Cell::text(one.visitor.as_str()),
            Cell::text(story.plain()),
            Cell::text(story.path),
        ]
    });
    let columns = [
        view.say("Time", "Tijd"),
        view.say("Visitor", "Bezoeker"),
        view.say("What happened", "Wat er gebeurde"),
        view.say("Page", "Pagina"),
    ];
    Table {
        id: EVENTS,
        caption: view.say("Events", "Gebeurtenissen").to_owned(),
        columns: columns.map(Column::new).into(),
        rows: rows.collect(),
        empty: html! {},
    }
}
