// How the list is divided, in CSS pixels.

import { count } from "../kit/dom.js";

// One entry with the gap below it, and the room above the first one.
export const PITCH = 84;
export const EDGE = 2;
export const AHEAD = 4;
const PICTURE = 60;
const GAP = 4;
const MOST_PICTURES = 8;
const NAMES = { least: 152, most: 340, besideTexts: 0.3 };
// Paddings, the tick and the gaps between the columns.
const FIXED = 2 * 12 + 18 + 3 * 14;
// The most that a letter of a count takes, whatever the font.
const FIGURE = 9.2;

// Widths of names and counts, and how many pictures fit beside them; texts take what is left.
export function columns(width, { entries, thumb }) {
  const most = (of) => entries.reduce((found, entry) => Math.max(found, of(entry)), 0);
  const letters = Math.max(count(most((entry) => entry.count)).length, most((entry) => entry.share.length), 5);
  const counts = Math.ceil(letters * FIGURE);
  const room = width - FIXED - counts;
  const wanted = thumb ? most((entry) => entry.pictures.length) : 0;
  const fit = Math.floor((room - NAMES.least + GAP) / (PICTURE + GAP));
  const pictures = Math.max(Math.min(wanted, MOST_PICTURES, fit), 0);
  const names = pictures ? room - pictures * (PICTURE + GAP) + GAP : room * NAMES.besideTexts;
  return { names: Math.min(Math.max(names, NAMES.least), NAMES.most), pictures, counts };
}
