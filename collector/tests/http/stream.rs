//! The stream of what is committed.

use std::time::Duration;

use firstglance_collector::http::Limits;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::server::{Collector, Options, page};

const PATIENCE: Duration = Duration::from_secs(20);

/// A client that listens.
struct Listening(TcpStream, String);

impl Listening {
    async fn to(collector: &Collector, query: &str) -> Self {
        let mut stream = TcpStream::connect(collector.address).await.unwrap();
        let head = format!(
            "GET /admin/v1/stream?{query} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {}\r\n\r\n",
            collector.token
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut listening = Self(stream, String::new());
        listening.until(": connected").await;
        listening
    }

    /// Reads until a text was received.
    async fn until(&mut self, text: &str) {
        let mut bytes = [0; 4_096];
        while !self.1.contains(text) {
            let read = timeout(PATIENCE, self.0.read(&mut bytes)).await;
            let read = read
                .unwrap_or_else(|_| panic!("no {text} in {}", self.1))
                .unwrap();
            assert!(read > 0, "no {text} in {}", self.1);
            self.1.push_str(&String::from_utf8_lossy(&bytes[..read]));
        }
    }
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
