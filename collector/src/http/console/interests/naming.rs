//! Names for topics: several that are found by themselves become one, or get a better name. What is
//! posted is an interest of exactly those topics, so no other topic changes, not even on a page that
//! declares several.

use firstglance_engine::text::slug;
use hyper::StatusCode;
use maud::{Markup, html};

use super::super::parts::{Tone, notice};
use super::super::segments::{author, problems};
use super::super::view::View;
use super::super::{HttpError, Shown};
use super::largest;
use crate::census::Census;
use crate::config::{PostedInterest, Source};
use crate::http::rules::{Change, Changed, change};
use crate::token::Role;

/// Topics that can be chosen, the largest.
const MOST: usize = 60;

/// The longest name, in characters.
const LONGEST: usize = 80;

/// Choosing several and naming them, and what is named.
pub(super) fn forms(view: &View<'_>, census: &Census) -> Markup {
    if !view.may(Role::Operate) {
        return html! {};
    }
    let present = view.app.contents.present().clone();
    let is_named = |id: &str| {
        let mut rules = present.model.interests.iter();
        rules.any(|rule| *rule.id == *id || rule.topics().any(|topic| topic == id))
    };
    let topics = largest(census);
    let free: Vec<_> = topics
        .iter()
        .filter(|(id, _)| !is_named(id))
        .take(MOST)
        .collect();
    let number = present.rules_number();
    let named = present.model.interests.iter().zip(&present.interests);
    let named: Vec<_> = named
        .filter(|(_, source)| **source == Source::Posted)
        .collect();
    html! {
        h2 id="naming" { (view.say("Name and merge topics", "Onderwerpen benoemen en samenvoegen")) }
        @if free.is_empty() {
            p class="quiet" { (view.say("Every topic that was found has a name already.", "Elk gevonden onderwerp heeft al een naam.")) }
        } @else {
            form class="panel editor" method="post" action=(view.link("interests/name", &[])) {
                (view.csrf())
                input type="hidden" name="based_on" value=(number);
                p { (view.say(
                    "Choose topics that mean the same and give them one name. From then on page views of any of them count for it; all other topics stay as they are.",
                    "Kies onderwerpen die hetzelfde betekenen en geef ze één naam. Vanaf dan tellen paginaweergaven van elk ervan daarvoor; alle andere onderwerpen blijven zoals ze zijn.",
                )) }
                fieldset {
                    legend { (view.say("Topics found by themselves", "Vanzelf gevonden onderwerpen")) }
                    div class="topics" {
                        @for (id, topic) in free {
                            label class="check" {
                                input type="checkbox" name="topic" value=(id);
                                span { bdi { (topic.label) } span class="quiet" { " " (view.language.count(topic.known)) } }
                            }
                        }
                    }
                }
                div class="editor-names" {
                    label { (view.say("Name", "Naam"))
                        input name="label" required maxlength=(LONGEST) autocomplete="off";
                    }
                    label { (view.say("Note (may be empty)", "Notitie (mag leeg)"))
                        input name="note" maxlength="250" autocomplete="off";
                    }
                }
                div class="actions" {
                    button type="submit" class="primary" { (view.say("Name: in force at once", "Benoemen: geldt direct")) }
                }
            }
        }
        @if !named.is_empty() {
            h3 { (view.say("Named in the console", "Benoemd in de console")) }
            ul class="named" {
                @for (rule, _) in named {
                    li {
                        a href=(super::link_to(view, &rule.id)) { bdi { (rule.label) } }
                        " ← " (rule.topics().collect::<Vec<_>>().join(", "))
                        form method="post" action=(view.link("interests/unname", &[])) {
                            (view.csrf())
                            input type="hidden" name="based_on" value=(number);
                            input type="hidden" name="id" value=(rule.id);
                            button type="submit" {
                                (view.say("Take the name away", "Naam weghalen"))
                                span class="visually-hidden" { ": " (rule.label) }
                            }
                        }
                    }
                }
            }
        }
        p { a href=(view.link("segments/versions", &[])) { (view.say("Versions, and going back", "Versies, en teruggaan")) } }
    }
}

/// Another name for one topic, or putting it with another.
pub(super) fn of_one(view: &View<'_>, census: &Census, id: &str, label: &str) -> Markup {
    let present = view.app.contents.present().clone();
    let mut rules = present.model.interests.iter();
    let taken = rules.find(|rule| *rule.id != *id && rule.topics().any(|topic| topic == id));
    if !view.may(Role::Operate) || taken.is_some() {
        return html! {};
    }
    let number = present.rules_number();
    let is_found = present.model.interest(id).is_none();
    let others = largest(census).into_iter();
    let configured = present
        .model
        .interests
        .iter()
        .map(|rule| (&*rule.id, &*rule.label));
    let found = others
        .map(|(id, topic)| (id, &*topic.label))
        .filter(|(id, _)| {
            present.model.interest(id).is_none() && origin_is_free(&present.model, id)
        });
    let targets: Vec<(&str, &str)> = configured
        .chain(found)
        .filter(|(other, _)| *other != id)
        .take(MOST)
        .collect();
    html! {
        h2 { (view.say("Name and merge", "Benoemen en samenvoegen")) }
        div class="grid" {
            form class="panel editor" method="post" action=(view.link("interests/name", &[])) {
                (view.csrf())
                input type="hidden" name="based_on" value=(number);
                input type="hidden" name="topic" value=(id);
                label { (view.say("Another name for this topic", "Een andere naam voor dit onderwerp"))
                    input name="label" value=(label) required maxlength=(LONGEST) autocomplete="off";
                }
                div class="actions" { button type="submit" class="primary" { (view.say("Name", "Benoemen")) } }
            }
            @if is_found && !targets.is_empty() {
                form class="panel editor" method="post" action=(view.link("interests/name", &[])) {
                    (view.csrf())
                    input type="hidden" name="based_on" value=(number);
                    input type="hidden" name="topic" value=(id);
                    label { (view.say("Count it as another one", "Laat het meetellen als een ander"))
                        select name="into" {
                            @for (other, label) in targets { option value=(other) { (label) } }
                        }
                    }
                    div class="actions" { button type="submit" { (view.say("Merge", "Samenvoegen")) } }
                }
            }
        }
    }
}

fn origin_is_free(model: &firstglance_engine::Model, id: &str) -> bool {
    let mut rules = model.interests.iter();
    !rules.any(|rule| rule.topics().any(|topic| topic == id))
}

/// The interest that naming makes: of the topic with most visitors, so that what is known of them stays.
fn interest(view: &View<'_>, topics: &[String], label: &str, into: Option<&str>) -> PostedInterest {
    let model = view.app.model();
    let census = view.app.census();
    let known = |id: &str| census.topics.get(id).map_or(0, |topic| topic.known);
    let largest = topics
        .iter()
        .max_by_key(|id| (known(id), std::cmp::Reverse((*id).clone())));
    let id = into.or(largest.map(String::as_str)).unwrap_or_default();
    let mut interest = match model.interest(id) {
        Some(rule) => PostedInterest::of(rule),
        None => PostedInterest {
            id: id.to_owned(),
            label: Some(census.label(id).to_string()),
            ..PostedInterest::default()
        },
    };
    if !label.is_empty() {
        interest.label = Some(label.to_owned());
    }
    // One with words or paths of its own takes pages as it did; the others stand for topics alone.
    let is_alone = interest.paths.is_empty() && interest.terms.is_empty();
    let own = is_alone.then(|| id.to_owned());
    for topic in own.into_iter().chain(topics.iter().cloned()) {
        let is_itself = topic == id && !is_alone;
        if !is_itself && !interest.topics.contains(&topic) {
            interest.topics.push(topic);
        }
    }
    interest
}

/// Gives chosen topics a name.
pub(in super::super) async fn name(view: &View<'_>) -> Result<Shown, HttpError> {
    let topics: Vec<String> = view
        .form
        .iter()
        .filter(|(name, _)| name == "topic")
        .map(|(_, value)| slug(value))
        .filter(|topic| !topic.is_empty())
        .take(MOST)
        .collect();
    let label = view.field("label").unwrap_or_default().trim();
    let label: String = label.chars().take(LONGEST).collect();
    let into = view.field("into").filter(|into| !into.is_empty());
    if topics.is_empty() || (label.is_empty() && into.is_none()) {
        return Ok(refused(
            view,
            view.say(
                "Choose at least one topic and write a name",
                "Kies ten minste één onderwerp en schrijf een naam",
            ),
            &html! {},
        ));
    }
    let interest = interest(view, &topics, &label, into);
    let shown = interest.label.clone().unwrap_or_default();
    save(view, Change::Interest(interest), &shown).await
}

/// Takes a name away.
pub(in super::super) async fn unname(view: &View<'_>) -> Result<Shown, HttpError> {
    let id = view.field("id").unwrap_or_default().to_owned();
    save(view, Change::NoInterest(id), "").await
}

async fn save(view: &View<'_>, what: Change, label: &str) -> Result<Shown, HttpError> {
    let based_on = view
        .field("based_on")
        .and_then(|number| number.parse().ok());
    match change(
        view.app,
        based_on.unwrap_or(0),
        what,
        author(view),
        None,
        false,
    )
    .await
    {
        Ok(Changed::Done { .. }) => {
            Ok(Shown::SeeOther(view.link("interests", &[("saved", label)])))
        }
        Ok(Changed::Conflict(version)) => Ok(refused(
            view,
            view.say(
                "Somebody else has changed this topic meanwhile",
                "Iemand anders heeft dit onderwerp intussen gewijzigd",
            ),
            &html! { p { bdi { (version.version.by.1) } ", " (view.moment(version.version.at)) } },
        )),
        Err(HttpError::Content(found)) => Ok(refused(
            view,
            view.say("This name does not fit", "Deze naam past niet"),
            &problems::show(view, "", &found),
        )),
        Err(error) => Err(error),
    }
}

fn refused(view: &View<'_>, title: &str, text: &Markup) -> Shown {
    let content = html! {
        (notice(Tone::Bad, title, text))
        p { (view.say("Nothing was saved.", "Er is niets opgeslagen.")) }
        p { a class="button" href=(view.link("interests", &[])) { (view.say("Back to interests", "Terug naar interesses")) } }
    };
    Shown::Refused(
        StatusCode::BAD_REQUEST,
        view.say("Interests", "Interesses").to_owned(),
        content,
    )
}
