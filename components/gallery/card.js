// What a card without a picture holds: a text, or the first columns of a row under its title, and the label at its foot.

function make(tag, name, text) {
  const element = document.createElement(tag);
  element.className = name;
  if (text !== undefined) element.textContent = text;
  return element;
}

// `card` is what the server says about the row; null while it is on its way. `label` = whether the foot says the label.
export function cardBody(card, label) {
  const body = make("div", "body");
  if (!card) return body;
  if (typeof card.text === "string") {
    const words = make("div", "words", card.text || "empty text");
    words.classList.toggle("none", !card.text);
    // Each text has its own direction, whatever the page's.
    words.dir = "auto";
    body.append(words);
  } else {
    body.append(make("div", "title", card.title ?? ""));
    const pairs = make("div", "pairs");
    for (const [name, value] of card.pairs ?? []) {
      const line = make("div", "pair");
      line.append(make("span", "", name), " ", make("b", "", value));
      pairs.append(line);
    }
    if (pairs.childElementCount) body.append(pairs);
    else if (card.lines?.length) body.append(make("div", "pairs", card.lines.join(" · ")));
  }
  if (label && card.label) body.append(make("div", "foot", card.label));
  return body;
}

// The words that stand for a card where it cannot be seen.
export function cardName(card) {
  if (!card) return "";
  if (typeof card.text === "string") return card.text || "empty text";
  return [card.title, ...(card.pairs ?? []).map(([name, value]) => `${name} ${value}`)].filter(Boolean).join(", ");
}
