// What can be typed next in the console of a debugger: variables of the place, functions, and the properties of what a value really is.
import { expressionFunctions, propertiesOf } from '../language/analysis/properties.ts';
import type { Debugger, Frame } from '../runtime/debug/debugger.ts';

export interface Completion {
  readonly label: string;
  readonly type: 'variable' | 'function' | 'property' | 'keyword';
  /** What it replaces: from 0, in characters. */
  readonly start: number;
  readonly length: number;
}

/** `column` counts characters from 0. Evaluates what stands before a dot, without effect. */
export function complete(of: Debugger, frame: Frame, text: string, column: number): Completion[] {
  const before = text.slice(0, column);
  const word = /[\p{L}\p{N}_]*$/u.exec(before)?.[0] ?? '';
  const place = { start: column - word.length, length: word.length };
  const matching = (label: string) => label.toLowerCase().startsWith(word.toLowerCase());
  const target = before[place.start - 1] === '.' ? targetBefore(before.slice(0, place.start - 1)) : undefined;
  if (target !== undefined) {
    if (target.toLowerCase() === 'global') {
      return of
        .names(frame)
        .flatMap((name) => (name.startsWith('GLOBAL.') ? [name.slice('GLOBAL.'.length)] : []))
        .filter(matching)
        .map((label) => ({ label, type: 'variable', ...place }));
    }
    return propertyNames(of, frame, target)
      .filter(matching)
      .map((label) => ({ label, type: 'property', ...place }));
  }
  const keywords = before.trim() === word ? ['SET'] : [];
  return [
    ...of.names(frame).map((label) => ({ label, type: 'variable' as const })),
    ...expressionFunctions.map(({ name }) => ({ label: name, type: 'function' as const })),
    ...keywords.map((label) => ({ label, type: 'keyword' as const })),
  ]
    .filter(({ label }) => matching(label))
    .map((each) => ({ ...each, ...place }));
}

/** The path that ends a text: names, indexes, properties. */
function targetBefore(text: string): string | undefined {
  return /[\p{L}_][\p{L}\p{N}_]*(?:\.[\p{L}_][\p{L}\p{N}_]*|\[[^\]]*\])*$/u.exec(text)?.[0];
}

function propertyNames(of: Debugger, frame: Frame, target: string): string[] {
  try {
    const { value, type } = of.evaluate(frame, target, 'read');
    if (value === undefined) return [];
    const own = of.inspector.names(value, 0, 200).map(({ name }) => name);
    return [
      ...new Set([
        ...own.filter((name) => /^[\p{L}_][\p{L}\p{N}_]*$/u.test(name)),
        ...propertiesOf(type).map(({ name }) => name),
      ]),
    ];
  } catch {
    return []; // what stands before the dot has no value
  }
}
