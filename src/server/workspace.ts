// The open documents and what is known about the newest version of each. An edit is taken in by reading again only what it touched,
// once per burst of typing; meaning is found out when somebody asks. Keeps no knowledge of the protocol's features.
import { createHash } from 'node:crypto';
import {
  type CancellationToken,
  type Connection,
  DidChangeWatchedFilesNotification,
  type InitializeParams,
  LSPErrorCodes,
  ResponseError,
  type TextDocumentContentChangeEvent,
} from 'vscode-languageserver';
import type { TextDocument } from 'vscode-languageserver-textdocument';
import { type Clock, systemClock } from '../base/clock.ts';
import type { Disposable } from '../base/disposable.ts';
import { Emitter, type Event } from '../base/event.ts';
import { LineIndex, type Position } from '../base/text.ts';
import { FlowModel } from '../language/analysis/model.ts';
import type { Surroundings } from '../language/analysis/surroundings.ts';
import { type CheckOptions, check } from '../language/checks/check.ts';
import type { Diagnostic } from '../language/diagnostics.ts';
import { applyEdits, type TextEdit } from '../language/edits/edit.ts';
import { parse } from '../language/syntax/parser.ts';
import { type Change, reparse } from '../language/syntax/reparse.ts';
import type { FlowFile } from '../language/syntax/tree.ts';
import { maxFlowBytes } from '../protocol/agent.ts';
import { Project, watchedFiles } from './project.ts';
import { defaultSettings, type Settings } from './settings.ts';

/** What is known already about the text of an `Analysis`. */
interface Known {
  readonly lines?: LineIndex;
  readonly file?: FlowFile;
  readonly surroundings?: Surroundings;
  readonly rules?: CheckOptions['rules'];
  /** True once the document has changed: then the tree belongs to its next version. */
  readonly isOutdated?: () => boolean;
}

/**
 * One version of one document with its tree and its meaning; diagnostics and hash are computed when first asked for. When the
 * document changes its tree moves on to the next version in place, so of an outdated analysis only text and lines can be had.
 */
export class Analysis {
  readonly uri: string;
  readonly version: number;
  /** Different for every analysed version of every document, also after closing and opening again. */
  readonly id: string;
  readonly text: string;
  readonly lines: LineIndex;
  readonly #file: FlowFile;
  readonly #model: FlowModel;
  readonly #rules: CheckOptions['rules'];
  readonly #tooLarge: boolean;
  readonly #isOutdated: (() => boolean) | undefined;
  #diagnostics: readonly Diagnostic[] | undefined;
  #hash: string | undefined;

  constructor(document: Pick<TextDocument, 'uri' | 'version' | 'getText'>, id: string, known: Known = {}) {
    this.uri = document.uri;
    this.version = document.version;
    this.id = id;
    this.text = document.getText();
    this.lines = known.lines ?? new LineIndex(this.text);
    this.#tooLarge = isTooLarge(this.text);
    this.#file = known.file ?? parse(this.#tooLarge ? '' : this.text);
    this.#model = new FlowModel(this.#file, known.surroundings);
    this.#rules = known.rules;
    this.#isOutdated = known.isOutdated;
  }

  /**
   * Empty when the document is larger than an agent accepts: then nothing but that is reported about it.
   * @throws ResponseError `ContentModified` when the document has changed since.
   */
  get file(): FlowFile {
    this.mustBeNewest();
    return this.#file;
  }

  /** The meaning of `file`. Throws as `file` does. */
  get model(): FlowModel {
    this.mustBeNewest();
    return this.#model;
  }

  /**
   * Finds out the meaning step by step, and lets edits and cancellations pass in between: an edit ends it.
   * @throws ResponseError `RequestCancelled`, or `ContentModified` as `file` does.
   */
  async understand(token: CancellationToken): Promise<void> {
    if (this.#diagnostics !== undefined) return;
    for (const step of meaning) {
      step(this.model);
      await turnOfLoop();
      mustBeWanted(token);
    }
  }

  /** Everything that is wrong with the text: its syntax and its meaning. Throws as `file` does. */
  get diagnostics(): readonly Diagnostic[] {
    if (this.#diagnostics === undefined) {
      this.mustBeNewest();
      this.#diagnostics = this.#tooLarge
        ? [tooLarge(this.lines)]
        : check(this.#model, {
            // The agent that this editor starts is on the same machine; `needs` tells what another one could do.
            system: process.platform === 'win32' ? 'windows' : 'other',
            ...(this.#rules !== undefined && { rules: this.#rules }),
          });
    }
    return this.#diagnostics;
  }

  /** SHA-256 of the text as UTF-8, in hex. */
  get hash(): string {
    this.#hash ??= createHash('sha256').update(this.text).digest('hex');
    return this.#hash;
  }

  /** @throws ResponseError `ContentModified` when the document has changed since: whoever asked will ask again. */
  mustBeNewest(): void {
    if (this.#isOutdated?.() !== true) return;
    throw new ResponseError(LSPErrorCodes.ContentModified, 'The document has changed meanwhile.');
  }
}

/** What diagnostics are made from, in pieces of about the same size. */
const meaning: readonly ((model: FlowModel) => void)[] = [
  (model) => model.binding,
  (model) => model.types,
  (model) => model.sensitivity,
];

function turnOfLoop(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function mustBeWanted(token: CancellationToken): void {
  if (!token.isCancellationRequested) return;
  throw new ResponseError(LSPErrorCodes.RequestCancelled, 'The client no longer wants this answer.');
}

function isTooLarge(text: string): boolean {
  return text.length * 3 > maxFlowBytes && Buffer.byteLength(text) > maxFlowBytes;
}

function tooLarge(lines: LineIndex): Diagnostic {
  return {
    code: 'FlowTooLarge',
    severity: 'error',
    message: `This flow is larger than ${maxFlowBytes / 1024 / 1024} MB, the most a flow may have. It is not checked and cannot run. Split it into several flows, or remove the screenshots from its attachment.`,
    start: 0,
    end: lines.lineCount > 1 ? lines.offset({ line: 1, character: 0 }) : lines.length,
  };
}

/** How long typing must pause before the other flows of the workspace hear of an edit. */
const summaryDelayMs = 300;

/** Mirrors the client's open documents. */
export class Workspace {
  readonly #connection: Connection;
  readonly #clock: Clock;
  readonly #documents = new Map<string, Document>();
  readonly #summaries = new Map<string, Disposable>();
  readonly #changed = new Emitter<string>();
  readonly #closed = new Emitter<string>();
  readonly #settingsChanged = new Emitter<void>();
  readonly #initialised = new Emitter<InitializeParams>();
  readonly #reconsidered = new Emitter<readonly string[]>();
  #params: InitializeParams | undefined;
  #settings: Settings = defaultSettings;
  #analysed = 0;

  /** Every flow in the folders of the client. */
  readonly project: Project;
  /** The uri of a document that was opened or edited. */
  readonly onDidChange: Event<string> = this.#changed.event;
  /** The uri of a document that was closed. */
  readonly onDidClose: Event<string> = this.#closed.event;
  /** What the client said of itself when it started; fired once. */
  readonly onDidInitialise: Event<InitializeParams> = this.#initialised.event;
  readonly onDidChangeSettings: Event<void> = this.#settingsChanged.event;
  /** The uris of open documents whose text is as before, but whose diagnostics may not be: a setting or another file has changed. */
  readonly onDidReconsider: Event<readonly string[]> = this.#reconsidered.event;

  constructor(connection: Connection, clock: Clock = systemClock) {
    this.#connection = connection;
    this.#clock = clock;
    this.project = new Project((note) => connection.console.info(note));
    this.project.onDidChange((uris) => this.#reconsider([...uris]));
    connection.onDidOpenTextDocument(({ textDocument: { uri, version, text } }) => {
      this.#documents.set(uri, new Document(uri, version, text));
      this.#took(uri, 0);
    });
    connection.onDidChangeTextDocument(({ textDocument: { uri, version }, contentChanges }) => {
      const document = this.#documents.get(uri);
      if (document === undefined) return;
      document.change(version, contentChanges);
      this.#took(uri, summaryDelayMs);
    });
    connection.onDidCloseTextDocument(({ textDocument: { uri } }) => {
      this.#documents.delete(uri);
      this.#summaries.get(uri)?.dispose();
      this.#summaries.delete(uri);
      this.project.close(uri);
      this.#closed.fire(uri);
    });
  }

  initialise(params: InitializeParams, settings: Settings): void {
    this.#params = params;
    this.#settings = settings;
    this.#initialised.fire(params);
  }

  /** The client can be asked now: the index of its folders begins, in the background. */
  start(): void {
    const { workspaceFolders, rootUri, capabilities } = this.#params ?? {};
    const folders = workspaceFolders?.map(({ uri }) => uri) ?? (rootUri ? [rootUri] : []);
    this.project.changeFolders(folders);
    if (capabilities?.workspace?.didChangeWatchedFiles?.dynamicRegistration) {
      void this.#connection.client
        .register(DidChangeWatchedFilesNotification.type, {
          watchers: [...watchedFiles],
        })
        .catch((error) => this.#connection.console.warn(`Files are not watched: ${error}`));
    }
    this.#connection.onDidChangeWatchedFiles(({ changes }) =>
      this.project.filesChanged(changes.map(({ uri }) => uri)),
    );
    if (capabilities?.workspace?.workspaceFolders) {
      this.#connection.workspace.onDidChangeWorkspaceFolders(({ added, removed }) =>
        this.project.changeFolders(
          added.map(({ uri }) => uri),
          removed.map(({ uri }) => uri),
        ),
      );
    }
  }

  /** What is open is checked again by these settings when somebody asks. */
  useSettings(settings: Settings): void {
    const rules = JSON.stringify(this.#settings.rules);
    this.#settings = settings;
    this.#settingsChanged.fire();
    if (JSON.stringify(settings.rules) !== rules) this.#reconsider([...this.#documents.keys()]);
  }

  /**
   * What is known about the newest version of an open document, or undefined when it is not open. Edits and cancellations that have
   * already arrived are taken in first, so a burst of typing costs one analysis.
   * @throws ResponseError `RequestCancelled` when the client no longer wants the answer, `ContentModified` when the document has
   * changed since the client asked.
   */
  async analysis(uri: string, token: CancellationToken): Promise<Analysis | undefined> {
    const asked = this.#documents.get(uri);
    if (asked === undefined) return undefined;
    if (asked.analysis !== undefined) return asked.analysis;
    const { version } = asked;
    // The connection takes one message a turn of the loop, and may do so only after us.
    for (let turn = 0; turn < 2; turn++) await turnOfLoop();
    mustBeWanted(token);
    const document = this.#documents.get(uri);
    if (document === undefined) return undefined;
    if (document !== asked || document.version !== version) {
      throw new ResponseError(LSPErrorCodes.ContentModified, 'The document has changed meanwhile.');
    }
    return this.#analyse(document);
  }

  #analyse(document: Document): Analysis {
    const { version } = document;
    // What the flow imports must be known before its surroundings are.
    if (!document.isSummarised) this.#summarise(document);
    document.analysis ??= new Analysis(document, String(++this.#analysed), {
      isOutdated: () => document.version !== version,
      lines: document.lines,
      file: document.file(),
      surroundings: this.project.surroundingsOf(document.uri),
      rules: this.#settings.rules,
    });
    return document.analysis;
  }

  /** Opened or edited: others hear of it at once, the rest of the workspace when typing pauses. */
  #took(uri: string, delay: number): void {
    this.#changed.fire(uri);
    this.#summaries.get(uri)?.dispose();
    this.#summaries.set(
      uri,
      this.#clock.after(delay, () => {
        const document = this.#documents.get(uri);
        if (document !== undefined) this.#summarise(document);
      }),
    );
  }

  #summarise(document: Document): void {
    document.isSummarised = true;
    this.project.open(document.uri, document.file(), document.lines, () => document.getText());
  }

  #reconsider(uris: readonly string[]): void {
    const open = uris.filter((uri) => this.#documents.has(uri));
    // The tree is the same, so whoever still works with an old analysis may finish.
    for (const uri of open) (this.#documents.get(uri) as Document).analysis = undefined;
    if (open.length > 0) this.#reconsidered.fire(open);
  }
}

/** More edits than this at once are taken in as one. */
const mostSteps = 16;
/** Edits no farther apart than this are taken in as one. */
const nearby = 1_000;

interface Step {
  readonly text: string;
  readonly change: Change;
}

/** An open document: its text at once, its tree when it is asked for. */
class Document {
  readonly uri: string;
  version: number;
  lines: LineIndex;
  analysis: Analysis | undefined;
  /** Whether the project has heard of it. */
  isSummarised = false;
  #text: string;
  #file: FlowFile | undefined;
  /** What has happened to the text since `#file`, and the text after each step. Undefined: too much to tell. */
  #steps: Step[] | undefined = [];

  constructor(uri: string, version: number, text: string) {
    this.uri = uri;
    this.version = version;
    this.#text = text;
    this.lines = new LineIndex(text);
  }

  getText(): string {
    return this.#text;
  }

  /** The tree of the present text. */
  file(): FlowFile {
    if (isTooLarge(this.#text)) {
      this.#file = undefined;
      this.#steps = [];
      return parse('');
    }
    let file = this.#file;
    if (file !== undefined && this.#steps !== undefined) {
      for (const { text, change } of this.#steps) file = reparse(file, text, change);
    } else file = parse(this.#text);
    this.#file = file;
    this.#steps = [];
    return file;
  }

  change(version: number, changes: readonly TextDocumentContentChangeEvent[]): void {
    this.version = version;
    this.analysis = undefined;
    const edits = changes.map((change) => ('range' in change ? change : undefined));
    if (edits.length > 1 && edits.every((edit) => edit !== undefined) && isFromBottomUp(edits)) {
      this.#changeFromBottomUp(edits.map(({ range, text }) => ({ ...this.#span(range), text })));
      return;
    }
    for (const change of changes) {
      if ('range' in change) {
        const { start, end } = this.#span(change.range);
        this.#replace(start, end, change.text);
        this.lines = this.lines.edited(this.#text, start, end, start + change.text.length);
      } else {
        this.#text = change.text;
        this.lines = new LineIndex(change.text);
        this.#steps = undefined;
      }
    }
  }

  /** All edits mean the text as it is now, so its lines are counted once; many of them make one step. */
  #changeFromBottomUp(edits: readonly TextEdit[]): void {
    const start = (edits.at(-1) as TextEdit).start;
    const end = (edits[0] as TextEdit).end;
    const before = this.#text;
    if (edits.length <= mostSteps) for (const edit of edits) this.#replace(edit.start, edit.end, edit.text);
    else {
      const inner = edits.map((edit) => ({ ...edit, start: edit.start - start, end: edit.end - start }));
      // Of two insertions at one place, the one that came later stands in front.
      this.#replace(start, end, applyEdits(before.slice(start, end), inner.reverse()));
    }
    this.lines = this.lines.edited(this.#text, start, end, end + this.#text.length - before.length);
  }

  #span({ start, end }: { start: Position; end: Position }): { start: number; end: number } {
    const from = this.#offset(start);
    return { start: from, end: Math.max(from, this.#offset(end)) };
  }

  /** A line behind the last one means the end of the text. */
  #offset(position: Position): number {
    return position.line < this.lines.lineCount ? this.lines.offset(position) : this.lines.length;
  }

  #replace(start: number, oldEnd: number, inserted: string): void {
    this.#text = this.#text.slice(0, start) + inserted + this.#text.slice(oldEnd);
    if (this.#steps === undefined) return;
    const change = { start, oldEnd, newEnd: start + inserted.length };
    const last = this.#steps.at(-1);
    const merged = last === undefined ? undefined : together(last.change, change);
    if (merged !== undefined) this.#steps[this.#steps.length - 1] = { text: this.#text, change: merged };
    else this.#steps.push({ text: this.#text, change });
    if (this.#steps.length > mostSteps) this.#steps = undefined;
  }
}

function isFromBottomUp(edits: readonly { readonly range: { start: Position; end: Position } }[]): boolean {
  return edits.every((edit, index) => {
    const before = edits[index - 1]?.range.start;
    const { end } = edit.range;
    return (
      before === undefined ||
      end.line < before.line ||
      (end.line === before.line && end.character <= before.character)
    );
  });
}

/** One change that does what two do one after the other; undefined when they are far apart. */
function together(first: Change, second: Change): Change | undefined {
  if (second.start > first.newEnd + nearby || second.oldEnd < first.start - nearby) return undefined;
  return {
    start: Math.min(first.start, second.start),
    oldEnd: first.oldEnd + Math.max(0, second.oldEnd - first.newEnd),
    newEnd: Math.max(first.newEnd, second.oldEnd) + second.newEnd - second.oldEnd,
  };
}
