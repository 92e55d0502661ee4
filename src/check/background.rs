//! Background that has grown old.

use super::Story;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::catalog::editorial as say;
use crate::document::Kind;
use crate::site::stale::{of, today};

/// An explainer that is due for review.
pub fn stale(story: &Story<'_>, d: &mut Vec<Diagnostic>) {
    let site = &story.world.site;
    let entry = story.entry;
    if entry.kind != Kind::Explainer {
        return;
    }
    let Some(page) = site.find(Kind::Explainer, &entry.id, &entry.language) else { return };
    if site.entries[page].document.path != entry.document.path {
        return;
    }
    let Some(stale) = of(site, page) else { return };
    match (&story.own.review_by, &entry.front.as_of) {
        (Some(date), _) => {
            d.push(say::review_due(story.span(&date.at), &date.value.to_string(), stale.users));
        }
        // What a translation takes from its original is said there.
        (None, Some(as_of))
            if entry.front.review_by.is_none()
                && (story.own.as_of.is_some() || story.document().identity.language.is_none()) =>
        {
            let days = (today(site) - as_of.value).get_days();
            let at = story.own.as_of.as_ref().map_or_else(|| story.opening(), |as_of| story.span(&as_of.at));
            d.push(say::not_reviewed(at, &as_of.value.to_string(), days, stale.users));
        }
        (None, _) => {}
    }
}
