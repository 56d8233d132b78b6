// What the web pages of this extension (run details, history, flow monitor) show, as plain data: the host writes it, the page paints it,
// a download prints it. Texts are finished and foreign ones are data like any other: nothing here is markup.

/** How a word is meant. The word itself always says it too. */
export type Tone = 'plain' | 'good' | 'bad' | 'warn' | 'active' | 'quiet';

/** Something a person can ask for. `id` is understood by the host; `argument` goes back to it as it is. */
export interface PageAction {
  readonly id: string;
  readonly title: string;
  /** What a screen reader says where the title alone does not tell what it is about. */
  readonly label?: string;
  readonly argument?: string;
}

export interface Cell {
  readonly text: string;
  readonly tone?: Tone;
  readonly action?: PageAction;
}

/** One bar: parts beside each other, each a share (0 to 1) of the whole width. */
export interface Bar {
  readonly label: string;
  readonly parts: readonly { readonly share: number; readonly tone: Tone; readonly text: string }[];
  /** What the bar says, in words. */
  readonly text: string;
}

export type Block =
  | { readonly kind: 'facts'; readonly rows: readonly { readonly label: string; readonly value: Cell }[] }
  | { readonly kind: 'text'; readonly text: string; readonly tone?: Tone; readonly fixed?: boolean }
  | { readonly kind: 'actions'; readonly actions: readonly PageAction[] }
  | {
      readonly kind: 'table';
      readonly caption: string;
      readonly columns: readonly { readonly title: string; readonly numeric?: boolean }[];
      readonly rows: readonly (readonly Cell[])[];
    }
  /** A drawing; the same facts follow as words or as a table. */
  | { readonly kind: 'bars'; readonly label: string; readonly bars: readonly Bar[] }
  /** The picture that came last with `picture`. */
  | { readonly kind: 'picture'; readonly alt: string; readonly width: number; readonly height: number }
  /** The rows that came with `log`. */
  | { readonly kind: 'log'; readonly label: string };

export interface Section {
  readonly id: string;
  readonly title: string;
  readonly blocks: readonly Block[];
}

export interface PageModel {
  readonly title: string;
  readonly state?: Cell;
  /** What a screen reader says when it changes; absent: the state. */
  readonly spoken?: string;
  readonly actions: readonly PageAction[];
  readonly sections: readonly Section[];
}

/**
 * One row of a log. `rank`: up to which of the log levels it is kept, 0 (only in the fullest) to 4 (in all). `line`: 1-based line of the
 * run's own flow, 0 when it belongs to none or to another flow.
 */
export interface LogRow {
  readonly rank: number;
  readonly tone: Tone;
  readonly time: string;
  readonly place: string;
  readonly line: number;
  readonly what: string;
  readonly took: string;
  readonly text: string;
}

/** Words of the log's controls, in the language of the window. */
export interface LogWords {
  readonly level: string;
  /** By rank: what is shown from it on. */
  readonly levels: readonly string[];
  readonly search: string;
  /** `{0}` of `{1}`. */
  readonly shown: string;
  readonly none: string;
  readonly follow: string;
  readonly columns: readonly [time: string, place: string, what: string, took: string, text: string];
  /** `{0}` is the place. */
  readonly openLine: string;
}

export type ToPage =
  | { readonly kind: 'model'; readonly model: PageModel }
  | { readonly kind: 'words'; readonly log: LogWords }
  /** `from`: how many rows stay; those after them are replaced by `rows`. */
  | { readonly kind: 'log'; readonly from: number; readonly rows: readonly LogRow[] }
  /** A PNG in Base64. */
  | { readonly kind: 'picture'; readonly png: string };

export type FromPage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'act'; readonly id: string; readonly argument?: string };
