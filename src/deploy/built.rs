//! A built folder into the files to ship: what each is to a reader, what is sent with it, and a hash of its bytes. Reads the
//! folder and writes nothing.
#![expect(
    clippy::disallowed_methods,
    reason = "what is shipped is read here, and nothing of the site's sources"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use fast_glob::glob_match;
use flate2::Compression;
use flate2::write::GzEncoder;
use rayon::prelude::*;
use walkdir::WalkDir;

use super::manifest::{Digest, Form, Kind, Served};
use crate::build::search;
use crate::config::deploy::{Destination, Encoding, Target};
use crate::document;
use crate::edition::World;
use crate::media;
use crate::path::{OutputPath, slashed};
use crate::render::host::{FOR_EVER, REVALIDATE};
use crate::route::{List, Route};

/// How feeds and sitemaps are kept: readers of feeds ask often.
const SHORTLY: &str = "public, max-age=300";
/// Smaller texts are not worth compressing.
const WORTH_COMPRESSING: u64 = 256;
/// Files up to this size are held in memory when they are sent; larger ones go in parts.
pub const WHOLE: u64 = 16 << 20;

/// A built folder, and what of it is shipped.
#[derive(Clone, Debug, Default)]
pub struct Built {
    /// The folder.
    pub folder: PathBuf,
    /// Every file by the path it is shipped to.
    pub files: BTreeMap<String, Served>,
    /// Files that are made of another one: a compressed form beside it.
    origins: BTreeMap<String, String>,
    /// What lies in the folder and is not shipped: nothing of this build.
    pub foreign: Vec<String>,
    /// Pages of a folder that was built before which the site does not have now.
    pub unknown: Vec<String>,
}

/// Reads a built folder. `made` is what the build made of it; without it, everything in the folder is shipped but what
/// systems leave behind.
///
/// # Errors
/// When it cannot be read.
pub fn read(
    folder: &Path,
    made: Option<&BTreeSet<OutputPath>>,
    world: &World,
    target: &Target,
) -> io::Result<Built> {
    let (paths, foreign) = list(folder, made)?;
    let kinds = kinds(world);
    let beside = matches!(target.to, Destination::Folder(_) | Destination::Rsync { .. });
    let has_headers = matches!(target.to, Destination::Bucket(_));
    let read: Vec<(String, Served)> = paths
        .into_par_iter()
        .map(|path| {
            let (hash, size) = hash(&folder.join(&path)).map_err(|error| at(&path, &error))?;
            let kind = kinds.get(path.as_str()).copied().unwrap_or_else(|| kind_by_name(&path));
            let media_type = media::served_as(&path);
            let packs = kind != Kind::Host && is_worth_compressing(size, &media_type);
            let encoding = target.compress.first().copied().filter(|_| packs && !beside);
            let mut form = Form { kind, cache: cache(kind).to_owned(), media_type, encoding };
            if has_headers {
                follow_rules(target, &path, &mut form);
            } else {
                form.cache.clear();
            }
            Ok((path, Served { hash, size, form }))
        })
        .collect::<io::Result<_>>()?;
    let is_unknown =
        |path: &&String| made.is_none() && path.ends_with(".html") && !kinds.contains_key(path.as_str());
    let unknown = read.iter().map(|(path, _)| path).filter(is_unknown).cloned().collect();
    let mut built = Built { folder: folder.to_owned(), foreign, unknown, ..Built::default() };
    for (path, served) in read {
        let is_for_hosts = served.form.kind == Kind::Host;
        if beside && !is_for_hosts && is_worth_compressing(served.size, &served.form.media_type) {
            for encoding in &target.compress {
                let form = Form { encoding: Some(*encoding), ..served.form.clone() };
                let packed = format!("{path}{}", encoding.ending());
                built.origins.insert(packed.clone(), path.clone());
                built.files.insert(packed, Served { form, ..served.clone() });
            }
        }
        // What a site has under such a name itself comes first.
        built.origins.remove(&path);
        built.files.insert(path, served);
    }
    Ok(built)
}

impl Built {
    /// The file that a path's bytes are made of.
    pub fn source(&self, path: &str) -> PathBuf {
        self.folder.join(self.origins.get(path).map_or(path, String::as_str))
    }

    /// Whether a file is only another form of one that is shipped too.
    pub fn is_made_of_another(&self, path: &str) -> bool {
        self.origins.contains_key(path)
    }

    /// The bytes of a file as they were built.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn original(&self, path: &str) -> io::Result<Vec<u8>> {
        fs::read(self.source(path)).map_err(|error| at(path, &error))
    }

    /// An address of the site that the folder was built for, as its sitemap has it.
    pub fn address(&self) -> Option<String> {
        let sitemap = String::from_utf8(self.original("sitemap.xml").ok()?).ok()?;
        let (_, rest) = sitemap.split_once("<loc>")?;
        rest.split_once("</loc>").map(|(address, _)| address.to_owned())
    }

    /// Whether a file is still as it was looked at.
    ///
    /// # Errors
    /// When it is not, or cannot be read.
    pub fn check(&self, path: &str) -> io::Result<()> {
        let served = self.files.get(path).ok_or(io::ErrorKind::NotFound)?;
        let (hash, _) = hash(&self.source(path)).map_err(|error| at(path, &error))?;
        if hash == served.hash { Ok(()) } else { Err(changed(path)) }
    }

    /// The bytes of a file as they are shipped. A file that changed since it was looked at is an error.
    ///
    /// # Errors
    /// When it cannot be read, or changed.
    pub fn load(&self, path: &str) -> io::Result<Vec<u8>> {
        let served = self.files.get(path).ok_or(io::ErrorKind::NotFound)?;
        let bytes = self.original(path)?;
        if Digest::of(&bytes) != served.hash {
            return Err(changed(path));
        }
        match served.form.encoding {
            None => Ok(bytes),
            Some(encoding) => compressed(&bytes, encoding),
        }
    }
}

fn changed(path: &str) -> io::Error {
    io::Error::other(format!("{path} changed while it was shipped; run this again"))
}

/// The hash of a file, and how many bytes it has.
pub fn hash(file: &Path) -> io::Result<(Digest, u64)> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(File::open(file)?)?;
    Ok((Digest::from(hasher.finalize()), hasher.count()))
}

/// Bytes in a compressed form: the same bytes on every machine.
fn compressed(bytes: &[u8], encoding: Encoding) -> io::Result<Vec<u8>> {
    match encoding {
        Encoding::Gzip => {
            let mut packer = GzEncoder::new(Vec::new(), Compression::best());
            packer.write_all(bytes)?;
            packer.finish()
        }
        Encoding::Brotli => {
            let mut packed = Vec::new();
            let settings = brotli::enc::BrotliEncoderParams { quality: 9, ..Default::default() };
            brotli::BrotliCompress(&mut &bytes[..], &mut packed, &settings)?;
            Ok(packed)
        }
    }
}

/// The paths to ship, and those that are left where they are.
fn list(folder: &Path, made: Option<&BTreeSet<OutputPath>>) -> io::Result<(Vec<String>, Vec<String>)> {
    let (mut shipped, mut foreign) = (Vec::new(), Vec::new());
    for entry in WalkDir::new(folder).sort_by_file_name() {
        let entry = entry?;
        if entry.file_type().is_dir() {
            continue;
        }
        let path = slashed(entry.path().strip_prefix(folder).map_err(io::Error::other)?);
        let is_made = match made {
            Some(made) => made.contains(path.as_str()),
            None => entry.file_type().is_file() && !path.split('/').any(is_left_behind),
        };
        if is_made { shipped.push(path) } else { foreign.push(path) }
    }
    Ok((shipped, foreign))
}

/// Whether a name is one that systems and editors leave behind, and no part of a site.
fn is_left_behind(name: &str) -> bool {
    let is_known = matches!(name, ".well-known" | ".nojekyll");
    (name.starts_with('.') && !is_known)
        || name.ends_with('~')
        || name == "Thumbs.db"
        || name.chars().any(char::is_control)
}

/// What the outputs of a site are, by their paths.
fn kinds(world: &World) -> BTreeMap<OutputPath, Kind> {
    let site = &world.site;
    let kind = |route: &Route| match route {
        Route::Entry(id) => match site.entries[*id].kind {
            document::Kind::Briefing => Kind::Briefing,
            document::Kind::Explainer => Kind::Explainer,
            document::Kind::Topic | document::Kind::Author | document::Kind::Thread => Kind::Hub,
            document::Kind::Page => Kind::Page,
        },
        Route::List { list: List::Home, page: None, .. } => Kind::Front,
        Route::List { list: List::Hub(..), page: None, .. } => Kind::Hub,
        Route::List { .. } => Kind::List,
        Route::NotFound { .. } | Route::Search { .. } => Kind::Page,
        Route::Redirect { .. } => Kind::Redirect,
        Route::Feed { .. } => Kind::Feed,
        Route::Twin { .. } => Kind::Twin,
        Route::Llms { .. } | Route::Sitemap(_) => Kind::Sitemap,
        Route::Host(_) => Kind::Host,
        Route::Manifest { .. } | Route::Static { .. } => Kind::File,
    };
    world.routes.all.iter().map(|route| (route.output(site), kind(route))).collect()
}

/// What a file is that no route makes.
fn kind_by_name(path: &str) -> Kind {
    if path.starts_with("assets/") {
        Kind::Hashed
    } else if path.starts_with(search::FOLDER) && path.ends_with("entry.json") {
        // It names the index, which must be there first.
        Kind::Sitemap
    } else if path.ends_with(".html") {
        Kind::Page
    } else {
        Kind::File
    }
}

/// How long readers may keep what is of a kind.
fn cache(kind: Kind) -> &'static str {
    match kind {
        Kind::Hashed => FOR_EVER,
        Kind::Feed | Kind::Sitemap => SHORTLY,
        Kind::File
        | Kind::Briefing
        | Kind::Explainer
        | Kind::Hub
        | Kind::Page
        | Kind::Redirect
        | Kind::Twin
        | Kind::List
        | Kind::Front
        | Kind::Host => REVALIDATE,
    }
}

/// What nutgraf.yaml says of a file; of rules that fit, the first that says something.
fn follow_rules(target: &Target, path: &str, form: &mut Form) {
    let address = format!("/{path}");
    let fitting: Vec<_> = target.headers.iter().filter(|rule| glob_match(&rule.pattern, &address)).collect();
    if let Some(cache) = fitting.iter().find_map(|rule| rule.cache.clone()) {
        form.cache = cache;
    }
    if let Some(media_type) = fitting.iter().find_map(|rule| rule.media_type.clone()) {
        form.media_type = media_type;
    }
}

/// Whether a file is stored compressed: it is text, neither tiny nor too large to be held in memory.
fn is_worth_compressing(size: u64, media_type: &str) -> bool {
    (WORTH_COMPRESSING..=WHOLE).contains(&size) && is_text(media_type)
}

/// Whether a type is one that compresses well.
pub fn is_text(media_type: &str) -> bool {
    let known = ["javascript", "json", "xml", "wasm", "manifest"];
    media_type.starts_with("text/") || known.iter().any(|part| media_type.contains(part))
}

fn at(path: &str, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{path}: {error}"))
}
