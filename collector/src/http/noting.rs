//! What the audit log is told of requests that are about visitors or change something: who asked, before the
//! answer leaves, and of a change also before it is made, so that there is a line whatever happens then.

use firstglance_engine::VisitorId;
use hyper::StatusCode;

use super::App;
use super::error::HttpError;
use crate::store::audit::AuditEntry;

/// A request of which the audit log has a line.
pub(super) struct Noting<'a> {
    pub(super) app: &'a App,
    /// Who asks, for what, and about whom where the path says so.
    pub(super) entry: AuditEntry,
    /// The path of the route, with a name in braces in place of an id.
    pub(super) route: &'static str,
    /// Whether it changes something.
    pub(super) changes: bool,
    /// Why it is not answered, where it is not.
    pub(super) refused: Option<HttpError>,
}

/// What is told of an answer.
pub(super) struct Outcome {
    pub(super) status: StatusCode,
    /// How many visitors, events or the like it is about, where that is known.
    pub(super) count: Option<u64>,
    /// Whom it turned out to be about, where the path did not say.
    pub(super) visitor: Option<VisitorId>,
}

impl Outcome {
    /// That nothing but the status is known.
    pub(super) const fn of(status: StatusCode) -> Self {
        Self {
            status,
            count: None,
            visitor: None,
        }
    }
}

impl Noting<'_> {
    /// Answers, unless it is refused, and has the log say what came of it.
    ///
    /// # Errors
    /// Those of the answer; and of a change, that the log cannot be written.
    pub(super) async fn answered<T>(
        self,
        answering: impl Future<Output = Result<T, HttpError>>,
        told: impl FnOnce(&Result<T, HttpError>) -> Outcome,
    ) -> Result<T, HttpError> {
        let Self {
            app,
            mut entry,
            route,
            changes,
            refused,
        } = self;
        let answered = match refused {
            Some(error) => Err(error),
            None => {
                if changes {
                    app.store.note(entry.clone()).await?;
                }
                answering.await
            }
        };
        let Outcome {
            status,
            count,
            visitor,
        } = told(&answered);
        entry.status = Some(status.as_u16());
        entry.count = count;
        if let Some(visitor) = visitor {
            entry.visitor = Some(app.cookie.pseudonym(&visitor).into());
        }
        let (token, name) = (entry.token.clone(), entry.name.clone());
        match app.store.note(entry).await {
            Err(error) if changes => Err(error.into()),
            // What is stored can be looked at while nothing more can be stored; then this log has it.
            Err(error) => {
                let (token, name) = (&*token, &*name);
                tracing::error!(%error, token, name, route, "the audit log cannot be written");
                answered
            }
            Ok(()) => answered,
        }
    }
}
