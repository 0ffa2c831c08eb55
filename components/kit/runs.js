// A text in which the words that another text lacks are marked.

import { h } from "./dom.js";

// runs: [{text, changed}]. Marks are elements of their own, so that screen readers hear them too.
export function marked(runs) {
  const node = h("span.runs", { dir: "auto" });
  runs.forEach((run, place) => {
    if (place) node.append(" ");
    node.append(run.changed ? h("mark", {}, run.text) : run.text);
  });
  return node;
}
