//! Under which consent visitors came: kept with what they sent, counted once a day, told of each and of
//! all, and gone with whoever is erased.

use serde_json::{Value, json};

use crate::client::{get, post};
use crate::server::{Collector, batch, page};
use crate::viewer::Viewer;

/// Sends under a consent, or under none.
async fn send(collector: &Collector, consent: &str, messages: &[String]) {
    let body = match consent {
        "" => batch(messages),
        _ => batch(messages).replacen('{', &format!(r#"{{"consent":"{consent}","#), 1),
    };
    let answer = collector.send(post("/v1/batch", body)).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

/// How many are counted under each consent.
async fn counted(collector: &Collector) -> Value {
    let trend = collector.admin("trends?metric=consents").await.json();
    let points = trend["points"].as_array().unwrap();
    let mut all: std::collections::BTreeMap<String, u64> = Default::default();
    // A test may run through midnight.
    for name in points
        .iter()
        .flat_map(|point| point["names"].as_array().unwrap())
    {
        *all.entry(name["name"].as_str().unwrap().to_owned())
            .or_default() += name["count"].as_u64().unwrap();
    }
    json!(all)
}

#[tokio::test]
async fn it_is_kept_counted_and_told() {
    let collector = Collector::start().await;
    send(
        &collector,
        "granted",
        &[page("all", "1", "/", 9), page("all", "2", "/a", 8)],
    )
    .await;
    send(&collector, "segments", &[page("some", "1", "/", 9)]).await;
    send(&collector, "session", &[page("once", "1", "/", 9)]).await;
    send(&collector, "", &[page("server", "1", "/", 9)]).await;
    assert_eq!(
        counted(&collector).await,
        json!({ "granted": 1, "segments": 1, "session": 1 })
    );
    // More of the same changes nothing, nor does less; who consents to more counts under that.
    send(&collector, "granted", &[page("all", "3", "/", 7)]).await;
    send(&collector, "segments", &[page("all", "4", "/", 6)]).await;
    send(&collector, "granted", &[page("some", "2", "/", 5)]).await;
    send(&collector, "segments", &[page("some", "3", "/", 20)]).await;
    send(&collector, "", &[page("once", "2", "/", 1)]).await;
    let all = json!({ "granted": 2, "session": 1 });
    assert_eq!(counted(&collector).await, all);

    // Of each what was said last is told, whatever came last, and whoever asks by it finds them.
    let viewer = Viewer::sign_in(&collector, &collector.token).await;
    for (visitor, told, consent) in [
        ("all", "segments only", "segments"),
        ("some", "everything", "granted"),
        ("once", "this session only", "session"),
        ("server", "not said", ""),
    ] {
        let html = viewer.page(&format!("profiles/{visitor}")).await;
        assert!(
            html.contains(&format!("consent: {told}")),
            "{visitor}: {html}"
        );
        if !consent.is_empty() {
            let found = collector
                .admin(&format!("profiles?consent={consent}"))
                .await
                .json();
            let found = found["profiles"].as_array().unwrap();
            let ids: Vec<&str> = found
                .iter()
                .map(|one| one["id"].as_str().unwrap())
                .collect();
            assert_eq!(ids, [visitor], "{consent}");
        }
    }
    assert_eq!(collector.admin("profiles?consent=x").await.status, 400);

    // On the page Today, and in what leaves.
    let html = viewer.page("today").await;
    assert!(html.contains("Full consent today"), "{html}");
    let table = viewer.see("today?csv=consent").await;
    let row = table.text().lines().nth(1).unwrap().to_owned();
    assert!(row.ends_with(",2,0,1"), "{}", table.text());
    let exported = collector.admin("export?what=events&format=ndjson").await;
    let said = |visitor: &str, id: &str| {
        let lines = exported.text().lines();
        let mut lines = lines.map(|line| serde_json::from_str::<Value>(line).unwrap());
        let line = lines.find(|one| one["anonymousId"] == visitor && one["messageId"] == id);
        line.unwrap()["consent"].clone()
    };
    assert_eq!(said("some", "1"), "segments");
    assert_eq!(said("some", "2"), "granted");
    assert_eq!(said("once", "2"), Value::Null);
    let timeline = collector.admin("profiles/some/timeline").await.json();
    let told: Vec<&Value> = timeline["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["consent"])
        .collect();
    assert_eq!(told, ["segments", "segments", "granted"]);

    // It lasts, and goes with whoever goes.
    let collector = collector.restart().await;
    assert_eq!(counted(&collector).await, all);
    let answer = collector.admin_post("erase", r#"["some"]"#).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(
        counted(&collector).await,
        json!({ "granted": 1, "session": 1 })
    );
}

#[tokio::test]
async fn one_message_says_it_as_well() {
    let collector = Collector::start().await;
    let body = page("one", "1", "/", 3).replacen('{', r#"{"writeKey":"k","consent":"granted","#, 1);
    let answer = collector.send(post("/v1/page", body)).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    // Nobody says it of a pixel that is loaded by somebody unknown but the link itself.
    let pixel = "/v1/pixel.gif?writeKey=k&anonymousId=two&consent=granted&event=Read";
    assert_eq!(collector.send(get(pixel)).await.status, 200);
    assert_eq!(counted(&collector).await, json!({ "granted": 2 }));
}
