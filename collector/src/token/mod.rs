//! Tokens of administrators: who may ask for what, and about which site.
//!
//! Two kinds. The token in the file `admin-token` of the data folder, drawn at the first start, may
//! everything about all sites; only the owner of the process can read it. Others are made by
//! `firstglance token` and kept as digests in a file of their own (`file`), which is read again
//! whenever it changes, so that one that was revoked is refused from then on.
//!
//! A token is 256 random bits, so a plain SHA-256 is all that it takes to keep it: there is no
//! dictionary to try, which is what slow digests with salt are for. Never logged and never sent.

mod file;

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use firstglance_engine::Timestamp;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::data::{DataError, DataFolder, SECRET_BYTES};
pub use file::{KeptToken, NewToken, TokenError, TokenFile};
use file::{Stamp, TokenDigest};

/// Name of the file in the data folder with the token for everything.
const FILE: &str = "admin-token";

/// What that one is called where it is said who did something.
const OWNER: &str = "admin-token";

/// What a token lets its holder do. Each may what the ones before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Ask what visitors see in slots, for pages and e-mails that are made on a server.
    Decide,
    /// See everything about visitors, and the counts of `/metrics`; change nothing.
    Read,
    /// Look after the collector as well: the audit log, refused messages and whatever changes no
    /// visitor's data for good.
    Operate,
    /// Erase visitors as well.
    Erase,
}

impl Role {
    /// All of them, from the one that may least.
    pub const ALL: [Self; 4] = [Self::Decide, Self::Read, Self::Operate, Self::Erase];

    /// The role as text.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Decide => "decide",
            Self::Read => "read",
            Self::Operate => "operate",
            Self::Erase => "erase",
        }
    }

    /// The role of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// What a token was found to allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// Tells tokens apart; says nothing of the token itself.
    pub id: Box<str>,
    /// Whose it is.
    pub name: Box<str>,
    /// What it may.
    pub role: Role,
    /// The id of the only site that it is for; nothing where it is for all.
    pub site: Option<Box<str>>,
}

impl Access {
    /// What the token in the file `admin-token` allows.
    #[must_use]
    pub fn owner() -> Self {
        Self {
            id: OWNER.into(),
            name: OWNER.into(),
            role: Role::Erase,
            site: None,
        }
    }
}

/// All tokens that are known.
pub struct Tokens {
    owner: TokenDigest,
    file: TokenFile,
    kept: ArcSwap<Kept>,
    /// When each was last shown, by its id, since the start of the process.
    used: Mutex<HashMap<Box<str>, Timestamp>>,
}

/// What the file said when it had this stamp.
struct Kept {
    stamp: Option<Stamp>,
    tokens: Vec<KeptToken>,
}

impl Tokens {
    /// The tokens of a data folder, and the file of the one for everything.
    ///
    /// # Errors
    /// [`DataError`] when that one can be neither read nor made.
    pub fn of(data: &DataFolder) -> Result<(Self, PathBuf), DataError> {
        let (owner, path) = data.secret(
            FILE,
            |secret| format!("{}\n", text_of(secret)).into_bytes(),
            |bytes| {
                let token = str::from_utf8(bytes).ok()?.trim();
                let secret = URL_SAFE_NO_PAD.decode(token).ok()?;
                (secret.len() >= SECRET_BYTES).then(|| digest(token))
            },
        )?;
        let tokens = Self {
            owner,
            file: TokenFile::of(data.path()),
            // No file has been looked at yet, which differs from one that is not there only by the
            // look that comes first.
            kept: ArcSwap::from_pointee(Kept {
                stamp: None,
                tokens: Vec::new(),
            }),
            used: Mutex::default(),
        };
        Ok((tokens, path))
    }

    /// What a token allows at a moment; nothing where it is none, or not any more.
    #[must_use]
    pub fn access(&self, token: &str, now: Timestamp) -> Option<Access> {
        let digest = digest(token);
        if self.owner.ct_eq(&digest).into() {
            self.note_use(OWNER, now);
            return Some(Access::owner());
        }
        let kept = self.kept();
        let found = kept.tokens.iter().find(|one| one.is(&digest))?;
        let access = found.holds_at(now).then(|| found.access())?;
        self.note_use(&access.id, now);
        Some(access)
    }

    /// What the token of this id allows at a moment, for whoever has shown it before; nothing where it
    /// holds no more.
    #[must_use]
    pub fn still(&self, id: &str, now: Timestamp) -> Option<Access> {
        if id == OWNER {
            self.note_use(OWNER, now);
            return Some(Access::owner());
        }
        let kept = self.kept();
        let found = kept.tokens.iter().find(|one| *one.id == *id)?;
        let access = found.holds_at(now).then(|| found.access())?;
        self.note_use(id, now);
        Some(access)
    }

    /// When a token was last used, by its id; nothing where it was not since the start of the process.
    #[must_use]
    pub fn last_used(&self, id: &str) -> Option<Timestamp> {
        self.uses().get(id).copied()
    }

    fn note_use(&self, id: &str, now: Timestamp) {
        let mut uses = self.uses();
        match uses.get_mut(id) {
            Some(last) => *last = now.max(*last),
            None => {
                uses.insert(id.into(), now);
            }
        }
    }

    /// No entry depends on another, so whoever panicked with the lock left them in order.
    fn uses(&self) -> MutexGuard<'_, HashMap<Box<str>, Timestamp>> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The file of those that were made.
    #[must_use]
    pub const fn file(&self) -> &TokenFile {
        &self.file
    }

    /// All tokens of the file, those that hold no more among them.
    #[must_use]
    pub fn all(&self) -> Vec<KeptToken> {
        self.kept().tokens.clone()
    }

    /// The tokens of the file as it is now. One look at the file's dates for each question: an
    /// administrator's, and rare.
    fn kept(&self) -> Arc<Kept> {
        let kept = self.kept.load_full();
        let stamp = self.file.stamp();
        if stamp == kept.stamp {
            return kept;
        }
        let read = self.file.read();
        let tokens = read.unwrap_or_else(|error| {
            // Once for each change. Nobody is let in by a file that cannot be read.
            tracing::error!(%error, "no token of this file is taken");
            Vec::new()
        });
        let kept = Arc::new(Kept { stamp, tokens });
        self.kept.store(kept.clone());
        kept
    }
}

fn digest(token: &str) -> TokenDigest {
    Sha256::digest(token.as_bytes()).into()
}

fn text_of(secret: &[u8; SECRET_BYTES]) -> String {
    URL_SAFE_NO_PAD.encode(secret)
}

#[cfg(test)]
mod tests {
    use firstglance_engine::Milliseconds;

    use super::*;

    fn moment(milliseconds: u64) -> Timestamp {
        Timestamp::MIN.plus(Milliseconds(1_700_000_000_000 + milliseconds))
    }

    #[test]
    fn the_file_holds_the_token_for_everything() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataFolder::open(folder.path()).unwrap();
        let (tokens, file) = Tokens::of(&data).unwrap();
        let text = std::fs::read_to_string(file).unwrap();
        assert_eq!(text.len(), 44);
        let access = tokens.access(text.trim(), moment(0)).unwrap();
        assert_eq!((access.role, access.site), (Role::Erase, None));
        for wrong in ["", "x", &text] {
            assert_eq!(tokens.access(wrong, moment(0)), None, "{wrong:?}");
        }
    }

    #[test]
    fn each_role_may_what_those_before_it_may() {
        for (place, role) in Role::ALL.into_iter().enumerate() {
            assert_eq!(Role::from_name(role.name()), Some(role));
            assert!(Role::ALL[..place].iter().all(|less| *less < role));
        }
        assert_eq!(Role::from_name("admin"), None);
    }

    /// Made, used, and revoked while somebody looks at the same folder.
    #[test]
    fn made_and_revoked_at_any_time() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataFolder::open(folder.path()).unwrap();
        let (tokens, _) = Tokens::of(&data).unwrap();
        let file = TokenFile::of(folder.path());
        let new = |name: &str, role, site: Option<&str>, expires| NewToken {
            name: name.to_owned(),
            role,
            site: site.map(str::to_owned),
            expires,
        };
        let anna = new("Anna", Role::Read, Some("blog"), Some(moment(10)));
        let (anna, kept) = file.create(anna, moment(0)).unwrap();
        let bert = new("Bert", Role::Operate, None, None);
        let (bert, _) = file.create(bert, moment(0)).unwrap();
        assert_ne!(anna, bert);
        let text = std::fs::read_to_string(folder.path().join("tokens.json")).unwrap();
        assert!(!text.contains(&anna), "{text}");

        assert_eq!(tokens.last_used(&kept.id), None);
        let access = tokens.access(&anna, moment(9)).unwrap();
        assert_eq!(tokens.last_used(&kept.id), Some(moment(9)));
        assert_eq!((&*access.name, access.role), ("Anna", Role::Read));
        assert_eq!(access.site.as_deref(), Some("blog"));
        assert_eq!(tokens.still(&access.id, moment(9)), Some(access));
        assert_eq!(tokens.still(&kept.id, moment(10)), None);
        assert_eq!(tokens.access(&anna, moment(10)), None);
        assert_eq!(tokens.last_used(&kept.id), Some(moment(9)));
        assert_eq!(
            tokens.access(&bert, moment(10)).unwrap().role,
            Role::Operate
        );

        assert!(matches!(
            file.revoke("nobody"),
            Err(TokenError::Unknown { .. })
        ));
        assert_eq!(file.revoke(&kept.id).unwrap().name, "Anna");
        assert_eq!(tokens.access(&anna, moment(1)), None);
        assert_eq!(tokens.still(&kept.id, moment(1)), None);
        assert!(tokens.access(&bert, moment(1)).is_some());
        // Also by name, where that says which is meant.
        let (other, _) = file
            .create(new("Bert", Role::Read, None, None), moment(1))
            .unwrap();
        assert!(matches!(
            file.revoke("Bert"),
            Err(TokenError::Ambiguous { .. })
        ));
        assert!(tokens.access(&other, moment(1)).is_some());

        // A file that cannot be read lets nobody in, and no command makes it worse.
        std::fs::write(folder.path().join("tokens.json"), "{").unwrap();
        assert_eq!(tokens.access(&bert, moment(1)), None);
        let again = file.create(new("Carla", Role::Read, None, None), moment(1));
        assert!(matches!(again, Err(TokenError::Damaged { .. })));
        assert!(matches!(
            file.revoke("Bert"),
            Err(TokenError::Damaged { .. })
        ));
    }
}
