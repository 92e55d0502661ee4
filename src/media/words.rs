//! What a photo says about itself in its metadata: whom to thank, under what licence, what is on it. Read from
//! XMP and IPTC; the part that says whose it is, is written into every picture made of it, and nothing else is.

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};
use serde::{Deserialize, Serialize};

/// The words of a photo.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Words {
    /// What is on it, for everybody: `dc:description`, IPTC 2:120.
    pub caption: Option<String>,
    /// What is on it, for those who do not see it: `Iptc4xmpCore:AltTextAccessibility`.
    pub alt: Option<String>,
    /// Whom to thank: `photoshop:Credit`, IPTC 2:110.
    pub credit: Option<String>,
    /// Who made it: `dc:creator`, IPTC 2:80.
    pub creator: Option<String>,
    /// Whose it is: `dc:rights`, IPTC 2:116.
    pub rights: Option<String>,
    /// What may be done with it: `xmpRights:UsageTerms`.
    pub terms: Option<String>,
    /// The address of the licence: `xmpRights:WebStatement`, `cc:license`.
    pub license_url: Option<String>,
    /// Where a licence can be had: `plus:LicensorURL`.
    pub licensor_url: Option<String>,
}

/// No word is longer, in characters: metadata may hold anything.
const LONGEST: usize = 2000;

/// Reads the words of XMP, and of IPTC what XMP does not say.
pub fn read(xmp: Option<&[u8]>, iptc: Option<&[u8]>) -> Words {
    let mut words = Words::default();
    if let Some(xmp) = xmp.and_then(|bytes| std::str::from_utf8(bytes).ok()) {
        of_xmp(xmp, &mut words);
    }
    if let Some(iptc) = iptc {
        of_iptc(iptc, &mut words);
    }
    words
}

impl Words {
    /// The word that a property of XMP is, by its name with the usual prefix.
    fn of_property(&mut self, name: &str) -> Option<&mut Option<String>> {
        Some(match name {
            "dc:description" => &mut self.caption,
            "Iptc4xmpCore:AltTextAccessibility" => &mut self.alt,
            "photoshop:Credit" => &mut self.credit,
            "dc:creator" => &mut self.creator,
            "dc:rights" => &mut self.rights,
            "xmpRights:UsageTerms" => &mut self.terms,
            "xmpRights:WebStatement" | "cc:license" => &mut self.license_url,
            "plus:LicensorURL" => &mut self.licensor_url,
            _ => return None,
        })
    }

    /// XMP that says whose a picture is, for one made of it; none when that is not known.
    pub fn xmp(&self) -> Option<String> {
        let Self { caption: _, alt: _, credit, creator, rights, terms, license_url, licensor_url } = self;
        let mut inner = String::new();
        let mut add = |value: &Option<String>, before: &str, after: &str| {
            if let Some(value) = value {
                inner.push_str(&format!("{before}{}{after}", quick_xml::escape::escape(value)));
            }
        };
        add(creator, "<dc:creator><rdf:Seq><rdf:li>", "</rdf:li></rdf:Seq></dc:creator>");
        add(rights, "<dc:rights><rdf:Alt><rdf:li xml:lang=\"x-default\">", "</rdf:li></rdf:Alt></dc:rights>");
        add(
            terms,
            "<xmpRights:UsageTerms><rdf:Alt><rdf:li xml:lang=\"x-default\">",
            "</rdf:li></rdf:Alt></xmpRights:UsageTerms>",
        );
        add(credit, "<photoshop:Credit>", "</photoshop:Credit>");
        add(license_url, "<xmpRights:WebStatement>", "</xmpRights:WebStatement>");
        add(
            licensor_url,
            "<plus:Licensor><rdf:Seq><rdf:li rdf:parseType=\"Resource\"><plus:LicensorURL>",
            "</plus:LicensorURL></rdf:li></rdf:Seq></plus:Licensor>",
        );
        if inner.is_empty() {
            return None;
        }
        Some(format!(
            "<?xpacket begin=\"\u{feff}\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?><x:xmpmeta xmlns:x=\"adobe:ns:meta/\">\
             <rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\"><rdf:Description rdf:about=\"\" \
             xmlns:dc=\"http://purl.org/dc/elements/1.1/\" xmlns:photoshop=\"http://ns.adobe.com/photoshop/1.0/\" \
             xmlns:xmpRights=\"http://ns.adobe.com/xap/1.0/rights/\" xmlns:plus=\"http://ns.useplus.org/ldf/xmp/1.0/\">\
             {inner}</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end=\"r\"?>"
        ))
    }
}

/// The properties of an XMP packet, as attributes or as elements, of several values the first language or all
/// names. What is malformed after some point is left.
fn of_xmp(packet: &str, words: &mut Words) {
    let mut reader = Reader::from_str(packet);
    let mut property: Option<(String, usize)> = None;
    let mut values: Vec<String> = Vec::new();
    let mut depth = 0;
    while let Ok(event) = reader.read_event() {
        match event {
            Event::Start(element) => {
                depth += 1;
                of_attributes(&element, words);
                let name = element.name().into_inner().to_owned();
                if words.of_property(&name).is_some() {
                    (property, values) = (Some((name, depth)), vec![String::new()]);
                } else if property.is_some() && name == "rdf:li" {
                    values.push(String::new());
                }
            }
            Event::Empty(element) => of_attributes(&element, words),
            Event::Text(text) if property.is_some() => {
                if let Some(value) = values.last_mut() {
                    value.push_str(&text);
                }
            }
            Event::GeneralRef(reference) if property.is_some() => {
                let character = reference.resolve_char_ref().ok().flatten().map(String::from);
                let meant = character
                    .or_else(|| quick_xml::escape::resolve_predefined_entity(&reference).map(str::to_owned));
                if let (Some(value), Some(meant)) = (values.last_mut(), meant) {
                    value.push_str(&meant);
                }
            }
            Event::End(_) => {
                if let Some((name, _)) = property.take_if(|(_, at)| *at == depth) {
                    let given = values.drain(..).map(|value| value.trim().to_owned());
                    let mut given = given.filter(|value| !value.is_empty());
                    let value = match name.as_str() {
                        "dc:creator" => Some(given.collect::<Vec<_>>().join(", ")),
                        _ => given.next(),
                    };
                    set(words.of_property(&name), &value.unwrap_or_default());
                }
                depth -= 1;
            }
            Event::Eof => break,
            _ => {}
        }
    }
}

fn of_attributes(element: &BytesStart<'_>, words: &mut Words) {
    for attribute in element.attributes().filter_map(Result::ok) {
        if let Ok(value) = attribute.normalized_value(XmlVersion::Explicit1_0) {
            // An address may stand on its property: `<cc:license rdf:resource="…"/>`.
            let key = attribute.key.into_inner();
            let of = if key == "rdf:resource" { element.name().into_inner() } else { key };
            set(words.of_property(of), &value);
        }
    }
}

/// Adds what a camera was told to write into every photo, where nothing else says it.
#[cfg(feature = "images")]
pub fn add_exif(words: &mut Words, mut block: Vec<u8>) {
    // Some programs write the mark of JPEG into other files too.
    if block.starts_with(b"Exif\0\0") {
        block.drain(..6);
    }
    let Ok(exif) = exif::Reader::new().read_raw(block) else { return };
    let text = |tag| {
        let exif::Value::Ascii(parts) = &exif.get_field(tag, exif::In::PRIMARY)?.value else { return None };
        let texts = parts.iter().filter_map(|part| std::str::from_utf8(part).ok());
        // Copyright is of the photographer, then of the editor (Exif 3.0, 4.6.5.4.8).
        Some(texts.map(str::trim).filter(|text| !text.is_empty()).collect::<Vec<_>>().join(", "))
    };
    set(Some(&mut words.creator), &text(exif::Tag::Artist).unwrap_or_default());
    set(Some(&mut words.rights), &text(exif::Tag::Copyright).unwrap_or_default());
}

/// Sets a word that is not set yet.
fn set(word: Option<&mut Option<String>>, value: &str) {
    let value = value.trim();
    if let Some(word) = word.filter(|word| word.is_none())
        && !value.is_empty()
    {
        *word = Some(value.chars().take(LONGEST).collect());
    }
}

/// The words of an IPTC record (IIM 4.2, record 2), in whatever it is wrapped. Text that is not UTF-8 is in
/// one of many old encodings, and which is not said: it is left.
fn of_iptc(block: &[u8], words: &mut Words) {
    let start = block.windows(6).position(|at| at == b"8BIM\x04\x04").map_or(0, |found| found + 6);
    let mut rest = &block[start..];
    if let Some(found) = rest.windows(2).position(|at| at == [0x1c, 0x01] || at == [0x1c, 0x02]) {
        rest = &rest[found..];
    }
    let mut creators: Vec<String> = Vec::new();
    while let [0x1c, record, field, high, low, more @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let Some(value) = more.get(..length) else { break };
        rest = &more[length..];
        let Ok(text) = std::str::from_utf8(value) else { continue };
        let text = text.trim_matches(['\0', ' ']).to_owned();
        match (record, field) {
            (2, 120) => set(Some(&mut words.caption), &text),
            (2, 110) => set(Some(&mut words.credit), &text),
            (2, 116) => set(Some(&mut words.rights), &text),
            (2, 80) => creators.push(text),
            _ => {}
        }
    }
    set(Some(&mut words.creator), &creators.join(", "));
}
