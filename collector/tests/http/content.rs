//! Content that is posted: checked, in force at once, kept, taken back, and seen before it is in force.

use firstglance_collector::token::Role;
use firstglance_engine::Model;
use firstglance_engine::codec::Encode as _;
use serde_json::{Value, json};

use crate::client::{Answer, get, post};
use crate::decide::SLOTS;
use crate::server::{CONFIG, Collector, Options, page};

fn options() -> Options {
    Options {
        config: format!("{CONFIG}{SLOTS}"),
        ..Options::default()
    }
}

fn hero(html: &str) -> String {
    json!({
        "slot": [{"id": "hero", "label": "Hero"}],
        "variant": [{"slot": "hero", "id": "winter", "html": html}],
    })
    .to_string()
}

/// What somebody of whom nothing is known sees.
async fn shown(collector: &Collector) -> Value {
    let request = post("/v1/decide", r#"{"slots":["hero"]}"#);
    collector.send(request).await.json()["decisions"]["hero"].clone()
}

async fn model(collector: &Collector) -> (Model, String) {
    let answer = collector.send(get("/v1/model")).await;
    let version = answer.header("x-firstglance-version").unwrap().to_owned();
    (Model::from_text(answer.text()).unwrap(), version)
}

#[tokio::test]
async fn in_force_at_once_and_after_a_restart() {
    let collector = Collector::start_with(options()).await;
    collector.batch(&[page("a", "1", "/e-bikes/x", 2)]).await;
    let (before, version) = model(&collector).await;
    assert_eq!(shown(&collector).await["kind"], "default");

    // Only checked, or only kept: nothing changes.
    let dry = collector
        .admin_post("content?dry_run=true", &hero("<b>x</b>"))
        .await
        .json();
    assert_eq!(
        (&dry["version"], &dry["inForce"]),
        (&Value::Null, &json!(false))
    );
    assert_eq!(dry["slots"][3]["variants"][0]["html"], "<b>x</b>");
    let draft = collector
        .admin_post("content?draft&note=Ijs", &hero("<b>draft</b>"))
        .await
        .json();
    assert_eq!(
        (&draft["version"], &draft["inForce"]),
        (&json!(1), &json!(false))
    );
    assert_eq!(model(&collector).await.1, version);

    let posted = collector
        .admin_post("content?note=Winter", &hero("<b>one</b>"))
        .await;
    assert_eq!(posted.json()["version"], 2, "{}", posted.text());
    assert_eq!(shown(&collector).await["html"], "<b>one</b>");
    let (after, other) = model(&collector).await;
    assert_ne!(version, other);
    let ids = |model: &Model| -> Vec<String> {
        model.slots.iter().map(|slot| slot.id.to_string()).collect()
    };
    assert_eq!(ids(&before), ["hero", "fields", "held", "over"]);
    assert_eq!(ids(&after), ["fields", "held", "over", "hero"]);
    let present = collector.admin("content").await.json();
    assert_eq!(
        (&present["version"], &present["leftOut"]),
        (&json!(2), &json!([]))
    );
    assert_eq!(present["slots"][0]["source"], "file");
    assert_eq!(present["slots"][3]["source"], "posted");
    assert_eq!(
        present["posted"],
        serde_json::from_str::<Value>(&hero("<b>one</b>")).unwrap()
    );

    collector.admin_post("content", &hero("<b>two</b>")).await;
    let collector = collector.restart().await;
    assert_eq!(shown(&collector).await["html"], "<b>two</b>");
    let versions = collector.admin("content/versions?limit=2").await.json();
    let told = |version: &Value| {
        (
            version["version"].clone(),
            version["note"].clone(),
            version["inForce"].clone(),
        )
    };
    assert_eq!(
        told(&versions["versions"][0]),
        (json!(3), json!(""), json!(true))
    );
    assert_eq!(
        told(&versions["versions"][1]),
        (json!(2), json!("Winter"), json!(false))
    );
    assert_eq!(versions["next"], "2");
    let last = collector.admin("content/versions?cursor=2").await.json();
    assert_eq!(
        (&last["versions"][0]["draft"], &last["next"]),
        (&json!(true), &Value::Null)
    );

    let back = collector
        .admin_post("content/versions/2/restore", "")
        .await
        .json();
    assert_eq!(
        (&back["version"], &back["inForce"]),
        (&json!(4), &json!(true))
    );
    assert_eq!(shown(&collector).await["html"], "<b>one</b>");
    let four = collector.admin("content/versions/4").await.json();
    assert_eq!(
        (&four["restored"], &four["content"]["variant"][0]["html"]),
        (&json!(2), &json!("<b>one</b>"))
    );
    // Nothing posted is the configuration alone.
    collector.admin_post("content", "{}").await;
    assert_eq!(model(&collector).await.1, version);
    for path in [
        "content/versions/9",
        "content/versions/x",
        "content/versions/-1",
    ] {
        assert_eq!(
            collector.admin(path).await.error(),
            "unknown_version",
            "{path}"
        );
    }
    assert_eq!(
        collector
            .admin_post("content/versions/9/restore", "")
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn what_is_wrong_changes_nothing_and_is_told() {
    let collector = Collector::start_with(options()).await;
    let wrong = json!({
        "slot": [{"id": "hero"}],
        "variant": [
            {"slot": "hero", "id": "a", "html": "<p>x</p>\n<script>alert(1)</script>"},
            {"slot": "hero", "id": "b", "html": "x", "when": "in_segment(\"raeder\")"},
        ],
    });
    for path in ["content", "content?dry_run=true"] {
        let answer = collector.admin_post(path, &wrong.to_string()).await;
        assert_eq!(
            (answer.status, answer.error().as_str()),
            (400, "invalid_content")
        );
        let told = answer.json();
        assert_eq!(told["error"]["where"], "variant[0].html");
        let problems = told["problems"].as_array().unwrap();
        assert_eq!(problems.len(), 2, "{told}");
        assert_eq!(
            (&problems[0]["line"], &problems[0]["column"]),
            (&json!(2), &json!(1))
        );
        assert_eq!(problems[1]["where"], "variant[1].when");
        assert_eq!(problems[1]["right"], "did you mean \"reader\"?");
    }
    for body in ["", "5", "{\"x\":1}", "\u{0}"] {
        assert_eq!(
            collector.admin_post("content", body).await.status,
            400,
            "{body}"
        );
    }
    assert_eq!(
        collector.admin("content/versions").await.json()["versions"],
        json!([])
    );
    assert_eq!(shown(&collector).await["kind"], "default");
}

#[tokio::test]
async fn who_may() {
    let collector = Collector::start_with(options()).await;
    let send = async |method: &str, path: &str, role: Role| -> Answer {
        let token = format!("Bearer {}", collector.new_token("x", role, None));
        let path = format!("/admin/v1/{path}");
        let request = match method {
            "POST" => post(&path, hero("x")),
            _ => get(&path),
        };
        collector
            .send(request.header("Authorization", &token))
            .await
    };
    for (method, path, needed) in [
        ("GET", "content", Role::Read),
        ("POST", "content", Role::Operate),
        ("GET", "content/versions/1", Role::Read),
        ("POST", "content/versions/1/restore", Role::Operate),
        ("POST", "content/versions/1/preview", Role::Operate),
    ] {
        for role in Role::ALL {
            let status = send(method, path, role).await.status;
            assert_eq!(
                status,
                if role >= needed { 200 } else { 403 },
                "{role} {method} {path}"
            );
        }
    }
    let audit = collector.admin("audit").await.text().to_owned();
    assert!(
        audit.contains("POST content/versions/{number}/restore"),
        "{audit}"
    );
}

#[tokio::test]
async fn a_preview_shows_a_version_to_who_has_the_link() {
    let collector = Collector::start_with(options()).await;
    collector
        .admin_post("content?draft=true", &hero("<b>draft</b>"))
        .await;
    let path = "content/versions/1/preview?page=/e-bikes/%3Fa=b&hours=1";
    let link = collector.admin_post(path, "").await.json();
    let token = link["token"].as_str().unwrap();
    assert_eq!(
        link["link"],
        format!("https://www.example.nl/e-bikes/?a=b&fg_preview={token}")
    );
    let preview = async |token: &str| {
        collector
            .send(get(&format!("/v1/preview?token={token}")))
            .await
    };
    let answer = preview(token).await;
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let model = Model::from_text(answer.text()).unwrap();
    assert!(model.slot("hero").unwrap().variant("winter").is_some());
    assert_eq!(shown(&collector).await["kind"], "default");
    let (_, mac) = token.rsplit_once('.').unwrap();
    for forged in [
        "".to_owned(),
        "1".to_owned(),
        token[..token.len() - 2].to_owned(),
        token.replacen('1', "2", 1),
        format!("1.99999999999999.{mac}"),
        format!("1.1.{mac}"),
    ] {
        let answer = preview(&forged).await;
        assert_eq!(
            (answer.status, answer.error().as_str()),
            (403, "invalid_preview"),
            "{forged}"
        );
    }
    for wrong in [
        "page=https://x.nl/",
        "page=//x.nl/",
        "page=x",
        "hours=0",
        "hours=721",
        "hours=x",
    ] {
        let answer = collector
            .admin_post(&format!("content/versions/1/preview?{wrong}"), "")
            .await;
        assert_eq!(answer.error(), "invalid_parameter", "{wrong}");
    }
}

#[tokio::test]
async fn a_sites_content_is_its_own() {
    let blog = "[site]\nid = \"blog\"\nwrite_key = \"b\"\nhosts = [\"blog.nl\"]\n";
    let collector = Collector::start_with(Options {
        config: CONFIG.replacen(
            "write_key = \"k\"",
            "write_key = \"k\"\nhosts = [\"shop.nl\"]",
            1,
        ),
        more: vec![blog.to_owned()],
        ..Options::default()
    })
    .await;
    let posted = collector
        .admin_post("content?site=site", &hero("<b>shop</b>"))
        .await;
    assert_eq!(posted.status, 200, "{}", posted.text());
    let slots = async |site: &str| {
        collector
            .admin(&format!("content?site={site}"))
            .await
            .json()["slots"]
            .clone()
    };
    assert_eq!(slots("site").await.as_array().unwrap().len(), 1);
    assert_eq!(slots("blog").await, json!([]));
    let path = "content/versions/1/preview?site=site";
    let link = collector.admin_post(path, "").await.json();
    let token = link["token"].as_str().unwrap();
    for (host, status) in [("shop.nl", 200), ("blog.nl", 403)] {
        let request = get(&format!("/v1/preview?token={token}")).header("Host", host);
        assert_eq!(collector.send(request).await.status, status, "{host}");
    }
    assert_eq!(
        collector.admin("content/versions/1?site=blog").await.status,
        404
    );
}
