//! Pictures: words for those who do not see them, and whose they are.

use std::ops::Range;

use super::Story;
use crate::diagnostic::catalog::editorial as say;
use crate::diagnostic::{Diagnostic, Edit};
use crate::document::ComponentBlock;
use crate::fields::Located;
use crate::media::words::Words;

/// The lead picture.
pub fn lead(story: &Story<'_>, d: &mut Vec<Diagnostic>) {
    let (Some(image), Some(own)) = (&story.entry.front.image, &story.own.image) else {
        inherited(story, d);
        return;
    };
    if image.src.value.is_empty() {
        return;
    }
    let name = file_name(&image.src.value);
    // A translation that names no file of its own points to its `image:`.
    let at = if own.src.value.is_empty() { own.src.at.clone() } else { image.src.at.clone() };
    let words = words(story, &image.src.value);
    let file_alt = words.and_then(|words| words.alt.as_deref()).filter(|_| !own.src.value.is_empty());
    if !image.decorative {
        match own.alt.as_deref().or(file_alt) {
            None if is_unread(story, &image.src.value) => {}
            None => {
                let said = say::missing_alt(story.span(&at), name, true);
                d.push(match &own.alt_missing {
                    Some(Located { value, at }) => said.fix(
                        "add an empty `alt`, for you to fill",
                        vec![Edit { span: story.span(at), text: value.clone() }],
                    ),
                    None => said,
                });
            }
            Some(alt) => poor(story, alt, own.caption.as_deref(), name, &at, d),
        }
    }
    let credited = !image.credit.is_empty()
        || image.creator.is_some()
        || words.is_some_and(|words| words.credit.is_some() || words.creator.is_some());
    if !credited && !own.src.value.is_empty() && !is_unread(story, &image.src.value) {
        d.push(say::missing_credit(story.span(&at), name));
    }
}

/// A picture that a translation takes from its original has no words in this language.
fn inherited(story: &Story<'_>, d: &mut Vec<Diagnostic>) {
    let Some(image) = &story.entry.front.image else { return };
    if !image.decorative && image.alt.is_none() {
        d.push(say::missing_alt(story.opening(), file_name(&image.src.value), true));
    }
}

/// The pictures of the Markdown.
pub fn in_text(story: &Story<'_>, d: &mut Vec<Diagnostic>) {
    for picture in &story.prose.pictures {
        let name = file_name(&picture.src);
        let words = words(story, &picture.src);
        match picture.alt.trim() {
            "" => {
                if words.is_none_or(|words| words.alt.is_none()) && !is_unread(story, &picture.src) {
                    d.push(say::missing_alt(story.span(&picture.at), name, false));
                }
            }
            alt => poor(story, alt, Some(&picture.caption), name, &picture.at, d),
        }
    }
}

/// The pictures of components.
pub fn components(story: &Story<'_>, d: &mut Vec<Diagnostic>) {
    for component in &story.prose.components {
        let file = match component.name.value.trim_start_matches("nutgraf.") {
            "figure" => "src",
            "profile" => "image",
            _ => continue,
        };
        let Some(src) = argument(component, file) else { continue };
        let name = file_name(&src.value);
        let words = words(story, &src.value);
        match argument(component, "alt") {
            Some(alt) if !alt.value.trim().is_empty() => {
                let caption = argument(component, "caption").map(|caption| caption.value);
                poor(story, &alt.value, caption.as_deref(), name, &alt.at, d);
            }
            // That a figure needs it was said already; a portrait beside a name may say nothing more.
            Some(_) | None => {}
        }
        let credited = argument(component, "credit").is_some_and(|credit| !credit.value.trim().is_empty())
            || words.is_some_and(|words| words.credit.is_some() || words.creator.is_some());
        if !credited && !is_unread(story, &src.value) {
            d.push(say::missing_credit(story.span(&src.at), name));
        }
    }
}

/// Words for a picture that say nothing.
fn poor(
    story: &Story<'_>,
    alt: &str,
    caption: Option<&str>,
    name: &str,
    at: &Range<usize>,
    d: &mut Vec<Diagnostic>,
) {
    let plain = |text: &str| text.trim().trim_end_matches('.').to_lowercase();
    let words = plain(alt);
    let picture_of = story.usage.map_or(&[][..], |usage| usage.picture_of);
    let ends = [".jpg", ".jpeg", ".png", ".webp", ".gif", ".svg", ".avif"];
    if caption.is_some_and(|caption| !caption.trim().is_empty() && plain(caption) == words) {
        d.push(say::poor_alt(
            story.span(at),
            "repeat the caption",
            "say what can be seen; the caption says what it means",
        ));
    } else if plain(name) == words || ends.iter().any(|end| words.ends_with(end)) || stem(name) == words {
        d.push(say::poor_alt(story.span(at), "are the name of the file", "say what can be seen"));
    } else if let Some(start) = picture_of
        .iter()
        .find(|start| words.starts_with(**start) || start.trim_end_matches([' ', ':']) == words)
    {
        let what = format!("begin with “{}”", start.trim());
        d.push(say::poor_alt(story.span(at), &what, "say what can be seen; that it is a picture is known"));
    }
}

fn stem(name: &str) -> String {
    name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_lowercase()
}

fn file_name(src: &str) -> &str {
    src.rsplit('/').next().unwrap_or(src)
}

/// Whether nothing was asked of a picture's file yet, because nothing that is published names it.
fn is_unread(story: &Story<'_>, written: &str) -> bool {
    let world = story.world;
    world.linker().file(&story.entry.document, written).is_some_and(|file| world.assets.get(&file).is_none())
}

/// What a picture's file says about itself.
fn words<'a>(story: &Story<'a>, written: &str) -> Option<&'a Words> {
    let world = story.world;
    let file = world.linker().file(&story.entry.document, written)?;
    let picture = world.assets.get(&file)?.picture.as_ref()?.as_ref().ok()?;
    Some(&picture.words)
}

fn argument(component: &ComponentBlock, name: &str) -> Option<Located<String>> {
    let found = component.arguments.iter().find(|argument| argument.name.value == name)?;
    Some(Located { value: found.value.as_text()?.to_owned(), at: found.value.at.clone() })
}
