//! The page at an old address: it leads to the new one, with and without scripts, and says so.

use super::html::escaped;
use crate::edition::{Edition, views};
use crate::site::EntryId;

/// The page that leads to an entry.
pub fn redirect(edition: &Edition, to: EntryId) -> Vec<u8> {
    let world = &edition.world;
    let entry = &world.site.entries[to];
    let language = &entry.language;
    let url = escaped(&world.site.href(&entry.url)).replace('"', "&quot;");
    let permalink = escaped(&views::permalink(world, &entry.url)).replace('"', "&quot;");
    let title = escaped(entry.title());
    format!(
        "<!doctype html>\n<html lang=\"{language}\">\n<head>\n<meta charset=\"utf-8\">\n<title>{title}</title>\n\
         <meta http-equiv=\"refresh\" content=\"0; url={url}\">\n<link rel=\"canonical\" href=\"{permalink}\">\n\
         <meta name=\"robots\" content=\"noindex\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n</head>\n\
         <body>\n<main><p><a href=\"{url}\">{title}</a></p></main>\n</body>\n</html>\n"
    )
    .into_bytes()
}
