// Answers what the extension must know before it runs a document: its inputs and outputs, what forbids the run, and the files that
// it needs.
import type { CancellationToken } from 'vscode-languageserver';
import { ProductError } from '../../base/error.ts';
import { gatherCompanions } from '../../files/companions.ts';
import { flowInfo } from '../../language/analysis/flow.ts';
import { isBlocking } from '../../language/diagnostics.ts';
import { type FlowParameterInfo, type FlowRequestResult, flowRequest } from '../../protocol/editor.ts';
import { secured } from '../../protocol/run.ts';
import type { Feature } from '../feature.ts';
import { nameOfFlow } from '../flowEntry.ts';
import { type Project, pathOf } from '../project.ts';
import type { Analysis, Workspace } from '../workspace.ts';

export const flow: Feature = {
  register({ request, workspace }) {
    // No empty answer here: whoever is about to run a flow must be told why that is not possible.
    request(flowRequest, async ({ uri }, token) => {
      return flowOf(await openDocument(workspace, uri, token), workspace.project);
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

async function flowOf(analysis: Analysis, project: Project): Promise<FlowRequestResult> {
  await project.ready;
  const { inputs, outputs } = flowInfo(analysis.file);
  // Whether the machine that will run it has the system it needs is for the agent to say: it may be another one than this.
  const blocking = analysis.diagnostics.filter(
    (diagnostic) => isBlocking(diagnostic) && diagnostic.needs === undefined,
  );
  const path = pathOf(analysis.uri);
  return {
    name: nameOfFlow(analysis.uri),
    inputs: inputs.map(shown),
    outputs: outputs.map(shown),
    blocking: blocking.map(({ code, message, start }) => ({
      code,
      message,
      line: analysis.lines.lineOf(start),
    })),
    hash: analysis.hash,
    companions:
      blocking.length > 0 ? [] : await gatherCompanions(path ?? analysis.uri, analysis.file, project),
  };
}

/** A sensitive default may be a password: that there is one is all that anybody has to know. */
export const shown = (parameter: FlowParameterInfo): FlowParameterInfo =>
  parameter.sensitive && parameter.defaultValue !== undefined
    ? { ...parameter, defaultValue: secured }
    : parameter;
