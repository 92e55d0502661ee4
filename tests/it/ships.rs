//! What tests of `deploy` have in common: a site with a place to ship to, deploys of it, and what they say without what
//! is another each time.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::site::{NOW, Run, SETTINGS, Site, command, files, run};

/// Credentials that no server looks at.
pub const AWS: &[(&str, &str)] =
    &[("AWS_ACCESS_KEY_ID", "somebody"), ("AWS_SECRET_ACCESS_KEY", "a-secret-of-theirs")];

/// A site of two briefings, an explainer and a picture, with `deploy` as written.
pub fn site(deploy: &str) -> Site {
    let site = Site::new([("content/briefings/sea.svg", SEA)]);
    settle(&site, deploy);
    site.write("content/briefings/first.md", FIRST);
    site.write(
        "content/briefings/second.md",
        "---\ntitle: Second\ndate: 2023-09-12\n---\nThe second lede of this.\n",
    );
    site.write(
        "content/explainers/water.md",
        "---\ntitle: Water\nas_of: 2023-01-01\nsummary: What water is.\n---\nWater is wet.\n",
    );
    site
}

const SEA: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 10 10\"><rect width=\"10\" height=\"10\" fill=\"#123\"/></svg>";

/// The first briefing, which shows the explainer and the picture.
pub const FIRST: &str = "---\ntitle: First\ndate: 2023-09-11\nexplainers: [water]\n---\nThe first lede of this.\n\n![The sea](sea.svg)\n";

/// Puts another briefing in the place of the second: a page comes, one goes, and those that lead to them change.
pub fn third_for_second(site: &Site) {
    site.remove("content/briefings/second.md");
    third(site);
}

/// Adds a briefing.
pub fn third(site: &Site) {
    site.write("content/briefings/third.md", "---\ntitle: Third\ndate: 2023-09-13\n---\nThe third.\n");
}

/// Adds a page.
pub fn about(site: &Site) {
    site.write("content/pages/about.md", "---\ntitle: About\n---\nUs.\n");
}

/// Writes the settings with `deploy` as written.
pub fn settle(site: &Site, deploy: &str) {
    site.write("nutgraf.yaml", format!("{SETTINGS}cards: false\ndeploy:\n{deploy}"));
}

/// Deploys, without being asked.
pub fn ship(site: &Site, arguments: &[&str]) -> Run {
    let all = [&["deploy", "--yes", "--now", NOW], arguments].concat();
    site.run_with(&all, AWS)
}

/// Deploys, which must succeed and have nothing to warn of.
pub fn ship_cleanly(site: &Site, arguments: &[&str]) -> Run {
    let run = ship(site, arguments);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{}", run.stdout);
    run
}

/// A plan as programs read it.
pub fn plan(site: &Site, arguments: &[&str]) -> Value {
    let all = [&["deploy", "--plan", "--format", "json", "--now", NOW], arguments].concat();
    let run = site.run_with(&all, AWS);
    assert_eq!(run.code, 0, "{}", run.stderr);
    serde_json::from_str(&run.stdout).expect("JSON")
}

/// The paths of a part of a plan.
pub fn paths(plan: &Value, part: &str) -> Vec<String> {
    let part = plan[part].as_array().unwrap_or_else(|| panic!("a plan has `{part}`"));
    part.iter().map(|change| change["path"].as_str().expect("a path").to_owned()).collect()
}

/// The names of the deploys that are known at the target, the last first.
pub fn history(site: &Site, target: &str) -> Vec<String> {
    let run = site.run_with(&["deploy", target, "--history", "--format", "short"], AWS);
    assert!(run.code == 0 || run.code == 3, "{}", run.stderr);
    run.stdout.lines().map(|line| line.split('\t').next().expect("a name").to_owned()).collect()
}

/// What is said without names of deploys, times and how long things took.
pub fn plain(text: &str) -> String {
    let word = |word: &str| -> String {
        let bare = word.trim_end_matches([',', ':']);
        let end = &word[bare.len()..];
        let shape: String = bare.chars().map(|c| if c.is_ascii_hexdigit() { '0' } else { c }).collect();
        let known = match shape.as_str() {
            "00000000-000000-00000000" => Some("ID"),
            "0000-00-00" => Some("DATE"),
            "00:00:00" => Some("TIME"),
            "0.00" => Some("T"),
            _ => None,
        };
        known.map_or_else(|| word.to_owned(), |known| format!("{known}{end}"))
    };
    let line = |line: &str| line.split(' ').map(word).collect::<Vec<_>>().join(" ") + "\n";
    text.lines().map(line).collect()
}

/// The built site.
pub fn built(site: &Site) -> BTreeMap<String, Vec<u8>> {
    files(&site.path().join("public"))
}

/// Files without the records of deploys.
pub fn without_records(mut files: BTreeMap<String, Vec<u8>>) -> BTreeMap<String, Vec<u8>> {
    files.retain(|path, _| !path.starts_with(".nutgraf/"));
    files
}

/// What differs between two sites, by name, so that a failure can be read.
pub fn differences(a: &BTreeMap<String, Vec<u8>>, b: &BTreeMap<String, Vec<u8>>) -> Vec<String> {
    let mut names: Vec<&String> = a.keys().chain(b.keys()).collect();
    names.sort();
    names.dedup();
    names.into_iter().filter(|name| a.get(*name) != b.get(*name)).cloned().collect()
}

/// A larger site, built twice into two folders that differ in every page and picture.
pub struct Twice {
    pub site: Site,
    pub folders: [PathBuf; 2],
    pub files: [BTreeMap<String, Vec<u8>>; 2],
}

impl Twice {
    /// Of so many briefings; about three files each.
    pub fn new(briefings: usize, deploy: &str) -> Self {
        let site = Site::new([]);
        settle(&site, deploy);
        let mut folders = [PathBuf::new(), PathBuf::new()];
        for (i, folder) in folders.iter_mut().enumerate() {
            for n in 0..briefings {
                let picture = format!("picture-{i}-{}.svg", n % 12);
                let text = format!(
                    "---\ntitle: Story {n}\ndate: 2023-09-{:02}\n---\nThis is story {n} in its {i}. version.\n\n![It]({picture})\n",
                    n % 28 + 1
                );
                site.write(&format!("content/briefings/story-{n}.md"), text);
                site.write(
                    &format!("content/briefings/{picture}"),
                    SEA.replace("#123", &format!("#{i}{:02x}", n % 12)),
                );
            }
            site.write(
                "nutgraf.yaml",
                format!("{SETTINGS}cards: false\ntwins: [markdown, ninjs]\ndeploy:\n{deploy}"),
            );
            *folder = site.path().join(format!("built-{i}"));
            let out = folder.to_str().expect("UTF-8");
            let run = site.run(&["build", "--now", NOW, "--out", out]);
            assert_eq!(run.code, 0, "{}", run.stderr);
        }
        let files = [files(&folders[0]), files(&folders[1])];
        Self { site, folders, files }
    }

    /// Starts a deploy of one of the folders.
    pub fn start(&self, i: usize) -> Child {
        let mut command = self.command(i);
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        command.spawn().expect("the program starts")
    }

    /// Deploys one of the folders; gives how long it took.
    pub fn ship(&self, i: usize) -> Duration {
        let started = Instant::now();
        let run = run(self.command(i));
        assert_eq!(run.code, 0, "{}", run.stderr);
        started.elapsed()
    }

    fn command(&self, i: usize) -> std::process::Command {
        let mut command = command();
        command.current_dir(self.site.path()).envs(AWS.iter().copied());
        command.args(["deploy", "--yes", "--now", NOW, "--from"]).arg(&self.folders[i]);
        command
    }

    /// Kills so many deploys at moments spread over the time that one takes. After each, a reader who follows every link
    /// meets whole pages only, and the next deploy ends with just the built site.
    pub fn kill(
        &self,
        times: u32,
        get: impl Fn(&str) -> Option<Vec<u8>>,
        all: impl Fn() -> BTreeMap<String, Vec<u8>>,
    ) {
        self.ship(0);
        let whole = self.ship(1);
        let mut state = 7;
        let mut were_cut = 0;
        for n in 0..times {
            let i = usize::try_from(n % 2).expect("0 or 1");
            let mut child = self.start(i);
            let part = u32::try_from(crate::servers::next(&mut state) % 700).expect("below 700");
            wait(&mut child, whole * part / 1000);
            let was_running = child.try_wait().expect("its state").is_none();
            let _ = child.kill();
            child.wait().expect("it ends");
            were_cut += u32::from(was_running);
            let wrong = crate::servers::crawl("/", |path| get(&path[1..]));
            assert_eq!(wrong, Vec::<String>::new(), "killed after {part} of 1000 parts");
            self.ship(i);
            assert_eq!(differences(&all(), &self.files[i]), Vec::<String>::new());
        }
        assert!(were_cut * 2 >= times, "most deploys were killed while they ran: {were_cut} of {times}");
    }
}

/// Waits for a process, but not longer than so.
fn wait(child: &mut Child, most: Duration) {
    let until = Instant::now() + most;
    while Instant::now() < until && child.try_wait().expect("its state").is_none() {
        std::thread::yield_now();
    }
}

/// Every file below a place, links followed.
pub fn at(place: &Path) -> BTreeMap<String, Vec<u8>> {
    fs::canonicalize(place).map_or_else(|_| BTreeMap::new(), |real| files(&real))
}
