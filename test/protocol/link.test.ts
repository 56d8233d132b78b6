// The link between a shell and its agent, over a channel whose every message takes a time of its own.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProductError } from '../../src/base/error.ts';
import { maxFrameBytes, protocolVersion } from '../../src/protocol/agent.ts';
import { AgentLink, checkProtocol, connectionError } from '../../src/protocol/link.ts';
import { RpcPeer } from '../../src/protocol/rpc.ts';
import type { RunEvent } from '../../src/protocol/run.ts';
import { settle } from '../fakes/clock.ts';
import { transportPair } from '../fakes/transport.ts';

const hello = {
  protocol: protocolVersion,
  pid: 1,
  machine: { id: 'm', name: 'm', platform: 'x', agentVersion: '1', user: 'u', slots: 1 },
  lastSeq: 0,
};
type Answers = Record<string, (params: never) => unknown>;

/** An agent that answers with what `answers` give, and a link to it. */
async function linked(answers: Answers, pause?: () => number) {
  const [shellEnd, agentEnd] = transportPair(pause);
  const agent = new RpcPeer(agentEnd, {
    request: async (method, params) => {
      if (method === 'hello') return hello;
      return (answers[method] as (params: unknown) => unknown)(params);
    },
    notification: () => {},
  });
  return { link: await AgentLink.open(shellEnd, 'test'), agent, shellEnd, agentEnd };
}

const event = (seq: number): RunEvent => ({
  seq,
  runId: 'r',
  at: 0,
  kind: 'log',
  level: 'info',
  message: `message ${seq}`,
});

describe('a link', () => {
  it('gives every call its own answer and keeps the order of events, however the network delays', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.infiniteStream(fc.nat(4)),
        fc.integer({ min: 1, max: 25 }),
        async (pauses, count) => {
          const { link, agent } = await linked(
            {
              'runs.events': async ({ after }: { after: number }) => {
                for (let i = 0; i < after % 5; i++) await settle();
                agent.notify('event', { event: event(after) });
                return { events: [event(after)] };
              },
            },
            () => pauses.next().value as number,
          );
          const seen: number[] = [];
          link.onEvent(({ seq }) => seen.push(seq));
          const answers = await Promise.all(
            Array.from({ length: count }, (_, i) => link.call('runs.events', { runId: 'r', after: i })),
          );
          expect(answers.map(({ events }) => events[0]?.seq)).toEqual(
            Array.from({ length: count }, (_, i) => i),
          );
          // Each event was sent before its answer, so all have arrived.
          expect([...seen].sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i));
        },
      ),
      { numRuns: 50 },
    );
  });

  it('carries the agent’s code, message and next step', async () => {
    const { link } = await linked({
      'runs.get': () => {
        throw new ProductError('RunNotFound', 'No such run.', 'List them.');
      },
    });
    await expect(link.call('runs.get', { runId: 'x' })).rejects.toMatchObject({
      name: 'ProductError',
      code: 'RunNotFound',
      message: 'No such run.',
      nextStep: 'List them.',
    });
  });

  it('gives a fault of the agent the code InternalError', async () => {
    const { link } = await linked({
      'agent.status': () => (undefined as unknown as { x: { y: number } }).x.y,
    });
    await expect(link.call('agent.status', {})).rejects.toMatchObject({ code: 'InternalError' });
  });

  it('rejects what was asked when it ends, and everything asked later', async () => {
    const { link, agent } = await linked({ 'agent.status': () => new Promise(() => {}) });
    const reasons: unknown[] = [];
    link.onClose((reason) => reasons.push(reason));
    const open = link.call('agent.status', {});
    agent.close(1001, 'The agent stops.');
    await expect(open).rejects.toMatchObject({
      code: 'LinkClosed',
      message: expect.stringContaining('The agent stops.'),
    });
    await expect(link.call('agent.status', {})).rejects.toMatchObject({ code: 'LinkClosed' });
    expect(reasons).toEqual([{ code: 1001, reason: 'The agent stops.' }]);
  });

  it('does not believe an answer of another shape', async () => {
    const { link } = await linked({ 'runs.list': () => ({ runs: [{ id: 5 }], lastSeq: 0 }) });
    await expect(link.call('runs.list', { limit: 1 })).rejects.toMatchObject({
      code: 'InvalidRequest',
      message: expect.stringContaining('runs.0.id'),
    });
  });

  it('ends rather than skip an event that it cannot read', async () => {
    const { link, agent } = await linked({});
    const closed = new Promise((resolve) => link.onClose(resolve));
    agent.notify('event', { event: { seq: 'one' } });
    await expect(closed).resolves.toMatchObject({ code: 1007 });
  });

  it('refuses a message that is too large before it is sent', async () => {
    const { link, shellEnd } = await linked({});
    const sent = shellEnd.sent.length;
    const call = link.call('runs.stop', { runId: 'x'.repeat(maxFrameBytes) });
    await expect(call).rejects.toMatchObject({
      code: 'MessageTooLarge',
      message: expect.stringContaining('40 MB'),
    });
    expect(shellEnd.sent).toHaveLength(sent);
  });

  it('is not opened by an agent of another protocol', async () => {
    const [shellEnd, agentEnd] = transportPair();
    new RpcPeer(agentEnd, {
      request: async (_method, params) => checkProtocol((params as { protocol: number }).protocol, 99),
      notification: () => {},
    });
    await expect(AgentLink.open(shellEnd, 'test')).rejects.toMatchObject({
      code: 'ProtocolMismatch',
      message: `The shell speaks version ${protocolVersion} of the protocol and the agent version 99.`,
    });
  });
});

describe('the other end', () => {
  it.each([
    ['{"jsonrpc":"2.0"', 'MessageUnreadable', -32700],
    ['[]', 'InvalidRequest', -32600],
    ['{"id":1,"method":"hello"}', 'InvalidRequest', -32600],
    ['{"jsonrpc":"2.0","id":{},"method":"hello"}', 'InvalidRequest', -32600],
  ])('answers %s with %s', async (text, code, number) => {
    const [shell, agentEnd] = transportPair();
    new RpcPeer(agentEnd, { request: async () => ({}), notification: () => {} });
    const answers: string[] = [];
    shell.onMessage((message) => answers.push(message));
    shell.send(text);
    await settle();
    expect(JSON.parse(answers[0] as string)).toMatchObject({
      id: null,
      error: { code: number, data: { code } },
    });
  });
});

describe('a failed connection', () => {
  it.each([
    [{ systemCode: 'ECONNREFUSED', message: 'connect ECONNREFUSED' }, 'AgentNotRunning'],
    [{ status: 401, message: '' }, 'AgentTokenWrong'],
    [{ status: 500, message: 'status 500' }, 'AgentUnreachable'],
    [{ systemCode: 'ETIMEDOUT', message: 'timed out' }, 'AgentUnreachable'],
  ])('%j is %s and names the port', (failure, code) => {
    expect(connectionError(4711, failure)).toMatchObject({
      code,
      message: expect.stringContaining('4711'),
      nextStep: expect.stringMatching(/.+/),
    });
  });
});
