//! What a message tells, in a sentence that people read: for timelines and for what arrives. What
//! somebody else wrote stays apart from what is ours, so that it can be shown as text of theirs. Knows no
//! store, and makes no markup of anything.

use std::sync::Arc;

use firstglance_engine::events::{self, property};
use firstglance_engine::history::ChangeKind;
use firstglance_engine::json::plain;
use firstglance_engine::{Message, MessageKind, Model, Properties, Timestamp};
use maud::{Markup, html};

use super::language::Language;
use crate::census::Census;
use crate::changes;
use crate::effect::Goal;

/// Longest text of somebody else's that is shown in a sentence, in characters.
const LONGEST: usize = 160;

/// Properties of an event that nobody knows which are told.
const MOST_PROPERTIES: usize = 3;

/// Traits that are told by name.
const MOST_TRAITS: usize = 4;

/// A sentence, in pieces.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Story {
    /// What kind of thing happened; one of a few words, for what it looks like.
    pub(super) kind: &'static str,
    pub(super) pieces: Vec<Piece>,
    /// The path of the page; empty where it happened on none.
    pub(super) path: String,
    /// What was read of a page, where that is what it tells.
    pub(super) reading: Option<Reading>,
}

/// What was read of a page.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Reading {
    milliseconds: f64,
    percent: f64,
}

impl Reading {
    /// What both come to, one after the other.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            milliseconds: self.milliseconds + other.milliseconds,
            percent: self.percent.max(other.percent),
        }
    }

    /// The sentence that says so.
    pub(super) fn tell(self, language: Language) -> Story {
        let time = language.duration((self.milliseconds / 1_000.0).round() as u64 * 1_000);
        let percent = format!("{:.0}%", self.percent);
        let template = language.say(
            "Read for {t}, down to {p}",
            "Las {t}, tot {p} van de pagina",
        );
        let template = template.replace("{t}", &time).replace("{p}", &percent);
        Story {
            reading: Some(self),
            ..Story::of("read", &template, &[])
        }
    }
}

/// A piece of a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Ours(String),
    Theirs(String),
}

/// By what names are told.
#[derive(Clone)]
pub(super) struct Names {
    pub(super) language: Language,
    pub(super) model: Arc<Model>,
    pub(super) goals: Arc<[Goal]>,
    pub(super) census: Arc<Census>,
}

impl Story {
    /// Of a message that cannot be read: its type.
    pub(super) fn unread(kind: &str) -> Self {
        Self::of("other", "{}", &[kind])
    }

    /// A sentence with `{}` wherever a text of somebody else stands.
    fn of(kind: &'static str, template: &str, texts: &[&str]) -> Self {
        let mut texts = texts.iter();
        let mut pieces = Vec::new();
        for (place, ours) in template.split("{}").enumerate() {
            if place > 0 {
                let text = texts.next().copied().unwrap_or_default();
                pieces.push(Piece::Theirs(shortened(text)));
            }
            if !ours.is_empty() {
                pieces.push(Piece::Ours(ours.to_owned()));
            }
        }
        Self {
            kind,
            pieces,
            path: String::new(),
            reading: None,
        }
    }

    /// The sentence as markup: each text of somebody else's in its own direction.
    pub(super) fn show(&self) -> Markup {
        html! {
            @for piece in &self.pieces {
                @match piece {
                    Piece::Ours(text) => (text),
                    Piece::Theirs(text) => bdi class="theirs" { (text) },
                }
            }
        }
    }

    /// The sentence as plain text.
    pub(super) fn plain(&self) -> String {
        let pieces = self.pieces.iter().map(|piece| match piece {
            Piece::Ours(text) | Piece::Theirs(text) => text.as_str(),
        });
        pieces.collect()
    }
}

/// A text of somebody else's, cut to what can be read at a glance.
pub(super) fn shortened(text: &str) -> String {
    let text = text.trim();
    let text = if text.is_empty() { "–" } else { text };
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// What a message tells that somebody sent.
pub(super) fn of_message(names: &Names, message: &Message) -> Story {
    let say = |english, dutch| names.language.say(english, dutch);
    let mut story = match &message.kind {
        MessageKind::Page { name, properties } => {
            let title = properties.text("title").filter(|title| !title.is_empty());
            let title = title.or(Some(&*message.context.page.title));
            let title = title.filter(|title| !title.is_empty()).or(name.as_deref());
            let path = message.path();
            Story::of(
                "page",
                say("Viewed {}", "Bekeek {}"),
                &[title.unwrap_or(&path)],
            )
        }
        MessageKind::Screen { name, .. } => Story::of(
            "page",
            say("Viewed the screen {}", "Bekeek het scherm {}"),
            &[name.as_deref().unwrap_or_default()],
        ),
        MessageKind::Track { event, properties } => track(names, event, properties),
        MessageKind::Identify { traits } => match told(traits, MOST_TRAITS) {
            text if text.is_empty() => {
                Story::of("identify", say("Was recognised", "Werd herkend"), &[])
            }
            text => Story::of(
                "identify",
                say("Gave their details: {}", "Gaf gegevens: {}"),
                &[&text],
            ),
        },
        MessageKind::Alias { previous_id } => Story::of(
            "identify",
            say(
                "Turned out to be the same person as {}",
                "Bleek dezelfde persoon te zijn als {}",
            ),
            &[previous_id],
        ),
        MessageKind::Group { group_id, .. } => Story::of(
            "identify",
            say("Belongs to the group {}", "Hoort bij de groep {}"),
            &[group_id],
        ),
    };
    let is_on_page = !matches!(
        message.kind,
        MessageKind::Identify { .. } | MessageKind::Alias { .. } | MessageKind::Group { .. }
    );
    if is_on_page {
        let path = message.path();
        if *path != *"/" || !message.context.page.url.is_empty() || story.kind == "page" {
            story.path = path.into_owned();
        }
    }
    story
}

/// What was done.
fn track(names: &Names, event: &str, properties: &Properties) -> Story {
    let say = |english, dutch| names.language.say(english, dutch);
    let text = |name| properties.text(name).unwrap_or_default();
    match event {
        events::PAGE_VIEWED => Story::of("page", say("Viewed a page", "Bekeek een pagina"), &[]),
        events::PAGE_ENGAGED => {
            let number = |name| properties.number(name).unwrap_or_default().max(0.0);
            let reading = Reading {
                milliseconds: number(property::ACTIVE_SECONDS) * 1_000.0,
                percent: number(property::SCROLL_PERCENT).min(100.0),
            };
            reading.tell(names.language)
        }
        events::LINK_CLICKED => Story::of(
            "click",
            say("Clicked the link {}", "Klikte op de link {}"),
            &[[text(property::TEXT), text(property::HREF)]
                .into_iter()
                .find(|text| !text.is_empty())
                .unwrap_or_default()],
        ),
        events::BUTTON_CLICKED => Story::of(
            "click",
            say("Clicked the button {}", "Klikte op de knop {}"),
            &[text(property::TEXT)],
        ),
        events::SITE_SEARCHED | events::PRODUCTS_SEARCHED => Story::of(
            "search",
            say("Searched for {}", "Zocht naar {}"),
            &[text(property::QUERY)],
        ),
        events::FORM_SUBMITTED => {
            let named = ["form_name", "name", "form_id", "id"].map(text);
            let name = named.into_iter().find(|name| !name.is_empty());
            match name {
                Some(name) => Story::of(
                    "form",
                    say("Sent the form {}", "Verstuurde het formulier {}"),
                    &[name],
                ),
                None => Story::of("form", say("Sent a form", "Verstuurde een formulier"), &[]),
            }
        }
        events::CONTENT_VIEWED | events::CONTENT_CLICKED => {
            let template = match (
                event == events::CONTENT_VIEWED,
                properties.get(property::CONTROL),
            ) {
                (true, Some(_)) => say(
                    "Saw the usual content in slot {}: held out of {}",
                    "Zag de gewone inhoud in slot {}: buiten {} gehouden",
                ),
                (true, None) => say(
                    "Saw in slot {} the variant {}",
                    "Zag in slot {} de variant {}",
                ),
                (false, _) => say(
                    "Clicked in slot {} on the variant {}",
                    "Klikte in slot {} op de variant {}",
                ),
            };
            let variant = text(property::VARIANT);
            let variant = if variant.is_empty() {
                say("the default", "de standaard")
            } else {
                variant
            };
            Story::of("content", template, &[text(property::SLOT), variant])
        }
        events::SEGMENTS_DERIVED => {
            let ids: Vec<&str> = properties.texts(property::SEGMENTS).collect();
            Story::of(
                "segment",
                say(
                    "Their browser worked out the segments {}",
                    "De browser leidde de segmenten {} af",
                ),
                &[&ids.join(", ")],
            )
        }
        other => match told(properties, MOST_PROPERTIES) {
            more if more.is_empty() => Story::of("other", "{}", &[other]),
            more => Story::of("other", "{} – {}", &[other, &more]),
        },
    }
}

/// Some properties, each with its name.
fn told(properties: &Properties, most: usize) -> String {
    let own = [
        property::PATH,
        property::TOPICS,
        property::KEYWORDS,
        property::WORDS,
        "url",
        "title",
        "referrer",
    ];
    let others = properties.iter().filter(|(name, _)| !own.contains(name));
    let told = others
        .take(most)
        .map(|(name, value)| match value.as_text() {
            Some(text) => format!("{name}: {text}"),
            None => format!("{name}: {}", plain(value)),
        });
    told.collect::<Vec<_>>().join(", ")
}

/// What a change tells that the store has put into a timeline.
pub(super) fn of_change(names: &Names, raw: &str, at: Timestamp) -> Option<Story> {
    let language = names.language;
    if let Some(reached) = changes::reached_of(raw, at) {
        let label = names.goals.iter().find(|goal| goal.id == reached.goal);
        let label = label.map_or(&*reached.goal, |goal| &*goal.label);
        let worth = language.number(reached.hundredths as f64 / 100.0, 2);
        return Some(match reached.hundredths {
            0 => Story::of(
                "goal",
                language.say("Reached the goal {}", "Bereikte het doel {}"),
                &[label],
            ),
            _ => Story::of(
                "goal",
                language.say(
                    "Reached the goal {}, worth {}",
                    "Bereikte het doel {}, waarde {}",
                ),
                &[label, &worth],
            ),
        });
    }
    Some(match changes::kind_of(raw)? {
        ChangeKind::Entered(id) => Story::of(
            "segment",
            language.say("Came into the segment {}", "Kwam in het segment {}"),
            &[&names.called(&id)],
        ),
        ChangeKind::Left(id) => Story::of(
            "segment",
            language.say("Left the segment {}", "Verliet het segment {}"),
            &[&names.called(&id)],
        ),
        ChangeKind::Stage { from, to } => Story::of(
            "stage",
            language.say("Went from stage {} to {}", "Ging van fase {} naar {}"),
            &[&from, &to],
        ),
    })
}

impl Names {
    /// What people call a segment or an interest: as the configuration has it, else as pages declare it.
    pub(super) fn called(&self, id: &str) -> Box<str> {
        let segment = self.model.segment(id).map(|segment| &segment.label);
        let interest = || self.model.interest(id).map(|interest| &interest.label);
        let label = segment.or_else(interest);
        label.map_or_else(|| self.census.label(id), Clone::clone)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use firstglance_engine::json::{Clock, SharedFields, read_message};

    use super::*;
    use crate::census::Topic;

    /// A message as it was sent.
    pub(in crate::http::console) fn read(raw: &str) -> Message {
        let clock = Clock {
            received_at: Timestamp::MAX,
            sent_at: None,
        };
        read_message(raw, None, &SharedFields::default(), clock).unwrap()
    }

    fn told(language: Language, raw: &str) -> (String, Vec<Piece>) {
        let names = Names {
            language,
            model: Arc::new(Model::new()),
            goals: Arc::new([]),
            census: Arc::default(),
        };
        let message = read(raw);
        let story = of_message(&names, &message);
        (story.plain(), story.pieces)
    }

    #[test]
    fn sentences() {
        for (message, english, dutch) in [
            (
                r#""type":"page","properties":{"title":"Lamps","path":"/lamps"}"#,
                "Viewed Lamps",
                "Bekeek Lamps",
            ),
            (
                r#""type":"page","properties":{"path":"/a/b"}"#,
                "Viewed /a/b",
                "Bekeek /a/b",
            ),
            (
                r#""type":"track","event":"Page Engaged","properties":{"active_seconds":24.4,"scroll_percent":80}"#,
                "Read for 24 s, down to 80%",
                "Las 24 s, tot 80% van de pagina",
            ),
            (
                r#""type":"track","event":"Site Searched","properties":{"query":"{}"}"#,
                "Searched for {}",
                "Zocht naar {}",
            ),
            (
                r#""type":"track","event":"Link Clicked","properties":{"href":"https://x.example/"}"#,
                "Clicked the link https://x.example/",
                "Klikte op de link https://x.example/",
            ),
            (
                r#""type":"track","event":"Plan Chosen","properties":{"plan":"Basis","topics":["x"]}"#,
                "Plan Chosen – plan: Basis",
                "Plan Chosen – plan: Basis",
            ),
            (
                r#""type":"identify","userId":"7","traits":{"email":"a@x.example"}"#,
                "Gave their details: email: a@x.example",
                "Gaf gegevens: email: a@x.example",
            ),
        ] {
            let raw = format!(
                r#"{{"messageId":"m","anonymousId":"a","timestamp":"2026-01-02T03:04:05Z",{message}}}"#
            );
            assert_eq!(told(Language::English, &raw).0, english);
            assert_eq!(told(Language::Dutch, &raw).0, dutch);
        }
    }

    #[test]
    fn names_are_the_configurations_else_the_pages() {
        let text = r#"
            site.write_key = "k"
            [[segment]]
            id = "ready"
            label = "Ready to buy"
            when = "visits >= 1"
            [[interest]]
            id = "helmets"
            label = "Helmets & co"
            terms = ["helmet"]
        "#;
        let config = crate::config::Config::parse(text).unwrap();
        let mut census = Census::default();
        for (id, label) in [("helmets", "helmets!"), ("e-bikes", "E-bikes")] {
            let topic = Topic {
                label: label.into(),
                ..Topic::default()
            };
            census.topics.insert(id.into(), topic);
        }
        let names = Names {
            language: Language::English,
            model: Arc::new(config.model),
            goals: Arc::new([]),
            census: Arc::new(census),
        };
        for (id, expected) in [
            ("ready", "Ready to buy"),
            ("helmets", "Helmets & co"),
            ("e-bikes", "E-bikes"),
            ("unknown", "unknown"),
        ] {
            assert_eq!(&*names.called(id), expected);
        }
    }

    #[test]
    fn what_others_wrote_stays_apart_and_short() {
        let title = format!("<b>{}", "x".repeat(10_000));
        let raw = format!(
            r#"{{"messageId":"m","anonymousId":"a","timestamp":"2026-01-02T03:04:05Z","type":"page","properties":{{"title":"{title}"}}}}"#
        );
        let (_, pieces) = told(Language::English, &raw);
        let [Piece::Ours(ours), Piece::Theirs(theirs)] = &pieces[..] else {
            panic!("{pieces:?}");
        };
        assert_eq!(ours, "Viewed ");
        assert_eq!(theirs.chars().count(), LONGEST + 1);
        let story = Story::of("page", "Viewed {}", &["<b>"]);
        assert_eq!(
            story.show().0,
            "Viewed <bdi class=\"theirs\">&lt;b&gt;</bdi>"
        );
    }
}
