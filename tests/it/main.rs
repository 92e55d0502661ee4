//! What a user of Nutgraf would notice, tested from outside: the program on sites, whole pages, whole
//! messages. One binary, so that it links once.
#![expect(clippy::disallowed_methods, reason = "tests make sites, read output and set the environment")]

mod architecture;
mod cases;
mod catalogue;
mod command_line;
mod demo;
mod desk;
mod documentation;
mod edits;
mod hostile;
mod output;
mod random;
mod site;
