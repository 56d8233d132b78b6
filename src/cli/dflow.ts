// The command line `dflow`: reads the arguments, calls the command, turns failures into messages and exit codes.
import { parseArgs } from 'node:util';
import { asProductError, ProductError } from '../base/error.ts';
import { productVersion } from '../base/version.ts';
import { maxQueueName, maxTimeoutSeconds } from '../protocol/agent.ts';
import type { WireValue } from '../protocol/run.ts';
import { agentAccess } from './access.ts';
import { listActions, listSupported } from './actions.ts';
import { agentStatus, startAgentCommand, stopAgentCommand } from './agent.ts';
import { checkFlows } from './check.ts';
import { type ReportFormat, reportFormats } from './checkReport.ts';
import { diffFiles } from './diff.ts';
import { formatFlows } from './format.ts';
import { gatherInputs } from './inputs.ts';
import { resubmit, showQueue, tellRun } from './queue.ts';
import { listRules, readRules } from './rules.ts';
import { runFlow } from './run.ts';
import { list, pack, unpack } from './solution.ts';
import { processOutput } from './terminal.ts';
import { testFlows } from './test.ts';
import { exitCode, help } from './usage.ts';
import { addWorkQueue, listWorkQueues, setWorkQueueState, showWorkQueue } from './workQueue.ts';

/** Runs one command and returns its exit code; never throws. `presets.inputs` are inputs given by the calling program. */
export async function dflow(
  args: readonly string[],
  presets: { readonly inputs?: Readonly<Record<string, WireValue>> } = {},
): Promise<number> {
  // A value typed after --input must not stay readable in the process list.
  if (args.includes('--input') || args.some((arg) => arg.startsWith('--input='))) process.title = 'dflow';
  const out = processOutput(process.stdout);
  const err = processOutput(process.stderr);
  try {
    return await command(args, presets.inputs ?? {});
  } catch (error) {
    const { code, message, nextStep } = asProductError(error);
    err.write(`${code}: ${message}\n  Next: ${nextStep}\n`);
    if (code === 'FlowHasErrors') return exitCode.failed;
    if (code === 'InputCanceled') return exitCode.canceled;
    return agentCodes.has(code) ? exitCode.agent : exitCode.usage;
  }

  async function command(
    words: readonly string[],
    given: Readonly<Record<string, WireValue>>,
  ): Promise<number> {
    const { values, positionals } = readArguments(words);
    if (values.version) {
      out.write(`${productVersion}\n`);
      return exitCode.ok;
    }
    if (values.data === '') throw usage('--data takes a folder.');
    const [verb, ...rest] = positionals;
    if (values.help || verb === undefined || verb === 'help') {
      out.write(help);
      return verb === undefined && !values.help ? exitCode.usage : exitCode.ok;
    }
    const foreign = Object.keys(values).find((name) => optionsOf[verb]?.includes(name) === false);
    if (foreign !== undefined) throw usage(`dflow ${verb} has no option --${foreign}.`);
    switch (verb) {
      case 'run': {
        const [path] = rest;
        if (path === undefined || rest.length > 1) throw usage('dflow run takes one flow file.');
        const visible = (values.input ?? []).map((pair) => pair.split('=', 1)[0] as string);
        const inputs = gatherInputs({
          pairs: values.input ?? [],
          environment: values['input-env'] ?? [],
          file: values.inputs,
          presets: given,
        });
        const priority = values.priority ?? 'normal';
        if (priority !== 'normal' && priority !== 'high') throw usage('--priority is normal or high.');
        return runFlow(
          {
            path,
            inputs,
            visibleInputs: visible,
            priority,
            timeoutSeconds: values.timeout === undefined ? undefined : readDuration(values.timeout),
            json: values.json ?? false,
          },
          agentAccess(values.data),
          out,
          err,
        );
      }
      case 'check':
        if (rest.length === 0) throw usage('dflow check takes flow files or folders.');
        if (values.fix && rest.includes('-')) throw usage('--fix cannot change the standard input.');
        return checkFlows(
          {
            paths: rest,
            format: readFormat(values.format, values.json ?? false),
            fix: values.fix ?? false,
            rules: readRules(values.rule ?? []),
          },
          out,
        );
      case 'format':
        if (rest.length === 0) throw usage('dflow format takes flow files or folders.');
        return formatFlows(rest, values.check ?? false, out, err);
      case 'actions':
        if (values.supported) {
          if (rest.length > 0) throw usage('dflow actions --supported takes no files.');
          return listSupported(values.json ?? false, out);
        }
        if (rest.length === 0) throw usage('dflow actions takes flow files or folders.');
        return listActions(rest, values.json ?? false, out, err);
      case 'diff': {
        const [before, after] = rest;
        if (before === undefined || after === undefined || rest.length > 2) {
          throw usage('dflow diff takes two flow files.');
        }
        return diffFiles(before, after, values.json ?? false, out);
      }
      case 'rules':
        if (rest.length > 0) throw usage('dflow rules takes options only.');
        return listRules(values.json ?? false, out);
      case 'solution': {
        const [what, source, target] = rest;
        if (what === 'list' && source !== undefined && rest.length === 2) {
          return list(source, values.json ?? false, out);
        }
        if (source !== undefined && target !== undefined && rest.length === 3) {
          if (what === 'unpack') return unpack(source, target, values.overwrite ?? false, out);
          if (what === 'pack') return pack(source, target, out);
        }
        throw usage('dflow solution takes unpack ZIP FOLDER, pack FOLDER ZIP or list ZIP.');
      }
      case 'test':
        return testFlows(
          {
            paths: rest,
            filter: values.filter,
            timeoutSeconds: readTimeout(values.timeout),
            json: values.json ?? false,
            junit: values.junit,
            coverage: values.lcov ?? values.coverage ?? false,
          },
          out,
        );
      case 'queue':
        if (rest.length > 0) throw usage('dflow queue takes options only.');
        return showQueue(agentAccess(values.data), values.json ?? false, out);
      case 'stop':
      case 'pause':
      case 'resume': {
        const [id] = rest;
        if (id === undefined || rest.length > 1) throw usage(`dflow ${verb} takes the id of one run.`);
        return tellRun(id, verb === 'stop' && values.safe ? 'safeStop' : verb, agentAccess(values.data), out);
      }
      case 'resubmit': {
        const [id] = rest;
        if (id === undefined || rest.length > 1) throw usage('dflow resubmit takes the id of one run.');
        return resubmit(id, agentAccess(values.data), values.json ?? false, out);
      }
      case 'workqueue': {
        const [what, name] = rest;
        const access = agentAccess(values.data);
        if (what === 'list' && rest.length === 1) return listWorkQueues(access, values.json ?? false, out);
        if (name !== undefined && rest.length === 2) {
          if (what === 'add')
            return addWorkQueue(readQueueName(name), readRetries(values.retries), access, out);
          if (what === 'show') return showWorkQueue(name, access, values.json ?? false, out);
          if (what === 'pause') return setWorkQueueState(name, 'paused', access, out);
          if (what === 'stop') return setWorkQueueState(name, 'stopped', access, out);
          if (what === 'resume') return setWorkQueueState(name, 'active', access, out);
        }
        throw usage(
          'dflow workqueue takes list, or add, show, pause, stop or resume and the name of one queue.',
        );
      }
      case 'agent':
        switch (rest.length === 1 ? rest[0] : undefined) {
          case 'start':
            return startAgentCommand(agentAccess(values.data), readPort(values.port), out);
          case 'status':
            return agentStatus(agentAccess(values.data), values.json ?? false, out);
          case 'stop':
            return stopAgentCommand(agentAccess(values.data), out);
          default:
            throw usage('dflow agent takes start, status or stop.');
        }
      default:
        throw usage(`There is no command ${verb}.`);
    }
  }
}

/** Which options a command takes, besides --help and --version. */
const optionsOf: Readonly<Record<string, readonly string[]>> = {
  run: ['input', 'input-env', 'inputs', 'priority', 'timeout', 'json', 'data'],
  check: ['json', 'format', 'fix', 'rule'],
  format: ['check'],
  actions: ['json', 'supported'],
  diff: ['json'],
  rules: ['json'],
  solution: ['json', 'overwrite'],
  test: ['filter', 'timeout', 'json', 'junit', 'coverage', 'lcov'],
  queue: ['json', 'data'],
  stop: ['safe', 'data'],
  pause: ['data'],
  resume: ['data'],
  resubmit: ['json', 'data'],
  workqueue: ['json', 'retries', 'data'],
  agent: ['json', 'port', 'data'],
};

/** Codes that mean "no agent that can take it", as opposed to "wrong request". */
const agentCodes = new Set([
  'AgentArguments',
  'AgentDataFolderInUse',
  'AgentLost',
  'AgentNotRunning',
  'AgentNotStarted',
  'AgentOtherPort',
  'AgentPortInUse',
  'AgentPortUnusable',
  'AgentStopping',
  'AgentTokenWrong',
  'AgentUnreachable',
  'DataFolderUnusable',
  'DiskFull',
  'InputsKeyDamaged',
  'LinkClosed',
  'NodeTooOld',
  'ProtocolMismatch',
  'QueueFull',
  'StoreDamaged',
  'StoreTooNew',
  'StoreUnusable',
]);

function readArguments(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        input: { type: 'string', multiple: true },
        'input-env': { type: 'string', multiple: true },
        inputs: { type: 'string' },
        priority: { type: 'string' },
        format: { type: 'string' },
        fix: { type: 'boolean' },
        rule: { type: 'string', multiple: true },
        check: { type: 'boolean' },
        overwrite: { type: 'boolean' },
        filter: { type: 'string' },
        timeout: { type: 'string' },
        junit: { type: 'string' },
        coverage: { type: 'boolean' },
        lcov: { type: 'string' },
        json: { type: 'boolean' },
        supported: { type: 'boolean' },
        safe: { type: 'boolean' },
        retries: { type: 'string' },
        data: { type: 'string' },
        port: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean' },
      },
    });
  } catch (error) {
    // What follows explains how to write a file name or a value that starts with a dash.
    throw usage(
      (error as Error).message.replace(/'?\. To specify a positional.*/s, "'.").replace(/\n.*/s, ''),
    );
  }
}

function readFormat(text: string | undefined, json: boolean): ReportFormat {
  if (text === undefined) return json ? 'json' : 'human';
  if (json && text !== 'json') throw usage('--json and --format contradict each other.');
  if (!reportFormats.includes(text)) throw usage(`--format is one of ${reportFormats.join(', ')}.`);
  return text as ReportFormat;
}

/** Seconds: a number of seconds, minutes or hours (`90s`, `30m`, `2h`), or an ISO 8601 duration of hours, minutes and seconds. */
function readDuration(text: string): number {
  const [, hours = 0, minutes = 0, seconds = 0] =
    /^PT(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?$/i.exec(text.trim()) ??
    /^(?:(\d+)h|(\d+)m|(\d+)s)$/i.exec(text.trim()) ??
    [];
  const total = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  if (total >= 1 && total <= maxTimeoutSeconds) return total;
  throw usage('--timeout is a time such as 90s, 30m, 2h or PT1H30M, up to 24 hours.');
}

function readQueueName(text: string): string {
  if (text.trim() !== '' && text.length <= maxQueueName) return text;
  throw usage(`The name of a work queue has up to ${maxQueueName} characters.`);
}

function readRetries(text = '0'): number {
  if (/^\d{1,4}$/.test(text) && Number(text) <= 1_000) return Number(text);
  throw usage('--retries is a whole number up to 1000.');
}

function readPort(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65535) throw usage('--port is a number from 0 to 65535.');
  return port;
}

/** Seconds that one test may take unless somebody says so. */
const usualTimeout = 60;

function readTimeout(text: string | undefined): number {
  const seconds = text === undefined ? usualTimeout : Number(text);
  if (!(seconds > 0 && seconds <= 86_400)) throw usage('--timeout is a number of seconds, up to 86400.');
  return seconds;
}

function usage(message: string): ProductError {
  return new ProductError('UsageWrong', message, 'See dflow --help.');
}
