//! The programs of a model: segments, score and stage, compiled and put together.

use std::collections::BTreeMap;

use firstglance_engine::Model;
use firstglance_engine::model::Segment;

use super::condition::{
    Assembly, Code, Context, Cycle, Name, Programs, Site as Zone, Watches, compile,
};
use super::content::Source;
use super::problem::{Found, Problem, Problems, Written};
use super::score::Score;
use super::{Site, content, goal, segment};
use crate::effect::Goal;

/// Id of a segment that is in no configuration.
const EXTRA: &str = "condition";

/// What the configuration says.
pub(super) struct Parts<'a> {
    pub(super) site: &'a Site,
    /// Whether interests come by themselves: the configuration's file has none.
    pub(super) found: bool,
    pub(super) segments: &'a [segment::Written<'a>],
    pub(super) score: &'a Score<'a>,
    /// Those of the configuration, and those that were posted.
    pub(super) contents: [&'a content::Written<'a>; 2],
    pub(super) goals: &'a [goal::Written<'a>],
}

/// A model that has its programs.
pub(super) struct Completed {
    pub(super) model: Model,
    pub(super) of_visitors: OfVisitors,
    /// What pages need: the rest is asked only by goals, and comes last.
    pub(super) of_pages: OfVisitors,
    /// Goals, with the places of their conditions' programs.
    pub(super) goals: Vec<Goal>,
}

/// How much of a model says what visitors are. The rest is asked only by variants of content, and
/// comes after it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct OfVisitors {
    pub(super) programs: usize,
    pub(super) watches: usize,
}

/// Completes a model that has its interests and weights; gives nothing where anything is wrong.
///
/// # Errors
/// What is wrong with the extra condition, where the rest is in order.
pub(super) fn complete(
    mut model: Model,
    parts: &Parts<'_>,
    extra: Option<&str>,
    found: &mut Found<'_>,
) -> Result<Option<Completed>, Vec<Problem>> {
    let ids: Vec<String> = parts
        .segments
        .iter()
        .map(|segment| segment.id.value.clone())
        .collect();
    model.stages = parts.score.stage_ids();
    let context = Context {
        interests: &model.interests,
        found: parts.found,
        segments: &ids,
        stages: &model.stages,
        has_rules: !parts.score.rules.is_empty(),
        has_brand_terms: !parts.site.brand_terms.is_empty(),
    };
    let mut watches = Watches::default();
    let mut code: BTreeMap<Name, Code> = BTreeMap::new();
    for (place, segment) in parts.segments.iter().enumerate() {
        match compile(segment.when.value, &context, &mut watches) {
            Ok(condition) => {
                code.insert(Name::Segment(place), condition);
            }
            Err(faults) => {
                let problems = found.of_rule(segment.source);
                for fault in faults {
                    problems.within(&Written::toml(&segment.when), &fault);
                }
            }
        }
    }
    let score = parts
        .score
        .score_code(&context, &mut watches, &mut found.file);
    let has_score = score.is_some();
    code.extend(score.map(|score| (Name::Score, score)));
    let stage = parts
        .score
        .stage_code(&context, &mut watches, &mut found.file);
    code.insert(Name::Stage, stage);
    let of_visitors = watches.0.len();
    let [of_file, posted] = parts.contents;
    let mut conditions = of_file.conditions(&context, &mut watches, &mut found.file);
    let first_posted = of_file.variants.len();
    let of_posted = posted.conditions(&context, &mut watches, &mut found.content);
    conditions.extend(
        of_posted
            .into_iter()
            .map(|(place, code)| (first_posted + place, code)),
    );
    let conditions = conditions.into_iter();
    code.extend(conditions.map(|(place, condition)| (Name::Variant(place), condition)));
    let of_pages = watches.0.len();
    for (place, goal) in parts.goals.iter().enumerate() {
        let Some(when) = goal.when() else { continue };
        match compile(when.value, &context, &mut watches) {
            Ok(condition) => {
                code.insert(Name::Goal(place), condition);
            }
            Err(faults) => {
                for fault in faults {
                    found.file.within(&Written::toml(when), &fault);
                }
            }
        }
    }
    if found.any() {
        return Ok(None);
    }
    if let Some(extra) = extra {
        let condition = compile(extra, &context, &mut watches).map_err(|faults| {
            let mut problems = Problems::new(extra);
            for fault in faults {
                problems.within(&Written::Bare, &fault);
            }
            problems.into_sorted()
        })?;
        code.insert(Name::Segment(ids.len()), condition);
    }
    let assembly = Assembly {
        site: Zone {
            zone: &parts.site.timezone,
            brand_terms: &parts.site.brand_terms,
        },
        code,
    };
    let programs = match assembly.programs() {
        Ok(programs) => programs,
        Err(cycles) => {
            for cycle in cycles {
                report_cycle(&cycle, parts, found);
            }
            return Ok(None);
        }
    };
    for name in &programs.too_long {
        if *name == Name::Segment(ids.len()) {
            let mut problems = Problems::new(extra.unwrap_or_default());
            report_length(0..0, &mut problems);
            return Err(problems.into_sorted());
        }
        match name {
            Name::Variant(place) if *place >= first_posted => {
                report_length(posted.place_of(place - first_posted), &mut found.content);
            }
            _ => {
                let problems = found.of_rule(source_of(name, parts));
                report_length(place_of(name, parts), problems);
            }
        }
    }
    let goals = parts.goals.iter().enumerate();
    let goals = goals.map(|(number, goal)| {
        let place = programs.places.get(&Name::Goal(number)).copied();
        goal.with_program(place.unwrap_or_default())
    });
    let goals: Vec<Goal> = goals.collect();
    let of_pages = OfVisitors {
        programs: programs.of_pages,
        watches: of_pages,
    };
    let of_visitors = OfVisitors {
        programs: programs.of_visitors,
        watches: of_visitors,
    };
    let program = |place: usize| programs.places.get(&Name::Variant(place)).copied();
    of_file.fill(&mut model, program);
    posted.fill(&mut model, |place| program(first_posted + place));
    fill(
        &mut model,
        parts,
        extra.is_some(),
        has_score,
        programs,
        watches,
    );
    Ok((!found.any()).then_some(Completed {
        model,
        of_visitors,
        of_pages,
        goals,
    }))
}

fn fill(
    model: &mut Model,
    parts: &Parts<'_>,
    has_extra: bool,
    has_score: bool,
    programs: Programs,
    watches: Watches,
) {
    let place = |name: &Name| programs.places.get(name).copied();
    let program = |segment: usize| place(&Name::Segment(segment)).unwrap_or_default();
    let segments = parts.segments.iter().enumerate();
    model.segments = segments
        .map(|(number, segment)| Segment {
            id: segment.id.value.as_str().into(),
            label: segment.label.clone(),
            program: program(number),
        })
        .collect();
    if has_extra {
        model.segments.push(Segment {
            id: EXTRA.into(),
            label: EXTRA.into(),
            program: program(parts.segments.len()),
        });
    }
    model.score = has_score.then(|| place(&Name::Score)).flatten();
    model.stage = place(&Name::Stage);
    model.watches = watches.0;
    model.programs = programs.all;
}

/// The text that has what is called so.
fn source_of(name: &Name, parts: &Parts<'_>) -> Source {
    match name {
        Name::Segment(place) => {
            let segment = parts.segments.get(*place);
            segment.map_or(Source::File, |segment| segment.source)
        }
        _ => Source::File,
    }
}

fn place_of(name: &Name, parts: &Parts<'_>) -> std::ops::Range<usize> {
    let segment = match name {
        Name::Segment(place) => parts.segments.get(*place),
        Name::Goal(place) => {
            let goal = parts.goals.get(*place).and_then(goal::Written::when);
            return goal.map_or(0..0, |when| when.span.clone());
        }
        _ => None,
    };
    let rule = || parts.score.rules.iter().find_map(super::rule::Rule::when);
    if let Name::Variant(place) = name {
        return parts.contents[0].place_of(*place);
    }
    match segment {
        Some(segment) => segment.when.span.clone(),
        None => rule()
            .or(parts.score.disqualified.as_ref())
            .map_or(0..0, |when| when.span.clone()),
    }
}

fn report_length(at: std::ops::Range<usize>, problems: &mut Problems<'_>) {
    problems.add(
        at,
        "this takes more steps than a program may have".to_owned(),
        "make several segments of it and use in_segment(\"…\")",
    );
}

fn report_cycle(cycle: &Cycle, parts: &Parts<'_>, found: &mut Found<'_>) {
    let mut names: Vec<&Name> = cycle.0.iter().collect();
    names.pop();
    // Told from where the owner can change it, and the same wherever it was found.
    // The file was in order by itself: what was posted beside it leads back.
    let rank = |name: &&Name| (source_of(name, parts) == Source::File, (*name).clone());
    let least = names.iter().min_by_key(|name| rank(name)).copied();
    let least = names.iter().position(|name| Some(*name) == least);
    names.rotate_left(least.unwrap_or_default());
    names.extend(names.first().copied());
    let shown: Vec<String> = names
        .iter()
        .map(|name| match name {
            Name::Segment(place) => {
                let segment = parts.segments.get(*place);
                segment.map_or_else(String::new, |segment| format!("{:?}", segment.id.value))
            }
            Name::Score => "score".to_owned(),
            _ => "stage".to_owned(),
        })
        .collect();
    let at = names.first().map_or(0..0, |name| place_of(name, parts));
    let of_score = names
        .iter()
        .any(|name| matches!(name, Name::Score | Name::Stage));
    let right = if of_score {
        "score and stage cannot depend on themselves: leave out what leads back to them"
    } else {
        "no segment can depend on itself: leave out one in_segment(\"…\")"
    };
    let source = names
        .first()
        .map_or(Source::File, |name| source_of(name, parts));
    found.of_rule(source).add(
        at,
        format!("this reads itself: {}", shown.join(" → ")),
        right,
    );
}
