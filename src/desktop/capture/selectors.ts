// Selectors for an element that somebody points at: as short as they can be while they find it and nothing else, made of what stays the
// same. Whether a selector finds the element is asked of whoever has the tree.
import type { ElementFacts } from '../desktop.ts';
import type { SelectorAttribute, SelectorLevel } from '../selector.ts';
import { levelsText } from '../selectorText.ts';
import type { CapturedElement, CapturedLevel, CapturedWindow } from './events.ts';
import { isStableId, stableClass, stableName } from './naming.ts';

/** One step on the way from the window to an element. */
export type PathPart = Pick<ElementFacts, 'tag' | 'name' | 'className' | 'automationId'>;

/** What a selector finds. `position`: which of the found elements is the one that is meant, from 0; undefined: it is not among them. */
export interface Matches {
  readonly count: number;
  readonly position: number | undefined;
}

export type Matcher = (levels: readonly SelectorLevel[]) => Promise<Matches>;

export interface Proposal {
  /** One per part of the path; undefined: not part of the selector. */
  readonly used: readonly (SelectorLevel | undefined)[];
  readonly text: string;
  readonly matches: Matches;
}

/** How many ancestors are tried before everything is named. */
const triedAncestors = 4;

/**
 * Selectors for the last part of `path` (outermost first), the best first. The first one finds the element and nothing else whenever
 * there is such a selector; the others are what a person may prefer, with what they find. `limit`: how many are wanted.
 */
export async function proposeSelectors(
  path: readonly PathPart[],
  match: Matcher,
  limit = 1,
): Promise<readonly Proposal[]> {
  const target = path.at(-1);
  if (target === undefined) return [];
  const exact: Proposal[] = [];
  const others: Proposal[] = [];
  const seen = new Set<string>();
  const offer = async (used: readonly (SelectorLevel | undefined)[]): Promise<Proposal | undefined> => {
    const levels = joined(used);
    const text = levelsText(levels);
    if (seen.has(text)) return undefined;
    seen.add(text);
    const matches = await match(levels);
    const proposal = { used, text, matches };
    if (matches.position === undefined) return undefined;
    (matches.count === 1 ? exact : others).push(proposal);
    return proposal;
  };
  const only = (level: SelectorLevel) => [...path.slice(0, -1).map(() => undefined), level];
  const own = conditionsOf(target).map((attributes) => levelOf(target, attributes));
  for (const level of own) {
    await offer(only(level));
    if (exact.length >= limit) return exact;
  }
  // With something above it that says which of them is meant.
  const above = path.slice(0, -1).map((part) => conditionsOf(part)[0]);
  for (let depth = 1, tried = 0; depth < path.length && tried < triedAncestors; depth++) {
    const at = path.length - 1 - depth;
    const attributes = above[at];
    const part = path[at];
    if (attributes === undefined || part === undefined) continue;
    tried++;
    for (const level of own.slice(0, 2)) {
      await offer([
        ...path.slice(0, at).map(() => undefined),
        levelOf(part, attributes),
        ...path.slice(at + 1, -1).map(() => undefined),
        level,
      ]);
      if (exact.length >= limit) return exact;
    }
  }
  const whole = path.map((part) => levelOf(part, conditionsOf(part)[0] ?? []));
  const full = await offer(whole);
  if (exact.length >= limit) return exact;
  // Nothing says which one is meant: its place among those that are alike does.
  const alike = [...others].sort((a, b) => a.matches.count - b.matches.count);
  for (const { used, matches } of full === undefined ? alike : [full, ...alike]) {
    const last = used.at(-1);
    if (last === undefined || matches.position === undefined || !isCountable(used)) continue;
    await offer([...used.slice(0, -1), { ...last, ordinal: String(matches.position) }]);
    if (exact.length >= limit) break;
  }
  return [...exact, ...alike].slice(0, Math.max(1, limit));
}

/** An ordinal counts below all that the levels before it match: there must be one only, which is so when nothing stands before it. */
const isCountable = (used: readonly (SelectorLevel | undefined)[]): boolean =>
  used.at(-1)?.ordinal === undefined;

/** Conditions that a part may be known by, the most lasting first. The last ones may fit many. */
export function conditionsOf({ name, className, automationId }: PathPart): SelectorAttribute[][] {
  const id = isStableId(automationId) ? { name: 'Id', operator: 'EqualTo', value: automationId } : undefined;
  const named = stableName(name, false);
  const classed = stableClass(className);
  const all: (SelectorAttribute | undefined)[][] = [[id], [named], [id, named], [named, classed], [classed]];
  const wanted = all.filter((one) =>
    one.every((attribute) => attribute !== undefined),
  ) as SelectorAttribute[][];
  return wanted.length === 0 ? [[]] : wanted;
}

const levelOf = ({ tag }: PathPart, attributes: readonly SelectorAttribute[]): SelectorLevel => ({
  element: tag,
  isDirect: false,
  attributes,
  ordinal: undefined,
});

/** The levels in use; those that follow one another without a gap are directly below one another. */
export function joined(used: readonly (SelectorLevel | undefined)[]): SelectorLevel[] {
  return used.flatMap((level, index) => {
    if (level === undefined) return [];
    const isDirect = index > 0 && used[index - 1] !== undefined;
    return [{ ...level, isDirect }];
  });
}

/** How the designer finds a window: its program, and what stays the same of its title, or else its class. */
export function windowConditions(
  title: string,
  process: string,
  className: string,
): readonly SelectorAttribute[] {
  const named = stableName(title, true);
  const program = process === '' ? [] : [{ name: 'Process', operator: 'EqualTo', value: process }];
  const classed = stableClass(className);
  if (named !== undefined) return [named, ...program];
  return classed === undefined ? program : [classed, ...program];
}

/** Everything that can be said of a part of a path, for people who want to change what its selector says. */
export function capturedLevel(
  part: PathPart,
  used: SelectorLevel | undefined,
  process?: string,
): CapturedLevel {
  const { tag, name, className, automationId } = part;
  return {
    tag,
    name,
    attributes: [
      { name: 'Class', value: className },
      { name: 'Enabled', value: 'True' },
      { name: 'Id', value: automationId },
      { name: 'Name', value: name },
      ...(process === undefined ? [] : [{ name: 'Process', value: process }]),
      { name: 'Visible', value: 'True' },
    ],
    used,
  };
}

/** Two captured elements are one when their selectors are. */
export const identity = ({ window, levels }: CapturedElement): string =>
  `${windowIdentity(window)} >> ${usedText(levels)}`;

export const windowIdentity = ({ levels }: CapturedWindow): string => usedText(levels);

const usedText = (levels: readonly CapturedLevel[]): string =>
  levelsText(joined(levels.map(({ used }) => used)));
