// Copying for the designer and pasting from it, as far as a person sees it: what is asked, and what stays as it was.
import { describe, expect, it } from 'vitest';
import { commandIds } from '../../src/extension/names.ts';
import type { CopyForDesignerResult, PasteFromDesignerResult } from '../../src/protocol/editor.ts';
import { Window } from './harness.ts';

type Answer = CopyForDesignerResult | PasteFromDesignerResult;

/** A window with a flow in front, whose language server gives one answer; `meanwhile` happens while it thinks. */
async function windowWith(answer: Answer, meanwhile: (window: Window) => void = () => {}): Promise<Window> {
  const window = new Window();
  window.answer = () => {
    meanwhile(window);
    return answer;
  };
  window.vscode.open('/flows/archive.robin', 'SET a TO 1');
  const caret = { line: 0, character: 0 };
  const [editor] = window.vscode.editors;
  Object.assign(editor as object, { selection: { isEmpty: true, active: caret, start: caret, end: caret } });
  window.vscode.clipboard = 'before';
  window.activate();
  await window.settle();
  return window;
}

describe('Copy for the Designer', () => {
  const copied: CopyForDesignerResult = { text: 'SET a TO 1\r\n', notes: [], rejected: [] };

  it('leaves the clipboard alone when there is nothing to copy', async () => {
    const window = await windowWith({ ...copied, text: '', notes: ['There is nothing to copy.'] });
    void window.vscode.run(commandIds.copyForDesigner);
    await window.settle();
    expect(window.vscode.clipboard).toBe('before');
    expect(window.vscode.dialog.text).toBe('There is nothing to copy.');
    expect(window.vscode.output.join()).not.toContain('Copied');
  });

  it.each([
    ['Copy Anyway', copied.text],
    [undefined, 'before'],
  ])('asks before it copies what the designer would drop: %s', async (choice, clipboard) => {
    const problem = { code: 'TextQuote', message: 'A quote is missing.', line: 4 };
    const window = await windowWith({ ...copied, rejected: [problem] });
    void window.vscode.run(commandIds.copyForDesigner);
    await window.settle();
    expect(window.vscode.clipboard).toBe('before');
    expect(window.vscode.dialog.text).toContain('line 5: A quote is missing.');
    window.vscode.dialog.answer(choice);
    await window.settle();
    expect(window.vscode.clipboard).toBe(clipboard);
  });
});

describe('Paste from the Designer', () => {
  const at = { line: 0, character: 0 };
  const pasted: PasteFromDesignerResult = {
    edits: [{ range: { start: at, end: at }, newText: 'WAIT 1\n' }],
    files: [{ uri: 'file:///flows/controlRepo.appmask', text: '{}' }],
    notes: [],
  };

  it('edits the flow and writes the repositories beside it', async () => {
    const window = await windowWith(pasted);
    await window.vscode.run(commandIds.pasteFromDesigner);
    expect(window.vscode.applied.join()).toContain('WAIT 1');
    expect([...window.vscode.written]).toEqual([['/flows/controlRepo.appmask', '{}']]);
  });

  it('edits nothing, the repositories included, when the flow was changed meanwhile', async () => {
    const window = await windowWith(pasted, ({ vscode }) => {
      const [document] = vscode.documents;
      if (document) vscode.edit(document, 0, 0, 0, 0, 'x');
    });
    void window.vscode.run(commandIds.pasteFromDesigner);
    await window.settle();
    expect(window.vscode.dialog.text).toContain('nothing was edited');
    expect(window.vscode.applied).toEqual([]);
    expect(window.vscode.written.size).toBe(0);
  });
});
