// The XML actions: documents in files, queries, values, changes, and texts that are no XML.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { xmlActions } from '../../../src/runtime/actions/xml/index.ts';
import { parseXml } from '../../../src/runtime/actions/xml/parse.ts';
import { toText } from '../../../src/runtime/convert.ts';
import { property } from '../../../src/runtime/operations.ts';
import { FlowDatetime, type Value, XmlNodeValue } from '../../../src/runtime/values.ts';
import { contextIn, errorOf, runAction } from './arguments.ts';
import { temporaryFolder } from './temporaryFolder.ts';

const temporary = temporaryFolder();
let folder: string;
beforeEach(async () => {
  folder = await temporary();
});

const run = (id: string, given: Record<string, Value>) =>
  runAction(xmlActions, `XML.${id}`, given, contextIn(folder));
const outputs = async (id: string, given: Record<string, Value>): Promise<Record<string, Value>> => ({
  ...(await run(id, given)).outputs,
});
const put = (content: string | Uint8Array, name = 'a.xml') => writeFile(join(folder, name), content);
const written = (name = 'b.xml') => readFile(join(folder, name), 'utf8');
async function readAs(Encoding = 'DefaultEncoding'): Promise<Value> {
  return (await outputs('ReadFromFile', { File: 'a.xml', Encoding })).XmlDocument ?? null;
}
async function documentOf(text: string): Promise<Value> {
  await put(text);
  return await readAs();
}
const xpath = async (document: Value, XPathQuery: string): Promise<Value[]> =>
  (await outputs('ExecuteXPathQuery.ExecuteXPath', { XmlDocument: document, XPathQuery }))
    .XPathResults as Value[];

const clients = `<?xml version="1.0" encoding="utf-8"?>
<clientlist>
  <!-- two of them -->
  <client id="1" status="active" since="2024-05-06" score="1.5" vip="true">
    <name>Grüße &amp; Söhne</name>
    <total>1234.50</total>
    <open>1</open>
    <last>2024-05-06T07:08:09Z</last>
  </client>
  <client id="2" status="closed"><name>B</name></client>
</clientlist>`;

describe('reading', () => {
  test.each([
    ['UTF8', 'DefaultEncoding', Buffer.from('<a>ü€</a>')],
    ['UTF8', 'UTF8', Buffer.from('\ufeff<a>ü€</a>')],
    ['UTF-16 with mark', 'DefaultEncoding', Buffer.from('\ufeff<a>ü€</a>', 'utf16le')],
    ['UTF-16 without mark', 'DefaultEncoding', Buffer.from('<?xml version="1.0"?><a>ü€</a>', 'utf16le')],
    ['UTF-16, big end first', 'DefaultEncoding', Buffer.from('<a>ü€</a>', 'utf16le').swap16()],
    ['Unicode', 'Unicode', Buffer.from('<a>ü€</a>', 'utf16le')],
    ['BigEndianUnicode', 'BigEndianUnicode', Buffer.from('<a>ü€</a>', 'utf16le').swap16()],
    [
      'as declared',
      'DefaultEncoding',
      Buffer.from('<?xml version="1.0" encoding="windows-1252"?><a>\xfc\x80</a>', 'latin1'),
    ],
    [
      'as declared',
      'DefaultEncoding',
      Buffer.from("<?xml version='1.0' encoding='ISO-8859-15'?><a>\xfc\xa4</a>", 'latin1'),
    ],
    ['declared wrongly', 'DefaultEncoding', Buffer.from('<?xml version="1.0" encoding="utf-16"?><a>ü€</a>')],
  ])('%s, read as %s', async (_, encoding, bytes) => {
    await put(bytes);
    expect(property(await readAs(encoding), 'InnerText')).toBe('ü€');
  });

  test('ASCII knows no other characters', async () => {
    await put('<a>ü</a>');
    expect(property(await readAs('ASCII'), 'InnerText')).toBe('??');
  });

  test('gives a node with its properties', async () => {
    const document = await documentOf(clients);
    expect(document).toBeInstanceOf(XmlNodeValue);
    expect(toText(document)).toBe(clients);
    expect(property(document, 'Name')).toBe('#document');
    expect(property(document, 'Parent')).toBe(null);
    const [list] = (property(document, 'Children') as Value[]).slice(1);
    expect(property(list as Value, 'name')).toBe('clientlist');
    const inside = property(list as Value, 'CHILDREN') as Value[];
    expect(inside.map((node) => property(node, 'Name'))).toEqual(['#comment', 'client', 'client']);
    expect(property(inside[0] as Value, 'Value')).toBe(' two of them ');
    const [name] = await xpath(document, '//client[2]/name');
    expect(['OuterXML', 'InnerXML', 'InnerText', 'Value'].map((one) => property(name as Value, one))).toEqual(
      ['<name>B</name>', 'B', 'B', null],
    );
    expect(property(property(name as Value, 'Parent'), 'Name')).toBe('client');
  });

  test.each([
    ['<a>\n<b></a>', 2, 'unexpected close tag'],
    ['<a>\n\n<b x="1" x="2"/></a>', 3, 'an element has the same attribute twice'],
    ['<a/>\n<b/>', 2, 'there is more than one root element'],
    ['', 1, 'there is no root element'],
    ['just text', 1, 'non-whitespace before first tag'],
    ['<a>\n&</a>', 2, '"&" must be written as "&amp;"'],
    ['<a b="<"/>', 1, '"<" in an attribute must be written as "&lt;"'],
    ['<a>]]></a>', 1, '"]]>" may not stand in a text'],
    ['<a>\x07</a>', 1, 'the character U+0007 is not allowed in XML'],
    ['<p:a/>', 1, 'unbound namespace prefix: "p:a"'],
    ['<a><?xml version="1.0"?></a>', 1, 'an XML declaration stands elsewhere than at the start'],
    ['<a b=1/>', 1, 'unquoted attribute value'],
    ['<?xml version="1.0" encoding="no-such"?><a/>', 1, 'its encoding "no-such" is not known'],
    [`${'<a>'.repeat(5001)}${'</a>'.repeat(5001)}`, 1, 'its elements are nested more than 5,000 deep'],
  ])('FileDoesntContainValidXMLDocumentError (%#)', async (text, line, message) => {
    await put(text);
    expect(await errorOf(readAs())).toBe(
      `FileDoesntContainValidXMLDocumentError: "${join(folder, 'a.xml')}" is not a valid XML document: line ${line}: ${message}.`,
    );
  });

  test('reads neither files nor entities a document names', async () => {
    await put('secret', 'secret.txt');
    const entity = (declaration: string) => `<!DOCTYPE a [${declaration}]>\n<a>&x;</a>`;
    for (const declaration of [
      '<!ENTITY x "text">',
      `<!ENTITY x SYSTEM "file://${join(folder, 'secret.txt')}">`,
      '<!ENTITY y "ha"><!ENTITY x "&y;&y;&y;&y;&y;&y;&y;&y;&y;">',
    ]) {
      await put(entity(declaration));
      expect(await errorOf(readAs())).toMatch(/line 2: a reference such as "&name;"/);
    }
    const harmless = `<!DOCTYPE a SYSTEM "file://${join(folder, 'secret.txt')}">\n<a>x</a>`;
    expect(toText(await documentOf(harmless))).toBe(harmless);
  });

  test('other errors', async () => {
    await mkdir(join(folder, 'dir'));
    expect(await errorOf(run('ReadFromFile', { File: 'no.xml' }))).toMatch(/^FileNotFoundError: /);
    expect(await errorOf(run('ReadFromFile', { File: 'dir' }))).toMatch(/^FileNotFoundError: .*folder/);
    expect(await errorOf(run('ReadFromFile', { File: 'no/a.xml' }))).toMatch(/^DirectoryNotFoundError: /);
    // The system lists this file, but nobody can read its start.
    if (process.platform === 'linux') {
      expect(await errorOf(run('ReadFromFile', { File: '/proc/self/mem' }))).toMatch(/^ReadFromFileError: /);
    }
  });

  test('stops in the middle of a large document', async () => {
    const controller = new AbortController();
    const work = parseXml(`<a>${'<b>x</b>'.repeat(300_000)}</a>`, controller.signal);
    setTimeout(() => controller.abort(new Error('stopped')), 1);
    await expect(work).rejects.toThrow('stopped');
  });
});

describe('queries', () => {
  test.each([
    ['//client/@id', ['1', '2']],
    ['//name/text()', ['Grüße & Söhne', 'B']],
    ['/clientlist/client[@status="closed"]/name', ['<name>B</name>']],
    ['//client[last()]/name | //client[1]/open', ['<open>1</open>', '<name>B</name>']],
    ['//comment()', [' two of them ']],
    ['//none', []],
    ['count(//client)', ['2']],
    ['string(//client[2]/name)', ['B']],
    ['//client[2]/@id = 2', ['True']],
    [
      '//name/ancestor::*',
      [clients.slice(clients.indexOf('<clientlist>')), '<client id="1"', '<client id="2"'],
    ],
    ['//name/preceding-sibling::*', []],
  ])('%s', async (query, expected) => {
    const found = (await xpath(await documentOf(clients), query)).map(toText);
    expect(found.map((text, index) => text.slice(0, expected[index]?.length))).toEqual(expected);
  });

  test('the first only, and nothing', async () => {
    const XmlDocument = clients;
    const first = async (XPathQuery: string) =>
      (await outputs('ExecuteXPathQuery.ExecuteXPathAndGetFirstValueOnly', { XmlDocument, XPathQuery }))
        .XPathResult;
    expect(toText((await first('//client/@status')) as Value)).toBe('active');
    expect(await first('count(//client)')).toBe(2);
    expect(await first('//none')).toBe(null);
  });

  test('start at the node they are given, and know its namespaces', async () => {
    const document = await documentOf('<r xmlns="urn:d" xmlns:p="urn:p"><p:a>1</p:a><b><p:a>2</p:a></b></r>');
    expect((await xpath(document, '//p:a')).map((node) => property(node, 'InnerText'))).toEqual(['1', '2']);
    expect(await xpath(document, '//b')).toEqual([]);
    const [b] = await xpath(document, '//*[local-name()="b"]');
    expect((await xpath(b as Value, 'p:a')).map((node) => property(node, 'InnerText'))).toEqual(['2']);
    expect(toText(b as Value)).toBe('<b xmlns="urn:d"><p:a xmlns:p="urn:p">2</p:a></b>');
  });

  test('find 20,000 rows in time', async () => {
    const rows = '<row id="1"><v>12.5</v></row>'.repeat(20_000);
    const start = performance.now();
    expect(await xpath(`<r>${rows}</r>`, '//row[@id="1"]/v')).toHaveLength(20_000);
    expect(performance.now() - start).toBeLessThan(5000);
  });

  test.each([
    '',
    '//',
    '1 +',
    'nofunc()',
    '//p:a',
    '//a[',
    'concat("a")',
    'id("x")',
    '1 div 0',
    'number("x")',
  ])('InvalidXPathExpressionProvidedError: %s', async (query) => {
    if (query !== '') {
      expect(await errorOf(xpath('<a/>', query))).toMatch(
        /^InvalidXPathExpressionProvidedError: The XPath expression ".*" cannot be used/,
      );
    }
    const given = { Document: await documentOf('<a/>'), XPathQuery: query === '' ? '(' : query };
    for (const [id, more] of [
      ['GetXmlElementValue.GetElementValue', {}],
      ['GetXmlElementAttribute.GetElementAttribute', { AttributeName: 'x' }],
      ['SetElementAttribute', { AttributeName: 'x', AttributeValue: 'y' }],
      ['SetElementValue', { ElementValue: 'y' }],
      ['RemoveElementAttribute', { AttributeName: 'x' }],
      ['InsertElement', { Element: '<x/>' }],
      ['RemoveElement', {}],
    ] as const) {
      expect(await errorOf(run(id, { ...given, ...more }))).toMatch(/^InvalidXPathExpressionProvidedError: /);
    }
  });

  test('what the library cannot do is said without its words', async () => {
    const error = async (query: string) => (await errorOf(xpath('<a/>', query))).split('cannot be used: ')[1];
    expect(await error('id("x")')).toBe('it uses a function that is not supported here.');
    expect(await error('1 div 0')).toBe('it computes Infinity, which is no number of a flow.');
  });

  test('InvalidXMLDocumentProvidedError', async () => {
    expect(await errorOf(xpath('<a>\n<b>', '//b'))).toBe(
      'InvalidXMLDocumentProvidedError: The text is not a valid XML document: line 2: unclosed root tag.',
    );
  });
});

describe('values', () => {
  test.each([
    ['GetElementValue', '//name', 'TextValue', 'Grüße & Söhne'],
    ['GetElementValue', '//client/@status', 'TextValue', 'active'],
    ['GetElementValueAsNumeric', '//total', 'NumericValue', 1234.5],
    ['GetElementValueAsBoolean', '//open', 'BooleanValue', true],
    ['GetElementValueAsDateTime', '//last', 'DateTimeValue', FlowDatetime.of(2024, 5, 6, 7, 8, 9)],
  ])('%s of %s', async (id, XPathQuery, name, value) => {
    const Document = await documentOf(clients);
    expect(await outputs(`GetXmlElementValue.${id}`, { Document, XPathQuery })).toEqual({ [name]: value });
  });

  test.each([
    ['GetElementAttribute', 'status', 'TextValue', 'active'],
    ['GetElementAttributeAsNumeric', 'score', 'NumericValue', 1.5],
    ['GetElementAttributeAsBoolean', 'vip', 'BooleanValue', true],
    ['GetElementAttributeAsDateTime', 'since', 'DateTimeValue', FlowDatetime.of(2024, 5, 6)],
  ])('%s %s', async (id, AttributeName, name, value) => {
    const given = { Document: await documentOf(clients), XPathQuery: '//client', AttributeName };
    expect(await outputs(`GetXmlElementAttribute.${id}`, given)).toEqual({ [name]: value });
  });

  test('numbers keep their digits', async () => {
    const Document = await documentOf('<a>12345678901234567890.12</a>');
    const { NumericValue } = await outputs('GetXmlElementValue.GetElementValueAsNumeric', { Document });
    expect(toText(NumericValue as Value)).toBe('12345678901234567890.12');
  });

  test('without query the element itself counts; text is read as a document', async () => {
    const [client] = await xpath(await documentOf(clients), '//client[2]');
    const value = async (Document: Value) =>
      (await outputs('GetXmlElementValue.GetElementValue', { Document })).TextValue;
    expect(await value(client as Value)).toBe('B');
    expect(await value('<a>x<b>y</b></a>')).toBe('xy');
    expect(await errorOf(value('<a>'))).toMatch(
      /^InvalidArgument: The argument "Document" is not valid XML: line 1/,
    );
  });

  test('errors', async () => {
    const Document = await documentOf(clients);
    for (const suffix of ['AsNumeric', 'AsBoolean', 'AsDateTime']) {
      expect(
        await errorOf(
          outputs(`GetXmlElementValue.GetElementValue${suffix}`, { Document, XPathQuery: '//name' }),
        ),
      ).toMatch(
        /^ConvertElementValueToRequestedDataTypeError: The Text value 'Grüße & Söhne' cannot be used as/,
      );
      const given = { Document, XPathQuery: '//client', AttributeName: 'status' };
      expect(await errorOf(outputs(`GetXmlElementAttribute.GetElementAttribute${suffix}`, given))).toMatch(
        /^ConvertAttributeValueToRequestedDataTypeError: The Text value 'active' cannot be used as/,
      );
    }
    const attribute = (XPathQuery: string, AttributeName: string) =>
      errorOf(outputs('GetXmlElementAttribute.GetElementAttribute', { Document, XPathQuery, AttributeName }));
    expect(await attribute('//client[2]', 'Status')).toBe(
      'AttributeNotFoundInElementError: The element <client> has no attribute "Status"; it has id, status.',
    );
    for (const query of ['//none', '//name/text()']) {
      expect(await attribute(query, 'x')).toMatch(
        /^XPathExpressionReturnsNoElementError: The XPath expression ".*" finds no element/,
      );
    }
    expect(
      await errorOf(outputs('GetXmlElementValue.GetElementValue', { Document, XPathQuery: 'count(//a)' })),
    ).toMatch(/^XPathExpressionReturnsNoElementError: /);
  });
});

describe('changes', () => {
  test('are made in place, and in the variable of an element too', async () => {
    const Document = await documentOf('<r><a x="1">old</a><b/></r>');
    const [a] = await xpath(Document, '//a');
    expect(
      await run('SetElementValue', { Document, XPathQuery: '//a', ElementValue: 'n<e>w & more' }),
    ).toEqual({});
    await run('SetElementAttribute', {
      Document,
      XPathQuery: '//a',
      AttributeName: 'x',
      AttributeValue: '"2"',
    });
    await run('SetElementAttribute', {
      Document: a as Value,
      XPathQuery: '',
      AttributeName: 'y',
      AttributeValue: 'ü',
    });
    await run('InsertElement', { Document, XPathQuery: '/r/b', Element: '<c><d/></c>' });
    await run('InsertElement', { Document, XPathQuery: '/r', Element: a as Value });
    expect(toText(Document)).toBe(
      '<r><a x="&quot;2&quot;" y="ü">n&lt;e&gt;w &amp; more</a><b><c><d/></c></b><a x="&quot;2&quot;" y="ü">n&lt;e&gt;w &amp; more</a></r>',
    );
    await run('RemoveElementAttribute', { Document: a as Value, XPathQuery: '', AttributeName: 'x' });
    await run('RemoveElement', { Document, XPathQuery: '//a[@x] | //d' });
    await run('RemoveElement', { Document, XPathQuery: '//none' });
    expect(toText(Document)).toBe('<r><a y="ü">n&lt;e&gt;w &amp; more</a><b><c/></b></r>');
    expect(await xpath(Document, '//*')).toHaveLength(4);
  });

  test('a declaration that names need stays, another goes', async () => {
    const Document = await documentOf('<r xmlns="u" xmlns:p="u1" xmlns:q="u2"><a p:x="1"/><b xmlns=""/></r>');
    const remove = (AttributeName: string) =>
      run('RemoveElementAttribute', { Document, XPathQuery: '', AttributeName });
    for (const name of ['xmlns', 'xmlns:p']) {
      expect(await errorOf(remove(name))).toMatch(
        /^RemoveXMLAttributeError: The attribute "xmlns.*" of <r> cannot be removed/,
      );
    }
    await remove('xmlns:q');
    expect(toText(Document)).toBe('<r xmlns="u" xmlns:p="u1"><a p:x="1"/><b xmlns=""/></r>');
  });

  test('an element brings its namespaces', async () => {
    const [element] = await xpath('<r xmlns:p="urn:1"><p:a p:x="1"/></r>', '//*[2]|//*[local-name()="a"]');
    const Document = await documentOf('<r xmlns:p="urn:2"/>');
    await run('InsertElement', { Document, XPathQuery: '/r', Element: element as Value });
    await run('SetElementAttribute', {
      Document,
      XPathQuery: '/r',
      AttributeName: 'p:y',
      AttributeValue: '2',
    });
    expect(toText(Document)).toBe('<r xmlns:p="urn:2" p:y="2"><p:a p:x="1" xmlns:p="urn:1"/></r>');
  });

  test('errors', async () => {
    const Document = await documentOf('<r a="1"><b/></r>');
    const error = (id: string, given: Record<string, Value>) => errorOf(run(id, { Document, ...given }));
    for (const AttributeName of ['1x', 'a b', '', 'p:x', 'a:b:c']) {
      expect(
        await error('SetElementAttribute', { XPathQuery: '//b', AttributeName, AttributeValue: 'x' }),
      ).toMatch(/^SetXMLAttributeError: "/);
    }
    const control = 'a\x00b';
    expect(
      await error('SetElementAttribute', { XPathQuery: '//b', AttributeName: 'x', AttributeValue: control }),
    ).toMatch(/^SetXMLAttributeError: The text has control characters/);
    expect(await error('SetElementValue', { XPathQuery: '//b', ElementValue: control })).toMatch(
      /^SetElementValueError: The text has control characters/,
    );
    expect(await error('SetElementValue', { XPathQuery: '/', ElementValue: 'x' })).toMatch(
      /^SetElementValueError: /,
    );
    expect(await error('InsertElement', { XPathQuery: '//b', Element: '<x>' })).toMatch(
      /^InsertXMLElementError: .*line 1/,
    );
    expect(await error('InsertElement', { XPathQuery: '/', Element: '<x/>' })).toMatch(
      /^InsertXMLElementError: /,
    );
    const [attribute] = await xpath(Document, '/r/@a');
    expect(await error('InsertElement', { XPathQuery: '//b', Element: attribute as Value })).toMatch(
      /^InsertXMLElementError: /,
    );
    for (const query of ['/r', '//@a', '/', 'count(//b)']) {
      expect(await error('RemoveElement', { XPathQuery: query })).toMatch(/^RemoveXMLElementError: /);
    }
    expect(await error('RemoveElementAttribute', { XPathQuery: '//b', AttributeName: 'a' })).toBe(
      'AttributeNotFoundInElementError: The element <b> has no attribute "a"; it has none.',
    );
    for (const [id, more] of [
      ['SetElementAttribute', { AttributeName: 'x', AttributeValue: 'y' }],
      ['SetElementValue', { ElementValue: 'y' }],
      ['RemoveElementAttribute', { AttributeName: 'x' }],
      ['InsertElement', { Element: '<x/>' }],
    ] as const) {
      expect(await error(id, { XPathQuery: '//none', ...more })).toMatch(
        /^XPathExpressionReturnsNoElementError: /,
      );
      expect(await error(id, { Document: '<r/>', XPathQuery: '/r', ...more })).toMatch(
        /^InvalidArgument: .* changed in place and expects an XML node/,
      );
    }
    expect(await error('RemoveElement', { Document: '<r/>', XPathQuery: '/r' })).toMatch(
      /^InvalidArgument: /,
    );
    expect(toText(Document)).toBe('<r a="1"><b/></r>');
  });
});

describe('writing', () => {
  test('keeps the document as it was', async () => {
    const Xml = await documentOf(clients);
    expect(await run('WriteXmlToFile.WriteToFile', { File: 'b.xml', Xml })).toEqual({});
    expect(await written()).toBe(clients);
  });

  test('indents it, but leaves text alone', async () => {
    const Xml = '<?xml version="1.0"?><r><a>\n</a><b>x<i>y</i> z</b><c><d/><!--e--></c><f> </f></r>';
    await run('WriteXmlToFile.WriteToFileFormatted', { File: 'b.xml', Xml });
    expect(await written()).toBe(
      [
        '<?xml version="1.0"?>',
        '<r>',
        '  <a/>',
        '  <b>x<i>y</i> z</b>',
        '  <c>',
        '    <d/>',
        '    <!--e-->',
        '  </c>',
        '  <f> </f>',
        '</r>',
      ].join('\r\n'),
    );
    await run('WriteXmlToFile.WriteToFileFormatted', { File: 'b.xml', Xml: '<r><a/></r>', Indentation: 0 });
    expect(await written()).toBe('<r>\r\n<a/>\r\n</r>');
  });

  test.each([
    ['DefaultEncoding', '<?xml version="1.0" encoding="utf-8"?>\n<a>ü</a>', 'utf8'],
    ['UTF8', '\ufeff<?xml version="1.0" encoding="utf-8"?>\n<a>ü</a>', 'utf8'],
    ['Unicode', '\ufeff<?xml version="1.0" encoding="utf-16"?>\n<a>ü</a>', 'utf16le'],
    ['ASCII', '<?xml version="1.0" encoding="us-ascii"?>\n<a>&#252;</a>', 'latin1'],
  ] as const)('says which encoding it has: %s', async (Encoding, expected, encoding) => {
    const Xml = '<?xml version="1.0" encoding="ISO-8859-1"?><a>ü</a>';
    await run('WriteXmlToFile.WriteToFile', { File: 'a.xml', Xml, Encoding });
    expect((await readFile(join(folder, 'a.xml'))).toString(encoding)).toBe(expected);
    expect(property(await readAs(), 'InnerText')).toBe('ü');
  });

  test('big end first', async () => {
    await run('WriteXmlToFile.WriteToFile', { File: 'a.xml', Xml: '<a>ü</a>', Encoding: 'BigEndianUnicode' });
    expect((await readFile(join(folder, 'a.xml'))).swap16().toString('utf16le')).toBe('\ufeff<a>ü</a>');
  });

  test.each(['WriteToFile', 'WriteToFileFormatted'])('errors of %s', async (variant) => {
    await mkdir(join(folder, 'dir'));
    const error = (given: Record<string, Value>) =>
      errorOf(run(`WriteXmlToFile.${variant}`, { File: 'b.xml', Xml: '<a/>', ...given }));
    expect(await error({ File: 'no/b.xml' })).toMatch(/^InvalidDirectorySpecifiedError: /);
    expect(await error({ File: 'dir' })).toMatch(/^WriteXMLToFileError: Cannot write file/);
    expect(await error({ Xml: '<a>' })).toBe(
      'WriteXMLToFileError: The value to write is not valid XML: line 1: unclosed root tag.',
    );
    expect(await error({ Xml: '<ä/>', Encoding: 'ASCII' })).toMatch(
      /^WriteXMLToFileError: "ä" cannot be written as ASCII/,
    );
    expect(await error({ Xml: '<a><![CDATA[ä]]></a>', Encoding: 'ASCII' })).toMatch(
      /^WriteXMLToFileError: "ä" cannot be written/,
    );
  });
});
