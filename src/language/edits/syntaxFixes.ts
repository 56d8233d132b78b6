// Fixes for what the parser reports. Many work on the text itself, because the tree has no node for what could not be read.
import type { Statement } from '../syntax/tree.ts';
import { type Fix, type Fixer, type FixPlace, likely, possible, safe } from './fix.ts';
import { blanksBefore, indentOf, lineStart, lineStop, removeLines, removeWithBlanks } from './lines.ts';
import { renameEdits } from './rename.ts';

const removeLine: Fixer = (place) => [
  possible('Remove this line', removeLines(place.text, place.diagnostic)),
];

export const syntaxFixers: Readonly<Record<string, Fixer>> = {
  UnterminatedText: ({ text, end, insert, start }) => {
    const opening = /^\$?'''|^'|^\$fx'|^P'|^d"|^`/i.exec(text.slice(start, end))?.[0] ?? "'";
    const closing = opening.endsWith("'''") ? "'''" : opening.slice(-1);
    const stop = end - (/\s*$/.exec(text.slice(start, end))?.[0].length ?? 0);
    return [likely(`Close the text with ${closing}`, insert(stop, closing))];
  },
  UnterminatedComment: ({ start, replace }) => [
    likely('Make it a comment of one line', replace('#', { start, end: start + 2 })),
  ],
  BackslashBeforeQuotes: ({ start, insert }) => [safe('Write two backslashes', insert(start, '\\'))],
  BareQuote: (place) => bareQuotes(place),
  LonePercent: ({ start, insert }) => [safe('Write %% for the percent sign', insert(start, '%'))],
  BarePercent: (place) => barePercent(place),
  DoubleQuotes: (place) => doubleQuotes(place),

  NameStartsWithDigit: ({ written, replace }) => [likely(`Rename it to _${written}`, replace(`_${written}`))],
  ReservedWordAsName: ({ model, body, written, replace }) => {
    const variable = (name: string) => model.binding.variable(name, body.subflow);
    let name = `${written}Value`;
    for (let i = 2; variable(name) !== undefined; i++) name = `${written}Value${i}`;
    const symbol = variable(written);
    const edits = symbol === undefined ? [replace(name)] : renameEdits(model, symbol, name);
    return 'refused' in edits ? [] : [likely(`Rename it to ${name}`, ...edits)];
  },
  ReservedWordAsProperty: ({ text, start, end, written, replace }) => {
    const dot = text.lastIndexOf('.', start);
    return dot < 0 ? [] : [safe(`Write ['${written}']`, replace(`['${written}']`, { start: dot, end }))];
  },
  ReservedWordAsLabel: ({ written, replace }) => [safe('Put the name in quotes', replace(`'${written}'`))],

  UnknownStatement: (place) => unknownStatement(place),
  TwoStatements: ({ text, start, lineEnd, replace }) => {
    const broken = `${lineEnd}${indentOf(text, start)}`;
    return [
      safe('Put it on a line of its own', replace(broken, { start: blanksBefore(text, start), end: start })),
    ];
  },
  UnexpectedText: (place) => {
    const { text, start } = place;
    const rest = removeWithBlanks(text, { start, end: lineStop(text, start) });
    return [possible('Remove the rest of the line', rest)];
  },
  SlashComment: ({ start, replace }) => [
    safe('Start the comment with #', replace('#', { start, end: start + 2 })),
  ],
  RegionWithoutStars: ({ text, start, replace }) => {
    const from = start;
    const line = text.slice(from, lineStop(text, from));
    const end = /^(?:END[ \t]*REGION)\b/i.exec(line)?.[0];
    if (end !== undefined) {
      return [safe('Write **ENDREGION', replace('**ENDREGION', { start: from, end: from + end.length }))];
    }
    return [safe('Write **REGION', replace('**REGION', { start: from, end: from + 'REGION'.length }))];
  },
  ExpectedKeyword: (place) => expectedKeyword(place),
  EndWithWord: ({ text, diagnostic }) => [safe('Write END alone', removeWithBlanks(text, diagnostic))],
  DuplicateArgument: (place) => {
    const { given, call, start, statement, text } = place;
    const all = call ?? (statement?.kind === 'CallSubflow' ? statement : undefined);
    const second =
      given ?? [...(all?.args ?? []), ...(all?.outputs ?? [])].find(({ name }) => name.start === start);
    return second === undefined ? [] : [likely('Remove the second one', removeWithBlanks(text, second))];
  },
  MetaWithoutStatement: removeLine,

  MissingEnd: (place) => missingEnd(place),
  StrayEnd: removeLine,
  StrayEndFunction: removeLine,
  ElseIfAction: (place) => elseIfAction(place),
  OnErrorGoto: ({ text, start, lineEnd, replace }) => {
    const broken = `${lineEnd}${indentOf(text, start)}    `;
    const blanks = { start: blanksBefore(text, start), end: start };
    return [likely('Put GOTO on the next line', replace(broken, blanks))];
  },
  MissingEndFunction: (place) => {
    const { model, lineEnd, insert, text } = place;
    const subflow = model.file.subflows.find(({ name }) => name.start === place.start);
    if (subflow === undefined) return [];
    const code = text.slice(0, model.file.attachment?.start ?? text.length);
    const at = Math.min(subflow.end, code.length);
    const used = code.slice(0, at).trimEnd().length;
    return [likely('Write END FUNCTION at its end', insert(used, `${lineEnd}END FUNCTION`))];
  },
};

// ── Texts ───────────────────────────────────────────────────────────────────────────────────────────────────────

function bareQuotes({ text, model, start, insert }: FixPlace): Fix[] {
  const { tokens } = model.file;
  let low = 0;
  let high = tokens.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (tokens.start(middle) <= start) low = middle;
    else high = middle - 1;
  }
  if (tokens.length === 0 || tokens.kind(low) !== 'interpolated') return [];
  const stop = tokens.end(low) - 3;
  const quotes: number[] = [];
  for (let at = tokens.start(low) + 4; at < stop; at++) {
    const sign = text[at];
    if (sign === '\\') at++;
    else if (sign === '%') at += interpolationLength(text, at, stop);
    else if (sign === "'") quotes.push(at);
  }
  const title = quotes.length > 1 ? "Write \\' for every quote in this text" : "Write \\' for the quote";
  return quotes.length === 0 ? [] : [safe(title, ...quotes.map((at) => insert(at, '\\')))];
}

/** How many characters behind the percent sign at `at` belong to it: of `%%` one, of an expression all of it, else none. */
function interpolationLength(text: string, at: number, stop: number): number {
  const inside = /^(?:%|[^%\r\n\\]*%)/.exec(text.slice(at + 1, stop))?.[0] ?? '';
  const quotes = inside.split("'").length - 1;
  return quotes % 2 === 0 && !/\w'\w/.test(inside) ? inside.length : 0;
}

function barePercent({ text, start, replace }: FixPlace): Fix[] {
  const stop = lineStop(text, start);
  const line = text.slice(start, stop);
  const pair = /^%((?:[^%']|'''[\s\S]*?'''|'(?:[^'\\]|\\.)*')*)%/.exec(line);
  if (pair === null) return [possible('Remove the percent sign', replace('', { start, end: start + 1 }))];
  const inside = (pair[1] as string).trim();
  if (inside === '') return [];
  const end = start + pair[0].length;
  const simple = /^[\p{L}_][\p{L}\p{N}_]*(?:\.[\p{L}_][\p{L}\p{N}_]*|\[[^\][]*\])*$/u.test(inside);
  const alone = !/(?:[-+*/]|\b(?:MOD|NOT|AND|OR))\s*$/i.test(text.slice(Math.max(0, start - 8), start));
  const last = !/^\s*(?:[-+*/.[]|(?:MOD|AND|OR)\b)/i.test(text.slice(end, end + 8));
  const unwrapped = simple || (alone && last) ? inside : `(${inside})`;
  return [safe('Remove the percent signs', replace(unwrapped, { start, end }))];
}

function doubleQuotes({ text, start, replace }: FixPlace): Fix[] {
  const line = text.slice(start, lineStop(text, start));
  const found = /^"((?:[^"\\]|\\.)*)"/.exec(line);
  if (found === null) return [];
  const raw = found[1] as string;
  // A backslash before anything but a quote or a backslash stands for itself, as it does here.
  let content = raw.replace(/\\.|'/g, (sign) => (sign === "'" ? "\\'" : sign));
  if (content.split('%').length % 2 === 0) content = content.replaceAll('%', '%%');
  return [
    safe("Put the text in $'''…'''", replace(`$'''${content}'''`, { start, end: start + found[0].length })),
  ];
}

// ── Lines ───────────────────────────────────────────────────────────────────────────────────────────────────────

const wholeLines: ReadonlyMap<string, string> = new Map([
  ['ENDIF', 'END'],
  ['ENDLOOP', 'END'],
  ['BREAK', 'EXIT LOOP'],
  ['CONTINUE', 'NEXT LOOP'],
  ['RETURN', 'EXIT FUNCTION'],
]);

function unknownStatement({ text, start, replace }: FixPlace): Fix[] {
  const stop = lineStop(text, start);
  const line = text.slice(start, stop).trimEnd();
  const whole = wholeLines.get(line.toUpperCase());
  if (whole !== undefined) {
    return [safe(`Write ${whole}`, replace(whole, { start, end: start + line.length }))];
  }
  if (/^ELSEIF\b/i.test(line)) {
    return [safe('Write ELSE IF', replace('ELSE IF', { start, end: start + 'ELSEIF'.length }))];
  }
  const assignment = /^(?:(?:VAR|LET|DIM)\s+)?([\p{L}_][\p{L}\p{N}_]*)\s*:?=\s*(?=\S)/iu.exec(line);
  if (assignment !== null) {
    const [head, name] = assignment as unknown as [string, string];
    const edit = replace(`SET ${name} TO `, { start, end: start + head.length });
    return [likely(`Write SET ${name} TO …`, edit)];
  }
  return [];
}

function expectedKeyword({ text, start, replace, insert }: FixPlace): Fix[] {
  const from = lineStart(text, start);
  const line = text.slice(from, lineStop(text, start));
  const code = line.trimEnd();
  if (/^\s*(?:ELSE\s+)?IF\b/i.test(line) && !/\bTHEN\b/i.test(line) && start >= from + code.length) {
    return [safe('Add THEN', insert(from + code.length, ' THEN'))];
  }
  const equals = /^(\s*SET\s+[^=]*?)\s*:?=\s*/i.exec(line);
  if (equals !== null && !/\bTO\b/i.test(equals[1] as string)) {
    const begin = from + (equals[1] as string).length;
    return [likely('Write TO', replace(' TO ', { start: begin, end: from + equals[0].length }))];
  }
  return [];
}

// ── Blocks ──────────────────────────────────────────────────────────────────────────────────────────────────────

/** The END goes below the last line that is indented more than the line that opens the block. */
function missingEnd({ text, start, lineEnd, insert }: FixPlace): Fix[] {
  const indent = indentOf(text, start);
  let last = lineStop(text, start);
  for (let at = next(text, last); at < text.length; at = next(text, lineStop(text, at))) {
    const stop = lineStop(text, at);
    if (text.slice(at, stop).trim() === '') continue;
    if (indentOf(text, at).length <= indent.length) break;
    last = stop;
  }
  return [likely('Write END where it ends', insert(last, `${lineEnd}${indent}END`))];
}

/** The start of the line below the one that ends at `stop`. */
function next(text: string, stop: number): number {
  return stop + (text.startsWith('\r\n', stop) ? 2 : 1);
}

/** `ELSE IF (Action) THEN` becomes `ELSE` with an `IF (Action) THEN` inside, which takes the rest of the branches along. */
function elseIfAction(place: FixPlace): Fix[] {
  const { text, start, lineEnd, replace, insert } = place;
  const words = /^ELSE\s+IF\b/i.exec(text.slice(start));
  const owner = place.statements.findLast(
    (statement): statement is Statement & { kind: 'If' } => statement.kind === 'If',
  );
  if (words === null || owner?.endLine === undefined) return [];
  const indent = indentOf(text, start);
  const end = lineStart(text, owner.end);
  return [
    safe(
      'Put IF inside ELSE',
      replace(`ELSE${lineEnd}${indent}    IF`, { start, end: start + words[0].length }),
      insert(end, `${indent}    END${lineEnd}`),
    ),
  ];
}
