// What a tab remembers of its views over page switches: sessionStorage, written at most every 300 ms.

const PREFIX = "dataset-explorer:map:";
const pending = new Map();
let timer = 0;

function flush() {
  timer = 0;
  for (const [key, value] of pending) {
    try {
      sessionStorage.setItem(PREFIX + key, JSON.stringify(value));
    } catch {
      // Full or forbidden storage only costs the view over a page switch.
    }
  }
  pending.clear();
}

export function remember(key, value) {
  pending.set(key, value);
  timer ||= setTimeout(flush, 300);
}

export function recall(key) {
  if (pending.has(key)) return pending.get(key);
  try {
    return JSON.parse(sessionStorage.getItem(PREFIX + key));
  } catch {
    return null;
  }
}
