// What can be wrong with an Office file, or with what is asked of it. The action that was called gives it its error name.

/** `message` says what happened and where, `nextStep` what to do; the error name is the called action's. */
export class OfficeProblem extends Error {
  override readonly name = 'OfficeProblem';
  readonly nextStep: string;
  constructor(message: string, nextStep: string, options?: ErrorOptions) {
    super(message, options);
    this.nextStep = nextStep;
  }
}

/** The file is not what it should be; `what` completes "The file is damaged: ". */
export function damaged(what: string, options?: ErrorOptions): OfficeProblem {
  return new OfficeProblem(
    `The file is damaged: ${what}`,
    'Open it in Excel or Word and let it repair and save the file, or get a new copy.',
    options,
  );
}

/** Runs `work`, which reads the file at `path` but does not know it by its path; a problem then names it. */
export async function naming<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof OfficeProblem) || error.message.includes(path)) throw error;
    throw new OfficeProblem(`Cannot read "${path}". ${error.message}`, error.nextStep, { cause: error });
  }
}
