//! The tables and charts of campaigns: what their columns are called and mean, and how each row is
//! shown. Nothing here counts.

use std::collections::BTreeMap;

use firstglance_engine::attribution::WHOLE;
use firstglance_engine::origin::CHANNELS;
use maud::{Markup, html};

use super::Asked;
use super::figures::{Brand, By, Figures, Numbers};
use crate::http::console::parts::{Cell, Chart, Column, Shape, Span, Table, Value};
use crate::http::console::view::View;
use crate::store::counting::Part;

/// Rows on a page at most; CSV has all.
pub(super) const MOST_ROWS: usize = 200;

/// Channels that have a line of their own.
const MOST_LINES: usize = 5;

/// What a dimension is called.
pub(super) fn dimension<'a>(view: &View<'_>, by: By) -> &'a str {
    match by {
        By::Channel => view.say("Channel", "Kanaal"),
        By::Of(Part::Source) => view.say("Source", "Bron"),
        By::Of(Part::Medium) => view.say("Medium", "Medium"),
        By::Of(Part::Campaign) => view.say("Campaign", "Campagne"),
        By::Of(Part::Term) => view.say("Term", "Zoekterm"),
        By::Of(Part::Content) => view.say("Content", "Advertentie of link"),
    }
}

pub(super) fn meaning_of_visitors<'a>(view: &View<'_>) -> &'a str {
    view.say(
        "Browsers that a campaign, an advertisement or another site led here, each once a day for each origin. Who came by themselves is not among them. The list behind a number names each browser once, by any of its visits since the first of these days.",
        "Browsers die een campagne, een advertentie of een andere site hierheen leidde, elk één keer per dag en herkomst. Wie vanzelf kwam, telt hier niet mee. De lijst achter een getal noemt elke browser één keer, naar elk bezoek sinds de eerste van deze dagen.",
    )
}

pub(super) fn meaning_of_engaged<'a>(view: &View<'_>) -> &'a str {
    view.say(
        "Those of them who saw a second page the same day, or were active for ten seconds. There is no list of them: a profile does not tell what was done on which day.",
        "Degenen van hen die dezelfde dag een tweede pagina zagen, of tien seconden actief waren. Van hen is er geen lijst: een profiel vertelt niet wat er op welke dag is gedaan.",
    )
}

pub(super) fn meaning_of_prospects<'a>(view: &View<'_>) -> &'a str {
    view.say(
        "Browsers whose first page view ever was in these days, by what brought that one.",
        "Browsers die in deze dagen voor het eerst een pagina zagen, naar wat hen toen bracht.",
    )
}

pub(super) fn meaning_of_goals<'a>(view: &View<'_>) -> &'a str {
    view.say(
        "How often goals were reached in these days, shared among the touches before them by the chosen model. It counts goals, or parts of one, and not visitors, so no list is behind it.",
        "Hoe vaak doelen in deze dagen bereikt zijn, verdeeld over de contacten ervoor volgens het gekozen model. Het telt doelen, of delen ervan, en geen bezoekers; er is dus geen lijst achter.",
    )
}

pub(super) fn meaning_of_value<'a>(view: &View<'_>) -> &'a str {
    view.say(
        "What reaching these goals was worth, in your currency, shared in the same way.",
        "Wat het bereiken van deze doelen waard was, in je eigen valuta, op dezelfde manier verdeeld.",
    )
}

/// Millionths of goals: whole ones as they are.
pub(super) fn goals(millionths: u64) -> Value {
    match millionths % WHOLE {
        0 => Value::Count(millionths / WHOLE),
        _ => Value::Number(millionths as f64 / WHOLE as f64, 2),
    }
}

/// An amount in hundredths.
pub(super) fn money(hundredths: u64) -> Value {
    Value::Money(i64::try_from(hundredths).unwrap_or(i64::MAX))
}

/// Visitors by day and channel: those that bring most, and all others together.
pub(super) fn days(view: &View<'_>, span: Span, figures: &Figures) -> Markup {
    let mut totals: BTreeMap<&str, u64> = BTreeMap::new();
    for (channel, count) in figures.days.values().flatten() {
        *totals.entry(channel).or_default() += count;
    }
    let mut channels: Vec<(&str, u64)> = totals.into_iter().collect();
    channels.sort_by_key(|(channel, count)| (u64::MAX - count, *channel));
    let has_rest = channels.len() > MOST_LINES + 1;
    if has_rest {
        channels.truncate(MOST_LINES);
    }
    let mut columns = vec![Column::new(view.say("Day", "Dag"))];
    columns.extend(channels.iter().map(|(channel, _)| Column::new(*channel)));
    if has_rest {
        columns.push(Column::new(view.say("Other channels", "Andere kanalen")));
    }
    let none = BTreeMap::new();
    let rows = span.each().map(|day| {
        let counts = figures.days.get(&day.number).unwrap_or(&none);
        let count = |channel: &str| counts.get(channel).copied().unwrap_or(0);
        let mut row = vec![Cell::from(Value::Day(day))];
        row.extend(
            channels
                .iter()
                .map(|(channel, _)| Cell::count(count(channel))),
        );
        if has_rest {
            let all: u64 = counts.values().sum();
            let told: u64 = channels.iter().map(|(channel, _)| count(channel)).sum();
            row.push(Cell::count(all - told));
        }
        row
    });
    Chart {
        shape: Shape::Lines,
        definition: meaning_of_visitors(view).to_owned(),
        table: Table {
            id: "days",
            caption: view
                .say("Visitors by channel, day by day", "Bezoekers per kanaal, dag na dag")
                .to_owned(),
            columns,
            rows: match channels.is_empty() {
                true => Vec::new(),
                false => rows.collect(),
            },
            empty: html! { p { (view.say(
                "In these days nobody was brought by anything; what follows is of visits before.",
                "In deze dagen is niemand door iets gebracht; wat volgt, gaat over eerdere bezoeken.",
            )) } },
        },
    }
    .show(view)
}

/// Columns of what is counted of each row.
fn columns(view: &View<'_>, asked: &Asked, first: &str) -> Vec<Column> {
    let mut columns = vec![
        Column::new(first).meaning(view.say(
            "A name leads to the browsers whose first page view it brought.",
            "Een naam leidt naar de browsers waarvan het de eerste paginaweergave bracht.",
        )),
        Column::new(view.say("Visitors", "Bezoekers")).meaning(meaning_of_visitors(view)),
        Column::new(view.say("Engaged", "Betrokken")).meaning(meaning_of_engaged(view)),
        Column::new(view.say("Engaged share", "Aandeel betrokken")).meaning(view.say(
            "How many of the visitors were engaged.",
            "Welk deel van de bezoekers betrokken was.",
        )),
        Column::new(view.say("New prospects", "Nieuwe prospects"))
            .meaning(meaning_of_prospects(view)),
        Column::new(super::goal_label(view, asked)).meaning(meaning_of_goals(view)),
        Column::new(view.say("Value", "Waarde")).meaning(meaning_of_value(view)),
    ];
    for stage in &asked.stages {
        let meaning = view.say(
            "How often visitors came to this stage in these days, by what first brought them. The list behind it is of those who are at it now.",
            "Hoe vaak bezoekers in deze dagen in dit stadium kwamen, naar wat hen het eerst bracht. De lijst erachter is van wie er nu in zit.",
        );
        columns.push(Column::new(&*stage.label).meaning(meaning));
    }
    columns
}

/// The cells of a row behind its name. `filter` is what leads to the profiles behind it; `arrives`
/// whether visits of it are counted at all.
fn cells(
    view: &View<'_>,
    asked: &Asked,
    numbers: &Numbers,
    filter: Option<(&str, &str)>,
    arrives: bool,
) -> Vec<Cell> {
    let Numbers {
        visitors,
        engaged,
        prospects,
        ..
    } = *numbers;
    let since = view.calendar().start(asked.span.first).to_string();
    let behind = |cell: Cell, count: u64, when: &str| match filter {
        Some(filter) if count > 0 => cell.to(view.profiles(&[filter, (when, &since)])),
        _ => cell,
    };
    let mut cells = match arrives {
        true => vec![
            behind(Cell::count(visitors), visitors, "brought_after"),
            Cell::count(engaged),
            Cell::from(match visitors {
                0 => Value::Nothing,
                _ => Value::Share(engaged as f64 / visitors as f64),
            }),
        ],
        false => vec![Cell::from(Value::Nothing); 3],
    };
    cells.push(behind(
        Cell::count(prospects),
        prospects,
        "first_seen_after",
    ));
    cells.push(goals(numbers.goals_by(asked.model)).into());
    cells.push(money(numbers.value_by(asked.model)).into());
    for (place, stage) in asked.stages.iter().enumerate() {
        let count = numbers.stages.get(place).copied().unwrap_or(0);
        let cell = Cell::count(count);
        cells.push(match filter {
            Some(filter) if count > 0 => cell.to(view.profiles(&[filter, ("stage", &stage.id)])),
            _ => cell,
        });
    }
    cells
}

/// What a row is called of which the dimension was not given.
pub(super) fn not_given<'a>(view: &View<'_>, by: By) -> &'a str {
    match by {
        By::Channel | By::Of(Part::Source) => {
            view.say("None: they came by themselves", "Geen: ze kwamen vanzelf")
        }
        By::Of(_) => view.say("None given", "Niet opgegeven"),
    }
}

/// Of what brought visitors of whom nothing tells it.
pub(super) fn not_known<'a>(view: &View<'_>) -> &'a str {
    view.say(
        "Not known: they saw no page",
        "Onbekend: ze zagen geen pagina",
    )
}

/// Of names for which a day had no room.
pub(super) fn no_room<'a>(view: &View<'_>) -> &'a str {
    view.say("Further ones, counted together", "Verdere, samen geteld")
}

/// How many rows may be shown: in a file all of them.
pub(super) fn most(view: &View<'_>, usual: usize) -> usize {
    match view.parameter("csv") {
        Some(_) => usize::MAX,
        None => usual,
    }
}

/// What leads to the profiles that have something in common with a row: its name, or that there is none.
pub(super) const fn filter_of(by: By, name: Option<&str>) -> (&'static str, &str) {
    match name {
        Some(name) => (by.name(), name),
        None => ("without", by.name()),
    }
}

/// What brought visitors, by what is chosen.
pub(super) fn origins(view: &View<'_>, asked: &Asked, figures: &Figures) -> Markup {
    let by = asked.by;
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    for (name, numbers) in figures.rows.iter().take(most(view, MOST_ROWS)) {
        let filter = filter_of(by, name.as_deref());
        let title = name.as_deref().unwrap_or(not_given(view, by));
        let mut row = vec![Cell::text(title).to(view.profiles(&[filter]))];
        let is_by_themselves = match by {
            By::Channel => title == CHANNELS[0],
            _ => name.is_none(),
        };
        let arrives = numbers.visitors > 0 || !is_by_themselves;
        row.extend(cells(view, asked, numbers, Some(filter), arrives));
        rows.push(row);
    }
    for (title, numbers) in [
        (not_known(view), &figures.not_known),
        (no_room(view), &figures.no_room),
    ] {
        if !numbers.is_empty() {
            let mut row = vec![Cell::text(title)];
            row.extend(cells(view, asked, numbers, None, numbers.visitors > 0));
            rows.push(row);
        }
    }
    Table {
        id: "origins",
        caption: format!(
            "{} {}",
            view.say("What brought them, by", "Wat hen bracht, naar"),
            dimension(view, by).to_lowercase(),
        ),
        columns: columns(view, asked, dimension(view, by)),
        rows,
        empty: html! {},
    }
    .show(view)
}

/// Searches for the site by its name, and all others.
pub(super) fn brand(view: &View<'_>, asked: &Asked, rows: &BTreeMap<Brand, Numbers>) -> Markup {
    let rows = rows.iter().map(|(brand, numbers)| {
        let title = match brand {
            Brand::Named => view.say("Brand", "Merk"),
            Brand::NotNamed => view.say("Not brand", "Geen merk"),
            Brand::NotTold => view.say("No campaign and no term", "Geen campagne en geen zoekterm"),
        };
        let mut row = vec![Cell::text(title)];
        row.extend(cells(view, asked, numbers, None, true));
        row
    });
    let first = view.say("Names the site", "Noemt de site");
    let mut columns = columns(view, asked, first);
    columns[0] = Column::new(first).meaning(view.say(
        "Brand: the campaign or its search term has one of your brand's words, one typing error allowed. What search engines' own results brought tells no term. To list visitors so, make a segment of brand_search.",
        "Merk: de campagne of de zoekterm heeft een van de woorden van je merk, met hooguit één tikfout. Gewone zoekresultaten vertellen geen zoekterm. Maak een segment met brand_search om bezoekers zo te tonen.",
    ));
    Table {
        id: "brand",
        caption: view
            .say("Brand against all others", "Merk tegenover al het andere")
            .to_owned(),
        columns,
        rows: rows.collect(),
        empty: html! {},
    }
    .show(view)
}
