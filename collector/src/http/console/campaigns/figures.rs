//! What is counted of what brought visitors, put together by origin. Only counts of days are read,
//! whatever the number of visitors; nothing here knows how it is shown.

use std::collections::{BTreeMap, HashMap};

use firstglance_engine::attribution::Attribution;
use firstglance_engine::origin::BrandWords;

use super::super::parts::Span;
use crate::http::error::HttpError;
use crate::http::{App, apart};
use crate::store::counting::{Count, Metric, Origin, Part, Sum};

/// By what origins are put together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum By {
    #[default]
    Channel,
    Of(Part),
}

impl By {
    pub(super) const ALL: [Self; 6] = [
        Self::Channel,
        Self::Of(Part::Source),
        Self::Of(Part::Medium),
        Self::Of(Part::Campaign),
        Self::Of(Part::Term),
        Self::Of(Part::Content),
    ];

    /// Its name in addresses.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Channel => "channel",
            Self::Of(part) => part.name(),
        }
    }

    /// What an origin has of it; nothing where that was not given.
    fn of(self, origin: &Origin, channel: &str) -> Option<String> {
        let given = match self {
            Self::Channel => channel,
            Self::Of(part) => origin.part(part),
        };
        (!given.is_empty()).then(|| given.to_owned())
    }
}

/// Whether a campaign or its term names the site itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Brand {
    Named,
    NotNamed,
    /// There was neither a campaign nor a term.
    NotTold,
}

/// What is counted of some origins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Numbers {
    /// Visitors who came, once a day for each origin.
    pub(super) visitors: u64,
    /// Those of them who stayed.
    pub(super) engaged: u64,
    /// Visitors whose first page view it was.
    pub(super) prospects: u64,
    /// Visitors who came to each of the stages that were asked for.
    pub(super) stages: Vec<u64>,
    /// Millionths of goals, by model.
    pub(super) goals: [u64; 4],
    /// Hundredths of the owner's currency, by model.
    pub(super) value: [u64; 4],
}

impl Numbers {
    fn add(&mut self, other: &Self) {
        self.visitors += other.visitors;
        self.engaged += other.engaged;
        self.prospects += other.prospects;
        if self.stages.len() < other.stages.len() {
            self.stages.resize(other.stages.len(), 0);
        }
        for (stage, other) in self.stages.iter_mut().zip(&other.stages) {
            *stage += other;
        }
        for model in Attribution::ALL {
            let place = place(model);
            self.goals[place] = self.goals[place].saturating_add(other.goals[place]);
            self.value[place] = self.value[place].saturating_add(other.value[place]);
        }
    }

    /// What touches have in goals by a model, in millionths.
    pub(super) const fn goals_by(&self, model: Attribution) -> u64 {
        self.goals[place(model)]
    }

    /// What they have in what these were worth, in hundredths.
    pub(super) const fn value_by(&self, model: Attribution) -> u64 {
        self.value[place(model)]
    }

    /// Whether there is anything.
    pub(super) fn is_empty(&self) -> bool {
        let stages: u64 = self.stages.iter().sum();
        let goals: u64 = self.goals.iter().chain(&self.value).sum();
        self.visitors + self.engaged + self.prospects + stages == 0 && goals == 0
    }
}

const fn place(model: Attribution) -> usize {
    match model {
        Attribution::First => 0,
        Attribution::Last => 1,
        Attribution::Linear => 2,
        Attribution::Position => 3,
    }
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Figures {
    /// All of them together.
    pub(super) total: Numbers,
    /// Those that have the same of what was asked put together, the largest first; under nothing those of
    /// which it was not told.
    pub(super) rows: Vec<(Option<String>, Numbers)>,
    /// Those put together by whether they name the site.
    pub(super) brand: BTreeMap<Brand, Numbers>,
    /// Of visitors of whom nothing told what brought them.
    pub(super) not_known: Numbers,
    /// Under names for which a day had no room.
    pub(super) no_room: Numbers,
    /// Visitors who came, by day and channel.
    pub(super) days: Days,
}

/// Visitors by day and channel.
type Days = BTreeMap<u32, BTreeMap<&'static str, u64>>;

/// What is counted of each origin.
#[derive(Debug, Default)]
struct Origins {
    /// With the channel of each.
    origins: Vec<(Origin, &'static str, Numbers)>,
    not_known: Numbers,
    no_room: Numbers,
    days: Days,
}

/// What is asked of the counts.
#[derive(Clone, Debug, Default)]
pub(super) struct Wanted {
    /// By what rows are put together.
    pub(super) by: By,
    /// Words that name the site.
    pub(super) brand: Vec<String>,
    /// Ids of stages.
    pub(super) stages: Vec<Box<str>>,
    /// Only this goal.
    pub(super) goal: Option<Box<str>>,
}

impl Figures {
    /// Reads them.
    pub(super) async fn read(app: &App, span: Span, wanted: Wanted) -> Result<Self, HttpError> {
        let Span { first, last } = span;
        let goals = Attribution::ALL.map(Metric::GoalsByOrigin);
        let value = Attribution::ALL.map(Metric::ValueByOrigin);
        let [few, more] = [goals, value].map(|metrics| {
            let metrics = metrics.to_vec();
            app.store.sums(metrics, first, last)
        });
        let visitors = vec![
            Metric::EngagedVisitors,
            Metric::NewByOrigin,
            Metric::StagesByOrigin,
        ];
        let visitors = app.store.sums(visitors, first, last);
        let arrived = app.store.counts(Metric::ArrivedVisitors, first, last);
        // The reads go on beside each other.
        let (arrived, visitors, few, more) = tokio::try_join!(arrived, visitors, few, more)?;
        let sums: Vec<Sum> = visitors.into_iter().chain(few).chain(more).collect();
        // Hostile addresses may have made some hundred thousand of them.
        let work = move || Origins::of(arrived, sums, &wanted).figures(&wanted);
        apart(work).await
    }
}

impl Origins {
    /// What is shown of them.
    fn figures(self, wanted: &Wanted) -> Figures {
        let brand = match wanted.brand.is_empty() {
            true => BTreeMap::new(),
            false => self.brand(&BrandWords::new(&wanted.brand)),
        };
        Figures {
            total: self.total(),
            rows: self.rows(wanted.by),
            brand,
            not_known: self.not_known,
            no_room: self.no_room,
            days: self.days,
        }
    }

    fn of(arrived: Vec<Count>, sums: Vec<Sum>, wanted: &Wanted) -> Self {
        let mut figures = Self::default();
        let mut origins: HashMap<Box<str>, Numbers> = HashMap::new();
        // To find a channel runs programs: once for each origin, not for each day.
        let channel_of = |name: &str| Origin::of_name(name).channel();
        let mut channels: HashMap<Box<str>, &'static str> = HashMap::new();
        for Count {
            period,
            name,
            count,
        } in arrived
        {
            let Some(name) = name else {
                figures.no_room.visitors += count;
                continue;
            };
            let channel = match channels.get(&name) {
                Some(channel) => channel,
                None => {
                    let channel = channel_of(&name);
                    channels.insert(name.clone(), channel);
                    channel
                }
            };
            let day = figures.days.entry(period.number).or_default();
            *day.entry(channel).or_default() += count;
            origins.entry(name).or_default().visitors += count;
        }
        for sum in sums {
            figures.take_in(&mut origins, sum, wanted);
        }
        let origins = origins.into_iter();
        let origins = origins.filter(|(_, numbers)| !numbers.is_empty());
        figures.origins = origins
            .map(|(name, numbers)| {
                let channel = channels.get(&name).copied();
                let channel = channel.unwrap_or_else(|| channel_of(&name));
                (Origin::of_name(&name), channel, numbers)
            })
            .collect();
        figures
    }

    fn take_in(&mut self, origins: &mut HashMap<Box<str>, Numbers>, sum: Sum, wanted: &Wanted) {
        let Sum {
            metric,
            name,
            count,
        } = sum;
        let is_all = match metric {
            Metric::GoalsByOrigin(_) | Metric::ValueByOrigin(_) => wanted.goal.is_none(),
            // Which stage it was nobody knows.
            Metric::StagesByOrigin => false,
            _ => true,
        };
        let Some(name) = name else {
            if is_all {
                count_as(&mut self.no_room, metric, None, count);
            }
            return;
        };
        let (what, origin) = match metric {
            Metric::EngagedVisitors | Metric::NewByOrigin => (None, Some(&*name)),
            _ => {
                let (what, origin) = Origin::apart(&name);
                (Some(what), origin)
            }
        };
        let mut stage = None;
        if metric == Metric::StagesByOrigin {
            let mut stages = wanted.stages.iter();
            stage = stages.position(|one| Some(&**one) == what);
            if stage.is_none() {
                return;
            }
        } else if what.is_some()
            && wanted
                .goal
                .as_deref()
                .is_some_and(|goal| what != Some(goal))
        {
            return;
        }
        let numbers = match origin {
            None => &mut self.not_known,
            Some(origin) => match origins.get_mut(origin) {
                Some(numbers) => numbers,
                None => origins.entry(origin.into()).or_default(),
            },
        };
        count_as(numbers, metric, stage, count);
    }

    /// All of them together.
    fn total(&self) -> Numbers {
        let mut total = Numbers::default();
        for (_, _, numbers) in &self.origins {
            total.add(numbers);
        }
        total.add(&self.not_known);
        total.add(&self.no_room);
        total
    }

    /// Those that have the same of something put together, the largest first; under nothing those of
    /// which it was not told.
    fn rows(&self, by: By) -> Vec<(Option<String>, Numbers)> {
        let mut rows: BTreeMap<Option<String>, Numbers> = BTreeMap::new();
        for (origin, channel, numbers) in &self.origins {
            rows.entry(by.of(origin, channel)).or_default().add(numbers);
        }
        let mut rows: Vec<_> = rows.into_iter().collect();
        let size = |numbers: &Numbers| {
            let goals = numbers.goals.iter().copied().max();
            (numbers.visitors, numbers.prospects, goals)
        };
        rows.sort_by(|(one, few), (other, many)| (size(many), one).cmp(&(size(few), other)));
        rows
    }

    /// Those put together by whether they name the site.
    fn brand(&self, words: &BrandWords) -> BTreeMap<Brand, Numbers> {
        let mut rows: BTreeMap<Brand, Numbers> = BTreeMap::new();
        for (origin, _, numbers) in &self.origins {
            let brand = match words.are_in(&origin.campaign, &origin.term) {
                Some(true) => Brand::Named,
                Some(false) => Brand::NotNamed,
                None => Brand::NotTold,
            };
            rows.entry(brand).or_default().add(numbers);
        }
        rows
    }
}

fn count_as(numbers: &mut Numbers, metric: Metric, stage: Option<usize>, count: u64) {
    match metric {
        Metric::EngagedVisitors => numbers.engaged += count,
        Metric::NewByOrigin => numbers.prospects += count,
        Metric::GoalsByOrigin(model) => numbers.goals[place(model)] += count,
        Metric::ValueByOrigin(model) => numbers.value[place(model)] += count,
        _ => {
            if let Some(stage) = stage {
                if numbers.stages.len() <= stage {
                    numbers.stages.resize(stage + 1, 0);
                }
                numbers.stages[stage] += count;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::counting::{Period, Step};

    fn origin(source: &str, campaign: &str, term: &str) -> Origin {
        Origin {
            source: source.to_owned(),
            campaign: campaign.to_owned(),
            term: term.to_owned(),
            ..Origin::default()
        }
    }

    #[test]
    fn origins_come_together() {
        let day = |number| Period {
            step: Step::Day,
            number,
        };
        let news = origin("news", "spring", "");
        let search = origin("search", "", "my shop");
        let other = origin("search", "", "bikes");
        let arrived = [
            (7, Some(&news), 3),
            (8, Some(&news), 2),
            (8, Some(&search), 4),
            (8, None, 1),
        ];
        let arrived = arrived.map(|(number, origin, count)| Count {
            period: day(number),
            name: origin.map(|origin| origin.to_name().into()),
            count,
        });
        let sum = |metric, name: String, count| Sum {
            metric,
            name: Some(name.into()),
            count,
        };
        let first = Attribution::First;
        let sums = [
            sum(Metric::EngagedVisitors, news.to_name(), 4),
            sum(Metric::NewByOrigin, other.to_name(), 5),
            sum(
                Metric::StagesByOrigin,
                Origin::beside("hot", Some(&search)),
                2,
            ),
            sum(
                Metric::StagesByOrigin,
                Origin::beside("cold", Some(&search)),
                9,
            ),
            sum(
                Metric::GoalsByOrigin(first),
                Origin::beside("sale", Some(&news)),
                500_000,
            ),
            sum(
                Metric::GoalsByOrigin(first),
                Origin::beside("sale", None),
                1_000_000,
            ),
            sum(
                Metric::ValueByOrigin(first),
                Origin::beside("lead", Some(&news)),
                75,
            ),
        ];
        let wanted = |goal: Option<&str>| Wanted {
            stages: vec!["warm".into(), "hot".into()],
            goal: goal.map(Into::into),
            ..Wanted::default()
        };
        let all = Origins::of(arrived.to_vec(), sums.to_vec(), &wanted(None));
        let rows = all.rows(By::Of(Part::Source));
        let told: Vec<_> = rows
            .iter()
            .map(|(name, one)| {
                let stages = one.stages.clone();
                (
                    name.as_deref(),
                    one.visitors,
                    one.engaged,
                    one.prospects,
                    stages,
                    one.goals[0],
                )
            })
            .collect();
        let expected = [
            (Some("news"), 5, 4, 0, vec![], 500_000),
            (Some("search"), 4, 0, 5, vec![0, 2], 0),
        ];
        assert_eq!(told, expected);
        assert_eq!(all.not_known.goals[0], 1_000_000);
        assert_eq!(all.no_room.visitors, 1);
        assert_eq!(all.total().visitors, 10);
        assert_eq!(all.total().value, [75, 0, 0, 0]);
        assert_eq!(all.days[&8], BTreeMap::from([("Unassigned", 6)]));
        let terms = all.rows(By::Of(Part::Term));
        let terms: Vec<_> = terms.iter().map(|(name, _)| name.as_deref()).collect();
        assert_eq!(terms, [None, Some("my shop"), Some("bikes")]);
        let words = BrandWords::new(&["My Shop".to_owned()]);
        let brand = all.brand(&words);
        assert_eq!(brand[&Brand::Named].visitors, 4);
        assert_eq!(brand[&Brand::NotNamed].prospects, 5);
        assert_eq!(brand.get(&Brand::NotTold), None);
        let sale = Origins::of(Vec::new(), sums.to_vec(), &wanted(Some("sale")));
        assert_eq!(sale.total().value, [0; 4]);
        assert_eq!(sale.total().goals, [1_500_000, 0, 0, 0]);
    }
}
