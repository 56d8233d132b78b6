// All that can be said about a flow: the order of the checks, and the one walk over its statements that most of them share.
// Changes nothing, runs nothing. Where the facts are not certain it stays silent.
import { FlowModel } from '../analysis/model.ts';
import type { Diagnostic } from '../diagnostics.ts';
import type { FlowFile, Statement } from '../syntax/tree.ts';
import { eachStatement } from '../syntax/walk.ts';
import { idOf } from './actions.ts';
import { type Context, emptySurvey, takeDown } from './context.ts';
import { factsOf } from './facts.ts';
import { meaningMessages as say } from './findings.ts';
import { isWhole } from './fragment.ts';
import { checkLabels } from './labels.ts';
import { lint } from './lint/lint.ts';
import { checkParameters } from './parameters.ts';
import { checkPlace, headOf } from './placement.ts';
import { checkProperty } from './properties.ts';
import { checkReach } from './reach.ts';
import { type CheckOptions, Report } from './report.ts';
import { checkRepositories } from './repositories.ts';
import { checkRuns } from './runs.ts';
import { checkSubflows } from './subflows.ts';
import { Suggestions } from './suggestions.ts';
import { applySuppressions } from './suppressions.ts';
import { checkBareMember, checkVariables } from './variables.ts';

/** Properties of one statement whose types are looked into. Nobody writes so many; a machine-made line may have thousands. */
const mostProperties = 200;

export type { CheckOptions } from './report.ts';

/**
 * All diagnostics of a flow, those of the parser included, in the order of the text. Disabled rows are not checked. What a name
 * means that the text does not contain depends on the text (see fragment.ts). What a statement shows by itself is remembered with
 * the statement, so checking again after an edit costs little.
 */
export function check(flow: FlowFile | FlowModel, options: CheckOptions = {}): Diagnostic[] {
  const model = flow instanceof FlowModel ? flow : new FlowModel(flow);
  const { file } = model;
  const whole = model.surroundings.isTest === true || isWhole(file);
  const report = new Report(file, whole, options);
  const context: Context = { model, report, whole, suggestions: new Suggestions() };
  const bare = new Set<object>();
  const surveys = model.binding.bodies.map((body) => {
    const survey = emptySurvey(body);
    for (const place of eachStatement(body.statements)) {
      const { statement } = place;
      const facts = factsOf(statement, context.suggestions);
      takeDown(survey, place, facts);
      checkPlace(context, place, body);
      for (const { at, finding } of facts.found) {
        if (finding.code !== 'ArgumentMissing' || !isSpoiled(file, statement)) report.add(at, finding);
      }
      if (model.surroundings.isTest !== true) {
        for (const call of facts.testCalls) report.add(idOf(call), say.actionOfTests(call.id));
      }
      for (const { value, finding } of facts.bareMembers) {
        if (checkBareMember(context, value, finding, body)) bare.add(value);
      }
      for (const access of facts.properties.slice(0, mostProperties)) {
        checkProperty(context, access, statement, body);
      }
    }
    return survey;
  });
  checkParameters(context);
  checkSubflows(context, surveys);
  for (const survey of surveys) checkLabels(context, survey);
  checkVariables(context, surveys, bare);
  checkRepositories(context);
  if (report.blockingOnly) return report.finish();

  checkRuns(context);
  checkReach(context);
  lint(context, surveys);
  return applySuppressions(context, report.finish());
}

/** True when the parser gave up on the first line of the statement: what seems to be missing there may only be unread. */
function isSpoiled({ diagnostics, text }: FlowFile, statement: Statement): boolean {
  if (diagnostics.length === 0) return false;
  const { start, end } = headOf(text, statement);
  const stop = /[\r\n]|$/.exec(text.slice(end))?.index ?? 0;
  return diagnostics.some((diagnostic) => start <= diagnostic.start && diagnostic.start <= end + stop);
}
