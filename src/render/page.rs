//! The page of a briefing, an explainer, a plain page, and the page for missing addresses.

use std::collections::BTreeMap;

use tera::{Map, Value};

use super::content::{Content, Frame};
use super::meta::{self, Meta};
use super::{Marks, context, template};
use crate::diagnostic::catalog::templates as say;
use crate::diagnostic::{Diagnostic, Span};
use crate::document::Kind;
use crate::document::facts::ExplainerRef;
use crate::edition::{Edition, views};
use crate::media::card::Card;
use crate::media::{svg, tag};
use crate::path::SitePath;
use crate::route::List;
use crate::route::machine::beside;
use crate::site::{self, EntryId};

/// The page of an entry.
pub fn entry(
    edition: &Edition,
    id: EntryId,
    card: Option<&Card>,
    meta: &Meta,
    marks: Marks,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Vec<u8>> {
    let entry = &edition.world.site.entries[id];
    let mut page = page_view(edition, id, marks, diagnostics);
    if let Some(card) = card {
        page.insert("card".into(), views::social_card(&edition.world, card));
    }
    let mut context = context(edition, &entry.language);
    let languages = views::language_links(&edition.world, &edition.theme, &entry.language, |language| {
        let other = edition.world.site.in_language(id, language);
        let other = &edition.world.site.entries[other];
        (other.language == language).then(|| other.url.clone())
    });
    context.insert_value("languages", languages);
    context.insert_value("meta", meta::view(meta));
    context.insert_value("page", Value::from(page));
    if entry.kind == Kind::Explainer {
        let list = super::list::view(edition, &List::UsedBy(id), &entry.language, None);
        context.insert_value("list", list);
    }
    let name = match (entry.kind, &entry.front.section) {
        (Kind::Briefing, Some(section)) => {
            let own = format!("briefing.{}.html", section.value);
            if edition.engine.contains_template(&own) { own } else { "briefing.html".into() }
        }
        (kind, _) => format!("{}.html", kind.name()),
    };
    template(edition, &name, &context, &Span::file(&entry.document.path), diagnostics)
}

/// Everything a template knows of an entry, its text rendered.
pub fn page_view(edition: &Edition, id: EntryId, marks: Marks, diagnostics: &mut Vec<Diagnostic>) -> Map {
    let world = &edition.world;
    let entry = &world.site.entries[id];
    let mut page: Map = world.card(id).as_map().cloned().unwrap_or_default();
    page.extend(views::to_map(&views::page_fields(world, &edition.theme, id)));
    let related = match entry.kind {
        Kind::Briefing => site::related(&world.site, id),
        Kind::Explainer | Kind::Topic | Kind::Author | Kind::Thread | Kind::Page => Vec::new(),
    };
    page.insert("read_also".into(), views::cards_of(world, &related));
    let explainers = match entry.kind {
        Kind::Topic => world.site.groups.explainers_of(&entry.id, &entry.language),
        Kind::Briefing | Kind::Explainer | Kind::Author | Kind::Thread | Kind::Page => &[],
    };
    page.insert("explainers".into(), views::cards_of(world, explainers));
    let (earlier, later) = site::thread_neighbours(&world.site, id);
    for (key, neighbour) in [("thread_earlier", earlier), ("thread_later", later)] {
        page.insert(key.into(), neighbour.map_or_else(Value::none, |id| world.card(id)));
    }

    let mut implicits = context(edition, &entry.language);
    implicits.insert_value("page", Value::from(page.clone()));
    let mut frame = Frame {
        edition,
        entry,
        date: entry.published.map(|m| m.date(&world.site.config.timezone)),
        shown: BTreeMap::new(),
        marks,
        diagnostics: Vec::new(),
    };
    let mut content = Content::of_page(&mut frame, &entry.document, &entry.language, &implicits);
    let mut html = content.whole();
    if entry.front.image.is_none() {
        tag::hasten_first(&mut html);
    }
    let hub = entry.front.explainer.iter().cloned().map(ExplainerRef::of);
    let refs: Vec<ExplainerRef> = entry.front.explainers.iter().cloned().chain(hub).collect();
    let background = content.background(&refs);
    diagnostics.append(&mut frame.diagnostics);
    page.insert("content".into(), Value::safe_string(&html));
    page.insert("background".into(), Value::safe_string(&background));
    page
}

/// The social card of a briefing or an explainer.
pub fn card(edition: &Edition, id: EntryId, diagnostics: &mut Vec<Diagnostic>) -> Option<Card> {
    let entry = &edition.world.site.entries[id];
    if !edition.world.site.config.cards || !matches!(entry.kind, Kind::Briefing | Kind::Explainer) {
        return None;
    }
    if let Some(title) = &entry.front.title
        && let Some(letter) = edition.theme.faces.lacks(&title.value)
    {
        diagnostics.push(say::card_letters(Span::new(&entry.document.path, title.at.clone()), letter));
        return None;
    }
    let mut context = context(edition, &entry.language);
    context.insert_value("page", edition.world.card(id));
    let span = Span::file(&entry.document.path);
    let drawing = template(edition, "card.svg", &context, &span, diagnostics)?;
    // A headline may hold characters that no drawing may.
    let drawing = String::from_utf8_lossy(&drawing).chars().filter(|c| svg::is_xml(*c)).collect();
    Some(Card::new(&entry.id, drawing, &edition.theme.faces))
}

/// A page that is of no document: the one for missing addresses, the one for searching.
pub fn plain(
    edition: &Edition,
    template_name: &str,
    language: &str,
    meta: &Meta,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Vec<u8>> {
    let mut context = context(edition, language);
    let world = &edition.world;
    let languages = views::language_links(world, &edition.theme, language, |other| {
        let search = world.site.config.search.then(|| beside(&world.site, &List::Home, other, "search/"));
        search.filter(|_| template_name == "search.html")
    });
    if template_name == "search.html" {
        context.insert_value("search", Value::from(true));
    }
    context.insert_value("languages", languages);
    context.insert_value("meta", meta::view(meta));
    let span = Span::file(&SitePath::new("nutgraf.yaml"));
    template(edition, template_name, &context, &span, diagnostics)
}
