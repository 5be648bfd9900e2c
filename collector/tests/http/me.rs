//! What a visitor learns of themselves, and of nobody else.

use crate::client::get;
use crate::server::{Collector, page};

#[tokio::test]
async fn a_visitor_sees_their_own_profile() {
    let collector = Collector::start().await;
    let messages = [
        page("a", "1", "/e-bikes/x", 2),
        page("a", "2", "/e-bikes/y", 1),
    ];
    let cookie = collector.batch(&messages).await.cookie().unwrap();
    let answer = collector
        .send(get("/v1/me").header("Cookie", &cookie))
        .await;
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let me = answer.json();
    assert_eq!(me["known"], true);
    assert_eq!(me["visitor"], "a");
    assert_eq!(me["pageViews"], 2);
    assert_eq!(me["visits"], 1);
    assert_eq!(me["interests"][0]["id"], "e-bikes");
    assert_eq!(me["stage"], "cold");

    let me = collector.restart().await;
    let me = me
        .send(get("/v1/me").header("Cookie", &cookie))
        .await
        .json();
    assert_eq!(me["pageViews"], 2);
}

#[tokio::test]
async fn nobody_is_known_by_an_id_in_the_request() {
    let collector = Collector::start().await;
    let cookie = collector
        .batch(&[page("a", "1", "/", 1)])
        .await
        .cookie()
        .unwrap();
    let (_, mac) = cookie.rsplit_once('.').unwrap();
    for request in [
        get("/v1/me"),
        get("/v1/me?anonymousId=a&visitor=a&id=a"),
        get("/v1/me").header("Cookie", "fg_visitor=a"),
        get("/v1/me").header("Cookie", "fg_visitor=a."),
        get("/v1/me").header("Cookie", "fg_visitor=a.AAAAAAAAAAAAAAAAAAAAAA"),
        get("/v1/me").header("Cookie", &format!("fg_visitor=b.{mac}")),
        get("/v1/me").header("X-Anonymous-Id", "a"),
    ] {
        let answer = collector.send(request).await;
        assert_eq!(answer.status, 200);
        let me = answer.json();
        assert_eq!(me["known"], false);
        assert_eq!(me["pageViews"], 0);
        assert_eq!(me["stage"], "cold");
        assert!(me.get("visitor").is_none());
    }
}

#[tokio::test]
async fn the_cookie_of_another_collector_is_not_believed() {
    let (one, other) = (Collector::start().await, Collector::start().await);
    let cookie = one.batch(&[page("a", "1", "/", 1)]).await.cookie().unwrap();
    other.batch(&[page("a", "1", "/", 1)]).await;
    let me = other.send(get("/v1/me").header("Cookie", &cookie)).await;
    assert_eq!(me.json()["known"], false);
}

#[tokio::test]
async fn ids_of_any_form_survive_the_cookie() {
    let collector = Collector::start().await;
    let visitor = "é; a=b.c%20 \u{1f6b2}";
    let answer = collector.batch(&[page(visitor, "1", "/", 1)]).await;
    let cookie = answer.cookie().unwrap();
    let me = collector
        .send(get("/v1/me").header("Cookie", &cookie))
        .await;
    assert_eq!(me.json()["visitor"], visitor);
}
