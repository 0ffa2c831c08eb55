// One item: picture, what is known, why it is flagged, its nearest neighbors; Enter or a click shows the picture large.

import { h, mount } from "../kit/dom.js";
import { createFindings } from "./findings.js";
import { createLightbox } from "./lightbox.js";
import { picture } from "./picture.js";

export default (component) => mount(component, import.meta.url, create);

function create(root, send) {
  const lightbox = createLightbox(root);
  const empty = h("p.empty");
  const big = h("button.big", { type: "button", title: "Show it large", onclick: () => data.image && lightbox.open(data) });
  const words = h("div.words");
  const head = h("div.head", {}, big, words);
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
    return h("p.fact", {}, `${pair.name} `, h("b", {}, pair.value), pair.note ? h("span.soft", {}, ` ${pair.note}`) : null);
  }

  function tag(name) {
    return h("span.tag", {}, h("span", {}, name), h("button", { type: "button", title: "Remove this tag", "aria-label": `Remove the tag ${name}`, onclick: () => send("untag", { row: data.row, tag: name }) }, "×"));
  }

  function neighbor(item) {
    const tone = item.agrees === null ? "" : item.agrees ? "same" : "other";
    const node = h("button.neighbor", { type: "button", title: item.label || "no label", onclick: () => send("go", { row: item.row }) },
      data.thumb ? picture(data.thumb.replace("{row}", item.row), "") : h("span.blank", {}, `#${item.row}`),
      h("span.label", {}, item.label || "–"), h("span.soft", {}, item.similarity));
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
        big.replaceChildren(next.image ? picture(next.image, next.thumb?.replace("{row}", next.row)) : h("span.text", {}, next.text ?? "No picture"));
      }
      head.classList.toggle("wordy", !next.image);
      big.hidden = !next.image && next.text === null;
      big.classList.toggle("excluded", next.excluded);
      words.replaceChildren(
        h("h3", { title: next.id }, next.title),
        next.meta ? h("p.soft.meta", {}, next.meta) : "",
        ...next.facts.map(fact),
        next.tags.length ? h("p.tags", {}, ...next.tags.map(tag)) : "",
        h("p.soft.decision", {}, next.decision),
      );
      findings.update(next);
      nearHeading.parentElement.hidden = !next.neighbors.length && !next.neighbors_note;
      nearNote.textContent = next.neighbors_note;
      near.replaceChildren(...next.neighbors.map(neighbor));
      lightbox.update(next);
    },
    destroy: () => lightbox.close(),
  };
}
