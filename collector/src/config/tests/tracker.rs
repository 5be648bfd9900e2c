//! What is said about the table `[tracker]`.

use super::*;

fn tracker(fields: &str) -> Tracker {
    Config::parse(&format!("{SITE}[tracker]\n{fields}"))
        .unwrap()
        .tracker
}

#[test]
fn nothing_is_the_default() {
    let usual = Tracker::default();
    assert_eq!(Config::parse(SITE).unwrap().tracker, usual);
    assert_eq!(tracker(""), usual);
    let same = "hash_routes = false\nerrors = false\nweb_vitals = false\nforms = true\n\
                media = true\ncookieless = false\npath = \"/\"\nscript = \"fg.js\"\n\
                files = \"fg\"\napi = \"v1\"";
    assert_eq!(tracker(same), usual);
}

#[test]
fn everything_else() {
    let other = "hash_routes = true\nerrors = true\nweb_vitals = true\nforms = false\n\
                 media = false\ncookieless = true\nscroll_container = \" #app > main \"\n\
                 path = \"/a/metingen/\"\nscript = \"meting.js\"\nfiles = \"meting\"\n\
                 api = \"m-1\"";
    let [path, script, files, api] =
        ["/a/metingen/", "meting.js", "meting", "m-1"].map(String::from);
    assert_eq!(
        tracker(other),
        Tracker {
            hash_routes: true,
            errors: true,
            web_vitals: true,
            forms: false,
            media: false,
            cookieless: true,
            scroll_container: Some("#app > main".to_owned()),
            names: Names {
                path,
                script,
                files,
                api
            },
        }
    );
}

#[test]
fn fields_and_types() {
    check(
        &format!("{SITE}[tracker]\nwebvitals = true\nerrors = \"yes\"\nforms = 1\npath = true"),
        &[
            "4:1: there is no field \"webvitals\" in [tracker]; did you mean \"web_vitals\"?",
            "5:10: \"errors\" is a text; it must be true or false, such as errors = true",
            "6:9: \"forms\" is a number; it must be true or false, such as forms = false",
            "7:8: \"path\" is true or false; it must be a text in quotes, such as path = \"/metingen/\"",
        ],
    );
    check(
        &format!("{SITE}[[tracker]]\nforms = true"),
        &["3:1: \"tracker\" is a list; write [tracker] once, on a line of its own"],
    );
}

#[test]
fn names_that_cannot_be() {
    const PATH: &str =
        "it must be names of letters, digits, -, _ or . between slashes, such as \"/metingen/\"";
    const SCRIPT: &str =
        "it must be letters, digits, -, _ or . and .js at the end, such as \"meting.js\"";
    const FILES: &str =
        "it must be letters, digits, -, _ or ., such as \"meting\" for meting-0a1b2c.js";
    const API: &str = "it must be letters, digits, - or _, such as \"m1\"";
    let taken = |name: &str| {
        format!("choose another name: the collector has addresses of its own at /{name}")
    };
    let long = "x".repeat(101);
    for (field, value, right) in [
        (
            "path",
            "metingen",
            "did you mean \"/metingen/\"?".to_owned(),
        ),
        ("path", "/a/b", "did you mean \"/a/b/\"?".to_owned()),
        ("path", "//a/", "did you mean \"/a/\"?".to_owned()),
        ("path", "", PATH.to_owned()),
        ("path", "//", PATH.to_owned()),
        ("path", "/a//b/", PATH.to_owned()),
        ("path", "/../", PATH.to_owned()),
        ("path", "/a b/", PATH.to_owned()),
        ("path", "/%61/", PATH.to_owned()),
        ("path", "/a?b/", PATH.to_owned()),
        ("path", "/é/", PATH.to_owned()),
        ("path", &long, PATH.to_owned()),
        ("path", "/admin/", taken("admin")),
        ("path", "/healthz/x/", taken("healthz")),
        ("path", "/v1/", taken("v1")),
        ("script", "meting", "did you mean \"meting.js\"?".to_owned()),
        ("script", "", SCRIPT.to_owned()),
        ("script", ".js", SCRIPT.to_owned()),
        ("script", "a/b.js", SCRIPT.to_owned()),
        ("script", "a'b.js", SCRIPT.to_owned()),
        ("script", &format!("{long}.js"), SCRIPT.to_owned()),
        (
            "script",
            "fg-a.js",
            "choose one that does not begin with fg-, as hashed files do".to_owned(),
        ),
        ("files", "", FILES.to_owned()),
        ("files", "a/b", FILES.to_owned()),
        ("files", "a'b", FILES.to_owned()),
        ("files", ".a", FILES.to_owned()),
        ("files", &long, FILES.to_owned()),
        ("api", "", API.to_owned()),
        ("api", "a.b", API.to_owned()),
        ("api", "a/b", API.to_owned()),
        ("api", "v1/", API.to_owned()),
        ("api", "admin", taken("admin")),
        ("api", "metrics", taken("metrics")),
    ] {
        let column = field.len() + 4;
        check(
            &format!("{SITE}[tracker]\n{field} = \"{value}\""),
            &[&format!("4:{column}: \"{field}\" is {value:?}; {right}")],
        );
    }
    check(
        &format!("{SITE}[tracker]\nfiles = \"m\"\nscript = \"m-a.js\""),
        &[
            "5:10: \"script\" is \"m-a.js\"; choose one that does not begin with m-, as hashed files do",
        ],
    );
}

#[test]
fn selectors_that_cannot_be() {
    const RIGHT: &str = "it must be a CSS selector of at most 300 bytes, such as \"#content\"";
    for value in [" ".to_owned(), "x".repeat(301)] {
        check(
            &format!("{SITE}[tracker]\nscroll_container = \"{value}\""),
            &[&format!("4:20: \"scroll_container\" is {value:?}; {RIGHT}")],
        );
    }
}
