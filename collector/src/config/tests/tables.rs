//! What is said about time zone, evidence, segments, rules and stages.

use super::*;

#[test]
fn time_zones() {
    for (zone, right) in [
        ("Europe/Amsterdm", "did you mean \"Europe/Amsterdam\"?"),
        ("amsterdam", "did you mean \"Europe/Amsterdam\"?"),
        ("America/New York", "did you mean \"America/New_York\"?"),
        (
            "CET+1 or so",
            "it must be a name of the IANA database, such as \"Europe/Amsterdam\"",
        ),
    ] {
        check(
            &format!("{SITE}timezone = \"{zone}\""),
            &[&format!("3:12: \"timezone\" is {zone:?}; {right}")],
        );
    }
    let config = Config::parse(&format!("{SITE}timezone = \"Europe/Amsterdam\"")).unwrap();
    assert_eq!(config.site.timezone.iana_name(), Some("Europe/Amsterdam"));
}

#[test]
fn weights() {
    let config = Config::parse(&format!("{SITE}[evidence]\nview = 0\nform = 5.5")).unwrap();
    let weights = config.model.weights;
    assert_eq!(
        (weights.view, weights.form, weights.search),
        (0.0, 5.5, 1.5)
    );
    check(
        &format!("{SITE}[evidence]\nview = -1\nform = \"5\"\nclicks = 1\nsearch = nan"),
        &[
            "4:8: \"view\" is -1; a weight is between 0 and 100, in pages read to their end",
            "5:8: \"form\" is a text; it must be a number, such as form = 3",
            "6:1: there is no weight \"clicks\" in [evidence]; did you mean \"click\"?",
            "7:10: \"search\" is not a number that can be counted with; it must be a number, such as search = 1.5",
        ],
    );
}

#[test]
fn segments() {
    check(
        &format!(
            "{SITE}[[segment]]\nid = \"a\"\n[[segment]]\nwhen = 'visits > 1'\n\
             [[segment]]\nid = \"b\"\nwhen = 5\n[[segment]]\nid = \"b\"\nwhen = 'visit > 1'\nwho = 1"
        ),
        &[
            "3:1: [[segment]] has no when; say who is in it, such as when = 'interest(\"crm\") >= 0.5 && visits >= 2'",
            "5:1: [[segment]] has no id; choose one, such as id = \"hot-crm\"",
            "9:8: \"when\" is a number; it must be a text in quotes, such as when = 'interest(\"crm\") >= 0.5 && visits >= 2'",
            "11:6: the id \"b\" is taken by segment 3; each segment needs an id of its own",
            "12:9: there is no name visit; did you mean visits?",
            "13:1: there is no field \"who\" in [[segment]]; did you mean \"when\"?",
        ],
    );
}

#[test]
fn places_inside_conditions() {
    for (when, place) in [
        ("'visits > 1 && visit > 1'", "5:23"),
        ("\"channel == \\\"Email\\\" && visit > 1\"", "5:33"),
        ("\"\"\"\nvisits > 1 &&\n  visit > 1\"\"\"", "7:3"),
        ("\"\"\"visits > 1 && \\\n  visit > 1\"\"\"", "6:3"),
        ("'''é\n'''", "5:11"),
    ] {
        let text = format!("{SITE}[[segment]]\nid = \"a\"\nwhen = {when}");
        let problems = Config::parse(&text).unwrap_err();
        let said = problems[0].to_string();
        assert!(said.starts_with(&format!("{place}: ")), "{when}: {said}");
    }
}

#[test]
fn what_reads_itself() {
    check(
        &format!(
            "{SITE}[[segment]]\nid = \"a\"\nwhen = 'in_segment(\"b\")'\n\
             [[segment]]\nid = \"b\"\nwhen = 'visits > 1 || in_segment(\"a\")'\n\
             [[segment]]\nid = \"c\"\nwhen = '!in_segment(\"c\")'"
        ),
        &[
            "5:8: this reads itself: \"a\" → \"b\" → \"a\"; no segment can depend on itself: leave out one in_segment(\"…\")",
            "11:8: this reads itself: \"c\" → \"c\"; no segment can depend on itself: leave out one in_segment(\"…\")",
        ],
    );
    check(
        &format!(
            "{SITE}[[segment]]\nid = \"a\"\nwhen = 'stage == \"hot\"'\n\
             [[score.rule]]\nwhen = 'in_segment(\"a\")'\npoints = 5"
        ),
        &[
            "5:8: this reads itself: \"a\" → stage → score → \"a\"; score and stage cannot depend on themselves: leave out what leads back to them",
        ],
    );
    check(
        &format!("{SITE}[[score.rule]]\nwhen = 'score > 5'\npoints = 5"),
        &[
            "4:8: this reads itself: score → score; score and stage cannot depend on themselves: leave out what leads back to them",
        ],
    );
}

#[test]
fn rules() {
    check(
        &format!(
            "{SITE}[[score.rule]]\nevent = \"A\"\nwhen = 'visits > 1'\npoints = 5\n\
             [[score.rule]]\npoints = 5\n\
             [[score.rule]]\nevent = \"\"\npoints = 1\n\
             [[score.rule]]\nwhen = 'visits > 1'\npoints = 0\ncap = 5\nhalf_life = \"1d\"\n\
             [[score.rule]]\nevent = \"A\"\nwhere = {{ a = 1, b = 2 }}\npoints = 1\ncap = -1\n\
             [[score.rule]]\nevent = \"A\"\nwhere = \"b\"\nhalf_life = \"1y\""
        ),
        &[
            "5:8: [[score.rule]] has both event and when; leave one out: event counts what happens, when gives points while it holds",
            "7:1: [[score.rule]] does not say what the points are for; add event = \"Form Submitted\" or when = 'interest(\"crm\") >= 0.5'",
            "10:9: the name is empty; write one, such as \"Form Submitted\" or \"form\"",
            "14:10: \"points\" is 0; it may be up to 1000000, or negative, and not 0",
            "15:7: [[score.rule]] with when has no cap; leave it out: the points count while the condition holds",
            "16:13: [[score.rule]] with when has no half_life; leave it out: the points count while the condition holds",
            "19:18: \"where\" has more than one property; ask for one, or make an event of its own for it",
            "21:7: \"cap\" is -1; it must be more than 0 and at most 1000000; for negative points as well",
            "22:1: [[score.rule]] has no points; add them, such as points = 30",
            "24:9: \"where\" is a text; write one property and its value, such as where = { form = \"quote*\" }",
            "25:13: \"half_life\" is \"1y\"; it must be a whole number and m, h, d or w, such as \"12h\" or \"14d\"",
        ],
    );
}

#[test]
fn stages() {
    check(
        &format!(
            "{SITE}[[score.stage]]\nid = \"a\"\nfrom = 5\n[[score.stage]]\nid = \"b\"\n\
             [[score.stage]]\nid = \"a\"\nfrom = 30\nkeep = 40\n\
             [[score.stage]]\nid = \"disqualified\"\nfrom = 20\n[[score.stage]]\nid = \"e\"\nfrom = 200"
        ),
        &[
            "5:8: \"from\" is 5; the first stage is where everybody starts: leave it out",
            "6:1: [[score.stage]] has no from; say from which score on, such as from = 20; only the first stage needs none",
            "9:6: the id \"a\" is taken by stage 1; each stage needs an id of its own",
            "11:8: \"keep\" is 40; it must be more than 0 and at most from, which is 30",
            "13:6: the id \"disqualified\" is that of the stage that [score] gives by itself; choose another, or say who it is with disqualified = '…' in [score]",
            "14:8: \"from\" is 20; stages stand in rising order, so it must be more than 30",
            "17:8: \"from\" is 200; nobody gets there: the score goes to 100",
        ],
    );
}

#[test]
fn too_many_events() {
    let rules: String = (0..65)
        .map(|place| format!("[[score.rule]]\nevent = \"E{place}\"\npoints = 1\n"))
        .collect();
    check(
        &format!("{SITE}{rules}"),
        &[
            "196:9: the configuration counts more than 64 different events; ask for fewer, or for several at once with * in the name",
        ],
    );
}

#[test]
fn goals() {
    let config = Config::parse(&format!(
        "{SITE}[[goal]]\nid = \"sale\"\nevent = \"Order Completed\"\nvalue = \"revenue\"\n\
         [[goal]]\nid = \"back\"\nlabel = \"Came back\"\nwhen = 'visits >= 2'\nvalue = 2.5\n\
         [[segment]]\nid = \"b\"\nwhen = 'visits > 3'"
    ))
    .unwrap();
    let [sale, back] = &config.goals[..] else {
        panic!("two goals");
    };
    assert_eq!((&*sale.id, &*sale.label), ("sale", "Sale"));
    assert_eq!(back.value, Some(crate::effect::GoalValue::Fixed(2.5)));
    // What only goals ask comes last, and pages do not load it.
    let crate::effect::ReachedBy::Condition(program) = back.by else {
        panic!("a condition");
    };
    assert_eq!(program + 1, config.model.programs.len());
    assert!(config.page_model.programs.len() <= program);
    check(
        &format!(
            "{SITE}[[goal]]\nid = \"a\"\n[[goal]]\nid = \"b\"\nevent = \"\"\n\
             [[goal]]\nid = \"b\"\nevent = \"B\"\nwhen = 'visits > 1'\n\
             [[goal]]\nid = \"c\"\nevent = \"C\"\nvalue = -1\nworth = 1\n\
             [[goal]]\nid = \"d\"\nwhen = 'visit > 1'\nvalue = true"
        ),
        &[
            "3:1: [[goal]] has neither event nor when; say by what it is reached, such as event = \"Order Completed\"",
            "7:9: \"event\" is empty; write the event's name, such as event = \"Order Completed\"",
            "9:6: the id \"b\" is taken by goal 2; each goal needs an id of its own",
            "11:8: [[goal]] has an event and a when; leave out one of them; an event can be asked for in a when: 'events(\"Order Completed\") >= 1 && visits >= 2'",
            "15:9: \"value\" is -1; a value is between 0 and 1000000",
            "16:1: there is no field \"worth\" in [[goal]]; it may be id, label, event, when or value",
            "19:9: there is no name visit; did you mean visits?",
            "20:9: \"value\" is true; write a number, such as value = 25, or the name of the event's property that has it, such as value = \"revenue\"",
        ],
    );
    check(
        &format!(
            "{SITE}[[slot]]\nid = \"hero\"\ngoal = \"sales\"\n[[goal]]\nid = \"sale\"\nevent = \"A\"\n[[variant]]\nslot = \"hero\"\nid = \"a\"\nhtml = \"a\""
        ),
        &["5:8: there is no goal \"sales\"; did you mean \"sale\"?"],
    );
}

#[test]
fn funnels() {
    let goals =
        "[[goal]]\nid = \"basket\"\nevent = \"A\"\n[[goal]]\nid = \"sale\"\nevent = \"B\"\n";
    let config = Config::parse(&format!(
        "{SITE}[[funnel]]\nid = \"to-sale\"\nsteps = [\"basket\", \"sale\"]\n{goals}"
    ))
    .unwrap();
    let [funnel] = &config.funnels[..] else {
        panic!("one funnel");
    };
    assert_eq!((&*funnel.id, &*funnel.label), ("to-sale", "To sale"));
    assert_eq!(funnel.steps, ["basket", "sale"].map(Box::from));
    assert_eq!(config.rules().funnels[..], config.funnels[..]);
    check(
        &format!(
            "{SITE}{goals}[[funnel]]\nid = \"a\"\n[[funnel]]\nid = \"a\"\nsteps = [\"sales\", \"basket\", \"basket\"]\n\
             [[funnel]]\nid = \"b\"\nsteps = [\"sale\"]\nstep = 1"
        ),
        &[
            "9:1: [[funnel]] has no steps; name goals in their order, such as steps = [\"basket\", \"sale\"]",
            "12:6: the id \"a\" is taken by funnel 1; each funnel needs an id of its own",
            "13:10: there is no goal \"sales\"; did you mean \"sale\"?",
            "13:29: the goal \"basket\" is a step twice; each goal may be one step",
            "16:9: \"steps\" has 1; a funnel has 2 to 10 steps",
            "17:1: there is no field \"step\" in [[funnel]]; did you mean \"steps\"?",
        ],
    );
}
