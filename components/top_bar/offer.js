// What is offered once, with how far it is while it is fetched; declined once, it does not come back in this browser.

import { h } from "../kit/dom.js";

const key = (model) => `dataset-explorer:declined:${model}`;

// A browser may refuse to remember anything; then the offer is gone until the page is loaded again.
function recall(model) {
  try { return localStorage.getItem(key(model)) !== null; } catch { return false; }
}

function remember(model) {
  try { localStorage.setItem(key(model), "1"); } catch { /* as above */ }
}

export function createOffer(send) {
  const text = h("span.words", { role: "status" });
  const fill = h("i");
  const bar = h("span.bar", { role: "progressbar", "aria-valuemin": 0, "aria-valuemax": 100 }, fill);
  const actions = h("span.actions");
  const node = h("aside.offer", { "aria-label": "Offer", hidden: true }, text, bar, actions);

  function press(data, action) {
    if (action.name === "decline") {
      remember(data.model);
      node.hidden = true;
    }
    send("offer", action.name);
  }

  return {
    node,
    // `data` null hides it.
    update(data) {
      node.hidden = !data || (data.tone !== "busy" && recall(data.model));
      if (node.hidden) return;
      node.dataset.tone = data.tone;
      text.textContent = text.title = data.text;
      bar.hidden = data.tone !== "busy";
      const percent = Math.round((data.fraction ?? 0) * 1000) / 10;
      fill.style.width = `${percent}%`;
      bar.setAttribute("aria-valuenow", String(percent));
      actions.replaceChildren(...data.actions.map((action) =>
        h(action.main ? "button.button.small.main" : "button.button.link.small", { type: "button", onclick: () => press(data, action) }, action.label)));
    },
  };
}
