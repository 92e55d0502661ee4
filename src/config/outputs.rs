//! The part of nutgraf.yaml about what machines get: who publishes, feeds, files for hosts, twins of pages, search.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;

use super::keys;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::catalog::{front_matter, settings};
use crate::fields::{Fields, Located, Place, Unknown, is_unsafe_url};
use crate::moment::{Moment, Partial};
use crate::yaml::Node;

/// Who publishes a site.
#[derive(Clone, Debug, Default)]
pub struct Publisher {
    /// Its name; the site's title when it has none of its own.
    pub name: Option<String>,
    /// Its name in law.
    pub legal_name: Option<String>,
    /// Its logo, a file of static/.
    pub logo: Option<Located<String>>,
    /// Where to write to.
    pub email: Option<String>,
    /// When it was founded: `2019`, `2019-03-01`.
    pub founded: Option<String>,
    /// The addresses of the same organisation elsewhere.
    pub same_as: Vec<String>,
    /// The pages on which it says how it works.
    pub policies: Vec<(&'static Policy, Located<String>)>,
    /// All of it, for templates.
    pub all: serde_json::Value,
}

/// A page on which a newsroom says how it works.
#[derive(Debug)]
pub struct Policy {
    /// Its key in nutgraf.yaml.
    pub key: &'static str,
    /// The property of a `NewsMediaOrganization` that names it (schema.org).
    pub property: &'static str,
}

/// The policies that schema.org knows of a newsroom.
pub const POLICIES: &[Policy] = &[
    Policy { key: "principles", property: "publishingPrinciples" },
    Policy { key: "corrections", property: "correctionsPolicy" },
    Policy { key: "ethics", property: "ethicsPolicy" },
    Policy { key: "fact_checking", property: "verificationFactCheckingPolicy" },
    Policy { key: "unnamed_sources", property: "unnamedSourcesPolicy" },
    Policy { key: "bylines", property: "noBylinesPolicy" },
    Policy { key: "ownership", property: "ownershipFundingInfo" },
    Policy { key: "coverage", property: "missionCoveragePrioritiesPolicy" },
    Policy { key: "masthead", property: "masthead" },
    Policy { key: "feedback", property: "actionableFeedbackPolicy" },
    Policy { key: "diversity", property: "diversityPolicy" },
];

/// The types of articles that schema.org counts among news.
pub const ARTICLES: &[&str] = &[
    "NewsArticle",
    "AnalysisNewsArticle",
    "AskPublicNewsArticle",
    "BackgroundNewsArticle",
    "OpinionNewsArticle",
    "ReportageNewsArticle",
    "ReviewNewsArticle",
];

/// What feeds hold.
#[derive(Clone, Debug)]
pub struct Feed {
    /// How many entries a feed has at most.
    pub items: usize,
    /// Whether entries have their whole text.
    pub full_text: bool,
    /// The `WebSub` hub that tells subscribers of changes.
    pub hub: Option<String>,
}

impl Default for Feed {
    fn default() -> Self {
        Self { items: 50, full_text: true, hub: None }
    }
}

/// A host whose files are made when they are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host {
    /// `vercel.json`.
    Vercel,
    /// `staticwebapp.config.json`, of Azure Static Web Apps.
    Azure,
    /// A part of the settings of nginx.
    Nginx,
    /// A part of the settings of Caddy.
    Caddy,
}

/// The hosts by their names in nutgraf.yaml.
pub const HOSTS: &[(&str, Host)] =
    &[("vercel", Host::Vercel), ("azure", Host::Azure), ("nginx", Host::Nginx), ("caddy", Host::Caddy)];

/// A page in another form, for machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Twin {
    /// A briefing as plain Markdown.
    Markdown,
    /// A briefing as ninjs 3.1 (IPTC).
    Ninjs,
    /// The site in one text: `/llms.txt`.
    Llms,
}

/// The twins by their names in nutgraf.yaml.
pub const TWINS: &[(&str, Twin)] =
    &[("markdown", Twin::Markdown), ("ninjs", Twin::Ninjs), ("llms", Twin::Llms)];

/// The policy that pages without scripts are served with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContentPolicy {
    /// What fits what the templates load.
    Fitting,
    /// None.
    Off,
    /// As written.
    Own(String),
}

/// Whom to tell of a hole in the site's security: `security.txt` (RFC 9116).
#[derive(Clone, Debug)]
pub struct Security {
    /// Where to write to: `mailto:…`, `https://…`.
    pub contact: Vec<String>,
    /// When this is no longer true.
    pub expires: Located<Moment>,
    /// The address of the policy.
    pub policy: Option<String>,
    /// The address of a key.
    pub encryption: Option<String>,
}

/// Reads `publisher`.
pub fn publisher(place: Place<'_>, node: &Node, d: &mut Vec<Diagnostic>) -> Publisher {
    let mut fields = Fields::new(place, node, &[keys::PUBLISHER], |key| key, d);
    let mut text = |key, d: &mut Vec<Diagnostic>| fields.text(key, d).map(|text| text.value);
    let (name, legal_name) = (text("name", d), text("legal_name", d));
    let email = text("email", d);
    let founded = fields.text("founded", d).and_then(|date| {
        let is_date = Partial::parse(&date.value).is_some();
        if !is_date {
            d.push(front_matter::bad_date(place.span(&date.at), &date.value, "a year or a date"));
        }
        is_date.then_some(date.value)
    });
    let logo = fields.text("logo", d);
    let same_as = fields.texts("same_as", d).into_iter().filter_map(|url| web(place, &url, d)).collect();
    let mut policies = Vec::new();
    if let Some(node) = fields.get("policies") {
        let mut inner = Fields::new(place, node, &[keys::POLICIES], |key| key, d);
        for policy in POLICIES {
            let Some(url) = inner.text(policy.key, d) else { continue };
            if is_unsafe_url(&url.value) {
                d.push(front_matter::unsafe_url(place.span(&url.at), &url.value));
            } else if !url.value.starts_with('/') && !is_web(&url.value) {
                d.push(settings::no_page(place.span(&url.at), &url.value));
            } else {
                policies.push((policy, url));
            }
        }
        inner.finish("`policies`", Unknown::Refuse, &[], d);
    }
    fields.finish("`publisher`", Unknown::Refuse, &[], d);
    Publisher { name, legal_name, logo, email, founded, same_as, policies, all: node.to_json() }
}

/// Reads `feed`.
pub fn feed(place: Place<'_>, node: &Node, d: &mut Vec<Diagnostic>) -> Feed {
    let mut fields = Fields::new(place, node, &[keys::FEED], |key| key, d);
    let default = Feed::default();
    let feed = Feed {
        items: fields.number("items", d).unwrap_or(default.items),
        full_text: fields.flag("full_text", d).unwrap_or(default.full_text),
        hub: fields.text("hub", d).and_then(|hub| web(place, &hub, d)),
    };
    fields.finish("`feed`", Unknown::Refuse, &[], d);
    feed
}

/// Reads a list of words that each stand for something.
pub fn choices<T: Copy>(
    fields: &mut Fields<'_>,
    key: &'static str,
    known: &[(&str, T)],
    d: &mut Vec<Diagnostic>,
) -> Vec<T> {
    let place = fields.place;
    let mut words = fields.texts(key, d);
    // What is asked for twice is made once.
    let mut seen = BTreeSet::new();
    words.retain(|word| seen.insert(word.value.clone()));
    words
        .into_iter()
        .filter_map(|word| {
            let found = known.iter().find(|(name, _)| *name == word.value).map(|(_, choice)| *choice);
            if found.is_none() {
                let names = known.iter().map(|(name, _)| *name);
                d.push(front_matter::bad_choice(place.span(&word.at), &word.value, names));
            }
            found
        })
        .collect()
}

/// Reads `content_security_policy`.
pub fn content_policy(fields: &mut Fields<'_>, d: &mut Vec<Diagnostic>) -> ContentPolicy {
    match fields.text("content_security_policy", d) {
        None => ContentPolicy::Fitting,
        Some(text) if ["off", "false", "no", "none"].contains(&text.value.to_ascii_lowercase().as_str()) => {
            ContentPolicy::Off
        }
        Some(text) => ContentPolicy::Own(text.value.split_whitespace().collect::<Vec<_>>().join(" ")),
    }
}

/// Reads `security`.
pub fn security(place: Place<'_>, node: &Node, zone: &TimeZone, d: &mut Vec<Diagnostic>) -> Option<Security> {
    let mut fields = Fields::new(place, node, &[keys::SECURITY], |key| key, d);
    // Machines want addresses; a person writes one for mail as it is.
    let address = |text: &str| if text.contains(':') { text.to_owned() } else { format!("mailto:{text}") };
    let given = fields.texts("contact", d);
    let mut contact: Vec<String> = Vec::new();
    for text in &given {
        let address = address(&text.value);
        let known = ["mailto:", "https://", "tel:"].iter().any(|scheme| address.starts_with(scheme));
        if known && !address.contains(char::is_whitespace) {
            contact.push(address);
        } else {
            d.push(settings::no_contact(place.span(&text.at), &text.value));
        }
    }
    let expires = fields.text("expires", d).and_then(|text| {
        let moment = Moment::parse(&text.value, zone);
        if moment.is_none() {
            d.push(front_matter::bad_date(place.span(&text.at), &text.value, "a date"));
        }
        Some(Located { value: moment?, at: text.at })
    });
    for (key, missing) in [("contact", given.is_empty()), ("expires", expires.is_none())] {
        if missing {
            let help = "write `{contact: \"mailto:…\", expires: 2027-01-01}`";
            d.push(front_matter::missing_key(place.span(&fields.at), key, "`security`", help));
        }
    }
    let policy = fields.text("policy", d).and_then(|url| web(place, &url, d));
    let encryption = fields.text("encryption", d).map(|url| url.value);
    fields.finish("`security`", Unknown::Refuse, &[], d);
    Some(Security { contact, expires: expires?, policy, encryption })
}

/// An address on the web; anything else is an error.
fn web(place: Place<'_>, url: &Located<String>, d: &mut Vec<Diagnostic>) -> Option<String> {
    if !is_web(&url.value) {
        d.push(settings::not_on_the_web(place.span(&url.at), &url.value));
    }
    is_web(&url.value).then(|| url.value.clone())
}

fn is_web(url: &str) -> bool {
    ["https://", "http://"].iter().any(|scheme| url.starts_with(scheme)) && !url.contains(char::is_whitespace)
}
