//! The allow-list for HTML that authors write into Markdown, and the warnings for what it removes.

use std::collections::HashSet;
use std::ops::Range;

use crate::fields::is_unsafe_url;

/// Elements an author may write besides those that Markdown makes.
const ELEMENTS: &[&str] = &[
    "a",
    "abbr",
    "b",
    "bdi",
    "bdo",
    "blockquote",
    "br",
    "caption",
    "cite",
    "code",
    "col",
    "colgroup",
    "dd",
    "del",
    "details",
    "dfn",
    "div",
    "dl",
    "dt",
    "em",
    "figcaption",
    "figure",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "i",
    "img",
    "ins",
    "kbd",
    "li",
    "mark",
    "ol",
    "p",
    "picture",
    "pre",
    "q",
    "rp",
    "rt",
    "ruby",
    "s",
    "samp",
    "section",
    "small",
    "source",
    "span",
    "strong",
    "sub",
    "summary",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "time",
    "tr",
    "u",
    "ul",
    "var",
    "wbr",
];

/// Attributes an author may write on any element.
const ATTRIBUTES: &[&str] = &["class", "dir", "id", "lang", "title", "translate"];

/// Attributes of single elements.
const OWN_ATTRIBUTES: &[(&str, &[&str])] = &[
    ("a", &["href", "hreflang", "aria-label", "name", "rel", "role", "target"]),
    ("blockquote", &["cite"]),
    ("col", &["span"]),
    ("colgroup", &["span"]),
    ("del", &["cite", "datetime"]),
    ("details", &["open"]),
    ("div", &["tabindex", "role"]),
    ("img", &["src", "alt", "width", "height", "loading", "decoding"]),
    ("ins", &["cite", "datetime"]),
    ("li", &["value"]),
    ("ol", &["start", "reversed", "type"]),
    ("q", &["cite"]),
    ("section", &["aria-label", "role"]),
    ("source", &["media", "sizes", "srcset", "type"]),
    ("td", &["colspan", "rowspan", "headers", "style"]),
    ("th", &["colspan", "rowspan", "headers", "scope", "style"]),
    ("time", &["datetime"]),
];

/// Whether an attribute may stand on any element.
pub fn is_plain_attribute(name: &str) -> bool {
    ATTRIBUTES.contains(&name.to_ascii_lowercase().as_str())
}

/// HTML that is safe in a page, from HTML that an author wrote.
pub fn sanitize(html: &str) -> String {
    let mut builder = builder();
    builder.attribute_filter(|_, attribute, value| match attribute {
        // Only what Markdown's tables make.
        "style" => matches!(value, "text-align: left" | "text-align: center" | "text-align: right")
            .then(|| value.into()),
        "srcset" => is_own_srcset(value).then(|| value.into()),
        _ => Some(value.into()),
    });
    builder.clean(html).to_string()
}

/// HTML of a page for readers elsewhere: what is safe of it, with its addresses whole. `page` is the whole address
/// that they are seen from.
pub fn portable(html: &str, page: &str) -> String {
    let mut builder = builder();
    if let Ok(base) = url::Url::parse(page) {
        builder.url_relative(ammonia::UrlRelative::RewriteWithBase(base));
    }
    builder
        // One picture will do, and there are no style sheets: what only they or scripts need is left out.
        .rm_tags(["picture", "source"])
        .rm_generic_attributes(["class"])
        .rm_tag_attributes("img", ["loading", "decoding"])
        .attribute_filter(|_, attribute, value| (attribute != "style").then(|| value.into()));
    builder.clean(html).to_string()
}

fn builder() -> ammonia::Builder<'static> {
    let mut builder = ammonia::Builder::new();
    builder
        .tags(ELEMENTS.iter().copied().collect())
        .clean_content_tags(HashSet::from(["script", "style", "iframe", "object", "template", "noscript"]))
        .generic_attributes(ATTRIBUTES.iter().copied().collect())
        .tag_attributes(
            OWN_ATTRIBUTES.iter().map(|(tag, own)| (*tag, own.iter().copied().collect())).collect(),
        )
        .url_schemes(HashSet::from(["http", "https", "mailto", "tel"]))
        .link_rel(None);
    builder
}

/// Whether all of a `srcset` lies on the site's own host: an address that fails would win over one that works.
fn is_own_srcset(value: &str) -> bool {
    value.split(',').map(str::trim).all(|each| each.starts_with('/') && !each.starts_with("//"))
}

/// What [`sanitize`] removes from a piece of raw HTML: a description and where it stands in the piece.
pub fn removed(html: &str) -> Vec<(String, Range<usize>)> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(open) = html[at..].find('<').map(|i| at + i) {
        let inside = &html[open + 1..];
        if inside.starts_with("!--") {
            at = html[open..].find("-->").map_or(html.len(), |i| open + i + 3);
            continue;
        }
        let end = inside.find('>').map_or(html.len(), |i| open + 1 + i);
        let name_len = inside.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(inside.len());
        let name = inside[..name_len].to_ascii_lowercase();
        if !name.is_empty() {
            let tag_at = open..(end + 1).min(html.len());
            if ELEMENTS.contains(&name.as_str()) {
                let own = OWN_ATTRIBUTES.iter().find(|(tag, _)| *tag == name).map_or(&[][..], |(_, own)| own);
                for (attribute, value) in attributes(&html[open + 1 + name_len..end]) {
                    if matches!(attribute.as_str(), "href" | "src" | "cite") && is_unsafe_url(value) {
                        found.push((format!("the address of `<{name}>`"), tag_at.clone()));
                    } else if attribute == "srcset" && !is_own_srcset(value) {
                        found.push((format!("the addresses of `<{name}>`"), tag_at.clone()));
                    } else if !ATTRIBUTES.contains(&attribute.as_str()) && !own.contains(&attribute.as_str())
                    {
                        found.push((format!("the attribute `{attribute}` of `<{name}>`"), tag_at.clone()));
                    }
                }
            } else {
                found.push((format!("`<{name}>`"), tag_at));
            }
        }
        at = end.max(open + 1);
    }
    found
}

/// The places a piece of raw HTML names: its `id`s, and the `name`s of old.
pub fn anchors(html: &str) -> Vec<String> {
    let mut anchors = Vec::new();
    for key in [" id=", " name="] {
        for (at, _) in html.match_indices(key) {
            let value = html[at + key.len()..].trim_start_matches(['"', '\'']);
            let end = value.find(['"', '\'', '>', ' ']).unwrap_or(value.len());
            anchors.push(value[..end].to_owned());
        }
    }
    anchors
}

/// The attributes in the inside of a tag, by name and value.
fn attributes(inside: &str) -> Vec<(String, &str)> {
    let mut found = Vec::new();
    let mut rest = inside.trim_start();
    while !rest.is_empty() {
        let end = rest.find(|c: char| c.is_whitespace() || c == '=' || c == '/').unwrap_or(rest.len());
        let name = rest[..end].to_ascii_lowercase();
        rest = rest[end..].trim_start();
        let mut value = "";
        if let Some(after) = rest.strip_prefix('=') {
            let after = after.trim_start();
            (value, rest) = match after.chars().next() {
                Some(quote @ ('"' | '\'')) => after[1..].split_once(quote).unwrap_or((&after[1..], "")),
                _ => after.split_once(char::is_whitespace).unwrap_or((after, "")),
            };
        } else if let Some(after) = rest.strip_prefix('/') {
            rest = after;
        }
        if !name.is_empty() {
            found.push((name, value));
        }
        rest = rest.trim_start();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_dangerous_is_removed_and_named() {
        let html =
            "<p onclick=\"x()\">a<script>alert(1)</script><a href=\"javascript:x\">b</a><sub>2</sub></p>";
        assert_eq!(sanitize(html), "<p>a<a>b</a><sub>2</sub></p>");
        let named: Vec<String> = removed(html).into_iter().map(|(what, _)| what).collect();
        assert_eq!(named, ["the attribute `onclick` of `<p>`", "`<script>`", "the address of `<a>`"]);
        let own = "<picture><source srcset=\"/assets/a.webp 480w, /assets/b.webp 800w\"></picture>";
        assert_eq!((sanitize(own).as_str(), removed(own).len()), (own, 0));
        let other = "<source srcset=\"/a.webp, data:image/png;base64,AA 2x\">";
        assert_eq!(sanitize(other), "<source>");
        assert_eq!(removed(other)[0].0, "the addresses of `<source>`");
    }

    #[test]
    fn what_markdown_makes_passes() {
        for html in [
            "<h2 id=\"a\">A</h2>",
            "<td style=\"text-align: right\">1</td>",
            "<sup class=\"footnote-reference\" id=\"fnref-1\"><a href=\"#fn-1\">1</a></sup>",
        ] {
            assert!(removed(html).is_empty(), "{html}");
        }
        assert_eq!(sanitize("<p>a <b>c</b></p>"), "<p>a <b>c</b></p>");
    }
}
