// Addresses of documents, and which document a run belongs to: the path it was requested with, and the hash of the text it ran.
import { createHash } from 'node:crypto';
import type { TextDocument, Uri, VSCode } from './vscode.ts';

/** What a run of this document carries as `flow.path`: the file's path, or the address of a document that has no file. */
export const pathOf = (uri: Uri): string => (uri.scheme === 'file' ? uri.fsPath : uri.toString());

/** The document's address from a run's `flow.path`. */
export const uriOf = (vscode: VSCode, path: string): Uri =>
  /^[a-z][a-z0-9+.-]+:/.test(path) ? vscode.Uri.parse(path, true) : vscode.Uri.file(path);

/** Whether a command was called with the address of a document; rows and pages call them with other things. */
export const isUri = (target: unknown): target is Uri =>
  typeof target === 'object' && target !== null && 'scheme' in target && 'path' in target;

/** The last part of the path, with its ending. */
export const fileName = (uri: Uri): string => uri.path.slice(uri.path.lastIndexOf('/') + 1);

const hashes = new WeakMap<TextDocument, { readonly version: number; readonly hash: string }>();

/** SHA-256 of the document's text, hex, as in `run.flow.hash`. Computed once per version. */
export function hashOf(document: TextDocument): string {
  const known = hashes.get(document);
  if (known?.version === document.version) return known.hash;
  const hash = createHash('sha256').update(document.getText(), 'utf8').digest('hex');
  hashes.set(document, { version: document.version, hash });
  return hash;
}
