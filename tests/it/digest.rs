//! `nutgraf digest`: a day's briefings as a letter, as text and as messages.

use crate::site::{SETTINGS, Site};

const NOW: &str = "2023-09-12";

fn newsroom() -> Site {
    let settings = format!(
        "{SETTINGS}timezone: Asia/Almaty\nlanguages: {{ru: {{title: Проверка}}}}\nsections: {{news: {{title: News}}}}\n"
    );
    let site = Site::new([("nutgraf.yaml", settings.as_str())]);
    let briefing = |front: &str, text: &str| format!("---\n{front}\n---\n{text}\n");
    site.write("content/briefings/old.md", briefing(
        "title: The old bridge\ndate: 2023-09-01\ncorrections:\n  - {date: 2023-09-11 15:00, text: \"It has *two* arches, not three.\"}\n  - {date: 2023-09-13, text: Not yet.}",
        "A bridge was opened.",
    ));
    site.write(
        "content/briefings/first.md",
        briefing(
            "title: Ports & rails <new>\ndate: 2023-09-11 09:00\nsection: news",
            "The port was linked to the railway on Monday.\n\nMore of it.",
        ),
    );
    site.write(
        "content/briefings/second.md",
        briefing(
            "title: A dam\ndate: 2023-09-11 18:00\nkicker: Water\ndescription: The dam holds.",
            "Another lede.",
        ),
    );
    site.write("content/briefings/second.ru.md", briefing("title: Плотина", "Плотина держится."));
    site.write(
        "content/briefings/secret.md",
        briefing("title: Under embargo\ndate: 2023-09-11\nembargo: 2023-09-20", "Secret."),
    );
    site.write(
        "content/briefings/draft.md",
        briefing("title: A draft\ndate: 2023-09-11\ndraft: true", "Unfinished."),
    );
    site
}

#[test]
fn plain_text_has_what_was_published_since_then_and_nothing_else() {
    let site = newsroom();
    let run = site.run(&["digest", "--since", "2023-09-10", "--now", NOW]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    assert_eq!(
        run.stdout,
        "The Test: what is new\nSeptember 12, 2023\nhttps://example.org/\n\n\
         A dam\nThe dam holds.\nhttps://example.org/briefings/second/\n\n\
         Ports & rails <new>\nThe port was linked to the railway on Monday.\nhttps://example.org/briefings/first/\n\n\
         Corrections\n\n\
         The old bridge\nCorrection. It has two arches, not three.\nhttps://example.org/briefings/old/#correction-1\n"
    );
    let later = site.run(&["digest", "--since", "2023-09-11T09:00", "--now", NOW]).stdout;
    assert!(
        later.contains("A dam") && !later.contains("Ports"),
        "the moment itself is known already: {later}"
    );
    let russian = site.run(&["digest", "--since", "2023-09-10", "--language", "ru", "--now", NOW]).stdout;
    assert!(russian.starts_with("Проверка: новое\n12 сентября 2023"), "{russian}");
    assert!(
        russian.contains("Плотина\nПлотина держится.\nhttps://example.org/ru/briefings/second/\n"),
        "{russian}"
    );
}

#[test]
fn with_nothing_to_send_nothing_is_printed_and_the_exit_code_says_so() {
    let site = newsroom();
    let run = site.run(&["digest", "--since", "2023-09-11T20:00", "--now", NOW, "--format", "html"]);
    assert_eq!((run.code, run.stdout.as_str()), (3, ""));
    assert_eq!(run.stderr, "nothing was published since then\n");
    let wrong = site.run(&["digest", "--since", "yesterday"]);
    assert_eq!(
        (wrong.code, wrong.stderr.as_str()),
        (2, "error: `--since yesterday` is not a time: write it like 2023-09-11T10:00\n")
    );
    let wrong = site.run(&["digest", "--since", "2023-09-10", "--language", "rus"]);
    assert_eq!(
        (wrong.code, wrong.stderr.as_str()),
        (2, "error: the site has no language `rus`; did you mean `ru`?\n")
    );
    let wrong = site.run(&["build", "--format", "html"]);
    assert_eq!(
        (wrong.code, wrong.stderr.as_str()),
        (2, "error: only `nutgraf digest` writes letters and messages\n")
    );
}

#[test]
fn a_letter_loads_nothing_and_needs_no_style_sheet() {
    let run = newsroom().run(&["digest", "--since", "2023-09-10", "--now", NOW, "--format", "html"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    let html = run.stdout;
    assert!(html.trim_start().starts_with("<!doctype html>"));
    for absent in ["<style", "<script", "<link", "<img", "class=", "href=\"/", "url("] {
        assert!(!html.contains(absent), "{absent} in {html}");
    }
    assert!(html.contains("Ports &amp; rails &lt;new&gt;</a></h2>"), "{html}");
    assert!(html.contains("<a href=\"https://example.org/briefings/second/\""), "{html}");
    assert!(html.contains(">Water</p>"));
}

#[test]
fn messages_are_short_enough_and_lose_no_briefing() {
    let site = newsroom();
    for i in 0..60 {
        let text = format!(
            "---\ntitle: Story {i} & more\ndate: 2023-09-11 {:02}:{:02}\n---\n{}\n",
            i / 60 + 10,
            i % 60,
            "A sentence with <b>marks</b> & signs. ".repeat(12)
        );
        site.write(&format!("content/briefings/story-{i}.md"), text);
    }
    site.write(
        "content/briefings/long.md",
        format!("---\ntitle: The longest\ndate: 2023-09-11 11:30\n---\n{}\n", "Ә".repeat(9000)),
    );
    let run = site.run(&["digest", "--since", "2023-09-10", "--now", NOW, "--format", "telegram"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let messages: Vec<String> = run
        .stdout
        .lines()
        .map(|line| {
            let message: serde_json::Value = serde_json::from_str(line).expect("JSON");
            assert_eq!(message["parse_mode"], "HTML");
            message["text"].as_str().expect("a text").to_owned()
        })
        .collect();
    assert!(messages.len() > 5);
    for message in &messages {
        let length = message.encode_utf16().count();
        assert!(length <= 4096, "{length}");
        for tag in ["b", "a"] {
            let open = message.matches(&format!("<{tag}")).count();
            assert_eq!(open, message.matches(&format!("</{tag}>")).count(), "{message}");
        }
        let other =
            message.replace("<b>", "").replace("</b>", "").replace("</a>", "").replace("<a href=", "");
        assert!(!other.contains('<'), "{other}");
    }
    let all = messages.concat();
    assert_eq!(all.matches("https://example.org/briefings/story-").count(), 60);
    assert!(all.contains("The longest"));
}

#[test]
fn programs_get_the_same_as_json_and_a_site_its_own_letter() {
    let site = newsroom();
    let run = site.run(&["digest", "--since", "2023-09-10", "--now", NOW, "--format", "json"]);
    let digest: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!(digest["briefings"].as_array().map(Vec::len), Some(2));
    assert_eq!(digest["briefings"][0]["label"], "Water");
    assert_eq!(digest["corrections"][0]["url"], "https://example.org/briefings/old/#correction-1");
    site.write(
        "templates/digest.txt",
        "{% for entry in digest.briefings %}* {{ entry.title }}\n{% endfor %}",
    );
    let run = site.run(&["digest", "--since", "2023-09-10", "--now", NOW]);
    assert_eq!(run.stdout, "* A dam\n* Ports & rails <new>\n");
}
