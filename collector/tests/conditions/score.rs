//! The lead score, its stages, and what the whole configuration says about both.

use firstglance_collector::config::{Config, compile_one};
use firstglance_engine::codec::Encode;
use firstglance_engine::program::holds;
use firstglance_engine::{Message, Model, Profile, Snapshot, Timestamp, Value};

use crate::meaning::{DAY, START, evaluate, page, track};

fn parse(rest: &str) -> Model {
    let text = format!("[site]\nwrite_key = \"k\"\n{rest}");
    match Config::parse(&text) {
        Ok(config) => config.model,
        Err(problems) => panic!("{problems:?}"),
    }
}

fn fold(model: &Model, messages: &[Message]) -> Profile {
    let mut profile = Profile::default();
    for message in messages {
        profile.fold(message, model);
    }
    profile
}

fn snapshot(model: &Model, profile: &Profile, second: i64) -> Snapshot {
    let now = Timestamp::from_milliseconds(START + second * 1_000);
    Snapshot::of(profile, model, now)
}

const RULES: &str = r#"
[score]
disqualified = 'traits["type"] == "applicant"'

[[score.rule]]
label = "Asked for a quote"
event = "Form Submitted"
where = { form = "quote*" }
points = 30
cap = 60
half_life = "1d"

[[score.rule]]
event = "Unsubscribed"
points = -50
cap = 60

[[score.rule]]
when = 'visits >= 2'
points = 5

[[score.stage]]
id = "new"

[[score.stage]]
id = "warm"
from = 20
keep = 10

[[score.stage]]
id = "hot"
from = 50
"#;

fn quote(second: i64) -> Message {
    track(second, "Form Submitted", &[("form", "quote-nl".into())])
}

#[test]
fn points_decay_and_are_bounded() {
    let model = parse(RULES);
    let one = fold(&model, &[page(0, "https://h/", ""), quote(0)]);
    assert_eq!(snapshot(&model, &one, 0).score, 30.0);
    assert_eq!(snapshot(&model, &one, DAY).score, 15.0);
    let four = fold(&model, &[quote(0), quote(1), quote(2), quote(3)]);
    assert_eq!(snapshot(&model, &four, 3).score, 60.0);
    let less = fold(&model, &[quote(0), track(1, "Unsubscribed", &[])]);
    assert_eq!(snapshot(&model, &less, 1).score, 0.0);
    let visits = fold(
        &model,
        &[page(0, "https://h/", ""), page(DAY, "https://h/", "")],
    );
    assert_eq!(snapshot(&model, &visits, DAY).score, 5.0);
}

#[test]
fn negative_points_are_bounded() {
    let model = parse(
        "[[score.rule]]\nevent = \"A\"\npoints = 100\n\
         [[score.rule]]\nevent = \"B\"\npoints = -50\ncap = 60",
    );
    let events: Vec<Message> = ["A", "B", "B", "B"]
        .iter()
        .zip(0..)
        .map(|(name, second)| track(second, name, &[]))
        .collect();
    assert_eq!(snapshot(&model, &fold(&model, &events), 9).score, 40.0);
}

#[test]
fn stages_are_kept() {
    let model = parse(RULES);
    assert_eq!(model.stages.len(), 4);
    let mut profile = fold(&model, &[quote(0)]);
    let stage = |profile: &Profile, second| snapshot(&model, profile, second).stage.to_string();
    assert_eq!(stage(&profile, 0), "warm");
    // 15 points reach nothing, and are enough to stay.
    assert_eq!(stage(&profile, DAY), "warm");
    // 7.5 points are not.
    assert_eq!(stage(&profile, 2 * DAY), "new");
    // Two quotes are hot, which 40 points keep and 35 do not.
    profile = fold(&model, &[quote(0), quote(0)]);
    assert_eq!(stage(&profile, 0), "hot");
    assert_eq!(stage(&profile, DAY / 2), "hot");
    assert_eq!(stage(&profile, DAY * 4 / 5), "warm");
}

#[test]
fn those_who_are_no_leads() {
    let model = parse(RULES);
    let identify = |second: i64, kind: &str| {
        let traits = [("type", Value::from(kind))].into_iter().collect();
        let kind = firstglance_engine::MessageKind::Identify { traits };
        crate::meaning::message(second, kind, Default::default())
    };
    let mut profile = fold(&model, &[quote(0), identify(1, "applicant")]);
    assert_eq!(&*snapshot(&model, &profile, 1).stage, "disqualified");
    // Back as a customer, 17.6 points do not keep a stage that they never had.
    profile.fold(&identify(DAY * 5 / 4, "customer"), &model);
    assert_eq!(&*snapshot(&model, &profile, DAY * 5 / 4).stage, "new");
}

#[test]
fn the_usual_stages() {
    let model = parse("");
    let stages: Vec<&str> = model.stages.iter().map(|stage| &**stage).collect();
    assert_eq!(stages, ["cold", "warm", "hot"]);
    assert_eq!(model.score, None);
    let profile = fold(&model, &[page(0, "https://h/", "")]);
    assert_eq!(&*snapshot(&model, &profile, 0).stage, "cold");
}

#[test]
fn rules_tell_what_they_gave() {
    let model = parse(RULES);
    let program = &model.programs[model.score.unwrap()];
    let part = program.part.as_ref().unwrap();
    let sources: Vec<&str> = part.parts.iter().map(|part| &*part.source).collect();
    assert_eq!(
        sources,
        [
            "Asked for a quote",
            "event \"Unsubscribed\": -50 points",
            "visits >= 2: 5 points"
        ]
    );
    assert_eq!(&*part.parts[2].parts[0].source, "visits >= 2");
    let text = model.to_text();
    assert_eq!(
        Model::from_text(&text).unwrap().programs.len(),
        model.programs.len()
    );
}

#[test]
fn segments_read_score_stage_and_each_other() {
    let text = format!(
        "[site]\nwrite_key = \"k\"\n{RULES}\n\
         [[segment]]\nid = \"b\"\nwhen = 'in_segment(\"a\") && stage == \"hot\"'\n\
         [[segment]]\nid = \"a\"\nwhen = 'score >= 50'\n"
    );
    let model = compile_one("in_segment(\"b\")", &text).unwrap();
    let (_, value) = evaluate(&model, &[quote(0), quote(1)], 1);
    assert!(holds(value));
    let (_, value) = evaluate(&model, &[quote(0)], 1);
    assert!(!holds(value));
}
