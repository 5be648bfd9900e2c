//! The proof that an acknowledged message survives SIGKILL, exactly once.
//!
//! In each round several clients post batches as fast as the collector takes them, and at a random
//! moment the collector is killed. It starts again on the same data, at times killed once more
//! while it opens them; in every other round it copies its data all the time, as it does to give
//! space back. Then the clients do what clients do: they send again what was never
//! acknowledged, and one batch each whose acknowledgement they pretend to have missed. After that,
//! through the admin API, every acknowledged message must be in its visitor's timeline exactly
//! once, the profile must count as many events as the timeline holds, and it must be what
//! `firstglance replay` makes of the timeline.
//!
//! Never looks into the store: what the API does not show does not count.

mod ledger;

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::build;
use crate::client::{Client, Message, Sent};
use crate::progress;
use crate::random::{self, Random};
use crate::server::{Server, Settings, WRITE_KEY};
use crate::workspace::Workspace;
use ledger::{Findings, Ledger, Replay};

const CLIENTS: usize = 4;

/// Visitors of each client that are new in a round; one more comes back in every round.
const NEW_VISITORS: usize = 5;

const MESSAGES_IN_A_BATCH: u64 = 20;

/// How often one batch may fail while the collector runs.
const PATIENCE: u32 = 500;

/// How long a round goes on at most, where nothing else is asked for, in milliseconds.
pub(crate) const MOST_PAUSE: u64 = 800;

/// Rounds after which another begins with no data: every round checks what came before it, and takes
/// longer the more there is.
const ROUNDS_OF_A_FOLDER: u64 = 100;

/// What the user can choose.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// How many times the collector is killed.
    #[arg(long, value_name = "NUMBER", default_value_t = 20)]
    pub(crate) rounds: u64,
    /// Repeats the batches and pauses of an earlier run [default: different each time].
    #[arg(long, value_name = "NUMBER")]
    pub(crate) seed: Option<u64>,
    /// Tests this collector instead of building one.
    #[arg(long, value_name = "FILE")]
    pub(crate) binary: Option<PathBuf>,
    /// Milliseconds after which a round kills at the latest: fewer make more rounds in an hour.
    #[arg(long, value_name = "MILLISECONDS", default_value_t = MOST_PAUSE)]
    pub(crate) most_pause: u64,
}

/// What one client did in one round.
#[derive(Default)]
struct Session {
    acknowledged: Vec<Message>,
    refused: Vec<Message>,
    in_doubt: Vec<Message>,
    last_acknowledged: Vec<Message>,
}

/// What the table shows.
#[derive(Default)]
struct Totals {
    rounds: u64,
    killed_while_opening: u64,
    acknowledged: u64,
    in_doubt: u64,
    sent_twice: u64,
    refused: u64,
    copies: u64,
    open_failures: u64,
    slowest_restart: Duration,
}

/// Builds the collector, runs the rounds, prints the table; anything lost is an error.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let binary = build::under_test(workspace, options.binary.as_deref())?;
    let seed = options.seed.unwrap_or_else(random::seed_of_now);
    println!("kill-loop: {} rounds, seed {seed}", options.rounds);

    let folder = tempfile::Builder::new()
        .prefix("firstglance-kill-loop-")
        .tempdir()?;
    let mut totals = Totals::default();
    let mut findings = Findings::default();
    let mut random = Random::new(seed);
    let mut outcome = Ok(());
    while outcome.is_ok() && findings.is_sound() && totals.rounds < options.rounds {
        let folder = folder.path().join(totals.rounds.to_string());
        let settings = Settings::new(workspace, binary.clone(), &folder)?;
        let seed = seed.wrapping_add(totals.rounds);
        outcome = rounds(
            &settings,
            options,
            (seed, &mut random),
            &mut totals,
            &mut findings,
        );
    }
    progress::clear();

    print!("{}", table(&totals, &findings));
    let sound = findings.is_sound() && totals.refused == 0 && totals.open_failures == 0;
    if outcome.is_ok() && sound {
        return Ok(());
    }
    let kept = folder.keep();
    println!(
        "The data and the collector's log are kept in {}",
        kept.display()
    );
    outcome?;
    for line in findings.examples() {
        println!("  {line}");
    }
    bail!("the collector did not keep what it had acknowledged; see the table above");
}

fn rounds(
    settings: &Settings,
    options: &Options,
    (seed, random): (u64, &mut Random),
    totals: &mut Totals,
    findings: &mut Findings,
) -> Result<()> {
    let mut ledger = Ledger::default();
    let replay = Replay {
        binary: settings.binary.clone(),
        config: settings.config.clone(),
    };
    let mut server = Server::start(settings)?;
    let rounds = ROUNDS_OF_A_FOLDER.min(options.rounds - totals.rounds);
    for round in 1..=rounds {
        let (sessions, copies) = one_round(&mut server, round, seed, random, options.most_pause)?;
        totals.rounds += 1;
        totals.copies += copies;
        let mut again = Vec::new();
        let mut twice = Vec::new();
        for session in sessions {
            ledger.sent(&session.in_doubt);
            ledger.acknowledged(&session.acknowledged);
            ledger.sent(&session.refused);
            totals.acknowledged += session.acknowledged.len() as u64;
            totals.in_doubt += session.in_doubt.len() as u64;
            totals.refused += session.refused.len() as u64;
            totals.sent_twice += session.last_acknowledged.len() as u64;
            again.push(session.in_doubt);
            twice.push(session.last_acknowledged);
        }

        if random.below(4) == 0 {
            Server::start_and_kill(settings, random.milliseconds(0, 60))?;
            totals.killed_while_opening += 1;
        }
        server = match Server::start(settings) {
            Ok(server) => server,
            Err(error) => {
                totals.open_failures += 1;
                return Err(error).context("the collector did not open its data after a kill");
            }
        };
        totals.slowest_restart = totals.slowest_restart.max(server.started_in);

        let client = server.client();
        for batch in again.iter().chain(&twice).filter(|batch| !batch.is_empty()) {
            let refused = post_until_acknowledged(&client, batch)?;
            totals.refused += refused.len() as u64;
            let (refused, taken): (Vec<Message>, Vec<Message>) = batch
                .iter()
                .cloned()
                .partition(|message| refused.contains(&message.id));
            ledger.sent(&refused);
            totals.acknowledged += ledger.acknowledged(&taken);
        }
        ledger.check(&client, &replay, Some(round), findings)?;
        progress::show(&format!(
            "round {} of {}: {} acknowledged, {} in doubt",
            totals.rounds, options.rounds, totals.acknowledged, totals.in_doubt
        ));
    }
    // Everything once more: a later crash must not harm an earlier round.
    ledger.check(&server.client(), &replay, None, findings)
}

/// Clients post until the kill. Says what they did, and how often everything was copied meanwhile.
fn one_round(
    server: &mut Server,
    round: u64,
    seed: u64,
    random: &mut Random,
    most_pause: u64,
) -> Result<(Vec<Session>, u64)> {
    let killed = AtomicBool::new(false);
    let acknowledged = AtomicU64::new(0);
    let (client, pause) = (
        server.address(),
        random.milliseconds(most_pause / 8, most_pause),
    );
    let copying = round.is_multiple_of(2).then(|| server.client());
    let seeds: Vec<u64> = (0..CLIENTS).map(|_| random.next()).collect();
    thread::scope(|scope| {
        let clients: Vec<_> = seeds
            .into_iter()
            .enumerate()
            .map(|(number, random)| {
                let (killed, acknowledged) = (&killed, &acknowledged);
                let names = Names {
                    seed,
                    round,
                    client: number,
                };
                let random = Random::new(random);
                // A client of its own each, so that each has connections of its own.
                let client = Client::new(&client, None);
                scope.spawn(move || post_until_killed(&client, names, random, killed, acknowledged))
            })
            .collect();
        let copies = copying.map(|client| scope.spawn(|| copy_until_killed(client, &killed)));
        let begun = Instant::now();
        while acknowledged.load(Ordering::Relaxed) == 0
            && begun.elapsed() < Duration::from_secs(30)
            && !clients.iter().all(thread::ScopedJoinHandle::is_finished)
        {
            thread::sleep(Duration::from_millis(1));
        }
        thread::sleep(pause);
        killed.store(true, Ordering::SeqCst);
        server.kill()?;
        let sessions = clients
            .into_iter()
            .map(|client| match client.join() {
                Ok(session) => session,
                Err(_) => bail!("a client of the proof itself failed"),
            })
            .collect::<Result<Vec<_>>>()?;
        let copies = match copies.map(thread::ScopedJoinHandle::join) {
            None => 0,
            Some(Ok(copies)) => copies?,
            Some(Err(_)) => bail!("a client of the proof itself failed"),
        };
        if acknowledged.load(Ordering::Relaxed) == 0 {
            bail!("the collector acknowledged nothing within 30 seconds");
        }
        Ok((sessions, copies))
    })
}

/// Has everything copied, again and again. Says how often.
fn copy_until_killed(client: Client, killed: &AtomicBool) -> Result<u64> {
    let mut copies = 0;
    while !killed.load(Ordering::SeqCst) {
        copies += u64::from(client.compact()?);
    }
    Ok(copies)
}

/// One client: batch after batch, until the connection fails because of the kill.
fn post_until_killed(
    client: &Client,
    names: Names,
    mut random: Random,
    killed: &AtomicBool,
    acknowledged: &AtomicU64,
) -> Result<Session> {
    let mut session = Session::default();
    let visitors = names.visitors();
    let mut number = 0;
    loop {
        let batch: Vec<Message> = (0..=random.below(MESSAGES_IN_A_BATCH))
            .map(|_| {
                number += 1;
                Message {
                    id: names.message(number),
                    visitor: visitors[random.place(visitors.len())].clone(),
                    timestamp: random::now(),
                }
            })
            .collect();
        let mut failures = 0;
        let refused = loop {
            match client.post(WRITE_KEY, &batch)? {
                Sent::Acknowledged { refused } => break refused,
                Sent::Later | Sent::InDoubt if killed.load(Ordering::SeqCst) => {
                    session.in_doubt = batch;
                    return Ok(session);
                }
                Sent::Later | Sent::InDoubt => {
                    failures += 1;
                    if failures > PATIENCE {
                        bail!("the collector no longer answers although it was not killed");
                    }
                    thread::sleep(Duration::from_millis(10));
                }
            }
        };
        let (refused, taken): (Vec<Message>, Vec<Message>) = batch
            .into_iter()
            .partition(|message| refused.contains(&message.id));
        acknowledged.fetch_add(taken.len() as u64, Ordering::Relaxed);
        session.refused.extend(refused);
        session.acknowledged.extend_from_slice(&taken);
        session.last_acknowledged = taken;
    }
}

/// Sends a batch again; returns the ids of what was refused.
fn post_until_acknowledged(client: &Client, batch: &[Message]) -> Result<Vec<String>> {
    for _ in 0..PATIENCE {
        if let Sent::Acknowledged { refused } = client.post(WRITE_KEY, batch)? {
            return Ok(refused);
        }
        thread::sleep(Duration::from_millis(20));
    }
    bail!("the collector did not take a batch that was sent again after its restart");
}

/// Names that no other round, client or run uses.
#[derive(Clone, Copy)]
struct Names {
    seed: u64,
    round: u64,
    client: usize,
}

impl Names {
    /// The visitors of this round, and the one that comes back in each.
    fn visitors(&self) -> Vec<String> {
        let Self {
            seed,
            round,
            client,
        } = self;
        (0..NEW_VISITORS)
            .map(|number| format!("kl{seed}-r{round}-c{client}-v{number}"))
            .chain([format!("kl{seed}-back-c{client}")])
            .collect()
    }

    fn message(&self, number: u64) -> String {
        let Self {
            seed,
            round,
            client,
        } = self;
        format!("kl{seed}-r{round}-c{client}-m{number}")
    }
}

fn table(totals: &Totals, findings: &Findings) -> String {
    let mut table = String::new();
    let restart = format!("{} ms", totals.slowest_restart.as_millis());
    for (title, figure) in [
        ("rounds", totals.rounds.to_string()),
        (
            "killed again while opening",
            totals.killed_while_opening.to_string(),
        ),
        ("acknowledged", totals.acknowledged.to_string()),
        (
            "in doubt at the kill, sent again",
            totals.in_doubt.to_string(),
        ),
        (
            "acknowledged, sent again anyway",
            totals.sent_twice.to_string(),
        ),
        ("refused", totals.refused.to_string()),
        ("copied whole meanwhile", totals.copies.to_string()),
        ("lost", findings.lost.len().to_string()),
        ("duplicated", findings.duplicated.len().to_string()),
        ("stored but never sent", findings.foreign.len().to_string()),
        (
            "profile and timeline differ",
            findings.miscounted.len().to_string(),
        ),
        (
            "profile is not the fold of its log",
            findings.misfolded.len().to_string(),
        ),
        ("open failures", totals.open_failures.to_string()),
        ("slowest restart", restart),
    ] {
        // Writing into a String cannot fail.
        let _ = writeln!(table, "{title:<34} {figure:>12}");
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_differ_between_rounds_and_clients_but_for_the_one_that_comes_back() {
        let names = |round, client| Names {
            seed: 1,
            round,
            client,
        };
        assert_ne!(names(1, 2).message(3), names(2, 2).message(3));
        assert_ne!(names(1, 2).message(3), names(1, 3).message(3));
        let (first, second) = (names(1, 0).visitors(), names(2, 0).visitors());
        assert_ne!(first[0], second[0]);
        assert_eq!(first[NEW_VISITORS], second[NEW_VISITORS]);
        assert_ne!(first[NEW_VISITORS], names(1, 1).visitors()[NEW_VISITORS]);
    }
}
