// A text copied from the designer, taken over into a flow: its statements and subflows, and into the repositories its UI elements and
// images. What is there already is used again; what has the name of something else gets another one.
import { Binding, nameRange } from '../language/analysis/binder.ts';
import { placeAt } from '../language/analysis/places.ts';
import { applyEdits, type TextEdit } from '../language/edits/edit.ts';
import { quoted } from '../language/edits/literals.ts';
import { parse } from '../language/syntax/parser.ts';
import type { FlowFile, Node, Statement, Subflow } from '../language/syntax/tree.ts';
import { bodiesOf } from '../language/syntax/walk.ts';
import { readAttachment } from './attachment.ts';
import {
  codeStart,
  firstLineOfMain,
  indentation,
  type Line,
  lineAt,
  lineBreaks,
  linesOf,
  type Repositories,
  repositoryUses,
  startOf,
  withoutMargin,
} from './flowLines.ts';
import { type Merged, mergeElements, mergeImages, type Renamed } from './repositoryText.ts';

export interface Pasted {
  readonly edits: readonly TextEdit[];
  /** New texts of the repositories; undefined where nothing changes. */
  readonly elements: string | undefined;
  readonly images: string | undefined;
  readonly notes: readonly string[];
}

/**
 * Takes a text copied from the designer over into a flow: statements at the line of `offset`, subflows at the end, UI elements and
 * images into the repositories. Names that mean something else there get a new one, in the pasted text as well.
 */
export function pasteFromDesigner(
  file: FlowFile,
  offset: number,
  text: string,
  repositories: Repositories,
): Pasted {
  const notes: string[] = [];
  const given = parse(text);
  const attachment = given.attachment === undefined ? undefined : readAttachment(given.attachment.json);
  if (attachment?.damaged === true) {
    notes.push(
      'The list of UI elements and images behind the pasted text is damaged or cut off, so some may be missing. Copy it again.',
    );
  }
  const elements = merged(
    repositories.elements,
    attachment?.elements,
    mergeElements,
    'controlRepo.appmask',
    notes,
  );
  const images = merged(repositories.images, attachment?.images, mergeImages, 'imageRepo.imgrepo', notes);
  const subflows = newSubflows(file, given);
  for (const { from, to } of subflows.renamed)
    notes.push(`The subflow “${from}” was renamed to “${to}”: there is another one of that name.`);
  for (const { kind, from, to } of [...elements.renamed, ...images.renamed]) {
    notes.push(`The ${kindWords[kind]} “${from}” is “${to}” here.`);
  }
  if ((attachment?.connections.length ?? 0) > 0) {
    notes.push(
      'The pasted actions use a connection, which stays with the flow they come from. Choose one in the designer.',
    );
  }

  const edits = renameEdits(given, [...elements.renamed, ...images.renamed], subflows.renamed);
  // Renaming may change lengths, not lines: the lines and subflows of the renamed text are the same ones.
  const pasted = edits.length === 0 ? given : parse(applyEdits(text, edits));
  const own = linesOf(file);
  const newline = /\r\n|\r|\n/.exec(file.text)?.[0] ?? '\r\n';
  const inserts = [
    statementEdit(file, own, offset, pasted, newline),
    ...subflowEdit(own, pasted, subflows.kept, newline),
  ];
  if (pasted.header.parameters.length > 0) {
    notes.push('The pasted text is a whole flow: its inputs and outputs were not taken over.');
  }
  return { edits: combined(inserts), elements: elements.text, images: images.text, notes };
}

const kindWords = { screen: 'screen', element: 'UI element', image: 'image' } as const;

function merged(
  existing: string | undefined,
  added: string | undefined,
  merge: (existing: string | undefined, added: string) => Merged | undefined,
  name: string,
  notes: string[],
): Merged {
  const nothing: Merged = { text: undefined, renamed: [] };
  if (added === undefined) return nothing;
  const result = merge(existing, added);
  if (result !== undefined) return result;
  notes.push(`${name} is damaged, so nothing was added to it. Correct it and paste again.`);
  return nothing;
}

interface RenamedSubflow {
  readonly from: string;
  readonly to: string;
}

/** The pasted subflows that are not in the flow word for word, and new names for those whose name is taken. */
function newSubflows(file: FlowFile, given: FlowFile) {
  const present = new Map(file.subflows.map((subflow) => [subflow.name.text.toLowerCase(), subflow]));
  const taken = new Set(present.keys());
  const kept: number[] = [];
  const renamed: RenamedSubflow[] = [];
  for (const [index, subflow] of given.subflows.entries()) {
    const { text } = subflow.name;
    const twin = present.get(text.toLowerCase());
    if (twin !== undefined && contentOf(file, twin) === contentOf(given, subflow)) continue;
    kept.push(index);
    let to = text;
    for (let count = 2; taken.has(to.toLowerCase()); count++) to = `${text}_${count}`;
    taken.add(to.toLowerCase());
    if (to !== text) renamed.push({ from: text, to });
  }
  return { kept, renamed };
}

const contentOf = (file: FlowFile, { start, end }: Subflow): string =>
  file.text
    .slice(start, end)
    .replace(/[ \t]*(\r\n|\r|\n)[ \t]*/g, '\n')
    .toLowerCase();

function renameEdits(
  given: FlowFile,
  repository: readonly Renamed[],
  subflows: readonly RenamedSubflow[],
): TextEdit[] {
  const names = new Map<string, string>();
  for (const { kind, screen, from, to } of repository) {
    names.set(
      kind === 'element' ? `element/${screen}\n${from}`.toLowerCase() : `${kind}/${from}`.toLowerCase(),
      to,
    );
  }
  for (const { from, to } of subflows) names.set(`subflow/${from}`.toLowerCase(), to);
  if (names.size === 0) return [];
  const edits: TextEdit[] = [];
  for (const { use, shift } of repositoryUses(given)) {
    const to = names.get(`${use.kind}/${use.key}`);
    if (to !== undefined)
      edits.push({ start: use.node.start + shift, end: use.node.end + shift, text: quoted(to) });
  }
  for (const symbol of new Binding(given).symbols('subflow')) {
    const to = names.get(`subflow/${symbol.name.toLowerCase()}`);
    if (to === undefined) continue;
    for (const { node } of symbol.uses) {
      const plain = nameRange(given.text, node).start === node.start;
      edits.push({ start: node.start, end: node.end, text: plain ? to : quoted(to) });
    }
  }
  return edits;
}

/** The pasted statements as an edit at the line of `offset`. */
function statementEdit(
  file: FlowFile,
  own: readonly Line[],
  offset: number,
  pasted: FlowFile,
  newline: string,
): TextEdit | undefined {
  const lines = linesOf(pasted);
  const inSubflow = ({ start, end }: Line) =>
    pasted.subflows.some((subflow) => subflow.start < end && start < subflow.end);
  const first = firstLineOfMain(pasted, lines);
  const body = lines.filter((line) => line.index >= first && line.role !== 'attachment' && !inSubflow(line));
  while (body[0]?.role === 'blank') body.shift();
  while (body.at(-1)?.role === 'blank') body.pop();
  if (body.length === 0) return undefined;

  const place = placeForStatements(file, own, offset);
  const margin = indentation(
    body.find(({ role }) => role === 'statement' || role === 'disabled') ?? body[0],
  ).length;
  const rows = body.map((line) => {
    const row = withoutMargin(line.text, margin).replace(/(\r\n|\r|\n)$/, '');
    return line.role === 'blank' ? '' : place.indent + row;
  });
  return {
    start: place.start,
    end: place.end,
    text: place.before(newline) + rows.join(newline) + place.after(newline),
  };
}

interface InsertPlace extends Node {
  readonly indent: string;
  readonly before: (newline: string) => string;
  readonly after: (newline: string) => string;
}

const nothing = () => '';
const lineEnd = (newline: string) => newline;

function placeForStatements(file: FlowFile, own: readonly Line[], offset: number): InsertPlace {
  const at = own[lineAt(own, offset)];
  if (at === undefined) return { start: 0, end: 0, indent: '', before: nothing, after: lineEnd };
  const moved = allowedOffset(file, offset);
  if (moved === offset && at.role === 'blank' && at.index >= firstLineOfMain(file, own)) {
    const content = at.text.replace(/[\r\n]+$/, '');
    const indent = content === '' ? indentAt(file, own, at.index) : content;
    return { start: at.start, end: at.start + content.length, indent, before: nothing, after: nothing };
  }
  const line = own[Math.max(lineAt(own, moved), firstLineOfMain(file, own) - 1)] ?? at;
  const above =
    firstLineOfMain(file, own) <= line.index && (line.role === 'attachment' || moved <= codeStart(line));
  if (above) {
    // Lines that describe a statement stay directly above it.
    let index = line.index;
    while (own[index - 1]?.role === 'meta' && index - 1 >= firstLineOfMain(file, own)) index--;
    const { start } = own[index] as Line;
    return { start, end: start, indent: indentAt(file, own, index), before: nothing, after: lineEnd };
  }
  const ended = /[\r\n]$/.test(line.text);
  return {
    start: line.end,
    end: line.end,
    indent: indentAt(file, own, line.index + 1),
    before: ended ? nothing : lineEnd,
    after: ended ? lineEnd : nothing,
  };
}

/** The same offset, or the nearest one behind what must not be torn apart: an action and the rules for its errors. */
function allowedOffset(file: FlowFile, offset: number): number {
  for (const statement of placeAt(file, offset).statements) {
    const nested = bodiesOf(statement).some(
      (body) =>
        body.length > 0 &&
        startOf(body[0] as Statement) <= offset &&
        offset <= (body.at(-1) as Statement).end,
    );
    if (nested || offset <= statement.start) continue;
    if (statement.kind === 'Action' || statement.kind === 'CallSubflow' || statement.kind === 'Wait') {
      return statement.end;
    }
    if (statement.kind === 'If' || statement.kind === 'While') {
      const conditions =
        statement.kind === 'If'
          ? statement.branches.map(({ condition }) => condition)
          : [statement.condition];
      for (const condition of conditions) {
        const rules = condition.kind === 'Action' ? condition.onError : undefined;
        if (rules === undefined || condition.kind !== 'Action') continue;
        if (condition.action.start <= offset && offset <= rules.end) return rules.end;
      }
    }
    // Between BLOCK and its handlers, and between SWITCH and its first CASE, nothing may stand.
    const first =
      statement.kind === 'Block'
        ? statement.handlers[0]?.line
        : statement.kind === 'Switch'
          ? statement.cases[0]?.line
          : undefined;
    if (first !== undefined && lineBreaks(file.text.slice(statement.start, offset)) < first - statement.line)
      return statement.start;
  }
  return offset;
}

/** The indentation of a row inserted in front of line `index`: that of its neighbour, one step deeper behind an opening line. */
function indentAt(file: FlowFile, own: readonly Line[], index: number): string {
  const previous = own.slice(0, index).findLast(({ role }) => role !== 'blank' && role !== 'meta');
  if (previous === undefined || previous.role === 'header') return '';
  const first = codeStart(previous);
  const opens =
    (previous.role === 'subflow' && !/^END\b/i.test(file.text.slice(first))) ||
    ((previous.role === 'statement' || previous.role === 'clause') && opensBody(file, previous));
  return indentation(previous) + (opens ? '    ' : '');
}

function opensBody(file: FlowFile, line: Line): boolean {
  const code = file.text.slice(codeStart(line), line.end);
  return /^(IF|ELSE|LOOP|SWITCH|CASE|DEFAULT|BLOCK|ON)\b/i.test(code);
}

function subflowEdit(
  own: readonly Line[],
  pasted: FlowFile,
  kept: readonly number[],
  newline: string,
): TextEdit[] {
  if (kept.length === 0) return [];
  const lines = linesOf(pasted);
  const blocks = kept.map((index) => {
    const { start, end } = pasted.subflows[index] as Subflow;
    const rows = lines.filter((line) => line.start < end && start < line.end);
    return rows.map(({ text }) => text.replace(/(\r\n|\r|\n)$/, '')).join(newline);
  });
  const attachment = own.find(({ role }) => role === 'attachment');
  let last = own[(attachment?.index ?? own.length) - 1];
  while (last !== undefined && last.role === 'blank') last = own[last.index - 1];
  const end = last?.end ?? 0;
  const ended = last === undefined || /[\r\n]$/.test(last.text);
  return [
    { start: end, end, text: (ended ? '' : newline) + blocks.map((block) => block + newline).join('') },
  ];
}

/** Two insertions at one place must not depend on which is applied first. */
function combined(edits: readonly (TextEdit | undefined)[]): TextEdit[] {
  const all = edits.filter((edit) => edit !== undefined);
  const [first, second] = all;
  if (first === undefined || second === undefined || first.end < second.start || second.end < first.start)
    return all;
  if (first.start !== second.start || first.end !== second.end) return all;
  return [
    {
      ...first,
      text: first.text + (/[\r\n]$/.test(first.text) ? '' : '\n') + second.text.replace(/^[\r\n]+/, ''),
    },
  ];
}
