// One mounted map: keeps data, camera, renderer and the layers above it in step; draws only when something changed.

import { Camera } from "./camera.js";
import { Chrome, make } from "./chrome.js";
import { Source, fetchColor, fetchPoints, fetchState } from "./data.js";
import { HoverCard } from "./hover.js";
import { Input } from "./input.js";
import { Labels } from "./labels.js";
import { recall, remember } from "./memory.js";
import { Motion } from "./motion.js";
import { drawOrder } from "./order.js";
import { Overlay } from "./overlay.js";
import { FlatRenderer } from "./renderer_2d.js";
import { GlRenderer } from "./renderer_gl.js";
import { Selection } from "./selection.js";
import { MANY, Sample, pointStyle, typicalDensity } from "./style.js";
import { readTheme } from "./theme.js";

export class MapView {
  constructor(parent, send) {
    this.send = send;
    this.camera = new Camera();
    this.control = new AbortController();
    this.layOut(parent);
    this.motion = new Motion(this);
    this.sample = new Sample();
    this.selection = new Selection(this);
    this.truth = this.state = new Uint8Array(0);
    this.order = drawOrder(this.state);
    this.failures = new Map();
    this.makeSources();
    this.input = new Input(this, this.control.signal);
    this.setTool("pan");
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(this.root);
    window.addEventListener("resize", () => this.resize(), { signal: this.control.signal });
    document.fonts?.ready.then(() => { this.labels.measure(); this.invalidate("layers"); });
    this.resize();
  }

  layOut(parent) {
    this.root = make("section", "map");
    this.root.setAttribute("aria-label", "Map of the data set");
    this.stage = make("div", "stage");
    this.names = make("div", "names");
    this.root.append(this.stage);
    this.makeCanvas();
    this.overlay = new Overlay(this.root);
    this.root.append(this.names);
    this.labels = new Labels(this.names, (id, mode) => this.selection.pickCluster(id, mode));
    this.chrome = new Chrome(this.root, {
      tool: (name) => this.setTool(name),
      view: (name) => (name === "fit" ? this.fit() : this.zoomCenter(name === "in" ? 1.6 : 1 / 1.6)),
    });
    this.hover = new HoverCard(this.root);
    parent.append(this.root);
  }

  // A canvas that has once given a WebGL context gives no other kind, so a change of renderer needs a new canvas.
  makeCanvas(flat = false) {
    this.renderer?.destroy();
    this.canvas = make("canvas", "points");
    this.stage.replaceChildren(this.canvas);
    const gl = flat ? null : GlRenderer.create(this.canvas, { lost: () => this.contextLost(), restored: () => this.contextRestored() });
    this.renderer = gl ?? new FlatRenderer(this.canvas);
    this.root.dataset.renderer = this.renderer.kind;
  }

  contextLost() {
    clearTimeout(this.lostTimer);
    this.lostTimer = setTimeout(() => {
      this.makeCanvas(true);
      this.resize();
      this.feed();
    }, 2500);
  }

  contextRestored() {
    clearTimeout(this.lostTimer);
    this.invalidate();
  }

  makeSources() {
    const source = (words, load, ready) => {
      const one = new Source({
        load,
        ready: (value) => { this.failures.delete(one); ready(value); this.showStatus(); },
        failed: (why) => { this.failures.set(one, `${words} could not be loaded: ${why}.`); this.showStatus(); },
      });
      return one;
    };
    this.points$ = source("The map", fetchPoints, (points) => this.pointsArrived(points));
    this.color$ = source("The colors", fetchColor, (values) => this.colorArrived(values));
    this.state$ = source("The selection", fetchState, (state) => this.stateArrived(state));
  }

  update(data) {
    this.data = data;
    this.root.style.height = data.height ?? "";
    this.theme = readTheme(this.root);
    if (this.theme.dark !== (this.root.dataset.theme === "dark")) this.invalidate();
    this.root.dataset.theme = this.theme.dark ? "dark" : "light";
    this.hover.use(data.thumb, data.info);
    this.chrome.setCaption(data.caption);
    this.labels.set(data.labels ?? []);
    const pointsUrl = data.n > 0 && data.points ? data.points.url : null;
    this.points$.follow(pointsUrl);
    this.color$.follow(pointsUrl && data.color ? data.color.url : null, data.color?.kind);
    this.state$.follow(pointsUrl && data.state ? data.state.url : null);
    if (!pointsUrl) this.clearPoints();
    if (this.points && !this.color$.loading) this.feedColor();
    if (!data.selected_count && !this.state$.loading && !this.selection.pending) this.overlay.clear();
    this.describe();
    this.showStatus();
    this.selection.settle();
    this.resize();
  }

  describe() {
    const { data } = this;
    const words = [`${data.points?.label ?? "Map"} of ${data.n.toLocaleString("en-US")} items`];
    if (data.selected_count) words.push(`${data.selected_count.toLocaleString("en-US")} selected`);
    words.push("arrows move, plus and minus zoom, 0 fits, Enter selects the middle, Escape selects nothing");
    this.canvas.setAttribute("aria-label", words.join("; "));
    this.canvas.setAttribute("role", "application");
    this.canvas.tabIndex = 0;
  }

  showStatus() {
    const { data, chrome } = this;
    const [failed] = this.failures.entries();
    chrome.setNotice(failed?.[1], () => {
      this.failures.delete(failed[0]);
      failed[0].start();
      this.showStatus();
    });
    const waiting = this.points$.loading && !this.points;
    chrome.setBusy(data.busy ?? (waiting ? { text: `Loading ${data.n.toLocaleString("en-US")} points`, fraction: null } : null));
    const nothing = !this.points && !waiting && !this.failures.size;
    // With points there are words only where every one of them is hidden.
    chrome.setMessage(nothing ? data.empty || (data.n ? null : "There is nothing to show yet.") : this.points ? data.empty : null);
    this.invalidate("layers");
  }

  clearPoints() {
    this.points = null;
    this.look = null;
    this.selection.grid = null;
    this.truth = this.state = new Uint8Array(0);
    this.order = drawOrder(this.state);
    for (const source of [this.points$, this.color$, this.state$]) this.failures.delete(source);
    this.renderer.setState(this.state, this.order);
    this.invalidate();
    this.hover.hide();
    this.overlay.clear();
  }

  pointsArrived(points) {
    const before = this.points;
    const from = this.camera.copy();
    this.points = points;
    this.selection.grid = null;
    this.density = typicalDensity(points.x, points.y, points.bounds);
    this.hover.hide();
    this.overlay.hideRing();
    this.overlay.clear();
    this.camera.setBounds(points.bounds);
    this.selection.prepare();
    this.restoreView();
    this.motion.moveOver(before, from);
    this.renderer.setPoints(points, this.motion.previous);
    // The states may have come before the positions, or be those of another number of rows.
    this.showState(this.state.length === points.n ? this.state : new Uint8Array(points.n));
    if (!this.color$.loading) this.feedColor();
  }

  colorArrived(values) {
    this.values = values;
    this.valuesOf = this.color$.url;
    this.valuesKind = this.color$.rest[0];
    if (this.points) this.feedColor();
    this.invalidate();
  }

  feedColor() {
    const { color } = this.data;
    const look = JSON.stringify([color, this.points.n, this.valuesOf]);
    if (look === this.look) return;
    this.look = look;
    const usable = color && this.values?.length === this.points.n && this.valuesOf === color.url;
    const kind = usable ? this.valuesKind : "category";
    this.renderer.setColor({
      kind,
      values: usable ? this.values : new Uint16Array(this.points.n).fill(65535),
      palette: color?.palette ?? [],
      missing: color?.missing ?? "#8b949e",
      range: color?.range ?? [0, 1],
    });
    this.invalidate();
  }

  stateArrived(state) {
    const n = this.points?.n ?? this.data.n;
    this.selection.pending = false;
    this.truth = state.length === n ? state : new Uint8Array(n);
    this.showState(this.truth);
    if (!this.order.selected) this.overlay.clear();
  }

  showState(state) {
    this.state = state;
    this.order = drawOrder(state);
    if (this.points?.n === state.length) this.renderer.setState(state, this.order);
    this.invalidate();
  }

  feed() {
    if (!this.points) return;
    this.look = null;
    this.renderer.setPoints(this.points, null);
    this.renderer.setState(this.state, this.order);
    this.feedColor();
  }

  viewKey() {
    return `${this.data.ds}:${this.data.points?.url}`;
  }

  restoreView() {
    const kept = recall(this.viewKey());
    if (kept && Number.isFinite(kept.ratio)) this.camera.set({ cx: kept.cx, cy: kept.cy, scale: kept.ratio * this.camera.home().scale });
  }

  rememberView() {
    const { cx, cy, fitted, zoom } = this.camera;
    if (this.points) remember(this.viewKey(), fitted ? null : { cx, cy, ratio: zoom });
  }

  setTool(name) {
    this.tool = name;
    this.input.setTool(name);
    this.chrome.setTool(name);
    this.root.dataset.tool = name;
  }

  resize() {
    const { clientWidth: width, clientHeight: height } = this.root;
    if (!width || !height) return;
    const pixels = Math.min(devicePixelRatio || 1, this.points?.n > MANY ? 1.5 : 3);
    if (width !== this.camera.width || height !== this.camera.height) this.camera.resize(width, height);
    if (this.sized !== `${width} ${height} ${pixels} ${this.renderer.kind}`) {
      this.sized = `${width} ${height} ${pixels} ${this.renderer.kind}`;
      this.renderer.resize(width, height, pixels);
      this.draw(performance.now());
    }
    this.invalidate();
  }

  fit() {
    this.motion.glide({ ...this.camera.home(), fitted: true });
  }

  zoomCenter(factor) {
    const { width, height } = this.camera;
    this.motion.glide(this.camera.zoomed(width / 2, height / 2, factor));
  }

  changed() {
    this.motion.stopGlide();
    this.rememberView();
    this.invalidate();
  }

  // Asks for a frame. Points cost the most and are drawn again only when they look different; the pointer costs the least.
  invalidate(what = "points") {
    this.dirty ||= what === "points";
    this.unplaced ||= what !== "pointer";
    this.frame ||= requestAnimationFrame((now) => {
      this.frame = 0;
      if (this.dirty) this.draw(now);
      if (this.unplaced) this.placeLayers();
      this.input.afterDraw();
    });
  }

  draw(now) {
    if (!this.data || !this.theme) return;
    this.dirty = false;
    this.motion.step(now);
    const { camera, points } = this;
    const style = pointStyle({ n: points?.n ?? 0, camera, density: this.density ?? 0 });
    this.diameter = style.diameter;
    this.renderer.draw({
      ...style,
      camera,
      ...this.motion.drawn(),
      fade: this.theme.dark ? 0.36 : 0.42,
      outline: this.theme.outline,
      sample: this.moving || this.motion.move ? this.sample.next(now, points?.n ?? 0) : this.sample.rest(),
    });
  }

  placeLayers() {
    if (!this.data) return;
    this.unplaced = false;
    const { camera } = this;
    const { toolbar, caption } = this.chrome;
    this.labels.layout(camera, {
      taken: [
        [0, 0, toolbar.offsetWidth + 22, toolbar.offsetHeight + 18],
        [0, camera.height - caption.offsetHeight - 12, caption.offsetWidth + 18, camera.height],
      ],
      selecting: this.order.selected > 0,
      hidden: Boolean(this.motion.move) || !this.points,
    });
    this.overlay.place(camera);
  }

  destroy() {
    cancelAnimationFrame(this.frame);
    clearTimeout(this.lostTimer);
    this.control.abort();
    this.observer.disconnect();
    for (const source of [this.points$, this.color$, this.state$]) source.stop();
    this.input.destroy();
    this.selection.destroy();
    this.hover.hide();
    this.renderer.destroy();
    this.root.remove();
  }
}
