//! Refused messages: the latest are kept, whoever was erased is not among them.

use super::*;
use crate::store::refused::{RefusedMessage, Shelf};

fn refused(shelf: Shelf, reason: &str, visitor: Option<&str>, raw: &str) -> RefusedMessage {
    RefusedMessage {
        received_at: Timestamp::from_milliseconds(1_700_000_000_000),
        shelf,
        reason: reason.into(),
        place: "batch[3].type".into(),
        detail: "\"type\" is missing".into(),
        message_id: visitor.map(Into::into),
        visitor: visitor.map(|visitor| VisitorId::parse(visitor).unwrap()),
        raw: raw.into(),
    }
}

/// The texts of a shelf, newest first, read so many at a time.
async fn shelf(
    store: &Embedded,
    shelf: Shelf,
    reason: Option<&str>,
    at_once: usize,
) -> Vec<String> {
    let mut texts = Vec::new();
    let mut before = None;
    loop {
        let reason = reason.map(Into::into);
        let found = store.refused(shelf, reason, before, at_once).await.unwrap();
        assert!(found.messages.len() <= at_once);
        texts.extend(
            found
                .messages
                .iter()
                .map(|(_, message)| message.raw.to_string()),
        );
        before = found.next;
        if before.is_none() {
            return texts;
        }
    }
}

#[test]
fn they_lie_newest_first_and_outlast_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = runtime();
    let store = open(folder.path());
    let long = "é".repeat(3_000);
    store.keep_refused(vec![
        refused(Shelf::Faulty, "missing_type", Some("a"), "1"),
        refused(Shelf::Automated, "automated", Some("a"), "robot"),
        refused(Shelf::Faulty, "malformed", None, &long),
    ]);
    store.keep_refused(vec![refused(Shelf::Faulty, "missing_type", Some("b"), "3")]);
    runtime.block_on(store.close()).unwrap();
    drop(store);
    let store = open(folder.path());
    store.keep_refused(vec![refused(Shelf::Faulty, "malformed", Some("a"), "4")]);
    runtime.block_on(async {
        // Written in the order of asking, so that an answer to the next request says it is there.
        store.commit(commit(&[message(2, 1, 1)])).await.unwrap();
        let cut = "é".repeat(1_024);
        for at_once in 1..6 {
            let all = shelf(&store, Shelf::Faulty, None, at_once).await;
            assert_eq!(all, ["4", "3", &*cut, "1"], "{at_once}");
            let some = shelf(&store, Shelf::Faulty, Some("malformed"), at_once).await;
            assert_eq!(some, ["4", &*cut]);
        }
        assert_eq!(shelf(&store, Shelf::Automated, None, 9).await, ["robot"]);

        // An erasure takes the visitor's, and nothing comes after it.
        let erasure = Erasure {
            visitor: VisitorId::parse("a").unwrap(),
            ground: crate::store::Ground::Cookie,
            now: Timestamp::from_milliseconds(1_700_000_000_001),
        };
        store.erase(erasure).await.unwrap();
        store.keep_refused(vec![refused(Shelf::Faulty, "malformed", Some("a"), "5")]);
        store.commit(commit(&[message(2, 2, 2)])).await.unwrap();
        let left = shelf(&store, Shelf::Faulty, None, 9).await;
        assert_eq!(left, ["3", &*cut]);
        assert!(shelf(&store, Shelf::Automated, None, 9).await.is_empty());
    });
}

#[test]
fn the_oldest_leave() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = runtime();
    let store = open(folder.path());
    runtime.block_on(async {
        store.keep_refused(vec![refused(Shelf::Automated, "automated", None, "robot")]);
        for hundred in 0..102_u32 {
            let many = (0..100).map(|one| {
                let text = (hundred * 100 + one).to_string();
                refused(Shelf::Faulty, "malformed", None, &text)
            });
            store.keep_refused(many.collect());
            // Not so fast that the queue is full.
            store.commit(commit(&[message(2, 1, 1)])).await.unwrap();
        }
        let all = shelf(&store, Shelf::Faulty, None, 2_000).await;
        assert_eq!(
            (all.len(), &*all[0], &*all[9_999]),
            (10_000, "10199", "200")
        );
        assert_eq!(shelf(&store, Shelf::Automated, None, 9).await, ["robot"]);
        // Nor may they be larger than so much altogether.
        let large = "x".repeat(2_048);
        for _ in 0..60 {
            let many = (0..100).map(|_| refused(Shelf::Faulty, "malformed", None, &large));
            store.keep_refused(many.collect());
            store.commit(commit(&[message(2, 1, 1)])).await.unwrap();
        }
        let all = shelf(&store, Shelf::Faulty, None, 2_000).await;
        let bytes: usize = all.iter().map(String::len).sum();
        assert!(bytes <= 8 * 1024 * 1024 && all.len() > 3_000, "{bytes}");
    });
}
