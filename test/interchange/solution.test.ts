// A solution as a folder and back: byte for byte when nothing was edited, and nothing but the edit otherwise.
import { describe, expect, it } from 'vitest';
import { packSolution, type UnpackedSolution, unpackSolution } from '../../src/interchange/solution.ts';
import { readZip, writeZip, type ZipEntry } from '../../src/interchange/zip.ts';
import { elementsText, imagesText, screen } from './repositoryTexts.ts';
import { packageOf, solutionParts, workflowXml } from './solutionParts.ts';

const invoices = {
  id: 'aaaaaaaa-0000-0000-0000-000000000001',
  name: 'Orders: read/write "now"?',
  text: "@@Type: 'Local'\r\nIMPORT 'controlRepo.appmask' AS appmask\r\n@SENSITIVE: []\r\nSET A TO $'''ä <b>'''\r\n",
  elements: elementsText(screen('Main window')),
  images: imagesText({ name: 'Logo' }),
};
const older = { ...invoices, id: 'aaaaaaaa-0000-0000-0000-000000000002', name: '注文 処理', packaged: true };
const parts = solutionParts(invoices, older);

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (content: Uint8Array | undefined) => new TextDecoder().decode(content);
const code = (act: () => unknown) => {
  try {
    act();
    return 'done';
  } catch (error) {
    return (error as { code: string }).code;
  }
};

/** The folder as a map that a test can change. */
function folder({ files }: UnpackedSolution) {
  const content = new Map(files.map((file) => [file.path, file.bytes]));
  return { content, read: (path: string) => content.get(path) };
}

function differences(before: readonly ZipEntry[], after: readonly ZipEntry[]): string[] {
  expect(after.map(({ name, date }) => [name, date])).toEqual(before.map(({ name, date }) => [name, date]));
  return before
    .filter(({ bytes: old }, index) => text(old) !== text(after[index]?.bytes))
    .map(({ name }) => name);
}

describe('a solution as a folder', () => {
  it('has one folder per desktop flow, with its text and its repositories, and the rest untouched', () => {
    const { files, flows, notes } = unpackSolution(parts);
    expect(files.map(({ path }) => path).filter((path) => !path.startsWith('solution/'))).toEqual([
      'Orders - read - write - now/Orders - read - write - now.robin',
      '注文 処理/注文 処理.robin',
      '注文 処理/controlRepo.appmask',
      '注文 処理/imageRepo.imgrepo',
      'Orders - read - write - now/controlRepo.appmask',
      'Orders - read - write - now/imageRepo.imgrepo',
      'solution.json',
    ]);
    expect(flows.map(({ name }) => name)).toEqual([invoices.name, older.name]);
    const { read } = folder({ files, flows, notes });
    expect(text(read('注文 処理/注文 処理.robin'))).toBe(older.text);
    expect(text(read('注文 処理/controlRepo.appmask'))).toBe(older.elements);
    expect(JSON.parse(text(read('solution.json')))).toMatchObject({
      flows: [
        {
          id: invoices.id,
          name: invoices.name,
          path: 'Orders - read - write - now/Orders - read - write - now.robin',
        },
        { id: older.id, name: older.name, path: '注文 処理/注文 処理.robin' },
      ],
    });
  });

  it('comes back byte for byte, in the same order and with the same dates', () => {
    const archive = writeZip(parts);
    const { read } = folder(unpackSolution(readZip(archive)));
    const packed = packSolution(read);
    expect(packed.changed).toEqual([]);
    expect(packed.parts).toEqual(parts);
    expect(writeZip(packed.parts)).toEqual(archive);
  });

  it('carries an edit of a flow into its definition, and into its package where it has one', () => {
    const { content, read } = folder(unpackSolution(parts));
    const path = '注文 処理/注文 処理.robin';
    content.set(path, bytes(`${older.text}SET New TO 1\r\n`));
    const packed = packSolution(read);
    expect(packed.changed).toEqual([older.name]);
    expect(differences(parts, packed.parts)).toEqual(['customizations.xml', `Workflows/${older.id}.json`]);
    const json = packed.parts.find(({ name }) => name === `Workflows/${older.id}.json`);
    const script = readZip(packageOf(json?.bytes ?? new Uint8Array())).find(
      ({ name }) => name === 'script.robin',
    );
    expect(Buffer.from(script?.bytes ?? []).toString('utf16le')).toBe(`${older.text}SET New TO 1\r\n`);
    expect(text(folder(unpackSolution(packed.parts)).read(path))).toBe(`${older.text}SET New TO 1\r\n`);
  });

  it('leaves a package alone that it cannot read, and says so', () => {
    const name = `Workflows/${older.id}.json`;
    const damaged = parts.map((part) =>
      part.name === name
        ? { ...part, bytes: bytes('{"properties":{"definition":{"package":"UEsDBA=="}}}') }
        : part,
    );
    const unpacked = unpackSolution(damaged);
    expect(unpacked.notes).toEqual([
      expect.stringMatching(
        `The package of “${older.name}” in ${name} cannot be read and stays as it is. The archive is damaged`,
      ),
    ]);
    expect(packSolution(folder(unpacked).read).parts).toEqual(damaged);
  });

  it('carries an edit of a repository into its part, or into the package', () => {
    const { content, read } = folder(unpackSolution(parts));
    const changed = elementsText(screen('Main window'), screen('Other'));
    content.set('Orders - read - write - now/controlRepo.appmask', bytes(changed));
    content.set('注文 処理/controlRepo.appmask', bytes(changed));
    const packed = packSolution(read);
    expect(differences(parts, packed.parts)).toEqual([
      `Workflows/${older.id}.json`,
      `desktopflowbinaries/a-${invoices.id}/data/ControlRepository_a.json`,
    ]);
    const { read: again } = folder(unpackSolution(packed.parts));
    expect(text(again('注文 処理/controlRepo.appmask'))).toBe(changed);
    expect(text(again('Orders - read - write - now/controlRepo.appmask'))).toBe(changed);
  });

  it('keeps a flow whose file is gone, and says when the designer could not read an edited one', () => {
    const { content, read } = folder(unpackSolution(parts));
    content.delete('注文 処理/注文 処理.robin');
    content.set('Orders - read - write - now/Orders - read - write - now.robin', bytes('SET A TO %B%\r\n'));
    const packed = packSolution(read);
    expect(packed.notes).toEqual([
      `“${invoices.name}” has an error because of which the designer cannot read it: check it first.`,
      `注文 処理/注文 処理.robin is gone; “${older.name}” stays in the solution as it was.`,
    ]);
  });

  it('gives every flow and part a name of its own that any system accepts', () => {
    const named = (...names: string[]) =>
      unpackSolution(
        solutionParts(...names.map((name, index) => ({ id: `${index}`, name, text: '' }))),
      ).flows.map(({ path }) => path.split('/')[0]);
    expect(named('Flow', 'FLOW', 'flow')).toEqual(['Flow', 'FLOW (2)', 'flow (3)']);
    expect(named('solution', 'CON', 'nul.txt', '...', '???', 'a/../b', 'dot.', ' x ')).toEqual([
      'solution (2)',
      '_CON',
      '_nul.txt',
      'Flow',
      'Flow (2)',
      'a - .. - b',
      'dot',
      ' x',
    ]);
    const odd = [
      ...parts,
      ...['a/', 'a/B.txt', 'A/b.txt', 'xx:y.txt'].map((name) => ({
        name,
        date: '1980-01-01T00:00:00',
        bytes: bytes(name.endsWith('/') ? '' : name),
      })),
    ];
    const { read, content } = folder(unpackSolution(odd));
    expect(content.size).toBe(new Set([...content.keys()].map((path) => path.toLowerCase())).size);
    expect(packSolution(read).parts).toEqual(odd);
  });

  it('leaves a flow alone whose id another one has, because an edit could not tell them apart', () => {
    const twice = solutionParts(invoices, { ...invoices, name: 'Twin', text: 'SET B TO 2\r\n' });
    const unpacked = unpackSolution(twice);
    expect(unpacked.flows.map(({ name }) => name)).toEqual([invoices.name]);
    expect(unpacked.notes).toEqual([expect.stringContaining('“Twin”')]);
    expect(differences(twice, packSolution(folder(unpacked).read).parts)).toEqual([]);
  });

  it('that was unpacked further by a tool is understood as well', () => {
    const [, ...rest] = solutionParts(invoices);
    const unpacked = [
      ...rest,
      {
        name: `Workflows/${invoices.id}.json.data.xml`,
        date: '1980-01-01T00:00:00',
        bytes: bytes(`<?xml version="1.0"?>\r\n${workflowXml(invoices)}`),
      },
    ];
    const { read, content } = folder(unpackSolution(unpacked));
    expect(packSolution(read).parts).toEqual(unpacked);
    content.set('Orders - read - write - now/Orders - read - write - now.robin', bytes('SET A TO 2\r\n'));
    expect(differences(unpacked, packSolution(read).parts)).toEqual([
      `Workflows/${invoices.id}.json.data.xml`,
    ]);
  });

  it('that is none, or whose folder is incomplete, is refused', () => {
    expect(code(() => unpackSolution([]))).toBe('SolutionMissing');
    expect(code(() => unpackSolution([{ name: 'customizations.xml', date: '', bytes: bytes('<a>') }]))).toBe(
      'SolutionDamaged',
    );
    const damaged = parts.map((part) =>
      part.name === 'customizations.xml'
        ? { ...part, bytes: bytes(text(part.bytes).replace(/<Definition>[^<]/, '<Definition>x')) }
        : part,
    );
    expect(unpackSolution(damaged).notes).toContainEqual(
      expect.stringContaining(`The text of “${invoices.name}” in customizations.xml cannot be read`),
    );
    expect(unpackSolution(solutionParts()).notes).toEqual(['There is no desktop flow in this solution.']);
    const { content, read } = folder(unpackSolution(parts));
    const manifest = text(content.get('solution.json'));
    content.delete('solution/solution.xml');
    expect(code(() => packSolution(read))).toBe('SolutionPartMissing');
    for (const damaged of [
      '',
      '[]',
      '{"format":2}',
      manifest.replace('"format": 1', '"format": 2'),
      manifest.replace('"path": "', '"path": "../'),
      manifest.replace('"path": "', '"path": "/etc/'),
    ]) {
      content.set('solution.json', bytes(damaged));
      expect(
        code(() => packSolution(read)),
        damaged.slice(0, 60),
      ).toBe('SolutionManifestDamaged');
    }
    content.delete('solution.json');
    expect(code(() => packSolution(read))).toBe('SolutionManifestMissing');
  });
});
