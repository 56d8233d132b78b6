// What Excel and Word files share: the tree of their parts, and how a file takes the place of the one before.
import { chmod, lstat, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { damaged, naming, OfficeProblem } from '../../../src/runtime/actions/office/problem.ts';
import { replaceFile } from '../../../src/runtime/actions/office/replaceFile.ts';
import { parseXml, XmlError } from '../../../src/runtime/actions/office/xml.ts';
import { temporaryFolder } from './temporaryFolder.ts';

const folder = temporaryFolder();
const { signal } = new AbortController();

describe('XML', () => {
  test.each([
    '<?xml version="1.0"?>\r\n<!-- c --><a  x = "1"   y=\'&quot;2\'><b/>t&amp;<c > u </c ></a>\n<!-- end -->',
    '\ufeff<a><!-- <b> --><b z="a>b"/></a>',
    '<x:a xmlns:x="u"><x:b/></x:a>',
  ])('is written back as it was read', (text) => {
    expect(parseXml(text).toString().replace('</c >', '</c>')).toBe(text.replace('</c >', '</c>'));
  });

  test.each([
    ['<a><b></a>', '</a> closes nothing that is open'],
    ['<a>', '<a> is never closed'],
    ['<a/><b/>', 'there is more than one root element'],
    ['text', 'text outside of the root element'],
    ['<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', 'a document type declaration is not allowed'],
    ['<a x="1>', 'an attribute value never ends'],
    ['<a><![CDATA[x</a>', 'a comment or section never ends'],
    ['<1/>', 'a tag has no name'],
    ['', 'there is no root element'],
    ['<a>'.repeat(300), 'elements are nested too deep'],
  ])('%s is refused', (text, message) => {
    expect(() => parseXml(text)).toThrow(XmlError);
    expect(() => parseXml(text)).toThrow(message);
  });

  test('only what was changed is written anew', () => {
    const document = parseXml('<a p="1"><b  q="2"/><c/></a>');
    document.root.child('c')?.set('r', 'x<"&\n');
    expect(document.toString()).toBe('<a p="1"><b  q="2"/><c r="x&lt;&quot;&amp;&#10;"/></a>');
  });
});

describe('a file that is replaced', () => {
  const put = (path: string, text: string) =>
    replaceFile(path, async (file) => void (await file.writeFile(text)), signal);

  test('keeps its mode, and a link stays a link', async () => {
    const place = await folder();
    const [real, link] = [join(place, 'real.xlsx'), join(place, 'link.xlsx')];
    await put(real, 'a');
    await chmod(real, 0o640);
    await symlink(real, link);
    await put(link, 'b');
    expect((await stat(real)).mode & 0o777).toBe(0o640);
    expect((await lstat(link)).isSymbolicLink()).toBe(true);
    expect(await readFile(real, 'utf8')).toBe('b');
    expect((await readdir(place)).sort()).toEqual(['link.xlsx', 'real.xlsx']);
  });

  test.each([
    ['a.xlsx', '~$a.xlsx'],
    ['a.xlsx', '.~lock.a.xlsx#'],
    ['Document.docx', '~$cument.docx'],
  ])('is left alone while a program has it open: %s', async (name, lock) => {
    const place = await folder();
    await writeFile(join(place, lock), '');
    await expect(put(join(place, name), 'a')).rejects.toThrow(`there is a lock file "${lock}" beside it`);
    await rm(join(place, lock));
    await put(join(place, name), 'a');
  });

  test('is left alone when it is write-protected, or writing fails', async () => {
    const place = await folder();
    const path = join(place, 'a.xlsx');
    await put(path, 'old');
    const failing = replaceFile(path, () => Promise.reject(new Error('no')), signal);
    await expect(failing).rejects.toThrow('no');
    await chmod(path, 0o444);
    await expect(put(path, 'new')).rejects.toThrow('is write-protected');
    expect(await readFile(path, 'utf8')).toBe('old');
    expect(await readdir(place)).toEqual(['a.xlsx']);
  });
});

test('a problem names the file, once', async () => {
  const inFile = (problem: Error) => naming('/b/a.docx', () => Promise.reject(problem));
  await expect(inFile(damaged('it is cut off.'))).rejects.toThrow(
    'Cannot read "/b/a.docx". The file is damaged: it is cut off.',
  );
  await expect(inFile(new OfficeProblem('"/b/a.docx" is empty.', 'x'))).rejects.toThrow(
    /^"\/b\/a.docx" is empty\.$/,
  );
  await expect(inFile(new Error('other'))).rejects.toThrow(/^other$/);
});
