//! Bodies that are compressed.

use std::io::Write as _;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::client::{Answer, get, post};
use crate::server::{Collector, Options, batch, page};

/// Largest body, in bytes.
const LARGEST: usize = 1024 * 1024;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn brotli(bytes: &[u8]) -> Vec<u8> {
    // The window is as large as the standard allows.
    let parameters = brotli::enc::BrotliEncoderParams {
        quality: 5,
        lgwin: 24,
        ..Default::default()
    };
    let mut packed = Vec::new();
    brotli::BrotliCompress(&mut &*bytes, &mut packed, &parameters).unwrap();
    packed
}

async fn send(collector: &Collector, coding: &str, body: Vec<u8>) -> Answer {
    let request = post("/v1/batch", body).header("Content-Encoding", coding);
    collector.send(request).await
}

/// A batch of one message in exactly so many bytes.
fn sized(bytes: usize) -> Vec<u8> {
    let mut body = batch(&[page("a", "1", "/", 1)]).into_bytes();
    let end = body.split_off(body.len() - 1);
    body.resize(bytes - end.len(), b' ');
    [body, end].concat()
}

#[tokio::test]
async fn gzip_and_brotli_are_unpacked() {
    let collector = Collector::start().await;
    for (number, (coding, pack)) in [
        ("gzip", gzip as fn(&[u8]) -> Vec<u8>),
        ("GZIP", gzip),
        ("x-gzip", gzip),
        ("br", brotli),
        ("identity", <[u8]>::to_vec),
    ]
    .into_iter()
    .enumerate()
    {
        let body = batch(&[page("a", &number.to_string(), "/", 1)]);
        let answer = send(&collector, coding, pack(body.as_bytes())).await;
        assert_eq!(answer.status, 200, "{coding}: {}", answer.text());
        assert_eq!(answer.json()["accepted"], 1);
    }
    let timeline = collector.admin("profiles/a/timeline").await.json();
    assert_eq!(timeline["events"].as_array().unwrap().len(), 5);
    // The same holds for what asks to be forgotten.
    let body = gzip(br#"{"writeKey":"k","anonymousId":"nobody"}"#);
    let request = post("/v1/forget", body).header("Content-Encoding", "gzip");
    assert_eq!(collector.send(request).await.status, 204);
}

#[tokio::test]
async fn members_one_after_the_other_are_one_body() {
    let collector = Collector::start().await;
    let body = batch(&[page("a", "1", "/", 1)]);
    let (first, second) = body.as_bytes().split_at(17);
    let members = [gzip(first), gzip(b""), gzip(second)].concat();
    let answer = send(&collector, "gzip", members).await;
    assert_eq!(
        (answer.status, &answer.json()["accepted"]),
        (200, &1.into())
    );
}

#[tokio::test]
async fn the_bound_is_that_of_what_is_unpacked() {
    let collector = Collector::start().await;
    for (coding, pack) in [("gzip", gzip as fn(&[u8]) -> Vec<u8>), ("br", brotli)] {
        let answer = send(&collector, coding, pack(&sized(LARGEST))).await;
        assert_eq!(answer.status, 200, "{coding}");
        for bytes in [LARGEST + 1, LARGEST * 24] {
            let packed = pack(&sized(bytes));
            assert!(packed.len() < LARGEST / 8);
            let started = Instant::now();
            let answer = send(&collector, coding, packed).await;
            assert_eq!(
                (answer.status, answer.error().as_str()),
                (413, "body_too_large"),
                "{coding} {bytes}"
            );
            assert!(started.elapsed() < Duration::from_secs(20));
        }
    }
    // Bombs in many members do not add up either.
    let bomb = gzip(&vec![b' '; LARGEST]);
    let answer = send(&collector, "gzip", bomb.repeat(100)).await;
    assert_eq!(answer.status, 413);
}

#[tokio::test]
async fn what_is_broken_is_told() {
    let collector = Collector::start().await;
    let body = batch(&[page("a", "1", "/", 1)]);
    for (coding, packed) in [
        ("gzip", gzip(body.as_bytes())),
        ("br", brotli(body.as_bytes())),
    ] {
        for end in 0..packed.len() {
            let answer = send(&collector, coding, packed[..end].to_vec()).await;
            assert_eq!(
                (answer.status, answer.error().as_str()),
                (400, "broken_encoding"),
                "{coding} of {end} bytes"
            );
            assert_eq!(answer.json()["error"]["where"], "Content-Encoding");
        }
        for behind in [&b"\0"[..], b"x", &[b' '; 5_000]] {
            let more = [&packed, behind].concat();
            let answer = send(&collector, coding, more).await;
            assert_eq!(answer.status, 400, "{coding} and {} bytes", behind.len());
        }
    }
    for (coding, body) in [
        ("gzip", body.clone().into_bytes()),
        ("br", body.clone().into_bytes()),
        ("gzip", brotli(body.as_bytes())),
        ("br", gzip(body.as_bytes())),
        // A window of a gigabyte.
        ("br", vec![0x11, 0x1e, 0x03]),
    ] {
        let answer = send(&collector, coding, body).await;
        assert_eq!(answer.error(), "broken_encoding", "{coding}");
    }
    assert_eq!(collector.admin("profiles/a").await.status, 404);
}

#[tokio::test]
async fn codings_that_are_not_known() {
    let collector = Collector::start().await;
    let body = batch(&[page("a", "1", "/", 1)]);
    for coding in ["deflate", "zstd", "gzip, br", "br, gzip", "gzip, gzip", "*"] {
        let answer = send(&collector, coding, gzip(body.as_bytes())).await;
        assert_eq!(
            (answer.status, answer.error().as_str()),
            (415, "unsupported_encoding")
        );
        assert_eq!(answer.header("accept-encoding"), Some("gzip, br"));
    }
    let twice = post("/v1/batch", gzip(body.as_bytes()))
        .header("Content-Encoding", "gzip")
        .header("Content-Encoding", "gzip");
    assert_eq!(collector.send(twice).await.status, 415);
}

#[tokio::test]
async fn what_comes_out_draws_on_the_budget() {
    let mut options = Options::default();
    options.limits.held_bytes = 64 * 1024;
    let collector = Collector::start_with(options).await;
    let answer = send(&collector, "gzip", gzip(&sized(512 * 1024))).await;
    assert_eq!((answer.status, answer.error().as_str()), (503, "busy"));
    assert_eq!(answer.header("retry-after"), Some("1"));
    // It is given back.
    let answer = send(&collector, "gzip", gzip(&sized(32 * 1024))).await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn many_bombs_at_once_leave_the_collector_as_it_was() {
    let collector = Collector::start().await;
    let bomb = brotli(&sized(LARGEST * 16));
    let sends: Vec<_> = (0..48)
        .map(|_| {
            let (address, bomb) = (collector.address, bomb.clone());
            let request = post("/v1/batch", bomb).header("Content-Encoding", "br");
            tokio::spawn(async move { request.send(address).await.status })
        })
        .collect();
    for send in sends {
        assert!([413, 503].contains(&send.await.unwrap()));
    }
    assert_eq!(collector.send(get("/readyz")).await.status, 200);
    let answer = collector.batch(&[page("a", "2", "/", 1)]).await;
    assert_eq!(answer.status, 200);
}
