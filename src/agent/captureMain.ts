// The process that records what a person does and lets them point at elements. It lives in their session, away from the agent, which a
// fault in a call of Windows would take down with it. Speaks with the agent over its private channel (protocol/capture.ts).
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { CodedError, ProductError } from '../base/error.ts';
import { elementName, freeName, typeName } from '../desktop/capture/naming.ts';
import { type Resolved, Resolver, type Validation } from '../desktop/capture/resolver.ts';
import { joined } from '../desktop/capture/selectors.ts';
import {
  type HeardInput,
  InspectingSession,
  RecordingSession,
  type SessionOptions,
} from '../desktop/capture/session.ts';
import type { Desktop, ElementQuery } from '../desktop/desktop.ts';
import { DesktopError } from '../desktop/errors.ts';
import { levelsText, levelText } from '../desktop/selectorText.ts';
import { startDesktop } from '../desktop/thread.ts';
import { captureSystem, type Hearing, hear, processChain } from '../desktop/windows/capture.ts';
import {
  type Naming,
  type RecordedElement,
  type RecordedLevel,
  type RecordedStep,
  writeElement,
  writeRecording,
} from '../interchange/recording.ts';
import {
  type CapturedForPeople,
  type CaptureEvent,
  type CaptureMethod,
  type CaptureParams,
  type CaptureResult,
  type CaptureRow,
  captureMethods,
  type FromCapture,
  toCapture,
} from '../protocol/capture.ts';

type Methods = {
  [M in Exclude<CaptureMethod, 'capture.events'>]: (params: CaptureParams<M>) => Promise<CaptureResult<M>>;
};

const send = (message: FromCapture) => process.send?.(message);
/** Folder of this file; a bundle has none. */
const here: string | undefined = import.meta.dirname;
const desktopThread =
  here === undefined ? join(__dirname, 'desktop.cjs') : join(here, '../desktop/threadMain.ts');
const captureThread =
  here === undefined
    ? join(__dirname, 'captureThread.cjs')
    : join(here, '../desktop/windows/captureThread.ts');

/** What something is called in the repository of a flow. */
const naming: Naming = {
  element: ({ tag, name, levels }) => {
    const value = (wanted: string) =>
      levels.at(-1)?.attributes.find((attribute) => attribute.name === wanted)?.value ?? '';
    return elementName(tag, name, value('Id'), value('Class'));
  },
  window: ({ title, process }) => elementName('window', title, process, ''),
  type: typeName,
  free: freeName,
};
const writing = { naming, newId: randomUUID };

interface Current {
  readonly captureId: string;
  readonly hearing: Hearing;
  readonly abort: AbortController;
  readonly recording: RecordingSession | undefined;
}

let desktop: Desktop | undefined;
let current: Current | undefined;

const driven = (): Desktop => (desktop ??= startDesktop({ thread: desktopThread }));

const methods: Methods = {
  'capture.start': async ({ processIds }) => begin('record', processIds),
  'capture.inspect': async ({ processIds }) => begin('inspect', processIds),
  'capture.pause': async ({ captureId }) => {
    await recordingOf(captureId).pause();
    tell(captureId, { kind: 'state', state: 'paused' });
    return {};
  },
  'capture.resume': async ({ captureId }) => {
    await recordingOf(captureId).resume();
    tell(captureId, { kind: 'state', state: 'running' });
    return {};
  },
  'capture.comment': async ({ captureId, text }) => {
    await recordingOf(captureId).comment(text);
    return {};
  },
  'capture.stop': async ({ captureId, taken }) => {
    const { recording } = captureOf(captureId);
    const steps: readonly RecordedStep[] = recording === undefined ? [] : await recording.end();
    await end();
    tell(captureId, { kind: 'ended' });
    const { text, inputs } = writeRecording(steps, { ...writing, taken });
    return { text, steps: steps.length, inputs: [...inputs] };
  },
  'capture.validate': async (given) => {
    const { count, found, partial, problem } = await tried(given);
    return {
      count,
      found: found.slice(0, 20).map(({ tag, name }) => levelText(levelOf(tag, name))),
      partial: partial.map(({ level, instead }) => ({ level, instead: [...instead] })),
      ...(problem !== undefined && { problem }),
    };
  },
  'capture.highlight': async ({ seconds, ...given }) => {
    const { count, found } = await tried(given);
    await highlight(
      found.map(({ rectangle }) => rectangle),
      seconds,
    );
    return { count };
  },
};

async function begin(
  what: 'record' | 'inspect',
  processIds: readonly number[],
): Promise<{ captureId: string }> {
  const captureId = randomUUID();
  const abort = new AbortController();
  const ignored = new Set([process.pid, process.ppid, ...processIds.flatMap(processChain)]);
  let hearing: Hearing | undefined;
  const options: SessionOptions = {
    desktop: driven(),
    system: captureSystem((rectangles) => hearing?.frame(rectangles)),
    signal: abort.signal,
    ignored,
  };
  const session =
    what === 'record' ? recordingSession(captureId, options) : inspectingSession(captureId, options);
  // The first look at a desktop takes longest: it is not to be that of the first click.
  await options.desktop.elementAt('focus', abort.signal).then(
    (found) => found && options.desktop.release([found.ref]),
    () => undefined,
  );
  const heard = (input: HeardInput, found: () => void) => void session.heard(input, found).catch(failed);
  hearing = await hear(captureThread, what, heard);
  current = {
    captureId,
    hearing,
    abort,
    recording: session instanceof RecordingSession ? session : undefined,
  };
  tell(captureId, { kind: 'state', state: 'running' });
  return { captureId };

  function failed(error: unknown): void {
    if (current?.captureId !== captureId) return;
    tell(captureId, { kind: 'ended', problem: error instanceof Error ? error.message : String(error) });
    void end();
  }
}

function recordingSession(captureId: string, options: SessionOptions): RecordingSession {
  let told: readonly CaptureRow[] = [];
  return new RecordingSession(options, (steps) => {
    const { rows } = writeRecording(steps, { ...writing, taken: [] });
    let from = 0;
    while (from < rows.length && rows[from]?.statement === told[from]?.statement) from++;
    if (from === rows.length && from === told.length) return;
    told = rows;
    tell(captureId, {
      kind: 'rows',
      from,
      rows: rows.slice(from).map(({ text, statement }) => ({ text, statement })),
    });
  });
}

function inspectingSession(captureId: string, options: SessionOptions): InspectingSession {
  return new InspectingSession(options, (what) => {
    if (what.kind === 'ended') {
      tell(captureId, { kind: 'ended' });
      void end();
      return;
    }
    const { element, facts } = what.resolved;
    if (what.kind === 'pointed') {
      const name = element.levels.length === 0 ? naming.window(element.window) : naming.element(element);
      return tell(captureId, { kind: 'pointed', name, rectangle: facts.rectangle });
    }
    tell(captureId, { kind: 'taken', element: forPeople(what.resolved) });
    tell(captureId, { kind: 'ended' });
    void end();
  });
}

function forPeople({ element, facts, path, proposals }: Resolved): CapturedForPeople {
  const { rectangle } = facts;
  const given: RecordedElement = element;
  return {
    name: element.levels.length === 0 ? naming.window(element.window) : naming.element(element),
    window: naming.window(element.window),
    facts: [
      { name: 'Type', value: facts.tag },
      { name: 'Name', value: facts.name },
      { name: 'Id', value: facts.automationId },
      { name: 'Class', value: facts.className },
      { name: 'Process', value: element.window.process },
      { name: 'Enabled', value: String(facts.isEnabled) },
      { name: 'Password', value: String(facts.isPassword) },
      { name: 'Place', value: `${rectangle.x}, ${rectangle.y}, ${rectangle.width} × ${rectangle.height}` },
      { name: 'Found by', value: facts.driver === 'uia' ? 'UI Automation' : 'window messages' },
    ],
    path: path.map(({ tag, name }) => levelText(levelOf(tag, name))),
    windowSelector: `:desktop > ${selectorText(element.window.levels)}`,
    proposals: proposals.map(({ text, matches }) => ({ selector: text, matches: matches.count })),
    text: writeElement(given, writing),
  };
}

const levelOf = (element: string, name: string) => ({
  element,
  isDirect: false,
  attributes: name === '' ? [] : [{ name: 'Name', operator: 'EqualTo', value: name }],
  ordinal: undefined,
});

const selectorText = (levels: readonly RecordedLevel[]): string =>
  levelsText(joined(levels.map(({ tag, used }) => used && { element: tag, isDirect: false, ...used })));

async function tried({
  window,
  element,
}: {
  readonly window: string;
  readonly element: string;
}): Promise<Validation & { readonly problem?: string }> {
  const query: ElementQuery = {
    window: [{ name: 'window', text: window, levels: [] }],
    selectors: element.trim() === '' ? [] : [{ name: 'element', text: element, levels: [] }],
  };
  try {
    return await new Resolver(driven(), new AbortController().signal).validate(query);
  } catch (error) {
    if (!(error instanceof DesktopError)) throw error;
    return { count: 0, found: [], partial: [], problem: `${error.message} ${error.nextStep}` };
  }
}

/** In a thread that hears as well, because frames need one that serves messages; what it hears is for nobody. */
async function highlight(
  rectangles: readonly { x: number; y: number; width: number; height: number }[],
  seconds: number,
) {
  if (rectangles.length === 0) return;
  const own = current === undefined ? await hear(captureThread, 'show', () => {}) : undefined;
  const { frame } = own ?? (current as Current).hearing;
  frame(rectangles);
  setTimeout(() => {
    frame([]);
    void own?.end();
  }, seconds * 1000);
}

function captureOf(captureId: string): Current {
  if (current?.captureId === captureId) return current;
  throw new ProductError('CaptureNotFound', 'This recording has ended.', 'Start a new one.');
}

function recordingOf(captureId: string): RecordingSession {
  const { recording } = captureOf(captureId);
  if (recording !== undefined) return recording;
  throw new ProductError('CaptureNotFound', 'Nothing is being recorded.', 'Start a recording.');
}

async function end(): Promise<void> {
  const ending = current;
  current = undefined;
  await ending?.hearing.end();
  ending?.abort.abort();
}

function tell(captureId: string, event: CaptureEvent): void {
  send({ kind: 'event', captureId, event });
}

process.on('message', async (message) => {
  const { id, method, params } = toCapture.parse(message);
  try {
    const name = method as keyof Methods;
    const parsed = captureMethods[name].params.parse(params);
    send({
      kind: 'result',
      id,
      value: await (methods[name] as (params: unknown) => Promise<unknown>)(parsed),
    });
  } catch (error) {
    const isCoded = error instanceof CodedError;
    send({
      kind: 'failure',
      id,
      code: error instanceof ProductError ? error.code : isCoded ? 'CaptureFailed' : 'InternalError',
      message: error instanceof Error ? error.message : String(error),
      nextStep: isCoded ? error.nextStep : 'Please report this with the exported diagnostics.',
    });
  }
});
// Nobody is left to capture for.
process.on('disconnect', () => process.exit(0));
send({ kind: 'ready' });
