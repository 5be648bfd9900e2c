//! Counts against what is stored: after whatever was committed, joined, settled and erased, across
//! restarts and failures of the disk, and made anew.

use std::cell::RefCell;
use std::collections::BTreeSet;

use firstglance_engine::attribution::Attribution;
use firstglance_engine::json::{Clock, SharedFields, read_message};
use firstglance_engine::model::Consent;
use serde_json::Value;

use super::faults::{Failing, Leaves, copy_of};
use super::*;
use crate::clock;
use crate::effect::{Goal, GoalValue, ReachedBy};
use crate::store::counting::{Metric, Period, Step as Length};
use crate::store::embedded::batch::Batch;
use crate::store::embedded::verify::walk;
use crate::store::{Erasure, Ground};

/// When visits may begin, in seconds: some so near each other that what comes between makes them one,
/// and more of them than a profile tells apart.
const BEGINNINGS: [u32; 19] = [
    0, 3_000, 6_000, 20_000, 30_000, 32_500, 60_000, 90_000, 93_500, 120_000, 180_000, 210_000,
    250_000, 300_000, 400_000, 403_500, 500_000, 700_000, 1_100_000,
];

/// The clocks of Europe and America were set back in the fortnight before it.
const NOW: Timestamp = Timestamp::from_milliseconds(1_699_500_000_000);

/// Visitor, id, which of the beginnings, seconds after it.
type Said = (usize, u16, usize, u32);

fn at(said: &Said) -> Timestamp {
    NOW.minus(Milliseconds(1_150_000_000))
        .plus(Milliseconds(u64::from(BEGINNINGS[said.2] + said.3) * 1_000))
}

/// A message as it comes from outside. What it is follows from its id.
fn raw(said: &Said) -> String {
    let (visitor, id, ..) = *said;
    let common = format!(
        r#""messageId":"m{id}","anonymousId":"{}","timestamp":"{}""#,
        VISITORS[visitor],
        at(said)
    );
    let path = ["e-bikes", "bakfietsen", "helmen"][usize::from(id) % 3];
    let url = format!("https://h.example/{path}/{id}");
    match id % 7 {
        0 => format!(
            r#"{{"type":"page",{common},"properties":{{"topics":["E-bikes","Sport{}","E-Bikes"]}},"context":{{"page":{{"url":"{url}"}}}}}}"#,
            id % 4
        ),
        1 => format!(
            r#"{{"type":"page",{common},"context":{{"page":{{"url":"{url}?utm_source=s{}&utm_medium=email&utm_campaign=c{}"}}}}}}"#,
            id % 3,
            ["", "&utm_term=t"][usize::from(id) % 2]
        ),
        2 => format!(
            r#"{{"type":"page",{common},"context":{{"page":{{"url":"{url}","referrer":"https://www.google.com/"}}}}}}"#
        ),
        3 => format!(
            r#"{{"type":"track","event":"Page Engaged",{common},"properties":{{"path":"/{path}/{id}","active_seconds":{},"scroll_percent":100}}}}"#,
            f64::from(id) * 1.5
        ),
        4 => format!(r#"{{"type":"track","event":"Event {}",{common}}}"#, id % 4),
        5 => format!(r#"{{"type":"identify","userId":"u{}",{common}}}"#, id % 2),
        _ => format!(r#"{{"type":"alias","userId":"u0","previousId":"u1",{common}}}"#),
    }
}

fn read(raw: &str, received_at: Timestamp) -> Message {
    let clock = Clock {
        received_at,
        sent_at: None,
    };
    read_message(raw, None, &SharedFields::default(), clock).unwrap()
}

pub(super) fn commit_of(raw: impl IntoIterator<Item = String>, received_at: Timestamp) -> Commit {
    let messages = raw.into_iter().map(|raw| NewMessage {
        message: read(&raw, received_at),
        raw: raw.into(),
    });
    let messages: Vec<NewMessage> = messages.collect();
    // Which consent is said, if any, follows from nothing that is counted otherwise.
    let length: usize = messages.iter().map(|new| new.raw.len()).sum();
    Commit {
        received_at,
        consent: Consent::ALL.get(length % 6).copied(),
        context: None,
        messages,
        claim: None,
    }
}

/// By period, metric and name; under no name what had no place.
type Counts = BTreeMap<(Period, Metric, Option<String>), u64>;

fn counted(store: &Embedded) -> Counts {
    let mut counts = Counts::new();
    for (key, number) in counters_of(store) {
        let period = keys::period_of(&key).unwrap();
        let name = match keys::counted(&key).unwrap() {
            keys::Counted::Name(name) => Some(name.to_owned()),
            keys::Counted::OtherNames => None,
        };
        let metric = keys::metric_of(&key).unwrap();
        counts.insert((period, metric, name), number);
    }
    counts
}

/// The names of the origins that a change tells.
fn touches_of(message: &Value) -> Vec<String> {
    let touches = message["properties"]["touches"].as_array();
    let names = touches.into_iter().flatten().map(|touch| {
        let parts = ["referrer", "source", "medium", "campaign", "click_id"];
        let name = parts.map(|part| touch[part].as_str().unwrap_or_default());
        match touch["term"].as_str() {
            Some(term) => format!("{}\n{term}\n", name.join("\n")),
            None => name.join("\n"),
        }
    });
    names.collect()
}

/// What so many touches have in a goal that is worth [`WORTH`].
fn credited(touches: usize) -> Vec<(Metric, Vec<u64>)> {
    let mut all = Vec::new();
    for (is_value, amount) in [(false, 1_000_000), (true, WORTH)] {
        let metric = |model| match is_value {
            true => Metric::ValueByOrigin(model),
            false => Metric::GoalsByOrigin(model),
        };
        let equal = |count: u64, amount: u64| -> Vec<u64> {
            let parts = (0..count).map(|place| (amount + count - 1 - place) / count);
            parts.collect()
        };
        let count = touches as u64;
        let mut first = vec![0; touches];
        first[0] = amount;
        let last = first.iter().rev().copied().collect();
        let ends = amount * 2 / 5;
        let position = match count {
            1 | 2 => equal(count, amount),
            _ => [&[ends][..], &equal(count - 2, amount - 2 * ends), &[ends]].concat(),
        };
        all.push((metric(Attribution::First), first));
        all.push((metric(Attribution::Last), last));
        all.push((metric(Attribution::Linear), equal(count, amount)));
        all.push((metric(Attribution::Position), position));
    }
    all
}

/// A goal that two of the events reach.
fn rules() -> Rules {
    let goal = |event: &str| Goal {
        id: "sale".into(),
        label: "Sale".into(),
        by: ReachedBy::Event(event.into()),
        value: Some(GoalValue::Fixed(3.33)),
    };
    Rules {
        funnels: Arc::default(),
        model: Arc::new(Model::default()),
        goals: [goal("Event 1"), goal("Event 2")].into(),
    }
}

/// What it is worth, in hundredths.
const WORTH: u64 = 333;

fn period_of(store: &Embedded, step: Length, at: Timestamp) -> Period {
    match step {
        Length::Hour => Period::hour(at),
        Length::Day => day_of(store, at),
    }
}

/// What a visitor's timeline says, told without any of the code that counts.
fn meant_of(store: &Embedded, visitor: &VisitorId, counts: &mut Counts) {
    let timeline = runtime().block_on(store.timeline(visitor, None, 100_000));
    let counts = RefCell::new(counts);
    let add_many = |at: Timestamp, steps: &[Length], metric, name: &str, number: u64| {
        for step in steps {
            let period = period_of(store, *step, at);
            *counts
                .borrow_mut()
                .entry((period, metric, Some(name.to_owned())))
                .or_default() += number;
        }
    };
    let add = |at: Timestamp, steps: &[Length], metric, name: &str| {
        add_many(at, steps, metric, name, 1);
    };
    let day = &[Length::Day][..];
    let both = &Length::ALL[..];
    let mut times = Vec::new();
    // The earliest page view; of several at once the one whose path is first.
    let mut first: Option<(Timestamp, String, String)> = None;
    let mut reading = Vec::new();
    let mut consents: BTreeMap<Period, usize> = BTreeMap::new();
    let mut days: BTreeMap<u32, (u32, f64, BTreeSet<String>)> = BTreeMap::new();
    for entry in timeline.unwrap() {
        let message: Value = serde_json::from_str(&entry.raw).unwrap();
        let at = entry.position.timestamp;
        let event = message["event"].as_str().unwrap_or_default();
        let property = |name: &str| message["properties"][name].as_str().unwrap();
        if entry.message_id.starts_with("fg-") {
            let path = message["properties"]["path"].as_array();
            let path = path.into_iter().flatten();
            let path: String = path
                .map(|group| format!("\n{}", group.as_str().unwrap()))
                .collect();
            match event {
                "Segment Entered" => {
                    let segment = property("segment");
                    add(at, both, Metric::SegmentEntries, segment);
                    if !path.is_empty() {
                        add(at, day, Metric::SegmentPaths, &format!("{segment}{path}"));
                    }
                }
                "Segment Left" => add(at, both, Metric::SegmentExits, property("segment")),
                "Goal Reached" => {
                    let goal = property("goal");
                    add(at, day, Metric::GoalPaths, &format!("{goal}{path}"));
                    let mut names: Vec<String> = (touches_of(&message).into_iter())
                        .map(|origin| format!("{goal}\n{origin}"))
                        .collect();
                    if names.is_empty() {
                        names.push(goal.to_owned());
                    }
                    for (metric, parts) in credited(names.len()) {
                        for (name, part) in names.iter().zip(parts) {
                            if part > 0 {
                                add_many(at, day, metric, name, part);
                            }
                        }
                    }
                }
                _ => {
                    let to = property("to");
                    add(at, both, Metric::StageExits, property("from"));
                    add(at, both, Metric::StageEntries, to);
                    let first = touches_of(&message).into_iter().next();
                    let name = first.map_or(to.to_owned(), |first| format!("{to}\n{first}"));
                    add(at, day, Metric::StagesByOrigin, &name);
                }
            }
            continue;
        }
        times.push(at);
        if let Some(consent) = entry.consent {
            // The furthest is the first of all.
            let place = Consent::ALL.iter().position(|one| *one == consent).unwrap();
            let of_day = consents.entry(day_of(store, at)).or_insert(place);
            *of_day = place.min(*of_day);
        }
        let kind = message["type"].as_str().unwrap();
        add(at, both, Metric::Messages, kind);
        if kind == "track" {
            add(at, both, Metric::Events, event);
        }
        let (views, seconds, origins) = days.entry(day_of(store, at).number).or_default();
        if kind == "page" {
            *views += 1;
            let page = &message["context"]["page"];
            let url = page["url"].as_str().unwrap();
            let origin = match url.split_once("utm_source=") {
                Some((_, rest)) => {
                    let term = rest.split_once("utm_term=");
                    let term = term.map_or(String::new(), |(_, term)| format!("\n{term}\n"));
                    Some(format!("\n{}\nemail\nc\n{term}", &rest[..2]))
                }
                None => page
                    .get("referrer")
                    .map(|_| "google.com\n\n\n\n".to_owned()),
            };
            let (address, _) = url.split_once('?').unwrap_or((url, ""));
            let path = address.strip_prefix("https://h.example").unwrap();
            add(at, day, Metric::PageViews, path);
            let touch = origin.clone().unwrap_or("\n\n\n\n".to_owned());
            let this = (at, path.to_owned(), touch);
            first = Some(first.map_or(this.clone(), |first| first.min(this)));
            if let Some(origin) = origin {
                add(at, both, Metric::Arrivals, &origin);
                add(at, day, Metric::Landings, path);
                origins.insert(origin);
            }
            let topics = message["properties"]["topics"].as_array();
            let topics = topics.into_iter().flatten();
            let topics = topics.map(|topic| topic.as_str().unwrap().to_lowercase());
            for topic in topics.collect::<BTreeSet<_>>() {
                let name = format!("{path}\n{topic}");
                add(at, day, Metric::PageTopics, &name);
            }
        }
        let read = message["properties"]["active_seconds"]
            .as_f64()
            .unwrap_or(0.0);
        *seconds += read;
        if read > 0.0 {
            let path = message["properties"]["path"].as_str().unwrap();
            reading.push((at, path.to_owned(), (read * 1_000.0) as u64));
        }
    }
    for (period, place) in consents {
        let name = Consent::ALL[place].name();
        let key = (period, Metric::Consents, Some(name.to_owned()));
        *counts.borrow_mut().entry(key).or_default() += 1;
    }
    if let Some((at, _, origin)) = first {
        add(at, day, Metric::NewByOrigin, &origin);
    }
    for (day, (views, seconds, origins)) in days {
        let step = Length::Day;
        let period = Period { step, number: day };
        let add = |metric, origin: &str| {
            let key = (period, metric, Some(origin.to_owned()));
            *counts.borrow_mut().entry(key).or_default() += 1;
        };
        for origin in origins {
            add(Metric::ArrivedVisitors, &origin);
            if views >= 2 || seconds >= 10.0 {
                add(Metric::EngagedVisitors, &origin);
            }
        }
    }
    // The order of a timeline is that of time.
    for (place, at) in times.iter().enumerate() {
        let before = place.checked_sub(1).map(|place| times[place]);
        if before.is_none() {
            add(*at, both, Metric::NewVisitors, "");
        }
        if before.is_none_or(|before| at.since(before) > Milliseconds::from_minutes(30)) {
            add(*at, both, Metric::Sessions, "");
        }
        for step in both {
            if before.is_none_or(|before| {
                period_of(store, *step, before) != period_of(store, *step, *at)
            }) {
                add(*at, &[*step], Metric::Visitors, "");
            }
        }
    }
    // 1970 began on a Thursday.
    let week = |at: &Timestamp| (day_of(store, *at).number + 3) / 7;
    let weeks: BTreeSet<u32> = times.iter().map(week).collect();
    if let Some(first) = weeks.first() {
        let step = Length::Day;
        let number = first * 7 - 3;
        let monday = Period { step, number };
        for later in &weeks {
            let key = (monday, Metric::Returns, Some((later - first).to_string()));
            *counts.borrow_mut().entry(key).or_default() += 1;
        }
    }
    for (at, path, time) in reading {
        let period = day_of(store, at);
        let key = (period, Metric::PageTime, Some(path));
        *counts.borrow_mut().entry(key).or_default() += time;
    }
}

/// Tells where two counts differ.
pub(super) fn assert_same<K: Ord + std::fmt::Debug>(
    meant: &BTreeMap<K, u64>,
    counted: &BTreeMap<K, u64>,
) {
    let differing: Vec<_> = (meant.keys().chain(counted.keys()))
        .filter(|key| meant.get(key) != counted.get(key))
        .map(|key| (key, meant.get(key), counted.get(key)))
        .collect();
    assert!(differing.is_empty(), "meant and counted: {differing:#?}");
}

fn assert_counts(store: &Embedded) {
    let mut meant = Counts::new();
    for visitor in VISITORS {
        meant_of(store, &VisitorId::parse(visitor).unwrap(), &mut meant);
    }
    let counted = counted(store);
    assert_same(&meant, &counted);
    let sizes = runtime().block_on(store.list_sizes()).unwrap();
    let in_segments = sizes.iter().map(|size| match size.list {
        List::Segment(_) => size.visitors,
        List::Stage(_) | List::All => 0,
    });
    let total = |wanted: Metric| -> u64 {
        let counts = counted
            .iter()
            .filter(|((period, metric, _), _)| period.step == Length::Day && *metric == wanted);
        counts.map(|(_, count)| count).sum()
    };
    let moved = total(Metric::SegmentEntries) - total(Metric::SegmentExits);
    assert_eq!(moved, in_segments.sum::<u64>());
}

/// What verification says.
pub(super) fn findings(store: &Embedded, mode: Mode, now: Timestamp) -> Vec<Finding> {
    let fold = ProfileFold::new(Arc::new(Model::default()));
    let mut findings = Vec::new();
    let mut told = |finding: &Finding| findings.push(finding.clone());
    let by = (&fold, &store.calendar);
    walk(&store.tree(), by, (mode, now), &mut told, &mut |_| {}).unwrap();
    findings
}

#[derive(Clone, Debug)]
enum Step {
    Commit(Vec<Said>),
    Settle(u32),
    Erase(usize),
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    let said = (0..3_usize, 0..200_u16, 0..BEGINNINGS.len(), 0..1_700_u32);
    prop_oneof![
        8 => prop::collection::vec(said, 1..16).prop_map(Step::Commit),
        1 => (0..90_000_u32).prop_map(Step::Settle),
        1 => (0..3_usize).prop_map(Step::Erase),
        1 => Just(Step::Restart),
    ]
}

fn close(store: &Embedded) -> Result<(), StoreError> {
    runtime().block_on(store.close())
}

/// Does it, and says whether it was acknowledged.
fn ask(store: &Embedded, step: &Step) -> Result<(), StoreError> {
    let runtime = runtime();
    match step {
        Step::Commit(all) => {
            let commit = commit_of(all.iter().map(raw), NOW);
            runtime.block_on(store.commit(commit)).map(drop)
        }
        Step::Settle(seconds) => {
            let all = VISITORS.map(|one| VisitorId::parse(one).unwrap()).to_vec();
            let moment = NOW.minus(Milliseconds(u64::from(*seconds) * 1_000));
            runtime.block_on(store.settle(all, moment)).map(drop)
        }
        Step::Erase(visitor) => runtime.block_on(store.erase(erasure(*visitor))).map(drop),
        Step::Restart => Ok(()),
    }
}

/// Erased as of long ago, so that what is said of later is taken in.
fn erasure(visitor: usize) -> Erasure {
    Erasure {
        visitor: VisitorId::parse(VISITORS[visitor]).unwrap(),
        ground: Ground::Owner,
        now: NOW.minus(Milliseconds(1_150_000_001)),
    }
}

/// What had brought a visitor when a goal was reached stays what it is, whatever comes later, or late.
#[test]
fn a_goal_knows_what_was_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = patiently_by(folder.path(), &rules()).unwrap();
    let send = |raw: String| {
        let commit = commit_of([raw], NOW);
        runtime().block_on(store.commit(commit)).unwrap();
    };
    let at = |minutes: u64| NOW.minus(Milliseconds::from_minutes(10_000 - minutes));
    let common = |id: &str, minutes| {
        let at = at(minutes);
        format!(r#""messageId":"{id}","anonymousId":"a","timestamp":"{at}""#)
    };
    let page = |id: &str, minutes, query: &str, referrer: &str| {
        format!(
            r#"{{"type":"page",{},"context":{{"page":{{"url":"https://h.example/{query}","referrer":"{referrer}"}}}}}}"#,
            common(id, minutes)
        )
    };
    let goal = |id: &str, minutes| {
        format!(
            r#"{{"type":"track","event":"Event 1",{}}}"#,
            common(id, minutes)
        )
    };
    send(page("1", 100, "", ""));
    send(page("2", 200, "?utm_source=s&utm_term=t", ""));
    send(page("3", 210, "?utm_source=s&utm_term=t", ""));
    send(page("4", 300, "", "https://www.google.com/"));
    send(goal("5", 400));
    send(page("6", 500, "?utm_source=n", ""));
    send(goal("7", 600));
    // It comes late: of a time before all others, and before a goal that is told already.
    send(page("8", 50, "", "https://blog.example/"));
    send(goal("9", 150));
    let visitor = VisitorId::parse("a").unwrap();
    let timeline = runtime().block_on(store.timeline(&visitor, None, 100));
    let told = timeline.unwrap().into_iter().filter_map(|entry| {
        let message: Value = serde_json::from_str(&entry.raw).unwrap();
        (message["event"] == "Goal Reached").then(|| touches_of(&message))
    });
    let (none, term, google) = ("\n\n\n\n", "\ns\n\n\n\nt\n", "google.com\n\n\n\n");
    let (news, blog) = ("\nn\n\n\n", "blog.example\n\n\n\n");
    assert_eq!(
        told.collect::<Vec<_>>(),
        [
            vec![blog],
            vec![none, term, google],
            vec![none, term, google, news],
        ]
    );
    let before = counted(&store);
    let new: Vec<_> = (before.iter())
        .filter(|((_, metric, _), _)| *metric == Metric::NewByOrigin)
        .map(|((_, _, name), number)| (name.as_deref().unwrap(), *number))
        .collect();
    assert_eq!(new, [(blog, 1)]);
    assert_eq!(findings(&store, Mode::Look, NOW), []);
    recount::everything((&store.tree(), &store.calendar), NOW, &mut |_| {}).unwrap();
    assert_same(&before, &counted(&store));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn counts_are_what_messages_say(
        steps in prop::collection::vec(step(), 1..20),
        fails in 0..40_usize,
        whole in any::<bool>(),
        zone in prop::sample::select(&ZONES[..]),
        other in prop::sample::select(&ZONES[..]),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let mut data = folder.path().join("data");
        let leaves = if whole { Leaves::All } else { Leaves::Nothing };
        let disk = Arc::new(Failing::new(fails, leaves));
        let fold = ProfileFold::new(rules());
        let calendar = Calendar::of(&jiff::tz::db().get(zone).unwrap());
        let mut store = Embedded::open_on(&data, fold, Some(&calendar), disk).unwrap();
        let open = |data: &Path| patiently_by(data, &rules()).unwrap();
        for step in &steps {
            let acknowledged = ask(&store, step);
            if acknowledged.is_err() {
                // As a process that was killed leaves it; and the sender sends it again.
                let left = copy_of(&data, &folder.path().join("left"));
                let _ = close(&store);
                data = left;
                store = open(&data);
                assert_counts(&store);
                ask(&store, step).unwrap();
            } else if matches!(step, Step::Restart) && close(&store).is_ok() {
                drop(store);
                store = open(&data);
            }
            assert_counts(&store);
        }
        if close(&store).is_ok() {
            drop(store);
            store = open(&data);
        }
        prop_assert_eq!(findings(&store, Mode::Look, NOW), []);
        let before = counted(&store);
        recount::everything((&store.tree(), &store.calendar), NOW, &mut |_| {}).unwrap();
        prop_assert_eq!(counted(&store), before);
        prop_assert_eq!(findings(&store, Mode::Look, NOW), []);
        close(&store).unwrap();
        count_by(&store, other, NOW);
        drop(store);
        let store = open(&data);
        assert_counts(&store);
        prop_assert_eq!(findings(&store, Mode::Look, NOW), []);
        for visitor in 0..3 {
            ask(&store, &Step::Erase(visitor)).unwrap();
        }
        let left = store.tree().scan_prefix(keys::COUNTS).keys().map(Result::unwrap);
        let left: Vec<_> = left.filter(|key| *key != keys::LATEST).collect();
        prop_assert_eq!(left, Vec::<sled::IVec>::new());
    }
}

fn named(number: u32, at: Timestamp) -> String {
    format!(
        r#"{{"type":"track","event":"Event {number}","messageId":"m{number}","anonymousId":"a","timestamp":"{at}"}}"#
    )
}

/// Whatever anybody makes up, and however long: each is one of a kind.
fn made_up(metric: Metric, number: u32) -> String {
    let long = format!("{number}-{}", "x".repeat(500));
    let visitor = VISITORS[number as usize % 3];
    let common =
        format!(r#""messageId":"m{number}","anonymousId":"{visitor}","timestamp":"{NOW}""#);
    match metric {
        Metric::Events => format!(r#"{{"type":"track","event":"{long}",{common}}}"#),
        _ => format!(
            r#"{{"type":"page",{common},"context":{{"campaign":{{"name":"{long}","source":"{long}"}},"page":{{"url":"https://h.example/"}}}}}}"#
        ),
    }
}

#[test]
fn a_flood_of_names_counts_together() {
    for metric in [Metric::Events, Metric::Arrivals] {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path());
        let runtime = runtime();
        let room = metric.room().unwrap();
        let sent = 1_300;
        for first in (0..sent).step_by(100) {
            let flood = (first..first + 100).map(|number| made_up(metric, number));
            let commit = commit_of(flood, NOW);
            runtime.block_on(store.commit(commit)).unwrap();
        }
        for step in Length::ALL {
            let period = period_of(&store, step, NOW);
            let counts = runtime
                .block_on(store.counts(metric, period, period))
                .unwrap();
            let others = counts.iter().find(|count| count.name.is_none()).unwrap();
            assert_eq!(others.count, u64::from(sent) - room, "{metric:?}");
            assert_eq!(counts.len() as u64, room + 1);
        }
        // What is kept of the flood does not grow with it.
        let kept: usize = (store.tree().scan_prefix(keys::COUNTS).map(Result::unwrap))
            .map(|(key, value)| key.len() + value.len())
            .sum();
        let most = 2 * (room as usize + 40) * 400 + VISITORS.len() * 16 * 400;
        assert!(kept < most, "{metric:?}: {kept} bytes, of at most {most}");
        assert_eq!(findings(&store, Mode::Look, NOW), []);
        for visitor in 0..3 {
            ask(&store, &Step::Erase(visitor)).unwrap();
        }
        assert_eq!(counted(&store), Counts::new());
    }
}

#[test]
fn no_name_is_an_address() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let at = NOW;
    let messages = [
        format!(
            r#"{{"type":"track","event":"Mailed jo@example.nl","messageId":"m1","anonymousId":"a","timestamp":"{at}"}}"#
        ),
        format!(
            r#"{{"type":"page","messageId":"m2","anonymousId":"a","timestamp":"{at}","context":{{"page":{{"url":"https://h.example/?utm_source=jo%40example.nl&utm_campaign=c"}}}}}}"#
        ),
    ];
    let commit = commit_of(messages, NOW);
    runtime().block_on(store.commit(commit)).unwrap();
    let mut names = BTreeSet::new();
    for (_, metric, name) in counted(&store).into_keys() {
        if matches!(metric, Metric::Events | Metric::ArrivedVisitors) {
            names.insert(name.unwrap());
        }
    }
    let expected = ["\n@\n\nc\n", "Mailed @"].map(String::from);
    assert_eq!(names, BTreeSet::from(expected));
    assert_eq!(findings(&store, Mode::Look, NOW), []);
}

#[test]
fn what_is_older_than_is_kept_is_not_counted_and_goes() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let runtime = runtime();
    let days = |days| NOW.minus(Milliseconds::from_days(days));
    let old = [named(1, days(900)), named(2, days(20)), named(3, days(1))];
    let commit = commit_of(old, NOW);
    runtime.block_on(store.commit(commit)).unwrap();
    let count = |step| {
        let [first, last] = [days(1_000), NOW].map(|at| period_of(&store, step, at));
        let all = store.counts(Metric::Messages, first, last);
        let all = runtime.block_on(all).unwrap();
        all.iter().map(|count| count.count).sum::<u64>()
    };
    assert_eq!((count(Length::Hour), count(Length::Day)), (1, 2));
    let later = NOW.plus(Milliseconds::from_days(30));
    let commit = commit_of([named(4, NOW)], later);
    runtime.block_on(store.commit(commit)).unwrap();
    assert_eq!((count(Length::Hour), count(Length::Day)), (0, 3));
    assert_eq!(findings(&store, Mode::Look, later), []);
}

/// Of a visitor whose messages are gone in part nobody knows what they had added: it stays, and is
/// nothing that verification finds.
#[test]
fn what_was_counted_of_messages_that_are_gone_stays() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let said: Vec<Said> = (0..40).map(|id| (usize::from(id) % 2, id, 7, 60)).collect();
    for half in said.chunks(20) {
        let commit = commit_of(half.iter().map(raw), NOW);
        runtime().block_on(store.commit(commit)).unwrap();
    }
    let first = VisitorId::parse(VISITORS[0]).unwrap();
    let gone = store
        .tree()
        .scan_prefix(keys::messages(&first))
        .keys()
        .next();
    store.tree().remove(gone.unwrap().unwrap()).unwrap();
    let counts = |store: &Embedded| -> Vec<Finding> {
        let all = findings(store, Mode::Look, NOW).into_iter();
        all.filter(|finding| finding.kind == FindingKind::Count)
            .collect()
    };
    assert_eq!(counts(&store), []);
    ask(&store, &Step::Erase(0)).unwrap();
    assert_eq!(counts(&store), []);
    let day = day_of(&store, at(&said[0]));
    let messages = |store: &Embedded| -> u64 {
        let counted = counted(store).into_iter();
        let of_day = counted.filter(|((p, m, _), _)| (*p, *m) == (day, Metric::Messages));
        of_day.map(|(_, count)| count).sum()
    };
    let before = messages(&store);
    assert!(before > 20, "{before}");
    // What is too low is wrong all the same.
    let key = keys::counter(day, Metric::Messages, "track");
    store.tree().insert(&key, &1_u64.to_be_bytes()).unwrap();
    assert_eq!(counts(&store).len(), 1);
    let repaired = findings(&store, Mode::Repair, NOW);
    assert!(repaired.iter().any(|one| one.repaired), "{repaired:?}");
    assert_eq!(counts(&store), []);
}

#[test]
fn data_without_counts_get_them() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let now = clock::now();
    let runtime = runtime();
    let said = (0..12_u32).map(|id| {
        format!(
            r#"{{"type":"track","event":"Page Engaged","messageId":"m{id}","anonymousId":"a","timestamp":"{now}","properties":{{"path":"/e-bikes/{id}","active_seconds":240,"scroll_percent":100}}}}"#
        )
    });
    runtime
        .block_on(store.commit(commit_of(said, now)))
        .unwrap();
    let entered = keys::counter(day_of(&store, now), Metric::SegmentEntries, "e-bikes");
    assert!(counters_of(&store).contains_key(&entered));
    // Somebody sends what a change looks like: of what the visitor knows of another browser.
    let entry = runtime.block_on(store.timeline(&VisitorId::parse("a").unwrap(), None, 100));
    let mut change = entry.unwrap().into_iter();
    let change = change.rfind(|entry| entry.message_id.starts_with("fg-"));
    let forged = change
        .unwrap()
        .raw
        .replace(r#""anonymousId":"a""#, r#""anonymousId":"b""#);
    runtime
        .block_on(store.commit(commit_of([forged], now)))
        .unwrap();
    let before = counted(&store);
    let messages = |store: &Embedded| -> Vec<_> {
        let all = store.tree().scan_prefix(keys::MESSAGES);
        all.map(Result::unwrap).collect()
    };
    let marked = messages(&store);
    // As they were stored before there were counts.
    for (key, bytes) in &marked {
        let mut stored = record::MessageRecord::from_bytes(bytes).unwrap();
        for one in &mut stored.messages {
            if &*one.kind == crate::changes::STORED {
                one.kind = crate::changes::KIND.into();
            }
        }
        store.tree().insert(key, stored.to_bytes()).unwrap();
    }
    assert!(messages(&store) != marked);
    let disk = tempfile::tempfile().unwrap();
    for former in migration::FORMER {
        if former < &b"4"[..] {
            counters::clear(&store.tree(), keys::COUNTS).unwrap();
        }
        store.tree().insert(keys::VERSION, former).unwrap();
        migration::migrate(&store.tree(), former, &disk).unwrap();
        assert_eq!(counted(&store), before);
        assert!(messages(&store) == marked);
        assert_eq!(findings(&store, Mode::Look, now), []);
    }
    assert!(matches!(
        migration::migrate(&store.tree(), b"9", &disk),
        Err(EmbeddedError::Layout(version)) if version == "9"
    ));
    store.tree().insert(keys::VERSION, b"3").unwrap();
    close(&store).unwrap();
    drop(store);
    let store = open(folder.path());
    assert_eq!(counted(&store), before);
    assert_eq!(store.tree().get(keys::VERSION).unwrap().unwrap(), LAYOUT);
}

/// Data of the layout that counted origins without terms.
#[test]
fn data_without_terms_get_them() {
    let folder = tempfile::tempdir().unwrap();
    let store = patiently_by(folder.path(), &rules()).unwrap();
    let now = clock::now();
    let said = (0..70_u16).map(|id| {
        let said = (usize::from(id) % 3, id, 12, u32::from(id) * 20);
        let lately = now.minus(Milliseconds(u64::from(id) * 20_000));
        raw(&said).replace(&at(&said).to_string(), &lately.to_string())
    });
    let commit = commit_of(said, now);
    runtime().block_on(store.commit(commit)).unwrap();
    // Some of it is pending, and some is not.
    let tree = store.tree();
    let mut batch = Batch::default();
    counters::Latest::load(&tree)
        .unwrap()
        .settle(&tree, &store.calendar, &mut batch)
        .unwrap();
    batch.apply(&tree).unwrap();
    let before = counted(&store);
    let with_terms = |counts: &Counts| {
        let names = counts.keys().filter_map(|(_, _, name)| name.clone());
        names.filter(|name| name.contains("\nt\n")).count()
    };
    assert!(with_terms(&before) > 0);
    let coarse = |name: &str| name.split('\n').take(5).collect::<Vec<_>>().join("\n");
    for ((period, metric, name), number) in &before {
        let name = name.as_deref().unwrap();
        let own = keys::counter(*period, *metric, name);
        let by_origin = [
            Metric::Arrivals,
            Metric::ArrivedVisitors,
            Metric::EngagedVisitors,
        ];
        if Metric::OF_ORIGINS.contains(metric) {
            tree.remove(own).unwrap();
        } else if by_origin.contains(metric) && coarse(name) != name {
            tree.remove(own).unwrap();
            let key = keys::counter(*period, *metric, &coarse(name));
            let known = tree.get(&key).unwrap();
            let known = known.map_or(0, |bytes| counters::number(&bytes).unwrap());
            tree.insert(key, &(known + number).to_be_bytes()).unwrap();
        }
    }
    for entry in tree.scan_prefix(keys::DAYS) {
        let (key, bytes) = entry.unwrap();
        let day = days::Day::from_bytes(&bytes).unwrap();
        tree.insert(key, day.coarse(coarse).to_bytes()).unwrap();
    }
    assert_eq!(with_terms(&counted(&store)), 0);
    tree.insert(keys::VERSION, b"5").unwrap();
    let disk = tempfile::tempfile().unwrap();
    migration::migrate(&tree, b"5", &disk).unwrap();
    assert_same(&before, &counted(&store));
    assert_eq!(findings(&store, Mode::Look, now), []);
}

/// What was counted last stands by itself in one record; nobody waits for it to be repaired.
#[test]
fn messages_are_taken_in_though_what_was_counted_last_cannot_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let said = [(0, 0, 0, 1), (0, 7, 0, 2)];
    let send = |store: &Embedded, said: &Said| {
        let commit = commit_of([raw(said)], NOW);
        runtime().block_on(store.commit(commit)).unwrap();
    };
    send(&store, &said[0]);
    for damage in [&b"soon"[..], b"", &[255; 400]] {
        store.tree().insert(keys::LATEST, damage).unwrap();
    }
    runtime().block_on(store.close()).unwrap();
    drop(store);

    let store = open(folder.path());
    let runtime = runtime();
    let day = day_of(&store, at(&said[0]));
    let counted = || {
        let counts = runtime.block_on(store.counts(Metric::Messages, day, day));
        counts.unwrap().iter().map(|one| one.count).sum::<u64>()
    };
    assert_eq!(counted(), 0);
    send(&store, &said[1]);
    assert_eq!(counted(), 1);
    runtime.block_on(store.close()).unwrap();
    drop(store);

    // Verification knows better, and counts anew.
    let (_, findings) = verify::verified(folder.path(), Mode::Repair);
    assert!(
        findings.iter().all(|one| one.kind == FindingKind::Count),
        "{findings:?}"
    );
    assert!(!findings.is_empty());
    let (_, findings) = verify::verified(folder.path(), Mode::Look);
    assert_eq!(findings, []);
}

/// What is summed at once, over days that were read before and have changed since, against its parts.
#[test]
fn sums_are_those_of_their_days() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = runtime();
    let mut store = open(folder.path());
    let metrics = [
        Metric::Visitors,
        Metric::PageViews,
        Metric::ArrivedVisitors,
        Metric::NewByOrigin,
    ];
    let today = day_of(&store, NOW);
    let ago = |days: u32| Period {
        number: today.number - days,
        ..today
    };
    let agree = |store: &Embedded| {
        for (first, last) in [(60, 0), (60, 1), (31, 8), (7, 7), (3, 0)] {
            let (first, last) = (ago(first), ago(last));
            let mut parts: BTreeMap<(Metric, Option<Box<str>>), u64> = BTreeMap::new();
            for metric in metrics {
                for count in runtime.block_on(store.counts(metric, first, last)).unwrap() {
                    *parts.entry((metric, count.name)).or_default() += count.count;
                }
            }
            let sums = runtime.block_on(store.sums(metrics.to_vec(), first, last));
            let sums = sums.unwrap().into_iter();
            let sums = sums.map(|sum| ((sum.metric, sum.name), sum.count));
            let sums: BTreeMap<_, _> = sums.filter(|(_, count)| *count > 0).collect();
            parts.retain(|_, count| *count > 0);
            assert_eq!(sums, parts, "{first:?} {last:?}");
        }
    };
    let arrives = |number: u64| {
        let at = NOW.minus(Milliseconds::from_days(number * 23 % 61));
        format!(
            r#"{{"type":"page","messageId":"s{number}","anonymousId":"{}","timestamp":"{at}","context":{{"page":{{"url":"https://h.example/{}/?utm_source=s{}"}}}}}}"#,
            VISITORS[number as usize % 2],
            number % 7,
            number % 3,
        )
    };
    for number in 0..150 {
        let committed = runtime.block_on(store.commit(commit_of([arrives(number)], NOW)));
        committed.unwrap();
        if number % 10 < 3 {
            agree(&store);
        }
        if number == 100 {
            runtime.block_on(store.close()).unwrap();
            drop(store);
            store = open(folder.path());
        }
    }
    let views = |store: &Embedded| -> u64 {
        let sums = runtime.block_on(store.sums(vec![Metric::PageViews], ago(60), today));
        sums.unwrap().iter().map(|sum| sum.count).sum()
    };
    assert_eq!(views(&store), 150);
    let visitor = VisitorId::parse(VISITORS[0]).unwrap();
    let erasure = Erasure {
        visitor,
        now: NOW,
        ground: Ground::Owner,
    };
    runtime.block_on(store.erase(erasure)).unwrap();
    agree(&store);
    assert_eq!(views(&store), 75);
}
