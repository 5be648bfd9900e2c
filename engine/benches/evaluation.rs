//! How long an event takes: folding it, and evaluating segments after it – only what the event can
//! have changed, beside everything as the baseline.
#![allow(missing_docs)]

mod visitor;

use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use firstglance_engine::event::Page;
use firstglance_engine::program::change;
use firstglance_engine::{Campaign, Evaluation, Event, EventKind, Timestamp};

/// Events of a visitor who has been here before.
const EVENTS: usize = 120;
const SEGMENTS: [usize; 3] = [10, 100, 1_000];

/// What an event lets be worked out again.
const EVENTS_OF: [(&str, u32); 2] = [
    ("view", change::ANY | change::VIEWED),
    ("search", change::ANY | change::SEARCHED),
];

fn fold(criterion: &mut Criterion) {
    let model = visitor::model(0);
    let (profile, _) = visitor::visited(EVENTS, &model);
    let campaign = Campaign::default();
    let event = Event {
        at: Timestamp::from_milliseconds(1_797_000_000_000),
        kind: EventKind::Viewed {
            campaign: &campaign,
            measured: true,
        },
        name: "Page Viewed",
        values: "",
        page: Page {
            host: "www.wielrijk.nl",
            path: "/e-bikes/model-6/",
            title: "Kade 5: de e-bike voor elke dag | Wielrijk",
            referrer: "",
        },
        topics: "E-bikes",
        keywords: "",
    };
    criterion.bench_function("fold/page view", |bencher| {
        bencher.iter_batched_ref(
            || profile.clone(),
            |profile| profile.take_in(black_box(&event), &model),
            BatchSize::SmallInput,
        );
    });
}

fn evaluate(criterion: &mut Criterion) {
    for segments in SEGMENTS {
        let model = visitor::model(segments);
        let (profile, evaluation) = visitor::visited(EVENTS, &model);
        let now = profile.last_seen;
        for (name, changed) in EVENTS_OF {
            let id = format!("incremental {name}/{segments}");
            let mut evaluation = evaluation.clone();
            criterion.bench_function(&id, |bencher| {
                bencher.iter(|| evaluation.update(&profile, &model, now, black_box(changed)));
            });
        }
        criterion.bench_function(&format!("full/{segments}"), |bencher| {
            bencher.iter(|| Evaluation::of(black_box(&profile), &model, now));
        });
    }
}

criterion_group!(all, fold, evaluate);
criterion_main!(all);
