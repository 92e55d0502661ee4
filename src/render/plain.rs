//! A document as Markdown that any reader of Markdown understands: links are whole, components are headings, lists and
//! paragraphs, explainers stand in the text. It reads the same blocks as the pages do.

use std::ops::Range;

use jiff::civil::Date;
use pulldown_cmark::{Event, LinkType, Tag};
use tera::Value;

use super::meta::{self, whole};
use crate::document::{Block, ComponentBlock, Document, Kind, MarkdownBlock, markdown};
use crate::edition::{Edition, views};
use crate::fields::Place;
use crate::links::is_outside;
use crate::site::Entry;
use crate::site::explainers::MAX_SHOWN;
use crate::theme::arguments::{self, Bound};
use crate::theme::catalogue::Component;

/// A text being written.
struct Plain<'e> {
    edition: &'e Edition,
    entry: &'e Entry,
    /// The date that decides which version of an explainer is shown.
    date: Option<Date>,
    /// How many explainers have been shown.
    shown: usize,
    /// How much deeper than in its own file a heading stands.
    shift: u8,
    out: String,
}

/// The text of an entry as plain Markdown: what its page shows between headline and sources.
pub fn text(edition: &Edition, entry: &Entry) -> String {
    let zone = &edition.world.site.config.timezone;
    let date = entry.published.map(|moment| moment.date(zone));
    let mut plain = Plain { edition, entry, date, shown: 0, shift: 0, out: String::new() };
    plain.blocks(&entry.document, &entry.language, &entry.document.blocks);
    for reference in &entry.front.explainers {
        let version = reference.version.as_ref().map(|version| version.value.as_str());
        let show = reference.show.as_deref().unwrap_or("summary");
        plain.explainer(&reference.id.value, version, show, None, 2);
    }
    let text = plain.out;
    text.trim().to_owned() + "\n"
}

impl Plain<'_> {
    fn blocks(&mut self, document: &Document, language: &str, blocks: &[Block]) {
        for block in blocks {
            match block {
                Block::Markdown(block) => {
                    let text = markdown_text(self.edition, document, language, block);
                    self.paragraph(&text);
                }
                Block::Component(block) => self.component(document, language, block),
            }
        }
    }

    fn paragraph(&mut self, text: &str) {
        let text = text.trim_matches(['\n', '\r']).trim_end();
        if !text.trim().is_empty() {
            self.out.push_str(text);
            self.out.push_str("\n\n");
        }
    }

    fn heading(&mut self, level: u8, title: &str) {
        let marks = "#".repeat(usize::from((level + self.shift).min(6)));
        self.paragraph(&format!("{marks} {}", one_line(title)));
    }

    fn component(&mut self, document: &Document, language: &str, block: &ComponentBlock) {
        let name = block.name.value.trim_start_matches("nutgraf.");
        let catalogue = &self.edition.theme.catalogue;
        let Some(component) = catalogue.get(&block.name.value).filter(|c| c.not_for_text.is_none()) else {
            return;
        };
        let place = Place { file: &document.path, source: &document.source };
        let mut said = Vec::new();
        let bound = arguments::bind(component, block, place, &mut said);
        if !said.is_empty() {
            return;
        }
        let word = |key: &str| bound.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
        if name == "explainer" {
            let Some(id) = word("ref") else { return };
            let show = word("show").unwrap_or("summary");
            self.explainer(id, word("version"), show, word("title"), block.level);
            return;
        }
        if let Some(title) = word("title") {
            if component.section {
                self.heading(block.level, title);
            } else {
                self.paragraph(&format!("**{}**", one_line(title)));
            }
        } else if component.section {
            self.heading(block.level, &meta::text(self.edition, language, name));
        }
        self.files(document, component, &bound);
        if name == "quote" {
            let from = self.out.len();
            self.blocks(document, language, &block.body);
            let quoted = self.out.split_off(from);
            let lines: Vec<String> =
                quoted.trim().lines().map(|line| format!("> {line}").trim_end().to_owned()).collect();
            self.paragraph(&lines.join("\n"));
        } else {
            self.blocks(document, language, &block.body);
        }
        for declared in &component.arguments {
            let Some(items) = bound.get(&declared.name).and_then(Value::as_array) else { continue };
            let keys: Vec<&str> = declared.items.iter().map(|item| item.name.as_str()).collect();
            let lines: Vec<String> = items
                .iter()
                .map(|item| format!("- {}", self.item(document, language, item, &keys)))
                .collect();
            self.paragraph(&lines.join("\n"));
        }
        let words: Vec<String> = SAID.iter().filter_map(|key| word(key)).map(one_line).collect();
        if !words.is_empty() {
            self.paragraph(&format!("— {}", words.join(", ")));
        }
        if let (Some(url), "embed" | "quote") = (word("url").or(word("source")), name) {
            let href = self.href(document, language, url);
            self.paragraph(&href.map_or_else(String::new, |href| format!("<{href}>")));
        }
    }

    /// The pictures that a component shows.
    fn files(&mut self, document: &Document, component: &Component, bound: &Bound) {
        for key in component.files() {
            let Some(written) = bound.get(&key).and_then(Value::as_str).filter(|text| !text.is_empty())
            else {
                continue;
            };
            let alt = bound.get("alt").and_then(Value::as_str).unwrap_or_default();
            if let Some(url) = picture(self.edition, document, written) {
                self.paragraph(&format!("!{}", link(alt, &url)));
            }
        }
    }

    /// An item of a list that is an argument: what it says in the order in which it is declared.
    fn item(&self, document: &Document, language: &str, item: &Value, keys: &[&str]) -> String {
        let Some(map) = item.as_map() else { return one_line(&item.to_string()) };
        let get = |key: &str| map.iter().find(|(name, _)| name.as_str() == Some(key)).map(|(_, value)| value);
        let mut said = Vec::new();
        for key in keys {
            let Some(value) = get(key).filter(|value| !value.is_none() && !value.is_undefined()) else {
                continue;
            };
            let text = one_line(&value.to_string());
            if text.is_empty() {
                continue;
            }
            match self.href(document, language, &text).filter(|_| matches!(*key, "source" | "url")) {
                Some(href) => said.push(format!("<{href}>")),
                None => said.push(text),
            }
        }
        said.join(" – ")
    }

    fn href(&self, document: &Document, language: &str, written: &str) -> Option<String> {
        let world = &self.edition.world;
        world.linker().href(document, language, written).map(|href| whole(world, &href))
    }

    fn explainer(&mut self, id: &str, version: Option<&str>, show: &str, title: Option<&str>, level: u8) {
        let world = &self.edition.world;
        let site = &world.site;
        let own = self.entry.language.as_str();
        let Some(shown) = site.explainers.shown(id, own, &site.config.language, version, self.date) else {
            return;
        };
        if self.shown >= MAX_SHOWN {
            return;
        }
        self.shown += 1;
        let view = views::shown_explainer(world, &shown, id, own);
        self.heading(level, title.unwrap_or(&view.title));
        let as_of = meta::text(self.edition, own, "as_of").replace("{date}", &view.as_of);
        self.paragraph(&format!("*{as_of}*"));
        let document = &shown.version.document;
        match (&shown.version.front.summary, show) {
            (Some(summary), "summary") => {
                let text = short(self.edition, document, shown.language, &summary.value);
                self.paragraph(&text);
            }
            (None, "summary") => {
                if let Some(range) = &document.facts.lede_at {
                    let block = MarkdownBlock { range: range.clone(), skip: None };
                    let text = markdown_text(self.edition, document, shown.language, &block);
                    self.paragraph(&text);
                }
            }
            _ => {
                let shift = self.shift;
                self.shift += level.saturating_sub(1);
                self.blocks(document, shown.language, &document.blocks);
                self.shift = shift;
            }
        }
        let page = site.find(Kind::Explainer, id, shown.language);
        if let Some(page) = page {
            let url = views::permalink(world, &site.entries[page].url);
            let label = meta::text(self.edition, own, "full_background");
            self.paragraph(&link(&label, &url));
        }
    }
}

/// What a component says besides its title, lists and text, in this order.
const SAID: [&str; 8] = ["name", "speaker", "role", "said_at", "publisher", "caption", "credit", "license"];

/// A short Markdown text of a document, its links whole.
pub fn short(edition: &Edition, document: &Document, language: &str, text: &str) -> String {
    rewritten(edition, document, language, text, &(0..text.len()), None)
}

fn markdown_text(edition: &Edition, document: &Document, language: &str, block: &MarkdownBlock) -> String {
    rewritten(edition, document, language, &document.source, &block.range, block.skip.as_ref())
}

/// A piece of Markdown with its links and pictures whole, without HTML and without what readers do not see.
fn rewritten(
    edition: &Edition,
    document: &Document,
    language: &str,
    source: &str,
    range: &Range<usize>,
    skip: Option<&Range<usize>>,
) -> String {
    let world = &edition.world;
    let text = markdown::Text::new(source, range, &document.definitions);
    // Each change is of bytes of the source; those inside another are part of it.
    let mut edits: Vec<(Range<usize>, String)> = Vec::new();
    edits.extend(skip.map(|skip| (skip.clone(), String::new())));
    edits.extend(markdown::definition_spans(source, range).into_iter().map(|span| (span, String::new())));
    for (event, at) in text.events() {
        let written = &source[at.clone()];
        match event {
            Event::Start(Tag::Link { dest_url, link_type, .. }) if link_type != LinkType::Email => {
                let label = label(written);
                let href = world.linker().href(document, language, &dest_url);
                let replaced = match href.map(|href| whole(world, &href)) {
                    Some(href) if href.starts_with('#') => label.to_owned(),
                    Some(href) if link_type == LinkType::Autolink => format!("<{href}>"),
                    Some(href) => format!("[{label}]({})", destination(&href)),
                    // What leads nowhere is plain text, and no trace of the address is left.
                    None => label.to_owned(),
                };
                edits.push((at, replaced));
            }
            Event::Start(Tag::Image { dest_url, .. }) => {
                let label = label(written);
                let url = picture(edition, document, &dest_url);
                edits.push((
                    at,
                    url.map_or_else(String::new, |url| format!("![{label}]({})", destination(&url))),
                ));
            }
            Event::Html(_) | Event::InlineHtml(_) => edits.push((at.clone(), without_tags(written))),
            _ => {}
        }
    }
    edits.sort_by_key(|(at, _)| (at.start, std::cmp::Reverse(at.end)));
    let mut out = String::with_capacity(range.len());
    let mut done = range.start;
    for (at, replaced) in edits {
        if at.start < done {
            continue;
        }
        out.push_str(&source[done..at.start]);
        out.push_str(&replaced);
        done = at.end;
    }
    out.push_str(&source[done..range.end]);
    out
}

/// The label of a link or a picture as written.
fn label(written: &str) -> &str {
    let inner = written.trim_start_matches('!');
    let Some(inner) = inner.strip_prefix('[') else { return inner.trim_matches(['<', '>']) };
    let end = inner.rfind("](").or_else(|| inner.rfind("][")).or_else(|| inner.rfind(']'));
    end.map_or(inner, |end| &inner[..end])
}

/// What HTML says without its tags.
fn without_tags(html: &str) -> String {
    let text = ammonia::Builder::empty().clean(html).to_string();
    // A tag alone leaves nothing, not even its place.
    if text.trim().is_empty() { html.chars().filter(|c| *c == '\n').collect() } else { text }
}

/// The whole address of a picture that a document names.
fn picture(edition: &Edition, document: &Document, written: &str) -> Option<String> {
    let world = &edition.world;
    let key = world.linker().key(document, written)?;
    if is_outside(&key) {
        return Some(key);
    }
    views::made(world, &key, None, None, None).map(|made| whole(world, &made.url))
}

/// A text in one line, with nothing in it that Markdown would take for more.
pub fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A link, its label a text.
pub fn link(label: &str, url: &str) -> String {
    let label = one_line(label).replace('\\', "\\\\").replace('[', "\\[").replace(']', "\\]");
    format!("[{label}]({})", destination(url))
}

/// An address as the destination of a link: in angle brackets only where it must be.
fn destination(url: &str) -> String {
    let is_plain = !url.contains(|c: char| c.is_whitespace() || c.is_control() || "()<>".contains(c));
    if is_plain { url.to_owned() } else { format!("<{}>", url.replace('<', "%3C").replace('>', "%3E")) }
}
