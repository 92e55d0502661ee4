//! The preview's own pages: all pages of the site, and every component rendered from its example. The
//! examples are briefings of a small site with this site's templates, made by the one renderer.

use std::collections::BTreeSet;
use std::sync::PoisonError;

use serde_json::{Value, json};
use tera::{Context, Tera};

use super::current::Current;
use super::work::Shared;
use crate::cache::Cache;
use crate::document::Kind;
use crate::edition::{Desk, Edition, Now, Options, Progress};
use crate::path::SitePath;
use crate::render::{Body, render};
use crate::route::Route;
use crate::site::{Entry, Shows};

/// How many pages are listed when nobody looks for one.
const LISTED: usize = 200;

/// What the briefings that show examples lie in; no page of a site's own is called so.
const SAMPLE: &str = "nutgraf-sample-";

/// A briefing that shows nothing but an example, in the site's own dress.
const SAMPLE_TEMPLATE: &str = r#"{% extends "base.html" %}
{% block masthead %}{% endblock %}{% block aside %}{% endblock %}{% block footer %}{% endblock %}
{% block main %}<article class="story briefing">
{% for correction in page.corrections %}{{ <correction date={correction.date} text={correction.text} kind={correction.kind} id={correction.id} /> }}{% endfor %}
<div class="text">{{ page.content }}</div>
</article>{% endblock %}
"#;

/// The page of all pages, those that match `wanted` when it is not empty.
pub fn pages(shared: &Shared, current: &Current, wanted: &str) -> String {
    let mut context = Context::new();
    context.insert("revision", &current.revision);
    let Some(edition) = &current.edition else { return fill("pages.html", &context) };
    let site = &edition.world.site;
    let needle = wanted.trim().to_lowercase();
    let found = |entry: &Entry| {
        needle.is_empty()
            || entry.title().to_lowercase().contains(&needle)
            || entry.document.path.as_str().contains(&needle)
    };
    let all: Vec<&Entry> = site.entries.iter().map(|entry| &**entry).filter(|entry| found(entry)).collect();
    let coming = all.iter().filter(|entry| !entry.unpublished.is_empty());
    let recent = current.recent.iter().filter_map(|path| site.entry_at(path).filter(|entry| found(entry)));
    let of_kind = |kind: Kind| {
        let own: Vec<&&Entry> = all.iter().filter(|entry| entry.kind == kind).collect();
        let listed: Vec<Value> = own.iter().take(LISTED).map(|entry| line(edition, entry)).collect();
        json!({"name": plural(kind), "count": own.len(), "pages": listed, "more": own.len() - listed.len()})
    };
    let kinds: Vec<Value> = Kind::ALL.iter().map(|kind| of_kind(*kind)).collect();
    let left_out = site.left_out.iter().take(LISTED).map(
        |left_out| json!({"file": left_out.path().as_str(), "why": left_out.why.reason(&site.config.timezone)}),
    );
    context.insert("site", &site.config.title);
    context.insert(
        "home",
        &site.href(&crate::route::list_url(site, &crate::route::List::Home, &site.config.language)),
    );
    context.insert("wanted", wanted);
    context.insert("recent", &recent.map(|entry| line(edition, entry)).collect::<Vec<_>>());
    context.insert("coming", &coming.take(LISTED).map(|entry| line(edition, entry)).collect::<Vec<_>>());
    context.insert("kinds", &kinds);
    context.insert("left_out", &left_out.collect::<Vec<_>>());
    context.insert("folder", &shared.options.root.display().to_string());
    fill("pages.html", &context)
}

fn plural(kind: Kind) -> String {
    let folder = kind.folder();
    folder[..1].to_uppercase() + &folder[1..]
}

fn line(edition: &Edition, entry: &Entry) -> Value {
    let site = &edition.world.site;
    let zone = &site.config.timezone;
    let why: Vec<String> = entry.unpublished.iter().map(|why| why.reason(zone)).collect();
    json!({
        "title": entry.title(),
        "url": site.href(&entry.url),
        "language": entry.language,
        "date": entry.published.map(|moment| moment.date(zone).to_string()),
        "file": entry.document.path.as_str(),
        "why": why.join(", "),
    })
}

/// The page of all components.
pub fn components(current: &Current) -> String {
    let mut context = Context::new();
    context.insert("revision", &current.revision);
    if let Some(edition) = &current.edition {
        let catalogue = &edition.theme.catalogue;
        let own = |name: &str| {
            let file = edition.theme.sources.keys().find(|path| path.name() == format!("{name}.html"));
            file.is_some_and(|path| path.as_str().starts_with("templates/"))
        };
        let all = catalogue.names().filter_map(|name| catalogue.get(name)).map(|component| {
            let mut map = component.to_json();
            for (argument, declared) in
                map["arguments"].as_array_mut().into_iter().flatten().zip(&component.arguments)
            {
                argument["described"] = declared.describe().into();
            }
            map["own"] = own(&component.name).into();
            map
        });
        context.insert("components", &all.collect::<Vec<_>>());
        context.insert("site", &edition.world.site.config.title);
    }
    fill("components.html", &context)
}

/// A component, rendered from its example in the site's own dress.
pub fn component(shared: &Shared, current: &Current, name: &str) -> Option<Vec<u8>> {
    let edition = current.sample.get_or_init(|| sample(shared, current)).as_ref()?;
    let world = &edition.world;
    let slug = slug(name);
    let is_of = |route: &&Route| matches!(route, Route::Entry(id) if *world.site.entries[*id].id == *slug);
    let route = world.routes.all.iter().find(is_of)?;
    match render(edition, route).0?.body {
        Body::Bytes(bytes) => Some(bytes),
        Body::Text(_) | Body::File(_) => None,
    }
}

fn slug(name: &str) -> String {
    format!("{SAMPLE}{}", name.replace(['_', '.'], "-"))
}

/// A site of nothing but examples, with the templates, data and files of this one.
fn sample(shared: &Shared, current: &Current) -> Option<Edition> {
    let edition = current.edition.as_ref()?;
    let tree = shared.tree.read().unwrap_or_else(PoisonError::into_inner);
    let mut files: Vec<(String, String)> = Vec::new();
    let catalogue = &edition.theme.catalogue;
    let mut ids: BTreeSet<String> = BTreeSet::new();
    for component in catalogue.names().filter_map(|name| catalogue.get(name)) {
        let example = &component.example;
        let file = format!("content/briefings/{}.md", slug(&component.name));
        let front = "title: A sample\ndate: 2023-09-11\n";
        let sources = "sources: [{title: \"Charter of the United Nations\", url: \"https://www.un.org/en/about-us/un-charter\"}]\n";
        files.push(if component.not_for_text.is_some() {
            (file, format!("---\n{front}{example}\n---\n"))
        } else {
            (file, format!("---\n{front}{sources}---\n{example}\n"))
        });
        ids.extend(
            example.split("ref=\"").skip(1).filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())),
        );
    }
    for id in ids {
        let text = "---\ntitle: An explainer\nas_of: 2023-01-01\nsummary: The background in a few sentences, written once and shown wherever it belongs.\n---\nThe whole of it.\n";
        files.push((format!("content/explainers/{id}.md"), text.to_owned()));
    }
    files.push(("templates/briefing.html".into(), SAMPLE_TEMPLATE.into()));
    let own = |path: &SitePath| !path.as_str().starts_with("content/");
    let now = Now::At(edition.world.site.now);
    let (cache, progress) = (Cache::default(), Progress::default());
    let options = Options { now, shows: Shows::Upcoming, base_url: None, cache, progress };
    let desk = Desk::open(&tree.part(own, files), options).ok()?;
    Some(desk.edition())
}

/// Fills one of the preview's own templates.
fn fill(name: &str, context: &Context) -> String {
    let mut engine = Tera::default();
    let templates = [
        ("frame.html", include_str!("client/frame.html")),
        ("pages.html", include_str!("client/pages.html")),
        ("components.html", include_str!("client/components.html")),
    ];
    let loaded = engine.add_raw_templates(templates);
    let filled = loaded.and_then(|()| engine.render(name, context));
    filled.unwrap_or_else(|error| {
        format!("<!doctype html><pre>{}</pre>", error.to_string().replace('<', "&lt;"))
    })
}
