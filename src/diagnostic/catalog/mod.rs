//! Every diagnostic Nutgraf can give, each made by one function and named by one [`Code`]. The functions
//! are grouped by what they speak of; a new one is a variant here, its function, and its case in tests/.

pub mod components;
pub mod editorial;
pub mod files;
pub mod front_matter;
pub mod settings;
pub mod site;
pub mod templates;
pub mod text;

use super::{Diagnostic, Severity, Span};

/// What a code is about, which decides whether a site may change how much it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nature {
    /// Nothing can be published while it is there.
    Error,
    /// Something is probably not meant.
    Warning,
    /// The one or the other, by where it stands.
    Either,
    /// A rule for editors, which `check` looks at.
    Rule,
    /// Such a rule that is off until a site turns it on.
    QuietRule,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $nature:ident;)*) => {
        /// The stable names of the diagnostics; each has an entry in docs/diagnostics.md.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $($(#[$doc])* $variant,)* }

        impl Code {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name as printed.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What it is about.
            pub fn nature(self) -> Nature {
                match self { $(Self::$variant => Nature::$nature,)* }
            }
        }
    };
}

codes! {
    // files
    /// A file could not be read.
    Unreadable = "unreadable", Error;
    /// A text file is not UTF-8.
    NotUtf8 = "not-utf8", Error;
    /// A text file is larger than any story.
    TooLarge = "too-large", Error;
    /// A symbolic link leads out of the site.
    SymlinkOut = "symlink-out", Error;
    /// A data file is malformed.
    DataMalformed = "data-malformed", Error;
    /// Two data files have one name.
    DataTwice = "data-twice", Error;
    /// A file of content/ lies where no kind of document is.
    Misplaced = "misplaced-file", Warning;
    // front matter
    /// A file has no front matter.
    FrontMatterMissing = "front-matter-missing", Error;
    /// The front matter is never closed.
    FrontMatterUnclosed = "front-matter-unclosed", Error;
    /// The front matter is not YAML.
    YamlMalformed = "yaml-malformed", Error;
    /// The YAML is indented with a tab.
    YamlTab = "yaml-tab", Error;
    /// A value needs quotes.
    YamlQuotes = "yaml-quotes", Error;
    /// The YAML is too large when expanded.
    YamlBudget = "yaml-budget", Error;
    /// A key stands twice.
    DuplicateKey = "duplicate-key", Error;
    /// A key that no document of this kind has.
    UnknownKey = "unknown-key", Either;
    /// A required key is missing.
    MissingKey = "missing-key", Error;
    /// A value has the wrong type.
    WrongType = "wrong-type", Error;
    /// One name with a comma where a list was meant.
    CommaList = "comma-list", Warning;
    /// A date that is none.
    BadDate = "bad-date", Error;
    /// A value that is not one of a few.
    BadChoice = "bad-choice", Error;
    /// A value is far longer than what it stands for.
    TooLong = "too-long", Error;
    /// Text after ` #` is a comment.
    CommentCut = "comment-cut", Warning;
    /// A slug or an id that cannot be an address.
    BadSlug = "bad-slug", Error;
    /// An alias that is not a path of the site.
    BadAlias = "bad-alias", Error;
    /// A link that browsers would run.
    UnsafeUrl = "unsafe-url", Either;
    // text
    /// A directive that cannot be read.
    DirectiveMalformed = "directive-malformed", Error;
    /// A directive's block is never closed.
    DirectiveUnclosed = "directive-unclosed", Error;
    /// A `:::` closes nothing.
    DirectiveStray = "directive-stray", Error;
    /// A directive stands inside a quotation or a list.
    DirectiveNested = "directive-nested", Error;
    /// Blocks are nested too deeply.
    DirectiveDepth = "directive-depth", Error;
    /// `**` is left standing as text.
    StrayStars = "stray-stars", Warning;
    /// A link or a picture that stays as it was typed.
    StrayBrackets = "stray-brackets", Warning;
    /// A heading made by `---` under a paragraph.
    AccidentalHeading = "accidental-heading", Warning;
    /// A footnote that nobody wrote.
    FootnoteMissing = "footnote-missing", Warning;
    /// An HTML comment or block that hides the rest of the text.
    HtmlUnclosed = "html-unclosed", Error;
    /// HTML that was removed.
    HtmlRemoved = "html-removed", Warning;
    // components
    /// A component that does not exist.
    UnknownComponent = "unknown-component", Error;
    /// A component that only templates may call.
    ComponentNotForText = "component-not-for-text", Error;
    /// An argument that the component does not have.
    UnknownArgument = "unknown-argument", Error;
    /// A required argument is missing.
    MissingArgument = "missing-argument", Error;
    /// An argument is given twice.
    DuplicateArgument = "duplicate-argument", Error;
    /// An argument has the wrong type.
    WrongArgument = "wrong-argument", Error;
    /// A component is defined twice.
    ComponentTwice = "component-twice", Error;
    /// A component's metadata is not understood.
    ComponentMetadata = "component-metadata", Error;
    // site
    /// Two documents with one slug or id.
    DuplicateId = "duplicate-id", Error;
    /// Two outputs with one path.
    DuplicateUrl = "duplicate-url", Error;
    /// An explainer that does not exist.
    UnknownExplainer = "unknown-explainer", Error;
    /// A version of an explainer that does not exist.
    UnknownVersion = "unknown-version", Error;
    /// A section that does not exist.
    UnknownSection = "unknown-section", Error;
    /// A topic that no briefing has.
    UnknownTopic = "unknown-topic", Warning;
    /// An author without a profile, whose id is nearly that of another.
    UnknownAuthor = "unknown-author", Warning;
    /// A briefing that does not exist.
    UnknownBriefing = "unknown-briefing", Error;
    /// A slug that several briefings have.
    AmbiguousBriefing = "ambiguous-briefing", Error;
    /// A link to nothing.
    DeadLink = "dead-link", Error;
    /// A link to an anchor that does not exist.
    DeadAnchor = "dead-anchor", Error;
    /// A link to something withheld.
    WithheldLink = "withheld-link", Warning;
    /// A picture or file that does not exist.
    MissingFile = "missing-file", Error;
    /// A picture that cannot be shown.
    BadPicture = "bad-picture", Error;
    /// Explainers that include each other.
    ExplainerRing = "explainer-ring", Error;
    /// An explainer that shows too many others.
    ExplainerDepth = "explainer-depth", Error;
    /// An explainer both as one file and in versions.
    ExplainerTwice = "explainer-twice", Error;
    /// All versions of an explainer are later than the briefing.
    ExplainerLater = "explainer-later", Warning;
    /// An explainer is missing in the page's language.
    ExplainerUntranslated = "explainer-untranslated", Warning;
    /// A language suffix that the site does not have.
    UnknownLanguage = "unknown-language", Error;
    /// A key whose value comes after another that it must precede.
    DateOrder = "date-order", Error;
    // templates
    /// A template is malformed.
    TemplateSyntax = "template-syntax", Error;
    /// A template refers to something that does not exist.
    TemplateReference = "template-reference", Error;
    /// A template failed while rendering.
    TemplateFailed = "template-failed", Error;
    /// The template of social cards gives no drawing.
    BadCard = "bad-card", Error;
    /// The typefaces of social cards have not the letters of a headline.
    CardLetters = "card-letters", Warning;
    // settings
    /// There is no nutgraf.yaml.
    SettingsMissing = "settings-missing", Error;
    /// The site's address is none.
    BadUrl = "bad-url", Error;
    /// A time zone that does not exist.
    BadTimezone = "bad-timezone", Error;
    /// A permalink pattern that cannot work.
    BadPermalink = "bad-permalink", Error;
    /// A place to ship to that cannot be one.
    BadTarget = "bad-target", Error;
    /// A page weighs more than the budget allows.
    OverBudget = "over-budget", Warning;
    /// The program was built without what a setting asks for.
    NoFeature = "no-feature", Error;
    /// A file for hosts has more in it than they read.
    HostLimit = "host-limit", Warning;
    /// What `security.txt` says is out of date.
    SecurityExpired = "security-expired", Warning;
    /// The strings of a language are missing.
    MissingStrings = "missing-strings", Error;
    /// What is withheld stands in what would be published.
    WithheldLeak = "withheld-leak", Either;
    // what editors are told by `check`
    /// A headline that is too long.
    LongHeadline = "long-headline", Rule;
    /// A headline that ends with a full stop.
    HeadlinePeriod = "headline-period", Rule;
    /// Two briefings with one headline.
    SameHeadline = "same-headline", Rule;
    /// A first paragraph that is too long.
    LongLede = "long-lede", Rule;
    /// A paragraph that is too long.
    LongParagraph = "long-paragraph", Rule;
    /// An acronym that nobody spelled out.
    Acronym = "acronym", Rule;
    /// A day that depends on when it is read.
    RelativeDate = "relative-date", Rule;
    /// A day whose year cannot be told.
    DateWithoutYear = "date-without-year", Rule;
    /// A quotation that nobody said.
    UnattributedQuote = "unattributed-quote", Rule;
    /// Quotation marks of another language.
    QuotationMarks = "quotation-marks", Rule;
    /// A word with letters of two scripts that look alike.
    MixedScript = "mixed-script", Rule;
    /// Kazakh without the letters that only Kazakh has.
    NoKazakhLetters = "no-kazakh-letters", Rule;
    /// A bold start that is no run-in head.
    BoldStart = "bold-start", Rule;
    /// A picture that some readers cannot know of.
    MissingAlt = "missing-alt", Rule;
    /// Words for those who do not see a picture that say nothing.
    PoorAlt = "poor-alt", Rule;
    /// A picture of nobody.
    MissingCredit = "missing-credit", Rule;
    /// An explainer that is due for review.
    StaleExplainer = "stale-explainer", Rule;
    /// A timeline that is out of order.
    TimelineOrder = "timeline-order", Rule;
    /// A change before the publication.
    UpdatedBeforeDate = "updated-before-date", Rule;
    /// A document that is missing in a language.
    TranslationMissing = "translation-missing", Rule;
    /// A translation that is older than its original.
    TranslationOutdated = "translation-outdated", Rule;
    /// A file that no document names.
    UnusedAsset = "unused-asset", Rule;
    /// A page to which nothing leads.
    OrphanPage = "orphan-page", Rule;
    /// A link to another site that is no address.
    BadLink = "bad-link", Rule;
    /// A published text changed, and nothing tells its readers.
    SilentEdit = "silent-edit", Warning;
    /// Something is allowed that does not happen.
    UnusedAllow = "unused-allow", Rule;
    /// Something is allowed for no reason.
    AllowWithoutReason = "allow-without-reason", Warning;
}

impl Code {
    /// The code of a name.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.as_str() == name)
    }
}

fn error(code: Code, span: Span, message: impl Into<String>) -> Diagnostic {
    make(code, Severity::Error, Some(span), message)
}

fn warning(code: Code, span: Span, message: impl Into<String>) -> Diagnostic {
    make(code, Severity::Warning, Some(span), message)
}

fn make(code: Code, severity: Severity, span: Option<Span>, message: impl Into<String>) -> Diagnostic {
    Diagnostic {
        code,
        severity,
        message: message.into(),
        span,
        labels: Vec::new(),
        help: None,
        fix: None,
        repeated: 0,
    }
}

/// Adds help when there is some.
fn with_help(diagnostic: Diagnostic, help: Option<String>) -> Diagnostic {
    match help {
        Some(help) => diagnostic.help(help),
        None => diagnostic,
    }
}

/// The names in backticks, with commas between.
fn list_names<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}
