//! What the collector counts.

use crate::client::{Request, get, post};
use crate::server::{Collector, page};

/// The value of each line that has one.
async fn counts(collector: &Collector) -> Vec<String> {
    let token = format!("Bearer {}", collector.token);
    let answer = collector
        .send(get("/metrics").header("Authorization", &token))
        .await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.header("content-type"),
        Some("application/openmetrics-text; version=1.0.0; charset=utf-8")
    );
    assert!(answer.text().ends_with("# EOF\n"));
    let lines = answer.text().lines().filter(|line| {
        line.starts_with("firstglance_messages") || line.starts_with("firstglance_requests_refused")
    });
    let mut lines: Vec<String> = lines.map(ToOwned::to_owned).collect();
    lines.sort_unstable();
    lines
}

#[tokio::test]
async fn messages_by_what_became_of_them() {
    let collector = Collector::start().await;
    assert_eq!(
        counts(&collector).await,
        [
            "firstglance_messages_dropped_by_pages_total 0",
            "firstglance_messages_refused_not_kept_total 0",
            "firstglance_messages_total{outcome=\"accepted\"} 0",
            "firstglance_messages_total{outcome=\"duplicate\"} 0",
            "firstglance_messages_total{outcome=\"refused\"} 0",
        ]
    );
    let messages = [page("a", "1", "/", 2), page("a", "2", "/", 1)];
    let body = format!(
        r#"{{"writeKey":"k","dropped":7,"batch":[{},{{"type":"page"}},5]}}"#,
        messages.join(",")
    );
    // The second time it is the same request once more.
    for _ in 0..2 {
        let answer = collector.send(post("/v1/batch", body.clone())).await;
        assert_eq!(answer.status, 200);
    }
    // What is refused as a whole counts as a request.
    for wrong in [
        r#"{"writeKey":"x","dropped":7,"batch":[]}"#,
        r#"{"writeKey":"k","dropped":1000001,"batch":[]}"#,
    ] {
        let answer = collector.send(post("/v1/batch", wrong)).await;
        assert!((400..500).contains(&answer.status));
    }
    assert_eq!(
        counts(&collector).await,
        [
            "firstglance_messages_dropped_by_pages_total 7",
            "firstglance_messages_refused_not_kept_total 0",
            "firstglance_messages_refused_total{reason=\"malformed\"} 2",
            "firstglance_messages_refused_total{reason=\"missing_visitor\"} 2",
            "firstglance_messages_total{outcome=\"accepted\"} 2",
            "firstglance_messages_total{outcome=\"duplicate\"} 2",
            "firstglance_messages_total{outcome=\"refused\"} 4",
            "firstglance_requests_refused_total{reason=\"invalid_field\"} 1",
            "firstglance_requests_refused_total{reason=\"wrong_write_key\"} 1",
        ]
    );
}

#[tokio::test]
async fn only_for_the_owner() {
    let collector = Collector::start().await;
    let answer = collector.send(get("/metrics")).await;
    assert_eq!(
        (answer.status, answer.error().as_str()),
        (401, "unauthorized")
    );
    let answer = collector.send(Request::new("POST", "/metrics")).await;
    assert_eq!(
        (answer.status, answer.header("allow")),
        (405, Some("GET, HEAD"))
    );
}
