// Fixes for the rules, and the comments that silence them.
import { findAction } from '../catalog/catalog.ts';
import type { FlowFile, Statement } from '../syntax/tree.ts';
import { type Fix, type Fixer, type FixPlace, likely, possible, safe } from './fix.ts';
import { indentOf, lineStart, lineStop, removeLines, removeWithBlanks } from './lines.ts';
import { writtenName } from './literals.ts';
import { renameEdits } from './rename.ts';

export const ruleFixers: Readonly<Record<string, Fixer>> = {
  ActionRemoved: (place) => newerId(place),
  ActionOlder: (place) => newerId(place),
  UnreachableCode: (place) => removeStretch(place),
  DisabledCode: (place) => [...removeStretch(place), ...enable(place)],
  UnusedVariable: (place) => removeAssignments(place),
  UnusedSubflow: ({ model, start, text }) => {
    const subflow = model.file.subflows.find(({ name }) => name.start === start);
    return subflow === undefined ? [] : [possible('Remove the subflow', removeLines(text, subflow))];
  },
  UnusedLabel: ({ statement, text }) =>
    statement?.kind === 'Label' ? [possible('Remove the label', removeLines(text, statement))] : [],
  EmptyHandler: ({ text, end, lineEnd, insert, start }) => [
    possible('Pass the error on', insert(end, `${lineEnd}${indentOf(text, start)}    THROW ERROR`)),
  ],
  WaitWithoutTimeout: ({ statement, text, insert }) => {
    if (statement?.kind !== 'Wait' || statement.condition.kind !== 'Action') return [];
    const close = text.indexOf(')', statement.condition.action.end);
    return close < 0 ? [] : [possible('Wait 30 seconds at most', insert(close + 1, ' FOR 30'))];
  },
  MissingErrorHandling: ({ statement, text, lineEnd, insert }) => {
    if (statement?.kind !== 'Action') return [];
    const indent = indentOf(text, statement.start);
    const rules = `${lineEnd}${indent}ON ERROR REPEAT 1 TIMES WAIT 2${lineEnd}${indent}END`;
    return [possible('Try it once more after 2 seconds', insert(lineStop(text, statement.end), rules))];
  },
  NameSpelling: (place) => oneSpelling(place),
  SuppressionUnused: ({ text, start, end }) => {
    const from = lineStart(text, start);
    const line = text.slice(from, lineStop(text, start));
    const others = line
      .replace(/^.*dflow-ignore(?:-file)?/i, '')
      .replace(/:.*$/, '')
      .split(',')
      .filter((code) => code.trim() !== '');
    if (others.length < 2) {
      const hash = from + line.search(/#\s*dflow-ignore/i);
      const comment = { start: hash, end: from + line.length };
      const alone = text.slice(from, hash).trim() === '';
      return [
        safe('Remove the comment', alone ? removeLines(text, comment) : removeWithBlanks(text, comment)),
      ];
    }
    const after = /^\s*,\s*/.exec(text.slice(end))?.[0].length ?? 0;
    const before = after > 0 ? 0 : (/,\s*$/.exec(text.slice(from, start))?.[0].length ?? 0);
    return [safe('Remove it from the comment', { start: start - before, end: end + after, text: '' })];
  },
  SuppressionWrong: ({ diagnostic, replace }) =>
    diagnostic.suggestion === undefined
      ? []
      : [likely(`Change to “${diagnostic.suggestion}”`, replace(diagnostic.suggestion))],
};

/** Comments that silence the rule for the line, or for the file. */
export function suppressions({ model, text, diagnostic, statement, lineEnd, insert }: FixPlace): Fix[] {
  const { code, rule } = diagnostic;
  if (rule !== true || code.startsWith('Suppression')) return [];
  // Not between a statement and its `@@` lines, and not inside a text of several lines.
  const start = logicalLineStart(model.file, diagnostic.start);
  const described = statement?.meta[0];
  const line =
    described !== undefined && lineStart(text, statement?.start ?? start) === start
      ? lineStart(text, described.start)
      : start;
  const above = line === 0 ? '' : text.slice(lineStart(text, line - lineEnd.length), line);
  const known = /^([ \t]*#\s*dflow-ignore\s+)(?=[A-Za-z])/i.exec(above);
  const edit =
    known === null
      ? insert(line, `${indentOf(text, line)}# dflow-ignore ${code}${lineEnd}`)
      : insert(line - above.length + known[0].length, `${code}, `);
  const top = text.startsWith('\ufeff') ? 1 : 0;
  return [
    possible(`Ignore “${code}” here`, edit),
    possible(`Ignore “${code}” in this file`, insert(top, `# dflow-ignore-file ${code}${lineEnd}`)),
  ];
}

/** Where the line of the tree begins that contains an offset; a text of several lines is part of one. */
function logicalLineStart({ lines, tokens }: FlowFile, offset: number): number {
  let low = 0;
  let high = lines.length - 1;
  const startOf = (line: number) => tokens.start(lines.tokenStart(line));
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (startOf(middle) <= offset) low = middle;
    else high = middle - 1;
  }
  return lines.length === 0 ? 0 : startOf(low);
}

/** Only when the newer action takes everything that is given and needs nothing else. */
function newerId({ call, diagnostic, replace }: FixPlace): Fix[] {
  const { suggestion } = diagnostic;
  const found = call === undefined ? undefined : findAction(call.id);
  if (suggestion === undefined || call === undefined || found === undefined) return [];
  const { definition } = found;
  if (!definition.argumentsKnown) return [];
  const knows = (names: readonly { readonly name: string }[], name: string) =>
    names.some((known) => known.name.toLowerCase() === name.toLowerCase());
  const given = call.args.map(({ name }) => ({ name: name.text }));
  const fits =
    given.every(({ name }) => knows(definition.arguments, name)) &&
    call.outputs.every(({ name }) => knows(definition.outputs, name.text)) &&
    definition.arguments.every(({ name, required }) => !required || knows(given, name));
  return fits ? [safe('Use the newer id', replace(definition.id))] : [];
}

function removeStretch({ text, diagnostic }: FixPlace): Fix[] {
  return [possible('Remove them', removeLines(text, diagnostic))];
}

function enable({ text, diagnostic, replace }: FixPlace): Fix[] {
  const { start, end } = diagnostic;
  const words = [...text.slice(start, end).matchAll(/^[ \t]*(DISABLE[ \t]+)/gim)];
  const edits = words.map((match) => {
    const from = start + match.index + match[0].length - (match[1] as string).length;
    return replace('', { start: from, end: from + (match[1] as string).length });
  });
  return edits.length === 0 ? [] : [possible('Enable them', ...edits)];
}

/** Every SET of the variable goes: nothing reads it, and computing a value changes nothing. */
function removeAssignments({ model, body, written, text }: FixPlace): Fix[] {
  const symbol = model.binding.variable(written, body.subflow);
  const statements = symbol?.uses.map(({ statement }) => statement) ?? [];
  if (statements.length === 0 || !statements.every((statement) => statement?.kind === 'Set')) return [];
  const edits = (statements as Statement[]).map((statement) => removeLines(text, statement));
  return [possible(`Remove “${written}”`, ...edits)];
}

function oneSpelling({ model, diagnostic, statement, start, replace }: FixPlace): Fix[] {
  const { suggestion } = diagnostic;
  const uses = statement === undefined ? model.binding.headerUses : model.binding.usesIn(statement);
  const symbol = uses.find(({ node, loose }) => node.start === start && !loose)?.symbol;
  if (suggestion === undefined || symbol === undefined) return [];
  const title = `Write “${suggestion}” everywhere`;
  if (symbol.kind !== 'variable') {
    const others = symbol.uses.filter(({ name, loose }) => name !== suggestion && !loose);
    return [safe(title, ...others.map(({ node }) => replace(writtenName(suggestion), node)))];
  }
  const edits = renameEdits(model, symbol, suggestion);
  return 'refused' in edits ? [] : [safe(title, ...edits)];
}
