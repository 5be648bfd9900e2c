//! Today: what happens now and how today compares with a usual day, what became of leads, which interests
//! rise, what needs attention, and what people read at this moment. Counts are read, and of visitors only
//! the latest, for what they read.

mod attention;
mod consent;
mod hours;
mod reading;
mod rising;
mod stages;

use maud::{Markup, html};

use super::parts::{Chart, Figure, Shape, Value};
use super::view::View;
use super::{HttpError, Shown};
use crate::store::counting::Metric;
use firstglance_engine::snapshot::first_stage;
use hours::{Hours, So};

pub(super) use reading::part as reading_part;

/// The page.
pub(super) async fn show(view: &View<'_>) -> Result<Shown, HttpError> {
    let hours = Hours::of(view.now, view.zone());
    let store = &*view.app.store;
    let visits = hours.read(store, Metric::Sessions, None).await?;
    let hours = hours.begun_with(&visits);
    let views = hours.read(store, Metric::Messages, Some("page")).await?;
    let new = hours.read(store, Metric::NewVisitors, None).await?;
    let model = view.app.model();
    let prospects = hours
        .read(store, Metric::StageExits, Some(first_stage(&model)))
        .await?;
    let consents = consent::Consents::read(view).await?;
    let latest = reading::Latest::read(view).await?;
    let attention = attention::show(view, &hours, &views, &consents).await?;
    let stages = stages::show(view).await?;
    let rising = rising::show(view).await?;
    let content = html! {
        div class="figures" {
            div id="now" class="part" { (latest.figure(view).show(view)) }
            @for figure in figures(view, &hours, [&visits, &views, &new, &prospects]) { (figure.show(view)) }
            @if let Some(figure) = consents.figure(view) { (figure.show(view)) }
        }
        (attention)
        (chart(view, &hours, &visits).show(view))
        (stages)
        @if let Some(table) = consents.table(view) { (table.show(view)) }
        div class="grid" {
            (rising)
            (latest.show_with_stop(view))
        }
    };
    Ok(Shown::Page(
        view.say("Today", "Vandaag").to_owned(),
        content,
    ))
}

fn figures(view: &View<'_>, hours: &Hours, all: [&hours::Counts; 4]) -> [Figure; 4] {
    let [visits, views, new, prospects] = all.map(|counts| hours.so_far(counts));
    let since = hours.midnight().to_string();
    let seen_today = view.profiles(&[("seen_after", &since)]);
    let new_today = view.profiles(&[("first_seen_after", &since)]);
    let figure = |id, label: &str, definition: &str, so: So, href: Option<String>| Figure {
        id,
        label: label.to_owned(),
        value: Value::Count(so.today),
        definition: definition.to_owned(),
        compared: Some(compared(view, &so)),
        href,
    };
    [
        figure(
            "visits",
            view.say("Visits today", "Bezoeken vandaag"),
            view.say(
                "Visits that began since midnight, in the site's time zone. The usual number is that of the same hours of working days, or of days of a weekend, in the past 13 days.",
                "Bezoeken die sinds middernacht begonnen, in de tijdzone van de site. Het gebruikelijke aantal is dat van dezelfde uren van werkdagen, of van dagen in een weekend, in de afgelopen 13 dagen.",
            ),
            visits,
            Some(seen_today.clone()),
        ),
        figure(
            "views",
            view.say("Page views today", "Paginaweergaven vandaag"),
            view.say("Pages that were viewed since midnight.", "Pagina's die sinds middernacht zijn bekeken."),
            views,
            Some(seen_today.clone()),
        ),
        figure(
            "new",
            view.say("New visitors today", "Nieuwe bezoekers vandaag"),
            view.say("Visitors who were first seen since midnight.", "Bezoekers die sinds middernacht voor het eerst zijn gezien."),
            new,
            Some(new_today),
        ),
        figure(
            "prospects",
            view.say("New prospects today", "Nieuwe prospects vandaag"),
            view.say(
                "How often a visitor went from the first stage to another since midnight.",
                "Hoe vaak een bezoeker sinds middernacht van de eerste fase naar een andere ging.",
            ),
            prospects,
            Some(seen_today),
        ),
    ]
}

/// How today compares, in words.
fn compared(view: &View<'_>, so: &So) -> String {
    let Some(usual) = so.usual else {
        return view
            .say(
                "No usual day to compare with yet",
                "Nog geen gewone dag om mee te vergelijken",
            )
            .to_owned();
    };
    let number = view
        .language
        .number(usual, usize::from(usual > 0.0 && usual < 10.0));
    let usually = view.say("usual by now", "gebruikelijk op dit moment");
    // Of little, or of many times as much, a share says nothing.
    if usual < 1.0 || so.today as f64 > usual * 4.0 {
        return format!("{number} {usually}");
    }
    let change = so.today as f64 / usual - 1.0;
    let share = view.language.share(change.abs());
    let than = match change {
        change if change > 0.005 => view.say("more", "meer"),
        change if change < -0.005 => view.say("less", "minder"),
        _ => return format!("{} ({number})", view.say("As usual", "Zoals gebruikelijk")),
    };
    format!("{share} {than}; {number} {usually}")
}

fn chart(view: &View<'_>, hours: &Hours, visits: &hours::Counts) -> Chart {
    Chart {
        shape: Shape::Lines,
        definition: view
            .say(
                "Visits by the hour in which they began, in the site's time zone: today, and the mean of the same hour of the past 13 days, of working days when today is one, else of days of a weekend. Only hours that are over have a number for today.",
                "Bezoeken naar het uur waarin ze begonnen, in de tijdzone van de site: vandaag, en het gemiddelde van hetzelfde uur in de afgelopen 13 dagen, van werkdagen als vandaag er een is, en anders van weekenddagen. Alleen uren die voorbij zijn hebben een getal voor vandaag.",
            )
            .to_owned(),
        table: hours.table(view, visits),
    }
}

/// A heading within the page.
fn heading(text: &str) -> Markup {
    html! { h2 { (text) } }
}
