// Where and how a flow is run: machine or group, attended or not, connection, priority, time, log. Asks step by step and remembers the answers
// for each flow of the workspace; there are no secrets among them.
import { asProductError } from '../../base/error.ts';
import { maxTimeoutSeconds } from '../../protocol/agent.ts';
import type { ConnectionRecord, Verdict } from '../../protocol/fleet.ts';
import { type LogLevel, logLevels, type Run } from '../../protocol/run.ts';
import type { Connections } from '../connections/connectionCommands.ts';
import { t } from '../l10n.ts';
import { memoryKeys } from '../names.ts';
import { localSource } from '../runs.ts';
import type { Memento, VSCode } from '../vscode.ts';
import { durationText, oneLine } from '../wording.ts';
import type { Fleet } from './fleet.ts';
import type { Queue } from './fleetStore.ts';
import { askStep, askText, type Choice } from './prompts.ts';
import type { Server } from './server.ts';

/** Identifiers, as they are remembered. `queue` absent: the machine of this window. */
export interface RunTerms {
  readonly server: string;
  readonly queue?: string;
  readonly connection?: string;
  readonly mode: Run['mode'];
  readonly priority: Run['priority'];
  readonly timeoutSeconds?: number;
  readonly logLevel?: LogLevel;
}

export const usualTerms: RunTerms = { server: localSource, mode: 'attended', priority: 'normal' };

interface Target {
  readonly server: Server;
  /** Absent: the machine of this window, whose agent is not connected yet. */
  readonly queue?: Queue;
}

export class RunTermsForm {
  readonly #vscode: VSCode;
  readonly #fleet: Fleet;
  readonly #connections: Connections;
  readonly #memory: Memento;

  /** `memory` keeps the last answers of this workspace. */
  constructor(vscode: VSCode, fleet: Fleet, connections: Connections, memory: Memento) {
    this.#vscode = vscode;
    this.#fleet = fleet;
    this.#connections = connections;
    this.#memory = memory;
  }

  /** How the flow at `path` was run last, where its target is still there; else on this machine, attended. */
  remembered(path: string): RunTerms {
    const terms = this.#memory.get<RunTerms | undefined>(memoryKeys.terms(path), undefined);
    const server = terms && this.#fleet.server(terms.server);
    if (!terms || !server) return usualTerms;
    const { queue, connection } = terms;
    // Before the server has told of its machines nothing can be said against it.
    if (!server.store.isKnown) return terms;
    const isThere =
      (queue === undefined || server.store.nameOf(queue) !== undefined) &&
      (connection === undefined || server.store.connection(connection)?.usable === true);
    return isThere ? terms : usualTerms;
  }

  async remember(path: string, terms: RunTerms): Promise<void> {
    await this.#memory.update(memoryKeys.terms(path), terms);
  }

  /** `on SRV-1, unattended, with high priority`; empty for the usual terms. */
  words({ server: id, queue, mode, priority }: RunTerms): string {
    const server = this.#fleet.server(id);
    const name = (queue === undefined ? undefined : server?.store.nameOf(queue)) ?? server?.label ?? id;
    const parts = [
      ...(id === localSource && (queue === undefined || this.#isOwn(server, queue))
        ? []
        : [t('on {0}', oneLine(name, 60))]),
      ...(mode === 'unattended' ? [t('unattended')] : []),
      ...(priority === 'high' ? [t('with high priority')] : []),
    ];
    return parts.join(', ');
  }

  /**
   * Asks for target, mode and connection, one after the other and with a way back. `preset`: a target that is not asked for. Undefined
   * when the person gave up. Rejects with a ProductError.
   */
  async askTarget(flow: string, last: RunTerms, preset?: Target): Promise<RunTerms | undefined> {
    let target = preset;
    let mode: Run['mode'] | undefined;
    for (;;) {
      if (!target) {
        const step = await this.#askMachine(flow, last);
        if (step?.kind !== 'value') return undefined;
        target = step.value;
      }
      if (!mode) {
        const step = await this.#askMode(flow, target, last, preset === undefined);
        if (!step) return undefined;
        if (step.kind === 'back') {
          target = undefined;
          continue;
        }
        mode = step.value;
      }
      const step = await this.#askConnection(flow, target, mode, last);
      if (!step) return undefined;
      if (step.kind === 'back') {
        mode = undefined;
        continue;
      }
      const { connection: _, queue: __, ...rest } = last;
      return {
        ...rest,
        server: target.server.id,
        mode,
        ...(target.queue && { queue: target.queue.id }),
        ...(step.value && { connection: step.value.id }),
      };
    }
  }

  /** Shows the terms, each of which can be changed, until the person wants the run. Undefined when he gave up. */
  async askDetails(flow: string, terms: RunTerms): Promise<RunTerms | undefined> {
    let now = terms;
    const forecast = await this.#forecast(flow, terms);
    for (;;) {
      const step = await askStep(this.#vscode, {
        title: t('Run {0} {1}', oneLine(flow, 60), this.words(now)).trim(),
        placeHolder: forecast,
        canGoBack: false,
        active: (value) => value === 'run',
        items: [
          { label: `$(play) ${t('Run')}`, description: forecast, value: 'run' as const },
          { label: t('Priority'), description: now.priority, value: 'priority' as const },
          {
            label: t('Timeout'),
            description:
              now.timeoutSeconds === undefined
                ? t('as long as it takes')
                : durationText(now.timeoutSeconds * 1_000),
            value: 'timeout' as const,
          },
          { label: t('Log'), description: levelWords(now.logLevel ?? 'full'), value: 'log' as const },
        ].filter(({ value }) => value !== 'priority' || this.#hasPriority(now)),
      });
      if (step?.kind !== 'value') return undefined;
      if (step.value === 'run') return now;
      now = await this.#changeDetail(now, step.value);
    }
  }

  async #changeDetail(terms: RunTerms, what: 'priority' | 'timeout' | 'log'): Promise<RunTerms> {
    if (what === 'priority') return { ...terms, priority: terms.priority === 'high' ? 'normal' : 'high' };
    if (what === 'timeout') {
      const text = await askText(this.#vscode, {
        title: t('Timeout'),
        prompt: t('How many minutes the flow may run. Empty: as long as it takes.'),
        value: terms.timeoutSeconds === undefined ? '' : String(terms.timeoutSeconds / 60),
        problem: (given) =>
          given.trim() === '' || secondsOf(given) !== undefined
            ? undefined
            : t('A number of minutes, up to 43200 (30 days).'),
      });
      if (text === undefined) return terms;
      const { timeoutSeconds: _, ...rest } = terms;
      const seconds = secondsOf(text);
      return seconds === undefined ? rest : { ...rest, timeoutSeconds: seconds };
    }
    const step = await askStep(this.#vscode, {
      title: t('Log'),
      placeHolder: t('What the run writes down; its machine or group may ask for more'),
      canGoBack: true,
      active: (level) => level === (terms.logLevel ?? 'full'),
      items: logLevels.map((value) => ({ label: value, description: levelWords(value), value })),
    });
    return step?.kind === 'value' ? { ...terms, logLevel: step.value } : terms;
  }

  #askMachine(flow: string, last: RunTerms) {
    const items: Choice<Target>[] = this.#fleet.servers.flatMap((server): Choice<Target>[] => {
      const where = server.id === localSource ? t('this machine') : oneLine(server.label, 60);
      const queues = server.store.queues();
      if (server.id === localSource && queues.length === 0)
        return [{ label: t('This machine'), description: t('its agent is started'), value: { server } }];
      return queues.map((queue) => ({
        label: oneLine(queue.name, 60),
        description: `${queue.kind === 'group' ? t('machine group') : t('machine')} · ${where} · ${stateOf(server, queue)}`,
        value: { server, queue },
      }));
    });
    return askStep(this.#vscode, {
      title: t('Run {0}: where?', oneLine(flow, 60)),
      placeHolder: t('Machine or machine group'),
      items,
      active: ({ server, queue }) =>
        server.id === last.server && (last.queue === undefined || queue?.id === last.queue),
      canGoBack: false,
    });
  }

  #askMode(flow: string, { queue, server }: Target, last: RunTerms, canGoBack: boolean) {
    return askStep(this.#vscode, {
      title: t('Run {0} on {1}: how?', oneLine(flow, 60), oneLine(queue?.name ?? server.label, 60)),
      placeHolder: t('There is no default: the flow says which it needs'),
      items: [
        {
          label: t('Attended'),
          detail: t('In the session of a person who is signed in, with the screen unlocked.'),
          value: 'attended' as const,
        },
        {
          label: t('Unattended'),
          detail: t(
            'In a session of its own: signs in, runs, signs out. Nobody may be signed in where one session is allowed.',
          ),
          value: 'unattended' as const,
        },
      ],
      active: (mode) => mode === last.mode,
      canGoBack,
    });
  }

  async #askConnection(flow: string, { server, queue }: Target, mode: Run['mode'], last: RunTerms) {
    type Chosen = ConnectionRecord | undefined;
    const none = { kind: 'value' as const, value: undefined as Chosen };
    const mine = server.store.lists.connections.filter(
      (connection) => connection.queue === queue?.id && connection.usable,
    );
    const fitting = mine.filter(({ credential }) => mode === 'attended' || credential.kind !== 'none');
    const isOwn = server.id === localSource && (queue === undefined || this.#isOwn(server, queue.id));
    if (isOwn && fitting.length === 0) return none;
    const items: Choice<ConnectionRecord | 'own' | 'new'>[] = [
      ...(isOwn
        ? [{ label: t('Own account'), description: t('the user of this machine'), value: 'own' as const }]
        : []),
      ...fitting.map((connection) => ({
        label: oneLine(connection.name, 60),
        description: oneLine(connection.account, 60),
        value: connection,
      })),
      ...(queue ? [{ label: `$(add) ${t('Add a connection…')}`, value: 'new' as const }] : []),
    ];
    const step = await askStep(this.#vscode, {
      title: t('Run {0}: under which account?', oneLine(flow, 60)),
      placeHolder: fitting.length === 0 ? t('No connection fits yet: add one') : t('Connection'),
      items,
      active: (value) => typeof value === 'object' && value.id === last.connection,
      canGoBack: true,
    });
    if (step?.kind !== 'value') return step;
    if (step.value === 'own') return none;
    if (step.value !== 'new') return { kind: 'value' as const, value: step.value as Chosen };
    const added = queue && (await this.#connections.add(server, queue));
    return added ? { kind: 'value' as const, value: added as Chosen } : undefined;
  }

  /** What would become of the run now. Says nothing where the server does not answer soon. */
  async #forecast(
    flow: string,
    { server: id, queue, connection, mode, priority }: RunTerms,
  ): Promise<string> {
    const server = this.#fleet.server(id);
    if (server?.state.kind !== 'connected') return '';
    try {
      const { verdict } = await server.call('queue.verdict', {
        flow,
        mode,
        priority,
        ...(connection !== undefined ? { connection } : queue !== undefined && { queue }),
      });
      return verdictWords(verdict);
    } catch (error) {
      const { message, nextStep } = asProductError(error);
      return oneLine(`${message} ${nextStep}`, 200);
    }
  }

  /** By the rules of 2020 a queue has no priority. */
  #hasPriority({ server }: RunTerms): boolean {
    return this.#fleet.server(server)?.store.lists.era !== '2020';
  }

  #isOwn(server: Server | undefined, queue: string): boolean {
    const machine = server?.store.machine(queue);
    return server?.id === localSource && machine !== undefined && machine.name === server.label;
  }
}

/** One line of a forecast. */
export function verdictWords(verdict: Verdict): string {
  switch (verdict.kind) {
    case 'starts':
      return t('would start now on {0}', verdict.machines.map((name) => oneLine(name, 40)).join(', '));
    case 'waits':
      return t('would wait at position {0}: {1}', verdict.position, oneLine(verdict.blocker.message, 150));
    case 'fails':
      return t('would fail: {0} ({1})', oneLine(verdict.blocker.message, 150), verdict.blocker.code);
  }
}

function stateOf({ store, state }: Server, { id, kind }: Queue): string {
  if (state.kind !== 'connected') return t('not connected');
  const waiting = store.runs.queued(id).length;
  const queued = waiting === 0 ? '' : `, ${t('{0} queued', waiting)}`;
  if (kind === 'group') {
    const members = store.lists.machines.filter(({ group }) => group === id);
    return t('{0} of {1} online', members.filter(({ online }) => online).length, members.length) + queued;
  }
  const machine = store.machine(id);
  if (!machine?.online) return t('offline') + queued;
  return (machine.settings.maintenance ? t('maintenance') : t('online')) + queued;
}

function secondsOf(minutes: string): number | undefined {
  const seconds = Math.round(Number(minutes.trim().replace(',', '.')) * 60);
  return seconds >= 1 && seconds <= maxTimeoutSeconds ? seconds : undefined;
}

const levelWords = (level: LogLevel): string =>
  ({
    full: t('everything'),
    debug: t('everything but loops, calls and waits'),
    custom: t('messages of the flow, and errors'),
    warning: t('warnings and errors'),
    error: t('errors that nobody handled'),
  })[level];
