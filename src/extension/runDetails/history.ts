// What the ended runs of the last days tell: success rate, wait and run time, per flow and per machine. A model of a page and pure
// figures; reads nothing.
import { isTerminal, type Run } from '../../protocol/run.ts';
import { t } from '../l10n.ts';
import { endedBadly } from '../runs.ts';
import { durationText, flowName, oneLine, runTime, stateTone, stateWord, timeText } from '../wording.ts';
import type { Bar, Block, Cell, PageModel, Section } from './page/model.ts';
import { storyActs } from './story.ts';

const dayMs = 24 * 3_600_000;
/** Rows of the list of runs, and bars of a chart: the most frequent ones. */
const listedRuns = 200;
const shownGroups = 20;

export interface HistoryFacts {
  readonly now: number;
  /** How far back it looks. */
  readonly days: number;
  readonly machineName: (machineId: string) => string;
  readonly isConnected: boolean;
}

export interface Figures {
  readonly name: string;
  readonly runs: number;
  readonly succeeded: number;
  /** Failed, timed out or lost: those who were canceled or skipped count neither way. */
  readonly failed: number;
  /** Milliseconds, the middle one of all: one long night does not change it. Undefined when none started. */
  readonly wait: number | undefined;
  readonly run: number | undefined;
}

/** Figures per group, the largest group first. */
export function figuresOf(runs: readonly Run[], groupOf: (run: Run) => string): Figures[] {
  const groups = new Map<string, Run[]>();
  for (const run of runs) {
    const name = groupOf(run);
    const group = groups.get(name);
    if (group) group.push(run);
    else groups.set(name, [run]);
  }
  return [...groups]
    .map(([name, members]) => {
      const started = members.filter(({ startedAt }) => startedAt !== undefined);
      return {
        name,
        runs: members.length,
        succeeded: members.filter(({ state }) => state === 'Succeeded').length,
        failed: members.filter(endedBadly).length,
        wait: middle(started.map((run) => Math.max(0, (run.startedAt ?? 0) - run.requestedAt))),
        run: middle(started.map((run) => runTime(run, run.endedAt ?? 0) ?? 0)),
      };
    })
    .sort((a, b) => b.runs - a.runs || (a.name < b.name ? -1 : 1));
}

/** The middle value; undefined of none. */
export function middle(values: readonly number[]): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  const at = Math.floor(sorted.length / 2);
  const high = sorted[at];
  return sorted.length % 2 === 1 || high === undefined ? high : ((sorted[at - 1] ?? high) + high) / 2;
}

/** The model of the page of all ended runs. */
export function historyOf(runs: readonly Run[], facts: HistoryFacts): PageModel {
  const since = facts.now - facts.days * dayMs;
  const ended = runs
    .filter((run) => isTerminal(run.state) && (run.endedAt ?? run.requestedAt) >= since)
    .sort((a, b) => (b.endedAt ?? b.requestedAt) - (a.endedAt ?? a.requestedAt));
  const machineOf = (run: Run) => oneLine(facts.machineName(run.machine ?? run.queue), 60);
  return {
    title: t('Run history'),
    state: {
      text: facts.isConnected
        ? t('{0} runs ended in the last {1} days', ended.length, facts.days)
        : t('The agent is not connected: these are the runs that this window knew last.'),
    },
    actions: [
      { id: 'refresh', title: t('Refresh') },
      { id: 'days', title: t('Change Period…') },
    ],
    sections:
      ended.length === 0
        ? [
            {
              id: 'none',
              title: t('Nothing yet'),
              blocks: [{ kind: 'text', text: t('No run has ended in this time.') }],
            },
          ]
        : [
            ...groupSections('flow', t('Per flow'), figuresOf(ended, flowName)),
            ...groupSections('machine', t('Per machine'), figuresOf(ended, machineOf)),
            runsSection(ended, machineOf),
          ],
  };
}

function groupSections(id: string, title: string, all: readonly Figures[]): Section[] {
  const figures = all.slice(0, shownGroups);
  const longest = Math.max(1, ...figures.map(({ wait, run }) => (wait ?? 0) + (run ?? 0)));
  const rate = ({ name, succeeded, failed }: Figures): Bar => {
    const counted = succeeded + failed;
    return {
      label: name,
      parts:
        counted === 0
          ? []
          : [
              { share: succeeded / counted, tone: 'good' as const, text: t('{0} succeeded', succeeded) },
              { share: failed / counted, tone: 'bad' as const, text: t('{0} failed', failed) },
            ].filter(({ share }) => share > 0),
      text: rateText(succeeded, failed),
    };
  };
  const times = ({ name, wait, run }: Figures): Bar => ({
    label: name,
    parts: [
      { share: (wait ?? 0) / longest, tone: 'quiet', text: t('waited {0}', spanText(wait)) },
      { share: (run ?? 0) / longest, tone: 'active', text: t('ran {0}', spanText(run)) },
    ],
    text: t('waited {0}, ran {1}', spanText(wait), spanText(run)),
  });
  const blocks: Block[] = [
    { kind: 'text', text: t('Success rate') },
    { kind: 'bars', label: t('Success rate: {0}', title), bars: figures.map(rate) },
    { kind: 'text', text: t('Wait and run time, the middle one') },
    { kind: 'bars', label: t('Wait and run time: {0}', title), bars: figures.map(times) },
    {
      kind: 'table',
      caption: t('The same as a table'),
      columns: [
        { title: id === 'flow' ? t('Flow') : t('Machine') },
        { title: t('Runs'), numeric: true },
        { title: t('Succeeded'), numeric: true },
        { title: t('Failed'), numeric: true },
        { title: t('Success rate'), numeric: true },
        { title: t('Wait'), numeric: true },
        { title: t('Run time'), numeric: true },
      ],
      rows: figures.map(({ name, runs, succeeded, failed, wait, run }) => [
        { text: name },
        { text: String(runs) },
        { text: String(succeeded) },
        { text: String(failed) },
        { text: rateText(succeeded, failed) },
        { text: spanText(wait) },
        { text: spanText(run) },
      ]),
    },
  ];
  if (all.length > figures.length)
    blocks.push({
      kind: 'text',
      tone: 'quiet',
      text: t('{0} more are not shown.', all.length - figures.length),
    });
  return [{ id, title, blocks }];
}

function runsSection(ended: readonly Run[], machineOf: (run: Run) => string): Section {
  const shown = ended.slice(0, listedRuns);
  return {
    id: 'runs',
    title: t('Runs'),
    blocks: [
      {
        kind: 'table',
        caption:
          ended.length > shown.length
            ? t('The newest {0} of {1}', shown.length, ended.length)
            : t('Newest first'),
        columns: [
          { title: t('Flow') },
          { title: t('State') },
          { title: t('Ended') },
          { title: t('Wait'), numeric: true },
          { title: t('Run time'), numeric: true },
          { title: t('Machine') },
          { title: t('Requested by') },
        ],
        rows: shown.map((run): Cell[] => [
          {
            text: '',
            action: {
              id: storyActs.openRun,
              title: flowName(run),
              label: t('Show the run of {0} of {1}', flowName(run), timeText(run.requestedAt)),
              argument: run.id,
            },
          },
          {
            text: run.error
              ? `${stateWord(run.state)}: ${oneLine(run.error.code, 60)}`
              : stateWord(run.state),
            tone: stateTone(run.state),
          },
          { text: timeText(run.endedAt ?? run.requestedAt) },
          { text: spanText(run.startedAt === undefined ? undefined : run.startedAt - run.requestedAt) },
          { text: spanText(runTime(run, run.endedAt ?? 0)) },
          { text: machineOf(run) },
          { text: oneLine(run.requestedBy, 60) },
        ]),
      },
    ],
  };
}

const spanText = (ms: number | undefined): string => (ms === undefined ? '–' : durationText(ms));

const rateText = (succeeded: number, failed: number): string =>
  succeeded + failed === 0 ? '–' : `${Math.round((succeeded / (succeeded + failed)) * 100)} %`;
