// What the page of one run says, as a model of a page. Text and figures only; the same model is painted, downloaded and tested.
import { isTerminal, type Run, type RunError, type RunState, type WireValue } from '../../protocol/run.ts';
import { t } from '../l10n.ts';
import { type CommandName, flagsOf, runFlags } from '../names.ts';
import type { RunDetail, Standing } from '../runs.ts';
import {
  durationText,
  flowName,
  oneLine,
  placeText,
  runPhrase,
  runTime,
  stateTone,
  stateWord,
  timeText,
  valueText,
} from '../wording.ts';
import type { Block, Cell, LogWords, PageAction, PageModel, Section, Tone } from './page/model.ts';
import type { RunFile } from './runFile.ts';

export interface StoryFacts {
  readonly now: number;
  readonly detail: RunDetail;
  readonly standing: Standing;
  readonly file: RunFile;
  readonly machine: string;
  /** No agent is connected: nobody knows what happened since. */
  readonly lastKnown: boolean;
  /** The log is still being read. */
  readonly reading: boolean;
  /** Runs that were made of this one by resubmitting it, oldest first. */
  readonly resubmitted: readonly Run[];
}

/** Acts of the page beside the commands of a run. */
export const storyActs = {
  openLine: 'openLine',
  openFlow: 'openFlow',
  openRun: 'openRun',
  downloadJson: 'downloadJson',
  downloadHtml: 'downloadHtml',
  asText: 'asText',
} as const;

/** Commands that a page may ask for, with the flag that a run must have. */
export const runActs = {
  answerQuestion: runFlags.question,
  stopRun: runFlags.active,
  stopRunSafely: runFlags.begun,
  pauseRun: runFlags.running,
  resumeRun: runFlags.paused,
  attachToRun: runFlags.begun,
  resubmitRun: runFlags.finished,
  openFailingLine: runFlags.line,
  copyErrorDetails: runFlags.error,
} as const satisfies Partial<Record<CommandName, string>>;
export type RunAct = keyof typeof runActs;

const actTitles = (): Record<RunAct, string> => ({
  answerQuestion: t('Answer'),
  stopRun: t('Stop'),
  stopRunSafely: t('Stop Safely'),
  pauseRun: t('Pause'),
  resumeRun: t('Resume'),
  attachToRun: t('Attach Debugger'),
  resubmitRun: t('Resubmit'),
  openFailingLine: t('Open at Line'),
  copyErrorDetails: t('Copy Error Details'),
});

/** The commands that can be given to a run now, as buttons; `about` is put into what a screen reader says. */
export function actionsOf(run: Run, asks: boolean, wanted: readonly RunAct[], about = ''): PageAction[] {
  const flags = flagsOf(run, asks);
  const titles = actTitles();
  return wanted
    .filter((act) => flags.includes(runActs[act]))
    .map((act) => ({
      id: act,
      title: titles[act],
      argument: run.id,
      ...(about === '' ? {} : { label: `${titles[act]}: ${about}` }),
    }));
}

/** The model of the page of a run. */
export function storyOf(run: Run, facts: StoryFacts): PageModel {
  const { detail, standing, now, lastKnown } = facts;
  const asks = detail.questions.size > 0;
  const phrase = runPhrase(run, now, standing);
  const sections: (Section | undefined)[] = [
    errorSection(run),
    { id: 'facts', title: t('Run'), blocks: [factsOf(run, facts)] },
    { id: 'timeline', title: t('Timeline'), blocks: timelineOf(run, facts) },
    valuesSection('inputs', t('Inputs'), run.inputs, t('This run has no inputs.')),
    run.outputs && valuesSection('outputs', t('Outputs'), run.outputs, t('This run has no outputs.')),
    questionsSection(detail),
    flowsSection(run, facts),
    logSection(run, facts),
  ];
  return {
    title: flowName(run),
    state: {
      text:
        lastKnown && !isTerminal(run.state)
          ? t('{0} (when last seen: the agent is not connected)', phrase)
          : phrase,
      tone: stateTone(run.state),
    },
    spoken: `${flowName(run)}: ${asks ? t('Waits for your answer') : stateWord(run.state)}`,
    actions: [
      ...actionsOf(run, asks, [
        'answerQuestion',
        'pauseRun',
        'resumeRun',
        'stopRunSafely',
        'stopRun',
        'attachToRun',
        'resubmitRun',
      ]),
      { id: storyActs.openFlow, title: t('Open Flow') },
      { id: storyActs.downloadJson, title: t('Download as JSON') },
      { id: storyActs.downloadHtml, title: t('Download as HTML') },
      { id: storyActs.asText, title: t('Show as Text') },
    ],
    sections: sections.filter((section) => section !== undefined),
  };
}

/** The words of the log's controls. */
export const logWords = (): LogWords => ({
  level: t('Show'),
  levels: [
    t('everything'),
    t('without loops, calls and waits'),
    t('messages and errors'),
    t('warnings and errors'),
    t('errors only'),
  ],
  search: t('Search'),
  shown: t('{0} of {1} rows', '{0}', '{1}'),
  none: t('No row matches.'),
  follow: t('Follow'),
  columns: [t('Time'), t('Line'), t('Action'), t('Duration'), t('Result')],
  openLine: t('Open {0}', '{0}'),
});

function errorSection(run: Run): Section | undefined {
  const { error } = run;
  if (!error) return undefined;
  return {
    id: 'error',
    title: t('Error'),
    blocks: [
      { kind: 'text', text: oneLine(error.code, 100), tone: 'bad' },
      { kind: 'text', text: multiLine(error.message, 20_000), fixed: true },
      {
        kind: 'facts',
        rows: [
          ...(error.line === undefined
            ? []
            : [{ label: t('Where'), value: { text: placeText({ ...error, line: error.line }) } }]),
          { label: t('Next step'), value: { text: oneLine(error.nextStep, 1_000) } },
        ],
      },
      { kind: 'actions', actions: actionsOf(run, false, ['openFailingLine', 'copyErrorDetails']) },
      ...pictureOf(error),
    ],
  };
}

function pictureOf({ screenshot }: RunError): Block[] {
  if (!screenshot) return [];
  if ('none' in screenshot)
    return [{ kind: 'text', text: t('No screenshot: {0}', oneLine(screenshot.none, 300)), tone: 'quiet' }];
  return [{ kind: 'picture', alt: t('The desktop when the run failed'), ...screenshot }];
}

function factsOf(run: Run, { machine, standing }: StoryFacts): Block {
  const row = (label: string, value: string | Cell | undefined) =>
    value === undefined ? [] : [{ label, value: typeof value === 'string' ? { text: value } : value }];
  return {
    kind: 'facts',
    rows: [
      ...row(t('Flow'), oneLine(run.flow.path, 400)),
      ...row(t('Run'), run.id),
      ...row(t('State'), { text: stateWord(run.state), tone: stateTone(run.state) }),
      ...row(t('Now at'), standing.place && placeText(standing.place)),
      ...row(t('Machine'), oneLine(machine, 100)),
      ...row(t('Session'), run.session && oneLine(run.session, 60)),
      ...row(t('Connection'), run.connection && oneLine(run.connection, 100)),
      ...row(t('Mode'), run.mode === 'attended' ? t('attended') : t('unattended')),
      ...row(t('Priority'), run.priority === 'high' ? t('high') : t('normal')),
      ...row(t('Requested by'), oneLine(run.requestedBy, 100)),
      ...row(
        t('Time limit'),
        run.timeoutSeconds === undefined ? undefined : durationText(run.timeoutSeconds * 1000),
      ),
    ],
  };
}

/** What a run does in each state, as the name of that stretch of time. */
const phaseNames = (): Partial<Record<RunState, string>> => ({
  Queued: t('Waiting in the queue'),
  Starting: t('Getting machine and session ready'),
  Running: t('Running'),
  Paused: t('Paused'),
});
const phaseTones: Partial<Record<RunState, Tone>> = {
  Queued: 'quiet',
  Starting: 'warn',
  Running: 'active',
  Paused: 'plain',
};

export interface Phase {
  readonly state: RunState;
  readonly from: number;
  readonly to: number;
}

/** The stretches of time from the request to the end, or to now. Clocks that were set back give stretches of no length. */
export function phasesOf(run: Run, states: RunFile['states'], now: number): Phase[] {
  const known =
    states.length > 0
      ? states
      : [...(run.startedAt === undefined ? [] : [{ state: 'Running' as const, at: run.startedAt }])];
  const marks: { readonly state: RunState; readonly at: number }[] = [
    { state: 'Queued', at: run.requestedAt },
    ...known.filter(({ state }) => state !== 'Queued'),
  ];
  const end = run.endedAt ?? now;
  return marks.flatMap(({ state, at }, index) => {
    if (isTerminal(state)) return [];
    const next = marks[index + 1];
    const to = Math.min(next ? next.at : end, end);
    return [{ state, from: Math.min(at, to), to }];
  });
}

function timelineOf(run: Run, { file, now }: StoryFacts): Block[] {
  const phases = phasesOf(run, file.states, now);
  const names = phaseNames();
  const total = phases.reduce((sum, { from, to }) => sum + to - from, 0);
  const took = (phase: Phase) => durationText(phase.to - phase.from);
  const end: Cell[][] =
    run.endedAt === undefined
      ? run.startedAt === undefined
        ? [[{ text: t('Gives up waiting') }, { text: timeText(run.expiresAt) }, { text: '' }]]
        : []
      : [
          [
            { text: stateWord(run.state), tone: stateTone(run.state) },
            { text: timeText(run.endedAt) },
            { text: t('{0} in all', durationText(run.endedAt - run.requestedAt)) },
          ],
        ];
  return [
    {
      kind: 'bars',
      label: t('Timeline from the request to the end'),
      bars: [
        {
          label: isTerminal(run.state) ? t('In all') : t('So far'),
          parts: phases.map((phase) => ({
            share: total === 0 ? 0 : (phase.to - phase.from) / total,
            tone: phaseTones[phase.state] ?? 'plain',
            text: `${names[phase.state] ?? stateWord(phase.state)}: ${took(phase)}`,
          })),
          text: durationText(total),
        },
      ],
    },
    {
      kind: 'table',
      caption: t('What took how long'),
      columns: [{ title: t('Phase') }, { title: t('From') }, { title: t('Duration'), numeric: true }],
      rows: [
        ...phases.map((phase) => [
          { text: names[phase.state] ?? stateWord(phase.state) },
          { text: timeText(phase.from) },
          { text: took(phase) },
        ]),
        ...end,
      ],
    },
  ];
}

/** Secured values are `{}`. */
function valuesSection(
  id: string,
  title: string,
  values: Readonly<Record<string, WireValue>>,
  none: string,
): Section {
  const entries = Object.entries(values);
  return {
    id,
    title,
    blocks: [
      entries.length === 0
        ? { kind: 'text', text: none, tone: 'quiet' }
        : {
            kind: 'facts',
            rows: entries.map(([name, value]) => ({
              label: oneLine(name, 80),
              value: { text: valueText(value, 2_000) },
            })),
          },
    ],
  };
}

function questionsSection({ questions }: RunDetail): Section | undefined {
  if (questions.size === 0) return undefined;
  return {
    id: 'questions',
    title: t('Waits for an answer'),
    blocks: [...questions.values()].map(({ title, message }) => ({
      kind: 'text',
      text: [title, message]
        .filter((text) => text !== '')
        .map((text) => oneLine(text, 500))
        .join(': '),
    })),
  };
}

/** Where it comes from and what it led to: the run it was made of, flows that it ran, runs made of it. */
function flowsSection(run: Run, { file, resubmitted }: StoryFacts): Section | undefined {
  const blocks: Block[] = [];
  const open = (id: string, title: string): PageAction => ({ id: storyActs.openRun, title, argument: id });
  const rows = [
    ...(run.resubmitOf
      ? [{ label: t('Resubmitted from'), value: { text: '', action: open(run.resubmitOf, run.resubmitOf) } }]
      : []),
    ...resubmitted.map((later) => ({
      label: t('Resubmitted as'),
      value: { text: stateWord(later.state), tone: stateTone(later.state), action: open(later.id, later.id) },
    })),
  ];
  if (rows.length > 0) blocks.push({ kind: 'facts', rows });
  if (file.called.size > 0) {
    blocks.push({
      kind: 'table',
      caption: t('Flows that this run ran, inside itself'),
      columns: [
        { title: t('Flow') },
        { title: t('Actions'), numeric: true },
        { title: t('Failed'), numeric: true },
        { title: t('Duration'), numeric: true },
      ],
      rows: [...file.called.values()].map(({ name, actions, failed, ms }) => [
        { text: oneLine(name, 100) },
        { text: String(actions) },
        { text: String(failed), ...(failed > 0 ? { tone: 'bad' as const } : {}) },
        { text: durationText(ms) },
      ]),
    });
  }
  return blocks.length === 0 ? undefined : { id: 'flows', title: t('Parent and children'), blocks };
}

function logSection(run: Run, { file, lastKnown, reading, now }: StoryFacts): Section {
  const notes: Block[] = [];
  const note = (text: string) => notes.push({ kind: 'text', text, tone: 'quiet' });
  if (file.omitted > 0)
    note(t('{0} actions are not shown: the agent wrote down a part of them.', file.omitted));
  if (lastKnown) note(t('The log is read again when the agent is connected.'));
  else if (reading) note(t('The log is being read…'));
  else if (file.rows.length === 0)
    note(
      runTime(run, now) === undefined
        ? t('Nothing yet: the run has not started.')
        : t('Nothing was written down.'),
    );
  return { id: 'log', title: t('Log'), blocks: [...notes, { kind: 'log', label: t('Log') }] };
}

/** Foreign text that keeps its lines; what reorders or hides text becomes a space. */
function multiLine(text: string, most: number): string {
  const kept = text
    .slice(0, most)
    .replace(/\r\n?/g, '\n')
    .replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g, ' ');
  return text.length > most ? `${kept}…` : kept;
}
