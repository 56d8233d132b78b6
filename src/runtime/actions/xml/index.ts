// The XML actions, and the value a flow holds of a document or a part of it. Actions that change a document change it in place.
import { readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import {
  type ActionArguments,
  type ActionContext,
  type ActionDefinition,
  ActionError,
} from '../../action.ts';
import { describe, toBoolean, toDatetime, toNumeric, toText } from '../../convert.ts';
import { LogicError } from '../../errors.ts';
import { type Value, XmlNodeValue } from '../../values.ts';
import { decodeCodePage } from '../codePages.ts';
import { decodeText, encodeText } from '../encodings.ts';
import { attempt, pathOf, requireFile, requireFolder } from '../fileSystem.ts';
import { parseXml, XmlError } from './parse.ts';
import { printIndented, printInnerXml, printXml } from './print.ts';
import { isElement, nodeTypes, XmlNode, xmlnsNamespace } from './tree.ts';
import { evaluateXPath, XPathError } from './xpath.ts';

// ── The value ───────────────────────────────────────────────────────────────────────────────────────────────────

/** The tree node behind each value. */
const nodes = new WeakMap<XmlNodeValue, XmlNode>();

class NodeValue extends XmlNodeValue {
  constructor(node: XmlNode) {
    super();
    nodes.set(this, node);
  }

  get text(): string {
    const node = nodes.get(this) as XmlNode;
    return node.nodeValue ?? printXml(node);
  }

  override property(name: string): Value | undefined {
    const node = nodes.get(this) as XmlNode;
    switch (name) {
      case 'name':
        return node.nodeName;
      case 'value':
        return node.nodeValue;
      case 'innertext':
        return node.textContent;
      case 'innerxml':
        return printInnerXml(node);
      case 'outerxml':
        return printXml(node);
      case 'children':
        return node.children().filter(isContent).map(valueFor);
      case 'parent': {
        const parent = node.parentNode ?? node.ownerElement;
        return parent === null ? null : valueFor(parent);
      }
      default:
        return undefined;
    }
  }
}

/** Line ends between elements are kept for writing, but are no children a flow should count. */
const isContent = (node: XmlNode): boolean =>
  node.nodeType !== nodeTypes.text || (node.nodeValue ?? '').trim() !== '';

const valueFor = (node: XmlNode): XmlNodeValue => new NodeValue(node);

/** The node a value stands for, or the document that its text spells. Throws an XmlError. */
async function nodeOf(value: Value, signal: AbortSignal): Promise<XmlNode> {
  const known = value instanceof XmlNodeValue ? nodes.get(value) : undefined;
  return known ?? (await parseXml(toText(value), signal));
}

// ── Files ───────────────────────────────────────────────────────────────────────────────────────────────────────

async function read(args: ActionArguments, { signal }: ActionContext): Promise<Value> {
  const file = pathOf(args, 'File');
  await requireFile(file, 'DirectoryNotFoundError');
  const bytes = await attempt('ReadFromFileError', 'read file', file, signal, () =>
    readFile(file, { signal }),
  );
  try {
    return valueFor(await parseXml(decode(bytes, args.member('Encoding')), signal));
  } catch (error) {
    if (!(error instanceof XmlError)) throw error;
    throw new ActionError(
      'FileDoesntContainValidXMLDocumentError',
      `"${file}" is not a valid XML document: line ${error.line}: ${error.message}.`,
      'Correct the file, or check its encoding.',
      { cause: error },
    );
  }
}

/** The system's encoding gives way to what the document says of itself, as XML demands: byte order mark, declaration, else UTF-8. */
function decode(bytes: Buffer, member: string): string {
  const hasMark = /^(?:efbbbf|fffe|feff)/.test(bytes.toString('hex', 0, 3));
  if (hasMark || member !== 'DefaultEncoding') return decodeText(bytes, member, 65001);
  if (bytes[0] === 0x3c && bytes[1] === 0) return decodeText(bytes, 'Unicode', 65001);
  if (bytes[0] === 0 && bytes[1] === 0x3c) return decodeText(bytes, 'BigEndianUnicode', 65001);
  const start = bytes.toString('latin1', 0, 200);
  const declared = /^<\?xml[^>]*?\sencoding\s*=\s*["']([\w.:-]+)["']/.exec(start)?.[1] ?? 'utf-8';
  // A document that could be read this far is not UTF-16, whatever it says.
  if (/^utf-?16/i.test(declared)) return decodeText(bytes, 'UTF8', 65001);
  try {
    const decoder = new TextDecoder(declared);
    // Some versions of Node decode these two pages wrongly.
    if (decoder.encoding === 'windows-1252') return decodeCodePage(bytes, 1252);
    return decoder.encoding === 'ibm866' ? decodeCodePage(bytes, 866) : decoder.decode(bytes);
  } catch {
    throw new XmlError(1, `its encoding "${declared}" is not known`);
  }
}

/** What a declaration calls the encodings that are written. */
const encodingNames: Readonly<Record<string, string>> = {
  DefaultEncoding: 'utf-8',
  UTF8: 'utf-8',
  ASCII: 'us-ascii',
  Unicode: 'utf-16',
  BigEndianUnicode: 'utf-16',
};

async function write(
  args: ActionArguments,
  { signal }: ActionContext,
  print: (node: XmlNode) => string,
): Promise<void> {
  const file = pathOf(args, 'File');
  const code = 'WriteXMLToFileError';
  await requireFolder(dirname(file), 'InvalidDirectorySpecifiedError');
  const node = await orError(code, 'The value to write is not valid XML', () =>
    nodeOf(args.value('Xml'), signal),
  );
  const member = args.member('Encoding');
  if (member === 'ASCII') requireAsciiNames(node, code);
  let text = print(node).replace(
    /^(<\?xml[^>]*?\sencoding\s*=\s*)(["'])[^"']*\2/,
    `$1$2${encodingNames[member]}$2`,
  );
  if (member === 'ASCII') {
    text = text.replace(/[^\x00-\x7f]/gu, (character) => `&#${character.codePointAt(0)};`);
  }
  // The same bytes on every system: the system's encoding is UTF-8 without byte order mark.
  const bytes = encodeText(text, member === 'DefaultEncoding' ? 'UTF8NoBOM' : member, 65001, true);
  await attempt(code, 'write file', file, signal, () => writeFile(file, bytes, { signal }));
}

/** Only texts and attribute values have a way to write other characters. */
function requireAsciiNames(root: XmlNode, code: string): void {
  for (const node of [root, ...root.descendants()]) {
    const isText = node.nodeType === nodeTypes.text || node.nodeType === nodeTypes.attribute;
    const parts = [
      node.nodeName,
      ...node.attributes.map(({ nodeName }) => nodeName),
      isText ? '' : node.nodeValue,
    ];
    const found = parts.find((part) => /[^\x00-\x7f]/.test(part ?? ''));
    if (found === undefined) continue;
    throw new ActionError(
      code,
      `"${found?.slice(0, 40)}" cannot be written as ASCII: only texts and attribute values can hold other characters there.`,
      'Choose the encoding UTF-8.',
    );
  }
}

/** Runs `work`; what makes a text no XML becomes the ActionError `code`. */
async function orError<T>(code: string, what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof XmlError)) throw error;
    throw new ActionError(
      code,
      `${what}: line ${error.line}: ${error.message}.`,
      'Check where the text comes from.',
      { cause: error },
    );
  }
}

// ── Queries ─────────────────────────────────────────────────────────────────────────────────────────────────────

async function query(node: XmlNode, expression: string): Promise<Value[] | XmlNode[]> {
  try {
    return await evaluateXPath(node, expression);
  } catch (error) {
    if (!(error instanceof XPathError)) throw error;
    throw new ActionError(
      'InvalidXPathExpressionProvidedError',
      `The XPath expression "${expression}" cannot be used: ${error.message}.`,
      'Check the expression: brackets, quotes, and prefixes, which must be declared in the document.',
      { cause: error },
    );
  }
}

/** Everything the query of the call finds; nodes as values. */
async function results(args: ActionArguments, { signal }: ActionContext): Promise<Value[]> {
  const document = await orError(
    'InvalidXMLDocumentProvidedError',
    'The text is not a valid XML document',
    () => nodeOf(args.value('XmlDocument'), signal),
  );
  const found = await query(document, args.text('XPathQuery'));
  return found.map((one) => (one instanceof XmlNode ? valueFor(one) : one));
}

/** The first node the query of the call finds; without query the document's element, or the node itself. */
async function nodeAt(args: ActionArguments, { signal }: ActionContext, changes: boolean): Promise<XmlNode> {
  const value = args.value('Document');
  if (changes && !(value instanceof XmlNodeValue)) {
    throw new ActionError(
      'InvalidArgument',
      `${describe(value)} cannot be used for the argument "Document", which is changed in place and expects an XML node.`,
      'Read the document with "Read XML from file", or get a node of it with "Execute XPath expression".',
    );
  }
  const document = await orError('InvalidArgument', 'The argument "Document" is not valid XML', () =>
    nodeOf(value, signal),
  );
  const expression = args.text('XPathQuery');
  if (expression.trim() === '') return document.documentElement ?? document;
  const [found] = await query(document, expression);
  if (found instanceof XmlNode) return found;
  throw noElement(expression);
}

function noElement(expression: string): ActionError {
  return new ActionError(
    'XPathExpressionReturnsNoElementError',
    `The XPath expression "${expression}" finds no element.`,
    'Check names (letter case matters) and namespaces; elements with a default namespace need *[local-name()="…"].',
  );
}

async function elementAt(args: ActionArguments, context: ActionContext, changes: boolean): Promise<XmlNode> {
  const node = await nodeAt(args, context, changes);
  if (isElement(node)) return node;
  throw noElement(args.text('XPathQuery'));
}

async function attributeAt(
  args: ActionArguments,
  context: ActionContext,
  changes: boolean,
): Promise<XmlNode> {
  const element = await elementAt(args, context, changes);
  const name = args.text('AttributeName');
  const attribute = element.attribute(name);
  if (attribute !== undefined) return attribute;
  const names = element.attributes.map(({ nodeName }) => nodeName);
  throw new ActionError(
    'AttributeNotFoundInElementError',
    `The element <${element.nodeName}> has no attribute "${name}"; ${names.length === 0 ? 'it has none' : `it has ${names.join(', ')}`}.`,
    'Check the name: letter case matters.',
  );
}

// ── Values of other types ───────────────────────────────────────────────────────────────────────────────────────

/** Variant ending and output of the actions that convert what they get. */
const conversions: readonly [suffix: string, output: string, convert: (text: string) => Value][] = [
  ['', 'TextValue', (text) => text],
  ['AsNumeric', 'NumericValue', (text) => toNumeric(text)],
  ['AsDateTime', 'DateTimeValue', (text) => toDatetime(text.trim())],
  ['AsBoolean', 'BooleanValue', (text) => toBoolean({ '1': 'true', '0': 'false' }[text.trim()] ?? text)],
];

function converted(text: string, code: string, convert: (text: string) => Value): Value {
  try {
    return convert(text);
  } catch (error) {
    if (!(error instanceof LogicError)) throw error;
    throw new ActionError(code, error.message, 'Get it as text, and convert it with its own format.', {
      cause: error,
    });
  }
}

// ── Changes ─────────────────────────────────────────────────────────────────────────────────────────────────────

const namePattern = /^[\p{L}_][\p{L}\p{N}\p{M}_.\u00b7-]*(?::[\p{L}_][\p{L}\p{N}\p{M}_.\u00b7-]*)?$/u;

function requireXmlText(text: string, code: string): void {
  if (!/[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/.test(text)) return;
  throw new ActionError(
    code,
    'The text has control characters, which XML cannot hold.',
    'Remove them first, with "Replace text" and a regular expression.',
  );
}

async function setAttribute(args: ActionArguments, context: ActionContext): Promise<void> {
  const code = 'SetXMLAttributeError';
  const element = await elementAt(args, context, true);
  const name = args.text('AttributeName');
  const [prefix] = name.includes(':') ? name.split(':') : [''];
  const namespace = prefix === '' ? null : element.lookupNamespaceURI(prefix as string);
  if (!namePattern.test(name) || (prefix !== '' && namespace === null && prefix !== 'xmlns')) {
    throw new ActionError(
      code,
      `"${name}" cannot be the name of an attribute of <${element.nodeName}>.`,
      'A name has no blanks, begins with a letter, and its prefix must be declared in the document.',
    );
  }
  const value = args.text('AttributeValue');
  requireXmlText(value, code);
  element.setAttribute(name, value, namespace);
}

async function removeAttribute(args: ActionArguments, context: ActionContext): Promise<void> {
  const attribute = await attributeAt(args, context, true);
  const element = attribute.ownerElement as XmlNode;
  if (attribute.namespaceURI === xmlnsNamespace && needsDeclaration(element, attribute)) {
    throw new ActionError(
      'RemoveXMLAttributeError',
      `The attribute "${attribute.nodeName}" of <${element.nodeName}> cannot be removed: names in this part of the document need what it declares.`,
      'Leave it; an XPath expression with *[local-name()="…"] finds elements whatever their namespace is.',
    );
  }
  attribute.remove();
}

/** True when the name of the element, or of something in it, means the namespace that the attribute declares. */
function needsDeclaration(element: XmlNode, { nodeName, nodeValue }: XmlNode): boolean {
  const prefix = nodeName === 'xmlns' ? null : nodeName.slice('xmlns:'.length);
  const uses = (node: XmlNode) => node.prefix === prefix && node.namespaceURI === nodeValue;
  return [element, ...element.descendants()].some((node) => uses(node) || node.attributes.some(uses));
}

async function setValue(args: ActionArguments, context: ActionContext): Promise<void> {
  const code = 'SetElementValueError';
  const node = await nodeAt(args, context, true);
  const value = args.text('ElementValue');
  requireXmlText(value, code);
  if (node.nodeType === nodeTypes.document || node.nodeType === nodeTypes.doctype) {
    throw new ActionError(
      code,
      'A document has no value of its own.',
      'Give an XPath expression that finds one of its elements.',
    );
  }
  if (isElement(node)) {
    for (const child of node.children()) child.remove();
    if (value !== '') node.insert(new XmlNode(nodeTypes.text, '#text', value));
  } else {
    node.nodeValue = value;
  }
}

async function insertElement(args: ActionArguments, context: ActionContext): Promise<void> {
  const code = 'InsertXMLElementError';
  const parent = await nodeAt(args, context, true);
  const given = await orError(code, 'The element to insert is not valid XML', () =>
    nodeOf(args.value('Element'), context.signal),
  );
  const element = given.documentElement ?? given;
  if (isElement(parent) && isElement(element)) {
    parent.insert(element.clone());
    return;
  }
  throw new ActionError(
    code,
    isElement(parent)
      ? `A node of the kind ${element.nodeName} is no element.`
      : 'An element can only be put into another element.',
    'Let the XPath expression find the element it belongs in, and give an element to insert.',
  );
}

/** All that the query finds; finding nothing is no error, since the documentation names none. */
async function removeElements(args: ActionArguments, context: ActionContext): Promise<void> {
  const value = args.value('Document');
  const expression = args.text('XPathQuery');
  const from = value instanceof XmlNodeValue ? nodes.get(value) : undefined;
  const found = from === undefined ? [await nodeAt(args, context, true)] : await query(from, expression);
  for (const node of found) {
    if (node instanceof XmlNode && isElement(node) && node.parentNode !== null && isElement(node.parentNode))
      continue;
    throw new ActionError(
      'RemoveXMLElementError',
      `The XPath expression "${expression}" finds something that cannot be removed: ${node instanceof XmlNode && isElement(node) ? 'the root element' : 'it is no element'}.`,
      'Let the expression find elements inside of another element; "Remove XML element attribute" removes attributes.',
    );
  }
  for (const node of found) (node as XmlNode).remove();
}

/** An action without outputs. */
const changing = (
  id: string,
  change: (args: ActionArguments, context: ActionContext) => Promise<void>,
): ActionDefinition => ({
  id,
  async run(args, context) {
    await change(args, context);
    return {};
  },
});

export const xmlActions: readonly ActionDefinition[] = [
  {
    id: 'XML.ReadFromFile',
    run: async (args, context) => ({ outputs: { XmlDocument: await read(args, context) } }),
  },
  changing('XML.WriteXmlToFile.WriteToFile', (args, context) => write(args, context, printXml)),
  changing('XML.WriteXmlToFile.WriteToFileFormatted', (args, context) => {
    const indentation = Math.min(Math.max(args.integer('Indentation'), 0), 100);
    return write(args, context, (node) => printIndented(node, indentation));
  }),
  {
    id: 'XML.ExecuteXPathQuery.ExecuteXPath',
    run: async (args, context) => ({ outputs: { XPathResults: await results(args, context) } }),
  },
  {
    id: 'XML.ExecuteXPathQuery.ExecuteXPathAndGetFirstValueOnly',
    run: async (args, context) => ({ outputs: { XPathResult: (await results(args, context))[0] ?? null } }),
  },
  ...conversions.flatMap(([suffix, output, convert]): ActionDefinition[] => [
    {
      id: `XML.GetXmlElementValue.GetElementValue${suffix}`,
      async run(args, context) {
        const { textContent } = await nodeAt(args, context, false);
        const code = 'ConvertElementValueToRequestedDataTypeError';
        return { outputs: { [output]: converted(textContent, code, convert) } };
      },
    },
    {
      id: `XML.GetXmlElementAttribute.GetElementAttribute${suffix}`,
      async run(args, context) {
        const { textContent } = await attributeAt(args, context, false);
        const code = 'ConvertAttributeValueToRequestedDataTypeError';
        return { outputs: { [output]: converted(textContent, code, convert) } };
      },
    },
  ]),
  changing('XML.SetElementValue', setValue),
  changing('XML.SetElementAttribute', setAttribute),
  changing('XML.RemoveElementAttribute', removeAttribute),
  changing('XML.InsertElement', insertElement),
  changing('XML.RemoveElement', removeElements),
];
