// The preview's own pages: a file opens in the editor, Markdown is copied, a sample has the height it needs,
// and a change of the site is seen here too.

document.addEventListener("click", async ({ target }) => {
  const button = target.closest("button.file, button.copy");
  if (button?.matches(".file")) await open(button.dataset.file);
  if (button?.matches(".copy")) await copy(button);
});

async function open(file) {
  const answer = await fetch("/_nutgraf/edit", {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Nutgraf": "1" },
    body: JSON.stringify({ file, line: 1, column: 1 }),
  });
  if (!answer.ok) return;
  const { href } = await answer.json();
  if (href) location.href = href;
}

async function copy(button) {
  await navigator.clipboard.writeText(button.previousElementSibling.textContent);
  button.textContent = "Copied";
  setTimeout(() => { button.textContent = "Copy" }, 1500);
}

// A sample's own height, also once its pictures and fonts are there.
function fit(frame) {
  const page = frame.contentDocument;
  if (!page?.body) return;
  const measure = () => { frame.height = Math.max(60, Math.ceil(page.body.getBoundingClientRect().height) + 24) };
  measure();
  new ResizeObserver(measure).observe(page.body);
}

function fitAll() {
  for (const frame of document.querySelectorAll("iframe")) {
    frame.addEventListener("load", () => fit(frame));
    fit(frame);
  }
}
fitAll();

// Only a page in view holds a stream: browsers allow six to a host, and the site's own tabs need theirs.
let revision = document.documentElement.dataset.revision;
let stream = null;
function follow() {
  stream?.close();
  stream = document.hidden ? null : new EventSource("/_nutgraf/events");
  if (stream) stream.onmessage = ({ data }) => { if (data !== revision) refresh(data) };
}
document.addEventListener("visibilitychange", follow);
follow();

async function refresh(next) {
  const answer = await fetch(location.href);
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  revision = next;
  const focus = document.activeElement?.dataset?.file;
  const typed = document.querySelector("input[type=search]");
  document.querySelector("main").replaceWith(fresh.querySelector("main"));
  if (typed?.value) document.querySelector("input[type=search]").value = typed.value;
  if (focus) document.querySelector(`button.file[data-file="${CSS.escape(focus)}"]`)?.focus();
  fitAll();
}
