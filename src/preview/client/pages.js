// The preview's own pages: a file opens in the editor, Markdown is copied, a sample has the height it needs,
// and a change of the site is seen here too.

for (const button of document.querySelectorAll("button.file")) {
  button.addEventListener("click", async () => {
    const answer = await fetch("/_nutgraf/edit", {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Nutgraf": "1" },
      body: JSON.stringify({ file: button.dataset.file, line: 1, column: 1 }),
    });
    const { href } = await answer.json();
    if (href) location.href = href;
  });
}

for (const button of document.querySelectorAll("button.copy")) {
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(button.previousElementSibling.textContent);
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy" }, 1500);
  });
}

// A sample's own height, also once its pictures and fonts are there.
function fit(frame) {
  const page = frame.contentDocument;
  if (!page?.body) return;
  const measure = () => { frame.height = Math.max(60, Math.ceil(page.body.getBoundingClientRect().height) + 24) };
  measure();
  new ResizeObserver(measure).observe(page.body);
}

for (const frame of document.querySelectorAll("iframe")) {
  frame.addEventListener("load", () => fit(frame));
  fit(frame);
}

// The first revision is the one this page was made from.
let first = true;
new EventSource("/_nutgraf/events").onmessage = async () => {
  if (first) { first = false; return }
  for (const frame of document.querySelectorAll("iframe")) frame.contentWindow?.location.reload();
  if (document.querySelector("iframe")) return;
  const answer = await fetch(location.href);
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (!document.querySelector("main").contains(document.activeElement)) {
    document.querySelector("main").replaceWith(fresh.querySelector("main"));
  }
};
