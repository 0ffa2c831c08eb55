// What moves by itself: the view on its way to another view, the points on their way to other positions.

const MOVE_MS = 400;
const GLIDE_MS = 180;
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const ease = (t) => (t < 0.5 ? 4 * t ** 3 : 1 - (-2 * t + 2) ** 3 / 2);

export class Motion {
  constructor(view) {
    Object.assign(this, { view, move: null, goal: null });
  }

  // To {scale, cx, cy, fitted}, in 180 ms.
  glide(goal) {
    const { cx, cy, scale } = this.view.camera;
    this.goal = { ...goal, from: { cx, cy, scale }, start: performance.now() - (calm.matches ? GLIDE_MS : 0) };
    this.view.invalidate();
  }

  stopGlide() {
    this.goal = null;
  }

  // From the positions shown so far, under the view so far, to the new ones: only where rows are the same.
  moveOver(before, from) {
    const same = before && before.n === this.view.points.n && !calm.matches;
    this.move = same ? { from, previous: this.reached(before, from), start: performance.now(), t: 0 } : null;
  }

  get previous() {
    return this.move?.previous ?? null;
  }

  // Where a movement that is interrupted has come to, in the units of the view so far.
  reached(before, camera) {
    if (!this.move) return before;
    const { from, previous, t } = this.move;
    const x = new Float32Array(before.n);
    const y = new Float32Array(before.n);
    const k = ease(t);
    for (let i = 0; i < before.n; i++) {
      const a = from.project(previous.x[i], previous.y[i]);
      const b = camera.project(before.x[i], before.y[i]);
      [x[i], y[i]] = camera.unproject(a[0] + (b[0] - a[0]) * k, a[1] + (b[1] - a[1]) * k);
    }
    return { x, y, n: before.n };
  }

  step(now) {
    if (this.goal) this.stepGlide(now);
    if (!this.move) return;
    this.move.t = Math.min(Math.max(now - this.move.start, 0) / MOVE_MS, 1);
    if (this.move.t >= 1) {
      this.move = null;
      this.view.renderer.setPoints(this.view.points, null);
    }
    this.view.invalidate();
  }

  // What the renderer needs of a movement.
  drawn() {
    return { from: this.move?.from ?? null, t: ease(this.move?.t ?? 1) };
  }

  stepGlide(now) {
    const { from, start, fitted, ...goal } = this.goal;
    const { camera } = this.view;
    const t = Math.min(Math.max(now - start, 0) / GLIDE_MS, 1);
    const k = 1 - (1 - t) ** 3;
    const scale = from.scale * (goal.scale / from.scale) ** k;
    // With the zoom geometric, the center must follow the same share of the way in screen units.
    const share = goal.scale === from.scale ? k : (1 / from.scale - 1 / scale) / (1 / from.scale - 1 / goal.scale);
    camera.set({ scale, cx: from.cx + (goal.cx - from.cx) * share, cy: from.cy + (goal.cy - from.cy) * share });
    if (t < 1) return this.view.invalidate();
    if (fitted) camera.fit();
    this.goal = null;
    return this.view.rememberView();
  }
}
