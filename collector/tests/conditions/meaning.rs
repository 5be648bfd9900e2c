//! What conditions mean for a visitor whose events were folded.

use firstglance_collector::config::compile_one;
use firstglance_engine::address::Address;
use firstglance_engine::evaluation::Evaluation;
use firstglance_engine::message::{Context, PageContext};
use firstglance_engine::program::holds;
use firstglance_engine::{
    Message, MessageId, MessageKind, Model, Profile, Properties, Timestamp, UserId, Value,
    VisitorId,
};

/// 2026-11-18T10:06:40Z, a Wednesday.
pub(crate) const START: i64 = 1_794_996_400_000;
pub(crate) const DAY: i64 = 86_400;
const PHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Mobile/15E148 Safari";

pub(crate) fn configuration() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/conditions/site.toml");
    std::fs::read_to_string(path).unwrap()
}

pub(crate) fn message(second: i64, kind: MessageKind, context: Context) -> Message {
    Message {
        id: MessageId::parse(&second.to_string()).unwrap(),
        visitor: VisitorId::anonymous("a").unwrap(),
        user_id: None,
        timestamp: Timestamp::from_milliseconds(START + second * 1_000),
        context,
        kind,
    }
}

pub(crate) fn page(second: i64, url: &str, referrer: &str) -> Message {
    let path = Address::split(url).path;
    let properties: Properties = [("path", Value::from(path))].into_iter().collect();
    let context = Context {
        page: PageContext {
            url: url.into(),
            path: path.into(),
            referrer: referrer.into(),
            ..PageContext::default()
        },
        library: Some("firstglance".into()),
        locale: Some("nl-NL".into()),
        agent: Some(PHONE.into()),
        ..Context::default()
    };
    let name = None;
    message(second, MessageKind::Page { name, properties }, context)
}

pub(crate) fn track(second: i64, event: &str, properties: &[(&str, Value)]) -> Message {
    let properties = properties.iter().cloned().collect();
    let event = event.into();
    message(
        second,
        MessageKind::Track { event, properties },
        Context::default(),
    )
}

/// Two visits: from ChatGPT, and two days later by an advertisement.
fn visitor() -> Vec<Message> {
    let topics = |seconds: f64, scroll: f64| {
        [
            ("path", Value::from("/crm/")),
            ("topics", "crm".into()),
            ("active_seconds_before", 0.0.into()),
            ("active_seconds", seconds.into()),
            ("scroll_percent_before", 0.0.into()),
            ("scroll_percent", scroll.into()),
        ]
    };
    let traits = [
        ("city", Value::from("Zwolle")),
        ("seats", Value::Number(40.0)),
        ("newsletter", Value::Bool(true)),
        ("customer", Value::Bool(false)),
        ("quoted", "say \"hi\"".into()),
    ];
    let traits = traits.into_iter().collect();
    let mut identify = message(
        2 * DAY + 60,
        MessageKind::Identify { traits },
        Context::default(),
    );
    identify.user_id = UserId::parse("u-7").ok();
    vec![
        page(0, "https://h/crm/", "https://chatgpt.com/"),
        track(30, "Page Engaged", &topics(60.0, 80.0)),
        track(40, "Site Searched", &[("query", "CRM software".into())]),
        page(
            2 * DAY,
            "https://h/crm/prijs?utm_source=google&utm_medium=cpc&utm_campaign=Fietswinkl+NL&utm_term=e-bike&gclid=1",
            "https://www.google.nl/",
        ),
        track(
            2 * DAY + 10,
            "Link Clicked",
            &[("text", "Vraag een demo".into()), ("href", "/demo".into())],
        ),
        track(
            2 * DAY + 20,
            "Form Submitted",
            &[("form", "quote-nl".into()), ("amount", Value::Number(5.0))],
        ),
        track(
            2 * DAY + 30,
            "Form Submitted",
            &[("form", "contact".into())],
        ),
        identify,
    ]
}

/// Folds messages and evaluates the last segment at a moment.
pub(crate) fn evaluate(model: &Model, messages: &[Message], second: i64) -> (Evaluation, f64) {
    let mut profile = Profile::default();
    for message in messages {
        profile.fold(message, model);
    }
    let now = Timestamp::from_milliseconds(START + second * 1_000);
    let evaluation = Evaluation::of(&profile, model, now);
    let program = model.segments.last().unwrap().program;
    let value = evaluation.value(program);
    (evaluation, value)
}

#[test]
fn conditions_of_a_visitor() {
    let configuration = configuration();
    let messages = visitor();
    // Three days after the first event: 2026-11-21 11:06 in Amsterdam, a Saturday.
    let now = 3 * DAY;
    let mut wrong = Vec::new();
    let lines = include_str!("right.txt").lines();
    let mut count = 0;
    for line in lines.filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (expected, condition) = line.split_once(' ').unwrap();
        count += 1;
        let model = match compile_one(condition, &configuration) {
            Ok(model) => model,
            Err(problems) => {
                wrong.push(format!("{condition}: {}", problems[0]));
                continue;
            }
        };
        let (_, value) = evaluate(&model, &messages, now);
        if holds(value) != (expected == "yes") {
            wrong.push(format!("{condition}: {value}"));
        }
        // Every program is told part by part, and the parts are what decides.
        let segment = model.segments.last().unwrap();
        let part = model.programs[segment.program].part.as_ref();
        let part = part.unwrap_or_else(|| panic!("no part: {condition}"));
        assert!(condition.contains(&*part.source), "{condition}");
        assert_parts(part, condition);
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    assert!(count >= 60);
}

fn assert_parts(part: &firstglance_engine::explain::Part, condition: &str) {
    for inner in &part.parts {
        assert!(part.code.0 <= inner.code.0 && inner.code.1 <= part.code.1);
        assert!(part.source.contains(&*inner.source), "{condition}");
        assert_parts(inner, condition);
    }
}

#[test]
fn programs_are_shared() {
    let model = compile_one(
        "visited(\"/crm/*\") > 0 && (visited(\"/crm/*\") < 9 || channel == \"Email\") && referrer.kind == \"ai\"",
        &configuration(),
    )
    .unwrap();
    let codes: std::collections::HashSet<&str> = model
        .programs
        .iter()
        .map(|program| &*program.code)
        .collect();
    assert_eq!(codes.len(), model.programs.len());
    let text = firstglance_engine::codec::Encode::to_text(&model);
    assert!(text.len() < 16_000, "{}", text.len());
}

/// What a page downloads for a condition, in bytes: helpers are there only where they are used.
#[test]
fn models_stay_small() {
    let configuration = "[site]\nwrite_key = \"k\"\ntimezone = \"Europe/Amsterdam\"";
    for (condition, most) in [
        ("visits > 1", 800),
        ("now.hour >= 9", 1_500),
        ("device == \"mobile\"", 1_200),
        ("referrer.kind == \"ai\"", 9_000),
        ("channel == \"Email\"", 20_000),
    ] {
        let model = compile_one(condition, configuration).unwrap();
        let size = firstglance_engine::codec::Encode::to_text(&model).len();
        println!(
            "{condition}: {size} bytes, {} programs",
            model.programs.len()
        );
        assert!(size < most, "{condition}: {size}");
    }
}
