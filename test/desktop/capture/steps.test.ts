import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CaptureEvent } from '../../../src/desktop/capture/events.ts';
import { StepRecorder } from '../../../src/desktop/capture/steps.ts';
import { writeRecording } from '../../../src/interchange/recording.ts';
import { FlowModel } from '../../../src/language/analysis/model.ts';
import { check } from '../../../src/language/checks/check.ts';
import { isBlocking } from '../../../src/language/diagnostics.ts';
import { applyEdits } from '../../../src/language/edits/edit.ts';
import { addParameter } from '../../../src/language/edits/parameters.ts';
import { parse } from '../../../src/language/syntax/parser.ts';
import { element, key, ledger, press, typed, window, writing } from './played.ts';

const name = element('edit', 'Name');
const password = element('edit', 'Password', { isPassword: true });
const ok = element('button', 'OK');
const tick = element('check box', 'Paid');

/** The steps as people read them. */
function rows(...events: readonly (CaptureEvent | readonly CaptureEvent[])[]): string[] {
  const recorder = new StepRecorder();
  for (const event of events.flat()) recorder.add(event as CaptureEvent);
  return writeRecording(recorder.steps, writing()).rows.map(({ text }) => text);
}

describe('text', () => {
  it('is one step with what the field holds, and the click into it is part of that', () => {
    expect(rows(press(name), typed(name, 'Ada'), { kind: 'value', value: 'Ada!' }, press(ok))).toEqual([
      'Fill Edit \'Name\' with "Ada!"',
      "Click Button 'OK'",
    ]);
  });

  it('takes back what Backspace took back, and is put behind what was there when nobody can read the field', () => {
    const recorder = new StepRecorder();
    for (const event of [...typed(name, 'Adx'), key(name, 8), ...typed(name, 'a')]) recorder.add(event);
    expect(recorder.steps).toMatchObject([{ kind: 'populate', text: 'Ada', isWhole: false }]);
  });

  it('is what was pasted, where the field says so; else the keys', () => {
    const paste = key(name, 0x56, { control: true });
    expect(rows(paste, { kind: 'value', value: 'pasted' })).toEqual(['Fill Edit \'Name\' with "pasted"']);
    expect(rows(paste)).toEqual(["Focus Window 'Ledger'", 'Send keys {Control}({V})'].slice(1));
  });

  it('goes over lines where Enter makes them, and ends with Enter where it does not', () => {
    const broken = key(name, 13, {}, { isLineBreak: true });
    expect(rows(typed(name, 'a'), broken, typed(name, 'b'), { kind: 'value', value: 'a\r\nb' })).toEqual([
      'Fill Edit \'Name\' with "a\r\nb"',
    ]);
    expect(rows(typed(name, 'a'), { kind: 'value', value: 'a' }, key(name, 13))).toEqual([
      'Fill Edit \'Name\' with "a"',
      'Send keys {Enter}',
    ]);
  });

  it('needs no Tab between two fields, but one that leads nowhere stays', () => {
    const tab = key(name, 9);
    expect(rows(typed(name, 'a'), tab, typed(element('edit', 'City'), 'b'))).toHaveLength(2);
    expect(rows(typed(name, 'a'), tab)).toEqual(['Fill Edit \'Name\' with "a"', 'Send keys {Tab}']);
  });

  it('typed with AltGr is text, with Ctrl or Alt alone a shortcut', () => {
    const at = key(name, 0x51, { control: true, alt: true }, { character: '@' });
    expect(rows(typed(name, 'a'), at)).toEqual(['Fill Edit \'Name\' with "a@"']);
    expect(rows(key(name, 0x53, { control: true }, { character: '\u0013' }))).toContain(
      'Send keys {Control}({S})',
    );
    expect(rows(key(name, 0x46, { alt: true }, { character: 'f' }))).toContain('Send keys {Alt}({F})');
  });
});

describe('a password', () => {
  it('becomes a sensitive input, and nothing of it is kept, not even its length', () => {
    const recorder = new StepRecorder();
    for (const event of [press(password), ...typed(password, 'hunter2'), key(password, 8), press(ok)])
      recorder.add(event);
    expect(JSON.stringify(recorder.steps)).not.toContain('hunter2');
    const { rows, inputs, text } = writeRecording(recorder.steps, writing(['password']));
    expect(rows[0]?.text).toBe("Fill Edit 'Password' with the sensitive input Password2");
    expect(inputs.map(({ externalName }) => externalName)).toEqual(['Password2']);
    expect(text).toContain("['Edit \\'Password\\''] Text: Password2 Mode:");
  });

  it('has one input per field', () => {
    const again = [...typed(password, 'a'), press(ok), ...typed(password, 'b')];
    const recorder = new StepRecorder();
    for (const event of again) recorder.add(event);
    expect(writeRecording(recorder.steps, writing()).inputs).toHaveLength(1);
  });

  it('is never kept of keys that went to nobody knows what', () => {
    expect(rows(typed(undefined, 'secret'))).toEqual([
      'Keys that went to something that could not be seen were not recorded.',
    ]);
  });
});

describe('clicks', () => {
  it('two at one place in time are a double click, two later ones are two', () => {
    expect(rows(press(ok, { time: 1000 }), press(ok, { time: 1400 }))).toEqual(["Double-click Button 'OK'"]);
    expect(rows(press(ok, { time: 1000 }), press(ok, { time: 1600 }))).toHaveLength(2);
    const elsewhere = press(ok, { time: 1400, point: { x: 190, y: 110 } });
    expect(rows(press(ok, { time: 1000 }), elsewhere)).toHaveLength(2);
    expect(rows(press(ok, { time: 1000 }), press(ok, { time: 1200 }), press(ok, { time: 1300 }))).toEqual([
      "Double-click Button 'OK'",
      "Click Button 'OK'",
    ]);
  });

  it('say where they were where it matters', () => {
    const picture = element('image', 'Map');
    const recorder = new StepRecorder();
    recorder.add(press(picture, { point: { x: 110, y: 115 } }));
    recorder.add(press(ok, { point: { x: 110, y: 115 } }));
    expect(recorder.steps).toMatchObject([{ offset: { x: -40, y: 5 } }, { offset: { x: 0, y: 0 } }]);
  });

  it('on a check box set what it shows then; what is neither stays a click', () => {
    const on: CaptureEvent = { kind: 'ticked', isOn: true };
    expect(rows(press(tick), on, press(tick), { kind: 'ticked', isOn: false })).toEqual([
      "Clear Check Box 'Paid'",
    ]);
    expect(rows(press(tick), { kind: 'ticked', isOn: undefined })).toEqual(["Click Check Box 'Paid'"]);
  });

  it('choose radio buttons, tabs, and items of lists that were opened for it', () => {
    const list = element('combo box', 'Country');
    const item = element('list item', 'Poland', { dropDown: list });
    expect(rows(press(list), press(item))).toEqual(['Set Combo Box \'Country\' to "Poland"']);
    const unknown = element('list item', '', { dropDown: list });
    expect(rows(press(list), press(unknown), { kind: 'chosen', option: 'France' })).toEqual([
      'Set Combo Box \'Country\' to "France"',
    ]);
    expect(rows(press(list), press(unknown), { kind: 'chosen', option: undefined })).toEqual([]);
    expect(rows(press(element('radio button', 'Red')), press(element('tab item', 'More')))).toEqual([
      "Select Radio Button 'Red'",
      "Open Tab Item 'More'",
    ]);
  });

  it('on the way through a menu are one step', () => {
    const entry = (...menu: string[]) => element('menu item', menu.at(-1) ?? '', { menu });
    expect(
      rows(press(entry('File')), press(entry('File', 'Export')), press(entry('File', 'Export', 'PDF'))),
    ).toEqual(["Choose Menu Item 'PDF'"]);
    expect(rows(press(entry('About')), press(entry('File')))).toHaveLength(2);
  });

  it('on the frame of a window close it or change its size', () => {
    expect(rows(press(ok, { frame: 'close' }))).toEqual(["Close Window 'Ledger'"]);
    expect(rows(press(ok, { frame: 'maximize' }))).toEqual(["Maximize Window 'Ledger'"]);
    expect(rows(press(ok, { frame: 'caption' }), press(ok))).toEqual(["Click Button 'OK'"]);
  });

  it('that become drags are drags; inside one element they are told', () => {
    const row = element('data item', 'A');
    expect(rows(press(row), { kind: 'dragged', button: 'left', element: ok })).toEqual([
      "Drag Data Item 'A' onto Button 'OK'",
    ]);
    const slider = element('slider', 'Volume');
    expect(rows(press(slider), { kind: 'dragged', button: 'left', element: slider })).toEqual([
      'A drag of the mouse inside one element was not recorded.',
    ]);
    expect(rows(press(name), { kind: 'dragged', button: 'left', element: name })).toEqual([
      "Click Edit 'Name'",
    ]);
  });
});

describe('windows', () => {
  const other = window('Other', 'other');
  const front = (one = other): CaptureEvent => ({ kind: 'foreground', window: one });

  it('are focused only where keys follow', () => {
    const inOther = element('button', 'Go', { window: other });
    expect(rows(press(ok), front(), press(inOther))).toHaveLength(2);
    expect(rows(press(ok), front(), key(inOther, 13))).toEqual([
      "Click Button 'OK'",
      "Focus Window 'Other'",
      'Send keys {Enter}',
    ]);
    expect(rows(press(ok), front())).toEqual(["Click Button 'OK'"]);
  });

  it('of a program that the person started launch it; what was clicked for that is replaced', () => {
    const started = { path: 'C:\\Tools\\Other.exe', hasArguments: false };
    const launch: CaptureEvent = { kind: 'foreground', window: other, started };
    const start = element('button', 'Start', { window: window('', 'explorer') });
    expect(rows(press(start), press(start), launch)).toEqual(['Run Other.exe']);
    // A button of a program opened it: it will again.
    expect(rows(press(ok), launch)).toEqual(["Click Button 'OK'"]);
  });
});

it('comments stay where they were made', () => {
  expect(rows(press(ok), { kind: 'comment', text: 'Now the\nnext' }, typed(name, 'a'))).toEqual([
    "Click Button 'OK'",
    'Now the\nnext',
    'Fill Edit \'Name\' with "a"',
  ]);
});

// ── Whatever people do ──────────────────────────────────────────────────────────────────────────────────────────

const secret = 'zebra-9917';
const elements = fc.oneof(
  fc.constantFrom(name, ok, tick, element('document', "It's %50\\"), element('list', ''), undefined),
  fc.constant(element('menu item', 'Save', { menu: ['File', 'Save'] })),
  fc.constant(element('list item', 'x', { dropDown: element('combo box', 'Kind') })),
);
const events: fc.Arbitrary<readonly CaptureEvent[]> = fc.oneof(
  fc
    .tuple(elements, fc.constantFrom('left', 'right', 'middle'), fc.nat(900))
    .map(([one, button, time]) => [press(one, { button, time } as object)]),
  fc.tuple(elements, fc.string({ unit: 'grapheme', maxLength: 5 })).map(([one, text]) => typed(one, text)),
  fc.constant([...typed(password, secret), key(password, 0x56, { control: true })]),
  fc
    .tuple(elements, fc.nat(255), fc.boolean(), fc.boolean())
    .map(([one, code, control, alt]) => [key(one, code, { control, alt })]),
  fc.string({ unit: 'grapheme', maxLength: 8 }).map((value) => [{ kind: 'value' as const, value }]),
  fc.string({ unit: 'grapheme', maxLength: 8 }).map((text) => [{ kind: 'comment' as const, text }]),
  fc.constantFrom<CaptureEvent[]>(
    [{ kind: 'ticked', isOn: true }],
    [{ kind: 'dragged', button: 'left', element: ok }],
    [{ kind: 'foreground', window: window('Other') }],
    [{ kind: 'foreground', window: ledger, started: { path: 'C:\\a b\\c.exe', hasArguments: true } }],
  ),
);

it('is a flow without errors that holds no password, whatever people do', () => {
  fc.assert(
    fc.property(fc.array(events, { maxLength: 12 }), (all) => {
      const recorder = new StepRecorder();
      for (const event of all.flat()) recorder.add(event);
      const { text, inputs } = writeRecording(recorder.steps, writing());
      expect(text).not.toContain(secret);
      let flow = parse(text);
      for (const input of inputs) {
        const fields = {
          ...input,
          type: 'Text',
          optional: false,
          sensitive: true,
          defaultText: null,
        } as const;
        flow = parse(applyEdits(flow.text, addParameter(new FlowModel(flow), 'input', fields)));
      }
      const wrong = check(new FlowModel(flow)).filter(isBlocking);
      expect(wrong.map(({ message }) => message)).toEqual([]);
    }),
    { numRuns: 300 },
  );
});
