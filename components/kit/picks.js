// Which item is current and which are marked; tells the page, and takes the page's answer as the truth.

const WAIT_MS = 140;
const MOST = 10_000;

export class Picks {
  constructor(send) {
    Object.assign(this, { send, index: -1, anchor: -1, away: null, marked: new Set(), everything: false, rows: [], sent: [], heard: null });
  }

  // The current row, also while it is not among those shown.
  get row() {
    return this.index < 0 ? this.away : Number(this.rows[this.index]);
  }

  // New rows or the page's own current item and marks. An echo of what was told before, but is no longer true, is not taken.
  use(rows, { current, marked }, same) {
    this.rows = rows;
    const truth = JSON.stringify([current ?? null, marked ?? []]);
    const echo = this.sent.lastIndexOf(truth);
    const stale = same && (truth === this.heard || echo >= 0);
    this.heard = truth;
    if (echo >= 0) this.sent.splice(0, echo + 1);
    if (stale) return;
    this.sent = [];
    this.everything = false;
    this.marked = new Set(marked ?? []);
    this.away = null;
    this.index = current === null || current === undefined ? -1 : rows.indexOf(current);
    this.anchor = this.index;
  }

  // Other rows of the same list, as under a filter: the current row and the marks stay, in sight or not.
  show(rows) {
    const { row } = this;
    const anchor = this.anchor < 0 ? -1 : rows.indexOf(this.rows[this.anchor]);
    this.rows = rows;
    this.index = row === null ? -1 : rows.indexOf(row);
    this.away = this.index < 0 ? row : null;
    this.anchor = anchor < 0 ? this.index : anchor;
  }

  has(row) {
    return this.everything || this.marked.has(row);
  }

  move(index, { now }) {
    this.index = this.anchor = index;
    this.tell(now);
    return true;
  }

  toggle(index) {
    this.one();
    this.index = this.anchor = index;
    const row = this.rows[index];
    if (!this.marked.delete(row)) this.marked.add(row);
    this.tell(true);
    return true;
  }

  // Marks everything from the last single pick to here.
  extend(index, keep) {
    this.one();
    const from = Math.max(this.anchor, 0);
    if (!keep) this.marked.clear();
    for (let i = Math.min(from, index); i <= Math.max(from, index) && this.marked.size < MOST; i++) this.marked.add(this.rows[i]);
    this.index = index;
    this.tell(false);
    return true;
  }

  all() {
    this.everything = this.rows.length > MOST;
    this.marked = new Set(this.everything ? [] : this.rows);
    this.tell(true);
    return true;
  }

  clear() {
    if (!this.marked.size && !this.everything) return false;
    this.everything = false;
    this.marked.clear();
    this.tell(true);
    return true;
  }

  // "Everything" above the limit cannot become a list with holes: it is dropped when single items are picked.
  one() {
    if (this.everything) this.marked.clear();
    this.everything = false;
  }

  // Held arrow keys would otherwise queue a rerun per step.
  tell(now) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.flush(true), now ? 0 : WAIT_MS);
    this.due = true;
  }

  flush() {
    clearTimeout(this.timer);
    if (!this.due) return;
    this.due = false;
    const { row } = this;
    const rows = [...this.marked].map(Number);
    this.sent.push(JSON.stringify([row, rows]));
    this.send("pick", { row, rows, all: this.everything });
  }

  destroy() {
    clearTimeout(this.timer);
  }
}
