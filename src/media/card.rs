//! Social cards: the picture by which a link to a page is known elsewhere, 1200 by 630 pixels. A template makes a
//! drawing, this room its pixels, with the typefaces of the theme and no others, so that every machine makes
//! the same bytes.

use std::sync::Arc;

use super::hashed_name;
use crate::path::Url;

/// The width and height of a card in pixels: what all who show cards show whole.
pub const SIZE: (u32, u32) = (1200, 630);

/// Changes when the same drawing would give other bytes.
const VERSION: u32 = 1;

/// The widths of icons in pixels: what phones ask for, the first for those of Apple.
pub const ICONS: [u32; 3] = [180, 192, 512];

/// A card to be made, or an icon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// Where it is published.
    pub url: Url,
    /// Its width and height in pixels.
    pub size: (u32, u32),
    /// The drawing.
    pub drawing: Arc<str>,
}

/// The typefaces of a theme.
#[derive(Clone, Debug, Default)]
pub struct Faces {
    /// A hash of them all.
    hash: String,
    #[cfg(feature = "cards")]
    database: Arc<resvg::usvg::fontdb::Database>,
    /// The bytes of each.
    #[cfg(feature = "cards")]
    files: Vec<Arc<Vec<u8>>>,
}

/// Text broken into lines that fit into a box.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Fitted {
    /// The size of the letters.
    pub size: f32,
    /// The lines.
    pub lines: Vec<String>,
}

impl Card {
    /// The card of a page with this slug.
    pub fn new(of: &str, drawing: String, faces: &Faces) -> Self {
        let name = hashed_name(of, format!("card {VERSION} {} {drawing}", faces.hash).as_bytes());
        let url = Url::parse(&format!("/assets/{name}-{}.png", SIZE.0)).expect("a slug and a hash");
        Self { url, size: SIZE, drawing: drawing.into() }
    }

    /// The site's icon so many pixels wide and high; none when it is no drawing, or nothing is drawn here.
    pub fn icon(drawing: &Arc<str>, width: u32) -> Option<Self> {
        if !is_drawing(drawing) {
            return None;
        }
        let name = hashed_name("icon", format!("icon {VERSION} {width} {drawing}").as_bytes());
        let url = Url::parse(&format!("/assets/{name}-{width}.png")).expect("a hash and a number");
        Some(Self { url, size: (width, width), drawing: Arc::clone(drawing) })
    }

    /// Under what its pixels are kept: its address has a hash of all that decides about them.
    pub fn key(&self) -> String {
        format!("card {}", self.url)
    }
}

#[cfg(feature = "cards")]
mod drawn {
    use super::{Arc, Card, Faces, Fitted};
    use crate::language::excerpt;
    use resvg::tiny_skia::{Pixmap, Transform};
    use resvg::usvg::{Options, Tree, fontdb};
    use skrifa::instance::{LocationRef, Size};
    use skrifa::{FontRef, MetadataProvider};

    impl Faces {
        /// Typefaces from their files (TTF or OTF), in their order.
        pub fn new(files: Vec<Vec<u8>>) -> Self {
            let mut hasher = blake3::Hasher::new();
            let mut database = fontdb::Database::new();
            let files: Vec<Arc<Vec<u8>>> = files.into_iter().map(Arc::new).collect();
            for file in &files {
                hasher.update(file);
                database.load_font_source(fontdb::Source::Binary(Arc::clone(file) as _));
            }
            let hash = hasher.finalize().to_hex()[..16].to_owned();
            Self { hash, database: Arc::new(database), files }
        }

        /// Text in the largest of several sizes at which it fits into a box, in lines of about one length. What
        /// does not fit at the smallest is cut. Lines stand 1.2 sizes apart.
        pub fn fit(&self, text: &str, width: f32, height: f32, weight: u16, sizes: &[f32]) -> Fitted {
            let face = self.face(weight);
            // What is no letter and has no shape, like an emoji, is left out; small digits become plain ones.
            let has_shape = |c: char| face.as_ref().is_none_or(|face| face.charmap().map(c).is_some());
            let shown = |c: char| match c {
                '₀'..='₉' if !has_shape(c) => char::from_digit(u32::from(c) - u32::from('₀'), 10),
                _ => (has_shape(c) || c.is_alphabetic() || c.is_whitespace()).then_some(c),
            };
            let text: String = text.chars().filter_map(shown).collect();
            let words: Vec<&str> = excerpt::words(&text).collect();
            let mut fitted = Fitted { size: sizes.last().copied().unwrap_or(48.0), lines: Vec::new() };
            for size in sizes {
                let most = lines_in(height, *size);
                let advance = |text: &str| advance(face.as_ref(), text, *size);
                let lines = broken(&words, width, &advance);
                if lines.len() <= most && lines.iter().all(|line| advance(line) <= width) {
                    // The same number of lines, as narrow as they can be: no word is left alone.
                    let mut narrow = (width / 2.0, width);
                    for _ in 0..8 {
                        let middle = f32::midpoint(narrow.0, narrow.1);
                        let tried = broken(&words, middle, &advance);
                        let fits =
                            tried.len() <= lines.len() && tried.iter().all(|line| advance(line) <= middle);
                        if fits { narrow.1 = middle } else { narrow.0 = middle }
                    }
                    return Fitted { size: *size, lines: broken(&words, narrow.1, &advance) };
                }
                fitted = Fitted { size: *size, lines };
            }
            let advance = |text: &str| advance(face.as_ref(), text, fitted.size);
            cut(&mut fitted.lines, lines_in(height, fitted.size), width, &advance);
            fitted
        }

        /// The first letter of a text that no typeface has.
        pub fn lacks(&self, text: &str) -> Option<char> {
            let faces: Vec<FontRef<'_>> =
                self.files.iter().filter_map(|file| FontRef::new(file).ok()).collect();
            let has = |c: char| faces.iter().any(|face| face.charmap().map(c).is_some());
            text.chars().find(|c| c.is_alphabetic() && !has(*c))
        }

        /// The typeface of a weight: the nearest that there is.
        fn face(&self, weight: u16) -> Option<FontRef<'_>> {
            let faces = self.files.iter().filter_map(|file| FontRef::new(file).ok());
            #[expect(clippy::cast_possible_truncation, reason = "weights go from 1 to 1000")]
            faces.min_by_key(|face| (i32::from(weight) - face.attributes().weight.value() as i32).abs())
        }
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a number of lines")]
    fn lines_in(height: f32, size: f32) -> usize {
        ((height / (size * 1.2)).floor() as usize).max(1)
    }

    fn advance(face: Option<&FontRef<'_>>, text: &str, size: f32) -> f32 {
        let Some(face) = face else { return 0.0 };
        let metrics = face.glyph_metrics(Size::new(size), LocationRef::default());
        let letters = face.charmap();
        let widths = text.chars().map(|c| {
            let glyph = letters.map(c).unwrap_or_default();
            metrics.advance_width(glyph).unwrap_or(size / 2.0)
        });
        widths.sum()
    }

    /// Words in lines, each as long as it can be.
    fn broken(words: &[&str], width: f32, advance: &dyn Fn(&str) -> f32) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        for word in words {
            match lines.last_mut() {
                Some(line) if advance(&format!("{line} {word}")) <= width => {
                    line.push(' ');
                    line.push_str(word);
                }
                _ => lines.push((*word).to_owned()),
            }
        }
        lines
    }

    /// Leaves as many lines as there is room for, and in each as many letters.
    fn cut(lines: &mut Vec<String>, most: usize, width: f32, advance: &dyn Fn(&str) -> f32) {
        let is_cut = lines.len() > most;
        lines.truncate(most);
        let last = lines.len().saturating_sub(1);
        for (i, line) in lines.iter_mut().enumerate() {
            let wanted = is_cut && i == last;
            if advance(line) <= width && !wanted {
                continue;
            }
            while !line.is_empty() && advance(&format!("{line}…")) > width {
                line.pop();
            }
            let kept = line.trim_end_matches([' ', ',', ';', ':', '–', '—', '-']).len();
            line.truncate(kept);
            line.push('…');
        }
    }

    /// Whether a text is a drawing that can be made into pixels.
    pub fn is_drawing(text: &str) -> bool {
        Tree::from_str(text, &Options::default()).is_ok()
    }

    impl Card {
        /// The pixels of the card, as PNG.
        ///
        /// # Errors
        /// When the drawing is no SVG: what the parser says.
        pub fn draw(&self, faces: &Faces) -> Result<Vec<u8>, String> {
            let mut options = Options { fontdb: Arc::clone(&faces.database), ..Options::default() };
            // A card is drawn from its template alone: no file of this machine is read for it.
            options.image_href_resolver.resolve_string = Box::new(|_, _| None);
            let tree = Tree::from_str(&self.drawing, &options).map_err(|error| error.to_string())?;
            let (width, height) = self.size;
            let mut pixels = Pixmap::new(width, height).expect("the size of a card is no nothing");
            #[expect(clippy::cast_precision_loss, reason = "no side has more than 1200 pixels")]
            let scale = Transform::from_scale(
                width as f32 / tree.size().width(),
                height as f32 / tree.size().height(),
            );
            resvg::render(&tree, scale, &mut pixels.as_mut());
            pixels.encode_png().map_err(|error| error.to_string())
        }
    }
}

#[cfg(not(feature = "cards"))]
impl Faces {
    /// No typeface is needed where no card is drawn.
    pub fn new(_: Vec<Vec<u8>>) -> Self {
        Self::default()
    }

    /// Nothing is drawn, so nothing is missing.
    pub fn lacks(&self, _: &str) -> Option<char> {
        None
    }

    /// The text as it is.
    pub fn fit(&self, text: &str, _: f32, _: f32, _: u16, sizes: &[f32]) -> Fitted {
        Fitted { size: sizes.first().copied().unwrap_or(48.0), lines: vec![text.to_owned()] }
    }
}

/// Nothing is drawn without the feature `cards`.
#[cfg(not(feature = "cards"))]
fn is_drawing(_: &str) -> bool {
    false
}

#[cfg(feature = "cards")]
use drawn::is_drawing;

#[cfg(not(feature = "cards"))]
impl Card {
    /// Nothing is drawn without the feature `cards`.
    ///
    /// # Errors
    /// Always; no card is made either.
    pub fn draw(&self, _: &Faces) -> Result<Vec<u8>, String> {
        Err("this program was built without social cards".into())
    }
}
