// How large and how opaque points are, from how many there are and how far the view is zoomed in.

import { permutation } from "./order.js";

export const MANY = 300_000;
const AT_FIRST = 150_000;
const AT_LEAST = 15_000;
const SLOW_MS = 55;
const FAST_MS = 24;

// How many points to draw while the view moves: a random part of many, and fewer where the machine is slow.
export class Sample {
  // 0 = all points, as at rest.
  rest() {
    this.last = 0;
    return 0;
  }

  next(now, n) {
    const waited = now - this.last;
    if (!this.last) this.size = Math.min(this.size ?? Infinity, n > MANY ? AT_FIRST : n);
    else if (waited > SLOW_MS) this.size *= 0.7;
    else if (waited < FAST_MS) this.size *= 1.15;
    this.last = now;
    this.size = Math.min(Math.max(this.size, AT_LEAST), n > MANY ? 2 * AT_FIRST : n);
    return Math.ceil(this.size);
  }
}

export function pointStyle({ n, camera, density }) {
  const zoom = Math.max(camera.zoom, 0.35);
  const base = Math.min(Math.max(13.2 - 1.95 * Math.log10(Math.max(n, 1) + 1), 1.7), 9.5);
  const diameter = Math.min(base * Math.min(zoom, 1) ** 0.5 * Math.max(zoom, 1) ** 0.28, 15);
  // Points under a typical point: with many, opacity goes down so that dense places stay darker than sparse ones.
  const overlap = density * (Math.PI / 4) * diameter ** 2 / (camera.scale * camera.scale);
  const alpha = Math.min(Math.max(1.15 / Math.sqrt(1 + overlap * 0.55), 0.16), 0.88);
  // Outlines of small points would hide their colors.
  const line = Math.min(Math.max((diameter - 3.4) / 4, 0), 1);
  return { diameter, alpha, line };
}

// Points per square data unit around a typical point, from the cells of a coarse histogram weighted by what they hold.
export function typicalDensity(x, y, { xmin, xmax, ymin, ymax }) {
  const n = x.length;
  if (n < 2) return 0;
  const side = Math.min(Math.max(Math.round(Math.sqrt(n / 10)), 4), 128);
  const width = (xmax - xmin || 1) / side;
  const height = (ymax - ymin || 1) / side;
  const cells = new Float64Array(side * side);
  const sample = permutation(n);
  const used = Math.min(n, 50_000);
  for (let k = 0; k < used; k++) {
    const i = sample[k];
    const c = Math.min(Math.max(Math.floor((x[i] - xmin) / width), 0), side - 1);
    const l = Math.min(Math.max(Math.floor((y[i] - ymin) / height), 0), side - 1);
    cells[l * side + c]++;
  }
  let squares = 0;
  for (const count of cells) squares += count * count;
  return ((squares / used) * (n / used)) / (width * height);
}
