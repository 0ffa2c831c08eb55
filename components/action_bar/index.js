// What to do with the selection, undo, redo, export; listens to the keys of the whole page.

import { h, isTyping, mount, writeParts } from "../kit/dom.js";
import { createAsk } from "./ask.js";

export default (component) => mount(component, import.meta.url, create);

const KEYS = { t: "tag", l: "relabel", c: "cluster", x: "exclude", k: "keep", a: "accept" };

function create(root, send) {
  let data = null;
  let told = 0;
  let timer = 0;
  const act = (name, value = "") => send("act", { name, value });
  const ask = createAsk(root, act);
  const what = h("strong.what", { role: "status" });
  const detail = h("span.detail.parts");
  const clear = h("button.button.link", { type: "button", onclick: () => act("clear") }, "clear", h("span.key", {}, "Esc"));
  const buttons = {
    tag: button("Tag", "T", () => run("tag")),
    relabel: button("Relabel", "L", () => run("relabel")),
    cluster: button("Cluster", "C", () => run("cluster")),
    exclude: button("Exclude", "X", () => run("exclude")),
    keep: button("Keep", "K", () => run("keep")),
  };
  const undoWords = h("span.undone");
  const undo = button("Undo", "Ctrl Z", () => run("undo"));
  const redo = button("Redo", "", () => run("redo"));
  const out = h("button.button.primary", { type: "button", onclick: () => act("export") });
  const notice = h("div.notice", { role: "status", hidden: true });
  root.append(
    h("div.selected", {}, what, detail, clear), h("div.actions", {}, ...Object.values(buttons)),
    h("div.history", {}, undoWords, undo, redo, out), notice);

  function button(words, key, onclick) {
    return h("button.button", { type: "button", onclick }, h("span", {}, words), key ? h("span.key", {}, key) : null);
  }

  function allowed(name) {
    if (!data) return false;
    if (name === "undo") return Boolean(data.undo);
    if (name === "redo") return Boolean(data.redo);
    if (name === "clear") return data.can_clear;
    if (name === "keep") return data.can_keep;
    if (name === "accept") return data.can_accept;
    if (name === "cluster") return data.count > 0 && Boolean(data.clusters);
    return data.count > 0;
  }

  function run(name) {
    if (!allowed(name)) return;
    if (name === "tag") ask.open({ name, title: `Tag ${data.target}`, known: data.tags, confirm: "Tag", place: "A tag, such as blurred" });
    else if (name === "relabel") ask.open({ name, title: `Relabel ${data.target}`, known: data.labels, confirm: "Relabel", place: "The right label" });
    else if (name === "cluster") ask.open({ name, title: `Put ${data.target} into a cluster`, known: data.clusters, confirm: "Put", place: "A cluster, or the name of a new one" });
    else act(name === "exclude" && data.restore ? "restore" : name);
  }

  // In the capture phase, so that no other part of the page takes these keys first, wherever the focus is.
  function keyed(event) {
    if (ask.isOpen() || isTyping(event) || event.altKey || document.querySelector("[role=dialog]")) return;
    const key = event.key.toLowerCase();
    const command = event.ctrlKey || event.metaKey;
    let name = null;
    if (command && key === "z") name = event.shiftKey ? "redo" : "undo";
    else if (command && key === "y") name = "redo";
    else if (!command && !event.shiftKey && key in KEYS) name = KEYS[key];
    else if (!command && key === "escape" && data?.can_clear && !event.composedPath().some((node) => node instanceof HTMLDialogElement)) name = "clear";
    if (!name || event.repeat) return;
    // Lists in which one marks (the gallery, the clusters) tell a move late; they send their own x, k and a after the move that they mean.
    if (!command && "xka".includes(key) && event.composedPath().some((node) => node instanceof Element && node.matches("[role=listbox][aria-multiselectable=true]"))) return;
    if (name !== "clear") { event.preventDefault(); event.stopImmediatePropagation(); }
    run(name);
  }
  window.addEventListener("keydown", keyed, true);

  function tell(news) {
    if (!news.number || news.number === told) return;
    told = news.number;
    clearTimeout(timer);
    notice.textContent = news.text;
    notice.dataset.tone = news.tone;
    notice.hidden = !news.text;
    timer = setTimeout(() => { notice.hidden = true; }, news.tone === "warn" ? 8000 : 4000);
  }

  return {
    update(next) {
      data = next;
      what.textContent = next.what;
      writeParts(detail, next.detail);
      clear.hidden = !next.can_clear;
      for (const name of ["tag", "relabel", "cluster", "exclude", "keep"]) buttons[name].disabled = !allowed(name);
      buttons.cluster.title = next.clusters ? "Put into a cluster that there is, or into a new one" : "There are no clusters yet";
      buttons.exclude.firstChild.textContent = next.restore ? "Take back in" : "Exclude";
      undoWords.textContent = next.undo ?? "";
      undoWords.title = next.undo ?? "";
      undo.disabled = !next.undo;
      redo.disabled = !next.redo;
      redo.title = next.redo ? `Redo: ${next.redo}` : "Nothing to redo";
      out.textContent = next.export ?? "";
      out.hidden = !next.export;
      tell(next.notice);
    },
    destroy() {
      window.removeEventListener("keydown", keyed, true);
      ask.close();
    },
  };
}
