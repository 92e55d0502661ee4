//! A document as Markdown that any reader of Markdown understands: addresses are whole, components are headings, lists and
//! paragraphs, explainers stand in the text, and there is no HTML. It reads the same blocks as the pages do.

use std::ops::Range;

use jiff::civil::Date;
use pulldown_cmark::{CowStr, Event, HeadingLevel, LinkType, Tag, TagEnd};
use tera::Value;

use super::meta::{self, whole};
use crate::document::{Block, ComponentBlock, Document, Kind, MarkdownBlock, markdown};
use crate::edition::{Edition, views};
use crate::fields::Place;
use crate::links::is_outside;
use crate::site::explainers::MAX_SHOWN;
use crate::site::{Entry, time};
use crate::theme::arguments::{self, Bound};
use crate::theme::catalogue::{Component, Item, Type};

/// What becomes of the explainers that a text shows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Background {
    Shown,
    LeftOut,
}

/// The text of an entry as plain Markdown: what its page shows between headline and sources.
pub fn text(edition: &Edition, entry: &Entry) -> String {
    whole_text(edition, entry, Background::Shown)
}

/// The same without the explainers that it shows, which have pages of their own.
pub fn own_text(edition: &Edition, entry: &Entry) -> String {
    whole_text(edition, entry, Background::LeftOut)
}

/// Markdown whose addresses are whole as HTML that needs no style.
pub fn html(markdown: &str) -> String {
    let mut html = String::with_capacity(markdown.len() * 5 / 4);
    let text = markdown::Text::new(markdown, &(0..markdown.len()), &markdown::Definitions::default());
    pulldown_cmark::html::push_html(&mut html, text.events().map(|(event, _)| event));
    html
}

fn whole_text(edition: &Edition, entry: &Entry, background: Background) -> String {
    let zone = &edition.world.site.config.timezone;
    let date = entry.published.map(|moment| moment.date(zone));
    let mut plain = Plain { edition, entry, date, background, shown: 0, out: String::new() };
    let own = Part { document: &entry.document, language: &entry.language, shift: 0, notes: "" };
    plain.blocks(&own, &entry.document.blocks);
    for reference in &entry.front.explainers {
        let version = reference.version.as_ref().map(|version| version.value.as_str());
        let show = reference.show.as_deref().unwrap_or("summary");
        plain.explainer(&reference.id.value, version, show, None, 2);
    }
    let text = plain.out;
    text.trim().to_owned() + "\n"
}

/// A text being written.
struct Plain<'e> {
    edition: &'e Edition,
    entry: &'e Entry,
    /// The date that decides which version of an explainer is shown.
    date: Option<Date>,
    /// What becomes of explainers.
    background: Background,
    /// How many have been shown.
    shown: usize,
    out: String,
}

/// A document that is written, the entry's own or an explainer's.
#[derive(Clone, Copy)]
struct Part<'d> {
    document: &'d Document,
    language: &'d str,
    /// How much deeper than in its own file a heading stands.
    shift: u8,
    /// What the labels of its footnotes begin with.
    notes: &'d str,
}

impl Plain<'_> {
    fn blocks(&mut self, part: &Part<'_>, blocks: &[Block]) {
        for block in blocks {
            match block {
                Block::Markdown(block) => {
                    let text = markdown_text(self.edition, part, block);
                    self.paragraph(&text);
                }
                Block::Component(block) => self.component(part, block),
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
        let marks = "#".repeat(usize::from(level.min(6)));
        self.paragraph(&format!("{marks} {}", escaped(title)));
    }

    fn component(&mut self, part: &Part<'_>, block: &ComponentBlock) {
        let Part { document, language, .. } = *part;
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
            self.explainer(id, word("version"), show, word("title"), block.level + part.shift);
            return;
        }
        match (word("title"), component.section) {
            (Some(title), true) => self.heading(block.level + part.shift, title),
            (Some(title), false) => self.paragraph(&format!("**{}**", escaped(title))),
            (None, true) => {
                let title = meta::text(self.edition, language, name);
                self.heading(block.level + part.shift, &title);
            }
            (None, false) => {}
        }
        self.pictures(document, component, &bound);
        let from = self.out.len();
        self.blocks(part, &block.body);
        if name == "quote" {
            let quoted = self.out.split_off(from);
            let lines = quoted.trim().lines().map(|line| format!("> {line}").trim_end().to_owned());
            self.paragraph(&lines.collect::<Vec<_>>().join("\n"));
        }
        for declared in &component.arguments {
            let Some(items) = bound.get(&declared.name).and_then(Value::as_array) else { continue };
            let lines = items.iter().map(|item| format!("- {}", self.item(part, item, &declared.items)));
            self.paragraph(&lines.collect::<Vec<_>>().join("\n"));
        }
        let said: Vec<String> =
            SAID.iter().filter_map(|key| word(key)).map(|text| self.line(part, text)).collect();
        if !said.is_empty() {
            self.paragraph(&format!("— {}", said.join(", ")));
        }
        let credit = word("credit").map(|credit| meta::credit(self.edition, language, credit));
        let under = [word("caption").map(str::to_owned), credit, word("license").map(str::to_owned)];
        let under = under.into_iter().flatten().map(|text| self.line(part, &text));
        self.paragraph(&joined(under));
        if let (Some(url), "embed" | "quote") = (word("url").or(word("source")), name) {
            let href = self.href(part, url);
            self.paragraph(&href.map_or_else(String::new, |href| format!("<{href}>")));
        }
    }

    /// The pictures that a component shows.
    fn pictures(&mut self, document: &Document, component: &Component, bound: &Bound) {
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
    fn item(&self, part: &Part<'_>, item: &Value, declared: &[Item]) -> String {
        let Some(map) = item.as_map() else { return self.line(part, &item.to_string()) };
        let get = |key: &str| map.iter().find(|(name, _)| name.as_str() == Some(key)).map(|(_, value)| value);
        let said = declared.iter().filter_map(|key| {
            let text = get(&key.name).filter(|value| !value.is_none() && !value.is_undefined())?.to_string();
            if key.kind == Type::Url {
                // What leads nowhere leaves no trace of its address.
                return self.href(part, &text).map(|href| format!("<{href}>"));
            }
            Some(self.line(part, &text))
        });
        said.filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" – ")
    }

    /// A line of Markdown, as arguments of components are.
    fn line(&self, part: &Part<'_>, text: &str) -> String {
        one_line(&rewritten(self.edition, part, text, &(0..text.len()), None))
    }

    fn href(&self, part: &Part<'_>, written: &str) -> Option<String> {
        let world = &self.edition.world;
        world.linker().href(part.document, part.language, written).map(|href| whole(world, &href))
    }

    fn explainer(&mut self, id: &str, version: Option<&str>, show: &str, title: Option<&str>, level: u8) {
        let world = &self.edition.world;
        let site = &world.site;
        let own = self.entry.language.as_str();
        let Some(shown) = site.explainers.shown(id, own, &site.config.language, version, self.date) else {
            return;
        };
        if self.background == Background::LeftOut || self.shown >= MAX_SHOWN {
            return;
        }
        self.shown += 1;
        let view = views::shown_explainer(world, &shown, id, own);
        self.heading(level, title.unwrap_or(&view.title));
        let text = |key: &str| meta::text(self.edition, own, key);
        let date = time::day(shown.version.as_of, &site.config.timezone);
        let mut notice = vec![text("background") + "."];
        notice.extend(date.map(|date| meta::as_of(self.edition, own, date)));
        notice.extend(shown.updated_since.then(|| text("updated_since")));
        if view.foreign {
            let name = meta::text(self.edition, shown.language, "language_name");
            notice.push(text("only_in_language").replace("{language}", &name));
        }
        self.paragraph(&format!("*{}*", escaped(&notice.join(" "))));
        let document = &shown.version.document;
        let notes = format!("{id}-{}-", self.shown);
        let part = Part { document, language: shown.language, shift: level.saturating_sub(1), notes: &notes };
        match (&shown.version.front.summary, show) {
            (Some(summary), "summary") => {
                let text = rewritten(self.edition, &part, &summary.value, &(0..summary.value.len()), None);
                self.paragraph(&text);
            }
            (None, "summary") => {
                if let Some(range) = &document.facts.lede_at {
                    let block = MarkdownBlock { range: range.clone(), skip: None };
                    let text = markdown_text(self.edition, &part, &block);
                    self.paragraph(&text);
                }
            }
            _ => self.blocks(&part, &document.blocks),
        }
        if let Some(page) = site.find(Kind::Explainer, id, shown.language) {
            let url = views::permalink(world, &site.entries[page].url);
            self.paragraph(&link(&meta::text(self.edition, own, "full_background"), &url));
        }
    }
}

/// What a component says besides its title, lists, pictures and text, in this order.
const SAID: [&str; 5] = ["name", "speaker", "role", "said_at", "publisher"];

/// A short Markdown text of an entry, its addresses whole.
pub fn short(edition: &Edition, entry: &Entry, text: &str) -> String {
    let part = Part { document: &entry.document, language: &entry.language, shift: 0, notes: "" };
    rewritten(edition, &part, text, &(0..text.len()), None)
}

fn markdown_text(edition: &Edition, part: &Part<'_>, block: &MarkdownBlock) -> String {
    rewritten(edition, part, &part.document.source, &block.range, block.skip.as_ref())
}

/// A piece of Markdown with its addresses whole, without HTML and without what readers do not see.
fn rewritten(
    edition: &Edition,
    part: &Part<'_>,
    source: &str,
    range: &Range<usize>,
    skip: Option<&Range<usize>>,
) -> String {
    if let Some(as_is) = as_is(part, source, range, skip) {
        return as_is.to_owned();
    }
    let world = &edition.world;
    let text = markdown::Text::new(source, range, &part.document.definitions);
    let mut events: Vec<Event<'_>> = Vec::new();
    // Whether the links and pictures that are open are kept.
    let mut open = Vec::new();
    let mut html = Html::default();
    for (event, at) in text.events() {
        let Some((event, _)) = markdown::without_head(source, skip, event, at) else { continue };
        match event {
            Event::Start(Tag::HtmlBlock) => {}
            Event::Html(written) => html.block.push_str(&written),
            Event::End(TagEnd::HtmlBlock) => {
                let said = html.said();
                if !said.is_empty() {
                    events.push(Event::Start(Tag::Paragraph));
                    events.push(Event::Text(said.into()));
                    events.push(Event::End(TagEnd::Paragraph));
                }
            }
            Event::InlineHtml(written) => html.inline(&written),
            _ if html.is_hidden => {}
            Event::Start(Tag::Link { link_type, dest_url, title, .. }) => {
                let href = world.linker().href(part.document, part.language, &dest_url);
                // What leads nowhere is plain text; a place in a text that has no page is none either.
                let href = href.map(|href| whole(world, &href)).filter(|href| !href.starts_with('#'));
                open.push(href.is_some());
                if let Some(href) = href {
                    let link_type = if link_type == LinkType::Email { link_type } else { LinkType::Inline };
                    let tag = Tag::Link { link_type, dest_url: href.into(), title, id: CowStr::Borrowed("") };
                    events.push(Event::Start(tag));
                }
            }
            Event::Start(Tag::Image { dest_url, title, .. }) => {
                let url = picture(edition, part.document, &dest_url);
                open.push(url.is_some());
                if let Some(url) = url {
                    let (link_type, id) = (LinkType::Inline, CowStr::Borrowed(""));
                    events.push(Event::Start(Tag::Image { link_type, dest_url: url.into(), title, id }));
                }
            }
            Event::End(TagEnd::Link | TagEnd::Image) => {
                if open.pop() == Some(true) {
                    events.push(event);
                }
            }
            Event::Start(Tag::Heading { level, .. }) => {
                let (level, classes) = (deeper(level, part.shift), Vec::new());
                events.push(Event::Start(Tag::Heading { level, id: None, classes, attrs: Vec::new() }));
            }
            Event::End(TagEnd::Heading(level)) => {
                events.push(Event::End(TagEnd::Heading(deeper(level, part.shift))));
            }
            Event::FootnoteReference(label) => {
                events.push(Event::FootnoteReference(format!("{}{label}", part.notes).into()));
            }
            Event::Start(Tag::FootnoteDefinition(label)) => {
                let label = format!("{}{label}", part.notes).into();
                events.push(Event::Start(Tag::FootnoteDefinition(label)));
            }
            event => events.push(event),
        }
    }
    markdown::written(events)
}

/// The piece itself, when nothing in it can be a link, a picture, HTML or a heading that stands deeper now: most are
/// such, and need not be read.
fn as_is<'s>(
    part: &Part<'_>,
    source: &'s str,
    range: &Range<usize>,
    skip: Option<&Range<usize>>,
) -> Option<&'s str> {
    let text = &source[skip.map_or(range.start, |skip| skip.end)..range.end];
    let is_mark = |b: u8| matches!(b, b'[' | b'<' | b'{');
    let is_heading = |line: &str| {
        line.trim_start().starts_with('#')
            || line.trim().bytes().all(|b| matches!(b, b'=' | b'-')) && !line.trim().is_empty()
    };
    let has_headings = part.shift > 0 && text.lines().any(is_heading);
    // What follows a head could read as a list or a quotation where it stands alone; a bare address is a link.
    let may_begin = skip.is_none() || text.starts_with(char::is_alphabetic);
    (may_begin && !has_headings && !text.bytes().any(is_mark) && !text.contains("://")).then_some(text)
}

/// HTML in a text, of which only the words are kept.
#[derive(Default)]
struct Html {
    /// What was read of a block.
    block: String,
    /// Whether what follows is inside an element that readers do not see.
    is_hidden: bool,
}

impl Html {
    /// The words of the block that ends here.
    fn said(&mut self) -> String {
        let block = std::mem::take(&mut self.block);
        let mut builder = ammonia::Builder::empty();
        builder.clean_content_tags(["script", "style", "template", "iframe", "noscript"].into());
        // What is left are words with `&amp;` and the like, which Markdown would show as they are.
        let words = builder.clean(&block).to_string();
        one_line(
            &words
                .replace("&lt;", "<")
                .replace("&gt;", ">")
                .replace("&nbsp;", "\u{a0}")
                .replace("&amp;", "&"),
        )
    }

    /// A tag or a comment inside a paragraph.
    fn inline(&mut self, written: &str) {
        let tag = written.to_ascii_lowercase();
        if ["<script", "<style", "<template"].iter().any(|hidden| tag.starts_with(hidden)) {
            self.is_hidden = true;
        } else if ["</script", "</style", "</template"].iter().any(|hidden| tag.starts_with(hidden)) {
            self.is_hidden = false;
        }
    }
}

fn deeper(level: HeadingLevel, shift: u8) -> HeadingLevel {
    let level = (level as usize + usize::from(shift)).min(6);
    HeadingLevel::try_from(level).expect("it is between 1 and 6")
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

/// A text in one line.
pub fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A text in one line, with nothing in it that Markdown would take for a mark.
pub fn escaped(text: &str) -> String {
    let line = one_line(text);
    if line.starts_with(char::is_alphabetic) && line.chars().all(is_word) {
        return line;
    }
    let words = Event::Text(line.into());
    one_line(&markdown::written(vec![Event::Start(Tag::Paragraph), words, Event::End(TagEnd::Paragraph)]))
}

/// Whether a character is no mark of Markdown, wherever it stands.
fn is_word(c: char) -> bool {
    c.is_alphanumeric()
        || matches!(
            c,
            ' ' | '.'
                | ','
                | ';'
                | ':'
                | '?'
                | '!'
                | '('
                | ')'
                | '-'
                | '–'
                | '—'
                | '’'
                | '“'
                | '”'
                | '«'
                | '»'
        )
}

/// What stands under a picture; nothing when there is nothing.
pub fn joined(words: impl Iterator<Item = String>) -> String {
    words.filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" · ")
}

/// A link, its label a text.
pub fn link(label: &str, url: &str) -> String {
    // In angle brackets only where it must be.
    let is_plain = !url.contains(|c: char| c.is_whitespace() || c.is_control() || "()<>".contains(c));
    let url =
        if is_plain { url.to_owned() } else { format!("<{}>", url.replace('<', "%3C").replace('>', "%3E")) };
    format!("[{}]({url})", escaped(label))
}
