//! What is said about robots, addresses and countries.

use super::*;

#[test]
fn robots_addresses_and_countries() {
    let read = |text: &str| {
        let config = Config::parse(&format!("{SITE}{text}")).unwrap();
        let file = config
            .site
            .country_database
            .map(|file| file.display().to_string());
        (
            config.site.robots.name(),
            config.privacy.address.name(),
            file,
        )
    };
    assert_eq!(read(""), ("apart", "none", None));
    assert_eq!(
        read(
            "robots = \"visitors\"\ncountry_database = \"c.mmdb\"\ndata_centres = \"d.txt\"\n[privacy]\naddress = \"truncated\""
        ),
        ("visitors", "truncated", Some("c.mmdb".to_owned()))
    );
    check(
        &format!("{SITE}robots = \"apparent\"\n[privacy]\naddress = \"all\"\nip = 5"),
        &[
            "3:10: \"robots\" is \"apparent\"; it may be apart or visitors",
            "5:11: \"address\" is \"all\"; it may be none or truncated",
            "6:1: there is no field \"ip\" in [privacy]; it may be address",
        ],
    );
}
