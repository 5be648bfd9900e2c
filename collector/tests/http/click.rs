//! Links of campaigns: recorded, and followed only where they may lead.

use std::sync::atomic::Ordering;

use crate::client::{Answer, Request, get};
use crate::server::{Collector, Options, page};

fn options() -> Options {
    Options {
        config: "[site]\nwrite_key = \"k\"\nallowed_origins = [\"https://www.example.nl\"]\n\
                 click_hosts = [\"shop.example.nl\"]\n[limits]\naddress_requests = 5"
            .to_owned(),
        ..Options::default()
    }
}

async fn click(collector: &Collector, query: &str) -> Answer {
    collector.send(get(&format!("/v1/click?{query}"))).await
}

#[tokio::test]
async fn a_click_is_an_event_before_the_browser_is_sent_on() {
    let collector = Collector::start_with(options()).await;
    let cookie = collector.batch(&[page("own", "1", "/", 1)]).await.cookie();
    let query = "writeKey=k&to=https%3A%2F%2Fwww.example.nl%2Fe-bikes%3Fa%3D1&utm_medium=email&utm_campaign=w";
    let request = get(&format!("/v1/click?{query}")).header("Cookie", &cookie.unwrap());
    let answer = collector.send(request).await;
    assert_eq!(answer.status, 302);
    assert_eq!(
        answer.header("location"),
        Some("https://www.example.nl/e-bikes?a=1&utm_medium=email&utm_campaign=w")
    );
    assert_eq!(answer.header("cache-control"), Some("no-store, private"));
    assert_eq!(answer.header("set-cookie"), None);
    let timeline = collector.admin("profiles/own/timeline").await.json();
    let message = &timeline["events"][1]["message"];
    assert_eq!(message["event"], "Email Link Clicked");
    assert_eq!(
        message["properties"]["href"],
        "https://www.example.nl/e-bikes?a=1"
    );
    assert_eq!(message["context"]["campaign"]["name"], "w");

    // Programs that look where a link leads do not click it.
    let head = Request::new("HEAD", &format!("/v1/click?{query}&anonymousId=own"));
    assert_eq!(collector.send(head).await.status, 302);
    let profile = collector.admin("profiles/own").await.json();
    assert_eq!(profile["events"], 2);
}

#[tokio::test]
async fn nobody_is_sent_where_the_owner_did_not_say() {
    let collector = Collector::start_with(options()).await;
    for to in [
        "",
        "to=",
        "to=https%3A%2F%2Fevil.nl%2F",
        "to=%2F%2Fevil.nl",
        "to=https%3A%2F%2Fshop.example.nl%40evil.nl%2F",
        "to=https%3A%2F%2Fshop.example.nl%5C%40evil.nl%2F",
        "to=https%3A%2F%2Fshop.example.nl%2F%0D%0ASet-Cookie%3A%20a%3Db",
        "to=javascript%3Aalert(1)",
        // Of two, the first counts.
        "to=https%3A%2F%2Fevil.nl%2F&to=https%3A%2F%2Fshop.example.nl%2F",
    ] {
        let answer = click(&collector, &format!("writeKey=k&anonymousId=a&{to}")).await;
        assert_eq!(
            (answer.status, &*answer.error()),
            (400, "invalid_parameter"),
            "{to}"
        );
        assert_eq!(answer.json()["error"]["where"], "to");
        assert_eq!(answer.header("location"), None);
    }
    assert_eq!(collector.admin("profiles/a").await.status, 404);
}

#[tokio::test]
async fn the_visitor_gets_there_whatever_becomes_of_the_event() {
    let collector = Collector::start_with(options()).await;
    let to = "to=https%3A%2F%2Fshop.example.nl%2F";
    let arrives = |answer: &Answer| {
        assert_eq!(answer.status, 302);
        assert_eq!(answer.header("location"), Some("https://shop.example.nl/"));
    };
    // Nobody's, of another site, objected to, too many, and while the disk fails.
    arrives(&click(&collector, &format!("{to}&writeKey=k")).await);
    arrives(&click(&collector, &format!("{to}&writeKey=x&anonymousId=a")).await);
    arrives(
        &click(
            &collector,
            &format!("{to}&writeKey=k&anonymousId=a&consent=denied"),
        )
        .await,
    );
    for _ in 0..7 {
        let request = get(&format!("/v1/click?{to}&writeKey=k&anonymousId=b"));
        arrives(
            &collector
                .send(request.header("X-Forwarded-For", "198.51.100.7"))
                .await,
        );
    }
    let profile = collector.admin("profiles/b").await.json();
    assert_eq!(profile["events"], 5);
    collector.options.disk_fails.store(true, Ordering::SeqCst);
    arrives(&click(&collector, &format!("{to}&writeKey=k&anonymousId=a")).await);
    let metrics = collector.metrics().await;
    for (reason, count) in [
        ("missing_visitor", 1),
        ("wrong_write_key", 1),
        ("no_consent", 1),
        ("too_many", 2),
        ("store_failed", 1),
    ] {
        let line = format!("firstglance_requests_refused_total{{reason=\"{reason}\"}} {count}");
        assert!(metrics.contains(&line), "{line} not in\n{metrics}");
    }
}
