// Plain words, figures and tables.

import { h, mount } from "../kit/dom.js";

export default (component) => mount(component, import.meta.url, create);

function end(row, send) {
  if (row.action) {
    const { name, label, hint, usable } = row.action;
    return h("button.button.small", { type: "button", title: hint, disabled: !usable, "aria-label": `${label}: ${row.cells[0]}`, onclick: () => send("act", name) }, label);
  }
  return row.mark ? h("span.mark", {}, row.mark) : "";
}

function table(data, send) {
  const side = (place) => (data.align[place] === "r" ? "right" : null);
  const ends = data.rows.some((row) => row.action || row.mark);
  const heads = data.columns.map((text, place) => h(`th${side(place) ? ".right" : ""}`, { scope: "col" }, text));
  const head = data.columns.some(Boolean) ? h("thead", {}, h("tr", {}, ...heads, ends ? h("td.end") : null)) : null;
  const body = h("tbody", {}, ...data.rows.map((row) => h(`tr${row.tone ? `.${row.tone}` : ""}`, {},
    ...row.cells.map((text, place) => h(`td${side(place) ? ".right" : ""}`, {}, text)), ends ? h("td.end", {}, end(row, send)) : null)));
  const notes = (data.note ?? "").split("\n").filter(Boolean).map((text) => h("p.note", {}, text));
  return h("section", {}, data.title ? h("h3", {}, data.title) : null, data.rows.length ? h("div.wide", {}, h("table", {}, head, body)) : h("p.soft", {}, data.empty), ...notes);
}

function ending(data) {
  if (data.done) {
    const copy = h("button.button.small", { type: "button", onclick: async () => { await navigator.clipboard?.writeText(data.path); copy.textContent = "Copied"; } }, "Copy the path");
    return h("div.ending", { role: "status" }, h("p", {}, h("b", {}, `${data.done} `), h("code", {}, data.path)), copy);
  }
  if (data.failed) return h("div.ending.failed", { role: "alert" }, h("p", {}, h("b", {}, data.failed)), data.hint ? h("p", {}, data.hint) : null);
  return null;
}

function create(root, send) {
  return {
    update(data) {
      root.replaceChildren(...[
        data.title ? h("h2", {}, data.title) : null,
        data.lead ? h("p.lead", {}, data.lead) : null,
        data.facts.length ? h("div.facts", {}, ...data.facts.map((fact) => h("p.fact", { "data-tone": fact.tone }, h("b", {}, fact.value), h("span", {}, fact.label)))) : null,
        ...data.tables.map((one) => table(one, send)),
        ending(data),
      ].filter(Boolean));
    },
  };
}
