// The line over a gallery: what it shows and in which order.

import { h, mount } from "../kit/dom.js";

export default (component) => mount(component, import.meta.url, create);

function create(root, send) {
  const title = h("strong");
  const detail = h("span.detail");
  const select = h("select", { "aria-label": "Order", onchange: () => send("order", select.value) });
  const order = h("label", {}, "order: ", select);
  root.append(h("p", {}, title, " ", detail), order);

  return {
    update(data) {
      title.textContent = data.title;
      detail.textContent = data.detail;
      detail.title = data.detail;
      order.hidden = data.orders.length < 2;
      select.replaceChildren(...data.orders.map((item) => h("option", { value: item.value }, item.label)));
      select.value = data.order;
    },
  };
}
