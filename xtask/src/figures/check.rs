//! One comparison of a table with what is counted anew: how many figures were held against each other,
//! and which of them differ.

use std::collections::BTreeMap;

use anyhow::Result;

use super::console::Grid;

/// Differences that are told of one table; more are counted.
const TOLD: usize = 5;

/// Figures that may be rounded, to this part.
const CLOSE: f64 = 1e-6;

/// See the module.
#[derive(Debug)]
pub(super) struct Check {
    pub(super) page: String,
    pub(super) table: String,
    pub(super) compared: usize,
    pub(super) differing: usize,
    pub(super) told: Vec<String>,
    /// Why nothing was held against it.
    pub(super) why: Option<String>,
}

impl Check {
    pub(super) fn new(page: &str, table: &str) -> Self {
        Self {
            page: page.to_owned(),
            table: table.to_owned(),
            compared: 0,
            differing: 0,
            told: Vec::new(),
            why: None,
        }
    }

    /// Something that is wrong with it.
    pub(super) fn wrong(&mut self, what: String) {
        self.differing += 1;
        if self.told.len() < TOLD {
            self.told.push(what);
        }
    }

    /// Holds a figure against what it must be.
    pub(super) fn number(&mut self, what: &str, found: &str, expected: f64) {
        self.compared += 1;
        let number: Option<f64> = found.parse().ok();
        let is_same = number
            .is_some_and(|number| (number - expected).abs() <= CLOSE * expected.abs().max(1.0));
        if !is_same {
            self.wrong(format!("{what}: {found:?}, and counted {expected}"));
        }
    }

    /// Holds a text against what it must be.
    pub(super) fn text(&mut self, what: &str, found: &str, expected: &str) {
        self.compared += 1;
        if found != expected {
            self.wrong(format!("{what}: {found:?}, and not {expected:?}"));
        }
    }

    /// Holds a condition.
    pub(super) fn holds(&mut self, what: &str, holds: bool) {
        self.compared += 1;
        if !holds {
            self.wrong(what.to_owned());
        }
    }

    /// Holds columns of a table against counts by the first cell of a row. Rows that are counted and
    /// missing differ, and so do rows of which nothing is counted and which tell of something.
    pub(super) fn by_name(
        &mut self,
        grid: &Grid,
        column: &str,
        expected: &BTreeMap<String, f64>,
    ) -> Result<()> {
        let place = grid.column(column)?;
        let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
        for row in &grid.rows {
            if let [name, ..] = &row[..] {
                seen.insert(name, &row[place]);
            }
        }
        for (name, expected) in expected {
            let found = seen.remove(&**name).unwrap_or("missing");
            self.number(&format!("{name}, {column}"), found, *expected);
        }
        for (name, found) in seen {
            self.number(
                &format!("{name}, {column}"),
                if found.is_empty() { "0" } else { found },
                0.0,
            );
        }
        Ok(())
    }

    /// Adds what a part of it came to.
    pub(super) fn outcome(&mut self, outcome: Result<()>) {
        if let Err(error) = outcome {
            self.wrong(format!("{error:#}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(rows: &[[&str; 2]]) -> Grid {
        Grid {
            columns: vec!["Name".to_owned(), "Count".to_owned()],
            rows: rows
                .iter()
                .map(|row| row.map(str::to_owned).to_vec())
                .collect(),
        }
    }

    #[test]
    fn what_differs_is_found() {
        let expected = BTreeMap::from([("a".to_owned(), 2.0), ("b".to_owned(), 0.5)]);
        for (rows, compared, differing) in [
            (&[["a", "2"], ["b", "0.5"]][..], 2, 0),
            (
                &[["b", "0.5"], ["a", "2.000000001"], ["c", "0"], ["d", ""]],
                4,
                0,
            ),
            (&[["a", "3"], ["b", "0.5"]], 2, 1),
            (&[["a", "2"]], 2, 1),
            (&[["a", "2"], ["b", "0.5"], ["c", "1"]], 3, 1),
            (&[["a", "-"], ["b", ""]], 2, 2),
        ] {
            let mut check = Check::new("page", "table");
            check.by_name(&grid(rows), "Count", &expected).unwrap();
            assert_eq!(
                (check.compared, check.differing),
                (compared, differing),
                "{rows:?}"
            );
        }
        let mut check = Check::new("page", "table");
        assert!(check.by_name(&grid(&[]), "Other", &expected).is_err());
        check.text("text", "a", "b");
        check.holds("holds", true);
        assert_eq!((check.compared, check.differing), (2, 1));
    }
}
