//! The fold: values that come out of typical events, independence of order, bounds, and that the
//! binary form gives back the same profile.
#![allow(clippy::unwrap_used, missing_docs)]

use firstglance_engine::address::Address;
use firstglance_engine::codec::Encode;
use firstglance_engine::events::{self, property};
use firstglance_engine::message::{Context, PageContext};
use firstglance_engine::profile::EntryKind;
use firstglance_engine::{
    Campaign, Message, MessageId, MessageKind, Model, Profile, Properties, Snapshot, Timestamp,
    UserId, Value, VisitorId,
};
use proptest::prelude::*;

const START: i64 = 1_795_000_000_000;

fn message(second: i64, kind: MessageKind, context: Context) -> Message {
    Message {
        id: MessageId::parse(&second.to_string()).unwrap(),
        visitor: VisitorId::anonymous("a").unwrap(),
        user_id: None,
        timestamp: Timestamp::from_milliseconds(START + second * 1_000),
        context,
        kind,
    }
}

fn page(second: i64, url: &str, topic: &str) -> Message {
    let address = Address::split(url);
    let mut properties = Properties::new();
    properties.set_texts(property::TOPICS, (!topic.is_empty()).then_some(topic));
    let context = Context {
        page: PageContext {
            url: url.into(),
            path: address.path.into(),
            ..PageContext::default()
        },
        campaign: Campaign::default(),
        library: Some("firstglance".into()),
        locale: Some("nl".into()),
        agent: None,
    };
    message(
        second,
        MessageKind::Page {
            name: None,
            properties,
        },
        context,
    )
}

fn track(second: i64, event: &str, properties: &[(&str, Value)]) -> Message {
    let properties = properties.iter().cloned().collect();
    let event = event.into();
    message(
        second,
        MessageKind::Track { event, properties },
        Context::default(),
    )
}

fn engaged(second: i64, path: &str, topic: &str, seconds: [f64; 2], scroll: [f64; 2]) -> Message {
    track(
        second,
        events::PAGE_ENGAGED,
        &[
            (property::PATH, path.into()),
            (property::TOPICS, topic.into()),
            (property::ACTIVE_SECONDS_BEFORE, seconds[0].into()),
            (property::ACTIVE_SECONDS, seconds[1].into()),
            (property::SCROLL_PERCENT_BEFORE, scroll[0].into()),
            (property::SCROLL_PERCENT, scroll[1].into()),
        ],
    )
}

fn fold(messages: &[Message]) -> Profile {
    let mut profile = Profile::default();
    for message in messages {
        profile.fold(message, &Model::default());
    }
    profile
}

/// Scores as "id=percent", strongest first, at the profile's last event.
fn interests(profile: &Profile) -> String {
    Snapshot::of(profile, &Model::default(), profile.last_seen)
        .interests
        .iter()
        .map(|interest| format!("{}={:.0}", interest.id, interest.score * 100.0))
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn a_first_visit() {
    let profile = fold(&[
        page(
            0,
            "https://h/e-bikes/?utm_source=google&utm_term=e-bike&gclid=1",
            "E-bikes",
        ),
        engaged(20, "/e-bikes/", "E-bikes", [0.0, 5.0], [0.0, 40.0]),
        engaged(40, "/e-bikes/", "E-bikes", [5.0, 20.0], [40.0, 100.0]),
        track(
            41,
            events::LINK_CLICKED,
            &[
                ("href", "/bakfietsen/".into()),
                ("text", "Bakfietsen".into()),
            ],
        ),
        page(42, "https://h/bakfietsen/", "Bakfietsen"),
        track(
            50,
            events::SITE_SEARCHED,
            &[("query", " kinderfiets ".into())],
        ),
        track(51, "Plan Chosen", &[("plan", "basis".into())]),
        page(3_600, "https://h/", ""),
    ]);
    assert_eq!(profile.sessions.count, 2);
    assert_eq!((profile.page_views, profile.events), (3, 8));
    assert_eq!(profile.active.0, 25_000);
    assert_eq!(profile.clicks, 1);
    let only = |kind| profile.recent(kind)[0];
    let e_bikes = profile
        .entries
        .of(EntryKind::Page)
        .find(|page| &*page.text == "/e-bikes/");
    let e_bikes = e_bikes.unwrap();
    assert_eq!(
        (e_bikes.count, e_bikes.scroll, e_bikes.active.0),
        (1, 100, 25_000)
    );
    assert_eq!(&*only(EntryKind::Search).text, "kinderfiets");
    assert_eq!(&*only(EntryKind::Named).text, "Plan Chosen");
    assert_eq!(&*only(EntryKind::Click).text, "Bakfietsen");
    assert_eq!(&*only(EntryKind::Language).value, "nl");
    let (first, last) = (
        profile.first_touch().unwrap(),
        profile.last_touch().unwrap(),
    );
    assert_eq!(first, last);
    assert_eq!((first.path, first.referrer), ("/e-bikes/", ""));
    assert_eq!(first.campaign.get("utm_term"), "e-bike");
    assert_eq!(first.campaign.click_id().unwrap().platform, "Google Ads");
    // One page read and the campaign's term.
    assert_eq!(interests(&profile), "e-bikes=60 bakfietsen=11");
}

#[test]
fn a_search_counts_for_a_topic_seen_before_or_after_it() {
    let search = || {
        track(
            10,
            events::SITE_SEARCHED,
            &[("query", "kinderfiets 24 inch".into())],
        )
    };
    let view = |second| page(second, "https://h/kinderfietsen/", "Kinderfietsen");
    for messages in [[search(), view(20)], [view(0), search()]] {
        assert_eq!(interests(&fold(&messages)), "kinderfietsen=52");
    }
}

#[test]
fn a_bounce_is_little_and_a_page_of_another_library_is_in_between() {
    let own = page(0, "https://h/crm", "CRM");
    let mut foreign = own.clone();
    foreign.context.library = Some("analytics-node".into());
    assert_eq!(interests(&fold(&[own])), "crm=5");
    assert_eq!(interests(&fold(&[foreign])), "crm=17");
}

#[test]
fn interests_fade_without_events() {
    let profile = fold(&[
        page(0, "https://h/crm", "CRM"),
        engaged(1, "/crm", "CRM", [0.0, 60.0], [0.0, 100.0]),
        page(2, "https://h/crm/2", "CRM"),
        engaged(3, "/crm/2", "CRM", [0.0, 60.0], [0.0, 100.0]),
    ]);
    let at = |days: u64| {
        let now = profile
            .last_seen
            .plus(firstglance_engine::Milliseconds::from_days(days));
        Snapshot::of(&profile, &Model::default(), now)
    };
    assert_eq!(at(0).segments.len(), 1);
    assert_eq!(at(14).segments.len(), 0);
    assert!((at(14).interests[0].score - 0.370_039).abs() < 1e-4);
    assert!(at(14).score < at(0).score);
}

#[test]
fn absurd_values_are_bounded() {
    let year = 366.0 * 86_400.0;
    let huge: Box<str> = "é".repeat(500_000).into();
    let mut messages = vec![
        engaged(0, "/x", "X", [-1.0, year], [-5.0, 1e300]),
        engaged(1, "/x", "X", [f64::MAX, f64::MIN], [100.0, 0.0]),
        track(
            2,
            events::SITE_SEARCHED,
            &[("query", Value::Text(huge.clone()))],
        ),
        track(3, &huge, &[]),
        page(4, &format!("https://h/{huge}"), &huge),
    ];
    messages.extend((0..5_000).map(|index| {
        page(
            5 + index,
            &format!("https://h/{index}"),
            &format!("Topic {index}"),
        )
    }));
    messages[0].timestamp = Timestamp::MIN;
    messages[1].timestamp = Timestamp::MAX;
    let profile = fold(&messages);
    assert_eq!(profile.active.0, 3_600_000);
    for kind in EntryKind::ALL {
        assert!(profile.entries.of(kind).count() <= kind.most(), "{kind:?}");
    }
    for kind in [EntryKind::Page, EntryKind::Topic] {
        assert_eq!(profile.entries.of(kind).count(), kind.most());
    }
    assert!(
        profile.to_bytes().len() < 24_576,
        "{}",
        profile.to_bytes().len()
    );
    let snapshot = Snapshot::of(&profile, &Model::default(), Timestamp::MAX);
    assert!(
        snapshot
            .interests
            .iter()
            .all(|one| (0.0..=1.0).contains(&one.score))
    );
}

#[test]
fn a_typical_profile_is_small() {
    let mut messages = Vec::new();
    for index in 0..40 {
        let second = index * 600;
        let path = format!("/category-{}/product-{}", index % 4, index % 12);
        let topic = format!("Category {}", index % 4);
        messages.push(page(second, &format!("https://h{path}"), &topic));
        messages.push(engaged(
            second + 30,
            &path,
            &topic,
            [0.0, 25.0],
            [0.0, 80.0],
        ));
    }
    assert!(
        fold(&messages).to_bytes().len() < 2_000,
        "{}",
        fold(&messages).to_bytes().len()
    );
}

#[test]
fn later_traits_win_whatever_comes_first() {
    let identify = |second, value: &str, user: &str| {
        let traits = [("city", Value::from(value))].into_iter().collect();
        let mut message = message(second, MessageKind::Identify { traits }, Context::default());
        message.user_id = Some(UserId::parse(user).unwrap());
        message
    };
    let (early, late) = (identify(1, "Utrecht", "u1"), identify(2, "Zwolle", "u2"));
    for messages in [[early.clone(), late.clone()], [late, early]] {
        let profile = fold(&messages);
        assert_eq!(
            &*profile.entries.one(EntryKind::Trait).unwrap().value,
            "\"Zwolle\""
        );
        assert_eq!(&*profile.entries.one(EntryKind::User).unwrap().value, "u2");
    }
}

fn any_message() -> impl Strategy<Value = Message> {
    let topics = ["", "E-bikes", "Bakfietsen", "Onderhoud"];
    let paths = [
        "/a",
        "/b",
        "/c?utm_source=google",
        "/d?gclid=1&utm_term=e-bike",
    ];
    (
        0..14_000_i64,
        0..6_u8,
        0..4_usize,
        0..4_usize,
        0.0..60.0_f64,
        0.0..100.0_f64,
    )
        .prop_map(
            move |(second, kind, path, topic, active, scroll)| match kind {
                0 | 1 => page(second, &format!("https://h{}", paths[path]), topics[topic]),
                2 => engaged(
                    second,
                    paths[path],
                    topics[topic],
                    [active, 15.0],
                    [scroll / 2.0, scroll],
                ),
                3 => track(
                    second,
                    events::SITE_SEARCHED,
                    &[("query", topics[topic].into())],
                ),
                4 => track(
                    second,
                    events::LINK_CLICKED,
                    &[("href", paths[path].into())],
                ),
                _ => track(second, "Custom", &[]),
            },
        )
}

proptest! {
    /// Everything but the last bits of evidence, which are sums of floats.
    #[test]
    fn order_of_arrival_does_not_matter(
        (messages, shuffled) in prop::collection::vec(any_message(), 0..12)
            .prop_flat_map(|messages| (Just(messages.clone()), Just(messages).prop_shuffle()))
    ) {
        let (one, other) = (fold(&messages), fold(&shuffled));
        let exact = |profile: &Profile| {
            let mut entries: Vec<_> = EntryKind::ALL.into_iter().flat_map(|kind| profile.recent(kind)).cloned().collect();
            entries.iter_mut().for_each(|entry| entry.evidence = 0.0);
            entries.sort_by(|left, right| (left.kind, &left.text).cmp(&(right.kind, &right.text)));
            let counts = [profile.events, profile.page_views, profile.active.0, profile.clicks];
            (entries, counts, profile.sessions.clone(), profile.first_seen, profile.last_seen)
        };
        prop_assert_eq!(exact(&one), exact(&other));
        let now = one.last_seen;
        let scores = |profile| {
            let mut all = Snapshot::of(profile, &Model::default(), now).interests;
            all.sort_by(|left, right| left.id.cmp(&right.id));
            all
        };
        for (left, right) in scores(&one).iter().zip(scores(&other)) {
            prop_assert_eq!(&left.id, &right.id);
            prop_assert!((left.score - right.score).abs() < 1e-9);
        }
    }

    #[test]
    fn bytes_and_back(messages in prop::collection::vec(any_message(), 0..30)) {
        let profile = fold(&messages);
        let bytes = profile.to_bytes();
        prop_assert_eq!(Profile::from_bytes(&bytes), Ok(profile));
    }

    #[test]
    fn broken_bytes_are_refused_or_read(mut bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = Profile::from_bytes(&bytes);
        if let Some(version) = bytes.first_mut() {
            *version = 1;
        }
        let _ = Profile::from_bytes(&bytes);
        let _ = Model::from_bytes(&bytes);
    }
}
