//! The preview's server: what is at an address, what a tab asks, and the little that a tab may tell. It is
//! bound to this machine unless told otherwise, and answers nobody who asks for another host or comes from
//! another site.

use std::convert::Infallible;
use std::net::{IpAddr, TcpListener};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{RawQuery, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use futures_util::stream::{self, Stream};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use tokio::task::block_in_place;

use super::answer::{self, Answer, Page, answer};
use super::current::{Clock, Current};
use super::gallery;
use super::look::{self, Question};
use super::work::{Message, Shared, hash};
use crate::media;
use crate::moment::Moment;
use crate::path::SitePath;
use crate::render::Marks;

/// The preview's own scripts and styles.
const OWN_FILES: &[(&str, &str, &str)] = &[
    ("client.js", "text/javascript; charset=utf-8", include_str!("client/client.js")),
    ("client.css", "text/css; charset=utf-8", include_str!("client/client.css")),
    ("pages.css", "text/css; charset=utf-8", include_str!("client/pages.css")),
    ("pages.js", "text/javascript; charset=utf-8", include_str!("client/pages.js")),
];

/// How often a silent stream says that it is alive, so that a proxy keeps it.
const ALIVE: Duration = Duration::from_secs(30);

/// How soon a tab asks again for a stream that broke.
const RETRY: Duration = Duration::from_secs(1);

/// Serves until the program ends.
///
/// # Errors
/// When the network refuses.
pub fn serve(listener: TcpListener, shared: Arc<Shared>) -> std::io::Result<()> {
    listener.set_nonblocking(true)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let router = Router::new()
            .route("/_nutgraf/events", get(events))
            .route("/_nutgraf/look", get(look))
            .route("/_nutgraf/edit", post(edit))
            .route("/_nutgraf/clock", post(clock))
            .route("/_nutgraf/", get(pages))
            .route("/_nutgraf/components", get(components))
            .route("/_nutgraf/components/{name}", get(component))
            .route("/_nutgraf/{file}", get(own_file))
            .fallback(site)
            .layer(middleware::from_fn_with_state(Arc::clone(&shared), guard))
            .with_state(shared);
        axum::serve(listener, router).await
    })
}

/// Lets through whom the preview answers.
async fn guard(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    if let Some(said) = refusal(&shared.options.hosts, request.method(), request.headers()) {
        return (StatusCode::FORBIDDEN, said).into_response();
    }
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.entry(header::X_CONTENT_TYPE_OPTIONS).or_insert(HeaderValue::from_static("nosniff"));
    response
}

/// Why a request is refused: it asks under a name that is not this machine's, or another site's page sends it.
fn refusal(allowed: &[String], method: &Method, headers: &HeaderMap) -> Option<String> {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let host = text(header::HOST).unwrap_or_default();
    let is_allowed = |host: &str| allowed.iter().any(|allowed| allowed.eq_ignore_ascii_case(name_of(host)));
    if !is_this_machine(host) && !is_allowed(host) {
        return Some(format!(
            "the preview does not answer for `{host}`; if this is a name of your own, say `--allow-host {}`\n",
            name_of(host)
        ));
    }
    if let Some(origin) = text(header::ORIGIN) {
        let from = origin.split_once("://").map_or(origin, |(_, host)| host);
        if name_and_port(from) != name_and_port(host) && !is_allowed(from) {
            return Some("the preview takes nothing from another site\n".into());
        }
    }
    // Another site's page cannot send this header without being asked first whether it may.
    let changes = method != Method::GET && method != Method::HEAD;
    (changes && !headers.contains_key("x-nutgraf"))
        .then(|| "the preview takes this from its own pages only\n".into())
}

/// Whether a host is this machine, by number or by a name that only it has. A name of the network can be
/// made to lead anywhere, so it must have been allowed; a number cannot.
fn is_this_machine(host: &str) -> bool {
    let name = name_of(host);
    let number = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    number.is_ok()
        || name.eq_ignore_ascii_case("localhost")
        || name.to_ascii_lowercase().ends_with(".localhost")
}

fn name_of(host: &str) -> &str {
    name_and_port(host).0
}

fn name_and_port(host: &str) -> (&str, Option<&str>) {
    match host.rsplit_once(':') {
        Some((name, port)) if port.chars().all(|c| c.is_ascii_digit()) => (name, Some(port)),
        Some(_) | None => (host, None),
    }
}

/// The stream that says which revision is the newest.
async fn events(State(shared): State<Arc<Shared>>) -> Response {
    let mut receiver = shared.revisions.subscribe();
    receiver.mark_changed();
    let stream = stream::unfold(receiver, |mut receiver| async move {
        receiver.changed().await.ok()?;
        let revision = *receiver.borrow_and_update();
        Some((Ok::<_, Infallible>(Event::default().retry(RETRY).data(revision.to_string())), receiver))
    });
    (no_buffering(), sse(stream)).into_response()
}

fn sse(stream: impl Stream<Item = Result<Event, Infallible>> + Send + 'static) -> impl IntoResponse {
    Sse::new(stream).keep_alive(KeepAlive::new().interval(ALIVE))
}

/// A proxy must pass a stream on at once.
fn no_buffering() -> [(HeaderName, &'static str); 1] {
    [(HeaderName::from_static("x-accel-buffering"), "no")]
}

async fn look(State(shared): State<Arc<Shared>>, RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    let value = |name: &str| parameter(&query, name);
    let question = Question { page: value("page"), source: value("source"), seen: value("seen") };
    let current = shared.current();
    json_response(&look::look(&shared, &current, &question))
}

/// A parameter of a query.
fn parameter(query: &str, name: &str) -> String {
    let found = query.split('&').find_map(|pair| pair.split_once('=').filter(|(key, _)| *key == name));
    let text = found.map_or("", |(_, value)| value).replace('+', " ");
    percent_decode_str(&text).decode_utf8_lossy().into_owned()
}

fn json_response(value: &Value) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], value.to_string()).into_response()
}

/// Opens a file of the site at a line: in the editor that was named, else by a link that is handed back.
async fn edit(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    let asked: Value = serde_json::from_slice(&body).unwrap_or_default();
    let file = SitePath::new(asked["file"].as_str().unwrap_or_default());
    let number = |key: &str| asked[key].as_u64().and_then(|n| usize::try_from(n).ok()).unwrap_or(1).max(1);
    let (line, column) = (number("line"), number("column"));
    if !shared.is_own(&file) {
        return (StatusCode::NOT_FOUND, "there is no such file in the site\n").into_response();
    }
    let Some(editor) = &shared.options.editor else {
        return json_response(&json!({"href": look::vscode(&shared, &file, line, column)}));
    };
    let path = shared.options.root.join(file.as_str());
    match open_editor(editor, &path.to_string_lossy(), line, column) {
        Ok(()) => json_response(&json!({"opened": true})),
        Err(error) => {
            let said = format!("`{}` could not be started: {error}", editor[0]);
            (
                StatusCode::BAD_GATEWAY,
                [(header::CONTENT_TYPE, "application/json")],
                json!({"error": said}).to_string(),
            )
                .into_response()
        }
    }
}

/// Starts a program with its arguments as they are: no shell ever reads them.
fn open_editor(editor: &[String], path: &str, line: usize, column: usize) -> std::io::Result<()> {
    let fill = |text: &String| {
        text.replace("{file}", path)
            .replace("{line}", &line.to_string())
            .replace("{column}", &column.to_string())
    };
    let mut command = Command::new(&editor[0]);
    command.args(editor[1..].iter().map(fill));
    if !editor.iter().any(|argument| argument.contains("{file}")) {
        command.args(place_arguments(&editor[0], path, line, column));
    }
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    thread::spawn(move || child.wait());
    Ok(())
}

/// How well-known editors are told a line; others get the file alone.
fn place_arguments(program: &str, path: &str, line: usize, column: usize) -> Vec<String> {
    let name = program.rsplit(['/', '\\']).next().unwrap_or(program);
    let stem = name.split('.').next().unwrap_or(name);
    match stem {
        "code" | "code-insiders" | "codium" | "vscodium" | "cursor" | "windsurf" => {
            vec!["--goto".into(), format!("{path}:{line}:{column}")]
        }
        "subl" | "sublime_text" | "zed" | "zeditor" | "hx" => vec![format!("{path}:{line}:{column}")],
        "gvim" | "mvim" | "gedit" | "emacsclient" | "mousepad" | "pluma" => {
            vec![format!("+{line}"), path.into()]
        }
        "kate" | "kwrite" => vec!["-l".into(), line.to_string(), path.into()],
        "idea" | "webstorm" | "rustrover" | "pycharm" => vec!["--line".into(), line.to_string(), path.into()],
        _ => vec![path.into()],
    }
}

/// Sets the clock, or lets it go.
async fn clock(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    let asked: Value = serde_json::from_slice(&body).unwrap_or_default();
    let now = asked["now"].as_str().filter(|now| !now.is_empty());
    if now.is_some_and(|now| Moment::parse(now, &jiff::tz::TimeZone::UTC).is_none()) {
        return (StatusCode::BAD_REQUEST, "this is not a time: write it like 2023-09-11T10:00\n")
            .into_response();
    }
    let unpublished = asked["unpublished"].as_bool().unwrap_or(true);
    let clock = Clock { set: now.map(str::to_owned), unpublished };
    let _ = shared.tell.send(Message::Turn(clock));
    json_response(&json!({"set": now}))
}

async fn own_file(axum::extract::Path(file): axum::extract::Path<String>) -> Response {
    match OWN_FILES.iter().find(|(name, _, _)| *name == file) {
        Some((_, kind, text)) => ([(header::CONTENT_TYPE, *kind)], *text).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn pages(State(shared): State<Arc<Shared>>, RawQuery(query): RawQuery) -> Response {
    let wanted = parameter(&query.unwrap_or_default(), "q");
    own_page(gallery::pages(&shared, &shared.current(), &wanted))
}

async fn components(State(shared): State<Arc<Shared>>) -> Response {
    own_page(gallery::components(&shared.current()))
}

/// A page of the preview's own, which no other site may put into a frame.
fn own_page(page: String) -> Response {
    let policy = "frame-ancestors 'self'";
    ([(header::CONTENT_SECURITY_POLICY, policy)], html(page)).into_response()
}

async fn component(
    State(shared): State<Arc<Shared>>,
    axum::extract::Path(name): axum::extract::Path<String>,
) -> Response {
    match gallery::component(&shared, &shared.current(), &name) {
        Some(page) => html(page),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn html(page: impl Into<Body>) -> Response {
    ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], page.into()).into_response()
}

/// A page or a file of the site. A browser gets pages with the preview's script in them; who does not ask
/// for HTML by name, as a program does, gets what would be published.
async fn site(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    if request.method() != Method::GET && request.method() != Method::HEAD {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let current = shared.current();
    let accepts = request.headers().get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    let is_browser = accepts.is_some_and(|accept| accept.contains("text/html"));
    let marks = if is_browser { Marks::Source } else { Marks::None };
    let path = request.uri().path();
    if current.edition.is_none() && is_browser {
        return (
            StatusCode::INTERNAL_SERVER_ERROR,
            html(wrapped(answer::EMPTY.as_bytes().to_vec(), None, &current)),
        )
            .into_response();
    }
    // Making a picture takes long: other answers go on meanwhile.
    let mut response = match block_in_place(|| answer(&shared, &current, path, marks)) {
        Answer::Page(page) => {
            let status = if page.is_missing { StatusCode::NOT_FOUND } else { StatusCode::OK };
            let Page { bytes, source, .. } = page;
            let bytes = if is_browser { wrapped(bytes, source.as_ref(), &current) } else { bytes };
            (status, html(bytes)).into_response()
        }
        Answer::File { name, bytes } => file(&name, bytes, request.headers()),
        Answer::Redirect { to, bytes } => {
            let to = HeaderValue::from_str(&crate::links::encode_address(&to));
            let mut response = (StatusCode::FOUND, html(bytes)).into_response();
            response.headers_mut().extend(to.ok().map(|to| (header::LOCATION, to)));
            response
        }
        Answer::Nothing => (StatusCode::NOT_FOUND, "there is nothing here\n").into_response(),
    };
    // A preview that is let out by a tunnel is nothing to be found.
    response.headers_mut().insert("x-robots-tag", HeaderValue::from_static("noindex"));
    let mut named: Vec<HeaderName> = Vec::new();
    for (name, value) in answer::headers(&shared, &current, path) {
        let (Ok(name), Ok(value)) = (HeaderName::try_from(&name), HeaderValue::from_str(&value)) else {
            continue;
        };
        if OURS.contains(&name.as_str()) {
            continue;
        }
        // A header of the site's own takes the place of the usual one; several of a name stand together.
        if named.contains(&name) {
            response.headers_mut().append(name, value);
        } else {
            response.headers_mut().insert(name.clone(), value);
            named.push(name);
        }
    }
    if is_browser {
        allow_own_script(response.headers_mut());
    }
    response
}

/// Headers that say how an answer is sent, or how long it is kept: the preview's files change under their
/// names, whatever is said of the published ones.
const OURS: &[&str] = &[
    "cache-control",
    "connection",
    "content-encoding",
    "content-length",
    "content-range",
    "date",
    "keep-alive",
    "location",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// A page with the preview's script at its end.
fn wrapped(bytes: Vec<u8>, source: Option<&SitePath>, current: &Current) -> Vec<u8> {
    let hash = hash(&bytes);
    let source = source.map_or_else(String::new, |source| {
        let escaped = source.as_str().replace('&', "&amp;").replace('"', "&quot;");
        format!(" data-source=\"{escaped}\"")
    });
    let script = format!(
        "<script type=\"module\" src=\"/_nutgraf/client.js\" data-hash=\"{hash}\"{source} data-revision=\"{}\"></script>",
        current.revision
    );
    let mut page = bytes;
    let end = b"</body>";
    let at =
        page.windows(end.len()).rposition(|window| window.eq_ignore_ascii_case(end)).unwrap_or(page.len());
    page.splice(at..at, script.into_bytes());
    page
}

/// A file with its type, or the part of it that was asked for.
fn file(name: &str, bytes: Vec<u8>, asked: &HeaderMap) -> Response {
    let kind = media::served_as(name);
    let length = bytes.len();
    let headers = [(header::CONTENT_TYPE, kind), (header::ACCEPT_RANGES, "bytes".to_owned())];
    let range = asked.get(header::RANGE).and_then(|range| range.to_str().ok());
    let Some(range) = range.and_then(|range| http_range_header::parse_range_header(range).ok()) else {
        return (headers, bytes).into_response();
    };
    match range.validate(length as u64).as_deref() {
        Ok([range]) => {
            let start = usize::try_from(*range.start()).unwrap_or(length);
            let end = usize::try_from(*range.end()).unwrap_or(length);
            let said = format!("bytes {start}-{end}/{length}");
            let part = bytes.get(start..=end).unwrap_or_default().to_vec();
            (StatusCode::PARTIAL_CONTENT, headers, [(header::CONTENT_RANGE, said)], part).into_response()
        }
        // Several parts at once are nothing a browser asks of media; the whole is a right answer too.
        Ok(_) => (headers, bytes).into_response(),
        Err(_) => {
            let said = format!("bytes */{length}");
            (StatusCode::RANGE_NOT_SATISFIABLE, [(header::CONTENT_RANGE, said)]).into_response()
        }
    }
}

/// Policies of the site that would keep the preview's own script and style out let them in.
fn allow_own_script(headers: &mut HeaderMap) {
    let policies: Vec<String> = headers
        .get_all(header::CONTENT_SECURITY_POLICY)
        .iter()
        .filter_map(|policy| Some(with_own_script(policy.to_str().ok()?)))
        .collect();
    headers.remove(header::CONTENT_SECURITY_POLICY);
    let values = policies.iter().filter_map(|policy| HeaderValue::from_str(policy).ok());
    headers.extend(values.map(|value| (header::CONTENT_SECURITY_POLICY, value)));
}

fn with_own_script(policy: &str) -> String {
    // What would stop the preview altogether, or send a phone to a port that speaks no TLS.
    let stops = ["require-trusted-types-for", "trusted-types", "sandbox", "upgrade-insecure-requests"];
    let name_of = |directive: &str| directive.split_whitespace().next().unwrap_or_default().to_owned();
    let directives = policy.split(';').map(str::trim).filter(|d| !d.is_empty());
    let mut directives: Vec<String> =
        directives.filter(|d| !stops.contains(&name_of(d).as_str())).map(str::to_owned).collect();
    let default = directives.iter().find_map(|d| d.strip_prefix("default-src")).map(str::to_owned);
    for name in ["script-src", "style-src", "connect-src"] {
        if default.is_some() && !directives.iter().any(|d| name_of(d) == name) {
            directives.push(format!("{name}{}", default.as_deref().unwrap_or_default()));
        }
    }
    let own = ["script-src", "script-src-elem", "style-src", "style-src-elem", "connect-src"];
    for directive in directives.iter_mut().filter(|d| own.contains(&name_of(d).as_str())) {
        *directive = format!("{} 'self'", directive.replace(" 'none'", ""));
    }
    directives.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(headers: &[(HeaderName, &str)], method: &Method) -> bool {
        let value = |text: &str| HeaderValue::from_str(text).expect("a value");
        let headers = headers.iter().map(|(name, text)| (name.clone(), value(text))).collect();
        refusal(&["preview.example.org".to_owned()], method, &headers).is_some()
    }

    #[test]
    fn it_answers_for_this_machine_alone() {
        let known = [
            "localhost",
            "localhost:4000",
            "127.0.0.1:4000",
            "[::1]:4000",
            "192.168.1.5:4000",
            "a.localhost",
            "Preview.example.org",
        ];
        for host in known {
            assert!(!refused(&[(header::HOST, host)], &Method::GET), "{host}");
        }
        for host in
            ["", "evil.example", "localhost.evil.example:4000", "127.0.0.1.evil.example", "example.org"]
        {
            assert!(refused(&[(header::HOST, host)], &Method::GET), "{host}");
        }
    }

    #[test]
    fn it_takes_nothing_from_another_site() {
        let host = (header::HOST, "localhost:4000");
        let own = (HeaderName::from_static("x-nutgraf"), "1");
        let from = |origin| [host.clone(), own.clone(), (header::ORIGIN, origin)];
        assert!(!refused(&from("http://localhost:4000"), &Method::POST));
        assert!(!refused(&from("https://preview.example.org"), &Method::POST));
        for origin in ["http://localhost:3000", "https://evil.example", "null", "http://localhost"] {
            assert!(refused(&from(origin), &Method::POST), "{origin}");
            assert!(refused(&from(origin), &Method::GET), "{origin}");
        }
        assert!(refused(&[host], &Method::POST));
    }
}
