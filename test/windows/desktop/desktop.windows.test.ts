// The Desktop with its real thread and drivers against the test program: found, read and changed as actions do it. Every test runs with
// each driver; that they agree is the point.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Desktop, ElementFacts, ElementQuery } from '../../../src/desktop/desktop.ts';
import { startDesktop } from '../../../src/desktop/thread.ts';
import { onlyWindows, startTestProgram, type TestProgram, until } from '../harness.ts';

const thread = new URL('../../../src/desktop/threadMain.ts', import.meta.url);
const { signal } = new AbortController();

let desktop: Desktop;
let program: TestProgram;
let window: number;

before(async () => {
  desktop = startDesktop({ thread });
  program = await startTestProgram({ rows: 7 });
  window = await until(
    'the window',
    async () =>
      (await desktop.windows(signal)).find(({ title, isVisible }) => title === program.title && isVisible)
        ?.handle,
  );
  await desktop.changeWindow(window, { kind: 'focus' }, signal);
});
after(async () => {
  await program[Symbol.asyncDispose]();
  await desktop.dispose();
});

const inWindow = `:desktop > window[Name="Test program"][Process="testProgram"]`;
const written = (text: string) => [{ name: 'written', text, levels: [] }];
const queryOf = (text: string, protocol: string): ElementQuery => ({
  window: written(inWindow),
  selectors: text === '' ? [] : written(text),
  protocol,
});

async function all(text: string, protocol = 'uia3'): Promise<readonly ElementFacts[]> {
  const look = await desktop.find(queryOf(text, protocol), signal);
  assert.ok(look.found, `${text}: ${JSON.stringify(look)}`);
  return look.found;
}

async function one(text: string, protocol = 'uia3'): Promise<ElementFacts> {
  const found = await all(text, protocol);
  assert.equal(found.length, 1, text);
  return found[0] as ElementFacts;
}

async function rejects(call: Promise<unknown>, code: string, words?: RegExp): Promise<void> {
  await assert.rejects(call, (error: Error & { code?: string }) => {
    assert.equal(error.code, code, error.stack);
    if (words !== undefined) assert.match(error.message, words);
    return true;
  });
}

const last = (prefix: string) => program.log().findLast((line) => line.startsWith(prefix));

for (const [driver, protocol] of [
  ['uia', 'uia3'],
  ['win32', 'win32'],
] as const) {
  describe(`by ${driver}`, () => {
    const find = (text: string) => one(text, protocol);

    test('finds the window and controls with their facts', async () => {
      const found = await find('');
      assert.equal(found.window, window);
      assert.equal(found.tag, 'window');
      const button = await find('button[Id="104"]');
      assert.equal(button.driver, driver);
      assert.equal(button.name, 'OK');
      assert.equal(button.className, 'Button');
      assert.equal(button.automationId, '104');
      assert.equal(button.window, window);
      assert.equal(button.processId, program.processId);
      assert.ok(button.isEnabled && button.isOnScreen && !button.isPassword);
      assert.ok(button.rectangle.width > 20 && button.rectangle.width < 200);
      assert.equal((await find('edit[Name="Name"]')).automationId, '101');
      assert.equal((await find('button[Name^="Dis"][Enabled="False"]')).automationId, '152');
      assert.equal((await all('radio button', protocol)).length, 3);
      assert.equal((await find('radio button:eq(1)')).name, 'Green');
      assert.equal((await find('*[Name~="^Tick\\s"]')).tag, 'check box');
      assert.equal((await find('edit[Password="True"]')).isPassword, true);
    });

    test('says what stood there when nothing matches', async () => {
      const look = await desktop.find(queryOf('button[Name="Okay"]', protocol), signal);
      assert.equal(look.found, undefined);
      const [partial] = look.found === undefined ? look.partial : [];
      assert.equal(partial?.failedAt, 0);
      assert.ok(partial?.instead.includes('button[Name="OK"]'), JSON.stringify(partial));
    });

    test('presses buttons', async () => {
      const before = Number(last('ok=')?.slice(3) ?? 0);
      await desktop.change((await find('button[Id="104"]')).ref, { kind: 'invoke' }, signal);
      await program.logged(`ok=${before + 1}`);
      const disabled = await find('button[Id="152"]');
      await rejects(desktop.change(disabled.ref, { kind: 'invoke' }, signal), 'ElementNotReady', /disabled/);
    });

    test('sets and reads text, never that of a password', async () => {
      const text = `Zażółć ${driver} 😀`;
      const name = await find('edit[Id="101"]');
      await desktop.change(name.ref, { kind: 'setValue', text }, signal);
      await program.logged(`name=${text}`);
      assert.equal((await desktop.state(name.ref, signal)).value, text);
      const password = await find('edit[Id="102"]');
      await desktop.change(password.ref, { kind: 'setValue', text: `secret ${driver}` }, signal);
      await program.logged(`password=${`secret ${driver}`.length} characters`);
      assert.deepEqual(await desktop.state(password.ref, signal), { text: '' });
      assert.equal(await desktop.property(password.ref, 'Value', signal), undefined);
      const fixed = await find('edit[Id="156"]');
      await rejects(
        desktop.change(fixed.ref, { kind: 'setValue', text: 'x' }, signal),
        'ElementNotReady',
        /only be read/,
      );
    });

    test('ticks boxes and chooses radio buttons', async () => {
      const tick = await find('check box[Id="120"]');
      for (const isOn of [true, true, false]) {
        await desktop.change(tick.ref, { kind: 'toggle', isOn }, signal);
        assert.equal((await desktop.state(tick.ref, signal)).isOn, isOn);
      }
      const three = await find('check box[Id="121"]');
      await desktop.change(three.ref, { kind: 'toggle', isOn: true }, signal);
      assert.equal((await desktop.state(three.ref, signal)).isOn, true);
      const radio = await find(driver === 'uia' ? 'radio button[Name="Blue"]' : 'radio button[Name="Red"]');
      await desktop.change(radio.ref, { kind: 'select' }, signal);
      await program.logged(driver === 'uia' ? 'colour=blue' : 'colour=red');
      assert.equal((await desktop.state(radio.ref, signal)).isSelected, true);
      await rejects(
        desktop.change(radio.ref, { kind: 'setValue', text: 'x' }, signal),
        'PatternNotSupported',
      );
    });

    test('reads and chooses items', async () => {
      const fruit = await find('list[Id="126"]');
      const items = await desktop.items(fruit.ref, signal);
      assert.deepEqual(
        items.map(({ text }) => text),
        ['Apple', 'Banana', 'Cherry', 'Dürian', 'Elderberry'],
      );
      const choose = (wanted: readonly (string | number)[], isRegularExpression = false) =>
        desktop.change(fruit.ref, { kind: 'selectItems', items: wanted, isRegularExpression }, signal);
      const chosen = async () =>
        (await desktop.items(fruit.ref, signal))
          .filter(({ isSelected }) => isSelected)
          .map(({ text }) => text);
      await choose(['Banana', 4]);
      assert.deepEqual(await chosen(), ['Banana', 'Elderberry']);
      await choose(['rr'], true);
      assert.deepEqual(await chosen(), ['Cherry', 'Elderberry']);
      await rejects(choose(['Fig']), 'ElementNotReady', /no item "Fig"/);
      const shades = await find('combo box[Id="125"]');
      assert.deepEqual(
        (await desktop.items(shades.ref, signal)).map(({ text }) => text),
        ['White', 'Grey', 'Black'],
      );
      const shade = driver === 'uia' ? 'Grey' : 'Black';
      await desktop.change(
        shades.ref,
        { kind: 'selectItems', items: [shade], isRegularExpression: false },
        signal,
      );
      await until('the shade', async () => (await desktop.state(shades.ref, signal)).value === shade);
    });

    test('reads a table', async () => {
      const { ref } = await find(driver === 'uia' ? 'data grid[Id="128"]' : 'list[Id="128"]');
      const { header, rows } = await desktop.table(ref, signal);
      assert.deepEqual(header, ['Order', 'Customer', 'Amount']);
      assert.equal(rows.length, 7);
      assert.ok(rows.some((row) => row.includes('Żabka été')));
      assert.ok(rows.every((row) => row.length === 3));
    });

    test('finds and opens items of a tree', async () => {
      const europe = await find('tree item[Name="Europe"]');
      await desktop.change(europe.ref, { kind: 'expand' }, signal);
      assert.equal((await desktop.state(europe.ref, signal)).isExpanded, true);
      const france = await find('tree[Id="129"] > tree item[Name="Europe"] > tree item[Name="France"]');
      await desktop.change(france.ref, { kind: 'select' }, signal);
      assert.equal((await desktop.state(france.ref, signal)).isSelected, true);
      const above = await desktop.ancestors(france.ref, signal);
      assert.deepEqual(
        above.map(({ name, tag }) => (tag === 'tree item' ? name : tag)),
        ['France', 'Europe', 'tree', 'window'],
      );
      await desktop.change(europe.ref, { kind: 'collapse' }, signal);
    });

    test('changes pages and sliders', async () => {
      const details = await find('tab item[Name="Details"]');
      await desktop.change(details.ref, { kind: 'select' }, signal);
      assert.equal((await desktop.state(details.ref, signal)).isSelected, true);
      await desktop.change((await find('tab item[Name="General"]')).ref, { kind: 'select' }, signal);
      const slider = await find('slider[Id="150"]');
      await desktop.change(slider.ref, { kind: 'setValue', text: '30' }, signal);
      assert.equal((await desktop.state(slider.ref, signal)).value, '30');
    });

    test('tells where a click hits, and why it would not', async () => {
      const at = { position: 'MiddleCenter', offset: { x: 0, y: 0 } };
      const ok = await find('button[Id="104"]');
      const point = await desktop.clickPoint(ok.ref, at, signal);
      const { rectangle } = await desktop.facts(ok.ref, signal);
      assert.ok(point.x > rectangle.x && point.x < rectangle.x + rectangle.width);
      const before = Number(last('ok=')?.slice(3) ?? 0);
      await desktop.moveMouse(point, 0, signal);
      await desktop.mouseButton('left', 'click', signal);
      await program.logged(`ok=${before + 1}`);
      const disabled = await find('button[Id="152"]');
      await rejects(desktop.clickPoint(disabled.ref, at, signal), 'ElementNotReady', /disabled/);
      await desktop.change((await find('button[Id="109"]')).ref, { kind: 'invoke' }, signal);
      await program.logged('cover=shown');
      const covered = await find('button[Id="155"]');
      await until('the cover', async () =>
        (await desktop.windows(signal)).some(({ title }) => title === 'Cover'),
      );
      await rejects(desktop.clickPoint(covered.ref, at, signal), 'ElementNotReady', /covered .*"Cover"/);
      const cover = (await desktop.windows(signal)).find(({ title }) => title === 'Cover');
      assert.ok(cover);
      await desktop.changeWindow(cover.handle, { kind: 'close' }, signal);
      await until('the cover to go', async () =>
        (await desktop.windows(signal)).every(({ title }) => title !== 'Cover'),
      );
    });

    test('finds what a dialog of the window has, until it is closed', async () => {
      await desktop.change((await find('button[Id="106"]')).ref, { kind: 'invoke' }, signal);
      const dialog = await until('the dialog', async () => {
        const look = await desktop.find(
          { window: written(':desktop > window[Name="Question"]'), selectors: written('edit'), protocol },
          signal,
        );
        return look.found?.[0];
      });
      await desktop.change(dialog.ref, { kind: 'setValue', text: driver }, signal);
      const look = await desktop.find(
        {
          window: written(':desktop > window[Name="Question"]'),
          selectors: written(' > button[Name="OK"]'),
          protocol,
        },
        signal,
      );
      assert.ok(look.found?.[0]);
      await desktop.change(look.found[0].ref, { kind: 'invoke' }, signal);
      await program.logged(`dialog=${driver}`);
      await until('the dialog to be gone', async () =>
        desktop.facts(dialog.ref, signal).then(
          () => false,
          (error: { code?: string }) => error.code === 'ElementGone',
        ),
      );
    });
  });
}

test('chooses from the menu', { skip: onlyWindows('menus') }, async () => {
  const { ref } = await one('');
  await desktop.change(ref, { kind: 'menu', path: ['File', 'Save'] }, signal);
  await program.logged('menu=save');
  await rejects(
    desktop.change(ref, { kind: 'menu', path: ['File', 'Print'] }, signal),
    'ElementNotReady',
    /disabled/,
  );
});

test('types, with modifiers that are let go of when it is stopped', async () => {
  const name = await one('edit[Id="101"]');
  await desktop.change(name.ref, { kind: 'setValue', text: '' }, signal);
  await desktop.change(name.ref, { kind: 'focus' }, signal);
  assert.equal((await desktop.elementAt('focus', signal))?.automationId, '101');
  const characters = [...'Grüße 😀'].map((character) => ({ kind: 'character', character }) as const);
  await desktop.keys(characters, 0, signal);
  await program.logged('name=Grüße 😀');
  const controller = new AbortController();
  const shift = 0x10;
  const typing = desktop.keys(
    [
      { kind: 'down', key: shift },
      { kind: 'wait', ms: 60_000 },
    ],
    0,
    controller.signal,
  );
  await until('shift', async () => (await desktop.keyState(shift, signal)).isDown);
  controller.abort(new Error('stopped'));
  await assert.rejects(typing, /stopped/);
  await until('shift to be let go of', async () => !(await desktop.keyState(shift, signal)).isDown);
});

test('has clipboard, screen and mouse', async () => {
  await desktop.setClipboard({ text: 'Łódź 😀' }, signal);
  assert.equal(await desktop.clipboardText(signal), 'Łódź 😀');
  await desktop.setClipboard(undefined, signal);
  assert.equal(await desktop.clipboardText(signal), '');
  const picture = await desktop.capture('all', signal);
  const [screen] = await desktop.screens(signal);
  assert.deepEqual([picture.width, picture.height], [screen?.rectangle.width, screen?.rectangle.height]);
  assert.equal(picture.pixels.length, picture.width * picture.height * 4);
  assert.ok(new Set(picture.pixels).size > 10);
  assert.ok((await desktop.capture({ window }, signal)).width > 300);
  await desktop.moveMouse({ x: 300, y: 200 }, 80, signal);
  assert.deepEqual(await desktop.mousePosition(signal), { x: 300, y: 200 });
  assert.equal(await desktop.isLocked(signal), false);
});

test('hears a hot key, and knows pointer, layout and locks', async () => {
  const [control, alternate, f9] = [0x11, 0x12, 0x78];
  const pressed = desktop.hotKey(['control', 'alt'], f9, signal);
  let isHeard = false;
  void pressed.then(() => {
    isHeard = true;
  });
  await until('the hot key', async () => {
    await desktop.keys(
      [
        { kind: 'down', key: control },
        { kind: 'down', key: alternate },
        { kind: 'press', key: f9 },
        { kind: 'up', key: alternate },
        { kind: 'up', key: control },
      ],
      5,
      signal,
    );
    return isHeard;
  });
  await pressed;
  assert.match(await desktop.cursor(signal), /^\w+$/);
  assert.ok((await desktop.keyboardLayout(signal)) > 0);
  assert.equal((await desktop.keyState(0x41, signal)).isDown, false);
});

test('moves, sizes, minimises and restores a window', async () => {
  const facts = async () => (await desktop.windows(signal)).find(({ handle }) => handle === window);
  await desktop.changeWindow(window, { kind: 'move', to: { x: 40, y: 60 } }, signal);
  await until('the move', async () => (await facts())?.rectangle.x === 40);
  await desktop.changeWindow(window, { kind: 'resize', width: 700, height: 600 }, signal);
  await until('the size', async () => (await facts())?.rectangle.width === 700);
  await desktop.changeWindow(window, { kind: 'state', state: 'minimized' }, signal);
  await until('it to be minimised', async () => (await facts())?.state === 'minimized');
  await desktop.changeWindow(window, { kind: 'state', state: 'restored' }, signal);
  await until('it to be restored', async () => (await facts())?.state === 'normal');
  await desktop.changeWindow(window, { kind: 'focus' }, signal);
  await until('it to be in front', async () => (await facts())?.isForeground);
  await rejects(desktop.changeWindow(999_999, { kind: 'focus' }, signal), 'WindowNotFound');
});

test('answers for a program that hangs, and again afterwards', async () => {
  const hang = await one('button[Id="107"]', 'win32');
  const name = await one('edit[Id="101"]', 'win32');
  await desktop.change(hang.ref, { kind: 'invoke' }, signal);
  await program.logged('hang=begin');
  const start = performance.now();
  await rejects(desktop.state(name.ref, signal), 'TargetNotResponding');
  assert.ok(performance.now() - start < 2900);
  // Windows are listed all the same.
  assert.ok((await desktop.windows(signal)).some(({ handle }) => handle === window));
  await program.logged('hang=end');
  await until('an answer', async () =>
    desktop.state(name.ref, signal).then(
      ({ value }) => value !== undefined,
      () => false,
    ),
  );
});

test('says that elements of a program that ended are gone', async () => {
  const other = await startTestProgram({ title: 'Short-lived' });
  const look = await until('the button', async () => {
    const found = await desktop.find(
      { window: written(':desktop > window[Name="Short-lived"]'), selectors: written('button[Id="104"]') },
      signal,
    );
    return found.found?.[0];
  });
  await other[Symbol.asyncDispose]();
  await rejects(desktop.facts(look.ref, signal), 'ElementGone');
  await rejects(desktop.change(look.ref, { kind: 'invoke' }, signal), 'ElementGone');
  desktop.release([look.ref]);
  await rejects(desktop.facts(look.ref, signal), 'ElementGone');
});
