//! A bar: a share of a whole beside its number. For the eyes alone; the number says the same.

use maud::{Markup, html};

/// A bar as long as a share, 0 to 1.
pub(in crate::http::console) fn bar(share: f64) -> Markup {
    let width = if share.is_finite() {
        share.clamp(0.0, 1.0) * 100.0
    } else {
        0.0
    };
    html! {
        svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true" {
            rect class="bar-back" width="100" height="8" rx="2" {}
            rect class="bar-front" width=(format!("{width:.1}")) height="8" rx="2" {}
        }
    }
}
