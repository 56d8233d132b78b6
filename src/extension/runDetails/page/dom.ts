// The part of the browser that the pages use, as types. What turns text into markup (innerHTML and its kind) is missing on purpose:
// foreign text can only become text.

export interface PageElement {
  readonly dataset: Record<string, string | undefined>;
  readonly style: { setProperty(name: string, value: string): void };
  readonly children: ArrayLike<PageElement>;
  readonly clientHeight: number;
  readonly scrollHeight: number;
  id: string;
  className: string;
  textContent: string | null;
  tabIndex: number;
  scrollTop: number;
  hidden: boolean;
  setAttribute(name: string, value: string): void;
  append(...nodes: (PageElement | string)[]): void;
  replaceChildren(...nodes: PageElement[]): void;
  replaceWith(node: PageElement): void;
  remove(): void;
  focus(options?: { preventScroll: boolean }): void;
  querySelector(selector: string): PageElement | null;
  addEventListener(event: string, listener: (event: PageEvent) => void): void;
}

export interface PageField extends PageElement {
  type: string;
  value: string;
  placeholder: string;
  checked: boolean;
}

export interface PagePicture extends PageElement {
  src: string;
  alt: string;
  width: number;
  height: number;
}

export interface PageEvent {
  readonly data?: unknown;
  readonly key?: string;
  preventDefault(): void;
}

export interface Page {
  readonly document: {
    readonly body: PageElement;
    readonly activeElement: PageElement | null;
    title: string;
    createElement(tag: 'input' | 'select' | 'option'): PageField;
    createElement(tag: 'img'): PagePicture;
    createElement(tag: string): PageElement;
    createElementNS(space: string, tag: string): PageElement;
  };
  addEventListener(event: 'message' | 'resize', listener: (event: PageEvent) => void): void;
  requestAnimationFrame(action: () => void): void;
  acquireVsCodeApi(): { postMessage(message: unknown): void };
}
