//! What the module answers for the page's slots.
#![allow(clippy::unwrap_used, missing_docs)]

use firstglance_engine::codec::Encode;
use firstglance_engine::content::{Choice, Content, Slot, Variant};
use firstglance_engine::{Model, Timestamp};
use firstglance_tracker::content::{decide, slots};
use firstglance_tracker::{load_model, snapshot};

const NOW: i64 = 1_795_000_000_000;

fn variant(id: &str, until: i64, content: Content) -> Variant {
    Variant {
        id: id.into(),
        label: id.into(),
        program: None,
        from: None,
        until: Some(Timestamp::from_milliseconds(until)),
        content,
    }
}

fn slot(id: &str, control: u8, variants: Vec<Variant>) -> Slot {
    Slot {
        id: id.into(),
        label: id.into(),
        control,
        choice: Choice::First,
        variants,
    }
}

#[test]
fn slots_and_decisions_as_texts() {
    assert_eq!((slots(), decide("v\0hero\0")), Default::default());
    let html = Content::Html("<h2>é</h2>".into());
    let fields = [("title", "Een & twee"), ("link", "/crm/")].map(|(n, v)| (n.into(), v.into()));
    let fields = Content::Fields(fields.into());
    let model = Model {
        slots: vec![
            slot("hero", 0, vec![variant("crm", NOW + 1_000, html)]),
            slot(
                "offer",
                0,
                vec![variant("ride", NOW + 60_000, fields.clone())],
            ),
            slot("held", 90, vec![variant("x", NOW + 60_000, fields)]),
        ],
        ..Model::default()
    };
    load_model(&model.to_text());
    assert_eq!(slots(), "hero\noffer\nheld\n");
    for (seconds, asked, expected) in [
        (0, "v\0hero\0own", "variant\0crm\0<h2>é</h2>\0\0first"),
        (1, "v\0hero\0own", "variant\0own\0\0\0first"),
        (1, "v\0hero\0", "default\0\0\0\0none eligible"),
        (1, "v\0hero", "default\0\0\0\0none eligible"),
        (
            1,
            "v\0offer\0own",
            "variant\0ride\0\0title\nEen & twee\nlink\n/crm/\n\0first",
        ),
        (1, "v\0held\0", "control\0x\0\0\0first"),
        (1, "\0held\0", "default\0\0\0\0unnamed"),
        (1, "v\0other\0own", ""),
        (1, "", ""),
    ] {
        snapshot((NOW + seconds * 1_000) as f64);
        assert_eq!(decide(asked), expected, "{asked:?} {seconds}");
    }
}
