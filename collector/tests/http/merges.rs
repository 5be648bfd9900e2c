//! Merges: how browsers came to persons, and what an undo takes back.

use firstglance_collector::token::Role;
use serde_json::{Value, json};

use crate::client::{Answer, Request, get, post};
use crate::server::{Collector, Options, page};

/// A message that says who a browser's visitor is.
fn identify(visitor: &str, id: &str, user: &str, seconds_ago: u64) -> String {
    page(visitor, id, "/", seconds_ago).replace(
        "\"type\":\"page\"",
        &format!(r#""type":"identify","userId":"{user}","traits":{{"city":"{user}stad"}}"#),
    )
}

fn alias(visitor: &str, id: &str, previous: &str, user: &str, seconds_ago: u64) -> String {
    page(visitor, id, "/", seconds_ago).replace(
        "\"type\":\"page\"",
        &format!(r#""type":"alias","userId":"{user}","previousId":"{previous}""#),
    )
}

async fn ask(collector: &Collector, method: &str, path: &str, token: &str) -> Answer {
    let request = Request::new(method, &format!("/admin/v1/{path}"))
        .header("Authorization", &format!("Bearer {token}"));
    collector.send(request).await
}

async fn undo(collector: &Collector, merge: &str) -> Answer {
    let path = format!("merges/{merge}/undo");
    ask(collector, "POST", &path, &collector.token).await
}

async fn merges(collector: &Collector, parameters: &str) -> Vec<Value> {
    let answer = collector.admin(&format!("merges{parameters}")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["merges"].as_array().unwrap().clone()
}

async fn visitors(collector: &Collector, visitor: &str) -> Value {
    let answer = collector.admin(&format!("profiles/{visitor}")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["visitors"].clone()
}

#[tokio::test]
async fn a_wrong_merge_is_told_undone_and_stays_undone() {
    let collector = Collector::start().await;
    let jo = [
        page("phone", "1", "/e-bikes/secret", 30),
        identify("phone", "2", "jo", 20),
    ];
    collector.batch(&jo).await;
    let library = [
        page("library", "1", "/boats/secret", 15),
        identify("library", "2", "jo", 10),
    ];
    let cookie = collector.batch(&library).await.cookie().unwrap();
    assert_eq!(
        visitors(&collector, "phone").await,
        json!(["library", "phone"])
    );

    let told = merges(&collector, "?visitor=library").await;
    assert_eq!(told.len(), 1);
    let entry = &told[0];
    assert_eq!(entry["kind"], "joined");
    assert_eq!(entry["visitor"], "library");
    assert_eq!((&entry["from"], &entry["to"]), (&Value::Null, &json!("jo")));
    assert_eq!(entry["message"]["id"], "2");
    assert_eq!(entry["message"]["type"], "identify");
    assert_eq!(entry["message"]["visitor"], "library");
    assert!(entry["message"]["timestamp"].as_str() < entry["at"].as_str());
    assert_eq!(
        (&entry["undone"], &entry["token"]),
        (&json!(false), &Value::Null)
    );
    let merge = entry["id"].as_str().unwrap().to_owned();

    let anna = collector.new_token("Anna", Role::Operate, None);
    let path = format!("merges/{merge}/undo");
    let answer = ask(&collector, "POST", &path, &anna).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let undone = answer.json();
    assert_eq!(undone["together"], false);
    assert_eq!(undone["merge"]["kind"], "undone");
    assert_eq!(undone["merge"]["of"], merge.as_str());
    assert_eq!(undone["merge"]["token"]["name"], "Anna");
    assert_eq!(
        (&undone["merge"]["from"], &undone["merge"]["to"]),
        (&json!("jo"), &Value::Null)
    );
    assert!(!answer.text().contains(&anna));
    let by = undone["merge"]["id"].as_str().unwrap().to_owned();

    for _ in 0..2 {
        assert_eq!(visitors(&collector, "phone").await, json!(["phone"]));
        assert_eq!(visitors(&collector, "library").await, json!(["library"]));
        // Neither sees anything of the other, whoever asks.
        let me = collector
            .send(get("/v1/me").header("Cookie", &cookie))
            .await;
        assert_eq!(me.json()["pageViews"], 1);
        for (own, other) in [("phone", "boats"), ("library", "e-bikes")] {
            for path in ["", "/timeline", "/access?person", "/why"] {
                let answer = collector.admin(&format!("profiles/{own}{path}")).await;
                assert_eq!(answer.status, 200, "{path}");
                assert!(!answer.text().contains(other), "{own}{path}");
            }
        }
        // What is sent again changes nothing, nor does the name in other messages.
        collector.batch(&library).await;
        collector
            .batch(&[library[1].replace("\"messageId\":\"2\"", "\"messageId\":\"2b\"")])
            .await;
    }
    let list = merges(&collector, "?person=jo").await;
    let kinds: Vec<_> = list
        .iter()
        .map(|one| (&one["kind"], &one["undone"], &one["undoneBy"]))
        .collect();
    let (yes, no) = (json!(true), json!(false));
    assert_eq!(
        kinds,
        [
            (&json!("undone"), &no, &Value::Null),
            (&json!("joined"), &yes, &json!(by)),
            (&json!("joined"), &no, &Value::Null),
        ]
    );
    let again = undo(&collector, &merge).await;
    assert_eq!(
        (again.status, again.error().as_str()),
        (409, "already_undone")
    );
    let said = again.json()["error"]["message"].to_string();
    assert!(said.contains(&format!("merge {by}")), "{said}");

    // Whoever says so anew is believed, after a restart as well.
    let collector = collector.restart().await;
    assert_eq!(visitors(&collector, "phone").await, json!(["phone"]));
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    collector.batch(&[identify("library", "3", "jo", 0)]).await;
    assert_eq!(
        visitors(&collector, "phone").await,
        json!(["library", "phone"])
    );
    let profile = collector.admin("profiles/phone").await.json();
    let latest = &profile["merges"][0];
    assert_eq!(
        (&latest["visitor"], &latest["message"]["id"]),
        (&json!("library"), &json!("3"))
    );
    let undone = &profile["merges"][1];
    assert_eq!(
        (&undone["kind"], &undone["token"]),
        (&json!("undone"), &Value::Null)
    );
    let of_access = collector.admin("profiles/library/access").await.json();
    let of_access = of_access["visitors"][0]["merges"]
        .as_array()
        .unwrap()
        .clone();
    let kinds: Vec<_> = of_access.iter().map(|one| &one["kind"]).collect();
    assert_eq!(kinds, ["joined", "undone", "joined"]);
    // Who undid it is nobody's business there.
    assert_eq!(of_access[1]["token"], Value::Null);
}

#[tokio::test]
async fn an_alias_is_undone_and_its_undo_too() {
    let collector = Collector::start().await;
    let messages = [
        identify("a", "1", "old", 9),
        identify("b", "1", "new", 8),
        alias("b", "2", "old", "new", 7),
    ];
    collector.batch(&messages).await;
    assert_eq!(visitors(&collector, "a").await, json!(["a", "b"]));
    let merged = &merges(&collector, "").await[0];
    assert_eq!(merged["kind"], "merged");
    assert_eq!(
        (&merged["visitor"], &merged["from"], &merged["to"]),
        (&Value::Null, &json!("old"), &json!("new"))
    );
    let merge = merged["id"].as_str().unwrap();
    let undone = undo(&collector, merge).await.json();
    assert_eq!(visitors(&collector, "a").await, json!(["a"]));
    collector
        .batch(&[identify("c", "1", "old", 1), identify("d", "1", "new", 1)])
        .await;
    assert_eq!(visitors(&collector, "a").await, json!(["a", "c"]));
    assert_eq!(visitors(&collector, "b").await, json!(["b", "d"]));

    let restored = undo(&collector, undone["merge"]["id"].as_str().unwrap()).await;
    assert_eq!(restored.status, 200, "{}", restored.text());
    let restored = restored.json();
    assert_eq!(
        (&restored["merge"]["kind"], &restored["together"]),
        (&json!("restored"), &json!(true))
    );
    assert_eq!(visitors(&collector, "a").await, json!(["a", "b", "c", "d"]));
    assert_eq!(merges(&collector, "").await[0]["undone"], false);

    // Of somebody who is erased there is nothing to undo.
    for visitor in ["a", "b", "c", "d"] {
        let path = format!("profiles/{visitor}");
        let answer = ask(&collector, "DELETE", &path, &collector.token).await;
        assert_eq!(answer.status, 200);
    }
    assert_eq!(merges(&collector, "").await, Vec::<Value>::new());
    let gone = undo(&collector, merge).await;
    assert_eq!((gone.status, gone.error().as_str()), (404, "unknown_merge"));
}

#[tokio::test]
async fn in_pages_latest_first_whatever_comes_meanwhile() {
    let collector = Collector::start().await;
    let all: Vec<String> = (0..7)
        .map(|number| identify(&format!("v{number}"), "1", "jo", 9))
        .collect();
    collector.batch(&all).await;
    for (parameters, expected) in [("", 7), ("&person=jo", 7), ("&visitor=v3", 1)] {
        let mut cursor = String::new();
        let mut seen = Vec::new();
        loop {
            let path = format!("merges?limit=3{cursor}{parameters}");
            let page = collector.admin(&path).await.json();
            for merge in page["merges"].as_array().unwrap() {
                seen.push(merge["id"].as_str().unwrap().parse::<u64>().unwrap());
            }
            let late = format!("late{}{}", seen.len(), parameters.len());
            collector.batch(&[identify(&late, "1", "mo", 1)]).await;
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        seen.retain(|id| *id <= 7);
        assert_eq!(seen.len(), expected, "{parameters}");
        assert!(seen.is_sorted_by(|one, other| one > other));
    }
    for (parameters, place) in [
        ("?limit=0", "limit"),
        ("?limit=1001", "limit"),
        ("?cursor=x", "cursor"),
        ("?visitor=", "visitor"),
        ("?person=%00", "person"),
        ("?person=jo&visitor=v1", "person"),
    ] {
        let answer = collector.admin(&format!("merges{parameters}")).await;
        assert_eq!(answer.status, 400, "{parameters}");
        assert_eq!(answer.error(), "invalid_parameter", "{parameters}");
        assert_eq!(answer.json()["error"]["where"], place, "{parameters}");
    }
    for wrong in ["99", "0", "-1", "x", "", "1%2F2", "18446744073709551616"] {
        let answer = undo(&collector, wrong).await;
        assert_eq!(
            (answer.status, answer.error().as_str()),
            (404, "unknown_merge"),
            "{wrong}"
        );
    }
    let answer = collector.admin("merges/1/undo").await;
    assert_eq!((answer.status, answer.header("allow")), (405, Some("POST")));
}

#[tokio::test]
async fn each_needs_its_role_and_stands_in_the_audit_log() {
    let collector = Collector::start().await;
    collector.batch(&[identify("a", "1", "jo", 9)]).await;
    let [_, read, operate, erase] =
        Role::ALL.map(|role| collector.new_token(role.name(), role, None));
    for (method, path, statuses) in [
        ("GET", "merges", [403, 200, 200]),
        ("HEAD", "merges?visitor=a", [403, 200, 200]),
        // The second undoes the undo.
        ("POST", "merges/1/undo", [403, 200, 409]),
        ("POST", "merges/2/undo", [403, 200, 409]),
    ] {
        for (token, status) in [&read, &operate, &erase].into_iter().zip(statuses) {
            let answer = ask(&collector, method, path, token).await;
            assert_eq!(answer.status, status, "{method} {path}");
        }
    }
    let without = collector.send(post("/admin/v1/merges/1/undo", "")).await;
    assert_eq!(without.status, 401);
    let log = collector.admin("audit?visitor=a").await.json();
    let of_a: Vec<_> = log["entries"].as_array().unwrap().iter().rev().collect();
    let lines: Vec<_> = of_a
        .iter()
        .map(|entry| (&entry["route"], &entry["token"]["name"], &entry["status"]))
        .collect();
    let route = json!("POST merges/{id}/undo");
    let (name, ok) = (json!("operate"), json!(200));
    assert_eq!(lines, [(&route, &name, &ok), (&route, &name, &ok)]);
    // And one before anything was changed.
    let log = collector.admin("audit").await.json();
    let before = log["entries"].as_array().unwrap().iter();
    let before = before.filter(|one| one["route"] == route && one["status"].is_null());
    assert_eq!(before.count(), 4);
}

#[tokio::test]
async fn what_one_site_merges_no_other_sees_or_undoes() {
    let options = Options {
        config: "[site]\nwrite_key = \"k\"\nhosts = [\"shop.nl\"]".to_owned(),
        more: vec!["[site]\nid = \"blog\"\nwrite_key = \"kb\"\nhosts = [\"blog.nl\"]".to_owned()],
        ..Options::default()
    };
    let collector = Collector::start_with(options).await;
    for (key, visitor) in [("k", "shopper"), ("kb", "blogger")] {
        let message = identify(visitor, "1", "jo", 9);
        let body = format!(r#"{{"writeKey":"{key}","batch":[{message}]}}"#);
        assert_eq!(collector.send(post("/v1/batch", body)).await.status, 200);
    }
    let blog = collector.new_token("Anna", Role::Erase, Some("blog"));
    for (method, path) in [("GET", "merges"), ("POST", "merges/1/undo")] {
        let answer = ask(&collector, method, &format!("{path}?site=site"), &blog).await;
        assert_eq!(
            (answer.status, answer.error().as_str()),
            (403, "foreign_site")
        );
    }
    let own = ask(&collector, "GET", "merges?person=jo", &blog).await;
    assert!(own.text().contains("blogger") && !own.text().contains("shopper"));
    assert_eq!(
        ask(&collector, "POST", "merges/1/undo", &blog).await.status,
        200
    );
    let shop = collector.admin("merges?site=site").await.json();
    assert_eq!(shop["merges"][0]["undone"], false);
    assert_eq!(shop["merges"].as_array().unwrap().len(), 1);
}

/// An id is whatever a sender says: it stays a text.
#[tokio::test]
async fn ids_that_try_to_be_more() {
    let collector = Collector::start().await;
    let user = r#"jo\",\"undone\":true,\"x\":\"\u2028</script>"#;
    collector.batch(&[identify("a\\\"b", "1", user, 9)]).await;
    let told = merges(&collector, "").await;
    assert_eq!(told[0]["visitor"], "a\"b");
    assert_eq!(told[0]["undone"], false);
    assert_eq!(
        told[0]["to"],
        "jo\",\"undone\":true,\"x\":\"\u{2028}</script>"
    );
}
