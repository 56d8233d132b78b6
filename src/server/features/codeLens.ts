// Lines above Main (run or debug it), and above subflows, inputs and outputs (how often they are used). Counting waits until a line is shown.
import { type CodeLens, CodeLensRefreshRequest, type Position } from 'vscode-languageserver';
import { namedAt } from '../../language/analysis/named.ts';
import { testsOf } from '../../language/analysis/tests.ts';
import type { Feature } from '../feature.ts';
import type { Settings } from '../settings.ts';
import type { Analysis } from '../workspace.ts';
import { rangeOf } from './range.ts';
import { mentions } from './references.ts';

/** What an unresolved lens remembers: whose references it counts. */
interface Counted {
  readonly uri: string;
  readonly position: Position;
}

export const codeLens: Feature = {
  capabilities: { codeLensProvider: { resolveProvider: true } },
  register({ connection, workspace, settings, answer, inBackground }) {
    connection.onCodeLens(({ textDocument }, token) =>
      answer<CodeLens[]>('code lenses', textDocument.uri, token, [], (analysis) =>
        codeLensesOf(analysis, settings().codeLens),
      ),
    );
    connection.onCodeLensResolve((lens, token) => {
      const counted = lens.data as Counted | undefined;
      // Some clients ask for every lens, also for one that was complete.
      if (counted === undefined) return lens;
      return answer('code lens', counted.uri, token, lens, (analysis) => resolvedLens(analysis, lens));
    });
    let refreshes = false;
    workspace.onDidInitialise(({ capabilities }) => {
      refreshes = capabilities.workspace?.codeLens?.refreshSupport === true;
    });
    workspace.onDidChangeSettings(() => {
      if (refreshes)
        inBackground('refreshing code lenses', () => connection.sendRequest(CodeLensRefreshRequest.type));
    });
  },
};

const starts = [
  ['▶ Run', 'desktopFlows.runFlow'],
  ['Debug', 'desktopFlows.debugFlow'],
] as const;

/** In the order of the text. Those that count references have no command yet. */
export function codeLensesOf(analysis: Analysis, shown: Settings['codeLens']): CodeLens[] {
  const { file, uri, model } = analysis;
  const isTest = model.surroundings.isTest === true;
  const lenses: CodeLens[] = [];
  if (shown.references) {
    const names = [...file.header.parameters, ...file.subflows].map(({ name }) => name);
    // Nothing in the file refers to a test.
    const tests = new Set(isTest ? testsOf(file).map((test) => test.name) : []);
    for (const name of names) {
      if (name.start === name.end || tests.has(name.text)) continue;
      const range = rangeOf(analysis, name);
      const data: Counted = { uri, position: range.start };
      lenses.push({ range, data });
    }
  }
  const first = file.main[0];
  // Tests are run by the Test Explorer.
  if (shown.run && first !== undefined && !isTest) {
    const range = rangeOf(analysis, { start: first.start, end: first.start });
    for (const [title, command] of starts)
      lenses.push({ range, command: { title, command, arguments: [uri] } });
  }
  return lenses.sort((a, b) => a.range.start.line - b.range.start.line);
}

export function resolvedLens(analysis: Analysis, lens: CodeLens): CodeLens {
  const { uri, position } = lens.data as Counted;
  const named = namedAt(analysis.model.binding, analysis.lines.offset(position));
  if (named?.kind !== 'symbol') return lens;
  const count = mentions(analysis, named.use.symbol, false).length;
  return {
    ...lens,
    command: {
      title: count === 1 ? '1 reference' : `${count} references`,
      command: 'desktopFlows.showReferences',
      arguments: [{ uri, position }],
    },
  };
}
