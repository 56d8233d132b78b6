// The thread that shows one question as a window and tells how it was answered. Entry of its own.
import { parentPort, workerData } from 'node:worker_threads';
import { chooseFiles, chooseFolder, type DialogField, showDialog } from '../../win32/dialogs.ts';
import { useScreenPixels } from '../../win32/screen.ts';
import type { Answer, FromQuestionThread, Question } from '../questions.ts';

const okCancel = ['OK', 'Cancel'];
const closed = new AbortController();
const port = parentPort;
if (port !== null) {
  port.once('message', () => closed.abort());
  show(workerData as Question)
    .then(
      (answer): FromQuestionThread => ({ answer }),
      (error: unknown): FromQuestionThread => ({
        failure: error instanceof Error ? error.message : String(error),
      }),
    )
    .then((said) => {
      port.postMessage(said);
      port.close();
    });
}

async function show(question: Question): Promise<Answer> {
  useScreenPixels();
  const { kind, title, preset = '', isTopMost = false } = question;
  const answered = (values: readonly string[]): Answer =>
    values.length === 0 ? { button: 'Cancel', values: [] } : { button: 'OK', values };
  if (kind === 'folder') {
    const path = await chooseFolder({ title, folder: preset, isTopMost }, closed.signal);
    return answered(path === undefined ? [] : [path]);
  }
  if (kind === 'file' || kind === 'files' || kind === 'newFile') {
    const how = ({ file: 'open', files: 'openSeveral', newFile: 'save' } as const)[kind];
    const { filter = '' } = question;
    return answered(
      await chooseFiles({ title, folder: preset, filter, kind: how, isTopMost }, closed.signal),
    );
  }
  const buttons =
    kind === 'message' && question.options?.length
      ? question.options
      : kind === 'message'
        ? ['OK']
        : okCancel;
  const field = fieldOf(question);
  // The cross of a window with one button presses it.
  const cancel = buttons.length === 1 ? 0 : buttons.indexOf('Cancel');
  const result = await showDialog(
    {
      title,
      message: question.message,
      buttons,
      initial: kind === 'message' ? Math.max(0, buttons.indexOf(preset)) : 0,
      isTopMost,
      ...(cancel >= 0 && { cancel }),
      ...(question.icon !== undefined && { icon: question.icon }),
      ...(field !== undefined && { field }),
    },
    closed.signal,
  );
  const button = buttons[result?.button ?? 0] ?? 'OK';
  return { button, values: button === 'Cancel' ? [] : (result?.values ?? []) };
}

function fieldOf({ kind, options = [], preset = '', multiline }: Question): DialogField | undefined {
  switch (kind) {
    case 'password':
      return { kind: 'text', text: '', style: 'password' };
    case 'input':
      return options.length > 0
        ? { kind: 'proposals', text: preset, options }
        : { kind: 'text', text: preset, style: multiline === true ? 'lines' : 'line' };
    case 'choice':
    case 'choices': {
      const wanted = kind === 'choice' ? [preset] : preset.split('\n');
      const chosen = options.flatMap((option, index) => (wanted.includes(option) ? [index] : []));
      return { kind: 'list', options, chosen, isMultiple: kind === 'choices' };
    }
    case 'date':
      return { kind: 'date', text: preset };
    default:
      return undefined;
  }
}
