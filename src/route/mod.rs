//! Every output a site has: one enum names the kinds, one list holds them all in a fixed order.

pub mod machine;

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher;
use std::ops::Range;

use foldhash::fast::FixedState;
use rayon::prelude::*;

use self::machine::{FeedFormat, HostFile, Sitemap, TwinForm};
use crate::diagnostic::catalog::site as say;
use crate::diagnostic::{Diagnostic, Span};
use crate::document::Kind;
use crate::media::{Inventory, is_for_hosts};
use crate::path::{OutputPath, SitePath, Url};
use crate::site::{EntryId, Group, Site};

/// One output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// The page of a briefing, an explainer or a plain page.
    Entry(EntryId),
    /// A page of a list: `None` is its first, the newest; older ones are numbered from the oldest.
    List {
        /// What it lists.
        list: List,
        /// In which language.
        language: String,
        /// Which page.
        page: Option<usize>,
    },
    /// What a host shows for an address that does not exist.
    NotFound {
        /// In which language.
        language: String,
    },
    /// A page that leads from an old address to the new one.
    Redirect {
        /// The old address.
        from: Url,
        /// The document that moved.
        to: EntryId,
    },
    /// The newest entries of a list, for feed readers.
    Feed {
        /// The list.
        list: List,
        /// In which language.
        language: String,
        /// In what form.
        format: FeedFormat,
    },
    /// A briefing in another form, for machines.
    Twin {
        /// The briefing.
        id: EntryId,
        /// The form.
        form: TwinForm,
    },
    /// What the site is, as a text for language models.
    Llms {
        /// In which language.
        language: String,
    },
    /// The page on which readers search.
    Search {
        /// In which language.
        language: String,
    },
    /// What a phone must know to keep the site among its programs.
    Manifest {
        /// In which language.
        language: String,
    },
    /// A list of pages for search engines.
    Sitemap(Sitemap),
    /// A file that a host reads.
    Host(HostFile),
    /// A file of static/ under its own name.
    Static {
        /// The name below static/.
        name: String,
        /// The file.
        file: SitePath,
    },
}

/// What a list lists.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum List {
    /// The front page.
    Home,
    /// All briefings.
    Briefings,
    /// The briefings of a section.
    Section(String),
    /// All explainers.
    Explainers,
    /// All topics.
    Topics,
    /// All authors.
    Authors,
    /// All running stories.
    Threads,
    /// All corrections.
    Corrections,
    /// The briefings of a topic, an author or a thread, with its text.
    Hub(Kind, String),
    /// The briefings that show an explainer: its page and what does not fit on it.
    UsedBy(EntryId),
}

/// How a list falls into pages. Older pages are full and never change again; the first holds the newest,
/// from one page's worth to just under two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pages {
    /// How many entries there are.
    pub total: usize,
    /// How many older pages there are.
    pub older: usize,
    per_page: usize,
}

impl Pages {
    /// The pages of a list of `total` entries.
    pub fn new(total: usize, per_page: usize) -> Self {
        Self { total, older: (total / per_page).saturating_sub(1), per_page }
    }

    /// The entries of a page, as a range of the list from the newest.
    pub fn range(self, page: Option<usize>) -> Range<usize> {
        match page {
            None => 0..self.total - self.older * self.per_page,
            Some(page) => {
                let end = self.total - (page - 1) * self.per_page;
                end - self.per_page..end
            }
        }
    }
}

/// All outputs of a site.
#[derive(Clone, Debug, Default)]
pub struct Routes {
    /// In their order.
    pub all: Vec<Route>,
    /// The parts into which the sitemap falls, as ranges of the pages that it lists.
    pub parts: Vec<Range<usize>>,
    by_url: HashMap<Url, usize, FixedState>,
}

impl Routes {
    /// Whether a page answers at an address.
    pub fn has(&self, url: &Url) -> bool {
        self.by_url.contains_key(url)
    }

    /// The route at an address.
    pub fn at(&self, url: &Url) -> Option<&Route> {
        self.by_url.get(url).map(|i| &self.all[*i])
    }

    /// The addresses of all pages, in no order.
    pub fn urls(&self) -> Vec<&str> {
        let mut urls: Vec<&str> = self.by_url.keys().map(Url::as_str).collect();
        urls.sort_unstable();
        urls
    }
}

/// The address of the first page of a list in a language.
pub fn list_url(site: &Site, list: &List, language: &str) -> Url {
    let prefix = site.config.prefix(language);
    let path = match list {
        List::Home => "/".into(),
        List::Briefings => "/briefings/".into(),
        List::Section(id) => format!("/{id}/"),
        List::Explainers => "/explainers/".into(),
        List::Topics => "/topics/".into(),
        List::Authors => "/authors/".into(),
        List::Threads => "/threads/".into(),
        List::Corrections => "/corrections/".into(),
        List::Hub(kind, id) => format!("/{}/{id}/", kind.folder()),
        List::UsedBy(id) => return site.entries[*id].url.clone(),
    };
    Url::parse(&format!("{prefix}{path}")).expect("ids of lists are slugs")
}

/// The address of a page of a list.
pub fn page_url(site: &Site, list: &List, language: &str, page: Option<usize>) -> Url {
    let first = list_url(site, list, language);
    match page {
        None => first,
        Some(page) => {
            let folder = first.as_str().trim_end_matches(".html").trim_end_matches('/');
            Url::parse(&format!("{folder}/page/{page}/")).expect("a number is a part of an address")
        }
    }
}

/// The documents a list lists, the newest first; none for lists of hubs and of corrections.
pub fn members<'a>(site: &'a Site, list: &List, language: &str) -> Cow<'a, [EntryId]> {
    let group = |group: Group<'_>| Cow::Borrowed(site.groups.of(group, language));
    match list {
        List::Home | List::Briefings => group(Group::All),
        List::Section(id) => group(Group::Section(id)),
        List::Hub(kind, id) => Group::of_hub(*kind, id).map_or_else(Cow::default, group),
        List::Explainers => {
            let mut explainers: Vec<EntryId> = site.groups.of_kind(Kind::Explainer, language).to_vec();
            explainers.sort_by_key(|id| {
                let entry = &site.entries[*id];
                (std::cmp::Reverse(entry.front.as_of.as_ref().map(|a| a.value)), entry.document.path.clone())
            });
            explainers.into()
        }
        List::UsedBy(id) => site.uses.get(id).map_or(&[][..], Vec::as_slice).into(),
        List::Topics | List::Authors | List::Threads | List::Corrections => Cow::default(),
    }
}

/// The corrections of a language: the entry and the index of the correction, the newest first.
pub fn corrections(site: &Site, language: &str) -> Vec<(EntryId, usize)> {
    let now = site.now;
    let corrected = site.groups.of(Group::Corrected, language).iter().copied();
    let mut all: Vec<(EntryId, usize)> = corrected
        .flat_map(|id| site.entries[id].front.corrections_until(now).map(move |(i, _)| (id, i)))
        .collect();
    all.sort_by_key(|(id, i)| {
        (std::cmp::Reverse(site.entries[*id].front.corrections[*i].date.value.at), *id, *i)
    });
    all
}

/// How a list falls into pages.
pub fn pages(site: &Site, list: &List, language: &str) -> Pages {
    let total = match list {
        List::Corrections => corrections(site, language).len(),
        _ => members(site, list, language).len(),
    };
    Pages::new(total, site.config.per_page)
}

/// Every output of a site, and an error for every two at one path.
pub fn routes(site: &Site, inventory: &Inventory) -> (Routes, Vec<Diagnostic>) {
    let mut all = Vec::with_capacity(site.entries.len() * 3 / 2);
    for (id, entry) in site.entries.iter().enumerate() {
        match entry.kind {
            Kind::Briefing | Kind::Page => all.push(Route::Entry(id)),
            Kind::Explainer => {
                all.push(Route::Entry(id));
                let list = List::UsedBy(id);
                let older = pages(site, &list, &entry.language).older;
                all.extend((1..=older).rev().map(|page| Route::List {
                    list: list.clone(),
                    language: entry.language.clone(),
                    page: Some(page),
                }));
            }
            Kind::Topic | Kind::Author | Kind::Thread => {}
        }
    }
    for language in site.languages() {
        for list in lists(site, language) {
            let older = pages(site, &list, language).older;
            let pages = std::iter::once(None).chain((1..=older).rev().map(Some));
            all.extend(pages.map(|page| Route::List {
                list: list.clone(),
                language: language.to_owned(),
                page,
            }));
        }
        all.push(Route::NotFound { language: language.to_owned() });
    }
    for (id, entry) in site.entries.iter().enumerate() {
        let aliases = entry.front.aliases.iter();
        all.extend(aliases.map(|alias| Route::Redirect { from: alias.value.clone(), to: id }));
    }
    machine::add(site, inventory, &mut all);
    // Of the built-in theme only what pages name is published, under its hashed name.
    let statics = inventory.statics.iter().filter(|(_, file)| !file.as_str().starts_with("nutgraf/"));
    let statics = statics.filter(|(name, _)| !is_for_hosts(name));
    // How many files the search engine has is known when it is made: its folder is its own.
    let is_taken = |name: &str| site.config.search && name.starts_with("pagefind/");
    let taken = inventory.statics.iter().filter(|(name, _)| is_taken(name));
    let taken = taken
        .map(|(name, file)| say::duplicate_url(Span::file(file), &format!("/{name}"), "the search engine"));
    let mut said: Vec<Diagnostic> = taken.collect();
    all.extend(statics.map(|(name, file)| Route::Static { name: name.clone(), file: file.clone() }));
    let (routes, more) = place(site, all);
    said.extend(more);
    (routes, said)
}

/// The lists of a language.
fn lists(site: &Site, language: &str) -> Vec<List> {
    let mut lists = vec![List::Home, List::Briefings];
    lists.extend(site.config.sections.iter().map(|s| List::Section(s.id.clone())));
    lists.extend([List::Explainers, List::Topics, List::Authors, List::Threads, List::Corrections]);
    for kind in [Kind::Topic, Kind::Author, Kind::Thread] {
        lists.extend(site.hubs(kind, language).into_iter().map(|id| List::Hub(kind, id)));
    }
    lists
}

impl Route {
    /// The address of a page; files of static/ have none.
    pub fn url(&self, site: &Site) -> Option<Url> {
        match self {
            Self::Entry(id) => Some(site.entries[*id].url.clone()),
            Self::List { list, language, page } => Some(page_url(site, list, language, *page)),
            Self::NotFound { language } => Url::parse(&format!("{}/404.html", site.config.prefix(language))),
            Self::Redirect { from, .. } => Some(from.clone()),
            Self::Feed { list, language, format } => {
                Some(machine::beside(site, list, language, format.file()))
            }
            Self::Twin { id, form } => Some(machine::twin_url(site, *id, *form)),
            Self::Llms { language } => Some(machine::beside(site, &List::Home, language, "llms.txt")),
            Self::Search { language } => Some(machine::beside(site, &List::Home, language, "search/")),
            Self::Manifest { language } => {
                Some(machine::beside(site, &List::Home, language, "site.webmanifest"))
            }
            Self::Sitemap(Sitemap::Main) => Url::parse("/sitemap.xml"),
            Self::Sitemap(Sitemap::Part(part)) => Url::parse(&format!("/sitemap-{part}.xml")),
            Self::Sitemap(Sitemap::News) => Url::parse("/news-sitemap.xml"),
            Self::Host(file) => Url::parse(&format!("/{}", file.name())),
            Self::Static { .. } => None,
        }
    }

    /// What kind of page it is, for counting; nothing for what is no page.
    pub fn page_kind(&self, site: &Site) -> Option<&'static str> {
        match self {
            Self::Entry(id) => Some(site.entries[*id].kind.name()),
            Self::List { list: List::Home, .. } => Some("front page"),
            Self::List { list: List::Hub(kind, _), .. } => Some(kind.name()),
            Self::List { .. } => Some("list"),
            Self::NotFound { .. } => Some("404"),
            Self::Search { .. } => Some("search"),
            Self::Redirect { .. }
            | Self::Feed { .. }
            | Self::Twin { .. }
            | Self::Llms { .. }
            | Self::Manifest { .. }
            | Self::Sitemap(_)
            | Self::Host(_)
            | Self::Static { .. } => None,
        }
    }

    /// The file it is written to.
    pub fn output(&self, site: &Site) -> OutputPath {
        match (self, self.url(site)) {
            (Self::Static { name, .. }, _) => OutputPath::of_static(name),
            // Some have names without an ending, which as addresses would be folders.
            (Self::Host(file), _) => OutputPath::of_static(file.name()),
            (_, Some(url)) => url.output(),
            (_, None) => OutputPath::of_static("404.html"),
        }
    }

    /// What makes it, for a message that two outputs have one path.
    fn made_by(&self, site: &Site) -> String {
        match self {
            Self::Entry(id) => site.entries[*id].document.path.to_string(),
            Self::List { list, .. } => match list {
                List::Home => "the front page".into(),
                List::Section(id) => format!("the section `{id}`"),
                List::Hub(kind, id) => format!("the {} `{id}`", kind.name()),
                List::UsedBy(id) => site.entries[*id].document.path.to_string(),
                List::Briefings => "the list of all briefings".into(),
                List::Explainers => "the list of all explainers".into(),
                List::Topics => "the list of all topics".into(),
                List::Authors => "the list of all authors".into(),
                List::Threads => "the list of all running stories".into(),
                List::Corrections => "the list of all corrections".into(),
            },
            Self::NotFound { .. } => "the page for missing addresses".into(),
            Self::Redirect { to, .. } => format!("an alias in {}", site.entries[*to].document.path),
            Self::Feed { .. } => "a feed".into(),
            Self::Twin { id, .. } => format!("the twin of {}", site.entries[*id].document.path),
            Self::Llms { .. } => "`twins: [llms]`".into(),
            Self::Search { .. } => "the search page".into(),
            Self::Manifest { .. } => "the site's manifest".into(),
            Self::Sitemap(_) => "the sitemap".into(),
            Self::Host(_) => "a file for hosts".into(),
            Self::Static { file, .. } => file.to_string(),
        }
    }

    /// Where to point when its path is taken.
    fn span(&self, site: &Site) -> Span {
        match self {
            Self::Entry(id) | Self::List { list: List::UsedBy(id), .. } | Self::Twin { id, .. } => {
                let entry = &site.entries[*id];
                let slug = entry.front.slug.as_ref().map(|s| s.at.clone());
                Span::new(&entry.document.path, slug.unwrap_or(0..0))
            }
            Self::Redirect { from, to } => {
                let entry = &site.entries[*to];
                let alias = entry.front.aliases.iter().find(|a| a.value == *from);
                Span::new(&entry.document.path, alias.map_or(0..0, |a| a.at.clone()))
            }
            Self::Static { file, .. } => Span::file(file),
            Self::List { list: List::Hub(kind, id), language, .. } => match site.find(*kind, id, language) {
                Some(entry) => Span::file(&site.entries[entry].document.path),
                None => Span::file(&SitePath::new("nutgraf.yaml")),
            },
            Self::List { .. }
            | Self::NotFound { .. }
            | Self::Feed { .. }
            | Self::Llms { .. }
            | Self::Search { .. }
            | Self::Manifest { .. }
            | Self::Sitemap(_)
            | Self::Host(_) => Span::file(&SitePath::new("nutgraf.yaml")),
        }
    }
}

/// A route with its address and the file it is written to.
type Addressed = (Route, Option<Url>, OutputPath);

/// Puts routes in their order, all but those whose path another has already.
fn place(site: &Site, all: Vec<Route>) -> (Routes, Vec<Diagnostic>) {
    let addressed: Vec<Addressed> = all
        .into_par_iter()
        .map(|route| {
            let url = route.url(site);
            let output = route.output(site);
            (route, url, output)
        })
        .collect();
    let mut diagnostics = Vec::new();
    let addressed = if collide(&addressed) { apart(site, addressed, &mut diagnostics) } else { addressed };
    let mut routes = Routes { all: Vec::with_capacity(addressed.len()), ..Routes::default() };
    routes.by_url.reserve(addressed.len());
    for (route, url, _) in addressed {
        if let Some(url) = url {
            routes.by_url.insert(url, routes.all.len());
        }
        routes.all.push(route);
    }
    routes.parts = machine::parts(site, &routes.all);
    (routes, diagnostics)
}

/// Whether any two routes may be in each other's way. Nearly always none are, and then nothing more has to
/// be known about who takes which path.
fn collide(addressed: &[Addressed]) -> bool {
    let hasher = FixedState::default();
    let mut paths: Vec<u64> =
        addressed.par_iter().map(|(_, _, output)| hasher.hash_one(output.as_str())).collect();
    paths.par_sort_unstable();
    // A file that is no `index.html` has a name that could be a folder's too.
    let is_index = |path: &str| path == "index.html" || path.ends_with("/index.html");
    let outputs = || addressed.iter().map(|(_, _, output)| output.as_str());
    let files: HashSet<&str, FixedState> = outputs().filter(|path| !is_index(path)).collect();
    let is_below = |path: &str| {
        path.contains("index.html/") || path.match_indices('/').any(|(i, _)| files.contains(&path[..i]))
    };
    paths.windows(2).any(|pair| pair[0] == pair[1])
        || addressed.par_iter().any(|(_, _, output)| is_below(output.as_str()))
}

/// Those routes that have a path of their own; each of the others is an error.
fn apart(site: &Site, addressed: Vec<Addressed>, d: &mut Vec<Diagnostic>) -> Vec<Addressed> {
    let mut files: HashMap<OutputPath, usize, FixedState> = HashMap::default();
    let mut folders: HashMap<String, usize, FixedState> = HashMap::default();
    let mut kept: Vec<Addressed> = Vec::with_capacity(addressed.len());
    for (route, url, output) in addressed {
        let path = output.as_str();
        let above = || path.match_indices('/').find_map(|(i, _)| files.get(&path[..i]));
        if let Some(other) = files.get(path).or_else(above).or_else(|| folders.get(path)) {
            d.push(duplicate(site, &route, &kept[*other].0, url.as_ref(), &output));
            continue;
        }
        for (i, _) in path.match_indices('/') {
            folders.entry(path[..i].to_owned()).or_insert(kept.len());
        }
        files.insert(output.clone(), kept.len());
        kept.push((route, url, output));
    }
    kept
}

fn duplicate(
    site: &Site,
    route: &Route,
    other: &Route,
    url: Option<&Url>,
    output: &OutputPath,
) -> Diagnostic {
    let shown = url.map_or_else(|| format!("/{output}"), ToString::to_string);
    let span = route.span(site);
    // A list has no file to point at: then it is the other one that must move.
    if span.file.as_str() == "nutgraf.yaml" {
        say::duplicate_url(other.span(site), &shown, &route.made_by(site))
    } else {
        say::duplicate_url(span, &shown, &other.made_by(site))
    }
}

#[cfg(test)]
mod tests {
    use super::Pages;

    #[test]
    fn older_pages_are_full_and_never_change() {
        for (total, first, older) in
            [(0, 0, 0), (19, 19, 0), (20, 20, 0), (39, 39, 0), (40, 20, 1), (59, 39, 1), (60, 20, 2)]
        {
            let pages = Pages::new(total, 20);
            assert_eq!((pages.range(None).len(), pages.older), (first, older), "{total}");
        }
        // The 20 oldest are page 1, however many come after them.
        assert_eq!(Pages::new(45, 20).range(Some(1)), 25..45);
        assert_eq!(Pages::new(65, 20).range(Some(1)), 45..65);
        assert_eq!(Pages::new(65, 20).range(Some(2)), 25..45);
    }
}
