//! Keys of the embedded store: one tree, one letter in front for each kind of record.
//!
//! | key | value |
//! |---|---|
//! | `v` | version of this layout |
//! | `p` visitor `0` | the visitor's record, see `record` |
//! | `u` user `0` | the user's person, see `record` |
//! | `e` visitor `0` time(8) number(8) | messages, see `record` |
//! | `m` visitor `0` level(1) bucket(2) | message ids, see `seen` |
//! | `x` digest(16) | an erasure, see `erased` |
//! | `c` | by which calendar days are counted, see `counted_by` |
//! | `g` | number(8) of the group that was written last, see `mark` |
//! | `r` | since when the file holds bytes of what was erased, see `copying` |
//! | `i` list step(8) visitor | nothing: the visitor is in the list, see `index` |
//! | `t` list | how many visitors are in the list |
//! | `a` step period(4) metric(1) `n` name | the count of a name |
//! | `a` step period(4) metric(1) `o` | the count of all names without a place |
//! | `av` visitor `0` day(4) | a visitor's day, see `days` |
//! | `ap` | what was counted and is in no counter yet, see `counters` |
//! | `au` | the moment(8) up to which counts may have more than what is stored, see `counters` |
//! | `w` visitor `0` | what the visitor was shown and reached after it, see `exposures` |
//! | `f` visitor `0` | how far the visitor came in funnels, see `funnels` |
//! | `d` shelf(1) number(8) | a refused message, see `refused` |
//! | `l` number(8) | an entry of the audit log, see `notes` |
//! | `o` number(8) | a version of posted content, see `content` |
//! | `q` number(8) | a version of posted rules |
//! | `j` | number(8) of the next entry of the audit of merges, and whether anything was ever undone, see `merges` |
//! | `jn` number(8) | an entry of the audit of merges |
//! | `jv` visitor `0` number(8), `ju` user `0` number(8) | nothing: the entry is about the visitor or user |
//! | `jm` visitor `0` user `0` | what is remembered of the visitor's being the user, see `links` |
//! | `ja` user `0` user `0` | what is remembered of the two users' being one person, in both orders |
//! | `jo` user `0` visitor `0` | nothing: the visitor is said to be the user, whose person is full |
//!
//! A list is `a` for all, `s` segment `0`, `g` stage `0`, or `n` where no stage is recorded. Steps are written as
//! what is left of them to the largest number, so that the latest comes first. A step of counting is `h` or `d`.
//!
//! Numbers are big-endian, so that keys sort as numbers do. An id holds no control character
//! ([`VisitorId`] and [`UserId`] see to that), so the `0` after it ends it, and no visitor's keys begin with
//! another's.

use firstglance_engine::attribution::Attribution;
use firstglance_engine::{Timestamp, UserId, VisitorId};

use crate::store::content::Posting;
use crate::store::counting::{Metric, Period, Step};
use crate::store::listing::{List, Position};

/// The key under which the layout's version lies.
pub(super) const VERSION: &[u8] = b"v";

/// The key under which it lies by which calendar days are counted.
pub(super) const COUNTED_BY: &[u8] = b"c";

/// The key under which the number of the last group lies.
pub(super) const GROUP: &[u8] = b"g";
/// The key under which it lies since when the file holds bytes of what was erased.
pub(super) const RESIDUE: &[u8] = b"r";

/// First bytes of the keys of all visitor records.
pub(super) const VISITORS: &[u8] = b"p";

/// First bytes of the keys of all persons.
pub(super) const PERSONS: &[u8] = b"u";

/// First bytes of the keys of all messages.
pub(super) const MESSAGES: &[u8] = b"e";

/// First bytes of the keys of all message ids.
pub(super) const BUCKETS: &[u8] = b"m";

/// First bytes of the keys of all erasures.
pub(super) const ERASED: &[u8] = b"x";

/// First bytes of the keys of all entries of the audit log.
pub(super) const NOTES: &[u8] = b"l";

/// First bytes of the keys of all versions of what was posted.
pub(super) const fn posted(posting: Posting) -> &'static [u8; 1] {
    match posting {
        Posting::Content => b"o",
        Posting::Rules => b"q",
    }
}

/// First byte of the keys of all entries of lists.
pub(super) const LISTS: &[u8] = b"i";

/// First byte of the keys of all sizes of lists.
pub(super) const SIZES: &[u8] = b"t";

/// First byte of the keys of all that is counted.
pub(super) const COUNTS: &[u8] = b"a";

/// First bytes of the keys of what is remembered of visitors' days.
pub(super) const DAYS: &[u8] = b"av";

/// First bytes of the keys of what is remembered of visitors' exposures.
pub(super) const EXPOSURES: &[u8] = b"w";

/// First bytes of the keys of what is remembered of visitors for funnels.
pub(super) const FUNNELS: &[u8] = b"f";

/// The key under which lies what was counted and is in no counter yet.
pub(super) const LATEST: &[u8] = b"ap";

/// The key under which it lies up to when counts may have more than what is stored.
pub(super) const UNSURE: &[u8] = b"au";
/// The key under which it lies how far the audit of merges is, and first byte of the keys of all that
/// belongs to it.
pub(super) const MERGES: &[u8] = b"j";

/// First bytes of the keys of all entries of the audit of merges.
pub(super) const MERGE_ENTRIES: &[u8] = b"jn";

/// First bytes of the keys of what is remembered of visitors' being users.
pub(super) const MEMBERSHIP_LINKS: &[u8] = b"jm";

/// First bytes of the keys of what is remembered of users' being one person.
pub(super) const NAMES_LINKS: &[u8] = b"ja";

/// First bytes of the keys of those for whom a person had no room.
pub(super) const TURNED_AWAY: &[u8] = b"jo";

/// First bytes of the keys that say which entries are about which visitor, or about which user.
pub(super) const MERGES_OF_VISITORS: &[u8] = b"jv";
pub(super) const MERGES_OF_USERS: &[u8] = b"ju";

fn prefix(kind: u8, visitor: &VisitorId) -> Vec<u8> {
    named(kind, visitor.as_str())
}

fn named(kind: u8, id: &str) -> Vec<u8> {
    let id = id.as_bytes();
    // Room for the longest of what follows.
    let mut key = Vec::with_capacity(id.len() + 18);
    key.push(kind);
    key.extend_from_slice(id);
    key.push(0);
    key
}

/// A visitor's record.
pub(super) fn visitor(visitor: &VisitorId) -> Vec<u8> {
    prefix(b'p', visitor)
}

/// The visitor of a record's key.
pub(super) fn visitor_of(key: &[u8]) -> Option<VisitorId> {
    let id = key.strip_prefix(VISITORS)?.strip_suffix(&[0])?;
    VisitorId::parse(core::str::from_utf8(id).ok()?).ok()
}

/// A user's person.
pub(super) fn person(user: &UserId) -> Vec<u8> {
    named(b'u', user.as_str())
}

/// The user of a person's key.
pub(super) fn user_of(key: &[u8]) -> Option<UserId> {
    let id = key.strip_prefix(PERSONS)?.strip_suffix(&[0])?;
    UserId::parse(core::str::from_utf8(id).ok()?).ok()
}

/// All messages of a visitor.
pub(super) fn messages(visitor: &VisitorId) -> Vec<u8> {
    prefix(b'e', visitor)
}

/// Messages of a visitor from a moment on.
pub(super) fn messages_from(visitor: &VisitorId, start: Timestamp) -> Vec<u8> {
    let mut key = messages(visitor);
    key.extend_from_slice(&start.as_milliseconds().to_be_bytes());
    key
}

/// One record of messages.
pub(super) fn message_record(visitor: &VisitorId, start: Timestamp, number: u64) -> Vec<u8> {
    let mut key = messages_from(visitor, start);
    key.extend_from_slice(&number.to_be_bytes());
    key
}

/// Start and number in the key of a record of messages.
pub(super) fn message_record_of(key: &[u8]) -> Option<(Timestamp, u64)> {
    let (rest, number) = key.split_last_chunk::<8>()?;
    let (_, start) = rest.split_last_chunk::<8>()?;
    let start = i64::try_from(u64::from_be_bytes(*start)).ok()?;
    Some((
        Timestamp::from_milliseconds(start),
        u64::from_be_bytes(*number),
    ))
}

/// All message ids of a visitor.
pub(super) fn buckets(visitor: &VisitorId) -> Vec<u8> {
    prefix(b'm', visitor)
}

/// An erasure.
pub(super) fn erased(digest: &[u8; 16]) -> Vec<u8> {
    [ERASED, digest].concat()
}

/// All refused messages of a shelf.
pub(super) fn refused(shelf: u8) -> [u8; 2] {
    [b'd', shelf]
}

/// One refused message.
pub(super) fn refused_message(shelf: u8, number: u64) -> Vec<u8> {
    [&refused(shelf)[..], &number.to_be_bytes()].concat()
}

/// The number in the key of a refused message.
pub(super) fn refused_number(key: &[u8]) -> Option<u64> {
    let number = <[u8; 8]>::try_from(key.get(2..)?).ok()?;
    Some(u64::from_be_bytes(number))
}

/// An entry of the audit log.
pub(super) fn note(number: u64) -> Vec<u8> {
    [NOTES, &number.to_be_bytes()].concat()
}

/// The number in the key of an entry of the audit log.
pub(super) fn note_of(key: &[u8]) -> Option<u64> {
    let number = key.strip_prefix(NOTES)?.try_into().ok()?;
    Some(u64::from_be_bytes(number))
}

/// A version of what was posted.
pub(super) fn version(posting: Posting, number: u64) -> Vec<u8> {
    [&posted(posting)[..], &number.to_be_bytes()].concat()
}

/// What the key of a version is of, and its number.
pub(super) fn version_of(key: &[u8]) -> Option<(Posting, u64)> {
    let mut postings = Posting::ALL.into_iter();
    postings.find_map(|posting| {
        let number = key.strip_prefix(posted(posting))?.try_into().ok()?;
        Some((posting, u64::from_be_bytes(number)))
    })
}

/// An entry of the audit of merges.
pub(super) fn merge(number: u64) -> Vec<u8> {
    [MERGE_ENTRIES, &number.to_be_bytes()].concat()
}

/// The number at the end of a key of the audit of merges, and what is before it.
pub(super) fn merge_of(key: &[u8]) -> Option<(&[u8], u64)> {
    let (before, number) = key.split_last_chunk::<8>()?;
    Some((before, u64::from_be_bytes(*number)))
}

/// Entries about a visitor.
pub(super) fn merges_of_visitor(visitor: &VisitorId) -> Vec<u8> {
    named_by(MERGES_OF_VISITORS, visitor.as_str())
}

/// Entries about a user.
pub(super) fn merges_of_user(user: &UserId) -> Vec<u8> {
    named_by(MERGES_OF_USERS, user.as_str())
}

/// What is remembered of a visitor's being any user.
pub(super) fn membership_links(visitor: &VisitorId) -> Vec<u8> {
    named_by(MEMBERSHIP_LINKS, visitor.as_str())
}

/// What is remembered of a visitor's being a user.
pub(super) fn membership_link(visitor: &VisitorId, user: &UserId) -> Vec<u8> {
    [
        &membership_links(visitor)[..],
        user.as_str().as_bytes(),
        &[0],
    ]
    .concat()
}

/// What is remembered of a user's being one person with others.
pub(super) fn names_links(user: &UserId) -> Vec<u8> {
    named_by(NAMES_LINKS, user.as_str())
}

/// What is remembered of two users' being one person, as it lies with the first.
pub(super) fn names_link(one: &UserId, other: &UserId) -> Vec<u8> {
    [&names_links(one)[..], other.as_str().as_bytes(), &[0]].concat()
}

/// Those for whom a user's person had no room.
pub(super) fn turned_away(user: &UserId) -> Vec<u8> {
    named_by(TURNED_AWAY, user.as_str())
}

/// One of them.
pub(super) fn turned_away_visitor(user: &UserId, visitor: &VisitorId) -> Vec<u8> {
    [&turned_away(user)[..], visitor.as_str().as_bytes(), &[0]].concat()
}

/// The two ids of a key that begins with some bytes and has nothing else.
pub(super) fn two_ids<'a>(key: &'a [u8], begins: &[u8]) -> Option<(&'a str, &'a str)> {
    let ids = core::str::from_utf8(key.strip_prefix(begins)?).ok()?;
    let (first, second) = ids.strip_suffix('\0')?.split_once('\0')?;
    Some((first, second))
}

fn named_by(kind: &[u8], id: &str) -> Vec<u8> {
    [kind, id.as_bytes(), &[0]].concat()
}

/// Message ids.
pub(super) fn bucket(visitor: &VisitorId, level: u8, bucket: u16) -> Vec<u8> {
    let mut key = buckets(visitor);
    key.push(level);
    key.extend_from_slice(&bucket.to_be_bytes());
    key
}

/// Level and bucket in the key of message ids.
pub(super) fn bucket_of(key: &[u8]) -> Option<(u8, u16)> {
    let (rest, bucket) = key.split_last_chunk::<2>()?;
    let (level, _) = rest.split_last()?;
    Some((*level, u16::from_be_bytes(*bucket)))
}

/// All entries of a list.
pub(super) fn list(list: &List) -> Vec<u8> {
    match list {
        List::All => [LISTS, b"a"].concat(),
        List::Segment(id) => [LISTS, b"s", id.as_bytes(), &[0]].concat(),
        List::Stage(Some(id)) => [LISTS, b"g", id.as_bytes(), &[0]].concat(),
        List::Stage(None) => [LISTS, b"n"].concat(),
    }
}

/// A visitor's entry in a list.
pub(super) fn listed(of: &List, position: &Position) -> Vec<u8> {
    let mut key = list(of);
    key.extend_from_slice(&(u64::MAX - position.step).to_be_bytes());
    key.extend_from_slice(position.visitor.as_str().as_bytes());
    key
}

/// What the keys of a list begin with, without the letter of all lists, from that of an entry.
pub(super) fn list_of(entry: &[u8]) -> Option<&[u8]> {
    let list = entry.strip_prefix(LISTS)?;
    let end = match list.first()? {
        b'a' | b'n' => 1,
        // No id holds a zero.
        _ => list.iter().position(|byte| *byte == 0)? + 1,
    };
    list.get(..end)
}

/// Where an entry stands, from what follows the list in its key.
pub(super) fn position_of(rest: &[u8]) -> Option<Position> {
    let (left, visitor) = rest.split_first_chunk::<8>()?;
    Some(Position {
        step: u64::MAX - u64::from_be_bytes(*left),
        visitor: VisitorId::parse(core::str::from_utf8(visitor).ok()?).ok()?,
    })
}

/// The size of a list, by what `list_of` gives.
pub(super) fn size(list: &[u8]) -> Vec<u8> {
    [SIZES, list].concat()
}

/// The list of a size's key.
pub(super) fn list_of_size(key: &[u8]) -> Option<List> {
    let (kind, id) = key.strip_prefix(SIZES)?.split_first()?;
    let id = || core::str::from_utf8(id.strip_suffix(&[0])?).ok();
    match kind {
        b'a' => Some(List::All),
        b's' => Some(List::Segment(id()?.into())),
        b'g' => Some(List::Stage(Some(id()?.into()))),
        b'n' => Some(List::Stage(None)),
        _ => None,
    }
}

/// All counters of a period.
pub(super) fn counters_of(period: Period) -> Vec<u8> {
    let step = match period.step {
        Step::Hour => b"h",
        Step::Day => b"d",
    };
    [COUNTS, step, &period.number.to_be_bytes()].concat()
}

/// All counters of a metric in a period.
pub(super) fn counters(period: Period, metric: Metric) -> Vec<u8> {
    let mut key = counters_of(period);
    key.push(number_of(metric));
    key
}

/// The counter of a name.
pub(super) fn counter(period: Period, metric: Metric, name: &str) -> Vec<u8> {
    [&*counters(period, metric), b"n", name.as_bytes()].concat()
}

/// The counter of all names that have no place.
pub(super) fn other_names(period: Period, metric: Metric) -> Vec<u8> {
    [&*counters(period, metric), b"o"].concat()
}

/// Numbers that stay, whatever is counted besides later.
pub(super) const fn number_of(metric: Metric) -> u8 {
    match metric {
        Metric::Messages => 1,
        Metric::Events => 2,
        Metric::Visitors => 3,
        Metric::NewVisitors => 4,
        Metric::Sessions => 5,
        Metric::SegmentEntries => 6,
        Metric::SegmentExits => 7,
        Metric::StageEntries => 8,
        Metric::StageExits => 9,
        Metric::Arrivals => 10,
        Metric::ArrivedVisitors => 11,
        Metric::EngagedVisitors => 12,
        Metric::ContentVisitors => 13,
        Metric::ContentClickers => 14,
        Metric::ContentImpressions => 15,
        Metric::ContentClicks => 16,
        Metric::Conversions => 17,
        Metric::Revenue => 18,
        Metric::RevenueSquares => 19,
        Metric::NewByOrigin => 20,
        Metric::StagesByOrigin => 21,
        Metric::GoalsByOrigin(Attribution::First) => 22,
        Metric::GoalsByOrigin(Attribution::Last) => 23,
        Metric::GoalsByOrigin(Attribution::Linear) => 24,
        Metric::GoalsByOrigin(Attribution::Position) => 25,
        Metric::ValueByOrigin(Attribution::First) => 26,
        Metric::ValueByOrigin(Attribution::Last) => 27,
        Metric::ValueByOrigin(Attribution::Linear) => 28,
        Metric::ValueByOrigin(Attribution::Position) => 29,
        Metric::PageViews => 40,
        Metric::PageTime => 41,
        Metric::Landings => 42,
        Metric::PageTopics => 43,
        Metric::Returns => 44,
        Metric::GoalPaths => 45,
        Metric::SegmentPaths => 46,
        Metric::FunnelSteps => 47,
        Metric::Consents => 48,
    }
}

/// What a counter's key is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counted<'a> {
    Name(&'a str),
    OtherNames,
}

/// See [`Counted`].
pub(super) fn counted(key: &[u8]) -> Option<Counted<'_>> {
    match key.get(COUNTS.len() + 6..)? {
        [b'o'] => Some(Counted::OtherNames),
        [b'n', name @ ..] => core::str::from_utf8(name).ok().map(Counted::Name),
        _ => None,
    }
}

/// The period of a counter.
pub(super) fn period_of(key: &[u8]) -> Option<Period> {
    let (step, rest) = key.strip_prefix(COUNTS)?.split_first()?;
    let step = match step {
        b'h' => Step::Hour,
        b'd' => Step::Day,
        _ => return None,
    };
    let number = u32::from_be_bytes(*rest.first_chunk()?);
    Some(Period { step, number })
}

/// The metric of a counter.
pub(super) fn metric_of(key: &[u8]) -> Option<Metric> {
    key.get(COUNTS.len() + 5)
        .and_then(|number| metric_of_number(*number))
}

/// The metric of a number that [`number_of`] gives.
pub(super) fn metric_of_number(number: u8) -> Option<Metric> {
    let mut all = Metric::all();
    all.find(|metric| number_of(*metric) == number)
}

/// Whether it is the key of a counter.
pub(super) fn is_counter(key: &[u8]) -> bool {
    period_of(key).is_some() && metric_of(key).is_some() && counted(key).is_some()
}

/// What is remembered of a visitor's days.
pub(super) fn days(visitor: &VisitorId) -> Vec<u8> {
    [DAYS, visitor.as_str().as_bytes(), &[0]].concat()
}

/// What is remembered of a visitor's day.
pub(super) fn day(visitor: &VisitorId, number: u32) -> Vec<u8> {
    let mut key = days(visitor);
    key.extend_from_slice(&number.to_be_bytes());
    key
}

/// The visitor and the number of the day of such a key.
pub(super) fn day_of(key: &[u8]) -> Option<(VisitorId, u32)> {
    let (id, number) = key.strip_prefix(DAYS)?.split_last_chunk()?;
    let id = core::str::from_utf8(id.strip_suffix(&[0])?).ok()?;
    Some((VisitorId::parse(id).ok()?, u32::from_be_bytes(*number)))
}

/// What is remembered of a visitor's exposures.
pub(super) fn exposures(visitor: &VisitorId) -> Vec<u8> {
    prefix(b'w', visitor)
}

/// The visitor of such a key.
pub(super) fn exposures_of(key: &[u8]) -> Option<VisitorId> {
    let id = key.strip_prefix(EXPOSURES)?.strip_suffix(&[0])?;
    VisitorId::parse(core::str::from_utf8(id).ok()?).ok()
}

/// What is remembered of a visitor for funnels.
pub(super) fn funnels(visitor: &VisitorId) -> Vec<u8> {
    prefix(b'f', visitor)
}

/// The visitor of such a key.
pub(super) fn funnels_of(key: &[u8]) -> Option<VisitorId> {
    let id = key.strip_prefix(FUNNELS)?.strip_suffix(&[0])?;
    VisitorId::parse(core::str::from_utf8(id).ok()?).ok()
}

/// The visitor in a key of messages or of their ids.
pub(super) fn owner_of(key: &[u8]) -> Option<VisitorId> {
    let id = key.get(1..)?.split(|byte| *byte == 0).next()?;
    VisitorId::parse(core::str::from_utf8(id).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_visitor_begins_with_another() {
        let (short, long) = (
            VisitorId::parse("a").unwrap(),
            VisitorId::parse("ab").unwrap(),
        );
        assert!(!messages(&long).starts_with(&messages(&short)));
        assert_eq!(visitor_of(&visitor(&long)), Some(long));
    }

    #[test]
    fn counters_and_days() {
        for (step, metric) in [(Step::Hour, Metric::Events), (Step::Day, Metric::Sessions)] {
            let period = Period { step, number: 77 };
            for (key, expected) in [
                (counter(period, metric, "a"), Counted::Name("a")),
                (other_names(period, metric), Counted::OtherNames),
            ] {
                assert_eq!(counted(&key), Some(expected));
                assert_eq!(period_of(&key), Some(period));
                assert_eq!(metric_of(&key), Some(metric));
                assert_eq!(day_of(&key), None);
            }
        }
        let visitor = VisitorId::parse("a").unwrap();
        let key = day(&visitor, 5);
        assert_eq!(day_of(&key), Some((visitor, 5)));
        assert_eq!(period_of(&key), None);
    }

    #[test]
    fn records_sort_by_time_and_number() {
        let visitor = VisitorId::parse("a").unwrap();
        let key = |at, number| message_record(&visitor, Timestamp::from_milliseconds(at), number);
        assert!(key(1, 500) < key(2, 0));
        assert!(key(255, 0) < key(256, 0));
        assert!(key(1, 255) < key(1, 256));
        assert_eq!(
            message_record_of(&key(77, 5)),
            Some((Timestamp::from_milliseconds(77), 5))
        );
    }
}
