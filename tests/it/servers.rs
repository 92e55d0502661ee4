//! Where a site is deployed to, on this machine and ended with the test: an S3 (moto), a proxy before it that makes
//! faults, an SSH and an rsync server, Git repositories; and a reader that follows every link of what was put there.
//! `NUTGRAF_MOTO` names the program `moto_server` where PATH does not. Where a program is not on the machine, its
//! tests say so and are left out; where `CI` is set that is a failure. A server in a `static` would outlive the tests.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::{BufRead, BufReader, ErrorKind, Read, Result, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;
use std::{env, fs, thread};

use html5ever::tendril::TendrilSink;
use markup5ever_rcdom::{Handle, NodeData, RcDom};
use ureq::{Agent, http::Request};

/// Whether one of these programs is not on this machine; says so.
pub fn missing(tools: &[&str]) -> bool {
    let Some(absent) = tools.iter().find(|tool| program(tool).is_none()) else { return false };
    assert!(env::var_os("CI").is_none(), "there is no {absent}");
    writeln!(std::io::stderr(), "left out: there is no {absent} on this machine").expect("stderr");
    true
}

/// A program in the folders of PATH, or in those of root's.
fn program(name: &str) -> Option<PathBuf> {
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
struct Running(Child);

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
struct Listener {
    port: u16,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Listener {
    fn start(mut take: impl FnMut(TcpStream) + Send + 'static) -> Self {
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

/// An S3 of its own. It looks at no signature.
pub struct S3 {
    _server: Running,
    endpoint: String,
    agent: Agent,
}

/// What an S3 keeps under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    pub bytes: Vec<u8>,
    pub content_type: Option<String>,
    pub cache_control: Option<String>,
    pub content_encoding: Option<String>,
}

/// The space of names of its answers.
const SPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";
/// Who asks: without one, moto gives nothing.
const ANYBODY: &str =
    "AWS4-HMAC-SHA256 Credential=anybody/20240101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0";

impl S3 {
    /// Starts one and waits until it takes connections; none where moto is not on this machine.
    pub fn start() -> Option<Self> {
        if missing(&["moto_server"]) {
            return None;
        }
        let mut command = Command::new(program("moto_server").expect("it is there"));
        command.args(["-H", "127.0.0.1", "-p", "0"]).stdin(Stdio::null()).stdout(Stdio::null());
        let mut server = Running(command.stderr(Stdio::piped()).spawn().expect("moto starts"));
        let lines = BufReader::new(server.0.stderr.take().expect("stderr is piped")).split(b'\n');
        let (tell, told) = mpsc::channel();
        thread::spawn(move || {
            // To its end: a server that nobody listens to would stop.
            for line in lines.map_while(Result::ok) {
                let _ = tell.send(String::from_utf8_lossy(&line).into_owned());
            }
        });
        let mut said = String::new();
        let port: u16 = loop {
            let Ok(line) = told.recv_timeout(Duration::from_mins(1)) else {
                panic!("moto does not start: {said}")
            };
            let port = line.split_once("http://127.0.0.1:").and_then(|(_, port)| port.trim().parse().ok());
            if let Some(port) = port {
                break port;
            }
            said = said + "\n" + &line;
        };
        let config = Agent::config_builder()
            .proxy(None)
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_mins(1)));
        let endpoint = format!("http://127.0.0.1:{port}");
        Some(Self { _server: server, endpoint, agent: config.build().into() })
    }

    /// Its address without a final slash: buckets are the first part of a path.
    pub fn endpoint(&self) -> String {
        self.endpoint.clone()
    }

    /// Makes a bucket: at least three letters.
    pub fn make_bucket(&self, name: &str) {
        self.send("PUT", name, &[]);
    }

    /// Every key of a bucket, in order.
    pub fn keys(&self, bucket: &str) -> Vec<String> {
        let mut keys = Vec::new();
        let mut address = format!("{bucket}?list-type=2");
        loop {
            let page = self.send("GET", &address, &[]).expect("there is the bucket").bytes;
            let page = String::from_utf8(page).expect("UTF-8");
            let page = roxmltree::Document::parse(&page).expect("XML");
            let all = |name: &'static str| {
                let named = page.descendants().filter(move |node| node.has_tag_name((SPACE, name)));
                named.map(|node| node.text().unwrap_or_default().to_owned())
            };
            keys.extend(all("Key"));
            let Some(next) = all("NextContinuationToken").next() else { return keys };
            address = format!("{bucket}?list-type=2&continuation-token={}", encoded(&next));
        }
    }

    /// Every object of a bucket, by its key.
    pub fn objects(&self, bucket: &str) -> BTreeMap<String, Vec<u8>> {
        let read = |key: String| {
            let object = self.object(bucket, &key).expect("what is listed is there");
            (key, object.bytes)
        };
        self.keys(bucket).into_iter().map(read).collect()
    }

    /// What is kept under a key; none when nothing is.
    pub fn object(&self, bucket: &str, key: &str) -> Option<Object> {
        self.send("GET", &format!("{bucket}/{}", encoded(key)), &[])
    }

    pub fn put(&self, bucket: &str, key: &str, bytes: &[u8]) {
        let put = self.send("PUT", &format!("{bucket}/{}", encoded(key)), bytes);
        put.expect("there is the bucket");
    }

    /// What it answers; none when it says that there is no such thing.
    fn send(&self, method: &str, address: &str, body: &[u8]) -> Option<Object> {
        let address = format!("{}/{address}", self.endpoint);
        let request = Request::builder().method(method).uri(&address);
        let request = request.header("authorization", ANYBODY).body(body).expect("a request");
        let mut answer = self.agent.run(request).unwrap_or_else(|e| panic!("{method} {address}: {e}"));
        let bytes = answer.body_mut().with_config().limit(1 << 30).read_to_vec().expect("a whole answer");
        if answer.status() == 404 {
            return None;
        }
        assert!(
            answer.status().is_success(),
            "{method} {address}: {} {}",
            answer.status(),
            String::from_utf8_lossy(&bytes)
        );
        let header = |name: &str| Some(answer.headers().get(name)?.to_str().expect("text").to_owned());
        Some(Object {
            bytes,
            content_type: header("content-type"),
            cache_control: header("cache-control"),
            content_encoding: header("content-encoding"),
        })
    }
}

/// A key as it is in an address.
fn encoded(key: &str) -> String {
    let encode = |byte: u8| match byte {
        _ if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    key.bytes().map(encode).collect()
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

/// What a proxy does to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// Answers 503 `SlowDown`; the server is not asked.
    SlowDown,
    /// Answers 500 `InternalError`; the server is not asked.
    InternalError,
    /// Closes the connection; the server is not asked.
    Unasked,
    /// Asks the server and closes the connection: it is done, and the client does not know.
    Untold,
}

/// How often a proxy makes faults. Which request meets one is by chance where several come at a time.
#[derive(Clone, Copy, Debug)]
pub struct Faults {
    /// So many of a hundred requests.
    pub percent: u64,
    pub seed: u64,
    /// These, in turn.
    pub kinds: &'static [Fault],
}

impl Faults {
    pub const NONE: Self = Self { percent: 0, seed: 0, kinds: &[] };

    /// All kinds of faults.
    pub fn of(percent: u64, seed: u64) -> Self {
        let kinds = &[Fault::SlowDown, Fault::InternalError, Fault::Unasked, Fault::Untold];
        Self { percent, seed, kinds }
    }
}

/// A proxy before a server that speaks HTTP. It keeps connections alive also where the server does not, and takes
/// none once it is dropped.
pub struct Proxy {
    listener: Listener,
    shared: Arc<Shared>,
}

/// What the threads of a proxy share.
struct Shared {
    /// The server's host and port.
    upstream: String,
    faults: Faults,
    record: Mutex<Record>,
    /// Whether the connections that are still there are of no use any more.
    over: AtomicBool,
}

/// What came, and what was made of it.
#[derive(Default)]
struct Record {
    requests: Vec<(String, String)>,
    faults: BTreeMap<Fault, usize>,
    /// The state of the generator of numbers.
    random: u64,
}

impl Proxy {
    /// A proxy before the server at an address of `http`.
    pub fn start(upstream: &str, faults: Faults) -> Self {
        let shared = Arc::new(Shared {
            upstream: upstream.trim_start_matches("http://").trim_end_matches('/').to_owned(),
            faults,
            record: Mutex::new(Record { random: faults.seed, ..Record::default() }),
            over: AtomicBool::new(false),
        });
        let of_threads = Arc::clone(&shared);
        let listener = Listener::start(move |stream| {
            let shared = Arc::clone(&of_threads);
            // A client or a server that goes away in the middle is no mistake of the proxy's.
            thread::spawn(move || shared.answer_all(&stream));
        });
        Self { listener, shared }
    }

    /// Its address without a final slash.
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.listener.port)
    }

    /// The methods and targets of the requests that came, those too that met a fault. A PUT that names what it is
    /// a copy of is a COPY.
    pub fn requests(&self) -> Vec<(String, String)> {
        self.record(|record| record.requests.clone())
    }

    /// How many requests came, by their method.
    pub fn counts(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for (method, _) in self.requests() {
            *counts.entry(method).or_default() += 1;
        }
        counts
    }

    /// How many faults were made, by their kind.
    pub fn faults(&self) -> BTreeMap<Fault, usize> {
        self.record(|record| record.faults.clone())
    }

    /// Forgets what came so far.
    pub fn forget(&self) {
        self.record(|record| *record = Record { random: record.random, ..Record::default() });
    }

    fn record<T>(&self, read: impl FnOnce(&mut Record) -> T) -> T {
        read(&mut self.shared.record.lock().expect("no thread panicked"))
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::Relaxed);
    }
}

impl Shared {
    /// Answers what comes over a connection, one request after the other.
    fn answer_all(&self, mut client: &TcpStream) -> Result<()> {
        client.set_nodelay(true)?;
        let mut from = BufReader::new(client);
        while let Some(head) = Head::read(&mut from)? {
            if head.get("expect").is_some() {
                client.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
            }
            let body = head.body(&mut from)?.unwrap_or_default();
            if self.over.load(Ordering::Relaxed) {
                break;
            }
            let fault = self.fault(&head);
            let mut answer = match fault {
                None => self.ask(&head, &body)?,
                Some(Fault::SlowDown) => refusal("503 Slow Down", "SlowDown"),
                Some(Fault::InternalError) => refusal("500 Internal Server Error", "InternalError"),
                Some(Fault::Unasked) => break,
                Some(Fault::Untold) => {
                    self.ask(&head, &body)?;
                    break;
                }
            };
            let is_last = head.first.ends_with("HTTP/1.0")
                || head.get("connection").is_some_and(|said| said.eq_ignore_ascii_case("close"));
            if is_last {
                answer.0.lines.push("Connection: close".to_owned());
            }
            if head.method() == "HEAD" {
                answer.1.clear();
            }
            client.write_all(&[answer.0.bytes(), answer.1].concat())?;
            if is_last {
                break;
            }
        }
        Ok(())
    }

    /// Notes a request, and says what fault it meets.
    fn fault(&self, head: &Head) -> Option<Fault> {
        let mut record = self.record.lock().expect("no thread panicked");
        let is_copy = head.method() == "PUT" && head.get("x-amz-copy-source").is_some();
        let method = if is_copy { "COPY" } else { head.method() };
        let target = head.first.split(' ').nth(1).unwrap_or_default();
        record.requests.push((method.to_owned(), target.to_owned()));
        let Faults { percent, kinds, .. } = self.faults;
        if kinds.is_empty() || next(&mut record.random) % 100 >= percent {
            return None;
        }
        let fault = kinds[record.faults.values().sum::<usize>() % kinds.len()];
        *record.faults.entry(fault).or_default() += 1;
        Some(fault)
    }

    /// What the server answers. The request is as it came but for the connection that it is for.
    fn ask(&self, head: &Head, body: &[u8]) -> Result<(Head, Vec<u8>)> {
        let mut server = TcpStream::connect(&self.upstream)?;
        server.set_nodelay(true)?;
        let mut request = head.without(&["connection", "keep-alive", "expect"]);
        request.lines.push("Connection: close".to_owned());
        server.write_all(&[&request.bytes(), body].concat())?;
        let mut from = BufReader::new(server);
        loop {
            let answer = Head::read(&mut from)?.ok_or(ErrorKind::UnexpectedEof)?;
            let (_, status) = answer.first.split_once(' ').ok_or(ErrorKind::InvalidData)?;
            // There may be any number of those that are no answer yet.
            if status.starts_with('1') {
                continue;
            }
            let mut given = answer.without(&["connection", "keep-alive"]);
            given.first = format!("HTTP/1.1 {status}");
            if head.method() == "HEAD" || status.starts_with("204") || status.starts_with("304") {
                return Ok((given, Vec::new()));
            }
            if let Some(body) = answer.body(&mut from)? {
                return Ok((given, body));
            }
            let mut body = Vec::new();
            from.read_to_end(&mut body)?;
            given.lines.push(format!("Content-Length: {}", body.len()));
            return Ok((given, body));
        }
    }
}

/// The next number of a small generator (`SplitMix64`), which takes every seed.
pub fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// An answer of S3 that something is wrong.
fn refusal(status: &str, code: &str) -> (Head, Vec<u8>) {
    let body = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code></Error>");
    let lines = vec!["Content-Type: application/xml".to_owned(), format!("Content-Length: {}", body.len())];
    (Head { first: format!("HTTP/1.1 {status}"), lines }, body.into())
}

/// The beginning of a request or of an answer.
struct Head {
    first: String,
    /// Its headers, as they were written.
    lines: Vec<String>,
}

impl Head {
    /// The next one; none when the other side is gone.
    fn read(from: &mut impl BufRead) -> Result<Option<Self>> {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            if from.read_line(&mut line)? == 0 {
                return Ok(None);
            }
            let line = line.trim_end();
            if !line.is_empty() {
                lines.push(line.to_owned());
            } else if !lines.is_empty() {
                return Ok(Some(Self { first: lines.remove(0), lines }));
            }
        }
    }

    fn method(&self) -> &str {
        self.first.split(' ').next().unwrap_or_default()
    }

    fn get(&self, name: &str) -> Option<&str> {
        let mut headers = self.lines.iter().filter_map(|line| line.split_once(':'));
        headers.find(|header| header.0.eq_ignore_ascii_case(name)).map(|header| header.1.trim())
    }

    fn without(&self, names: &[&str]) -> Self {
        let is_other = |line: &&String| {
            let name = line.split(':').next().unwrap_or_default();
            !names.iter().any(|other| other.eq_ignore_ascii_case(name))
        };
        Self { first: self.first.clone(), lines: self.lines.iter().filter(is_other).cloned().collect() }
    }

    fn bytes(&self) -> Vec<u8> {
        format!("{}\r\n{}\r\n\r\n", self.first, self.lines.join("\r\n")).into()
    }

    /// The body that comes after it, in chunks if it came in chunks; none when nothing says how long it is.
    fn body(&self, from: &mut impl BufRead) -> Result<Option<Vec<u8>>> {
        let mut body = Vec::new();
        if !self.get("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
            let Some(length) = self.get("content-length") else { return Ok(None) };
            take(from, length.parse().map_err(|_| ErrorKind::InvalidData)?, &mut body)?;
            return Ok(Some(body));
        }
        loop {
            let line = line(from, &mut body)?;
            let size = line.split(';').next().unwrap_or_default().trim();
            let size = usize::from_str_radix(size, 16).map_err(|_| ErrorKind::InvalidData)?;
            if size == 0 {
                break;
            }
            take(from, size + "\r\n".len(), &mut body)?;
        }
        // After the last chunk there may be more headers, to an empty line.
        while !line(from, &mut body)?.trim().is_empty() {}
        Ok(Some(body))
    }
}

/// Reads so many bytes to the end of what was read.
fn take(from: &mut impl BufRead, size: usize, to: &mut Vec<u8>) -> Result<()> {
    let at = to.len();
    to.resize(at + size, 0);
    from.read_exact(&mut to[at..])
}

/// Reads a line to the end of what was read, and gives it.
fn line(from: &mut impl BufRead, to: &mut Vec<u8>) -> Result<String> {
    let at = to.len();
    from.read_until(b'\n', to)?;
    Ok(String::from_utf8_lossy(&to[at..]).into_owned())
}

/// A server that answers every request alike and remembers what came.
pub struct Hook {
    listener: Listener,
    asked: Arc<Mutex<Vec<Asked>>>,
}

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Its method and target: `POST /hub`.
    pub what: String,
    /// What it was authorised by.
    pub authority: Option<String>,
    pub body: String,
}

impl Hook {
    pub fn start() -> Self {
        Self::refusing("200 OK", "{}")
    }

    /// One that answers each request with this.
    pub fn refusing(status: &'static str, body: &'static str) -> Self {
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let noted = Arc::clone(&asked);
        let answer =
            format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
        let listener = Listener::start(move |stream| {
            // A client that goes away in the middle asked for nothing.
            let _ = Self::answer(&stream, &noted, &answer);
        });
        Self { listener, asked }
    }

    fn answer(mut client: &TcpStream, noted: &Mutex<Vec<Asked>>, answer: &str) -> Result<()> {
        let mut from = BufReader::new(client);
        let Some(head) = Head::read(&mut from)? else { return Ok(()) };
        let body = head.body(&mut from)?.unwrap_or_default();
        let authority = head.get("authorization").or_else(|| head.get("fastly-key")).map(str::to_owned);
        let what = head.first.trim_end_matches(" HTTP/1.1").to_owned();
        let body = String::from_utf8_lossy(&body).into_owned();
        noted.lock().expect("no thread panicked").push(Asked { what, authority, body });
        client.write_all(answer.as_bytes())
    }

    /// Its address without a final slash.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.listener.port)
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("no thread panicked").clone()
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
