//! Who gets a visitor cookie, and who does not.

use crate::client::{get, post};
use crate::server::{Collector, Options, batch, page};

const CLAIM: &str = "kHf0yqk2mPz4Wd8s";
const OTHER_CLAIM: &str = "0000000000000000";

#[tokio::test]
async fn who_makes_a_visitor_known_gets_the_cookie() {
    let collector = Collector::start().await;
    let first = collector.claim(CLAIM, &[page("a", "1", "/", 3)]).await;
    let cookie = first.cookie().unwrap();
    let me = collector
        .send(get("/v1/me").header("Cookie", &cookie))
        .await;
    assert_eq!(me.json()["visitor"], "a");

    let attributes = first.header("set-cookie").unwrap();
    assert!(
        attributes.ends_with("; Path=/; Max-Age=34128000; SameSite=Lax"),
        "{attributes}"
    );

    // The same browser, whose cookie was thrown away, proves itself by its claim.
    let again = collector.claim(CLAIM, &[page("a", "2", "/", 2)]).await;
    assert_eq!(again.cookie(), Some(cookie.clone()));

    // A request with the cookie has it renewed, whatever the claim.
    let request = post("/v1/batch", batch(&[page("a", "3", "/", 1)])).header("Cookie", &cookie);
    assert_eq!(collector.send(request).await.cookie(), Some(cookie));
}

#[tokio::test]
async fn who_only_knows_the_id_gets_no_cookie() {
    let collector = Collector::start().await;
    collector
        .claim(CLAIM, &[page("a", "1", "/secret", 5)])
        .await;
    let with_other_claim = collector
        .claim(OTHER_CLAIM, &[page("a", "2", "/", 4)])
        .await;
    let without_claim = collector.batch(&[page("a", "3", "/", 3)]).await;
    for answer in [with_other_claim, without_claim] {
        // The messages are taken all the same.
        assert_eq!(answer.json()["accepted"], 1);
        assert_eq!(answer.cookie(), None);
    }
    // Nor after a restart, when nothing is remembered but what is on disk.
    let collector = collector.restart().await;
    let answer = collector
        .claim(OTHER_CLAIM, &[page("a", "4", "/", 2)])
        .await;
    assert_eq!(answer.cookie(), None);
    let answer = collector.claim(CLAIM, &[page("a", "5", "/", 1)]).await;
    assert!(answer.cookie().is_some());
}

#[tokio::test]
async fn a_visitor_without_claim_can_never_be_claimed() {
    let collector = Collector::start().await;
    let first = collector.batch(&[page("a", "1", "/", 2)]).await;
    assert!(first.cookie().is_some());
    let second = collector.claim(CLAIM, &[page("a", "2", "/", 1)]).await;
    assert_eq!(second.cookie(), None);
}

#[tokio::test]
async fn a_duplicate_proves_nothing() {
    let collector = Collector::start().await;
    let message = page("a", "1", "/", 1);
    collector.claim(CLAIM, std::slice::from_ref(&message)).await;
    let replayed = collector.claim(OTHER_CLAIM, &[message]).await;
    assert_eq!(replayed.json()["duplicates"], 1);
    assert_eq!(replayed.cookie(), None);
}

#[tokio::test]
async fn a_cookie_is_for_one_visitor() {
    let collector = Collector::start().await;
    let both = collector
        .claim(CLAIM, &[page("a", "1", "/", 2), page("b", "2", "/", 1)])
        .await;
    assert_eq!(both.cookie(), None);

    // A valid cookie stays that of its visitor, whatever the messages say.
    let own = collector
        .claim(CLAIM, &[page("c", "3", "/", 1)])
        .await
        .cookie()
        .unwrap();
    let request = post("/v1/batch", batch(&[page("a", "4", "/", 1)])).header("Cookie", &own);
    assert_eq!(collector.send(request).await.cookie(), Some(own));
}

#[tokio::test]
async fn users_of_the_owner_cannot_be_claimed() {
    let collector = Collector::start().await;
    let message = page("a", "1", "/", 1).replace("anonymousId", "userId");
    let answer = collector.claim(CLAIM, &[message]).await;
    assert_eq!(answer.json()["accepted"], 1);
    assert_eq!(answer.cookie(), None);
}

#[tokio::test]
async fn no_cookie_without_consent() {
    let collector = Collector::start().await;
    for (number, consent) in ["segments", "session", "denied"].into_iter().enumerate() {
        let message = page(&format!("v{number}"), "1", "/", 1);
        let body = format!(r#"{{"writeKey":"k","consent":"{consent}","batch":[{message}]}}"#);
        let answer = collector.send(post("/v1/batch", body)).await;
        assert_eq!((answer.status, answer.cookie()), (200, None), "{consent}");
    }
}

#[tokio::test]
async fn attributes_follow_the_request_and_the_site() {
    let options = Options {
        config: "[site]\nwrite_key = \"k\"\ncookie_domain = \"example.nl\"".to_owned(),
        ..Options::default()
    };
    let collector = Collector::start_with(options).await;
    let request =
        post("/v1/batch", batch(&[page("a", "1", "/", 1)])).header("X-Forwarded-Proto", "https");
    let answer = collector.send(request).await;
    let cookie = answer.header("set-cookie").unwrap();
    assert!(cookie.ends_with("; Secure; Domain=example.nl"), "{cookie}");
}

#[tokio::test]
async fn many_at_once_for_one_new_visitor_make_one_owner() {
    let collector = Collector::start().await;
    let sends: Vec<_> = (0..32)
        .map(|number| {
            let address = collector.address;
            let message = page("a", &format!("{number}"), "/", 1);
            let body = format!(
                r#"{{"writeKey":"k","claim":"claim-of-{number:016}","batch":[{message}]}}"#
            );
            tokio::spawn(async move { post("/v1/batch", body).send(address).await })
        })
        .collect();
    let mut cookies = 0;
    for send in sends {
        cookies += usize::from(send.await.unwrap().cookie().is_some());
    }
    assert_eq!(cookies, 1);
}
