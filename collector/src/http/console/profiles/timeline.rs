//! What a person did, visit by visit, in sentences: the latest visits first, of all their browsers; or
//! everything of one browser from the beginning, a page at a time. Each page reads a bounded part.

use firstglance_engine::profile::{INACTIVITY, Span};
use firstglance_engine::{Milliseconds, Profile, Timestamp, VisitorId};
use maud::{Markup, html};

use super::columns;
use crate::http::admin::timeline as told;
use crate::http::console::parts::empty;
use crate::http::console::story::{self, Story};
use crate::http::console::view::View;
use crate::http::error::HttpError;
use crate::store::{Position, Source, TimelineEntry};

/// Things that one page shows, and that it shows of one visit.
const MOST: usize = 150;
const OF_VISIT: usize = 75;

/// Browsers of the person that the latest visits are read of.
const BROWSERS: usize = 6;

/// A visit.
struct Visit {
    span: Span,
    entries: Vec<(VisitorId, TimelineEntry)>,
    /// Whether there is more of it than is shown.
    more: bool,
}

/// The timeline on the page of a profile.
pub(super) async fn show(
    view: &View<'_>,
    visitor: &VisitorId,
    visitors: &[VisitorId],
    profile: &Profile,
) -> Result<Markup, HttpError> {
    match view.parameter("from") {
        Some(from) => beginning(view, visitor, &from).await,
        None => latest(view, visitor, visitors, profile).await,
    }
}

/// The moment that a link to earlier visits names.
fn before(view: &View<'_>) -> Result<Option<Timestamp>, HttpError> {
    crate::http::query::moment(view.uri, "before")
}

async fn latest(
    view: &View<'_>,
    visitor: &VisitorId,
    visitors: &[VisitorId],
    profile: &Profile,
) -> Result<Markup, HttpError> {
    let before = before(view)?;
    let spans = profile.sessions.recent.iter().rev();
    let spans: Vec<Span> = spans
        .filter(|span| before.is_none_or(|before| span.start < before))
        .copied()
        .collect();
    let (mut visits, mut shown, mut until, mut earlier) = (Vec::new(), 0, before, None);
    for span in spans {
        if shown >= MOST {
            earlier = until;
            break;
        }
        let visit = within(view, visitors, span, until).await?;
        shown += visit.entries.len();
        until = Some(span.start);
        visits.push(visit);
    }
    view.told(shown);
    let is_all =
        earlier.is_none() && profile.sessions.count <= profile.sessions.recent.len() as u64;
    Ok(html! {
        (list(view, &visits, visitors))
        nav class="pager" aria-label=(view.say("Earlier", "Eerder")) {
            @if before.is_some() {
                a class="button" href=(view.with("before", "")) { (view.say("Back to the latest", "Terug naar het laatste")) }
            }
            @if let Some(earlier) = earlier {
                a class="button" href=(view.with("before", &earlier.to_string())) { (view.say("Earlier visits", "Eerdere bezoeken")) }
            }
            @if !is_all || visits.iter().any(|visit| visit.more) {
                a class="button" href=(format!("{}?from=start#timeline", view.profile(visitor))) {
                    (view.say("Read from the beginning", "Lees vanaf het begin"))
                }
            }
        }
    })
}

/// What happened in a visit, and after it until the next one began.
async fn within(
    view: &View<'_>,
    visitors: &[VisitorId],
    span: Span,
    until: Option<Timestamp>,
) -> Result<Visit, HttpError> {
    let after = Position {
        timestamp: span.start.minus(Milliseconds(1)),
        record: 0,
        index: 0,
    };
    let mut entries = Vec::new();
    let mut more = false;
    for visitor in visitors.iter().take(BROWSERS) {
        let read = view
            .app
            .store
            .timeline(visitor, Some(after), OF_VISIT + 1)
            .await?;
        more |= read.len() > OF_VISIT
            && read
                .last()
                .is_some_and(|last| last.position.timestamp <= span.end);
        let of_visit = read.into_iter().take(OF_VISIT).filter(|entry| {
            let at = entry.position.timestamp;
            at >= span.start && until.is_none_or(|until| at < until)
        });
        entries.extend(of_visit.map(|entry| (visitor.clone(), entry)));
    }
    entries.sort_by_key(|(_, entry)| entry.position);
    Ok(Visit {
        span,
        entries,
        more,
    })
}

/// Everything of one browser, from a position on.
async fn beginning(view: &View<'_>, visitor: &VisitorId, from: &str) -> Result<Markup, HttpError> {
    let after = match from {
        "start" => None,
        from => Some(told::position(from).ok_or_else(|| HttpError::Query {
            name: "from",
            detail: "\"from\" must be \"start\", or what a link of this page has said".to_owned(),
        })?),
    };
    let mut entries = view.app.store.timeline(visitor, after, MOST + 1).await?;
    let has_more = entries.len() > MOST;
    entries.truncate(MOST);
    view.told(entries.len());
    let next = entries
        .last()
        .filter(|_| has_more)
        .map(|last| told::cursor(last.position));
    let mut visits: Vec<Visit> = Vec::new();
    for entry in entries {
        let at = entry.position.timestamp;
        let pair = (visitor.clone(), entry);
        match visits.last_mut() {
            Some(visit) if at <= visit.span.end.plus(INACTIVITY) => {
                visit.span.end = visit.span.end.max(at);
                visit.entries.push(pair);
            }
            _ => visits.push(Visit {
                span: Span { start: at, end: at },
                entries: vec![pair],
                more: false,
            }),
        }
    }
    let own = view.profile(visitor);
    Ok(html! {
        p class="quiet" { (view.say("From the beginning, this browser alone.", "Vanaf het begin, alleen deze browser.")) }
        (list(view, &visits, std::slice::from_ref(visitor)))
        nav class="pager" aria-label=(view.say("Further", "Verder")) {
            a class="button" href=(format!("{own}#timeline")) { (view.say("Back to the latest", "Terug naar het laatste")) }
            @if let Some(next) = next {
                a class="button" rel="next" href=(format!("{own}?from={next}#timeline")) { (view.say("Next", "Volgende")) }
            }
        }
    })
}

fn list(view: &View<'_>, visits: &[Visit], visitors: &[VisitorId]) -> Markup {
    if visits.iter().all(|visit| visit.entries.is_empty()) {
        return empty(
            view.say("Nothing is stored here", "Hier is niets opgeslagen"),
            &html! { p { (view.say("Events older than they may be kept are gone; what the profile remembers of them is on this page.", "Gebeurtenissen die ouder zijn dan bewaard mag worden zijn weg; wat het profiel ervan onthoudt staat op deze pagina.")) } },
        );
    }
    html! {
        ol class="visits" { @for visit in visits { li { (of_visit(view, visit, visitors)) } } }
    }
}

fn of_visit(view: &View<'_>, visit: &Visit, visitors: &[VisitorId]) -> Markup {
    let names = view.names();
    let length = visit.span.end.since(visit.span.start);
    let circumstances = visit
        .entries
        .iter()
        .find_map(|(_, entry)| circumstances(view, entry));
    html! {
        h3 {
            time datetime=(visit.span.start) { (view.moment(visit.span.start)) }
            span class="quiet" {
                " · " (view.language.duration(length.0))
                @if let Some(circumstances) = circumstances { " · " bdi { (circumstances) } }
            }
        }
        ol class="events" {
            @for Line { whose, at, story } in lines(&names, &visit.entries) {
                li class=(format!("event event-{}", story.kind)) {
                    time datetime=(at) {
                        @match at > visit.span.end.plus(INACTIVITY) {
                            true => (view.moment(at)),
                            false => (view.time(at)),
                        }
                    }
                    span class="sentence" {
                        (story.show())
                        @if !story.path.is_empty() { " " span class="quiet path" { bdi { (story::shortened(&story.path)) } } }
                        @if visitors.len() > 1 && let Some(place) = visitors.iter().position(|one| one == whose) {
                            " " span class="badge" { (view.say("browser ", "browser ")) (place + 1) }
                        }
                    }
                }
            }
        }
        @if visit.more { p class="quiet" { (view.say("More happened in this visit than is shown here.", "In dit bezoek gebeurde meer dan hier getoond wordt.")) } }
    }
}

/// What an entry of a timeline tells.
fn story_of(names: &story::Names, entry: &TimelineEntry) -> Story {
    let told = match entry.source {
        Source::Change => story::of_change(names, &entry.raw, entry.position.timestamp),
        Source::Sender => {
            let message = entry.message();
            message.map(|message| story::of_message(names, &message))
        }
    };
    told.unwrap_or_else(|| Story::unread(&entry.kind))
}

/// One line of a visit.
struct Line<'a> {
    whose: &'a VisitorId,
    at: Timestamp,
    story: Story,
}

/// What a visit tells, a line each: what was read of a page in several goes is one.
fn lines<'a>(names: &story::Names, entries: &'a [(VisitorId, TimelineEntry)]) -> Vec<Line<'a>> {
    let mut lines: Vec<Line<'_>> = Vec::new();
    for (whose, entry) in entries {
        let story = story_of(names, entry);
        if let Some(last) = lines.last_mut()
            && last.whose == whose
            && last.story.path == story.path
            && let (Some(before), Some(reading)) = (last.story.reading, story.reading)
        {
            let both = before.and(reading).tell(names.language);
            last.story = Story {
                path: story.path,
                ..both
            };
            continue;
        }
        let at = entry.position.timestamp;
        lines.push(Line { whose, at, story });
    }
    lines
}

/// On what and where a visit was made, as far as the collector was told.
fn circumstances(view: &View<'_>, entry: &TimelineEntry) -> Option<String> {
    let context: serde_json::Value = serde_json::from_str(entry.context.as_deref()?).ok()?;
    let text = |pointer: &str| context.pointer(pointer).and_then(serde_json::Value::as_str);
    let device = text("/userAgent").map(|agent| columns::device(view, agent));
    let parts = [device, text("/location/country").map(str::to_owned)];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| story::shortened(&parts.join(", ")))
}
