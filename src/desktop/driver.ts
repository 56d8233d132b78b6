// What a way of reaching elements (UI Automation, window messages) offers the rest of desktop/: synchronous, lives in the thread of the
// Desktop, knows nothing of selectors' levels. Everything may throw DesktopError.
import type { ElementChange, ElementFacts, ElementState, ItemFacts, Point, Rectangle } from './desktop.ts';
import type { SelectorLevel } from './selector.ts';

/** The tree that selectors are matched against. `Node` is the driver's own idea of an element. */
export interface ElementTree<Node> {
  /** Top-level windows that people can see, minimised ones too, front to back. */
  windows(): readonly Node[];
  /**
   * The children of an element, or everything below it, in the order of the tree. With a level those may be left out that it surely does
   * not match; when what is alike is wanted, only those that nobody would take for it (such as items of lists for a button).
   */
  below(
    node: Node,
    scope: 'children' | 'all',
    level?: SelectorLevel,
    wanted?: 'matching' | 'alike',
  ): readonly Node[];
  /** What its type is called by selectors; the first is shown to people. */
  tags(node: Node): readonly string[];
  /** By lower-case name (`name`, `id`, `class`, `process`, `enabled` …); undefined when it does not have such a property. */
  property(node: Node, name: string): string | undefined;
  /** Two nodes are the same element when their keys are. */
  key(node: Node): string;
}

export interface Driver<Node = unknown> extends ElementTree<Node> {
  readonly kind: ElementFacts['driver'];
  /** A window as an element. Throws `WindowNotFound`. */
  window(handle: number): Node;
  parent(node: Node): Node | undefined;
  elementAt(place: Point | 'focus'): Node | undefined;
  /** Anew, without `ref`. Throws `ElementGone`. */
  facts(node: Node): Omit<ElementFacts, 'ref'>;
  state(node: Node): ElementState;
  change(node: Node, change: ElementChange): void;
  items(node: Node): readonly ItemFacts[];
  table(node: Node): {
    readonly header: readonly string[] | undefined;
    readonly rows: readonly (readonly string[])[];
  };
  /** Whether `other` is the node or something in it: a click on `other` is a click on the node. */
  contains(node: Node, other: Node): boolean;
  /** Where it is on the screen. */
  rectangle(node: Node): Rectangle;
  /** Every node that was given out belongs to the driver until the next `sweep`, unless it is kept: then until it is released. */
  keep(node: Node): void;
  sweep(): void;
  release(node: Node): void;
  dispose(): void;
}
