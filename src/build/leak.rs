//! What is withheld, looked for in what is about to be published. Everything that is withheld was left out long
//! before; this looks whether that is true, and whether a data file, a template or a file of static/ tells it.

use std::borrow::Cow;
use std::collections::BTreeSet;

use aho_corasick::AhoCorasick;

use crate::diagnostic::catalog::editorial as say;
use crate::diagnostic::{Diagnostic, Span};
use crate::document::{Kind, prose};
use crate::edition::Edition;
use crate::language::excerpt;
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
    secrets: Vec<Secret<'a>>,
    /// Finds one word of each secret, as a reason to look closer.
    words: Option<AhoCorasick>,
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
        let site = &edition.world.site;
        let ids = published_ids(edition);
        let mut secrets: Vec<Secret<'a>> = Vec::new();
        for left_out in site.left_out.iter() {
            let entry = &left_out.entry;
            let mut add =
                |kind, text: &str| secrets.push(Secret { left_out, kind, text: flat(text).into_owned() });
            // Versions of an explainer share their id with those that are published.
            if !ids.contains(&*entry.id) {
                add(SecretKind::Slug, &entry.id);
            }
            for (kind, text) in
                [(SecretKind::Title, entry.title()), (SecretKind::Sentence, first_sentence(entry))]
            {
                if excerpt::words(text).filter(|word| word.contains(char::is_alphanumeric)).count() >= WORDS {
                    add(kind, text);
                }
            }
        }
        let mut leaks = Self { edition, secrets, words: None };
        leaks.index();
        leaks.forget_published();
        leaks
    }

    /// Makes the search for one word of each secret.
    fn index(&mut self) {
        let words = self.secrets.iter().map(|secret| longest_word(&secret.text));
        let words: Vec<&str> = words.collect();
        // Without it nothing is found; a set of words too large for it has never been seen.
        self.words = if words.is_empty() { None } else { AhoCorasick::new(words).ok() };
    }

    /// The secrets of which a text holds a word, each once.
    fn near(&self, text: &[u8]) -> BTreeSet<usize> {
        let found = self.words.iter().flat_map(|words| words.find_overlapping_iter(text));
        found.map(|found| found.pattern().as_usize()).collect()
    }

    /// Takes out titles and sentences that stand in a source that is published: they are no secrets.
    fn forget_published(&mut self) {
        let edition = self.edition;
        let mut known: BTreeSet<usize> = BTreeSet::new();
        let mut look = |source: &str, read: &dyn Fn() -> String| {
            let near: Vec<usize> =
                self.near(source.as_bytes()).into_iter().filter(|i| !known.contains(i)).collect();
            if near.iter().all(|i| self.secrets[*i].kind == SecretKind::Slug) {
                return;
            }
            let (raw, read) = (flat(source).into_owned(), read());
            let told = |i: &usize| {
                let Secret { kind, text, .. } = &self.secrets[*i];
                *kind != SecretKind::Slug && (raw.contains(text) || read.contains(text))
            };
            known.extend(near.into_iter().filter(told));
        };
        for entry in edition.world.site.entries.iter().chain(&edition.world.site.older) {
            look(&entry.document.source, &|| {
                let passages = prose::read(&entry.document).passages;
                let texts: Vec<String> = passages.iter().map(|p| flat(&p.text).into_owned()).collect();
                texts.join("\n")
            });
        }
        for (path, source) in &edition.theme.sources {
            // The words of the interface are no secrets; what a site's own templates and data say may be.
            if path.as_str().starts_with("nutgraf/") || path.as_str().contains("/strings/") {
                look(source, &String::new);
            }
        }
        if known.is_empty() {
            return;
        }
        let mut i = 0;
        self.secrets.retain(|_| {
            i += 1;
            !known.contains(&(i - 1))
        });
        self.index();
    }

    /// Whether nothing is withheld that could be told.
    pub fn is_empty(&self) -> bool {
        self.secrets.is_empty()
    }

    /// What an output tells.
    pub fn look(&self, path: &OutputPath, bytes: &[u8]) -> Vec<Diagnostic> {
        if self.is_empty() {
            return Vec::new();
        }
        let mut said = Vec::new();
        let segments = path.as_str().split('/').map(|segment| segment.trim_end_matches(".html"));
        for segment in segments {
            let slugs = self.secrets.iter().filter(|secret| secret.kind == SecretKind::Slug);
            said.extend(
                slugs.filter(|secret| secret.text == segment).map(|secret| self.tell(secret, path, true)),
            );
        }
        let Ok(text) = std::str::from_utf8(bytes) else { return said };
        // Letters that are written as numbers hide a word.
        let has_numbers = text.contains("&#") || text.contains("\\u");
        let read = if has_numbers { Cow::Owned(decoded(text)) } else { Cow::Borrowed(text) };
        let near = self.near(read.as_bytes());
        if near.is_empty() {
            return said;
        }
        let (mut whole, mut bare): (Option<String>, Option<String>) = (None, None);
        for secret in near.into_iter().map(|i| &self.secrets[i]) {
            let told = match secret.kind {
                SecretKind::Slug => self.links_to(text, &secret.text),
                SecretKind::Title | SecretKind::Sentence => {
                    let whole = whole.get_or_insert_with(|| decoded(text));
                    let bare = bare.get_or_insert_with(|| decoded(&without_tags(text)));
                    whole.contains(&secret.text) || bare.contains(&secret.text)
                }
            };
            if told {
                said.push(self.tell(secret, path, secret.kind != SecretKind::Slug));
            }
        }
        said
    }

    /// Whether a text names an address of this site with a slug in it.
    fn links_to(&self, text: &str, slug: &str) -> bool {
        let config = &self.edition.world.site.config;
        text.match_indices(slug).any(|(i, _)| {
            let ends = |c: char| matches!(c, '"' | '\'' | '<' | '>' | '(' | ')' | ',') || c.is_whitespace();
            let start = text[..i]
                .rfind(ends)
                .map_or(0, |at| at + text[at..].chars().next().map_or(1, char::len_utf8));
            let before = &text[start..i];
            let after = &text[i + slug.len()..];
            let after = after.strip_prefix(".html").unwrap_or(after);
            let is_segment = before.ends_with('/')
                && (after.starts_with(|c| ends(c) || matches!(c, '/' | '#' | '?')) || after.is_empty());
            let is_ours = before.strip_prefix(&config.origin).is_some_and(|path| path.starts_with('/'))
                || before.starts_with('/') && !before.starts_with("//");
            // `</b>` closes an element.
            let is_tag = text[..start].ends_with('<');
            is_segment && is_ours && !is_tag
        })
    }

    fn tell(&self, secret: &Secret<'_>, path: &OutputPath, is_certain: bool) -> Diagnostic {
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
                Withheld::Draft | Withheld::Future(_) | Withheld::Embargo(_) => is_certain,
                Withheld::Expired(_) => false,
            };
        let reason = why.reason(&self.edition.world.site.config.timezone);
        say::withheld_leak(Span::new(&entry.document.path, at), what, path.as_str(), &reason, stops)
    }
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
    let named = |entry: &Entry| -> Vec<SitePath> {
        let image = entry.front.image.iter().map(|image| &image.src.value);
        let files = entry.document.facts.named_files().chain(image);
        files.filter_map(|file| linker.file(&entry.document, file)).collect()
    };
    let site = &world.site;
    let published: BTreeSet<SitePath> =
        site.entries.iter().chain(&site.older).flat_map(|entry| named(entry)).collect();
    let in_templates = |name: &str| edition.theme.sources.values().any(|text| text.contains(name));
    // Files of static/ that nothing but what is withheld names, by their bytes.
    let mut open: Vec<(Hash, &SitePath)> = Vec::new();
    for (name, file) in &world.inventory.statics {
        let is_own = file.as_str().starts_with("static/");
        if is_own && !published.contains(file) && !in_templates(name) {
            open.extend(world.assets.get(file).map(|asset| (asset.hash, file)));
        }
    }
    let mut said = Vec::new();
    for LeftOut { entry, why } in site.left_out.iter() {
        for file in named(entry).into_iter().filter(|file| !published.contains(file)) {
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

/// The first sentence of a text, or all of it when it is one.
fn first_sentence(entry: &Entry) -> &str {
    let lede = entry.document.facts.lede.trim();
    let end = lede.find(". ").or_else(|| lede.find("? ")).or_else(|| lede.find("! "));
    end.map_or(lede, |end| &lede[..end])
}

/// The longest word: the one that stands in the fewest texts.
fn longest_word(text: &str) -> &str {
    let words = text.split(|c: char| !(c.is_alphanumeric() || c == '-'));
    words.max_by_key(|word| word.len()).unwrap_or(text)
}

/// A text with every space as one plain one.
fn flat(text: &str) -> Cow<'_, str> {
    Cow::Owned(text.split_whitespace().collect::<Vec<_>>().join(" "))
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
    flat(&plain).into_owned()
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
