//! Networks of data centres: one a line, as clouds publish theirs; what follows `#` is for people.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::net::{IpAddr, Ipv6Addr};
use std::path::Path;

use ipnet::IpNet;

/// Bytes of the largest file that is read: some hundred thousand networks, more than there are.
const LARGEST: u64 = 16 * 1024 * 1024;

/// Why there are no networks.
#[derive(Debug, thiserror::Error)]
pub enum DataCentresError {
    /// The file cannot be read.
    #[error("{0}")]
    Disk(#[from] io::Error),
    /// A line is no network.
    #[error("line {line} is {text:?}; it must be a network or an address, such as 198.51.100.0/24")]
    Line {
        /// Which, from 1.
        line: usize,
        /// What it says.
        text: String,
    },
}

/// See the module.
#[derive(Debug)]
pub(super) struct DataCentres {
    /// First and last addresses, in order and apart from each other; those of IPv4 as IPv6 has them.
    ranges: Vec<(u128, u128)>,
}

impl DataCentres {
    pub(super) fn open(path: &Path) -> Result<Self, DataCentresError> {
        let mut ranges = Vec::new();
        let lines = BufReader::new(File::open(path)?.take(LARGEST)).lines();
        for (number, line) in lines.enumerate() {
            let line = line?;
            let text = line.split('#').next().unwrap_or_default().trim();
            if text.is_empty() {
                continue;
            }
            let network = text.parse::<IpNet>().ok();
            let network = network.or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
            let network = network.ok_or_else(|| DataCentresError::Line {
                line: number + 1,
                text: firstglance_engine::text::clip(text, 80).to_owned(),
            })?;
            ranges.push((bits(network.network()), bits(network.broadcast())));
        }
        ranges.sort_unstable();
        let mut apart: Vec<(u128, u128)> = Vec::with_capacity(ranges.len());
        for (first, last) in ranges {
            match apart.last_mut() {
                Some((_, end)) if first <= *end => *end = last.max(*end),
                _ => apart.push((first, last)),
            }
        }
        Ok(Self { ranges: apart })
    }

    pub(super) fn contain(&self, address: IpAddr) -> bool {
        let address = bits(address);
        let after = self.ranges.partition_point(|(first, _)| *first <= address);
        let before = after
            .checked_sub(1)
            .and_then(|place| self.ranges.get(place));
        before.is_some_and(|(_, last)| address <= *last)
    }
}

/// An address as a number; one of IPv4 as the IPv6 address that stands for it.
fn bits(address: IpAddr) -> u128 {
    let address = match address {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    };
    Ipv6Addr::to_bits(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<DataCentres, DataCentresError> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        DataCentres::open(file.path())
    }

    #[test]
    fn networks_and_addresses_of_both_kinds() {
        let networks = read(
            "# clouds\r\n198.51.100.0/24\n\n 198.51.100.128/25 # inside\n203.0.113.7\n2001:db8:1::/48\n",
        )
        .unwrap();
        assert_eq!(networks.ranges.len(), 3);
        for (address, expected) in [
            ("198.51.99.255", false),
            ("198.51.100.0", true),
            ("198.51.100.255", true),
            ("::ffff:198.51.100.7", true),
            ("198.51.101.0", false),
            ("203.0.113.6", false),
            ("203.0.113.7", true),
            ("203.0.113.8", false),
            ("2001:db8:1:ffff::1", true),
            ("2001:db8:2::", false),
            ("::", false),
            ("ffff::", false),
        ] {
            assert_eq!(
                networks.contain(address.parse().unwrap()),
                expected,
                "{address}"
            );
        }
        assert!(!read("").unwrap().contain("198.51.100.0".parse().unwrap()));
    }

    #[test]
    fn what_is_no_network_is_told_with_its_line() {
        for wrong in ["198.51.100.0/33", "cloud", "198.51.100", "{"] {
            let error = read(&format!("# x\n203.0.113.0/24\n{wrong}")).unwrap_err();
            let said = error.to_string();
            assert!(said.starts_with(&format!("line 3 is {wrong:?}")), "{said}");
        }
    }
}
