//! The text of a document to blocks: pieces of Markdown and calls of components, run-in heads among them,
//! with ids and levels; and, on the same walk, to the facts that linking needs.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use pulldown_cmark::{CowStr, Event, HeadingLevel, LinkType, Tag, TagEnd};

use super::directives::{self, Directive, Piece};
use super::facts::{ExplainerRef, Facts, Heading};
use super::markdown::{self, Definitions, Text};
use super::nesting::Nesting;
use super::{Rules, allow, raw_html};
use crate::config::RawHtml;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::catalog::text as say;
use crate::fields::{Located, Place, is_unsafe_url};
use crate::language::heads::{BoldStart, run_in_head};
use crate::language::{Heads, letters};
use crate::yaml::{Node, Value};

/// A part of a text.
#[derive(Clone, Debug, PartialEq)]
pub enum Block {
    /// Markdown.
    Markdown(MarkdownBlock),
    /// A call of a component.
    Component(ComponentBlock),
}

/// Markdown, by its place in the source.
#[derive(Clone, Debug, PartialEq)]
pub struct MarkdownBlock {
    /// The bytes of the piece.
    pub range: Range<usize>,
    /// Bytes at its start that are a run-in head and shown elsewhere.
    pub skip: Option<Range<usize>>,
}

/// A call of a component.
#[derive(Clone, Debug, PartialEq)]
pub struct ComponentBlock {
    /// The component.
    pub name: Located<String>,
    /// Its arguments.
    pub arguments: Vec<Argument>,
    /// Its id, unique in the document.
    pub id: String,
    /// The level of its heading, 2 to 6.
    pub level: u8,
    /// What stands inside it.
    pub body: Vec<Block>,
    /// The line that opens it.
    pub at: Range<usize>,
}

/// An argument of a component.
#[derive(Clone, Debug, PartialEq)]
pub struct Argument {
    /// Its name.
    pub name: Located<String>,
    /// Its value as written.
    pub value: Node,
}

/// A text, read.
pub struct Read {
    /// Its blocks.
    pub blocks: Vec<Block>,
    /// What its pieces of Markdown share.
    pub definitions: Definitions,
    /// Its facts.
    pub facts: Facts,
}

/// The deepest heading HTML has.
const DEEPEST: u8 = 6;

/// Reads `source[range]` in a language.
pub fn read(
    place: Place<'_>,
    range: Range<usize>,
    language: &str,
    run_in_heads: Option<bool>,
    rules: &Rules,
    d: &mut Vec<Diagnostic>,
) -> Read {
    let pieces = directives::scan(place, range, d);
    let mut definitions = Definitions::default();
    collect_definitions(place.source, &pieces, &mut definitions);
    let no_heads = Heads::default();
    let mut reader = Reader {
        place,
        rules,
        language,
        heads: run_in_heads
            .unwrap_or(rules.run_in_heads)
            .then(|| rules.heads.get(language).unwrap_or(&no_heads)),
        definitions: &definitions,
        facts: Facts::default(),
        // The template's own.
        ids: BTreeMap::from([("main".to_owned(), 1)]),
        inside: 0,
        referred: BTreeSet::new(),
        nesting: Nesting::default(),
        d,
    };
    let mut blocks = reader.level(&pieces, 2, true);
    let facts = reader.facts;
    // A text that is one piece holds its definitions itself.
    if let ([Block::Markdown(block)], [Piece::Text(whole)]) = (blocks.as_mut_slice(), pieces.as_slice()) {
        block.range = whole.clone();
        return Read { blocks, definitions: Definitions::default(), facts };
    }
    Read { blocks, definitions, facts }
}

fn collect_definitions(source: &str, pieces: &[Piece], found: &mut Definitions) {
    for piece in pieces {
        match piece {
            Piece::Text(range) => markdown::definitions(source, range, found),
            Piece::Directive(directive) => collect_definitions(source, &directive.body, found),
        }
    }
}

/// A top-level block of a piece, as far as sections need it.
struct Top {
    at: Range<usize>,
    kind: TopKind,
}

enum TopKind {
    Heading(u8),
    Rule,
    /// A paragraph that begins with strong text.
    Bold(Bold),
    Other,
}

struct Bold {
    text: String,
    end: usize,
}

struct Reader<'a, 'd> {
    place: Place<'a>,
    rules: &'a Rules,
    language: &'a str,
    heads: Option<&'a Heads>,
    definitions: &'a Definitions,
    facts: Facts,
    ids: BTreeMap<String, usize>,
    /// How many directives enclose what is read.
    inside: usize,
    /// Footnotes referred to so far.
    referred: BTreeSet<String>,
    /// The elements of HTML that are open.
    nesting: Nesting,
    d: &'d mut Vec<Diagnostic>,
}

/// A run-in section that is still open.
struct Section {
    component: ComponentBlock,
    level: u8,
}

/// The blocks of one level while it is read.
struct Level {
    blocks: Vec<Block>,
    section: Option<Section>,
    /// The level of the heading that encloses what comes next.
    enclosing: u8,
    /// The Markdown not yet put into a block.
    pending: Option<MarkdownBlock>,
}

impl Level {
    fn push(&mut self, block: Block) {
        match &mut self.section {
            Some(section) => section.component.body.push(block),
            None => self.blocks.push(block),
        }
    }

    fn flush(&mut self) {
        if let Some(markdown) = self.pending.take() {
            self.push(Block::Markdown(markdown));
        }
    }

    fn end_section(&mut self) {
        self.flush();
        if let Some(section) = self.section.take() {
            self.enclosing = section.level - 1;
            self.blocks.push(Block::Component(section.component));
        }
    }

    fn extend(&mut self, at: &Range<usize>) {
        match &mut self.pending {
            Some(pending) => pending.range.end = at.end,
            None => self.pending = Some(MarkdownBlock { range: at.clone(), skip: None }),
        }
    }
}

impl Reader<'_, '_> {
    /// The blocks of one level of pieces; `base` is the level of its headings.
    fn level(&mut self, pieces: &[Piece], base: u8, may_have_heads: bool) -> Vec<Block> {
        let mut level = Level { blocks: Vec::new(), section: None, enclosing: base - 1, pending: None };
        for piece in pieces {
            match piece {
                Piece::Text(range) => self.text(range, &mut level, may_have_heads),
                Piece::Directive(directive) => self.directive(directive, &mut level),
            }
        }
        level.end_section();
        level.blocks
    }

    fn directive(&mut self, directive: &Directive, level: &mut Level) {
        level.flush();
        let rule = self.rules.components.get(&directive.name.value).cloned().unwrap_or_default();
        if rule.section {
            level.end_section();
        }
        let own_level = (level.enclosing + 1).min(DEEPEST);
        let title =
            directive.arguments.iter().find(|a| a.name.value == "title").and_then(|a| a.value.as_text());
        let id = self.component_id(&directive.name.value, title);
        if rule.section
            && let Some(title) = title
        {
            let heading = Heading {
                id: id.clone(),
                level: own_level,
                title: title.to_owned(),
                start: directive.at.start,
            };
            self.facts.headings.push(heading);
        } else {
            self.facts.anchors.push(id.clone());
        }
        self.facts.components.push(directive.name.clone());
        for argument in directive.arguments.iter().filter(|a| rule.files.contains(&a.name.value)) {
            if let Some(file) = argument.value.as_text() {
                self.facts.files.push(Located { value: file.to_owned(), at: argument.value.at.clone() });
            }
        }
        for argument in &directive.arguments {
            self.links_of(&argument.name.value, &argument.value, &rule.urls);
        }
        if matches!(directive.name.value.as_str(), "explainer" | "nutgraf.explainer") {
            self.explainer(directive);
        }
        self.inside += 1;
        let body = self.level(&directive.body, (own_level + 1).min(DEEPEST), rule.section);
        self.inside -= 1;
        level.push(Block::Component(ComponentBlock {
            name: directive.name.clone(),
            arguments: directive.arguments.clone(),
            id,
            level: own_level,
            body,
            at: directive.at.clone(),
        }));
    }

    /// The links among the values of an argument.
    fn links_of(&mut self, name: &str, node: &Node, urls: &[String]) {
        match &node.value {
            Value::Scalar { text, .. } => {
                if urls.iter().any(|url| url == name) && !is_unsafe_url(text) {
                    self.facts.links.push(Located { value: text.clone(), at: node.at.clone() });
                }
            }
            Value::List(items) => {
                for item in items {
                    self.links_of(name, item, urls);
                }
            }
            Value::Map(entries) => {
                for entry in entries {
                    self.links_of(&entry.key, &entry.value, urls);
                }
            }
            Value::Null => {}
        }
    }

    fn explainer(&mut self, directive: &Directive) {
        let argument = |name: &str| {
            let found = directive.arguments.iter().find(|a| a.name.value == name)?;
            Some(Located { value: found.value.as_text()?.to_owned(), at: found.value.at.clone() })
        };
        if let Some(id) = argument("ref") {
            let show = argument("show").map(|s| s.value);
            self.facts.explainers.push(ExplainerRef { id, version: argument("version"), show });
        }
    }

    /// A piece of Markdown: its facts, and its run-in sections.
    fn text(&mut self, range: &Range<usize>, level: &mut Level, may_have_heads: bool) {
        for top in self.walk(range) {
            match top.kind {
                TopKind::Heading(heading) => {
                    if level.section.as_ref().is_some_and(|s| heading <= s.level) {
                        level.end_section();
                    }
                    level.extend(&top.at);
                    level.enclosing = heading;
                }
                TopKind::Rule => {
                    level.end_section();
                    level.extend(&top.at);
                }
                TopKind::Bold(bold) if may_have_heads => {
                    if !self.run_in(&bold, &top.at, level) {
                        level.extend(&top.at);
                    }
                }
                TopKind::Bold(_) | TopKind::Other => level.extend(&top.at),
            }
        }
        level.flush();
    }

    /// Opens a section if a bold start is a run-in head.
    fn run_in(&mut self, bold: &Bold, paragraph: &Range<usize>, level: &mut Level) -> bool {
        let Some(heads) = self.heads else { return false };
        let rest = &self.place.source[bold.end..paragraph.end];
        let start = BoldStart {
            text: &bold.text,
            after: rest.chars().next(),
            followed: !rest.trim().is_empty(),
            first: self.facts.lede_at.as_ref().is_none_or(|at| at.start == paragraph.start),
        };
        let Some(head) = run_in_head(&start, heads) else { return false };
        level.end_section();
        let own_level = (level.enclosing + 1).min(DEEPEST);
        let mark = if head.takes_mark { start.after.map_or(0, char::len_utf8) } else { 0 };
        let skipped = bold.end + mark;
        // A dash after the head belongs to it.
        let rest = &self.place.source[skipped..paragraph.end];
        let spaces = rest.len() - rest.trim_start().trim_start_matches(['—', '–']).trim_start().len();
        let at = paragraph.start..bold.end;
        let id = self.component_id(&head.component, Some(&head.title));
        self.facts.headings.push(Heading {
            id: id.clone(),
            level: own_level,
            title: head.title.clone(),
            start: at.start,
        });
        self.facts.components.push(Located { value: head.component.clone(), at: at.clone() });
        let title = Node { value: Value::Scalar { text: head.title, plain: false }, at: at.clone() };
        level.section = Some(Section {
            component: ComponentBlock {
                name: Located { value: head.component, at: at.clone() },
                arguments: vec![Argument {
                    name: Located { value: "title".into(), at: at.clone() },
                    value: title,
                }],
                id,
                level: own_level,
                body: Vec::new(),
                at,
            },
            level: own_level,
        });
        level.enclosing = own_level;
        let skip = paragraph.start..skipped + spaces;
        level.pending = Some(MarkdownBlock { range: paragraph.clone(), skip: Some(skip) });
        true
    }

    /// An id of a component's call: of its title, else of its name.
    fn component_id(&mut self, name: &str, title: Option<&str>) -> String {
        let slug = title.and_then(|t| letters::slug(t, self.language));
        self.unique_id(slug.unwrap_or_else(|| name.replace(['_', '.'], "-")))
    }

    /// The id, with a number from its second use on.
    fn unique_id(&mut self, id: String) -> String {
        let uses = self.ids.entry(id.clone()).or_insert(0);
        *uses += 1;
        if *uses == 1 {
            return id;
        }
        let numbered = format!("{id}-{uses}");
        self.unique_id(numbered)
    }

    /// Walks the events of a piece: facts into `self.facts`, top-level blocks returned.
    fn walk(&mut self, range: &Range<usize>) -> Vec<Top> {
        let text = Text::new(self.place.source, range, self.definitions);
        let mut walk = Walk {
            tops: Vec::new(),
            depth: 0,
            heading: None,
            bold: None,
            link: 0,
            image: 0,
            lede: false,
            code: false,
        };
        for (event, at) in text.events() {
            self.event(event, at, &mut walk);
        }
        walk.tops
    }

    fn event(&mut self, event: Event<'_>, at: Range<usize>, walk: &mut Walk) {
        match event {
            Event::Start(tag) => self.start(tag, at, walk),
            Event::End(tag) => self.end(tag, &at, walk),
            Event::Text(text) => {
                self.plain(&text, walk);
                if !walk.code {
                    self.check_stars(&at);
                    self.check_footnotes(&at);
                    self.check_brackets(&at);
                    if walk.link == 0 {
                        self.bare_urls(&at);
                    }
                }
            }
            Event::Code(text) => self.plain(&text, walk),
            Event::Html(html) | Event::InlineHtml(html) => {
                self.html(&html, &at);
                if walk.depth == 0 {
                    walk.tops.push(Top { at, kind: TopKind::Other });
                }
            }
            Event::FootnoteReference(label) => {
                let id = format!("fnref-{}", footnote_slug(&label));
                if self.referred.insert(id.clone()) {
                    self.facts.anchors.push(id);
                }
            }
            Event::SoftBreak | Event::HardBreak => self.plain(" ", walk),
            Event::Rule => {
                if walk.depth == 0 {
                    walk.tops.push(Top { at, kind: TopKind::Rule });
                }
            }
            Event::TaskListMarker(_) | Event::InlineMath(_) | Event::DisplayMath(_) => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>, at: Range<usize>, walk: &mut Walk) {
        if walk.depth == 0 {
            walk.tops.push(Top { at: at.clone(), kind: TopKind::Other });
            if matches!(tag, Tag::Paragraph) && self.inside == 0 && self.facts.lede_at.is_none() {
                self.facts.lede_at = Some(at.clone());
                walk.lede = true;
            }
        }
        let starts_paragraph =
            walk.depth == 1 && walk.tops.last().is_some_and(|top| top.at.start == at.start);
        walk.depth += 1;
        match tag {
            Tag::Heading { level, id, attrs, .. } => {
                for (name, _) in &attrs {
                    if self.rules.raw_html != RawHtml::Allow && !raw_html::is_plain_attribute(name) {
                        let what = format!("the attribute `{name}` of this heading");
                        self.d.push(say::html_removed(self.place.span(&at), &what));
                    }
                }
                let source = &self.place.source[at.clone()];
                let underline = source.trim_end().rfind('\n').map_or(0, |i| i + 1);
                // A longer underline was meant.
                if level == HeadingLevel::H2 && source[underline..].trim() == "---" {
                    let span = at.start + underline..at.start + source.trim_end().len();
                    self.d.push(say::accidental_heading(self.place.span(&span)));
                }
                let level = (level as u8).max(2);
                if walk.depth == 1
                    && let Some(top) = walk.tops.last_mut()
                {
                    top.kind = TopKind::Heading(level);
                }
                walk.heading = Some(OpenHeading {
                    start: at.start,
                    level,
                    title: String::new(),
                    id: id.map(CowStr::into_string),
                });
            }
            Tag::Strong
                if starts_paragraph
                    && walk.heading.is_none()
                    && self.place.source[at.clone()].starts_with("**") =>
            {
                walk.bold = Some(Bold { text: String::new(), end: at.end });
            }
            Tag::Link { link_type, dest_url, .. } => {
                walk.link += 1;
                let link = Located { value: dest_url.to_string(), at };
                match link_type {
                    LinkType::Email => {}
                    _ if is_unsafe_url(&link.value) => {
                        self.d.push(say::unsafe_link(self.place.span(&link.at), &link.value));
                    }
                    _ => self.facts.links.push(link),
                }
            }
            Tag::Image { dest_url, .. } => {
                let link = Located { value: dest_url.to_string(), at };
                if is_unsafe_url(&link.value) {
                    self.d.push(say::unsafe_link(self.place.span(&link.at), &link.value));
                } else {
                    self.facts.files.push(link);
                }
                walk.image += 1;
            }
            Tag::FootnoteDefinition(label) => {
                self.facts.anchors.push(format!("fn-{}", footnote_slug(&label)));
                self.facts.footnotes.entry(markdown::label(&label)).or_insert(at);
            }
            Tag::CodeBlock(_) => walk.code = true,
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd, at: &Range<usize>, walk: &mut Walk) {
        walk.depth -= 1;
        match tag {
            TagEnd::Paragraph if walk.lede && walk.depth == 0 => {
                walk.lede = false;
                if self.facts.lede.trim().is_empty() {
                    // A picture alone is no lede.
                    self.facts.lede_at = None;
                }
            }
            TagEnd::Heading(_) => {
                if let Some(heading) = walk.heading.take() {
                    let wanted = heading.id.or_else(|| letters::slug(&heading.title, self.language));
                    let id = self.unique_id(wanted.unwrap_or_else(|| "section".into()));
                    let title = heading.title.trim().to_owned();
                    self.facts.headings.push(Heading {
                        id,
                        level: heading.level,
                        title,
                        start: heading.start,
                    });
                }
            }
            TagEnd::Strong => {
                if let Some(bold) = walk.bold.take_if(|b| b.end == at.end)
                    && let Some(top) = walk.tops.last_mut()
                    && matches!(top.kind, TopKind::Other)
                {
                    top.kind = TopKind::Bold(bold);
                }
            }
            TagEnd::Link => walk.link -= 1,
            TagEnd::Image => walk.image -= 1,
            TagEnd::CodeBlock => walk.code = false,
            _ => {}
        }
        if walk.depth == 0 {
            self.facts.characters += 1;
        }
    }

    fn plain(&mut self, text: &str, walk: &mut Walk) {
        if walk.image > 0 {
            return;
        }
        self.facts.characters += text.chars().count();
        if let Some(heading) = &mut walk.heading {
            heading.title.push_str(text);
        }
        if let Some(bold) = &mut walk.bold {
            bold.text.push_str(text);
        }
        if walk.lede {
            self.facts.lede.push_str(text);
        }
    }

    /// `**` that Markdown left in the text: the first of a line, for one broken pair leaves two.
    fn check_stars(&mut self, at: &Range<usize>) {
        let source = &self.place.source[at.clone()];
        let stars = source.match_indices("**").map(|(i, _)| at.start + i);
        let meant = |start: &usize| !self.place.source[..*start].ends_with(['\\', '*']);
        if let Some(start) = stars.into_iter().find(meant) {
            self.d.push(say::stray_stars(self.place.span(&(start..start + 2))));
        }
    }

    /// `[text](address with a space)`, which Markdown leaves in the text.
    fn check_brackets(&mut self, at: &Range<usize>) {
        let source = &self.place.source[at.clone()];
        for (i, _) in source.match_indices("](") {
            let open = source[..i].rfind('[').unwrap_or(i);
            let Some(end) = find_near(&source[i..], ')').map(|end| i + end + 1) else { continue };
            if !self.place.source[..at.start + i].ends_with('\\') {
                let span = at.start + open..at.start + end;
                self.d.push(say::stray_brackets(self.place.span(&span), &source[i + 2..end]));
            }
        }
    }

    /// `[^1]` that no footnote answers.
    fn check_footnotes(&mut self, at: &Range<usize>) {
        let source = &self.place.source[at.clone()];
        for (i, _) in source.match_indices("[^") {
            let Some(len) = find_near(&source[i + 2..], ']') else { continue };
            let label = &source[i + 2..i + 2 + len];
            let escaped = self.place.source[..at.start + i].ends_with('\\');
            if !escaped && !label.is_empty() && !label.contains(char::is_whitespace) {
                let span = at.start + i..at.start + i + len + 3;
                self.d.push(say::footnote_missing(self.place.span(&span), label));
            }
        }
    }

    fn bare_urls(&mut self, at: &Range<usize>) {
        let source = &self.place.source[at.clone()];
        for url in markdown::bare_urls(source) {
            self.facts.links.push(Located {
                value: source[url.clone()].to_owned(),
                at: at.start + url.start..at.start + url.end,
            });
        }
    }

    fn html(&mut self, html: &str, at: &Range<usize>) {
        let comment = html.trim_start().starts_with("<!--") && html.trim_end().ends_with("-->");
        if comment {
            self.facts.allowed.extend(allow::in_comment(self.place, html, at, self.d));
            return;
        }
        self.facts.has_html = true;
        if self.nesting.read(html) {
            self.d.push(say::html_too_deep(self.place.span(at)));
        }
        self.facts.anchors.extend(raw_html::anchors(html));
        if self.rules.raw_html == RawHtml::Sanitize {
            for (what, inside) in raw_html::removed(html) {
                let span = at.start + inside.start..(at.start + inside.end).min(at.end);
                self.d.push(say::html_removed(self.place.span(&span), &what));
            }
        }
    }
}

/// What a walk over a piece remembers between events.
struct Walk {
    tops: Vec<Top>,
    depth: usize,
    heading: Option<OpenHeading>,
    bold: Option<Bold>,
    link: usize,
    image: usize,
    lede: bool,
    code: bool,
}

struct OpenHeading {
    start: usize,
    level: u8,
    title: String,
    id: Option<String>,
}

/// Where a mark stands in the next few hundred bytes of a text.
fn find_near(text: &str, mark: char) -> Option<usize> {
    text.char_indices().take_while(|(i, _)| *i < 300).find(|(_, c)| *c == mark).map(|(i, _)| i)
}

/// A footnote's label as part of an id.
pub fn footnote_slug(label: &str) -> String {
    label.to_lowercase().chars().map(|c| if c.is_alphanumeric() { c } else { '-' }).collect()
}
