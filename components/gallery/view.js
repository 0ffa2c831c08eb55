// The virtual grid: only what is in sight exists in the page.

import { fillItem, makeItem } from "./item.js";
import { EDGE, gridLayout } from "./layout.js";
import { Picks } from "../kit/picks.js";

const AHEAD = 2;
const KEYS = new Set(["t", "l", "x", "k", "a"]);
let made = 0;

export class Gallery {
  constructor(parent, send) {
    this.send = send;
    this.prefix = `gallery-${++made}`;
    this.control = new AbortController();
    this.items = new Map();
    // What the server said about rows, and which of it was said before the latest decision.
    this.cards = new Map();
    this.stale = new Set();
    this.rows = [];
    this.url = null;
    this.picks = new Picks(send);
    this.layOut(parent);
    this.listen();
  }

  layOut(parent) {
    this.root = document.createElement("div");
    this.root.className = "gallery";
    this.root.tabIndex = 0;
    this.root.setAttribute("role", "listbox");
    this.root.setAttribute("aria-multiselectable", "true");
    this.sheet = document.createElement("div");
    this.sheet.className = "sheet";
    this.sheet.setAttribute("role", "presentation");
    this.message = document.createElement("div");
    this.message.className = "empty";
    this.root.append(this.sheet, this.message);
    parent.append(this.root);
    this.observer = new ResizeObserver(() => this.relayout());
    this.observer.observe(this.root);
  }

  listen() {
    const { signal } = this.control;
    this.root.addEventListener("scroll", () => this.invalidate(), { signal, passive: true });
    this.root.addEventListener("click", (event) => this.click(event), { signal });
    this.root.addEventListener("dblclick", (event) => this.open(this.indexOf(event)), { signal });
    this.root.addEventListener("keydown", (event) => this.key(event), { signal });
  }

  update(data) {
    this.data = data;
    this.root.style.maxHeight = data.height ?? "";
    this.size = ["small", "medium", "large"].includes(data.sizes) ? data.sizes : "small";
    this.root.dataset.size = this.size;
    if (data.ds !== this.ds) this.cards.clear();
    if (data.rev !== this.rev) this.stale = new Set(this.cards.keys());
    for (const [row, card] of Object.entries(data.cards ?? {})) {
      this.cards.set(Number(row), card);
      this.stale.delete(Number(row));
    }
    this.again = data.rev !== this.rev && !data.thumb;
    this.ds = data.ds;
    this.rev = data.rev;
    this.root.setAttribute("aria-label", `Gallery of ${data.total.toLocaleString("en-US")} items`);
    if (data.url) this.follow(data.url);
    else {
      this.url = null;
      this.fetching?.abort();
      this.setRows(data.rows ?? []);
    }
  }

  async follow(url) {
    if (url === this.url) return this.setRows(this.rows);
    this.url = url;
    this.fetching?.abort();
    const control = (this.fetching = new AbortController());
    this.say("Loading …");
    try {
      const response = await fetch(url, { signal: control.signal, credentials: "same-origin" });
      if (!response.ok) throw new Error(`the server answered ${response.status}`);
      this.setRows(new Uint32Array(await response.arrayBuffer()));
    } catch (error) {
      if (control.signal.aborted) return undefined;
      this.url = null;
      this.setRows([]);
      this.say(`The list could not be loaded: ${error instanceof TypeError ? "the server did not answer" : error.message}.`, () => this.follow(url));
    }
    return undefined;
  }

  say(text, retry) {
    this.message.textContent = text ?? "";
    this.message.hidden = !text;
    if (!retry) return;
    const again = document.createElement("button");
    again.type = "button";
    again.textContent = "Try again";
    again.addEventListener("click", retry);
    this.message.append(again);
  }

  setRows(rows) {
    const same = rows.length === this.rows.length && rows.every((row, i) => row === this.rows[i]);
    this.rows = rows;
    this.say(rows.length ? null : this.data.empty);
    this.picks.use(rows, this.data, same);
    if (!same) this.root.scrollTop = 0;
    // Badges, captions or pictures may have changed: items are cheap and few, so they are made again.
    const look = JSON.stringify([this.data.badges, this.data.captions, this.data.thumb, this.data.info, this.data.label, this.data.ds, this.size]);
    if (!same || look !== this.look || this.again) this.clearItems();
    this.again = false;
    this.look = look;
    this.relayout();
    if (!same && this.picks.index >= 0) this.reveal(this.picks.index);
  }

  clearItems() {
    for (const element of this.items.values()) element.remove();
    this.items.clear();
  }

  relayout() {
    const width = this.sheet.clientWidth;
    if (!this.data || !width) return;
    const next = gridLayout({ width, count: this.rows.length, size: this.size, cards: !this.data.thumb });
    this.grid = next;
    this.sheet.style.height = `${next.total}px`;
    this.root.classList.toggle("none", !this.rows.length);
    this.invalidate();
  }

  invalidate() {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.render();
    });
  }

  render() {
    if (!this.grid) return;
    const { grid, rows } = this;
    const top = this.root.scrollTop;
    const first = Math.max(grid.lineAt(top) - AHEAD, 0) * grid.columns;
    const last = Math.min((grid.lineAt(top + this.root.clientHeight) + AHEAD + 1) * grid.columns, rows.length);
    for (const [index, element] of this.items) {
      if (index >= first && index < last) continue;
      element.remove();
      this.items.delete(index);
    }
    for (let index = first; index < last; index++) this.renderItem(index);
    const { index } = this.picks;
    if (this.items.has(index)) this.root.setAttribute("aria-activedescendant", this.items.get(index).id);
    else this.root.removeAttribute("aria-activedescendant");
  }

  renderItem(index) {
    const { grid, data } = this;
    const row = this.rows[index];
    let element = this.items.get(index);
    if (!element) {
      const caption = data.captions?.[row] ?? null;
      const card = this.cards.get(row) ?? null;
      const words = caption ?? (data.thumb ? card?.title : null) ?? null;
      element = makeItem({
        row, index, total: this.rows.length, id: `${this.prefix}-${index}`, thumb: data.thumb, badges: data.badges?.[row], caption: words, card, label: data.label !== false,
      });
      this.items.set(index, element);
      this.sheet.append(element);
      if (caption === null && data.info && (!card || this.stale.has(row))) this.fetchCard(index, row);
    }
    const [left, top] = grid.at(index);
    element.style.cssText = `width:${grid.cell}px;height:${grid.height}px;transform:translate(${left}px,${top}px)`;
    const marked = this.picks.has(row);
    element.classList.toggle("marked", marked);
    element.classList.toggle("current", index === this.picks.index);
    element.setAttribute("aria-selected", String(marked));
  }

  async fetchCard(index, row) {
    const { rev, ds } = this;
    try {
      const response = await fetch(this.data.info.replace("{row}", row), { signal: this.control.signal, credentials: "same-origin" });
      if (!response.ok) return;
      const card = await response.json();
      if (ds !== this.ds) return;
      this.cards.set(row, card);
      if (rev === this.rev) this.stale.delete(row);
      const element = this.items.get(index);
      if (element?.dataset.row === String(row)) fillItem(element, card, { badges: this.data.badges?.[row], label: this.data.label !== false });
    } catch {
      // What cannot be had leaves the item as it is.
    }
  }

  indexOf(event) {
    const element = event.target.closest?.(".item");
    return element ? Number(element.dataset.index) : -1;
  }

  click(event) {
    const index = this.indexOf(event);
    if (index < 0) return;
    if (event.shiftKey) this.picks.extend(index, event.ctrlKey || event.metaKey);
    else if (event.ctrlKey || event.metaKey) this.picks.toggle(index);
    else this.picks.move(index, { now: true });
    this.invalidate();
  }

  open(index) {
    if (index >= 0) this.send("open", { row: Number(this.rows[index]) });
  }

  key(event) {
    const command = this.commandOf(event);
    if (command) {
      event.preventDefault();
      event.stopPropagation();
      this.picks.flush();
      this.send("command", { name: command });
      return;
    }
    if (!this.act(event)) return;
    event.preventDefault();
    event.stopPropagation();
    this.invalidate();
  }

  commandOf(event) {
    const key = event.key.toLowerCase();
    if (event.altKey) return null;
    if (!event.ctrlKey && !event.metaKey) return KEYS.has(key) ? key : null;
    if (key === "z") return event.shiftKey ? "ctrl+shift+z" : "ctrl+z";
    return key === "y" ? "ctrl+shift+z" : null;
  }

  act(event) {
    const { picks, grid, rows } = this;
    if (!grid || !rows.length) return false;
    const control = event.ctrlKey || event.metaKey;
    if (control && event.key.toLowerCase() === "a") return picks.all();
    if (event.key === "Escape") return picks.clear();
    if (event.key === "Enter") return this.open(picks.index), true;
    if (event.key === " ") return picks.toggle(Math.max(picks.index, 0));
    const page = grid.page(this.root.clientHeight);
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -grid.columns, ArrowDown: grid.columns, PageUp: -page, PageDown: page, Home: -Infinity, End: Infinity };
    const step = steps[event.key];
    if (step === undefined) return false;
    const from = picks.index;
    let to = from < 0 && Number.isFinite(step) ? 0 : Math.min(Math.max(from + step, 0), rows.length - 1);
    // Up from the first line stays; down from the last but one reaches the last item, however short that line is.
    if (event.key === "ArrowUp" && from + step < 0) to = Math.max(from, 0);
    if (event.shiftKey) picks.extend(to, false);
    else picks.move(to, { now: false });
    this.reveal(to);
    return true;
  }

  reveal(index) {
    if (!this.grid) return;
    const [, top] = this.grid.at(index);
    const room = this.root.clientHeight;
    if (top - EDGE < this.root.scrollTop) this.root.scrollTop = top - EDGE;
    else if (top + this.grid.height + EDGE > this.root.scrollTop + room) this.root.scrollTop = top + this.grid.height + EDGE - room;
  }

  destroy() {
    cancelAnimationFrame(this.frame);
    this.control.abort();
    this.fetching?.abort();
    this.observer.disconnect();
    this.picks.destroy();
    this.root.remove();
  }
}
