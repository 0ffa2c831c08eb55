// The list of clusters under its header line.

import { mount } from "../kit/dom.js";
import { createHeader } from "./header.js";
import { ClusterList } from "./list.js";

export default (component) => mount(component, import.meta.url, create);

function create(root, send) {
  const list = new ClusterList(send);
  const tell = (name, value) => { list.picks.flush(); send(name, value); };
  const header = createHeader(tell, {
    onfilter: (words) => header.count(list.filter(words)),
    onleave: () => list.focus(),
    onenter: () => { list.focus(); list.step("Home"); },
  });
  let ds = null;
  root.append(header.node, list.node);

  return {
    update(data) {
      root.style.setProperty("--height", data.height);
      if (ds !== null && ds !== data.ds) header.clear();
      ds = data.ds;
      header.update(data);
      header.count(list.update(data));
    },
    destroy() {
      header.destroy();
      list.destroy();
    },
  };
}
