//! Migration: from the data of an older layout to the present one, where they are.
//!
//! | layout | what it did not have | what is done |
//! |---|---|---|
//! | `2` | lists of visitors | they are made from the profiles |
//! | `3` | counts, and a mark on the changes of segments and stage that stand among the messages | changes are marked, and everything is counted, from the stored messages |
//! | `4` | packed records (`packed`), and the effect of content | nothing: records are packed when they are next written, and no goal was told before there were any |
//! | `5` | counts of pages, topics, returns and ways, and of goals by what brought visitors; `utm_term` and `utm_content` in the names of origins | they are made from the stored messages |
//! | `6` | days by another clock than that of UTC | nothing: see `counted_by` |
//!
//! Each is a layout of its own so that an older collector refuses the data, where it would store what
//! it does not count. The new version is written after what it stands for is on disk: a migration
//! that was broken off begins anew. Memory is bounded by some hundreds of visitors.

use std::fs::File;

use super::batch::Batch;
use super::counters::{self, Latest};
use super::{EmbeddedError, LAYOUT, index, keys, recount};
use crate::clock;
use crate::store::calendar::Calendar;
use crate::store::counting::{Metric, Period};

/// The layouts that can be brought to the present one.
pub(super) const FORMER: [&[u8]; 5] = [
    WITHOUT_LISTS,
    WITHOUT_COUNTS,
    WITHOUT_PACKING,
    WITHOUT_JOURNEYS,
    WITHOUT_ZONE,
];

const WITHOUT_LISTS: &[u8] = b"2";
const WITHOUT_COUNTS: &[u8] = b"3";
const WITHOUT_PACKING: &[u8] = b"4";
const WITHOUT_JOURNEYS: &[u8] = b"5";
const WITHOUT_ZONE: &[u8] = b"6";

/// What was not counted in the layout of that name, beside what is counted by origin.
const OF_JOURNEYS: [Metric; 7] = [
    Metric::PageViews,
    Metric::PageTime,
    Metric::Landings,
    Metric::PageTopics,
    Metric::Returns,
    Metric::GoalPaths,
    Metric::SegmentPaths,
];

/// What was counted without terms in the layout before [`LAYOUT`].
const BY_COARSE_ORIGIN: [Metric; 3] = [
    Metric::Arrivals,
    Metric::ArrivedVisitors,
    Metric::EngagedVisitors,
];

/// Visitors between two lines of the log.
const TOLD_EVERY: u64 = 50_000;

/// Brings data from a layout that is not the present one to that.
pub(super) fn migrate(tree: &sled::Db, version: &[u8], disk: &File) -> Result<(), EmbeddedError> {
    match version {
        WITHOUT_LISTS => {
            tracing::info!("making the lists of visitors, which these data do not have yet");
            index::rebuild(tree)?;
            tracing::info!("the lists of visitors are made");
            count(tree)?;
        }
        WITHOUT_COUNTS => count(tree)?,
        WITHOUT_PACKING | WITHOUT_JOURNEYS => count_more(tree)?,
        WITHOUT_ZONE => {}
        other => {
            let version = String::from_utf8_lossy(other).into_owned();
            return Err(EmbeddedError::Layout(version));
        }
    }
    tree.flush()?;
    disk.sync_data()?;
    tree.insert(keys::VERSION, LAYOUT)?;
    tree.flush()?;
    disk.sync_data()?;
    Ok(())
}

/// Counts what was not counted, and by origin what was counted without terms; what else was may be of
/// messages that are gone by now, and so may be what was counted by origin on their days.
fn count_more(tree: &sled::Db) -> Result<(), EmbeddedError> {
    tracing::info!("counting what these data do not have counted yet, from the stored messages");
    // What is pending is named as it was.
    let mut batch = Batch::default();
    let utc = Calendar::utc();
    Latest::load_or_begin(tree)?.settle(tree, &utc, &mut batch)?;
    batch.apply(tree)?;
    let gone = counters::unsure(tree)?.map(|until| utc.day(until));
    let is_whole = |period| gone.is_none_or(|gone| utc.days_of(period).0 > gone);
    let wanted = |period: Period, metric: Metric| {
        OF_JOURNEYS.contains(&metric)
            || Metric::OF_ORIGINS.contains(&metric)
            || (BY_COARSE_ORIGIN.contains(&metric) && is_whole(period))
    };
    let now = clock::now();
    let mut told = |visitors: u64| {
        if visitors.is_multiple_of(TOLD_EVERY) {
            tracing::info!(visitors, "counting the stored messages");
        }
    };
    let recounted = recount::wanted((tree, &utc), now, wanted, is_whole, &mut told)?;
    let visitors = recounted.visitors;
    tracing::info!(visitors, "the stored messages are counted");
    Ok(())
}

/// Marks the changes that stand among the messages, and counts everything.
fn count(tree: &sled::Db) -> Result<(), EmbeddedError> {
    tracing::info!("counting the stored messages, which these data do not have counted yet");
    let told = |what, count: u64| {
        if count.is_multiple_of(TOLD_EVERY) {
            tracing::info!(count, what, "counting the stored messages");
        }
    };
    recount::mark_changes(tree, &mut |records| told("records looked at", records))?;
    let counted = (&**tree, &Calendar::utc());
    let recounted = recount::everything(counted, clock::now(), &mut |visitors| {
        told("visitors counted", visitors);
    })?;
    let recount::Recounted {
        visitors,
        unreadable,
    } = recounted;
    if unreadable > 0 {
        tracing::warn!(
            unreadable,
            "records that cannot be read are not counted; firstglance verify tells which"
        );
    }
    tracing::info!(visitors, "the stored messages are counted");
    Ok(())
}
