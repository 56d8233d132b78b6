// The desktop of one run: started when the first action asks for it, ended with the run.
import type { Desktop } from '../desktop/desktop.ts';
import { ActionError } from './action.ts';

export class DesktopOfRun {
  readonly #start: (() => Promise<Desktop>) | undefined;
  #started: Promise<Desktop> | undefined;

  /** `start` is undefined where there is no desktop. */
  constructor(start: (() => Promise<Desktop>) | undefined) {
    this.#start = start;
  }

  /** Throws ActionError `PlatformUnsupported` where there is none. One that could not be started is tried again by the next action. */
  readonly get = async (): Promise<Desktop> => {
    if (this.#start === undefined) {
      throw new ActionError(
        'PlatformUnsupported',
        'This action needs the desktop of a Windows session; the machine that runs this flow has none.',
        'Run the flow on a machine with Windows, such as one of a machine group.',
      );
    }
    this.#started ??= this.#start();
    try {
      return await this.#started;
    } catch (error) {
      this.#started = undefined;
      throw error;
    }
  };

  /** Never rejects: the run has ended as it has. */
  async dispose(): Promise<void> {
    const started = this.#started;
    this.#started = undefined;
    await started?.then((desktop) => desktop.dispose()).catch(() => {});
  }
}
