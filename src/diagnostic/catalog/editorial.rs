//! What `check` tells editors: rules of the trade, each with what to do.
#![expect(missing_docs, reason = "each function's message says what it is for")]

use super::{Code, error, list_names, warning, with_help};
use crate::diagnostic::nearest::did_you_mean;
use crate::diagnostic::{Diagnostic, Edit, Span};

pub fn long_headline(span: Span, letters: usize, most: usize) -> Diagnostic {
    warning(Code::LongHeadline, span, format!("this headline has {letters} characters"))
        .help(format!("search engines and cards cut it; {most} are enough"))
}

pub fn headline_period(span: Span, period: Option<Span>) -> Diagnostic {
    let said = warning(Code::HeadlinePeriod, span, "this headline ends with a full stop").help("take it off");
    match period {
        Some(span) => said.fix("take the full stop off", vec![Edit { span, text: String::new() }]),
        None => said,
    }
}

pub fn same_headline(span: Span, other: Span) -> Diagnostic {
    warning(Code::SameHeadline, span, "another briefing has the same headline")
        .label(other, "this one")
        .help("say what is new in this one")
}

pub fn long_lede(span: Span, words: usize, most: usize) -> Diagnostic {
    warning(Code::LongLede, span, format!("the first paragraph has {words} words"))
        .help(format!("say what happened in {most}, and the rest below"))
}

pub fn long_paragraph(span: Span, words: usize, most: usize) -> Diagnostic {
    warning(Code::LongParagraph, span, format!("this paragraph has {words} words"))
        .help(format!("on a phone it fills the screen; part it after {most} or fewer"))
}

pub fn acronym(span: Span, acronym: &str) -> Diagnostic {
    warning(Code::Acronym, span, format!("`{acronym}` is not spelled out where it first stands"))
        .help(format!("write the whole name and `({acronym})` after it, or add it to `check: {{acronyms: […]}}` in nutgraf.yaml if every reader knows it"))
}

pub fn relative_date(span: Span, words: &str) -> Diagnostic {
    warning(Code::RelativeDate, span, format!("`{words}` is another day for everybody who reads this later"))
        .help("write the date")
}

pub fn date_without_year(span: Span, date: &str, is_dated: bool) -> Diagnostic {
    let why = if is_dated {
        "the nearest such day is in another year than the briefing"
    } else {
        "this text has no date of its own"
    };
    warning(Code::DateWithoutYear, span, format!("`{date}` needs its year: {why}"))
        .help("write the year after it")
}

pub fn unattributed_quote(span: Span) -> Diagnostic {
    warning(Code::UnattributedQuote, span, "it is not said who is quoted here")
        .help("name the speaker in the same paragraph, or in `:::quote{speaker=\"…\"}`")
}

pub fn quotation_marks(span: Span, found: &str, wanted: &str, count: usize) -> Diagnostic {
    let more = match count {
        1 => String::new(),
        n => format!(" (and {} more here)", n - 1),
    };
    warning(Code::QuotationMarks, span, format!("`{found}` is no quotation mark of this language{more}")).help(format!(
        "write {wanted}, or name the marks of the house in `check: {{quotation_marks: {{…}}}}` of nutgraf.yaml"
    ))
}

pub fn mixed_script(span: Span, word: &str, letters: &str, script: &str, mended: &str) -> Diagnostic {
    let edit = Edit { span: span.clone(), text: mended.to_owned() };
    let (verb, noun) = if letters.chars().count() == 1 { ("is", "letter") } else { ("are", "letters") };
    warning(Code::MixedScript, span, format!("in `{word}`, `{letters}` {verb} of the {script} alphabet"))
        .help(format!("it looks right, but search does not find the word: type the {noun} anew"))
        .fix(format!("put {mended} with letters of one alphabet"), vec![edit])
}

pub fn no_kazakh_letters(span: Span) -> Diagnostic {
    warning(
        Code::NoKazakhLetters,
        span,
        "this is to be Kazakh and has hardly any of the letters ә, ғ, қ, ң, ө, ұ, ү, һ, і",
    )
    .help("type it with a Kazakh keyboard; for words of another language use `:::quote{lang=\"ru\"}`")
}

pub fn bold_start(span: Span, reason: &str) -> Diagnostic {
    warning(Code::BoldStart, span, format!("this bold start opens no section: {reason}"))
        .help("a head ends with `?`, or is 2 to 8 words and a full stop inside the stars, or stands in `heads:` of nutgraf.yaml")
}

pub fn missing_alt(span: Span, picture: &str, is_front: bool) -> Diagnostic {
    let help = if is_front {
        "say what is on it in `alt:`, or `decorative: true` if the text says it all"
    } else {
        "say what is on it: `![a bridge over a river](bridge.jpg)`, or `alt=\"…\"`"
    };
    warning(Code::MissingAlt, span, format!("nobody who cannot see `{picture}` is told what is on it"))
        .help(help)
}

pub fn poor_alt(span: Span, what: &str, help: &str) -> Diagnostic {
    warning(Code::PoorAlt, span, format!("the words for those who do not see the picture {what}")).help(help)
}

pub fn missing_credit(span: Span, picture: &str) -> Diagnostic {
    warning(Code::MissingCredit, span, format!("it is not said whose picture `{picture}` is"))
        .help("add `credit:` with the photographer and the agency; the file's own IPTC credit counts too")
}

pub fn review_due(span: Span, date: &str, users: usize) -> Diagnostic {
    warning(
        Code::StaleExplainer,
        span,
        format!("this was to be looked at again by {date}{}", shown_in(users)),
    )
    .help("bring it up to date and set the next `review_by`")
}

pub fn not_reviewed(span: Span, as_of: &str, days: i32, users: usize) -> Diagnostic {
    warning(
        Code::StaleExplainer,
        span,
        format!("the facts are of {as_of}, {days} days ago{}", shown_in(users)),
    )
    .help("look at it again and set `as_of`, or say with `review_by:` when that is due")
}

fn shown_in(users: usize) -> String {
    match users {
        0 => String::new(),
        1 => "; 1 briefing shows it".into(),
        n => format!("; {n} briefings show it"),
    }
}

pub fn timeline_order(span: Span, date: &str, before: Span) -> Diagnostic {
    warning(Code::TimelineOrder, span, format!("`{date}` is out of its order in this timeline"))
        .label(before, "it stands after this one")
        .help("put the events in the order of their dates")
}

pub fn updated_before_date(span: Span) -> Diagnostic {
    warning(Code::UpdatedBeforeDate, span, "`updated` is before `date`").help("one of the two is a slip")
}

pub fn translation_missing(span: Span, languages: &[&str]) -> Diagnostic {
    let names = list_names(languages.iter().copied());
    warning(Code::TranslationMissing, span, format!("there is no {names} text of this"))
        .help("most texts of this kind have one; add the file, or allow this one to have none")
}

pub fn translation_outdated(span: Span, original: Span, what: &str) -> Diagnostic {
    warning(Code::TranslationOutdated, span, format!("the original {what}"))
        .label(original, "the original")
        .help("bring the translation up to date, and its `updated` too")
}

pub fn unused_asset(span: Span) -> Diagnostic {
    warning(Code::UnusedAsset, span, "no document names this file, so it is not published")
        .help("name it where it belongs, delete it, or begin its name with `_`")
}

pub fn orphan_page(span: Span, url: &str) -> Diagnostic {
    warning(Code::OrphanPage, span, "nothing leads to this page")
        .help(format!("link to `{url}` from `menu:` in nutgraf.yaml, or from another text"))
}

pub fn bad_link(span: Span, url: &str, what: &str) -> Diagnostic {
    warning(Code::BadLink, span, format!("`{url}` is no address: {what}"))
        .help("copy the address from the browser's bar")
}

pub fn unused_allow(span: Span, code: &str) -> Diagnostic {
    warning(Code::UnusedAllow, span, format!("`{code}` is allowed here, but it does not happen"))
        .help("take the permission out, so that it does not hide what comes later")
}

pub fn allow_without_reason(span: Span, code: &str) -> Diagnostic {
    warning(Code::AllowWithoutReason, span, format!("it is not said why `{code}` is allowed here"))
        .help(format!("write `<!-- allow {code}: why -->`, or `allow: {{{code}: why}}` in the front matter"))
}

pub fn unknown_rule(span: Span, name: &str) -> Diagnostic {
    let known = Code::ALL.iter().map(|code| code.as_str());
    let help = did_you_mean(name, known);
    with_help(error(Code::BadChoice, span, format!("there is no message `{name}`")), help)
}

pub fn fixed_severity(span: Span, name: &str) -> Diagnostic {
    error(
        Code::BadChoice,
        span,
        format!("`{name}` stops a site from being published, so it cannot be changed"),
    )
    .help("take it out")
}

/// A published text changed, and nothing tells its readers.
pub fn silent_edit(span: Span) -> Diagnostic {
    warning(
        Code::SilentEdit,
        span,
        "the text of this changed since it was published, and nothing tells its readers",
    )
    .help("give it `updated: …` or an entry in `corrections`; if it is a typo, `minor: true`")
}

/// What is withheld stands in an output.
pub fn withheld_leak(span: Span, what: &str, output: &str, reason: &str, stops: bool) -> Diagnostic {
    let message = format!("{what} is in what would be published, but this is not published ({reason})");
    leak(span, message, stops)
        .help(format!("it stands in {output}; look for it in data/, static/, nutgraf.yaml and templates/"))
}

/// A picture of what is withheld is published.
pub fn withheld_picture(span: Span, file: &str, public: &str, reason: &str, stops: bool) -> Diagnostic {
    let message = format!("the picture {file} would be published, but this is not published ({reason})");
    leak(span, message, stops).help(format!(
        "it is {public}, and what lies in static/ is published at once: put it beside the text"
    ))
}

fn leak(span: Span, message: String, stops: bool) -> Diagnostic {
    if stops { error(Code::WithheldLeak, span, message) } else { warning(Code::WithheldLeak, span, message) }
}
