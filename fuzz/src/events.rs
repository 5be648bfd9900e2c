//! Events of all kinds made of bytes, with values that no sound page would send.

use firstglance_engine::event::{Engagement, Page};
use firstglance_engine::{Campaign, Event, EventKind, Milliseconds, Timestamp};
use libfuzzer_sys::arbitrary::{Result, Unstructured};

use crate::texts::{lines, text};

/// What an event borrows from.
#[derive(Debug)]
pub struct Made {
    pub at: Timestamp,
    kind: u8,
    texts: [String; 6],
    topics: String,
    keywords: String,
    campaign: Campaign,
    values: String,
    engagement: Engagement,
    /// Texts of [`firstglance_engine::About`].
    pub about: [String; 3],
}

const MOMENTS: [i64; 5] = [i64::MIN, 0, 1_795_000_000_000, 4_102_444_799_999, i64::MAX];
const STEPS: [i64; 8] = [
    -90_000_000_000,
    -60_000,
    0,
    1,
    20_000,
    1_800_001,
    86_400_000,
    9_000_000_000,
];

/// An event after one at `before`.
pub fn event(bytes: &mut Unstructured<'_>, before: Timestamp) -> Result<Made> {
    let at = if bytes.ratio(1, 24)? {
        *bytes.choose(&MOMENTS)?
    } else {
        before.as_milliseconds() as i64 + *bytes.choose(&STEPS)?
    };
    let kind = bytes.int_in_range(0..=7)?;
    let mut texts: [String; 6] = Default::default();
    for one in &mut texts {
        *one = text(bytes)?;
    }
    let mut values = String::new();
    if bytes.ratio(1, 3)? {
        for _ in 0..bytes.int_in_range(0..=8_u8)? {
            values.push_str(&format!("{}\0{}\0", text(bytes)?, text(bytes)?));
        }
        values.push_str(&format!("city\0{}", text(bytes)?));
    }
    let campaign = if bytes.ratio(1, 3)? {
        let mut given = String::new();
        for name in ["utm_source", "utm_term", "UTM_campaign", "gclid"] {
            given.push_str(&format!("{name}={}\n", text(bytes)?));
        }
        Campaign::from_parameters(&given, "gclid fbclid")
    } else {
        Campaign::default()
    };
    let mut milliseconds = || -> Result<Milliseconds> {
        let all = [0, 1, 15_000, 3_600_000, 31_536_000_000, u64::MAX];
        bytes.choose(&all).copied().map(Milliseconds)
    };
    let (active, active_before) = (milliseconds()?, milliseconds()?);
    let engagement = Engagement {
        active,
        active_before,
        scroll: bytes.arbitrary()?,
        scroll_before: bytes.arbitrary()?,
        words: *bytes.choose(&[0, 1, 300, u32::MAX])?,
    };
    let mut about: [String; 3] = Default::default();
    if bytes.ratio(1, 4)? {
        for one in &mut about {
            *one = text(bytes)?;
        }
    }
    Ok(Made {
        at: Timestamp::from_milliseconds(at),
        kind,
        texts,
        topics: lines(bytes)?,
        keywords: lines(bytes)?,
        campaign,
        values,
        engagement,
        about,
    })
}

impl Made {
    /// The event.
    pub fn event(&self) -> Event<'_> {
        let [name, host, path, title, referrer, said] = &self.texts;
        let kind = match self.kind {
            0 | 1 => EventKind::Viewed {
                campaign: &self.campaign,
                measured: self.kind == 0,
            },
            2 => EventKind::Engaged(self.engagement),
            3 => EventKind::Searched { query: said },
            4 => EventKind::Clicked {
                text: said,
                path: title,
            },
            5 => EventKind::Submitted,
            6 => EventKind::Identified,
            _ => EventKind::tracked(name, said, said, title, self.engagement),
        };
        Event {
            at: self.at,
            kind,
            name,
            values: &self.values,
            page: Page {
                host,
                path,
                title,
                referrer,
            },
            topics: &self.topics,
            keywords: &self.keywords,
        }
    }
}
