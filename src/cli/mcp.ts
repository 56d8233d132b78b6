// `dflow mcp`: the tools for assistants over standard input and output, one JSON text per line. Flows are read and written only below
// the folder it was started for.
import { existsSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { serveMcp } from '../assistants/mcpServer.ts';
import type { Finding, FoundAction, Hands } from '../assistants/tool.ts';
import { ProductError } from '../base/error.ts';
import { Emitter } from '../base/event.ts';
import { productVersion } from '../base/version.ts';
import { gatherCompanions } from '../files/companions.ts';
import { writeWhole } from '../files/wholeFile.ts';
import { flowEnding } from '../interchange/fileNames.ts';
import { checkInputs, flowInfo } from '../language/analysis/flow.ts';
import { actionIds, canonicalId, findAction, findEnum, isImplemented } from '../language/catalog/catalog.ts';
import { encodeFlow, type FlowEncoding } from '../language/syntax/decode.ts';
import { parse } from '../language/syntax/parser.ts';
import { maxFrameBytes } from '../protocol/agent.ts';
import type { AgentLink } from '../protocol/link.ts';
import type { CloseReason, Transport } from '../protocol/rpc.ts';
import { type AgentAccess, agentAccess } from './access.ts';
import { checkedFlow, loadFlow, type PlacedDiagnostic, readFlow, writeFlow } from './flowFile.ts';
import { Neighbours } from './neighbours.ts';
import { exitCode } from './usage.ts';

/** Of a flow that an assistant makes. */
const newFlow: FlowEncoding = 'utf-8';

/** Serves until the client closes its end. Options: `--root` (default: the current folder), `--data`, `--allow-changes`. */
export async function serveAssistants(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      root: { type: 'string' },
      data: { type: 'string' },
      'allow-changes': { type: 'boolean' },
    },
  });
  const hands = new CliHands(resolve(values.root ?? '.'), agentAccess(values.data));
  const peer = serveMcp(standardStreams(), hands, {
    version: productVersion,
    allowChanges: values['allow-changes'] === true,
  });
  await new Promise<void>((done) => peer.onClose(() => done()));
  hands.dispose();
  return exitCode.ok;
}

/** One message per line. What is not a message (a line that is too long) ends the channel. */
function standardStreams(): Transport {
  const messages = new Emitter<string>();
  const closed = new Emitter<CloseReason>();
  const input = createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY });
  input.on('line', (line) => {
    if (line.length > maxFrameBytes) input.close();
    else if (line.trim() !== '') messages.fire(line);
  });
  input.on('close', () => closed.fire({ code: 1000, reason: 'the client closed its end' }));
  return {
    send: (text) => void process.stdout.write(`${text}\n`),
    close: () => input.close(),
    onMessage: messages.event,
    onClose: closed.event,
  };
}

/** What the tools can do on this machine. */
export class CliHands implements Hands {
  readonly #root: string;
  readonly #access: AgentAccess;
  #link: Promise<AgentLink> | undefined;

  readonly catalog = { find: findActions, describe: describeAction };

  constructor(root: string, access: AgentAccess) {
    this.#root = root;
    this.#access = access;
  }

  readonly files = {
    check: async (path: string, text: string) => {
      const file = this.#flowPath(path);
      const flow = { path: file, name: path, encoding: newFlow, file: parse(text) };
      return checkedFlow(flow, {}, new Neighbours([file]).surroundingsOf(flow)).diagnostics.map(finding);
    },
    read: async (path: string) => {
      const file = this.#flowPath(path);
      return existsSync(file) ? readFlow(file).file.text : undefined;
    },
    /** An existing flow keeps its encoding. */
    write: async (path: string, text: string) => {
      const file = this.#flowPath(path);
      if (existsSync(file)) writeFlow(readFlow(file), text);
      else writeWhole(file, encodeFlow(text, newFlow));
    },
  };

  async check(path: string) {
    const file = this.#flowPath(path);
    const surroundings = new Neighbours([file]);
    return loadFlow(file, {}, (flow) => surroundings.surroundingsOf(flow)).diagnostics.map(finding);
  }

  async request(path: string, inputs: Parameters<Hands['request']>[1]) {
    const file = this.#flowPath(path);
    const flow = loadFlow(file);
    const info = flowInfo(flow.file);
    const given = new Set(Object.keys(inputs).map((name) => name.toLowerCase()));
    const secret = info.inputs.find(
      ({ sensitive, name, externalName }) =>
        sensitive && (given.has(name.toLowerCase()) || given.has(externalName.toLowerCase())),
    );
    if (secret) {
      throw new ProductError(
        'SensitiveInput',
        `The input ${secret.externalName} is sensitive: its value does not belong into a conversation.`,
        'Let the person run the flow, or give the input a default.',
      );
    }
    const checked = checkInputs(info, inputs);
    if (!checked.ok) {
      const [problem] = checked.problems;
      throw new ProductError(
        problem?.code ?? 'InputsWrong',
        checked.problems.map(({ message }) => message).join(' '),
        problem?.nextStep ?? 'Name the inputs that the flow asks for.',
      );
    }
    return {
      flow: {
        name: flow.name,
        path: file,
        text: flow.file.text,
        companions: await gatherCompanions(file, flow.file, new Neighbours([file])),
      },
      inputs: checked.values,
      requestedBy: 'assistant',
    };
  }

  readonly call: Hands['call'] = async (method, params) => (await this.#agent()).call(method, params);

  dispose(): void {
    void this.#link?.then(
      (link) => link.dispose(),
      () => undefined,
    );
  }

  /** One link for all calls; a lost one is made anew. */
  #agent(): Promise<AgentLink> {
    this.#link ??= (async () => {
      const link = (await this.#access.find()) ?? (await this.#access.start({ stay: true }));
      link.onClose(() => {
        this.#link = undefined;
      });
      return link;
    })().catch((error) => {
      this.#link = undefined;
      throw error;
    });
    return this.#link;
  }

  /** Throws `PathOutside` for what is no flow below the folder. */
  #flowPath(path: string): string {
    const file = resolve(this.#root, path);
    const inside = relative(this.#root, file);
    if (flowEnding.test(file) && inside !== '' && !inside.startsWith('..') && !/^[a-z]:/i.test(inside))
      return file;
    throw new ProductError(
      'PathOutside',
      `${path} is no flow (.robin, .pad) in ${this.#root}.`,
      'Name a flow in that folder, or start `dflow mcp --root` for another one.',
    );
  }
}

/** What the designer refuses and what this agent cannot run are errors for whoever writes the text. */
const severities = {
  dropsPaste: 'error',
  error: 'error',
  unsupported: 'error',
  warning: 'warning',
  information: 'information',
  hint: 'hint',
} as const;

const finding = ({ line, column, severity, rule, code, message }: PlacedDiagnostic): Finding => ({
  line,
  column,
  severity: rule === true && severity === 'error' ? 'warning' : severities[severity],
  code,
  message,
});

/** Those whose name, id or description has all the words; the most common ones first. */
function findActions(words: string, limit: number): FoundAction[] {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  const scored = actionIds()
    .filter((id) => canonicalId(id) === id)
    .flatMap((id) => {
      const action = findAction(id)?.definition;
      if (!action) return [];
      const name = `${action.displayName} ${id}`.toLowerCase();
      const all = `${name} ${action.description.toLowerCase()}`;
      const hits = wanted.filter((word) => all.includes(word)).length;
      const inName = wanted.filter((word) => name.includes(word)).length;
      return hits === 0 ? [] : [{ action, score: hits * 10 + inName * 5 + Math.log10(1 + action.seen) }];
    });
  return scored
    .sort((a, b) => b.score - a.score || (a.action.id < b.action.id ? -1 : 1))
    .slice(0, limit)
    .map(({ action: { id, displayName, description } }) => ({
      id,
      name: displayName,
      description,
      supported: isImplemented(id),
    }));
}

function describeAction(id: string): string | undefined {
  const found = findAction(id);
  if (!found) return undefined;
  const { definition: action } = found;
  const rows = [
    `${action.id}: ${action.displayName}. ${action.description}`,
    ...(found.replacedBy === undefined ? [] : [`${id} is an older id of it.`]),
    ...(action.removed === undefined ? [] : [`Refused by designers from ${action.removed} on.`]),
    isImplemented(action.id) ? 'This agent can run it.' : 'This agent cannot run it.',
    `Form: ${[action.id, ...action.arguments.map(({ name, type }) => `${name}: <${type || 'value'}>`), ...action.outputs.map(({ name, variable }) => `${name}=> ${variable ?? name}`)].join(' ')}`,
    'Arguments:',
    ...action.arguments.map(({ name, label, type, required, defaultValue, description, enumType }) => {
      const members = enumType === undefined ? undefined : findEnum(enumType)?.members;
      return `  ${name} (${label}): ${type || 'unknown type'}, ${required ? 'required' : `default ${defaultValue ?? 'none'}`}${description ? `. ${description}` : ''}${members ? `. One of ${members.map((member) => `${enumType}.${member}`).join(', ')}` : ''}`;
    }),
    'Outputs:',
    ...action.outputs.map(({ name, label, type }) => `  ${name} (${label}): ${type || 'unknown type'}`),
    'Errors:',
    ...action.errorNames.map(({ name, title }) => `  ${name}: ${title}`),
  ];
  return action.argumentsKnown
    ? rows.join('\n')
    : `${rows.join('\n')}\nIts arguments are not reliably known.`;
}
