// The outline: inputs and outputs, subflows, regions, blocks, labels and actions. Leaves out what would only repeat the text
// (SET, WAIT, EXIT …).
import { type DocumentSymbol, SymbolKind } from 'vscode-languageserver';
import { flowInfo } from '../../language/analysis/flow.ts';
import type { Statement } from '../../language/syntax/tree.ts';
import type { Feature } from '../feature.ts';
import type { Analysis } from '../workspace.ts';
import { rangeOf } from './range.ts';
import { type Section, sectionsOf } from './structure.ts';

/** Deeper nesting is left out of the outline: nobody unfolds it, and a machine-made flow could exhaust the stack. */
const deepest = 24;
const longestName = 80;

export const symbols: Feature = {
  capabilities: { documentSymbolProvider: { label: 'Flow' } },
  register({ connection, answer }) {
    connection.onDocumentSymbol(({ textDocument }, token) =>
      answer('document symbols', textDocument.uri, token, [], symbolsOf),
    );
  },
};

export function symbolsOf(analysis: Analysis): DocumentSymbol[] {
  const { file } = analysis;
  const symbols = parameterSymbols(analysis);
  const first = file.main[0];
  const last = file.main.at(-1);
  if (first && last) {
    const main = symbolAt(analysis, SymbolKind.Function, 'Main', { start: first.start, end: last.end });
    symbols.push({ ...main, children: bodySymbols(analysis, file.main, 1) });
  }
  for (const subflow of file.subflows) {
    symbols.push({
      ...symbolAt(analysis, SymbolKind.Function, subflow.name.text, subflow, subflow.name),
      detail: [
        ...subflow.inputs.map(({ text }) => text),
        ...subflow.outputs.map(({ text }) => `⇒ ${text}`),
      ].join(', '),
      children: bodySymbols(analysis, subflow.body, 1),
    });
  }
  return symbols.sort((a, b) => a.range.start.line - b.range.start.line);
}

function parameterSymbols(analysis: Analysis): DocumentSymbol[] {
  const { inputs, outputs } = flowInfo(analysis.file);
  // Of several with one name the first counts.
  const byName = (all: typeof inputs) =>
    new Map(all.toReversed().map((info) => [info.name.toLowerCase(), info]));
  const infos = { input: byName(inputs), output: byName(outputs) };
  return analysis.file.header.parameters.map((parameter) => {
    const known = infos[parameter.direction].get(parameter.name.text.toLowerCase());
    const details = [parameter.direction, known?.type, known?.sensitive ? 'sensitive' : undefined];
    return {
      ...symbolAt(
        analysis,
        parameter.direction === 'input' ? SymbolKind.Property : SymbolKind.Field,
        known?.externalName ?? parameter.name.text,
        parameter,
        parameter.name,
      ),
      detail: details.filter((detail) => detail !== undefined).join(', '),
    };
  });
}

/** The symbols of one body; statements between `**REGION` and `**ENDREGION` become children of the region. */
function bodySymbols(analysis: Analysis, body: readonly Statement[], depth: number): DocumentSymbol[] {
  if (depth > deepest) return [];
  const top: DocumentSymbol[] = [];
  const regions: DocumentSymbol[] = [];
  for (const statement of body) {
    const siblings = regions.at(-1)?.children ?? top;
    if (statement.kind === 'EndRegion') {
      const region = regions.pop();
      if (region) region.range = { ...region.range, end: analysis.lines.position(statement.end) };
      continue;
    }
    const symbol = statementSymbol(analysis, statement, depth);
    if (symbol === undefined) continue;
    siblings.push(symbol);
    if (statement.kind === 'Region') regions.push(symbol);
  }
  return top;
}

function statementSymbol(
  analysis: Analysis,
  statement: Statement,
  depth: number,
): DocumentSymbol | undefined {
  switch (statement.kind) {
    case 'Region':
      return { ...symbolAt(analysis, SymbolKind.Namespace, statement.name, statement), children: [] };
    case 'Label':
      return symbolAt(analysis, SymbolKind.Key, statement.name.text, statement);
    case 'CallSubflow':
      return withSections(
        symbolAt(analysis, SymbolKind.Method, firstLine(analysis, statement.start), statement),
      );
    case 'Action':
      return withSections({
        ...symbolAt(analysis, SymbolKind.Event, statement.action.id, statement),
        detail: statement.action.outputs
          .map(({ target }) => `⇒ ${analysis.text.slice(target.start, target.end)}`)
          .join(', '),
      });
    case 'If':
    case 'Switch':
      return withSections(
        symbolAt(analysis, SymbolKind.Operator, firstLine(analysis, statement.start), statement),
      );
    case 'ForEach':
    case 'LoopFromTo':
    case 'While':
      return withSections(
        symbolAt(analysis, SymbolKind.Array, firstLine(analysis, statement.start), statement),
      );
    case 'Block':
      return withSections(
        symbolAt(analysis, SymbolKind.Object, firstLine(analysis, statement.start), statement),
      );
    default:
      return undefined;
  }

  /** The main section's symbols become children; every other section (ELSE, CASE, a handler) is a child of its own. */
  function withSections(symbol: DocumentSymbol): DocumentSymbol {
    const children = sectionsOf(statement, analysis).flatMap((section) => {
      const inside = bodySymbols(analysis, section.body, depth + 1);
      return section.main || inside.length === 0 ? inside : [sectionSymbol(analysis, section, inside)];
    });
    return children.length === 0 ? symbol : { ...symbol, children };
  }
}

function sectionSymbol(analysis: Analysis, section: Section, children: DocumentSymbol[]): DocumentSymbol {
  const { lines } = analysis;
  const start = lines.offset({ line: section.line, character: 0 });
  const end = lines.offset({ line: section.lastLine + 1, character: 0 });
  return { ...symbolAt(analysis, SymbolKind.Struct, firstLine(analysis, start), { start, end }), children };
}

/** `name` must not be empty (clients reject that); `selection` lies inside `node`. */
function symbolAt(
  analysis: Analysis,
  kind: SymbolKind,
  name: string,
  node: { readonly start: number; readonly end: number },
  selection = { start: node.start, end: node.start },
): DocumentSymbol {
  const shown = name.trim() || '(no name)';
  return {
    name: shown.length > longestName ? `${shown.slice(0, longestName - 1)}…` : shown,
    kind,
    range: rangeOf(analysis, node),
    selectionRange: rangeOf(analysis, selection),
  };
}

/** The line at `start` without indentation and trailing THEN. */
function firstLine({ text }: Analysis, start: number): string {
  const line = /[^\r\n]*/y;
  line.lastIndex = start;
  return (line.exec(text)?.[0] ?? '').trim().replace(/\s+THEN$/i, '');
}
