//! Files that pages name: which there are, and the address each is published under. Its name carries a hash
//! of its bytes, so that it can be cached for ever and an old page never shows a new file.

mod css;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;

use rayon::prelude::*;

use crate::diagnostic::Diagnostic;
use crate::diagnostic::catalog::files;
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asset {
    /// Where it is published: `/assets/map-1f2e3d4c5b6a7980.svg`.
    pub url: Url,
    /// The file, or the text it became.
    pub bytes: AssetBytes,
}

/// The bytes of an asset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AssetBytes {
    /// A file as it is.
    File(SitePath),
    /// A style sheet whose `url(…)` lead to hashed names.
    Text(std::sync::Arc<str>),
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

/// The addresses of the files of content/ that documents name, and of all of static/. What `hashed` knows is
/// not read again; what it does not, is added.
pub fn assets(
    site: &Tree,
    built_in: &Tree,
    inventory: &Inventory,
    named: &BTreeSet<SitePath>,
    hashed: &mut Assets,
) -> (Assets, Vec<Diagnostic>) {
    let wanted = || named.iter().chain(inventory.statics.values());
    let unknown: Vec<&SitePath> = wanted().filter(|path| !hashed.contains_key(*path)).collect();
    let fresh: Vec<Result<(SitePath, Asset), Diagnostic>> = unknown
        .par_iter()
        .map(|path| {
            let tree = if site.contains(path) { site } else { built_in };
            let asset = asset(tree, path).map_err(|e| files::unreadable(path, &e.to_string()))?;
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
    let known = wanted().filter_map(|path| Some((path.clone(), hashed.get(path)?.clone())));
    let mut assets: Assets = known.collect();
    css::rewrite(site, built_in, inventory, &mut assets);
    (assets, diagnostics)
}

/// A file under its address.
///
/// # Errors
/// When it cannot be read.
pub fn asset(tree: &Tree, path: &SitePath) -> io::Result<Asset> {
    let url = hashed_url(path, &tree.read(path)?);
    Ok(Asset { url, bytes: AssetBytes::File(path.clone()) })
}

/// The address of a file with these bytes.
fn hashed_url(path: &SitePath, bytes: &[u8]) -> Url {
    let name = path.name();
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let stem = letters::slug(stem, "en").unwrap_or_else(|| "file".into());
    let stem: String = stem.chars().take(60).collect();
    let hash = blake3::hash(bytes).to_hex();
    let extension: String = path.extension().chars().filter(char::is_ascii_alphanumeric).collect();
    let dot = if extension.is_empty() { "" } else { "." };
    Url::parse(&format!("/assets/{stem}-{}{dot}{extension}", &hash[..16]))
        .expect("a slug and a hash are an address")
}
