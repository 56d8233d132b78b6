// Which of the two expression languages a flow is written in. The designer decides that when a flow is made; its text shows it only by
// the texts in it.
import type { FlowFile } from '../syntax/tree.ts';

/**
 * True for a flow in Power Fx: it has texts of the form `$fx'…'`, and no fewer than `$'''…'''`. Such a flow tells upper from lower case
 * in names, counts from 1 and has no `%…%`. False also where the text does not show it. O(tokens).
 */
export function isPowerFx({ tokens }: FlowFile): boolean {
  let formulas = 0;
  let texts = 0;
  for (let i = 0; i < tokens.length; i++) {
    const kind = tokens.kind(i);
    if (kind === 'powerFx') formulas++;
    else if (kind === 'interpolated') texts++;
  }
  return formulas > 0 && formulas >= texts;
}
