//! Several sites in one collector: which one a request is for, and that nothing of one reads or
//! changes anything of another.

use crate::client::{Answer, Request, get, post};
use crate::server::{Collector, Options, page};

const SHOP: &str = r#"
[site]
write_key = "k"
hosts = ["data.shop.nl"]
allowed_origins = ["https://www.shop.nl", "https://both.nl"]

[[interest]]
id = "e-bikes"
paths = ["/e-bikes/*"]
"#;

const BLOG: &str = r#"
[site]
id = "blog"
write_key = "kb"
hosts = ["data.blog.nl"]
allowed_origins = ["https://www.blog.nl", "https://both.nl"]
cookie_domain = "blog.nl"

[tracker]
api = "m1"
"#;

/// Has no host of its own.
const WIKI: &str = r#"
[site]
id = "wiki"
write_key = "kw"
allowed_origins = ["https://www.wiki.nl"]
"#;

const CLAIM: &str = "kHf0yqk2mPz4Wd8s";

async fn start() -> Collector {
    Collector::start_with(Options {
        config: SHOP.to_owned(),
        more: vec![BLOG.to_owned(), WIKI.to_owned()],
        ..Options::default()
    })
    .await
}

fn body(key: &str, visitor: &str, id: &str) -> String {
    let message = page(visitor, id, "/", 5);
    format!(r#"{{"writeKey":"{key}","claim":"{CLAIM}","batch":[{message}]}}"#)
}

impl Collector {
    async fn admin_of(&self, site: &str, path: &str) -> Answer {
        let parameter = if path.contains('?') { '&' } else { '?' };
        self.admin(&format!("{path}{parameter}site={site}")).await
    }

    /// The sites that know a visitor.
    async fn knowing(&self, visitor: &str) -> Vec<&'static str> {
        let mut knowing = Vec::new();
        for site in ["site", "blog", "wiki"] {
            let path = format!("profiles/{visitor}");
            match self.admin_of(site, &path).await.status {
                200 => knowing.push(site),
                404 => {}
                status => panic!("{status}"),
            }
        }
        knowing
    }
}

#[tokio::test]
async fn what_says_which_site_is_meant() {
    let collector = start().await;
    // Keys, then hosts, then origins.
    let basic = |request: Request, user: &str| {
        use base64::Engine as _;
        let encoded = base64::engine::general_purpose::STANDARD.encode(format!("{user}:"));
        request.header("Authorization", &format!("Basic {encoded}"))
    };
    let data = |key: &str, visitor: &str| {
        use base64::Engine as _;
        let message = page(visitor, "1", "/", 5);
        let message = message.replacen('{', &format!(r#"{{"writeKey":"{key}","#), 1);
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(message)
    };
    let without_key = |visitor: &str| body("X", visitor, "1").replace(r#""writeKey":"X","#, "");
    let batch = |text: String| post("/v1/batch", text);
    for (visitor, request, expected) in [
        ("a1", batch(body("k", "a1", "1")), Ok("site")),
        ("a2", batch(body("kb", "a2", "1")), Ok("blog")),
        ("a3", batch(body("kw", "a3", "1")), Ok("wiki")),
        (
            "a4",
            batch(body("kb", "a4", "1")).header("Host", "data.shop.nl"),
            Ok("blog"),
        ),
        ("a5", basic(batch(without_key("a5")), "kb"), Ok("blog")),
        // Somebody's password for a proxy in front.
        ("a6", basic(batch(body("kw", "a6", "1")), "jo"), Ok("wiki")),
        (
            "a7",
            basic(batch(without_key("a7")), "jo"),
            Err("wrong_write_key"),
        ),
        ("a8", batch(body("no", "a8", "1")), Err("wrong_write_key")),
        (
            "a9",
            batch(body("no", "a9", "1")).header("Host", "data.shop.nl"),
            Err("wrong_write_key"),
        ),
        ("b1", batch(without_key("b1")), Err("site_missing")),
        (
            "b2",
            batch(without_key("b2")).header("Host", "data.shop.nl"),
            Err("missing_write_key"),
        ),
        // Two keys that contradict each other.
        (
            "b3",
            basic(batch(body("k", "b3", "1")), "kb"),
            Err("wrong_write_key"),
        ),
        // The names of one site's addresses are not another's.
        ("b4", post("/m1/batch", body("kb", "b4", "1")), Ok("blog")),
        (
            "b5",
            post("/m1/batch", body("k", "b5", "1")),
            Err("not_found"),
        ),
        (
            "b6",
            batch(body("kw", "b6", "1").replace(CLAIM, "short")),
            Err("invalid_field"),
        ),
        ("b7", batch("{".to_owned()), Err("site_missing")),
        (
            "b8",
            get("/v1/pixel.gif?writeKey=kb&type=track&event=Opened&anonymousId=b8"),
            Ok("blog"),
        ),
        (
            "b9",
            get(&format!("/v1/pixel/page?data={}", data("kw", "b9"))),
            Ok("wiki"),
        ),
        (
            "c1",
            get(&format!("/v1/pixel/page?data={}", data("no", "c1"))),
            Err("wrong_write_key"),
        ),
        (
            "c2",
            get("/v1/pixel.gif?anonymousId=c2"),
            Err("site_missing"),
        ),
    ] {
        let answer = collector.send(request).await;
        match expected {
            Ok(site) => {
                assert_eq!(answer.status, 200, "{visitor}: {answer:?}");
                assert_eq!(collector.knowing(visitor).await, [site], "{visitor}");
            }
            Err(code) => {
                // An image says it in a header.
                let said = answer.header("firstglance-error").map(ToOwned::to_owned);
                assert_eq!(said.unwrap_or_else(|| answer.error()), code, "{visitor}");
                assert!((400..500).contains(&answer.status), "{visitor}");
                assert!(collector.knowing(visitor).await.is_empty(), "{visitor}");
            }
        }
    }
}

#[tokio::test]
async fn what_pages_ask_without_a_body() {
    let collector = start().await;
    let with = |path: &str, name: &str, value: &str| match name {
        "" => get(path),
        name => get(path).header(name, value),
    };
    for (path, name, value, expected) in [
        ("/v1/model?site=k", "", "", (200, None)),
        ("/v1/model?site=kb", "", "", (200, None)),
        ("/v1/model?site=kb", "Host", "data.shop.nl", (200, None)),
        (
            "/v1/model?site=no",
            "Host",
            "data.shop.nl",
            (404, Some("unknown_site")),
        ),
        ("/v1/model", "Host", "DATA.blog.nl.:8080", (200, None)),
        ("/v1/model", "", "", (400, Some("site_missing"))),
        ("/v1/projects/kb/settings", "", "", (200, None)),
        (
            "/v1/projects/no/settings",
            "",
            "",
            (404, Some("unknown_site")),
        ),
        ("/v1/me", "Host", "data.blog.nl", (200, None)),
        ("/v1/me", "Origin", "https://www.wiki.nl", (200, None)),
        (
            "/v1/me",
            "Origin",
            "https://both.nl",
            (400, Some("site_missing")),
        ),
        (
            "/v1/me?site=kw",
            "Origin",
            "https://www.shop.nl",
            (403, Some("origin_not_allowed")),
        ),
        ("/v1/me", "", "", (400, Some("site_missing"))),
        ("/healthz", "", "", (200, None)),
        ("/readyz", "", "", (200, None)),
        ("/unknown", "", "", (404, Some("not_found"))),
        (
            "/v1/unknown",
            "Host",
            "data.blog.nl",
            (404, Some("not_found")),
        ),
    ] {
        let answer = collector.send(with(path, name, value)).await;
        let error = (answer.status != 200).then(|| answer.error());
        let found = (answer.status, error.as_deref());
        assert_eq!(found, expected, "{path} {value}");
    }
    // Each site's model is its own.
    let version = |answer: Answer| answer.header("x-firstglance-version").map(str::to_owned);
    let shop = version(collector.send(get("/v1/model?site=k")).await);
    let blog = version(collector.send(get("/v1/model?site=kb")).await);
    assert!(shop.is_some() && blog.is_some() && shop != blog);
    let by_host = get("/v1/model").header("Host", "data.shop.nl");
    assert_eq!(version(collector.send(by_host).await), shop);
}

/// One visitor's id, known to two sites with the same claim: whatever proves something to the one
/// proves nothing to the other.
#[tokio::test]
async fn nothing_of_one_site_works_at_another() {
    let collector = start().await;
    let shop = post("/v1/batch", body("k", "v", "1")).header("Host", "data.shop.nl");
    let shop = collector.send(shop).await.cookie().unwrap();
    let blog = post("/v1/batch", body("kb", "v", "1")).header("Host", "data.blog.nl");
    let blog = collector.send(blog).await.cookie().unwrap();
    assert!(shop.starts_with("fg_visitor=v."), "{shop}");
    assert!(blog.starts_with("fg_visitor_kb=v."), "{blog}");

    // Under its own name and under the other site's.
    let renamed = |cookie: &str, name: &str| {
        let (_, value) = cookie.split_once('=').unwrap();
        format!("{name}={value}")
    };
    let me = async |host: &str, cookie: &str| {
        let request = get("/v1/me").header("Host", host).header("Cookie", cookie);
        collector.send(request).await.json()["known"].clone()
    };
    for (host, own, foreign, name) in [
        ("data.shop.nl", &shop, &blog, "fg_visitor"),
        ("data.blog.nl", &blog, &shop, "fg_visitor_kb"),
    ] {
        assert_eq!(me(host, own).await, true);
        assert_eq!(me(host, foreign).await, false);
        assert_eq!(me(host, &renamed(foreign, name)).await, false);
        assert_eq!(me(host, &format!("{foreign}; {own}")).await, true);
    }

    // A cookie of the shop erases nothing at the blog, and the blog's nothing at the shop.
    let forget = |key: &str, cookie: &str| {
        let body = format!(r#"{{"writeKey":"{key}"}}"#);
        post("/v1/forget", body).header("Cookie", cookie)
    };
    for (key, cookie) in [
        ("k", &blog),
        ("kb", &shop),
        ("kw", &shop),
        ("k", &renamed(&blog, "fg_visitor")),
        ("kb", &renamed(&shop, "fg_visitor_kb")),
    ] {
        collector.send(forget(key, cookie)).await;
        assert_eq!(
            collector.knowing("v").await,
            ["site", "blog"],
            "{key} {cookie}"
        );
    }
    let answer = collector.send(forget("kb", &blog)).await;
    assert_eq!(
        answer.header("set-cookie"),
        Some("fg_visitor_kb=; Path=/; Max-Age=0; SameSite=Lax; Domain=blog.nl")
    );
    assert_eq!(collector.knowing("v").await, ["site"]);

    // Pages of one site may not use the key of another, nor may those of its host.
    for (key, host, origin, status) in [
        ("k", "x", "https://www.shop.nl", 200),
        ("k", "x", "https://www.blog.nl", 403),
        ("kb", "x", "https://www.shop.nl", 403),
        ("kb", "data.shop.nl", "https://data.shop.nl", 403),
        ("k", "data.shop.nl", "https://data.shop.nl", 200),
        ("kw", "data.shop.nl", "https://data.shop.nl", 403),
        // Whose a host is that no site lists nobody can tell.
        ("k", "elsewhere.nl", "https://elsewhere.nl", 403),
    ] {
        let request = post("/v1/batch", body(key, "w", "1"))
            .header("Host", host)
            .header("Origin", origin);
        let answer = collector.send(request).await;
        assert_eq!(answer.status, status, "{key} {host} {origin}");
        assert_eq!(
            answer.header("access-control-allow-origin").is_some(),
            status == 200
        );
    }
}

#[tokio::test]
async fn administrators_say_which_site_they_mean() {
    let collector = start().await;
    for (key, visitor) in [("k", "a"), ("k", "b"), ("kb", "c"), ("kb", "b")] {
        let answer = collector
            .send(post("/v1/batch", body(key, visitor, "1")))
            .await;
        assert_eq!(answer.status, 200);
    }
    let ids = |answer: Answer| -> Vec<String> {
        let profiles = answer.json()["profiles"].as_array().unwrap().clone();
        let ids = profiles.iter();
        ids.map(|one| one["id"].as_str().unwrap().to_owned())
            .collect()
    };
    for (site, expected) in [
        ("site", &["a", "b"][..]),
        ("blog", &["b", "c"]),
        ("wiki", &[]),
    ] {
        assert_eq!(ids(collector.admin_of(site, "profiles").await), expected);
        // A cursor is a place in an order, and shows nobody but the site's own.
        for from in ["site", "blog"] {
            let answer = collector.admin_of(from, "profiles?limit=1").await;
            let next = answer.json()["next"].as_str().unwrap().to_owned();
            let path = format!("profiles?cursor={next}");
            let after = ids(collector.admin_of(site, &path).await);
            assert!(
                after.iter().all(|id| expected.contains(&&**id)),
                "{after:?}"
            );
        }
    }
    for site in ["", "no", "k"] {
        let answer = collector.admin_of(site, "profiles").await;
        assert_eq!(
            (answer.status, answer.error().as_str()),
            (400, "invalid_parameter")
        );
    }
    let answer = collector.admin("profiles").await;
    assert_eq!(answer.status, 400);
    let said = answer.json()["error"]["message"].to_string();
    assert!(said.contains("site, blog, wiki"), "{said}");
    let token = format!("Bearer {}", collector.token);
    let request = get("/admin/v1/profiles").header("Authorization", &token);
    let by_host = collector
        .send(request.clone().header("Host", "data.blog.nl"))
        .await;
    assert_eq!(ids(by_host), ["b", "c"]);

    // Erased at one, still known to the other, also after a restart.
    let erase = Request::new("DELETE", "/admin/v1/profiles/b?site=blog");
    let answer = collector.send(erase.header("Authorization", &token)).await;
    assert_eq!(answer.status, 200);
    assert_eq!(collector.knowing("b").await, ["site"]);
    let collector = collector.restart().await;
    assert_eq!(collector.knowing("b").await, ["site"]);
    assert_eq!(collector.knowing("c").await, ["blog"]);
}

#[tokio::test]
async fn counts_say_whose_they_are() {
    let collector = start().await;
    collector
        .send(post("/v1/batch", body("kb", "a", "1")))
        .await;
    let token = format!("Bearer {}", collector.token);
    let request = get("/metrics").header("Authorization", &token);
    let answer = collector.send(request).await;
    let text = answer.text();
    for (site, count) in [("site", 0), ("blog", 1), ("wiki", 0)] {
        let line =
            format!("firstglance_messages_total{{site=\"{site}\",outcome=\"accepted\"}} {count}\n");
        assert!(text.contains(&line), "{text}");
    }
    assert_eq!(
        text.matches("# TYPE firstglance_messages counter").count(),
        1
    );
    assert!(text.ends_with("# EOF\n"));
}

#[tokio::test]
async fn what_is_counted_is_counted_for_one_site() {
    let collector = start().await;
    for (key, visitor) in [("k", "a"), ("k", "b"), ("kb", "a")] {
        collector
            .send(post("/v1/batch", body(key, visitor, "1")))
            .await;
    }
    for (site, expected) in [("site", 2), ("blog", 1), ("wiki", 0)] {
        for metric in ["messages", "visitors", "sessions"] {
            let trend = collector
                .admin_of(site, &format!("trends?metric={metric}"))
                .await
                .json();
            let points = trend["points"].as_array().unwrap().iter();
            let counts = points.map(|point| point["count"].as_u64().unwrap());
            assert_eq!(counts.sum::<u64>(), expected, "{site} {metric}: {trend}");
        }
    }
    let unsaid = collector.admin("trends?metric=messages").await;
    assert_eq!(unsaid.status, 400, "{}", unsaid.text());
}
