//! What can be done with visitors: everything that is held on one as a document, everything as files,
//! erasing, and undoing a merge. Each is what the route for administrators does.

use crate::http::admin::{access as held, erase as erasing, export as exporting};
use crate::http::console::view::View;
use crate::http::console::{HttpError, Shown};
use crate::store::merges::Undo;

/// Everything that is held on a visitor, or on the person, as one document.
pub(in crate::http::console) async fn access(view: &View<'_>) -> Result<Shown, HttpError> {
    let visitor = view.visitor()?;
    let answer = held::answer(view.app, view.uri, &visitor).await?;
    Ok(Shown::Answer(answer))
}

/// Everything, or what belongs to a segment, as a file.
pub(in crate::http::console) async fn export(view: &View<'_>) -> Result<Shown, HttpError> {
    let answer = exporting::answer(view.app, view.uri).await?;
    Ok(Shown::Answer(answer))
}

/// Erases a visitor, or all browsers of the person.
pub(in crate::http::console) async fn erase(view: &View<'_>) -> Result<Shown, HttpError> {
    let visitor = view.visitor()?;
    let person = view.field("person") == Some("true");
    let erased = erasing::of(view.app, visitor, person).await?;
    view.told(erased.len());
    let count = erased.len().to_string();
    Ok(Shown::SeeOther(
        view.link("profiles", &[("erased", &count)]),
    ))
}

/// Undoes a merge that concerns a visitor, and shows that visitor again.
pub(in crate::http::console) async fn undo(view: &View<'_>) -> Result<Shown, HttpError> {
    let visitor = view.visitor()?;
    let number = view.field("merge").and_then(|text| text.parse().ok());
    let access = &view.session.access;
    let undo = Undo {
        merge: number.ok_or(HttpError::Merge)?,
        token: access.id.clone(),
        name: access.name.clone(),
        now: view.now,
    };
    let (_, together) = HttpError::unless_done(view.app.store.undo(undo).await?)?;
    view.told(1);
    let outcome = if together { "together" } else { "apart" };
    let profile = view.profile(&visitor);
    Ok(Shown::SeeOther(format!(
        "{profile}?undone={outcome}#merges"
    )))
}
