// The list of checks.

import { count, h, mount } from "../kit/dom.js";

export default (component) => mount(component, import.meta.url, create);

function create(root, send) {
  const heading = h("p.heading");
  const list = h("div.checks", { role: "listbox", "aria-label": "Checks" });
  const empty = h("p.empty");
  root.append(h("div.panel.scroll", {}, heading, list, empty));

  function entry(item, current) {
    const done = item.waiting === 0 && !item.note;
    const number = item.note ? "" : done ? "✓" : count(item.waiting);
    const small = item.note || (item.decided ? `${count(item.decided)} decided` : "");
    const clean = done && !item.decided ? "nothing found" : null;
    const node = h("button.check", { type: "button", role: "option", "aria-selected": item.name === current, onclick: () => pick(node, item) },
      h("span.title", {}, item.title), h("span.number", { title: clean, "aria-label": clean }, number), small ? h("small", {}, small) : null);
    node.classList.toggle("quiet", Boolean(item.note) || done);
    node.addEventListener("keydown", (event) => {
      const step = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
      if (!step) return;
      event.preventDefault();
      node[step]?.focus();
      node[step]?.click();
    });
    return node;
  }

  function pick(node, item) {
    for (const other of list.children) other.setAttribute("aria-selected", String(other === node));
    send("check", item.name);
  }

  return {
    update(data) {
      root.style.setProperty("--height", data.height);
      heading.textContent = data.heading;
      const place = [...list.children].indexOf(root.getRootNode().activeElement);
      list.replaceChildren(...data.checks.map((item) => entry(item, data.current)));
      if (place >= 0) list.children[place]?.focus();
      empty.textContent = data.empty;
      empty.hidden = !data.empty;
    },
  };
}
