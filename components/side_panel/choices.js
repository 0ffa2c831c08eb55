// Which map, from which encoder, colored by what, how fine.

import { h, replace } from "../kit/dom.js";
import { createGranularity } from "../kit/granularity.js";

export function createChoices(send) {
  const maps = h("div.segments", { role: "radiogroup", "aria-label": "Map" });
  const select = h("select.field", { "aria-label": "Color by", onchange: () => send("color", select.value) });
  const encoder = h("select.inline", { "aria-label": "Encoder that the map is made from", onchange: () => send("encoder", encoder.value) });
  const from = h("label.from", { title: "What turned the rows into vectors" }, "from ", encoder);
  const caution = h("p.caution");
  const granularity = createGranularity(send);
  const node = h("div.choices", {},
    h("section", {}, h("p.heading.spread", {}, h("span", {}, "Map"), from), maps, caution),
    h("section", {}, h("p.heading", {}, "Color by"), h("span.select", {}, select)),
    granularity.node);
  const buttons = new Map();
  let shown = "";

  function choice(map, current) {
    if (!buttons.has(map.name)) {
      const button = h("button", { type: "button", role: "radio", onclick: () => { mark(map.name); send("map", map.name); } });
      button.addEventListener("keydown", (event) => move(event, button));
      buttons.set(map.name, button);
    }
    const button = buttons.get(map.name);
    button.textContent = map.label;
    button.disabled = !map.ready;
    button.title = map.note || "";
    button.dataset.name = map.name;
    button.classList.toggle("waiting", !map.ready);
    button.setAttribute("aria-checked", String(map.name === current));
    return button;
  }

  function mark(name) {
    for (const [key, button] of buttons) button.setAttribute("aria-checked", String(key === name));
  }

  function move(event, button) {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    const open = [...maps.children].filter((other) => !other.disabled);
    const next = open[(open.indexOf(button) + step + open.length) % open.length];
    event.preventDefault();
    next.focus();
    next.click();
  }

  function options(colors) {
    const groups = new Map();
    for (const color of colors) {
      if (!groups.has(color.group)) groups.set(color.group, []);
      groups.get(color.group).push(h("option", { value: color.value }, color.label));
    }
    return [...groups].map(([group, items]) => h("optgroup", { label: group }, items));
  }

  return {
    node,
    update(data) {
      replace(maps, data.maps.map((map) => choice(map, data.map)));
      maps.parentElement.hidden = data.maps.length === 0;
      caution.textContent = data.caution;
      caution.title = data.caution;
      caution.hidden = !data.caution;
      from.hidden = data.encoders.length < 2;
      encoder.replaceChildren(...data.encoders.map((item) =>
        h("option", { value: item.name, disabled: !item.usable, title: item.note }, item.note ? `${item.label} · ${item.usable ? item.note : "not installed"}` : item.label)));
      encoder.value = data.encoders.find((item) => item.current)?.name ?? "";
      const wanted = JSON.stringify(data.colors);
      if (wanted !== shown) {
        shown = wanted;
        select.replaceChildren(...options(data.colors));
      }
      select.value = data.color;
      granularity.update(data.granularity);
    },
  };
}
