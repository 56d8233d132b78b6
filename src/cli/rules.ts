// `dflow rules`: the rules whose severity can be chosen, and reading such a choice from the command line.
import { ProductError } from '../base/error.ts';
import { lintRules, type RuleSeverity, ruleNamed, ruleSeverities } from '../language/checks/lint/rules.ts';
import { nearest } from '../language/nearest.ts';
import type { Output } from './terminal.ts';
import { exitCode } from './usage.ts';

export function listRules(json: boolean, out: Output): number {
  if (json) out.write(`${JSON.stringify({ rules: lintRules })}\n`);
  else {
    for (const { code, default: severity, title } of lintRules) {
      out.write(`${code.padEnd(32)} ${severity.padEnd(12)} ${title}\n`);
    }
  }
  return exitCode.ok;
}

/** `Code=severity` pairs of `--rule`. Throws ProductError `UsageWrong`. */
export function readRules(pairs: readonly string[]): Record<string, RuleSeverity> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const [name = '', given = ''] = pair.split('=', 2);
      const rule = ruleNamed(name);
      const severity = ruleSeverities.find((known) => known === given);
      if (rule === undefined) {
        const similar = nearest(
          name,
          lintRules.map(({ code }) => code),
        );
        const hint = similar === undefined ? '' : ` Do you mean ${similar}?`;
        throw new ProductError('UsageWrong', `There is no rule ${name}.${hint}`, 'dflow rules lists them.');
      }
      if (severity === undefined) {
        throw new ProductError(
          'UsageWrong',
          `--rule ${pair} has no severity.`,
          `Write --rule ${rule.code}=SEVERITY with one of ${ruleSeverities.join(', ')}.`,
        );
      }
      return [rule.code, severity];
    }),
  );
}
