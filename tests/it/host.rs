//! A built site as a plain host of static files would serve it: with the right types of content and the headers of
//! its `_headers`, `index.html` for a folder and, for what is not there, the nearest `404.html`.

use flate2::Compression;
use flate2::write::GzEncoder;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Result, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::{mem, thread};

use percent_encoding::percent_decode_str;

use crate::hosts::{headers, of_path};

/// A server of its own on this machine; it takes no new connections once it is dropped.
pub struct Host {
    /// Its address without a final slash.
    pub origin: String,
    address: SocketAddr,
    served: Arc<Served>,
}

/// What the threads of a host share.
struct Served {
    files: BTreeMap<String, Vec<u8>>,
    /// The rules of its `_headers`.
    rules: BTreeMap<String, Vec<(String, String)>>,
    /// What was asked for: paths with their queries, in the order in which it came.
    asked: Mutex<Vec<String>>,
    over: AtomicBool,
}

impl Host {
    /// Serves these files, by their paths.
    pub fn of(files: BTreeMap<String, Vec<u8>>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let address = listener.local_addr().expect("an address");
        let text = files.iter().find(|(path, _)| path.ends_with("_headers"));
        let rules = text.map(|(_, bytes)| headers(&String::from_utf8_lossy(bytes))).unwrap_or_default();
        let served = Arc::new(Served { files, rules, asked: Mutex::default(), over: AtomicBool::new(false) });
        let shared = Arc::clone(&served);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if shared.over.load(Ordering::Relaxed) {
                    break;
                }
                let shared = Arc::clone(&shared);
                // A browser that goes away in the middle is no mistake.
                thread::spawn(move || shared.answer_all(&stream));
            }
        });
        Self { origin: format!("http://{address}"), address, served }
    }

    /// All pages that are more than a way to another: their addresses, in order, and their HTML.
    pub fn pages(&self) -> impl Iterator<Item = (String, String)> {
        self.served.files.iter().filter(|(path, _)| path.ends_with(".html")).filter_map(|(path, bytes)| {
            let html = String::from_utf8_lossy(bytes).into_owned();
            let address = format!("/{}", path.strip_suffix("index.html").unwrap_or(path));
            (!html.contains("http-equiv=\"refresh\"")).then_some((address, html))
        })
    }

    /// What was asked for since the last call.
    pub fn asked(&self) -> Vec<String> {
        mem::take(&mut *self.served.asked.lock().expect("no thread panicked"))
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.served.over.store(true, Ordering::Relaxed);
        // Wakes the thread that waits for a connection, so that it sees this.
        let _ = TcpStream::connect(self.address);
    }
}

impl Served {
    /// Answers what comes over a connection, one request after the other.
    fn answer_all(&self, mut stream: &TcpStream) -> Result<()> {
        stream.set_nodelay(true)?;
        let mut lines = BufReader::new(stream).lines();
        while let Some(request) = lines.next().transpose()? {
            while lines.next().transpose()?.is_some_and(|header| !header.is_empty()) {}
            let address = request.split(' ').nth(1).unwrap_or("/");
            self.asked.lock().expect("no thread panicked").push(address.to_owned());
            let (status, path) = self.find(address);
            let none = Vec::new();
            let body = self.files.get(&path).unwrap_or(&none);
            let kind = mime_guess::from_path(&path).first_or_octet_stream();
            // As every host does.
            let is_text = kind.type_() == mime_guess::mime::TEXT || path.ends_with(".svg");
            let (body, coding) =
                if is_text { (compressed(body)?, "Content-Encoding: gzip\r\n") } else { (body.clone(), "") };
            let length = body.len();
            // So that a browser asks for everything that a test waits for, nothing is kept.
            let told = of_path(&self.rules, address.split(['?', '#']).next().unwrap_or_default());
            let told = told.into_iter().filter(|(name, _)| *name != "Cache-Control");
            let told: Vec<String> = told.map(|(name, value)| format!("{name}: {value}\r\n")).collect();
            let told = told.concat();
            let head = format!(
                "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\n{coding}{told}Content-Length: {length}\r\n\r\n"
            );
            stream.write_all(&[head.as_bytes(), &body].concat())?;
        }
        Ok(())
    }

    /// The status and the file for an address.
    fn find(&self, address: &str) -> (&'static str, String) {
        let path = address.split(['?', '#']).next().unwrap_or_default();
        let path = percent_decode_str(path.trim_start_matches('/')).decode_utf8_lossy().into_owned();
        let path = if path.is_empty() || path.ends_with('/') { path + "index.html" } else { path };
        if self.files.contains_key(&path) && !path.ends_with("404.html") {
            return ("200 OK", path);
        }
        let folders = path.rmatch_indices('/').map(|(at, _)| format!("{}404.html", &path[..=at]));
        let nearest = folders.into_iter().find(|file| self.files.contains_key(file));
        ("404 Not Found", nearest.unwrap_or_else(|| "404.html".to_owned()))
    }
}

fn compressed(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::new(6));
    encoder.write_all(bytes)?;
    encoder.finish()
}
