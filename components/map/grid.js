// A uniform grid over the points: the nearest one to the pointer without a tree.

import { HIDDEN } from "./order.js";

export class Grid {
  constructor(x, y, { xmin, xmax, ymin, ymax }) {
    const n = x.length;
    this.x = x;
    this.y = y;
    this.xmin = xmin;
    this.ymin = ymin;
    const span = Math.max(xmax - xmin, ymax - ymin) || 1;
    const side = Math.min(Math.max(Math.round(Math.sqrt(n / 3)), 1), 1500);
    this.cell = span / side;
    this.columns = Math.max(Math.ceil((xmax - xmin) / this.cell), 1);
    this.lines = Math.max(Math.ceil((ymax - ymin) / this.cell), 1);
    const cells = new Uint32Array(n);
    this.starts = new Uint32Array(this.columns * this.lines + 1);
    for (let i = 0; i < n; i++) {
      cells[i] = this.line(y[i]) * this.columns + this.column(x[i]);
      this.starts[cells[i] + 1]++;
    }
    for (let c = 0; c < this.starts.length - 1; c++) this.starts[c + 1] += this.starts[c];
    const next = this.starts.slice(0, -1);
    this.rows = new Uint32Array(n);
    for (let i = 0; i < n; i++) this.rows[next[cells[i]]++] = i;
  }

  column(x) {
    return Math.min(Math.max(Math.floor((x - this.xmin) / this.cell), 0), this.columns - 1);
  }

  line(y) {
    return Math.min(Math.max(Math.floor((y - this.ymin) / this.cell), 0), this.lines - 1);
  }

  // The nearest row to (x, y) in data units that is not hidden and at most `radius` away, else -1.
  nearest(x, y, radius, state) {
    let best = -1;
    let least = radius * radius;
    const left = this.column(x - radius);
    const right = this.column(x + radius);
    const bottom = this.line(y - radius);
    const top = this.line(y + radius);
    for (let l = bottom; l <= top; l++) {
      for (let k = this.starts[l * this.columns + left]; k < this.starts[l * this.columns + right + 1]; k++) {
        const i = this.rows[k];
        const distance = (this.x[i] - x) ** 2 + (this.y[i] - y) ** 2;
        if (distance <= least && !(state[i] & HIDDEN)) {
          least = distance;
          best = i;
        }
      }
    }
    return best;
  }
}
