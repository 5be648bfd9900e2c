//! The size of what a page loads, against the budget. Never builds anything itself.

use std::fmt::Write as _;

use anyhow::{Result, bail};

use crate::assets::{Asset, WITH_RULES};

/// Loader, script and module together, in bytes after brotli 11.
const TOTAL_BUDGET: u64 = 20_000;

/// The loader alone, in bytes after brotli 11.
const LOADER_BUDGET: u64 = 1_500;

/// Prints the table; being over the budget is an error.
pub(crate) fn report(assets: &[Asset]) -> Result<()> {
    let (table, over) = table(assets);
    print!("{table}");
    if over.is_empty() {
        println!("Within the budget.");
        return Ok(());
    }
    bail!("over the budget: {}", over.join("; "));
}

/// The table and a sentence for each budget that does not hold.
fn table(assets: &[Asset]) -> (String, Vec<String>) {
    let mut text = String::new();
    let mut over = Vec::new();
    let mut row = |title: &str, raw: u64, gzip: u64, brotli: u64, budget: Option<u64>| {
        let budget = match budget {
            Some(budget) if brotli > budget => {
                over.push(format!(
                    "{title} has {brotli} bytes (brotli), {} more than the {budget} allowed",
                    brotli - budget
                ));
                format!("{budget} exceeded")
            }
            Some(budget) => format!("{budget} ({} free)", budget - brotli),
            None => String::new(),
        };
        let line = format!("{title:<37} {raw:>9} {gzip:>9} {brotli:>10}   {budget}");
        // Writing into a String cannot fail.
        let _ = writeln!(text, "{}", line.trim_end());
    };
    let (optional, always): (Vec<_>, Vec<_>) = assets.iter().partition(|asset| asset.is_optional);
    for asset in &always {
        let budget = (asset.title == "loader").then_some(LOADER_BUDGET);
        row(&asset.title, asset.raw, asset.gzip, asset.brotli, budget);
    }
    let sum = |bytes: fn(&Asset) -> u64| always.iter().map(|asset| bytes(asset)).sum();
    row(
        "total",
        sum(|asset| asset.raw),
        sum(|asset| asset.gzip),
        sum(|asset| asset.brotli),
        Some(TOTAL_BUDGET),
    );
    for asset in optional {
        let title = match asset.title.as_str() {
            WITH_RULES => "or, with the owner's rules, the module".to_owned(),
            title => format!("+ {title}"),
        };
        row(&title, asset.raw, asset.gzip, asset.brotli, None);
    }
    let head = format!(
        "{:<37} {:>9} {:>9} {:>10}   budget (brotli)\n",
        "bytes", "raw", "gzip -9", "brotli 11"
    );
    (head + &text, over)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assets(loader: u64, module: u64) -> Vec<Asset> {
        [
            ("loader", loader),
            ("WebAssembly", module),
            ("debug", TOTAL_BUDGET),
        ]
        .map(|(title, brotli)| Asset {
            title: title.to_owned(),
            is_optional: title == "debug",
            raw: brotli * 3,
            gzip: brotli + 10,
            brotli,
        })
        .into()
    }

    #[test]
    fn a_page_on_the_edge_is_within_the_budget() {
        let (table, over) = table(&assets(LOADER_BUDGET, TOTAL_BUDGET - LOADER_BUDGET));
        assert!(over.is_empty(), "{over:?}");
        assert!(table.contains("     60000     20020      20000   20000 (0 free)"));
    }

    #[test]
    fn each_exceeded_budget_is_named_with_its_excess() {
        let (_, over) = table(&assets(LOADER_BUDGET + 2, TOTAL_BUDGET));
        assert_eq!(over.len(), 2);
        assert!(over[0].contains("loader has 1502 bytes (brotli), 2 more than the 1500 allowed"));
        assert!(over[1].contains("total has 21502 bytes"));
        assert!(report(&assets(1, TOTAL_BUDGET)).is_err());
    }
}
