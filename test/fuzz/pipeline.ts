// Everything that happens to the bytes of a flow between the disk and the editor, with what must hold at each step for any bytes.
import { TextDocument } from 'vscode-languageserver-textdocument';
import { ProductError } from '../../src/base/error.ts';
import { LineIndex } from '../../src/base/text.ts';
import { FlowModel } from '../../src/language/analysis/model.ts';
import { check } from '../../src/language/checks/check.ts';
import { applyEdits } from '../../src/language/edits/edit.ts';
import { formatEdits } from '../../src/language/edits/format.ts';
import { decodeFlow, encodeFlow } from '../../src/language/syntax/decode.ts';
import { parse } from '../../src/language/syntax/parser.ts';
import { print } from '../../src/language/syntax/printer.ts';
import { reparse } from '../../src/language/syntax/reparse.ts';
import type { FlowFile } from '../../src/language/syntax/tree.ts';
import { codeLensesOf } from '../../src/server/features/codeLens.ts';
import { foldingRangesOf } from '../../src/server/features/folding.ts';
import { tokensOf } from '../../src/server/features/semanticTokens.ts';
import { symbolsOf } from '../../src/server/features/symbols.ts';
import { entryOf } from '../../src/server/flowEntry.ts';
import { Analysis } from '../../src/server/workspace.ts';
import { Chance, edited, someEdit } from '../language/flowText.ts';
import { difference } from '../language/sameTree.ts';

/** What is tested; a test of the fuzzer itself puts something broken in. */
export interface Tools {
  readonly parse: (text: string) => FlowFile;
}

export const tools: Tools = { parse };

/** What one step found wrong. */
export class Finding extends Error {
  readonly step: string;

  constructor(step: string, cause: unknown) {
    super(`${step}: ${cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)}`, { cause });
    this.step = step;
  }
}

/** Milliseconds of work each step took. */
export type Times = Map<string, number>;

/**
 * Runs every step.
 * @throws Finding when a step throws, breaks a promise, or takes longer than any flow of that size may.
 */
export function runPipeline(bytes: Uint8Array, { parse: parseWith }: Tools = tools, seed = 1): Times {
  const times: Times = new Map();
  // Generous: a busy machine is no finding. What grows too fast is found by comparing sizes (see `growth`).
  const most = 3_000 + bytes.length / 20;

  const step = <T>(name: string, action: () => T): T => {
    const start = worked();
    let result: T;
    try {
      result = action();
    } catch (error) {
      throw error instanceof Finding ? error : new Finding(name, error);
    }
    const took = worked() - start;
    times.set(name, took);
    if (took > most) throw new Finding(name, `${took.toFixed(0)} ms for ${bytes.length} bytes`);
    return result;
  };
  const must = (holds: boolean, what: string) => {
    if (!holds) throw new Error(what);
  };

  const text = step('decode', () => {
    try {
      const { text, encoding } = decodeFlow(bytes);
      must(Buffer.from(encodeFlow(text, encoding)).equals(bytes), 'the bytes do not come back');
      return text;
    } catch (error) {
      // In none of the encodings: that is said and nothing more happens. Any text there is, all the same.
      if (error instanceof ProductError) return Buffer.from(bytes).toString('latin1');
      throw error;
    }
  });
  const file = step('parse', () => parseWith(text));
  step('print', () => must(print(file) === text, 'the text does not come back'));
  step('places', () => {
    for (const { start, end, message } of file.diagnostics) {
      must(start >= 0 && start <= end && end <= text.length && message !== '', 'a problem has no place');
    }
  });
  step('reparse', () => {
    const chance = new Chance(seed);
    let now = parseWith(text);
    // Comparing trees takes longer than making them.
    for (let i = text.length < 200_000 ? 3 : 1; i > 0; i--) {
      const edit = someEdit(chance, now.text);
      const next = edited(now.text, edit);
      now = reparse(now, next, {
        start: edit.start,
        oldEnd: edit.end,
        newEnd: edit.start + edit.text.length,
      });
      const where = difference(now, parseWith(next));
      must(where === undefined, `after an edit at ${edit.start}: ${where}`);
    }
  });
  const model = new FlowModel(file);
  step('binding', () => model.binding);
  step('types', () => model.types.unreachable());
  step('sensitivity', () => model.sensitivity);
  step('check', () => {
    for (const { start, end, code } of check(model)) {
      must(start >= 0 && start <= end && end <= text.length, `${code} has no place in the text`);
    }
  });
  step('format', () => {
    const once = applyEdits(text, formatEdits(file));
    must(applyEdits(once, formatEdits(parseWith(once))) === once, 'formatting twice gives something else');
  });
  const analysis = new Analysis(TextDocument.create('file:///flows/Fuzz.robin', 'robin', 1, text), '1');
  step('symbols', () => symbolsOf(analysis));
  step('folding', () => foldingRangesOf(analysis));
  step('semantic tokens', () => tokensOf(analysis));
  step('code lenses', () => codeLensesOf(analysis, { run: true, references: true }));
  step('index entry', () => entryOf(analysis.uri, 'Fuzz', undefined, file, new LineIndex(text)));
  return times;
}

/** A step whose time grew by `factor` when the text became four times as long. */
export interface Growth {
  readonly step: string;
  readonly factor: number;
}

/** Below this a step's time says nothing about how it grows. */
const leastTime = 40;

/**
 * Repeats `unit` to a long text and to one four times as long, and gives the steps whose time grew more than tenfold:
 * linear work grows fourfold, quadratic work sixteenfold. A suspect is asked again with texts twice as long: a collection of
 * garbage that happened to be most of a short time does not follow it there, quadratic work does.
 */
export function growth(unit: string, length: number, used: Tools = tools): Growth[] {
  const suspects = grown(unit, length, used);
  if (suspects.length === 0) return [];
  const again = new Set(grown(unit, 2 * length, used).map(({ step }) => step));
  return suspects.filter(({ step }) => again.has(step));
}

/** Each time is the least of several, and suspects are measured again. */
function grown(unit: string, length: number, used: Tools): Growth[] {
  const bytes = (times: number) =>
    new TextEncoder().encode(unit.repeat(Math.ceil((length * times) / unit.length)));
  const short: Times = new Map();
  const long: Times = new Map();
  let suspects: Growth[] = [];
  for (let round = 0; round < 4; round++) {
    for (const [times, size] of [
      [short, 1],
      [long, 4],
    ] as const) {
      for (const [step, time] of runPipeline(bytes(size), used)) {
        times.set(step, Math.min(time, times.get(step) ?? Number.POSITIVE_INFINITY));
      }
    }
    suspects = [...long].flatMap(([step, time]) => {
      const factor = time / Math.max(short.get(step) ?? 0, leastTime / 8);
      return time > leastTime && factor > 10 ? [{ step, factor }] : [];
    });
    if (round > 0 && suspects.length === 0) break;
  }
  return suspects;
}

/** Milliseconds this thread has worked: what others do on the machine does not count. */
function worked(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}
