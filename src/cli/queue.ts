// `dflow queue`: what runs, what waits in which order and why, and the order changed.
import type { Blocker, Verdict } from '../protocol/fleet.ts';
import { isTerminal, type Run } from '../protocol/run.ts';
import { loadFlow } from './flowFile.ts';
import { readTerms, termOptions } from './runOptions.ts';
import { fullId, nameOf, type QueueNames, queueNames, runColumns } from './runRows.ts';
import { oneOf, type Subcommand, type Subcommands } from './subcommands.ts';
import { type Column, facts, table } from './table.ts';
import { type Output, printable } from './terminal.ts';
import { showMoment, showRelative, showSpan } from './times.ts';
import { exitCode } from './usage.ts';
import { show, withAgent, withRunningAgent } from './watch.ts';

const recentRuns = 10;
const mostWaiting = 1_000;

export const queueCommands: Subcommands = {
  list: {
    takes: ['[MACHINE or GROUP]'],
    options: ['limit', 'json', 'watch'],
    run: ([queue], options, { access, out }) => {
      const limit = options.whole('limit', 1, 10_000) ?? mostWaiting;
      return show(
        {
          read: async (link) => {
            const lists = await link.call('queue.list', { limit, ...(queue !== undefined && { queue }) });
            const { runs } = await link.call('runs.list', { limit: mostWaiting });
            const names = await queueNames(link);
            const shown = new Set([...lists.waiting, ...lists.running].map(({ id }) => id));
            const ended = runs
              .filter(
                (run) =>
                  isTerminal(run.state) &&
                  !shown.has(run.id) &&
                  (queue === undefined || isNamed(queue, run.queue, names)),
              )
              .slice(0, recentRuns);
            return { ...lists, ended, names: [...names] };
          },
          json: ({ running, waiting, ended }) => [...running, ...waiting, ...ended],
          text: ({ running, waiting, ended, names }) =>
            describeQueue(running, waiting, ended, new Map(names), out),
        },
        { json: options.flag('json'), watch: options.flag('watch') },
        access,
        out,
      );
    },
  },
  why: {
    takes: ['RUN'],
    options: ['json', 'watch'],
    run: ([id = ''], options, { access, out }) =>
      show(
        {
          read: async (link) => {
            const why = await link.call('queue.why', { runId: await fullId(link, id) });
            return { ...why, names: [...(await queueNames(link))] };
          },
          json: ({ verdict, run }) => [{ verdict, run }],
          text: ({ verdict, run, names }) =>
            describeVerdict(
              verdict,
              { flow: run.flow.name, queue: nameOf(new Map(names), run.queue), isQueued: true },
              out,
            ),
        },
        { json: options.flag('json'), watch: options.flag('watch') },
        access,
        out,
      ),
  },
  would: {
    takes: ['FLOW'],
    options: ['json', ...termOptions.filter((option) => option !== 'timeout')],
    run: async ([path = ''], options, { access, out }) => {
      const { timeoutSeconds: _, ...terms } = readTerms(options);
      const flow = loadFlow(path).name;
      const { verdict, queue, account } = await withAgent(access, (link) =>
        link.call('queue.verdict', { ...terms, flow }),
      );
      out.write(
        options.flag('json')
          ? `${JSON.stringify({ verdict, queue, account })}\n`
          : describeVerdict(verdict, { flow, queue: queue.name, isQueued: false }, out),
      );
      return verdict.kind === 'fails' ? exitCode.failed : exitCode.ok;
    },
  },
  top: placing('runs.moveToTop', 'is the next to run'),
  untop: placing('runs.moveBack', 'is back in its place: priority and request time count again'),
  priority: {
    takes: ['RUN', 'normal|high'],
    options: ['json'],
    run: async ([id = '', word = ''], options, { access, out }) => {
      const priority = oneOf(word, ['normal', 'high'], (message) => options.wrong(`The priority ${message}`));
      const { run } = await withRunningAgent(access, async (link) =>
        link.call('runs.prioritize', { runId: await fullId(link, id), priority }),
      );
      sayPlaced(run, `has ${priority} priority`, options.flag('json'), out);
      return exitCode.ok;
    },
  },
  cancel: {
    takes: ['RUN…'],
    options: ['json'],
    run: (words, options, { access, out }) =>
      withRunningAgent(access, async (link) => {
        for (const id of words) {
          const { run } = await link.call('runs.stop', { runId: await fullId(link, id) });
          const what =
            run.state === 'Canceled'
              ? 'is canceled'
              : isTerminal(run.state)
                ? `has ended already: ${run.state}`
                : 'runs already, and is asked to stop';
          sayPlaced(run, what, options.flag('json'), out);
        }
        return exitCode.ok;
      }),
  },
};

function placing(method: 'runs.moveToTop' | 'runs.moveBack', what: string): Subcommand {
  return {
    takes: ['RUN'],
    options: ['json'],
    run: async ([id = ''], options, { access, out }) => {
      const { run } = await withRunningAgent(access, async (link) =>
        link.call(method, { runId: await fullId(link, id) }),
      );
      sayPlaced(run, what, options.flag('json'), out);
      return exitCode.ok;
    },
  };
}

function sayPlaced(run: Run, what: string, json: boolean, out: Output): void {
  out.write(json ? `${JSON.stringify(run)}\n` : `${printable(run.flow.name)} ${what}.\n`);
}

const isNamed = (asked: string, id: string, names: QueueNames): boolean =>
  id === asked || names.get(id)?.toLowerCase() === asked.trim().toLowerCase();

/** Three sections; an empty one says so. */
function describeQueue(
  running: readonly Run[],
  waiting: readonly Run[],
  ended: readonly Run[],
  names: QueueNames,
  out: Output,
): string {
  const columns = runColumns(names);
  const several = names.size > 1;
  const section = (title: string, runs: readonly Run[], ...shown: readonly Column<Run>[]) =>
    `${title}\n${runs.length === 0 ? '  none\n' : table(runs, shown, out, 2)}`;
  const positions = new Map<Run, number>();
  const counts = new Map<string, number>();
  for (const run of waiting) {
    const position = (counts.get(run.queue) ?? 0) + 1;
    counts.set(run.queue, position);
    positions.set(run, position);
  }
  const place = {
    title: 'PLACE',
    value: (run: Run) => {
      const position = positions.get(run) ?? 0;
      return `${position === 1 ? 'next to run' : `position ${position}`}${run.movedToTopAt === undefined ? '' : ', moved to top'}`;
    },
  };
  const queue = several ? [columns.queue] : [];
  return [
    section(
      'Running',
      running,
      columns.id,
      columns.flow,
      columns.state,
      ...(several ? [columns.machine] : []),
      columns.note,
    ),
    section(
      'Queued',
      waiting,
      columns.id,
      columns.flow,
      place,
      ...queue,
      columns.priority,
      columns.mode,
      columns.requested,
    ),
    section('Finished', ended, columns.id, columns.flow, columns.state, ...queue, columns.took, columns.note),
  ].join('');
}

/** The verdict in one sentence, then what it rests on. */
export function describeVerdict(
  verdict: Verdict,
  {
    flow: name,
    queue,
    isQueued,
  }: { readonly flow: string; readonly queue: string; readonly isQueued: boolean },
  out: Output,
  now: number = Date.now(),
): string {
  const flow = printable(name);
  switch (verdict.kind) {
    case 'starts': {
      const where = verdict.machines.map(printable);
      return `${flow} ${isQueued ? 'starts any moment' : 'would start at once'} on ${where.join(' or ')}.\n${facts(
        [['session', sessionText[verdict.session.kind]], ...clearingFacts(verdict.session)],
        out,
      )}`;
    }
    case 'waits': {
      const { blocker, position, expiresAt, forecast } = verdict;
      const place = position === 1 ? 'next to run' : `position ${position}`;
      return `${flow} ${isQueued ? 'waits' : 'would wait'} in the run queue of ${printable(queue)} (${place}).\n${facts(
        [
          ...blockerFacts(blocker),
          ['place', `${place} in the run queue of ${queue}`],
          [
            'forecast',
            forecast === undefined
              ? blocker.cause === 'ours'
                ? 'unknown: a flow before it has never run to its end'
                : 'unknown: it depends on people or on the machine, not on runs'
              : `${forecast.inMs < 1_500 ? `as soon as ${blocker.cause === 'ours' ? 'its turn comes' : 'that is removed'}` : `in about ${showSpan(forecast.inMs)}`} (${forecast.because})`,
          ],
          [
            isQueued ? 'gives up' : 'would give up',
            `${showMoment(expiresAt)} (${showRelative(expiresAt, now)})`,
          ],
        ],
        out,
      )}`;
    }
    case 'fails':
      return `${flow} ${isQueued ? 'will fail' : 'would fail'}: ${printable(verdict.blocker.message)}\n${facts(blockerFacts(verdict.blocker), out)}`;
  }
}

const blockerFacts = ({ code, message, who, nextStep }: Blocker): readonly (readonly [string, string])[] => [
  ['because', `${message} (${code})`],
  ['who can help', who === 'nobody needs to' ? 'nobody needs to: it passes by itself' : who],
  ['how', nextStep],
];

/** What the session policy of the machine does before the run gets its session. */
const clearingFacts = (plan: Extract<Verdict, { kind: 'starts' }>['session']) =>
  plan.kind === 'use' || plan.clear === undefined
    ? []
    : plan.clear.map(({ session, act, ask }): readonly [string, string] => [
        'before that',
        `${ask ? 'a person is asked, and if they agree' : 'without asking'} the session ${session} is ${act === 'signOut' ? 'signed out' : 'disconnected'}`,
      ]);

const sessionText: Readonly<Record<Extract<Verdict, { kind: 'starts' }>['session']['kind'], string>> = {
  use: 'the one its user is signed in to',
  reuse: 'one that was kept from an earlier run',
  create: 'a new one',
};
