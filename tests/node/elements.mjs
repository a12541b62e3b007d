/* As much of a document as the field app's sheets need to be drawn, read and clicked: elements, text, listeners. No styles. */

class Element {
  constructor(tag) {
    this.tagName = tag;
    this.children = [];
    this.attributes = new Map();
    this.listeners = new Map();
    this.dataset = {};
    this.style = {};
    this.className = "";
    this.hidden = false;
    this.isConnected = true;
  }

  setAttribute(name, value) {
    this.attributes.set(name, String(value));
  }

  getAttribute(name) {
    return this.attributes.get(name) ?? null;
  }

  addEventListener(type, act) {
    this.listeners.set(type, [...(this.listeners.get(type) || []), act]);
  }

  append(...nodes) {
    this.children.push(...nodes);
  }

  prepend(...nodes) {
    this.children.unshift(...nodes);
  }

  replaceChildren(...nodes) {
    this.children = nodes;
  }

  /** With attributes and what is in it, without listeners, as a browser copies. */
  cloneNode(deep = false) {
    const copy = new Element(this.tagName);
    copy.attributes = new Map(this.attributes);
    copy.className = this.className;
    if (deep) copy.children = this.children.map((child) => (child instanceof Element ? child.cloneNode(true) : child));
    return copy;
  }

  remove() {}

  focus() {}

  contains() {
    return false;
  }

  querySelector() {
    return null;
  }

  get textContent() {
    return this.children.map((child) => (child instanceof Element ? child.textContent : String(child))).join("");
  }

  set textContent(words) {
    this.children = [words];
  }

  /** All elements below, in the order of the page. */
  *all() {
    for (const child of this.children) {
      if (!(child instanceof Element)) continue;
      yield child;
      yield* child.all();
    }
  }

  /** Call what listens to a click; resolves when it is through. */
  click() {
    return Promise.all((this.listeners.get("click") || []).map((act) => act({ target: this, preventDefault() {} })));
  }

  getContext() {
    return nothing;
  }

  toDataURL() {
    return "data:,";
  }
}

// Whatever is drawn is drawn nowhere.
const nothing = new Proxy(function () {}, {
  get: (_target, name) => (name === Symbol.toPrimitive ? () => 0 : nothing),
  set: () => true,
  apply: () => nothing,
});

/** A document in Chinese, with nothing in it. */
export function createDocument() {
  const root = new Element("html");
  root.dataset.lang = "zh";
  root.dataset.version = "played";
  return {
    documentElement: root,
    body: new Element("body"),
    hidden: false,
    activeElement: null,
    createElement: (tag) => new Element(tag),
    createElementNS: (_space, tag) => new Element(tag),
    querySelector: () => null,
    getElementById: () => null,
    addEventListener() {},
  };
}

/** The button of that word in a box, or undefined. */
export function findButton(box, word) {
  return [...box.all()].find((one) => one.tagName === "button" && one.textContent.startsWith(word));
}
