// Comments that silence rules: `# dflow-ignore Code, Code: reason` for its own line, or the line below when it stands alone, and
// `# dflow-ignore-file Code` for the whole file. Only rules can be silenced: what the designer refuses stays said.
import type { Diagnostic } from '../diagnostics.ts';
import { nearest } from '../nearest.ts';
import type { FlowFile } from '../syntax/tree.ts';
import type { Context } from './context.ts';
import { type Finding, rule } from './findings.ts';
import { lintRules, ruleNamed } from './lint/rules.ts';

/** One code in one comment. */
interface Suppression {
  readonly start: number;
  readonly end: number;
  readonly code: string;
  /** Where it applies. */
  readonly from: number;
  readonly to: number;
  used: boolean;
}

const wholeFile = Number.POSITIVE_INFINITY;

const form = /^#\s*dflow-ignore(-file)?(?![\w-])\s*([^:]*)/i;

/** Takes away what comments silence, and adds remarks about comments that silence nothing. Keeps the order of the text. */
export function applySuppressions({ model, report }: Context, found: Diagnostic[]): Diagnostic[] {
  if (!/dflow-ignore/i.test(model.file.text)) return found;
  const remarks: Diagnostic[] = [];
  const remark = (at: { readonly start: number; readonly end: number }, finding: Finding) => {
    const severity = report.severityOf(finding.code);
    if (severity !== 'off') remarks.push({ ...finding, severity, start: at.start, end: at.end });
  };
  const byCode = new Map<string, Suppression[]>();
  for (const suppression of suppressionsOf(model.file)) {
    const known = ruleNamed(suppression.code);
    if (known === undefined) {
      remark(suppression, wrongCode(suppression.code));
      continue;
    }
    const list = byCode.get(known.code);
    if (list === undefined) byCode.set(known.code, [suppression]);
    else list.push(suppression);
  }
  for (const list of byCode.values()) list.sort((a, b) => a.from - b.from);
  const kept = found.filter(({ code, start, rule: isRule }) => {
    const list = isRule === true ? byCode.get(code) : undefined;
    if (list === undefined) return true;
    let silenced = false;
    for (const suppression of list) {
      // Those for the whole file come first.
      if (suppression.to === wholeFile) suppression.used = silenced = true;
      else break;
    }
    for (let i = lastFrom(list, start); i >= 0; i--) {
      const suppression = list[i] as Suppression;
      if (suppression.to <= start) break;
      suppression.used = silenced = true;
    }
    return !silenced;
  });
  for (const [code, list] of byCode) {
    if (report.severityOf(code) === 'off') continue;
    for (const suppression of list) {
      if (suppression.used) continue;
      const message = `The rule “${code}” finds nothing here. Remove it from the comment.`;
      remark(suppression, rule('SuppressionUnused', message));
    }
  }
  return remarks.length === 0
    ? kept
    : [...kept, ...remarks].sort((a, b) => a.start - b.start || a.end - b.end);
}

/** The last of the list that begins at `start` or before it; -1 when none does. */
function lastFrom(list: readonly Suppression[], start: number): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((list[middle] as Suppression).from <= start) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function wrongCode(code: string): Finding {
  const near = nearest(
    code,
    lintRules.map((entry) => entry.code),
  );
  return rule(
    'SuppressionWrong',
    near === undefined
      ? `“${code}” is no rule that can be ignored.`
      : `“${code}” is no rule that can be ignored. Did you mean “${near}”?`,
    near,
  );
}

function suppressionsOf({ text, tokens, lines }: FlowFile): Suppression[] {
  const found: Suppression[] = [];
  for (let line = 0; line < lines.length; line++) {
    const end = lines.tokenEnd(line);
    for (let token = lines.tokenStart(line); token < end; token++) {
      if (tokens.kind(token) !== 'comment') continue;
      const start = tokens.start(token);
      const match = form.exec(text.slice(start, tokens.end(token)));
      if (match === null) continue;
      const names = match[2] as string;
      const namesStart = start + match[0].length - names.length;
      const place = match[1] === undefined ? lineBelow(line) : { from: -1, to: wholeFile };
      for (const word of names.matchAll(/[^\s,]+/g)) {
        const at = namesStart + word.index;
        found.push({ start: at, end: at + word[0].length, code: word[0], ...place, used: false });
      }
    }
  }
  return found;

  /** The line itself, or the next line with a statement when it is nothing but the comment. */
  function lineBelow(line: number): { readonly from: number; readonly to: number } {
    let target = line;
    if (lines.role(line) === 'comment') {
      do target++;
      while (target < lines.length && /^(?:comment|blank|meta)$/.test(lines.role(target)));
    }
    if (target >= lines.length) return { from: text.length, to: text.length };
    const last = lines.tokenEnd(target) - 1;
    return { from: tokens.start(lines.tokenStart(target)), to: tokens.end(last) };
  }
}
