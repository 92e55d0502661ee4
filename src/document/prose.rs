//! A document to what is read of it: its passages as plain text, each letter with its place in the source, its
//! pictures and its components. Rules for editors, differences between versions and the search for what is
//! withheld read this; pages are made from the blocks themselves.

use std::ops::Range;

use pulldown_cmark::{Event, LinkType, Tag, TagEnd};

use super::blocks::{Block, ComponentBlock, MarkdownBlock};
use super::markdown::Text;
use super::{Document, markdown};
use crate::fields::Located;
use crate::yaml::{Node, Value};

/// What is read of a document.
#[derive(Debug, Default)]
pub struct Prose<'a> {
    /// Its passages in their order.
    pub passages: Vec<Passage>,
    /// The pictures of its Markdown.
    pub pictures: Vec<Picture>,
    /// Its components.
    pub components: Vec<&'a ComponentBlock>,
}

/// Text that is read in one go.
#[derive(Clone, Debug)]
pub struct Passage {
    /// What it is.
    pub kind: PassageKind,
    /// Whether it stands in a quotation that is set off.
    pub quoted: bool,
    /// The text, without marks.
    pub text: String,
    /// Where it stands in the source.
    pub at: Range<usize>,
    /// Its bold start, when it is a paragraph that begins with one and no section.
    pub bold: Option<Located<String>>,
    /// The parts of the text that are code, as bytes of the text.
    pub code: Vec<Range<usize>>,
    /// Bytes of the text with the bytes of the source they come from.
    pieces: Vec<(Range<usize>, Range<usize>)>,
}

/// What a passage is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PassageKind {
    /// A heading, or the title of a section.
    Heading,
    /// A paragraph.
    Paragraph,
    /// An item of a list, a cell of a table, a footnote.
    Item,
    /// A value that a component is given.
    Value,
}

/// A picture in Markdown.
#[derive(Clone, Debug)]
pub struct Picture {
    /// The whole of it.
    pub at: Range<usize>,
    /// The file, as written.
    pub src: String,
    /// Its words for those who do not see it.
    pub alt: String,
    /// Its caption.
    pub caption: String,
}

/// Reads a document.
pub fn read(document: &Document) -> Prose<'_> {
    let mut reader = Reader { document, prose: Prose::default(), current: None, quotes: 0 };
    reader.blocks(&document.blocks);
    reader.prose
}

impl Passage {
    /// A short text of front matter as a passage; its letters are found where they stand in the source as written.
    pub fn of_front(text: &str, source: &str, at: &Range<usize>) -> Self {
        let within = source.get(at.clone()).and_then(|raw| raw.find(text));
        let pieces = within.map(|i| (0..text.len(), at.start + i..at.start + i + text.len()));
        Self {
            kind: PassageKind::Value,
            quoted: false,
            text: text.to_owned(),
            at: at.clone(),
            bold: None,
            code: Vec::new(),
            pieces: pieces.into_iter().collect(),
        }
    }

    /// Where a part of the text stands in the source; the whole passage when that cannot be told.
    pub fn place(&self, part: &Range<usize>) -> Range<usize> {
        self.exact(part).unwrap_or_else(|| self.at.clone())
    }

    /// Where a part of the text stands in the source, letter by letter the same.
    pub fn exact(&self, part: &Range<usize>) -> Option<Range<usize>> {
        let found = |at: usize, end: bool| {
            let piece = self.pieces.iter().find(|(own, _)| {
                if end { own.start < at && at <= own.end } else { own.start <= at && at < own.end }
            });
            let (own, source) = piece?;
            (own.len() == source.len()).then(|| source.start + at - own.start)
        };
        let (start, end) = (found(part.start, false)?, found(part.end, true)?);
        // Between two pieces there may be a mark that is no part of the text.
        (start + part.len() == end).then_some(start..end)
    }

    /// The words of the text with their places in it: letters and digits, with what joins them inside a word.
    /// Code and addresses have none.
    pub fn words(&self) -> impl Iterator<Item = (Range<usize>, &str)> {
        let code = |at: usize| self.code.iter().any(|code| code.contains(&at));
        tokens(&self.text)
            .filter(move |(at, token)| {
                !code(at.start)
                    && !token.contains("://")
                    && !token.contains('@')
                    && !token.starts_with("www.")
            })
            .flat_map(|(at, token)| {
                words(token).map(move |(i, word)| (at.start + i.start..at.start + i.end, word))
            })
    }

    /// How many words a reader counts.
    pub fn word_count(&self) -> usize {
        tokens(&self.text).filter(|(_, token)| token.contains(char::is_alphanumeric)).count()
    }
}

/// What stands between spaces.
fn tokens(text: &str) -> impl Iterator<Item = (Range<usize>, &str)> {
    let start = text.as_ptr() as usize;
    text.split_whitespace().map(move |token| {
        let at = token.as_ptr() as usize - start;
        (at..at + token.len(), token)
    })
}

/// The words of a text without spaces.
fn words(token: &str) -> impl Iterator<Item = (Range<usize>, &str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = &token[at..];
        let start = at + rest.find(char::is_alphanumeric)?;
        let mut end = start;
        let mut letters = token[start..].char_indices().peekable();
        while let Some((i, letter)) = letters.next() {
            let joins = matches!(letter, '-' | '\'' | '’' | '‑' | '&')
                && letters.peek().is_some_and(|(_, next)| next.is_alphanumeric());
            if !letter.is_alphanumeric() && !joins {
                break;
            }
            end = start + i + letter.len_utf8();
        }
        at = end;
        Some((start..end, &token[start..end]))
    })
}

struct Reader<'a> {
    document: &'a Document,
    prose: Prose<'a>,
    current: Option<Passage>,
    /// How many quotations are open.
    quotes: usize,
}

impl<'a> Reader<'a> {
    fn blocks(&mut self, blocks: &'a [Block]) {
        for block in blocks {
            match block {
                Block::Markdown(markdown) => self.markdown(markdown),
                Block::Component(component) => self.component(component),
            }
        }
    }

    fn component(&mut self, component: &'a ComponentBlock) {
        self.prose.components.push(component);
        for argument in &component.arguments {
            let kind = if argument.name.value == "title" { PassageKind::Heading } else { PassageKind::Value };
            self.value(&argument.value, kind);
        }
        let is_quote = component.name.value.ends_with("quote");
        self.quotes += usize::from(is_quote);
        self.blocks(&component.body);
        self.quotes -= usize::from(is_quote);
    }

    /// The texts among the values of an argument: what has more than one word.
    fn value(&mut self, node: &Node, kind: PassageKind) {
        match &node.value {
            Value::Scalar { text, .. } => {
                if text.trim().contains(char::is_whitespace) || kind == PassageKind::Heading {
                    let passage = Passage::of_front(text, &self.document.source, &node.at);
                    self.prose.passages.push(Passage { kind, ..passage });
                }
            }
            Value::List(items) => {
                for item in items {
                    self.value(item, PassageKind::Value);
                }
            }
            Value::Map(entries) => {
                for entry in entries {
                    self.value(&entry.value, PassageKind::Value);
                }
            }
            Value::Null => {}
        }
    }

    fn markdown(&mut self, block: &MarkdownBlock) {
        let text = Text::new(&self.document.source, &block.range, &self.document.definitions);
        let mut walk = Walk { depth: 0, picture: None, code_block: false, label: 0 };
        // The head of a section is its title, which was read already.
        let source = &self.document.source;
        let own = |(event, at)| markdown::without_head(source, block.skip.as_ref(), event, at);
        for (event, at) in text.events().filter_map(own) {
            self.event(&event, &at, &mut walk);
        }
        self.flush();
    }

    fn event(&mut self, event: &Event<'_>, at: &Range<usize>, walk: &mut Walk) {
        match event {
            Event::Start(tag) => self.start(tag, at, walk),
            Event::End(tag) => self.end(*tag, walk),
            Event::Text(text) | Event::Code(text) => {
                if let Some(picture) = &mut walk.picture {
                    picture.alt.push_str(text);
                    return;
                }
                if walk.code_block {
                    return;
                }
                let is_code = matches!(event, Event::Code(_));
                // The text of a link that is found by it must stay as it is.
                let at = if walk.label > 0 { &(at.start..at.start) } else { at };
                self.push(text, at, is_code);
            }
            Event::SoftBreak | Event::HardBreak => self.push(" ", at, false),
            _ => {}
        }
    }

    fn start(&mut self, tag: &Tag<'_>, at: &Range<usize>, walk: &mut Walk) {
        walk.depth += 1;
        match tag {
            Tag::Paragraph if self.current.is_none() => self.begin(PassageKind::Paragraph, at),
            Tag::Heading { .. } => self.begin(PassageKind::Heading, at),
            Tag::Item | Tag::TableCell | Tag::FootnoteDefinition(_) => self.begin(PassageKind::Item, at),
            Tag::List(_) | Tag::Table(_) => self.flush(),
            Tag::BlockQuote(kind) => {
                self.flush();
                // A note is set off like a quotation, and is none.
                self.quotes += usize::from(kind.is_none());
            }
            Tag::CodeBlock(_) => {
                self.flush();
                walk.code_block = true;
            }
            Tag::Strong if walk.depth == 2 && self.document.source[at.clone()].starts_with("**") => {
                if let Some(passage) = &mut self.current
                    && passage.kind == PassageKind::Paragraph
                    && passage.text.is_empty()
                    && passage.at.start == at.start
                {
                    let bold = &self.document.source[at.clone()];
                    passage.bold = Some(Located { value: markdown::plain(bold), at: at.clone() });
                }
            }
            // The text of such a link is what it is found by.
            Tag::Link { link_type: LinkType::Shortcut | LinkType::Collapsed, .. } => walk.label += 1,
            Tag::Link { .. } if walk.label > 0 => walk.label += 1,
            Tag::Image { dest_url, title, .. } => {
                walk.picture = Some(Picture {
                    at: at.clone(),
                    src: dest_url.to_string(),
                    alt: String::new(),
                    caption: title.to_string(),
                });
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd, walk: &mut Walk) {
        walk.depth -= 1;
        match tag {
            TagEnd::Paragraph
            | TagEnd::Heading(_)
            | TagEnd::Item
            | TagEnd::TableCell
            | TagEnd::FootnoteDefinition => self.flush(),
            TagEnd::BlockQuote(kind) => {
                self.flush();
                self.quotes -= usize::from(kind.is_none());
            }
            TagEnd::CodeBlock => walk.code_block = false,
            TagEnd::Link => walk.label = walk.label.saturating_sub(1),
            TagEnd::Image => self.prose.pictures.extend(walk.picture.take()),
            _ => {}
        }
    }

    fn begin(&mut self, kind: PassageKind, at: &Range<usize>) {
        self.flush();
        self.current = Some(Passage {
            kind,
            quoted: self.quotes > 0,
            text: String::new(),
            at: at.start..at.start + self.document.source[at.clone()].trim_end().len(),
            bold: None,
            code: Vec::new(),
            pieces: Vec::new(),
        });
    }

    fn flush(&mut self) {
        self.prose.passages.extend(self.current.take().filter(|passage| !passage.text.trim().is_empty()));
    }

    fn push(&mut self, text: &str, at: &Range<usize>, is_code: bool) {
        let Some(passage) = &mut self.current else { return };
        let start = passage.text.len();
        passage.text.push_str(text);
        let own = start..passage.text.len();
        if is_code {
            passage.code.push(own.clone());
        }
        passage.pieces.push((own, at.clone()));
    }
}

/// What a walk over a piece remembers between events.
struct Walk {
    depth: usize,
    picture: Option<Picture>,
    code_block: bool,
    /// How many links are open whose text is their label.
    label: usize,
}
