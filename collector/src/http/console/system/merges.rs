//! Merges: which visitors came to which persons and by what. To undo one, the page of a visitor has a
//! button.

use firstglance_engine::UserId;
use maud::html;

use super::super::parts::{Cell, Column, Table, Value, empty};
use super::super::view::View;
use super::super::{HttpError, Shown};
use super::{LINES, Tab, pager};
use crate::http::admin::merges;
use crate::http::query;
use crate::store::merges::{Cause, KeptMerge, Link, MergeChange};

/// The page.
pub(in crate::http::console) async fn show(view: &View<'_>) -> Result<Shown, HttpError> {
    let before = query::number_cursor(view.uri)?;
    let page = merges::page(view.app, merges::filter(view.uri)?, before, LINES).await?;
    view.told(page.merges.len());
    let content = html! {
        p class="quiet" { (view.say(
            "Browsers are joined to a person when somebody is said to be a user: by signing in, or by a link of an e-mail. Undo one on the page of the visitor.",
            "Browsers horen bij een persoon als van iemand is gezegd welke gebruiker die is: door in te loggen, of door een link in een e-mail. Maak er een ongedaan op de pagina van de bezoeker.",
        )) }
        (lines(view, &page.merges).show(view))
        (pager(view, page.next))
    };
    Ok(Tab::Merges.page(view, &content))
}

fn lines(view: &View<'_>, merges: &[KeptMerge]) -> Table {
    let user = |user: Option<&UserId>| {
        user.map_or(Cell::from(Value::Nothing), |user| Cell::text(user.as_str()))
    };
    let row = |merge: &KeptMerge| {
        let entry = &merge.entry;
        let (what, from, to) = match &entry.change {
            MergeChange::Joined { from: None, to, .. } => {
                (view.say("Joined", "Toegevoegd"), None, Some(&to.user))
            }
            MergeChange::Joined { from, to, .. } => (
                view.say("Moved", "Verplaatst"),
                from.as_ref().map(|from| &from.user),
                Some(&to.user),
            ),
            MergeChange::Merged { previous, user, .. } => (
                view.say("Persons became one", "Personen werden één"),
                Some(previous),
                Some(user),
            ),
            MergeChange::Undone(undoing) | MergeChange::Restored(undoing) => {
                let (from, to) = match &undoing.link {
                    Link::Membership(..) => (undoing.from.as_ref(), undoing.to.as_ref()),
                    Link::Names(one, other) => (Some(one), Some(other)),
                };
                let what = match &entry.change {
                    MergeChange::Restored(_) => view.say("Undo undone", "Toch weer samen"),
                    _ => view.say("Undone", "Ongedaan gemaakt"),
                };
                (what, from, to)
            }
        };
        let visitor = match entry.visitor() {
            Some(visitor) => Cell::text(visitor.as_str()).to(view.profile(visitor)),
            None => Cell::from(Value::Nothing),
        };
        let by = match &entry.cause {
            Cause::Message { id, kind, .. } => format!("{kind} {id}"),
            Cause::Admin { name, .. } => name.to_string(),
            Cause::Erased => view
                .say(
                    "somebody who was erased since",
                    "iemand die sindsdien is gewist",
                )
                .to_owned(),
        };
        vec![
            Cell::from(Value::Moment(entry.at)),
            Cell::text(what),
            visitor,
            user(from),
            user(to),
            Cell::text(by),
            Cell::text(match merge.undone_by {
                Some(_) => view.say("no, undone", "nee, ongedaan gemaakt"),
                None => view.say("yes", "ja"),
            }),
        ]
    };
    Table {
        id: "merges",
        caption: view
            .say(
                "What joined whom, latest first",
                "Wat wie samenvoegde, nieuwste eerst",
            )
            .to_owned(),
        columns: vec![
            Column::new(view.say("When", "Wanneer")),
            Column::new(view.say("What", "Wat")),
            Column::new(view.say("Visitor", "Bezoeker")),
            Column::new(view.say("From the user", "Van gebruiker")),
            Column::new(view.say("To the user", "Naar gebruiker")),
            Column::new(view.say("By", "Door")).meaning(view.say(
                "The type and id of the message that said so, or the token that did.",
                "Het type en id van het bericht dat het zei, of het token dat het deed.",
            )),
            Column::new(view.say("Holds", "Geldt")),
        ],
        rows: merges.iter().map(row).collect(),
        empty: empty(
            view.say("Nobody was joined yet", "Er is nog niemand samengevoegd"),
            &html! { p { (view.say(
                "As soon as a visitor is identified with a user id, it stands here.",
                "Zodra een bezoeker met een gebruikers-id is herkend, staat het hier.",
            )) } },
        ),
    }
}
