// Signature help: the arguments of the action, the subflow or the function that is being written, and which of them is at the caret.
import type { ParameterInformation, SignatureHelp } from 'vscode-languageserver';
import { findFunction } from '../../language/analysis/properties.ts';
import { type CatalogAction, findAction } from '../../language/catalog/catalog.ts';
import type { HalfCall } from '../../language/completion/spot.ts';
import { spotAt } from '../../language/completion/spot.ts';
import type { Subflow } from '../../language/syntax/tree.ts';
import type { Feature } from '../feature.ts';
import type { Analysis } from '../workspace.ts';
import { argumentDescription, functionParameters, outputDescription, plain, typeText } from './describe.ts';

export const signatureHelp: Feature = {
  capabilities: {
    signatureHelpProvider: { triggerCharacters: [' ', ':', '(', ','], retriggerCharacters: ['>'] },
  },
  register({ connection, answer }) {
    connection.onSignatureHelp(({ textDocument, position, context }, token) =>
      answer<SignatureHelp | null>('signature help', textDocument.uri, token, null, (analysis) =>
        signatureAt(analysis, analysis.lines.offset(position), {
          // A blank stands everywhere: of itself it opens the help only behind a name that is called.
          typedBlank: context?.triggerCharacter === ' ' && !context.isRetrigger,
        }),
      ),
    );
  },
};

/** The innermost call around an offset; null when there is none that is known. */
export function signatureAt(
  analysis: Analysis,
  offset: number,
  { typedBlank = false }: { readonly typedBlank?: boolean } = {},
): SignatureHelp | null {
  const { call, callee } = spotAt(analysis.file, offset);
  const called = callee === undefined ? undefined : findFunction(callee.name);
  if (callee !== undefined && called !== undefined) {
    const shown = functionParameters(called);
    return help(
      plain(called.description),
      sequence(
        `${called.name}(`,
        shown.map((label) => ({ label })),
        ', ',
        ')',
      ),
      Math.min(callee.index, shown.length - 1),
    );
  }
  if (call === undefined || (typedBlank && call.given.size > 0)) return null;
  if (call.kind === 'action') {
    const action = findAction(call.name)?.writtenAs;
    return action === undefined ? null : actionHelp(action, call);
  }
  const subflow = call.kind === 'subflow' ? analysis.model.binding.subflow(call.name) : undefined;
  return subflow === undefined || subflow.global ? null : subflowHelp(subflow, call);
}

interface Shown {
  readonly label: string;
  readonly documentation?: string;
}

function actionHelp(action: CatalogAction, call: HalfCall): SignatureHelp {
  const parameters: Shown[] = [
    ...action.arguments.map((argument) => {
      const usual = argument.defaultValue ? ` = ${argument.defaultValue.split('.').at(-1)}` : '';
      const label = `${argument.name}: ${typeText(argument.type) || 'any value'}${usual}`;
      return {
        label: argument.required ? label : `[${label}]`,
        documentation: argumentDescription(action, argument),
      };
    }),
    ...action.outputs.map((output) => ({
      label: `${output.name}=> ${typeText(output.type) || 'any value'}`,
      documentation: outputDescription(action, output),
    })),
  ];
  const names = [
    ...action.arguments.map((argument) => ({
      name: argument.name,
      output: false,
      wanted: argument.required,
    })),
    ...action.outputs.map((output) => ({ name: output.name, output: true, wanted: false })),
  ];
  return help(
    `**${plain(action.displayName)}** ${action.description === action.displayName ? '' : plain(action.description)}`.trim(),
    sequence(`${action.id} `, parameters, ' ', ''),
    activeIndex(names, call),
  );
}

function subflowHelp(subflow: Subflow, call: HalfCall): SignatureHelp {
  const names = [
    ...subflow.inputs.map(({ text }) => ({ name: text, output: false, wanted: true })),
    ...subflow.outputs.map(({ text }) => ({ name: text, output: true, wanted: true })),
  ];
  const parameters = names.map(({ name, output }) => ({
    label: output ? `${name}=> variable` : `${name}: value`,
  }));
  return help(
    undefined,
    sequence(`CALL ${subflow.name.text} `, parameters, ' ', ''),
    activeIndex(names, call),
  );
}

/** By the name at the caret, also half a name; without one, the first that is still wanted. */
function activeIndex(
  names: readonly { readonly name: string; readonly output: boolean; readonly wanted: boolean }[],
  { active, given }: HalfCall,
): number | undefined {
  if (active === undefined) {
    const index = names.findIndex(({ name, wanted }) => wanted && !given.has(name.toLowerCase()));
    return index < 0 ? undefined : index;
  }
  const typed = active.name.toLowerCase();
  const whole = names.findIndex(
    ({ name, output }) => name.toLowerCase() === typed && output === active.output,
  );
  const index = whole >= 0 ? whole : names.findIndex(({ name }) => name.toLowerCase().startsWith(typed));
  return index < 0 ? undefined : index;
}

function sequence(
  before: string,
  parameters: readonly Shown[],
  between: string,
  behind: string,
): { readonly label: string; readonly parameters: ParameterInformation[] } {
  let label = before;
  const shown = parameters.map((parameter, index): ParameterInformation => {
    if (index > 0) label += between;
    const start = label.length;
    label += parameter.label;
    return {
      label: [start, label.length],
      ...(parameter.documentation === undefined
        ? {}
        : { documentation: { kind: 'markdown', value: parameter.documentation } }),
    };
  });
  return { label: `${label}${behind}`, parameters: shown };
}

function help(
  documentation: string | undefined,
  { label, parameters }: { readonly label: string; readonly parameters: ParameterInformation[] },
  active: number | undefined,
): SignatureHelp {
  return {
    signatures: [
      {
        label,
        parameters,
        ...(documentation === undefined ? {} : { documentation: { kind: 'markdown', value: documentation } }),
      },
    ],
    activeSignature: 0,
    // A number behind the last one highlights none.
    activeParameter: active ?? parameters.length,
  };
}
