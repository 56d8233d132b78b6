// What the Flow view lists, and the edits it asks for.
import type { FlowSymbol } from '../../language/analysis/binder.ts';
import type { TextEdit } from '../../language/edits/edit.ts';
import {
  addParameter,
  changeParameter,
  removeParameter,
  setSensitive,
} from '../../language/edits/parameters.ts';
import {
  type EditFlowResult,
  editFlowRequest,
  type FlowContents,
  type FlowEdit,
  flowContentsRequest,
  type VariableInfo,
} from '../../protocol/editor.ts';
import type { Feature } from '../feature.ts';
import type { Analysis } from '../workspace.ts';
import { openDocument, shown } from './flow.ts';
import { rangeOf } from './range.ts';

export const flowView: Feature = {
  register({ request, workspace }) {
    request(flowContentsRequest, async ({ uri }, token) =>
      flowContents(await openDocument(workspace, uri, token)),
    );
    request(editFlowRequest, async ({ uri, edit }, token) =>
      editFlow(await openDocument(workspace, uri, token), edit),
    );
  },
};

export function flowContents(analysis: Analysis): FlowContents {
  const { model } = analysis;
  const { inputs, outputs } = model.info;
  return {
    inputs: inputs.map(shown),
    outputs: outputs.map(shown),
    variables: model.binding
      .symbols('variable')
      .filter(isVariable)
      .map((symbol) => variableInfo(analysis, symbol))
      .sort((a, b) => a.line - b.line || a.character - b.character),
    subflows: analysis.file.subflows.map(({ name, line }) => ({ name: name.text, line })),
  };
}

/** False for inputs and outputs, for the repositories, and for what may be a module. */
function isVariable({ name, parameter, uses }: FlowSymbol): boolean {
  return (
    parameter === undefined &&
    !/^(?:appmask|imgrepo)$/i.test(name) &&
    !uses.every((use) => use.likeEnum || use.loose)
  );
}

function variableInfo({ model, lines }: Analysis, symbol: FlowSymbol): VariableInfo {
  const { name, owner, declaredSensitive, uses } = symbol;
  const why = model.sensitivity.why(name, owner?.name.text);
  const write = uses.find(({ role }) => role === 'write');
  const type = write === undefined ? undefined : model.types.typeAt(write)?.name;
  // The list of sensitive names mentions a variable, but is not where people look for it.
  const first = uses.find(({ statement }) => statement !== undefined) ?? uses[0];
  const place = lines.position(first?.node.start ?? 0);
  return {
    name,
    ...(owner === undefined ? {} : { subflow: owner.name.text }),
    ...(type === undefined ? {} : { type }),
    sensitivity: declaredSensitive ? 'declared' : why === undefined ? 'none' : 'inherited',
    ...(why === undefined ? {} : { why }),
    line: place.line,
    character: place.character,
    uses: uses.filter(({ statement }) => statement !== undefined).length,
  };
}

/** @throws ProductError `FlowEditImpossible` with a sentence for people. */
export function editFlow(analysis: Analysis, edit: FlowEdit): EditFlowResult {
  return {
    version: analysis.version,
    edits: edits(analysis, edit).map((change) => ({
      range: rangeOf(analysis, change),
      newText: change.text,
    })),
  };
}

function edits({ model }: Analysis, edit: FlowEdit): TextEdit[] {
  switch (edit.kind) {
    case 'addParameter':
      return addParameter(model, edit.direction, edit.parameter);
    case 'changeParameter':
      return changeParameter(model, edit.name, edit.changes);
    case 'removeParameter':
      return removeParameter(model, edit.name);
    case 'setSensitive':
      return setSensitive(model, edit.name, edit.sensitive, edit.subflow);
  }
}
