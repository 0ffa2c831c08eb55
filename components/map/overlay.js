// The SVG above the points: the area being drawn, the area last drawn, the ring of the point under the pointer, the crosshair.

const SVG = "http://www.w3.org/2000/svg";

export class Overlay {
  constructor(layer) {
    this.svg = document.createElementNS(SVG, "svg");
    this.svg.setAttribute("class", "overlay");
    this.svg.setAttribute("aria-hidden", "true");
    this.area = this.add("path", "area");
    this.ring = this.add("circle", "ring");
    this.cross = this.add("path", "cross");
    layer.append(this.svg);
    this.clear();
    this.hideRing();
    this.setCross(null);
  }

  add(kind, name) {
    const element = document.createElementNS(SVG, kind);
    element.setAttribute("class", name);
    this.svg.append(element);
    return element;
  }

  // Screen vertices, while drawing.
  draw(vertices) {
    this.kept = null;
    this.trace(vertices, "area drawing");
  }

  // Data vertices, kept in place while the view moves.
  keep(polygon) {
    this.kept = polygon;
  }

  clear() {
    this.kept = null;
    this.area.setAttribute("d", "");
  }

  trace(vertices, name) {
    this.area.setAttribute("class", name);
    this.area.setAttribute("d", vertices.length ? `M${vertices.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L")}Z` : "");
  }

  place(camera) {
    if (this.kept) this.trace(this.kept.map(([x, y]) => camera.project(x, y)), "area");
  }

  setRing(px, py, radius) {
    this.ring.setAttribute("cx", px.toFixed(1));
    this.ring.setAttribute("cy", py.toFixed(1));
    this.ring.setAttribute("r", radius.toFixed(1));
    this.ring.style.display = "";
  }

  hideRing() {
    this.ring.style.display = "none";
  }

  setCross(at) {
    this.cross.style.display = at ? "" : "none";
    if (at) this.cross.setAttribute("d", `M${at[0] - 9} ${at[1]}h18M${at[0]} ${at[1] - 9}v18`);
  }
}
