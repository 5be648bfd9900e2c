//! The pixel: an image whatever happens, and an event where it may be one.

use std::sync::atomic::Ordering;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::client::{Answer, Request, get};
use crate::server::{Collector, Options, page};

async fn pixel(collector: &Collector, query: &str) -> Answer {
    let answer = collector.send(get(&format!("/v1/pixel.gif?{query}"))).await;
    is_image(&answer);
    answer
}

fn is_image(answer: &Answer) {
    assert_eq!(answer.header("content-type"), Some("image/gif"));
    assert_eq!(answer.header("cache-control"), Some("no-store, private"));
    assert_eq!(answer.header("set-cookie"), None);
    assert_eq!((answer.body.len(), &answer.body[..6]), (43, &b"GIF89a"[..]));
}

/// Type and name of each event in a visitor's timeline, and the events themselves.
async fn events(collector: &Collector, visitor: &str) -> Vec<(String, serde_json::Value)> {
    let path = format!("profiles/{visitor}/timeline");
    let timeline = collector.admin(&path).await.json();
    let Some(events) = timeline["events"].as_array() else {
        return Vec::new();
    };
    let messages = events.iter().map(|event| event["message"].clone());
    let messages = messages.filter(|message| message["messageId"].is_string());
    let named = |message: &serde_json::Value| {
        let event = message["event"].as_str();
        event.or(message["type"].as_str()).unwrap().to_owned()
    };
    messages.map(|message| (named(&message), message)).collect()
}

#[tokio::test]
async fn an_open_is_an_event_once() {
    let collector = Collector::start().await;
    let query = "writeKey=k&userId=jo%40example.nl&messageId=mail-7&utm_medium=email\
                 &utm_campaign=winter&properties.subject=Winter%20%22sale%22";
    for _ in 0..2 {
        assert_eq!(pixel(&collector, query).await.status, 200);
    }
    let events = events(&collector, "user:jo%40example.nl").await;
    let [(name, message)] = &events[..] else {
        panic!("{events:?}");
    };
    assert_eq!(name, "Email Opened");
    assert_eq!(message["properties"]["subject"], "Winter \"sale\"");
    assert_eq!(message["context"]["campaign"]["name"], "winter");
    // Without an id of the sender's, each is one more.
    for _ in 0..2 {
        pixel(&collector, "writeKey=k&anonymousId=a&event=Seen").await;
    }
    assert_eq!(self::events(&collector, "a").await.len(), 2);
}

#[tokio::test]
async fn a_page_without_scripts() {
    let collector = Collector::start().await;
    let cookie = collector.batch(&[page("own", "1", "/", 1)]).await.cookie();
    let cookie = cookie.unwrap();
    let request = |query: &str| get(&format!("/v1/pixel.gif?writeKey=k&{query}"));
    let view = request("")
        .header("Cookie", &cookie)
        .header("Referer", "https://www.example.nl/e-bikes/polder");
    is_image(&collector.send(view.clone()).await);
    let events = events(&collector, "own").await;
    assert_eq!(events.len(), 2);
    assert_eq!(
        events[1].1["context"]["page"]["url"],
        "https://www.example.nl/e-bikes/polder"
    );
    let profile = collector.admin("profiles/own").await.json();
    assert_eq!(profile["pageViews"], 2);
    // A name in the address is somebody else's, who is not joined to the browser.
    collector
        .send(request("userId=jo").header("Cookie", &cookie))
        .await;
    let person = collector.admin("profiles/own").await.json();
    assert_eq!(
        person["visitors"].as_array().map(Vec::len),
        Some(1),
        "{person}"
    );
    assert_eq!(self::events(&collector, "user:jo").await.len(), 1);
    // Nobody is made known where nothing says who it is.
    let nobody = pixel(&collector, "writeKey=k").await;
    assert_eq!(
        (nobody.status, nobody.header("firstglance-error")),
        (400, Some("missing_visitor"))
    );
    // What a browser fetches beforehand, and a look at the headers, are no views.
    for before in [
        view.clone().header("Sec-Purpose", "prefetch;prerender"),
        view.header("Purpose", "prefetch"),
    ] {
        is_image(&collector.send(before).await);
    }
    let head = Request::new("HEAD", "/v1/pixel.gif?writeKey=k&anonymousId=own");
    let head = collector.send(head.header("Cookie", &cookie)).await;
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(self::events(&collector, "own").await.len(), 2);
}

#[tokio::test]
async fn what_cannot_be_taken_in_is_an_image_too_and_is_told() {
    let collector = Collector::start().await;
    for (query, status, code) in [
        ("writeKey=x&anonymousId=a", 401, "wrong_write_key"),
        ("anonymousId=a", 401, "missing_write_key"),
        ("writeKey=k&anonymousId=user:x", 400, "invalid_id"),
        ("writeKey=k&userId=%00", 400, "invalid_id"),
        (
            "writeKey=k&anonymousId=a&consent=maybe",
            400,
            "invalid_field",
        ),
        (
            "writeKey=k&anonymousId=a&type=identify",
            400,
            "invalid_parameter",
        ),
    ] {
        let answer = pixel(&collector, query).await;
        let error = answer.header("firstglance-error");
        assert_eq!((answer.status, error), (status, Some(code)), "{query}");
    }
    // Those of the key alone are kept.
    collector.batch(&[page("b", "1", "/", 1)]).await;
    let kept = collector.admin("refused").await.json();
    let kept = kept["refused"].as_array().unwrap();
    let codes: Vec<_> = kept
        .iter()
        .map(|one| one["code"].as_str().unwrap())
        .collect();
    assert_eq!(codes, ["invalid_id", "invalid_id"]);

    collector.options.disk_fails.store(true, Ordering::SeqCst);
    let answer = pixel(&collector, "writeKey=k&anonymousId=a").await;
    let error = answer.header("firstglance-error");
    assert_eq!((answer.status, error), (503, Some("store_failed")));
    assert!(answer.header("retry-after").is_some());
}

#[tokio::test]
async fn consent_is_asked_before_anything_is_kept() {
    for (default, headers, query, cookie, recorded) in [
        ("granted", &[][..], "", false, true),
        ("granted", &[("Sec-GPC", "1")], "", false, false),
        ("granted", &[("DNT", "1")], "", true, false),
        ("granted", &[("DNT", "0")], "", false, true),
        ("granted", &[("DNT", "1")], "consent=granted", false, true),
        ("granted", &[], "consent=denied", true, false),
        ("granted", &[], "consent=segments", false, false),
        ("denied", &[], "", false, false),
        ("denied", &[], "", true, true),
        ("denied", &[], "consent=granted", false, true),
        ("tcf", &[], "", false, false),
    ] {
        let collector = Collector::start_with(Options {
            config: format!("[site]\nwrite_key = \"k\"\nconsent = \"{default}\""),
            ..Options::default()
        })
        .await;
        let mut request = get(&format!("/v1/pixel.gif?writeKey=k&anonymousId=a&{query}"));
        for (name, value) in headers {
            request = request.header(name, value);
        }
        if cookie {
            let cookie = collector.batch(&[page("own", "1", "/", 1)]).await.cookie();
            request = request.header("Cookie", &cookie.unwrap());
        }
        let answer = collector.send(request).await;
        is_image(&answer);
        assert_eq!(answer.status, 200);
        let found = events(&collector, "a").await.len() == 1;
        assert_eq!(found, recorded, "{default} {headers:?} {query} {cookie}");
    }
}

#[tokio::test]
async fn without_an_identifier_on_the_device_the_day_names_the_visitor() {
    let collector = Collector::start_with(Options {
        config: "[site]\nwrite_key = \"k\"\n[tracker]\ncookieless = true".to_owned(),
        ..Options::default()
    })
    .await;
    let cookie = collector.batch(&[page("a", "1", "/", 9)]).await.cookie();
    for _ in 0..2 {
        let request = get("/v1/pixel.gif?writeKey=k").header("Cookie", cookie.as_ref().unwrap());
        assert_eq!(collector.send(request).await.status, 200);
    }
    let profiles = collector.admin("profiles").await.json();
    let mut ids: Vec<_> = (profiles["profiles"].as_array().unwrap().iter())
        .map(|one| {
            (
                one["id"].as_str().unwrap(),
                one["pageViews"].as_u64().unwrap(),
            )
        })
        .collect();
    // Which of them was seen last depends on steps of time between them.
    ids.sort_unstable();
    assert_eq!((ids.len(), ids[0]), (2, ("a", 1)));
    assert!(ids[1].0.starts_with("daily-") && ids[1].1 == 2, "{ids:?}");
}

#[tokio::test]
async fn segments_pixel_api() {
    let collector = Collector::start().await;
    let message = r#"{"writeKey":"k","userId":"025a","event":"Email Opened","properties":{"subject":"Hé?>"}}"#;
    let data = STANDARD.encode(message);
    for encoded in [
        data.clone(),
        data.replace('+', "-").replace('/', "_").replace('=', ""),
    ] {
        let answer = collector
            .send(get(&format!("/v1/pixel/track?data={encoded}")))
            .await;
        is_image(&answer);
        assert_eq!(answer.status, 200);
    }
    let events = events(&collector, "user:025a").await;
    assert_eq!((events.len(), &*events[0].0), (2, "Email Opened"));
    for (query, code) in [
        ("", "invalid_parameter"),
        ("data=%21", "invalid_parameter"),
        ("data=e30", "missing_write_key"),
    ] {
        let answer = collector
            .send(get(&format!("/v1/pixel/track?{query}")))
            .await;
        is_image(&answer);
        assert_eq!(answer.header("firstglance-error"), Some(code));
    }
}
