//! Browsers of one person: joined for the owner, never for a browser.

use crate::client::get;
use crate::server::{Collector, page};

fn ids(profile: &serde_json::Value) -> Vec<&str> {
    let visitors = profile["visitors"].as_array().unwrap();
    visitors.iter().map(|one| one.as_str().unwrap()).collect()
}

fn identify(visitor: &str, id: &str, user: &str) -> String {
    page(visitor, id, "/", 1).replace(
        "\"type\":\"page\"",
        &format!(r#""type":"identify","userId":"{user}","traits":{{}}"#),
    )
}

#[tokio::test]
async fn two_browsers_become_one_person() {
    let collector = Collector::start().await;
    let phone = [
        page("phone", "1", "/e-bikes/x", 9),
        page("phone", "2", "/e-bikes/y", 8),
        identify("phone", "3", "jo"),
    ];
    let laptop = [
        page("laptop", "1", "/e-bikes/x", 5),
        identify("laptop", "2", "jo"),
    ];
    let cookie = collector.batch(&phone).await.cookie().unwrap();
    let alone = collector.admin("profiles/phone").await.json();
    assert_eq!(ids(&alone), ["phone"]);
    collector.batch(&laptop).await;
    // Sent again, nothing is counted twice.
    collector.batch(&laptop).await;
    let mut seen = Vec::new();
    for id in ["phone", "laptop"] {
        let mut profile = collector.admin(&format!("profiles/{id}")).await.json();
        assert_eq!(profile["id"], id);
        assert_eq!(ids(&profile), ["laptop", "phone"]);
        assert_eq!(
            (&profile["pageViews"], &profile["events"]),
            (&3.into(), &5.into())
        );
        assert_eq!(profile["userId"], "jo");
        profile["id"] = serde_json::Value::Null;
        seen.push(profile);
    }
    assert_eq!(seen[0]["pages"], seen[1]["pages"]);
    assert_eq!(seen[0]["segments"], seen[1]["segments"]);

    // Whoever says to be jo sees nothing of what jo did elsewhere.
    let me = collector
        .send(get("/v1/me").header("Cookie", &cookie))
        .await;
    assert_eq!(me.json()["pageViews"], 2);

    // After a restart all is as it was.
    let collector = collector.restart().await;
    let profile = collector.admin("profiles/phone").await.json();
    assert_eq!(ids(&profile), ["laptop", "phone"]);
}

#[tokio::test]
async fn an_alias_merges_persons() {
    let collector = Collector::start().await;
    let alias = page("user", "9", "/", 1).replace(
        r#""type":"page","messageId":"9","anonymousId":"user""#,
        r#""type":"alias","messageId":"9","userId":"new","previousId":"old""#,
    );
    let messages = [identify("a", "1", "old"), identify("b", "1", "new"), alias];
    assert_eq!(collector.batch(&messages).await.json()["accepted"], 3);
    let profile = collector.admin("profiles/a").await.json();
    assert_eq!(ids(&profile), ["a", "b", "user:new"]);
    // The latest that a browser says counts.
    let later = identify("a", "2", "third");
    collector.batch(&[later]).await;
    let profile = collector.admin("profiles/b").await.json();
    assert_eq!(ids(&profile), ["b", "user:new"]);
}

#[tokio::test]
async fn changes_are_told_newest_first_and_nobody_forges_them() {
    let collector = Collector::start().await;
    let mut messages: Vec<String> = (0..8_u64)
        .map(|number| page("a", &number.to_string(), "/e-bikes/x", 60 - number))
        .collect();
    messages.push(page("a", "fg-1", "/", 70).replace(
        "\"type\":\"page\"",
        r#""type":"track","event":"Segment Entered""#,
    ));
    collector.batch(&messages).await;
    let profile = collector.admin("profiles/a").await.json();
    let changes = profile["changes"].as_array().unwrap();
    let entered: Vec<_> = changes
        .iter()
        .filter(|change| change["event"] == "Segment Entered")
        .collect();
    assert_eq!(entered.len(), 1, "{changes:?}");
    assert_eq!(entered[0]["segment"], "e-bikes");
    assert!(
        entered[0]["reason"]
            .as_str()
            .unwrap()
            .contains("/e-bikes/x")
    );
    let moments: Vec<_> = changes
        .iter()
        .map(|one| one["at"].as_str().unwrap())
        .collect();
    assert!(moments.is_sorted_by(|one, other| one >= other));

    let timeline = collector.admin("profiles/a/timeline").await.json();
    let told: Vec<_> = timeline["events"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|event| event["message"]["context"]["library"]["name"] == "firstglance-collector")
        .collect();
    assert_eq!(told.len(), changes.len());
    let told = told
        .iter()
        .find(|one| one["message"]["event"] == "Segment Entered");
    assert_eq!(told.unwrap()["timestamp"], entered[0]["at"]);
    assert_eq!(told.unwrap()["message"]["properties"]["segment"], "e-bikes");
}

#[tokio::test]
async fn segments_and_their_sizes() {
    let collector = Collector::start().await;
    let mut messages = vec![page("somebody", "1", "/", 1)];
    for visitor in ["a", "b"] {
        for number in 0..10 {
            messages.push(page(visitor, &format!("{number}"), "/e-bikes/x", 1));
        }
    }
    let topical = page("c", "x", "/", 1).replace("{\"path\"", r#"{"topics":["Tents"],"path""#);
    messages.extend((0..10).map(|number| topical.replace("\"x\"", &format!("\"{number}\""))));
    collector.batch(&messages).await;
    let answer = collector.admin("segments").await.json();
    assert_eq!(answer["visitors"], 4);
    let segments: Vec<_> = answer["segments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["id"].as_str().unwrap(), one["size"].as_u64().unwrap()))
        .collect();
    assert_eq!(segments, [("e-bikes", 2), ("tents", 1)]);
    assert_eq!(answer["segments"][0]["configured"], true);
    assert_eq!(answer["segments"][1]["label"], "Tents");
}
