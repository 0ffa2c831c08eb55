// What a check means, its threshold over the histogram, actions for all that are shown.

import { count, h, mount } from "../kit/dom.js";
import { createHistogram } from "../kit/histogram.js";

export default (component) => mount(component, import.meta.url, create);

function create(root, send) {
  const title = h("h2");
  const number = h("span.count");
  const text = h("p.text");
  const actions = h("div.actions");
  const histogram = createHistogram({ height: 46 });
  const slider = h("input", { type: "range", min: "0.01", max: "1", step: "0.01", "aria-label": "Threshold" });
  const said = h("span.said");
  const reset = h("button.button.link", { type: "button", onclick: () => { slider.value = String(data.default); moved(true); } }, "default");
  const threshold = h("div.threshold", {}, h("div.line", {}, said, reset), histogram.node, slider);
  const confirm = h("dialog.confirm");
  root.append(h("div.words", {}, h("div.top", {}, title, number), text, actions), threshold, confirm);
  let data = null;
  let dragging = false;
  let rest = 0;

  slider.addEventListener("input", () => { dragging = true; moved(false); });
  // Each arrow key is a change of its own; the decision is where the slider comes to rest.
  slider.addEventListener("change", () => {
    clearTimeout(rest);
    dragging = true;
    rest = setTimeout(() => { dragging = false; moved(true); }, 350);
  });
  confirm.addEventListener("click", (event) => { if (event.target === confirm) confirm.close(); });
  confirm.addEventListener("keydown", (event) => event.stopPropagation());

  function moved(done) {
    const value = Number(slider.value);
    histogram.preview(value);
    tell(value);
    if (done) send("threshold", value);
  }

  function tell(value) {
    const bins = data.histogram.bins;
    const over = bins.slice(Math.round(value * bins.length)).reduce((sum, bin) => sum + bin, 0);
    said.textContent = `Threshold ${value.toFixed(2)} · ${count(over)} flagged`;
    reset.style.visibility = Math.abs(value - data.default) < 0.005 ? "hidden" : "visible";
    slider.style.setProperty("--share", `${((value - 0.01) / 0.99) * 100}%`);
  }

  function ask(action) {
    if (!action.ask) { send("whole", action.name); return; }
    const yes = h("button.button.primary", { type: "button", onclick: () => { confirm.close(); send("whole", action.name); } }, action.label, h("span.key", {}, "Enter"));
    confirm.replaceChildren(h("h2", {}, action.ask), h("p", {}, "It can be undone."),
      h("div.row", {}, h("button.button", { type: "button", onclick: () => confirm.close() }, "Cancel", h("span.key", {}, "Esc")), yes));
    confirm.showModal();
    yes.focus();
  }

  return {
    update(next) {
      data = next;
      title.textContent = next.title;
      number.textContent = next.count;
      text.textContent = next.text;
      text.title = next.text;
      actions.replaceChildren(...next.actions.map((action) => h("button.button.small", { type: "button", onclick: () => ask(action) }, action.label)));
      threshold.hidden = !next.histogram;
      if (!next.histogram || dragging) return;
      histogram.update(next.histogram);
      slider.value = String(next.histogram.threshold);
      tell(next.histogram.threshold);
    },
    destroy() {
      clearTimeout(rest);
      confirm.close();
    },
  };
}
