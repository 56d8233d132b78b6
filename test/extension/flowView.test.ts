// The Flow view and its commands: what a person sees of the head of a flow, and how it is changed.
import { describe, expect, it } from 'vitest';
import { commandIds, contextKeys, viewIds } from '../../src/extension/names.ts';
import type { FlowContents } from '../../src/protocol/editor.ts';
import { Window } from './harness.ts';

const contents: FlowContents = {
  inputs: [
    {
      name: 'Folder',
      externalName: 'Invoice folder',
      description: 'Where to look',
      type: 'Text',
      optional: false,
      sensitive: false,
      defaultValue: 'C:\\Invoices',
      line: 1,
    },
    {
      name: 'Password',
      externalName: 'Password',
      description: '',
      type: 'Text',
      optional: true,
      sensitive: true,
      line: 2,
    },
  ],
  outputs: [],
  variables: [
    {
      name: 'Copy',
      type: 'Text',
      sensitivity: 'inherited',
      why: ['line 4: SET Copy', 'Password is declared sensitive'],
      line: 3,
      character: 4,
      uses: 2,
    },
    { name: 'Step', subflow: 'Local', sensitivity: 'none', line: 8, character: 4, uses: 1 },
  ],
  subflows: [{ name: 'Local', line: 7 }],
};

async function windowWithFlow(): Promise<Window> {
  const window = new Window();
  window.contents = contents;
  window.vscode.open('/flows/archive.robin', 'SET a TO 1');
  window.activate();
  await window.settle();
  window.vscode.setVisible(viewIds.flow, true);
  await window.settle();
  return window;
}

describe('the Flow view', () => {
  it('lists inputs, outputs, variables and subflows with types and sensitivity in words', async () => {
    const window = await windowWithFlow();
    expect(await window.vscode.renderTree(viewIds.flow)).toBe(
      `[] Inputs  2  {inputs}
  [arrow-small-right] Invoice folder  Text · = C:\\Invoices  {parameter clear}
  [lock] Password  Text · sensitive · optional  {parameter sensitive}
[] Outputs  none  {outputs}
[] Variables  2
  [unlock] Copy  Text · sensitive (inherited)  {clear}
  [symbol-variable] Step  in Local  {clear}
[] Subflows  1
  [symbol-function] Local`,
    );
    expect(window.vscode.contexts.get(contextKeys.flowShown)).toBe(true);
  });

  it('is read again when typing pauses, not at every key, and never while it is hidden', async () => {
    const window = await windowWithFlow();
    const [document] = window.vscode.documents;
    const asked = () => window.languageCalls.filter((call) => call === 'flowContents').length;
    const before = asked();
    for (let i = 0; i < 5; i++) window.vscode.edit(document as never, 0, 0, 0, 0, 'x');
    await window.settle();
    expect(asked()).toBe(before + 1);
    window.vscode.setVisible(viewIds.flow, false);
    window.vscode.edit(document as never, 0, 0, 0, 0, 'x');
    await window.settle();
    expect(asked()).toBe(before + 1);
  });

  it('goes empty when the flow is closed', async () => {
    const window = await windowWithFlow();
    window.vscode.close(window.vscode.documents[0] as never);
    await window.settle();
    expect(await window.vscode.renderTree(viewIds.flow)).toBe('');
    expect(window.vscode.contexts.get(contextKeys.flowShown)).toBe(false);
  });

  it('marks the variable of the row as sensitive', async () => {
    const window = await windowWithFlow();
    const [, , variables] = (await window.vscode.rows(viewIds.flow)) as unknown[];
    const [, step] = (await window.vscode.rows(viewIds.flow, variables)) as unknown[];
    await window.vscode.run(commandIds.markSensitive, step);
    expect(window.edited).toEqual([
      {
        uri: 'file:///flows/archive.robin',
        edit: { kind: 'setSensitive', name: 'Step', subflow: 'Local', sensitive: true },
      },
    ]);
  });

  it('says why nothing can be marked when no flow is open', async () => {
    const window = new Window();
    window.activate();
    void window.vscode.run(commandIds.markSensitive);
    await window.settle();
    expect(window.vscode.dialog.text).toBe('Open a flow (.robin) in an editor first.');
  });

  it('asks for a name and the fields one by one, and sends one edit', async () => {
    const window = await windowWithFlow();
    void window.vscode.run(commandIds.addInput);
    await window.settle();
    window.vscode.dialog.answer('Since');
    await window.settle();
    window.vscode.dialog.answer('Type');
    await window.settle();
    window.vscode.dialog.answer('Number');
    await window.settle();
    window.vscode.dialog.answer('Default value');
    await window.settle();
    window.vscode.dialog.answer('2026');
    await window.settle();
    window.vscode.dialog.answer('$(check) Done');
    await window.settle();
    expect(window.edited).toEqual([
      {
        uri: 'file:///flows/archive.robin',
        edit: {
          kind: 'addParameter',
          direction: 'input',
          parameter: {
            name: 'Since',
            externalName: 'Since',
            description: '',
            type: 'Number',
            optional: false,
            sensitive: false,
            defaultText: '2026',
          },
        },
      },
    ]);
  });

  it('sends only what was changed, and nothing when nothing was', async () => {
    const window = await windowWithFlow();
    const [inputs] = await window.vscode.rows(viewIds.flow);
    const [folder] = await window.vscode.rows(viewIds.flow, inputs);
    for (const answers of [['$(check) Done'], ['Optional', '$(check) Done']]) {
      void window.vscode.run(commandIds.editParameter, folder);
      for (const answer of answers) {
        await window.settle();
        window.vscode.dialog.answer(answer);
      }
      await window.settle();
    }
    expect(window.edited.map(({ edit }) => edit)).toEqual([
      { kind: 'changeParameter', name: 'Folder', changes: { optional: true } },
    ]);
  });
});
