// A picture that stays in its box: a small stand-in until it is there, words when it is gone.

import { h } from "../kit/dom.js";

export function picture(url, standIn) {
  const image = h("img", { alt: "", decoding: "async", draggable: "false" });
  if (standIn) image.style.setProperty("background-image", `url("${encodeURI(standIn)}")`);
  image.addEventListener("load", () => image.style.removeProperty("background-image"));
  image.addEventListener("error", () => image.replaceWith(h("span.gone", {}, "not there any more")));
  image.src = url;
  return image;
}
