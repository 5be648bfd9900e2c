//! A table: of people's reading and of CSV alike. Every table of a page has an id, and the address of
//! the page with `csv=` and that id answers it as a file.

use std::borrow::Cow;

use maud::{Markup, html};

use super::{Value, bar, name, tip};
use crate::http::console::view::View;

/// Steps of shade that a cell may have.
const SHADES: f64 = 8.0;

/// A column.
#[derive(Clone, Debug)]
pub(in crate::http::console) struct Column {
    label: String,
    definition: Option<String>,
}

impl Column {
    /// A column that needs no explanation.
    pub(in crate::http::console) fn new(label: impl Into<String>) -> Self {
        Self {
            label: label.into(),
            definition: None,
        }
    }

    /// What its numbers count, exactly.
    pub(in crate::http::console) fn meaning(mut self, definition: impl Into<String>) -> Self {
        self.definition = Some(definition.into());
        self
    }
}

/// A cell.
#[derive(Clone, Debug)]
pub(in crate::http::console) struct Cell {
    value: Value,
    href: Option<String>,
    shade: Option<f64>,
    bar: Option<f64>,
}

impl From<Value> for Cell {
    fn from(value: Value) -> Self {
        Self {
            value,
            href: None,
            shade: None,
            bar: None,
        }
    }
}

impl Cell {
    /// A text.
    pub(in crate::http::console) fn text(text: impl Into<String>) -> Self {
        Value::Text(text.into()).into()
    }

    /// How many.
    pub(in crate::http::console) fn count(count: u64) -> Self {
        Value::Count(count).into()
    }

    /// That leads somewhere.
    pub(in crate::http::console) fn to(mut self, href: impl Into<String>) -> Self {
        self.href = Some(href.into());
        self
    }

    /// With a background the stronger the nearer to 1, as in a map of heat.
    pub(in crate::http::console) fn shaded(mut self, strength: f64) -> Self {
        self.shade = Some(strength);
        self
    }

    /// With a bar as long as a share, 0 to 1.
    pub(in crate::http::console) fn with_bar(mut self, share: f64) -> Self {
        self.bar = Some(share);
        self
    }

    /// What it looks like in a column, which may be one of numbers.
    fn class(&self, in_numbers: bool) -> Option<String> {
        let is_number = self.value.is_number() || in_numbers;
        let number = is_number.then_some("number");
        let shade = self.shade.filter(|shade| shade.is_finite());
        let shade = shade.map(|shade| (shade.clamp(0.0, 1.0) * SHADES).ceil());
        match (number, shade) {
            (None, None) => None,
            (Some(number), None) => Some(number.to_owned()),
            (number, Some(shade)) => Some(format!("{} shade-{shade}", number.unwrap_or_default())),
        }
    }
}

/// See the module. The first cell of a row names it.
#[derive(Clone, Debug)]
pub(in crate::http::console) struct Table {
    /// The only one of the page: letters, digits and hyphens.
    pub(in crate::http::console) id: &'static str,
    /// What it shows.
    pub(in crate::http::console) caption: String,
    pub(in crate::http::console) columns: Vec<Column>,
    pub(in crate::http::console) rows: Vec<Vec<Cell>>,
    /// What stands there when there are no rows: why, and what to do.
    pub(in crate::http::console) empty: Markup,
}

impl Table {
    /// The table on a page, which answers it as CSV from then on.
    pub(in crate::http::console) fn show(self, view: &View<'_>) -> Markup {
        let csv = view.csv_of(self.id);
        self.shown(view, &csv)
    }

    /// The table in a part of a page that changes in place; the page at an address answers it as CSV.
    pub(in crate::http::console) fn show_at(self, view: &View<'_>, page: &str) -> Markup {
        let csv = format!("{page}?csv={}", self.id);
        self.shown(view, &csv)
    }

    /// The table behind something to open, below what is drawn from it.
    pub(in crate::http::console) fn folded(self, view: &View<'_>) -> Markup {
        let shown = html! {
            details {
                summary { (view.say("Show as a table", "Toon als tabel")) }
                a class="download" href=(view.csv_of(self.id)) download {
                    "CSV" span class="visually-hidden" { ": " (self.caption) }
                }
                div class="table-scroll" tabindex="0" role="region" aria-label=(self.caption) {
                    (self.bare(view))
                }
            }
        };
        view.remember(self);
        shown
    }

    fn shown(self, view: &View<'_>, csv: &str) -> Markup {
        let shown = html! {
            div class="table" id=(format!("table-{}", self.id)) {
                div class="table-head" {
                    h2 { (self.caption) }
                    @if !self.rows.is_empty() {
                        a class="download" href=(csv) download {
                            "CSV" span class="visually-hidden" { ": " (self.caption) }
                        }
                    }
                }
                @if self.rows.is_empty() {
                    div class="empty" { (self.empty) }
                } @else {
                    div class="table-scroll" tabindex="0" role="region" aria-label=(self.caption) {
                        (self.bare(view))
                    }
                }
            }
        };
        view.remember(self);
        shown
    }

    /// The table of an answer to a form, which stands within that form: it has no address, so its file is
    /// asked for by sending the same fields to where they went, with the name of the table.
    pub(in crate::http::console) fn answered(self, view: &View<'_>, action: &str) -> Markup {
        let csv = format!("{action}?csv={}", self.id);
        let shown = html! {
            div class="table" id=(format!("table-{}", self.id)) {
                div class="table-head" {
                    h3 { (self.caption) }
                    @if !self.rows.is_empty() {
                        button type="submit" class="download" formaction=(csv) formnovalidate {
                            "CSV" span class="visually-hidden" { ": " (self.caption) }
                        }
                    }
                }
                @if self.rows.is_empty() {
                    div class="empty" { (self.empty) }
                } @else {
                    div class="table-scroll" tabindex="0" role="region" aria-label=(self.caption) {
                        (self.bare(view))
                    }
                }
            }
        };
        view.remember(self);
        shown
    }

    /// The table and nothing around it.
    pub(super) fn bare(&self, view: &View<'_>) -> Markup {
        let is_number = |place: usize| {
            let mut values = self.rows.iter().filter_map(|row| row.get(place));
            values.any(|cell| cell.value.is_number())
        };
        html! {
            table data-table=(self.id) {
                caption class="visually-hidden" { (self.caption) }
                thead {
                    tr {
                        @for (place, column) in self.columns.iter().enumerate() {
                            th scope="col" class=[(place > 0 && is_number(place)).then_some("number")] {
                                (column.label)
                                @if let Some(definition) = &column.definition {
                                    " "
                                    (tip(
                                        view.language,
                                        &format!("{}-{place}", self.id),
                                        &column.label,
                                        definition,
                                    ))
                                }
                            }
                        }
                    }
                }
                tbody {
                    @for row in &self.rows {
                        tr {
                            @for (place, cell) in row.iter().enumerate() {
                                @if place == 0 {
                                    th scope="row" data-value=(cell.value.plain()) { (content(cell, view)) }
                                } @else {
                                    td class=[cell.class(is_number(place))] data-value=(cell.value.plain()) { (content(cell, view)) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    /// Whether what stands first in its rows are moments.
    pub(super) fn begins_with_moments(&self) -> bool {
        let first = self.rows.first().and_then(|row| row.first());
        first.is_some_and(|cell| matches!(cell.value, Value::Moment(_)))
    }

    /// Its rows as texts for programs, the names of the columns first.
    pub(in crate::http::console) fn texts(&self) -> impl Iterator<Item = Vec<Cow<'_, str>>> {
        let names = self
            .columns
            .iter()
            .map(|column| Cow::Borrowed(&*column.label));
        let rows = self.rows.iter().map(|row| {
            let cells = row.iter().map(|cell| Cow::Owned(cell.value.plain()));
            cells.collect()
        });
        std::iter::once(names.collect()).chain(rows)
    }
}

fn content(cell: &Cell, view: &View<'_>) -> Markup {
    let shown = cell.value.shown(view.language, view.zone());
    html! {
        @match &cell.href {
            // An empty name would be a link that nobody can see.
            Some(href) if !shown.trim().is_empty() => a href=(href) { bdi { (name(view.language, &shown)) } },
            _ if shown.is_empty() => "",
            _ => bdi { (name(view.language, &shown)) },
        }
        @if let Some(share) = cell.bar { (bar(share)) }
    }
}
