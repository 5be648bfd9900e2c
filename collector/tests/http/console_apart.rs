//! What stays apart in the console's pages about visitors: sites from each other, and texts of others from
//! what is ours.

use firstglance_collector::token::Role;
use serde_json::json;

use crate::client::post;
use crate::console_profiles::collector;
use crate::server::{Collector, Options, batch, page};
use crate::viewer::Viewer;

#[tokio::test]
async fn sites_see_nothing_of_each_other() {
    let site = |id: &str, key: &str| {
        format!(
            "[site]\nid = \"{id}\"\nwrite_key = \"{key}\"\nallowed_origins = [\"https://{id}.example\"]\n"
        )
    };
    let collector = Collector::start_with(Options {
        config: site("one", "k"),
        more: vec![site("two", "k2")],
        ..Options::default()
    })
    .await;
    assert_eq!(
        collector
            .batch(&[page("secret", "m1", "/of-one/", 9)])
            .await
            .status,
        200
    );
    let two = batch(&[page("own", "m2", "/of-two/", 9)]).replace("\"k\"", "\"k2\"");
    assert_eq!(collector.send(post("/v1/batch", two)).await.status, 200);
    let token = collector.new_token("of two", Role::Erase, Some("two"));
    let viewer = Viewer::sign_in_to(&collector, &token, "two").await;
    assert!(viewer.page("profiles").await.contains("Anonymous own"));
    let elsewhere = Viewer::sign_in_to(&collector, &token, "one").await;
    for path in [
        "profiles",
        "profiles/secret",
        "profiles/secret/access",
        "export",
        "live",
        "live/state",
        "live/stream",
    ] {
        let answer = elsewhere.see(path).await;
        assert_eq!(answer.status, 403, "{path}");
        assert!(
            !answer.text().contains("of-one") && !answer.text().contains("secret\""),
            "{path}"
        );
        // The stream of the own site goes on for ever.
        if path != "live/stream" {
            assert!(!viewer.see(path).await.text().contains("of-one"), "{path}");
        }
    }
    for path in ["profiles/secret/erase", "profiles/secret/undo"] {
        assert_eq!(elsewhere.send(path, "merge=1").await.status, 403, "{path}");
    }
    assert_eq!(viewer.send("profiles/secret/erase", "").await.status, 404);
    let owner = Viewer::sign_in_to(&collector, &collector.token, "one").await;
    assert!(owner.page("profiles/secret").await.contains("/of-one/"));
}

#[tokio::test]
async fn texts_that_try_to_be_more_stay_texts() {
    let collector = collector().await;
    let texts: Vec<String> = serde_json::from_str(include_str!("../hostile.json")).unwrap();
    let long = "<i>é".repeat(2_500);
    for (number, text) in texts.iter().chain([&long]).enumerate() {
        let visitor = format!("v{number}");
        let id = |kind: &str| format!("{kind}{number}");
        let messages = [
            json!({"type": "page", "messageId": id("p"), "anonymousId": visitor, "properties": {"title": text, "path": text, "topics": [text], "referrer": text},
                "context": {"userAgent": text, "locale": text, "campaign": {"source": text, "medium": text, "name": text, "term": text, "content": text}, "page": {"title": text}}}),
            json!({"type": "track", "messageId": id("s"), "anonymousId": visitor, "event": "Site Searched", "properties": {"query": text}}),
            json!({"type": "track", "messageId": id("c"), "anonymousId": visitor, "event": "Content Viewed", "properties": {"slot": text, "variant": text}}),
            json!({"type": "track", "messageId": id("t"), "anonymousId": visitor, "event": text, "properties": {text: text}}),
            json!({"type": "identify", "messageId": id("i"), "anonymousId": visitor, "traits": {"name": text, "email": text, text: text}}),
        ];
        let batch = json!({"writeKey": "k", "batch": messages});
        let answer = collector.send(post("/v1/batch", batch.to_string())).await;
        assert!(
            answer.json()["accepted"].as_u64().unwrap() >= 1,
            "{}",
            answer.text()
        );
    }
    let viewer = Viewer::sign_in(&collector, &collector.token).await;
    let empty = viewer.page("profiles?text=nobody-is-called-that").await;
    let scripts = empty.matches("<script").count();
    let mut paths: Vec<String> = [
        "profiles",
        "live",
        "profiles?columns=campaign,device,language,interests,segments",
    ]
    .map(str::to_owned)
    .into();
    paths.extend((0..=texts.len()).map(|number| format!("profiles/v{number}")));
    for path in &paths {
        let html = viewer.page(path).await;
        assert_eq!(html.matches("<script").count(), scripts, "{path}");
        for text in texts.iter().filter(|text| text.contains('<')) {
            assert!(!html.contains(text.trim()), "{path}: {text}");
        }
        for never in [
            "<img",
            "<iframe",
            "<i>",
            "onerror=\"",
            "onload=\"",
            "href=\"javascript:",
        ] {
            assert!(!html.contains(never), "{path}: {never}");
        }
        // Of ten thousand signs a page shows some.
        assert!(html.len() < 600_000, "{path}: {}", html.len());
    }
    // What is searched for is shown again.
    for text in texts
        .iter()
        .filter(|text| text.contains('<') || text.contains('"'))
    {
        let sought: String = text.bytes().map(|byte| format!("%{byte:02x}")).collect();
        for name in ["text", "segment", "campaign", "stage"] {
            let html = viewer.page(&format!("profiles?{name}={sought}")).await;
            assert_eq!(html.matches("<script").count(), scripts, "{name}={text}");
        }
    }
}
