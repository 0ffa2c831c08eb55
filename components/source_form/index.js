// What a reader understood, and which column plays which part; another choice is read with one button.

import { h, mount } from "../kit/dom.js";

export default (component) => mount(component, import.meta.url, create);

const LISTED = 2000;

function create(root, send) {
  const title = h("h3");
  const facts = h("tbody");
  const parts = h("tbody");
  const apply = h("button.button.small", { type: "button", onclick: () => { applied = true; send("roles", changes()); } }, "Read again with these columns");
  const back = h("button.button.small", { type: "button", onclick: () => { chosen = {}; paint(); } }, "As it was");
  const said = h("span.soft", { role: "status" });
  const buttons = h("div.buttons", {}, apply, back, said);
  root.append(h("section", {}, title, h("table", {}, facts, parts), buttons));
  let data = null;
  let chosen = {};
  let applied = false;

  const columnOf = (part) => chosen[part.role] ?? part.column;

  function changes() {
    // After a failure the reader holds what it was told last, not what is shown: it is told everything again.
    const wanted = data.parts.filter((part) => columnOf(part) !== part.column || (data.failed && columnOf(part)));
    return Object.fromEntries(wanted.map((part) => [part.role, columnOf(part)]));
  }

  function typed(part) {
    const field = h("input.field", { type: "text", spellcheck: "false", autocomplete: "off", maxlength: "500", placeholder: "let it be found", "aria-label": `Column for ${part.label}` });
    field.value = columnOf(part);
    field.dataset.role = part.role;
    field.addEventListener("input", () => { chosen[part.role] = field.value; tell(); });
    return h("span.select.typed", {}, field);
  }

  function choice(part) {
    if (data.free) return typed(part);
    const current = columnOf(part);
    const names = data.columns.slice(0, LISTED);
    if (current && !names.includes(current)) names.unshift(current);
    const select = h("select.field", { "aria-label": `Column for ${part.label}` },
      h("option", { value: "" }, part.column ? "let it be found" : "none"), ...names.map((name) => h("option", { value: name }, name)));
    select.value = current;
    select.dataset.role = part.role;
    select.classList.toggle("unset", !current);
    select.addEventListener("change", () => { chosen[part.role] = select.value; paint(); });
    return h("span.select", {}, select);
  }

  function paint() {
    const focused = root.getRootNode().activeElement?.dataset?.role;
    const open = data.free || data.columns.length > 0;
    const shown = open ? data.parts : data.parts.filter((part) => part.column);
    parts.replaceChildren(...shown.map((part) => h("tr.part", {}, h("th", { scope: "row" }, part.label),
      h("td", {}, h("div.pick", {}, open ? choice(part) : h("span", {}, part.column), h("span.soft", {}, part.hint))))));
    if (focused) parts.querySelector(`[data-role="${CSS.escape(focused)}"]`)?.focus();
    buttons.hidden = !open;
    tell();
  }

  function tell() {
    const changed = Object.keys(changes()).length;
    apply.disabled = !changed;
    apply.classList.toggle("primary", changed > 0);
    back.style.visibility = data.parts.some((part) => columnOf(part) !== part.column) ? "visible" : "hidden";
    said.textContent = changed ? (data.busy ? "Stops what is being computed. Decisions stay." : "Decisions stay with their rows.") : "";
  }

  return {
    update(next) {
      const ended = applied && data?.busy && !next.busy;
      if (data?.rev !== next.rev || (ended && !next.failed)) chosen = {};
      if (ended) applied = false;
      // Nothing is drawn anew under the hands of somebody who types.
      const same = JSON.stringify(data) === JSON.stringify(next);
      data = next;
      if (same) return;
      title.textContent = next.title;
      facts.replaceChildren(...next.known.map((fact) => h("tr", {}, h("th", { scope: "row" }, fact.name), h("td", {}, fact.value))));
      paint();
    },
  };
}
