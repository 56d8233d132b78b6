// What a debugger has seen happen: the last statements, and for each variable its last values. Bounded; the oldest go first.
// Values are kept as one line of text, so that stepping back shows what was, whatever was changed in place since.
import type { CompiledFlow } from '../compile.ts';
import type { Value } from '../values.ts';
import { cut, type Inspector, lineCharacters } from './inspect.ts';

/** Values kept of each variable. */
const keptValues = 200;
/** Variables of which values are kept. */
const keptVariables = 2_000;
/** Statements kept. */
const keptSteps = 5_000;

/** Where a subflow was called from; the outermost has no parent. */
export interface StackPlace {
  readonly compiled: CompiledFlow;
  readonly flow: number;
  readonly owner: number;
  /** The call in `parent`; -1 for a flow's Main. */
  readonly callSite: number;
  readonly parent: StackPlace | undefined;
}

/** A statement that was about to be carried out. */
export interface Step {
  /** From 1. */
  readonly number: number;
  readonly thread: number;
  readonly site: number;
  readonly stack: StackPlace;
}

/** A value of a variable. `step` is the statement that wrote it, 0 when it was there before. */
export interface PastValue {
  readonly step: number;
  readonly site: number;
  /** One line, empty when the variable is sensitive; undefined while it has no value. */
  readonly text: string | undefined;
}

/** One variable: which slot of which flow. Calls of a local subflow one after the other share its variables' histories. */
interface VariableHistory {
  readonly values: PastValue[];
  omitted: number;
  /** For comparing: the value itself, or the text of what can be changed in place. */
  last: unknown;
}

export class History {
  readonly #inspector: Inspector;
  readonly #variables = new Map<CompiledFlow, Map<number, VariableHistory>>();
  #variableCount = 0;
  readonly #steps: Step[] = [];
  #next = 1;

  constructor(inspector: Inspector) {
    this.#inspector = inspector;
  }

  /** Notes that a statement is about to be carried out. */
  step(thread: number, site: number, stack: StackPlace): Step {
    const step = { number: this.#next, thread, site, stack };
    // A ring: the place of a step follows from its number.
    this.#steps[(this.#next++ - 1) % keptSteps] = step;
    return step;
  }

  get last(): number {
    return this.#next - 1;
  }

  at(number: number): Step | undefined {
    const step = number < 1 ? undefined : this.#steps[(number - 1) % keptSteps];
    return step?.number === number ? step : undefined;
  }

  /** The step of the same thread before or behind a step. */
  beside(number: number, thread: number, direction: 1 | -1): Step | undefined {
    for (let i = number + direction; ; i += direction) {
      const step = this.at(i);
      if (step === undefined || step.thread === thread) return step;
    }
  }

  /** Notes what a variable holds after `step`. True when that differs from what was known. */
  value(
    compiled: CompiledFlow,
    slot: number,
    value: Value | undefined,
    isSensitive: boolean,
    step: number,
    site: number,
  ): boolean {
    let variables = this.#variables.get(compiled);
    if (variables === undefined) {
      variables = new Map();
      this.#variables.set(compiled, variables);
    }
    let history = variables.get(slot);
    if (history === undefined) {
      if (value === undefined || this.#variableCount >= keptVariables) return value !== undefined;
      this.#variableCount++;
      history = { values: [], omitted: 0, last: undefined };
      variables.set(slot, history);
    }
    // A list or table may have changed in place: its line is compared, which shows how much it holds and how it begins.
    const isContainer = typeof value === 'object' && value !== null;
    let text = value === undefined || !isContainer ? undefined : this.#inspector.line(value);
    const compared = isContainer ? text : typeof value === 'string' ? brief(value) : value;
    if (history.values.length > 0 && Object.is(compared, history.last)) return false;
    history.last = compared;
    if (isSensitive) text = '';
    else if (value !== undefined && !isContainer) text = this.#inspector.line(value);
    if (history.values.length >= keptValues) {
      history.values.shift();
      history.omitted++;
    }
    history.values.push({ step, site, text });
    return true;
  }

  values(
    compiled: CompiledFlow,
    slot: number,
  ): { readonly values: readonly PastValue[]; readonly omitted: number } {
    return this.#variables.get(compiled)?.get(slot) ?? { values: [], omitted: 0 };
  }

  /** What a variable held before a step; undefined when that is no longer known. */
  before(compiled: CompiledFlow, slot: number, step: number): PastValue | undefined {
    return this.values(compiled, slot).values.findLast((entry) => entry.step < step);
  }
}

/** Tells a text from most others without keeping all of it. */
const brief = (text: string): string =>
  text.length > lineCharacters ? `${text.length} ${cut(text, lineCharacters)}` : text;
