//! The loader as pages get it: the embedded one, with the names that the owner has chosen in place
//! of the usual ones. Made once, at the start. Hashed files are never altered: the loader says what
//! their content must be.

use std::io::{self, Write as _};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest as _, Sha256};

use super::assets::Served;
use crate::assets;
use crate::config::Names;
use crate::hexadecimal::hexadecimal;

/// The loader; nothing where this binary was built without what a page loads.
pub(super) fn of(names: &Names) -> Option<Served> {
    let embedded = assets::loader()?;
    let usual = Names::default();
    if names.files == usual.files && names.api == usual.api {
        return Some(Served::of(embedded));
    }
    let renamed = renamed(embedded.identity, names);
    if renamed.is_none() {
        // Somebody has built this with another loader than the tests saw. The usual names are
        // answered as well, so nothing is lost but the choice.
        tracing::error!("the embedded loader cannot be given other names; it keeps the usual ones");
    }
    Some(renamed.unwrap_or_else(|| Served::of(embedded)))
}

fn renamed(loader: &[u8], names: &Names) -> Option<Served> {
    let text = std::str::from_utf8(loader).ok()?;
    let usual = Names::default();
    let text = replaced_once(
        text,
        // With the quotation mark: attributes of pages are called like that as well.
        &format!("\"{}-", usual.files),
        &format!("\"{}-", names.files),
    )?;
    let text = replaced_once(
        &text,
        &format!("{}/", usual.api),
        &format!("{}/", names.api),
    )?;
    let brotli = brotli(text.as_bytes()).ok().map(Bytes::from);
    Some(Served {
        brotli,
        ..made("text/javascript; charset=utf-8", text.into_bytes())
    })
}

/// A file that is made while the collector runs. Not by brotli: it takes its time.
pub(super) fn made(content_type: &'static str, bytes: Vec<u8>) -> Served {
    let tag = hexadecimal(&Sha256::digest(&bytes)[..8]);
    Served {
        content_type,
        immutable: false,
        gzip: gzip(&bytes).ok().map(Bytes::from),
        brotli: None,
        identity: bytes.into(),
        etag: format!("W/\"{tag}\"").into(),
    }
}

fn replaced_once(text: &str, from: &str, to: &str) -> Option<String> {
    (text.matches(from).count() == 1).then(|| text.replacen(from, to, 1))
}

/// What a text is after gzip.
///
/// # Errors
/// Never, as long as memory can be written.
pub(super) fn gzip(text: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text)?;
    encoder.finish()
}

fn brotli(text: &[u8]) -> io::Result<Vec<u8>> {
    let mut compressed = Vec::new();
    brotli::BrotliCompress(&mut &*text, &mut compressed, &Default::default())?;
    Ok(compressed)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names that hold each other's usual ones are the worst case.
    fn chosen() -> Names {
        Names {
            files: "v1".to_owned(),
            api: "fg-2".to_owned(),
            ..Names::default()
        }
    }

    #[test]
    fn names_are_replaced_once_and_in_every_form() {
        let text = "import(b+\"fg-\"+n);find(\"data-fg-slot\");fetch(b+'v1/batch')";
        let served = renamed(text.as_bytes(), &chosen()).unwrap();
        let expected = "import(b+\"v1-\"+n);find(\"data-fg-slot\");fetch(b+'fg-2/batch')";
        assert_eq!(served.identity, expected);
        let mut unpacked = String::new();
        let gzip = served.gzip.unwrap();
        io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&gzip[..]), &mut unpacked)
            .unwrap();
        assert_eq!(unpacked, expected);
        let mut unpacked = Vec::new();
        brotli::BrotliDecompress(&mut &served.brotli.unwrap()[..], &mut unpacked).unwrap();
        assert_eq!(unpacked, expected.as_bytes());
    }

    #[test]
    fn a_loader_that_says_a_name_twice_or_not_at_all_is_left_alone() {
        for text in ["\"fg-1 \"fg-2 v1/", "\"fg-1 v1/a v1/b", "\"fg-1", "v1/"] {
            assert!(renamed(text.as_bytes(), &chosen()).is_none(), "{text}");
        }
    }

    #[test]
    fn the_embedded_loader_can_be_renamed() {
        let Some(loader) = assets::loader() else {
            return;
        };
        assert!(renamed(loader.identity, &chosen()).is_some());
        assert_ne!(of(&chosen()).unwrap().etag, loader.etag);
        assert_eq!(of(&Names::default()).unwrap().etag, loader.etag);
    }
}
