//! Buckets of tests, on this machine and ended with the test: an S3 (moto), a proxy before it that makes faults, a server that
//! remembers what it was asked. `NUTGRAF_MOTO` names the program `moto_server` where PATH does not.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, ErrorKind, Read, Result, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use ureq::{Agent, http::Request};

use crate::servers::{Listener, Running, missing, next, program};

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
