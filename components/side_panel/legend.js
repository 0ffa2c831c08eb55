// The legend: entries with bars and counts; click shows one alone, shift-click hides one; numbers get a color scale.

import { count, h } from "../kit/dom.js";

const SEARCH_FROM = 16;
const LIMIT = 400;

export function createLegend(send) {
  const title = h("span");
  const advice = h("span.how", {}, "click solo, shift-click hide");
  const reset = h("button.button.link", { type: "button", onclick: () => send("legend", { code: -2, act: "reset" }) }, "show all");
  const search = h("input.field.find", { type: "search", placeholder: "Find in the legend", "aria-label": "Find in the legend", oninput: () => paint() });
  const list = h("div.items", { role: "listbox", "aria-label": "Legend", "aria-multiselectable": true });
  const scale = h("div.scale");
  const more = h("p.more");
  const node = h("section.legend", {}, h("p.heading", {}, title, advice, reset), search, scale, list, more);
  let legend = null;

  function act(item, event) {
    const how = event.shiftKey ? "hide" : event.ctrlKey || event.metaKey ? "add" : "solo";
    send("legend", { code: item.code, act: how });
  }

  function entry(item, largest) {
    const bar = h("i", { style: { width: `${Math.max((item.count / largest) * 100, 3)}%`, background: item.color } });
    const row = h("button.item", { type: "button", role: "option", "aria-selected": item.state !== "off", title: item.text },
      h("span.dot", { style: { background: item.color } }), h("span.text", {}, item.text), h("span.bar", {}, bar), h("span.count", {}, count(item.count)));
    row.dataset.state = item.state;
    row.dataset.code = item.code;
    row.addEventListener("click", (event) => act(item, event));
    row.addEventListener("keydown", (event) => {
      const step = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
      if (step) { event.preventDefault(); row[step]?.focus(); }
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); act(item, event); }
    });
    return row;
  }

  function paint() {
    const focused = node.getRootNode().activeElement?.dataset?.code;
    const words = search.value.trim().toLowerCase();
    const found = legend.items.filter((item) => !words || item.text.toLowerCase().includes(words));
    const largest = Math.max(1, ...legend.items.map((item) => item.count));
    const top = list.scrollTop;
    list.style.setProperty("--letters", String(count(largest).length));
    list.replaceChildren(...found.slice(0, LIMIT).map((item) => entry(item, largest)));
    list.scrollTop = top;
    const left = found.length - LIMIT;
    more.textContent = found.length === 0 ? "Nothing in the legend has this name." : left > 0 ? `${count(left)} more; find them by name` : "";
    more.hidden = !more.textContent;
    if (focused !== undefined) list.querySelector(`[data-code="${CSS.escape(focused)}"]`)?.focus();
  }

  function number(value) {
    const size = Math.max(Math.abs(legend.range[0]), Math.abs(legend.range[1]));
    return size >= 1000 ? count(Math.round(value)) : value.toFixed(size <= 1 ? 2 : 1).replace(/\.0$/, "");
  }

  return {
    node,
    update(data) {
      legend = data;
      node.hidden = !data;
      if (!data) return;
      const category = data.kind === "category";
      const changed = data.items.some((item) => item.state !== "on");
      title.textContent = category ? "Legend" : data.title;
      advice.hidden = !category || changed;
      reset.hidden = !changed;
      search.hidden = !category || data.items.length < SEARCH_FROM;
      if (search.hidden) search.value = "";
      list.hidden = more.hidden = !category;
      node.classList.toggle("numbers", !category);
      scale.hidden = category;
      if (category) {
        paint();
      } else {
        scale.replaceChildren(h("div.ramp", { style: { background: `linear-gradient(90deg, ${data.palette.join(", ")})` } }),
          h("div.ends", {}, h("span", {}, number(data.range[0])), h("span", {}, number(data.range[1]))));
      }
    },
  };
}
