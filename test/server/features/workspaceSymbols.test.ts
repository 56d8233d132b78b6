// Symbols of the workspace by a part of their name.
import { expect, it } from 'vitest';
import { SymbolKind } from 'vscode-languageserver';
import { symbolsNamed } from '../../../src/server/features/workspaceSymbols.ts';
import type { ProjectSymbol } from '../../../src/server/project.ts';

it('gives what the index finds, each with its kind and its flow', () => {
  const asked: unknown[] = [];
  const location = {
    uri: 'file:///flows/Pay.robin',
    range: { start: { line: 1, character: 2 }, end: { line: 1, character: 5 } },
  };
  const kinds: ProjectSymbol['kind'][] = ['flow', 'subflow', 'input', 'output'];
  const found = symbolsNamed('pay', {
    symbols: (...question) => {
      asked.push(...question);
      return kinds.map((kind) => ({ kind, name: `a ${kind}`, container: 'Pay', location }));
    },
  });
  expect(asked).toEqual(['pay', 200]);
  expect(found).toEqual([
    { name: 'a flow', kind: SymbolKind.Module, containerName: 'Pay', location },
    { name: 'a subflow', kind: SymbolKind.Function, containerName: 'Pay', location },
    { name: 'a input', kind: SymbolKind.Property, containerName: 'Pay', location },
    { name: 'a output', kind: SymbolKind.Field, containerName: 'Pay', location },
  ]);
});
