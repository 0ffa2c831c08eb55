// In which order points are drawn: excluded, the rest, selected; at random inside each, so that no class always covers
// another and the first k are a fair sample for dragging.

export const SELECTED = 1;
export const HIDDEN = 2;
export const EXCLUDED = 4;
export const FLAGGED = 8;

let cached = new Uint32Array(0);

// A fixed pseudo-random permutation of 0..n-1.
export function permutation(n) {
  if (cached.length === n) return cached;
  const items = new Uint32Array(n);
  for (let i = 0; i < n; i++) items[i] = i;
  let seed = 0x9e3779b9;
  for (let i = n - 1; i > 0; i--) {
    seed ^= seed << 13;
    seed ^= seed >>> 17;
    seed ^= seed << 5;
    const j = (seed >>> 0) % (i + 1);
    const kept = items[i];
    items[i] = items[j];
    items[j] = kept;
  }
  return (cached = items);
}

export function drawOrder(state) {
  const n = state.length;
  const random = permutation(n);
  let excluded = 0;
  let selected = 0;
  let hidden = 0;
  for (let i = 0; i < n; i++) {
    const s = state[i];
    if (s & HIDDEN) hidden++;
    else if (s & SELECTED) selected++;
    else if (s & EXCLUDED) excluded++;
  }
  const visible = n - hidden;
  const rest = visible - excluded - selected;
  const index = new Uint32Array(visible);
  let e = 0;
  let r = excluded;
  let s = excluded + rest;
  for (let k = 0; k < n; k++) {
    const i = random[k];
    const bits = state[i];
    if (bits & HIDDEN) continue;
    if (bits & SELECTED) index[s++] = i;
    else if (bits & EXCLUDED) index[e++] = i;
    else index[r++] = i;
  }
  return { index, excluded, rest, selected, hidden };
}
