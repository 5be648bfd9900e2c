//! Erasing many: which visitors and users are meant, and what became of each. The same for the
//! admin API and for the command line.
//!
//! Whoever is erased already is said to be unknown, and nothing else happens: a list that was broken
//! off is simply given once more.

use std::time::Duration;

use firstglance_engine::json::JsonWriter;
use firstglance_engine::{UserId, VisitorId};
use serde::Deserialize;

use crate::clock;
use crate::store::{Erased, Erasure, Ground, Store, StoreError};

/// How often others are looked for who joined a person meanwhile.
const MOST_LOOKS: usize = 16;

/// Pause before a store that is busy is asked again.
const PAUSE: Duration = Duration::from_millis(50);

/// Who is to be erased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// One visitor.
    Visitor(VisitorId),
    /// All visitors of the person that a user is.
    User(UserId),
}

/// What became of one of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Who was meant; else what was given, and what is wrong with it.
    pub target: Result<Target, NoTarget>,
    /// Who was erased; nobody where nobody was known.
    pub erased: Vec<VisitorId>,
}

/// What was given names nobody.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct NoTarget {
    given: String,
    why: String,
}

/// One of a list, as JSON.
#[derive(Deserialize)]
#[serde(untagged)]
enum Given {
    Visitor(String),
    Named(Named),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "lowercase")]
enum Named {
    Visitor(String),
    User(String),
}

impl Target {
    fn of(given: Given) -> Result<Self, NoTarget> {
        let wrong = |given: String, what: &str, why: &dyn std::fmt::Display| NoTarget {
            why: format!("the {what}'s id {why}"),
            given,
        };
        match given {
            Given::Visitor(id) | Given::Named(Named::Visitor(id)) => match VisitorId::parse(&id) {
                Ok(visitor) => Ok(Self::Visitor(visitor)),
                Err(error) => Err(wrong(id, "visitor", &error)),
            },
            Given::Named(Named::User(id)) => match UserId::parse(&id) {
                Ok(user) => Ok(Self::User(user)),
                Err(error) => Err(wrong(id, "user", &error)),
            },
        }
    }

    fn of_json(json: &str) -> Result<Self, NoTarget> {
        let given = serde_json::from_str(json).map_err(|_| NoTarget {
            given: json.to_owned(),
            why: "it must be a visitor's id as a text, {\"visitor\": id} or {\"user\": id}"
                .to_owned(),
        })?;
        Self::of(given)
    }

    fn of_line(line: &str) -> Result<Self, NoTarget> {
        if line.starts_with(['"', '{', '[']) {
            Self::of_json(line)
        } else {
            Self::of(Given::Visitor(line.to_owned()))
        }
    }
}

/// Reads a list: JSON, or one a line. A line is JSON as well, or a visitor's id as it is.
#[must_use]
pub fn read(text: &str) -> Vec<Result<Target, NoTarget>> {
    if text.trim_start().starts_with('[')
        && let Ok(list) = serde_json::from_str::<Vec<&serde_json::value::RawValue>>(text)
    {
        return list
            .into_iter()
            .map(|one| Target::of_json(one.get()))
            .collect();
    }
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.map(Target::of_line).collect()
}

/// Erases one of a list.
///
/// # Errors
/// [`StoreError`] when the store takes nothing any more. A busy one is waited for.
pub async fn erase(
    store: &dyn Store,
    target: Result<Target, NoTarget>,
) -> Result<Outcome, StoreError> {
    let mut erased = Vec::new();
    match &target {
        Err(_) => {}
        Ok(Target::Visitor(visitor)) => one(store, visitor.clone(), &mut erased).await?,
        Ok(Target::User(user)) => {
            for _ in 0..MOST_LOOKS {
                let visitors = store.visitors_of_user(user).await?;
                if visitors.is_empty() {
                    break;
                }
                for visitor in visitors {
                    one(store, visitor, &mut erased).await?;
                }
            }
        }
    }
    Ok(Outcome { target, erased })
}

async fn one(
    store: &dyn Store,
    visitor: VisitorId,
    erased: &mut Vec<VisitorId>,
) -> Result<(), StoreError> {
    loop {
        let erasure = Erasure {
            visitor: visitor.clone(),
            ground: Ground::Owner,
            now: clock::now(),
        };
        match store.erase(erasure).await {
            Err(StoreError::Busy) => tokio::time::sleep(PAUSE).await,
            Ok(Erased::Done) => {
                erased.push(visitor);
                return Ok(());
            }
            Ok(Erased::Unknown | Erased::Unproven) => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}

impl Outcome {
    /// The outcome as a line of JSON, without its end.
    #[must_use]
    pub fn line(&self) -> String {
        let mut json = JsonWriter::default();
        json.open('{');
        let outcome = match &self.target {
            Ok(Target::Visitor(visitor)) => {
                json.text_member("visitor", visitor.as_str());
                self.known()
            }
            Ok(Target::User(user)) => {
                json.text_member("user", user.as_str());
                self.known()
            }
            Err(wrong) => {
                json.text_member("given", firstglance_engine::text::clip(&wrong.given, 200));
                json.text_member("why", &wrong.why);
                "invalid"
            }
        };
        json.text_member("outcome", outcome);
        json.name("erased");
        json.open('[');
        for visitor in &self.erased {
            json.text(visitor.as_str());
        }
        json.close(']');
        json.close('}');
        json.into_string()
    }

    const fn known(&self) -> &'static str {
        if self.erased.is_empty() {
            "unknown"
        } else {
            "erased"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists() {
        let visitor = |id| Ok(Target::Visitor(VisitorId::parse(id).unwrap()));
        let user = |id| Ok(Target::User(UserId::parse(id).unwrap()));
        for text in [
            "a\n\"b c\"\r\n\n{\"visitor\":\"user:d\"}\n{\"user\":\"e\"}\n",
            r#" ["a", "b c", {"visitor":"user:d"}, {"user":"e"}]"#,
        ] {
            let expected = vec![visitor("a"), visitor("b c"), visitor("user:d"), user("e")];
            assert_eq!(read(text), expected, "{text}");
        }
        for wrong in [
            "\"",
            "{}",
            "[5]",
            "[[]]",
            "{\"user\":\"\"}",
            "{\"visitor\":\"a\",\"user\":\"b\"}",
        ] {
            let found = read(wrong);
            assert!(matches!(found[..], [Err(_)]), "{wrong} {found:?}");
        }
        assert_eq!(read(" \n"), []);
    }
}
