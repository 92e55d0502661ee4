//! What lies around the pixels in a file: who made them is written into it, where and with what is taken out.

use image::ImageFormat;
use img_parts::jpeg::{Jpeg, JpegSegment, markers};
use img_parts::png::{Png, PngChunk};
use img_parts::riff::{RiffChunk, RiffContent};
use img_parts::webp::{self, WebP};
use img_parts::{Bytes, ImageEXIF};

use super::recipe::Format;

/// A picture with metadata that says whose it is; AVIF has no place for it that is simple to reach.
pub fn with_xmp(bytes: Vec<u8>, format: Format, xmp: &str) -> Vec<u8> {
    let plain = Bytes::from(bytes);
    let named = match format {
        Format::Jpeg => Jpeg::from_bytes(plain.clone()).ok().map(|mut jpeg| {
            let contents = [b"http://ns.adobe.com/xap/1.0/\0", xmp.as_bytes()].concat();
            let segment = JpegSegment::new_with_contents(markers::APP1, contents.into());
            // After APP0, which must be the first where there is one.
            let place =
                jpeg.segments().iter().take_while(|segment| segment.marker() == markers::APP0).count();
            jpeg.segments_mut().insert(place, segment);
            jpeg.encoder().bytes()
        }),
        Format::Png => Png::from_bytes(plain.clone()).ok().map(|mut png| {
            // An uncompressed text in no language (PNG, 11.3.3.4), after the header.
            let contents = [b"XML:com.adobe.xmp\0\0\0\0\0", xmp.as_bytes()].concat();
            png.chunks_mut().insert(1, PngChunk::new(*b"iTXt", contents.into()));
            png.encoder().bytes()
        }),
        Format::Webp => WebP::from_bytes(plain.clone()).ok().map(|mut webp| {
            let content = RiffContent::Data(Bytes::copy_from_slice(xmp.as_bytes()));
            webp.chunks_mut().push(RiffChunk::new(webp::CHUNK_XMP, content));
            // This gives it the header that says what is in it, where there is none yet.
            webp.set_exif(None);
            mark_xmp(&mut webp, true);
            webp.encoder().bytes()
        }),
        Format::Avif => None,
    };
    named.unwrap_or(plain).to_vec()
}

/// Says in the header of a WebP whether it has XMP (RIFF container, "Extended File Format").
fn mark_xmp(webp: &mut WebP, has: bool) {
    const XMP: u8 = 0b100;
    let header = webp.chunks_mut().iter_mut().find(|chunk| chunk.id() == webp::CHUNK_VP8X);
    if let Some(RiffContent::Data(data)) = header.map(RiffChunk::content_mut) {
        let mut flags = data.to_vec();
        if let Some(first) = flags.first_mut() {
            *first = if has { *first | XMP } else { *first & !XMP };
        }
        *data = flags.into();
    }
}

/// A picture that moves, without its metadata, but with some that says whose it is. `None` when the file is
/// damaged or cut short.
pub fn bare(bytes: &[u8], xmp: Option<&str>) -> Option<Vec<u8>> {
    let of = || Bytes::copy_from_slice(bytes);
    let (bare, format) = match image::guess_format(bytes).ok()? {
        ImageFormat::Gif => return bare_gif(bytes),
        ImageFormat::Png => {
            let mut png = Png::from_bytes(of()).ok()?;
            if png.chunks().last().is_none_or(|chunk| chunk.kind() != *b"IEND") {
                return None;
            }
            let tells = [*b"eXIf", *b"tEXt", *b"zTXt", *b"iTXt", *b"tIME"];
            png.chunks_mut().retain(|chunk| !tells.contains(&chunk.kind()));
            (png.encoder().bytes(), Format::Png)
        }
        ImageFormat::WebP => {
            let mut webp = WebP::from_bytes(of()).ok()?;
            webp.remove_chunks_by_id(webp::CHUNK_XMP);
            webp.set_exif(None);
            mark_xmp(&mut webp, false);
            (webp.encoder().bytes(), Format::Webp)
        }
        _ => return None,
    };
    Some(match xmp {
        Some(xmp) => with_xmp(bare.to_vec(), format, xmp),
        None => bare.to_vec(),
    })
}

/// A GIF without comments and what programs put into it; how often it repeats stays (GIF 89a, 17 to 27).
fn bare_gif(bytes: &[u8]) -> Option<Vec<u8>> {
    let table = |flags: u8| if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) };
    let mut at = 13 + table(*bytes.get(10)?);
    let mut out = bytes.get(..at)?.to_vec();
    loop {
        let start = at;
        let stays = match bytes.get(at)? {
            // The end.
            0x3b => {
                out.push(0x3b);
                return Some(out);
            }
            // A frame: its place, its colours, its pixels.
            0x2c => {
                at += 11 + table(*bytes.get(at + 9)?);
                true
            }
            0x21 => {
                let label = *bytes.get(at + 1)?;
                at += 2;
                let program = bytes.get(at + 1..at + 12).unwrap_or_default();
                let repeats = [b"NETSCAPE2.0", b"ANIMEXTS1.0"].iter().any(|name| *name == program);
                matches!(label, 0xf9 | 0x01) || label == 0xff && repeats
            }
            _ => return None,
        };
        // Blocks, each after its length, up to one of none.
        loop {
            let length = usize::from(*bytes.get(at)?);
            at += 1 + length;
            if length == 0 {
                break;
            }
        }
        if stays {
            out.extend(bytes.get(start..at)?);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::bare_gif;

    #[test]
    fn a_gif_loses_its_comments_and_nothing_else() {
        let head = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff";
        let repeats = b"\x21\xff\x0bNETSCAPE2.0\x03\x01\0\0\0";
        let frame = b"\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0";
        let comment = b"\x21\xfe\x04here\0";
        let whole = [&head[..], repeats, comment, frame, b"\x3b"].concat();
        assert_eq!(bare_gif(&whole), Some([&head[..], repeats, frame, b"\x3b"].concat()));
        for end in 0..whole.len() {
            assert_eq!(bare_gif(&whole[..end]), None, "cut at {end}");
        }
    }
}
