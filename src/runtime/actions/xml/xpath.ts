// XPath 1.0 over our tree, through the XPath library.
import type { default as Library } from 'xpath';
import type { Value } from '../../values.ts';
import type { XmlNode } from './tree.ts';

/** An expression that cannot be parsed or evaluated. */
export class XPathError extends Error {
  override readonly name = 'XPathError';
}

let loaded: typeof Library | undefined;

async function library(): Promise<typeof Library> {
  if (loaded !== undefined) return loaded;
  const { default: xpath } = await import('xpath');
  // As delivered, a set compares every new node with all it has: 200,000 rows take minutes instead of a second.
  xpath.XNodeSet.prototype.addArray = function (added) {
    this.nodes = [...new Set([...this.nodes, ...added])];
    this.size = this.nodes.length;
    this.tree = null;
  };
  loaded = xpath;
  return xpath;
}

/**
 * What `expression` finds from `node`, in document order; one text, number or Boolean when it computes one. Prefixes mean what
 * they are declared to mean at `node` (of a document: at its root element). Throws an XPathError.
 */
export async function evaluateXPath(node: XmlNode, expression: string): Promise<XmlNode[] | Value[]> {
  const { parse, XNumber, XBoolean } = await library();
  try {
    const result = parse(expression).evaluate({
      node,
      namespaces: (prefix) => node.lookupNamespaceURI(prefix),
    });
    if (result.toArray !== undefined) return result.toArray();
    if (result instanceof XNumber) {
      const number = result.numberValue();
      if (Number.isFinite(number)) return [number];
      throw new XPathError(`it computes ${number}, which is no number of a flow`);
    }
    if (result instanceof XBoolean) return [result.booleanValue()];
    return [result.stringValue()];
  } catch (error) {
    if (error instanceof XPathError) throw error;
    const { message } = error as Error;
    // The library has functions that need more of a document than this tree has.
    const cannot = error instanceof TypeError;
    const what = cannot
      ? 'it uses a function that is not supported here'
      : message.startsWith('XPath parse error')
        ? 'it is not valid'
        : message.charAt(0).toLowerCase() + message.slice(1);
    throw new XPathError(what, { cause: error });
  }
}
