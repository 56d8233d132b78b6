// The tools themselves: catalog, diagnostics, machines, runs and logs to read; editing a flow and running one, with confirmation.
import * as z from 'zod/mini';
import { ProductError } from '../base/error.ts';
import {
  isTerminal,
  keepsAction,
  keepsMessage,
  logLevels,
  type Run,
  runMode,
  runPriority,
  runStates,
} from '../protocol/run.ts';
import { type Finding, type Hands, type Tool, tool } from './tool.ts';

const text = z.string().check(z.minLength(1), z.maxLength(2_000));
const path = text;
/** What a conversation has to say; other types of a flow have defaults, or a person gives them. */
const plain = z.union([z.string(), z.number(), z.boolean()]);
const limit = z.int().check(z.minimum(1), z.maximum(200));

const findActions = tool({
  name: 'find_actions',
  title: 'Find actions',
  description:
    'Searches the actions of Power Automate desktop flows by words. Use it before you write a line with an action: names that are made up are not accepted. Not for statements of the language (IF, LOOP, SET).',
  input: z.object({ words: text, limit: z.optional(limit) }),
  run: async ({ words, limit: most }, hands) => {
    const found = catalogOf(hands).find(words, most ?? 20);
    return found.length === 0
      ? 'No action fits these words. Try others, in English.'
      : found
          .map(
            ({ id, name, description, supported }) =>
              `${id}: ${name}. ${description}${supported ? '' : ' (this agent cannot run it)'}`,
          )
          .join('\n');
  },
});

const describeAction = tool({
  name: 'describe_action',
  title: 'Describe an action',
  description:
    'Arguments, types, enum members, outputs and errors of one action by its id, as find_actions gives it, with the form of its line.',
  input: z.object({ id: text }),
  run: async ({ id }, hands) => {
    const found = catalogOf(hands).describe(id);
    if (found === undefined)
      throw new ProductError(
        'ActionUnknown',
        `There is no action ${id}.`,
        'Search for it with find_actions.',
      );
    return found;
  },
});

const checkFlow = tool({
  name: 'check_flow',
  title: 'Check a flow',
  description:
    'Diagnostics of a flow file (.robin). An error means that the designer refuses the line or the whole paste, or that this agent cannot run it.',
  input: z.object({ path }),
  run: async ({ path: file }, hands) => findingsText(await hands.check(file)),
});

const checkText = tool({
  name: 'check_text',
  title: 'Check a text',
  description:
    'Diagnostics of a text as if it stood in the flow file at path. Check every text before it is written.',
  input: z.object({ path, text: z.string() }),
  run: async ({ path: file, text: content }, hands) =>
    findingsText(await filesOf(hands).check(file, content)),
});

const listMachines = tool({
  name: 'list_machines',
  title: 'List machines',
  description:
    'The machines that run flows: whether they are online, in maintenance, and what waits and runs on them.',
  input: z.object({}),
  run: async (_, hands) => {
    const { machines } = await hands.call('machines.list', {});
    return machines
      .map(
        ({ name, online, settings, facts, queued, running }) =>
          `${name}: ${online ? 'online' : 'offline'}${settings.maintenance ? ', in maintenance' : ''}, ${running} running, ${queued} queued${facts ? `, agent ${facts.agentVersion} on ${facts.platform}` : ''}`,
      )
      .join('\n');
  },
});

const listRuns = tool({
  name: 'list_runs',
  title: 'List runs',
  description:
    'The newest runs of flows, newest first, with state, error and times. Not for what happened inside one: use run_log.',
  input: z.object({ flow: z.optional(text), state: z.optional(z.enum(runStates)), limit: z.optional(limit) }),
  run: async ({ flow, state, limit: most }, hands) => {
    const { runs } = await hands.call('runs.list', { limit: 500 });
    const found = runs
      .filter(
        (run) =>
          (flow === undefined || run.flow.name.toLowerCase().includes(flow.toLowerCase())) &&
          (state === undefined || run.state === state),
      )
      .slice(0, most ?? 20);
    return found.length === 0 ? 'No run fits.' : found.map(runLine).join('\n');
  },
});

const getRun = tool({
  name: 'get_run',
  title: 'Show a run',
  description:
    'One run: state, error with its line and next step, inputs and outputs. Sensitive values are never shown.',
  input: z.object({ runId: text }),
  run: async ({ runId }, hands) => JSON.stringify((await hands.call('runs.get', { runId })).run, null, 1),
});

const runLog = tool({
  name: 'run_log',
  title: 'Read the log of a run',
  description:
    'Executed actions and messages of one run. level: full, debug, custom (messages and errors), warning, error. Begin with warning for a run that failed.',
  input: z.object({
    runId: text,
    level: z.optional(z.enum(logLevels)),
    last: z.optional(z.int().check(z.minimum(1), z.maximum(2_000))),
  }),
  run: async ({ runId, level = 'full', last = 200 }, hands) => {
    const rows: string[] = [];
    for (let after = 0; ; ) {
      const { events } = await hands.call('runs.events', { runId, after });
      const end = events.at(-1);
      if (!end) break;
      after = end.seq;
      for (const event of events) {
        if (event.kind === 'log' && keepsMessage(level, event.level))
          rows.push(
            `${event.line === undefined ? '' : `line ${event.line} `}${event.level}: ${event.message}`,
          );
        if (event.kind !== 'actions') continue;
        for (const action of event.actions)
          if (keepsAction(level, action))
            rows.push(
              `line ${action.line}${action.flow === undefined ? '' : ` of ${action.flow}`} ${action.action} ${action.outcome} ${Math.round(action.ms)} ms${action.error ? `: ${action.error.code}: ${action.error.message}` : ''}`,
            );
      }
      rows.splice(0, Math.max(0, rows.length - last));
    }
    return rows.length === 0 ? 'Nothing was written down at this level.' : rows.join('\n');
  },
});

const editFlow = tool({
  name: 'edit_flow',
  title: 'Edit a flow',
  description:
    'Replaces the whole text of a flow file (.robin), or makes a new one, after a person agreed. Text with errors is refused: check it first. Not for other files.',
  input: z.object({ path, text: z.string() }),
  question: async ({ path: file, text: content }, hands) => {
    await mustPaste(file, content, hands);
    const before = await filesOf(hands).read(file);
    return before === undefined
      ? `Make the flow ${file} with ${lines(content)} lines?`
      : `Replace the text of ${file}? ${changed(before, content)}`;
  },
  run: async ({ path: file, text: content }, hands) => {
    await mustPaste(file, content, hands);
    await filesOf(hands).write(file, content);
    return `${file} was written.\n${findingsText(await hands.check(file))}`;
  },
});

const enqueueRun = tool({
  name: 'enqueue_run',
  title: 'Run a flow',
  description:
    'Puts a flow into the run queue of a machine, after a person agreed. A flow does real things: files, mails, programs. Values for sensitive inputs are refused. Answers at once; follow it with get_run.',
  input: z.object({
    path,
    inputs: z.optional(z.record(z.string(), z.union([plain, z.array(plain)]))),
    mode: z.optional(runMode),
    priority: z.optional(runPriority),
    machine: z.optional(text),
    connection: z.optional(text),
  }),
  question: async ({ path: file, inputs = {}, mode = 'attended', machine, connection }, hands) => {
    const request = await hands.request(file, inputs);
    const where = connection ?? machine ?? 'this machine';
    // Only what the assistant gave: a default may be a secret.
    const named = Object.entries(inputs).map(([name, value]) => `${name} = ${JSON.stringify(value)}`);
    return `Run ${request.flow.name} (${file}) ${mode} on ${where}?${named.length === 0 ? '' : ` Inputs: ${named.join(', ').slice(0, 500)}`}`;
  },
  run: async (
    { path: file, inputs = {}, mode = 'attended', priority = 'normal', machine, connection },
    hands,
  ) => {
    const { run } = await hands.call('runs.enqueue', {
      ...(await hands.request(file, inputs)),
      mode,
      priority,
      ...(machine === undefined ? {} : { queue: machine }),
      ...(connection === undefined ? {} : { connection }),
    });
    return `Queued as run ${run.id}.`;
  },
});

/** All tools that a shell with these hands can offer. */
export const toolsFor = (hands: Hands): readonly Tool[] => [
  ...(hands.catalog ? [findActions, describeAction] : []),
  checkFlow,
  ...(hands.files ? [checkText, editFlow] : []),
  listMachines,
  listRuns,
  getRun,
  runLog,
  enqueueRun,
];

const catalogOf = ({ catalog }: Hands) => present(catalog);
const filesOf = ({ files }: Hands) => present(files);

/** A tool is offered only where the shell has what it needs. */
function present<T>(given: T | undefined): T {
  if (given === undefined)
    throw new ProductError('MethodNotFound', 'This tool is not offered here.', 'Use `dflow mcp`.');
  return given;
}

async function mustPaste(file: string, content: string, hands: Hands): Promise<void> {
  const errors = (await filesOf(hands).check(file, content)).filter(({ severity }) => severity === 'error');
  if (errors.length === 0) return;
  throw new ProductError(
    'FlowHasErrors',
    `The text has ${errors.length} ${errors.length === 1 ? 'error' : 'errors'} and was not written:\n${findingsText(errors)}`,
    'Mend the lines named above and try again.',
  );
}

function findingsText(findings: readonly Finding[]): string {
  if (findings.length === 0) return 'No findings: the designer takes this text as it is.';
  return findings
    .map(({ line, column, severity, code, message }) => `${line}:${column} ${severity} ${code}: ${message}`)
    .join('\n');
}

function runLine(run: Run): string {
  const { id, flow, state, error, requestedAt, startedAt, endedAt } = run;
  const at = error?.line === undefined ? '' : ` at line ${error.line}`;
  const took =
    startedAt !== undefined && endedAt !== undefined
      ? ` after ${Math.round((endedAt - startedAt) / 100) / 10} s`
      : '';
  const now =
    !isTerminal(state) && run.position ? ` at line ${run.position.line}, ${run.position.action}` : '';
  return `${id} ${flow.name}: ${state}${took}${now}${error ? `, ${error.code}${at}: ${error.message}` : ''} (requested ${new Date(requestedAt).toISOString()})`;
}

const lines = (content: string): number => content.split('\n').length;

/** How many lines go and come, whatever moved: enough to see whether it is the change one expects. */
function changed(before: string, after: string): string {
  const left = new Map<string, number>();
  for (const line of before.split(/\r?\n/)) left.set(line, (left.get(line) ?? 0) + 1);
  let added = 0;
  for (const line of after.split(/\r?\n/)) {
    const count = left.get(line) ?? 0;
    if (count === 0) added++;
    else left.set(line, count - 1);
  }
  const removed = [...left.values()].reduce((sum, count) => sum + count, 0);
  return `${added} lines are new, ${removed} go.`;
}
