// Sensitive values that leave the flow: shown on the screen, or written where their protection ends.
import { constantText } from '../../analysis/uses.ts';
import type { Argument, Expression, FlowParameter } from '../../syntax/tree.ts';
import type { Context, Survey } from '../context.ts';
import { rule } from '../findings.ts';
import { isSecretName } from './statements.ts';

/** Arguments that exist to take a secret, say who is meant, or name what the action works with. */
const harmless =
  /^(?:username|customheaders|instance|connection|account|sendfrom|sendto|cc|bcc|to|smtpserver|workqueue)$/i;

const takesSecrets = (argument: Argument | undefined): boolean =>
  argument === undefined || isSecretName(argument.name.text) || harmless.test(argument.name.text);

export function checkSecrets(context: Context, surveys: readonly Survey[]): void {
  const { model, report } = context;
  if (!report.skips('HardCodedCredential')) checkDefaults(context);
  if (report.skips('SensitiveShown') && report.skips('SensitiveWritten')) return;
  for (const { body, actions } of surveys) {
    const sinks = actions.filter(({ traits }) => traits.sink !== undefined);
    if (sinks.length === 0) continue;
    const secret = model.sensitivity.names(body.subflow?.name.text);
    const sharedSecret = model.sensitivity.names();
    if (secret.size + sharedSecret.size === 0) continue;
    for (const { statement, traits } of sinks) {
      const { action } = statement;
      const use = model.binding
        .usesIn(statement)
        .find(
          ({ kind, role, global, key, node }) =>
            kind === 'variable' &&
            role === 'read' &&
            (global ? sharedSecret : secret).has(key) &&
            !takesSecrets(
              action.args.find(({ value }) => value.start <= node.start && node.end <= value.end),
            ),
        );
      if (use === undefined) continue;
      report.add(
        use.node,
        traits.sink === 'screen'
          ? rule('SensitiveShown', `“${use.name}” is sensitive, and this shows it on the screen.`)
          : rule('SensitiveWritten', `“${use.name}” is sensitive, and this writes it where it can be read.`),
      );
    }
  }
}

/** The default of a sensitive input lies in the flow for everybody to read. */
function checkDefaults({ model, report }: Context): void {
  const { parameters, sensitive } = model.file.header;
  if (parameters.length === 0) return;
  const names = new Set(sensitive.map(({ text }) => text.toLowerCase()));
  for (const parameter of parameters) {
    if (!names.has(parameter.name.text.toLowerCase())) continue;
    const given = filledDefault(parameter);
    if (given === undefined) continue;
    const message =
      'The default of a sensitive input can be read by everybody who opens the flow. Leave it empty.';
    report.add(given, rule('HardCodedCredential', message));
  }
}

/** The DefaultValue of an input when it is a text with something in it. */
function filledDefault({ definition }: FlowParameter): Expression | undefined {
  if (definition.kind !== 'Object') return undefined;
  const value = definition.entries.find(
    ({ key }) => constantText(key)?.toLowerCase() === 'defaultvalue',
  )?.value;
  return value === undefined || (constantText(value) ?? '') === '' ? undefined : value;
}
