//! The invariants of ARCHITECTURE.md that no lint can hold.

use std::collections::BTreeMap;
use std::fs;

use crate::site::{files, package};

/// The rooms from the top down. A room may use those below it, never one above.
const ROOMS: &[&str] = &[
    "cli",
    "preview",
    "check",
    "deploy",
    "build",
    "render",
    "edition",
    "links",
    "theme",
    "route",
    "media",
    "site",
    "document",
    "config",
    "language",
    "fields",
    "tree",
    "cache",
    "moment",
    "diagnostic",
    "yaml",
    "path",
];

fn sources() -> BTreeMap<String, String> {
    files(&package().join("src"))
        .into_iter()
        .filter(|(path, _)| path.ends_with(".rs"))
        .map(|(path, bytes)| (path, String::from_utf8(bytes).expect("UTF-8")))
        .collect()
}

fn room(path: &str) -> &str {
    path.split('/').next().unwrap_or(path).trim_end_matches(".rs")
}

/// The rooms of the crate that a source names.
fn used(source: &str) -> Vec<&str> {
    source
        .match_indices("crate::")
        .filter_map(|(at, _)| {
            let rest = &source[at + "crate::".len()..];
            let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
            ROOMS.contains(&&rest[..end]).then_some(&rest[..end])
        })
        .collect()
}

#[test]
fn arrows_point_down_only() {
    let level = |room: &str| ROOMS.iter().position(|r| *r == room);
    let mut wrong = Vec::new();
    for (path, source) in sources() {
        let Some(own) = level(room(&path)) else { continue };
        for other in used(&source) {
            if level(other).is_some_and(|other| other < own) {
                wrong.push(format!("{path} uses {other}"));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn every_room_is_in_the_order() {
    for path in sources().keys() {
        let room = room(path);
        assert!(
            ROOMS.contains(&room) || matches!(room, "lib" | "main"),
            "{room} has no place in the order of rooms"
        );
    }
}

#[test]
fn every_file_says_what_it_is() {
    for (path, source) in sources() {
        assert!(source.starts_with("//! "), "{path} does not begin with what it is");
    }
}

#[test]
fn the_map_names_every_room() {
    let map = fs::read_to_string(package().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md");
    for room in ROOMS {
        assert!(map.contains(&format!("src/{room}")), "ARCHITECTURE.md does not name src/{room}");
    }
}
