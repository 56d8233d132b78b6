// Findings that depend on other files: UI elements, images, called flows.
import { expect, test } from 'vitest';
import { FlowModel } from '../../../src/language/analysis/model.ts';
import {
  type FlowSummary,
  noSurroundings,
  type ParameterSummary,
  type Surroundings,
} from '../../../src/language/analysis/surroundings.ts';
import { check } from '../../../src/language/checks/check.ts';
import { parse } from '../../../src/language/syntax/parser.ts';

const head =
  "IMPORT 'controlRepo.appmask' AS appmask\nIMPORT 'imageRepo.imgrepo' AS imgrepo\n@SENSITIVE: []\n";

function found(text: string, surroundings: Partial<Surroundings>) {
  const model = new FlowModel(parse(head + text), { ...noSurroundings, ...surroundings });
  return check(model)
    .filter(({ code }) => !/Unsupported$|^Unused|^Missing/.test(code))
    .map(({ code, message, start, end }) => `${code} «${(head + text).slice(start, end)}» ${message}`);
}

test('UI elements and images that the repositories do not have', () => {
  const text = [
    "SET A TO appmask['Window']['Button']",
    "SET A TO appmask['window']['Buton']",
    "SET A TO appmask['Page']['Button']",
    "SET A TO imgrepo['Logo']",
    "SET A TO imgrepo['Loog']",
    'SET A TO A',
  ].join('\n');
  const screens = [{ name: 'Window', elements: ['Button'] }];
  expect(found(text, { screens, images: ['Logo'] })).toEqual([
    "UiElementUnknown «'Buton'» There is no UI element “Buton”. Did you mean “Button”?",
    "UiElementUnknown «'Page'» There is no UI element “Page”.",
    "ImageUnknown «'Loog'» There is no image “Loog”. Did you mean “Logo”?",
  ]);
  expect(found(text, {})).toEqual([]);
});

const parameter = (name: string, optional = false): ParameterSummary => ({
  name: `Input_${name}`,
  externalName: name,
  type: 'Text',
  optional,
  sensitive: false,
  description: '',
});
const called: FlowSummary = {
  name: 'Send mail',
  id: '1234',
  inputs: [parameter('To'), parameter('Subject'), parameter('Copy', true)],
  outputs: [parameter('Sent')],
  runs: [],
};
const run = (rest: string) => `@@flowname: 'Send mail'\nExternal.RunFlow FlowId: '1234' ${rest}\n`;

test('inputs and outputs of a flow that is run', () => {
  const asked: (string | undefined)[] = [];
  const flow: Surroundings['flow'] = (id, name) => {
    asked.push(id, name);
    return called;
  };
  // Both the name of the variable and the external one are written.
  expect(found(run('@Input_To: 1 @Subject: 2 @Input_Sent=> A'), { flow })).toEqual([]);
  expect(asked).toEqual(['1234', 'Send mail']);
  expect(found(run('@To: 1 @Subjct: 2 @Send=> A'), { flow })).toEqual([
    'RunInputMissing «External.RunFlow» The flow “Send mail” needs a value for “Subject”.',
    'RunInputUnknown «Subjct» The flow “Send mail” has no input “Subjct”. Did you mean “Subject”?',
    'RunOutputUnknown «Send» The flow “Send mail” has no output “Send”. Did you mean “Sent”?',
  ]);
  expect(found(run('@Subjct: 2'), {})).toEqual([]);
});

test('a circle of flows', () => {
  const circle: Surroundings['circle'] = (id) => (id === '1234' ? ['Main', 'Send mail', 'Main'] : undefined);
  expect(found(run(''), { circle })).toEqual([
    "FlowCircle «'1234'» This flow runs itself again: “Main” → “Send mail” → “Main”.",
  ]);
});
