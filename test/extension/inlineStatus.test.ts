// Run status behind lines beyond the film: values and history in hovers, several runs of one flow at once, and the off switch.
import { expect, it } from 'vitest';
import { detailCommandIds } from '../../src/extension/runDetails/names.ts';
import { parametersIn } from '../../src/extension/runDetails/parameters.ts';
import { Window } from './harness.ts';

const text = ['Folder.GetFiles Folder: Inbox Files=> Files', 'Web.SignIn Password: Secret', 'WAIT 1'].join(
  '\n',
);

const parameter = (name: string, externalName: string) => ({
  name,
  externalName,
  description: '',
  type: 'Text' as const,
  optional: false,
  sensitive: false,
  line: 0,
});

it('tells values of inputs and outputs that a line names, secured ones as {}, and earlier runs', async () => {
  const window = await Window.connected();
  const { agent, vscode, clock } = window;
  window.contents = {
    inputs: [parameter('Inbox', 'Folder of letters'), parameter('secret', 'Password')],
    outputs: [parameter('Files', 'Found')],
    variables: [],
    subflows: [],
  };
  const document = vscode.open('/flows/letters.robin', text);
  const values = {
    inputs: { 'Folder of letters': '[x](command:y) data', Password: { $type: 'secured' as const } },
    outputs: { Found: ['a', 'b'] },
  };
  for (const [id, ms, state] of [
    ['aaaa-1', 12, 'Succeeded'],
    ['bbbb-2', 20, 'Failed'],
    ['cccc-3', 14, 'Succeeded'],
  ] as const) {
    agent.queue(id, 'letters', values, text);
    agent.change(id, { state: 'Running', startedAt: clock.now() });
    agent.lines(
      id,
      state === 'Failed'
        ? { line: 1, ms, state: 'failed', error: { code: 'FolderError', message: 'Gone.' } }
        : { line: 1, ms },
      { line: 2, ms: 1 },
    );
    await clock.advance(1_000);
    agent.change(id, { state, endedAt: clock.now(), ...values });
  }
  await window.settle();
  await window.settle();
  const first = vscode.hover(document, 0).split('\n');
  expect(first[0]).toMatch(/^Line 1 of run Succeeded, requested .*: succeeded, 14 ms in total$/);
  expect(first.slice(1, 4)).toEqual([
    'Inbox = \\[x\\]\\(command:y\\) data \\(input\\)',
    'Files = \\["a", "b"\\] \\(output\\)',
    'Before:',
  ]);
  expect(first.slice(4).map((line) => line.replace(/^[\d\\: -]+/, ''))).toEqual([
    '✗ FolderError: Gone.',
    '✓ 12 ms',
  ]);
  expect(vscode.hover(document, 1)).toContain('secret = {} \\(input\\)'.replace('{}', '\\{\\}'));
  expect(vscode.hover(document, 1)).not.toContain('Inbox');

  vscode.edit(document, 2, 0, 2, 0, '# ');
  await window.settle();
  expect(vscode.hover(document, 0)).toContain('The text was changed since this run.');
  expect(vscode.renderEditor(document)).toContain('✓ 14 ms (from an older version) (disabledForeground)');
});

it('tells several runs of one flow apart: the newest line by line, the others where they are', async () => {
  const window = await Window.connected();
  const { agent, vscode, clock } = window;
  const document = vscode.open('/flows/letters.robin', text);
  for (const [id, line] of [
    ['aaaa-1', 3],
    ['bbbb-2', 1],
  ] as const) {
    agent.queue(id, 'letters', { requestedBy: `<b>${id}</b>` }, text);
    agent.change(id, { state: 'Running', startedAt: clock.now() });
    agent.lines(id, { line, state: 'running', count: 0 });
    await clock.advance(2_000);
  }
  await window.settle();
  expect(vscode.renderEditor(document).split('\n')).toEqual([
    'Folder.GetFiles Folder: Inbox Files=> Files    ▶ running… (run 2 of 2) (editorInfo.foreground, ruler, running.svg)',
    'Web.SignIn Password: Secret',
    'WAIT 1    ▷ another run is here, 2 s (run 1 of 2) (descriptionForeground, ruler, other.svg)',
  ]);
  expect(vscode.hover(document, 2)).toMatch(
    /Running for 2 s on DESK\\-7, requested by \\<b\\>aaaa\\-1\\<\/b\\>/,
  );
  agent.change('aaaa-1', { state: 'Succeeded', endedAt: clock.now() });
  await window.settle();
  expect(vscode.renderEditor(document)).not.toContain('of 2');
});

it('is switched off and on by a setting, and by a command', async () => {
  const window = await Window.connected();
  const { agent, vscode, clock } = window;
  const document = vscode.open('/flows/letters.robin', text);
  agent.queue('aaaa-1', 'letters', {}, text);
  agent.change('aaaa-1', { state: 'Running', startedAt: clock.now() });
  agent.lines('aaaa-1', { line: 1, ms: 3 });
  await window.settle();
  expect(vscode.renderEditor(document)).toContain('✓ 3 ms');
  await vscode.run(detailCommandIds.toggleInlineStatus);
  await window.settle();
  expect(vscode.settings.get('desktopFlows.inlineStatus')).toBe(false);
  expect(vscode.renderEditor(document)).toBe(text);
  vscode.set('desktopFlows.inlineStatus', true);
  await window.settle();
  expect(vscode.renderEditor(document)).toContain('✓ 3 ms');
});

it('finds variables of a line as whole words, whatever their case', () => {
  const named = [parameter('Inbox', 'a'), parameter('Box', 'b'), parameter('Größe', 'c')];
  const found = (line: string) => parametersIn(line, named).map(({ name }) => name);
  expect(found('SET x TO INBOX')).toEqual(['Inbox']);
  expect(found('SET x TO $fx"=größe + 1"')).toEqual(['Größe']);
  expect(found('SET Boxes TO 1')).toEqual([]);
});
