// Characters typed by the keys of the layout, into the test program; that real keys were pressed is seen by a keyboard hook. The layout
// is German: under Wine that of the screen.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import type { Desktop } from '../../../src/desktop/desktop.ts';
import { startDesktop } from '../../../src/desktop/thread.ts';
import { library } from '../../../src/win32/ffi.ts';
import { pump, watchKeyboard } from '../../../src/win32/hooks.ts';
import { isWine, onlyWindows, startTestProgram, type TestProgram, until } from '../harness.ts';

const thread = new URL('../../../src/desktop/threadMain.ts', import.meta.url);
const { signal } = new AbortController();
const packet = 0xe7;
const leftControl = 0xa2;
const rightAlt = 0xa5;

let desktop: Desktop;
let program: TestProgram;
const pressed: number[] = [];
const stop = new AbortController();
let pumped: Promise<void>;

before(async () => {
  // Wine takes the layout of the screen when a program starts.
  if (isWine) execFileSync('cmd', ['/c', 'start', '/unix', '/usr/bin/setxkbmap', 'de']);
  desktop = startDesktop({ thread });
  program = await startTestProgram();
  const window = await until(
    'the window',
    async () => (await desktop.windows(signal)).find(({ title }) => title === program.title)?.handle,
  );
  await desktop.changeWindow(window, { kind: 'focus' }, signal);
  const keyboard = watchKeyboard((event) => {
    if (event.isDown) pressed.push(event.key);
    return undefined;
  });
  pumped = pump(stop.signal).finally(() => keyboard.release());
});
after(async () => {
  stop.abort();
  await pumped.catch(() => undefined);
  await program[Symbol.asyncDispose]();
  await desktop.dispose();
});

async function typed(text: string): Promise<readonly number[]> {
  const written = (selector: string) => [{ name: 'written', text: selector, levels: [] }];
  const { found } = await desktop.find(
    { window: written(':desktop > window[Name="Test program"]'), selectors: written('edit[Id="101"]') },
    signal,
  );
  const field = found?.[0];
  assert.ok(field);
  await desktop.change(field.ref, { kind: 'setValue', text: '' }, signal);
  await desktop.change(field.ref, { kind: 'focus' }, signal);
  const start = pressed.length;
  const strokes = [...text].map((character) => ({ kind: 'character', character, asKeys: true }) as const);
  await desktop.keys(strokes, 0, signal);
  await program.logged(`name=${text}`);
  desktop.release([field.ref]);
  return pressed.slice(start);
}

test('types letters and signs by their keys', async () => {
  const keys = await typed('Zebra 19!');
  assert.equal(keys.includes(packet), false);
  assert.ok(keys.includes('Z'.charCodeAt(0)) && keys.includes('1'.charCodeAt(0)));
});

test('types what no key has as a character', async () => {
  assert.ok((await typed('a世😀')).includes(packet));
});

test('types the signs of another layout, whatever its keys are', async () => {
  await typed('öß@{€ê^á');
});

test('holds AltGr, and accents wait for their letter', { skip: onlyWindows('layouts') }, async () => {
  const { LoadKeyboardLayoutW } = library('user32.dll', { LoadKeyboardLayoutW: ['long', 'text', 'uint'] });
  const german = LoadKeyboardLayoutW('00000407', 0);
  const before = await desktop.keyboardLayout(signal);
  await desktop.setKeyboardLayout(german, signal);
  await until('the layout', async () => (await desktop.keyboardLayout(signal)) === german >>> 0);
  try {
    const keys = await typed('öß@{€ê^á');
    assert.equal(keys.includes(packet), false);
    assert.ok(keys.includes(leftControl) && keys.includes(rightAlt));
  } finally {
    await desktop.setKeyboardLayout(before, signal);
  }
});
