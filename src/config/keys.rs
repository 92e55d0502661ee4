//! The keys of nutgraf.yaml: what [`super::read`] reads, and what editors offer.

use crate::fields::shape::{Key, Keys, Reference, Shape, key, required};

/// The keys of nutgraf.yaml.
pub const SETTINGS: Keys = &[&[
    required("title", Shape::Text, "The site's name."),
    required("url", Shape::Text, "Where the site will be: https://… It may have a path."),
    key("language", Shape::Text, "The default language's code; `en` unless told."),
    key("timezone", Shape::Text, "The time zone of dates without an offset: `Asia/Almaty`."),
    key("description", Shape::Text, "What the site is, in a sentence."),
    key("languages", Shape::Map(&Shape::Group(&[LANGUAGE])), "Further languages by their codes."),
    key("sections", Shape::Map(&Shape::Group(&[SECTION])), "The sections of the newsroom, by id."),
    key("menu", Shape::List(&Shape::Group(&[MENU_ITEM])), "The menu."),
    key("home", Shape::Group(&[HOME]), "What the front page shows."),
    key("theme", Shape::Group(&[THEME]), "Colours, logo, typeface and style sheets."),
    key("budget", Shape::Group(&[BUDGET]), "What a page may weigh."),
    key("pictures", Shape::Group(&[PICTURES]), "How pictures are made."),
    key(
        "heads",
        Shape::Map(&Shape::Map(&Shape::Reference(Reference::Component))),
        "Run-in heads of the site, by language: what each opens.",
    ),
    key("permalinks", Shape::Group(&[PERMALINKS]), "The patterns of addresses."),
    key("front_matter", Shape::Group(&[FRONT_MATTER]), "Keys of front matter that have other names."),
    key("publisher", Shape::Any, "Who publishes the site."),
    key("cards", Shape::Flag, "Whether briefings and explainers have social cards."),
    key("per_page", Shape::Number, "Entries on a page of a list."),
    key("run_in_heads", Shape::Flag, "Whether bold starts may open sections."),
    key("raw_html", Shape::OneOf(&["sanitize", "escape", "allow"]), "What becomes of HTML in the text."),
    key("check", Shape::Group(&[CHECK]), "How the site is checked."),
    key("extra", Shape::Any, "Anything, for templates."),
    key("feed", Shape::Any, "Kept for later versions."),
    key("hosting", Shape::Any, "Kept for later versions."),
    key("twins", Shape::Any, "Kept for later versions."),
    key("deploy", Shape::Any, "Kept for later versions."),
]];

/// The keys of a language.
pub const LANGUAGE: &[Key] = &[
    key("title", Shape::Text, "The site's name in this language."),
    key("description", Shape::Text, "What the site is, in this language."),
];

/// The keys of a section.
pub const SECTION: &[Key] = &[
    key("title", Shape::Text, "Its name."),
    key("titles", Shape::Map(&Shape::Text), "Its name by language."),
    key("article", Shape::Text, "The schema.org type of its briefings."),
    key("permalink", Shape::Text, "The pattern of its briefings' addresses."),
];

/// The keys of an entry of the menu.
pub const MENU_ITEM: &[Key] = &[
    key("title", Shape::Text, "Its text."),
    key("titles", Shape::Map(&Shape::Text), "Its text by language."),
    required("url", Shape::Text, "Where it leads: from the site's root, or a whole address."),
];

/// The keys of the front page.
pub const HOME: &[Key] = &[
    key("sections", Shape::List(&Shape::Reference(Reference::Section)), "Its sections; all unless told."),
    key("topics", Shape::List(&Shape::Reference(Reference::Topic)), "Its topics."),
];

const COLOUR: Shape = Shape::Form("^#([0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})$");

/// The keys of the look.
pub const THEME: &[Key] = &[
    key("accent", COLOUR, "The accent colour: \"#1f6f78\"."),
    key("masthead", COLOUR, "The colour of the masthead's ground."),
    key("font", Shape::OneOf(super::FONTS), "A typeface that comes with the program."),
    key("logo", Shape::Text, "The logo, a file of static/."),
    key("css", Shape::List(&Shape::Text), "Further style sheets, files of static/."),
];

/// The keys of the budget.
pub const BUDGET: &[Key] = &[key(
    "page",
    Shape::Either(&Shape::Number, &Shape::Form(r"^\s*\d+\s*([BbKkMm]|[KkMm][Bb]|[KkMm][Ii][Bb])?\s*$")),
    "What a page may weigh, compressed: `14KB`.",
)];

/// The keys of pictures.
pub const PICTURES: &[Key] = &[key("avif", Shape::Flag, "Whether pictures are offered in AVIF too.")];

/// The keys of addresses.
pub const PERMALINKS: &[Key] =
    &[key("briefings", Shape::Text, "A briefing's address: `/{year}/{month}/{slug}/`.")];

/// The keys of front matter.
pub const FRONT_MATTER: &[Key] = &[
    key("rename", Shape::Map(&Shape::Text), "Keys by the name they have here: `tags: topics`."),
    key("ignore", Shape::List(&Shape::Text), "Keys that are somebody else's."),
];

/// The keys of checking.
pub const CHECK: &[Key] = &[
    key(
        "rules",
        Shape::By(
            Reference::Message,
            &Shape::Either(&Shape::OneOf(&["off", "warning", "error"]), &Shape::Flag),
        ),
        "How much each message matters.",
    ),
    key("stale_after", Shape::Number, "After how many days an explainer without `review_by` is due."),
    key("acronyms", Shape::List(&Shape::Text), "Acronyms that every reader knows."),
    key(
        "quotation_marks",
        Shape::Map(&Shape::Text),
        "The quotation marks of the house, by language: \"«»\".",
    ),
];
