//! What is taken in, what is refused, and what is said about it.

use crate::client::{Request, get, post};
use crate::server::{Collector, batch, page};

#[tokio::test]
async fn a_batch_is_stored_and_counted() {
    let collector = Collector::start().await;
    let messages = [page("a", "1", "/e-bikes/x", 20), page("a", "2", "/", 10)];
    let answer = collector.batch(&messages).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(
        answer.text(),
        r#"{"accepted":2,"duplicates":0,"refused":[]}"#
    );
    let again = collector.batch(&messages).await;
    assert_eq!(
        again.text(),
        r#"{"accepted":0,"duplicates":2,"refused":[]}"#
    );
    let profile = collector.admin("profiles/a").await.json();
    assert_eq!(profile["events"], 2);
    assert_eq!(profile["pageViews"], 2);
}

#[tokio::test]
async fn a_message_id_twice_in_one_batch_counts_once() {
    let collector = Collector::start().await;
    let messages = [page("a", "1", "/", 2), page("a", "1", "/", 1)];
    let answer = collector.batch(&messages).await.json();
    assert_eq!(
        (&answer["accepted"], &answer["duplicates"]),
        (&1.into(), &1.into())
    );
    // The same id of another visitor is another message.
    let other = collector.batch(&[page("b", "1", "/", 1)]).await.json();
    assert_eq!(other["accepted"], 1);
}

#[tokio::test]
async fn good_messages_are_kept_beside_bad_ones() {
    let collector = Collector::start().await;
    let deep = format!("{}{}", r#"{"a":"#.repeat(100), "1") + &"}".repeat(100);
    let messages = [
        page("a", "good", "/", 1),
        r#"{"type":"page","messageId":"no-visitor","timestamp":"2026-01-01T00:00:00Z"}"#.to_owned(),
        page("a", "large", &"x".repeat(33 * 1024), 1),
        page("a", "deep", "/", 1).replace(r#"{"path":"/"}"#, &deep),
        "[]".to_owned(),
        page("a", "", "/", 1),
        page("a", "future", "/", 0).replace(":\"20", ":\"21"),
        page("a", "type", "/", 1).replace("\"page\"", "\"pgae\""),
        page("a", "good too", "/", 1),
    ];
    let answer = collector.batch(&messages).await;
    assert_eq!(answer.status, 200);
    let answer = answer.json();
    assert_eq!(answer["accepted"], 2);
    let refused: Vec<(u64, Option<&str>, &str, &str)> = answer["refused"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            assert!(!one["message"].as_str().unwrap().is_empty());
            (
                one["index"].as_u64().unwrap(),
                one["messageId"].as_str(),
                one["code"].as_str().unwrap(),
                one["where"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        refused,
        [
            (
                1,
                Some("no-visitor"),
                "missing_visitor",
                "batch[1].anonymousId"
            ),
            (2, Some("large"), "message_too_large", "batch[2]"),
            (3, Some("deep"), "too_deep", "batch[3]"),
            (4, None, "malformed", "batch[4]"),
            (5, Some(""), "invalid_id", "batch[5].messageId"),
            (6, Some("future"), "invalid_timestamp", "batch[6].timestamp"),
            (7, Some("type"), "unknown_type", "batch[7].type"),
        ]
    );
    assert_eq!(collector.admin("profiles/a").await.json()["events"], 2);
}

#[tokio::test]
async fn every_message_refused_is_an_error() {
    let collector = Collector::start().await;
    let answer = collector.batch(&["{}".to_owned(), "5".to_owned()]).await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.error(), "all_refused");
    let answer = answer.json();
    assert_eq!(answer["accepted"], 0);
    assert_eq!(answer["refused"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn an_empty_batch_is_fine() {
    let collector = Collector::start().await;
    assert_eq!(collector.batch(&[]).await.status, 200);
}

#[tokio::test]
async fn the_six_single_addresses() {
    let collector = Collector::start().await;
    for (kind, rest) in [
        ("track", r#""event":"Signed Up""#),
        ("page", r#""name":"Home""#),
        ("screen", r#""name":"Home""#),
        ("identify", r#""traits":{"email":"a@example.nl"}"#),
        ("alias", r#""previousId":"b""#),
        ("group", r#""groupId":"g""#),
    ] {
        let body = format!(
            r#"{{"messageId":"{kind}","anonymousId":"a","userId":7,"timestamp":"2026-01-01T00:00:00Z",{rest}}}"#
        );
        let request = post(&format!("/v1/{kind}"), body)
            .header("Content-Type", "application/json")
            // "k:" in base64: the way the Segment libraries authenticate.
            .header("Authorization", "Basic azo=");
        let answer = collector.send(request).await;
        assert_eq!(answer.status, 200, "{kind}: {}", answer.text());
    }
    let profile = collector.admin("profiles/a").await.json();
    assert_eq!(profile["events"], 6);
    assert_eq!(profile["userId"], "7");
    assert_eq!(profile["traits"]["email"]["value"], "a@example.nl");
}

#[tokio::test]
async fn the_write_key_is_needed() {
    let collector = Collector::start().await;
    let message = page("a", "1", "/", 1);
    for (body, expected) in [
        (format!(r#"{{"batch":[{message}]}}"#), "missing_write_key"),
        (
            format!(r#"{{"writeKey":"wrong","batch":[{message}]}}"#),
            "wrong_write_key",
        ),
    ] {
        let answer = collector.send(post("/v1/batch", body)).await;
        assert_eq!((answer.status, answer.error().as_str()), (401, expected));
        assert!(answer.header("www-authenticate").is_some());
    }
    assert_eq!(collector.admin("profiles/a").await.status, 404);
}

#[tokio::test]
async fn too_many_messages() {
    let collector = Collector::start().await;
    let answer = collector.batch(&vec!["{}".to_owned(); 1_001]).await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.error(), "too_many_messages");
}

#[tokio::test]
async fn a_thousand_messages_of_many_visitors() {
    let collector = Collector::start().await;
    let messages: Vec<String> = (0..1_000)
        .map(|number| {
            page(
                &format!("v{}", number % 37),
                &format!("m{number}"),
                "/",
                number,
            )
        })
        .collect();
    let answer = collector.batch(&messages).await.json();
    assert_eq!(answer["accepted"], 1_000);
    let first = collector.admin("profiles/v0").await.json();
    assert_eq!(first["events"], 28);
}

#[tokio::test]
async fn wrong_methods_and_addresses() {
    let collector = Collector::start().await;
    let answer = collector.send(get("/v1/batch")).await;
    assert_eq!(
        (answer.status, answer.error().as_str()),
        (405, "method_not_allowed")
    );
    assert_eq!(answer.header("allow"), Some("POST, OPTIONS"));
    for (method, path, allow) in [
        ("DELETE", "/v1/me", "GET, HEAD, OPTIONS"),
        ("POST", "/v1/model", "GET, HEAD"),
        ("POST", "/healthz", "GET, HEAD"),
        ("PUT", "/admin/v1/profiles", "GET, HEAD"),
    ] {
        let answer = collector.send(Request::new(method, path)).await;
        assert_eq!(
            (answer.status, answer.header("allow")),
            (405, Some(allow)),
            "{path}"
        );
    }
    for path in ["/v1/unknown", "/v2/batch", "/", "/index.html", "/v1/batch/"] {
        let answer = collector.send(get(path)).await;
        assert_eq!(
            (answer.status, answer.error().as_str()),
            (404, "not_found"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn profiles_and_message_ids_outlive_a_restart() {
    let collector = Collector::start().await;
    let messages = [page("a", "1", "/e-bikes/x", 20), page("a", "2", "/", 10)];
    collector.batch(&messages).await;
    let collector = collector.restart().await;
    let again = collector.batch(&messages).await.json();
    assert_eq!(
        (&again["accepted"], &again["duplicates"]),
        (&0.into(), &2.into())
    );
    let profile = collector.admin("profiles/a").await.json();
    assert_eq!(profile["events"], 2);
    assert_eq!(profile["interests"][0]["id"], "e-bikes");
}

#[tokio::test]
async fn the_senders_clock_is_corrected() {
    let collector = Collector::start().await;
    // A clock that is years behind says when a message was made and when it was sent.
    let message =
        r#"{"type":"page","messageId":"1","anonymousId":"a","timestamp":"2020-01-01T00:00:00Z"}"#;
    let body = format!(r#"{{"writeKey":"k","sentAt":"2020-01-01T00:00:10Z","batch":[{message}]}}"#);
    assert_eq!(collector.send(post("/v1/batch", body)).await.status, 200);
    let timeline = collector.admin("profiles/a/timeline").await.json();
    let event = &timeline["events"][0];
    let moment = |name: &str| {
        let text = event[name].as_str().unwrap();
        firstglance_engine::Timestamp::parse(text).unwrap()
    };
    assert_eq!(moment("receivedAt").since(moment("timestamp")).0, 10_000);
}

#[tokio::test]
async fn many_connections_at_once_lose_nothing() {
    let collector = Collector::start().await;
    let sends = (0..64).map(|number| {
        let address = collector.address;
        let messages = [
            page("a", &format!("{number}"), "/", number),
            page("a", &format!("{}", number / 2), "/", number),
        ];
        let request = post("/v1/batch", batch(&messages));
        tokio::spawn(async move { request.send(address).await })
    });
    let mut accepted = 0;
    for send in sends.collect::<Vec<_>>() {
        let answer = send.await.unwrap();
        assert_eq!(answer.status, 200);
        accepted += answer.json()["accepted"].as_u64().unwrap();
    }
    assert_eq!(accepted, 64);
    assert_eq!(collector.admin("profiles/a").await.json()["events"], 64);
}
