// The script of every web page of this extension: takes messages, paints, and says what a person asks for. Knows nothing of runs.
import type { Page } from './dom.ts';
import { LogView } from './logView.ts';
import type { FromPage, PageAction, ToPage } from './model.ts';
import { Painter } from './painter.ts';

const page = globalThis as unknown as Page;
const host = page.acquireVsCodeApi();
const say = (message: FromPage) => host.postMessage(message);
const act = ({ id, argument }: PageAction) =>
  say({ kind: 'act', id, ...(argument === undefined ? {} : { argument }) });
const log = new LogView(page, act);
const painter = new Painter(page, log, act);

page.addEventListener('message', ({ data }) => {
  const message = data as ToPage;
  switch (message.kind) {
    case 'words':
      return log.setWords(message.log);
    case 'model':
      return painter.paint(message.model);
    case 'log':
      return log.take(message.from, message.rows);
    case 'picture':
      return painter.showPicture(message.png);
  }
});
say({ kind: 'ready' });
