//! What linking, lists and metadata need to know of a document's text without rendering it.

use std::collections::BTreeMap;
use std::ops::Range;

use super::allow::Allowed;
use crate::fields::Located;

/// Facts of a text.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// Headings and sections in the order of the text.
    pub headings: Vec<Heading>,
    /// Ids of everything that can be linked to, besides headings.
    pub anchors: Vec<String>,
    /// Links to pages, as written.
    pub links: Vec<Located<String>>,
    /// Pictures and files the text names, as written.
    pub files: Vec<Located<String>>,
    /// Explainers shown in the text.
    pub explainers: Vec<ExplainerRef>,
    /// The components of the text.
    pub components: Vec<Located<String>>,
    /// The first paragraph as text: the lede.
    pub lede: String,
    /// Where the first paragraph stands.
    pub lede_at: Option<Range<usize>>,
    /// Footnotes by label: where each is written.
    pub footnotes: BTreeMap<String, Range<usize>>,
    /// How many characters a reader reads.
    pub characters: usize,
    /// Messages that the text may give, by its comments.
    pub allowed: Vec<Allowed>,
    /// Whether the text holds HTML.
    pub has_html: bool,
}

/// A heading or a section with a title.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heading {
    /// Its id, unique in the document.
    pub id: String,
    /// Its level in a page, 2 to 6.
    pub level: u8,
    /// Its text.
    pub title: String,
    /// The byte it starts at.
    pub start: usize,
}

/// A place where an explainer is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct ExplainerRef {
    /// The explainer's id.
    pub id: Located<String>,
    /// Which version: a date or `latest`; the one in force when absent.
    pub version: Option<Located<String>>,
    /// `summary`, `full` or `collapsed`.
    pub show: Option<String>,
}

impl ExplainerRef {
    /// An explainer named by its id alone.
    pub fn of(id: Located<String>) -> Self {
        Self { id, version: None, show: None }
    }
}

/// Whether a link leads to no page by its looks, but to a file beside the text.
pub fn could_be_file(link: &str) -> bool {
    let name = link.rsplit('/').next().unwrap_or(link);
    !link.starts_with(['/', '#']) && name.contains('.') && !name.ends_with(".md")
}

impl Facts {
    /// The id of the heading that starts at a byte.
    pub fn heading_id(&self, start: usize) -> Option<&str> {
        self.headings.iter().find(|h| h.start == start).map(|h| h.id.as_str())
    }

    /// Whether something in the text has this id.
    pub fn has_anchor(&self, id: &str) -> bool {
        self.headings.iter().any(|h| h.id == id) || self.anchors.iter().any(|a| a == id)
    }

    /// What of the text could name a file: pictures, and links that lead to no page by their looks.
    pub fn named_files(&self) -> impl Iterator<Item = &String> {
        let files = self.files.iter().map(|file| &file.value);
        files.chain(self.links.iter().map(|link| &link.value).filter(|link| could_be_file(link)))
    }

    /// Whether a site with this text links as with another.
    pub fn links_like(&self, other: &Self) -> bool {
        self.explainers == other.explainers && self.named_files().eq(other.named_files())
    }

    /// Every id of the text.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.headings.iter().map(|h| h.id.as_str()).chain(self.anchors.iter().map(String::as_str))
    }

    /// Whether the text calls a component.
    pub fn uses(&self, component: &str) -> bool {
        self.components.iter().any(|c| c.value == component)
    }
}
