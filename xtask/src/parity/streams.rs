//! Streams of events for the parity proof, each event in both forms: as the page's script tells it
//! to the module, and as the message that the collector gets.

use firstglance_engine::Timestamp;
use serde_json::{Map, Value, json};

use crate::random::Random;

/// Paths as an address has them, and as the page decodes them.
const PATHS: [(&str, &str); 9] = [
    ("/", "/"),
    ("/e-bikes/kade-5/", "/e-bikes/kade-5/"),
    ("/e-bikes/", "/e-bikes/"),
    ("/crm/prijs", "/crm/prijs"),
    ("/kinderfietsen/pluk-16/", "/kinderfietsen/pluk-16/"),
    ("/caf%C3%A9/a+b", "/café/a+b"),
    ("/100%/x", "/100%/x"),
    ("/nl/blog/race-fietsen/7", "/nl/blog/race-fietsen/7"),
    ("/%F0%9F%9A%B2", "/\u{1f6b2}"),
];
const TEXTS: [&str; 16] = [
    "",
    "E-bikes",
    "Kinderfiets 24 inch",
    "CRM & <b>ERP</b> \"nu\"",
    "  accu vervangen  ",
    "é\u{301}\u{130}ß\u{fb01}",
    "\u{1f6b2} fiets \u{202e}omgekeerd",
    "crmsysteem kiezen",
    "10",
    "a",
    "Home",
    "kinderfeits",
    "Line\u{2028}separator",
    "\\ and /",
    "tab\there",
    "привет мир",
];
const HOSTS: [(&str, &str); 5] = [
    ("", ""),
    ("https://www.google.com/search?q=x", "www.google.com"),
    ("https://www.wielrijk.nl/", "www.wielrijk.nl"),
    ("http://user:secret@t.co:8080/x", "t.co"),
    ("android-app://com.google.android", "com.google.android"),
];
/// Queries as an address has them, and as the page decodes them: a line each.
const QUERIES: [(&str, &str); 8] = [
    ("", ""),
    ("", ""),
    (
        "utm_source=google&utm_medium=cpc&utm_term=e-bike",
        "utm_source=google\nutm_medium=cpc\nutm_term=e-bike",
    ),
    (
        "UTM_Source=Nieuws+brief&utm_campaign=caf%C3%A9",
        "UTM_Source=Nieuws brief\nutm_campaign=café",
    ),
    ("gclid=Cj0&fbclid=IwAR", "gclid=Cj0\nfbclid=IwAR"),
    (
        "utm_source=&utm_source=tweede&msclkid=%20",
        "utm_source=\nutm_source=tweede\nmsclkid=",
    ),
    ("q=fiets&page=2", "q=fiets\npage=2"),
    (
        "utm_content=100%&utm_id=a%3Db",
        "utm_content=100%\nutm_id=a=b",
    ),
];
const NAMED: [&str; 6] = [
    "Order Completed",
    "Plan Chosen",
    "Orders viewed",
    "é",
    "Segments Derived",
    "page viewed",
];
const AGENTS: [&str; 3] = [
    "",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X)",
    "Mozilla/5.0 (X11; Linux x86_64) Chrome/148.0",
];
/// Milliseconds between two events: of one visit, of the next, of another season; now and then the
/// clock goes back.
const GAPS: [i64; 12] = [
    0,
    7,
    1_000,
    20_000,
    59_999,
    60_000,
    1_799_999,
    1_800_001,
    86_400_000,
    1_209_600_000,
    7_776_000_000,
    -3_600_000,
];
const LAST: i64 = 4_102_444_799_999;

/// One event in both forms.
pub(super) struct Step {
    pub(super) at: i64,
    /// Arguments of `take_in`, but for names and values, which the page makes of `values`.
    pub(super) fields: Vec<String>,
    /// Properties or traits: the page compares them in the form of its `JSON.stringify`.
    pub(super) values: Map<String, Value>,
    pub(super) numbers: [u32; 5],
    pub(super) message: String,
}

/// What stays the same for some events.
pub(super) struct Visitor {
    at: i64,
    user: &'static str,
    agent: &'static str,
    count: u32,
}

impl Visitor {
    pub(super) fn new(random: &mut Random) -> Self {
        let starts = [
            1_795_000_000_000,
            1_795_000_000_000,
            1_795_000_000_000,
            0,
            4_070_000_000_000,
        ];
        Self {
            at: starts[random.place(starts.len())] + random.below(86_400_000) as i64,
            user: "",
            agent: pick(random, &AGENTS),
            count: 0,
        }
    }

    /// The next event.
    pub(super) fn step(&mut self, random: &mut Random) -> Step {
        let gap = match random.below(4) {
            0 => pick(random, &GAPS),
            _ => 1_000 + random.below(90_000) as i64,
        };
        self.at = (self.at + gap).clamp(0, LAST);
        self.count += 1;
        let (path, plain_path) = pick(random, &PATHS);
        let (query, parameters) = pick(random, &QUERIES);
        let (referrer, referrer_host) = pick(random, &HOSTS);
        let (href, target) = pick(random, &PATHS);
        let (title, said) = (text(random), text(random));
        let (topics, keywords) = (list(random), list(random));
        let mut properties = Map::new();
        let mut told = Told::default();
        let (kind, event) = match random.below(12) {
            0..=3 => ("page", ""),
            4..=6 => {
                told.numbers = engagement(random, &mut properties);
                ("track", "Page Engaged")
            }
            7 => {
                properties.insert("query".into(), json!(said));
                told.query = line(&said);
                (
                    "track",
                    pick(random, &["Site Searched", "Products Searched"]),
                )
            }
            8 => {
                properties.insert("text".into(), json!(said));
                properties.insert(
                    "href".into(),
                    json!(format!("https://www.wielrijk.nl{href}?x=1")),
                );
                (told.text, told.target) = (line(&said), target.into());
                ("track", pick(random, &["Link Clicked", "Button Clicked"]))
            }
            9 => ("track", "Form Submitted"),
            10 => {
                self.user = pick(random, &["klant-7", "klant-8"]);
                ("identify", "")
            }
            _ => ("track", pick(random, &NAMED)),
        };
        if kind != "identify" {
            for (name, all) in [("topics", &topics), ("keywords", &keywords)] {
                if !all.is_empty() {
                    properties.insert(name.into(), json!(all));
                }
            }
        }
        let has_lists = kind != "identify";
        let values = match (kind, random.below(3)) {
            ("identify", _) | ("track", 0) => values(random),
            _ => Map::new(),
        };
        properties.extend(values);
        let lines = |all: &[String]| match has_lists {
            true => {
                let lines: Vec<String> = all.iter().map(|one| line(one)).collect();
                lines.join("\n")
            }
            false => String::new(),
        };
        let fields = [
            kind,
            event,
            "www.wielrijk.nl",
            plain_path,
            &title,
            referrer_host,
            parameters,
            &lines(&topics),
            &lines(&keywords),
            "nl-NL",
            self.agent,
            &told.query,
            &told.text,
            &told.target,
            self.user,
        ];
        let fields = fields.map(str::to_owned).into();
        let mut message = json!({
            "type": kind,
            "messageId": format!("m{}", self.count),
            "anonymousId": "a",
            "timestamp": Timestamp::from_milliseconds(self.at).to_string(),
            "context": {
                "page": {
                    "url": format!("https://www.wielrijk.nl{path}?{query}#part"),
                    "title": title,
                    "referrer": referrer,
                },
                "locale": "nl-NL",
                "userAgent": self.agent,
                "library": {"name": "firstglance"},
            },
        });
        for (name, value) in [("event", event), ("userId", self.user)] {
            if !value.is_empty() {
                message[name] = json!(value);
            }
        }
        let own = if kind == "identify" {
            "traits"
        } else {
            "properties"
        };
        message[own] = Value::Object(properties.clone());
        Step {
            at: self.at,
            fields,
            values: properties,
            numbers: told.numbers,
            message: message.to_string(),
        }
    }
}

/// A text as the page's script gives it to the module.
fn line(text: &str) -> String {
    let text = text.trim().chars();
    text.map(|one| if one < ' ' { ' ' } else { one }).collect()
}

/// What an event tells the module besides what all tell.
#[derive(Default)]
struct Told {
    query: String,
    text: String,
    target: String,
    numbers: [u32; 5],
}

/// Reading: mostly as people read, now and then for weeks, and of pages without end.
fn engagement(random: &mut Random, properties: &mut Map<String, Value>) -> [u32; 5] {
    let absurd = random.below(8) == 0;
    let most: u64 = if absurd { 4_294_967_295 } else { 60_000 };
    let percent = if absurd { 256 } else { 101 };
    let mut below = |end: u64| u32::try_from(random.below(end)).unwrap_or(0);
    let numbers = [
        below(most),
        below(most),
        below(percent),
        below(percent),
        below(most / 20),
    ];
    let [active, before, scroll, scroll_before, words] = numbers;
    for (name, milliseconds) in [
        ("active_seconds", active),
        ("active_seconds_before", before),
    ] {
        properties.insert(name.into(), json!(f64::from(milliseconds) / 1_000.0));
    }
    for (name, number) in [
        ("scroll_percent", scroll),
        ("scroll_percent_before", scroll_before),
        ("words", words),
    ] {
        properties.insert(name.into(), json!(number));
    }
    numbers
}

fn values(random: &mut Random) -> Map<String, Value> {
    let mut all = Map::new();
    for name in ["city", "value", "plan", "age", "é"] {
        let value = match random.below(9) {
            0 => json!(text(random)),
            1 => json!(random.below(100_000)),
            2 => json!(random.below(100_000) as f64 / 100.0),
            3 => json!(-(random.below(1_000) as f64) / 3.0),
            4 => json!(random.below(2) == 0),
            5 => pick(
                random,
                &[
                    json!(1e21),
                    json!(1.5e300),
                    json!(1e-7),
                    json!(-0.0),
                    json!(123_456_789_012_345_680_000.0_f64),
                    json!(0.000_001),
                ],
            ),
            6 => Value::Null,
            7 => json!([1, {"nested": "no"}]),
            _ => continue,
        };
        all.insert(name.into(), value);
    }
    all
}

/// A text; seldom one that is as long as a message may be.
fn text(random: &mut Random) -> String {
    let one = pick(random, &TEXTS);
    match random.below(24) {
        0 => one.repeat(1 + random.place(120)),
        1 => format!("{one} {}", random.below(60)),
        _ => one.into(),
    }
}

/// Labels without control characters, as both ways see to it.
fn list(random: &mut Random) -> Vec<String> {
    let count = if random.below(2) == 0 {
        0
    } else {
        random.place(7)
    };
    (0..count)
        .map(|_| text(random).replace('\t', " "))
        .filter(|text| !text.is_empty())
        .collect()
}

fn pick<T: Clone>(random: &mut Random, all: &[T]) -> T {
    all[random.place(all.len())].clone()
}
