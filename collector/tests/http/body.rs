//! Bodies of every bad kind.

use std::time::{Duration, Instant};

use firstglance_collector::http::Limits;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::client::{exchange, post, read};
use crate::server::{Collector, Options, batch, page};

#[tokio::test]
async fn broken_json_is_told_by_line_and_column() {
    let collector = Collector::start().await;
    let answer = collector
        .send(post("/v1/batch", "{\"writeKey\":\"k\",\n  \"batch\": [}"))
        .await;
    assert_eq!(
        (answer.status, answer.error().as_str()),
        (400, "malformed_json")
    );
    assert_eq!(answer.json()["error"]["where"], "line 2, column 13");
}

#[tokio::test]
async fn a_body_that_is_no_utf8_is_told_by_byte() {
    let collector = Collector::start().await;
    let answer = collector
        .send(post("/v1/batch", &b"{\"a\":\"\xff\"}"[..]))
        .await;
    assert_eq!((answer.status, answer.error().as_str()), (400, "bad_utf8"));
    assert_eq!(answer.json()["error"]["where"], "byte 6");
}

#[tokio::test]
async fn bodies_of_no_known_kind() {
    let collector = Collector::start().await;
    let body = batch(&[page("a", "1", "/", 1)]);
    for (name, value, expected) in [
        ("Content-Encoding", "deflate", "unsupported_encoding"),
        ("Content-Encoding", "br, gzip", "unsupported_encoding"),
        ("Content-Type", "application/xml", "unsupported_media_type"),
        (
            "Content-Type",
            "multipart/form-data; boundary=x",
            "unsupported_media_type",
        ),
    ] {
        let request = post("/v1/batch", body.clone()).header(name, value);
        let answer = collector.send(request).await;
        assert_eq!(
            (answer.status, answer.error().as_str()),
            (415, expected),
            "{value}"
        );
    }
    for (name, value) in [
        ("Content-Encoding", "identity"),
        ("Content-Type", "text/plain;charset=UTF-8"),
        ("Content-Type", "Application/JSON"),
    ] {
        let request = post("/v1/batch", body.clone()).header(name, value);
        assert_eq!(collector.send(request).await.status, 200, "{value}");
    }
}

#[tokio::test]
async fn ten_megabytes() {
    let collector = Collector::start().await;
    let body = vec![b' '; 10 * 1024 * 1024];
    let answer = collector.send(post("/v1/batch", body.clone())).await;
    assert_eq!(
        (answer.status, answer.error().as_str()),
        (413, "body_too_large")
    );

    // The same without a length said in advance.
    let mut bytes = format!(
        "POST /v1/batch HTTP/1.1\r\nHost: {}\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n",
        collector.address,
        body.len()
    )
    .into_bytes();
    bytes.extend_from_slice(&body);
    bytes.extend_from_slice(b"\r\n0\r\n\r\n");
    let answer = exchange(collector.address, &bytes).await;
    assert_eq!(
        (answer.status, answer.error().as_str()),
        (413, "body_too_large")
    );
    assert_eq!(answer.header("connection"), Some("close"));
}

#[tokio::test]
async fn a_length_that_is_too_large_is_refused_before_the_body_comes() {
    let collector = Collector::start().await;
    let head = format!(
        "POST /v1/batch HTTP/1.1\r\nHost: {}\r\nContent-Length: 99999999999\r\nExpect: 100-continue\r\n\r\n",
        collector.address
    );
    let answer = exchange(collector.address, head.as_bytes()).await;
    assert_eq!(answer.status, 413);
}

#[tokio::test]
async fn the_largest_body_is_taken() {
    let collector = Collector::start().await;
    let mut body = batch(&[page("a", "1", "/", 1)]);
    body.push_str(&" ".repeat(1024 * 1024 - body.len()));
    assert_eq!(
        collector.send(post("/v1/batch", body.clone())).await.status,
        200
    );
    body.push(' ');
    assert_eq!(collector.send(post("/v1/batch", body)).await.status, 413);
}

#[tokio::test]
async fn deep_nesting_anywhere() {
    let collector = Collector::start().await;
    for opening in ["[", "{\"a\":"] {
        let deep = opening.repeat(100_000);
        for body in [
            deep.clone(),
            format!(r#"{{"writeKey":"k","batch":[{deep}"#),
            format!(r#"{{"writeKey":"k","context":{deep}"#),
        ] {
            let answer = collector.send(post("/v1/batch", body)).await;
            assert_eq!(answer.status, 400, "{}", answer.text());
        }
    }
    // Well-formed to the last bracket, and in a field that nobody reads.
    let deep = format!("{}{}", "[".repeat(15_000), "]".repeat(15_000));
    let good = page("a", "1", "/", 1);
    let unread = good.replace("\"type\"", &format!("\"integrations\":{deep},\"type\""));
    let read = good.replace(
        "\"properties\":{",
        &format!("\"properties\":{{\"x\":{deep},"),
    );
    let answer = collector.batch(&[unread, read]).await.json();
    assert_eq!(answer["accepted"], 1, "{answer}");
    assert_eq!(answer["refused"][0]["code"], "too_deep");
}

fn impatient() -> Options {
    Options {
        limits: Limits {
            head: Duration::from_millis(300),
            body_pause: Duration::from_millis(300),
            body: Duration::from_millis(900),
            ..Limits::default()
        },
        ..Options::default()
    }
}

#[tokio::test]
async fn a_body_that_stops() {
    let collector = Collector::start_with(impatient()).await;
    let started = Instant::now();
    let head = format!(
        "POST /v1/batch HTTP/1.1\r\nHost: {}\r\nContent-Length: 100\r\n\r\n{{",
        collector.address
    );
    let answer = exchange(collector.address, head.as_bytes()).await;
    assert_eq!((answer.status, answer.error().as_str()), (408, "slow_body"));
    // Sooner than where nobody is impatient.
    assert!(started.elapsed() < Limits::default().body_pause);
}

#[tokio::test]
async fn a_body_that_drips() {
    let collector = Collector::start_with(impatient()).await;
    let mut stream = TcpStream::connect(collector.address).await.unwrap();
    let head = format!(
        "POST /v1/batch HTTP/1.1\r\nHost: {}\r\nContent-Length: 100\r\n\r\n",
        collector.address
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    for _ in 0..7 {
        tokio::time::sleep(Duration::from_millis(150)).await;
        let _ = stream.write_all(b" ").await;
    }
    assert_eq!(read(&mut stream).await.status, 408);
}

#[tokio::test]
async fn a_head_that_does_not_come() {
    use tokio::io::AsyncReadExt as _;
    let collector = Collector::start_with(impatient()).await;
    let mut stream = TcpStream::connect(collector.address).await.unwrap();
    stream.write_all(b"POST /v1/ba").await.unwrap();
    let mut bytes = Vec::new();
    let closed = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut bytes));
    assert!(closed.await.is_ok());
}

#[tokio::test]
async fn heads_that_are_no_http() {
    let collector = Collector::start().await;
    let long = format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(100_000));
    for (head, expected) in [("nonsense\r\n\r\n", 400), (&long, 414)] {
        let answer = exchange(collector.address, head.as_bytes()).await;
        assert!(
            [expected, 431].contains(&answer.status),
            "{}",
            answer.status
        );
    }
    assert_eq!(collector.batch(&[page("a", "1", "/", 1)]).await.status, 200);
}

#[tokio::test]
async fn bodies_beyond_the_budget_are_asked_to_come_back() {
    let options = Options {
        limits: Limits {
            held_bytes: 2_048,
            ..Limits::default()
        },
        ..Options::default()
    };
    let collector = Collector::start_with(options).await;
    let mut body = batch(&[page("a", "1", "/", 1)]);
    assert_eq!(
        collector.send(post("/v1/batch", body.clone())).await.status,
        200
    );
    body.push_str(&" ".repeat(4_096));
    let answer = collector.send(post("/v1/batch", body)).await;
    assert_eq!((answer.status, answer.error().as_str()), (503, "busy"));
    assert_eq!(answer.header("retry-after"), Some("1"));
}

#[tokio::test]
async fn a_refusal_reaches_clients_that_send_before_they_read() {
    use tokio::io::AsyncReadExt as _;
    let collector = Collector::start().await;
    let body = "x".repeat(900_000);
    // Two requests on one connection: what is left of the first must not become the second.
    for (head, expected) in [
        ("POST /nowhere", "404"),
        ("PUT /v1/batch", "405"),
        (
            "POST /v1/batch HTTP/1.1\r\nOrigin: https://evil.example",
            "403",
        ),
        ("POST /v1/batch HTTP/1.1\r\nContent-Type: text/html", "415"),
    ] {
        let head = match head.contains("HTTP/1.1") {
            true => head.to_owned(),
            false => format!("{head} HTTP/1.1"),
        };
        let first = format!(
            "{head}\r\nHost: h\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let second = "GET /healthz HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
        let mut stream = TcpStream::connect(collector.address).await.unwrap();
        stream.write_all(first.as_bytes()).await.unwrap();
        stream.write_all(second.as_bytes()).await.unwrap();
        let mut answers = String::new();
        stream.read_to_string(&mut answers).await.unwrap();
        assert!(
            answers.starts_with(&format!("HTTP/1.1 {expected} ")),
            "{answers}"
        );
        assert!(answers.contains("HTTP/1.1 200 OK"), "{answers}");
    }
}
