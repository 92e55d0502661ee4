// The browser half of the live preview. It asks the server what this page looks like now, brings the page there without
// losing the reader's place, and shows a small panel. Everything of ours lives in one element beside <body>, so that
// neither the page's style nor its scripts meet it.
// Parts: 1 helpers · 2 the new version of the page · 3 files under their own names · 4 showing what changed
// 5 news from the server · 6 panel and overlay · 7 click to source · 8 the preview itself

/* 1 Helpers */

const SECOND = 1000;

// Not plain "/_nutgraf/…": a <base> in the page would send that elsewhere.
const at = (path) => `${location.origin}/_nutgraf/${path}`;
const here = (path) => new URL(path, location.origin);
const plural = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;

function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name, value);
    else if (value !== false && value != null) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child != null));
  return node;
}

// Browsers may forbid storage altogether; then nothing is remembered, and nothing breaks.
function recall(area, name) {
  try { return window[area].getItem(`nutgraf:${name}`); } catch { return null; }
}
function remember(area, name, value) {
  try {
    if (value === null) window[area].removeItem(`nutgraf:${name}`);
    else window[area].setItem(`nutgraf:${name}`, value);
  } catch { /* see above */ }
}

async function post(path, body) {
  const headers = { "Content-Type": "application/json", "X-Nutgraf": "1" };
  const answer = await fetch(at(path), { method: "POST", headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json().catch(() => ({}));
}

/* 2 The new version of the page. A node that did not change is not touched and not moved: that is what keeps selection,
     focus, a playing video. Nodes are paired by what they hold, so a new paragraph on top does not shift all below it. */

const isElement = (node) => node.nodeType === Node.ELEMENT_NODE;
const isBlank = (node) => !isElement(node) && !(node.nodeType === Node.TEXT_NODE && node.data.trim());
const isSheet = (node) => node.localName === "link" && node.relList.contains("stylesheet");
const isBare = (node) => [...node.childNodes].every((child) => isElement(child) || isBlank(child));
const isContainer = (node) => node.firstElementChild && isBare(node);
const isSameKind = (a, b) => a.nodeName === b.nodeName && a.getAttribute?.("id") === b.getAttribute?.("id");

// What the reader sees of a node: line numbers, the inside of <noscript> and what is unfolded make no difference.
function looks(node) {
  if (!isElement(node)) return node.nodeName + node.nodeValue;
  return node.outerHTML.replace(/ data-nutgraf="[^"]*"/g, "").replace(/<noscript\b[^]*?<\/noscript>/g, "<noscript>")
    .replace(/(<(?:details|dialog)\b[^>]*?) open=""/g, "$1");
}

function parse(html) {
  const next = new DOMParser().parseFromString(html, "text/html");
  // A page that runs scripts holds the inside of <noscript> as text, a parsed one as elements that would come alive.
  for (const node of next.querySelectorAll("noscript")) node.textContent = node.innerHTML;
  return next;
}

// Style sheets first; when they are there, everything else at one stroke. Returns the elements that differ, in order.
async function bringPage(next, headFromServer) {
  const head = planHead(next, headFromServer);
  const sheets = head.added.filter(({ node }) => isSheet(node));
  await Promise.all(sheets.map((entry) => (putIntoHead(entry), loaded(entry.node))));
  head.added.filter((entry) => !sheets.includes(entry)).forEach(putIntoHead);
  const changes = [];
  copyAttributes(document.documentElement, next.documentElement);
  copyAttributes(document.body, next.body);
  bringChildren(document.body, next.body, changes);
  head.obsolete.forEach((node) => node.remove());
  return changes;
}

// In <head> nothing is altered in place: an icon must not turn into a style sheet. `fromServer` tells the server's
// elements from those of a browser extension, which are left alone.
function planHead(next, fromServer) {
  const old = [...document.head.children];
  const added = [];
  let after = null;
  for (const node of next.head.children) {
    const same = old.findIndex((candidate) => candidate.isEqualNode(node));
    if (same >= 0) {
      [after] = old.splice(same, 1);
    } else {
      const fresh = document.importNode(node, true);
      added.push({ node: fresh, after });
      fromServer.add(fresh);
      after = fresh;
    }
  }
  return { added, obsolete: old.filter((node) => fromServer.has(node)) };
}

function putIntoHead({ node, after }) {
  if (after?.parentNode) after.after(node);
  else document.head.prepend(node);
}

function loaded(sheet) {
  return new Promise((done) => {
    sheet.addEventListener("load", done);
    sheet.addEventListener("error", done);
    setTimeout(done, 3 * SECOND); // a sheet that never comes must not stop the preview
  });
}

function copyAttributes(live, next) {
  for (const { name, value } of [...next.attributes]) {
    if (live.getAttribute(name) === value || belongsToReader(name, live)) continue;
    live.setAttributeNode(next.getAttributeNode(name).cloneNode()); // setAttribute would refuse names such as @click
  }
  for (const { name } of [...live.attributes]) {
    if (!next.hasAttribute(name) && !belongsToReader(name, live)) live.removeAttribute(name);
  }
}

// What the reader has unfolded stays so. Typed text and ticked boxes need no care: they are not in the attributes.
function belongsToReader(name, element) {
  return name === "open" && ["details", "dialog"].includes(element.localName);
}

function bringChildren(live, next, changes) {
  const [old, fresh] = [[...live.childNodes], [...next.childNodes]];
  let [i, j] = [0, 0];
  for (const [nextI, nextJ] of [...pairs(old.map(looks), fresh.map(looks)), [old.length, fresh.length]]) {
    bringRun(live, old.slice(i, nextI), fresh.slice(j, nextJ), old[nextI] ?? null, changes);
    if (old[nextI] && isElement(old[nextI])) copyLines(old[nextI], fresh[nextJ]);
    [i, j] = [nextI + 1, nextJ + 1];
  }
}

// The equal entries of two lists, as index pairs in order: of all ways to pair them, the one that keeps the most text.
function pairs(a, b) {
  const found = [];
  const tail = [];
  let [i, j, endA, endB] = [0, 0, a.length, b.length];
  while (i < endA && j < endB && a[i] === b[j]) found.push([i++, j++]);
  while (i < endA && j < endB && a[endA - 1] === b[endB - 1]) tail.unshift([--endA, --endB]);
  if ((endA - i) * (endB - j) > 2.5e5) return [...found, ...tail]; // too long to compare: paired in turn
  const width = b.length + 1;
  const kept = new Map(); // how much text can be kept from (i, j) on
  const best = (x, y) => kept.get(x * width + y) ?? 0;
  for (let x = endA - 1; x >= i; x--) {
    for (let y = endB - 1; y >= j; y--) {
      const most = a[x] === b[y] ? best(x + 1, y + 1) + a[x].length : Math.max(best(x + 1, y), best(x, y + 1));
      if (most) kept.set(x * width + y, most);
    }
  }
  while (i < endA && j < endB) {
    if (a[i] === b[j]) found.push([i++, j++]);
    else if (best(i + 1, j) >= best(i, j + 1)) i++;
    else j++;
  }
  return [...found, ...tail];
}

// Between two unchanged nodes: nodes of one kind are brought over in turn, the others go or are put in.
function bringRun(parent, old, fresh, end, changes) {
  for (const node of fresh) {
    const same = old.findIndex((candidate) => isSameKind(candidate, node));
    if (same >= 0) {
      old.splice(0, same).forEach((gone) => drop(gone, changes));
      bringNode(old.shift(), node, changes);
    } else {
      // A script from a parsed page never runs, so the scripts of the page do not run again.
      const added = parent.insertBefore(document.importNode(node, true), old[0] ?? end);
      if (!isBlank(added)) changes.push(isElement(added) ? added : parent);
    }
  }
  old.forEach((gone) => drop(gone, changes));
}

function drop(node, changes) {
  if (!isBlank(node)) changes.push(node.nextElementSibling ?? node.previousElementSibling ?? node.parentElement);
  node.remove();
}

function bringNode(old, fresh, changes) {
  if (!isElement(old)) return replaceText(old, fresh.data);
  if (isSheet(old) && isSheet(fresh) && old.href !== fresh.href) return swapSheet(old, fresh);
  if (!isContainer(old) || !isContainer(fresh)) changes.push(old);
  if (old.localName === "template") return old.replaceWith(document.importNode(fresh, true));
  copyAttributes(old, fresh);
  bringChildren(old, fresh, changes);
}

// Replaces only the letters that differ, so that a selection in the rest of the text stays.
function replaceText(node, text) {
  const old = node.data;
  const most = Math.min(old.length, text.length);
  let [start, end] = [0, 0];
  while (start < most && old[start] === text[start]) start++;
  while (end < most - start && old.at(-1 - end) === text.at(-1 - end)) end++;
  node.replaceData(start, old.length - start - end, text.slice(start, text.length - end));
}

// The old sheet goes when the new one is there: no frame without style.
function swapSheet(old, fresh) {
  const sheet = document.importNode(fresh);
  old.before(sheet);
  loaded(sheet).then(() => old.remove());
}

// Two nodes that look alike differ at most in their line numbers.
function copyLines(old, fresh) {
  const marked = (node) => [node, ...node.querySelectorAll("[data-nutgraf]")];
  const lines = marked(fresh);
  marked(old).forEach((node, index) => {
    const line = lines[index]?.getAttribute("data-nutgraf");
    if (line && line !== node.getAttribute("data-nutgraf")) node.setAttribute("data-nutgraf", line);
  });
}

/* 3 Files under their own names: /extra.css becomes /extra.css?v=HASH when it has changed */

class Files {
  seen = null;
  stamps = new Map();

  // True when a file has changed since the last call. What is there at the first call is what the page shows already.
  note(files) {
    const entries = Object.entries(files ?? {}).map(([path, hash]) => [here(path).pathname, hash]);
    const news = this.seen ? entries.filter(([path, hash]) => this.seen.get(path) !== hash) : [];
    this.seen = new Map([...(this.seen ?? []), ...entries]);
    for (const [path, hash] of news) this.stamps.set(path, hash);
    return news.length > 0;
  }

  stamp(page) {
    if (!this.stamps.size) return;
    for (const node of page.querySelectorAll("link[rel~=stylesheet], img, source")) {
      for (const name of ["href", "src", "srcset"]) {
        const old = node.getAttribute(name);
        const stamped = old?.replace(/[^\s,]+/g, (word) => this.address(word));
        if (stamped !== old) node.setAttribute(name, stamped);
      }
    }
  }

  address(text) {
    if (!URL.canParse(text, document.baseURI)) return text;
    const url = new URL(text, document.baseURI);
    const hash = url.origin === location.origin && this.stamps.get(url.pathname);
    return hash ? `${url.pathname}?v=${encodeURIComponent(hash)}` : text;
  }
}

/* 4 Showing what changed */

async function show(changes) {
  const stage = document.querySelector("main") ?? document.body;
  const first = changes.find((element) => element.isConnected && stage.contains(element));
  if (!first) return;
  const block = blockOf(first);
  // Whoever writes in another window finds the mark on coming back.
  while (document.hidden) {
    await new Promise((done) => document.addEventListener("visibilitychange", done, { once: true }));
  }
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const { top, bottom, height } = block.getBoundingClientRect();
  const away = bottom < 40 || top > innerHeight - 40;
  const place = height < innerHeight ? "center" : "start";
  if (away) block.scrollIntoView({ block: place, behavior: calm ? "instant" : "smooth" });
  const line = { outline: "3px solid #2a8fa0", outlineOffset: "6px" };
  const fade = { ...line, outlineColor: calm ? "#2a8fa0" : "transparent" };
  block.animate([line, { ...line, offset: 0.6 }, fade], { duration: 1.5 * SECOND, delay: away && !calm ? 300 : 0 });
}

function blockOf(element) {
  const block = element.closest("[data-nutgraf]");
  if (block) return block;
  const isInline = (node) => getComputedStyle(node).display.startsWith("inline");
  while (isInline(element) && element.parentElement) element = element.parentElement;
  return element;
}

/* 5 News from the server. Browsers allow six connections to a host, so one tab listens and tells the others. */

class Feed {
  // `heard` is called with the newest revision, or with null when the stream breaks.
  constructor(heard) {
    this.heard = heard;
    document.addEventListener("visibilitychange", () => this.alone && this.follow());
  }

  // The server sends the newest revision on connecting: a new leader misses nothing.
  join() {
    if (!navigator.locks) return this.goAlone();
    this.channel = new BroadcastChannel("nutgraf");
    this.channel.onmessage = ({ data }) => (data === "retry" ? this.retry() : this.heard(data));
    this.quit = new AbortController();
    const { signal } = this.quit;
    const lead = () => new Promise((release) => {
      if (signal.aborted) return release();
      signal.addEventListener("abort", release);
      this.open();
    });
    navigator.locks.request("nutgraf", { signal }, lead).catch(() => signal.aborted || this.goAlone());
  }

  // A page in the back/forward cache may hold neither lock nor connection.
  leave() {
    this.quit?.abort();
    this.channel?.close();
    this.channel = null;
    this.close();
  }

  // Plain http on a network address knows no locks: only the tab in view listens.
  goAlone() {
    this.alone = true;
    this.follow();
  }

  follow() {
    if (document.hidden) this.close();
    else if (!this.stream) this.open();
  }

  open() {
    this.close();
    const stream = this.stream = new EventSource(at("events"));
    stream.onmessage = ({ data }) => this.tell(Number(data));
    stream.onerror = () => {
      this.tell(null);
      if (stream.readyState === EventSource.CLOSED) this.timer = setTimeout(() => this.open(), SECOND);
    };
  }

  close() {
    clearTimeout(this.timer);
    this.stream?.close();
    this.stream = null;
  }

  tell(revision) {
    this.channel?.postMessage(revision);
    this.heard(revision);
  }

  // Timers of a hidden leader run late; a tab that has reached the server again wakes it.
  wake() {
    this.channel?.postMessage("retry");
    this.retry();
  }

  retry() {
    if (this.stream?.readyState === EventSource.CLOSED) this.open();
  }
}

/* 6 Panel and overlay */

const ENGLISH = { lang: "en", dir: "ltr" }; // whatever the page is in
const dot = () => make("span", { class: "dot" });
const closeButton = (name, click) => make("button", { class: "close", "aria-label": name, click }, "×");
const amounts = ({ errors, warnings }) => [["error", errors], ["warning", warnings]].filter(([, count]) => count);

class Panel {
  drawn = {};

  constructor(preview) {
    this.preview = preview;
    this.host = make("nutgraf-preview", { hidden: true }); // until its style is there
    const style = make("link", { rel: "stylesheet", href: at("client.css") });
    this.ready = loaded(style).then(() => { this.host.hidden = false; });
    this.host.attachShadow({ mode: "open" }).append(style, this.notice(), this.card(), this.overlay(), this.frame());
    this.fold(recall("localStorage", "panel") === "closed");
  }

  notice() {
    return this.gone = make("div", { class: "gone", hidden: true, ...ENGLISH });
  }

  frame() {
    return this.box = make("div", { class: "box", hidden: true });
  }

  card() {
    this.status = make("p", { class: "status", role: "status" });
    this.tabText = make("span");
    this.tab = make("button", { class: "tab", title: "Open the preview panel", click: () => this.toggle(false) },
      dot(), this.tabText);
    this.shut = closeButton("Close the preview panel", () => this.toggle(true));
    this.badges = make("ul", { class: "badges" });
    this.file = make("div");
    this.counts = make("div");
    this.also = make("details");
    const link = (href, text) => make("a", { href: here(href).href }, text);
    const links = make("nav", { "aria-label": "Preview" },
      link("/_nutgraf/", "All pages"), link("/_nutgraf/components", "Components"));
    const body = make("div", { class: "body" }, this.file, this.counts, this.also, this.clock(), links);
    const head = make("div", { class: "head" }, dot(), this.status, this.shut);
    const attributes = { class: "card", "aria-label": "Preview", ...ENGLISH };
    return this.panel = make("aside", attributes, this.tab, head, this.badges, body);
  }

  clock() {
    const set = (now) => this.preview.setClock({ now, unpublished: this.unpublished.checked });
    // A date is typed part by part: the server is asked when typing pauses on a whole one.
    const typed = () => {
      clearTimeout(this.typing);
      if (!this.time.value || !this.time.validity.valid) return;
      this.typing = setTimeout(() => set(this.time.value), SECOND / 2);
    };
    const oldest = "1990-01-01T00:00"; // a year half typed is no year
    this.time = make("input", { type: "datetime-local", min: oldest, "aria-label": "Date and time", input: typed });
    this.unpublished = make("input", { type: "checkbox", change: () => set(this.isSet ? this.time.value : null) });
    this.clockName = make("summary");
    const now = make("button", { click: () => set(null) }, "Now");
    return make("details", { class: "clock" }, this.clockName, make("div", { class: "row" }, this.time, now),
      make("label", {}, this.unpublished, "Show what is not published yet"));
  }

  overlay() {
    this.heading = make("h2", { id: "heading" });
    this.list = make("div", { class: "list", tabindex: "0", "aria-labelledby": "heading" });
    const close = closeButton("Close the list", () => this.dialog.close());
    const attributes = { "aria-labelledby": "heading", close: () => this.preview.folded(), ...ENGLISH };
    return this.dialog = make("dialog", attributes, make("header", {}, this.heading, close), this.list);
  }

  fold(closed) {
    this.panel.classList.toggle("folded", closed);
  }

  toggle(closed) {
    this.fold(closed);
    remember("localStorage", "panel", closed ? "closed" : null);
    (closed ? this.tab : this.shut).focus();
  }

  say(kind, text) {
    this.panel.dataset.state = kind;
    if (this.status.textContent !== text) this.status.textContent = text;
    this.tabText.textContent = { stopped: "Stopped", gone: "No page", error: "Error" }[kind] ?? "";
  }

  draw({ badges, source, editor, problems, also, clock }) {
    this.part("badges", badges, () => badges.map(({ kind, text }) => make("li", { class: kind }, text)));
    this.part("file", source, () => source && this.fileButton(source));
    this.part("counts", [problems.errors, problems.warnings], () => this.countButton(problems));
    this.part("also", also, () => also && alsoChildren(also));
    this.part("list", [problems, editor], () => [
      ...problems.list.map((problem) => this.problem(problem, editor)),
      problems.more ? make("p", {}, `… and ${problems.more} more`) : null,
    ]);
    this.heading.textContent = amounts(problems).map(([word, count]) => plural(count, word)).join(", ");
    this.drawClock(clock);
  }

  // Draws a part again only when it differs, so that focus and scroll position in it stay.
  part(name, data, build) {
    const key = JSON.stringify(data ?? null);
    if (this.drawn[name] === key) return;
    this.drawn[name] = key;
    const children = (build() || []).filter(Boolean);
    this[name].replaceChildren(...children);
    this[name].hidden = !children.length;
  }

  fileButton(source) {
    const attributes = { class: "file", title: `Open ${source} in the editor`, click: () => this.preview.edit(source) };
    return [make("button", attributes, make("bdi", { dir: "ltr" }, source))];
  }

  countButton(problems) {
    const counts = amounts(problems).map(([word, count]) => make("span", { class: word }, plural(count, word)));
    const attributes = { class: "counts", "aria-haspopup": "dialog", click: () => this.dialog.showModal() };
    return counts.length ? [make("button", attributes, ...counts)] : [];
  }

  problem({ severity, code, message, file, line, column, text, href }, editor) {
    const place = file ? [file, line].filter(Boolean).join(":") : "";
    const open = () => this.preview.edit(file, line ?? 1, column ?? 1);
    const attributes = { class: "place", ...(editor ? { click: open } : { href }) };
    const link = make(editor ? "button" : href ? "a" : "span", attributes, place);
    const kind = make("span", { class: "code" }, `${severity} · ${code}`);
    return make("section", { class: severity }, make("h3", {}, message),
      make("p", {}, kind, place ? link : null), make("pre", { tabindex: "0" }, text));
  }

  drawClock({ now, set, unpublished }) {
    this.isSet = set;
    const local = now.slice(0, 16); // the site's own time: the browser's time zone has no say
    const words = new Date(local).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" });
    this.clockName.textContent = `Time: ${set ? words : "now"}${unpublished ? ", with unpublished" : ""}`;
    this.clockName.classList.toggle("set", set || unpublished);
    if (this.host.shadowRoot.activeElement !== this.time) this.time.value = local;
    this.unpublished.checked = unpublished;
  }

  drawGone(file) {
    this.part("gone", file, () => file !== null && [
      make("strong", {}, "This page no longer exists"), file ? make("code", {}, file) : null,
      make("a", { href: here("/").href }, "Front page"), make("a", { href: at("") }, "All pages"),
    ]);
  }
}

function alsoChildren({ count, pages }) {
  const rest = count - pages.length;
  const items = pages.map(({ title, url }) => make("li", {}, make("a", { href: here(url).href }, title)));
  return [make("summary", {}, `This edit changes ${plural(count, "other briefing")}`),
    make("ul", {}, ...items, rest > 0 ? make("li", {}, `and ${rest} more`) : null)];
}

/* 7 Click to source: with Alt held, a click on a block opens its file */

class Pointer {
  constructor(box, open) {
    Object.assign(this, { box, open, x: -1, y: -1 });
    const options = { capture: true, passive: true };
    addEventListener("pointermove", (event) => {
      [this.x, this.y] = [event.clientX, event.clientY];
      this.aim(event);
    }, options);
    addEventListener("keydown", (event) => this.aim(event), options);
    addEventListener("keyup", (event) => this.release(event), true);
    addEventListener("scroll", () => this.block && this.aim({ altKey: true }), options);
    addEventListener("blur", () => this.aim({}));
    for (const type of ["pointerdown", "mousedown", "pointerup", "mouseup", "click"]) {
      addEventListener(type, (event) => this.press(event), true);
    }
  }

  // Ctrl with Alt is AltGr, which types letters.
  aim({ altKey, ctrlKey, metaKey }) {
    const held = altKey && !ctrlKey && !metaKey;
    this.block = held ? document.elementFromPoint(this.x, this.y)?.closest("[data-nutgraf]") : null;
    this.box.hidden = !this.block;
    if (!this.block) return;
    const { left, top, width, height } = this.block.getBoundingClientRect();
    const place = { left, top, width, height };
    for (const [side, size] of Object.entries(place)) this.box.style[side] = `${size}px`;
    this.box.dataset.place = this.block.dataset.nutgraf.split("/").pop();
  }

  // Alt let go by itself would move the focus to the browser's menu.
  release(event) {
    if (event.key === "Alt" && this.block) event.preventDefault();
    this.aim(event);
  }

  // The page hears nothing of such a click: no link is followed, nothing is selected.
  press(event) {
    if (event.button !== 0 || !event.altKey || !this.block?.contains(event.target)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (event.type !== "click") return;
    const [, file, line] = this.block.dataset.nutgraf.match(/^(.*?)(?::(\d+))?$/);
    this.open(file, Number(line ?? 1));
  }
}

/* 8 The preview itself */

class Preview {
  files = new Files();
  headFromServer = new WeakSet(document.head.children);
  changedAt = "";

  constructor(script) {
    const { hash, source, revision } = script.dataset;
    Object.assign(this, { hash, source: source ?? "", revision: Number(revision), latest: Number(revision) });
    this.panel = new Panel(this);
    this.panel.host.append(script); // out of the page, where the next version has none
    document.documentElement.append(this.panel.host);
    this.feed = new Feed((news) => this.heard(news));
    new Pointer(this.panel.box, (file, line) => this.edit(file, line));
    addEventListener("pagehide", () => { this.left = true; this.feed.leave(); });
    addEventListener("pageshow", (event) => event.persisted && this.start());
    document.addEventListener("visibilitychange", () => document.hidden || this.look());
    restoreScroll();
    this.start();
  }

  start() {
    this.left = false;
    this.feed.join();
    this.look();
  }

  heard(revision) {
    if (revision === null) return this.stop();
    this.latest = revision;
    if (this.stopped || revision !== this.revision) this.look();
  }

  // Never two at once. News that comes meanwhile is looked at afterwards, unless the answer holds it already.
  async look() {
    if (this.looking) return;
    clearTimeout(this.timer);
    this.looking = true;
    let asked;
    try {
      do {
        asked = this.latest;
        await this.lookOnce();
      } while (!this.stopped && this.latest !== asked && this.latest !== this.revision);
    } finally {
      this.looking = false;
    }
    if (this.stopped && !document.hidden && !this.left) this.timer = setTimeout(() => this.look(), SECOND);
  }

  async lookOnce() {
    await this.panel.ready;
    let result;
    try {
      const query = new URLSearchParams({ page: location.pathname, source: this.source, seen: this.hash });
      const answer = await fetch(at(`look?${query}`), { cache: "no-store", signal: AbortSignal.timeout(30 * SECOND) });
      if (!answer.ok) throw new Error(answer.status);
      result = await answer.json();
    } catch {
      return this.stop();
    }
    if (this.stopped) this.feed.wake();
    this.stopped = false;
    await this.apply(result);
  }

    stop() {
    if (this.left) return;
    this.stopped = true;
    this.panel.say("stopped", "The preview has stopped");
  }

  async apply(result) {
    const { state, revision } = result;
    this.revision = revision;
    if (state === "moved") moveTo(result.to);
    else await this.update(result);
    dispatchEvent(new CustomEvent("nutgraf:looked", { detail: { revision, state } }));
  }

  async update(result) {
    const { state } = result;
    const filesChanged = this.files.note(result.files);
    if (state === "changed") await this.bring(parse(result.html), true);
    else if (filesChanged && state === "same") await this.bring(document.cloneNode(true), false);
    if (state !== "gone") Object.assign(this, { hash: result.hash ?? this.hash, source: result.source ?? "" });
    this.panel.draw(result);
    this.panel.drawGone(state === "gone" ? this.source : null);
    this.report(result);
    this.overlay(result.problems);
  }

  async bring(next, marks) {
    this.files.stamp(next);
    const changes = await bringPage(next, this.headFromServer).catch(() => location.reload());
    if (!changes) return;
    this.changedAt = new Date().toLocaleTimeString("en-GB");
    if (marks) show(changes);
  }

  report({ state, problems }) {
    if (state === "gone") this.panel.say("gone", "This page no longer exists");
    else if (problems.errors) this.panel.say("error", "The page is shown as it was before the error");
    else this.panel.say(problems.warnings ? "warning" : "good", this.changedAt ? `Updated at ${this.changedAt}` : "Up to date");
  }

  // Errors open the overlay by themselves, once; folded by the editor it waits for other errors, also over a reload.
  overlay({ key, errors, warnings }) {
    const { dialog } = this.panel;
    const hadErrors = this.errors > 0;
    Object.assign(this, { errors, key });
    if (!errors) remember("sessionStorage", "folded", null);
    if (errors && recall("sessionStorage", "folded") !== key && !dialog.open) dialog.showModal();
    if (dialog.open && !errors && (hadErrors || !warnings)) dialog.close();
  }

  folded() {
    if (this.errors) remember("sessionStorage", "folded", this.key);
  }

  async edit(file, line = 1, column = 1) {
    try {
      const { href } = await post("edit", { file, line, column });
      if (href) location.assign(href);
    } catch {
      this.panel.say("warning", "The editor did not open");
    }
  }

  // The server answers with a new revision, and that comes by the stream.
  setClock(choice) {
    post("clock", choice).catch(() => this.stop());
  }
}

// The page has a new address: there the reader finds the same place.
function moveTo(address) {
  const url = here(address);
  remember("sessionStorage", "scroll", JSON.stringify({ path: url.pathname, x: scrollX, y: scrollY }));
  url.hash ||= location.hash;
  location.replace(url);
}

function restoreScroll() {
  const { path, x, y } = JSON.parse(recall("sessionStorage", "scroll") ?? "{}");
  remember("sessionStorage", "scroll", null);
  if (path !== location.pathname) return;
  const restore = () => scrollTo({ left: x, top: y, behavior: "instant" });
  restore();
  // Pictures make the page longer, and the browser goes to the #part of the address at the end of loading.
  if (document.readyState !== "complete") addEventListener("load", () => requestAnimationFrame(restore), { once: true });
}

const script = document.querySelector('script[type="module"][src="/_nutgraf/client.js"]');
if (script) new Preview(script);
