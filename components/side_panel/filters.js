// Filters: quick words, an SQL condition, quick filters as chips. The key f goes there, and / too where there is no search by words.

import { h, keyTo, replace } from "../kit/dom.js";

const PAUSE = 250;

export function createFilters(send) {
  let sql = false;
  let timer = 0;
  let sent = { text: null, where: null };
  const field = h("input.field", { type: "text", spellcheck: "false", autocomplete: "off", maxlength: "2000" });
  const hint = h("span.key", {}, "F");
  const mode = h("button.mode", { type: "button", onclick: () => { sql = !sql; paint(true); field.focus(); } });
  const error = h("p.error", { role: "alert" });
  const advice = h("p.advice");
  const words = h("div.words", {}, h("div.box", {}, field, hint, mode), error, advice);
  const shown = h("span.more");
  const chips = h("div.chips");
  const menu = h("div.menu.scroll", { hidden: true, role: "menu" });
  const add = h("button.chip.add", { type: "button", "aria-haspopup": "menu", onclick: () => toggle() }, "+ add");
  const node = h("section.filters", {}, h("p.heading", {}, "Filters ", shown), words, chips, menu);
  let keys = ["f"];
  let data = { text: "", where: "", facets: [], chosen: [] };

  field.addEventListener("input", () => {
    clearTimeout(timer);
    if (!sql) timer = setTimeout(commit, PAUSE);
  });
  field.addEventListener("change", commit);
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter") commit();
    if (event.key === "Escape") {
      if (field.value) { field.value = ""; commit(); event.stopPropagation(); } else field.blur();
    }
  });

  function commit() {
    clearTimeout(timer);
    const name = sql ? "where" : "text";
    const value = field.value.trim();
    if (value === (sent[name] ?? data[name])) return;
    sent[name] = value;
    send(name, value);
  }

  function paint(switched) {
    mode.textContent = sql ? "Words" : "SQL";
    field.title = sql ? "An SQL condition over the columns of the samples" : "Words in the name, label, caption or tags";
    mode.title = sql ? "Filter by words" : "Filter by an SQL condition";
    field.placeholder = sql ? data.where_example : "Filter …";
    field.setAttribute("aria-label", sql ? "SQL condition" : "Filter by words");
    field.classList.toggle("code", sql);
    const name = sql ? "where" : "text";
    const typing = field.getRootNode().activeElement === field;
    hint.textContent = keys.at(-1).toUpperCase();
    if (switched || !typing) field.value = data[name];
    error.textContent = data.where_error;
    error.hidden = !data.where_error;
    advice.textContent = advice.title = data.where_hint;
    advice.hidden = !data.where_hint;
    hint.hidden = Boolean(field.value) || typing;
  }

  function chip(text, remove) {
    return h("button.chip", { type: "button", title: "Remove this filter", onclick: remove }, h("span", {}, text), h("b", { "aria-hidden": true }, "×"));
  }

  function toggle(open = menu.hidden) {
    menu.hidden = !open;
    add.setAttribute("aria-expanded", String(open));
    if (open) menu.firstElementChild?.focus();
  }

  const outside = (event) => { if (!event.composedPath().includes(node)) toggle(false); };
  menu.addEventListener("keydown", (event) => {
    const step = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
    if (step) { event.preventDefault(); node.getRootNode().activeElement?.[step]?.focus(); }
    if (event.key === "Escape") { toggle(false); add.focus(); }
  });
  field.addEventListener("focus", () => paint());
  field.addEventListener("blur", () => paint());
  document.addEventListener("pointerdown", outside);
  const deaf = keyTo(field, (key) => keys.includes(key));

  return {
    node,
    update(next) {
      data = next;
      keys = next.search ? ["f"] : ["f", "/"];
      sent = { text: null, where: null };
      const made = next.chosen.map((facet) => chip(facet, () => send("facet", facet)));
      if (next.text) made.push(chip(`“${next.text}”`, () => { field.value = sql ? field.value : ""; send("text", ""); }));
      if (next.where) made.push(chip(next.where, () => { field.value = sql ? "" : field.value; send("where", ""); }));
      chips.replaceChildren(...made, add);
      menu.replaceChildren(...next.facets.filter((facet) => !next.chosen.includes(facet)).map((facet) =>
        h("button.choice", { type: "button", role: "menuitem", onclick: () => { toggle(false); send("facet", facet); } }, facet)));
      shown.textContent = next.shown ? `· ${next.shown}` : "";
      paint();
    },
    destroy() {
      document.removeEventListener("pointerdown", outside);
      deaf();
    },
  };
}
