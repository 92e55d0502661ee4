//! The keys of nutgraf.yaml: what [`super::read`] reads, and what editors offer.

use super::outputs::ARTICLES;
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
    key("publisher", Shape::Group(&[PUBLISHER]), "Who publishes the site."),
    key("cards", Shape::Flag, "Whether briefings and explainers have social cards."),
    key("per_page", Shape::Number, "Entries on a page of a list."),
    key("run_in_heads", Shape::Flag, "Whether bold starts may open sections."),
    key("raw_html", Shape::OneOf(&["sanitize", "escape", "allow"]), "What becomes of HTML in the text."),
    key("check", Shape::Group(&[CHECK]), "How the site is checked."),
    key("extra", Shape::Any, "Anything, for templates."),
    key("feed", Shape::Group(&[FEED]), "What feeds hold."),
    key(
        "hosting",
        Shape::List(&Shape::OneOf(&["vercel", "azure", "nginx", "caddy"])),
        "Hosts whose own files are made too.",
    ),
    key(
        "twins",
        Shape::List(&Shape::OneOf(&["markdown", "ninjs", "llms"])),
        "Pages in another form, for machines.",
    ),
    key("search", Shape::Flag, "Whether readers can search the site."),
    key(
        "content_security_policy",
        Shape::Text,
        "The policy that pages are served with; `off` for none, and what fits the templates unless told.",
    ),
    key("security", Shape::Group(&[SECURITY]), "Whom to tell of a hole in the site's security."),
    key(
        "deploy",
        Shape::Map(&Shape::Either(&Shape::Text, &Shape::Group(&[DEPLOY]))),
        "Where the site is shipped, by name; the first is shipped to unless told.",
    ),
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
    key("article", Shape::OneOf(ARTICLES), "The schema.org type of its briefings."),
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

/// The keys of who publishes a site.
pub const PUBLISHER: &[Key] = &[
    key("name", Shape::Text, "Its name; the site's title unless told."),
    key("legal_name", Shape::Text, "Its name in law."),
    key("logo", Shape::Text, "Its logo, a file of static/."),
    key("email", Shape::Text, "Where to write to."),
    key("founded", Shape::Text, "When it was founded: `2019`."),
    key("same_as", Shape::List(&Shape::Text), "The addresses of the same organisation elsewhere."),
    key("policies", Shape::Group(&[POLICIES]), "The pages on which it says how it works."),
];

/// The keys of a newsroom's policies, each the address of a page.
pub const POLICIES: &[Key] = &[
    key("principles", Shape::Text, "What it holds itself to."),
    key("corrections", Shape::Text, "How it corrects what was wrong."),
    key("ethics", Shape::Text, "Its ethics."),
    key("fact_checking", Shape::Text, "How it checks facts."),
    key("unnamed_sources", Shape::Text, "When it does not name a source."),
    key("bylines", Shape::Text, "Why some texts name no author."),
    key("ownership", Shape::Text, "Who owns and pays for it."),
    key("coverage", Shape::Text, "What it covers first."),
    key("masthead", Shape::Text, "Who works there."),
    key("feedback", Shape::Text, "How readers can answer."),
    key("diversity", Shape::Text, "Whom it hires and hears."),
];

/// The keys of feeds.
pub const FEED: &[Key] = &[
    key("items", Shape::Number, "How many entries a feed has at most; 50 unless told."),
    key("full_text", Shape::Flag, "Whether entries have their whole text."),
    key("hub", Shape::Text, "The WebSub hub that tells subscribers of changes: https://…"),
];

/// The keys of `security.txt`.
pub const SECURITY: &[Key] = &[
    required("contact", Shape::List(&Shape::Text), "Where to write to: `mailto:security@example.org`."),
    required("expires", Shape::Moment, "When this is no longer true, at most a year ahead."),
    key("policy", Shape::Text, "The address of the policy."),
    key("encryption", Shape::Text, "The address of a key."),
];

/// The keys of a place the site is shipped to.
pub const DEPLOY: &[Key] = &[
    required(
        "to",
        Shape::Text,
        "Where: `s3://bucket/folder`, `gs://…`, `azblob://…`, `file:…`, `git+https://…#branch`, `rsync://…`, `ssh://…`.",
    ),
    key("endpoint", Shape::Text, "The server of a bucket, unless it is its vendor's own."),
    key("region", Shape::Text, "The region of a bucket."),
    key("path_style", Shape::Flag, "Whether the bucket stands in the path of addresses, not in the host."),
    key("records", Shape::Text, "The folder of the bucket for records and what is kept."),
    key("history", Shape::OneOf(&["keep", "single"]), "Whether a branch keeps its history."),
    key("url", Shape::Text, "The address readers see there, when it is not the site's own."),
    key("cache", Shape::List(&Shape::Group(&[DEPLOY_CACHE])), "What is sent with some files."),
    key(
        "compress",
        Shape::List(&Shape::OneOf(&["gzip", "br", "brotli"])),
        "Forms in which texts are stored, where the host does not compress.",
    ),
    key(
        "max_deletes",
        Shape::Either(&Shape::Number, &Shape::Form(r"^\s*\d+\s*%?\s*$")),
        "How many files a deploy may delete without being told to: `20%`.",
    ),
    key("keep", Shape::Text, "For how long what was replaced is kept: `30 days`, or `off`."),
    key("connections", Shape::Number, "How many requests are under way at once; 16 unless told."),
    key("purge", Shape::Group(&[DEPLOY_PURGE]), "Whose copies are called back afterwards."),
    key("websub", Shape::Flag, "Whether the hub of the feeds is told afterwards."),
];

/// The keys of what is sent with some files.
pub const DEPLOY_CACHE: &[Key] = &[
    required("match", Shape::Text, "The addresses: `/fonts/**`."),
    key("control", Shape::Text, "`Cache-Control`."),
    key("type", Shape::Text, "`Content-Type`."),
];

/// The keys of whose copies are called back.
pub const DEPLOY_PURGE: &[Key] = &[
    key("cloudfront", Shape::Text, "The id of a distribution of Amazon CloudFront."),
    key("cloudflare", Shape::Text, "The id of a zone of Cloudflare."),
    key("fastly", Shape::Text, "The id of a service of Fastly."),
    key("command", Shape::Text, "A command, which gets the addresses, a line each."),
];
