//! Why a person is in what they are in.

use crate::server::{Collector, page};

async fn biker() -> Collector {
    let collector = Collector::start().await;
    let messages: Vec<String> = (0..10)
        .map(|number| page("a", &format!("{number}"), "/e-bikes/x", 1))
        .collect();
    collector.batch(&messages).await;
    collector
}

#[tokio::test]
async fn everything_or_one_thing() {
    let collector = biker().await;
    let all = collector.admin("profiles/a/why").await.json();
    let segment = &all["segments"]["e-bikes"];
    assert_eq!(segment["holds"], true);
    assert_eq!(segment["condition"], r#"interest("e-bikes") >= 0.5"#);
    let evidence = &segment["parts"][0]["evidence"][0];
    assert_eq!(
        (&evidence["what"], &evidence["count"]),
        (&"/e-bikes/x".into(), &10.into())
    );
    for (query, whole, value) in [
        ("segment=e-bikes", "/segments/e-bikes", "/holds"),
        ("interest=e-bikes", "/interests/e-bikes", "/value"),
        ("score", "/score", "/value"),
    ] {
        let one = collector.admin(&format!("profiles/a/why?{query}")).await;
        assert_eq!(one.status, 200, "{query}");
        let (one, whole) = (one.json(), all.pointer(whole).unwrap().clone());
        assert_eq!(one["condition"], whole["condition"], "{query}");
        assert!(!one.pointer(value).unwrap().is_null(), "{query}");
    }
    let stage = collector.admin("profiles/a/why?stage").await.json();
    let profile = collector.admin("profiles/a").await.json();
    assert_eq!(stage["value"], profile["stage"]);
}

#[tokio::test]
async fn unknown_ids_name_those_that_are_known() {
    let collector = biker().await;
    for what in ["segment", "interest"] {
        let answer = collector
            .admin(&format!("profiles/a/why?{what}=e-bike"))
            .await;
        assert_eq!(
            (answer.status, answer.error().as_str()),
            (404, "unknown_id")
        );
        let error = &answer.json()["error"];
        assert_eq!(error["where"], what);
        assert_eq!(
            error["message"],
            format!("there is no {what} \"e-bike\"; those known are: e-bikes")
        );
    }
}
