// Entry of the gallery component: one Gallery per place in the page, kept over reruns, removed when the page goes.

import { Gallery } from "./view.js";

const views = new WeakMap();
const sheet = new CSSStyleSheet();
const style = await fetch(new URL("./gallery.css", import.meta.url));
if (style.ok) sheet.replaceSync(await style.text());

export default function gallery({ data, parentElement, setTriggerValue }) {
  let view = views.get(parentElement);
  if (!view) {
    const home = parentElement.getRootNode();
    if (!home.adoptedStyleSheets.includes(sheet)) home.adoptedStyleSheets = [...home.adoptedStyleSheets, sheet];
    view = new Gallery(parentElement, (name, value) => view.trigger(name, value));
    views.set(parentElement, view);
  }
  view.trigger = setTriggerValue;
  view.update(data);
  // Streamlit may run the cleanup of an older call after a newer one: only the newest call's cleanup removes the gallery.
  const call = (view.call = {});
  return () => {
    if (view.call !== call) return;
    views.delete(parentElement);
    view.destroy();
  };
}
