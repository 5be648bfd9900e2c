//! Browsers that ask to be forgotten, and the owner who erases.

use std::sync::atomic::Ordering;

use crate::client::{Answer, Request, get, post};
use crate::server::{Collector, page};

const CLAIM: &str = "kHf0yqk2mPz4Wd8s";
const OTHER_CLAIM: &str = "0000000000000000";
const LISTED: &str = "https://www.example.nl";

fn forget(visitor: &str, claim: &str) -> Request {
    let body = format!(r#"{{"writeKey":"k","anonymousId":"{visitor}","claim":"{claim}"}}"#);
    post("/v1/forget", body).header("Content-Type", "text/plain;charset=UTF-8")
}

async fn known(collector: &Collector, visitor: &str) -> bool {
    match collector.admin(&format!("profiles/{visitor}")).await.status {
        200 => true,
        404 => false,
        status => panic!("{status}"),
    }
}

fn forgotten(answer: &Answer) {
    assert_eq!((answer.status, answer.body.len()), (204, 0), "{answer:?}");
    assert_eq!(
        answer.header("set-cookie"),
        Some("fg_visitor=; Path=/; Max-Age=0; SameSite=Lax")
    );
}

#[tokio::test]
async fn the_cookie_proves_who_is_forgotten() {
    let collector = Collector::start().await;
    let messages = [page("a", "1", "/", 9), page("a", "2", "/", 8)];
    let cookie = collector.claim(CLAIM, &messages).await.cookie().unwrap();
    collector
        .claim(OTHER_CLAIM, &[page("b", "1", "/", 7)])
        .await;

    // The body may be without name and secret, which the browser may have lost.
    let request = post("/v1/forget", r#"{"writeKey":"k"}"#).header("Cookie", &cookie);
    forgotten(&collector.send(request).await);
    assert!(!known(&collector, "a").await);
    assert_eq!(collector.admin("profiles/a/timeline").await.status, 404);
    assert!(known(&collector, "b").await);
    let me = get("/v1/me").header("Cookie", &cookie);
    assert_eq!(collector.send(me).await.json()["known"], false);

    // What was under way neither makes the visitor known again nor brings the cookie back.
    for _ in 0..2 {
        let late = post("/v1/batch", crate::server::batch(&messages)).header("Cookie", &cookie);
        let answer = collector.send(late).await;
        assert_eq!((answer.status, answer.cookie()), (200, None));
        assert_eq!(answer.json()["duplicates"], 2);
        assert_eq!(collector.claim(CLAIM, &messages).await.cookie(), None);
        assert!(!known(&collector, "a").await);
    }
    // Once more is no error, also after a restart.
    let collector = collector.restart().await;
    forgotten(
        &collector
            .send(forget("a", CLAIM).header("Cookie", &cookie))
            .await,
    );
    collector.claim(CLAIM, &messages).await;
    assert!(!known(&collector, "a").await);
}

#[tokio::test]
async fn so_does_the_claim() {
    let collector = Collector::start().await;
    collector.claim(CLAIM, &[page("a", "1", "/", 9)]).await;
    forgotten(&collector.send(forget("a", CLAIM)).await);
    assert!(!known(&collector, "a").await);
    // A page captures under a new name, and nothing stands in its way.
    let answer = collector.claim(CLAIM, &[page("b", "1", "/", 1)]).await;
    assert!(answer.cookie().is_some());
    assert!(known(&collector, "b").await);
}

#[tokio::test]
async fn an_id_alone_proves_nothing() {
    let collector = Collector::start().await;
    collector.claim(CLAIM, &[page("a", "1", "/", 9)]).await;
    collector.batch(&[page("without", "1", "/", 9)]).await;
    let only_id = post("/v1/forget", r#"{"writeKey":"k","anonymousId":"a"}"#);
    let forged = forget("a", OTHER_CLAIM).header("Cookie", "fg_visitor=a.AAAAAAAAAAAAAAAAAAAAAA");
    for request in [
        only_id,
        forged,
        forget("a", OTHER_CLAIM),
        forget("without", CLAIM),
    ] {
        let answer = collector.send(request).await;
        assert_eq!(
            (answer.status, answer.error().as_str()),
            (403, "unproven_visitor")
        );
        assert_eq!(answer.cookie(), None);
    }
    assert!(known(&collector, "a").await && known(&collector, "without").await);
}

#[tokio::test]
async fn the_cookie_of_one_does_not_erase_another() {
    let collector = Collector::start().await;
    let own = collector.claim(CLAIM, &[page("a", "1", "/", 9)]).await;
    let own = own.cookie().unwrap();
    collector
        .claim(OTHER_CLAIM, &[page("b", "1", "/", 9)])
        .await;
    let request = forget("b", CLAIM).header("Cookie", &own);
    assert_eq!(collector.send(request).await.status, 403);
    assert!(known(&collector, "a").await && known(&collector, "b").await);
    // A former visitor of the same browser, asked for again: the cookie is the next one's by now.
    let request = forget("b", OTHER_CLAIM).header("Cookie", &own);
    let answer = collector.send(request).await;
    assert_eq!((answer.status, answer.header("set-cookie")), (204, None));
    assert!(known(&collector, "a").await && !known(&collector, "b").await);
    let me = get("/v1/me").header("Cookie", &own);
    assert!(collector.send(me).await.json()["known"] == true);
}

#[tokio::test]
async fn who_is_not_known_is_forgotten_at_once() {
    let collector = Collector::start().await;
    forgotten(&collector.send(forget("a", CLAIM)).await);
    forgotten(
        &collector
            .send(post("/v1/forget", r#"{"writeKey":"k"}"#))
            .await,
    );
    // A request that was overtaken.
    collector.claim(CLAIM, &[page("a", "1", "/", 1)]).await;
    assert!(!known(&collector, "a").await);
}

#[tokio::test]
async fn the_others_of_the_person_stay() {
    let collector = Collector::start().await;
    for visitor in ["phone", "laptop"] {
        let identify = page(visitor, "1", "/", 2).replace(
            "\"type\":\"page\"",
            r#""type":"identify","userId":"jo","traits":{}"#,
        );
        collector.claim(CLAIM, &[identify]).await;
    }
    forgotten(&collector.send(forget("phone", CLAIM)).await);
    let laptop = collector.admin("profiles/laptop").await.json();
    assert_eq!(laptop["visitors"], serde_json::json!(["laptop"]));
    assert_eq!(laptop["userId"], "jo");
}

#[tokio::test]
async fn requests_that_are_wrong() {
    let collector = Collector::start().await;
    let binary = post("/v1/forget", "{}").header("Content-Type", "image/png");
    for (request, status, code) in [
        (post("/v1/forget", "{}"), 401, "missing_write_key"),
        (
            post("/v1/forget", r#"{"writeKey":"x"}"#),
            401,
            "wrong_write_key",
        ),
        (post("/v1/forget", "["), 400, "malformed_json"),
        (forget("", CLAIM), 400, "invalid_field"),
        (forget("user:jo", CLAIM), 400, "invalid_field"),
        (forget("a", "short"), 400, "invalid_field"),
        (binary, 415, "unsupported_media_type"),
        (get("/v1/forget"), 405, "method_not_allowed"),
        (
            forget("a", CLAIM).header("Origin", "https://evil.example"),
            403,
            "origin_not_allowed",
        ),
    ] {
        let answer = collector.send(request).await;
        assert_eq!((answer.status, answer.error().as_str()), (status, code));
    }
    let answer = collector
        .send(forget("a", CLAIM).header("Origin", LISTED))
        .await;
    forgotten(&answer);
    assert_eq!(answer.header("access-control-allow-origin"), Some(LISTED));
    let preflight = Request::new("OPTIONS", "/v1/forget").header("Origin", LISTED);
    assert_eq!(collector.send(preflight).await.status, 204);
}

#[tokio::test]
async fn nobody_is_told_to_be_forgotten_who_is_not() {
    let collector = Collector::start().await;
    collector.claim(CLAIM, &[page("a", "1", "/", 9)]).await;
    collector.options.disk_fails.store(true, Ordering::SeqCst);
    let answer = collector.send(forget("a", CLAIM)).await;
    assert_eq!(
        (answer.status, answer.error().as_str()),
        (503, "store_failed")
    );
    assert_eq!(answer.header("set-cookie"), None);
}

#[tokio::test]
async fn many_at_once() {
    let collector = Collector::start().await;
    let mut sends = Vec::new();
    for number in 0..64 {
        let (address, visitor) = (collector.address, format!("v{number}"));
        let message = page(&visitor, "1", "/", 5);
        collector.claim(CLAIM, std::slice::from_ref(&message)).await;
        // Messages of before and after race with the erasure.
        sends.push(tokio::spawn(async move {
            forget(&visitor, CLAIM).send(address).await.status
        }));
        for id in 1..4 {
            let message = page(&format!("v{number}"), &format!("{id}"), "/", 0);
            let body = crate::server::batch(&[message]);
            sends.push(tokio::spawn(async move {
                post("/v1/batch", body).send(address).await.status
            }));
        }
    }
    for send in sends {
        assert!([200, 204].contains(&send.await.unwrap()));
    }
    let profiles = collector.admin("profiles").await.json();
    assert_eq!(profiles["profiles"], serde_json::json!([]));
}

async fn delete(collector: &Collector, path: &str) -> Answer {
    let token = format!("Bearer {}", collector.token);
    let request = Request::new("DELETE", &format!("/admin/v1/{path}"));
    collector
        .send(request.header("Authorization", &token))
        .await
}

#[tokio::test]
async fn the_owner_erases_a_visitor_or_a_person() {
    let collector = Collector::start().await;
    for visitor in ["phone", "laptop", "tablet"] {
        let identify = page(visitor, "1", "/", 2).replace(
            "\"type\":\"page\"",
            r#""type":"identify","userId":"jo","traits":{}"#,
        );
        collector.batch(&[identify]).await;
    }
    collector.batch(&[page("other", "1", "/", 2)]).await;
    let without_token = Request::new("DELETE", "/admin/v1/profiles/phone");
    assert_eq!(collector.send(without_token).await.status, 401);
    for path in ["profiles", "segments", "profiles/phone/timeline"] {
        assert_eq!(delete(&collector, path).await.status, 405, "{path}");
    }
    let one = delete(&collector, "profiles/phone").await;
    assert_eq!((one.status, one.text()), (200, r#"{"erased":["phone"]}"#));
    assert!(!known(&collector, "phone").await && known(&collector, "tablet").await);
    let again = delete(&collector, "profiles/phone").await;
    assert_eq!(
        (again.status, again.error().as_str()),
        (404, "unknown_visitor")
    );
    // A no is no yes, and what is neither erases nobody.
    collector.batch(&[page("alone", "1", "/", 2)]).await;
    let unclear = delete(&collector, "profiles/tablet?person=0").await;
    assert_eq!(unclear.status, 400);
    let person = page("alone", "2", "/", 2).replace(
        "\"type\":\"page\"",
        r#""type":"identify","userId":"jo","traits":{}"#,
    );
    collector.batch(&[person]).await;
    let one = delete(&collector, "profiles/alone?person=false").await;
    assert_eq!((one.status, one.text()), (200, r#"{"erased":["alone"]}"#));
    let all = delete(&collector, "profiles/tablet?person").await;
    assert_eq!(
        (all.status, all.text()),
        (200, r#"{"erased":["laptop","tablet"]}"#)
    );
    assert!(known(&collector, "other").await);
    // Who comes back later is known anew.
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    let answer = collector.batch(&[page("tablet", "2", "/", 0)]).await;
    assert_eq!(answer.json()["accepted"], 1);
}
