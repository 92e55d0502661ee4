//! What the functions and filters of templates do. Each needs the page's language, which it finds in the
//! variable `lang`: a component has it when it declares `@lang`.

use std::collections::BTreeMap;
use std::sync::Arc;

use tera::{Error, Kwargs, State, Tera, TeraResult, Value};

use super::{World, views};
use crate::document::Kind;
use crate::document::raw_html;
use crate::language::dates::Style;
use crate::language::{Language, Languages};
use crate::links::{encode, is_outside};
use crate::moment::{Moment, parse_period};
use crate::path::{SitePath, Url};
use crate::route::{List, list_url};
use crate::site::Group;
use crate::theme::Theme;

/// Gives every declared function and filter its meaning.
pub fn register(engine: &mut Tera, world: &Arc<World>, theme: &Theme) {
    let languages = Arc::clone(&theme.languages);
    let own = Arc::clone(&languages);
    engine.register_function("t", move |kwargs: Kwargs, state: &State<'_>| t(&own, &kwargs, state));
    let (own, shared) = (Arc::clone(&languages), Arc::clone(world));
    engine.register_function("date", move |kwargs: Kwargs, state: &State<'_>| {
        let value: Value = kwargs.get::<&Value>("value")?.cloned().unwrap_or_else(Value::none);
        date(&own, &shared, &value, &kwargs, state)
    });
    let (own, shared) = (languages, Arc::clone(world));
    engine.register_filter("date", move |value: &Value, kwargs: Kwargs, state: &State<'_>| {
        date(&own, &shared, value, &kwargs, state)
    });
    engine.register_filter("markdown", |value: &Value, _: Kwargs, _: &State<'_>| markdown(value));
    let shared = Arc::clone(world);
    engine.register_function("url_for", move |kwargs: Kwargs, state: &State<'_>| {
        url_for(&shared, &kwargs, state)
    });
    let shared = Arc::clone(world);
    engine.register_function("asset", move |kwargs: Kwargs, _: &State<'_>| asset(&shared, &kwargs));
    let shared = Arc::clone(world);
    engine.register_function("image", move |kwargs: Kwargs, _: &State<'_>| image(&shared, &kwargs));
    let shared = Arc::clone(world);
    engine.register_function("explainer", move |kwargs: Kwargs, state: &State<'_>| {
        explainer(&shared, &kwargs, state)
    });
    let shared = Arc::clone(world);
    engine.register_function("briefings", move |kwargs: Kwargs, state: &State<'_>| {
        briefings(&shared, &kwargs, state)
    });
}

/// The language of the page, or of the part that a component shows.
fn language(kwargs: &Kwargs, state: &State<'_>) -> TeraResult<String> {
    if let Some(lang) = kwargs.get::<&str>("lang")? {
        return Ok(lang.to_owned());
    }
    state.get::<String>("lang")?.ok_or_else(|| {
        Error::message("the language is not known here: add `@lang: string` to the component's arguments")
    })
}

fn speech<'a>(languages: &'a Languages, language: &str) -> TeraResult<&'a Language> {
    languages.get(language).ok_or_else(|| Error::message(format!("the site has no language `{language}`")))
}

/// `t(key="read_also", count=3)`: an interface string, `{name}` replaced by arguments of that name.
fn t(languages: &Languages, kwargs: &Kwargs, state: &State<'_>) -> TeraResult<String> {
    let key = kwargs.must_get::<&str>("key")?;
    let speech = speech(languages, &language(kwargs, state)?)?;
    let count = kwargs.get::<i64>("count")?;
    let Some(text) = speech.strings.get(key, count) else {
        let known = speech.strings.texts.keys().map(String::as_str);
        let hint = crate::diagnostic::nearest::did_you_mean(key, known)
            .map_or_else(String::new, |h| format!(" ({h})"));
        return Err(Error::message(format!("there is no interface string `{key}`{hint}")));
    };
    let mut text = text.to_owned();
    let written = text.clone();
    for (name, value) in kwargs.iter() {
        if let Some(name) = name.as_str() {
            text = text.replace(&format!("{{{name}}}"), &value.to_string());
        }
    }
    let missing = written.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name);
    for name in missing {
        if !kwargs.iter().any(|(given, _)| given.as_str() == Some(name)) {
            return Err(Error::message(format!("the interface string `{key}` needs `{name}=…`")));
        }
    }
    Ok(text)
}

/// `date(value=page.date, style="long")`: a date or a period in words, at its precision.
fn date(
    languages: &Languages,
    world: &World,
    value: &Value,
    kwargs: &Kwargs,
    state: &State<'_>,
) -> TeraResult<String> {
    if value.is_none() || value.is_undefined() {
        return Ok(String::new());
    }
    let text = value.to_string();
    if text.is_empty() {
        return Ok(String::new());
    }
    let style = kwargs.get::<&str>("style")?.unwrap_or("long");
    let Some(style) = Style::parse(style) else {
        return Err(Error::message(format!(
            "`{style}` is no style of a date: use `long`, `short` or `time`"
        )));
    };
    let formats = &speech(languages, &language(kwargs, state)?)?.dates;
    if parse_period(&text).is_some()
        && let Some(period) = formats.period(&text, style)
    {
        return Ok(period);
    }
    let zone = &world.site.config.timezone;
    match Moment::parse(&text, zone) {
        Some(moment) => Ok(formats.moment(&moment.zoned(zone), style)),
        None => Err(Error::message(format!("`{text}` is not a date"))),
    }
}

/// `text | markdown`: a line of Markdown as HTML, without a paragraph around it.
fn markdown(value: &Value) -> Value {
    if value.is_none() || value.is_undefined() {
        return Value::safe_string("");
    }
    if value.is_safe() {
        return value.clone();
    }
    Value::safe_string(&inline_markdown(&value.to_string()))
}

/// A line of Markdown as safe HTML, without a paragraph around it.
pub fn inline_markdown(text: &str) -> String {
    let range = 0..text.len();
    let piece = crate::document::markdown::Text::new(text, &range, &crate::document::Definitions::default());
    let events = piece.events().map(|(event, _)| event).filter(|event| {
        use pulldown_cmark::{Event, Tag, TagEnd};
        !matches!(event, Event::Start(Tag::Paragraph) | Event::End(TagEnd::Paragraph))
    });
    let mut html = String::new();
    pulldown_cmark::html::push_html(&mut html, events);
    if html.contains('<') { raw_html::sanitize(&html) } else { html }
}

/// `url_for(path="/explainers/x/")` or `url_for(topic="energy")`: an address of this site in the page's
/// language where there is one, the base path added.
fn url_for(world: &World, kwargs: &Kwargs, state: &State<'_>) -> TeraResult<String> {
    let site = &world.site;
    let language = language(kwargs, state)?;
    for kind in Kind::ALL {
        let Some(id) = kwargs.get::<&str>(kind.name())? else { continue };
        let entry = site.find_or_default(*kind, id, &language).map(|entry| site.entries[entry].url.clone());
        let hub =
            Group::of_hub(*kind, id).map(|_| list_url(site, &List::Hub(*kind, id.to_owned()), &language));
        let default = Group::of_hub(*kind, id)
            .map(|_| list_url(site, &List::Hub(*kind, id.to_owned()), &site.config.language));
        let found = [hub, default].into_iter().flatten().find(|url| world.routes.has(url));
        return match found.or(entry) {
            Some(url) => Ok(site.href(&url)),
            None => Err(Error::message(format!("there is no {} `{id}`", kind.name()))),
        };
    }
    if let Some(id) = kwargs.get::<&str>("section")? {
        return views::section(world, id, &language)
            .map(|section| section.url)
            .ok_or_else(|| Error::message(format!("there is no section `{id}`")));
    }
    let path = kwargs.must_get::<&str>("path")?;
    if is_outside(path) {
        return Ok(path.to_owned());
    }
    let (page, anchor) =
        path.split_once('#').map_or((path, String::new()), |(page, a)| (page, format!("#{a}")));
    let own = Url::parse(page).filter(|url| world.routes.has(url) || world.site.withheld_at(url).is_some());
    if let Some(url) = own {
        return Ok(format!("{}{anchor}", site.href(&url)));
    }
    let is_static = page.strip_prefix('/').is_some_and(|name| world.inventory.statics.contains_key(name));
    if is_static {
        return Ok(format!("{}{}", site.config.base_path, encode(page)));
    }
    let hint = crate::diagnostic::nearest::did_you_mean(page, world.routes.urls());
    Err(Error::message(format!(
        "`{path}` is no address of this site{}",
        hint.map_or_else(String::new, |h| format!(" ({h})"))
    )))
}

/// `asset(path="nutgraf.css")`: the address of a file of static/ under a name that changes with its bytes.
fn asset(world: &World, kwargs: &Kwargs) -> TeraResult<String> {
    let name = kwargs.must_get::<&str>("path")?.trim_start_matches('/');
    let found = world.inventory.statics.get(name).and_then(|file| Some((file, world.assets.get(file)?)));
    let Some((file, asset)) = found else {
        let known = world.inventory.statics.keys().map(String::as_str);
        let hint = crate::diagnostic::nearest::did_you_mean(name, known)
            .map_or_else(String::new, |h| format!(" ({h})"));
        return Err(Error::message(format!("there is no file `{name}` in static/{hint}")));
    };
    world.asked.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(file.clone());
    Ok(world.site.href(&asset.url))
}

/// `image(src=src)`: a picture of the site as a map with its `url`.
fn image(world: &World, kwargs: &Kwargs) -> TeraResult<Value> {
    let src = kwargs.must_get::<&str>("src")?;
    let url = if is_outside(src) {
        Some(src.to_owned())
    } else {
        let file = match src.strip_prefix('/') {
            Some(name) => world.inventory.statics.get(name).cloned(),
            None => Some(SitePath::new(src)),
        };
        file.and_then(|file| world.linker().file_href(&file))
    };
    let Some(url) = url else { return Err(Error::message(format!("there is no picture `{src}`"))) };
    Ok(Value::from(BTreeMap::from([("url", url)])))
}

/// `explainer(ref="aral-sea")`: what a page shows of an explainer, as a map.
fn explainer(world: &World, kwargs: &Kwargs, state: &State<'_>) -> TeraResult<Value> {
    let id = kwargs.must_get::<&str>("ref")?;
    let language = language(kwargs, state)?;
    let version = kwargs.get::<&str>("version")?.filter(|v| !v.is_empty());
    let site = &world.site;
    if let Some(shown) = site.explainers.shown(id, &language, &site.config.language, version, None) {
        Ok(Value::from_serializable(&views::shown_explainer(world, &shown, id, &language)))
    } else {
        let hint = crate::diagnostic::nearest::did_you_mean(id, site.explainers.ids());
        let hint = hint.map_or_else(String::new, |h| format!(" ({h})"));
        Err(Error::message(format!("there is no explainer `{id}`{hint}")))
    }
}

/// `briefings(topic="energy", limit=5)`: the newest briefings in the page's language.
fn briefings(world: &World, kwargs: &Kwargs, state: &State<'_>) -> TeraResult<Value> {
    let language = language(kwargs, state)?;
    let limit = kwargs.get::<usize>("limit")?.unwrap_or(20);
    let mut groups = Vec::new();
    groups.extend(kwargs.get::<&str>("section")?.map(Group::Section));
    groups.extend(kwargs.get::<&str>("topic")?.map(Group::Topic));
    groups.extend(kwargs.get::<&str>("author")?.map(Group::Author));
    groups.extend(kwargs.get::<&str>("thread")?.map(Group::Thread));
    let first = groups.pop().unwrap_or(Group::All);
    let members = |group: Group<'_>| world.site.groups.of(group, &language);
    let ids: Vec<_> = members(first)
        .iter()
        .copied()
        .filter(|id| groups.iter().all(|group| members(*group).binary_search(id).is_ok()))
        .take(limit)
        .collect();
    Ok(views::cards_of(world, &ids))
}
