//! Input that is wrong or meant to harm: each a clear error at its line, quickly, and nothing written.

use crate::site::{Run, SETTINGS, Site};

/// Builds and expects errors; nothing may be written.
fn refused(site: &Site) -> Run {
    let run = site.run(&["build", "--format", "short", "--now", "2024-01-01"]);
    assert_eq!(run.code, 1, "{}", run.stdout);
    assert!(!site.exists("public"), "nothing is written");
    run
}

fn refusal(text: impl AsRef<[u8]>) -> String {
    let site = Site::new([("nutgraf.yaml", SETTINGS)]);
    site.write("content/briefings/a.md", text);
    refused(&site).stderr
}

fn starts(text: impl AsRef<[u8]>, expected: &str) {
    let stderr = refusal(text);
    let first = stderr.lines().find(|line| line.contains("error[")).unwrap_or_default();
    assert!(first.starts_with(expected), "{first}\n  should start with\n{expected}");
}

#[test]
fn files_that_are_no_documents() {
    starts("", "content/briefings/a.md:1:1: error[front-matter-missing]");
    starts("Just text.\n", "content/briefings/a.md:1:1: error[front-matter-missing]");
    starts("---\ntitle: A\n", "content/briefings/a.md:1:1: error[front-matter-unclosed]");
    starts(
        b"---\ntitle: \xff\xfe\n---\n",
        "content/briefings/a.md:2:8: error[not-utf8]: this file is not UTF-8 text from here on",
    );
    starts("x".repeat(5 * 1024 * 1024), "content/briefings/a.md:1:1: error[too-large]: this file has 5 MB");
}

#[test]
fn front_matter_that_is_no_yaml() {
    starts("---\ntitle: A\nextra:\n\tx: 1\n---\n", "content/briefings/a.md:4:1: error[yaml-tab]");
    let mut bomb = String::from("---\ntitle: A\nextra:\n  a: &a [x,x,x,x,x,x,x,x,x]\n");
    for (name, before) in [('b', 'a'), ('c', 'b'), ('d', 'c'), ('e', 'd'), ('f', 'e'), ('g', 'f'), ('h', 'g')]
    {
        bomb.push_str(&format!("  {name}: &{name} [{}]\n", vec![format!("*{before}"); 9].join(",")));
    }
    bomb.push_str("---\n");
    starts(bomb, "content/briefings/a.md:8:13: error[yaml-budget]: this YAML is too large");
    let long = format!("---\ntitle: {}\ndate: 2023-09-11\n---\nA.\n", "a".repeat(10_000));
    starts(long, "content/briefings/a.md:2:8: error[too-long]: `title` has 10000 characters");
}

#[test]
fn blocks_that_are_never_closed_or_never_end() {
    let page = |body: &str| format!("---\ntitle: A\ndate: 2023-09-11\n---\nThe lede.\n\n{body}");
    starts(page(":::question[A]\ntext\n"), "content/briefings/a.md:7:1: error[directive-unclosed]");
    starts(page("text\n\n:::\n"), "content/briefings/a.md:9:1: error[directive-stray]");
    starts(page("::no_such_thing\n"), "content/briefings/a.md:7:3: error[unknown-component]");
    starts(
        page("::explainer\n"),
        "content/briefings/a.md:7:1: error[missing-argument]: `explainer` needs the argument `ref`",
    );
    let tower = format!("{}text\n{}", ":::timeline[A]\n".repeat(1000), ":::\n".repeat(1000));
    starts(page(&tower), "content/briefings/a.md:19:1: error[directive-depth]");
    let quotes = format!("{} deep\n\n::no_such_thing\n", ">".repeat(1000));
    starts(page(&quotes), "content/briefings/a.md:9:3: error[unknown-component]");
}

#[test]
fn references_to_nothing() {
    let page = |body: &str| format!("---\ntitle: A\ndate: 2023-09-11\n---\nThe lede.\n\n{body}\n");
    starts(
        page("![a map](map.svg)"),
        "content/briefings/a.md:7:1: error[missing-file]: there is no file `map.svg`",
    );
    starts(
        page("[text](other.md)"),
        "content/briefings/a.md:7:1: error[dead-link]: `other.md` leads to nothing",
    );
    starts(page("[text](../../../../etc/passwd)"), "content/briefings/a.md:7:1: error[dead-link]");
    starts(
        page("::figure{src=\"../../../secret.png\" alt=\"x\"}"),
        "content/briefings/a.md:7:14: error[missing-file]",
    );
}

#[test]
fn two_documents_at_one_address() {
    let site = Site::new([
        ("nutgraf.yaml", SETTINGS),
        ("content/briefings/a.md", "---\ntitle: A\ndate: 2023-09-11\n---\nA.\n"),
        ("content/briefings/b.md", "---\ntitle: B\ndate: 2023-09-11\nslug: a\n---\nB.\n"),
    ]);
    let stderr = refused(&site).stderr;
    assert!(
        stderr.starts_with("content/briefings/b.md:4:7: error[duplicate-url]: `/briefings/a/` is already the address of content/briefings/a.md"),
        "{stderr}"
    );
}

#[test]
fn explainers_in_a_ring() {
    let explainer = |other: &str| {
        format!(
            "---\ntitle: X\nas_of: 2023-01-01\n---\nText.\n\n::explainer{{ref=\"{other}\" show=\"full\"}}\n"
        )
    };
    let site = Site::new([
        ("nutgraf.yaml", SETTINGS),
        ("content/explainers/a.md", explainer("b").as_str()),
        ("content/explainers/b.md", explainer("a").as_str()),
        ("content/explainers/c.md", explainer("c").as_str()),
    ]);
    let stderr = refused(&site).stderr;
    assert!(stderr.contains("content/explainers/b.md:7:17: error[explainer-ring]: these explainers include each other: `a` → `b` → `a`"), "{stderr}");
    assert!(stderr.contains("content/explainers/c.md:7:17: error[explainer-ring]: these explainers include each other: `c` → `c`"), "{stderr}");
}

#[cfg(unix)]
#[test]
fn links_out_of_the_site() {
    let outside = tempfile::tempdir().expect("a folder");
    std::fs::write(outside.path().join("secret.md"), "---\ntitle: Secret\ndate: 2023-09-11\n---\nSecret.\n")
        .expect("a file");
    let site = Site::of_briefing("---\ntitle: A\ndate: 2023-09-11\n---\nA.\n");
    std::os::unix::fs::symlink(
        outside.path().join("secret.md"),
        site.path().join("content/briefings/secret.md"),
    )
    .expect("a link");
    std::os::unix::fs::symlink(outside.path(), site.path().join("static")).expect("a link");
    let stderr = refused(&site).stderr;
    assert!(
        stderr.contains(
            "content/briefings/secret.md: error[symlink-out]: this link leads out of the site's folder"
        ),
        "{stderr}"
    );
    assert!(stderr.contains("static: error[symlink-out]"), "{stderr}");
}

#[cfg(unix)]
#[test]
fn a_folder_that_holds_itself() {
    let site = Site::of_briefing("---\ntitle: A\ndate: 2023-09-11\n---\nA.\n");
    std::os::unix::fs::symlink(site.path().join("content"), site.path().join("content/briefings/loop"))
        .expect("a link");
    let stderr = refused(&site).stderr;
    let expected = "content/briefings/loop: error[unreadable]: this file cannot be read: a link to a folder that holds it";
    assert!(stderr.starts_with(expected), "{stderr}");
}

#[test]
fn a_template_that_loops_over_nothing() {
    let site = Site::of_briefing("---\ntitle: A\ndate: 2023-09-11\n---\nA.\n");
    site.write(
        "templates/briefing.html",
        "{% extends \"nutgraf/briefing.html\" %}\n{% block main %}\n{% for story in stories %}{{ story }}{% endfor %}\n{% endblock main %}\n",
    );
    let run = site.run(&["build", "--now", "2024-01-01"]);
    assert_eq!(run.code, 1);
    assert_eq!(
        run.stderr,
        "error[template-failed]: `stories` is not defined here\n --> templates/briefing.html:3:17\n  |\n\
         3 | {% for story in stories %}{{ story }}{% endfor %}\n  |                 ^^^^^^^\n  |\n\x20\
         ::: content/briefings/a.md:1:1\n  |\n1 | ---\n  | - while making the page of this\n  |\n  = help: every template knows `site`, `page` or `list`, `lang`, `now` and `data`; `| default(value=…)` forgives the rest\n\n1 error\n"
    );
}

#[test]
fn towers_of_every_kind() {
    let page = |body: &str| format!("---\ntitle: A\ndate: 2023-09-11\n---\nThe lede.\n\n{body}\n");
    starts(
        page(&format!("::embed{{a={}", "[".repeat(200_000))),
        "content/briefings/a.md:7:12: error[directive-malformed]",
    );
    starts(
        page(&"<div>".repeat(40_000)),
        "content/briefings/a.md:7:1: error[html-unclosed]: HTML elements are nested too deeply",
    );
    let long = format!(
        "---\ntitle: A\ndate: 2023-09-11\ntopics: [{}]\nauthors: [{}]\n---\nA.\n",
        "a".repeat(300),
        "я".repeat(300)
    );
    let site = Site::of_briefing(&long);
    site.build_cleanly();
    assert!(site.exists(&format!("public/topics/{}/index.html", "a".repeat(200))));
}

#[test]
fn explainers_without_end() {
    let explainer =
        |as_of: &str, body: &str| format!("---\ntitle: X\nas_of: {as_of}\n---\nText.\n\n{body}\n");
    let full = |id: &str| format!("::explainer{{ref=\"{id}\" show=\"full\"}}\n");

    let site = Site::new([("nutgraf.yaml", SETTINGS)]);
    for i in 0..40 {
        let next = full(&format!("e{}", (i + 1) % 40));
        site.write(&format!("content/explainers/e{i}.md"), explainer("2023-01-01", &next));
    }
    let stderr = refused(&site).stderr;
    assert_eq!(stderr.matches("[explainer-ring]").count(), 1, "a long ring is found, once: {stderr}");

    let site = Site::new([("nutgraf.yaml", SETTINGS)]);
    for i in 0..26 {
        let next = full(&format!("e{}", i + 1));
        site.write(
            &format!("content/explainers/e{i}.md"),
            explainer("2023-01-01", &format!("{next}\n{next}")),
        );
    }
    site.write("content/explainers/e26.md", explainer("2023-01-01", ""));
    let stderr = refused(&site).stderr;
    assert!(stderr.contains("[explainer-depth]: this shows more than 1000 explainers"), "{stderr}");

    let site = Site::of_briefing("---\ntitle: A\ndate: 2021-01-01\nexplainers: [e]\n---\nA.\n");
    let itself =
        "::explainer{ref=e version=2020-01-01 show=full}\n\n::explainer{ref=e version=2020-01-01 show=full}";
    site.write("content/explainers/e/2020-01-01.md", explainer("2020-01-01", itself));
    site.write("content/explainers/e/2023-01-01.md", explainer("2023-01-01", ""));
    let stderr = refused(&site).stderr;
    assert!(
        stderr.contains(
            "e/2020-01-01.md:7:17: error[explainer-ring]: these explainers include each other: `e` → `e`"
        ),
        "{stderr}"
    );
}

#[test]
fn a_ring_across_languages() {
    let explainer = |body: &str| format!("---\ntitle: X\nas_of: 2023-01-01\n---\nText.\n\n{body}\n");
    let site = Site::new([("nutgraf.yaml", "title: T\nurl: https://example.org\nlanguages: {ru: {}}\n")]);
    site.write("content/explainers/a.md", explainer("::explainer{ref=b show=full}"));
    site.write("content/explainers/b.md", explainer(""));
    site.write("content/explainers/b.ru.md", explainer("::explainer{ref=a show=full}"));
    let stderr = refused(&site).stderr;
    assert_eq!(stderr.matches("[explainer-ring]").count(), 1, "{stderr}");
}

#[test]
fn a_briefing_that_shows_too_much() {
    let page =
        format!("---\ntitle: A\ndate: 2023-09-11\n---\nThe lede.\n\n{}", "::explainer{ref=e}\n".repeat(1200));
    let site = Site::of_briefing(&page);
    site.write("content/explainers/e.md", "---\ntitle: E\nas_of: 2023-01-01\n---\nText.\n");
    let stderr = refused(&site).stderr;
    assert!(
        stderr
            .starts_with("content/briefings/a.md:1007:1: error[explainer-depth]: this shows more than 1000"),
        "{stderr}"
    );
}

#[test]
fn attributes_are_no_way_in() {
    let text = "---\ntitle: A\ndate: 2023-09-11\n---\nThe lede.\n\n## Head {onclick=alert(1) style=position:fixed lang=ru}\n";
    let site = Site::of_briefing(text);
    let run = site.build();
    assert_eq!(run.code, 0);
    assert!(run.stderr.contains("the attribute `onclick` of this heading is removed"), "{}", run.stderr);
    assert!(site.read("public/briefings/a/index.html").contains("<h2 id=\"head\" lang=\"ru\">Head</h2>"));
}

#[test]
fn addresses_never_leave_the_output_folder() {
    for alias in
        ["/../../etc/cron.d/x", "/a/../../b", "../x", "//example.org/x", "/a\\b", "/%2e%2e/x", "C:/x"]
    {
        let text = format!(
            "---\ntitle: A\ndate: 2023-09-11\naliases: [\"{}\"]\n---\nA.\n",
            alias.replace('\\', "\\\\")
        );
        starts(text, "content/briefings/a.md:4:11: error[bad-alias]");
    }
    for slug in ["../../x", "a/b", "..", "A B", "a%2f"] {
        starts(
            format!("---\ntitle: A\ndate: 2023-09-11\nslug: \"{slug}\"\n---\nA.\n"),
            "content/briefings/a.md:4:7: error[bad-slug]",
        );
    }
}

#[test]
fn untrusted_text_is_escaped() {
    let evil = "</title><script>alert(1)</script>\\\"'&";
    let text = format!(
        "---\ntitle: \"{evil}\"\ndate: 2023-09-11\nkicker: \"{evil}\"\ndescription: \"{evil}\"\nbyline: \"{evil}\"\ntopics: [\"x {evil}\"]\n\
         sources: [{{title: \"{evil}\"}}]\nimage: {{src: \"https://example.org/x.png\", alt: \"{evil}\", caption: \"{evil}\", credit: \"{evil}\"}}\n\
         corrections: [{{date: 2023-09-12, text: \"{evil}\"}}]\n---\nText <script>alert(2)</script> and [x](javascript:alert(3)) and <b onclick=\"x()\">y</b>.\n"
    );
    let site = Site::new([("nutgraf.yaml", SETTINGS)]);
    site.write("content/briefings/a.md", text);
    let run = site.run(&["build", "--now", "2024-01-01"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    for (path, bytes) in site.output().iter().filter(|(path, _)| path.ends_with(".html")) {
        let html = String::from_utf8_lossy(bytes);
        // Structured data is the one script that a page has, and it runs nothing.
        let scripts = html.matches("<script").count();
        let data = html.matches("<script type=\"application/ld+json\">").count();
        assert_eq!((scripts, html.matches("</script>").count()), (data, data), "{path}:\n{html}");
        assert!(data <= 1, "{path}");
        assert!(!html.contains("onclick"), "{path}");
        assert!(!html.contains("javascript:"), "{path}");
    }
    for warning in [
        "`<script>` is removed",
        "the attribute `onclick` of `<b>` is removed",
        "a link may not begin with `javascript:`",
    ] {
        assert!(run.stderr.contains(warning), "{warning}");
    }
}
