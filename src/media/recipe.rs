//! Recipes: which picture is to be made of which, how wide, and in which format. A recipe has its address before
//! anything is made, so that a page can be made at once and the picture when somebody asks for it.

use std::fmt;

use super::hashed_name;
use super::picture::{Kind, Picture};
use crate::path::{SitePath, Url};

/// Changes when the same recipe would give other bytes.
const ENCODER: u32 = 2;

/// A picture to be made of another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Recipe {
    /// The file it is made of.
    pub source: SitePath,
    /// A hash of that file's bytes.
    pub hash: Hash,
    /// What of it stays; all of it when nothing is said.
    pub crop: Option<Crop>,
    /// Its width in pixels.
    pub width: u32,
    /// Its format.
    pub format: Format,
    /// Whether the source came without loss.
    pub lossless: bool,
}

/// A hash of a file's bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash([u8; 16]);

/// What of a picture stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Crop {
    /// Its width to its height.
    pub ratio: (u32, u32),
    /// What must stay in view, in per cent from the left and from the top.
    pub focus: (u8, u8),
}

/// The formats that pictures are made in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// WebP, which all browsers of today show.
    Webp,
    /// JPEG, for those that do not.
    Jpeg,
    /// PNG, likewise, where a picture may be transparent.
    Png,
    /// AVIF, smaller, and slow to make.
    Avif,
}

impl Format {
    /// The format that goes by this ending of a name.
    pub fn parse(name: &str) -> Option<Self> {
        let all = [Self::Webp, Self::Jpeg, Self::Png, Self::Avif];
        all.into_iter().find(|format| format.extension() == name)
    }

    /// The ending of a file's name.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Webp => "webp",
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Avif => "avif",
        }
    }

    /// Whether a picture can be so large in this format: one in WebP has sides of fourteen bits.
    pub fn holds(self, (width, height): (u32, u32)) -> bool {
        self != Self::Webp || width.max(height) < 1 << 14
    }

    /// The format for browsers that know no newer one.
    pub fn fallback(alpha: bool) -> Self {
        if alpha { Self::Png } else { Self::Jpeg }
    }
}

impl Hash {
    /// The hash of a file's bytes.
    pub fn of(bytes: &[u8]) -> Self {
        let mut hash = [0; 16];
        hash.copy_from_slice(&blake3::hash(bytes).as_bytes()[..16]);
        Self(hash)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl Recipe {
    /// The whole of a picture of pixels, in a format that every browser shows: without loss, where it came so.
    /// None of another kind.
    pub fn whole(source: &SitePath, hash: Hash, picture: &Picture) -> Option<Self> {
        let Kind::Pixels { alpha, lossless } = picture.kind else { return None };
        let (width, _) = picture.size?;
        let format = if lossless { Format::Png } else { Format::fallback(alpha) };
        Some(Self { source: source.clone(), hash, crop: None, width, format, lossless })
    }

    /// Everything that decides about the bytes, as text.
    pub fn key(&self) -> String {
        let Self { source: _, hash, crop, width, format, lossless } = self;
        let crop =
            crop.map_or_else(String::new, |Crop { ratio: (w, h), focus: (x, y) }| format!("{w}/{h} {x},{y}"));
        format!("picture {ENCODER} {hash} {crop} {width} {} {lossless}", format.extension())
    }

    /// Where it is published.
    pub fn url(&self) -> Url {
        let name = hashed_name(self.source.name(), self.key().as_bytes());
        Url::parse(&format!("/assets/{name}-{}.{}", self.width, self.format.extension()))
            .expect("a slug, a hash and a number are an address")
    }

    /// Its width and height, of a picture of this size.
    pub fn size(&self, of: (u32, u32)) -> (u32, u32) {
        let (w, h) = self.crop.map_or(of, |crop| crop.ratio);
        (self.width, height(self.width, (w, h)))
    }
}

/// The height that goes with a width at a ratio.
pub fn height(width: u32, (w, h): (u32, u32)) -> u32 {
    let height = (u64::from(width) * u64::from(h) + u64::from(w) / 2) / u64::from(w.max(1));
    u32::try_from(height).unwrap_or(u32::MAX).max(1)
}

impl Crop {
    /// The width of the largest part with this ratio in a picture.
    pub fn width_in(&self, (width, height): (u32, u32)) -> u32 {
        let (w, h) = (u64::from(self.ratio.0), u64::from(self.ratio.1));
        u32::try_from((u64::from(height) * w / h.max(1)).min(u64::from(width))).unwrap_or(width).max(1)
    }

    /// The point that CSS names so: `30% 20%`, `left top`, `center`; the middle when nothing does.
    pub fn focus(position: Option<&str>) -> (u8, u8) {
        let mut focus = (50, 50);
        for (i, word) in position.unwrap_or_default().split_whitespace().enumerate() {
            match word {
                "left" => focus.0 = 0,
                "right" => focus.0 = 100,
                "top" => focus.1 = 0,
                "bottom" => focus.1 = 100,
                "center" => {}
                _ => {
                    let number = word.strip_suffix('%').and_then(|number| number.parse().ok());
                    let number = number.unwrap_or(50).min(100);
                    if i == 0 { focus.0 = number } else { focus.1 = number }
                }
            }
        }
        focus
    }
}
