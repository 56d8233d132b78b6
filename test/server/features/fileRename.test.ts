// What other files need when flows, repositories or folders get other names.
import { describe, expect, it } from 'vitest';
import { editsOfRenames } from '../../../src/server/features/fileRename.ts';
import { folder, otherFiles } from './otherFiles.ts';

describe('file rename', () => {
  const files = otherFiles(
    {
      'Caller.robin':
        "@@flowname: 'Pay'\nExternal.RunFlow FlowId: 'ab'\n@@flowname: 'Pay'\nExternal.RunFlow FlowId: 'other'",
      'Named.robin': "    External.RunFlow FlowId: $'''pay'''",
      'Pay.robin': '',
      'Other.robin': '',
    },
    { Pay: 'ab', Other: 'other' },
  );
  const editsFor = async (oldName: string, newName: string) =>
    (await editsOfRenames([{ oldUri: folder + oldName, newUri: folder + newName }], files)).toWorkspaceEdit(
      { versions: false, renameFile: true },
      () => undefined,
    ).changes;

  it('updates the callers that say the name of the flow', async () => {
    expect(await editsFor('Pay.robin', 'Pay%20it%27s.robin')).toEqual({
      [`${folder}Caller.robin`]: [
        {
          range: { start: { line: 0, character: 12 }, end: { line: 0, character: 17 } },
          newText: "'Pay it\\'s'",
        },
      ],
      [`${folder}Named.robin`]: [
        {
          range: { start: { line: 0, character: 29 }, end: { line: 0, character: 39 } },
          newText: "$'''Pay it\\'s'''",
        },
      ],
    });
  });

  it.each([
    ['a move to another folder', 'Pay.robin', 'sub/Pay.robin'],
    ['a file that becomes no flow', 'Pay.robin', 'Pay.txt'],
    ['a flow that nobody runs', 'Caller.robin', 'Renamed.robin'],
    ['a file that is no flow', 'notes.txt', 'Pay.robin'],
  ])('changes nothing for %s', async (_, oldName, newName) => {
    expect(await editsFor(oldName, newName)).toEqual({});
  });
});

describe('solution.json', () => {
  const manifest = `{"flows":[{"id":"ab","name":"Pay","path":"Pay/Pay.robin","repositories":[{"path":"Pay/controlRepo.appmask"}]}],"parts":[{"name":"x","path":"Pay/controlRepo.appmask"}]}`;
  const files = otherFiles({ 'solution.json': manifest, 'Pay/Pay.robin': '' });
  const moved = async (oldPath: string, newPath: string) => {
    const edits = await editsOfRenames([{ oldUri: folder + oldPath, newUri: folder + newPath }], files);
    const { changes } = edits.toWorkspaceEdit({ versions: false, renameFile: true }, () => undefined);
    let text = manifest;
    for (const { range, newText } of [...(changes?.[`${folder}solution.json`] ?? [])].reverse())
      text = text.slice(0, range.start.character) + newText + text.slice(range.end.character);
    return text;
  };

  it('follows the file of a flow', async () => {
    expect(await moved('Pay/Pay.robin', 'Pay/Pay%20it.robin')).toBe(
      manifest.replace('Pay/Pay.robin', 'Pay/Pay it.robin'),
    );
  });

  it('follows a folder with everything in it', async () => {
    expect(await moved('Pay', 'Done/Pay')).toBe(manifest.replaceAll('Pay/', 'Done/Pay/'));
  });

  it('is left alone by what it does not name, and by what leaves its folder', async () => {
    expect(await moved('Payroll', 'Wages')).toBe(manifest);
    const outside = await editsOfRenames(
      [{ oldUri: `${folder}Pay/Pay.robin`, newUri: 'file:///elsewhere/Pay.robin' }],
      files,
    );
    expect(outside.isEmpty).toBe(true);
  });
});
