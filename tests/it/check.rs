//! `nutgraf check`: that it says what a build says and writes nothing, what other programs read of it, what authors
//! allow, and that mending changes what it names and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::edits::Random;
use crate::site::{NOW, Run, SETTINGS, Site, command, files, package, run};

/// Settings of a site in two languages.
const LANGUAGES: &str = "title: The Test\nurl: https://example.org\ncards: false\n\
                         languages: {ru: {title: Тест}, kk: {title: Тест}}\n";

/// A picture of one pixel.
const GIF: &[u8] = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff!\xf9\x04\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";

/// Where mended texts lie.
const ENGLISH: &str = "content/briefings/a.md";
const RUSSIAN: &str = "content/briefings/a.ru.md";

fn check(site: &Site, arguments: &[&str]) -> Run {
    site.run(&[&["check", "--now", NOW], arguments].concat())
}

/// What is said, one JSON object each.
fn said(run: &Run) -> Vec<Value> {
    run.stderr.lines().map(|line| serde_json::from_str(line).expect("one object a line")).collect()
}

/// The places and codes of what `check` says, like `content/briefings/a.md:5 relative-date`.
fn places(site: &Site) -> Vec<String> {
    let place = |said: &Value| {
        let text = |key: &str| said[key].as_str().unwrap_or_default().to_owned();
        format!("{}:{} {}", text("file"), said["line"], text("code"))
    };
    said(&check(site, &["--format", "json"])).iter().map(place).collect()
}

/// The codes that docs/rules.md has a part about.
fn rules() -> BTreeSet<String> {
    let text = fs::read_to_string(package().join("docs/rules.md")).expect("docs/rules.md");
    let heads = text.lines().filter_map(|line| line.strip_prefix("## `")?.strip_suffix('`'));
    heads.map(str::to_owned).collect()
}

/// Every file and every folder of a site, with what is in it.
fn everything(site: &Site) -> (BTreeMap<String, Vec<u8>>, BTreeSet<PathBuf>) {
    let mut folders = BTreeSet::new();
    let mut open = vec![site.path().to_owned()];
    while let Some(next) = open.pop() {
        let entries = fs::read_dir(&next).expect("a folder").map(|entry| entry.expect("an entry").path());
        open.extend(entries.filter(|path| path.is_dir()));
        folders.insert(next);
    }
    (files(site.path()), folders)
}

/// Files of a site.
type Files<'a> = Vec<(&'a str, &'a str)>;

/// Sites with all kinds of mistakes, each with a code that must be among what is said.
fn mistaken() -> Vec<(&'static str, Files<'static>)> {
    let briefing = "---\ntitle: The bridge.\ndate: 2023-09-11\nlayout: post\n---\nThe council met yesterday. \
                    [Lost](lost.md), [later](later.md)\n";
    let later = "---\ntitle: The lake is to be drained\ndate: 2024-09-11\n---\nText. [Lost](lost.md)\n";
    let small = "title: The Test\nurl: https://example.org\ncards: false\nbudget: {page: 100}\n";
    let levels = "title: The Test\nurl: https://example.org\ncards: false\n\
                  check: {rules: {withheld-link: error, unknown-key: off}}\n";
    let leaking =
        "title: The Test\nurl: https://example.org\ncards: false\ndescription: The lake is to be drained\n";
    let failing =
        "{% extends \"nutgraf/briefing.html\" %}{% block main %}{{ page.no.such }}{% endblock main %}";
    vec![
        (
            "dead-link",
            vec![("nutgraf.yaml", SETTINGS), (ENGLISH, briefing), ("content/briefings/later.md", later)],
        ),
        (
            "over-budget",
            vec![("nutgraf.yaml", small), ("content/pages/about.md", "---\ntitle: About\n---\nText.\n")],
        ),
        (
            "withheld-link",
            vec![("nutgraf.yaml", levels), (ENGLISH, briefing), ("content/briefings/later.md", later)],
        ),
        ("withheld-leak", vec![("nutgraf.yaml", leaking), ("content/briefings/later.md", later)]),
        (
            "template-failed",
            vec![
                ("nutgraf.yaml", SETTINGS),
                (ENGLISH, briefing),
                ("content/briefings/b.md", "---\ntitle: B\ndate: 2023-09-11\n---\nText.\n"),
                ("templates/briefing.html", failing),
            ],
        ),
        (
            "template-syntax",
            vec![
                ("nutgraf.yaml", SETTINGS),
                (ENGLISH, briefing),
                ("templates/page.html", "{% block main %}"),
            ],
        ),
        (
            "yaml-quotes",
            vec![
                ("nutgraf.yaml", SETTINGS),
                (ENGLISH, "---\ntitle: \"The bridge\ndate: 2023-09-11\n---\nText.\n"),
            ],
        ),
        ("missing-key", vec![("nutgraf.yaml", "title: The Test\n"), (ENGLISH, briefing)]),
        ("settings-missing", vec![(ENGLISH, briefing)]),
    ]
}

/// Such a site with a picture, and briefings that are right.
fn with_picture(files: Files<'_>) -> Site {
    let site = Site::new(files);
    let front = "title: A pixel\ndate: 2023-09-11\nimage: {src: pixel.gif, alt: A pixel., credit: J}";
    site.write("content/briefings/pixel.gif", GIF);
    site.write("content/briefings/pixel.md", format!("---\n{front}\n---\nText.\n"));
    site
}

#[test]
fn check_says_all_that_a_build_says() {
    let rules = rules();
    for (code, files) in mistaken() {
        let site = with_picture(files);
        let checked = check(&site, &["--format", "json"]);
        let built = site.run(&["build", "--now", NOW, "--format", "json"]);
        let of_builds: Vec<Value> = said(&checked)
            .into_iter()
            .filter(|said| !rules.contains(said["code"].as_str().unwrap_or_default()))
            .collect();
        assert_eq!(of_builds, said(&built), "{code}");
        assert!(of_builds.iter().any(|said| said["code"] == code), "{code} is among them");
        assert_eq!(checked.code, built.code, "{code}");
    }
}

#[test]
fn check_writes_nothing() {
    for (code, files) in mistaken() {
        let site = with_picture(files);
        let before = everything(&site);
        check(&site, &[]);
        let names = |(files, _): &(BTreeMap<String, Vec<u8>>, _)| files.keys().cloned().collect::<Vec<_>>();
        let after = everything(&site);
        assert_eq!(names(&after), names(&before), "{code}");
        assert!(after == before, "{code}");
    }
}

#[test]
fn check_leaves_what_was_published_alone() {
    let site = Site::of_briefing("---\ntitle: The bridge\ndate: 2023-09-11\n---\nText.\n");
    site.build_cleanly();
    site.write("content/briefings/b.md", "---\ntitle: The lake\ndate: 2023-09-11\n---\nText.\n");
    let before = everything(&site);
    check(&site, &[]);
    assert!(everything(&site) == before);
}

#[test]
fn the_exit_code_says_whether_there_are_errors() {
    let text = "---\ntitle: The bridge.\ndate: 2023-09-11\nlayout: post\n---\nText.\n";
    let with = |rules: &str| format!("{SETTINGS}check: {{rules: {{{rules}}}}}\n");
    let exits = |rules: &str| {
        let site = Site::of_briefing(text);
        site.write("nutgraf.yaml", with(rules));
        let codes = [check(&site, &[]).code, check(&site, &["--strict"]).code];
        (codes, site.run(&["build", "--now", NOW]).code)
    };
    assert_eq!(exits(""), ([0, 1], 0), "warnings");
    assert_eq!(exits("headline-period: error"), ([1, 1], 0), "a build does not look at the rule");
    assert_eq!(exits("unknown-key: error"), ([1, 1], 1), "a warning of a build");
    assert_eq!(exits("headline-period: off, unknown-key: off"), ([0, 0], 0), "nothing is left to say");
    assert_eq!(exits("headline-period: off, unknown-key: warning"), ([0, 1], 0));
    let site = Site::of_briefing(text);
    assert_eq!(site.run(&["check", "--site", "nowhere"]).code, 2);
    assert_eq!(site.run(&["check", "--out", "public"]).code, 2, "there is nothing to put out");
}

#[test]
fn strict_takes_warnings_of_every_kind_for_errors() {
    let site = Site::of_briefing("---\ntitle: The bridge.\ndate: 2023-09-11\nlayout: post\n---\nText.\n");
    let run = check(&site, &["--strict", "--format", "json"]);
    let severities: Vec<Value> = said(&run).iter().map(|said| said["severity"].clone()).collect();
    assert_eq!((run.code, severities), (1, vec!["error".into(), "error".into()]));
}

#[test]
fn a_site_without_a_mistake_is_told_so() {
    let site = Site::of_briefing("---\ntitle: The bridge\ndate: 2023-09-11\n---\nText.\n");
    let run = check(&site, &["--strict"]);
    assert_eq!((run.code, run.stdout.as_str(), run.stderr.as_str()), (0, "nothing to say\n", ""));
    assert_eq!(check(&site, &["--quiet"]).stdout, "");
    assert_eq!(check(&site, &["--format", "github"]).stdout, "");
}

// What leads to a page, what names a file, what makes a translation old.

#[test]
fn a_page_named_in_a_template_with_either_quotation_mark_is_no_orphan() {
    for link in ["<a href=\"/ethics/\">Ethics</a>", "<a href='/ethics/'>Ethics</a>"] {
        let site = Site::new([
            ("nutgraf.yaml", SETTINGS),
            ("content/pages/ethics.md", "---\ntitle: Ethics\n---\nText.\n"),
            ("templates/base.html", &format!("{{% block main %}}{{% endblock main %}}{link}")),
        ]);
        assert_eq!(places(&site), Vec::<String>::new(), "{link}");
    }
}

#[test]
fn a_page_linked_by_its_old_address_is_no_orphan() {
    let site = Site::of_briefing("---\ntitle: The bridge\ndate: 2023-09-11\n---\n[Ethics](/moral/)\n");
    site.write("content/pages/ethics.md", "---\ntitle: Ethics\naliases: [/moral/]\n---\nText.\n");
    assert_eq!(places(&site), Vec::<String>::new());
}

/// A briefing and its translation.
fn translated(own: &str, translation: &str) -> Site {
    let site = Site::new([("nutgraf.yaml", LANGUAGES)]);
    site.write(ENGLISH, format!("---\ntitle: The bridge\ndate: 2023-09-11\n{own}\n---\nText.\n"));
    site.write(RUSSIAN, format!("---\ntitle: Мост\n{translation}\n---\nТекст.\n"));
    site
}

#[test]
fn a_translation_updated_on_the_day_of_its_original_is_not_old() {
    let site = translated("updated: 2023-09-12 10:00", "updated: 2023-09-12");
    assert_eq!(places(&site), Vec::<String>::new(), "a day without a time is the whole of it");
}

#[test]
fn a_translation_must_have_every_correction_of_its_original() {
    let site = translated(
        "corrections: [{date: 2023-09-12, text: One.}, {date: 2023-09-14, text: Two.}]",
        "corrections: [{date: 2023-09-14, text: Два.}]",
    );
    assert_eq!(places(&site), [format!("{RUSSIAN}:2 translation-outdated")]);
}

/// A photo whose own file says what is on it and whose it is needs no words in the text.
#[cfg(feature = "images")]
#[test]
fn words_in_a_photo_count() {
    use std::io::Cursor;

    use img_parts::jpeg::{Jpeg, JpegSegment, markers};

    let xmp = |inside: &str| {
        format!(
            "http://ns.adobe.com/xap/1.0/\0<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF \
             xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\"><rdf:Description \
             xmlns:Iptc4xmpCore=\"http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/\" \
             xmlns:photoshop=\"http://ns.adobe.com/photoshop/1.0/\">{inside}</rdf:Description></rdf:RDF></x:xmpmeta>"
        )
    };
    let mut plain = Cursor::new(Vec::new());
    image::RgbImage::new(4, 3).write_to(&mut plain, image::ImageFormat::Jpeg).expect("a JPEG");
    let mut jpeg = Jpeg::from_bytes(plain.get_ref().clone().into()).expect("a JPEG");
    let words =
        xmp("<photoshop:Credit>Jane Doe</photoshop:Credit><Iptc4xmpCore:AltTextAccessibility><rdf:Alt>\
         <rdf:li xml:lang=\"x-default\">A bridge over a river.</rdf:li></rdf:Alt>\
         </Iptc4xmpCore:AltTextAccessibility>");
    let segment = JpegSegment::new_with_contents(markers::APP1, words.into_bytes().into());
    jpeg.segments_mut().insert(1, segment);
    let text = "---\ntitle: The bridge\ndate: 2023-09-11\nimage: photo.jpg\n---\n![](photo.jpg)\n\n::figure{src=photo.jpg alt=\"\"}\n";
    let site = Site::of_briefing(text);
    site.write("content/briefings/photo.jpg", jpeg.encoder().bytes());
    assert_eq!(places(&site), Vec::<String>::new());
    site.write("content/briefings/photo.jpg", plain.into_inner());
    let wanting = ["4 missing-alt", "4 missing-credit", "6 missing-alt", "8 missing-credit"];
    assert_eq!(places(&site), wanting.map(|place| format!("{ENGLISH}:{place}")));
}

// Permissions.

const DIARY: &str = "<!-- allow relative-date: a diary -->";

/// A briefing of a headline, a first paragraph and a text.
fn story(text: &str) -> String {
    format!("---\ntitle: The bridge\ndate: 2023-09-11\n---\nThe first paragraph.\n\n{text}")
}

#[test]
fn a_comment_allows_what_stands_where_it_stands() {
    let next = "\n\nAnd yesterday.\n";
    let allowed = [
        format!("{DIARY}\nIt met yesterday,\nand yesterday again."),
        format!("{DIARY}\n\nIt met yesterday."),
        format!("It met yesterday, {DIARY} and\nyesterday again."),
        format!("- {DIARY} It met yesterday.\n- It met."),
        format!("- {DIARY}\n  It met yesterday.\n- It met."),
        format!("1. It met yesterday. {DIARY}\n2. It met."),
        format!("{DIARY}\n\n- It met yesterday.\n- It met yesterday."),
        format!("{DIARY}\n- It met yesterday.\n- It met yesterday."),
        format!("{DIARY}\n1. It met yesterday.\n2. It met yesterday."),
        format!("{DIARY}\n<!-- allow acronym: another -->\nThe KXR met yesterday."),
        format!("{DIARY}\n<!-- allow acronym: another -->\n- The KXR met yesterday."),
        format!("{DIARY}\n:::fact_box[The bridge]\nIt met yesterday.\n:::"),
        format!("{DIARY}\n| Met |\n|---|\n| yesterday |"),
    ];
    let texts: Vec<String> = allowed.iter().map(|text| story(&format!("{text}{next}"))).collect();
    for newline in ["\n", "\r\n"] {
        let site = Site::new([("nutgraf.yaml", SETTINGS)]);
        let path = |i: usize| format!("content/briefings/{i}.md");
        for (i, text) in texts.iter().enumerate() {
            let text = text.replace("The bridge", &format!("The bridge, part {i}"));
            site.write(&path(i), text.replace('\n', newline));
        }
        let places = places(&site);
        let found = |i: usize| places.iter().filter(|place| place.starts_with(&path(i))).collect::<Vec<_>>();
        let wrong: Vec<String> = texts
            .iter()
            .enumerate()
            .filter(|(i, text)| {
                found(*i) != [&format!("{}:{} relative-date", path(*i), text.lines().count())]
            })
            .map(|(i, text)| format!("{text}{:#?}", found(i)))
            .collect();
        assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    }
}

#[test]
fn a_comment_between_two_paragraphs_allows_one_of_them() {
    let site = Site::of_briefing(&story(&format!("It met yesterday.\n{DIARY}\n\nIt met yesterday.\n")));
    assert_eq!(places(&site).len(), 1, "{:?}", places(&site));
}

#[test]
fn a_comment_for_one_item_allows_nothing_in_the_next() {
    let site = Site::of_briefing(&story(&format!("- {DIARY} It met yesterday.\n- It met yesterday.\n")));
    assert_eq!(places(&site), [format!("{ENGLISH}:8 relative-date")]);
}

#[test]
fn a_comment_that_allows_is_never_seen_by_readers() {
    let text =
        format!("{DIARY}\nIt met yesterday.\n\nIt {DIARY} met yesterday.\n\n- {DIARY} It met yesterday.\n");
    let shown = ["sanitize", "escape", "allow"].into_iter().filter(|raw_html| {
        let site = Site::of_briefing(&story(&text));
        site.write("nutgraf.yaml", format!("{SETTINGS}cards: false\nraw_html: {raw_html}\n"));
        site.build_cleanly();
        let mut output = site.output().into_values();
        output.any(|bytes| String::from_utf8_lossy(&bytes).contains("a diary"))
    });
    assert_eq!(shown.collect::<Vec<_>>(), Vec::<&str>::new());
}

#[test]
fn a_permission_for_a_warning_of_a_build_is_not_called_unused() {
    let site = Site::of_briefing(
        "---\ntitle: The bridge\ndate: 2023-09-11\nlayout: post\nallow: {unknown-key: ours}\n---\nText.\n",
    );
    for level in ["warning", "error"] {
        site.write("nutgraf.yaml", format!("{SETTINGS}check: {{rules: {{unknown-key: {level}}}}}\n"));
        assert_eq!(places(&site), Vec::<String>::new(), "{level}");
    }
}

#[test]
fn a_permission_for_a_rule_that_is_off_is_not_called_unused() {
    let site = Site::of_briefing(
        "---\ntitle: The bridge\ndate: 2023-09-11\nallow: {long-headline: ours}\n---\nText.\n",
    );
    assert_eq!(places(&site), [format!("{ENGLISH}:4 unused-allow")]);
    site.write("nutgraf.yaml", format!("{SETTINGS}check: {{rules: {{long-headline: off}}}}\n"));
    assert_eq!(places(&site), Vec::<String>::new());
}

// Formats.

/// A site with a message at every kind of place: a place of several lines, after letters of several bytes, in a
/// file that is no text, in one with odd letters in its name, in the settings; with other places, and with mendings.
fn of_every_place() -> Site {
    let long = "The council met, and talked. ".repeat(20);
    let site = Site::new([
        ("nutgraf.yaml", LANGUAGES),
        (ENGLISH, "---\ntitle: The bridge.\ndate: 2023-09-11\ntopcis: [ports]\n---\nText.\n"),
        (RUSSIAN, "---\ntitle: Мост\n---\n«Ё» — Фильм \"Стeпь\" показали.\n"),
        ("content/briefings/b.md", "---\ntitle: The bridge\ndate: 2023-09-12\n---\nText.\n"),
        ("content/briefings/a file #1, 100%: new?.csv", "a,b\n"),
    ]);
    site.write("content/briefings/c.md", story(&format!("{}\n", long.replace(", and", ",\nand"))));
    site.write("content/briefings/pixel.gif", GIF);
    site.write("content/briefings/d.md", b"---\ntitle: \xff\n---\n");
    site
}

#[test]
fn each_message_has_every_key_of_its_form() {
    let keys = ["code", "severity", "message", "file", "line", "column", "end_line", "end_column", "help"];
    let run = check(&of_every_place(), &["--format", "json"]);
    let said = said(&run);
    for said in &said {
        let object = said.as_object().expect("an object");
        assert_eq!(object.keys().collect::<Vec<_>>(), keys, "{said}");
        for key in ["line", "column", "end_line", "end_column"] {
            assert!(said[key].as_u64().is_some_and(|n| n > 0), "{key} of {said}");
        }
        assert!(said["line"].as_u64() <= said["end_line"].as_u64(), "{said}");
    }
    let of = |code: &str| said.iter().find(|said| said["code"] == code).expect("a message of this code");
    let mixed = of("mixed-script");
    assert_eq!((&mixed["line"], &mixed["column"], &mixed["end_column"]), (&4.into(), &14.into(), &19.into()));
    let long = of("long-paragraph");
    assert_eq!((&long["line"], &long["column"]), (&7.into(), &1.into()));
    assert!(long["end_line"].as_u64() > long["line"].as_u64(), "{long}");
    assert!(run.stdout.is_empty(), "{}", run.stdout);
}

/// The schema of SARIF 2.1.0.
fn schema() -> jsonschema::Validator {
    let text = fs::read_to_string(package().join("tests/schemas/sarif-2.1.0.json")).expect("the schema");
    // As published it has an expression with a bracket too many, for the names of languages.
    let text = text.replace("-[a-zA-Z]{2}]?$", "-[a-zA-Z]{2}$");
    let schema: Value = serde_json::from_str(&text).expect("JSON");
    jsonschema::validator_for(&schema).expect("a schema")
}

/// The log of a run on stdout, which must be as the schema says.
fn log(run: &Run) -> Value {
    let log: Value = serde_json::from_str(&run.stdout).expect("a log");
    let wrong: Vec<String> =
        schema().iter_errors(&log).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert_eq!(wrong, Vec::<String>::new());
    log
}

/// The results of a log.
fn results(log: &Value) -> &[Value] {
    log["runs"][0]["results"].as_array().expect("results")
}

#[test]
fn a_sarif_log_says_the_same_as_the_messages_and_is_valid() {
    let mut sites: Vec<Site> = mistaken().into_iter().map(|(_, files)| Site::new(files)).collect();
    sites.push(of_every_place());
    sites.push(Site::of_briefing("---\ntitle: The bridge\ndate: 2023-09-11\n---\nText.\n"));
    for site in sites {
        let run = check(&site, &["--format", "sarif"]);
        assert_eq!(run.stderr, "");
        let log = log(&run);
        let messages = check(&site, &["--format", "json"]);
        assert_eq!(run.code, messages.code);
        let messages = said(&messages);
        assert_eq!(results(&log).len(), messages.len());
        for (result, said) in results(&log).iter().zip(messages) {
            assert_eq!((&result["ruleId"], &result["level"]), (&said["code"], &said["severity"]));
            let rule = result["ruleIndex"].as_u64().and_then(|i| usize::try_from(i).ok()).expect("a number");
            assert_eq!(log["runs"][0]["tool"]["driver"]["rules"][rule]["id"], result["ruleId"]);
            let place = &result["locations"][0]["physicalLocation"];
            let uri = place["artifactLocation"]["uri"].as_str().expect("a file");
            let file = percent_decode_str(uri).decode_utf8().expect("UTF-8");
            assert_eq!(Some(file.as_ref()), said["file"].as_str());
            assert!(url::Url::parse("x:/").expect("an address").join(uri).is_ok(), "{uri}");
            assert!(!uri.contains([' ', '#', '?', ':']), "{uri}");
            let region = &place["region"];
            if !region.is_null() {
                let places =
                    ["startLine", "startColumn", "endLine", "endColumn"].map(|key| region[key].clone());
                assert_eq!(places, ["line", "column", "end_line", "end_column"].map(|key| said[key].clone()));
            }
        }
    }
}

#[test]
fn a_sarif_log_has_other_places_and_mendings_and_no_place_in_what_is_no_text() {
    let log = log(&check(&of_every_place(), &["--format", "sarif"]));
    assert_eq!(log["runs"][0]["columnKind"], "unicodeCodePoints");
    let of = |code: &str, file: &str| {
        let of_file = |result: &&Value| {
            let place = &result["locations"][0]["physicalLocation"];
            result["ruleId"] == code && place["artifactLocation"]["uri"] == file
        };
        results(&log).iter().find(of_file).unwrap_or_else(|| panic!("{code} of {file}"))
    };
    let pixel = of("unused-asset", "content/briefings/pixel.gif");
    assert!(pixel["locations"][0]["physicalLocation"]["region"].is_null(), "{pixel}");
    of("unused-asset", "content/briefings/a%20file%20%231,%20100%25%3A%20new%3F.csv");
    of("not-utf8", "content/briefings/d.md");
    let other = &of("same-headline", "content/briefings/b.md")["relatedLocations"][0];
    assert_eq!(other["physicalLocation"]["artifactLocation"]["uri"], ENGLISH);
    assert_eq!(other["message"]["text"], "this one");
    let change = &of("unknown-key", ENGLISH)["fixes"][0]["artifactChanges"][0];
    assert_eq!(change["artifactLocation"]["uri"], ENGLISH);
    let expected = serde_json::json!({
        "deletedRegion": {"startLine": 4, "startColumn": 1, "endLine": 4, "endColumn": 7},
        "insertedContent": {"text": "topics"},
    });
    assert_eq!(change["replacements"], serde_json::json!([expected]));
    let marks = &of("quotation-marks", RUSSIAN)["fixes"][0]["artifactChanges"][0]["replacements"];
    let columns = [&marks[0], &marks[1]].map(|mark| mark["deletedRegion"]["startColumn"].clone());
    assert_eq!(columns, [13, 19].map(Value::from), "columns are letters, not bytes");
}

#[test]
fn what_other_programs_read_names_files_from_where_the_command_ran() {
    let site = of_every_place();
    let folder = site.path().file_name().expect("a name").to_str().expect("UTF-8").to_owned();
    let from_above = |folder: &str, format: &str| {
        let mut command = command();
        command.current_dir(site.path().parent().expect("a folder above"));
        command.args(["check", "--now", NOW, "--format", format, "--site", folder]);
        run(command).stdout
    };
    let here = check(&site, &["--format", "github"]).stdout;
    assert!(here.contains("file=content/briefings/a.md,"), "{here}");
    for given in [folder.clone(), format!("./{folder}"), format!("{folder}/")] {
        let there = from_above(&given, "github");
        assert_eq!(there, here.replace("file=content/", &format!("file={folder}/content/")), "{given}");
        let log: Value = serde_json::from_str(&from_above(&given, "sarif")).expect("a log");
        let text = log.to_string();
        assert!(text.contains(&format!("\"uri\":\"{folder}/content/briefings/a.md\"")), "{text}");
        assert!(!text.contains("\"uri\":\"content/"), "{text}");
    }
}

#[test]
fn a_log_and_annotations_are_for_check_only() {
    let site = Site::of_briefing("---\ntitle: A\ndate: 2023-09-11\n---\nText.\n");
    for format in ["sarif", "github"] {
        let run = site.run(&["build", "--format", format]);
        assert_eq!(run.code, 2, "{format}");
        assert!(run.stderr.starts_with("error: only `nutgraf check` writes"), "{}", run.stderr);
        assert!(!site.exists("public"));
    }
}

// Mending.

/// What `check --fix` makes of a file.
fn mended(path: &str, text: &str) -> String {
    let site = Site::new([("nutgraf.yaml", LANGUAGES), (path, text)]);
    let run = check(&site, &["--fix"]);
    assert!(matches!(run.code, 0 | 1), "{}", run.stderr);
    let once = site.read(path);
    check(&site, &["--fix"]);
    assert_eq!(site.read(path), once, "a second time changes nothing");
    once
}

#[test]
fn the_spelling_of_keys_is_mended() {
    let front = |lines: &str| format!("---\ntitle: The bridge\ndate: 2023-09-11\n{lines}\n---\nText.\n");
    let image = "src: \"https://example.org/x.jpg\", alt: A bridge., credit: J";
    for (before, after) in [
        ("topcis: [ports]".to_owned(), "topics: [ports]".to_owned()),
        ("Topics : [ports]  # here".to_owned(), "topics : [ports]  # here".to_owned()),
        (format!("image: {{{image}, captoin: Here}}"), format!("image: {{{image}, caption: Here}}")),
        ("sources:\n  - titel: A\n    url: /".to_owned(), "sources:\n  - title: A\n    url: /".to_owned()),
        ("topcis: [ports]\ntopics: [water]".to_owned(), "topcis: [ports]\ntopics: [water]".to_owned()),
        ("weather: fine".to_owned(), "weather: fine".to_owned()),
    ] {
        assert_eq!(mended(ENGLISH, &front(&before)), front(&after));
    }
    let settings = "title: The Test\nurl: https://example.org\ncards: false\nmenus: []\npre_page: 3\n";
    let site = Site::new([("nutgraf.yaml", settings)]);
    let run = check(&site, &["--fix"]);
    assert_eq!(site.read("nutgraf.yaml"), settings.replace("menus", "menu").replace("pre_page", "per_page"));
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
}

#[test]
fn a_key_in_quotation_marks_is_still_a_key_when_it_was_mended() {
    let front = |key: &str| {
        let image =
            format!("{{\"{key}\":\"https://example.org/x.jpg\",\"alt\":\"A bridge.\",\"credit\":\"J\"}}");
        format!("---\ntitle: The bridge\ndate: 2023-09-11\nimage: {image}\n---\nText.\n")
    };
    let site = Site::of_briefing(&front("scr"));
    let run = check(&site, &["--fix"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{}", site.read(ENGLISH));
}

#[test]
fn letters_and_marks_are_mended() {
    let story = |text: &str| format!("---\ntitle: Мост\ndate: 2023-09-11\n---\n{text}\n");
    for (before, after) in [
        ("Пaрламент принял бюджет.", "Парламент принял бюджет."),
        ("**Пaрламeнт** принял — «Мoст».", "**Парламент** принял — «Мост»."),
        ("Фильм \"Степь\" и «река» и “Озеро”.", "Фильм «Степь» и «река» и «Озеро»."),
        ("Фильм \"Стeпь\" показали.", "Фильм «Степь» показали."),
        ("| \"Степь\" |\n|---|\n| Пaрк |", "| «Степь» |\n|---|\n| Парк |"),
        (
            "`\"Пaрк\"` [\"Парк\"](https://example.org \"Парк\")",
            "`\"Пaрк\"` [«Парк»](https://example.org \"Парк\")",
        ),
        ("VPNы и IT-компания.", "VPNы и IT-компания."),
    ] {
        assert_eq!(mended(RUSSIAN, &story(before)), story(after));
    }
    let headline = "---\ntitle: Мост в \"Пaрке\"\ndate: 2023-09-11\n---\nТекст.\n";
    assert_eq!(mended(RUSSIAN, headline), headline.replace("Пaрке", "Парке"), "marks of YAML are left");
}

#[test]
fn mending_letters_leaves_the_marks_inside_a_word() {
    let story = |text: &str| format!("---\ntitle: Мост\ndate: 2023-09-11\n---\n{text}\n");
    let mut wrong = Vec::new();
    // Either is right: the letter is replaced, or the word is left to its author.
    for (before, after) in [
        ("Гуляли [Пaрк](https://example.org/park)ом.", "Гуляли [Парк](https://example.org/park)ом."),
        ("Гуляли Пaр*ком*.", "Гуляли Пар*ком*."),
        ("Гуляли **Пaр**ком.", "Гуляли **Пар**ком."),
        ("Гуляли Пaр<b>ком</b>.", "Гуляли Пар<b>ком</b>."),
    ] {
        let now = mended(RUSSIAN, &story(before));
        if now != story(before) && now != story(after) {
            wrong.push(now);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_headline_loses_its_full_stop_and_nothing_else() {
    let story = |title: &str| format!("---\ntitle: {title}\ndate: 2023-09-11\n---\nText.\n");
    for (before, after) in [
        ("The council closes the bridge.", "The council closes the bridge"),
        ("\"The council closes the bridge.\"  # soon", "\"The council closes the bridge\"  # soon"),
        ("'The council closes the bridge.'", "'The council closes the bridge'"),
        ("The council closes the bridge in the U.S.", "The council closes the bridge in the U.S."),
        ("And then…", "And then…"),
    ] {
        assert_eq!(mended(ENGLISH, &story(before)), story(after));
    }
}

#[test]
fn a_headline_written_in_another_way_loses_nothing_but_its_full_stop() {
    let story = |title: &str| format!("---\ntitle: {title}\ndate: 2023-09-11\n---\nText.\n");
    let mut wrong = Vec::new();
    // Either is right: the full stop is gone, or the headline is left to its author.
    for (before, after) in [
        ("'The council''s bridge is closed.'", "'The council''s bridge is closed'"),
        ("\"The \\\"old\\\" bridge is closed.\"", "\"The \\\"old\\\" bridge is closed\""),
        ("The old bridge\n  is closed.", "The old bridge\n  is closed"),
        (">-\n  The old bridge\n  is closed.", ">-\n  The old bridge\n  is closed"),
    ] {
        let site = Site::of_briefing(&story(before));
        check(&site, &["--fix"]);
        let now = site.read(ENGLISH);
        if now != story(before) && now != story(after) {
            wrong.push(now);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn an_empty_alt_is_added_to_a_lead_picture() {
    let forms = [
        ("image: x.gif", "image: {src: x.gif, alt: \"\"}"),
        ("image: \"x.gif\"", "image: {src: \"x.gif\", alt: \"\"}"),
        ("image: x.gif  # ours", "image: {src: x.gif, alt: \"\"}  # ours"),
        ("image: a,b.gif", "image: {src: \"a,b.gif\", alt: \"\"}"),
        ("image: 'a,b.gif'", "image: {src: 'a,b.gif', alt: \"\"}"),
        ("image: {src: x.gif}", "image: {src: x.gif, alt: \"\"}"),
        ("image: {src: x.gif, credit: J}  # ours", "image: {src: x.gif, alt: \"\", credit: J}  # ours"),
        ("image: {credit: J, src: \"a,b.gif\"}", "image: {credit: J, src: \"a,b.gif\", alt: \"\"}"),
        (
            "image: {\n  src: x.gif, # ours\n  credit: J,\n}",
            "image: {\n  src: x.gif, alt: \"\", # ours\n  credit: J,\n}",
        ),
        ("image:\n  src: x.gif\n  credit: J", "image:\n  src: x.gif\n  alt: \"\"\n  credit: J"),
        (
            "image:\n    credit: J\n    src: x.gif  # ours",
            "image:\n    credit: J\n    src: x.gif  # ours\n    alt: \"\"",
        ),
        ("image:\n  \"src\": 'x.gif'", "image:\n  \"src\": 'x.gif'\n  alt: \"\""),
        ("image: {src: x.gif, alt: }", "image: {src: x.gif, alt: }"),
    ];
    for newline in ["\n", "\r\n"] {
        let site = Site::new([("nutgraf.yaml", SETTINGS)]);
        site.write("content/briefings/x.gif", GIF);
        site.write("content/briefings/a,b.gif", GIF);
        let path = |i: usize| format!("content/briefings/{i}.md");
        let text = |i: usize, image: &str| {
            let text = format!("---\ntitle: The bridge, part {i}\ndate: 2023-09-11\n{image}\n---\nText.\n");
            text.replace('\n', newline)
        };
        for (i, (before, _)) in forms.iter().enumerate() {
            site.write(&path(i), text(i, before));
        }
        let run = check(&site, &["--fix", "--format", "short"]);
        assert_eq!(run.code, 0, "{}", run.stderr);
        for (i, (_, after)) in forms.iter().enumerate() {
            assert_eq!(site.read(&path(i)), text(i, after));
        }
        let left = run.stderr.matches("warning[missing-alt]").count();
        assert_eq!(left, forms.len(), "a message stays until the words are there: {}", run.stderr);
    }
}

#[test]
fn a_lead_picture_written_in_another_way_is_still_one_when_it_was_mended() {
    let mut wrong = Vec::new();
    for image in [
        "image: |\n  x.gif",
        "image: >-\n  x.gif",
        "image: a\",b.gif",
        "extra: {file: &x x.gif}\nimage: *x",
        "extra: {file: &x x.gif}\nimage: {src: *x, credit: J}",
        "extra: {file: &x x.gif}\nimage:\n  src: *x\n  credit: J",
        "image: &x x.gif",
        "image: !!str x.gif",
        "image: &x {src: x.gif}",
        "image: {\"src\":\"x.gif\"}",
    ] {
        let text = format!("---\ntitle: The bridge\ndate: 2023-09-11\n{image}\n---\nText.\n");
        let site = Site::of_briefing(&text);
        site.write("nutgraf.yaml", format!("{SETTINGS}check: {{rules: {{unused-asset: off}}}}\n"));
        site.write("content/briefings/x.gif", GIF);
        site.write("content/briefings/a\",b.gif", GIF);
        let before = check(&site, &[]).code;
        let after = check(&site, &["--fix"]).code;
        let once = site.read(ENGLISH);
        check(&site, &["--fix"]);
        let extra = |text: &str| text.lines().find(|line| line.starts_with("extra")).map(str::to_owned);
        // What could be read can be read, what is no picture is left alone, and a second time changes nothing.
        if before != after || extra(&once) != extra(&text) || site.read(ENGLISH) != once {
            wrong.push(format!("{image}\nbecame\n{once}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_translation_with_words_of_its_own_for_a_picture_is_left_alone() {
    let site = translated("image: {src: x.gif, alt: A bridge., credit: J}", "image: {caption: Мост ночью}");
    site.write("content/briefings/x.gif", GIF);
    let texts = || (site.read(ENGLISH), site.read(RUSSIAN));
    let before = texts();
    check(&site, &["--fix"]);
    assert_eq!(texts(), before);
}

#[test]
fn what_is_allowed_or_off_is_not_mended() {
    let allowed = "---\ntitle: The bridge is closed.\ndate: 2023-09-11\ntopcis: [ports]\nallow: {headline-period: a \
                   quotation, unknown-key: ours}\n---\nText.\n";
    assert_eq!(mended(ENGLISH, allowed), allowed);
    let text =
        "---\ntitle: Мост\ndate: 2023-09-11\n---\n<!-- allow mixed-script: typed so -->\nПaрк.\n\nПaрк.\n";
    assert_eq!(mended(RUSSIAN, text), text.replace("\n\nПaрк", "\n\nПарк"));
    let text = "---\ntitle: The bridge is closed.\ndate: 2023-09-11\ntopcis: [ports]\n---\nText.\n";
    let site = Site::of_briefing(text);
    site.write(
        "nutgraf.yaml",
        format!("{SETTINGS}check: {{rules: {{headline-period: off, unknown-key: off}}}}\n"),
    );
    check(&site, &["--fix"]);
    assert_eq!(site.read(ENGLISH), text);
}

#[test]
fn mending_shows_the_lines_that_it_changed() {
    let text = "---\ntitle: The bridge is closed.\ndate: 2023-09-11\ntopcis: [ports]\n---\nText.\n";
    let run = check(&Site::of_briefing(text), &["--fix"]);
    let shown = "mended content/briefings/a.md: take the full stop off; name the key `topics`\n  \
                 -title: The bridge is closed.\n  +title: The bridge is closed\n  -topcis: [ports]\n  \
                 +topics: [ports]\nnothing to say\n";
    assert_eq!((run.code, run.stdout.as_str(), run.stderr.as_str()), (0, shown, ""));
    let run = check(&Site::of_briefing(text), &[]);
    assert_eq!(run.stdout, "2 of these are mended by `nutgraf check --fix`\n");
    assert_eq!(check(&Site::of_briefing(text), &["--fix", "--quiet"]).stdout, "");
    let run = check(&Site::of_briefing(text), &["--fix", "--format", "json"]);
    let done: Value = serde_json::from_str(&run.stdout).expect("one object");
    let expected = serde_json::json!({
        "mended": ENGLISH, "done": ["take the full stop off", "name the key `topics`"],
    });
    assert_eq!(done, expected);
    let run = check(&Site::of_briefing(text), &["--fix", "--format", "sarif"]);
    assert_eq!(results(&log(&run)), Vec::<Value>::new(), "a log of what is left, and nothing beside it");
}

#[cfg(unix)]
#[test]
fn a_link_that_somebody_laid_beside_a_file_is_not_written_through() {
    let outside = Site::new([("victim.txt", "mine")]);
    let site = Site::of_briefing("---\ntitle: The bridge is closed.\ndate: 2023-09-11\n---\nText.\n");
    let planted = site.path().join("content/briefings/.a.md.nutgraf");
    std::os::unix::fs::symlink(outside.path().join("victim.txt"), &planted).expect("a link");
    assert_eq!(check(&site, &["--fix"]).code, 0);
    assert_eq!(outside.read("victim.txt"), "mine");
    assert!(!site.path().join("content/briefings/a.md").is_symlink());
    assert!(site.read("content/briefings/a.md").contains("title: The bridge is closed\n"));
}

#[test]
fn a_link_found_by_its_own_text_is_not_mended() {
    let text = "---\ntitle: Т\ndate: 2023-09-11\n---\nЭто [кoт] и [кoт][], см. [Кoт][a].\n\n[кoт]: https://example.org/\n[a]: https://example.org/a\n";
    let site = Site::new([("content/briefings/a.md", text)]);
    site.write("nutgraf.yaml", "title: T\nurl: https://example.org\nlanguage: ru\ncards: false\n");
    check(&site, &["--fix"]);
    assert_eq!(site.read("content/briefings/a.md"), text.replace("[Кoт][a]", "[Кот][a]"));
}

#[test]
fn a_file_that_cannot_be_written_is_an_error_and_stays_as_it_was() {
    let site = Site::of_briefing("---\ntitle: The bridge is closed.\ndate: 2023-09-11\n---\nText.\n");
    let file = site.path().join("content/briefings/a.md");
    let mut rights = fs::metadata(&file).expect("the file").permissions();
    rights.set_readonly(true);
    fs::set_permissions(&file, rights).expect("rights");
    let before = everything(&site);
    let run = check(&site, &["--fix"]);
    assert_eq!(run.code, 1);
    assert!(run.stderr.starts_with("error: content/briefings/a.md: "), "{}", run.stderr);
    assert!(everything(&site) == before, "nothing is lost");
}

#[cfg(unix)]
#[test]
fn a_file_behind_a_link_is_mended_where_it_lies_and_keeps_its_rights() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let site = Site::new([("nutgraf.yaml", SETTINGS)]);
    site.write(
        "content/_texts/bridge.md",
        "---\ntitle: The bridge is closed.\ndate: 2023-09-11\n---\nText.\n",
    );
    let real = site.path().join("content/_texts/bridge.md");
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).expect("rights");
    fs::create_dir_all(site.path().join("content/briefings")).expect("a folder");
    let link = site.path().join(ENGLISH);
    symlink("../_texts/bridge.md", &link).expect("a link");
    assert_eq!(check(&site, &["--fix"]).code, 0);
    assert!(fs::symlink_metadata(&link).expect("a file").is_symlink());
    assert_eq!(site.read(ENGLISH), "---\ntitle: The bridge is closed\ndate: 2023-09-11\n---\nText.\n");
    assert_eq!(fs::metadata(&real).expect("a file").permissions().mode() & 0o777, 0o640);
    let names = files(&site.path().join("content"));
    assert_eq!(
        names.keys().collect::<Vec<_>>(),
        ["_texts/bridge.md", "briefings/a.md"],
        "nothing is left beside it"
    );
}

#[cfg(unix)]
#[test]
fn a_file_that_is_in_the_site_twice_is_mended_once() {
    use std::os::unix::fs::symlink;

    let site = Site::of_briefing("---\ntitle: The bridge is closed.\ndate: 2023-09-11\n---\nText.\n");
    symlink("a.md", site.path().join("content/briefings/b.md")).expect("a link");
    let run = check(&site, &["--fix"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(site.read(ENGLISH), "---\ntitle: The bridge is closed\ndate: 2023-09-11\n---\nText.\n");
}

/// A text in the place of a range of bytes.
#[derive(Debug)]
struct Edit {
    file: String,
    start: usize,
    end: usize,
    text: String,
}

/// The byte of a line and a column, both from 1, the column in letters.
fn byte(text: &str, line: &Value, column: &Value) -> usize {
    let number = |value: &Value| value.as_u64().and_then(|n| usize::try_from(n).ok()).expect("a number");
    let before: usize = text.split_inclusive('\n').take(number(line) - 1).map(str::len).sum();
    let letters = text[before..].chars().take(number(column) - 1);
    before + letters.map(char::len_utf8).sum::<usize>()
}

/// The mendings of a log, each with its edits. A mark at the beginning of a file is no part of its text.
fn mendings(log: &Value, texts: &BTreeMap<String, String>) -> Vec<Vec<Edit>> {
    let edits = |fix: &Value| {
        let mut edits = Vec::new();
        for change in fix["artifactChanges"].as_array().expect("changes") {
            let uri = change["artifactLocation"]["uri"].as_str().expect("a file");
            let file = percent_decode_str(uri).decode_utf8().expect("UTF-8").into_owned();
            let whole = &texts[&file];
            let mark = whole.len() - whole.trim_start_matches('\u{feff}').len();
            for replacement in change["replacements"].as_array().expect("replacements") {
                let region = &replacement["deletedRegion"];
                let at = |line, column| mark + byte(&whole[mark..], &region[line], &region[column]);
                let text = replacement["insertedContent"]["text"].as_str().expect("a text").to_owned();
                let (start, end) = (at("startLine", "startColumn"), at("endLine", "endColumn"));
                edits.push(Edit { file: file.clone(), start, end, text });
            }
        }
        edits
    };
    let fixes = results(log).iter().filter_map(|result| result["fixes"].get(0));
    fixes.map(edits).collect()
}

/// Texts after mendings; of two that touch, the first.
fn apply(mendings: Vec<Vec<Edit>>, texts: &mut BTreeMap<String, String>) {
    let mut taken: Vec<Edit> = Vec::new();
    for mending in mendings {
        let meets = |one: &Edit, other: &Edit| {
            one.file == other.file && one.start <= other.end && other.start <= one.end
        };
        if !mending.iter().any(|edit| taken.iter().any(|other| meets(edit, other))) {
            taken.extend(mending);
        }
    }
    taken.sort_by_key(|edit| std::cmp::Reverse(edit.start));
    for edit in taken {
        let text = texts.get_mut(&edit.file).expect("a text");
        // What goes is a mark, a key or a word.
        let gone = &text[edit.start..edit.end];
        assert!(!gone.contains(['\n', '\r', ']', '*', '<']) && gone.len() < 80, "{gone:?} of {text}");
        text.replace_range(edit.start..edit.end, &edit.text);
    }
}

/// Lead pictures without words, as lines of front matter.
const IMAGES: &[&str] = &[
    "image: https://example.org/x.jpg",
    "image: \"https://example.org/x,y.jpg\"  # ours",
    "image: {src: https://example.org/x.jpg, credit: J}",
    "image: {credit: J,\n  src: 'https://example.org/x.jpg'}",
    "image:\n  src: https://example.org/x.jpg  # ours\n  credit: J",
    "image:\n    credit: J\n    src: \"https://example.org/x.jpg\"",
];

/// An edit that a careless hand makes of a text.
fn spoil(random: &mut Random, text: &str) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let front = lines.iter().skip(1).position(|line| line == "---").map_or(0, |i| i + 1);
    let line = random.below(lines.len());
    let in_text = (front + 1 + random.below(lines.len())).min(lines.len() - 1);
    match random.below(9) {
        0 => lines[line].push_str(random.pick(&["  ", " ", "\t"])),
        1 if in_text > front => lines[in_text].insert(0, '\t'),
        2 => lines
            .insert(front, random.pick(&["topcis: [ports]", "Athors: [a]", "upated: 2025-06-01"]).to_owned()),
        3 if !text.contains("\nimage") => lines.insert(front, random.pick(IMAGES).to_owned()),
        4 => {
            let title = lines
                .iter_mut()
                .find(|line| line.starts_with("title: ") && !line.ends_with(['.', '"', '\'']));
            if let Some(title) = title {
                title.push('.');
            }
        }
        5 if in_text > front => {
            let words: Vec<&str> = lines[in_text].split(' ').collect();
            let at = random.below(words.len());
            let quoted = |(i, word): (usize, &&str)| {
                if i == at && !word.is_empty() { format!("\"{word}\"") } else { (*word).to_owned() }
            };
            let all: Vec<String> = words.iter().enumerate().map(quoted).collect();
            lines[in_text] = all.join(" ");
        }
        _ => {
            let (right, wrong) =
                random.pick(&[('а', 'a'), ('о', 'o'), ('е', 'e'), ('с', 'c'), ('р', 'p'), ('e', 'е')]);
            let count = lines[in_text].matches(right).count();
            if count > 0 && in_text > front {
                let at = lines[in_text].match_indices(right).nth(random.below(count)).map(|(at, _)| at);
                let at = at.expect("one of them");
                lines[in_text].replace_range(at..at + right.len_utf8(), &wrong.to_string());
            }
        }
    }
    lines.join("\n") + "\n"
}

/// The files with errors.
fn broken(run: &Run) -> BTreeSet<String> {
    let errors = said(run).into_iter().filter(|said| said["severity"] == "error");
    errors.map(|said| said["file"].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn mending_changes_what_it_says_and_nothing_else() {
    let rules = fs::read_to_string(package().join("tests/rules/rules.txt")).expect("the texts");
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    let mut texts: BTreeMap<String, String> = BTreeMap::new();
    for (i, entry) in rules.trim_start_matches("== ").split("\n== ").enumerate() {
        let (head, text) = entry.split_once('\n').expect("a head and a text");
        let language = head.split(' ').nth(1).expect("a language");
        let suffix = if language == "en" { String::new() } else { format!(".{language}") };
        let mut text = text.to_owned();
        for _ in 0..random.below(5) {
            text = spoil(&mut random, &text);
        }
        if random.below(4) == 0 {
            text = text.replace('\n', "\r\n");
        }
        if random.below(4) == 0 {
            text.insert(0, '\u{feff}');
        }
        texts.insert(format!("content/briefings/text-{i}{suffix}.md"), text);
    }
    let site_of = |texts: &BTreeMap<String, String>| {
        let site = Site::new(texts.iter().map(|(path, text)| (path.as_str(), text.as_str())));
        site.write("nutgraf.yaml", LANGUAGES);
        site
    };
    let site = site_of(&texts);
    let before = broken(&check(&site, &["--format", "json"]));
    // What touches a mending is mended when that is done.
    let mut expected = texts.clone();
    for _ in 0..3 {
        let now = site_of(&expected);
        let run = check(&now, &["--format", "sarif"]);
        let log: Value = serde_json::from_str(&run.stdout).expect("a log");
        apply(mendings(&log, &expected), &mut expected);
    }
    let changed = texts.iter().filter(|(path, text)| expected[*path] != **text).count();
    assert!(changed > 100, "{changed} of {} texts are mended", texts.len());
    check(&site, &["--fix", "--quiet"]);
    let all = |site: &Site| {
        let read = |path: &String| (path.clone(), site.read(path));
        texts.keys().map(read).collect::<BTreeMap<String, String>>()
    };
    let once = all(&site);
    for (path, text) in &expected {
        assert_eq!(&once[path], text, "{path}, which was\n{}", texts[path]);
    }
    let again = check(&site, &["--fix", "--format", "json"]);
    assert!(all(&site) == once, "a second time changes nothing: {}", again.stdout);
    assert_eq!(broken(&again), before, "what could be read can be read");
}
