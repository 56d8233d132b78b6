// Files that a link of a page leads to. The browser saves them in a folder of its own first, so that only complete files appear where
// the flow wants them.
import { copyFile, mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, extname, join } from 'node:path';
import type { CDPSession } from 'playwright-core';
import { type ActionContext, type ActionDefinition, ActionError } from '../../action.ts';
import { exists, fileValue } from '../fileSystem.ts';
import { notFoundCode, onElement, tabOf } from './conduct.ts';
import { targetOf } from './locate.ts';
import { pageFunction } from './pageScript.ts';
import { lookEvery } from './tab.ts';
import { Deadline, delay } from './waiting.ts';

const downloadError = 'DownloadFileError';

/** A server may take this long until it begins to send (seconds); there is no limit while something arrives. */
const startSeconds = 60;

interface Download {
  id: string;
  name: string;
  received: number;
  state: 'inProgress' | 'completed' | 'canceled';
}

/** Follows the next download of a browser; `stop` gives downloads back to the browser. */
async function follow(session: CDPSession, folder: string) {
  const download: Download = { id: '', name: '', received: 0, state: 'inProgress' };
  const begins = (event: { guid: string; suggestedFilename: string }) => {
    if (download.id === '') Object.assign(download, { id: event.guid, name: event.suggestedFilename });
  };
  const goesOn = (event: { guid: string; receivedBytes: number; state: Download['state'] }) => {
    if (event.guid === download.id)
      Object.assign(download, { received: event.receivedBytes, state: event.state });
  };
  session.on('Browser.downloadWillBegin', begins);
  session.on('Browser.downloadProgress', goesOn);
  await session.send('Browser.setDownloadBehavior', {
    behavior: 'allowAndName',
    downloadPath: folder,
    eventsEnabled: true,
  });
  return {
    download,
    async stop() {
      session.off('Browser.downloadWillBegin', begins);
      session.off('Browser.downloadProgress', goesOn);
      if (download.id !== '' && download.state === 'inProgress')
        await session.send('Browser.cancelDownload', { guid: download.id }).catch(() => {});
      await session.send('Browser.setDownloadBehavior', { behavior: 'default' }).catch(() => {});
    },
  };
}

async function arrived(download: Download, context: ActionContext): Promise<void> {
  let deadline = new Deadline(context.host.clock, startSeconds);
  let received = -1;
  while (download.state !== 'completed') {
    if (download.state === 'canceled') throw failure('the download was canceled or the server broke it off');
    if (deadline.isOver) {
      throw failure(
        download.id === ''
          ? `no file came within ${startSeconds} seconds`
          : `nothing came for ${startSeconds} seconds`,
      );
    }
    await delay(context, lookEvery);
    if (download.received === received) continue;
    received = download.received;
    deadline = new Deadline(context.host.clock, startSeconds);
  }
}

const failure = (reason: string): ActionError =>
  new ActionError(
    downloadError,
    `The file could not be downloaded: ${reason}.`,
    'See whether the element downloads a file when you click it by hand.',
  );

/** Puts a complete file where it belongs; a file that is there already stays, and the new one is numbered. */
async function keep(file: string, name: string, folder: string): Promise<string> {
  const plain = basename(name.replaceAll('\\', '/')) || 'download';
  try {
    let path = join(folder, plain);
    for (let number = 1; await exists(path); number++) {
      const ending = extname(plain);
      path = join(folder, `${plain.slice(0, plain.length - ending.length)} (${number})${ending}`);
    }
    await rename(file, path).catch(() => copyFile(file, path)); // another disk
    return path;
  } catch (error) {
    throw new ActionError(
      'SaveFileError',
      `The file ${plain} could not be saved in ${folder} (${(error as Error).message}).`,
      'Check that your account may write there and that the disk has room.',
      { cause: error },
    );
  }
}

export const downloadActions: readonly ActionDefinition[] = [
  {
    id: 'WebAutomation.ClickDownloadLink',
    async run(args, context) {
      const tab = tabOf(args);
      const target = targetOf(args, context, notFoundCode);
      const folder = args.path('DestinationFolder');
      await requireFolder(folder);
      const own = await mkdtemp(join(tmpdir(), 'desktop-flows-download-'));
      const conduct = {
        code: 'ClickUIElementError',
        dialog: 'leave',
        pageSeconds: undefined,
        missing: notFoundCode,
      } as const;
      try {
        const { download, stop } = await follow(tab.connection.root, own);
        try {
          await onElement(tab, target, context, conduct, (locator, left) =>
            locator.evaluate(pageFunction<void>('press'), 'LeftClick', { timeout: left() }),
          );
          await arrived(download, context);
        } finally {
          await stop();
        }
        const [file = download.id] = await readdir(own);
        const path = await keep(join(own, file), download.name, folder);
        return { outputs: { DownloadedFile: await fileValue(path) } };
      } finally {
        await rm(own, { recursive: true, force: true });
      }
    },
  },
];

async function requireFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    if ((await stat(folder)).isDirectory()) return;
  } catch (error) {
    throw new ActionError(
      'SaveFileError',
      `The folder ${folder} cannot be used (${(error as Error).message}).`,
      'Choose a folder that your account may write.',
      { cause: error },
    );
  }
}
