// `dflow actions --supported`: the ids, for people and for programs.
import { expect, it } from 'vitest';
import { listSupported } from '../../src/cli/actions.ts';
import { findAction, isImplemented } from '../../src/language/catalog/catalog.ts';
import { written } from './output.ts';

/** A line without what it says about the system. */
const idOf = (line: string): string => line.replace(/ {2}\(needs Windows\)$/, '');

it('lists every action that the agent can carry out, by its newest id, one a line', () => {
  const out = written();
  expect(listSupported(false, out)).toBe(0);
  const lines = out.text.trimEnd().split('\n');
  const ids = lines.map(idOf);
  expect(ids).toEqual([...ids].sort());
  expect(ids).toContain('External.RunFlow');
  expect(ids.every((id) => isImplemented(id) && findAction(id)?.definition.id === id)).toBe(true);
  expect(ids.length).toBeGreaterThan(150);
});

it('says which need Windows', () => {
  const out = written();
  listSupported(false, out);
  expect(out.text).toMatch(/^MouseAndKeyboard\.MoveMouse {2}\(needs Windows\)$/m);
  expect(out.text).toMatch(/^Variables\.ClearList$/m);
});

it('gives the same as one list in JSON', () => {
  const [text, json] = [written(), written()];
  listSupported(false, text);
  listSupported(true, json);
  expect(JSON.parse(json.text)).toEqual(text.text.trimEnd().split('\n').map(idOf));
});
