//! The columns of the list: which there are, which are chosen, and what each says of a visitor. The
//! choice stands in the address, so that a page that was kept or sent shows the same.

use firstglance_engine::profile::EntryKind;

use super::who;
use crate::http::console::parts::{Cell, Column, Value};
use crate::http::console::view::View;
use crate::http::finding::{Channels, FoundVisitor};
use crate::http::query;

/// Interests and segments that are shown of each visitor.
const MOST_NAMES: usize = 3;

/// A column that may be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Stage,
    Score,
    Interests,
    Segments,
    Channel,
    Campaign,
    Visits,
    Pages,
    Seen,
    First,
    Device,
    Language,
    Consent,
}

impl Kind {
    pub(super) const ALL: [Self; 13] = [
        Self::Stage,
        Self::Score,
        Self::Interests,
        Self::Segments,
        Self::Channel,
        Self::Campaign,
        Self::Visits,
        Self::Pages,
        Self::Seen,
        Self::First,
        Self::Device,
        Self::Language,
        Self::Consent,
    ];

    /// Those that are shown where nothing was chosen.
    const USUAL: [Self; 7] = [
        Self::Stage,
        Self::Score,
        Self::Interests,
        Self::Segments,
        Self::Channel,
        Self::Visits,
        Self::Seen,
    ];

    /// Its name in addresses.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Stage => "stage",
            Self::Score => "score",
            Self::Interests => "interests",
            Self::Segments => "segments",
            Self::Channel => "channel",
            Self::Campaign => "campaign",
            Self::Visits => "visits",
            Self::Pages => "pages",
            Self::Seen => "seen",
            Self::First => "first",
            Self::Device => "device",
            Self::Language => "language",
            Self::Consent => "consent",
        }
    }

    pub(super) const fn label(self, view: &View<'_>) -> &'static str {
        match self {
            Self::Stage => view.say("Stage", "Fase"),
            Self::Score => view.say("Score", "Score"),
            Self::Interests => view.say("Top interests", "Sterkste interesses"),
            Self::Segments => view.say("Segments", "Segmenten"),
            Self::Channel => view.say("First channel", "Eerste kanaal"),
            Self::Campaign => view.say("First campaign", "Eerste campagne"),
            Self::Visits => view.say("Visits", "Bezoeken"),
            Self::Pages => view.say("Page views", "Paginaweergaven"),
            Self::Seen => view.say("Last seen", "Laatst gezien"),
            Self::First => view.say("First seen", "Eerst gezien"),
            Self::Device => view.say("Device", "Apparaat"),
            Self::Language => view.say("Language", "Taal"),
            Self::Consent => view.say("Consent", "Toestemming"),
        }
    }

    const fn meaning(self, view: &View<'_>) -> Option<&'static str> {
        Some(match self {
            Self::Stage => view.say(
                "How near to becoming a customer, by the stages of your configuration, now.",
                "Hoe dicht bij klant worden, volgens de fasen van uw configuratie, nu.",
            ),
            Self::Score => view.say(
                "The lead score now, as your configuration works it out; 0 to 100 where it says nothing else.",
                "De leadscore nu, zoals uw configuratie die berekent; 0 tot 100 als die niets anders zegt.",
            ),
            Self::Interests => view.say(
                "The three strongest topics, each with how sure we are (0% to 100%), from what was read, searched and clicked.",
                "De drie sterkste onderwerpen, elk met hoe zeker we zijn (0% tot 100%), uit wat is gelezen, gezocht en aangeklikt.",
            ),
            Self::Segments => view.say(
                "The segments that the visitor is in now; at most three are named.",
                "De segmenten waar de bezoeker nu in zit; hoogstens drie worden genoemd.",
            ),
            Self::Channel => view.say(
                "What brought the visitor for the first time, by the channels of Google Analytics.",
                "Wat de bezoeker de eerste keer bracht, volgens de kanalen van Google Analytics.",
            ),
            Self::Campaign => view.say(
                "The utm_campaign of the first page view, where it had one.",
                "De utm_campaign van de eerste paginaweergave, als die er was.",
            ),
            Self::Visits => view.say(
                "Visits told apart by half an hour without activity.",
                "Bezoeken, gescheiden door een half uur zonder activiteit.",
            ),
            Self::Consent => view.say(
                "The consent that the visitor's page said when it last sent anything; of who denies it nothing comes.",
                "De toestemming die de pagina van de bezoeker noemde toen die het laatst iets stuurde; van wie weigert komt niets.",
            ),
            Self::Seen | Self::First | Self::Pages | Self::Device | Self::Language => return None,
        })
    }

    fn cell(self, view: &View<'_>, one: &FoundVisitor, channels: &Channels) -> Cell {
        let (profile, snapshot) = (&one.profile, &one.snapshot);
        let touch = profile.first_touch();
        match self {
            Self::Stage => Cell::text(&*snapshot.stage),
            Self::Score => Value::Number(snapshot.score, 0).into(),
            Self::Interests => {
                let named = snapshot.interests.iter().take(MOST_NAMES);
                let named = named.map(|interest| {
                    let share = view.language.share(interest.score);
                    format!("{} {share}", interest.label)
                });
                Cell::text(named.collect::<Vec<_>>().join(", "))
            }
            Self::Segments => {
                let names = view.names();
                let all = &snapshot.segments;
                let named = all.iter().take(MOST_NAMES).map(|id| names.called(id));
                let mut text = named.collect::<Vec<_>>().join(", ");
                if all.len() > MOST_NAMES {
                    text.push_str(&format!(" +{}", all.len() - MOST_NAMES));
                }
                Cell::text(text)
            }
            Self::Channel => touch.map_or_else(
                || Value::Nothing.into(),
                |touch| Cell::text(channels.of(&touch)),
            ),
            Self::Campaign => {
                let campaign = touch.map(|touch| touch.campaign.get("utm_campaign").to_owned());
                let campaign = campaign.filter(|campaign| !campaign.is_empty());
                campaign.map_or_else(|| Value::Nothing.into(), Cell::text)
            }
            Self::Visits => Cell::count(profile.sessions.count),
            Self::Pages => Cell::count(profile.page_views),
            Self::Seen => Value::Moment(profile.last_seen).into(),
            Self::First => Value::Moment(profile.first_seen).into(),
            Self::Device => {
                let agent = profile.entries.one(EntryKind::Agent);
                agent.map_or_else(
                    || Value::Nothing.into(),
                    |agent| Cell::text(device(view, &agent.value)),
                )
            }
            Self::Consent => Cell::text(who::consent(view, one.consent)),
            Self::Language => {
                let language = profile.entries.one(EntryKind::Language);
                language.map_or_else(
                    || Value::Nothing.into(),
                    |language| Cell::text(&*language.value),
                )
            }
        }
    }
}

/// What a user agent tells of a device, in a few words.
pub(super) fn device(view: &View<'_>, agent: &str) -> String {
    let agent = view.app.agents.read(agent);
    let device = &agent.device;
    let kind = device.kind.map(|kind| match kind {
        "mobile" => view.say("phone", "telefoon"),
        "tablet" => view.say("tablet", "tablet"),
        "desktop" => view.say("computer", "computer"),
        other => other,
    });
    let parts = [kind, device.browser.as_deref(), device.system.as_deref()];
    let parts: Vec<&str> = parts.into_iter().flatten().collect();
    match parts.is_empty() {
        true => view.say("unknown", "onbekend").to_owned(),
        false => parts.join(", "),
    }
}

/// The columns that are shown.
pub(super) struct Chosen(Vec<Kind>);

impl Chosen {
    /// What the address says: each `columns` a name, or several with commas between them.
    pub(super) fn of(view: &View<'_>) -> Self {
        let said = query::all(view.uri).filter(|(name, _)| name == "columns");
        let named: Vec<String> = said
            .flat_map(|(_, value)| value.split(',').map(str::to_owned).collect::<Vec<_>>())
            .collect();
        let is_chosen = |kind: &Kind| named.iter().any(|name| name == kind.name());
        let chosen: Vec<Kind> = Kind::ALL.into_iter().filter(is_chosen).collect();
        match chosen.is_empty() {
            true => Self(Kind::USUAL.to_vec()),
            false => Self(chosen),
        }
    }

    pub(super) fn has(&self, kind: Kind) -> bool {
        self.0.contains(&kind)
    }

    pub(super) fn heads(&self, view: &View<'_>) -> Vec<Column> {
        let who = Column::new(view.say("Who", "Wie")).meaning(view.say(
            "The name or e-mail address that the visitor gave; anonymous with the beginning of the id where nothing was given. Each row is one browser.",
            "De naam of het e-mailadres dat de bezoeker gaf; anoniem met het begin van de id als er niets gegeven is. Elke rij is één browser.",
        ));
        let others = self.0.iter().map(|kind| {
            let column = Column::new(kind.label(view));
            match kind.meaning(view) {
                Some(meaning) => column.meaning(meaning),
                None => column,
            }
        });
        std::iter::once(who).chain(others).collect()
    }

    pub(super) fn rows(&self, view: &View<'_>, found: &[FoundVisitor]) -> Vec<Vec<Cell>> {
        let channels = Channels::default();
        let row = |one: &FoundVisitor| {
            let name = who::called(view, &one.id, &one.profile);
            let who = Cell::text(name).to(view.profile(&one.id));
            let others = self.0.iter().map(|kind| kind.cell(view, one, &channels));
            std::iter::once(who).chain(others).collect()
        };
        found.iter().map(row).collect()
    }
}
