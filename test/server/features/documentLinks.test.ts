// Links in a flow: to flows it runs, to files that exist, and to addresses.
import { describe, expect, it } from 'vitest';
import { documentLinksOf } from '../../../src/server/features/documentLinks.ts';
import { rangeOf } from '../../../src/server/features/range.ts';
import { marked } from '../marked.ts';
import { folder, otherFiles } from './otherFiles.ts';

const onDisk = new Set([
  '/flows/c.appmask',
  '/flows/data/a.csv',
  "/flows/it's.txt",
  '/tmp/x.txt',
  '/flows/service.wsdl',
]);
const exists = async (path: string) => onDisk.has(path.replaceAll('\\', '/').replace(/^[A-Z]:/, ''));

async function linksOf(source: string) {
  const { analysis, ranges } = marked(source, undefined, `${folder}Main.robin`);
  const project = otherFiles({ 'Main.robin': analysis.text, 'Pay.robin': '' }, { Pay: 'ab' });
  const links = await documentLinksOf(analysis, project, exists);
  expect(links.map(({ range }) => range)).toEqual(ranges.map((range) => rangeOf(analysis, range)));
  return links;
}

describe('document links', () => {
  it('to called flows', async () => {
    const links = await linksOf(
      "@@flowname: '«Pay»'\nExternal.RunFlow FlowId: '«AB»'\n@@flowname: 'Nobody'\nExternal.RunFlow FlowId: 'cd'",
    );
    expect(links[0]).toMatchObject({ target: `${folder}Pay.robin`, tooltip: 'Open the flow “Pay”' });
  });

  it('to addresses on the web', async () => {
    const links = await linksOf(
      "A.B C: $'''see «https://a.example/b?c=1#d», %X% or https://a.example/%Id%''' # «http://b.example».\n@@wsdl: '«https://c.example/s.wsdl»'\nA.B C: 'https://'",
    );
    expect(links.map(({ target }) => target)).toEqual([
      'https://a.example/b?c=1#d',
      'http://b.example',
      'https://c.example/s.wsdl',
    ]);
  });

  it('to files that exist: repositories, relative and absolute paths', async () => {
    const links = await linksOf(
      "IMPORT '«c.appmask»' AS appmask\nIMPORT 'i.imgrepo' AS imgrepo\n" +
        "A.B C: $'''«data\\\\a.csv»''' D: '«./data/a.csv»' E: '«it\\'s.txt»' F: '«/tmp/x.txt»'" +
        "\nA.B C: $'''data\\\\%X%''' D: 'nothing.txt' E: 'text' F: '..' G: 'a/b'\n@@wsdl: '«service.wsdl»'\nA.B C: 1",
    );
    expect(links.map(({ target }) => target?.replace(/^file:\/\/\/[A-Z]:/, 'file://'))).toEqual([
      'file:///flows/c.appmask',
      'file:///flows/data/a.csv',
      'file:///flows/data/a.csv',
      "file:///flows/it's.txt",
      'file:///tmp/x.txt',
      'file:///flows/service.wsdl',
    ]);
  });

  it('no address of the attachment, and no file of an unsaved flow', async () => {
    await linksOf('SET A TO 1\n\n# [ControlRepository][PowerAutomateDesktop]\n\n{"a":"https://a.example"}');
    const { analysis } = marked("A.B C: 'c.appmask'", undefined, 'untitled:Untitled-1');
    expect(await documentLinksOf(analysis, otherFiles({}), exists)).toEqual([]);
  });
});
