// What the meaning checks can say, beside the parser's messages in diagnostics.ts. A code never changes its meaning;
// docs/errors.md explains each. When a message applies is decided in check.ts.
import type { Problem } from '../diagnostics.ts';

/** A problem, and how grave it is in a copied fragment, whose other half may stand elsewhere (absent: the same). */
export interface Finding extends Problem {
  readonly inFragment?: Problem['severity'];
}

const error = (code: string, message: string): Finding => ({ code, severity: 'error', message });
const warning = (code: string, message: string): Finding => ({ code, severity: 'warning', message });
const unsupported = (code: string, message: string): Finding => ({ code, severity: 'unsupported', message });
/** Wrong in a whole flow; in a fragment the missing half may stand elsewhere. */
const incomplete = (code: string, message: string): Finding => ({
  ...error(code, message),
  inFragment: 'warning',
});

const didYouMean = (near: string | undefined): string =>
  near === undefined ? '' : ` Did you mean “${near}”?`;

/** Names of arguments are as people read them; `owner` begins a sentence, such as `“Copy file(s)”` or `The subflow “Prepare”`. */
export const meaningMessages = {
  // Actions. Some designer builds keep the rows of a paste with an unknown action, with errors; others refuse the whole paste.
  actionUnknown: (id: string, near?: string) =>
    error('ActionUnknown', `There is no action “${id}”.${didYouMean(near)}`),
  actionUnsupported: (displayName: string, id: string) =>
    unsupported('ActionUnsupported', `“${displayName}” (${id}) is not supported by this agent.`),
  actionRemoved: (id: string, build: string, newer?: string) =>
    warning(
      'ActionRemoved',
      `Newer designers (${build} on) refuse “${id}”.${newer === undefined ? '' : ` Its successor is “${newer}”.`}`,
    ),
  conditionAsStatement: (displayName: string) =>
    error(
      'ActionMisplaced',
      `“${displayName}” is a condition. It stands in brackets after IF, WAIT or LOOP WHILE.`,
    ),
  actionAsCondition: (displayName: string) =>
    error('ActionMisplaced', `“${displayName}” is no condition. It stands on a line of its own.`),
  argumentUnknown: (owner: string, name: string, near?: string) =>
    error('ArgumentUnknown', `${owner} has no argument “${name}”.${didYouMean(near)}`),
  argumentMissing: (owner: string, names: readonly string[]) =>
    error('ArgumentMissing', `${owner} needs a value for ${names.map((name) => `“${name}”`).join(', ')}.`),
  outputUnknown: (owner: string, name: string, near?: string) =>
    error('OutputUnknown', `${owner} has no output “${name}”.${didYouMean(near)}`),
  enumMemberUnknown: (type: string, member: string, near?: string) =>
    error('EnumMemberUnknown', `“${type}” has no member “${member}”.${didYouMean(near)}`),
  enumTypeWrong: (argument: string, expected: string, example: string) =>
    error('EnumTypeWrong', `“${argument}” takes a member of “${expected}”, such as ${expected}.${example}.`),
  enumNotQualified: (member: string, full: string) =>
    error('EnumNotQualified', `“${member}” must be written in full: ${full}.`),

  // Variables and expressions
  variableUnknown: (name: string, near?: string) =>
    incomplete(
      'VariableUnknown',
      `The variable “${name}” never gets a value in this flow.${didYouMean(near)}`,
    ),
  propertyUnknown: (type: string, property: string, known: readonly string[]) =>
    error('PropertyUnknown', `A ${type} has no property “${property}”. It has ${known.join(', ')}.`),
  functionUnsupported: (name: string, near?: string) =>
    unsupported(
      'FunctionUnsupported',
      `The function “${name}” is not supported by this agent.${didYouMean(near)}`,
    ),
  powerFxUnsupported: () =>
    unsupported('PowerFxUnsupported', 'Power Fx expressions are not supported by this agent.'),
  encryptedTextUnsupported: () =>
    unsupported(
      'EncryptedTextUnsupported',
      'Only the Windows account and machine that made this encrypted text can read it, so it is not supported by this agent. Use a sensitive input instead.',
    ),
  opaqueTextUnsupported: () =>
    unsupported(
      'OpaqueTextUnsupported',
      'The designer could not read this value either, so it is not supported by this agent. Write it anew.',
    ),
  uiElementUnsupported: () =>
    unsupported('UiElementUnsupported', 'UI elements are not supported by this agent.'),
  imageUnsupported: () => unsupported('ImageUnsupported', 'Images are not supported by this agent.'),

  // Subflows, labels, loops
  subflowUnknown: (name: string, near?: string) =>
    incomplete('SubflowUnknown', `There is no subflow “${name}”.${didYouMean(near)}`),
  subflowTwice: (name: string) =>
    error('SubflowTwice', `There are two subflows “${name}”. Rename one of them.`),
  subflowRecursion: (callee: string, caller: string) =>
    warning(
      'SubflowRecursion',
      callee.toLowerCase() === caller.toLowerCase()
        ? `“${callee}” calls itself. Make sure that it ends.`
        : `“${callee}” leads back to “${caller}”. Make sure that it ends.`,
    ),
  exitSubflowInMain: () =>
    incomplete(
      'ExitSubflowInMain',
      'EXIT FUNCTION returns from a subflow, and Main has nowhere to return to. Use EXIT to stop the flow.',
    ),
  labelUnknown: (name: string, near?: string) =>
    incomplete('LabelUnknown', `There is no label “${name}” in this subflow.${didYouMean(near)}`),
  labelTwice: (name: string) =>
    error('LabelTwice', `The label “${name}” stands twice in this subflow. Rename one of them.`),
  gotoInside: (name: string) =>
    error(
      'GotoInside',
      `The label “${name}” stands inside a loop or an error block, and GOTO cannot jump in from outside.`,
    ),
  loopExitOutside: (statement: string) =>
    incomplete('LoopExitOutside', `${statement} only works inside a loop.`),

  // Error handling
  handlerStatement: (allowed: string) =>
    error('HandlerStatement', `This statement is not allowed in error rules. Allowed are ${allowed}.`),
  handlerOnly: (statement: string, place: string) =>
    error('HandlerOnly', `${statement} only works inside ${place}.`),

  // Declarations
  parameterTwice: (name: string) =>
    error('ParameterTwice', `Another input or output is called “${name}” already. Rename one of them.`),
  defaultUnfit: (name: string, type: string) =>
    error(
      'DefaultUnfit',
      `The default of “${name}” must be a plain value of type ${type}, without variables.`,
    ),
};
