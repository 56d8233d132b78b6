// XML as a tree that is written back exactly as it was read: only what was changed is written anew. Names are compared without
// their prefix, because some programs write every name with one. No validation beyond well-formedness; no DTDs.
//
// The tree of the XML actions (../xml/) is another one on purpose. That one is made for XPath: every node knows its neighbours and its
// namespace, attributes are nodes, and a strict parser checks each character, which costs a multiple of the time and memory here; it
// also does not keep how a tag was written. This one cannot answer XPath, and must keep the spelling of what nobody changed.

/** The text is not well-formed. `at` is a character offset. */
export class XmlError extends Error {
  override readonly name = 'XmlError';
  readonly at: number;
  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

/** Parts read through this tree are flat; deeper nesting was made to exhaust the stack. */
const maxDepth = 250;

const localPart = (name: string): string => name.slice(name.indexOf(':') + 1);

export class XmlElement {
  /** With its prefix. */
  readonly name: string;
  /** Elements, and everything between them as it is written (text, comments). */
  readonly children: (XmlElement | string)[] = [];
  /** The start tag as written, `undefined` when attributes were changed or the element is new. */
  #tag: string | undefined;
  #attributes: Map<string, string> | undefined;

  /** `tag` is the start tag as written, without `<`, `>` and `/>`; a name alone makes a new element. */
  constructor(tag: string) {
    this.name = /^[^\s]+/.exec(tag)?.[0] ?? '';
    this.#tag = tag;
  }

  get localName(): string {
    return localPart(this.name);
  }

  /** By name as written, values decoded. */
  get attributes(): Map<string, string> {
    if (this.#attributes === undefined) {
      this.#attributes = new Map();
      for (const [, name, double, single] of (this.#tag as string).matchAll(
        /([^\s=]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g,
      ))
        this.#attributes.set(name as string, decodeXml(double ?? single ?? ''));
    }
    return this.#attributes;
  }

  get(name: string): string | undefined {
    return this.attributes.get(name);
  }

  /** Undefined removes the attribute. */
  set(name: string, value: string | undefined): this {
    if (this.get(name) === value) return this;
    if (value === undefined) this.attributes.delete(name);
    else this.attributes.set(name, value);
    this.#tag = undefined;
    return this;
  }

  /** The value of an attribute with this name in whatever namespace prefix. */
  getLocal(name: string): string | undefined {
    for (const [key, value] of this.attributes) if (localPart(key) === name) return value;
    return undefined;
  }

  get elements(): XmlElement[] {
    return this.children.filter((child) => typeof child !== 'string');
  }

  /** The first child element with this local name. */
  child(name: string): XmlElement | undefined {
    return this.children.find(
      (child): child is XmlElement => typeof child !== 'string' && child.localName === name,
    );
  }

  all(name: string): XmlElement[] {
    return this.elements.filter((child) => child.localName === name);
  }

  /** This element and everything inside it, outermost first. */
  *walk(): Generator<XmlElement> {
    yield this;
    for (const child of this.children) if (typeof child !== 'string') yield* child.walk();
  }

  /** The text directly inside, decoded; line ends are those XML prescribes. */
  get text(): string {
    return this.children
      .map((child) => (typeof child === 'string' ? decodeXml(child.replace(/\r\n?/g, '\n')) : ''))
      .join('');
  }

  set text(text: string) {
    this.children.length = 0;
    if (text !== '') this.children.push(encodeXml(text));
  }

  /** A new element in the namespace of this one; it is not yet anybody's child. */
  create(localName: string, attributes: Readonly<Record<string, string>> = {}): XmlElement {
    const prefix = this.name.slice(0, this.name.indexOf(':') + 1);
    const made = new XmlElement(prefix + localName);
    for (const [name, value] of Object.entries(attributes)) made.set(name, value);
    return made;
  }

  append(child: XmlElement): XmlElement {
    this.children.push(child);
    return child;
  }

  remove(child: XmlElement): void {
    const at = this.children.indexOf(child);
    if (at >= 0) this.children.splice(at, 1);
  }

  /** Puts `child` where a schema wants it: in front of the first element whose local name is in `later`, else at the end. */
  insertBefore(child: XmlElement, later: readonly string[]): XmlElement {
    const at = this.children.findIndex((one) => typeof one !== 'string' && later.includes(one.localName));
    this.children.splice(at < 0 ? this.children.length : at, 0, child);
    return child;
  }

  get startTag(): string {
    if (this.#tag === undefined) {
      this.#tag = this.name;
      for (const [name, value] of this.attributes) this.#tag += ` ${name}="${encodeXml(value)}"`;
    }
    return this.#tag;
  }

  toString(): string {
    const content = this.children.join('');
    return content === '' ? `<${this.startTag}/>` : `<${this.startTag}>${content}</${this.name}>`;
  }

  /** A copy that shares nothing with this element. */
  clone(): XmlElement {
    const made = new XmlElement(this.startTag);
    for (const child of this.children) made.children.push(typeof child === 'string' ? child : child.clone());
    return made;
  }
}

export interface XmlDocument {
  readonly root: XmlElement;
  toString(): string;
}

/** Reads a whole document. Throws an XmlError. */
export function parseXml(text: string): XmlDocument {
  const open: XmlElement[] = [];
  let root: XmlElement | undefined;
  let before = '';
  let after = '';
  const put = (piece: string) => {
    const parent = open.at(-1);
    if (parent !== undefined) parent.children.push(piece);
    else if (root === undefined) before += piece;
    else after += piece;
  };
  let at = 0;
  while (at < text.length) {
    const next = text.indexOf('<', at);
    if (next !== at) {
      const piece = text.slice(at, next < 0 ? text.length : next);
      if (open.length === 0 && piece.replace('\ufeff', '').trim() !== '')
        throw new XmlError('text outside of the root element', at);
      put(piece);
      if (next < 0) break;
    }
    at = next;
    const special = text.startsWith('<!--', at)
      ? '-->'
      : text.startsWith('<![CDATA[', at)
        ? ']]>'
        : text.startsWith('<?', at)
          ? '?>'
          : undefined;
    if (special !== undefined) {
      const end = text.indexOf(special, at + 2);
      if (end < 0) throw new XmlError('a comment or section never ends', at);
      const piece = text.slice(at, end + special.length);
      put(special === ']]>' ? encodeXml(text.slice(at + 9, end)) : piece);
      at = end + special.length;
      continue;
    }
    if (text.startsWith('<!', at)) throw new XmlError('a document type declaration is not allowed', at);
    const end = tagEnd(text, at);
    if (text[at + 1] === '/') {
      const name = text.slice(at + 2, end).trim();
      const element = open.pop();
      if (element?.name !== name) throw new XmlError(`</${name}> closes nothing that is open`, at);
    } else {
      const isEmpty = text[end - 1] === '/';
      const element = new XmlElement(text.slice(at + 1, isEmpty ? end - 1 : end));
      if (!/^[\p{L}_:][\p{L}\p{N}_:.-]*$/u.test(element.name)) throw new XmlError('a tag has no name', at);
      const parent = open.at(-1);
      if (parent !== undefined) parent.children.push(element);
      else if (root === undefined) root = element;
      else throw new XmlError('there is more than one root element', at);
      if (!isEmpty) open.push(element);
      if (open.length > maxDepth) throw new XmlError('elements are nested too deep', at);
    }
    at = end + 1;
  }
  if (open.length > 0) throw new XmlError(`<${open.at(-1)?.name}> is never closed`, text.length);
  if (root === undefined) throw new XmlError('there is no root element', text.length);
  const found = root;
  return { root: found, toString: () => `${before}${found}${after}` };
}

/** Offset of the `>` that ends the tag at `from`; one inside quotes does not. */
export function tagEnd(text: string, from: number): number {
  let at = from + 1;
  for (;;) {
    const end = text.indexOf('>', at);
    if (end < 0) throw new XmlError('a tag never ends', from);
    // Quotes are rare enough in front of `>` that looking at the whole tag each time is cheap.
    const quote = openQuote(text, at, end);
    if (quote === undefined) return end;
    const closing = text.indexOf(quote, end);
    if (closing < 0) throw new XmlError('an attribute value never ends', from);
    at = closing + 1;
  }
}

function openQuote(text: string, from: number, to: number): string | undefined {
  let quote: string | undefined;
  for (let at = from; at < to; at++) {
    const character = text[at];
    if (quote === undefined) {
      if (character === '"' || character === "'") quote = character;
    } else if (character === quote) quote = undefined;
  }
  return quote;
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** Comments inside text are dropped; unknown entities stay as they are. */
export function decodeXml(text: string): string {
  const plain = text.includes('<') ? text.replace(/<!--[\s\S]*?-->|<\?[\s\S]*?\?>/g, '') : text;
  if (!plain.includes('&')) return plain;
  return plain.replace(/&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|(\w+));/gi, (whole, hex, decimal, name) => {
    if (name !== undefined) return entities[name] ?? whole;
    const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : '';
  });
}

/** For text and attribute values alike. */
export function encodeXml(text: string): string {
  if (!/[&<>"\r\n\t]/.test(text)) return text;
  return text.replace(/[&<>"\r\n\t]/g, (character) => encoded[character] as string);
}

const encoded: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\r': '&#13;',
  '\n': '&#10;',
  '\t': '&#9;',
};
