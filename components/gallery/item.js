// One item of the gallery: picture or card, badges, mark.

import { cardBody, cardName } from "./card.js";

function make(tag, name, text) {
  const element = document.createElement(tag);
  element.className = name;
  if (text !== undefined) element.textContent = text;
  return element;
}

// `caption` are words, `card` is what the server says about the row; both may come later.
export function makeItem({ row, index, total, id, thumb, badges, caption, card, label }) {
  const element = make("div", thumb ? "item" : "item card");
  element.setAttribute("role", "option");
  element.id = id;
  element.dataset.row = row;
  element.dataset.index = index;
  element.setAttribute("aria-setsize", total);
  element.setAttribute("aria-posinset", index + 1);
  if (thumb || caption) element.append(make("div", "words", caption ?? ""));
  else element.append(cardBody(card, label));
  if (thumb) element.append(picture(element, thumb.replace("{row}", row)));
  const line = make("div", "badges");
  for (const badge of badges ?? []) {
    line.append(make("span", `badge ${["warn", "info", "muted"].includes(badge.tone) ? badge.tone : "muted"}`, badge.text));
  }
  if (line.childElementCount) element.append(line);
  element.append(make("i", "mark"));
  name(element, caption || cardName(card), badges);
  return element;
}

function picture(element, url) {
  const image = new Image();
  image.className = "picture";
  image.alt = "";
  image.decoding = "async";
  image.draggable = false;
  image.addEventListener("load", () => element.classList.add("loaded"));
  // Without its picture the item shows its words instead.
  image.addEventListener("error", () => {
    element.classList.add("missing");
    image.remove();
  });
  image.src = url;
  return image;
}

function name(element, caption, badges) {
  const words = [caption || `row ${element.dataset.row}`, ...(badges ?? []).map((badge) => badge.text)];
  element.setAttribute("aria-label", words.join(", "));
  element.title = words[0];
}

// Fill an item with what has come about its row.
export function fillItem(element, card, { badges, label }) {
  const body = element.querySelector(".body");
  if (body) body.replaceWith(cardBody(card, label));
  else element.querySelector(".words").textContent = card.title ?? "";
  name(element, body ? cardName(card) : card.title, badges);
}
