// That what answers UI Automation on the machines of the tests does for the test program what Windows would: each change shows in the
// program's own log. The client has its own suites; this one says where to look when they fail.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import koffi from 'koffi';
import { initializeCom } from '../../src/win32/com.ts';
import { Automation, type Element, scopes } from '../../src/win32/uiAutomation.ts';
import { startTestProgram, type TestProgram, until } from './harness.ts';

const user = koffi.load('user32.dll');
const findWindow = user.func('uintptr_t FindWindowW(str16 class, str16 title)');
const postMessage = user.func(
  'int PostMessageW(uintptr_t window, uint32_t message, uintptr_t first, intptr_t second)',
);

let program: TestProgram;
let automation: Automation;
let window: Element;

before(async () => {
  program = await startTestProgram();
  initializeCom();
  automation = Automation.create();
  automation.setTimeouts(500, 500);
  window = await until('the window', () =>
    automation.fromWindow(Number(findWindow('TestWindow', program.title))),
  );
});
after(() => program[Symbol.asyncDispose]());

/** An element below another by a property; `control(104)` is the one with that automation id. */
function below(of: Element, property: 'automationId' | 'name', value: string): Element {
  const condition = automation.where(property, value);
  const found = of.find(scopes.descendants, condition);
  condition.release();
  assert.ok(found, `${property} ${value}`);
  return found;
}
const control = (id: number) => below(window, 'automationId', String(id));

test('buttons, boxes and fields change', async () => {
  control(104).withPattern('invoke', (pattern) => pattern.call('Invoke'));
  await program.logged('ok=1');
  control(120).withPattern('toggle', (pattern) => pattern.call('Toggle'));
  await program.logged('tick=1');
  assert.equal(
    control(120).withPattern('toggle', (pattern) => pattern.call('get_CurrentToggleState')),
    1,
  );
  control(101).withPattern('value', (pattern) => pattern.call('SetValue', 'Łódź 🚀'));
  await program.logged('name=Łódź 🚀');
  control(124).withPattern('selectionItem', (pattern) => pattern.call('Select'));
  await program.logged('colour=blue');
});

test('lists, trees and tabs select', async () => {
  below(control(125), 'name', 'Grey').withPattern('selectionItem', (pattern) => pattern.call('Select'));
  await program.logged('shade=Grey');
  below(control(126), 'name', 'Cherry').withPattern('selectionItem', (pattern) => pattern.call('Select'));
  await program.logged('fruit=Cherry');
  below(control(126), 'name', 'Apple').withPattern('selectionItem', (pattern) =>
    pattern.call('AddToSelection'),
  );
  await program.logged('fruit=Apple,Cherry');
  below(control(129), 'name', 'Europe').withPattern('expandCollapse', (pattern) => pattern.call('Expand'));
  await program.logged('expanded=Europe');
  below(control(130), 'name', 'History').withPattern('selectionItem', (pattern) => pattern.call('Select'));
  await program.logged('tab=2');
  const item = below(control(126), 'name', 'Banana').rectangle;
  assert.ok(item.width > 50 && item.height > 5, 'items have a place');
});

test('a table has cells and headers', () => {
  const table = control(128);
  assert.equal(
    table.withPattern('grid', (pattern) => pattern.call('get_CurrentRowCount')),
    5,
  );
  assert.equal(
    table.withPattern('grid', (pattern) => pattern.call('GetItem', 2, 1)?.call('get_CurrentName')),
    'Żabka été',
  );
  assert.equal(below(table, 'name', 'Customer').controlType, 'headerItem');
});

test('what is gone, disabled, secret or hanging has the result of its kind', async () => {
  const result = (code: number) => (error: { number?: number }) => {
    assert.equal(error.number, code);
    return true;
  };
  assert.throws(
    () => control(152).withPattern('invoke', (pattern) => pattern.call('Invoke')),
    result(0x80040200),
  );
  assert.throws(
    () => control(102).withPattern('value', (pattern) => pattern.call('get_CurrentValue')),
    result(0x80070005),
  );
  const button = control(104);
  postMessage(Number(findWindow('TestWindow', program.title)), 0x8001, 2500, 0);
  await program.logged('hang=begin');
  assert.throws(() => button.com.call('get_CurrentName'), result(0x80131505));
  await program.logged('hang=end');
  program.process.kill();
  await until('the element to be gone', () => {
    try {
      button.com.call('get_CurrentName');
      return false;
    } catch (error) {
      result(0x80040201)(error as { number?: number });
      return true;
    }
  });
});
