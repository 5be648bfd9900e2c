//! The content that is in force, and how other content takes its place while requests go on.
//!
//! It is made of the configuration and of the latest version that was posted. Whoever puts another in
//! its place, a post or a reload, holds the lock meanwhile and starts from what is in force then, so
//! that neither loses what the other brought. Stored profiles stay as they are: what visitors are does
//! not depend on content.

use std::sync::Arc;

use arc_swap::ArcSwap;
use firstglance_engine::Model;
use tokio::sync::{Mutex, MutexGuard};

use super::model::Compiled;
use crate::config::{Config, ContentProblem, Posted, SlotSettings};
use crate::effect::{Goal, Learned};
use crate::store::content::{ContentVersion, NewContent};
use crate::store::{ProfileFold, Rules, Store, StoreError};

/// What is in force.
pub(super) struct InForce {
    /// The configuration without anything that was posted.
    pub(super) config: Arc<Config>,
    /// What was posted, where anything was.
    pub(super) posted: Option<Arc<PostedVersion>>,
    /// Slots of it that are left out, and why.
    pub(super) left_out: Vec<(String, Vec<ContentProblem>)>,
    /// What the collector evaluates.
    pub(super) model: Arc<Model>,
    /// The same for pages.
    pub(super) compiled: Compiled,
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

impl InForce {
    fn new(config: Arc<Config>, posted: Option<Arc<PostedVersion>>, learned: Arc<Learned>) -> Self {
        let (whole, left_out) = match &posted {
            Some(version) => config.with_what_is_fine(&version.posted),
            None => ((*config).clone(), Vec::new()),
        };
        Self::of(config, posted, learned, whole, left_out)
    }

    /// The same, given what configuration and posted content come to.
    fn of(
        config: Arc<Config>,
        posted: Option<Arc<PostedVersion>>,
        learned: Arc<Learned>,
        mut whole: Config,
        left_out: Vec<(String, Vec<ContentProblem>)>,
    ) -> Self {
        learned.apply_to(&mut whole.model);
        learned.apply_to(&mut whole.page_model);
        Self {
            compiled: Compiled::new(&whole),
            slots: whole.slots,
            goals: whole.goals.into(),
            learned,
            model: Arc::new(whole.model),
            config,
            posted,
            left_out,
        }
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
        let version = self.posted.as_ref().map_or(0, |posted| posted.number);
        for (slot, problems) in &self.left_out {
            for problem in problems {
                tracing::error!(
                    site = self.config.site.id(),
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
}

/// The right to put other content in the place of the present one.
pub(super) struct Changing<'a> {
    contents: &'a Contents,
    _turn: MutexGuard<'a, ()>,
}

impl Contents {
    /// That of a configuration.
    pub(super) fn new(config: Config) -> Self {
        Self {
            present: ArcSwap::from_pointee(InForce::new(Arc::new(config), None, Arc::default())),
            changing: Mutex::new(()),
            fold: None,
        }
    }

    /// Has events taken in by what is in force from now on.
    pub(super) fn be_followed_by(&mut self, fold: ProfileFold) {
        self.fold = Some(fold);
    }

    /// What content comes to beside the configuration. Takes some milliseconds of a thread.
    pub(super) fn with(&self, posted: &Posted) -> Result<Config, Vec<ContentProblem>> {
        let config = self.present().config.clone();
        config.with_posted(posted)
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
        if let Some(kept) = store.content_in_force().await? {
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
    /// Puts a version into force.
    pub(super) fn put(&self, posted: Option<Arc<PostedVersion>>) {
        let (config, learned) = {
            let present = self.contents.present();
            (present.config.clone(), present.learned.clone())
        };
        self.replace(InForce::new(config, posted, learned));
    }

    /// Puts a version into force of which it is known what it comes to, see [`Contents::with`].
    pub(super) fn put_checked(&self, posted: PostedVersion, whole: Config) {
        let (config, learned) = {
            let present = self.contents.present();
            (present.config.clone(), present.learned.clone())
        };
        let posted = Some(Arc::new(posted));
        self.replace(InForce::of(config, posted, learned, whole, Vec::new()));
    }

    /// The same content by another configuration.
    pub(super) fn reconfigure(&self, config: Config) {
        let (posted, learned) = {
            let present = self.contents.present();
            (present.posted.clone(), present.learned.clone())
        };
        self.replace(InForce::new(Arc::new(config), posted, learned));
    }

    /// The same content with other shares.
    pub(super) fn share_out(&self, learned: Learned) {
        let (config, posted) = {
            let present = self.contents.present();
            (present.config.clone(), present.posted.clone())
        };
        self.replace(InForce::new(config, posted, Arc::new(learned)));
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
        self.contents.present.store(Arc::new(in_force));
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
