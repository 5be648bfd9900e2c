//! Slots and variants, of the file and posted.

use std::collections::HashSet;

use firstglance_engine::content::{Choice, Content};

use super::super::{Config, Posted, Source};
use super::{SITE, check};

const SLOT: &str = "[[slot]]\nid = \"hero\"\n";

fn slots(text: &str) -> String {
    format!("{SITE}[[segment]]\nid = \"lead\"\nwhen = 'visits >= 2'\n{text}")
}

#[test]
fn everything_that_can_be_said() {
    let config = Config::parse(&slots(
        r#"
        [[slot]]
        id = "hero"
        label = "Hero of the home page"
        control = 10
        [[slot]]
        id = "offer"
        choose = "automatic"
        goal = "test-ride"
        by = ["lead"]
        floor = 20
        [[variant]]
        slot = "hero"
        id = "last"
        fields = { title = "Een & twee", link = "/crm/" }
        [[variant]]
        slot = "hero"
        id = "crm"
        label = "CRM"
        when = 'interest("crm") >= 0.5 && !in_segment("lead")'
        rank = 1
        from = "2026-12-01T00:00:00+01:00"
        until = "2027-01-01T00:00:00+01:00"
        html = "<h2 class='x'>Koop</h2>"
        [[goal]]
        id = "test-ride"
        event = "Test Ride Requested"
        "#,
    ))
    .unwrap();
    let model = &config.page_model;
    assert!(config.has_rules());
    let hero = model.slot("hero").unwrap();
    let ids: Vec<&str> = hero.variants.iter().map(|one| &*one.id).collect();
    assert_eq!((hero.control, ids), (10, vec!["crm", "last"]));
    let crm = hero.variant("crm").unwrap();
    assert_eq!(
        crm.content,
        Content::Html("<h2 class=\"x\">Koop</h2>".into())
    );
    assert!(
        crm.program
            .is_some_and(|place| place < model.programs.len())
    );
    assert_eq!(crm.from.unwrap().to_string(), "2026-11-30T23:00:00.000Z");
    let last = hero.variant("last").unwrap();
    assert_eq!((last.program, &*last.label), (None, "Last"));
    let Choice::Automatic(shares) = &model.slot("offer").unwrap().choice else {
        panic!("it learns");
    };
    let segments: Vec<_> = shares.iter().map(|one| one.segment.as_deref()).collect();
    assert_eq!(segments, [Some("lead"), None]);
    let settings = &config.slots[1];
    assert_eq!(
        (settings.goal.as_deref(), settings.floor),
        (Some("test-ride"), 20)
    );
    assert!(config.summary().contains("2 slots"), "{}", config.summary());
}

/// What visitors are, and what is kept of them, does not change with the content.
#[test]
fn content_changes_no_visitor() {
    let plain = Config::parse(&slots("")).unwrap();
    let variants = "[[variant]]\nslot = \"hero\"\nid = \"a\"\nhtml = \"a\"\n\
                    when = 'in_segment(\"lead\") && visits >= 2 && events(\"X\") >= 1 && searched(\"a*\")'\n";
    let with = Config::parse(&slots(&format!("{SLOT}{variants}"))).unwrap();
    assert_eq!(with.visitor_model(), plain.model);
    // But what variants count is counted.
    assert_eq!(with.model.watches.len(), 1);
    assert!(with.model.programs.len() > plain.model.programs.len());
    // Without anything else, pages need programs for their slots alone.
    let usual = Config::parse(SITE).unwrap();
    assert!(!usual.has_rules());
    let own = Config::parse(&format!("{SITE}{SLOT}")).unwrap();
    assert!(own.has_rules() && !own.page_model.programs.is_empty());
}

#[test]
fn mistakes_and_where() {
    let slot = format!("{SITE}{SLOT}");
    let variant = |rest: &str| format!("{slot}[[variant]]\nslot = \"hero\"\nid = \"a\"\n{rest}");
    let two = |first: &str, other: &str| {
        format!(
            "{}\n[[variant]]\nslot = \"hero\"\n{other}html = \"b\"",
            variant(&format!("{first}html = \"a\""))
        )
    };
    for (text, expected) in [
        (
            format!("{SITE}[[slot]]\nlabel = \"x\""),
            "3:1: [[slot]] has no id; choose one, such as id = \"hero\"",
        ),
        (
            format!("{slot}{SLOT}"),
            "6:6: the id \"hero\" is taken by slot 1; each slot needs an id of its own",
        ),
        (
            format!("{slot}control = 91"),
            "5:11: \"control\" is 91; it must be a whole number of percent from 0 to 90",
        ),
        (
            format!("{slot}control = 2.5"),
            "5:11: \"control\" is 2.5; it must be a whole number of percent from 0 to 90",
        ),
        (
            format!("{slot}choose = \"evn\""),
            "5:10: \"choose\" is \"evn\"; did you mean \"even\"?",
        ),
        (
            format!("{slot}floor = 5"),
            "5:9: \"floor\" says how shares are learned, and this slot learns none; leave it out, or write choose = \"automatic\"",
        ),
        (
            format!("{slot}choose = \"automatic\"\nfloor = 0"),
            "6:9: \"floor\" is 0; it must be a whole number of percent from 1 to 50",
        ),
        (
            format!("{slot}choose = \"automatic\"\nby = [\"A b\"]"),
            "6:7: there is no segment \"A b\"; name a segment or an interest of this configuration",
        ),
        (
            format!(
                "{slot}[[interest]]\nid = \"e-bikes\"\n[[slot]]\nid = \"b\"\nchoose = \"automatic\"\nby = [\"e-bike\"]"
            ),
            "10:7: there is no segment \"e-bike\"; did you mean \"e-bikes\"?",
        ),
        (
            format!("{slot}[[variant]]\nid = \"a\"\nhtml = \"a\""),
            "5:1: [[variant]] has no slot; say where it stands, such as slot = \"hero\"",
        ),
        (
            format!("{slot}[[variant]]\nslot = \"hera\"\nid = \"a\"\nhtml = \"a\""),
            "6:8: there is no slot \"hera\"; did you mean \"hero\"?",
        ),
        (
            format!("{slot}[[variant]]\nslot = \"hero\"\nid = \"control\"\nhtml = \"a\""),
            "7:6: \"id\" is \"control\"; choose another: by this name those are told who see what the page itself has",
        ),
        (
            variant(""),
            "5:1: [[variant]] shows nothing; say what, such as html = \"<h2>Book a test ride</h2>\"",
        ),
        (
            variant("html = \"a\"\nfields = { a = \"b\" }"),
            "9:10: [[variant]] has html and fields; leave one out: fields are for the page's own markup",
        ),
        (
            variant("html = \"\"\"\n<p>é</p>\n<p onclick=\\\"x\\\">b</p>\"\"\""),
            "10:1: \"html\" has the attribute onclick in <p>; it may not have it: content runs no scripts",
        ),
        (
            variant("html = '<p>é<b>x</p>'"),
            "8:17: \"html\" is broken here: </p> has no place; a browser reads </b> first: write it, or move what is there",
        ),
        (
            variant("fields = { title = 5 }"),
            "8:12: the field \"title\" is no text; it must be names and texts, such as fields = { title = \"Book a test ride\", link = \"/test-ride/\" }",
        ),
        (
            variant("fields = { title = \"a\\nb\" }"),
            "8:12: the field \"title\" has a line break or another control character; write it in one line, or use html",
        ),
        (
            variant("html = \"a\"\nrank = 0"),
            "9:8: \"rank\" is 0; it must be a whole number from 1 to 1000000",
        ),
        (
            variant("html = \"a\"\nfrom = \"morgen\""),
            "9:8: \"from\" is \"morgen\"; it must be a moment with its offset, such as \"2026-12-01T00:00:00+01:00\"",
        ),
        (
            variant(
                "html = \"a\"\nfrom = \"2026-12-01T00:00:00Z\"\nuntil = \"2026-12-01T01:00:00+01:00\"",
            ),
            "10:9: \"until\" is not after \"from\"; nobody would ever see it: say when it ends, or leave \"until\" out",
        ),
        (
            variant("html = \"a\"\nwhen = 'in_segment(\"led\")'"),
            "9:20: ",
        ),
        (
            two("rank = 2\n", "id = \"b\"\nrank = 2\n"),
            "13:8: variant 1 of the slot \"hero\" has the rank 2 as well; say which comes first: each needs a rank of its own, or none, and then their order decides",
        ),
        (
            two("", "id = \"a\"\n"),
            "11:6: the id \"a\" is taken by variant 1; each variant of a slot needs an id of its own",
        ),
        (
            variant(&format!("html = \"{}\"", "x".repeat(65_537))),
            "5:1: the variants have 65537 bytes together; they may have 65536: every page loads all of them",
        ),
    ] {
        let problems = Config::parse(&text).unwrap_err();
        let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(told.len(), 1, "{text}\n{told:?}");
        if expected.ends_with(": ") {
            assert!(told[0].starts_with(expected), "{told:?}");
        } else {
            assert_eq!(told[0], expected, "{text}");
        }
    }
    check(
        &two("rank = 2\n", "id = \"b\"\nrank = 2\n")[..slot.len()],
        &[],
    );
}

#[test]
fn posted_content_takes_the_place_of_the_files() {
    let of_file = "[[slot]]\nid = \"offer\"\n[[variant]]\nslot = \"hero\"\nid = \"old\"\nhtml = \"a\"\n\
                   [[variant]]\nslot = \"offer\"\nid = \"stays\"\nhtml = \"b\"\nwhen = 'visits >= 3'\n";
    let config = Config::parse(&slots(&format!("{SLOT}{of_file}"))).unwrap();
    let posted = Posted::parse(
        r#"{"slot":[{"id":"hero","control":5},{"id":"new"}],
            "variant":[{"slot":"hero","id":"crm","html":"<b>x</b>","when":"in_segment(\"lead\")"},
                       {"slot":"new","id":"n","fields":{"title":"T"}}]}"#,
    )
    .unwrap();
    let both = config.with_posted(&posted).unwrap();
    let told: Vec<String> = both
        .model
        .slots
        .iter()
        .zip(&both.slots)
        .map(|(slot, settings)| {
            assert_eq!(slot.id, settings.id);
            let ids: Vec<&str> = slot.variants.iter().map(|one| &*one.id).collect();
            format!("{} {} {}", slot.id, settings.source.name(), ids.join(","))
        })
        .collect();
    assert_eq!(
        told,
        ["offer file stays", "hero posted crm", "new posted n"]
    );
    assert_eq!(both.visitor_model(), config.visitor_model());
    let programs: HashSet<_> = both
        .model
        .slots
        .iter()
        .flat_map(|slot| &slot.variants)
        .map(|one| one.program)
        .collect();
    assert_eq!(
        programs.len(),
        3,
        "none reads the condition of another: {programs:?}"
    );
    assert_eq!(both.slots[1].source, Source::Posted);
    // Taken back, everything is as it was.
    assert_eq!(both.with_posted(&Posted::parse("{}").unwrap()), Ok(config));
}

#[test]
fn mistakes_in_what_was_posted() {
    let config = Config::parse(&slots("")).unwrap();
    for (posted, expected) in [
        (
            "",
            ": EOF while parsing a value at line 1 column 0; it must be an object with the lists \"slot\" and \"variant\"",
        ),
        (
            "[]",
            ": invalid type: sequence, expected a map at line 1 column 0; it must be an object with the lists \"slot\" and \"variant\"",
        ),
        (
            "{\"goal\":[]}",
            ": there is no member \"goal\"; it may be slot or variant",
        ),
        (
            "{\"slot\":5}",
            "slot: \"slot\" is a number; write [[slot]], with two brackets, before each one",
        ),
        (
            r#"{"slot":[{"id":"A"}]}"#,
            "slot[0].id: \"id\" is \"A\"; did you mean \"a\"? It must be lower case letters, digits and -",
        ),
        (
            r#"{"slot":[{"id":"a","x":1}]}"#,
            "slot[0].x: there is no field \"x\" in [[slot]]; it may be id, label, control, choose, goal, by or floor",
        ),
        (
            r#"{"slot":[{"id":"a"}],"variant":[{"slot":"a","id":"b","html":"<p>\n\"é\"<b onclick='x()'>x</b></p>"}]}"#,
            "variant[0].html 2:4: \"html\" has the attribute onclick in <b>; it may not have it: content runs no scripts",
        ),
        (
            r#"{"slot":[{"id":"a"}],"variant":[{"slot":"a","id":"b","html":"x"},{"slot":"a","id":"c","html":"x","when":"in_segment(\"led\")"}]}"#,
            "variant[1].when 1:12: there is no segment \"led\"; did you mean \"lead\"?",
        ),
        (
            r#"{"slot":[{"id":"a"}],"variant":[{"slot":"hero","id":"b","html":"x"}]}"#,
            "variant[0].slot: there is no slot \"hero\"; add [[slot]] with id = \"hero\"",
        ),
        (r#"{"slot":[{"id":"a","control":null}]}"#, ""),
    ] {
        let told = match Posted::parse(posted) {
            Err(problem) => vec![problem],
            Ok(read) => config.with_posted(&read).unwrap_err(),
        };
        let told: Vec<String> = told.iter().map(ToString::to_string).collect();
        assert_eq!(told.len(), 1, "{posted}: {told:?}");
        let expected = expected.strip_prefix(": ").unwrap_or(expected);
        assert!(
            expected.is_empty() || told[0] == expected,
            "{posted}: {told:?}"
        );
    }
}

#[test]
fn what_is_fine_stays_beside_what_is_not() {
    let config = Config::parse(&slots("[[slot]]\nid = \"bad\"\n")).unwrap();
    let posted = Posted::parse(
        r#"{"slot":[{"id":"good"},{"id":"bad"},{"id":"other"}],
            "variant":[{"slot":"bad","id":"x","html":"x","when":"in_segment(\"gone\")"},
                       {"slot":"good","id":"x","html":"x"},
                       {"slot":"other","id":"x","html":"x"}]}"#,
    )
    .unwrap();
    let (fine, wrong) = config.with_what_is_fine(&posted);
    let ids: Vec<&str> = fine.model.slots.iter().map(|slot| &*slot.id).collect();
    assert_eq!(ids, ["bad", "good", "other"]);
    assert!(fine.model.slots[0].variants.is_empty(), "the file's");
    let wrong: Vec<&str> = wrong.iter().map(|(id, _)| &**id).collect();
    assert_eq!(wrong, ["bad"]);
}
