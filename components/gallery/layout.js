// Where items of a virtual grid lie, in CSS pixels.

const PICTURES = { small: 62, medium: 94, large: 146 };
const CARDS = { small: 150, medium: 250, large: 240 };
const CARD_HEIGHT = { small: 88, medium: 88, large: 106 };
const GAP = 5;
export const EDGE = 3;

export function gridLayout({ width, count, size, cards }) {
  const inner = Math.max(width - 2 * EDGE, 40);
  const wanted = (cards ? CARDS : PICTURES)[size];
  const columns = Math.max(Math.floor((inner + GAP) / (wanted + GAP)), 1);
  const cell = (inner - (columns - 1) * GAP) / columns;
  const height = cards ? CARD_HEIGHT[size] : Math.round(cell * 0.97);
  const lines = Math.ceil(count / columns);
  return {
    columns,
    cell,
    height,
    lines,
    total: lines ? 2 * EDGE + lines * (height + GAP) - GAP : 0,
    at: (i) => [EDGE + (i % columns) * (cell + GAP), EDGE + Math.floor(i / columns) * (height + GAP)],
    lineAt: (y) => Math.floor((y - EDGE) / (height + GAP)),
    page: (room) => Math.max(Math.floor(room / (height + GAP)), 1) * columns,
  };
}
