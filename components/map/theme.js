// Colors of the page's theme as numbers, for what CSS cannot draw.

const probe = document.createElement("canvas").getContext("2d", { willReadFrequently: true });

// Any CSS color -> [r, g, b, a] in 0..1.
export function rgba(color) {
  probe.clearRect(0, 0, 1, 1);
  probe.fillStyle = "#808080";
  probe.fillStyle = color;
  probe.fillRect(0, 0, 1, 1);
  const [r, g, b, a] = probe.getImageData(0, 0, 1, 1).data;
  return [r / 255, g / 255, b / 255, a / 255];
}

export function readTheme(element) {
  const style = getComputedStyle(element);
  const background = rgba(style.getPropertyValue("--st-background-color").trim() || "#ffffff");
  const text = rgba(style.getPropertyValue("--st-text-color").trim() || "#1c232b");
  const dark = 0.2126 * background[0] + 0.7152 * background[1] + 0.0722 * background[2] < 0.5;
  return { dark, outline: dark ? [1, 1, 1, 1] : text };
}
