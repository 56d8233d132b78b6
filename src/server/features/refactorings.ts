// Refactorings of values and of the head of a flow, for whoever offers code actions. Pure.
import { type Refactoring, refactorings } from '../../language/edits/extract.ts';
import type { Analysis } from '../workspace.ts';

/** What can be offered for a selection or a caret. Offsets, also those of the edits, are UTF-16 units of `analysis.text`. */
export function refactoringsAt(
  analysis: Analysis,
  range: { readonly start: number; readonly end: number },
): readonly Refactoring[] {
  return refactorings(analysis.model, range);
}
