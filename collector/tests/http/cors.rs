//! Which pages may send and ask.

use crate::client::{Answer, Request, get, post};
use crate::server::{Collector, batch, page};

const LISTED: &str = "https://www.example.nl";

fn permitted(answer: &Answer, origin: &str) {
    assert_eq!(answer.header("access-control-allow-origin"), Some(origin));
    assert_eq!(
        answer.header("access-control-allow-credentials"),
        Some("true")
    );
    assert_eq!(answer.header("vary"), Some("Origin"));
}

#[tokio::test]
async fn listed_origins_and_the_own_one_may_send_and_ask() {
    let collector = Collector::start().await;
    let own = format!("http://{}", collector.address);
    let own_by_tls = format!("https://{}", collector.address);
    for (number, origin) in [LISTED, &own, &own_by_tls].into_iter().enumerate() {
        let message = page("a", &number.to_string(), "/", 1);
        let request = post("/v1/batch", batch(&[message])).header("Origin", origin);
        let answer = collector.send(request).await;
        assert_eq!(answer.status, 200);
        permitted(&answer, origin);
        permitted(
            &collector.send(get("/v1/me").header("Origin", origin)).await,
            origin,
        );
    }
}

#[tokio::test]
async fn others_may_not() {
    let collector = Collector::start().await;
    for origin in [
        "https://evil.example",
        "http://www.example.nl",
        "https://www.example.nl:8443",
        "https://www.example.nl.evil.example",
        "null",
        "",
    ] {
        for request in [
            post("/v1/batch", batch(&[page("a", "1", "/", 1)])),
            get("/v1/me"),
            Request::new("OPTIONS", "/v1/batch"),
        ] {
            let answer = collector.send(request.header("Origin", origin)).await;
            assert_eq!(
                (answer.status, answer.error().as_str()),
                (403, "origin_not_allowed")
            );
            assert_eq!(answer.header("access-control-allow-origin"), None);
            assert_eq!(answer.header("vary"), Some("Origin"));
        }
    }
    assert_eq!(collector.admin("profiles/a").await.status, 404);
}

#[tokio::test]
async fn errors_can_be_read_by_the_page_that_caused_them() {
    let collector = Collector::start().await;
    let answer = collector
        .send(post("/v1/batch", "{").header("Origin", LISTED))
        .await;
    assert_eq!(answer.status, 400);
    permitted(&answer, LISTED);
}

#[tokio::test]
async fn preflight() {
    let collector = Collector::start().await;
    let request = Request::new("OPTIONS", "/v1/batch")
        .header("Origin", LISTED)
        .header("Access-Control-Request-Method", "POST")
        .header("Access-Control-Request-Headers", "content-type");
    let answer = collector.send(request).await;
    assert_eq!(answer.status, 204);
    permitted(&answer, LISTED);
    let allowed = answer.header("access-control-allow-headers").unwrap();
    assert!(allowed.to_lowercase().contains("content-type"));
    assert!(
        answer
            .header("access-control-allow-methods")
            .unwrap()
            .contains("POST")
    );
    assert!(answer.header("access-control-max-age").is_some());
}

#[tokio::test]
async fn the_owners_pages_are_for_no_other_origin() {
    let collector = Collector::start().await;
    let token = format!("Bearer {}", collector.token);
    let request = get("/admin/v1/profiles")
        .header("Authorization", &token)
        .header("Origin", LISTED);
    let answer = collector.send(request).await;
    assert_eq!(answer.header("access-control-allow-origin"), None);
}
