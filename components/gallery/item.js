// One item of the gallery: picture or text card, badges, mark.

function make(tag, name, text) {
  const element = document.createElement(tag);
  element.className = name;
  if (text !== undefined) element.textContent = text;
  return element;
}

export function makeItem({ row, index, total, id, thumb, badges, caption }) {
  const element = make("div", thumb ? "item" : "item card");
  element.setAttribute("role", "option");
  element.id = id;
  element.dataset.row = row;
  element.dataset.index = index;
  element.setAttribute("aria-setsize", total);
  element.setAttribute("aria-posinset", index + 1);
  const words = make("div", "words", caption ?? "");
  element.append(words);
  if (thumb) element.append(picture(element, thumb.replace("{row}", row)));
  const line = make("div", "badges");
  for (const badge of badges ?? []) {
    line.append(make("span", `badge ${["warn", "info", "muted"].includes(badge.tone) ? badge.tone : "muted"}`, badge.text));
  }
  if (line.childElementCount) element.append(line);
  element.append(make("i", "mark"));
  name(element, caption, badges);
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

export function name(element, caption, badges) {
  const words = [caption || `row ${element.dataset.row}`, ...(badges ?? []).map((badge) => badge.text)];
  element.setAttribute("aria-label", words.join(", "));
  element.title = words[0];
}

export function setCaption(element, caption, badges) {
  element.querySelector(".words").textContent = caption;
  name(element, caption, badges);
}
