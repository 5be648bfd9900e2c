//! The end of a server: what is under way is finished, what is new is not begun.

use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::client::read;
use crate::server::{Collector, batch, page};

#[tokio::test(flavor = "multi_thread")]
async fn a_request_under_way_is_finished() {
    let collector = Collector::start().await;
    let address = collector.address;
    let body = batch(&[page("a", "1", "/", 1)]);
    let (first, rest) = body.split_at(10);
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST /v1/batch HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n{first}",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;

    let restarted = tokio::spawn(collector.restart());
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(TcpStream::connect(address).await.is_err());
    stream.write_all(rest.as_bytes()).await.unwrap();
    let answer = read(&mut stream).await;
    assert_eq!(
        (answer.status, answer.json()["accepted"].as_u64()),
        (200, Some(1))
    );

    let collector = restarted.await.unwrap();
    let profile = collector.admin("profiles/a").await.json();
    assert_eq!(profile["events"], 1);
    collector.stop().await;
}

#[tokio::test]
async fn idle_connections_do_not_hold_up_the_end() {
    let collector = Collector::start().await;
    let _idle = TcpStream::connect(collector.address).await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    let stopped = tokio::time::timeout(Duration::from_secs(5), collector.stop());
    assert!(stopped.await.is_ok());
}
