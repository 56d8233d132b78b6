// A long run holds no more than a short one: handles, GDI and USER objects of the process, objects of COM, whatever the driver.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Driver } from '../../../src/desktop/driver.ts';
import { ThreadDesktop } from '../../../src/desktop/threadDesktop.ts';
import { windowsDrivers, windowsSystem } from '../../../src/desktop/windows/system.ts';
import { liveObjects } from '../../../src/win32/com.ts';
import { library } from '../../../src/win32/ffi.ts';
import { ownResources } from '../../../src/win32/processes.ts';
import { startTestProgram, type TestProgram, until } from '../harness.ts';

const { signal } = new AbortController();
let program: TestProgram;
let drivers: readonly Driver[];

before(async () => {
  program = await startTestProgram();
  drivers = windowsDrivers();
});
after(() => program[Symbol.asyncDispose]());

const native = library('ntdll.dll', {
  NtQuerySystemInformation: ['int', 'int', 'pointer', 'uint', 'pointer'],
});

/** Kernel handles of this process from the list of all processes, which Wine keeps truly, unlike GetProcessHandleCount. */
function openHandles(): number {
  const processInformation = 5;
  const list = Buffer.alloc(4 << 20);
  assert.equal(native.NtQuerySystemInformation(processInformation, list, list.length, Buffer.alloc(4)), 0);
  for (let at = 0; ; at += list.readUInt32LE(at)) {
    if (list.readBigInt64LE(at + 0x50) === BigInt(process.pid)) return list.readUInt32LE(at + 0x60);
    assert.notEqual(list.readUInt32LE(at), 0, 'this process must be listed');
  }
}

const written = (text: string) => [{ name: 'written', text, levels: [] }];
const window = written(':desktop > window[Name="Test program"]');

for (const kind of ['uia', 'win32'] as const) {
  test(`holds nothing more after 1,000 finds by ${kind}`, async () => {
    const driver = drivers.find((one) => one.kind === kind);
    assert.ok(driver);
    const desktop = new ThreadDesktop(windowsSystem(), [driver]);
    const [shown] = await until(
      'the window',
      async () => (await desktop.find({ window, selectors: [] })).found,
    );
    assert.ok(shown);
    desktop.release([shown.ref]);
    const round = async (index: number) => {
      const found = await desktop.find({ window, selectors: written(`radio button:eq(${index % 3})`) });
      const [radio] = found.found ?? [];
      assert.ok(radio);
      await desktop.state(radio.ref);
      if (index % 20 === 0) {
        const nothing = await desktop.find({
          window,
          selectors: written(`pane[Name="${index % 60}"] > edit`),
        });
        assert.equal(nothing.found, undefined);
        const above = await desktop.ancestors(radio.ref);
        desktop.release(above.map(({ ref }) => ref));
        const [table] = (await desktop.find({ window, selectors: written('*[Id="128"]') })).found ?? [];
        assert.ok(table);
        await desktop.table(table.ref);
        await desktop.capture({ x: 0, y: 0, width: 100, height: 100 });
        await desktop.clickPoint(radio.ref, { position: '', offset: { x: 0, y: 0 } }, signal);
        desktop.release([table.ref]);
      }
      desktop.release([radio.ref]);
    };
    const held = () => ({ ...ownResources(), handles: openHandles(), objects: liveObjects() });
    for (let index = 0; index < 100; index++) await round(index);
    const before = held();
    for (let index = 0; index < 1000; index++) await round(index);
    const after = held();
    assert.ok(after.handles > 10, 'handles are counted');
    assert.equal(after.objects, before.objects);
    assert.equal(after.gdiObjects, before.gdiObjects);
    assert.equal(after.userObjects, before.userObjects);
    // Threads of the pool and of COM come and go.
    assert.ok(Math.abs(after.handles - before.handles) <= 8, JSON.stringify({ before, after }));
  });
}

test('gives everything back in the end', () => {
  for (const driver of drivers) driver.dispose();
  assert.equal(liveObjects(), 0);
});
