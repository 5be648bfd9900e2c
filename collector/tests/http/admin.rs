//! What the owner sees, and nobody else.

use crate::client::get;
use crate::server::{Collector, page};

#[tokio::test]
async fn nothing_without_the_token() {
    let collector = Collector::start().await;
    collector.batch(&[page("a", "1", "/", 1)]).await;
    let short = &collector.token[..collector.token.len() - 1];
    for path in [
        "profiles",
        "profiles/a",
        "profiles/a/timeline",
        "profiles/a/why",
        "segments",
        "campaigns",
        "trends?metric=messages",
        "unknown",
    ] {
        let path = format!("/admin/v1/{path}");
        for authorization in [
            "",
            "Bearer",
            "Bearer ",
            "Basic azo=",
            &format!("Bearer {short}"),
        ] {
            let request = get(&path).header("Authorization", authorization);
            let answer = collector.send(request).await;
            assert_eq!(
                (answer.status, answer.error().as_str()),
                (401, "unauthorized")
            );
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        }
        assert_eq!(collector.send(get(&path)).await.status, 401);
    }
    assert_eq!(collector.admin("unknown").await.status, 404);
}

#[tokio::test]
async fn a_profile_with_everything() {
    let collector = Collector::start().await;
    let at = firstglance_collector::clock::now();
    let common = format!(r#""anonymousId":"a b/ü","timestamp":"{at}""#);
    let messages = [
        format!(
            r#"{{"type":"page","messageId":"1",{common},"properties":{{"path":"/e-bikes/x"}},"context":{{"page":{{"url":"https://h/e-bikes/x","referrer":"https://www.google.com/"}},"campaign":{{"source":"google"}},"click_id":{{"name":"gclid","value":"abc"}},"locale":"nl-NL"}}}}"#
        ),
        format!(
            r#"{{"type":"track","event":"Page Engaged","messageId":"2",{common},"properties":{{"path":"/e-bikes/x","active_seconds":12.5,"scroll_percent":80}}}}"#
        ),
        format!(
            r#"{{"type":"track","event":"Site Searched","messageId":"3",{common},"properties":{{"query":"kinderfiets"}}}}"#
        ),
        format!(
            r#"{{"type":"track","event":"Link Clicked","messageId":"4",{common},"properties":{{"href":"/x","text":"Verder"}}}}"#
        ),
        format!(r#"{{"type":"track","event":"Proefrit","messageId":"5",{common}}}"#),
        format!(
            r#"{{"type":"identify","messageId":"6",{common},"userId":"u1","traits":{{"email":"<a@b>"}}}}"#
        ),
    ];
    assert_eq!(collector.batch(&messages).await.json()["accepted"], 6);
    let answer = collector.admin("profiles/a%20b%2F%C3%BC").await;
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let profile = answer.json();
    for (path, expected) in [
        ("/id", "a b/ü"),
        ("/userId", "u1"),
        ("/pages/0/path", "/e-bikes/x"),
        ("/searches/0/query", "kinderfiets"),
        ("/clicks/0/text", "Verder"),
        ("/namedEvents/0/name", "Proefrit"),
        ("/lastTouch/referrer", "google.com"),
        ("/lastTouch/campaign/source", "google"),
        ("/lastTouch/clickId/value", "abc"),
        ("/lastTouch/clickId/platform", "Google Ads"),
        ("/firstTouch/path", "/e-bikes/x"),
        ("/traits/email/value", "<a@b>"),
        ("/language", "nl-NL"),
        ("/interests/0/id", "e-bikes"),
    ] {
        assert_eq!(
            profile.pointer(path).unwrap(),
            expected,
            "{path}: {profile}"
        );
    }
    for (path, expected) in [
        ("/events", 6.0),
        ("/pageViews", 1.0),
        ("/visits", 1.0),
        ("/activeSeconds", 12.5),
        ("/pages/0/scrollPercent", 80.0),
        ("/pages/0/activeSeconds", 12.5),
        ("/clicksTotal", 1.0),
    ] {
        let found = profile.pointer(path).unwrap().as_f64();
        assert_eq!(found, Some(expected), "{path}");
    }
}

#[tokio::test]
async fn unknown_visitors() {
    let collector = Collector::start().await;
    for path in [
        "profiles/x",
        "profiles/x/timeline",
        "profiles/x/why",
        "profiles/%ff",
        "profiles/",
    ] {
        let answer = collector.admin(path).await;
        assert_eq!(
            (answer.status, answer.error().as_str()),
            (404, "unknown_visitor"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn the_list_in_pages() {
    let collector = Collector::start().await;
    let messages: Vec<String> = (0..600)
        .map(|number| page(&format!("v{number:03}"), "1", "/", 1))
        .collect();
    assert_eq!(collector.batch(&messages).await.json()["accepted"], 600);
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let list = collector
            .admin(&format!("profiles?limit=70{cursor}"))
            .await
            .json();
        let page = list["profiles"].as_array().unwrap();
        assert!(page.len() <= 70);
        seen.extend(
            page.iter()
                .map(|one| one["id"].as_str().unwrap().to_owned()),
        );
        match list["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    let expected: Vec<String> = (0..600).map(|number| format!("v{number:03}")).collect();
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn the_list_filtered() {
    let collector = Collector::start().await;
    let mut messages = vec![page("Zoë", "1", "/", 1)];
    for number in 0..10 {
        messages.push(page("biker", &format!("{number}"), "/e-bikes/x", 1));
    }
    collector.batch(&messages).await;
    for (query, expected) in [
        ("", vec!["Zoë", "biker"]),
        ("?text=zoe", vec!["Zoë"]),
        ("?text=ZO%C3%8B", vec!["Zoë"]),
        ("?text=e-bikes", vec!["biker"]),
        ("?text=nobody", vec![]),
        ("?segment=e-bikes", vec!["biker"]),
        ("?segment=e-bikes&text=zoe", vec![]),
        ("?stage=nowhere", vec![]),
    ] {
        let list = collector.admin(&format!("profiles{query}")).await.json();
        let ids: Vec<&str> = list["profiles"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["id"].as_str().unwrap())
            .collect();
        assert_eq!(ids, expected, "{query}");
    }
}

#[tokio::test]
async fn the_list_by_interest_trait_and_time() {
    let collector = Collector::start().await;
    let mut messages: Vec<String> = (0..10)
        .map(|number| page("biker", &format!("{number}"), "/e-bikes/x", 7_200))
        .collect();
    messages.push(page("late", "1", "/e-bikes/x", 1));
    let at = firstglance_collector::clock::now();
    messages.push(format!(
        r#"{{"type":"identify","messageId":"i","anonymousId":"late","timestamp":"{at}","userId":"u","traits":{{"plan":"Pro"}}}}"#
    ));
    collector.batch(&messages).await;
    let recently = at.minus(firstglance_engine::Milliseconds::from_minutes(60));
    for (query, expected) in [
        (String::new(), vec!["late", "biker"]),
        ("interest=e-bikes:0".to_owned(), vec!["late", "biker"]),
        ("interest=e-bikes".to_owned(), vec!["biker"]),
        ("interest=e-bikes:1".to_owned(), vec![]),
        ("interest=boats:0".to_owned(), vec![]),
        ("trait.plan=pro".to_owned(), vec!["late"]),
        ("trait.plan=basic".to_owned(), vec![]),
        ("trait.plan=pro&trait.colour=red".to_owned(), vec![]),
        (format!("since={recently}"), vec!["late"]),
        (format!("since={recently}&segment=e-bikes"), vec![]),
    ] {
        let list = collector.admin(&format!("profiles?{query}")).await.json();
        let ids: Vec<&str> = (list["profiles"].as_array().unwrap().iter())
            .map(|one| one["id"].as_str().unwrap())
            .collect();
        assert_eq!(ids, expected, "{query}");
    }
    let segments = collector.admin("segments").await.json();
    assert_eq!(segments["visitors"], 2);
    assert_eq!(segments["segments"][0]["size"], 1);
    let stages = segments["stages"].as_array().unwrap();
    let all: u64 = stages
        .iter()
        .map(|stage| stage["size"].as_u64().unwrap())
        .sum();
    assert_eq!(all, 2, "{segments}");
}

#[tokio::test]
async fn the_list_of_a_stage() {
    let collector = Collector::start().await;
    collector.batch(&[page("a", "1", "/", 1)]).await;
    let stage = collector.admin("profiles/a").await.json()["stage"].clone();
    let stage = stage.as_str().unwrap();
    for (query, expected) in [
        (format!("stage={stage}"), 1),
        (format!("stage={stage}&text=a"), 1),
        (format!("stage={stage}&segment=e-bikes"), 0),
        (format!("stage=not-{stage}"), 0),
    ] {
        let list = collector.admin(&format!("profiles?{query}")).await.json();
        assert_eq!(list["profiles"].as_array().unwrap().len(), expected);
    }
}

#[tokio::test]
async fn parameters_that_cannot_be() {
    let collector = Collector::start().await;
    collector.batch(&[page("a", "1", "/", 1)]).await;
    for path in [
        "profiles?limit=0",
        "profiles?limit=x",
        "profiles?limit=100000",
        "profiles?cursor=%00",
        "profiles?cursor=a",
        "profiles?cursor=a.b",
        "segments?days=0",
        "segments?days=x",
        "segments?days=367",
        "trends",
        "trends?metric=weather",
        "trends?metric=messages&step=week",
        "trends?metric=messages&from=yesterday",
        "trends?metric=messages&from=2026-13-01",
        "trends?metric=messages&from=2000-01-01&to=2000-01-02",
        "trends?metric=messages&from=9999-01-01&to=2026-01-01",
        "trends?metric=messages&to=9999-01-01&from=2026-06-01",
        "trends?metric=engaged_visitors&step=hour",
        "campaigns?by=weather",
        "campaigns?limit=0",
        "campaigns?from=x",
        "profiles?since=yesterday",
        "profiles?interest=e-bikes:much",
        "profiles?interest=e-bikes:2",
        "profiles/a/timeline?limit=-1",
        "profiles/a/timeline?cursor=x",
    ] {
        let answer = collector.admin(path).await;
        assert_eq!(
            (answer.status, answer.error().as_str()),
            (400, "invalid_parameter"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn the_timeline_is_in_the_order_of_time() {
    let collector = Collector::start().await;
    // Three requests whose messages interleave, the oldest last.
    for start in [2, 1, 0] {
        let messages: Vec<String> = (0..50)
            .map(|number| {
                let number = number * 3 + start;
                page("a", &format!("m{number:03}"), "/", 7_200 - number * 40)
            })
            .collect();
        collector.batch(&messages).await;
    }
    let expected: Vec<String> = (0..150).map(|number| format!("m{number:03}")).collect();
    for limit in [1_000, 150, 149, 7, 1] {
        let mut ids = Vec::new();
        let mut cursor = String::new();
        loop {
            let path = format!("profiles/a/timeline?limit={limit}{cursor}");
            let page = collector.admin(&path).await.json();
            for event in page["events"].as_array().unwrap() {
                let id = event["messageId"].as_str().unwrap().to_owned();
                if id.starts_with("fg-") {
                    // What the collector found: the visitor's stage rose.
                    continue;
                }
                ids.push(id);
                assert_eq!(event["type"], "page");
                assert_eq!(event["message"]["messageId"], event["messageId"]);
            }
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(ids, expected, "limit {limit}");
    }
}

#[tokio::test]
async fn messages_are_kept_as_they_came() {
    let collector = Collector::start().await;
    let raw =
        page("a", "1", "/", 1).replace("\"type\"", r#" "unknown" : [1.0e2,"\u00e9"] , "type""#);
    let body = format!(r#"{{"writeKey":"k","context":{{"locale":"nl"}},"batch":[ {raw} ]}}"#);
    collector.send(crate::client::post("/v1/batch", body)).await;
    let timeline = collector.admin("profiles/a/timeline").await;
    assert!(timeline.text().contains(&raw), "{}", timeline.text());
    assert_eq!(timeline.json()["events"][0]["batchContext"]["locale"], "nl");
}
