use firstglance_engine::json::{Clock, SharedFields, read_message};
use firstglance_engine::{Model, VisitorId};

use super::*;
use crate::clock;
use crate::config::Config;
use crate::scan::Pace;
use crate::store::embedded::Embedded;
use crate::store::{Commit, NewMessage, ProfileFold, Store};

const CONFIG: &str = r#"
[site]
write_key = "k"

[[segment]]
id = "reader"
when = 'pages >= 2'

[[segment]]
id = "anybody"
when = 'pages >= 1'

[[goal]]
id = "order"
event = "Order Completed"
"#;

async fn commit(store: &dyn Store, json: &str) {
    let clock = Clock {
        received_at: Timestamp::MAX,
        sent_at: None,
    };
    let message = read_message(json, None, &SharedFields::default(), clock).unwrap();
    let commit = Commit {
        received_at: clock::now(),
        consent: None,
        context: None,
        messages: vec![NewMessage {
            message,
            raw: json.into(),
        }],
        claim: None,
    };
    store.commit(commit).await.unwrap();
}

/// Visitors of three kinds: from a campaign and interested; interested by themselves; and passing by.
#[tokio::test(flavor = "multi_thread")]
async fn what_visitors_are() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config::parse(CONFIG).unwrap();
    let subject = Subject {
        model: Arc::new(config.model.clone()),
        goals: config.goals.clone().into(),
    };
    let fold = ProfileFold::new(config.rules());
    let store: Arc<dyn Store> = Arc::new(Embedded::open(folder.path(), fold).unwrap());
    let now = clock::now();
    for visitor in 0..9 {
        let (pages, context) = match visitor % 3 {
            0 => (
                6,
                r#","context":{"campaign":{"source":"news","medium":"email","name":"Spring"}}"#,
            ),
            1 => (6, ""),
            _ => (1, ""),
        };
        for number in 0..pages {
            let context = if number == 0 { context } else { "" };
            commit(&*store, &format!(
                r#"{{"type":"page","messageId":"{number}","anonymousId":"v{visitor}","timestamp":"{now}","properties":{{"path":"/p{number}","topics":["City bikes"]}}{context}}}"#
            )).await;
        }
        if visitor == 0 {
            commit(&*store, &format!(
                r#"{{"type":"track","event":"Order Completed","messageId":"o","anonymousId":"v0","timestamp":"{now}"}}"#
            )).await;
        }
    }
    let latest = Latest::default();
    let counting = Counting {
        store: store.clone(),
        subject: Box::new(move || subject.clone()),
        latest: latest.clone(),
    };
    assert_eq!(latest.present().at, None);
    counting.once(Pace::Waited).await.unwrap();
    let census = latest.present();
    assert_eq!(census.visitors, 9);
    let ids: Vec<&str> = census.segments.iter().map(|one| &*one.id).collect();
    assert_eq!(ids, ["reader", "anybody", "city-bikes"]);
    let told = |id: &str| census.segment(id).unwrap();
    assert_eq!(told("reader").overlap, [6, 6, 6]);
    assert_eq!(told("anybody").overlap, [6, 9, 6]);
    assert_eq!(told("city-bikes").label, "City bikes".into());
    assert_eq!(
        (told("anybody").converted, told("reader").converted),
        (1, 1)
    );
    assert_eq!(census.conversion("reader"), Some(1.0 / 6.0));
    assert_eq!(census.conversion("nobody"), None);
    assert_eq!(census.in_stages.iter().sum::<u64>(), 9);
    for segment in &census.segments {
        assert_eq!(
            segment.stages.iter().sum::<u64>(),
            segment.size,
            "{}",
            segment.id
        );
    }
    let topic = &census.topics["city-bikes"];
    assert_eq!((topic.known, topic.interested), (9, 6));
    assert_eq!(topic.strengths.iter().sum::<u64>(), 9);
    assert_eq!(topic.channels.get("Email"), Some(&3));
    assert_eq!(topic.channels.values().sum::<u64>(), 6);
    assert_eq!(topic.campaigns, BTreeMap::from([("Spring".into(), 3)]));
    assert_eq!(census.channels.values().sum::<u64>(), 9);

    // The same as looking at each by itself.
    let mut readers = 0;
    for visitor in 0..9 {
        let id = VisitorId::parse(&format!("v{visitor}")).unwrap();
        let profile = store.visitor(&id).await.unwrap().unwrap();
        let model: &Model = &config.model;
        let snapshot = firstglance_engine::Snapshot::of(&profile, model, census.at.unwrap());
        readers += u64::from(snapshot.segments.iter().any(|one| **one == *"reader"));
    }
    assert_eq!(told("reader").size, readers);
    store.close().await.unwrap();
}

#[test]
fn the_maps_are_bounded() {
    let mut topic = Topic::default();
    for number in 0..MOST_CAMPAIGNS * 2 {
        let campaigns = BTreeMap::from([(format!("c{number}").into(), 1)]);
        topic = {
            let mut joined = topic;
            joined.join(
                "bikes",
                Topic {
                    campaigns,
                    ..Topic::default()
                },
            );
            joined
        };
    }
    assert_eq!(topic.campaigns.len(), MOST_CAMPAIGNS + 1);
    assert_eq!(
        topic.campaigns.values().sum::<u64>(),
        (MOST_CAMPAIGNS * 2) as u64
    );
    assert_eq!(topic.campaigns[OTHERS], MOST_CAMPAIGNS as u64);
}
