//! Pictures as a reader gets them: turned upright, cropped around what matters, without the photographer's
//! secrets and with their name; and pictures that are none.

use std::fs;
use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::{ImageEncoder, ImageFormat, Rgb, RgbImage};
use img_parts::jpeg::{Jpeg, JpegSegment, markers};

use crate::site::Site;

const SETTINGS: &str = "title: The Test\nurl: https://example.org\ncards: false\n";

const XMP: &str = "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\
    <rdf:Description xmlns:photoshop=\"http://ns.adobe.com/photoshop/1.0/\" photoshop:Credit=\"Photo: Asel &amp; Co\" \
    xmlns:dc=\"http://purl.org/dc/elements/1.1/\" xmlns:exif=\"http://ns.adobe.com/exif/1.0/\" exif:GPSLatitude=\"43,14.2N\">\
    <dc:description><rdf:Alt><rdf:li xml:lang=\"x-default\">The harbour at noon.</rdf:li></rdf:Alt></dc:description>\
    <dc:creator><rdf:Seq><rdf:li>Asel Example</rdf:li></rdf:Seq></dc:creator></rdf:Description></rdf:RDF></x:xmpmeta>";

/// EXIF that says: held so that the picture must be turned a quarter to the right; taken by this camera, there.
fn exif() -> Vec<u8> {
    let mut exif = b"Exif\0\0II*\0\x08\0\0\0\x02\0".to_vec();
    exif.extend(b"\x12\x01\x03\0\x01\0\0\0\x06\0\0\0");
    exif.extend(b"\x0f\x01\x02\0\x0a\0\0\0\x26\0\0\0\0\0\0\0SecretCam\0");
    exif
}

/// A picture of three stripes beside each other: red, green, blue.
fn stripes(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, _| match x * 3 / width {
        0 => Rgb([220, 30, 30]),
        1 => Rgb([30, 160, 60]),
        _ => Rgb([30, 60, 200]),
    })
}

fn encoded(picture: &RgbImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).expect("an encoded picture");
    bytes.into_inner()
}

/// A photo with all that cameras and agencies write into one.
fn photo(width: u32, height: u32) -> Vec<u8> {
    let mut jpeg =
        Jpeg::from_bytes(encoded(&stripes(width, height), ImageFormat::Jpeg).into()).expect("a JPEG");
    let xmp = [b"http://ns.adobe.com/xap/1.0/\0", XMP.as_bytes()].concat();
    for contents in [xmp, exif()] {
        let segment = JpegSegment::new_with_contents(markers::APP1, contents.into());
        jpeg.segments_mut().insert(1, segment);
    }
    jpeg.encoder().bytes().to_vec()
}

/// A site of one briefing with a picture, and what is said in its front matter.
fn site(name: &str, picture: &[u8], front: &str, text: &str) -> Site {
    let site = Site::new([("nutgraf.yaml", SETTINGS)]);
    site.write(&format!("content/briefings/a/{name}"), picture);
    site.write(
        "content/briefings/a/index.md",
        format!("---\ntitle: A\ndate: 2023-09-11\n{front}\n---\n{text}\n"),
    );
    site
}

/// The published files below assets/ whose names have this in them and end so.
fn made(site: &Site, name: &str, end: &str) -> Vec<(String, Vec<u8>)> {
    let files = site.output().into_iter();
    files.filter(|(path, _)| path.starts_with(&format!("assets/{name}")) && path.ends_with(end)).collect()
}

/// The colour in the middle of a picture, and its size.
fn seen(bytes: &[u8]) -> ([u8; 3], (u32, u32)) {
    let picture = image::load_from_memory(bytes).expect("a picture").to_rgb8();
    (picture.get_pixel(picture.width() / 2, picture.height() / 2).0, picture.dimensions())
}

fn is_near(colour: [u8; 3], wanted: [u8; 3]) -> bool {
    colour.iter().zip(wanted).all(|(a, b)| a.abs_diff(b) < 20)
}

#[test]
fn a_photo_is_turned_upright_made_smaller_and_keeps_only_whose_it_is() {
    let site = site("port.jpg", &photo(1500, 900), "image: {src: port.jpg, alt: A harbour.}", "Text.");
    site.build_cleanly();
    let page = site.read("public/briefings/a/index.html");
    assert!(page.contains("<source type=\"image/webp\" srcset=\"/assets/port-"), "{page}");
    assert!(page.contains("width=\"900\" height=\"506\" fetchpriority=\"high\""), "{page}");
    let colour =
        page.split("style=\"background:#").nth(1).and_then(|rest| u32::from_str_radix(&rest[..6], 16).ok());
    let [_, r, g, b] = colour.expect("a colour to stand in for it").to_be_bytes();
    assert!(is_near([r, g, b], [30, 160, 60]), "{r} {g} {b}");
    assert!(page.contains("The harbour at noon."), "the caption of the file: {page}");
    assert!(page.contains("Photo: Asel &amp; Co"), "the credit of the file: {page}");
    let pictures = made(&site, "port", "");
    assert!(pictures.len() >= 5, "{:?}", pictures.iter().map(|(name, _)| name).collect::<Vec<_>>());
    for (name, bytes) in pictures {
        let text = String::from_utf8_lossy(&bytes);
        assert!(
            text.contains("Photo: Asel &amp; Co") && text.contains("Asel Example"),
            "{name} says whose it is"
        );
        for secret in ["SecretCam", "GPS", "Exif", "EXIF", "harbour at noon"] {
            assert!(!text.contains(secret), "{name} has `{secret}` in it");
        }
        // Turned a quarter to the right, the stripes lie above each other: green is in the middle.
        assert!(is_near(seen(&bytes).0, [30, 160, 60]), "{name}: {:?}", seen(&bytes));
    }
    let sizes: Vec<_> = made(&site, "port", "-480.webp").iter().map(|(_, bytes)| seen(bytes).1).collect();
    assert!(
        sizes.contains(&(480, 270)) && sizes.contains(&(480, 320)),
        "cropped for the page and for lists: {sizes:?}"
    );
}

#[test]
fn a_crop_keeps_what_matters_in_view() {
    for (focus, wanted) in [
        ("left", [220, 30, 30]),
        ("50% 50%", [30, 160, 60]),
        ("100% 0%", [30, 60, 200]),
        ("right center", [30, 60, 200]),
    ] {
        let front = format!("image: {{src: wide.png, alt: Stripes., focus: {focus}}}");
        let site = site("wide.png", &encoded(&stripes(1800, 300), ImageFormat::Png), &front, "Text.");
        site.build_cleanly();
        let lead = made(&site, "wide", "-480.webp");
        assert!(lead.iter().any(|(_, bytes)| is_near(seen(bytes).0, wanted)), "{focus}");
    }
}

#[test]
fn colours_of_a_wide_gamut_are_those_that_every_screen_shows() {
    let mut bytes = Vec::new();
    let mut encoder = JpegEncoder::new_with_quality(&mut bytes, 95);
    let profile = moxcms::ColorProfile::new_display_p3().encode().expect("a profile");
    encoder.set_icc_profile(profile).expect("a place for it");
    // This red of Display P3 is the pure red of sRGB.
    let red = RgbImage::from_pixel(600, 400, Rgb([234, 51, 35]));
    encoder.write_image(&red, 600, 400, image::ExtendedColorType::Rgb8).expect("a JPEG");
    let site = site("red.jpg", &bytes, "image: {src: red.jpg, alt: Red.}", "Text.");
    site.build_cleanly();
    let (colour, _) = seen(&made(&site, "red", "-480.webp")[0].1);
    assert!(is_near(colour, [254, 0, 0]), "{colour:?}");
}

#[test]
fn pictures_are_made_once_and_a_damaged_cache_is_made_again() {
    let site = site("port.jpg", &photo(900, 600), "image: {src: port.jpg, alt: A harbour.}", "Text.");
    site.build_cleanly();
    let first = site.output();
    let entries = || {
        let all = crate::site::files(&site.path().join(".nutgraf/cache"));
        all.into_keys().map(|path| site.path().join(".nutgraf/cache").join(path)).collect::<Vec<_>>()
    };
    assert!(entries().len() > 4, "what was made is kept");
    for (i, entry) in entries().iter().enumerate() {
        let mut bytes = fs::read(entry).expect("an entry");
        match i % 3 {
            0 => bytes.truncate(10),
            1 => *bytes.last_mut().expect("a byte") ^= 1,
            _ => bytes.clear(),
        }
        fs::write(entry, bytes).expect("a damaged entry");
    }
    fs::remove_dir_all(site.path().join("public")).expect("no output");
    site.build_cleanly();
    assert_eq!(site.output(), first);
    // What is kept is taken: a sound entry of another content would be seen.
    fs::remove_dir_all(site.path().join("public")).expect("no output");
    fs::write(site.path().join("content/briefings/a/port.jpg"), photo(900, 600)).expect("the same photo");
    site.build_cleanly();
    assert_eq!(site.output(), first);
}

#[test]
fn a_picture_that_is_linked_is_published_without_secrets_too() {
    let site = site(
        "port.jpg",
        &photo(900, 600),
        "",
        "The [whole picture](port.jpg), and ![here](port.jpg) among words.",
    );
    site.build_cleanly();
    let page = site.read("public/briefings/a/index.html");
    let (name, bytes) = made(&site, "port", "-600.jpg").remove(0);
    assert!(page.contains(&format!("href=\"/{name}\"")), "{page}");
    assert!(
        page.contains(&format!("<img src=\"/{name}\" alt=\"here\" width=\"600\" height=\"900\"")),
        "{page}"
    );
    assert!(!String::from_utf8_lossy(&bytes).contains("SecretCam"));
    assert_eq!(seen(&bytes).1, (600, 900));
}

#[test]
fn a_moving_picture_moves_on_and_a_transparent_one_stays_so() {
    let gif = encoded(&stripes(60, 30), ImageFormat::Gif);
    let site = site("a.gif", &gif, "", "![A wave.](a.gif)\n\n![A shape.](b.png)");
    let clear = image::RgbaImage::from_pixel(700, 300, image::Rgba([200, 0, 0, 90]));
    let mut png = Cursor::new(Vec::new());
    clear.write_to(&mut png, ImageFormat::Png).expect("a PNG");
    site.write("content/briefings/a/b.png", png.into_inner());
    site.build_cleanly();
    let page = site.read("public/briefings/a/index.html");
    let (name, bytes) = made(&site, "a-", ".gif").remove(0);
    assert_eq!(bytes, gif, "as it is");
    assert!(
        page.contains(&format!("<img src=\"/{name}\" alt=\"A wave.\" width=\"60\" height=\"30\"")),
        "{page}"
    );
    let (_, bytes) = made(&site, "b-", "-480.webp").remove(0);
    let seen = image::load_from_memory(&bytes).expect("a picture").to_rgba8();
    assert!(seen.get_pixel(9, 9).0[3].abs_diff(90) < 4, "{:?}", seen.get_pixel(9, 9));
    assert!(!page.contains("background:#"), "no colour shines through: {page}");
}

#[test]
fn a_photo_is_turned_upright_however_its_camera_was_held() {
    // Red in the upper left corner, once it is turned.
    let upright = RgbImage::from_fn(600, 400, |x, y| match (x < 300, y < 200) {
        (true, true) => Rgb([220, 30, 30]),
        (false, _) => Rgb([30, 160, 60]),
        (true, false) => Rgb([30, 60, 200]),
    });
    for held in 1..=8 {
        use image::metadata::Orientation;
        let orientation = Orientation::from_exif(held).expect("one of eight");
        let back = match orientation {
            Orientation::Rotate90 => Orientation::Rotate270,
            Orientation::Rotate270 => Orientation::Rotate90,
            other => other,
        };
        let mut held_so = image::DynamicImage::from(upright.clone());
        held_so.apply_orientation(back);
        let plain = encoded(&held_so.into_rgb8(), ImageFormat::Jpeg);
        let mut jpeg = Jpeg::from_bytes(plain.into()).expect("a JPEG");
        let mut exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
        exif.extend([held, 0, 0, 0, 0, 0, 0, 0]);
        jpeg.segments_mut().insert(1, JpegSegment::new_with_contents(markers::APP1, exif.into()));
        let site = site("a.jpg", &jpeg.encoder().bytes(), "", "![A shape.](a.jpg)");
        site.build_cleanly();
        let made =
            image::load_from_memory(&made(&site, "a-", "-480.webp")[0].1).expect("a picture").to_rgb8();
        assert_eq!(made.dimensions(), (480, 320), "held as {held}");
        let corners = [(60, 40), (420, 40), (60, 280)].map(|(x, y)| made.get_pixel(x, y).0);
        let wanted = [[220, 30, 30], [30, 160, 60], [30, 60, 200]];
        assert!(corners.iter().zip(wanted).all(|(a, b)| is_near(*a, b)), "held as {held}: {corners:?}");
    }
}

#[test]
fn a_long_picture_is_offered_in_what_can_hold_it() {
    let long = encoded(&stripes(20, 17_000), ImageFormat::Png);
    let site = site("long.png", &long, "", "![A scroll.](long.png)");
    site.build_cleanly();
    let page = site.read("public/briefings/a/index.html");
    assert!(page.contains("<picture><img src=\"/assets/long-"), "no WebP is so high: {page}");
    assert_eq!(seen(&made(&site, "long", "-20.jpg")[0].1).1, (20, 17_000));
}

#[test]
fn what_a_camera_writes_of_its_owner_is_kept_also_where_a_picture_is_transparent() {
    let mut exif = b"II*\0\x08\0\0\0\x02\0".to_vec();
    exif.extend(b"\x3b\x01\x02\0\x04\0\0\0Asel");
    exif.extend(b"\x98\x82\x02\0\x04\0\0\0CC0\0\0\0\0\0");
    let clear = image::RgbaImage::from_pixel(600, 300, image::Rgba([200, 0, 0, 90]));
    let mut png = Cursor::new(Vec::new());
    clear.write_to(&mut png, ImageFormat::Png).expect("a PNG");
    let mut png = img_parts::png::Png::from_bytes(png.into_inner().into()).expect("a PNG");
    png.chunks_mut().insert(1, img_parts::png::PngChunk::new(*b"eXIf", exif.into()));
    let site = site("a.png", &png.encoder().bytes(), "image: {src: a.png, alt: A shape.}", "Text.");
    site.build_cleanly();
    let page = site.read("public/briefings/a/index.html");
    assert!(page.contains("Photo: Asel</span>") && page.contains(">CC0</span>"), "{page}");
    let (_, bytes) = made(&site, "a-", "-480.webp").remove(0);
    let mut decoder = image::codecs::webp::WebPDecoder::new(Cursor::new(bytes)).expect("a WebP");
    let xmp = image::ImageDecoder::xmp_metadata(&mut decoder).expect("readable").expect("XMP");
    let xmp = String::from_utf8(xmp).expect("text");
    assert!(xmp.contains("<rdf:li>Asel</rdf:li>") && xmp.contains(">CC0</rdf:li>"), "{xmp}");
}

#[test]
fn a_link_to_what_is_no_picture_is_an_error_too_but_files_can_be_handed_out() {
    let text = "[A](a.svg), [b](b.jpg) and [c](c.tif).";
    let site = site("a.svg", b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script/></svg>", "", text);
    site.write("content/briefings/a/b.jpg", &photo(90, 60)[..900]);
    site.write("content/briefings/a/c.tif", "II*");
    let run = site.run(&["--format", "short", "build"]);
    let said = ":6:1: error[bad-picture]: `a.svg` runs or loads something: `<script>`";
    assert!(run.stderr.contains(said), "{}", run.stderr);
    assert!(run.stderr.contains(":6:13: error[bad-picture]: `b.jpg` is damaged"), "{}", run.stderr);
    assert_eq!(run.stderr.matches("error[").count(), 2, "{}", run.stderr);
    site.write("content/briefings/a/index.md", "---\ntitle: A\ndate: 2023-09-11\n---\n[c](c.tif)\n");
    site.build_cleanly();
    assert_eq!(made(&site, "c-", ".tif").remove(0).1, b"II*");
}

#[test]
fn a_focus_that_is_none_is_an_error_of_its_template() {
    let site =
        site("a.png", &encoded(&stripes(90, 60), ImageFormat::Png), "image: {src: a.png, alt: A.}", "");
    let template = "{{ picture(of=page.image, ratio=\"3/2\", focus=\"10% 255%\") }}";
    site.write("templates/briefing.html", template);
    let run = site.build();
    assert_eq!(run.code, 1);
    let said = "`10% 255%` is no focus: write it like `30% 20%` or `left top`";
    assert!(run.stderr.contains(said), "{}", run.stderr);
}

#[test]
fn what_is_no_picture_is_an_error_at_the_line_that_names_it() {
    let photo = photo(900, 600);
    let png = encoded(&stripes(300, 200), ImageFormat::Png);
    // A PNG that says it has such a size; the sum over its header is right.
    let of_size = |width: u32, height: u32| {
        let mut bomb = png.clone();
        bomb[16..20].copy_from_slice(&width.to_be_bytes());
        bomb[20..24].copy_from_slice(&height.to_be_bytes());
        let mut crc = flate2::Crc::new();
        crc.update(&bomb[12..29]);
        bomb[29..33].copy_from_slice(&crc.sum().to_be_bytes());
        bomb
    };
    let gif = encoded(&stripes(60, 30), ImageFormat::Gif);
    let svg = |inside: &str| {
        format!("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 9 9\">{inside}</svg>")
    };
    let files: [(&str, Vec<u8>, &str); 19] = [
        (
            "short.jpg",
            photo[..photo.len() / 2].to_vec(),
            "is damaged: it ends too early, or cannot be decoded",
        ),
        ("short.png", png[..png.len() / 2].to_vec(), "is damaged: it ends too early, or cannot be decoded"),
        ("bomb.png", of_size(60_000, 60_000), "has 60,000 × 60,000 pixels, more than a page could ever show"),
        ("lies.jpg", b"<!doctype html><p>404".to_vec(), "is no JPG: it holds something else"),
        ("other.jpg", png.clone(), "is a PNG by its content"),
        ("empty.webp", Vec::new(), "is empty"),
        ("phone.heic", b"ftypheic".to_vec(), "is a HEIC file, which browsers do not show"),
        ("run.svg", svg("<script>1</script>").into(), "runs or loads something: `<script>`"),
        ("click.svg", svg("<g onclick='x()'/>").into(), "runs or loads something: `onclick=…`"),
        (
            "load.svg",
            svg("<image href='https://example.com/x.png'/>").into(),
            "runs or loads something: `href=\"https://example.com/x.png\"`",
        ),
        (
            "bomb.svg",
            format!("<!DOCTYPE svg [<!ENTITY a 'aa'>]>{}", svg("")).into(),
            "declares entities, which could grow without end",
        ),
        (
            "style.svg",
            svg("<style>a { background: u\\72l(//example.com/x) }</style>").into(),
            "runs or loads something: `<style> that loads from elsewhere`",
        ),
        (
            "page.svg",
            svg("<h:form xmlns:h='http://www.w3.org/1999/xhtml'/>").into(),
            "runs or loads something: `xmlns:h=\"http://www.w3.org/1999/xhtml\"`",
        ),
        (
            "bare.svg",
            b"<svg viewBox='0 0 9 9'/>".to_vec(),
            "does not say that it is SVG, so browsers show nothing",
        ),
        ("torn.svg", svg("<g>").into(), "is no drawing: its XML is malformed, or it is no SVG"),
        ("short.gif", gif[..gif.len() - 1].to_vec(), "is damaged"),
        ("short.avif", b"\0\0\0\x14ftypavif\0\0\0\0avif\0\0\0\x08".to_vec(), "is damaged"),
        ("phone.avif", b"\0\0\0\x14ftypheic\0\0\0\0heic".to_vec(), "is no AVIF: it holds something else"),
        ("wide.png", of_size(70_000, 20), "has 70,000 × 20 pixels"),
    ];
    let lines: Vec<String> = files.iter().map(|(name, ..)| format!("![x]({name})\n\n")).collect();
    let text = lines.concat();
    let site = Site::of_briefing(&format!("---\ntitle: A\ndate: 2023-09-11\n---\nText.\n\n{text}"));
    for (name, bytes, _) in &files {
        site.write(&format!("content/briefings/{name}"), bytes);
    }
    let run = site.run(&["--format", "short", "build"]);
    assert_eq!(run.code, 1);
    for (i, (name, _, reason)) in files.iter().enumerate() {
        let said = format!(":{}:1: error[bad-picture]: `{name}` {reason}", 7 + 2 * i);
        assert!(run.stderr.contains(&said), "{said}\nin\n{}", run.stderr);
    }
    assert_eq!(run.stderr.matches("error[").count(), files.len(), "{}", run.stderr);
}

#[test]
fn a_drawing_is_published_without_what_only_its_program_needs() {
    let svg = "<?xml version=\"1.0\"?><!-- by hand -->\n<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:inkscape=\"x\" xmlns:sodipodi=\"y\" width=\"40mm\" viewBox=\"0 0 300 150\">\
        <sodipodi:namedview><g/></sodipodi:namedview><g inkscape:label=\"C:\\Users\\asel\" fill=\"#123\"><a href=\"https://example.org/\"><path d=\"M0 0\"/></a></g></svg>";
    let site = site("map.svg", svg.as_bytes(), "", "![A map.](map.svg)");
    site.build_cleanly();
    let (name, bytes) = made(&site, "map", ".svg").remove(0);
    let text = String::from_utf8(bytes).expect("text");
    assert_eq!(
        text,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:inkscape=\"x\" xmlns:sodipodi=\"y\" width=\"40mm\" viewBox=\"0 0 300 150\"><g fill=\"#123\"><a href=\"https://example.org/\"><path d=\"M0 0\"/></a></g></svg>\n"
    );
    let page = site.read("public/briefings/a/index.html");
    assert!(
        page.contains(&format!("<img src=\"/{name}\" alt=\"A map.\" width=\"151\" height=\"76\"")),
        "{page}"
    );
}

#[cfg(not(feature = "avif"))]
#[test]
fn avif_needs_a_program_that_was_built_with_it() {
    let site = Site::of_briefing("---\ntitle: A\ndate: 2023-09-11\n---\nText.\n");
    let settings = site.read("nutgraf.yaml") + "pictures: {avif: true}\n";
    site.write("nutgraf.yaml", settings);
    let run = site.run(&["--format", "short", "build"]);
    assert!(
        run.stderr.contains("error[no-feature]: this program was built without pictures in AVIF"),
        "{}",
        run.stderr
    );
}

#[cfg(feature = "avif")]
#[test]
fn avif_comes_first_where_it_is_asked_for() {
    let site = site("port.jpg", &photo(600, 400), "image: {src: port.jpg, alt: A harbour.}", "Text.");
    site.write("nutgraf.yaml", format!("{SETTINGS}pictures: {{avif: true}}\n"));
    site.build_cleanly();
    let page = site.read("public/briefings/a/index.html");
    assert!(page.contains("<picture><source type=\"image/avif\""), "{page}");
    let (_, bytes) = made(&site, "port", ".avif").remove(0);
    assert_eq!(&bytes[4..12], b"ftypavif");
}
