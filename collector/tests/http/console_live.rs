//! Live in the console: whether the site is seen, and why not; and what arrives, as it arrives.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::client::{get, post};
use crate::server::{Collector, Options, batch, page};
use crate::viewer::Viewer;

const PATIENCE: Duration = Duration::from_secs(20);

#[tokio::test]
async fn it_says_what_is_wrong_and_what_to_do() {
    let collector = Collector::start().await;
    let viewer = Viewer::sign_in(&collector, &collector.token).await;
    let has = async |texts: &[&str], never: &[&str]| {
        for path in ["live", "live/state"] {
            let html = viewer.page(path).await;
            for text in texts {
                assert!(html.contains(text), "{path}: {text} in {html}");
            }
            for text in never {
                assert!(!html.contains(text), "{path}: {text} in {html}");
            }
        }
    };
    let tag = format!(
        "&lt;script async src=&quot;http://{}/fg.js&quot; data-site=&quot;k&quot;&gt;&lt;/script&gt;",
        collector.address
    );
    has(&["We do not see your site yet", &tag], &["wrong key"]).await;

    let one = [page("a", "m1", "/lamps/", 1)];
    let wrong = batch(&one).replace("\"k\"", "\"former-key<b>\"");
    assert_eq!(collector.send(post("/v1/batch", wrong)).await.status, 401);
    // How the key begins, and no more of it.
    has(
        &["Messages come with a wrong key", "former…", &tag],
        &["former-key"],
    )
    .await;

    for origin in [
        "https://shop.example",
        "https://\"><script>.example",
        "null",
    ] {
        let refused = post("/v1/batch", batch(&one)).header("Origin", origin);
        assert_eq!(collector.send(refused).await.status, 403);
    }
    has(
        &[
            "https://shop.example",
            "allowed_origins = [&quot;https://www.example.nl&quot;, &quot;https://shop.example&quot;]",
            "cannot be allowed",
        ],
        &["<script>.example"],
    )
    .await;

    // The line does what it says.
    let line = r#"allowed_origins = ["https://www.example.nl", "https://shop.example"]"#;
    let config = format!("[site]\nwrite_key = \"k\"\n{line}\n");
    let allowing = Collector::start_with(Options {
        config,
        ..Options::default()
    })
    .await;
    let sent = post("/v1/batch", batch(&one)).header("Origin", "https://shop.example");
    assert_eq!(allowing.send(sent).await.status, 200);

    assert_eq!(collector.batch(&one).await.status, 200);
    has(
        &["We see your site", "<code><bdi>/lamps/</bdi></code>"],
        &["We do not see"],
    )
    .await;

    // What is shown already is not sent again.
    let html = viewer.page("live/state").await;
    let again = html
        .split("hx-get=\"/console/site/")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let status = viewer.see(again).await.status;
    assert!(status == 204 || status == 200);
}

#[tokio::test]
async fn scripts_that_are_asked_for_and_send_nothing() {
    let collector = Collector::start().await;
    let viewer = Viewer::sign_in(&collector, &collector.token).await;
    let loader = collector.send(get("/fg.js")).await;
    if loader.status == 404 {
        // Built without what a page loads.
        return;
    }
    assert!(
        viewer
            .page("live")
            .await
            .contains("A page has just loaded the script")
    );
}

#[tokio::test]
async fn robots_alone_are_said_to_be_that() {
    let collector = Collector::start().await;
    let viewer = Viewer::sign_in(&collector, &collector.token).await;
    let robot = post("/v1/batch", batch(&[page("r", "m1", "/", 1)]))
        .header("Sec-Fetch-Site", "same-site")
        .header("X-Forwarded-For", "198.51.100.77")
        .header(
            "User-Agent",
            "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        );
    assert_eq!(collector.send(robot).await.status, 200);
    // What is kept apart is written when there is time.
    for _ in 0..400 {
        if viewer.page("live").await.contains("Only robots came") {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("{}", viewer.page("live").await);
}

/// Listens to the console's stream.
struct Listening(TcpStream, String);

impl Listening {
    async fn to(collector: &Collector, viewer: &Viewer<'_>, query: &str) -> Self {
        let mut stream = TcpStream::connect(collector.address).await.unwrap();
        let request = viewer.request("GET", &format!("live/stream?{query}"));
        stream
            .write_all(&request.bytes(collector.address))
            .await
            .unwrap();
        let mut listening = Self(stream, String::new());
        listening.until(": connected").await;
        listening
    }

    async fn until(&mut self, text: &str) {
        let mut bytes = vec![0; 65_536];
        while !self.1.contains(text) {
            let read = timeout(PATIENCE, self.0.read(&mut bytes)).await;
            let read = read
                .unwrap_or_else(|_| panic!("no {text} in {}", self.1))
                .unwrap();
            assert!(read > 0, "no {text} in {}", self.1);
            self.1.push_str(&String::from_utf8_lossy(&bytes[..read]));
        }
    }

    /// What was told so far.
    fn rows(&self) -> Vec<Value> {
        let lines = self
            .1
            .lines()
            .filter_map(|line| line.strip_prefix("data: {\"id\""));
        lines
            .map(|rest| serde_json::from_str(&format!("{{\"id\"{rest}")).unwrap())
            .collect()
    }
}

#[tokio::test]
async fn events_are_told_as_sentences_and_stay_texts() {
    let collector = Collector::start().await;
    let viewer = Viewer::sign_in(&collector, &collector.token).await;
    let mut all = Listening::to(&collector, &viewer, "").await;
    let mut tracks = Listening::to(&collector, &viewer, "type=track&visitor=a").await;
    let texts: Vec<String> = serde_json::from_str(include_str!("../hostile.json")).unwrap();
    for (number, text) in texts.iter().enumerate() {
        let messages = json!([
            {"type": "page", "messageId": format!("p{number}"), "anonymousId": "a", "properties": {"title": text, "path": text}},
            {"type": "track", "messageId": format!("t{number}"), "anonymousId": "a", "event": "Site Searched", "properties": {"query": text}},
        ]);
        let sent = json!({"writeKey": "k", "batch": messages}).to_string();
        assert_eq!(collector.send(post("/v1/batch", sent)).await.status, 200);
    }
    assert_eq!(
        collector.batch(&[page("b", "last", "/", 0)]).await.status,
        200
    );
    all.until("\"id\":\"last\"").await;
    all.until("\n\n").await;
    let rows = all.rows();
    assert_eq!(rows.len(), 2 * texts.len() + 1);
    for row in &rows {
        assert!(
            row["href"]
                .as_str()
                .unwrap()
                .starts_with("/console/site/profiles/"),
            "{row}"
        );
        assert!(!row["pieces"].as_array().unwrap().is_empty());
    }
    let last = rows.last().unwrap();
    assert_eq!(
        (&last["visitor"], &last["kind"]),
        (&json!("b"), &json!("page"))
    );
    let searches = rows.iter().filter(|row| row["kind"] == "search");
    for (row, text) in searches.zip(&texts) {
        assert_eq!(row["pieces"][0], json!({"ours": "Searched for "}));
        let shown = row["pieces"][1]["theirs"].as_str().unwrap();
        assert!(
            text.trim().is_empty() || text.contains(shown.trim_end_matches('…')),
            "{text:?} {shown:?}"
        );
    }
    tracks
        .until(&format!("\"id\":\"t{}\"", texts.len() - 1))
        .await;
    assert!(
        tracks
            .rows()
            .iter()
            .all(|row| row["kind"] != "page" && row["visitor"] == "a")
    );
    // The page has the latest, filtered in the same way.
    let html = viewer.page("live?visitor=b").await;
    assert!(html.contains("data-id=\"last\"") && !html.contains("data-id=\"p0\""));
    let html = viewer.page("live?type=track").await;
    let search = format!("data-id=\"t{}\"", texts.len() - 1);
    assert!(html.contains(&search) && !html.contains("data-id=\"last\""));
    let file = viewer.see("live?csv=events&visitor=b").await;
    assert_eq!(file.text().lines().count(), 2, "{}", file.text());
    for wrong in [
        "live?type=x",
        "live?visitor=%00",
        "live/stream?type=x",
        "live/stream?last_event_id=x",
    ] {
        assert_eq!(viewer.see(wrong).await.status, 400, "{wrong}");
    }
}

#[tokio::test]
async fn the_page_and_what_comes_after_it_are_filtered_alike() {
    let collector = Collector::start().await;
    let viewer = Viewer::sign_in(&collector, &collector.token).await;
    let queries = ["page=/caf%C3%A9", "visitor=+a+", "type=page", "page=/no"];
    let mut streams = Vec::new();
    for query in queries {
        streams.push(Listening::to(&collector, &viewer, query).await);
    }
    // More than is read of one visitor, the last of them about what is looked for.
    let many: Vec<String> = (0..80)
        .map(|number| {
            let path = if number < 70 { "/" } else { "/caf%C3%A9/menu" };
            page("a", &format!("m{number}"), path, 80 - number)
        })
        .collect();
    assert_eq!(collector.batch(&many).await.json()["accepted"], 80);
    for (stream, query) in streams.iter_mut().zip(queries) {
        let html = viewer.page(&format!("live?{query}")).await;
        if query == "page=/no" {
            assert!(!html.contains("data-id="), "{query}");
            assert!(stream.rows().is_empty(), "{query}");
            continue;
        }
        stream.until("\"id\":\"m79\"").await;
        assert!(html.contains("data-id=\"m79\""), "{query}: {html}");
        let is_filtered = query.starts_with("page");
        assert_eq!(!html.contains("data-id=\"m69\""), is_filtered, "{query}");
        let told = stream.rows();
        let has_first = told.iter().any(|row| row["id"] == "m69");
        assert_eq!(!has_first, is_filtered, "{query}");
    }
}
