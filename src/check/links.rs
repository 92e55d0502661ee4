//! Addresses of other sites that cannot be right. Nothing is asked of the network.

use super::Story;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::catalog::editorial as say;
use crate::diagnostic::nearest::nearest;

/// Kinds of addresses that people write links to.
const SCHEMES: &[&str] = &[
    "http", "https", "mailto", "tel", "sms", "geo", "ftp", "ftps", "xmpp", "matrix", "magnet", "tg",
    "signal", "whatsapp", "webcal", "news", "irc", "ircs", "bitcoin", "ipfs", "gemini", "sip",
];

/// Links to other sites that are no addresses.
pub fn addresses(story: &Story<'_>, d: &mut Vec<Diagnostic>) {
    let document = story.document();
    let image = document.front.image.iter().map(|image| &image.src);
    let files = document.facts.files.iter().chain(image);
    for link in document.facts.links.iter().chain(&document.front.urls).chain(files) {
        if let Some(what) = wrong(&link.value) {
            d.push(say::bad_link(story.span(&link.at), &link.value, &what));
        }
    }
}

/// What is wrong with the address of another site; nothing for one of this site.
fn wrong(written: &str) -> Option<String> {
    let (scheme, rest) = written.split_once(':')?;
    let is_scheme =
        !scheme.is_empty() && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+.-".contains(c));
    if !is_scheme || !scheme.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return None;
    }
    let scheme = scheme.to_ascii_lowercase();
    if !SCHEMES.contains(&scheme.as_str()) {
        // Others may be addresses of programs that nobody here has heard of.
        let meant = nearest(&scheme, ["https", "http", "mailto"]);
        return meant.map(|meant| format!("did you mean `{meant}:`?"));
    }
    if !matches!(scheme.as_str(), "http" | "https" | "ftp" | "ftps") {
        return rest.trim().is_empty().then(|| "nothing follows the colon".into());
    }
    let Some(after) = rest.strip_prefix("//") else {
        return Some(format!("`{scheme}:` is followed by `//`"));
    };
    if after.starts_with('/') {
        return Some("a host follows `//`".into());
    }
    let Ok(url) = url::Url::parse(written) else {
        return Some("its host cannot be read".into());
    };
    let host = url.host_str().unwrap_or_default();
    let is_number = matches!(url.host(), Some(url::Host::Ipv4(_) | url::Host::Ipv6(_)));
    if after.starts_with("http") && after.contains("//") && !host.contains('.') {
        return Some("`http` stands in it twice".into());
    }
    let labels = host.trim_end_matches('.').split('.');
    if host != "localhost" && !is_number && (labels.clone().count() < 2 || labels.clone().any(str::is_empty))
    {
        return Some(format!("`{host}` is no host"));
    }
    None
}
