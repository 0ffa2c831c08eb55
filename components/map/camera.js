// The view: which part of the plane is seen, and how large. Screen y grows downward, data y upward.

const PADDING = { top: 72, right: 56, bottom: 52, left: 56 };

export class Camera {
  constructor() {
    Object.assign(this, { cx: 0.5, cy: 0.5, scale: 1, width: 1, height: 1, fitted: true });
    this.bounds = { xmin: 0, xmax: 1, ymin: 0, ymax: 1 };
  }

  copy() {
    return Object.assign(new Camera(), this);
  }

  // The view that shows everything, beside the toolbar and the caption.
  home() {
    const { xmin, xmax, ymin, ymax } = this.bounds;
    const small = this.width < 480;
    const pad = (side) => (small ? PADDING[side] * 0.6 : PADDING[side]);
    const w = Math.max(this.width - pad("left") - pad("right"), 40);
    const h = Math.max(this.height - pad("top") - pad("bottom"), 40);
    const spanX = xmax - xmin || (ymax - ymin ? 0 : 1);
    const spanY = ymax - ymin || (xmax - xmin ? 0 : 1);
    const scale = Math.min(spanX ? w / spanX : Infinity, spanY ? h / spanY : Infinity);
    return {
      scale,
      cx: (xmin + xmax) / 2 + (pad("right") - pad("left")) / 2 / scale,
      cy: (ymin + ymax) / 2 + (pad("top") - pad("bottom")) / 2 / scale,
    };
  }

  setBounds(bounds) {
    this.bounds = bounds;
    this.fit();
  }

  fit() {
    Object.assign(this, this.home(), { fitted: true });
  }

  resize(width, height) {
    Object.assign(this, { width, height });
    if (this.fitted) this.fit();
  }

  get zoom() {
    return this.scale / this.home().scale;
  }

  project(x, y) {
    return [(x - this.cx) * this.scale + this.width / 2, this.height / 2 - (y - this.cy) * this.scale];
  }

  unproject(px, py) {
    return [(px - this.width / 2) / this.scale + this.cx, (this.height / 2 - py) / this.scale + this.cy];
  }

  pan(dx, dy) {
    this.set({ cx: this.cx - dx / this.scale, cy: this.cy + dy / this.scale, scale: this.scale });
  }

  // The view after zooming by `factor` with the point under (px, py) kept in place.
  zoomed(px, py, factor) {
    const home = this.home().scale;
    const scale = Math.min(Math.max(this.scale * factor, home * 0.35), home * 4000);
    const [x, y] = this.unproject(px, py);
    return { scale, cx: x - (px - this.width / 2) / scale, cy: y - (this.height / 2 - py) / scale };
  }

  zoomAt(px, py, factor) {
    this.set(this.zoomed(px, py, factor));
  }

  // Keeps a part of the data in sight: a map that was dragged away cannot be found again.
  set({ cx, cy, scale }) {
    const { xmin, xmax, ymin, ymax } = this.bounds;
    const mx = (0.4 * this.width) / scale;
    const my = (0.4 * this.height) / scale;
    this.scale = scale;
    this.cx = Math.min(Math.max(cx, xmin - mx), xmax + mx);
    this.cy = Math.min(Math.max(cy, ymin - my), ymax + my);
    this.fitted = false;
  }

  // What the vertex shader multiplies with: center and factors to clip space.
  clip() {
    return [this.cx, this.cy, (2 * this.scale) / this.width, (2 * this.scale) / this.height];
  }
}
