// Every message the language layer can give, in one catalogue. A code never changes its meaning.
import type { NeededSystem } from './catalog/catalog.ts';
import { firstUnobservedWord, reservedWords } from './syntax/keywords.ts';

/**
 * `dropsPaste`: the designer would silently drop the whole paste. `error`: the row lands with an error, the flow cannot run.
 * `unsupported`: correct, but this agent has no implementation of it. `warning`: works but suspicious. `information` and
 * `hint`: a matter of taste, or worth knowing.
 */
export type Severity = 'dropsPaste' | 'error' | 'unsupported' | 'warning' | 'information' | 'hint';

export interface Diagnostic {
  readonly code: string;
  readonly severity: Severity;
  readonly message: string;
  readonly start: number;
  readonly end: number;
  /** How an editor may draw the place: faded out, or struck through. */
  readonly tag?: 'unnecessary' | 'deprecated';
  /** What probably stands there by mistake for this: the text to put in its place. */
  readonly suggestion?: string;
  /** True for a rule whose severity people choose (see checks/lint/rules.ts). Such a finding never forbids a run, whatever its severity. */
  readonly rule?: true;
  /** It only holds for machines with another system than this one: one that has it can run the flow. */
  readonly needs?: NeededSystem;
  /** Other places of the same text that explain it. */
  readonly related?: readonly { readonly start: number; readonly end: number; readonly message: string }[];
}

/** True for what forbids a run. A rule never does, also when people set it to `error`: settings are theirs, a run is the agent's. */
export const isBlocking = ({ severity, rule }: Pick<Diagnostic, 'severity' | 'rule'>): boolean =>
  rule !== true && (severity === 'dropsPaste' || severity === 'error' || severity === 'unsupported');

/** What the designer would do with the text: drop the whole paste, take it with errors in its rows, or take it. */
export type Verdict = 'clean' | 'errors' | 'rejected';

/** The gravest of what the designer would object to. Rules of ours and what this agent lacks do not count. */
export function verdictOf(diagnostics: readonly Pick<Diagnostic, 'severity' | 'rule'>[]): Verdict {
  let verdict: Verdict = 'clean';
  for (const { severity, rule } of diagnostics) {
    if (severity === 'dropsPaste') return 'rejected';
    if (severity === 'error' && rule !== true) verdict = 'errors';
  }
  return verdict;
}

/** A diagnostic without its place. */
export type Problem = Pick<Diagnostic, 'code' | 'severity' | 'message'>;

function drop(code: string, message: string): Problem {
  return { code, severity: 'dropsPaste', message };
}

function error(code: string, message: string): Problem {
  return { code, severity: 'error', message };
}

/** A reserved word as a name: refused by the designer where that was observed, else only documented as reserved. */
function reserved(code: string, word: string, message: string): Problem {
  const index = (reservedWords as readonly string[]).indexOf(word.toUpperCase());
  return { code, severity: index >= firstUnobservedWord ? 'warning' : 'dropsPaste', message };
}

/** What the parser says. Each message tells what is wrong and how to write it right. */
export const syntaxMessages = {
  // Texts
  unterminatedText: (opening: string, closing: string) =>
    drop(
      'UnterminatedText',
      `This text starts with ${opening} and is never closed. Write ${closing} where it ends.`,
    ),
  unterminatedComment: () =>
    drop(
      'UnterminatedComment',
      'This comment starts with /# and is never closed. Write #/ where it ends, or start the line with #.',
    ),
  backslashBeforeQuotes: () =>
    drop(
      'BackslashBeforeQuotes',
      "The backslash before ''' escapes the quote, so the text does not end here. Write two backslashes: \\\\'''.",
    ),
  bareQuote: () =>
    drop('BareQuote', "A quote inside $'''…''' must be written \\', otherwise the text would end here."),
  lonePercent: () =>
    drop(
      'LonePercent',
      "A percent sign inside $'''…''' starts an expression and needs a second one: %Name%. Write %% for the sign itself.",
    ),
  barePercent: () =>
    drop(
      'BarePercent',
      "Percent signs belong inside $'''…''' only. Here write the expression without them: Name instead of %Name%.",
    ),
  doubleQuotes: () =>
    drop(
      'DoubleQuotes',
      "Text is written in single quotes: $'''…''' or '…'. Double quotes mean nothing here.",
    ),

  // Expressions
  expectedExpression: (found: string) =>
    drop(
      'ExpectedExpression',
      `A value is missing here${found}. Write a number, a text, a variable or an expression.`,
    ),
  expectedSymbol: (symbol: string, purpose: string, found: string) =>
    drop('ExpectedSymbol', `Here ${symbol} is missing ${purpose}${found}.`),
  expectedName: (what: string, found: string) =>
    drop('ExpectedName', `The name of ${what} is missing here${found}.`),
  nameStartsWithDigit: (name: string) =>
    drop(
      'NameStartsWithDigit',
      `“${name}” is no name: a name starts with a letter or an underscore. Rename it, for example to _${name}.`,
    ),
  reservedWordAsName: (word: string) =>
    reserved(
      'ReservedWordAsName',
      word,
      `“${word}” is a reserved word and cannot be the name of a variable. Choose another name, for example ${word}Value.`,
    ),
  reservedWordAsProperty: (word: string) =>
    reserved(
      'ReservedWordAsProperty',
      word,
      `“${word}” is a reserved word and cannot follow a dot. Write ['${word}'] instead of .${word}.`,
    ),
  reservedWordAsLabel: (word: string) =>
    reserved(
      'ReservedWordAsLabel',
      word,
      `“${word}” is a reserved word. As a name it needs quotes: '${word}'.`,
    ),
  nestingTooDeep: (limit: number) =>
    drop('NestingTooDeep', `This is nested more than ${limit} levels deep. Split it into smaller steps.`),

  // Lines
  unknownStatement: (hint: string) =>
    drop(
      'UnknownStatement',
      `This line is no statement. A line starts with a keyword such as SET or IF, or calls an action as Module.Action Argument: value.${hint}`,
    ),
  twoStatements: () =>
    drop('TwoStatements', 'A second statement starts here. Every statement stands on a line of its own.'),
  unexpectedText: (found: string) =>
    drop(
      'UnexpectedText',
      `The statement is complete before ${found}. Remove the rest of the line or put it on its own line.`,
    ),
  slashComment: () => drop('SlashComment', 'A comment starts with #, not with //.'),
  regionWithoutStars: (correct: string) =>
    drop('RegionWithoutStars', `A region line starts with two stars: ${correct}.`),
  expectedKeyword: (keyword: string, form: string) =>
    drop('ExpectedKeyword', `${keyword} is missing here. The form is: ${form}.`),
  badActionId: (id: string) =>
    drop('BadActionId', `“${id}” is no action: an action is named Module.Action or Module.Action.Variant.`),
  expectedArgument: (found: string) =>
    drop(
      'ExpectedArgument',
      `An argument is expected before ${found}: write Name: value for an input or Name=> Variable for an output.`,
    ),
  duplicateArgument: (name: string) =>
    error('DuplicateArgument', `“${name}” is given twice. Keep one of the two.`),
  unknownExitArgument: (name: string) =>
    error('UnknownExitArgument', `EXIT has no argument “${name}”. It takes Code and ErrorMessage.`),
  invalidTarget: () =>
    drop('InvalidTarget', 'Only a variable, one of its items or one of its properties can receive a value.'),
  metaWithoutStatement: () =>
    drop(
      'MetaWithoutStatement',
      'A line that starts with @@ describes the statement below it, but none follows here.',
    ),

  // Blocks
  missingEnd: (opener: string) =>
    drop('MissingEnd', `${opener} is never closed. Write END on its own line where it ends.`),
  strayEnd: () =>
    drop(
      'StrayEnd',
      'This END closes nothing. Remove it, or add the IF, LOOP, SWITCH or BLOCK it belongs to.',
    ),
  endWithWord: (word: string) => drop('EndWithWord', `END stands alone on its line. Remove “${word}”.`),
  strayClause: (clause: string, owner: string) =>
    drop('StrayClause', `${clause} belongs to ${owner}, but none is open here.`),
  clauseAfterLast: (clause: string, last: string) =>
    drop('ClauseAfterLast', `${clause} cannot follow ${last}: ${last} is the last part.`),
  statementBeforeCase: () =>
    drop(
      'StatementBeforeCase',
      'Between SWITCH and the first CASE no statement may stand. Move it above SWITCH or into a CASE.',
    ),
  elseIfAction: () =>
    drop(
      'ElseIfAction',
      'ELSE IF takes no action as its condition. Write ELSE, and inside it IF (…) THEN … END.',
    ),
  blockInHandler: (opener: string) =>
    drop(
      'BlockInHandler',
      `${opener} is not allowed in an error handler: only SET, CALL, GOTO, THROW ERROR and repeating. Put it into a subflow and CALL it.`,
    ),
  onErrorWithoutAction: () =>
    drop('OnErrorWithoutAction', 'ON ERROR must follow the action it belongs to directly.'),
  onErrorGoto: () =>
    drop(
      'OnErrorGoto',
      'ON ERROR takes no GOTO on its line. Write ON ERROR, then GOTO on the next line, then END.',
    ),
  onBlockErrorMisplaced: () =>
    drop(
      'OnBlockErrorMisplaced',
      'ON BLOCK ERROR must follow its BLOCK line directly, before the statements of the block.',
    ),
  repeatOnBlock: () =>
    error(
      'RepeatOnBlock',
      'A block has no REPEAT … TIMES. Use ON BLOCK ERROR with REPEAT BLOCK in its handler.',
    ),

  // File
  functionInsideStatements: () =>
    drop(
      'FunctionInsideStatements',
      'A FUNCTION cannot start inside another statement or subflow. Close that one first.',
    ),
  missingEndFunction: (name: string) =>
    drop('MissingEndFunction', `The subflow “${name}” is never closed. Write END FUNCTION where it ends.`),
  strayEndFunction: () =>
    drop('StrayEndFunction', 'This END FUNCTION closes nothing: no FUNCTION is open here.'),
  headerAfterStatements: (line: string) =>
    drop('HeaderAfterStatements', `${line} belongs to the head of the flow, before the first statement.`),
  unknownHeaderLine: () =>
    drop(
      'UnknownHeaderLine',
      'A line that starts with @ is @INPUT, @OUTPUT or @SENSITIVE. Description lines start with @@.',
    ),
  flowTooLarge: () =>
    error(
      'FlowTooLarge',
      'The text is kept, but not read from here on: a flow of more than about 40 MB is not supported. Split it into several flows.',
    ),
  tooManyProblems: (limit: number) =>
    error(
      'TooManyProblems',
      `More than ${limit} problems: the rest is not listed. Correct the first ones and check again.`,
    ),
};
