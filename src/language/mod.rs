//! What belongs to one language: its interface strings and plurals, its run-in heads, its dates, its letters.

pub mod dates;
pub mod excerpt;
pub mod heads;
pub mod letters;
pub mod strings;
pub mod usage;

use std::collections::BTreeMap;

pub use heads::Heads;
pub use strings::Strings;

/// Everything Nutgraf knows of one language.
pub struct Language {
    /// Its BCP 47 code, as in file names: `kk`.
    pub code: String,
    /// Interface strings.
    pub strings: Strings,
    /// Date formatters.
    pub dates: dates::DateFormats,
}

/// The languages of a site by their code.
pub type Languages = BTreeMap<String, Language>;

/// Two- and three-letter codes that a file name's suffix is taken for a language by, whether or not the
/// site has it. `kz`, `ua` and the like are countries: listed so that the error can say what was meant.
pub fn is_language_code(suffix: &str) -> bool {
    const CODES: &[&str] = &[
        "ab", "af", "am", "ar", "az", "ba", "be", "bg", "bn", "bs", "ca", "cs", "cv", "cy", "da", "de", "el",
        "en", "eo", "es", "et", "eu", "fa", "fi", "fr", "ga", "gl", "gu", "he", "hi", "hr", "hu", "hy", "id",
        "is", "it", "ja", "jp", "ka", "kg", "kk", "km", "kn", "ko", "ku", "ky", "kz", "la", "lt", "lv", "mk",
        "ml", "mn", "mr", "ms", "my", "nb", "ne", "nl", "nn", "no", "os", "pa", "pl", "ps", "pt", "ro", "ru",
        "sk", "sl", "sq", "sr", "sv", "sw", "ta", "te", "tg", "th", "tj", "tk", "tr", "tt", "ua", "ug", "uk",
        "ur", "uz", "vi", "yi", "zh", "kaa", "sah", "tyv",
    ];
    CODES.contains(&suffix)
}

/// The language meant by a country's code.
pub fn meant_by(code: &str) -> Option<&'static str> {
    match code {
        "kz" => Some("kk"),
        "ua" => Some("uk"),
        "kg" => Some("ky"),
        "tj" => Some("tg"),
        "jp" => Some("ja"),
        _ => None,
    }
}
