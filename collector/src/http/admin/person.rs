//! The person behind a visitor's id: one profile of all their browsers, settled at the moment of
//! the request.

use firstglance_engine::{Evaluation, Profile, Timestamp, VisitorId};

use super::super::App;
use super::super::error::HttpError;
use crate::clock;

/// See the module.
pub(super) struct Known {
    pub(super) visitors: Vec<VisitorId>,
    pub(super) profile: Profile,
    pub(super) now: Timestamp,
}

impl Known {
    pub(super) async fn of(app: &App, visitor: &VisitorId) -> Result<Self, HttpError> {
        let person = app.store.person(visitor).await?;
        let visitors: Vec<VisitorId> = person.visitors().map(|(id, _)| id.clone()).collect();
        if visitors.is_empty() {
            return Err(HttpError::Visitor);
        }
        let now = clock::now();
        let mut profile = person.profile(&app.model());
        // On this copy alone: what is stored is settled by whoever may write.
        profile.settle_recorded(&app.model(), now);
        Ok(Self {
            visitors,
            profile,
            now,
        })
    }

    pub(super) fn evaluation(&self, app: &App) -> Evaluation {
        Evaluation::of(&self.profile, &app.model(), self.now)
    }
}
