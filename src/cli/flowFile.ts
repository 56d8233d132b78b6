// Flows on disk for the command line: finding them in folders, reading and writing one in its own encoding, its diagnostics with
// line and column.
import { type Dirent, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { ProductError } from '../base/error.ts';
import { LineIndex } from '../base/text.ts';
import { writeWhole } from '../files/wholeFile.ts';
import { flowEnding } from '../interchange/fileNames.ts';
import { FlowModel } from '../language/analysis/model.ts';
import { noSurroundings, type Surroundings } from '../language/analysis/surroundings.ts';
import { type CheckOptions, check } from '../language/checks/check.ts';
import type { Diagnostic } from '../language/diagnostics.ts';
import { decodeFlow, encodeFlow, type FlowEncoding } from '../language/syntax/decode.ts';
import { parse } from '../language/syntax/parser.ts';
import type { FlowFile } from '../language/syntax/tree.ts';
import { maxFlowBytes } from '../protocol/agent.ts';
import { printable } from './terminal.ts';

export interface FlowOnDisk {
  /** As the user wrote it; `-` is the standard input. */
  readonly path: string;
  /** File name without ending. */
  readonly name: string;
  readonly encoding: FlowEncoding;
  readonly file: FlowFile;
}

export interface LoadedFlow extends FlowOnDisk {
  readonly model: FlowModel;
  readonly diagnostics: readonly PlacedDiagnostic[];
}

/** Lines and columns are 1-based; columns count UTF-16 units. */
export interface PlacedDiagnostic extends Diagnostic {
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
}

/** Throws ProductError `FlowNotFound`, `FlowUnreadable`, `FlowTooLarge` or the decoder's codes. */
export function readFlow(path: string): FlowOnDisk {
  const { text, encoding } = readFlowText(path);
  const name = path === '-' ? 'standard input' : basename(path, extname(path));
  return { path, name, encoding, file: parse(text) };
}

/** The text of a flow or of a file beside it. Throws what `readFlow` throws. */
export function readFlowText(path: string): ReturnType<typeof decodeFlow> {
  return decodeFlow(path === '-' ? readFileSync(0) : readBytes(path));
}

/** The flow with everything that can be said about it. Throws what `readFlow` throws. */
export function loadFlow(
  path: string,
  options: CheckOptions = {},
  surroundingsOf: (flow: FlowOnDisk) => Surroundings = () => noSurroundings,
): LoadedFlow {
  const flow = readFlow(path);
  return checkedFlow(flow, options, surroundingsOf(flow));
}

export function checkedFlow(flow: FlowOnDisk, options: CheckOptions, surroundings: Surroundings): LoadedFlow {
  const model = new FlowModel(flow.file, surroundings);
  const lines = new LineIndex(flow.file.text);
  const diagnostics = check(model, options).map((diagnostic): PlacedDiagnostic => {
    const start = lines.position(diagnostic.start);
    const end = lines.position(diagnostic.end);
    return {
      ...diagnostic,
      line: start.line + 1,
      column: start.character + 1,
      endLine: end.line + 1,
      endColumn: end.character + 1,
    };
  });
  return { ...flow, model, diagnostics };
}

function readBytes(path: string): Uint8Array {
  try {
    const info = statSync(path);
    if (info.isDirectory()) {
      throw new ProductError('FlowUnreadable', `${path} is a folder.`, 'Name a .robin file in it.');
    }
    if (info.size > maxFlowBytes) {
      const megabytes = (Math.ceil((info.size / 1024 / 1024) * 10) / 10).toFixed(1);
      throw new ProductError(
        'FlowTooLarge',
        `${path} has ${megabytes} MB; a flow may have ${maxFlowBytes / 1024 / 1024} MB.`,
        'Remove screenshots from the copied text (they are most of its size) or split the flow.',
      );
    }
    return readFileSync(path);
  } catch (error) {
    throw unreadable(path, error);
  }
}

function unreadable(path: string, error: unknown): ProductError {
  if (error instanceof ProductError) return error;
  const reason = (error as NodeJS.ErrnoException).code;
  if (reason === 'ENOENT') {
    return new ProductError(
      'FlowNotFound',
      `There is no file ${path}.`,
      'Check the path; it is relative to the current folder.',
    );
  }
  return new ProductError(
    'FlowUnreadable',
    `${path} cannot be read (${reason}).`,
    'Check its access rights.',
    {
      cause: error,
    },
  );
}

// ── Folders ─────────────────────────────────────────────────────────────────────────────────────────────────────

/** A file to look at, or why a path cannot be. */
export interface FoundPath {
  readonly path: string;
  readonly error?: ProductError;
}

const skipped: ReadonlySet<string> = new Set(['node_modules', '.git']);

/** The named files, and every `.robin` and `.pad` file in the named folders, in the order of their names; each once. */
export function flowPaths(paths: readonly string[]): FoundPath[] {
  const found = new Map<string, FoundPath>();
  const add = (path: string, error?: ProductError) => {
    if (!found.has(path)) found.set(path, error === undefined ? { path } : { path, error });
  };
  for (const path of paths) {
    if (path === '-' || !isFolder(path)) {
      add(path);
      continue;
    }
    const folders = [path];
    for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
      let entries: Dirent[];
      try {
        entries = readdirSync(folder, { withFileTypes: true });
      } catch (error) {
        add(folder, unreadable(folder, error));
        continue;
      }
      entries.sort((a, b) => (a.name < b.name ? -1 : 1));
      const inner: string[] = [];
      for (const entry of entries) {
        // A link to a folder is not followed: it may lead round in a circle.
        if (entry.isDirectory()) {
          if (!skipped.has(entry.name)) inner.push(join(folder, entry.name));
        } else if (flowEnding.test(entry.name) && (entry.isFile() || entry.isSymbolicLink())) {
          add(join(folder, entry.name));
        }
      }
      folders.push(...inner.toReversed());
    }
  }
  return [...found.values()];
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

// ── Writing ─────────────────────────────────────────────────────────────────────────────────────────────────────

/** Writes another text of a flow in its own encoding. Throws ProductError `FlowNotEncodable` or `FileNotWritable`. */
export function writeFlow({ path, encoding }: FlowOnDisk, text: string): void {
  writeWhole(path, encodeFlow(text, encoding));
}

// ── For people ──────────────────────────────────────────────────────────────────────────────────────────────────

const words = {
  dropsPaste: 'error',
  error: 'error',
  unsupported: 'unsupported',
  warning: 'warning',
  information: 'note',
  hint: 'hint',
} as const;

/** `path:line:column: error Code: message`. */
export function describeDiagnostic(path: string, diagnostic: PlacedDiagnostic): string {
  const note = diagnostic.severity === 'dropsPaste' ? ' (the designer would drop the whole paste)' : '';
  const place = `${path}:${diagnostic.line}:${diagnostic.column}`;
  return printable(
    `${place}: ${words[diagnostic.severity]} ${diagnostic.code}: ${diagnostic.message}${note}`,
  );
}
