//! XML as its readers demand it: without the characters that no file of XML may hold, however they are written.

use quick_xml::Reader;
use quick_xml::escape::escape;
use quick_xml::events::Event;

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

/// What is wrong with a file of XML; nothing when it is well-formed.
pub fn fault(bytes: &[u8]) -> Option<String> {
    let mut reader = Reader::from_reader(bytes);
    let (mut depth, mut roots) = (0_usize, 0);
    loop {
        match reader.read_event() {
            Ok(Event::Start(_)) => {
                roots += usize::from(depth == 0);
                depth += 1;
            }
            Ok(Event::Empty(_)) => roots += usize::from(depth == 0),
            Ok(Event::End(_)) => depth = depth.saturating_sub(1),
            Ok(Event::Eof) if depth > 0 => return Some("an element is never closed".into()),
            Ok(Event::Eof) if roots != 1 => return Some(format!("it has {roots} outermost elements")),
            Ok(Event::Eof) => return None,
            Ok(_) => {}
            Err(error) => return Some(error.to_string()),
        }
    }
}

/// A text as the text or an attribute of an element.
pub fn escaped(text: &str) -> String {
    escape(text).into_owned()
}
