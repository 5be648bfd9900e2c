//! Local time, compared with that of `jiff` at random moments.

use firstglance_collector::config::compile_one;
use firstglance_engine::evaluation::Evaluation;
use firstglance_engine::{Profile, Timestamp};
use jiff::tz::TimeZone;

const ZONES: [&str; 8] = [
    "UTC",
    "Europe/Amsterdam",
    "America/New_York",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "America/St_Johns",
    "Pacific/Apia",
];

#[test]
fn local_time() {
    const NAMES: [&str; 6] = ["year", "month", "day", "hour", "minute", "weekday"];
    for name in ZONES {
        let zone = TimeZone::get(name).unwrap();
        let configuration = format!("[site]\nwrite_key = \"k\"\ntimezone = \"{name}\"");
        // A condition for each name tells its number: the part inside is the value.
        let models = NAMES.map(|name| {
            let condition = format!("now.{name} - visits == 7");
            compile_one(&condition, &configuration).unwrap()
        });
        let mut state: u64 = 7;
        for round in 0..400_u64 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let span = 31 * 365 * 86_400_000_u64;
            let mut at = 1_577_836_800_000 + (state >> 11) % span;
            if round % 4 == 0
                && let Some(change) = zone
                    .following(jiff::Timestamp::from_millisecond(at as i64).unwrap())
                    .next()
                && change.timestamp().as_second() < 2_556_057_600
            {
                // Right before and after a change of the clocks.
                at = (change.timestamp().as_millisecond() - (round as i64 / 4 % 2)) as u64;
            }
            let local = jiff::Timestamp::from_millisecond(at as i64)
                .unwrap()
                .to_zoned(zone.clone());
            let expected = [
                f64::from(local.year()),
                f64::from(local.month()),
                f64::from(local.day()),
                f64::from(local.hour()),
                f64::from(local.minute()),
                f64::from(local.weekday().to_monday_one_offset()),
            ];
            let now = Timestamp::from_milliseconds(at as i64);
            let profile = Profile::new();
            for (model, (expected, what)) in models.iter().zip(expected.iter().zip(NAMES)) {
                let evaluation = Evaluation::of(&profile, model, now);
                let program = model.segments.last().unwrap().program;
                let part = model.programs[program].part.as_ref().unwrap();
                // `now.x - visits`, and inside it `now.x`.
                let inner = &part.parts[0].parts[0];
                let code = &model.programs[program].code[inner.code.0..inner.code.1];
                let value = evaluation.known(&profile, model).run(code);
                assert_eq!(value, *expected, "{what} in {name} at {local}");
            }
        }
    }
}
