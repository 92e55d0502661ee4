//! The rules of the trade, looked at in every document of an edition and between them: what no build fails of, and
//! an editor would mend. Each rule is a function that turns a [`Story`] or the site into diagnostics; what a file
//! allows is taken out, and what it allows for nothing is said.

mod background;
mod dates;
pub mod fix;
mod headline;
mod letters;
mod links;
mod pictures;
mod quotes;
mod site;
mod text;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use rayon::prelude::*;

use crate::config::check::Check;
use crate::diagnostic::catalog::editorial as say;
use crate::diagnostic::{Code, Diagnostic, Nature, Span};
use crate::document::allow::Allowed;
use crate::document::prose::{self, Passage, Prose};
use crate::document::{Block, Document, Front};
use crate::edition::{Edition, World, check};
use crate::language::usage::Usage;
use crate::path::SitePath;
use crate::site::{Entry, Withheld};

/// A document as the rules see it.
pub struct Story<'a> {
    /// What it stands in.
    pub world: &'a World,
    /// The document with what other files decide about it.
    pub entry: &'a Entry,
    /// Its own front matter, without what it takes from its original.
    pub own: &'a Front,
    /// What is read of it, but for what is too long to be read.
    pub prose: Prose<'a>,
    /// Passages that are too long to be read: of them only that is said.
    pub giants: Vec<Passage>,
    /// The short texts of its front matter, headline first.
    pub front: Vec<Passage>,
    /// What is known of its language.
    pub usage: Option<&'static Usage>,
}

/// A rule about one document.
type Rule = fn(&Story<'_>, &mut Vec<Diagnostic>);

/// The rules about one document.
const RULES: &[Rule] = &[
    headline::long,
    headline::period,
    text::long_lede,
    text::long_paragraphs,
    text::acronyms,
    text::bold_starts,
    dates::relative,
    dates::without_year,
    dates::timelines,
    dates::updated,
    quotes::unattributed,
    quotes::marks,
    letters::mixed,
    letters::kazakh,
    pictures::lead,
    pictures::in_text,
    pictures::components,
    background::stale,
    links::addresses,
];

/// The rules between documents.
const BETWEEN: &[fn(&Edition) -> Vec<Diagnostic>] =
    &[headline::same, site::translations, site::unused_assets, site::orphan_pages];

/// What the rules say of every document, also of those that are still withheld: those are to be published.
pub fn all(edition: &Edition) -> Vec<Diagnostic> {
    let world = &*edition.world;
    let entries: Vec<&Entry> = stories(world).collect();
    let mut said: Vec<Diagnostic> = entries
        .par_iter()
        .flat_map_iter(|entry| {
            let story = Story::of(world, entry);
            let mut said = Vec::new();
            for rule in RULES {
                rule(&story, &mut said);
            }
            said
        })
        .collect();
    said.extend(BETWEEN.par_iter().flat_map_iter(|rule| rule(edition)).collect::<Vec<_>>());
    said.extend(unused(world, &entries, &said));
    check::settle(&world.site, said)
}

/// The documents that are looked at: those with a page, and those to come. Older versions of explainers and what
/// has expired are history.
fn stories(world: &World) -> impl Iterator<Item = &Entry> {
    let site = &world.site;
    let to_come = site.left_out.iter().filter(|left_out| !matches!(left_out.why, Withheld::Expired(_)));
    let to_come = to_come.map(|left_out| &left_out.entry);
    site.entries.iter().chain(to_come).map(|entry| &**entry)
}

impl<'a> Story<'a> {
    fn of(world: &'a World, entry: &'a Entry) -> Self {
        let document = &*entry.document;
        let own = &*document.front;
        let source = &*document.source;
        let mut prose = prose::read(document);
        let (passages, giants) = prose.passages.into_iter().partition(|passage| passage.text.len() <= GIANT);
        prose.passages = passages;
        Self {
            world,
            entry,
            own,
            prose,
            giants,
            front: texts_of(own, source),
            usage: Usage::of(&entry.language),
        }
    }

    /// Its settings of `check`.
    fn check(&self) -> &Check {
        &self.world.site.config.check
    }

    fn document(&self) -> &Document {
        &self.entry.document
    }

    /// The parts of the file that are said to be in another language.
    fn foreign(&self) -> Vec<Range<usize>> {
        let components = self.prose.components.iter();
        components
            .filter(|component| component.arguments.iter().any(|argument| argument.name.value == "lang"))
            .map(|component| component.at.start..end_of(&component.body).unwrap_or(component.at.end))
            .collect()
    }

    /// A place in its file.
    fn span(&self, at: &Range<usize>) -> Span {
        Span::new(&self.entry.document.path, at.clone())
    }

    /// Its front matter as a whole, for what is missing there.
    fn opening(&self) -> Span {
        self.span(&(0..3.min(self.document().source.len())))
    }
}

/// The longest passage that is read word by word, in bytes: no paragraph is longer.
const GIANT: usize = 20_000;

/// The short texts of front matter, headline first.
fn texts_of(front: &Front, source: &str) -> Vec<Passage> {
    let texts = front.texts().filter(|(text, _)| text.len() <= GIANT);
    let passages = texts.filter_map(|(text, at)| {
        if let Some(at) = at {
            return Some(Passage::of_front(text, source, at));
        }
        // What cannot be found is written in another way, and left alone.
        let at = front.at.start + source.get(front.at.clone())?.find(text)?;
        Some(Passage::of_front(text, source, &(at..at + text.len())))
    });
    passages.collect()
}

/// Where the headline of a document stands.
fn headline_of(entry: &Entry) -> Span {
    let at = entry.document.front.title.as_ref().map_or(0..0, |title| title.at.clone());
    Span::new(&entry.document.path, at)
}

/// The permissions that hide nothing.
fn unused(world: &World, entries: &[&Entry], said: &[Diagnostic]) -> Vec<Diagnostic> {
    let mut by_file: BTreeMap<&SitePath, BTreeSet<(Code, usize)>> = BTreeMap::new();
    for diagnostic in said {
        if let Some(span) = &diagnostic.span {
            by_file.entry(&span.file).or_default().insert((diagnostic.code, span.start));
        }
    }
    // What else may be allowed was looked for elsewhere.
    let is_on = |code: Code| match code.nature() {
        Nature::Rule => world.site.config.check.levels.get(&code).is_none_or(Option::is_some),
        Nature::QuietRule => world.site.config.check.levels.get(&code).is_some_and(Option::is_some),
        Nature::Error | Nature::Warning | Nature::Either => false,
    };
    let mut unused = Vec::new();
    for entry in entries {
        let found = by_file.get(&entry.document.path);
        for Allowed { code, scope } in check::allowed(&entry.document) {
            let hides = |(said, at): &(Code, usize)| {
                *said == code.value && scope.as_ref().is_none_or(|scope| scope.contains(at))
            };
            if is_on(code.value) && !found.is_some_and(|found| found.iter().any(hides)) {
                let span = Span::new(&entry.document.path, code.at.clone());
                unused.push(say::unused_allow(span, code.value.as_str()));
            }
        }
    }
    unused
}

/// Where blocks end.
fn end_of(blocks: &[Block]) -> Option<usize> {
    match blocks.last()? {
        Block::Markdown(markdown) => Some(markdown.range.end),
        Block::Component(component) => Some(end_of(&component.body).unwrap_or(component.at.end)),
    }
}
