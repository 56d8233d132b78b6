// What a debugger needs to know about the rows of a compiled flow, found in its tree when it is first asked.
import type { BlockHandler, ErrorRules, FlowFile, Statement } from '../../language/syntax/tree.ts';
import { type Enclosing, eachStatement, effects, rootVariable } from '../../language/syntax/walk.ts';
import type { CompiledFlow, CompiledSubflow, Site } from '../compile.ts';
import type { Failure, OpenSubflow } from '../engine.ts';

/** A variable that a statement writes. `isShared`: one of Main and the global subflows. */
export interface Written {
  readonly slot: number;
  readonly isShared: boolean;
  readonly isSensitive: boolean;
}

export interface SiteFacts {
  readonly writes: readonly Written[];
  /** The variable of the innermost loop around it, and the site of that loop. */
  readonly loop: { readonly variable: Written; readonly site: number } | undefined;
}

export class FlowFacts {
  readonly #compiled: CompiledFlow;
  readonly #enclosing = new Map<Statement, Enclosing | undefined>();
  readonly #sites = new Map<Statement, number>();
  readonly #facts: (SiteFacts | undefined)[] = [];
  /** Site of the first row of each subflow that is carried out, by `Site.owner`; undefined for an empty one. */
  readonly first: readonly (number | undefined)[];

  constructor(compiled: CompiledFlow, file: FlowFile) {
    this.#compiled = compiled;
    for (const body of [file.main, ...file.subflows.map((subflow) => subflow.body)])
      for (const { statement, enclosing } of eachStatement(body)) this.#enclosing.set(statement, enclosing);
    compiled.sites.forEach(({ statement }, index) => {
      if (!this.#sites.has(statement)) this.#sites.set(statement, index);
    });
    this.first = compiled.subflows.map(({ name }, owner) => {
      const body = owner === 0 ? file.main : file.subflows.find((each) => each.name.text === name)?.body;
      const statement = firstOf(body ?? []);
      return statement && this.#sites.get(statement);
    });
  }

  site(index: number): SiteFacts {
    this.#facts[index] ??= this.#read(index);
    return this.#facts[index];
  }

  #read(index: number): SiteFacts {
    const site = this.#compiled.sites[index] as Site;
    const writes = effects(site.statement)
      .filter(({ line }) => line === site.line - 1 || site.statement.kind !== 'If')
      .flatMap((effect) => effect.writes)
      .flatMap((target) => {
        const root = rootVariable(target);
        return root === undefined ? [] : this.#written(site.owner, root.name, root.global);
      });
    for (let around = this.#enclosing.get(site.statement); around !== undefined; around = around.outer) {
      const { statement } = around;
      if (statement.kind === 'While') break;
      if (statement.kind !== 'ForEach' && statement.kind !== 'LoopFromTo') continue;
      const name = statement.variable?.text;
      const [variable] = name === undefined ? [] : this.#written(site.owner, name, false);
      const loop = this.#sites.get(statement);
      return { writes, loop: variable && loop !== undefined ? { variable, site: loop } : undefined };
    }
    return { writes, loop: undefined };
  }

  #written(owner: number, name: string, global: boolean): Written[] {
    const subflow = this.#compiled.subflows[global ? 0 : owner] as CompiledSubflow;
    const slot = subflow.variables.get(name.toLowerCase());
    return slot === undefined
      ? []
      : [{ slot, isShared: !subflow.local, isSensitive: subflow.sensitive.has(name.toLowerCase()) }];
  }

  /** Whether some rule or block of the flow takes the error, as it is raised in the innermost of the open subflows. */
  isHandled(open: readonly OpenSubflow[], failure: Failure): boolean {
    return open.some(({ site: index }) => {
      const site = this.#compiled.sites[index];
      if (site === undefined) return false;
      if (takenByRules(rulesOf(site), failure)) return true;
      for (let around = this.#enclosing.get(site.statement); around !== undefined; around = around.outer) {
        const { statement, part } = around;
        if (statement.kind !== 'Block' || part !== 'body') continue;
        const handler = statement.handlers
          .filter((each) => takes(each, failure))
          .sort((a, b) => Number(isGeneral(a)) - Number(isGeneral(b)))[0];
        if (handler !== undefined && !passesOn(handler.body)) return true;
      }
      return false;
    });
  }
}

/** The statement that is carried out first. */
function firstOf(body: readonly Statement[]): Statement | undefined {
  for (const statement of body) {
    const first = statement.kind === 'Block' ? firstOf(statement.body) : statement;
    if (first !== undefined && !idle.has(first.kind)) return first;
  }
  return undefined;
}

/** What does nothing and has no site. */
const idle: ReadonlySet<Statement['kind']> = new Set<Statement['kind']>(['Region', 'EndRegion', 'Disabled']);

function rulesOf({ statement, line }: Site): ErrorRules | undefined {
  switch (statement.kind) {
    case 'Action':
    case 'CallSubflow':
      return statement.onError;
    case 'Wait':
    case 'While':
      return statement.condition.kind === 'Action' ? statement.condition.onError : undefined;
    case 'If': {
      const condition = statement.branches.find((branch) => branch.line === line - 1)?.condition;
      return condition?.kind === 'Action' ? condition.onError : undefined;
    }
    default:
      return undefined;
  }
}

function takenByRules(rules: ErrorRules | undefined, failure: Failure): boolean {
  if (rules === undefined || failure.isLogic) return false;
  const clause =
    rules.clauses.find((each) => each.errorName !== undefined && isSame(each.errorName.text, failure.code)) ??
    rules.clauses.find((each) => each.errorName === undefined);
  return clause !== undefined && !passesOn(clause.body);
}

function takes({ matches }: BlockHandler, failure: Failure): boolean {
  switch (matches.kind) {
    case 'all':
      return true;
    case 'default':
      return !failure.isLogic;
    case 'named':
      return !failure.isLogic && isSame(matches.name.text, failure.code);
    case 'custom':
      return failure.isCustom && isSame(matches.name.text, failure.code);
  }
}

const isGeneral = ({ matches }: BlockHandler): boolean =>
  matches.kind === 'all' || matches.kind === 'default';
const passesOn = (body: readonly Statement[]): boolean => body.some(({ kind }) => kind === 'ThrowError');
const isSame = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();
