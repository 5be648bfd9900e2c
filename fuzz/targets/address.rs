//! Any text as an address: its parts are parts of it, and the page's way and the collector's way to
//! its campaign agree.
#![no_main]

use firstglance_engine::address::{Address, bare_host, decode, decode_path};
use firstglance_engine::campaign::{CLICK_IDS, FIELD_COUNT, MAX_VALUE_BYTES};
use firstglance_engine::event::Page;
use firstglance_engine::text::trimmed;
use firstglance_engine::{Campaign, Event, EventKind, Model, Profile, Timestamp};
use firstglance_fuzz::bounds;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let address = Address::split(text);
    let parts = [
        address.scheme,
        address.host,
        address.path,
        address.query,
        address.fragment,
    ];
    assert!(parts.iter().all(|part| text.contains(part)));
    for part in parts {
        // A byte that is no text becomes a character of three bytes.
        assert!(decode(part).len() <= part.len() * 3);
        let path = decode_path(part);
        let hidden = path.chars().any(|one| one < ' ');
        assert!(!hidden || path == part, "control characters in {path:?}");
        assert!(part.ends_with(bare_host(part)));
    }
    let campaign = Campaign::from_address(&address);
    check(&campaign);
    let mut lines = String::new();
    let mut plain = true;
    for (name, value) in address.parameters() {
        plain &= !name.contains('=') && name.chars().chain(value.chars()).all(|one| one >= ' ');
        // The page's script trims values, as the collector does.
        lines.push_str(&format!("{name}={}\n", trimmed(&value)));
    }
    let told = Campaign::from_parameters(&lines, CLICK_IDS);
    check(&told);
    if plain {
        assert_eq!(campaign, told, "page and collector");
    }
    check(&Campaign::from_parameters(text, text));
    arrive(&address, &campaign);
});

fn check(campaign: &Campaign) {
    let lines = campaign.as_lines();
    assert!(lines.lines().count() <= FIELD_COUNT + 1);
    for line in lines.lines() {
        let (_, value) = line.split_once('=').unwrap_or_default();
        assert!(value.len() <= MAX_VALUE_BYTES);
    }
    assert_eq!(campaign.is_empty(), lines.is_empty());
    let _ = (campaign.click_id(), campaign.has_fields());
}

fn arrive(address: &Address<'_>, campaign: &Campaign) {
    let path = decode_path(address.path);
    let event = Event {
        at: Timestamp::from_milliseconds(1_795_000_000_000),
        kind: EventKind::Viewed {
            campaign,
            measured: true,
        },
        name: "Page Viewed",
        values: "",
        page: Page {
            host: address.query,
            path: &path,
            title: address.fragment,
            referrer: address.host,
        },
        topics: "",
        keywords: "",
    };
    let mut profile = Profile::new();
    profile.take_in(&event, &Model::default());
    bounds::check_profile(&profile);
    if !campaign.is_empty() {
        let touch = profile.last_touch();
        assert_eq!(touch.as_ref().map(|touch| &touch.campaign), Some(campaign));
    }
}
