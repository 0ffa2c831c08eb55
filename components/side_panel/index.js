// The panel at the left: search, map, color, granularity, filters, legend, histogram.

import { h, mount, replace } from "../kit/dom.js";
import { createHistogram } from "../kit/histogram.js";
import { createChoices } from "./choices.js";
import { createFilters } from "./filters.js";
import { createLegend } from "./legend.js";
import { createSearch } from "./search.js";

export default (component) => mount(component, import.meta.url, create);

function create(root, send) {
  const search = createSearch(send);
  const filters = createFilters(send);
  const choices = createChoices(send);
  const legend = createLegend(send);
  const histogram = createHistogram();
  const distribution = h("section.distribution", {}, histogram.title, histogram.node, histogram.note);
  root.append(h("div.panel.scroll", {}, search.node, choices.node, filters.node, legend.node, distribution));

  return {
    update(data) {
      root.style.setProperty("--height", data.height);
      search.update(data.search);
      filters.update(data);
      choices.update(data);
      legend.update(data.legend);
      distribution.hidden = !data.histogram;
      if (data.histogram) histogram.update(data.histogram);
    },
    destroy() {
      search.destroy();
      filters.destroy();
    },
  };
}
