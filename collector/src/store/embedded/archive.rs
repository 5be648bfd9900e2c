//! A backup: one file with everything that a data folder holds and that cannot be made again.
//!
//! It begins with [`MAGIC`], the version of this form in one byte and the store's layout in one.
//! Entries follow: a byte for the kind, a name and a content, each with its length in four bytes,
//! little-endian. After the last entry stand a byte for the end, the number of records in eight
//! bytes, and the SHA-256 of everything before it. What one process writes, any other can read:
//! nothing in it depends on the storage engine's files.
//!
//! A file is there under its name when it is whole and on disk, and never before.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::{LAYOUT, migration};
use crate::store::BackedUp;

/// First bytes of a backup.
const MAGIC: &[u8] = b"firstglance backup\n";

/// Version of the form.
const VERSION: u8 = 1;

/// The longest name or content that is read: more than any record has.
const LONGEST: u32 = 64 * 1024 * 1024;

const FILE: u8 = b'f';
const RECORD: u8 = b'r';
const END: u8 = b'.';

/// Why there is no backup, or why one cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ArchiveError {
    /// The file system failed.
    #[error("{path}: {source}", path = .path.display())]
    Disk {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The store cannot be read.
    #[error("{0}")]
    Engine(#[from] sled::Error),
    /// It is no backup, or one of another version.
    #[error("{path}: {reason}", path = .path.display())]
    Wrong {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

impl From<ArchiveError> for std::sync::Arc<str> {
    fn from(error: ArchiveError) -> Self {
        error.to_string().into()
    }
}

/// One entry.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// A small file of the data folder.
    File { name: String, content: Vec<u8> },
    /// A key of the store and its value.
    Record { key: Vec<u8>, value: Vec<u8> },
}

/// Writes everything of a tree, after some files, into a file that does not exist yet.
pub(super) fn write(
    to: &Path,
    files: &[(String, Vec<u8>)],
    tree: &sled::Tree,
) -> Result<BackedUp, ArchiveError> {
    let failed = |source| ArchiveError::Disk {
        path: to.to_owned(),
        source,
    };
    if to.exists() {
        return Err(failed(io::ErrorKind::AlreadyExists.into()));
    }
    let mut draft = to.as_os_str().to_owned();
    draft.push(".part");
    let draft = PathBuf::from(draft);
    // It holds what visitors did, and keys.
    let file = OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o600)
        .open(&draft)
        .map_err(failed)?;
    let written = write_into(file, files, tree, &failed);
    let made = match written {
        Ok(made) => made,
        Err(error) => {
            let _ = fs::remove_file(&draft);
            return Err(error);
        }
    };
    fs::rename(&draft, to).map_err(failed)?;
    let folder = to.parent().filter(|path| !path.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))
        .and_then(|folder| folder.sync_all())
        .map_err(failed)?;
    Ok(made)
}

fn write_into(
    file: File,
    files: &[(String, Vec<u8>)],
    tree: &sled::Tree,
    failed: &impl Fn(io::Error) -> ArchiveError,
) -> Result<BackedUp, ArchiveError> {
    let mut out = Digesting {
        inner: BufWriter::with_capacity(1 << 20, file),
        digest: Sha256::new(),
        bytes: 0,
    };
    let mut records = 0_u64;
    out.write_all(MAGIC).map_err(failed)?;
    out.write_all(&[VERSION, LAYOUT[0]]).map_err(failed)?;
    for (name, content) in files {
        entry(&mut out, FILE, name.as_bytes(), content).map_err(failed)?;
    }
    for stored in tree.iter() {
        let (key, value) = stored?;
        entry(&mut out, RECORD, &key, &value).map_err(failed)?;
        records += 1;
    }
    out.write_all(&[END]).map_err(failed)?;
    out.write_all(&records.to_le_bytes()).map_err(failed)?;
    let digest: [u8; 32] = out.digest.clone().finalize().into();
    out.write_all(&digest).map_err(failed)?;
    let bytes = out.bytes;
    let file = out
        .inner
        .into_inner()
        .map_err(|error| failed(error.into_error()))?;
    file.sync_all().map_err(failed)?;
    Ok(BackedUp {
        bytes,
        records,
        sha256: digest,
    })
}

fn entry(out: &mut impl Write, kind: u8, name: &[u8], content: &[u8]) -> io::Result<()> {
    out.write_all(&[kind])?;
    for part in [name, content] {
        let length = u32::try_from(part.len()).map_err(io::Error::other)?;
        out.write_all(&length.to_le_bytes())?;
        out.write_all(part)?;
    }
    Ok(())
}

/// Reads a backup from its beginning to its end, an entry at a time. Only after the last one it is
/// known that none of them is damaged: until then nothing of it may be taken for true.
pub(super) fn read<E: From<ArchiveError>>(
    path: &Path,
    mut take: impl FnMut(Entry) -> Result<(), E>,
) -> Result<BackedUp, E> {
    let wrong = |reason: &str| ArchiveError::Wrong {
        path: path.to_owned(),
        reason: reason.to_owned(),
    };
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::UnexpectedEof => wrong("the backup ends too early"),
        _ => ArchiveError::Disk {
            path: path.to_owned(),
            source,
        },
    };
    let file = File::open(path).map_err(failed)?;
    let mut input = Digesting {
        inner: BufReader::with_capacity(1 << 20, file),
        digest: Sha256::new(),
        bytes: 0,
    };
    let mut magic = [0; MAGIC.len()];
    input.read_exact(&mut magic).map_err(failed)?;
    if magic != MAGIC {
        return Err(wrong("this is not a backup that firstglance wrote").into());
    }
    let [version, layout] = input.array().map_err(failed)?;
    // What was written in a former layout is brought to the present one when it is opened.
    let known = [layout] == LAYOUT || migration::FORMER.contains(&&[layout][..]);
    if version != VERSION || !known {
        let reason = format!(
            "the backup has the version {version} and the layout {:?}; this firstglance reads \
             version {VERSION} and layout {:?}, so restore it with the one that wrote it",
            char::from(layout),
            char::from(LAYOUT[0]),
        );
        return Err(wrong(&reason).into());
    }
    let mut records = 0_u64;
    loop {
        let [kind] = input.array().map_err(failed)?;
        let entry = match kind {
            FILE => {
                let name = input.part().map_err(failed)?;
                let name = String::from_utf8(name).map_err(|_| wrong("the backup is damaged"))?;
                let content = input.part().map_err(failed)?;
                Entry::File { name, content }
            }
            RECORD => {
                records += 1;
                let key = input.part().map_err(failed)?;
                let value = input.part().map_err(failed)?;
                Entry::Record { key, value }
            }
            END => break,
            _ => return Err(wrong("the backup is damaged").into()),
        };
        take(entry)?;
    }
    let promised = u64::from_le_bytes(input.array().map_err(failed)?);
    let digest: [u8; 32] = input.digest.clone().finalize().into();
    let written: [u8; 32] = input.array().map_err(failed)?;
    if promised != records || digest != written {
        return Err(wrong("the backup is damaged: its checksum is not that of its content").into());
    }
    if input.inner.read(&mut [0]).map_err(failed)? != 0 {
        return Err(wrong("the backup is damaged: something follows after its end").into());
    }
    Ok(BackedUp {
        bytes: input.bytes,
        records,
        sha256: digest,
    })
}

/// Counts and digests what passes.
struct Digesting<T> {
    inner: T,
    digest: Sha256,
    bytes: u64,
}

impl<T> Digesting<T> {
    fn passed(&mut self, bytes: &[u8]) {
        self.digest.update(bytes);
        self.bytes += bytes.len() as u64;
    }
}

impl<W: Write> Write for Digesting<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.passed(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<R: Read> Read for Digesting<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(bytes)?;
        self.passed(&bytes[..read]);
        Ok(read)
    }
}

impl<R: Read> Digesting<R> {
    fn array<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    /// A length and so many bytes. What a damaged length says is not believed before they came.
    fn part(&mut self) -> io::Result<Vec<u8>> {
        let length = u32::from_le_bytes(self.array()?);
        if length > LONGEST {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut bytes = Vec::new();
        let read = self.take(length.into()).read_to_end(&mut bytes)?;
        if read != length as usize {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written() -> (tempfile::TempDir, PathBuf, Vec<Entry>) {
        let folder = tempfile::tempdir().unwrap();
        let tree = sled::open(folder.path().join("tree")).unwrap();
        for number in 0..8_u8 {
            tree.insert([b'k', number], vec![number; usize::from(number) * 10])
                .unwrap();
        }
        let path = folder.path().join("backup");
        let files = [("key".to_owned(), vec![1, 2, 3])];
        let made = write(&path, &files, &tree).unwrap();
        assert_eq!(made.records, 8);
        assert_eq!(made.bytes, fs::metadata(&path).unwrap().len());
        let mut entries = Vec::new();
        let read: Result<_, ArchiveError> = read(&path, |entry| {
            entries.push(entry);
            Ok(())
        });
        assert_eq!(read.unwrap(), made);
        (folder, path, entries)
    }

    #[test]
    fn what_is_read_is_what_was_written() {
        let (folder, path, entries) = written();
        assert_eq!(entries.len(), 9);
        assert_eq!(
            entries[3],
            Entry::Record {
                key: vec![b'k', 2],
                value: vec![2; 20]
            }
        );
        // Nothing is ever overwritten.
        let tree = sled::open(folder.path().join("other")).unwrap();
        assert!(matches!(
            write(&path, &[], &tree),
            Err(ArchiveError::Disk { .. })
        ));
    }

    /// Cut anywhere, and with any byte of it changed.
    #[test]
    fn no_damage_stays_unseen() {
        let (_folder, path, _) = written();
        let whole = fs::read(&path).unwrap();
        let damaged = |bytes: &[u8]| {
            fs::write(&path, bytes).unwrap();
            let outcome: Result<_, ArchiveError> = read(&path, |_| Ok(()));
            matches!(outcome, Err(ArchiveError::Wrong { .. }))
        };
        for length in (0..whole.len()).step_by(7) {
            assert!(damaged(&whole[..length]), "{length}");
        }
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x10;
            assert!(damaged(&bytes), "{at}");
        }
        let mut longer = whole.clone();
        longer.push(0);
        assert!(damaged(&longer));
        assert!(!damaged(&whole));
    }
}
