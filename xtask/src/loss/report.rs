//! What the player found, as a table and as a judgement.

use std::fmt::Write as _;

use serde_json::Value;

/// The tracker that is judged.
pub(super) const FIRSTGLANCE: &str = "firstglance";

/// Of a thousand things that were done, so many may be lost over all cases.
const MOST_LOST_PER_THOUSAND: u64 = 5;

/// Numbers of one case in one browser with one tracker.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Count {
    /// Things that the visitor did: named events, and page views.
    pub(super) captured: u64,
    pub(super) received: u64,
    pub(super) lost: u64,
    /// What arrived more often than it was done.
    pub(super) duplicated: u64,
    /// Names of what was lost and what came too often.
    names: Vec<String>,
    /// What the browser makes it impossible to keep, with the reason.
    allowed: Option<(u64, String)>,
}

/// What became of a case.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Counted(Count),
    /// It makes no sense here, because of this.
    Without(String),
    /// It could not be played, because of this.
    Failed(String),
}

/// One case in one browser with one tracker.
pub(super) struct Line {
    pub(super) case: String,
    pub(super) browser: String,
    pub(super) tracker: String,
    pub(super) outcome: Outcome,
}

impl Line {
    /// Reads what the player wrote; nothing where it is not such a line.
    pub(super) fn read(value: &Value) -> Option<Self> {
        let text = |name: &str| value.get(name)?.as_str().map(str::to_owned);
        let outcome = if let Some(reason) = text("without") {
            Outcome::Without(reason)
        } else if let Some(error) = text("error") {
            Outcome::Failed(error)
        } else {
            Outcome::Counted(Count::read(value)?)
        };
        Some(Self {
            case: text("case")?,
            browser: text("browser")?,
            tracker: text("tracker")?,
            outcome,
        })
    }

    fn place(&self) -> String {
        format!("{} in {}, {}", self.case, self.browser, self.tracker)
    }
}

impl Count {
    fn read(value: &Value) -> Option<Self> {
        let number = |name: &str| value.get(name)?.as_u64();
        let names = ["missing", "extra"]
            .into_iter()
            .filter_map(|name| value.get(name)?.as_array())
            .flatten()
            .filter_map(|name| name.as_str().map(str::to_owned))
            .collect();
        let allowed = value.get("allowed").and_then(|allowed| {
            let reason = allowed.get("why")?.as_str()?.to_owned();
            Some((allowed.get("lost")?.as_u64()?, reason))
        });
        Some(Self {
            captured: number("captured")?,
            received: number("received")?,
            lost: number("lost")?,
            duplicated: number("duplicated")?,
            names,
            allowed,
        })
    }

    /// What may be lost.
    fn allowed(&self) -> u64 {
        self.allowed.as_ref().map_or(0, |(lost, _)| *lost)
    }

    fn add(&mut self, other: &Self) {
        self.captured += other.captured;
        self.received += other.received;
        self.lost += other.lost;
        self.duplicated += other.duplicated;
    }
}

/// Everything that was found.
#[derive(Default)]
pub(super) struct Report {
    /// How many lines there should be.
    pub(super) planned: u64,
    pub(super) lines: Vec<Line>,
}

impl Report {
    /// A line a case, browser and tracker, with what is the same as above left out; then the sums.
    pub(super) fn table(&self) -> String {
        let mut table = format!(
            "{:<16} {:<9} {:<12} {:>8} {:>8} {:>6} {:>10}\n",
            "case", "browser", "tracker", "captured", "received", "lost", "duplicated"
        );
        let mut row = |case: &str, browser: &str, tracker: &str, figures: &str| {
            // Writing into a String cannot fail.
            let _ = writeln!(table, "{case:<16} {browser:<9} {tracker:<12} {figures}");
        };
        let mut reasons = Vec::new();
        let mut above = ("", "");
        for line in self.sorted() {
            let (case, browser) = (line.case.as_str(), line.browser.as_str());
            let shown = match above {
                (same, _) if same != case => (case, browser),
                (_, same) if same != browser => ("", browser),
                _ => ("", ""),
            };
            above = (case, browser);
            let figures = match &line.outcome {
                Outcome::Counted(count) => {
                    if let Some((lost, why)) = &count.allowed {
                        reasons.push(format!("{}: may lose {lost}: {why}", line.place()));
                    }
                    figures(count)
                }
                Outcome::Without(reason) => format!("     n/a ({reason})"),
                Outcome::Failed(_) => "     NOT PLAYED".to_owned(),
            };
            row(shown.0, shown.1, &line.tracker, &figures);
        }
        for (tracker, sum) in self.sums() {
            let share = hundredths(sum.lost, sum.captured);
            let figures = format!(
                "{}   {}.{:02} % lost",
                figures(&sum),
                share / 100,
                share % 100
            );
            row("all", "", &tracker, &figures);
        }
        for reason in reasons {
            table += &reason;
            table.push('\n');
        }
        table
    }

    /// What Firstglance did wrong, and what could not be found out.
    pub(super) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let found = self.lines.len() as u64;
        if found != self.planned {
            faults.push(format!("{found} of {} lines came", self.planned));
        }
        for line in &self.lines {
            match &line.outcome {
                Outcome::Failed(error) => {
                    faults.push(format!("{} could not be played: {error}", line.place()));
                }
                Outcome::Counted(count)
                    if line.tracker == FIRSTGLANCE
                        && (count.lost > count.allowed() || count.duplicated > 0) =>
                {
                    faults.push(format!(
                        "{}: {} lost ({} may be), {} duplicated, of {}: {}",
                        line.place(),
                        count.lost,
                        count.allowed(),
                        count.duplicated,
                        count.captured,
                        count.names.join(", ")
                    ));
                }
                _ => {}
            }
        }
        for (tracker, sum) in self.sums() {
            if tracker == FIRSTGLANCE && sum.lost * 1_000 > sum.captured * MOST_LOST_PER_THOUSAND {
                faults.push(format!(
                    "{} of {} lost over all cases, and only {MOST_LOST_PER_THOUSAND} of 1000 may be",
                    sum.lost, sum.captured
                ));
            }
        }
        faults
    }

    /// By case, then browser, then tracker, each in the order in which they came.
    fn sorted(&self) -> Vec<&Line> {
        let mut lines: Vec<&Line> = self.lines.iter().collect();
        let first = |is: &dyn Fn(&Line) -> bool| self.lines.iter().position(is);
        lines.sort_by_key(|line| {
            (
                first(&|other| other.case == line.case),
                first(&|other| other.browser == line.browser),
                first(&|other| other.tracker == line.tracker),
            )
        });
        lines
    }

    /// The sums of each tracker.
    fn sums(&self) -> Vec<(String, Count)> {
        let mut sums: Vec<(String, Count)> = Vec::new();
        for line in &self.lines {
            let Outcome::Counted(count) = &line.outcome else {
                continue;
            };
            match sums
                .iter_mut()
                .find(|(tracker, _)| *tracker == line.tracker)
            {
                Some((_, sum)) => sum.add(count),
                None => {
                    let mut sum = Count::default();
                    sum.add(count);
                    sums.push((line.tracker.clone(), sum));
                }
            }
        }
        sums
    }
}

fn figures(count: &Count) -> String {
    format!(
        "{:>8} {:>8} {:>6} {:>10}",
        count.captured, count.received, count.lost, count.duplicated
    )
}

/// Hundredths of a percent.
fn hundredths(part: u64, whole: u64) -> u64 {
    (part * 10_000).checked_div(whole).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn report(lines: &[Value]) -> Report {
        Report {
            planned: lines.len() as u64,
            lines: lines.iter().filter_map(Line::read).collect(),
        }
    }

    fn counted(tracker: &str, captured: u64, lost: u64, duplicated: u64) -> Value {
        json!({
            "case": "close-tab", "browser": "firefox", "tracker": tracker, "captured": captured,
            "received": captured - lost + duplicated, "lost": lost, "duplicated": duplicated,
            "missing": ["Step 3"], "extra": [],
        })
    }

    #[test]
    fn what_firstglance_loses_or_repeats_is_a_fault_and_what_others_lose_is_not() {
        assert!(
            report(&[counted(FIRSTGLANCE, 1_000, 0, 0)])
                .faults()
                .is_empty()
        );
        assert!(report(&[counted("posthog", 10, 9, 3)]).faults().is_empty());
        assert_eq!(
            report(&[counted(FIRSTGLANCE, 1_000, 1, 0)]).faults().len(),
            1
        );
        assert_eq!(
            report(&[counted(FIRSTGLANCE, 1_000, 0, 1)]).faults().len(),
            1
        );
    }

    #[test]
    fn an_allowance_covers_its_number_and_the_sum_is_judged_all_the_same() {
        let mut line = counted(FIRSTGLANCE, 1_000, 4, 0);
        line["allowed"] = json!({ "lost": 4, "why": "no storage" });
        let allowed = report(std::slice::from_ref(&line));
        assert!(allowed.faults().is_empty());
        assert!(allowed.table().contains("may lose 4: no storage"));
        line["allowed"]["lost"] = json!(3);
        assert_eq!(report(&[line]).faults().len(), 1);
        let mut many = counted(FIRSTGLANCE, 1_000, 6, 0);
        many["allowed"] = json!({ "lost": 6, "why": "no storage" });
        assert_eq!(report(&[many]).faults().len(), 1);
    }

    #[test]
    fn what_was_not_played_is_a_fault() {
        let failed = json!({
            "case": "bfcache", "browser": "webkit", "tracker": "posthog", "error": "stuck",
        });
        let failed = report(&[failed]);
        assert_eq!(failed.faults().len(), 1);
        assert!(failed.table().contains("NOT PLAYED"));
        let mut short = report(&[counted(FIRSTGLANCE, 10, 0, 0)]);
        short.planned = 2;
        assert_eq!(short.faults().len(), 1);
    }

    #[test]
    fn the_table_has_a_line_each_and_the_sums() {
        let without = json!({
            "case": "prerender", "browser": "firefox", "tracker": "posthog", "without": "has none",
        });
        let lines = [
            counted(FIRSTGLANCE, 20, 1, 0),
            counted("posthog", 20, 4, 0),
            without,
        ];
        let expected = "\
case             browser   tracker      captured received   lost duplicated
close-tab        firefox   firstglance        20       19      1          0
                           posthog            20       16      4          0
prerender        firefox   posthog           n/a (has none)
all                        firstglance        20       19      1          0   5.00 % lost
all                        posthog            20       16      4          0   20.00 % lost
";
        assert_eq!(report(&lines).table(), expected);
    }
}
