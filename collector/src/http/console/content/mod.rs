//! Content: slots and what they came to, versions that were posted, and pages as somebody else sees them.
//!
//! All numbers are those of `/admin/v1/results`, made by the same functions from the same counts. Changes
//! nothing but which posted version is in force.

mod course;
mod seen;
mod slot;
mod versions;

use firstglance_engine::content::Slot;
use maud::{Markup, html};

pub(super) use self::slot::show as show_slot;
pub(super) use self::versions::{preview, restore};
use super::parts::{Cell, Column, Span, Table, Tone, Value, empty, notice};
use super::view::{View, encoded};
use super::{HttpError, Shown};
use crate::config::Source;
use crate::effect::posterior::Lift;
use crate::effect::{Arm, Numbers, Results};
use crate::http::apart;
use crate::http::content::InForce;
use crate::http::slots::{self, Mistake};
use crate::store::counting::Sum;

/// Days that are shown where none are chosen.
const USUAL_DAYS: u32 = 28;

/// Slots that pages alone know, at most.
const MOST_FOUND: usize = 100;

/// The page.
pub(super) async fn show(view: &View<'_>) -> Result<Shown, HttpError> {
    let made = versions::made(view)?;
    let span = Span::of(view, USUAL_DAYS)?;
    let slots = slots_of(view, span).await?;
    let problems = problems(view).await?;
    let seen = seen::part(view).await?;
    let versions = versions::part(view).await?;
    let content = html! {
        (made)
        (problems)
        (span.picker(view))
        (slots.show(view))
        (seen)
        (versions)
    };
    Ok(Shown::Page(
        view.say("Content", "Content").to_owned(),
        content,
    ))
}

/// What is wrong, of each slot, and what would be right.
async fn problems(view: &View<'_>) -> Result<Markup, HttpError> {
    let app = view.app;
    let (first, last) = view.calendar().last_days(slots::LOOKED_AT, view.now);
    let sums = slots::sums(app, first, last).await?;
    let all = Results::of_slots(sums.iter().map(Sum::told), |_| None);
    let (model, nothing) = (app.model(), Results::default());
    let present = app.contents.present();
    let told = model.slots.iter().map(|slot| {
        let results = all.get(&slot.id).unwrap_or(&nothing);
        (slot, slots::mistakes(slot, results, view.now))
    });
    Ok(html! {
        @for (slot, mistakes) in told.filter(|(_, mistakes)| !mistakes.is_empty()) {
            (notice_of(view, slot, &mistakes))
        }
        @for (slot, problems) in &present.left_out {
            (notice(
                Tone::Bad,
                &format!("{}: {slot}", view.say("Left out of what was posted", "Weggelaten uit wat is ingestuurd")),
                &html! { ul { @for problem in problems { li { (problem) } } } },
            ))
        }
    })
}

/// What is wrong with one slot.
fn notice_of(view: &View<'_>, slot: &Slot, mistakes: &[Mistake]) -> Markup {
    let is_bad = mistakes.iter().any(|one| matches!(one, Mistake::Shared(_)));
    let tone = if is_bad { Tone::Bad } else { Tone::Warning };
    notice(
        tone,
        &slot.label,
        &html! { ul { @for mistake in mistakes { li { (sentence(view, mistake)) } } } },
    )
}

/// A mistake in the language of whoever looks.
fn sentence(view: &View<'_>, mistake: &Mistake) -> String {
    let (english, dutch) = (mistake.sentence(), mistake.sentence_in_dutch());
    view.say(&english, &dutch).to_owned()
}

/// Where a slot is shown.
fn link_to(view: &View<'_>, slot: &str) -> String {
    view.link(&format!("content/{}", encoded(slot)), &[])
}

/// All slots, those in force and those that pages alone know.
async fn slots_of(view: &View<'_>, span: Span) -> Result<Table, HttpError> {
    let app = view.app;
    let sums = slots::sums(app, span.first, span.last).await?;
    let present = app.contents.present().clone();
    let told = {
        let present = present.clone();
        apart(move || told(&present, &sums)).await?
    };
    let rows = told.into_iter().map(|(id, results, lift)| {
        let slot = present.model.slot(&id);
        let settings = present.slots.iter().find(|one| one.id == id);
        let source = match settings.map(|one| one.source) {
            Some(Source::Posted) => view.say("Posted", "Ingestuurd"),
            Some(Source::File) => view.say("Configuration", "Configuratie"),
            None => view.say("Pages alone", "Alleen pagina's"),
        };
        let (label, variants) = match slot {
            Some(slot) => (&slot.label, slot.variants.len()),
            None => (&id, results.variants().len()),
        };
        let control = slot.map(|slot| Value::Share(f64::from(slot.control) / 100.0));
        let goal = present.goal_of(&id);
        let goal = goal.map(|goal| Value::Text(goal.label.to_string()));
        let mut row = vec![
            Cell::text(&**label).to(link_to(view, &id)),
            Cell::text(source),
            Cell::count(variants as u64),
            control.unwrap_or(Value::Nothing).into(),
            goal.unwrap_or(Value::Nothing).into(),
        ];
        row.extend(numbers(&results, lift));
        row
    });
    Ok(Table {
        id: "slots",
        caption: view.say("Slots", "Slots").to_owned(),
        columns: columns(view),
        rows: rows.collect(),
        empty: no_slots(view),
    })
}

/// What all slots came to, those in force and then those that pages alone know, and by how much. Integrals
/// are worked out for it.
fn told(present: &InForce, sums: &[Sum]) -> Vec<(Box<str>, Results, Option<Lift>)> {
    let goal_of = |id: &str| present.goal_of(id).map(|goal| &*goal.id);
    let mut all = Results::of_slots(sums.iter().map(Sum::told), goal_of);
    let slots = present.model.slots.iter().map(|slot| slot.id.clone());
    let found = all.keys().filter(|id| present.model.slot(id).is_none());
    let ids: Vec<Box<str>> = slots.chain(found.take(MOST_FOUND).cloned()).collect();
    let told = ids.into_iter().map(|id| {
        let results = all.remove(&id).unwrap_or_default();
        let [shown, control] = [Arm::Variant, Arm::Control].map(|arm| results.of_arm(arm));
        let lift = lift_of(&shown, &control, present.goal_of(&id).is_some());
        (id, results, lift)
    });
    told.collect()
}

/// What a slot came to: visitors, what they did, and how that compares with those who were held out.
fn numbers(results: &Results, lift: Option<Lift>) -> Vec<Cell> {
    let (shown, control) = (results.of_arm(Arm::Variant), results.of_arm(Arm::Control));
    let value = |value: Option<f64>| Cell::from(value.map_or(Value::Nothing, Value::Share));
    vec![
        Cell::count(shown.visitors + control.visitors),
        Cell::count(shown.impressions + control.impressions),
        Cell::count(shown.clicks + control.clicks),
        Cell::count(shown.conversions + control.conversions),
        value(lift.map(|lift| lift.estimate)),
        value(lift.map(|lift| lift.interval.low)),
        value(lift.map(|lift| lift.interval.high)),
    ]
}

/// By what part more of those who saw something reached the goal, or clicked where there is none.
fn lift_of(shown: &Numbers, control: &Numbers, has_goal: bool) -> Option<Lift> {
    if shown.visitors == 0 || control.visitors == 0 {
        return None;
    }
    Some(match has_goal {
        true => shown
            .conversion_rate()
            .lift_over(&control.conversion_rate()),
        false => shown.click_rate().lift_over(&control.click_rate()),
    })
}

fn columns(view: &View<'_>) -> Vec<Column> {
    let column = |english, dutch| Column::new(view.say(english, dutch));
    vec![
        column("Slot", "Slot"),
        column("From", "Uit").meaning(view.say(
            "Where its variants are written: in the configuration's file, in a version that was posted, or in pages alone.",
            "Waar de varianten staan: in het configuratiebestand, in een ingestuurde versie, of alleen in pagina's.",
        )),
        column("Variants", "Varianten"),
        column("Held out", "Controle").meaning(view.say(
            "The part of visitors who see the default although there is a variant for them, so that its effect can be known.",
            "Het deel van de bezoekers dat de standaard ziet hoewel er een variant voor hen is, zodat het effect bekend wordt.",
        )),
        column("Goal", "Doel"),
        column("Visitors", "Bezoekers").meaning(view.without_list(
            "Visitors who first saw any content of the slot, or would have, on these days. A visitor is a browser and counts once.",
            "Bezoekers die op deze dagen voor het eerst inhoud van het slot zagen, of gezien zouden hebben. Een bezoeker is een browser en telt een keer.",
        )),
        column("Impressions", "Vertoningen").meaning(view.say(
            "How often these visitors had it in sight, up to now.",
            "Hoe vaak deze bezoekers het in beeld hadden, tot nu toe.",
        )),
        column("Clicks", "Klikken").meaning(view.say(
            "How often these visitors clicked in it, up to now.",
            "Hoe vaak deze bezoekers erin klikten, tot nu toe.",
        )),
        column("Conversions", "Conversies").meaning(view.say(
            "Those of these visitors who reached the goal within 30 days after the first sight.",
            "Degenen van deze bezoekers die het doel binnen 30 dagen na de eerste keer bereikten.",
        )),
        column("Lift", "Effect").meaning(view.say(
            "By what part more of those who saw a variant reached the goal than of those who were held out; by clicks where there is no goal.",
            "Welk deel meer van wie een variant zag het doel bereikte dan van de controlegroep; naar klikken waar er geen doel is.",
        )),
        column("Lift, at least", "Effect, minstens").meaning(bound(view)),
        column("Lift, at most", "Effect, hoogstens").meaning(bound(view)),
    ]
}

/// What the bounds of an interval are.
fn bound(view: &View<'_>) -> String {
    view.say(
        "The lift lies between the two bounds with a probability of 95%, if nothing was believed of it before.",
        "Het effect ligt met een kans van 95% tussen de twee grenzen, als er vooraf niets over werd aangenomen.",
    )
    .to_owned()
}

fn no_slots(view: &View<'_>) -> Markup {
    empty(
        view.say("There are no slots yet", "Er zijn nog geen slots"),
        &html! {
            p { (view.say(
                "A slot is a place in your pages whose content depends on who looks. Name one in the configuration, and mark the element in the page:",
                "Een slot is een plek in uw pagina's waarvan de inhoud afhangt van wie kijkt. Noem er een in de configuratie, en merk het element in de pagina:",
            )) }
            pre { code { "[[slot]]\nid = \"offer\"\ncontrol = 10\n\n[[variant]]\nslot = \"offer\"\nid = \"welcome-back\"\nwhen = 'visits >= 2'\nfields = { title = \"Good to see you again\" }" } }
            pre { code { "<div data-fg-slot=\"offer\"><h2 data-fg-field=\"title\">Welcome</h2></div>" } }
        },
    )
}
