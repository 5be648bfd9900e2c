//! The days that a page is about: so many up to today, chosen in its address. Days are those of the
//! site's calendar, as counts have them.

use maud::{Markup, html};

use crate::http::console::view::View;
use crate::http::error::HttpError;
use crate::http::query;
use crate::store::counting::Period;

/// How many days may be chosen.
const CHOICES: [u32; 4] = [7, 28, 90, 365];

/// Days from one to another, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http::console) struct Span {
    pub(in crate::http::console) first: Period,
    pub(in crate::http::console) last: Period,
}

impl Span {
    /// What the address of a page says in `days`, up to today.
    ///
    /// # Errors
    /// When it says what no choice does.
    pub(in crate::http::console) fn of(view: &View<'_>, usual: u32) -> Result<Self, HttpError> {
        let days: Option<u32> = query::parsed(view.uri, "days")?;
        let days = days.unwrap_or(usual);
        if !(1..=800).contains(&days) {
            return Err(HttpError::Query {
                name: "days",
                detail: "\"days\" must be between 1 and 800".to_owned(),
            });
        }
        let (first, last) = view.calendar().last_days(days, view.now);
        Ok(Self { first, last })
    }

    /// As many days before it.
    pub(in crate::http::console) fn before(self) -> Self {
        let days = self.days();
        Self {
            first: self.first.minus(days),
            last: self.last.minus(days),
        }
    }

    /// How many days.
    pub(in crate::http::console) const fn days(self) -> u32 {
        self.last.number - self.first.number + 1
    }

    /// Each of its days.
    pub(in crate::http::console) fn each(self) -> impl Iterator<Item = Period> {
        let step = self.first.step;
        (self.first.number..=self.last.number).map(move |number| Period { step, number })
    }

    /// The choice on a page, which keeps the rest of the address.
    pub(in crate::http::console) fn picker(self, view: &View<'_>) -> Markup {
        html! {
            nav class="choice" aria-label=(view.say("Period", "Periode")) {
                @for days in CHOICES {
                    @let is_present = days == self.days();
                    a href=(view.with("days", &days.to_string()))
                        aria-current=[is_present.then_some("true")] {
                        (days) " " (view.say("days", "dagen"))
                    }
                }
                span class="quiet" {
                    (view.day(self.first)) " – " (view.day(self.last))
                }
            }
        }
    }
}
