//! What a page loads. Without built assets there is nothing to load, and only that is tested.

use firstglance_collector::assets;

use crate::client::{Request, get};
use crate::server::Collector;

#[tokio::test]
async fn the_loader_in_every_form() {
    let collector = Collector::start().await;
    let Some(loader) = assets::find("fg.js") else {
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
