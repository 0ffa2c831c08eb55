// What surrounds the points: toolbar, caption, words for empty, busy and failed states, the thin progress bar.

const TOOLS = [
  ["pan", "Pan", "Drag moves the map; Shift and drag adds an area (1)"],
  ["lasso", "Lasso", "Draw around points; Shift adds, Alt subtracts, Space and drag moves the map (2)"],
  ["box", "Box", "Drag a box over points; Shift adds, Alt subtracts (3)"],
];
const VIEWS = [
  ["in", "+", "Zoom in (+)"],
  ["out", "−", "Zoom out (-)"],
  ["fit", "Fit", "Show everything (0)"],
];

export function make(tag, name, text) {
  const element = document.createElement(tag);
  element.className = name;
  if (text !== undefined) element.textContent = text;
  return element;
}

export class Chrome {
  // tool(name) and view("in" | "out" | "fit") are called for the buttons.
  constructor(root, { tool, view }) {
    this.toolbar = make("div", "toolbar");
    this.toolbar.setAttribute("role", "toolbar");
    this.toolbar.setAttribute("aria-label", "Map tools");
    this.tools = TOOLS.map(([name, words, hint]) => this.button(name, words, hint, tool));
    this.toolbar.append(...this.tools, ...VIEWS.map(([name, words, hint]) => this.button(name, words, hint, view)));
    this.toolbar.addEventListener("keydown", (event) => this.rove(event));
    [...this.toolbar.children].forEach((button, i) => (button.tabIndex = i ? -1 : 0));
    this.caption = make("div", "caption");
    this.progress = make("div", "progress");
    this.progress.setAttribute("role", "progressbar");
    this.bar = make("i", "");
    this.progress.append(this.bar);
    this.status = make("div", "status");
    this.status.setAttribute("role", "status");
    this.notice = make("div", "notice");
    this.notice.setAttribute("role", "alert");
    this.message = make("div", "message");
    root.append(this.progress, this.message, this.toolbar, this.caption, this.status, this.notice);
    this.setNotice(null);
    this.setBusy(null);
    this.setMessage(null);
  }

  button(name, words, hint, act) {
    const button = make("button", `tool ${name}`, words);
    button.type = "button";
    button.title = hint;
    button.dataset.name = name;
    button.dataset.words = words;
    button.setAttribute("aria-label", hint.split(";")[0]);
    button.addEventListener("click", () => act(name));
    return button;
  }

  rove(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    const buttons = [...this.toolbar.children];
    const from = buttons.indexOf(event.target);
    const next = buttons[(from + step + buttons.length) % buttons.length];
    for (const button of buttons) button.tabIndex = button === next ? 0 : -1;
    next.focus();
    event.preventDefault();
    event.stopPropagation();
  }

  setTool(name) {
    for (const button of this.tools) button.setAttribute("aria-pressed", String(button.dataset.name === name));
  }

  setCaption(text) {
    this.caption.textContent = text ?? "";
  }

  // {text, fraction} or null; a fraction of null moves back and forth.
  setBusy(busy) {
    this.progress.hidden = !busy;
    this.status.textContent = busy?.text ?? "";
    if (!busy) return;
    const known = Number.isFinite(busy.fraction);
    const percent = known ? Math.min(Math.max(busy.fraction, 0), 1) * 100 : 0;
    this.progress.classList.toggle("unknown", !known);
    this.bar.style.width = known ? `${percent.toFixed(1)}%` : "";
    if (known) this.progress.setAttribute("aria-valuenow", percent.toFixed(0));
    else this.progress.removeAttribute("aria-valuenow");
    this.progress.setAttribute("aria-label", busy.text ?? "");
  }

  setMessage(text) {
    this.message.textContent = text ?? "";
    this.message.hidden = !text;
  }

  // Words for what failed and a way to repeat it.
  setNotice(text, retry) {
    this.notice.hidden = !text;
    this.notice.replaceChildren();
    if (!text) return;
    const again = make("button", "again", "Try again");
    again.type = "button";
    again.addEventListener("click", retry);
    this.notice.append(make("span", "", text), again);
  }
}
