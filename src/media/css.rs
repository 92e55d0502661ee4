//! Style sheets of static/ whose `url(…)` name other files of static/: those lead to the hashed names.

use std::collections::BTreeMap;

use super::{Asset, AssetBytes, Assets, Inventory, hashed_url};
use crate::path::SitePath;
use crate::tree::Tree;

/// Rewrites every style sheet in `assets`. Sheets that import each other are followed a few steps.
pub fn rewrite(site: &Tree, built_in: &Tree, inventory: &Inventory, assets: &mut Assets) {
    let sheets: BTreeMap<&String, &SitePath> =
        inventory.statics.iter().filter(|(_, file)| file.extension() == "css").collect();
    // A sheet's hash depends on what it names, so a chain of imports settles one step a round.
    for _ in 0..4 {
        let mut changed = false;
        for (name, file) in &sheets {
            let tree = if site.contains(file) { site } else { built_in };
            let Ok(text) = tree.read_text(file) else { continue };
            let Some(rewritten) = rewrite_one(&text, name, inventory, assets) else { continue };
            let asset = Asset {
                url: hashed_url(file, rewritten.as_bytes()),
                bytes: AssetBytes::Text(rewritten.into()),
            };
            if assets.get(*file) != Some(&asset) {
                assets.insert((*file).clone(), asset);
                changed = true;
            }
        }
        if !changed {
            return;
        }
    }
}

/// The sheet with hashed names, or `None` when it names no file of static/.
fn rewrite_one(text: &str, name: &str, inventory: &Inventory, assets: &Assets) -> Option<String> {
    let folder = SitePath::new(format!("static/{name}"));
    let mut rewritten = String::with_capacity(text.len());
    let mut rest = text;
    let mut found = false;
    while let Some(start) = rest.find("url(") {
        let (before, after) = rest.split_at(start + 4);
        rewritten.push_str(before);
        let Some(end) = after.find(')') else {
            rest = after;
            break;
        };
        let inside = &after[..end];
        let target = inside.trim().trim_matches(['"', '\'']);
        let path = target.split(['?', '#']).next().unwrap_or(target);
        let resolved = match path.strip_prefix('/') {
            Some(rooted) => Some(rooted.to_owned()),
            None => folder.join(path).and_then(|p| p.as_str().strip_prefix("static/").map(str::to_owned)),
        };
        let asset = resolved.and_then(|name| inventory.statics.get(&name)).and_then(|file| assets.get(file));
        match asset {
            Some(asset) => {
                found = true;
                let published = asset.url.as_str().trim_start_matches("/assets/");
                rewritten.push_str(&format!("\"{published}{}\"", &target[path.len()..]));
            }
            None => rewritten.push_str(inside),
        }
        rest = &after[end..];
    }
    rewritten.push_str(rest);
    found.then_some(rewritten)
}
