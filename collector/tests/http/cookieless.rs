//! Visitors of pages that keep no identifier.

use crate::client::{Answer, get, post};
use crate::server::{Collector, Options, page};

fn options(cookieless: bool, server: &str) -> Options {
    Options {
        config: format!(
            "[site]\nwrite_key = \"k\"\n[tracker]\ncookieless = {cookieless}\n[server]\n{server}"
        ),
        ..Options::default()
    }
}

/// Sends a page view under a name that no two pages have in common.
async fn view(collector: &Collector, id: &str, address: &str, agent: &str) -> Answer {
    let message = page(&format!("page-{id}"), id, "/", 1);
    let body = format!(
        r#"{{"writeKey":"k","claim":"kHf0yqk2mPz4Wd8s","consent":"granted","cookieless":true,"batch":[{message}]}}"#
    );
    let request = post("/v1/batch", body)
        .header("X-Forwarded-For", address)
        .header("User-Agent", agent);
    collector.send(request).await
}

/// The visitors there are, and how many pages each has viewed.
async fn visitors(collector: &Collector) -> Vec<(String, u64)> {
    let profiles = collector.admin("profiles").await.json();
    let profiles = profiles["profiles"].as_array().unwrap().iter();
    profiles
        .map(|profile| {
            (
                profile["id"].as_str().unwrap().to_owned(),
                profile["pageViews"].as_u64().unwrap(),
            )
        })
        .collect()
}

#[tokio::test]
async fn a_day_is_one_visit_without_anything_on_the_device() {
    let collector = Collector::start_with(options(true, "")).await;
    for (id, address, agent) in [
        ("1", "198.51.100.7", "Browser/1"),
        ("2", "198.51.100.7", "Browser/1"),
        ("3", "198.51.100.8", "Browser/1"),
        ("4", "198.51.100.8", "Browser/2"),
        // What a client says of itself does not reach past the proxy.
        ("5", "203.0.113.1, 198.51.100.7", "Browser/1"),
    ] {
        let answer = view(&collector, id, address, agent).await;
        assert_eq!((answer.status, answer.cookie()), (200, None));
        assert_eq!(answer.json()["accepted"], 1);
    }
    let found = visitors(&collector).await;
    let mut views: Vec<u64> = found.iter().map(|(_, views)| *views).collect();
    views.sort_unstable();
    assert_eq!(views, [1, 1, 3]);
    for (id, _) in &found {
        assert!(id.starts_with("daily-"), "{id}");
        // Nor is the page's own name kept in what was sent.
        let timeline = collector.admin(&format!("profiles/{id}/timeline")).await;
        assert!(
            timeline
                .text()
                .contains(&format!(r#""anonymousId":"{id}""#))
        );
        assert!(!timeline.text().contains("page-"), "{}", timeline.text());
    }

    // The day goes on after a restart, and a message counts once as ever.
    let collector = collector.restart().await;
    view(&collector, "1", "198.51.100.7", "Browser/1").await;
    view(&collector, "6", "198.51.100.7", "Browser/1").await;
    let mut views: Vec<u64> = visitors(&collector).await.iter().map(|one| one.1).collect();
    views.sort_unstable();
    assert_eq!(views, [1, 1, 4]);
}

#[tokio::test]
async fn whose_word_is_taken_is_the_owners_choice() {
    let collector = Collector::start_with(options(true, "trusted_proxies = []")).await;
    for (id, address) in [("1", "198.51.100.7"), ("2", "198.51.100.8")] {
        view(&collector, id, address, "Browser/1").await;
    }
    assert_eq!(visitors(&collector).await.len(), 1);
}

#[tokio::test]
async fn only_where_site_and_page_want_it() {
    // The page alone: its names are its own, and still there is no cookie.
    let collector = Collector::start_with(options(false, "")).await;
    let answer = view(&collector, "1", "198.51.100.7", "Browser/1").await;
    assert_eq!((answer.status, answer.cookie()), (200, None));
    assert_eq!(visitors(&collector).await, [("page-1".to_owned(), 1)]);
    // The site alone: other senders have names of their own.
    let collector = Collector::start_with(options(true, "")).await;
    let answer = collector.batch(&[page("a", "1", "/", 1)]).await;
    assert!(answer.cookie().is_some());
    assert_eq!(visitors(&collector).await, [("a".to_owned(), 1)]);
}

#[tokio::test]
async fn a_cookie_of_another_time_is_neither_heeded_nor_renewed() {
    let collector = Collector::start_with(options(true, "")).await;
    let cookie = collector.batch(&[page("a", "1", "/", 9)]).await.cookie();
    let cookie = cookie.unwrap();
    let message = page("a", "2", "/", 1);
    let body = format!(r#"{{"writeKey":"k","cookieless":true,"batch":[{message}]}}"#);
    let answer = collector
        .send(post("/v1/batch", body).header("Cookie", &cookie))
        .await;
    assert_eq!(answer.cookie(), None);
    let me = collector
        .send(get("/v1/me").header("Cookie", &cookie))
        .await;
    assert_eq!(me.json()["pageViews"], 1);
    assert_eq!(visitors(&collector).await.len(), 2);
}
