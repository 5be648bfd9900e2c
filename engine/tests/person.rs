//! Merging visitors into a person: the same as folding all their events together, however often
//! and in whatever order they are merged.
#![cfg(feature = "json")]
#![allow(clippy::unwrap_used, missing_docs)]

use firstglance_engine::codec::Encode;
use firstglance_engine::json::{Clock, SharedFields, read_message};
use firstglance_engine::model::InterestRule;
use firstglance_engine::profile::EntryKind;
use firstglance_engine::{
    Message, Milliseconds, Model, Person, Profile, Snapshot, Timestamp, VisitorId,
};
use proptest::prelude::*;

const START: u64 = 1_795_000_000_000;

fn model() -> Model {
    Model {
        interests: vec![InterestRule {
            id: "crm".into(),
            label: "CRM".into(),
            paths: vec!["/crm/*".into()],
            terms: vec!["crm*".into()],
            half_life: Milliseconds::from_days(3),
        }],
        watches: vec![
            "Order Completed\n\n\n86400000".into(),
            "*\nplan\n\"pro*\"".into(),
        ],
        ..Model::default()
    }
}

/// Something that somebody did: visitor, minute, and what of a few things.
type Deed = (u8, u64, usize);

fn message(number: usize, (visitor, minute, what): Deed) -> Message {
    const WHAT: [&str; 9] = [
        r#""type":"page","context":{"page":{"url":"https://h/crm/a?utm_source=x&utm_term=crm"}}"#,
        r#""type":"page","context":{"page":{"url":"https://h/b","referrer":"https://google.nl/"}},"properties":{"topics":["Erp"]}"#,
        r#""type":"page","context":{"page":{"url":"https://h/"}}"#,
        r#""type":"track","event":"Page Engaged","properties":{"path":"/crm/a","active_seconds":20,"scroll_percent":70}"#,
        r#""type":"track","event":"Site Searched","properties":{"query":"crm prijs"}"#,
        r#""type":"track","event":"Link Clicked","properties":{"text":"Demo","href":"https://h/crm/demo"}"#,
        r#""type":"track","event":"Order Completed","properties":{"plan":"pro-1"}"#,
        r#""type":"identify","userId":"u","traits":{"city":"Zwolle","vip":true}"#,
        r#""type":"identify","userId":"u","traits":{"city":"Utrecht"}"#,
    ];
    let at = Timestamp::MIN.plus(Milliseconds(START + minute * 60_000));
    let json = format!(
        r#"{{{},"messageId":"{number}","anonymousId":"v{visitor}","timestamp":"{at}"}}"#,
        WHAT[what % WHAT.len()]
    );
    let clock = Clock {
        received_at: Timestamp::MAX,
        sent_at: Some(Timestamp::MAX),
    };
    read_message(&json, None, &SharedFields::default(), clock).unwrap()
}

fn messages(deeds: &[Deed]) -> Vec<Message> {
    let mut deeds = deeds.to_vec();
    deeds.sort_by_key(|deed| deed.1);
    let numbered = deeds.into_iter().enumerate();
    numbered
        .map(|(number, deed)| message(number, deed))
        .collect()
}

fn fold<'a>(messages: impl Iterator<Item = &'a Message>) -> Profile {
    let mut profile = Profile::new();
    for message in messages {
        profile.fold(message, &model());
    }
    profile
}

fn person(messages: &[Message], visitors: &[u8]) -> Person {
    let mut person = Person::new();
    for visitor in visitors {
        let id = VisitorId::anonymous(&format!("v{visitor}")).unwrap();
        let own = messages.iter().filter(|message| message.visitor == id);
        person.add(id.clone(), fold(own));
    }
    person
}

/// All of a profile that does not depend on the moments at which it was looked at; sums of decayed
/// evidence rounded, for they are added in another order.
fn essence(profile: &Profile) -> impl PartialEq + std::fmt::Debug + use<> {
    let rounded = |number: f64| (number * 1e9).round();
    let mut entries: Vec<_> = profile
        .entries
        .all()
        .iter()
        .filter(|entry| entry.kind != EntryKind::Stage)
        .map(|entry| {
            let times = if entry.kind == EntryKind::Watch {
                entry.times.clone()
            } else {
                Vec::new()
            };
            let evidence = rounded(entry.evidence);
            let mut entry = entry.clone();
            entry.evidence = 0.0;
            (
                entry.kind,
                entry.text.clone(),
                entry,
                evidence.to_bits(),
                times,
            )
        })
        .collect();
    entries.sort_by(|one, other| (one.0, &one.1).cmp(&(other.0, &other.1)));
    let snapshot = Snapshot::of(profile, &model(), profile.last_seen);
    let interests: Vec<_> = snapshot
        .interests
        .iter()
        .map(|interest| (interest.id.clone(), rounded(interest.score).to_bits()))
        .collect();
    (
        entries,
        [
            profile.events,
            profile.page_views,
            profile.active.0,
            profile.clicks,
        ],
        (
            profile.first_seen,
            profile.last_seen,
            profile.sessions.clone(),
        ),
        (interests, snapshot.segments),
    )
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    // Few enough visits that no span of time is forgotten: what the documentation excepts.
    let minute = (0_u64..4, 0_u64..40).prop_map(|(visit, minute)| visit * 10_000 + minute);
    prop::collection::vec((0_u8..3, minute, 0_usize..9), 0..30)
}

proptest! {
    #[test]
    fn merging_is_folding_together(deeds in deeds()) {
        let messages = messages(&deeds);
        let merged = person(&messages, &[0, 1, 2]).profile(&model());
        prop_assert_eq!(essence(&merged), essence(&fold(messages.iter())));
    }

    #[test]
    fn merging_is_a_union(deeds in deeds()) {
        let messages = messages(&deeds);
        let of = |visitors: &[u8]| person(&messages, visitors);
        let whole = of(&[0, 1, 2]);
        let bytes = |person: &Person| person.profile(&model()).to_bytes();
        // Commutative, associative and idempotent, to the bit.
        prop_assert_eq!(&of(&[0]).merge(of(&[1, 2])), &whole);
        prop_assert_eq!(&of(&[2]).merge(of(&[1]).merge(of(&[0]))), &whole);
        prop_assert_eq!(&whole.clone().merge(whole.clone()), &whole);
        prop_assert_eq!(bytes(&of(&[1]).merge(of(&[0, 1])).merge(of(&[2]))), bytes(&whole));
        // And what was joined by mistake can be taken out again.
        let mut parted = whole.clone();
        parted.remove(&VisitorId::anonymous("v1").unwrap());
        prop_assert_eq!(parted, of(&[0, 2]));
    }

    #[test]
    fn an_older_profile_of_a_visitor_changes_nothing(deeds in deeds(), kept in 0_usize..30) {
        let messages = messages(&deeds);
        let older = person(&messages[..kept.min(messages.len())], &[0, 1]);
        let whole = person(&messages, &[0, 1]);
        prop_assert_eq!(whole.clone().merge(older.clone()), whole.clone());
        prop_assert_eq!(older.merge(whole.clone()), whole);
    }
}

#[test]
fn the_later_trait_wins() {
    let messages = messages(&[(0, 0, 7), (1, 5, 8), (0, 3, 7)]);
    let merged = person(&messages, &[0, 1]).profile(&model());
    let value = |name| &*merged.entries.find(EntryKind::Trait, name).unwrap().value;
    assert_eq!((value("city"), value("vip")), ("\"Utrecht\"", "true"));
}
