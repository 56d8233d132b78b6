// The Debug Adapter Protocol for one run: reads the requests of an editor and answers them with what the debugger of the runtime says.
// Knows no process and no socket. A message that is not understood is refused; none ends the run.
import type { DebugProtocol } from '@vscode/debugprotocol';
import type { Clock } from '../base/clock.ts';
import { CodedError } from '../base/error.ts';
import {
  type DebugStartArguments,
  debugRequests,
  type ErrorFilter,
  type ValueHistoryArguments,
  type ValueHistoryBody,
} from '../protocol/debug.ts';
import type { BreakpointTerms, BreakpointView } from '../runtime/debug/breakpoints.ts';
import type { Debugger, Frame, JumpTarget, Scope, Stop, Variable } from '../runtime/debug/debugger.ts';
import { DebugError } from '../runtime/debug/errors.ts';
import type { Value } from '../runtime/values.ts';
import { complete } from './completions.ts';
import { type Arguments, type Request, readRequest, seqOf } from './messages.ts';
import { Paced, PacedOutput } from './pace.ts';

/** Variables, frames or entries in one answer. */
const pageItems = 1_000;
/** Characters of a value that is copied. */
const copiedCharacters = 1_000_000;

export interface DebugSessionOptions {
  readonly debugger: Debugger;
  readonly clock: Clock;
  readonly send: (message: DebugProtocol.ProtocolMessage) => void;
  /** The flow that was started; its text is shown where the editor cannot open the path. */
  readonly flow: { readonly name: string; readonly path: string; readonly text: string };
  /** Lets the run begin that waits for this debugger; undefined when it has begun. */
  readonly begin: (() => void) | undefined;
  /** Ends the run. */
  readonly stop: (reason: string) => void;
}

type Handle =
  | { readonly kind: 'scope'; readonly frame: Frame; readonly scope: Scope }
  | {
      readonly kind: 'value';
      readonly frame: Frame;
      readonly value: Value;
      readonly expression: string | undefined;
    }
  | { readonly kind: 'histories'; readonly frame: Frame; readonly names: readonly string[] }
  | { readonly kind: 'history'; readonly frame: Frame; readonly name: string };

const filters: readonly (DebugProtocol.ExceptionBreakpointsFilter & { readonly filter: ErrorFilter })[] = [
  {
    filter: 'unhandled',
    label: 'Errors that nothing handles',
    description: 'Stops where an error is raised that no error rule and no error block of the flow takes.',
    default: true,
  },
  { filter: 'all', label: 'All errors', description: 'Stops where an error is raised, also a handled one.' },
  {
    filter: 'logic',
    label: 'Logic errors',
    description: 'Stops on mistakes in the flow itself, such as a division by zero.',
  },
  {
    filter: 'code',
    label: 'Errors by name',
    description: 'Stops on errors of these names.',
    supportsCondition: true,
    conditionDescription: 'Names of errors, separated by commas; * stands for any letters',
  },
];

export class DebugSession {
  readonly #options: DebugSessionOptions;
  readonly #debugger: Debugger;
  readonly #output: PacedOutput;
  /** By thread. */
  readonly #paces = new Map<number, Paced>();
  #seq = 0;
  #isConfigured = false;
  #isClosed = false;
  #hasBegun: boolean;
  /** 0 or 1: the number of the first line and column as the editor counts. */
  #base = 1;
  #tellsInvalidated = false;
  #startLine: number | undefined;
  #stopOnEntry = false;
  #isLaunch = false;
  #handles = new Map<number, Handle>();
  #frames = new Map<number, Frame>();
  #targets = new Map<number, JumpTarget>();
  /** Files that the editor has changed since the session began. */
  readonly #modified = new Set<string>();
  #ids = 0;

  constructor(options: DebugSessionOptions) {
    this.#options = options;
    this.#debugger = options.debugger;
    this.#hasBegun = options.begin === undefined;
    this.#output = new PacedOutput(options.clock, (text, { path, line }) =>
      this.#event('output', {
        category: 'console',
        output: text,
        ...(path !== '' && { source: this.#source(path), line: this.#line(line) }),
      }),
    );
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Takes a message of the editor. Never throws. */
  receive(message: unknown): void {
    if (this.#isClosed) return;
    const request = readRequest(message);
    if (request === undefined) {
      this.#refuse(
        seqOf(message),
        '',
        new DebugError(
          'RequestWrong',
          'This is no request of the Debug Adapter Protocol.',
          'Use editor and agent of the same version.',
        ),
      );
      return;
    }
    try {
      const handler = Object.hasOwn(this.#requests, request.command)
        ? this.#requests[request.command]
        : undefined;
      if (handler === undefined) {
        throw new DebugError(
          'RequestUnknown',
          `The debugger has no request ${request.command.slice(0, 50)}.`,
          'Use editor and agent of the same version.',
        );
      }
      handler(request.arguments, (body) => this.#respond(request, body));
    } catch (error) {
      this.#refuse(request.seq, request.command, error);
    }
  }

  /** The editor is gone without a word: the run goes on without it; one that had not begun ends. */
  close(): void {
    if (this.#isClosed) return;
    this.#leave(false);
    if (!this.#hasBegun) this.#options.stop('The debugger left before the flow had begun.');
    this.#begin();
  }

  /** The run has ended. `error` is masked. */
  ended(succeeded: boolean, error: string | undefined): void {
    if (this.#isClosed) return;
    this.#output.flush();
    if (error !== undefined) this.#event('output', { category: 'stderr', output: `${error}\n` });
    this.#event('exited', { exitCode: succeeded ? 0 : 1 });
    this.#event('terminated');
    this.#leave(false);
  }

  #leave(keepStopped: boolean): void {
    this.#output.dispose();
    for (const pace of this.#paces.values()) pace.dispose();
    this.#isClosed = true;
    this.#debugger.detach(keepStopped);
  }

  #begin(): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    this.#options.begin?.();
  }

  // ── Requests ──────────────────────────────────────────────────────────────────────────────────────────────────

  readonly #requests: Readonly<Record<string, (args: Arguments, answer: (body?: object) => void) => void>> = {
    initialize: (args, answer) => {
      this.#base = args.maybeFlag('linesStartAt1') === false ? 0 : 1;
      this.#tellsInvalidated = args.maybeFlag('supportsInvalidatedEvent') === true;
      const capabilities: DebugProtocol.Capabilities = {
        supportsConfigurationDoneRequest: true,
        supportsFunctionBreakpoints: true,
        supportsConditionalBreakpoints: true,
        supportsHitConditionalBreakpoints: true,
        supportsLogPoints: true,
        supportsDataBreakpoints: true,
        supportsBreakpointLocationsRequest: true,
        exceptionBreakpointFilters: [...filters],
        supportsExceptionFilterOptions: true,
        supportsExceptionInfoRequest: true,
        supportsEvaluateForHovers: true,
        supportsClipboardContext: true,
        supportsCompletionsRequest: true,
        completionTriggerCharacters: ['.'],
        supportsSetVariable: true,
        supportsSetExpression: true,
        supportsStepBack: true,
        supportsRestartFrame: true,
        supportsGotoTargetsRequest: true,
        supportsLoadedSourcesRequest: true,
        supportsDelayedStackTraceLoading: true,
        supportsTerminateRequest: true,
        supportTerminateDebuggee: true,
        supportSuspendDebuggee: true,
      };
      answer(capabilities);
      this.#debugger.attach({
        stopped: (thread, stop) => this.#stopped(thread, stop),
        continued: (thread) => {
          this.#forget(thread);
          this.#event('continued', { threadId: thread, allThreadsContinued: false });
        },
        threadStarted: (thread) => this.#event('thread', { reason: 'started', threadId: thread }),
        threadEnded: (thread) => this.#event('thread', { reason: 'exited', threadId: thread }),
        output: (text, path, line) => this.#output.add(text, { path, line }),
        breakpointChanged: (view) =>
          this.#event('breakpoint', { reason: 'changed', breakpoint: this.#breakpoint(view) }),
      });
      this.#event('initialized');
    },

    launch: (args, answer) => {
      if (this.#hasBegun) {
        throw new DebugError(
          'LaunchTooLate',
          'The run has begun already.',
          'Attach to it instead of launching it.',
        );
      }
      this.#isLaunch = true;
      this.#readStart(args);
      answer();
    },
    attach: (args, answer) => {
      this.#readStart(args);
      answer();
    },

    configurationDone: (_args, answer) => {
      if (this.#startLine !== undefined) this.#debugger.startAt(this.#startLine);
      this.#isConfigured = true;
      if (this.#stopOnEntry) this.#debugger.stopOnEntry(!this.#hasBegun);
      answer();
      for (const { thread, stop } of this.#debugger.stops()) this.#stopped(thread, stop);
      this.#begin();
    },

    setBreakpoints: (args, answer) => {
      const source = args.object('source');
      const path = this.#path(source);
      if (args.maybeFlag('sourceModified') === true) this.#tellModified(path);
      const wanted = args
        .list('breakpoints')
        .slice(0, pageItems)
        .map((each) => ({ line: this.#lineIn(each.number('line')), ...terms(each) }));
      answer({
        breakpoints: this.#debugger
          .setBreakpoints(path, wanted)
          .map((view, i) => this.#breakpoint(view, wanted[i]?.line)),
      });
    },

    setFunctionBreakpoints: (args, answer) => {
      const wanted = args
        .list('breakpoints')
        .slice(0, pageItems)
        .map((each) => ({ name: each.text('name'), ...terms(each) }));
      answer({
        breakpoints: this.#debugger.setNameBreakpoints(wanted).map((view) => this.#breakpoint(view)),
      });
    },

    setExceptionBreakpoints: (args, answer) => {
      const options = args.list('filterOptions').map((each) => ({
        filter: each.text('filterId'),
        condition: each.maybeText('condition'),
      }));
      const wanted = [
        ...args.texts('filters').map((filter) => ({ filter, condition: undefined })),
        ...options,
      ];
      const has = (filter: ErrorFilter) => wanted.some((each) => each.filter === filter);
      this.#debugger.setErrorFilters({
        all: has('all'),
        unhandled: has('unhandled'),
        logic: has('logic'),
        codes: wanted
          .filter(({ filter }) => filter === 'code')
          .flatMap(({ condition }) => (condition ?? '').split(','))
          .map((code) => code.trim())
          .filter((code) => code !== ''),
      });
      answer({
        breakpoints: wanted.map(({ filter, condition }) => {
          if (!filters.some((each) => each.filter === filter))
            return { verified: false, message: 'There is no such filter.' };
          return filter === 'code' && (condition ?? '').trim() === ''
            ? { verified: false, message: 'Name the errors, such as FileNotFoundError.' }
            : { verified: true };
        }),
      });
    },

    dataBreakpointInfo: (args, answer) => {
      const name = args.text('name');
      const reference = args.maybeNumber('variablesReference') ?? 0;
      const frameId = args.maybeNumber('frameId');
      const found = reference === 0 ? undefined : this.#child(reference, name);
      const frame = found?.frame ?? this.#frame(frameId);
      const expression = found === undefined ? name : found.variable.expression;
      const data = expression === undefined ? undefined : this.#debugger.dataId(frame, expression);
      answer(
        data === undefined
          ? { dataId: null, description: 'Only variables can be watched.' }
          : {
              dataId: data.id,
              description: data.name,
              accessTypes: ['write'],
              canPersist: false,
            },
      );
    },

    setDataBreakpoints: (args, answer) => {
      const wanted = args
        .list('breakpoints')
        .slice(0, pageItems)
        .map((each) => ({ dataId: each.text('dataId'), ...terms(each) }));
      answer({
        breakpoints: this.#debugger.setDataBreakpoints(wanted).map((view) => this.#breakpoint(view)),
      });
    },

    breakpointLocations: (args, answer) => {
      const first = this.#lineIn(args.number('line'));
      const last = args.maybeNumber('endLine');
      const lines = this.#debugger.breakpointLines(
        this.#path(args.object('source')),
        first,
        last === undefined ? first : this.#lineIn(last),
      );
      answer({ breakpoints: lines.slice(0, pageItems).map((line) => ({ line: this.#line(line) })) });
    },

    threads: (_args, answer) => answer({ threads: this.#debugger.threads() }),

    stackTrace: (args, answer) => {
      const frames = this.#debugger.frames(args.number('threadId'));
      const start = Math.max(0, args.maybeNumber('startFrame') ?? 0);
      const levels = args.maybeNumber('levels') ?? 0;
      const shown = frames.slice(start, start + (levels > 0 ? Math.min(levels, pageItems) : pageItems));
      answer({
        stackFrames: shown.map((frame) => ({
          id: this.#frameId(frame),
          name: frame.flow === this.#options.flow.name ? frame.subflow : `${frame.subflow} (${frame.flow})`,
          source: this.#source(frame.path),
          line: this.#line(frame.line),
          column: this.#base,
          canRestart: frame.canRestart,
        })),
        totalFrames: frames.length,
      });
    },

    scopes: (args, answer) => {
      const frame = this.#frame(args.number('frameId'));
      const scopes = this.#debugger.scopes(frame);
      const shown: DebugProtocol.Scope[] = scopes.map((scope) => ({
        name: scope.name,
        ...(scope.kind === 'subflow' && { presentationHint: 'locals' }),
        ...(scope.kind === 'inputsAndOutputs' && { presentationHint: 'arguments' }),
        variablesReference: this.#handle({ kind: 'scope', frame, scope }),
        expensive: false,
      }));
      const names = scopes.flatMap((scope) =>
        scope.variables().flatMap(({ expression }) => (expression === undefined ? [] : [expression])),
      );
      if (names.length > 0) {
        shown.push({
          name: 'Value history',
          variablesReference: this.#handle({ kind: 'histories', frame, names }),
          expensive: true,
        });
      }
      answer({ scopes: shown });
    },

    variables: (args, answer) => {
      const handle = this.#handleOf(args.number('variablesReference'));
      const start = Math.max(0, args.maybeNumber('start') ?? 0);
      const given = args.maybeNumber('count') ?? 0;
      const count = given > 0 ? Math.min(given, pageItems) : pageItems;
      answer({ variables: this.#variables(handle, args.maybeText('filter'), start, count) });
    },

    setVariable: (args, answer) => {
      const name = args.text('name');
      const { frame, variable } = this.#child(args.number('variablesReference'), name);
      if (variable.expression === undefined || !variable.canBeSet) {
        throw new DebugError(
          'VariableUnknown',
          'This value cannot be changed.',
          'Change the variable it belongs to.',
        );
      }
      const set = this.#debugger.set(frame, variable.expression, args.text('value'));
      answer(this.#value(frame, { ...set, expression: variable.expression }));
      this.#invalidated();
    },

    setExpression: (args, answer) => {
      const frame = this.#frame(args.maybeNumber('frameId'));
      const expression = args.text('expression');
      answer(
        this.#value(frame, { ...this.#debugger.set(frame, expression, args.text('value')), expression }),
      );
      this.#invalidated();
    },

    evaluate: (args, answer) => {
      const frame = this.#frame(args.maybeNumber('frameId'));
      const context = args.maybeText('context');
      const text = args.text('expression');
      const isConsole = context === 'repl';
      const found = this.#debugger.evaluate(frame, text, isConsole ? 'write' : 'read');
      const { value, ...shown } = this.#value(frame, found);
      const copied =
        context === 'clipboard' && found.value !== undefined
          ? this.#debugger.inspector.whole(found.value, copiedCharacters)
          : value;
      answer({ ...shown, result: copied });
      if (isConsole && /^\s*SET\s/i.test(text)) this.#invalidated();
    },

    completions: (args, answer) => {
      const frame = this.#frame(args.maybeNumber('frameId'));
      const text = args.text('text');
      const column = args.number('column') - this.#base;
      const targets = complete(this.#debugger, frame, text, column).slice(0, pageItems);
      answer({ targets: targets.map((each) => ({ ...each, start: each.start + this.#base })) });
    },

    continue: (args, answer) => {
      this.#onwards(args, (thread) => this.#debugger.go(thread));
      answer({ allThreadsContinued: false });
    },
    next: (args, answer) => {
      this.#onwards(args, (thread) => this.#debugger.step(thread, 'over'));
      answer();
    },
    stepIn: (args, answer) => {
      this.#onwards(args, (thread) => this.#debugger.step(thread, 'into'));
      answer();
    },
    stepOut: (args, answer) => {
      this.#onwards(args, (thread) => this.#debugger.step(thread, 'out'));
      answer();
    },
    stepBack: (args, answer) => {
      this.#onwards(args, (thread) => this.#debugger.stepBack(thread));
      answer();
    },
    reverseContinue: (args, answer) => {
      this.#onwards(args, (thread) => this.#debugger.reverse(thread));
      answer();
    },
    pause: (args, answer) => {
      this.#debugger.pause(args.number('threadId'));
      answer();
    },
    restartFrame: (args, answer) => {
      const frame = this.#frame(args.number('frameId'));
      this.#debugger.restart(frame);
      this.#forget(frame.thread);
      answer();
    },

    gotoTargets: (args, answer) => {
      const [standing] = this.#debugger.stops();
      if (standing === undefined)
        throw new DebugError('NotStopped', 'The run does not stand still.', 'Pause it first.');
      const line = this.#lineIn(args.number('line'));
      const path = this.#path(args.object('source'));
      const targets = this.#debugger.jumpTargets(standing.thread, path, line).map((target) => {
        const id = ++this.#ids;
        this.#targets.set(id, target);
        return { id, label: target.label, line: this.#line(target.line) };
      });
      answer({ targets });
    },
    goto: (args, answer) => {
      const target = this.#targets.get(args.number('targetId'));
      if (target === undefined)
        throw new DebugError(
          'RequestWrong',
          'There is no such place to jump to.',
          'Ask for the places again.',
        );
      this.#onwards(args, (thread) => this.#debugger.jump(thread, target));
      answer();
    },

    exceptionInfo: (args, answer) => {
      const error = this.#debugger.stopOf(args.number('threadId'))?.error;
      if (error === undefined)
        throw new DebugError('NotOnError', 'The run does not stand on an error.', 'Continue or step.');
      answer({
        exceptionId: error.code,
        description: `${error.message}\n${error.nextStep}${error.isRepeatable ? '\nThe action can be repeated or skipped.' : ''}`,
        breakMode: error.isHandled ? 'always' : 'unhandled',
        details: {
          message: error.message,
          typeName: error.code,
          fullTypeName: error.isLogic ? `${error.code} (logic error)` : error.code,
        },
      });
    },

    loadedSources: (_args, answer) =>
      answer({ sources: this.#debugger.flows().map(({ path }) => this.#source(path)) }),
    source: (_args, answer) =>
      answer({ content: this.#debugger.inspector.masked(this.#options.flow.text), mimeType: 'text/x-robin' }),

    disconnect: (args, answer) => {
      const terminates = args.maybeFlag('terminateDebuggee') ?? (this.#isLaunch || !this.#hasBegun);
      answer();
      if (terminates) this.#options.stop('The debugger stopped the run.');
      this.#leave(!terminates && args.maybeFlag('suspendDebuggee') === true);
      this.#begin();
    },
    terminate: (_args, answer) => {
      answer();
      this.#options.stop('The debugger stopped the run.');
      this.#begin();
    },

    [debugRequests.repeatAction]: (args, answer) => {
      this.#onwards(args, (thread) => this.#debugger.repeat(thread));
      this.#saysContinued(args);
      answer();
    },
    [debugRequests.skipAction]: (args, answer) => {
      this.#onwards(args, (thread) => this.#debugger.skip(thread));
      this.#saysContinued(args);
      answer();
    },
    [debugRequests.valueHistory]: (args, answer) => {
      const wanted = {
        name: args.text('name'),
        frameId: args.maybeNumber('frameId'),
        count: args.maybeNumber('count'),
      } satisfies { [K in keyof ValueHistoryArguments]: unknown };
      const body: ValueHistoryBody = this.#debugger.valueHistory(
        this.#frame(wanted.frameId),
        wanted.name,
        Math.min(wanted.count ?? 100, pageItems),
      );
      answer(body);
    },
  };

  #readStart(args: Arguments): void {
    const wanted = {
      stopOnEntry: args.maybeFlag('stopOnEntry'),
      startLine: args.maybeNumber('startLine'),
    } satisfies { [K in keyof DebugStartArguments]: unknown };
    this.#stopOnEntry = wanted.stopOnEntry === true;
    this.#startLine = this.#hasBegun ? undefined : wanted.startLine;
  }

  /** What makes a thread go on: what was told about it before is no longer valid. */
  #onwards(args: Arguments, move: (thread: number) => void): void {
    const thread = args.number('threadId');
    move(thread);
    this.#forget(thread);
  }

  /** Of a request beyond the protocol an editor does not know that the run goes on. */
  #saysContinued(args: Arguments): void {
    this.#event('continued', { threadId: args.number('threadId'), allThreadsContinued: false });
  }

  #forget(thread: number): void {
    for (const [id, { frame }] of this.#handles) if (frame.thread === thread) this.#handles.delete(id);
    for (const [id, frame] of this.#frames) if (frame.thread === thread) this.#frames.delete(id);
    this.#targets.clear();
  }

  // ── Events ────────────────────────────────────────────────────────────────────────────────────────────────────

  #stopped(thread: number, stop: Stop): void {
    this.#forget(thread);
    const tell = () => {
      if (this.#isClosed || this.#debugger.stopOf(thread) === undefined) return;
      this.#output.flush();
      this.#event('stopped', {
        reason: stop.reason,
        ...(stop.description !== undefined && { description: stop.description }),
        threadId: thread,
        allThreadsStopped: false,
        ...(stop.error !== undefined && { text: `${stop.error.code}: ${stop.error.message}` }),
        ...(stop.breakpoints !== undefined && { hitBreakpointIds: stop.breakpoints }),
      });
    };
    // Before the editor has said what it wants it is told nothing; then it hears of all that stands still.
    if (!this.#isConfigured) return;
    const pace = this.#paces.get(thread) ?? new Paced(this.#options.clock);
    this.#paces.set(thread, pace);
    // After the answer to the request that led here.
    void Promise.resolve().then(() => pace.tell(tell));
  }

  /** Once for each file. */
  #tellModified(path: string): void {
    if (this.#modified.has(path)) return;
    this.#modified.add(path);
    this.#event('output', {
      category: 'console',
      output:
        'The file was changed. This run goes on with the text it began with, and counts lines as they were: start it again to debug the new text.\n',
      source: this.#source(path),
    });
  }

  #invalidated(): void {
    if (this.#tellsInvalidated) this.#event('invalidated', { areas: ['variables'] });
  }

  #event(event: string, body?: object): void {
    if (this.#isClosed) return;
    this.#send({ type: 'event', event, ...(body && { body }) });
  }

  #respond({ seq, command }: Request, body: object | undefined): void {
    this.#send({ type: 'response', request_seq: seq, success: true, command, ...(body && { body }) });
  }

  #refuse(seq: number, command: string, error: unknown): void {
    const coded = error instanceof CodedError ? error : undefined;
    const code = coded?.code ?? 'InternalError';
    const said = error instanceof Error ? error.message : String(error);
    const text = this.#debugger.inspector.masked(coded === undefined ? said : `${said} ${coded.nextStep}`);
    this.#send({
      type: 'response',
      request_seq: seq,
      success: false,
      command,
      message: code,
      body: { error: { id: 1, format: '{text}', variables: { text, code }, showUser: true } },
    });
  }

  #send(message: { readonly type: string; readonly [key: string]: unknown }): void {
    this.#options.send({ seq: ++this.#seq, ...message });
  }

  // ── Places ────────────────────────────────────────────────────────────────────────────────────────────────────

  /** A 1-based line as the editor counts; 0 stays the first. */
  #line(line: number): number {
    return Math.max(1, line) - 1 + this.#base;
  }
  #lineIn(line: number): number {
    return line + 1 - this.#base;
  }

  #breakpoint(view: BreakpointView, wanted?: number): DebugProtocol.Breakpoint {
    const line = view.line ?? wanted;
    return {
      id: view.id,
      verified: view.verified,
      ...(view.message !== undefined && { message: view.message }),
      ...(line !== undefined && { line: this.#line(line) }),
    };
  }

  /** The flow that was started has no file when it was never saved: its text comes from here. */
  #source(path: string): DebugProtocol.Source {
    const name = path.replace(/^.*[\\/]/, '');
    return path === '' ? { name: `${this.#options.flow.name}.robin`, sourceReference: 1 } : { name, path };
  }

  #path(source: Arguments): string {
    return source.maybeText('path') ?? this.#debugger.flows()[0]?.path ?? '';
  }

  // ── Frames and variables ──────────────────────────────────────────────────────────────────────────────────────

  #frameId(frame: Frame): number {
    for (const [id, known] of this.#frames) if (known === frame) return id;
    const id = ++this.#ids;
    this.#frames.set(id, frame);
    return id;
  }

  /** The frame of an id; without one the innermost of a thread that stands still. */
  #frame(id: number | undefined): Frame {
    const [standing] = this.#debugger.stops();
    const frame =
      id !== undefined
        ? this.#frames.get(id)
        : standing === undefined
          ? undefined
          : this.#debugger.frames(standing.thread)[0];
    if (frame === undefined)
      throw new DebugError('NotStopped', 'The run does not stand still here.', 'Pause it first.');
    return frame;
  }

  #handle(handle: Handle): number {
    const id = ++this.#ids;
    this.#handles.set(id, handle);
    return id;
  }

  #handleOf(reference: number): Handle {
    const handle = this.#handles.get(reference);
    if (handle === undefined)
      throw new DebugError('NotStopped', 'The run has gone on since.', 'Ask for the variables again.');
    return handle;
  }

  #variables(
    handle: Handle,
    filter: string | undefined,
    start: number,
    count: number,
  ): DebugProtocol.Variable[] {
    const { frame } = handle;
    switch (handle.kind) {
      case 'scope':
        return handle.scope
          .variables()
          .slice(start, start + count)
          .map((variable) => this.#variable(frame, variable));
      case 'value':
        return this.#parts(handle, filter, start, count).map((variable) => this.#variable(frame, variable));
      case 'histories':
        return handle.names.slice(start, start + count).flatMap((name) => {
          const { entries, omitted } = this.#debugger.valueHistory(frame, name, 1);
          const [last] = entries;
          if (last === undefined) return [];
          return [
            {
              name,
              value: `${last.value} (${omitted + 1} known)`,
              variablesReference: this.#handle({ kind: 'history', frame, name }),
            },
          ];
        });
      case 'history': {
        const { entries } = this.#debugger.valueHistory(frame, handle.name, pageItems);
        return entries.slice(start, start + count).map(({ step, line, subflow, value }) => ({
          name: line === 0 ? 'before' : `${subflow} line ${line} (row ${step})`,
          value,
          variablesReference: 0,
        }));
      }
    }
  }

  #parts(
    { value, expression }: Extract<Handle, { kind: 'value' }>,
    filter: string | undefined,
    start: number,
    count: number,
  ): Variable[] {
    const { inspector } = this.#debugger;
    const { names } = inspector.counts(value);
    const parts = [
      ...(filter === 'indexed' ? [] : inspector.names(value, start, count)),
      ...(filter === 'named'
        ? []
        : inspector.items(value, Math.max(0, start - (filter === undefined ? names : 0)), count)),
    ].slice(0, count);
    return parts.map((part) => ({
      name: part.name,
      line: inspector.line(part.value),
      type: inspector.type(part.value),
      value: part.value,
      canBeSet: part.settable,
      ...(expression !== undefined && { expression: `${expression}${part.path}` }),
    }));
  }

  /** A variable inside another one, or in a scope, by its name. */
  #child(reference: number, name: string): { readonly frame: Frame; readonly variable: Variable } {
    const handle = this.#handleOf(reference);
    const index = Number(/^\[(\d+)\]$/.exec(name)?.[1] ?? Number.NaN);
    const among =
      handle.kind === 'scope'
        ? handle.scope.variables()
        : handle.kind === 'value'
          ? Number.isNaN(index)
            ? this.#parts(handle, 'named', 0, Number.MAX_SAFE_INTEGER)
            : this.#parts(handle, 'indexed', index, 1)
          : [];
    const variable = among.find((each) => each.name === name);
    if (variable === undefined)
      throw new DebugError(
        'VariableUnknown',
        'There is no such variable here.',
        'Ask for the variables again.',
      );
    return { frame: handle.frame, variable };
  }

  #variable(frame: Frame, variable: Variable): DebugProtocol.Variable {
    const { expression } = variable;
    return {
      name: variable.name,
      ...this.#value(frame, variable),
      ...(expression !== undefined && { evaluateName: expression }),
      ...(!variable.canBeSet && { presentationHint: { attributes: ['readOnly'] } }),
    };
  }

  #value(
    frame: Frame,
    { line, type, value, expression }: Variable,
  ): Pick<DebugProtocol.Variable, 'value' | 'variablesReference' | 'indexedVariables' | 'namedVariables'> & {
    type?: string;
  } {
    const counts = value === undefined ? undefined : this.#debugger.inspector.counts(value);
    const hasParts = counts !== undefined && counts.items + counts.names > 0;
    return {
      value: line,
      ...(type !== '' && { type }),
      variablesReference: hasParts
        ? this.#handle({ kind: 'value', frame, value: value as Value, expression })
        : 0,
      ...(hasParts && counts.items > 0 && { indexedVariables: counts.items }),
      ...(hasParts && counts.names > 0 && { namedVariables: counts.names }),
    };
  }
}

function terms(args: Arguments): BreakpointTerms {
  return {
    condition: args.maybeText('condition'),
    hitCondition: args.maybeText('hitCondition'),
    logMessage: args.maybeText('logMessage'),
  };
}
