//! Random documents, made of the parts that real ones are made of: nothing panics, every place that is named
//! lies in its file, and blocks stay in their order.

use std::sync::Arc;

use jiff::tz::TimeZone;
use nutgraf::document::{self, Block, ComponentRule, Rules, identity};
use nutgraf::language::Heads;
use nutgraf::path::SitePath;

/// A small generator of numbers: the same seed, the same documents.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % n as u64).expect("small")
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }
}

const FRONT: &[&str] = &[
    "title: A\n",
    "title: \"x\n",
    "date: 2023-09-11\n",
    "date: soon\n",
    "topics: [a, b]\n",
    "topics:\n  - a\n",
    "image: {src: a.svg}\n",
    "corrections:\n  - {date: 2023-01-01, text: x}\n",
    "\tx: 1\n",
    "explainers: [{ref: a}, b]\n",
    "extra: {a: [1, {b: 2}]}\n",
    "ключ: қазақ\n",
    "title: a: b\n",
    "sources: [x, {url: 1}]\n",
    "&a\n",
    "*a\n",
    "? x\n",
    "- y\n",
    "authors: Ә, Ғ\n",
    "embargo: 2024-01-01 10:00 +06:00\n",
    "---\n",
];

const TEXT: &[&str] = &[
    "Text. ",
    "**The context.** ",
    "**Что?** ",
    "**",
    "\n",
    "\n\n",
    "# ",
    "## H\n",
    "---\n",
    "===\n",
    "- ",
    "1. ",
    "> ",
    "    ",
    "\t",
    "```\n",
    "~~~\n",
    "<b>",
    "<!-- ",
    "-->",
    "<pre>\n",
    "</pre>\n",
    "<script>\n",
    ":::",
    ":::a\n",
    ":::question[X]\n",
    ":::timeline\n",
    "::explainer{ref=a}\n",
    "::a[",
    "{b=",
    "\"",
    "}",
    "]\n",
    "[x](y.md)",
    "![z](w.png)",
    "[^1]",
    "[^1]: note\n",
    "[r]: /x/\n",
    "[r]",
    "| a | b |\n|---|---|\n",
    "https://example.org/a_b",
    "\\",
    "*",
    "_",
    "`",
    "«",
    "»",
    "қ",
    "🙂",
    "\u{2028}",
    "\u{a0}",
    "&amp;",
    "\r\n",
    "- **2020** x\n",
    "- **2020-13**\n",
    ":::\n",
    "::::\n",
    "> :::a\n",
    "> [!NOTE]\n",
    "{#id}\n",
];

fn rules() -> Rules {
    let mut heads = Heads::default();
    heads.add("The context", "context");
    let rule = |section| ComponentRule { section, files: vec!["src".into()], urls: vec!["source".into()] };
    Rules {
        language: "en".into(),
        languages: vec!["en".into(), "ru".into()],
        zone: TimeZone::UTC,
        rename: [("tags".to_owned(), "topics".to_owned())].into(),
        ignore: vec!["layout".into()],
        run_in_heads: true,
        heads: [("en".to_owned(), heads)].into(),
        components: [("question".to_owned(), rule(true)), ("timeline".to_owned(), rule(false))].into(),
        raw_html: nutgraf::config::RawHtml::Sanitize,
    }
}

fn document(random: &mut Random) -> String {
    let mut text = String::new();
    if random.below(10) > 0 {
        text.push_str("---\n");
        for _ in 0..random.below(6) {
            text.push_str(random.pick(FRONT));
        }
        if random.below(10) > 0 {
            text.push_str("---\n");
        }
    }
    for _ in 0..random.below(40) {
        text.push_str(random.pick(TEXT));
    }
    text
}

fn check_blocks(source: &str, blocks: &[Block]) {
    for block in blocks {
        match block {
            Block::Markdown(markdown) => {
                assert!(source.get(markdown.range.clone()).is_some(), "{source:?} {markdown:?}");
                if let Some(skip) = &markdown.skip {
                    assert!(source.get(skip.clone()).is_some(), "{source:?} {markdown:?}");
                }
            }
            Block::Component(component) => {
                assert!(source.get(component.at.clone()).is_some(), "{source:?} {component:?}");
                assert!((1..=6).contains(&component.level), "{source:?}");
                check_blocks(source, &component.body);
            }
        }
    }
}

#[test]
fn random_documents_are_read_without_panic_and_with_places_inside_them() {
    let rules = rules();
    let path = SitePath::new("content/briefings/a.md");
    let identity = identity::identify(&path, "en", &rules.languages).0.expect("a briefing");
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for _ in 0..20_000 {
        let source = document(&mut random);
        let read = document::read(&path, Arc::from(source.as_str()), identity.clone(), &rules);
        for diagnostic in &read.diagnostics {
            let span = diagnostic.span.as_ref().expect("a place");
            assert!(span.start <= span.end && span.end <= source.len(), "{source:?}\n{diagnostic:?}");
            assert!(
                source.is_char_boundary(span.start) && source.is_char_boundary(span.end),
                "{source:?}\n{diagnostic:?}"
            );
        }
        check_blocks(&source, &read.blocks);
    }
}

#[test]
fn random_sites_are_built_or_refused_without_panic() {
    let mut random = Random(0x1234_5678_9abc_def1);
    for _ in 0..40 {
        let site = crate::site::Site::new([("nutgraf.yaml", crate::site::SETTINGS)]);
        for i in 0..20 {
            site.write(&format!("content/briefings/b{i}.md"), document(&mut random));
            site.write(&format!("content/explainers/a{i}.md"), document(&mut random));
        }
        let run = site.build();
        assert!(matches!(run.code, 0 | 1), "{}", run.stderr);
        assert!(!run.stderr.contains("panicked"), "{}", run.stderr);
    }
}
