//! Letters to addresses: Cyrillic is transliterated by one table a language, so that a headline can become
//! a slug of lower-case ASCII letters, digits and hyphens.

/// The longest slug in letters: file systems take parts of 255 bytes.
const LONGEST: usize = 200;

/// Text as a slug in a language: `Что известно?` becomes `chto-izvestno`. `None` when a letter of another
/// script has no transliteration, or nothing is left.
pub fn slug(text: &str, language: &str) -> Option<String> {
    let mut slug = String::with_capacity(text.len());
    for letter in text.chars().flat_map(char::to_lowercase) {
        if letter.is_ascii_alphanumeric() {
            slug.push(letter);
        } else if is_apostrophe(letter) || is_combining(letter) {
        } else if let Some(latin) = transliterate(letter, language).or_else(|| plain(letter)) {
            slug.push_str(latin);
        } else if letter.is_alphanumeric() {
            return None;
        } else if !slug.ends_with('-') && !slug.is_empty() {
            slug.push('-');
        }
    }
    slug.truncate(LONGEST);
    while slug.ends_with('-') {
        slug.pop();
    }
    (!slug.is_empty()).then_some(slug)
}

/// Whether a text already is a slug.
pub fn is_slug(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with('-')
        && !text.ends_with('-')
        && text.len() <= LONGEST
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

fn is_apostrophe(letter: char) -> bool {
    matches!(letter, '\'' | '’' | '‘' | 'ʼ' | '`' | 'ʹ' | 'ь' | 'ъ')
}

fn is_combining(letter: char) -> bool {
    matches!(letter, '\u{300}'..='\u{36f}')
}

/// One Cyrillic letter in Latin letters. Russian as in passports without diacritics; Kazakh and Ukrainian
/// where they differ from it.
fn transliterate(letter: char, language: &str) -> Option<&'static str> {
    let own = match (language, letter) {
        ("kk", 'и' | 'й') => Some("i"),
        ("kk", 'у' | 'ұ' | 'ү') => Some("u"),
        ("kk", 'х' | 'һ') | ("uk", 'г') => Some("h"),
        ("kk", 'щ') => Some("shsh"),
        ("kk", 'ю') => Some("yu"),
        ("uk", 'и') => Some("y"),
        ("uk", 'х') => Some("kh"),
        ("uk", 'щ') => Some("shch"),
        _ => None,
    };
    own.or(Some(match letter {
        'а' | 'ә' => "a",
        'б' => "b",
        'в' => "v",
        'г' | 'ғ' | 'ґ' => "g",
        'д' => "d",
        'е' | 'ё' | 'э' => "e",
        'ж' => "zh",
        'з' => "z",
        'и' | 'і' | 'ї' | 'й' => "i",
        'є' => "ie",
        'к' => "k",
        'қ' => "q",
        'л' => "l",
        'м' => "m",
        'н' => "n",
        'ң' => "ng",
        'о' | 'ө' => "o",
        'п' => "p",
        'р' => "r",
        'с' => "s",
        'т' => "t",
        'у' | 'ұ' | 'ү' => "u",
        'ф' => "f",
        'х' => "kh",
        'һ' => "h",
        'ц' => "ts",
        'ч' => "ch",
        'ш' => "sh",
        'щ' => "shch",
        'ы' => "y",
        'ю' => "iu",
        'я' => "ia",
        _ => return None,
    }))
}

/// A Latin letter with a diacritic without it.
fn plain(letter: char) -> Option<&'static str> {
    Some(match letter {
        'à' | 'á' | 'â' | 'ã' | 'å' | 'ā' | 'ă' | 'ą' => "a",
        'ä' | 'æ' => "ae",
        'ç' | 'ć' | 'č' => "c",
        'ď' | 'đ' | 'ð' => "d",
        'è' | 'é' | 'ê' | 'ë' | 'ē' | 'ę' | 'ě' | 'ė' | 'ə' => "e",
        'ğ' => "g",
        'ì' | 'í' | 'î' | 'ï' | 'ī' | 'ı' => "i",
        'ł' => "l",
        'ñ' | 'ń' | 'ň' => "n",
        'ò' | 'ó' | 'ô' | 'õ' | 'ø' | 'ō' | 'ő' => "o",
        'ö' | 'œ' => "oe",
        'ř' => "r",
        'ś' | 'š' | 'ş' | 'ș' => "s",
        'ß' => "ss",
        'ť' | 'ţ' | 'ț' => "t",
        'ù' | 'ú' | 'û' | 'ū' | 'ů' | 'ű' => "u",
        'ü' => "ue",
        'ý' | 'ÿ' => "y",
        'ź' | 'ż' | 'ž' => "z",
        'þ' => "th",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headlines_become_slugs() {
        let check = |language: &str, text: &str, slug_text: &str| {
            assert_eq!(slug(text, language).as_deref(), Some(slug_text), "{text}");
        };
        check("en", "What do we know about the U.K.?", "what-do-we-know-about-the-u-k");
        check("en", "Azerbaijan’s café", "azerbaijans-cafe");
        check("ru", "Что известно об объекте?", "chto-izvestno-ob-obekte");
        check("kk", "Қазақстан үшін маңызы қандай?", "qazaqstan-ushin-mangyzy-qandai");
        check("uk", "Київ і Харків", "kyiv-i-kharkiv");
    }

    #[test]
    fn other_scripts_need_a_slug_of_their_own() {
        assert_eq!(slug("東京", "ja"), None);
        assert_eq!(slug("…", "en"), None);
    }
}
