// What is wrong with one expression wherever it stands: members of enums, functions, and kinds of text this agent cannot read.
import { expressionFunctions, findFunction } from '../analysis/properties.ts';
import { enumMember, findEnum } from '../catalog/catalog.ts';
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
        // Without an expression in it, it is a plain text.
        if (carriedOut && (node.value.startsWith('=') || node.value.includes('${'))) {
          add(node, say.powerFxUnsupported());
        }
        break;
      case 'Encrypted':
        if (carriedOut) add(node, say.encryptedTextUnsupported());
        break;
      case 'Opaque':
        if (carriedOut) add(node, say.opaqueTextUnsupported());
        break;
      case 'Name':
        if (carriedOut) add(node, repositoryFinding(node.name.toLowerCase()));
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

function repositoryFinding(name: string): Finding | undefined {
  if (name === 'imgrepo') return say.imageUnsupported();
  return name === 'appmask' ? say.uiElementUnsupported() : undefined;
}
