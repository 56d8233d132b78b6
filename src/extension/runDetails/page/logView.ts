// A log of any length in a page: filter by level, search, and only those rows as elements that are in sight.
import type { Page, PageElement, PageField } from './dom.ts';
import type { LogRow, LogWords, PageAction } from './model.ts';

/** Height of a row in pixels; the style sheet has the same. */
const rowHeight = 22;
/** Rows above and below what is in sight, so that scrolling shows no gaps. */
const spare = 12;

export class LogView {
  readonly #page: Page;
  readonly #act: (action: PageAction) => void;
  #rows: LogRow[] = [];
  /** The searched text of each row, made when a search first needs it. */
  #texts: string[] = [];
  /** Indexes of the rows that the filter lets through. */
  #shown: number[] = [];
  #words: LogWords | undefined;
  #frame: PageElement | undefined;
  #viewport: PageElement | undefined;
  #height: PageElement | undefined;
  #window: PageElement | undefined;
  #told: PageElement | undefined;
  #level = 0;
  #search = '';
  #follows = true;
  #waiting = false;

  constructor(page: Page, act: (action: PageAction) => void) {
    this.#page = page;
    this.#act = act;
    page.addEventListener('resize', () => this.#soon());
  }

  setWords(words: LogWords): void {
    this.#words = words;
  }

  /** Replaces all rows after the first `from` ones. */
  take(from: number, rows: readonly LogRow[]): void {
    if (from < this.#rows.length) {
      this.#rows.length = from;
      this.#texts.length = Math.min(this.#texts.length, from);
      this.#shown = this.#shown.filter((index) => index < from);
    }
    for (const row of rows) {
      this.#rows.push(row);
      const index = this.#rows.length - 1;
      if (this.#passes(index)) this.#shown.push(index);
    }
    this.#soon();
  }

  /** The log as an element, the same one at every call. */
  element(label: string): PageElement {
    this.#frame ??= this.#build(label);
    this.#soon();
    return this.#frame;
  }

  #build(label: string): PageElement {
    const words = this.#words as LogWords;
    const { document } = this.#page;
    const make = (tag: string, name: string, text?: string) => {
      const element = document.createElement(tag);
      element.className = name;
      if (text !== undefined) element.textContent = text;
      return element;
    };
    const frame = make('div', 'log');
    const bar = make('div', 'filter');
    const level = document.createElement('select');
    words.levels.forEach((text, rank) => {
      const option = document.createElement('option');
      option.value = String(rank);
      option.textContent = text;
      level.append(option);
    });
    level.addEventListener('change', () => {
      this.#level = Number(level.value);
      this.#filter();
    });
    const search = document.createElement('input');
    search.type = 'search';
    search.addEventListener('input', () => {
      this.#search = search.value.toLowerCase();
      this.#filter();
    });
    const follow = document.createElement('input');
    follow.type = 'checkbox';
    follow.checked = this.#follows;
    follow.addEventListener('change', () => {
      this.#follows = follow.checked;
      this.#soon();
    });
    this.#told = make('span', 'told');
    this.#told.setAttribute('role', 'status');
    bar.append(
      this.#named(words.level, level),
      this.#named(words.search, search),
      this.#named(words.follow, follow),
      this.#told,
    );

    const viewport = make('div', 'rows');
    viewport.tabIndex = 0;
    viewport.setAttribute('role', 'table');
    viewport.setAttribute('aria-label', label);
    viewport.addEventListener('scroll', () => {
      // Whoever scrolls up wants to read there.
      const atEnd = viewport.scrollTop + viewport.clientHeight >= viewport.scrollHeight - 2 * rowHeight;
      if (!atEnd && this.#follows && this.#rows.length > 0 && !this.#waiting) {
        this.#follows = false;
        follow.checked = false;
      }
      this.#soon();
    });
    const head = make('div', 'row head');
    head.setAttribute('role', 'row');
    head.setAttribute('aria-rowindex', '1');
    for (const title of words.columns) {
      const cell = make('span', '', title);
      cell.setAttribute('role', 'columnheader');
      head.append(cell);
    }
    this.#height = make('div', 'height');
    this.#height.setAttribute('role', 'rowgroup');
    this.#window = make('div', 'window');
    this.#window.setAttribute('role', 'presentation');
    this.#height.append(this.#window);
    const top = make('div', '');
    top.setAttribute('role', 'rowgroup');
    top.append(head);
    viewport.append(top, this.#height);
    this.#viewport = viewport;
    frame.append(bar, viewport);
    return frame;
  }

  #named(text: string, field: PageField): PageElement {
    const label = this.#page.document.createElement('label');
    label.append(`${text} `, field);
    return label;
  }

  #passes(index: number): boolean {
    const row = this.#rows[index] as LogRow;
    if (row.rank < this.#level) return false;
    if (this.#search === '') return true;
    this.#texts[index] ??= `${row.time} ${row.place} ${row.what} ${row.text}`.toLowerCase();
    return this.#texts[index].includes(this.#search);
  }

  #filter(): void {
    this.#shown = [];
    for (let index = 0; index < this.#rows.length; index++) if (this.#passes(index)) this.#shown.push(index);
    if (this.#viewport) this.#viewport.scrollTop = 0;
    this.#soon();
  }

  #soon(): void {
    if (this.#waiting) return;
    this.#waiting = true;
    this.#page.requestAnimationFrame(() => {
      this.#paint();
      this.#waiting = false;
    });
  }

  #paint(): void {
    const viewport = this.#viewport;
    const words = this.#words;
    if (!viewport || !words || !this.#height || !this.#window || !this.#told) return;
    const count = this.#shown.length;
    this.#height.style.setProperty('height', `${count * rowHeight}px`);
    viewport.setAttribute('aria-rowcount', String(count + 1));
    const told =
      this.#rows.length > 0 && count === 0
        ? words.none
        : words.shown.replace('{0}', String(count)).replace('{1}', String(this.#rows.length));
    if (this.#told.textContent !== told) this.#told.textContent = told;
    if (this.#follows && this.#level === 0 && this.#search === '') viewport.scrollTop = viewport.scrollHeight;
    const first = Math.max(0, Math.floor(viewport.scrollTop / rowHeight) - spare);
    const last = Math.min(count, first + Math.ceil(viewport.clientHeight / rowHeight) + 2 * spare);
    this.#window.style.setProperty('transform', `translateY(${first * rowHeight}px)`);
    const focused = this.#page.document.activeElement?.dataset.row;
    const rows: PageElement[] = [];
    for (let at = first; at < last; at++) rows.push(this.#row(at, words));
    this.#window.replaceChildren(...rows);
    if (focused !== undefined)
      this.#window.querySelector(`[data-row="${focused}"]`)?.focus({ preventScroll: true });
  }

  #row(at: number, words: LogWords): PageElement {
    const index = this.#shown[at] as number;
    const row = this.#rows[index] as LogRow;
    const { document } = this.#page;
    const line = document.createElement('div');
    line.className = `row ${row.tone}`;
    line.setAttribute('role', 'row');
    line.setAttribute('aria-rowindex', String(at + 2));
    const cell = (text: string) => {
      const element = document.createElement('span');
      element.setAttribute('role', 'cell');
      element.textContent = text;
      element.setAttribute('title', text);
      return element;
    };
    const place = cell(row.line === 0 ? row.place : '');
    if (row.line !== 0) {
      const open = document.createElement('button');
      open.setAttribute('type', 'button');
      open.setAttribute('aria-label', words.openLine.replace('{0}', row.place));
      open.className = 'link';
      open.dataset.row = String(index);
      open.textContent = row.place;
      open.addEventListener('click', () =>
        this.#act({ id: 'openLine', title: row.place, argument: String(row.line) }),
      );
      place.append(open);
    }
    line.append(cell(row.time), place, cell(row.what), cell(row.took), cell(row.text));
    return line;
  }
}
