// The Desktop inside its thread, over drivers and a Windows that are played: order of drivers, refs, clicks that are refused, keys that
// are let go of.
import { beforeEach, describe, expect, it } from 'vitest';
import type { ElementFacts, KeyStroke, Point, Rectangle } from '../../src/desktop/desktop.ts';
import type { Driver } from '../../src/desktop/driver.ts';
import { DesktopError } from '../../src/desktop/errors.ts';
import { type System, ThreadDesktop } from '../../src/desktop/threadDesktop.ts';
import { node, type PlayedNode, PlayedTree } from './playedTree.ts';

const { signal } = new AbortController();
const written = (text: string) => [{ name: text, text, levels: [] }];

class PlayedDriver extends PlayedTree implements Driver<PlayedNode> {
  readonly kind: ElementFacts['driver'];
  readonly kept = new Set<PlayedNode>();
  sweeps = 0;
  isOnScreen = true;
  /** One rectangle for each look, the last one for good. */
  rectangles: Rectangle[] = [{ x: 10, y: 20, width: 100, height: 30 }];
  hit: PlayedNode | undefined;
  failure: Error | undefined;

  constructor(kind: ElementFacts['driver'], ...windows: readonly PlayedNode[]) {
    super(...windows);
    this.kind = kind;
  }
  override windows(): readonly PlayedNode[] {
    if (this.failure !== undefined) throw this.failure;
    return super.windows();
  }
  window(): PlayedNode {
    return this.windows()[0] as PlayedNode;
  }
  parent(): undefined {}
  elementAt(): PlayedNode | undefined {
    return this.hit;
  }
  facts(of: PlayedNode): Omit<ElementFacts, 'ref'> {
    if (of.properties.gone) throw new DesktopError('ElementGone', 'gone', '');
    return {
      driver: this.kind,
      tag: of.tag,
      name: of.properties.name ?? '',
      className: '',
      automationId: '',
      processId: 1,
      window: of.tag === 'window' ? 2 : 1,
      rectangle: this.rectangles[0] as Rectangle,
      isEnabled: of.properties.enabled !== 'False',
      isOnScreen: this.isOnScreen,
      isFocused: false,
      isPassword: false,
    };
  }
  state() {
    return { text: '' };
  }
  change(): void {
    throw new DesktopError('PatternNotSupported', 'no', '');
  }
  items() {
    return [];
  }
  table() {
    return { header: undefined, rows: [] };
  }
  contains(of: PlayedNode, other: PlayedNode): boolean {
    return of === other;
  }
  rectangle(): Rectangle {
    return (this.rectangles.length > 1 ? this.rectangles.shift() : this.rectangles[0]) as Rectangle;
  }
  keep(of: PlayedNode): void {
    this.kept.add(of);
  }
  sweep(): void {
    this.sweeps++;
  }
  release(of: PlayedNode): void {
    this.kept.delete(of);
  }
  dispose(): void {}
}

const save = node('button', { name: 'Save' });
const shut = node('button', { name: 'Shut', enabled: 'False' });
const ledger = node('window', { name: 'Ledger' }, save, shut, node('text', { name: 'Gone', gone: 'yes' }));
const inLedger = (text: string) => ({ window: written(':desktop > window'), selectors: written(text) });

let uia: PlayedDriver;
let win32: PlayedDriver;
let events: string[];
let desktop: ThreadDesktop;

beforeEach(() => {
  uia = new PlayedDriver('uia', ledger);
  win32 = new PlayedDriver('win32', node('window', {}, node('edit', { name: 'Amount' }), save));
  events = [];
  let mouse: Point = { x: 0, y: 0 };
  const system = {
    windows: {
      stateOf: () => 'normal',
      isEnabled: () => true,
      activate: () => events.push('activate'),
      titleOf: () => 'Other',
    },
    input: {
      virtualScreen: () => ({ x: 0, y: 0, width: 1280, height: 800 }),
      sendKeys: (lot: readonly { key?: number; character?: string; isDown: boolean }[]) =>
        events.push(
          lot.map(({ key, character, isDown }) => `${isDown ? '+' : '-'}${character ?? key}`).join(' '),
        ),
      mousePosition: () => mouse,
      moveMouse: (to: Point) => {
        mouse = to;
        events.push(`${to.x},${to.y}`);
      },
      mouseButton: (_: string, isDown: boolean) => events.push(isDown ? 'down' : 'up'),
      keyboardLayout: () => 0,
      isKeyLocked: () => false,
      characterKey: (character: string) =>
        /^[a-zA-Z]$/.test(character)
          ? {
              key: character.toUpperCase().charCodeAt(0),
              shift: /[A-Z]/.test(character),
              control: false,
              alt: false,
            }
          : undefined,
      typedBy: ([one]: { key: number; shift: boolean }[]) =>
        one && String.fromCharCode(one.shift ? one.key : one.key + 32),
    },
  };
  desktop = new ThreadDesktop(system as unknown as System, [uia, win32] as unknown as Driver[], 100);
});

const find = async (text: string): Promise<ElementFacts> =>
  (await desktop.find(inLedger(text))).found?.[0] as ElementFacts;

describe('finding', () => {
  it('asks UI Automation first, then window messages, and the other way round for what was captured by them', async () => {
    expect(await find('button[Name="Save"]')).toMatchObject({ ref: 101, driver: 'uia' });
    expect(await find('edit')).toMatchObject({ ref: 102, driver: 'win32' });
    expect((await desktop.find({ ...inLedger('button'), protocol: 'win32' })).found?.[0]?.driver).toBe(
      'win32',
    );
  });

  it('goes on when one driver fails, and says so when the other finds nothing', async () => {
    uia.failure = new DesktopError('TargetNotResponding', 'hangs', '');
    expect((await find('edit')).driver).toBe('win32');
    await expect(desktop.find(inLedger('tree'))).rejects.toThrow('hangs');
    uia.failure = new DesktopError('PatternNotSupported', 'nothing of the kind', '');
    expect((await desktop.find(inLedger('tree'))).found).toBeUndefined();
    await expect(desktop.find(inLedger('tree['))).rejects.toMatchObject({ code: 'InvalidSelector' });
  });

  it('gives the partial match that got furthest', async () => {
    const look = await desktop.find({
      window: written(':desktop > window[Name="Ledger"]'),
      selectors: written('tree'),
    });
    expect(look.found === undefined && look.partial).toMatchObject([{ level: 'tree', failedAt: 0 }]);
    uia.failure = new DesktopError('PatternNotSupported', 'nothing of the kind', '');
    const without = await desktop.find({
      window: written(':desktop > window[Name="Ledger"]'),
      selectors: written('tree'),
    });
    expect(without.found === undefined && without.partial).toMatchObject([{ failedAt: 1, isWindow: true }]);
  });

  it('leaves out what is gone meanwhile', async () => {
    expect((await desktop.find(inLedger('text'))).found).toBeUndefined();
    expect((await desktop.below((await find('button[Name="Save"]')).ref, 1)).length).toBe(0);
  });

  it('keeps nodes as long as anybody holds a ref of them, and lets go of all others', async () => {
    const first = await find('button[Name="Save"]');
    const second = await find('button[Name="Save"]');
    expect(uia.kept.size).toBe(1);
    desktop.release([first.ref, first.ref, 999]);
    expect(uia.kept.size).toBe(1);
    await expect(desktop.facts(first.ref)).rejects.toMatchObject({ code: 'ElementGone' });
    desktop.release([second.ref]);
    expect(uia.kept.size).toBe(0);
    expect(uia.sweeps).toBeGreaterThan(1);
  });
});

describe('the place of a click', () => {
  const at = (position: string) => ({ position, offset: { x: 1, y: 2 } });

  it.each([
    ['Center', { x: 61, y: 37 }],
    ['TopLeft', { x: 11, y: 22 }],
    ['BottomRight', { x: 110, y: 51 }],
    ['MiddleLeft', { x: 11, y: 37 }],
  ])('%s', async (position, point) => {
    uia.hit = save;
    expect(await desktop.clickPoint((await find('button[Name="Save"]')).ref, at(position), signal)).toEqual(
      point,
    );
  });

  it('waits until the element stands still', async () => {
    uia.hit = save;
    uia.rectangles = [0, 5, 10, 40, 40].map((x) => ({ x, y: 0, width: 10, height: 10 }));
    expect(await desktop.clickPoint((await find('button[Name="Save"]')).ref, at('TopLeft'), signal)).toEqual({
      x: 41,
      y: 2,
    });
    uia.rectangles = Array.from({ length: 1000 }, (_, x) => ({ x, y: 0, width: 10, height: 10 }));
    await expect(desktop.clickPoint((await find('button[Name="Save"]')).ref, at(''), signal)).rejects.toThrow(
      'does not stand still',
    );
  });

  it('is refused with the reason', async () => {
    const click = async (name: string) =>
      desktop.clickPoint((await find(`button[Name="${name}"]`)).ref, at(''), signal);
    await expect(click('Shut')).rejects.toThrow('The button "Shut" is disabled.');
    uia.hit = ledger;
    await expect(click('Save')).rejects.toThrow(
      'The button "Save" is covered at 61, 37 by the window "Ledger".',
    );
    expect(events).toEqual(['activate']);
    uia.hit = undefined;
    await expect(click('Save')).rejects.toThrow('something that cannot be seen');
    uia.rectangles = [{ x: 5000, y: 0, width: 10, height: 10 }];
    await expect(click('Save')).rejects.toThrow('outside of the screen');
    uia.isOnScreen = false;
    await expect(click('Save')).rejects.toThrow('is not visible');
  });
});

describe('keys', () => {
  const text = (characters: string): KeyStroke[] =>
    [...characters].map((character) => ({ kind: 'character', character }));

  it('go out together, or one by one with pauses', async () => {
    await desktop.keys([...text('a😀'), { kind: 'press', key: 13 }], 0, signal);
    expect(events).toEqual(['+a -a +😀 -😀 +13 -13']);
    await desktop.keys(text('xy'), 5, signal);
    expect(events.slice(1)).toEqual(['+x -x', '+y -y']);
  });

  it('are those of the layout where a character asks for them and the layout has it', async () => {
    const asKeys = (characters: string) => text(characters).map((stroke) => ({ ...stroke, asKeys: true }));
    await desktop.keys(asKeys('aB世'), 0, signal);
    expect(events).toEqual(['+65 -65 +160 +66 -66 -160 +世 -世']);
    await desktop.keys([{ kind: 'down', key: 16 }, ...asKeys('B'), { kind: 'up', key: 16 }], 0, signal);
    expect(events.at(-1)).toBe('+16 +66 -66 -16');
  });

  it('that are held stay so, unless the call is stopped', async () => {
    await desktop.keys([{ kind: 'down', key: 17 }], 0, signal);
    expect(events).toEqual(['+17']);
    const controller = new AbortController();
    const typing = desktop.keys(
      [
        { kind: 'down', key: 16 },
        { kind: 'down', key: 18 },
        { kind: 'up', key: 18 },
        { kind: 'down', key: 91 },
        { kind: 'wait', ms: 60_000 },
      ],
      0,
      controller.signal,
    );
    controller.abort();
    await expect(typing).rejects.toThrow();
    expect(events.slice(1)).toEqual(['+16 +18 -18 +91', '-91 -16']);
  });

  it('move the mouse in a line', async () => {
    await desktop.moveMouse({ x: 100, y: 50 }, 60, signal);
    expect(events.length).toBeGreaterThan(2);
    expect(events.at(-1)).toBe('100,50');
    for (const place of events) {
      const [x = 0, y = 0] = place.split(',').map(Number);
      expect(Math.abs(x - 2 * y)).toBeLessThanOrEqual(1);
    }
    events.length = 0;
    await desktop.mouseButton('left', 'double');
    expect(events).toEqual(['down', 'up', 'down', 'up']);
  });
});
