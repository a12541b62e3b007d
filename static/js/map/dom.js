/* Elements are made here and nowhere else: text goes in as text nodes, so a record's words can never become markup. */

const SVG = "http://www.w3.org/2000/svg";

/** Make an element: `h("a", {class: "x", href: "/y", onclick: fn}, "text", child)`. */
export function h(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "class") node.className = value;
    else if (name === "dataset") Object.assign(node.dataset, value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  put(node, children);
  return node;
}

function put(node, children) {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    if (Array.isArray(child)) put(node, child);
    else node.append(child);
  }
}

const drawnFrom = new WeakMap();

/** Is `node` to be drawn from other values than before? What shows the same already need not be made again. */
export function differs(node, ...values) {
  const now = JSON.stringify(values);
  if (drawnFrom.get(node) === now) return false;
  drawnFrom.set(node, now);
  return true;
}

/** Replace everything inside `node`. */
export function fill(node, ...children) {
  node.replaceChildren();
  put(node, children);
  return node;
}

/** Make `nodes` the children of `node`; those that are there in their order are left alone. */
export function arrange(node, nodes) {
  for (const child of [...node.children]) if (!nodes.includes(child)) child.remove();
  nodes.forEach((one, i) => {
    if (node.children[i] !== one) node.insertBefore(one, node.children[i] || null);
  });
}

// A page that holds the sprite itself asks for no file. Elsewhere the page's own icons name it with its checksum; the same
// address is in the browser's cache for good.
const sheet = document.querySelector("#icons") ? "" : document.querySelector("svg.icon use")?.getAttribute("href").split("#")[0] || "/static/img/icons.svg";
const drawn = new Map();

/** One icon of the sprite; a word or an aria-label must stand beside it. */
export function icon(name) {
  // A copy costs a slow phone a part of what making it anew does, and lists have hundreds.
  if (!drawn.has(name)) drawn.set(name, draw(name));
  return drawn.get(name).cloneNode(true);
}

function draw(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("focusable", "false");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `${sheet}#${name}`);
  svg.append(use);
  return svg;
}

let silence = 0;

/** Say one sentence to screen readers; the last of a burst wins. */
export function say(sentence) {
  window.clearTimeout(silence);
  silence = window.setTimeout(() => {
    const line = document.getElementById("say");
    if (line) line.textContent = sentence;
  }, 150);
}

let toastTimer = 0;

/** A short message at the bottom for eight seconds; it stays while it holds the focus. */
export function toast(sentence, action = null) {
  withdrawToast();
  const box = h("div", { class: "toast", role: "status" }, sentence,
    action && h("button", { type: "button", class: "toast-action", onclick: () => { box.remove(); action.act(); } }, action.label));
  document.body.append(box);
  window.clearTimeout(toastTimer);
  const leave = () => {
    if (box.contains(document.activeElement)) toastTimer = window.setTimeout(leave, 2000);
    else box.remove();
  };
  toastTimer = window.setTimeout(leave, 8000);
}

/** Where one act at a time is done: what a message offers is taken away while one is under way, or a click on it would be lost. */
export function withdrawToast() {
  document.querySelector(".toast")?.remove();
}
