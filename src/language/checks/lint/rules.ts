// The rules whose severity people choose: their codes, what they are for, and how grave they are unless somebody says otherwise.
// Data for settings, documentation and `dflow`. When a rule applies is decided by the files beside this one and in checks/.

/** Gravest first. */
export const ruleSeverities = ['error', 'warning', 'information', 'hint', 'off'] as const;
export type RuleSeverity = (typeof ruleSeverities)[number];

export interface LintRule {
  readonly code: string;
  /** A few words, as a heading. */
  readonly title: string;
  readonly default: RuleSeverity;
  /** One or two sentences: what it finds, and why that matters. */
  readonly explanation: string;
}

const rules = {
  // What a flow does with its values and parts
  ReadBeforeWrite: {
    title: 'Variable without a value',
    default: 'warning',
    explanation: 'A variable is read on a way on which nothing has given it a value yet.',
  },
  UnreachableCode: {
    title: 'Unreachable statements',
    default: 'hint',
    explanation: 'No way leads to these statements, because everything before them goes elsewhere.',
  },
  UnusedVariable: {
    title: 'Unused variable',
    default: 'hint',
    explanation: 'A variable is set but never read. Variables that an action produces are not meant.',
  },
  UnusedSubflow: {
    title: 'Unused subflow',
    default: 'hint',
    explanation: 'No CALL leads from Main to this subflow.',
  },
  UnusedLabel: {
    title: 'Unused label',
    default: 'hint',
    explanation: 'No GOTO names this label.',
  },
  SubflowRecursion: {
    title: 'Recursion',
    default: 'warning',
    explanation: 'A subflow leads back to itself. Without a condition that ends it, the flow never ends.',
  },
  FlowCircle: {
    title: 'Circle of flows',
    default: 'warning',
    explanation: 'A flow runs a flow that leads back to it. The product refuses to run such a circle.',
  },
  RunInputMissing: {
    title: 'Input of the called flow missing',
    default: 'warning',
    explanation: 'Run desktop flow gives no value for an input that the called flow needs.',
  },
  RunInputUnknown: {
    title: 'Unknown input of the called flow',
    default: 'warning',
    explanation: 'Run desktop flow gives a value for an input that the called flow does not have.',
  },
  RunOutputUnknown: {
    title: 'Unknown output of the called flow',
    default: 'warning',
    explanation: 'Run desktop flow takes an output that the called flow does not have.',
  },
  ActionRemoved: {
    title: 'Action refused by newer designers',
    default: 'warning',
    explanation: 'Newer designers no longer accept this id. It still runs here.',
  },
  ActionOlder: {
    title: 'Older id of an action',
    default: 'hint',
    explanation: 'The action has a newer id, which designers write today. The older one still works.',
  },

  // Style and safety
  HardCodedPath: {
    title: 'Path in the flow',
    default: 'hint',
    explanation:
      'A path of one machine stands in the flow, so the flow works on that machine only. An input or a special folder goes anywhere.',
  },
  HardCodedCredential: {
    title: 'Password in the flow',
    default: 'warning',
    explanation:
      'A password, key or token stands in the flow as readable text. Everybody who can open the flow can read it.',
  },
  SensitiveShown: {
    title: 'Secret shown on the screen',
    default: 'warning',
    explanation: 'A sensitive value is put into a dialog, where anybody in front of the screen can read it.',
  },
  SensitiveWritten: {
    title: 'Secret written out',
    default: 'warning',
    explanation:
      'A sensitive value goes into a file, log, workbook, mail, web request or the clipboard, where its protection ends.',
  },
  MissingErrorHandling: {
    title: 'No error handling',
    default: 'information',
    explanation:
      'Actions on windows and web pages fail when the screen is slower or different. Nothing here catches such an error.',
  },
  EmptyHandler: {
    title: 'Error ignored',
    default: 'hint',
    explanation: 'Error rules without statements let the flow go on as if nothing had happened.',
  },
  WaitWithoutTimeout: {
    title: 'Wait without end',
    default: 'hint',
    explanation: 'WAIT for a condition without FOR waits for ever when the condition never comes true.',
  },
  DisabledCode: {
    title: 'Disabled statements',
    default: 'hint',
    explanation: 'Disabled statements never run. What is no longer needed is better deleted.',
  },
  NameSpelling: {
    title: 'Name in two spellings',
    default: 'hint',
    explanation:
      'Letter case does not count in names, but two spellings of one name look like two variables or subflows.',
  },
  NameMeaningless: {
    title: 'Name without a meaning',
    default: 'off',
    explanation: 'A single letter, or the name the designer proposed, does not say what a variable holds.',
  },

  // Comments that silence the rules
  SuppressionUnused: {
    title: 'Nothing to ignore',
    default: 'hint',
    explanation: 'A dflow-ignore comment names a rule that finds nothing there.',
  },
  SuppressionWrong: {
    title: 'Unknown rule in a comment',
    default: 'hint',
    explanation: 'A dflow-ignore comment names something that is no rule, or that cannot be ignored.',
  },
} satisfies Readonly<Record<string, Omit<LintRule, 'code'> & { readonly default: RuleSeverity }>>;

export type RuleCode = keyof typeof rules;

/** All rules, in the order of the documentation. */
export const lintRules: readonly LintRule[] = Object.entries(rules).map(([code, rule]) => ({
  code,
  ...(rule as Omit<LintRule, 'code'>),
}));

const byCode = new Map<string, LintRule>(lintRules.map((rule) => [rule.code, rule]));
const byLowerCode = new Map<string, LintRule>(lintRules.map((rule) => [rule.code.toLowerCase(), rule]));

/** The rule of exactly that code. */
export function ruleOf(code: string): LintRule | undefined {
  return byCode.get(code);
}

/** The rule of that code in any letter case, as people write it in comments. */
export function ruleNamed(code: string): LintRule | undefined {
  return byLowerCode.get(code.toLowerCase());
}
