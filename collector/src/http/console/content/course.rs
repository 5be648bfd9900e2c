//! How the lift of a slot came about: that of the visitors up to each of some days.

use maud::html;

use super::super::HttpError;
use super::super::parts::{Cell, Chart, Column, Shape, Span, Table, Value, empty};
use super::super::view::View;
use super::{bound, lift_of};
use crate::effect::posterior::Lift;
use crate::effect::{Arm, Counted, Goal, Results};
use crate::http::apart;
use crate::store::counting::{Count, Metric, Period};

/// Days that are shown at most: each is integrated anew, which takes a millisecond or some.
const MOST_DAYS: u32 = 10;

/// The chart.
pub(super) async fn chart(
    view: &View<'_>,
    counts: Vec<(Metric, Vec<Count>)>,
    id: &str,
    goal: Option<&Goal>,
    span: Span,
) -> Result<Chart, HttpError> {
    let has_goal = goal.is_some();
    let (id, goal) = (id.to_owned(), goal.map(|goal| goal.id.clone()));
    let known = apart(move || {
        let lifts = days(span).map(|day| {
            let results = Results::of(until(&counts, day), &id, goal.as_deref());
            let [shown, control] = [Arm::Variant, Arm::Control].map(|arm| results.of_arm(arm));
            (day, lift_of(&shown, &control, has_goal))
        });
        lifts.collect::<Vec<(Period, Option<Lift>)>>()
    })
    .await?;
    let known: Vec<(Period, Lift)> = known
        .into_iter()
        .filter_map(|(day, lift)| Some((day, lift?)))
        .collect();
    let rows = known.into_iter().map(|(day, lift)| {
        let share = |number| Cell::from(Value::Share(number));
        vec![
            Cell::from(Value::Day(day)),
            share(lift.estimate),
            share(lift.interval.low),
            share(lift.interval.high),
        ]
    });
    let column = |english, dutch| Column::new(view.say(english, dutch));
    Ok(Chart {
        shape: Shape::Bands,
        definition: view
            .say(
                "The lift among the visitors who first saw the slot from the first of these days up to each day, by what they have done until now. The band is where it lies with a probability of 95%, and narrows as more visitors come; the line also wanders by chance, so decide before you begin how long you look.",
                "Het effect onder de bezoekers die het slot voor het eerst zagen van de eerste van deze dagen tot en met elke dag, naar wat zij tot nu toe deden. De band is waar het met een kans van 95% ligt, en wordt smaller naarmate er meer bezoekers komen; de lijn dwaalt ook door toeval, dus beslis vooraf hoe lang u kijkt.",
            )
            .to_owned(),
        table: Table {
            id: "course",
            caption: view.say("Lift in the course of time", "Effect in de loop van de tijd").to_owned(),
            columns: vec![
                column("Until", "Tot en met"),
                column("Lift", "Effect"),
                column("At least", "Minstens").meaning(bound(view)),
                column("At most", "Hoogstens").meaning(bound(view)),
            ],
            rows: rows.collect(),
            empty: empty(
                view.say("No lift is known yet", "Er is nog geen effect bekend"),
                &html! { p { (view.say(
                    "There must be visitors who saw a variant, and others who were held out (control in the slot).",
                    "Er moeten bezoekers zijn die een variant zagen, en andere die in de controlegroep zaten (control in het slot).",
                )) } },
            ),
        },
    })
}

/// Some of the days, evenly, the last one among them.
fn days(span: Span) -> impl Iterator<Item = Period> {
    let step = span.days().div_ceil(MOST_DAYS).max(1);
    let last = span.last.number;
    span.each()
        .filter(move |day| (last - day.number).is_multiple_of(step))
}

/// What was counted up to a day.
pub(super) fn until(
    counts: &[(Metric, Vec<Count>)],
    day: Period,
) -> impl Iterator<Item = Counted<'_>> {
    counts.iter().flat_map(move |(metric, counts)| {
        let before = counts.iter().filter(move |count| count.period <= day);
        before.map(|count| (*metric, count.name.as_deref(), count.count))
    })
}
