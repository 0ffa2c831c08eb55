// The line over a gallery: what it shows and in which order.

import { h, mount, writeParts } from "../kit/dom.js";
import { createOrder } from "../kit/order.js";

export default (component) => mount(component, import.meta.url, create);

function create(root, send) {
  const title = h("strong");
  const detail = h("span.detail.parts");
  const order = createOrder(send);
  root.append(h("p", {}, title, detail), order.node);

  return {
    update(data) {
      title.textContent = data.title;
      writeParts(detail, data.detail);
      order.update(data);
    },
  };
}
