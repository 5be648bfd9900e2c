//! What a visitor is called: by what they said of themselves, else by what tells them from others.

use firstglance_engine::model::Consent;
use firstglance_engine::profile::EntryKind;
use firstglance_engine::{Profile, VisitorId};

use crate::http::console::story::shortened;
use crate::http::console::view::View;

/// Traits that name somebody, the best first.
const NAMES: [&str; 4] = ["name", "fullName", "full_name", "email"];

/// Signs of an id that tell visitors apart at a glance.
const SHORT: usize = 8;

/// The name of a person, where anything names them.
pub(super) fn known(profile: &Profile) -> Option<String> {
    let said = |name: &str| {
        let entry = profile.entries.find(EntryKind::Trait, name)?;
        let text: String = serde_json::from_str(&entry.value).ok()?;
        (!text.trim().is_empty()).then_some(text)
    };
    let both = || {
        let parts = [
            said("firstName").or_else(|| said("first_name")),
            said("lastName").or_else(|| said("last_name")),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        (!parts.is_empty()).then(|| parts.join(" "))
    };
    let user = || {
        let user = profile.entries.one(EntryKind::User)?;
        (!user.value.is_empty()).then(|| user.value.to_string())
    };
    let name = said(NAMES[0])
        .or_else(|| said(NAMES[1]))
        .or_else(|| said(NAMES[2]));
    let found = name.or_else(both).or_else(|| said(NAMES[3])).or_else(user);
    found.map(|name| shortened(&name))
}

/// The beginning of an id.
pub(super) fn short(id: &VisitorId) -> String {
    let id = id.as_str();
    match id.char_indices().nth(SHORT) {
        Some((end, _)) => id[..end].to_owned(),
        None => id.to_owned(),
    }
}

/// What the console calls somebody.
pub(in crate::http::console) fn called(
    view: &View<'_>,
    id: &VisitorId,
    profile: &Profile,
) -> String {
    known(profile).unwrap_or_else(|| {
        let anonymous = view.say("Anonymous", "Anoniem");
        format!("{anonymous} {}", short(id))
    })
}

/// A consent in words.
pub(super) const fn consent(view: &View<'_>, consent: Option<Consent>) -> &'static str {
    match consent {
        Some(Consent::Granted) => view.say("everything", "alles"),
        Some(Consent::Segments) => view.say("segments only", "alleen segmenten"),
        Some(Consent::Session) => view.say("this session only", "alleen deze sessie"),
        Some(Consent::Denied) => view.say("denied", "geweigerd"),
        None => view.say("not said", "niet genoemd"),
    }
}

#[cfg(test)]
mod tests {
    use firstglance_engine::json::{Clock, SharedFields, read_message};
    use firstglance_engine::{Model, Timestamp};

    use super::*;

    #[test]
    fn names() {
        for (said, expected) in [
            (
                r#""traits":{"firstName":"Jo","lastName":"Vos","email":"jo@x.example"}"#,
                "Jo Vos",
            ),
            (r#""traits":{"name":"Jo","email":"jo@x.example"}"#, "Jo"),
            (
                r#""traits":{"name":" ","email":"jo@x.example"}"#,
                "jo@x.example",
            ),
            (r#""traits":{"name":7}"#, "u-1"),
            (r#""traits":{}"#, "u-1"),
        ] {
            let raw = format!(
                r#"{{"type":"identify","messageId":"m","anonymousId":"a","userId":"u-1","timestamp":"2026-01-02T03:04:05Z",{said}}}"#
            );
            let clock = Clock {
                received_at: Timestamp::MAX,
                sent_at: None,
            };
            let message = read_message(&raw, None, &SharedFields::default(), clock).unwrap();
            let mut profile = Profile::new();
            profile.fold(&message, &Model::new());
            assert_eq!(known(&profile).as_deref(), Some(expected), "{said}");
        }
        assert_eq!(known(&Profile::new()), None);
        let id = VisitorId::parse("ëëëëëëëëëë").unwrap();
        assert_eq!(short(&id), "ëëëëëëëë");
    }
}
