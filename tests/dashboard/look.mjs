// What is asked of a page: functions that run in the browser.

// Texts whose contrast with what is behind them is under WCAG's AA: 4.5, or 3 where they are large.
export function faint() {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  canvas.canvas.width = canvas.canvas.height = 1;
  const rgba = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = ([r, g, b, a], [R, G, B]) => [r * a + R * (1 - a), g * a + G * (1 - a), b * a + B * (1 - a)];
  const behind = (element) => {
    const layers = [];
    for (let e = element; e; e = e.parentElement) {
      const color = rgba(getComputedStyle(e).backgroundColor);
      layers.unshift(color);
      if (color[3] === 1) break;
    }
    return layers.reduce((ground, layer) => over(layer, ground), [255, 255, 255]);
  };
  const light = ([r, g, b]) =>
    [r, g, b]
      .map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4))
      .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const found = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement,
      style = getComputedStyle(element),
      box = element.getBoundingClientRect();
    if (
      !walker.currentNode.data.trim() ||
      !box.width ||
      !box.height ||
      style.visibility === "hidden" ||
      element.closest(".spoken, .skip, noscript, :disabled")
    )
      continue;
    const ground = behind(element),
      color = rgba(style.color);
    color[3] *= Number(style.opacity);
    const [a, b] = [light(over(color, ground)), light(ground)].sort((x, y) => y - x),
      ratio = (a + 0.05) / (b + 0.05);
    const size = parseFloat(style.fontSize),
      large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (large ? 3 : 4.5))
      found.add(`${ratio.toFixed(2)} ${element.tagName}.${element.className}: ${walker.currentNode.data.trim().slice(0, 30)}`);
  }
  return [...found];
}

// What is wider than the screen, but for what scrolls by itself.
export function wide() {
  const found = [];
  for (const element of document.body.querySelectorAll("*")) {
    const box = element.getBoundingClientRect();
    if (
      box.width &&
      box.right > innerWidth + 0.5 &&
      !element.closest(".diff, .top nav, .message, .spoken") &&
      getComputedStyle(element).position !== "absolute"
    )
      found.push(`${element.tagName}.${element.className} to ${Math.round(box.right)}`);
  }
  if (document.documentElement.scrollWidth > innerWidth) found.push(`the page to ${document.documentElement.scrollWidth}`);
  return found;
}

// What a keyboard or a reader would miss: things that are pressed and are no control, controls without a name, ids that are twice,
// headings that leave one out, cells without a table around them.
export function unusable() {
  const found = [];
  for (const element of document.querySelectorAll("a, button, input, select, [tabindex='0']")) {
    const name =
      element.getAttribute("aria-label") ||
      element.textContent.trim() ||
      element.title ||
      [...(element.labels ?? [])]
        .map((label) => label.textContent)
        .join("")
        .trim();
    if (!name) found.push(`${element.tagName}.${element.className} has no name`);
    if (element.tagName === "A" && !element.getAttribute("href")) found.push(`a link to nowhere: ${name}`);
  }
  const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
  for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) found.push(`id ${id} twice`);
  for (const image of document.querySelectorAll("img:not([alt])")) found.push(`an image without a text: ${image.src}`);
  let level = 0;
  for (const heading of document.querySelectorAll("h1, h2, h3, h4")) {
    const own = Number(heading.tagName[1]);
    if (own > level + 1) found.push(`${heading.tagName} behind h${level}: ${heading.textContent}`);
    level = own;
  }
  if (document.querySelectorAll("h1").length !== 1) found.push(`${document.querySelectorAll("h1").length} h1`);
  for (const table of document.querySelectorAll("table.cards")) {
    if (!table.querySelector("thead th[scope='col']")) found.push("a table without heads");
    for (const row of table.querySelectorAll("tbody tr"))
      if (row.children.length !== table.querySelectorAll("thead th").length) found.push("a row with other cells than heads");
  }
  if (document.querySelector("[onclick], [style]:not(.channel span), script:not([src]), style")) found.push("something is inline");
  return found;
}
