//! Nutgraf, the static site generator for news briefings. ARCHITECTURE.md is the map of this crate.

pub mod build;
pub mod cache;
pub mod check;
pub mod cli;
pub mod config;
pub mod deploy;
pub mod diagnostic;
pub mod document;
pub mod edition;
pub mod fields;
pub mod language;
pub mod links;
pub mod media;
pub mod moment;
pub mod path;
#[cfg(feature = "serve")]
pub mod preview;
pub mod render;
pub mod route;
pub mod site;
pub mod theme;
pub mod tree;
pub mod yaml;
