//! System: how the collector itself is. Changes nothing.

use maud::html;

use super::parts::{Cell, Column, Table, Value, empty};
use super::view::View;
use super::{HttpError, Shown};
use crate::store::refused::Shelf;

/// Refused messages that are shown.
const REFUSED: usize = 50;

/// The page.
pub(super) async fn show(view: &View<'_>) -> Result<Shown, HttpError> {
    let refused = refused(view).await?;
    let content = html! { (refused.show(view)) };
    Ok(Shown::Page(
        view.say("System", "Systeem").to_owned(),
        content,
    ))
}

/// The latest messages that were refused.
async fn refused(view: &View<'_>) -> Result<Table, HttpError> {
    let page = view
        .app
        .store
        .refused(Shelf::Faulty, None, None, REFUSED)
        .await?;
    let rows = page.messages.into_iter().map(|(_, one)| {
        vec![
            Cell::from(Value::Moment(one.received_at)),
            Cell::text(one.reason),
            Cell::text(one.place),
            Cell::text(one.detail),
            Cell::text(one.raw),
        ]
    });
    Ok(Table {
        id: "refused",
        caption: view
            .say("Refused messages", "Geweigerde berichten")
            .to_owned(),
        columns: vec![
            Column::new(view.say("Received", "Ontvangen")),
            Column::new(view.say("Reason", "Reden")),
            Column::new(view.say("Where", "Waar")),
            Column::new(view.say("Why", "Waarom")),
            Column::new(view.say("Beginning of the message", "Begin van het bericht")),
        ],
        rows: rows.collect(),
        empty: empty(
            view.say("Nothing was refused", "Er is niets geweigerd"),
            &html! { p { (view.say("Every message that came was in order.", "Elk bericht dat kwam was in orde.")) } },
        ),
    })
}
