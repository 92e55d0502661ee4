//! Random edits of a site on disk, of every kind that an editor or a developer makes: with and without
//! meaning for other pages, right and wrong, on files of every kind.

use std::fs;
use std::path::{Path, PathBuf};

use crate::site::{Site, files, package};

/// A small generator of numbers: the same seed, the same edits.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % n as u64).expect("small")
    }

    pub fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }
}

/// A copy of the demo, which has something of everything.
pub fn demo() -> Site {
    let site = Site::new([]);
    for folder in ["content", "nutgraf.yaml"] {
        let from = package().join(folder);
        if from.is_file() {
            site.write(folder, fs::read(&from).expect("a file of the demo"));
            continue;
        }
        for (path, bytes) in files(&from) {
            site.write(&format!("{folder}/{path}"), bytes);
        }
    }
    site
}

/// Edits a site at random.
pub struct Edits {
    pub random: Random,
    made: usize,
    wrong: bool,
}

impl Edits {
    pub fn new(seed: u64) -> Self {
        Self { random: Random(seed), made: 0, wrong: false }
    }

    /// Makes one edit, and returns where something happened and what, in words.
    pub fn make(&mut self, site: &Site) -> (Vec<PathBuf>, String) {
        self.made += 1;
        let number = self.made;
        let texts = texts(site.path());
        let briefings: Vec<&String> = texts.iter().filter(|path| path.contains("/briefings/")).collect();
        let originals: Vec<&String> =
            briefings.iter().copied().filter(|p| !p.ends_with(".ru.md") && !p.ends_with(".kk.md")).collect();
        let path = self.random.pick(&briefings).clone();
        let original = self.random.pick(&originals).clone();
        let any = self.random.pick(&texts);
        // One whose translations would not be left without it.
        let is_alone = |path: &&&String| {
            let stem = path.trim_end_matches("md");
            !path.ends_with("index.md") && texts.iter().filter(|p| p.starts_with(stem)).count() == 1
        };
        let alone: Vec<&String> = originals.iter().filter(is_alone).copied().collect();
        let alone = self.random.pick(&alone).clone();
        let one = |path: &str, what: String| (vec![site.path().join(path)], what);
        // What is wrong is mended soon, so that the edits after it are seen on a site that is right.
        let kind = if self.wrong && self.random.below(2) == 0 { 21 } else { self.random.below(21) };
        match kind {
            0..=2 => {
                site.write(&any, site.read(&any) + &format!("\nAnother sentence, number {number}.\n"));
                one(&any, format!("text at the end of {any}"))
            }
            3 => one(&any, insert(site, &any, &format!("\n**Why it matters.** Because of {number}.\n"))),
            4 | 5 => one(&any, set(site, &any, "title", &format!("Headline {number}"))),
            6 => one(
                &original,
                set(site, &original, "topics", self.random.pick(&["[energy]", "[water, new]"])),
            ),
            7 => {
                let day = 1 + self.random.below(28);
                one(&original, set(site, &original, "date", &format!("2022-05-{day:02} 10:00")))
            }
            8 => one(&original, set(site, &original, "draft", self.random.pick(&["true", "false"]))),
            9 => one(&original, set(site, &original, "slug", &format!("renamed-{number}"))),
            10 => {
                let aliases = format!("[/old-{}/]", self.random.below(60));
                one(&original, set(site, &original, "aliases", &aliases))
            }
            11 => {
                let new = format!("content/briefings/new-{number}.md");
                let to = path.trim_start_matches("content/").trim_end_matches(".md");
                let month = 1 + number % 9;
                site.write(
                    &new,
                    format!(
                        "---\ntitle: New {number}\ndate: 2022-0{month}-11\ntopics: [energy]\nexplainers: [aral-sea]\n\
                         ---\nLede. [Another](/{to})\n"
                    ),
                );
                one(&new, format!("new {new}"))
            }
            12 => {
                site.remove(&alone);
                one(&alone, format!("{alone} removed"))
            }
            13 => {
                let to =
                    format!("content/briefings/moved/{number}-{}", alone.rsplit('/').next().expect("a name"));
                site.write(&to, site.read(&alone));
                site.remove(&alone);
                (vec![site.path().join(&alone), site.path().join(&to)], format!("{alone} moved to {to}"))
            }
            14 => {
                let is_other = |p: &&String| p.contains("/explainers/") && !p.contains("aral-sea");
                let explainers: Vec<&String> = texts.iter().filter(is_other).collect();
                let explainer = self.random.pick(&explainers).clone();
                let text = format!("\nMore background, {number}.\n\n::explainer{{ref=\"aral-sea\"}}\n");
                one(&explainer, insert(site, &explainer, &text))
            }
            15 => {
                let pictures: Vec<String> = files(&site.path().join("content/pictures"))
                    .into_keys()
                    .filter(|name| name.ends_with(".svg"))
                    .collect();
                let picture = format!("content/pictures/{}", self.random.pick(&pictures));
                site.write(&picture, site.read(&picture) + &format!("<!-- {number} -->"));
                one(&picture, format!("another {picture}"))
            }
            16 => {
                let path = "templates/components/quote.html";
                if site.exists(path) {
                    site.remove(path);
                } else {
                    let text = fs::read_to_string(package().join(path)).expect("a component");
                    site.write(
                        path,
                        text.replace("<blockquote", &format!("<blockquote data-n=\"{number}\"")),
                    );
                }
                one(path, "another quote component".into())
            }
            17 => {
                site.write("static/extra.css", format!("p {{ margin: {number}px }}"));
                site.write("data/numbers.yaml", format!("a: {number}"));
                let changed = ["static/extra.css", "data/numbers.yaml"].map(|path| site.path().join(path));
                (changed.into(), "a style sheet and data".into())
            }
            18 => {
                let settings = site.read("nutgraf.yaml");
                let kept: Vec<&str> = settings.lines().filter(|l| !l.starts_with("per_page")).collect();
                site.write("nutgraf.yaml", format!("{}\nper_page: {}\n", kept.join("\n"), 3 + number % 5));
                one("nutgraf.yaml", "settings".into())
            }
            19 => one(&any, set(site, &any, "embargo", self.random.pick(&["2030-01-01", "2020-01-01"]))),
            20 => {
                self.wrong = true;
                let wrong = self.random.pick(&[
                    ":::question[x]\n",
                    "::explainer{ref=\"nowhere\"}\n",
                    "[x](nothing.md)\n",
                ]);
                one(&any, insert(site, &any, &format!("\n{wrong}\n")))
            }
            _ => {
                self.wrong = false;
                let mut changed = Vec::new();
                for path in &texts {
                    let text = site.read(path);
                    let wrong = |l: &&str| {
                        [":::question[x]", "::explainer{ref=\"nowhere\"}", "[x](nothing.md)"].contains(l)
                    };
                    let kept: Vec<&str> = text.lines().filter(|l| !wrong(l)).collect();
                    let mended = kept.join("\n") + "\n";
                    if mended != text && text.lines().any(|l| wrong(&l)) {
                        site.write(path, mended);
                        changed.push(site.path().join(path));
                    }
                }
                (changed, "mistakes mended".into())
            }
        }
    }
}

/// Every Markdown file of a site.
fn texts(root: &Path) -> Vec<String> {
    let all = files(&root.join("content")).into_keys();
    all.filter(|path| path.ends_with(".md")).map(|path| format!("content/{path}")).collect()
}

/// Puts a key into front matter, in the place of one that is there.
pub fn set(site: &Site, path: &str, key: &str, value: &str) -> String {
    let text = site.read(path);
    let (front, body) = text[4..].split_once("\n---\n").expect("front matter");
    let mut kept: Vec<&str> = Vec::new();
    let mut inside = false;
    for line in front.lines() {
        inside = line.starts_with(&format!("{key}:")) || inside && line.starts_with([' ', '-']);
        if !inside {
            kept.push(line);
        }
    }
    site.write(path, format!("---\n{}\n{key}: {value}\n---\n{body}", kept.join("\n")));
    format!("`{key}: {value}` in {path}")
}

/// Puts text after the front matter's first paragraph.
fn insert(site: &Site, path: &str, text: &str) -> String {
    let source = site.read(path);
    let start = source[4..].find("\n---\n").map_or(source.len(), |i| i + 9);
    let at = source[start..].find("\n\n").map_or(source.len(), |i| start + i + 1);
    site.write(path, format!("{}{text}{}", &source[..at], &source[at..]));
    format!("{text:?} into {path}")
}
