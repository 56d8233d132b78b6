// What an assistant (a language model with tools) can be given: tools with described, checked arguments. The same definitions feed the
// MCP server and the tools of VS Code. A tool that changes something asks a person first, always.
import * as z from 'zod/mini';
import { ProductError } from '../base/error.ts';
import type { AgentMethod, AgentParams, AgentResult } from '../protocol/agent.ts';
import { invalidRequest } from '../protocol/rpc.ts';
import type { WireValue } from '../protocol/run.ts';

/** A finding of the checker. `line` and `column` are 1-based. */
export interface Finding {
  readonly line: number;
  readonly column: number;
  readonly severity: 'error' | 'warning' | 'information' | 'hint';
  readonly code: string;
  readonly message: string;
}

export interface FoundAction {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  /** This version's agent can carry it out. */
  readonly supported: boolean;
}

/** What the shell does for the tools. Paths are those of the assistant; the shell refuses what lies outside of its folder. */
export interface Hands {
  /** Absent where the shell has no catalog. */
  readonly catalog?: {
    find(words: string, limit: number): FoundAction[];
    /** Everything about one action, as text. Undefined when there is none. */
    describe(id: string): string | undefined;
  };
  /** What is wrong with the flow at `path`. */
  check(path: string): Promise<readonly Finding[]>;
  /** Absent where the shell changes no files. */
  readonly files?: {
    /** What would be wrong with `text` if it stood at `path`. */
    check(path: string, text: string): Promise<readonly Finding[]>;
    /** The present text; undefined when there is no such file. */
    read(path: string): Promise<string | undefined>;
    /** Replaces the whole text of a flow, or makes a new one. */
    write(path: string, text: string): Promise<void>;
  };
  /** Fails with `SensitiveInput` when a value is given for an input that is sensitive: a conversation is no place for it. */
  request(
    path: string,
    inputs: Readonly<Record<string, WireValue>>,
  ): Promise<Pick<AgentParams<'runs.enqueue'>, 'flow' | 'inputs' | 'requestedBy'>>;
  call<M extends AgentMethod>(method: M, params: AgentParams<M>): Promise<AgentResult<M>>;
}

export interface Tool {
  readonly name: string;
  readonly title: string;
  /** For the model: what it does, and when not to use it. */
  readonly description: string;
  readonly input: z.ZodMiniType;
  /** What a person is asked before it is done; absent for tools that only read. Throws when it cannot be done at all. */
  readonly question?: (args: never, hands: Hands) => Promise<string>;
  readonly run: (args: never, hands: Hands) => Promise<string>;
}

/** Ties the type of the arguments to their schema. */
export function tool<S extends z.ZodMiniType>(definition: {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly input: S;
  readonly question?: (args: z.infer<S>, hands: Hands) => Promise<string>;
  readonly run: (args: z.infer<S>, hands: Hands) => Promise<string>;
}): Tool {
  return definition as unknown as Tool;
}

/** The JSON schema of a tool's arguments. */
export const schemaOf = ({ input }: Tool): object => z.toJSONSchema(input, { io: 'input' });

/** Characters of one answer: more does not help a model. */
const mostText = 60_000;

/**
 * Runs a tool. `agrees` asks a person and is called only for tools that change something. Throws ProductError `InvalidRequest` for wrong
 * arguments, `NotConfirmed`, and what the tool throws.
 */
export async function runTool(
  { name, input, question, run }: Tool,
  args: unknown,
  hands: Hands,
  agrees: (question: string) => Promise<boolean>,
): Promise<string> {
  const parsed = input.safeParse(args ?? {});
  if (!parsed.success) throw invalidRequest(`argument of ${name}`, parsed.error);
  const given = parsed.data as never;
  if (question && !(await agrees(await question(given, hands)))) {
    throw new ProductError(
      'NotConfirmed',
      `Nobody agreed to ${name}: nothing was changed.`,
      'Ask the person what they want instead.',
    );
  }
  const text = await run(given, hands);
  return text.length <= mostText ? text : `${text.slice(0, mostText)}\n… (cut: ask for less)`;
}
