// JSON-RPC 2.0 over a channel of texts, one message per text: both ends of the link between a shell and its agent.
// Knows no methods, and nothing of sockets. Errors travel as the product's code, message and next step.
import * as z from 'zod/mini';
import type { Disposable } from '../base/disposable.ts';
import { asProductError, ProductError } from '../base/error.ts';
import { Emitter, type Event } from '../base/event.ts';
import { agentErrorData, maxFrameBytes } from './agent.ts';

/** Why a channel ended. `code` is a WebSocket close code. */
export interface CloseReason {
  readonly code: number;
  readonly reason: string;
}

/** A connected, ordered, two-way channel of texts. After `onClose` it gives nothing more. */
export interface Transport {
  send(text: string): void;
  close(code: number, reason: string): void;
  readonly onMessage: Event<string>;
  readonly onClose: Event<CloseReason>;
}

export interface RpcHandlers {
  /** Answers a request of the other side. What it throws becomes the error of the answer. */
  request(method: string, params: unknown): Promise<unknown>;
  notification(method: string, params: unknown): void;
}

const id = z.union([z.string(), z.number()]);
const message = z.object({
  jsonrpc: z.literal('2.0'),
  id: z.optional(z.union([id, z.null()])),
  method: z.optional(z.string()),
  params: z.optional(z.unknown()),
  result: z.optional(z.unknown()),
  error: z.optional(z.object({ code: z.number(), message: z.string(), data: z.optional(z.unknown()) })),
});

/** Numbers that JSON-RPC gives to its own errors; everything of the product's has -32000 and its code in `data`. */
const standardNumbers: Readonly<Record<string, number>> = {
  MessageUnreadable: -32700,
  InvalidRequest: -32600,
  MethodNotFound: -32601,
  InternalError: -32603,
};

interface Pending {
  resolve(result: unknown): void;
  reject(error: ProductError): void;
}

export class RpcPeer implements Disposable {
  readonly #transport: Transport;
  readonly #handlers: RpcHandlers;
  readonly #pending = new Map<number, Pending>();
  readonly #closed = new Emitter<CloseReason>();
  readonly #subscriptions: Disposable[];
  #nextId = 1;
  #end: CloseReason | undefined;

  /** Fires once. */
  readonly onClose = this.#closed.event;

  constructor(transport: Transport, handlers: RpcHandlers) {
    this.#transport = transport;
    this.#handlers = handlers;
    this.#subscriptions = [
      transport.onMessage((text) => this.#receive(text)),
      transport.onClose((reason) => this.#over(reason)),
    ];
  }

  /** Rejects with the other side's ProductError, or with `LinkClosed` when the channel ends first. */
  call(method: string, params: unknown): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#end) return reject(linkClosed(this.#end));
      const requestId = this.#nextId++;
      const text = JSON.stringify({ jsonrpc: '2.0', id: requestId, method, params });
      // One UTF-16 unit takes at most three bytes: only long texts need the exact count.
      if (text.length * 3 > maxFrameBytes && new TextEncoder().encode(text).length > maxFrameBytes) {
        return reject(tooLarge(method, text.length));
      }
      this.#pending.set(requestId, { resolve, reject });
      this.#transport.send(text);
    });
  }

  notify(method: string, params: unknown): void {
    if (!this.#end) this.#transport.send(JSON.stringify({ jsonrpc: '2.0', method, params }));
  }

  /** Ends the channel; open calls reject with `LinkClosed`. */
  close(code: number, reason: string): void {
    if (this.#end) return;
    this.#transport.close(code, reason);
    this.#over({ code, reason });
  }

  dispose(): void {
    this.close(1000, 'closed by this side');
  }

  #over(reason: CloseReason): void {
    if (this.#end) return;
    this.#end = reason;
    for (const subscription of this.#subscriptions) subscription.dispose();
    for (const pending of this.#pending.values()) pending.reject(linkClosed(reason));
    this.#pending.clear();
    this.#closed.fire(reason);
  }

  #receive(text: string): void {
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch {
      this.#answer(null, {
        error: rpcError(
          new ProductError(
            'MessageUnreadable',
            'The message is not JSON.',
            'Send one JSON-RPC 2.0 message per frame.',
          ),
        ),
      });
      return;
    }
    const parsed = message.safeParse(json);
    if (!parsed.success) {
      this.#answer(null, { error: rpcError(invalidRequest('message', parsed.error)) });
      return;
    }
    const { method, params, result, error } = parsed.data;
    const messageId = parsed.data.id;
    if (method === undefined) this.#settle(messageId, result, error);
    else if (messageId === undefined || messageId === null) this.#handlers.notification(method, params);
    else void this.#serve(messageId, method, params);
  }

  async #serve(messageId: string | number, method: string, params: unknown): Promise<void> {
    try {
      this.#answer(messageId, { result: await this.#handlers.request(method, params) });
    } catch (error) {
      this.#answer(messageId, { error: rpcError(asProductError(error)) });
    }
  }

  #answer(messageId: string | number | null, answer: object): void {
    if (!this.#end) this.#transport.send(JSON.stringify({ jsonrpc: '2.0', id: messageId, ...answer }));
  }

  #settle(messageId: unknown, result: unknown, error: z.infer<typeof message>['error']): void {
    const pending = this.#pending.get(messageId as number);
    if (!pending) return;
    this.#pending.delete(messageId as number);
    if (!error) {
      pending.resolve(result);
      return;
    }
    const data = agentErrorData.safeParse(error.data);
    pending.reject(
      data.success
        ? new ProductError(data.data.code, error.message, data.data.nextStep)
        : new ProductError(
            'InternalError',
            error.message,
            'Please report this with the exported diagnostics.',
          ),
    );
  }
}

function rpcError(error: ProductError): object {
  return {
    code: standardNumbers[error.code] ?? -32000,
    message: error.message,
    data: { code: error.code, nextStep: error.nextStep },
  };
}

function linkClosed({ code, reason }: CloseReason): ProductError {
  return new ProductError(
    'LinkClosed',
    `The link to the agent ended before the answer came${reason ? ` (${reason})` : code === 1006 ? ' (the agent went away)' : ''}.`,
    'Connect again; a run that was accepted is kept by the agent.',
  );
}

function tooLarge(method: string, length: number): ProductError {
  return new ProductError(
    'MessageTooLarge',
    `The request ${method} has about ${megabytes(length)} MB; an agent accepts ${megabytes(maxFrameBytes)} MB.`,
    'Pass large data to the flow as files.',
  );
}

const megabytes = (bytes: number): number => Math.round(bytes / (1024 * 1024));

/** A message of the wrong shape. Names the fields, never their values: they may be secret. */
export function invalidRequest(what: string, error: z.core.$ZodError): ProductError {
  const fields = error.issues.slice(0, 5).map((issue) => {
    const unit = 'origin' in issue && issue.origin === 'string' ? ' characters' : '';
    const why =
      issue.code === 'too_small'
        ? `at least ${issue.minimum}${issue.minimum === 1 ? unit.replace(/s$/, '') : unit}`
        : issue.code === 'too_big'
          ? `at most ${issue.maximum}${unit}`
          : issue.code === 'invalid_format'
            ? issue.message
            : `${issue.code}${'expected' in issue ? `, expected ${issue.expected}` : ''}`;
    return `${issue.path.map(String).join('.') || 'the value'} (${why})`;
  });
  const isLimit = error.issues.every(({ code }) => ['too_small', 'too_big', 'invalid_format'].includes(code));
  return isLimit
    ? new ProductError(
        'InvalidRequest',
        `The ${what} has a value outside its limits: ${fields.join('; ')}.`,
        'Give a value within them.',
      )
    : new ProductError(
        'InvalidRequest',
        `The ${what} does not have the agreed shape: ${fields.join('; ')}.`,
        'Use shell and agent of the same version.',
      );
}
