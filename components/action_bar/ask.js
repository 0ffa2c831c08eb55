// Ask for a tag or a label: a field with the known ones below; typing narrows, arrows choose, Enter confirms.

import { h } from "../kit/dom.js";

const LIMIT = 60;

export function createAsk(root, act) {
  const title = h("h2");
  const field = h("input.field", { type: "text", maxlength: "500", autocomplete: "off", spellcheck: "false", role: "combobox", "aria-expanded": "true", "aria-controls": "known" });
  const list = h("div.known.scroll", { id: "known", role: "listbox" });
  const confirm = h("button.button.primary", { type: "button", onclick: () => done() });
  const cancel = h("button.button", { type: "button", onclick: () => dialog.close() }, "Cancel", h("span.key", {}, "Esc"));
  const dialog = h("dialog.ask", { "aria-modal": "true" }, title, field, list, h("div.row", {}, cancel, confirm));
  root.append(dialog);
  let known = [];
  let found = [];
  let chosen = -1;
  let name = "";

  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  field.addEventListener("input", () => { chosen = -1; paint(); });
  dialog.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.key === "Enter") { event.preventDefault(); done(); }
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && found.length) {
      event.preventDefault();
      chosen = (chosen + step + found.length + (chosen < 0 && step < 0 ? 1 : 0)) % found.length;
      paint();
      list.children[chosen]?.scrollIntoView({ block: "nearest" });
    }
  });

  function value() {
    return (chosen >= 0 ? found[chosen] : field.value).trim();
  }

  function done(picked = value()) {
    if (!picked) { field.focus(); return; }
    dialog.close();
    act(name, picked);
  }

  function paint() {
    const words = field.value.trim().toLowerCase();
    const starts = known.filter((item) => item.toLowerCase().startsWith(words));
    const holds = known.filter((item) => !item.toLowerCase().startsWith(words) && item.toLowerCase().includes(words));
    found = [...starts, ...holds].slice(0, LIMIT);
    list.replaceChildren(...found.map((item, place) =>
      h("button", { type: "button", role: "option", tabIndex: -1, "aria-selected": place === chosen, title: item, onclick: () => done(item) }, item)));
    list.hidden = known.length === 0;
    if (!found.length && known.length) list.replaceChildren(h("p", {}, "A new one; Enter makes it."));
    confirm.disabled = !value();
  }

  return {
    isOpen: () => dialog.open,
    open(options) {
      name = options.name;
      known = options.known;
      chosen = -1;
      title.textContent = options.title;
      field.value = "";
      field.placeholder = options.place;
      field.setAttribute("aria-label", options.title);
      confirm.replaceChildren(options.confirm, h("span.key", {}, "Enter"));
      paint();
      dialog.showModal();
      field.focus();
    },
    close: () => dialog.close(),
  };
}
