//! Any text as the parameters of a pixel or of a link: they make a message that is JSON, and the link
//! leads to a host that it may lead to, in an address that can stand in a header.
#![no_main]

use std::sync::LazyLock;

use firstglance_collector::config::{Config, Site};
use firstglance_collector::http::click::{target, with_campaign};
use firstglance_collector::ingest::{Form, LinkKind, Opened, Request, Sender, judge, link};
use firstglance_engine::address::Address;
use firstglance_engine::{Timestamp, VisitorId};
use hyper::header::{HOST, HeaderMap, HeaderValue};
use libfuzzer_sys::fuzz_target;

static SITE: LazyLock<Site> = LazyLock::new(|| {
    let config = Config::parse(
        "[site]\nwrite_key = \"k\"\nallowed_origins = [\"https://www.example.nl\"]\n\
         click_hosts = [\"shop.example.nl\", \"test.example.nl:8443\"]",
    );
    config
        .map(|config| config.site)
        .unwrap_or_else(|wrong| panic!("{wrong:?}"))
});

/// What a link may begin with.
const ALLOWED: [&str; 7] = [
    "https://www.example.nl/",
    "https://shop.example.nl/",
    "http://shop.example.nl/",
    "https://test.example.nl:8443/",
    "http://test.example.nl:8443/",
    // The collector's own: by which of the two it is reached, only what stands before it knows.
    "https://data.example.nl:7700/",
    "http://data.example.nl:7700/",
];

fuzz_target!(|query: &str| {
    let address = Address {
        query,
        ..Address::default()
    };
    let browser = VisitorId::anonymous("own").ok();
    let to = address
        .parameters()
        .find_map(|(name, value)| (name == "to").then_some(value));
    let mut headers = HeaderMap::new();
    headers.insert(HOST, HeaderValue::from_static("data.example.nl:7700"));
    // The text itself as well: few texts have a parameter of that name.
    for to in [to.as_deref().unwrap_or_default(), query] {
        let Ok(found) = target(to, &SITE, &headers) else {
            continue;
        };
        let found = with_campaign(found, query);
        let text = found.as_str();
        assert!(
            ALLOWED.iter().any(|allowed| text.starts_with(allowed)),
            "{to:?} leads to {text:?}"
        );
        assert!(
            text.bytes().all(|byte| (b'!'..=b'~').contains(&byte)),
            "{text:?}"
        );
    }
    for kind in [LinkKind::Pixel, LinkKind::Click("https://www.example.nl/")] {
        let now = Timestamp::from_milliseconds(1_795_000_000_000);
        let opened = Opened {
            kind,
            browser: browser.as_ref(),
            referrer: query,
            at: now,
            fresh_id: "link-1",
        };
        let link = link(address.parameters(), &opened);
        let request = Request {
            form: Form::Single(link.form),
            body: link.body.as_bytes(),
            header_key: Some("k"),
            received_at: now,
            daily_visitor: None,
            sender: Sender::default(),
        };
        match judge(request, "k") {
            Ok(judged) => {
                assert_eq!(judged.commit.messages.len() + judged.refused.len(), 1);
                for refused in &judged.refused {
                    assert_ne!(refused.why.tag(), "malformed", "{}", link.body);
                }
            }
            Err(error) => assert_ne!(error.tag(), "malformed_json", "{}", link.body),
        }
    }
});
