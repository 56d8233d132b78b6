// Properties of generated code: it does what a plain evaluation does, counts exactly, and contains nothing of the flow's names and texts.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from '../../src/language/syntax/parser.ts';
import { compile } from '../../src/runtime/compile.ts';
import { header, World } from './world.ts';

// ── Random programs against a plain evaluation ──────────────────────────────────────────────────────────────────

type Term = { text: string; value: (v: Record<string, number>) => number };
/** A random statement: its lines, and what it does to the variables; `count` adds one per execution to the line's counter. */
type Step =
  | { kind: 'set'; name: string; term: Term }
  | { kind: 'if'; left: Term; right: Term; then: Step[]; otherwise: Step[] }
  | { kind: 'loop'; name: string; from: number; to: number; step: number; body: Step[] }
  | { kind: 'leave'; exit: boolean; left: Term; right: Term };

const names = ['a', 'b', 'c'];
const leaf: fc.Arbitrary<Term> = fc.oneof(
  fc.constantFrom(...names).map((name): Term => ({ text: name, value: (v) => v[name] as number })),
  fc.integer({ min: 0, max: 9 }).map((n): Term => ({ text: String(n), value: () => n })),
);
const term: fc.Arbitrary<Term> = fc.letrec<{ term: Term }>((tie) => ({
  term: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc.tuple(tie('term'), fc.constantFrom('+', '-', '*', 'MOD'), tie('term')).map(
      ([l, op, r]): Term => ({
        // MOD by zero is an error, not a value: keep the divisor away from it.
        text: op === 'MOD' ? `(${l.text} MOD 7)` : `(${l.text} ${op} ${r.text})`,
        value: (v) => {
          const [x, y] = [l.value(v), r.value(v)];
          const result = op === '+' ? x + y : op === '-' ? x - y : op === '*' ? x * y : x % 7;
          // What JavaScript would round, it cannot tell.
          fc.pre(Number.isSafeInteger(result));
          return result;
        },
      }),
    ),
  ),
})).term;
const steps = (depth: number, inLoop: boolean): fc.Arbitrary<Step[]> => {
  const set = fc.record({ kind: fc.constant('set' as const), name: fc.constantFrom(...names), term });
  const leave = fc.record({
    kind: fc.constant('leave' as const),
    exit: fc.boolean(),
    left: term,
    right: term,
  });
  const simple: fc.Arbitrary<Step> = inLoop
    ? fc.oneof({ weight: 4, arbitrary: set }, { weight: 1, arbitrary: leave })
    : set;
  if (depth === 0) return fc.array(simple, { maxLength: 3 });
  const choice = fc.record({
    kind: fc.constant('if' as const),
    left: term,
    right: term,
    // biome-ignore lint/suspicious/noThenProperty: a branch, not a promise
    then: steps(depth - 1, inLoop),
    otherwise: steps(depth - 1, inLoop),
  });
  const loop = fc.record({
    kind: fc.constant('loop' as const),
    name: fc.constantFrom(...names),
    from: fc.integer({ min: 0, max: 3 }),
    to: fc.integer({ min: -1, max: 5 }),
    step: fc.constantFrom(1, 2, -1),
    body: steps(depth - 1, true),
  });
  return fc.array(fc.oneof<fc.Arbitrary<Step>[]>(simple, choice, loop), { maxLength: 4 });
};

/** Writes the program and, in the same walk, evaluates it: `counts[line]` is how often that line must have run. */
function write(program: Step[]): {
  lines: string[];
  run: (v: Record<string, number>, counts: Map<number, number>) => void;
} {
  const lines: string[] = [];
  type Run = (v: Record<string, number>, counts: Map<number, number>) => 'exit' | 'next' | undefined;
  const block = (body: Step[]): Run => {
    const runs = body.map(one);
    return (v, counts) => {
      for (const run of runs) {
        const left = run(v, counts);
        if (left !== undefined) return left;
      }
      return undefined;
    };
  };
  const counted = (run: Run): Run => {
    const line = lines.length;
    return (v, counts) => {
      counts.set(line, (counts.get(line) ?? 0) + 1);
      return run(v, counts);
    };
  };
  const one = (step: Step): Run => {
    switch (step.kind) {
      case 'set':
        lines.push(`SET ${step.name} TO ${step.term.text}`);
        return counted((v) => {
          v[step.name] = step.term.value(v);
          return undefined;
        });
      case 'leave': {
        lines.push(`IF ${step.left.text} < ${step.right.text} THEN`);
        const test = counted(() => undefined);
        lines.push(step.exit ? 'EXIT LOOP' : 'NEXT LOOP');
        const out = counted(() => (step.exit ? 'exit' : 'next'));
        lines.push('END');
        return (v, counts) =>
          test(v, counts) ?? (step.left.value(v) < step.right.value(v) ? out(v, counts) : undefined);
      }
      case 'if': {
        lines.push(`IF ${step.left.text} >= ${step.right.text} THEN`);
        const test = counted(() => undefined);
        const then = block(step.then);
        lines.push('ELSE');
        const otherwise = block(step.otherwise);
        lines.push('END');
        return (v, counts) =>
          test(v, counts) ?? (step.left.value(v) >= step.right.value(v) ? then : otherwise)(v, counts);
      }
      case 'loop': {
        lines.push(`LOOP ${step.name} FROM ${step.from} TO ${step.to} STEP ${step.step}`);
        const head = counted(() => undefined);
        const body = block(step.body);
        lines.push('END');
        return (v, counts) => {
          head(v, counts);
          const { from, to, step: by } = step;
          for (let i = from; by > 0 ? i <= to : i >= to; i += by) {
            v[step.name] = i;
            if (body(v, counts) === 'exit') break;
          }
          return undefined;
        };
      }
    }
  };
  const run = block(program);
  return { lines, run: (v, counts) => void run(v, counts) };
}

describe('random programs', () => {
  it('compute what a plain evaluation computes, and count every line exactly', async () => {
    await fc.assert(
      fc.asyncProperty(steps(3, false), async (program) => {
        const { lines, run } = write(program);
        const expected: Record<string, number> = { a: 1, b: 2, c: 3 };
        const counts = new Map<number, number>();
        run(expected, counts);

        const head = `${header(names)}SET a TO 1\nSET b TO 2\nSET c TO 3\n`;
        const offset = head.split('\n').length - 1;
        const flow = new World().run(head + lines.join('\n'));
        expect(await flow.start()).toEqual({
          outcome: 'Succeeded',
          // A flow has no negative zero.
          outputs: Object.fromEntries(names.map((name) => [name, (expected[name] as number) + 0])),
        });
        const counted = flow.changedLines().filter(({ line }) => line > offset);
        expect(new Map(counted.map(({ line, count }) => [line - offset, count]))).toEqual(
          new Map([...counts].sort(([x], [y]) => x - y)),
        );
      }),
      { numRuns: 150 },
    );
  });

  const pieces = [
    'SET a TO b',
    'SET a TO 1',
    "SET b TO 'x'",
    'SET a TO a + [b]',
    'SET a[0] TO a',
    'SET a TO a.Count / b',
    "SET c TO { 'k': a }",
    'SET c.k TO b',
    'IF a = b THEN',
    'ELSE',
    'END',
    'LOOP FOREACH b IN a',
    'LOOP i FROM 1 TO 3',
    'EXIT LOOP',
    'NEXT LOOP',
    'LABEL here',
    'GOTO here',
    'BLOCK',
    'ON BLOCK ERROR all',
    'ON BLOCK ERROR',
    'NEXT ACTION',
    'REPEAT BLOCK',
    'THROW ERROR',
    'ON ERROR',
    "File.Delete Files: 'Broken'",
    'CALL S',
    'EXIT FUNCTION',
    'ERROR => c',
    'FUNCTION S GLOBAL',
    'END FUNCTION',
    'SWITCH a',
    'CASE = 1',
    'DEFAULT',
  ];

  it('whatever the lines, a run is refused or ends: it never breaks its host', async () => {
    let ran = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom(...pieces), { maxLength: 14 }), async (lines) => {
        const world = new World();
        const text = `SET a TO [1]\nSET b TO 2\n${lines.join('\n')}`;
        let run: ReturnType<World['run']>;
        try {
          run = world.run(text);
        } catch (error) {
          expect(error).toMatchObject({ code: 'FlowHasErrors' });
          return;
        }
        ran++;
        const ended = run.start();
        setImmediate(() => run.stop('long enough'));
        const outcome = await ended;
        expect(outcome.error?.code).not.toBe('InternalError');
      }),
      { numRuns: 600 },
    );
    expect(ran).toBeGreaterThan(20);
  });
});

// ── Injection ───────────────────────────────────────────────────────────────────────────────────────────────────

const hostile = [
  'constructor',
  '__proto__',
  'prototype',
  'hasOwnProperty',
  'arguments',
  'eval',
  'rt',
  'k',
  'c',
  's',
  'v0',
  'f0',
  'l1',
  'undefined',
  'NaN',
  'globalThis',
  'process',
  'require',
  'await',
  'yield',
  'this',
  'return',
];
const hostileText = fc.oneof(
  fc.constantFrom(
    '"; globalThis.hacked = 1; "',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it must not become a template
    '`${globalThis.hacked = 1}`',
    '*/ globalThis.hacked = 1 /*',
    '\\"); globalThis.hacked = 1; (\\"',
    '</script><!--',
    '\u2028globalThis.hacked = 1\u2029',
    '\0\r\n\ud800',
    '// %x',
  ),
  fc.string({ unit: 'binary' }),
);
const crlf = (text: string) => text.replace(/\r\n?|\n/g, '\r\n');
/** A text as a Robin literal without interpolation. */
const quoted = (text: string) => `'''${text.replace(/[\\'"]/g, '\\$&')}'''`;

describe('names and texts of a flow', () => {
  it('reach the flow unchanged and never become code', async () => {
    await fc.assert(
      fc.asyncProperty(hostileText, hostileText, fc.constantFrom(...hostile), async (text, key, name) => {
        const flow = `${header([name])}SET ${name} TO { ${quoted(key)}: ${quoted(text)} }`;
        const outcome = await new World().run(flow).start();
        expect(JSON.stringify(outcome.outputs[name])).toBe(
          // A line break in a literal is stored as CRLF.
          JSON.stringify({ $type: 'object', entries: { [crlf(key)]: crlf(text) } }),
        );
        expect(globalThis).not.toHaveProperty('hacked');
      }),
      { numRuns: 200 },
    );
  });

  it.each(hostile)('%s works as variable, property, output, label, subflow and block', async (name) => {
    const flow = `${header(['r'])}SET ${name} TO { '${name}': 1 }
SET ${name}['${name}'] TO ${name}.${name} + 1
Variables.CreateNewList ${name}=> x
GOTO '${name}'
LABEL '${name}'
BLOCK '${name}'
ON BLOCK ERROR '${name}' IsUserDefinedErrorCode: True
    CALL '${name}'
END
    FlowControl.ThrowCustomError CustomErrorCode: '${name}' CustomErrorMessage: '${name}'
END
FUNCTION '${name}' GLOBAL
    SET r TO ${name}['${name}']
END FUNCTION`.replace(/^Variables.*\n/m, '');
    expect(await new World().run(flow).start()).toEqual({ outcome: 'Succeeded', outputs: { r: 2 } });
  });

  it('do not occur in the generated code as identifiers', () => {
    const { source } = compile(
      parse(
        "SET wonderful TO 1\nCALL 'strange name'\nFUNCTION 'strange name' GLOBAL\nSET other TO wonderful\nEND FUNCTION",
      ),
    );
    expect(source).not.toMatch(/wonderful|strange|other/);
  });
});

it.each([
  ['CASE', (i: number) => `CASE = ${i}\n    SET r TO ${i}`, 'SWITCH 4999\n', 'DEFAULT\n    SET r TO 0\nEND'],
  ['ELSE IF', (i: number) => `ELSE IF 4999 = ${i} THEN\n    SET r TO ${i}`, 'IF 1 = 2 THEN\n', 'END'],
])('five thousand %s branches run', async (_, branch, first, last) => {
  const branches = Array.from({ length: 5_000 }, (_, i) => branch(i)).join('\n');
  const outcome = await new World().run(`${header(['r'])}${first}${branches}\n${last}`).start();
  expect(outcome).toEqual({ outcome: 'Succeeded', outputs: { r: 4999 } });
});
