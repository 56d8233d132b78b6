// Which mention means which thing: the symbols of one flow and all uses of each. Knows one file only; what other files
// declare (called flows, UI elements) has symbols here too, without a declaration.
import type { FlowFile, FlowParameter, Name, Node, Statement, Subflow } from '../syntax/tree.ts';
import { bodiesOf } from '../syntax/walk.ts';
import { nameUse, type SymbolKind, type Use, usesOf } from './uses.ts';

/** Main with `subflow` undefined, or one subflow. */
export interface Body {
  readonly subflow: Subflow | undefined;
  readonly statements: readonly Statement[];
}

export interface FlowSymbol {
  /** Its number among all symbols of the flow, from 0: a place in tables about symbols. */
  readonly index: number;
  readonly kind: SymbolKind;
  /** As spelled where it is declared, else where it first stands. */
  readonly name: string;
  /** The local subflow whose variable it is, or the subflow whose label it is. Undefined: shared by the flow, or Main's label. */
  readonly owner: Subflow | undefined;
  /** The `@INPUT` or `@OUTPUT` that declares the variable. */
  readonly parameter: FlowParameter | undefined;
  /** The `FUNCTION` of a subflow. */
  readonly subflow: Subflow | undefined;
  /** Listed in a `@SENSITIVE: […]`. Whether a value is a secret by inheritance, sensitivity.ts knows. */
  readonly declaredSensitive: boolean;
  /** In the order of the text within a body, header first, Main next, subflows last. */
  readonly uses: readonly BoundUse[];
}

/** A use, and what it means in one version of a flow. */
export class BoundUse implements Use {
  /** The same object in all versions in which its statement is untouched. Spread this one, not the bound use. */
  readonly use: Use;
  /** Its number among all uses of the flow, from 0: a place in tables about uses. */
  readonly index: number;
  readonly body: Body | undefined;
  readonly symbol: FlowSymbol;

  constructor(use: Use, index: number, body: Body | undefined, symbol: FlowSymbol) {
    this.use = use;
    this.index = index;
    this.body = body;
    this.symbol = symbol;
  }

  get kind(): Use['kind'] {
    return this.use.kind;
  }
  get name(): Use['name'] {
    return this.use.name;
  }
  get key(): Use['key'] {
    return this.use.key;
  }
  get role(): Use['role'] {
    return this.use.role;
  }
  get node(): Use['node'] {
    return this.use.node;
  }
  get whole(): Use['whole'] {
    return this.use.whole;
  }
  get global(): Use['global'] {
    return this.use.global;
  }
  get loose(): Use['loose'] {
    return this.use.loose;
  }
  get likeEnum(): Use['likeEnum'] {
    return this.use.likeEnum;
  }
  get statement(): Use['statement'] {
    return this.use.statement;
  }
  get producer(): Use['producer'] {
    return this.use.producer;
  }
  get callee(): Use['callee'] {
    return this.use.callee;
  }
}

interface OpenSymbol extends FlowSymbol {
  parameter: FlowParameter | undefined;
  subflow: Subflow | undefined;
  declaredSensitive: boolean;
  name: string;
  declared: boolean;
  /** False as long as only words in Power Fx may mean it: those are no variables unless something else makes them one. */
  certain: boolean;
  readonly uses: BoundUse[];
}

/** Symbols by lower-cased name. */
type Names = Map<string, OpenSymbol>;

/** Symbols and uses of one version of a file. Building is O(statements + uses). */
export class Binding {
  readonly file: FlowFile;
  readonly bodies: readonly Body[];
  /** All statements, each before those nested in it, in the order of the text; those of a body are contiguous. */
  readonly statements: readonly Statement[];
  /** All uses. Those in statement `i` are `statementUses[i]` to `statementUses[i + 1]`, those before are outside of statements. */
  readonly uses: readonly BoundUse[];
  readonly statementUses: readonly number[];
  /** For each statement the index behind the last one nested in it. */
  readonly statementEnds: readonly number[];
  /** By body, the index of its first statement. */
  readonly bodyStarts: readonly number[];

  readonly #all: OpenSymbol[] = [];
  readonly #sharedVariables: Names = new Map();
  readonly #localVariables = new Map<Subflow, Names>();
  readonly #labels = new Map<Subflow | undefined, Names>();
  readonly #others = new Map<SymbolKind, Names>();
  readonly #subflows = new Map<string, Subflow>();
  readonly #bodies = new Map<Subflow, Body>();
  readonly #uses: BoundUse[] = [];
  #indexes: Map<Statement, number> | undefined;

  constructor(file: FlowFile) {
    this.file = file;
    const main: Body = { subflow: undefined, statements: file.main };
    this.bodies = [main, ...file.subflows.map((subflow) => ({ subflow, statements: subflow.body }))];
    for (const body of this.bodies) {
      if (body.subflow === undefined) continue;
      this.#bodies.set(body.subflow, body);
      const key = body.subflow.name.text.toLowerCase();
      if (!this.#subflows.has(key)) this.#subflows.set(key, body.subflow);
    }
    this.uses = this.#uses;
    this.#bindHeader();
    const statements: Statement[] = [];
    const statementUses: number[] = [];
    const statementEnds: number[] = [];
    this.bodyStarts = this.bodies.map((body) => {
      const start = statements.length;
      this.#bindBody(body, statements, statementUses, statementEnds);
      return start;
    });
    statementUses.push(this.#uses.length);
    this.statements = statements;
    this.statementUses = statementUses;
    this.statementEnds = statementEnds;
  }

  /** Every symbol, in the order in which the text first mentions them. */
  symbols(kind?: SymbolKind): FlowSymbol[] {
    return this.#all.filter((symbol) => symbol.certain && (kind === undefined || symbol.kind === kind));
  }

  /** How many symbols there are at most: one more than the largest index. */
  get symbolCount(): number {
    return this.#all.length;
  }

  /** The variable that `name` means in `body` (undefined: Main); `global` for `GLOBAL.name`. */
  variable(name: string, subflow: Subflow | undefined, global = false): FlowSymbol | undefined {
    return certain(this.#variables(global ? undefined : localScope(subflow)).get(name.toLowerCase()));
  }

  /** All variables that may be mentioned in a body by their plain name. */
  variablesOf(subflow: Subflow | undefined): FlowSymbol[] {
    return [...this.#variables(localScope(subflow)).values()].filter((symbol) => symbol.certain);
  }

  /** The first subflow of that name. */
  subflow(name: string): Subflow | undefined {
    return this.#subflows.get(name.toLowerCase());
  }

  /** The body of a subflow of this file. */
  bodyOf(subflow: Subflow): Body | undefined {
    return this.#bodies.get(subflow);
  }

  symbol(kind: Exclude<SymbolKind, 'variable' | 'label'>, key: string): FlowSymbol | undefined {
    return this.#others.get(kind)?.get(key.toLowerCase());
  }

  label(name: string, subflow: Subflow | undefined): FlowSymbol | undefined {
    return this.#labels.get(subflow)?.get(name.toLowerCase());
  }

  /** Uses in the statement itself, not in those nested in it. */
  usesIn(statement: Statement): readonly BoundUse[] {
    const index = this.indexOf(statement);
    if (index === undefined) return [];
    return this.#uses
      .slice(this.statementUses[index], this.statementUses[index + 1])
      .filter(({ symbol }) => (symbol as OpenSymbol).certain);
  }

  /** Place of a statement in `statements`. */
  indexOf(statement: Statement): number | undefined {
    this.#indexes ??= new Map(this.statements.map((known, i) => [known, i]));
    return this.#indexes.get(statement);
  }

  /** Uses outside of statements: in the head of the flow and in `FUNCTION` lines. */
  get headerUses(): readonly BoundUse[] {
    return this.#uses.slice(0, this.statementUses[0]);
  }

  #bindHeader(): void {
    const { header, subflows } = this.file;
    for (const parameter of header.parameters) {
      const symbol = this.#add(nameUse('variable', parameter.name, 'declare', undefined), undefined);
      symbol.parameter ??= parameter;
    }
    for (const name of header.sensitive) this.#sensitive(name, undefined);
    for (const subflow of subflows) {
      const symbol = this.#add(nameUse('subflow', subflow.name, 'declare', undefined), undefined);
      symbol.subflow ??= subflow;
      const body = this.#bodies.get(subflow);
      for (const name of [...subflow.inputs, ...subflow.outputs]) {
        this.#add(nameUse('variable', name, 'declare', undefined), body);
      }
      for (const name of subflow.sensitive) this.#sensitive(name, body);
    }
  }

  #sensitive(name: Name, body: Body | undefined): void {
    this.#add(nameUse('variable', name, 'read', undefined), body).declaredSensitive = true;
  }

  #bindBody(body: Body, statements: Statement[], statementUses: number[], statementEnds: number[]): void {
    // An explicit stack, because flows may be nested deeper than the JavaScript stack. `closes` is the statement that ends with the list.
    const lists: { readonly list: readonly Statement[]; next: number; readonly closes: number }[] = [];
    lists.push({ list: body.statements, next: 0, closes: -1 });
    for (let open = lists.at(-1); open !== undefined; open = lists.at(-1)) {
      const statement = open.list[open.next++];
      if (statement === undefined) {
        if (open.closes >= 0) statementEnds[open.closes] = statements.length;
        lists.pop();
        continue;
      }
      const index = statements.push(statement) - 1;
      statementUses.push(this.#uses.length);
      statementEnds.push(index + 1);
      for (const use of usesOf(statement)) this.#add(use, body);
      const inner = bodiesOf(statement);
      for (let i = inner.length - 1; i >= 0; i--) {
        lists.push({
          list: inner[i] as readonly Statement[],
          next: 0,
          closes: i === inner.length - 1 ? index : -1,
        });
      }
    }
  }

  #add(use: Use, body: Body | undefined): OpenSymbol {
    const owner = this.#ownerOf(use, body);
    const names = this.#names(use.kind, owner);
    let symbol = names.get(use.key);
    if (symbol === undefined) {
      symbol = {
        index: this.#all.length,
        kind: use.kind,
        name: use.name,
        owner,
        parameter: undefined,
        subflow: undefined,
        declaredSensitive: false,
        declared: false,
        certain: !use.loose,
        uses: [],
      };
      names.set(use.key, symbol);
      this.#all.push(symbol);
    }
    if (!use.loose) symbol.certain = true;
    if (use.role === 'declare' && !symbol.declared) {
      symbol.declared = true;
      symbol.name = use.name;
    }
    const bound = new BoundUse(use, this.#uses.length, body, symbol);
    symbol.uses.push(bound);
    this.#uses.push(bound);
    return symbol;
  }

  #ownerOf(use: Use, body: Body | undefined): Subflow | undefined {
    if (use.kind === 'label') return body?.subflow;
    if (use.kind !== 'variable' || use.global) return undefined;
    // An argument of `CALL sub name: …` lives in the callee; when there is no such subflow, nobody knows where.
    if (use.callee !== undefined) return localScope(this.subflow(use.callee.text));
    return localScope(body?.subflow);
  }

  #names(kind: SymbolKind, owner: Subflow | undefined): Names {
    if (kind === 'variable') return this.#variables(owner);
    return kind === 'label' ? entry(this.#labels, owner) : entry(this.#others, kind);
  }

  #variables(owner: Subflow | undefined): Names {
    return owner === undefined ? this.#sharedVariables : entry(this.#localVariables, owner);
  }
}

function entry<Key>(tables: Map<Key, Names>, key: Key): Names {
  let names = tables.get(key);
  if (names === undefined) {
    names = new Map();
    tables.set(key, names);
  }
  return names;
}

function certain(symbol: OpenSymbol | undefined): FlowSymbol | undefined {
  return symbol?.certain === true ? symbol : undefined;
}

/** The subflow as a name space of variables: a global subflow shares that of Main. */
function localScope(subflow: Subflow | undefined): Subflow | undefined {
  return subflow === undefined || subflow.global ? undefined : subflow;
}

/** The name in `node` as one would select it: without the quotes of a quoted name or text. */
export function nameRange(text: string, node: Node): Node {
  const quoted = /^\$?('''|')([\s\S]*)\1$/.exec(text.slice(node.start, node.end));
  if (quoted === null) return node;
  const quotes = (quoted[1] as string).length;
  return { start: node.end - quotes - (quoted[2] as string).length, end: node.end - quotes };
}
