//! The page and the collector give the same answer: what the page's script tells the module, and
//! what it tells the collector in a message, come to the same profile.
#![allow(clippy::unwrap_used, missing_docs)]

use firstglance_engine::codec::Encode;
use firstglance_engine::json::{Clock, SharedFields, read_message};
use firstglance_engine::profile::EntryKind;
use firstglance_engine::{Model, Profile, Snapshot, Timestamp, campaign, interest};
use firstglance_tracker::{load_model, load_profile, save, snapshot, take_in};

const URL: &str = "https://www.wielrijk.nl/e-bikes/?utm_source=google&utm_term=e-bike&gclid=1";
const START: i64 = 1_795_000_000_000;

/// One event as the script tells it to the module, and as a message without what all have.
struct Case {
    /// Type and name.
    event: [&'static str; 2],
    /// Title, host of the referrer, topics, keywords.
    page: [&'static str; 4],
    /// Search, text, path that a link leads to, user.
    said: [&'static str; 4],
    numbers: [u32; 5],
    values: &'static [&'static str],
    message: &'static str,
}

const CASES: [Case; 7] = [
    Case {
        event: ["page", ""],
        page: ["E-bikes", "www.google.com", "E-bikes", "fiets"],
        said: [""; 4],
        numbers: [0; 5],
        values: &[],
        message: r#""type":"page","properties":{"title":"E-bikes","topics":["E-bikes"],"keywords":["fiets"]}"#,
    },
    Case {
        event: ["track", "Page Engaged"],
        page: ["E-bikes", "", "E-bikes", ""],
        said: [""; 4],
        numbers: [15_000, 5_000, 80, 20, 300],
        values: &[],
        message: r#""type":"track","event":"Page Engaged","properties":{"topics":["E-bikes"],"active_seconds":15,"active_seconds_before":5,"scroll_percent":80,"scroll_percent_before":20,"words":300}"#,
    },
    Case {
        event: ["track", "Site Searched"],
        page: [""; 4],
        said: ["kinderfiets 24", "", "", ""],
        numbers: [0; 5],
        values: &[],
        message: r#""type":"track","event":"Site Searched","properties":{"query":"kinderfiets 24"}"#,
    },
    Case {
        event: ["track", "Link Clicked"],
        page: ["", "", "Bakfietsen", ""],
        said: ["", "Bekijk", "/bakfietsen/één", ""],
        numbers: [0; 5],
        values: &[],
        message: r#""type":"track","event":"Link Clicked","properties":{"topics":["Bakfietsen"],"text":"Bekijk","href":"https://www.wielrijk.nl/bakfietsen/%C3%A9%C3%A9n?a#b"}"#,
    },
    Case {
        event: ["track", "Form Submitted"],
        page: ["", "", "E-bikes", ""],
        said: [""; 4],
        numbers: [0; 5],
        values: &[],
        message: r#""type":"track","event":"Form Submitted","properties":{"form":"contact","topics":["E-bikes"]}"#,
    },
    Case {
        event: ["track", "Plan Chosen"],
        page: [""; 4],
        said: [""; 4],
        numbers: [0; 5],
        values: &["plan", "\"basis\"", "price", "49.5"],
        message: r#""type":"track","event":"Plan Chosen","properties":{"plan":"basis","price":49.5}"#,
    },
    Case {
        event: ["identify", ""],
        page: [""; 4],
        said: ["", "", "", "klant-7"],
        numbers: [0; 5],
        values: &["city", "\"Zwolle <>\\t\"", "age", "40", "tags", "[1]"],
        message: r#""type":"identify","userId":"klant-7","traits":{"city":"Zwolle <>\t","age":40,"tags":[1]}"#,
    },
];

/// The snapshot as the page receives it, made of what the collector says.
fn told(profile: &Profile, model: &Model, now: Timestamp) -> String {
    let snapshot = Snapshot::of(profile, model, now);
    let whole = |number: f64| (number + 0.5).floor() as u64;
    let lines = |texts: Vec<String>| texts.iter().map(|text| format!("{text}\n")).collect();
    let interests: Vec<String> = snapshot
        .interests
        .iter()
        .enumerate()
        .map(|(place, one)| {
            let margin = interest::margin(&snapshot.interests, place);
            let (score, margin) = (whole(one.score * 1e3), whole(margin * 1e3));
            format!("{}\n{}\n{score}\n{margin}", one.id, one.label)
        })
        .collect();
    let searches = profile.recent(EntryKind::Search);
    let touch = profile.last_touch();
    let campaign = campaign::fields().filter_map(|parameter| {
        let value = touch.as_ref()?.campaign.get(parameter);
        let name = campaign::field_name(parameter);
        (!value.is_empty()).then(|| format!("{name}\n{value}"))
    });
    let parts: [String; 11] = [
        lines(snapshot.segments.iter().map(ToString::to_string).collect()),
        lines(interests),
        whole(snapshot.confidence * 1e3).to_string(),
        whole(snapshot.score * 10.0).to_string(),
        snapshot.stage.into(),
        profile.sessions.count.to_string(),
        profile.page_views.to_string(),
        whole(profile.active.as_seconds() * 10.0).to_string(),
        lines(
            searches
                .iter()
                .map(|search| search.text.to_string())
                .collect(),
        ),
        lines(campaign.collect()),
        touch.as_ref().map_or("", |touch| touch.referrer).into(),
    ];
    parts.join("\0")
}

#[test]
fn what_the_page_and_the_collector_make_of_the_same_events() {
    let model = Model {
        watches: vec!["Plan*\nplan\n\"ba*\"".into()],
        ..Model::default()
    };
    let clock = Clock {
        received_at: Timestamp::from_milliseconds(START + 3_600_000),
        sent_at: None,
    };
    let mut there = Profile::new();
    load_model(&model.to_text());
    for (second, case) in CASES.iter().enumerate() {
        let at = START + second as i64 * 20_000;
        let [title, referrer, topics, keywords] = case.page;
        let host = "www.wielrijk.nl";
        let parameters = "utm_source=google\nutm_term=e-bike\ngclid=1";
        let browser = ["nl-NL", "Mozilla/5.0"];
        let mut fields: Vec<&str> = case.event.into();
        fields.extend([host, "/e-bikes/", title, referrer, parameters]);
        fields.extend([topics, keywords]);
        fields.extend(browser);
        fields.extend(case.said);
        fields.extend(case.values);
        let [active, before, scroll, scroll_before, words] = case.numbers;
        let (scroll, scroll_before) = (scroll as u8, scroll_before as u8);
        let fields = fields.join("\0");
        take_in(
            at as f64,
            &fields,
            active,
            before,
            scroll,
            scroll_before,
            words,
        );

        let referrer = if referrer.is_empty() {
            String::new()
        } else {
            format!("https://{referrer}/")
        };
        let moment = Timestamp::from_milliseconds(at);
        let json = format!(
            r#"{{{},"messageId":"{second}","anonymousId":"a","timestamp":"{moment}","context":{{"page":{{"url":"{URL}","title":"{title}","referrer":"{referrer}"}},"locale":"nl-NL","userAgent":"Mozilla/5.0","library":{{"name":"firstglance"}}}}}}"#,
            case.message
        );
        let message = read_message(&json, None, &SharedFields::default(), clock).unwrap();
        there.fold(&message, &model);

        assert_eq!(
            Profile::from_text(&save()).as_ref(),
            Ok(&there),
            "{}",
            case.message
        );
        assert_eq!(snapshot(at as f64), told(&there, &model, moment));
    }
    assert!(there.entries.of(EntryKind::Watch).count() == 1);
    // What was kept is what the next page starts with, and what cannot be read is a new visitor.
    let kept = save();
    load_model(&model.to_text());
    assert!(load_profile(&kept));
    assert_eq!(save(), kept);
    assert!(load_profile(&kept[..kept.len() / 2]));
    assert_eq!(save(), Profile::new().to_text());
    // Without a model that can be read, nothing works and nothing breaks.
    load_model("nonsense");
    assert!(!load_profile(&kept));
    take_in(0.0, "page", 0, 0, 0, 0, 0);
    assert_eq!((save(), snapshot(0.0)), (String::new(), String::new()));
}
