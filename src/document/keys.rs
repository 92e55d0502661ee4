//! The keys of front matter, by kind: what [`super::front`] reads, and what editors offer.

use super::identity::Kind;
use crate::fields::shape::{Key, Keys, Reference, Shape, key, required};

/// The keys of a kind.
pub fn of(kind: Kind) -> Keys {
    match kind {
        Kind::Briefing => &[TITLE, COMMON, BRIEFING],
        Kind::Explainer => &[TITLE, COMMON, EXPLAINER],
        Kind::Topic => &[TITLE, COMMON, TOPIC],
        Kind::Author => &[AUTHOR, COMMON],
        Kind::Thread => &[TITLE, COMMON, THREAD],
        Kind::Page => &[TITLE, COMMON],
    }
}

const TITLE: &[Key] = &[required("title", Shape::Text, "The headline.")];

const COMMON: &[Key] = &[
    key("updated", Shape::Moment, "The last change that readers should know of."),
    key("description", Shape::Text, "The standfirst under the headline, also for lists and search engines."),
    key(
        "image",
        Shape::Either(&Shape::Text, &Shape::Group(IMAGE)),
        "The lead picture: a file, or a file with its words.",
    ),
    key("draft", Shape::Flag, "Whether it is unfinished; it is not published then."),
    key("embargo", Shape::Moment, "Not published before this moment."),
    key("expires", Shape::Moment, "Not published from this moment on."),
    key(
        "slug",
        Shape::Form("^[a-z0-9]([a-z0-9-]*[a-z0-9])?$"),
        "Its part of the address, instead of the file name.",
    ),
    key("aliases", Shape::List(&Shape::Text), "Old addresses that lead to this page."),
    key("extra", Shape::Any, "Anything, for templates."),
    key(
        "allow",
        Shape::By(Reference::Message, &Shape::Text),
        "Messages that this file may give, each with the reason.",
    ),
];

const BRIEFING: &[Key] = &[
    key("date", Shape::Moment, "First publication."),
    key("section", Shape::Reference(Reference::Section), "The section it belongs to."),
    key("kicker", Shape::Text, "The label over the headline."),
    key("authors", Shape::List(&Shape::Reference(Reference::Author)), "People, by id or by name."),
    key("byline", Shape::Text, "A role instead of a person."),
    key("dateline", Shape::Text, "The place of filing."),
    key("topics", Shape::List(&Shape::Reference(Reference::Topic)), "Topics, by id or by name."),
    key("thread", Shape::Reference(Reference::Thread), "The running story it belongs to."),
    key(
        "explainers",
        Shape::List(&Shape::Either(&Shape::Reference(Reference::Explainer), &Shape::Group(&[SHOWN]))),
        "Explainers shown after the text.",
    ),
    key(
        "related",
        Shape::List(&Shape::Reference(Reference::Briefing)),
        "The first entries of \"Read also\".",
    ),
    key("sources", SOURCES, "Where the facts come from."),
    key("corrections", Shape::List(&Shape::Group(&[CORRECTION])), "What was wrong, and what is right."),
    key("pin", Shape::Moment, "It leads the front page until this moment."),
    key("minor", Shape::Flag, "Whether the last change is a typo."),
    key("run_in_heads", Shape::Flag, "Whether bold starts may open sections in this text."),
];

const EXPLAINER: &[Key] = &[
    key("as_of", Shape::Moment, "The date its facts are of."),
    key("summary", Shape::Text, "Itself in two or three sentences."),
    key("topics", Shape::List(&Shape::Reference(Reference::Topic)), "Topics, by id or by name."),
    key("owner", Shape::Reference(Reference::Author), "Who keeps it."),
    key("review_by", Shape::Moment, "When somebody must look at it again."),
    key("sources", SOURCES, "Where the facts come from."),
    key("run_in_heads", Shape::Flag, "Whether bold starts may open sections in this text."),
    key("changes", Shape::List(&Shape::Group(&[CHANGE])), "What changed, and when."),
];

const TOPIC: &[Key] =
    &[key("explainer", Shape::Reference(Reference::Explainer), "The explainer shown on its page.")];

const THREAD: &[Key] = &[
    key("explainer", Shape::Reference(Reference::Explainer), "The explainer shown on its page."),
    key("status", Shape::Text, "How the story stands."),
];

const AUTHOR: &[Key] = &[
    key("name", Shape::Text, "The name."),
    key("title", Shape::Alias("name"), "The name, as others call it."),
    key("role", Shape::Text, "What they do."),
    key(
        "links",
        Shape::List(&Shape::Either(&Shape::Text, &Shape::Group(&[LINK]))),
        "Where else to find them.",
    ),
];

/// The keys of a picture.
pub const IMAGE: Keys = &[&[
    key("src", Shape::Text, "The file: beside this one, or in static/ (`/photo.jpg`)."),
    key("alt", Shape::Text, "What is on it, for those who do not see it."),
    key("caption", Shape::Text, "What is on it, for everybody."),
    key("credit", Shape::List(&Shape::Text), "Whom to thank."),
    key("creator", Shape::Text, "Who made it."),
    key("license", Shape::Text, "Under what licence."),
    key("license_url", Shape::Text, "Where the licence stands."),
    key("acquire_url", Shape::Text, "Where a licence can be had."),
    key(
        "focus",
        Shape::Form(
            r"^\s*((100|\d{1,2})%|left|right|top|bottom|center)(\s+((100|\d{1,2})%|left|right|top|bottom|center))?\s*$",
        ),
        "What must stay in view when it is cropped: `30% 20%`, `left top`.",
    ),
    key("decorative", Shape::Flag, "Whether it says nothing that the text does not."),
]];

/// The keys of an explainer that is shown.
pub const SHOWN: &[Key] = &[
    required("ref", Shape::Reference(Reference::Explainer), "The explainer."),
    key("version", Shape::Text, "The date of a version, or `latest`."),
    key("show", Shape::OneOf(&["summary", "full", "collapsed"]), "How it is shown."),
];

const SOURCES: Shape = Shape::List(&Shape::Either(&Shape::Text, &Shape::Group(&[SOURCE])));

/// The keys of a source.
pub const SOURCE: &[Key] = &[
    key("title", Shape::Text, "What it is."),
    key("url", Shape::Text, "Where it is."),
    key("publisher", Shape::Text, "Whose it is."),
    key("date", Shape::Text, "When it was published, at its precision."),
];

/// The keys of a correction.
pub const CORRECTION: &[Key] = &[
    required("date", Shape::Moment, "When it was corrected."),
    required("text", Shape::Text, "What was wrong and what is right."),
    key("kind", Shape::OneOf(&["correction", "clarification", "update"]), "What kind of change it is."),
];

/// The keys of a change of an explainer.
pub const CHANGE: &[Key] =
    &[required("date", Shape::Moment, "When."), required("text", Shape::Text, "What changed.")];

/// The keys of a link.
pub const LINK: &[Key] =
    &[key("title", Shape::Text, "The text."), required("url", Shape::Text, "The address.")];
