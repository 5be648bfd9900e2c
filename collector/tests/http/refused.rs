//! Refused messages, as the owner sees them.

use crate::client::{Request, post};
use crate::server::{Collector, batch, page};

#[tokio::test]
async fn the_newest_first_by_reason_a_page_at_a_time() {
    let collector = Collector::start().await;
    let long = format!(
        r#"{{"type":"track","anonymousId":"a","messageId":"long","properties":{{"x":"{}"}}}}"#,
        "y".repeat(40_000)
    );
    let answer = collector
        .batch(&[
            r#"{"type":"page"}"#.to_owned(),
            page("a", "good", "/", 1),
            r#"{"type":"page","anonymousId":"a","messageId":"m","timestamp":"soon","properties":{"ip":"198.51.100.7"}}"#.to_owned(),
            "5".to_owned(),
            long,
        ])
        .await;
    assert_eq!(answer.status, 200);
    // Nothing of a request whose sender does not have the key, nor of one that is not kept at all.
    for body in [r#"{"writeKey":"x","batch":[5]}"#, "{", r#"{"batch":[5]}"#] {
        collector.send(post("/v1/batch", body)).await;
    }
    // In the order of requests: what was refused before this one lies there.
    collector.batch(&[page("b", "other", "/", 1)]).await;
    let all = collector.admin("refused").await.json();
    let codes: Vec<_> = (all["refused"].as_array().unwrap().iter())
        .map(|one| one["code"].as_str().unwrap())
        .collect();
    assert_eq!(
        codes,
        [
            "message_too_large",
            "malformed",
            "invalid_timestamp",
            "missing_visitor"
        ]
    );
    assert_eq!(all["next"], serde_json::Value::Null);
    let timed = &all["refused"][2];
    assert_eq!(timed["where"], "batch[2].timestamp");
    assert_eq!(
        (&timed["messageId"], &timed["visitor"]),
        (&"m".into(), &"a".into())
    );
    let text = timed["text"].as_str().unwrap();
    assert!(text.contains(r#""ip":"[address]""#), "{text}");
    assert_eq!(all["refused"][0]["text"].as_str().unwrap().len(), 2_048);

    let some = collector.admin("refused?reason=malformed").await.json();
    assert_eq!(some["refused"].as_array().unwrap().len(), 1);
    let mut cursor = String::new();
    for code in &codes {
        let one = collector
            .admin(&format!("refused?limit=1{cursor}"))
            .await
            .json();
        assert_eq!(one["refused"][0]["code"], **code);
        cursor = one["next"]
            .as_str()
            .map_or(String::new(), |next| format!("&cursor={next}"));
    }
    assert_eq!(cursor, "");
    for wrong in ["refused?cursor=x", "refused?cursor=-1", "refused?limit=0"] {
        let answer = collector.admin(wrong).await;
        assert_eq!(
            (answer.status, &*answer.error()),
            (400, "invalid_parameter")
        );
    }
    let without = crate::client::get("/admin/v1/refused");
    assert_eq!(collector.send(without).await.status, 401);
}

#[tokio::test]
async fn who_is_erased_is_not_among_them() {
    let collector = Collector::start().await;
    let bad = |who: &str| format!(r#"{{"type":"x","messageId":"1","anonymousId":"{who}"}}"#);
    let body = batch(&[
        bad("known"),
        bad("unknown"),
        bad("other"),
        page("known", "2", "/", 1),
    ]);
    collector.send(post("/v1/batch", body)).await;
    for (who, status) in [("known", 200), ("unknown", 200), ("unknown", 404)] {
        let token = format!("Bearer {}", collector.token);
        let request = Request::new("DELETE", &format!("/admin/v1/profiles/{who}"));
        let answer = collector
            .send(request.header("Authorization", &token))
            .await;
        assert_eq!(answer.status, status, "{who}");
    }
    let left = collector.admin("refused").await.json();
    let left = left["refused"].as_array().unwrap();
    assert_eq!((left.len(), &left[0]["visitor"]), (1, &"other".into()));
}
