//! The person behind a visitor's id: one profile of all their browsers, settled at the moment of
//! the request.

use firstglance_engine::{Evaluation, Profile, Timestamp, VisitorId};

use super::super::App;
use super::super::error::HttpError;
use crate::clock;

/// See the module.
pub(in crate::http) struct Known {
    pub(in crate::http) visitors: Vec<VisitorId>,
    pub(in crate::http) profile: Profile,
    pub(in crate::http) now: Timestamp,
}

impl Known {
    pub(in crate::http) async fn of(app: &App, visitor: &VisitorId) -> Result<Self, HttpError> {
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

    pub(in crate::http) fn evaluation(&self, app: &App) -> Evaluation {
        Evaluation::of(&self.profile, &app.model(), self.now)
    }
}
