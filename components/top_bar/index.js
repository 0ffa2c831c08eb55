// The bar at the top: name, summary, pages, and at the right the progress, or what is offered while there is none.

import { count, h, mount, replace } from "../kit/dom.js";
import { createOffer } from "./offer.js";

export default (component) => mount(component, import.meta.url, create);

function create(root, send) {
  const name = h("strong.name");
  const summary = h("span.summary");
  const nav = h("nav", { "aria-label": "Pages" });
  const text = h("span.what", { role: "status" });
  const fill = h("i");
  const bar = h("span.bar", { role: "progressbar", "aria-valuemin": 0, "aria-valuemax": 100 }, fill);
  const action = h("button.button.link.small", { type: "button", onclick: () => send("job", action.dataset.action) });
  const progress = h("div.progress", {}, text, bar, action);
  const offer = createOffer(send);
  root.append(name, summary, nav, progress, offer.node);
  const links = new Map();
  let page = "";

  function link(entry) {
    if (!links.has(entry.id)) {
      const label = h("span.words");
      const number = h("small");
      const node = h("button.page", { type: "button", onclick: () => { if (entry.id !== page) { mark(entry.id); send("go", entry.id); } } }, label, number);
      links.set(entry.id, { node, label, number });
    }
    const { node, label, number } = links.get(entry.id);
    label.textContent = label.dataset.words = entry.label;
    number.textContent = entry.count === null ? "" : count(entry.count);
    number.hidden = !entry.count;
    return node;
  }

  // The page lights up at once; the server follows.
  function mark(id) {
    page = id;
    for (const [key, { node }] of links) {
      if (key === id) node.setAttribute("aria-current", "page");
      else node.removeAttribute("aria-current");
    }
  }

  return {
    update(data) {
      name.textContent = data.name;
      summary.textContent = data.summary;
      summary.title = data.summary;
      replace(nav, data.pages.map(link));
      mark(data.page);
      const busy = data.progress;
      progress.hidden = !busy;
      offer.update(busy ? null : data.offer);
      if (!busy) return;
      progress.dataset.tone = busy.tone;
      text.textContent = busy.text;
      text.title = busy.text;
      bar.hidden = busy.tone !== "busy";
      bar.classList.toggle("unknown", busy.fraction === null);
      const percent = Math.round((busy.fraction ?? 0.3) * 1000) / 10;
      fill.style.width = `${percent}%`;
      bar.setAttribute("aria-valuenow", String(percent));
      action.hidden = !busy.action;
      action.dataset.action = busy.action;
      action.textContent = { cancel: "Cancel", retry: "Try again" }[busy.action] ?? "";
    },
  };
}
