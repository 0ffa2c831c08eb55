// A whole text: its beginning at once, the rest when it has come; lines and direction are the text's own, and nothing is markup.

import { h } from "../kit/dom.js";

const known = new Map();
const KEPT = 20;

export function createText(name) {
  const node = h(`div.${name}`, { dir: "auto", tabIndex: 0, role: "document", "aria-label": "Text" });
  let shown = null;

  async function load(url) {
    try {
      const answer = await fetch(url, { credentials: "same-origin" });
      if (!answer.ok) throw new Error(String(answer.status));
      known.set(url, await answer.text());
      if (known.size > KEPT) known.delete(known.keys().next().value);
      if (shown === url) node.textContent = known.get(url);
    } catch {
      if (shown === url) node.append(h("p.none", {}, "The rest of the text could not be loaded."));
    }
  }

  return {
    node,
    update(data) {
      const key = data.text_url ?? `${data.id}/${data.text}`;
      if (key === shown) return;
      shown = key;
      node.scrollTop = 0;
      node.classList.toggle("none", !data.text.trim());
      node.textContent = data.text.trim() ? (known.get(key) ?? data.text) : "empty text";
      if (data.text_url && !known.has(key)) load(key);
    },
  };
}
