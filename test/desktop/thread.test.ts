// The Desktop in front of its thread: limits, cancelling, threads that block or break down.
import { afterEach, describe, expect, it } from 'vitest';
import type { Desktop, ElementFacts } from '../../src/desktop/desktop.ts';
import { startDesktop } from '../../src/desktop/thread.ts';

const thread = new URL('./playedThread.ts', import.meta.url);
const { signal } = new AbortController();
const selector = (name: string) => ({ window: [], selectors: [{ name, text: undefined, levels: [] }] });

let desktop: Desktop;
afterEach(() => desktop.dispose());

async function found(): Promise<ElementFacts> {
  const look = await desktop.find(selector('button'), signal);
  return look.found?.[0] as ElementFacts;
}

describe('the thread of the Desktop', () => {
  it('carries out calls and hands pictures over', async () => {
    desktop = startDesktop({ thread });
    expect((await found()).ref).toBe(1);
    expect(await desktop.property(1, '0', signal)).toBe('0');
    expect([...(await desktop.capture('all', signal)).pixels]).toEqual([7, 7, 7, 7]);
    desktop.release([1]);
    await expect(desktop.facts(1, signal)).rejects.toMatchObject({
      code: 'ElementGone',
      nextStep: 'look again',
    });
  });

  it('gives a blocked call up within its limit and goes on with another thread', async () => {
    desktop = startDesktop({ thread, limit: 400 });
    const { ref } = await found();
    const start = performance.now();
    const blocked = desktop.property(ref, '3000', signal);
    const waiting = desktop.property(ref, '1', signal);
    await expect(blocked).rejects.toMatchObject({ code: 'TargetNotResponding' });
    await expect(waiting).rejects.toMatchObject({ code: 'TargetNotResponding' });
    expect(performance.now() - start).toBeLessThan(600);
    await expect(desktop.property(ref, '1', signal)).rejects.toMatchObject({ code: 'ElementGone' });
    const next = await found();
    expect(next.ref).toBe(2 ** 32 + 1);
    expect((await desktop.facts(next.ref, signal)).ref).toBe(next.ref);
    await expect(desktop.property(ref, '1', signal)).rejects.toMatchObject({ code: 'ElementGone' });
  });

  it('waits longer than the limit for what is not blocked', async () => {
    desktop = startDesktop({ thread, limit: 400 });
    const pressed = desktop.hotKey([], 65, signal);
    expect(await desktop.keyboardLayout(signal)).toBe(0);
    await expect(pressed).resolves.toBeUndefined();
  });

  it('cancels at once, in the thread too', async () => {
    desktop = startDesktop({ thread });
    const controller = new AbortController();
    const pressed = desktop.hotKey([], 65, controller.signal);
    await desktop.keyboardLayout(signal);
    controller.abort(new Error('stopped'));
    await expect(pressed).rejects.toThrow('stopped');
    expect(await desktop.keyboardLayout(signal)).toBe(1000);
    await expect(desktop.keyboardLayout(controller.signal)).rejects.toThrow('stopped');
  });

  it('releases what a cancelled call finds', async () => {
    desktop = startDesktop({ thread });
    const controller = new AbortController();
    const start = performance.now();
    const looking = desktop.find(selector('slow'), controller.signal);
    setTimeout(() => controller.abort(new Error('stopped')), 50);
    await expect(looking).rejects.toThrow('stopped');
    expect(performance.now() - start).toBeLessThan(250);
    await expect.poll(() => desktop.keyboardLayout(signal)).toBe(0);
  });

  it('tells a fault from an expected failure, and starts anew after a breakdown', async () => {
    desktop = startDesktop({ thread });
    await expect(desktop.clipboardText(signal)).rejects.toThrow(/a fault/);
    await expect(desktop.lock(signal)).rejects.toMatchObject({ code: 'DesktopNotAvailable' });
    expect((await found()).ref).toBe(2 ** 32 + 1);
  });

  it('ends what is under way when it is disposed of', async () => {
    desktop = startDesktop({ thread });
    const pressed = desktop.hotKey([], 65, signal);
    await desktop.keyboardLayout(signal);
    await Promise.all([
      expect(pressed).rejects.toMatchObject({ code: 'DesktopNotAvailable' }),
      desktop.dispose(),
    ]);
    await expect(found()).rejects.toMatchObject({ code: 'DesktopNotAvailable' });
  });
});
