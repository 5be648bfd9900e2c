//! How a visitor's interests went: their stored messages folded once more, and looked at from the first
//! to the present at so many moments. Bounded: of whoever has more messages than are read, the later part.

use std::sync::Arc;

use firstglance_engine::interest::Interest;
use firstglance_engine::{Evaluation, Message, Milliseconds, Model, Profile, Timestamp, VisitorId};

use crate::http::apart;
use crate::http::console::HttpError;
use crate::http::console::parts::{Cell, Chart, Column, Shape, Table, Value, empty};
use crate::http::console::view::View;
use crate::store::{Source, TimelineEntry};
use maud::html;

/// Entries that are read, and browsers of the person they are read of.
const MOST: usize = 1_000;
const BROWSERS: usize = 4;

/// Moments that are looked at.
const MOMENTS: u64 = 14;

/// Topics that are shown: the strongest now.
const TOPICS: usize = 5;

/// The chart of a person's interests.
pub(super) async fn chart(
    view: &View<'_>,
    visitors: &[VisitorId],
    topics: &[Interest],
) -> Result<Chart, HttpError> {
    let topics = &topics[..topics.len().min(TOPICS)];
    let mut entries = Vec::new();
    if !topics.is_empty() {
        for visitor in visitors.iter().take(BROWSERS) {
            entries.extend(view.app.store.latest(visitor, MOST).await?);
        }
    }
    let ids: Vec<Box<str>> = topics.iter().map(|topic| topic.id.clone()).collect();
    let (model, now) = (view.app.model(), view.now);
    let work = move || course(messages(entries), &ids, &model, now);
    let rows = apart(work).await?;
    let labels = topics.iter().map(|topic| Column::new(&*topic.label));
    Ok(Chart {
        shape: Shape::Lines,
        definition: view.say(
            "How sure we were at each moment that the visitor was interested (0% to 100%): what was read, searched and clicked until then, with older evidence counting for less. Worked out anew from the stored events, with the interests of today's configuration.",
            "Hoe zeker we op elk moment waren dat de bezoeker geïnteresseerd was (0% tot 100%): wat tot dan toe gelezen, gezocht en aangeklikt was, waarbij ouder bewijs minder telt. Opnieuw berekend uit de opgeslagen gebeurtenissen, met de interesses van de huidige configuratie.",
        ).to_owned(),
        table: Table {
            id: "interests-course",
            caption: view.say("Course of interests", "Verloop van interesses").to_owned(),
            columns: std::iter::once(Column::new(view.say("Moment", "Moment"))).chain(labels).collect(),
            rows: rows
                .into_iter()
                .map(|(at, shares)| {
                    let shares = shares.into_iter().map(|share| Cell::from(Value::Share(share)));
                    std::iter::once(Cell::from(Value::Moment(at))).chain(shares).collect()
                })
                .collect(),
            empty: empty(
                view.say("No interests yet", "Nog geen interesses"),
                &html! { p { (view.say("They appear when the visitor reads, searches or clicks something that has a topic.", "Ze verschijnen als de bezoeker iets leest, zoekt of aanklikt dat een onderwerp heeft.")) } },
            ),
        },
    })
}

/// The messages among entries of several browsers, in the order of their time: the last ones, so that
/// nothing is missing of any browser from the first of them on.
fn messages(mut entries: Vec<TimelineEntry>) -> Vec<Message> {
    entries.sort_by_key(|entry| entry.position.timestamp);
    let surplus = entries.len().saturating_sub(MOST);
    let later = entries.drain(..).skip(surplus);
    let sent = later.filter(|entry| entry.source == Source::Sender);
    sent.filter_map(|entry| entry.message()).collect()
}

/// What messages came to, in the order of their time: at each moment how strong each interest was.
fn course(
    messages: Vec<Message>,
    topics: &[Box<str>],
    model: &Arc<Model>,
    now: Timestamp,
) -> Vec<(Timestamp, Vec<f64>)> {
    let Some(first) = messages.first().map(|message| message.timestamp) else {
        return Vec::new();
    };
    let mut profile = Profile::new();
    let mut left = messages.into_iter().peekable();
    moments(first, now)
        .map(|moment| {
            while let Some(message) = left.next_if(|message| message.timestamp <= moment) {
                profile.fold(&message, model);
            }
            let evaluation = Evaluation::of(&profile, model, moment);
            let share = |id: &str| {
                let mut all = evaluation.interests.iter();
                all.find(|interest| *interest.id == *id)
                    .map_or(0.0, |interest| interest.score)
            };
            (moment, topics.iter().map(|id| share(id)).collect())
        })
        .collect()
}

/// Moments from one to another, both included, as far apart as each other.
fn moments(first: Timestamp, last: Timestamp) -> impl Iterator<Item = Timestamp> {
    let whole = last.since(first).0;
    let count = MOMENTS.min(whole / 1_000 + 1);
    (0..=count).map(move |number| {
        first.plus(Milliseconds(
            whole / count * number + if number == count { whole % count } else { 0 },
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::console::story;
    use crate::store::Position;

    #[test]
    fn moments_reach_from_the_first_to_the_last() {
        let at = Timestamp::from_milliseconds;
        for (first, last) in [
            (0, 0),
            (5, 6),
            (0, 1_999),
            (7, 1_000_003),
            (0, 90 * 86_400_000),
        ] {
            let all: Vec<Timestamp> = moments(at(first), at(last)).collect();
            assert_eq!(all.first(), Some(&at(first)));
            assert_eq!(all.last(), Some(&at(last)));
            assert!(all.is_sorted());
            assert!(all.len() as u64 <= MOMENTS + 1);
        }
    }

    #[test]
    fn of_too_much_the_later_part_is_looked_at() {
        let entry = |number: usize, source| {
            TimelineEntry {
            position: Position {
                timestamp: Timestamp::from_milliseconds(number as i64),
                record: 0,
                index: 0,
            },
            received_at: Timestamp::MAX,
            message_id: format!("m{number}").into(),
            kind: "page".into(),
            source,
            raw: format!(r#"{{"messageId":"m{number}","anonymousId":"a","timestamp":"2026-01-02T03:04:05Z"}}"#).into(),
            consent: None,
                context: None,
        }
        };
        for count in [0, 1, MOST, MOST + 1, 2 * MOST] {
            // One browser after the other, and every tenth is no message.
            let (odd, even): (Vec<_>, Vec<_>) = (0..count)
                .map(|number| match number % 10 {
                    0 => entry(number, Source::Change),
                    _ => entry(number, Source::Sender),
                })
                .partition(|entry| entry.position.timestamp.as_milliseconds() % 2 == 1);
            let found = messages(odd.into_iter().chain(even).collect());
            let found: Vec<u64> = found
                .iter()
                .map(|message| message.timestamp.as_milliseconds())
                .collect();
            let expected = count.saturating_sub(MOST) as u64..count as u64;
            let expected: Vec<u64> = expected.filter(|number| number % 10 > 0).collect();
            assert_eq!(found, expected, "{count}");
        }
    }

    #[test]
    fn interest_grows_with_what_is_read_and_fades_afterwards() {
        let message = |minute: u32, event: &str| {
            let raw = format!(
                r#"{{"messageId":"m{minute}","anonymousId":"a","timestamp":"2026-01-02T03:{minute:02}:00Z",{event}}}"#
            );
            story::tests::read(&raw)
        };
        let messages = vec![
            message(
                0,
                r#""type":"page","properties":{"path":"/","topics":["Lamps"]}"#,
            ),
            message(
                5,
                r#""type":"track","event":"Site Searched","properties":{"query":"lamps"}"#,
            ),
            message(
                6,
                r#""type":"track","event":"Site Searched","properties":{"query":"lamps"}"#,
            ),
        ];
        let now = Timestamp::parse("2026-12-02T03:00:00Z").unwrap();
        let rows = course(messages, &["lamps".into()], &Arc::new(Model::new()), now);
        let shares: Vec<f64> = rows.iter().map(|(_, shares)| shares[0]).collect();
        let most = shares.iter().copied().fold(0.0, f64::max);
        assert!(most > 0.0, "{shares:?}");
        assert!(shares.last().is_some_and(|last| *last < most), "{shares:?}");
    }
}
