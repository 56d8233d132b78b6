// The commands that work on files without an agent: format, actions, diff and solution.
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { listActions } from '../../src/cli/actions.ts';
import { checkFlows } from '../../src/cli/check.ts';
import { diffFiles } from '../../src/cli/diff.ts';
import { formatFlows } from '../../src/cli/format.ts';
import { list, pack, unpack } from '../../src/cli/solution.ts';
import { readZip, writeZip } from '../../src/interchange/zip.ts';
import { elementsText, imagesText } from '../interchange/repositoryTexts.ts';
import { solutionParts } from '../interchange/solutionParts.ts';
import { folderWith, written } from './output.ts';

const untidy = 'IF A = 1 THEN\nset B to 2\nEND\n';
const tidy = 'IF A = 1 THEN\n    SET B TO 2\nEND\n';

describe('dflow format', () => {
  it('lays out the files that need it, and names them', () => {
    const { folder, path, read } = folderWith({ 'a.robin': untidy, 'b.robin': tidy });
    const [out, err] = [written(), written()];
    expect(formatFlows([folder], false, out, err)).toBe(0);
    expect([out.text, err.text]).toEqual([`${path('a.robin')}\n`, '2 files: 1 formatted\n']);
    expect(read('a.robin')).toBe(tidy);
  });

  it('with --check writes nothing and ends with 1 when there is something to do', () => {
    const { folder, path, read } = folderWith({ 'a.robin': untidy, 'b.robin': tidy });
    const out = written();
    expect(formatFlows([folder], true, out, written())).toBe(1);
    expect(out.text).toBe(`${path('a.robin')}\n`);
    expect(read('a.robin')).toBe(untidy);
    expect(formatFlows([path('b.robin')], true, written(), written())).toBe(0);
  });

  it('does not replace a file that is protected against writing', () => {
    const { path, read } = folderWith({ 'a.robin': untidy, 'b.robin': untidy });
    chmodSync(path('a.robin'), 0o444);
    const err = written();
    expect(formatFlows([path('a.robin'), path('b.robin')], false, written(), err)).toBe(1);
    expect([read('a.robin'), read('b.robin')]).toEqual([untidy, tidy]);
    expect(err.text).toContain(`${path('a.robin')}: error FileNotWritable: `);
  });

  it('says what it cannot read', () => {
    const err = written();
    expect(formatFlows(['absent.robin'], false, written(), err)).toBe(1);
    expect(err.text).toContain('absent.robin: error FlowNotFound: There is no file absent.robin.\n  Next: ');
  });
});

it('never passes control characters of a flow on to the terminal', () => {
  const { path } = folderWith({ 'a.robin': "CALL 'x\u001b[2Jy'\n", 'b.robin': '' });
  const out = written();
  diffFiles(path('a.robin'), path('b.robin'), false, out);
  checkFlows({ paths: [path('a.robin')], format: 'human', fix: false, rules: {} }, out);
  expect(out.text).toContain('x\ufffd[2Jy');
  expect(out.text).not.toContain('\u001b');
});

describe('dflow actions', () => {
  const flow =
    'File.Copy Files: A Destination: B IfFileExists: File.IfExists.Overwrite\nIF (File.IfFile.Exists File: A) THEN\n    file.copy Files: A Destination: B IfFileExists: File.IfExists.Overwrite\nEND\nDISABLE Text.Trim Text: A\nSome.Thing A: 1\n';

  it('counts the actions and says which the agent can run; disabled rows do not count', () => {
    const { folder, path } = folderWith({
      'a.robin': flow,
      'b.robin': 'File.Copy Files: A Destination: B IfFileExists: File.IfExists.Overwrite\n',
    });
    const out = written();
    expect(listActions([folder], true, out, written())).toBe(0);
    const { actions, files, errors } = JSON.parse(out.text);
    expect(
      actions.map(
        ({
          id,
          support,
          count,
          files: inFiles,
        }: {
          id: string;
          support: string;
          count: number;
          files: number;
        }) => [id, support, count, inFiles],
      ),
    ).toEqual([
      ['File.Copy', 'supported', 3, 2],
      ['File.IfFile.Exists', 'supported', 1, 1],
      ['Some.Thing', 'unknown', 1, 1],
    ]);
    expect(files[1]).toEqual({ path: path('b.robin'), actions: { 'File.Copy': 1 } });
    expect(errors).toEqual([]);
  });

  it('lists them for people, the most used first', () => {
    const { folder } = folderWith({ 'a.robin': flow });
    const [out, err] = [written(), written()];
    expect(listActions([folder, 'absent.robin'], false, out, err)).toBe(1);
    expect(out.text).toMatch(/^ {5}2 {2}supported {4}File\.Copy {2}\S/);
    expect(out.text).toMatch(/3 actions in 1 file: 2 supported by this agent, 0 not, 1 unknown\n$/);
    expect(err.text).toContain('FlowNotFound');
  });
});

describe('dflow diff', () => {
  it('names the differences and ends with 1; with none it ends with 0', () => {
    const { path } = folderWith({ 'a.robin': untidy, 'b.robin': tidy, 'c.robin': `${tidy}WAIT 1\n` });
    const [same, other, json] = [written(), written(), written()];
    expect(diffFiles(path('a.robin'), path('b.robin'), false, same)).toBe(0);
    expect(same.text).toBe('No difference in meaning.\n');
    expect(diffFiles(path('a.robin'), path('c.robin'), false, other)).toBe(1);
    expect(other.text).toBe('+ Main line 4: WAIT 1\n');
    expect(diffFiles(path('a.robin'), path('c.robin'), true, json)).toBe(1);
    expect(JSON.parse(json.text)).toEqual({
      before: path('a.robin'),
      after: path('c.robin'),
      changes: [{ kind: 'added', text: 'WAIT 1', after: { subflow: 'Main', line: 4 } }],
    });
  });
});

describe('dflow solution', () => {
  const archive = writeZip(
    solutionParts({
      id: 'aaaaaaaa-0000-0000-0000-000000000001',
      name: 'Invoices',
      text: 'SET A TO 1\r\n',
      elements: elementsText(),
      images: imagesText(),
    }),
  );

  it('unpacks into a new folder and packs the same archive again', () => {
    const { path, read } = folderWith({ 's.zip': archive });
    const out = written();
    expect(unpack(path('s.zip'), path('work'), false, out)).toBe(0);
    expect(out.text).toBe(`${path('work/Invoices/Invoices.robin')}  Invoices\n`);
    expect(read('work/Invoices/Invoices.robin')).toBe('SET A TO 1\r\n');
    expect(pack(path('work'), path('again.zip'), written())).toBe(0);
    expect(new Uint8Array(readFileSync(path('again.zip')))).toEqual(archive);

    writeFileSync(path('work/Invoices/Invoices.robin'), 'SET A TO 2\r\n');
    const packed = written();
    expect(pack(path('work'), path('again.zip'), packed)).toBe(0);
    expect(packed.text).toBe(`changed  Invoices\n${path('again.zip')}: 10 files, 1 flow changed\n`);
    const xml = readZip(readFileSync(path('again.zip')))[0];
    expect(new TextDecoder().decode(xml?.bytes)).toContain('<Definition>"SET A TO 2\\r\\n"</Definition>');
  });

  it('unpacks the folder of an unpacked export as well, and lists its flows', () => {
    const { folder, path } = folderWith(
      Object.fromEntries(readZip(archive).map(({ name, bytes }) => [`export/${name}`, bytes])),
    );
    expect(unpack(path('export'), `${folder}/work`, false, written())).toBe(0);
    expect(existsSync(path('work/Invoices/controlRepo.appmask'))).toBe(true);
    const out = written();
    expect(list(path('export'), true, out)).toBe(0);
    expect(JSON.parse(out.text)).toEqual({
      flows: [{ name: 'Invoices', path: 'Invoices/Invoices.robin' }],
      notes: [],
    });
  });

  it('never writes over a folder that has files, unless told to', () => {
    const { path, read } = folderWith({ 's.zip': archive, 'work/Invoices/Invoices.robin': 'mine' });
    expect(() => unpack(path('s.zip'), path('work'), false, written())).toThrow(
      `${path('work')} is not empty.`,
    );
    expect(read('work/Invoices/Invoices.robin')).toBe('mine');
    expect(unpack(path('s.zip'), path('work'), true, written())).toBe(0);
    expect(read('work/Invoices/Invoices.robin')).toBe('SET A TO 1\r\n');
  });

  it('does not take a file for a folder', () => {
    const { path, read } = folderWith({ 's.zip': archive, work: 'mine' });
    expect(() => unpack(path('s.zip'), path('work'), true, written())).toThrow(`${path('work')} is a file`);
    expect(read('work')).toBe('mine');
  });

  it('says what is wrong with an archive before it writes anything', () => {
    const { path } = folderWith({ 's.zip': archive.slice(0, 200) });
    expect(() => unpack(path('s.zip'), path('work'), false, written())).toThrow('The archive is damaged.');
    expect(() => unpack(path('absent.zip'), path('work'), false, written())).toThrow('cannot be read');
    expect(existsSync(path('work'))).toBe(false);
  });
});
