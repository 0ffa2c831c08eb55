// The picture or the text over the whole window; Escape, Enter or a click beside it closes it.

import { h } from "../kit/dom.js";
import { picture } from "./picture.js";
import { createText } from "./text.js";

export function createLightbox(root) {
  const frame = h("div.frame");
  const caption = h("p.caption");
  const text = createText("page");
  const dialog = h("dialog.lightbox", { onclick: (event) => { if (!text.node.contains(event.target)) dialog.close(); } }, frame, caption);
  dialog.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || (event.key === " " && !dialog.classList.contains("reading"))) { event.preventDefault(); dialog.close(); }
    event.stopPropagation();
  });
  root.append(dialog);
  let shown = null;
  let asked = null;

  const has = (data) => Boolean(data.image) || typeof data.text === "string";

  function paint(data) {
    if (shown === data.row) return;
    shown = data.row;
    const reading = !data.image;
    dialog.classList.toggle("reading", reading);
    dialog.setAttribute("aria-label", reading ? "Whole text" : "Large picture");
    if (reading) text.update(data);
    frame.replaceChildren(reading ? text.node : picture(data.image, data.thumb?.replace("{row}", data.row)));
    caption.textContent = [data.id, data.meta].filter(Boolean).join("  ·  ");
  }

  return {
    open(data) {
      shown = null;
      paint(data);
      if (!dialog.open) dialog.showModal();
      if (!data.image) text.node.focus();
    },
    // Python asks for it with a fresh number in `open` (Enter in the gallery).
    update(data) {
      const fresh = asked !== null && data.open > 0 && data.open !== asked;
      // What was asked for before this page was drawn has been answered.
      asked = data.open;
      if (fresh && has(data)) this.open(data);
      else if (dialog.open && has(data)) paint(data);
    },
    close: () => dialog.close(),
  };
}
