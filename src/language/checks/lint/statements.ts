// Rules about what stands in one statement: paths, passwords, waits without end.
import { constantText } from '../../analysis/uses.ts';
import type { ActionCall, Expression, Node, Statement } from '../../syntax/tree.ts';
import { eachExpression, effects, rootVariable } from '../../syntax/walk.ts';
import { type Found, rule } from '../findings.ts';

export function statementRules(found: Found[], statement: Statement): void {
  for (const { reads, action } of effects(statement)) {
    const secrets = action === undefined ? new Set<Expression>() : secretArguments(action.call);
    if (statement.kind === 'Set' && isSecretName(rootVariable(statement.target)?.name)) {
      secrets.add(statement.value);
    }
    for (const read of reads) {
      if (secrets.has(read) && (constantText(read) ?? '').length >= shortestSecret) {
        found.push({ at: read, finding: credential() });
      } else literals(found, read);
    }
  }
  if (statement.kind === 'Wait' && statement.condition.kind === 'Action' && statement.timeout === undefined) {
    const message =
      'This waits for ever when the condition never comes true. Add FOR and a number of seconds.';
    found.push({ at: firstWord(statement, 'WAIT'), finding: rule('WaitWithoutTimeout', message) });
  }
}

// ── Paths ──

/** A drive or a share, at the start of a text. */
const path = /^(?:[A-Za-z]:[\\/]|\\\\[^\\/\s]+[\\/][^\\/\s])/;

function literals(found: Found[], expression: Expression): void {
  for (const node of eachExpression(expression)) {
    const start = firstText(node);
    if (start === undefined) continue;
    if (path.test(start)) {
      const shown = start.length > 40 ? `${start.slice(0, 40).toWellFormed()}…` : start;
      const message = `The path “${shown}” fits one machine only. An input, or a folder the system names, fits all.`;
      found.push({ at: node, finding: rule('HardCodedPath', message) });
    }
    if (node.kind === 'Text' || node.kind === 'Interpolated') {
      if (textsOf(node).some(looksSecret)) found.push({ at: node, finding: credential() });
    }
  }
}

function firstText(node: Expression): string | undefined {
  if (node.kind === 'Text') return node.value;
  const first = node.kind === 'Interpolated' ? node.parts[0] : undefined;
  return first?.kind === 'TextPart' ? first.value : undefined;
}

function textsOf(node: Expression): readonly string[] {
  if (node.kind === 'Text') return [node.value];
  if (node.kind !== 'Interpolated') return [];
  return node.parts.flatMap((part) => (part.kind === 'TextPart' ? [part.value] : []));
}

// ── Passwords ──

const secretName =
  /pass(?:word|wd|phrase|code)|passwor[dt]|kennwort|senha|contrase|mot_?de_?passe|secret|(?:api|access|private|(?:de|en)cryption|hash)_?key|(?:access|auth|bearer|api|refresh)_?token|^pwd|pwd$|^token$/i;

/** What only secrets look like: keys of well-known services, authorisation headers, passwords in connection strings and addresses. */
const secretTexts: readonly RegExp[] = [
  /(?:^|[;"\s])(?:password|pwd)\s*=\s*[^\s;"'=<>]{2,}/i,
  /\b(?:bearer|basic)\s+[A-Za-z0-9+/._~-]{16,}/i,
  /:\/\/[^\s/:@]+:[^\s/:@]+@/,
  /\b(?:AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{36}|xox[abpr]-[A-Za-z0-9-]{10,}|sk-[A-Za-z0-9_-]{20,})/,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----/,
];

/** Shorter texts are separators and the like. */
const shortestSecret = 3;

export function isSecretName(name: string | undefined): boolean {
  return name !== undefined && secretName.test(name);
}

function looksSecret(text: string): boolean {
  return secretTexts.some((pattern) => pattern.test(text));
}

/** The values of a call that are secrets by the name of their argument, or because they are typed into a field for a password. */
function secretArguments(call: ActionCall): Set<Expression> {
  const field = call.args.some(({ value }) =>
    [...eachExpression(value)].some(
      (node) => node.kind === 'Index' && isSecretName(constantText(node.index)),
    ),
  );
  const typed = /^(?:text|texttosend|texttowrite|texttype)$/i;
  return new Set(
    call.args
      .filter(({ name }) => isSecretName(name.text) || (field && typed.test(name.text)))
      .map(({ value }) => value),
  );
}

const credential = () =>
  rule(
    'HardCodedCredential',
    'This looks like a password or key that everybody who opens the flow can read. Use a sensitive input.',
  );

/** The first word of a statement as a place; it moves with the statement. */
function firstWord(statement: Node, word: string): Node {
  return {
    get start() {
      return statement.start;
    },
    get end() {
      return statement.start + word.length;
    },
  };
}
