// Flows in a solution's XML: found, and replaced so that no other character of the XML changes.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openCustomizations, replaceDefinition } from '../../src/interchange/customizations.ts';
import { customizationsXml, type FlowOptions } from './solutionParts.ts';

const id = 'aaaaaaaa-0000-0000-0000-000000000001';
const other = { id: 'aaaaaaaa-0000-0000-0000-000000000002', name: 'Other', text: 'SET B TO 2\r\n' };
const child = 'bbbbbbbb-0000-0000-0000-000000000001';

const only = (flow: Partial<FlowOptions>) =>
  customizationsXml({ id, name: 'A & "B"', text: '', ...flow }, other);
const values = (xml: string, element: string): string =>
  xml
    .split(`<${element}>`)[1]
    ?.split(`</${element}>`)[0]
    ?.replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&') ?? '';

describe('customizations.xml', () => {
  it('lists the desktop flows with their text, cloud flows left out', () => {
    const text = "SET A TO $'''<b> & \"q\" \\\\ \u2028 😀'''\r\n";
    expect(openCustomizations(only({ text }))).toEqual([
      { id, name: 'A & "B"', text, jsonFile: `Workflows/${id}.json` },
      { id: other.id, name: 'Other', text: other.text, jsonFile: `Workflows/${other.id}.json` },
    ]);
  });

  it('understands every way of writing a character, and keeps the one it finds', () => {
    const written = String.raw`"SET A TO &#39;\u00e4&#xE4;\/&apos;\r\n# &#x26; \u003c end\r\n"`;
    const xml = only({}).replace('""', written);
    expect(openCustomizations(xml)[0]?.text).toBe("SET A TO 'ää/'\r\n# & < end\r\n");
    const changed = replaceDefinition(xml, id, "SET A TO 'ää/'\r\n# & > end\r\n");
    expect(changed).toBe(xml.replace('\\u003c end', '&gt; end'));
  });

  it('reads a definition that CDATA and comments break up, and writes it whole when it is edited', () => {
    const escaped = '"SET A TO &lt;a&gt; &amp; ';
    for (const written of [
      `<![CDATA["SET A TO <a> & b]\\r\\n"]]>`,
      `${escaped}<!-- > " & -->b]\\r\\n"`,
      `${escaped}<![CDATA[b]]]>\\r\\n"`,
      `${escaped}<?tool " ?>b]\\r\\n"`,
    ]) {
      const xml = only({}).replace('""', () => written);
      expect(openCustomizations(xml)[0]?.text).toBe('SET A TO <a> & b]\r\n');
      expect(replaceDefinition(xml, id, 'SET A TO <a> & b]\r\n')).toBe(xml);
      expect(replaceDefinition(xml, id, 'SET A TO ]]>\r\n')).toBe(
        only({}).replace('""', () => '"SET A TO ]]&gt;\\r\\n"'),
      );
    }
  });

  it('writes back what it read, for any texts, and gives the text it was told to', () => {
    const text = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.string({ unit: 'binary' }),
      fc.constant('\r\n\t"\\<>&\u2028\u0085\ud800'),
    );
    fc.assert(
      fc.property(text, text, (before, after) => {
        const xml = only({ text: before });
        const changed = replaceDefinition(xml, id.toUpperCase(), after);
        expect(openCustomizations(changed).map((flow) => flow.text)).toEqual([after, other.text]);
        expect(replaceDefinition(xml, id, before)).toBe(xml);
      }),
    );
  });

  it('changes the edited characters of the definition only', () => {
    const xml = only({ text: 'SET A TO 1\r\nSET B TO 2\r\n' });
    expect(replaceDefinition(xml, id, 'SET A TO 1\r\nSET B TO 3\r\n')).toBe(
      xml.replace('SET B TO 2', 'SET B TO 3'),
    );
  });

  it('takes changed inputs and outputs over into their schema, and leaves the others as they are written', () => {
    const kept =
      '{"isOptional":true,"default":"","description":"as  written","format":null,"title":"Kept","type":"string","value":null}';
    const keptLine =
      "@INPUT Kept : { 'Description': 'as  written', 'FriendlyName': 'Kept', 'Type': 'String', 'IsOptional': True }\r\n";
    const xml = only({
      text: keptLine,
      inputs: `{"schema":{"required":[],"properties":{"Kept":${kept}},"type":"object"}}`,
    });
    const changed = replaceDefinition(
      xml,
      id,
      `@SENSITIVE: [Token]\r\n${keptLine}@INPUT Token : { 'Description': '', 'FriendlyName': 'Access token', 'Type': 'String', 'IsOptional': False, 'DefaultValue': 'x' }\r\n@INPUT Count : { 'Description': '', 'FriendlyName': 'Count', 'Type': 'Numeric', 'IsOptional': False, 'DefaultValue': 5 }\r\n@OUTPUT Done : { 'Description': 'yes', 'FriendlyName': 'Done', 'Type': 'Bool' }\r\n`,
    );
    expect(values(changed, 'Inputs')).toBe(
      `{"schema":{"required":["Token","Count"],"properties":{"Kept":${kept},"Token":{"isOptional":false,"default":"","description":"","format":"password","title":"Access token","type":"string","value":null},"Count":{"isOptional":false,"default":"","description":"","format":null,"title":"Count","type":"number","value":"5"}},"type":"object"}}`,
    );
    expect(values(changed, 'Outputs')).toBe(
      '{"schema":{"properties":{"Done":{"default":"","description":"yes","format":null,"title":"Done","type":"boolean","value":null}},"type":"object"}}',
    );
    expect(values(replaceDefinition(changed, id, ''), 'Inputs')).toBe('{"schema":null}');
  });

  it('keeps the list of flows it runs up to date, in the order it has', () => {
    const run = (flow: string) => `External.RunFlow FlowId: '${flow}'\r\n`;
    const xml = only({
      text: run('x1') + run('x2'),
      dependencies: '{"childFlows":["x2","x1","by-hand"],"workQueues":[]}',
    });
    const dependencies = (text: string) => values(replaceDefinition(xml, id, text), 'Dependencies');
    expect(dependencies(run('x2') + run(child))).toBe(
      `{"childFlows":["x2","by-hand","${child}"],"workQueues":[]}`,
    );
    expect(dependencies(run('x2') + run('x1'))).toBe(values(xml, 'Dependencies'));
  });

  it('says what it cannot do', () => {
    const code = (act: () => unknown) => {
      try {
        act();
      } catch (error) {
        return (error as { code: string }).code;
      }
    };
    expect(code(() => openCustomizations('<a><Workflow></a>'))).toBe('SolutionDamaged');
    expect(code(() => openCustomizations('PK'))).toBe('SolutionDamaged');
    expect(code(() => replaceDefinition(only({}), child, 'x'))).toBe('SolutionFlowMissing');
  });
});
