// How fast flows are read, against the parsers of acorn and TypeScript 5 in the same process: `node bench/parse.ts`.
// They cannot read Robin and we cannot read JavaScript: each gets a text of the same number of bytes in its own language, ours flows
// as people write them, theirs the source of a compiler.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse as acorn } from 'acorn';
import typescript from 'typescript5';
import { lex } from '../src/language/syntax/lexer.ts';
import { parse } from '../src/language/syntax/parser.ts';
import { print } from '../src/language/syntax/printer.ts';
import { machine, median, percentile } from './figures.ts';
import { benchFlow } from './flows.ts';

const rounds = 15;
const warmUps = 3;

/** Prints the speeds and the ratio to the faster of the other two. */
export function compareParsers(): void {
  const script = readFileSync(join(import.meta.dirname, '../node_modules/typescript5/lib/_tsc.js'), 'utf8');
  const bytes = Buffer.byteLength(script);
  const flow = flowOfBytes(bytes);
  const file = parse(flow);
  if (print(file) !== flow || file.diagnostics.length > 0) throw new Error('The flow must parse cleanly.');
  const lines = file.lines.length.toLocaleString('en');
  console.log(
    `parsing ${(bytes / 1e6).toFixed(1)} MB each: ${lines} lines of flows here, the source of the TypeScript compiler there; ${rounds} rounds`,
  );
  const contests: readonly (readonly [name: string, run: () => unknown])[] = [
    ['Robin: parse', () => parse(flow)],
    ['Robin: lex only', () => lex(flow)],
    ['acorn: parse', () => acorn(script, { ecmaVersion: 'latest', sourceType: 'script' })],
    [
      `TypeScript ${typescript.version}: createSourceFile`,
      () => typescript.createSourceFile('tsc.js', script, typescript.ScriptTarget.Latest, false),
    ],
  ];
  const speeds = contests.map(() => [] as number[]);
  for (let round = -warmUps; round < rounds; round++) {
    // In turn, so that whatever else the machine does disturbs all alike.
    contests.forEach(([, run], index) => {
      const start = performance.now();
      run();
      if (round >= 0) speeds[index]?.push(bytes / 1e3 / (performance.now() - start));
    });
  }
  contests.forEach(([name], index) => {
    const reached = speeds[index] as number[];
    console.log(
      `  ${name.padEnd(36)} ${median(reached).toFixed(1).padStart(6)} MB/s median ${percentile(reached, 0.05).toFixed(1).padStart(6)} MB/s p95 (95 % of the rounds are faster)`,
    );
  });
  const [ours, , ...others] = speeds.map(median) as [number, number, ...number[]];
  const ratio = ours / Math.max(...others);
  console.log(
    `  ratio to the faster of the two: ${ratio.toFixed(2)} (goal ≥ 1.5: ${ratio >= 1.5 ? 'reached' : 'MISSED'})\n`,
  );
}

function flowOfBytes(bytes: number): string {
  const one = benchFlow(2_000);
  // Each flow becomes a subflow-sized part: one file of many lines, as large as asked.
  let text = one;
  const body = one.slice(one.indexOf('SET Total'), one.indexOf('FUNCTION Report'));
  while (text.length + body.length <= bytes) text += body;
  return `${text}# ${'-'.repeat(Math.max(0, bytes - Buffer.byteLength(text) - 2))}`;
}

if (import.meta.main) {
  console.log(machine());
  compareParsers();
}
