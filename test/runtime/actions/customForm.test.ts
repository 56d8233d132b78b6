// "Display custom form": which questions a stored card becomes, and what the answers give the flow.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { displayActions } from '../../../src/runtime/actions/display.ts';
import type { CustomObject, Value } from '../../../src/runtime/values.ts';
import { FakeHost, type Reaction } from '../../fakes/host.ts';
import { contextIn, errorOf, runAction } from './arguments.ts';
import { temporaryFolder } from './temporaryFolder.ts';

type Element = Record<string, unknown>;

/** Shows a form with `body` and `actions`; `more`: the call's own arguments. */
async function show(
  body: readonly Element[],
  answers: readonly Reaction[],
  actions: readonly Element[] = [{ type: 'Action.Submit', id: 'Submit', title: 'Send' }],
  more: Record<string, Value> = {},
  folder = '/flows',
) {
  const host = new FakeHost({ answers });
  const context = contextIn(folder, { host });
  const CardTemplateJson = JSON.stringify({ type: 'AdaptiveCard', body, actions, FormTitle: 'Order' });
  const given = { CardTemplateJson, ...more };
  const { outputs = {} } = await runAction(displayActions, 'Display.ShowCustomDialog', given, context);
  const data = outputs.CustomFormData as CustomObject;
  return {
    asked: host.asked,
    data: Object.fromEntries(data.entries),
    button: outputs.ButtonPressed,
    secrets: context.secrets,
  };
}
const ok = (...values: string[]): Reaction => ({ button: 'OK', values });
const press = (button: string): Reaction => ({ button, values: [] });
const cancel = press('Cancel');
/** Where a card has the call's own argument `name`. */
const place = (name: string) => `\${${name}}`;
const input = (type: string, id: string, more: Element = {}): Element => ({
  type: `Input.${type}`,
  id,
  label: `The ${id}`,
  ...more,
});

describe('a form', () => {
  test('asks for its inputs in order, with the texts before them, and gives the id of its only button', async () => {
    const { asked, data, button } = await show(
      [
        { type: 'TextBlock', text: place('Intro_Text') },
        input('Text', 'Customer no', { value: place('Customer_no_Value') }),
        input('Number', 'Amount', { min: 1 }),
        { type: 'Image', url: 'https://example.org/a.png' },
        input('Text', 'Note', { isMultiline: true }),
      ],
      [ok('K-7'), ok('12.5'), ok('')],
      [{ type: 'Action.Submit', id: 'go', title: place('go_Title') }],
      { '@Intro_Text': 'Who orders?', '@Customer_no_Value': 42, '@go_Title': 'Go' },
    );
    expect(asked).toEqual([
      { kind: 'input', title: 'Order', message: 'Who orders?\nThe Customer no', preset: '42' },
      { kind: 'input', title: 'Order', message: 'The Amount' },
      { kind: 'input', title: 'Order', message: 'The Note', multiline: true },
    ]);
    expect(data).toEqual({ 'Customer no': 'K-7', Amount: '12.5', Note: '' });
    expect(button).toBe('go');
  });

  test('asks which button is pressed when there are several, or nothing but texts', async () => {
    const actions = [
      { type: 'Action.Submit', id: 'sim', title: 'Sim' },
      { type: 'Action.Submit', id: 'nao', title: 'Não' },
      { type: 'Action.OpenUrl', title: 'Help', url: 'https://example.org' },
    ];
    const { asked, button } = await show(
      [{ type: 'TextBlock', text: 'New report?' }],
      [press('Não')],
      actions,
    );
    expect(asked).toEqual([
      {
        kind: 'message',
        title: 'Order',
        message: 'New report?\nHelp https://example.org',
        options: ['Sim', 'Não'],
        preset: 'Sim',
      },
    ]);
    expect(button).toBe('nao');
    const same = actions.slice(0, 2).map((action) => ({ ...action, title: 'Yes' }));
    expect((await show([], [press('nao')], same)).asked[0]?.options).toEqual(['sim', 'nao']);
    expect(await show([], [press('Close')], [])).toMatchObject({ button: 'Cancel' });
  });

  test('that is closed has empty texts and the button Cancel, wherever it is closed', async () => {
    const body = [input('Text', 'A'), input('Text', 'B', { value: 'preset' })];
    for (const answers of [[cancel], [ok('typed'), cancel]])
      expect(await show(body, answers)).toMatchObject({ data: { A: '', B: '' }, button: 'Cancel' });
  });

  test('shows what stands in containers, columns and facts, and nothing that is hidden', async () => {
    const { asked } = await show(
      [
        { type: 'Container', items: [{ type: 'TextBlock', text: 'one' }] },
        { type: 'ColumnSet', columns: [{ items: [{ type: 'TextBlock', text: 'two' }] }] },
        { type: 'FactSet', facts: [{ title: 'three', value: '3' }] },
        { type: 'RichTextBlock', inlines: ['fo', { type: 'TextRun', text: 'ur' }] },
        { type: 'TextBlock', text: 'hidden', isVisible: false },
      ],
      [press('Send')],
    );
    expect(asked[0]?.message).toBe('one\ntwo\nthree: 3\nfour');
  });
});

const temporary = temporaryFolder();

describe('an input', () => {
  test.each<[string, Element, refused: string, taken: string, given: string]>([
    ['required text', input('Text', 'x', { isRequired: true }), ' ', 'a b', 'a b'],
    ['short text', input('Text', 'x', { maxLength: 3 }), 'long', 'abc', 'abc'],
    ['number', input('Number', 'x'), '1e5', ' -3 ', '-3'],
    ['number from', input('Number', 'x', { min: 1.0 }), '0', '1', '1'],
    ['number up to', input('Number', 'x', { max: 9 }), '9.5', '9', '9'],
    ['date', input('Date', 'x', { isRequired: true }), 'tomorrow', '2026-01-31', '2026-01-31'],
    ['optional date', input('Date', 'x'), '31.1.2026', '', ''],
    ['time', input('Time', 'x'), '24:00', '9:05', '09:05'],
  ])('%s: asked again until the answer can be used', async (_name, element, refused, taken, given) => {
    const { asked, data } = await show([element], [ok(refused), ok(taken)]);
    expect(data).toEqual({ x: given });
    expect(asked[1]?.message).toMatch(/^The x\n\S/);
  });

  test('has the complaint that the form brings', async () => {
    const { asked } = await show(
      [input('Text', 'x', { isRequired: true, errorMessage: 'Name it!' })],
      [ok(''), ok('n')],
    );
    expect(asked[1]?.message).toBe('The x\nName it!');
  });

  test('that is a password stays a secret, and so does its default', async () => {
    const body = [input('Text', 'pin', { style: 'Password', value: 'default-9917' })];
    const { asked, data, secrets } = await show(body, [ok('')]);
    expect(asked).toEqual([{ kind: 'password', title: 'Order', message: 'The pin' }]);
    expect(data).toEqual({ pin: 'default-9917' });
    expect((await show(body, [ok('typed-4711')])).secrets).toContain('typed-4711');
    expect(secrets).toContain('default-9917');
  });

  test('that is a file must exist; one that may be left empty is when its dialog is closed', async () => {
    const folder = await temporary();
    await writeFile(join(folder, 'a.pdf'), '');
    const required = [input('File', 'pdf', { isRequired: true })];
    const { asked, data } = await show(required, [ok('none.pdf'), ok('a.pdf')], undefined, {}, folder);
    expect(asked.map(({ kind }) => kind)).toEqual(['file', 'file']);
    expect(data).toEqual({ pdf: join(folder, 'a.pdf') });
    expect(await show(required, [cancel])).toMatchObject({ button: 'Cancel' });
    expect(await show([input('File', 'pdf')], [cancel])).toMatchObject({
      data: { pdf: '' },
      button: 'Submit',
    });
  });

  test('that is a choice gives the value of what was chosen', async () => {
    const choices = [
      { title: 'Red', value: 'r' },
      { title: 'Blue', value: 'b' },
    ];
    const one = await show([input('ChoiceSet', 'c', { choices, value: 'b', isRequired: true })], [ok('Red')]);
    expect(one.asked[0]).toMatchObject({ kind: 'choice', options: ['Red', 'Blue'], preset: 'Blue' });
    expect(one.data).toEqual({ c: 'r' });
    const optional = await show([input('ChoiceSet', 'c', { choices })], [ok('Red', 'Blue'), ok()]);
    expect(optional.asked.map(({ kind }) => kind)).toEqual(['choices', 'choices']);
    expect(optional.data).toEqual({ c: '' });
    const several = await show(
      [input('ChoiceSet', 'c', { choices, isMultiSelect: true, value: 'r,b' })],
      [ok('Blue', 'Red')],
    );
    expect(several.asked[0]).toMatchObject({ kind: 'choices', preset: 'Red\nBlue' });
    expect(several.data).toEqual({ c: 'r,b' });
  });

  test('that is a toggle is an entry of one list with the toggles beside it', async () => {
    const toggle = (id: string, more: Element = {}) => ({
      type: 'Input.Toggle',
      id,
      title: `Check ${id}`,
      valueOn: 'True',
      valueOff: 'False',
      ...more,
    });
    const { asked, data } = await show(
      [
        { type: 'TextBlock', text: 'Which?' },
        toggle('a'),
        toggle('b', { value: 'True' }),
        toggle('c', { isRequired: true }),
      ],
      [ok('Check a'), ok('Check a', 'Check c')],
    );
    expect(asked[0]).toEqual({
      kind: 'choices',
      title: 'Order',
      message: 'Which?',
      options: ['Check a', 'Check b', 'Check c'],
      preset: 'Check b',
    });
    expect(asked[1]?.message).toBe('Which?\nChoose Check c.');
    expect(data).toEqual({ a: 'True', b: 'False', c: 'True' });
    const twins = await show([toggle('a'), toggle('b', { title: 'Check a' })], [ok('Check a'), ok()]);
    expect(twins.data).toEqual({ a: 'True', b: 'False' });
  });
});

describe('a form that cannot be shown', () => {
  test.each<[string, string, RegExp]>([
    ['damaged', '{"type":', /card is not valid JSON/],
    ['no card', '[]', /card has no body/],
    ['unknown element', '{"body":[{"type":"Media"}]}', /element of the kind Media/],
    ['unknown input', '{"body":[{"type":"Input.Rating","id":"r"}]}', /input of the kind Input\.Rating/],
    [
      'unknown button',
      '{"body":[],"actions":[{"type":"Action.Http","title":"Go"}]}',
      /"Go" is of the kind Action\.Http/,
    ],
    ['no choices', '{"body":[{"type":"Input.ChoiceSet","id":"c"}]}', /"c" has nothing to choose from/],
    [
      'two choices of one name',
      '{"body":[{"type":"Input.ChoiceSet","id":"c","choices":[{"title":"A","value":"1"},{"title":"A","value":"2"}]}]}',
      /two choices of the same name/,
    ],
  ])('%s', async (_name, CardTemplateJson, message) => {
    const context = contextIn('/flows', { host: new FakeHost({ answers: [] }) });
    const error = await errorOf(
      runAction(displayActions, 'Display.ShowCustomDialog', { CardTemplateJson }, context),
    );
    expect(error).toMatch(/^DisplayCustomFormError: The form cannot be shown: /);
    expect(error).toMatch(message);
  });

  test('because nobody can be asked', async () => {
    const error = await errorOf(show([input('Text', 'a')], []));
    expect(error).toMatch(/^DisplayCustomFormError: .*no answer is scripted/);
  });
});
