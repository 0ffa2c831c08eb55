// Draw points with the plain 2-D canvas, where the browser gives no WebGL2. Same interface as renderer_gl.js.

import { EXCLUDED } from "./order.js";
import { rgba } from "./theme.js";

const SPRITES_UP_TO = 40_000;

export class FlatRenderer {
  constructor(canvas) {
    Object.assign(this, { kind: "2d", canvas, context: canvas.getContext("2d"), kept: {}, sprites: new Map() });
  }

  setPoints(points, previous) {
    this.kept.points = points;
    this.kept.previous = previous;
  }

  setColor(color) {
    this.kept.color = color;
    this.sprites.clear();
    this.table = [...color.palette, color.missing].map((hex) => rgba(hex).map((c) => Math.round(c * 255)));
  }

  setState(state, order) {
    this.kept.state = state;
    this.kept.order = order;
  }

  resize(width, height, pixels) {
    this.pixels = pixels;
    this.canvas.width = Math.max(Math.round(width * pixels), 1);
    this.canvas.height = Math.max(Math.round(height * pixels), 1);
    this.sprites.clear();
  }

  // Index into the palette; its length stands for "missing".
  color(row) {
    const { kind, values, palette, range } = this.kept.color;
    const value = values[row];
    const last = palette.length;
    if (kind !== "number") return value === 65535 || !last ? last : value % last;
    if (Number.isNaN(value)) return last;
    const width = range[1] - range[0];
    const f = width > 0 ? Math.min(Math.max((value - range[0]) / width, 0), 1) : 0.5;
    return Math.round(f * (last - 1));
  }

  sprite(color, ring, selected, view) {
    const diameter = selected ? view.diameter * 1.06 + 1.6 * view.line : view.diameter;
    const key = `${color} ${ring} ${selected} ${diameter.toFixed(2)} ${view.outline}`;
    if (this.sprites.has(key)) return this.sprites.get(key);
    if (this.sprites.size > 4000) this.sprites.clear();
    const radius = (diameter / 2) * this.pixels;
    const side = Math.ceil(2 * radius + 2);
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = side;
    const context = canvas.getContext("2d");
    const css = ([r, g, b]) => `rgb(${r} ${g} ${b})`;
    const line = 1.25 * this.pixels;
    context.beginPath();
    context.arc(side / 2, side / 2, Math.max(ring ? radius - line / 2 : radius, 0.5), 0, 2 * Math.PI);
    context.lineWidth = line;
    context.fillStyle = context.strokeStyle = css(this.table[color]);
    if (!ring) context.fill();
    if (selected && !ring) context.strokeStyle = css(view.outline.map((c) => Math.round(c * 255)));
    if (selected && !ring) context.globalAlpha = view.line;
    if (ring || selected) context.stroke();
    this.sprites.set(key, canvas);
    return canvas;
  }

  place(row, view) {
    const { points, previous } = this.kept;
    const to = view.camera.project(points.x[row], points.y[row]);
    if (!view.from || !previous) return to;
    const from = view.from.project(previous.x[row], previous.y[row]);
    return [from[0] + (to[0] - from[0]) * view.t, from[1] + (to[1] - from[1]) * view.t];
  }

  draw(view) {
    const { context, canvas, kept } = this;
    context.clearRect(0, 0, canvas.width, canvas.height);
    if (!kept.points || !kept.color || !kept.state) return;
    const { excluded, rest, selected, index } = kept.order;
    const some = (count) => (view.sample ? Math.min(count, view.sample) : count);
    const alpha = selected ? view.alpha * view.fade : view.alpha;
    const paint = index.length > SPRITES_UP_TO ? this.paintPixels : this.paintSprites;
    paint.call(this, view, [[0, some(excluded), alpha], [excluded, some(rest), alpha], [excluded + rest, some(selected), 1]]);
  }

  paintSprites(view, ranges) {
    const { context, kept } = this;
    ranges.forEach(([first, count, alpha], pass) => {
      context.globalAlpha = alpha;
      for (let k = first; k < first + count; k++) {
        const row = kept.order.index[k];
        const [px, py] = this.place(row, view);
        if (px < -20 || py < -20 || px > view.camera.width + 20 || py > view.camera.height + 20) continue;
        const sprite = this.sprite(this.color(row), Boolean(kept.state[row] & EXCLUDED), pass === 2, view);
        context.drawImage(sprite, px * this.pixels - sprite.width / 2, py * this.pixels - sprite.height / 2);
      }
    });
    context.globalAlpha = 1;
  }

  // Square splats written straight into the image: tens of milliseconds for a million points.
  paintPixels(view, ranges) {
    const { canvas, context, kept } = this;
    const { width, height } = canvas;
    const image = context.createImageData(width, height);
    const { data } = image;
    const side = Math.max(Math.round(view.diameter * this.pixels * 0.85), 1);
    for (const [first, count, alpha] of ranges) {
      for (let k = first; k < first + count; k++) {
        const row = kept.order.index[k];
        const [px, py] = this.place(row, view);
        const left = Math.round(px * this.pixels - side / 2);
        const top = Math.round(py * this.pixels - side / 2);
        if (left < 0 || top < 0 || left + side > width || top + side > height) continue;
        const [r, g, b] = this.table[this.color(row)];
        for (let y = top; y < top + side; y++) {
          for (let at = 4 * (y * width + left), end = at + 4 * side; at < end; at += 4) {
            const below = data[at + 3] / 255;
            const total = alpha + below * (1 - alpha);
            const share = alpha / total;
            data[at] += (r - data[at]) * share;
            data[at + 1] += (g - data[at + 1]) * share;
            data[at + 2] += (b - data[at + 2]) * share;
            data[at + 3] = Math.round(total * 255);
          }
        }
      }
    }
    context.putImageData(image, 0, 0);
  }

  readPixels() {
    return new Uint8Array(this.context.getImageData(0, 0, this.canvas.width, this.canvas.height).data.buffer);
  }

  destroy() {
    this.kept = {};
    this.sprites.clear();
  }
}
