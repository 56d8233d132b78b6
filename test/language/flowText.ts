// Random flows and random edits of them, biased to what people write and to what breaks parsers. Everything follows from a seed.

/** A source of chance that repeats itself for the same seed. */
export class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** 0 ≤ result < 1 */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }

  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  oneIn(count: number): boolean {
    return this.below(count) === 0;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }
}

const lineEnds = ['\n', '\n', '\r\n', '\r\n', '\r'];

/** Lines that are wrong in most places. */
const oddLines = [
  'nonsense here',
  'SET',
  'ELSE',
  'END',
  'END FUNCTION',
  'CASE = 1',
  'DEFAULT',
  'ON ERROR',
  'ON BLOCK ERROR all',
  "SET Q TO $'''never closed",
  "SET Q TO $'''100%''' + $'''x'''",
  "SET Q TO $'''100%'''",
  "SET Q TO 'never closed",
  "SET Q TO $fx'never closed",
  '/# never closed',
  '#/',
  "@INPUT X : { 'Type': 'String' }",
  '@SENSITIVE: [X]',
  "@@m: 'x'",
  'DISABLE File.Delete Files: x',
  'SET A TO 1 SET B TO 2',
  'FUNCTION g GLOBAL',
];

/** Pieces that change the meaning of what follows when they are put in or taken away. */
const pieces = [
  "'",
  "'''",
  "$'''",
  "$'''100%'''",
  '%',
  '"',
  '\\',
  '#',
  '/#',
  '#/',
  '@@',
  "@@a: 'b'\n",
  '\n',
  '\r\n',
  '\r',
  ' ',
  '    ',
  'x',
  '(',
  ')',
  '😀',
  '\ud800',
  'END',
  'END\n',
  'END FUNCTION\n',
  'FUNCTION g GLOBAL\n',
  'ELSE\n',
  'CASE = 1\n',
  'DEFAULT\n',
  'ON ERROR\n',
  'ON ERROR REPEAT 1 TIMES\n',
  'ON BLOCK ERROR all\n',
  'IF A THEN\n',
  'LOOP FROM 1 TO 2\n',
  'SWITCH A\n',
  'BLOCK b\n',
  'SET A TO 1\n',
  'Text.Trim Text: a\n',
  '**REGION r\n',
  'DISABLE ',
  'IMPORT',
  "@INPUT q : { 'Type': 'String' }\n",
  '# [ControlRepository]',
];

/** Writes flows. */
class Writer {
  readonly #chance: Chance;
  readonly #end: string;
  readonly #odd: number;

  /** One line in `odd` is wrong; `end` ends the lines. */
  constructor(chance: Chance, odd: number, end = chance.pick(lineEnds)) {
    this.#chance = chance;
    this.#odd = odd;
    this.#end = end;
  }

  flow(): string {
    const { oneIn, below } = bound(this.#chance);
    let text = '';
    if (oneIn(2)) {
      text += this.#lines(
        '',
        "@@source: 'Recorder'",
        "IMPORT 'controlRepo.appmask' AS appmask",
        '@SENSITIVE: [A]',
        "@INPUT In : { 'Description': '', 'FriendlyName': 'In', 'Type': 'String', 'IsOptional': False, 'DefaultValue': '' }",
      );
    }
    text += this.body('', 3) + this.body('', 4);
    for (let i = below(3); i > 0; i--) {
      text += this.#lines('', `FUNCTION f${i} ${oneIn(2) ? 'GLOBAL' : 'a, OUTPUT b'}`);
      if (oneIn(3)) text += this.#lines('    ', '@SENSITIVE: [a]');
      text += this.body('    ', 3) + this.body('    ', 2);
      if (!oneIn(12)) text += this.#lines('', 'END FUNCTION');
      if (oneIn(4)) text += this.body('', 2);
    }
    if (oneIn(6))
      text += this.#lines('', '', '# [ControlRepository][PowerAutomateDesktop]', '', '{ "a": 1 }');
    return oneIn(6) ? text.trimEnd() : text;
  }

  body(indent: string, depth: number): string {
    let text = '';
    for (let i = this.#chance.below(4); i > 0; i--) text += this.statement(indent, depth);
    return text;
  }

  statement(indent: string, depth: number): string {
    const { pick, oneIn, below } = bound(this.#chance);
    if (oneIn(this.#odd)) return this.#lines(indent, pick(oddLines));
    const inner = `${indent}    `;
    let text = '';
    if (oneIn(8))
      text += pick([this.#end, `${indent}# note${this.#end}`, `/# a${this.#end} b #/${this.#end}`]);
    if (oneIn(14)) text += this.#lines(indent, "@@key: 'value'");
    const rules = (count: number) => (oneIn(count) ? this.#rules(indent, depth) : '');
    switch (below(depth > 0 ? 14 : 8)) {
      case 0:
      case 1:
        return `${text}${this.#lines(indent, `SET ${pick(['A', 'L[0]', 'X.y', 'GLOBAL.Z'])} TO ${this.#value(2)}`)}`;
      case 2:
      case 3:
        return `${text}${this.#lines(indent, `Text.Trim Text: ${this.#value(2)} Option: Text.TrimOption.Both Out=> B`)}${rules(3)}`;
      case 4:
        return `${text}${this.#lines(indent, `CALL f a: ${this.#value(1)}`)}${rules(4)}`;
      case 5:
        return `${text}${this.#lines(indent, `WAIT (File.IfFile.Exists File: ${this.#value(1)}) FOR 3`)}${rules(3)}`;
      case 6:
        return `${text}${this.#lines(indent, pick(['NEXT LOOP', 'EXIT LOOP', 'EXIT FUNCTION', 'EXIT Code: 1', 'LABEL x', 'GOTO x', 'ERROR => e Reset: True', 'WAIT 2']))}`;
      case 7:
        return `${text}${this.#lines(indent, pick(['**REGION r', '**ENDREGION', 'DISABLE File.Delete Files: x', '# note', '']))}`;
      case 8:
      case 9:
        text += this.#lines(indent, `IF ${this.#condition()} THEN`) + rules(8) + this.body(inner, depth - 1);
        if (oneIn(4))
          text += this.#lines(indent, `ELSE IF ${this.#value(1)} THEN`) + this.body(inner, depth - 1);
        if (oneIn(3)) text += this.#lines(indent, 'ELSE') + this.body(inner, depth - 1);
        break;
      case 10:
      case 11:
        text += this.#lines(
          indent,
          `LOOP ${pick(['FOREACH i IN L', 'FROM 1 TO 2', 'i FROM 1 TO 9 STEP 2', `WHILE ${this.#condition()}`])}`,
        );
        text += rules(10) + this.body(inner, depth - 1);
        break;
      case 12:
        text += this.#lines(indent, `SWITCH ${this.#value(1)}`);
        for (let i = below(3); i > 0; i--) {
          text +=
            this.#lines(inner, `CASE ${pick(['=', '<>', '>'])} ${this.#value(1)}`) +
            this.body(`${inner}    `, depth - 1);
        }
        if (oneIn(2)) text += this.#lines(inner, 'DEFAULT') + this.body(`${inner}    `, depth - 1);
        break;
      default: {
        text += this.#lines(indent, 'BLOCK b');
        if (oneIn(5)) text += this.#lines(indent, '**REGION q');
        const handlers = below(3);
        for (let i = 0; i < handlers; i++) {
          text +=
            this.#lines(indent, `ON BLOCK ERROR${pick(['', ' all', ' Custom'])}`) +
            this.#handler(inner, depth);
        }
        if (handlers > 0) text += this.#lines(indent, 'END');
        text += this.body(inner, depth - 1);
      }
    }
    return oneIn(4 * this.#odd) ? text : text + this.#lines(indent, 'END');
  }

  #rules(indent: string, depth: number): string {
    const { pick, oneIn } = bound(this.#chance);
    let text = this.#lines(indent, `ON ERROR${pick(['', ' REPEAT 2 TIMES WAIT 3', ' FileNotFound'])}`);
    text += this.#handler(`${indent}    `, depth);
    if (oneIn(3)) text += this.#lines(indent, 'ON ERROR') + this.#handler(`${indent}    `, depth);
    return text + this.#lines(indent, 'END');
  }

  #handler(indent: string, depth: number): string {
    const { pick, oneIn, below } = bound(this.#chance);
    let text = '';
    for (let i = below(3); i > 0; i--) {
      text += this.#lines(indent, pick(['SET E TO 1', 'GOTO x', 'CALL f', 'THROW ERROR', 'REPEAT ACTION']));
    }
    return oneIn(this.#odd) ? text + this.statement(indent, depth - 1) : text;
  }

  #condition(): string {
    return this.#chance.oneIn(3) ? '(File.IfFile.Exists File: A)' : this.#value(2);
  }

  #value(depth: number): string {
    const { pick, below } = bound(this.#chance);
    switch (below(depth > 0 ? 11 : 5)) {
      case 0:
        return String(below(100));
      case 1:
        return pick(['A', 'Foo', 'Größe', 'X.Count', 'L[0]', 'GLOBAL.Z', "T[0]['Name']", 'L[1:2]', 'True']);
      case 2:
        return `$'''some %${pick(['A', 'X.Y', "'q'", '1 + 2', "T['a']"])}% text'''`;
      case 3:
        return pick([
          "'text'",
          "'it\\'s'",
          "'''x'''",
          "$'''100%%'''",
          "$'''a\\\\b'''",
          'd"2024-01-01 00:00:00.00+000"',
        ]);
      case 4:
        return pick(["appmask['S']['E']", "imgrepo['I']", "P'abc'", "$fx'=1+2'", '-1']);
      case 5:
      case 6:
        return `${this.#value(depth - 1)} ${pick(['+', '=', 'AND', 'MOD', '<>'])} ${this.#value(depth - 1)}`;
      case 7:
        return `(${this.#value(depth - 1)})`;
      case 8:
        return pick([
          `[${this.#value(depth - 1)}, ${this.#value(depth - 1)}]`,
          `{ 'k': ${this.#value(depth - 1)} }`,
          `{ ^['H'], [${this.#value(depth - 1)}] }`,
        ]);
      case 9:
        return `$'''line${this.#end}next %A%${this.#end}'''`;
      default:
        return `IsEmpty(${this.#value(depth - 1)})`;
    }
  }

  #lines(indent: string, ...lines: string[]): string {
    return lines.map((line) => `${line === '' ? '' : indent}${line}${this.#end}`).join('');
  }
}

function bound(chance: Chance): Pick<Chance, 'pick' | 'oneIn' | 'below'> {
  return {
    pick: (items) => chance.pick(items),
    oneIn: (count) => chance.oneIn(count),
    below: (limit) => chance.below(limit),
  };
}

/** A flow of some dozen lines; `odd`: about one line in so many is wrong. */
export function someFlow(chance: Chance, odd = 12): string {
  return new Writer(chance, odd).flow();
}

export interface SomeEdit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** What people and tools do to a text: typing, deleting, pasting and moving lines, opening and closing quotes and blocks. */
export function someEdit(chance: Chance, text: string): SomeEdit {
  const starts = [0];
  for (const { index, 0: end } of text.matchAll(/\r\n|\r|\n/g)) starts.push(index + end.length);
  starts.push(text.length);
  const line = chance.below(starts.length);
  const lineStart = starts[line] as number;
  const at = chance.below(text.length + 1);
  const writer = new Writer(chance, 10);
  switch (chance.below(9)) {
    case 0:
      return { start: at, end: at, text: chance.pick(['x', ' ', '1', '_', 'é']) };
    case 1:
      return { start: at, end: Math.min(text.length, at + 1 + chance.below(3)), text: '' };
    case 2: {
      const last = Math.min(starts.length - 1, line + 1 + chance.below(3));
      return { start: lineStart, end: starts[last] as number, text: '' };
    }
    case 3:
      return { start: lineStart, end: lineStart, text: writer.body('    ', 2) };
    case 4:
      return { start: at, end: at, text: chance.pick(pieces) };
    case 5:
      return { start: lineStart, end: lineStart, text: chance.pick(pieces) };
    case 6:
      return { start: lineStart, end: lineStart, text: writer.statement('    ', 1) };
    case 7: {
      const found = [...text.matchAll(/END FUNCTION|END|ON ERROR|'''|ELSE|THEN|\/#|#\/|@@|\r|\n/g)];
      if (found.length === 0) return { start: at, end: at, text: 'y' };
      const { index, 0: word } = chance.pick(found);
      return { start: index, end: index + word.length, text: chance.oneIn(2) ? '' : chance.pick(pieces) };
    }
    default:
      return { start: at, end: Math.min(text.length, at + chance.below(60)), text: chance.pick(pieces) };
  }
}

export function edited(text: string, edit: SomeEdit): string {
  return text.slice(0, edit.start) + edit.text + text.slice(edit.end);
}
