//! SIGHUP: another configuration for a collector that runs.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use firstglance_collector::clock;
use firstglance_engine::Milliseconds;
use serde_json::Value;

use crate::{Serving, folder, serve};

const PLAIN: &str = "[site]\nwrite_key = \"k\"\n";
const WITH_SEGMENT: &str = "[site]\nwrite_key = \"k\"\nallowed_origins = [\"https://a.nl\"]\n\
    [[segment]]\nid = \"readers\"\nwhen = 'visited(\"/read/*\")'\n";

fn hang_up(serving: &Serving) {
    let sent = Command::new("kill")
        .args(["-HUP", &serving.0.id().to_string()])
        .status();
    assert!(sent.unwrap().success());
}

fn exchange(address: &str, request: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let length = body.len();
    write!(
        stream,
        "{request}Host: x\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

struct Asking<'a> {
    address: &'a str,
    token: String,
}

impl Asking<'_> {
    fn get(&self, path: &str) -> String {
        let token = &self.token;
        let head = format!("GET {path} HTTP/1.1\r\nAuthorization: Bearer {token}\r\n");
        exchange(self.address, &head, "")
    }

    /// The counts of `/metrics`, without their common beginning.
    fn count(&self, name: &str) -> String {
        let answer = self.get("/metrics");
        let line = answer
            .lines()
            .find_map(|line| line.strip_prefix(&format!("firstglance_{name} ")));
        line.unwrap_or_else(|| panic!("{name} in {answer}"))
            .to_owned()
    }

    /// Segments that the profile remembers to have entered and left, oldest first.
    fn changes(&self, visitor: &str) -> Vec<(String, String)> {
        let answer = self.get(&format!("/admin/v1/profiles/{visitor}"));
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        let profile: Value = serde_json::from_str(body).unwrap();
        let changes = profile["changes"].as_array().unwrap().iter().rev();
        let text = |change: &Value, name: &str| change[name].as_str().unwrap_or("").to_owned();
        changes
            .map(|change| (text(change, "event"), text(change, "segment")))
            .collect()
    }
}

fn until(what: &str, mut done: impl FnMut() -> bool) {
    let started = Instant::now();
    while !done() {
        assert!(started.elapsed() < Duration::from_secs(20), "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn asking<'a>(address: &'a str, data: &Path) -> Asking<'a> {
    let token = fs::read_to_string(data.join("admin-token")).unwrap();
    Asking {
        address,
        token: token.trim().to_owned(),
    }
}

#[test]
fn another_configuration_holds_whole_or_not_at_all() {
    let (folder, config) = folder();
    let data = folder.path().join("data");
    fs::write(&config, PLAIN).unwrap();
    let (mut serving, address) = serve(&config, &data);
    let asking = asking(&address, &data);
    let send = |visitor: &str, hours_ago: u64, origin: &str| {
        let at = clock::now().minus(Milliseconds(hours_ago * 3_600_000));
        let body = format!(
            r#"{{"writeKey":"k","batch":[{{"type":"page","messageId":"{hours_ago}","anonymousId":"{visitor}","timestamp":"{at}","properties":{{"path":"/read/x"}}}}]}}"#
        );
        let head = format!("POST /v1/batch HTTP/1.1\r\n{origin}");
        let answer = exchange(&address, &head, &body);
        answer.split(' ').nth(1).unwrap().to_owned()
    };
    assert_eq!(send("a", 2, ""), "200");
    assert_eq!(send("a", 1, "Origin: https://a.nl\r\n"), "403");
    assert!(asking.changes("a").is_empty());
    until("evaluated", || data.join("evaluated-by").exists());
    let evaluated_by = fs::read(data.join("evaluated-by")).unwrap();

    // A mistake changes nothing, and is said.
    fs::write(&config, format!("{WITH_SEGMENT}when = 'x'\n")).unwrap();
    hang_up(&serving);
    until("refused", || {
        asking.count("config_reload_total{outcome=\"refused\"}") == "1"
    });
    assert_eq!(send("a", 1, "Origin: https://a.nl\r\n"), "403");

    // What is right holds for requests from then on, and for everybody who is known.
    fs::write(&config, WITH_SEGMENT).unwrap();
    hang_up(&serving);
    until("applied", || {
        asking.count("config_reload_total{outcome=\"applied\"}") == "1"
    });
    assert_eq!(send("b", 1, "Origin: https://a.nl\r\n"), "200");
    let entered = ("Segment Entered".to_owned(), "readers".to_owned());
    assert_eq!(asking.changes("b"), std::slice::from_ref(&entered));
    until("evaluated again", || {
        asking.changes("a") == [entered.clone()]
    });
    until("noted", || {
        fs::read(data.join("evaluated-by")).unwrap() != evaluated_by
    });
    let done = asking.count("reevaluation_done");
    assert_eq!(done, asking.count("reevaluation_total"));
    assert!(["1", "2"].contains(&&*done), "{done}");

    // Other sites take another start.
    fs::write(
        &config,
        WITH_SEGMENT.replace("[site]", "[site]\nid = \"x\""),
    )
    .unwrap();
    hang_up(&serving);
    until("refused", || {
        asking.count("config_reload_total{outcome=\"refused\"}") == "2"
    });

    // A configuration that changed while nothing ran is followed as well.
    let log = serving.terminate();
    for expected in [
        "duplicate key",
        "everything goes on by the former configuration",
        "the configuration was read again",
        "all visitors are evaluated by the new model",
        "the sites are x and were site at the start",
    ] {
        assert!(log.contains(expected), "{expected} in {log}");
    }
    drop(serving);
    fs::write(&config, PLAIN).unwrap();
    let (_serving, address) = serve(&config, &data);
    let asking = self::asking(&address, &data);
    let left = ("Segment Left".to_owned(), "readers".to_owned());
    until("evaluated at the start", || {
        asking.changes("a") == [entered.clone(), left.clone()]
    });
}

const WITH_SLOT: &str = "[site]\nwrite_key = \"k\"\n\
    [[segment]]\nid = \"readers\"\nwhen = 'visited(\"/read/*\")'\n\
    [[slot]]\nid = \"hero\"\n[[variant]]\nslot = \"hero\"\nid = \"file\"\nhtml = \"of the file\"\n";

/// Posted content stays through a reload, as far as it fits the new configuration.
#[test]
fn posted_content_stays() {
    let (folder, config) = folder();
    let data = folder.path().join("data");
    fs::write(&config, WITH_SLOT).unwrap();
    let (mut serving, address) = serve(&config, &data);
    let asking = asking(&address, &data);
    let json = |answer: &str| -> Value {
        serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
    };
    until("evaluated", || data.join("evaluated-by").exists());
    let evaluated = fs::read(data.join("evaluated-by")).unwrap();
    let posted = r#"{"slot":[{"id":"hero"},{"id":"new"}],"variant":[
        {"slot":"hero","id":"posted","html":"posted","when":"in_segment(\"readers\")"},
        {"slot":"new","id":"n","html":"new"}]}"#;
    let head = format!(
        "POST /admin/v1/content HTTP/1.1\r\nAuthorization: Bearer {}\r\n",
        asking.token
    );
    let answer = json(&exchange(&address, &head, posted));
    assert_eq!(answer["version"], 1, "{answer}");
    let slots = || -> Vec<String> {
        let present = json(&asking.get("/admin/v1/content"));
        let slots = present["slots"].as_array().unwrap().iter();
        let told = slots.map(|slot| format!("{}:{}", slot["id"], slot["variants"][0]["id"]));
        told.map(|told| told.replace('"', "")).collect()
    };
    assert_eq!(slots(), ["hero:posted", "new:n"]);

    // A segment that a posted condition names is gone: that slot is the file's again, the other stays.
    let without = WITH_SLOT.replace("readers", "others");
    fs::write(&config, without).unwrap();
    hang_up(&serving);
    until("reloaded", || slots() == ["hero:file", "new:n"]);
    let present = json(&asking.get("/admin/v1/content"));
    assert_eq!(present["leftOut"][0]["slot"], "hero");
    let problem = &present["leftOut"][0]["problems"][0];
    assert_eq!(problem["where"], "variant[0].when");
    // And it comes back with the segment.
    fs::write(&config, WITH_SLOT).unwrap();
    hang_up(&serving);
    until("reloaded", || slots() == ["hero:posted", "new:n"]);
    // What visitors are did not change by the post.
    assert_eq!(fs::read(data.join("evaluated-by")).unwrap(), evaluated);
    let log = serving.terminate();
    let said = "this slot of the posted content does not fit the configuration and is left out";
    assert!(log.contains(said), "{log}");
}
