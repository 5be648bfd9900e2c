//! What holds of every profile, whatever was folded into it.

use firstglance_engine::codec::Encode;
use firstglance_engine::profile::EntryKind;
use firstglance_engine::{Evaluation, Model, Profile, Snapshot, Timestamp};

/// How many entries of each kind are kept at most, written down a second time: a bound that
/// somebody raises is noticed here.
const MOST: [(EntryKind, usize); 16] = [
    (EntryKind::Page, 40),
    (EntryKind::Search, 16),
    (EntryKind::Click, 16),
    (EntryKind::Named, 32),
    (EntryKind::Topic, 32),
    (EntryKind::Trait, 48),
    (EntryKind::FirstTouch, 1),
    (EntryKind::Touch, 12),
    (EntryKind::User, 1),
    (EntryKind::Language, 1),
    (EntryKind::Agent, 1),
    (EntryKind::Stage, 1),
    (EntryKind::Watch, 64),
    (EntryKind::Segment, 128),
    (EntryKind::Source, 48),
    (EntryKind::Change, 32),
];

/// Longest text and value of an entry, in bytes.
const MOST_TEXT: usize = 200;
const MOST_VALUE: usize = 2_600;

/// Longest form of a profile, in bytes.
pub const MOST_BYTES: usize = 256 * 1024;

/// Fails when a profile has outgrown its bounds or does not survive being written.
///
/// # Panics
/// When it is so: that is what the targets look for.
pub fn check_profile(profile: &Profile) {
    for (kind, most) in MOST {
        let kept = profile.entries.of(kind).count();
        assert!(kept <= most, "{kept} entries of {kind:?}");
    }
    for entry in profile.entries.all() {
        assert!(entry.text.len() <= MOST_TEXT, "long text of {entry:?}");
        assert!(entry.value.len() <= MOST_VALUE, "long value of {entry:?}");
        assert!(entry.evidence.is_finite(), "evidence of {entry:?}");
        assert!(entry.scroll <= 100, "scroll of {entry:?}");
    }
    let text = profile.to_text();
    assert!(text.len() <= MOST_BYTES, "{} bytes", text.len());
    assert_eq!(Profile::from_text(&text).as_ref(), Ok(profile));
}

/// Fails when what a profile means is out of range, or when it depends on what was evaluated before.
///
/// # Panics
/// When it is so.
pub fn check_meaning(
    evaluation: &mut Evaluation,
    profile: &Profile,
    model: &Model,
    now: Timestamp,
) {
    use firstglance_engine::program::change;
    evaluation.update(profile, model, now, change::TIME);
    let fresh = Evaluation::of(profile, model, now);
    assert_eq!(evaluation.interests, fresh.interests);
    let (kept, new) = (evaluation.confidence, fresh.confidence);
    assert_eq!(kept.to_bits(), new.to_bits(), "confidence");
    assert_eq!(evaluation.values.len(), fresh.values.len());
    for (place, (kept, new)) in evaluation.values.iter().zip(&fresh.values).enumerate() {
        let same = kept.to_bits() == new.to_bits() || (kept.is_nan() && new.is_nan());
        assert!(same, "program {place}: {kept} kept, {new} fresh");
    }
    for interest in &fresh.interests {
        assert!((0.0..=1.0).contains(&interest.score), "{interest:?}");
    }
    assert!((0.0..=1.0).contains(&fresh.confidence));
    let snapshot = Snapshot::of_evaluation(&fresh, profile, model);
    assert!(snapshot.score.is_finite() && snapshot.score >= 0.0);
    let stages = &model.stages;
    assert!(stages.is_empty() || stages.contains(&snapshot.stage));
}
