// The text of a Word document's main part, and the places in it: reading, finding and changing without touching what is around. Names
// are compared without prefix, and new elements take the prefix of the document. Knows nothing of files.
import { isElement, nodeTypes, XmlNode, xmlNamespace } from '../xml/tree.ts';

/** A place between two things inside of a paragraph; `before` null: at the end of `parent`. */
export interface Place {
  readonly parent: XmlNode;
  readonly before: XmlNode | null;
}

/** Where a text was found: from `startAt` in the first of some pieces of text to `endAt` in the last. */
export interface Found {
  readonly atoms: readonly Atom[];
  readonly startAt: number;
  readonly endAt: number;
  /** The text itself. */
  readonly text: string;
  /** Parts in parentheses of a pattern. */
  readonly groups: readonly string[];
}

/** A text element of a run, or an element that stands for one character. */
interface Atom {
  readonly element: XmlNode;
  readonly text: string;
}

/** Elements whose content is no part of the text: deleted, hidden commands, pictures, text boxes, the older form of something new. */
const passedOver = new Set([
  'del',
  'moveFrom',
  'instrText',
  'delText',
  'drawing',
  'pict',
  'object',
  'Fallback',
  'rt',
  'rPr',
  'pPr',
]);
/** Elements of a run that stand for characters. */
const characters: Readonly<Record<string, string>> = {
  tab: '\t',
  ptab: '\t',
  br: '\n',
  cr: '\n',
  noBreakHyphen: '\u2011',
};

const isNamed = (node: XmlNode | null, name: string): boolean =>
  node !== null && isElement(node) && node.localName === name;

export const childNamed = (node: XmlNode, name: string): XmlNode | undefined =>
  node.children().find((child) => isNamed(child, name));

/** A new element in the namespace of the document that `like` belongs to. */
export function createLike(like: XmlNode, name: string): XmlNode {
  const prefix = like.prefix === null ? '' : `${like.prefix}:`;
  return new XmlNode(nodeTypes.element, prefix + name, null, like.namespaceURI);
}

function closest(node: XmlNode, name: string): XmlNode | undefined {
  for (let one: XmlNode | null = node; one !== null; one = one.parentNode) if (isNamed(one, name)) return one;
  return undefined;
}

// ── Reading ─────────────────────────────────────────────────────────────────────────────────────────────────────

/** What a node contributes to the text by itself: nothing when it is only around others. */
function ownText(node: XmlNode): string | undefined {
  if (!isElement(node) || !isNamed(node.parentNode, 'r')) return undefined;
  return node.localName === 't' ? readText(node) : characters[node.localName as string];
}

/** As in Word, blanks at the ends count only when the element says so. */
function readText(element: XmlNode): string {
  const text = element.textContent;
  const keeps = element.attribute('xml:space')?.nodeValue === 'preserve';
  return keeps ? text : text.replace(/^[ \n\t]+|[ \n\t]+$/g, '');
}

/** The pieces of text of a paragraph, in their order. */
function atomsOf(paragraph: XmlNode): Atom[] {
  const atoms: Atom[] = [];
  const collect = (node: XmlNode): void => {
    for (const child of node.children()) {
      if (!isElement(child) || passedOver.has(child.localName as string)) continue;
      const text = ownText(child);
      if (text === undefined) collect(child);
      else atoms.push({ element: child, text });
    }
  };
  collect(paragraph);
  return atoms;
}

/** Text of everything in a body, cell or other container: paragraphs and rows as lines, cells separated by tabs. */
export function textOf(container: XmlNode): string {
  return lines(container)
    .join('\r\n')
    .replace(/(?<!\r)\n/g, '\r\n');
}

function lines(container: XmlNode): string[] {
  return container.children().flatMap((child) => {
    if (!isElement(child) || passedOver.has(child.localName as string)) return [];
    if (child.localName === 'p')
      return [
        atomsOf(child)
          .map(({ text }) => text)
          .join(''),
      ];
    if (child.localName === 'tr') {
      const cells = [...child.descendants()].filter(
        (one) => isNamed(one, 'tc') && closest(one, 'tr') === child,
      );
      return [cells.map((cell) => lines(cell).join(' ')).join('\t')];
    }
    return lines(child);
  });
}

/** All paragraphs of the body in the order of the document, those in tables too. Text boxes have paragraphs of their own, which are left out. */
export function paragraphsOf(body: XmlNode): XmlNode[] {
  const found: XmlNode[] = [];
  const collect = (node: XmlNode): void => {
    for (const child of node.children()) {
      if (!isElement(child) || passedOver.has(child.localName as string)) continue;
      if (child.localName === 'p') found.push(child);
      else collect(child);
    }
  };
  collect(body);
  return found;
}

// ── Bookmarks ───────────────────────────────────────────────────────────────────────────────────────────────────

export interface Bookmark {
  readonly start: XmlNode;
  readonly end: XmlNode;
}

const attributeOf = (node: XmlNode, name: string): string | undefined =>
  node.attributes.find((attribute) => attribute.localName === name)?.nodeValue ?? undefined;

/** The bookmark of a name, in any letter case, as in Word. */
export function findBookmark(body: XmlNode, name: string): Bookmark | undefined {
  const wanted = name.trim().toLowerCase();
  let start: XmlNode | undefined;
  for (const node of body.descendants()) {
    if (start === undefined) {
      if (isNamed(node, 'bookmarkStart') && attributeOf(node, 'name')?.toLowerCase() === wanted) start = node;
    } else if (isNamed(node, 'bookmarkEnd') && attributeOf(node, 'id') === attributeOf(start, 'id')) {
      return { start, end: node };
    }
  }
  return undefined;
}

/** The text between the ends of a bookmark. */
export function textInBookmark(body: XmlNode, { start, end }: Bookmark): string {
  let isInside = false;
  let text = '';
  const read = (node: XmlNode): void => {
    for (const child of node.children()) {
      if (child === start) isInside = true;
      if (child === end) isInside = false;
      if (!isElement(child) || passedOver.has(child.localName as string)) continue;
      const own = ownText(child);
      if (own === undefined) read(child);
      else if (isInside) text += own.replaceAll('\n', '\r\n');
      if (child.localName === 'p' && isInside) text += '\r\n';
    }
  };
  read(body);
  return text;
}

// ── Places ──────────────────────────────────────────────────────────────────────────────────────────────────────

/** The first or last place where text can stand. A body without a paragraph gets one. */
export function edgeOf(body: XmlNode, atStart: boolean): Place {
  const own = body.children().filter((child) => isNamed(child, 'p'));
  const paragraph = (atStart ? paragraphsOf(body)[0] : own.at(-1)) ?? addParagraph(body);
  if (!atStart) return { parent: paragraph, before: null };
  return { parent: paragraph, before: firstContent(paragraph) };
}

function firstContent(paragraph: XmlNode): XmlNode | null {
  const properties = childNamed(paragraph, 'pPr');
  return properties === undefined ? paragraph.firstChild : properties.nextSibling;
}

function addParagraph(body: XmlNode): XmlNode {
  const paragraph = createLike(body, 'p');
  body.insert(paragraph, childNamed(body, 'sectPr') ?? null);
  return paragraph;
}

/** The place in front of or behind a bookmark; one that spans paragraphs may begin or end between them. */
export function besideBookmark(body: XmlNode, { start, end }: Bookmark, inFront: boolean): Place {
  const mark = inFront ? start : end;
  if (closest(mark, 'p') !== undefined) {
    return { parent: mark.parentNode as XmlNode, before: inFront ? mark : mark.nextSibling };
  }
  const paragraphs = paragraphsOf(body);
  // compareDocumentPosition: 2 when the other node comes before.
  const paragraph = inFront
    ? paragraphs.find((one) => one.compareDocumentPosition(mark) === 2)
    : paragraphs.findLast((one) => one.compareDocumentPosition(mark) === 4);
  if (paragraph === undefined) return edgeOf(body, inFront);
  return { parent: paragraph, before: inFront ? firstContent(paragraph) : null };
}

/** The place `at` characters into a piece of text; the run around it is cut in two when it lies inside. */
function placeIn(atom: Atom, at: number): Place {
  settleBlanks(atom);
  const { element } = atom;
  const run = element.parentNode as XmlNode;
  const parent = run.parentNode as XmlNode;
  const isText = element.localName === 't';
  const text = element.textContent;
  const cutAfter = at > 0 && (!isText || at >= text.length);
  if (at <= 0 && !hasContentBefore(element)) return { parent, before: run };
  const rest = createLike(run, 'r');
  const properties = childNamed(run, 'rPr');
  if (properties !== undefined) rest.insert(properties.clone());
  let moved = cutAfter ? element.nextSibling : element;
  if (isText && at > 0 && at < text.length) {
    const tail = createLike(element, 't');
    setText(tail, text.slice(at));
    setText(element, text.slice(0, at));
    rest.insert(tail);
    moved = element.nextSibling;
  }
  while (moved !== null) {
    const next: XmlNode | null = moved.nextSibling;
    moved.remove();
    rest.insert(moved);
    moved = next;
  }
  const before = run.nextSibling;
  if (rest.lastChild === null || (properties !== undefined && rest.lastChild === rest.firstChild))
    return { parent, before };
  parent.insert(rest, before);
  return { parent, before: rest };
}

function hasContentBefore(element: XmlNode): boolean {
  for (let one = element.previousSibling; one !== null; one = one.previousSibling) {
    if (isElement(one) && one.localName !== 'rPr') return true;
  }
  return false;
}

function setText(element: XmlNode, text: string): void {
  for (const child of element.children()) child.remove();
  element.insert(new XmlNode(nodeTypes.text, '#text', text));
  if (text !== text.trim()) element.setAttribute('xml:space', 'preserve', xmlNamespace);
}

// ── Changing ────────────────────────────────────────────────────────────────────────────────────────────────────

/** Characters XML cannot hold. */
export const impossibleCharacters: RegExp = /[\x00-\x08\x0e-\x1f\ufffe\uffff]/;

/**
 * Puts text at a place, formatted like the run before it, else the one behind. Line ends begin new paragraphs like the one around; a
 * vertical tab is a line break inside of a paragraph.
 */
export function insertText(place: Place, text: string): void {
  const format = formatAt(place);
  text.split(/\r\n|\r|\n/).forEach((line, index) => {
    if (index > 0) splitParagraph(place);
    if (line !== '') place.parent.insert(runOf(place.parent, line, format), place.before);
  });
}

function formatAt({ parent, before }: Place): XmlNode | undefined {
  const previous = before === null ? parent.lastChild : before.previousSibling;
  for (let one = previous; one !== null; one = one.previousSibling) {
    if (isNamed(one, 'r')) return childNamed(one, 'rPr');
  }
  for (let one = before; one !== null; one = one.nextSibling)
    if (isNamed(one, 'r')) return childNamed(one, 'rPr');
  const paragraph = closest(parent, 'p');
  const properties = paragraph && childNamed(paragraph, 'pPr');
  return properties && childNamed(properties, 'rPr');
}

function runOf(like: XmlNode, line: string, format: XmlNode | undefined): XmlNode {
  const run = createLike(like, 'r');
  if (format !== undefined) run.insert(format.clone());
  for (const piece of line.split(/([\t\v])/)) {
    if (piece === '') continue;
    const element = createLike(like, piece === '\t' ? 'tab' : piece === '\v' ? 'br' : 't');
    if (element.localName === 't') setText(element, piece);
    run.insert(element);
  }
  return run;
}

/** Ends the paragraph at the place; what is behind it stays in the paragraph it is in. */
function splitParagraph(place: Place): void {
  const paragraph = closest(place.parent, 'p') as XmlNode;
  const headOf = (container: XmlNode, before: XmlNode | null): XmlNode => {
    const head = new XmlNode(container.nodeType, container.nodeName, null, container.namespaceURI);
    for (const { nodeName, nodeValue, namespaceURI, localName } of container.attributes) {
      // Identities of a paragraph are there once.
      if (localName !== 'paraId' && localName !== 'textId')
        head.setAttribute(nodeName, nodeValue ?? '', namespaceURI);
    }
    const properties = container === paragraph ? childNamed(container, 'pPr') : undefined;
    if (properties !== undefined) {
      const copy = properties.clone();
      // The end of a section belongs to its last paragraph.
      childNamed(copy, 'sectPr')?.remove();
      head.insert(copy);
    }
    for (let child = container.firstChild; child !== null && child !== before; ) {
      const next: XmlNode | null = child.nextSibling;
      if (child !== properties) {
        child.remove();
        head.insert(child);
      }
      child = next;
    }
    if (container !== paragraph) headOf(container.parentNode as XmlNode, container).insert(head);
    else (paragraph.parentNode as XmlNode).insert(head, paragraph);
    return head;
  };
  headOf(place.parent, place.before);
}

// ── Finding ─────────────────────────────────────────────────────────────────────────────────────────────────────

/** Where `pattern` (with the flag g) occurs in a paragraph, without overlaps. Matches of no characters are left out. */
export function findIn(paragraph: XmlNode, pattern: RegExp): Found[] {
  const atoms = atomsOf(paragraph);
  const starts: number[] = [];
  let text = '';
  for (const atom of atoms) {
    starts.push(text.length);
    text += atom.text;
  }
  return [...text.matchAll(pattern)].flatMap((match) => {
    const [whole, ...groups] = match;
    if (whole === '') return [];
    const end = match.index + whole.length;
    const first = starts.findLastIndex((start) => start <= match.index);
    const last = starts.findLastIndex((start) => start < end);
    return [
      {
        atoms: atoms.slice(first, last + 1),
        startAt: match.index - (starts[first] as number),
        endAt: end - (starts[last] as number),
        text: whole,
        groups: groups.map((group) => group ?? ''),
      },
    ];
  });
}

/** The place in front of or behind what was found. */
export function besideFound({ atoms, startAt, endAt }: Found, inFront: boolean): Place {
  return inFront ? placeIn(atoms[0] as Atom, startAt) : placeIn(atoms.at(-1) as Atom, endAt);
}

/** Puts `replacement` in the place of what was found, formatted like its beginning. Of several in a paragraph replace the last first. */
export function replaceFound({ atoms, startAt, endAt }: Found, replacement: string): void {
  const [first, last] = [atoms[0] as Atom, atoms.at(-1) as Atom];
  for (const atom of atoms) settleBlanks(atom);
  const tail = first === last ? first.element.textContent.slice(endAt) : '';
  for (const atom of atoms.slice(1)) {
    const rest = atom === last ? atom.element.textContent.slice(endAt) : '';
    if (rest === '') atom.element.remove();
    else setText(atom.element, rest);
  }
  let { element } = first;
  const head = element.localName === 't' ? element.textContent.slice(0, startAt) : '';
  if (element.localName !== 't') {
    const text = createLike(element, 't');
    (element.parentNode as XmlNode).insert(text, element);
    element.remove();
    element = text;
  }
  const isPlain = !/[\t\v\r\n]/.test(replacement);
  setText(element, head + (isPlain ? replacement : '') + tail);
  if (!isPlain) insertText(placeIn({ element, text: head + tail }, head.length), replacement);
}

/** Makes the text of an element what it reads as, so that places in one are places in the other. */
function settleBlanks({ element }: Atom): void {
  if (element.localName !== 't') return;
  const text = readText(element);
  if (element.textContent !== text) setText(element, text);
}
