// Machines, groups and connections from the command line, on a real agent. Wrong inputs included.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { eraText } from '../../src/cli/machine.ts';
import { eras } from '../../src/orchestration/settings.ts';
import { fleet, requestRun, stable } from './fleet.ts';

const secret = 'S3cret-zebra-4471';

describe('dflow machine', () => {
  it('lists, shows and changes the machine, and keeps its name over a restart', async () => {
    const pc = await fleet();
    expect((await pc.dflow('machine list')).out).toMatch(
      /^MACHINE +STATE +RUNNING +WAITING +SLOTS +SYSTEM\nPC +online +0 +0 +1 +\w+ \w+, one session\n$/,
    );
    expect((await pc.dflow('machine set PC', { slots: '4', description: 'by the door' })).out).toBe(
      'PC is changed.\n',
    );
    const shown = (await pc.dflow('machine show pc')).out;
    expect(shown).toMatch(/^PC is online\.\n/);
    expect(shown).toMatch(/unattended slots +4\n/);
    expect(shown).toMatch(/description +by the door\n/);
    expect((await pc.dflow('machine maintenance on')).out).toContain('PC is in maintenance');
    expect((await pc.dflow('machine list')).out).toContain('maintenance');
    await pc.agent.stop('restart');
    const again = await fleet(pc.dataFolder);
    expect(await again.json('machine show PC')).toMatchObject({
      name: 'PC',
      description: 'by the door',
      unattendedSlots: 4,
      settings: { maintenance: true, allocation: 'random' },
    });
    expect((await again.dflow('machine maintenance off PC')).out).toBe('PC takes runs again.\n');
  });

  it('lets nothing start in maintenance, and starts it at once afterwards', async () => {
    const pc = await fleet();
    await pc.dflow('machine maintenance on');
    const id = await requestRun(pc, 'Waiting');
    const why = (await pc.dflow(`queue why ${id}`)).out;
    expect(why).toMatch(/^Waiting waits in the run queue of PC \(next to run\)\.\n/);
    expect(why).toContain('PC is in maintenance. (MachineInMaintenance)');
    expect(pc.workers.workers).toHaveLength(0);
    await pc.dflow('machine maintenance off');
    await expect.poll(() => pc.workers.workers.length, { timeout: 2_000 }).toBe(1);
  });

  it.each([
    ['machine lits', {}, /UsageWrong: dflow machine has no command lits\. Do you mean dflow machine list\?/],
    ['machine', {}, /UsageWrong: dflow machine takes list, show, set, audit, remove or maintenance/],
    ['machine frobnicate', {}, /UsageWrong: .* it takes list, show, set, audit, remove or maintenance/],
    ['machine show', {}, /UsageWrong: dflow machine show takes NAME/],
    ['machine show My PC', {}, /UsageWrong: .* 2 words were given: put names with blanks in quotes/],
    ['machine list', { slots: '1' }, /UsageWrong: dflow machine list has no option --slots/],
    ['machine set PC', {}, /UsageWrong: .* needs something to set/],
    ['machine set PC', { slots: '11' }, /UsageWrong: --slots is a whole number from 0 to 10/],
    ['machine set PC', { slots: '-1' }, /UsageWrong: --slots is a whole number from 0 to 10/],
    ['machine set PC', { slots: '1e1' }, /UsageWrong: --slots/],
    ['machine set PC', { 'reuse-sessions': 'yes' }, /UsageWrong: --reuse-sessions is on or off, not yes/],
    ['machine set PC', { allocation: 'randm' }, /Do you mean random\?/],
    ['machine set PC', { name: '  ' }, /InvalidRequest/],
    ['machine set PC', { name: 'x'.repeat(101) }, /InvalidRequest/],
    ['machine set PD', { slots: '1' }, /MachineNotFound: There is no machine PD\. Do you mean PC\?/],
    ['machine show Warehouse', {}, /MachineNotFound: There is no machine Warehouse\. There is PC\./],
    ['machine maintenance maybe', {}, /UsageWrong: Maintenance is on or off, not maybe/],
    ['machine remove PC', {}, /OwnMachine: PC is the machine of this agent/],
  ])('refuses %s %o', async (line, options, message) => {
    const pc = await fleet();
    const before = stable(JSON.stringify(await pc.json('machine show PC')));
    const { code, err } = await pc.dflow(line, options);
    expect(code).toBe(2);
    expect(err).toMatch(message);
    expect(stable(JSON.stringify(await pc.json('machine show PC')))).toBe(before);
  });
});

describe('dflow group', () => {
  it('makes groups, which give their members a queue and settings, and take them away again', async () => {
    const pc = await fleet();
    expect((await pc.dflow('group list')).out).toContain('There are no machine groups');
    expect((await pc.dflow('group add "Night shift"', { 'reuse-sessions': 'on' })).out).toBe(
      'Night shift is made. Add machines to it: dflow group join "Night shift" MACHINE\n',
    );
    expect((await pc.dflow('group join "night shift" pc')).out).toContain('pc works for night shift now');
    expect((await pc.dflow('group list')).out).toMatch(/Night shift +open +0 +0 +PC\n/);
    expect(await pc.json('machine show PC')).toMatchObject({ settings: { reuseSessions: true } });
    expect((await pc.dflow('machine set PC', { maintenance: 'on' })).err).toContain('MachineInGroup');
    expect((await pc.dflow('group set "Night shift"', { maintenance: 'on' })).out).toBe(
      'Night shift is changed; its settings hold for 1 machine.\n',
    );
    expect(await pc.json('machine show PC')).toMatchObject({
      settings: { reuseSessions: true, maintenance: true },
    });
    const id = await requestRun(pc, 'Grouped');
    expect((await pc.dflow('group remove "Night shift"')).err).toContain('QueueNotEmpty');
    expect((await pc.dflow(`queue cancel ${id}`)).out).toBe('Grouped is canceled.\n');
    expect((await pc.dflow('group leave PC')).out).toContain('PC is in no group now');
    expect(await pc.json('machine show PC')).toMatchObject({
      settings: { reuseSessions: true, maintenance: true },
    });
    expect((await pc.dflow('group remove "Night shift"')).code).toBe(0);
  });

  it('runs what waits for a group on its machine', async () => {
    const pc = await fleet();
    await pc.dflow('group add Robots');
    await pc.dflow('group join Robots PC');
    await requestRun(pc, 'Named', { queue: 'robots' });
    await expect.poll(() => pc.workers.workers.length, { timeout: 2_000 }).toBe(1);
    pc.workers.last.begin();
    expect((await pc.dflow('group list')).out).toMatch(/Robots +open +1 +0 +PC\n/);
    expect((await pc.dflow('machine list')).out).toMatch(/PC +online +Robots +1 +0 /);
    pc.workers.last.finish();
  });

  it('keeps what waits for it over a restart', async () => {
    const pc = await fleet();
    await pc.dflow('group add Robots', { maintenance: 'on' });
    await pc.dflow('group join Robots PC');
    const id = await requestRun(pc, 'Patient');
    await pc.agent.stop('restart');
    const again = await fleet(pc.dataFolder);
    expect((await again.dflow(`queue why ${id}`)).out).toMatch(/^Patient waits in the run queue of Robots/);
    await again.dflow('group set Robots', { maintenance: 'off' });
    await expect.poll(() => again.workers.workers.length, { timeout: 2_000 }).toBe(1);
  });

  it('refuses wrong names, and a name that is taken, in any letter case', async () => {
    const pc = await fleet();
    await pc.dflow('group add Robots');
    await pc.dflow('group add Others');
    expect((await pc.dflow('group add robots')).err).toContain('NameTaken');
    expect((await pc.dflow('group set Others', { name: 'ROBOTS' })).err).toContain('NameTaken');
    expect((await pc.dflow('group set Robot', { maintenance: 'on' })).err).toContain(
      'XrmMachineGroupNotFound: There is no machine group Robot. Do you mean Robots?',
    );
    expect((await pc.dflow('group join Robots PD')).err).toContain('MachineNotFound');
    await pc.dflow('group join Robots PC');
    expect((await pc.dflow('group join Others PC')).err).toContain(
      'MachineInGroup: PC is in the machine group Robots; a machine is in one group at most.',
    );
    expect((await pc.dflow('group set Robots')).err).toContain('UsageWrong');
    expect((await pc.dflow('group list')).out.match(/Robots|Others/g)).toHaveLength(2);
  });

  it('asks which is meant when a machine and a group have the name', async () => {
    const pc = await fleet();
    const group = (await pc.json('group add pc')) as { id: string };
    const { err } = await pc.dflow('queue list PC');
    expect(err).toContain('NameAmbiguous: PC is the name of a machine and of a machine group.');
    expect(err).toContain(`${group.id} is the group`);
    expect((await pc.dflow(`queue list ${group.id}`)).code).toBe(0);
  });
});

describe('who did what', () => {
  it('is shown of everything, of a machine or of a group, the newest first', async () => {
    const pc = await fleet();
    expect((await pc.dflow('group audit Robots')).err).toContain('MachineNotFound');
    await pc.dflow('group add Robots');
    await pc.dflow('machine maintenance on');
    const { out } = await pc.dflow('machine audit', { limit: '2' });
    expect(out).toMatch(
      /TIME +WHO +WHAT +TO WHOM\n.* changed the machine +PC: maintenance=true\n.* made the machine group +Robots\n$/,
    );
    expect(await pc.json('group audit Robots')).toMatchObject({ what: 'made the machine group' });
    const lines = (await pc.dflow('machine audit PC', { json: true })).out.trim().split('\n');
    expect(lines.map((line) => JSON.parse(line).subject)).toEqual([
      'PC: maintenance=true',
      expect.any(String),
    ]);
  });
});

describe('the era', () => {
  it('is shown, with what it means by the settings', async () => {
    const pc = await fleet();
    expect((await pc.dflow('machine show PC')).out).toContain(
      `era                      ${eraText['2021']}\n`,
    );
    expect(await pc.json('machine show PC')).toMatchObject({ era: '2021' });
    for (const [era, { queueWaitMs, order, runTimeoutSeconds }] of Object.entries(eras)) {
      const text = eraText[era as keyof typeof eras];
      const minutes = queueWaitMs / 60_000;
      expect(text).toContain(minutes < 60 ? `wait ${minutes} minutes` : `wait ${minutes / 60} hours`);
      expect(text.includes('by priority')).toBe(order === 'priority');
      expect(text).toContain(
        runTimeoutSeconds === undefined ? 'as long as they take' : `take ${runTimeoutSeconds / 3_600} hours`,
      );
    }
  });
});

describe('dflow connection', () => {
  it('keeps a password sealed, and shows it nowhere', async () => {
    const pc = await fleet();
    pc.secret = secret;
    expect((await pc.dflow('connection add Bot', { target: 'PC', account: 'CORP\\bot' })).out).toBe(
      'Bot is made.\n',
    );
    pc.secret = `${secret}-new`;
    expect((await pc.dflow('connection set bot', { password: true, name: 'Robot' })).out).toBe(
      'Robot is changed.\n',
    );
    expect((await pc.dflow('connection list')).out).toMatch(
      /CONNECTION +TARGET +ACCOUNT +PASSWORD +STATE +OWNER\nRobot +PC +CORP\\bot +sealed +usable +\S+\n/,
    );
    expect(JSON.stringify(await pc.json('connection list'))).not.toContain(secret);
    const test = await pc.dflow('connection test Robot');
    expect(test.code).toBe(1);
    expect(test.err).toContain('SessionsNotSupported');
    const files = readdirSync(pc.dataFolder, { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    expect(files.length).toBeGreaterThan(4);
    for (const file of files)
      expect(readFileSync(join(file.parentPath, file.name), 'latin1'), file.name).not.toContain(secret);
    expect((await pc.dflow('connection remove Robot')).code).toBe(0);
    expect((await pc.dflow('connection list')).out).toContain('There are no connections');
  });

  it('gets a new key for its passwords, and says which of them cannot be opened', async () => {
    const pc = await fleet();
    pc.secret = secret;
    for (const name of ['A', 'B'])
      await pc.dflow(`connection add ${name}`, { target: 'PC', account: 'CORP\\bot' });
    const key = () => readFileSync(join(pc.dataFolder, 'credentials.key'), 'utf8');
    const before = key();
    expect(await pc.json('connection rekey')).toEqual({ sealed: 2, unreadable: 0 });
    expect(key()).not.toBe(before);
    const [first] = readdirSync(join(pc.dataFolder, 'credentials'));
    writeFileSync(join(pc.dataFolder, 'credentials', first as string), 'damaged');
    const rekeyed = await pc.dflow('connection rekey');
    expect(rekeyed.code).toBe(1);
    expect(rekeyed.out).toContain(
      'The passwords of 1 connections are sealed with a new key. 1 cannot be opened',
    );
    expect((await pc.dflow('machine audit')).out).toMatch(
      /changed the key of the passwords +1 sealed, 1 cannot be opened\n/,
    );
  });

  it('does without a password for attended runs, and takes one from a reference', async () => {
    const pc = await fleet();
    expect(
      (await pc.dflow('connection add Own', { target: 'PC', account: '.\\ann', 'no-password': true })).out,
    ).toBe('Own is made, for attended runs only: it has no password.\n');
    await pc.dflow('connection set Own', { reference: 'env:BOT_PASSWORD' });
    expect((await pc.dflow('connection list')).out).toContain('env:BOT_PASSWORD');
    await pc.dflow('connection set Own', { 'no-password': true });
    expect((await pc.dflow('connection list')).out).toContain('none, attended only');
  });

  it('is of no use once its machine joined a group, until it has another target', async () => {
    const pc = await fleet();
    await pc.dflow('connection add Own', { target: 'PC', account: 'ann', 'no-password': true });
    await pc.dflow('group add Robots');
    await pc.dflow('group join Robots PC');
    expect((await pc.dflow('connection list')).out).toContain('unusable');
    const link = await pc.link();
    const request = { flow: 'F', mode: 'attended', priority: 'normal', connection: 'Own' } as const;
    await expect(link.call('queue.verdict', request)).rejects.toMatchObject({ code: 'ConnectionUnusable' });
    await pc.dflow('connection set Own', { target: 'Robots' });
    expect((await link.call('queue.verdict', request)).queue.name).toBe('Robots');
  });

  it.each([
    ['connection add A', { account: 'a' }, /UsageWrong: dflow connection add needs --target/],
    ['connection add A', { target: 'PC' }, /UsageWrong: dflow connection add needs --account/],
    ['connection add A', { target: 'PC', account: 'a' }, /PasswordMissing/],
    [
      'connection add A',
      { target: 'PX', account: 'a', 'no-password': true },
      /MachineNotFound.*Do you mean PC/,
    ],
    ['connection add A', { target: 'PC', account: 'a\\b\\c', 'no-password': true }, /AccountInvalid/],
    ['connection add A', { target: 'PC', account: 'a', reference: 'env:1 2' }, /ReferenceInvalid/],
    [
      'connection add A',
      { target: 'PC', account: 'a', reference: 'env:X', password: true },
      /UsageWrong: --password, --no-password and --reference exclude each other/,
    ],
    ['connection add own', { target: 'PC', account: 'a', 'no-password': true }, /NameTaken/],
    ['connection set Own', {}, /UsageWrong/],
    [
      'connection set Sealed',
      { account: 'b' },
      /PasswordMissing: .*the password of \.\\ann, which is not that of b/,
    ],
    ['connection test Owm', {}, /ConnectionNotFound: There is no connection Owm\. Do you mean Own\?/],
    ['connection remove Nobody', {}, /ConnectionNotFound/],
    [`connection add A ${secret}`, { target: 'PC', account: 'a' }, /UsageWrong/],
  ])('refuses %s %o', async (line, options, message) => {
    const pc = await fleet();
    await pc.dflow('connection add Own', { target: 'PC', account: '.\\ann', 'no-password': true });
    pc.secret = secret;
    await pc.dflow('connection add Sealed', { target: 'PC', account: '.\\ann' });
    pc.secret = '';
    const before = await pc.json('connection list');
    const { code, err } = await pc.dflow(line, options);
    expect(code).toBe(2);
    expect(err).toMatch(message);
    expect(err).not.toContain(secret);
    expect(await pc.json('connection list')).toEqual(before);
  });

  it('stays while runs wait that use it', async () => {
    const pc = await fleet();
    await pc.dflow('connection add Own', { target: 'PC', account: 'ann', 'no-password': true });
    await pc.dflow('machine maintenance on');
    const link = await pc.link();
    const { run } = await link.call('runs.enqueue', {
      flow: { name: 'Sum', path: '/flows/Sum.robin', text: 'SET A TO 1\n' },
      inputs: {},
      mode: 'attended',
      priority: 'normal',
      requestedBy: 'test',
      connection: 'own',
    });
    expect((await pc.dflow('connection remove Own')).err).toContain(
      'QueueNotEmpty: One run that waits uses the connection Own.',
    );
    await pc.dflow(`queue cancel ${run.id}`);
    expect((await pc.dflow('connection remove Own')).code).toBe(0);
  });
});

it('answers programs with JSON that stays as it is', async () => {
  const pc = await fleet();
  await pc.dflow('group add Robots', { description: 'at night' });
  await pc.dflow('connection add Bot', { target: 'PC', account: 'CORP\\bot', 'no-password': true });
  const answers = await Promise.all(
    ['machine list', 'group list', 'connection list', 'schedule list'].map((line) =>
      pc.dflow(line, { json: true }),
    ),
  );
  expect(stable(answers.map(({ out }) => out).join(''))).toMatchInlineSnapshot(`
    "[{"id":"id-1","name":"PC","description":"","settings":{"maintenance":false,"reuseSessions":false,"extendedPrioritization":"auto","allocation":"random","sessionPolicy":"wait"},"unattendedSlots":1,"facts":{"platform":"system","agentVersion":"1.2.3","host":"pc","edition":"client","sessionLimit":1,"severalPerUser":false,"makesSessions":false,"sessions":[{"id":"current","account":"user","state":"active","kind":"console","ours":false,"since":0}],"recording":[]},"online":true,"seenAt":0,"owner":"user","queued":0,"running":0}]
    [{"id":"id-2","name":"Robots","description":"at night","settings":{"maintenance":false,"reuseSessions":false,"extendedPrioritization":"auto","allocation":"random","sessionPolicy":"wait"},"owner":"user","queued":0,"running":0,"machines":[]}]
    [{"id":"id-3","name":"Bot","queue":"id-1","account":"user","credential":{"kind":"none"},"usable":true,"owner":"user"}]
    []
    "
  `);
});
