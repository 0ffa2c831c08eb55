// What is under the pointer or inside an area: shown at once, told to the page, whose answer is the truth.

import { Grid } from "./grid.js";
import { hitRows, roundPolygon, selectRows } from "./hit.js";
import { SELECTED } from "./order.js";

const SETTLE_MS = 1500;

export class Selection {
  constructor(view) {
    // pending: an area was sent and the server's answer has not come yet.
    Object.assign(this, { view, grid: null, hits: 0, pending: false });
  }

  index() {
    const { points } = this.view;
    this.grid ??= points ? new Grid(points.x, points.y, points.bounds) : null;
  }

  // Before the first hover needs it, but after the first picture.
  prepare() {
    clearTimeout(this.indexing);
    this.indexing = setTimeout(() => this.index(), 600);
  }

  // The row drawn nearest to a place on the screen, else -1.
  rowAt(px, py) {
    const { points, camera, state, motion, diameter } = this.view;
    if (!points || motion.move) return -1;
    this.index();
    const radius = Math.max(diameter / 2 + 4, 8) / camera.scale;
    return this.grid.nearest(...camera.unproject(px, py), radius, state);
  }

  // Screen vertices.
  selectArea(vertices, kind, mode) {
    const { points, camera, overlay, motion, state, data } = this.view;
    if (!points || motion.move) return overlay.clear();
    const polygon = roundPolygon(vertices.map(([px, py]) => camera.unproject(px, py)));
    const { hit, count } = hitRows(polygon, points.x, points.y, state);
    this.hits = count;
    if (mode === "replace" && !count) overlay.clear();
    else overlay.keep(polygon);
    this.highlight(hit, mode);
    const key = data.points.url.replace(/^.*\//, "").replace(/\.bin$/, "");
    return this.view.send("lasso", { polygon, mode, kind, points: key });
  }

  highlight(hit, mode) {
    this.pending = true;
    this.view.showState(selectRows(this.view.state, hit, mode));
  }

  pickRow(row, mode) {
    const hit = new Uint8Array(this.view.points?.n ?? 0);
    if (row !== null) hit[row] = 1;
    this.view.overlay.clear();
    this.highlight(hit, mode);
    this.view.send("click", { row, mode });
  }

  pickCluster(id, mode) {
    this.view.overlay.clear();
    this.view.send("cluster", { id, mode });
  }

  // Where the page answers without a new state, what it had told before stands.
  settle() {
    clearTimeout(this.timer);
    if (!this.pending) return;
    this.timer = setTimeout(() => {
      if (this.pending && !this.view.state$.loading) this.view.stateArrived(this.view.truth);
    }, SETTLE_MS);
  }

  destroy() {
    clearTimeout(this.timer);
    clearTimeout(this.indexing);
  }

  counts() {
    let selected = 0;
    for (const bits of this.view.state) selected += bits & SELECTED;
    const { excluded, hidden } = this.view.order;
    return { n: this.view.points?.n ?? 0, selected, excluded, hidden, labels: this.view.labels.placed, hits: this.hits };
  }
}
