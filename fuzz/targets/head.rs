//! Any bytes as headers: no cookie but a genuine one proves anybody, no word of an untrusted peer is
//! believed, and nothing is read without bound.
#![no_main]

use std::net::IpAddr;
use std::sync::LazyLock;

use firstglance_collector::agent::{Agents, Hints};
use firstglance_collector::config::{Config, Server};
use firstglance_collector::cookie::{Attributes, CookieKey, claim_digest};
use firstglance_collector::data::DataFolder;
use firstglance_collector::http::client_address::client;
use firstglance_collector::http::compression::Coding;
use firstglance_collector::ingest::KeptAddress;
use firstglance_engine::VisitorId;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use libfuzzer_sys::fuzz_target;

static KEY: LazyLock<CookieKey> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
    let data = DataFolder::open(folder.path()).unwrap_or_else(|error| panic!("{error}"));
    let config = Config::parse("[site]\nwrite_key = \"k\"");
    let config = config.unwrap_or_else(|wrong| panic!("{wrong:?}"));
    CookieKey::of(&data, &config.site).unwrap_or_else(|error| panic!("{error}"))
});

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let plain = Attributes {
        secure: false,
        domain: None,
    };
    assert_eq!(KEY.visitor(&text), None);
    if let Ok(visitor) = VisitorId::anonymous(&text) {
        let cookie = KEY.issue(&visitor, plain);
        assert!(HeaderValue::from_str(&cookie).is_ok(), "{cookie:?}");
        let pair = cookie.split(';').next().unwrap_or_default();
        assert_eq!(KEY.visitor(pair), Some(visitor.clone()));
        assert_eq!(
            KEY.visitor(&format!("fg_visitor={text}; {pair}")),
            Some(visitor)
        );
    }
    let _ = claim_digest(&text);
    let offered = [Coding::Brotli, Coding::Gzip, Coding::Identity];
    assert!(offered.contains(&Coding::choose(Some(&text), &offered)));
    addresses(bytes);

    static AGENTS: LazyLock<Agents> = LazyLock::new(Agents::default);
    let agent = AGENTS.read(&text);
    let hints = Hints {
        brands: &text,
        mobile: &text,
        platform: &text,
        platform_version: &text,
    };
    let device = agent.device.clone().with(&hints);
    for said in [
        &device.system,
        &device.system_version,
        &device.browser,
        &device.browser_version,
    ] {
        let said = said.as_deref().unwrap_or_default();
        assert!(
            said.len() <= 60 && !said.chars().any(char::is_control),
            "{said:?}"
        );
    }
});

fn addresses(bytes: &[u8]) {
    let own = Server::default().trusted_proxies;
    let peer = IpAddr::from([203, 0, 113, 9]);
    let mut headers = HeaderMap::new();
    for line in bytes.split(|byte| *byte == b'\n') {
        if let Ok(value) = HeaderValue::from_bytes(line) {
            headers.append(FORWARDED_FOR, value);
        }
    }
    assert_eq!(client(peer, &headers, &own), peer);
    let behind = client(IpAddr::from([127, 0, 0, 1]), &headers, &own);
    assert_eq!(behind, behind.to_canonical());
    assert_eq!(KeptAddress::None.of(behind), None);
    let network = KeptAddress::Truncated.of(behind).unwrap_or_default();
    assert!(
        network.ends_with(".0") || network.ends_with("::"),
        "{network}"
    );
}
