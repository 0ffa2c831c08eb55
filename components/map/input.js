// What the person does on one map, turned into changes of its view and into events for the page.

import { commandOf, keysAreTaken, mapKey } from "./keys.js";
import { Pointer } from "./tools.js";

export class Input {
  constructor(view, signal) {
    this.view = view;
    const { root } = view;
    this.signal = signal;
    this.pointer = new Pointer(root, this.pointerActs(), signal);
    // Heard on the root, not on the canvas, which is another one after a change of renderer.
    root.addEventListener("keydown", (event) => this.key(event), { signal });
    root.addEventListener("keyup", (event) => event.key === " " && this.hold(false), { signal });
    root.addEventListener("focusout", () => { this.hold(false); this.endCross(); }, { signal });
    document.addEventListener("keydown", (event) => this.command(event), { signal });
    root.addEventListener("wheel", (event) => this.pointer.wheel(event), { signal, passive: false });
  }

  setTool(name) {
    this.pointer.tool = name;
  }

  pointerActs() {
    const { view } = this;
    return {
      focus: () => view.canvas.focus({ preventScroll: true }),
      pan: (dx, dy) => { view.camera.pan(dx, dy); view.changed(); },
      zoom: (px, py, factor, smooth) => this.zoom(px, py, factor, smooth),
      moving: (on) => this.moving(on),
      trace: (vertices) => view.overlay.draw(vertices),
      area: (vertices, kind, mode) => view.selection.selectArea(vertices, kind, mode),
      cancel: () => view.overlay.clear(),
      click: (px, py, mode) => this.click(px, py, mode),
      label: (id, mode) => view.selection.pickCluster(id, mode),
      miss: (mode) => mode === "replace" && view.order.selected && view.selection.pickRow(null, "replace"),
      hover: (px, py) => this.pointAt(px, py),
      leave: () => this.leave(),
    };
  }

  zoom(px, py, factor, smooth) {
    const { view } = this;
    this.leave();
    if (smooth) return view.motion.glide(view.camera.zoomed(px, py, factor));
    view.camera.zoomAt(px, py, factor);
    this.moving(true);
    clearTimeout(this.settle);
    this.settle = setTimeout(() => this.moving(false), 140);
    return view.changed();
  }

  moving(on) {
    this.view.moving = on;
    this.view.root.classList.toggle("dragging", on);
    this.view.invalidate();
  }

  click(px, py, mode) {
    const row = this.view.selection.rowAt(px, py);
    if (row < 0) return false;
    this.view.selection.pickRow(row, mode);
    this.at = [px, py];
    this.moved = true;
    this.view.invalidate("pointer");
    return true;
  }

  leave() {
    this.at = null;
    this.view.hover.hide();
    this.view.overlay.hideRing();
    this.view.stage.style.cursor = "";
  }

  // The first move of a frame is answered at once, the last one when the frame comes.
  pointAt(px, py) {
    this.at = [px, py];
    this.keyboard = false;
    this.moved = true;
    if (this.view.frame) return;
    this.view.invalidate("pointer");
    this.afterDraw();
  }

  // Shows the card for the pointer's place.
  afterDraw() {
    const { view } = this;
    if (!this.at || !this.moved || view.motion.move || this.pointer.drag?.moved) return;
    this.moved = false;
    const row = view.selection.rowAt(...this.at);
    view.stage.style.cursor = row < 0 ? "" : "pointer";
    if (row < 0) {
      view.hover.hide();
      view.overlay.hideRing();
      return;
    }
    const { camera, points } = view;
    const [px, py] = camera.project(points.x[row], points.y[row]);
    view.overlay.setRing(px, py, view.diameter / 2 + 3);
    view.hover.show(row, [px, py, camera.width, camera.height]);
  }

  key(event) {
    const { view } = this;
    const acts = {
      step: (dx, dy) => { view.camera.pan(dx, dy); view.changed(); this.cross(); },
      zoomBy: (factor) => view.zoomCenter(factor),
      fit: () => view.fit(),
      tool: (name) => view.setTool(name),
      pickCenter: (mode) => this.click(view.camera.width / 2, view.camera.height / 2, mode),
      all: () => this.all(),
      escape: () => this.escape(),
      hold: (on) => this.hold(on),
    };
    if (event.altKey && event.key !== "Enter") return;
    if (event.target.closest(".toolbar, .notice")) return;
    if (event.target.closest(".label") && (event.key === "Enter" || event.key === " ")) return;
    if (mapKey(event, acts, this.pointer.held)) event.preventDefault();
  }

  // Where the keyboard points: the middle of the map.
  cross() {
    const { view } = this;
    const middle = [Math.round(view.camera.width / 2), Math.round(view.camera.height / 2)];
    this.keyboard = true;
    this.moved = true;
    this.at = middle;
    view.overlay.setCross(middle);
  }

  endCross() {
    this.view.overlay.setCross(null);
    if (this.keyboard) this.leave();
    this.keyboard = false;
  }

  all() {
    const { width, height } = this.view.camera;
    this.view.selection.selectArea([[0, 0], [width, 0], [width, height], [0, height]], "box", "replace");
    this.view.overlay.clear();
  }

  escape() {
    const { view } = this;
    if (this.pointer.stop()) return;
    if (view.order.selected) view.selection.pickRow(null, "replace");
    view.overlay.clear();
    this.endCross();
  }

  hold(on) {
    this.pointer.held = on;
    this.view.root.classList.toggle("held", on);
  }

  command(event) {
    if (keysAreTaken(event)) return;
    const name = commandOf(event);
    if (!name) return;
    event.preventDefault();
    this.view.send("command", { name });
  }

  destroy() {
    this.at = null;
    clearTimeout(this.settle);
    this.pointer.destroy();
  }
}
