//! What was made once and would be made the same again: `.nutgraf/cache/` in the site's folder, by a key that
//! names everything it was made from. An entry that is not what was put there is made again; the folder may
//! be deleted at any time.
#![expect(clippy::disallowed_methods, reason = "this room alone reads and writes the cache")]

use std::fs;
use std::path::{Path, PathBuf};

/// How many bytes of an entry say what the others must be.
const SEAL: usize = blake3::OUT_LEN;

/// The cache of a site, or none at all.
#[derive(Clone, Debug, Default)]
pub struct Cache {
    folder: Option<PathBuf>,
    /// Whether nothing new is kept.
    only_read: bool,
}

impl Cache {
    /// The cache of the site in a folder.
    pub fn of(site: &Path) -> Self {
        Self { folder: Some(site.join(".nutgraf").join("cache")), only_read: false }
    }

    /// The same for who may write nothing.
    pub fn to_read(site: &Path) -> Self {
        Self { only_read: true, ..Self::of(site) }
    }

    /// What is kept under a key.
    pub fn get(&self, key: &str) -> Option<Vec<u8>> {
        let mut entry = fs::read(self.file(key)?).ok()?;
        let seal = entry.get(..SEAL)?.to_vec();
        let content = entry.split_off(SEAL);
        (seal == *seal_of(key, &content).as_bytes()).then_some(content)
    }

    /// Keeps something under a key. What cannot be kept is made again the next time.
    pub fn put(&self, key: &str, content: &[u8]) {
        let Some(file) = self.file(key).filter(|_| !self.only_read) else { return };
        let Some(folder) = file.parent() else { return };
        let mut entry = seal_of(key, content).as_bytes().to_vec();
        entry.extend_from_slice(content);
        // Another process may write the same entry: each has a name of its own until it is whole.
        let new = file.with_extension(format!("{}-{:?}", std::process::id(), std::thread::current().id()));
        let written = fs::create_dir_all(folder).and_then(|()| fs::write(&new, &entry));
        if written.and_then(|()| fs::rename(&new, &file)).is_err() {
            let _ = fs::remove_file(&new);
        }
    }

    /// What is kept under a key, or is made and then kept.
    ///
    /// # Errors
    /// When it is not kept and cannot be made.
    pub fn get_or_make<E>(&self, key: &str, make: impl FnOnce() -> Result<Vec<u8>, E>) -> Result<Vec<u8>, E> {
        if let Some(content) = self.get(key) {
            return Ok(content);
        }
        let content = make()?;
        self.put(key, &content);
        Ok(content)
    }

    fn file(&self, key: &str) -> Option<PathBuf> {
        let name = blake3::hash(key.as_bytes()).to_hex();
        Some(self.folder.as_ref()?.join(&name[..2]).join(&name[2..34]))
    }
}

/// What an entry begins with: a hash of its key and content, so that one that was damaged, cut short or put
/// in another's place is not taken.
fn seal_of(key: &str, content: &[u8]) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    hasher.update(key.as_bytes()).update(&[0]).update(content);
    hasher.finalize()
}
