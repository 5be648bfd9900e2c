//! Configurations and everything that is said about them.

use firstglance_engine::Milliseconds;
use firstglance_engine::model::Consent;

use super::*;

mod content;
mod limits;
mod privacy;
mod reference;
mod retention;
mod server;
mod tables;
mod tracker;

/// Compares all that is said about a configuration, line by line.
fn check(text: &str, expected: &[&str]) {
    let said: Vec<String> = match Config::parse(text) {
        Ok(_) => Vec::new(),
        Err(problems) => problems.iter().map(ToString::to_string).collect(),
    };
    assert_eq!(said, expected, "about:\n{text}");
}

#[test]
fn a_configuration_in_order() {
    let config = Config::parse(
        r#"
# The least is a write key.
[site]
write_key = "my-site"
name = "Mijn winkel"
allowed_origins = ["https://www.example.nl", "http://localhost:8080"]
brand_terms = ["mijn winkel"]
search_parameters = ["q", "zoek"]
consent = "segments"
cookie_domain = "example.nl"

[[interest]]
id = "e-bikes"
label = "E-bikes"
paths = ["/e-bikes/*", "*/elektrisch*"]
terms = ["E-Bike*", "elektrische fiets"]
half_life = "30d"

[[interest]]
id = "crm"
"#,
    )
    .unwrap();
    assert_eq!(config.site.write_key, "my-site");
    assert_eq!(config.site.allowed_origins.len(), 2);
    assert_eq!(
        config.site.consent,
        DefaultConsent::State(Consent::Segments)
    );
    assert_eq!(config.site.search_parameters.len(), 2);
    let [bikes, crm] = &config.model.interests[..] else {
        panic!("two interests");
    };
    assert_eq!(&*bikes.terms[0], "e-bike*");
    assert_eq!(&*bikes.terms[1], "elektrische-fiets");
    assert_eq!(bikes.half_life, Milliseconds::from_days(30));
    assert_eq!((&*crm.label, crm.half_life.0), ("Crm", 14 * 86_400_000));
    assert_eq!(
        config.summary(),
        "2 interests, 0 segments, 2 origins besides its own, consent segments by default"
    );
}

#[test]
fn the_least_configuration_is_that_of_the_default_model() {
    let config = Config::parse("[site]\nwrite_key = \"k\"").unwrap();
    let model = Model {
        stages: config.model.stages.clone(),
        stage: config.model.stage,
        programs: config.model.programs.clone(),
        ..Model::default()
    };
    assert_eq!(config.model, model);
    assert_eq!((model.programs.len(), model.stage), (1, Some(0)));
}

#[test]
fn nothing_at_all() {
    check(
        "",
        &[
            "1:1: the table [site] is missing; add it with a write_key, such as write_key = \"my-site\"",
        ],
    );
}

#[test]
fn no_write_key() {
    check(
        "\n[site]\nname = \"x\"",
        &["2:1: [site] has no write_key; choose one, such as write_key = \"my-site\""],
    );
}

#[test]
fn a_write_key_that_cannot_stand_in_an_address() {
    check(
        "[site]\nwrite_key = \"my site\"",
        &[
            "2:13: \"write_key\" is \"my site\"; it must be 1 to 100 letters, digits, -, _ or ., such as \"my-site\"",
        ],
    );
}

#[test]
fn a_write_key_of_another_type() {
    check(
        "[site]\nwrite_key = 12",
        &[
            "2:13: \"write_key\" is a number; it must be a text in quotes, such as write_key = \"my-site\"",
        ],
    );
}

#[test]
fn a_misspelled_field() {
    check(
        "[site]\nwrite_key = \"k\"\nalowed_origins = []",
        &["3:1: there is no field \"alowed_origins\" in [site]; did you mean \"allowed_origins\"?"],
    );
}

#[test]
fn a_field_with_another_separator() {
    check(
        "[site]\nwrite-key = \"k\"",
        &[
            "1:1: [site] has no write_key; choose one, such as write_key = \"my-site\"",
            "2:1: there is no field \"write-key\" in [site]; did you mean \"write_key\"?",
        ],
    );
}

#[test]
fn a_field_that_resembles_none() {
    check(
        "[site]\nwrite_key = \"k\"\ncolour = \"red\"",
        &[
            "3:1: there is no field \"colour\" in [site]; it may be id, write_key, hosts, name, allowed_origins, brand_terms, search_parameters, consent, cookie_domain, click_hosts, robots, data_centres, country_database or timezone",
        ],
    );
}

#[test]
fn an_unknown_table() {
    check(
        "[site]\nwrite_key = \"k\"\n[[people]]\nid = \"x\"\n[sites]\n",
        &[
            "3:3: there is no table \"people\"; it may be site, tracker, server, retention, limits, privacy, interest, evidence, segment, score, slot, variant, goal or funnel",
            "5:2: there is no table \"sites\"; did you mean \"site\"?",
        ],
    );
}

#[test]
fn tables_with_the_wrong_brackets() {
    check(
        "[[site]]\nwrite_key = \"k\"\n[interest]\nid = \"x\"",
        &[
            "1:1: \"site\" is a list; write [site] once, on a line of its own",
            "3:1: \"interest\" is a table; write [[interest]], with two brackets, before each one",
        ],
    );
}

#[test]
fn origins() {
    check(
        "[site]\nwrite_key = \"k\"\nallowed_origins = [\"https://a.nl/\", \"a.nl\", \"https://*.a.nl\", 5]",
        &[
            "3:20: \"allowed_origins\" holds \"https://a.nl/\"; did you mean \"https://a.nl\", without the slash?",
            "3:37: \"allowed_origins\" holds \"a.nl\"; it must be a scheme, a host and nothing else, such as \"https://www.example.nl\"",
            "3:45: \"allowed_origins\" holds \"https://*.a.nl\"; it must be a scheme, a host and nothing else, such as \"https://www.example.nl\"",
            "3:63: \"allowed_origins\" holds a number; it must be a list of texts, such as allowed_origins = [\"https://www.example.nl\"]",
        ],
    );
}

#[test]
fn one_text_in_place_of_a_list() {
    check(
        "[site]\nwrite_key = \"k\"\nallowed_origins = \"https://a.nl\"",
        &[
            "3:19: \"allowed_origins\" is a text; it must be a list of texts, such as allowed_origins = [\"https://www.example.nl\"]",
        ],
    );
}

#[test]
fn consent() {
    check(
        "[site]\nwrite_key = \"k\"\nconsent = \"grantd\"",
        &["3:11: \"consent\" is \"grantd\"; did you mean \"granted\"?"],
    );
    check(
        "[site]\nwrite_key = \"k\"\nconsent = \"maybe\"",
        &[
            "3:11: \"consent\" is \"maybe\"; it may be granted, segments, session, denied, google or tcf",
        ],
    );
    check(
        "[site]\nwrite_key = \"k\"\nconsent = true",
        &[
            "3:11: \"consent\" is true or false; it must be a text in quotes, such as consent = \"granted\"",
        ],
    );
}

#[test]
fn consent_that_the_page_knows() {
    for (name, expected, said) in [
        (
            "google",
            DefaultConsent::GoogleConsentMode,
            "consent as Google Consent Mode says",
        ),
        (
            "tcf",
            DefaultConsent::TransparencyFramework,
            "consent as the IAB TCF API says",
        ),
    ] {
        let text = format!("[site]\nwrite_key = \"k\"\nconsent = \"{name}\"");
        let config = Config::parse(&text).unwrap();
        assert_eq!(config.site.consent, expected);
        assert!(config.summary().ends_with(said), "{}", config.summary());
    }
}

#[test]
fn a_cookie_domain_with_a_dot_in_front() {
    check(
        "[site]\nwrite_key = \"k\"\ncookie_domain = \".example.nl\"",
        &[
            "3:17: \"cookie_domain\" is \".example.nl\"; it must be a host name in lower case, such as \"example.nl\"",
        ],
    );
}

#[test]
fn empty_words() {
    check(
        "[site]\nwrite_key = \"k\"\nbrand_terms = [\" \"]\nsearch_parameters = [\"\"]",
        &[
            "3:16: \"brand_terms\" holds an empty text; leave it out",
            "4:22: \"search_parameters\" holds an empty text; leave it out",
        ],
    );
}

const SITE: &str = "[site]\nwrite_key = \"k\"\n";

#[test]
fn an_interest_without_id() {
    check(
        &format!("{SITE}[[interest]]\nlabel = \"x\""),
        &["3:1: [[interest]] has no id; choose one, such as id = \"e-bikes\""],
    );
}

#[test]
fn ids_that_are_no_slugs() {
    check(
        &format!("{SITE}[[interest]]\nid = \"E-bikes & co\"\n[[interest]]\nid = \"—\""),
        &[
            "4:6: \"id\" is \"E-bikes & co\"; did you mean \"e-bikes-co\"? It must be lower case letters, digits and -",
            "6:6: \"id\" is \"—\"; it must be lower case letters, digits and -, such as \"e-bikes\"",
        ],
    );
}

#[test]
fn an_id_that_is_taken() {
    check(
        &format!(
            "{SITE}[[interest]]\nid = \"a\"\n[[interest]]\nid = \"b\"\n[[interest]]\nid = \"a\""
        ),
        &["8:6: the id \"a\" is taken by interest 1; each interest needs an id of its own"],
    );
}

#[test]
fn half_lives() {
    for (value, right) in [
        (
            "\"14 days\"",
            "\"14 days\"; it must be a whole number and m, h, d or w, such as \"12h\" or \"14d\"",
        ),
        ("\"0d\"", "\"0d\"; it must be between \"1m\" and \"3650d\""),
        (
            "14",
            "a number; it must be a text in quotes, such as half_life = \"14d\"",
        ),
    ] {
        check(
            &format!("{SITE}[[interest]]\nid = \"a\"\nhalf_life = {value}"),
            &[&format!("5:13: \"half_life\" is {right}")],
        );
    }
}

#[test]
fn patterns_that_match_nothing() {
    check(
        &format!(
            "{SITE}[[interest]]\nid = \"a\"\npaths = [\"e-bikes/*\"]\nterms = [\"*\", \"crm\"]"
        ),
        &[
            "5:10: \"paths\" holds \"e-bikes/*\"; a path starts with / or *, such as \"/e-bikes/*\"",
            "6:10: \"terms\" holds \"*\", which has no word; write a word, such as \"e-bike*\"",
        ],
    );
}

#[test]
fn a_misspelled_field_of_an_interest() {
    check(
        &format!("{SITE}[[interest]]\nid = \"a\"\nhalflife = \"1d\"\npath = [\"/a\"]"),
        &[
            "5:1: there is no field \"halflife\" in [[interest]]; did you mean \"half_life\"?",
            "6:1: there is no field \"path\" in [[interest]]; did you mean \"paths\"?",
        ],
    );
}

#[test]
fn columns_count_characters() {
    check(
        "[site]\nname = \"é\"\nwrite_key = \"k\"\nbrand_terms = [\"éé\", 5]",
        &[
            "4:22: \"brand_terms\" holds a number; it must be a list of texts, such as brand_terms = [\"example\"]",
        ],
    );
}

#[test]
fn text_that_is_no_toml() {
    let problems = Config::parse("[site]\nwrite_key = \"k\nname = x\n").unwrap_err();
    let places: Vec<(usize, usize)> = problems
        .iter()
        .map(|problem| (problem.line, problem.column))
        .collect();
    assert_eq!(places.first(), Some(&(2, 15)), "{problems:?}");
    assert!(places.len() >= 2, "{problems:?}");
}

#[test]
fn a_field_that_stands_twice() {
    check(
        "[site]\nwrite_key = \"k\"\nwrite_key = \"l\"",
        &["3:1: duplicate key"],
    );
}

#[test]
fn files() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("firstglance.toml");
    assert!(matches!(
        Config::load(&path),
        Err(ConfigError::Unreadable { .. })
    ));
    std::fs::write(&path, b"[site]\n\xff").unwrap();
    let said = Config::load(&path).unwrap_err().to_string();
    assert!(said.ends_with("byte 8 is not UTF-8"), "{said}");
    std::fs::write(&path, "[site]\nx = 1").unwrap();
    let said = Config::load(&path).unwrap_err().to_string();
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), 2);
    assert!(lines[0].starts_with(&format!("{}:1:1: ", path.display())));
}
