// Two groupings side by side: counts, shaded by their share of the row; what fits best is ringed.

import { count, h, mount } from "../kit/dom.js";

export default (component) => mount(component, import.meta.url, create);

// A long name may be cut after the joints that people put into names.
const jointed = (name) => name.replace(/([_\-./])(?=.)/g, "$1\u200b");
const percent = (share) => (share > 0 && share < 0.01 ? "less than 1 %" : `${Math.round(share * 100)} %`);

function create(root, send) {
  const title = h("h3");
  const one = h("select.field", { "aria-label": "In the rows", onchange: () => pick(one.value, other.value === one.value ? data.one : other.value) });
  const other = h("select.field", { "aria-label": "In the columns", onchange: () => pick(one.value === other.value ? data.other : one.value, other.value) });
  const swap = h("button.button.small", { type: "button", title: "Rows become columns", onclick: () => pick(data.other, data.one) }, "Swap");
  const sentence = h("p.sentence", { role: "status" });
  const table = h("table");
  const wide = h("div.wide.scroll", {}, table);
  const ramp = h("span", {}, "Share of the row: 0", h("i.ramp"), "100 %");
  const key = h("p.key-line");
  const note = h("p.note");
  root.append(h("section", {}, title, h("div.sides", {}, h("span.select", {}, one), "and", h("span.select", {}, other), swap), sentence, wide, key, note));
  let data = null;

  function pick(rows, columns) {
    if (rows !== columns) send("pick", { one: rows, other: columns });
  }

  function options(select, value) {
    select.replaceChildren(...data.groupings.map((item) => h("option", { value: item.value }, item.label)));
    select.value = value;
  }

  const label = (value) => data.groupings.find((item) => item.value === value)?.label ?? "";

  function head(item, scope) {
    return h(`th.${scope}${item.kind === "group" ? "" : ".apart"}`, { scope, title: `${item.text}: ${count(item.count)}` },
      h("span.in", {}, h("span.text", {}, scope === "col" ? jointed(item.text) : item.text), h("span.count", {}, count(item.count))));
  }

  function cell(line, place) {
    const value = line.counts[place];
    const share = line.head.count ? value / line.head.count : 0;
    const best = place === line.best;
    const partner = best && line.fit >= data.partner;
    const words = [`${line.head.text} and ${data.columns[place].text}: ${count(value)}, ${percent(share)} of the row`];
    if (best) words.push(`${partner ? "partners" : "fits best"}, Jaccard ${line.fit.toFixed(2)}`);
    const node = h(`td${best ? ".ring" : ""}${partner ? ".partner" : ""}`, { title: words.join("; "), style: { "--share": share.toFixed(3) } }, value ? count(value) : "");
    node.classList.toggle("apart", line.head.kind !== "group" || data.columns[place].kind !== "group");
    return node;
  }

  return {
    update(next) {
      data = next;
      title.textContent = data.title;
      options(one, data.one);
      options(other, data.other);
      sentence.textContent = data.sentence;
      note.textContent = data.note;
      note.hidden = !data.note;
      wide.hidden = key.hidden = data.lines.length === 0;
      const fits = data.lines.filter((line) => line.best >= 0).map((line) => line.fit);
      key.replaceChildren(ramp,
        fits.some((fit) => fit >= data.partner) ? h("span", {}, h("i.ring.partner"), "partner") : "",
        fits.some((fit) => fit < data.partner) ? h("span", {}, h("i.ring"), `fits best, with less than ${data.partner}`) : "");
      table.setAttribute("aria-label", `${label(data.one)} and ${label(data.other)}`);
      table.replaceChildren(
        h("thead", {},
          h("tr.sides-of", {}, h("td", {}, label(data.one)), h("td", { colSpan: data.columns.length }, label(data.other))),
          h("tr", {}, h("td"), ...data.columns.map((item) => head(item, "col")))),
        h("tbody", {}, ...data.lines.map((line) => h("tr", {}, head(line.head, "row"), ...line.counts.map((_, place) => cell(line, place))))));
    },
  };
}
