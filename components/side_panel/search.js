// Search by words: Enter asks, the histogram shows how well the rows fit, a slider says from where on they count as found.

import { count, h, keyTo } from "../kit/dom.js";

const REST = 300;
// The slider is finer than what can be drawn.
const BINS_A_BAR = 2;

export function createSearch(send) {
  const field = h("input.field", { type: "text", spellcheck: "false", autocomplete: "off", maxlength: "500", "aria-label": "Search by words" });
  const hint = h("span.key", {}, "/");
  const clear = h("button.mode", { type: "button", title: "End the search (Esc)", "aria-label": "End the search", onclick: () => { field.value = ""; ask(); field.focus(); } }, "×");
  const spinner = h("span.spinner", { "aria-hidden": true });
  const tip = h("p.tip", { id: "search-tip" });
  const said = h("span", { role: "status" });
  const reset = h("button.button.link", { type: "button", title: "Where the search itself puts it", onclick: () => send("cut", { place: -1 }) }, "default");
  const bars = h("div.bars");
  const slider = h("input", { type: "range", min: "0", step: "1", "aria-label": "Cut-off: from how good a fit on a row counts as found" });
  const scale = h("div.scale", {}, h("div.histogram.fit", {}, bars), slider, h("div.ends", { "aria-hidden": true }, h("span", {}, "fits less"), h("span", {}, "fits best")));
  const error = h("p.error", { role: "alert" });
  const notes = h("div.notes");
  const result = h("div.result", {}, h("p.line", {}, said, reset), scale, error, notes);
  const node = h("section.search", {}, h("div.box", {}, field, hint, spinner, clear), tip, result);
  field.setAttribute("aria-describedby", "search-tip");
  let data = null;
  let dragging = false;
  let rest = 0;
  let asked = null;

  function ask() {
    const words = field.value.trim();
    if (words === (asked ?? data?.query ?? "") && data?.state !== "failed") return;
    asked = words;
    send("search", words);
    paint();
  }

  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter") { event.preventDefault(); ask(); }
    if (event.key === "Escape") {
      event.stopPropagation();
      if (field.value || data?.query) { field.value = ""; ask(); } else field.blur();
    }
  });
  field.addEventListener("input", paint);
  field.addEventListener("focus", paint);
  field.addEventListener("blur", paint);
  slider.addEventListener("input", () => { dragging = true; clearTimeout(rest); tell(); });
  // Each arrow key is a change of its own; the rows are asked for where the slider comes to rest.
  slider.addEventListener("change", () => {
    clearTimeout(rest);
    rest = setTimeout(() => { dragging = false; send("cut", { place: Number(slider.value) }); }, REST);
  });

  function tell() {
    const place = Number(slider.value);
    const found = dragging ? data.bins.slice(place).reduce((sum, bin) => sum + bin, 0) : data.found;
    said.textContent = found ? `${count(found)} found` : data.bins.length ? "Nothing fits well enough" : "Nothing found";
    slider.setAttribute("aria-valuetext", said.textContent);
    slider.style.setProperty("--share", `${(place / Math.max(Number(slider.max), 1)) * 100}%`);
    [...bars.children].forEach((bar, at) => bar.classList.toggle("over", (at + 0.5) * BINS_A_BAR >= place));
  }

  function draw() {
    const drawn = [];
    for (let at = 0; at < data.bins.length; at += BINS_A_BAR) drawn.push(data.bins.slice(at, at + BINS_A_BAR).reduce((sum, bin) => sum + bin, 0));
    const most = Math.max(1, ...drawn);
    // Square roots, since the few rows that fit must be visible beside all the others.
    bars.replaceChildren(...drawn.map((bin) => h("i", { style: { height: `${bin ? Math.max(Math.sqrt(bin / most) * 100, 6) : 0}%` } })));
  }

  function paint() {
    const typing = field.getRootNode().activeElement === field;
    const waiting = asked !== null && asked !== "" ? true : data?.state === "busy";
    field.placeholder = typing && data?.example ? data.example : "Show me …";
    hint.hidden = Boolean(field.value) || typing;
    clear.hidden = !field.value || waiting;
    spinner.hidden = !waiting;
    tip.textContent = [typing && !data?.state ? "Enter searches." : "", data?.note ?? ""].filter(Boolean).join(" ");
    tip.hidden = !tip.textContent || !(typing && !data?.state && !waiting);
  }

  const deaf = keyTo(field, (key) => data && key === "/");

  return {
    node,
    update(next) {
      const fresh = !data || !next || next.query !== data.query;
      data = next;
      asked = null;
      node.hidden = !next;
      if (!next) return;
      const typing = field.getRootNode().activeElement === field;
      if (fresh && (!typing || next.query || !field.value)) field.value = next.query;
      else if (!typing) field.value = next.query;
      result.hidden = !next.state;
      result.dataset.state = next.state;
      scale.hidden = next.state !== "done" || next.bins.length === 0;
      reset.style.visibility = next.state === "done" && next.moved ? "visible" : "hidden";
      error.textContent = [next.error, next.hint].filter(Boolean).join(". ");
      error.hidden = next.state !== "failed";
      said.hidden = next.state === "failed";
      notes.replaceChildren(...(next.state === "done" ? next.notes : []).filter(Boolean).map((note) => h("p.note", {}, note)));
      if (next.state === "busy") said.textContent = `${next.doing || "Searching"} …`;
      if (next.state === "done" && !dragging) {
        slider.max = String(Math.max(next.bins.length - 1, 0));
        slider.value = String(next.place);
        draw();
        tell();
      }
      paint();
    },
    destroy() {
      clearTimeout(rest);
      deaf();
    },
  };
}
