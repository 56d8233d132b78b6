// Whatever an editor says, in whatever order: each request gets one answer, no answer is endless or tells a secret, and the run ends.
import type { DebugProtocol } from '@vscode/debugprotocol';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { header } from '../runtime/world.ts';
import { Editor, flowPath } from './editor.ts';

const secret = 'xyzzy-4711';
const flow = `${header(['Out'], ['Password', 'Name'], ['Password'])}SET List TO [Name, [1, 2]]
SET Hash TO $'''%Password%:%Name%'''
LOOP i FROM 1 TO 20
    CALL Local Key: Hash Count: i Result=> Out
    File.Delete Files: 'Broken'
    ON ERROR
        SET Size TO Hash.Length
    END
    SET Table TO { ^['A'], [i] }
END
SET Pair TO [Password, Name]
FUNCTION Local Key, Count, OUTPUT Result
    SET Result TO Count + 1
    SET Inner TO Key
END FUNCTION
`;

const rows = flow.split('\n').length;
const expression = fc.oneof(
  fc.constantFrom(
    'Password',
    'Hash',
    'Pair',
    'Pair[0]',
    'List',
    'Table',
    'Name',
    'Key',
    'GLOBAL.Password',
    'GLOBAL.Hash',
    'Inner',
    'Size',
    'i',
    "Password = 'x'",
    'Password.Length',
    "$'''%Hash%'''",
    '[Hash]',
    "$fx'=Password'",
    "$fx'=Len(Hash) + i'",
    "SET Name TO $fx'=Password'",
    'IsEmpty(Password)',
    "Contains(Hash, 'x')",
    'SET Name TO Password',
    'SET Name TO Hash.Length',
    "SET Password TO 'xyzzy-4711'",
    'SET List TO Pair',
    'SET GLOBAL.Out TO Key',
    '%Password%',
    '1 +',
    '',
    "'x'",
    'Table[0][0]',
    'SET',
    'a\nb',
  ),
  fc.string({ maxLength: 20 }),
);
const number = fc.oneof(fc.integer({ min: -2, max: 60 }), fc.constantFrom(1e308, -1, 0.5));
const text = fc.oneof(
  expression,
  fc.constantFrom(flowPath, '0:0', '0:3', 'unhandled', 'all', 'code', 'Broken', 'Local', '*'),
);
const anything = fc.oneof(number, text, fc.boolean(), fc.constant(null), fc.constant(undefined));
const breakpoint = fc.record({
  line: fc.integer({ min: -1, max: rows + 2 }),
  name: text,
  dataId: text,
  condition: fc.option(expression, { nil: undefined }),
  hitCondition: fc.option(fc.constantFrom('2', '%3', '>=4', 'x'), { nil: undefined }),
  logMessage: fc.option(fc.constantFrom('{Password} {i}', '%Hash%', 'plain'), { nil: undefined }),
});
const commands = [
  'setBreakpoints',
  'setFunctionBreakpoints',
  'setExceptionBreakpoints',
  'setDataBreakpoints',
  'dataBreakpointInfo',
  'breakpointLocations',
  'threads',
  'stackTrace',
  'scopes',
  'variables',
  'setVariable',
  'setExpression',
  'evaluate',
  'completions',
  'continue',
  'next',
  'stepIn',
  'stepOut',
  'stepBack',
  'reverseContinue',
  'pause',
  'restartFrame',
  'gotoTargets',
  'goto',
  'exceptionInfo',
  'loadedSources',
  'source',
  'repeatAction',
  'skipAction',
  'valueHistory',
  'initialize',
  'attach',
  'configurationDone',
  'nonsense',
];
const sensible = fc.record({
  threadId: fc.constantFrom(1, 1, 1, 2),
  frameId: number,
  variablesReference: number,
  start: number,
  count: number,
  targetId: number,
  line: fc.integer({ min: 0, max: rows }),
  column: number,
  name: text,
  value: expression,
  expression,
  text: expression,
  context: fc.constantFrom('hover', 'watch', 'repl', 'clipboard'),
  filter: fc.constantFrom('indexed', 'named', undefined),
  source: fc.constant({ path: flowPath }),
  breakpoints: fc.array(breakpoint, { maxLength: 3 }),
  filters: fc.array(fc.constantFrom('all', 'unhandled', 'logic', 'code'), { maxLength: 2 }),
});
const request = fc.record({
  command: fc.constantFrom(...commands),
  arguments: fc.oneof(
    { weight: 5, arbitrary: sensible as fc.Arbitrary<unknown> },
    { weight: 1, arbitrary: fc.dictionary(fc.string(), anything) },
    { weight: 1, arbitrary: anything },
  ),
});

it('an editor may say anything', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(request, { minLength: 5, maxLength: 40 }), async (requests) => {
      const editor = new Editor(flow, { inputs: { Password: secret, Name: 'Ann' } });
      await editor.start({ arguments: { stopOnEntry: true }, filters: ['all'], lines: [rows - 3] });
      let seq = 1_000;
      for (const message of requests) {
        if (editor.session.isClosed) break; // the run has ended
        editor.session.receive({ type: 'request', seq: ++seq, ...message });
        if (seq % 3 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      if (!editor.session.isClosed)
        editor.session.receive({ type: 'request', seq: ++seq, command: 'disconnect', arguments: {} });
      await editor.outcome;
      const said = editor.messages as DebugProtocol.Response[];
      for (let i = 1_001; i <= seq; i++)
        expect(said.filter((each) => each.type === 'response' && each.request_seq === i)).toHaveLength(1);
      for (const message of said) {
        const shown = JSON.stringify(message);
        expect(shown).not.toContain(secret);
        expect(shown.length).toBeLessThan(200_000);
        if (message.type === 'response' && !message.success)
          expect(message.message).not.toBe('InternalError');
      }
    }),
    { numRuns: 150 },
  );
});
