//! Cookieless: tells the visitors of one day apart without an identifier on their devices.
//!
//! A visitor's name is a digest of the write key, the client's address and its user agent under a
//! salt that is drawn anew each UTC day. The salt lies in the data folder, so that a restart goes
//! on with it, and nowhere else; when the day ends the next one takes its place. From then on
//! nobody can tell any more which address a name stood for, nor that two names of different days
//! are one visitor's. The address itself is never kept.
//!
//! What that means: nothing is stored on the device or read from it, and there is no identifier
//! that lasts longer than a day. Within the day the name is personal data all the same, for
//! whoever has the salt could try addresses; and everybody behind one address who uses the same
//! browser is one visitor. Where the collector does not run when a day ends, that day's salt goes
//! at the next start.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use firstglance_engine::{Timestamp, VisitorId};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::clock;
use crate::data::{DataError, DataFile, DataFolder, SECRET_BYTES, Secret};

/// Name of the salt's file in the data folder.
pub(crate) const FILE: &str = "daily-salt";

/// What the names of such visitors begin with.
const PREFIX: &str = "daily-";

/// Bytes of the digest in a name: too many to be met by chance or by trying.
const NAME_BYTES: usize = 16;

/// How often it is looked whether the day has ended. Requests look by themselves.
const LOOK: Duration = Duration::from_secs(20);

const DAY: u64 = 24 * 60 * 60 * 1_000;

/// Names visitors for a day.
pub struct DailySalt {
    file: DataFile,
    today: Mutex<Today>,
}

struct Today {
    /// Days since 1970.
    day: u64,
    salt: Secret,
}

/// What a visitor is told apart by.
#[derive(Clone, Copy, Debug)]
pub struct Sender<'a> {
    /// The site's write key, so that no two sites have a name in common.
    pub write_key: &'a str,
    /// The client's address.
    pub address: IpAddr,
    /// The header `User-Agent`.
    pub user_agent: &'a [u8],
}

const fn day_of(now: Timestamp) -> u64 {
    now.as_milliseconds() / DAY
}

impl DailySalt {
    /// The salt of a data folder for the present day.
    ///
    /// # Errors
    /// [`DataError`] when it can be neither read nor made.
    pub fn of(data: &DataFolder, now: Timestamp) -> Result<Self, DataError> {
        let file = data.file(FILE);
        let kept = file.read()?.and_then(|bytes| Today::from_bytes(&bytes));
        let today = match kept {
            Some(today) if today.day == day_of(now) => today,
            // Of another day, or none of ours: it has served.
            _ => Today::draw(day_of(now), &file)?,
        };
        Ok(Self {
            file,
            today: Mutex::new(today),
        })
    }

    /// Removes the salt of a data folder whose site needs none any more.
    ///
    /// # Errors
    /// [`DataError`] when it cannot be removed.
    pub fn remove(data: &DataFolder) -> Result<(), DataError> {
        data.file(FILE).remove()
    }

    /// The visitor for the present day.
    ///
    /// # Errors
    /// [`DataError`] when a day has begun for which no salt can be drawn.
    pub fn visitor(&self, sender: Sender<'_>, now: Timestamp) -> Result<VisitorId, DataError> {
        let salt = self.salt(now)?;
        let random = || DataError::Random("a salt that is no key".to_owned());
        let mut mac = Hmac::<Sha256>::new_from_slice(&salt).map_err(|_| random())?;
        let address = match sender.address {
            IpAddr::V4(address) => address.to_ipv6_mapped(),
            IpAddr::V6(address) => address,
        };
        // Of known length but for the last, so that no two senders are one text.
        mac.update(&(sender.write_key.len() as u64).to_be_bytes());
        mac.update(sender.write_key.as_bytes());
        mac.update(&address.octets());
        mac.update(sender.user_agent);
        let digest = mac.finalize().into_bytes();
        let name = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(&digest[..NAME_BYTES]));
        VisitorId::anonymous(&name).map_err(|_| random())
    }

    /// The present day's salt. Where the day has just begun it is drawn, and the former one is gone
    /// for good.
    fn salt(&self, now: Timestamp) -> Result<Secret, DataError> {
        let mut today = self.today.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that is set back does not bring a day back.
        if day_of(now) > today.day {
            *today = Today::draw(day_of(now), &self.file)?;
        }
        Ok(today.salt)
    }

    /// Sees to it that the salt of a day goes when the day ends, whether anybody comes or not. Runs
    /// for as long as it is polled.
    pub async fn renew(self: Arc<Self>) {
        loop {
            tokio::time::sleep(LOOK).await;
            let salt = self.clone();
            let renewed = tokio::task::spawn_blocking(move || salt.salt(clock::now())).await;
            if let Ok(Err(error)) = renewed {
                tracing::error!(%error, "there is no salt for this day");
            }
        }
    }
}

impl Today {
    /// Draws a salt and puts it in the place of the former one.
    fn draw(day: u64, file: &DataFile) -> Result<Self, DataError> {
        let mut salt = Secret::default();
        getrandom::fill(&mut salt).map_err(|error| DataError::Random(error.to_string()))?;
        let today = Self { day, salt };
        if let Err(error) = file.write(&today.to_bytes()) {
            // A restart within the day makes strangers of its visitors; that the former salt goes
            // matters more.
            tracing::warn!(%error, "the day's salt cannot be kept");
            file.remove()?;
        }
        Ok(today)
    }

    fn to_bytes(&self) -> Vec<u8> {
        [&self.day.to_be_bytes()[..], &self.salt].concat()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (day, salt) = bytes.split_first_chunk::<8>()?;
        Some(Self {
            day: u64::from_be_bytes(*day),
            salt: <[u8; SECRET_BYTES]>::try_from(salt).ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use firstglance_engine::Milliseconds;

    use super::*;

    const SENDER: Sender<'static> = Sender {
        write_key: "k",
        address: IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1)),
        user_agent: b"Browser/1",
    };

    fn moment(day: u64, milliseconds: u64) -> Timestamp {
        Timestamp::MIN.plus(Milliseconds((20_000 + day) * DAY + milliseconds))
    }

    #[test]
    fn a_name_lasts_a_day_and_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataFolder::open(folder.path()).unwrap();
        let file = folder.path().join(FILE);
        let salt = DailySalt::of(&data, moment(0, 0)).unwrap();
        let name = salt.visitor(SENDER, moment(0, 0)).unwrap();
        assert!(name.as_str().starts_with(PREFIX), "{name}");
        assert_eq!(salt.visitor(SENDER, moment(0, DAY - 1)).unwrap(), name);
        drop(salt);
        let salt = DailySalt::of(&data, moment(0, DAY - 1)).unwrap();
        assert_eq!(salt.visitor(SENDER, moment(0, DAY - 1)).unwrap(), name);

        let former = fs::read(&file).unwrap();
        let next = salt.visitor(SENDER, moment(1, 0)).unwrap();
        assert_ne!(next, name);
        // The former salt is in no file any more, and no clock brings it back.
        let kept = fs::read(&file).unwrap();
        assert_ne!(kept[8..], former[8..]);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
        assert_eq!(salt.visitor(SENDER, moment(0, DAY - 1)).unwrap(), next);
        drop(salt);
        let salt = DailySalt::of(&data, moment(2, 0)).unwrap();
        assert_ne!(fs::read(&file).unwrap()[8..], kept[8..]);
        assert_ne!(salt.visitor(SENDER, moment(2, 0)).unwrap(), next);

        drop(salt);
        DailySalt::remove(&data).unwrap();
        DailySalt::remove(&data).unwrap();
        assert!(!file.exists());
    }

    #[test]
    fn everything_about_the_sender_counts() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataFolder::open(folder.path()).unwrap();
        let now = moment(0, 0);
        let salt = DailySalt::of(&data, now).unwrap();
        let address = |text: &str| text.parse().unwrap();
        let senders = [
            SENDER,
            Sender {
                write_key: "l",
                ..SENDER
            },
            Sender {
                write_key: "k\u{c0}",
                ..SENDER
            },
            Sender {
                address: address("192.0.2.2"),
                ..SENDER
            },
            Sender {
                address: address("2001:db8::1"),
                ..SENDER
            },
            Sender {
                user_agent: b"",
                ..SENDER
            },
            Sender {
                user_agent: b"Browser/2",
                ..SENDER
            },
        ];
        let names = senders.map(|sender| salt.visitor(sender, now).unwrap());
        let different: std::collections::BTreeSet<_> = names.iter().collect();
        assert_eq!(different.len(), senders.len());
        // One address in two forms is one.
        let mapped = Sender {
            address: address("::ffff:192.0.2.1"),
            ..SENDER
        };
        assert_eq!(salt.visitor(mapped, now).unwrap(), names[0]);
    }

    #[test]
    fn a_damaged_file_is_a_new_salt() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataFolder::open(folder.path()).unwrap();
        fs::write(folder.path().join(FILE), "short").unwrap();
        let salt = DailySalt::of(&data, moment(0, 0)).unwrap();
        let name = salt.visitor(SENDER, moment(0, 0)).unwrap();
        let salt = DailySalt::of(&data, moment(0, 1)).unwrap();
        assert_eq!(salt.visitor(SENDER, moment(0, 1)).unwrap(), name);
    }

    #[test]
    fn where_nothing_can_be_kept_the_former_salt_goes_all_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataFolder::open(folder.path()).unwrap();
        let salt = DailySalt::of(&data, moment(0, 0)).unwrap();
        let first = salt.visitor(SENDER, moment(0, 0)).unwrap();
        // A folder in the place of the draft: nothing can be written.
        fs::create_dir(folder.path().join(format!("{FILE}.new"))).unwrap();
        let second = salt.visitor(SENDER, moment(1, 0)).unwrap();
        assert_ne!(first, second);
        assert_eq!(salt.visitor(SENDER, moment(1, 1)).unwrap(), second);
        assert!(!folder.path().join(FILE).exists());
    }
}
