//! The files of a folder, and nothing outside it.

use std::fs;
use std::os::unix::fs::symlink;

use tempfile::TempDir;

use crate::client::{Request, exchange, get};
use crate::server::{Collector, Options};

/// A folder `site` beside a file that nobody may see.
fn folder() -> TempDir {
    let site = tempfile::tempdir().unwrap();
    let path = site.path();
    fs::create_dir_all(path.join("fietsen/.hidden")).unwrap();
    for (name, content) in [
        ("index.html", "home"),
        ("fietsen/index.html", "bikes"),
        ("fietsen/a b.html", "space"),
        ("fietsen/.hidden/x", "secret"),
        (".env", "secret"),
        ("app.js", "js"),
        ("style.css", "css"),
        ("fg.svg", "<svg/>"),
        ("module.wasm", "wasm"),
        ("data.bin", "bin"),
        ("404.html", "not here"),
    ] {
        fs::write(path.join(name), content).unwrap();
    }
    fs::create_dir(path.join("leeg")).unwrap();
    symlink("/etc", path.join("etc")).unwrap();
    symlink("/etc/passwd", path.join("passwd.txt")).unwrap();
    symlink("/etc", path.join("leeg/index.html")).unwrap();
    site
}

async fn collector() -> Collector {
    Collector::start_with(Options {
        site: Some(folder()),
        ..Options::default()
    })
    .await
}

#[tokio::test]
async fn files() {
    let collector = collector().await;
    for (path, kind, body) in [
        ("/", "text/html; charset=utf-8", "home"),
        ("/index.html?x=1", "text/html; charset=utf-8", "home"),
        ("/fietsen/", "text/html; charset=utf-8", "bikes"),
        ("/fietsen/a%20b.html", "text/html; charset=utf-8", "space"),
        ("/app.js", "text/javascript; charset=utf-8", "js"),
        ("/style.css", "text/css; charset=utf-8", "css"),
        ("/fg.svg", "image/svg+xml", "<svg/>"),
        ("/module.wasm", "application/wasm", "wasm"),
        ("/data.bin", "application/octet-stream", "bin"),
    ] {
        let answer = collector.send(get(path)).await;
        assert_eq!((answer.status, answer.text()), (200, body), "{path}");
        assert_eq!(answer.header("content-type"), Some(kind));
        assert_eq!(answer.header("cache-control"), Some("no-cache"));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        let etag = answer.header("etag").unwrap();
        let again = collector
            .send(get(path).header("If-None-Match", etag))
            .await;
        assert_eq!(again.status, 304);
    }
    let head = collector.send(Request::new("HEAD", "/")).await;
    assert_eq!(
        (head.status, head.header("content-length")),
        (200, Some("4"))
    );
    let post = collector.send(Request::new("POST", "/")).await;
    assert_eq!(
        (post.status, post.header("allow")),
        (405, Some("GET, HEAD"))
    );
}

#[tokio::test]
async fn a_folder_has_a_slash_at_its_end() {
    let collector = collector().await;
    let answer = collector.send(get("/fietsen?a=b")).await;
    assert_eq!(
        (answer.status, answer.header("location")),
        (301, Some("/fietsen/?a=b"))
    );
}

#[tokio::test]
async fn the_collectors_addresses_come_first() {
    let collector = collector().await;
    assert_eq!(collector.send(get("/healthz")).await.status, 200);
    let unknown = collector.send(get("/v1/unknown")).await;
    assert_eq!(unknown.error(), "not_found");
}

#[tokio::test]
async fn no_way_leads_out() {
    let collector = collector().await;
    let secret = collector
        .options
        .site
        .as_ref()
        .unwrap()
        .path()
        .join("../secret.txt");
    for path in [
        "/../../../../etc/passwd",
        "/fietsen/../../../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/..%2f..%2fetc%2fpasswd",
        "/..%5c..%5cetc%5cpasswd",
        "/%252e%252e/etc/passwd",
        "/etc/passwd",
        "/passwd.txt",
        "/leeg/",
        "//etc/passwd",
        "/./etc/passwd",
        "/index.html%00.js",
        "/index.html/",
        "/.env",
        "/%2eenv",
        "/fietsen/.hidden/x",
        "/%ff%fe",
        &format!("/{}", "x".repeat(5_000)),
        &format!("/{}", "x/".repeat(3_000)),
        secret.to_str().unwrap(),
    ] {
        let answer = collector.send(get(path)).await;
        assert_eq!((answer.status, answer.text()), (404, "not here"), "{path}");
    }
    // A whole address in place of a path is no way out either.
    let head =
        b"GET http://evil.example/../etc/passwd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    assert_eq!(exchange(collector.address, head).await.status, 404);
}
