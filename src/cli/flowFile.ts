// Reads a flow from disk for the command line: size, encoding, diagnostics with file:line:column.
import { readFileSync, statSync } from 'node:fs';
import { basename, extname } from 'node:path';
import { ProductError } from '../base/error.ts';
import { LineIndex } from '../base/text.ts';
import { check } from '../language/checks/check.ts';
import type { Diagnostic } from '../language/diagnostics.ts';
import { decodeFlow } from '../language/syntax/decode.ts';
import { parse } from '../language/syntax/parser.ts';
import type { FlowFile } from '../language/syntax/tree.ts';
import { maxFlowBytes } from '../protocol/agent.ts';

export interface LoadedFlow {
  /** As the user wrote it. */
  readonly path: string;
  /** File name without ending. */
  readonly name: string;
  readonly file: FlowFile;
  readonly diagnostics: readonly PlacedDiagnostic[];
}

/** `line` and `column` are 1-based. */
export interface PlacedDiagnostic extends Diagnostic {
  readonly line: number;
  readonly column: number;
}

/** Throws ProductError `FlowNotFound`, `FlowUnreadable`, `FlowTooLarge` or the decoder's codes. */
export function loadFlow(path: string): LoadedFlow {
  const { text } = decodeFlow(readBytes(path));
  const file = parse(text);
  const lines = new LineIndex(text);
  const diagnostics = check(file).map((diagnostic) => {
    const { line, character } = lines.position(diagnostic.start);
    return { ...diagnostic, line: line + 1, column: character + 1 };
  });
  return { path, name: basename(path, extname(path)), file, diagnostics };
}

function readBytes(path: string): Uint8Array {
  try {
    const info = statSync(path);
    if (info.isDirectory()) {
      throw new ProductError('FlowUnreadable', `${path} is a folder.`, 'Name a .robin file in it.');
    }
    if (info.size > maxFlowBytes) {
      const megabytes = (info.size / 1024 / 1024).toFixed(0);
      throw new ProductError(
        'FlowTooLarge',
        `${path} has ${megabytes} MB; a flow may have ${maxFlowBytes / 1024 / 1024} MB.`,
        'Remove screenshots from the copied text (they are most of its size) or split the flow.',
      );
    }
    return readFileSync(path);
  } catch (error) {
    if (error instanceof ProductError) throw error;
    const reason = (error as NodeJS.ErrnoException).code;
    if (reason === 'ENOENT') {
      throw new ProductError(
        'FlowNotFound',
        `There is no file ${path}.`,
        'Check the path; it is relative to the current folder.',
      );
    }
    throw new ProductError(
      'FlowUnreadable',
      `${path} cannot be read (${reason}).`,
      'Check its access rights.',
      { cause: error },
    );
  }
}

const words = {
  dropsPaste: 'error',
  error: 'error',
  unsupported: 'unsupported',
  warning: 'warning',
} as const;

/** `path:line:column: error Code: message`. */
export function describeDiagnostic(path: string, diagnostic: PlacedDiagnostic): string {
  const note = diagnostic.severity === 'dropsPaste' ? ' (the designer would drop the whole paste)' : '';
  return `${path}:${diagnostic.line}:${diagnostic.column}: ${words[diagnostic.severity]} ${diagnostic.code}: ${diagnostic.message}${note}`;
}
