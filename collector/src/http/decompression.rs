//! Unpacks bodies that libraries send compressed. What comes out is bounded as any body is, while
//! it comes out: a thousandfold is no more than one that is too large.
//!
//! A decompressor takes memory of its own, up to 16 MB by the word of the sender. So only a few work
//! at a time, each for some milliseconds, and brotli's large windows, which go up to a gigabyte, are
//! refused as the standard has it.

use std::io::Read;

use flate2::read::MultiGzDecoder;

use super::Shared;
use super::body::Held;
use super::compression::Coding;
use super::error::HttpError;
use crate::ingest::MAX_BODY_BYTES;

/// Decompressors that work at a time.
pub(super) const AT_A_TIME: usize = 2;

/// Bytes unpacked at once.
const CHUNK: usize = 16 * 1024;

/// Low bits of the first byte of a brotli stream with a large window, which RFC 7932 does not know.
const LARGE_WINDOW: u8 = 0x11;

/// The body behind a coding.
pub(super) async fn unpacked(
    shared: &Shared,
    packed: Held,
    coding: Coding,
) -> Result<Held, HttpError> {
    // Never closed: the error cannot come.
    let _turn = shared.unpacking.acquire().await;
    if coding == Coding::Identity {
        return Ok(packed);
    }
    let mut held = Held::default();
    unpack(&packed.bytes, coding, &mut |bytes| {
        held.add(bytes, &shared.held)
    })?;
    Ok(held)
}

/// Unpacks bytes and hands out what they hold, a piece at a time and no more than a body may have.
///
/// # Errors
/// [`HttpError`] when they are not packed so, when something is missing or too much, or the error of
/// whoever takes the pieces.
pub fn unpack(
    packed: &[u8],
    coding: Coding,
    take: &mut dyn FnMut(&[u8]) -> Result<(), HttpError>,
) -> Result<(), HttpError> {
    let mut rest = packed;
    match coding {
        Coding::Identity => return take(packed),
        // Members one after the other are one body, as RFC 1952 has it.
        Coding::Gzip => read(MultiGzDecoder::new(&mut rest), coding, take)?,
        Coding::Brotli => {
            if rest
                .first()
                .is_some_and(|first| first & 0x7f == LARGE_WINDOW)
            {
                return Err(HttpError::Packed(coding.name()));
            }
            read(brotli::Decompressor::new(&mut rest, 4_096), coding, take)?;
        }
    }
    // Whatever stands behind the end is not what was meant.
    if rest.is_empty() {
        Ok(())
    } else {
        Err(HttpError::Packed(coding.name()))
    }
}

fn read(
    mut decoder: impl Read,
    coding: Coding,
    take: &mut dyn FnMut(&[u8]) -> Result<(), HttpError>,
) -> Result<(), HttpError> {
    let mut chunk = [0; CHUNK];
    let mut taken = 0;
    let mut ended = false;
    loop {
        let read = decoder
            .read(&mut chunk)
            .map_err(|_| HttpError::Packed(coding.name()))?;
        if read == 0 {
            // The decoder of brotli tells only the next time that something stands behind the end.
            if ended {
                return Ok(());
            }
            ended = true;
            continue;
        }
        taken += read;
        if taken > MAX_BODY_BYTES {
            return Err(HttpError::UnpackedTooLarge);
        }
        take(&chunk[..read])?;
    }
}
