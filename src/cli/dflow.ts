// The command line `dflow`: reads the arguments, calls the command, turns failures into messages and exit codes.
import { parseArgs } from 'node:util';
import { asProductError, ProductError } from '../base/error.ts';
import { productVersion } from '../base/version.ts';
import { nearest } from '../language/nearest.ts';
import { defaultDataFolder } from '../launch/dataFolder.ts';
import { wrongOption } from '../launch/options.ts';
import { maxQueueName } from '../protocol/agent.ts';
import { era } from '../protocol/fleet.ts';
import type { WireValue } from '../protocol/run.ts';
import { agentAccess } from './access.ts';
import { listActions, listSupported } from './actions.ts';
import { agentStatus, startAgentCommand, stopAgentCommand } from './agent.ts';
import { checkFlows } from './check.ts';
import { type ReportFormat, reportFormats } from './checkReport.ts';
import { connectionCommands } from './connection.ts';
import { diffFiles } from './diff.ts';
import { formatFlows } from './format.ts';
import { groupCommands } from './group.ts';
import { machineCommands } from './machine.ts';
import { serveAssistants } from './mcp.ts';
import {
  login,
  logout,
  orchestratorAccess,
  pair,
  serve,
  showAccess,
  showCode,
  unpair,
} from './orchestrator.ts';
import { readSecret } from './prompt.ts';
import { queueCommands } from './queue.ts';
import { listRules, readRules } from './rules.ts';
import { runFlow } from './run.ts';
import { inputOptions, readRequested, readTerms, termOptions } from './runOptions.ts';
import { runsCommands } from './runs.ts';
import { scheduleCommands } from './schedule.ts';
import { list, pack, unpack } from './solution.ts';
import { type Context, OptionReader, oneOf, runSubcommand, type Subcommands } from './subcommands.ts';
import { processOutput } from './terminal.ts';
import { testFlows } from './test.ts';
import { exitCode, help, helpOf } from './usage.ts';
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
    // Its options are its own.
    if (args[0] === 'orchestrator' && !asClient.has(args[1] ?? '') && !args.includes('--help'))
      return await serve(args.slice(1));
    if (args[0] === 'mcp' && !args.includes('--help')) return await serveAssistants(args.slice(1));
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
      out.write(helpOf[(verb === 'help' ? rest[0] : verb) ?? ''] ?? help);
      return verb === undefined && !values.help ? exitCode.usage : exitCode.ok;
    }
    const access = values.orchestrator
      ? orchestratorAccess(values.data ?? defaultDataFolder())
      : agentAccess(values.data);
    const context: Context = { access, out, err, presets: given, readSecret };
    const subcommands = subcommandsOf[verb];
    if (subcommands !== undefined) {
      return runSubcommand(verb, subcommands, rest, values, context, verb === 'queue' ? 'list' : undefined);
    }
    const foreign = Object.keys(values).find((name) => optionsOf[verb]?.includes(name) === false);
    if (foreign !== undefined) throw usage(`dflow ${verb} has no option --${foreign}.`);
    switch (verb) {
      case 'run': {
        const [path] = rest;
        if (path === undefined || rest.length > 1) throw usage('dflow run takes one flow file.');
        const options = new OptionReader('dflow run', values);
        return runFlow(
          readRequested(path, options, given),
          readTerms(options),
          values.json ?? false,
          context.access,
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
      case 'stop':
      case 'pause':
      case 'resume':
      case 'resubmit': {
        const { safe, ...others } = values;
        const name = verb === 'stop' && safe ? 'safe-stop' : verb;
        return runSubcommand('runs', runsCommands, [name, ...rest], others, context);
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
      case 'orchestrator': {
        const [what, address] = rest;
        const { certificates, insecure = false } = values;
        if (what === 'login' && address !== undefined && rest.length === 2)
          return login(address, { certificates, insecure }, context);
        if (what === 'logout' && rest.length === 1) return logout(context);
        if (what === 'code' && rest.length === 1) {
          return showCode(orchestratorAccess(context.access.dataFolder), values.json ?? false, out);
        }
        if (what === 'access' && address !== undefined && (rest.length === 2 || rest.length === 4)) {
          const [, , principal, role] = rest;
          const given =
            principal === undefined || role === undefined
              ? undefined
              : {
                  principal,
                  role: oneOf(role, ['owner', 'coowner', 'user', 'none'], (message) =>
                    usage(`A role ${message}`),
                  ),
                };
          const there = orchestratorAccess(context.access.dataFolder);
          return showAccess(address, given, there, values.json ?? false, out);
        }
        throw usage(
          'dflow orchestrator takes login ADDRESS, logout, code, or access MACHINE-OR-GROUP [PRINCIPAL ROLE], beside what it serves with.',
        );
      }
      case 'agent':
        if (rest[0] === 'pair') {
          const addresses = rest.slice(1, -1);
          if (addresses.length === 0)
            throw usage('dflow agent pair takes one or more addresses and a pairing code.');
          const { name, description, certificates, insecure = false } = values;
          return pair(
            addresses,
            rest.at(-1) as string,
            { name, description, certificates, insecure },
            agentAccess(values.data),
            out,
          );
        }
        switch (rest.length === 1 ? rest[0] : undefined) {
          case 'start':
            return startAgentCommand(
              agentAccess(values.data),
              {
                port: readPort(values.port),
                sessions: readSessions(values.sessions),
                sessionLimit: readSessionLimit(values['session-limit']),
                era:
                  values.era === undefined
                    ? undefined
                    : oneOf(values.era, era.options, (message) => usage(`--era ${message}`)),
              },
              out,
            );
          case 'status':
            return agentStatus(agentAccess(values.data), values.json ?? false, out);
          case 'stop':
            return stopAgentCommand(agentAccess(values.data), out);
          case 'unpair':
            return unpair(agentAccess(values.data), out);
          default:
            throw usage('dflow agent takes start, status, stop, unpair, or pair ADDRESS ... CODE.');
        }
      default:
        throw usage(`There is no command ${verb}.${hint(verb)}`);
    }
  }
}

/** What `dflow orchestrator` does as a client of one that runs elsewhere. */
const asClient: ReadonlySet<string> = new Set(['login', 'logout', 'code', 'access']);

/** Commands that have commands of their own. */
const subcommandsOf: Readonly<Record<string, Subcommands>> = {
  machine: machineCommands,
  group: groupCommands,
  connection: connectionCommands,
  queue: queueCommands,
  runs: runsCommands,
  schedule: scheduleCommands,
};

function hint(verb: string): string {
  const near = nearest(verb, [...Object.keys(optionsOf), ...Object.keys(subcommandsOf)]);
  return near === undefined ? '' : ` Do you mean dflow ${near}?`;
}

/** Which options a command takes, besides --help and --version. */
const optionsOf: Readonly<Record<string, readonly string[]>> = {
  run: [...inputOptions, ...termOptions, 'json', 'orchestrator', 'data'],
  check: ['json', 'format', 'fix', 'rule'],
  format: ['check'],
  actions: ['json', 'supported'],
  diff: ['json'],
  rules: ['json'],
  solution: ['json', 'overwrite'],
  test: ['filter', 'timeout', 'json', 'junit', 'coverage', 'lcov'],
  stop: ['safe', 'orchestrator', 'data'],
  pause: ['orchestrator', 'data'],
  resume: ['orchestrator', 'data'],
  resubmit: ['json', 'priority', 'connection', 'target', ...inputOptions, 'orchestrator', 'data'],
  workqueue: ['json', 'retries', 'data'],
  agent: [
    'json',
    'port',
    'sessions',
    'session-limit',
    'era',
    'name',
    'description',
    'certificates',
    'insecure',
    'data',
  ],
  orchestrator: ['json', 'certificates', 'insecure', 'data'],
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
  'OrchestratorNotStarted',
  'OrchestratorRefused',
  'OrchestratorUnreachable',
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

/** Options of machines, groups, connections, queues, runs and schedules. */
const fleetOptions = {
  name: { type: 'string' },
  description: { type: 'string' },
  slots: { type: 'string' },
  maintenance: { type: 'string' },
  'reuse-sessions': { type: 'string' },
  'extended-prioritization': { type: 'string' },
  allocation: { type: 'string' },
  'session-policy': { type: 'string' },
  'log-level': { type: 'string' },
  log: { type: 'string' },
  screenshots: { type: 'string' },
  'no-screenshot': { type: 'boolean' },
  output: { type: 'string', short: 'o' },
  level: { type: 'string' },
  connection: { type: 'string' },
  target: { type: 'string' },
  account: { type: 'string' },
  password: { type: 'boolean' },
  'no-password': { type: 'boolean' },
  reference: { type: 'string' },
  unattended: { type: 'boolean' },
  elevated: { type: 'boolean' },
  limit: { type: 'string' },
  state: { type: 'string' },
  flow: { type: 'string' },
  watch: { type: 'boolean' },
  cron: { type: 'string' },
  every: { type: 'string' },
  at: { type: 'string' },
  'time-zone': { type: 'string' },
  from: { type: 'string' },
  until: { type: 'string' },
  except: { type: 'string' },
  missed: { type: 'string' },
  enabled: { type: 'boolean' },
  disabled: { type: 'boolean' },
} as const;

const knownOptions = {
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
  sessions: { type: 'string' },
  'session-limit': { type: 'string' },
  era: { type: 'string' },
  orchestrator: { type: 'boolean' },
  certificates: { type: 'string' },
  insecure: { type: 'boolean' },
  ...fleetOptions,
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean' },
} as const;

function readArguments(args: readonly string[]) {
  const wrong = wrongOption(args, knownOptions);
  if (wrong !== undefined) {
    const near = wrong.unknown === undefined ? undefined : nearest(wrong.unknown, Object.keys(knownOptions));
    throw usage(near === undefined ? wrong.message : `${wrong.message} Do you mean --${near}?`);
  }
  return parseArgs({ args: [...args], allowPositionals: true, options: knownOptions });
}

function readFormat(text: string | undefined, json: boolean): ReportFormat {
  if (text === undefined) return json ? 'json' : 'human';
  if (json && text !== 'json') throw usage('--json and --format contradict each other.');
  if (!reportFormats.includes(text)) throw usage(`--format is one of ${reportFormats.join(', ')}.`);
  return text as ReportFormat;
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

function readSessions(text: string | undefined): string | undefined {
  if (text === undefined || ['client', 'server', 'none'].includes(text)) return text;
  throw usage('--sessions is client, server or none.');
}

function readSessionLimit(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^[1-9]\d{0,2}$/.test(text)) return Number(text);
  throw usage('--session-limit is a whole number from 1 to 999.');
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
