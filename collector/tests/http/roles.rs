//! What each token may, at which site.

use firstglance_collector::token::Role;

use crate::client::{Answer, Request, get, post};
use crate::server::{Collector, Options, page};

async fn ask(collector: &Collector, method: &str, path: &str, token: &str) -> Answer {
    let token = format!("Bearer {token}");
    let request = Request::new(method, path).header("Authorization", &token);
    collector.send(request).await
}

#[tokio::test]
async fn each_route_needs_its_role() {
    let collector = Collector::start().await;
    collector.batch(&[page("a", "1", "/", 1)]).await;
    let [decide, read, operate, erase] =
        Role::ALL.map(|role| (role, collector.new_token(role.name(), role, None)));
    for (method, path, needed) in [
        ("GET", "/admin/v1/profiles", Role::Read),
        ("GET", "/admin/v1/profiles/a", Role::Read),
        ("GET", "/admin/v1/profiles/a/timeline", Role::Read),
        ("GET", "/admin/v1/profiles/a/why", Role::Read),
        ("GET", "/admin/v1/segments", Role::Read),
        ("GET", "/admin/v1/content", Role::Read),
        ("GET", "/admin/v1/content/versions", Role::Read),
        ("GET", "/admin/v1/segments/definitions", Role::Read),
        ("GET", "/admin/v1/segments/definitions/versions", Role::Read),
        ("GET", "/metrics", Role::Read),
        ("HEAD", "/admin/v1/profiles/a", Role::Read),
        ("GET", "/admin/v1/audit", Role::Operate),
        ("GET", "/admin/v1/refused", Role::Operate),
        ("POST", "/admin/v1/compact", Role::Operate),
        ("POST", "/admin/v1/backup", Role::Operate),
        ("DELETE", "/admin/v1/profiles/a", Role::Erase),
    ] {
        for (role, token) in [&decide, &read, &operate, &erase] {
            let answer = ask(&collector, method, path, token).await;
            if *role >= needed {
                assert_eq!(answer.status, 200, "{role} {method} {path}");
            } else if method == "HEAD" {
                assert_eq!(answer.status, 403, "{role} {method} {path}");
            } else {
                assert_eq!(
                    (answer.status, answer.error().as_str()),
                    (403, "role_missing"),
                    "{role} {method} {path}"
                );
                let said = answer.json()["error"]["message"].to_string();
                assert!(said.contains(&format!("needs the role {needed}")), "{said}");
            }
        }
    }
}

#[tokio::test]
async fn a_revoked_token_is_refused_at_once() {
    let collector = Collector::start().await;
    let token = collector.new_token("Anna", Role::Read, None);
    let path = "/admin/v1/profiles";
    assert_eq!(ask(&collector, "GET", path, &token).await.status, 200);
    collector.revoke_token("Anna");
    assert_eq!(ask(&collector, "GET", path, &token).await.status, 401);
    // The file's other tokens, and the owner's own, go on.
    let other = collector.new_token("Bert", Role::Read, None);
    assert_eq!(ask(&collector, "GET", path, &other).await.status, 200);
    assert_eq!(collector.admin("profiles").await.status, 200);
    let collector = collector.restart().await;
    assert_eq!(ask(&collector, "GET", path, &token).await.status, 401);
    assert_eq!(ask(&collector, "GET", path, &other).await.status, 200);
}

#[tokio::test]
async fn a_token_of_one_site_opens_no_other() {
    let options = Options {
        config: "[site]\nwrite_key = \"k\"\nhosts = [\"shop.nl\"]".to_owned(),
        more: vec!["[site]\nid = \"blog\"\nwrite_key = \"kb\"\nhosts = [\"blog.nl\"]".to_owned()],
        ..Options::default()
    };
    let collector = Collector::start_with(options).await;
    for key in ["k", "kb"] {
        let message = page("a", "1", "/", 1);
        let body = format!(r#"{{"writeKey":"{key}","batch":[{message}]}}"#);
        assert_eq!(collector.send(post("/v1/batch", body)).await.status, 200);
    }
    let blog = collector.new_token("Anna", Role::Erase, Some("blog"));
    let gone = collector.new_token("Bert", Role::Erase, Some("wiki"));
    for (method, path) in [
        ("GET", "profiles"),
        ("GET", "profiles/a"),
        ("GET", "profiles/a/timeline"),
        ("GET", "profiles/a/why"),
        ("GET", "segments"),
        ("GET", "audit"),
        ("GET", "refused"),
        ("DELETE", "profiles/a"),
    ] {
        // Neither of a site that is there nor of one that is not.
        for foreign in ["site", "wiki", "k"] {
            let path = format!("/admin/v1/{path}?site={foreign}");
            let answer = ask(&collector, method, &path, &blog).await;
            assert_eq!(
                (answer.status, answer.error().as_str()),
                (403, "foreign_site"),
                "{method} {path}"
            );
        }
        let path = format!("/admin/v1/{path}");
        let answer = ask(&collector, method, &path, &gone).await;
        assert_eq!(answer.error(), "foreign_site", "{path}");
    }
    // Its own site is meant without a word, and whatever the host.
    let token = format!("Bearer {blog}");
    let erase = Request::new("DELETE", "/admin/v1/profiles/a")
        .header("Host", "shop.nl")
        .header("Authorization", &token);
    assert_eq!(collector.send(erase).await.status, 200);
    assert_eq!(collector.admin("profiles/a?site=blog").await.status, 404);
    assert_eq!(collector.admin("profiles/a?site=site").await.status, 200);

    let metrics = get("/metrics").header("Authorization", &token);
    let metrics = collector.send(metrics).await;
    assert!(metrics.text().contains("{site=\"blog\""));
    assert!(!metrics.text().contains("{site=\"site\""));
}
