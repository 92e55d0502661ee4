//! Pixels: what must be known of a photo, and the smaller pictures made of it. Everything made is in sRGB, turned
//! as its camera was held, and says whose it is; where it was taken and with what, it does not say.

use std::io::Cursor;
use std::sync::{Condvar, Mutex, PoisonError};

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use image::codecs::gif::GifDecoder;
use image::codecs::jpeg::{JpegDecoder, JpegEncoder};
use image::codecs::png::{CompressionType, FilterType as PngFilter, PngDecoder, PngEncoder};
use image::codecs::webp::WebPDecoder;
use image::metadata::Orientation;
use image::{DynamicImage, ExtendedColorType, ImageDecoder, ImageEncoder, ImageFormat, ImageResult, Limits};
use moxcms::{ColorProfile, DataColorSpace, Layout, TransformOptions};

use super::picture::{Fault, Kind, MAX_PIXELS, Picture};
use super::recipe::{Crop, Format, Recipe};
use super::words::{self, Words};
use super::wrapping::{bare, with_xmp};

/// No picture is wider or higher: no JPEG could be (ITU T.81, B.2.2).
const MAX_SIDE: u32 = 65_535;

/// How many bytes of pixels are held at one time, by all threads together.
const MEMORY: u64 = 400_000_000;

/// The quality of what is made of a photo, and of a picture that came without loss, from 0 to 100.
const QUALITY: [f32; 2] = [75.0, 88.0];

/// The memory that pixels may take: who wants more than is free waits.
#[derive(Debug)]
pub struct Memory {
    free: Mutex<u64>,
    freed: Condvar,
}

impl Default for Memory {
    fn default() -> Self {
        Self { free: Mutex::new(MEMORY), freed: Condvar::new() }
    }
}

/// Memory that was taken, free again when this is dropped.
struct Taken<'m> {
    memory: &'m Memory,
    bytes: u64,
}

impl Memory {
    fn take(&self, bytes: u64) -> Taken<'_> {
        let bytes = bytes.min(MEMORY);
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let mut free =
            self.freed.wait_while(free, |free| *free < bytes).unwrap_or_else(PoisonError::into_inner);
        *free -= bytes;
        Taken { memory: self, bytes }
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        *self.memory.free.lock().unwrap_or_else(PoisonError::into_inner) += self.bytes;
        self.memory.freed.notify_all();
    }
}

/// Reads a picture of pixels whose name has this ending.
///
/// # Errors
/// When it is none that can be shown.
pub fn read(extension: &str, bytes: &[u8], memory: &Memory) -> Result<Picture, Fault> {
    let is = image::guess_format(bytes).ok().and_then(|format| Some((format, name_of(format)?)));
    let Some((format, name)) = is else { return Err(Fault::Misnamed(extension.to_owned(), None)) };
    let extension = if extension == "jpe" { "jpg" } else { extension };
    if ImageFormat::from_extension(extension) != Some(format) {
        return Err(Fault::Misnamed(extension.to_owned(), Some(name)));
    }
    let damaged = |_| Fault::Damaged;
    let mut decoder = decoder(format, bytes).map_err(damaged)?;
    let (width, height) = decoder.dimensions();
    let is_large = u64::from(width) * u64::from(height) > MAX_PIXELS || width.max(height) > MAX_SIDE;
    if is_large || decoder.total_bytes() > MEMORY {
        return Err(Fault::TooLarge(width, height));
    }
    let words = words_of(&mut *decoder);
    let moves = moves(format, bytes);
    if moves && bare(bytes, None).is_none() {
        return Err(Fault::Damaged);
    }
    if format == ImageFormat::Jpeg && !is_whole_jpeg(bytes) {
        return Err(Fault::Damaged);
    }
    let orientation = decoder.orientation().map_err(damaged)?;
    let taken = memory.take(decoder.total_bytes());
    let pixels = DynamicImage::from_decoder(decoder).map_err(damaged)?;
    if moves {
        return Ok(Picture { kind: Kind::Moving, size: Some((width, height)), colour: None, words });
    }
    let alpha = pixels.color().has_alpha();
    let colour = (!alpha).then(|| colour(&pixels));
    drop(taken);
    let size = if turns(orientation) { (height, width) } else { (width, height) };
    let kind = Kind::Pixels { alpha, lossless: format == ImageFormat::Png };
    Ok(Picture { kind, size: Some(size), colour, words })
}

/// What a format is called in a message, of those that are read.
fn name_of(format: ImageFormat) -> Option<&'static str> {
    Some(match format {
        ImageFormat::Jpeg => "jpg",
        ImageFormat::Png => "png",
        ImageFormat::WebP => "webp",
        ImageFormat::Gif => "gif",
        _ => return None,
    })
}

fn decoder(format: ImageFormat, bytes: &[u8]) -> ImageResult<Box<dyn ImageDecoder + '_>> {
    let cursor = || Cursor::new(bytes);
    let mut decoder: Box<dyn ImageDecoder + '_> = match format {
        ImageFormat::Png => Box::new(PngDecoder::new(cursor())?),
        ImageFormat::WebP => Box::new(WebPDecoder::new(cursor())?),
        ImageFormat::Gif => Box::new(GifDecoder::new(cursor())?),
        _ => Box::new(JpegDecoder::new(cursor())?),
    };
    let mut limits = Limits::default();
    limits.max_alloc = Some(2 * MEMORY);
    decoder.set_limits(limits)?;
    Ok(decoder)
}

fn words_of(decoder: &mut dyn ImageDecoder) -> Words {
    let xmp = decoder.xmp_metadata().ok().flatten();
    let iptc = decoder.iptc_metadata().ok().flatten();
    let mut words = words::read(xmp.as_deref(), iptc.as_deref());
    if let Some(exif) = decoder.exif_metadata().ok().flatten() {
        words::add_exif(&mut words, exif);
    }
    words
}

fn turns(orientation: Orientation) -> bool {
    use Orientation::{Rotate90, Rotate90FlipH, Rotate270, Rotate270FlipH};
    matches!(orientation, Rotate90 | Rotate270 | Rotate90FlipH | Rotate270FlipH)
}

/// Whether a picture has more than one frame.
fn moves(format: ImageFormat, bytes: &[u8]) -> bool {
    let cursor = || Cursor::new(bytes);
    match format {
        ImageFormat::Gif => true,
        ImageFormat::WebP => WebPDecoder::new(cursor()).is_ok_and(|decoder| decoder.has_animation()),
        ImageFormat::Png => PngDecoder::new(cursor()).is_ok_and(|decoder| decoder.is_apng().unwrap_or(false)),
        _ => false,
    }
}

/// Whether a JPEG has its end: the marker EOI after the start of the first scan, where nothing else can look
/// like it (ITU T.81, B.1.1.2; a marker may follow any number of bytes 0xFF). A decoder fills the rest with
/// grey and says nothing.
fn is_whole_jpeg(bytes: &[u8]) -> bool {
    let mut at = 2;
    while let Some([0xff, marker, high, low]) = bytes.get(at..at + 4) {
        if *marker == 0xff {
            at += 1;
            continue;
        }
        if *marker == 0xda {
            return bytes[at..].windows(2).any(|pair| pair == [0xff, 0xd9]);
        }
        at += 2 + usize::from(u16::from_be_bytes([*high, *low]));
    }
    false
}

/// The colour that most of a picture has, of those that differ to the eye: 64 by 64 points are looked at.
fn colour(pixels: &DynamicImage) -> [u8; 3] {
    const POINTS: u32 = 64;
    // Of a picture that is 65,535 wide, this is still no more than a `u32` holds.
    let (width, height) = (pixels.width(), pixels.height());
    let mut bins: Vec<(u32, [u32; 3])> = vec![(0, [0; 3]); 512];
    for y in 0..POINTS {
        for x in 0..POINTS {
            let (left, top) = ((2 * x + 1) * width / (2 * POINTS), (2 * y + 1) * height / (2 * POINTS));
            let [rgb @ .., _] = image::GenericImageView::get_pixel(pixels, left, top).0;
            let bin = rgb.iter().fold(0, |bin, channel| bin << 3 | usize::from(channel >> 5));
            bins[bin].0 += 1;
            for (sum, channel) in bins[bin].1.iter_mut().zip(rgb) {
                *sum += u32::from(channel);
            }
        }
    }
    // The first of several equal ones, so that it is always the same.
    let most = bins.iter().rev().max_by_key(|(count, _)| *count).copied().unwrap_or((1, [0; 3]));
    most.1.map(|sum| u8::try_from(sum / most.0.max(1)).unwrap_or(u8::MAX))
}

/// A photo as it was read, of which smaller ones are made.
pub struct Negative<'m> {
    pixels: Vec<u8>,
    size: (u32, u32),
    alpha: bool,
    profile: Option<ColorProfile>,
    xmp: Option<String>,
    _taken: Taken<'m>,
}

/// Reads a photo whole.
///
/// # Errors
/// When it cannot be decoded; it was, when it was first read, so that the file is another by now.
pub fn develop<'m>(bytes: &[u8], memory: &'m Memory) -> Result<Negative<'m>, Fault> {
    let damaged = |_| Fault::Damaged;
    let format = image::guess_format(bytes).map_err(damaged)?;
    let mut decoder = decoder(format, bytes).map_err(damaged)?;
    let orientation = decoder.orientation().map_err(damaged)?;
    let xmp = words_of(&mut *decoder).xmp();
    let icc = decoder.icc_profile().ok().flatten();
    let colours = decoder.original_color_type();
    // Once as decoded, and once more while it is turned or brought to eight bits.
    let taken = memory.take(decoder.total_bytes() * 3 / 2);
    let mut pixels = DynamicImage::from_decoder(decoder).map_err(damaged)?;
    pixels.apply_orientation(orientation);
    let (size, alpha) = ((pixels.width(), pixels.height()), pixels.color().has_alpha());
    let pixels = if alpha { pixels.into_rgba8().into_raw() } else { pixels.into_rgb8().into_raw() };
    // Of grey and of four inks, the decoder has made red, green and blue already.
    let is_rgb =
        !matches!(colours, ExtendedColorType::Cmyk8 | ExtendedColorType::L8 | ExtendedColorType::L16);
    let profile = icc.filter(|_| is_rgb).and_then(|icc| ColorProfile::new_from_slice(&icc).ok());
    let profile = profile.filter(|profile| profile.color_space == DataColorSpace::Rgb);
    Ok(Negative { pixels, size, alpha, profile, xmp, _taken: taken })
}

impl Negative<'_> {
    /// A smaller picture of the photo, cropped and encoded.
    ///
    /// # Errors
    /// When the encoder refuses it.
    pub fn print(&self, recipe: &Recipe) -> Result<Vec<u8>, Fault> {
        let (pixels, size) = self.resize(recipe).ok_or(Fault::Damaged)?;
        let quality = QUALITY[usize::from(recipe.lossless)];
        let bytes = encode(&pixels, size, self.alpha, recipe.format, quality).ok_or(Fault::Damaged)?;
        Ok(match &self.xmp {
            Some(xmp) => with_xmp(bytes, recipe.format, xmp),
            None => bytes,
        })
    }

    fn resize(&self, recipe: &Recipe) -> Option<(Vec<u8>, (u32, u32))> {
        let (width, height) = recipe.size(self.size);
        let kind = if self.alpha { PixelType::U8x4 } else { PixelType::U8x3 };
        let mut options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3));
        if let Some(crop) = &recipe.crop {
            let (x, y, w, h) = crop.window(self.size);
            options = options.crop(x, y, w, h);
        }
        let source = ImageRef::new(self.size.0, self.size.1, &self.pixels, kind).ok()?;
        let mut small = Image::new(width, height, kind);
        Resizer::new().resize(&source, &mut small, &options).ok()?;
        let mut pixels = small.into_vec();
        if let Some(profile) = &self.profile {
            pixels = in_srgb(profile, &pixels, self.alpha).unwrap_or(pixels);
        }
        Some((pixels, (width, height)))
    }
}

fn in_srgb(profile: &ColorProfile, pixels: &[u8], alpha: bool) -> Option<Vec<u8>> {
    let layout = if alpha { Layout::Rgba } else { Layout::Rgb };
    let to = ColorProfile::new_srgb();
    let transform = profile.create_transform_8bit(layout, &to, layout, TransformOptions::default()).ok()?;
    let mut converted = vec![0; pixels.len()];
    transform.transform(pixels, &mut converted).ok()?;
    Some(converted)
}

fn encode(
    pixels: &[u8],
    (width, height): (u32, u32),
    alpha: bool,
    format: Format,
    quality: f32,
) -> Option<Vec<u8>> {
    let colours = if alpha { ExtendedColorType::Rgba8 } else { ExtendedColorType::Rgb8 };
    let mut bytes = Vec::new();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 100")]
    let whole = quality as u8;
    match format {
        Format::Webp => {
            let mut config = webp::WebPConfig::new().ok()?;
            config.quality = quality;
            let layout = if alpha { webp::PixelLayout::Rgba } else { webp::PixelLayout::Rgb };
            let encoder = webp::Encoder::new(pixels, layout, width, height);
            bytes = encoder.encode_advanced(&config).ok()?.to_vec();
        }
        Format::Jpeg if alpha => {
            // What shines through is paper.
            let on_paper = |pixel: &[u8]| {
                let over =
                    |c: u8| (u16::from(c) * u16::from(pixel[3]) + 255 * (255 - u16::from(pixel[3]))) / 255;
                [pixel[0], pixel[1], pixel[2]].map(|c| u8::try_from(over(c)).unwrap_or(u8::MAX))
            };
            let flat: Vec<u8> = pixels.chunks_exact(4).flat_map(on_paper).collect();
            return encode(&flat, (width, height), false, format, quality);
        }
        Format::Jpeg => {
            let encoder = JpegEncoder::new_with_quality(&mut bytes, whole);
            encoder.write_image(pixels, width, height, colours).ok()?;
        }
        Format::Png => {
            let encoder =
                PngEncoder::new_with_quality(&mut bytes, CompressionType::Best, PngFilter::Adaptive);
            encoder.write_image(pixels, width, height, colours).ok()?;
        }
        #[cfg(feature = "avif")]
        Format::Avif => {
            // The numbers of AVIF's quality lie lower for the same looks.
            let encoder = image::codecs::avif::AvifEncoder::new_with_speed_quality(&mut bytes, 6, whole - 15);
            encoder.with_num_threads(Some(1)).write_image(pixels, width, height, colours).ok()?;
        }
        #[cfg(not(feature = "avif"))]
        Format::Avif => return None,
    }
    Some(bytes)
}

impl Crop {
    /// The part of a picture of this size that stays: left, top, width and height in its pixels.
    fn window(&self, (width, height): (u32, u32)) -> (f64, f64, f64, f64) {
        let (full_width, full_height) = (f64::from(width), f64::from(height));
        let ratio = f64::from(self.ratio.0) / f64::from(self.ratio.1);
        let (w, h) = if full_width / full_height > ratio {
            (full_height * ratio, full_height)
        } else {
            (full_width, full_width / ratio)
        };
        // As CSS places a picture: at 30 %, the point at 30 % of the picture lies at 30 % of the window.
        let (x, y) = (f64::from(self.focus.0) / 100.0, f64::from(self.focus.1) / 100.0);
        ((full_width - w) * x, (full_height - h) * y, w, h)
    }
}
