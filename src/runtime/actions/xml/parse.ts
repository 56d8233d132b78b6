// XML text → tree, through a strict streaming parser. Takes nothing from outside of the text: entities a document declares
// itself, and files it names, are refused or ignored, so neither secrets nor floods come in that way.
import { setImmediate } from 'node:timers/promises';
import type { QualifiedAttribute, QualifiedTag } from 'sax';
import { nodeTypes, XmlNode, xmlnsNamespace } from './tree.ts';

/** Where a text is no XML. `line` is 1-based. */
export class XmlError extends Error {
  override readonly name = 'XmlError';
  readonly line: number;
  constructor(line: number, message: string) {
    super(message);
    this.line = line;
  }
}

/** A node takes about 200 bytes; this many fit the memory of a worker. */
const nodeLimit = 8_000_000;
/** Deeper nesting is no data, and would exhaust the stack of whatever walks through it. */
const depthLimit = 5_000;
/** So much is read before the run may stop again. */
const chunkLength = 256 * 1024;

// The three kinds of content in which `&` and `]]>` mean nothing, an `&` that begins no reference, or `]]>` in text.
const misplaced =
  /<!\[CDATA\[[\s\S]*?\]\]>|<!--[\s\S]*?-->|<\?[\s\S]*?\?>|(&(?!#\d+;|#x[\da-f]+;|[\w:.\u00b7-\u{10ffff}-]+;)|\]\]>)/giu;

/** The document in `text`, white space included. Throws an XmlError, and the signal's reason. */
export async function parseXml(text: string, signal: AbortSignal): Promise<XmlNode> {
  const source = text.replace(/^\ufeff/, '').replace(/\r\n?/g, '\n');
  checkCharacters(source);
  const { default: sax } = await import('sax');
  const options = { xmlns: true, strictEntities: true, position: true };
  const parser = sax.parser(true, options);
  // A text or attribute may be as long as it likes: the whole text is in memory anyway.
  Object.assign(parser, { bufferCheckPosition: Number.POSITIVE_INFINITY });
  const document = new XmlNode(nodeTypes.document, '#document');
  let current = document;
  let depth = 0;
  let nodes = 0;

  const fail = (message: string): never => {
    throw new XmlError(parser.line + 1, message);
  };
  const add = (node: XmlNode): void => {
    if (++nodes > nodeLimit) fail(`it has more than ${nodeLimit.toLocaleString('en')} parts`);
    current.insert(node);
  };
  // The parser tells text in pieces.
  const addText = (type: number, name: string, value: string): void => {
    const last = current.lastChild;
    if (last?.nodeType === type && type === nodeTypes.text) last.nodeValue += value;
    else add(new XmlNode(type, name, value));
  };

  parser.onerror = (error) => {
    fail(plain(error.message));
  };
  parser.ontext = (value) => addText(nodeTypes.text, '#text', value);
  parser.oncdata = (value) => addText(nodeTypes.cdata, '#cdata-section', value);
  parser.oncomment = (value) => add(new XmlNode(nodeTypes.comment, '#comment', value));
  parser.ondoctype = (value) => add(new XmlNode(nodeTypes.doctype, '#doctype', value));
  parser.onprocessinginstruction = ({ name, body }) => {
    if (name === 'xml' && (current !== document || document.firstChild !== null)) {
      fail('an XML declaration stands elsewhere than at the start');
    }
    add(new XmlNode(nodeTypes.instruction, name, body));
  };
  parser.onopentag = (found) => {
    const tag = found as QualifiedTag;
    if (current === document && document.documentElement !== null)
      fail('there is more than one root element');
    if (++depth > depthLimit)
      fail(`its elements are nested more than ${depthLimit.toLocaleString('en')} deep`);
    const element = new XmlNode(nodeTypes.element, tag.name, null, tag.uri === '' ? null : tag.uri);
    const attributes = Object.values(tag.attributes) as QualifiedAttribute[];
    const raw = source.slice(parser.startTagPosition - 1, parser.position);
    checkTag(raw, attributes.length, fail);
    for (const { name, value, uri } of attributes) {
      // A line end in an attribute reads as a blank, unless it was written as a reference.
      const normalised = raw.includes('&#') ? value : value.replace(/[\n\t]/g, ' ');
      const isDeclaration = name === 'xmlns' || name.startsWith('xmlns:');
      element.setAttribute(name, normalised, isDeclaration ? xmlnsNamespace : uri === '' ? null : uri);
    }
    nodes += attributes.length;
    add(element);
    current = element;
  };
  parser.onclosetag = () => {
    depth--;
    current = current.parentNode as XmlNode;
  };

  for (let at = 0; at < source.length; at += chunkLength) {
    signal.throwIfAborted();
    parser.write(source.slice(at, at + chunkLength));
    if (at > 0) await setImmediate();
  }
  parser.close();
  if (document.documentElement === null) fail('there is no root element');
  for (const child of document.children()) {
    // Blanks around the root element are no content.
    if (child.nodeType === nodeTypes.text || child.nodeType === nodeTypes.cdata) child.remove();
  }
  return document;
}

/** Characters and references no XML may have. */
function checkCharacters(text: string): void {
  const control = text.search(/[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/);
  if (control >= 0) {
    const code = text.charCodeAt(control).toString(16).toUpperCase().padStart(4, '0');
    throw new XmlError(lineAt(text, control), `the character U+${code} is not allowed in XML`);
  }
  for (const match of text.matchAll(misplaced)) {
    if (match[1] === undefined) continue;
    const what = match[1] === '&' ? '"&" must be written as "&amp;"' : '"]]>" may not stand in a text';
    throw new XmlError(lineAt(text, match.index), what);
  }
}

const lineAt = (text: string, index: number): number => text.slice(0, index).split('\n').length;

/** What the parser lets pass: an attribute that is there twice, and `<` inside of one. */
function checkTag(raw: string, count: number, fail: (message: string) => never): void {
  const values = raw.match(/=\s*(?:"[^"]*"|'[^']*')/g) ?? [];
  if (values.length > count) fail('an element has the same attribute twice');
  if (values.some((value) => value.includes('<'))) fail('"<" in an attribute must be written as "&lt;"');
}

/** The message of the parser without its place, in the style of our messages. */
function plain(message: string): string {
  const [first = ''] = message.split('\n');
  if (first === 'Invalid character entity' || first === 'Invalid character in entity name') {
    return 'a reference such as "&name;" is not one of the five XML knows (declarations of a document are not read)';
  }
  return first.charAt(0).toLowerCase() + first.slice(1).replace(/\.$/, '');
}
