//! What one visitor and one address may send in a minute.

use crate::client::{Answer, Request, get, post};
use crate::server::{Collector, Options, batch, page};

fn options(limits: &str) -> Options {
    Options {
        config: format!("[site]\nwrite_key = \"k\"\n[limits]\n{limits}"),
        ..Options::default()
    }
}

/// Sends a batch from another machine, through a proxy on this one.
async fn send(collector: &Collector, address: &str, messages: &[String]) -> Answer {
    let request = post("/v1/batch", batch(messages)).header("X-Forwarded-For", address);
    collector.send(request).await
}

fn pages(visitor: &str, ids: std::ops::Range<u32>) -> Vec<String> {
    ids.map(|id| page(visitor, &format!("{visitor}{id}"), "/", 1))
        .collect()
}

#[tokio::test]
async fn a_page_over_the_limit_keeps_what_it_has_and_comes_again() {
    let collector = Collector::start_with(options("visitor_events = 600")).await;
    let answer = send(&collector, "198.51.100.7", &pages("a", 0..590)).await;
    assert_eq!(answer.json()["accepted"], 590);
    // More than comes free while the first are taken in, on a machine that is slow.
    let answer = send(&collector, "198.51.100.7", &pages("a", 590..650)).await;
    assert_eq!((answer.status, &*answer.error()), (429, "too_many"));
    let seconds: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");
    // Whoever waits as long as that, and no longer, is taken in.
    tokio::time::sleep(std::time::Duration::from_secs(seconds)).await;
    let answer = send(&collector, "198.51.100.7", &pages("a", 590..650)).await;
    assert_eq!(answer.json()["accepted"], 60);
    // Wherever the visitor sends from.
    let answer = send(&collector, "198.51.100.8", &pages("a", 650..710)).await;
    assert_eq!(answer.status, 429);
    let me = collector.admin("profiles/a").await.json();
    assert_eq!(me["pageViews"], 650);
}

#[tokio::test]
async fn one_visitor_of_a_server_does_not_hold_up_the_others() {
    let collector = Collector::start_with(options("visitor_events = 10")).await;
    let mut messages = pages("loud", 0..10);
    send(&collector, "198.51.100.7", &messages).await;
    messages = pages("loud", 10..12);
    messages.extend(pages("quiet", 0..3));
    let answer = send(&collector, "198.51.100.7", &messages).await;
    assert_eq!(
        (answer.status, answer.json()["accepted"].as_u64()),
        (200, Some(3))
    );
    let refused = answer.json()["refused"].clone();
    let codes: Vec<_> = (refused.as_array().unwrap().iter())
        .map(|one| {
            (
                one["index"].as_u64().unwrap(),
                one["code"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(codes, [(0, "too_many"), (1, "too_many")]);
    let text = collector.metrics().await;
    let line = "firstglance_messages_refused_total{reason=\"too_many\"} 2";
    assert!(text.contains(line), "{text}");
}

#[tokio::test]
async fn an_address_over_the_limit_is_asked_to_come_back() {
    let config = "address_requests = 3\nservers = [\"203.0.113.0/24\"]";
    let collector = Collector::start_with(options(config)).await;
    let from = |request: Request, address: &str| request.header("X-Forwarded-For", address);
    for number in 0..5 {
        let answer = collector.send(from(get("/v1/me"), "198.51.100.7")).await;
        assert_eq!(answer.status, if number < 3 { 200 } else { 429 });
        // Preflights, files and the owner's addresses are not counted.
        let files = collector.send(from(get("/v1/model"), "198.51.100.7")).await;
        assert_eq!(files.status, 200);
    }
    let refused =
        from(post("/v1/batch", "{}"), "198.51.100.7").header("Origin", "http://127.0.0.1");
    let refused = collector.send(refused.header("Host", "127.0.0.1")).await;
    assert_eq!((refused.status, &*refused.error()), (429, "too_many"));
    assert!(refused.header("retry-after").is_some());
    // The page's script may read how long to wait.
    assert_eq!(
        refused.header("access-control-expose-headers"),
        Some("Retry-After")
    );
    // An IPv6 network of 64 bits is one subscriber; others are others; the owner's are not limited.
    for (address, times, last) in [
        ("198.51.100.8", 3, 200),
        ("2001:db8::1", 2, 200),
        ("2001:db8::2", 2, 429),
        ("2001:db8:0:1::1", 1, 200),
        ("203.0.113.5", 9, 200),
        ("127.0.0.1", 9, 200),
    ] {
        let mut status = 0;
        for _ in 0..times {
            status = collector.send(from(get("/v1/me"), address)).await.status;
        }
        assert_eq!(status, last, "{address}");
    }
    let text = collector.metrics().await;
    let line = "firstglance_requests_refused_total{reason=\"too_many\"} 4";
    assert!(text.contains(line), "{text}");
}
