// A small histogram; bins from the threshold on are accented; with onmove the threshold can be dragged.

import { count, h } from "./dom.js";

export function createHistogram({ height = 44, onmove = null } = {}) {
  const title = h("p.heading");
  const note = h("p.note");
  const bars = h("div.bars");
  const node = h("div.histogram", { style: { height: `${height}px` } }, bars);
  let data = null;
  let threshold = null;

  function paint() {
    const most = Math.max(1, ...data.bins);
    const width = (data.high - data.low) / data.bins.length;
    bars.replaceChildren(...data.bins.map((value, place) => {
      const low = data.low + place * width;
      // Square roots, since a few flagged rows must be visible beside thousands of calm ones.
      const share = value ? Math.max(Math.sqrt(value / most) * 100, 5) : 1.5;
      const bar = h("i", { style: { height: `${share}%` }, title: `${count(value)} from ${low.toFixed(2)} to ${(low + width).toFixed(2)}` });
      const middle = low + width / 2;
      bar.classList.toggle("over", threshold !== null && middle >= threshold);
      return bar;
    }));
  }

  return {
    title,
    note,
    node,
    update(next) {
      data = next;
      threshold = next.threshold;
      title.textContent = next.title;
      note.textContent = next.note ?? "";
      note.hidden = !next.note;
      paint();
    },
    // Show another threshold at once, before the server answers.
    preview(value) {
      threshold = value;
      paint();
    },
  };
}
