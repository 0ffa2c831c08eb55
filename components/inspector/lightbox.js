// The picture over the whole window; Escape, Enter or a click closes it.

import { h } from "../kit/dom.js";
import { picture } from "./picture.js";

export function createLightbox(root) {
  const frame = h("div.frame");
  const caption = h("p.caption");
  const dialog = h("dialog.lightbox", { "aria-label": "Large picture", onclick: () => dialog.close() }, frame, caption);
  dialog.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === " ") { event.preventDefault(); dialog.close(); }
    event.stopPropagation();
  });
  root.append(dialog);
  let shown = null;
  let asked = null;

  function paint(data) {
    if (shown === data.row) return;
    shown = data.row;
    frame.replaceChildren(picture(data.image, data.thumb?.replace("{row}", data.row)));
    caption.textContent = [data.id, data.meta].filter(Boolean).join("  ·  ");
  }

  return {
    open(data) {
      shown = null;
      paint(data);
      if (!dialog.open) dialog.showModal();
    },
    // Python asks for it with a fresh number in `open` (Enter in the gallery).
    update(data) {
      if (data.open && data.open !== asked && data.image) { asked = data.open; this.open(data); }
      else if (dialog.open && data.image) paint(data);
    },
    close: () => dialog.close(),
  };
}
