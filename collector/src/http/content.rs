//! The content and the rules that are in force, and how others take their place while requests go on.
//!
//! What is in force is made of the configuration, of the latest rules that were posted and of the latest
//! content. Whoever puts another in its place, a post or a reload, holds the lock meanwhile and starts
//! from what is in force then, so that neither loses what the other brought. Stored profiles stay as
//! they are when content changes: what visitors are does not depend on it. Where rules change,
//! whoever watches [`Contents::models`] has them evaluated again.

use std::sync::Arc;

use arc_swap::ArcSwap;
use firstglance_engine::Model;
use tokio::sync::{Mutex, MutexGuard, watch};

use super::model::Compiled;
use crate::config::{
    Config, ContentProblem, LeftOut, Posted, PostedRules, SegmentText, SlotSettings, Source,
};
use crate::effect::{Goal, Learned};
use crate::store::content::{ContentVersion, NewContent, Posting};
use crate::store::{ProfileFold, Rules, Store, StoreError};

/// What is in force.
pub(super) struct InForce {
    /// The configuration without anything that was posted.
    pub(super) base: Arc<Config>,
    /// The same with posted rules, and without content.
    pub(super) config: Arc<Config>,
    /// What was posted of rules, where anything was.
    pub(super) rules: Option<Arc<RulesVersion>>,
    /// Rules of it that are left out, and why.
    pub(super) rules_left_out: Vec<LeftOut>,
    /// What was posted, where anything was.
    pub(super) posted: Option<Arc<PostedVersion>>,
    /// Slots of it that are left out, and why.
    pub(super) left_out: Vec<LeftOut>,
    /// What the collector evaluates.
    pub(super) model: Arc<Model>,
    /// The same without content: what visitors are evaluated by again when it is another one.
    visitor_model: Arc<Model>,
    /// The same for pages.
    pub(super) compiled: Compiled,
    /// The model's segments as they were written, in their order.
    pub(super) segments: Vec<SegmentText>,
    /// Where each of the model's interests was written, in their order.
    pub(super) interests: Vec<Source>,
    /// What only the collector needs of the model's slots, in their order.
    pub(super) slots: Vec<SlotSettings>,
    /// What visitors are to do.
    pub(super) goals: Arc<[Goal]>,
    /// The shares that were learned.
    pub(super) learned: Arc<Learned>,
}

/// A version of posted content that can be read.
pub(super) struct PostedVersion {
    pub(super) number: u64,
    pub(super) version: NewContent,
    pub(super) posted: Posted,
}

/// A version of posted rules that can be read.
pub(super) struct RulesVersion {
    pub(super) number: u64,
    pub(super) version: NewContent,
    pub(super) rules: Arc<PostedRules>,
}

/// The configuration with rules that were posted.
struct Ruled {
    base: Arc<Config>,
    config: Arc<Config>,
    version: Option<Arc<RulesVersion>>,
    left_out: Vec<LeftOut>,
}

impl Ruled {
    fn new(base: Arc<Config>, version: Option<Arc<RulesVersion>>) -> Self {
        let (config, left_out) = match &version {
            Some(version) => {
                let (config, left_out) = base.with_rules_that_fit(&version.rules);
                (Arc::new(config), left_out)
            }
            None => (base.clone(), Vec::new()),
        };
        Self {
            base,
            config,
            version,
            left_out,
        }
    }

    /// Those that are in force.
    fn present(present: &InForce) -> Self {
        Self {
            base: present.base.clone(),
            config: present.config.clone(),
            version: present.rules.clone(),
            left_out: present.rules_left_out.clone(),
        }
    }
}

impl InForce {
    fn new(ruled: Ruled, posted: Option<Arc<PostedVersion>>, learned: Arc<Learned>) -> Self {
        let (whole, left_out) = match &posted {
            Some(version) => ruled.config.with_what_is_fine(&version.posted),
            None => ((*ruled.config).clone(), Vec::new()),
        };
        Self::of(ruled, posted, learned, whole, left_out)
    }

    /// The same, given what all of it comes to.
    fn of(
        ruled: Ruled,
        posted: Option<Arc<PostedVersion>>,
        learned: Arc<Learned>,
        mut whole: Config,
        left_out: Vec<LeftOut>,
    ) -> Self {
        learned.apply_to(&mut whole.model);
        learned.apply_to(&mut whole.page_model);
        Self {
            compiled: Compiled::new(&whole),
            visitor_model: Arc::new(whole.visitor_model()),
            segments: whole.segments,
            interests: whole.interests,
            slots: whole.slots,
            goals: whole.goals.into(),
            learned,
            model: Arc::new(whole.model),
            base: ruled.base,
            config: ruled.config,
            rules: ruled.version,
            rules_left_out: ruled.left_out,
            posted,
            left_out,
        }
    }

    /// What was posted of rules; nothing is nothing.
    pub(super) fn posted_rules(&self) -> Arc<PostedRules> {
        let rules = self.rules.as_ref();
        rules
            .map(|version| version.rules.clone())
            .unwrap_or_default()
    }

    /// The number of the rules that were posted last; 0 where none were.
    pub(super) fn rules_number(&self) -> u64 {
        self.rules.as_ref().map_or(0, |version| version.number)
    }

    /// The goal by which a slot is told first, and learns where it does.
    pub(super) fn goal_of(&self, slot: &str) -> Option<&Goal> {
        let settings = self.slots.iter().find(|one| *one.id == *slot);
        match settings.and_then(|settings| settings.goal.as_deref()) {
            Some(id) => self.goals.iter().find(|goal| *goal.id == *id),
            None => self.goals.first(),
        }
    }

    /// Says in the log what is left out.
    fn tell(&self) {
        let site = self.base.site.id();
        let version = self.rules_number();
        for (rules, problems) in &self.rules_left_out {
            for problem in problems {
                tracing::error!(
                    site,
                    version,
                    rules,
                    %problem,
                    "these posted rules do not fit the configuration and are left out"
                );
            }
        }
        let version = self.posted.as_ref().map_or(0, |posted| posted.number);
        for (slot, problems) in &self.left_out {
            for problem in problems {
                tracing::error!(
                    site,
                    version,
                    slot,
                    %problem,
                    "this slot of the posted content does not fit the configuration and is left out"
                );
            }
        }
    }
}

/// See the module.
pub(super) struct Contents {
    present: ArcSwap<InForce>,
    changing: Mutex<()>,
    /// What events are taken in by, where that follows.
    fold: Option<ProfileFold>,
    /// What visitors are evaluated by, for whoever does that again when it is another one.
    models: watch::Sender<Arc<Model>>,
}

/// The right to put other content or rules in the place of the present ones.
pub(super) struct Changing<'a> {
    contents: &'a Contents,
    _turn: MutexGuard<'a, ()>,
}

impl Contents {
    /// That of a configuration.
    pub(super) fn new(config: Config) -> Self {
        let ruled = Ruled::new(Arc::new(config), None);
        let present = InForce::new(ruled, None, Arc::default());
        Self {
            models: watch::Sender::new(present.visitor_model.clone()),
            present: ArcSwap::from_pointee(present),
            changing: Mutex::new(()),
            fold: None,
        }
    }

    /// Has events taken in by what is in force from now on.
    pub(super) fn be_followed_by(&mut self, fold: ProfileFold) {
        self.fold = Some(fold);
    }

    /// What visitors are evaluated by, now and later.
    pub(super) fn models(&self) -> watch::Receiver<Arc<Model>> {
        self.models.subscribe()
    }

    /// What content comes to beside the configuration and the posted rules. Takes some milliseconds of
    /// a thread.
    pub(super) fn with(&self, posted: &Posted) -> Result<Config, Vec<ContentProblem>> {
        let config = self.present().config.clone();
        config.with_posted(posted)
    }

    /// The configuration with what was posted and is fine.
    pub(super) fn whole(&self) -> Config {
        let present = self.present();
        match &present.posted {
            Some(version) => present.config.with_what_is_fine(&version.posted).0,
            None => (*present.config).clone(),
        }
    }

    /// What rules come to beside the configuration. Takes some milliseconds of a thread.
    ///
    /// # Errors
    /// What is wrong with them; or with what content is in force, where that fits no more.
    pub(super) fn with_rules(
        &self,
        rules: Arc<PostedRules>,
    ) -> Result<Config, Vec<ContentProblem>> {
        let present = self.present();
        let config = present.base.with_rules(rules)?;
        if let Some(version) = &present.posted
            && present.left_out.is_empty()
            && let Err(mut problems) = config.with_posted(&version.posted)
        {
            for problem in &mut problems {
                problem.place.insert_str(0, "content ");
            }
            return Err(problems);
        }
        Ok(config)
    }

    /// What is in force now; whoever has it keeps it as it is.
    pub(super) fn present(&self) -> arc_swap::Guard<Arc<InForce>> {
        self.present.load()
    }

    /// Waits for a turn.
    pub(super) async fn change(&self) -> Changing<'_> {
        Changing {
            contents: self,
            _turn: self.changing.lock().await,
        }
    }

    /// Takes up what a store has from before.
    pub(super) async fn take_up(&self, store: &dyn Store) -> Result<(), StoreError> {
        let changing = self.change().await;
        if let Some(kept) = store.version_in_force(Posting::Rules).await? {
            match readable_rules(kept) {
                Ok(version) => changing.put_rules(Some(Arc::new(version))),
                Err((number, problem)) => tracing::error!(
                    version = number,
                    %problem,
                    "the posted rules cannot be read and are left out"
                ),
            }
        }
        if let Some(kept) = store.version_in_force(Posting::Content).await? {
            match readable(kept) {
                Ok(version) => changing.put(Some(Arc::new(version))),
                Err((number, problem)) => tracing::error!(
                    version = number,
                    %problem,
                    "the posted content cannot be read and is left out"
                ),
            }
        }
        Ok(())
    }
}

impl Changing<'_> {
    /// Puts a version of content into force.
    pub(super) fn put(&self, posted: Option<Arc<PostedVersion>>) {
        let present = self.contents.present().clone();
        let ruled = Ruled::present(&present);
        self.replace(InForce::new(ruled, posted, present.learned.clone()));
    }

    /// Puts a version of content into force of which it is known what it comes to, see
    /// [`Contents::with`].
    pub(super) fn put_checked(&self, posted: PostedVersion, whole: Config) {
        let present = self.contents.present().clone();
        let (ruled, learned) = (Ruled::present(&present), present.learned.clone());
        let posted = Some(Arc::new(posted));
        self.replace(InForce::of(ruled, posted, learned, whole, Vec::new()));
    }

    /// Puts a version of rules into force.
    pub(super) fn put_rules(&self, version: Option<Arc<RulesVersion>>) {
        let present = self.contents.present().clone();
        let ruled = Ruled::new(present.base.clone(), version);
        let posted = present.posted.clone();
        self.replace(InForce::new(ruled, posted, present.learned.clone()));
    }

    /// The same rules and content by another configuration.
    pub(super) fn reconfigure(&self, config: Config) {
        let present = self.contents.present().clone();
        let ruled = Ruled::new(Arc::new(config), present.rules.clone());
        let posted = present.posted.clone();
        self.replace(InForce::new(ruled, posted, present.learned.clone()));
    }

    /// The same content with other shares.
    pub(super) fn share_out(&self, learned: Learned) {
        let present = self.contents.present().clone();
        let (ruled, posted) = (Ruled::present(&present), present.posted.clone());
        self.replace(InForce::new(ruled, posted, Arc::new(learned)));
    }

    fn replace(&self, in_force: InForce) {
        in_force.tell();
        if let Some(fold) = &self.contents.fold {
            fold.replace(Rules {
                model: in_force.model.clone(),
                goals: in_force.goals.clone(),
                funnels: in_force.config.funnels.as_slice().into(),
            });
        }
        let visitor_model = in_force.visitor_model.clone();
        self.contents.present.store(Arc::new(in_force));
        // Only another model has anything evaluated again.
        self.contents.models.send_if_modified(|present| {
            let other = **present != *visitor_model;
            if other {
                *present = visitor_model;
            }
            other
        });
    }
}

/// A version whose content is read.
pub(super) fn readable(kept: ContentVersion) -> Result<PostedVersion, (u64, ContentProblem)> {
    let ContentVersion { number, version } = kept;
    match Posted::parse(&version.content) {
        Ok(posted) => Ok(PostedVersion {
            number,
            version,
            posted,
        }),
        Err(problem) => Err((number, problem)),
    }
}

/// A version whose rules are read.
pub(super) fn readable_rules(kept: ContentVersion) -> Result<RulesVersion, (u64, ContentProblem)> {
    let ContentVersion { number, version } = kept;
    match PostedRules::parse(&version.content) {
        Ok(rules) => Ok(RulesVersion {
            number,
            version,
            rules: Arc::new(rules),
        }),
        Err(problem) => Err((number, problem)),
    }
}
