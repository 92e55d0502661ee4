//! The search engine of a site, which runs in the browser: an index of all briefings, explainers and pages in each
//! language, in many small files of which a reader loads a few. Made by Pagefind, as a library.

use std::io;

use rayon::prelude::*;

use crate::document::Kind;
use crate::edition::Edition;
use crate::path::OutputPath;
use crate::render;
use crate::site::EntryId;

/// Where the engine lies in the output.
pub const FOLDER: &str = "pagefind/";

/// Every file of the engine, in the order of their names.
///
/// # Errors
/// When the index cannot be made.
pub fn files(edition: &Edition) -> io::Result<Vec<(OutputPath, Vec<u8>)>> {
    let site = &edition.world.site;
    let is_page = |id: &EntryId| match site.entries[*id].kind {
        Kind::Briefing | Kind::Explainer | Kind::Page => site.entries[*id].unpublished.is_empty(),
        Kind::Topic | Kind::Author | Kind::Thread => false,
    };
    let ids: Vec<EntryId> = (0..site.entries.len()).filter(is_page).collect();
    let pages: Vec<(String, String)> = ids
        .par_iter()
        .map(|id| (site.entries[*id].url.as_str().to_owned(), render::for_search(edition, *id)))
        .collect();
    let mut files = engine(pages)?;
    files.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(files)
}

#[cfg(feature = "search")]
fn engine(pages: Vec<(String, String)>) -> io::Result<Vec<(OutputPath, Vec<u8>)>> {
    use pagefind::api::PagefindIndex;
    use pagefind::options::PagefindServiceConfig;

    let failed = |what: &str| io::Error::other(format!("the search index could not be made: {what}"));
    let make = || {
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        let made = runtime.block_on(async {
            let config = PagefindServiceConfig::builder().keep_index_url(true).build();
            let mut index = PagefindIndex::new(Some(config))?;
            for (url, html) in pages {
                index.add_html_file(None, Some(url), html).await?;
            }
            index.get_files().await
        });
        made.map_err(|error| failed(&error.to_string()))
    };
    // A thread of its own, because whoever asks may wait in a runtime already, and one cannot stand in another.
    let files =
        std::thread::scope(|scope| scope.spawn(make).join()).map_err(|_| failed("it broke off"))??;
    let name = |file: &pagefind::api::SyntheticFile| file.filename.to_string_lossy().replace('\\', "/");
    let wanted = files.into_iter().filter(|file| is_needed(&name(file)));
    Ok(wanted
        .map(|file| (OutputPath::of_static(&format!("{FOLDER}{}", name(&file))), file.contents))
        .collect())
}

/// Whether the site's own search page needs a file: of what comes with the engine, the faces that others made are left
/// out.
#[cfg(feature = "search")]
fn is_needed(name: &str) -> bool {
    let is_face = ["ui", "highlight"].iter().any(|part| name.contains(part)) && !name.contains('/');
    !is_face && !name.starts_with("playground/")
}

/// Without the feature `search` there is none, and a site that asks for it was told.
#[cfg(not(feature = "search"))]
#[expect(clippy::unnecessary_wraps, reason = "with the feature it may fail")]
fn engine(_: Vec<(String, String)>) -> io::Result<Vec<(OutputPath, Vec<u8>)>> {
    Ok(Vec::new())
}
