// The rules of the run queue as properties over arbitrary machines and queues.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decide,
  expiredError,
  mayFollow,
  type QueuedRun,
  type Snapshot,
} from '../../src/orchestration/rules.ts';
import { compareQueued, isTerminal, runStates } from '../../src/protocol/run.ts';

const now = 1_000_000;

const queuedRun: fc.Arbitrary<QueuedRun> = fc
  .record({
    id: fc.uuid(),
    account: fc.constantFrom('ann', 'ben', 'cem', 'dia'),
    priority: fc.constantFrom('normal', 'high'),
    requestedAt: fc.integer({ min: now - 50, max: now }),
    expiresAt: fc.integer({ min: now - 20, max: now + 200 }),
    movedToTopAt: fc.option(fc.integer({ min: now - 30, max: now }), { nil: undefined }),
  })
  .map(
    ({ movedToTopAt, ...run }) =>
      ({ ...run, ...(movedToTopAt !== undefined && { movedToTopAt }) }) as QueuedRun,
  );

const snapshot: fc.Arbitrary<Snapshot> = fc.record({
  accepting: fc.boolean(),
  slots: fc.integer({ min: 0, max: 4 }),
  busyAccounts: fc.uniqueArray(fc.constantFrom('ann', 'ben', 'cem', 'dia'), { maxLength: 4 }),
  queued: fc.uniqueArray(queuedRun, { selector: (run) => run.id, maxLength: 12 }),
});

const started = (s: Snapshot) => {
  const ids = new Set(decide(s, now).flatMap((d) => (d.kind === 'start' ? [d.runId] : [])));
  return s.queued.filter((run) => ids.has(run.id)).sort(compareQueued);
};

describe('the rules of the run queue', () => {
  it('never start a run past its time, and end exactly those (Q-9)', () => {
    fc.assert(
      fc.property(snapshot, (s) => {
        const expired = decide(s, now).flatMap((d) => (d.kind === 'expire' ? [d.runId] : []));
        expect(new Set(expired)).toEqual(
          new Set(s.queued.filter((run) => run.expiresAt <= now).map((run) => run.id)),
        );
        expect(started(s).every((run) => run.expiresAt > now)).toBe(true);
      }),
    );
  });

  it('never exceed the slots nor run two of one account together (CCY-1, CCY-3)', () => {
    fc.assert(
      fc.property(snapshot, (s) => {
        const starting = started(s);
        if (starting.length > 0) expect(s.busyAccounts.length + starting.length).toBeLessThanOrEqual(s.slots);
        const accounts = [...s.busyAccounts, ...starting.map((run) => run.account)];
        expect(new Set(accounts).size).toBe(accounts.length);
      }),
    );
  });

  it('start as many as can start, and overtake only a run whose account is busy (Q-2, Q-14)', () => {
    fc.assert(
      fc.property(snapshot, (s) => {
        const starting = started(s);
        if (!s.accepting) {
          expect(starting).toEqual([]);
          return;
        }
        const accounts = new Set([...s.busyAccounts, ...starting.map((run) => run.account)]);
        const left = s.queued.filter((run) => run.expiresAt > now && !starting.includes(run));
        const free = s.slots - s.busyAccounts.length - starting.length;
        for (const waiting of left) {
          const accountBusy = accounts.has(waiting.account);
          if (!accountBusy) expect(free).toBeLessThanOrEqual(0);
          for (const run of starting) {
            if (compareQueued(waiting, run) < 0) expect(accountBusy).toBe(true);
            if (run.account === waiting.account) expect(compareQueued(run, waiting)).toBeLessThan(0);
          }
        }
      }),
    );
  });

  it('with one slot the head alone decides (Q-11)', () => {
    fc.assert(
      fc.property(snapshot, (s) => {
        const free = { ...s, slots: 1, busyAccounts: [], accepting: true };
        const head = s.queued.filter((run) => run.expiresAt > now).sort(compareQueued)[0];
        expect(started(free)).toEqual(head ? [head] : []);
      }),
    );
  });

  it('put the latest move to top first, then priority, then request time (Q-2)', () => {
    const base = { account: 'ann', expiresAt: now + 1, requestedAt: now - 10, priority: 'normal' } as const;
    const queued: QueuedRun[] = [
      { ...base, id: 'normal-late', requestedAt: now - 1 },
      { ...base, id: 'normal-early' },
      { ...base, id: 'high-late', priority: 'high', requestedAt: now - 2 },
      { ...base, id: 'moved-first', movedToTopAt: now - 8 },
      { ...base, id: 'moved-last', movedToTopAt: now - 3 },
    ];
    expect(queued.sort(compareQueued).map((run) => run.id)).toEqual([
      'moved-last',
      'moved-first',
      'high-late',
      'normal-early',
      'normal-late',
    ]);
  });

  it('let nothing follow a finished state, and lead from Queued to every state', () => {
    for (const from of runStates) {
      if (isTerminal(from))
        for (const to of runStates) expect(mayFollow(from, to), `${from} → ${to}`).toBe(false);
    }
    const reached = new Set(['Queued']);
    for (const from of reached)
      for (const to of runStates) if (mayFollow(from as 'Queued', to)) reached.add(to);
    expect(reached).toEqual(new Set(runStates));
  });

  it('name the waited time in the product’s own code', () => {
    expect(expiredError(3 * 60 * 60_000)).toMatchObject({
      code: 'NoCandidateMachine',
      message: expect.stringContaining('3 hours'),
    });
  });
});
