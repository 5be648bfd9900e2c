//! A disk that fails: nothing is acknowledged from then on, and everybody is told.

use std::sync::atomic::Ordering;

use crate::client::get;
use crate::server::{Collector, page};

#[tokio::test]
async fn after_a_failed_flush_nothing_is_acknowledged() {
    let collector = Collector::start().await;
    assert_eq!(collector.batch(&[page("a", "1", "/", 3)]).await.status, 200);
    assert_eq!(collector.send(get("/readyz")).await.status, 200);

    collector.options.disk_fails.store(true, Ordering::SeqCst);
    let answer = collector.batch(&[page("a", "2", "/", 2)]).await;
    assert_eq!(
        (answer.status, answer.error().as_str()),
        (503, "store_failed")
    );
    assert!(answer.header("retry-after").is_some());
    assert_eq!(answer.cookie(), None);

    // Even when the disk has come back: what was lost on the way, only a restart finds out.
    collector.options.disk_fails.store(false, Ordering::SeqCst);
    let answer = collector.batch(&[page("a", "3", "/", 1)]).await;
    assert_eq!(answer.status, 503);
    let ready = collector.send(get("/readyz")).await;
    assert_eq!(ready.status, 503);
    let reason = ready.json()["error"]["message"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(reason.contains("the disk is on fire"), "{reason}");
    assert_eq!(collector.send(get("/healthz")).await.status, 200);
}
