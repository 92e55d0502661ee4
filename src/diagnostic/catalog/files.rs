//! Diagnostics about files as such.
#![expect(missing_docs, reason = "each function's message says what it is for")]

use super::{Code, error, warning};
use crate::diagnostic::{Diagnostic, Span};
use crate::path::SitePath;

pub fn unreadable(file: &SitePath, reason: &str) -> Diagnostic {
    error(Code::Unreadable, Span::file(file), format!("this file cannot be read: {reason}"))
}

pub fn not_utf8(file: &SitePath, offset: usize) -> Diagnostic {
    error(Code::NotUtf8, Span::new(file, offset..offset + 1), "this file is not UTF-8 text from here on")
        .help("open it in your editor and save it with the encoding UTF-8")
}

pub fn too_large(file: &SitePath, bytes: usize, limit: usize) -> Diagnostic {
    let megabytes = |n: usize| n.div_ceil(1024 * 1024);
    error(
        Code::TooLarge,
        Span::file(file),
        format!("this file has {} MB; a text of the site may have {} MB", megabytes(bytes), megabytes(limit)),
    )
    .help("split it, or if it is no text, give it another ending than `.md`")
}

pub fn symlink_out(file: &SitePath) -> Diagnostic {
    error(Code::SymlinkOut, Span::file(file), "this link leads out of the site's folder")
        .help("copy the file into the site instead of linking to it")
}

pub fn data_malformed(span: Span, reason: &str) -> Diagnostic {
    error(Code::DataMalformed, span, format!("this data file cannot be read: {reason}"))
}

pub fn data_twice(file: &SitePath, other: &SitePath) -> Diagnostic {
    error(
        Code::DataTwice,
        Span::file(file),
        format!("`{}` and `{}` would both be `data.{}`", file.name(), other.name(), stem(file)),
    )
    .help("rename one of them")
}

pub fn misplaced(file: &SitePath) -> Diagnostic {
    warning(Code::Misplaced, Span::file(file), "this file is in no folder that Nutgraf knows, so it is not published")
        .help("move it to content/briefings, explainers, topics, authors, threads or pages; or begin its name with `_`")
}

fn stem(file: &SitePath) -> &str {
    file.name().split('.').next().unwrap_or_default()
}
