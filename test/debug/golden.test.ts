// What exactly is said in typical sessions: golden/*.jsonl, every message both ways. A missing log is written (look at it!), except in
// CI; UPDATE_GOLDEN=1 rewrites all; a difference leaves an .actual beside it.
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parse } from '../../src/language/syntax/parser.ts';
import { noRepositories } from '../../src/runtime/elements.ts';
import { header } from '../runtime/world.ts';
import { Editor, flowPath } from './editor.ts';

const order = `SET Total TO 0
SET Prices TO [3, 4.5]
LOOP FOREACH Price IN Prices
    CALL AddTax Price: Price Gross=> Gross
    SET Total TO Total + Gross
END
SET Table TO { ^['Item', 'Price'], ['Pen', 3] }
FUNCTION AddTax Price, OUTPUT Gross
    SET Gross TO Price * 2
END FUNCTION
`;

const scenarios: Readonly<Record<string, () => Promise<Editor>>> = {
  'breakpoints, steps and variables': async () => {
    const editor = new Editor(order);
    await editor.start({ lines: [5, { line: 9, condition: 'Price > 4' }], filters: ['unhandled'] });
    await editor.stop();
    await editor.scopes();
    await editor.move('continue');
    await editor.scopes();
    await editor.ask('evaluate', { expression: 'Price * 10', context: 'hover' });
    await editor.ask('evaluate', { expression: 'GLOBAL.Total', context: 'watch' });
    await editor.ask('completions', { text: 'GLOBAL.To', column: 10 });
    await editor.move('stepOut');
    await editor.ask('evaluate', { expression: 'SET Total TO 100', context: 'repl' });
    await editor.ask('continue', { threadId: 1 });
    await editor.event('terminated');
    return editor;
  },
  'an error is repaired and the action repeated': async () => {
    const editor = new Editor(
      "SET Path TO 'FileNotFoundError'\nFile.Delete Files: Path\nSET Done TO True\n",
      {
        attach: 'before',
      },
    );
    await editor.start({ command: 'attach', filters: ['unhandled'] });
    await editor.stop();
    await editor.ask('exceptionInfo', { threadId: 1 });
    await editor.ask('setExpression', { expression: 'Path', value: "'ok'" });
    await editor.ask('repeatAction', { threadId: 1 });
    await editor.event('terminated');
    return editor;
  },
  'jumps, restarts and the past': async () => {
    const editor = new Editor(order);
    await editor.start({ arguments: { stopOnEntry: true }, lines: [9] });
    await editor.stop();
    await editor.ask('gotoTargets', { source: { path: flowPath }, line: 4 });
    const { targets } = await editor.ask<{ targets: { id: number }[] }>('gotoTargets', {
      source: { path: flowPath },
      line: 2,
    });
    await editor.move('goto', { targetId: targets[0]?.id });
    await editor.ask('evaluate', { expression: 'Total' }).catch(() => {});
    await editor.move('continue');
    const { stackFrames } = await editor.frames();
    await editor.ask('restartFrame', { frameId: stackFrames[1]?.id });
    await editor.stop();
    await editor.move('next');
    await editor.move('stepBack');
    await editor.scopes();
    await editor.ask('setExpression', { expression: 'Total', value: '1' }).catch(() => {});
    await editor.ask('valueHistory', { name: 'Total' });
    await editor.ask('terminate');
    await editor.event('terminated');
    return editor;
  },
  'secrets stay masked': async () => {
    const editor = new Editor(`${header([], ['Pin'], ['Pin'])}SET Twice TO Pin + Pin\nSET Shown TO 'x'\n`, {
      inputs: { Pin: 'hunter2' },
    });
    await editor.start({ lines: [5, { line: 5, condition: "Pin = 'hunter2'" }] });
    await editor.stop();
    await editor.scopes();
    await editor.ask('evaluate', { expression: 'Pin', context: 'hover' });
    await editor.ask('evaluate', { expression: 'SET Shown TO Pin', context: 'repl' }).catch(() => {});
    await editor.ask('evaluate', { expression: 'SET Pin TO 1', context: 'repl' });
    await editor.ask('disconnect', { terminateDebuggee: false });
    expect(editor.log.filter((line) => line.startsWith('{"run"') && line.includes('hunter2'))).toEqual([]);
    return editor;
  },
  'a flow that is run': async () => {
    const editor = new Editor("SET a TO 1\nExternal.RunFlow FlowId: 'c1'\nSET b TO 1\n", {
      flows: () => ({
        name: 'Child',
        folder: '/flows',
        file: parse('SET x TO 1\nSET y TO 1 / 0\n'),
        repositories: noRepositories,
      }),
    });
    await editor.ask('initialize');
    await editor.ask('launch');
    await editor.ask('setBreakpoints', {
      source: { path: '/flows/Child.robin' },
      breakpoints: [{ line: 1 }],
    });
    await editor.ask('setExceptionBreakpoints', { filters: ['unhandled'] });
    await editor.ask('configurationDone');
    await editor.stop();
    await editor.ask('loadedSources');
    await editor.move('continue');
    await editor.move('continue');
    await editor.ask('continue', { threadId: 1 });
    await editor.event('terminated');
    return editor;
  },
};

it.each(Object.entries(scenarios))('%s', async (name, play) => {
  const editor = await play();
  const actual = `${editor.log.join('\n')}\n`;
  const golden = join(import.meta.dirname, 'golden', `${name.replaceAll(/\W+/g, '-')}.jsonl`);
  const create = !existsSync(golden) && !process.env.CI;
  if (process.env.UPDATE_GOLDEN === '1' || create) writeFileSync(golden, actual);
  const expected = readFileSync(golden, 'utf8');
  if (actual !== expected) writeFileSync(`${golden}.actual`, actual);
  else rmSync(`${golden}.actual`, { force: true });
  expect(actual.split('\n')).toEqual(expected.split('\n'));
});
