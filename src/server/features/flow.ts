// Answers what the extension must know before it runs a document: its inputs and outputs, and what forbids the run.

import { flowInfo } from '../../language/analysis/flow.ts';
import { isBlocking } from '../../language/diagnostics.ts';
import type { FlowParameterInfo, FlowRequestResult } from '../../protocol/editor.ts';
import { secured } from '../../protocol/run.ts';
import type { Analysis } from '../workspace.ts';

export function flowOf(analysis: Analysis): FlowRequestResult {
  const { inputs, outputs } = flowInfo(analysis.file);
  return {
    name: nameOf(analysis.uri),
    inputs: inputs.map(shown),
    outputs: outputs.map(shown),
    blocking: analysis.diagnostics
      .filter(isBlocking)
      .map(({ code, message, start }) => ({ code, message, line: analysis.lines.lineOf(start) })),
    hash: analysis.hash,
  };
}

/** A sensitive default may be a password: that there is one is all that anybody has to know. */
const shown = (parameter: FlowParameterInfo): FlowParameterInfo =>
  parameter.sensitive && parameter.defaultValue !== undefined
    ? { ...parameter, defaultValue: secured }
    : parameter;

/** The file name without folder and ending. */
function nameOf(uri: string): string {
  const file = uri.slice(uri.lastIndexOf('/') + 1);
  let name = file;
  try {
    name = decodeURIComponent(file);
  } catch {
    // a stray % is part of the name
  }
  return name.replace(/\.(robin|pad)$/i, '');
}
