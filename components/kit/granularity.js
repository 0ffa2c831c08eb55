// How fine a clustering is: a slider over its layers, the coarsest first; told where it is let go.

import { h } from "./dom.js";

export function createGranularity(send) {
  const heading = h("p.heading");
  const slider = h("input", { type: "range", min: "0", step: "1", "aria-label": "Granularity" });
  const node = h("section.granularity", {}, heading, slider);
  let dragging = false;

  slider.addEventListener("input", () => { dragging = true; paint(); });
  slider.addEventListener("change", () => { dragging = false; send("layer", Number(slider.value)); });

  function paint() {
    const share = Number(slider.max) ? (Number(slider.value) / Number(slider.max)) * 100 : 0;
    slider.style.setProperty("--share", `${share}%`);
  }

  return {
    node,
    // {layers, value, text}; null = there is nothing to choose.
    update(data) {
      node.hidden = !data;
      if (!data) return;
      heading.textContent = heading.title = `Granularity · ${data.text}`;
      slider.max = String(data.layers - 1);
      slider.hidden = data.layers < 2;
      if (!dragging) slider.value = String(data.value);
      paint();
    },
  };
}
