//! Cells: what visitors have in common who are counted together.

use std::fmt::Write as _;

use super::exposure::{Arm, Shown};

/// A slot's visitors with the same variant, arm and segment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cell {
    /// Whether slot and variant were in force when the visitor first saw any of it; else pages alone
    /// know them, and anybody may have made them up.
    pub is_known: bool,
    /// Id of the slot.
    pub slot: Box<str>,
    /// Variant and arm.
    pub shown: Shown,
    /// The segment for which the slot's shares were learnt; nothing for everybody else.
    pub segment: Option<Box<str>>,
}

impl Cell {
    /// What the names begin with of cells that only pages know.
    pub const FOUND: &str = "?";

    /// What the names of the others begin with.
    const KNOWN: &str = "+";

    /// The name under which it is counted: its parts, a line each.
    #[must_use]
    pub fn to_name(&self) -> String {
        let mut name = String::from(if self.is_known {
            Self::KNOWN
        } else {
            Self::FOUND
        });
        let segment = self.segment.as_deref().unwrap_or_default();
        let Shown { variant, arm } = &self.shown;
        // Writing into a String cannot fail.
        let _ = write!(name, "{}\n{variant}\n{}\n{segment}", self.slot, arm.name());
        name
    }

    /// The same with a goal.
    #[must_use]
    pub fn to_name_of(&self, goal: &str) -> String {
        format!("{}\n{goal}", self.to_name())
    }

    /// Cell and goal of a name under which it was counted; nothing where it is none.
    #[must_use]
    pub fn of_name(name: &str) -> Option<(Self, Option<&str>)> {
        let (is_known, name) = match name.strip_prefix(Self::KNOWN) {
            Some(name) => (true, name),
            None => (false, name.strip_prefix(Self::FOUND)?),
        };
        let mut parts = name.split('\n');
        let slot = parts.next()?.into();
        let variant = parts.next()?.into();
        let arm = parts.next()?;
        let arm = Arm::ALL.into_iter().find(|one| one.name() == arm)?;
        let segment = parts.next()?;
        let segment = (!segment.is_empty()).then(|| segment.into());
        let cell = Self {
            is_known,
            slot,
            shown: Shown { variant, arm },
            segment,
        };
        Some((cell, parts.next()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_back() {
        for (is_known, segment, arm) in [
            (true, None, Arm::Variant),
            (false, Some("crm".into()), Arm::Control),
        ] {
            let cell = Cell {
                is_known,
                slot: "hero".into(),
                shown: Shown {
                    variant: "a".into(),
                    arm,
                },
                segment,
            };
            assert_eq!(Cell::of_name(&cell.to_name()), Some((cell.clone(), None)));
            let name = cell.to_name_of("sale");
            assert_eq!(Cell::of_name(&name), Some((cell.clone(), Some("sale"))));
            assert_eq!(name.starts_with(Cell::FOUND), !is_known);
        }
        for name in ["", "hero\na\nvariant\n", "+hero\na\nother\n", "+hero"] {
            assert_eq!(Cell::of_name(name), None, "{name:?}");
        }
    }
}
