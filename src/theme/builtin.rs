//! The theme that is part of the program: templates/ and static/ of this package.

use include_dir::{Dir, include_dir};

use crate::path::slashed;
use crate::tree::Tree;

static TEMPLATES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/templates");
static STATIC: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/static");

/// The built-in files, named `nutgraf/templates/…` and `nutgraf/static/…`.
pub fn tree() -> Tree {
    let mut files = Vec::new();
    for (folder, dir) in [("templates", &TEMPLATES), ("static", &STATIC)] {
        collect(folder, dir, &mut files);
    }
    Tree::in_memory(files)
}

fn collect(folder: &str, dir: &'static Dir<'static>, files: &mut Vec<(String, &'static [u8])>) {
    for file in dir.files() {
        files.push((format!("nutgraf/{folder}/{}", slashed(file.path())), file.contents()));
    }
    for inner in dir.dirs() {
        collect(folder, inner, files);
    }
}
