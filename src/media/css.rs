//! Style sheets of static/ whose `url(…)` name other files of static/: those lead to the hashed names.

use std::collections::BTreeMap;

use super::recipe::Hash;
use super::{Asset, AssetBytes, Assets, Files, Inventory, hashed_url};
use crate::path::SitePath;

/// Rewrites every style sheet in `assets`. Sheets that import each other are followed a few steps.
pub fn rewrite(files: &Files<'_>, assets: &mut Assets) {
    let Files { site, built_in, inventory, base_path, .. } = *files;
    let sheets: BTreeMap<&String, &SitePath> =
        inventory.statics.iter().filter(|(_, file)| file.extension() == "css").collect();
    // A sheet's hash depends on what it names, so a chain of imports settles one step a round.
    for _ in 0..4 {
        let mut changed = false;
        for (name, file) in &sheets {
            let tree = if site.contains(file) { site } else { built_in };
            let Ok(text) = tree.read_text(file) else { continue };
            let rewritten = rewrite_one(&text, name, inventory, assets, base_path);
            let asset = Asset {
                url: hashed_url(file, rewritten.as_bytes()),
                hash: Hash::of(rewritten.as_bytes()),
                bytes: AssetBytes::Text(rewritten.into()),
                picture: None,
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

/// The sheet with hashed names for the files of static/ that it names.
fn rewrite_one(text: &str, name: &str, inventory: &Inventory, assets: &Assets, base_path: &str) -> String {
    let folder = SitePath::new(format!("static/{name}"));
    let mut rewritten = String::with_capacity(text.len());
    let mut rest = text;
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
                rewritten.push_str(&format!("\"{base_path}{}{}\"", asset.url, &target[path.len()..]));
            }
            None => rewritten.push_str(inside),
        }
        rest = &after[end..];
    }
    rewritten.push_str(rest);
    rewritten
}

/// Adds a style sheet to a text without its comments and needless space.
pub fn squeeze(sheet: &str, out: &mut String) {
    let mut rest = sheet;
    while let Some(next) = rest.chars().next() {
        let length = if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if matches!(next, '"' | '\'') {
            let length = quoted(rest, next);
            out.push_str(&rest[..length]);
            length
        } else if rest.starts_with("url(") {
            let length = rest.find(')').map_or(rest.len(), |end| end + 1);
            out.push_str(&rest[..length]);
            length
        } else if next.is_ascii_whitespace() {
            if !out.ends_with(['{', '}', ';', ',', ':', ' ']) && !out.is_empty() {
                out.push(' ');
            }
            next.len_utf8()
        } else {
            if matches!(next, '{' | '}' | ';' | ',') && out.ends_with(' ') {
                out.pop();
            }
            if next == '}' && out.ends_with(';') {
                out.pop();
            }
            out.push(next);
            next.len_utf8()
        };
        rest = &rest[length..];
    }
    if out.ends_with(' ') {
        out.pop();
    }
}

/// How long a quoted text is, its quotation marks included.
fn quoted(text: &str, mark: char) -> usize {
    let mut escaped = false;
    let end = text[1..].find(|c| {
        let ends = c == mark && !escaped;
        escaped = c == '\\' && !escaped;
        ends
    });
    end.map_or(text.len(), |end| end + 2)
}
