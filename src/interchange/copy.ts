// The text that the designer copies, made from the statements of a flow: they, and behind them the attachment with the UI elements
// and images they use.
import { parse } from '../language/syntax/parser.ts';
import type { FlowFile, Header, Node, Statement } from '../language/syntax/tree.ts';
import { bodiesOf } from '../language/syntax/walk.ts';
import { readAttachment, writeAttachment } from './attachment.ts';
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
import { pickElements, pickImages, type UsedElement } from './repositoryText.ts';

/** What to copy: lines of the text (0-based, both included), or the whole body that a line stands in; undefined: Main. */
export type CopySelection =
  | { readonly from: number; readonly to: number }
  | { readonly bodyAt: number | undefined };

export interface Copied {
  /** What belongs on the clipboard; empty when there is no statement in the selection. */
  readonly text: string;
  /** The statements in it, without the attachment. */
  readonly statements: string;
  /** For every line of `statements` the line of the flow it is; 0-based. */
  readonly lines: readonly number[];
  readonly notes: readonly string[];
}

/**
 * The text of statements as the designer copies it: whole statements only (a selection that cuts one takes all of it), at the left
 * margin, with CRLF, and behind them the attachment with exactly what they use.
 */
export function copyForDesigner(
  file: FlowFile,
  selection: CopySelection,
  repositories: Repositories,
): Copied {
  const lines = linesOf(file);
  const chosen =
    'bodyAt' in selection ? bodyLines(file, lines, selection.bodyAt) : statementLines(file, lines, selection);
  while (chosen.at(-1)?.role === 'blank') chosen.pop();
  while (chosen[0]?.role === 'blank') chosen.shift();
  if (chosen.length === 0) {
    return {
      text: '',
      statements: '',
      lines: [],
      notes: ['There is nothing to copy: select rows of one subflow.'],
    };
  }

  const margin = indentation(
    chosen.find(({ role }) => role === 'statement' || role === 'disabled') ?? chosen[0],
  );
  const statements = `${chosen
    .map(({ text }) => withoutMargin(text, margin.length).replace(/(\r\n|\r|\n)$/, ''))
    .join('\n')
    .replace(/\r\n|\r|\n/g, '\r\n')}\r\n`;
  const { attachment, notes } = attachmentFor(file, parse(statements), repositories);
  const text = attachment === '' ? statements : `${statements}\r\n${attachment}`;
  const numbers = chosen.flatMap(({ number, text: row }) =>
    Array.from({ length: 1 + lineBreaks(row.trimEnd()) }, (_, index) => number + index),
  );
  return { text, statements, lines: numbers, notes };
}

/** The lines between `FUNCTION` and `END FUNCTION`, or those of Main wherever they stand. */
function bodyLines(file: FlowFile, lines: readonly Line[], at: number | undefined): Line[] {
  const line = at === undefined ? undefined : lines.findLast(({ number }) => number <= at);
  const holds = ({ start, end }: Node, { start: from, end: to }: Line) => start < to && from < end;
  const subflow = line && file.subflows.find((candidate) => holds(candidate, line));
  if (subflow === undefined) {
    const first = firstLineOfMain(file, lines);
    let next = 0;
    return lines.slice(first).filter((candidate) => {
      while ((file.subflows[next]?.end ?? Number.POSITIVE_INFINITY) <= candidate.start) next++;
      const inside = file.subflows[next];
      return candidate.role !== 'attachment' && (inside === undefined || !holds(inside, candidate));
    });
  }
  return lines.filter(
    (candidate) => holds(subflow, candidate) && candidate.role !== 'subflow' && candidate.role !== 'header',
  );
}

/** The lines of the statements that the selection touches, all siblings of one body, with the comments selected around them. */
function statementLines(
  file: FlowFile,
  lines: readonly Line[],
  { from, to }: { readonly from: number; readonly to: number },
): Line[] {
  const touched = lines.filter(
    ({ number, text }) => number <= to && number + lineBreaks(text.trimEnd()) >= from,
  );
  const code = touched.filter(({ role }) => structuralRoles.has(role));
  const [first, last] = [code[0], code.at(-1)];
  if (first === undefined || last === undefined) return touched.filter(({ role }) => role === 'comment');
  const siblings = commonSiblings(file, codeStart(first), codeStart(last));
  const [opening, closing] = [siblings[0], siblings.at(-1)];
  if (opening === undefined || closing === undefined) return [];
  const start = lineAt(lines, startOf(opening));
  const end = lineAt(lines, closing.end);
  const around = ({ role }: Line) => role === 'comment' || role === 'blank';
  return [
    ...touched.filter((line) => line.index < start && around(line)),
    ...lines.slice(start, end + 1),
    ...touched.filter((line) => line.index > end && around(line)),
  ];
}

const structuralRoles: ReadonlySet<string> = new Set(['statement', 'clause', 'disabled', 'error', 'meta']);

function commonSiblings(file: FlowFile, first: number, last: number): readonly Statement[] {
  let body = bodyAround(file, first);
  if (body !== bodyAround(file, last)) return [];
  for (;;) {
    const opening = body.findIndex((statement) => first <= statement.end);
    const closing = body.findLastIndex((statement) => startOf(statement) <= last);
    if (opening < 0 || closing < opening) return [];
    const owner = body[opening] as Statement;
    const inner: readonly Statement[] | undefined =
      opening === closing
        ? bodiesOf(owner).find(
            (candidate) =>
              candidate.length > 0 &&
              startOf(candidate[0] as Statement) <= first &&
              last <= (candidate.at(-1) as Statement).end,
          )
        : undefined;
    if (inner === undefined) return body.slice(opening, closing + 1);
    body = inner;
  }
}

function bodyAround(file: FlowFile, offset: number): readonly Statement[] {
  return file.subflows.find(({ start, end }) => start <= offset && offset <= end)?.body ?? file.main;
}

function attachmentFor(
  file: FlowFile,
  copied: FlowFile,
  repositories: Repositories,
): { readonly attachment: string; readonly notes: readonly string[] } {
  const own = file.attachment === undefined ? undefined : readAttachment(file.attachment.json);
  const uses = repositoryUses(copied).map(({ use }) => use);
  const notes: string[] = [];
  const screens = new Map(
    uses.flatMap((use) => (use.kind === 'screen' ? [[use.key, use.name] as const] : [])),
  );
  const usedElements = uses.flatMap((use): UsedElement[] => {
    if (use.kind === 'screen') return [{ screen: use.name, element: undefined }];
    if (use.kind !== 'element') return [];
    const screen = use.key.slice(0, use.key.indexOf('\n'));
    return [{ screen: screens.get(screen) ?? screen, element: use.name }];
  });
  const usedImages = uses.filter((use) => use.kind === 'image').map((use) => use.name);
  const connections = (own?.connections ?? []).filter((connection) =>
    usesConnection(copied.text, connection),
  );

  const elements = firstFound([repositories.elements, own?.elements], usedElements, pickElements);
  const images = firstFound([repositories.images, own?.images], usedImages, pickImages);
  const absentScreens = new Set(
    elements.missing.flatMap(({ screen, element }) => (element === undefined ? [screen] : [])),
  );
  const missing = [
    ...[...absentScreens].map((screen) => `the screen “${screen}”`),
    ...elements.missing.flatMap(({ screen, element }) =>
      element === undefined || absentScreens.has(screen)
        ? []
        : [`the UI element “${element}” of “${screen}”`],
    ),
    ...images.missing.map((name) => `the image “${name}”`),
  ].filter((entry, index, all) => all.indexOf(entry) === index);
  if (missing.length > 0) {
    notes.push(`Not in the repositories of this flow, and so not in the copied text: ${missing.join(', ')}.`);
  }
  if (/\bExternal\.InvokeCloudConnector\b/i.test(copied.text) && connections.length === 0) {
    notes.push('The copied text uses a connection. The designer asks for it when the text is pasted.');
  }
  if (elements.text === undefined && images.text === undefined && connections.length === 0) {
    return { attachment: '', notes };
  }
  return {
    attachment: writeAttachment(
      { elements: elements.text, images: images.text, connections },
      targetOf(file.header, file.text),
    ),
    notes,
  };
}

/** Takes from the first repository that has something of what is used. */
function firstFound<T>(
  texts: readonly (string | undefined)[],
  used: readonly T[],
  pick: (
    text: string,
    used: readonly T[],
  ) => { readonly text: string | undefined; readonly missing: readonly T[] },
): { readonly text: string | undefined; readonly missing: readonly T[] } {
  if (used.length === 0) return { text: undefined, missing: [] };
  for (const text of texts) {
    const picked = text === undefined ? undefined : pick(text, used);
    if (picked?.text !== undefined) return picked;
  }
  return { text: undefined, missing: used };
}

function usesConnection(text: string, connection: string): boolean {
  const id = /"InternalId"\s*:\s*"([^"]+)"/.exec(connection)?.[1];
  return id !== undefined && text.includes(id);
}

function targetOf(header: Header, text: string) {
  const value = (name: string, usual: string) => {
    const meta = header.meta.find(({ key }) => key.text.toLowerCase() === name);
    return meta?.value.kind === 'Text'
      ? meta.value.value
      : meta === undefined
        ? usual
        : text.slice(meta.value.start, meta.value.end);
  };
  return {
    displayName: value('displayname', 'Local computer'),
    connectionString: value('connectionstring', ''),
    type: value('type', 'Local'),
    desktopType: value('desktoptype', 'local'),
  };
}
