// The open documents and what is known about each of their versions. Parses and checks at most once per version; keeps no
// knowledge of the protocol's features.
import { createHash } from 'node:crypto';
import {
  type CancellationToken,
  type Connection,
  LSPErrorCodes,
  ResponseError,
  TextDocuments,
} from 'vscode-languageserver';
import { TextDocument } from 'vscode-languageserver-textdocument';
import type { Event } from '../base/event.ts';
import { Emitter } from '../base/event.ts';
import { LineIndex } from '../base/text.ts';
import { check } from '../language/checks/check.ts';
import type { Diagnostic } from '../language/diagnostics.ts';
import { parse } from '../language/syntax/parser.ts';
import type { FlowFile } from '../language/syntax/tree.ts';
import { maxFlowBytes } from '../protocol/agent.ts';

/** One version of one document with its tree. Immutable; diagnostics and hash are computed when first asked for. */
export class Analysis {
  readonly uri: string;
  readonly version: number;
  /** Different for every analysed version of every document, also after closing and opening again. */
  readonly id: string;
  readonly text: string;
  readonly lines: LineIndex;
  /** Empty when the document is larger than an agent accepts: then nothing but that is reported about it. */
  readonly file: FlowFile;
  readonly #tooLarge: boolean;
  #diagnostics: readonly Diagnostic[] | undefined;
  #hash: string | undefined;

  constructor(document: TextDocument, id: string) {
    this.uri = document.uri;
    this.version = document.version;
    this.id = id;
    this.text = document.getText();
    this.lines = new LineIndex(this.text);
    this.#tooLarge = Buffer.byteLength(this.text) > maxFlowBytes;
    this.file = parse(this.#tooLarge ? '' : this.text);
  }

  /** Everything that is wrong with the text: its syntax and its meaning. */
  get diagnostics(): readonly Diagnostic[] {
    this.#diagnostics ??= this.#tooLarge ? [tooLarge(this.lines)] : check(this.file);
    return this.#diagnostics;
  }

  /** SHA-256 of the text as UTF-8, in hex. */
  get hash(): string {
    this.#hash ??= createHash('sha256').update(this.text).digest('hex');
    return this.#hash;
  }
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

/** Mirrors the client's open documents. */
export class Workspace {
  readonly #documents = new TextDocuments(TextDocument);
  readonly #analyses = new Map<string, Analysis>();
  readonly #changed = new Emitter<string>();
  readonly #closed = new Emitter<string>();
  #analysed = 0;

  /** The uri of a document that was opened or edited. */
  readonly onDidChange: Event<string> = this.#changed.event;
  /** The uri of a document that was closed. */
  readonly onDidClose: Event<string> = this.#closed.event;

  constructor(connection: Connection) {
    this.#documents.onDidChangeContent(({ document }) => this.#changed.fire(document.uri));
    this.#documents.onDidClose(({ document }) => {
      this.#analyses.delete(document.uri);
      this.#closed.fire(document.uri);
    });
    this.#documents.listen(connection);
  }

  /**
   * What is known about the newest version of an open document, or undefined when it is not open. Edits and cancellations
   * that have already arrived are taken in first, so a burst of typing costs one analysis.
   * @throws ResponseError `RequestCancelled` when the client no longer wants the answer.
   */
  async analysis(uri: string, token: CancellationToken): Promise<Analysis | undefined> {
    let seen: number | undefined;
    for (;;) {
      const document = this.#documents.get(uri);
      if (!document) return undefined;
      const known = this.#analyses.get(uri);
      if (known?.version === document.version) return known;
      if (seen === document.version) return this.#analyse(document);
      seen = document.version;
      await new Promise((resolve) => setImmediate(resolve));
      if (token.isCancellationRequested) {
        throw new ResponseError(LSPErrorCodes.RequestCancelled, 'The client no longer wants this answer.');
      }
    }
  }

  #analyse(document: TextDocument): Analysis {
    const analysis = new Analysis(document, String(++this.#analysed));
    this.#analyses.set(document.uri, analysis);
    return analysis;
  }
}
