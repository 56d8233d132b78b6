// A tree of elements in memory that selectors are matched against, with a count of how often it was asked.
import type { ElementTree } from '../../src/desktop/driver.ts';

export interface PlayedNode {
  readonly tag: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly children: readonly PlayedNode[];
}

export const node = (
  tag: string,
  properties: Readonly<Record<string, string>> = {},
  ...children: readonly PlayedNode[]
): PlayedNode => ({ tag, properties, children });

export function descendants({ children }: PlayedNode): PlayedNode[] {
  return children.flatMap((child) => [child, ...descendants(child)]);
}

export class PlayedTree implements ElementTree<PlayedNode> {
  readonly #windows: readonly PlayedNode[];
  readonly #keys = new Map<PlayedNode, string>();
  looks = 0;

  constructor(...windows: readonly PlayedNode[]) {
    this.#windows = windows;
  }

  windows(): readonly PlayedNode[] {
    return this.#windows;
  }

  below(of: PlayedNode, scope: 'children' | 'all'): readonly PlayedNode[] {
    this.looks++;
    return scope === 'children' ? of.children : descendants(of);
  }

  tags({ tag }: PlayedNode): readonly string[] {
    return [tag];
  }

  property({ properties }: PlayedNode, name: string): string | undefined {
    return properties[name];
  }

  key(of: PlayedNode): string {
    const key = this.#keys.get(of) ?? String(this.#keys.size);
    this.#keys.set(of, key);
    return key;
  }
}
