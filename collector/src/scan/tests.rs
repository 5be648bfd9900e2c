use std::collections::BTreeSet;

use firstglance_engine::json::{Clock, SharedFields, read_message};
use firstglance_engine::{Model, Timestamp};

use super::*;
use crate::store::embedded::Embedded;
use crate::store::{Commit, NewMessage, ProfileFold};

const DAY: i64 = 1_795_000_000_000;

/// A store with so many visitors, each of whom has read a page.
async fn stored(folder: &std::path::Path, visitors: usize) -> Arc<dyn Store> {
    let store = Embedded::open(folder, ProfileFold::new(Arc::new(Model::default()))).unwrap();
    let store: Arc<dyn Store> = Arc::new(store);
    let at = Timestamp::from_milliseconds(DAY);
    let clock = Clock {
        received_at: Timestamp::MAX,
        sent_at: None,
    };
    for chunk in (0..visitors).collect::<Vec<_>>().chunks(500) {
        let messages = chunk.iter().map(|visitor| {
            let topic = visitor % 7;
            let raw = format!(
                r#"{{"type":"page","messageId":"1","anonymousId":"v{visitor:06}","timestamp":"{at}","properties":{{"path":"/topic-{topic}x/"}},"context":{{"userAgent":"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0","locale":"nl-NL","campaign":{{"source":"news","medium":"email","name":"spring"}}}}}}"#
            );
            let message = read_message(&raw, None, &SharedFields::default(), clock).unwrap();
            NewMessage {
                message,
                raw: raw.into(),
            }
        });
        let commit = Commit {
            received_at: at,
            consent: None,
            context: None,
            messages: messages.collect(),
            claim: None,
        };
        store.commit(commit).await.unwrap();
    }
    store
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_once_at_any_pace() {
    for visitors in [0, 1, PAGE, PAGE * 3 + 1] {
        let folder = tempfile::tempdir().unwrap();
        let store = stored(folder.path(), visitors).await;
        for pace in [Pace::Waited, Pace::Resting] {
            let progress = Progress::default();
            let collected = scan(
                &store,
                pace,
                &progress,
                Vec::new,
                |seen: &mut Vec<VisitorId>, visitor, profile| {
                    assert_eq!(profile.page_views, 1);
                    seen.push(visitor.clone());
                },
            );
            let all: Vec<VisitorId> = collected.await.unwrap().into_iter().flatten().collect();
            let different: BTreeSet<&VisitorId> = all.iter().collect();
            assert_eq!((all.len(), different.len()), (visitors, visitors));
            assert_eq!(progress.visitors(), visitors as u64);
        }
        store.close().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ends_with_whoever_waits() {
    let folder = tempfile::tempdir().unwrap();
    let store = stored(folder.path(), PAGE * 6).await;
    let progress = Progress::default();
    let (released, working) = (Arc::new(AtomicBool::new(false)), Arc::new(()));
    let (gate, workers) = (released.clone(), Arc::downgrade(&working));
    let look = move |_: &mut (), _: &_, _: &_| {
        let _ = &working;
        while !gate.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(1));
        }
    };
    let looking = scan(&store, Pace::Waited, &progress, || (), look);
    let ended = tokio::time::timeout(Duration::from_millis(20), looking).await;
    assert!(ended.is_err(), "nobody was let through");
    released.store(true, Ordering::Relaxed);
    while workers.strong_count() > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let looked_at = progress.visitors();
    assert!(looked_at < (PAGE * 6) as u64, "{looked_at}");
}
