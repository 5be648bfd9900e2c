//! What is said about the table `[limits]`.

use super::*;

#[test]
fn limits() {
    let limits = |fields: &str| {
        let config = Config::parse(&format!("{SITE}[limits]\n{fields}")).unwrap();
        let servers = config.limits.servers.iter().map(ToString::to_string);
        (
            config.limits.visitor_events,
            config.limits.address_requests,
            servers.collect::<Vec<_>>().join(" "),
        )
    };
    for (fields, expected) in [
        ("", (Some(1_000), Some(12_000), "")),
        ("visitor_events = 60", (Some(60), Some(12_000), "")),
        ("visitor_events = 0\naddress_requests = 0", (None, None, "")),
        (
            "servers = [\"10.0.0.0/8\", \"2001:db8::1\"]",
            (Some(1_000), Some(12_000), "10.0.0.0/8 2001:db8::1/128"),
        ),
    ] {
        let (events, requests, servers) = limits(fields);
        assert_eq!((events, requests, &*servers), expected, "{fields}");
    }
    const RIGHT: &str = "it must be a whole number from 1 to 1000000, or 0 for no limit";
    check(
        &format!(
            "{SITE}[limits]\nvisitor_events = 1.5\naddress_requests = -1\nservers = [\"mine\"]\nevents = 5"
        ),
        &[
            &format!("4:18: \"visitor_events\" is 1.5; {RIGHT}"),
            &format!("5:20: \"address_requests\" is -1; {RIGHT}"),
            "6:12: \"servers\" holds \"mine\"; it must be an address or a network, such as \"192.0.2.1\" or \"10.0.0.0/8\"",
            "7:1: there is no field \"events\" in [limits]; it may be visitor_events, address_requests or servers",
        ],
    );
    check(
        &format!("{SITE}[limits]\nvisitor_events = \"many\""),
        &["4:18: \"visitor_events\" is a text; it must be a number, such as visitor_events = 1000"],
    );
}
