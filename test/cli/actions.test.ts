// `dflow actions --supported`: the ids, for people and for programs.
import { expect, it } from 'vitest';
import { listSupported } from '../../src/cli/actions.ts';
import { findAction, isImplemented } from '../../src/language/catalog/catalog.ts';
import { written } from './output.ts';

it('lists every action that the agent can carry out, by its newest id, one a line', () => {
  const out = written();
  expect(listSupported(false, out)).toBe(0);
  const ids = out.text.trimEnd().split('\n');
  expect(ids).toEqual([...ids].sort());
  expect(ids).toContain('External.RunFlow');
  expect(ids.every((id) => isImplemented(id) && findAction(id)?.definition.id === id)).toBe(true);
  expect(ids.length).toBeGreaterThan(150);
});

it('gives the same as one list in JSON', () => {
  const [text, json] = [written(), written()];
  listSupported(false, text);
  listSupported(true, json);
  expect(JSON.parse(json.text)).toEqual(text.text.trimEnd().split('\n'));
});
