//! The compiled configuration for the page.

use firstglance_engine::Model;
use firstglance_engine::codec::Encode;

use crate::client::{Request, get};
use crate::server::{CONFIG, Collector, Options};

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

#[tokio::test]
async fn options_say_what_differs_from_the_defaults() {
    const SITE: &str = "[site]\nwrite_key = \"k\"\n";
    for (config, consent, options) in [
        (
            CONFIG.to_owned(),
            "granted",
            "search=q,query,s,search,zoek,zoekterm,keyword,keywords&rules=1",
        ),
        (
            format!("{SITE}search_parameters = []\nconsent = \"google\"\n[tracker]\nforms = true"),
            "google",
            "search=",
        ),
        (
            format!(
                "{SITE}search_parameters = [\"a,b\", \"zoek term\", \"é+&=\"]\nconsent = \"tcf\""
            ),
            "tcf",
            "search=a%252Cb,zoek%2520term,%25C3%25A9%252B%2526%253D",
        ),
        (
            format!(
                "{SITE}search_parameters = [\"q\"]\nconsent = \"denied\"\n[tracker]\n\
                 hash_routes = true\nerrors = true\nweb_vitals = true\nforms = false\n\
                 media = false\ncookieless = true\nscroll_container = \"#app > .é\"\n\
                 path = \"/m/\""
            ),
            "denied",
            "search=q&hash_routes=1&errors=1&web_vitals=1&forms=0&media=0&cookieless=1\
             &scroll_container=%23app%20%3E%20%2E%C3%A9",
        ),
    ] {
        let collector = Collector::start_with(Options {
            config,
            ..Options::default()
        })
        .await;
        let answer = collector.send(get("/v1/model")).await;
        assert_eq!(answer.header("x-firstglance-consent"), Some(consent));
        assert_eq!(answer.header("x-firstglance-options"), Some(options));
        let exposed = answer.header("access-control-expose-headers").unwrap();
        for (name, _) in &answer.headers {
            assert!(!name.starts_with("x-firstglance-") || exposed.contains(name.as_str()));
        }
    }
}

/// A browser reads the list from the query string, splits it, and decodes each name once.
#[tokio::test]
async fn names_of_search_parameters_survive_whatever_is_in_them() {
    let names = ["a,b", "50%25", "x y+z&=#", "é", "q"];
    let quoted: Vec<String> = names.iter().map(|name| format!("{name:?}")).collect();
    let config = format!(
        "[site]\nwrite_key = \"k\"\nsearch_parameters = [{}]",
        quoted.join(",")
    );
    let collector = Collector::start_with(Options {
        config,
        ..Options::default()
    })
    .await;
    let answer = collector.send(get("/v1/model")).await;
    let options = answer.header("x-firstglance-options").unwrap();
    let decoded = |text: &str| {
        let text = percent_encoding::percent_decode_str(text);
        text.decode_utf8().unwrap().into_owned()
    };
    let pairs: Vec<_> = options.split('&').collect();
    let list = decoded(pairs[0].strip_prefix("search=").unwrap());
    let read: Vec<String> = list.split(',').map(decoded).collect();
    assert_eq!(read, names);
}
