//! A body that is one list whose items begin with bold text: how editors write timelines and numbers.

use std::ops::Range;

use pulldown_cmark::{Event, Tag, TagEnd};

use super::blocks::Block;
use super::markdown::{Definitions, Text};
use crate::fields::Located;

/// One item of such a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoldItem {
    /// Its bold start, if it has one.
    pub bold: Option<Located<String>>,
    /// The rest of its first paragraph.
    pub rest: Range<usize>,
    /// What follows that paragraph.
    pub body: Range<usize>,
    /// The whole item.
    pub at: Range<usize>,
}

/// The items of a body, or `None` when it is not one list and nothing else.
pub fn bold_items(source: &str, definitions: &Definitions, body: &[Block]) -> Option<Vec<BoldItem>> {
    let [Block::Markdown(block)] = body else { return None };
    let mut items: Vec<BoldItem> = Vec::new();
    let mut depth = 0_usize;
    let mut lists = 0;
    let mut others = 0;
    let mut text: Option<String> = None;
    let markdown = Text::new(source, &block.range, definitions);
    for (event, at) in markdown.events() {
        match event {
            Event::Start(tag) => {
                match (&tag, depth) {
                    (Tag::List(_), 0) => lists += 1,
                    (_, 0) => others += 1,
                    (Tag::Item, 1) => {
                        items.push(BoldItem { bold: None, rest: at.start..at.end, body: at.end..at.end, at });
                    }
                    (Tag::Strong, 2 | 3) => {
                        let item = items.last()?;
                        if item.bold.is_none()
                            && source[item.at.start..at.start]
                                .trim_start_matches(|c: char| !c.is_whitespace())
                                .trim()
                                .is_empty()
                        {
                            text = Some(String::new());
                        }
                    }
                    (tag, 2) if is_block(tag) && !matches!(tag, Tag::Paragraph) => {
                        begin_body(items.last_mut()?, &at);
                    }
                    (Tag::Paragraph, 2)
                        // A second paragraph of a loose item.
                        if items.last()?.bold.is_some() => {
                            begin_body(items.last_mut()?, &at);
                        }
                    _ => {}
                }
                depth += 1;
            }
            Event::End(tag) => {
                depth -= 1;
                match (tag, depth) {
                    (TagEnd::Strong, _) => {
                        if let (Some(text), Some(item)) = (text.take(), items.last_mut()) {
                            item.rest.start = at.end;
                            item.bold = Some(Located { value: text.trim().to_owned(), at });
                        }
                    }
                    (TagEnd::Paragraph, 2) => {
                        let item = items.last_mut()?;
                        if item.body.start >= at.end {
                            item.rest.end = item.rest.end.min(at.end);
                        }
                    }
                    _ => {}
                }
            }
            Event::Text(piece) | Event::Code(piece) => {
                if let Some(text) = &mut text {
                    text.push_str(&piece);
                }
            }
            _ => {
                if depth == 0 {
                    others += 1;
                }
            }
        }
    }
    (lists == 1 && others == 0 && !items.is_empty()).then_some(items)
}

fn is_block(tag: &Tag<'_>) -> bool {
    matches!(
        tag,
        Tag::Paragraph
            | Tag::Heading { .. }
            | Tag::BlockQuote(_)
            | Tag::CodeBlock(_)
            | Tag::List(_)
            | Tag::Table(_)
            | Tag::HtmlBlock
    )
}

fn begin_body(item: &mut BoldItem, at: &Range<usize>) {
    if item.body.start > at.start {
        item.body.start = at.start;
        item.rest.end = item.rest.end.min(at.start);
    }
}
