//! Where a site is deployed to, on this machine and ended with the test: an SSH and an rsync server, Git repositories (`s3.rs`
//! has buckets); and a reader that follows every link of what was put there. Where a program is not on the machine, its
//! tests say so and are left out; where `CI` is set that is a failure. A server in a `static` would outlive the tests.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::{BufRead, BufReader, Read, Result, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::{env, fs, thread};

use html5ever::tendril::TendrilSink;
use markup5ever_rcdom::{Handle, NodeData, RcDom};

/// Whether one of these programs is not on this machine; says so.
pub fn missing(tools: &[&str]) -> bool {
    let Some(absent) = tools.iter().find(|tool| program(tool).is_none()) else { return false };
    assert!(env::var_os("CI").is_none(), "there is no {absent}");
    writeln!(std::io::stderr(), "left out: there is no {absent} on this machine").expect("stderr");
    true
}

/// A program in the folders of PATH, or in those of root's.
pub fn program(name: &str) -> Option<PathBuf> {
    let named = env::var_os("NUTGRAF_MOTO").filter(|_| name == "moto_server").map(PathBuf::from);
    let folders = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&folders).chain(["/usr/local/sbin".into(), "/usr/sbin".into()]);
    named.into_iter().chain(folders.map(|folder| folder.join(name))).find(|file| file.is_file())
}

/// What a program prints, without its last line break; it must succeed.
fn said_by(command: &mut Command) -> String {
    let done = command.output().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    assert!(done.status.success(), "{command:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).expect("UTF-8").trim_end().to_owned()
}

/// A program that is ended when this is dropped.
pub struct Running(pub Child);

impl Drop for Running {
    /// Without panics, as a test may be failing already.
    fn drop(&mut self) {
        // Read first: what it started has no parent once it is gone.
        let below: Vec<String> = below(self.0.id()).iter().map(u32::to_string).collect();
        let _ = self.0.kill();
        if !below.is_empty() {
            let mut kill = Command::new("sh");
            let _ = kill.args(["-c", "kill -KILL \"$@\"", "sh"]).args(below).stderr(Stdio::null()).status();
        }
        let _ = self.0.wait();
    }
}

/// The processes that one started, and theirs; none where there is no `/proc`.
fn below(process: u32) -> Vec<u32> {
    let said = fs::read_to_string(format!("/proc/{process}/task/{process}/children")).unwrap_or_default();
    let own = said.split_whitespace().filter_map(|id| id.parse().ok());
    own.flat_map(|id| [vec![id], below(id)].concat()).collect()
}

/// Takes connections at a port of its own, until it is dropped.
pub struct Listener {
    pub port: u16,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Listener {
    pub fn start(mut take: impl FnMut(TcpStream) + Send + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let over = Arc::new(AtomicBool::new(false));
        let is_over = Arc::clone(&over);
        let thread = thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if is_over.load(Ordering::Relaxed) {
                    break;
                }
                take(stream);
            }
        });
        Self { port, over, thread: Some(thread) }
    }

    /// Runs a program for each connection, with the connection as its standard input and output, as inetd does. So
    /// no port is guessed, none is waited for, and all that runs is ended with this.
    fn of_programs(command: impl Fn() -> Command + Send + 'static) -> Self {
        let mut started = Vec::new();
        Self::start(move |stream| {
            let (mut command, same) = (command(), stream.try_clone().expect("a second handle"));
            command.stdin(OwnedFd::from(stream)).stdout(OwnedFd::from(same)).stderr(Stdio::null());
            started.push(Running(command.spawn().expect("the program starts")));
        })
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        // Wakes the thread that waits for a connection, so that it sees this.
        let is_woken = TcpStream::connect(("127.0.0.1", self.port)).is_ok();
        if let Some(thread) = self.thread.take_if(|thread| is_woken || thread.is_finished()) {
            let _ = thread.join();
        }
    }
}

/// An SSH server of its own that lets in this user, with a key of its own.
pub struct Sshd {
    server: Listener,
    key: PathBuf,
    user: String,
}

impl Sshd {
    /// Starts one that keeps its keys and its log in a folder; none where OpenSSH is not on this machine.
    pub fn start(folder: &Path) -> Option<Self> {
        if missing(&["sshd", "ssh", "ssh-keygen"]) {
            return None;
        }
        for name in ["host", "user"] {
            let mut keygen = Command::new("ssh-keygen");
            said_by(keygen.args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(folder.join(name)));
        }
        // Without this folder it does not run as root; anybody else cannot make it and does not need it.
        let _ = fs::create_dir_all("/run/sshd");
        let (root, path) = (folder.display(), env::var("PATH").unwrap_or_default());
        let settings = format!(
            "HostKey \"{root}/host\"\nAuthorizedKeysFile \"{root}/user.pub\"\nStrictModes no\nUsePAM no\n\
             PasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\n\
             SetEnv \"PATH={path}\"\n"
        );
        let file = folder.join("settings");
        fs::write(&file, settings).expect("settings");
        let (sshd, log) = (program("sshd").expect("it is there"), folder.join("log"));
        let server = Listener::of_programs(move || {
            let mut command = Command::new(&sshd);
            command.arg("-i").arg("-f").arg(&file).arg("-E").arg(&log);
            command
        });
        Some(Self { server, key: folder.join("user"), user: said_by(Command::new("id").arg("-un")) })
    }

    /// A command that reaches it, as Git's `GIT_SSH_COMMAND` and rsync's `-e` take it. The host is 127.0.0.1.
    pub fn command(&self) -> String {
        format!(
            "ssh -F none -p {} -i '{}' -o IdentitiesOnly=yes -o StrictHostKeyChecking=no \
             -o UserKnownHostsFile=/dev/null -o BatchMode=yes -o LogLevel=ERROR",
            self.port(),
            self.key.display()
        )
    }

    pub fn port(&self) -> u16 {
        self.server.port
    }

    pub fn user(&self) -> &str {
        &self.user
    }
}

/// An rsync server of its own, with one module, `site`.
pub struct RsyncDaemon {
    server: Listener,
    _settings: tempfile::NamedTempFile,
}

impl RsyncDaemon {
    /// Starts one for a folder; none where rsync is not on this machine.
    pub fn start(folder: &Path, read_only: bool) -> Option<Self> {
        if missing(&["rsync"]) {
            return None;
        }
        // Started by root, it would be nobody; anybody else is who they are.
        let is_root = said_by(Command::new("id").arg("-u")) == "0";
        let owner = if is_root { "uid = 0\ngid = 0\n" } else { "" };
        let settings = format!(
            "use chroot = no\nreverse lookup = no\n[site]\npath = {}\nread only = {read_only}\n{owner}",
            folder.display()
        );
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        fs::write(file.path(), settings).expect("settings");
        let path = file.path().to_owned();
        let server = Listener::of_programs(move || {
            let mut command = Command::new("rsync");
            command.arg("--daemon").arg("--config").arg(&path);
            command
        });
        Some(Self { server, _settings: file })
    }

    /// The address of its module.
    pub fn url(&self) -> String {
        format!("rsync://127.0.0.1:{}/site", self.server.port)
    }
}

/// What Git reads in the environment, so that it does the same on every machine.
pub const GIT: &[(&str, &str)] = &[
    ("GIT_CONFIG_GLOBAL", "/dev/null"),
    ("GIT_CONFIG_NOSYSTEM", "1"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("GIT_AUTHOR_NAME", "Ann"),
    ("GIT_AUTHOR_EMAIL", "ann@example.org"),
    ("GIT_COMMITTER_NAME", "Ann"),
    ("GIT_COMMITTER_EMAIL", "ann@example.org"),
];

/// Git in a folder.
fn git_in(folder: &Path) -> Command {
    let mut command = Command::new("git");
    // The tests may be run by a hook.
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
        command.env_remove(name);
    }
    command.current_dir(folder).envs(GIT.iter().copied());
    command
}

/// What Git prints; it must succeed.
pub fn git(folder: &Path, arguments: &[&str]) -> String {
    said_by(git_in(folder).args(arguments))
}

/// Makes a folder a repository that others push to.
pub fn bare_repository(folder: &Path) {
    fs::create_dir_all(folder).expect("a folder");
    git(folder, &["init", "-q", "--bare", "-b", "main"]);
}

/// Every file of a branch, by its path.
pub fn branch_files(repository: &Path, branch: &str) -> BTreeMap<String, Vec<u8>> {
    let listed = git(repository, &["ls-tree", "-r", "-z", "--full-tree", &format!("refs/heads/{branch}")]);
    let mut command = git_in(repository);
    command.args(["cat-file", "--batch"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut objects = Running(command.spawn().expect("git starts"));
    let mut ask = objects.0.stdin.take().expect("stdin is piped");
    let mut told = BufReader::new(objects.0.stdout.take().expect("stdout is piped"));
    let mut read = |entry: &str| {
        let (object, path) = entry.split_once('\t').expect("a tab before the path");
        let id = object.rsplit(' ').next().expect("an id");
        ask.write_all(format!("{id}\n").as_bytes()).expect("git reads");
        let mut head = String::new();
        told.read_line(&mut head).expect("a head");
        let size = head.trim_end().rsplit(' ').next().and_then(|size| size.parse().ok());
        let mut bytes = vec![0; size.unwrap_or_else(|| panic!("{path}: {head}"))];
        told.read_exact(&mut bytes).expect("a whole file");
        told.read_exact(&mut [0]).expect("a line break");
        (path.to_owned(), bytes)
    };
    listed.split_terminator('\0').map(&mut read).collect()
}

/// A path of an address as it is meant.
fn decoded(path: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = path.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let digits = after.get(..2).and_then(|two| str::from_utf8(two).ok());
        let byte = digits.filter(|_| first == b'%').and_then(|two| u8::from_str_radix(two, 16).ok());
        bytes.push(byte.unwrap_or(first));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The next number of a small generator (`SplitMix64`), which takes every seed.
pub fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// Follows every link within a site from one page, and gives what is wrong: what is not there, pages that are cut
/// off. `get` is asked once for each address: a decoded path with `/` before it, `/index.html` for that of a folder.
pub fn crawl(start: &str, mut get: impl FnMut(&str) -> Option<Vec<u8>>) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut seen = BTreeSet::new();
    let mut open: VecDeque<_> =
        target("/", start).map(|address| (address, start.to_owned())).into_iter().collect();
    while let Some((address, page)) = open.pop_front() {
        if !seen.insert(address.clone()) {
            continue;
        }
        let Some(bytes) = get(&address) else {
            wrong.push(format!("{address} is not there, named by {page}"));
            continue;
        };
        let text = String::from_utf8_lossy(&bytes);
        let mut links = Vec::new();
        if address.ends_with(".html") {
            if !text.trim().ends_with("</html>") {
                wrong.push(format!("{address} is cut off"));
            }
            let mut options = html5ever::ParseOpts::default();
            // What is for readers without scripts has links too.
            options.tree_builder.scripting_enabled = false;
            let document = html5ever::parse_document(RcDom::default(), options).one(&*text);
            links_of_element(&document.document, &mut links);
        } else if address.ends_with(".css") {
            links_of_css(&text, &mut links);
        }
        let targets = links.iter().filter_map(|link| target(&address, link));
        open.extend(targets.map(|to| (to, address.clone())));
    }
    wrong
}

/// What the attributes and styles of an element, and of those in it, name.
fn links_of_element(node: &Handle, links: &mut Vec<String>) {
    if let NodeData::Element { name, attrs, template_contents, .. } = &node.data {
        for attribute in attrs.borrow().iter() {
            match &*attribute.name.local {
                "href" | "src" => links.push(attribute.value.to_string()),
                "srcset" => links_of_set(&attribute.value, links),
                "style" => links_of_css(&attribute.value, links),
                _ => {}
            }
        }
        if &*name.local == "style" {
            for child in node.children.borrow().iter() {
                if let NodeData::Text { contents } = &child.data {
                    links_of_css(&contents.borrow(), links);
                }
            }
        }
        if let Some(inside) = &*template_contents.borrow() {
            links_of_element(inside, links);
        }
    }
    for child in node.children.borrow().iter() {
        links_of_element(child, links);
    }
}

/// What a `srcset` names. A comma may be in an address, but not at its end.
fn links_of_set(mut rest: &str, links: &mut Vec<String>) {
    loop {
        rest = rest.trim_start_matches([',', ' ', '\t', '\n', '\r']);
        if rest.is_empty() {
            return;
        }
        let (address, after) = rest.split_at(rest.find(char::is_whitespace).unwrap_or(rest.len()));
        links.push(address.trim_end_matches(',').to_owned());
        let is_alone = address.ends_with(',');
        rest = if is_alone { after } else { after.split_once(',').map_or("", |(_, next)| next) };
    }
}

/// What every `url()` of a style names.
fn links_of_css(style: &str, links: &mut Vec<String>) {
    let mut rest = style;
    while let Some((_, after)) = rest.split_once("url(") {
        let after = after.trim_start();
        let quote = after.chars().next().filter(|first| ['"', '\''].contains(first));
        let (address, next) = match quote {
            Some(quote) => after[1..].split_once(quote).unwrap_or_default(),
            None => after.split_once(')').unwrap_or_default(),
        };
        links.push(address.trim_end().to_owned());
        rest = next;
    }
}

/// The address of a link on a page, as `crawl` asks for it; none when it leads out of the site or to the page itself.
fn target(page: &str, link: &str) -> Option<String> {
    let path = link.trim().split(['?', '#']).next().unwrap_or_default();
    let has_scheme = path.split('/').next().is_some_and(|first| first.contains(':'));
    if path.is_empty() || path.starts_with("//") || has_scheme {
        return None;
    }
    let folder = page.rsplit_once('/').map_or("", |(folder, _)| folder);
    let whole = if path.starts_with('/') { path.to_owned() } else { format!("{folder}/{path}") };
    let mut parts = Vec::new();
    for part in whole.split('/').skip(1) {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    parts.pop_if(|last| last.is_empty());
    if ["/", "/.", "/.."].iter().any(|end| whole.ends_with(end)) {
        parts.push("index.html");
    }
    Some(decoded(&format!("/{}", parts.join("/"))))
}
