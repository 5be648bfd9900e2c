//! A chart, drawn in the page from the table that stands below it: whoever cannot see the one reads
//! the other. The first column of the table is what runs from left to right, each further one a line.

use maud::{Markup, html};

use super::{Table, tip};
use crate::http::console::view::View;

/// How a chart is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http::console) enum Shape {
    Lines,
    Bars,
    /// Lines with, of each three columns, the second and third as the ends of an interval around the
    /// first.
    Bands,
}

impl Shape {
    const fn name(self) -> &'static str {
        match self {
            Self::Lines => "lines",
            Self::Bars => "bars",
            Self::Bands => "bands",
        }
    }
}

/// See the module.
#[derive(Clone, Debug)]
pub(in crate::http::console) struct Chart {
    pub(in crate::http::console) shape: Shape,
    /// What is counted, exactly.
    pub(in crate::http::console) definition: String,
    pub(in crate::http::console) table: Table,
}

impl Chart {
    /// The chart on a page, whose table answers as CSV.
    pub(in crate::http::console) fn show(self, view: &View<'_>) -> Markup {
        let Self {
            shape,
            definition,
            table,
        } = self;
        // A day is drawn as its date says, moments as the site's clocks do.
        let zone = match table.begins_with_moments() {
            true => view.zone().iana_name(),
            false => None,
        };
        let zone = zone.unwrap_or("UTC");
        let is_drawn = shape == Shape::Bars || table.rows.len() > 1;
        let shown = html! {
            figure class="chart" id=(format!("chart-{}", table.id)) data-chart=(shape.name())
                data-zone=(zone) {
                figcaption class="table-head" {
                    h2 { (table.caption) " " (tip(view.language, &format!("chart-{}", table.id), &table.caption, &definition)) }
                    @if !table.rows.is_empty() {
                        a class="download" href=(view.csv_of(table.id)) download {
                            "CSV" span class="visually-hidden" { ": " (table.caption) }
                        }
                    }
                }
                @if table.rows.is_empty() {
                    div class="empty" { (table.empty) }
                } @else {
                    // A line through one point says nothing.
                    @if is_drawn { div class="plot" aria-hidden="true" {} }
                    details open[!is_drawn] {
                        summary { (view.say("Show as a table", "Toon als tabel")) }
                        div class="table-scroll" tabindex="0" role="region" aria-label=(table.caption) {
                            (table.bare(view))
                        }
                    }
                }
            }
        };
        view.remember(table);
        shown
    }
}
