//! Twins of pages, for machines: a briefing as plain Markdown and as ninjs 3.1 (IPTC), the site as one text for
//! language models (llmstxt.org).

use serde_json::{Value, json};

use super::meta::{self, whole};
use super::plain::{self, escaped, link, one_line};
use super::{known, listing, xml};
use crate::config::outputs::Twin;
use crate::document::Kind;
use crate::document::markdown;
use crate::edition::{Edition, views};
use crate::media;
use crate::route::List;
use crate::route::machine::{TwinForm, twin_url};
use crate::site::{EntryId, Group};

/// A briefing in another form.
pub fn twin(edition: &Edition, id: EntryId, form: TwinForm) -> Vec<u8> {
    match form {
        TwinForm::Markdown => markdown(edition, id).into_bytes(),
        TwinForm::Ninjs => format!("{:#}\n", ninjs(edition, id)).into_bytes(),
    }
}

/// A briefing as plain Markdown: headline, standfirst, who and when, the text, what was corrected, sources.
fn markdown(edition: &Edition, id: EntryId) -> String {
    let world = &edition.world;
    let site = &world.site;
    let entry = &site.entries[id];
    let language = &entry.language;
    let card = world.card_view(id);
    let text = |key: &str| meta::text(edition, language, key);
    let mut out = format!("# {}\n\n", escaped(&card.title));
    if card.has_standfirst {
        out.push_str(&format!("{}\n\n", escaped(&card.description)));
    }
    let mut who: Vec<String> =
        card.authors.iter().map(|author| link(&author.title, &whole(world, &author.url))).collect();
    who.extend(card.byline.as_deref().map(escaped));
    let mut lines = vec![who.join(", ")];
    let mut dates: Vec<String> =
        card.date.iter().map(|date| format!("{}: {date}", text("published"))).collect();
    dates.extend(card.updated.iter().map(|date| format!("{}: {date}", text("updated"))));
    lines.push(dates.join(". "));
    lines.push(format!("<{}>", card.permalink));
    lines.retain(|line| !line.is_empty());
    out.push_str(&lines.join("  \n"));
    out.push_str("\n\n");
    for (_, correction) in entry.front.corrections_until(site.now) {
        let date = meta::date_words(edition, language, correction.date.value);
        let kind = correction.kind.as_str();
        let said = plain::short(edition, entry, &correction.text);
        out.push_str(&format!("> **{}**, {date}: {}\n\n", text(kind), one_line(&said)));
    }
    if let Some(picture) = &card.image {
        let url = whole(world, &picture.url);
        out.push_str(&format!("!{}\n\n", link(&picture.alt, &url)));
        let credit = Some(picture.credit.join(", ")).filter(|credit| !credit.is_empty());
        let license = match (&picture.license, &picture.license_url) {
            (words, Some(url)) => {
                let words = words.clone().unwrap_or_else(|| text("license"));
                Some(link(&words, &whole(world, url)))
            }
            (words, None) => words.as_deref().map(escaped),
        };
        let credit = credit.map(|credit| escaped(&meta::credit(edition, language, &credit)));
        let caption = picture.caption.as_deref().map(escaped);
        let caption = plain::joined([caption, credit, license].into_iter().flatten());
        if !caption.is_empty() {
            out.push_str(&format!("{caption}\n\n"));
        }
    }
    if let Some(place) = &card.dateline {
        out.push_str(&format!("{}\n\n", escaped(place)));
    }
    out.push_str(&world.plain_text(id, || plain::text(edition, entry)));
    if !entry.front.sources.is_empty() {
        out.push_str(&format!("\n## {}\n\n", text("sources")));
        for source in &entry.front.sources {
            let source = views::resolved(world, entry, source);
            let title = match &source.url {
                Some(url) => link(&source.title, &whole(world, url)),
                None => escaped(&source.title),
            };
            let words: Vec<String> = [Some(title), source.publisher.as_deref().map(escaped), source.date]
                .into_iter()
                .flatten()
                .collect();
            out.push_str(&format!("- {}\n", words.join(", ")));
        }
    }
    out
}

/// A briefing as a news object that newsrooms and agencies exchange.
fn ninjs(edition: &Edition, id: EntryId) -> Value {
    let world = &edition.world;
    let site = &world.site;
    let zone = &site.config.timezone;
    let entry = &site.entries[id];
    let card = world.card_view(id);
    let language = &entry.language;
    let people: Vec<Value> = card
        .authors
        .iter()
        .map(|author| json!({"name": author.title, "rel": "author", "uri": whole(world, &author.url)}))
        .collect();
    let subjects: Vec<Value> = card
        .topics
        .iter()
        .map(|topic| json!({"name": topic.title, "uri": whole(world, &topic.url)}))
        .collect();
    let by: Vec<&str> = card.authors.iter().map(|a| a.title.as_str()).chain(card.byline.as_deref()).collect();
    let sources: Vec<Value> = entry
        .front
        .sources
        .iter()
        .map(|source| {
            let source = views::resolved(world, entry, source);
            let url = source.url.map(|url| whole(world, &url)).filter(|url| url::Url::parse(url).is_ok());
            known([
                ("name", json!(source.publisher.unwrap_or_else(|| source.title.clone()))),
                ("literal", json!(source.title)),
                ("uri", json!(url)),
            ])
        })
        .collect();
    let policies: Vec<Value> = site
        .config
        .publisher
        .policies
        .iter()
        .filter_map(|(policy, url)| {
            let href = views::own_url(world, &url.value, language)?;
            let title = meta::title_at(world, &href).unwrap_or_else(|| policy.key.replace('_', " "));
            let role = format!("https://schema.org/{}", policy.property);
            Some(json!({"role": role, "title": title, "href": whole(world, &href)}))
        })
        .collect();
    let mut associations: Vec<Value> = Vec::new();
    if let Some(picture) = &card.image {
        let url = whole(world, &picture.url);
        let kind = if picture.url.ends_with(".svg") { "graphic" } else { "picture" };
        associations.push(known([
            ("name", json!("main")),
            ("uri", json!(url)),
            ("type", json!(kind)),
            ("by", json!(picture.creator)),
            ("usageTerms", json!(picture.license.as_ref().or(picture.license_url.as_ref()))),
            ("descriptions", described(picture)),
            (
                "renditions",
                json!([known([
                    ("name", json!("main")),
                    ("href", json!(url)),
                    ("contentType", json!(media::media_type(&picture.url))),
                    ("width", json!(picture.width)),
                    ("height", json!(picture.height)),
                ])]),
            ),
        ]));
    }
    for other in site.translations(id) {
        let other = &site.entries[*other];
        let url = views::permalink(world, &other.url);
        associations.push(json!({
            "name": format!("translation-{}", other.language),
            "rel": "translation",
            "uri": url,
            "type": "text",
            "language": other.language,
        }));
    }
    let changed = entry.modified.or(entry.published).map(|moment| moment.iso(zone));
    let corrections = entry.front.corrections_until(site.now);
    let notes: Vec<String> = corrections
        .map(|(_, correction)| {
            let kind = meta::text(edition, language, correction.kind.as_str());
            let date = meta::date_words(edition, language, correction.date.value);
            format!("{kind}, {date}: {}", markdown::plain(&correction.text))
        })
        .collect();
    let section = card.section.as_ref().map(|section| json!([{"name": section.title}]));
    let text = plain::html(&world.plain_text(id, || plain::text(edition, entry)));
    known([
        ("uri", json!(card.permalink)),
        (
            "standard",
            json!({"name": "ninjs", "version": "3.1", "schema": "https://www.iptc.org/std/ninjs/ninjs-schema_3.1.json"}),
        ),
        ("type", json!("text")),
        ("representationType", json!("full")),
        ("pubStatus", json!("usable")),
        ("language", json!(language)),
        ("firstCreated", json!(entry.published.map(|moment| moment.iso(zone)))),
        ("versionCreated", json!(changed)),
        ("expires", json!(entry.front.expires.as_ref().map(|expires| expires.value.iso(zone)))),
        ("title", json!(card.title)),
        ("headlines", json!([{"role": "main", "contentType": "text/plain", "value": card.title}])),
        (
            "descriptions",
            json!([{"role": "summary", "contentType": "text/plain", "value": card.description}]),
        ),
        ("bodies", json!([{"role": "main", "contentType": "text/html", "value": text}])),
        ("by", json!(Some(by.join(", ")).filter(|by| !by.is_empty()))),
        ("slugline", json!(card.id)),
        ("located", json!(card.dateline)),
        ("copyrightHolder", json!(meta::publisher_name(site, language))),
        ("edNote", json!(Some(notes.join("\n")).filter(|notes| !notes.is_empty()))),
        ("genres", json!(section)),
        ("people", some(people)),
        ("organisations", json!([{"name": meta::publisher_name(site, language), "rel": "publisher"}])),
        ("subjects", some(subjects)),
        ("infoSources", some(sources)),
        ("trustIndicators", some(policies)),
        ("associations", some(associations)),
    ])
}

fn described(picture: &views::Picture) -> Value {
    let caption = picture.caption.iter().map(|text| ("caption", text));
    let alt = Some(("alt", &picture.alt)).filter(|(_, alt)| !alt.is_empty());
    let all = caption.chain(alt);
    some(all.map(|(role, text)| json!({"role": role, "contentType": "text/plain", "value": text})).collect())
}

fn some(all: Vec<Value>) -> Value {
    if all.is_empty() { Value::Null } else { Value::Array(all) }
}

/// The site for language models: what it is, its newest briefings, its explainers, how it works.
pub fn llms(edition: &Edition, language: &str) -> Vec<u8> {
    let world = &edition.world;
    let site = &world.site;
    let text = |key: &str| meta::text(edition, language, key);
    let mut out = format!("# {}\n\n", escaped(meta::site_title(site, language)));
    if let Some(description) = meta::site_description(site, language) {
        out.push_str(&format!("> {}\n\n", escaped(description)));
    }
    let newest = site.groups.of(Group::All, language);
    let newest = &newest[..newest.len().min(site.config.feed.items)];
    list(edition, &text("briefings"), newest, &mut out);
    let explainers = crate::route::members(site, &List::Explainers, language);
    list(edition, &text("explainers"), &explainers, &mut out);
    let policies = &site.config.publisher.policies;
    if !policies.is_empty() {
        out.push_str(&format!("## {}\n\n", escaped(meta::publisher_name(site, language))));
        for (policy, url) in policies {
            let Some(href) = views::own_url(world, &url.value, language) else { continue };
            let title = meta::title_at(world, &href).unwrap_or_else(|| policy.key.replace('_', " "));
            out.push_str(&format!("- {}\n", link(&title, &whole(world, &href))));
        }
    }
    xml::clean(out.into_bytes())
}

fn list(edition: &Edition, title: &str, entries: &[EntryId], out: &mut String) {
    let world = &edition.world;
    let site = &world.site;
    if entries.is_empty() {
        return;
    }
    out.push_str(&format!("## {}\n\n", escaped(title)));
    let has_twin = site.config.twins.contains(&Twin::Markdown);
    for id in entries {
        let entry = &site.entries[*id];
        let url = match entry.kind {
            Kind::Briefing if has_twin => twin_url(site, *id, TwinForm::Markdown),
            _ => entry.url.clone(),
        };
        let about = views::description(&entry.front, &entry.document);
        let date = match listing::facts(site, entry) {
            Some(facts) => {
                Some(meta::as_of(edition, &entry.language, facts).trim_end_matches('.').to_owned())
            }
            None => entry.published.map(|moment| moment.date(&site.config.timezone).to_string()),
        };
        let words: Vec<String> =
            date.into_iter().chain([escaped(&about)]).filter(|w| !w.is_empty()).collect();
        let link = link(entry.title(), &views::permalink(world, &url));
        out.push_str(&format!("- {link}: {}\n", words.join(". ")));
    }
    out.push('\n');
}
