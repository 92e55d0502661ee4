//! The blocks of a document to HTML: Markdown, components, the explainers they show. One walk, the same
//! for a briefing, an explainer inside it, and an explainer inside that.

use std::collections::BTreeMap;
use std::ops::Range;

use jiff::civil::Date;
use tera::{Context, Value};

use super::Marks;
use super::html::{self, Footnotes};
use crate::config::RawHtml;
use crate::diagnostic::catalog::site as say;
use crate::diagnostic::{Code, Diagnostic, Span};
use crate::document::facts::ExplainerRef;
use crate::document::lists::{BoldItem, bold_items};
use crate::document::{Block, ComponentBlock, Document, Kind, MarkdownBlock};
use crate::edition::{Edition, functions, views};
use crate::fields::Place;
use crate::links::Linker;
use crate::site::explainers::{MAX_SHOWN, MAX_WAY};
use crate::site::{Entry, Shown};
use crate::theme::arguments::{self, Bound};
use crate::theme::catalogue::ListForm;
use crate::theme::errors;

/// What is the same for everything on a page.
pub struct Frame<'e> {
    /// The edition.
    pub edition: &'e Edition,
    /// The document whose page it is.
    pub entry: &'e Entry,
    /// The date that decides which version of an explainer is shown.
    pub date: Option<Date>,
    /// How often each explainer has been shown so far.
    pub shown: BTreeMap<String, usize>,
    /// Whether blocks say where they come from.
    pub marks: Marks,
    /// What went wrong.
    pub diagnostics: Vec<Diagnostic>,
}

/// One text on a page: the document's own, or an explainer's.
pub struct Content<'c, 'e> {
    /// The page.
    pub frame: &'c mut Frame<'e>,
    /// The document.
    pub document: &'c Document,
    /// The language of the text.
    pub language: &'c str,
    /// What components find for their implicit arguments.
    pub implicits: &'c Context,
    /// How much deeper than on its own page its headings stand.
    pub shift: u8,
    /// What its ids begin with.
    pub prefix: &'c str,
    /// How many explainers enclose it.
    pub depth: usize,
    /// Where the rest of the text is, when only a part of it is shown.
    pub elsewhere: Option<String>,
    /// Its footnotes.
    pub footnotes: Footnotes,
}

impl<'c, 'e> Content<'c, 'e> {
    /// A document's own text on its page.
    pub fn of_page(
        frame: &'c mut Frame<'e>,
        document: &'c Document,
        language: &'c str,
        implicits: &'c Context,
    ) -> Self {
        Self {
            frame,
            document,
            language,
            implicits,
            shift: 0,
            prefix: "",
            depth: 0,
            elsewhere: None,
            footnotes: Footnotes::default(),
        }
    }

    /// The whole text with its footnotes.
    pub fn whole(&mut self) -> String {
        let mut out = String::with_capacity(self.document.source.len() * 2);
        let document = self.document;
        self.blocks(&document.blocks, &mut out);
        self.footnotes(&mut out);
        out
    }

    /// Some of its blocks.
    fn blocks(&mut self, blocks: &[Block], out: &mut String) {
        for block in blocks {
            match block {
                Block::Markdown(markdown) => html::markdown_block(self, markdown, out),
                Block::Component(component) => self.component(component, out),
            }
        }
    }

    /// The first paragraph.
    fn lede(&mut self) -> String {
        let mut out = String::new();
        if let Some(range) = &self.document.facts.lede_at {
            let block = MarkdownBlock { range: range.clone(), skip: None };
            html::markdown_block(self, &block, &mut out);
        }
        out
    }

    /// A resolver of links.
    pub fn linker(&self) -> Linker<'e> {
        self.frame.edition.world.linker()
    }

    /// What becomes of HTML in the text.
    pub fn raw_html(&self) -> RawHtml {
        self.frame.edition.world.site.config.raw_html
    }

    /// An id of the text as it stands on this page.
    pub fn prefixed(&self, id: &str) -> String {
        format!("{}{id}", self.prefix)
    }

    /// A heading's level as it stands on this page.
    pub fn level(&self, level: u8) -> u8 {
        (level + self.shift).min(6)
    }

    /// An interface string in the language of the text.
    pub fn text(&self, key: &str) -> String {
        let language = self.frame.edition.theme.languages.get(self.language);
        language.and_then(|l| l.strings.get(key, None)).unwrap_or(key).to_owned()
    }

    fn component(&mut self, block: &ComponentBlock, out: &mut String) {
        let name = block.name.value.as_str();
        let edition = self.frame.edition;
        let Some(component) = edition.theme.catalogue.get(name).filter(|c| c.not_for_text.is_none()) else {
            return;
        };
        let place = Place { file: &self.document.path, source: &self.document.source };
        // What is wrong with the arguments was said when the document was checked.
        let mut said = Vec::new();
        let mut bound = arguments::bind(component, block, place, &mut said);
        arguments::check_list(component, block, self.document, place, &mut said);
        if !said.is_empty() {
            return;
        }
        let urls = component.urls();
        for (name, value) in &mut bound {
            self.resolve_links(name, value, &urls);
        }
        for file in component.files() {
            let Some(written) = bound.get(&file).and_then(Value::as_str).filter(|w| !w.is_empty()) else {
                continue;
            };
            let Some(key) = self.linker().key(self.document, written) else { return };
            bound.insert(file, Value::from(key));
        }
        let level = self.level(block.level);
        let id = self.prefixed(&block.id);
        if matches!(name, "explainer" | "nutgraf.explainer") {
            self.explainer(name, bound, &id, level, &block.at, out);
            return;
        }
        let mut body = String::new();
        let items =
            component.list.as_ref().filter(|form| !bound.contains_key(&form.argument)).and_then(|form| {
                Some((form, bold_items(&self.document.source, &self.document.definitions, &block.body)?))
            });
        match (items, block.body.as_slice()) {
            (Some((form, items)), [Block::Markdown(markdown)]) => {
                let value = self.list_items(form, &items, markdown);
                bound.insert(form.argument.clone(), value);
            }
            (_, blocks) => self.blocks(blocks, &mut body),
        }
        self.call(name, bound, &body, &id, level, &block.at, out);
    }

    /// Makes links among the values of an argument lead where they do from this document.
    fn resolve_links(&self, name: &str, value: &mut Value, urls: &[String]) {
        if let Some(text) = value.as_str() {
            if urls.iter().any(|url| url == name) && !text.is_empty() {
                *value = Value::from(self.href(text).unwrap_or_default());
            }
        } else if let Some(items) = value.as_array() {
            let mut items = items.to_vec();
            for item in &mut items {
                self.resolve_links(name, item, urls);
            }
            *value = Value::from(items);
        } else if let Some(map) = value.as_map() {
            let mut map = map.clone();
            for (key, item) in &mut map {
                if let Some(key) = key.as_str() {
                    self.resolve_links(key, item, urls);
                }
            }
            *value = Value::from(map);
        }
    }

    /// Calls a component with everything it may ask for.
    #[expect(clippy::too_many_arguments, reason = "the parts of one call")]
    pub fn call(
        &mut self,
        name: &str,
        bound: Bound,
        body: &str,
        id: &str,
        level: u8,
        at: &Range<usize>,
        out: &mut String,
    ) {
        let edition = self.frame.edition;
        let Some(component) = edition.theme.catalogue.get(name) else { return };
        let mut arguments = Context::new();
        for (key, value) in bound {
            arguments.insert_value(key, value);
        }
        for implicit in &component.implicits {
            match implicit.as_str() {
                "id" => arguments.insert_value("id", Value::from(id)),
                "level" => arguments.insert_value("level", Value::from(level)),
                _ => {}
            }
        }
        let engine = &edition.engine;
        match engine.render_component_with_implicits(name, &arguments, self.implicits, Some(body), true) {
            Ok(html) => {
                let from = out.len();
                out.push_str(html.trim());
                out.push('\n');
                self.mark(out, from, at.start);
            }
            Err(error) => {
                let span = Span::new(&self.document.path, at.clone());
                self.frame.diagnostics.push(errors::render_error(
                    &error,
                    &edition.theme.sources,
                    &span,
                    "while making this",
                ));
            }
        }
    }

    /// Says in the first tag since `from` which file and line it comes from, where marks are wanted.
    pub fn mark(&self, out: &mut String, from: usize, at: usize) {
        if self.frame.marks == Marks::None {
            return;
        }
        let starts = out[from..].match_indices('<').map(|(i, _)| from + i + 1);
        let tag = starts.into_iter().find(|i| out[*i..].starts_with(|c: char| c.is_ascii_alphabetic()));
        if let Some(tag) = tag {
            let name = out[tag..].find(|c: char| !c.is_ascii_alphanumeric() && c != '-');
            let line = self.document.source[..at].matches('\n').count() + 1;
            let place = html::escaped(&format!("{}:{line}", self.document.path)).replace('"', "&quot;");
            let end = name.map_or(out.len(), |length| tag + length);
            // A component inside a component has said so already.
            if !out[end..].starts_with(" data-nutgraf=") {
                out.insert_str(end, &format!(" data-nutgraf=\"{place}\""));
            }
        }
    }

    /// The items of a list that begin with bold text, as an argument.
    fn list_items(&mut self, form: &ListForm, items: &[BoldItem], block: &MarkdownBlock) -> Value {
        let parts: Vec<Range<usize>> =
            items.iter().flat_map(|item| [item.rest.clone(), item.body.clone()]).collect();
        let html = html::markdown_parts(self, &block.range, &parts);
        let components = self.frame.edition.theme.catalogue.components.values();
        let keys: Vec<&str> = components
            .flat_map(|c| c.arguments.iter().filter(|a| a.name == form.argument && c.list.is_some()))
            .flat_map(|a| a.items.iter().map(|i| i.name.as_str()))
            .collect();
        let values = items.iter().zip(html.chunks(2)).map(|(item, html)| {
            let mut map = tera::Map::new();
            let bold = item.bold.as_ref().map_or("", |b| b.value.as_str());
            map.insert(form.bold.clone().into(), Value::from(bold.trim_end_matches(['.', ':'])));
            let rest = html[0].trim().trim_start_matches(['—', '–', '-', ':', ' ']).trim_start();
            map.insert(form.rest.clone().into(), Value::safe_string(rest));
            if let Some(key) = &form.body {
                let body = if item.body.is_empty() { Value::none() } else { Value::safe_string(&html[1]) };
                map.insert(key.clone().into(), body);
            }
            // Every item has every key, so that a template can ask for any of them; also one that the
            // component hands its items on to, as an override does to the original.
            for key in &keys {
                map.entry((*key).to_owned().into()).or_insert_with(Value::none);
            }
            Value::from(map)
        });
        Value::from(values.collect::<Vec<_>>())
    }

    /// An explainer, through its component.
    fn explainer(
        &mut self,
        name: &str,
        bound: Bound,
        id: &str,
        level: u8,
        at: &Range<usize>,
        out: &mut String,
    ) {
        let text =
            |key: &str| bound.get(key).and_then(Value::as_str).filter(|t| !t.is_empty()).map(str::to_owned);
        let Some(reference) = text("ref") else { return };
        let show = text("show").unwrap_or_else(|| "summary".into());
        let site = &self.frame.edition.world.site;
        let (language, default) = (self.frame.entry.language.as_str(), site.config.language.as_str());
        let Some(shown) =
            site.explainers.shown(&reference, language, default, text("version").as_deref(), self.frame.date)
        else {
            return;
        };
        // Rings and towers were told when the site was linked.
        if self.depth >= MAX_WAY {
            return;
        }
        if self.frame.shown.values().sum::<usize>() >= MAX_SHOWN {
            let span = Span::new(&self.document.path, at.clone());
            if self.frame.diagnostics.iter().all(|d| d.code != Code::ExplainerDepth) {
                self.frame.diagnostics.push(say::explainer_depth(span, MAX_SHOWN, MAX_WAY));
            }
            return;
        }
        let body = self.explainer_text(&reference, &shown, &show, level);
        let world = &self.frame.edition.world;
        let view = views::shown_explainer(world, &shown, &reference, language);
        let mut implicits = self.implicits.clone();
        implicits.insert_value("as_of", Value::from(view.as_of.as_str()));
        implicits.insert_value("shown", Value::from_serializable(&view));
        let mut arguments = bound;
        arguments.insert("show".into(), Value::from(show));
        let mut inner = Content {
            frame: self.frame,
            document: self.document,
            language: self.language,
            implicits: &implicits,
            shift: self.shift,
            prefix: self.prefix,
            depth: self.depth,
            elsewhere: None,
            footnotes: Footnotes::default(),
        };
        inner.call(name, arguments, &body, id, level, at, out);
    }

    /// The text of an explainer as it stands on this page: ids prefixed, levels below `level`.
    fn explainer_text(&mut self, id: &str, shown: &Shown<'_>, show: &str, level: u8) -> String {
        let times = self.frame.shown.entry(id.to_owned()).or_default();
        *times += 1;
        let prefix = if *times == 1 { format!("{id}-") } else { format!("{id}-{times}-") };
        let front = &shown.version.front;
        let mut implicits = self.implicits.clone();
        implicits.insert_value("lang", Value::from(shown.language));
        implicits.insert_value("as_of", Value::from(shown.version.as_of.to_string()));
        let world = &self.frame.edition.world;
        if show == "summary"
            && let Some(summary) = &front.summary
        {
            let text = world.linker().rewrite(&shown.version.document, shown.language, &summary.value);
            return format!("<p>{}</p>\n", functions::inline_markdown(&text));
        }
        let page = world.site.find(Kind::Explainer, id, shown.language);
        let url = page.map(|page| world.site.href(&world.site.entries[page].url));
        let mut inner = Content {
            frame: self.frame,
            document: &shown.version.document,
            language: shown.language,
            implicits: &implicits,
            // Headings of a text begin at level 2; here the explainer's title has `level`.
            shift: level.saturating_sub(1),
            prefix: &prefix,
            depth: self.depth + 1,
            elsewhere: url.filter(|_| show == "summary"),
            footnotes: Footnotes::default(),
        };
        if show == "summary" {
            let mut lede = inner.lede();
            inner.footnotes(&mut lede);
            return lede;
        }
        inner.whole()
    }

    /// The explainers that front matter places after the text.
    pub fn background(&mut self, refs: &[ExplainerRef]) -> String {
        let mut out = String::new();
        for (i, reference) in refs.iter().enumerate() {
            let mut bound = Bound::from([("ref".into(), Value::from(reference.id.value.as_str()))]);
            if let Some(version) = &reference.version {
                bound.insert("version".into(), Value::from(version.value.as_str()));
            }
            if let Some(show) = &reference.show {
                bound.insert("show".into(), Value::from(show.as_str()));
            }
            let id = format!("page-background-{}", i + 1);
            self.explainer("explainer", bound, &id, 2, &reference.id.at, &mut out);
        }
        out
    }
}
