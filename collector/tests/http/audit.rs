//! Who read or erased what.

use std::sync::atomic::Ordering;

use firstglance_collector::token::Role;
use serde_json::{Value, json};

use crate::client::Request;
use crate::server::{Collector, page};

/// Lines of the log as route, name, status and count, oldest first.
async fn lines(collector: &Collector, parameters: &str) -> Vec<Value> {
    let answer = collector.admin(&format!("audit{parameters}")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let entries = answer.json()["entries"].as_array().unwrap().clone();
    let lines = entries.into_iter().rev().map(|entry| {
        json!([
            entry["route"],
            entry["token"]["name"],
            entry["status"],
            entry["count"]
        ])
    });
    lines.collect()
}

async fn ask(collector: &Collector, method: &str, path: &str, token: &str) -> u16 {
    let request = Request::new(method, &format!("/admin/v1/{path}"))
        .header("Authorization", &format!("Bearer {token}"));
    collector.send(request).await.status
}

#[tokio::test]
async fn what_was_read_and_erased_and_by_whom() {
    let collector = Collector::start().await;
    let messages = ["a", "b"].map(|visitor| page(visitor, "1", "/", 1));
    collector.batch(&messages).await;
    let anna = collector.new_token("Anna", Role::Read, None);
    let bert = collector.new_token("Bert", Role::Erase, None);
    for (method, path, token, expected) in [
        ("GET", "profiles", &anna, 200),
        ("GET", "profiles/a", &anna, 200),
        ("HEAD", "profiles/a/timeline", &anna, 200),
        ("GET", "segments", &anna, 200),
        ("DELETE", "profiles/a", &anna, 403),
        ("DELETE", "profiles/a", &bert, 200),
        ("DELETE", "profiles/a", &bert, 404),
        ("GET", "profiles/b/why", &bert, 200),
        ("GET", "unknown", &bert, 404),
        ("GET", "profiles", &"wrong".to_owned(), 401),
    ] {
        assert_eq!(ask(&collector, method, path, token).await, expected);
    }
    let of_a = [
        json!(["GET profiles/{id}", "Anna", 200, null]),
        json!(["GET profiles/{id}/timeline", "Anna", 200, 1]),
        json!(["DELETE profiles/{id}", "Anna", 403, null]),
        // Before anything is erased, and after.
        json!(["DELETE profiles/{id}", "Bert", null, null]),
        json!(["DELETE profiles/{id}", "Bert", 200, 1]),
        json!(["DELETE profiles/{id}", "Bert", null, null]),
        json!(["DELETE profiles/{id}", "Bert", 404, null]),
    ];
    let mut all = vec![json!(["GET profiles", "Anna", 200, 2])];
    all.extend(of_a.iter().cloned());
    all.push(json!(["GET profiles/{id}/why", "Bert", 200, null]));
    assert_eq!(lines(&collector, "").await, all);
    // Whoever looks into the log stands in it from then on.
    all.push(json!(["GET audit", "admin-token", 200, 9]));
    assert_eq!(lines(&collector, "").await, all);

    // One visitor's, also after they were erased, and after a restart.
    let collector = collector.restart().await;
    assert_eq!(lines(&collector, "?visitor=a").await, of_a);
    assert!(lines(&collector, "?visitor=c").await.is_empty());
    for wrong in ["?cursor=x", "?limit=0", "?visitor="] {
        let answer = collector.admin(&format!("audit{wrong}")).await;
        assert_eq!(answer.error(), "invalid_parameter", "{wrong}");
    }

    // The visitor is told by a digest alone, also before anybody was erased.
    let text = collector.admin("audit").await.text().to_owned();
    assert!(!text.contains("\"a\"") && !text.contains("\"b\""), "{text}");
}

#[tokio::test]
async fn in_pages_latest_first() {
    let collector = Collector::start().await;
    for _ in 0..5 {
        collector.admin("profiles").await;
    }
    let mut cursor = String::new();
    let mut sizes = Vec::new();
    loop {
        let answer = collector.admin(&format!("audit?limit=2{cursor}")).await;
        let json = answer.json();
        sizes.push(json["entries"].as_array().unwrap().len());
        match json["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    // Lines that are added meanwhile come before the first page.
    assert_eq!(sizes, [2, 2, 1]);
}

#[tokio::test]
async fn nothing_is_erased_without_a_line() {
    let collector = Collector::start().await;
    collector.batch(&[page("a", "1", "/", 1)]).await;
    collector.options.disk_fails.store(true, Ordering::SeqCst);
    let token = collector.token.clone();
    assert_eq!(ask(&collector, "DELETE", "profiles/a", &token).await, 503);
    // Reading goes on: what cannot be written there is in the process's log.
    assert_eq!(collector.admin("profiles/a").await.status, 200);
}
