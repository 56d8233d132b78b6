// What can be wrong with a workbook or with what is asked of it. The action that was called gives it its error name.

/** `message` says what happened and where, `nextStep` what to do; the action's own error name is added by actions.ts. */
export class WorkbookProblem extends Error {
  override readonly name = 'WorkbookProblem';
  readonly nextStep: string;
  constructor(message: string, nextStep: string, options?: ErrorOptions) {
    super(message, options);
    this.nextStep = nextStep;
  }
}

/** The file is not what it should be; `what` completes "The workbook is damaged: ". */
export function damaged(what: string, options?: ErrorOptions): WorkbookProblem {
  return new WorkbookProblem(
    `The workbook is damaged: ${what}`,
    'Open the file in Excel and let it repair and save the file, or get a new copy.',
    options,
  );
}
