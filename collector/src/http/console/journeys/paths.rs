//! Which ways lead to a goal: page groups of the visit in which it was reached.

use maud::{Markup, html};

use super::super::HttpError;
use super::super::parts::{Cell, Column, Span, Table, Value, empty, tip};
use super::super::view::View;
use super::sankey::{self, Flows, MOST_COLUMNS, Way, Words};
use crate::effect::Goal;
use crate::store::counting::{Metric, Sum};

/// Whole ways that are shown.
const MOST: usize = 15;

/// The part of the page.
pub(super) async fn show(view: &View<'_>, span: Span) -> Result<Markup, HttpError> {
    let goals = view.app.contents.present().goals.clone();
    let asked = view.parameter("goal");
    let goal = match &asked {
        Some(id) => goals.iter().find(|goal| *goal.id == **id),
        None => goals.first(),
    };
    let heading = html! {
        h2 id="ways" { (view.say("Ways to a goal", "Routes naar een doel")) }
    };
    let Some(goal) = goal else {
        return Ok(
            html! { (heading) div class="panel" { (without_goal(view, asked.as_deref())) } },
        );
    };
    let counts = view
        .app
        .store
        .sums(vec![Metric::GoalPaths], span.first, span.last)
        .await?;
    let (ways, others) = ways(counts, &goal.id);
    let count = |count| view.language.count(count);
    let title = format!(
        "{} {}",
        view.say("Ways to the goal", "Routes naar het doel"),
        goal.label
    );
    let words = Words {
        end: &goal.label,
        others: view.say("(other pages)", "(andere pagina's)"),
        title: &title,
        count: &count,
    };
    let flows = Flows::of(&ways);
    let definition = view.say(
        "How often the goal was reached, by the pages of the visit before it, in groups: the first part of a page's path. A page stands where it was last seen in the visit. The goal is on the right, what was seen just before it left of it, and so on.",
        "Hoe vaak het doel is bereikt, naar de pagina's van het bezoek ervoor, in groepen: het eerste deel van het pad van een pagina. Een pagina staat waar zij in het bezoek het laatst gezien is. Het doel staat rechts, wat vlak ervoor gezien is links daarvan, enzovoort.",
    );
    Ok(html! {
        (heading)
        (choose(view, &goals, goal))
        @if ways.is_empty() {
            (bands(view, &flows, &words).show(view))
        } @else {
            figure class="chart" id="chart-ways" {
                figcaption class="table-head" { h3 { bdi { (title) } " " (tip(view.language, "ways", &title, definition)) } }
                div class="sankey-scroll" tabindex="0" role="region" aria-label=(title) { (sankey::draw(&flows, &words)) }
                (bands(view, &flows, &words).folded(view))
            }
            (whole(view, &ways, others).show(view))
        }
    })
}

/// The ways to what has an id, those that most went first, and how often something was reached by ways
/// that had no room.
fn ways(counts: Vec<Sum>, id: &str) -> (Vec<Way>, u64) {
    let mut found: std::collections::BTreeMap<Box<str>, u64> = std::collections::BTreeMap::new();
    let mut others = 0;
    for count in counts {
        match count.name {
            Some(name) => *found.entry(name).or_default() += count.count,
            None => others += count.count,
        }
    }
    let ways = found.into_iter().filter_map(|(name, count)| {
        let mut groups = name.split('\n');
        if groups.next()? != id {
            return None;
        }
        let groups = groups.map(Into::into).collect();
        Some(Way { groups, count })
    });
    let mut ways: Vec<Way> = ways.collect();
    ways.sort_by(|one, other| (other.count, &one.groups).cmp(&(one.count, &other.groups)));
    (ways, others)
}

fn choose(view: &View<'_>, goals: &[Goal], present: &Goal) -> Markup {
    html! {
        nav class="choice" aria-label=(view.say("Goal", "Doel")) {
            @for goal in goals {
                a href=(format!("{}#ways", view.with("goal", &goal.id)))
                    aria-current=[(goal.id == present.id).then_some("true")] { bdi { (goal.label) } }
            }
        }
    }
}

fn without_goal(view: &View<'_>, asked: Option<&str>) -> Markup {
    let title = match asked {
        Some(_) => view.say(
            "There is no goal of this name",
            "Er is geen doel met deze naam",
        ),
        None => view.say("There are no goals yet", "Er zijn nog geen doelen"),
    };
    empty(
        title,
        &html! {
            p { (view.say(
                "A goal is what visitors are to do. Add one to firstglance.toml and reload the configuration:",
                "Een doel is wat bezoekers moeten doen. Zet er een in firstglance.toml en laad de configuratie opnieuw:",
            )) }
            pre { code { "[[goal]]\nid = \"sale\"\nevent = \"Order Completed\"\nvalue = \"revenue\"" } }
        },
    )
}

fn bands(view: &View<'_>, flows: &Flows, words: &Words<'_>) -> Table {
    let mut rows: Vec<_> = flows.bands.iter().collect();
    rows.sort_by(|((one, _), few), ((other, _), many)| {
        (one.column, *many).cmp(&(other.column, *few))
    });
    let rows = rows.into_iter().map(|((from, to), count)| {
        vec![
            Cell::text(words.name(from)),
            Cell::text(words.name(to)),
            Cell::count(from.column as u64),
            Cell::count(*count),
        ]
    });
    Table {
        id: "ways",
        caption: view
            .say("From page to page", "Van pagina naar pagina")
            .to_owned(),
        columns: vec![
            Column::new(view.say("From", "Van")),
            Column::new(view.say("To", "Naar")),
            Column::new(view.say("Steps before the goal", "Stappen voor het doel"))
                .meaning(view.without_list(
                "1 is what was seen last before the goal. At most five are shown.",
                "1 is wat het laatst voor het doel gezien is. Er worden er hooguit vijf getoond.",
            )),
            Column::new(view.say("Times", "Keer")),
        ],
        rows: rows.collect(),
        empty: empty(
            view.say(
                "The goal was not reached in this period",
                "Het doel is in deze periode niet bereikt",
            ),
            &html! { p { (view.say(
                "As soon as a visitor reaches it, the pages of that visit stand here. Choose a longer period above, or another goal.",
                "Zodra een bezoeker het bereikt, staan de pagina's van dat bezoek hier. Kies hierboven een langere periode, of een ander doel.",
            )) } },
        ),
    }
}

fn whole(view: &View<'_>, ways: &[Way], others: u64) -> Table {
    let total: u64 = ways.iter().map(|way| way.count).sum();
    let row = |name: Cell, count: u64| {
        let share = count as f64 / total.max(1) as f64;
        vec![
            name,
            Cell::count(count),
            Cell::from(Value::Share(share)).with_bar(share),
        ]
    };
    let mut rows: Vec<Vec<Cell>> = ways
        .iter()
        .take(MOST)
        .map(|way| {
            let name = match way.groups.is_empty() {
                true => view
                    .say("(no page was seen)", "(geen pagina gezien)")
                    .to_owned(),
                false => way.groups.join(" → "),
            };
            row(Cell::text(name), way.count)
        })
        .collect();
    let rest: u64 = ways.iter().skip(MOST).map(|way| way.count).sum();
    if rest > 0 {
        rows.push(row(
            Cell::text(view.say("(other ways)", "(andere routes)")),
            rest,
        ));
    }
    if others > 0 {
        let name = view.say(
            "(ways to any goal that were too many to be counted apart)",
            "(routes naar welk doel ook die te veel waren om apart te tellen)",
        );
        rows.push(vec![
            Cell::text(name),
            Cell::count(others),
            Value::Nothing.into(),
        ]);
    }
    Table {
        id: "whole-ways",
        caption: view.say("Whole ways", "Hele routes").to_owned(),
        columns: vec![
            Column::new(view.say("Way", "Route")).meaning(view.without_list(
                "Up to eight page groups of the visit before the goal, the last on the right.",
                "Tot acht paginagroepen van het bezoek voor het doel, de laatste rechts.",
            )),
            Column::new(view.say("Times", "Keer")),
            Column::new(view.say("Share", "Aandeel")),
        ],
        rows,
        empty: html! {},
    }
}

const _: () = assert!(MOST_COLUMNS == 5, "the definition in the table says five");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_of_one_goal() {
        let count = |name: Option<&str>, count| Sum {
            metric: Metric::GoalPaths,
            name: name.map(Into::into),
            count,
        };
        let counts = vec![
            count(Some("sale\n/a\n/b"), 5),
            count(Some("sale"), 9),
            count(Some("sales\n/a"), 7),
            count(None, 4),
        ];
        let (found, others) = ways(counts, "sale");
        let told: Vec<_> = found
            .iter()
            .map(|way| (way.groups.join(" "), way.count))
            .collect();
        assert_eq!(told, [(String::new(), 9), ("/a /b".to_owned(), 5)]);
        assert_eq!(others, 4);
    }
}
