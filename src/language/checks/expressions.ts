// What is wrong with one expression wherever it stands: members of enums, functions, and kinds of text this agent cannot read.
import { expressionFunctions, findFunction } from '../analysis/properties.ts';
import { enumMember, findEnum } from '../catalog/catalog.ts';
import { powerFxFunctions } from '../powerFx/functions.ts';
import { hasPowerFx, PowerFxSyntaxError, parsePowerFx } from '../powerFx/parser.ts';
import { eachPowerFx, type PowerFx } from '../powerFx/tree.ts';
import type { Expression, FunctionCall, Name } from '../syntax/tree.ts';
import { enumReference, operands } from '../syntax/walk.ts';
import type { OpenFacts } from './facts.ts';
import { type Finding, meaningMessages as say } from './findings.ts';
import type { Suggestions } from './suggestions.ts';

/** `carriedOut`: what this agent cannot read has not been said of the whole action already. */
export function expressionFacts(
  facts: OpenFacts,
  expression: Expression,
  carriedOut: boolean,
  suggestions: Suggestions,
): void {
  const add = (at: Expression | Name, finding: Finding | undefined) => {
    if (finding !== undefined) facts.found.push({ at, finding });
  };
  const stack = [expression];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    switch (node.kind) {
      case 'Member': {
        const reference = enumReference(node);
        if (reference !== undefined) {
          add(reference.member, memberFinding(reference.type, reference.member, suggestions));
          continue;
        }
        facts.properties.push(node);
        break;
      }
      case 'Call':
        add(node.name, callFinding(node, suggestions));
        break;
      case 'PowerFx':
        if (carriedOut && hasPowerFx(node.value)) {
          for (const finding of powerFxFindings(node.value)) add(node, finding);
        }
        break;
      case 'Encrypted':
        if (carriedOut) add(node, say.encryptedTextUnsupported());
        break;
      case 'Opaque':
        if (carriedOut) add(node, say.opaqueTextUnsupported());
        break;
      default:
        break;
    }
    for (const operand of operands(node)) stack.push(operand);
  }
}

function memberFinding(type: string, member: Name, suggestions: Suggestions): Finding | undefined {
  const known = findEnum(type);
  if (known === undefined || enumMember(type, member.text) !== undefined) return undefined;
  const near = suggestions.near(known, member.text, () => known.members);
  return say.enumMemberUnknown(known.type, member.text, near);
}

function callFinding({ name, args }: FunctionCall, suggestions: Suggestions): Finding | undefined {
  const known = findFunction(name.text);
  if (known === undefined) {
    const names = () => expressionFunctions.map((entry) => entry.name);
    return say.functionUnknown(name.text, suggestions.near(expressionFunctions, name.text, names));
  }
  return args.length < known.required || args.length > known.parameters.length
    ? say.functionArguments(known.name, known.required, known.parameters.length, args.length)
    : undefined;
}

/** Functions this agent does not have, each once, and calls with too few or too many values. */
function powerFxFindings(content: string): Finding[] {
  let expression: PowerFx;
  try {
    expression = parsePowerFx(content);
  } catch (error) {
    if (error instanceof PowerFxSyntaxError) return [say.powerFxUnread(error.message)];
    throw error;
  }
  const findings = new Map<string, Finding>();
  for (const node of eachPowerFx(expression)) {
    if (node.kind !== 'call') continue;
    const { name, args } = node;
    const known = powerFxFunctions.get(name.toLowerCase());
    if (known === undefined) findings.set(name.toLowerCase(), say.powerFxFunction(name));
    else if (args.length < known.least || args.length > known.most)
      findings.set(
        name.toLowerCase(),
        say.functionArguments(known.name, known.least, known.most, args.length),
      );
  }
  return [...findings.values()];
}
