// What the checks share: the flow, where findings go, and a list of the places that several checks look at.
import type { Body } from '../analysis/binder.ts';
import type { FlowModel } from '../analysis/model.ts';
import type {
  ActionStatement,
  CallStatement,
  Condition,
  DisabledStatement,
  ErrorRules,
  GotoStatement,
  LabelStatement,
  Statement,
} from '../syntax/tree.ts';
import type { Enclosing } from '../syntax/walk.ts';
import type { StatementFacts } from './facts.ts';
import type { ActionTraits } from './lint/traits.ts';
import type { Report } from './report.ts';
import type { Suggestions } from './suggestions.ts';

export interface Context {
  readonly model: FlowModel;
  readonly report: Report;
  readonly suggestions: Suggestions;
  /** False when the flow may be a part of something larger. */
  readonly whole: boolean;
}

interface Placed<Kind extends Statement> {
  readonly statement: Kind;
  readonly enclosing: Enclosing | undefined;
}

interface PlacedAction extends Placed<ActionStatement> {
  readonly traits: ActionTraits;
}

/** The statements of one body that are looked at together, in the order of the text. */
export interface Survey {
  readonly body: Body;
  readonly labels: Placed<LabelStatement>[];
  readonly gotos: Placed<GotoStatement>[];
  readonly calls: Placed<CallStatement>[];
  readonly actions: PlacedAction[];
  readonly disabled: DisabledStatement[];
  /** Statements with error rules, and blocks. */
  readonly handling: Statement[];
  /** Lines that could not be read. */
  readonly unread: Statement[];
}

export function emptySurvey(body: Body): Survey {
  return { body, labels: [], gotos: [], calls: [], actions: [], disabled: [], handling: [], unread: [] };
}

export function takeDown(survey: Survey, place: Placed<Statement>, { traits }: StatementFacts): void {
  const { statement } = place;
  if (statement.kind === 'Block' || rulesOf(statement).length > 0) survey.handling.push(statement);
  switch (statement.kind) {
    case 'Label':
      survey.labels.push(place as Placed<LabelStatement>);
      break;
    case 'Goto':
      survey.gotos.push(place as Placed<GotoStatement>);
      break;
    case 'CallSubflow':
      survey.calls.push(place as Placed<CallStatement>);
      break;
    case 'Action':
      survey.actions.push({ statement, enclosing: place.enclosing, traits });
      break;
    case 'Disabled':
      survey.disabled.push(statement);
      break;
    case 'Error':
      survey.unread.push(statement);
      break;
    default:
      break;
  }
}

const noRules: readonly ErrorRules[] = [];

/** The error rules of a statement: of its action, its call, or its conditions. */
export function rulesOf(statement: Statement): readonly ErrorRules[] {
  switch (statement.kind) {
    case 'Action':
    case 'CallSubflow':
      return statement.onError === undefined ? noRules : [statement.onError];
    case 'If':
      return statement.branches.some(({ condition }) => ruleOf(condition) !== undefined)
        ? statement.branches.flatMap(({ condition }) => ruleOf(condition) ?? [])
        : noRules;
    case 'While':
    case 'Wait': {
      const rules = ruleOf(statement.condition);
      return rules === undefined ? noRules : [rules];
    }
    default:
      return noRules;
  }
}

function ruleOf(condition: Condition): ErrorRules | undefined {
  return condition.kind === 'Action' ? condition.onError : undefined;
}
