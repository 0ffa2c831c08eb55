// One cluster with what it holds and what can be done with it; several that become one; one that falls apart in two.

import { h, isTyping, mount } from "../kit/dom.js";

export default (component) => mount(component, import.meta.url, create);

const MOST = 200;
const DONE = { rename: "Rename", merge: "Merge", apply: "Split" };

function create(root, send) {
  let data = null;
  let renaming = false;
  // What the field was last filled with: words that were typed over it stay while the page is drawn again.
  let filled = "";
  const act = (name, value = "") => send("act", { name, value });
  const title = h("h2");
  const yours = h("span.yours", { title: "You made this cluster" }, "yours");
  const note = h("p.note");
  const field = h("input.field", { type: "text", maxlength: String(MOST), autocomplete: "off", spellcheck: "false", "aria-label": "Name of the cluster" });
  const done = h("button.button.primary.small", { type: "button", onclick: confirm });
  const leave = h("button.button.small", { type: "button", onclick: cancel }, "Cancel", h("span.key", {}, "Esc"));
  const form = h("div.form", {}, h("label", {}, h("span", {}, "Name"), field), h("div.row", {}, leave, done));
  const buttons = {
    show: button("Show on the map", "", () => act("show")),
    rename: button("Rename", "R", rename),
    split: button("Split", "S", () => run("split")),
  };
  const actions = h("div.actions", {}, ...Object.values(buttons));
  const bars = h("div.bars", { role: "list" });
  const stays = h("div.half");
  const leaves = h("div.half");
  const empty = h("p.empty");
  const body = h("div.body", {}, h("div.top", {}, title, yours), note, actions, bars, stays, form, leaves);
  root.append(body, empty);

  function button(words, key, onclick) {
    return h("button.button.small", { type: "button", onclick }, h("span", {}, words), key ? h("span.key", {}, key) : null);
  }

  const doing = () => (data.mode === "split" ? "apply" : data.mode === "several" ? "merge" : renaming ? "rename" : "");

  function rename() {
    if (data?.mode !== "one") return;
    renaming = true;
    fill(data.title);
    paint();
    field.focus();
    field.select();
  }

  function fill(words) {
    filled = words;
    field.value = words;
  }

  function confirm() {
    const name = doing();
    const value = field.value.trim();
    if (!name) return;
    if (!value) { field.focus(); return; }
    renaming = false;
    if (name !== "rename" || value !== data.title) act(name, value);
    paint();
  }

  function cancel() {
    if (renaming) { renaming = false; paint(); } else act("cancel");
  }

  function run(name) {
    if (name === "split" && data.mode === "one" && !data.cannot_split) act("split");
    else if (name === "merge" && data.mode === "several") { field.focus(); field.select(); }
    else if (name === "rename") rename();
  }

  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter") confirm();
    else if (event.key === "Escape") { cancel(); field.blur(); }
    else return;
    event.preventDefault();
    event.stopPropagation();
  });

  function keyed(event) {
    if (!data || isTyping(event) || event.altKey || event.ctrlKey || event.metaKey || event.repeat || document.querySelector("[role=dialog]")) return;
    // The list tells a move late; it sends its own keys after the move that they mean.
    if (event.composedPath().some((node) => node instanceof Element && node.matches(".clusters"))) return;
    if (event.key === "Escape" && data.mode === "split") { event.stopImmediatePropagation(); act("cancel"); return; }
    const name = { r: "rename", m: "merge", s: "split" }[event.key.toLowerCase()];
    if (!name) return;
    event.preventDefault();
    run(name);
  }
  window.addEventListener("keydown", keyed, true);

  function bar(entry) {
    const node = h("div.bar", { role: "listitem" }, h("span.text", { title: entry.text }, entry.text), h("span.count", {}, entry.count), h("i"));
    node.style.setProperty("--share", `${Math.round(entry.share * 1000) / 10}%`);
    return node;
  }

  function fillHalf(node, entry, action = null) {
    node.hidden = !entry;
    if (!entry) return;
    const shown = data.thumb
      ? entry.pictures.map((row) => h("img", { src: data.thumb.replace("{row}", row), alt: "", loading: "lazy", decoding: "async" }))
      : entry.texts.map((text) => h("p", {}, text));
    const heading = h("header", {}, h("b", { title: entry.title }, entry.title), h("span", {}, entry.note), action);
    node.replaceChildren(heading, shown.length ? h(data.thumb ? "div.pictures" : "div.texts", {}, ...shown) : "");
  }

  function paint() {
    const what = doing();
    const single = data.mode === "one";
    empty.hidden = data.mode !== "none";
    empty.textContent = data.empty;
    body.hidden = data.mode === "none";
    title.textContent = data.title;
    title.title = data.title;
    yours.hidden = !data.own;
    note.textContent = data.note;
    actions.hidden = !single || renaming;
    buttons.split.disabled = Boolean(data.cannot_split);
    buttons.split.title = data.cannot_split || "Let the cluster fall into the two parts that differ most";
    bars.replaceChildren(...data.bars.map(bar));
    bars.hidden = !data.bars.length;
    fillHalf(stays, data.halves[0]);
    fillHalf(leaves, data.halves[1], h("button.button.link", { type: "button", onclick: () => act("swap") }, "take the other part"));
    form.hidden = !what;
    // A hidden field keeps the focus until the next frame, and with it the next key.
    if (!what) field.blur();
    leave.hidden = data.mode === "several";
    done.replaceChildren(DONE[what] ?? "", h("span.key", {}, "Enter"));
  }

  return {
    update(next) {
      const about = (value) => value && JSON.stringify([value.mode, value.title, value.name]);
      const other = about(data) !== about(next);
      if (other) renaming = false;
      const typed = field.value !== filled;
      const asked = data && next.naming > data.naming;
      data = next;
      if (other || !typed) fill(renaming ? filled : next.name);
      paint();
      if (asked) run("merge");
    },
    destroy() {
      window.removeEventListener("keydown", keyed, true);
    },
  };
}
