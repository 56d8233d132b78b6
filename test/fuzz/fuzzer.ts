// Makes hostile flows from a seed and keeps those that break something, as small as they get. What breaks is pipeline.ts's business.
import { encodeFlow, type FlowEncoding } from '../../src/language/syntax/decode.ts';
import { Chance, edited, someEdit, someFlow } from '../language/flowText.ts';
import { Finding, runPipeline, type Tools, tools } from './pipeline.ts';

/** The bytes that follow from a seed: a flow with some edits, in some encoding, with some bytes gone wrong. */
export function bytesOf(seed: number): Uint8Array {
  const chance = new Chance(seed);
  let text = someFlow(chance, chance.pick([4, 12, 40]));
  for (let i = chance.below(4); i > 0; i--) text = edited(text, someEdit(chance, text));
  if (chance.oneIn(5)) text = text.repeat(1 + chance.below(8));
  if (chance.oneIn(4)) text = text.replace(/\r\n|\r|\n/g, () => chance.pick(['\n', '\r\n', '\r']));
  const encoding = chance.pick<FlowEncoding>([
    'utf-8',
    'utf-8',
    'utf-8',
    'utf-8-bom',
    'utf-16le',
    'utf-16be',
  ]);
  const bytes = encodeFlow(text.toWellFormed(), encoding);
  return chance.oneIn(3) ? damaged(bytes, chance) : bytes;
}

/** Some bytes changed, cut out or doubled. */
function damaged(bytes: Uint8Array, chance: Chance): Uint8Array {
  let result = [...bytes];
  for (let i = 1 + chance.below(4); i > 0 && result.length > 0; i--) {
    const at = chance.below(result.length);
    const length = 1 + chance.below(20);
    switch (chance.below(4)) {
      case 0:
        result[at] = chance.below(256);
        break;
      case 1:
        result.splice(at, length);
        break;
      case 2:
        result.splice(at, 0, ...result.slice(at, at + length));
        break;
      default:
        result = result.slice(0, at);
    }
  }
  return Uint8Array.from(result);
}

export interface Crasher {
  readonly bytes: Uint8Array;
  readonly finding: Finding;
}

/** Tries seeds from `first` on until `enough` says so. Gives the first crasher, made small; undefined when nothing broke. */
export function fuzz(
  first: number,
  enough: (tried: number) => boolean,
  used: Tools = tools,
): Crasher | undefined {
  for (let seed = first; !enough(seed - first); seed++) {
    const bytes = bytesOf(seed);
    const finding = findingIn(bytes, used);
    if (finding !== undefined) return smaller({ bytes, finding }, used);
  }
  return undefined;
}

function findingIn(bytes: Uint8Array, used: Tools): Finding | undefined {
  try {
    runPipeline(bytes, used);
    return undefined;
  } catch (error) {
    if (error instanceof Finding) return error;
    throw error;
  }
}

/** Cuts pieces out of a crasher, halves first, for as long as the same step still breaks. */
function smaller(crasher: Crasher, used: Tools): Crasher {
  let { bytes, finding } = crasher;
  const giveUp = performance.now() + 20_000;
  for (let size = bytes.length >> 1; size > 0; size = size >> 1) {
    for (let at = 0; at + size <= bytes.length && performance.now() < giveUp; ) {
      const rest = Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(at + size)]);
      const found = findingIn(rest, used);
      if (found?.step === finding.step) [bytes, finding] = [rest, found];
      else at += size;
    }
  }
  return { bytes, finding };
}
