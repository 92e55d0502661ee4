//! How long an editor waits for the live preview, on archives of so many briefings:
//!
//!     cargo bench --bench preview -- 1000 10000 100000
//!
//! Without numbers: 1000 and 10000. Prints a Markdown table for each: median and worst of 30 edits, in
//! milliseconds, from just before a file is written.
//!
//! - `→ served`: until the new page was received by a program that listens to the preview's stream and asks
//!   for the page when it is told of a new revision;
//! - `→ changed`: until the document of an open page in headless Chromium is another; `→ painted`: until the
//!   second frame after that. Left out where there is no chromedriver.
//!
//! Nothing is asked for in a loop, as that would take the time that is measured. Between edits it is calm for
//! 450 ms; the rendering of all pages in the background begins after 300 ms, so on a large archive every edit
//! interrupts it, and it is over only after the last. The first edit of a kind is measured like the others,
//! but in Chromium, where it shows that the page listens.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "it edits sites, looks at the clock and prints"
)]

mod archive;
#[path = "../tests/it/browser.rs"]
#[expect(dead_code, reason = "the tests do more with a browser")]
mod browser;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use std::{fs, thread};

use browser::Browser;
use serde_json::{Value, json};
use tempfile::TempDir;
use ureq::Agent;

/// How many edits of a kind are measured.
const EDITS: usize = 30;
/// How many times the program is started.
const STARTS: usize = 3;
/// How long it is calm between edits.
const CALM: Duration = Duration::from_millis(450);
/// How long after a revision the server is busy with all pages: it begins with them after 300 ms.
const BUSY: Duration = Duration::from_millis(350);
/// How long anything may take.
const LIMIT: Duration = Duration::from_secs(10);
/// How long the program is watched doing nothing.
const REST: Duration = Duration::from_secs(5);
/// How long a large archive may take to start.
const START_LIMIT: Duration = Duration::from_mins(2);

const TEMPLATE: &str = include_str!("../templates/base.html");
const STYLE: &str = "static/extra.css";

/// Put into an open page: notes when `shows(marker)` becomes true, and when that is painted.
const OBSERVE: &str = "
    const shows = new Function('marker', arguments[0]);
    const now = () => performance.timeOrigin + performance.now();
    const bench = window.bench = {marker: null};
    bench.expect = marker => {
      bench.marker = marker;
      bench.result = new Promise(done => bench.done = done);
    };
    const look = () => {
      if (!bench.marker || !shows(bench.marker)) return;
      const changed = now();
      bench.marker = null;
      requestAnimationFrame(() => requestAnimationFrame(() => bench.done([changed, now()])));
    };
    if (arguments[1])
      new MutationObserver(look).observe(document, {subtree: true, childList: true, characterData: true});
    addEventListener('nutgraf:looked', look);
    document.addEventListener('load', look, true);";
const HAS_TEXT: &str = "return document.body.textContent.includes(marker)";
const HAS_STYLE: &str =
    "return getComputedStyle(document.documentElement).getPropertyValue('--bench').includes(marker)";
/// What the page saw, or nothing when it never did.
const SEEN: &str =
    "return Promise.race([bench.result, new Promise(done => setTimeout(() => done(null), 10000))])";

fn main() {
    // Cargo says `--bench` to every benchmark.
    let mut sizes: Vec<usize> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with("--"))
        .map(|argument| argument.parse().unwrap_or_else(|_| panic!("{argument}: not a number of briefings")))
        .collect();
    if sizes.is_empty() {
        sizes = vec![1_000, 10_000];
    }
    for briefings in sizes {
        measure(briefings);
    }
}

/// Measures everything on an archive and prints it.
fn measure(briefings: usize) {
    assert!(briefings >= 10, "an archive of {briefings} briefings has no middle");
    let archive = Archive::write(briefings);
    println!("\n## {briefings} briefings\n\n| | median, ms | worst, ms |\n|---|---:|---:|");
    let (mut server, starts) = starts(archive.root());
    row("cold start → front page served", starts);
    for kind in archive.kinds() {
        row(&format!("{} → served", kind.name), served(&mut server, &archive, &kind, CALM));
    }
    let (new, deleted) = new_and_deleted(&mut server, &archive);
    row("new file → served", new);
    row("deletion → 404 served", deleted);
    let text = &archive.kinds()[0];
    row(
        "text, while all pages are made in the background → served",
        served(&mut server, &archive, text, BUSY),
    );
    let browser = Browser::find();
    if let Some(browser) = &browser {
        for kind in archive.kinds().iter().filter(|kind| kind.seen_by.is_some()) {
            let (changed, painted) = seen(&mut server, browser, &archive, kind);
            row(&format!("{} → changed in Chromium", kind.name), changed);
            row(&format!("{} → painted in Chromium", kind.name), painted);
        }
    }
    println!();
    if browser.is_none() {
        println!("- no chromedriver or Chromium: what a browser shows was not measured");
    }
    drop(browser);
    let Server { told, early, .. } = &server;
    println!("- {told} revisions were told of, {early} of them before what was waited for was there");
    rest(&server);
}

/// Prints a row: the median and the worst.
fn row(name: &str, mut times: Vec<Duration>) {
    times.sort();
    let milliseconds = |time: Duration| time.as_secs_f64() * 1_000.0;
    let median = (times[(times.len() - 1) / 2] + times[times.len() / 2]) / 2;
    let worst = times[times.len() - 1];
    println!("| {name} | {:.1} | {:.1} |", milliseconds(median), milliseconds(worst));
}

/// An archive in a folder that is gone when it is dropped.
struct Archive {
    folder: TempDir,
    briefings: usize,
}

/// Makes of a file's text that of the edit of a number, and says what its page holds then.
type Edit = fn(&str, usize) -> (String, String);

/// A kind of edit.
struct Kind {
    name: &'static str,
    /// The file, from the root of the site.
    file: String,
    /// The address of a page that shows it.
    page: String,
    edit: Edit,
    /// Where the page shows it.
    shown: Shown,
    /// The body of a function of the marker that tells whether an open page shows it, when that is measured.
    seen_by: Option<&'static str>,
}

/// Where a page shows an edit.
enum Shown {
    OnPage,
    /// On the page, and on a list of briefings.
    OnPageAndList,
    /// In a style sheet that the page links.
    InStyle,
}

impl Archive {
    fn write(briefings: usize) -> Self {
        let memory = Path::new("/dev/shm");
        let parent = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        let folder = tempfile::Builder::new().prefix("nutgraf-preview-").tempdir_in(parent);
        let archive = Self { folder: folder.expect("a temporary folder"), briefings };
        archive::write(archive.root(), briefings).expect("there is room for the archive");
        let settings = archive.read("nutgraf.yaml") + "theme:\n  css: [extra.css]\n";
        archive.save("nutgraf.yaml", &settings);
        for folder in ["static", "templates"] {
            fs::create_dir_all(archive.root().join(folder)).expect("a folder of the site");
        }
        archive.save(STYLE, ":root { --bench: none }\n");
        archive.save("templates/base.html", TEMPLATE);
        archive
    }

    fn root(&self) -> &Path {
        self.folder.path()
    }

    fn path(&self, file: &str) -> PathBuf {
        self.root().join(file)
    }

    fn read(&self, file: &str) -> String {
        fs::read_to_string(self.path(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
    }

    /// Saves a file in place, as most editors do.
    fn save(&self, file: &str, text: &str) {
        fs::write(self.path(file), text).unwrap_or_else(|error| panic!("{file}: {error}"));
    }

    /// The kinds of edits that leave all files where they are; the first is of a text.
    fn kinds(&self) -> Vec<Kind> {
        let (middle, newest) = (self.briefings / 2, self.briefings - 1);
        let (file, page) = (archive::briefing(middle, self.briefings), address(middle));
        let of_briefing = |name, shown, seen_by, edit: Edit| Kind {
            name,
            file: file.clone(),
            page: page.clone(),
            edit,
            shown,
            seen_by,
        };
        vec![
            of_briefing("text", Shown::OnPage, Some(HAS_TEXT), text),
            of_briefing("title", Shown::OnPageAndList, Some(HAS_TEXT), title),
            of_briefing("topic", Shown::OnPage, None, topic),
            of_briefing("date", Shown::OnPage, None, date),
            Kind {
                name: "explainer",
                file: format!("content/explainers/{}.md", archive::SHOWN_BY_MANY),
                page: address(newest),
                edit: explainer,
                shown: Shown::OnPage,
                seen_by: Some(HAS_TEXT),
            },
            Kind {
                name: "base template",
                file: "templates/base.html".to_owned(),
                page: page.clone(),
                edit: template,
                shown: Shown::OnPage,
                seen_by: Some(HAS_TEXT),
            },
            Kind {
                name: "CSS",
                file: STYLE.to_owned(),
                page: page.clone(),
                edit: style,
                shown: Shown::InStyle,
                seen_by: Some(HAS_STYLE),
            },
        ]
    }
}

/// The address of the page of a briefing.
fn address(briefing: usize) -> String {
    format!("/briefings/story-{briefing}/")
}

fn text(old: &str, number: usize) -> (String, String) {
    let marker = format!("marked-{number}-text");
    (replaced(old, "**The context.**", &format!("**The context.** {marker}")), marker)
}

fn title(old: &str, number: usize) -> (String, String) {
    let marker = format!("Marked {number} title");
    (with_line(old, "title", &marker), marker)
}

/// One more topic, another each time: the page names it.
fn topic(old: &str, number: usize) -> (String, String) {
    let has = |topic: &usize| [",", "]"].iter().any(|end| old.contains(&format!("topic-{topic}{end}")));
    let others: Vec<usize> = (0..20).filter(|topic| !has(topic)).collect();
    let topic = others[number % others.len()];
    (replaced(old, "topics: [", &format!("topics: [topic-{topic}, ")), format!(">Topic {topic}</a>"))
}

/// Another day each time, at a minute of its own.
fn date(old: &str, number: usize) -> (String, String) {
    let (day, minute) = (1 + number % 28, 10 + number % 50);
    (
        with_line(old, "date", &format!("2011-07-{day:02} 13:{minute}")),
        format!("2011-07-{day:02}T13:{minute}"),
    )
}

/// In the first paragraph, which is what a briefing shows.
fn explainer(old: &str, number: usize) -> (String, String) {
    let marker = format!("marked-{number}-explainer");
    (replaced(old, "\n---\n", &format!("\n---\n{marker} ")), marker)
}

fn template(old: &str, number: usize) -> (String, String) {
    let marker = format!("marked-{number}-template");
    (replaced(old, "</body>", &format!("<p>{marker}</p>\n</body>")), marker)
}

fn style(_: &str, number: usize) -> (String, String) {
    let marker = format!("marked-{number}-style");
    (format!(":root {{ --bench: {marker} }}\n"), marker)
}

/// A text with the first occurrence of a part replaced.
fn replaced(text: &str, part: &str, by: &str) -> String {
    assert!(text.contains(part), "{part:?} is not in the text");
    text.replacen(part, by, 1)
}

/// A text with another value of a key of its front matter.
fn with_line(text: &str, key: &str, value: &str) -> String {
    let start = format!("{key}: ");
    let line = text.lines().find(|line| line.starts_with(&start));
    replaced(text, line.expect("the key is in the front matter"), &format!("{start}{value}"))
}

/// A running preview; it ends when this is dropped.
struct Server {
    child: Child,
    /// Its address, without a slash at the end.
    address: String,
    agent: Agent,
    /// The revisions that the stream tells of.
    news: Receiver<u64>,
    /// How many revisions there were.
    told: usize,
    /// How many of them did not show yet what was waited for.
    early: usize,
}

/// Starts the program several times, measures until the front page is there, and leaves the last one running.
fn starts(root: &Path) -> (Server, Vec<Duration>) {
    let mut times = Vec::new();
    loop {
        let begun = Instant::now();
        let (child, address) = spawn(root);
        let server = Server::at(child, address);
        let (status, page) = server.get("/");
        times.push(begun.elapsed());
        assert!(status == 200 && page.trim_end().ends_with("</html>"), "no front page: {status} {page}");
        if times.len() == STARTS {
            return (server.listening(), times);
        }
    }
}

/// Starts the program and waits for the line with its address.
fn spawn(root: &Path) -> (Child, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_nutgraf"))
        .args(["serve", "--port", "0", "--site"])
        .arg(root)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let said = BufReader::new(child.stdout.take().expect("stdout is piped"));
    let (tell, told) = mpsc::channel();
    // Also what it says later is read, so that it never waits for a reader.
    thread::spawn(move || {
        for line in said.lines().map_while(Result::ok) {
            let address =
                line.split_once("Local:").map(|(_, address)| address.trim().trim_end_matches('/').to_owned());
            address.map(|address| tell.send(address));
        }
    });
    let address = told.recv_timeout(START_LIMIT).unwrap_or_else(|error| {
        let _ = child.kill();
        panic!("the preview did not say where it is: {error}")
    });
    (child, address)
}

impl Server {
    fn at(child: Child, address: String) -> Self {
        let config = Agent::config_builder()
            .proxy(None)
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(LIMIT * 3));
        let (_, news) = mpsc::channel();
        Self { child, address, agent: config.build().into(), news, told: 0, early: 0 }
    }

    /// Listens to the stream.
    fn listening(mut self) -> Self {
        let agent: Agent = Agent::config_builder().proxy(None).build().into();
        let stream =
            agent.get(format!("{}/_nutgraf/events", self.address)).call().expect("there is a stream");
        let (tell, news) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(stream.into_body().into_reader()).lines().map_while(Result::ok) {
                let revision = line.strip_prefix("data:").and_then(|data| data.trim().parse().ok());
                revision.map(|revision| tell.send(revision));
            }
        });
        self.news = news;
        assert!(self.next(LIMIT), "the stream says nothing at first");
        self
    }

    /// Waits for the next revision.
    fn next(&mut self, limit: Duration) -> bool {
        match self.news.recv_timeout(limit) {
            Ok(_) => {
                self.told += 1;
                true
            }
            Err(RecvTimeoutError::Timeout) => false,
            Err(RecvTimeoutError::Disconnected) => {
                // A moment for the program to be gone, if that is why.
                thread::sleep(CALM);
                panic!("the stream has ended; the program: {:?}", self.child.try_wait())
            }
        }
    }

    /// What is at an address, as it would be published: the status and the text.
    fn get(&self, path: &str) -> (u16, String) {
        let response = self.agent.get(format!("{}{path}", self.address)).call();
        let mut response = response.unwrap_or_else(|error| panic!("{path}: {error}"));
        let text = response.body_mut().with_config().limit(1 << 30).read_to_string();
        (response.status().as_u16(), text.unwrap_or_else(|error| panic!("{path}: {error}")))
    }

    /// Does something, and measures until something is shown: looked at with every new revision.
    fn until(&mut self, act: impl FnOnce(), is_shown: impl Fn(&Self) -> bool, what: &str) -> Duration {
        while self.next(Duration::ZERO) {}
        let begun = Instant::now();
        act();
        loop {
            let left = LIMIT.saturating_sub(begun.elapsed());
            assert!(self.next(left), "{what}: not there after {LIMIT:?}");
            if is_shown(self) {
                return begun.elapsed();
            }
            self.early += 1;
        }
    }

    /// Whether a page shows a marker.
    fn shows(&self, kind: &Kind, marker: &str) -> bool {
        let (status, page) = self.get(&kind.page);
        match kind.shown {
            Shown::OnPage | Shown::OnPageAndList => status == 200 && page.contains(marker),
            Shown::InStyle => {
                let style = style_of(&page)
                    .unwrap_or_else(|| panic!("{} links no style of ours:\n{page}", kind.page));
                let (status, style) = self.get(&style);
                status == 200 && style.contains(marker)
            }
        }
    }

    /// Whether a list of briefings shows a marker: the page it must be on, or one beside it.
    fn lists(&self, archive: &Archive, marker: &str) -> bool {
        let (_, first) = self.get("/briefings/");
        let on_page = (0..archive.briefings).rev().take(200).filter(|i| first.contains(&address(*i))).count();
        let page = 1 + (archive.briefings - archive.briefings / 2 - 1) / on_page.max(1);
        (page.saturating_sub(1).max(1)..=page + 1).any(|page| {
            let address = if page == 1 { "/briefings/".into() } else { format!("/briefings/page/{page}/") };
            self.get(&address).1.contains(marker)
        })
    }

    /// Puts a file back as it was, and waits until that is over.
    fn restore(&mut self, archive: &Archive, file: &str, text: &str) {
        while self.next(Duration::ZERO) {}
        archive.save(file, text);
        assert!(self.next(LIMIT), "{file}: nothing was heard of its restoration");
        thread::sleep(CALM);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The address of the site's own style sheet on a page.
fn style_of(page: &str) -> Option<String> {
    let start = page.find("/assets/extra-")?;
    let end = start + page[start..].find('"')?;
    Some(page[start..end].to_owned())
}

/// Edits a file many times, each `pause` after the edit before, and measures until a program is served it.
fn served(server: &mut Server, archive: &Archive, kind: &Kind, pause: Duration) -> Vec<Duration> {
    let old = archive.read(&kind.file);
    let times = (0..EDITS).map(|number| {
        let (text, marker) = (kind.edit)(&old, number);
        thread::sleep(pause);
        let save = || archive.save(&kind.file, &text);
        let time = server.until(save, |server| server.shows(kind, &marker), kind.name);
        if matches!(kind.shown, Shown::OnPageAndList) {
            assert!(server.lists(archive, &marker), "no list shows {marker:?}");
        }
        time
    });
    let times = times.collect();
    server.restore(archive, &kind.file, &old);
    times
}

/// Adds a briefing and deletes it again, many times.
fn new_and_deleted(server: &mut Server, archive: &Archive) -> (Vec<Duration>, Vec<Duration>) {
    let beside = archive::briefing(archive.briefings / 2, archive.briefings);
    let text = archive.read(&beside);
    let one = |number| {
        let marker = format!("marked-{number}-new");
        let file = archive.path(&beside).with_file_name(format!("{marker}.md"));
        let page = format!("/briefings/{marker}/");
        let text = with_line(&text, "title", &marker);
        thread::sleep(CALM);
        let add = || fs::write(&file, text).expect("there is room for a briefing");
        let is_there = |server: &Server| {
            let (status, page) = server.get(&page);
            status == 200 && page.contains(&marker)
        };
        let made = server.until(add, is_there, "new file");
        thread::sleep(CALM);
        let delete = || fs::remove_file(&file).expect("the briefing is there");
        let deleted = server.until(delete, |server| server.get(&page).0 == 404, "deletion");
        (made, deleted)
    };
    (0..EDITS).map(one).unzip()
}

/// Edits a file many times while a page that shows it is open, and measures until the document is another and
/// until that is painted.
fn seen(
    server: &mut Server,
    browser: &Browser,
    archive: &Archive,
    kind: &Kind,
) -> (Vec<Duration>, Vec<Duration>) {
    let old = archive.read(&kind.file);
    let shows = kind.seen_by.expect("it is seen in a browser");
    browser.open(&format!("{}{}", server.address, kind.page));
    browser.run(OBSERVE, &[json!(shows), json!(shows == HAS_TEXT)]);
    thread::sleep(CALM);
    // The first is not counted: after it the page is known to listen.
    let times = (0..=EDITS).map(|number| {
        // Another number than those that the program was served.
        let (text, marker) = (kind.edit)(&old, number + EDITS);
        browser.run("bench.expect(arguments[0])", &[json!(marker)]);
        thread::sleep(CALM);
        while server.next(Duration::ZERO) {}
        let begun = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970");
        archive.save(&kind.file, &text);
        assert!(server.next(LIMIT), "{}: nothing was heard of it", kind.name);
        // The page is asked only when it is calm again: a question would take some of its time.
        thread::sleep(CALM);
        let seen = browser.run(SEEN, &[]);
        assert!(seen.is_array(), "{}: the page never showed {marker:?}", kind.name);
        (since(begun, &seen[0]), since(begun, &seen[1]))
    });
    let times = times.skip(1).unzip();
    server.restore(archive, &kind.file, &old);
    times
}

/// The time from one moment to another that a page tells in milliseconds since 1970.
fn since(begun: Duration, then: &Value) -> Duration {
    let then = Duration::from_secs_f64(then.as_f64().expect("a page tells numbers") / 1_000.0);
    then.saturating_sub(begun)
}

/// Prints what the program holds in memory after its work, and what it does when there is nothing to do.
fn rest(server: &Server) {
    let id = server.child.id();
    let Some(memory) = memory(id) else { return };
    println!("- memory after all edits: {memory}");
    let begun = Instant::now();
    let mut before = worked(id);
    loop {
        thread::sleep(Duration::from_secs(1));
        let now = worked(id);
        if now.saturating_sub(before) < Duration::from_millis(100) || begun.elapsed() > START_LIMIT {
            break;
        }
        before = now;
    }
    println!("- work in the background after the last edit: over within {} s", begun.elapsed().as_secs());
    let before = worked(id);
    thread::sleep(REST);
    let time = worked(id).saturating_sub(before);
    println!("- processor time in {} s of rest: {} ms", REST.as_secs(), time.as_millis());
    println!("- memory after that: {}", self::memory(id).expect("it was there before"));
}

/// The memory of a process, where the system tells.
fn memory(id: u32) -> Option<String> {
    let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let megabytes = |key: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(key))?;
        Some(line.trim().trim_end_matches(" kB").parse::<u64>().ok()? / 1024)
    };
    Some(format!("{} MB (VmRSS), at most {} MB (VmHWM)", megabytes("VmRSS:")?, megabytes("VmHWM:")?))
}

/// The processor time that a process has used, in Linux's hundredths of a second.
fn worked(id: u32) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).expect("the process runs");
    let after_name = stat.rsplit_once(") ").expect("a name in brackets").1;
    // The fields from the third on: `utime` and `stime` are the 14th and 15th.
    let times = after_name.split(' ').skip(11).take(2);
    let ticks: u64 = times.map(|field| field.parse::<u64>().expect("a number")).sum();
    Duration::from_millis(ticks * 10)
}
