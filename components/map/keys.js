// The keyboard: arrows, + and -, 0, Enter, Escape and tools on the map itself; commands of the page from anywhere on it.

const COMMANDS = new Set(["t", "l", "x", "k", "a", "/"]);
const TOOLS = { 1: "pan", 2: "lasso", 3: "box" };
const ARROWS = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

// The command that a key stands for, else null.
export function commandOf(event) {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (event.ctrlKey || event.metaKey) {
    if (event.altKey) return null;
    if (key === "z") return event.shiftKey ? "ctrl+shift+z" : "ctrl+z";
    return key === "y" ? "ctrl+shift+z" : null;
  }
  return !event.altKey && COMMANDS.has(key) ? key : null;
}

// Typing, dialogs and menus keep their keys.
export function keysAreTaken(event) {
  if (event.defaultPrevented || event.isComposing) return true;
  return event.composedPath().some((node) => {
    if (!(node instanceof Element)) return false;
    if (node.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(node.tagName)) return true;
    return /^(dialog|menu|combobox|grid)$/.test(node.getAttribute("role") ?? "");
  });
}

// acts: step(dx, dy), zoomBy(factor), fit(), tool(name), pickCenter(mode), all(), escape(), hold(on)
export function mapKey(event, acts, held) {
  if (event.ctrlKey || event.metaKey) {
    if (event.key.toLowerCase() !== "a") return false;
    acts.all();
    return true;
  }
  const arrow = ARROWS[event.key];
  if (arrow) acts.step(...arrow.map((d) => d * (event.shiftKey ? 160 : 48)));
  else if (event.key === "+" || event.key === "=") acts.zoomBy(1.5);
  else if (event.key === "-" || event.key === "_") acts.zoomBy(1 / 1.5);
  else if (event.key === "0" || event.key === "Home") acts.fit();
  else if (event.key === "Enter") acts.pickCenter(event.shiftKey ? "add" : event.altKey ? "subtract" : "replace");
  else if (event.key === "Escape") acts.escape();
  else if (event.key === " ") held || acts.hold(true);
  else if (TOOLS[event.key]) acts.tool(TOOLS[event.key]);
  else return false;
  return true;
}
