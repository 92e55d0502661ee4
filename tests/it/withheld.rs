//! What is not published leaves no trace: random sites at several moments, whatever holds a text back, and what a
//! data file, a template or a file of static/ would give away.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use crate::edits::Random;
use crate::site::{NOW, Run, SETTINGS, Site};

/// What holds a text back.
#[derive(Clone, Debug, Default)]
struct Limits {
    draft: bool,
    date: Option<Timestamp>,
    embargo: Option<Timestamp>,
    expires: Option<Timestamp>,
    as_of: Option<Date>,
}

impl Limits {
    /// Those of a translation: the stricter of both files.
    fn with(&self, original: &Self) -> Self {
        Self {
            draft: self.draft || original.draft,
            date: self.date.or(original.date),
            embargo: self.embargo.max(original.embargo),
            expires: self.expires.into_iter().chain(original.expires).min(),
            as_of: self.as_of.or(original.as_of),
        }
    }

    fn is_published(&self, now: Timestamp, zone: &TimeZone) -> bool {
        let today = now.to_zoned_datetime(zone.clone()).date();
        !self.draft
            && self.date.is_none_or(|at| at <= now)
            && self.embargo.is_none_or(|at| at <= now)
            && self.expires.is_none_or(|at| at > now)
            && self.as_of.is_none_or(|as_of| as_of <= today)
    }

    /// When it is published, if nothing else holds it back.
    fn from(&self) -> Timestamp {
        self.date.max(self.embargo).unwrap_or(Timestamp::MIN)
    }
}

/// A text of an invented site, with the words by which it and what belongs to it are known.
struct Text {
    kind: &'static str,
    path: String,
    language: &'static str,
    /// Its slug or id, a word of its own.
    id: String,
    limits: Limits,
    /// Title, lede, and what else stands on its page.
    words: Vec<String>,
    /// Topics, authors and threads.
    terms: Vec<(&'static str, String)>,
    /// Names and words of its pictures.
    pictures: Vec<String>,
    aliases: Vec<String>,
    corrections: Vec<(Timestamp, String)>,
    front: String,
    body: String,
}

impl Text {
    fn address(&self) -> String {
        let prefix = if self.language == "en" { "" } else { "/ru" };
        match self.kind {
            "pages" => format!("{prefix}/{}/", self.id),
            kind => format!("{prefix}/{kind}/{}/", self.id),
        }
    }
}

/// A site invented at random. The same seed, the same site.
pub struct Invented {
    pub site: Site,
    pub random: Random,
    pub zone: TimeZone,
    texts: Vec<Text>,
    made: usize,
}

impl Invented {
    pub fn new(seed: u64) -> Self {
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        for _ in 0..8 {
            random.next();
        }
        let name = random.pick(&["UTC", "Asia/Almaty", "America/New_York"]);
        let zone = TimeZone::get(name).expect("bundled");
        let mut invented = Self { site: Site::new([]), random, zone, texts: Vec::new(), made: 0 };
        let topics: Vec<String> = (0..3).map(|_| invented.word()).collect();
        for _ in 0..4 + invented.random.below(5) {
            invented.briefing(&topics);
        }
        for _ in 0..=invented.random.below(3) {
            invented.explainer(&topics);
        }
        invented.hubs();
        for _ in 0..invented.random.below(3) {
            let id = invented.word();
            invented.text("pages", &format!("content/pages/{id}"), &id, false);
        }
        invented.refer();
        let home = invented.terms().into_iter().filter(|(kind, _)| *kind == "topics").map(|(_, id)| id);
        let home = home.take(2).collect::<Vec<_>>().join(", ");
        invented.site.write(
            "nutgraf.yaml",
            format!(
                "{SETTINGS}cards: false\nper_page: 3\ntimezone: {name}\nlanguages: {{ru: {{}}}}\n\
                 sections: {{news: {{title: News}}}}\nhome: {{topics: [{home}]}}\n"
            ),
        );
        for text in &invented.texts {
            invented.site.write(&text.path, format!("---\n{}---\n{}", text.front, text.body));
        }
        invented
    }

    /// A word that stands nowhere else.
    fn word(&mut self) -> String {
        self.made += 1;
        format!("mk{:04}q", self.made)
    }

    fn chance(&mut self, of: usize) -> bool {
        self.random.below(of) == 0
    }

    /// A moment of 2023 or 2024, in one of the forms in which they are written.
    fn moment(&mut self) -> (String, Timestamp) {
        let day = Date::constant(2023, 1, 1) + i64::try_from(self.random.below(730)).expect("small").days();
        let (hour, minute) = (self.random.below(24), self.random.below(60));
        let local = day.at(i8::try_from(hour).expect("small"), i8::try_from(minute).expect("small"), 0, 0);
        let in_zone = |local: jiff::civil::DateTime| self.zone.to_timestamp(local).expect("a time");
        match self.random.below(5) {
            0 | 1 => (day.to_string(), in_zone(day.at(0, 0, 0, 0))),
            2 | 3 => (format!("{day} {hour:02}:{minute:02}"), in_zone(local)),
            _ => {
                let (offset, minutes) =
                    self.random.pick(&[("+06:00", 360), (" Z", 0), (" -5", -300), ("+0530", 330_i64)]);
                let at = TimeZone::UTC.to_timestamp(local).expect("a time") - minutes.minutes();
                (format!("{day}T{hour:02}:{minute:02}:00{offset}"), at)
            }
        }
    }

    /// A moment after another one.
    fn moment_after(&mut self, earlier: Timestamp) -> (String, Timestamp) {
        for _ in 0..20 {
            let (written, at) = self.moment();
            if at > earlier {
                return (written, at);
            }
        }
        let day = earlier.to_zoned_datetime(self.zone.clone()).date() + 2.days();
        (day.to_string(), self.zone.to_timestamp(day.at(0, 0, 0, 0)).expect("a time"))
    }

    /// What holds a text back, as its front matter says it and as it is. It ends after it begins, with its original
    /// and without.
    fn limits(&mut self, original: Option<&Limits>, is_dated: bool) -> (String, Limits) {
        let mut limits = Limits::default();
        let mut front = String::new();
        if is_dated && original.is_none() {
            let (written, at) = self.moment();
            front.push_str(&format!("date: \"{written}\"\n"));
            limits.date = Some(at);
        }
        if self.chance(6) {
            front.push_str("draft: true\n");
            limits.draft = true;
        }
        if self.chance(4) {
            let (written, at) = self.moment();
            front.push_str(&format!("embargo: \"{written}\"\n"));
            limits.embargo = Some(at);
        }
        let begins = original.map_or_else(|| limits.from(), |original| limits.with(original).from());
        let has_ended = original.and_then(|original| original.expires).is_some_and(|at| at <= begins);
        if !has_ended && self.chance(5) {
            let (written, at) = self.moment_after(begins);
            front.push_str(&format!("expires: \"{written}\"\n"));
            limits.expires = Some(at);
        }
        (front, limits)
    }

    /// Adds a text without anything that only some kinds have, and its translation now and then. Returns the number
    /// of the original.
    fn text(&mut self, kind: &'static str, stem: &str, id: &str, is_dated: bool) -> usize {
        let original = self.texts.len();
        let is_translated = self.chance(2);
        for language in ["en", "ru"].into_iter().take(1 + usize::from(is_translated)) {
            let is_original = language == "en";
            let first = self.texts.get(original).map(|text| text.limits.clone());
            let (mut front, own) = self.limits(first.as_ref(), is_dated);
            let (title, lede) = (self.word(), self.word());
            let key = if kind == "authors" { "name" } else { "title" };
            front.push_str(&format!("{key}: The story of {title}\n"));
            let mut words = vec![title, lede.clone()];
            let mut id = id.to_owned();
            if kind == "briefings" && self.chance(4) {
                id = self.word();
                front.push_str(&format!("slug: {id}\n"));
            }
            let mut aliases = Vec::new();
            // Of the versions of an explainer only the newest has a page, and old addresses.
            let has_page =
                matches!(kind, "briefings" | "pages") || stem == format!("content/explainers/{id}");
            if has_page && is_original && self.chance(4) {
                let alias = self.word();
                front.push_str(&format!("aliases: [/old/{alias}/]\n"));
                aliases.push(alias);
            }
            let mut corrections = Vec::new();
            if kind == "briefings" {
                let begins = first.as_ref().map_or_else(|| own.from(), |first| own.with(first).from());
                for _ in 0..self.random.below(3) {
                    let ((written, at), word) = (self.moment_after(begins), self.word());
                    corrections.push((written, at, word));
                }
                let listed =
                    corrections.iter().map(|(date, _, text)| format!("{{date: \"{date}\", text: {text}}}"));
                front.push_str(&format!("corrections: [{}]\n", listed.collect::<Vec<_>>().join(", ")));
                if self.chance(4) {
                    front.push_str(&format!("updated: \"{}\"\n", self.moment_after(begins).0));
                }
                if self.chance(6) {
                    front.push_str(&format!("pin: \"{}\"\n", self.moment_after(begins).0));
                }
                words.push(self.word());
                front.push_str(&format!("description: In short {}\n", words[2]));
            }
            self.texts.push(Text {
                kind,
                path: format!("{stem}{}.md", if is_original { "" } else { ".ru" }),
                language,
                id,
                limits: first.map_or_else(|| own.clone(), |first| own.with(&first)),
                words,
                terms: Vec::new(),
                pictures: Vec::new(),
                aliases,
                corrections: corrections.into_iter().map(|(_, at, word)| (at, word)).collect(),
                front,
                body: format!("The lede of {lede} stands here.\n\n"),
            });
        }
        original
    }

    fn briefing(&mut self, topics: &[String]) {
        let id = self.word();
        let stem = match self.random.below(3) {
            0 => format!("content/briefings/{id}"),
            1 => format!("content/briefings/2023/{id}"),
            _ => format!("content/briefings/{id}/index"),
        };
        let first = self.text("briefings", &stem, &id, true);
        let own = self.word();
        let mut terms = vec![("topics", self.random.pick(topics))];
        match self.random.below(4) {
            0 => terms.push(("topics", own)),
            1 => terms.push(("authors", own)),
            2 => terms.push(("threads", own)),
            _ => {}
        }
        let others: Vec<(&'static str, String)> =
            self.terms().into_iter().filter(|(kind, _)| *kind != "topics").collect();
        let has_thread = terms.iter().any(|(kind, _)| *kind == "threads");
        if !others.is_empty() && self.chance(3) {
            let other = self.random.pick(&others);
            if other.0 == "authors" || !has_thread {
                terms.push(other);
            }
        }
        let of =
            |kind| terms.iter().filter(|term| term.0 == kind).map(|term| term.1.as_str()).collect::<Vec<_>>();
        let mut front =
            format!("topics: [{}]\nauthors: [{}]\n", of("topics").join(", "), of("authors").join(", "));
        if let Some(thread) = of("threads").first() {
            front.push_str(&format!("thread: {thread}\n"));
        }
        if self.chance(2) {
            front.push_str("section: news\n");
        }
        self.texts[first].front.push_str(&front);
        if self.chance(2) {
            let (name, word) = self.picture();
            let to_content = up(&self.texts[first].path);
            self.texts[first]
                .front
                .push_str(&format!("image: {{src: {to_content}pictures/{name}.svg, alt: A drawing.}}\n"));
            for text in &mut self.texts[first..] {
                text.pictures.extend([name.clone(), word.clone()]);
            }
        }
        for i in first..self.texts.len() {
            self.texts[i].terms.clone_from(&terms);
            if self.chance(4) {
                let (name, word) = self.picture();
                let to_content = up(&self.texts[i].path);
                let text = &mut self.texts[i];
                text.body.push_str(&format!("![A drawing.]({to_content}pictures/{name}.svg)\n\n"));
                text.pictures.extend([name, word]);
            }
        }
    }

    fn picture(&mut self) -> (String, String) {
        let (name, word) = (self.word(), self.word());
        self.site.write(
            &format!("content/pictures/{name}.svg"),
            format!(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 90 60\"><text y=\"30\">{word}</text></svg>"
            ),
        );
        (name, word)
    }

    fn explainer(&mut self, topics: &[String]) {
        let id = self.word();
        let topic = if self.chance(2) { self.random.pick(topics) } else { self.word() };
        let is_dated = self.chance(2);
        let mut dates = BTreeSet::new();
        for _ in 0..=if is_dated { self.random.below(3) } else { 0 } {
            dates.insert(self.moment().1.to_zoned_datetime(self.zone.clone()).date());
        }
        for as_of in dates {
            let stem = if is_dated {
                format!("content/explainers/{id}/{as_of}")
            } else {
                format!("content/explainers/{id}")
            };
            let first = self.text("explainers", &stem, &id, false);
            if !is_dated {
                self.texts[first].front.push_str(&format!("as_of: {as_of}\n"));
            }
            if self.chance(2) {
                let review = self.moment().1.to_zoned_datetime(self.zone.clone()).date();
                self.texts[first].front.push_str(&format!("review_by: {review}\n"));
            }
            self.texts[first].front.push_str(&format!("topics: [{topic}]\n"));
            for text in &mut self.texts[first..] {
                text.limits.as_of = Some(as_of);
                text.terms.push(("topics", topic.clone()));
            }
        }
    }

    /// Every topic, author and thread that a text names.
    fn terms(&self) -> BTreeSet<(&'static str, String)> {
        self.texts.iter().flat_map(|text| text.terms.iter().cloned()).collect()
    }

    /// Texts for some topics, authors and threads.
    fn hubs(&mut self) {
        for (kind, id) in self.terms() {
            if self.chance(2) {
                self.text(kind, &format!("content/{kind}/{id}"), &id, false);
            }
        }
    }

    /// Lets texts name and link each other, whatever becomes of them.
    fn refer(&mut self) {
        let of = |kind: &str| {
            let texts = self.texts.iter().enumerate();
            texts.filter(|(_, text)| text.kind == kind).map(|(i, _)| i).collect::<Vec<_>>()
        };
        let (briefings, explainers) = (of("briefings"), of("explainers"));
        let all: Vec<usize> = (0..self.texts.len()).collect();
        for i in all.clone() {
            for _ in 0..self.random.below(3) {
                let other = self.random.pick(&all);
                let link = self.link(i, other);
                self.texts[i].body.push_str(&format!("Read [this]({link}) too.\n\n"));
            }
            let kind = self.texts[i].kind;
            if kind == "briefings" && self.texts[i].language == "en" {
                if self.chance(2) {
                    let other = &self.texts[self.random.pick(&briefings)];
                    let named = match self.random.below(2) {
                        0 if other.language == "en" => other.id.clone(),
                        _ => other.address(),
                    };
                    self.texts[i].front.push_str(&format!("related: [{named}]\n"));
                }
                if self.chance(2) {
                    let id = self.texts[self.random.pick(&explainers)].id.clone();
                    self.texts[i].front.push_str(&format!("explainers: [{id}]\n"));
                }
            }
            // Explainers show those before them, so that there is no ring.
            let shown: Vec<usize> = explainers
                .iter()
                .copied()
                .filter(|other| kind != "explainers" || self.texts[*other].id < self.texts[i].id)
                .collect();
            if !shown.is_empty() && self.chance(3) {
                let id = self.texts[self.random.pick(&shown)].id.clone();
                let show = self.random.pick(&["summary", "full", "collapsed"]);
                let version = self.random.pick(&["", "", " version=latest"]);
                let line = format!("::explainer{{ref={id} show={show}{version}}}\n\n");
                self.texts[i].body.push_str(&line);
            }
        }
    }

    /// How one text links to another.
    fn link(&mut self, from: usize, to: usize) -> String {
        let (from, to) = (&self.texts[from], &self.texts[to]);
        let below = to.path.strip_prefix("content/").expect("a text is in content/");
        match self.random.below(4) {
            0 | 1 => format!("{}{below}", up(&from.path)),
            2 if !to.aliases.is_empty() => format!("/old/{}/", to.aliases[0]),
            3 if !to.terms.is_empty() && to.language == "en" => {
                let (kind, id) = self.random.pick(&to.terms);
                format!("/{kind}/{id}/")
            }
            _ => to.address(),
        }
    }

    /// Moments to see the site at: some at random, and some at which something happens, with the second before.
    pub fn clocks(&mut self, count: usize) -> Vec<Timestamp> {
        let turns: Vec<Timestamp> = self
            .texts
            .iter()
            .flat_map(|text| {
                let Limits { date, embargo, expires, .. } = text.limits;
                let corrections = text.corrections.iter().map(|(at, _)| *at);
                date.into_iter().chain(embargo).chain(expires).chain(corrections)
            })
            .collect();
        let clocks = (0..count).map(|i| match i % 3 {
            0 => self.moment().1,
            1 => self.random.pick(&turns),
            _ => self.random.pick(&turns) - 1.second(),
        });
        clocks.collect()
    }

    /// The words that must stand in the output at a moment, and those that may.
    fn expected(&self, now: Timestamp) -> (BTreeSet<&str>, BTreeSet<&str>) {
        let published: Vec<&Text> =
            self.texts.iter().filter(|text| text.limits.is_published(now, &self.zone)).collect();
        // The version of each explainer that has the page.
        let mut newest: BTreeMap<(&str, &str), Option<Date>> = BTreeMap::new();
        for text in published.iter().filter(|text| text.kind == "explainers") {
            let newest = newest.entry((&text.id, text.language)).or_default();
            *newest = (*newest).max(text.limits.as_of);
        }
        let (mut must, mut may) = (BTreeSet::new(), BTreeSet::new());
        for text in published {
            let terms = text.terms.iter().map(|(_, id)| id);
            let own = text.words.iter().chain(&text.aliases).chain(&text.pictures).chain(terms);
            let due = text.corrections.iter().filter(|(at, _)| *at <= now).map(|(_, word)| word);
            let all = own.chain(due).chain([&text.id]).map(String::as_str);
            let has_page =
                newest.get(&(text.id.as_str(), text.language)).is_none_or(|d| *d == text.limits.as_of);
            if has_page {
                must.extend(all.clone());
            }
            may.extend(all);
        }
        (must, may)
    }
}

/// The way from a text up to content/.
fn up(path: &str) -> String {
    "../".repeat(path.matches('/').count() - 1)
}

/// The invented words in some bytes.
fn words(bytes: &[u8]) -> BTreeSet<String> {
    let is_word =
        |word: &[u8]| word.starts_with(b"mk") && word[2..6].iter().all(u8::is_ascii_digit) && word[6] == b'q';
    let windows = bytes.windows(7).map(<[u8]>::to_ascii_lowercase).filter(|window| is_word(window));
    windows.map(|word| String::from_utf8(word).expect("ASCII")).collect()
}

#[test]
fn nothing_withheld_stands_in_any_output_of_random_sites() {
    let (mut published, mut withheld) = (0, 0);
    for seed in 1..=40 {
        let mut invented = Invented::new(seed);
        for now in invented.clocks(3) {
            let run = invented.site.run(&["build", "--now", &now.to_string()]);
            assert_eq!(run.code, 0, "site {seed} at {now}:\n{}", run.stderr);
            let (must, may) = invented.expected(now);
            let mut found = BTreeSet::new();
            for (path, bytes) in invented.site.output() {
                let told: BTreeSet<String> =
                    words(path.as_bytes()).into_iter().chain(words(&bytes)).collect();
                let secret = told.iter().find(|word| !may.contains(word.as_str()));
                assert_eq!(secret, None, "site {seed} at {now}: it is in {path}");
                found.extend(told);
            }
            let missing: Vec<&&str> = must.iter().filter(|word| !found.contains(**word)).collect();
            assert!(missing.is_empty(), "site {seed} at {now}: {missing:?} should be published");
            published += must.len();
            withheld += invented.made - may.len();
        }
    }
    assert!(published > 1_000 && withheld > 1_000, "{published} and {withheld} words were looked for");
}

/// A briefing under embargo, and one that is published.
const RULING: &str =
    "---\ntitle: The court rules on the pension case\nembargo: 2024-02-01 06:00\n---\nIt is final.\n";
const PLAIN: &str = "---\ntitle: A plain story\ndate: 2023-09-11\n---\nText.\n";
const FILE: &str = "content/briefings/pension-ruling.md";

/// A site with a briefing under embargo and these files.
fn with(files: &[(&str, &str)]) -> Site {
    let site = Site::new([
        ("nutgraf.yaml", "title: The Test\nurl: https://example.org\ncards: false\n"),
        ("content/briefings/plain.md", PLAIN),
        (FILE, RULING),
    ]);
    for (path, text) in files {
        site.write(path, text);
    }
    site
}

/// The lines about leaks, each in short.
fn leaks(run: &Run) -> Vec<&str> {
    run.stderr.lines().filter(|line| line.contains("[withheld-leak]")).collect()
}

/// Builds and checks a site, which must say the same of leaks; returns what is said, and whether it was built.
fn told(site: &Site) -> (Vec<String>, bool) {
    let build = site.run(&["build", "--now", NOW, "--format", "short"]);
    let check = site.run(&["check", "--now", NOW, "--format", "short"]);
    assert_eq!(leaks(&build), leaks(&check));
    assert_eq!(build.code, check.code, "{}{}", build.stderr, check.stderr);
    assert_eq!(build.code == 0, site.exists("public"), "what is refused is not written");
    (leaks(&build).into_iter().map(str::to_owned).collect(), build.code == 0)
}

/// A front page that says something more.
fn front_page(more: &str) -> String {
    format!("{{% extends \"nutgraf/home.html\" %}}{{% block footer %}}{more}{{% endblock footer %}}")
}

#[test]
fn a_headline_under_embargo_in_data_that_a_template_prints_stops_the_build() {
    let site = with(&[
        ("data/plans.yaml", "next: The court rules on the pension case\n"),
        ("templates/home.html", &front_page("{{ data.plans.next }}")),
    ]);
    let run = site.build();
    assert_eq!(
        run.stderr,
        "error[withheld-leak]: the headline of this is in what would be published, but this is not published \
         (under embargo until 2024-02-01 06:00)\n --> content/briefings/pension-ruling.md:2:8\n  |\n\
         2 | title: The court rules on the pension case\n  |        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  |\n  \
         = help: it stands in index.html; look for it in data/, static/, nutgraf.yaml and templates/\n\n1 error\n"
    );
    assert_eq!(run.code, 1);
    assert!(!site.exists("public"), "nothing is written");
    assert!(!told(&site).1);
    let later = site.run(&["build", "--now", "2024-02-01T06:00"]);
    assert_eq!((later.code, later.stderr.as_str()), (0, ""), "then it is no secret any more");
}

#[test]
fn data_that_no_template_prints_is_no_leak() {
    let site = with(&[("data/plans.yaml", "next: The court rules on the pension case\n")]);
    assert_eq!(told(&site), (Vec::new(), true));
}

#[test]
fn a_headline_under_embargo_in_a_file_of_static_stops_the_build_and_leaves_the_output_as_it_was() {
    let site = with(&[]);
    assert_eq!(site.build().code, 0);
    let before = site.output();
    site.write("static/plans.txt", "Thursday: The court rules\non the pension case.\n");
    let run = site.build();
    assert_eq!((run.code, leaks(&run).len()), (1, 1), "{}", run.stderr);
    assert!(run.stderr.contains("it stands in plans.txt"), "{}", run.stderr);
    assert!(site.output() == before);
}

#[test]
fn a_headline_under_embargo_is_found_however_html_and_json_write_it() {
    let written = [
        (
            "templates/404.html",
            "{% extends \"nutgraf/404.html\" %}{% block footer %}The court rules on the pension case{% endblock footer %}",
        ),
        ("static/a.html", "<p>The <b>court</b> rules on <i>the</i>&nbsp;pension case</p>"),
        ("static/a.json", "{\"next\": \"The court rules on the pension case\"}"),
        (
            "static/a.svg",
            "<svg xmlns=\"http://www.w3.org/2000/svg\"><title>The court rules on the pension case</title></svg>",
        ),
    ];
    for (path, text) in written {
        let (said, is_built) = told(&with(&[(path, text)]));
        assert_eq!((said.len(), is_built), (1, false), "{path}: {said:?}");
    }
    let title = "title: The court's \"final\" ruling & <its> price\n";
    let site = with(&[
        (FILE, &RULING.replace("title: The court rules on the pension case\n", title)),
        ("data/plans.yaml", &title.replace("title", "next")),
        ("templates/home.html", &front_page("{{ data.plans.next }}")),
        ("static/a.json", "{\"next\": \"The court's \\\"final\\\" ruling & <its> price\"}"),
    ]);
    let (said, is_built) = told(&site);
    assert!(!is_built && said.len() == 1 && said[0].contains("(and on 1 more page)"), "{said:?}");
}

/// A headline with quotation marks and a dash, and the site's file under embargo that has it.
const MARKED: &str = "Court «North» rules – at last";

fn marked() -> Site {
    with(&[(FILE, &RULING.replace("The court rules on the pension case", MARKED))])
}

#[test]
fn a_headline_under_embargo_is_found_though_its_letters_are_escaped() {
    for (path, text) in [
        ("static/a.html", "<p>Court &laquo;North&raquo; rules &ndash; at last</p>"),
        ("static/a.html", "<p>Court &#171;North&#xBB; rules &#8211; at last</p>"),
        ("static/a.json", "{\"next\": \"Court \\u00abNorth\\u00bb rules \\u2013 at last\"}"),
    ] {
        let site = marked();
        site.write(path, text);
        let (said, is_built) = told(&site);
        assert_eq!((said.len(), is_built), (1, false), "{text}: {said:?}");
    }
}

#[test]
fn a_headline_under_embargo_is_found_in_every_file_of_text() {
    for path in ["static/a.txt", "static/a.HTML", "static/calendar.ics", "static/a.yaml", "static/README"] {
        let site = marked();
        site.write(path, format!("Soon: {MARKED}\n"));
        let (said, is_built) = told(&site);
        assert_eq!((said.len(), is_built), (1, false), "{path}: {said:?}");
    }
}

#[test]
fn a_headline_under_embargo_is_found_in_files_that_a_published_text_hands_out() {
    let drawing =
        format!("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 9 9\"><text>{MARKED}</text></svg>");
    for (path, text, named) in [
        ("content/briefings/plan.txt", MARKED, "[The plan](plan.txt)"),
        ("content/briefings/plan.svg", drawing.as_str(), "![The plan.](plan.svg)"),
    ] {
        let site = marked();
        site.write(path, text);
        site.write("content/briefings/plain.md", PLAIN.replace("Text.", named));
        let (said, is_built) = told(&site);
        assert_eq!((said.len(), is_built), (1, false), "{path}: {said:?}");
    }
}

#[test]
fn an_entry_of_the_menu_that_leads_to_nothing_but_withheld_texts_is_named() {
    let hidden = RULING.replace("---\nIt", "topics: [secret-matters]\naliases: [/old-ruling/]\n---\nIt");
    for url in ["/topics/secret-matters/", "/old-ruling/"] {
        let settings = format!("{SETTINGS}cards: false\nmenu: [{{title: Soon, url: {url}}}]\n");
        let site = with(&[("nutgraf.yaml", &settings), (FILE, &hidden)]);
        let run = site.build();
        assert!(run.stderr.contains(url), "{url}: {}", run.stderr);
        let pages = site.output();
        let traces = pages.iter().filter(|(_, bytes)| String::from_utf8_lossy(bytes).contains(url));
        assert_eq!(traces.count(), 0, "{url}: nothing leads there");
        let later = site.run(&["build", "--now", "2024-02-01T06:00"]);
        assert_eq!((later.code, later.stderr.as_str()), (0, ""));
    }
}

#[test]
fn an_entry_of_the_menu_that_leads_to_a_withheld_text_is_left_out_and_named() {
    let menu = "menu: [{title: Soon, url: /briefings/pension-ruling/}]\n";
    let settings = format!("{SETTINGS}cards: false\n{menu}");
    let site = with(&[("nutgraf.yaml", &settings)]);
    let run = site.build();
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(
        run.stderr.starts_with(
            "warning[withheld-link]: `/briefings/pension-ruling/` is not published (under embargo until"
        ),
        "{}",
        run.stderr
    );
    for (path, bytes) in site.output() {
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains("pension-ruling") && !text.contains("Soon"), "{path}");
    }
}

#[test]
fn an_address_of_this_site_with_the_slug_stops_the_build_and_one_of_another_site_does_not() {
    for own in [
        "/briefings/pension-ruling/",
        "/briefings/pension-ruling",
        "/briefings/pension-ruling.html",
        "/briefings/pension-ruling/#context",
        "https://example.org/briefings/pension-ruling/?from=mail",
    ] {
        let text = format!("<a href=\"{own}\">x</a>");
        let (said, is_built) = told(&with(&[("static/a.html", &text)]));
        assert_eq!((said.len(), is_built), (1, false), "{own}: {said:?}");
    }
    for other in [
        "https://archive.example.net/briefings/pension-ruling/",
        "//archive.example.net/briefings/pension-ruling/",
        "/briefings/pension-ruling-of-2020/",
        "/briefings/old-pension-ruling/",
    ] {
        let text = format!("<a href=\"{other}\">x</a> pension-ruling <pension-ruling></pension-ruling>");
        assert_eq!(told(&with(&[("static/a.html", &text)])), (Vec::new(), true), "{other}");
    }
    let (said, is_built) = told(&with(&[("static/notes/pension-ruling/a.txt", "x")]));
    assert_eq!((said.len(), is_built), (1, false), "a folder of its name: {said:?}");
}

#[test]
fn a_site_whose_name_begins_like_this_ones_is_another_site() {
    for other in
        ["https://example.organic/briefings/pension-ruling/", "https://example.org.uk/pension-ruling"]
    {
        let text = format!("<a href=\"{other}\">x</a>");
        assert_eq!(told(&with(&[("static/a.html", &text)])), (Vec::new(), true), "{other}");
    }
}

#[test]
fn a_picture_of_what_is_under_embargo_in_static_stops_the_build_and_one_of_a_draft_is_a_warning() {
    let drawing = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 90 60\"><circle r=\"9\"/></svg>";
    let illustrated = RULING.replace("---\nIt", "image: {src: /court.svg, alt: A court.}\n---\nIt");
    let site = with(&[("static/court.svg", drawing), (FILE, &illustrated)]);
    let run = site.build();
    assert_eq!(
        run.stderr,
        "error[withheld-leak]: the picture court.svg would be published, but this is not published (under embargo \
         until 2024-02-01 06:00)\n --> content/briefings/pension-ruling.md:1:1\n  |\n1 | ---\n  | ^\n  |\n  = help: it is \
         static/court.svg, and what lies in static/ is published at once: put it beside the text\n\n1 error\n"
    );
    assert_eq!(run.code, 1);
    assert!(!told(&site).1);
    let draft = illustrated.replace("embargo: 2024-02-01 06:00", "date: 2023-09-11\ndraft: true");
    site.write(FILE, &draft);
    let (said, is_built) = told(&site);
    assert!(is_built && said.len() == 1 && said[0].contains("warning[withheld-leak]"), "{said:?}");
    // A draft of what is under embargo is no less secret.
    site.write(FILE, illustrated.replace("---\nIt", "draft: true\n---\nIt"));
    let run = site.build();
    assert_eq!(run.code, 1);
    assert!(run.stderr.starts_with("error[withheld-leak]: the picture court.svg"), "{}", run.stderr);
}

#[test]
fn a_picture_beside_the_text_is_safe_unless_static_has_the_same_under_another_name() {
    let drawing = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 90 60\"><circle r=\"9\"/></svg>";
    let illustrated = RULING.replace("---\nIt", "image: {src: court.svg, alt: A court.}\n---\nIt");
    let site = with(&[("content/briefings/court.svg", drawing), (FILE, &illustrated)]);
    assert_eq!(told(&site), (Vec::new(), true));
    let site = with(&[
        ("content/briefings/court.svg", drawing),
        ("static/old/hall.svg", drawing),
        (FILE, &illustrated),
    ]);
    let (said, is_built) = told(&site);
    assert_eq!((said.len(), is_built), (1, false), "{said:?}");
    let site = with(&[
        ("static/court.svg", drawing),
        (FILE, &illustrated.replace("court.svg", "/court.svg")),
        ("content/briefings/plain.md", &PLAIN.replace("Text.", "![A court.](/court.svg)")),
    ]);
    assert_eq!(told(&site), (Vec::new(), true), "a published text shows it too");
}

#[test]
fn a_headline_that_a_published_text_has_too_is_no_secret() {
    let printed = front_page("The court rules on the pension case");
    for published in [
        PLAIN.replace("A plain story", "The court rules on the pension case"),
        PLAIN.replace("Text.", "On Thursday *The court rules on\nthe pension case*, it is said."),
    ] {
        let site = with(&[("templates/home.html", &printed), ("content/briefings/plain.md", &published)]);
        assert_eq!(told(&site), (Vec::new(), true), "{published}");
        site.write("content/briefings/plain.md", published.replace("2023-09-11", "2024-09-11"));
        let site = with(&[
            ("templates/home.html", &printed),
            ("content/briefings/plain.md", &published.replace("2023-09-11", "2024-09-11")),
        ]);
        assert!(!told(&site).1, "one that is withheld itself makes nothing public");
    }
}

#[test]
fn a_headline_of_two_words_stands_anywhere() {
    let site = with(&[
        (FILE, &RULING.replace("The court rules on the pension case", "Pension case")),
        ("templates/home.html", &front_page("Pension case")),
    ]);
    assert_eq!(told(&site), (Vec::new(), true));
}

/// The code and the severity of every message.
fn codes(run: &Run) -> Vec<(String, String)> {
    let messages = run.stderr.lines().map(|line| serde_json::from_str(line).expect("JSON"));
    let text = |value: &serde_json::Value| value.as_str().expect("a text").to_owned();
    messages.map(|message: serde_json::Value| (text(&message["severity"]), text(&message["code"]))).collect()
}

/// Builds a site with a briefing under embargo at a path, and a briefing that names it among `related`.
fn names_related(path: &str, reference: &str) {
    let hidden = "---\ntitle: Hidden\nslug: quite-another\nembargo: 2030-01-01\n---\nText.\n";
    let site = with(&[(path, hidden), (FILE, PLAIN)]);
    let naming = PLAIN.replace("---\nText", &format!("related: [{reference}]\n---\nText"));
    site.write("content/briefings/plain.md", naming);
    let run = site.run(&["build", "--now", "2030-01-01"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{reference} is right once that is published");
    let run = site.run(&["build", "--now", NOW, "--format", "json"]);
    assert_eq!(codes(&run), [("warning".to_owned(), "withheld-link".to_owned())], "{reference} of {path}");
    assert_eq!(run.code, 0);
}

#[test]
fn a_withheld_briefing_may_be_named_by_slug_and_by_address() {
    names_related("content/briefings/hidden.md", "quite-another");
    names_related("content/briefings/hidden.md", "/briefings/quite-another/");
}

#[test]
fn a_withheld_briefing_may_be_named_by_its_file() {
    names_related("content/briefings/hidden.md", "hidden.md");
}

#[test]
fn a_withheld_briefing_may_be_named_by_its_file_from_the_folder_of_briefings() {
    names_related("content/briefings/2023/2023-09-11-hidden.md", "2023/2023-09-11-hidden.md");
}

#[test]
fn a_withheld_briefing_may_be_named_by_its_folder() {
    names_related("content/briefings/hidden/index.md", "hidden/index.md");
}

#[test]
fn a_version_of_an_explainer_that_is_withheld_may_be_named() {
    let site = with(&[
        ("content/explainers/port/2023-01-01.md", "---\ntitle: The port\n---\nOld.\n"),
        ("content/explainers/port/2024-06-01.md", "---\ntitle: The port\n---\nNew.\n"),
        (
            "content/briefings/plain.md",
            &PLAIN.replace("---\nText", "explainers: [{ref: port, version: 2024-06-01}]\n---\nText"),
        ),
    ]);
    let run = site.run(&["build", "--now", "2024-06-01"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "it is right once that is published");
    let run = site.run(&["build", "--now", NOW, "--format", "json"]);
    assert_eq!(codes(&run), [("warning".to_owned(), "withheld-link".to_owned())]);
    assert_eq!(run.code, 0);
}
