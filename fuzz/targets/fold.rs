//! Any events, folded by any model: profiles stay within their bounds, what they mean within its
//! ranges, and neither depends on what was evaluated before.
#![no_main]

use firstglance_engine::{
    About, Evaluation, Milliseconds, Model, Person, Profile, Timestamp, VisitorId,
};
use firstglance_fuzz::{bounds, events, models};
use libfuzzer_sys::arbitrary::{Result, Unstructured};
use libfuzzer_sys::fuzz_target;

/// Most events of a stream, repetitions counted.
const MOST_EVENTS: usize = 120;
const VISITORS: usize = 3;

/// What an input is about, by its first byte. Each part takes far longer than folding: an input that went
/// through all of them would leave time for few others.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// What a profile means between its events, again and again.
    Meanwhile,
    /// What it means after them, at once and much later.
    After,
    /// What time alone has changed.
    Settled,
    /// Several browsers of one person.
    Merged,
}

const PARTS: [Part; 4] = [Part::Meanwhile, Part::After, Part::Settled, Part::Merged];

/// Events between two evaluations of [`Part::Meanwhile`].
const CHECK_EACH: usize = 8;

fuzz_target!(|bytes: &[u8]| {
    // Bytes that end too early are no finding.
    let _ = fold(&mut Unstructured::new(bytes));
});

fn fold(bytes: &mut Unstructured<'_>) -> Result<()> {
    let part = *bytes.choose(&PARTS)?;
    let model = models::model(bytes)?;
    let mut profiles: [Profile; VISITORS] = Default::default();
    let mut evaluations: [Evaluation; VISITORS] = Default::default();
    let mut at = Timestamp::from_milliseconds(1_795_000_000_000);
    let mut count = 0;
    while count < MOST_EVENTS && !bytes.is_empty() {
        let Ok(made) = events::event(bytes, at) else {
            break;
        };
        let mut event = made.event();
        let [user, language, agent] = &made.about;
        let about = About {
            user,
            language,
            agent,
        };
        let visitor = bytes.int_in_range(0..=VISITORS - 1).unwrap_or(0);
        let (profile, evaluation) = (&mut profiles[visitor], &mut evaluations[visitor]);
        // A line of a script that went round and round.
        for _ in 0..=bytes
            .ratio(1_u8, 64)
            .map_or(0, |often| u8::from(often) * 70)
        {
            evaluation.take_in(profile, &event, &about, &model, &mut |_, _, _| {});
            event.at = event.at.plus(Milliseconds(777));
            count += 1;
        }
        at = made.at;
        if part == Part::Meanwhile && count.is_multiple_of(CHECK_EACH) {
            let last = profile.last_seen;
            bounds::check_meaning(evaluation, profile, &model, last);
        }
    }
    for profile in &profiles {
        bounds::check_profile(profile);
    }
    match part {
        Part::Meanwhile => {}
        Part::After => {
            for (profile, evaluation) in profiles.iter().zip(&mut evaluations) {
                for later in [0, 86_400_000, u64::MAX] {
                    let now = profile.last_seen.plus(Milliseconds(later));
                    bounds::check_meaning(evaluation, profile, &model, now);
                }
            }
        }
        Part::Settled => {
            // It looks for the moment of each change, which takes many evaluations: one is enough.
            let [settled, ..] = &mut profiles;
            settled.settle_recorded(&model, settled.last_seen.plus(Milliseconds(86_400_000)));
            bounds::check_profile(settled);
        }
        Part::Merged => merge(profiles, &model),
    }
    Ok(())
}

/// A person is the same whichever of the browsers came first.
fn merge(profiles: [Profile; VISITORS], model: &Model) {
    let person = |places: &[usize]| {
        places.iter().fold(Person::new(), |person, place| {
            let Ok(visitor) = VisitorId::anonymous(&format!("visitor-{place}")) else {
                return person;
            };
            let mut one = Person::new();
            one.add(visitor, profiles[*place].clone());
            person.merge(one)
        })
    };
    let whole = person(&[0, 1, 2]);
    assert_eq!(whole, person(&[2, 1, 0, 2, 0]));
    assert_eq!(person(&[0]).merge(person(&[1, 2])), whole);
    assert_eq!(person(&[1, 2]).merge(person(&[0])), whole);
    let profile = whole.profile(model);
    bounds::check_profile(&profile);
    let events: u64 = profiles.iter().map(|profile| profile.events).sum();
    assert_eq!(profile.events, events);
    let mut evaluation = Evaluation::of(&profile, model, profile.last_seen);
    bounds::check_meaning(&mut evaluation, &profile, model, profile.last_seen);
}
