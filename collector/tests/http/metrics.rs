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

#[tokio::test]
async fn requests_store_and_process() {
    let collector = Collector::start().await;
    collector.batch(&[page("a", "1", "/", 2)]).await;
    collector.admin("profiles/a").await;
    collector.admin("profiles/nobody").await;
    collector.send(get("/healthz")).await;
    let token = format!("Bearer {}", collector.token);
    let asked = get("/metrics").header("Authorization", &token);
    let answer = collector.send(asked).await;
    let text = answer.text();
    assert_eq!(text.matches("# EOF").count(), 1);
    for line in [
        "firstglance_http_requests_total{route=\"/v1/batch\",status=\"2xx\"} 1",
        "firstglance_http_requests_total{route=\"profiles/{id}\",status=\"2xx\"} 1",
        "firstglance_http_requests_total{route=\"profiles/{id}\",status=\"4xx\"} 1",
        "firstglance_http_request_seconds_count{route=\"/healthz\"} 1",
        "firstglance_http_bodies_held_bytes 0",
        "firstglance_http_connections 1",
        "firstglance_http_streams 0",
        "firstglance_store_ready 1",
        "firstglance_store_waiting 0",
        "firstglance_build{version=\"0.1.0\"} 1",
    ] {
        assert!(text.lines().any(|one| one == line), "{line} in {text}");
    }
    let number = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|rest| rest.trim().parse::<f64>().ok())
            .unwrap()
    };
    assert!(number("firstglance_store_disk_bytes ") > 0.0);
    assert!(number("firstglance_store_flush_seconds_count ") >= 1.0);
    assert!(!text.contains("nobody"));
}
