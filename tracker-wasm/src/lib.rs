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
use alloc::vec::Vec;
use core::cell::RefCell;

use firstglance_engine::address::Address;
use firstglance_engine::codec::Encode;
use firstglance_engine::event::{Engagement, Page};
use firstglance_engine::json::JsonWriter;
use firstglance_engine::profile::EntryKind;
use firstglance_engine::snapshot::write_visit_members;
use firstglance_engine::text::pieces;
use firstglance_engine::{
    Campaign, Event, EventKind, Milliseconds, Model, Profile, Snapshot, Timestamp,
};
use wasm_bindgen::prelude::*;

#[cfg(target_arch = "wasm32")]
mod runtime;

/// What the module keeps between calls.
struct State {
    profile: Profile,
    model: Model,
}

struct Only(RefCell<State>);

// SAFETY: WebAssembly without threads has one thread, and natively only tests run this, one call
// at a time under the lock of `tests`.
unsafe impl Sync for Only {}

static STATE: Only = Only(RefCell::new(State {
    profile: Profile::new(),
    model: Model::new(),
}));

/// Takes a profile and a model, as texts of characters up to U+00FF, one for each byte. What
/// cannot be read is as if it were not there: a new visitor, a site without configuration.
#[wasm_bindgen]
pub fn load(profile: &str, model: &str) {
    if let Ok(mut state) = STATE.0.try_borrow_mut() {
        state.profile = Profile::from_bytes(&bytes_of(profile)).unwrap_or_default();
        state.model = Model::from_bytes(&bytes_of(model)).unwrap_or_default();
    }
}

/// The profile, as such a text.
#[wasm_bindgen]
pub fn save() -> String {
    let state = STATE.0.try_borrow();
    let bytes = state.map_or_else(|_| Vec::new(), |state| state.profile.to_bytes());
    bytes.into_iter().map(char::from).collect()
}

/// Takes in an event.
///
/// `kind`: 0 viewed, 1 engaged, 2 searched, 3 clicked, 4 submitted, 5 named, 6 identified. `at`:
/// milliseconds since the Unix epoch. `fields`, with U+0000 between: address of the page, its title, its
/// referrer, topics (one a line), keywords (one a line), the language, the text (query, text of
/// what was clicked, name of the event, user id), the address that a link leads to; for *identified* then names
/// and JSON texts of traits in turn. `active` and `active_before` in milliseconds; `scroll` and
/// `scroll_before` in percent.
#[wasm_bindgen]
#[allow(clippy::too_many_arguments)] // One flat call costs half of what a structure would.
pub fn take_in(
    kind: u32,
    at: f64,
    fields: &str,
    active: u32,
    active_before: u32,
    scroll: u8,
    scroll_before: u8,
    words: u32,
) {
    let Ok(mut state) = STATE.0.try_borrow_mut() else {
        return;
    };
    let state = &mut *state;
    let mut fields = pieces(fields, 0);
    let mut field = || fields.next().unwrap_or_default();
    let (url, title, referrer, topics) = (field(), field(), field(), field());
    let (keywords, language, text, href) = (field(), field(), field(), field());
    let address = Address::split(url);
    let campaign = Campaign::from_address(&address);
    let mut traits = Vec::new();
    while let (Some(name), Some(value)) = (fields.next(), fields.next()) {
        traits.push((name, value));
    }
    let at = Timestamp::from_milliseconds(at as i64);
    let event = Event {
        at,
        kind: match kind {
            0 => EventKind::Viewed {
                campaign: &campaign,
                measured: true,
            },
            1 => EventKind::Engaged(Engagement {
                active: Milliseconds(active.into()),
                active_before: Milliseconds(active_before.into()),
                scroll,
                scroll_before,
                words,
            }),
            2 => EventKind::Searched { query: text },
            3 => EventKind::Clicked { text, href },
            4 => EventKind::Submitted,
            6 => EventKind::Identified { traits: &traits },
            _ => EventKind::Named { name: text },
        },
        page: Page {
            url,
            path: address.path,
            title,
            referrer,
        },
        topics,
        keywords,
    };
    state.profile.take_in(&event, &state.model);
    state.profile.learn(EntryKind::Language, language, at);
    if kind == 6 {
        state.profile.learn(EntryKind::User, text, at);
    }
}

/// What the profile means at a moment, in milliseconds since the Unix epoch: a JSON object.
#[wasm_bindgen]
pub fn snapshot(at: f64) -> String {
    let mut json = JsonWriter::new(|_, _| {});
    if let Ok(state) = STATE.0.try_borrow() {
        let now = Timestamp::from_milliseconds(at as i64);
        json.open('{');
        Snapshot::of(&state.profile, &state.model, now).write_members(&mut json);
        write_visit_members(&state.profile, &mut json);
        json.close('}');
    }
    json.into_string()
}

fn bytes_of(text: &str) -> Vec<u8> {
    text.chars().map(|character| character as u8).collect()
}
