// One item: picture or text, what is known, why it is flagged, its nearest neighbors; Enter or a click shows it large.

import { h, mount } from "../kit/dom.js";
import { createFindings } from "./findings.js";
import { createLightbox } from "./lightbox.js";
import { picture } from "./picture.js";
import { createText } from "./text.js";

const LONG = 400;

export default (component) => mount(component, import.meta.url, create);

function create(root, send) {
  const lightbox = createLightbox(root);
  const empty = h("p.empty");
  const big = h("button.big", { type: "button", title: "Show it large", onclick: () => data.image && lightbox.open(data) });
  const words = h("div.words");
  const text = createText("text");
  const larger = h("button.button.link.larger", { type: "button", title: "Show it large (Enter in the list)", onclick: () => lightbox.open(data) }, "Read it large");
  const reading = h("div.reading", {}, text.node, larger);
  const head = h("div.head", {}, big, reading, words);
  const findings = createFindings(send);
  const near = h("div.neighbors");
  const nearHeading = h("p.heading", {}, "Nearest neighbors ");
  const nearNote = h("span.more");
  nearHeading.append(nearNote);
  const body = h("div.body", {}, head, findings.node, h("section", {}, nearHeading, near));
  root.append(empty, body);
  let data = { row: null };
  let drawn = null;

  function fact(pair) {
    if (data.columns) return h("tr", {}, h("th", { scope: "row" }, pair.name), h("td", { dir: "auto" }, pair.value, pair.note ? h("span.soft", {}, ` ${pair.note}`) : null));
    return h("p.fact", {}, `${pair.name} `, h("b", {}, pair.value), pair.note ? h("span.soft", {}, ` ${pair.note}`) : null);
  }

  function tag(name) {
    return h("span.tag", {}, h("span", {}, name), h("button", { type: "button", title: "Remove this tag", "aria-label": `Remove the tag ${name}`, onclick: () => send("untag", { row: data.row, tag: name }) }, "×"));
  }

  function neighbor(item) {
    const tone = item.agrees === null ? "" : item.agrees ? "same" : "other";
    if (!data.thumb) return line(item, tone);
    const node = h("button.neighbor", { type: "button", title: item.label || "no label", onclick: () => send("go", { row: item.row }) },
      picture(data.thumb.replace("{row}", item.row), ""),
      data.neighbors.some((other) => other.label) ? h("span.label", {}, item.label || "–") : null, h("span.soft", {}, item.similarity));
    node.dataset.tone = tone;
    return node;
  }

  // Without a picture a neighbor is a line of its own.
  function line(item, tone) {
    const words = item.text === null ? h("span.excerpt", {}, item.title) : h("span.excerpt", { dir: "auto" }, item.text || "empty text");
    words.classList.toggle("none", item.text === "");
    const node = h("button.near", { type: "button", title: "Show this one", onclick: () => send("go", { row: item.row }) },
      words, h("span.label", {}, item.label), h("span.soft", {}, item.similarity));
    node.dataset.tone = tone;
    return node;
  }

  return {
    update(next) {
      data = next;
      const nothing = next.row === null;
      empty.hidden = !nothing;
      body.hidden = nothing;
      empty.textContent = next.empty;
      if (nothing) { drawn = null; return; }
      if (drawn !== next.row || !big.firstChild) {
        drawn = next.row;
        big.replaceChildren(next.image ? picture(next.image, next.thumb?.replace("{row}", next.row)) : "");
      }
      head.classList.toggle("wordy", !next.image);
      big.hidden = !next.image;
      reading.hidden = next.text === null;
      if (next.text !== null) {
        text.update(next);
        larger.hidden = next.text.length < LONG && !next.text_url;
        reading.classList.toggle("excluded", next.excluded);
      }
      big.classList.toggle("excluded", next.excluded);
      words.replaceChildren(
        h("h3", { title: next.id }, next.title),
        next.meta ? h("p.soft.meta", {}, next.meta) : "",
        ...(next.columns ? [h("table.columns", {}, h("tbody", {}, ...next.facts.map(fact)))] : next.facts.map(fact)),
        next.tags.length ? h("p.tags", {}, ...next.tags.map(tag)) : "",
        h("p.soft.decision", {}, next.decision),
      );
      findings.update(next);
      nearHeading.parentElement.hidden = !next.neighbors.length && !next.neighbors_note;
      nearNote.textContent = next.neighbors_note;
      near.classList.toggle("lines", !next.thumb);
      near.replaceChildren(...next.neighbors.map(neighbor));
      lightbox.update(next);
    },
    destroy: () => lightbox.close(),
  };
}
