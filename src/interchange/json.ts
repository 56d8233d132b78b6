// JSON text as a tree of places, so that a part of a file can be read or replaced without touching one other character of it.
// Long strings (screenshots are most of a repository) are skipped, not decoded. Reads what it can of a damaged text.

export type JsonNode = JsonObject | JsonArray | JsonLeaf;

interface Place {
  readonly start: number;
  /** Behind the last character. */
  readonly end: number;
}
export interface JsonObject extends Place {
  readonly kind: 'object';
  readonly members: readonly JsonMember[];
}
export interface JsonMember {
  readonly name: string;
  readonly value: JsonNode;
}
export interface JsonArray extends Place {
  readonly kind: 'array';
  readonly items: readonly JsonNode[];
}
/** `string` with its quotes; `word` is a number, `true`, `false` or `null`. */
export interface JsonLeaf extends Place {
  readonly kind: 'string' | 'word';
}

export interface JsonReading {
  /** Undefined when the text does not begin with a value. */
  readonly root: JsonNode | undefined;
  /** The first fault; everything before it is in the tree. */
  readonly problem: { readonly message: string; readonly offset: number } | undefined;
}

interface OpenObject extends JsonObject {
  end: number;
  readonly members: JsonMember[];
}
interface OpenArray extends JsonArray {
  end: number;
  readonly items: JsonNode[];
}

/** Never throws, needs no stack however deep the text is nested, O(length). */
export function readJson(text: string): JsonReading {
  const open: (OpenObject | OpenArray)[] = [];
  let root: JsonNode | undefined;
  let at = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  let name: string | undefined;
  let expected: 'value' | 'valueOrEnd' | 'nameOrEnd' | 'name' | 'commaOrEnd' = 'value';

  const fail = (message: string, offset: number): JsonReading => {
    for (const container of open) container.end = Math.min(offset, text.length);
    return { root, problem: { message, offset } };
  };
  const add = (node: JsonNode) => {
    const container = open.at(-1);
    if (container === undefined) root = node;
    else if (container.kind === 'array') container.items.push(node);
    else container.members.push({ name: name as string, value: node });
    expected = 'commaOrEnd';
  };

  for (;;) {
    at = skipBlanks(text, at);
    const container = open.at(-1);
    if (container === undefined && root !== undefined) {
      if (at < text.length) return fail('Something follows the end of the JSON text.', at);
      return { root, problem: undefined };
    }
    if (at >= text.length) return fail('The JSON text ends too early.', at);
    const c = text.charCodeAt(at);

    if (c === closing(container) && expected !== 'value' && expected !== 'name') {
      (container as OpenObject | OpenArray).end = at + 1;
      open.pop();
      expected = 'commaOrEnd';
      at++;
    } else if (expected === 'commaOrEnd') {
      if (c !== comma) return fail('A comma is missing.', at);
      expected = container?.kind === 'object' ? 'name' : 'value';
      at++;
    } else if (expected === 'name' || expected === 'nameOrEnd') {
      const end = c === quote ? endOfString(text, at) : -1;
      if (end < 0) return fail('The name of a value is missing.', at);
      const colonAt = skipBlanks(text, end);
      if (text.charCodeAt(colonAt) !== colon) return fail('A colon is missing.', colonAt);
      name = decodeString(text.slice(at, end)) ?? text.slice(at + 1, end - 1);
      expected = 'value';
      at = colonAt + 1;
    } else if (c === openObject || c === openArray) {
      const node: OpenObject | OpenArray =
        c === openObject
          ? { kind: 'object', start: at, end: at, members: [] }
          : { kind: 'array', start: at, end: at, items: [] };
      add(node);
      open.push(node);
      expected = c === openObject ? 'nameOrEnd' : 'valueOrEnd';
      at++;
    } else if (c === quote) {
      const end = endOfString(text, at);
      if (end < 0) return fail('A text is never closed.', at);
      add({ kind: 'string', start: at, end });
      at = end;
    } else {
      const end = endOfWord(text, at);
      if (end === at) return fail('A value is missing.', at);
      add({ kind: 'word', start: at, end });
      at = end;
    }
  }
}

const quote = 34;
const comma = 44;
const colon = 58;
const openArray = 91;
const openObject = 123;

function closing(container: JsonNode | undefined): number {
  return container?.kind === 'object' ? 125 : container?.kind === 'array' ? 93 : -1;
}

function skipBlanks(text: string, from: number): number {
  let at = from;
  for (let c = text.charCodeAt(at); c === 32 || c === 10 || c === 13 || c === 9; c = text.charCodeAt(at))
    at++;
  return at;
}

/** Offset behind the closing quote, or -1. */
function endOfString(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); at >= 0; at = text.indexOf('"', at + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(at - 1 - backslashes) === 92) backslashes++;
    if (backslashes % 2 === 0) return at + 1;
  }
  return -1;
}

function endOfWord(text: string, start: number): number {
  let at = start;
  while (/[\w+.-]/.test(text[at] ?? '')) at++;
  return at;
}

function decodeString(literal: string): string | undefined {
  if (!literal.includes('\\')) return literal.slice(1, -1);
  try {
    return JSON.parse(literal) as string;
  } catch {
    return undefined;
  }
}

// ── Looking into a tree ─────────────────────────────────────────────────────────────────────────────────────────

/** The value of a member, compared as .NET writes names; undefined when `node` is no object or has no such member. */
export function member(node: JsonNode | undefined, name: string): JsonNode | undefined {
  return node?.kind === 'object' ? node.members.findLast((entry) => entry.name === name)?.value : undefined;
}

export function items(node: JsonNode | undefined): readonly JsonNode[] {
  return node?.kind === 'array' ? node.items : [];
}

/** The text a string stands for; undefined for anything else. */
export function stringValue(text: string, node: JsonNode | undefined): string | undefined {
  return node?.kind === 'string' ? decodeString(text.slice(node.start, node.end)) : undefined;
}

export function isTrue(text: string, node: JsonNode | undefined): boolean {
  return node?.kind === 'word' && text.slice(node.start, node.end) === 'true';
}

/** `text` as it stands between the quotes of a JSON string. */
export function escapeString(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}
