//! What people read now: the pages on which visitors of the last half hour were last, and the topics that
//! these are about. Of visitors the latest are looked at; nobody of them is shown.

use std::collections::BTreeMap;

use firstglance_engine::profile::EntryKind;
use firstglance_engine::{Milliseconds, Profile, Timestamp};
use maud::{Markup, html};

use super::super::parts::{Cell, Column, Figure, Table, Value, empty};
use super::super::view::View;
use super::super::{HttpError, Shown};
use crate::store::listing::List;

/// Who was seen within this time is there now.
const NOW: Milliseconds = Milliseconds::from_minutes(5);

/// Who was seen within this time is in the table.
const LATELY: Milliseconds = Milliseconds::from_minutes(30);

/// Visitors that are looked at.
const MOST_VISITORS: usize = 1_000;

/// How many of them are read at once.
const AT_ONCE: usize = 100;

/// Rows that are shown.
const MOST_ROWS: usize = 20;

/// A page and the topic that it is about.
type Read = (Box<str>, Option<Box<str>>);

/// Visitors of the last half hour.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Latest {
    now: u64,
    /// Whether there may be more than were looked at.
    cut: bool,
    /// Visitors lately, and of them those who are there now.
    pages: BTreeMap<Read, (u64, u64)>,
}

impl Latest {
    /// Looks at them.
    pub(super) async fn read(view: &View<'_>) -> Result<Self, HttpError> {
        let mut latest = Self::default();
        let mut after = None;
        let mut looked = 0;
        loop {
            let all = vec![List::All];
            let found = view.app.store.list(all, after, AT_ONCE).await?;
            latest.take_in(found.iter().map(|listed| &listed.profile), view.now);
            looked += found.len();
            let whole = found.len() == AT_ONCE;
            let Some(last) = found.into_iter().next_back().filter(|_| whole) else {
                return Ok(latest);
            };
            if last.position.is_before(view.now.minus(LATELY)) {
                return Ok(latest);
            }
            if looked >= MOST_VISITORS {
                latest.cut = true;
                return Ok(latest);
            }
            after = Some(last.position);
        }
    }

    fn take_in<'p>(&mut self, profiles: impl Iterator<Item = &'p Profile>, now: Timestamp) {
        for profile in profiles {
            let age = now.since(profile.last_seen);
            if profile.last_seen > now || age > LATELY {
                continue;
            }
            let is_now = u64::from(age <= NOW);
            self.now += is_now;
            if let Some(read) = last_read(profile, now) {
                let (lately, present) = self.pages.entry(read).or_default();
                *lately += 1;
                *present += is_now;
            }
        }
    }

    /// How many visitors are there now.
    pub(super) fn figure(&self, view: &View<'_>) -> Figure {
        Figure {
            id: "now",
            label: view.say("Visitors now", "Bezoekers nu").to_owned(),
            value: Value::Count(self.now),
            definition: view
                .say(
                    "Visitors of whom something came in the last five minutes.",
                    "Bezoekers van wie in de afgelopen vijf minuten iets binnenkwam.",
                )
                .to_owned(),
            compared: self.cut.then(|| {
                view.say(
                    "Of the thousand seen last; there may be more",
                    "Van de duizend die het laatst gezien zijn; het kunnen er meer zijn",
                )
                .to_owned()
            }),
            href: Some(view.profiles(&[("seen_after", &view.now.minus(NOW).to_string())])),
        }
    }

    /// The table, which the page brings up to date by itself.
    pub(super) fn show(self, view: &View<'_>) -> Markup {
        let from = view.link("today/reading", &[]);
        html! {
            div id="reading" data-refresh hx-get=(from) hx-trigger="every 10s" hx-swap="outerHTML" hx-target="this" {
                (self.table(view).show_at(view, &view.link("today", &[])))
            }
        }
    }

    /// The same with the button that makes it stand still.
    pub(super) fn show_with_stop(self, view: &View<'_>) -> Markup {
        html! {
            div {
                (self.show(view))
                div class="stop" {
                    button type="button" data-stop hidden aria-pressed="false" {
                        (view.say("Pause updates", "Bijwerken pauzeren"))
                    }
                }
            }
        }
    }

    fn table(self, view: &View<'_>) -> Table {
        let mut pages: Vec<(Read, (u64, u64))> = self.pages.into_iter().collect();
        pages.sort_by(|(one, few), (other, many)| (many, one).cmp(&(few, other)));
        let most = pages.first().map_or(1, |(_, (lately, _))| *lately).max(1);
        let rows = pages.into_iter().take(MOST_ROWS);
        let rows = rows.map(|((path, topic), (lately, now))| {
            vec![
                Cell::text(path.clone()).to(view.link("live", &[("page", &path)])),
                topic
                    .map_or(Value::Nothing, |topic| Value::Text(topic.into()))
                    .into(),
                Cell::count(now),
                Cell::count(lately).with_bar(lately as f64 / most as f64),
            ]
        });
        Table {
            id: "reading",
            caption: view.say("What people read now", "Wat mensen nu lezen").to_owned(),
            columns: vec![
                Column::new(view.say("Page", "Pagina")).meaning(view.say(
                    "The page on which a visitor was last in the last half hour.",
                    "De pagina waar een bezoeker in het afgelopen half uur het laatst was.",
                )),
                Column::new(view.say("Topic", "Onderwerp")).meaning(view.say(
                    "What the page is about for them most: as configured, as the page declares, or by its path.",
                    "Waar de pagina voor hen vooral over gaat: zoals ingesteld, zoals de pagina zegt, of naar haar pad.",
                )),
                Column::new(view.say("Now", "Nu")).meaning(view.say(
                    "Visitors of whom something came in the last five minutes.",
                    "Bezoekers van wie in de afgelopen vijf minuten iets binnenkwam.",
                )),
                Column::new(view.say("Last 30 minutes", "Afgelopen 30 minuten")),
            ],
            rows: rows.collect(),
            empty: empty(
                view.say("Nobody was here in the last half hour", "In het afgelopen half uur was hier niemand"),
                &html! { p { (view.say(
                    "This brings itself up to date. To see events one by one as they come, open Live.",
                    "Dit werkt zichzelf bij. Om gebeurtenissen één voor één te zien binnenkomen, open Live.",
                )) } },
            ),
        }
    }
}

/// The page on which a visitor was last lately, and the topic for which it counted most.
fn last_read(profile: &Profile, now: Timestamp) -> Option<Read> {
    let pages = profile.entries.of(EntryKind::Page);
    let page = pages
        .filter(|page| page.last <= now && now.since(page.last) <= LATELY)
        .max_by_key(|page| page.last)?;
    let mut topic: Option<(f64, &str)> = None;
    for source in profile.entries.of(EntryKind::Source) {
        let mut parts = source.text.splitn(3, '\n');
        let (Some(id), Some("page"), Some(path)) = (parts.next(), parts.next(), parts.next())
        else {
            continue;
        };
        // A long path is kept by its beginning.
        if page.text.starts_with(path)
            && topic.is_none_or(|(evidence, _)| source.evidence > evidence)
        {
            topic = Some((source.evidence, id));
        }
    }
    let label = topic.map(|(_, id)| match profile.entries.find(EntryKind::Topic, id) {
        Some(entry) if !entry.value.is_empty() => entry.value.clone(),
        _ => id.into(),
    });
    Some((page.text.clone(), label))
}

/// What people read, for the page that asks again and again.
pub(in super::super) async fn part(view: &View<'_>) -> Result<Shown, HttpError> {
    let latest = Latest::read(view).await?;
    Ok(Shown::Part(html! {
        div hx-swap-oob="innerHTML:#now" { (latest.figure(view).show(view)) }
        (latest.show(view))
    }))
}

#[cfg(test)]
mod tests {
    use firstglance_engine::Model;
    use firstglance_engine::json::{Clock, SharedFields, read_message};

    use super::*;

    #[test]
    fn who_reads_what() {
        let now = Timestamp::parse("2026-11-24T12:00:00Z").unwrap();
        let visitor = |pages: &[(u64, &str, &str)]| {
            let mut profile = Profile::new();
            for (minutes, path, topic) in pages {
                let at = now.minus(Milliseconds::from_minutes(*minutes));
                let raw = format!(
                    r#"{{"type":"page","messageId":"m","anonymousId":"a","timestamp":"{at}","properties":{{"path":"{path}","topics":["{topic}"]}}}}"#
                );
                let clock = Clock {
                    received_at: Timestamp::MAX,
                    sent_at: None,
                };
                let message = read_message(&raw, None, &SharedFields::default(), clock).unwrap();
                profile.fold(&message, &Model::default());
            }
            profile
        };
        let all = [
            visitor(&[(40, "/", "Home"), (2, "/a/1", "E-bikes")]),
            visitor(&[(20, "/a/1", "E-bikes")]),
            visitor(&[(3, "/b", "Helmets"), (4, "/a/1", "E-bikes")]),
            visitor(&[(45, "/a/1", "E-bikes")]),
        ];
        let mut latest = Latest::default();
        latest.take_in(all.iter(), now);
        let read = |path: &str, topic: &str| (Box::from(path), Some(Box::from(topic)));
        let expected = [
            (read("/a/1", "E-bikes"), (2, 1)),
            (read("/b", "Helmets"), (1, 1)),
        ];
        assert_eq!(latest.now, 2);
        assert_eq!(latest.pages, BTreeMap::from(expected));
    }
}
