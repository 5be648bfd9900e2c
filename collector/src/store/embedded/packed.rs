//! Records in fewer bytes: a profile says many things again and again, and so do the messages of a
//! request, and every byte goes through the log, the leaf and the cache of the storage engine.
//!
//! The form is that of LZ4's blocks, after the length that comes out of it. What would not become
//! shorter stays as it is: a record in plain form is a text in UTF-8, and none of these begins with
//! [`MARK`]. Source: "LZ4 Block Format Description", Y. Collet, 2022.

use std::borrow::Cow;

use firstglance_engine::codec::DecodeError;
use lz4_flex::block::{compress_into, decompress_into, get_maximum_output_size};

/// A byte that no text in UTF-8 has.
const MARK: u8 = 0xff;

/// The mark, and the length as four bytes, the least significant first.
const HEAD: usize = 5;

/// A record shorter than this saves too little to be looked at.
const WORTH: usize = 256;

/// The longest that a packed record may become: what says more was not written here.
const LONGEST: usize = 64 * 1024 * 1024;

/// A record's text as it is stored.
pub(super) fn pack(text: String) -> Vec<u8> {
    let length = u32::try_from(text.len()).ok();
    let Some(length) = length.filter(|_| (WORTH..=LONGEST).contains(&text.len())) else {
        return text.into_bytes();
    };
    let mut packed = vec![0; HEAD + get_maximum_output_size(text.len())];
    let Some((head, body)) = packed.split_first_chunk_mut::<HEAD>() else {
        return text.into_bytes();
    };
    let [first, second, third, fourth] = length.to_le_bytes();
    *head = [MARK, first, second, third, fourth];
    match compress_into(text.as_bytes(), body) {
        Ok(taken) if HEAD + taken < text.len() => {
            // Kept in the engine's cache, and not for a moment only.
            packed.truncate(HEAD + taken);
            packed.shrink_to_fit();
            packed
        }
        _ => text.into_bytes(),
    }
}

/// The text that a stored record is.
///
/// # Errors
/// [`DecodeError`] where it is neither a text nor one that was packed.
pub(super) fn unpack(stored: &[u8]) -> Result<Cow<'_, str>, DecodeError> {
    let damaged = DecodeError::Invalid("packed record");
    let Some((head, body)) = stored.split_first_chunk::<HEAD>() else {
        return plain(stored);
    };
    let [MARK, length @ ..] = *head else {
        return plain(stored);
    };
    let length = u32::from_le_bytes(length) as usize;
    // LZ4 makes at most 255 bytes of one: a length that is nonsense takes no memory.
    if length > LONGEST || length / 255 > body.len() {
        return Err(damaged);
    }
    let mut bytes = vec![0; length];
    match decompress_into(body, &mut bytes) {
        Ok(made) if made == length => {}
        _ => return Err(damaged),
    }
    let text = String::from_utf8(bytes);
    text.map(Cow::Owned).map_err(|_| damaged)
}

fn plain(stored: &[u8]) -> Result<Cow<'_, str>, DecodeError> {
    let text = std::str::from_utf8(stored);
    text.map(Cow::Borrowed)
        .map_err(|_| DecodeError::Invalid("text"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_repeats_becomes_shorter_and_what_is_short_stays() {
        let long = "een fiets, nog een fiets, ".repeat(40);
        let packed = pack(long.clone());
        assert!(packed.len() < long.len() / 4, "{}", packed.len());
        assert_eq!(packed[0], MARK);
        for short in ["", "x", "een fiets"] {
            assert_eq!(pack(short.to_owned()), short.as_bytes());
        }
    }

    #[test]
    fn damage_is_told() {
        let packed = pack("een fiets, nog een fiets, ".repeat(40));
        for end in 1..packed.len() {
            assert!(unpack(&packed[..end]).is_err(), "{end}");
        }
        for stored in [
            &[MARK][..],
            &[MARK, 0xff, 0xff, 0xff, 0xff, 0],
            &[MARK, 0, 0, 0, 1, 0],
            &[MARK, 9, 0, 0, 0, 0x10, b'a'],
            &[0xc3],
        ] {
            assert!(unpack(stored).is_err(), "{stored:?}");
        }
    }

    proptest! {
        #[test]
        fn there_and_back(text in "\\PC{0,40}", times in 1_usize..60) {
            let text = text.repeat(times);
            let packed = pack(text.clone());
            prop_assert!(packed.len() <= text.len());
            prop_assert_eq!(unpack(&packed).unwrap(), text);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = unpack(&bytes);
            let marked: Vec<u8> = [MARK, 200, 0, 0, 0].into_iter().chain(bytes).collect();
            if let Ok(text) = unpack(&marked) {
                prop_assert_eq!(text.len(), 200);
            }
        }
    }
}
