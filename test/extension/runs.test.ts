// The run store: what it makes of events that come twice, late, with holes, or in floods.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type RunChange, RunStore } from '../../src/extension/runs.ts';
import { LineMap } from '../../src/extension/shownRuns.ts';
import type { Run, RunEvent, RunState } from '../../src/protocol/run.ts';

const run = (id: string, state: RunState, more: Partial<Run> = {}): Run => ({
  id,
  flow: { name: id, path: `/flows/${id}.robin`, hash: '' },
  queue: 'm',
  machine: 'm',
  mode: 'attended',
  priority: 'normal',
  state,
  requestedBy: 'ada',
  requestedAt: 1,
  expiresAt: 2,
  inputs: {},
  ...more,
});

const runEvent = (seq: number, of: Run): RunEvent => ({ kind: 'run', seq, at: seq, runId: of.id, run: of });
const action = (seq: number, runId: string, count = 1): RunEvent => ({
  kind: 'actions',
  seq,
  at: seq,
  runId,
  omitted: 0,
  actions: Array.from({ length: count }, (_, i) => ({
    line: i,
    subflow: 'Main',
    action: 'SET',
    at: seq,
    ms: 1,
    outcome: 'ok' as const,
  })),
});

/** Everything the store shows, as one comparable value. */
const shown = (store: RunStore) =>
  [...store.running(), ...store.queued(), ...store.finished()].map((one) => {
    const { lines, log, omitted, questions, complete } = store.detail(one.id);
    return { one, lines: [...lines], log, omitted, questions: [...questions], complete };
  });

const anyEvents = fc
  .array(
    fc.record({
      id: fc.constantFrom('a', 'b', 'c'),
      kind: fc.constantFrom('run', 'lines', 'actions', 'log', 'question', 'answered'),
      state: fc.constantFrom<RunState>('Queued', 'Running', 'Failed', 'Lost', 'Succeeded'),
      line: fc.integer({ min: 1, max: 5 }),
    }),
    { maxLength: 30 },
  )
  .map((bodies): RunEvent[] =>
    bodies.map(({ id, kind, state, line }, i) => {
      const base = { seq: i + 1, at: i, runId: id };
      switch (kind) {
        case 'run':
          return { ...base, kind, run: run(id, state) };
        case 'lines':
          return { ...base, kind, lines: [{ line, subflow: 'Main', state: 'ok', count: i, ms: i }] };
        case 'log':
          return { ...base, kind, level: 'info', message: String(i) };
        case 'question':
          return { ...base, kind, question: { id: `q${line}`, kind: 'message', title: '', message: '' } };
        case 'answered':
          return { ...base, kind, questionId: `q${line}`, by: 'ada' };
        default:
          return action(i + 1, id);
      }
    }),
  );

describe('RunStore', () => {
  it('shows the same however often and in whatever overlap the events arrive', () => {
    fc.assert(
      fc.property(anyEvents, fc.array(fc.nat(29), { maxLength: 5 }), (events, restarts) => {
        const once = new RunStore();
        for (const event of events) expect(once.apply(event)).toBe('applied');
        const again = new RunStore();
        for (const event of events) again.apply(event);
        for (const from of restarts)
          for (const event of events.slice(from)) expect(again.apply(event)).toBe('old');
        expect(shown(again)).toEqual(shown(once));
      }),
    );
  });

  it('gives a run the same detail from its kept events, in pages and with newer ones arriving, as from having listened', () => {
    fc.assert(
      fc.property(anyEvents, fc.integer({ min: 1, max: 9 }), fc.nat(30), (events, page, known) => {
        const listened = new RunStore();
        const first = runEvent(1, run('a', 'Queued'));
        const all = [
          first,
          ...events.filter(({ runId }) => runId === 'a').map((event, i) => ({ ...event, seq: i + 2 })),
        ];
        for (const event of all) listened.apply(event);
        const late = new RunStore();
        const kept = all.slice(0, Math.max(1, known));
        late.load([run('a', 'Queued')], kept.length - 1);
        late.load([listened.get('a') as Run], kept.length);
        const replay = late.replay('a');
        for (let at = 0; at < kept.length; at += page) {
          replay.take(kept.slice(at, at + page));
          // A page may already hold what is announced later, and the other way round.
          const next = all[late.lastSeq];
          if (next) late.apply(next);
        }
        for (const event of all.slice(late.lastSeq)) late.apply(event);
        replay.finish();
        replay.dispose();
        expect(late.detail('a').log).toEqual(listened.detail('a').log);
        expect(late.detail('a').lines).toEqual(listened.detail('a').lines);
      }),
    );
  });

  it('changes nothing at a gap, and goes on from the list that closes it', () => {
    const store = new RunStore();
    store.apply(runEvent(1, run('a', 'Queued')));
    const changes: RunChange[] = [];
    store.onDidChange((change) => changes.push(change));
    expect(store.apply(runEvent(5, run('a', 'Failed')))).toBe('gap');
    expect([store.lastSeq, store.get('a')?.state, changes]).toEqual([1, 'Queued', []]);

    store.load([run('a', 'Failed')], 5);
    // The end that happened inside the gap is announced: somebody may wait for it.
    expect(
      changes.map((change) =>
        change.kind === 'run' ? `${change.before?.state} → ${change.run.state}` : change.kind,
      ),
    ).toEqual(['reset', 'Queued → Failed']);
    expect(store.detail('a').complete).toBe(false);
    expect(store.apply(runEvent(6, run('b', 'Queued')))).toBe('applied');
  });

  it('never lets a finished run come back to life', () => {
    const store = new RunStore();
    store.apply(runEvent(1, run('a', 'Lost')));
    store.apply(runEvent(2, run('a', 'Running')));
    expect(store.get('a')?.state).toBe('Lost');
  });

  it('keeps memory flat over a flood: 1,000 log entries a run, 500 finished runs, 25 finished details', () => {
    const store = new RunStore();
    let seq = 0;
    for (let i = 0; i < 700; i++) {
      const id = `run-${i}`;
      store.apply(runEvent(++seq, run(id, 'Queued', { requestedAt: i })));
      store.apply(action(++seq, id, 600));
      store.apply(action(++seq, id, 600));
      store.apply(runEvent(++seq, run(id, 'Succeeded', { requestedAt: i, endedAt: i })));
    }
    expect(store.finished()).toHaveLength(500);
    expect(store.finished()[0]?.id).toBe('run-699');
    const detail = store.detail('run-699');
    expect([detail.log.length, detail.omitted]).toEqual([1_000, 200]);
    expect(store.finished().filter(({ id }) => store.detail(id).log.length > 0)).toHaveLength(26);
  });
});

describe('LineMap', () => {
  it('finds the lines of a run again after any edits (compared with moving the lines themselves)', () => {
    const edit = fc.record({ at: fc.nat(12), removed: fc.nat(3), added: fc.nat(3) });
    fc.assert(
      fc.property(fc.array(edit, { maxLength: 12 }), (edits) => {
        const map = new LineMap();
        let text = Array.from({ length: 10 }, (_, i): number | undefined => i);
        for (const { at, removed, added } of edits) {
          const start = Math.min(at, text.length - 1);
          const end = Math.min(start + removed, text.length - 1);
          map.edit(start, 0, end, added);
          text = [
            ...text.slice(0, start),
            ...Array.from({ length: added }, () => undefined),
            ...text.slice(end),
          ];
        }
        for (let line = 0; line < 10; line++) {
          const at = text.indexOf(line);
          expect(map.now(line)).toBe(at < 0 ? undefined : at);
        }
      }),
    );
  });

  it('leaves a line where it is when text is added at its end', () => {
    const map = new LineMap();
    map.edit(2, 7, 2, 1);
    expect([map.now(2), map.now(3)]).toEqual([2, 4]);
  });
});

describe('a flow that runs another', () => {
  it('has the lines of the other apart, and stands at its own line meanwhile', () => {
    const store = new RunStore();
    const line = { subflow: 'Main', state: 'running', count: 1, ms: 1 } as const;
    const position = { flow: 'Child', subflow: 'Main', line: 7, action: 'WAIT' };
    store.apply(runEvent(1, run('a', 'Running', { position })));
    const lines = [
      { ...line, line: 3 },
      { ...line, line: 7, flow: 'Child' },
    ];
    store.apply({ kind: 'lines', seq: 2, at: 2, runId: 'a', lines });
    const detail = store.detail('a');
    expect([...detail.lines.keys()]).toEqual([3]);
    expect([...detail.calledLines.values()]).toMatchObject([{ flow: 'Child', line: 7 }]);
    expect(store.standing(store.get('a') as Run).place).toEqual({ line: 3, subflow: 'Main' });
  });
});
