//! Texts of all sizes from a few bytes: a fuzzer would take for ever to write a long one itself.

use libfuzzer_sys::arbitrary::{Result, Unstructured};

/// What people and machines write.
const KNOWN: [&str; 24] = [
    "",
    "/",
    "/e-bikes/kade-5/",
    "/crm/prijs",
    "E-bikes",
    "crm",
    "fiets",
    "Kinderfiets 24 inch",
    "Page Viewed",
    "Order Completed",
    "Subscription Started",
    "https://www.wielrijk.nl/e-bikes/?utm_source=google&utm_term=e-bike&gclid=1",
    "www.google.com",
    "nl-NL",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X)",
    "\"Zwolle\"",
    "40",
    "-1.5e300",
    "true",
    "é\u{301}ß\u{130}\u{fb01}",
    "\u{1f6b2}",
    "\n",
    "a\nb\nc",
    "****",
];

/// A text: known, numbered, arbitrary, or absurdly long.
pub fn text(bytes: &mut Unstructured<'_>) -> Result<String> {
    Ok(match bytes.int_in_range(0..=9_u8)? {
        0..=5 => (*bytes.choose(&KNOWN)?).into(),
        // So many different texts that every table of a profile gets full.
        6..=7 => format!("text-{}", bytes.arbitrary::<u8>()?),
        8 => bytes.arbitrary::<&str>()?.into(),
        _ => {
            let one = bytes.choose(&KNOWN)?;
            // Mostly a little too long, seldom far too long.
            let most = if bytes.ratio(1, 32)? { 10 } else { 4 };
            one.repeat(1 << bytes.int_in_range(0..=most)?)
        }
    })
}

/// Lines, now and then two thousand.
pub fn lines(bytes: &mut Unstructured<'_>) -> Result<String> {
    Ok(match bytes.arbitrary::<u8>()? {
        0..=119 => String::new(),
        120..=249 => {
            let mut all = String::new();
            for _ in 0..bytes.int_in_range(0..=8_u8)? {
                all.push_str(&text(bytes)?);
                all.push('\n');
            }
            all
        }
        250..=254 => numbered(40),
        255 => numbered(2_000),
    })
}

fn numbered(count: u32) -> String {
    let mut all = String::new();
    for number in 0..count {
        all.push_str(&number.to_string());
        all.push('\n');
    }
    all
}
