// One cluster of the list, and the field in which its name is changed.

import { count, h } from "../kit/dom.js";

const TEXTS = 2;

function picture(url) {
  const image = h("img", { alt: "", loading: "lazy", decoding: "async", draggable: "false", src: url });
  // Without its picture the square stays empty.
  image.addEventListener("error", () => image.remove());
  return h("span.picture", {}, image);
}

function texts(entry) {
  const shown = entry.texts.slice(0, TEXTS);
  return h(shown.length === 1 ? "span.texts.one" : "span.texts", {}, ...shown.map((text) => h(text ? "span" : "span.none", { dir: "auto", title: text }, text || "empty text")));
}

// `pictures`: how many fit. Names and texts may hold anything: each is a line with a direction of its own.
export function makeEntry(entry, { id, thumb, pictures }) {
  const rows = thumb ? entry.pictures.slice(0, pictures) : [];
  const own = entry.own ? h("span.own", { title: "A name of your own" }, "yours") : null;
  const node = h("div.entry", { id, role: "option", "aria-label": [entry.name, count(entry.count), entry.share, entry.note, entry.own ? "a name of your own" : ""].filter(Boolean).join(", ") },
    h("span.tick", { title: "Mark (Space)" }, h("i", { style: { "background-color": entry.color } })),
    h("span.words", {}, h("span.first", {}, h("b.name", { dir: "auto", title: entry.name }, entry.name), own), entry.note ? h("span.note", { dir: "auto", title: entry.note }, entry.note) : null),
    thumb && entry.pictures.length ? h("span.strip", {}, ...rows.map((row) => picture(thumb.replace("{row}", row)))) : texts(entry),
    h("span.size", {}, h("b", {}, count(entry.count)), h("span", {}, entry.share)));
  node.dataset.id = entry.id;
  return node;
}

// `onsend` gets another name, trimmed; `onleave(byKey)` is called once, whatever ends it.
export function nameField(name, { onsend, onleave }) {
  // A line of text cannot hold line breaks.
  const field = h("input.naming", { type: "text", dir: "auto", maxlength: "200", spellcheck: "false", autocomplete: "off", "aria-label": "Name of the cluster" });
  field.value = name.replace(/[\r\n]+/g, " ");
  const before = field.value.trim();
  let left = false;

  function leave(byKey) {
    if (left) return;
    left = true;
    onleave(byKey);
  }

  field.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.isComposing || (event.key !== "Enter" && event.key !== "Escape")) return;
    event.preventDefault();
    const said = field.value.trim();
    if (event.key === "Enter" && said && said !== before) onsend(said);
    leave(true);
  });
  // Who looks into another window comes back to what was typed.
  field.addEventListener("blur", () => { if (document.hasFocus()) leave(false); });
  return field;
}
