// Queues, runs and schedules from the command line, on a real agent. Wrong inputs included.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Fleet, fleet, flowText, requestRun } from './fleet.ts';
import { folderWith } from './output.ts';

/** A run that runs, and three that wait for it in this order. */
async function busy(): Promise<Fleet & { readonly ids: readonly string[] }> {
  const pc = await fleet();
  const ids = [await requestRun(pc, 'Running')];
  await expect.poll(() => pc.workers.workers.length, { timeout: 2_000 }).toBe(1);
  pc.workers.last.begin();
  for (const name of ['First', 'Second', 'Third']) ids.push(await requestRun(pc, name));
  return Object.assign(pc, { ids });
}

const waitingNames = async (pc: Fleet): Promise<string[]> => {
  const link = await pc.link();
  const { waiting } = await link.call('queue.list', { limit: 100 });
  link.dispose();
  return waiting.map(({ flow }) => flow.name);
};

describe('dflow queue', () => {
  it('shows what runs, waits and has ended', async () => {
    const pc = await busy();
    await pc.dflow(`queue cancel ${pc.ids[3]}`);
    const { out } = await pc.dflow('queue');
    expect(out).toMatch(
      /^Running\n {2}RUN.*\n.* Running +Running\b.*\nQueued\n {2}RUN.*\n.* First +next to run .*\n.* Second +position 2 .*\nFinished\n {2}RUN.*\n.* Third +Canceled +RunCanceled: .*\n$/,
    );
    const lines = (await pc.dflow('queue list PC', { json: true })).out.trim().split('\n');
    expect(lines.map((line) => JSON.parse(line).flow.name)).toEqual(['Running', 'First', 'Second', 'Third']);
    const narrow = await pc.dflow('queue', {}, { isTTY: true, columns: 60 });
    for (const line of narrow.out.split('\n')) expect(line.length).toBeLessThan(60);
  });

  it('changes the order and gives it back', async () => {
    const pc = await busy();
    const [, first, second, third] = pc.ids as [string, string, string, string];
    expect((await pc.dflow(`queue top ${third.slice(-10)}`)).out).toBe('Third is the next to run.\n');
    expect(await waitingNames(pc)).toEqual(['Third', 'First', 'Second']);
    await pc.dflow(`queue priority ${second} HIGH`);
    expect(await waitingNames(pc)).toEqual(['Third', 'Second', 'First']);
    await pc.dflow(`queue untop ${third}`);
    await pc.dflow(`queue priority ${second} normal`);
    expect(await waitingNames(pc)).toEqual(['First', 'Second', 'Third']);
    expect((await pc.dflow(`queue cancel ${first} ${third}`)).out).toBe(
      'First is canceled.\nThird is canceled.\n',
    );
    expect(await waitingNames(pc)).toEqual(['Second']);
  });

  it('says why a run waits: one sentence, what blocks, who can help and how, place, forecast, end', async () => {
    const pc = await busy();
    expect(
      (await pc.dflow(`queue why ${pc.ids[2]}`)).out
        .replace(/\d{4}-\d\d-\d\d \S+ \(in .*\)/, 'MOMENT')
        .replace(/the account .* on PC/, 'the account ann on PC'),
    ).toMatchInlineSnapshot(`
      "Second waits in the run queue of PC (position 2).
        because       A run of Running already uses the account ann on PC. (UIFlowAlreadyRunning)
        who can help  nobody needs to: it passes by itself
        how           It starts when that run ends; a connection with another account would not have to wait on Windows Server.
        place         position 2 in the run queue of PC
        forecast      unknown: a flow before it has never run to its end
        gives up      MOMENT
      "
    `);
    const { verdict, run } = (await pc.json(`queue why ${pc.ids[2]}`)) as {
      verdict: { position: number; blocker: { run: string } };
      run: { id: string };
    };
    expect(verdict).toMatchObject({ kind: 'waits', position: 2, blocker: { run: pc.ids[0] } });
    expect(run.id).toBe(pc.ids[2]);
    expect((await pc.dflow(`queue why ${pc.ids[0]}`)).err).toContain('RunNotQueued');
  });

  it('forecasts from how long the flows before usually take', async () => {
    const pc = await fleet();
    for (const _ of [1, 2]) {
      await requestRun(pc, 'Import');
      await expect.poll(() => pc.workers.workers.length, { timeout: 2_000 }).toBe(1);
      pc.workers.last.begin();
      pc.workers.workers.splice(0)[0]?.finish();
    }
    await requestRun(pc, 'Import');
    await expect.poll(() => pc.workers.workers.length, { timeout: 2_000 }).toBe(1);
    const id = await requestRun(pc, 'Report');
    expect((await pc.dflow(`queue why ${id}`)).out).toMatch(
      /forecast +as soon as its turn comes \(1 running and 0 waiting before it, each as long as its flow usually takes, on one slot\)\n/,
    );
  });

  it('says whether a run would start that nobody has requested', async () => {
    const pc = await fleet();
    const flows = folderWith({ 'Report.robin': flowText, 'Broken.robin': 'IF\n' });
    expect((await pc.dflow(`queue would ${flows.path('Report.robin')}`)).out).toBe(
      'Report would start at once on PC.\n  session  the one its user is signed in to\n',
    );
    const unattended = await pc.dflow(`queue would ${flows.path('Report.robin')}`, { unattended: true });
    expect(unattended.code).toBe(1);
    expect(unattended.out).toMatch(/^Report would fail: The agent of PC makes no sessions/);
    await pc.dflow('machine maintenance on');
    const waits = await pc.dflow(`queue would ${flows.path('Report.robin')}`, { priority: 'high' });
    expect(waits.code).toBe(0);
    expect(waits.out).toMatch(/^Report would wait in the run queue of PC \(next to run\)\.\n/);
    expect(await pc.json(`queue would ${flows.path('Report.robin')}`, { target: 'pc' })).toMatchObject({
      verdict: { kind: 'waits', blocker: { code: 'MachineInMaintenance' } },
      queue: { name: 'PC' },
    });
    expect(await waitingNames(pc)).toEqual([]);
  });

  it.each([
    ['queue wy 1', {}, /UsageWrong: dflow queue has no command wy\. Do you mean dflow queue why\?/],
    ['queue why', {}, /UsageWrong: dflow queue why takes RUN/],
    ['queue why nothing', {}, /RunNotFound/],
    ['queue top nothing', {}, /RunNotFound/],
    ['queue priority x urgent', {}, /UsageWrong: The priority is normal or high, not urgent/],
    ['queue priority x 5', {}, /UsageWrong: The priority is normal or high, not 5/],
    ['queue list PX', {}, /MachineNotFound: There is no machine or machine group PX\. Do you mean PC\?/],
    ['queue list', { limit: '0' }, /UsageWrong: --limit is a whole number from 1 to 10000/],
    ['queue would Missing.robin', {}, /FlowNotFound/],
    ['queue would x', { target: 'PC', connection: 'C' }, /UsageWrong: --connection and --target exclude/],
  ])('refuses %s %o', async (line, options, message) => {
    const pc = await fleet();
    const { code, err } = await pc.dflow(line, options);
    expect(code).toBe(2);
    expect(err).toMatch(message);
  });

  it('asks for more of an id that several runs have', async () => {
    const pc = await busy();
    expect((await pc.dflow(`queue why ${(pc.ids[1] as string).slice(0, 8)}`)).err).toContain(
      'RunAmbiguous: 4 runs have',
    );
  });
});

describe('--watch', () => {
  it.each([
    [true, '\u001b[H\u001b[2J\u001b[3J'],
    [false, '\n'],
  ])(
    'shows it again after a change until Ctrl+C, which is no failure (terminal: %s)',
    async (isTTY, before) => {
      const pc = await busy();
      const listeners = process.listenerCount('SIGINT');
      let text = '';
      const watching = pc.dflow(
        'queue',
        { watch: true },
        {
          isTTY,
          columns: 200,
          write: (more: string) => {
            text += more;
          },
        },
      );
      await expect.poll(() => text).toContain('Third');
      const shown = text.length;
      await pc.dflow(`queue top ${pc.ids[3]}`);
      await expect.poll(() => text.slice(shown)).toContain('next to run, moved to top');
      expect(text.slice(shown).startsWith(before)).toBe(true);
      process.emit('SIGINT');
      expect(await watching).toMatchObject({ code: 0 });
      expect(process.listenerCount('SIGINT')).toBe(listeners);
    },
  );

  it('ends with an error when the agent goes away', async () => {
    const pc = await fleet();
    const watching = pc.dflow('machine list', { watch: true });
    await new Promise((resolve) => setTimeout(resolve, 200));
    await pc.agent.stop('now');
    expect((await watching).err).toMatch(/AgentLost|LinkClosed/);
  });
});

describe('dflow runs', () => {
  it('lists, shows and steers runs', async () => {
    const pc = await busy();
    const [running, first] = pc.ids as [string, string];
    expect((await pc.dflow('runs list', { limit: '2' })).out).toMatch(
      /^RUN .*\n.* Third .*\n.* Second .*\n$/,
    );
    expect((await pc.dflow('runs list', { flow: 'FIR' })).out).toMatch(/^RUN .*\n.* First .*\n$/);
    expect((await pc.dflow('runs list', { state: 'running' })).out).toMatch(
      /^RUN .*\n.* Running +Running.*\n$/,
    );
    expect((await pc.dflow(`runs show ${running}`)).out).toMatch(
      /^Running: Running\n {2}id .*\n {2}flow +\/flows\/Running\.robin\n {2}queue +PC\n {2}machine +PC\n {2}session +current\n/,
    );
    expect((await pc.dflow(`runs pause ${running}`)).out).toBe('Running is asked to pause.\n');
    expect((await pc.dflow(`runs resume ${running}`)).out).toBe('Running is asked to go on.\n');
    expect((await pc.dflow(`runs safe-stop ${running}`)).out).toBe('Running is asked to stop safely.\n');
    expect(pc.workers.last.heard).toEqual(['pause', 'resume', 'safeStop']);
    expect((await pc.dflow(`runs pause ${first}`)).err).toContain('RunNotActive');
    expect((await pc.dflow(`runs stop ${first}`)).out).toBe('First has ended already: Canceled.\n');
    expect((await pc.dflow('runs list', { state: 'gone' })).err).toContain('UsageWrong: --state is Queued,');
  });

  it('shows what a run did, also while it does it', async () => {
    const pc = await busy();
    const watching = pc.dflow(`runs events ${pc.ids[0]}`, { watch: true, json: true });
    await new Promise((resolve) => setTimeout(resolve, 100));
    pc.workers.workers[0]?.finish();
    const watched = await watching;
    expect(watched.code).toBe(0);
    const states = (text: string) =>
      text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line))
        .flatMap((event) => (event.kind === 'run' ? [event.run.state] : []));
    expect(states(watched.out)).toEqual(['Queued', 'Starting', 'Running', 'Succeeded']);
    const read = await pc.dflow(`runs events ${pc.ids[0]}`, { json: true });
    expect(read.out).toBe(watched.out);
    expect((await pc.dflow(`runs events ${pc.ids[0]}`)).out).toMatch(/✓ Succeeded in .*\n {2}Sum {2}3\n$/);
  });

  it('RUN-3, RUN-4: the log of a run shows place, duration and outcome by level, and its picture is saved', async () => {
    const pc = await fleet();
    const id = await requestRun(pc, 'Greet', {
      inputs: { 'Customer name': 'Ann' },
      logging: { level: 'debug' },
    });
    await expect.poll(() => pc.workers.workers.length, { timeout: 2_000 }).toBe(1);
    const worker = pc.workers.last;
    worker.begin();
    const action = { line: 2, subflow: 'Main', at: 0, ms: 5 };
    const note = { at: 1, line: 4, subflow: 'Main' };
    worker.say({
      kind: 'frame',
      ...worker.fence,
      lines: [],
      actions: [
        { ...action, action: 'Text.Trim', outcome: 'ok' },
        {
          ...action,
          line: 3,
          action: 'File.Delete',
          outcome: 'handled',
          error: { code: 'NoFile', message: 'gone' },
        },
      ],
      omitted: 7,
      logs: [
        { ...note, level: 'info', message: 'hello' },
        { ...note, level: 'error', message: 'alas' },
      ],
    });
    worker.say({ kind: 'screenshot', ...worker.fence, width: 3, height: 2, png: 'AQID' });
    expect((await pc.dflow(`runs screenshot ${id}`, { output: 'x.png' })).err).toContain(
      'ScreenshotNotFound',
    );
    const error = {
      code: 'NoFile',
      message: 'gone',
      nextStep: 'look',
      screenshot: { width: 3, height: 2 },
    };
    worker.say({ kind: 'finished', ...worker.fence, outcome: 'Failed', outputs: {}, error });
    worker.die('ended with exit code 0');
    await expect.poll(async () => (await pc.dflow(`runs show ${id}`)).out).toContain('Greet: Failed');
    const shown = (await pc.dflow(`runs show ${id}`)).out;
    expect(shown).toMatch(/\n {2}log +level debug\n/);
    expect(shown).toContain('Screenshot: 3 × 2 (dflow runs screenshot RUN -o FILE)');
    const rows = async (level?: string) =>
      (await pc.dflow(`runs log ${id}`, level === undefined ? {} : { level })).out
        .split('\n')
        .slice(1, -1)
        .map((line) => line.replace(/^[-\d]+ [:\d]+ */, '').replace(/ +/g, ' '));
    expect(await rows()).toEqual([
      'Main:2 Text.Trim 5 ms ok',
      'Main:3 File.Delete 5 ms handled NoFile: gone',
      'Main:4 Log message info hello',
      'Main:4 Log message error alas',
      '… 7 more',
    ]);
    expect(await rows('warning')).toEqual([
      'Main:3 File.Delete 5 ms handled NoFile: gone',
      'Main:4 Log message error alas',
      '… 7 more',
    ]);
    const [first] = (await pc.dflow(`runs log ${id}`, { json: true })).out.split('\n');
    expect(JSON.parse(first as string)).toEqual({
      kind: 'action',
      ...action,
      action: 'Text.Trim',
      outcome: 'ok',
    });
    // Nobody gets it who does not ask for it.
    const { out } = await pc.dflow(`runs events ${id}`, { json: true });
    expect(out).toContain('"kind":"screenshot"');
    expect(out).not.toContain('AQID');
    const path = join(pc.dataFolder, 'desktop.png');
    expect((await pc.dflow(`runs screenshot ${id}`, { output: path })).out).toBe(`${path}: 3 × 2 pixels\n`);
    expect([...readFileSync(path)]).toEqual([1, 2, 3]);
    expect((await pc.dflow(`runs screenshot ${id}`)).err).toContain('UsageWrong');
    expect((await pc.dflow(`runs screenshot ${id}`, { output: '/nowhere/x.png' })).err).toContain(
      'FileNotWritable',
    );
  });

  it('writes down what the owner of the machine wants at least', async () => {
    const pc = await fleet();
    await pc.dflow('machine set PC', { 'log-level': 'warning', log: 'on-failure', screenshots: 'off' });
    expect((await pc.dflow('machine show PC')).out).toMatch(
      /log level +warning\n +log +on-failure\n +screenshots +off\n/,
    );
    const id = await requestRun(pc, 'Greet', {
      inputs: { 'Customer name': 'Ann' },
      logging: { level: 'error' },
    });
    expect((await pc.dflow(`runs show ${id}`)).out).toMatch(
      /\n {2}log +level warning, only if it fails, no screenshot\n/,
    );
    expect((await pc.dflow('machine set PC', { 'log-level': 'loud' })).err).toContain('UsageWrong');
  });

  it('runs a finished one again with other inputs and another priority', async () => {
    const pc = await fleet();
    const old = await requestRun(pc, 'Greet', { inputs: { 'Customer name': 'Ann' } });
    await expect.poll(() => pc.workers.workers.length, { timeout: 2_000 }).toBe(1);
    expect((await pc.dflow(`runs resubmit ${old}`)).err).toContain('RunNotFinished');
    pc.workers.last.begin();
    pc.workers.workers.splice(0)[0]?.finish();
    const again = pc.dflow(`runs resubmit ${old}`, { json: true, input: ['name=Zoe'], priority: 'high' });
    await expect.poll(() => pc.workers.workers.length, { timeout: 2_000 }).toBe(1);
    pc.workers.last.begin();
    pc.workers.last.finish();
    const [first] = (await again).out.split('\n');
    expect(JSON.parse(first as string).run).toMatchObject({
      resubmitOf: old,
      priority: 'high',
      inputs: { 'Customer name': 'Zoe' },
    });
    expect((await again).err).toBe('');
    for (const [options, code] of [
      [{ input: ['Nobody=1'] }, 'InputUnknown'],
      [{ target: 'Nowhere' }, 'MachineNotFound'],
      [{ connection: 'None' }, 'ConnectionNotFound'],
      [{ target: 'a', connection: 'b' }, 'UsageWrong'],
      [{ priority: 'low' }, 'UsageWrong'],
      [{ input: [`name=${'x'.repeat(3 * 1024 * 1024)}`] }, 'InputsTooLarge'],
    ] as const)
      expect((await pc.dflow(`runs resubmit ${old}`, options)).err).toContain(`${code}: `);
  });
});

it('a sensitive input of a run that is resubmitted stays what it was, and on the command line it is warned of', async () => {
  const pc = await fleet();
  const text = `@SENSITIVE: [Key]\n@INPUT Key : { 'Description': '', 'FriendlyName': 'Key', 'Type': 'String' }\n`;
  const link = await pc.link();
  const { run } = await link.call('runs.enqueue', {
    flow: { name: 'Safe', path: '/flows/Safe.robin', text },
    inputs: { Key: 'hunter2' },
    mode: 'attended',
    priority: 'normal',
    requestedBy: 'test',
  });
  link.dispose();
  const ends = async (): Promise<void> => {
    await expect.poll(() => pc.workers.workers.length, { timeout: 2_000 }).toBe(1);
    pc.workers.last.begin();
    pc.workers.workers.splice(0)[0]?.finish();
  };
  await ends();
  for (const [options, warning] of [
    [{}, /^$/],
    [
      { input: ['key=other'] },
      /^warning InputOnCommandLine: Key is sensitive.* Use --inputs or --input-env\.\n$/,
    ],
  ] as const) {
    const again = pc.dflow(`runs resubmit ${run.id}`, { json: true, ...options });
    await ends();
    const { out, err } = await again;
    expect(err).toMatch(warning);
    expect(JSON.parse(out.split('\n')[0] as string).run.inputs).toEqual({ Key: { $type: 'secured' } });
    expect(out).not.toMatch(/hunter2|other/);
  }
});

describe('dflow schedule', () => {
  const flows = () => folderWith({ 'Report.robin': flowText });

  it('makes schedules, changes them, says their times, and removes them', async () => {
    const pc = await fleet();
    const path = flows().path('Report.robin');
    const zone = { 'time-zone': 'Europe/Berlin' };
    expect(
      (
        await pc.dflow(`schedule add Morning ${path}`, {
          cron: '0 8 * * 1-5',
          except: '2026-12-25,sat',
          ...zone,
        })
      ).out,
    ).toMatch(
      /^Morning is made; its next run is at \d{4}-\d\d-\d\d 08:00:00 \S+ \(in .*\)\.\nIts agent stays/,
    );
    expect((await pc.dflow('schedule list')).out).toMatch(
      /^SCHEDULE .*\nMorning +Report +0 8 \* \* 1-5 +Europe\/Berlin +in .* PC .*\n$/,
    );
    expect(await pc.json('schedule next morning', { limit: '3' })).toHaveLength(3);
    expect((await pc.dflow('schedule set Morning', { cron: '30 9 * * *', disabled: true })).out).toBe(
      'Morning is changed; it is disabled.\n',
    );
    expect(await pc.json('schedule list')).toMatchObject([
      {
        name: 'Morning',
        enabled: false,
        spec: {
          times: { kind: 'cron', expression: '30 9 * * *' },
          timeZone: 'Europe/Berlin',
          except: { weekdays: [6], dates: ['2026-12-25'] },
          missed: 'skip',
        },
      },
    ]);
    expect((await pc.dflow('schedule next Morning', { limit: '1' })).out).toMatch(
      /^It is disabled; if it were not:\n\d{4}-\d\d-\d\d 09:30:00 /,
    );
    expect((await pc.dflow('schedule firings Morning')).out).toBe('It has started nothing yet.\n');
    expect((await pc.dflow('schedule remove MORNING')).code).toBe(0);
    expect((await pc.dflow('schedule list')).out).toContain('There are no schedules');
  });

  it('starts its runs with the inputs it was given', async () => {
    const pc = await fleet();
    const path = flows().path('Report.robin');
    await pc.dflow(`schedule add Tick ${path}`, { every: '1s', input: ['Customer name=Ann'] });
    await expect.poll(() => pc.workers.workers.length, { timeout: 5_000 }).toBe(1);
    await pc.dflow('schedule set Tick', { disabled: true });
    const { claim } = pc.workers.last;
    expect(claim.run.inputs).toEqual({ 'Customer name': 'Ann' });
    expect((await pc.dflow('schedule firings Tick')).out).toContain(claim.run.id.slice(-12));
  });

  it.each([
    ['add A {}', {}, /UsageWrong: A schedule has one of --cron EXPRESSION, --every TIME and --at MOMENT/],
    ['add A {}', { cron: '* * * * *', every: '1h' }, /UsageWrong: A schedule has one of/],
    ['add A {}', { cron: 'every monday' }, /ScheduleInvalid/],
    ['add A {}', { cron: '0 25 * * *' }, /ScheduleInvalid/],
    ['add A {}', { cron: '0 8 * * *', 'time-zone': 'Europe/Nowhere' }, /ScheduleInvalid/],
    ['add A {}', { every: '0s' }, /UsageWrong: --every/],
    ['add A {}', { every: 'often' }, /UsageWrong: --every/],
    ['add A {}', { at: 'tomorrow' }, /UsageWrong: --at is a time such as/],
    ['add A {}', { at: '2020-01-01T00:00' }, /ScheduleInvalid/],
    ['add A {}', { at: '2026-02-30T00:00' }, /UsageWrong: --at/],
    ['add A {}', { every: '1h', except: 'someday' }, /UsageWrong: --except takes weekdays and dates/],
    ['add A {}', { every: '1h', missed: 'maybe' }, /UsageWrong: --missed is skip, one or all, not maybe/],
    ['add A {}', { every: '1h', input: ['Nobody=1'] }, /InputsWrong/],
    ['add A {}', { every: '1h', target: 'Nowhere' }, /MachineNotFound/],
    ['add A {}', { every: '1h', timeout: '721h' }, /UsageWrong: --timeout/],
    ['add used {}', { every: '1h' }, /NameTaken/],
    ['add A Missing.robin', { every: '1h' }, /FlowNotFound/],
    ['set Used', {}, /UsageWrong/],
    ['set Used', { enabled: true, disabled: true }, /UsageWrong/],
    ['set Used', { priority: 'high' }, /UsageWrong: --priority belongs to the request for a run/],
    ['set Nobody', { disabled: true }, /ScheduleNotFound/],
    ['firings Nobody', {}, /ScheduleNotFound/],
    ['next Nobody', {}, /ScheduleNotFound/],
    ['remove Nobody', {}, /ScheduleNotFound/],
    ['ad A', {}, /UsageWrong: .*Do you mean dflow schedule add\?/],
  ])('refuses %s %o', async (line, options, message) => {
    const pc = await fleet();
    const path = flows().path('Report.robin');
    await pc.dflow(`schedule add Used ${path}`, { cron: '0 8 * * *' });
    const { code, err } = await pc.dflow(`schedule ${line.replace('{}', path)}`, options);
    expect(code).toBe(2);
    expect(err).toMatch(message);
    expect(await pc.json('schedule list')).toMatchObject([{ name: 'Used', enabled: true }]);
  });
});
