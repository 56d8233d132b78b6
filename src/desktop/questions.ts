// What a flow asks the person at this session, as windows: each question in a thread of its own, because dialogs are served where they
// were made. Knows no flow and no other way to ask.
import { Worker } from 'node:worker_threads';
import { DesktopError } from './errors.ts';

/** As actions ask it: `options` are the buttons of a message, or the entries to choose from; `preset` what is proposed. */
export interface Question {
  readonly kind:
    | 'message'
    | 'input'
    | 'password'
    | 'choice'
    | 'choices'
    | 'date'
    | 'file'
    | 'files'
    | 'folder'
    | 'newFile';
  readonly title: string;
  readonly message: string;
  readonly icon?: 'info' | 'question' | 'warning' | 'error';
  readonly options?: readonly string[];
  readonly preset?: string;
  readonly multiline?: boolean;
  readonly filter?: string;
  readonly isTopMost?: boolean;
}

export interface Answer {
  readonly button: string;
  readonly values: readonly string[];
}

/** Shows the question; rejects with the signal's reason when that takes it back, and with DesktopError when it cannot be shown. */
export type Ask = (question: Question, signal: AbortSignal) => Promise<Answer>;

export type FromQuestionThread = { readonly answer: Answer } | { readonly failure: string };

/** `thread` is the file that runs there (`windows/questionThread.ts`, or what it was bundled into). */
export function questionsIn(thread: string | URL): Ask {
  return (question, signal) =>
    new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const worker = new Worker(thread, { workerData: question, name: 'question' });
      const takeBack = () => {
        worker.postMessage('close');
        reject(signal.reason);
      };
      signal.addEventListener('abort', takeBack, { once: true });
      const fail = (reason: string) =>
        reject(
          new DesktopError(
            'DesktopNotAvailable',
            `No window can be shown here: ${reason}`,
            'Run the flow in a session in which somebody is signed in.',
          ),
        );
      worker.on('message', (said: FromQuestionThread) =>
        'answer' in said ? resolve(said.answer) : fail(said.failure),
      );
      worker.on('error', (error) => fail(error.message));
      worker.on('exit', () => {
        signal.removeEventListener('abort', takeBack);
        fail('its thread has ended.');
      });
    });
}
