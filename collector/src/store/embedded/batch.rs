//! A batch: what a group writes, as a list that can be applied to more than one tree.
//!
//! The engine's own batch cannot be looked into, and while the tree is copied (`copying`) every
//! change has to reach the copy as well. A later write of a key takes the place of an earlier one.

use firstglance_engine::Timestamp;
use sled::IVec;

use super::garbage;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Batch {
    writes: Vec<(IVec, Option<IVec>)>,
    residue: Option<Timestamp>,
}

impl Batch {
    /// Sets a key to a value.
    pub(super) fn insert(&mut self, key: impl Into<IVec>, value: impl Into<IVec>) {
        self.writes.push((key.into(), Some(value.into())));
    }

    /// Removes a key.
    pub(super) fn remove(&mut self, key: impl Into<IVec>) {
        self.writes.push((key.into(), None));
    }

    /// Puts all of another after what it has.
    pub(super) fn append(&mut self, mut other: Self) {
        self.writes.append(&mut other.writes);
        self.residue = self.residue.max(other.residue);
    }

    /// Says that bytes of what it removes are to be gone from the disk soon after a moment.
    pub(super) fn leaves_residue(&mut self, now: Timestamp) {
        self.residue = self.residue.max(Some(now));
    }

    /// When something was erased in it, if anything was.
    pub(super) const fn residue(&self) -> Option<Timestamp> {
        self.residue
    }

    /// The keys that it writes.
    pub(super) fn keys(&self) -> impl Iterator<Item = &[u8]> {
        self.writes.iter().map(|(key, _)| &**key)
    }

    /// Applies it, all at once.
    pub(super) fn apply(&self, tree: &sled::Tree) -> sled::Result<()> {
        self.apply_where(tree, |_| true)
    }

    /// Applies it as far as keys are concerned that fulfil a condition.
    pub(super) fn apply_where(
        &self,
        tree: &sled::Tree,
        concerned: impl Fn(&[u8]) -> bool,
    ) -> sled::Result<()> {
        let mut batch = sled::Batch::default();
        for (key, value) in &self.writes {
            match value {
                _ if !concerned(key) => {}
                Some(value) => batch.insert(key.clone(), value.clone()),
                None => batch.remove(key.clone()),
            }
        }
        tree.apply_batch(batch)?;
        garbage::free(self.writes.len());
        Ok(())
    }
}
