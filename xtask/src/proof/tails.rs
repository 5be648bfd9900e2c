//! The ends of the store's files damaged at every byte. The store's own test does it, because only it
//! can look at what is left without a server around it; here it is done for every byte.

use anyhow::Result;

use super::Proof;
use crate::workspace::run as run_command;

pub(super) fn run(proof: &mut Proof<'_>) -> Result<()> {
    let mut command = proof.workspace.cargo();
    command.args([
        "test",
        "--package",
        "firstglance",
        "--lib",
        "--",
        "--nocapture",
    ]);
    if proof.short {
        command.arg("tails::damage_at_some_bytes");
    } else {
        command.args(["--include-ignored", "tails::damage"]);
    }
    let outcome = run_command(&mut command);
    proof.must(
        "damaged tails: a clean prefix or a typed error",
        if outcome.is_ok() { "always" } else { "no" },
        outcome.is_ok(),
    );
    Ok(())
}
