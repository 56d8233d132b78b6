// The index of a real folder: what it finds, what it skips, and whom it tells about what.
import { mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LineIndex } from '../../src/base/text.ts';
import { gatherCompanions } from '../../src/files/companions.ts';
import { encodeFlow } from '../../src/language/syntax/decode.ts';
import { parse } from '../../src/language/syntax/parser.ts';
import { Project } from '../../src/server/project.ts';

let folder: string;
let notes: string[];
let project: Project;
let told: string[][];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'project-'));
  notes = [];
  project = new Project((note) => notes.push(note));
  told = [];
  project.onDidChange((uris) =>
    told.push([...uris].map((uri) => uri.slice(uri.lastIndexOf('/') + 1)).sort()),
  );
});
afterEach(() => rm(folder, { recursive: true }));

const uriOf = (name: string) => pathToFileURL(join(folder, name)).href;

async function write(files: Readonly<Record<string, string | Uint8Array>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
}

async function index(files: Readonly<Record<string, string | Uint8Array>>): Promise<void> {
  await write(files);
  project.changeFolders([pathToFileURL(folder).href]);
  await project.ready;
}

function open(name: string, text: string): void {
  project.open(uriOf(name), parse(text), new LineIndex(text), () => text);
}

const run = (id: string, name?: string) =>
  `${name === undefined ? '' : `@@flowname: '${name}'\n`}External.RunFlow FlowId: '${id}'\n`;
const names = () => [...project.flows()].map(({ summary }) => summary.name).sort();

describe('the index', () => {
  it('knows the inputs, outputs, subflows and runs of each flow, and its id from the solution', async () => {
    await index({
      'Pay.robin': `@INPUT Folder : { 'Description': 'Where', 'FriendlyName': 'Invoice folder', 'Type': 'String', 'IsOptional': False }
@OUTPUT Total : { 'Description': '', 'FriendlyName': 'Sum', 'Type': 'Numeric' }
${run('ABC-1', 'Send mail')}
FUNCTION Note GLOBAL
END FUNCTION
`,
      'solution.json': JSON.stringify({
        flows: [{ id: 'F00-D', name: 'Pay: all', path: 'Pay.robin' }, { id: 4 }, null],
      }),
    });
    const pay = project.flow('f00-d');
    expect(pay).toMatchObject({
      uri: uriOf('Pay.robin'),
      summary: {
        name: 'Pay',
        id: 'f00-d',
        inputs: [{ name: 'Folder', externalName: 'Invoice folder', type: 'Text', optional: false }],
        outputs: [{ name: 'Total', externalName: 'Sum' }],
        runs: [{ id: 'abc-1', name: 'Send mail' }],
      },
      subflows: [{ name: 'Note', range: { start: { line: 5, character: 9 } } }],
    });
    expect(project.flow('PAY')).toBe(pay);
    expect(project.flow('pay: all')).toBe(pay);
    expect(project.entry(uriOf('Pay.robin'))).toBe(pay);
    expect(project.flow('nobody')).toBeUndefined();
  });

  it('finds flows in folders, under both endings and in any encoding, and follows links once', async () => {
    await write({
      'a/One.robin': 'SET A TO 1\n',
      'a/b/Two.PAD': encodeFlow('FUNCTION Größe GLOBAL\r\nEND FUNCTION\r\n', 'utf-16le'),
      'a/Three.txt': '',
      'node_modules/x/Four.robin': '',
    });
    await symlink(join(folder, 'a'), join(folder, 'a/b/loop'));
    await symlink(join(folder, 'a'), join(folder, 'same'));
    await symlink(join(folder, 'nowhere'), join(folder, 'Broken.robin'));
    await index({});
    expect(names()).toEqual(['One', 'Two']);
    expect(project.symbols('grö', 9)).toMatchObject([{ kind: 'subflow', name: 'Größe', container: 'Two' }]);
  });

  it('skips what it cannot read, and says so', async () => {
    await write({ 'Huge.robin': '', 'Strange.robin': new Uint8Array([0x80, 0x81]), 'Good.robin': '' });
    await truncate(join(folder, 'Huge.robin'), 17 * 1024 * 1024);
    await index({ 'solution.json': '{ "flows": 1' });
    project.changeFolders([uriOf('missing'), 'untitled:x', 'vscode-remote://x/y']);
    await project.ready;
    expect(names()).toEqual(['Good']);
    expect(notes.sort()).toEqual([
      expect.stringMatching(/Huge\.robin is not indexed: .* 16 MB/),
      expect.stringMatching(/Strange\.robin is not indexed: .*UTF-8/),
      expect.stringMatching(/The folder .*missing is not indexed/),
    ]);
  });

  it('lets other work pass while it reads', async () => {
    const long = `SET A TO $'''some text'''\n`.repeat(20_000);
    await write(Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`F${i}.robin`, long])));
    let turns = 0;
    const count = () => {
      turns++;
      next = setImmediate(count);
    };
    let next = setImmediate(count);
    await index({});
    clearImmediate(next);
    expect(names()).toHaveLength(10);
    expect(turns).toBeGreaterThan(20);
  });

  it('follows the files: created, changed, deleted, and whole folders', async () => {
    await index({ 'A.robin': '', 'sub/B.robin': '', 'sub/C.robin': '' });
    await write({ 'D.robin': '', 'A.robin': 'FUNCTION f GLOBAL\nEND FUNCTION\n' });
    project.filesChanged(['A.robin', 'D.robin', 'other.txt'].map(uriOf));
    await expect.poll(names).toEqual(['A', 'B', 'C', 'D']);
    await expect.poll(() => project.symbols('f', 9)).toHaveLength(1);
    await rm(join(folder, 'sub'), { recursive: true });
    project.filesChanged([uriOf('sub')]);
    await expect.poll(names).toEqual(['A', 'D']);
    project.changeFolders([], [pathToFileURL(folder).href]);
    expect(names()).toEqual([]);
  });

  it('puts an open document before its file, until it closes', async () => {
    await index({ 'A.robin': 'FUNCTION OnDisk GLOBAL\nEND FUNCTION\n' });
    open('A.robin', 'FUNCTION Typed GLOBAL\nEND FUNCTION\n');
    project.filesChanged([uriOf('A.robin')]);
    await project.ready;
    expect(project.entry(uriOf('A.robin'))?.subflows.map(({ name }) => name)).toEqual(['Typed']);
    expect(await project.text(uriOf('A.robin'))).toContain('Typed');
    project.close(uriOf('A.robin'));
    await expect.poll(() => project.entry(uriOf('A.robin'))?.subflows[0]?.name).toBe('OnDisk');
    expect(await project.text(uriOf('A.robin'))).toContain('OnDisk');
    expect(await project.text(uriOf('gone.robin'))).toBeUndefined();
    expect(await project.text('untitled:x')).toBeUndefined();
  });
});

describe('names', () => {
  it('that two flows have mean the one in the folder of whoever asks, or nothing', async () => {
    await index({ 'x/Same.robin': '', 'y/Same.robin': '', 'y/Main.robin': '', 'Other.robin': '' });
    expect(project.flow('same', uriOf('y/Main.robin'))?.uri).toBe(uriOf('y/Same.robin'));
    expect(project.flow('same', uriOf('Other.robin'))).toBeUndefined();
    expect(project.flow('same')).toBeUndefined();
  });

  it('are found by their letters, the best first', async () => {
    await index({
      'Pay.robin': '@INPUT Payment : { }\nFUNCTION Repay GLOBAL\nEND FUNCTION\n',
      'PlanDay.robin': '',
    });
    const found = (query: string, limit = 9) => project.symbols(query, limit).map(({ name }) => name);
    expect(found('pay')).toEqual(['Pay', 'Payment', 'Repay', 'PlanDay']);
    expect(found('PDY')).toEqual(['PlanDay']);
    expect(found('pay', 1)).toEqual(['Pay']);
    expect(found('')).toHaveLength(4);
    expect(found('zzz')).toEqual([]);
  });
});

describe('what flows have to do with each other', () => {
  it('is where a flow is run, by id or by name', async () => {
    await index({
      'Main.robin': `${run('ID-1')}${run('some-other-id', 'Pay')}`,
      'Pay.robin': '',
      'solution.json': JSON.stringify({ flows: [{ id: 'id-1', name: 'Pay', path: 'Pay.robin' }] }),
    });
    expect(project.usesOfFlow('Pay').map(({ range }) => range.start)).toEqual([
      { line: 0, character: 26 },
      { line: 2, character: 26 },
    ]);
    expect(project.usesOfFlow('id-1')).toHaveLength(2);
    expect(project.usesOfFlow('nobody')).toEqual([]);
  });

  it('is what a run of another flow needs, and the circle it closes', async () => {
    await index({
      'A.robin': run('B'),
      'B.robin': `@INPUT Who : { }\n${run('x', 'C')}`,
      'C.robin': `${run('A')}${run('Lost')}`,
      'Self.robin': run('Self'),
    });
    const of = (name: string) => project.surroundingsOf(uriOf(name));
    expect(
      of('A.robin')
        .flow('b', undefined)
        ?.inputs.map(({ name }) => name),
    ).toEqual(['Who']);
    expect(of('A.robin').circle('B', undefined)).toEqual(['A', 'B', 'C', 'A']);
    expect(of('B.robin').circle('x', 'C')).toEqual(['B', 'C', 'A', 'B']);
    expect(of('Self.robin').circle('self', undefined)).toEqual(['Self', 'Self']);
    expect(of('C.robin').circle('lost', undefined)).toBeUndefined();
    expect(of('Self.robin').circle('a', undefined)).toBeUndefined();
  });

  it('is told to those that depend on it, and only when others can notice', async () => {
    await index({
      'Main.robin': run('Middle'),
      'Middle.robin': run('Leaf'),
      'Leaf.robin': 'SET A TO 1\n',
      'Loner.robin': '',
    });
    for (const [name, text] of [
      ['Main.robin', run('Middle')],
      ['Middle.robin', run('Leaf')],
      ['Leaf.robin', 'SET A TO 1\n'],
      ['Loner.robin', ''],
    ] as const) {
      open(name, text);
    }
    expect(told).toEqual([]);
    open('Leaf.robin', 'SET A TO 2\n');
    expect(told, 'the inside of a flow is its own business').toEqual([]);
    open('Leaf.robin', '@INPUT New : { }\nSET A TO 2\n');
    expect(told).toEqual([['Main.robin', 'Middle.robin']]);
    told.length = 0;
    open('Loner.robin', `${run('Lost')}`);
    await write({ 'Lost.robin': '' });
    project.filesChanged([uriOf('Lost.robin')]);
    await expect.poll(() => told).toEqual([['Loner.robin']]);
  });
});

describe('repositories', () => {
  const screens = (name: string) => `{"Screens":[{"Name":"${name}","Controls":[{"Name":"OK"}]}]}`;
  const flow = `IMPORT 'my.appmask' AS appmask\nIMPORT 'my.imgrepo' AS imgrepo\nUIAutomation.Click.Click UiElement: appmask['Window']['OK']\nMouseAndKeyboard.MoveMouseToImage Images: [imgrepo['Logo']]\n`;

  it('are the files the IMPORT lines name, beside the flow', async () => {
    await index({ 'x/A.robin': flow, 'x/B.robin': flow, 'y/C.robin': flow, 'D.robin': '' });
    const uris = project.repositoryUris(uriOf('x/A.robin'));
    expect(uris).toEqual({ elements: uriOf('x/my.appmask'), images: uriOf('x/my.imgrepo') });
    expect(project.repositoryUris(uriOf('D.robin'))).toEqual({ elements: undefined, images: undefined });
    const mentions = (found: { uri: string }[]) =>
      found.map(({ uri }) => uri.slice(uri.lastIndexOf('/') + 1)).sort();
    expect(mentions(project.usesOfElement(uriOf('x/my.appmask'), 'window', 'ok'))).toEqual([
      'A.robin',
      'B.robin',
    ]);
    expect(mentions(project.usesOfElement(uriOf('y/my.appmask'), 'Window'))).toEqual(['C.robin']);
    expect(project.usesOfElement(uriOf('x/my.appmask'), 'Window', 'Cancel')).toEqual([]);
    expect(mentions(project.usesOfImage(uriOf('x/my.imgrepo'), 'logo'))).toEqual(['A.robin', 'B.robin']);
  });

  it('are read when an open flow needs them, and again when they change', async () => {
    await index({
      'A.robin': flow,
      'my.appmask': screens('Window'),
      'my.imgrepo': '{"Images":[{"Name":"Logo"}]}',
    });
    open('A.robin', flow);
    const seen = () => project.surroundingsOf(uriOf('A.robin'));
    expect(seen().screens, 'nothing is concluded before it is read').toBeUndefined();
    await expect.poll(() => seen().screens).toEqual([{ name: 'Window', elements: ['OK'] }]);
    await expect.poll(() => seen().images).toEqual(['Logo']);
    expect(told).toEqual([['A.robin'], ['A.robin']]);
    await write({ 'my.appmask': screens('Dialog') });
    project.filesChanged([uriOf('my.appmask')]);
    await expect.poll(() => seen().screens?.[0]?.name).toBe('Dialog');
    expect(told).toHaveLength(3);
  });

  it('that are missing say nothing about the names in them', async () => {
    await index({ 'A.robin': flow });
    open('A.robin', flow);
    project.surroundingsOf(uriOf('A.robin'));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(project.surroundingsOf(uriOf('A.robin'))).toMatchObject({ screens: undefined, images: undefined });
    expect(told).toEqual([]);
    expect(notes).toEqual([]);
  });
});

describe('what a run needs', () => {
  it('is gathered from open flows first, then from disk, and found by the id of a solution or by name', async () => {
    await index({
      'flows/Main.robin': `@@ConnectionString: ''
IMPORT 'controlRepo.appmask' AS appmask
${run('F00-D')}${run('x', 'Other')}`,
      'flows/controlRepo.appmask': '{"Screens":[]}',
      'flows/Pay.robin': 'SET A TO 1\n',
      'flows/Other.robin': 'SET B TO 1\n',
      'solution.json': JSON.stringify({
        flows: [{ id: 'F00-D', name: 'Pay: all', path: 'flows/Pay.robin' }],
      }),
    });
    open('flows/Other.robin', 'SET B TO 2\n');
    const path = join(folder, 'flows', 'Main.robin');
    const text = (await project.read(path)) as string;
    expect(await gatherCompanions(path, parse(text), project)).toEqual([
      { path: 'Pay.robin', text: 'SET A TO 1\n', ids: ['f00-d'] },
      { path: 'Other.robin', text: 'SET B TO 2\n', ids: ['x'] },
      { path: 'controlRepo.appmask', text: '{"Screens":[]}' },
    ]);
    await expect(gatherCompanions(path, parse(run('nowhere')), project)).rejects.toMatchObject({
      code: 'CalledFlowNotFound',
    });
  });
});
