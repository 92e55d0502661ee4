//! Paths as values: where a file lies in the site, where an output goes, what a reader's address is.
//! None of them can lead out of the site or the output folder, whatever a user's file says.

use std::borrow::Borrow;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use serde::{Serialize, Serializer};

/// The path of a file of the site, relative to its root, with `/` between parts: `content/briefings/a.md`.
///
/// Files of the built-in theme are named `nutgraf/<path>`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SitePath(Arc<str>);

impl SitePath {
    /// A path from text that is already relative and slash-separated.
    pub fn new(path: impl Into<Arc<str>>) -> Self {
        Self(path.into())
    }

    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The folder the file lies in, without a final slash; empty for the root.
    pub fn folder(&self) -> &str {
        self.0.rsplit_once('/').map_or("", |(folder, _)| folder)
    }

    /// The last part of the path.
    pub fn name(&self) -> &str {
        self.0.rsplit_once('/').map_or(&self.0, |(_, name)| name)
    }

    /// What follows the last dot of the name, in lower case; empty when there is none.
    pub fn extension(&self) -> String {
        self.name().rsplit_once('.').map_or_else(String::new, |(_, e)| e.to_lowercase())
    }

    /// The path that `relative` names seen from this file's folder, or `None` when it leaves the site.
    pub fn join(&self, relative: &str) -> Option<Self> {
        resolve(self.folder(), relative).map(Self::new)
    }
}

impl Borrow<str> for SitePath {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SitePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for SitePath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// A path of this machine with `/` between its parts.
pub fn slashed(path: &Path) -> String {
    let parts: Vec<_> = path.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    parts.join("/")
}

/// Resolves `relative` against `folder`, part by part; `None` when it climbs above the root.
fn resolve(folder: &str, relative: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|p| !p.is_empty()).collect();
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            _ => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// An address inside the site, from its root and without the base path: `/briefings/a/` or `/404.html`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Url(Arc<str>);

impl Url {
    /// An address from text, refused when it does not start with `/` or has a part that a file system or
    /// a browser could take for something else (`..`, `\`, control characters, an empty part).
    pub fn parse(text: &str) -> Option<Self> {
        let inner = text.strip_prefix('/')?;
        let trimmed = inner.strip_suffix('/').unwrap_or(inner);
        let clean = trimmed.is_empty()
            || trimmed.split('/').all(|part| {
                !part.is_empty()
                    && part != "."
                    && part != ".."
                    && part.len() <= 255
                    && !part.chars().any(is_foreign)
            });
        clean.then(|| Self(text.into()))
    }

    /// The address as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The file that answers for this address: `briefings/a/index.html`.
    pub fn output(&self) -> OutputPath {
        let inner = &self.0[1..];
        if inner.is_empty() || inner.ends_with('/') {
            OutputPath(format!("{inner}index.html").into())
        } else if inner.rsplit('/').next().is_some_and(|name| name.contains('.')) {
            OutputPath(inner.into())
        } else {
            OutputPath(format!("{inner}/index.html").into())
        }
    }
}

/// Whether a file system or a browser takes a character for something else than a part of a name.
fn is_foreign(c: char) -> bool {
    matches!(c, '\\' | '?' | '#' | '%' | ':' | '*' | '"' | '<' | '>' | '|') || c.is_control()
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The path of a file in the output folder, relative to it. Made only from a [`Url`] or a file of the
/// site, so it cannot leave the folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OutputPath(Arc<str>);

impl OutputPath {
    /// The path under which a file of `static/` is copied.
    pub fn of_static(name: &str) -> Self {
        Self(name.into())
    }

    /// The path as text, with `/` between parts.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for OutputPath {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for OutputPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_never_climbs_out_of_the_site() {
        let file = SitePath::new("content/briefings/a.md");
        assert_eq!(file.join("../pictures/x.svg"), Some(SitePath::new("content/pictures/x.svg")));
        assert_eq!(file.join("../../../etc/passwd"), None);
    }

    #[test]
    fn an_address_names_one_file() {
        let output = |text: &str| Url::parse(text).map(|url| url.output().to_string());
        assert_eq!(output("/"), Some("index.html".into()));
        assert_eq!(output("/a/b/"), Some("a/b/index.html".into()));
        assert_eq!(output("/a/b.html"), Some("a/b.html".into()));
        assert_eq!(output("/old"), Some("old/index.html".into()));
        for bad in ["a/b/", "/../etc/", "/a//b/", "/a\\b/", "/a\u{0}b", "/a/%2e%2e/b"] {
            assert_eq!(output(bad), None, "{bad}");
        }
    }
}
