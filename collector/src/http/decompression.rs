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
    let mut rest = packed.bytes.as_slice();
    let mut held = Held::default();
    match coding {
        Coding::Identity => return Ok(packed),
        // Members one after the other are one body, as RFC 1952 has it.
        Coding::Gzip => read(shared, MultiGzDecoder::new(&mut rest), &mut held, coding)?,
        Coding::Brotli => {
            if rest
                .first()
                .is_some_and(|first| first & 0x7f == LARGE_WINDOW)
            {
                return Err(HttpError::Packed(coding.name()));
            }
            read(
                shared,
                brotli::Decompressor::new(&mut rest, 4_096),
                &mut held,
                coding,
            )?;
        }
    }
    // Whatever stands behind the end is not what was meant.
    if rest.is_empty() {
        Ok(held)
    } else {
        Err(HttpError::Packed(coding.name()))
    }
}

fn read(
    shared: &Shared,
    mut decoder: impl Read,
    held: &mut Held,
    coding: Coding,
) -> Result<(), HttpError> {
    let mut chunk = [0; CHUNK];
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
        if held.bytes.len() + read > MAX_BODY_BYTES {
            return Err(HttpError::UnpackedTooLarge);
        }
        held.add(&chunk[..read], &shared.held)?;
    }
}
