//! Under which consent visitors came, today and on the days before. Of who denies everything nothing comes,
//! so that shares are of those whom the collector sees, and never of all who looked at a page.

use std::collections::BTreeMap;
use std::iter::Sum;

use firstglance_engine::model::Consent;
use maud::{Markup, html};

use super::super::HttpError;
use super::super::parts::{Cell, Column, Figure, Table, Tone, Value, notice};
use super::super::view::View;
use crate::store::counting::{Metric, Period};

/// Days before today that are looked at.
const BEFORE: u32 = 13;

/// Visitors of a day from whom on it says something of what is usual, and today something of today.
const ENOUGH_THEN: u64 = 20;
const ENOUGH_NOW: u64 = 50;

/// Days that must have had as many.
const ENOUGH_DAYS: usize = 3;

/// By how much the share must be less for it to be told, and by how many standard errors: by chance it
/// would be so once in thirty thousand days.
const LEAST_FALL: f64 = 0.05;
const LEAST_ERRORS: f64 = 4.0;

/// Visitors of a day by consent, in the order of [`Consent::ALL`]. Some servers say that it is denied; pages
/// send nothing then.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Day([u64; Consent::ALL.len()]);

impl Day {
    fn add(&mut self, consent: Consent, count: u64) {
        for (one, so_far) in Consent::ALL.iter().zip(&mut self.0) {
            if *one == consent {
                *so_far += count;
            }
        }
    }

    fn of(&self, consent: Consent) -> u64 {
        let mut all = Consent::ALL.iter().zip(self.0);
        all.find(|(one, _)| **one == consent)
            .map_or(0, |(_, count)| count)
    }

    fn all(&self) -> u64 {
        self.0.iter().sum()
    }

    /// The part that consents to everything.
    fn share(&self) -> Option<f64> {
        (self.all() > 0).then(|| self.of(Consent::Granted) as f64 / self.all() as f64)
    }
}

impl<'a> Sum<&'a Day> for Day {
    fn sum<I: Iterator<Item = &'a Self>>(days: I) -> Self {
        let mut sum = Self::default();
        for day in days {
            for consent in Consent::ALL {
                sum.add(consent, day.of(consent));
            }
        }
        sum
    }
}

/// See the module.
pub(super) struct Consents {
    today: Period,
    days: BTreeMap<u32, Day>,
}

/// How much less it is today.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Fall {
    now: f64,
    usual: f64,
    of: u64,
}

impl Consents {
    /// Reads what is counted.
    pub(super) async fn read(view: &View<'_>) -> Result<Self, HttpError> {
        let (first, today) = view.calendar().last_days(BEFORE + 1, view.now);
        let mut days: BTreeMap<u32, Day> = BTreeMap::new();
        let store = &view.app.store;
        for count in store.counts(Metric::Consents, first, today).await? {
            if let Some(consent) = count.name.as_deref().and_then(Consent::from_name) {
                days.entry(count.period.number)
                    .or_default()
                    .add(consent, count.count);
            }
        }
        Ok(Self { today, days })
    }

    fn now(&self) -> Day {
        self.days
            .get(&self.today.number)
            .copied()
            .unwrap_or_default()
    }

    fn before(&self) -> impl Iterator<Item = &Day> {
        let today = self.today.number;
        self.days
            .iter()
            .filter_map(move |(number, day)| (*number < today).then_some(day))
    }

    /// The share today, where any visitor's page said a consent.
    pub(super) fn figure(&self, view: &View<'_>) -> Option<Figure> {
        if self.days.is_empty() {
            return None;
        }
        let now = self.now();
        let usual = self.before().sum::<Day>().share();
        let of = format!(
            "{} {}",
            view.say("of", "van"),
            view.language.count(now.all())
        );
        let compared = match usual {
            Some(usual) => format!(
                "{of}; {} {}",
                view.language.share(usual),
                view.say("usual", "gebruikelijk")
            ),
            None => of,
        };
        Some(Figure {
            id: "consent",
            label: view.say("Full consent today", "Volledige toestemming vandaag").to_owned(),
            value: now.share().map_or(Value::Nothing, Value::Share),
            definition: view
                .say(
                    "Of the visitors today whose page said under which consent it sent, the part that consents to everything. Each counts once a day, under the furthest consent of the day; the usual share is that of the 13 days before. Of who denies everything nothing comes, so they are not in it; under \"session\" every page is somebody new. Days are as in charts.",
                    "Van de bezoekers vandaag van wie de pagina zei onder welke toestemming zij stuurde, het deel dat alles toestaat. Elk telt per dag één keer, onder de verstgaande toestemming van de dag; het gebruikelijke deel is dat van de 13 dagen ervoor. Van wie alles weigert komt niets, dus die zitten er niet in; onder \"session\" is elke pagina iemand nieuws. Dagen zijn zoals in grafieken.",
                )
                .to_owned(),
            compared: Some(compared),
            href: Some(self.behind(view, Consent::Granted)),
        })
    }

    /// Who was seen today and said this last.
    fn behind(&self, view: &View<'_>, consent: Consent) -> String {
        let since = view.calendar().start(self.today).to_string();
        view.profiles(&[("consent", consent.name()), ("seen_after", &since)])
    }

    /// That fewer consent than usual.
    pub(super) fn attention(&self, view: &View<'_>) -> Option<Markup> {
        let Fall { now, usual, of } = self.fall()?;
        let language = view.language;
        Some(notice(
            Tone::Warning,
            view.say(
                "Fewer visitors than usual consent to everything",
                "Minder bezoekers dan gebruikelijk staan alles toe",
            ),
            &html! {
                p {
                    (language.share(now)) " " (view.say("of today's", "van de")) " " (language.count(of)) " "
                    (view.say("visitors whose page said a consent, and usually", "bezoekers vandaag van wie de pagina een toestemming noemde, en gewoonlijk")) " "
                    (language.share(usual)) ". "
                    (view.say(
                        "Was the question for consent changed, or does it fail on some page? Of who denies everything nothing comes: see as well whether there are fewer visitors.",
                        "Is de vraag om toestemming veranderd, of mislukt die op een pagina? Van wie alles weigert komt niets: kijk ook of er minder bezoekers zijn.",
                    ))
                }
                p { a href=(self.behind(view, Consent::Segments)) { (view.say("See who allows segments only", "Zie wie alleen segmenten toestaat")) } }
            },
        ))
    }

    /// Whether today's share is clearly less than that of the days before: than of all of them together by
    /// more than chance, and than of each one.
    fn fall(&self) -> Option<Fall> {
        let now = self.now();
        let telling = self.before().filter(|day| day.all() >= ENOUGH_THEN);
        let telling: Vec<&Day> = telling.collect();
        if now.all() < ENOUGH_NOW || telling.len() < ENOUGH_DAYS {
            return None;
        }
        let share = now.share()?;
        let least = telling
            .iter()
            .filter_map(|day| day.share())
            .fold(1.0, f64::min);
        let before: Day = telling.iter().copied().sum();
        let usual = before.share()?;
        let both = [before, now].iter().sum::<Day>().share()?;
        let parts = 1.0 / now.all() as f64 + 1.0 / before.all() as f64;
        let error = (both * (1.0 - both) * parts).sqrt();
        let falls =
            share < least && usual - share >= LEAST_FALL && usual - share >= LEAST_ERRORS * error;
        falls.then_some(Fall {
            now: share,
            usual,
            of: now.all(),
        })
    }

    /// Day by day; nothing where no visitor's page said a consent.
    pub(super) fn table(&self, view: &View<'_>) -> Option<Table> {
        if self.days.is_empty() {
            return None;
        }
        let rows = self.days.iter().rev().map(|(number, day)| {
            let date = Period {
                number: *number,
                ..self.today
            };
            self.row(view, date, day)
        });
        let others = view.say(
            "Who came earlier cannot be listed by day: a profile tells when somebody was last seen.",
            "Wie eerder kwam kan niet per dag worden getoond: een profiel vertelt wanneer iemand het laatst is gezien.",
        );
        let column = |label: &'static str, meaning: &str| {
            Column::new(label).meaning(format!("{meaning} {others}"))
        };
        Some(Table {
            id: "consent",
            caption: view.say("Consent by day", "Toestemming per dag").to_owned(),
            columns: vec![
                Column::new(view.say("Day", "Dag")),
                Column::new(view.say("Full consent", "Volledige toestemming")).meaning(view.say(
                    "The part of the visitors whose page said a consent that consents to everything.",
                    "Het deel van de bezoekers van wie de pagina een toestemming noemde dat alles toestaat.",
                )),
                column(view.say("Everything", "Alles"), view.say(
                    "Visitors of the day whose furthest consent is to everything.",
                    "Bezoekers van de dag die hoogstens alles toestonden.",
                )),
                column(view.say("Segments only", "Alleen segmenten"), view.say(
                    "Visitors of the day whose furthest consent is to segments: only results leave their browser.",
                    "Bezoekers van de dag die hoogstens segmenten toestonden: alleen uitkomsten verlaten hun browser.",
                )),
                column(view.say("This session only", "Alleen deze sessie"), view.say(
                    "Visitors of the day who allow nothing to be kept: every page that they open is one more.",
                    "Bezoekers van de dag die niets laten bewaren: elke pagina die ze openen is er een meer.",
                )),
            ],
            rows: rows.collect(),
            empty: html! {},
        })
    }

    fn row(&self, view: &View<'_>, date: Period, day: &Day) -> Vec<Cell> {
        let count = |consent: Consent| {
            let count = day.of(consent);
            let cell = Cell::count(count);
            match date == self.today && count > 0 {
                true => cell.to(self.behind(view, consent)),
                false => cell,
            }
        };
        vec![
            Value::Day(date).into(),
            day.share().map_or(Value::Nothing, Value::Share).into(),
            count(Consent::Granted),
            count(Consent::Segments),
            count(Consent::Session),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::counting::Step;

    /// Of each day how many consent to everything, of how many.
    fn consents(days: &[(u32, u64, u64)]) -> Consents {
        let step = Step::Day;
        let days = days.iter().map(|(number, granted, all)| {
            let mut day = Day::default();
            day.add(Consent::Granted, *granted);
            day.add(Consent::Segments, all - granted);
            (*number, day)
        });
        Consents {
            today: Period { step, number: 100 },
            days: days.collect(),
        }
    }

    #[test]
    fn a_share_that_falls() {
        for (days, falls) in [
            // Clearly.
            (
                &[(97, 80, 100), (98, 90, 100), (99, 85, 100), (100, 50, 100)][..],
                true,
            ),
            // Nobody knows yet what is usual, nor what today is.
            (&[(98, 90, 100), (99, 85, 100), (100, 50, 100)], false),
            (
                &[(97, 80, 100), (98, 90, 100), (99, 85, 100), (100, 10, 40)],
                false,
            ),
            (
                &[(97, 8, 10), (98, 9, 10), (99, 8, 10), (100, 50, 100)],
                false,
            ),
            // There was such a day before.
            (
                &[(97, 49, 100), (98, 90, 100), (99, 95, 100), (100, 50, 100)],
                false,
            ),
            // By chance; by little, however sure that is; and up.
            (
                &[(97, 80, 100), (98, 90, 100), (99, 85, 100), (100, 75, 100)],
                false,
            ),
            (
                &[
                    (97, 84_000, 100_000),
                    (98, 84_000, 100_000),
                    (99, 84_000, 100_000),
                    (100, 80_000, 100_000),
                ],
                false,
            ),
            (
                &[(97, 50, 100), (98, 50, 100), (99, 50, 100), (100, 90, 100)],
                false,
            ),
            (&[(97, 80, 100), (98, 90, 100), (99, 85, 100)], false),
            (&[], false),
        ] {
            assert_eq!(consents(days).fall().is_some(), falls, "{days:?}");
        }
        let told = consents(&[(97, 80, 100), (98, 90, 100), (99, 85, 100), (100, 50, 100)]).fall();
        assert_eq!(
            told,
            Some(Fall {
                now: 0.5,
                usual: 0.85,
                of: 100
            })
        );
    }
}
