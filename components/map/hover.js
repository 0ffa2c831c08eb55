// The card beside the pointer: picture, text or columns of one row, fetched when needed, dropped when the pointer moves on.

const KEPT = 400;

export class HoverCard {
  constructor(layer) {
    this.card = document.createElement("div");
    this.card.className = "card";
    this.card.setAttribute("role", "status");
    this.card.hidden = true;
    this.picture = document.createElement("div");
    this.picture.className = "picture";
    this.title = document.createElement("div");
    this.title.className = "title";
    this.lines = document.createElement("div");
    this.lines.className = "lines";
    this.text = document.createElement("div");
    this.text.className = "text";
    this.text.dir = "auto";
    this.text.hidden = true;
    this.card.append(this.picture, this.text, this.title, this.lines);
    layer.append(this.card);
    this.known = new Map();
    this.row = -1;
  }

  // Templates with {row}, or null.
  use(thumb, info) {
    if (thumb === this.thumb && info === this.info) return;
    Object.assign(this, { thumb, info });
    this.known.clear();
    this.hide();
  }

  show(row, at) {
    this.at = at;
    if (row !== this.row) {
      this.row = row;
      this.control?.abort();
      this.title.textContent = "";
      this.lines.replaceChildren();
      this.text.hidden = true;
      this.drawPicture(Boolean(this.thumb));
      const known = this.known.get(row);
      if (known) this.fill(known);
      else if (this.info) this.load(row);
    }
    const nothing = !this.thumb && !this.info;
    this.card.hidden = nothing;
    if (!nothing) this.place();
  }

  drawPicture(wanted) {
    this.picture.hidden = !wanted;
    if (!wanted) return;
    const image = new Image();
    image.alt = "";
    image.decoding = "async";
    const { row } = this;
    image.addEventListener("error", () => {
      if (row === this.row) this.picture.classList.add("missing");
    });
    this.picture.classList.remove("missing");
    image.src = this.thumb.replace("{row}", row);
    this.picture.replaceChildren(image);
  }

  async load(row) {
    const control = (this.control = new AbortController());
    let info;
    try {
      const response = await fetch(this.info.replace("{row}", row), { signal: control.signal, credentials: "same-origin" });
      info = response.ok ? await response.json() : { title: `Row ${row}`, lines: [`No details: the server answered ${response.status}`] };
    } catch {
      if (control.signal.aborted) return;
      info = { title: `Row ${row}`, lines: ["No details: the server did not answer"], passing: true };
    }
    if (!info.passing) this.known.set(row, info);
    if (this.known.size > KEPT) this.known.delete(this.known.keys().next().value);
    if (row === this.row) this.fill(info);
  }

  fill(info) {
    const wordy = typeof info.text === "string";
    this.text.hidden = !wordy;
    this.text.textContent = wordy ? info.text || "empty text" : "";
    this.text.classList.toggle("none", wordy && !info.text);
    this.title.textContent = info.title ?? "";
    this.title.classList.toggle("quiet", wordy);
    const pairs = (info.pairs ?? []).map((pair) => pair.join(" "));
    this.lines.replaceChildren(
      ...[...pairs, ...(info.lines ?? [])].slice(0, 8).map((words) => {
        const line = document.createElement("div");
        line.textContent = words;
        return line;
      }),
    );
    if (info.thumb === false) this.picture.hidden = true;
    if (this.at) this.place();
  }

  // Right and above where there is room; never over an edge.
  place() {
    const [px, py, width, height] = this.at;
    const w = this.card.offsetWidth;
    const h = this.card.offsetHeight;
    const left = px + 16 + w <= width - 8 ? px + 16 : px - 16 - w;
    const top = py - h - 10 >= 8 ? py - h - 10 : py + 14;
    const x = Math.min(Math.max(left, 8), Math.max(width - w - 8, 8));
    const y = Math.min(Math.max(top, 8), Math.max(height - h - 8, 8));
    this.card.style.transform = `translate(${Math.round(x)}px, ${Math.round(y)}px)`;
  }

  hide() {
    this.row = -1;
    this.control?.abort();
    this.card.hidden = true;
  }
}
