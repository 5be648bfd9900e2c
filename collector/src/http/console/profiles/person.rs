//! The browsers of a person, and how they came together, with what undoes it.

use firstglance_engine::VisitorId;
use firstglance_engine::profile::EntryKind;
use maud::{Markup, html};

use super::columns;
use crate::http::admin::person::Known;
use crate::http::console::parts::{Cell, Column, Table, Value, empty};
use crate::http::console::story;
use crate::http::console::view::{View, encoded};
use crate::store::merges::{Cause, KeptMerge, MergeChange};
use crate::token::Role;

/// Browsers of the person that are named.
const MOST_BROWSERS: usize = 12;

/// The browsers of the person, and how they came together.
pub(super) fn show(
    view: &View<'_>,
    visitor: &VisitorId,
    known: &Known,
    merges: &[KeptMerge],
) -> Markup {
    let visitors = &known.visitors;
    let agent = known.profile.entries.one(EntryKind::Agent);
    let rows = merges.iter().map(|merge| {
        let mut row = vec![
            Cell::from(Value::Moment(merge.entry.at)),
            Cell::text(told(view, merge)),
            Cell::text(match &merge.entry.cause {
                Cause::Message { kind, .. } => {
                    format!("{} {kind}", view.say("a message:", "een bericht:"))
                }
                Cause::Admin { name, .. } if view.may(Role::Operate) => name.to_string(),
                Cause::Admin { .. } => view.say("an administrator", "een beheerder").to_owned(),
                Cause::Erased => view
                    .say("somebody erased since", "iemand die sindsdien gewist is")
                    .to_owned(),
            }),
        ];
        row.push(Cell::text(match merge.undone_by {
            Some(_) => view.say("undone", "ongedaan gemaakt"),
            None => view.say("in force", "van kracht"),
        }));
        row
    });
    let table = Table {
        id: "merge-list",
        caption: view
            .say("How they came together", "Hoe ze samenkwamen")
            .to_owned(),
        columns: vec![
            Column::new(view.say("When", "Wanneer")),
            Column::new(view.say("What", "Wat")),
            Column::new(view.say("By", "Door")),
            Column::new(view.say("State", "Toestand")),
        ],
        rows: rows.collect(),
        empty: empty(
            view.say("Nothing was merged", "Er is niets samengevoegd"),
            &html! { p { (view.say("Browsers of one person come together when pages call identify with the same user id.", "Browsers van één persoon komen samen als pagina's identify aanroepen met dezelfde gebruikers-id.")) } },
        ),
    };
    let undoable = merges.iter().filter(|merge| merge.undone_by.is_none());
    let undoable: Vec<&KeptMerge> = undoable.collect();
    let id = encoded(visitor.as_str());
    html! {
        section class="panel" aria-labelledby="merges" {
            h2 id="merges" { (view.say("Browsers of this person", "Browsers van deze persoon")) }
            @if let Some(agent) = agent {
                p { (view.say("Seen last with: ", "Laatst gezien met: ")) bdi { (columns::device(view, &agent.value)) } }
            }
            ol class="browsers" {
                @for one in visitors.iter().take(MOST_BROWSERS) {
                    li {
                        @match one == visitor {
                            true => { code { bdi { (one) } } " " span class="quiet" { (view.say("this one", "deze")) } },
                            false => a href=(view.profile(one)) { code { bdi { (one) } } },
                        }
                    }
                }
                @if visitors.len() > MOST_BROWSERS { li class="quiet" { (view.say("and more: ", "en meer: ")) (visitors.len() - MOST_BROWSERS) } }
            }
            (table.show(view))
            @if view.may(Role::Operate) && !undoable.is_empty() {
                details {
                    summary { (view.say("Undo a merge", "Een samenvoeging ongedaan maken")) }
                    p { (view.say("From then on the two are two again, each with what it did. What was counted stays counted. An undo can be undone.", "Vanaf dan zijn de twee weer twee, elk met wat het deed. Wat geteld is blijft geteld. Ook dit kan ongedaan gemaakt worden.")) }
                    form method="post" action=(view.link(&format!("profiles/{id}/undo"), &[])) class="filters" {
                        (view.csrf())
                        label { (view.say("Which", "Welke"))
                            select name="merge" required {
                                @for merge in undoable { option value=(merge.number) { (view.moment(merge.entry.at)) ": " (told(view, merge)) } }
                            }
                        }
                        button type="submit" { (view.say("Undo", "Maak ongedaan")) }
                    }
                }
            }
        }
    }
}

/// What a merge says.
fn told(view: &View<'_>, merge: &KeptMerge) -> String {
    let short = |id: &VisitorId| story::shortened(id.as_str());
    match &merge.entry.change {
        MergeChange::Joined { visitor, to, .. } => format!(
            "{} {} {} {}",
            view.say("browser", "browser"),
            short(visitor),
            view.say("is the user", "is de gebruiker"),
            story::shortened(to.user.as_str()),
        ),
        MergeChange::Merged { previous, user, .. } => format!(
            "{} {} {} {} {}",
            view.say("users", "gebruikers"),
            story::shortened(previous.as_str()),
            view.say("and", "en"),
            story::shortened(user.as_str()),
            view.say("are one person", "zijn één persoon"),
        ),
        MergeChange::Undone(undoing) => {
            format!(
                "{} {}",
                view.say("undo of merge", "ongedaan maken van samenvoeging"),
                undoing.of
            )
        }
        MergeChange::Restored(undoing) => {
            format!(
                "{} {}",
                view.say("undo of the undo", "ongedaan maken van ongedaan maken"),
                undoing.of
            )
        }
    }
}
