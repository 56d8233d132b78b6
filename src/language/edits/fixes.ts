// Quick fixes: what can be done about a diagnostic, and all that can be done about a whole flow without asking anybody.
import { FlowModel } from '../analysis/model.ts';
import { check } from '../checks/check.ts';
import type { Diagnostic } from '../diagnostics.ts';
import { parse } from '../syntax/parser.ts';
import { applyEdits, type TextEdit } from './edit.ts';
import { type Fix, type Fixer, FixPlace } from './fix.ts';
import { meaningFixers } from './meaningFixes.ts';
import { ruleFixers, suppressions } from './ruleFixes.ts';
import { syntaxFixers } from './syntaxFixes.ts';

export type { Fix } from './fix.ts';

const fixers: Readonly<Record<string, Fixer>> = { ...syntaxFixers, ...meaningFixers, ...ruleFixers };

/** Codes for which there may be a fix, comments that silence a rule not counted. */
export const fixableCodes: readonly string[] = Object.keys(fixers);

/** The fixes for a diagnostic of this version of the flow, the most likely first. Comments that silence a rule come last. */
export function fixesFor(model: FlowModel, diagnostic: Diagnostic): readonly Fix[] {
  const place = new FixPlace(model, diagnostic);
  return [...(fixers[diagnostic.code]?.(place) ?? []), ...suppressions(place)].filter(
    ({ edits }) => edits.length > 0,
  );
}

/** Codes that a fix may repair without asking. */
const safelyFixed: ReadonlySet<string> = new Set([
  'BackslashBeforeQuotes',
  'BareQuote',
  'LonePercent',
  'BarePercent',
  'DoubleQuotes',
  'ReservedWordAsProperty',
  'ReservedWordAsLabel',
  'UnknownStatement',
  'TwoStatements',
  'SlashComment',
  'RegionWithoutStars',
  'ExpectedKeyword',
  'EndWithWord',
  'ElseIfAction',
  'EnumNotQualified',
  'ActionRemoved',
  'ActionOlder',
  'NameSpelling',
  'SuppressionUnused',
]);

/** Trials of fixes that turned out to make things worse; the bad ones are found by halves. */
const mostTrials = 24;

/**
 * The safe fixes of all the diagnostics, as edits that do not overlap. What one fix repairs may bring to light what was hidden behind
 * it; never are there more problems afterwards that the designer objects to: fixes that would lead to more are left out.
 */
export function fixAll(model: FlowModel, diagnostics: readonly Diagnostic[]): readonly TextEdit[] {
  const safe = diagnostics.flatMap((diagnostic) => {
    if (!safelyFixed.has(diagnostic.code)) return [];
    const fix = fixers[diagnostic.code]?.(new FixPlace(model, diagnostic)).find((found) => found.safe);
    return fix === undefined || fix.edits.length === 0 ? [] : [fix];
  });
  return editsOf(withoutHarm(model, withoutOverlaps(safe)));
}

/** Of fixes that touch the same place, only the first. */
function withoutOverlaps(fixes: readonly Fix[]): readonly Fix[] {
  const taken: TextEdit[] = [];
  let reach = -1;
  return fixes
    .toSorted((a, b) => firstOf(a) - firstOf(b))
    .filter(({ edits }) => {
      if (firstOf({ edits }) <= reach && edits.some((edit) => taken.some((other) => overlap(edit, other)))) {
        return false;
      }
      taken.push(...edits);
      reach = Math.max(reach, ...edits.map(({ end }) => end));
      return true;
    });
}

const firstOf = ({ edits }: Pick<Fix, 'edits'>): number => Math.min(...edits.map(({ start }) => start));

/** An insertion at the edge of another edit is none; two at one place are the same repair, or do not know of each other. */
function overlap(a: TextEdit, b: TextEdit): boolean {
  if (a.start === b.start && (a.end === b.end || (a.end > a.start && b.end > b.start))) return true;
  return a.start < b.end && b.start < a.end;
}

/** The fixes that do not raise the number of objections, found by trying all of them, and halves when that does harm. */
function withoutHarm({ file, surroundings }: FlowModel, fixes: readonly Fix[]): readonly Fix[] {
  const objections = (edits: readonly TextEdit[]) => {
    const text = edits.length === 0 ? file : parse(applyEdits(file.text, edits));
    const found = check(new FlowModel(text, surroundings), { blockingOnly: true });
    return found.filter(({ severity }) => severity !== 'unsupported').length;
  };
  const before = objections([]);
  let trials = 0;
  let good: readonly Fix[] = [];
  const work: (readonly Fix[])[] = fixes.length === 0 ? [] : [fixes];
  for (let next = work.pop(); next !== undefined && trials < mostTrials; next = work.pop()) {
    trials++;
    const tried = [...good, ...next];
    if (objections(editsOf(tried)) <= before) good = tried;
    else if (next.length > 1) {
      const half = next.length >> 1;
      work.push(next.slice(half), next.slice(0, half));
    }
  }
  return good;
}

const editsOf = (fixes: readonly Fix[]): readonly TextEdit[] => fixes.flatMap(({ edits }) => edits);
