//! Pages of visitors whose records are found first and read later, on whatever thread has the time: to
//! read a record takes many times as long as to find it.

use std::ops::Bound;

use firstglance_engine::VisitorId;
use firstglance_engine::codec::Encode as _;

use super::record::VisitorRecord;
use super::{EmbeddedError, keys, unreadable};
use crate::store::StoredPage;

/// Finds the records of at most so many visitors after one, and tells each as it lies there.
pub(super) fn found(
    tree: &sled::Tree,
    after: Option<&VisitorId>,
    limit: usize,
    mut tell: impl FnMut(VisitorId, sled::IVec) -> Result<(), EmbeddedError>,
) -> Result<(), EmbeddedError> {
    let from = match after {
        None => Bound::Included(keys::VISITORS.to_vec()),
        Some(visitor) => Bound::Excluded(keys::visitor(visitor)),
    };
    for entry in tree.range((from, Bound::Unbounded)).take(limit) {
        let (key, bytes) = entry?;
        if !key.starts_with(keys::VISITORS) {
            break;
        }
        tell(keys::visitor_of(&key).ok_or(EmbeddedError::Key)?, bytes)?;
    }
    Ok(())
}

/// A page of at most so many visitors after one.
pub(super) fn read(
    tree: &sled::Tree,
    after: Option<&VisitorId>,
    limit: usize,
) -> Result<StoredPage, EmbeddedError> {
    let mut found = Vec::new();
    self::found(tree, after, limit, |visitor, bytes| {
        found.push((visitor, bytes));
        Ok(())
    })?;
    let last = found.last().map(|(visitor, _)| visitor.clone());
    Ok(StoredPage::new(last, found.len(), move |look| {
        for (visitor, bytes) in found {
            let record = VisitorRecord::from_bytes(&bytes);
            let record = record.map_err(|error| unreadable(&error.into()))?;
            look(&visitor, &record.profile);
        }
        Ok(())
    }))
}
