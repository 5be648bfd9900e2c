//! Whether content helped: from what pages send to what `/admin/v1/results` and `/admin/v1/slots` say.

use firstglance_collector::clock;
use serde_json::Value;

use crate::client::Request;
use crate::server::{CONFIG, Collector, Options};

const SITE: &str = r#"
[[slot]]
id = "hero"
control = 50
goal = "sale"

[[variant]]
slot = "hero"
id = "crm"
label = "CRM"
html = "<p>CRM</p>"

[[variant]]
slot = "hero"
id = "never"
html = "<p>Never</p>"

[[goal]]
id = "lead"
event = "Lead"

[[goal]]
id = "sale"
label = "A sale"
event = "Order Completed"
value = "revenue"

[[goal]]
id = "twice"
when = 'events("Order Completed") >= 2'
value = 3
"#;

fn track(visitor: &str, id: &str, event: &str, properties: &str) -> String {
    let at = clock::now();
    format!(
        r#"{{"type":"track","event":"{event}","messageId":"{id}","anonymousId":"{visitor}","timestamp":"{at}","properties":{properties}}}"#
    )
}

const SHOWN: &str = r#"{"slot":"hero","variant":"crm"}"#;
const HELD_OUT: &str = r#"{"slot":"hero","variant":"crm","control":true}"#;

async fn started(content: &str) -> Collector {
    Collector::start_with(Options {
        config: format!("{CONFIG}{content}"),
        ..Options::default()
    })
    .await
}

/// Twelve see it, of whom six click and four buy; eight are held out, of whom one buys.
async fn with_visitors() -> Collector {
    let collector = started(SITE).await;
    for number in 0..20 {
        let visitor = format!("v{number}");
        let properties = if number < 12 { SHOWN } else { HELD_OUT };
        let mut messages = vec![track(&visitor, "1", "Content Viewed", properties)];
        if number < 6 {
            messages.push(track(&visitor, "2", "Content Clicked", properties));
        }
        if number < 4 || number == 19 {
            messages.push(track(
                &visitor,
                "3",
                "Order Completed",
                r#"{"revenue":12.5}"#,
            ));
        }
        collector.batch(&messages).await;
        // Sent again it counts no more.
        collector.batch(&messages).await;
    }
    collector
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value}"))
}

#[tokio::test]
async fn what_visitors_came_to() {
    let collector = with_visitors().await;
    let answer = collector.admin("results?slot=hero&days=2").await.json();
    assert_eq!(answer["goal"], "sale");
    assert_eq!(answer["goalLabel"], "A sale");
    let crm = &answer["variants"][0];
    assert_eq!(crm["variant"], "crm");
    for (arm, expected) in [("shown", [12, 12, 6, 6, 4]), ("control", [8, 8, 0, 0, 1])] {
        let names = [
            "visitors",
            "impressions",
            "clicks",
            "clickers",
            "conversions",
        ];
        let found = names.map(|name| crm[arm][name].as_u64().unwrap());
        assert_eq!(found, expected, "{arm}");
    }
    assert_eq!(number(&crm["shown"]["revenue"]), 50.0);
    let rate = &crm["shown"]["conversionRate"];
    assert!((number(&rate["value"]) - 1.0 / 3.0).abs() < 1e-5);
    assert!(number(&rate["low"]) < 1.0 / 3.0 && number(&rate["high"]) > 1.0 / 3.0);
    let lift = &crm["conversionLift"];
    assert!(
        number(&lift["low"]) < 0.0 && number(&lift["high"]) > 1.0,
        "{lift}"
    );
    assert!(
        (0.7..0.95).contains(&number(&lift["probability"])),
        "{lift}"
    );
    let mismatch = &answer["mismatches"][0];
    assert_eq!(mismatch["of"], "control");
    assert!(
        (number(&mismatch["probability"]) - 0.371).abs() < 0.001,
        "{mismatch}"
    );
    assert_eq!(mismatch["told"], false);

    // Another goal, and one that is a condition.
    let lead = collector.admin("results?slot=hero&goal=lead").await.json();
    assert_eq!(lead["all"]["shown"]["conversions"], 0);
    let again: Vec<String> = (0..2)
        .map(|number| {
            track(
                &format!("v{number}"),
                "4",
                "Order Completed",
                r#"{"revenue":1}"#,
            )
        })
        .collect();
    collector.batch(&again).await;
    collector
        .batch(&[track("v0", "5", "Order Completed", "{}")])
        .await;
    let twice = collector.admin("results?slot=hero&goal=twice").await.json();
    assert_eq!(twice["all"]["shown"]["conversions"], 2);
    assert_eq!(number(&twice["all"]["shown"]["revenue"]), 6.0);

    // Who is erased is not counted any more.
    let token = format!("Bearer {}", collector.token);
    let erase = Request::new("DELETE", "/admin/v1/profiles/v0");
    let erased = collector.send(erase.header("Authorization", &token)).await;
    assert_eq!(erased.status, 200);
    let answer = collector.admin("results?slot=hero").await.json();
    let names = ["visitors", "clickers", "conversions"];
    let found = names.map(|name| answer["all"]["shown"][name].as_u64().unwrap());
    assert_eq!(found, [11, 5, 3]);
    for (query, status) in [
        ("results", 400),
        ("results?slot=hero&days=0", 400),
        ("results?slot=hero&goal=other", 404),
        ("results?slot=other", 404),
    ] {
        assert_eq!(collector.admin(query).await.status, status, "{query}");
    }
}

#[tokio::test]
async fn slots() {
    let collector = with_visitors().await;
    let own = r#"{"slot":"teaser","variant":"made-up"}"#;
    collector
        .batch(&[track("w", "1", "Content Viewed", own)])
        .await;
    let answer = collector.admin("slots").await.json();
    let hero = &answer["slots"][0];
    assert_eq!(hero["id"], "hero");
    assert_eq!(hero["visitors"], 20);
    assert_eq!(hero["goal"], "sale");
    assert_eq!(hero["control"], 50);
    let mistakes = hero["mistakes"].as_array().unwrap();
    assert_eq!(mistakes.len(), 1, "{mistakes:?}");
    assert!(mistakes[0].as_str().unwrap().contains("\"never\""));
    let found = serde_json::json!([{"id": "teaser", "variants": ["made-up"], "visitors": 1}]);
    assert_eq!(answer["found"], found);
}

const LEARNING: &str = r#"
[[slot]]
id = "hero"
choose = "automatic"
floor = 20
by = ["e-bikes"]

[[variant]]
slot = "hero"
id = "a"
html = "<p>A</p>"

[[variant]]
slot = "hero"
id = "b"
html = "<p>B</p>"
"#;

/// Shares of the variant `b`: for the segment, and for everybody else.
async fn shares(collector: &Collector) -> Vec<f64> {
    let answer = collector.admin("slots").await.json();
    let shares = answer["slots"][0]["shares"].as_array().unwrap().clone();
    shares
        .iter()
        .map(|one| number(&one["variants"][1]["share"]))
        .collect()
}

#[tokio::test]
async fn shares_learn_and_outlive_a_restart() {
    let mut collector = started(LEARNING).await;
    assert_eq!(shares(&collector).await, [0.5, 0.5]);
    let text = |answer: &crate::client::Answer| String::from_utf8_lossy(&answer.body).into_owned();
    let model = |collector: &Collector| {
        let address = collector.address;
        async move { text(&crate::client::get("/v1/model").send(address).await) }
    };
    let before = model(&collector).await;
    for place in 0..60 {
        let visitor = format!("v{place}");
        let variant = ["a", "b"][place % 2];
        let properties = format!(r#"{{"slot":"hero","variant":"{variant}"}}"#);
        let mut messages = vec![track(&visitor, "1", "Content Viewed", &properties)];
        if variant == "b" && place < 40 {
            messages.push(track(&visitor, "2", "Content Clicked", &properties));
        }
        collector.batch(&messages).await;
    }
    collector.learning.step(clock::now()).await.unwrap();
    assert_eq!(shares(&collector).await, [0.5, 0.6]);
    assert_ne!(model(&collector).await, before);
    let collector = collector.restart().await;
    assert_eq!(shares(&collector).await, [0.5, 0.6]);
    let mut collector = collector;
    for _ in 0..5 {
        collector.learning.step(clock::now()).await.unwrap();
    }
    // What explores stays: a fifth, shared out equally.
    assert_eq!(shares(&collector).await, [0.5, 0.9]);
}
