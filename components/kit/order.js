// In which order a list stands.

import { h } from "./dom.js";

export function createOrder(send) {
  const select = h("select", { "aria-label": "Order", onchange: () => send("order", select.value) });
  const node = h("label.order", {}, "order: ", select);

  return {
    node,
    // Fewer than two orders are no choice.
    update({ orders, order }) {
      node.hidden = orders.length < 2;
      select.replaceChildren(...orders.map((item) => h("option", { value: item.value }, item.label)));
      select.value = order;
    },
  };
}
