// Everything works without this file. It adds buttons that copy keys, and updates the parts that are
// marked data-live.
"use strict";

for (const button of document.querySelectorAll("button[data-copy]")) {
  const source = document.getElementById(button.dataset.copy);
  const said = document.getElementById(button.dataset.copy + "-copied");
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(source.textContent);
      said.textContent = "Copied.";
    } catch {
      // Browsers block the clipboard for pages that other machines serve without TLS.
      getSelection().selectAllChildren(source);
      said.textContent = "Selected: copy it with the keyboard.";
    }
  });
}

const live = document.getElementById("live");
if (live) {
  const state = document.getElementById("live-state");
  const toggle = document.getElementById("live-switch");
  let source = null;
  let paused = false;

  const update = async () => {
    const response = await fetch(location.href);
    if (!response.ok) return;
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
    for (const part of document.querySelectorAll("[data-live]")) {
      const next = fresh.getElementById(part.id);
      // Do not replace the part that has the focus.
      if (!next || next.innerHTML === part.innerHTML || part.contains(document.activeElement)) continue;
      part.replaceChildren(...next.childNodes);
    }
  };
  const follow = () => {
    if (source) source.close();
    source = null;
    // A browser opens at most six connections to a server, so hidden pages use none.
    if (paused || document.hidden) return;
    source = new EventSource("/ui/events");
    source.onopen = () => { live.dataset.state = "on"; state.textContent = "Updates automatically"; };
    source.onerror = () => { live.dataset.state = "off"; state.textContent = "The emulator does not answer"; };
    source.onmessage = () => update().catch(() => {});
  };
  toggle.addEventListener("click", () => {
    paused = !paused;
    toggle.textContent = paused ? "Resume" : "Pause";
    live.dataset.state = paused ? "off" : "on";
    state.textContent = paused ? "Paused" : "Updates automatically";
    follow();
  });
  document.addEventListener("visibilitychange", follow);
  document.addEventListener("focusout", () => { if (source) setTimeout(() => update().catch(() => {})); });
  live.hidden = false;
  follow();
}
