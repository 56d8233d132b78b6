// Gathering the files of a run and putting them together again, from a few flows in memory.
import { posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bundle, type FlowSource, gatherCompanions } from '../../src/files/companions.ts';
import { parse } from '../../src/language/syntax/parser.ts';

const imports =
  "@@ConnectionString: ''\nIMPORT 'controlRepo.appmask' AS appmask\nIMPORT 'imageRepo.imgrepo' AS imgrepo\n";
const runs = (id: string, name = id) => `@@flowname: '${name}'\nExternal.RunFlow FlowId: '${id}'\n`;

/** Files by their absolute path; a flow is found by its file name, in the folder of the caller first. */
function sourceOf(files: Readonly<Record<string, string>>): FlowSource {
  return {
    find: ({ id, name }, from) =>
      [name, id]
        .flatMap((key) => [`${posix.dirname(from)}/${key}.robin`, `/flows/${key}.robin`])
        .find((path) => path in files),
    read: (path) => files[path],
  };
}

const gather = (files: Readonly<Record<string, string>>) =>
  gatherCompanions('/flows/Main.robin', parse(files['/flows/Main.robin'] as string), sourceOf(files));

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'nothing was thrown',
    (error: { code: string; message: string }) => `${error.code}: ${error.message}`,
  );

describe('what a run needs', () => {
  it('is nothing for a flow that stands alone', async () => {
    expect(await gather({ '/flows/Main.robin': 'SET X TO 1\n' })).toEqual([]);
  });

  it('is the repositories that are there and the flows it runs, each once, with theirs', async () => {
    const files = {
      '/flows/Main.robin': imports + runs('ID-1', 'Child') + runs('id-1', 'Child') + runs('id-2', 'Other'),
      '/flows/controlRepo.appmask': 'elements of Main',
      '/flows/Child.robin': runs('id-2', 'Other'),
      '/flows/Other.robin': 'SET X TO 1\n',
    };
    expect(await gather(files)).toEqual([
      { path: 'Child.robin', text: files['/flows/Child.robin'], ids: ['id-1'] },
      { path: 'Other.robin', text: files['/flows/Other.robin'], ids: ['id-2'] },
      { path: 'controlRepo.appmask', text: 'elements of Main' },
    ]);
  });

  it('is in the text itself when that was copied from the designer; files beside it go first', async () => {
    const attachment = `\n# [ControlRepository][PowerAutomateDesktop]\n\n${JSON.stringify({
      ControlRepositorySymbols: [{ Name: 'appmask', Repository: 'copied elements' }],
      ImageRepositorySymbol: { Name: 'imgrepo', Repository: 'copied images' },
    })}\n`;
    const repositories = async (files: Readonly<Record<string, string>>) => {
      const { root } = bundle('Main', parse(files['/flows/Main.robin'] as string), await gather(files));
      return { elements: root.elements, images: root.images };
    };
    expect(await repositories({ '/flows/Main.robin': `SET X TO 1\n${attachment}` })).toEqual({
      elements: 'copied elements',
      images: 'copied images',
    });
    expect(
      await repositories({
        '/flows/Main.robin': `${imports}SET X TO 1\n${attachment}`,
        '/flows/controlRepo.appmask': 'elements beside it',
      }),
    ).toEqual({ elements: 'elements beside it', images: 'copied images' });
  });

  it('is put together again: each flow with its own repositories, found by the id it is called by', async () => {
    const files = {
      '/flows/Main.robin': imports + runs('Child'),
      '/flows/controlRepo.appmask': 'elements of Main',
      '/flows/Child.robin': runs('deep'),
      '/flows/deep.robin': "@@ConnectionString: ''\nIMPORT 'parts/images.imgrepo' AS imgrepo\n",
      '/flows/parts/images.imgrepo': 'images of deep',
    };
    const { root, called, flow } = bundle('Main', parse(files['/flows/Main.robin']), await gather(files));
    expect(root).toMatchObject({ name: 'Main', elements: 'elements of Main', images: undefined });
    expect(called.map(({ name }) => name)).toEqual(['Child', 'deep']);
    expect(flow('DEEP')).toMatchObject({ name: 'deep', path: 'deep.robin', images: 'images of deep' });
    expect(flow('none')).toBeUndefined();
  });

  it('names paths from the folder of the flow, also upwards', async () => {
    const files = {
      '/flows/Main.robin': runs('x', '../shared/Child'),
      '/shared/Child.robin': "@@ConnectionString: ''\nIMPORT 'controlRepo.appmask' AS appmask\n",
      '/shared/controlRepo.appmask': 'elements of Child',
    };
    const source: FlowSource = {
      find: () => '/shared/Child.robin',
      read: (path) => files[path as keyof typeof files],
    };
    const companions = await gatherCompanions('/flows/Main.robin', parse(files['/flows/Main.robin']), source);
    expect(companions.map(({ path }) => path)).toEqual([
      '../shared/Child.robin',
      '../shared/controlRepo.appmask',
    ]);
    const { flow } = bundle('Main', parse(files['/flows/Main.robin']), companions);
    expect(flow('x')?.elements).toBe('elements of Child');
  });

  it.each([
    ['itself', { Main: runs('Main') }, '"Main" → "Main"'],
    [
      'itself through others',
      { Main: runs('A'), A: runs('B'), B: runs('Main') },
      '"Main" → "A" → "B" → "Main"',
    ],
    ['flows in a circle', { Main: runs('A'), A: runs('B'), B: runs('A') }, '"A" → "B" → "A"'],
  ])('refuses a flow that runs %s', async (_, flows, way) => {
    const files = Object.fromEntries(
      Object.entries(flows).map(([name, text]) => [`/flows/${name}.robin`, text]),
    );
    expect(await codeOf(gather(files))).toBe(`FlowCircle: Flows run each other in a circle: ${way}.`);
  });

  it('refuses a flow that is not there, and says who runs it', async () => {
    const files = { '/flows/Main.robin': runs('A'), '/flows/A.robin': runs('guid-7', 'Gone') };
    expect(await codeOf(gather(files))).toBe(
      'CalledFlowNotFound: "A" runs the flow "Gone" (guid-7), which was not found, or not as the only one of that name.',
    );
    expect(() => bundle('Main', parse(files['/flows/Main.robin']), [])).toThrow(
      expect.objectContaining({ code: 'CalledFlowNotFound' }),
    );
  });

  it('refuses one id that means two flows', async () => {
    const files = {
      '/flows/Main.robin': runs('same', 'A') + runs('same', 'B'),
      '/flows/A.robin': '',
      '/flows/B.robin': '',
    };
    expect(await codeOf(gather(files))).toBe(
      'CalledFlowAmbiguous: The id same means two flows in this run: A.robin and B.robin.',
    );
  });

  it('takes 150 flows and no more', async () => {
    const chain = (length: number) =>
      Object.fromEntries([
        ['/flows/Main.robin', runs('F1')],
        ...Array.from({ length }, (_, i) => [
          `/flows/F${i + 1}.robin`,
          i + 1 < length ? runs(`F${i + 2}`) : 'SET X TO 1\n',
        ]),
      ]);
    expect(await gather(chain(150))).toHaveLength(150);
    expect(await codeOf(gather(chain(151)))).toMatch(/^TooManyCalledFlows: "Main" runs more than 150/);
  });

  it('ignores calls in disabled rows', async () => {
    expect(await gather({ '/flows/Main.robin': `DISABLE ${runs('Gone').split('\n')[1]}\n` })).toEqual([]);
  });
});
