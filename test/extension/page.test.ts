// The script of web pages over a document of plain objects: what changed is made anew and nothing else, foreign text stays text, and a
// log of 100,000 rows is a handful of elements.
import { expect, it } from 'vitest';
import type { Page } from '../../src/extension/runDetails/page/dom.ts';
import { LogView } from '../../src/extension/runDetails/page/logView.ts';
import type { LogRow, PageAction, PageModel } from '../../src/extension/runDetails/page/model.ts';
import { Painter } from '../../src/extension/runDetails/page/painter.ts';
import { logWords } from '../../src/extension/runDetails/story.ts';

/** An element as far as pages use it. */
class Node {
  readonly tag: string;
  readonly dataset: Record<string, string> = {};
  readonly attributes = new Map<string, string>();
  readonly listeners = new Map<string, (event: object) => void>();
  readonly style = { setProperty: () => {} };
  children: Node[] = [];
  parent: Node | undefined;
  text = '';
  id = '';
  className = '';
  value = '';
  tabIndex = -1;
  scrollTop = 0;
  clientHeight = 440;
  checked = false;
  readonly #page: FakeDocument;
  constructor(page: FakeDocument, tag: string) {
    this.#page = page;
    this.tag = tag;
  }
  get scrollHeight(): number {
    return 2_200_000;
  }
  get textContent(): string {
    return this.text + this.children.map(({ textContent }) => textContent).join('');
  }
  set textContent(text: string) {
    this.children = [];
    this.text = text;
  }
  setAttribute(name: string, value: string): void {
    this.attributes.set(name, value);
  }
  append(...nodes: (Node | string)[]): void {
    for (const node of nodes) {
      const child =
        typeof node === 'string' ? Object.assign(new Node(this.#page, '#text'), { text: node }) : node;
      child.parent = this;
      this.children.push(child);
    }
  }
  replaceChildren(...nodes: Node[]): void {
    this.children = [];
    this.append(...nodes);
  }
  replaceWith(node: Node): void {
    const { parent } = this;
    if (!parent) return;
    node.parent = parent;
    parent.children[parent.children.indexOf(this)] = node;
  }
  remove(): void {
    if (this.parent) this.parent.children = this.parent.children.filter((child) => child !== this);
  }
  focus(): void {
    this.#page.activeElement = this;
  }
  querySelector(selector: string): Node | undefined {
    return [...this.all()].find(({ tag }) => tag === selector);
  }
  addEventListener(event: string, listener: (event: object) => void): void {
    this.listeners.set(event, listener);
  }
  fire(event: string): void {
    this.listeners.get(event)?.({});
  }
  *all(): Generator<Node> {
    for (const child of this.children) {
      yield child;
      yield* child.all();
    }
  }
}

class FakeDocument {
  #focused: Node | undefined;
  /** An element that was taken out has no focus any more. */
  get activeElement(): Node {
    const inPage = [...this.body.all()].some((node) => node === this.#focused);
    return inPage ? (this.#focused as Node) : this.body;
  }
  set activeElement(node: Node) {
    this.#focused = node;
  }
  title = '';
  readonly body = new Node(this, 'body');
  createElement = (tag: string) => new Node(this, tag);
  createElementNS = (_: string, tag: string) => new Node(this, tag);
}

function setUp() {
  const document = new FakeDocument();
  const frames: (() => void)[] = [];
  const page = {
    document,
    addEventListener: () => {},
    requestAnimationFrame: (action: () => void) => frames.push(action),
  } as unknown as Page;
  const acts: PageAction[] = [];
  const act = (action: PageAction) => void acts.push(action);
  const log = new LogView(page, act);
  log.setWords(logWords());
  const painter = new Painter(page, log, act);
  const paint = (model: PageModel) => {
    painter.paint(model);
    while (frames.length > 0) frames.shift()?.();
  };
  const find = (tag: string, text: string) =>
    [...document.body.all()].find((node) => node.tag === tag && node.textContent === text) as Node;
  return { document, painter, log, paint, find, acts, frames };
}

const model = (seconds: number, more: PageModel['sections'] = []): PageModel => ({
  title: 'archive',
  state: { text: `Running ${seconds} s`, tone: 'active' },
  spoken: 'archive: Running',
  actions: [{ id: 'stopRun', title: 'Stop', argument: 'r' }],
  sections: [
    {
      id: 'a',
      title: '<b>Run</b>',
      blocks: [
        { kind: 'actions', actions: [{ id: 'pauseRun', title: 'Pause', argument: 'r' }] },
        { kind: 'facts', rows: [{ label: 'For', value: { text: `${seconds} s` } }] },
      ],
    },
    ...more,
  ],
});

it('makes only what changed anew: a click that has begun and the focus survive, and nothing is said every second', () => {
  const { document, paint, find, acts } = setUp();
  paint(model(1));
  const pause = find('button', 'Pause');
  const stop = find('button', 'Stop');
  pause.focus();
  const spoken = [...document.body.all()].find(
    ({ attributes }) => attributes.get('role') === 'status',
  ) as Node;
  paint(model(2, [{ id: 'b', title: 'More', blocks: [] }]));
  expect(find('p', 'Running 2 s')).toBeDefined();
  expect(find('p', 'Running 1 s')).toBeUndefined();
  expect([find('button', 'Pause'), find('button', 'Stop')]).toEqual([pause, stop]);
  expect(document.activeElement).toBe(pause);
  expect(spoken.textContent).toBe('archive: Running');
  pause.fire('click');
  expect(acts).toEqual([{ id: 'pauseRun', title: 'Pause', argument: 'r' }]);

  const main = document.body.children[0] as Node;
  const order = () =>
    main.children.filter(({ tag }) => tag === 'section').map(({ textContent }) => textContent);
  expect(order()).toEqual(['<b>Run</b>PauseFor2 s', 'More']);
  paint({ ...model(2), sections: [{ id: 'first', title: 'First', blocks: [] }, ...model(2).sections] });
  expect(order()).toEqual(['First', '<b>Run</b>PauseFor2 s']);
});

it('gives the focus back to a button that had to be made anew', () => {
  const { document, paint, find } = setUp();
  paint(model(1));
  find('button', 'Stop').focus();
  paint({ ...model(1), actions: [{ id: 'resumeRun', title: 'Resume' }, ...model(1).actions] });
  expect(document.activeElement).toBe(find('button', 'Stop'));
});

it('shows only pictures that are Base64', () => {
  const { document, painter, paint } = setUp();
  paint(model(1, [{ id: 'p', title: 'P', blocks: [{ kind: 'picture', alt: 'x', width: 1, height: 1 }] }]));
  painter.showPicture('"><script>');
  const image = [...document.body.all()].find(({ tag }) => tag === 'img') as Node;
  expect(image.attributes.get('src')).toBeUndefined();
  painter.showPicture('iVBORw0KGgo=');
  expect(image.attributes.get('src')).toBe('data:image/png;base64,iVBORw0KGgo=');
});

it('keeps a log of 100,000 rows as a few elements, filters, searches and takes more at its end', () => {
  const { document, log, paint, frames, acts } = setUp();
  paint(model(1, [{ id: 'log', title: 'Log', blocks: [{ kind: 'log', label: 'Log' }] }]));
  const settle = () => {
    while (frames.length > 0) frames.shift()?.();
  };
  const rows = Array.from(
    { length: 100_000 },
    (_, index): LogRow => ({
      rank: index % 1_000 === 0 ? 4 : 0,
      tone: 'plain',
      time: 't',
      place: `line ${index + 1}`,
      line: index + 1,
      what: 'File.Copy',
      took: '1 ms',
      text: `row ${index}`,
    }),
  );
  log.take(0, rows);
  settle();
  const nodes = () => [...document.body.all()];
  const shown = () => nodes().filter(({ className }) => className === 'row plain');
  const told = () => nodes().find(({ className }) => className === 'told')?.textContent;
  expect(shown().length).toBeLessThan(60);
  expect(told()).toBe('100000 of 100000 rows');

  const select = nodes().find(({ tag }) => tag === 'select') as Node;
  select.value = '4';
  select.fire('change');
  settle();
  expect(told()).toBe('100 of 100000 rows');
  select.value = '0';
  select.fire('change');
  const search = nodes().find(({ tag }) => tag === 'input') as Node;
  search.value = 'ROW 99999';
  search.fire('input');
  settle();
  expect(shown()).toHaveLength(1);
  (nodes().find(({ className }) => className === 'link') as Node).fire('click');
  expect(acts.at(-1)).toMatchObject({ id: 'openLine', argument: '100000' });

  log.take(50_000, [{ ...(rows[0] as LogRow), text: 'row 99999 again' }]);
  settle();
  expect(told()).toBe('1 of 50001 rows');
});
