//! `nutgraf serve`: the live preview.

use std::net::IpAddr;

#[cfg(not(feature = "serve"))]
use super::{End, Session};

/// See the site live: pages change in the browser while you type.
#[derive(clap::Args)]
pub struct Arguments {
    /// The port; the next free one when it is taken
    #[arg(long, value_name = "N", default_value_t = 4000)]
    port: u16,

    /// The address to listen at; 0.0.0.0 lets other devices of your network in
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1", value_parser = address)]
    host: IpAddr,

    /// Answer under this name too, for a proxy in front of the preview; may be given several times
    #[arg(long, value_name = "NAME")]
    allow_host: Vec<String>,

    /// Open the site in the browser
    #[arg(long)]
    open: bool,

    /// Let the site be searched, as nutgraf.yaml asks for; each first search after a change takes a while
    #[arg(long)]
    search: bool,

    /// The program that a click opens files in, for example "code" or "gvim +{line} {file}" [default: `VISUAL`]
    #[arg(long, value_name = "CMD")]
    editor: Option<String>,
}

fn address(text: &str) -> Result<IpAddr, String> {
    if text == "localhost" {
        return Ok(IpAddr::from([127, 0, 0, 1]));
    }
    text.parse().map_err(|_| "write it in numbers, like 127.0.0.1 or 0.0.0.0".to_owned())
}

/// Runs the command.
#[cfg(not(feature = "serve"))]
pub fn run(session: &Session, _: Arguments) -> End {
    session.fail("this nutgraf was built without the preview; `cargo install nutgraf --features serve` gets one with it")
}

#[cfg(feature = "serve")]
pub use live::run;

#[cfg(feature = "serve")]
mod live {
    use std::io::ErrorKind;
    use std::net::{IpAddr, SocketAddr, TcpListener, UdpSocket};
    use std::sync::Mutex;
    use std::time::Instant;

    use super::super::{End, Now, Session, counts, misuse, real_time};
    use super::Arguments;
    use crate::build::Work;
    use crate::cache::Cache;
    use crate::cli::progress::Bar;
    use crate::diagnostic::{Diagnostic, Severity};
    use crate::moment::Moment;
    use crate::preview::{self, Current, Options};
    use jiff::tz::TimeZone;

    /// Editors that need the terminal the preview was started in, and cannot be opened from a browser.
    const IN_THE_TERMINAL: &[&str] = &[
        "vi",
        "vim",
        "vim.basic",
        "vim.tiny",
        "nvim",
        "nano",
        "nano-tiny",
        "editor",
        "sensible-editor",
        "micro",
        "hx",
        "kak",
        "emacs",
        "ed",
        "pico",
        "joe",
        "mcedit",
        "ne",
    ];

    /// Runs the command.
    #[expect(clippy::disallowed_methods, reason = "the time it takes is shown, never used")]
    pub fn run(session: &Session, arguments: Arguments) -> End {
        let started = Instant::now();
        let Some(root) = session.site.canonicalize().ok().filter(|root| root.is_dir()) else {
            return misuse(&format!("there is no folder {}", session.site.display()));
        };
        if !root.join("nutgraf.yaml").is_file() {
            return session.fail(&format!(
                "there is no nutgraf.yaml in {}; `nutgraf new DIR` starts a site, `--site DIR` names one",
                root.display()
            ));
        }
        let editor = match editor(arguments.editor.as_deref()) {
            Ok(editor) => editor,
            Err(message) => return misuse(&message),
        };
        let listener = match preview::listen(arguments.host, arguments.port) {
            Ok(listener) => listener,
            Err(error) if error.kind() == ErrorKind::AddrNotAvailable => {
                return misuse(&format!("`--host {}` is no address of this machine", arguments.host));
            }
            Err(error) => return session.fail(&format!("cannot listen at port {}: {error}", arguments.port)),
        };
        let now = match &session.now {
            Now::Real(_) => None,
            Now::Fixed(at) => Some(Moment { at: *at, has_time: true }.iso(&TimeZone::UTC)),
            Now::Typed(text) => Some(text.clone()),
        };
        let own = session.clone();
        let last: Mutex<Vec<Diagnostic>> = Mutex::default();
        let bar = Bar::new(session, started);
        let options = Options {
            cache: Cache::of(&root),
            progress: bar.of(Work::Looking),
            root,
            now,
            time: real_time,
            editor,
            search: arguments.search,
            hosts: arguments.allow_host,
            changed: Box::new(move |current| tell(&own, current, &last)),
        };
        let ready = |current: &Current, note: Option<String>, listener: &TcpListener| {
            bar.clear();
            let Ok(at) = listener.local_addr() else { return };
            let local = local(at, current);
            if at.port() != arguments.port && arguments.port != 0 {
                session.say(&format!("port {} is taken, so it is {}", arguments.port, at.port()));
            }
            session.result(&format!("Local:      {local}"));
            match network(at, current) {
                Some(address) => session.result(&format!("Network:    {address}")),
                None => session.say("Network:    only this machine (`--host 0.0.0.0` lets a phone in)"),
            }
            session.say(&format!("All pages:  {}_nutgraf/", origin(at)));
            session.say(&format!("ready in {:.2} s; Ctrl-C ends it", started.elapsed().as_secs_f64()));
            if let Some(note) = note {
                session.say(&note);
            }
            if arguments.open && open::that_detached(&local).is_err() {
                session.say("no browser could be opened");
            }
        };
        match preview::serve(listener, options, ready) {
            Ok(()) => End::Done,
            Err(error) => session.fail(&error.to_string()),
        }
    }

    /// The program to open files in: as told, else `VISUAL` when it has a window of its own.
    #[expect(clippy::disallowed_methods, reason = "the environment is read here and handed down")]
    fn editor(told: Option<&str>) -> Result<Option<Vec<String>>, String> {
        let visual = std::env::var("VISUAL").unwrap_or_default();
        let text = told.unwrap_or(&visual);
        let parts = match (shell_words::split(text), told) {
            (Ok(parts), _) => parts,
            (Err(_), None) => return Ok(None),
            (Err(error), Some(_)) => return Err(format!("`--editor {text}`: {error}")),
        };
        let Some(program) = parts.first() else { return Ok(None) };
        let name = program.rsplit(['/', '\\']).next().unwrap_or(program);
        match (told, IN_THE_TERMINAL.contains(&name)) {
            (Some(_), true) => Err(format!(
                "`{name}` needs a terminal of its own: name an editor with a window, or a terminal that runs it"
            )),
            (None, true) => Ok(None),
            (_, false) => Ok(Some(parts)),
        }
    }

    fn origin(at: SocketAddr) -> String {
        let name = if at.ip().is_loopback() || at.ip().is_unspecified() {
            "localhost".to_owned()
        } else {
            SocketAddr::new(at.ip(), 0).to_string().trim_end_matches(":0").to_owned()
        };
        format!("http://{name}:{}/", at.port())
    }

    fn local(at: SocketAddr, current: &Current) -> String {
        let base = current.edition.as_ref().map_or("", |edition| &edition.world.site.config.base_path);
        format!("{}{}", origin(at), if base.is_empty() { String::new() } else { format!("{}/", &base[1..]) })
    }

    /// The address for other devices, when it listens to them.
    fn network(at: SocketAddr, current: &Current) -> Option<String> {
        if at.ip().is_loopback() {
            return None;
        }
        let ip = if at.ip().is_unspecified() { own_address()? } else { at.ip() };
        Some(local(SocketAddr::new(ip, at.port()), current))
    }

    /// This machine's address in its network. Nothing is sent: the system only says which way it would go.
    fn own_address() -> Option<IpAddr> {
        let socket = UdpSocket::bind(("0.0.0.0", 0)).ok()?;
        socket.connect(("192.0.2.1", 9)).ok()?;
        Some(socket.local_addr().ok()?.ip()).filter(|ip| !ip.is_unspecified())
    }

    /// Prints what is newly wrong, and how much is wrong in all.
    fn tell(session: &Session, current: &Current, last: &Mutex<Vec<Diagnostic>>) {
        let problems = current.problems(Vec::new());
        let mut last = last.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if *last == problems.list {
            return;
        }
        let fresh: Vec<Diagnostic> = problems.list.iter().filter(|d| !last.contains(d)).cloned().collect();
        let known = problems.list.len() - fresh.len();
        if !fresh.is_empty() {
            session.report(fresh, &problems.sources, false);
        }
        if problems.list.is_empty() {
            session.say("all is well again");
        } else if known > 0 {
            let of = |severity| problems.list.iter().filter(|d| d.severity == severity).count();
            session.say(&format!("{} in all", counts(of(Severity::Error), of(Severity::Warning))));
        }
        *last = problems.list;
    }
}
