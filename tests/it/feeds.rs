//! Feeds and twins: which stories they hold, in what order, and that they are as their formats say.

use std::fs;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::metadata::{BASE, DEMO, Faults, NEWSROOM};
use crate::newsroom::{FEED_ITEMS, HUB, Newsroom, Story, prefix};
use crate::pages::{FEEDS, Published, list, moment, page_of, plain, text, title_of};
use crate::site::{SETTINGS, Site, package};

/// The stories that a feed of a language must have, newest first.
fn newest<'a>(
    room: &'a Newsroom,
    language: &str,
    count: usize,
    of: impl Fn(&Story) -> bool,
) -> Vec<&'a Story> {
    let mut stories: Vec<&Story> = room
        .stories
        .iter()
        .filter(|story| story.is_published && story.language == language && of(story))
        .collect();
    stories.sort_by_key(|story| std::cmp::Reverse(story.published));
    stories.truncate(count);
    stories
}

#[test]
fn feeds_hold_the_newest_stories_of_their_language_and_section() {
    let (published, room) = &*NEWSROOM;
    let mut faults = Faults::default();
    for language in ["en", "ru", "kk"] {
        for section in [None, Some("news"), Some("opinion"), Some("analysis")] {
            let folder =
                section.map_or_else(|| prefix(language), |name| format!("{}/{name}", prefix(language)));
            let due =
                newest(room, language, FEED_ITEMS, |story| section.is_none() || story.section == section);
            assert!(due.len() > 3, "{folder} has stories");
            for (_, name) in FEEDS {
                let path = format!("{}/{name}", folder.trim_start_matches('/'));
                let path = path.trim_start_matches('/');
                let entries = published.feed(path).entries;
                let dates: Vec<_> =
                    entries.iter().filter_map(|entry| entry.published).map(|at| at.timestamp()).collect();
                faults.same(
                    path,
                    "the dates",
                    dates,
                    due.iter().map(|story| story.published.as_second()).collect(),
                );
                for entry in &entries {
                    let of = |story: &&Story| {
                        story.language == language && page_of(entry).ends_with(&story.path())
                    };
                    let story = room.stories.iter().find(of);
                    let is_due = story.is_some_and(|story| section.is_none() || story.section == section);
                    faults.check(is_due, path, &format!("{} belongs there", page_of(entry)));
                    let body = entry
                        .content
                        .as_ref()
                        .and_then(|content| content.body.as_deref())
                        .unwrap_or_default();
                    let is_whole = story
                        .is_some_and(|story| story.words.iter().all(|word| body.contains(word.as_str())));
                    faults.check(is_whole, path, &format!("{} is there in full", page_of(entry)));
                }
            }
        }
    }
    faults.assert_none();
}

#[test]
fn feeds_of_authors_and_topics_hold_their_newest_twenty() {
    let (published, room) = &*NEWSROOM;
    let name = "Bo Sample";
    let due = newest(room, "en", 20, |story| story.authors.contains(&name));
    assert_eq!(due.len(), 20);
    let entries = published.feed("authors/bo-sample/feed.xml").entries;
    let dates: Vec<_> = entries.iter().filter_map(|entry| entry.published).map(|at| at.timestamp()).collect();
    assert_eq!(dates, due.iter().map(|story| story.published.as_second()).collect::<Vec<_>>());
    let entries = published.feed("ru/topics/energy/feed.xml").entries;
    assert!((1..=20).contains(&entries.len()), "{} entries", entries.len());
    for path in ["authors/bo-sample/atom.xml", "topics/energy/feed.json"] {
        assert!(!published.files.contains_key(path), "{path}");
    }
}

#[test]
fn the_feed_of_corrections_has_each_correction_up_to_now() {
    let (published, room) = &*NEWSROOM;
    for language in ["en", "ru", "kk"] {
        let of = room.stories.iter().filter(|story| story.is_published && story.language == language);
        let words: Vec<&String> = of.flat_map(|story| &story.corrections).collect();
        assert!(!words.is_empty());
        for (_, name) in FEEDS {
            let path = format!("{}/corrections/{name}", prefix(language));
            let path = path.trim_start_matches('/');
            let entries = published.feed(path).entries;
            assert_eq!(entries.len(), words.len().min(FEED_ITEMS), "{path}");
            let written = published.text(path);
            let found = words.iter().filter(|word| written.contains(word.as_str())).count();
            assert!(found >= entries.len(), "{path} has the text of {found} of {}", entries.len());
        }
    }
}

#[test]
fn the_three_formats_of_a_feed_have_the_same_entries() {
    let mut faults = Faults::default();
    for published in [&*DEMO, &NEWSROOM.0] {
        let folders = published.feeds().into_iter().filter_map(|path| path.strip_suffix("atom.xml"));
        let mut count = 0;
        for folder in folders {
            let [rss, atom, json] = FEEDS.map(|(_, name)| published.feed(&format!("{folder}{name}")));
            let facts = |feed: &feed_rs::model::Feed| -> Vec<_> {
                let of = |e: &feed_rs::model::Entry| {
                    (e.id.clone(), page_of(e).to_owned(), title_of(e), e.published)
                };
                feed.entries.iter().map(of).collect()
            };
            faults.same(&format!("{folder}atom.xml"), "what it has", facts(&atom), facts(&rss));
            faults.same(&format!("{folder}feed.json"), "what it has", facts(&json), facts(&rss));
            count += 1;
        }
        assert!(count >= 9, "{count} folders have feeds");
    }
    faults.assert_none();
}

#[test]
fn feeds_name_their_address_their_hub_and_whom_a_picture_is_by() {
    let (published, room) = &*NEWSROOM;
    let hubs = |path: &str| -> Vec<String> {
        let feed = published.feed(path);
        let hubs = feed.links.iter().filter(|link| link.rel.as_deref() == Some("hub"));
        hubs.map(|link| link.href.clone()).collect()
    };
    for path in ["feed.xml", "atom.xml", "ru/feed.xml", "news/atom.xml"] {
        assert_eq!(hubs(path), [HUB], "{path}");
        let feed = published.feed(path);
        let own = feed.links.iter().find(|link| link.rel.as_deref() == Some("self"));
        assert_eq!(own.map(|link| link.href.as_str()), Some(format!("{BASE}/{path}").as_str()));
    }
    let json: Value = serde_json::from_str(published.text("feed.json")).expect("JSON");
    assert_eq!(json["version"], "https://jsonfeed.org/version/1.1");
    assert_eq!(json["hubs"], json!([{"type": "WebSub", "url": HUB}]));
    assert_eq!(json["feed_url"], format!("{BASE}/feed.json"));
    let mut count = 0;
    for language in ["en", "ru", "kk"] {
        let path = format!("{}/feed.xml", prefix(language));
        for entry in published.feed(path.trim_start_matches('/')).entries {
            let url = page_of(&entry);
            let story =
                room.stories.iter().find(|story| url == format!("{BASE}{}", story.path())).expect("a story");
            let credits: Vec<&str> = entry
                .media
                .iter()
                .flat_map(|media| &media.credits)
                .map(|credit| credit.entity.as_str())
                .collect();
            let Some(picture) = &story.picture else {
                assert_eq!(credits, Vec::<&str>::new(), "{url}");
                continue;
            };
            let credits = credits.join(", ");
            assert!(picture.credit.iter().all(|name| credits.contains(name.as_str())), "{url}: {credits:?}");
            count += 1;
        }
    }
    assert!(count > 3, "{count} entries have pictures");
}

#[test]
fn a_feed_without_full_text_has_the_description_only() {
    let site = Site::of_briefing("---\ntitle: A\ndate: 2023-09-11\n---\nThe lede.\n\nThe very end.\n");
    site.write("nutgraf.yaml", format!("{SETTINGS}feed: {{full_text: false}}\n"));
    site.build_cleanly();
    let published = Published::of(&site, BASE, "UTC");
    for (_, name) in FEEDS {
        let written = published.text(name);
        assert!(written.contains("The lede.") && !written.contains("The very end."), "{written}");
        assert_eq!(published.feed(name).entries.len(), 1);
        assert!(!written.contains("\"hub"), "no hub was set: {written}");
    }
}

#[test]
fn fifty_entries_are_in_a_feed_unless_told() {
    let site = Site::new([("nutgraf.yaml", &*format!("{SETTINGS}cards: false\n"))]);
    for n in 0..53 {
        let (minute, second) = (n / 60, n % 60);
        let front = format!("title: Story {n}\ndate: \"2023-09-11 10:{minute:02}:{second:02}\"");
        site.write(&format!("content/briefings/s{n}.md"), format!("---\n{front}\n---\nText.\n"));
    }
    site.build_cleanly();
    let published = Published::of(&site, BASE, "UTC");
    for (_, name) in FEEDS {
        let titles: Vec<String> = published.feed(name).entries.iter().map(title_of).collect();
        let due: Vec<String> = (3..53).rev().map(|n| format!("Story {n}")).collect();
        assert_eq!(titles, due, "{name}");
    }
}

#[test]
fn an_entry_keeps_its_id_when_its_story_is_corrected_and_renamed() {
    let ids = |site: &Site, now: &str| -> Vec<Vec<String>> {
        let run = site.run(&["build", "--now", now]);
        assert_eq!(run.code, 0, "{}", run.stderr);
        let published = Published::of(site, BASE, "UTC");
        let ids = |name: &str| published.feed(name).entries.into_iter().map(|entry| entry.id).collect();
        FEEDS.iter().map(|(_, name)| ids(name)).collect()
    };
    let site = Site::of_briefing("---\ntitle: A\ndate: 2023-09-11\n---\nText.\n");
    let before = ids(&site, "2023-10-01");
    assert!(before.iter().all(|ids| ids.len() == 1 && !ids[0].is_empty()), "{before:?}");
    site.write(
        "content/briefings/a.md",
        "---\ntitle: Another\ndate: 2023-09-11\nupdated: 2023-10-02\ncorrections: [{date: 2023-10-03, text: So.}]\n\
         ---\nOther text.\n",
    );
    assert_eq!(ids(&site, "2023-11-01"), before);
    let changed = Published::of(&site, BASE, "UTC").feed("atom.xml").entries.remove(0).updated;
    let due: Timestamp = "2023-10-03T00:00:00Z".parse().expect("a moment");
    assert_eq!(changed.map(|at| at.timestamp()), Some(due.as_second()));
}

#[test]
fn a_twin_in_ninjs_is_as_its_schema_says() {
    let schema = fs::read_to_string(package().join("tests/schemas/ninjs-3.1.json")).expect("the schema");
    // The schema of GeoJSON is elsewhere, and no story has a shape on a map.
    let schema =
        schema.replace("\"$ref\": \"https://geojson.org/schema/GeoJSON.json#\"", "\"type\": \"object\"");
    let schema: Value = serde_json::from_str(&schema).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    assert!(!validator.is_valid(&json!({"uri": "x", "headline": 3})), "the schema refuses what is wrong");
    let (published, room) = &*NEWSROOM;
    let mut faults = Faults::default();
    for story in &room.stories {
        let path = format!("{}index.json", story.path());
        let path = path.trim_start_matches('/');
        faults.check(published.files.contains_key(path) == story.is_published, path, "it is there or not");
        let Some(bytes) = published.files.get(path) else { continue };
        let twin: Value = serde_json::from_slice(bytes).unwrap_or_default();
        for error in validator.iter_errors(&twin) {
            faults.check(false, path, &format!("{error} at {}", error.instance_path()));
        }
        faults.same(path, "uri", text(&twin["uri"]), format!("{BASE}{}", story.path()));
        faults.same(path, "language", text(&twin["language"]), story.language.to_owned());
        let headlines: Vec<String> =
            list(&twin["headlines"]).into_iter().map(|h| text(&h["value"])).collect();
        faults.check(headlines.contains(&plain(&story.title)), path, &format!("{headlines:?} has the title"));
        faults.same(path, "versionCreated", moment(&twin["versionCreated"]), Some(story.modified));
        let whole = twin.to_string();
        faults.check(story.words.iter().all(|word| whole.contains(word.as_str())), path, "it has the text");
    }
    faults.assert_none();
}

#[test]
fn a_twin_in_markdown_has_the_text_and_llms_txt_leads_to_pages() {
    let (published, room) = &*NEWSROOM;
    for story in &room.stories {
        let path = format!("{}index.md", story.path());
        let path = path.trim_start_matches('/');
        assert_eq!(published.files.contains_key(path), story.is_published, "{path}");
        if story.is_published {
            let text = published.text(path);
            assert!(story.words.iter().all(|word| text.contains(word.as_str())), "{path}: {text}");
            assert!(!text.contains("](/") && !text.contains("](../"), "{path} has whole addresses: {text}");
        }
    }
    for language in ["en", "ru", "kk"] {
        let path = format!("{}/llms.txt", prefix(language));
        let text = published.text(path.trim_start_matches('/'));
        let links = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        let links: Vec<&str> = links.collect();
        assert!(text.starts_with("# ") && links.len() > 5, "{path}: {text}");
        for link in links {
            assert!(published.holds(link), "{path}: there is {link}");
        }
    }
}

#[test]
fn without_twins_there_are_none() {
    let site = Site::of_briefing("---\ntitle: A\ndate: 2023-09-11\n---\nText.\n");
    site.build_cleanly();
    for path in ["briefings/a/index.md", "briefings/a/index.json", "llms.txt"] {
        assert!(!site.exists(&format!("public/{path}")), "{path}");
    }
}
