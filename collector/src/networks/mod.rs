//! What network addresses tell, by files that the owner has: the country, and whether it is one of a
//! data centre. Never asks anybody.

mod countries;
mod data_centres;

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use countries::Countries;
use data_centres::DataCentres;
pub use data_centres::DataCentresError;

use crate::config::Site;

/// Why a file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum NetworksError {
    /// That of the countries.
    #[error("{path}: cannot read the countries: {reason}", path = .path.display())]
    Countries {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// That of the data centres.
    #[error("{path}: cannot read the networks of data centres: {reason}", path = .path.display())]
    DataCentres {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: DataCentresError,
    },
}

/// See the module. The default knows nothing.
#[derive(Debug, Default)]
pub struct Networks {
    countries: Option<Countries>,
    data_centres: Option<DataCentres>,
}

impl Networks {
    /// Reads the files that a site names, whole into memory.
    ///
    /// # Errors
    /// [`NetworksError`] when one cannot be read or is none.
    pub fn of(site: &Site) -> Result<Self, NetworksError> {
        let read = |path: &Path| {
            Countries::open(path).map_err(|error| NetworksError::Countries {
                path: path.to_owned(),
                reason: error.to_string(),
            })
        };
        let countries = site.country_database.as_deref().map(read).transpose()?;
        let read = |path: &Path| {
            DataCentres::open(path).map_err(|reason| NetworksError::DataCentres {
                path: path.to_owned(),
                reason,
            })
        };
        let data_centres = site.data_centres.as_deref().map(read).transpose()?;
        Ok(Self {
            countries,
            data_centres,
        })
    }

    /// The country of an address, as ISO 3166-1 has it in two letters.
    #[must_use]
    pub fn country(&self, address: IpAddr) -> Option<String> {
        self.countries.as_ref()?.of(address)
    }

    /// Whether an address is one of a data centre.
    #[must_use]
    pub fn is_data_centre(&self, address: IpAddr) -> bool {
        let data_centres = self.data_centres.as_ref();
        data_centres.is_some_and(|networks| networks.contain(address))
    }
}
