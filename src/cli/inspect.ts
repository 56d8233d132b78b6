// `dflow inspect`: point at a UI element on this Windows desktop and see how a flow would find it. The agent looks.
import { ProductError } from '../base/error.ts';
import type { CapturedForPeople } from '../protocol/capture.ts';
import { type AgentAccess, reachAgent } from './access.ts';
import { feed, lines, ownProcesses } from './recordFeed.ts';
import { type Output, printable } from './terminal.ts';
import { exitCode } from './usage.ts';

/** Until an element is taken, or somebody ends it. Returns the exit code; throws what the agent refuses with. */
export async function inspect(json: boolean, access: AgentAccess, out: Output): Promise<number> {
  const { link, result, leave } = await reachAgent(access, (link) =>
    link.call('capture.inspect', ownProcesses()),
  );
  const { captureId } = result;
  try {
    if (!json) out.write('Point at an element: Ctrl+click takes it, Esc or Enter here ends.\n');
    let taken: CapturedForPeople | undefined;
    let problem: string | undefined;
    let isOver = false;
    const ended = feed(link, captureId, (event) => {
      if (event.kind === 'pointed' && !json) out.write(`  ${printable(event.name)}\n`);
      if (event.kind === 'taken') taken = event.element;
      if (event.kind === 'ended') {
        isOver = true;
        problem = event.problem;
      }
    });
    ended.catch(() => {}); // the next call fails with it
    await lines(() => {}, ended);
    if (!isOver) await link.call('capture.stop', { captureId, taken: [] });
    if (problem !== undefined) throw new ProductError('CaptureFailed', problem, 'Start again.');
    if (taken === undefined) return exitCode.canceled;
    out.write(json ? `${JSON.stringify(taken)}\n` : described(taken));
    return exitCode.ok;
  } finally {
    await leave();
  }
}

function described({ name, window, facts, path, windowSelector, proposals }: CapturedForPeople): string {
  const width = Math.max(...facts.map((fact) => fact.name.length));
  return [
    '',
    `${name} in ${window}`,
    ...facts.filter(({ value }) => value !== '').map((fact) => `  ${fact.name.padEnd(width)}  ${fact.value}`),
    '',
    'Way from the window:',
    ...path.map((level, depth) => `  ${'  '.repeat(depth)}${level}`),
    '',
    'Selector of the window:',
    `  ${windowSelector}`,
    'Selectors of the element, and how many elements each finds:',
    ...proposals.map(({ selector, matches }) => `  ${String(matches).padStart(3)}  ${selector}`),
    '',
  ]
    .map((line) => `${printable(line)}\n`)
    .join('');
}
