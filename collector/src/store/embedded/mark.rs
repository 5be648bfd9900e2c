//! The mark: how many groups have been acknowledged, in a small file beside the engine's own.
//!
//! sled takes a damaged record for the end of its log and goes on from there, as if nothing had been
//! behind it. So each group carries its number, and the mark says which number must be there at the
//! least. It is written after the disk has the group and is itself never waited for: it may lag, and
//! never runs ahead.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

/// The file's name.
const NAME: &str = "acknowledged";

/// What a number is changed by to check it.
const CHECK: u64 = 0x9e37_79b9_7f4a_7c15;

/// See the module.
pub(super) struct Mark {
    file: File,
    path: PathBuf,
}

impl Mark {
    /// The mark of a folder; made where there is none.
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        let path = folder.join(NAME);
        let mut options = OpenOptions::new();
        let file = options
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path)?;
        Ok(Self { file, path })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The number; 0 where none was written, or where it is damaged itself.
    pub(super) fn read(&self) -> io::Result<u64> {
        let mut bytes = [0; 16];
        match self.file.read_exact_at(&mut bytes, 0) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(0),
            read => read?,
        }
        let (number, check) = bytes.split_at(8);
        let number = number
            .iter()
            .fold(0, |sum, byte| sum << 8 | u64::from(*byte));
        let check = check
            .iter()
            .fold(0, |sum, byte| sum << 8 | u64::from(*byte));
        Ok(if number ^ CHECK == check { number } else { 0 })
    }

    pub(super) fn write(&self, number: u64) -> io::Result<()> {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&number.to_be_bytes());
        bytes[8..].copy_from_slice(&(number ^ CHECK).to_be_bytes());
        self.file.write_all_at(&bytes, 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_is_kept_and_checked() {
        let folder = tempfile::tempdir().unwrap();
        let mark = Mark::open(folder.path()).unwrap();
        assert_eq!(mark.read().unwrap(), 0);
        mark.write(7_000_000_000).unwrap();
        let mark = Mark::open(folder.path()).unwrap();
        assert_eq!(mark.read().unwrap(), 7_000_000_000);
        mark.file.write_all_at(&[9], 3).unwrap();
        assert_eq!(mark.read().unwrap(), 0);
    }
}
