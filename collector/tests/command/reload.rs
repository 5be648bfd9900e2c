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
        "the site site has no configuration any more",
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

/// Days are counted by another time zone from the next start on, all of them, and not by a reload.
#[test]
fn another_time_zone_takes_another_start() {
    let (folder, config) = folder();
    let data = folder.path().join("data");
    fs::write(&config, PLAIN).unwrap();
    let (mut serving, address) = serve(&config, &data);
    let yesterday = clock::now().minus(Milliseconds::from_days(1));
    let yesterday = yesterday.to_string()[..10].to_owned();
    let body = format!(
        r#"{{"writeKey":"k","batch":[{{"type":"page","messageId":"1","anonymousId":"a","timestamp":"{yesterday}T12:00:00Z"}}]}}"#
    );
    let answer = exchange(&address, "POST /v1/batch HTTP/1.1\r\n", &body);
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let point = |address: &str| -> Value {
        let path = format!("/admin/v1/trends?metric=messages&from={yesterday}");
        let answer = asking(address, &data).get(&path);
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        let trend: Value = serde_json::from_str(body).unwrap();
        let points = trend["points"].as_array().unwrap();
        let counted = points.iter().filter(|point| point["count"] == 1);
        let counted: Vec<&Value> = counted.collect();
        assert_eq!(counted.len(), 1, "{trend}");
        counted[0].clone()
    };
    let at = point(&address);
    assert_eq!(at["date"], *yesterday);
    assert_eq!(at["at"], format!("{yesterday}T00:00:00.000Z"));

    // There it was two in the morning of the day after.
    let other = format!("{PLAIN}timezone = \"Pacific/Kiritimati\"\n");
    fs::write(&config, other).unwrap();
    hang_up(&serving);
    until("refused", || {
        asking(&address, &data).count("config_reload_total{outcome=\"refused\"}") == "1"
    });
    assert_eq!(point(&address), at);
    let log = serving.terminate();
    assert!(log.contains("takes another start"), "{log}");
    drop(serving);

    let (mut serving, address) = serve(&config, &data);
    let after = point(&address);
    assert_eq!(after["at"], format!("{yesterday}T10:00:00.000Z"));
    assert_ne!(after["date"], at["date"]);
    let log = serving.terminate();
    assert!(log.contains("the days are counted anew"), "{log}");
    drop(serving);

    // What is counted so is not counted again.
    let (mut serving, address) = serve(&config, &data);
    assert_eq!(point(&address), after);
    let log = serving.terminate();
    assert!(!log.contains("counted anew"), "{log}");
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
    // What visitors are did not change by the post; that it did by the reloads is noted when it is done.
    until("evaluated by the same again", || {
        fs::read(data.join("evaluated-by")).unwrap() == evaluated
    });
    let log = serving.terminate();
    let said = "this slot of the posted content does not fit the configuration and is left out";
    assert!(log.contains(said), "{log}");
}

/// What a visitor of a site has seen, as its administrators see it.
fn views(asking: &Asking<'_>, site: &str, visitor: &str) -> Option<u64> {
    let answer = asking.get(&format!("/admin/v1/profiles/{visitor}?site={site}"));
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    if head.starts_with("HTTP/1.1 404") {
        return None;
    }
    let profile: Value = serde_json::from_str(body).unwrap();
    profile["pageViews"].as_u64()
}

#[test]
fn sites_come_to_those_that_are_served_and_none_goes() {
    let (folder, _) = folder();
    let (data, sites) = (folder.path().join("data"), folder.path().join("sites"));
    fs::create_dir(&sites).unwrap();
    let write = |file: &str, id: &str, key: &str| {
        let text = format!("[site]\nid = \"{id}\"\nwrite_key = \"{key}\"\nhosts = [\"{id}.nl\"]\n");
        fs::write(sites.join(file), text).unwrap();
    };
    write("shop.toml", "shop", "ks");
    let (mut serving, address) = serve(&sites, &data);
    let asking = asking(&address, &data);
    let send = |key: &str, visitor: &str, id: &str| {
        let body = format!(
            r#"{{"writeKey":"{key}","batch":[{{"type":"page","messageId":"{id}","anonymousId":"{visitor}"}}]}}"#
        );
        let answer = exchange(&address, "POST /v1/batch HTTP/1.1\r\n", &body);
        answer.split(' ').nth(1).unwrap().to_owned()
    };
    let reloaded = |outcome: &str, times: &str| {
        let name = format!("config_reload_total{{site=\"shop\",outcome=\"{outcome}\"}}");
        let plain = format!("config_reload_total{{outcome=\"{outcome}\"}}");
        hang_up(&serving);
        until(&name, || {
            let answer = asking.get("/metrics");
            answer.contains(&format!("firstglance_{name} {times}\n"))
                || answer.contains(&format!("firstglance_{plain} {times}\n"))
        });
    };
    assert_eq!(send("ks", "a", "1"), "200");
    assert_eq!(send("kb", "a", "1"), "401");

    // One more, whose file comes first, beside one whose data cannot be opened: neither.
    write("blog.toml", "blog", "kb");
    write("club.toml", "club", "kc");
    fs::create_dir_all(data.join("sites")).unwrap();
    fs::write(data.join("sites/club"), "in the way").unwrap();
    reloaded("refused", "1");
    assert_eq!(
        (send("kb", "a", "1"), send("kc", "a", "1")),
        ("401".into(), "401".into())
    );
    assert_eq!(send("ks", "a", "2"), "200");

    // Both, and each by itself.
    fs::remove_file(data.join("sites/club")).unwrap();
    reloaded("applied", "1");
    for key in ["kb", "kc", "ks"] {
        assert_eq!(send(key, "a", "3"), "200", "{key}");
    }
    assert_eq!(send("kb", "b", "4"), "200");
    let seen = ["shop", "blog", "club"].map(|site| views(&asking, site, "a"));
    assert_eq!(seen, [Some(3), Some(1), Some(1)]);
    assert_eq!(views(&asking, "shop", "b"), None);
    assert_eq!(views(&asking, "club", "b"), None);
    for site in ["shop", "blog", "club"] {
        assert!(data.join("sites").join(site).join("store").is_dir());
    }

    // None goes, and what else has changed does not hold either.
    fs::remove_file(sites.join("blog.toml")).unwrap();
    write("shop.toml", "shop", "other");
    reloaded("refused", "2");
    assert_eq!(
        (send("kb", "a", "5"), send("ks", "a", "5")),
        ("200".into(), "200".into())
    );
    let log = serving.terminate();
    for expected in [
        "this site is new, and served from now on",
        "the site blog has no configuration any more",
    ] {
        assert!(log.contains(expected), "{expected} in {log}");
    }
    drop(serving);

    // Another start says so.
    let (_serving, address) = serve(&sites, &data);
    let body = r#"{"writeKey":"kb","batch":[{"type":"page","messageId":"6","anonymousId":"a"}]}"#;
    let answer = exchange(&address, "POST /v1/batch HTTP/1.1\r\n", body);
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    assert!(data.join("sites/blog/store").is_dir());
}

#[test]
fn the_console_shows_the_file_and_has_it_read_again() {
    let (folder, config) = folder();
    let data = folder.path().join("data");
    fs::write(&config, PLAIN).unwrap();
    let (_serving, address) = serve(&config, &data);
    let token = asking(&address, &data).token;
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    let head = format!("POST /console/-/sign-in HTTP/1.1\r\n{form}");
    let signed_in = exchange(&address, &head, &format!("token={token}"));
    let header = |answer: &str, name: &str| {
        let line = answer.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_else(|| panic!("{name} in {answer}"))
            .to_owned()
    };
    let cookie = header(&signed_in, "set-cookie: ");
    let cookie = format!("Cookie: {}\r\n", cookie.split(';').next().unwrap());
    let get = |path: &str| exchange(&address, &format!("GET {path} HTTP/1.1\r\n{cookie}"), "");
    let csrf = header(&get("/console/-/session"), "x-csrf-token: ");
    let page = "/console/site/system/configuration";
    let reload = || {
        let head = format!("POST {page}/reload HTTP/1.1\r\n{form}{cookie}");
        exchange(&address, &head, &format!("csrf={csrf}"))
    };
    let shown = get(page);
    assert!(shown.contains("in order, and in force"), "{shown}");
    assert!(shown.contains("Read all configurations again"), "{shown}");
    assert!(shown.contains(config.to_str().unwrap()));

    // What is wrong is shown with its place, and holds for nobody.
    fs::write(&config, format!("{PLAIN}colour = 1\n")).unwrap();
    for answer in [get(page), reload()] {
        assert!(answer.contains("The file has mistakes"), "{answer}");
        assert!(answer.contains("href=\"#line-3\""), "{answer}");
        assert!(answer.contains("id=\"line-3\" class=\"wrong\""), "{answer}");
        assert!(
            answer.contains("there is no field &quot;colour&quot;"),
            "{answer}"
        );
    }
    assert!(reload().starts_with("HTTP/1.1 422"));

    fs::write(&config, WITH_SEGMENT).unwrap();
    let other = get(page);
    assert!(other.contains("says something else by now"), "{other}");
    assert!(other.contains("1 segment,"), "{other}");
    let taken = reload();
    assert!(taken.starts_with("HTTP/1.1 303"), "{taken}");
    let shown = get(&header(&taken, "location: "));
    for expected in ["was read again", "in order, and in force", "readers"] {
        assert!(shown.contains(expected), "{expected} in {shown}");
    }
}
