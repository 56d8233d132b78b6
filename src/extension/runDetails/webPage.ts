// A web page of this extension on the side of the host: its document with the strictest rule it can live with, and its messages,
// checked. Shows whatever model it is given; sends nothing while the page is not there.
import { randomBytes } from 'node:crypto';
import { type Disposable, DisposableStore } from '../../base/disposable.ts';
import { Emitter } from '../../base/event.ts';
import type { VSCode, Webview } from '../vscode.ts';
import type { FromPage, LogRow, PageModel, ToPage } from './page/model.ts';
import { pageStyle } from './page/style.ts';
import { logWords } from './story.ts';

/** Rows of a log in one message. */
const rowsPerMessage = 5_000;

export interface PageAct {
  readonly id: string;
  readonly argument?: string;
}

export class WebPage implements Disposable {
  readonly #webview: Webview;
  readonly #disposables = new DisposableStore();
  readonly #acts = this.#disposables.add(new Emitter<PageAct>());
  readonly #ready = this.#disposables.add(new Emitter<void>());
  #isReady = false;

  /** What the person asked for. */
  readonly onAct = this.#acts.event;
  /** The page is there, or there again, and shows nothing yet. */
  readonly onReady = this.#ready.event;

  /** `script`: what dist/page.cjs contains. */
  constructor(vscode: VSCode, webview: Webview, script: string) {
    this.#webview = webview;
    webview.options = { enableScripts: true, localResourceRoots: [], enableCommandUris: false };
    this.#disposables.add(webview.onDidReceiveMessage((message: unknown) => this.#received(message)));
    webview.html = documentOf(script, vscode.env.language);
  }

  show(model: PageModel): void {
    this.#send({ kind: 'model', model });
  }

  /** Replaces the rows of the log after the first `from` ones. */
  showLog(from: number, rows: readonly LogRow[]): void {
    let at = from;
    do {
      const next = rows.slice(at, at + rowsPerMessage);
      this.#send({ kind: 'log', from: at, rows: next });
      at += next.length;
    } while (at < rows.length);
  }

  showPicture(png: string): void {
    this.#send({ kind: 'picture', png });
  }

  /** The page went out of sight: its document is gone, and comes back with `onReady`. */
  hidden(): void {
    this.#isReady = false;
  }

  dispose(): void {
    this.#isReady = false;
    this.#disposables.dispose();
  }

  #send(message: ToPage): void {
    if (this.#isReady) void this.#webview.postMessage(message);
  }

  #received(message: unknown): void {
    const { kind, id, argument } = (message ?? {}) as Partial<Extract<FromPage, { kind: 'act' }>> & {
      kind?: unknown;
    };
    if (kind === 'act' && typeof id === 'string')
      this.#acts.fire({ id, ...(typeof argument === 'string' ? { argument } : {}) });
    else if ((kind as unknown) === 'ready') {
      this.#isReady = true;
      this.#send({ kind: 'words', log: logWords() });
      this.#ready.fire();
    }
  }
}

/** Only the script and the style with this nonce, and pictures that are data: no request leaves the page. */
export function documentOf(
  script: string,
  language: string,
  nonce = randomBytes(18).toString('base64'),
): string {
  // Inside a script element only its own end tag and a comment's beginning mean anything.
  const code = script.replace(/<(?=\/script|!--)/gi, '\\x3C');
  return `<!DOCTYPE html>
<html lang="${/^[A-Za-z-]{2,20}$/.test(language) ? language : 'en'}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'nonce-${nonce}'; style-src 'nonce-${nonce}'; img-src data:; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Desktop Flows</title>
<style nonce="${nonce}">${pageStyle}</style>
</head>
<body><script nonce="${nonce}">${code}</script></body>
</html>`;
}
