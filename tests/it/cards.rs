//! Social cards: the same bytes on every machine, in each language, with any headline.

use crate::site::Site;

/// A briefing with this headline, its card and what its page says of it.
fn card(title: &str, language: &str) -> (Vec<u8>, String) {
    let site = Site::new([(
        "nutgraf.yaml",
        &*format!("title: The Test\nurl: https://example.org/news\nlanguage: {language}\n"),
    )]);
    site.write("content/briefings/a.md", format!("---\ntitle: \"{title}\"\ndate: 2023-09-11\n---\nText.\n"));
    site.build_cleanly();
    let page = site.read("public/briefings/a/index.html");
    let address = page.split("og:image\" content=\"").nth(1).and_then(|rest| rest.split('"').next());
    let name = address
        .and_then(|a| a.strip_prefix("https://example.org/news/"))
        .expect("a whole address")
        .to_owned();
    let bytes = site.output().remove(&name).expect("the card");
    (bytes, page)
}

/// The part of a card that is not ground, left and right of it included: in how many of its rows is there ink?
fn inked(bytes: &[u8]) -> Vec<u32> {
    let picture = image::load_from_memory(bytes).expect("a picture").to_rgb8();
    assert_eq!(picture.dimensions(), (1200, 630));
    let dark = |y: &u32| (80..1120).any(|x| picture.get_pixel(x, *y).0[0] < 100);
    assert!((120..500).all(|y| picture.get_pixel(1160, y).0 == [255; 3]), "nothing runs out of the card");
    (120..500).filter(dark).collect()
}

#[test]
fn cards_are_the_same_bytes_on_every_machine() {
    let cards = [
        ("en", "Kazakhstan votes to build a nuclear power plant"),
        ("ru", "Казахстан проголосовал за строительство АЭС"),
        ("kk", "Қазақстан халқы АЭС салуды қолдап дауыс берді: ә ғ қ ң ө ұ ү һ і"),
    ];
    let hashes = cards.map(|(language, title)| {
        let (bytes, page) = card(title, language);
        assert!(page.contains("<meta property=\"og:image:width\" content=\"1200\">"), "{page}");
        blake3::hash(&bytes).to_hex()[..16].to_owned()
    });
    assert_eq!(hashes, ["4ff1c845d028725a", "c7e646c9f519dba5", "66d2024a9d42fcd7"]);
}

#[test]
fn a_headline_of_any_length_fits_its_card() {
    let (short, _) = card("Vote", "en");
    let long = "Five states of Central Asia agree on a common timetable for the restoration of the northern Aral Sea, ".repeat(2);
    let (long, _) = card(long.trim(), "en");
    let (endless, _) = card(&"word ".repeat(99), "en");
    let (one, _) = card(&"W".repeat(300), "en");
    let rows = |bytes: &[u8]| inked(bytes).len();
    assert!(rows(&short) > 30 && rows(&short) < 120, "{}", rows(&short));
    assert!(rows(&long) > 150, "{}", rows(&long));
    assert!(rows(&endless) > 150, "{}", rows(&endless));
    assert!(rows(&one) > 20, "{}", rows(&one));
}

#[test]
fn a_headline_keeps_its_fixed_spaces_and_loses_what_no_typeface_has() {
    let (plain, _) = card("Growth of 12 % in a year", "en");
    let (odd, _) = card("Growth of 12\u{a0}% in a year\\u0007 \u{1f680}", "en");
    let ink = |bytes: &[u8]| inked(bytes).len();
    assert_eq!(ink(&plain), ink(&odd));
}

#[test]
fn a_headline_in_letters_that_no_typeface_has_is_told_and_has_no_card() {
    let site = Site::of_briefing("---\ntitle: \"News: أخبار\"\ndate: 2023-09-11\n---\nText.\n");
    let run = site.run(&["--format", "short", "build"]);
    let said = "content/briefings/a.md:2:8: warning[card-letters]: this page has no social card: the typefaces of cards have no `أ`";
    assert!(run.stderr.contains(said), "{}", run.stderr);
    assert_eq!(run.code, 0);
    assert!(!site.read("public/briefings/a/index.html").contains("og:image"));
}

#[test]
fn what_is_withheld_has_no_card() {
    let site = Site::of_briefing("---\ntitle: A\ndate: 2023-09-11\n---\nText.\n");
    site.write("content/briefings/secret.md", "---\ntitle: B\ndate: 2023-09-11\ndraft: true\n---\nText.\n");
    site.build_cleanly();
    let is_card = |path: &String| path.ends_with(".png") && !path.starts_with("assets/icon-");
    let cards: Vec<String> = site.output().into_keys().filter(is_card).collect();
    assert!(cards.len() == 1 && cards[0].starts_with("assets/a-"), "{cards:?}");
}

#[test]
fn a_card_template_that_gives_no_drawing_is_said_once_and_nothing_is_written() {
    let site = Site::of_briefing("---\ntitle: A\ndate: 2023-09-11\n---\nText.\n");
    site.write("content/briefings/b.md", "---\ntitle: B\ndate: 2023-09-11\n---\nText.\n");
    site.write("templates/card.svg", "<svg>{{ page.title }}");
    let run = site.build();
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("error[bad-card]: the social card is no drawing"), "{}", run.stderr);
    assert_eq!(run.stderr.matches("error[").count(), 1, "{}", run.stderr);
    assert!(!site.exists("public/index.html"));
}
