//! Countries of addresses, from a database in MaxMind's format that the owner has: GeoLite2, GeoIP2,
//! DB-IP and others. Never asks anybody.

use std::net::IpAddr;
use std::path::Path;

use maxminddb::{MaxMindDbError, Reader};
use serde::Deserialize;

/// A database of countries.
#[derive(Debug)]
pub(super) struct Countries {
    reader: Reader<Vec<u8>>,
}

/// The part of a record that is of use, in databases of countries and of cities.
#[derive(Deserialize)]
struct Record<'a> {
    #[serde(borrow)]
    country: Option<Country<'a>>,
}

#[derive(Deserialize)]
struct Country<'a> {
    iso_code: Option<&'a str>,
}

impl Countries {
    /// Reads a database whole into memory.
    ///
    /// # Errors
    /// When it cannot be read or is none.
    pub(super) fn open(path: &Path) -> Result<Self, MaxMindDbError> {
        let reader = Reader::open_readfile(path)?;
        Ok(Self { reader })
    }

    /// The country of an address, as ISO 3166-1 has it in two letters.
    pub(super) fn of(&self, address: IpAddr) -> Option<String> {
        let found = self.reader.lookup(address).ok()?;
        let record: Record<'_> = found.decode().ok()??;
        let code = record.country?.iso_code?;
        let is_code = code.len() == 2 && code.bytes().all(|one| one.is_ascii_uppercase());
        is_code.then(|| code.to_owned())
    }
}
