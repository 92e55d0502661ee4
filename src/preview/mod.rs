//! The live preview: pages made on demand from an immutable edition that is swapped whole when a file
//! changes. A tab asks what its page is now and is answered with all there is to know; nobody keeps an
//! account of who has seen what.

mod answer;
mod current;
mod gallery;
mod host;
mod look;
mod server;
mod watch;
mod work;

use std::net::{IpAddr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::{Arc, mpsc};
use std::thread;

use jiff::Timestamp;

use crate::cache::Cache;

pub use current::{Current, Problems};

/// How a preview is begun.
pub struct Options {
    /// The site's folder, absolute and without links.
    pub root: PathBuf,
    /// The moment the site is seen at, as typed; the real time when absent.
    pub now: Option<String>,
    /// Tells the real time.
    pub time: fn() -> Timestamp,
    /// What was found out earlier.
    pub cache: Cache,
    /// Told how many of how many pictures have been looked at.
    pub progress: Arc<dyn Fn(usize, usize) + Send + Sync>,
    /// The program that opens a file at a line, and its arguments.
    pub editor: Option<Vec<String>>,
    /// Whether the site can be searched: the index of all its texts is made anew after each change, when somebody searches.
    pub search: bool,
    /// Names under which the preview may be asked for, besides this machine's own.
    pub hosts: Vec<String>,
    /// Told whenever there is something new to see.
    pub changed: Box<dyn Fn(&Current) + Send + Sync>,
}

/// Finds a port to listen at: the one asked for, else the next free one.
///
/// # Errors
/// When none of the next hundred is free, or the address is not this machine's.
pub fn listen(host: IpAddr, port: u16) -> std::io::Result<TcpListener> {
    let mut last = None;
    for port in port..=port.saturating_add(100) {
        match TcpListener::bind(SocketAddr::new(host, port)) {
            Ok(listener) => return Ok(listener),
            Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => last = Some(error),
            Err(error) => return Err(error),
        }
    }
    Err(last.unwrap_or_else(|| std::io::ErrorKind::AddrInUse.into()))
}

/// Serves a site until the program ends. `ready` is told once the first page can be asked for, and a
/// sentence when changes cannot be heard of as usual.
///
/// # Errors
/// When the site's folder cannot be watched, or the network refuses.
pub fn serve(
    listener: TcpListener,
    options: Options,
    ready: impl FnOnce(&Current, Option<String>, &TcpListener),
) -> std::io::Result<()> {
    let (tell, messages) = mpsc::channel();
    let (shared, work, note) =
        work::begin(options, tell).map_err(|error| std::io::Error::other(error.to_string()))?;
    ready(&shared.current(), note, &listener);
    let (end, ended) = mpsc::channel();
    let stopped = end.clone();
    thread::spawn(move || {
        let worker = thread::spawn(move || work.run(&messages));
        // A server that answers old pages for ever would be worse than none.
        let _ = worker.join();
        let _ = stopped.send(Err(std::io::Error::other("the preview cannot go on")));
    });
    thread::spawn(move || end.send(server::serve(listener, shared)));
    ended.recv().unwrap_or(Ok(()))
}
