//! The record that a deploy leaves at its target: every file with a hash of its bytes and what is sent with it, every story
//! with a hash of its source, and which earlier deploys can be gone back to. What is at a target is known from this
//! record, not by listing it. Nothing here reads or writes; the record travels as compressed JSON.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::config::deploy::Encoding;

/// The form of the record; a newer one is not read.
const FORMAT: u32 = 1;
/// A record is never larger than this when unpacked, so that a damaged one cannot fill the memory.
const MAX_BYTES: u64 = 1 << 30;

/// A hash of bytes: the first half of BLAKE3's.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Digest([u8; 16]);

impl Digest {
    /// The hash of some bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self::from(blake3::hash(bytes))
    }
}

impl From<blake3::Hash> for Digest {
    fn from(hash: blake3::Hash) -> Self {
        let mut half = [0; 16];
        half.copy_from_slice(&hash.as_bytes()[..16]);
        Self(half)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.to_string()
    }
}

impl TryFrom<String> for Digest {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let byte = |i: usize| text.get(2 * i..2 * i + 2).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        let mut bytes = [0; 16];
        for (i, place) in bytes.iter_mut().enumerate() {
            *place = byte(i).filter(|_| text.len() == 32).ok_or("it is no hash")?;
        }
        Ok(Self(bytes))
    }
}

/// What a file is to a reader. The order is that in which files are shipped: nothing that is there already leads to what
/// is not there yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A picture, card or sheet whose name has a hash of its bytes.
    Hashed,
    /// Any other file.
    File,
    /// A briefing's page.
    Briefing,
    /// An explainer's page.
    Explainer,
    /// The page of a topic, an author or a running story.
    Hub,
    /// Any other page.
    Page,
    /// A page that leads from an old address to the new one.
    Redirect,
    /// A briefing in another form.
    Twin,
    /// A page of a list.
    List,
    /// The front page of a language.
    Front,
    /// A feed.
    Feed,
    /// A sitemap.
    Sitemap,
    /// A file that a host reads.
    Host,
}

impl Kind {
    /// Its name, after a number.
    pub fn name(self, count: usize) -> &'static str {
        let (one, more) = match self {
            Self::Hashed => ("picture, card or sheet", "pictures, cards and sheets"),
            Self::File => ("other file", "other files"),
            Self::Briefing => ("briefing", "briefings"),
            Self::Explainer => ("explainer", "explainers"),
            Self::Hub => ("hub", "hubs"),
            Self::Page => ("page", "pages"),
            Self::Redirect => ("redirect", "redirects"),
            Self::Twin => ("twin", "twins"),
            Self::List => ("list", "lists"),
            Self::Front => ("front page", "front pages"),
            Self::Feed => ("feed", "feeds"),
            Self::Sitemap => ("sitemap", "sitemaps"),
            Self::Host => ("file for hosts", "files for hosts"),
        };
        if count == 1 { one } else { more }
    }

    /// The part of a deploy that ships it. Each begins when the one before has succeeded.
    pub fn wave(self) -> Wave {
        match self {
            Self::Hashed => Wave::Hashed,
            Self::File => Wave::Files,
            Self::Briefing | Self::Explainer | Self::Hub | Self::Page | Self::Redirect | Self::Twin => {
                Wave::Pages
            }
            Self::List | Self::Front | Self::Feed | Self::Sitemap | Self::Host => Wave::Lists,
        }
    }
}

/// The parts of a deploy, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Wave {
    /// What pages load, under names that nothing had before.
    Hashed,
    /// What else pages load.
    Files,
    /// Pages.
    Pages,
    /// What leads to pages.
    Lists,
    /// What goes.
    Deletions,
}

/// How a file is served: what is sent with it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Form {
    /// What it is to a reader.
    pub kind: Kind,
    /// `Content-Type`.
    #[serde(rename = "type")]
    pub media_type: String,
    /// `Cache-Control`.
    pub cache: String,
    /// `Content-Encoding`: how its bytes are stored.
    #[serde(skip_serializing_if = "Option::is_none", default, with = "encoding")]
    pub encoding: Option<Encoding>,
}

/// A file as it is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    /// The hash of its bytes, before they are compressed.
    pub hash: Digest,
    /// How many bytes it has, before they are compressed.
    pub size: u64,
    /// What is sent with it.
    pub form: Form,
}

impl Served {
    /// A name for these bytes with these headers: two files with one name are served alike.
    pub fn key(&self) -> String {
        let Form { kind: _, media_type, cache, encoding } = &self.form;
        Digest::of(format!("{} {media_type} {cache} {encoding:?}", self.hash).as_bytes()).to_string()
    }
}

/// A published document as a deploy saw it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Story {
    /// Its source.
    pub source: String,
    /// The hash of the source.
    pub hash: Digest,
    /// The hash of what readers read of it.
    pub text: Digest,
    /// Its date of change.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub updated: Option<Timestamp>,
    /// The hash of its corrections that are published.
    pub corrections: Digest,
}

/// One deploy among others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Its name: the time, and the beginning of a hash of the site.
    pub id: String,
    /// When it was made.
    pub when: Timestamp,
    /// The moment the site was seen at.
    pub clock: Timestamp,
    /// The revision of the sources.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub revision: Option<String>,
    /// The deploy it went back to, when it did.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub back_to: Option<String>,
    /// How many files the site had.
    pub files: usize,
    /// The hash of all of them.
    pub content: Digest,
}

/// A version of a file that was replaced, and is kept for the way back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// When it was replaced.
    pub since: Timestamp,
    /// Where the target keeps it.
    pub at: String,
}

/// What a deploy knows of the site it made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// The deploy.
    pub record: Record,
    /// Every file by its path.
    pub files: BTreeMap<String, Served>,
    /// Every document by the path of its page.
    pub stories: BTreeMap<String, Story>,
    /// The deploys before it that can be gone back to, the last first.
    pub history: Vec<Record>,
    /// The versions of files that are kept, by [`Served::key`].
    pub kept: BTreeMap<String, Kept>,
    /// While it is made: files of which it is not known what the target has, because an earlier deploy was interrupted.
    pub unsure: Vec<String>,
}

impl Manifest {
    /// The hash of all files.
    pub fn content_of(files: &BTreeMap<String, Served>) -> Digest {
        let mut hasher = blake3::Hasher::new();
        for (path, served) in files {
            hasher.update(path.as_bytes()).update(&[0]).update(served.key().as_bytes());
        }
        Digest::from(hasher.finalize())
    }

    /// The record as it travels.
    pub fn pack(&self) -> Vec<u8> {
        let mut forms: Vec<&Form> = self.files.values().map(|served| &served.form).collect();
        forms.sort();
        forms.dedup();
        let place = |form: &Form| forms.binary_search(&form).expect("every form is among them");
        let packed = Packed {
            format: FORMAT,
            record: self.record.clone(),
            forms: forms.iter().map(|form| (*form).clone()).collect(),
            files: self
                .files
                .iter()
                .map(|(path, served)| (path.clone(), (served.hash, served.size, place(&served.form))))
                .collect(),
            stories: self.stories.clone(),
            history: self.history.clone(),
            kept: self.kept.clone(),
            unsure: self.unsure.clone(),
        };
        let json = serde_json::to_vec(&packed).expect("all keys are texts");
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(&json).expect("memory takes everything");
        gzip.finish().expect("memory takes everything")
    }

    /// A record that was [packed](Self::pack); otherwise what is wrong with it.
    pub fn unpack(bytes: &[u8]) -> Result<Self, String> {
        let mut json = Vec::new();
        let read = GzDecoder::new(bytes).take(MAX_BYTES).read_to_end(&mut json);
        read.map_err(|error| error.to_string())?;
        let format: Format = serde_json::from_slice(&json).map_err(|error| error.to_string())?;
        if format.format > FORMAT {
            return Err("a newer version of nutgraf wrote it".to_owned());
        }
        let packed: Packed = serde_json::from_slice(&json).map_err(|error| error.to_string())?;
        let plain =
            |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') && !text.is_empty();
        let all = || packed.history.iter().chain([&packed.record]);
        if let Some(id) = all().map(|record| &record.id).find(|id| !plain(id)) {
            return Err(format!("it names a deploy `{id}`, which is none"));
        }
        if let Some(kept) = packed.kept.values().find(|kept| !is_inside(&kept.at)) {
            return Err(format!("it names `{}`, where nothing is kept", kept.at));
        }
        let mut files = BTreeMap::new();
        for (path, (hash, size, form)) in packed.files {
            let form = packed.forms.get(form).ok_or("it names headers that it does not have")?.clone();
            if !is_inside(&path) {
                return Err(format!("it names `{path}`, which is no file of a site"));
            }
            files.insert(path, Served { hash, size, form });
        }
        Ok(Self {
            record: packed.record,
            files,
            stories: packed.stories,
            history: packed.history,
            kept: packed.kept,
            unsure: packed.unsure,
        })
    }
}

/// Whether a path stays below where it begins.
fn is_inside(path: &str) -> bool {
    path.split('/').all(|part| !part.is_empty() && part != "." && part != "..")
        && !path.chars().any(|c| c.is_control() || cfg!(windows) && c == '\\')
}

/// The part of a record that says how to read the rest.
#[derive(Deserialize)]
struct Format {
    format: u32,
}

/// A record as it travels: what many files have in common stands once.
#[derive(Serialize, Deserialize)]
struct Packed {
    format: u32,
    record: Record,
    forms: Vec<Form>,
    files: BTreeMap<String, (Digest, u64, usize)>,
    stories: BTreeMap<String, Story>,
    history: Vec<Record>,
    kept: BTreeMap<String, Kept>,
    #[serde(default)]
    unsure: Vec<String>,
}

mod encoding {
    //! An encoding by the name that HTTP gives it.

    use serde::{Deserialize, Deserializer, Serializer};

    use crate::config::deploy::Encoding;

    #[expect(clippy::ref_option, clippy::trivially_copy_pass_by_ref, reason = "serde gives it like this")]
    pub fn serialize<S: Serializer>(encoding: &Option<Encoding>, serializer: S) -> Result<S::Ok, S::Error> {
        match encoding {
            None => serializer.serialize_none(),
            Some(encoding) => serializer.serialize_str(encoding.name()),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Encoding>, D::Error> {
        let name = Option::<String>::deserialize(deserializer)?;
        Ok([Encoding::Gzip, Encoding::Brotli].into_iter().find(|known| name.as_deref() == Some(known.name())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_comes_back_as_it_was() {
        let served = |text: &str, kind| Served {
            hash: Digest::of(text.as_bytes()),
            size: text.len() as u64,
            form: Form {
                kind,
                media_type: "text/html".into(),
                cache: "no-cache".into(),
                encoding: (kind == Kind::Page).then_some(Encoding::Gzip),
            },
        };
        let files: BTreeMap<String, Served> =
            [("a/index.html", Kind::Page), ("index.html", Kind::Front), ("x.png", Kind::File)]
                .into_iter()
                .map(|(path, kind)| (path.to_owned(), served(path, kind)))
                .collect();
        let content = Manifest::content_of(&files);
        let record = Record {
            id: "20230911-100000-abc".into(),
            when: Timestamp::UNIX_EPOCH,
            clock: Timestamp::UNIX_EPOCH,
            revision: Some("abc".into()),
            back_to: None,
            files: files.len(),
            content,
        };
        let story = Story {
            source: "content/pages/a.md".into(),
            hash: Digest::of(b"a"),
            text: Digest::of(b"b"),
            updated: Some(Timestamp::UNIX_EPOCH),
            corrections: Digest::of(b""),
        };
        let manifest = Manifest {
            history: vec![record.clone()],
            record,
            stories: BTreeMap::from([("a/index.html".to_owned(), story)]),
            kept: BTreeMap::from([(
                files["x.png"].key(),
                Kept { since: Timestamp::UNIX_EPOCH, at: "kept/1".into() },
            )]),
            unsure: vec!["index.html".into()],
            files,
        };
        assert_eq!(Manifest::unpack(&manifest.pack()), Ok(manifest));
    }

    #[test]
    fn a_damaged_record_is_refused_and_never_leads_out_of_a_site() {
        assert!(Manifest::unpack(b"").is_err());
        assert!(Manifest::unpack(b"not packed").is_err());
        let evil = br#"{"format":1,"record":{"id":"x","when":"1970-01-01T00:00:00Z","clock":"1970-01-01T00:00:00Z","files":1,
            "content":"00000000000000000000000000000000"},"forms":[{"kind":"page","type":"a","cache":"b"}],
            "files":{"../x":["00000000000000000000000000000000",1,0]},"stories":{},"history":[],"kept":{}}"#;
        let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
        packer.write_all(evil).expect("memory");
        let error = Manifest::unpack(&packer.finish().expect("memory")).expect_err("it leads out");
        assert!(error.contains("../x"), "{error}");
    }
}
