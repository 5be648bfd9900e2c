//! A figure: one number that matters, what it counts, how it compares, and a way to what is behind it.

use maud::{Markup, html};

use super::{Value, tip};
use crate::http::console::view::View;

/// Hundredths of money from which a figure shows whole units alone.
const WHOLE_FROM: u64 = 100_000;

/// See the module.
#[derive(Clone, Debug)]
pub(in crate::http::console) struct Figure {
    /// The only one of the page.
    pub(in crate::http::console) id: &'static str,
    pub(in crate::http::console) label: String,
    pub(in crate::http::console) value: Value,
    /// What it counts, exactly.
    pub(in crate::http::console) definition: String,
    /// How it compares, such as "12% more than usual".
    pub(in crate::http::console) compared: Option<String>,
    /// Where what is behind it can be seen.
    pub(in crate::http::console) href: Option<String>,
}

impl Figure {
    /// The figure on a page.
    pub(in crate::http::console) fn show(&self, view: &View<'_>) -> Markup {
        let value = match self.value {
            // Of much money nobody reads the hundredths in large letters.
            Value::Money(hundredths) if hundredths.unsigned_abs() >= WHOLE_FROM => {
                let whole = Value::Number(hundredths as f64 / 100.0, 0);
                whole.shown(view.language, view.zone())
            }
            _ => self.value.shown(view.language, view.zone()),
        };
        html! {
            div class="figure" id=(format!("figure-{}", self.id)) {
                p class="figure-label" {
                    (self.label) " "
                    (tip(view.language, &format!("figure-{}", self.id), &self.label, &self.definition))
                }
                p class="figure-value" data-value=(self.value.plain()) {
                    @match &self.href {
                        Some(href) => a href=(href) { (value) },
                        None => (value),
                    }
                }
                @if let Some(compared) = &self.compared {
                    p class="figure-compared" { (compared) }
                }
            }
        }
    }
}
