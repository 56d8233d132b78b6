// Machine-made and hostile flows: no stack overflow, no unbounded tree, no flood of problems.
import { describe, expect, test } from 'vitest';
import { parse } from '../../../src/language/syntax/parser.ts';
import { print } from '../../../src/language/syntax/printer.ts';

const codesOf = (text: string) => parse(text).diagnostics.map((problem) => problem.code);

describe('depth', () => {
  test.each([
    ['parentheses', `SET A TO ${'('.repeat(100_000)}1${')'.repeat(100_000)}`],
    ['lists', `SET A TO ${'['.repeat(100_000)}`],
    ['signs', `SET A TO ${'-'.repeat(100_000)}1`],
    ['indexes', `SET A TO ${'A['.repeat(100_000)}`],
    ['sums', `SET A TO 1${' + 1'.repeat(100_000)}`],
    ['properties', `SET A TO B${'.c'.repeat(100_000)}`],
    ['texts in texts', `SET A TO $'''${"%$'''".repeat(10_000)}`],
  ])('%s beyond the limit are one problem', (_, text) => {
    const file = parse(`${text}\nSET B TO 1`);
    expect(file.diagnostics.length).toBeGreaterThan(0);
    expect(file.diagnostics.length).toBeLessThan(4);
    expect(file.main.at(-1)).toMatchObject({ kind: 'Set', line: 1 });
    expect(print(file)).toBe(file.text);
  });

  test('expressions nest up to 256 levels and chain up to about 1,000 operators', () => {
    const nested = (levels: number) => `SET A TO ${'('.repeat(levels)}1${')'.repeat(levels)}`;
    expect(codesOf(nested(256))).toEqual([]);
    expect(codesOf(nested(257))).toEqual(['NestingTooDeep']);
    expect(codesOf(`SET A TO 1${' + 1'.repeat(990)}`)).toEqual([]);
    expect(codesOf(`SET A TO 1${' + 1'.repeat(1_000)}`)).toEqual(['NestingTooDeep']);
  });

  test('50,000 nested blocks are matched, and the tree keeps the outer 1,000', () => {
    const nested = (levels: number) => `${'IF A THEN\n'.repeat(levels)}${'END\n'.repeat(levels)}SET B TO 1`;
    expect(codesOf(nested(1_000))).toEqual([]);
    const file = parse(nested(50_000));
    expect(file.diagnostics.map((problem) => problem.code)).toEqual(['NestingTooDeep']);
    expect(file.main.map((statement) => statement.kind)).toEqual(['If', 'Set']);
    let depth = 0;
    for (let body = file.main; body.length > 0; depth++) {
      const first = body[0];
      body = first?.kind === 'If' ? (first.branches[0]?.body ?? []) : [];
    }
    expect(depth).toBe(1_001);
  });
});

describe('size', () => {
  test('at most 1,000 problems are listed', () => {
    const codes = codesOf('nonsense\n'.repeat(5_000));
    expect(codes).toHaveLength(1_001);
    expect(codes.at(-1)).toBe('TooManyProblems');
  });

  test('text behind the size limit is kept unread', () => {
    const text = `SET A TO 1\n${' \n'.repeat(5_000_000)}SET B TO 1\n`;
    const file = parse(text);
    expect(file.diagnostics.map((problem) => problem.code)).toEqual(['FlowTooLarge']);
    expect(file.main).toHaveLength(1);
    expect(file.lines.role(file.lines.length - 1)).toBe('unread');
    expect(print(file)).toBe(text);
  });
});

describe('places', () => {
  test('lines are counted through literals, comments and all line ends', () => {
    const { main } = parse(
      "SET A TO $'''x\r\ny\rz'''\r/# a\nb #/ SET B TO 1\r\n\nSET C TO '''\n'''\nSET D TO 1",
    );
    expect(main.map((statement) => statement.line)).toEqual([0, 4, 6, 8]);
  });

  test('a statement spans its block, its rules and its handlers', () => {
    const text = 'IF A THEN\n    File.Delete Files: F\n    ON ERROR\n    END # done\nEND\nBLOCK\nEND';
    const { main } = parse(text);
    expect(main.map((one) => text.slice(one.start, one.end))).toEqual([
      'IF A THEN\n    File.Delete Files: F\n    ON ERROR\n    END # done\nEND',
      'BLOCK\nEND',
    ]);
    const inner = main[0]?.kind === 'If' ? main[0].branches[0]?.body[0] : undefined;
    expect(inner && text.slice(inner.start, inner.end)).toBe('File.Delete Files: F\n    ON ERROR\n    END');
  });
});
