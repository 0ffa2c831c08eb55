// Which rows lie in a polygon. Polygons are rounded to float32 before the test and before they are sent, and the test is
// the even-odd rule in float64, so that the server's answer for the same numbers is the same.

import { HIDDEN, SELECTED } from "./order.js";

export function roundPolygon(vertices) {
  return vertices.map(([x, y]) => [Math.fround(x), Math.fround(y)]);
}

export function inside(polygon, x, y) {
  let odd = false;
  for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i++) {
    const [x1, y1] = polygon[i];
    const [x2, y2] = polygon[j];
    if (y1 > y !== y2 > y && x < ((x2 - x1) * (y - y1)) / (y2 - y1) + x1) odd = !odd;
  }
  return odd;
}

// Rows that are not hidden and lie inside: Uint8Array of 0/1, and their number.
export function hitRows(polygon, xs, ys, state) {
  const hit = new Uint8Array(xs.length);
  let xmin = Infinity;
  let xmax = -Infinity;
  let ymin = Infinity;
  let ymax = -Infinity;
  for (const [x, y] of polygon) {
    xmin = Math.min(xmin, x);
    xmax = Math.max(xmax, x);
    ymin = Math.min(ymin, y);
    ymax = Math.max(ymax, y);
  }
  let count = 0;
  for (let i = 0; i < xs.length; i++) {
    const x = xs[i];
    const y = ys[i];
    if (x < xmin || x > xmax || y < ymin || y > ymax || state[i] & HIDDEN) continue;
    if (inside(polygon, x, y)) {
      hit[i] = 1;
      count++;
    }
  }
  return { hit, count };
}

// A copy of `state` with the selection changed the way that the server will change it.
export function selectRows(state, hit, mode) {
  const next = state.slice();
  for (let i = 0; i < next.length; i++) {
    if (mode === "replace") next[i] = hit[i] ? next[i] | SELECTED : next[i] & ~SELECTED;
    else if (hit[i]) next[i] = mode === "add" ? next[i] | SELECTED : next[i] & ~SELECTED;
  }
  return next;
}
