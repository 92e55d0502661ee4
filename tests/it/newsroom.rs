//! An invented newsroom in three languages, whose stories have every key of front matter now and then, with what
//! its pages must say of them.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};

use crate::edits::Random;
use crate::site::Site;

/// The moment it is seen at.
pub const NOW: &str = "2024-01-01T06:00:00Z";
pub const ZONE: &str = "Asia/Almaty";
/// What the organisation is called.
pub const PUBLISHER: &str = "Test & Sons";
pub const HUB: &str = "https://hub.example/?a=1&b=2";
/// How many entries its feeds have at most.
pub const FEED_ITEMS: usize = 20;

/// The sections that have stories, with the type of article that each asks for.
const SECTIONS: [(&str, Option<&str>); 3] =
    [("news", None), ("opinion", Some("OpinionNewsArticle")), ("analysis", Some("AnalysisNewsArticle"))];
const TITLES: [&str; 6] = ["", " & more", " «в кавычках»", " \"quoted\"", " <b>bold?</b>", " – it’s 5 < 6"];
const AUTHORS: [&str; 3] = ["aida-sample", "bo-sample", "Cara Sample"];

/// A briefing in one language.
#[derive(Debug)]
pub struct Story {
    pub language: &'static str,
    pub slug: String,
    pub title: String,
    /// A word of its first and one of its last paragraph.
    pub words: [String; 2],
    pub description: Option<String>,
    pub published: Timestamp,
    pub modified: Timestamp,
    pub section: Option<&'static str>,
    /// The type of article that its section asks for.
    pub article: Option<&'static str>,
    /// Names of people.
    pub authors: Vec<&'static str>,
    pub byline: Option<String>,
    pub dateline: Option<String>,
    pub picture: Option<Picture>,
    pub topics: usize,
    pub explainers: Vec<&'static str>,
    pub sources: Vec<String>,
    /// What its corrections up to now say.
    pub corrections: Vec<String>,
    pub is_published: bool,
}

impl Story {
    /// Its address below that of the site.
    pub fn path(&self) -> String {
        format!("{}/briefings/{}/", prefix(self.language), self.slug)
    }
}

/// A lead picture.
#[derive(Clone, Debug)]
pub struct Picture {
    pub name: String,
    pub credit: Vec<String>,
    pub creator: String,
    pub license_url: String,
    pub acquire_url: String,
}

/// What its stories must be.
pub struct Newsroom {
    pub stories: Vec<Story>,
    /// Words that stand only in what is withheld.
    pub secrets: Vec<String>,
}

/// Where the pages of a language are.
pub fn prefix(language: &str) -> String {
    if language == "en" { String::new() } else { format!("/{language}") }
}

/// A text in YAML, whatever is in it.
pub fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii() && !c.is_ascii_control() && c != '"' && c != '\\';
    let code = |c: char| if plain(c) { c.to_string() } else { format!("\\U{:08x}", u32::from(c)) };
    format!("\"{}\"", text.chars().map(code).collect::<String>())
}

/// The settings of the newsroom at an address.
fn settings(base: &str) -> String {
    format!(
        "title: {title}\nurl: {base}\nlanguage: en\nlanguages:\n  ru: {{title: Проверка, description: Проверено.}}\n  \
         kk: {{title: Тексеру}}\ntimezone: {ZONE}\ncards: false\ndescription: It tests & is tested.\n\
         publisher:\n  name: {publisher}\n  logo: /logo.svg\n  policies: {{corrections: /corrections-policy/, ethics: \
         /ethics/}}\nsections:\n  news: {{title: News, titles: {{ru: Новости}}}}\n  opinion: {{title: Opinion, \
         article: OpinionNewsArticle}}\n  analysis: {{title: Analysis, article: AnalysisNewsArticle}}\n  nothing: \
         {{title: Nothing}}\nfeed: {{items: {FEED_ITEMS}, full_text: true, hub: {hub}}}\ntwins: [markdown, ninjs, \
         llms]\n",
        title = quoted("The \"Test\" & Co"),
        publisher = quoted(PUBLISHER),
        hub = quoted(HUB),
    )
}

/// A newsroom with so many stories, most of them in several languages, at an address. The same seed, the same
/// newsroom.
pub fn invent(seed: u64, stories: usize, base: &str) -> (Site, Newsroom) {
    let now: Timestamp = NOW.parse().expect("a moment");
    let mut maker = Maker {
        site: Site::new([]),
        random: Random(seed),
        zone: TimeZone::get(ZONE).expect("bundled"),
        now,
        made: 0,
        room: Newsroom { stories: Vec::new(), secrets: Vec::new() },
    };
    maker.site.write("nutgraf.yaml", settings(base));
    maker.site.write("static/logo.svg", drawing("logo"));
    maker.standing();
    // The two days of news, to the second, by date and by the end of an embargo.
    let two_days = SignedDuration::from_hours(-48);
    for after in [two_days, two_days + SignedDuration::from_secs(1), SignedDuration::from_secs(-1)] {
        maker.story(Some((now + after, false)));
        maker.story(Some((now + after, true)));
    }
    for seconds in [-3600, 0, 1] {
        maker.story(Some((now + SignedDuration::from_secs(seconds), seconds == 1)));
    }
    while maker.room.stories.len() < stories {
        maker.story(None);
    }
    (maker.site, maker.room)
}

struct Maker {
    site: Site,
    random: Random,
    zone: TimeZone,
    now: Timestamp,
    made: usize,
    room: Newsroom,
}

impl Maker {
    /// A word that stands nowhere else.
    fn word(&mut self) -> String {
        self.made += 1;
        format!("mk{:04}q", self.made)
    }

    fn chance(&mut self, of: usize) -> bool {
        self.random.below(of) == 0
    }

    /// What is there beside the stories.
    fn standing(&mut self) {
        let secret = self.word();
        for (path, text) in [
            ("pages/corrections-policy.md", "title: Corrections policy\n---\nWe correct.\n".to_owned()),
            ("pages/ethics.md", "title: Ethics\n---\nWe are fair.\n".to_owned()),
            (
                "authors/aida-sample.md",
                "name: Aida Sample\nrole: Editor\nlinks: [\"https://social.example/aida\"]\n---\nShe edits.\n".to_owned(),
            ),
            ("authors/aida-sample.ru.md", "name: Аида Сэмпл\n---\nРедактор.\n".to_owned()),
            ("authors/bo-sample.md", "name: Bo Sample\n---\nHe writes.\n".to_owned()),
            ("topics/energy.md", "title: Energy & power\n---\nAll of it.\n".to_owned()),
            ("topics/energy.ru.md", "title: Энергия\n---\nВся.\n".to_owned()),
            ("explainers/grid.md", "title: The grid\nas_of: 2023-02-01\ntopics: [energy]\n---\nIt is old.\n".to_owned()),
            ("explainers/grid.ru.md", "title: Сеть\n---\nОна стара.\n".to_owned()),
            ("explainers/canal/2023-03-01.md", "title: The canal\n---\nIt is dug.\n".to_owned()),
            ("explainers/canal/2023-09-01.md", "title: The canal, filled\n---\nIt is full.\n".to_owned()),
            ("explainers/canal/2024-06-01.md", format!("title: The canal {secret}\n---\nIt is {secret}.\n")),
        ] {
            self.site.write(&format!("content/{path}"), format!("---\n{text}"));
        }
        self.site.write("content/pictures/sign.svg", drawing("sign"));
        self.room.secrets.push(secret);
    }

    /// A moment between two others, or the next midnight, as front matter may write it.
    fn moment(&mut self, from: Timestamp, to: Timestamp) -> (String, Timestamp) {
        let span = usize::try_from(to.as_second() - from.as_second()).unwrap_or_default().max(1);
        let seconds = i64::try_from(self.random.below(span)).expect("small");
        let at = from + SignedDuration::from_secs(seconds);
        if self.chance(3) {
            let day = at.to_zoned_datetime(self.zone.clone()).date() + 1.day();
            return (day.to_string(), self.zone.to_timestamp(day.at(0, 0, 0, 0)).expect("a time"));
        }
        (self.written(at), at)
    }

    /// A moment to the second, with an offset or in the site's time.
    fn written(&mut self, at: Timestamp) -> String {
        if self.chance(2) {
            return at.to_zoned_datetime(self.zone.clone()).strftime("\"%Y-%m-%d %H:%M:%S\"").to_string();
        }
        let offset = TimeZone::get("America/New_York").expect("bundled");
        at.to_zoned_datetime(offset).strftime("\"%Y-%m-%dT%H:%M:%S%:z\"").to_string()
    }

    /// Adds a story in one to three languages. One with a moment is published then, perhaps only by the end of its
    /// embargo, and nothing else holds it back.
    fn story(&mut self, fresh: Option<(Timestamp, bool)>) {
        let year = SignedDuration::from_hours(360 * 24);
        let (start, now) = (self.now - year, self.now);
        let languages: &[&'static str] = match self.random.below(6) {
            0 => &["en"],
            1 => &["en", "ru"],
            // Without the default language, the first by code is the original.
            2 => &["kk", "ru"],
            3 => &["ru"],
            _ => &["en", "kk", "ru"],
        };
        let slug = format!("story-{}", self.word());
        let mut front = String::new();
        let (mut ends, mut is_draft) = (None, false);
        let mut published;
        if let Some((at, by_embargo)) = fresh {
            let text = self.written(at);
            front += &format!("{}: {text}\n", if by_embargo { "embargo" } else { "date" });
            if by_embargo {
                front += "date: 2023-05-06\n";
            }
            published = at;
        } else {
            let after = SignedDuration::from_hours(if self.chance(12) { 24 * 90 } else { -24 });
            let (text, at) = self.moment(start, now + after);
            front += &format!("date: {text}\n");
            published = at;
            if self.chance(6) {
                let (text, at) = self.moment(start, now + year / 6);
                front += &format!("embargo: {text}\n");
                published = published.max(at);
            }
            if self.chance(10) {
                let (text, at) = self.moment(published + SignedDuration::from_hours(1), now + year);
                front += &format!("expires: {text}\n");
                ends = Some(at);
            }
            if self.chance(12) {
                front += "draft: true\n";
                is_draft = true;
            }
        }
        let mut modified = published;
        if published < now && self.chance(4) {
            let (text, at) = self.moment(published, now);
            front += &format!("updated: {text}\n");
            modified = modified.max(if at <= now { at } else { published });
        }
        let (section, article) = if self.chance(5) {
            (None, None)
        } else {
            let (section, article) = self.random.pick(&SECTIONS);
            front += &format!("section: {section}\n");
            (Some(section), article)
        };
        let authors = self.random.pick(&[&AUTHORS[..0], &AUTHORS[..1], &AUTHORS[1..], &AUTHORS[..]]);
        front += &format!("authors: [{}]\n", authors.join(", "));
        let byline = self.chance(3).then(|| format!("General news correspondent {}", self.word()));
        let dateline =
            self.chance(3).then(|| self.random.pick(&["ASTANA", "Алматы", "NUR & SULTAN"]).to_owned());
        for (key, value) in [("byline", &byline), ("dateline", &dateline)] {
            front += &value.as_ref().map_or_else(String::new, |value| format!("{key}: {}\n", quoted(value)));
        }
        let topics = self.random.pick(&[&["energy", "water"][..], &["energy"], &["water"], &[]]);
        let own_topic = self.chance(8).then(|| self.word());
        let listed = topics.iter().copied().chain(own_topic.as_deref()).collect::<Vec<_>>();
        front += &format!("topics: [{}]\n", listed.join(", "));
        if self.chance(5) {
            front += "thread: river\n";
        }
        let explainers = self.random.pick(&[&["grid"][..], &["canal", "grid"], &[], &[]]);
        front += &format!("explainers: [{}]\n", explainers.join(", "));
        let sources: Vec<String> = (0..self.random.below(3)).map(|n| format!("Report {n} & annex")).collect();
        let links = sources.iter().enumerate().map(|(n, title)| {
            format!("{{title: {title}, url: \"https://source.example/{n}?a=1&b=2\", publisher: An office, date: 2023-0{}}}", n + 1)
        });
        front += &format!("sources: [{}]\n", links.collect::<Vec<_>>().join(", "));
        if self.chance(6) {
            front += &format!("aliases: [/old/{slug}/]\n");
        }
        let picture = self.chance(2).then(|| self.picture(&slug));
        let mut is_known = false;
        for (n, &language) in languages.iter().enumerate() {
            let mut own = if n == 0 { front.clone() } else { String::new() };
            let mut modified = modified;
            // One that is published to the second has no other reason to stay away.
            let own_draft = n > 0 && fresh.is_none() && self.chance(10);
            if own_draft {
                own += "draft: true\n";
            }
            let is_published = published <= now && ends.is_none_or(|at| at > now) && !is_draft && !own_draft;
            let [word, first_word, last_word] = [self.word(), self.word(), self.word()];
            let title = format!("Headline {word}{}", self.random.pick(&TITLES));
            own += &format!("title: {}\n", quoted(&title));
            let description = self.chance(2).then(|| format!("In short: {first_word} & “more”."));
            if let Some(description) = &description {
                own += &format!("description: {}\n", quoted(description));
            }
            let mut corrections = Vec::new();
            let mut written = Vec::new();
            for _ in 0..if published < now { self.random.below(3) } else { 0 } {
                let (date, at) = self.moment(published, now + year / 10);
                let (word, kind) =
                    (self.word(), self.random.pick(&["correction", "clarification", "update"]));
                written.push(format!("{{date: {date}, text: It was wrong about {word}, kind: {kind}}}"));
                if at > now || !is_published {
                    self.room.secrets.push(word);
                } else {
                    modified = modified.max(at);
                    corrections.push(word);
                }
            }
            own += &format!("corrections: [{}]\n", written.join(", "));
            if let Some(picture) = &picture {
                let credit: Vec<String> = picture.credit.iter().map(|name| quoted(name)).collect();
                own += &format!(
                    "image:\n  src: ../pictures/{}.svg\n  alt: A drawing in {language}.\n  caption: What it shows & \
                     when.\n  credit: [{}]\n  creator: {}\n  license: CC BY 4.0\n  license_url: {}\n  acquire_url: {}\n",
                    picture.name,
                    credit.join(", "),
                    picture.creator,
                    picture.license_url,
                    picture.acquire_url
                );
            }
            if is_published {
                is_known = true;
            } else {
                self.room.secrets.extend([word, first_word.clone(), last_word.clone()]);
            }
            let suffix = if language == "en" { String::new() } else { format!(".{language}") };
            self.site.write(
                &format!("content/briefings/{slug}{suffix}.md"),
                format!(
                    "---\n{own}---\nIt began with {first_word} & [the grid](/explainers/grid/).[^n]\n\n**The context.** \
                     It has [a part](#the-context) of its own.\n\n![A sign.](../pictures/sign.svg \"A caption.\")\n\n\
                     It ended with {last_word}.\n\n[^n]: A note.\n"
                ),
            );
            self.room.stories.push(Story {
                language,
                slug: slug.clone(),
                title,
                words: [first_word, last_word],
                description,
                published,
                modified,
                section,
                article,
                authors: authors.iter().map(|author| name(author, language)).collect(),
                byline: byline.clone(),
                dateline: dateline.clone(),
                picture: picture.clone(),
                topics: listed.len(),
                explainers: explainers.to_vec(),
                sources: sources.clone(),
                corrections,
                is_published,
            });
        }
        if !is_known {
            let picture = picture.map(|picture| picture.name);
            let bylines = byline.iter().filter_map(|byline| byline.rsplit(' ').next().map(str::to_owned));
            self.room.secrets.extend(bylines.chain(picture).chain(own_topic).chain([slug]));
        }
    }

    fn picture(&mut self, of: &str) -> Picture {
        let name = self.word();
        self.site.write(&format!("content/pictures/{name}.svg"), drawing(&name));
        Picture {
            credit: self
                .random
                .pick(&[vec!["Ann O’Hara".to_owned()], vec!["Ann".to_owned(), "Agency & Co".to_owned()]]),
            creator: format!("Painter {name}"),
            license_url: "https://license.example/by?a=1&b=2".to_owned(),
            acquire_url: format!("https://buy.example/{of}"),
            name,
        }
    }
}

/// An author by name in a language.
fn name(author: &str, language: &str) -> &'static str {
    match (author, language) {
        ("aida-sample", "ru") => "Аида Сэмпл",
        ("aida-sample", _) => "Aida Sample",
        ("bo-sample", _) => "Bo Sample",
        _ => "Cara Sample",
    }
}

fn drawing(word: &str) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"1200\" height=\"675\" viewBox=\"0 0 1200 675\"><text \
         y=\"90\">{word}</text></svg>"
    )
}
