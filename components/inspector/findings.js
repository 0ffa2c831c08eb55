// The cards that say why an item is flagged and what can be done about it.

import { h } from "../kit/dom.js";
import { marked } from "../kit/runs.js";

export function createFindings(send) {
  const node = h("div.findings");

  function card(finding, data) {
    const act = (name) => () => send("act", { name, row: data.row, check: finding.check });
    const key = (letter) => (data.keys ? h("span.key", {}, letter) : null);
    const heading = h("p.what", {}, h("b", {}, finding.title),
      finding.suggestion ? h("span", {}, ` — ${finding.verb} `) : null, finding.suggestion ? h("b", {}, finding.suggestion) : null);
    const buttons = h("div.buttons");
    if (finding.state === "open") {
      if (finding.accept) buttons.append(h("button.button.primary.small", { type: "button", onclick: act("accept") }, finding.accept, h("span.key", {}, "A")));
      buttons.append(h("button.button.small", { type: "button", title: "It is fine as it is", onclick: act("keep") }, "Keep", key("K")));
      buttons.append(h("button.button.small", { type: "button", onclick: act("exclude") }, "Exclude", key("X")));
    }
    const alike = finding.rows.length && data.thumb
      ? h("div.alike", {}, ...finding.rows.map((row) => h("button", { type: "button", title: "Show this one", onclick: () => send("go", { row }) },
          h("img", { src: data.thumb.replace("{row}", row), alt: "", decoding: "async" }))))
      : finding.alike.length
        ? h("div.others", {}, ...finding.alike.map((other) => h("button", { type: "button", title: "Show this one", onclick: () => send("go", { row: other.row }) },
            other.runs.length ? marked(other.runs) : h("span", {}, other.title), other.label ? h("small", {}, other.label) : null)))
        : null;
    const made = h("section.card", {}, heading, finding.reason ? h("p.soft", {}, finding.reason) : null, alike,
      finding.state === "open" ? buttons : h("p.soft.state", {}, finding.state === "kept" ? "You kept it." : "Decided."));
    made.dataset.state = finding.state;
    return made;
  }

  return {
    node,
    update(data) {
      const cards = data.findings.map((finding) => card(finding, data));
      if (data.excluded) {
        cards.unshift(h("section.card", { "data-state": "done" }, h("p.what", {}, h("b", {}, "Excluded"), " from the export"),
          h("div.buttons", {}, h("button.button.small", { type: "button", onclick: () => send("act", { name: "restore", row: data.row, check: "" }) }, "Take it back in"))));
      }
      node.replaceChildren(...cards);
      node.hidden = cards.length === 0;
    },
  };
}
