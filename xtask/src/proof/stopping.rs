//! SIGTERM under load: the collector finishes what it has taken in, ends well, and after its next
//! start everything that it acknowledged is there once.

use std::thread;

use anyhow::Result;
use serde_json::Value;

use super::{Proof, folder};
use crate::load::{finish, number};
use crate::random::{Random, seed_of_now};
use crate::server::{Server, WRITE_KEY};

pub(super) fn run(proof: &mut Proof<'_>) -> Result<()> {
    let rounds: u64 = if proof.short { 3 } else { 50 };
    let folder = folder()?;
    let settings = proof.settings(folder.path())?;
    let account = folder.path().join("account.json");
    let account = account.to_string_lossy();
    let mut random = Random::new(seed_of_now());
    let (mut acknowledged, mut broken, mut lost, mut foreign, mut bad_ends) =
        (0.0, 0.0, 0.0, 0.0, 0);
    for round in 0..rounds {
        let mut server = Server::start(&settings)?;
        let address = server.address().to_string();
        let first = (round * 1_000).to_string();
        let send = [
            "send",
            "--address",
            &address,
            "--write-key",
            WRITE_KEY,
            "--connections",
            "32",
            "--seconds",
            "30",
            "--visitors",
            "1000",
            "--first-visitor",
            &first,
            "--verify",
            "later",
            "--until-gone",
            "--account",
            &account,
        ];
        let child = proof.load.start(&send)?;
        thread::sleep(random.milliseconds(300, 1_200));
        let ended = server.terminate()?;
        bad_ends += u64::from(!ended.success());
        drop(server);
        let line: Value = finish(child)?;
        acknowledged += number(&line, "/acknowledged")?;
        broken += number(&line, "/broken")?;
        let server = Server::start(&settings)?;
        let line = proof.load.check(&server, &account)?;
        lost += number(&line, "/lost")?;
        foreign += number(&line, "/not_acknowledged_but_stored")?;
    }
    proof.row("SIGTERM: rounds", rounds);
    proof.must(
        "SIGTERM: acknowledged batches",
        acknowledged,
        acknowledged > 0.0,
    );
    proof.row("SIGTERM: batches without an answer", broken);
    proof.must("SIGTERM: ends that were not good", bad_ends, bad_ends == 0);
    proof.must("SIGTERM: events acknowledged and lost", lost, lost == 0.0);
    proof.must(
        "SIGTERM: events stored and never sent",
        foreign,
        foreign == 0.0,
    );
    Ok(())
}
