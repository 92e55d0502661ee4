//! What is withheld, looked for in what is about to be published. Everything that is withheld was left out long
//! before; this looks whether that is true, and whether a data file, a template or a file of static/ tells it.

use std::borrow::Cow;
use std::collections::BTreeSet;

use aho_corasick::AhoCorasick;
use rayon::prelude::*;

use crate::diagnostic::catalog::editorial as say;
use crate::diagnostic::{Diagnostic, Span};
use crate::document::{Kind, prose};
use crate::edition::Edition;
use crate::language::excerpt;
use crate::language::heads::is_abbreviation;
use crate::links::{files_of, named_files};
use crate::media;
use crate::media::recipe::Hash;
use crate::path::{OutputPath, SitePath};
use crate::site::{Entry, LeftOut, Withheld};
use crate::tree::Tree;

/// Shorter titles and sentences than this, in words, stand anywhere.
const WORDS: usize = 3;

/// What is looked for.
pub struct Leaks<'a> {
    edition: &'a Edition,
    /// Headlines and first sentences.
    texts: Vec<Secret<'a>>,
    /// Slugs, or whole addresses where a slug is a word like another.
    slugs: Vec<Secret<'a>>,
    /// Finds one word of each text, as a reason to look closer: what a page holds is not decoded for nothing.
    words: Option<AhoCorasick>,
    /// Finds whole texts.
    whole: Option<AhoCorasick>,
    /// Finds slugs.
    addresses: Option<AhoCorasick>,
}

struct Secret<'a> {
    left_out: &'a LeftOut,
    kind: SecretKind,
    /// The text, its spaces plain.
    text: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum SecretKind {
    Slug,
    Title,
    Sentence,
}

impl<'a> Leaks<'a> {
    /// What of an edition is withheld, without what published files say themselves.
    pub fn of(edition: &'a Edition) -> Self {
        let (mut texts, mut slugs) = (Vec::new(), Vec::new());
        let all = &edition.world.site.left_out;
        let ids = if all.is_empty() { BTreeSet::new() } else { published_ids(edition) };
        for left_out in all.iter() {
            let entry = &left_out.entry;
            // Versions of an explainer share their id with those that are published.
            if !ids.contains(&*entry.id) {
                // `water` and `2023` stand in addresses of all kinds.
                let is_telling =
                    entry.id.contains('-') && entry.id.contains(|c: char| c.is_ascii_alphabetic());
                let text = if is_telling { &*entry.id } else { entry.url.as_str().trim_matches('/') };
                slugs.push(Secret { left_out, kind: SecretKind::Slug, text: text.to_owned() });
            }
            let candidates =
                [(SecretKind::Title, entry.title()), (SecretKind::Sentence, first_sentence(entry))];
            for (kind, text) in candidates {
                if excerpt::words(text).filter(|word| word.contains(char::is_alphanumeric)).count() >= WORDS {
                    texts.push(Secret { left_out, kind, text: flat(text) });
                }
            }
        }
        let addresses = finder(slugs.iter().map(|secret| secret.text.as_str()));
        let mut leaks = Self { edition, texts, slugs, words: None, whole: None, addresses };
        leaks.index();
        leaks.forget_published();
        leaks
    }

    fn index(&mut self) {
        self.words = finder(self.texts.iter().map(|secret| longest_word(&secret.text)));
        self.whole = finder(self.texts.iter().map(|secret| secret.text.as_str()));
    }

    /// Takes out headlines and sentences that stand in a source that is published: they are no secrets.
    fn forget_published(&mut self) {
        let (Some(words), Some(whole)) = (&self.words, &self.whole) else { return };
        let found = |text: &str| -> Vec<usize> {
            whole.find_overlapping_iter(text).map(|found| found.pattern().as_usize()).collect()
        };
        let world = &self.edition.world;
        let entries = world.site.entries.par_iter().chain(world.site.older.par_iter());
        let mut known: BTreeSet<usize> = entries
            .filter(|entry| words.is_match(&*entry.document.source))
            .flat_map_iter(|entry| found(&said_by(entry)))
            .collect();
        // The words of the interface are no secrets; what a site's own templates and data say may be.
        for (path, source) in &self.edition.theme.sources {
            if path.as_str().starts_with("nutgraf/") || path.as_str().contains("/strings/") {
                known.extend(found(&flat(source)));
            }
        }
        let config = &world.site.config;
        let own = config.languages.values().flat_map(|own| &own.title);
        let sections = config.sections.iter().flat_map(|section| section.titles.values());
        for text in std::iter::once(&config.title).chain(own).chain(sections) {
            known.extend(found(&flat(text)));
        }
        let mut i = 0;
        self.texts.retain(|_| {
            i += 1;
            !known.contains(&(i - 1))
        });
        self.index();
    }

    /// Whether nothing is withheld that could be told.
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty() && self.slugs.is_empty()
    }

    /// What an output tells.
    pub fn look(&self, path: &OutputPath, bytes: &[u8]) -> Vec<Diagnostic> {
        if self.is_empty() {
            return Vec::new();
        }
        let mut said = Vec::new();
        let segments = || path.as_str().split('/').map(|segment| segment.trim_end_matches(".html"));
        let folder = path.as_str().trim_end_matches("index.html").trim_end_matches('/');
        let in_path =
            |secret: &&Secret<'_>| secret.text == folder || segments().any(|part| part == secret.text);
        said.extend(self.slugs.iter().filter(in_path).map(|secret| self.tell(secret, path, Certainty::Sure)));
        let text = String::from_utf8_lossy(bytes);
        // Letters that are written as numbers, and escaped slashes, hide what they spell.
        let has_escapes = ["&#", "\\u", "\\/"].iter().any(|escape| text.contains(escape));
        let text = if has_escapes { Cow::Owned(decoded(&text)) } else { text };
        let found = |finder: &Option<AhoCorasick>, text: &str| -> BTreeSet<usize> {
            let found = finder.iter().flat_map(|finder| finder.find_overlapping_iter(text));
            found.map(|found| found.pattern().as_usize()).collect()
        };
        for i in found(&self.addresses, &text) {
            if self.links_to(&text, &self.slugs[i].text) {
                said.push(self.tell(&self.slugs[i], path, Certainty::Likely));
            }
        }
        if self.words.as_ref().is_some_and(|words| words.is_match(&*text)) {
            let mut told = found(&self.whole, &decoded(&text));
            told.extend(found(&self.whole, &decoded(&without_tags(&text))));
            said.extend(told.into_iter().map(|i| self.tell(&self.texts[i], path, Certainty::Sure)));
        }
        said
    }

    /// Whether a text names an address of this site with a slug in it.
    fn links_to(&self, text: &str, slug: &str) -> bool {
        let origin = &self.edition.world.site.config.origin;
        let ends =
            |c: char| matches!(c, '"' | '\'' | '<' | '>' | '(' | ')' | ',' | '=' | '\\') || c.is_whitespace();
        text.match_indices(slug).any(|(i, _)| {
            let start = text[..i]
                .rfind(ends)
                .map_or(0, |at| at + text[at..].chars().next().map_or(1, char::len_utf8));
            let before = &text[start..i];
            let after = &text[i + slug.len()..];
            let after = after.strip_prefix(".html").unwrap_or(after);
            let is_segment = (before.ends_with('/') || slug.contains('/'))
                && (after.starts_with(|c| ends(c) || matches!(c, '/' | '#' | '?')) || after.is_empty());
            let is_ours = before.strip_prefix(origin).is_some_and(|path| path.starts_with('/'))
                || !before.contains("//") && !before.contains(':');
            // `</b>` closes an element.
            is_segment && is_ours && !text[..start].ends_with('<')
        })
    }

    fn tell(&self, secret: &Secret<'_>, path: &OutputPath, certainty: Certainty) -> Diagnostic {
        let LeftOut { entry, why } = secret.left_out;
        let what = match secret.kind {
            SecretKind::Slug => "the slug of this",
            SecretKind::Title => "the headline of this",
            SecretKind::Sentence => "the first sentence of this",
        };
        let at = match (secret.kind, &entry.document.front.title, &entry.document.facts.lede_at) {
            (SecretKind::Title, Some(title), _) => title.at.clone(),
            (SecretKind::Sentence, _, Some(lede)) => lede.clone(),
            _ => 0..0,
        };
        let stops = is_embargoed(entry)
            || match why {
                Withheld::Draft | Withheld::Future(_) | Withheld::Embargo(_) => certainty == Certainty::Sure,
                Withheld::Expired(_) => false,
            };
        let reason = why.reason(&self.edition.world.site.config.timezone);
        say::withheld_leak(Span::new(&entry.document.path, at), what, path.as_str(), &reason, stops)
    }
}

/// How sure it is that what was found is the secret.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Certainty {
    /// It is.
    Sure,
    /// It may be another thing of that name.
    Likely,
}

/// A search for many texts at once; nothing to search for, nothing found.
fn finder<'a>(texts: impl Iterator<Item = &'a str>) -> Option<AhoCorasick> {
    let texts: Vec<&str> = texts.collect();
    if texts.is_empty() { None } else { AhoCorasick::new(texts).ok() }
}

/// All that a published document says: its text as it is written and as it is read, and its front matter.
fn said_by(entry: &Entry) -> String {
    let mut texts = vec![flat(&entry.document.source)];
    texts.extend(prose::read(&entry.document).passages.iter().map(|passage| flat(&passage.text)));
    texts.extend(entry.front.texts().map(|(text, _)| flat(text)));
    texts.join("\n")
}

/// Whether a document must not be seen before a moment, whatever else holds it back.
fn is_embargoed(entry: &Entry) -> bool {
    entry.unpublished.iter().any(|why| matches!(why, Withheld::Embargo(_)))
}

/// The pictures of what is withheld that are published all the same: files of static/ under any name, unless
/// something that is published names them too.
pub fn pictures(edition: &Edition, tree: &Tree) -> Vec<Diagnostic> {
    let world = &edition.world;
    if world.site.left_out.is_empty() {
        return Vec::new();
    }
    let linker = world.linker();
    let site = &world.site;
    let published = named_files(linker);
    let in_templates = |name: &str| edition.theme.sources.values().any(|text| text.contains(name));
    let theme = &site.config.theme;
    let settings: Vec<&str> =
        theme.logo.iter().chain(&theme.css).map(|file| file.value.trim_start_matches('/')).collect();
    let policies = site.config.publisher.all.to_string();
    let in_settings = |name: &str| settings.contains(&name) || policies.contains(name);
    // Files of static/ that nothing but what is withheld names, by their bytes.
    let mut open: Vec<(Hash, &SitePath)> = Vec::new();
    for (name, file) in &world.inventory.statics {
        let is_own = file.as_str().starts_with("static/");
        if is_own && !published.contains(file) && !in_templates(name) && !in_settings(name) {
            open.extend(world.assets.get(file).map(|asset| (asset.hash, file)));
        }
    }
    let mut said = Vec::new();
    if open.is_empty() {
        return said;
    }
    for LeftOut { entry, why } in site.left_out.iter() {
        for file in files_of(linker, entry).filter(|file| !published.contains(file)) {
            let Ok(hash) = media::hash(tree, &file) else { continue };
            let Some((_, public)) = open.iter().find(|(own, _)| *own == hash) else { continue };
            let reason = why.reason(&site.config.timezone);
            let at = Span::file(&entry.document.path);
            let (name, public) = (file.name(), public.as_str());
            said.push(say::withheld_picture(at, name, public, &reason, is_embargoed(entry)));
        }
    }
    said
}

/// Everything that stands in an address of the site by right.
fn published_ids(edition: &Edition) -> BTreeSet<String> {
    let site = &edition.world.site;
    let mut ids: BTreeSet<String> = site.entries.iter().map(|entry| entry.id.to_string()).collect();
    ids.extend(site.config.sections.iter().map(|section| section.id.clone()));
    ids.extend(Kind::ALL.iter().map(|kind| kind.folder().to_owned()));
    ids.extend(["page", "corrections", "assets"].map(str::to_owned));
    for language in site.languages() {
        ids.insert(language.to_owned());
        for kind in [Kind::Topic, Kind::Author, Kind::Thread] {
            ids.extend(site.hubs(kind, language));
        }
    }
    for entry in &site.entries {
        let aliases = entry.front.aliases.iter();
        ids.extend(aliases.flat_map(|alias| alias.value.as_str().split('/').map(str::to_owned)));
    }
    ids
}

/// The first sentence of a text, or all of it when it is one, without its mark.
fn first_sentence(entry: &Entry) -> &str {
    let lede = entry.document.facts.lede.trim();
    let mut ends = lede.match_indices(". ").chain(lede.match_indices("? ")).chain(lede.match_indices("! "));
    let ends_sentence = |(end, _): &(usize, &str)| {
        !is_abbreviation(lede[..*end].rsplit(char::is_whitespace).next().unwrap_or_default())
    };
    let end = ends.by_ref().filter(ends_sentence).map(|(end, _)| end).min();
    lede[..end.unwrap_or(lede.len())].trim_end_matches(['.', '!', '?', '…'])
}

/// The longest word: the one that stands in the fewest texts.
fn longest_word(text: &str) -> &str {
    let words = text.split(|c: char| !(c.is_alphanumeric() || c == '-'));
    words.max_by_key(|word| word.len()).unwrap_or(text)
}

/// A text with every space as one plain one.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn without_tags(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(open) = rest.find('<') {
        text.push_str(&rest[..open]);
        rest = rest[open..].find('>').map_or("", |close| &rest[open + close + 1..]);
    }
    text.push_str(rest);
    text
}

/// A text as it is read: without the escapes of HTML and JSON, its spaces plain.
fn decoded(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['&', '\\']) {
        plain.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some((letter, length)) = escape(rest) {
            plain.push(letter);
            rest = &rest[length..];
        } else {
            plain.push_str(&rest[..1]);
            rest = &rest[1..];
        }
    }
    plain.push_str(rest);
    flat(&plain)
}

/// The letter that a text begins with an escape of, and how long that is.
fn escape(text: &str) -> Option<(char, usize)> {
    if let Some(json) = text.strip_prefix('\\') {
        return match json.as_bytes().first()? {
            b'u' => {
                let code = u32::from_str_radix(json.get(1..5)?, 16).ok()?;
                Some((char::from_u32(code)?, 6))
            }
            b'"' => Some(('"', 2)),
            b'/' => Some(('/', 2)),
            _ => None,
        };
    }
    let name = text.strip_prefix('&')?;
    let end = name.char_indices().take(10).find(|(_, c)| *c == ';')?.0;
    let name = &name[..end];
    let letter = match name.strip_prefix('#') {
        Some(number) => {
            let hex = number.strip_prefix(['x', 'X']);
            let code = hex.map_or_else(|| number.parse(), |hex| u32::from_str_radix(hex, 16)).ok()?;
            char::from_u32(code)?
        }
        None => NAMED.iter().find(|(own, _)| *own == name)?.1,
    };
    Some((letter, end + 2))
}

/// Letters by their names in HTML: those that stand in headlines.
const NAMED: &[(&str, char)] = &[
    ("amp", '&'),
    ("apos", '\''),
    ("gt", '>'),
    ("hellip", '…'),
    ("laquo", '«'),
    ("ldquo", '“'),
    ("lsquo", '‘'),
    ("lt", '<'),
    ("mdash", '—'),
    ("nbsp", ' '),
    ("ndash", '–'),
    ("quot", '"'),
    ("raquo", '»'),
    ("rdquo", '”'),
    ("rsquo", '’'),
];
