// Collects what the checks find and gives it its final severity: by the kind of text, by the settings, by what the caller wants.
// Decides nothing about the flow itself.
import type { NeededSystem } from '../catalog/catalog.ts';
import { type Diagnostic, isBlocking } from '../diagnostics.ts';
import type { FlowFile, Node } from '../syntax/tree.ts';
import type { Finding } from './findings.ts';
import { isSnippet } from './fragment.ts';
import { type RuleSeverity, ruleOf } from './lint/rules.ts';

export interface CheckOptions {
  /** Severity of rules by their code (see lint/rules.ts); `off` silences one. Other codes keep their severity. */
  readonly rules?: Readonly<Record<string, RuleSeverity>>;
  /** Look only for what forbids a run. Saves the work of all rules. */
  readonly blockingOnly?: boolean;
  /**
   * The system of the machine that will run the flow; an action that needs another one is then not supported. Absent when it is not
   * known: then nothing is concluded from it.
   */
  readonly system?: NeededSystem | 'other';
}

/**
 * What a text may refer to without containing it, when it is a part of something larger: names, or a place it would have to stand
 * in (`surrounding`). `designer`: what a designer newer than our catalog may have.
 */
export type Missing = 'variable' | 'subflow' | 'label' | 'surrounding' | 'designer';

interface Elsewhere {
  readonly at: Node;
  readonly finding: Finding;
  readonly what: Missing;
  readonly key: string;
}

export class Report {
  readonly blockingOnly: boolean;
  readonly #file: FlowFile;
  readonly #rules: Readonly<Record<string, RuleSeverity>>;
  readonly #severities = new Map<string, RuleSeverity>();
  readonly #whole: boolean;
  readonly #system: CheckOptions['system'];
  readonly #diagnostics: Diagnostic[];
  readonly #elsewhere: Elsewhere[] = [];

  /** `whole`: everything the flow refers to stands in it; otherwise it may be a part of something larger. */
  constructor(file: FlowFile, whole: boolean, options: CheckOptions) {
    this.#file = file;
    this.#whole = whole;
    this.#rules = options.rules ?? {};
    this.blockingOnly = options.blockingOnly === true;
    this.#system = options.system;
    this.#diagnostics = [...file.diagnostics];
  }

  add(at: Node, finding: Finding, extra?: Pick<Diagnostic, 'tag' | 'related'>): void {
    if (this.blockingOnly && !isBlocking(finding)) return;
    if (finding.needs !== undefined && (this.#system === undefined || this.#system === finding.needs)) return;
    const { code, message, suggestion, rule } = finding;
    const severity = rule === true ? this.severityOf(code) : finding.severity;
    if (severity === 'off') return;
    const { start, end } = at;
    // Thousands of plain findings are common in large flows: no spreading for them.
    if (
      rule === undefined &&
      suggestion === undefined &&
      extra === undefined &&
      finding.needs === undefined
    ) {
      this.#diagnostics.push({ code, severity, message, start, end });
    } else this.#diagnostics.push({ ...finding, ...extra, severity, start, end });
  }

  /** True when a rule is switched off or of no interest to the caller: then its work can be saved. */
  skips(code: string): boolean {
    return this.blockingOnly || this.severityOf(code) === 'off';
  }

  severityOf(code: string): RuleSeverity {
    let severity = this.#severities.get(code);
    if (severity === undefined) {
      severity = this.#rules[code] ?? ruleOf(code)?.default ?? 'off';
      this.#severities.set(code, severity);
    }
    return severity;
  }

  /** Something the text uses and does not contain: an error, unless the text may be a part of something larger. */
  missing(at: Node, finding: Finding, what: Missing, key: string): void {
    if (this.#whole && what !== 'designer') this.add(at, finding);
    else this.#elsewhere.push({ at, finding, what, key });
  }

  /** Everything found, in the order of the text. */
  finish(): Diagnostic[] {
    this.#judgeElsewhere();
    return this.#diagnostics.sort((a, b) => a.start - b.start || a.end - b.end);
  }

  /** In a part of a flow, one hint for each name, where it first stands; what only concerns the surroundings is no matter there. */
  #judgeElsewhere(): void {
    const all = this.#elsewhere;
    if (all.length === 0) return;
    const subflows = new Set(all.filter(({ what }) => what === 'subflow').map(({ key }) => key));
    if (!this.#whole && isSnippet(this.#file, subflows.size)) {
      for (const { at, finding } of all) this.add(at, finding);
      return;
    }
    const said = new Set<string>();
    for (const { at, finding, what, key } of all.sort((a, b) => a.at.start - b.at.start)) {
      if (what === 'surrounding' || what === 'designer' || said.has(`${what} ${key}`)) continue;
      said.add(`${what} ${key}`);
      this.add(at, { ...finding, severity: 'hint' });
    }
  }
}
