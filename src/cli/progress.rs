//! A bar on the terminal, for work that takes longer than half a second.

use std::io::IsTerminal;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::Session;
use crate::build::Work;

/// How long work takes before a bar is shown.
const PATIENCE: Duration = Duration::from_millis(500);

/// What a bar is about.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Job {
    /// A part of a build.
    Building(Work),
    /// A deploy.
    Shipping,
}

impl From<Work> for Job {
    fn from(work: Work) -> Self {
        Self::Building(work)
    }
}

/// The bar of a command.
#[derive(Clone)]
pub struct Bar {
    started: Instant,
    /// Whether one is to be seen: there is a terminal, and the bar was not taken away.
    is_wanted: Arc<AtomicBool>,
    /// What it shows at the moment.
    shown: Arc<Mutex<Option<(Job, ProgressBar)>>>,
}

impl Bar {
    /// A bar that is not seen yet.
    pub fn new(session: &Session, started: Instant) -> Self {
        let is_wanted = std::io::stderr().is_terminal() && !session.quiet;
        Self { started, is_wanted: Arc::new(AtomicBool::new(is_wanted)), shown: Arc::default() }
    }

    /// Shows how far the work is.
    pub fn tell(&self, job: impl Into<Job>, done: usize, total: usize) {
        let job = job.into();
        // Pages are made by the thousand: not each is worth a look at the clock.
        let is_worth_it = job != Job::Building(Work::Pages) || done.is_multiple_of(64) || done == total;
        if !self.is_wanted.load(Ordering::Relaxed) || !is_worth_it || self.started.elapsed() < PATIENCE {
            return;
        }
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        if shown.as_ref().is_none_or(|(of, _)| *of != job) {
            *shown = Some((job, style(job, total)));
        }
        if let Some((_, bar)) = &*shown {
            bar.set_position(done as u64);
        }
    }

    /// What tells the bar of one kind of work.
    pub fn of(&self, work: Work) -> Arc<dyn Fn(usize, usize) + Send + Sync> {
        let bar = self.clone();
        Arc::new(move |done, total| bar.tell(work, done, total))
    }

    /// Takes the bar away for good.
    pub fn clear(&self) {
        self.is_wanted.store(false, Ordering::Relaxed);
        if let Some((_, bar)) = self.shown.lock().unwrap_or_else(PoisonError::into_inner).take() {
            bar.finish_and_clear();
        }
    }
}

fn style(job: Job, total: usize) -> ProgressBar {
    let template = match job {
        Job::Building(Work::Looking) => "{bar:32} {pos}/{len} pictures looked at",
        Job::Building(Work::Pages) => "{bar:32} {pos}/{len} pages",
        Job::Building(Work::Pictures) => "{bar:32} {pos}/{len} pictures made",
        Job::Shipping => "{bar:32} {pos}/{len} steps, {eta} to go",
    };
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(total as u64).with_style(style)
}
