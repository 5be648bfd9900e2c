//! `firstglance.toml`: read, checked and compiled into the engine's model.
//!
//! Reading goes in two steps: the text as the owner wrote it, with the place of every value
//! (`table`), and what it means (`site`, `tracker`, `server`, `limits`, `privacy`, `interest`, `segment`, `score`, `funnel`, `goal`, whose conditions
//! `condition` compiles). `several` reads the configurations of all sites. A checked configuration never holds a value
//! that the rest of the collector would have to doubt, and no mistake is reported without its line
//! and column. Nothing here touches the network or the data folder.

mod click_host;
pub(crate) mod condition;
mod consent;
mod content;
mod duration;
mod evidence;
pub(crate) mod fields;
mod funnel;
mod goal;
mod interest;
mod limits;
mod origin;
mod place;
mod posted_rules;
mod privacy;
mod problem;
mod programs;
mod retention;
mod rule;
mod score;
mod segment;
mod server;
mod several;
mod site;
mod stage;
mod table;
#[cfg(test)]
mod tests;
mod tracker;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use firstglance_engine::Model;
use jiff::tz::TimeZone;

pub use click_host::ClickHost;
pub use consent::DefaultConsent;
pub use content::{ContentProblem, Posted, SlotSettings, Source, markup};
pub use duration::parse as length_of_time;
pub use limits::Limits;
pub use origin::Origin;
pub use posted_rules::{PostedInterest, PostedRules, PostedSegment};
pub use privacy::Privacy;
pub use problem::{ConfigError, Problem};
pub use score::DISQUALIFIED;
pub use segment::SegmentText;
pub use server::{Server, TlsFiles};
pub use several::{ConfigFile, load_all};
pub use site::SiteId;
pub use stage::Stage;
pub use tracker::{Names, Tracker};

use crate::effect::Goal;
use crate::journey::Funnel;
use crate::store::calendar::Calendar;
use crate::store::{Retention, Rules};
use content::Reading;
use problem::{Found, Problems};
use programs::OfVisitors;
use table::Table;

/// A configuration that is in order.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// What only the collector needs.
    pub site: Site,
    /// What the page's script does.
    pub tracker: Tracker,
    /// What the collector stands behind.
    pub server: Server,
    /// How long what visitors did is kept.
    pub retention: Retention,
    /// How much one visitor and one address may send.
    pub limits: Limits,
    /// What is kept of visitors beside what they send.
    pub privacy: Privacy,
    /// The stages of a lead, from the first; without the one of those who are no leads.
    pub stages: Vec<Stage>,
    /// What visitors are to do. Its conditions are programs of [`Config::model`], and of no other.
    pub goals: Vec<Goal>,
    /// In which order visitors are to reach them.
    pub funnels: Vec<Funnel>,
    /// What page and collector evaluate.
    pub model: Model,
    /// The same for the page. Where neither segments nor a score are configured it has no programs,
    /// and the page loads a module that can run none: the usual stages need none either, except to be
    /// explained.
    pub page_model: Model,
    /// What only the collector needs of the model's slots, in their order.
    pub slots: Vec<SlotSettings>,
    /// The model's segments as they were written, in their order.
    pub segments: Vec<SegmentText>,
    /// Where each of the model's interests was written, in their order.
    pub interests: Vec<Source>,
    of_visitors: OfVisitors,
    /// The text, beside which is read what was posted.
    text: Arc<str>,
    /// Rules that were posted, where they are taken up.
    rules: Option<Arc<PostedRules>>,
}

/// The site: who may send, and from where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// The site's name among several; nothing for the one whose data lie at the root of the data
    /// folder. See [`Site::id`].
    pub named: Option<SiteId>,
    /// Names the site in requests. It stands in the pages, so it is no secret.
    pub write_key: String,
    /// Host names by which the collector is reached for this site alone, in lower case and without a
    /// port.
    pub hosts: Vec<String>,
    /// What people call the site.
    pub name: Option<String>,
    /// Origins besides the collector's own whose pages may send and ask.
    pub allowed_origins: Vec<Origin>,
    /// Words by which people search for the site itself.
    pub brand_terms: Vec<String>,
    /// Query parameters of the site's own search.
    pub search_parameters: Vec<String>,
    /// Consent where nobody has asked the visitor yet.
    pub consent: DefaultConsent,
    /// Domain of the visitor cookie, where it is not the collector's own host.
    pub cookie_domain: Option<String>,
    /// Hosts besides those of the origins that the links of campaigns may lead to.
    pub click_hosts: Vec<ClickHost>,
    /// Whether robots are kept apart.
    pub robots: Robots,
    /// File with the networks of data centres.
    pub data_centres: Option<PathBuf>,
    /// File with the countries of addresses.
    pub country_database: Option<PathBuf>,
    /// The zone whose clocks conditions read and days are counted by.
    pub timezone: TimeZone,
}

impl Site {
    /// What tells the site from others: in addresses, tokens, metrics and logs.
    #[must_use]
    pub fn id(&self) -> &str {
        self.named.as_ref().map_or(SiteId::UNNAMED, SiteId::as_str)
    }

    /// By which days are counted.
    #[must_use]
    pub fn calendar(&self) -> Calendar {
        Calendar::of(&self.timezone)
    }

    /// Whether an origin, as browsers send it, is among those that the owner has listed.
    #[must_use]
    pub fn lists(&self, origin: &str) -> bool {
        let mut allowed = self.allowed_origins.iter();
        allowed.any(|allowed| allowed.as_str().eq_ignore_ascii_case(origin))
    }
}

/// What becomes of what robots send.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Robots {
    /// It is kept apart, and is no visitor's.
    #[default]
    Apart,
    /// They are visitors like any other.
    Visitors,
}

impl Robots {
    const ALL: [Self; 2] = [Self::Apart, Self::Visitors];

    const fn name(self) -> &'static str {
        match self {
            Self::Apart => "apart",
            Self::Visitors => "visitors",
        }
    }
}

impl Config {
    /// Reads a configuration file. Paths in it begin at its folder.
    ///
    /// # Errors
    /// [`ConfigError`] when it cannot be read, or with all that is wrong with it.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let unreadable = |reason: String| ConfigError::Unreadable {
            path: path.to_owned(),
            reason,
        };
        let bytes = std::fs::read(path).map_err(|error| unreadable(error.to_string()))?;
        let text = String::from_utf8(bytes).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            unreadable(format!("byte {} is not UTF-8", at + 1))
        })?;
        let mut config = Self::parse(&text).map_err(|problems| ConfigError::Invalid {
            path: path.to_owned(),
            problems,
        })?;
        // Wherever the process was started, a file is found from the one that names it.
        let folder = path.parent().unwrap_or(Path::new(""));
        for file in config.files() {
            *file = folder.join(&*file);
        }
        Ok(config)
    }

    /// Files that the configuration names.
    fn files(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        let tls = self.server.tls.iter_mut();
        tls.flat_map(|files| [&mut files.certificate, &mut files.key])
            .chain(&mut self.site.country_database)
            .chain(&mut self.site.data_centres)
    }

    /// Reads a configuration.
    ///
    /// # Errors
    /// All that is wrong with it, in the order of the text.
    pub fn parse(text: &str) -> Result<Self, Vec<Problem>> {
        let read = Self::read(text, &Beside::default());
        read.map_err(Wrong::problems)
    }

    /// The same configuration with rules that were posted, in the place of those posted before.
    ///
    /// # Errors
    /// All that is wrong with what was posted.
    pub fn with_rules(&self, rules: Arc<PostedRules>) -> Result<Self, Vec<ContentProblem>> {
        let beside = Beside {
            rules: Some(&rules),
            ..Beside::default()
        };
        let read = Self::read(&self.text, &beside).map_err(Wrong::of_posted)?;
        Ok(Self {
            rules: Some(rules),
            ..self.taking(read)
        })
    }

    /// The same with as much of posted rules as is in order; and of what is left out, what is wrong
    /// with it.
    #[must_use]
    pub fn with_rules_that_fit(&self, rules: &Arc<PostedRules>) -> (Self, Vec<LeftOut>) {
        let mut rules = rules.clone();
        let mut left_out = Vec::new();
        loop {
            let problems = match self.with_rules(rules.clone()) {
                Ok(config) => return (config, left_out),
                Err(problems) => problems,
            };
            match rules.without(&problems) {
                Some((less, ids)) => {
                    rules = Arc::new(less);
                    left_out.push((ids.join(", "), problems));
                }
                None => {
                    let all = rules.segment.iter().map(|one| &*one.id);
                    let all = all.chain(rules.interest.iter().map(|one| &*one.id));
                    let all: Vec<&str> = all.collect();
                    left_out.push((all.join(", "), problems));
                    return (self.clone(), left_out);
                }
            }
        }
    }

    /// What was posted of rules and is in this.
    #[must_use]
    pub fn posted_rules(&self) -> Option<&Arc<PostedRules>> {
        self.rules.as_ref()
    }

    /// The same configuration with content that was posted, whose slots take the place of its own of
    /// the same ids.
    ///
    /// # Errors
    /// All that is wrong with what was posted.
    pub fn with_posted(&self, posted: &Posted) -> Result<Self, Vec<ContentProblem>> {
        let beside = Beside {
            rules: self.rules.as_deref(),
            content: Some(posted),
            ..Beside::default()
        };
        let read = Self::read(&self.text, &beside).map_err(Wrong::of_posted)?;
        Ok(self.taking(read))
    }

    /// The same with what follows from rules and content of another.
    fn taking(&self, read: Self) -> Self {
        Self {
            model: read.model,
            page_model: read.page_model,
            slots: read.slots,
            segments: read.segments,
            interests: read.interests,
            of_visitors: read.of_visitors,
            goals: read.goals,
            ..self.clone()
        }
    }

    /// The same with as much of posted content as is in order: slots that are not are left out, and
    /// said with what is wrong with each.
    #[must_use]
    pub fn with_what_is_fine(&self, posted: &Posted) -> (Self, Vec<LeftOut>) {
        if let Ok(config) = self.with_posted(posted) {
            return (config, Vec::new());
        }
        let mut fine = Vec::new();
        let mut wrong = Vec::new();
        for (id, slot) in posted.slots() {
            fine.push(slot);
            // Also where it is only too much beside those before it.
            if let Err(problems) = self.with_posted(&Posted::joined(&fine)) {
                fine.pop();
                wrong.push((id, problems));
            }
        }
        match self.with_posted(&Posted::joined(&fine)) {
            Ok(config) => (config, wrong),
            Err(problems) => {
                wrong.push((String::new(), problems));
                (self.clone(), wrong)
            }
        }
    }

    /// The model by which it is told what visitors are. It is the same whatever content there is.
    #[must_use]
    pub fn visitor_model(&self) -> Model {
        let mut model = self.model.clone();
        model.slots.clear();
        model.programs.truncate(self.of_visitors.programs);
        model.watches.truncate(self.of_visitors.watches);
        model
    }

    /// Reads a configuration and what stands beside it, with a stack that the parser of conditions
    /// cannot exhaust: it takes up to 100 kB for each level.
    fn read(text: &str, beside: &Beside<'_>) -> Result<Self, Wrong> {
        const STACK_BYTES: usize = 32 << 20;
        std::thread::scope(|scope| {
            let thread = std::thread::Builder::new().stack_size(STACK_BYTES);
            match thread.spawn_scoped(scope, || Self::read_here(text, beside)) {
                Ok(running) => running
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
                Err(error) => {
                    let mut problems = Problems::new(text);
                    let wrong = format!("the configuration cannot be read: {error}");
                    problems.add(0..0, wrong, "give the process more memory or threads");
                    Err(problems.into_sorted().into())
                }
            }
        })
    }

    fn read_here(text: &str, beside: &Beside<'_>) -> Result<Self, Wrong> {
        let extra = beside.extra;
        let mut problems = Problems::new(text);
        let (document, errors) = toml::de::DeTable::parse_recoverable(text);
        for error in errors {
            problems.syntax(&error);
        }
        if problems.any() {
            // What the rest means cannot be told from a text that is no TOML.
            return Err(problems.into_sorted().into());
        }
        let root = Table::new(&fields::ROOT, document.get_ref(), 0..0, &mut problems);
        let site = match root.table(&fields::site::SITE, &mut problems) {
            Some(table) => site::read(&table, &mut problems),
            None => {
                if !root.has_inner(&fields::site::SITE) {
                    let key = &fields::site::WRITE_KEY;
                    let (name, example) = (key.name, key.example);
                    problems.add(
                        0..0,
                        "the table [site] is missing".to_owned(),
                        format!("add it with a {name}, such as {name} = {example}"),
                    );
                }
                None
            }
        };
        let tracker = tracker::read(&root, &mut problems);
        let server = server::read(&root, &mut problems);
        let retention = retention::read(&root, &mut problems);
        let limits = limits::read(&root, &mut problems);
        let privacy = privacy::read(&root, &mut problems);
        let interests = interest::read_all(&root, &mut problems);
        let weights = evidence::read(&root, &mut problems);
        let segments = segment::read_all(&root, Source::File, &mut problems);
        let score = score::read(&root, &mut problems);
        let goals = goal::read_all(&root, &mut problems);
        let funnels = funnel::read_all(&root, &goals, &mut problems);

        let rules = beside.rules.map(PostedRules::to_toml).transpose();
        let rules = rules.map_err(|problem| Wrong::Posted(vec![problem]))?;
        let rules = rules.unwrap_or_default();
        let mut rules_problems = Problems::new(&rules);
        let rules_read = Reading::of(&rules, &mut rules_problems);
        let rules_root = Table::new(
            &fields::ROOT,
            rules_read.fields.get_ref(),
            0..0,
            &mut rules_problems,
        );
        let found = interests.is_empty();
        let posted = interest::read_all(&rules_root, &mut rules_problems);
        let (interests, interest_sources) = interest::join(interests, posted);
        let posted = segment::read_all(&rules_root, Source::Posted, &mut rules_problems);
        let segments = segment::join(segments, posted, &mut rules_problems);

        let segment_ids: Vec<String> = segments.iter().map(|one| one.id.value.clone()).collect();
        let interest_ids: Vec<Box<str>> = interests.iter().map(|one| one.id.clone()).collect();
        let names = content::Names {
            segments: &segment_ids,
            interests: &interest_ids,
            found,
        };
        let of_file = content::Written::read(&root, &names, &mut problems);
        let posted = beside.content.map_or("", Posted::text);
        let mut posted_problems = Problems::new(posted);
        let reading = Reading::of(posted, &mut posted_problems);
        let posted_root = Table::new(
            &fields::ROOT,
            reading.fields.get_ref(),
            0..0,
            &mut posted_problems,
        );
        let posted = content::Written::read(&posted_root, &names, &mut posted_problems);
        goal::named(&goals, &of_file.slots, &mut problems);
        goal::named(&goals, &posted.slots, &mut posted_problems);
        let of_file = of_file.without(&posted);
        let bytes = of_file.bytes() + posted.bytes();
        if bytes > content::MOST_BYTES && !problems.any() && !posted_problems.any() {
            posted_problems.add(
                posted_root
                    .span_of_inner(&fields::content::VARIANT)
                    .unwrap_or(0..0),
                format!("the variants have {bytes} bytes together with those of the configuration"),
                format!(
                    "they may have {}: every page loads all of them",
                    content::MOST_BYTES
                ),
            );
        }
        let Some(site) = site else {
            return Err(problems.into_sorted().into());
        };
        let model = Model {
            interests,
            weights,
            ..Model::default()
        };
        let parts = programs::Parts {
            site: &site,
            found,
            segments: &segments,
            score: &score,
            contents: [&of_file, &posted],
            goals: &goals,
        };
        let mut found = Found {
            file: problems,
            rules: rules_problems,
            content: posted_problems,
        };
        let completed = programs::complete(model, &parts, extra, &mut found)?;
        match completed {
            Some(programs::Completed {
                model,
                of_visitors,
                of_pages,
                goals,
            }) if !found.any() => Ok(Self {
                page_model: if segments.is_empty()
                    && extra.is_none()
                    && score.is_usual()
                    && model.slots.is_empty()
                {
                    Model {
                        programs: Vec::new(),
                        stage: None,
                        ..model.clone()
                    }
                } else {
                    let mut model = model.clone();
                    model.programs.truncate(of_pages.programs);
                    model.watches.truncate(of_pages.watches);
                    model
                },
                goals,
                funnels,
                stages: score.stages,
                site,
                tracker,
                server,
                retention,
                limits,
                privacy,
                slots: of_file
                    .settings(Source::File)
                    .chain(posted.settings(Source::Posted))
                    .collect(),
                segments: segments.iter().map(segment::Written::to_text).collect(),
                interests: interest_sources,
                model,
                of_visitors,
                text: text.into(),
                rules: None,
            }),
            _ if found.file.any() => Err(found.file.into_sorted().into()),
            _ if found.rules.any() => Err(Wrong::Posted(rules_read.told(found.rules))),
            _ => Err(Wrong::Posted(reading.told(found.content))),
        }
    }

    /// The text that it was read from.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What messages are taken in by.
    #[must_use]
    pub fn rules(&self) -> Rules {
        Rules {
            model: Arc::new(self.model.clone()),
            goals: self.goals.as_slice().into(),
            funnels: self.funnels.as_slice().into(),
        }
    }

    /// Whether the owner has configured interests, segments, a score, stages or content: pages need
    /// the module that can work with them.
    #[must_use]
    pub fn has_rules(&self) -> bool {
        let model = &self.page_model;
        !(model.programs.is_empty() && model.interests.is_empty() && model.slots.is_empty())
    }

    /// What the configuration amounts to, in a few words.
    #[must_use]
    pub fn summary(&self) -> String {
        let count = |count: usize, one: &str| match count {
            1 => format!("1 {one}"),
            count => format!("{count} {one}s"),
        };
        let consent = match self.site.consent {
            DefaultConsent::State(state) => format!("consent {} by default", state.name()),
            DefaultConsent::GoogleConsentMode => "consent as Google Consent Mode says".to_owned(),
            DefaultConsent::TransparencyFramework => "consent as the IAB TCF API says".to_owned(),
        };
        let slots = match self.model.slots.len() {
            0 => String::new(),
            slots => format!("{}, ", count(slots, "slot")),
        };
        format!(
            "{}, {}, {slots}{} besides its own, {consent}",
            count(self.model.interests.len(), "interest"),
            count(self.model.segments.len(), "segment"),
            count(self.site.allowed_origins.len(), "origin"),
        )
    }
}

/// Compiles a condition as if it were in a configuration: the model's last segment is the one that
/// it makes. Problems are about the configuration, or where that is in order, about the condition.
///
/// # Errors
/// All that is wrong.
pub fn compile_one(condition: &str, configuration: &str) -> Result<Model, Vec<Problem>> {
    let beside = Beside {
        extra: Some(condition),
        ..Beside::default()
    };
    let read = Config::read(configuration, &beside);
    read.map(|config| config.model).map_err(Wrong::problems)
}

/// What was left out of what was posted, and what is wrong with it.
pub type LeftOut = (String, Vec<ContentProblem>);

/// What stands beside a configuration.
#[derive(Clone, Copy, Default)]
struct Beside<'a> {
    /// A condition that is in no configuration, as the last of its segments.
    extra: Option<&'a str>,
    /// Posted rules.
    rules: Option<&'a PostedRules>,
    /// Posted content.
    content: Option<&'a Posted>,
}

/// What is wrong, and with what.
enum Wrong {
    /// With the configuration, or a condition beside it.
    Configuration(Vec<Problem>),
    /// With what was posted.
    Posted(Vec<ContentProblem>),
}

impl Wrong {
    /// Told for who posted it.
    fn of_posted(self) -> Vec<ContentProblem> {
        match self {
            Self::Posted(problems) => problems,
            // It was in order before, and is so by itself.
            Self::Configuration(problems) => {
                let told = problems.into_iter();
                told.map(|problem| ContentProblem {
                    place: "firstglance.toml".to_owned(),
                    at: Some((problem.line, problem.column)),
                    wrong: problem.wrong,
                    right: problem.right,
                })
                .collect()
            }
        }
    }

    fn problems(self) -> Vec<Problem> {
        match self {
            Self::Configuration(problems) => problems,
            // Where nothing was posted nothing is wrong with it.
            Self::Posted(_) => Vec::new(),
        }
    }
}

impl From<Vec<Problem>> for Wrong {
    fn from(problems: Vec<Problem>) -> Self {
        Self::Configuration(problems)
    }
}
