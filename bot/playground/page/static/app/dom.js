// Makes elements, and makes one tree like another without losing focus, selection or scroll position.

/** @typedef {Node | string | number | null | undefined | false | Child[]} Child */

const SVG = "http://www.w3.org/2000/svg";
// What is a property of an element rather than an attribute, because the two part ways once somebody has typed.
const PROPERTIES = new Set(["value", "checked", "selected", "disabled", "hidden", "open", "indeterminate"]);

/**
 * An element. `props`: class, text, dataset, style (an object), on ({click: f}), and any attribute or property; null,
 * undefined and false leave an attribute out.
 * @param {string} tag
 * @param {Record<string, any> | null} [props]
 * @param {...Child} children
 * @returns {any}
 */
export function h(tag, props, ...children) {
  const element = document.createElement(tag);
  fill(element, props ?? {});
  add(element, children);
  return element;
}

/** An icon from the outlines of its paths, on a grid of 20. Decoration: hidden from screen readers. */
export function icon(...outlines) {
  const drawing = document.createElementNS(SVG, "svg");
  drawing.setAttribute("viewBox", "0 0 20 20");
  drawing.setAttribute("class", "icon");
  drawing.setAttribute("aria-hidden", "true");
  for (const outline of outlines) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", outline);
    drawing.append(path);
  }
  return drawing;
}

function fill(element, props) {
  for (const [name, value] of Object.entries(props)) {
    if (name === "class") element.className = value ?? "";
    else if (name === "text") element.textContent = value;
    else if (name === "dataset") Object.assign(element.dataset, value);
    else if (name === "style") Object.assign(element.style, value);
    else if (name === "on") for (const [event, handler] of Object.entries(value)) element.addEventListener(event, handler);
    else if (PROPERTIES.has(name)) element[name] = value ?? false;
    else if (value !== null && value !== undefined && value !== false) {
      element.setAttribute(name, value === true ? "" : String(value));
    }
  }
}

function add(element, children) {
  for (const child of children) {
    if (Array.isArray(child)) add(element, child);
    else if (child !== null && child !== undefined && child !== false) element.append(child);
  }
}

/**
 * Make the children of `target` like those of `fresh`, in place. Nodes are matched by `data-key`, else by their place
 * and tag. What listens on a node that stays goes on listening, so listeners must not depend on what changes: where
 * they do, give the element another key.
 * @param {Element} target
 * @param {Element | DocumentFragment} fresh
 */
export function morph(target, fresh) {
  const keyed = new Map();
  for (const child of target.children) {
    if (child instanceof HTMLElement && child.dataset.key) keyed.set(child.dataset.key, child);
  }
  let at = target.firstChild;
  for (const wanted of [...fresh.childNodes]) {
    const key = wanted instanceof HTMLElement ? wanted.dataset.key : undefined;
    let found = key ? keyed.get(key) : at;
    if (!found || !alike(found, wanted)) found = null;
    if (!found) {
      target.insertBefore(wanted, at);
      continue;
    }
    if (found === at) at = at.nextSibling;
    else target.insertBefore(found, at);
    become(found, wanted);
  }
  while (at) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
}

function alike(old, fresh) {
  if (old.nodeType !== fresh.nodeType || old.nodeName !== fresh.nodeName) return false;
  return !(old instanceof HTMLElement) || old.dataset.key === fresh.dataset.key;
}

function become(old, fresh) {
  if (old.isEqualNode(fresh)) return;
  if (!(old instanceof Element)) {
    if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue;
    return;
  }
  for (const { name } of [...old.attributes]) {
    // Whether something is folded open is the reader's choice, not the sender's.
    if (!fresh.hasAttribute(name) && !(name === "open" && old.tagName === "DETAILS")) old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) === value) continue;
    // The page's policy forbids styles that are made of text, but not those that a script sets.
    if (name === "style" && old instanceof HTMLElement && fresh instanceof HTMLElement) old.style.cssText = fresh.style.cssText;
    else old.setAttribute(name, value);
  }
  morph(old, fresh);
}
