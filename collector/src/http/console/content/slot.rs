//! One slot: what is shown to whom, what that came to in each arm, how the arms compare, and how that
//! came about in the course of time.

use firstglance_engine::content::{Content, Slot};
use maud::html;
use percent_encoding::percent_decode_str;

use super::super::parts::{Cell, Column, Figure, Span, Table, Value, empty};
use super::super::view::View;
use super::super::{HttpError, Shown};
use super::{bound, course, lift_of, notice_of};
use crate::effect::mismatch::visitors_needed;
use crate::effect::posterior::Lift;
use crate::effect::{Arm, Comparison, Goal, Numbers, Results};
use crate::http::apart;
use crate::http::slots::{self, Mistake};

/// Characters of a content that are shown.
const LONGEST_CONTENT: usize = 400;

/// A slot and what it came to.
struct Told<'a> {
    id: &'a str,
    slot: Option<&'a Slot>,
    goal: Option<Goal>,
    results: Results,
    /// Its variants, and how each compares.
    variants: Vec<String>,
    compared: Compared,
}

/// What takes integrals to tell.
struct Compared {
    all: Option<Lift>,
    /// By the variants' places.
    each: Vec<Option<Comparison>>,
    best: Vec<f64>,
}

impl Compared {
    fn of(results: &Results, variants: &[String], has_goal: bool) -> Self {
        let (shown, control) = (results.of_arm(Arm::Variant), results.of_arm(Arm::Control));
        let ids: Vec<&str> = variants.iter().map(String::as_str).collect();
        let each = ids.iter().map(|id| {
            let control = results.of_variant(id, Arm::Control);
            results.of_variant(id, Arm::Variant).compared_with(&control)
        });
        Self {
            all: lift_of(&shown, &control, has_goal),
            each: each.collect(),
            best: slots::best(results, &ids, has_goal),
        }
    }
}

/// The page of a slot.
pub(in crate::http::console) async fn show(view: &View<'_>) -> Result<Shown, HttpError> {
    let app = view.app;
    let id = percent_decode_str(view.part)
        .decode_utf8_lossy()
        .into_owned();
    let span = Span::of(view, super::USUAL_DAYS)?;
    let counts = slots::counts(app, span.first, span.last).await?;
    let model = app.model();
    let goals = app.contents.present().goals.clone();
    let goal = match view.parameter("goal") {
        Some(asked) => goals.iter().find(|goal| *goal.id == *asked).cloned(),
        None => app.goal_of(&id),
    };
    let goal_id = goal.as_ref().map(|goal| &*goal.id);
    let results = Results::of(course::until(&counts, span.last), &id, goal_id);
    let slot = model.slot(&id);
    if slot.is_none() && results.is_empty() {
        return Err(HttpError::Unknown {
            what: "slot",
            id,
            known: model
                .slots
                .iter()
                .map(|slot| &*slot.id)
                .collect::<Vec<_>>()
                .join(", "),
        });
    }
    let course = course::chart(view, counts, &id, goal.as_ref(), span).await?;
    let variants: Vec<String> = slots::variants(slot, &results)
        .into_iter()
        .map(str::to_owned)
        .collect();
    let compared = {
        let (results, variants, has_goal) = (results.clone(), variants.clone(), goal.is_some());
        apart(move || Compared::of(&results, &variants, has_goal)).await?
    };
    let told = Told {
        id: &id,
        slot,
        goal,
        results,
        variants,
        compared,
    };
    // Whatever is chosen of the days, what is wrong is judged by all that is shown.
    let wrong: Vec<Mistake> = slots::mismatches(slot, &told.results)
        .iter()
        .filter(|one| one.is_told())
        .map(|one| Mistake::Shared(one.of))
        .collect();
    let title = slot.map_or_else(|| id.clone(), |slot| slot.label.to_string());
    let content = html! {
        p { a href=(view.link("content", &[])) { "← " (view.say("All slots", "Alle slots")) } }
        @if let Some(slot) = slot.filter(|_| !wrong.is_empty()) { (notice_of(view, slot, &wrong)) }
        (span.picker(view))
        @if goals.len() > 1 {
            nav class="choice" aria-label=(view.say("Goal", "Doel")) {
                @for goal in &*goals {
                    @let is_present = told.goal.as_ref().is_some_and(|present| present.id == goal.id);
                    a href=(view.with("goal", &goal.id)) aria-current=[is_present.then_some("true")] { (goal.label) }
                }
            }
        }
        div class="figures" { @for figure in told.figures(view) { (figure.show(view)) } }
        (course.show(view))
        (told.lifts(view).show(view))
        (told.arms(view).show(view))
        (told.shown(view).show(view))
    };
    Ok(Shown::Page(title, content))
}

impl Told<'_> {
    fn figures(&self, view: &View<'_>) -> Vec<Figure> {
        let (shown, control) = (
            self.results.of_arm(Arm::Variant),
            self.results.of_arm(Arm::Control),
        );
        let lift = self.compared.all;
        let compared = lift.map(|lift| {
            let share = |number| view.language.share(number);
            format!(
                "{} – {}",
                share(lift.interval.low),
                share(lift.interval.high)
            )
        });
        let figure = |id, label: &str, value, definition: &str| Figure {
            id,
            label: label.to_owned(),
            value,
            definition: definition.to_owned(),
            compared: None,
            href: None,
        };
        vec![
            figure(
                "shown",
                view.say("Saw a variant", "Zagen een variant"),
                Value::Count(shown.visitors),
                view.say(
                    "Visitors who first saw any content of the slot on these days, and were shown a variant.",
                    "Bezoekers die op deze dagen voor het eerst inhoud van het slot zagen, en een variant kregen.",
                ),
            ),
            figure(
                "control",
                view.say("Held out", "Controlegroep"),
                Value::Count(control.visitors),
                view.say(
                    "Visitors who would have seen a variant for the first time on these days, and saw the default.",
                    "Bezoekers die op deze dagen voor het eerst een variant gezien zouden hebben, en de standaard zagen.",
                ),
            ),
            Figure {
                compared,
                ..figure(
                    "lift",
                    view.say("Lift", "Effect"),
                    lift.map_or(Value::Nothing, |lift| Value::Share(lift.estimate)),
                    view.say(
                        "By what part more of those who saw a variant reached the goal (or clicked, where there is none) than of those who were held out. Below it, the bounds between which it lies with a probability of 95%.",
                        "Welk deel meer van wie een variant zag het doel bereikte (of klikte, waar er geen is) dan van de controlegroep. Eronder de grenzen waartussen het met een kans van 95% ligt.",
                    ),
                )
            },
            figure(
                "better",
                view.say("Probably better", "Waarschijnlijk beter"),
                lift.map_or(Value::Nothing, |lift| Value::Share(lift.probability.clamp(0.0, 1.0))),
                view.say(
                    "How probable it is that showing variants helps at all, if nothing was believed of it before.",
                    "Hoe waarschijnlijk het is dat varianten tonen helpt, als er vooraf niets over werd aangenomen.",
                ),
            ),
        ]
    }

    /// What is shown to whom.
    fn shown(&self, view: &View<'_>) -> Table {
        let present = view.app.contents.present();
        let settings = present.slots.iter().find(|one| *one.id == *self.id);
        let rows = self
            .slot
            .iter()
            .flat_map(|slot| slot.variants.iter().enumerate());
        let rows = rows.map(|(place, variant)| {
            let condition = settings.and_then(|one| one.conditions.get(place)?.as_deref());
            let moment = |at: Option<_>| Cell::from(at.map_or(Value::Nothing, Value::Moment));
            vec![
                Cell::text(&*variant.label),
                Cell::text(&*variant.id),
                Cell::text(condition.unwrap_or_else(|| view.say("everybody", "iedereen"))),
                moment(variant.from),
                moment(variant.until),
                Cell::text(summary(&variant.content)),
            ]
        });
        let column = |english, dutch| Column::new(view.say(english, dutch));
        Table {
            id: "variants",
            caption: view.say("What is shown to whom", "Wat wie te zien krijgt").to_owned(),
            columns: vec![
                column("Variant", "Variant"),
                column("Id", "Id"),
                column("For whom", "Voor wie").meaning(view.say(
                    "The condition of the variant. The first whose condition holds is shown, from top to bottom, unless the slot shares them out.",
                    "De voorwaarde van de variant. De eerste waarvan de voorwaarde geldt wordt getoond, van boven naar beneden, tenzij het slot ze verdeelt.",
                )),
                column("From", "Vanaf"),
                column("Until", "Tot"),
                column("Content", "Inhoud"),
            ],
            rows: rows.collect(),
            empty: empty(
                view.say("Its variants stand in pages alone", "De varianten staan alleen in pagina's"),
                &html! { p { (view.say(
                    "Templates in the page say for whom each is. Name the slot in the configuration to hold visitors out and to schedule variants.",
                    "Sjablonen in de pagina zeggen voor wie elke variant is. Noem het slot in de configuratie om een controlegroep en perioden te hebben.",
                )) } },
            ),
        }
    }

    /// What visitors came to, by variant and arm.
    fn arms(&self, view: &View<'_>) -> Table {
        let mut rows = Vec::new();
        for id in &self.variants {
            for arm in Arm::ALL {
                let numbers = self.results.of_variant(id, arm);
                if numbers == Numbers::default() && arm == Arm::Control {
                    continue;
                }
                rows.push(self.arm(view, id, arm, &numbers));
            }
        }
        let column = |english, dutch| Column::new(view.say(english, dutch));
        Table {
            id: "arms",
            caption: view
                .say("What visitors did", "Wat bezoekers deden")
                .to_owned(),
            columns: vec![
                column("Variant", "Variant"),
                column("Saw", "Zag").meaning(view.without_list(
                    "Whether these visitors saw the variant, or were held out and saw the default.",
                    "Of deze bezoekers de variant zagen, of in de controlegroep de standaard.",
                )),
                column("Visitors", "Bezoekers"),
                column("Impressions", "Vertoningen"),
                column("Clicks", "Klikken"),
                column("Clickers", "Klikkers").meaning(view.say(
                    "Visitors who clicked in it at least once.",
                    "Bezoekers die er minstens een keer in klikten.",
                )),
                column("Conversions", "Conversies").meaning(view.say(
                    "Visitors who reached the goal within 30 days after the first sight.",
                    "Bezoekers die het doel binnen 30 dagen na de eerste keer bereikten.",
                )),
                column("Conversion rate", "Conversie").meaning(view.say(
                    "Conversions as a part of visitors.",
                    "Conversies als deel van de bezoekers.",
                )),
                column("Value", "Waarde").meaning(view.say(
                    "What reaching the goal was worth together, in your currency.",
                    "Wat het bereiken van het doel samen waard was, in uw valuta.",
                )),
            ],
            rows,
            empty: empty(
                view.say(
                    "Nobody has seen it on these days",
                    "Niemand heeft het op deze dagen gezien",
                ),
                &html! { p { (view.say(
                    "A page needs an element with this slot, and somebody for whom a variant is.",
                    "Een pagina heeft een element met dit slot nodig, en iemand voor wie er een variant is.",
                )) } },
            ),
        }
    }

    fn arm(&self, view: &View<'_>, id: &str, arm: Arm, numbers: &Numbers) -> Vec<Cell> {
        let rate =
            (numbers.visitors > 0).then(|| numbers.conversions as f64 / numbers.visitors as f64);
        vec![
            Cell::text(self.label(id)),
            Cell::text(match arm {
                Arm::Variant => view.say("the variant", "de variant"),
                Arm::Control => view.say("the default (held out)", "de standaard (controle)"),
            }),
            Cell::count(numbers.visitors),
            Cell::count(numbers.impressions),
            Cell::count(numbers.clicks),
            Cell::count(numbers.clickers),
            Cell::count(numbers.conversions),
            rate.map_or(Value::Nothing, Value::Share).into(),
            Value::Money(i64::try_from(numbers.revenue).unwrap_or(i64::MAX)).into(),
        ]
    }

    /// How those who saw a variant compare with those who were held out.
    fn lifts(&self, view: &View<'_>) -> Table {
        let has_goal = self.goal.is_some();
        let mut rows = Vec::new();
        let each = self.variants.iter().zip(&self.compared.each);
        for (place, (id, compared)) in each.enumerate() {
            let Some(compared) = compared else {
                continue;
            };
            let control = self.results.of_variant(id, Arm::Control);
            let did = if has_goal {
                control.conversions
            } else {
                control.clickers
            };
            let needed =
                visitors_needed(did as f64 / control.visitors.max(1) as f64, slots::NOTABLE);
            let goal = has_goal.then_some(compared.conversions);
            for (what, lift) in [
                (view.say("Conversions", "Conversies"), goal),
                (view.say("Clicks", "Klikken"), Some(compared.clicks)),
                (
                    view.say("Value a visitor", "Waarde per bezoeker"),
                    compared.revenue.filter(|_| has_goal),
                ),
            ] {
                if let Some(lift) = lift {
                    let mut row = vec![Cell::text(self.label(id)), Cell::text(what)];
                    row.extend(lift_cells(lift));
                    row.push(
                        self.compared
                            .best
                            .get(place)
                            .map_or(Value::Nothing, |best| Value::Share(*best))
                            .into(),
                    );
                    row.push(needed.map_or(Value::Nothing, Value::Count).into());
                    rows.push(row);
                }
            }
        }
        let column = |english, dutch| Column::new(view.say(english, dutch));
        Table {
            id: "lifts",
            caption: view.say("Did it help?", "Hielp het?").to_owned(),
            columns: vec![
                column("Variant", "Variant"),
                column("By", "Naar"),
                column("Lift", "Effect").meaning(view.say(
                    "By what part it is greater with those who saw the variant than with those who would have and were held out.",
                    "Welk deel het groter is bij wie de variant zag dan bij wie hem gezien zou hebben en in de controlegroep zat.",
                )),
                column("At least", "Minstens").meaning(bound(view)),
                column("At most", "Hoogstens").meaning(bound(view)),
                column("Probably better", "Waarschijnlijk beter").meaning(view.say(
                    "How probable it is that it is greater at all.",
                    "Hoe waarschijnlijk het is dat het groter is.",
                )),
                column("Probably the best", "Waarschijnlijk de beste").meaning(view.say(
                    "How probable it is that this variant is the best of those shown. It means something where the same visitors could have seen any of them.",
                    "Hoe waarschijnlijk het is dat deze variant de beste is van de getoonde. Het zegt iets waar dezelfde bezoekers elke variant hadden kunnen zien.",
                )),
                column("Visitors needed", "Bezoekers nodig").meaning(view.say(
                    "So many visitors in each arm show a difference of a fifth four times in five.",
                    "Zoveel bezoekers in elke groep tonen vier van de vijf keer een verschil van een vijfde.",
                )),
            ],
            rows,
            empty: empty(
                view.say("There is nothing to compare with", "Er is niets om mee te vergelijken"),
                &html! { p { (view.say(
                    "Hold some visitors out: with control = 10 ten of a hundred see the default although a variant is for them, and by them the effect is known.",
                    "Houd een controlegroep aan: met control = 10 zien tien van de honderd de standaard hoewel er een variant voor hen is, en door hen is het effect bekend.",
                )) } },
            ),
        }
    }

    fn label(&self, id: &str) -> String {
        let variant = self.slot.and_then(|slot| slot.variant(id));
        variant.map_or_else(|| id.to_owned(), |variant| variant.label.to_string())
    }
}

/// A lift, its bounds, and how probable it is that there is one.
fn lift_cells(lift: Lift) -> [Cell; 4] {
    [
        lift.estimate,
        lift.interval.low,
        lift.interval.high,
        lift.probability.clamp(0.0, 1.0),
    ]
    .map(|number| Value::Share(number).into())
}

/// What a content says, shortened.
fn summary(content: &Content) -> String {
    let text = match content {
        Content::Html(html) => html.to_string(),
        Content::Fields(fields) => {
            let fields = fields.iter().map(|(name, text)| format!("{name}: {text}"));
            fields.collect::<Vec<_>>().join(" · ")
        }
    };
    let mut short: String = text.chars().take(LONGEST_CONTENT).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}
