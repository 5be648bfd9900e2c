//! Journeys through the site: where visits begin, which ways lead to a goal, how far visitors come in
//! funnels, and who comes back. All of it is read from what is counted.

mod entries;
mod funnels;
mod paths;
mod returns;
mod sankey;

use maud::html;

use super::parts::Span;
use super::view::View;
use super::{HttpError, Shown};

/// Days that are shown where the address says nothing of it.
const USUAL_DAYS: u32 = 28;

/// The page.
pub(super) async fn show(view: &View<'_>) -> Result<Shown, HttpError> {
    let span = Span::of(view, USUAL_DAYS)?;
    let entries = entries::show(view, span).await?;
    let paths = paths::show(view, span).await?;
    let funnels = funnels::show(view, span).await?;
    let returns = returns::show(view).await?;
    let content = html! {
        (span.picker(view))
        (entries)
        (paths)
        (funnels)
        (returns)
    };
    Ok(Shown::Page(
        view.say("Journeys through the site", "Routes door de site")
            .to_owned(),
        content,
    ))
}
