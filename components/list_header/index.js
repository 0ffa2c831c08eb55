// The line over a gallery: what it shows and in which order.

import { h, mount } from "../kit/dom.js";
import { createOrder } from "../kit/order.js";

export default (component) => mount(component, import.meta.url, create);

function create(root, send) {
  const title = h("strong");
  const detail = h("span.detail");
  const order = createOrder(send);
  root.append(h("p", {}, title, " ", detail), order.node);

  return {
    update(data) {
      title.textContent = data.title;
      detail.textContent = data.detail;
      detail.title = data.detail;
      order.update(data);
    },
  };
}
