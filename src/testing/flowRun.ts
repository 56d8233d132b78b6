// One run of a flow under test, or of one of its subflows: values in, values out, by the names that the test wrote.
import { dirname, resolve } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { ProductError } from '../base/error.ts';
import { repositoryLookup } from '../interchange/repository.ts';
import { flowInfo } from '../language/analysis/flow.ts';
import { nearest } from '../language/nearest.ts';
import { parse } from '../language/syntax/parser.ts';
import type { FlowFile, Name, Statement, Subflow } from '../language/syntax/tree.ts';
import { eachStatement, effects, variablesIn } from '../language/syntax/walk.ts';
import { ActionError } from '../runtime/action.ts';
import { eachText, toHostValue } from '../runtime/convert.ts';
import type { Host } from '../runtime/host.ts';
import { copy } from '../runtime/operations.ts';
import { createRun, type FlowRun, type Outcome } from '../runtime/run.ts';
import type { Value } from '../runtime/values.ts';
import type { Coverage } from './coverage.ts';
import type { FlowFiles, LoadedFlow } from './flowFiles.ts';
import type { Mocks } from './mocks.ts';

/** What a flow under test runs in. */
export interface FlowSurroundings {
  readonly clock: Clock;
  readonly mocks: Mocks;
  readonly files: FlowFiles;
  readonly coverage: Coverage | undefined;
  readonly signal: AbortSignal;
  log(level: 'info' | 'warning' | 'error', message: string): void;
  /** A text that must not be told on. */
  addSecret(text: string): void;
}

/** What the test wrote: values by name, and the names whose values it wants. */
export interface Wishes {
  readonly given: readonly { readonly name: string; readonly value: Value }[];
  readonly wanted: readonly string[];
}

export interface FlowResult {
  readonly outcome: Outcome;
  /** By the names in `wanted`, as written there; those of a run that failed may be missing. */
  readonly values: Readonly<Record<string, Value>>;
}

/** Runs the whole flow. Throws ActionError `TestNameUnknown`, and what forbids the run under its own code. */
export async function runFlow(
  flow: LoadedFlow,
  { given, wanted }: Wishes,
  around: FlowSurroundings,
): Promise<FlowResult> {
  const { inputs, outputs } = flowInfo(flow.file);
  const variable = new Map(outputs.map(({ externalName, name }) => [externalName.toLowerCase(), name]));
  const known = new Set([...variable.keys(), ...variablesOf(flow.file)]);
  for (const name of wanted) requireName(name, known, `The flow "${flow.name}" has no output or variable`);
  for (const { name, value } of given) {
    const input =
      inputs.find((each) => isName(each.externalName, name)) ??
      inputs.find((each) => isName(each.name, name));
    if (input?.sensitive) eachText(value, around.addSecret);
  }
  const { run, called } = await prepare(flow, flow.file, around, {
    inputs: Object.fromEntries(given.map(({ name, value }) => [name, toHostValue(value)])),
  });
  return perform(flow, run, called, around, wanted, (name) => variable.get(name.toLowerCase()) ?? name);
}

/**
 * Calls one subflow and nothing else. `given` are inputs of a local subflow, or what variables of the flow hold before.
 * Throws as `runFlow`, and ActionError `TestSubflowNotFound`.
 */
export async function callSubflow(
  flow: LoadedFlow,
  subflowName: string,
  { given, wanted }: Wishes,
  around: FlowSurroundings,
): Promise<FlowResult> {
  const { file, name: flowName } = flow;
  const subflow = file.subflows.find(({ name }) => isName(name.text, subflowName));
  if (subflow === undefined) {
    const names = file.subflows.map(({ name }) => name.text);
    throw new ActionError(
      'TestSubflowNotFound',
      `The flow "${flowName}" has no subflow "${subflowName}".`,
      didYouMean(subflowName, names, 'It has no subflows: use Test.RunFlow.'),
    );
  }
  const variables = new Set(variablesOf(file));
  const inputs = new Set(subflow.inputs.map(({ text }) => text.toLowerCase()));
  const outputs = new Set(subflow.outputs.map(({ text }) => text.toLowerCase()));
  const what = `The subflow "${subflow.name.text}" has no input, and the flow no variable,`;
  for (const { name } of given) requireName(name, new Set([...inputs, ...variables]), what);
  for (const name of wanted) {
    requireName(name, new Set([...outputs, ...variables]), what.replace('input', 'output'));
  }
  const call = callOf(
    subflow,
    file,
    given.map(({ name }) => name).filter((name) => !inputs.has(name.toLowerCase())),
  );
  const { run, called } = await prepare(flow, call.file, around, { inputs: {}, main: [call.statement] });
  for (const { name, value } of given) {
    const own = copy(value);
    run.variables.set(call.inputs.get(name.toLowerCase()) ?? name, own);
    if (run.variables.isSensitive(name) || subflow.sensitive.some(({ text }) => isName(text, name))) {
      eachText(own, around.addSecret);
    }
  }
  return perform(flow, run, called, around, wanted, (name) => call.outputs.get(name.toLowerCase()) ?? name);
}

interface PreparedRun {
  readonly run: FlowRun;
  /** The flows that it runs, by name. */
  readonly called: ReadonlyMap<string, LoadedFlow>;
}

async function prepare(
  flow: LoadedFlow,
  file: FlowFile,
  { clock, mocks, files, log }: FlowSurroundings,
  more: Pick<Parameters<typeof createRun>[0], 'inputs' | 'main'>,
): Promise<PreparedRun> {
  const host: Host = {
    clock,
    ask: ({ title }) =>
      Promise.reject(
        new ActionError(
          'TestQuestionAsked',
          `The flow asks a person: "${title}". Nobody answers in a test.`,
          'Mock the action that asks, with the answer as its outputs.',
        ),
      ),
    log,
  };
  const folder = dirname(flow.path);
  try {
    const beside = await files.companionsOf(flow, !mocks.has('External.RunFlow'));
    const runnable = new Map(
      beside.called.map((each) => {
        const path = resolve(folder, each.path);
        const loaded: LoadedFlow = { path, name: each.name, file: each.file };
        const { elements, images } = each;
        return [
          each,
          {
            name: each.name,
            folder: dirname(path),
            file: each.file,
            repositories: repositoryLookup(elements, images),
            loaded,
          },
        ] as const;
      }),
    );
    const run = createRun({
      flow: file,
      name: flow.name,
      folder,
      host,
      observer: { actionEnded: () => {} },
      actions: mocks.actionsFor(
        [file, ...beside.called.map((each) => each.file)].flatMap((each) => [...actionsIn(each)]),
      ),
      repositories: repositoryLookup(beside.root.elements, beside.root.images),
      flows: (id) => {
        const found = beside.flow(id);
        return found && runnable.get(found);
      },
      ...more,
    });
    return { run, called: new Map([...runnable.values()].map(({ name, loaded }) => [name, loaded])) };
  } catch (error) {
    if (!(error instanceof ProductError)) throw error;
    throw new ActionError(error.code, error.message, error.nextStep, { cause: error });
  }
}

async function perform(
  flow: LoadedFlow,
  run: FlowRun,
  called: PreparedRun['called'],
  { coverage, signal, addSecret }: FlowSurroundings,
  wanted: readonly string[],
  variableOf: (name: string) => string,
): Promise<FlowResult> {
  const stop = () => run.stop('The test was stopped.');
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  try {
    const outcome = await run.start();
    const executed = run.changedLines();
    for (const [name, owner] of [[undefined, flow] as const, ...called]) {
      const lines = executed.filter((line) => line.flow === name);
      if (lines.length > 0) coverage?.add(owner, lines);
    }
    signal.throwIfAborted();
    const values = wanted.flatMap((name) => {
      const value = run.variables.get(variableOf(name));
      if (value === undefined) return [];
      // What the flow would mask, the test masks too.
      const isSensitive = run.variables.isSensitive(variableOf(name));
      eachText(value, (text) => {
        if (isSensitive || run.redact(text) !== text) addSecret(text);
      });
      return [[name, copy(value)] as const];
    });
    return { outcome, values: Object.fromEntries(values) };
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

// ── Names ───────────────────────────────────────────────────────────────────────────────────────────────────────

const isName = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

function requireName(name: string, known: ReadonlySet<string>, what: string): void {
  if (known.has(name.toLowerCase())) return;
  throw new ActionError(
    'TestNameUnknown',
    `${what} "${name}".`,
    didYouMean(name, [...known], 'Correct the name.'),
  );
}

function didYouMean(name: string, known: readonly string[], otherwise: string): string {
  const near = nearest(name, known);
  if (near !== undefined) return `Did you mean "${near}"?`;
  return known.length > 0 ? `There are: ${known.slice(0, 20).join(', ')}.` : otherwise;
}

/** Lower-cased names of the variables of Main and the global subflows, and of inputs and outputs. */
function variablesOf({ header, main, subflows }: FlowFile): ReadonlySet<string> {
  const names = new Set(header.parameters.map(({ name }) => name.text.toLowerCase()));
  for (const body of [main, ...subflows.filter(({ global }) => global).map((subflow) => subflow.body)]) {
    for (const { statement } of eachStatement(body)) {
      for (const { reads, writes } of effects(statement)) {
        for (const expression of [...reads, ...writes]) {
          for (const { name } of variablesIn(expression)) names.add(name.toLowerCase());
        }
      }
    }
  }
  return names;
}

function* actionsIn({ main, subflows }: FlowFile): Iterable<string> {
  for (const body of [main, ...subflows.map((subflow) => subflow.body)]) {
    for (const { statement } of eachStatement(body)) {
      for (const { action } of effects(statement)) if (action !== undefined) yield action.call.id;
    }
  }
}

// ── Calling one subflow ─────────────────────────────────────────────────────────────────────────────────────────

interface SubflowCall {
  /** The flow with the call in it, behind everything else: lines of the flow keep their numbers. */
  readonly file: FlowFile;
  readonly statement: Statement;
  /** By the lower-cased name of an input or output: the variable that stands for it in the call. */
  readonly inputs: ReadonlyMap<string, string>;
  readonly outputs: ReadonlyMap<string, string>;
}

/** Inputs and outputs are variables that the flow does not have. `names`: variables that the test sets before. */
function callOf(subflow: Subflow, { text, attachment }: FlowFile, names: readonly string[]): SubflowCall {
  let prefix = 'TestValue';
  while (text.includes(prefix)) prefix += 'X';
  let count = 0;
  const fresh = ({ text: name }: Name) => [name.toLowerCase(), `${prefix}${++count}`] as const;
  const inputs = new Map(subflow.inputs.map(fresh));
  const outputs = new Map(subflow.outputs.map(fresh));
  const quoted = ({ text: name }: Name) => `'${name.replace(/['\\]/g, '\\$&')}'`;
  const call = [
    `CALL ${quoted(subflow.name)}`,
    ...subflow.inputs.map((name) => `${quoted(name)}: ${inputs.get(name.text.toLowerCase())}`),
    ...subflow.outputs.map((name) => `${quoted(name)}=> ${outputs.get(name.text.toLowerCase())}`),
  ].join(' ');
  // Never run: they tell the checks that these variables have a value.
  const sets = [...names, ...inputs.values()].map((name) => `SET ${name} TO ''`);
  const end = attachment?.start ?? text.length;
  const file = parse([text.slice(0, end), ...sets, call].join('\n'));
  return { file, statement: file.main.at(-1) as Statement, inputs, outputs };
}
