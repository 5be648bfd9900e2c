//! The file with the tokens that were made: their digests, and what each may. Written by commands
//! while a collector reads it: there is a whole file or the one before, and one writer at a time.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use firstglance_engine::Timestamp;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

use super::{Access, Role, digest, text_of};
use crate::data::{DataError, DataFile, SECRET_BYTES};
use crate::hexadecimal::hexadecimal;

/// Name of the file in the data folder, and of the one that its writer holds.
const FILE: &str = "tokens.json";
const LOCK: &str = "tokens-lock";

/// Bytes that the file may have: some ten thousand tokens.
const LARGEST: u64 = 4 * 1024 * 1024;

/// Bytes of a name at most.
const LONGEST_NAME: usize = 100;

/// Digits of a token's id.
const ID_DIGITS: usize = 8;

/// Digest of a token.
pub(super) type TokenDigest = [u8; 32];

/// Why tokens cannot be read or changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// The data folder cannot be read or written.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The file is not one of tokens.
    #[error("{path}: this is not a file of tokens that firstglance wrote: {reason}", path = .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A name is empty, too long or has signs that a line cannot show.
    #[error("a name must have 1 to {LONGEST_NAME} bytes and no control characters")]
    Name,
    /// No token is called so.
    #[error("there is no token with the id or name {wanted:?}; firstglance token list shows all")]
    Unknown {
        /// What was asked for.
        wanted: String,
    },
    /// Several are.
    #[error(
        "several tokens are called {wanted:?}; name one by its id, as firstglance token list shows it"
    )]
    Ambiguous {
        /// What was asked for.
        wanted: String,
    },
}

/// A token to be made.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// Whose it is.
    pub name: String,
    /// What it may.
    pub role: Role,
    /// The id of the only site that it is for; nothing where it is for all.
    pub site: Option<String>,
    /// From when on it counts no more; nothing where it always does.
    pub expires: Option<Timestamp>,
}

/// A token as it is kept.
#[derive(Clone, Debug)]
pub struct KeptToken {
    /// Tells it from others: the beginning of its digest.
    pub id: String,
    /// Whose it is.
    pub name: String,
    /// What it may.
    pub role: Role,
    /// The id of the only site that it is for; nothing where it is for all.
    pub site: Option<String>,
    /// When it was made.
    pub created: Timestamp,
    /// From when on it counts no more; nothing where it always does.
    pub expires: Option<Timestamp>,
    digest: TokenDigest,
}

impl KeptToken {
    pub(super) fn is(&self, digest: &TokenDigest) -> bool {
        self.digest.ct_eq(digest).into()
    }

    /// Whether it counts at a moment.
    #[must_use]
    pub fn holds_at(&self, now: Timestamp) -> bool {
        self.expires.is_none_or(|end| now < end)
    }

    pub(super) fn access(&self) -> Access {
        Access {
            id: self.id.as_str().into(),
            name: self.name.as_str().into(),
            role: self.role,
            site: self.site.as_deref().map(Into::into),
        }
    }
}

/// The file as it is written.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Written {
    tokens: Vec<WrittenToken>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct WrittenToken {
    name: String,
    role: String,
    site: Option<String>,
    created: String,
    expires: Option<String>,
    sha256: String,
}

/// See the module.
#[derive(Clone, Debug)]
pub struct TokenFile {
    folder: PathBuf,
    file: DataFile,
}

/// What tells that the file is another than the one that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    number: u64,
    bytes: u64,
    changed: (i64, i64),
}

impl TokenFile {
    /// The file of a data folder, which another process may hold.
    #[must_use]
    pub fn of(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            file: DataFile::at(folder, FILE),
        }
    }

    /// Nothing where there is no file.
    pub(super) fn stamp(&self) -> Option<Stamp> {
        let metadata = fs::metadata(self.file.path()).ok()?;
        Some(Stamp {
            number: metadata.ino(),
            bytes: metadata.len(),
            // Also of owner and rights.
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        })
    }

    /// All tokens, those that have expired among them.
    ///
    /// # Errors
    /// [`TokenError`] when the file cannot be read.
    pub fn read(&self) -> Result<Vec<KeptToken>, TokenError> {
        let Some(bytes) = self.file.read_up_to(LARGEST)? else {
            return Ok(Vec::new());
        };
        let damaged = |reason: String| TokenError::Damaged {
            path: self.file.path().to_owned(),
            reason,
        };
        let written: Written =
            serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))?;
        let tokens = written.tokens.into_iter();
        let tokens = tokens.map(|token| {
            let name = token.name.clone();
            token
                .read()
                .ok_or_else(|| damaged(format!("the token {name:?} cannot be read")))
        });
        tokens.collect()
    }

    /// Makes a token. The first of the answer is the token itself, which is kept nowhere.
    ///
    /// # Errors
    /// [`TokenError`]; nothing has changed then.
    pub fn create(&self, new: NewToken, now: Timestamp) -> Result<(String, KeptToken), TokenError> {
        let plain = !new.name.chars().any(char::is_control);
        if !plain || new.name.trim().is_empty() || new.name.len() > LONGEST_NAME {
            return Err(TokenError::Name);
        }
        let mut secret = [0; SECRET_BYTES];
        getrandom::fill(&mut secret).map_err(|error| DataError::Random(error.to_string()))?;
        let token = text_of(&secret);
        let digest = digest(&token);
        let kept = KeptToken {
            id: hexadecimal(&digest)[..ID_DIGITS].to_owned(),
            name: new.name,
            role: new.role,
            site: new.site,
            created: now,
            expires: new.expires,
            digest,
        };
        let _lock = self.lock()?;
        let mut tokens = self.read()?;
        tokens.push(kept.clone());
        self.write(&tokens)?;
        Ok((token, kept))
    }

    /// Takes a token away, by its id or its name. Says which it was.
    ///
    /// # Errors
    /// [`TokenError`]; nothing has changed then.
    pub fn revoke(&self, wanted: &str) -> Result<KeptToken, TokenError> {
        let _lock = self.lock()?;
        let mut tokens = self.read()?;
        let by_id = tokens.iter().position(|one| one.id == wanted);
        let mut named = tokens.iter().enumerate();
        let mut named = named.by_ref().filter(|(_, one)| one.name == wanted);
        let place = match (by_id, named.next(), named.next()) {
            (Some(place), _, _) | (None, Some((place, _)), None) => place,
            (None, None, _) => {
                let wanted = wanted.to_owned();
                return Err(TokenError::Unknown { wanted });
            }
            (None, Some(_), Some(_)) => {
                let wanted = wanted.to_owned();
                return Err(TokenError::Ambiguous { wanted });
            }
        };
        let revoked = tokens.remove(place);
        self.write(&tokens)?;
        Ok(revoked)
    }

    /// Waits until no other command writes.
    fn lock(&self) -> Result<File, TokenError> {
        let path = self.folder.join(LOCK);
        let open = || -> io::Result<File> {
            let lock = OpenOptions::new()
                .create(true)
                .truncate(false)
                .write(true)
                .mode(0o600)
                .open(&path)?;
            lock.lock()?;
            Ok(lock)
        };
        open().map_err(|source| {
            let path = path.clone();
            DataError::Unwritable { path, source }.into()
        })
    }

    fn write(&self, tokens: &[KeptToken]) -> Result<(), TokenError> {
        let tokens = tokens.iter().map(WrittenToken::of).collect();
        let bytes = serde_json::to_vec_pretty(&Written { tokens });
        let bytes = bytes.map_err(|error| TokenError::Damaged {
            path: self.file.path().to_owned(),
            reason: error.to_string(),
        })?;
        self.file.write(&bytes)?;
        // An administrator may run the command as another user than the collector.
        self.file.give_to_owner_of_folder()?;
        Ok(())
    }
}

impl WrittenToken {
    fn of(token: &KeptToken) -> Self {
        Self {
            name: token.name.clone(),
            role: token.role.name().to_owned(),
            site: token.site.clone(),
            created: token.created.to_string(),
            expires: token.expires.map(|end| end.to_string()),
            sha256: hexadecimal(&token.digest),
        }
    }

    fn read(self) -> Option<KeptToken> {
        let expires = match self.expires {
            None => None,
            Some(text) => Some(Timestamp::parse(&text).ok()?),
        };
        let mut digest = TokenDigest::default();
        if self.sha256.len() != 2 * digest.len() || !self.sha256.is_ascii() {
            return None;
        }
        for (place, byte) in digest.iter_mut().enumerate() {
            *byte = u8::from_str_radix(self.sha256.get(2 * place..2 * place + 2)?, 16).ok()?;
        }
        Some(KeptToken {
            id: self.sha256.get(..ID_DIGITS)?.to_owned(),
            name: self.name,
            role: Role::from_name(&self.role)?,
            site: self.site,
            created: Timestamp::parse(&self.created).ok()?,
            expires,
            digest,
        })
    }
}
