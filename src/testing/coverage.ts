// Which rows of the flows under test were executed, over all tests of a session.
import type { FlowCoverage } from '../protocol/testing.ts';
import { compile } from '../runtime/compile.ts';
import type { LineSnapshot } from '../runtime/host.ts';
import type { LoadedFlow } from './flowFiles.ts';

export class Coverage {
  /** By the path of the flow: how often each line (1-based) ran. */
  readonly #flows = new Map<string, { readonly flow: LoadedFlow; readonly counts: Map<number, number> }>();

  /** Takes in what one run of a flow executed. */
  add(flow: LoadedFlow, executed: readonly LineSnapshot[]): void {
    let known = this.#flows.get(flow.path);
    if (known === undefined) {
      known = { flow, counts: new Map() };
      this.#flows.set(flow.path, known);
    }
    for (const { line, count } of executed) known.counts.set(line, (known.counts.get(line) ?? 0) + count);
  }

  /** All flows that ran, by path; subflows and rows in the order of the text. */
  report(): FlowCoverage[] {
    return [...this.#flows.values()]
      .map(({ flow, counts }) => coverageOf(flow, counts))
      .sort((a, b) => (a.path < b.path ? -1 : 1));
  }
}

function coverageOf({ path, file }: LoadedFlow, counts: ReadonlyMap<number, number>): FlowCoverage {
  const rows = new Map<string, Set<number>>();
  for (const { subflow, line } of compile(file).sites) {
    const lines = rows.get(subflow) ?? new Set();
    rows.set(subflow, lines.add(line));
  }
  const heads = new Map(file.subflows.map(({ name, line }) => [name.text, line + 1]));
  return {
    path,
    subflows: [...rows]
      .map(([name, lines]) => {
        const ordered = [...lines]
          .sort((a, b) => a - b)
          .map((line) => ({ line, count: counts.get(line) ?? 0 }));
        const first = ordered[0] as { line: number; count: number };
        return { name, line: heads.get(name) ?? first.line, count: first.count, rows: ordered };
      })
      .sort((a, b) => a.line - b.line),
  };
}
