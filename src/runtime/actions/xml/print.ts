// Tree → XML text: as it was read, or indented for people.
import { nodeTypes, type XmlNode, xmlNamespace } from './tree.ts';

/** Prefix → namespace, as declared around a node. */
type Scope = ReadonlyMap<string, string>;

const outside: Scope = new Map([['xml', xmlNamespace]]);

/** The node as XML; an attribute as `name="value"`. Namespaces that were declared around it are declared on it. */
export function printXml(node: XmlNode): string {
  return print(node, outside, undefined, 0);
}

/** Everything in a node as XML. */
export function printInnerXml(node: XmlNode): string {
  return node
    .children()
    .map((child) => print(child, outside, undefined, 0))
    .join('');
}

/** The node with every element on a line of its own, `indentation` blanks per level, CR LF between lines. Elements that hold text beside others stay as they are. */
export function printIndented(node: XmlNode, indentation: number): string {
  return print(node, outside, indentation, 0).trim();
}

function print(node: XmlNode, scope: Scope, indentation: number | undefined, level: number): string {
  const value = node.nodeValue ?? '';
  switch (node.nodeType) {
    case nodeTypes.document:
      return printDocument(node, scope, indentation);
    case nodeTypes.element:
      return printElement(node, scope, indentation, level);
    case nodeTypes.attribute:
      return printAttribute(node.nodeName, value);
    case nodeTypes.text:
      return escapeText(value);
    case nodeTypes.cdata:
      return `<![CDATA[${value.replaceAll(']]>', ']]]]><![CDATA[>')}]]>`;
    case nodeTypes.instruction:
      return value === '' ? `<?${node.nodeName}?>` : `<?${node.nodeName} ${value}?>`;
    case nodeTypes.comment:
      return `<!--${value}-->`;
    default:
      return `<!DOCTYPE${value}>`;
  }
}

function printDocument(document: XmlNode, scope: Scope, indentation: number | undefined): string {
  const between = indentation === undefined ? '\n' : '\r\n';
  return document
    .children()
    .map((child) => print(child, scope, indentation, 0))
    .join(between);
}

function printElement(
  element: XmlNode,
  outer: Scope,
  indentation: number | undefined,
  level: number,
): string {
  let scope = outer;
  const declare = (prefix: string, namespace: string) => {
    scope = new Map(scope).set(prefix, namespace);
  };
  let tag = element.nodeName;
  for (const { nodeName, nodeValue } of element.attributes) {
    const value = nodeValue ?? '';
    if (nodeName === 'xmlns') declare('', value);
    else if (nodeName.startsWith('xmlns:')) declare(nodeName.slice(6), value);
    tag += ` ${printAttribute(nodeName, value)}`;
  }
  // A node that came from elsewhere, or is printed by itself, brings the declarations it needs.
  for (const named of [element, ...element.attributes]) {
    const prefix = named.prefix ?? '';
    const isDeclaration = named.nodeName === 'xmlns' || prefix === 'xmlns';
    if (isDeclaration || (named !== element && prefix === '')) continue;
    const meant = named.namespaceURI ?? '';
    if ((scope.get(prefix) ?? '') === meant) continue;
    declare(prefix, meant);
    tag += ` ${printAttribute(prefix === '' ? 'xmlns' : `xmlns:${prefix}`, meant)}`;
  }
  const children = element.children();
  if (children.length === 0) return `<${tag}/>`;
  const keep = indentation === undefined || keepsSpace(element, children);
  const inside = keep ? undefined : indentation;
  const shown = keep ? children : children.filter((child) => child.nodeType !== nodeTypes.text);
  const parts = shown.map((child) => print(child, scope, inside, level + 1));
  if (inside === undefined) return `<${tag}>${parts.join('')}</${element.nodeName}>`;
  if (parts.length === 0) return `<${tag}/>`;
  const line = (depth: number) => `\r\n${' '.repeat(inside * depth)}`;
  const content = parts.map((part) => line(level + 1) + part).join('');
  return `<${tag}>${content}${line(level)}</${element.nodeName}>`;
}

/** It has text other than line ends between its elements, or the document asks for it. */
function keepsSpace(element: XmlNode, children: readonly XmlNode[]): boolean {
  if (element.attribute('xml:space')?.nodeValue === 'preserve') return true;
  if (children.every((child) => child.nodeType === nodeTypes.text))
    return !/^\s*\n\s*$/.test(element.textContent);
  return children.some(
    (child) =>
      child.nodeType === nodeTypes.cdata ||
      (child.nodeType === nodeTypes.text && (child.nodeValue ?? '').trim() !== ''),
  );
}

const printAttribute = (name: string, value: string): string => `${name}="${escapeAttribute(value)}"`;

const escapeText = (text: string): string =>
  text.replace(/[&<>\r]/g, (character) => textEscapes[character] as string);
const textEscapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '\r': '&#13;',
};

const escapeAttribute = (text: string): string =>
  text.replace(/[&<>"\n\r\t]/g, (character) => attributeEscapes[character] as string);
const attributeEscapes: Readonly<Record<string, string>> = {
  ...textEscapes,
  '"': '&quot;',
  '\n': '&#10;',
  '\r': '&#13;',
  '\t': '&#9;',
};
