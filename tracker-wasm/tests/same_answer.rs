//! The page and the collector give the same answer: what the page's script tells the module, and
//! what it tells the collector in a message, come to the same profile.
#![allow(clippy::unwrap_used, missing_docs)]

use firstglance_engine::codec::Encode;
use firstglance_engine::json::{Clock, JsonWriter, SharedFields, read_message};
use firstglance_engine::snapshot::write_visit_members;
use firstglance_engine::{Model, Profile, Snapshot, Timestamp};
use firstglance_tracker::{load, save, snapshot, take_in};

const URL: &str = "https://www.wielrijk.nl/e-bikes/?utm_source=google&utm_term=e-bike&gclid=1";
const START: i64 = 1_795_000_000_000;

/// One event as the script tells it to the module, and as a message without what all have.
struct Case {
    kind: u32,
    fields: [&'static str; 8],
    numbers: [u32; 5],
    message: &'static str,
}

const CASES: [Case; 7] = [
    Case {
        kind: 0,
        fields: [
            URL,
            "E-bikes",
            "https://www.google.com/",
            "E-bikes",
            "fiets",
            "nl-NL",
            "",
            "",
        ],
        numbers: [0; 5],
        message: r#""type":"page","properties":{"title":"E-bikes","topics":["E-bikes"],"keywords":["fiets"]}"#,
    },
    Case {
        kind: 1,
        fields: [URL, "E-bikes", "", "E-bikes", "", "nl-NL", "", ""],
        numbers: [15_000, 5_000, 80, 20, 300],
        message: r#""type":"track","event":"Page Engaged","properties":{"topics":["E-bikes"],"active_seconds":15,"active_seconds_before":5,"scroll_percent":80,"scroll_percent_before":20,"words":300}"#,
    },
    Case {
        kind: 2,
        fields: [URL, "", "", "", "", "nl-NL", "kinderfiets 24", ""],
        numbers: [0; 5],
        message: r#""type":"track","event":"Site Searched","properties":{"query":"kinderfiets 24"}"#,
    },
    Case {
        kind: 3,
        fields: [
            URL,
            "",
            "",
            "Bakfietsen",
            "",
            "nl-NL",
            "Bekijk",
            "https://www.wielrijk.nl/bakfietsen/",
        ],
        numbers: [0; 5],
        message: r#""type":"track","event":"Link Clicked","properties":{"topics":["Bakfietsen"],"text":"Bekijk","href":"https://www.wielrijk.nl/bakfietsen/"}"#,
    },
    Case {
        kind: 4,
        fields: [URL, "", "", "E-bikes", "", "nl-NL", "", ""],
        numbers: [0; 5],
        message: r#""type":"track","event":"Form Submitted","properties":{"form":"contact","topics":["E-bikes"]}"#,
    },
    Case {
        kind: 5,
        fields: [URL, "", "", "", "", "nl-NL", "Plan Chosen", ""],
        numbers: [0; 5],
        message: r#""type":"track","event":"Plan Chosen","properties":{"plan":"basis"}"#,
    },
    Case {
        kind: 6,
        fields: [URL, "", "", "", "", "nl-NL", "klant-7", ""],
        numbers: [0; 5],
        message: r#""type":"identify","userId":"klant-7","traits":{"city":"Zwolle","age":40}"#,
    },
];

#[test]
fn what_the_page_and_the_collector_make_of_the_same_events() {
    let model = Model::default();
    let clock = Clock {
        received_at: Timestamp::from_milliseconds(START + 3_600_000),
        sent_at: None,
    };
    let mut there = Profile::new();
    load("", "");
    for (second, case) in CASES.iter().enumerate() {
        let at = START + second as i64 * 20_000;
        let mut fields = case.fields.join("\0");
        if case.kind == 6 {
            fields += "\0city\0\"Zwolle\"\0age\u{0}40";
        }
        let [active, before, scroll, scroll_before, words] = case.numbers;
        let (scroll, scroll_before) = (scroll as u8, scroll_before as u8);
        take_in(
            case.kind,
            at as f64,
            &fields,
            active,
            before,
            scroll,
            scroll_before,
            words,
        );

        let [url, title, referrer, ..] = case.fields;
        let moment = Timestamp::from_milliseconds(at);
        let json = format!(
            r#"{{{},"messageId":"{second}","anonymousId":"a","timestamp":"{moment}","context":{{"page":{{"url":"{url}","title":"{title}","referrer":"{referrer}"}},"locale":"nl-NL","library":{{"name":"firstglance"}}}}}}"#,
            case.message
        );
        let message = read_message(&json, None, &SharedFields::default(), clock).unwrap();
        there.fold(&message, &model);

        let bytes: Vec<u8> = save().chars().map(|one| one as u8).collect();
        assert_eq!(
            Profile::from_bytes(&bytes).as_ref(),
            Ok(&there),
            "{}",
            case.message
        );
        let mut expected = JsonWriter::default();
        expected.open('{');
        Snapshot::of(&there, &model, moment).write_members(&mut expected);
        write_visit_members(&there, &mut expected);
        expected.close('}');
        assert_eq!(snapshot(at as f64), expected.as_str());
    }
    // What was kept is what the next page starts with, and what cannot be read is a new visitor.
    let kept = save();
    load(&kept, "");
    assert_eq!(save(), kept);
    load(&kept[..kept.len() / 2], "nonsense");
    assert_eq!(
        save(),
        Profile::new()
            .to_bytes()
            .into_iter()
            .map(char::from)
            .collect::<String>()
    );
}
