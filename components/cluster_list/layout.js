// How the list is divided, in CSS pixels.

import { count } from "../kit/dom.js";

// One entry with the gap below it, and the room above the first one.
export const PITCH = 84;
export const EDGE = 2;
export const AHEAD = 4;
const PICTURE = 60;
const GAP = 4;
const MOST_PICTURES = 8;
const NAMES = { least: 160, most: 340, beside_texts: 0.3 };
// Paddings, the tick and the gaps between the columns.
const FIXED = 2 * 12 + 18 + 3 * 14;
const FIGURE = 8.4;

// Widths of names and counts, and how many pictures fit beside them; texts take what is left.
export function columns(width, { entries, thumb }) {
  const letters = entries.reduce((most, entry) => Math.max(most, count(entry.count).length, entry.share.length), 5);
  const counts = Math.ceil(letters * FIGURE);
  const room = width - FIXED - counts;
  const wanted = thumb ? entries.reduce((most, entry) => Math.max(most, entry.pictures.length), 0) : 0;
  const fit = Math.floor((room - NAMES.least + GAP) / (PICTURE + GAP));
  const pictures = Math.max(Math.min(wanted, MOST_PICTURES, fit), 0);
  const names = pictures ? room - pictures * (PICTURE + GAP) + GAP : room * NAMES.beside_texts;
  return { names: Math.min(Math.max(names, NAMES.least), NAMES.most), pictures, counts };
}
