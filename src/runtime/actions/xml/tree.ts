// An XML document as a tree in memory, a fraction of the size of a full DOM. It has just the members of the DOM that the XPath
// library reads, under their DOM names. Reading text is parse.ts, writing it print.ts.

export const nodeTypes = {
  element: 1,
  attribute: 2,
  text: 3,
  cdata: 4,
  instruction: 7,
  comment: 8,
  document: 9,
  /** Kept as it was written; declares nothing here. */
  doctype: 10,
} as const;

/** Attributes of an element in the order in which they were written. */
export class XmlAttributes extends Array<XmlNode> {
  item(index: number): XmlNode | null {
    return this[index] ?? null;
  }
}

const noAttributes = Object.freeze(new XmlAttributes()) as XmlAttributes;

/** A node of any type. Instructions have their target as name, doctypes and comments their content as value. */
export class XmlNode {
  readonly nodeType: number;
  /** With its prefix; `#document`, `#text`, `#cdata-section`, `#comment`, `#doctype` for nodes without a name. */
  readonly nodeName: string;
  /** Null for elements and documents. */
  nodeValue: string | null;
  /** Null without namespace. */
  readonly namespaceURI: string | null;
  parentNode: XmlNode | null = null;
  /** Of an attribute. */
  ownerElement: XmlNode | null = null;
  firstChild: XmlNode | null = null;
  lastChild: XmlNode | null = null;
  nextSibling: XmlNode | null = null;
  previousSibling: XmlNode | null = null;
  attributes: XmlAttributes = noAttributes;
  /** Place in the document when `isOrdered` of its root is true. */
  #place = 0;
  #isOrdered = false;

  constructor(type: number, name: string, value: string | null = null, namespace: string | null = null) {
    this.nodeType = type;
    this.nodeName = name;
    this.nodeValue = value;
    this.namespaceURI = namespace;
  }

  get localName(): string | null {
    if (this.nodeType !== nodeTypes.element && this.nodeType !== nodeTypes.attribute) return null;
    return this.nodeName.slice(this.nodeName.indexOf(':') + 1);
  }

  get prefix(): string | null {
    const colon = this.nodeName.indexOf(':');
    return colon < 0 ? null : this.nodeName.slice(0, colon);
  }

  /** The XPath library tells instructions by it. */
  get target(): string | undefined {
    return this.nodeType === nodeTypes.instruction ? this.nodeName : undefined;
  }

  /** The topmost node: the document, or the element itself that was taken out of one. */
  get root(): XmlNode {
    let node: XmlNode = this;
    for (;;) {
      const above: XmlNode | null = node.parentNode ?? node.ownerElement;
      if (above === null) return node;
      node = above;
    }
  }

  get ownerDocument(): XmlNode | null {
    const root = this.root;
    return root === this ? null : root;
  }

  /** The element of a document. */
  get documentElement(): XmlNode | null {
    return this.children().find((child) => child.nodeType === nodeTypes.element) ?? null;
  }

  children(): XmlNode[] {
    const children: XmlNode[] = [];
    for (let child = this.firstChild; child !== null; child = child.nextSibling) children.push(child);
    return children;
  }

  /** All text in it, as it reads without tags; the value of nodes that have one. */
  get textContent(): string {
    if (this.nodeValue !== null) return this.nodeValue;
    let text = '';
    for (const node of this.descendants()) {
      if (node.nodeType === nodeTypes.text || node.nodeType === nodeTypes.cdata) text += node.nodeValue;
    }
    return text;
  }

  /** Everything below, in document order, without attributes. The node given last may not be taken out of the tree. */
  *descendants(): Generator<XmlNode> {
    let node = this.firstChild;
    while (node !== null) {
      yield node;
      let next: XmlNode | null = node.firstChild;
      let above: XmlNode = node;
      while (next === null && above !== this) {
        next = above.nextSibling;
        if (next === null) above = above.parentNode as XmlNode;
      }
      node = next;
    }
  }

  attribute(name: string): XmlNode | undefined {
    return this.attributes.find((attribute) => attribute.nodeName === name);
  }

  /** Puts `child` before `before`, or at the end. It must not be in a tree. */
  insert(child: XmlNode, before: XmlNode | null = null): void {
    child.parentNode = this;
    child.nextSibling = before;
    child.previousSibling = before === null ? this.lastChild : before.previousSibling;
    if (child.previousSibling === null) this.firstChild = child;
    else child.previousSibling.nextSibling = child;
    if (before === null) this.lastChild = child;
    else before.previousSibling = child;
    this.root.#isOrdered = false;
  }

  /** Takes the node, also an attribute, out of its tree. */
  remove(): void {
    const parent = this.parentNode;
    if (this.ownerElement !== null) {
      const { attributes } = this.ownerElement;
      attributes.splice(attributes.indexOf(this), 1);
      this.ownerElement = null;
    } else if (parent !== null) {
      if (this.previousSibling === null) parent.firstChild = this.nextSibling;
      else this.previousSibling.nextSibling = this.nextSibling;
      if (this.nextSibling === null) parent.lastChild = this.previousSibling;
      else this.nextSibling.previousSibling = this.previousSibling;
      this.parentNode = null;
      this.nextSibling = null;
      this.previousSibling = null;
    }
  }

  /** Sets an attribute, in its place when it is there already. */
  setAttribute(name: string, value: string, namespace: string | null = null): void {
    const known = this.attribute(name);
    if (known !== undefined) {
      known.nodeValue = value;
      return;
    }
    const attribute = new XmlNode(nodeTypes.attribute, name, value, namespace);
    attribute.ownerElement = this;
    if (this.attributes === noAttributes) this.attributes = new XmlAttributes();
    this.attributes.push(attribute);
    this.root.#isOrdered = false;
  }

  /** A copy of the node and everything in it, outside of any tree. */
  clone(): XmlNode {
    const copies = new Map<XmlNode, XmlNode>();
    const copyOf = (node: XmlNode): XmlNode => {
      const copy = new XmlNode(node.nodeType, node.nodeName, node.nodeValue, node.namespaceURI);
      for (const { nodeName, nodeValue, namespaceURI } of node.attributes) {
        copy.setAttribute(nodeName, nodeValue ?? '', namespaceURI);
      }
      copies.set(node, copy);
      return copy;
    };
    const copy = copyOf(this);
    for (const node of this.descendants()) copies.get(node.parentNode as XmlNode)?.insert(copyOf(node));
    return copy;
  }

  /** What a prefix (`''`: none) stands for here; null when it stands for nothing. */
  lookupNamespaceURI(prefix: string): string | null {
    if (prefix === 'xml') return xmlNamespace;
    const name = prefix === '' ? 'xmlns' : `xmlns:${prefix}`;
    let node: XmlNode | null = this.nodeType === nodeTypes.document ? this.documentElement : this;
    for (; node !== null; node = node.parentNode ?? node.ownerElement) {
      const declared = node.attribute(name);
      if (declared !== undefined) return declared.nodeValue === '' ? null : declared.nodeValue;
    }
    return null;
  }

  /** As the DOM defines it, as far as the XPath library uses it: 2 when `other` comes before, 4 when behind, 1 in another tree. */
  compareDocumentPosition(other: XmlNode): number {
    const root = this.root;
    if (other.root !== root) return 1;
    if (!root.#isOrdered) order(root);
    root.#isOrdered = true;
    return other.#place < this.#place ? 2 : 4;

    function order(top: XmlNode): void {
      let place = 0;
      top.#place = place++;
      for (const attribute of top.attributes) attribute.#place = place++;
      for (const node of top.descendants()) {
        node.#place = place++;
        for (const attribute of node.attributes) attribute.#place = place++;
      }
    }
  }
}

export const xmlNamespace = 'http://www.w3.org/XML/1998/namespace';
export const xmlnsNamespace = 'http://www.w3.org/2000/xmlns/';

export const isElement = (node: XmlNode): boolean => node.nodeType === nodeTypes.element;
