// The panel at the left: map, color, granularity, legend, filters, histogram.

import { h, mount, replace } from "../kit/dom.js";
import { createHistogram } from "../kit/histogram.js";
import { createChoices } from "./choices.js";
import { createFilters } from "./filters.js";
import { createLegend } from "./legend.js";

export default (component) => mount(component, import.meta.url, create);

function create(root, send) {
  const filters = createFilters(send);
  const choices = createChoices(send);
  const legend = createLegend(send);
  const histogram = createHistogram();
  const distribution = h("section.distribution", {}, histogram.title, histogram.node, histogram.note);
  root.append(h("div.panel.scroll", {}, filters.search, choices.node, filters.node, legend.node, distribution));

  return {
    update(data) {
      root.style.setProperty("--height", data.height);
      filters.update(data);
      choices.update(data);
      legend.update(data.legend);
      distribution.hidden = !data.histogram;
      if (data.histogram) histogram.update(data.histogram);
    },
    destroy: () => filters.destroy(),
  };
}
