//! Drawings (SVG): their size, and their text without what only a drawing program needs. A drawing that runs
//! something or loads something from elsewhere is refused, because it is published under the site's address.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use quick_xml::XmlVersion;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::name::ResolveResult;
use quick_xml::reader::NsReader;

/// A drawing that may be published.
#[derive(Debug, PartialEq, Eq)]
pub struct Drawing {
    /// Its text.
    pub text: String,
    /// Its width and height in CSS pixels, when it says any.
    pub size: Option<(u32, u32)>,
}

/// What is wrong with a drawing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It is no well-formed XML, or no SVG.
    Malformed,
    /// It does not say that its elements are those of SVG, so that browsers show nothing.
    NoNamespace,
    /// It declares entities, which may expand without end.
    Entities,
    /// Its parts, used again and again, are more than a browser can draw.
    Multiplied,
    /// It has a part that runs or loads something, as it is written there.
    Unsafe(String),
}

/// Elements that run something, or hold what is no drawing.
const REFUSED: [&str; 7] = ["script", "foreignobject", "iframe", "object", "embed", "handler", "listener"];

/// The namespace of SVG.
const SVG: &str = "http://www.w3.org/2000/svg";

/// Elements and attributes of drawing programs begin so.
const EDITORS: [&str; 2] = ["sodipodi:", "inkscape:"];

/// No drawing is wider or higher, in CSS pixels: only the ratio of a larger one is kept.
const MAX_SIDE: f64 = 10_000.0;

/// How many elements are drawn at the most, those counted again that are used again.
const MAX_DRAWN: u64 = 1_000_000;

/// How deep elements may be nested.
const MAX_DEPTH: usize = 256;

/// Reads a drawing.
///
/// # Errors
/// When it may not be published.
pub fn read(bytes: &[u8]) -> Result<Drawing, Refusal> {
    let source = std::str::from_utf8(bytes).map_err(|_| Refusal::Malformed)?.trim_start_matches('\u{feff}');
    if !source.chars().all(is_xml) {
        return Err(Refusal::Malformed);
    }
    let mut reader = NsReader::from_str(source);
    let mut text = String::with_capacity(source.len());
    let mut open: Vec<String> = Vec::new();
    // How deep the elements of a drawing program are that are left out.
    let mut skipped: Option<usize> = None;
    // The text of a style so far: it is judged whole, as a browser reads it.
    let mut style = String::new();
    let mut parts = Parts::default();
    let mut size = None;
    let mut seen = false;
    loop {
        let from = position(&reader);
        let event = reader.read_event().map_err(|_| Refusal::Malformed)?;
        let at = from..position(&reader);
        match &event {
            Event::Start(element) | Event::Empty(element) => {
                let name = name_of(element);
                let namespace = reader.resolver().resolve_element(element.name()).0;
                if !seen {
                    if local(&name) != "svg" {
                        return Err(Refusal::Malformed);
                    }
                    if !matches!(namespace, ResolveResult::Bound(namespace) if namespace.into_inner() == SVG)
                    {
                        return Err(Refusal::NoNamespace);
                    }
                    size = size_of(&attributes(element)?);
                    seen = true;
                } else if open.is_empty() || matches!(namespace, ResolveResult::Unknown(_)) {
                    return Err(Refusal::Malformed);
                }
                if is_style(&open) {
                    return Err(Refusal::Unsafe(format!("<{name}> in <style>")));
                }
                bound(&reader, element)?;
                let attributes = attributes(element)?;
                check(&name, &attributes, &source[at.clone()])?;
                parts.open(&name, &attributes);
                if matches!(event, Event::Empty(_)) {
                    parts.close();
                }
                let of_editor = EDITORS.iter().any(|prefix| name.starts_with(prefix));
                if skipped.is_none() && !of_editor {
                    tag(element, source, at, matches!(event, Event::Empty(_)), &mut text)?;
                }
                if matches!(event, Event::Start(_)) {
                    if of_editor && skipped.is_none() {
                        skipped = Some(open.len());
                    }
                    open.push(name);
                    if open.len() > MAX_DEPTH {
                        return Err(Refusal::Malformed);
                    }
                }
            }
            Event::End(_) => {
                if is_style(&open) && loads(&std::mem::take(&mut style)) {
                    return Err(Refusal::Unsafe("<style> that loads from elsewhere".into()));
                }
                open.pop();
                parts.close();
                match skipped {
                    Some(depth) if depth == open.len() => skipped = None,
                    Some(_) => {}
                    None => text.push_str(&source[at]),
                }
            }
            Event::Text(_) | Event::CData(_) | Event::GeneralRef(_) => {
                let written = &source[at];
                let meant = match &event {
                    Event::CData(data) => Cow::from(&**data),
                    Event::GeneralRef(reference) => meant(reference)?.into(),
                    _ => written.into(),
                };
                if open.is_empty() && !written.trim().is_empty()
                    || matches!(event, Event::Text(_)) && written.contains("]]>")
                {
                    return Err(Refusal::Malformed);
                }
                if is_style(&open) {
                    style.push_str(&meant);
                }
                if skipped.is_none() {
                    text.push_str(written);
                }
            }
            Event::DocType(declaration) => {
                if declaration.contains('[') {
                    return Err(Refusal::Entities);
                }
            }
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            Event::Eof => break,
        }
    }
    if !seen || !open.is_empty() {
        return Err(Refusal::Malformed);
    }
    if parts.drawn().is_none_or(|drawn| drawn > MAX_DRAWN) {
        return Err(Refusal::Multiplied);
    }
    Ok(Drawing { text: text.trim().to_owned() + "\n", size })
}

/// Whether XML may hold a character (XML 1.0, 2.2).
pub fn is_xml(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | '\u{20}'..='\u{fffd}' | '\u{10000}'..)
}

/// Whether the innermost of the open elements is a style.
fn is_style(open: &[String]) -> bool {
    open.last().is_some_and(|name| local(name) == "style")
}

/// What a reference like `&amp;` or `&#64;` stands for.
fn meant(reference: &BytesRef<'_>) -> Result<String, Refusal> {
    let character = reference.resolve_char_ref().map_err(|_| Refusal::Malformed)?;
    let named = || resolve_predefined_entity(reference).map(str::to_owned);
    character.filter(|c| is_xml(*c)).map(String::from).or_else(named).ok_or(Refusal::Malformed)
}

/// Refuses attributes whose prefix stands for nothing, or that hold a `<`: browsers show no such drawing.
fn bound(reader: &NsReader<&[u8]>, element: &BytesStart<'_>) -> Result<(), Refusal> {
    for attribute in element.attributes() {
        let attribute = attribute.map_err(|_| Refusal::Malformed)?;
        let namespace = reader.resolver().resolve_attribute(attribute.key).0;
        if matches!(namespace, ResolveResult::Unknown(_)) || attribute.value.contains('<') {
            return Err(Refusal::Malformed);
        }
    }
    Ok(())
}

/// The parts of a drawing that have names, and what each uses: a part that uses another twice, which uses a
/// third twice, draws for ever.
#[derive(Default)]
struct Parts {
    /// Of each: how many elements it has besides the parts in it, and the names of what it draws as well.
    all: HashMap<String, (u64, Vec<String>)>,
    /// The names of the open elements, of those without one that of what they are in.
    open: Vec<String>,
}

impl Parts {
    fn open(&mut self, name: &str, attributes: &[(String, String)]) {
        let find = |key: &str| attributes.iter().find(|(name, _)| local(name) == key).map(|(_, value)| value);
        let outer = self.open.last().cloned().unwrap_or_default();
        let own = find("id").map_or_else(|| outer.clone(), |id| format!("#{id}"));
        if own != outer {
            self.all.entry(outer).or_default().1.push(own.clone());
        }
        let part = self.all.entry(own.clone()).or_default();
        part.0 += 1;
        if local(name) == "use" {
            part.1.extend(find("href").cloned());
        }
        self.open.push(own);
    }

    fn close(&mut self) {
        self.open.pop();
    }

    /// How many elements are drawn in all; none when parts use each other deeper than anybody draws.
    fn drawn(&self) -> Option<u64> {
        self.drawn_in("", 0, &mut HashMap::new())
    }

    fn drawn_in<'p>(&'p self, name: &'p str, depth: usize, known: &mut HashMap<&'p str, u64>) -> Option<u64> {
        if let Some(drawn) = known.get(name) {
            return Some(*drawn);
        }
        if depth > MAX_DEPTH {
            return None;
        }
        let Some((own, others)) = self.all.get(name) else { return Some(0) };
        // One that uses itself draws nothing more: browsers leave it out.
        known.insert(name, 0);
        let mut drawn = *own;
        for other in others {
            drawn = drawn.saturating_add(self.drawn_in(other, depth + 1, known)?);
        }
        known.insert(name, drawn);
        Some(drawn)
    }
}

fn position(reader: &NsReader<&[u8]>) -> usize {
    usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX)
}

fn name_of(element: &BytesStart<'_>) -> String {
    element.name().into_inner().to_ascii_lowercase()
}

/// A name without its prefix.
fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}

/// The attributes of an element: their names in lower case, and their values as they are meant.
fn attributes(element: &BytesStart<'_>) -> Result<Vec<(String, String)>, Refusal> {
    let attributes = element.attributes().map(|attribute| {
        let attribute = attribute.map_err(|_| Refusal::Malformed)?;
        let value = attribute.normalized_value(XmlVersion::Explicit1_0).map_err(|_| Refusal::Malformed)?;
        Ok((attribute.key.into_inner().to_ascii_lowercase(), value.into_owned()))
    });
    attributes.collect()
}

/// Refuses an element that runs or loads something.
fn check(name: &str, attributes: &[(String, String)], written: &str) -> Result<(), Refusal> {
    let refuse = |what: &str| Err(Refusal::Unsafe(what.replace(char::is_control, " ")));
    if REFUSED.contains(&local(name)) {
        return refuse(&format!("<{}>", local(name)));
    }
    for (full, value) in attributes {
        let key = local(full);
        let value = value.trim();
        if key.starts_with("on") {
            return refuse(&format!("{key}=…"));
        }
        // An animation that changes where something leads, to be refused whatever it leads to.
        if key == "attributename" && local(&value.to_ascii_lowercase()) == "href" {
            return refuse(&written.chars().take(60).collect::<String>());
        }
        let is_link = local(name) == "a"
            && ["http:", "https:", "mailto:", "/"].iter().any(|start| value.starts_with(start));
        if matches!(key, "href" | "src") && !is_inside(value) && !is_link {
            return refuse(&format!("{key}=\"{}\"", value.chars().take(40).collect::<String>()));
        }
        // A form or a page in a drawing is no drawing.
        if full.starts_with("xmlns") {
            if value.contains("/1999/xhtml") {
                return refuse(&format!("{full}=\"{value}\""));
            }
        } else if loads(value) {
            return refuse(&format!("{key}=\"{}\"", value.chars().take(40).collect::<String>()));
        }
    }
    Ok(())
}

/// Whether an address is a part of the drawing itself.
fn is_inside(address: &str) -> bool {
    let data = [
        "image/png",
        "image/jpeg",
        "image/gif",
        "image/webp",
        "image/avif",
        "font/",
        "application/font",
        "application/x-font",
    ];
    let inside =
        address.strip_prefix("data:").is_some_and(|kind| data.iter().any(|known| kind.starts_with(known)));
    address.starts_with('#') || address.is_empty() || inside
}

/// Whether a style loads something.
fn loads(style: &str) -> bool {
    // As XML reads the ends of lines (XML 1.0, 2.11).
    let style = style.replace("\r\n", "\n").replace('\r', "\n");
    let style = unescaped(&style).to_ascii_lowercase();
    let elsewhere = style.match_indices("url(").any(|(i, _)| {
        let inside = style[i + 4..].trim_start_matches([' ', '\t', '\n']);
        let inside = inside.strip_prefix(['"', '\'']).unwrap_or(inside);
        !is_inside(inside) || inside.is_empty()
    });
    elsewhere || ["@import", "image-set(", "src(", "javascript:"].iter().any(|word| style.contains(word))
}

/// A style with the letters that its escapes stand for (CSS Syntax 3, 4.3.7): `u\\72l(` is `url(`, and `\\\\` is
/// one of them.
fn unescaped(style: &str) -> String {
    let mut text = String::with_capacity(style.len());
    let mut rest = style;
    while let Some((before, after)) = rest.split_once('\\') {
        text.push_str(before);
        let digits = after.bytes().take(6).take_while(u8::is_ascii_hexdigit).count();
        if digits == 0 {
            let length = after.chars().next().map_or(0, char::len_utf8);
            text.push_str(&after[..length]);
            rest = &after[length..];
        } else {
            text.extend(u32::from_str_radix(&after[..digits], 16).ok().and_then(char::from_u32));
            rest = &after[digits..];
            rest = rest.strip_prefix([' ', '\n', '\t']).unwrap_or(rest);
        }
    }
    text.push_str(rest);
    text
}

/// Writes a start tag, without the attributes of drawing programs.
fn tag(
    element: &BytesStart<'_>,
    source: &str,
    at: Range<usize>,
    is_empty: bool,
    out: &mut String,
) -> Result<(), Refusal> {
    let is_editors = |name: &str| EDITORS.iter().any(|prefix| name.starts_with(prefix));
    let attributes = || element.attributes().map(|attribute| attribute.map_err(|_| Refusal::Malformed));
    let mut dirty = false;
    for attribute in attributes() {
        dirty |= is_editors(attribute?.key.into_inner());
    }
    if !dirty {
        out.push_str(&source[at]);
        return Ok(());
    }
    out.push('<');
    out.push_str(element.name().into_inner());
    for attribute in attributes() {
        let attribute = attribute?;
        if !is_editors(attribute.key.into_inner()) {
            let value = attribute.value.replace('"', "&quot;");
            out.push_str(&format!(" {}=\"{value}\"", attribute.key.into_inner()));
        }
    }
    out.push_str(if is_empty { "/>" } else { ">" });
    Ok(())
}

/// The size in CSS pixels that a drawing says: by its width and height, else by its view.
fn size_of(attributes: &[(String, String)]) -> Option<(u32, u32)> {
    let find = |key: &str| attributes.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str());
    let view: Vec<f64> = find("viewbox")
        .unwrap_or_default()
        .split([' ', ',', '\n', '\t'])
        .filter_map(|number| number.parse().ok())
        .collect();
    let sides = (find("width").and_then(length), find("height").and_then(length));
    let (width, height) = match (sides, view.as_slice()) {
        ((Some(width), Some(height)), _) => (width, height),
        ((Some(width), None), [_, _, w, h]) => (width, width * h / w),
        ((None, Some(height)), [_, _, w, h]) => (height * w / h, height),
        (_, [_, _, w, h]) => (*w, *h),
        _ => return None,
    };
    let largest = width.max(height);
    if !(width > 0.0 && height > 0.0 && largest.is_finite()) {
        return None;
    }
    let scale = (MAX_SIDE / largest).min(1.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 1 to 10,000")]
    let whole = |side: f64| (side * scale).round().max(1.0) as u32;
    Some((whole(width), whole(height)))
}

/// A length in CSS pixels; none for one in per cent, or of a unit that depends on a font.
fn length(text: &str) -> Option<f64> {
    let text = text.trim();
    let end = text.find(|c: char| c.is_ascii_alphabetic() || c == '%').unwrap_or(text.len());
    let number: f64 = text[..end].trim().parse().ok()?;
    let pixels = match &text[end..] {
        "" | "px" => 1.0,
        "pt" => 96.0 / 72.0,
        "pc" => 16.0,
        "in" => 96.0,
        "cm" => 96.0 / 2.54,
        "mm" => 96.0 / 25.4,
        _ => return None,
    };
    Some(number * pixels)
}

#[cfg(test)]
mod tests {
    use super::{Refusal, read};

    fn drawing(inside: &str) -> Result<String, Refusal> {
        let text = format!("<svg xmlns='http://www.w3.org/2000/svg' xmlns:i='i'>{inside}</svg>");
        read(text.as_bytes()).map(|drawing| drawing.text)
    }

    #[test]
    fn a_style_is_judged_whole_however_it_is_cut() {
        let styles = [
            "@import 'https://example.com/x';",
            "@im<!-- -->port 'https://example.com/x';",
            "u<!-- -->rl(https://example.com/x)",
            "@im<![CDATA[port 'https://example.com/x';]]>",
            "@im<?x y?>port 'x';",
            "u\\72\r\nl(//example.com/x)",
            "u\\72\rl(//example.com/x)",
            "u&#114;l(//example.com/x)",
            "url(\"\\\\ffffff\\23x/y\")",
            "url(\"''#a\")",
            "url(\u{a0}#a)",
        ];
        for style in styles {
            let found = drawing(&format!("<style>a {{}} {style}</style>"));
            assert_eq!(found, Err(Refusal::Unsafe("<style> that loads from elsewhere".into())), "{style}");
        }
        let found = drawing("<style>@im<g>zz</g>port 'x'</style>");
        assert_eq!(found, Err(Refusal::Unsafe("<g> in <style>".into())));
        let own = "<style>a > b { fill: url(#c); src: url(data:font/woff2;base64,AA) }</style>";
        assert!(drawing(own).is_ok(), "{own}");
    }

    #[test]
    fn parts_that_multiply_are_refused() {
        let tower = |floors: usize| {
            let floor = |i: usize| format!("<g id='f{}'><use href='#f{i}'/><use href='#f{i}'/></g>", i + 1);
            format!("<rect id='f0'/>{}<use href='#f{floors}'/>", (0..floors).map(floor).collect::<String>())
        };
        assert!(drawing(&tower(10)).is_ok());
        assert_eq!(drawing(&tower(24)), Err(Refusal::Multiplied));
        assert_eq!(drawing(&tower(5000)), Err(Refusal::Multiplied));
        assert!(drawing("<g id='a'><use href='#b'/></g><g id='b'><use href='#a'/></g>").is_ok(), "a ring");
    }

    #[test]
    fn what_browsers_do_not_read_is_no_drawing() {
        let broken = [
            "&nbsp;",
            "<b:g/>",
            "<g b:a='1'/>",
            "<g a='<'/>",
            "</svg><g>",
            "</svg>text<svg>",
            "\0",
            "a ]]> b",
        ];
        for inside in broken {
            assert_eq!(drawing(inside), Err(Refusal::Malformed), "{inside}");
        }
        for sound in
            ["<i:g i:a='1'/>", "&lt;&#233;", "<a href='mailto:a@example.org'/>", "<a href='/about/'/>"]
        {
            assert!(drawing(sound).is_ok(), "{sound}");
        }
    }
}
