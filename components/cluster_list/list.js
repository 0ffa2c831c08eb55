// The virtual list of clusters: only what is in sight exists in the page.

import { h } from "../kit/dom.js";
import { Picks } from "../kit/picks.js";
import { makeEntry, nameField } from "./entry.js";
import { AHEAD, EDGE, PITCH, columns } from "./layout.js";

const COMMANDS = new Set(["x", "t", "l", "k", "a", "m", "s"]);
let made = 0;

export class ClusterList {
  constructor(send) {
    this.send = send;
    this.prefix = `clusters-${++made}`;
    this.picks = new Picks(send);
    this.data = null;
    // Ids: all in order, and those that pass the filter.
    this.ids = [];
    this.shown = [];
    this.entries = new Map();
    // What is drawn, by id: the element and what it was drawn from.
    this.items = new Map();
    this.words = [];
    this.naming = null;
    this.pictures = 0;
    this.sheet = h("div.sheet", { role: "presentation" });
    this.message = h("p.empty");
    this.node = h("div.list.clusters.scroll", { tabIndex: 0, role: "listbox", "aria-multiselectable": true }, this.sheet, this.message);
    this.observer = new ResizeObserver(() => this.relayout());
    this.observer.observe(this.node);
    this.node.addEventListener("scroll", () => this.invalidate(), { passive: true });
    this.node.addEventListener("click", (event) => this.click(event));
    this.node.addEventListener("dblclick", (event) => this.open(event.target.closest(".tick") ? null : this.idOf(event)));
    this.node.addEventListener("keydown", (event) => this.key(event));
  }

  // Returns how many clusters are shown.
  update(data) {
    const before = this.picks.row;
    const ids = data.entries.map((entry) => entry.id);
    const same = ids.length === this.ids.length && ids.every((id, place) => id === this.ids[place]);
    const state = JSON.stringify([data.ds, data.order, data.granularity?.value]);
    const other = state !== this.state;
    this.state = state;
    if (data.ds !== this.data?.ds) this.drop(this.naming);
    // A name that was told shows up, or it was refused.
    for (const [id, item] of this.items) if (item.told && id !== this.naming) this.drop(id);
    this.picks.show(this.ids);
    this.data = data;
    this.ids = ids;
    this.entries = new Map(data.entries.map((entry) => [entry.id, entry]));
    this.picks.use(ids, data, same && !other);
    this.node.setAttribute("aria-label", data.title || "Clusters");
    this.narrow();
    if (other) this.node.scrollTop = 0;
    if (this.picks.index >= 0 && (!same || other || this.picks.row !== before)) this.reveal(this.picks.index);
    return this.shown.length;
  }

  // Returns how many names hold all of `words`.
  filter(words) {
    this.words = words.toLowerCase().split(/\s+/).filter(Boolean);
    this.narrow();
    this.node.scrollTop = 0;
    if (!this.words.length && this.picks.index >= 0) this.reveal(this.picks.index);
    return this.shown.length;
  }

  narrow() {
    const passes = (id) => {
      const name = this.entries.get(id).name.toLowerCase();
      return this.words.every((word) => name.includes(word));
    };
    this.shown = this.words.length ? this.ids.filter(passes) : this.ids;
    this.picks.show(this.shown);
    this.message.textContent = this.ids.length ? "No name holds these words." : (this.data?.empty ?? "");
    this.message.hidden = this.shown.length > 0;
    this.sheet.style.height = `${this.shown.length * PITCH}px`;
    this.relayout();
  }

  relayout() {
    const width = this.sheet.clientWidth;
    if (!this.data || !width) return;
    const { names, pictures, counts } = columns(width, this.data);
    this.pictures = pictures;
    this.node.style.setProperty("--names", `${names}px`);
    this.node.style.setProperty("--counts", `${counts}px`);
    this.invalidate();
  }

  invalidate() {
    this.frame ||= requestAnimationFrame(() => this.render());
  }

  render() {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    if (!this.data) return;
    const top = this.node.scrollTop - EDGE;
    const first = Math.max(Math.floor(top / PITCH) - AHEAD, 0);
    const last = Math.min(Math.ceil((top + this.node.clientHeight) / PITCH) + AHEAD, this.shown.length);
    const places = new Map();
    for (let place = first; place < last; place++) places.set(this.shown[place], place);
    // The name that is being typed stays, wherever the list is scrolled to.
    const typed = this.naming === null ? -1 : this.shown.indexOf(this.naming);
    if (typed >= 0) places.set(this.naming, typed);
    for (const id of this.items.keys()) if (!places.has(id)) this.drop(id);
    for (const [id, place] of places) this.renderEntry(id, place);
    const active = this.items.get(this.picks.row);
    if (active) this.node.setAttribute("aria-activedescendant", active.element.id);
    else this.node.removeAttribute("aria-activedescendant");
  }

  renderEntry(id, place) {
    const { thumb, rev } = this.data;
    const entry = this.entries.get(id);
    const from = JSON.stringify([entry, thumb, rev, this.pictures]);
    let item = this.items.get(id);
    if (item && item.from !== from && id !== this.naming) {
      this.drop(id);
      item = null;
    }
    if (!item) {
      item = { element: makeEntry(entry, { id: `${this.prefix}-${id}`, thumb, pictures: this.pictures }), from };
      this.items.set(id, item);
      this.sheet.append(item.element);
    }
    const { element } = item;
    const marked = this.picks.has(id);
    element.style.transform = `translateY(${place * PITCH}px)`;
    element.classList.toggle("marked", marked);
    element.classList.toggle("current", place === this.picks.index);
    element.setAttribute("aria-selected", String(marked));
    element.setAttribute("aria-setsize", String(this.shown.length));
    element.setAttribute("aria-posinset", String(place + 1));
  }

  drop(id) {
    if (id === this.naming) this.naming = null;
    this.items.get(id)?.element.remove();
    this.items.delete(id);
  }

  idOf(event) {
    if (event.target.closest(".naming")) return null;
    const element = event.target.closest(".entry");
    return element ? Number(element.dataset.id) : null;
  }

  click(event) {
    const place = this.shown.indexOf(this.idOf(event));
    if (place < 0) return;
    const adds = event.ctrlKey || event.metaKey;
    if (event.shiftKey) this.picks.extend(place, adds);
    else if (adds || event.target.closest(".tick")) this.toggle(place, adds);
    else {
      this.picks.clear();
      this.picks.move(place, { now: true });
    }
    this.invalidate();
  }

  // Who looks at one cluster and adds another means both.
  toggle(place, adds) {
    const { picks } = this;
    if (adds && !picks.marked.size && picks.index >= 0 && picks.index !== place) picks.marked.add(picks.rows[picks.index]);
    picks.toggle(place);
  }

  open(id) {
    if (id === null) return;
    this.picks.flush();
    this.send("open", { id });
  }

  key(event) {
    if (event.altKey) return;
    const command = this.commandOf(event);
    if (command) {
      this.picks.flush();
      this.send("command", { name: command });
    } else if (!this.act(event)) return;
    event.preventDefault();
    event.stopPropagation();
    this.invalidate();
  }

  commandOf(event) {
    const key = event.key.toLowerCase();
    if (!event.ctrlKey && !event.metaKey) return COMMANDS.has(key) && !event.repeat ? key : null;
    if (key === "z") return event.shiftKey ? "ctrl+shift+z" : "ctrl+z";
    return key === "y" ? "ctrl+shift+z" : null;
  }

  act(event) {
    const { picks } = this;
    const control = event.ctrlKey || event.metaKey;
    if (event.key === "Escape") return picks.clear();
    if (!this.shown.length) return false;
    if (control && event.key.toLowerCase() === "a") return picks.all();
    if (event.key === "F2" || (!control && event.key.toLowerCase() === "r")) return this.rename(picks.index);
    if (event.key === "Enter") return this.open(picks.index < 0 ? null : picks.row), true;
    if (event.key === " ") return picks.toggle(Math.max(picks.index, 0));
    return this.step(event.key, event.shiftKey);
  }

  // Moves the current entry as `key` says; `range` marks all on the way.
  step(key, range = false) {
    const page = Math.max(Math.floor(this.node.clientHeight / PITCH), 1);
    const by = { ArrowUp: -1, ArrowDown: 1, PageUp: -page, PageDown: page, Home: -Infinity, End: Infinity }[key];
    if (by === undefined || !this.shown.length) return false;
    const from = this.picks.index < 0 && Number.isFinite(by) ? -by : this.picks.index;
    const place = Math.min(Math.max(from + by, 0), this.shown.length - 1);
    if (range) this.picks.extend(place, false);
    else this.picks.move(place, { now: false });
    this.reveal(place);
    return true;
  }

  rename(place) {
    if (place < 0) return false;
    const id = this.shown[place];
    this.picks.flush();
    this.reveal(place);
    this.render();
    const item = this.items.get(id);
    const name = item.element.querySelector(".name");
    const field = nameField(this.entries.get(id).name, {
      onsend: (said) => {
        // The new name stands there until the page answers.
        name.textContent = said;
        item.told = true;
        this.send("rename", { id, name: said });
      },
      onleave: (byKey) => {
        this.naming = null;
        field.replaceWith(name);
        if (byKey) this.focus();
        this.invalidate();
      },
    });
    this.naming = id;
    name.replaceWith(field);
    field.focus();
    field.select();
    return true;
  }

  focus() {
    this.node.focus({ preventScroll: true });
  }

  reveal(place) {
    const top = place * PITCH;
    const room = this.node.clientHeight;
    if (top < this.node.scrollTop) this.node.scrollTop = top;
    else if (top + PITCH + 2 * EDGE > this.node.scrollTop + room) this.node.scrollTop = top + PITCH + 2 * EDGE - room;
    this.invalidate();
  }

  destroy() {
    cancelAnimationFrame(this.frame);
    this.observer.disconnect();
    this.picks.destroy();
  }
}
