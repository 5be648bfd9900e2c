//! Segments that are posted: checked, in force at once, kept, taken back, and who would be in them.

use firstglance_engine::Model;
use firstglance_engine::codec::Encode as _;
use serde_json::{Value, json};

use crate::client::{get, post};
use crate::server::{CONFIG, Collector, Options, page};

const READER: &str = "\n[[segment]]\nid = \"reader\"\nlabel = \"Reader\"\nwhen = 'pages >= 3'\n";

fn options() -> Options {
    Options {
        config: format!("{CONFIG}{READER}"),
        ..Options::default()
    }
}

fn segment(id: &str, when: &str) -> String {
    json!({"segment": [{"id": id, "label": "Mine", "description": "Of mine", "when": when}]})
        .to_string()
}

async fn segments_of(collector: &Collector, visitor: &str) -> Value {
    let profile = collector.admin(&format!("profiles/{visitor}")).await.json();
    profile["segments"].clone()
}

async fn model(collector: &Collector) -> (Vec<String>, String) {
    let answer = collector.send(get("/v1/model")).await;
    let version = answer.header("x-firstglance-version").unwrap().to_owned();
    let model = Model::from_text(answer.text()).unwrap();
    let ids = model.segments.iter().map(|one| one.id.to_string());
    (ids.collect(), version)
}

#[tokio::test]
async fn in_force_at_once_and_after_a_restart() {
    let collector = Collector::start_with(options()).await;
    collector
        .batch(&[page("a", "1", "/x", 3), page("a", "2", "/y", 2)])
        .await;
    let (ids, before) = model(&collector).await;
    assert_eq!(ids, ["reader"]);
    let present = collector.admin("segments/definitions").await.json();
    assert_eq!(
        (&present["version"], &present["posted"]),
        (&json!(0), &Value::Null)
    );
    assert_eq!(present["segments"][0]["when"], "pages >= 3");
    assert_eq!(segments_of(&collector, "a").await, json!([]));

    let path = "segments/definitions?based_on=0";
    let dry = collector
        .admin_post(&format!("{path}&dry_run"), &segment("two", "pages >= 2"))
        .await
        .json();
    assert_eq!(
        (&dry["version"], &dry["inForce"]),
        (&Value::Null, &json!(false))
    );
    assert_eq!(model(&collector).await.1, before);

    let posted = collector
        .admin_post(&format!("{path}&note=First"), &segment("two", "pages >= 2"))
        .await;
    assert_eq!(posted.json()["version"], 1, "{}", posted.text());
    let (ids, after) = model(&collector).await;
    assert_eq!(ids, ["reader", "two"]);
    assert_ne!(before, after);
    assert_eq!(segments_of(&collector, "a").await, json!(["two"]));

    // One of the same id takes the place of the configured one.
    let body = segment("reader", "pages >= 1");
    let posted = collector
        .admin_post("segments/definitions?based_on=1", &body)
        .await;
    let told = posted.json();
    assert_eq!(told["segments"].as_array().unwrap().len(), 1, "{told}");
    assert_eq!(
        (
            &told["segments"][0]["source"],
            &told["segments"][0]["replaces"]
        ),
        (&json!("posted"), &json!(true))
    );
    let collector = collector.restart().await;
    assert_eq!(segments_of(&collector, "a").await, json!(["reader"]));
    let versions = collector
        .admin("segments/definitions/versions")
        .await
        .json();
    assert_eq!(versions["versions"][0]["inForce"], true);
    assert_eq!(versions["versions"][1]["note"], "First");

    let path = "segments/definitions/versions/1/restore";
    assert_eq!(collector.admin_post(path, "").await.json()["version"], 3);
    assert_eq!(segments_of(&collector, "a").await, json!(["two"]));
    let three = collector
        .admin("segments/definitions/versions/3")
        .await
        .json();
    assert_eq!(
        (&three["restored"], &three["rules"]["segment"][0]["id"]),
        (&json!(1), &json!("two"))
    );
    collector
        .admin_post("segments/definitions?based_on=3", "{}")
        .await;
    assert_eq!(model(&collector).await.1, before);
    for path in ["9", "x"] {
        let path = format!("segments/definitions/versions/{path}");
        assert_eq!(collector.admin(&path).await.error(), "unknown_version");
    }
}

#[tokio::test]
async fn what_is_wrong_is_told_where_it_is() {
    let collector = Collector::start_with(options()).await;
    let path = "segments/definitions?based_on=0";
    for (when, place, at, right) in [
        (
            "visits > 1\n&& visit > 1",
            "segment[0].when",
            (2, 4),
            "did you mean visits?",
        ),
        (
            "in_segment(\"raeder\")",
            "segment[0].when",
            (1, 12),
            "did you mean \"reader\"?",
        ),
    ] {
        let answer = collector.admin_post(path, &segment("a", when)).await;
        assert_eq!(answer.error(), "invalid_content", "{when}");
        let problem = answer.json()["problems"][0].clone();
        assert_eq!(problem["where"], place);
        assert_eq!(
            (&problem["line"], &problem["column"]),
            (&json!(at.0), &json!(at.1))
        );
        assert_eq!(problem["right"], right);
    }
    // What leads back to itself is told of what was posted, wherever it is found.
    let body = json!({"segment": [
        {"id": "a", "when": "in_segment(\"reader\")"},
        {"id": "reader", "when": "in_segment(\"a\")"},
    ]});
    let answer = collector.admin_post(path, &body.to_string()).await.json();
    let wrong = answer["problems"][0]["wrong"].as_str().unwrap();
    assert!(wrong.contains("reads itself"), "{answer}");
    assert!(
        answer["problems"][0]["where"]
            .as_str()
            .unwrap()
            .starts_with("segment["),
        "{answer}"
    );
    for body in [
        "",
        "[]",
        "{\"x\":1}",
        "{\"segment\":[{\"id\":\"A b\",\"when\":\"visits > 1\"}]}",
    ] {
        assert_eq!(collector.admin_post(path, body).await.status, 400, "{body}");
    }
    let without = collector.admin_post("segments/definitions", "{}").await;
    assert_eq!(without.error(), "invalid_parameter");
    assert_eq!(
        collector.admin("segments/definitions").await.json()["version"],
        0
    );
}

#[tokio::test]
async fn what_content_needs_stays() {
    let collector = Collector::start_with(options()).await;
    let rules = "segments/definitions?based_on=";
    collector
        .admin_post(&format!("{rules}0"), &segment("mine", "pages >= 1"))
        .await;
    let content = json!({
        "slot": [{"id": "hero"}],
        "variant": [{"slot": "hero", "id": "a", "html": "x", "when": "in_segment(\"mine\")"}],
    });
    let posted = collector.admin_post("content", &content.to_string()).await;
    assert_eq!(posted.status, 200, "{}", posted.text());
    let gone = collector.admin_post(&format!("{rules}1"), "{}").await;
    assert_eq!(
        gone.json()["problems"][0]["where"],
        "content variant[0].when"
    );
    // Both are there after a restart, in the right order.
    let collector = collector.restart().await;
    let present = collector.admin("content").await.json();
    assert_eq!(present["leftOut"], json!([]));
    assert_eq!(present["slots"][0]["id"], "hero");
}

#[tokio::test]
async fn two_who_change_the_same() {
    let collector = Collector::start_with(options()).await;
    let path = "segments/definitions?based_on=0";
    let first = collector
        .admin_post(path, &segment("mine", "pages >= 1"))
        .await;
    assert_eq!(first.status, 200);
    let second = collector
        .admin_post(path, &segment("mine", "pages >= 2"))
        .await;
    assert_eq!(
        (second.status, second.error().as_str()),
        (409, "rules_changed")
    );
    assert_eq!(second.json()["error"]["where"], "based_on");
    let present = collector.admin("segments/definitions").await.json();
    assert_eq!(present["posted"]["segment"][0]["when"], "pages >= 1");
}

#[tokio::test]
async fn who_would_be_in_it() {
    let collector = Collector::start_with(options()).await;
    const DAY: u64 = 86_400;
    let mut messages = Vec::new();
    for visitor in 0..30 {
        // Each third has read three pages, two of them eight days ago.
        messages.push(page(&format!("v{visitor}"), "1", "/a", 8 * DAY + visitor));
        if visitor % 3 == 0 {
            messages.push(page(&format!("v{visitor}"), "2", "/b", 8 * DAY - 60));
            messages.push(page(&format!("v{visitor}"), "3", "/c", 60));
        }
    }
    collector.batch(&messages).await;
    let path = "segments/definitions/preview";
    let ask = async |path: &str, body: Value| collector.admin_post(path, &body.to_string()).await;
    let told = ask(path, json!({"when": "pages >= 3"})).await.json();
    assert_eq!(
        (
            &told["visitors"],
            &told["members"],
            &told["entering"],
            &told["leaving"]
        ),
        (&json!(30), &json!(10), &json!(10), &json!(0)),
        "{told}"
    );
    assert_eq!(told["sample"].as_array().unwrap().len(), 10);
    let overlap = &told["overlaps"][0];
    assert_eq!(
        (&overlap["id"], &overlap["size"], &overlap["both"]),
        (&json!("reader"), &json!(10), &json!(10))
    );
    // In the place of one that is in force: who comes in and who goes.
    let told = ask(path, json!({"id": "reader", "when": "pages == 1"}))
        .await
        .json();
    assert_eq!(
        (&told["members"], &told["entering"], &told["leaving"]),
        (&json!(20), &json!(20), &json!(10))
    );
    // What nobody has counted is not known of stored profiles, and said; of earlier it is folded again.
    let body = json!({"when": "events(\"Page Viewed\").within(\"30d\") >= 2"});
    let told = ask(path, body.clone()).await.json();
    assert_eq!(
        (&told["members"], &told["uncounted"]),
        (&json!(0), &json!(["Page Viewed"]))
    );
    let week = firstglance_collector::clock::now()
        .minus(firstglance_engine::Milliseconds(7 * DAY * 1_000));
    let told = ask(&format!("{path}?at={week}"), body).await.json();
    assert_eq!(
        (
            &told["visitors"],
            &told["members"],
            &told["now"],
            &told["still"],
            &told["left"]
        ),
        (&json!(30), &json!(10), &json!(10), &json!(10), &json!(0)),
        "{told}"
    );
    assert_eq!(told["folded"], 30);
    // Of whom nothing has changed since, the stored profile is the earlier one.
    let body = json!({"when": "pages >= 3"});
    let told = ask(&format!("{path}?at={week}"), body).await.json();
    assert_eq!(
        (&told["members"], &told["now"], &told["folded"]),
        (&json!(0), &json!(10), &json!(10)),
        "{told}"
    );
    let wrong = ask(path, json!({"when": "pages >= "})).await;
    assert_eq!(wrong.json()["problems"][0]["where"], "when");
    let later = format!("{path}?at=2199-01-01T00:00:00Z");
    let future = ask(&later, json!({"when": "pages >= 1"}));
    assert_eq!(future.await.error(), "invalid_parameter");
    let unsigned = collector
        .send(post(&format!("/admin/v1/{path}"), "{}"))
        .await;
    assert_eq!(unsigned.status, 401);
}
