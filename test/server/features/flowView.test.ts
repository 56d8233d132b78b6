// What the Flow view is told, and the edits of inputs, outputs and sensitive variables it asks for.
import { describe, expect, test } from 'vitest';
import { TextDocument } from 'vscode-languageserver-textdocument';
import type { FlowEdit } from '../../../src/protocol/editor.ts';
import { editFlow, flowContents } from '../../../src/server/features/flowView.ts';
import { analysed } from '../marked.ts';

const flow = `@SENSITIVE: [Password, Note]
@INPUT Password : { 'Description': '', 'FriendlyName': 'Pass word', 'Type': 'String', 'IsOptional': False, 'DefaultValue': 'Zebra-7319' }
@OUTPUT Total : { 'Description': '', 'FriendlyName': 'Total', 'Type': 'Numeric' }
SET Copy TO Password
    SET Total TO 1 + Total
UIAutomation.Click Control: appmask['W']['B']
CALL Fetch key: 'a' result=> Note
FUNCTION Fetch key, OUTPUT result
    SET result TO GLOBAL.Copy + key
END FUNCTION
`;

describe('the Flow view', () => {
  test('lists inputs, outputs, variables and subflows, and why a variable is sensitive', () => {
    expect(flowContents(analysed(flow))).toMatchObject({
      inputs: [{ name: 'Password', externalName: 'Pass word', sensitive: true, line: 1 }],
      outputs: [{ name: 'Total', type: 'Number', sensitive: false }],
      variables: [
        {
          name: 'Copy',
          sensitivity: 'inherited',
          why: ['line 4: SET Copy', 'Password is declared sensitive'],
          line: 3,
          character: 4,
          uses: 2,
        },
        { name: 'key', subflow: 'Fetch', sensitivity: 'none', line: 6 },
        { name: 'result', subflow: 'Fetch', sensitivity: 'inherited' },
        { name: 'Note', sensitivity: 'declared', line: 6, character: 29, uses: 1 },
      ],
      subflows: [{ name: 'Fetch', line: 7 }],
    });
  });

  test('never shows the default of a sensitive input', () => {
    expect(JSON.stringify(flowContents(analysed(flow)))).not.toContain('Zebra');
  });

  test.each<[string, FlowEdit, string, string]>([
    [
      'adds',
      {
        kind: 'addParameter',
        direction: 'output',
        parameter: {
          name: 'Rows',
          externalName: 'Rows',
          description: '',
          type: 'List',
          optional: false,
          sensitive: true,
          defaultText: null,
        },
      },
      'Note]',
      'Note, Rows]',
    ],
    [
      'changes',
      { kind: 'changeParameter', name: 'Password', changes: { externalName: 'Key' } },
      "'Pass word'",
      "'Key'",
    ],
    ['removes', { kind: 'removeParameter', name: 'Total' }, flow.split('\n')[2] as string, ''],
    ['marks', { kind: 'setSensitive', name: 'Copy', sensitive: true }, 'Note]', 'Note, Copy]'],
    [
      'marks in a subflow',
      { kind: 'setSensitive', name: 'key', subflow: 'Fetch', sensitive: true },
      'result\n',
      'result\n    @SENSITIVE: [key]\n',
    ],
  ])('%s with edits for the version it saw', (_, edit, before, after) => {
    const { version, edits } = editFlow(analysed(flow), edit);
    expect(version).toBe(1);
    const document = TextDocument.create('file:///a.robin', 'robin', 1, flow);
    const text = TextDocument.applyEdits(document, [...edits]);
    expect(text.replace(/@OUTPUT Rows .*\n/, '').replace(/\n\n/, '\n')).toBe(
      flow.replace(before, after).replace(/\n\n/, '\n'),
    );
  });

  test('refuses with a sentence for people', () => {
    expect(() => editFlow(analysed(flow), { kind: 'removeParameter', name: 'Gone' })).toThrow(
      'The flow has no input or output “Gone”.',
    );
  });
});
