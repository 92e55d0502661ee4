//! A headless Chromium, driven over the `WebDriver` protocol (W3C) by chromedriver. Every method waits until
//! the browser did the thing, and panics with what the browser says when it cannot.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use std::{fs, thread};

use serde_json::{Value, json};
use ureq::{Agent, Body, http::Response};

/// The names a Chromium goes by.
const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const FLAGS: &[&str] = &[
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--hide-scrollbars",
    "--disable-dev-shm-usage",
    "--no-proxy-server",
];
/// The keys that have a name, in the order of their characters from U+E000 on.
#[rustfmt::skip]
const KEYS: [&str; 24] = [
    "Unidentified", "Cancel", "Help", "Backspace", "Tab", "Clear", "Return", "Enter", "Shift", "Control", "Alt",
    "Pause", "Escape", "Space", "PageUp", "PageDown", "End", "Home", "ArrowLeft", "ArrowUp", "ArrowRight",
    "ArrowDown", "Insert", "Delete",
];
/// What `wait_for` runs: looks again after every change of the document and every 5 ms, for 10 s. An expression
/// that throws is not true yet.
const WAIT: &str = "((done, look) => {
    let thrown = '';
    const finish = answer => { observer.disconnect(); clearInterval(timer); clearTimeout(limit); done(answer) };
    const check = () => {
      try { const value = look(); thrown = ''; if (value) finish({value}) } catch (e) { thrown = String(e) }
    };
    const observer = new MutationObserver(check);
    observer.observe(document, {subtree: true, childList: true, attributes: true, characterData: true});
    const timer = setInterval(check, 5);
    const limit = setTimeout(() => finish({thrown}), 10000);
    check();
  })(arguments[0], () => (EXPRESSION\n))";
/// The number of the next browser of this process.
static COUNT: AtomicU32 = AtomicU32::new(0);
/// Scrolls to an element unless a click on its middle would hit it. At once: chromedriver and its clicks do not
/// wait for a page that scrolls smoothly.
const INTO_VIEW: &str = "const element = arguments[0];
    const {left, top, width, height} = element.getClientRects()[0] ?? element.getBoundingClientRect();
    if (!element.contains(document.elementFromPoint(left + width / 2, top + height / 2)))
      element.scrollIntoView({block: 'center', behavior: 'instant'})";
const TWO_FRAMES: &str = "requestAnimationFrame(() => requestAnimationFrame(() => arguments[0]()))";

/// A headless Chromium with a profile of its own; both are gone when it is dropped.
#[derive(Debug)]
pub struct Browser {
    driver: Child,
    /// Where chromedriver and Chromium put the profile and all else that is temporary.
    folder: PathBuf,
    agent: Agent,
    /// The address of the session.
    session: String,
}

/// A tab of a browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tab(String);

/// How slow a network is.
#[derive(Clone, Copy, Debug)]
pub struct Network {
    /// Milliseconds from the end of a request to the beginning of its answer, at least.
    pub latency: f64,
    /// Bytes in a second.
    pub download: f64,
    pub upload: f64,
}

impl Browser {
    /// Starts a browser with a view of 1000x800; none when chromedriver or Chromium is not on this machine.
    pub fn find() -> Option<Self> {
        let driver = in_path("chromedriver")?;
        let binary = BROWSERS.into_iter().find_map(in_path)?;
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("browser-{}-{number}", std::process::id()));
        fs::create_dir(&folder).expect("a temporary folder");
        let mut driver = Command::new(driver)
            .arg("--port=0")
            .env("TMPDIR", &folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver starts");
        let said = BufReader::new(driver.stdout.as_mut().expect("stdout is piped"));
        let port: Option<u16> = said.lines().map_while(Result::ok).find_map(|line| {
            line.split_once("started successfully on port ")?.1.trim_end_matches('.').parse().ok()
        });
        let config = Agent::config_builder()
            .proxy(None)
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_mins(1)));
        let session = format!("http://127.0.0.1:{}/session", port.unwrap_or_default());
        let mut browser = Self { driver, folder, agent: config.build().into(), session };
        assert!(port.is_some(), "chromedriver ended before it said its port");
        let capabilities = json!({"capabilities": {"alwaysMatch": {
            "browserName": "chrome",
            "pageLoadStrategy": "normal",
            "unhandledPromptBehavior": "dismiss",
            "timeouts": {"script": 15_000, "pageLoad": 30_000, "implicit": 0},
            "goog:loggingPrefs": {"browser": "ALL"},
            // A click with Alt on a link is a download: 3 forbids them all.
            "goog:chromeOptions": {"binary": binary, "args": FLAGS, "prefs": {"download_restrictions": 3}},
        }}});
        let created = browser.post("", &capabilities);
        browser.session = format!("{}/{}", browser.session, created["sessionId"].as_str().expect("an id"));
        browser.resize(1000, 800);
        Some(browser)
    }

    /// Opens an address and waits until it is loaded.
    pub fn open(&self, url: &str) {
        self.post("/url", &json!({"url": url}));
    }

    /// The address of the page.
    pub fn url(&self) -> String {
        text(self.get("/url"))
    }

    /// Runs the body of a function in the page, with `arguments`, and gives what it returns; of a promise,
    /// what it comes to.
    pub fn run(&self, script: &str, arguments: &[Value]) -> Value {
        self.post("/execute/sync", &json!({"script": script, "args": arguments}))
    }

    /// Waits until a JavaScript expression is true in the page, also over a change of page, and gives its
    /// value. Not for promises: they are true at once.
    pub fn wait_for(&self, expression: &str) -> Value {
        let script = json!({"script": WAIT.replace("EXPRESSION", expression), "args": []});
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(10) {
            match self.try_post("/execute/async", &script) {
                Ok(mut answer) if answer.get("value").is_some() => return answer["value"].take(),
                Ok(answer) if answer.get("thrown").is_some() => {
                    let thrown = &answer["thrown"];
                    panic!("never came true: {expression}\nit threw: {thrown}\nthe page:\n{}", self.body())
                }
                // A dialog was dismissed under the question, or the page went away. The next page is asked.
                Ok(_) => {}
                Err(message) if message.starts_with("script timeout") => {}
                Err(message) => panic!("waiting for {expression}: {message}"),
            }
        }
        panic!("never came true, on pages that did not stay: {expression}\nthe page:\n{}", self.body());
    }

    /// Opens an empty tab and goes to it.
    pub fn new_tab(&self) -> Tab {
        let tab = Tab(text(self.post("/window/new", &json!({"type": "tab"}))["handle"].take()));
        self.switch(&tab);
        self.resize(1000, 800);
        tab
    }

    /// Goes to a tab.
    pub fn switch(&self, tab: &Tab) {
        self.post("/window", &json!({"handle": tab.0}));
    }

    /// The tab of the page.
    pub fn tab(&self) -> Tab {
        Tab(text(self.get("/window")))
    }

    /// Clicks on the first element of a selector with Alt held down.
    pub fn click_with_alt(&self, css: &str) {
        let element = self.element(css);
        let (alt, pause) = (key("Alt"), json!({"type": "pause"}));
        self.post(
            "/actions",
            &json!({"actions": [
                {"type": "key", "id": "keys", "actions": [
                    {"type": "keyDown", "value": alt}, pause, pause, pause, {"type": "keyUp", "value": alt},
                ]},
                {"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"}, "actions": [
                    pause,
                    {"type": "pointerMove", "duration": 0, "x": 0, "y": 0, "origin": element},
                    {"type": "pointerDown", "button": 0},
                    {"type": "pointerUp", "button": 0},
                    pause,
                ]},
            ]}),
        );
    }

    /// Presses a key by its name, or keys together: `Escape`, `a`, `Shift+Tab`. Not `+` itself.
    pub fn press(&self, keys: &str) {
        self.press_often(keys, 1);
    }

    /// Presses the same so many times.
    pub fn press_often(&self, keys: &str, times: usize) {
        let keys: Vec<char> = keys.split('+').map(key).collect();
        let down = keys.iter().map(|key| json!({"type": "keyDown", "value": key}));
        let up = keys.iter().rev().map(|key| json!({"type": "keyUp", "value": key}));
        let once: Vec<Value> = down.chain(up).collect();
        let actions = vec![once; times].concat();
        self.post("/actions", &json!({"actions": [{"type": "key", "id": "keys", "actions": actions}]}));
    }

    /// Makes the view of this tab so large: exactly, also below the smallest window.
    pub fn resize(&self, width: u32, height: u32) {
        let metrics = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.command("Emulation.setDeviceMetricsOverride", &metrics);
        self.drawn();
    }

    /// Makes this tab a phone of 390x844, with two pixels for one and a quarter of the speed, behind a network;
    /// nothing is kept from one page to the next.
    pub fn be_slow_phone(&self, network: &Network) {
        let metrics = json!({"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": true});
        self.command("Emulation.setDeviceMetricsOverride", &metrics);
        self.command("Emulation.setCPUThrottlingRate", &json!({"rate": 4}));
        self.command("Network.enable", &json!({}));
        self.command("Network.setCacheDisabled", &json!({"cacheDisabled": true}));
        let Network { latency, download, upload } = network;
        let network = json!({
            "offline": false, "latency": latency, "downloadThroughput": download, "uploadThroughput": upload,
        });
        self.command("Network.emulateNetworkConditions", &network);
    }

    /// Makes this tab's reader prefer these: `prefers-color-scheme` and the like, with their values. What was
    /// preferred before is forgotten.
    pub fn prefer(&self, preferences: &[(&str, &str)]) {
        let features: Vec<Value> =
            preferences.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
        self.command("Emulation.setEmulatedMedia", &json!({"features": features}));
        self.drawn();
    }

    /// Runs a script in every page that this tab opens from now on, before the page's own.
    pub fn run_first(&self, script: &str) {
        self.command("Page.addScriptToEvaluateOnNewDocument", &json!({"source": script}));
    }

    /// The errors on the console since the last call: uncaught ones, `console.error`, what did not load.
    pub fn console_errors(&self) -> Vec<String> {
        list(self.post("/se/log", &json!({"type": "browser"})))
            .into_iter()
            .filter(|entry| entry["level"] == "SEVERE")
            .map(|mut entry| text(entry["message"].take()))
            .collect()
    }

    /// Waits until what was done is drawn, and the page was told of it.
    pub fn drawn(&self) {
        self.post("/execute/async", &json!({"script": TWO_FRAMES, "args": []}));
    }

    /// A command of Chromium's own protocol, for what `WebDriver` has no word for.
    fn command(&self, name: &str, parameters: &Value) {
        self.post("/goog/cdp/execute", &json!({"cmd": name, "params": parameters}));
    }

    /// The text of the page, for messages.
    fn body(&self) -> String {
        self.run("return document.body?.innerText ?? ''", &[]).as_str().unwrap_or_default().to_owned()
    }

    /// The first element of a selector, in view.
    fn element(&self, css: &str) -> Value {
        let element = self
            .try_post("/element", &json!({"using": "css selector", "value": css}))
            .unwrap_or_else(|message| panic!("{css}: {message}\nthe page:\n{}", self.body()));
        self.run(INTO_VIEW, std::slice::from_ref(&element));
        element
    }

    fn address(&self, path: &str) -> String {
        format!("{}{path}", self.session)
    }

    fn get(&self, path: &str) -> Value {
        answer(self.agent.get(self.address(path)).call()).unwrap_or_else(|e| panic!("GET {path}: {e}"))
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        self.try_post(path, body).unwrap_or_else(|message| panic!("POST {path} {body}: {message}"))
    }

    fn try_post(&self, path: &str, body: &Value) -> Result<Value, String> {
        answer(self.agent.post(self.address(path)).send(body.to_string()))
    }
}

impl Drop for Browser {
    /// Without panics, as a test may be failing already; chromedriver ends Chromium with the session.
    fn drop(&mut self) {
        let _ = self.agent.delete(&self.session).call();
        let _ = self.driver.kill();
        let _ = self.driver.wait();
        // Helpers of Chromium that are ending may still write: no event tells of the last.
        for _ in 0..200 {
            if fs::remove_dir_all(&self.folder).is_ok() || !self.folder.exists() {
                break;
            }
            thread::sleep(Duration::from_millis(10));
        }
    }
}

/// The value of an answer, or the kind of its error and the first line of what it says.
fn answer(response: Result<Response<Body>, ureq::Error>) -> Result<Value, String> {
    let mut response = response.map_err(|error| error.to_string())?;
    let bytes = response.body_mut().with_config().limit(1 << 30).read_to_vec().map_err(|e| e.to_string())?;
    let mut value: Value = serde_json::from_slice(&bytes).map_err(|error| error.to_string())?;
    let value = value["value"].take();
    if response.status().is_success() {
        return Ok(value);
    }
    let kind = value["error"].as_str().unwrap_or_default();
    let message = value["message"].as_str().unwrap_or_default().lines().next().unwrap_or_default();
    Err(if message.starts_with(kind) { message.to_owned() } else { format!("{kind}: {message}") })
}

/// The character of a key: its own, or the one that stands for its name.
fn key(name: &str) -> char {
    let mut own = name.chars();
    if let (Some(character), None) = (own.next(), own.next()) {
        return character;
    }
    ('\u{e000}'..).zip(KEYS).find(|k| k.1 == name).unwrap_or_else(|| panic!("no key is called {name:?}")).0
}

fn text(value: Value) -> String {
    let Value::String(text) = value else { panic!("not a text: {value}") };
    text
}

fn list(value: Value) -> Vec<Value> {
    let Value::Array(list) = value else { panic!("not a list: {value}") };
    list
}

/// A program in the folders of PATH.
fn in_path(name: &str) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders).map(|folder| folder.join(name)).find(|file| file.is_file())
}
