//! What is told of browsers beside what they send, and who is no visitor.

use std::fs;
use std::net::IpAddr;
use std::path::Path;

use maxminddb_writer::Database;
use maxminddb_writer::metadata::IpVersion;
use maxminddb_writer::paths::IpAddrWithMask;
use serde_json::{Value, json};

use crate::client::{Answer, Request, get, post};
use crate::server::{Collector, Options, batch, page};

const IPHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1";
const GOOGLEBOT: &str = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)";

fn options(text: &str) -> Options {
    Options {
        config: format!("[site]\nwrite_key = \"k\"\n{text}"),
        ..Options::default()
    }
}

/// As a browser sends it that is not on this machine.
fn as_browser(request: Request, agent: &str) -> Request {
    request
        .header("X-Forwarded-For", "198.51.100.77")
        .header("Sec-Fetch-Site", "same-site")
        .header("User-Agent", agent)
}

async fn send(collector: &Collector, agent: &str, body: &str) -> Answer {
    collector
        .send(as_browser(post("/v1/batch", body), agent))
        .await
}

/// The context of each request in a visitor's timeline.
async fn contexts(collector: &Collector, visitor: &str) -> Vec<Value> {
    let timeline = collector
        .admin(&format!("profiles/{visitor}/timeline"))
        .await
        .json();
    let events = timeline["events"].as_array().unwrap().iter();
    let events = events.filter(|event| event["message"]["messageId"].is_string());
    events.map(|event| event["batchContext"].clone()).collect()
}

/// A database in which one network is in the Netherlands.
fn countries(file: &Path) {
    let mut database = Database::default();
    database.metadata.binary_format_major_version = 2;
    database.metadata.ip_version = IpVersion::V6;
    database.metadata.database_type = "Test-Country".to_owned();
    let value = json!({"country": {"iso_code": "NL"}});
    let data = database.insert_value(value).unwrap();
    let network: IpAddr = "::198.51.100.0".parse().unwrap();
    database.insert_node(IpAddrWithMask::new(network, 120), data);
    database.write_to(fs::File::create(file).unwrap()).unwrap();
}

#[tokio::test]
async fn device_and_country_where_the_sender_said_none() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("country.mmdb");
    countries(&file);
    let text = format!("country_database = {file:?}\n[privacy]\naddress = \"truncated\"");
    let collector = Collector::start_with(options(&text)).await;
    send(&collector, IPHONE, &batch(&[page("a", "1", "/", 1)])).await;
    assert_eq!(
        contexts(&collector, "a").await,
        [json!({
            "device": {"type": "mobile"}, "os": {"name": "iOS", "version": "18.6"},
            "browser": {"name": "Safari", "version": "18.6"}, "location": {"country": "NL"},
            "ip": "198.51.100.0",
        })]
    );
    // What the sender says stays; a server says nothing of its visitors by its own headers; and
    // under consent to segments alone nothing is added.
    let with = |context: &str, message: &str| {
        format!(r#"{{"writeKey":"k",{context}"batch":[{message}]}}"#)
    };
    let own = with(
        r#""context":{"device":{"id":"x"},"ip":"0.0.0.0"},"#,
        &page("b", "1", "/", 1),
    );
    send(&collector, IPHONE, &own).await;
    let context = &contexts(&collector, "b").await[0];
    assert_eq!(
        (&context["device"], &context["ip"]),
        (&json!({"id": "x"}), &"0.0.0.0".into())
    );
    let server = post("/v1/batch", batch(&[page("c", "1", "/", 1)]));
    let server = server
        .header("User-Agent", IPHONE)
        .header("X-Forwarded-For", "198.51.100.7");
    collector.send(server).await;
    send(
        &collector,
        IPHONE,
        &with(r#""consent":"segments","#, &page("c", "2", "/", 1)),
    )
    .await;
    assert_eq!(contexts(&collector, "c").await, [Value::Null, Value::Null]);
}

#[tokio::test]
async fn no_address_is_written_anywhere() {
    for (text, kept) in [("", false), ("[privacy]\naddress = \"truncated\"", true)] {
        let collector = Collector::start_with(options(text)).await;
        let message =
            page("a", "1", "/", 1).replacen('{', r#"{"context":{"ip":"203.0.113.99"},"#, 1);
        let wrong = message.replace("page", "pages").replace("\"1\"", "\"2\"");
        let body = format!(
            r#"{{"writeKey":"k","context":{{"i\u0070":"203.0.113.99"}},"batch":[{message},{wrong}]}}"#
        );
        for agent in [IPHONE, GOOGLEBOT] {
            assert_eq!(
                send(&collector, agent, &body).await.status,
                if agent == IPHONE { 200 } else { 400 }
            );
        }
        collector
            .send(as_browser(
                get("/v1/pixel.gif?writeKey=k&anonymousId=a"),
                IPHONE,
            ))
            .await;
        let collector = collector.restart().await;
        let holds = |text: &str| !collector.files_with(text).is_empty();
        assert!(holds("anonymousId"));
        for address in ["198.51.100.77", "203.0.113.99"] {
            assert!(!holds(address), "{address} with {text:?}");
        }
        assert_eq!(holds("203.0.113.0"), kept);
    }
}

#[tokio::test]
async fn robots_are_kept_apart_and_counted() {
    let collector = Collector::start_with(options("")).await;
    let body = batch(&[page("robot", "1", "/", 1)]);
    let answer = send(&collector, GOOGLEBOT, &body).await;
    // Nothing is wrong with what it sent.
    assert_eq!((answer.status, answer.cookie()), (200, None));
    assert_eq!(answer.json()["refused"][0]["code"], "automated");
    // A browser that a program drives says so itself.
    let driven = format!(
        r#"{{"writeKey":"k","context":{{"automated":true}},"batch":[{}]}}"#,
        page("driven", "2", "/", 1)
    );
    send(&collector, IPHONE, &driven).await;
    // A server tells the visitor's browser, not its own program.
    let agent = format!(r#"{{"context":{{"userAgent":{GOOGLEBOT:?}}},"#);
    let messages = [
        page("forwarded", "3", "/", 1).replacen('{', &agent, 1),
        page("person", "4", "/", 1),
    ];
    let server = post("/v1/batch", batch(&messages)).header("User-Agent", "python-requests/2.32");
    let server = server.header("X-Forwarded-For", "198.51.100.77");
    assert_eq!(collector.send(server).await.json()["accepted"], 1);
    // Somebody reads an e-mail; a link checker does not.
    for (agent, mail) in [
        (
            "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
            "read",
        ),
        ("curl/8.5.0", "looked-at"),
    ] {
        let request = get(&format!(
            "/v1/pixel.gif?writeKey=k&anonymousId={mail}&utm_medium=email"
        ));
        let request = request
            .header("User-Agent", agent)
            .header("X-Forwarded-For", "198.51.100.77");
        assert_eq!(collector.send(request).await.status, 200);
    }
    let profiles = collector.admin("profiles").await.json();
    let ids: Vec<_> = (profiles["profiles"].as_array().unwrap().iter())
        .map(|one| one["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, ["person", "read"]);
    collector.batch(&[page("person", "5", "/", 1)]).await;
    let apart = collector.admin("refused?reason=automated").await.json();
    let apart: Vec<_> = (apart["refused"].as_array().unwrap().iter())
        .map(|one| {
            (
                one["visitor"].as_str().unwrap(),
                one["message"].as_str().unwrap(),
            )
        })
        .collect();
    let whose: Vec<_> = apart.iter().map(|(visitor, _)| *visitor).collect();
    assert_eq!(whose, ["looked-at", "forwarded", "driven", "robot"]);
    assert!(apart[3].1.contains("Googlebot/2.1"), "{apart:?}");
    // They do not push out what is wrong, nor are they among it.
    assert_eq!(
        collector.admin("refused").await.json()["refused"],
        json!([])
    );
    let metrics = collector.metrics().await;
    let line = "firstglance_messages_refused_total{reason=\"automated\"} 4";
    assert!(metrics.contains(line), "{metrics}");

    // This machine's own programs are none, and the owner may want none to be.
    let here = post("/v1/batch", body.clone()).header("Sec-Fetch-Site", "none");
    let here = collector.send(here.header("User-Agent", GOOGLEBOT)).await;
    assert_eq!(here.json()["accepted"], 1);
    let collector = Collector::start_with(options("robots = \"visitors\"")).await;
    assert_eq!(
        send(&collector, GOOGLEBOT, &body).await.json()["accepted"],
        1
    );
}

#[tokio::test]
async fn programs_that_say_to_be_browsers() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("data-centres.txt");
    fs::write(&file, "# a cloud\n198.51.100.0/24\n").unwrap();
    let collector = Collector::start_with(options(&format!("data_centres = {file:?}"))).await;
    let answer = send(&collector, IPHONE, &batch(&[page("a", "1", "/", 1)])).await;
    assert_eq!(answer.json()["refused"][0]["code"], "automated");
    // The cloud's servers that send for visitors are none of them.
    let server = post("/v1/batch", batch(&[page("b", "2", "/", 1)]));
    let server = server.header("X-Forwarded-For", "198.51.100.77");
    assert_eq!(collector.send(server).await.json()["accepted"], 1);
    let elsewhere = post("/v1/batch", batch(&[page("c", "3", "/", 1)]))
        .header("Sec-Fetch-Site", "same-site")
        .header("User-Agent", IPHONE)
        .header("X-Forwarded-For", "203.0.113.5");
    assert_eq!(collector.send(elsewhere).await.json()["accepted"], 1);

    let collector = Collector::start_with(options("")).await;
    let hasty: Vec<String> = (0..40).map(|n| page("a", &n.to_string(), "/", 1)).collect();
    let answer = send(&collector, IPHONE, &batch(&hasty)).await.json();
    assert_eq!(
        (&answer["accepted"], &answer["refused"][9]["code"]),
        (&json!(30), &json!("automated"))
    );
    // Judged as before when it comes again.
    let again = send(&collector, IPHONE, &batch(&hasty)).await.json();
    assert_eq!(
        (
            &again["duplicates"],
            again["refused"].as_array().unwrap().len()
        ),
        (&json!(30), 10)
    );
}
