//! `deploy:` of nutgraf.yaml: where the site is shipped, with what headers, and what happens afterwards. Credentials
//! never stand here: they come from the environment.

use std::ops::Range;

use jiff::{SignedDuration, Span as TimeSpan, SpanRelativeTo};

use super::keys;
use super::split_url;
use crate::diagnostic::catalog::{front_matter, settings};
use crate::diagnostic::{Diagnostic, Span};
use crate::fields::{Fields, Place, Unknown};
use crate::yaml::{Entry, Node, Value};

/// Where a site is shipped.
#[derive(Clone, Debug)]
pub struct Target {
    /// Its name in nutgraf.yaml.
    pub name: String,
    /// Where nutgraf.yaml names it.
    pub at: Range<usize>,
    /// Where it is.
    pub to: Destination,
    /// The address as written.
    pub written: String,
    /// The address readers see, when it is not the site's own.
    pub url: Option<String>,
    /// What is sent with some files.
    pub headers: Vec<HeaderRule>,
    /// In which forms texts are stored compressed.
    pub compress: Vec<Encoding>,
    /// How many files a deploy may delete without being told to.
    pub max_deletes: MaxDeletes,
    /// How long what was replaced is kept for the way back; `None` for not at all.
    pub keep: Option<SignedDuration>,
    /// How many requests are under way at once.
    pub connections: usize,
    /// What is told of the change afterwards.
    pub purge: Vec<Purge>,
    /// Whether the `WebSub` hub of the feeds is told.
    pub websub: bool,
}

/// Where files go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// A folder of this machine; relative to the site's.
    Folder(String),
    /// An object store.
    Bucket(Bucket),
    /// A branch of a git repository.
    Git {
        /// The repository, as git takes it.
        url: String,
        /// The branch.
        branch: String,
        /// Whether the branch has no history: one commit that is made anew.
        single: bool,
    },
    /// A folder that rsync reaches: `rsync://…`, or over ssh.
    Rsync {
        /// What rsync takes, without a final slash.
        address: String,
        /// The port of ssh, when it is another than usual.
        port: Option<u16>,
    },
}

/// A bucket, or a part of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// Whose protocol it speaks.
    pub vendor: Vendor,
    /// Its name; of Azure, the container.
    pub name: String,
    /// The folder in it, without slashes at its ends; empty for all of it.
    pub prefix: String,
    /// Where it is, unless that follows from the vendor.
    pub endpoint: Option<String>,
    /// Its region.
    pub region: Option<String>,
    /// Whether the bucket stands in the path of addresses and not in the name of the host.
    pub path_style: Option<bool>,
    /// The folder of the bucket for the records of deploys and what is kept; `<prefix>/.nutgraf` unless told.
    pub records: Option<String>,
}

/// Who keeps a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vendor {
    /// Amazon, and everybody who speaks its protocol.
    S3,
    /// Google Cloud Storage.
    Google,
    /// Azure Blob.
    Azure,
}

/// What is sent with the files whose address fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderRule {
    /// The pattern: `/fonts/**`.
    pub pattern: String,
    /// `Cache-Control`.
    pub cache: Option<String>,
    /// `Content-Type`.
    pub media_type: Option<String>,
}

/// A compressed form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Encoding {
    /// gzip.
    Gzip,
    /// Brotli.
    Brotli,
}

impl Encoding {
    /// The name that HTTP gives it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Brotli => "br",
        }
    }

    /// What the name of a compressed file ends in.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Gzip => ".gz",
            Self::Brotli => ".br",
        }
    }
}

/// The forms by their names in nutgraf.yaml.
const ENCODINGS: &[(&str, Encoding)] =
    &[("gzip", Encoding::Gzip), ("br", Encoding::Brotli), ("brotli", Encoding::Brotli)];

/// How many files a deploy may delete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MaxDeletes {
    /// A share of the files that are there, in percent.
    Percent(usize),
    /// A number.
    Files(usize),
}

/// Who holds copies of pages and must be told that some are old.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Purge {
    /// A distribution of Amazon `CloudFront`.
    CloudFront(String),
    /// A zone of Cloudflare.
    Cloudflare(String),
    /// A service of Fastly.
    Fastly(String),
    /// A command of the user's, which gets the addresses a line each.
    Command(String),
}

/// For how long what was replaced is kept unless nutgraf.yaml says otherwise.
const KEEP: Option<SignedDuration> = Some(SignedDuration::from_hours(24 * 30));
/// The share of files that may go.
const MAX_DELETES: MaxDeletes = MaxDeletes::Percent(20);
/// The folders of a site that nothing is shipped to.
const OWN: &[&str] = &["content", "data", "static", "templates", "public", ".nutgraf", ".git"];
/// What is wrong with an address that holds a password.
const PASSWORD: &str = "it holds a password";
/// Requests at once.
const CONNECTIONS: usize = 16;

/// Reads `deploy`: targets by their names, each a map or just an address.
pub fn read(place: Place<'_>, entries: &[Entry], d: &mut Vec<Diagnostic>) -> Vec<Target> {
    entries.iter().filter_map(|entry| target(place, entry, d)).collect()
}

fn target(place: Place<'_>, entry: &Entry, d: &mut Vec<Diagnostic>) -> Option<Target> {
    let alone;
    let node = if matches!(entry.value.value, Value::Scalar { .. }) {
        // `production: "s3://…"` is a target with nothing else to say.
        alone = Node {
            at: entry.value.at.clone(),
            value: Value::Map(vec![Entry {
                key: "to".into(),
                key_at: entry.value.at.clone(),
                value: entry.value.clone(),
            }]),
        };
        &alone
    } else {
        &entry.value
    };
    let mut fields = Fields::new(place, node, &[keys::DEPLOY], |key| key, d);
    let to = fields.text("to", d);
    if to.is_none() {
        let of = format!("the target `{}`", entry.key);
        d.push(front_matter::missing_key(place.span(&entry.key_at), "to", &of, "add `to: \"s3://…\"`"));
    }
    let endpoint = fields.text("endpoint", d).and_then(|endpoint| {
        let is_server = ["https://", "http://"].iter().any(|scheme| endpoint.value.starts_with(scheme));
        if endpoint.value.contains('@') {
            d.push(settings::password_in_target(Span::file(place.file), &entry.key));
        } else if !is_server {
            d.push(settings::not_on_the_web(place.span(&endpoint.at), &endpoint.value));
        }
        is_server.then(|| endpoint.value.trim_end_matches('/').to_owned())
    });
    let mut text = |key, d: &mut Vec<Diagnostic>| fields.text(key, d).map(|text| text.value);
    let region = text("region", d);
    let records = text("records", d).map(|records| records.trim_matches('/').to_owned());
    let path_style = fields.flag("path_style", d);
    let single = fields.text("history", d).is_some_and(|history| match history.value.as_str() {
        "single" => true,
        "keep" => false,
        other => {
            d.push(front_matter::bad_choice(place.span(&history.at), other, ["keep", "single"]));
            false
        }
    });
    let url = fields.text("url", d).and_then(|url| {
        let is_site = split_url(&url.value).is_some();
        if !is_site {
            d.push(settings::bad_url(place.span(&url.at), &url.value));
        }
        is_site.then_some(url.value)
    });
    let compress = super::outputs::choices(&mut fields, "compress", ENCODINGS, d);
    let headers: Vec<HeaderRule> =
        fields.items("cache").into_iter().filter_map(|node| header_rule(place, node, d)).collect();
    let wanted = "a number of files, or a share of them like `\"20%\"`";
    let max_deletes = parsed(&mut fields, "max_deletes", wanted, max_deletes, d).unwrap_or(MAX_DELETES);
    let keep = parsed(&mut fields, "keep", "a time like `30 days`, or `off`", keep, d).unwrap_or(KEEP);
    let connections = fields.number("connections", d).unwrap_or(CONNECTIONS).min(256);
    let websub = fields.flag("websub", d).unwrap_or(false);
    let purge = fields.get("purge").map(|node| purge(place, node, d)).unwrap_or_default();
    fields.finish(&format!("the target `{}`", entry.key), Unknown::Refuse, &[], d);
    let to = to?;
    let bucket = Bucket {
        vendor: Vendor::S3,
        name: String::new(),
        prefix: String::new(),
        endpoint,
        region,
        path_style,
        records,
    };
    let destination = match destination(&to.value, bucket, single) {
        Ok(destination) => destination,
        Err(PASSWORD) => {
            // The line is not shown: others may read what is printed.
            d.push(settings::password_in_target(Span::file(place.file), &entry.key));
            return None;
        }
        Err(reason) => {
            d.push(settings::bad_target(place.span(&to.at), &to.value, reason));
            return None;
        }
    };
    if let Some(reason) = misfit(&destination, &compress) {
        d.push(settings::no_compression(place.span(&to.at), reason));
    }
    if !headers.is_empty() && !matches!(destination, Destination::Bucket(_)) {
        d.push(settings::no_headers(place.span(&to.at)));
    }
    Some(Target {
        name: entry.key.clone(),
        at: entry.key_at.clone(),
        to: destination,
        written: to.value,
        url,
        headers,
        compress,
        max_deletes,
        keep,
        connections,
        purge,
        websub,
    })
}

/// What an address leads to; otherwise what is wrong with it.
fn destination(address: &str, bucket: Bucket, single: bool) -> Result<Destination, &'static str> {
    let Some((scheme, rest)) = address.split_once(':') else { return Err("it has no scheme") };
    if address.chars().any(char::is_control) {
        return Err("it has a character that cannot be seen");
    }
    let authority = rest.trim_start_matches('/').split('/').next().unwrap_or_default();
    // Of an address on the web also a name alone: tokens are given like that.
    let is_web = scheme.ends_with("http") || scheme.ends_with("https");
    if authority.split_once('@').is_some_and(|(user, _)| is_web || user.contains(':')) {
        return Err(PASSWORD);
    }
    let rest = |is_url: bool| {
        if is_url { rest.strip_prefix("//").filter(|rest| !rest.is_empty()) } else { Some(rest) }
    };
    match scheme {
        "file" => {
            let rest = rest(false).unwrap_or_default();
            let folder = rest.strip_prefix("//").unwrap_or(rest);
            if folder.trim_matches('/').is_empty() {
                return Err("it names no folder");
            }
            if folder.starts_with('~') {
                return Err("`~` is a folder of a shell's; write the whole path");
            }
            let first = folder.trim_start_matches("./").split('/').next().unwrap_or_default();
            if OWN.contains(&first) {
                return Err("the site's own files are there");
            }
            Ok(Destination::Folder(folder.trim_end_matches('/').to_owned()))
        }
        "s3" | "gs" | "azblob" | "az" => {
            let rest = rest(true).ok_or("it names no bucket")?;
            let (name, prefix) = rest.split_once('/').unwrap_or((rest, ""));
            let vendor = match scheme {
                "s3" => Vendor::S3,
                "gs" => Vendor::Google,
                _ => Vendor::Azure,
            };
            if name.is_empty() || rest.contains(['?', '#']) {
                return Err("after the scheme comes the bucket and the folder in it, nothing else");
            }
            Ok(Destination::Bucket(Bucket {
                vendor,
                name: name.to_owned(),
                prefix: prefix.trim_matches('/').to_owned(),
                ..bucket
            }))
        }
        "rsync" => {
            let rest = rest(true).ok_or("it names no host")?;
            if !rest.trim_end_matches('/').contains('/') {
                return Err("it names no module of the rsync server: `rsync://host/module/folder`");
            }
            Ok(Destination::Rsync { address: address.trim_end_matches('/').to_owned(), port: None })
        }
        "ssh" => {
            let rest = rest(true).ok_or("it names no host")?;
            let (host, folder) = rest.split_once('/').ok_or("it names no folder")?;
            let (host, port) = match host.rsplit_once(':') {
                None => (host, None),
                Some((host, port)) => (host, Some(port.parse().map_err(|_| "its port is no number")?)),
            };
            if host.starts_with('-') || folder.trim_matches('/').is_empty() {
                return Err("it is written `ssh://user@host/folder`");
            }
            // `/~/www` is a folder of the user's home.
            let folder = folder.strip_prefix("~/").map_or_else(|| format!("/{folder}"), str::to_owned);
            Ok(Destination::Rsync { address: format!("{host}:{}", folder.trim_end_matches('/')), port })
        }
        _ => {
            let Some(protocol) = scheme.strip_prefix("git+") else {
                return Err(
                    "its scheme is none of `file`, `s3`, `gs`, `azblob`, `git+https`, `git+ssh`, `git+file`, `rsync` and `ssh`",
                );
            };
            if !["https", "http", "ssh", "file", "git"].contains(&protocol) {
                return Err("git knows `git+https`, `git+ssh` and `git+file`");
            }
            let (url, branch) = address.split_once('#').ok_or("it names no branch: add `#gh-pages`")?;
            let is_name = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
            if branch.is_empty()
                || branch.starts_with('-')
                || branch.contains("..")
                || !branch.chars().all(is_name)
            {
                return Err("after `#` comes the name of a branch");
            }
            let url = url.trim_start_matches("git+").to_owned();
            Ok(Destination::Git { url, branch: branch.to_owned(), single })
        }
    }
}

/// Why a destination cannot have what is to be compressed.
fn misfit(destination: &Destination, compress: &[Encoding]) -> Option<&'static str> {
    match destination {
        Destination::Bucket(_) if compress.len() > 1 => {
            Some("a bucket gives everybody the same bytes: choose one form")
        }
        Destination::Git { .. } if !compress.is_empty() => {
            Some("hosts of git branches compress by themselves")
        }
        Destination::Bucket(_)
        | Destination::Git { .. }
        | Destination::Folder(_)
        | Destination::Rsync { .. } => None,
    }
}

fn header_rule(place: Place<'_>, node: &Node, d: &mut Vec<Diagnostic>) -> Option<HeaderRule> {
    let mut fields = Fields::new(place, node, &[keys::DEPLOY_CACHE], |key| key, d);
    let pattern = fields.text("match", d);
    if pattern.is_none() {
        let help = "write `{match: \"/fonts/**\", control: \"public, max-age=86400\"}`";
        d.push(front_matter::missing_key(place.span(&fields.at), "match", "an entry of `cache`", help));
    }
    if let Some(pattern) = pattern.as_ref().filter(|pattern| !pattern.value.starts_with(['/', '*'])) {
        let found = format!("`{}`", pattern.value);
        d.push(front_matter::wrong_type(
            place.span(&pattern.at),
            "match",
            "addresses like `/fonts/**`",
            &found,
        ));
    }
    let mut header = |key, d: &mut Vec<Diagnostic>| {
        let text = fields.text(key, d)?;
        let is_header = text.value.chars().all(|c| c.is_ascii_graphic() || c == ' ');
        if !is_header {
            let found = format!("`{}`", text.value);
            d.push(front_matter::wrong_type(place.span(&text.at), key, "letters, digits and signs", &found));
        }
        is_header.then_some(text.value)
    };
    let (cache, media_type) = (header("control", d), header("type", d));
    fields.finish("an entry of `cache`", Unknown::Refuse, &[], d);
    Some(HeaderRule { pattern: pattern?.value, cache, media_type })
}

fn purge(place: Place<'_>, node: &Node, d: &mut Vec<Diagnostic>) -> Vec<Purge> {
    let mut fields = Fields::new(place, node, &[keys::DEPLOY_PURGE], |key| key, d);
    let mut all = Vec::new();
    for key in ["cloudfront", "cloudflare", "fastly", "command"] {
        let Some(text) = fields.text(key, d) else { continue };
        // An id is a part of an address.
        if key == "command" || text.value.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_') {
            all.push(match key {
                "cloudfront" => Purge::CloudFront(text.value),
                "cloudflare" => Purge::Cloudflare(text.value),
                "fastly" => Purge::Fastly(text.value),
                _ => Purge::Command(text.value),
            });
        } else {
            let found = format!("`{}`", text.value);
            d.push(front_matter::wrong_type(
                place.span(&text.at),
                key,
                "an id of letters and digits",
                &found,
            ));
        }
    }
    fields.finish("`purge`", Unknown::Refuse, &[], d);
    all
}

/// A key's text as what it stands for; anything else is an error.
fn parsed<T>(
    fields: &mut Fields<'_>,
    key: &'static str,
    wanted: &str,
    parse: fn(&str) -> Option<T>,
    d: &mut Vec<Diagnostic>,
) -> Option<T> {
    let text = fields.text(key, d)?;
    let value = parse(&text.value);
    if value.is_none() {
        let found = format!("`{}`", text.value);
        d.push(front_matter::wrong_type(fields.place.span(&text.at), key, wanted, &found));
    }
    value
}

fn max_deletes(text: &str) -> Option<MaxDeletes> {
    match text.strip_suffix('%') {
        Some(percent) => percent.trim().parse().ok().filter(|p| *p <= 100).map(MaxDeletes::Percent),
        None => text.parse().ok().map(MaxDeletes::Files),
    }
}

/// A time; none inside for `off`.
#[expect(clippy::option_option, reason = "what is no time is not what is off")]
fn keep(text: &str) -> Option<Option<SignedDuration>> {
    if ["off", "no", "false", "0"].contains(&text.to_ascii_lowercase().as_str()) {
        return Some(None);
    }
    let span: TimeSpan = text.parse().ok()?;
    let time = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
    time.is_positive().then_some(Some(time))
}
