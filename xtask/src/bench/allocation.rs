//! Shares that learn against equal ones, in simulated sites with many seeds: how many more visitors
//! reach the goal, how many fewer than if everybody had seen what is best for them (regret), and how
//! often that ends with the most visitors. Shares are worked out by the collector's own code; chance is
//! the same for the same seed, so a round can be repeated. Fails where what learns loses more than what
//! does not.

use std::sync::Mutex;
use std::thread;

use anyhow::{Result, bail};

use self::learning::{Outcome, shares};
use crate::random::Random;

// The collector's own files, so that no developer's command needs the whole collector.
#[path = "../../../collector/src/effect/allocation.rs"]
#[expect(unreachable_pub, reason = "it is the collector's")]
mod learning;
#[path = "../../../collector/src/effect/posterior.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    reason = "the collector tells more of rates, and its tests try it"
)]
mod posterior;

/// The part of visitors that is always shared out equally.
const FLOOR: f64 = 0.1;

/// A simulated site.
struct Site {
    name: &'static str,
    /// Segments of equal size, and in each how probable it is that a visitor who sees a variant
    /// reaches the goal.
    segments: &'static [&'static [f64]],
}

const SITES: &[Site] = &[
    Site {
        name: "one is clearly better",
        segments: &[&[0.02, 0.02, 0.04]],
    },
    Site {
        name: "one is a little better",
        segments: &[&[0.03, 0.033, 0.036]],
    },
    Site {
        name: "none is better",
        segments: &[&[0.03, 0.03, 0.03]],
    },
    Site {
        name: "another for each segment",
        segments: &[&[0.06, 0.02], &[0.02, 0.04]],
    },
];

/// How long, how busy and how often.
struct Length {
    days: usize,
    /// How often a day shares are worked out.
    steps: usize,
    /// Visitors between two of these.
    visitors: usize,
    seeds: u64,
}

const WHOLE: Length = Length {
    days: 30,
    steps: 6,
    visitors: 160,
    seeds: 60,
};

const SHORT: Length = Length {
    days: 12,
    steps: 3,
    visitors: 400,
    seeds: 6,
};

/// How visitors are shared out.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Equal,
    /// Shares are learned for all visitors together.
    Learned,
    /// And for those of each segment by themselves.
    LearnedApart,
}

impl Way {
    const ALL: [Self; 3] = [Self::Equal, Self::Learned, Self::LearnedApart];

    const fn name(self) -> &'static str {
        match self {
            Self::Equal => "equal shares",
            Self::Learned => "learned",
            Self::LearnedApart => "learned by segment",
        }
    }
}

/// What a round came to.
#[derive(Clone, Copy, Default)]
struct Came {
    conversions: f64,
    regret: f64,
    /// In how many of the segments the best variant ended with the most visitors, or with equal shares
    /// with the best rate.
    won: f64,
    rounds: f64,
}

/// A number from 0 up to but without 1.
fn chance(random: &mut Random) -> f64 {
    (random.next() >> 11) as f64 / (1_u64 << 53) as f64
}

/// A place by shares that are one together.
fn place(random: &mut Random, shares: &[f64]) -> usize {
    let mut left = chance(random);
    for (place, share) in shares.iter().enumerate() {
        left -= share;
        if left < 0.0 {
            return place;
        }
    }
    shares.len().saturating_sub(1)
}

fn simulate(site: &Site, way: Way, length: &Length, seed: u64) -> Came {
    let variants = site.segments[0].len();
    let equal = vec![1.0 / variants as f64; variants];
    // Where they are not told apart all have those of the first.
    let told_apart = if way == Way::LearnedApart {
        site.segments.len()
    } else {
        1
    };
    let mut known: Vec<Vec<Outcome>> = vec![vec![(0, 0); variants]; site.segments.len()];
    let mut now = vec![equal; told_apart];
    let mut random = Random::new(seed);
    let mut came = Came {
        rounds: 1.0,
        ..Came::default()
    };
    for _ in 0..length.days * length.steps {
        for visitor in 0..length.visitors {
            let segment = visitor % site.segments.len();
            let rates = site.segments[segment];
            let variant = place(&mut random, &now[segment.min(told_apart - 1)]);
            let did = chance(&mut random) < rates[variant];
            let best = rates.iter().copied().fold(0.0, f64::max);
            came.regret += best - rates[variant];
            came.conversions += f64::from(u8::from(did));
            let outcome = &mut known[segment][variant];
            outcome.0 += u64::from(did);
            outcome.1 += 1;
        }
        if way == Way::Equal {
            continue;
        }
        for (place, before) in now.iter_mut().enumerate() {
            let outcomes = match way {
                Way::LearnedApart => known[place].clone(),
                _ => together(&known),
            };
            *before = shares(Some(before), &outcomes, FLOOR);
        }
    }
    for (segment, rates) in site.segments.iter().enumerate() {
        let ended: Vec<f64> = match way {
            Way::Equal => (together(&known).iter())
                .map(|(did, among)| *did as f64 / (*among).max(1) as f64)
                .collect(),
            _ => now[segment.min(told_apart - 1)].clone(),
        };
        came.won += f64::from(u8::from(greatest(&ended) == greatest(rates)));
    }
    came.won /= site.segments.len() as f64;
    came
}

fn together(known: &[Vec<Outcome>]) -> Vec<Outcome> {
    let mut all = vec![(0, 0); known[0].len()];
    for outcomes in known {
        for (sum, one) in all.iter_mut().zip(outcomes) {
            *sum = (sum.0 + one.0, sum.1 + one.1);
        }
    }
    all
}

fn greatest(numbers: &[f64]) -> usize {
    let mut best = 0;
    for (place, number) in numbers.iter().enumerate() {
        if *number > numbers[best] {
            best = place;
        }
    }
    best
}

/// The mean of all seeds, on all cores.
fn mean(site: &Site, way: Way, length: &Length) -> Came {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let (next, sum) = (Mutex::new(0..length.seeds), Mutex::new(Came::default()));
    thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                loop {
                    let seed = next.lock().map_or(None, |mut seeds| seeds.next());
                    let Some(seed) = seed else { return };
                    let came = simulate(site, way, length, seed + 1);
                    if let Ok(mut sum) = sum.lock() {
                        sum.conversions += came.conversions;
                        sum.regret += came.regret;
                        sum.won += came.won;
                        sum.rounds += came.rounds;
                    }
                }
            });
        }
    });
    let sum = sum.into_inner().unwrap_or_default();
    Came {
        conversions: sum.conversions / sum.rounds,
        regret: sum.regret / sum.rounds,
        won: sum.won / sum.rounds,
        rounds: sum.rounds,
    }
}

/// Simulates all of them and prints the table.
pub(super) fn run(short: bool) -> Result<()> {
    let length = if short { &SHORT } else { &WHOLE };
    println!(
        "{} days with {} visitors, shares every {} hours, {} seeds, a floor of {} %",
        length.days,
        length.steps * length.visitors,
        24 / length.steps,
        length.seeds,
        FLOOR * 100.0,
    );
    println!(
        "{:<26}{:<20}{:>13}{:>10}{:>11}{:>10}",
        "", "", "conversions", "regret", "of equal", "best won"
    );
    let mut sound = true;
    for site in SITES {
        let mut equal = None;
        for way in Way::ALL {
            if way == Way::LearnedApart && site.segments.len() == 1 {
                continue;
            }
            let came = mean(site, way, length);
            let equal = *equal.get_or_insert(came.regret);
            let ratio = if equal > 0.0 {
                format!("{:.2}", came.regret / equal)
            } else {
                "".to_owned()
            };
            let won = if equal > 0.0 {
                format!("{:.0} %", came.won * 100.0)
            } else {
                "".to_owned()
            };
            println!(
                "{:<26}{:<20}{:>13.1}{:>10.1}{:>11}{:>10}",
                site.name,
                way.name(),
                came.conversions,
                came.regret,
                ratio,
                won,
            );
            // What learns where there is something to learn must lose less than what does not.
            let learns = way == Way::LearnedApart || site.segments.len() == 1;
            sound &= way == Way::Equal || !learns || equal == 0.0 || came.regret < equal;
        }
    }
    if !sound {
        bail!("shares that learn lost more than equal ones");
    }
    Ok(())
}
