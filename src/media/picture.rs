//! A picture's file into what must be known of it before a page that shows it can be made: its size as it is
//! seen, a colour to stand in for it, what it says about itself. What is no picture is told as such.

use serde::{Deserialize, Serialize};

use super::Darkroom;
use super::svg::{self, Refusal};
use super::words::Words;
use crate::path::SitePath;

/// No picture has more pixels.
pub const MAX_PIXELS: u64 = 100_000_000;

/// What is known of a picture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Picture {
    /// What kind it is.
    pub kind: Kind,
    /// Its width and height in pixels as it is seen, turned as its camera was; none when nothing says it.
    pub size: Option<(u32, u32)>,
    /// The colour that is most of it, red, green and blue; none where it may be transparent.
    pub colour: Option<[u8; 3]>,
    /// What it says about itself.
    pub words: Words,
}

/// What becomes of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// A photo, or another picture of pixels: it is made smaller, in other formats.
    Pixels {
        /// Whether it may be transparent.
        alpha: bool,
        /// Whether it came without loss, so that it is to be kept with little.
        lossless: bool,
    },
    /// A drawing: it is published without what only its program needs.
    Drawing,
    /// What moves: it is published as it is, but for its metadata.
    Moving,
    /// What cannot be read here: it is published as it is.
    AsIs,
}

/// Why a file is no picture that can be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The file ends too early, or is damaged.
    Damaged,
    /// There is nothing in it.
    Empty,
    /// It has more pixels than can be held: its width and height.
    TooLarge(u32, u32),
    /// What its name says, and what it is, if that is known.
    Misnamed(String, Option<&'static str>),
    /// It has metadata, which cannot be taken out of it.
    Private,
    /// Browsers do not show this kind of file.
    Unshown(String),
    /// A drawing that may not be published.
    Drawing(Refusal),
}

impl Fault {
    /// What is wrong, after the file's name, and what to do about it.
    pub fn said(&self) -> (String, String) {
        match self {
            Fault::Damaged => (
                "is damaged: it ends too early, or cannot be decoded".to_owned(),
                "export the picture again, or copy it again from where it came".to_owned(),
            ),
            Fault::Empty => ("is empty".into(), "copy the picture again from where it came".into()),
            Fault::TooLarge(width, height) => (
                format!(
                    "has {} × {} pixels, more than a page could ever show",
                    thousands(*width),
                    thousands(*height)
                ),
                "make it smaller: 4,000 pixels wide is more than enough".into(),
            ),
            Fault::Misnamed(_, Some(is)) => (
                format!("is a {} by its content", is.to_uppercase()),
                format!("rename it to end in `.{is}`, here too"),
            ),
            Fault::Misnamed(says, None) => (
                format!("is no {}: it holds something else", says.to_uppercase()),
                "look into the file: it may be a page that said why there is no picture".into(),
            ),
            Fault::Private => (
                "has metadata, which may say where and with what it was made".into(),
                "save it without metadata, or as JPEG: of that, Nutgraf takes out what is private".into(),
            ),
            Fault::Unshown(kind) => (
                format!("is a {} file, which browsers do not show", kind.to_uppercase()),
                "save it as JPEG (a photo) or PNG (a drawing)".into(),
            ),
            Fault::Drawing(Refusal::Malformed) => (
                "is no drawing: its XML is malformed, or it is no SVG".into(),
                "export it again as SVG from the program it was drawn with".into(),
            ),
            Fault::Drawing(Refusal::NoNamespace) => (
                "does not say that it is SVG, so browsers show nothing".into(),
                "write `<svg xmlns=\"http://www.w3.org/2000/svg\" …>` at its beginning".into(),
            ),
            Fault::Drawing(Refusal::Multiplied) => (
                "uses its parts again so often that no browser could draw it".into(),
                "draw with fewer `<use>` in each other".into(),
            ),
            Fault::Drawing(Refusal::Entities) => (
                "declares entities, which could grow without end".into(),
                "remove the lines `<!DOCTYPE … [ … ]>` from it, or export it as \"plain SVG\"".into(),
            ),
            Fault::Drawing(Refusal::Unsafe(part)) => (
                format!("runs or loads something: `{part}`"),
                "remove that part: a drawing on a page may do neither".into(),
            ),
        }
    }
}

/// A number with commas between its thousands.
fn thousands(number: u32) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Kinds of pictures that no browser shows, by the ending of the name.
const UNSHOWN: [&str; 12] =
    ["bmp", "cr2", "dng", "eps", "heic", "heif", "jp2", "nef", "psd", "tif", "tiff", "jxl"];

/// Whether a file is a picture by its name.
pub fn is_picture(path: &SitePath) -> bool {
    let extension = path.extension().to_ascii_lowercase();
    matches!(extension.as_str(), "jpg" | "jpeg" | "jfif" | "jpe" | "png" | "webp" | "gif" | "avif" | "svg")
        || UNSHOWN.contains(&extension.as_str())
}

/// What a drawing is, and its text as it is published.
///
/// # Errors
/// When it may not be published.
pub fn drawing(bytes: &[u8]) -> Result<(Picture, String), Fault> {
    if bytes.is_empty() {
        return Err(Fault::Empty);
    }
    let drawing = svg::read(bytes).map_err(Fault::Drawing)?;
    let picture = Picture { kind: Kind::Drawing, size: drawing.size, colour: None, words: Words::default() };
    Ok((picture, drawing.text))
}

/// Reads a picture that is no drawing.
///
/// # Errors
/// When it is none that can be shown.
pub fn read(path: &SitePath, bytes: &[u8], darkroom: &Darkroom) -> Result<Picture, Fault> {
    let extension = path.extension().to_ascii_lowercase();
    if UNSHOWN.contains(&extension.as_str()) {
        return Err(Fault::Unshown(extension));
    }
    if bytes.is_empty() {
        return Err(Fault::Empty);
    }
    if extension == "avif" {
        let size = avif(bytes)?;
        return Ok(Picture { kind: Kind::AsIs, size: Some(size), colour: None, words: Words::default() });
    }
    #[cfg(feature = "images")]
    return super::pixels::read(&extension, bytes, &darkroom.memory);
    #[cfg(not(feature = "images"))]
    let _ = darkroom;
    #[cfg(not(feature = "images"))]
    return Ok(Picture { kind: Kind::AsIs, size: None, colour: None, words: Words::default() });
}

/// The size of an AVIF: that of the largest image in it, by its property `ispe` (ISO/IEC 23008-12, 6.5.3).
///
/// # Errors
/// When it is none, is not whole, is too large, or has in it what its camera wrote.
fn avif(bytes: &[u8]) -> Result<(u32, u32), Fault> {
    let number = |at: &[u8]| at.iter().fold(0, |number: u32, byte| number << 8 | u32::from(*byte));
    // Boxes, each after its length and kind (ISO/IEC 14496-12, 4.2): the first one says what the file is.
    let mut rest = bytes;
    let mut seen = false;
    while !rest.is_empty() {
        let (Some(length), Some(kind)) = (rest.get(..4), rest.get(4..8)) else { return Err(Fault::Damaged) };
        let length = match (number(length), rest.get(8..16)) {
            (0, _) => rest.len() as u64,
            (1, Some(long)) => u64::from(number(&long[..4])) << 32 | u64::from(number(&long[4..])),
            (length, _) => u64::from(length),
        };
        let body = usize::try_from(length).ok().filter(|length| *length >= 8);
        if !seen {
            let brands = body.and_then(|length| rest.get(8..length)).unwrap_or_default();
            let is_avif =
                brands.chunks(4).any(|brand| [b"avif", b"avis"].iter().any(|known| *known == brand));
            if kind != b"ftyp" || !is_avif {
                return Err(Fault::Misnamed("avif".into(), None));
            }
            seen = true;
        }
        rest = body.and_then(|length| rest.get(length..)).ok_or(Fault::Damaged)?;
    }
    let sizes = bytes.windows(16).filter(|at| at.starts_with(b"ispe"));
    let sizes = sizes.map(|at| (number(&at[8..12]), number(&at[12..16])));
    let size = sizes.max_by_key(|(w, h)| u64::from(*w) * u64::from(*h)).ok_or(Fault::Damaged)?;
    if u64::from(size.0) * u64::from(size.1) > MAX_PIXELS {
        return Err(Fault::TooLarge(size.0, size.1));
    }
    // An item of the kind `Exif`, in its short form or its long one (8.11.6), or XMP.
    let is_exif = |at: &[u8]| at.starts_with(b"infe") && (at[12..16] == *b"Exif" || at[14..] == *b"Exif");
    if bytes.windows(18).any(is_exif) || bytes.windows(19).any(|at| at == b"application/rdf+xml") {
        return Err(Fault::Private);
    }
    Ok(size)
}
