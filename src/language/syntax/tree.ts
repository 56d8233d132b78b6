// The shape of the tree: tokens, expressions, statements, file. Plain data; positions are UTF-16 offsets into `text`.
// Every character of the text belongs to exactly one token, and every token to exactly one line of the tree
// (see printer.ts), so a tree can always be printed back byte for byte. No behaviour lives here.
import type { Diagnostic } from '../diagnostics.ts';

// ── Tokens ──────────────────────────────────────────────────────────────────────────────────────────────────────

export type TokenKind =
  | 'space' // blanks and tabs
  | 'newline' // LF, CRLF or CR
  | 'comment' // `# …` up to the line end
  | 'blockComment' // `/# … #/`, may span lines
  | 'region' // `**REGION …` or `**ENDREGION` up to the line end
  | 'word' // identifier or keyword
  | 'number'
  | 'text' // '…' or '''…'''
  | 'interpolated' // $'''…'''
  | 'powerFx' // $fx'…'
  | 'encrypted' // P'…'
  | 'opaque' // `…`
  | 'datetime' // d"…"
  | 'meta' // `@@`
  | 'at' // `@`
  | 'symbol' // ( ) [ ] { } , : . ^ = <> < <= > >= + - * / =>
  | 'attachment' // from `# [ControlRepository]…` to the end of the file
  | 'unknown'; // anything else, one run of characters

export interface Token {
  readonly kind: TokenKind;
  readonly start: number;
  readonly end: number;
}

/** All tokens of a text, packed: token `i` covers `start(i)..end(i)`. Contiguous: the first starts at 0, the last ends at the end of the text. */
export interface TokenList extends Iterable<Token> {
  readonly length: number;
  kind(index: number): TokenKind;
  /** The kind as a number that also tells which symbol or reserved word it is (see tokens.ts). */
  code(index: number): number;
  start(index: number): number;
  end(index: number): number;
}

export interface Node {
  readonly start: number;
  readonly end: number;
}

/** A name as written: `Foo` or `'Get Error'`. `text` is without quotes and escapes; names compare case-insensitively. */
export interface Name extends Node {
  readonly text: string;
  readonly quoted: boolean;
}

// ── Expressions ─────────────────────────────────────────────────────────────────────────────────────────────────

export type Expression =
  | NumberLiteral
  | BooleanLiteral
  | TextLiteral
  | InterpolatedText
  | PowerFxText
  | EncryptedText
  | OpaqueText
  | DatetimeLiteral
  | NameExpression
  | MemberAccess
  | IndexAccess
  | SliceAccess
  | FunctionCall
  | UnaryExpression
  | BinaryExpression
  | Parenthesized
  | ListLiteral
  | TableLiteral
  | ObjectLiteral
  | MissingExpression;

export interface NumberLiteral extends Node {
  readonly kind: 'Number';
  readonly value: number;
  /** As written, when it has more than 15 digits or is very large, so that `value` may not say all of it. */
  readonly written?: string;
}
export interface BooleanLiteral extends Node {
  readonly kind: 'Boolean';
  readonly value: boolean;
}
/** `'…'` or `'''…'''`: no interpolation; `value` has its escapes resolved. */
export interface TextLiteral extends Node {
  readonly kind: 'Text';
  readonly value: string;
}
/** `$'''…'''`. Literal parts have escapes and `%%` resolved. */
export interface InterpolatedText extends Node {
  readonly kind: 'Interpolated';
  readonly parts: readonly (TextPart | InterpolationPart)[];
}
export interface TextPart extends Node {
  readonly kind: 'TextPart';
  readonly value: string;
}
/** `%expression%` inside a text; positions include both percent signs. */
export interface InterpolationPart extends Node {
  readonly kind: 'Interpolation';
  readonly expression: Expression;
}
/** `$fx'…'`: `value` is the content with escapes resolved; an expression when it starts with `=`. Its Power Fx is not parsed here. */
export interface PowerFxText extends Node {
  readonly kind: 'PowerFx';
  readonly value: string;
}
/** `P'…'`: an encrypted blob bound to one user and machine. */
export interface EncryptedText extends Node {
  readonly kind: 'Encrypted';
  readonly value: string;
}
/** `` `…` ``: an argument the designer could not parse. */
export interface OpaqueText extends Node {
  readonly kind: 'Opaque';
  readonly value: string;
}
/** `d"yyyy-MM-dd HH:mm:ss.ff+zzz"`; `value` is the text between the quotes. */
export interface DatetimeLiteral extends Node {
  readonly kind: 'Datetime';
  readonly value: string;
}
/** A variable, `GLOBAL` (as the target of a member access), or the first part of an enum member. */
export interface NameExpression extends Node {
  readonly kind: 'Name';
  readonly name: string;
}
/** `target.name`: a property, `GLOBAL.variable`, or a part of `Module.Enum.Member` (see `enumMember`). */
export interface MemberAccess extends Node {
  readonly kind: 'Member';
  readonly target: Expression;
  readonly name: Name;
}
export interface IndexAccess extends Node {
  readonly kind: 'Index';
  readonly target: Expression;
  readonly index: Expression;
}
/** `target[from:to]`; either side may be absent. */
export interface SliceAccess extends Node {
  readonly kind: 'Slice';
  readonly target: Expression;
  readonly from: Expression | undefined;
  readonly to: Expression | undefined;
}
/** `IsEmpty(x)`, `Contains(a, b, False)` … */
export interface FunctionCall extends Node {
  readonly kind: 'Call';
  readonly name: Name;
  readonly args: readonly Expression[];
}
export interface UnaryExpression extends Node {
  readonly kind: 'Unary';
  readonly operator: '-' | 'NOT';
  readonly operand: Expression;
}
export type BinaryOperator =
  | 'OR'
  | 'XOR'
  | 'AND'
  | '='
  | '<>'
  | '<'
  | '<='
  | '>'
  | '>='
  | '+'
  | '-'
  | '*'
  | '/'
  | 'MOD';
export interface BinaryExpression extends Node {
  readonly kind: 'Binary';
  readonly operator: BinaryOperator;
  readonly left: Expression;
  readonly right: Expression;
}
export interface Parenthesized extends Node {
  readonly kind: 'Parenthesized';
  readonly inner: Expression;
}
export interface ListLiteral extends Node {
  readonly kind: 'List';
  readonly items: readonly Expression[];
}
/** `{ ^['H1','H2'], [1, 2] }`; `{ }` is the empty table. */
export interface TableLiteral extends Node {
  readonly kind: 'Table';
  readonly header: readonly Expression[] | undefined;
  readonly rows: readonly (readonly Expression[])[];
  /** Rows behind `rows` that are values of their own, as in `{ List, OtherList }`: each gives one row. */
  readonly rowValues: readonly Expression[];
}
/** `{ 'k': v }`; `{{ }}` is the empty object. */
export interface ObjectLiteral extends Node {
  readonly kind: 'Object';
  readonly entries: readonly { readonly key: Expression; readonly value: Expression }[];
}
/** Stands where an expression should be; a diagnostic says what was expected. */
export interface MissingExpression extends Node {
  readonly kind: 'Missing';
}

// ── Statements ──────────────────────────────────────────────────────────────────────────────────────────────────

/** `@@key: 'value'`: designer metadata of the statement that follows. */
export interface MetaLine extends Node {
  readonly key: Name;
  readonly value: Expression;
}

interface StatementBase extends Node {
  /** 0-based line of the statement's first token (its `@@` lines are not counted). */
  readonly line: number;
  readonly meta: readonly MetaLine[];
}

export type Statement =
  | SetStatement
  | IfStatement
  | SwitchStatement
  | LoopForEach
  | LoopFromTo
  | LoopWhile
  | ExitLoop
  | NextLoop
  | LabelStatement
  | GotoStatement
  | CallStatement
  | WaitStatement
  | ExitFlow
  | ExitSubflow
  | GetLastError
  | ThrowError
  | ActionStatement
  | BlockStatement
  | RepeatAction
  | RepeatBlock
  | NextAction
  | RegionLine
  | EndRegionLine
  | DisabledStatement
  | ErrorStatement;

/** `SET target TO value`; target is a Name, Member or Index expression. */
export interface SetStatement extends StatementBase {
  readonly kind: 'Set';
  readonly target: Expression;
  readonly value: Expression;
}
/** A condition: an expression, or an action call in parentheses with its own error rules. */
export type Condition =
  | { readonly kind: 'Expression'; readonly expression: Expression }
  | { readonly kind: 'Action'; readonly action: ActionCall; readonly onError: ErrorRules | undefined };

/** `IF … THEN` / `ELSE IF … THEN` / `ELSE` / `END`. `endLine` is undefined when END is missing. */
export interface IfStatement extends StatementBase {
  readonly kind: 'If';
  readonly branches: readonly {
    readonly line: number;
    readonly condition: Condition;
    readonly body: readonly Statement[];
  }[];
  readonly elseLine: number | undefined;
  readonly elseBody: readonly Statement[] | undefined;
  readonly endLine: number | undefined;
}
export interface SwitchStatement extends StatementBase {
  readonly kind: 'Switch';
  readonly value: Expression;
  readonly cases: readonly {
    readonly line: number;
    readonly operator: '=' | '<>' | '<' | '<=' | '>' | '>=';
    readonly value: Expression;
    readonly body: readonly Statement[];
  }[];
  readonly defaultLine: number | undefined;
  readonly defaultBody: readonly Statement[] | undefined;
  readonly endLine: number | undefined;
}
export interface LoopForEach extends StatementBase {
  readonly kind: 'ForEach';
  readonly variable: Name;
  readonly source: Expression;
  readonly body: readonly Statement[];
  readonly endLine: number | undefined;
}
export interface LoopFromTo extends StatementBase {
  readonly kind: 'LoopFromTo';
  readonly variable: Name | undefined;
  readonly from: Expression;
  readonly to: Expression;
  readonly step: Expression | undefined;
  readonly body: readonly Statement[];
  readonly endLine: number | undefined;
}
export interface LoopWhile extends StatementBase {
  readonly kind: 'While';
  readonly condition: Condition;
  readonly body: readonly Statement[];
  readonly endLine: number | undefined;
}
export interface ExitLoop extends StatementBase {
  readonly kind: 'ExitLoop';
}
export interface NextLoop extends StatementBase {
  readonly kind: 'NextLoop';
}
export interface LabelStatement extends StatementBase {
  readonly kind: 'Label';
  readonly name: Name;
}
export interface GotoStatement extends StatementBase {
  readonly kind: 'Goto';
  readonly name: Name;
}
export interface CallStatement extends StatementBase {
  readonly kind: 'CallSubflow';
  readonly name: Name;
  readonly args: readonly Argument[];
  readonly outputs: readonly Output[];
  readonly onError: ErrorRules | undefined;
}
/** `WAIT seconds`, or `WAIT (Action …) [FOR seconds]`. */
export interface WaitStatement extends StatementBase {
  readonly kind: 'Wait';
  readonly condition: Condition;
  readonly timeout: Expression | undefined;
}
export interface ExitFlow extends StatementBase {
  readonly kind: 'ExitFlow';
  readonly code: Expression | undefined;
  readonly message: Expression | undefined;
}
export interface ExitSubflow extends StatementBase {
  readonly kind: 'ExitSubflow';
}
/** `ERROR => v [Reset: True]` */
export interface GetLastError extends StatementBase {
  readonly kind: 'GetLastError';
  readonly variable: Expression;
  readonly reset: Expression | undefined;
}
export interface ThrowError extends StatementBase {
  readonly kind: 'ThrowError';
}
export interface RepeatAction extends StatementBase {
  readonly kind: 'RepeatAction';
}
export interface RepeatBlock extends StatementBase {
  readonly kind: 'RepeatBlock';
}
export interface NextAction extends StatementBase {
  readonly kind: 'NextAction';
}

/** `Module.Action[.Variant] Arg: expr Out=> var @Dynamic: expr` */
export interface ActionCall extends Node {
  /** As written, e.g. `File.IfFile.Exists`; compare case-insensitively. */
  readonly id: string;
  readonly idStart: number;
  readonly idEnd: number;
  readonly args: readonly Argument[];
  readonly outputs: readonly Output[];
}
export interface Argument extends Node {
  readonly name: Name;
  /** True for `@Name: value`. */
  readonly dynamic: boolean;
  readonly value: Expression;
}
export interface Output extends Node {
  readonly name: Name;
  readonly dynamic: boolean;
  /** Name, Member (`GLOBAL.x`) or Index expression. */
  readonly target: Expression;
}
export interface ActionStatement extends StatementBase {
  readonly kind: 'Action';
  readonly action: ActionCall;
  readonly onError: ErrorRules | undefined;
}

/** What follows an action: `ON ERROR [REPEAT n TIMES WAIT s]`, clauses, one END. */
export interface ErrorRules extends Node {
  readonly line: number;
  readonly retry:
    | {
        readonly line: number;
        readonly times: Expression;
        readonly wait: Expression | undefined;
        readonly options: readonly Argument[];
      }
    | undefined;
  /** `errorName` undefined = all errors. A rules block with only a retry has no clause. */
  readonly clauses: readonly {
    readonly line: number;
    readonly errorName: Name | undefined;
    readonly body: readonly Statement[];
  }[];
  readonly endLine: number | undefined;
}

/** `BLOCK name` / `ON BLOCK ERROR …` handlers / `END` / body / `END`. */
export interface BlockStatement extends StatementBase {
  readonly kind: 'Block';
  readonly name: Name | undefined;
  readonly handlers: readonly BlockHandler[];
  readonly body: readonly Statement[];
  readonly endLine: number | undefined;
}
export interface BlockHandler {
  readonly line: number;
  /** `default` = action errors only; `all` = logic errors too; `named` = one error name; `custom` = a user-defined error code. */
  readonly matches:
    | { readonly kind: 'default' }
    | { readonly kind: 'all' }
    | { readonly kind: 'named' | 'custom'; readonly name: Name };
  readonly args: readonly Argument[];
  readonly body: readonly Statement[];
}

export interface RegionLine extends StatementBase {
  readonly kind: 'Region';
  readonly name: string;
}
export interface EndRegionLine extends StatementBase {
  readonly kind: 'EndRegion';
}
/** `DISABLE …`: kept, never run, invisible to block matching. */
export interface DisabledStatement extends StatementBase {
  readonly kind: 'Disabled';
}
/** A line that is no statement; a diagnostic says why. */
export interface ErrorStatement extends StatementBase {
  readonly kind: 'Error';
}

// ── File ────────────────────────────────────────────────────────────────────────────────────────────────────────

export interface FlowParameter extends Node {
  readonly direction: 'input' | 'output';
  /** Name of the variable inside the flow. */
  readonly name: Name;
  /** The object after the colon, as parsed. Use `flowInfo` for its meaning. */
  readonly definition: Expression;
  readonly line: number;
}

export interface Header {
  readonly meta: readonly MetaLine[];
  readonly imports: readonly { readonly path: Expression; readonly alias: Name; readonly line: number }[];
  /** Names listed in `@SENSITIVE: […]`. */
  readonly sensitive: readonly Name[];
  readonly parameters: readonly FlowParameter[];
}

export interface Subflow extends Node {
  readonly kind: 'Subflow';
  readonly name: Name;
  readonly line: number;
  /** True for `FUNCTION name GLOBAL`, which shares all flow variables. */
  readonly global: boolean;
  readonly inputs: readonly Name[];
  readonly outputs: readonly Name[];
  readonly sensitive: readonly Name[];
  readonly body: readonly Statement[];
  readonly endLine: number | undefined;
}

/** What a line of the tree is. `clause` is a line inside a statement: ELSE, CASE, ON ERROR, END … `unread` is text behind a limit. */
export type LineRole =
  | 'blank'
  | 'comment'
  | 'meta'
  | 'header'
  | 'subflow'
  | 'statement'
  | 'clause'
  | 'disabled'
  | 'error'
  | 'attachment'
  | 'unread';

/** The lines of the file, packed: line `i` owns the tokens `tokenStart(i)..tokenEnd(i)`, its line end included. A multi-line literal makes a line span several physical lines. */
export interface LineList {
  readonly length: number;
  role(index: number): LineRole;
  tokenStart(index: number): number;
  tokenEnd(index: number): number;
}

export interface FlowFile {
  readonly text: string;
  readonly tokens: TokenList;
  /** Each token belongs to exactly one line; the printer walks these. */
  readonly lines: LineList;
  readonly header: Header;
  /** Statements outside any FUNCTION: the Main subflow, or a copied fragment. */
  readonly main: readonly Statement[];
  readonly subflows: readonly Subflow[];
  /** The JSON text behind `# [ControlRepository]…`, if any. */
  readonly attachment: { readonly json: string; readonly start: number; readonly end: number } | undefined;
  readonly diagnostics: readonly Diagnostic[];
}
