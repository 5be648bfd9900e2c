//! How an entry of the audit of merges is written: in the engine's compact form, its version first.

use firstglance_engine::codec::{DecodeError, Encode, Reader, Writer};
use firstglance_engine::{Timestamp, UserId, VisitorId};

use super::links::version;
use crate::store::joining::Membership;
use crate::store::merges::{Cause, Link, MergeChange, MergeEntry, Undoing};

const VERSION: u8 = 1;

/// An entry's form.
pub(super) fn to_bytes(entry: &MergeEntry) -> Vec<u8> {
    let mut out = Writer::default();
    write(entry, &mut out);
    out.into_text().into_bytes()
}

/// The entry of a form.
///
/// # Errors
/// [`DecodeError`] tells what is wrong with it.
pub(super) fn from_bytes(bytes: &[u8]) -> Result<MergeEntry, DecodeError> {
    let Stored(entry) = Stored::from_bytes(bytes)?;
    entry.ok_or(DecodeError::Invalid("merge"))
}

/// There is none where the bytes are wrong: then nobody gets it.
struct Stored(Option<MergeEntry>);

impl Encode for Stored {
    fn encode(&self, out: &mut Writer) {
        if let Self(Some(entry)) = self {
            write(entry, out);
        }
    }

    fn decode(reader: &mut Reader<'_>) -> Self {
        Self(read(reader))
    }
}

fn write(entry: &MergeEntry, out: &mut Writer) {
    out.byte(VERSION);
    entry.at.encode(out);
    match &entry.change {
        MergeChange::Joined { visitor, from, to } => {
            out.byte(0);
            out.text(visitor.as_str());
            out.byte(u8::from(from.is_some()));
            for membership in from.iter().chain([to]) {
                out.text(membership.user.as_str());
                membership.at.encode(out);
            }
        }
        MergeChange::Merged {
            previous,
            user,
            said,
        } => {
            out.byte(1);
            out.text(previous.as_str());
            out.text(user.as_str());
            said.encode(out);
        }
        MergeChange::Undone(undoing) => {
            out.byte(2);
            write_undoing(undoing, out);
        }
        MergeChange::Restored(undoing) => {
            out.byte(3);
            write_undoing(undoing, out);
        }
    }
    match &entry.cause {
        Cause::Message { id, kind, sender } => {
            out.byte(0);
            out.text(id);
            out.text(kind);
            out.text(sender.as_str());
        }
        Cause::Admin { token, name } => {
            out.byte(1);
            out.text(token);
            out.text(name);
        }
        Cause::Erased => out.byte(2),
    }
}

fn read(reader: &mut Reader<'_>) -> Option<MergeEntry> {
    version(reader);
    let at = Timestamp::decode(reader);
    let change = match reader.byte() {
        0 => {
            let visitor = visitor(reader)?;
            let from = if flag(reader, "membership") {
                Some(membership(reader)?)
            } else {
                None
            };
            let to = membership(reader)?;
            MergeChange::Joined { visitor, from, to }
        }
        1 => MergeChange::Merged {
            previous: user(reader)?,
            user: user(reader)?,
            said: Timestamp::decode(reader),
        },
        2 => MergeChange::Undone(read_undoing(reader)?),
        3 => MergeChange::Restored(read_undoing(reader)?),
        _ => return wrong(reader, "kind of merge"),
    };
    let cause = match reader.byte() {
        0 => Cause::Message {
            id: reader.boxed(),
            kind: reader.boxed(),
            sender: visitor(reader)?,
        },
        1 => Cause::Admin {
            token: reader.boxed(),
            name: reader.boxed(),
        },
        2 => Cause::Erased,
        _ => return wrong(reader, "cause of a merge"),
    };
    Some(MergeEntry { at, change, cause })
}

fn write_undoing(undoing: &Undoing, out: &mut Writer) {
    out.integer(undoing.of);
    match &undoing.link {
        Link::Membership(visitor, user) => {
            out.byte(0);
            out.text(visitor.as_str());
            out.text(user.as_str());
        }
        Link::Names(one, other) => {
            out.byte(1);
            out.text(one.as_str());
            out.text(other.as_str());
        }
    }
    undoing.before.encode(out);
    for user in [&undoing.from, &undoing.to] {
        out.byte(u8::from(user.is_some()));
        if let Some(user) = user {
            out.text(user.as_str());
        }
    }
}

fn read_undoing(reader: &mut Reader<'_>) -> Option<Undoing> {
    let of = reader.integer();
    let link = if flag(reader, "link") {
        Link::Names(user(reader)?, user(reader)?)
    } else {
        Link::Membership(visitor(reader)?, user(reader)?)
    };
    let before = Option::decode(reader);
    let mut users = [None, None];
    for place in &mut users {
        if flag(reader, "user") {
            *place = Some(user(reader)?);
        }
    }
    let [from, to] = users;
    Some(Undoing {
        of,
        link,
        before,
        from,
        to,
    })
}

fn membership(reader: &mut Reader<'_>) -> Option<Membership> {
    Some(Membership {
        user: user(reader)?,
        at: Timestamp::decode(reader),
    })
}

fn flag(reader: &mut Reader<'_>, what: &'static str) -> bool {
    reader.choice(&[false, true], false, what)
}

fn user(reader: &mut Reader<'_>) -> Option<UserId> {
    match UserId::parse(reader.text()) {
        Ok(user) => Some(user),
        Err(_) => wrong(reader, "user"),
    }
}

fn visitor(reader: &mut Reader<'_>) -> Option<VisitorId> {
    match VisitorId::parse(reader.text()) {
        Ok(visitor) => Some(visitor),
        Err(_) => wrong(reader, "visitor"),
    }
}

fn wrong<T>(reader: &mut Reader<'_>, what: &'static str) -> Option<T> {
    reader.fail(DecodeError::Invalid(what));
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::merges::TakenBack;

    fn moment(milliseconds: i64) -> Timestamp {
        Timestamp::from_milliseconds(milliseconds)
    }

    fn entries() -> Vec<MergeEntry> {
        let user = |name: &str| UserId::parse(name).unwrap();
        let visitor = |name: &str| VisitorId::parse(name).unwrap();
        let membership = |name: &str, at| Membership {
            user: user(name),
            at: moment(at),
        };
        let by_message = Cause::Message {
            id: "m\u{e9}1".into(),
            kind: "alias".into(),
            sender: visitor("user:jo"),
        };
        let by_admin = Cause::Admin {
            token: "1a2b".into(),
            name: "Anna".into(),
        };
        let undoing = |link, before| Undoing {
            of: 70_000,
            link,
            before,
            from: Some(user("jo")),
            to: None,
        };
        let changes = [
            MergeChange::Joined {
                visitor: visitor("a"),
                from: None,
                to: membership("jo", 5),
            },
            MergeChange::Joined {
                visitor: visitor("a"),
                from: Some(membership("mo", 4)),
                to: membership("jo", 5),
            },
            MergeChange::Merged {
                previous: user("jo"),
                user: user("mo"),
                said: moment(9),
            },
            MergeChange::Undone(undoing(Link::Membership(visitor("a"), user("jo")), None)),
            MergeChange::Restored(undoing(
                Link::Names(user("jo"), user("mo")),
                Some(TakenBack {
                    until: moment(8),
                    by: 3,
                }),
            )),
        ];
        let mut entries = Vec::new();
        for change in changes {
            for cause in [by_message.clone(), by_admin.clone(), Cause::Erased] {
                entries.push(MergeEntry {
                    at: moment(1_700_000_000_000),
                    change: change.clone(),
                    cause,
                });
            }
        }
        entries
    }

    #[test]
    fn what_is_written_is_read() {
        for entry in entries() {
            assert_eq!(from_bytes(&to_bytes(&entry)), Ok(entry));
        }
    }

    /// Whatever is damaged is an error or another entry, and never a panic.
    #[test]
    fn what_is_cut_is_an_error() {
        for entry in entries() {
            let bytes = to_bytes(&entry);
            for end in 0..bytes.len() {
                assert!(from_bytes(&bytes[..end]).is_err(), "{entry:?} {end}");
            }
            for place in 0..bytes.len() {
                let mut damaged = bytes.clone();
                damaged[place] ^= 0x15;
                let _ = from_bytes(&damaged);
            }
        }
    }
}
