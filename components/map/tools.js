// Pointer and wheel on the map: pan, zoom, lasso, box, click, hover, pinch.

const CLICK_SLOP = 4;
const DOUBLE_MS = 260;
const MAX_VERTICES = 2000;

export function modeOf(event) {
  return event.shiftKey ? "add" : event.altKey ? "subtract" : "replace";
}

export class Pointer {
  // acts: focus(), pan(dx, dy), zoom(px, py, factor, smooth), moving(on), trace(vertices), area(vertices, kind, mode), cancel(),
  // click(px, py, mode) -> whether a point was there, miss(mode), label(id, mode), hover(px, py), leave()
  constructor(target, acts, signal) {
    Object.assign(this, { target, acts, tool: "pan", down: new Map(), drag: null, lastTap: 0, wait: 0 });
    const on = (name, act, options = {}) => target.addEventListener(name, act.bind(this), { signal, ...options });
    on("pointerdown", this.press);
    on("pointermove", this.move);
    on("pointerup", this.release);
    on("pointercancel", this.abort);
    on("lostpointercapture", (event) => this.down.has(event.pointerId) && this.abort(event));
    on("pointerleave", (event) => this.drag || event.pointerType === "touch" || this.acts.leave());
    on("contextmenu", (event) => this.drag && event.preventDefault());
    on("auxclick", (event) => event.button === 1 && event.preventDefault());
  }

  at(event) {
    const box = this.target.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  press(event) {
    if (event.target.closest?.(".toolbar, .notice")) return;
    if (event.pointerType === "mouse" && event.button > 1) return;
    this.acts.focus();
    if (event.button === 1) event.preventDefault();
    this.target.setPointerCapture(event.pointerId);
    const at = this.at(event);
    this.down.set(event.pointerId, at);
    if (this.down.size === 2) return this.startPinch();
    if (this.down.size > 2) return;
    const byShift = this.tool === "pan" && event.shiftKey;
    const kind = event.button === 1 || this.held ? "pan" : byShift ? "lasso" : this.tool;
    this.drag = { kind, start: at, last: at, path: [at], mode: modeOf(event), moved: false, label: event.target.closest?.(".label") };
  }

  move(event) {
    const at = this.at(event);
    if (!this.drag && !this.pinch) {
      if (event.pointerType === "touch") return undefined;
      return event.target.closest?.(".label, .toolbar, .notice") ? this.acts.leave() : this.acts.hover(...at);
    }
    if (!this.down.has(event.pointerId)) return undefined;
    this.down.set(event.pointerId, at);
    if (this.pinch) return this.movePinch();
    const { drag } = this;
    if (!drag.moved && Math.hypot(at[0] - drag.start[0], at[1] - drag.start[1]) < CLICK_SLOP) return undefined;
    if (!drag.moved) {
      drag.moved = true;
      this.acts.leave();
      if (drag.kind === "pan") this.acts.moving(true);
    }
    if (drag.kind === "pan") this.acts.pan(at[0] - drag.last[0], at[1] - drag.last[1]);
    else if (drag.kind === "box") this.acts.trace((drag.path = box(drag.start, at)));
    else this.extend(event);
    drag.last = at;
    return undefined;
  }

  extend(event) {
    const { path } = this.drag;
    const merged = event.getCoalescedEvents?.() ?? [];
    for (const one of merged.length ? merged : [event]) {
      const [x, y] = this.at(one);
      const [px, py] = path[path.length - 1];
      if (Math.hypot(x - px, y - py) >= 2) path.push([x, y]);
    }
    this.acts.trace(path);
  }

  release(event) {
    if (!this.down.delete(event.pointerId)) return;
    if (this.pinch) {
      if (this.down.size < 2) this.endPinch();
      return;
    }
    const { drag } = this;
    this.drag = null;
    if (!drag) return;
    if (!drag.moved) this.tap(event, drag);
    else if (drag.kind === "pan") this.acts.moving(false);
    else {
      const path = thin(drag.path, MAX_VERTICES);
      if (path.length >= 3 && extent(path) > 6) this.acts.area(path, drag.kind, drag.mode);
      else this.acts.cancel();
    }
  }

  // A second tap nearby zooms in; a single one is told at once, so that selecting feels immediate.
  tap(event, drag) {
    if (drag.label) return this.acts.label(Number(drag.label.dataset.id), drag.mode);
    const now = performance.now();
    const [px, py] = drag.start;
    const near = this.lastAt && Math.hypot(px - this.lastAt[0], py - this.lastAt[1]) < 8;
    if (now - this.lastTap < DOUBLE_MS && near) {
      this.lastTap = 0;
      clearTimeout(this.wait);
      this.acts.zoom(px, py, event.altKey ? 0.5 : 2, true);
      return undefined;
    }
    this.lastTap = now;
    this.lastAt = [px, py];
    if (this.acts.click(px, py, drag.mode)) return undefined;
    // Beside every point a click empties the selection: wait until it cannot be half of a double click.
    clearTimeout(this.wait);
    this.wait = setTimeout(() => this.acts.miss(drag.mode), DOUBLE_MS);
    return undefined;
  }

  abort(event) {
    this.down.delete(event.pointerId);
    if (this.pinch && this.down.size < 2) this.endPinch();
    if (this.drag) this.stop();
  }

  // Gives up the drag; what was drawn so far is dropped.
  stop() {
    const { drag } = this;
    this.drag = null;
    if (drag?.kind === "pan") this.acts.moving(false);
    else if (drag) this.acts.cancel();
    return Boolean(drag?.moved);
  }

  startPinch() {
    this.stop();
    this.pinch = this.span();
    this.acts.leave();
    this.acts.moving(true);
  }

  span() {
    const [a, b] = [...this.down.values()];
    return { x: (a[0] + b[0]) / 2, y: (a[1] + b[1]) / 2, length: Math.max(Math.hypot(a[0] - b[0], a[1] - b[1]), 10) };
  }

  movePinch() {
    const next = this.span();
    this.acts.pan(next.x - this.pinch.x, next.y - this.pinch.y);
    this.acts.zoom(next.x, next.y, next.length / this.pinch.length, false);
    this.pinch = next;
  }

  endPinch() {
    this.pinch = null;
    this.acts.moving(false);
  }

  wheel(event) {
    event.preventDefault();
    const lines = event.deltaMode === 1 ? 16 : event.deltaMode === 2 ? 400 : 1;
    const step = Math.min(Math.max(event.deltaY * lines, -240), 240);
    this.acts.zoom(...this.at(event), Math.exp(-step * (event.ctrlKey ? 0.01 : 0.0022)), false);
  }

  destroy() {
    clearTimeout(this.wait);
  }
}

function box([x1, y1], [x2, y2]) {
  return [[x1, y1], [x2, y1], [x2, y2], [x1, y2]];
}

function extent(path) {
  const xs = path.map((p) => p[0]);
  const ys = path.map((p) => p[1]);
  return Math.min(Math.max(...xs) - Math.min(...xs), Math.max(...ys) - Math.min(...ys));
}

function thin(path, most) {
  if (path.length <= most) return path;
  const step = path.length / most;
  return Array.from({ length: most }, (_, i) => path[Math.floor(i * step)]);
}
