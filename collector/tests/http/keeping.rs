//! Copies of everything: space given back, nothing of the erased on the disk, backups.

use std::fs;
use std::path::Path;

use crate::client::{Answer, Request, post};
use crate::server::{Collector, batch, page};

const NOWHERE: [&str; 0] = [];

async fn ask(collector: &Collector, method: &str, path: &str) -> Answer {
    let request = Request::new(method, &format!("/admin/v1/{path}"))
        .header("Authorization", &format!("Bearer {}", collector.token));
    collector.send(request).await
}

#[tokio::test]
async fn nothing_of_a_person_is_left_in_the_data_folder() {
    let collector = Collector::start().await;
    // Records are packed: a text that has nothing in common with others stands in them as it is.
    let traces = [
        "visitor-of-anna-1",
        "visitor-of-anna-2",
        "anna@example.nl",
        "Kwikgracht",
        "jz0Qw8xkPd",
        "bV5tRm1pYh",
    ];
    let one = r#"{"type":"identify","messageId":"1","anonymousId":"visitor-of-anna-1","userId":"anna@example.nl","timestamp":"2026-05-01T10:00:00Z","traits":{"address":{"street":"Kwikgracht"}}}"#;
    let other = r#"{"type":"page","messageId":"2","anonymousId":"visitor-of-anna-2","userId":"anna@example.nl","timestamp":"2026-05-01T10:00:01Z","properties":{"path":"/zoeken","search":"?q=jz0Qw8xkPd&utm_campaign=bV5tRm1pYh"},"context":{"campaign":{"name":"bV5tRm1pYh"}}}"#;
    // One that is refused is kept to be looked into.
    let refused = r#"{"type":"page","anonymousId":"visitor-of-anna-1","timestamp":"anna@example.nl","messageId":"3"}"#;
    let sent = [
        one.to_owned(),
        other.to_owned(),
        refused.to_owned(),
        page("bert-1", "4", "/bert", 1),
    ];
    let answer = collector.send(post("/v1/batch", batch(&sent))).await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.json()["refused"].as_array().map(Vec::len),
        Some(1),
        "{}",
        answer.text()
    );
    for trace in traces {
        assert_ne!(collector.files_with(trace), NOWHERE, "{trace}");
    }
    let erased = ask(&collector, "DELETE", "profiles/visitor-of-anna-1?person").await;
    assert_eq!(erased.status, 200, "{}", erased.text());
    let compacted = ask(&collector, "POST", "compact").await;
    assert_eq!(compacted.status, 200, "{}", compacted.text());
    assert!(compacted.json()["bytesAfter"].as_u64().unwrap() > 0);
    for trace in traces {
        assert_eq!(collector.files_with(trace), NOWHERE, "{trace}");
    }
    assert_ne!(collector.files_with("bert-1"), NOWHERE);

    let collector = collector.restart().await;
    assert_eq!(ask(&collector, "GET", "profiles/bert-1").await.status, 200);
    assert_eq!(
        ask(&collector, "GET", "profiles/visitor-of-anna-2")
            .await
            .status,
        404
    );
    // What was under way when they went does not bring them back.
    let late = collector.send(post("/v1/batch", batch(&sent[..2]))).await;
    assert_eq!(late.json()["duplicates"], 2, "{}", late.text());
}

#[tokio::test]
async fn a_backup_is_made_beside_the_data_and_told_without_its_content() {
    let collector = Collector::start().await;
    collector.batch(&[page("anna-1", "1", "/", 1)]).await;
    let made = ask(&collector, "POST", "backup").await;
    assert_eq!(made.status, 200, "{}", made.text());
    let file = made.json()["file"].as_str().unwrap().to_owned();
    assert!(Path::new(&file).starts_with(collector.folder().join("data/backups")));
    let bytes = fs::read(&file).unwrap();
    assert_eq!(made.json()["bytes"], bytes.len());
    assert!(bytes.windows(6).any(|part| part == b"anna-1"));
    let audit = collector.admin("audit").await;
    assert!(audit.text().contains("POST backup"), "{}", audit.text());
}
