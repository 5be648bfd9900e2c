//! What visitors see in slots, as servers ask: by the cookie, or by name with a token.

use firstglance_collector::token::Role;
use serde_json::{Value, json};

use crate::client::{Answer, get, post};
use crate::server::{CONFIG, Collector, Options, page};

pub(crate) const SLOTS: &str = r#"
[[segment]]
id = "reader"
when = 'visited("/e-bikes/*")'

[[slot]]
id = "hero"
[[variant]]
slot = "hero"
id = "bikes"
when = 'in_segment("reader")'
html = "<h2>E-bikes</h2>"

[[slot]]
id = "fields"
[[variant]]
slot = "fields"
id = "all"
fields = { title = "Een & twee" }

[[slot]]
id = "held"
control = 90
[[variant]]
slot = "held"
id = "all"
html = "x"

[[slot]]
id = "over"
[[variant]]
slot = "over"
id = "all"
until = "2020-01-01T00:00:00Z"
html = "x"
"#;

const ROBOT: &str = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)";

fn options() -> Options {
    Options {
        config: format!("{CONFIG}{SLOTS}"),
        ..Options::default()
    }
}

async fn ask(collector: &Collector, body: Value, headers: &[(&str, &str)]) -> Answer {
    let mut request = post("/v1/decide", body.to_string());
    for (name, value) in headers {
        request = request.header(name, value);
    }
    collector.send(request).await
}

#[tokio::test]
async fn by_the_cookie_and_by_nothing_else() {
    let collector = Collector::start_with(options()).await;
    let seen = collector.batch(&[page("a", "1", "/e-bikes/x", 2)]).await;
    let cookie = seen.cookie().unwrap();
    let all = json!({"slots": ["hero", "fields", "held", "over", "none", "hero"]});
    let answer = ask(&collector, all.clone(), &[("Cookie", &cookie)]).await;
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let told = answer.json();
    assert_eq!(told["segments"], json!(["reader"]));
    assert_eq!(told["stage"], "cold");
    let decisions = &told["decisions"];
    assert_eq!(
        decisions["hero"],
        json!({"kind": "variant", "variant": "bikes", "html": "<h2>E-bikes</h2>", "why": "first"})
    );
    assert_eq!(
        decisions["fields"]["fields"],
        json!({"title": "Een & twee"})
    );
    let kind = decisions["held"]["kind"].as_str().unwrap();
    assert!(["variant", "control"].contains(&kind) && decisions["held"]["variant"] == "all");
    assert_eq!(decisions["held"].get("html").is_some(), kind == "variant");
    assert_eq!(
        decisions["over"],
        json!({"kind": "default", "why": "none eligible"})
    );
    assert_eq!(decisions["none"], json!({"kind": "default"}));
    assert_eq!(decisions.as_object().unwrap().len(), 5);

    // Names in a request without a token count for nothing, beside a cookie or alone.
    let named = json!({"slots": ["hero", "held"], "anonymousId": "a", "userId": "a"});
    let other = collector
        .batch(&[page("b", "2", "/", 2)])
        .await
        .cookie()
        .unwrap();
    for headers in [
        &[("Cookie", other.as_str())][..],
        &[],
        &[("Cookie", "fg_visitor=a.AAAAAAAAAAAAAAAAAAAAAA")],
    ] {
        let told = ask(&collector, named.clone(), headers).await.json();
        assert_eq!(
            (&told["segments"], &told["decisions"]["hero"]["kind"]),
            (&json!([]), &json!("default"))
        );
    }
    // A robot sees what everybody may find, whatever cookie it was given.
    let robot = ask(
        &collector,
        all,
        &[("Cookie", &cookie), ("User-Agent", ROBOT)],
    )
    .await
    .json();
    assert_eq!(robot["segments"], json!([]));
    for (_, decision) in robot["decisions"].as_object().unwrap() {
        assert_eq!(decision, &json!({"kind": "default"}));
    }
}

#[tokio::test]
async fn by_name_with_a_token() {
    let collector = Collector::start_with(options()).await;
    let mut message = page("a", "1", "/e-bikes/x", 2);
    message = message.replacen('{', r#"{"userId":"anna","#, 1);
    assert_eq!(collector.batch(&[message]).await.json()["accepted"], 1);
    let token = format!("Bearer {}", collector.new_token("shop", Role::Decide, None));
    let headers = [("Authorization", token.as_str())];
    let kind = |answer: &Answer| answer.json()["decisions"]["hero"]["kind"].clone();
    for (body, expected) in [
        (json!({"slots": ["hero"], "anonymousId": "a"}), "variant"),
        (json!({"slots": ["hero"], "userId": "anna"}), "variant"),
        (
            json!({"slots": ["hero"], "anonymousId": "nobody"}),
            "default",
        ),
        (json!({"slots": ["hero"], "userId": "nobody"}), "default"),
        (json!({"slots": ["hero"]}), "default"),
        (
            json!({"slots": ["hero"], "anonymousId": "a", "userAgent": ROBOT}),
            "default",
        ),
        (
            json!({"slots": ["hero"], "anonymousId": "a", "userAgent": "Mozilla/5.0 (X11) Firefox/140.0"}),
            "variant",
        ),
    ] {
        let answer = ask(&collector, body.clone(), &headers).await;
        assert_eq!(kind(&answer), expected, "{body}");
    }
    // A person is held out or not in the e-mail as in the browser.
    let held = async |body: Value| {
        ask(&collector, body, &headers).await.json()["decisions"]["held"].clone()
    };
    assert_eq!(
        held(json!({"slots": ["held"], "userId": "anna"})).await,
        held(json!({"slots": ["held"], "anonymousId": "a"})).await
    );
    for (body, headers, status, code) in [
        (
            json!({"anonymousId": "user:x"}),
            token.as_str(),
            400,
            "invalid_field",
        ),
        (json!({"slots": 5}), &token, 400, "malformed_json"),
        (
            json!({"slots": vec!["x"; 101]}),
            &token,
            400,
            "invalid_field",
        ),
        (json!([]), &token, 400, ""),
        (json!({}), "Bearer wrong", 401, "unauthorized"),
    ] {
        let answer = ask(&collector, body.clone(), &[("Authorization", headers)]).await;
        assert_eq!(answer.status, status, "{body} {}", answer.text());
        assert!(
            code.is_empty() || answer.error() == code,
            "{body} {}",
            answer.text()
        );
    }
    // The token opens nothing else.
    let admin = get("/admin/v1/profiles").header("Authorization", &token);
    assert_eq!(collector.send(admin).await.error(), "role_missing");
}

#[tokio::test]
async fn for_web_servers_that_put_pages_together() {
    let collector = Collector::start_with(options()).await;
    let seen = collector.batch(&[page("a", "1", "/e-bikes/x", 2)]).await;
    let cookie = seen.cookie().unwrap();
    for (path, cookie, status, body, headers) in [
        (
            "/v1/decide",
            &*cookie,
            204,
            "",
            [Some("reader"), Some("cold"), None, None],
        ),
        (
            "/v1/decide?slot=hero",
            &cookie,
            200,
            "<h2>E-bikes</h2>",
            [Some("reader"), Some("cold"), Some("variant"), Some("bikes")],
        ),
        (
            "/v1/decide?slot=hero",
            "",
            204,
            "",
            [Some(""), Some("cold"), Some("default"), None],
        ),
        (
            "/v1/decide?slot=fields",
            &cookie,
            204,
            "",
            [Some("reader"), Some("cold"), Some("variant"), Some("all")],
        ),
        (
            "/v1/decide?slot=none",
            &cookie,
            204,
            "",
            [Some("reader"), Some("cold"), None, None],
        ),
    ] {
        let answer = collector.send(get(path).header("Cookie", cookie)).await;
        assert_eq!((answer.status, answer.text()), (status, body), "{path}");
        let names = ["segments", "stage", "kind", "variant"];
        let found = names.map(|name| answer.header(&format!("x-firstglance-{name}")));
        assert_eq!(found, headers, "{path}");
    }
    let html = collector
        .send(get("/v1/decide?slot=hero").header("Cookie", &cookie))
        .await;
    assert_eq!(
        html.header("content-type"),
        Some("text/html; charset=utf-8")
    );
}

#[tokio::test]
async fn each_site_decides_for_itself() {
    let blog = "[site]\nid = \"blog\"\nwrite_key = \"b\"\nhosts = [\"blog.nl\"]\n\
                [[slot]]\nid = \"hero\"\n[[variant]]\nslot = \"hero\"\nid = \"blog\"\nhtml = \"Blog\"\n";
    let shop = format!("{CONFIG}{SLOTS}").replacen(
        "write_key = \"k\"",
        "write_key = \"k\"\nhosts = [\"shop.nl\"]",
        1,
    );
    let collector = Collector::start_with(Options {
        config: shop,
        more: vec![blog.to_owned()],
        ..Options::default()
    })
    .await;
    collector
        .send(post(
            "/v1/batch",
            crate::server::batch(&[page("a", "1", "/e-bikes/x", 2)]),
        ))
        .await;
    let token = |site| format!("Bearer {}", collector.new_token("t", Role::Decide, site));
    let (of_all, of_blog) = (token(None), token(Some("blog")));
    let body = json!({"slots": ["hero"], "anonymousId": "a"});
    for (token, host, expected) in [
        (&of_all, "shop.nl", json!("bikes")),
        (&of_all, "blog.nl", json!("blog")),
        // Of this site whatever host is asked, and nothing of what another one knows.
        (&of_blog, "shop.nl", json!("blog")),
        (&of_blog, "blog.nl", json!("blog")),
    ] {
        let answer = ask(
            &collector,
            body.clone(),
            &[("Authorization", token), ("Host", host)],
        )
        .await;
        let told = answer.json();
        assert_eq!(
            told["decisions"]["hero"]["variant"], expected,
            "{host} {told}"
        );
        assert_eq!(
            told["segments"],
            if host == "shop.nl" && token == &of_all {
                json!(["reader"])
            } else {
                json!([])
            }
        );
    }
    let foreign = post("/v1/decide?site=k", body.to_string()).header("Authorization", &of_blog);
    assert_eq!(collector.send(foreign).await.error(), "foreign_site");
}
