//! How deep raw HTML nests its elements, read as a browser would: end tags that may be left out, comments and
//! quoted attributes do not deceive it. Beyond a depth the sanitiser's time would grow with the square.

/// How deep elements written by hand may be nested.
const DEEPEST: usize = 200;

/// Elements without content.
const VOID: &[&str] = &[
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track",
    "wbr",
];

/// Elements whose end tag may be left out, each with those whose start ends it.
const ENDED_BY: &[(&str, &[&str])] = &[
    (
        "p",
        &[
            "p",
            "div",
            "ul",
            "ol",
            "dl",
            "table",
            "section",
            "blockquote",
            "pre",
            "figure",
            "h2",
            "h3",
            "h4",
            "li",
        ],
    ),
    ("li", &["li"]),
    ("dt", &["dt", "dd"]),
    ("dd", &["dt", "dd"]),
    ("td", &["td", "th", "tr", "tbody", "tfoot"]),
    ("th", &["td", "th", "tr", "tbody", "tfoot"]),
    ("tr", &["tr", "tbody", "tfoot"]),
    ("thead", &["tbody", "tfoot"]),
    ("tbody", &["tbody", "tfoot"]),
    ("rp", &["rp", "rt"]),
    ("rt", &["rp", "rt"]),
    ("option", &["option"]),
];

/// The elements that are open.
#[derive(Default)]
pub struct Nesting {
    open: Vec<String>,
}

impl Nesting {
    /// Reads on, and says whether the limit is passed.
    pub fn read(&mut self, html: &str) -> bool {
        let mut rest = html;
        while let Some(start) = rest.find('<') {
            rest = &rest[start + 1..];
            if let Some(comment) = rest.strip_prefix("!--") {
                rest = comment.find("-->").map_or("", |end| &comment[end + 3..]);
                continue;
            }
            let closes = rest.starts_with('/');
            let tag = rest.trim_start_matches('/');
            let name_end = tag.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(tag.len());
            if name_end == 0 {
                continue;
            }
            let name = tag[..name_end].to_ascii_lowercase();
            rest = after_tag(&tag[name_end..]);
            if closes {
                // Only what is open can be closed; looking far for it would cost as much as it saves.
                let near = self.open.iter().rev().take(DEEPEST).position(|open| *open == name);
                if let Some(inside) = near {
                    self.open.truncate(self.open.len() - inside - 1);
                }
            } else if !VOID.contains(&name.as_str()) {
                while let Some(last) = self.open.last()
                    && ENDED_BY.iter().any(|(open, by)| last == open && by.contains(&name.as_str()))
                {
                    self.open.pop();
                }
                self.open.push(name);
            }
            if self.open.len() > DEEPEST {
                self.open.clear();
                return true;
            }
        }
        false
    }
}

/// What follows the tag, `>` inside quoted attributes passed over.
fn after_tag(inside: &str) -> &str {
    let mut quote = None;
    for (i, c) in inside.char_indices() {
        match (quote, c) {
            (None, '>') => return &inside[i + 1..],
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            _ => {}
        }
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::Nesting;

    fn is_too_deep(html: &str) -> bool {
        Nesting::default().read(html)
    }

    #[test]
    fn what_is_deep_is_found_however_it_is_written() {
        for piece in
            ["<div>", "<div></x>", "<b></i>", "<div><!-- </div> -->", "<div title=\"</div>\">", "<div></br>"]
        {
            assert!(is_too_deep(&piece.repeat(1000)), "{piece}");
        }
    }

    #[test]
    fn what_is_long_is_not_deep() {
        for piece in [
            "<tr><td>c<td>d",
            "<li>item",
            "<p>text",
            "<br>",
            "<b>x</b>",
            "<dt>a<dd>b",
            "a < b ",
            "<img src=x>",
        ] {
            assert!(!is_too_deep(&piece.repeat(1000)), "{piece}");
        }
    }
}
