//! Which visitors are held out, and who sees which of several variants: numbers that follow from
//! names, and from nothing else.
//!
//! Each question has a hash of its own: FNV-1a with 64 bits over the visitor's name, the slot's id
//! and what is asked, each with a NUL after it, and then the finaliser of MurmurHash3, without which
//! the upper bits of FNV-1a say little about the last letters.
//!
//! **Who is held out**: those whose hash for `control` lies in the first so many hundredths of all.
//! A greater percentage holds out the same visitors and others beside them. What is asked for
//! variants has another hash, so being held out says nothing about the variant that would have been
//! shown, and nothing of either about any other slot.
//!
//! **Who sees which**: weighted rendezvous. Each arm has a number drawn for this visitor, of the
//! exponential distribution with the arm's weight as its rate, and the least wins; that it does is
//! as likely as its part of all weights. The guarantee: *a visitor goes from one arm to another only
//! when the weight of the new one has grown beside that of the old one*, or the old one is no
//! longer eligible or the new one has become so. What happens to other arms moves nobody
//! between these two. It has its bounds: who was moved comes back when the weights do.

/// How many bits of a logarithm are worked out behind the point.
const FRACTION: u32 = 24;

/// The hash of a question: the visitor, the slot, and what is asked.
#[must_use]
pub fn hash(question: &[&str]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for part in question {
        for byte in part.bytes().chain([0]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ (hash >> 33)
}

/// Whether a visitor is among those that a slot holds out, so many in a hundred.
#[must_use]
pub fn is_held_out(visitor: &str, slot: &str, percent: u8) -> bool {
    let point = hash(&[visitor, slot, super::CONTROL]) >> 32;
    (point * 100) >> 32 < u64::from(percent)
}

/// The draw of an arm with a weight of one: the negative binary logarithm of the hash as a number
/// between 0 and 1, times 2 to the power of [`FRACTION`]. Whole numbers only, so that it is the same
/// wherever it is worked out.
#[must_use]
pub fn draw(visitor: &str, slot: &str, arm: &str) -> u64 {
    negative_logarithm(hash(&[visitor, slot, "arm", arm]) | 1)
}

fn negative_logarithm(number: u64) -> u64 {
    let zeros = number.leading_zeros();
    // Between 1 and 2, with 31 bits behind the point.
    let mut mantissa = (number << zeros) >> 32;
    let mut fraction = 0;
    for _ in 0..FRACTION {
        mantissa = (mantissa * mantissa) >> 31;
        let bit = mantissa >> 32;
        mantissa >>= bit;
        fraction = fraction << 1 | bit;
    }
    (u64::from(zeros + 1) << FRACTION) - fraction
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithms() {
        let one = 1_u64 << FRACTION;
        for (number, expected) in [(1 << 63, one), (1 << 62, 2 * one), (1, 64 * one)] {
            assert_eq!(negative_logarithm(number), expected);
        }
        assert!((1..100).contains(&negative_logarithm(u64::MAX)));
        for number in [3_u64, 12_345, u64::MAX / 3, u64::MAX / 5 * 4] {
            let exact = 64.0 - (number as f64).log2();
            let found = negative_logarithm(number) as f64 / one as f64;
            assert!((exact - found).abs() < 1e-6, "{number}: {exact} {found}");
        }
    }

    /// Assignments are promised to stay: these may never change.
    #[test]
    fn for_ever() {
        assert_ne!(hash(&["a", ""]), hash(&["", "a"]));
        assert_eq!(
            hash(&["visitor", "hero", "control"]),
            9_492_897_498_142_966_625
        );
        assert_eq!(draw("visitor", "hero", "crm"), 12_912_023);
    }
}
