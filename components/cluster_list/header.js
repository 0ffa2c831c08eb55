// The line above the clusters: how many, how fine, in which order, and a filter of names.

import { count, h, keyTo } from "../kit/dom.js";
import { createGranularity } from "../kit/granularity.js";
import { createOrder } from "../kit/order.js";

// The filter stays in the browser: `onfilter` gets its words at every letter. `onleave` and `onenter` hand the keyboard to the list.
export function createHeader(send, { onfilter, onleave, onenter }) {
  const title = h("strong");
  const detail = h("span.detail", { role: "status" });
  const granularity = createGranularity(send);
  const order = createOrder(send);
  const field = h("input.field", { type: "text", spellcheck: "false", autocomplete: "off", maxlength: "200", placeholder: "Filter names …", "aria-label": "Filter names" });
  const hint = h("span.key", {}, "/");
  const node = h("header", {}, h("p.title", {}, title, " ", detail), granularity.node, order.node, h("div.box", {}, field, hint));
  const deaf = keyTo(field, (key) => key === "/");
  let data = null;

  function paint() {
    hint.hidden = Boolean(field.value) || field.getRootNode().activeElement === field;
  }

  field.addEventListener("input", () => { paint(); onfilter(field.value); });
  field.addEventListener("focus", paint);
  field.addEventListener("blur", paint);
  field.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.isComposing) return;
    if (event.key === "Escape" && field.value) {
      field.value = "";
      onfilter("");
    } else if (event.key === "Escape") onleave();
    else if (event.key === "Enter" || event.key === "ArrowDown") onenter();
    else return;
    event.preventDefault();
  });

  return {
    node,
    update(next) {
      data = next;
      title.textContent = next.title;
      granularity.update(next.granularity);
      order.update(next);
    },
    // Under a filter the line says how many of all are shown.
    count(shown) {
      detail.textContent = field.value.trim() ? `${count(shown)} of ${count(data.entries.length)} shown` : data.detail;
      detail.title = detail.textContent;
    },
    clear() {
      field.value = "";
      onfilter("");
      paint();
    },
    destroy: deaf,
  };
}
