//! The document that says what a collector answers: that it is there for every site, and that what it
//! says of addresses, methods and errors is so. `cargo xtask openapi` holds all of it against a
//! running collector.

use std::collections::BTreeSet;

use firstglance_collector::token::Role;
use serde_json::Value;

use crate::client::{Answer, Request, get, post};
use crate::server::{Collector, Options, page};

const SHOP: &str = "[site]\nwrite_key = \"k\"\nhosts = [\"shop.nl\"]";
const BLOG: &str = "[site]\nid = \"blog\"\nwrite_key = \"kb\"\nhosts = [\"blog.nl\"]\n\
                    [tracker]\npath = \"/metingen/\"\napi = \"data\"";

async fn document(collector: &Collector) -> Value {
    let answer = collector.send(get("/openapi.json")).await;
    assert_eq!(answer.status, 200);
    answer.json()
}

#[tokio::test]
async fn it_is_kept_by_caches_and_packed() {
    let collector = Collector::start().await;
    let plain = collector.send(get("/openapi.json")).await;
    assert_eq!(plain.header("content-type"), Some("application/json"));
    assert_eq!(plain.json()["openapi"], "3.1.0");
    let tag = plain.header("etag").unwrap();
    let again = get("/openapi.json").header("If-None-Match", tag);
    assert_eq!(collector.send(again).await.status, 304);
    let packed = get("/openapi.json").header("Accept-Encoding", "gzip");
    let packed = collector.send(packed).await;
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    assert!(packed.body.len() * 4 < plain.body.len());
}

#[tokio::test]
async fn each_site_has_its_own() {
    let options = Options {
        config: SHOP.to_owned(),
        more: vec![BLOG.to_owned()],
        ..Options::default()
    };
    let collector = Collector::start_with(options).await;
    for (host, ours, theirs, id) in [
        ("shop.nl", "/v1/batch", "/metingen/data/batch", "site"),
        ("blog.nl", "/metingen/data/batch", "/v1/batch", "blog"),
    ] {
        let asked = get("/openapi.json").header("Host", host);
        let document = collector.send(asked).await.json();
        let paths = document["paths"].as_object().unwrap();
        assert!(paths.contains_key(ours) && !paths.contains_key(theirs));
        let said = paths["/admin/v1/segments"]["get"]["parameters"].to_string();
        assert!(said.contains(&format!("[\"{id}\"]")), "{said}");
    }
    let named = get("/metingen/openapi.json?site=kb");
    assert_eq!(collector.send(named).await.status, 200);
    let unnamed = collector.send(get("/openapi.json")).await;
    assert_eq!(
        (unnamed.status, unnamed.error().as_str()),
        (400, "site_missing")
    );
}

#[tokio::test]
async fn every_address_takes_the_methods_that_are_told_and_no_others() {
    let collector = Collector::start().await;
    let token = format!("Bearer {}", collector.token);
    for (path, item) in document(&collector).await["paths"].as_object().unwrap() {
        let told = item.as_object().unwrap().keys();
        let mut told: BTreeSet<String> = told.map(|method| method.to_uppercase()).collect();
        if told.contains("GET") {
            told.insert("HEAD".to_owned());
        }
        let file = item["get"]["parameters"].to_string();
        let file = file.split("\"enum\":[\"").nth(1);
        let file = file.and_then(|rest| rest.split('"').next());
        let asked = path.replace("{file}", file.unwrap_or_default());
        let asked = asked.replace("{id}", "a").replace("{writeKey}", "k");
        let request = Request::new("PUT", &asked).header("Authorization", &token);
        let answer = collector.send(request).await;
        assert_eq!(answer.status, 405, "{path}");
        let allowed = answer.header("allow").unwrap();
        let allowed: BTreeSet<String> = allowed.split(", ").map(str::to_owned).collect();
        assert_eq!(told, allowed, "{path}");
    }
}

/// Holds an answer against what is told of it: the status, and the error's code.
fn is_told(document: &Value, method: &str, path: &str, answer: &Answer) {
    let operation = &document["paths"][path][method];
    let response = &operation["responses"][answer.status.to_string()];
    assert!(response.is_object(), "{method} {path}: {}", answer.status);
    if answer.status >= 400 {
        let content = &response["content"]["application/json"]["schema"];
        let code = format!("\"{}\"", answer.error());
        assert!(
            content.to_string().contains(&code),
            "{method} {path}: {code} is not among those of {content}"
        );
    }
}

#[tokio::test]
async fn what_goes_wrong_is_told() {
    let collector = Collector::start().await;
    collector.batch(&[page("a", "1", "/", 1)]).await;
    let document = document(&collector).await;
    let reader = format!("Bearer {}", collector.new_token("r", Role::Read, None));
    let owner = format!("Bearer {}", collector.token);
    for (method, path, asked, token, status) in [
        ("get", "/admin/v1/profiles", "", "", 401),
        ("get", "/admin/v1/profiles", "?limit=0", &*owner, 400),
        ("get", "/admin/v1/profiles", "?cursor=x", &owner, 400),
        ("get", "/admin/v1/profiles", "?site=x", &owner, 400),
        ("get", "/admin/v1/profiles", "", &owner, 200),
        ("get", "/admin/v1/audit", "", &reader, 403),
        ("get", "/admin/v1/export", "?segment=x", &owner, 404),
        ("get", "/admin/v1/export", "?format=x", &owner, 400),
        ("get", "/admin/v1/stream", "?type=x", &owner, 400),
        ("post", "/admin/v1/erase", "", &owner, 400),
        ("post", "/admin/v1/erase", "", &reader, 403),
        ("get", "/metrics", "", "", 401),
        ("get", "/metrics", "", &reader, 200),
        ("get", "/v1/model", "?site=x", "", 404),
        ("get", "/v1/click", "?to=https://evil.nl/", "", 400),
        ("post", "/v1/batch", "", "", 400),
        ("post", "/v1/track", "", "", 400),
        ("post", "/v1/forget", "", "", 400),
    ] {
        let mut request = Request::new(&method.to_uppercase(), &format!("{path}{asked}"));
        if !token.is_empty() {
            request = request.header("Authorization", token);
        }
        let answer = collector.send(request).await;
        assert_eq!(answer.status, status, "{method} {path}{asked}");
        is_told(&document, method, path, &answer);
    }
    let track = "/v1/track";
    for (body, headers, status) in [
        (r#"{"anonymousId":"a"}"#, &[][..], 401),
        (r#"{"writeKey":"x"}"#, &[], 401),
        (r#"{"writeKey":"k"}"#, &[], 400),
        (r#"{"writeKey":"k"}"#, &[("Content-Type", "text/html")], 415),
        (r#"{"writeKey":"k"}"#, &[("Content-Encoding", "gzip")], 400),
        (r#"{"writeKey":"k"}"#, &[("Origin", "https://evil.nl")], 403),
        (r#"{"writeKey":"k","event":"e","userId":"u"}"#, &[], 200),
    ] {
        let mut request = post(track, body);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let answer = collector.send(request).await;
        assert_eq!(answer.status, status, "{body} {headers:?}");
        is_told(&document, "post", track, &answer);
    }
    // The one for a visitor that is not there has the name in braces.
    let token = &owner;
    for (method, below) in [
        ("get", ""),
        ("get", "/timeline"),
        ("get", "/access"),
        ("get", "/why"),
        ("delete", ""),
    ] {
        let asked = format!("/admin/v1/profiles/nobody{below}");
        let request = Request::new(&method.to_uppercase(), &asked).header("Authorization", token);
        let answer = collector.send(request).await;
        assert_eq!(answer.status, 404, "{method} {asked}");
        let path = format!("/admin/v1/profiles/{{id}}{below}");
        is_told(&document, method, &path, &answer);
    }
}
