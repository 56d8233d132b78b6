import { describe, expect, it } from 'vitest';
import { pasteFromDesigner } from '../../src/interchange/paste.ts';
import { type RecordedStep, writeElement, writeRecording } from '../../src/interchange/recording.ts';
import { readElements, repositoryLookup } from '../../src/interchange/repository.ts';
import { editableSelectors, withSelector } from '../../src/interchange/selectorEdit.ts';
import { applyEdits } from '../../src/language/edits/edit.ts';
import { parse } from '../../src/language/syntax/parser.ts';
import { element, window, writing } from '../desktop/capture/played.ts';
import { elementsText, screen } from './repositoryTexts.ts';

const click = (target: ReturnType<typeof element>): RecordedStep => ({
  kind: 'click',
  element: target,
  click: 'LeftClick',
  offset: { x: 0, y: -3 },
});

function pasted(steps: readonly RecordedStep[], elements: string | undefined, flow = '') {
  const file = parse(flow);
  const result = pasteFromDesigner(file, flow.length, writeRecording(steps, writing()).text, {
    elements,
    images: undefined,
  });
  return { text: applyEdits(flow, result.edits), elements: result.elements, notes: result.notes };
}

it('is written as the designer marks what its recorder wrote', () => {
  const steps = [click(element('button', 'OK')), { kind: 'comment', text: 'a\nb' } as const];
  const code = writeRecording(steps, writing()).text.split('\r\n\r\n')[0];
  expect(code).toBe(
    [
      '# Recorded actions begin',
      "@@source: 'Recorder'",
      "UIAutomation.Click.Click Element: appmask['Window \\'Ledger\\'']['Button \\'OK\\''] ClickType: UIAutomation.ClickType.LeftClick MousePositionRelativeToElement: UIAutomation.RectangleEdgePoint.MiddleCenter OffsetX: 0 OffsetY: (-3)",
      '# a',
      '# b',
      '# Recorded actions end',
    ].join('\r\n'),
  );
});

describe('UI elements', () => {
  it('are found in the repository as they were captured', () => {
    const { elements } = pasted([click(element('button', 'Save 100%'))], undefined);
    const found = repositoryLookup(elements, undefined).element(["Window 'Ledger'", "Button 'Save 100%'"]);
    expect(found?.selectors[0]?.levels).toEqual([
      {
        element: 'button',
        isDirect: false,
        // A percent sign would be a variable.
        attributes: [{ name: 'Name', operator: 'EqualTo', value: 'Save 100%%' }],
        ordinal: undefined,
      },
    ]);
    expect(found?.screen?.selectors[0]?.levels[0]?.attributes).toEqual([
      { name: 'Name', operator: 'EqualTo', value: 'Ledger' },
      { name: 'Process', operator: 'EqualTo', value: 'ledger' },
    ]);
  });

  it('are there once, however often they are used and whatever they are called', () => {
    const one = element('button', 'OK');
    const first = pasted([click(one), click(one)], undefined);
    expect(readElements(first.elements ?? '').screens[0]?.elements).toHaveLength(1);
    const renamed = first.elements?.replaceAll("Button 'OK'", 'Confirm') ?? '';
    const again = pasted([click(one)], renamed);
    expect(again.elements).toBeUndefined();
    expect(again.text).toContain("appmask['Window \\'Ledger\\'']['Confirm']");
  });

  it('of the same name that say something else get another name', () => {
    const other = element('button', 'OK', { levels: element('button', 'Okay').levels });
    const { rows } = writeRecording([click(element('button', 'OK')), click(other)], writing());
    expect(rows.map(({ text }) => text)).toEqual(["Click Button 'OK'", "Click Button 'OK' 2"]);
  });

  it('that were there keep every byte', () => {
    const before = elementsText(screen('Main', { elements: [{ name: 'Ą "x"' }] }));
    const { elements = '' } = pasted(
      [click(element('button', 'OK')), { kind: 'focus', window: window('B') }],
      before,
    );
    const kept = before.slice(0, before.lastIndexOf('}\r\n  ]') + 1);
    expect(elements.startsWith(kept)).toBe(true);
    expect(readElements(elements).screens.map(({ name }) => name)).toEqual([
      'Main',
      "Window 'Ledger'",
      "Window 'B'",
    ]);
  });

  it('can be added alone, without a statement', () => {
    const text = writeElement(element('edit', 'City'), writing());
    const flow = 'SET A TO 1\r\n';
    const result = pasteFromDesigner(parse(flow), 0, text, { elements: undefined, images: undefined });
    expect(result.edits).toEqual([]);
    expect(readElements(result.elements ?? '').screens[0]?.elements[0]?.name).toBe("Edit 'City'");
  });
});

describe('selectors as texts', () => {
  const before = elementsText(screen('Main', { elements: [{ name: 'Save' }, { name: 'Load' }] }));

  it('are listed with their windows', () => {
    expect(editableSelectors(before).map(({ element, text }) => [element, text])).toEqual([
      [undefined, 'window[Process="editor"]'],
      ['Save', 'button[Name="Save"]'],
      ['Load', 'button[Name="Load"]'],
    ]);
  });

  it('are changed where they stand, and nothing else is', () => {
    const text = ' > button[Name="Lo\\"ad"]';
    const changed = withSelector(before, { screen: 'Main', element: 'Load', index: 0, text }) ?? '';
    expect(editableSelectors(changed).map((one) => one.text)).toEqual([
      'window[Process="editor"]',
      'button[Name="Save"]',
      text,
    ]);
    const cut = (file: string) => file.replace(/"(CustomSelector|IsCustom)": .*/g, '');
    expect(cut(changed)).toBe(cut(before));
    expect(withSelector(before, { screen: 'Main', element: 'Gone', index: 0, text })).toBeUndefined();
  });
});
