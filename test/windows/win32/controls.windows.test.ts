// Windows, controls by messages, mouse, keyboard, screen and clipboard on the test program.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import {
  clipboardFiles,
  clipboardText,
  emptyClipboard,
  isClipboardBusy,
  setClipboardFiles,
  setClipboardPicture,
  setClipboardText,
} from '../../../src/win32/clipboard.ts';
import { failedWith, win32 } from '../../../src/win32/errors.ts';
import * as input from '../../../src/win32/input.ts';
import * as messages from '../../../src/win32/messages.ts';
import { user32 } from '../../../src/win32/prototypes.ts';
import * as screen from '../../../src/win32/screen.ts';
import * as windows from '../../../src/win32/windows.ts';
import { onlyWindows, startTestProgram, type TestProgram, until } from '../harness.ts';
import { resources } from './resources.ts';

const id = {
  status: 100,
  name: 101,
  password: 102,
  notes: 103,
  ok: 104,
  dialog: 106,
  hang: 107,
  tick: 120,
  three: 121,
  red: 122,
  colours: 125,
  fruit: 126,
  table: 128,
  tree: 129,
  tab: 130,
  slider: 150,
  progress: 151,
  disabled: 152,
  readOnly: 156,
  bold: 203,
  about: 206,
};

let program: TestProgram;
let main: number;
const control = (number: number) => {
  const found = windows.descendantWindows(main).find((handle) => windows.controlId(handle) === number);
  assert.ok(found, `control ${number}`);
  return found;
};
const centre = (handle: number) => {
  const { x, y, width, height } = windows.windowRectangle(handle);
  return { x: x + (width >> 1), y: y + (height >> 1) };
};
const click = (handle: number) => {
  input.moveMouse(centre(handle));
  input.mouseButton('left', true);
  input.mouseButton('left', false);
};
const type = (text: string) =>
  input.sendKeys(
    [...text].flatMap((character) => [
      { character, isDown: true },
      { character, isDown: false },
    ]),
  );

before(async () => {
  screen.useScreenPixels();
  program = await startTestProgram({ rows: 300 });
  main = await until('the window', () =>
    windows.topLevelWindows().find((handle) => windows.titleOf(handle) === 'Test program'),
  );
});
after(() => program[Symbol.asyncDispose]());

describe('windows', () => {
  it('say what they are', () => {
    assert.equal(windows.ownerOf(main).processId, program.processId);
    assert.equal(windows.stateOf(main), 'normal');
    assert.ok(
      windows.isVisible(main) && windows.isEnabled(main) && !windows.isHung(main) && !windows.isChild(main),
    );
    assert.ok(windows.responds(main));
    assert.equal(windows.className(control(id.name)), 'Edit');
    assert.equal(windows.realClassName(control(id.name)), 'Edit');
    assert.equal(windows.rootOf(control(id.name)), main);
    assert.equal(windows.parentOf(control(id.ok)), main);
    assert.ok(windows.childWindows(main).includes(control(id.ok)));
    assert.equal(windows.isEnabled(control(id.disabled)), false);
  });

  it('move, change state and come to the front', async () => {
    windows.place(main, { x: 40, y: 30 });
    await until('the move', () => windows.windowRectangle(main).x === 40);
    windows.showWindow(main, 'minimized');
    await until('minimised', () => windows.stateOf(main) === 'minimized');
    windows.showWindow(main, 'maximized');
    await until('maximised', () => windows.stateOf(main) === 'maximized');
    windows.showWindow(main, 'restored');
    await until('restored', () => windows.stateOf(main) === 'normal');
    windows.showWindow(main, 'hidden');
    assert.equal(windows.isVisible(main), false);
    windows.showWindow(main, 'shown');
    await until('the front', () => windows.activate(main));
    assert.equal(windows.foregroundWindow(), main);
    const point = centre(control(id.ok));
    assert.equal(
      await until('the window at a point', () => windows.windowAt(point) === control(id.ok)),
      true,
    );
  });

  it('that are gone give an error with function and number', () => {
    assert.throws(
      () => windows.windowRectangle(0x7ffffff),
      (error) =>
        failedWith(error, win32.invalidWindowHandle) &&
        /^GetWindowRect \(window 134217727\) failed: .+ \(1400\)\.$/.test(error.message),
    );
    assert.throws(
      () => windows.sendMessage(0x7ffffff, 0, 0, 0),
      (error) => failedWith(error, win32.invalidWindowHandle),
    );
    assert.throws(
      () => windows.activate(0x7ffffff),
      (error) => failedWith(error, win32.invalidWindowHandle),
    );
  });

  it('that hang make no call wait', async () => {
    const hang = 0x8001;
    windows.postMessage(main, hang, 2500, 0);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const start = performance.now();
    assert.equal(windows.responds(main, 300), false);
    assert.equal(windows.titleOf(main), 'Test program');
    assert.throws(
      () => windows.sendMessage(control(id.name), windows.WM.getText, 0, 0, 200),
      (error) => failedWith(error, win32.timeout),
    );
    assert.ok(performance.now() - start < 1500);
    await until('the end of the hang', () => windows.responds(main, 500));
  });
});

describe('controls by messages', () => {
  it('buttons and boxes', async () => {
    messages.clickButton(control(id.ok));
    await program.logged('ok=1');
    assert.equal(messages.buttonKind(control(id.tick)), 'check');
    assert.equal(messages.buttonKind(control(id.red)), 'radio');
    assert.equal(messages.buttonKind(control(id.ok)), 'push');
    assert.equal(messages.checkState(control(id.tick)), false);
    messages.clickButton(control(id.tick));
    await until('the tick', () => messages.checkState(control(id.tick)) === true);
    messages.setCheckState(control(id.three), 'mixed');
    assert.equal(messages.checkState(control(id.three)), 'mixed');
  });

  it('edits, and no passwords', async () => {
    const edit = control(id.name);
    messages.setEditText(edit, 'Zażółć 🎉');
    assert.equal(messages.controlText(edit), 'Zażółć 🎉');
    await program.logged('name=Zażółć 🎉');
    assert.deepEqual(messages.editSelection(edit), { start: 9, end: 9 });
    messages.setEditText(control(id.notes), 'one\ntwo');
    assert.equal(windows.textOf(control(id.notes)), 'one\r\ntwo');
    assert.ok(messages.isMultiLineEdit(control(id.notes)));
    messages.setEditText(control(id.password), 'secret');
    assert.ok(messages.isPasswordEdit(control(id.password)));
    assert.equal(messages.controlText(control(id.password)), '');
    assert.ok(messages.isReadOnlyEdit(control(id.readOnly)));
  });

  it('drop-down lists and list boxes', async () => {
    const combo = control(id.colours);
    const colours = messages.comboItems(combo);
    assert.ok(colours.length > 2);
    messages.selectComboItem(combo, 2);
    assert.equal(
      messages.comboItems(combo).findIndex(({ isSelected }) => isSelected),
      2,
    );
    await program.logged(`shade=${colours[2]?.text}`);
    messages.dropCombo(combo, true);
    assert.ok(messages.isComboDropped(combo));
    messages.dropCombo(combo, false);
    const list = control(id.fruit);
    const fruit = messages.listBoxItems(list);
    messages.selectListBoxItems(list, [1]);
    assert.deepEqual(
      messages.listBoxItems(list).map(({ isSelected }) => isSelected),
      fruit.map((_, index) => index === 1),
    );
    const { y } = messages.listBoxItemRectangle(list, 0);
    assert.ok(y >= windows.windowRectangle(list).y);
  });

  it('list views: 900 cells', () => {
    const table = control(id.table);
    assert.equal(messages.listViewCount(table), 300);
    assert.deepEqual(messages.listViewColumns(table), ['Order', 'Customer', 'Amount']);
    const start = performance.now();
    const rows = messages.listViewRows(table);
    console.log(`900 cells: ${Math.round(performance.now() - start)} ms`);
    assert.equal(rows.length, 300);
    const one = rows.find(([order]) => order === 'A-1003');
    assert.ok(one);
    assert.equal(new Set(rows.map(([order]) => order)).size, 300);
    assert.match(rows.map(([, customer]) => customer).join(), /Żabka été/);
    messages.selectListViewItems(table, [3, 7]);
    const items = messages.listViewItems(table);
    assert.deepEqual(
      items.flatMap(({ isSelected }, index) => (isSelected ? [index] : [])),
      [3, 7],
    );
    messages.checkListViewItem(table, 5, true);
    assert.deepEqual(
      messages.listViewItems(table).flatMap(({ isChecked }, index) => (isChecked ? [index] : [])),
      [5],
    );
    messages.showListViewItem(table, 299);
    const cell = messages.listViewRectangle(table, 299, 1);
    const outer = windows.windowRectangle(table);
    assert.ok(cell.y > outer.y && cell.y < outer.y + outer.height && cell.x > outer.x);
  });

  it('trees, tabs, sliders', async () => {
    const tree = control(id.tree);
    const [root] = messages.treeChildren(tree);
    assert.ok(root?.hasChildren);
    messages.expandTreeItem(tree, root.item, true);
    const children = messages.treeChildren(tree, root.item);
    assert.ok(children.length > 0 && children.every(({ text }) => text !== ''));
    const child = children[0] as messages.TreeItem;
    messages.selectTreeItem(tree, child.item);
    assert.equal(messages.treeSelection(tree), child.item);
    assert.equal(messages.treeParent(tree, child.item), root.item);
    assert.ok(messages.treeItems(tree, [root.item])[0]?.isExpanded);
    assert.ok(messages.treeItemRectangle(tree, child.item));
    const tabs = control(id.tab);
    assert.ok(messages.tabItems(tabs).length > 1);
    messages.selectTab(tabs, 1);
    assert.equal(messages.tabItems(tabs)[1]?.isSelected, true);
    messages.setSlider(control(id.slider), 42);
    assert.equal(messages.sliderRange(control(id.slider)).value, 42);
    await program.logged(/slider=42/);
    assert.ok(messages.progressRange(control(id.progress)).maximum > 0);
  });

  it('menu commands', async () => {
    messages.chooseMenuCommand(main, id.bold);
    await program.logged(/bold/i);
  });

  it('menus of another program', { skip: onlyWindows('menus') }, () => {
    const bar = messages.menuItems(messages.menuOf(main));
    assert.ok(bar && bar.length > 0);
    assert.ok(
      messages
        .menuItems(bar[0]?.submenu as number, { window: main, position: 0 })
        ?.some(({ command }) => command > 0),
    );
  });
});

describe('mouse and keyboard', () => {
  it('hit every pixel they are sent to', () => {
    for (const point of [
      { x: 0, y: 0 },
      { x: 1, y: 799 },
      { x: 1279, y: 1 },
      { x: 640, y: 399 },
      { x: 333, y: 777 },
    ]) {
      input.moveMouse(point);
      assert.deepEqual(input.mousePosition(), point);
    }
  });

  it('click and type in the right window', async () => {
    await until('the front', () => windows.activate(main));
    click(control(id.name));
    await until('the focus', () => windows.focusedWindow() === control(id.name));
    const shift = 0x10;
    const [home, end] = [0x24, 0x23];
    input.sendKeys([
      { key: home, isDown: true },
      { key: home, isDown: false },
      { key: shift, isDown: true },
      { key: end, isDown: true },
      { key: end, isDown: false },
      { key: shift, isDown: false },
    ]);
    type('Grüße, 世界 🎉!');
    await until('the text', () => messages.controlText(control(id.name)) === 'Grüße, 世界 🎉!');
    assert.equal(input.isKeyDown(shift), false);
    assert.ok(input.idleTime() < 5000);
    assert.ok(
      input.keyboardLayouts().includes(input.keyboardLayout()) || input.keyboardLayouts().length === 0,
    );
    assert.deepEqual(input.characterKey('A', input.keyboardLayout()), {
      key: 0x41,
      shift: true,
      control: false,
      alt: false,
    });
    assert.equal(input.characterKey('世', input.keyboardLayout()), undefined);
  });

  it('do 100 clicks on a button without sleeps', async () => {
    input.moveMouse(centre(control(id.ok)));
    const start = performance.now();
    for (let round = 0; round < 100; round += 1) {
      input.mouseButton('left', true);
      input.mouseButton('left', false);
    }
    const sent = performance.now() - start;
    await until('100 clicks', () => program.log().filter((line) => line.startsWith('ok=')).length >= 101);
    console.log(
      `100 clicks: sent ${Math.round(sent)} ms, all arrived ${Math.round(performance.now() - start)} ms`,
    );
  });

  it('block input', { skip: onlyWindows('blockInput') }, () => {
    input.blockInput(true);
    input.blockInput(false);
  });

  it('know the pointer', async () => {
    input.moveMouse(centre(control(id.name)));
    await until('the text pointer', () =>
      ['IBeam', 'Arrow', 'Hidden', 'Custom'].includes(input.cursorName()),
    );
  });
});

describe('screen', () => {
  it('shows screens and their modes', () => {
    const [first] = screen.screens();
    assert.ok(first?.isPrimary);
    assert.deepEqual(first.rectangle, { x: 0, y: 0, width: 1280, height: 800 });
    assert.equal(first.dpi, 96);
    assert.ok(screen.screenModes(first.device).length > 0);
    assert.deepEqual(input.virtualScreen(), first.rectangle);
    assert.throws(
      () => screen.changeScreenMode(first.device, { width: 77, height: 55, bitsPerPixel: 32, frequency: 0 }),
      /77 × 55/,
    );
  });

  it('is captured in time, with the colours of the pixels', () => {
    const start = performance.now();
    const rounds = 10;
    let bitmap = screen.captureScreen({ x: 0, y: 0, width: 1280, height: 800 });
    for (let round = 1; round < rounds; round += 1)
      bitmap = screen.captureScreen({ x: 0, y: 0, width: 1280, height: 800 });
    console.log(`capture of 1280 × 800: ${((performance.now() - start) / rounds).toFixed(1)} ms`);
    assert.equal(bitmap.pixels.length, 1280 * 800 * 4);
    assert.ok(bitmap.pixels.every((value, index) => index % 4 !== 3 || value === 255));
    assert.ok(new Set(new Uint32Array(bitmap.pixels.buffer, bitmap.pixels.byteOffset, 1280 * 800)).size > 5);
  });

  it('gives the picture of a window', () => {
    const picture = screen.captureWindow(main);
    const { width, height } = windows.visibleRectangle(main);
    assert.deepEqual([picture.width, picture.height], [width, height]);
    assert.ok(
      new Set(new Uint32Array(picture.pixels.buffer, picture.pixels.byteOffset, width * height)).size > 5,
    );
  });
});

describe('clipboard', () => {
  it('carries texts, files and pictures', async () => {
    await setClipboardText('Zażółć 🎉\r\nzwei');
    assert.equal(await clipboardText(), 'Zażółć 🎉\r\nzwei');
    await setClipboardFiles(['C:\\windows\\win.ini', 'C:\\Zażółć.txt']);
    assert.deepEqual(await clipboardFiles(), ['C:\\windows\\win.ini', 'C:\\Zażółć.txt']);
    await setClipboardPicture({
      width: 2,
      height: 1,
      pixels: Uint8Array.from([255, 0, 0, 255, 0, 0, 255, 255]),
    });
    assert.ok(user32.IsClipboardFormatAvailable(8));
    assert.equal(await clipboardText(), '');
    await emptyClipboard();
    assert.deepEqual(await clipboardFiles(), []);
  });

  it('waits for the program that holds it, and says which one it was', async () => {
    const module = (name: string) =>
      JSON.stringify(new URL(`../../../src/win32/${name}.ts`, import.meta.url).href);
    const holder = `
      const { user32 } = await import(${module('prototypes')});
      const { messageWindow } = await import(${module('hooks')});
      if (user32.OpenClipboard(messageWindow('holder', () => undefined).handle)) console.log('held');
      setTimeout(() => user32.CloseClipboard(), 1500);
      setTimeout(() => {}, 4000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', holder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      await new Promise((resolve) => child.stdout.once('data', resolve));
      const error = await setClipboardText('x', { patience: 200 }).then(
        () => undefined,
        (reason) => reason,
      );
      assert.ok(isClipboardBusy(error), String(error));
      assert.match(String(error), new RegExp(`held by process ${child.pid}`));
      await setClipboardText('later', { patience: 5000 });
      assert.equal(await clipboardText(), 'later');
      const stop = AbortSignal.abort(new Error('stopped'));
      await assert.rejects(clipboardText({ signal: stop }), /stopped/);
    } finally {
      child.kill();
    }
  });
});

it('1,000 rounds leave handles and GDI objects as they were', async () => {
  const table = control(id.table);
  const round = async (number: number) => {
    windows.topLevelWindows();
    messages.listViewRows(table, 0, 2);
    screen.captureScreen({ x: 0, y: 0, width: 20, height: 20 });
    if (number % 10 === 0) screen.captureWindow(control(id.ok));
    if (number % 10 === 0) await setClipboardText(`round ${number}`);
    screen.screens();
  };
  for (let number = 0; number < 30; number += 1) await round(number);
  const start = resources();
  for (let number = 0; number < 1000; number += 1) await round(number);
  const end = resources();
  console.log(JSON.stringify({ start, end }));
  assert.ok(start.handles > 10 && start.gdiObjects > 5);
  assert.ok(end.handles - start.handles <= 3, 'handles');
  assert.ok(end.gdiObjects - start.gdiObjects <= 1, 'GDI objects');
  assert.ok(end.userObjects - start.userObjects <= 1, 'user objects');
});
