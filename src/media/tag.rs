//! A picture as HTML: every width that a page may need, a format for every browser, the space it takes before
//! it is there, and the colour that stands in for it.

use super::Asset;
use super::picture::{Kind, Picture};
use super::recipe::{Crop, Format, Recipe, height};
use crate::path::{SitePath, Url};

/// How a page wants a picture.
#[derive(Clone, Debug)]
pub struct Wanted<'a> {
    /// Widths in pixels, in rising order; those that the picture does not have are left out.
    pub widths: &'a [u32],
    /// How wide it is on the page, as the attribute `sizes` says it.
    pub sizes: &'a str,
    /// The width and height of the part that is shown; all of it when there is none.
    pub ratio: Option<(u32, u32)>,
    /// What must stay in view, as CSS says it.
    pub focus: Option<&'a str>,
    /// What is on it, for those who do not see it.
    pub alt: &'a str,
    /// Whether it is seen at once, so that the browser fetches it first.
    pub eager: bool,
    /// Whether it is offered in AVIF too.
    pub avif: bool,
}

/// The width of the one picture for browsers that know no newer format, at most.
const FALLBACK: u32 = 1200;

/// How a picture that is seen at once is fetched, and how any other.
const EAGER: &str = " fetchpriority=\"high\"";
const LAZY: &str = " loading=\"lazy\" decoding=\"async\"";

/// Has the first picture of a text fetched at once: for a page that has none above its text.
pub fn hasten_first(html: &mut String) {
    let Some(from) = html.find("<img ") else { return };
    let tag = html[from..].find('>').map_or(html.len(), |end| from + end);
    if let Some(at) = html[from..tag].find(LAZY) {
        html.replace_range(from + at..from + at + LAZY.len(), EAGER);
    }
}

/// The HTML of a picture of the site. `ask` gives a recipe its whole address, and sees that it is made.
pub fn picture(
    file: &SitePath,
    asset: &Asset,
    wanted: &Wanted<'_>,
    href: &dyn Fn(&Url) -> String,
    ask: &dyn Fn(Recipe) -> String,
) -> String {
    let picture = asset.picture.as_ref().and_then(|picture| picture.as_ref().ok());
    let Some(picture) = picture else { return plain(&href(&asset.url), None, wanted, "") };
    let style = style(picture, wanted);
    let (Kind::Pixels { alpha, lossless }, Some(size)) = (picture.kind, picture.size) else {
        return plain(&href(&asset.url), picture.size, wanted, &style);
    };
    let crop = wanted.ratio.map(|ratio| Crop { ratio, focus: Crop::focus(wanted.focus) });
    let widths = widths(wanted.widths, crop.map_or(size.0, |crop| crop.width_in(size)));
    let recipe = |width: u32, format: Format| Recipe {
        source: file.clone(),
        hash: asset.hash,
        crop,
        width,
        format,
        lossless,
    };
    let set = |format: Format| {
        let recipes = widths.iter().map(|width| recipe(*width, format));
        let can_be = recipes.filter(|recipe| format.holds(recipe.size(size)));
        let each = can_be.map(|recipe| (recipe.width, ask(recipe)));
        each.map(|(width, address)| format!("{address} {width}w")).collect::<Vec<_>>().join(", ")
    };
    let sizes = escaped(wanted.sizes);
    let mut html = String::from("<picture>");
    let formats = if wanted.avif { &[Format::Avif, Format::Webp][..] } else { &[Format::Webp] };
    for format in formats {
        let (kind, set) = (format.extension(), set(*format));
        if set.is_empty() {
            continue;
        }
        html.push_str(&format!("<source type=\"image/{kind}\" srcset=\"{set}\" sizes=\"{sizes}\">"));
    }
    let fallback = widths.iter().rev().find(|width| **width <= FALLBACK).or(widths.first());
    let src = ask(recipe(fallback.copied().unwrap_or(size.0), Format::fallback(alpha)));
    let width = widths.last().copied().unwrap_or(size.0);
    let ratio = crop.map_or(size, |crop| crop.ratio);
    html.push_str(&plain(&src, Some((width, height(width, ratio))), wanted, &style));
    html.push_str("</picture>");
    html
}

/// One `<img>` for a file as it is.
pub fn plain(src: &str, size: Option<(u32, u32)>, wanted: &Wanted<'_>, style: &str) -> String {
    let size =
        size.map_or_else(String::new, |(width, height)| format!(" width=\"{width}\" height=\"{height}\""));
    let haste = if wanted.eager { EAGER } else { LAZY };
    let style = if style.is_empty() { String::new() } else { format!(" style=\"{}\"", escaped(style)) };
    format!("<img src=\"{}\" alt=\"{}\"{size}{haste}{style}>", escaped(src), escaped(wanted.alt))
}

/// The colour that stands in for a picture, and where it is cropped by the page.
fn style(picture: &Picture, wanted: &Wanted<'_>) -> String {
    let mut style = Vec::new();
    if let Some([r, g, b]) = picture.colour {
        style.push(format!("background:#{r:02x}{g:02x}{b:02x}"));
    }
    if let Some(focus) = wanted.focus {
        style.push(format!("object-position:{focus}"));
    }
    style.join(";")
}

/// The wanted widths that a picture has, and its own where more is wanted.
fn widths(wanted: &[u32], own: u32) -> Vec<u32> {
    let mut widths: Vec<u32> = wanted.iter().copied().filter(|width| *width > 0 && *width <= own).collect();
    widths.sort_unstable();
    widths.dedup();
    // A little more than the widest that there is already, is not worth a file.
    let widest = widths.last().copied().unwrap_or_default();
    let more = wanted.is_empty() || wanted.iter().any(|width| *width > own);
    if more && u64::from(own) * 10 > u64::from(widest) * 11 || widths.is_empty() {
        widths.push(own);
    }
    widths
}

/// Text for an attribute.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;").replace('>', "&gt;")
}
