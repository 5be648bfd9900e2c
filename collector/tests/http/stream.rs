//! The stream of what is committed.

use std::time::Duration;

use firstglance_collector::http::Limits;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::client::Request;
use crate::server::{Collector, Options, page};

const PATIENCE: Duration = Duration::from_secs(20);

/// A client that listens.
struct Listening(TcpStream, String);

impl Listening {
    async fn to(collector: &Collector, query: &str) -> Self {
        Self::after(collector, query, "").await
    }

    /// Goes on after an event.
    async fn after(collector: &Collector, query: &str, heard: &str) -> Self {
        let mut stream = TcpStream::connect(collector.address).await.unwrap();
        let head = format!(
            "GET /admin/v1/stream?{query} HTTP/1.1\r\nHost: h\r\nLast-Event-ID: {heard}\r\n\
             Authorization: Bearer {}\r\n\r\n",
            collector.token
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut listening = Self(stream, String::new());
        listening.until(": connected").await;
        listening
    }

    /// Reads until a text was received.
    async fn until(&mut self, text: &str) {
        let mut bytes = vec![0; 65_536];
        let mut is_there = self.1.contains(text);
        while !is_there {
            let read = timeout(PATIENCE, self.0.read(&mut bytes)).await;
            let read = read
                .unwrap_or_else(|_| panic!("no {text} in {}", self.1))
                .unwrap();
            assert!(read > 0, "no {text} in {}", self.1);
            // All before was looked through.
            let looked = self.1.len().saturating_sub(text.len());
            let looked = self.1.floor_char_boundary(looked);
            self.1.push_str(&String::from_utf8_lossy(&bytes[..read]));
            is_there = self.1[looked..].contains(text);
        }
    }

    /// Reads until a message was received; the ids of all messages so far, in order, and the place
    /// after each.
    async fn messages(&mut self, last: &str) -> Vec<(String, String)> {
        self.until(&format!("\"messageId\":\"{last}\"")).await;
        self.until("\n\n").await;
        let mut place = String::new();
        let mut found = Vec::new();
        for line in self.1.lines() {
            if let Some(id) = line.strip_prefix("id: ") {
                place = id.to_owned();
            } else if let Some(data) = line.strip_prefix("data: {\"visitor\"") {
                let (_, rest) = data.split_once("\"messageId\":\"").unwrap();
                found.push((rest.split('"').next().unwrap().to_owned(), place.clone()));
            }
        }
        found
    }

    /// How many messages were left out, as events of a type say.
    fn left_out(&self, event: &str) -> usize {
        let head = format!("event: {event}\n");
        let events = self.1.split(&head).skip(1);
        let counts = events.map(|told| {
            let (_, count) = told.split_once("data: {\"count\":").unwrap();
            let count = count.split('}').next().unwrap();
            count.parse::<usize>().unwrap()
        });
        counts.sum()
    }

    /// The place up to which it has heard.
    fn place(&self) -> String {
        let mut ids = self.1.lines().filter_map(|line| line.strip_prefix("id: "));
        ids.next_back().unwrap().to_owned()
    }
}

fn ids(messages: &[(String, String)]) -> Vec<&str> {
    messages.iter().map(|(id, _)| &**id).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_as_they_are_committed() {
    let collector = Collector::start().await;
    let mut all = Listening::to(&collector, "").await;
    let mut some = Listening::to(&collector, "visitor=b&page=/x&type=page").await;
    assert!(
        all.1.contains("content-type: text/event-stream"),
        "{}",
        all.1
    );
    let messages = [
        page("a", "1", "/x", 3),
        page("b", "2", "/y", 2),
        page("b", "3", "/x/z", 1),
    ];
    for _ in 0..2 {
        assert_eq!(collector.batch(&messages).await.status, 200);
    }
    collector.batch(&[page("b", "4", "/x/last", 0)]).await;
    all.until("\"messageId\":\"4\"").await;
    some.until("\"messageId\":\"4\"").await;
    // Each once, although they came twice.
    for (id, in_some) in [("1", 0), ("2", 0), ("3", 1)] {
        let data = format!(
            "data: {{\"visitor\":\"{}\",\"messageId\":\"{id}\"",
            if id == "1" { "a" } else { "b" }
        );
        assert_eq!(all.1.matches(&data).count(), 1, "{}", all.1);
        assert_eq!(some.1.matches(&data).count(), in_some, "{}", some.1);
    }
    // The end of the server is the end of the stream, in good order and at once.
    let stopped = tokio::spawn(collector.stop());
    all.until("event: end").await;
    all.until("\r\n0\r\n\r\n").await;
    timeout(Duration::from_secs(5), stopped)
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn only_so_many_listen() {
    let limits = Limits {
        streams: 1,
        ..Limits::default()
    };
    let collector = Collector::start_with(Options {
        limits,
        ..Options::default()
    })
    .await;
    let one = Listening::to(&collector, "").await;
    assert_eq!(collector.admin("stream").await.status, 503);
    drop(one);
    let begun = std::time::Instant::now();
    loop {
        let wrong = collector.admin("stream?type=x").await;
        assert_eq!(wrong.status, 400);
        let token = collector.token.clone();
        let mut stream = TcpStream::connect(collector.address).await.unwrap();
        let head = format!(
            "GET /admin/v1/stream HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {token}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut bytes = [0; 12];
        stream.read_exact(&mut bytes).await.unwrap();
        if &bytes == b"HTTP/1.1 200" {
            break;
        }
        assert!(begun.elapsed() < PATIENCE);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    collector.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_cut_off_goes_on_without_a_gap_and_hears_nothing_twice() {
    let collector = Collector::start().await;
    let mut first = Listening::to(&collector, "").await;
    let begun = first.place();
    let mut others = Listening::to(&collector, "visitor=nobody").await;
    for id in ["1", "2", "3"] {
        collector.batch(&[page("a", id, "/", 9)]).await;
    }
    let heard = first.messages("3").await;
    assert_eq!(ids(&heard), ["1", "2", "3"]);
    drop(first);
    // While it is away, and one of these again.
    collector.batch(&[page("b", "4", "/", 8)]).await;
    collector
        .batch(&[page("b", "4", "/", 8), page("b", "5", "/x", 7)])
        .await;
    let after_one = &heard[0].1;
    let query = format!("last_event_id={after_one}");
    for mut again in [
        Listening::after(&collector, "", after_one).await,
        Listening::to(&collector, &query).await,
    ] {
        let all = again.messages("5").await;
        assert_eq!(ids(&all), ["2", "3", "4", "5"]);
    }
    // The header knows better, because a browser asks the same address again.
    let mut again = Listening::after(&collector, &query, &heard[2].1).await;
    collector.batch(&[page("a", "6", "/", 6)]).await;
    assert_eq!(ids(&again.messages("6").await), ["4", "5", "6"]);
    // What a filter leaves out is heard as well, and a place before the first message is one.
    let mut some = Listening::after(&collector, "page=/x", &begun).await;
    assert_eq!(ids(&some.messages("5").await), ["5"]);
    others.until(": connected").await;
    assert_eq!(others.place(), begun);

    // Of whoever was erased nobody is told any more.
    let erased = Request::new("DELETE", "/admin/v1/profiles/b")
        .header("Authorization", &format!("Bearer {}", collector.token));
    assert_eq!(collector.send(erased).await.status, 200);
    let mut rest = Listening::after(&collector, "", &begun).await;
    assert_eq!(ids(&rest.messages("6").await), ["1", "2", "3", "6"]);
    assert!(!rest.1.contains("event: gap"), "{}", rest.1);

    for wrong in ["x", "0123456789abcdef-x", "%00"] {
        let answer = collector
            .admin(&format!("stream?last_event_id={wrong}"))
            .await;
        assert_eq!(answer.status, 400, "{wrong}");
        assert_eq!(answer.json()["error"]["where"], "last_event_id");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gap_that_cannot_be_filled_is_told() {
    let collector = Collector::start().await;
    let mut before = Listening::to(&collector, "").await;
    collector.batch(&[page("a", "1", "/", 9)]).await;
    before.messages("1").await;
    let place = before.place();
    drop(before);
    let collector = collector.restart().await;
    // Nobody listened when this came, after the restart.
    collector.batch(&[page("a", "2", "/", 8)]).await;
    let mut again = Listening::after(&collector, "", &place).await;
    again.until("event: gap\n").await;
    again.until("data: {\"count\":null}\n\n").await;
    collector.batch(&[page("a", "3", "/", 7)]).await;
    assert_eq!(ids(&again.messages("3").await), ["3"]);

    // Far more than is held.
    let place = again.place();
    drop(again);
    let filling = format!(r#""properties":{{"filling":"{}","#, "x".repeat(30_000));
    for batch in 0..24 {
        let messages: Vec<String> = (0..25)
            .map(|number| {
                let message = page("a", &format!("f{batch}-{number}"), "/", 5);
                message.replace(r#""properties":{"#, &filling)
            })
            .collect();
        assert_eq!(collector.batch(&messages).await.status, 200);
    }
    let mut late = Listening::after(&collector, "", &place).await;
    let all = late.messages("f23-24").await;
    let gap = late.left_out("gap");
    assert!(gap > 0 && all.len() > 300, "{gap} {}", all.len());
    // A machine that has much to do may also read too slowly for what came last.
    assert_eq!(gap + late.left_out("dropped") + all.len(), 600);
    let unique: std::collections::BTreeSet<&str> = ids(&all).into_iter().collect();
    assert_eq!(unique.len(), all.len());
}
