// Entry of the map component: one MapView per place in the page, kept over reruns, removed when the page goes.

import { MapView } from "./view.js";

const views = new WeakMap();
const sheet = new CSSStyleSheet();
const style = await fetch(new URL("./map.css", import.meta.url));
if (style.ok) sheet.replaceSync(await style.text());

function dress(parent) {
  const home = parent.getRootNode();
  if (!home.adoptedStyleSheets.includes(sheet)) home.adoptedStyleSheets = [...home.adoptedStyleSheets, sheet];
}

export default function map({ data, parentElement, setTriggerValue }) {
  let view = views.get(parentElement);
  if (!view) {
    dress(parentElement);
    view = new MapView(parentElement, (name, value) => view.trigger(name, value));
    views.set(parentElement, view);
  }
  view.trigger = setTriggerValue;
  view.update(data);
  window.__map = hooks(view);
  // Streamlit may run the cleanup of an older call after a newer one: only the newest call's cleanup removes the map.
  const call = (view.call = {});
  return () => {
    if (view.call !== call) return;
    views.delete(parentElement);
    if (window.__map?.view === view) delete window.__map;
    view.destroy();
  };
}

// For tests and measurements.
function hooks(view) {
  return {
    view,
    // Place of a row in the window, or null before there are points.
    project(row) {
      if (!view.points) return null;
      const box = view.root.getBoundingClientRect();
      const [px, py] = view.camera.project(view.points.x[row], view.points.y[row]);
      return { x: box.left + px, y: box.top + py };
    },
    counts: () => view.selection.counts(),
    readPixels() {
      view.draw(performance.now());
      return view.renderer.readPixels();
    },
    ready: () => Boolean(view.points && !view.motion.move && !view.points$.loading && !view.color$.loading && !view.state$.loading),
  };
}
