// Paints the model of a page. What did not change keeps its elements, and with them focus, selection, place and a click that has begun;
// where something did, the focus goes back to what it was on.
import type { Page, PageElement } from './dom.ts';
import type { LogView } from './logView.ts';
import type { Bar, Block, Cell, PageAction, PageModel, Section } from './model.ts';

interface Painted {
  /** The model, as text. */
  readonly text: string;
  readonly element: PageElement;
}

const svg = 'http://www.w3.org/2000/svg';

export class Painter {
  readonly #page: Page;
  readonly #act: (action: PageAction) => void;
  readonly #log: LogView;
  readonly #main: PageElement;
  readonly #head: PageElement;
  /** What is said when it changes: not every second of a time that moves on. */
  readonly #spoken: PageElement;
  readonly #sections = new Map<string, { readonly element: PageElement; blocks: Painted[] }>();
  #headParts: Painted[] = [];
  #picture = '';

  constructor(page: Page, log: LogView, act: (action: PageAction) => void) {
    this.#page = page;
    this.#act = act;
    this.#log = log;
    this.#main = this.#element('main');
    this.#head = this.#element('header');
    this.#spoken = this.#element('p');
    this.#spoken.className = 'spoken';
    this.#spoken.setAttribute('role', 'status');
    this.#main.append(this.#head, this.#spoken);
    page.document.body.append(this.#main);
  }

  paint(model: PageModel): void {
    const { document } = this.#page;
    document.title = model.title;
    const spoken = model.spoken ?? model.state?.text ?? '';
    if (this.#spoken.textContent !== spoken) this.#spoken.textContent = spoken;
    this.#headParts = this.#patch(this.#head, this.#headParts, [
      [model.title, () => this.#element('h1', model.title)],
      ...(model.state ? [part(model.state, (state) => this.#state(state))] : []),
      ...(model.actions.length > 0 ? [part(model.actions, (actions) => this.#actions(actions))] : []),
    ]);
    const kept = new Set(model.sections.map(({ id }) => id));
    for (const [id, { element }] of this.#sections) {
      if (kept.has(id)) continue;
      element.remove();
      this.#sections.delete(id);
    }
    model.sections.forEach((section, index) => {
      let known = this.#sections.get(section.id);
      if (!known) {
        known = { element: this.#element('section'), blocks: [] };
        known.element.setAttribute('aria-labelledby', `heading-${section.id}`);
        this.#sections.set(section.id, known);
        this.#insert(known.element, index + 2); // after head and spoken words
      }
      known.blocks = this.#patch(known.element, known.blocks, [
        [section.title, () => this.#heading(section)],
        ...section.blocks.map((block) => part(block, (changed) => this.#block(changed))),
      ]);
    });
  }

  /** Brings the children of an element up to date: only those that changed are made anew. */
  #patch(
    parent: PageElement,
    before: readonly Painted[],
    wanted: readonly (readonly [text: string, make: () => PageElement])[],
  ): Painted[] {
    const same = before.length === wanted.length;
    if (same && wanted.every(([text], index) => before[index]?.text === text)) return [...before];
    const after = wanted.map(([text, make], index) => {
      const known = before[index];
      return known?.text === text ? known : { text, element: make() };
    });
    this.#keepFocus(() => {
      if (same) {
        after.forEach(({ element }, index) => {
          if (element !== before[index]?.element) before[index]?.element.replaceWith(element);
        });
      } else parent.replaceChildren(...after.map(({ element }) => element));
    });
    return after;
  }

  /** A picture that came as Base64; anything else is not shown. */
  showPicture(png: string): void {
    if (!/^[A-Za-z0-9+/]+={0,2}$/.test(png)) return;
    this.#picture = `data:image/png;base64,${png}`;
    const image = this.#main.querySelector('img');
    if (image) image.setAttribute('src', this.#picture);
  }

  #state(state: Cell): PageElement {
    const told = this.#text('p', state);
    told.className += ' state';
    return told;
  }

  #insert(element: PageElement, place: number): void {
    const after = Array.from(this.#main.children).slice(place);
    for (const later of after) later.remove();
    this.#main.append(element, ...after);
  }

  #heading({ id, title }: Section): PageElement {
    const heading = this.#element('h2', title);
    heading.id = `heading-${id}`;
    return heading;
  }

  #block(block: Block): PageElement {
    switch (block.kind) {
      case 'facts': {
        const list = this.#element('dl');
        for (const { label, value } of block.rows)
          list.append(this.#element('dt', label), this.#text('dd', value));
        return list;
      }
      case 'text': {
        const text = this.#text(block.fixed ? 'pre' : 'p', block);
        // Long lines scroll, also by keyboard.
        if (block.fixed) text.tabIndex = 0;
        return text;
      }
      case 'actions':
        return this.#actions(block.actions);
      case 'table':
        return this.#table(block);
      case 'bars':
        return this.#bars(block.label, block.bars);
      case 'picture': {
        const image = this.#page.document.createElement('img');
        image.alt = block.alt;
        image.width = block.width;
        image.height = block.height;
        if (this.#picture !== '') image.src = this.#picture;
        return image;
      }
      case 'log':
        return this.#log.element(block.label);
    }
  }

  #table({ caption, columns, rows }: Extract<Block, { kind: 'table' }>): PageElement {
    const frame = this.#element('div');
    frame.className = 'wide';
    frame.tabIndex = 0;
    frame.setAttribute('role', 'region');
    frame.setAttribute('aria-label', caption);
    const table = this.#element('table');
    table.append(this.#element('caption', caption));
    const head = this.#element('tr');
    for (const { title, numeric } of columns) {
      const cell = this.#element('th', title);
      cell.setAttribute('scope', 'col');
      if (numeric) cell.className = 'numeric';
      head.append(cell);
    }
    const top = this.#element('thead');
    top.append(head);
    const body = this.#element('tbody');
    for (const row of rows) {
      const line = this.#element('tr');
      row.forEach((cell, index) => {
        const element = this.#text(index === 0 ? 'th' : 'td', cell);
        if (index === 0) element.setAttribute('scope', 'row');
        if (columns[index]?.numeric) element.className += ' numeric';
        line.append(element);
      });
      body.append(line);
    }
    table.append(top, body);
    frame.append(table);
    return frame;
  }

  #bars(label: string, bars: readonly Bar[]): PageElement {
    const figure = this.#element('figure');
    figure.setAttribute('aria-label', label);
    for (const bar of bars) {
      const row = this.#element('div');
      row.className = 'bar';
      const name = this.#element('span', bar.label);
      name.className = 'name';
      const drawing = this.#page.document.createElementNS(svg, 'svg');
      drawing.setAttribute('viewBox', '0 0 1000 10');
      drawing.setAttribute('preserveAspectRatio', 'none');
      drawing.setAttribute('role', 'img');
      drawing.setAttribute('aria-label', `${bar.label}: ${bar.text}`);
      let from = 0;
      for (const { share, tone, text } of bar.parts) {
        const part = this.#page.document.createElementNS(svg, 'rect');
        part.setAttribute('x', (from * 1000).toFixed(1));
        part.setAttribute('width', Math.max(2, share * 1000).toFixed(1));
        part.setAttribute('height', '10');
        part.setAttribute('class', tone);
        const title = this.#page.document.createElementNS(svg, 'title');
        title.textContent = text;
        part.append(title);
        drawing.append(part);
        from += share;
      }
      const said = this.#element('span', bar.text);
      said.className = 'said';
      said.setAttribute('aria-hidden', 'true'); // the drawing says the same
      row.append(name, drawing, said);
      figure.append(row);
    }
    return figure;
  }

  #actions(actions: readonly PageAction[]): PageElement {
    const list = this.#element('div');
    list.className = 'actions';
    list.append(...actions.map((action) => this.#button(action)));
    return list;
  }

  #button(action: PageAction): PageElement {
    const button = this.#element('button', action.title);
    button.setAttribute('type', 'button');
    button.dataset.key = `${action.id} ${action.argument ?? ''}`;
    if (action.label) button.setAttribute('aria-label', action.label);
    button.addEventListener('click', () => this.#act(action));
    return button;
  }

  #text(tag: string, { text, tone, action }: Cell): PageElement {
    const element = this.#element(tag, action ? undefined : text);
    element.className = tone ?? '';
    if (action) element.append(...(text === '' ? [] : [`${text} `]), this.#button(action));
    return element;
  }

  #element(tag: string, text?: string): PageElement {
    const element = this.#page.document.createElement(tag);
    if (text !== undefined) element.textContent = text;
    return element;
  }

  #keepFocus(change: () => void): void {
    const key = this.#page.document.activeElement?.dataset.key;
    change();
    if (key === undefined || this.#page.document.activeElement?.dataset.key === key) return;
    for (const button of buttonsIn(this.#main)) {
      if (button.dataset.key !== key) continue;
      button.focus({ preventScroll: true });
      return;
    }
  }
}

/** A part of a page with its model as text, by which it is known to have changed. */
const part = <T>(model: T, make: (model: T) => PageElement): readonly [string, () => PageElement] => [
  JSON.stringify(model),
  () => make(model),
];

function* buttonsIn(element: PageElement): Generator<PageElement> {
  for (const child of Array.from(element.children)) {
    if (child.dataset.key !== undefined) yield child;
    yield* buttonsIn(child);
  }
}
