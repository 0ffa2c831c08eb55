// One calm line with what is offered; declined once, it does not come back in this browser.

import { h, mount } from "../kit/dom.js";

export default (component) => mount(component, import.meta.url, create);

const key = (model) => `dataset-explorer:declined:${model}`;

// A browser may refuse to remember anything; then the offer is gone until the page is loaded again.
function recall(model) {
  try { return localStorage.getItem(key(model)) !== null; } catch { return false; }
}

function remember(model) {
  try { localStorage.setItem(key(model), "1"); } catch { /* as above */ }
}

function create(root, send) {
  const text = h("span.text", { role: "status" });
  const fill = h("i");
  const bar = h("span.bar", { role: "progressbar", "aria-valuemin": 0, "aria-valuemax": 100 }, fill);
  const actions = h("span.actions");
  const line = h("aside.offer", { "aria-label": "Offer" }, text, bar, actions);
  root.append(line);

  function press(data, action) {
    if (action.name === "decline") {
      remember(data.model);
      line.hidden = true;
    }
    send("act", action.name);
  }

  return {
    update(data) {
      line.hidden = data.tone !== "busy" && recall(data.model);
      line.dataset.tone = data.tone;
      text.textContent = data.text;
      bar.hidden = data.tone !== "busy";
      const percent = Math.round((data.fraction ?? 0) * 1000) / 10;
      fill.style.width = `${percent}%`;
      bar.setAttribute("aria-valuenow", String(percent));
      actions.replaceChildren(...data.actions.map((action) =>
        h(action.main ? "button.button.small.main" : "button.button.small.quiet", { type: "button", onclick: () => press(data, action) }, action.label)));
    },
  };
}
