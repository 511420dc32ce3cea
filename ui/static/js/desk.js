// What a page gains with scripts. Everything here is a convenience: each form and link works without it.

for (const button of document.querySelectorAll("[data-copy]")) {
  button.dataset.ready = "";
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).value);
    button.querySelector("span").textContent = button.dataset.done;
  });
}

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select, [contenteditable]");
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) {
    const search = document.querySelector("[data-slash]");
    if (search) {
      event.preventDefault();
      search.focus();
    }
  }
  if (event.key === "Escape") {
    for (const open of document.querySelectorAll(".tabs details[open], .confirm-box[open]")) open.open = false;
  }
});

// The first thing to read after a refused form is what is wrong.
document.getElementById("errors")?.focus();

// The one-time code arrives in the fragment, which no server log sees; it is posted once and leaves the address bar.
const opening = document.getElementById("open-form");
if (opening && location.hash.length > 1) {
  const code = decodeURIComponent(location.hash.slice(1));
  history.replaceState(null, "", location.pathname);
  opening.elements.code.value = code;
  opening.submit();
}

// The node says when something changed; what shows it (macro `live`) looks again. Only in the tab one looks at, and seldom while much goes on.
const LOOK_AGAIN_MS = 400;
let news = null;
let pending = 0;
const listen = () => {
  const wanted = !document.hidden && document.querySelector("[hx-trigger^='desk-change']");
  if (wanted && !news) {
    // The first message comes at once: what changed between the page and this stream is not missed.
    news = new EventSource("/api/v1/events");
    news.onmessage = () => {
      pending ||= setTimeout(() => {
        pending = 0;
        document.body.dispatchEvent(new Event("desk-change"));
      }, LOOK_AGAIN_MS);
    };
  } else if (!wanted && news) {
    news.close();
    news = null;
  }
};
document.addEventListener("visibilitychange", listen);
document.addEventListener("htmx:after:swap", listen); // a part that looked again by the clock may wait for news now
listen();
