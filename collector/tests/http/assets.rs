//! What a page loads. Without built assets there is nothing to load, and only that is tested.

use firstglance_collector::assets;

use crate::client::{Request, get, post};
use crate::server::{Collector, Options, batch, page};

#[tokio::test]
async fn the_loader_in_every_form() {
    let collector = Collector::start().await;
    let Some(loader) = assets::loader() else {
        assert_eq!(collector.send(get("/fg.js")).await.status, 404);
        return;
    };
    for (accepted, coding, bytes) in [
        ("gzip, deflate, br", Some("br"), loader.brotli),
        ("gzip", Some("gzip"), loader.gzip),
        ("br;q=0, gzip;q=0", None, loader.identity),
    ] {
        let request = get("/fg.js?v=1").header("Accept-Encoding", accepted);
        let answer = collector.send(request).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("content-encoding"), coding);
        assert_eq!(answer.body, bytes);
        assert_eq!(answer.header("vary"), Some("Accept-Encoding"));
        assert_eq!(
            answer.header("content-type"),
            Some("text/javascript; charset=utf-8")
        );
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
        assert_eq!(
            answer.header("cross-origin-resource-policy"),
            Some("cross-origin")
        );
        assert_eq!(
            answer.header("cache-control"),
            Some("public, max-age=300, stale-while-revalidate=86400")
        );
    }
    let request = get("/fg.js").header("If-None-Match", loader.etag);
    assert_eq!(collector.send(request).await.status, 304);
    let head = collector.send(Request::new("HEAD", "/fg.js")).await;
    assert_eq!((head.status, head.body.len()), (200, 0));
}

#[tokio::test]
async fn names_that_are_no_assets() {
    let collector = Collector::start().await;
    for path in ["/fg.map", "/fg-.js", "/%66g.js", "/x/fg.js"] {
        assert_eq!(collector.send(get(path)).await.status, 404, "{path}");
    }
}

const CHOSEN: &str = r#"
[site]
write_key = "k"

[tracker]
path = "/metingen/"
script = "meting.js"
files = "meting"
api = "data"
"#;

async fn with_chosen_names() -> Collector {
    Collector::start_with(Options {
        config: CHOSEN.to_owned(),
        ..Options::default()
    })
    .await
}

#[tokio::test]
async fn everything_a_page_needs_has_the_chosen_and_the_usual_addresses() {
    let collector = with_chosen_names().await;
    for (number, address) in ["/v1", "/data", "/metingen/v1", "/metingen/data"]
        .into_iter()
        .enumerate()
    {
        let message = page("a", &number.to_string(), "/", 1);
        let sent = post(&format!("{address}/batch"), batch(&[message]));
        let answer = collector.send(sent).await;
        assert_eq!(
            (answer.status, answer.json()["accepted"].as_u64()),
            (200, Some(1))
        );
        for name in ["me", "model"] {
            let path = format!("{address}/{name}");
            assert_eq!(collector.send(get(&path)).await.status, 200, "{path}");
        }
        let path = format!("{address}/unknown");
        assert_eq!(collector.send(get(&path)).await.status, 404, "{path}");
    }
    // What is not for pages stays where it is.
    for path in [
        "/metingen/healthz",
        "/metingen/admin/v1/profiles",
        "/metingen/",
    ] {
        assert_eq!(collector.send(get(path)).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn the_loader_says_the_chosen_names_and_they_lead_to_the_files() {
    let collector = with_chosen_names().await;
    let Some(loader) = assets::loader() else {
        return;
    };
    let mut etags = std::collections::BTreeSet::from([loader.etag.to_owned()]);
    for path in [
        "/fg.js",
        "/meting.js",
        "/metingen/fg.js",
        "/metingen/meting.js",
    ] {
        for accepted in ["br", "gzip", "identity"] {
            let request = get(path).header("Accept-Encoding", accepted);
            let answer = collector.send(request).await;
            assert_eq!(answer.status, 200, "{path}");
            let mut text = String::new();
            let mut body = answer.body.as_slice();
            match answer.header("content-encoding") {
                Some("br") => {
                    let mut bytes = Vec::new();
                    brotli::BrotliDecompress(&mut body, &mut bytes).unwrap();
                    text = String::from_utf8(bytes).unwrap();
                }
                Some("gzip") => {
                    let mut decoder = flate2::read::GzDecoder::new(body);
                    std::io::Read::read_to_string(&mut decoder, &mut text).unwrap();
                }
                _ => text = answer.text().to_owned(),
            }
            let usual = text
                .replacen("meting-", "fg-", 1)
                .replacen("data/", "v1/", 1);
            assert_eq!(usual.as_bytes(), loader.identity, "{path} {accepted}");
            etags.insert(answer.header("etag").unwrap().to_owned());
        }
    }
    // One for the loader as it is embedded, one for the renamed one.
    assert_eq!(etags.len(), 2);
    for asset in assets::all().iter().filter(|asset| asset.immutable) {
        let hash = asset.name.strip_prefix("fg-").unwrap();
        for path in [
            format!("/fg-{hash}"),
            format!("/meting-{hash}"),
            format!("/metingen/fg-{hash}"),
            format!("/metingen/meting-{hash}"),
        ] {
            let answer = collector.send(get(&path)).await;
            assert_eq!(
                (answer.status, answer.body.as_slice()),
                (200, asset.identity)
            );
        }
    }
}
