//! The compiled configuration for the page.

use firstglance_engine::Model;
use firstglance_engine::codec::Encode;

use crate::client::{Request, get};
use crate::server::Collector;

#[tokio::test]
async fn a_page_gets_the_model() {
    let collector = Collector::start().await;
    for path in ["/v1/model?site=k", "/v1/model"] {
        let answer = collector.send(get(path)).await;
        assert_eq!(answer.status, 200);
        assert_eq!(
            answer.header("content-type"),
            Some("text/plain; charset=utf-8")
        );
        assert_eq!(answer.header("cache-control"), Some("public, max-age=60"));
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
        let model = Model::from_text(answer.text()).unwrap();
        assert_eq!(&*model.interests[0].id, "e-bikes");

        let etag = answer.header("etag").unwrap();
        let again = collector
            .send(get(path).header("If-None-Match", etag))
            .await;
        assert_eq!((again.status, again.body.len()), (304, 0));
    }
}

#[tokio::test]
async fn a_browser_gets_it_compressed() {
    let collector = Collector::start().await;
    for (accepted, expected) in [
        ("gzip, deflate, br, zstd", Some("gzip")),
        ("gzip", Some("gzip")),
        ("br", None),
        ("identity", None),
        ("gzip;q=0", None),
    ] {
        let request = get("/v1/model").header("Accept-Encoding", accepted);
        let answer = collector.send(request).await;
        assert_eq!(answer.header("content-encoding"), expected, "{accepted}");
        assert_eq!(answer.header("vary"), Some("Accept-Encoding"));
        let mut text = String::new();
        match expected {
            Some(_) => {
                let mut decoder = flate2::read::GzDecoder::new(answer.body.as_slice());
                std::io::Read::read_to_string(&mut decoder, &mut text).unwrap();
            }
            None => text = answer.text().to_owned(),
        }
        assert!(Model::from_text(&text).is_ok());
    }
}

#[tokio::test]
async fn only_of_the_site_that_is_there() {
    let collector = Collector::start().await;
    let answer = collector.send(get("/v1/model?site=other")).await;
    assert_eq!(
        (answer.status, answer.error().as_str()),
        (404, "unknown_site")
    );
}

#[tokio::test]
async fn head_has_no_body() {
    let collector = Collector::start().await;
    let answer = collector.send(Request::new("HEAD", "/v1/model")).await;
    assert_eq!((answer.status, answer.body.len()), (200, 0));
    assert_ne!(answer.header("content-length"), Some("0"));
}
