//! `/admin/v1/profiles/{id}/access`: everything that is held on one visitor, or with `?person` on all
//! visitors of the person, as one document: for whoever asks what is known of them.

use std::sync::Arc;

use firstglance_engine::json::JsonWriter;
use firstglance_engine::profile::EntryKind;
use firstglance_engine::{
    Evaluation, Model, Person, Profile, Snapshot, Timestamp, VisitorId, explain,
};
use hyper::Uri;
use hyper::header::CONTENT_DISPOSITION;

use super::super::answer::{Answer, set};
use super::super::error::HttpError;
use super::super::openapi::{Operation, Reply, flag, shapes};
use super::super::{App, query};
use super::{long, profile, profiles, refused, timeline};
use crate::changes;
use crate::clock;
use crate::export::{ExportError, Pieces};
use crate::schema::{has, list, moment, object, text};
use crate::store::merges::{KeptMerge, MergeFilter, Reader};
use crate::store::refused::{RefusedMessage, Shelf};
use crate::store::{Store, StoreError};

/// Messages read at once.
const AT_ONCE: usize = 256;

pub(in crate::http) async fn answer(
    app: &App,
    uri: &Uri,
    visitor: &VisitorId,
) -> Result<Answer, HttpError> {
    let person = app.store.person(visitor).await?;
    let whole = query::flag(uri, "person")?;
    let visitors: Vec<(VisitorId, Profile)> = person
        .visitors()
        .filter(|(id, _)| whole || *id == visitor)
        .map(|(id, profile)| (id.clone(), profile.clone()))
        .collect();
    let refused = refused_of(&*app.store, visitor, &visitors).await?;
    if visitors.is_empty() && refused.is_empty() {
        return Err(HttpError::Visitor);
    }
    let held = Held {
        store: app.store.clone(),
        model: app.model(),
        now: clock::now(),
        asked: visitor.clone(),
        visitors,
        refused,
    };
    let mut answer = long::begin(app, "application/json", async |pieces| {
        held.write(pieces).await
    })?;
    set(
        &mut answer,
        CONTENT_DISPOSITION,
        hyper::header::HeaderValue::from_static("attachment; filename=\"firstglance-access.json\""),
    );
    Ok(answer)
}

/// What is kept of refused messages of these visitors and of the one that was asked for, who may never
/// have become known.
async fn refused_of(
    store: &dyn Store,
    asked: &VisitorId,
    visitors: &[(VisitorId, Profile)],
) -> Result<Vec<RefusedMessage>, StoreError> {
    let mut found = Vec::new();
    for shelf in [Shelf::Faulty, Shelf::Automated] {
        let mut before = None;
        loop {
            let page = store.refused(shelf, None, before, AT_ONCE).await?;
            let theirs = page.messages.into_iter().filter(|(_, message)| {
                let whose = message.visitor.as_ref();
                whose.is_some_and(|whose| {
                    whose == asked || visitors.iter().any(|(one, _)| one == whose)
                })
            });
            found.extend(theirs.map(|(_, message)| message));
            before = page.next;
            if before.is_none() {
                break;
            }
        }
    }
    Ok(found)
}

/// What there is to tell.
struct Held {
    store: Arc<dyn Store>,
    model: Arc<Model>,
    now: Timestamp,
    asked: VisitorId,
    visitors: Vec<(VisitorId, Profile)>,
    refused: Vec<RefusedMessage>,
}

impl Held {
    async fn write(self, pieces: Pieces) -> Result<(), ExportError> {
        pieces.put(self.head()).await?;
        for (place, (visitor, profile)) in self.visitors.iter().enumerate() {
            let mut piece = if place == 0 { "" } else { "," }.to_owned();
            piece.push_str(&self.visitor(visitor, profile));
            pieces.put(piece).await?;
            self.messages(visitor, &pieces).await?;
            pieces.put("],\"merges\":[").await?;
            self.merges(visitor, &pieces).await?;
            pieces.put("]}").await?;
        }
        let mut json = JsonWriter::default();
        for message in &self.refused {
            refused::write(&mut json, message);
        }
        let refused = json.into_string();
        pieces.put(format!("],\"refused\":[{refused}]}}\n")).await?;
        Ok(pieces.end().await?)
    }

    /// Up to the list of visitors: the person, and what is worked out of all their browsers.
    fn head(&self) -> String {
        let mut person = Person::new();
        for (visitor, profile) in &self.visitors {
            person.add(visitor.clone(), profile.clone());
        }
        let mut profile = person.profile(&self.model);
        profile.settle_recorded(&self.model, self.now);
        let evaluation = Evaluation::of(&profile, &self.model, self.now);
        let mut json = JsonWriter::default();
        json.open('{');
        json.text_member("id", self.asked.as_str());
        json.name("at");
        json.moment(self.now);
        json.name("person");
        json.open('{');
        json.name("userIds");
        json.open('[');
        let users = |profile: &Profile| {
            let user = profile.entries.one(EntryKind::User);
            user.map(|user| user.value.clone())
        };
        let mut known: Vec<_> = (self.visitors.iter())
            .filter_map(|(_, profile)| users(profile))
            .collect();
        known.sort();
        known.dedup();
        for user in &known {
            json.text(user);
        }
        json.close(']');
        json.name("visitors");
        json.open('[');
        for (visitor, _) in &self.visitors {
            json.text(visitor.as_str());
        }
        json.close(']');
        Snapshot::of_evaluation(&evaluation, &profile, &self.model).write_members(&mut json);
        json.name("why");
        json.open('{');
        explain::write_all(&evaluation, &profile, &self.model, &mut json);
        json.close('}');
        json.close('}');
        json.name("visitors");
        json.open('[');
        json.into_string()
    }

    /// A visitor up to the list of messages.
    fn visitor(&self, visitor: &VisitorId, profile: &Profile) -> String {
        let mut json = JsonWriter::default();
        json.open('{');
        profiles::write_summary(&mut json, visitor, profile);
        profile::write_profile(&mut json, profile);
        changes::write_member(&mut json, profile);
        json.name("messages");
        json.open('[');
        json.into_string()
    }

    async fn messages(&self, visitor: &VisitorId, pieces: &Pieces) -> Result<(), ExportError> {
        let mut after = None;
        let mut any = false;
        loop {
            let page = self.store.timeline(visitor, after, AT_ONCE).await?;
            let last_page = page.len() < AT_ONCE;
            after = page.last().map(|entry| entry.position);
            let mut json = JsonWriter::default();
            for entry in &page {
                timeline::write(&mut json, entry);
            }
            let mut piece = json.into_string();
            if any && !piece.is_empty() {
                piece.insert(0, ',');
            }
            any |= !piece.is_empty();
            pieces.put(piece).await?;
            if last_page {
                return Ok(());
            }
        }
    }

    /// How the visitor came to the person, the latest first.
    async fn merges(&self, visitor: &VisitorId, pieces: &Pieces) -> Result<(), ExportError> {
        let mut before = None;
        loop {
            let of_visitor = MergeFilter::Visitor(visitor.clone());
            let page = self.store.merges(of_visitor, before, AT_ONCE).await?;
            let last_page = page.len() < AT_ONCE;
            let mut json = JsonWriter::default();
            for merge in &page {
                merge.write(&mut json, Reader::Visitor(visitor));
            }
            let mut piece = json.into_string();
            if before.is_some() && !piece.is_empty() {
                piece.insert(0, ',');
            }
            pieces.put(piece).await?;
            before = page.last().map(|merge| merge.number);
            if last_page {
                return Ok(());
            }
        }
    }
}

pub(super) fn describe() -> Operation {
    let mut person = vec![has("userIds", list(text())), has("visitors", list(text()))];
    person.extend(shapes::snapshot());
    person.push(has("why", shapes::all_traces()));
    let mut visitor = profiles::summary().to_vec();
    visitor.extend(profile::profile_members());
    visitor.extend([
        has("changes", shapes::changes()),
        has("messages", list(shapes::stored_message())),
        has("merges", list(KeptMerge::describe())),
    ]);
    let held = object([
        has("id", text()),
        has("at", moment()),
        has("person", object(person)),
        has("visitors", list(object(visitor))),
        has("refused", list(refused::shape())),
    ]);
    Operation::new("Everything that is held on a visitor, as one document")
        .details("It leaves in pieces: only an answer with its last chunk is whole.")
        .takes(flag("person", "On all visitors of the person."))
        .gives(Reply::json("The document.", held).header(CONTENT_DISPOSITION.as_str(), text()))
}
