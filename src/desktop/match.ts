// Which elements a selector means, over the tree of any driver. One look: waiting for elements and variables in selectors are decided elsewhere.
import { PatternError, translatePattern } from '../base/dotnetPattern.ts';
import { tagKey } from './controls.ts';
import type { PartialMatch } from './desktop.ts';
import type { ElementTree } from './driver.ts';
import { DesktopError } from './errors.ts';
import type { ElementSelector, SelectorAttribute, SelectorLevel } from './selector.ts';
import { desktopTag, levelsOf, levelText } from './selectorText.ts';

export type Matched<Node> =
  | { readonly found: readonly Node[]; readonly partial?: undefined }
  | { readonly found: undefined; readonly partial: readonly PartialMatch[] };

/** How many are told to stand there instead, and how many are compared with a level in full for that. */
const insteadLimit = 3;
const comparedLimit = 20;

/**
 * The windows that the first selector means that means any. Throws `InvalidSelector`.
 */
export function matchWindows<Node>(
  tree: ElementTree<Node>,
  selectors: readonly ElementSelector[],
): Matched<Node> {
  return firstThatMatches(selectors, (levels) => matchFromDesktop(tree, levels));
}

/**
 * The elements in `windows` that the first selector means that means any. A selector whose outermost level does not say that it is
 * directly below the window is looked for there first, and only then anywhere in it: what was captured is a child of the window unless
 * levels were switched off. Throws `InvalidSelector`.
 */
export function matchElements<Node>(
  tree: ElementTree<Node>,
  windows: readonly Node[],
  selectors: readonly ElementSelector[],
): Matched<Node> {
  return firstThatMatches(selectors, (levels) => {
    const [outermost, ...inner] = levels;
    if (outermost === undefined || outermost.level.element.toLowerCase() === desktopTag)
      return matchFromDesktop(tree, levels);
    if (outermost.level.isDirect) return matchLevels(tree, windows, levels, 0);
    const direct = [{ ...outermost, level: { ...outermost.level, isDirect: true } }, ...inner];
    const near = matchLevels(tree, windows, direct, 0);
    if (near.found !== undefined) return near;
    const anywhere = matchLevels(tree, windows, levels, 0);
    return anywhere.found === undefined && anywhere.failedAt < near.failedAt ? near : anywhere;
  });
}

/** How far the levels of one selector lead. */
type Trail<Node> =
  | { readonly found: readonly Node[] }
  /** `instead` looks once more, and only when it is asked. */
  | { readonly found: undefined; readonly failedAt: number; readonly instead: () => readonly string[] };

function firstThatMatches<Node>(
  selectors: readonly ElementSelector[],
  match: (levels: readonly CompiledLevel[]) => Trail<Node>,
): Matched<Node> {
  const partial: PartialMatch[] = [];
  for (const selector of selectors) {
    const compiled = compile(selector);
    const trail = match(compiled);
    if (trail.found !== undefined) return { found: trail.found };
    const failed = compiled[trail.failedAt];
    partial.push({
      selector: selector.name,
      failedAt: trail.failedAt,
      level: failed === undefined ? '' : levelText(failed.level),
      instead: trail.instead(),
    });
  }
  return { found: undefined, partial };
}

function matchFromDesktop<Node>(tree: ElementTree<Node>, all: readonly CompiledLevel[]): Trail<Node> {
  const from = all[0]?.level.element.toLowerCase() === desktopTag ? 1 : 0;
  const [outermost, ...inner] = all.slice(from);
  if (outermost === undefined) return { found: undefined, failedAt: 0, instead: () => [] };
  const roots = tree.windows();
  const windows = chosen(tree, roots, outermost);
  if (windows.length === 0) {
    return { found: undefined, failedAt: from, instead: () => mostAlike(tree, roots, outermost) };
  }
  return matchLevels(tree, windows, inner, from + 1);
}

/** `offset`: the position of `levels[0]` in its selector. */
function matchLevels<Node>(
  tree: ElementTree<Node>,
  start: readonly Node[],
  levels: readonly CompiledLevel[],
  offset: number,
): Trail<Node> {
  let current = start;
  // Below one another stand only elements that were looked for anywhere below something.
  let mayNest = false;
  for (const [index, level] of levels.entries()) {
    const below = candidates(tree, current, level);
    const next = chosen(
      tree,
      mayNest && level.level.isDirect ? inTreeOrder(tree, start, below) : below,
      level,
    );
    mayNest ||= !level.level.isDirect;
    if (next.length === 0) {
      const parents = current;
      const instead = () => {
        const scope = level.level.isDirect ? 'children' : 'all';
        const there = parents.flatMap((node) => [...tree.below(node, scope, level.level, 'alike')]);
        return mostAlike(tree, there, level);
      };
      return { found: undefined, failedAt: offset + index, instead };
    }
    current = next;
  }
  return { found: current };
}

/** What is below `parents`, each element once, parent by parent. */
function candidates<Node>(
  tree: ElementTree<Node>,
  parents: readonly Node[],
  { level }: CompiledLevel,
): readonly Node[] {
  const scope = level.isDirect ? 'children' : 'all';
  const [only] = parents;
  if (parents.length === 1 && only !== undefined) return tree.below(only, scope, level);
  const seen = new Set<string>();
  return parents.flatMap((parent) =>
    tree.below(parent, scope, level).filter((node) => {
      const key = tree.key(node);
      if (seen.has(key)) return false;
      seen.add(key);
      return true;
    }),
  );
}

/** Children of elements that stand below one another come parent by parent: a child of the inner one before a later one of the outer. */
function inTreeOrder<Node>(
  tree: ElementTree<Node>,
  roots: readonly Node[],
  nodes: readonly Node[],
): readonly Node[] {
  if (nodes.length < 2) return nodes;
  const places = new Map<string, number>();
  for (const root of roots)
    for (const node of tree.below(root, 'all')) places.set(tree.key(node), places.size);
  const place = (node: Node) => places.get(tree.key(node)) ?? Number.POSITIVE_INFINITY;
  return [...nodes].sort((a, b) => place(a) - place(b));
}

function chosen<Node>(
  tree: ElementTree<Node>,
  nodes: readonly Node[],
  { tag, conditions, ordinal }: CompiledLevel,
): readonly Node[] {
  const matching: Node[] = [];
  for (const node of nodes) {
    if (!hasTag(tree, node, tag)) continue;
    if (!conditions.every((holds) => holds((name) => tree.property(node, name)))) continue;
    matching.push(node);
    if (ordinal !== undefined && matching.length > ordinal) return [node];
  }
  return ordinal === undefined ? matching : [];
}

const hasTag = <Node>(tree: ElementTree<Node>, node: Node, tag: string): boolean =>
  tag === '' || tree.tags(node).some((one) => tagKey(one) === tag);

// ── Levels, made ready ──────────────────────────────────────────────────────────────────────────────────────────

type Condition = (property: (name: string) => string | undefined) => boolean;

interface CompiledLevel {
  readonly level: SelectorLevel;
  /** Its key (`tagKey`); empty when any will do. */
  readonly tag: string;
  readonly conditions: readonly Condition[];
  readonly ordinal: number | undefined;
}

function compile(selector: ElementSelector): CompiledLevel[] {
  return levelsOf(selector).map((level) => ({
    level,
    tag: level.element === '*' || level.element === desktopTag ? '' : tagKey(level.element),
    conditions: level.attributes.map(condition),
    ordinal: ordinalOf(level),
  }));
}

function ordinalOf(level: SelectorLevel): number | undefined {
  if (level.ordinal === undefined || level.ordinal.trim() === '') return undefined;
  const ordinal = Number(level.ordinal);
  if (Number.isInteger(ordinal) && ordinal >= 0) return ordinal;
  throw new DesktopError(
    'InvalidSelector',
    `The level ${levelText(level)} of a selector has the ordinal "${level.ordinal}".`,
    'The ordinal of a level must be a whole number from 0 on.',
  );
}

/** Windows itself does not tell these apart by case, or they are no texts. */
const ignoringCase = new Set('class process enabled visible selected expanded password isdefault'.split(' '));

function condition({ name, operator, value }: SelectorAttribute): Condition {
  const key = name.toLowerCase();
  const ignoresCase = ignoringCase.has(key);
  const plain = (text: string) => (ignoresCase ? text.toLowerCase() : text);
  const wanted = plain(key === 'process' ? value.replace(/\.exe$/i, '') : value);
  const on =
    (holds: (text: string) => boolean): Condition =>
    (property) =>
      holds(plain(property(key) ?? ''));
  switch (operator.toLowerCase()) {
    case 'equalto':
      return on((text) => text === wanted);
    case 'notequalto':
      return on((text) => text !== wanted);
    case 'contains':
      return on((text) => text.includes(wanted));
    case 'startswith':
      return on((text) => text.startsWith(wanted));
    case 'endswith':
      return on((text) => text.endsWith(wanted));
    case 'regularexpressionmatch': {
      const expression = expressionOf(value, ignoresCase);
      return (property) => expression.test(property(key) ?? '');
    }
    default:
      throw new DesktopError(
        'InvalidSelector',
        `The attribute "${name}" of a selector has the operator "${operator}", which is not known.`,
        'Choose another operator.',
      );
  }
}

function expressionOf(pattern: string, ignoresCase: boolean): RegExp {
  try {
    return new RegExp(translatePattern(pattern).source, ignoresCase ? 'i' : '');
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    throw new DesktopError(
      'InvalidSelector',
      `The regular expression "${pattern}" of a selector is refused: ${error.message}.`,
      'Correct the regular expression.',
    );
  }
}

// ── What stood there instead ────────────────────────────────────────────────────────────────────────────────────

function mostAlike<Node>(tree: ElementTree<Node>, nodes: readonly Node[], wanted: CompiledLevel): string[] {
  const cheap = wanted.level.attributes.filter(({ name }) => /^(?:name|id|class)$/i.test(name));
  const first = best(nodes, comparedLimit, (node) => alikeness(cheap, node));
  const rated = best(
    first,
    comparedLimit,
    (node) =>
      alikeness(cheap, node) +
      wanted.conditions.filter((holds) => holds((name) => tree.property(node, name))).length,
  );
  const texts = rated.map((node) => described(tree, node, wanted.level));
  return [...new Set(texts)].slice(0, insteadLimit);

  function alikeness(attributes: readonly SelectorAttribute[], node: Node): number {
    const points = attributes.map(({ name, value }) =>
      likeness(tree.property(node, name.toLowerCase()) ?? '', value),
    );
    return points.reduce((sum, one) => sum + one, hasTag(tree, node, wanted.tag) ? 2 : 0);
  }
}

function best<Node>(nodes: readonly Node[], limit: number, points: (node: Node) => number): Node[] {
  const rated = nodes.map((node) => ({ node, points: points(node) }));
  rated.sort((a, b) => b.points - a.points);
  return rated.slice(0, limit).map(({ node }) => node);
}

/** An element as a level that would match it: its name and whatever `like` asks for. */
function described<Node>(tree: ElementTree<Node>, node: Node, like: SelectorLevel): string {
  const names = new Map([['name', 'Name']]);
  for (const { name } of like.attributes) names.set(name.toLowerCase(), name);
  return levelText({
    element: tree.tags(node)[0] ?? '',
    isDirect: false,
    attributes: [...names].flatMap(([key, name]) => {
      const value = tree.property(node, key);
      return value === undefined || (value === '' && key === 'name')
        ? []
        : [{ name, operator: 'EqualTo', value }];
    }),
    ordinal: undefined,
  });
}

/** From 0 to 1, by how many pairs of neighbouring letters two texts share. */
function likeness(one: string, other: string): number {
  const pairs = (text: string) => {
    const lower = text.toLowerCase().slice(0, 100);
    return new Set(Array.from({ length: Math.max(0, lower.length - 1) }, (_, at) => lower.slice(at, at + 2)));
  };
  const [left, right] = [pairs(one), pairs(other)];
  if (left.size + right.size === 0) return one.toLowerCase() === other.toLowerCase() ? 1 : 0;
  let shared = 0;
  for (const pair of left) if (right.has(pair)) shared++;
  return (2 * shared) / (left.size + right.size);
}
