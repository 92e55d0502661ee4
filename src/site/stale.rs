//! Which explainers are due for another look, and how much that matters: by how many briefings show them as they
//! are now, and how recent those are.

use jiff::Span;
use jiff::civil::Date;

use super::explainers::used_versions;
use super::time::due_at;
use super::{EntryId, Site};
use crate::document::Kind;

/// An explainer that is due.
#[derive(Clone, Debug)]
pub struct Stale {
    /// Its page.
    pub page: EntryId,
    /// The date its facts are of.
    pub as_of: Option<Date>,
    /// Since when it is due: its `review_by`, else the end of the time that facts are good for.
    pub due: Date,
    /// How many briefings show this version.
    pub users: usize,
    /// The date of the newest of them.
    pub newest: Option<Date>,
    weight: f64,
}

/// In how many days a briefing loses half of its weight: who reads a story reads it in its first weeks.
const HALF_LIFE: f64 = 30.0;

/// The explainers that are due at the site's moment, what matters most first.
pub fn stale(site: &Site) -> Vec<Stale> {
    let explainers = site.entries.iter().enumerate().filter(|(_, entry)| entry.kind == Kind::Explainer);
    let mut all: Vec<Stale> = Vec::new();
    for stale in explainers.filter_map(|(page, _)| of(site, page)) {
        // Its translations that are as old are one with it.
        let id = |stale: &Stale| &site.entries[stale.page].id;
        match all.iter_mut().find(|other| id(other) == id(&stale) && other.due == stale.due) {
            Some(other) => other.join(&stale, site),
            None => all.push(stale),
        }
    }
    all.sort_by(|a, b| b.weight.total_cmp(&a.weight).then(a.due.cmp(&b.due)).then(a.page.cmp(&b.page)));
    all
}

impl Stale {
    fn join(&mut self, other: &Self, site: &Site) {
        if site.entries[other.page].language == site.config.language {
            self.page = other.page;
        }
        self.users += other.users;
        self.weight += other.weight;
        self.newest = self.newest.max(other.newest);
    }
}

/// Whether the explainer of a page is due, and how much that matters.
pub fn of(site: &Site, page: EntryId) -> Option<Stale> {
    let entry = &site.entries[page];
    let zone = &site.config.timezone;
    let as_of = entry.front.as_of.as_ref().map(|date| date.value);
    let due = match &entry.front.review_by {
        Some(date) => date.value,
        None => as_of?.saturating_add(
            Span::new().days(i64::try_from(site.config.check.stale_after).ok()?.min(100_000)),
        ),
    };
    due_at(due, zone).filter(|at| *at <= site.now)?;
    let today = today(site);
    let mut stale = Stale { page, as_of, due, users: 0, newest: None, weight: 0.0 };
    for user in site.uses.get(&page).into_iter().flatten() {
        let user = &site.entries[*user];
        // A story that goes on showing an older version has nothing to gain.
        if !used_versions(site, user, &entry.id).iter().any(|used| Some(used.as_of) == as_of) {
            continue;
        }
        stale.users += 1;
        let Some(date) = user.published.map(|moment| moment.date(zone)) else { continue };
        let age = f64::from((today - date).get_days().max(0));
        stale.weight += 0.5_f64.powf(age / HALF_LIFE);
        stale.newest = stale.newest.max(Some(date));
    }
    // Among those that nobody has read for long, many readers once are more than few.
    #[expect(clippy::cast_precision_loss, reason = "a number of briefings")]
    let many = stale.users as f64 * 1e-6;
    stale.weight += many;
    Some(stale)
}

/// The site's day.
pub fn today(site: &Site) -> Date {
    site.now.to_zoned_datetime(site.config.timezone.clone()).date()
}
