// Words while a data set is being read, and its pictures as they come.

import { h, mount } from "../kit/dom.js";

export default (component) => mount(component, import.meta.url, create);

function create(root) {
  const title = h("h2");
  const lead = h("p.lead", { role: "status" });
  const hint = h("p.hint");
  const tiles = h("div.tiles", { "aria-hidden": "true" });
  root.append(h("header", {}, title, lead, hint), tiles);

  return {
    update(data) {
      title.textContent = data.title;
      lead.textContent = data.lead;
      hint.textContent = data.hint;
      root.dataset.tone = data.tone;
      while (tiles.childElementCount > data.count) tiles.lastChild.remove();
      while (tiles.childElementCount < data.count) {
        const image = h("img", { alt: "", decoding: "async", draggable: "false" });
        image.addEventListener("load", () => image.classList.add("loaded"));
        image.src = data.url.replace("{number}", tiles.childElementCount);
        tiles.append(image);
      }
    },
  };
}
