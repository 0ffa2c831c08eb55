// What our components share: elements made of plain text, one instance per mounting, style sheets loaded before the first paint.

// h("button.key", {onclick, title}, "text", node, ...): strings become text nodes, so that no name is ever read as HTML.
export function h(spec, properties, ...children) {
  const [tag, ...classes] = spec.split(".");
  const node = document.createElement(tag || "div");
  if (classes.length) node.className = classes.join(" ");
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (value === null || value === undefined) continue;
    if (name.startsWith("aria-")) node.setAttribute(name, String(value));
    else if (value === false) continue;
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "style") for (const [rule, text] of Object.entries(value)) node.style.setProperty(rule, text);
    else if (name in node && typeof value !== "string" && name !== "list") node[name] = value;
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

const sheets = new Map();

function sheet(url) {
  if (!sheets.has(url)) {
    const loading = fetch(url).then(async (answer) => {
      if (!answer.ok) throw new Error(`style sheet ${answer.status}`);
      const made = new CSSStyleSheet();
      await made.replace(await answer.text());
      return made;
    });
    loading.catch(() => sheets.delete(url));
    sheets.set(url, loading);
  }
  return sheets.get(url);
}

const instances = new WeakMap();

// Call from a component's default export. `create(root, send)` makes the parts once and returns {update(data), destroy?()};
// every rerun calls update. Streamlit hands a fresh setTriggerValue with every rerun: send() uses the latest.
export async function mount(component, moduleUrl, create) {
  const parent = component.parentElement;
  let instance = instances.get(parent);
  if (!instance) {
    instance = { latest: component, face: null };
    instances.set(parent, instance);
    instance.ready = Promise.all([sheet(new URL("../kit/base.css", moduleUrl).href), sheet(new URL("./style.css", moduleUrl).href)])
      .then((made) => {
        if (parent.adoptedStyleSheets) parent.adoptedStyleSheets = made;
        const root = h("div.root");
        parent.append(root);
        instance.root = root;
        instance.face = create(root, (name, value) => instance.latest.setTriggerValue(name, value));
      });
    instance.ready.catch(() => instances.delete(parent));
  }
  instance.latest = component;
  await instance.ready;
  // It may have left the page while it was loading, before Streamlit had a cleanup to run: then it must not listen to keys.
  if (!parent.isConnected) discard(parent, instance);
  else if (instance.latest === component) instance.face.update(component.data);
  return () => {
    // Streamlit also runs a superseded call's cleanup while the component stays on the page.
    if (!parent.isConnected) discard(parent, instance);
  };
}

function discard(parent, instance) {
  if (instances.get(parent) !== instance) return;
  instances.delete(parent);
  instance.face?.destroy?.();
  instance.root?.remove();
}

// Whether the person is typing, so that single keys mean text.
export function isTyping(event) {
  const target = event.composedPath()[0];
  if (!(target instanceof Element)) return false;
  return target.matches("input:not([type=range]):not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable=true], [contenteditable='']");
}

// A key of the whole page that goes to `field`, unless the person is typing; `wanted` says which. Returns what ends it.
export function keyTo(field, wanted) {
  const keyed = (event) => {
    if (!wanted(event.key) || event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return;
    event.preventDefault();
    event.stopPropagation();
    field.focus();
    field.select();
  };
  document.addEventListener("keydown", keyed, true);
  return () => document.removeEventListener("keydown", keyed, true);
}

export const count = (value) => Number(value).toLocaleString("en-US");

// Write "a · b · c" into a node of the class `parts`, so that what does not fit is left out whole.
export function writeParts(node, text) {
  node.replaceChildren(...text.split(" · ").map((part, place) => h("span", {}, place ? ` · ${part}` : part)));
  node.title = text;
}

// Make `children` the children of `parent`, touching only what changed; focus and scroll stay.
export function replace(parent, children) {
  const wanted = children.flat().filter(Boolean);
  wanted.forEach((child, place) => {
    if (parent.childNodes[place] !== child) parent.insertBefore(child, parent.childNodes[place] ?? null);
  });
  while (parent.childNodes.length > wanted.length) parent.lastChild.remove();
}
