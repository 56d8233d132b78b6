// The parts of the XPath library that are used here. Its own declarations demand a browser's DOM in the whole project and leave
// most of them out; tsconfig.json puts these in their place.
import type { XmlNode } from './tree.ts';

interface Result {
  /** Of a set of nodes only, in document order. */
  toArray?(): XmlNode[];
  numberValue(): number;
  booleanValue(): boolean;
  stringValue(): string;
}

declare class XNodeSet {
  nodes: XmlNode[];
  size: number;
  tree: unknown;
  addArray(nodes: XmlNode[]): void;
}

declare const library: {
  parse(expression: string): {
    evaluate(options: { node: XmlNode; namespaces: (prefix: string) => string | null }): Result;
  };
  readonly XNodeSet: typeof XNodeSet;
  readonly XNumber: new () => object;
  readonly XBoolean: new () => object;
};
export default library;
