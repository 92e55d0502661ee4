//! What the functions and filters of templates do. Each needs the page's language, which it finds in the
//! variable `lang`: a component has it when it declares `@lang`.

use std::sync::Arc;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use tera::{Error, Kwargs, State, Tera, TeraResult, Value};

use super::{World, views};
use crate::document::Kind;
use crate::document::raw_html;
use crate::fields::is_position;
use crate::language::dates::Style;
use crate::language::{Language, Languages};
use crate::links::is_outside;
use crate::media::card::Faces;
use crate::media::recipe::{Crop, Format};
use crate::media::tag::Wanted;
use crate::media::{Asset, AssetBytes, css};
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
    engine.register_function("picture", move |kwargs: Kwargs, _: &State<'_>| picture(&shared, &kwargs));
    let shared = Arc::clone(world);
    engine.register_function("styles", move |kwargs: Kwargs, _: &State<'_>| styles(&shared, &kwargs));
    let faces = Arc::clone(&theme.faces);
    engine.register_function("fit", move |kwargs: Kwargs, _: &State<'_>| fit(&faces, &kwargs));
    engine.register_filter("urlencode", |value: &str, _: Kwargs, _: &State<'_>| {
        utf8_percent_encode(value, NON_ALPHANUMERIC).to_string()
    });
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
    let file = page.strip_prefix('/').and_then(|name| world.inventory.statics.get(name));
    if let Some(href) = file.and_then(|file| world.linker().file_href(file)) {
        return Ok(href);
    }
    let hint = crate::diagnostic::nearest::did_you_mean(page, world.routes.urls());
    Err(Error::message(format!(
        "`{path}` is no address of this site{}",
        hint.map_or_else(String::new, |h| format!(" ({h})"))
    )))
}

/// `asset(path="icon.svg")`: the address of a file of static/ under a name that changes with its bytes.
fn asset(world: &World, kwargs: &Kwargs) -> TeraResult<String> {
    let (file, asset) = static_file(world, kwargs.must_get::<&str>("path")?)?;
    world.asked.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(file.clone());
    Ok(world.site.href(&asset.url))
}

/// A file of static/ and its address.
fn static_file<'a>(world: &'a World, name: &str) -> TeraResult<(&'a SitePath, &'a Asset)> {
    let name = name.trim_start_matches('/');
    let found = world.inventory.statics.get(name).and_then(|file| Some((file, world.assets.get(file)?)));
    found.ok_or_else(|| {
        let known = world.inventory.statics.keys().map(String::as_str);
        let hint = crate::diagnostic::nearest::did_you_mean(name, known)
            .map_or_else(String::new, |h| format!(" ({h})"));
        Error::message(format!("there is no file `{name}` in static/{hint}"))
    })
}

/// `image(src=src, width=600, ratio="3/2", format="webp")`: a picture of the site as a map with its `url`,
/// `width`, `height` and `colour`. Without a width it is at most 1,200 pixels wide.
fn image(world: &World, kwargs: &Kwargs) -> TeraResult<Value> {
    let src = kwargs.must_get::<&str>("src")?;
    let format = match kwargs.get::<&str>("format")? {
        None => None,
        Some(name) => Some(Format::parse(name).ok_or_else(|| {
            Error::message(format!("`{name}` is no format of a picture: use `webp`, `jpg`, `png` or `avif`"))
        })?),
    };
    if format == Some(Format::Avif) && cfg!(not(feature = "avif")) {
        return Err(Error::message("this program was built without pictures in AVIF"));
    }
    let focus = focus(kwargs)?;
    let crop = ratio(kwargs)?.map(|ratio| Crop { ratio, focus: Crop::focus(focus.as_deref()) });
    let view = views::made(world, src, crop, kwargs.get::<u32>("width")?, format);
    match view {
        Some(view) => Ok(Value::from_serializable(&view)),
        None => Err(Error::message(format!("there is no picture `{src}`"))),
    }
}

/// `picture(of=page.image, sizes="100vw", widths=[480, 960], ratio="3/2", eager=true)`: a picture as HTML, in
/// the widths and formats that browsers choose from. `of` is a picture of a document, or a path as a component
/// is given it.
fn picture(world: &World, kwargs: &Kwargs) -> TeraResult<Value> {
    let of = kwargs.must_get::<&Value>("of")?;
    // A document without a picture, or with one that its document was told of.
    if of.is_none() {
        return Ok(Value::safe_string(""));
    }
    let text = |key: &str| {
        let fields = of.as_map()?;
        let value = fields.iter().find(|(name, _)| name.as_str() == Some(key))?.1;
        value.as_str().map(str::to_owned)
    };
    let src = of.as_str().map(str::to_owned).or_else(|| text("src"));
    let src = src.ok_or_else(|| Error::message("`of` is a picture, like `page.image`, or a path"))?;
    let alt = kwargs.get::<String>("alt")?.or_else(|| text("alt")).unwrap_or_default();
    let focus = focus(kwargs)?.or_else(|| text("focus"));
    let wanted = Wanted {
        widths: &kwargs.get::<Vec<u32>>("widths")?.unwrap_or_else(|| WIDTHS.to_vec()),
        sizes: kwargs.get::<&str>("sizes")?.unwrap_or("100vw"),
        ratio: ratio(kwargs)?,
        focus: focus.as_deref(),
        alt: &alt,
        eager: kwargs.get::<bool>("eager")?.unwrap_or(false),
        avif: world.site.config.avif,
    };
    match world.picture(&src, &wanted) {
        Some(html) => Ok(Value::safe_string(&html)),
        None => Err(Error::message(format!("there is no picture `{src}`"))),
    }
}

/// `fit(text=page.title, width=1040, height=330, sizes=[88, 72, 60], weight=700)`: text in lines that fit into a
/// box of a social card, as a map with the `size` of its letters and its `lines`.
fn fit(faces: &Faces, kwargs: &Kwargs) -> TeraResult<Value> {
    let text = kwargs.must_get::<&str>("text")?;
    let (width, height) = (kwargs.must_get::<f64>("width")?, kwargs.must_get::<f64>("height")?);
    let sizes: Vec<f32> = kwargs.must_get::<Vec<f32>>("sizes")?;
    let weight = kwargs.get::<u16>("weight")?.unwrap_or(700);
    #[expect(clippy::cast_possible_truncation, reason = "a card has no more than 1,200 pixels")]
    let fitted = faces.fit(text, width as f32, height as f32, weight, &sizes);
    Ok(Value::from_serializable(&fitted))
}

/// The widths of a picture when a template names none.
pub const WIDTHS: [u32; 3] = [480, 800, 1200];

/// `ratio="3/2"`.
fn ratio(kwargs: &Kwargs) -> TeraResult<Option<(u32, u32)>> {
    let Some(text) = kwargs.get::<&str>("ratio")? else { return Ok(None) };
    let parts = text.split_once(['/', ':']);
    let ratio = parts.and_then(|(w, h)| Some((w.trim().parse().ok()?, h.trim().parse().ok()?)));
    match ratio.filter(|(w, h)| (1..=10_000).contains(w) && (1..=10_000).contains(h)) {
        Some(ratio) => Ok(Some(ratio)),
        None => Err(Error::message(format!("`{text}` is no ratio: write it like `3/2`"))),
    }
}

/// `focus="30% 20%"`.
fn focus(kwargs: &Kwargs) -> TeraResult<Option<String>> {
    let focus = kwargs.get::<String>("focus")?.filter(|focus| !focus.is_empty());
    if let Some(wrong) = focus.as_deref().filter(|focus| !is_position(focus)) {
        let message = format!("`{wrong}` is no focus: write it like `30% 20%` or `left top`");
        return Err(Error::message(message));
    }
    Ok(focus)
}

/// `styles(files=["css/page.css"])`: style sheets of static/ as one text, without what only its authors need.
fn styles(world: &World, kwargs: &Kwargs) -> TeraResult<Value> {
    let files = kwargs.must_get::<Vec<String>>("files")?;
    let key = files.join("\n");
    let mut made = world.styles.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(text) = made.get(&key) {
        return Ok(text.clone());
    }
    let mut all = String::new();
    for name in &files {
        let (_, asset) = static_file(world, name)?;
        let AssetBytes::Text(text) = &asset.bytes else {
            return Err(Error::message(format!("`{name}` is no style sheet")));
        };
        css::squeeze(text, &mut all);
    }
    // What the sheets name is published; they themselves are in the page.
    let named = world
        .inventory
        .statics
        .values()
        .filter(|file| world.assets.get(*file).is_some_and(|asset| all.contains(asset.url.as_str())));
    world.asked.lock().unwrap_or_else(std::sync::PoisonError::into_inner).extend(named.cloned());
    let text = Value::safe_string(&all);
    made.insert(key, text.clone());
    Ok(text)
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
