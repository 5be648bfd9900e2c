//! A message counts once: whatever requests repeat it, at whatever address, at the same time and
//! after restarts, what is there in the end is the set of what was sent.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use crate::client::{Answer, post};
use crate::server::{Collector, batch, page};

const VISITORS: [&str; 3] = ["a", "ab", "b"];

/// A request of these messages: visitor and id. Those of a few ids repeat each other often.
type Sent = Vec<(usize, u8)>;

#[derive(Clone, Debug)]
enum Step {
    /// Requests at the same time.
    Send(Vec<Sent>),
    /// The same once more, as a sender does that got no answer.
    Again,
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    let sent = prop::collection::vec((0..VISITORS.len(), 0..24_u8), 1..12);
    prop_oneof![
        6 => prop::collection::vec(sent, 1..5).prop_map(Step::Send),
        2 => Just(Step::Again),
        1 => Just(Step::Restart),
    ]
}

async fn send(collector: &Collector, sent: &Sent) -> Answer {
    let messages: Vec<String> = sent
        .iter()
        .map(|(visitor, id)| {
            page(
                VISITORS[*visitor],
                &format!("m{id}"),
                "/",
                u64::from(*id) + 1,
            )
        })
        .collect();
    let request = match &messages[..] {
        // The address for one message is another way to say the same.
        [one] => post("/v1/page", one.replacen('{', r#"{"writeKey":"k","#, 1)),
        _ => post("/v1/batch", batch(&messages)),
    };
    collector.send(request).await
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn what_is_there_is_the_set_of_what_was_sent(steps in prop::collection::vec(step(), 1..12)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let outcome: Result<(), TestCaseError> = runtime.block_on(async {
            let mut collector = Collector::start().await;
            let mut wanted: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
            let (mut accepted, mut answered) = (0, 0);
            let mut last: Vec<Sent> = Vec::new();
            let mut all = 0;
            for step in steps {
                match step {
                    Step::Restart => {
                        collector = collector.restart().await;
                        continue;
                    }
                    Step::Send(requests) => last = requests,
                    Step::Again => {}
                }
                let mut together = tokio::task::JoinSet::new();
                let shared = std::sync::Arc::new(collector);
                for sent in last.clone() {
                    for (visitor, id) in &sent {
                        wanted.entry(*visitor).or_default().insert(format!("m{id}"));
                    }
                    all += sent.len() as u64;
                    let shared = shared.clone();
                    together.spawn(async move { send(&shared, &sent).await.json() });
                }
                for answer in together.join_all().await {
                    let count = |name: &str| answer[name].as_u64().unwrap_or_default();
                    accepted += count("accepted");
                    answered += count("accepted") + count("duplicates");
                }
                collector = std::sync::Arc::into_inner(shared).unwrap();
            }
            let distinct: usize = wanted.values().map(BTreeSet::len).sum();
            prop_assert_eq!((accepted, answered), (distinct as u64, all));
            for (visitor, ids) in &wanted {
                let path = format!("profiles/{}", VISITORS[*visitor]);
                let profile = collector.admin(&path).await.json();
                prop_assert_eq!(profile["pageViews"].as_u64(), Some(ids.len() as u64));
                let timeline = collector.admin(&format!("{path}/timeline?limit=1000")).await.json();
                let events = timeline["events"].as_array().unwrap().iter();
                let views = events.filter(|event| event["type"] == "page");
                let found: Vec<_> = views.map(|event| event["messageId"].as_str().unwrap()).collect();
                prop_assert_eq!(found.len(), ids.len());
                let found: BTreeSet<String> = found.into_iter().map(ToOwned::to_owned).collect();
                prop_assert_eq!(&found, ids);
            }
            collector.stop().await;
            Ok(())
        });
        outcome?;
    }
}
