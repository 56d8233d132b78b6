// What the flow monitor says: every running flow with where it is, how far it probably is, and what can be done about it (rule RUN-15);
// then what runs next and what failed last. A model of a page; reads nothing.
import type { Run } from '../../protocol/run.ts';
import { t } from '../l10n.ts';
import { middle } from '../runDetails/history.ts';
import type { Block, PageModel, Section } from '../runDetails/page/model.ts';
import { actionsOf, storyActs } from '../runDetails/story.ts';
import { endedBadly, type RunStore } from '../runs.ts';
import {
  elapsedText,
  errorText,
  flowName,
  oneLine,
  placeText,
  runTime,
  stateTone,
  stateWord,
  timeText,
} from '../wording.ts';

/** From so many earlier runs of the same text the usual duration is taken. */
const comparedRuns = 10;
const shownQueued = 3;
const shownFailures = 5;

export interface MonitorFacts {
  readonly now: number;
  readonly machineName: (machineId: string) => string;
  /** Why nothing can be known, as a sentence; absent while an agent is connected. */
  readonly silence?: string;
}

/** How far a run is: a share of its usual duration, 1 at most; absent when nothing is known to compare with. */
export function progressOf(
  run: Run,
  store: RunStore,
  now: number,
): { readonly share: number; readonly of: number; readonly from: number } | undefined {
  const took = runTime(run, now);
  if (took === undefined) return undefined;
  const before = store
    .finished()
    .filter(
      ({ flow, state }) =>
        state === 'Succeeded' && flow.path === run.flow.path && flow.hash === run.flow.hash,
    )
    .slice(0, comparedRuns)
    .map((earlier) => runTime(earlier, earlier.endedAt ?? 0) ?? 0);
  const usual = middle(before);
  return usual === undefined || usual <= 0
    ? undefined
    : { share: Math.min(1, took / usual), of: usual, from: before.length };
}

/** The model of the monitor. */
export function monitorOf(store: RunStore, facts: MonitorFacts): PageModel {
  const running = store.running();
  const queued = store.queued();
  return {
    title: t('Flow monitor'),
    state: {
      text:
        facts.silence ??
        (running.length === 0
          ? t('No flow is running.')
          : running.length === 1
            ? t('1 flow running')
            : t('{0} flows running', running.length)),
      tone: facts.silence === undefined && running.length > 0 ? 'active' : 'quiet',
    },
    actions: [],
    sections: [
      ...running.map((run) => runSection(run, store, facts)),
      ...(queued.length > 0 ? [queueSection(queued, facts)] : []),
      ...failureSections(store),
    ],
  };
}

function runSection(run: Run, store: RunStore, { now, machineName }: MonitorFacts): Section {
  const { questions } = store.detail(run.id);
  const { place } = store.standing(run);
  const name = flowName(run);
  const took = runTime(run, now);
  const progress = progressOf(run, store, now);
  const inner = run.position?.flow === undefined ? place : run.position;
  const blocks: Block[] = [
    {
      kind: 'actions',
      actions: [
        ...actionsOf(
          run,
          questions.size > 0,
          ['answerQuestion', 'pauseRun', 'resumeRun', 'stopRunSafely', 'stopRun'],
          name,
        ),
        { id: storyActs.openRun, title: t('Details'), label: t('Details: {0}', name), argument: run.id },
      ],
    },
    progress
      ? {
          kind: 'bars',
          label: t('Progress of {0}', name),
          bars: [
            {
              label: t('Progress'),
              parts: [
                { share: progress.share, tone: 'active', text: `${Math.round(progress.share * 100)} %` },
              ],
              text:
                progress.share >= 1
                  ? t('longer than usual ({0})', elapsedText(progress.of))
                  : t(
                      'about {0} %, usually {1} (earlier runs: {2})',
                      Math.round(progress.share * 100),
                      elapsedText(progress.of),
                      progress.from,
                    ),
            },
          ],
        }
      : {
          kind: 'text',
          tone: 'quiet',
          text: t('No earlier run of this text has succeeded: how far it is cannot be said.'),
        },
    {
      kind: 'facts',
      rows: [
        {
          label: t('State'),
          value: {
            text: questions.size > 0 ? t('Waits for your answer') : stateWord(run.state),
            tone: stateTone(run.state),
          },
        },
        { label: t('Subflow'), value: { text: inner ? oneLine(inner.subflow, 60) : '–' } },
        { label: t('Action'), value: { text: inner ? placeText({ ...inner, subflow: undefined }) : '–' } },
        { label: t('Runs for'), value: { text: took === undefined ? '–' : elapsedText(took) } },
        { label: t('Machine'), value: { text: oneLine(machineName(run.machine ?? run.queue), 60) } },
        { label: t('Requested by'), value: { text: oneLine(run.requestedBy, 60) } },
      ],
    },
  ];
  return { id: `run-${run.id}`, title: name, blocks };
}

function queueSection(queued: readonly Run[], { machineName }: MonitorFacts): Section {
  return {
    id: 'queue',
    title: queued.length === 1 ? t('1 run queued') : t('{0} runs queued', queued.length),
    blocks: [
      {
        kind: 'table',
        caption: t('Next to run'),
        columns: [{ title: t('Flow') }, { title: t('Requested') }, { title: t('Machine') }],
        rows: queued
          .slice(0, shownQueued)
          .map((run) => [
            { text: flowName(run) },
            { text: timeText(run.requestedAt) },
            { text: oneLine(machineName(run.machine ?? run.queue), 60) },
          ]),
      },
    ],
  };
}

/** The last failures, each with a button that copies its error. */
function failureSections(store: RunStore): Section[] {
  return store
    .finished()
    .filter(endedBadly)
    .slice(0, shownFailures)
    .map((run) => ({
      id: `failure-${run.id}`,
      title: t('{0}: {1}', flowName(run), stateWord(run.state)),
      blocks: [
        {
          kind: 'text',
          tone: 'bad',
          text: run.error ? errorText(run.error, 300) : timeText(run.endedAt ?? run.requestedAt),
        },
        {
          kind: 'actions',
          actions: [
            ...actionsOf(run, false, ['copyErrorDetails', 'openFailingLine', 'resubmitRun'], flowName(run)),
            {
              id: storyActs.openRun,
              title: t('Details'),
              label: t('Details: {0}', flowName(run)),
              argument: run.id,
            },
          ],
        },
      ],
    }));
}
