//! What is said about the table `[retention]`.

use firstglance_engine::Milliseconds;

use super::*;

#[test]
fn how_long() {
    let of = |fields: &str| {
        let config = Config::parse(&format!("{SITE}[retention]\n{fields}")).unwrap();
        (config.retention.events, config.retention.profiles)
    };
    let days = Milliseconds::from_days;
    assert_eq!(of(""), (days(400), days(800)));
    assert_eq!(of("events = \"7d\""), (days(7), days(800)));
    assert_eq!(
        of("events = \"13w\"\nprofiles = \"3650d\""),
        (days(91), days(3_650))
    );
    check(
        &format!("{SITE}[retention]\nevents = \"6d\"\nprofiles = 5\nevent = \"1d\""),
        &[
            "4:10: \"events\" is \"6d\"; it must be at least \"7d\": so long a message that is sent again is told from a new one",
            "5:12: \"profiles\" is a number; it must be a text in quotes, such as profiles = \"800d\"",
            "6:1: there is no field \"event\" in [retention]; did you mean \"events\"?",
        ],
    );
    check(
        &format!("{SITE}[retention]\nevents = \"for ever\"\nprofiles = \"4000d\""),
        &[
            "4:10: \"events\" is \"for ever\"; it must be a whole number and m, h, d or w, such as \"12h\" or \"14d\"",
            "5:12: \"profiles\" is \"4000d\"; it must be between \"1m\" and \"3650d\"",
        ],
    );
}
