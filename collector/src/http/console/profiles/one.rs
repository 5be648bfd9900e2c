//! One profile: who somebody is, what they want and why we think so, and what they did. Shows what the
//! role of whoever looks allows, and changes nothing.

use firstglance_engine::explain::{Question, explain};
use firstglance_engine::profile::{EntryKind, Touch};
use firstglance_engine::{Evaluation, Snapshot, VisitorId};
use maud::{Markup, html};

use super::{course, person, reasons, timeline, who};
use crate::http::admin::person::Known;
use crate::http::console::parts::{
    Cell, Column, Figure, Table, Tone, Value, bar, empty, notice, tip,
};
use crate::http::console::view::View;
use crate::http::console::{HttpError, Shown, story};
use crate::http::finding::Channels;
use crate::store::SaidConsent;
use crate::store::merges::MergeFilter;
use crate::token::Role;

/// Interests that are shown.
const MOST_INTERESTS: usize = 10;

/// Merges that are shown: the latest.
const MOST_MERGES: usize = 20;

/// The page.
pub(in crate::http::console) async fn show(view: &View<'_>) -> Result<Shown, HttpError> {
    let visitor = view.visitor()?;
    let known = Known::of(view.app, &visitor).await?;
    let merges = view
        .app
        .store
        .merges(MergeFilter::PersonOf(visitor.clone()), None, MOST_MERGES)
        .await?;
    let model = view.app.model();
    let evaluation = known.evaluation(view.app);
    let consent = view.app.store.consent(&visitor).await?;
    let page = Page {
        view,
        consent,
        snapshot: Snapshot::of_evaluation(&evaluation, &known.profile, &model),
        evaluation,
        visitor: &visitor,
        known: &known,
    };
    let timeline = timeline::show(view, &visitor, &known.visitors, &known.profile).await?;
    let course = course::chart(view, &known.visitors, &page.snapshot.interests).await?;
    let title = who::called(view, &visitor, &known.profile);
    let content = html! {
        (page.done())
        (page.head())
        (page.figures())
        div class="profile" {
            section aria-labelledby="timeline" class="panel" {
                h2 id="timeline" { (view.say("Timeline", "Tijdlijn")) }
                (timeline)
            }
            div {
                (page.interests())
                (course.show(view))
                (page.segments())
                (page.score())
                (page.data().show(view))
            }
        }
        (page.touches().show(view))
        (person::show(view, &visitor, &known, &merges))
    };
    Ok(Shown::Page(title, content))
}

struct Page<'a> {
    view: &'a View<'a>,
    visitor: &'a VisitorId,
    known: &'a Known,
    evaluation: Evaluation,
    snapshot: Snapshot,
    consent: Option<SaidConsent>,
}

impl Page<'_> {
    /// What was just done.
    fn done(&self) -> Markup {
        let view = self.view;
        let text = match view.parameter("undone").as_deref() {
            Some("apart") => view.say(
                "From now on the two are two again, with all that each did.",
                "Vanaf nu zijn de twee weer twee, elk met alles wat die deed.",
            ),
            Some("together") => view.say(
                "What this said counts no longer; other messages say that they are one person all the same.",
                "Wat dit zei telt niet meer; andere berichten zeggen dat ze toch één persoon zijn.",
            ),
            _ => return html! {},
        };
        notice(
            Tone::Good,
            view.say(
                "The merge was undone",
                "De samenvoeging is ongedaan gemaakt",
            ),
            &html! { p { (text) } },
        )
    }

    /// Who, and what can be done.
    fn head(&self) -> Markup {
        let view = self.view;
        let is_known = who::known(&self.known.profile).is_some();
        let person = self.known.visitors.len();
        let id = crate::http::console::view::encoded(self.visitor.as_str());
        html! {
            div class="profile-head" {
                div class="who" {
                    @match is_known {
                        true => span class="badge good" { (view.say("known", "bekend")) },
                        false => span class="badge" { (view.say("anonymous", "anoniem")) },
                    }
                    " " span class="badge" { (view.say("stage", "fase")) ": " bdi { (self.snapshot.stage) } }
                    " " span class="badge" { (view.say("consent", "toestemming")) ": " (who::consent(view, self.consent.map(|said| said.consent))) }
                    " " (tip(view.language, "consent", view.say("Consent", "Toestemming"), &self.about_consent()))
                    p class="quiet" {
                        (view.say("First seen ", "Eerst gezien ")) (view.moment(self.known.profile.first_seen))
                        " · " (view.say("last seen ", "laatst gezien ")) (view.moment(self.known.profile.last_seen))
                    }
                    p class="quiet" { "id " code { bdi { (self.visitor) } }
                    @if let Some(user) = self.known.profile.entries.one(EntryKind::User) {
                        " · " (view.say("user", "gebruiker")) " " code { bdi { (story::shortened(&user.value)) } }
                    } }
                }
                div class="actions" {
                    a class="button" href=(view.link(&format!("profiles/{id}/access"), &[("person", if person > 1 { "true" } else { "" })])) download {
                        (view.say("Export everything held", "Exporteer alles wat er is"))
                    }
                    @if view.may(Role::Erase) {
                        button type="button" class="danger" popovertarget="erase" { (view.say("Erase…", "Wissen…")) }
                    }
                }
            }
            @if view.may(Role::Erase) { (self.erase(&id)) }
        }
    }

    /// What is known of the consent, and how.
    fn about_consent(&self) -> String {
        let view = self.view;
        let Some(said) = self.consent else {
            return view
                .say(
                    "No page said under which consent what came of this browser was sent: servers do not, and nor did pages before it was kept.",
                    "Geen pagina noemde onder welke toestemming het is gestuurd wat van deze browser kwam: servers doen dat niet, en pagina's voordat het werd bewaard ook niet.",
                )
                .to_owned();
        };
        format!(
            "{} {}. {}",
            view.say(
                "The consent under which this browser's page last sent something, on",
                "De toestemming waaronder de pagina van deze browser het laatst iets stuurde, op",
            ),
            view.moment(said.at),
            view.say(
                "It is the visitor's choice, or the site's default where they made none. Under \"segments\" only results leave the browser, under \"session\" nothing is kept there. Who denies it from then on sends nothing more, so this cannot tell that they did.",
                "Het is de keuze van de bezoeker, of de standaard van de site als die niet koos. Onder \"segments\" verlaten alleen uitkomsten de browser, onder \"session\" wordt daar niets bewaard. Wie daarna weigert stuurt niets meer, dus dat kan dit niet vertellen.",
            )
        )
    }

    /// The question before somebody is erased.
    fn erase(&self, id: &str) -> Markup {
        let view = self.view;
        let person = self.known.visitors.len();
        html! {
            div id="erase" popover class="dialog" role="dialog" aria-labelledby="erase-title" {
                form method="post" action=(view.link(&format!("profiles/{id}/erase"), &[])) {
                    (view.csrf())
                    h2 id="erase-title" { (view.say("Erase this visitor?", "Deze bezoeker wissen?")) }
                    p { (view.say("All events, the profile and the identity go, and every count that came of them. Nobody can bring them back, and there is no undo. Copies in backups stay until those are removed.", "Alle gebeurtenissen, het profiel en de identiteit verdwijnen, en elke telling die ervan kwam. Niemand kan ze terughalen, en er is geen weg terug. Kopieën in back-ups blijven tot die verwijderd worden.")) }
                    p { (view.say("The audit log says who did it. If the visitor comes back with consent, they are somebody new.", "Het auditlog zegt wie het deed. Komt de bezoeker met toestemming terug, dan is het iemand nieuws.")) }
                    @if person > 1 {
                        fieldset {
                            legend { (view.say("What is erased", "Wat gewist wordt")) }
                            label class="check" { input type="radio" name="person" value="true" checked; (view.say("all browsers of this person: ", "alle browsers van deze persoon: ")) (person) }
                            label class="check" { input type="radio" name="person" value="false"; (view.say("this browser alone", "alleen deze browser")) }
                        }
                    }
                    div class="actions" {
                        button type="submit" class="danger" { (view.say("Erase for good", "Definitief wissen")) }
                        button type="button" popovertarget="erase" popovertargetaction="hide" { (view.say("Keep", "Behouden")) }
                    }
                }
            }
        }
    }

    fn figures(&self) -> Markup {
        let view = self.view;
        let profile = &self.known.profile;
        let figure = |id, label: &str, value, definition: &str| {
            Figure {
                id,
                label: label.to_owned(),
                value,
                definition: definition.to_owned(),
                compared: None,
                href: None,
            }
            .show(view)
        };
        html! {
            div class="figures of-profile" {
                (figure("score", view.say("Lead score", "Leadscore"), Value::Number(self.snapshot.score, 0), view.say(
                    "The score now, as your configuration works it out. Its parts stand below.",
                    "De score nu, zoals uw configuratie die berekent. De onderdelen staan hieronder.")))
                (figure("confidence", view.say("How well known", "Hoe goed bekend"), Value::Share(self.snapshot.confidence), view.say(
                    "How well the interests of this visitor are known, from how much they have read and done: 0% is nothing, 100% is as well as can be.",
                    "Hoe goed de interesses van deze bezoeker bekend zijn, naar hoeveel er gelezen en gedaan is: 0% is niets, 100% is zo goed als kan.")))
                (figure("visits", view.say("Visits", "Bezoeken"), Value::Count(profile.sessions.count), view.say(
                    "Visits of all browsers of this person, told apart by half an hour without activity.",
                    "Bezoeken van alle browsers van deze persoon, gescheiden door een half uur zonder activiteit.")))
                (figure("pages", view.say("Page views", "Paginaweergaven"), Value::Count(profile.page_views), view.say(
                    "Pages viewed in all visits.",
                    "Bekeken pagina's in alle bezoeken.")))
                (figure("active", view.say("Active time", "Actieve tijd"), Value::Duration(profile.active), view.say(
                    "Time in which the visitor looked at a page and did something: moved, scrolled, typed or touched.",
                    "Tijd waarin de bezoeker een pagina bekeek en iets deed: bewegen, scrollen, typen of aanraken.")))
            }
        }
    }

    fn interests(&self) -> Markup {
        let view = self.view;
        let shown = self.snapshot.interests.iter().take(MOST_INTERESTS);
        let model = view.app.model();
        html! {
            section class="panel" aria-labelledby="interests" {
                h2 id="interests" {
                    (view.say("What they want", "Wat zij willen")) " "
                    (tip(view.language, "interests", view.say("Interests", "Interesses"), view.say(
                        "How sure we are that the visitor is interested in a topic, 0% to 100%. Open one to see what it rests on.",
                        "Hoe zeker we zijn dat de bezoeker in een onderwerp geïnteresseerd is, 0% tot 100%. Open er een om te zien waarop dat berust.")))
                }
                @if self.snapshot.interests.is_empty() {
                    (empty(view.say("Nothing is known yet", "Nog niets bekend"), &html! { p { (view.say("Interests appear with the first pages that have a topic.", "Interesses verschijnen met de eerste pagina's die een onderwerp hebben.")) } }))
                }
                ul class="bars" {
                    @for interest in shown {
                        @let trace = explain(Question::Interest(&interest.id), &self.evaluation, &self.known.profile, &model);
                        li {
                            details {
                                summary {
                                    span { bdi { (interest.label) } " " strong { (view.language.share(interest.score)) } }
                                    (bar(interest.score))
                                }
                                @match trace.filter(|trace| !trace.evidence.is_empty()) {
                                    Some(trace) => ul class="evidence" { @for one in trace.evidence.iter().take(MOST_INTERESTS) { li { (reasons::evidence(view, one)) } } },
                                    None => p class="quiet" { (view.say("What it rests on is no longer kept.", "Waarop het berust wordt niet meer bewaard.")) },
                                }
                                p { a href=(view.profiles(&[("interest", &interest.id)])) { (view.say("Others who want this", "Anderen die dit willen")) } }
                            }
                        }
                    }
                }
            }
        }
    }

    fn segments(&self) -> Markup {
        let view = self.view;
        let model = view.app.model();
        let names = view.names();
        let is_in = |id: &str| self.snapshot.segments.iter().any(|one| **one == *id);
        let others = model.segments.iter().filter(|segment| !is_in(&segment.id));
        let why = |id: &str| {
            let trace = explain(
                Question::Segment(id),
                &self.evaluation,
                &self.known.profile,
                &model,
            );
            html! { @if let Some(trace) = trace { (reasons::show(view, &trace)) } }
        };
        html! {
            section class="panel" aria-labelledby="segments" {
                h2 id="segments" { (view.say("Segments, and why", "Segmenten, en waarom")) }
                @if self.snapshot.segments.is_empty() {
                    (empty(view.say("In no segment now", "Nu in geen segment"), &html! { p { (view.say("What is missing stands below.", "Wat er ontbreekt staat hieronder.")) } }))
                }
                @for id in &self.snapshot.segments {
                    details class="segment" {
                        summary { span class="badge good" { bdi { (names.called(id)) } } }
                        (why(id))
                        p { a href=(view.profiles(&[("segment", id)])) { (view.say("Everybody in it", "Iedereen erin")) } }
                    }
                }
                @for segment in others {
                    details class="segment" {
                        summary { span class="badge" { bdi { (segment.label) } } " " span class="quiet" { (view.say("not in it: why not", "er niet in: waarom niet")) } }
                        (why(&segment.id))
                    }
                }
            }
        }
    }

    fn score(&self) -> Markup {
        let view = self.view;
        let model = view.app.model();
        let ask = |question| explain(question, &self.evaluation, &self.known.profile, &model);
        html! {
            section class="panel" aria-labelledby="score-parts" {
                h2 id="score-parts" { (view.say("Score and stage, and why", "Score en fase, en waarom")) }
                @if let Some(trace) = ask(Question::Score) {
                    details open { summary { (view.say("Score", "Score")) ": " strong { (view.language.number(self.snapshot.score, 1)) } } (reasons::parts(view, &trace)) }
                }
                @if let Some(trace) = ask(Question::Stage) {
                    details { summary { (view.say("Stage", "Fase")) ": " strong { bdi { (self.snapshot.stage) } } } (reasons::show(view, &trace)) }
                }
            }
        }
    }

    /// What the visitor gave of themselves.
    fn data(&self) -> Table {
        let view = self.view;
        let traits = self.known.profile.recent(EntryKind::Trait);
        let rows = traits.into_iter().map(|one| {
            let said = serde_json::from_str::<String>(&one.value);
            let value = said.unwrap_or_else(|_| one.value.to_string());
            vec![
                Cell::text(&*one.text),
                Cell::text(story::shortened(&value)),
                Value::Moment(one.last).into(),
            ]
        });
        Table {
            id: "data",
            caption: view.say("Data given", "Gegeven gegevens").to_owned(),
            columns: vec![
                Column::new(view.say("What", "Wat")),
                Column::new(view.say("Value", "Waarde")),
                Column::new(view.say("Since", "Sinds")),
            ],
            rows: rows.collect(),
            empty: empty(
                view.say("Nothing was given", "Er is niets gegeven"),
                &html! { p { (view.say("Names, e-mail addresses and the like appear here when your pages call identify.", "Namen, e-mailadressen en dergelijke verschijnen hier als uw pagina's identify aanroepen.")) } },
            ),
        }
    }

    /// What brought them, first and later.
    fn touches(&self) -> Table {
        let view = self.view;
        let profile = &self.known.profile;
        let touches = profile.touches(view.now);
        let channels = Channels::default();
        let row = |touch: &Touch<'_>| {
            let utm = |name: &str| match touch.campaign.get(name) {
                "" => Value::Nothing.into(),
                text => Cell::text(text),
            };
            let channel = channels.of(touch);
            let campaign = touch.campaign.get("utm_campaign");
            vec![
                Value::Moment(touch.at).into(),
                Cell::text(channel).to(view.profiles(&[("channel", channel)])),
                match (touch.campaign.get("utm_source"), touch.referrer) {
                    ("", "") => Value::Nothing.into(),
                    ("", host) => Cell::text(host),
                    (source, _) => Cell::text(source),
                },
                utm("utm_medium"),
                match campaign {
                    "" => Value::Nothing.into(),
                    name => Cell::text(name).to(view.profiles(&[("campaign", name)])),
                },
                utm("utm_term"),
                utm("utm_content"),
                Cell::text(touch.path),
            ]
        };
        Table {
            id: "touches",
            caption: view.say("What brought them", "Wat hen bracht").to_owned(),
            columns: vec![
                Column::new(view.say("When", "Wanneer")),
                Column::new(view.say("Channel", "Kanaal")).meaning(view.say(
                    "By the channels of Google Analytics, worked out from the campaign, the click id and the page before.",
                    "Volgens de kanalen van Google Analytics, afgeleid uit de campagne, de klik-id en de vorige pagina.",
                )),
                Column::new(view.say("Source", "Bron")),
                Column::new(view.say("Medium", "Medium")),
                Column::new(view.say("Campaign", "Campagne")),
                Column::new(view.say("Term", "Zoekwoord")),
                Column::new(view.say("Content", "Inhoud")),
                Column::new(view.say("Arrived at", "Kwam binnen op")),
            ],
            rows: touches.iter().map(row).collect(),
            empty: empty(
                view.say("No page view is known", "Er is geen paginaweergave bekend"),
                &html! { p { (view.say("What brings a visitor is told by their first page view.", "Wat een bezoeker brengt wordt verteld door de eerste paginaweergave.")) } },
            ),
        }
    }
}
