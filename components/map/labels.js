// Cluster names over the points: HTML, placed without overlap, larger clusters first.

const GAP = 7;

export class Labels {
  // pick(id, mode) is called for a name chosen by keyboard.
  constructor(layer, pick) {
    Object.assign(this, { layer, pick, items: [], key: "" });
    this.placed = 0;
  }

  set(labels) {
    const key = JSON.stringify(labels.map(({ id, text, count, level }) => [id, text, count, level]));
    if (key !== this.key) this.build(labels, key);
    const byId = new Map(labels.map((label) => [`${label.level} ${label.id}`, label]));
    for (const item of this.items) item.label = byId.get(`${item.label.level} ${item.label.id}`);
  }

  build(labels, key) {
    this.key = key;
    const coarse = labels.some((label) => label.level > 0);
    this.items = [...labels]
      .sort((a, b) => b.count - a.count || a.id - b.id)
      .slice(0, 600)
      .map((label) => ({ label, element: this.element(label, coarse), choice: 0, shown: false }));
    this.layer.replaceChildren(...this.items.map((item) => item.element));
    this.measure();
  }

  element(label, coarse) {
    const element = document.createElement("button");
    element.type = "button";
    element.className = coarse && label.level === 0 ? "label coarse" : "label";
    element.dataset.id = label.id;
    const text = document.createElement("span");
    text.textContent = label.text.length > 42 ? label.text.slice(0, 40).trimEnd() + "…" : label.text;
    const count = document.createElement("small");
    count.textContent = label.count.toLocaleString("en-US");
    element.append(text, " ", count);
    element.title = `${label.text}: ${label.count.toLocaleString("en-US")} items. Click to select, Shift adds, Alt subtracts.`;
    // The mouse is heard by the map, so that a drag may begin on a name; this hears Enter and Space.
    element.addEventListener("click", (event) => {
      if (event.detail) return;
      this.pick(label.id, event.shiftKey ? "add" : event.altKey ? "subtract" : "replace");
    });
    return element;
  }

  // Also after a font has arrived: widths change.
  measure() {
    for (const item of this.items) {
      item.width = item.element.offsetWidth;
      item.height = item.element.offsetHeight;
    }
  }

  // taken: rectangles [left, top, right, bottom] that no name may cover.
  layout(camera, { taken, selecting, hidden }) {
    const zoom = camera.zoom;
    const boxes = [...taken];
    this.placed = 0;
    for (const item of this.items) {
      const { label } = item;
      const spot = !hidden && zoom >= 0.98 * 2 ** label.level ? this.spot(item, camera, boxes) : null;
      if (spot) {
        boxes.push([spot[0] - 3, spot[1], spot[0] + item.width + 3, spot[1] + item.height]);
        item.element.style.transform = `translate(${Math.round(spot[0])}px, ${Math.round(spot[1])}px)`;
        this.placed++;
      }
      if (item.shown !== Boolean(spot)) {
        item.shown = Boolean(spot);
        item.element.classList.toggle("shown", item.shown);
        item.element.tabIndex = item.shown ? 0 : -1;
      }
      item.element.classList.toggle("faded", Boolean(selecting && label.selected === 0));
    }
  }

  spot(item, camera, boxes) {
    const { width, height, label } = item;
    const [px, py] = camera.project(label.x, label.y);
    if (px < 0 || py < -10 || px > camera.width || py > camera.height) return null;
    const top = py - height - GAP;
    const spots = [
      [px - width / 2, top],
      [px - width * 0.2, top],
      [px - width * 0.8, top],
      [px - width / 2, top - height * 0.8],
      [px + 10, py - height / 2],
      [px - width - 10, py - height / 2],
      [px - width / 2, py + GAP],
    ];
    // The spot of the last frame first: names must not hop while zooming.
    const tried = [item.choice, ...spots.keys()];
    for (const choice of tried) {
      const left = Math.min(Math.max(spots[choice][0], 4), camera.width - width - 4);
      const upper = Math.min(Math.max(spots[choice][1], 4), camera.height - height - 4);
      if (Math.abs(left - spots[choice][0]) > width / 2 || Math.abs(upper - spots[choice][1]) > height * 1.5) continue;
      const free = boxes.every((b) => left >= b[2] || left + width <= b[0] || upper >= b[3] || upper + height <= b[1]);
      if (free) {
        item.choice = choice;
        return [left, upper];
      }
    }
    item.choice = 0;
    return null;
  }
}
