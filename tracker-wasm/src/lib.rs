//! The engine as the page calls it: four functions over one visitor's profile.
//!
//! The page's script (`../page`) captures and delivers; what an event means is decided here, by the
//! same engine as in the collector. Texts and numbers come in, texts go out. Nothing in here
//! touches the page, the storage or the network.
//!
//! Without the standard library: its panics and its allocator alone would be larger than the
//! engine. A panic is a trap, and the script then goes on without segments.

#![cfg_attr(target_arch = "wasm32", no_std)]

extern crate alloc;

use alloc::string::String;
use core::cell::UnsafeCell;

use firstglance_engine::codec::Encode;
use firstglance_engine::event::{Engagement, Page};
use firstglance_engine::events;
use firstglance_engine::json::digits;
use firstglance_engine::profile::EntryKind;
use firstglance_engine::program::change;
use firstglance_engine::text::{Pieces, cut, pieces};
use firstglance_engine::{
    About, Campaign, Evaluation, Event, EventKind, Milliseconds, Model, Profile, Timestamp,
    campaign, interest, snapshot,
};

#[cfg(feature = "rules")]
pub mod content;
#[cfg(feature = "explain")]
pub mod explain;
#[cfg(target_arch = "wasm32")]
mod exports;
#[cfg(target_arch = "wasm32")]
mod runtime;

/// What a reading of the page can change.
const TRIED: u32 = change::ANY | change::ENGAGED | change::VIEWED | change::WATCHED;

/// What the module keeps between calls.
struct State {
    profile: Profile,
    model: Model,
    evaluation: Evaluation,
}

struct Only(UnsafeCell<Option<State>>);

// SAFETY: see `state`.
unsafe impl Sync for Only {}

static STATE: Only = Only(UnsafeCell::new(None));

/// What is kept, for the length of one call; nothing without a model.
fn state() -> &'static mut Option<State> {
    // SAFETY: WebAssembly without threads has one thread, and natively only tests run this, one call
    // at a time under the lock of `tests`. The functions below ask for it once and do not call each
    // other, and the engine calls nothing outside, so there are never two of these at a time.
    unsafe { &mut *STATE.0.get() }
}

/// Takes a model, as the collector writes it, and a new visitor. Without one that can be read
/// nothing works.
pub fn load_model(model: &str) {
    *state() = Model::from_text(model).ok().map(|model| State {
        profile: Profile::new(),
        model,
        evaluation: Evaluation::new(),
    });
}

/// Takes a profile, as the collector and [`save`] write it. One that cannot be read is that of a
/// new visitor. It may be what the profile was before a reading of the page was tried out: only
/// what that can change is evaluated again. Whether there is a model.
pub fn load_profile(profile: &str) -> bool {
    let Some(state) = state() else {
        return false;
    };
    state.profile = Profile::from_text(profile).unwrap_or_default();
    state.evaluation.changed = TRIED;
    true
}

/// The profile, for storage.
pub fn save() -> String {
    let state = state().as_ref();
    state.map_or_else(String::new, |state| state.profile.to_text())
}

/// Takes in an event.
///
/// `at`: milliseconds since the Unix epoch. `fields`, with U+0000 between: type of the message, name
/// of the event, host of the page, its path, its title, the referrer's host, parameters of the page's
/// address (`name=value`, one a line), topics (one a line), keywords (one a line), language and user
/// agent of the browser, the search, the text of what was clicked, the path that a link leads to,
/// the user id; then names and JSON texts of properties or traits in turn. `active` and `active_before` in milliseconds; `scroll` and `scroll_before` in percent.
#[allow(clippy::too_many_arguments)] // One flat call costs half of what a structure would.
pub fn take_in(
    at: f64,
    fields: &str,
    active: u32,
    active_before: u32,
    scroll: u8,
    scroll_before: u8,
    words: u32,
) {
    let Some(state) = state() else {
        return;
    };
    let mut fields = pieces(fields, 0);
    let mut next = || field(&mut fields);
    let (kind, name) = (next(), next());
    let page = Page {
        host: next(),
        path: next(),
        title: next(),
        referrer: next(),
    };
    let (parameters, topics, keywords) = (next(), next(), next());
    let (language, agent) = (next(), next());
    let (query, text, target, user) = (next(), next(), next(), next());
    let campaign = Campaign::from_parameters(parameters, &state.model.click_ids);
    let engagement = Engagement {
        active: Milliseconds(active.into()),
        active_before: Milliseconds(active_before.into()),
        scroll,
        scroll_before,
        words,
    };
    let (kind, name) = match kind.as_bytes().first() {
        Some(b'p') => {
            let viewed = EventKind::Viewed {
                campaign: &campaign,
                measured: true,
            };
            (viewed, events::PAGE_VIEWED)
        }
        Some(b'i') => (EventKind::Identified, ""),
        _ => (
            EventKind::tracked(name, query, text, target, engagement),
            name,
        ),
    };
    let event = Event {
        at: Timestamp::from_milliseconds(at as i64),
        kind,
        name,
        values: fields.rest(),
        page,
        topics,
        keywords,
    };
    let about = About {
        user,
        language,
        agent,
    };
    let (profile, model) = (&mut state.profile, &state.model);
    let nothing = &mut |_: &mut Profile, _: &Evaluation, _| {};
    state
        .evaluation
        .take_in(profile, &event, &about, model, nothing);
}

/// One field, empty where there is none.
#[inline(never)]
fn field<'a>(fields: &mut Pieces<'a>) -> &'a str {
    fields.next().unwrap_or_default()
}

/// What the profile means at a moment, in milliseconds since the Unix epoch. With U+0000 between:
/// segments, with a line break after each; interests, each as id, label, score and margin with a
/// line break after each; confidence; score; stage; visits; page views; active time; searches, with a line
/// break after each; names and values of the campaign's parameters in turn, with a line break after
/// each; the referrer. Confidence, interests' scores and margins in thousandths, lead score and
/// active seconds in tenths.
pub fn snapshot(at: f64) -> String {
    let Some(state) = state() else {
        return String::new();
    };
    let now = Timestamp::from_milliseconds(at as i64);
    let (profile, model) = (&state.profile, &state.model);
    state.evaluation.update(profile, model, now, 0);
    told(&state.evaluation, profile, model)
}

/// What [`snapshot`] answers.
#[must_use]
pub fn told(evaluation: &Evaluation, profile: &Profile, model: &Model) -> String {
    let mut out = String::new();
    let interests = &evaluation.interests;
    snapshot::each_segment(evaluation, model, &mut |id| tell(&mut out, id, "\n"));
    tell(&mut out, "", "\0");
    for (place, interest) in interests.iter().enumerate() {
        tell(&mut out, &interest.id, "\n");
        tell(&mut out, &interest.label, "\n");
        count(&mut out, interest.score * 1_000.0, "\n");
        count(&mut out, interest::margin(interests, place) * 1_000.0, "\n");
    }
    tell(&mut out, "", "\0");
    count(&mut out, evaluation.confidence * 1_000.0, "\0");
    let score = snapshot::score(evaluation, profile, model);
    count(&mut out, score * 10.0, "\0");
    tell(&mut out, snapshot::stage(evaluation, profile, model), "\0");
    count(&mut out, profile.sessions.count as f64, "\0");
    count(&mut out, profile.page_views as f64, "\0");
    count(&mut out, profile.active.as_seconds() * 10.0, "\0");
    for search in profile.recent(EntryKind::Search) {
        tell(&mut out, &search.text, "\n");
    }
    tell(&mut out, "", "\0");
    if let Some(touch) = profile.last_touch_entry() {
        let [_, referrer, lines] = touch.origin();
        for line in pieces(lines, b'\n') {
            if let Some((name, value)) = cut(line, b'=')
                && campaign::is_field(name)
            {
                tell(&mut out, campaign::field_name(name), "\n");
                tell(&mut out, value, "\n");
            }
        }
        tell(&mut out, "", "\0");
        out.push_str(referrer);
    }
    out
}

#[inline(never)]
fn tell(out: &mut String, text: &str, end: &str) {
    out.push_str(text);
    out.push_str(end);
}

/// A number that is not negative, to the nearest whole.
fn count(out: &mut String, number: f64, end: &str) {
    digits(out, (number + 0.5) as u64);
    out.push_str(end);
}
