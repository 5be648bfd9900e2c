//! Campaigns: what brings visitors, what becomes of them, and which of it has what part in the goals
//! that they reach. Counts of days are read and no visitor, so it takes the same however many there are.

mod figures;
mod models;
mod tables;

use firstglance_engine::attribution::Attribution;
use maud::{Markup, html};

use self::figures::{By, Figures, Wanted};
use super::parts::{Figure, Span, Tone, Value, empty, notice};
use super::view::View;
use super::{HttpError, Shown};
use crate::config::Stage;
use crate::effect::Goal;

/// Days that are shown where none are asked for.
const USUAL_DAYS: u32 = 28;

/// Days up to which the same time before is read as well, to compare with.
const COMPARED_DAYS: u32 = 90;

/// What the page is to show.
struct Asked {
    span: Span,
    by: By,
    model: Attribution,
    goal: Option<Goal>,
    goals: Vec<Goal>,
    /// Those of leads.
    stages: Vec<Stage>,
}

impl Asked {
    fn of(view: &View<'_>) -> Result<Self, HttpError> {
        let in_force = view.app.contents.present();
        let goals = in_force.goals.to_vec();
        let goal = view.parameter("goal").map(|id| {
            let found = goals.iter().find(|goal| *goal.id == *id);
            found.cloned().ok_or(HttpError::Query {
                name: "goal",
                detail: "\"goal\" must be the id of a goal that is configured".to_owned(),
            })
        });
        Ok(Self {
            span: Span::of(view, USUAL_DAYS)?,
            by: one_of(view, "by", By::ALL, By::name, By::Channel)?,
            model: one_of(
                view,
                "model",
                Attribution::ALL,
                Attribution::name,
                Attribution::Last,
            )?,
            goal: goal.transpose()?,
            goals,
            // Everybody begins in the first.
            stages: in_force.config.stages.iter().skip(1).cloned().collect(),
        })
    }

    fn wanted(&self, view: &View<'_>) -> Wanted {
        Wanted {
            by: self.by,
            brand: view.app.site.brand_terms.clone(),
            stages: self.stages.iter().map(|stage| stage.id.clone()).collect(),
            goal: self.goal.as_ref().map(|goal| goal.id.clone()),
        }
    }
}

/// What a parameter chooses.
fn one_of<T: Copy, const COUNT: usize>(
    view: &View<'_>,
    name: &'static str,
    all: [T; COUNT],
    name_of: fn(T) -> &'static str,
    usual: T,
) -> Result<T, HttpError> {
    let Some(text) = view.parameter(name) else {
        return Ok(usual);
    };
    let found = all.into_iter().find(|one| name_of(*one) == text);
    found.ok_or_else(|| HttpError::Query {
        name,
        detail: format!("{name:?} must be one of {}", all.map(name_of).join(", ")),
    })
}

/// The page.
pub(super) async fn show(view: &View<'_>) -> Result<Shown, HttpError> {
    let asked = Asked::of(view)?;
    let figures = Figures::read(view.app, asked.span, asked.wanted(view)).await?;
    let before = match asked.span.days() <= COMPARED_DAYS {
        true => Some(Figures::read(view.app, asked.span.before(), asked.wanted(view)).await?),
        false => None,
    };
    let content = html! {
        (asked.span.picker(view))
        @if figures.total.is_empty() {
            (nothing(view))
        } @else {
            (totals(view, &asked, &figures, before.as_ref()))
            (tables::days(view, asked.span, &figures))
            (dimensions(view, &asked))
            (tables::origins(view, &asked, &figures))
            (attribution(view, &asked, &figures))
            (brand(view, &asked, &figures))
        }
    };
    let title = view.say("Campaigns", "Campagnes").to_owned();
    Ok(Shown::Page(title, content))
}

/// What stands there before anything was counted.
fn nothing(view: &View<'_>) -> Markup {
    let address =
        "https://www.example.com/?utm_source=newsletter&utm_medium=email&utm_campaign=spring";
    empty(
        view.say(
            "Nobody was brought to the site in these days",
            "In deze dagen is niemand naar de site gebracht",
        ),
        &html! {
            p { (view.say(
                "A visit counts here when another site, an advertisement or a link with UTM parameters led to it. Give the links in your newsletters, posts and advertisements such parameters:",
                "Een bezoek telt hier als een andere site, een advertentie of een link met UTM-parameters ernaartoe leidde. Geef de links in je nieuwsbrieven, berichten en advertenties zulke parameters:",
            )) }
            p { code { (address) } }
            p { a href=(view.link("live", &[])) { (view.say(
                "See on the page Live whether visits arrive at all",
                "Kijk op de pagina Live of er bezoeken binnenkomen",
            )) } }
        },
    )
}

/// The numbers at the top.
fn totals(view: &View<'_>, asked: &Asked, figures: &Figures, before: Option<&Figures>) -> Markup {
    let (now, then) = (&figures.total, before.map(|before| &before.total));
    let compared = |number: u64, then: Option<u64>| compared(view, number, then);
    let model = asked.model;
    let engaged = (now.engaged as f64) / (now.visitors as f64);
    let since = view.calendar().start(asked.span.first).to_string();
    let behind = |when: &str| Some(view.profiles(&[(when, &since)]));
    let shown = [
        Figure {
            id: "visitors",
            label: view
                .say("Visitors brought", "Gebrachte bezoekers")
                .to_owned(),
            value: Value::Count(now.visitors),
            definition: tables::meaning_of_visitors(view).to_owned(),
            compared: compared(now.visitors, then.map(|then| then.visitors)),
            href: behind("brought_after"),
        },
        Figure {
            id: "engaged",
            label: view.say("Engaged", "Betrokken").to_owned(),
            value: match now.visitors {
                0 => Value::Nothing,
                _ => Value::Share(engaged),
            },
            definition: tables::meaning_of_engaged(view).to_owned(),
            compared: None,
            href: None,
        },
        Figure {
            id: "prospects",
            label: view.say("New prospects", "Nieuwe prospects").to_owned(),
            value: Value::Count(now.prospects),
            definition: tables::meaning_of_prospects(view).to_owned(),
            compared: compared(now.prospects, then.map(|then| then.prospects)),
            href: behind("first_seen_after"),
        },
        Figure {
            id: "goals",
            label: goal_label(view, asked),
            value: tables::goals(now.goals_by(model)),
            definition: tables::meaning_of_goals(view).to_owned(),
            compared: compared(now.goals_by(model), then.map(|then| then.goals_by(model))),
            href: None,
        },
        Figure {
            id: "value",
            label: view.say("Value", "Waarde").to_owned(),
            value: tables::money(now.value_by(model)),
            definition: tables::meaning_of_value(view).to_owned(),
            compared: compared(now.value_by(model), then.map(|then| then.value_by(model))),
            href: None,
        },
    ];
    html! { div class="figures" { @for figure in &shown { (figure.show(view)) } } }
}

fn goal_label(view: &View<'_>, asked: &Asked) -> String {
    match &asked.goal {
        Some(goal) => goal.label.to_string(),
        None => view.say("Goals reached", "Bereikte doelen").to_owned(),
    }
}

/// From so much more on, it is told how many times as much it is.
const MOST_TOLD: f64 = 3.0;

/// By how much a number is more or less than in the same time before.
fn compared(view: &View<'_>, number: u64, then: Option<u64>) -> Option<String> {
    let then = then.filter(|then| *then > 0)?;
    let share = number as f64 / then as f64 - 1.0;
    let amount = view.language.share(share.abs());
    Some(match share {
        share if share >= MOST_TOLD => {
            let times = view.language.number(share + 1.0, 0);
            let words = view.say("times as much as before", "keer zoveel als ervoor");
            format!("{times} {words}")
        }
        share if share >= 0.0005 => format!(
            "{amount} {}",
            view.say("more than before", "meer dan ervoor")
        ),
        share if share <= -0.0005 => format!(
            "{amount} {}",
            view.say("less than before", "minder dan ervoor")
        ),
        _ => view
            .say("as much as before", "evenveel als ervoor")
            .to_owned(),
    })
}

/// By what the table is put together, and by which model goals are shared.
fn dimensions(view: &View<'_>, asked: &Asked) -> Markup {
    html! {
        nav class="choice" aria-label=(view.say("Put together by", "Samengenomen naar")) {
            @for by in By::ALL {
                a href=(view.with("by", by.name())) aria-current=[(by == asked.by).then_some("true")] {
                    (tables::dimension(view, by))
                }
            }
        }
        @if !asked.goals.is_empty() {
            nav class="choice" aria-label=(view.say("Model of attribution", "Attributiemodel")) {
                @for model in Attribution::ALL {
                    a href=(view.with("model", model.name()))
                        aria-current=[(model == asked.model).then_some("true")] {
                        (models::name(view, model))
                    }
                }
            }
        }
    }
}

/// The models side by side.
fn attribution(view: &View<'_>, asked: &Asked, figures: &Figures) -> Markup {
    if asked.goals.is_empty() && figures.total.goals_by(Attribution::First) == 0 {
        return empty(
            view.say("There are no goals yet", "Er zijn nog geen doelen"),
            &html! {
                p { (view.say(
                    "Say in the configuration what visitors are to do, and each campaign shows what it led to:",
                    "Zeg in de configuratie wat bezoekers moeten doen, en elke campagne laat zien waartoe ze leidde:",
                )) }
                pre { code { "[[goal]]\nid = \"order\"\nevent = \"Order Completed\"\nvalue = \"revenue\"" } }
            },
        );
    }
    html! {
        nav class="choice" aria-label=(view.say("Goal", "Doel")) {
            a href=(view.with("goal", "")) aria-current=[asked.goal.is_none().then_some("true")] {
                (view.say("All goals", "Alle doelen"))
            }
            @for goal in &asked.goals {
                @let is_present = asked.goal.as_ref().is_some_and(|one| one.id == goal.id);
                a href=(view.with("goal", &goal.id)) aria-current=[is_present.then_some("true")] {
                    bdi { (goal.label) }
                }
            }
        }
        (models::show(view, asked, figures))
    }
}

/// Searches for the site by its name, and all others.
fn brand(view: &View<'_>, asked: &Asked, figures: &Figures) -> Markup {
    if view.app.site.brand_terms.is_empty() {
        return notice(
            Tone::Plain,
            view.say(
                "Say by which words people search for you",
                "Zeg met welke woorden mensen naar je zoeken",
            ),
            &html! {
                p { (view.say(
                    "Who searches for your name had you in mind already. With your brand's words in the configuration those are told apart from all others:",
                    "Wie op je naam zoekt, kende je al. Met de woorden van je merk in de configuratie worden die van alle anderen onderscheiden:",
                )) }
                pre { code { "[site]\nbrand_terms = [\"example\"]" } }
            },
        );
    }
    tables::brand(view, asked, &figures.brand)
}
