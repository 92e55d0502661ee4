//! XML as its readers demand it: without the characters that no file of XML may hold, however they are written.

use quick_xml::escape::escape;

use crate::media::svg::is_xml;

/// A text without the characters that XML does not have.
pub fn clean(bytes: Vec<u8>) -> Vec<u8> {
    // Nearly always there are none: they are control characters, or two that stand for none.
    let is_suspect = |b: &u8| *b < 0x20 && !matches!(b, b'\t' | b'\n' | b'\r') || *b == 0xEF;
    if !bytes.iter().any(is_suspect) {
        return bytes;
    }
    let text = String::from_utf8_lossy(&bytes);
    text.chars().filter(|c| is_xml(*c)).collect::<String>().into_bytes()
}

/// A text as the text or an attribute of an element.
pub fn escaped(text: &str) -> String {
    escape(text).into_owned()
}
