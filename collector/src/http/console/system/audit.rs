//! The audit log: who read or changed what, latest first.

use maud::html;

use super::super::parts::{Cell, Column, Table, Value, empty};
use super::super::view::View;
use super::super::{HttpError, Shown};
use super::{LINES, Tab, pager};
use crate::http::admin::audit;
use crate::http::query;
use crate::store::audit::AuditEntry;

/// What of the log somebody may want alone: its name in addresses, and what it is called.
const KINDS: [(&str, &str, &str); 3] = [
    ("", "Everything", "Alles"),
    (
        "changes",
        "Changes and erasures",
        "Wijzigingen en wissingen",
    ),
    ("refused", "What was refused", "Wat geweigerd is"),
];

/// The page.
pub(in crate::http::console) async fn show(view: &View<'_>) -> Result<Shown, HttpError> {
    let name = view.parameter("name");
    let kind = view.parameter("kind").unwrap_or_default();
    let visitor = match view.parameter("visitor") {
        Some(_) => audit::wanted_visitor(view.app, view.uri)?,
        None => None,
    };
    let is_wanted = |entry: &AuditEntry| {
        let is_of_kind = match &*kind {
            "changes" => !entry.route.starts_with("GET "),
            "refused" => entry.status.is_some_and(|status| status >= 400),
            _ => true,
        };
        is_of_kind
            && name.as_deref().is_none_or(|name| *entry.name == *name)
            && (visitor.is_none() || entry.visitor.as_deref() == visitor.as_deref())
    };
    let before = query::number_cursor(view.uri)?;
    let page = audit::page(view.app, is_wanted, before, LINES).await?;
    view.told(page.entries.len());
    let content = html! {
        form class="filters" method="get" {
            label { (view.say("Name of the token", "Naam van het token"))
                input name="name" value=[name.as_deref()] maxlength="100";
            }
            label { (view.say("Visitor's id", "Id van de bezoeker"))
                input name="visitor" value=[view.parameter("visitor")] maxlength="300";
            }
            label { (view.say("What", "Wat"))
                select name="kind" {
                    @for (value, english, dutch) in KINDS {
                        option value=(value) selected[value == kind] { (view.say(english, dutch)) }
                    }
                }
            }
            button type="submit" { (view.say("Filter", "Filteren")) }
        }
        p class="quiet" { (view.say(
            "Visitors stand here as a digest that only this site's key makes: whoever asks about one finds what was done, and nobody can be read from it.",
            "Bezoekers staan hier als een afdruk die alleen de sleutel van deze site maakt: wie naar iemand vraagt vindt wat er is gedaan, en niemand is eruit af te lezen.",
        )) }
        (lines(view, &page.entries, page.next.is_some()).show(view))
        (pager(view, page.next))
    };
    Ok(Tab::Audit.page(view, &content))
}

fn lines(view: &View<'_>, entries: &[AuditEntry], more: bool) -> Table {
    let row = |entry: &AuditEntry| {
        let number = |number: Option<u64>| number.map_or(Value::Nothing, Value::Count);
        vec![
            Cell::from(Value::Moment(entry.at())),
            Cell::text(&*entry.name).to(view.link("system/audit", &[("name", &*entry.name)])),
            Cell::text(&*entry.token),
            Cell::text(&*entry.route),
            Cell::text(match entry.status {
                Some(status) => status.to_string(),
                None => view.say("begun", "begonnen").to_owned(),
            }),
            Cell::from(number(entry.count)),
            entry
                .visitor
                .as_deref()
                .map_or(Value::Nothing.into(), Cell::text),
        ]
    };
    Table {
        id: "audit",
        caption: view
            .say("Who did what, latest first", "Wie wat deed, nieuwste eerst")
            .to_owned(),
        columns: vec![
            Column::new(view.say("When", "Wanneer")),
            Column::new(view.say("Name", "Naam")),
            Column::new("Token"),
            Column::new(view.say("What was asked", "Wat er is gevraagd")),
            Column::new("Status").meaning(view.say(
                "The status of the answer. \"Begun\" is the line that a change has before it is made, so that there is one whatever happens then.",
                "De status van het antwoord. \"Begonnen\" is de regel die een wijziging heeft voordat zij gebeurt, zodat er een is wat er ook gebeurt.",
            )),
            Column::new(view.say("How many", "Hoeveel")).meaning(view.say(
                "How many visitors, events or the like the answer was about, where that is known.",
                "Over hoeveel bezoekers, gebeurtenissen en dergelijke het antwoord ging, als dat bekend is.",
            )),
            Column::new(view.say("Visitor", "Bezoeker")),
        ],
        rows: entries.iter().map(row).collect(),
        empty: empty(
            view.say("No lines here", "Hier zijn geen regels"),
            &match more {
                true => html! { p { (view.say("There are older ones: look further with the button below.", "Er zijn oudere: zoek verder met de knop hieronder.")) } },
                false => html! { p { (view.say("Nobody has done anything of this kind in the last 400 days.", "Niemand heeft zoiets gedaan in de laatste 400 dagen.")) } },
            },
        ),
    }
}
