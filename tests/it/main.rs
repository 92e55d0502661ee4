//! What a user of Nutgraf would notice, tested from outside: the program on sites, whole pages, whole
//! messages. One binary, so that it links once.
#![expect(clippy::disallowed_methods, reason = "tests make sites, read output and set the environment")]

mod architecture;
#[cfg(feature = "serve")]
mod browser;
#[cfg(all(unix, feature = "cloud"))]
mod buckets;
#[cfg(all(feature = "cards", feature = "images"))]
mod cards;
mod cases;
mod catalogue;
mod check;
mod clock;
mod command_line;
mod demo;
#[cfg(unix)]
mod deploy;
mod desk;
mod digest;
mod documentation;
mod edits;
mod feeds;
#[cfg(feature = "serve")]
mod host;
mod hostile;
mod hostile_metadata;
mod hosts;
#[cfg(feature = "serve")]
mod live;
mod markup;
mod metadata;
mod newsroom;
mod output;
mod pages;
#[cfg(feature = "images")]
mod pictures;
mod plans;
#[cfg(feature = "serve")]
mod preview;
mod random;
#[cfg(feature = "serve")]
mod reader;
#[cfg(unix)]
mod remotes;
mod rules;
#[cfg(all(unix, feature = "cloud"))]
mod s3;
mod schema;
#[cfg(all(feature = "search", feature = "serve"))]
mod search;
#[cfg(unix)]
mod servers;
#[cfg(unix)]
mod ships;
mod site;
mod sitemaps;
mod versions;
mod vocabulary;
mod withheld;
#[cfg(unix)]
mod workflows;
