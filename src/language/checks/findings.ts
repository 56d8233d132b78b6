// What the checks of meaning can say, beside the parser's messages in diagnostics.ts and the rules in lint/. A code never changes
// its meaning; each has a page in docs/diagnostics. When a message applies is decided by the other files of this folder.
import type { NeededSystem } from '../catalog/catalog.ts';
import type { Diagnostic, Problem } from '../diagnostics.ts';
import { type RuleCode, ruleOf } from './lint/rules.ts';

/** A problem without its place. Its severity may still change (see report.ts). */
export type Finding = Problem & Pick<Diagnostic, 'suggestion' | 'rule' | 'needs'>;

/** A finding at a node. The node moves with the text, so this stays right when text before it changes. */
export interface Found {
  readonly at: { readonly start: number; readonly end: number };
  readonly finding: Finding;
}

const drop = (code: string, message: string): Finding => ({ code, severity: 'dropsPaste', message });
const unsupported = (code: string, message: string): Finding => ({ code, severity: 'unsupported', message });
const error = (code: string, message: string, suggestion?: string): Finding => ({
  code,
  severity: 'error',
  message: suggestion === undefined ? message : `${message} Did you mean “${suggestion}”?`,
  ...(suggestion === undefined ? {} : { suggestion }),
});

/** A finding of a rule. Its severity is that of the rule (see report.ts). */
export function rule(code: RuleCode, message: string, suggestion?: string): Finding {
  const usual = ruleOf(code)?.default ?? 'hint';
  return {
    code,
    severity: usual === 'off' ? 'hint' : usual,
    message,
    rule: true,
    ...(suggestion === undefined ? {} : { suggestion }),
  };
}

const systemNames: Readonly<Record<NeededSystem, string>> = { windows: 'Windows' };

const quoted = (names: readonly string[]): string => names.map((name) => `“${name}”`).join(', ');

/** Nobody reads a list of thirty names in a message. */
const shortened = (names: readonly string[]): string =>
  names.length <= 8 ? names.join(', ') : `${names.slice(0, 8).join(', ')} and ${names.length - 8} more`;

/** Names of arguments are as people read them; `owner` begins a sentence, such as `“Copy file(s)”` or `The subflow “Prepare”`. */
export const meaningMessages = {
  // Actions. Some designer builds keep the rows of a paste with an unknown action, with errors; others refuse the whole paste.
  actionUnknown: (id: string, near?: string) => error('ActionUnknown', `There is no action “${id}”.`, near),
  actionOfTests: (id: string) =>
    error('ActionUnknown', `“${id}” is for tests: only files named *.test.robin know it.`),
  actionUnsupported: (displayName: string, id: string) =>
    unsupported('ActionUnsupported', `“${displayName}” (${id}) is not supported by this agent.`),
  actionNeedsSystem: (displayName: string, id: string, needs: NeededSystem): Finding => ({
    ...unsupported(
      'ActionUnsupported',
      `“${displayName}” (${id}) is not supported by this agent: it needs ${systemNames[needs]}.`,
    ),
    needs,
  }),
  actionRemoved: (id: string, build: string, newer?: string) =>
    rule(
      'ActionRemoved',
      `Newer designers (${build} on) refuse “${id}”.${newer === undefined ? '' : ` Its successor is “${newer}”.`}`,
      newer,
    ),
  actionOlder: (id: string, newer: string) =>
    rule('ActionOlder', `“${id}” is an older id. Today it is “${newer}”.`, newer),
  conditionAsStatement: (displayName: string) =>
    error(
      'ActionMisplaced',
      `“${displayName}” is a condition. It stands in brackets after IF, WAIT or LOOP WHILE.`,
    ),
  actionAsCondition: (displayName: string) =>
    error('ActionMisplaced', `“${displayName}” is no condition. It stands on a line of its own.`),
  argumentUnknown: (owner: string, name: string, near?: string) =>
    error('ArgumentUnknown', `${owner} has no argument “${name}”.`, near),
  argumentMissing: (owner: string, names: readonly string[]) =>
    error('ArgumentMissing', `${owner} needs a value for ${quoted(names)}.`),
  outputUnknown: (owner: string, name: string, near?: string) =>
    error('OutputUnknown', `${owner} has no output “${name}”.`, near),
  enumUnknown: (type: string, near?: string) =>
    error('EnumUnknown', `There is no choice of values “${type}”.`, near),
  enumMemberUnknown: (type: string, member: string, near?: string) =>
    error('EnumMemberUnknown', `“${type}” has no member “${member}”.`, near),
  enumTypeWrong: (argument: string, expected: string, example: string): Finding => ({
    ...error(
      'EnumTypeWrong',
      `“${argument}” takes a member of “${expected}”, such as ${expected}.${example}.`,
    ),
  }),
  enumNotQualified: (member: string, full: string): Finding => ({
    ...error('EnumNotQualified', `“${member}” must be written in full: ${full}.`),
    suggestion: full,
  }),
  metaMisplaced: () =>
    drop('MetaMisplaced', 'A line that starts with @@ describes an action, but below it no action follows.'),

  // Variables and expressions
  variableUnknown: (name: string, near?: string) =>
    error('VariableUnknown', `The variable “${name}” never gets a value in this flow.`, near),
  propertyUnknown: (type: string, property: string, known: readonly string[], near?: string) =>
    error(
      'PropertyUnknown',
      known.length === 0
        ? `A value of type ${type} has no properties, so it has no “${property}”.`
        : `A value of type ${type} has no property “${property}”. It has ${shortened(known)}.`,
      near,
    ),
  functionUnknown: (name: string, near?: string) =>
    error('FunctionUnknown', `There is no function “${name}”.`, near),
  functionArguments: (name: string, least: number, most: number, given: number) =>
    error(
      'FunctionArguments',
      `“${name}” takes ${least === most ? least : `${least} to ${most}`} values in its brackets, not ${given}.`,
    ),
  powerFxFunction: (name: string) =>
    unsupported('PowerFxUnsupported', `The Power Fx function “${name}” is not supported by this agent.`),
  powerFxUnread: (reason: string) =>
    unsupported('PowerFxUnsupported', `This agent cannot read this Power Fx: ${reason}`),
  powerFxSpelling: (name: string, other: string) =>
    unsupported(
      'PowerFxUnsupported',
      `“${name}” and “${other}” are two variables in a flow with Power Fx. This agent does not tell them apart: rename one of them.`,
    ),
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
  uiElementUnknown: (name: string, near?: string) =>
    error('UiElementUnknown', `There is no UI element “${name}”.`, near),
  imageUnknown: (name: string, near?: string) => error('ImageUnknown', `There is no image “${name}”.`, near),

  // Subflows, labels, loops
  subflowUnknown: (name: string, near?: string) =>
    error('SubflowUnknown', `There is no subflow “${name}”.`, near),
  subflowTwice: (name: string) =>
    error('SubflowTwice', `There are two subflows “${name}”. Rename one of them.`),
  subflowRecursion: (callee: string, caller: string) =>
    rule(
      'SubflowRecursion',
      callee.toLowerCase() === caller.toLowerCase()
        ? `“${callee}” calls itself. Make sure that it ends.`
        : `“${callee}” leads back to “${caller}”. Make sure that it ends.`,
    ),
  functionPasted: () =>
    drop(
      'FunctionPasted',
      'Pasted among actions, the designer drops a text with FUNCTION. Paste the lines inside it; or put an empty line above it, as in a subflow the designer copied, and paste it where the subflows are listed.',
    ),
  exitSubflowInMain: () =>
    error(
      'ExitSubflowInMain',
      'EXIT FUNCTION returns from a subflow, and Main has nowhere to return to. Use EXIT to stop the flow.',
    ),
  labelUnknown: (name: string, near?: string) =>
    error('LabelUnknown', `There is no label “${name}” in this subflow.`, near),
  labelTwice: (name: string) =>
    error('LabelTwice', `The label “${name}” stands twice in this subflow. Rename one of them.`),
  gotoInside: (name: string) =>
    error(
      'GotoInside',
      `The label “${name}” stands inside a loop or an error block, and GOTO cannot jump in from outside.`,
    ),
  loopExitOutside: (statement: string) => error('LoopExitOutside', `${statement} only works inside a loop.`),

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

  // Flows that run other flows
  flowCircle: (names: readonly string[]) =>
    rule('FlowCircle', `This flow runs itself again: ${names.map((name) => `“${name}”`).join(' → ')}.`),
  runInputMissing: (flow: string, names: readonly string[]) =>
    rule('RunInputMissing', `The flow “${flow}” needs a value for ${quoted(names)}.`),
  runInputUnknown: (flow: string, name: string, near?: string) =>
    rule('RunInputUnknown', `The flow “${flow}” has no input “${name}”.${didYouMean(near)}`, near),
  runOutputUnknown: (flow: string, name: string, near?: string) =>
    rule('RunOutputUnknown', `The flow “${flow}” has no output “${name}”.${didYouMean(near)}`, near),
};

function didYouMean(near: string | undefined): string {
  return near === undefined ? '' : ` Did you mean “${near}”?`;
}
