// A tree as text for golden files: one line per statement with its 1-based line number, expressions in prefix form,
// problems at the end. Stable: no offsets except those of problems, which are `line:column`.
import { LineIndex } from '../../../src/base/text.ts';
import type {
  ActionCall,
  Condition,
  ErrorRules,
  Expression,
  FlowFile,
  MetaLine,
  Name,
  Statement,
} from '../../../src/language/syntax/tree.ts';

export function dumpTree(file: FlowFile): string {
  const out: string[] = [];
  const line = (depth: number, at: number, text: string) =>
    out.push(`${String(at + 1).padStart(3)} ${'  '.repeat(depth)}${text}`.trimEnd());
  const end = (depth: number, at: number | undefined, text = 'END') =>
    at === undefined ? out.push(`  ? ${'  '.repeat(depth)}${text} is missing`) : line(depth, at, text);

  const body = (statements: readonly Statement[], depth: number) => {
    for (const statement of statements) {
      const { line: at } = statement;
      for (const meta of statement.meta) out.push(`    ${'  '.repeat(depth)}${showMeta(meta)}`);
      switch (statement.kind) {
        case 'If':
          for (const [index, branch] of statement.branches.entries()) {
            line(depth, branch.line, `${index === 0 ? 'If' : 'ElseIf'} ${showCondition(branch.condition)}`);
            conditionRules(branch.condition, depth + 1);
            body(branch.body, depth + 1);
          }
          if (statement.elseBody !== undefined) {
            line(depth, statement.elseLine ?? -1, 'Else');
            body(statement.elseBody, depth + 1);
          }
          end(depth, statement.endLine);
          break;
        case 'Switch':
          line(depth, at, `Switch ${show(statement.value)}`);
          for (const one of statement.cases) {
            line(depth + 1, one.line, `Case ${one.operator} ${show(one.value)}`);
            body(one.body, depth + 2);
          }
          if (statement.defaultBody !== undefined) {
            line(depth + 1, statement.defaultLine ?? -1, 'Default');
            body(statement.defaultBody, depth + 2);
          }
          end(depth, statement.endLine);
          break;
        case 'ForEach':
        case 'LoopFromTo':
        case 'While':
          line(depth, at, showLoop(statement));
          if (statement.kind === 'While') conditionRules(statement.condition, depth + 1);
          body(statement.body, depth + 1);
          end(depth, statement.endLine);
          break;
        case 'Block':
          line(depth, at, `Block ${showName(statement.name)}`);
          for (const handler of statement.handlers) {
            const { matches } = handler;
            const name = 'name' in matches ? ` ${showName(matches.name)}` : '';
            line(depth + 1, handler.line, `OnBlockError ${matches.kind}${name}`);
            body(handler.body, depth + 2);
          }
          body(statement.body, depth + 1);
          end(depth, statement.endLine);
          break;
        case 'Action':
          line(depth, at, `Action ${showAction(statement.action)}`);
          rules(statement.onError, depth + 1);
          break;
        case 'CallSubflow':
          line(depth, at, `Call ${showName(statement.name)}${showInputs(statement)}`);
          rules(statement.onError, depth + 1);
          break;
        case 'Wait':
          line(
            depth,
            at,
            `Wait ${showCondition(statement.condition)}${statement.timeout ? ` for ${show(statement.timeout)}` : ''}`,
          );
          conditionRules(statement.condition, depth + 1);
          break;
        default:
          line(depth, at, showSimple(statement, file.text));
      }
    }
  };
  const rules = (found: ErrorRules | undefined, depth: number) => {
    if (found === undefined) return;
    const { retry } = found;
    if (retry !== undefined) {
      const wait = retry.wait === undefined ? '' : ` wait ${show(retry.wait)}`;
      const options = retry.options
        .map((option) => ` ${showName(option.name)}: ${show(option.value)}`)
        .join('');
      line(depth, retry.line, `OnError repeat ${show(retry.times)}${wait}${options}`);
    }
    for (const clause of found.clauses) {
      line(depth, clause.line, `OnError ${clause.errorName ? showName(clause.errorName) : 'any'}`);
      body(clause.body, depth + 1);
    }
    end(depth, found.endLine);
  };
  const conditionRules = (condition: Condition, depth: number) => {
    if (condition.kind === 'Action') rules(condition.onError, depth);
  };

  const { header } = file;
  for (const meta of header.meta) out.push(`    ${showMeta(meta)}`);
  for (const entry of header.imports)
    line(0, entry.line, `Import ${show(entry.path)} as ${showName(entry.alias)}`);
  if (header.sensitive.length > 0) out.push(`    Sensitive ${header.sensitive.map(showName).join(' ')}`);
  for (const one of header.parameters) {
    line(0, one.line, `${one.direction} ${showName(one.name)} ${show(one.definition)}`);
  }
  body(file.main, 0);
  for (const subflow of file.subflows) {
    const inputs = subflow.inputs.map((name) => ` in ${showName(name)}`).join('');
    const outputs = subflow.outputs.map((name) => ` out ${showName(name)}`).join('');
    const sensitive = subflow.sensitive.map((name) => ` sensitive ${showName(name)}`).join('');
    const scope = subflow.global ? ' global' : '';
    line(0, subflow.line, `Subflow ${showName(subflow.name)}${scope}${inputs}${outputs}${sensitive}`);
    body(subflow.body, 1);
    end(0, subflow.endLine, 'END FUNCTION');
  }
  if (file.attachment !== undefined)
    out.push(`    Attachment ${JSON.stringify(file.attachment.json.slice(0, 60))}`);

  const lines = new LineIndex(file.text);
  for (const { code, severity, message, start, end: until } of file.diagnostics) {
    const from = lines.position(start);
    const to = lines.position(until);
    out.push(
      `! ${from.line + 1}:${from.character + 1}-${to.line + 1}:${to.character + 1} ${severity} ${code}: ${message}`,
    );
  }
  return `${out.join('\n')}\n`;
}

function showSimple(statement: Statement, text: string): string {
  switch (statement.kind) {
    case 'Set':
      return `Set ${show(statement.target)} ${show(statement.value)}`;
    case 'Label':
    case 'Goto':
      return `${statement.kind} ${showName(statement.name)}`;
    case 'ExitFlow': {
      const code = statement.code === undefined ? '' : ` code ${show(statement.code)}`;
      return `ExitFlow${code}${statement.message === undefined ? '' : ` message ${show(statement.message)}`}`;
    }
    case 'GetLastError': {
      const reset = statement.reset === undefined ? '' : ` reset ${show(statement.reset)}`;
      return `GetLastError ${show(statement.variable)}${reset}`;
    }
    case 'Region':
      return `Region ${JSON.stringify(statement.name)}`;
    case 'Disabled':
    case 'Error':
      return `${statement.kind} ${JSON.stringify(text.slice(statement.start, statement.end))}`;
    default:
      return statement.kind;
  }
}

function showLoop(statement: Statement): string {
  switch (statement.kind) {
    case 'ForEach':
      return `ForEach ${showName(statement.variable)} in ${show(statement.source)}`;
    case 'LoopFromTo': {
      const step = statement.step === undefined ? '' : ` step ${show(statement.step)}`;
      return `Loop ${showName(statement.variable)} from ${show(statement.from)} to ${show(statement.to)}${step}`;
    }
    case 'While':
      return `While ${showCondition(statement.condition)}`;
    default:
      return statement.kind;
  }
}

function showMeta(meta: MetaLine): string {
  return `@@${showName(meta.key)} ${show(meta.value)}`;
}

function showName(name: Name | undefined): string {
  if (name === undefined) return '_';
  return name.quoted || name.text === '' ? `'${name.text}'` : name.text;
}

function showCondition(condition: Condition): string {
  return condition.kind === 'Action' ? `{${showAction(condition.action)}}` : show(condition.expression);
}

function showAction(action: ActionCall): string {
  return action.id + showInputs(action);
}

function showInputs({ args, outputs }: Pick<ActionCall, 'args' | 'outputs'>): string {
  const at = (dynamic: boolean) => (dynamic ? '@' : '');
  return [
    ...args.map((one) => ` ${at(one.dynamic)}${showName(one.name)}: ${show(one.value)}`),
    ...outputs.map((one) => ` ${at(one.dynamic)}${showName(one.name)}=> ${show(one.target)}`),
  ].join('');
}

function show(expression: Expression): string {
  switch (expression.kind) {
    case 'Number':
      return String(expression.value);
    case 'Boolean':
      return expression.value ? 'True' : 'False';
    case 'Text':
      return `'${JSON.stringify(expression.value).slice(1, -1)}'`;
    case 'Interpolated': {
      const parts = expression.parts.map((part) =>
        part.kind === 'TextPart' ? JSON.stringify(part.value) : `%${show(part.expression)}%`,
      );
      return `$(${parts.join(' ')})`;
    }
    case 'PowerFx':
    case 'Encrypted':
    case 'Opaque':
    case 'Datetime':
      return `<${expression.kind} ${JSON.stringify(expression.value)}>`;
    case 'Name':
      return expression.name;
    case 'Member':
      return `${show(expression.target)}.${showName(expression.name)}`;
    case 'Index':
      return `${show(expression.target)}[${show(expression.index)}]`;
    case 'Slice': {
      const { from, to } = expression;
      return `${show(expression.target)}[${from ? show(from) : ''}:${to ? show(to) : ''}]`;
    }
    case 'Call':
      return `${showName(expression.name)}(${expression.args.map(show).join(', ')})`;
    case 'Unary':
      return `(${expression.operator} ${show(expression.operand)})`;
    case 'Binary':
      return `(${expression.operator} ${show(expression.left)} ${show(expression.right)})`;
    case 'Parenthesized':
      return `(group ${show(expression.inner)})`;
    case 'List':
      return `[${expression.items.map(show).join(', ')}]`;
    case 'Table': {
      const header = expression.header === undefined ? [] : [`^[${expression.header.map(show).join(', ')}]`];
      const rows = expression.rows.map((row) => `[${row.map(show).join(', ')}]`);
      return `(table ${[...header, ...rows, ...expression.rowValues.map(show)].join(' ')})`;
    }
    case 'Object':
      return `(object ${expression.entries.map(({ key, value }) => `${show(key)}: ${show(value)}`).join(', ')})`;
    case 'Missing':
      return '?';
  }
}
