//! Every diagnostic Nutgraf can give, each made by one function and named by one [`Code`]. The functions
//! are grouped by what they speak of; a new one is a variant here, its function, and its case in tests/.

pub mod components;
pub mod files;
pub mod front_matter;
pub mod settings;
pub mod site;
pub mod templates;
pub mod text;

use super::{Diagnostic, Severity, Span};

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
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
        }
    };
}

codes! {
    // files
    /// A file could not be read.
    Unreadable = "unreadable",
    /// A text file is not UTF-8.
    NotUtf8 = "not-utf8",
    /// A text file is larger than any story.
    TooLarge = "too-large",
    /// A symbolic link leads out of the site.
    SymlinkOut = "symlink-out",
    /// A data file is malformed.
    DataMalformed = "data-malformed",
    /// Two data files have one name.
    DataTwice = "data-twice",
    /// A file of content/ lies where no kind of document is.
    Misplaced = "misplaced-file",
    // front matter
    /// A file has no front matter.
    FrontMatterMissing = "front-matter-missing",
    /// The front matter is never closed.
    FrontMatterUnclosed = "front-matter-unclosed",
    /// The front matter is not YAML.
    YamlMalformed = "yaml-malformed",
    /// The YAML is indented with a tab.
    YamlTab = "yaml-tab",
    /// A value needs quotes.
    YamlQuotes = "yaml-quotes",
    /// The YAML is too large when expanded.
    YamlBudget = "yaml-budget",
    /// A key stands twice.
    DuplicateKey = "duplicate-key",
    /// A key that no document of this kind has.
    UnknownKey = "unknown-key",
    /// A required key is missing.
    MissingKey = "missing-key",
    /// A value has the wrong type.
    WrongType = "wrong-type",
    /// One name with a comma where a list was meant.
    CommaList = "comma-list",
    /// A date that is none.
    BadDate = "bad-date",
    /// A value that is not one of a few.
    BadChoice = "bad-choice",
    /// A value is far longer than what it stands for.
    TooLong = "too-long",
    /// Text after ` #` is a comment.
    CommentCut = "comment-cut",
    /// A slug or an id that cannot be an address.
    BadSlug = "bad-slug",
    /// An alias that is not a path of the site.
    BadAlias = "bad-alias",
    /// A link that browsers would run.
    UnsafeUrl = "unsafe-url",
    // text
    /// A directive that cannot be read.
    DirectiveMalformed = "directive-malformed",
    /// A directive's block is never closed.
    DirectiveUnclosed = "directive-unclosed",
    /// A `:::` closes nothing.
    DirectiveStray = "directive-stray",
    /// A directive stands inside a quotation or a list.
    DirectiveNested = "directive-nested",
    /// Blocks are nested too deeply.
    DirectiveDepth = "directive-depth",
    /// `**` is left standing as text.
    StrayStars = "stray-stars",
    /// A link or a picture that stays as it was typed.
    StrayBrackets = "stray-brackets",
    /// A heading made by `---` under a paragraph.
    AccidentalHeading = "accidental-heading",
    /// A footnote that nobody wrote.
    FootnoteMissing = "footnote-missing",
    /// An HTML comment or block that hides the rest of the text.
    HtmlUnclosed = "html-unclosed",
    /// HTML that was removed.
    HtmlRemoved = "html-removed",
    // components
    /// A component that does not exist.
    UnknownComponent = "unknown-component",
    /// A component that only templates may call.
    ComponentNotForText = "component-not-for-text",
    /// An argument that the component does not have.
    UnknownArgument = "unknown-argument",
    /// A required argument is missing.
    MissingArgument = "missing-argument",
    /// An argument is given twice.
    DuplicateArgument = "duplicate-argument",
    /// An argument has the wrong type.
    WrongArgument = "wrong-argument",
    /// A component is defined twice.
    ComponentTwice = "component-twice",
    /// A component's metadata is not understood.
    ComponentMetadata = "component-metadata",
    // site
    /// Two documents with one slug or id.
    DuplicateId = "duplicate-id",
    /// Two outputs with one path.
    DuplicateUrl = "duplicate-url",
    /// An explainer that does not exist.
    UnknownExplainer = "unknown-explainer",
    /// A version of an explainer that does not exist.
    UnknownVersion = "unknown-version",
    /// A section that does not exist.
    UnknownSection = "unknown-section",
    /// A topic that no briefing has.
    UnknownTopic = "unknown-topic",
    /// An author without a profile, whose id is nearly that of another.
    UnknownAuthor = "unknown-author",
    /// A briefing that does not exist.
    UnknownBriefing = "unknown-briefing",
    /// A slug that several briefings have.
    AmbiguousBriefing = "ambiguous-briefing",
    /// A link to nothing.
    DeadLink = "dead-link",
    /// A link to an anchor that does not exist.
    DeadAnchor = "dead-anchor",
    /// A link to something withheld.
    WithheldLink = "withheld-link",
    /// A picture or file that does not exist.
    MissingFile = "missing-file",
    /// A picture that cannot be shown.
    BadPicture = "bad-picture",
    /// Explainers that include each other.
    ExplainerRing = "explainer-ring",
    /// An explainer that shows too many others.
    ExplainerDepth = "explainer-depth",
    /// An explainer both as one file and in versions.
    ExplainerTwice = "explainer-twice",
    /// All versions of an explainer are later than the briefing.
    ExplainerLater = "explainer-later",
    /// An explainer is missing in the page's language.
    ExplainerUntranslated = "explainer-untranslated",
    /// A language suffix that the site does not have.
    UnknownLanguage = "unknown-language",
    /// A key whose value comes after another that it must precede.
    DateOrder = "date-order",
    // templates
    /// A template is malformed.
    TemplateSyntax = "template-syntax",
    /// A template refers to something that does not exist.
    TemplateReference = "template-reference",
    /// A template failed while rendering.
    TemplateFailed = "template-failed",
    /// The template of social cards gives no drawing.
    BadCard = "bad-card",
    /// The typefaces of social cards have not the letters of a headline.
    CardLetters = "card-letters",
    // settings
    /// There is no nutgraf.yaml.
    SettingsMissing = "settings-missing",
    /// The site's address is none.
    BadUrl = "bad-url",
    /// A time zone that does not exist.
    BadTimezone = "bad-timezone",
    /// A permalink pattern that cannot work.
    BadPermalink = "bad-permalink",
    /// A page weighs more than the budget allows.
    OverBudget = "over-budget",
    /// The program was built without what a setting asks for.
    NoFeature = "no-feature",
    /// The strings of a language are missing.
    MissingStrings = "missing-strings",
}

fn error(code: Code, span: Span, message: impl Into<String>) -> Diagnostic {
    make(code, Severity::Error, Some(span), message)
}

fn warning(code: Code, span: Span, message: impl Into<String>) -> Diagnostic {
    make(code, Severity::Warning, Some(span), message)
}

fn make(code: Code, severity: Severity, span: Option<Span>, message: impl Into<String>) -> Diagnostic {
    Diagnostic { code, severity, message: message.into(), span, labels: Vec::new(), help: None, repeated: 0 }
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
