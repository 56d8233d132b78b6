// Running flows on machines and the connections that need it: what is asked, what is remembered and what never is, links and tasks.
import { afterEach, describe, expect, it } from 'vitest';
import { readRunLink } from '../../src/extension/fleet/runLinks.ts';
import { fleetCommandIds, memoryKeys, viewIds } from '../../src/extension/names.ts';
import type { FlowParameterInfo } from '../../src/protocol/editor.ts';
import type { FakeServer } from './fakeServer.ts';
import { machineOf } from './fakeServer.ts';
import { FleetWindow } from './fleetHarness.ts';

let window: FleetWindow;
let fake: FakeServer;
afterEach(() => window.dispose());

const input = (externalName: string, more: Partial<FlowParameterInfo> = {}): FlowParameterInfo => ({
  name: externalName,
  externalName,
  description: '',
  type: 'Text',
  optional: false,
  sensitive: false,
  line: 0,
  ...more,
});

async function house(): Promise<void> {
  window = new FleetWindow();
  fake = window.known('flows', 'House');
  fake.machines = [machineOf('srv-1')];
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
      name: 'desk',
      queue: 'srv-1',
      account: 'house\\ann',
      credential: { kind: 'none' },
      usable: true,
      owner: 'ann',
    },
  ];
  window.agent.machines = [machineOf('m-1', { name: 'DESK-7' })];
  await window.open();
  window.vscode.open('/flows/archive.robin', 'WAIT 1');
}

/** Answers the input box that is open. */
async function type(text: string): Promise<void> {
  window.vscode.inputBox.type(text).accept();
  await window.settle();
}

const labels = () => window.vscode.quickPick.items.map(({ label }) => label);
const place = () => (window.vscode.quickPick as { title: string }).title;

describe('Run Flow On', () => {
  it('asks for target, mode, connection, inputs and terms, and remembers all but secrets', async () => {
    await house();
    window.flow = { ...window.flow, inputs: [input('Folder'), input('Key', { sensitive: true })] };
    await window.run(fleetCommandIds.runFlowOn);
    expect(labels()).toEqual(['DESK-7', 'SRV-1']);
    await window.choose('SRV-1');
    expect(labels()).toEqual(['Attended', 'Unattended']);
    await window.choose('Unattended');
    expect(labels()).toEqual(['bot', '$(add) Add a connection…']);
    await window.choose('bot');
    await type('/in');
    expect(window.vscode.inputBox.password).toBe(true);
    await type('s3cret-value');
    expect(place()).toBe('Run archive on SRV-1, unattended');
    await window.choose('Priority');
    await window.choose('Timeout');
    await window.answer('90');
    await window.choose('Log');
    await window.choose('warning');
    expect(window.vscode.quickPick.items.map(({ description }) => description)).toEqual([
      'would start now on SRV-1',
      'high',
      '1 h 30 min',
      'warnings and errors',
    ]);
    await window.choose('Run');
    expect(fake.called('runs.enqueue')).toEqual([
      {
        flow: { name: 'archive', path: '/flows/archive.robin', text: 'WAIT 1', companions: [] },
        inputs: { Folder: '/in', Key: 's3cret-value' },
        mode: 'unattended',
        priority: 'high',
        requestedBy: 'ada',
        connection: 'c1',
        timeoutSeconds: 5_400,
        logging: { level: 'warning' },
      },
    ]);
    const kept = JSON.stringify([
      ...window.memory.values,
      ...window.globalState.values,
      window.vscode.output,
    ]);
    expect(kept).not.toContain('s3cret-value');
    expect(window.memory.get(memoryKeys.terms('/flows/archive.robin'))).toEqual({
      server: 'flows',
      queue: 'srv-1',
      connection: 'c1',
      mode: 'unattended',
      priority: 'high',
      timeoutSeconds: 5_400,
      logLevel: 'warning',
    });
    // Once more: what was chosen is preset, and the secret is asked for again.
    await window.run(fleetCommandIds.runFlowOn);
    expect(window.vscode.quickPick.activeItems.map(({ label }) => label)).toEqual(['SRV-1']);
    await window.choose('SRV-1');
    expect(window.vscode.quickPick.activeItems.map(({ label }) => label)).toEqual(['Unattended']);
    await window.choose('Unattended');
    await window.choose('bot');
    expect(window.vscode.inputBox.value).toBe('/in');
    await type('/in');
    expect(window.vscode.inputBox.value).toBe('');
  });

  it('goes back a step, and ends quietly when it is left', async () => {
    await house();
    await window.run(fleetCommandIds.runFlowOn);
    await window.choose('SRV-1');
    window.vscode.quickPick.back();
    await window.settle();
    expect(labels()).toEqual(['DESK-7', 'SRV-1']);
    window.vscode.quickPick.hide();
    await window.settle();
    expect([fake.called('runs.enqueue'), window.vscode.dialogs]).toEqual([[], []]);
  });

  it('needs no connection for the own account of this machine', async () => {
    await house();
    await window.run(fleetCommandIds.runFlowOn);
    await window.choose('DESK-7');
    await window.choose('Attended');
    await window.choose('Run');
    expect(window.agent.called('runs.enqueue').at(-1)).toMatchObject({ mode: 'attended', queue: 'm-1' });
  });

  it('takes the machine of the row it was called on', async () => {
    await house();
    await window.run(fleetCommandIds.runFlowOn, await window.row(viewIds.machines, 'SRV-1'));
    expect(labels()).toEqual(['Attended', 'Unattended']);
  });

  it('says before the run that it would fail, and why', async () => {
    await house();
    fake.verdict = {
      kind: 'fails',
      blocker: {
        cause: 'session',
        code: 'AttendedUserNotLoggedIn',
        message: 'Nobody is signed in.',
        who: 'x',
        nextStep: 'y',
      },
    };
    await window.run(fleetCommandIds.runFlowOn);
    await window.choose('SRV-1');
    await window.choose('Attended');
    await window.choose('desk');
    expect(window.vscode.quickPick.items[0]?.description).toBe(
      'would fail: Nobody is signed in. (AttendedUserNotLoggedIn)',
    );
  });

  it('runs where it ran last when it is just run; on this machine when that place is gone', async () => {
    await house();
    const key = memoryKeys.terms('/flows/archive.robin');
    window.memory.values.set(key, {
      server: 'flows',
      queue: 'srv-1',
      connection: 'c1',
      mode: 'unattended',
      priority: 'normal',
    });
    const [tasks] = window.equipment.taskProviders;
    window.vscode.files.set('/flows/archive.robin', '');
    const run = async () => {
      const found = (await tasks?.provideTasks()) ?? [];
      const [{ open }] = found.map(({ execution }) => execution) as [{ open(): Promise<unknown> }];
      const terminal = (await open()) as {
        open(): void;
        onDidWrite(listener: (text: string) => void): void;
        onDidClose(listener: (code: number) => void): void;
      };
      const said: (string | number)[] = [];
      terminal.onDidWrite((text) => said.push(text.trim()));
      terminal.onDidClose((code) => said.push(code));
      terminal.open();
      await window.settle();
      return said;
    };
    const said = await run();
    expect(fake.called('runs.enqueue')).toHaveLength(1);
    expect(said).toEqual(['run-1 is requested: run run-1']);
    fake.put('run-1', {
      state: 'Failed',
      endedAt: fake.now,
      error: { code: 'FileNotFoundError', message: 'gone', nextStep: 'look' },
    });
    await window.settle();
    expect(said.slice(1)).toEqual([
      expect.stringContaining('Failed'),
      'FileNotFoundError: gone',
      'Next step: look',
      1,
    ]);
    fake.connections = [];
    await window.started.fleet.server('flows')?.refresh();
    await run();
    expect([fake.called('runs.enqueue').length, window.agent.called('runs.enqueue').length]).toEqual([1, 1]);
  });

  it('runs nothing in a workspace that is not trusted', async () => {
    await house();
    window.vscode.isTrusted = false;
    await window.run(fleetCommandIds.runFlowOn);
    expect(window.vscode.dialog.text).toContain('trusted workspace');
  });
});

describe('Resubmit with Changes', () => {
  const ended = async () => {
    await house();
    fake.put('old', {
      state: 'Failed',
      endedAt: fake.now,
      flow: { name: 'archive', path: '/flows/archive.robin', hash: 'h' },
      inputs: { Folder: '/in', Key: { $type: 'secured' } },
    });
    await window.settle();
    await window.run(fleetCommandIds.resubmitRunWith, await window.row(viewIds.runQueue, 'archive'));
  };

  it('offers the same again', async () => {
    await ended();
    await window.answer('As it was');
    expect(fake.called('runs.resubmit')).toEqual([{ runId: 'old', requestedBy: 'ada' }]);
  });

  it('asks for other inputs; a secret that is left empty stays where it is sealed', async () => {
    await ended();
    await window.answer('With other inputs…');
    expect(window.vscode.inputBox.value).toBe('/in');
    await type('/other');
    expect([window.vscode.inputBox.password, window.vscode.inputBox.value]).toEqual([true, '']);
    await type('');
    expect(fake.called('runs.resubmit')).toEqual([
      { runId: 'old', requestedBy: 'ada', inputs: { Folder: '/other' } },
    ]);
    expect([...window.memory.values.keys()].filter((key) => key.includes('inputs'))).toEqual([]);
  });

  it('goes to another machine of the same server, and says what to do for others', async () => {
    await ended();
    fake.machines.push(machineOf('srv-2'));
    fake.connections.push({
      id: 'c3',
      name: 'second',
      queue: 'srv-2',
      account: 'x',
      credential: { kind: 'sealed' },
      usable: true,
      owner: 'ann',
    });
    await window.started.fleet.server('flows')?.refresh();
    await window.answer('On another machine…');
    await window.choose('SRV-2');
    await window.choose('Unattended');
    await window.choose('second');
    expect(fake.called('runs.resubmit')).toEqual([{ runId: 'old', requestedBy: 'ada', connection: 'c3' }]);
    await window.run(fleetCommandIds.resubmitRunWith, { kind: 'run', runId: 'old' });
    await window.answer('On another machine…');
    await window.choose('DESK-7');
    await window.choose('Unattended');
    expect(window.vscode.dialog.text).toContain('ResubmitElsewhere');
  });
});

describe('a link', () => {
  const open = (path: string, query: string) => {
    void window.equipment.uriHandlers[0]?.handleUri({ path, query });
    return window.settle();
  };

  it('runs nothing before the person has read what it wants and agreed', async () => {
    await house();
    window.flow = { ...window.flow, inputs: [input('Folder')] };
    await open('/run', 'flow=/flows/archive.robin&machine=SRV-1&mode=unattended&input=Folder%3D/in');
    const { text, options, items } = window.vscode.dialog;
    expect(text).toContain('A link wants to run a flow');
    expect(options).toMatchObject({
      modal: true,
      detail: 'Flow: /flows/archive.robin\nMachine: SRV-1\nMode: unattended\nInput Folder: /in',
    });
    expect(items).toEqual(['Open the Flow', 'Run']);
    expect(fake.called('runs.enqueue')).toEqual([]);
    await window.answer('Run');
    expect(window.vscode.quickPick.activeItems.map(({ label }) => label)).toEqual(['Unattended']);
    await window.choose('Unattended');
    await window.choose('bot');
    await window.choose('Run');
    expect(fake.called('runs.enqueue')[0]).toMatchObject({ inputs: { Folder: '/in' }, connection: 'c1' });
  });

  it('never brings a sensitive input, and does not repeat it', async () => {
    await house();
    window.flow = { ...window.flow, inputs: [input('Key', { sensitive: true })] };
    await open('/run', 'flow=/flows/archive.robin&input=Key%3Dhush');
    await window.answer('Run');
    await window.choose('DESK-7');
    await window.choose('Attended');
    expect(window.vscode.dialog.text).toContain('SensitiveInLink');
    expect(window.vscode.dialog.text).not.toContain('hush');
  });

  it.each([
    ['/other', 'flow=/a.robin'],
    ['/run', ''],
    ['/run', 'flow=/etc/passwd'],
    ['/run', 'flow=a.robin'],
    ['/run', 'flow=//share/a.robin'],
    ['/run', 'flow=http://evil/a.robin'],
    ['/run', 'flow=/a.robin&mode=root'],
    ['/run', 'flow=/a.robin&input=hush'],
  ])('that is not of the form is refused without being repeated: %s %s', (path, query) => {
    window = new FleetWindow();
    window.started = { dispose: () => undefined } as never;
    window.dispose = () => undefined;
    try {
      readRunLink(path, query);
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ code: 'RunLinkInvalid' });
      expect(String(error)).not.toContain('hush');
    }
  });
});

describe('connections', () => {
  it('are added with a password that goes to the server and nowhere else', async () => {
    await house();
    await window.run(fleetCommandIds.addConnection, await window.row(viewIds.machines, 'SRV-1'));
    await window.answer('house\\robot');
    await window.answer('Type the password');
    expect(window.vscode.dialog.options.password).toBe(true);
    await window.answer('pa55 word');
    await window.answer('robot');
    expect(fake.called('connections.put')).toEqual([
      { name: 'robot', target: 'srv-1', account: 'house\\robot', password: 'pa55 word' },
    ]);
    expect(window.vscode.dialog.text).toBe('robot is there.');
    const kept = JSON.stringify([
      ...window.memory.values,
      ...window.globalState.values,
      ...window.secrets.values,
      window.vscode.output,
      await window.vscode.renderTree(viewIds.machines),
    ]);
    expect(kept).not.toContain('pa55 word');
    expect(kept).toContain('robot  house\\\\robot · SRV-1 · password kept sealed');
  });

  it('refer to a password instead of having it', async () => {
    await house();
    await window.run(fleetCommandIds.editConnection, await window.row(viewIds.machines, 'bot'));
    await window.answer('Password');
    await window.answer('Refer to a password that is kept elsewhere');
    await window.answer('env:FLOWS_PASSWORD');
    expect(fake.called('connections.put')).toEqual([{ connection: 'c1', reference: 'env:FLOWS_PASSWORD' }]);
  });

  it('give their password again with another account', async () => {
    await house();
    await window.run(fleetCommandIds.editConnection, await window.row(viewIds.machines, 'bot'));
    await window.answer('Account');
    await window.answer('house\\other');
    expect(fake.called('connections.put')).toEqual([]);
    await window.answer('Type the password');
    await window.answer('x');
    expect(fake.called('connections.put')).toEqual([
      { connection: 'c1', account: 'house\\other', password: 'x' },
    ]);
  });

  it('are tested: the code of the product and what to do', async () => {
    await house();
    const row = await window.row(viewIds.machines, 'bot');
    fake.answers.set('connections.test', {
      machine: 'SRV-1',
      ok: false,
      error: {
        code: 'WindowsIdentityIncorrect',
        message: 'The password is wrong.',
        nextStep: 'Enter it again.',
      },
    });
    await window.run(fleetCommandIds.testConnection, row);
    expect(window.vscode.dialog.text).toBe(
      'bot failed on SRV-1: The password is wrong. Enter it again. (WindowsIdentityIncorrect)',
    );
    expect(window.vscode.dialog.items).toEqual(['Edit Connection']);
    await window.answer(undefined);
    fake.answers.set('connections.test', { machine: 'SRV-1', ok: true });
    await window.run(fleetCommandIds.testConnection, row);
    expect(window.vscode.dialog.text).toBe('bot is good: its account can sign in on SRV-1.');
  });

  it('are removed after a question', async () => {
    await house();
    await window.run(fleetCommandIds.removeConnection, await window.row(viewIds.machines, 'bot'));
    await window.answer(undefined);
    expect(fake.connections).toHaveLength(2);
    await window.run(fleetCommandIds.removeConnection, await window.row(viewIds.machines, 'bot'));
    await window.answer('Remove');
    expect(fake.connections.map(({ id }) => id)).toEqual(['c2']);
  });

  it('are made on the way when a run needs one', async () => {
    await house();
    fake.connections = [];
    await window.started.fleet.server('flows')?.refresh();
    await window.run(fleetCommandIds.runFlowOn);
    await window.choose('SRV-1');
    await window.choose('Unattended');
    await window.choose('Add a connection');
    await window.answer('house\\bot');
    await window.answer('Type the password');
    await window.answer('x');
    await window.answer('bot');
    await window.choose('Run');
    expect(fake.called('runs.enqueue')[0]).toMatchObject({ connection: 'c-1', mode: 'unattended' });
  });
});
