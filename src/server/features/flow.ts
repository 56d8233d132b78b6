// Answers what the extension must know before it runs a document: its inputs and outputs, and what forbids the run.
import type { CancellationToken } from 'vscode-languageserver';
import { ProductError } from '../../base/error.ts';
import { flowInfo } from '../../language/analysis/flow.ts';
import { isBlocking } from '../../language/diagnostics.ts';
import { type FlowParameterInfo, type FlowRequestResult, flowRequest } from '../../protocol/editor.ts';
import { secured } from '../../protocol/run.ts';
import type { Feature } from '../feature.ts';
import { nameOfFlow } from '../flowEntry.ts';
import type { Analysis, Workspace } from '../workspace.ts';

export const flow: Feature = {
  register({ request, workspace }) {
    // No empty answer here: whoever is about to run a flow must be told why that is not possible.
    request(flowRequest, async ({ uri }, token) => {
      return flowOf(await openDocument(workspace, uri, token));
    });
  },
};

/** The newest analysis of an open document. Throws ProductError `DocumentNotOpen` for any other. */
export async function openDocument(
  workspace: Pick<Workspace, 'analysis'>,
  uri: string,
  token: CancellationToken,
): Promise<Analysis> {
  const analysis = await workspace.analysis(uri, token);
  if (analysis !== undefined) return analysis;
  throw new ProductError(
    'DocumentNotOpen',
    `Desktop Flows cannot read ${uri}.`,
    'Open the document in an editor and try again.',
  );
}

function flowOf(analysis: Analysis): FlowRequestResult {
  const { inputs, outputs } = flowInfo(analysis.file);
  return {
    name: nameOfFlow(analysis.uri),
    inputs: inputs.map(shown),
    outputs: outputs.map(shown),
    blocking: analysis.diagnostics
      .filter(isBlocking)
      .map(({ code, message, start }) => ({ code, message, line: analysis.lines.lineOf(start) })),
    hash: analysis.hash,
  };
}

/** A sensitive default may be a password: that there is one is all that anybody has to know. */
export const shown = (parameter: FlowParameterInfo): FlowParameterInfo =>
  parameter.sensitive && parameter.defaultValue !== undefined
    ? { ...parameter, defaultValue: secured }
    : parameter;
