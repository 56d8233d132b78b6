// A shell's end of the link to an agent: typed calls, events, one clear error per way in which it can fail.
// Opens no socket: the shell passes a connected transport (see launch/ for the one over a WebSocket).
import type { Disposable } from '../base/disposable.ts';
import { ProductError } from '../base/error.ts';
import { Emitter } from '../base/event.ts';
import {
  type AgentMethod,
  type AgentParams,
  type AgentResult,
  agentEvent,
  agentMethods,
  debugMessage,
  protocolVersion,
} from './agent.ts';
import { type CloseReason, invalidRequest, RpcPeer, type Transport } from './rpc.ts';
import type { RunEvent } from './run.ts';

export class AgentLink implements Disposable {
  readonly #peer: RpcPeer;
  readonly #events = new Emitter<RunEvent>();
  readonly #debug = new Emitter<{ readonly runId: string; readonly message: unknown }>();
  #hello: AgentResult<'hello'> | undefined;

  /** Events of the agent, in order, once `subscribe` was called. */
  readonly onEvent = this.#events.event;
  /** What the worker of a run tells the debugger that this link attached with `runs.debug`; `null` at the end of the run. */
  readonly onDebug = this.#debug.event;
  /** Fires once, whichever side ended the link. */
  readonly onClose: RpcPeer['onClose'];

  private constructor(transport: Transport) {
    this.#peer = new RpcPeer(transport, {
      request: (method) =>
        Promise.reject(
          new ProductError(
            'MethodNotFound',
            `A shell has no method ${method}.`,
            'Use shell and agent of the same version.',
          ),
        ),
      notification: (method, params) => this.#notified(method, params),
    });
    this.onClose = this.#peer.onClose;
  }

  /** Greets the agent. `client` names the shell in the agent's log. Throws `ProtocolMismatch` or `LinkClosed`; the transport is then closed. */
  static async open(transport: Transport, client: string): Promise<AgentLink> {
    const link = new AgentLink(transport);
    try {
      link.#hello = await link.call('hello', { protocol: protocolVersion, client });
      return link;
    } catch (error) {
      link.dispose();
      throw error;
    }
  }

  /** What the agent said of itself. */
  get agent(): AgentResult<'hello'> {
    return this.#hello as AgentResult<'hello'>;
  }

  /** Rejects with the agent's ProductError, with `LinkClosed`, or with `MessageTooLarge` before anything is sent. */
  async call<M extends AgentMethod>(method: M, params: AgentParams<M>): Promise<AgentResult<M>> {
    const result = agentMethods[method].result.safeParse(await this.#peer.call(method, params));
    if (!result.success) throw invalidRequest(`answer to ${method}`, result.error);
    return result.data as AgentResult<M>;
  }

  /** Ends the link; open calls reject with `LinkClosed`. Runs go on. */
  dispose(): void {
    this.#peer.dispose();
  }

  #notified(method: string, params: unknown): void {
    if (method === 'debug') {
      const parsed = debugMessage.safeParse(params);
      if (parsed.success) this.#debug.fire({ runId: parsed.data.runId, message: parsed.data.message });
      return;
    }
    if (method !== 'event') return; // a newer agent may announce more
    const parsed = agentEvent.safeParse(params);
    // A damaged event would be a gap in the sequence: better to connect again than to show half the truth.
    if (parsed.success) this.#events.fire(parsed.data.event);
    else this.#peer.close(1007, invalidRequest('event', parsed.error).message.slice(0, 120));
  }
}

/** Both sides must speak the same version. Thrown by the agent's `hello`. */
export function checkProtocol(theirs: number, ours = protocolVersion): void {
  if (theirs === ours) return;
  throw new ProductError(
    'ProtocolMismatch',
    `The shell speaks version ${theirs} of the protocol and the agent version ${ours}.`,
    theirs > ours
      ? 'Stop the agent (`dflow agent stop`) and try again: the shell then starts its own.'
      : 'Update the extension or the command line to the version of the agent.',
  );
}

/** What went wrong before a link existed. `status` is the HTTP status of a refused upgrade, `systemCode` the code of a socket error. */
export function connectionError(
  port: number,
  failure: {
    readonly status?: number | undefined;
    readonly systemCode?: string | undefined;
    readonly message: string;
  },
): ProductError {
  if (failure.status === 401) {
    return new ProductError(
      'AgentTokenWrong',
      `The agent on port ${port} refused the token.`,
      'Connect with the token in agent.json of that agent’s data folder; it changes at every start of the agent.',
    );
  }
  if (failure.systemCode === 'ECONNREFUSED' || failure.systemCode === 'ECONNRESET') {
    return new ProductError(
      'AgentNotRunning',
      `No agent answers on port ${port} of this machine.`,
      'Start it with `dflow agent start`, or run a flow: the shell then starts one.',
    );
  }
  return new ProductError(
    'AgentUnreachable',
    `The agent on port ${port} cannot be reached: ${failure.message}`,
    'Check that the port belongs to an agent (`dflow agent status`).',
  );
}

export type { CloseReason, Transport };
