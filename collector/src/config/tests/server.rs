//! What is said about the table `[server]`.

use super::*;

#[test]
fn trusted_proxies() {
    let proxies = |field: &str| {
        let config = Config::parse(&format!("{SITE}[server]\n{field}")).unwrap();
        let proxies = config.server.trusted_proxies.into_iter();
        proxies.map(|proxy| proxy.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(proxies(""), ["127.0.0.0/8", "::1/128"]);
    assert!(proxies("trusted_proxies = []").is_empty());
    assert_eq!(
        proxies("trusted_proxies = [\"10.0.0.0/8\", \"192.0.2.1\", \"2001:db8::1\"]"),
        ["10.0.0.0/8", "192.0.2.1/32", "2001:db8::1/128"]
    );
    const RIGHT: &str =
        "it must be an address or a network, such as \"192.0.2.1\" or \"10.0.0.0/8\"";
    check(
        &format!(
            "{SITE}[server]\ntrusted_proxies = [\"10.0.0.0/33\", \"proxy\", \"10.0.0\", \"\", 5]\nproxies = []"
        ),
        &[
            &format!("4:20: \"trusted_proxies\" holds \"10.0.0.0/33\"; {RIGHT}"),
            &format!("4:35: \"trusted_proxies\" holds \"proxy\"; {RIGHT}"),
            &format!("4:44: \"trusted_proxies\" holds \"10.0.0\"; {RIGHT}"),
            &format!("4:54: \"trusted_proxies\" holds \"\"; {RIGHT}"),
            "4:58: \"trusted_proxies\" holds a number; it must be a list of texts, such as trusted_proxies = [\"127.0.0.1\", \"10.0.0.0/8\"]",
            "5:1: there is no field \"proxies\" in [server]; it may be trusted_proxies, certificate or key",
        ],
    );
}

#[test]
fn a_certificate_and_its_key() {
    let both = format!("{SITE}[server]\ncertificate = \"c.pem\"\nkey = \"/k.pem\"");
    let tls = Config::parse(&both).unwrap().server.tls.unwrap();
    assert_eq!(tls.certificate.to_str(), Some("c.pem"));
    assert_eq!(tls.key.to_str(), Some("/k.pem"));
    for (one, other, example) in [
        ("certificate", "key", "\"/etc/firstglance/key.pem\""),
        ("key", "certificate", "\"/etc/firstglance/certificate.pem\""),
    ] {
        check(
            &format!("{SITE}[server]\n{one} = \"x.pem\""),
            &[&format!(
                "4:{}: [server] has \"{one}\" and no \"{other}\"; TLS needs both; add {other} = {example}",
                one.len() + 4
            )],
        );
    }
}
