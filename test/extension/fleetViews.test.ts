// Machines and Run Queue over an agent and orchestrators: what people see as text (golden files), which rows an event redraws, and what
// commands, keys and drops do. After an intended change run `vitest -u` and read the difference.
import { afterEach, describe, expect, it } from 'vitest';
import { diagnose } from '../../src/extension/fleet/diagnosis.ts';
import { fleetCommandIds, hiddenFleetCommandIds, memoryKeys, viewIds } from '../../src/extension/names.ts';
import { moveOf } from '../../src/extension/views/queueDrag.ts';
import { groupOf, machineOf, settings } from './fakeServer.ts';
import { FleetWindow } from './fleetHarness.ts';

const { machines: machinesView, runQueue: queueView } = viewIds;
let window: FleetWindow;
afterEach(() => window.dispose());

const trees = async (caption: string) =>
  [
    `### ${caption}`,
    await window.vscode.renderTree(machinesView),
    '---',
    await window.vscode.renderTree(queueView),
    '',
  ].join('\n');

/** A window with this machine and an orchestrator with a group of two and a machine of its own. */
async function floor() {
  window = new FleetWindow();
  const fake = window.known('flows', 'Flows of the house');
  fake.machines = [
    machineOf('srv-1', { unattendedSlots: 2 }),
    machineOf('srv-2', { group: 'floor' }),
    machineOf('srv-3', { group: 'floor', online: false, seenAt: window.clock.now() - 3_600_000 }),
  ];
  fake.groups = [groupOf('floor', ['SRV-2', 'SRV-3'], { name: 'Shop floor' })];
  window.agent.machines = [machineOf('m-1', { name: 'DESK-7' })];
  return fake;
}

describe('the views', () => {
  it('show machines, groups, sessions, connections and queues in every state', async () => {
    const fake = await floor();
    const { clock } = window;
    fake.machines[0] = machineOf('srv-1', {
      unattendedSlots: 2,
      facts: {
        ...(machineOf('x').facts as NonNullable<ReturnType<typeof machineOf>['facts']>),
        sessions: [
          {
            id: '1',
            account: 'house\\ann',
            state: 'locked',
            kind: 'console',
            ours: false,
            since: clock.now(),
          },
          { id: '2', account: 'house\\bot', state: 'active', kind: 'remote', ours: true, since: clock.now() },
          {
            id: '3',
            account: 'house\\bob',
            state: 'disconnected',
            kind: 'remote',
            ours: false,
            since: clock.now(),
          },
        ],
      },
    });
    fake.connections = [
      {
        id: 'c1',
        name: 'bot',
        queue: 'srv-1',
        account: 'house\\bot',
        credential: { kind: 'sealed' },
        usable: true,
        owner: 'ann',
      },
      {
        id: 'c2',
        name: 'old',
        queue: 'gone',
        account: 'x',
        credential: { kind: 'none' },
        usable: false,
        owner: 'ann',
      },
    ];
    const film: string[] = [];
    await window.open();
    film.push(await trees('an agent and an orchestrator, nothing to do'));

    fake.put('orders', { state: 'Running', machine: 'srv-1', session: '2', startedAt: clock.now() });
    fake.put('archive', { requestedAt: clock.now() + 1 });
    fake.put('invoices', { requestedAt: clock.now() + 2, priority: 'high', requestedBy: 'bob' });
    fake.put('stock', { queue: 'floor', requestedAt: clock.now() + 3 });
    await clock.advance(1_500);
    film.push(await trees('work: one runs, two wait, one waits for the group'));

    fake.verdict = {
      kind: 'waits',
      position: 1,
      expiresAt: 0,
      blocker: {
        cause: 'ours',
        code: 'UIFlowAlreadyRunning',
        message: 'All slots of SRV-1 are used.',
        who: 'nobody needs to',
        nextStep: 'it passes by itself',
      },
    };
    window.vscode.setVisible(queueView, true);
    fake.put('archive', { movedToTopAt: clock.now() });
    await clock.advance(1_500);
    film.push(await trees('one was moved to the top; the view asks why the first waits'));

    fake.machines = fake.machines.map((machine) =>
      machine.id === 'srv-1'
        ? { ...machine, settings: { ...settings, maintenance: true } }
        : { ...machine, online: false },
    );
    await clock.advance(6_000);
    film.push(await trees('maintenance, and a group without a machine that is there'));

    fake.put('orders', {
      state: 'Failed',
      endedAt: clock.now(),
      error: { code: 'FileNotFoundError', message: 'gone', nextStep: 'look', line: 3 },
    });
    await clock.advance(1_500);
    film.push(await trees('a run has failed'));

    fake.up = false;
    fake.drop();
    await clock.advance(1_000);
    film.push(await trees('the orchestrator is away: what was known stays'));

    fake.up = true;
    fake.token = 'other';
    await clock.advance(3_000);
    film.push(await trees('it is back and does not know the token any more'));

    await window.run(fleetCommandIds.replaceToken, await window.row(machinesView, 'Flows of the house'));
    await window.answer('other');
    await clock.advance(1_000);
    film.push(await trees('a new token'));

    window.agent.drop(1001);
    await clock.advance(120_000);
    film.push(await trees('the agent of this machine was stopped'));
    await expect(film.join('\n')).toMatchFileSnapshot('golden/machines-at-work.txt');
  });

  it('are those of one machine alone where there is no other', async () => {
    window = new FleetWindow();
    window.agent.machines = [machineOf('m-1', { name: 'DESK-7', unattendedSlots: 0 })];
    window.agent.queue('a', 'archive');
    await window.open();
    expect(await window.vscode.renderTree(queueView)).toBe(
      '[list-ordered] Queued  1\n  [clock] archive  Next to run  {run active queued}',
    );
    expect(await window.vscode.renderTree(machinesView)).toMatch(
      /^\[vm-active\] DESK-7 {2}Connected · 0 running, 1 queued/,
    );
  });

  it('say everything in words, and render nothing of what others wrote', async () => {
    const fake = await floor();
    fake.put('x', {
      flow: { name: '[click](command:evil) $(trash) \u001b[31m<b>\n**x**', path: '/a\u202eb', hash: '' },
      requestedBy: '![i](https://evil)',
    });
    await window.open();
    const row = await window.row(queueView, 'click');
    const provider = window.equipment.views.get(queueView)?.treeDataProvider as unknown as {
      getTreeItem(row: unknown): { label: string; accessibilityInformation: { label: string } };
      resolveTreeItem(
        item: object,
        row: unknown,
        token: object,
      ): Promise<{ tooltip: { value: string; isTrusted?: boolean } }>;
    };
    const item = provider.getTreeItem(row);
    expect(item.label).not.toMatch(/[\u0000-\u001f\u202e]/);
    expect(item.accessibilityInformation.label).toContain('Queued');
    const { tooltip } = await provider.resolveTreeItem(item, row, { isCancellationRequested: false });
    expect(tooltip.isTrusted).toBeFalsy();
    expect(tooltip.value).not.toMatch(/[^\\]\]\(/);
    expect(tooltip.value).not.toContain('<b>');
    expect(tooltip.value).toContain('**Gives up waiting:** in 3 h 0 min');
  });

  it('redraw one row for one event', async () => {
    const fake = await floor();
    await window.open();
    fake.put('a', { state: 'Running', machine: 'srv-1', startedAt: 1 });
    fake.put('b');
    fake.put('c', { requestedAt: window.clock.now() + 1 });
    await window.settle();
    await window.vscode.takeRedrawn(queueView);
    fake.put('a', { position: { subflow: 'Main', line: 4, action: 'File.Copy' } });
    await window.settle();
    expect(await window.vscode.takeRedrawn(queueView)).toEqual(['run:a']);
    fake.put('c', { movedToTopAt: window.clock.now() });
    await window.settle();
    expect(await window.vscode.takeRedrawn(queueView)).toEqual(['list:flows/srv-1/queued']);
    fake.put('b', { state: 'Starting', machine: 'srv-1' });
    await window.settle();
    expect(await window.vscode.takeRedrawn(queueView)).toEqual(['queue:flows/srv-1']);
  });

  it('take a flood of events at once, and count it on the badge', async () => {
    const fake = await floor();
    await window.open();
    const redraws: unknown[] = [];
    window.equipment.views.get(queueView)?.treeDataProvider.onDidChangeTreeData?.((row) => redraws.push(row));
    for (let i = 0; i < 5_000; i++) fake.put(`r${i}`, { requestedAt: i });
    await window.settle();
    expect(redraws.length).toBeLessThanOrEqual(2);
    expect(window.equipment.views.get(queueView)?.view.badge).toEqual({
      value: 5_000,
      tooltip: '5000 runs: 0 running, 5000 queued',
    });
  });

  it('page a queue of 5,000 runs, and show the first rows at once', async () => {
    const fake = await floor();
    for (let i = 0; i < 5_000; i++) fake.put(`r${i}`, { requestedAt: i });
    await window.open();
    const start = performance.now();
    const shown = (await window.vscode.renderTree(queueView)).split('\n');
    const took = performance.now() - start;
    expect(shown.filter((row) => row.includes('{run'))).toHaveLength(100);
    expect(shown.at(-1)).toContain('Show 100 more of 4900');
    expect(took).toBeLessThan(100);
    await window.run(hiddenFleetCommandIds.showMoreRuns, { server: 'flows', queue: 'srv-1', list: 'queued' });
    expect(
      (await window.vscode.renderTree(queueView)).split('\n').filter((row) => row.includes('{run')),
    ).toHaveLength(200);
  });

  it('tell when a run that is about to give up does so, with a clock that is an hour off', async () => {
    const fake = await floor();
    fake.aheadMs = -3_600_000;
    await window.open();
    fake.put('a', { expiresAt: fake.now + 5 * 60_000 });
    await window.settle();
    expect(await window.vscode.renderTree(queueView)).toContain('gives up in 5 min 0 s');
  });

  it('keep a run whose machine is removed while it runs, until it has ended', async () => {
    const fake = await floor();
    await window.open();
    fake.put('a', { state: 'Running', machine: 'srv-1', startedAt: 1 });
    fake.machines = fake.machines.filter(({ id }) => id !== 'srv-1');
    await window.clock.advance(2_000);
    expect(await window.vscode.renderTree(queueView)).toContain('a machine that is gone');
    expect(await window.vscode.renderTree(machinesView)).not.toContain('SRV-1');
  });

  it('show only what the filter wants, and say so', async () => {
    const fake = await floor();
    fake.put('orders', { state: 'Running', machine: 'srv-1', startedAt: 1 });
    fake.put('archive', { requestedBy: 'bob' });
    fake.put('stock', { requestedBy: 'bob', queue: 'floor' });
    await window.open();
    await window.run(fleetCommandIds.filterRuns);
    await window.answer(['Queued', 'bob', 'archive']);
    const tree = await window.vscode.renderTree(queueView);
    expect([
      tree.includes('[clock] archive'),
      tree.includes('[clock] stock'),
      tree.includes('orders'),
    ]).toEqual([true, false, false]);
    expect(tree).toContain('Queued  0 of 1');
    expect(window.equipment.views.get(queueView)?.view.description).toBe('flow archive · by bob · Queued');
    expect(window.vscode.contexts.get('desktopFlows.runsFiltered')).toBe(true);
    await window.run(fleetCommandIds.clearRunFilter);
    expect(await window.vscode.renderTree(queueView)).toContain('[clock] stock');
  });
});

describe('the order of a queue', () => {
  const three = async () => {
    const fake = await floor();
    for (const [i, id] of ['a', 'b', 'c'].entries()) fake.put(id, { requestedAt: i });
    await window.open();
    return fake;
  };
  const order = async () =>
    [...(await window.vscode.renderTree(queueView)).matchAll(/\[clock\] (\w+)/g)].map(([, name]) => name);

  it('is changed for all selected runs, which keep theirs', async () => {
    const fake = await three();
    const [b, c] = [await window.row(queueView, 'b'), await window.row(queueView, 'c')];
    fake.latencyMs = 1; // so that the two moves have times of their own
    await window.run(fleetCommandIds.moveToTop, b, [b, c]);
    expect(await order()).toEqual(['b', 'c', 'a']);
    await window.run(fleetCommandIds.undoMove, b, [b, c]);
    expect(await order()).toEqual(['a', 'b', 'c']);
  });

  it('is changed with a key for the selected rows', async () => {
    await three();
    const view = window.equipment.views.get(queueView)?.view as { selection: unknown[] };
    view.selection = [await window.row(queueView, 'c')];
    await window.run(fleetCommandIds.moveToTop, 'selection');
    expect(await order()).toEqual(['c', 'a', 'b']);
  });

  it('follows a drop as far as its rules allow, and says why where they do not', async () => {
    const fake = await three();
    const row = (name: string) => window.row(queueView, name);
    await window.drop(queueView, [await row('c')], await row('a'));
    expect(await order()).toEqual(['c', 'a', 'b']);
    await window.drop(queueView, [await row('b')], await row('a'));
    expect(window.vscode.dialog.text).toMatch(
      /^b: Runs of the same priority start in the order of their requests/,
    );
    await window.answer(undefined);
    fake.put('a', { priority: 'high' });
    await window.settle();
    await window.drop(queueView, [await row('b')], await row('a'));
    expect(fake.called('runs.prioritize')).toEqual([{ runId: 'b', priority: 'high' }]);
  });

  it('knows what a drop means', () => {
    const run = (id: string, more = {}) =>
      ({ id, queue: 'q', priority: 'normal', requestedAt: 1, ...more }) as Parameters<typeof moveOf>[0];
    const [a, b] = [run('a'), run('b')];
    expect(moveOf(b, a, a)).toEqual({ kind: 'top' });
    expect(moveOf(a, a, a)).toEqual({ kind: 'nothing' });
    expect(moveOf(b, run('x', { priority: 'high' }), a)).toEqual({ kind: 'priority', priority: 'high' });
    expect(moveOf(b, run('x', { movedToTopAt: 5 }), a)).toEqual({ kind: 'top' });
    expect(moveOf(b, run('x', { queue: 'other' }), a).kind).toBe('refused');
  });

  it('is explained: why a run waits, and when it gives up', async () => {
    const fake = await three();
    fake.verdict = {
      kind: 'waits',
      position: 1,
      expiresAt: 0,
      forecast: { inMs: 120_000, because: 'runs of orders take as long' },
      blocker: {
        cause: 'machine',
        code: 'NoListenerConnected',
        message: 'SRV-1 is offline.',
        who: 'its owner',
        nextStep: 'turn it on',
      },
    };
    await window.run(fleetCommandIds.whyWaiting, await window.row(queueView, 'a'));
    const { text, options } = window.vscode.dialog;
    expect(text).toBe('a waits: SRV-1 is offline. (NoListenerConnected)');
    expect(options.detail).toMatch(
      /^its owner: turn it on\n\nExpected to start in about 2 min 0 s, because runs of orders take as long\.\n\nIt gives up waiting in 3 h 0 min/,
    );
  });
});

describe('machines', () => {
  it('are put in maintenance together, and taken out', async () => {
    const fake = await floor();
    await window.open();
    const rows = [await window.row(machinesView, 'SRV-1'), await window.row(machinesView, 'SRV-2')];
    await window.run(fleetCommandIds.startMaintenance, rows[0], rows);
    expect(fake.machines.map(({ settings: { maintenance } }) => maintenance)).toEqual([true, true, false]);
    expect(await window.vscode.renderTree(machinesView)).toContain('[tools] SRV-1  Maintenance · ');
    await window.run(fleetCommandIds.endMaintenance, rows[0]);
    expect(fake.machines[0]?.settings.maintenance).toBe(false);
  });

  it('get other settings, those of a member at its group', async () => {
    const fake = await floor();
    await window.open();
    await window.run(fleetCommandIds.changeSettings, await window.row(machinesView, 'SRV-1'));
    expect(window.vscode.dialog.items).toContain('Reuse sessions');
    await window.answer('Reuse sessions');
    await window.answer('On: sessions of unattended runs are locked at the end and used again');
    expect(fake.called('machines.set').at(-1)).toEqual({
      machine: 'srv-1',
      settings: { reuseSessions: true },
    });
    await window.run(fleetCommandIds.changeSettings, await window.row(machinesView, 'SRV-2'));
    expect(window.vscode.dialog.text).toContain('whose settings hold for it');
  });

  it('are renamed and removed, the own one never', async () => {
    const fake = await floor();
    await window.open();
    await window.run(fleetCommandIds.renameMachine, await window.row(machinesView, 'SRV-1'));
    await window.answer('Press');
    expect(await window.vscode.renderTree(machinesView)).toContain('Press');
    await window.run(fleetCommandIds.removeMachine, await window.row(machinesView, 'Press'));
    await window.answer('Remove');
    expect(fake.machines.map(({ id }) => id)).toEqual(['srv-2', 'srv-3']);
    await window.run(fleetCommandIds.removeMachine, await window.row(machinesView, 'DESK-7'));
    expect(window.vscode.dialog.text).toContain('OwnMachine');
  });

  it('are registered with a code, here and elsewhere', async () => {
    const fake = await floor();
    await window.open();
    await window.run(fleetCommandIds.newPairingCode, await window.row(machinesView, 'Flows of the house'));
    expect(window.vscode.dialog.text).toBe('Pairing code ABCD-EFGH, good for one machine within 10 minutes.');
    await window.answer('Copy Command');
    expect(window.vscode.clipboard).toBe('dflow agent pair wss://flows.example:7420 ABCD-EFGH');
    expect(fake.called('pairing.new')).toHaveLength(1);
  });

  it('have their agent started anew on request, after a question when runs are in progress', async () => {
    await floor();
    window.agent.queue('a', 'archive', { state: 'Running', startedAt: 1 });
    await window.open();
    await window.run(fleetCommandIds.restartAgent);
    expect(window.vscode.dialog.options.detail).toBe('1 run in progress will be canceled. Queued runs stay.');
    await window.answer(undefined);
    expect(window.agent.called('agent.stop')).toEqual([]);
    await window.run(fleetCommandIds.restartAgent);
    await window.answer('Restart Agent');
    expect([window.agent.called('agent.stop').length, window.agent.opened]).toEqual([1, 1]);
    expect(await window.vscode.renderTree(machinesView)).toContain('[vm-active] DESK-7  Connected');
  });

  it('are never started by a list that is read while they end', async () => {
    await floor();
    await window.open();
    window.vscode.setVisible(machinesView, true);
    window.agent.drop(1001);
    await window.clock.advance(60_000);
    expect(window.agent.opened).toBe(0);
  });

  it('show who changed what', async () => {
    await floor();
    await window.open();
    await window.run(fleetCommandIds.showAudit, await window.row(machinesView, 'SRV-1'));
    expect(window.vscode.dialog.items[0]).toContain('olga');
  });
});

describe('orchestrators', () => {
  it('are added once they answer; the token is in the secret storage only', async () => {
    window = new FleetWindow();
    const fake = window.known('other', 'Other');
    window.globalState.values.clear();
    window.secrets.values.clear();
    await window.open();
    await window.run(fleetCommandIds.addOrchestrator);
    await window.answer('wss://other.example:7420/');
    expect(window.vscode.dialog.options.password).toBe(true);
    await window.answer('bad');
    await window.answer('The other one');
    await window.answer('Its certificate is of a public authority, or trusted by this system');
    expect(window.vscode.dialog.text).toContain('OrchestratorRefused');
    expect(window.globalState.values.size + window.secrets.values.size).toBe(0);
    await window.answer(undefined);

    fake.token = 'a-secret-token';
    await window.run(fleetCommandIds.addOrchestrator);
    await window.answer('wss://other.example:7420/');
    await window.answer('a-secret-token');
    await window.answer('The other one');
    await window.answer('Its certificate is of a public authority, or trusted by this system');
    expect(await window.vscode.renderTree(machinesView)).toContain(
      '[server] The other one  Connected · no machine yet',
    );
    expect([...window.secrets.values.values()]).toEqual(['a-secret-token']);
    expect(
      JSON.stringify([...window.globalState.values, ...window.memory.values, window.vscode.output]),
    ).not.toContain('a-secret-token');

    await window.run(fleetCommandIds.addOrchestrator);
    await window.answer('wss://other.example:7420');
    await window.answer('a-secret-token');
    await window.answer('Again');
    await window.answer('Its certificate is of a public authority, or trusted by this system');
    expect(window.vscode.dialog.text).toContain('ServerKnown');
    await window.answer(undefined);

    await window.run(fleetCommandIds.renameServer, await window.row(machinesView, 'The other one'));
    await window.answer('House');
    await window.run(fleetCommandIds.removeServer, await window.row(machinesView, 'House'));
    await window.answer('Remove');
    expect([
      window.secrets.values.size,
      window.globalState.get<object[]>(memoryKeys.servers, []),
      fake.links,
    ]).toEqual([0, [], 0]);
  });

  it('of two windows show the same', async () => {
    const fake = await floor();
    await window.open();
    const first = window;
    const second = new FleetWindow();
    second.globalState.values.set(memoryKeys.servers, first.globalState.values.get(memoryKeys.servers));
    second.secrets.values.set(memoryKeys.token('flows'), 'good');
    second.servers.set('wss://flows.example:7420', fake);
    second.agent.machines = first.agent.machines;
    await second.open();
    fake.put('a', { state: 'Running', machine: 'srv-1', startedAt: first.clock.now() });
    await first.settle();
    await second.settle();
    expect(await second.vscode.renderTree(queueView)).toBe(await first.vscode.renderTree(queueView));
    second.dispose();
  });

  it('that answer slowly hold nothing up', async () => {
    const fake = await floor();
    fake.latencyMs = 5_000;
    await window.open();
    expect(await window.vscode.renderTree(machinesView)).toContain(
      '[loading~spin] Flows of the house  Connecting…',
    );
    await window.clock.advance(30_000);
    expect(await window.vscode.renderTree(machinesView)).toContain('[server] Flows of the house');
  });
});

describe('why nothing can run', () => {
  const facts = machineOf('x').facts as NonNullable<ReturnType<typeof machineOf>['facts']>;
  const person = {
    id: '1',
    account: 'house\\ann',
    state: 'locked' as const,
    kind: 'console' as const,
    ours: false,
    since: 0,
  };

  it.each([
    ['offline', { online: false }, 'NoListenerConnected'],
    ['in maintenance', { settings: { ...settings, maintenance: true } }, 'MachineInMaintenance'],
    ['without a slot', { unattendedSlots: 0 }, 'UnattendedNoAddon'],
    [
      'a client with somebody signed in',
      { facts: { ...facts, edition: 'client' as const, sessions: [person] } },
      'Win10AlreadyHasActiveSession',
    ],
    [
      'a server that is full',
      { facts: { ...facts, sessionLimit: 1, sessions: [person] } },
      'TooManyActiveSessions',
    ],
    [
      'whose sessions cannot be seen',
      { facts: { ...facts, sessions: undefined } },
      'UIFlowServiceNoRdpPermissions',
    ],
    [
      'where somebody records',
      { facts: { ...facts, recording: ['ann'] } },
      'LocalPlaybackOrRecordingOngoing',
    ],
  ])('names a machine that is %s, with what to do', async (_, more, code) => {
    const fake = await floor();
    fake.machines[0] = machineOf('srv-1', more);
    await window.open();
    const server = window.started.fleet.server('flows');
    const findings = diagnose(server as NonNullable<typeof server>, 'srv-1', undefined);
    const found = findings.find((finding) => finding.code === code);
    expect(found?.kind).not.toBe('good');
    expect(found?.nextStep).toMatch(/\w/);
  });

  it('walks from the way to the server to the sessions, and says what waits', async () => {
    const fake = await floor();
    fake.machines[0] = machineOf('srv-1', { settings: { ...settings, maintenance: true } });
    fake.put('archive');
    fake.verdict = {
      kind: 'waits',
      position: 1,
      expiresAt: 0,
      blocker: {
        cause: 'machine',
        code: 'MachineInMaintenance',
        message: 'SRV-1 is in maintenance.',
        who: 'its owner',
        nextStep: 'end it',
      },
    };
    await window.open();
    await window.run(fleetCommandIds.whyNothingRuns, await window.row(machinesView, 'SRV-1'));
    expect(window.vscode.dialog.items).toEqual([
      '$(pass) Flows of the house is reached (version 0.1.0, as ann).',
      '$(pass) SRV-1 is online.',
      '$(error) SRV-1 is in maintenance: what runs goes on, nothing new starts.',
      '$(warning) Nobody is signed in at SRV-1 with an unlocked session: attended runs cannot start.',
      '$(error) There is no connection to it.',
      '$(warning) Next to run, archive, waits: SRV-1 is in maintenance.',
    ]);
    await window.answer('$(error) There is no connection to it.');
    expect(window.vscode.clipboard).toBe(
      'There is no connection to it. Add one: an account and its password. (ConnectionNeeded)',
    );
  });

  it('is said of a server that cannot be reached, with its own next step', async () => {
    const fake = await floor();
    fake.token = 'other';
    await window.open();
    await window.run(fleetCommandIds.whyNothingRuns, await window.row(machinesView, 'Flows of the house'));
    expect(window.vscode.dialog.items).toEqual(['$(error) Flows of the house: The token is not known.']);
  });
});
