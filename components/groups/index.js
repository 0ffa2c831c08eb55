// Groups of alike items side by side; the one that is suggested to stay is marked.

import { h, mount } from "../kit/dom.js";
import { marked } from "../kit/runs.js";

export default (component) => mount(component, import.meta.url, create);

function create(root, send) {
  const list = h("div.list.scroll", { tabIndex: -1 });
  root.append(list);
  let data = null;

  function member(item) {
    const picture = data.thumb
      ? h("img", { src: data.thumb.replace("{row}", item.row), alt: "", loading: "lazy", decoding: "async" })
      : item.runs
        ? h("span.blank", {}, item.runs.length ? marked(item.runs) : h("span.none", {}, "empty text"))
        : h("span.blank", {}, item.title);
    const look = h("button.look", { type: "button", title: item.title, onclick: () => send("look", { row: item.row }) }, picture, item.best ? h("span.best", {}, "keep") : null);
    look.dataset.row = item.row;
    const node = h("figure", {}, look, h("figcaption", {}, h("b", {}, item.title), h("span", {}, item.meta)),
      h("button.button.small", { type: "button", onclick: () => send("only", { row: item.row }) }, "Keep only this", item.best ? h("span.key", {}, "A") : null));
    node.classList.toggle("current", item.row === data.current);
    return node;
  }

  function group(entry) {
    const first = entry.members[0];
    const node = h("section.group", {}, h("header", {}, h("span", {}, entry.note),
      h("button.button.small", { type: "button", onclick: () => send("all", { row: first.row }) }, "Keep all", h("span.key", {}, "K"))), h("div.row", {}, ...entry.members.map(member)));
    node.classList.toggle("current", entry.members.some((item) => item.row === data.current));
    return node;
  }

  return {
    update(next) {
      const focus = root.getRootNode().activeElement?.dataset?.row;
      const top = list.scrollTop;
      data = next;
      list.classList.toggle("wordy", !next.thumb);
      root.style.setProperty("--height", next.height);
      list.replaceChildren(...next.groups.map(group), next.empty ? h("p.empty", {}, next.empty) : "", next.more ? h("p.more", {}, next.more) : "");
      list.scrollTop = top;
      if (focus !== undefined) list.querySelector(`[data-row="${CSS.escape(focus)}"]`)?.focus({ preventScroll: true });
      list.querySelector("section.current")?.scrollIntoView({ block: "nearest" });
    },
  };
}
