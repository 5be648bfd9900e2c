//! How far visitors come in funnels, and where they stop, by the segment in which they were when they
//! began.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::super::HttpError;
use super::super::parts::{Cell, Column, Span, Table, Value, empty};
use super::super::view::View;
use crate::effect::Goal;
use crate::journey::{Funnel, Step};
use crate::store::counting::{Metric, Sum};

/// Segments that are shown.
const MOST: usize = 30;

/// How many reached each step, from the first.
type Reached = Vec<u64>;

/// The part of the page.
pub(super) async fn show(view: &View<'_>, span: Span) -> Result<Markup, HttpError> {
    let (funnels, goals) = {
        let present = view.app.contents.present();
        (present.config.funnels.clone(), present.goals.clone())
    };
    let asked = view.parameter("funnel");
    let funnel = match &asked {
        Some(id) => funnels.iter().find(|funnel| *funnel.id == **id),
        None => funnels.first(),
    };
    let heading = html! { h2 id="funnels" { (view.say("Funnels", "Trechters")) } };
    let Some(funnel) = funnel else {
        let without = without(view, asked.as_deref(), &goals);
        return Ok(html! { (heading) div class="panel" { (without) } });
    };
    let counts = view
        .app
        .store
        .sums(vec![Metric::FunnelSteps], span.first, span.last)
        .await?;
    let reached = reached(counts, funnel);
    let labels: Vec<&str> = funnel
        .steps
        .iter()
        .map(|step| label_of(&goals, step))
        .collect();
    Ok(html! {
        (heading)
        nav class="choice" aria-label=(view.say("Funnel", "Trechter")) {
            @for one in &funnels {
                a href=(format!("{}#funnels", view.with("funnel", &one.id)))
                    aria-current=[(one.id == funnel.id).then_some("true")] { bdi { (one.label) } }
            }
        }
        (steps(view, funnel, &labels, reached.get(&None)).show(view))
        (segments(view, &labels, &reached).show(view))
    })
}

fn label_of<'a>(goals: &'a [Goal], id: &'a str) -> &'a str {
    let found = goals.iter().find(|goal| *goal.id == *id);
    found.map_or(id, |goal| &goal.label)
}

/// Who reached the steps of a funnel: of all, and by segment.
fn reached(counts: Vec<Sum>, funnel: &Funnel) -> BTreeMap<Option<Box<str>>, Reached> {
    let own = Funnel::counted_as(&funnel.steps);
    let mut reached: BTreeMap<Option<Box<str>>, Reached> = BTreeMap::new();
    for count in counts {
        let step = count.name.as_deref().and_then(Step::of_name);
        let Some(step) = step.filter(|step| step.funnel == own) else {
            continue;
        };
        let all = reached
            .entry(step.segment)
            .or_insert_with(|| vec![0; funnel.steps.len()]);
        if let Some(number) = all.get_mut(step.number) {
            *number += count.count;
        }
    }
    reached
}

fn share(part: u64, whole: u64) -> Value {
    match whole {
        0 => Value::Nothing,
        whole => Value::Share(part as f64 / whole as f64),
    }
}

fn steps(view: &View<'_>, funnel: &Funnel, labels: &[&str], reached: Option<&Reached>) -> Table {
    let all = reached.map(Vec::as_slice).unwrap_or_default();
    let first = all.first().copied().unwrap_or(0);
    let mut before = None;
    let rows = all
        .iter()
        .zip(labels)
        .enumerate()
        .map(|(place, (count, label))| {
            let of_before = before.replace(*count);
            let next = all.get(place + 1);
            vec![
                Cell::text(format!("{}. {label}", place + 1)),
                Cell::count(*count),
                Cell::from(share(*count, first)).with_bar(*count as f64 / first.max(1) as f64),
                of_before
                    .map_or(Value::Nothing, |before| share(*count, before))
                    .into(),
                next.map_or(Value::Nothing, |next| {
                    Value::Count(count.saturating_sub(*next))
                })
                .into(),
            ]
        });
    Table {
        id: "funnel",
        caption: funnel.label.to_string(),
        columns: vec![
            Column::new(view.say("Step", "Stap")),
            Column::new(view.say("Visitors", "Bezoekers")).meaning(view.without_list(
                "Visitors who reached the first step in this period, and of them those who reached this one at or after the step before it, until today. A visitor counts once: from the first time that they reached the first step.",
                "Bezoekers die in deze periode de eerste stap bereikten, en van hen degenen die deze stap op of na de vorige bereikten, tot vandaag. Een bezoeker telt één keer: vanaf de eerste keer dat die de eerste stap bereikte.",
            )),
            Column::new(view.say("Of the first", "Van de eerste")).meaning(view.say(
                "The share of those who began.",
                "Het aandeel van wie begon.",
            )),
            Column::new(view.say("Of the step before", "Van de vorige stap")).meaning(view.say(
                "The share of those who reached the step before it.",
                "Het aandeel van wie de vorige stap bereikte.",
            )),
            Column::new(view.say("Went no further", "Gingen niet verder")).meaning(view.say(
                "Visitors for whom this is the last step so far.",
                "Bezoekers voor wie dit tot nu toe de laatste stap is.",
            )),
        ],
        rows: rows.collect(),
        empty: empty(
            view.say("Nobody began this funnel in this period", "In deze periode begon niemand aan deze trechter"),
            &html! { p { (view.say(
                "As soon as a visitor reaches its first goal they stand here. Choose a longer period above, or look whether the event of the first goal comes in at Live.",
                "Zodra een bezoeker het eerste doel bereikt staat die hier. Kies hierboven een langere periode, of kijk bij Live of de gebeurtenis van het eerste doel binnenkomt.",
            )) } },
        ),
    }
}

fn segments(
    view: &View<'_>,
    labels: &[&str],
    reached: &BTreeMap<Option<Box<str>>, Reached>,
) -> Table {
    let names = view.names();
    let mut found: Vec<(&str, &Reached)> = reached
        .iter()
        .filter_map(|(segment, reached)| Some((segment.as_deref()?, reached)))
        .collect();
    found.sort_by(|(one, few), (other, many)| (many.first(), one).cmp(&(few.first(), other)));
    let rows = found.into_iter().take(MOST).map(|(segment, reached)| {
        let first = reached.first().copied().unwrap_or(0);
        let last = reached.last().copied().unwrap_or(0);
        let mut row = vec![
            Cell::text(names.called(segment)).to(view.profiles(&[("segment", segment)])),
            Cell::count(first),
        ];
        row.extend(reached.windows(2).map(|pair| {
            let stopped = pair[0].saturating_sub(pair[1]);
            let strength = stopped as f64 / pair[0].max(1) as f64;
            Cell::from(share(stopped, pair[0])).shaded(strength)
        }));
        row.push(Cell::from(share(last, first)).with_bar(last as f64 / first.max(1) as f64));
        row
    });
    let mut columns = vec![
        Column::new(view.say("Segment at the first step", "Segment bij de eerste stap")).meaning(
            view.say(
                "Segments in which visitors were when they reached the first step. Who was in several counts in each.",
                "Segmenten waarin bezoekers zaten toen ze de eerste stap bereikten. Wie in meerdere zat telt in elk.",
            ),
        ),
        Column::new(view.say("Began", "Begonnen")),
    ];
    columns.extend(
        labels
            .iter()
            .take(labels.len().saturating_sub(1))
            .enumerate()
            .map(|(place, label)| {
                let column = Column::new(format!(
                    "{} {label}",
                    view.say("Stopped after", "Gestopt na")
                ));
                match place {
                    0 => column.meaning(view.say(
                        "The share of those who reached the step and not the next one, so far.",
                        "Het aandeel van wie de stap bereikte en de volgende niet, tot nu toe.",
                    )),
                    _ => column,
                }
            }),
    );
    columns.push(
        Column::new(view.say("Came through", "Kwamen erdoor")).meaning(view.say(
            "The share of those who began and reached the last step.",
            "Het aandeel van wie begon en de laatste stap bereikte.",
        )),
    );
    Table {
        id: "funnel-segments",
        caption: view
            .say("Drop-off by segment", "Uitval per segment")
            .to_owned(),
        columns,
        rows: rows.collect(),
        empty: empty(
            view.say(
                "Nobody who began was in a segment",
                "Niemand die begon zat in een segment",
            ),
            &html! { p { (view.say(
                "Segments say who stops where. They are made on the page Segments.",
                "Segmenten laten zien wie waar stopt. Ze worden gemaakt op de pagina Segmenten.",
            )) } },
        ),
    }
}

fn without(view: &View<'_>, asked: Option<&str>, goals: &[Goal]) -> Markup {
    let title = match asked {
        Some(_) => view.say(
            "There is no funnel of this name",
            "Er is geen trechter met deze naam",
        ),
        None => view.say("There are no funnels yet", "Er zijn nog geen trechters"),
    };
    let steps: Vec<String> = goals
        .iter()
        .take(3)
        .map(|goal| format!("\"{}\"", goal.id))
        .collect();
    let steps = match steps.len() {
        0 | 1 => "\"basket\", \"sale\"".to_owned(),
        _ => steps.join(", "),
    };
    empty(
        title,
        &html! {
            p { (view.say(
                "A funnel is goals that are to be reached one after the other. Add one to firstglance.toml and reload the configuration:",
                "Een trechter bestaat uit doelen die na elkaar bereikt moeten worden. Zet er een in firstglance.toml en laad de configuratie opnieuw:",
            )) }
            pre { code { "[[funnel]]\nid = \"to-sale\"\nsteps = [" (steps) "]" } }
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_of_one_funnel() {
        let funnel = Funnel {
            id: "x".into(),
            label: "X".into(),
            steps: vec!["a".into(), "b".into()],
        };
        let own = Funnel::counted_as(&funnel.steps);
        let count = |funnel: &str, number, segment: Option<&str>, count| Sum {
            metric: Metric::FunnelSteps,
            name: Some(
                Step {
                    funnel: funnel.into(),
                    number,
                    segment: segment.map(Into::into),
                }
                .to_name()
                .into(),
            ),
            count,
        };
        let found = reached(
            vec![
                count(&own, 0, None, 7),
                count(&own, 1, None, 3),
                count(&own, 0, Some("s"), 4),
                // As another configuration had it.
                count("other", 0, None, 9),
                count(&own, 7, None, 9),
            ],
            &funnel,
        );
        assert_eq!(found.get(&None), Some(&vec![7, 3]));
        assert_eq!(found.get(&Some("s".into())), Some(&vec![4, 0]));
        assert_eq!(found.len(), 2);
    }
}
