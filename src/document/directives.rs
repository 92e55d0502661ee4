//! Directives found by line, before Markdown: `:::name[label]{attributes}` … `:::` and `::name{…}`. The text
//! becomes a tree of pieces; code, HTML comments, `<pre>`, `<script>` and `<style>` are passed over.

use std::ops::Range;

use crate::diagnostic::Diagnostic;
use crate::diagnostic::catalog::text as say;
use crate::diagnostic::catalog::{components, front_matter};
use crate::fields::{Located, Place};
use crate::yaml::{self, Node, Value};

use super::blocks::Argument;

/// How deep blocks may be nested.
pub const MAX_DEPTH: usize = 12;

/// A piece of a text: Markdown, or a directive.
#[derive(Clone, Debug)]
pub enum Piece {
    /// Markdown, in bytes of the file.
    Text(Range<usize>),
    /// A directive.
    Directive(Directive),
}

/// A call of a component.
#[derive(Clone, Debug)]
pub struct Directive {
    /// The component's name, hyphens as underscores.
    pub name: Located<String>,
    /// Its arguments: the label, the attributes, the YAML at the start of its body.
    pub arguments: Vec<Argument>,
    /// What stands inside it.
    pub body: Vec<Piece>,
    /// The line that opens it.
    pub at: Range<usize>,
}

/// Splits `source[range]` into pieces.
pub fn scan(place: Place<'_>, range: Range<usize>, d: &mut Vec<Diagnostic>) -> Vec<Piece> {
    if !place.source[range.clone()].contains("::") {
        return vec![Piece::Text(range)];
    }
    let mut scanner =
        Scanner { place, open: Vec::new(), pieces: vec![Vec::new()], text_from: range.start, skip: None };
    let mut at = range.start;
    while at < range.end {
        let line_end = place.source[at..range.end].find('\n').map_or(range.end, |i| at + i + 1);
        at = scanner.line(at..line_end, range.end, d);
    }
    scanner.finish(range.end, d)
}

/// What is being passed over.
enum Skip {
    Fence { mark: char, len: usize, quoted: bool, indent: usize },
    Until(&'static str),
}

struct Scanner<'a> {
    place: Place<'a>,
    open: Vec<Directive>,
    /// The pieces of every open level; the last is the innermost.
    pieces: Vec<Vec<Piece>>,
    text_from: usize,
    /// What is being passed over, and the line that began it.
    skip: Option<(Skip, Range<usize>)>,
}

impl Scanner<'_> {
    /// Reads one line and returns where the next begins.
    fn line(&mut self, at: Range<usize>, end: usize, d: &mut Vec<Diagnostic>) -> usize {
        let line = self.place.source[at.clone()].trim_end_matches(['\n', '\r']);
        if self.skips(line, &at) {
            return at.end;
        }
        let inner = line.trim_start_matches(' ');
        let indent = line.len() - inner.len();
        if indent <= 3 && inner.starts_with("::") {
            let colons = inner.len() - inner.trim_start_matches(':').len();
            let rest = inner[colons..].trim();
            if colons >= 3 && rest.is_empty() {
                self.close(at.clone(), d);
                return at.end;
            }
            if colons >= 3 || rest.starts_with(|c: char| c.is_ascii_alphabetic()) {
                return self.open(at, indent, colons >= 3, end, d);
            }
        }
        if let Some(inside) = Self::nested(line) {
            let start = at.start + line.find("::").unwrap_or(0);
            d.push(say::directive_nested(self.place.span(&(start..at.start + line.len())), inside));
        }
        at.end
    }

    /// Whether the line belongs to something passed over; begins and ends such parts.
    fn skips(&mut self, line: &str, at: &Range<usize>) -> bool {
        match self.skip.as_ref().map(|(skip, _)| skip) {
            Some(Skip::Until(end)) => {
                if line.to_ascii_lowercase().contains(end) {
                    self.skip = None;
                }
                return true;
            }
            Some(Skip::Fence { mark, len, quoted, indent }) => {
                let left = *quoted && !line.trim_start().starts_with('>')
                    || !line.trim().is_empty() && line.len() - line.trim_start().len() < *indent;
                if left {
                    self.skip = None;
                } else {
                    let inner = line.trim_start_matches([' ', '>']).trim_end();
                    if inner.len() >= *len && inner.chars().all(|c| c == *mark) {
                        self.skip = None;
                    }
                    return true;
                }
            }
            None => {}
        }
        self.skip = begins_skip(line).map(|skip| (skip, at.start..at.start + line.len()));
        self.skip.is_some()
    }

    /// What a directive on this line wrongly stands in.
    fn nested(line: &str) -> Option<&'static str> {
        let inner = line.trim_start_matches(' ');
        if line.len() - inner.len() > 3 {
            return None;
        }
        let (inside, rest) = match inner.strip_prefix('>') {
            Some(rest) => ("a quotation (`>`)", rest.trim_start_matches(['>', ' '])),
            None => ("a list", after_list_marker(inner)?),
        };
        let leaf = rest.strip_prefix("::")?;
        let block = leaf.starts_with(':');
        let name = leaf.trim_start_matches(':').trim_start();
        let after = name.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || "_-.".contains(c));
        let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic());
        // `::name` alone in a list may be text about CSS; with arguments it is meant.
        let meant = if block { name.is_empty() || is_name } else { is_name && after.starts_with(['[', '{']) };
        meant.then_some(inside)
    }

    fn flush(&mut self, to: usize) {
        if !self.place.source[self.text_from..to].trim().is_empty() {
            self.push(Piece::Text(self.text_from..to));
        }
        self.text_from = to;
    }

    fn push(&mut self, piece: Piece) {
        self.pieces.last_mut().expect("the outermost level is never taken").push(piece);
    }

    fn open(
        &mut self,
        line: Range<usize>,
        indent: usize,
        block: bool,
        end: usize,
        d: &mut Vec<Diagnostic>,
    ) -> usize {
        self.flush(line.start);
        let text_end = line.start + self.place.source[line.clone()].trim_end().len();
        let mut directive = read_line(self.place, line.start + indent..text_end, d);
        let mut next = line.end;
        if !block {
            self.text_from = next;
            self.push(Piece::Directive(directive));
            return next;
        }
        if self.open.len() >= MAX_DEPTH {
            if self.open.len() == MAX_DEPTH {
                d.push(say::directive_depth(self.place.span(&directive.at), MAX_DEPTH));
            }
            directive.arguments.clear();
        } else if let Some((yaml, after)) = yaml_body(self.place.source, next, end) {
            read_yaml(self.place, yaml, &mut directive, d);
            next = after;
        }
        self.text_from = next;
        self.open.push(directive);
        self.pieces.push(Vec::new());
        next
    }

    fn close(&mut self, line: Range<usize>, d: &mut Vec<Diagnostic>) {
        self.flush(line.start);
        self.text_from = line.end;
        match self.open.pop() {
            None => {
                let text = self.place.source[line.clone()].trim_end();
                let start = line.start + text.find(':').unwrap_or(0);
                d.push(say::directive_stray(self.place.span(&(start..line.start + text.len()))));
            }
            Some(mut directive) => {
                directive.body = self.pieces.pop().unwrap_or_default();
                // What is nested too deep is reported once and left out, so that nothing later recurses.
                if self.open.len() < MAX_DEPTH {
                    self.push(Piece::Directive(directive));
                } else {
                    self.push(Piece::Text(directive.at));
                }
            }
        }
    }

    fn finish(mut self, end: usize, d: &mut Vec<Diagnostic>) -> Vec<Piece> {
        let unclosed: Vec<_> =
            self.open.iter().take(MAX_DEPTH).map(|o| (o.at.clone(), o.name.value.clone())).collect();
        if let Some((Skip::Until(end), at)) = &self.skip {
            d.push(say::html_unclosed(self.place.span(at), end));
        }
        for (at, name) in unclosed {
            d.push(say::directive_unclosed(self.place.span(&at), &name));
        }
        while !self.open.is_empty() {
            self.close(end..end, d);
        }
        self.flush(end);
        self.pieces.pop().unwrap_or_default()
    }
}

/// What follows a list marker.
fn after_list_marker(line: &str) -> Option<&str> {
    let rest = match line.strip_prefix(['-', '*', '+']) {
        Some(rest) => rest,
        None => line.trim_start_matches(|c: char| c.is_ascii_digit()).strip_prefix(['.', ')'])?,
    };
    let numbered = line.len() - rest.len();
    (numbered <= 10 && rest.starts_with(' ')).then(|| rest.trim_start())
}

/// What a line begins to pass over: a code fence, a comment, an HTML block with text of its own.
fn begins_skip(line: &str) -> Option<Skip> {
    let inner = line.trim_start_matches(' ');
    let quoted = inner.starts_with('>');
    let mut rest = inner.trim_start_matches(['>', ' ']);
    let mut indent = 0;
    // Four spaces make code of a fence, unless it stands in a list or a quotation.
    if line.len() - inner.len() > 3 && !quoted && after_list_marker(inner).is_none() {
        return None;
    }
    while let Some(after) = after_list_marker(rest) {
        indent = line.len() - after.len();
        rest = after;
    }
    for mark in ['`', '~'] {
        let len = rest.len() - rest.trim_start_matches(mark).len();
        if len >= 3 && (mark == '~' || !rest[len..].contains('`')) {
            return Some(Skip::Fence { mark, len, quoted, indent });
        }
    }
    if line.len() - inner.len() > 3 {
        return None;
    }
    // A comment may begin inside a line.
    if let Some(open) = inner.rfind("<!--")
        && inner[..open].matches('`').count().is_multiple_of(2)
        && !inner[..open].ends_with('\\')
        && !inner[open..].contains("-->")
    {
        return Some(Skip::Until("-->"));
    }
    let lower = inner.get(..12.min(inner.len())).unwrap_or(inner).to_ascii_lowercase();
    let ends = [("<!--", "-->"), ("<pre", "</pre>"), ("<script", "</script>"), ("<style", "</style>")];
    let (start, end) = ends.into_iter().find(|(start, _)| lower.starts_with(start))?;
    (!inner[start.len()..].to_ascii_lowercase().contains(end)).then_some(Skip::Until(end))
}

/// A YAML block at the start of a body: its range, and where the text after it begins.
fn yaml_body(source: &str, from: usize, end: usize) -> Option<(Range<usize>, usize)> {
    let mut at = from;
    let mut lines = source[from..end].split_inclusive('\n').map(|line| {
        let range = at..at + line.len();
        at = range.end;
        (range, line.trim())
    });
    let (opening, _) = lines.find(|(_, line)| !line.is_empty()).filter(|(_, line)| *line == "---")?;
    let (closing, _) = lines.find(|(_, line)| *line == "---")?;
    Some((opening.end..closing.start, closing.end))
}

fn read_yaml(place: Place<'_>, range: Range<usize>, directive: &mut Directive, d: &mut Vec<Diagnostic>) {
    match yaml::parse(place.source, range) {
        Err(malformed) => d.push(front_matter::malformed(place.span(&malformed.at), &malformed)),
        Ok(Node { value: Value::Null, .. }) => {}
        Ok(Node { value: Value::Map(entries), .. }) => {
            for entry in entries {
                let name = Located { value: entry.key.replace('-', "_"), at: entry.key_at };
                add(place, &mut directive.arguments, Argument { name, value: entry.value }, d);
            }
        }
        Ok(node) => d.push(front_matter::not_a_map(place.span(&node.at), node.describe())),
    }
}

fn add(place: Place<'_>, arguments: &mut Vec<Argument>, argument: Argument, d: &mut Vec<Diagnostic>) {
    match arguments.iter().find(|a| a.name.value == argument.name.value) {
        Some(first) => d.push(components::duplicate_argument(
            place.span(&argument.name.at),
            &argument.name.value,
            place.span(&first.name.at),
        )),
        None => arguments.push(argument),
    }
}

/// Reads the line that opens a directive: `:::name[label]{attributes}`.
fn read_line(place: Place<'_>, at: Range<usize>, d: &mut Vec<Diagnostic>) -> Directive {
    let before = d.len();
    let mut directive = read_call(place, at, d);
    if d.len() > before {
        // What could not be read is not complained of a second time.
        directive.name.value.clear();
    }
    directive
}

fn read_call(place: Place<'_>, at: Range<usize>, d: &mut Vec<Diagnostic>) -> Directive {
    let mut line = Line { place, at: at.start, end: at.end };
    line.eat(|c| c == ':');
    line.spaces();
    let name_start = line.at;
    line.eat(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'));
    let name_at = name_start..line.at;
    let mut directive = Directive {
        name: Located { value: place.source[name_at.clone()].replace('-', "_"), at: name_at },
        arguments: Vec::new(),
        body: Vec::new(),
        at,
    };
    if directive.name.value.is_empty() {
        let span = place.span(&directive.at);
        d.push(say::directive_malformed(
            span,
            "a component's name is due after `:::`",
            "write `:::name`, for example `:::question[…]`",
        ));
        return directive;
    }
    line.spaces();
    if line.peek() == Some('[')
        && let Some(label) = line.label(d)
    {
        directive.arguments.push(label);
    }
    line.spaces();
    if line.peek() == Some('{') {
        line.attributes(&mut directive.arguments, d);
    }
    line.spaces();
    if line.at < line.end {
        let span = place.span(&(line.at..line.end));
        d.push(say::directive_malformed(
            span,
            "only `[a title]` and `{arguments}` may follow a component's name",
            "put the text on the next line",
        ));
    }
    directive
}

/// A cursor over the line of a directive.
struct Line<'a> {
    place: Place<'a>,
    at: usize,
    end: usize,
}

impl Line<'_> {
    fn rest(&self) -> &str {
        &self.place.source[self.at..self.end]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn eat(&mut self, wanted: impl Fn(char) -> bool) -> &str {
        let start = self.at;
        let rest = self.rest();
        self.at += rest.find(|c| !wanted(c)).unwrap_or(rest.len());
        &self.place.source[start..self.at]
    }

    fn spaces(&mut self) {
        self.eat(char::is_whitespace);
    }

    /// `[text]`, brackets inside balanced or escaped.
    fn label(&mut self, d: &mut Vec<Diagnostic>) -> Option<Argument> {
        let start = self.at;
        let mut depth = 0;
        let mut text = String::new();
        let mut chars = self.rest().char_indices();
        while let Some((i, c)) = chars.next() {
            match c {
                '\\' => match chars.next() {
                    Some((_, escaped @ ('[' | ']' | '\\'))) => text.push(escaped),
                    Some((_, other)) => text.extend(['\\', other]),
                    None => text.push('\\'),
                },
                '[' => {
                    depth += 1;
                    if depth > 1 {
                        text.push('[');
                    }
                }
                ']' => {
                    depth -= 1;
                    if depth == 0 {
                        self.at = start + i + 1;
                        let at = start + 1..start + i;
                        let value = Value::Scalar { text: text.trim().to_owned(), plain: false };
                        let name = Located { value: "title".into(), at: at.clone() };
                        return (!text.trim().is_empty())
                            .then_some(Argument { name, value: Node { value, at } });
                    }
                    text.push(']');
                }
                other => text.push(other),
            }
        }
        let span = self.place.span(&(start..self.end));
        d.push(say::directive_malformed(
            span,
            "this `[` is never closed",
            "close the title with `]` on the same line",
        ));
        self.at = self.end;
        None
    }

    /// `{key=word key="text" flag list=[a, b]}`.
    fn attributes(&mut self, arguments: &mut Vec<Argument>, d: &mut Vec<Diagnostic>) {
        let start = self.at;
        self.at += 1;
        loop {
            self.eat(|c| c.is_whitespace() || c == ',');
            match self.peek() {
                None => {
                    let span = self.place.span(&(start..self.end));
                    d.push(say::directive_malformed(
                        span,
                        "this `{` is never closed",
                        "close the arguments with `}` on the same line",
                    ));
                    return;
                }
                Some('}') => {
                    self.at += 1;
                    return;
                }
                Some(_) => {}
            }
            let key_start = self.at;
            let key = self.eat(|c| c.is_alphanumeric() || matches!(c, '_' | '-')).replace('-', "_");
            let key_at = key_start..self.at;
            if key.is_empty() {
                self.at = self.end;
                let span = self.place.span(&(key_start..self.end));
                d.push(say::directive_malformed(
                    span,
                    "an argument is due here",
                    "write arguments like `{name=\"text\" other=3}`; every text begins and ends with a straight `\"`",
                ));
                return;
            }
            if self.peek() == Some(':') {
                let span = self.place.span(&(self.at..self.at + 1));
                d.push(say::directive_malformed(
                    span,
                    "a colon stands where `=` is due",
                    "write arguments like `{name=\"text\"}`",
                ));
                self.at = self.end;
                return;
            }
            let value = if self.peek() == Some('=') {
                self.at += 1;
                match self.value(d) {
                    Some(value) => value,
                    None => return,
                }
            } else {
                Node { value: Value::Scalar { text: "true".into(), plain: true }, at: key_at.clone() }
            };
            add(self.place, arguments, Argument { name: Located { value: key, at: key_at }, value }, d);
        }
    }

    fn value(&mut self, d: &mut Vec<Diagnostic>) -> Option<Node> {
        match self.peek() {
            Some(quote @ ('"' | '\'')) => self.quoted(quote, d),
            Some('[') => self.list(d),
            Some('“' | '”' | '„' | '«' | '»' | '‘' | '’') => {
                let start = self.at;
                let span = self.place.span(&(start..self.end));
                d.push(say::directive_malformed(
                    span,
                    "typographic quotation marks cannot enclose an argument",
                    "enclose it in straight ones: `\"…\"`; typographic ones may stand inside",
                ));
                self.at = self.end;
                None
            }
            _ => {
                let start = self.at;
                let text = self.eat(|c| !c.is_whitespace() && !matches!(c, '}' | ',' | ']')).to_owned();
                Some(Node { value: Value::Scalar { text, plain: true }, at: start..self.at })
            }
        }
    }

    fn quoted(&mut self, quote: char, d: &mut Vec<Diagnostic>) -> Option<Node> {
        let start = self.at;
        let mut text = String::new();
        let mut chars = self.rest().char_indices().skip(1);
        while let Some((i, c)) = chars.next() {
            if c == quote {
                self.at = start + i + 1;
                return Some(Node { value: Value::Scalar { text, plain: false }, at: start..self.at });
            }
            match c {
                '\\' => match chars.next() {
                    Some((_, escaped)) if escaped == quote || escaped == '\\' => text.push(escaped),
                    Some((_, other)) => text.extend(['\\', other]),
                    None => text.push('\\'),
                },
                other => text.push(other),
            }
        }
        let span = self.place.span(&(start..self.end));
        d.push(say::directive_malformed(
            span,
            "this quotation mark is never closed",
            "close the argument with the same mark on the same line; write `\\\"` for one inside",
        ));
        self.at = self.end;
        None
    }

    fn list(&mut self, d: &mut Vec<Diagnostic>) -> Option<Node> {
        let start = self.at;
        self.at += 1;
        let mut items = Vec::new();
        loop {
            self.eat(|c| c.is_whitespace() || c == ',');
            match self.peek() {
                Some(']') => {
                    self.at += 1;
                    return Some(Node { value: Value::List(items), at: start..self.at });
                }
                None | Some('}') => {
                    let span = self.place.span(&(start..self.at));
                    d.push(say::directive_malformed(
                        span,
                        "this `[` is never closed",
                        "close the list with `]`",
                    ));
                    self.at = self.end;
                    return None;
                }
                Some('[') => {
                    let span = self.place.span(&(self.at..self.end));
                    d.push(say::directive_malformed(
                        span,
                        "a list cannot stand inside a list here",
                        "give nested values in a `---` block at the start of the body",
                    ));
                    self.at = self.end;
                    return None;
                }
                Some(_) => items.push(self.value(d)?),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::path::SitePath;

    fn show(pieces: &[Piece], source: &str) -> String {
        let shown = pieces.iter().map(|piece| match piece {
            Piece::Text(at) => format!("{:?}", source[at.clone()].trim()),
            Piece::Directive(directive) => {
                let arguments =
                    directive.arguments.iter().map(|a| format!("{}={}", a.name.value, a.value.to_json()));
                let arguments: Vec<String> = arguments.collect();
                format!(
                    "{}({})<{}>",
                    directive.name.value,
                    arguments.join(" "),
                    show(&directive.body, source)
                )
            }
        });
        shown.collect::<Vec<_>>().join(" ")
    }

    /// The tree of a text: names, arguments and bodies.
    fn outline(source: &str) -> (String, Vec<String>) {
        let file = SitePath::new("a.md");
        let place = Place { file: &file, source };
        let mut d = Vec::new();
        let pieces = scan(place, 0..source.len(), &mut d);
        (show(&pieces, source), d.into_iter().map(|x| x.message).collect())
    }

    #[test]
    fn blocks_and_leaves_are_found() {
        let (tree, errors) = outline(
            "one\n\n:::question[Why [so]?]\ntwo\n::explainer{ref=2020 show=\"full\" big list=[a, \"b c\"]}\n:::\nthree\n",
        );
        assert_eq!(
            tree,
            r#""one" question(title="Why [so]?")<"two" explainer(ref=2020 show="full" big=true list=["a","b c"])<>> "three""#
        );
        assert_eq!(errors, Vec::<String>::new());
    }

    #[test]
    fn a_yaml_body_gives_arguments() {
        let (tree, errors) = outline(
            "::: numbers {title=\"Two\"}\n\n---\nitems:\n  - {value: 45, what: days}\n---\nrest\n::::\n",
        );
        assert_eq!(tree, r#"numbers(title="Two" items=[{"value":45,"what":"days"}])<"rest">"#);
        assert_eq!(errors, Vec::<String>::new());
    }

    #[test]
    fn code_and_comments_are_passed_over() {
        for text in [
            "```\n:::a\n```\n",
            "~~~~\n:::a\n~~~\n:::\n~~~~\n",
            "<!--\n:::a\n-->\n",
            "<pre>\n:::\n</pre>\n",
            "    :::a\n",
            "- ```\n  :::a\n  ```\n",
            "> ```\n> :::a\n> ```\n",
            "::1 is an address\n",
        ] {
            let (tree, errors) = outline(text);
            assert_eq!((tree, errors), (format!("{:?}", text.trim()), vec![]), "{text}");
        }
        let (tree, _) = outline("- ```\n  code\n\n:::note\n:::\n");
        assert!(tree.contains("note()"), "a fence ends with its list: {tree}");
    }

    #[test]
    fn mistakes_are_named() {
        let error = |text: &str| outline(text).1;
        assert_eq!(error(":::question[a]\ntext\n"), ["the block `:::question` is never closed"]);
        assert_eq!(error("text\n:::\n"), ["this `:::` closes nothing"]);
        assert_eq!(error("::a{b=“c”}\n"), ["typographic quotation marks cannot enclose an argument"]);
        assert_eq!(error("::a{b=\"c}\n"), ["this quotation mark is never closed"]);
        assert_eq!(error("::a[b\n"), ["this `[` is never closed"]);
        assert_eq!(error("::a{b\n"), ["this `{` is never closed"]);
        assert_eq!(
            error("::a hello\n"),
            ["only `[a title]` and `{arguments}` may follow a component's name"]
        );
        assert_eq!(error(":::{.note}\n:::\n"), ["a component's name is due after `:::`"]);
        assert_eq!(error("::a{b=1 b=2}\n"), ["the argument `b` stands here a second time"]);
        assert_eq!(error("> :::a\n"), ["a component cannot stand inside a quotation (`>`)"]);
        assert_eq!(error("1. :::a\n"), ["a component cannot stand inside a list"]);
        let tower = format!("{}text\n{}", ":::a\n".repeat(1000), ":::\n".repeat(1000));
        assert_eq!(error(&tower), ["blocks are nested more than 12 deep"]);
    }
}
