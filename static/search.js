// The search page: asks the search engine, which is loaded when somebody first searches, and lists what it finds.
// Everything works by keyboard, because it is a form, a list of links and a button.
const form = document.querySelector(".search-form");
const words = document.getElementById("search-words");
const state = document.getElementById("search-state");
const list = document.getElementById("search-results");
const more = document.getElementById("search-more");
const AT_ONCE = 10;

let engine;
let found = [];
let asked = 0;

async function load() {
  engine ??= import(new URL(form.dataset.engine + "pagefind.js", location.href).href).then(async (module) => {
    await module.options({ baseUrl: form.dataset.engine.replace(/pagefind\/$/, ""), excerptLength: 24 });
    return module;
  });
  try {
    return await engine;
  } catch (error) {
    engine = undefined;
    throw error;
  }
}

// An excerpt marks the words that were found; nothing else in it is taken for HTML.
function excerpt(text) {
  const shown = document.createElement("p");
  shown.className = "summary";
  const plain = (part) =>
    part.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&quot;", '"').replaceAll("&amp;", "&");
  for (const part of text.split(/(<mark>.*?<\/mark>)/s)) {
    const marked = part.match(/^<mark>(.*)<\/mark>$/s);
    if (marked) {
      const mark = document.createElement("mark");
      mark.textContent = plain(marked[1]);
      shown.append(mark);
    } else {
      shown.append(plain(part));
    }
  }
  return shown;
}

function entry(data) {
  const item = document.createElement("li");
  const article = document.createElement("article");
  article.className = "card";
  if (data.meta.kind) {
    const kind = document.createElement("p");
    kind.className = "kicker";
    kind.textContent = data.meta.kind;
    article.append(kind);
  }
  const title = document.createElement("h2");
  const link = document.createElement("a");
  link.href = data.url;
  link.textContent = data.meta.title;
  title.append(link);
  article.append(title, excerpt(data.excerpt));
  if (data.meta.date) {
    const date = document.createElement("p");
    date.className = "dates";
    date.textContent = data.meta.date;
    article.append(date);
  }
  item.append(article);
  return item;
}

async function show(number) {
  const next = found.splice(0, AT_ONCE);
  const entries = await Promise.all(next.map((result) => result.data()));
  if (number !== asked) return;
  const first = list.children.length;
  list.append(...entries.map(entry));
  const had_focus = document.activeElement === more;
  more.hidden = found.length === 0;
  if (had_focus) list.children[first]?.querySelector("a").focus();
}

async function search() {
  const number = ++asked;
  const text = words.value.trim();
  list.replaceChildren();
  more.hidden = true;
  state.textContent = "";
  if (!text) return;
  try {
    const results = (await (await load()).search(text)).results;
    if (number !== asked) return;
    found = results;
    const said = found.length === 0 ? form.dataset.none : form.dataset.found;
    state.textContent = said.replace("#", String(found.length)).replace("%", () => text);
    await show(number);
  } catch (error) {
    if (number === asked) state.textContent = error.name === "Notice" ? error.message : form.dataset.failed;
  }
}

form.hidden = false;
more.addEventListener("click", () => show(asked));
form.addEventListener("submit", (event) => {
  event.preventDefault();
  const address = new URL(location.href);
  address.searchParams.set("q", words.value.trim());
  history.replaceState(null, "", address);
  search();
});
const first = new URL(location.href).searchParams.get("q");
if (first) {
  words.value = first;
  search();
} else {
  words.focus();
}
