// The command line as a user has it: the built bundles, a real agent, real workers, real files. Bad inputs included.
import { type ChildProcess, spawn } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..');
const work = mkdtempSync(join(tmpdir(), 'dflow-'));
const home = join(work, 'home');
const samples = join(work, 'samples');
const secret = 'S3cret-zebra-9917';

interface Result {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function start(args: string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
  return spawn(process.execPath, [join(root, 'bin', 'dflow.cjs'), ...args], {
    cwd: work,
    env: { ...process.env, DESKTOP_FLOWS_HOME: home, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
}

function dflow(args: string[], options: { stdin?: string; env?: NodeJS.ProcessEnv } = {}): Promise<Result> {
  return new Promise((resolve) => {
    const child = start(args, options.env);
    let out = '';
    let err = '';
    child.stdout?.setEncoding('utf8').on('data', (text) => {
      out += text;
    });
    child.stderr?.setEncoding('utf8').on('data', (text) => {
      err += text;
    });
    child.on('close', (code) => resolve({ code, out, err }));
    child.stdin?.end(options.stdin ?? '');
  });
}

function flow(name: string, text: string | Uint8Array): string {
  writeFileSync(join(work, name), text);
  return name;
}

beforeAll(() => {
  cpSync(join(root, 'samples'), samples, { recursive: true, filter: (path) => !path.endsWith('out') });
  mkdirSync(home);
});
afterAll(async () => {
  await dflow(['agent', 'stop']);
  rmSync(work, { recursive: true, force: true });
});

describe('dflow run', () => {
  it('runs every sample, shows each action and the outputs, and keeps the sensitive input to itself', async () => {
    const inputs: Record<string, Record<string, string>> = {
      'consolidate-invoices': { 'Approval code': secret },
      'archive-files': { 'Customer number': secret },
      'send-orders': { 'Access token': secret },
    };
    for (const file of readdirSync(samples).filter((name) => name.endsWith('.robin'))) {
      const given = inputs[file.replace('.robin', '')];
      const { code, out, err } = await dflow(['run', join('samples', file), '--inputs', '-'], {
        stdin: JSON.stringify(given),
      });
      expect(`${code} ${err}`, file).toBe('0 ');
      expect(out, file).toMatch(/ {2}✓ Main:\d+ +\S+/);
      expect(out, file).toContain('✓ Succeeded in');
      expect(out, file).not.toContain(secret);
    }
    expect(readFileSync(join(samples, 'out', 'invoices.csv'), 'utf8')).toContain('Nordwind Logistics');
    expect(readFileSync(join(samples, 'out', 'summary.txt'), 'utf8')).toMatch(
      /7 invoices, 11,211\.40 in total, 1 smaller ones left out/,
    );
    expect(readdirSync(join(samples, 'out', 'outbox'))).toEqual(['order-1001.txt', 'order-1003.txt']);
    expect(readdirSync(join(samples, 'out', 'archive')).sort()).toEqual(['invoices', 'letters', 'tables']);
    for (const name of readdirSync(home, { recursive: true, withFileTypes: true })) {
      if (name.isFile())
        expect(readFileSync(join(name.parentPath, name.name)).includes(secret), name.name).toBe(false);
    }
  });

  it('names file, line, action, code and next step of a failure and exits with 1', async () => {
    const file = flow(
      'fails.robin',
      "SET A TO 1\nFile.ReadTextFromFile.ReadText File: $'''absent.txt''' Encoding: File.TextFileEncoding.UTF8 Content=> Text\n",
    );
    const { code, out } = await dflow(['run', file]);
    expect(code).toBe(1);
    expect(out).toMatch(/✗ Failed after/);
    expect(out).toMatch(
      /^fails\.robin:2: FileNotFound\w*: .*absent\.txt.* \(Main, File\.ReadTextFromFile\.ReadText\)$/m,
    );
    expect(out).toMatch(/Next: \S+/);
  });

  it('gives one JSON object a line with --json, the result last', async () => {
    const file = flow(
      'json.robin',
      "@OUTPUT Sum : { 'Description': '', 'FriendlyName': 'The sum', 'Type': 'Numeric' }\nSET Sum TO 2 + 3\n",
    );
    const { code, out } = await dflow(['run', file, '--json']);
    const lines = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(code).toBe(0);
    expect(lines.at(-1)).toMatchObject({ kind: 'result', state: 'Succeeded', outputs: { 'The sum': 5 } });
    // A run's record comes again when its position changes: the order of states is what counts.
    const states = lines.filter((line) => line.kind === 'run').map((line) => line.run.state);
    expect([...new Set(states)]).toEqual(['Queued', 'Starting', 'Running', 'Succeeded']);
    const numbers = lines.slice(0, -1).map((line) => line.seq);
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
  });

  it('stops the run on Ctrl+C and exits with 130', async () => {
    const file = flow('long.robin', 'LOOP WHILE (1) = (1)\n    SET A TO 1\nEND\n');
    const child = start(['run', file, '--json']);
    const closed = new Promise<number | null>((resolve) => child.on('close', (code) => resolve(code)));
    let out = '';
    await new Promise<void>((resolve) => {
      child.stdout?.setEncoding('utf8').on('data', (text) => {
        out += text;
        if (out.includes('"state":"Running"')) resolve();
      });
    });
    child.kill('SIGINT');
    expect(await closed).toBe(130);
    expect(JSON.parse(out.trim().split('\n').at(-1) as string)).toMatchObject({
      kind: 'result',
      state: 'Canceled',
    });
  });

  it('answers a message with its default button where no person can', async () => {
    const file = flow(
      'message.robin',
      "@OUTPUT Pressed : { 'Description': '', 'FriendlyName': 'Pressed', 'Type': 'String' }\nDisplay.ShowMessageDialog.ShowMessage Title: $'''Q''' Message: $'''Go on?''' Icon: Display.Icon.None Buttons: Display.Buttons.YesNo DefaultButton: Display.DefaultButton.Button1 IsTopMost: False ButtonPressed=> Pressed\n",
    );
    const { code, out } = await dflow(['run', file]);
    expect(code).toBe(0);
    expect(out).toContain('? Q: Go on?');
    expect(out).toMatch(/Pressed +Yes/);
  });
});

it('runs flows of several terminals at once, each once, without an agent that stays', async () => {
  const own = join(work, 'several');
  const file = flow('quick.robin', 'SET A TO 1\n');
  const finished: (number | null)[] = [];
  for (let round = 0; round < 2; round++) {
    const all = Array.from({ length: 6 }, async (_, index) => {
      await new Promise((resolve) => setTimeout(resolve, index * 150));
      return dflow(['run', file, '--data', own]);
    });
    for (const { code, err } of await Promise.all(all)) {
      expect(err).toBe('');
      finished.push(code);
    }
  }
  expect(finished).toEqual(Array(12).fill(0));
  expect((await dflow(['agent', 'start', '--data', own])).code).toBe(0);
  const { out } = await dflow(['queue', '--json', '--data', own]);
  await dflow(['agent', 'stop', '--data', own]);
  expect(out.match(/"state":"Succeeded"/g)).toHaveLength(10); // the last ones
}, 120_000);

it('survives a reader that leaves early', async () => {
  const file = flow(
    'talkative.robin',
    `LOOP I FROM 1 TO 3\n    Logging.LogMessage Message: $'''%I%''' LogLevel: Logging.LogLevel.InfoLevel\nEND\n`,
  );
  const child = start(['run', file]);
  child.stdout?.destroy();
  child.stdin?.end();
  let err = '';
  child.stderr?.setEncoding('utf8').on('data', (text) => {
    err += text;
  });
  expect(await new Promise((resolve) => child.on('close', resolve))).toBe(0);
  expect(err).toBe('');
});

describe('wrong requests', () => {
  const header =
    "@SENSITIVE: [Pin]\n@INPUT Pin : { 'Description': '', 'FriendlyName': 'Pin code', 'Type': 'Numeric', 'IsOptional': False, 'DefaultValue': 0 }\nSET A TO Pin\n";
  it.each<[string, string[], number, RegExp]>([
    ['no command', [], 2, /dflow: run, check/],
    ['unknown command', ['fly'], 2, /UsageWrong: .*fly/],
    ['unknown option', ['run', 'x.robin', '--fast'], 2, /UsageWrong: There is no option --fast\.\n/],
    [
      'option of another command',
      ['format', '--fix', '.'],
      2,
      /UsageWrong: dflow format has no option --fix\.\n/,
    ],
    ['file that is not there', ['run', 'nowhere.robin'], 2, /FlowNotFound: .*nowhere\.robin/],
    ['folder instead of a file', ['run', 'samples'], 2, /FlowUnreadable: samples is a folder/],
    [
      'unknown action',
      ['run', flow('unknown.robin', 'File.Telepathy File: 1\n')],
      1,
      /unknown\.robin:1:1: error \w+: .*File\.Telepathy/,
    ],
    [
      'action this agent lacks',
      ['run', flow('lacks.robin', 'Workstation.LockWorkstation\n')],
      1,
      /unsupported \w+: .*not supported by this agent/,
    ],
    [
      'syntax error',
      ['run', flow('syntax.robin', 'SET A TO 1\nIF A = THEN\n')],
      1,
      /syntax\.robin:2:\d+: error \w+/,
    ],
    [
      'wrong type',
      ['run', flow('pin.robin', header), '--input', 'Pin code=abc-hunter2'],
      2,
      /InputType: .*Pin code/,
    ],
    [
      'unknown input',
      ['run', flow('pin.robin', header), '--input', 'Pim code=1'],
      2,
      /InputUnknown: .*\n.*Pin code/,
    ],
    [
      'UTF-16 without mark',
      ['run', flow('utf16.robin', Buffer.from('SET A TO 1\n', 'utf16le'))],
      2,
      /FlowEncodingUnknown: /,
    ],
    [
      'bytes that are no text',
      ['check', flow('bytes.robin', Uint8Array.of(0x53, 0xff, 0xfe, 0x41))],
      1,
      /FlowEncodingUnknown: /,
    ],
    [
      '50 MB',
      ['run', flow('large.robin', `# ${'x'.repeat(50 * 1024 * 1024)}\n`)],
      2,
      /FlowTooLarge: large\.robin has 50\.1 MB/,
    ],
    [
      'too many words',
      ['agent', 'status', 'now'],
      2,
      /UsageWrong: dflow agent takes start, status, stop, unpair, or pair/,
    ],
    ['wrong port', ['agent', 'start', '--port', '99999'], 2, /UsageWrong: --port/],
  ])('%s: a clear message, a next step, the right exit code', async (_name, args, code, message) => {
    const result = await dflow(args);
    expect(result.out + result.err).toMatch(message);
    expect(result.err + result.out).not.toContain('hunter2');
    expect(result.code).toBe(code);
  });

  it('warns when a sensitive value stands on the command line, and runs', async () => {
    const { code, err } = await dflow(['run', flow('pin.robin', header), '--input', 'Pin code=4711']);
    expect(code).toBe(0);
    expect(err).toMatch(/InputOnCommandLine: Pin code/);
  });

  it('says which input is missing, by its external name', async () => {
    const file = flow(
      'missing.robin',
      header.replace('Numeric', 'String').replace("'DefaultValue': 0", "'DefaultValue': ''"),
    );
    const { code, err } = await dflow(['run', file]);
    expect(code).toBe(2);
    expect(err).toMatch(/InputMissing: .*Pin code/);
  });

  it('opens UTF-16 with a mark', async () => {
    const bytes = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from("SET A TO $'''é'''\r\n", 'utf16le')]);
    expect(await dflow(['check', flow('bom.robin', bytes)])).toMatchObject({
      code: 0,
      out: '1 file: 0 errors, 0 warnings\n',
    });
  });
});

describe('dflow agent', () => {
  it('starts, tells its state, refuses a second one on a used port, and stops', async () => {
    const other = join(work, 'other');
    expect((await dflow(['agent', 'status', '--data', other])).code).toBe(3);
    const started = await dflow(['agent', 'start', '--data', other]);
    expect(started.code).toBe(0);
    const status = JSON.parse((await dflow(['agent', 'status', '--data', other, '--json'])).out);
    expect(status).toMatchObject({ agent: 'running', running: 0, queued: 0 });
    const taken = await dflow([
      'agent',
      'start',
      '--data',
      join(work, 'third'),
      '--port',
      String(status.port),
    ]);
    expect(taken.code).toBe(3);
    expect(taken.err).toMatch(new RegExp(`AgentPortInUse: .*${status.port}`));
    expect((await dflow(['agent', 'stop', '--data', other])).out).toContain('The agent has stopped.');
    expect(existsSync(join(other, 'agent.json'))).toBe(false);
    expect((await dflow(['agent', 'status', '--data', other])).code).toBe(3);
  });
});

describe('flows that run flows', () => {
  const runs = (name: string) => `@@flowname: '${name}'\nExternal.RunFlow FlowId: '${name}-id'\n`;

  it('finds them in the folder of the flow, whatever solution they come from', async () => {
    mkdirSync(join(work, 'tree', 'parts'), { recursive: true });
    flow('tree/Caller.robin', runs('Called one'));
    flow('tree/parts/Called one.robin', runs('Called two'));
    flow(
      'tree/parts/Called two.robin',
      "Logging.LogMessage Message: $'''deep inside''' LogLevel: Logging.LogLevel.InfoLevel\n",
    );
    const { code, out } = await dflow(['run', 'tree/Caller.robin']);
    expect(code).toBe(0);
    expect(out).toContain('deep inside');
    expect(out).toMatch(/Called two\/Main:1 +Logging\.LogMessage/);
  });

  it('refuses circles and flows that are not there, by name', async () => {
    mkdirSync(join(work, 'round'), { recursive: true });
    flow('round/A.robin', runs('B'));
    flow('round/B.robin', runs('A'));
    flow('round/C.robin', runs('Nowhere'));
    const circle = await dflow(['run', 'round/A.robin']);
    expect(circle.code).toBe(2);
    expect(circle.err).toContain('FlowCircle: Flows run each other in a circle: "A" → "B" → "A".');
    const missing = await dflow(['run', 'round/C.robin']);
    expect(missing.code).toBe(2);
    expect(missing.err).toContain('CalledFlowNotFound: "C" runs the flow "Nowhere" (nowhere-id)');
  });
});

describe('control of a run', () => {
  const endless = 'LOOP WHILE (1) = (1)\n    WAIT 0.05\nEND\n';

  it('a run ends with its time', async () => {
    const { code, out } = await dflow(['run', flow('endless.robin', endless), '--timeout', 'PT1S']);
    expect(code).toBe(1);
    expect(out).toMatch(/✗ TimedOut after 1\.\d s\n.*DesktopFlowsActionTimeout: .*within 1 second/);
    for (const time of ['soon', '0s', '721h', '']) {
      const wrong = await dflow(['run', 'endless.robin', '--timeout', time]);
      expect(`${time} ${wrong.code} ${wrong.err}`).toContain(`${time} 2 UsageWrong: --timeout is a time`);
    }
  });

  it('a run is paused, resumed and stopped from another terminal', async () => {
    const running = dflow(['run', flow('long.robin', endless)]);
    let id = '';
    for (const end = Date.now() + 20_000; id === '' && Date.now() < end; ) {
      const { out } = await dflow(['queue', '--json']);
      const run = out
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line))
        .find(({ flow: { name }, state }) => name === 'long' && state === 'Running');
      id = run?.id ?? '';
    }
    const state = async () =>
      /long {2}(\w+)/.exec((await dflow(['queue'])).out.split('Finished')[0] as string)?.[1];
    expect((await dflow(['pause', id])).out).toBe('long is asked to pause.\n');
    await expect.poll(state, { timeout: 10_000 }).toBe('Paused');
    expect((await dflow(['resume', id])).out).toBe('long is asked to go on.\n');
    await expect.poll(state, { timeout: 10_000 }).toBe('Running');
    expect((await dflow(['stop', id, '--safe'])).out).toBe('long is asked to stop safely.\n');
    expect((await dflow(['stop', id])).out).toBe('long is asked to stop.\n');
    expect((await running).code).toBe(130);
    const late = await dflow(['pause', id]);
    // The agent that the run had started may have gone with it.
    expect(late.err).toMatch(/^(RunNotActive|AgentNotRunning)/);
  });
});

describe('dflow workqueue', () => {
  it('makes queues, lists them and shows what flows put into them', async () => {
    const { out: id } = await dflow(['workqueue', 'add', 'Orders', '--retries', '2']);
    expect((await dflow(['workqueue', 'add', 'orders'])).err).toContain('WorkQueueExists');
    for (const name of ['', ' ', 'x'.repeat(201)])
      expect((await dflow(['workqueue', 'add', name])).err).toContain('UsageWrong: The name of a work queue');
    flow(
      'fill.robin',
      "WorkQueues.EnqueueWorkQueueItem.WithUniqueId WorkQueue: 'Orders' Status: WorkQueues.WorkQueueItemEnqueueStatus.Queued Priority: WorkQueues.WorkQueueItemPriority.High Name: 'Order 7' UniqueId: 'o-7' Value: '{}'\n",
    );
    expect((await dflow(['run', 'fill.robin'])).code).toBe(0);
    expect((await dflow(['workqueue', 'list'])).out).toBe(`Orders  ${id.trim()}  active  1 Queued\n`);
    const { out } = await dflow(['workqueue', 'show', 'Orders', '--json']);
    expect(JSON.parse(out)).toMatchObject({ name: 'Order 7', uniqueId: 'o-7', priority: 'High' });
    expect((await dflow(['workqueue', 'pause', 'orders'])).out).toBe('Orders is paused.\n');
    expect((await dflow(['workqueue', 'show', 'none'])).err).toContain('WorkQueueNotFound');
    expect((await dflow(['workqueue', 'empty', 'Orders'])).err).toContain('UsageWrong');
  });
});
