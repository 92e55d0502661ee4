//! Markdown to HTML, on the same events the facts were made from: links lead to published addresses,
//! headings have their ids and levels, pictures alone become figures, raw HTML goes through the allow-list.

use std::collections::BTreeMap;
use std::ops::Range;

use pulldown_cmark::{BlockQuoteKind, CowStr, Event, HeadingLevel, LinkType, Tag, TagEnd, html::push_html};
use tera::Value;

use super::content::Content;
use super::{Marks, holds};
use crate::config::RawHtml;
use crate::document::allow::without_permission;
use crate::document::blocks::footnote_slug;
use crate::document::nesting::Nesting;
use crate::document::{Document, MarkdownBlock, markdown, raw_html};
use crate::edition::functions::WIDTHS;
use crate::media::tag::Wanted;

/// Footnotes of one text, numbered as they are first referred to.
#[derive(Default)]
pub struct Footnotes {
    numbers: BTreeMap<String, Note>,
    /// The labels in the order of their numbers.
    order: Vec<String>,
}

struct Note {
    number: usize,
    references: usize,
}

/// Renders a piece of Markdown.
pub fn markdown_block(content: &mut Content<'_, '_>, block: &MarkdownBlock, out: &mut String) {
    let document = content.document;
    let text = markdown::Text::new(&document.source, &block.range, &document.definitions);
    let mut events: Vec<(Event<'_>, Range<usize>)> = Vec::new();
    let mut in_footnote = 0;
    for (event, at) in text.events() {
        match &event {
            Event::Start(Tag::FootnoteDefinition(_)) => in_footnote += 1,
            Event::End(TagEnd::FootnoteDefinition) => in_footnote -= 1,
            // Footnotes stand at the end of the text.
            _ if in_footnote > 0 => {}
            _ => events.extend(markdown::without_head(&document.source, block.skip.as_ref(), event, at)),
        }
    }
    match content.frame.marks {
        Marks::None => write(content, &events, out),
        // Where the author's own HTML may reach over several blocks, they are written as one.
        Marks::Source if document.facts.has_html => marked(content, &events, out),
        Marks::Source => {
            for block in blocks(&events) {
                marked(content, block, out);
            }
        }
    }
}

/// Writes blocks, the first with its place in the source.
fn marked(content: &mut Content<'_, '_>, events: &[(Event<'_>, Range<usize>)], out: &mut String) {
    let from = out.len();
    write(content, events, out);
    if let Some((_, at)) = events.first() {
        content.mark(out, from, at.start);
    }
}

/// The events of a piece, block by block.
fn blocks<'e, 't>(
    events: &'e [(Event<'t>, Range<usize>)],
) -> impl Iterator<Item = &'e [(Event<'t>, Range<usize>)]> {
    let mut depth = 0_usize;
    events.split_inclusive(move |(event, _)| {
        match event {
            Event::Start(_) => depth += 1,
            Event::End(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0
    })
}

/// Renders parts of a piece that lie inside its blocks, without a block around each; the parts in their order.
pub fn markdown_parts(
    content: &mut Content<'_, '_>,
    block: &Range<usize>,
    parts: &[Range<usize>],
) -> Vec<String> {
    let document = content.document;
    let text = markdown::Text::new(&document.source, block, &document.definitions);
    let mut events: Vec<Vec<(Event<'_>, Range<usize>)>> = vec![Vec::new(); parts.len()];
    for (event, at) in text.events() {
        if matches!(event, Event::Start(Tag::FootnoteDefinition(_)) | Event::End(TagEnd::FootnoteDefinition))
        {
            continue;
        }
        let part = parts.partition_point(|part| part.start <= at.start);
        if let Some(part) = part.checked_sub(1).filter(|part| holds(&parts[*part], &at)) {
            events[part].push((event, at));
        }
    }
    events
        .iter()
        .map(|events| {
            let mut out = String::new();
            write(content, events, &mut out);
            out
        })
        .collect()
}

fn write(content: &mut Content<'_, '_>, events: &[(Event<'_>, Range<usize>)], out: &mut String) {
    let mut writer = Writer {
        content,
        pending: Vec::new(),
        dropped_links: Vec::new(),
        quotes: Vec::new(),
        code: false,
        link: 0,
        picture: None,
        out,
    };
    let mut i = 0;
    while i < events.len() {
        // A paragraph whose text was all run-in head.
        if matches!(events[i].0, Event::Start(Tag::Paragraph))
            && matches!(events.get(i + 1), Some((Event::End(TagEnd::Paragraph), _)))
        {
            i += 2;
            continue;
        }
        if let Some(length) = figure_at(&events[i..]) {
            writer.figure(&events[i..i + length]);
            i += length;
            continue;
        }
        let (event, at) = events[i].clone();
        writer.event(event, &at);
        i += 1;
    }
    writer.flush();
}

/// How many events a picture alone in its paragraph takes, if one begins here.
fn figure_at(events: &[(Event<'_>, Range<usize>)]) -> Option<usize> {
    let [(Event::Start(Tag::Paragraph), _), (Event::Start(Tag::Image { .. }), _), rest @ ..] = events else {
        return None;
    };
    let end = rest.iter().position(|(event, _)| matches!(event, Event::End(TagEnd::Image)))?;
    matches!(rest.get(end + 1), Some((Event::End(TagEnd::Paragraph), _))).then_some(end + 4)
}

struct Writer<'w, 'c, 'e, 't> {
    content: &'w mut Content<'c, 'e>,
    pending: Vec<Event<'t>>,
    dropped_links: Vec<bool>,
    quotes: Vec<bool>,
    code: bool,
    link: usize,
    /// A picture among words, with what its description has so far.
    picture: Option<(String, String)>,
    out: &'w mut String,
}

impl<'t> Writer<'_, '_, '_, 't> {
    /// Writes what has come since the last component: only this part is the author's own HTML.
    fn flush(&mut self) {
        let document = self.content.document;
        let sanitize = document.facts.has_html && self.content.raw_html() == RawHtml::Sanitize;
        let events = self.pending.drain(..);
        if sanitize {
            let mut html = String::new();
            push_html(&mut html, events);
            if Nesting::default().read(&html) {
                self.out.push_str(&format!("<p>{}</p>\n", escaped(&html)));
            } else {
                self.out.push_str(&raw_html::sanitize(&html));
            }
        } else {
            push_html(self.out, events);
        }
    }

    fn raw(&mut self, html: String) {
        self.pending.push(Event::InlineHtml(html.into()));
    }

    fn event(&mut self, event: Event<'t>, at: &Range<usize>) {
        if let Some((_, alt)) = &mut self.picture {
            match event {
                Event::End(TagEnd::Image) => self.end(TagEnd::Image),
                Event::Text(text) | Event::Code(text) => alt.push_str(&text),
                Event::SoftBreak | Event::HardBreak => alt.push(' '),
                _ => {}
            }
            return;
        }
        match event {
            Event::Start(tag) => self.start(tag, at),
            Event::End(tag) => self.end(tag),
            Event::Text(text) if !self.code && self.link == 0 => self.text(&text),
            Event::Html(html) | Event::InlineHtml(html) => {
                // What an editor is allowed is for editors.
                let rest = without_permission(&html);
                let html = if rest.len() < html.len() { CowStr::from(rest.to_owned()) } else { html };
                match self.content.raw_html() {
                    RawHtml::Escape => self.pending.push(Event::Text(html)),
                    RawHtml::Allow | RawHtml::Sanitize => self.pending.push(Event::InlineHtml(html)),
                }
            }
            Event::FootnoteReference(label) => {
                let html = self.content.footnote_reference(&label);
                self.raw(html);
            }
            other => self.pending.push(other),
        }
    }

    fn start(&mut self, tag: Tag<'t>, at: &Range<usize>) {
        let tag = match tag {
            Tag::Heading { level, classes, mut attrs, .. } => {
                // Attributes of headings are HTML too.
                if self.content.raw_html() != RawHtml::Allow {
                    attrs.retain(|(name, _)| raw_html::is_plain_attribute(name));
                }
                let id = self.content.document.facts.heading_id(at.start).map(|id| self.content.prefixed(id));
                let level = heading_level(self.content.level((level as u8).max(2)));
                Tag::Heading { level, id: id.map(CowStr::from), classes, attrs }
            }
            Tag::Link { link_type, dest_url, title, id } => {
                self.link += 1;
                let dest_url = match link_type {
                    LinkType::Email => Some(dest_url),
                    _ => self.content.href(&dest_url).map(CowStr::from),
                };
                self.dropped_links.push(dest_url.is_none());
                match dest_url {
                    Some(dest_url) => Tag::Link { link_type, dest_url, title, id },
                    None => return,
                }
            }
            Tag::Image { dest_url, .. } => {
                self.picture = Some((dest_url.to_string(), String::new()));
                return;
            }
            Tag::BlockQuote(Some(kind)) => {
                self.quotes.push(true);
                let (class, key) = alert(kind);
                let label = escaped(&self.content.text(key));
                self.raw(format!("<aside class=\"alert {class}\"><p class=\"alert-title\">{label}</p>\n"));
                return;
            }
            Tag::BlockQuote(None) => {
                self.quotes.push(false);
                Tag::BlockQuote(None)
            }
            Tag::Table(alignments) => {
                // It scrolls by itself, so the keyboard must reach it, and it must have a name there.
                let label = escaped(&self.content.text("table"));
                self.raw(format!(
                    "<div class=\"table\" role=\"group\" aria-label=\"{label}\" tabindex=\"0\">"
                ));
                Tag::Table(alignments)
            }
            Tag::CodeBlock(kind) => {
                self.code = true;
                Tag::CodeBlock(kind)
            }
            other => other,
        };
        self.pending.push(Event::Start(tag));
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Heading(level) => {
                let level = heading_level(self.content.level((level as u8).max(2)));
                self.pending.push(Event::End(TagEnd::Heading(level)));
            }
            TagEnd::Link => {
                self.link -= 1;
                if self.dropped_links.pop() == Some(false) {
                    self.pending.push(Event::End(TagEnd::Link));
                }
            }
            TagEnd::Image => {
                if let Some((written, alt)) = self.picture.take() {
                    self.inline_picture(&written, &alt);
                }
            }
            TagEnd::BlockQuote(kind) => {
                if self.quotes.pop() == Some(true) {
                    self.raw("</aside>\n".into());
                } else {
                    self.pending.push(Event::End(TagEnd::BlockQuote(kind)));
                }
            }
            TagEnd::Table => {
                self.pending.push(Event::End(TagEnd::Table));
                self.raw("</div>\n".into());
            }
            TagEnd::CodeBlock => {
                self.code = false;
                self.pending.push(Event::End(TagEnd::CodeBlock));
            }
            other => self.pending.push(Event::End(other)),
        }
    }

    /// Text, its bare web addresses as links.
    fn text(&mut self, text: &CowStr<'t>) {
        let mut from = 0;
        for url in markdown::bare_urls(text) {
            self.pending.push(Event::Text(text[from..url.start].to_owned().into()));
            let dest_url: CowStr<'t> = text[url.clone()].to_owned().into();
            let label = dest_url.clone();
            self.pending.push(Event::Start(Tag::Link {
                link_type: LinkType::Autolink,
                dest_url,
                title: "".into(),
                id: "".into(),
            }));
            self.pending.push(Event::Text(label));
            self.pending.push(Event::End(TagEnd::Link));
            from = url.end;
        }
        if from == 0 {
            self.pending.push(Event::Text(text.clone()));
        } else {
            self.pending.push(Event::Text(text[from..].to_owned().into()));
        }
    }

    /// A picture among words.
    fn inline_picture(&mut self, written: &str, alt: &str) {
        let world = &self.content.frame.edition.world;
        let key = world.linker().key(self.content.document, written);
        let wanted = Wanted {
            widths: &WIDTHS,
            sizes: "(min-width: 62rem) 37rem, 100vw",
            ratio: None,
            focus: None,
            alt,
            eager: false,
            avif: world.site.config.avif,
        };
        let made = key.and_then(|key| world.picture(&key, &wanted));
        // A picture that does not exist: its document was told, and the words stay.
        let Some(made) = made else {
            self.pending.push(Event::Text(alt.to_owned().into()));
            return;
        };
        self.raw(made);
    }

    /// A picture alone in its paragraph, through the component `figure`.
    fn figure(&mut self, events: &[(Event<'t>, Range<usize>)]) {
        let mut alt = String::new();
        let mut arguments: BTreeMap<String, Value> = BTreeMap::new();
        let mut at = 0..0;
        for (event, range) in events {
            match event {
                Event::Start(Tag::Image { dest_url, title, .. }) => {
                    at = range.clone();
                    let document = self.content.document;
                    let Some(src) = self.content.linker().key(document, dest_url) else { return };
                    arguments.insert("src".into(), Value::from(src));
                    if !title.is_empty() {
                        arguments.insert("caption".into(), Value::from(title.to_string()));
                    }
                }
                Event::Text(text) | Event::Code(text) => alt.push_str(text),
                Event::SoftBreak | Event::HardBreak => alt.push(' '),
                _ => {}
            }
        }
        arguments.insert("alt".into(), Value::from(alt));
        self.flush();
        self.content.call("figure", arguments, "", "", 2, &at, self.out);
    }
}

fn heading_level(level: u8) -> HeadingLevel {
    HeadingLevel::try_from(usize::from(level.clamp(1, 6))).unwrap_or(HeadingLevel::H6)
}

fn alert(kind: BlockQuoteKind) -> (&'static str, &'static str) {
    match kind {
        BlockQuoteKind::Note => ("alert-note", "alert_note"),
        BlockQuoteKind::Tip => ("alert-tip", "alert_tip"),
        BlockQuoteKind::Important => ("alert-important", "alert_important"),
        BlockQuoteKind::Warning => ("alert-warning", "alert_warning"),
        BlockQuoteKind::Caution => ("alert-caution", "alert_caution"),
    }
}

/// Text escaped for HTML.
pub fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    push_html(&mut escaped, std::iter::once(Event::Text(text.to_owned().into())));
    escaped
}

impl Content<'_, '_> {
    /// Where a link leads, or `None` when it is to become plain text.
    pub fn href(&self, written: &str) -> Option<String> {
        let link = self.linker().link(self.document, self.language, written);
        link.href(written, |anchor| match &self.elsewhere {
            _ if anchor.is_empty() => "#".into(),
            Some(page) => format!("{page}#{anchor}"),
            None => format!("#{}", self.prefixed(anchor)),
        })
    }

    fn footnote_reference(&mut self, label: &str) -> String {
        let label = markdown::label(label);
        let next = self.footnotes.numbers.len() + 1;
        let note =
            self.footnotes.numbers.entry(label.clone()).or_insert(Note { number: next, references: 0 });
        if note.references == 0 {
            self.footnotes.order.push(label.clone());
        }
        note.references += 1;
        let (number, reference) = (note.number, note.references);
        let slug = footnote_slug(&label);
        let again = if reference == 1 { String::new() } else { format!("-{reference}") };
        let id = self.prefixed(&format!("fnref-{slug}{again}"));
        let target = self.prefixed(&format!("fn-{slug}"));
        format!("<sup class=\"footnote-reference\" id=\"{id}\"><a href=\"#{target}\">{number}</a></sup>")
    }

    /// The footnotes referred to so far, as a list at the end of the text.
    pub fn footnotes(&mut self, out: &mut String) {
        if self.footnotes.numbers.is_empty() {
            return;
        }
        let document: &Document = self.document;
        let title = escaped(&self.text("footnotes"));
        let back = escaped(&self.text("back_to_text"));
        out.push_str(&format!("<div class=\"footnotes\" role=\"group\" aria-label=\"{title}\">\n<ol>\n"));
        let mut number = 0;
        // A footnote may refer to another, which is then numbered after it.
        while let Some(label) = self.footnotes.order.get(number).cloned() {
            number += 1;
            let slug = footnote_slug(&label);
            let (id, target) =
                (self.prefixed(&format!("fn-{slug}")), self.prefixed(&format!("fnref-{slug}")));
            out.push_str(&format!("<li id=\"{id}\">"));
            if let Some(range) = document.facts.footnotes.get(&label) {
                let parts = markdown_parts(self, range, std::slice::from_ref(range));
                let html: String = parts.into_iter().collect();
                let html = html.trim_end();
                let (before, end) = html.strip_suffix("</p>").map_or((html, ""), |before| (before, "</p>"));
                out.push_str(&format!(
                    "{before} <a class=\"footnote-back\" href=\"#{target}\" aria-label=\"{back}\">↩</a>{end}"
                ));
            }
            out.push_str("</li>\n");
        }
        out.push_str("</ol>\n</div>\n");
    }
}
