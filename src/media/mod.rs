//! Files that pages name: which there are, and the address each is published under. Its name carries a hash
//! of its bytes, so that it can be cached for ever and an old page never shows a new file. Of a picture, what
//! must be known of it, and what is made of it.

pub mod card;
pub mod colour;
pub mod css;
pub mod picture;
#[cfg(feature = "images")]
pub mod pixels;
pub mod recipe;
pub mod svg;
pub mod tag;
pub mod words;
#[cfg(feature = "images")]
pub mod wrapping;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use self::picture::{Fault, Kind, Picture, is_picture};
use self::recipe::{Hash, Recipe};
use crate::cache::Cache;

use crate::diagnostic::Diagnostic;
use crate::diagnostic::catalog::files as say;
use crate::language::letters;
use crate::path::{SitePath, Url};
use crate::tree::Tree;

/// What files there are besides documents, templates and data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inventory {
    /// Files of content/ that are no documents.
    pub content: BTreeSet<SitePath>,
    /// Files of static/ by their name below it; the site's own win over the built-in ones.
    pub statics: BTreeMap<String, SitePath>,
}

/// A file under its published address.
#[derive(Clone, Debug, PartialEq)]
pub struct Asset {
    /// Where it is published: `/assets/map-1f2e3d4c5b6a7980.svg`.
    pub url: Url,
    /// The file, or what it became.
    pub bytes: AssetBytes,
    /// A hash of the file's bytes.
    pub hash: Hash,
    /// What is known of a picture that a document names, or what is wrong with it.
    pub picture: Option<Result<Arc<Picture>, Fault>>,
}

/// The bytes of an asset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AssetBytes {
    /// A file as it is.
    File(SitePath),
    /// A style sheet whose `url(…)` lead to hashed names, or a drawing without what it does not need.
    Text(Arc<str>),
    /// A picture made of the file.
    Made(Recipe),
    /// A picture that moves, as it is but for its metadata.
    Bare {
        /// The file.
        file: SitePath,
        /// Metadata that says whose it is.
        xmp: Option<String>,
    },
    /// Nothing: the file is no picture that may be published.
    Nothing,
}

/// The published files by their path.
pub type Assets = HashMap<SitePath, Asset>;

/// Lists the files of a site and of the built-in theme.
pub fn inventory(site: &Tree, built_in: &Tree) -> Inventory {
    let content = site.below("content").filter(|path| !crate::document::identity::is_markdown(path)).cloned();
    let mut statics = BTreeMap::new();
    for path in built_in.below("nutgraf/static") {
        statics.insert(path.as_str()["nutgraf/static/".len()..].to_owned(), path.clone());
    }
    for path in site.below("static") {
        statics.insert(path.as_str()["static/".len()..].to_owned(), path.clone());
    }
    Inventory { content: content.collect(), statics }
}

/// What the addresses of files are found with.
pub struct Files<'a> {
    /// The site.
    pub site: &'a Tree,
    /// The theme of the program.
    pub built_in: &'a Tree,
    /// The files there are.
    pub inventory: &'a Inventory,
    /// What was found out earlier.
    pub cache: &'a Cache,
    /// What addresses begin with on the site's host.
    pub base_path: &'a str,
    /// Told how many of how many pictures have been looked at.
    pub progress: &'a (dyn Fn(usize, usize) + Sync),
}

/// The addresses of the files that documents name, and of all of static/. What `hashed` knows is not read
/// again; what it does not, is added.
pub fn assets(
    files: &Files<'_>,
    named: &BTreeSet<SitePath>,
    hashed: &mut Assets,
) -> (Assets, Vec<Diagnostic>) {
    let Files { site, built_in, inventory, .. } = files;
    let is_known = |path: &SitePath| {
        let asset = hashed.get(path);
        asset.is_some_and(|asset| asset.picture.is_some() || !named.contains(path) || !is_picture(path))
    };
    let wanted: BTreeSet<&SitePath> = named.iter().chain(inventory.statics.values()).collect();
    let unknown: Vec<&SitePath> = wanted.iter().copied().filter(|path| !is_known(path)).collect();
    let darkroom = Darkroom::new(files.cache);
    let pictures = unknown.iter().filter(|path| named.contains(**path) && is_picture(path)).count();
    let looked = AtomicUsize::new(0);
    let fresh: Vec<Result<(SitePath, Asset), Diagnostic>> = unknown
        .par_iter()
        .map(|path| {
            let tree = if site.contains(path) { site } else { built_in };
            let bytes = tree.read(path).map_err(|e| say::unreadable(path, &e.to_string()))?;
            let asset = if named.contains(*path) && is_picture(path) {
                let asset = darkroom.look(path, &bytes);
                (files.progress)(looked.fetch_add(1, Ordering::Relaxed) + 1, pictures);
                asset
            } else {
                plain(path, &bytes)
            };
            Ok(((*path).clone(), asset))
        })
        .collect();
    let mut diagnostics = Vec::new();
    for result in fresh {
        match result {
            Ok((path, asset)) => {
                hashed.insert(path, asset);
            }
            Err(diagnostic) => diagnostics.push(diagnostic),
        }
    }
    let known = wanted.into_iter().filter_map(|path| Some((path.clone(), hashed.get(path)?.clone())));
    let mut assets: Assets = known.collect();
    css::rewrite(files, &mut assets);
    (assets, diagnostics)
}

/// The hash of a file.
///
/// # Errors
/// When it cannot be read.
pub fn hash(tree: &Tree, path: &SitePath) -> io::Result<Hash> {
    Ok(Hash::of(&tree.read(path)?))
}

/// A file that is published as it is.
fn plain(path: &SitePath, bytes: &[u8]) -> Asset {
    let url = hashed_url(path, bytes);
    // What hosts read is joined with what is made for them, and icons of pixels are made of the drawing.
    let name = path.as_str().trim_start_matches("nutgraf/").strip_prefix("static/");
    let kept = if name.is_some_and(|name| is_for_hosts(name) || name == ICON) {
        AssetBytes::Text(String::from_utf8_lossy(bytes).into())
    } else {
        AssetBytes::File(path.clone())
    };
    Asset { url, bytes: kept, hash: Hash::of(bytes), picture: None }
}

/// The site's icon, a file of static/.
pub const ICON: &str = "icon.svg";

/// Whether a file of static/ is one that hosts read, and that has lines of a site and lines made for it.
pub fn is_for_hosts(name: &str) -> bool {
    matches!(name, "_redirects" | "_headers")
}

/// What a file is sent as, by the ending of its name.
pub fn served_as(name: &str) -> String {
    let file = name.rsplit('/').next().unwrap_or(name);
    let guessed = mime_guess::from_path(file).first_or_octet_stream();
    let kind = match file {
        "feed.xml" => "application/rss+xml",
        "atom.xml" => "application/atom+xml",
        "feed.json" => "application/feed+json",
        "_redirects" | "_headers" | "Caddyfile" | "CNAME" => "text/plain",
        _ => guessed.essence_str(),
    };
    let is_text = kind.starts_with("text/")
        || ["javascript", "json", "xml"].iter().any(|end| kind.ends_with(end)) && kind != "image/svg+xml";
    if is_text { format!("{kind}; charset=utf-8") } else { kind.to_owned() }
}

/// What a picture is sent as, by the ending of its address; none for what is no picture.
pub fn media_type(address: &str) -> Option<&'static str> {
    let path = address.split(['?', '#']).next().unwrap_or(address);
    Some(match path.rsplit('.').next()?.to_ascii_lowercase().as_str() {
        "jpg" | "jpeg" => "image/jpeg",
        "png" => "image/png",
        "webp" => "image/webp",
        "avif" => "image/avif",
        "gif" => "image/gif",
        "svg" => "image/svg+xml",
        _ => return None,
    })
}

/// Where pictures are looked at and made.
#[derive(Debug)]
pub struct Darkroom {
    cache: Cache,
    #[cfg(feature = "images")]
    memory: pixels::Memory,
}

impl Darkroom {
    /// A darkroom that keeps what it made in a cache.
    pub fn new(cache: &Cache) -> Self {
        Self {
            cache: cache.clone(),
            #[cfg(feature = "images")]
            memory: pixels::Memory::default(),
        }
    }

    /// A picture under its address.
    fn look(&self, path: &SitePath, bytes: &[u8]) -> Asset {
        if path.extension().eq_ignore_ascii_case("svg") {
            let plain = plain(path, bytes);
            return match picture::drawing(bytes) {
                Ok((picture, text)) => Asset {
                    url: hashed_url(path, text.as_bytes()),
                    bytes: AssetBytes::Text(text.into()),
                    picture: Some(Ok(Arc::new(picture))),
                    ..plain
                },
                Err(fault) => Asset { bytes: AssetBytes::Nothing, picture: Some(Err(fault)), ..plain },
            };
        }
        let hash = Hash::of(bytes);
        let picture = self.picture(path, hash, bytes);
        // Of a photo, which may be large, the bytes are hashed once and not again for an address of the file.
        let asset = match &picture {
            Ok(picture) => match (Recipe::whole(path, hash, picture), picture.kind) {
                (Some(recipe), _) => {
                    Asset { url: recipe.url(), bytes: AssetBytes::Made(recipe), hash, picture: None }
                }
                (None, Kind::Moving) => {
                    let bare = AssetBytes::Bare { file: path.clone(), xmp: picture.words.xmp() };
                    Asset { bytes: bare, ..plain(path, bytes) }
                }
                (None, _) => plain(path, bytes),
            },
            // What browsers do not show can still be handed out by a link.
            Err(Fault::Unshown(_)) => plain(path, bytes),
            Err(_) => Asset { bytes: AssetBytes::Nothing, ..plain(path, bytes) },
        };
        Asset { picture: Some(picture.map(Arc::new)), ..asset }
    }

    /// What is known of a picture: from the cache, or by looking at every pixel.
    fn picture(&self, path: &SitePath, hash: Hash, bytes: &[u8]) -> Result<Picture, Fault> {
        // A program that reads no pixels finds out less.
        let depth = if cfg!(feature = "images") { "pixels" } else { "name" };
        let key = format!("look {LOOK} {depth} {} {hash}", path.extension().to_ascii_lowercase());
        let kept = self.cache.get(&key).and_then(|kept| serde_json::from_slice(&kept).ok());
        if let Some(picture) = kept {
            return Ok(picture);
        }
        let picture = picture::read(path, bytes, self)?;
        if let Ok(text) = serde_json::to_vec(&picture) {
            self.cache.put(&key, &text);
        }
        Ok(picture)
    }

    /// The pictures that recipes ask to be made of one file, each handed on as soon as it is there.
    ///
    /// # Errors
    /// When the file cannot be read any more, or is another by now.
    #[cfg(feature = "images")]
    pub fn make(
        &self,
        read: impl Fn(&SitePath) -> io::Result<Vec<u8>>,
        recipes: &[&Recipe],
        mut hand: impl FnMut(&Recipe, Vec<u8>) -> io::Result<()>,
    ) -> io::Result<()> {
        let changed = |source: &SitePath| io::Error::other(format!("{source} changed while it was read"));
        let mut negative = None;
        for recipe in recipes {
            if let Some(bytes) = self.cache.get(&recipe.key()) {
                hand(recipe, bytes)?;
                continue;
            }
            if negative.is_none() {
                let bytes = read(&recipe.source)?;
                if Hash::of(&bytes) != recipe.hash {
                    return Err(changed(&recipe.source));
                }
                negative = Some(pixels::develop(&bytes, &self.memory).map_err(|_| changed(&recipe.source))?);
            }
            let Some(negative) = &negative else { continue };
            let refused = |_| {
                let format = recipe.format.extension();
                io::Error::other(format!("of {}, no {format} could be made", recipe.source))
            };
            let bytes = negative.print(recipe).map_err(refused)?;
            self.cache.put(&recipe.key(), &bytes);
            hand(recipe, bytes)?;
        }
        Ok(())
    }

    /// Nothing is made without the feature `images`, and no recipe is written.
    ///
    /// # Errors
    /// Never.
    #[cfg(not(feature = "images"))]
    pub fn make(
        &self,
        _: impl Fn(&SitePath) -> io::Result<Vec<u8>>,
        _: &[&Recipe],
        _: impl FnMut(&Recipe, Vec<u8>) -> io::Result<()>,
    ) -> io::Result<()> {
        let _ = &self.cache;
        Ok(())
    }
}

/// Changes when a picture is looked at in another way.
const LOOK: u32 = 2;

/// A picture that moves, as it is published. Without the feature `images` there is none.
pub fn bare(bytes: &[u8], xmp: Option<&str>) -> Vec<u8> {
    #[cfg(feature = "images")]
    return wrapping::bare(bytes, xmp).unwrap_or_default();
    #[cfg(not(feature = "images"))]
    {
        let _ = xmp;
        bytes.to_vec()
    }
}

/// The address of a file with these bytes.
fn hashed_url(path: &SitePath, bytes: &[u8]) -> Url {
    let extension: String = path.extension().chars().filter(char::is_ascii_alphanumeric).collect();
    let dot = if extension.is_empty() { "" } else { "." };
    Url::parse(&format!("/assets/{}{dot}{extension}", hashed_name(path.name(), bytes)))
        .expect("a slug and a hash are an address")
}

/// The name of a file with a hash of what decides about its bytes.
fn hashed_name(name: &str, what: &[u8]) -> String {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let stem = letters::slug(stem, "en").unwrap_or_else(|| "file".into());
    let stem: String = stem.chars().take(60).collect();
    let hash = blake3::hash(what).to_hex();
    format!("{stem}-{}", &hash[..16])
}
