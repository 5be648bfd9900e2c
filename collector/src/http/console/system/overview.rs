//! Overview of the system: whether it takes messages, how many come and how fast, how large the store is
//! and how it grows. The last hour is sampled in memory; hours before are counted as messages arrive.

use std::collections::BTreeMap;

use firstglance_engine::Milliseconds;
use maud::{Markup, html};

use super::super::parts::{Cell, Chart, Column, Figure, Shape, Table, Tone, Value, empty, notice};
use super::super::view::View;
use super::super::{HttpError, Shown};
use super::Tab;
use crate::backup::Room;
use crate::http::apart;
use crate::openmetrics::{Steps, Within};
use crate::pulse::{Beat, Rate, Size};
use crate::store::counting::{Metric, Period};

/// Hours that the chart of messages has.
const HOURS: u32 = 48;

/// Over how much of the last time a rate is told.
const LATELY: Milliseconds = Milliseconds::from_minutes(5);

/// Days from whose growth it is told when the disk is full.
const GROWTH_DAYS: u32 = 28;

/// A disk with less room than this is told.
const LITTLE_ROOM: f64 = 0.1;

/// The page.
pub(in crate::http::console) async fn show(view: &View<'_>) -> Result<Shown, HttpError> {
    let app = view.app;
    let size = app.store.size().await;
    let lists = app.store.list_sizes().await?;
    let all = lists
        .iter()
        .find(|one| one.list == crate::store::listing::List::All);
    let visitors = all.map_or(0, |all| all.visitors);
    let beats = app.pulse.beats();
    let mut sizes = app.pulse.sizes();
    if let Ok(bytes) = size {
        let today = view.calendar().day(view.now);
        sizes.insert(today, Size { bytes, visitors });
    }
    let counted = app.metrics.text().map_err(|_| HttpError::Internal)?;
    let room = match app.backups.clone() {
        Some(backups) => apart(move || backups.room().ok()).await?,
        None => None,
    };
    let content = html! {
        (readiness(view, room))
        div class="figures" {
            @for figure in figures(view, &beats, &counted) { (figure.show(view)) }
            @for figure in sizes_now(view, size.ok(), visitors, &sizes, room) { (figure.show(view)) }
        }
        (by_hour(view).await?.show(view))
        div class="grid" {
            (last_hour(view, &beats).show(view))
            (size_by_day(view, &sizes).show(view))
        }
    };
    Ok(Tab::Overview.page(view, &content))
}

fn readiness(view: &View<'_>, room: Option<Room>) -> Markup {
    html! {
        @match view.app.store.ready() {
            Ok(()) => (notice(
                Tone::Good,
                view.say("Messages are taken in", "Berichten komen binnen"),
                &html! { (view.say("The store is ready: what is acknowledged is on disk.", "De opslag is klaar: wat bevestigd is staat op schijf.")) },
            )),
            Err(error) => (notice(
                Tone::Bad,
                view.say("Messages are not taken in", "Berichten komen niet binnen"),
                &html! {
                    p { (error) }
                    p { (view.say("Pages keep what they send and try again. Look at the disk and the log, then start the collector again.", "Pagina's bewaren wat ze sturen en proberen het opnieuw. Bekijk de schijf en het log, en start de collector dan opnieuw.")) }
                },
            )),
        }
        @if let Some(room) = room.filter(|room| share_free(*room) < LITTLE_ROOM) {
            (notice(
                Tone::Warning,
                view.say("The disk is nearly full", "De schijf is bijna vol"),
                &html! {
                    p {
                        (Value::Bytes(room.free).shown(view.language, view.zone())) " "
                        (view.say("are free. Nothing is lost, but nothing more is taken in once it is full.", "is vrij. Er gaat niets verloren, maar als hij vol is komt er niets meer binnen."))
                    }
                },
            ))
        }
    }
}

#[allow(clippy::cast_precision_loss)] // To some digits.
fn share_free(room: Room) -> f64 {
    room.free as f64 / room.all.max(1) as f64
}

fn figures(view: &View<'_>, beats: &[Beat], counted: &str) -> Vec<Figure> {
    let lately = lately(beats, LATELY);
    let since_start = view.app.metrics.messages();
    let flushes = Steps::by_label(counted, "firstglance_store_flush_seconds", "");
    let flush = flushes.get("").and_then(|steps| steps.within(0.95));
    let all = since_start.accepted + since_start.duplicate + since_start.refused;
    let share = |part: u64| match all {
        0 => None,
        #[allow(clippy::cast_precision_loss)] // A share.
        all => Some(format!(
            "{} {}",
            view.language.share(part as f64 / all as f64),
            view.say("of all that came", "van alles wat kwam")
        )),
    };
    let per_second = |rate: Rate| Value::Number(rate.a_second(rate.messages.accepted), 1);
    vec![
        Figure {
            id: "rate",
            label: view.say("Messages a second", "Berichten per seconde").to_owned(),
            value: lately.map_or(Value::Nothing, per_second),
            definition: view.say(
                "Messages that were new and are stored, for each second of the last five minutes; since the start where that is later.",
                "Berichten die nieuw waren en zijn opgeslagen, per seconde in de laatste vijf minuten; sinds de start als die later was.",
            ).to_owned(),
            compared: None,
            href: view.may(crate::token::Role::Read).then(|| view.link("live", &[])),
        },
        Figure {
            id: "duplicates",
            label: view.say("Duplicates", "Dubbele").to_owned(),
            value: Value::Count(since_start.duplicate),
            definition: view.say(
                "Messages that were known already, since the start of the process: pages send again what was not acknowledged in time. Each counts once.",
                "Berichten die al bekend waren, sinds het begin van het proces: pagina's sturen opnieuw wat niet op tijd bevestigd was. Elk telt één keer.",
            ).to_owned(),
            compared: share(since_start.duplicate),
            href: None,
        },
        Figure {
            id: "refused",
            label: view.say("Refused", "Geweigerd").to_owned(),
            value: Value::Count(since_start.refused),
            definition: view.say(
                "Messages that were refused, since the start of the process, those of robots among them.",
                "Berichten die zijn geweigerd, sinds het begin van het proces, ook die van robots.",
            ).to_owned(),
            compared: share(since_start.refused),
            href: Some(view.link(Tab::Refused.path(), &[])),
        },
        Figure {
            id: "flush",
            label: view.say("Until it is on disk", "Tot het op schijf staat").to_owned(),
            value: match flush {
                Some(Within::Step(seconds)) => Value::Text(format!("≤ {}", milliseconds(view, seconds))),
                Some(Within::Beyond(seconds)) => Value::Text(format!("> {}", milliseconds(view, seconds))),
                None => Value::Nothing,
            },
            definition: view.say(
                "In how much time 95% of the writes to the disk were done, since the start of the process. Nothing is acknowledged before.",
                "Binnen hoeveel tijd 95% van de schrijfacties naar de schijf klaar was, sinds het begin van het proces. Eerder wordt niets bevestigd.",
            ).to_owned(),
            compared: None,
            href: Some(view.link(Tab::Requests.path(), &[])),
        },
    ]
}

fn milliseconds(view: &View<'_>, seconds: f64) -> String {
    let time = seconds * 1_000.0;
    let decimals = if time < 1.0 {
        2
    } else {
        usize::from(time.fract() != 0.0)
    };
    format!("{} ms", view.language.number(time, decimals))
}

/// What came in the last so many minutes.
fn lately(beats: &[Beat], length: Milliseconds) -> Option<Rate> {
    let last = beats.last()?;
    let first = beats.iter().find(|one| last.at.since(one.at) <= length)?;
    Rate::between(first, last)
}

fn sizes_now(
    view: &View<'_>,
    size: Option<u64>,
    visitors: u64,
    sizes: &BTreeMap<Period, Size>,
    room: Option<Room>,
) -> Vec<Figure> {
    let growth = size.and_then(|size| growth_a_day(sizes, size, view.calendar().day(view.now)));
    let told = |bytes: u64| Value::Bytes(bytes).shown(view.language, view.zone());
    let mut figures = vec![
        Figure {
            id: "visitors",
            label: view.say("Visitors known", "Bekende bezoekers").to_owned(),
            value: Value::Count(visitors),
            definition: view.say(
                "All visitors of whom there is a profile at present.",
                "Alle bezoekers van wie er nu een profiel is.",
            ).to_owned(),
            compared: None,
            href: Some(view.profiles(&[])),
        },
        Figure {
            id: "size",
            label: view.say("Store", "Opslag").to_owned(),
            value: size.map_or(Value::Nothing, Value::Bytes),
            definition: view.say(
                "Bytes that the data of this site take on disk: messages, profiles, counts and logs. Growth is that of the days measured, of the last 28.",
                "Bytes die de gegevens van deze site op schijf innemen: berichten, profielen, tellingen en logs. De groei is die van de gemeten dagen, van de laatste 28.",
            ).to_owned(),
            compared: growth.map(|growth| match growth {
                0.. => format!("+{} {}", told(growth.unsigned_abs()), view.say("a day", "per dag")),
                _ => format!("−{} {}", told(growth.unsigned_abs()), view.say("a day", "per dag")),
            }),
            href: Some(view.link(Tab::Backup.path(), &[])),
        },
    ];
    if let Some(room) = room {
        let days = growth.filter(|growth| *growth > 0);
        let days = days.map(|growth| room.free / growth.unsigned_abs());
        figures.push(Figure {
            id: "free",
            label: view.say("Free on the disk", "Vrij op de schijf").to_owned(),
            value: Value::Bytes(room.free),
            definition: view.say(
                "Bytes that the collector may still write on the disk of its data. Full in so many days, if it goes on to grow like this and nothing else uses the disk.",
                "Bytes die de collector nog kan schrijven op de schijf van zijn gegevens. Vol over zo veel dagen, als het zo doorgroeit en niets anders de schijf gebruikt.",
            ).to_owned(),
            compared: days.map(|days| format!(
                "{} {} {}",
                view.say("full in", "vol over"),
                view.language.count(days),
                view.say("days", "dagen")
            )),
            href: None,
        });
    }
    figures
}

/// Bytes by which the store grows each day, from those measured lately to now.
fn growth_a_day(sizes: &BTreeMap<Period, Size>, now: u64, today: Period) -> Option<i64> {
    let earliest = today.number.saturating_sub(GROWTH_DAYS);
    let (first, size) = sizes.iter().find(|(day, _)| day.number >= earliest)?;
    let days = i64::from(today.number.checked_sub(first.number)?);
    let grown = i64::try_from(now).ok()? - i64::try_from(size.bytes).ok()?;
    (days > 0).then(|| grown / days)
}

/// Messages of each hour, by type.
async fn by_hour(view: &View<'_>) -> Result<Chart, HttpError> {
    let last = Period::hour(view.now);
    let first = last.minus(HOURS - 1);
    let counts = view.app.store.counts(Metric::Messages, first, last).await?;
    let mut kinds: BTreeMap<Option<Box<str>>, BTreeMap<u32, u64>> = BTreeMap::new();
    for count in counts {
        let hours = kinds.entry(count.name).or_default();
        *hours.entry(count.period.number).or_default() += count.count;
    }
    let mut columns = vec![Column::new(view.say("Hour", "Uur"))];
    // Those with a name first.
    let (others, named): (Vec<_>, Vec<_>) = kinds.into_iter().partition(|(name, _)| name.is_none());
    let kinds: Vec<_> = named.into_iter().chain(others).collect();
    columns.extend(kinds.iter().map(|(name, _)| match name {
        Some(name) => Column::new(&**name),
        None => Column::new(view.say("other", "andere")),
    }));
    let row = |number: u32| {
        let period = Period { number, ..last };
        let counts = kinds
            .iter()
            .map(|(_, hours)| Cell::count(hours.get(&number).copied().unwrap_or_default()));
        std::iter::once(Cell::from(Value::Moment(view.calendar().start(period))))
            .chain(counts)
            .collect()
    };
    let rows = (!kinds.is_empty()).then(|| (first.number..=last.number).map(row).collect());
    Ok(Chart {
        shape: Shape::Lines,
        definition: view.say(
            "Messages that were stored, by type and by the hour of their own time, of the last 48 hours.",
            "Berichten die zijn opgeslagen, per type en per uur van hun eigen tijd, van de laatste 48 uur.",
        ).to_owned(),
        table: Table {
            id: "messages",
            caption: view.say("Messages by hour", "Berichten per uur").to_owned(),
            columns,
            rows: rows.unwrap_or_default(),
            empty: empty(
                view.say("Nothing came in the last 48 hours", "In de laatste 48 uur kwam er niets"),
                &html! { p {
                    (view.say("Put the tag into a page and look at ", "Zet de tag in een pagina en kijk bij "))
                    a href=(view.link("live", &[])) { "Live" } "."
                } },
            ),
        },
    })
}

/// What came in each minute of the last hour.
fn last_hour(view: &View<'_>, beats: &[Beat]) -> Chart {
    const BEATS_OF_A_MINUTE: usize = 6;
    let ends: Vec<&Beat> = beats.iter().rev().step_by(BEATS_OF_A_MINUTE).collect();
    let mut rates: Vec<Rate> = ends
        .windows(2)
        .filter_map(|two| Rate::between(two[1], two[0]))
        .collect();
    rates.reverse();
    let rows = rates.iter().map(|rate| {
        let of = |count| Cell::from(Value::Number(rate.a_second(count), 2));
        vec![
            Cell::from(Value::Moment(rate.until)),
            of(rate.messages.accepted),
            of(rate.messages.duplicate),
            of(rate.messages.refused),
        ]
    });
    Chart {
        shape: Shape::Lines,
        definition: view.say(
            "Messages for each second, minute by minute, by what became of them, as the collector counted them; begins anew with each start.",
            "Berichten per seconde, minuut na minuut, naar wat ervan werd, zoals de collector ze telde; begint opnieuw bij elke start.",
        ).to_owned(),
        table: Table {
            id: "rate",
            caption: view.say("Messages a second, the last hour", "Berichten per seconde, het laatste uur").to_owned(),
            columns: vec![
                Column::new(view.say("Until", "Tot")),
                Column::new(view.say("Stored", "Opgeslagen")),
                Column::new(view.say("Duplicates", "Dubbele")),
                Column::new(view.say("Refused", "Geweigerd")),
            ],
            rows: rows.collect(),
            empty: empty(
                view.say("Nothing was sampled yet", "Er is nog niets gemeten"),
                &html! { p { (view.say("The collector samples from its start on: look again in two minutes.", "De collector meet vanaf zijn start: kijk over twee minuten nog eens.")) } },
            ),
        },
    }
}

/// How large the store was on each day.
fn size_by_day(view: &View<'_>, sizes: &BTreeMap<Period, Size>) -> Chart {
    #[allow(clippy::cast_precision_loss)] // To one decimal of a megabyte.
    let rows = sizes.iter().map(|(day, size)| {
        vec![
            Cell::from(Value::Day(*day)),
            Cell::from(Value::Number(size.bytes as f64 / 1e6, 1)),
        ]
    });
    Chart {
        shape: Shape::Lines,
        definition: view.say(
            "Megabytes that the data of this site took on disk, as last measured on each day.",
            "Megabytes die de gegevens van deze site op schijf innamen, zoals elke dag het laatst gemeten.",
        ).to_owned(),
        table: Table {
            id: "growth",
            caption: view.say("Size of the store by day", "Grootte van de opslag per dag").to_owned(),
            columns: vec![
                Column::new(view.say("Day", "Dag")),
                Column::new("MB"),
            ],
            rows: rows.collect(),
            empty: empty(
                view.say("Nothing was measured yet", "Er is nog niets gemeten"),
                &html! { p { (view.say("The size is measured each hour, and kept by day.", "De grootte wordt elk uur gemeten, en per dag bewaard.")) } },
            ),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Messages;
    use crate::store::counting::Step;

    fn at(seconds: u64) -> firstglance_engine::Timestamp {
        firstglance_engine::Timestamp::MIN.plus(Milliseconds(1_700_000_000_000 + seconds * 1_000))
    }

    #[test]
    fn the_rate_of_late() {
        let beat = |seconds, accepted| Beat {
            at: at(seconds),
            messages: Messages {
                accepted,
                ..Messages::default()
            },
        };
        assert_eq!(lately(&[], LATELY), None);
        assert_eq!(lately(&[beat(0, 9)], LATELY), None);
        let rate = lately(&[beat(0, 0), beat(100, 50), beat(400, 350)], LATELY).unwrap();
        assert_eq!((rate.from, rate.messages.accepted), (at(100), 300));
        assert!((rate.a_second(rate.messages.accepted) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn growth_is_of_days_that_were_measured() {
        let day = |number| Period {
            step: Step::Day,
            number,
        };
        let sizes = |of: &[(u32, u64)]| {
            let of = of.iter().map(|(days, bytes)| {
                (
                    day(*days),
                    Size {
                        bytes: *bytes,
                        visitors: 0,
                    },
                )
            });
            of.collect::<BTreeMap<_, _>>()
        };
        for (measured, now, today, expected) in [
            (&[][..], 100, 50, None),
            (&[(50, 90)], 100, 50, None),
            (&[(48, 90), (50, 95)], 100, 50, Some(5)),
            // What is older than the days that count says nothing.
            (&[(1, 0), (40, 200)], 100, 50, Some(-10)),
        ] {
            assert_eq!(growth_a_day(&sizes(measured), now, day(today)), expected);
        }
    }
}
