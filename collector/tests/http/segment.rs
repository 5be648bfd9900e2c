//! What Segment's libraries and its specification ask for beside what pages of Firstglance do.

use serde_json::Value;

use crate::client::{Request, get, post};
use crate::server::Collector;

#[tokio::test]
async fn every_address_that_libraries_use() {
    let collector = Collector::start().await;
    let fields = r#""event":"e","previousId":"p","groupId":"g""#;
    for (name, kind) in [
        ("track", "track"),
        ("t", "track"),
        ("page", "page"),
        ("p", "page"),
        ("screen", "screen"),
        ("s", "screen"),
        ("identify", "identify"),
        ("i", "identify"),
        ("group", "group"),
        ("g", "group"),
        ("alias", "alias"),
        ("a", "alias"),
        ("batch", "screen"),
        ("b", "screen"),
        ("import", "screen"),
    ] {
        let message = format!(r#"{{"writeKey":"k","userId":"{name}",{fields}}}"#);
        let body = match name {
            "batch" | "b" | "import" => {
                let message = message.replace('{', r#"{"type":"screen","#);
                format!(r#"{{"writeKey":"k","batch":[{message}]}}"#)
            }
            _ => message,
        };
        let request = post(&format!("/v1/{name}"), body);
        let request = request.header("Content-Type", "application/x-www-form-urlencoded");
        let answer = collector.send(request).await;
        assert_eq!(answer.status, 200, "{name}: {}", answer.text());
        let path = format!("profiles/user:{name}/timeline");
        let timeline = collector.admin(&path).await.json();
        let events = timeline["events"].as_array().unwrap();
        let kinds: Vec<&Value> = (events.iter())
            .filter(|event| !event["messageId"].as_str().unwrap().starts_with("fg-"))
            .map(|event| &event["type"])
            .collect();
        assert_eq!(kinds, [kind], "{name}");
    }
}

#[tokio::test]
async fn a_message_without_an_id_counts_once_where_it_says_when_it_happened() {
    let collector = Collector::start().await;
    let timed = r#"{"writeKey":"k","userId":"u","event":"e","timestamp":"2024-02-29T12:00:00Z"}"#;
    let untimed = r#"{"writeKey":"k","userId":"v","event":"e"}"#;
    for (body, second, events) in [(timed, 0, 1), (untimed, 1, 2)] {
        for accepted in [1, second] {
            let answer = collector.send(post("/v1/track", body)).await.json();
            assert_eq!(answer["accepted"], accepted, "{body}");
        }
        let id = if events == 1 { "user:u" } else { "user:v" };
        let profile = collector.admin(&format!("profiles/{id}")).await.json();
        assert_eq!(profile["events"], events);
    }
}

#[tokio::test]
async fn settings_of_segments_script_name_this_collector_only() {
    let collector = Collector::start().await;
    for (host, protocol, expected) in [
        ("data.example.nl", "https", "https data.example.nl/v1"),
        ("127.0.0.1:7700", "http", "http 127.0.0.1:7700/v1"),
        ("[::1]:7700", "", "http [::1]:7700/v1"),
    ] {
        let request = get("/v1/projects/k/settings")
            .header("Host", host)
            .header("X-Forwarded-Proto", protocol);
        let answer = collector.send(request).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let settings = answer.json();
        assert_eq!(settings["metrics"]["sampleRate"], 0);
        let destinations = settings["integrations"].as_object().unwrap();
        assert_eq!(destinations.len(), 1);
        let own = &destinations["Segment.io"];
        let text = |name: &str| own[name].as_str().unwrap();
        assert_eq!(
            format!("{} {}", text("protocol"), text("apiHost")),
            expected
        );
        assert_eq!(text("apiKey"), "k");
    }
}

#[tokio::test]
async fn no_settings_for_another_site_or_a_made_up_host() {
    let collector = Collector::start().await;
    for (path, host, status, code) in [
        ("/v1/projects/x/settings", "a.example", 404, "unknown_site"),
        ("/v1/projects//settings", "a.example", 404, "unknown_site"),
        ("/v1/projects/k/settings/x", "a.example", 404, "not_found"),
        (
            "/v1/projects/k/settings",
            "a.example/x",
            400,
            "invalid_host",
        ),
        (
            "/v1/projects/k/settings",
            "k@a.example",
            400,
            "invalid_host",
        ),
        ("/v1/projects/k/settings", "a.example?", 400, "invalid_host"),
        ("/v1/projects/k/settings", "a\"b", 400, "invalid_host"),
        ("/v1/projects/k/settings", "", 400, "invalid_host"),
    ] {
        let answer = collector.send(get(path).header("Host", host)).await;
        assert_eq!(
            (answer.status, answer.error().as_str()),
            (status, code),
            "{path} {host}"
        );
    }
}

#[tokio::test]
async fn a_library_of_another_origin_may_say_that_it_tries_again() {
    let collector = Collector::start().await;
    let request = Request::new("OPTIONS", "/v1/t")
        .header("Origin", "https://www.example.nl")
        .header("Access-Control-Request-Headers", "x-retry-count");
    let answer = collector.send(request).await;
    let allowed = answer.header("access-control-allow-headers").unwrap();
    assert!(
        allowed.to_lowercase().contains("x-retry-count"),
        "{allowed}"
    );
}
