// An oracle for types and assignment: runs a small program along every way at once, with sets of complete environments, so that nothing is
// joined before its time. Random programs and their text come from here too.
import fc from 'fast-check';

export const names = ['A', 'B', 'C'] as const;
export type Name = (typeof names)[number];

/** A statement of the small language. `at` numbers the reads, so that they can be told apart. */
export type Piece =
  | { readonly kind: 'set'; readonly to: Name; readonly value: 'Number' | 'Text' }
  | { readonly kind: 'copy'; readonly to: Name; readonly from: Name }
  | { readonly kind: 'if'; readonly yes: readonly Piece[]; readonly no: readonly Piece[] }
  | { readonly kind: 'switch'; readonly cases: readonly (readonly Piece[])[]; readonly default: boolean }
  | { readonly kind: 'loop'; readonly item: Name | undefined; readonly body: readonly Piece[] }
  | { readonly kind: 'exitLoop' | 'nextLoop' | 'exitFlow' | 'exitSubflow' }
  | {
      readonly kind: 'guarded';
      readonly to: Name;
      readonly handler: readonly Piece[];
      readonly end: HandlerEnd;
    }
  | {
      readonly kind: 'block';
      readonly handler: readonly Piece[];
      readonly end: HandlerEnd | 'next';
      readonly body: readonly Piece[];
    }
  | { readonly kind: 'goto'; readonly label: number }
  | { readonly kind: 'label'; readonly label: number }
  | { readonly kind: 'call'; readonly subflow: number };

type HandlerEnd = 'go on' | 'repeat' | 'throw';

/** Main and the subflows; subflow `i` calls only later ones, so that every program ends. */
export interface Program {
  readonly main: readonly Piece[];
  readonly subflows: readonly (readonly Piece[])[];
}

export interface Shape {
  readonly jumps: boolean;
  readonly calls: boolean;
  readonly resuming: boolean;
}

const name = fc.constantFrom(...names);

export function programs(shape: Shape): fc.Arbitrary<Program> {
  const body = (subflow: number) => pieces(3, { ...shape, loop: false, first: subflow + 1 });
  return fc
    .record({
      main: body(-1),
      subflows: shape.calls ? fc.tuple(body(0), body(1)) : fc.constant([] as (readonly Piece[])[]),
    })
    .map(({ main, subflows }) => ({ main: labelledOnce(main), subflows: subflows.map(labelledOnce) }));
}

function labelledOnce(body: readonly Piece[]): readonly Piece[] {
  const isSame = (a: Piece, b: Piece) => a.kind === 'label' && b.kind === 'label' && a.label === b.label;
  return body.filter((item, i) => !body.slice(0, i).some((other) => isSame(item, other)));
}

function pieces(
  depth: number,
  shape: Shape & { loop: boolean; first: number },
): fc.Arbitrary<readonly Piece[]> {
  return fc.array(piece(depth, shape), { minLength: depth === 3 ? 2 : 0, maxLength: depth === 3 ? 6 : 3 });
}

function piece(depth: number, shape: Shape & { loop: boolean; first: number }): fc.Arbitrary<Piece> {
  const simple: fc.Arbitrary<Piece>[] = [
    fc.record({ kind: fc.constant('set' as const), to: name, value: fc.constantFrom('Number', 'Text') }),
    fc.record({ kind: fc.constant('copy' as const), to: name, from: name }),
    fc.record({ kind: fc.constant('copy' as const), to: name, from: name }),
    fc.constantFrom<Piece>({ kind: 'exitFlow' }, { kind: 'exitSubflow' }),
  ];
  if (shape.loop) simple.push(fc.constantFrom<Piece>({ kind: 'exitLoop' }, { kind: 'nextLoop' }));
  if (shape.calls && shape.first < 2) {
    const subflow = fc.integer({ min: shape.first, max: 1 });
    simple.push(fc.record({ kind: fc.constant('call' as const), subflow }));
  }
  if (shape.jumps) {
    const label = fc.nat(1);
    simple.push(fc.record({ kind: fc.constant('goto' as const), label }));
    if (depth === 3) simple.push(fc.record({ kind: fc.constant('label' as const), label }));
  }
  if (depth === 0) return fc.oneof(...simple);
  const inner = pieces(depth - 1, shape);
  const handler = fc.array(piece(0, { ...shape, calls: false }), { maxLength: 2 });
  const end = fc.constantFrom<HandlerEnd>('go on', 'go on', 'repeat', 'throw');
  return fc.oneof(
    ...simple,
    fc.record({ kind: fc.constant('if' as const), yes: inner, no: inner }),
    fc.record({
      kind: fc.constant('switch' as const),
      cases: fc.array(inner, { minLength: 1, maxLength: 2 }),
      default: fc.boolean(),
    }),
    fc.record({
      kind: fc.constant('loop' as const),
      item: fc.option(name, { nil: undefined }),
      body: pieces(depth - 1, { ...shape, loop: true }),
    }),
    fc.record({ kind: fc.constant('guarded' as const), to: name, handler, end }),
    fc.record({
      kind: fc.constant('block' as const),
      handler,
      end: shape.resuming ? fc.constantFrom<HandlerEnd | 'next'>('go on', 'next') : end,
      body: inner,
    }),
  );
}

// ── Text ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** The program as a flow, and the line of each copy: the oracle tells its reads by the object. */
export function write({ main, subflows }: Program): { text: string; lines: ReadonlyMap<Piece, number> } {
  const text = ['@SENSITIVE: []'];
  const lines = new Map<Piece, number>();
  const all = (list: readonly Piece[]) => list.forEach(one);
  const closing: Record<HandlerEnd | 'next', (block: string) => string[]> = {
    'go on': () => [],
    repeat: (what) => [`REPEAT ${what}`],
    throw: () => ['THROW ERROR'],
    next: () => ['NEXT ACTION'],
  };
  const one = (item: Piece) => {
    switch (item.kind) {
      case 'set':
        text.push(`SET ${item.to} TO ${item.value === 'Number' ? '1' : "'x'"}`);
        break;
      case 'copy':
        lines.set(item, text.length);
        text.push(`SET ${item.to} TO ${item.from}`);
        break;
      case 'if':
        text.push('IF 1 = 1 THEN');
        all(item.yes);
        if (item.no.length > 0) text.push('ELSE');
        all(item.no);
        text.push('END');
        break;
      case 'switch':
        text.push('SWITCH 1');
        for (const body of item.cases) {
          text.push('CASE = 1');
          all(body);
        }
        if (item.default) text.push('DEFAULT');
        text.push('END');
        break;
      case 'loop':
        text.push(item.item === undefined ? 'LOOP WHILE (1) = (1)' : `LOOP ${item.item} FROM 1 TO 9`);
        all(item.body);
        text.push('END');
        break;
      case 'exitLoop':
        text.push('EXIT LOOP');
        break;
      case 'nextLoop':
        text.push('NEXT LOOP');
        break;
      case 'exitFlow':
        text.push('EXIT Code: 0');
        break;
      case 'exitSubflow':
        text.push('EXIT FUNCTION');
        break;
      case 'guarded':
        text.push(`Text.ToNumber Text: 'x' Number=> ${item.to}`, 'ON ERROR');
        all(item.handler);
        text.push(...closing[item.end]('ACTION'), 'END');
        break;
      case 'block':
        text.push('BLOCK', 'ON BLOCK ERROR all');
        all(item.handler);
        text.push(...closing[item.end]('BLOCK'), 'END');
        all(item.body);
        text.push('END');
        break;
      case 'goto':
        text.push(`GOTO L${item.label}`);
        break;
      case 'label':
        text.push(`LABEL L${item.label}`);
        break;
      case 'call':
        text.push(`CALL S${item.subflow}`);
    }
  };
  // A variable that nothing writes is not one of this flow: each gets a value where nothing leads.
  const writes = names.map((variable) => `SET ${variable} TO 1`);
  const never = ['GOTO Behind', ...writes, 'LABEL Behind'];
  all(main);
  if (subflows.length === 0) text.push(...never);
  subflows.forEach((body, i) => {
    text.push(`FUNCTION S${i} GLOBAL`);
    all(body);
    if (i === subflows.length - 1) text.push(...never);
    text.push('END FUNCTION');
  });
  return { text: text.join('\n'), lines };
}

// ── Every way ───────────────────────────────────────────────────────────────────────────────────────────────────

/** What each variable is: its type's first letter, or `-` without a value. `N-T`: A is a number, B has no value, C is a text. */
type Environment = string;
type Environments = ReadonlySet<Environment>;

/** Where ways go from a statement, each with the environments on it. */
interface Ways {
  readonly on: Set<Environment>;
  readonly exitLoop: Set<Environment>;
  readonly nextLoop: Set<Environment>;
  readonly leave: Set<Environment>;
  readonly failed: Set<Environment>;
  readonly jumps: ReadonlyMap<number, Set<Environment>>;
}

/** The types a read may find, `-` for no value; nothing for reads that no way leads to. */
export type Seen = ReadonlyMap<Piece, ReadonlySet<string>>;

export function runEveryWay({ main, subflows }: Program): Seen {
  const seen = new Map<Piece, Set<string>>();
  /** Of the blocks one is in: what the handlers make of an error, when they go on behind the action that failed. */
  let resuming: readonly ((failed: Environments) => Environments)[] = [];

  const list = (body: readonly Piece[], start: Environments, from = 0): Ways => {
    const ways = noWays();
    let on = start;
    for (const item of body.slice(from)) {
      const next = one(item, on);
      merge(ways, next);
      on = new Set(next.on);
    }
    add(ways.on, on);
    return ways;
  };

  /** The whole body of Main or a subflow, with its jumps followed. */
  const whole = (body: readonly Piece[], start: Environments): Ways => {
    const ways = list(body, start);
    const arrived = new Map<number, Set<Environment>>([0, 1].map((label) => [label, new Set<Environment>()]));
    for (let again = true; again; ) {
      again = false;
      for (const [label, environments] of ways.jumps) {
        const known = arrived.get(label) as Set<Environment>;
        const at = body.findIndex((item) => item.kind === 'label' && item.label === label);
        if (!add(known, environments) || at < 0) continue;
        again = true;
        const more = list(body, known, at + 1);
        merge(ways, more);
        add(ways.on, more.on);
      }
    }
    return ways;
  };

  const simple = (on: Environments, after: Environments): Ways => {
    const ways = noWays();
    add(ways.on, after);
    for (const handler of resuming) add(ways.on, handler(on));
    // An error may come in front of the statement and behind it.
    add(ways.failed, on);
    add(ways.failed, after);
    return ways;
  };

  const one = (item: Piece, on: Environments): Ways => {
    const ways = noWays();
    if (on.size === 0) return ways;
    switch (item.kind) {
      case 'set':
        return simple(on, put(on, item.to, item.value.charAt(0)));
      case 'copy': {
        const found = seen.get(item) ?? new Set();
        seen.set(item, found);
        const after = new Set<Environment>();
        for (const environment of on) {
          const type = environment.charAt(names.indexOf(item.from));
          found.add(type);
          // Without a value the designer's flow would fail here: what comes behind is the same as if the value had no type.
          add(after, put(new Set([environment]), item.to, type === '-' ? '?' : type));
        }
        return simple(on, after);
      }
      case 'if':
        for (const body of [item.yes, item.no]) {
          const branch = list(body, on);
          merge(ways, branch);
          add(ways.on, branch.on);
        }
        return ways;
      case 'switch':
        for (const body of item.cases) {
          const branch = list(body, on);
          merge(ways, branch);
          add(ways.on, branch.on);
        }
        add(ways.on, on);
        return ways;
      case 'loop': {
        const head = new Set(on);
        for (let again = true; again; ) {
          const start = item.item === undefined ? head : put(head, item.item, 'N');
          add(ways.failed, head);
          add(ways.failed, start);
          const round = list(item.body, start);
          const { exitLoop, nextLoop } = round;
          merge(ways, { ...round, exitLoop: new Set(), nextLoop: new Set() });
          add(ways.on, exitLoop);
          again = add(head, round.on);
          again = add(head, nextLoop) || again;
        }
        add(ways.on, head);
        return ways;
      }
      case 'exitLoop':
        add(ways.exitLoop, on);
        return ways;
      case 'nextLoop':
        add(ways.nextLoop, on);
        return ways;
      case 'exitFlow':
        return ways;
      case 'exitSubflow':
        add(ways.leave, on);
        return ways;
      case 'goto': {
        add(ways.jumps.get(item.label) as Set<Environment>, on);
        return ways;
      }
      case 'label':
        add(ways.on, on);
        return ways;
      case 'call': {
        // An error that leaves the subflow goes on behind the call, not inside.
        const around = resuming;
        resuming = [];
        const called = whole(subflows[item.subflow] as readonly Piece[], on);
        resuming = around;
        add(ways.on, called.on);
        add(ways.on, called.leave);
        add(ways.failed, called.failed);
        for (const handler of resuming) add(ways.on, handler(called.failed));
        return ways;
      }
      case 'guarded': {
        const failed = new Set(on);
        for (let again = true; again; ) {
          again = false;
          merge(ways, simple(failed, put(failed, item.to, 'N')));
          add(ways.on, put(failed, item.to, 'N'));
          for (const handler of resuming) add(ways.on, handler(failed));
          const handled = list(item.handler, failed);
          merge(ways, handled);
          if (item.end === 'go on') add(ways.on, handled.on);
          else if (item.end === 'repeat') again = add(failed, handled.on);
          else add(ways.failed, handled.on);
        }
        return ways;
      }
      case 'block': {
        const start = new Set(on);
        const around = resuming;
        const handle = (failed: Environments): Environments => {
          const inside = resuming;
          resuming = around;
          const handled = list(item.handler, failed);
          resuming = inside;
          merge(ways, handled);
          return handled.on;
        };
        for (let again = true; again; ) {
          again = false;
          if (item.end === 'next') resuming = [...around, handle];
          const body = list(item.body, start);
          resuming = around;
          merge(ways, body);
          add(ways.on, body.on);
          add(ways.failed, start);
          const failed = new Set([...start, ...body.failed, ...body.on]);
          const handled = handle(failed);
          if (item.end === 'go on') add(ways.on, handled);
          else if (item.end === 'repeat') again = add(start, handled);
          else if (item.end === 'throw') add(ways.failed, handled);
        }
        return ways;
      }
    }
  };

  whole(main, new Set(['---']));
  return seen;
}

function noWays(): Ways {
  return {
    on: new Set(),
    exitLoop: new Set(),
    nextLoop: new Set(),
    leave: new Set(),
    failed: new Set(),
    jumps: new Map([0, 1].map((label) => [label, new Set<Environment>()])),
  };
}

/** Everything but what goes on behind the statement. */
function merge(ways: Ways, more: Ways): void {
  add(ways.exitLoop, more.exitLoop);
  add(ways.nextLoop, more.nextLoop);
  add(ways.leave, more.leave);
  add(ways.failed, more.failed);
  for (const [label, environments] of more.jumps) {
    add(ways.jumps.get(label) as Set<Environment>, environments);
  }
}

/** True when something was new. */
function add(set: Set<Environment>, more: Iterable<Environment>): boolean {
  const { size } = set;
  for (const environment of more) set.add(environment);
  return set.size > size;
}

function put(environments: Environments, to: Name, type: string): Set<Environment> {
  const at = names.indexOf(to);
  return new Set([...environments].map((known) => known.slice(0, at) + type + known.slice(at + 1)));
}
