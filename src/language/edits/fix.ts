// What a quick fix is, and what is known about the place of the diagnostic it belongs to.
import type { Body } from '../analysis/binder.ts';
import type { FlowModel } from '../analysis/model.ts';
import { placeAt } from '../analysis/places.ts';
import type { Diagnostic } from '../diagnostics.ts';
import type { ActionCall, Argument, Node, Output, Statement } from '../syntax/tree.ts';
import { effects } from '../syntax/walk.ts';
import type { TextEdit } from './edit.ts';
import { lineEndOf } from './parameters.ts';

export interface Fix {
  /** What it does, as a person would say it. */
  readonly title: string;
  /** Edits of the text that do not overlap. */
  readonly edits: readonly TextEdit[];
  /** The one most people want. */
  readonly preferred: boolean;
  /** True when it needs nobody's decision: it says the same in the right form. Such fixes may be applied all at once. */
  readonly safe: boolean;
}

export type Fixer = (place: FixPlace) => readonly Fix[];

/** The diagnostic and where it stands. */
export class FixPlace {
  readonly model: FlowModel;
  readonly diagnostic: Diagnostic;
  readonly text: string;
  /** What the diagnostic covers. */
  readonly written: string;
  /** From the outermost statement to the innermost that contains the diagnostic. */
  readonly statements: readonly Statement[];
  readonly body: Body;
  readonly insert = (at: number, text: string): TextEdit => ({ start: at, end: at, text });
  /** Replaces what the diagnostic covers, or another place. */
  readonly replace = (text: string, { start, end }: Node = this.diagnostic): TextEdit => ({
    start,
    end,
    text,
  });

  constructor(model: FlowModel, diagnostic: Diagnostic) {
    const { file, binding } = model;
    this.model = model;
    this.diagnostic = diagnostic;
    this.text = file.text;
    this.written = file.text.slice(diagnostic.start, diagnostic.end);
    const { subflow, statements } = placeAt(file, diagnostic.start);
    this.statements = statements;
    this.body = binding.bodies.find((body) => body.subflow === subflow) ?? (binding.bodies[0] as Body);
  }

  get statement(): Statement | undefined {
    return this.statements.at(-1);
  }

  get start(): number {
    return this.diagnostic.start;
  }

  get end(): number {
    return this.diagnostic.end;
  }

  get lineEnd(): string {
    return lineEndOf(this.model.file);
  }

  /** The call the diagnostic is about. */
  get call(): ActionCall | undefined {
    const { statement } = this;
    const calls =
      statement === undefined ? [] : effects(statement).flatMap(({ action }) => action?.call ?? []);
    return calls.find(({ start, end }) => start <= this.start && this.start <= end);
  }

  /** The argument or output whose name the diagnostic covers. */
  get given(): Argument | Output | undefined {
    const { call, statement } = this;
    const all =
      call !== undefined
        ? [...call.args, ...call.outputs]
        : statement?.kind === 'CallSubflow'
          ? [...statement.args, ...statement.outputs]
          : [];
    return all.find(({ name }) => name.start === this.start);
  }
}

/** A fix that says the same in the right form. */
export function safe(title: string, ...edits: TextEdit[]): Fix {
  return { title, edits, preferred: true, safe: true };
}

/** The fix most people want, which still is a decision. */
export function likely(title: string, ...edits: TextEdit[]): Fix {
  return { title, edits, preferred: true, safe: false };
}

/** One way among others. */
export function possible(title: string, ...edits: TextEdit[]): Fix {
  return { title, edits, preferred: false, safe: false };
}
