// COM, UI Automation's client and MSAA. Under Wine the server of UI Automation is the test server (programs/uiaServer.cpp).
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Worker } from 'node:worker_threads';
import { Accessible } from '../../../src/win32/accessible.ts';
import {
  Com,
  createObject,
  implement,
  initializeCom,
  liveImplementations,
  liveObjects,
  takeVariant,
  toVariant,
  type VariantValue,
  withScope,
} from '../../../src/win32/com.ts';
import { failedWith, results, WindowsError } from '../../../src/win32/errors.ts';
import { koffi, resultError } from '../../../src/win32/ffi.ts';
import { Automation, type Element, factProperties, scopes } from '../../../src/win32/uiAutomation.ts';
import {
  controlId,
  descendantWindows,
  postMessage,
  titleOf,
  topLevelWindows,
} from '../../../src/win32/windows.ts';
import { isWine, startTestProgram, type TestProgram, until } from '../harness.ts';
import { resources } from './resources.ts';

let program: TestProgram;
let handle: number;
let automation: Automation;
let main: Element;
const fail = (error: unknown) => {
  throw error;
};

before(async () => {
  program = await startTestProgram({ rows: 5, elements: 500 });
  handle = await until('the window', () => topLevelWindows().find((one) => titleOf(one) === 'Test program'));
  initializeCom();
  automation = Automation.create();
  main = automation.fromWindow(handle) as Element;
});
after(async () => {
  main.release();
  automation.release();
  await program[Symbol.asyncDispose]();
  assert.equal(liveObjects(), 0);
});

/** The element with an automation id, for `use`. */
function withElement<R>(id: number, use: (element: Element) => R): R {
  return withScope((scope) => {
    const condition = scope.own(automation.where('automationId', String(id)));
    const element = scope.own(main.find(scopes.descendants, condition));
    assert.ok(element, `element ${id}`);
    return use(element);
  });
}

describe('COM', () => {
  it('carries values there and back', () => {
    const values: VariantValue[] = [
      undefined,
      null,
      true,
      false,
      0,
      -7,
      2 ** 40,
      1.5,
      '',
      'Zażółć 🎉',
      [1, 2, -3],
    ];
    for (const value of values) assert.deepEqual(takeVariant(toVariant(value)), value);
    const before = liveObjects();
    const carried = takeVariant(toVariant(main.com));
    assert.ok(carried instanceof Com);
    carried.release();
    assert.equal(liveObjects(), before);
  });

  it('gives failures with method and number', () => {
    assert.throws(
      () => createObject('00000000-1111-2222-3333-444444444444', 'IUnknown'),
      (error) => failedWith(error, results.classNotRegistered) && /CoCreateInstance/.test(error.message),
    );
    assert.equal(main.com.query('IAccessible'), undefined);
    const other = automation.root();
    other.release();
    other.release();
    assert.throws(() => other.name, /released/);
  });

  it('lets Windows call objects written in JavaScript', async () => {
    const before = { objects: liveObjects(), callbacks: koffi().stats().callbacks };
    const heard: number[] = [];
    const sink = implement(
      'IUIAutomationEventHandler',
      {
        HandleAutomationEvent: (_sender, event) => {
          heard.push(event);
        },
      },
      fail,
    );
    assert.equal(liveImplementations(), 1);
    const same = sink.query('IUIAutomationEventHandler');
    const unknown = sink.query('IUnknown');
    assert.equal(sink.query('IAccessible'), undefined);
    same?.call('HandleAutomationEvent', undefined, 20016);
    assert.deepEqual(heard, [20016]);
    for (const one of [same, unknown, sink]) one?.release();
    await until('its end', () => liveImplementations() === 0);
    assert.deepEqual({ objects: liveObjects(), callbacks: koffi().stats().callbacks }, before);
  });

  it('gives handlers objects, numbers and values', () => {
    const before = liveObjects();
    const heard: unknown[] = [];
    const sink = implement(
      'IUIAutomationPropertyChangedEventHandler',
      {
        HandlePropertyChangedEvent: (sender, property, value) => {
          heard.push(sender?.call('get_CurrentName'), property, value);
          sender?.release();
        },
      },
      fail,
    );
    sink.call('HandlePropertyChangedEvent', main.com, 30005, 'Żółw');
    sink.release();
    assert.deepEqual(heard, ['Test program', 30005, 'Żółw']);
    assert.equal(liveObjects(), before);
  });

  it('takes back what a handler throws', () => {
    const errors: unknown[] = [];
    const sink = implement(
      'IUIAutomationEventHandler',
      {
        HandleAutomationEvent: () => {
          throw new Error('mine');
        },
      },
      (error) => errors.push(error),
    );
    sink.call('HandleAutomationEvent', undefined, 1);
    sink.release();
    assert.match(String(errors[0]), /mine/);
  });
});

describe('UI Automation', () => {
  it('finds elements by conditions', () => {
    withElement(104, (ok) => {
      assert.deepEqual(
        [ok.controlType, ok.name, ok.className, ok.automationId, ok.isEnabled],
        ['button', 'OK', 'Button', '104', true],
      );
      assert.equal(ok.facts().processId, program.processId);
      assert.ok(ok.rectangle.width > 0);
      assert.ok(ok.runtimeId.length > 0);
      assert.equal(ok.property('name'), 'OK');
      assert.equal(ok.property('isEnabled'), true);
      assert.equal(ok.property('controlType'), 50000);
      const point = { x: ok.rectangle.x + 5, y: ok.rectangle.y + 5 };
      const there = automation.fromPoint(point);
      assert.ok(there && automation.same(ok, there));
      there.release();
    });
    withScope((scope) => {
      const button = scope.own(automation.where('controlType', 50000));
      const enabled = scope.own(automation.where('isEnabled', true));
      const ok = scope.own(automation.where('name', 'ok', true));
      const all = (condition: ReturnType<Automation['where']>) =>
        main.findAll(scopes.descendants, scope.own(condition)).map((element) => scope.own(element).name);
      assert.ok(all(automation.both(button, enabled)).includes('OK'));
      assert.ok(!all(automation.both(button, scope.own(automation.not(enabled)))).includes('OK'));
      assert.ok(all(automation.both(button, scope.own(automation.not(enabled)))).includes('Disabled'));
      assert.deepEqual(all(automation.both(ok, scope.own(automation.either(button, enabled)))), ['OK']);
    });
    assert.equal(
      withScope((scope) => main.find(scopes.descendants, scope.own(automation.where('name', 'nowhere')))),
      undefined,
    );
  });

  it('walks the tree', () => {
    withScope((scope) => {
      const walker = scope.own(automation.controlWalker());
      const names: string[] = [];
      for (let child = walker.firstChild(main); child !== undefined; ) {
        names.push(child.name);
        scope.own(child);
        child = walker.next(child);
      }
      assert.ok(names.includes('OK') && names.includes('Tick me'));
      const last = scope.own(walker.lastChild(main));
      assert.ok(last);
      const back = scope.own(walker.parent(last));
      assert.ok(back && automation.same(back, main));
      assert.ok(scope.own(walker.previous(last)));
    });
  });

  it('reads many elements in one round trip', () => {
    withScope((scope) => {
      const everything = scope.own(automation.everything());
      const request = scope.own(automation.cacheRequest({ properties: factProperties, patterns: ['value'] }));
      const start = performance.now();
      const elements = main
        .findAll(scopes.descendants, everything, request)
        .map((element) => scope.own(element).facts(true));
      console.log(`${elements.length} elements with 12 facts: ${(performance.now() - start).toFixed(1)} ms`);
      assert.ok(elements.some(({ name, controlType }) => name === 'OK' && controlType === 'button'));
      assert.ok(elements.find(({ automationId }) => automationId === '102')?.isPassword);
      assert.throws(() => main.com.call('get_CachedName'), WindowsError);
      const updated = scope.own(main.updated(request));
      assert.equal(updated?.facts(true).name, 'Test program');
    });
  });

  it('calls 100,000 methods in time', () => {
    const rounds = 100_000;
    const start = performance.now();
    for (let round = 0; round < rounds; round += 1) main.com.query('IUIAutomationElement')?.release();
    const each = ((performance.now() - start) / rounds / 2) * 1000;
    console.log(`one call with an object: ${each.toFixed(1)} µs`);
    assert.ok(each < 100);
  });

  it('acts by patterns', async () => {
    withElement(104, (ok) => {
      assert.equal(ok.has('invoke'), true);
      assert.equal(ok.has('grid'), false);
      ok.withPattern('invoke', (pattern) => pattern.call('Invoke'));
    });
    await program.logged('ok=1');
    withElement(101, (name) => {
      name.withPattern('value', (pattern) => pattern.call('SetValue', 'Żółw 🐢'));
      assert.equal(
        name.withPattern('value', (pattern) => pattern.call('get_CurrentValue')),
        'Żółw 🐢',
      );
      assert.equal(name.property('valueValue'), 'Żółw 🐢');
    });
    await program.logged('name=Żółw 🐢');
    withElement(120, (tick) => {
      tick.withPattern('toggle', (pattern) => {
        assert.equal(pattern.call('get_CurrentToggleState'), 0);
        pattern.call('Toggle');
        assert.equal(pattern.call('get_CurrentToggleState'), 1);
      });
    });
    withElement(150, (slider) => {
      slider.withPattern('rangeValue', (pattern) => {
        pattern.call('SetValue', 30);
        assert.equal(pattern.call('get_CurrentValue'), 30);
      });
    });
    withElement(128, (table) => {
      table.withPattern('grid', (grid) => {
        assert.deepEqual([grid.call('get_CurrentRowCount'), grid.call('get_CurrentColumnCount')], [5, 3]);
        const cell = grid.call('GetItem', 1, 0);
        assert.match(cell?.call('get_CurrentName') ?? '', /^A-100\d$/);
        cell?.release();
      });
    });
    main.withPattern('window', (pattern) => {
      assert.equal(pattern.call('get_CurrentIsModal'), false);
      assert.equal(pattern.call('get_CurrentWindowVisualState'), 0);
    });
    main.withPattern('transform', (pattern) => pattern.call('Move', 60, 50));
    await until('the move', () => main.rectangle.x === 60);
  });

  it('says when an element refuses, and never gives a password', () => {
    withElement(152, (disabled) => {
      assert.throws(
        () => disabled.withPattern('invoke', (pattern) => pattern.call('Invoke')),
        (error) =>
          failedWith(error, results.elementNotEnabled) &&
          /InvokePattern\.Invoke failed: the element is disabled \(0x80040200\)/.test(error.message),
      );
    });
    withElement(102, (password) => {
      assert.ok(password.isPassword);
      assert.throws(
        () => password.withPattern('value', (pattern) => pattern.call('get_CurrentValue')),
        WindowsError,
      );
    });
  });

  it('hears of focus and of windows, and stops hearing', async () => {
    const focused: string[] = [];
    const opened: string[] = [];
    const root = automation.root();
    const onFocus = await automation.onFocus((element) => {
      focused.push(element.automationId);
    }, fail);
    let goneElements = 0;
    const onGone = await automation.onFocus(() => {
      goneElements += 1;
      throw resultError('IUIAutomationElement.get_CurrentName', results.elementNotAvailable);
    }, fail);
    const onOpened = await automation.onEvent(
      'window_WindowOpened',
      root,
      scopes.subtree,
      (element) => {
        opened.push(element.name);
      },
      fail,
    );
    // Wine tells of no changes of names and values: that handlers of these get what they are given is shown above.
    const onChange = await automation.onChange(
      ['name'],
      main,
      scopes.subtree,
      (element) => element.release(),
      fail,
    );
    const onStructure = await automation.onStructure(
      main,
      scopes.subtree,
      (element) => element.release(),
      fail,
    );
    try {
      withElement(103, (notes) => notes.setFocus());
      await until('the focus event', () => focused.includes('103'));
      await until('the event of an element that is gone', () => goneElements > 0);
      await using _second = await startTestProgram({ title: 'Opened' });
      await until('the window event', () => opened.includes('Opened'));
    } finally {
      for (const subscription of [onFocus, onGone, onOpened, onChange, onStructure]) await subscription.end();
      root.release();
    }
    await until('the end of the handlers', () => liveImplementations() === 0);
    const before = focused.length;
    withElement(101, (name) => name.setFocus());
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.equal(focused.length, before);
  });

  it('has time limits for programs that hang', async () => {
    assert.equal(automation.setTimeouts(500, 500), true);
    const hang = 0x8001;
    postMessage(handle, hang, 3000, 0);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const start = performance.now();
    assert.throws(() =>
      withElement(101, (name) => name.withPattern('value', (pattern) => pattern.call('get_CurrentValue'))),
    );
    assert.ok(performance.now() - start < 2900);
    await until('the end of the hang', () => {
      try {
        return withElement(101, (name) => name.name) !== undefined;
      } catch {
        return false;
      }
    });
  });

  it('works in a thread of its own while this one is free', async () => {
    const source = (name: string) =>
      JSON.stringify(new URL(`../../../src/win32/${name}.ts`, import.meta.url).href);
    const worker = new Worker(
      `const { parentPort } = require('node:worker_threads');
       (async () => {
         const { initializeCom, liveObjects } = await import(${source('com')});
         const { Automation } = await import(${source('uiAutomation')});
         initializeCom();
         const automation = Automation.create();
         const window = automation.fromWindow(${handle});
         const name = window.name;
         window.release(); automation.release();
         parentPort.postMessage([name, liveObjects()]);
       })();`,
      { eval: true },
    );
    assert.deepEqual(
      await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject)),
      ['Test program', 0],
    );
    await worker.terminate();
  });

  it('says that elements of a program that ended are gone', async () => {
    const second = await startTestProgram({ title: 'Second' });
    const window = await until('the window', () =>
      topLevelWindows().find((one) => titleOf(one) === 'Second'),
    );
    const element = automation.fromWindow(window) as Element;
    await second[Symbol.asyncDispose]();
    await until('its end', () => !topLevelWindows().includes(window));
    assert.throws(
      () => element.rectangle,
      (error) => error instanceof WindowsError,
    );
    element.release();
  });
});

describe('MSAA', () => {
  it('finds a window and its children', () => {
    const edit = descendantWindows(handle).find((one) => controlId(one) === 101) as number;
    const accessible = Accessible.fromWindow(edit);
    assert.ok(accessible);
    accessible.setValue('by MSAA');
    assert.equal(accessible.value, 'by MSAA');
    assert.ok((accessible.rectangle()?.width ?? 0) > 0);
    if (!isWine) assert.equal(accessible.role, 42);
    assert.equal(accessible.window(), edit);
    accessible.release();
    const outer = Accessible.fromWindow(handle);
    const children = outer?.children() ?? [];
    assert.ok(children.length > 0);
    for (const child of children) child.release();
    outer?.release();
    const password = descendantWindows(handle).find((one) => controlId(one) === 102) as number;
    const secret = Accessible.fromWindow(password);
    assert.equal(secret?.value, '');
    secret?.release();
  });
});

it('1,000 rounds leave objects, handles and callbacks as they were', () => {
  const round = () => {
    withElement(101, (name) => {
      name.facts();
      name.property('name');
      name.withPattern('value', (pattern) => pattern.call('get_CurrentValue'));
      name.runtimeId.at(0);
    });
  };
  for (let number = 0; number < 20; number += 1) round();
  const before = { ...resources(), objects: liveObjects() };
  for (let number = 0; number < 1000; number += 1) round();
  const end = { ...resources(), objects: liveObjects() };
  console.log(JSON.stringify({ before, end }));
  assert.equal(end.objects, before.objects);
  assert.ok(end.handles - before.handles <= 3, 'handles');
  assert.ok(end.gdiObjects - before.gdiObjects <= 1, 'GDI objects');
});
