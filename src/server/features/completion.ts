// Completion: what may stand at the caret, also in a half-written line. What that is, `language/completion` finds out; here it
// becomes a list.
import {
  type CompletionItem,
  type CompletionList,
  type CompletionParams,
  MarkupKind,
} from 'vscode-languageserver';
import { catalogType } from '../../language/analysis/properties.ts';
import type { ValueType } from '../../language/analysis/types.ts';
import { findAction } from '../../language/catalog/catalog.ts';
import {
  blockErrorsFor,
  customErrorsFor,
  errorsFor,
  labelsFor,
  variablesFor,
} from '../../language/completion/candidates.ts';
import { type Scene, sceneAt } from '../../language/completion/scene.ts';
import { type CallPosition, type Purpose, type Spot, spotAt } from '../../language/completion/spot.ts';
import { quoted, writtenName } from '../../language/edits/literals.ts';
import type { Feature } from '../feature.ts';
import type { Project } from '../project.ts';
import type { Analysis } from '../workspace.ts';
import { actionEntries, prepareActionEntries, uniqueName } from './completion/actionEntries.ts';
import { type ClientAbilities, type Entry, listOf, literally, placeholder } from './completion/entry.ts';
import { headEntries, keywordEntry, statementEntries, wordEntry } from './completion/statementEntries.ts';
import {
  activeArgument,
  argumentEntries,
  booleanEntries,
  errorEntries,
  flowArgumentEntries,
  flowEntries,
  functionEntries,
  indexEntries,
  memberAccessEntries,
  moduleEntries,
  operatorEntries,
  type Surrounded,
  startEntries,
  subflowArgumentEntries,
  variableEntries,
} from './completion/valueEntries.ts';
import { actionDescription } from './describe.ts';
import { lineEnd, rangeOf } from './range.ts';

/** The answer to `initialize` goes first. */
const preparationDelayMs = 50;

export const completion: Feature = {
  capabilities: {
    completionProvider: {
      triggerCharacters: ['.', '%', '(', '[', "'", '@', ' '],
      resolveProvider: true,
      completionItem: { labelDetailsSupport: true },
    },
  },
  register({ connection, workspace, clock, answer, guard }) {
    let abilities: ClientAbilities = { snippets: false, sharedRange: false };
    workspace.onDidInitialise(({ capabilities }) => {
      const { completionItem, completionList } = capabilities.textDocument?.completion ?? {};
      abilities = {
        snippets: completionItem?.snippetSupport === true,
        sharedRange: completionList?.itemDefaults?.includes('editRange') === true,
      };
      // Before the first key, so that nobody waits for it.
      clock.after(preparationDelayMs, prepareActionEntries);
    });
    connection.onCompletion(({ textDocument, position, context }: CompletionParams, token) =>
      answer<CompletionList | null>('completion', textDocument.uri, token, null, (analysis) =>
        completionsAt(analysis, analysis.lines.offset(position), abilities, {
          project: workspace.project,
          trigger: context?.triggerCharacter,
        }),
      ),
    );
    connection.onCompletionResolve((item) => guard('completion item', item, () => resolved(item)));
  },
};

export interface CompletionContext {
  /** The other flows of the workspace. */
  readonly project?: Pick<Project, 'flows'>;
  /** The character that made the client ask, when it was not the person. */
  readonly trigger?: string | undefined;
}

/** What may stand at an offset; null where nothing is to be said. */
export function completionsAt(
  analysis: Analysis,
  caret: number,
  abilities: ClientAbilities,
  context: CompletionContext = {},
): CompletionList | null {
  const spot = spotAt(analysis.file, caret);
  if (context.trigger !== undefined && !invites(spot, context.trigger)) return null;
  const list = (kind: Spot, from: number): CompletionList | null => {
    const entries = new Offer(analysis, caret, kind, context).entries();
    const range = rangeOf(analysis, { start: from, end: spot.to });
    const found = listOf(entries, range, analysis.text.slice(from, caret), abilities);
    return found.items.length === 0 ? null : found;
  };
  const found = list(spot, spot.from);
  if (found !== null || spot.kind !== 'operator' || spot.phrase === undefined) return found;
  // `IF file exists`: no word of the language, perhaps the name of a condition.
  const { from, position } = spot.phrase;
  return list(
    {
      ...spot,
      kind: 'value',
      purpose: 'condition',
      start: true,
      inText: false,
      opened: false,
      position,
      from,
    },
    from,
  );
}

/** The item with its documentation, when it is that of an action: those have too much to say to send it with every list. */
export function resolved(item: CompletionItem): CompletionItem {
  const text = item.documentation === undefined ? actionDescription(item.label) : undefined;
  return text === undefined ? item : { ...item, documentation: { kind: MarkupKind.Markdown, value: text } };
}

/** Whether a list should open by itself behind a character that often means something else. */
function invites(spot: Spot, trigger: string): boolean {
  switch (trigger) {
    case "'":
      return spot.kind === 'index' || spot.kind === 'flow';
    case '%':
      return spot.kind === 'value' && spot.inText;
    case '(':
      return spot.kind === 'value';
    case ' ':
      return invitesAfterBlank(spot);
    default:
      return true;
  }
}

/** A blank opens a list only where something must follow: else Enter at the end of a line would take an item. */
function invitesAfterBlank(spot: Spot): boolean {
  switch (spot.kind) {
    case 'words':
    case 'subflow':
    case 'label':
    case 'loop':
    case 'flow':
      return true;
    case 'value':
      return spot.start && !spot.inText && spot.purpose === 'any' && spot.call?.active !== undefined;
    case 'argument': {
      const { call } = spot;
      if (call?.kind !== 'action') return false;
      const required =
        findAction(call.name)?.writtenAs.arguments.filter((argument) => argument.required) ?? [];
      return required.some(({ name }) => !call.given.has(name.toLowerCase()));
    }
    default:
      return false;
  }
}

/** The entries for one spot. */
class Offer {
  readonly #analysis: Analysis;
  readonly #spot: Spot;
  readonly #context: CompletionContext;
  readonly #scene: Scene;
  readonly #at: Surrounded;
  #taken: Set<string> | undefined;

  constructor(analysis: Analysis, caret: number, spot: Spot, context: CompletionContext) {
    this.#analysis = analysis;
    this.#spot = spot;
    this.#context = context;
    const line = analysis.lines.lineOf(spot.lineStart);
    this.#scene = sceneAt(analysis.file, spot.lineStart, line);
    const typed = { start: spot.lineStart, end: lineEnd(analysis.text, caret) };
    this.#at = {
      model: analysis.model,
      subflow: this.#scene.subflow,
      caret,
      typed,
    };
  }

  entries(): readonly Entry[] {
    const spot = this.#spot;
    const { model } = this.#at;
    const scene = this.#scene;
    switch (spot.kind) {
      case 'nothing':
        return [];
      case 'statement':
        return this.#statement(spot.disabled);
      case 'words':
        return spot.words.filter((word) => this.#fits(spot.after, word)).map((word) => wordEntry(word));
      case 'action':
        return scene.rules !== undefined && spot.position === 'statement'
          ? []
          : this.#actions(spot.position, { path: spot.path, opened: true });
      case 'argument':
        return this.#argument(spot.at);
      case 'value':
        return this.#value(spot);
      case 'operator':
        return operatorEntries(spot.words);
      case 'member':
        return memberAccessEntries(this.#at, spot.path, spot.pathEnd, activeArgument(spot.call)?.enumType);
      case 'index':
        return indexEntries(this.#at, spot.path, this.#rest(spot.to).startsWith(']'));
      case 'subflow':
        return this.#subflows();
      case 'label':
        return labelsFor(model, scene).map((name) => this.#name(name, 'label'));
      case 'error':
        return spot.block ? this.#blockErrors() : this.#errors();
      case 'exit':
        return [
          ...(scene.inLoop ? [wordEntry('LOOP', '1')] : []),
          ...(scene.subflow === undefined ? [] : [wordEntry('FUNCTION', '2')]),
          keywordEntry('Code:', 'Code: ‹0›‹›', '3Code'),
          keywordEntry(
            'Code: … ErrorMessage:',
            "Code: ‹1› ErrorMessage: $'''‹What went wrong›'''‹›",
            '4Code',
          ),
        ];
      case 'loop':
        return loopForms;
      case 'case':
        return caseForms;
      case 'header':
        return scene.head ? headEntries() : [];
      case 'flow':
        return flowEntries(
          [...(this.#context.project?.flows() ?? [])].map(({ summary }) => summary),
          this.#rest(spot.to) === '',
        );
    }
  }

  /** What follows an offset on its line, without leading blanks. */
  #rest(offset: number): string {
    const { text } = this.#analysis;
    return text.slice(offset, lineEnd(text, offset)).trimStart();
  }

  /** Lower-cased names of the variables that exist. */
  readonly #isTaken = (name: string): boolean => {
    this.#taken ??= new Set(
      variablesFor(this.#at.model, this.#at.subflow, this.#at.typed).map((variable) =>
        variable.name.toLowerCase(),
      ),
    );
    return this.#taken.has(name);
  };

  // ── Lines ──

  #statement(disabled: boolean): readonly Entry[] {
    const { model } = this.#at;
    const scene = this.#scene;
    const known = {
      subflows: model.file.subflows.map(({ name }) => name.text),
      labels: labelsFor(model, scene),
    };
    const statements = this.#followed ? [] : statementEntries(scene, known, disabled);
    const innermost = scene.around.at(-1);
    const noActions =
      scene.rules !== undefined || (innermost?.part === 'start' && innermost.statement.kind === 'Switch');
    return noActions
      ? statements
      : [...statements, ...moduleEntries(), ...this.#actions('statement', { path: '', opened: true })];
  }

  /** Something stands behind the caret's word already. */
  get #followed(): boolean {
    const rest = this.#rest(this.#spot.to);
    return rest !== '' && !rest.startsWith('#');
  }

  /** `opened`: no parenthesis has to be written in front of a condition. */
  #actions(
    position: CallPosition,
    { path, opened }: { readonly path: string; readonly opened: boolean },
  ): readonly Entry[] {
    const rest = this.#rest(this.#spot.to);
    const idOnly = /^@?(?:[\p{L}_][\p{L}\p{N}_]*|'[^']*')\s*(?::|=>)/u.test(rest);
    const closed = position === 'statement' || idOnly || (opened && rest.startsWith(')'));
    return actionEntries(position, this.#isTaken, {
      path,
      idOnly,
      isTest: this.#at.model.surroundings.isTest === true,
      before: opened ? '' : '(',
      after: closed ? '' : ')',
    });
  }

  /** Whether a word may follow another where the line stands. */
  #fits(after: string, word: string): boolean {
    const { inLoop, rules, subflow, around, ruled } = this.#scene;
    switch (`${after} ${word}`) {
      case 'NEXT LOOP':
        return inLoop;
      case 'NEXT ACTION':
      case 'THROW ERROR':
        return rules !== undefined;
      case 'REPEAT ACTION':
      case 'REPEAT BLOCK':
        return rules === word.toLowerCase();
      case 'ON ERROR':
        return ruled !== undefined;
      case 'ON BLOCK ERROR':
        return around.at(-1)?.statement.kind === 'Block';
      case 'END FUNCTION':
        return subflow !== undefined;
      case 'ELSE IF':
        return around.at(-1)?.statement.kind === 'If';
      default:
        return true;
    }
  }

  #name(name: string, description: string): Entry {
    const written = this.#analysis.text.charAt(this.#spot.from) === "'" ? quoted(name) : writtenName(name);
    return { ...wordEntry(written), label: name, description, filter: written, insert: written };
  }

  #subflows(): Entry[] {
    const whole = !this.#followed;
    return this.#at.model.file.subflows.map((subflow) => {
      const entry = this.#name(subflow.name.text, subflow.global ? 'subflow' : 'local subflow');
      if (subflow.global || !whole) return entry;
      let index = 1;
      const inputs = subflow.inputs.map(({ text }) => ` ${literally(text)}: ${placeholder(index++, text)}`);
      const outputs = subflow.outputs.map(
        ({ text }) => ` ${literally(text)}=> ${placeholder(index++, uniqueName(text, this.#isTaken))}`,
      );
      return {
        ...entry,
        insert: `${literally(entry.insert)}${inputs.join('')}${outputs.join('')}$0`,
        snippet: true,
      };
    });
  }

  #errors(): Entry[] {
    const repeat = keywordEntry('REPEAT', 'REPEAT ‹3› TIMES WAIT ‹5›', '1REPEAT');
    return [repeat, ...errorEntries(errorsFor(this.#scene))];
  }

  #blockErrors(): Entry[] {
    return [
      { ...wordEntry('all'), description: 'logic errors too' },
      ...errorEntries(blockErrorsFor(this.#scene)),
      ...customErrorsFor(this.#at.model).map((name): Entry => {
        const written = quoted(name);
        return {
          ...wordEntry(written, '4'),
          description: 'custom error',
          insert: `${written} IsUserDefinedErrorCode: True`,
        };
      }),
    ];
  }

  // ── Calls and values ──

  #argument(at: boolean): readonly Entry[] {
    const { call } = this.#spot;
    if (call === undefined) return [];
    switch (call.kind) {
      case 'action': {
        const run = call.name.toLowerCase() === 'external.runflow' && call.flowId !== undefined;
        const flow = run ? this.#at.model.surroundings.flow(call.flowId ?? '', undefined) : undefined;
        return [
          ...(at ? [] : argumentEntries(call, this.#isTaken)),
          ...(flow === undefined ? [] : flowArgumentEntries(call, flow)),
        ];
      }
      case 'subflow': {
        const subflow = this.#at.model.binding.subflow(call.name);
        return subflow === undefined || at ? [] : subflowArgumentEntries(call, subflow);
      }
      case 'exit':
        return call.given.has('errormessage')
          ? []
          : [keywordEntry('ErrorMessage:', "ErrorMessage: $'''‹What went wrong›'''", '1')];
      case 'lastError':
        return call.given.has('reset') ? [] : [keywordEntry('Reset:', 'Reset: ‹True|False›‹›', '1')];
      case 'blockError':
        return call.given.has('isuserdefinederrorcode')
          ? []
          : [keywordEntry('IsUserDefinedErrorCode:', 'IsUserDefinedErrorCode: True', '1')];
      default:
        return [];
    }
  }

  #value(spot: Extract<Spot, { kind: 'value' }>): readonly Entry[] {
    const { call, callee } = spot;
    if (spot.purpose === 'newName') return [...this.#proposal(), ...variableEntries(this.#at, undefined)];
    if (spot.purpose === 'target') return variableEntries(this.#at, undefined);
    const argument = spot.inText ? undefined : activeArgument(call);
    const asksForBoolean = callee?.index === 2;
    const start = spot.start && callee === undefined && argument !== undefined;
    const expected = start ? catalogType(argument.type) : typeFor(spot.purpose);
    return [
      ...(start ? startEntries(this.#at, argument) : []),
      ...(asksForBoolean ? booleanEntries() : []),
      ...variableEntries(this.#at, expected),
      ...functionEntries(),
      ...(asksForBoolean || (start && argument.type.toLowerCase() === 'boolean') ? [] : booleanEntriesLast),
      ...(start || spot.inText ? [] : repositories),
      ...(spot.position === undefined ? [] : this.#actions(spot.position, { path: '', opened: spot.opened })),
    ];
  }

  /** The name the designer would propose for the output at the caret. */
  #proposal(): Entry[] {
    const { call } = this.#spot;
    const wanted = call?.active?.name.toLowerCase();
    if (call?.kind === 'subflow' && call.active !== undefined) {
      return [proposed(uniqueName(call.active.name, this.#isTaken))];
    }
    if (call?.kind !== 'action') return [];
    const output = findAction(call.name)?.writtenAs.outputs.find(({ name }) => name.toLowerCase() === wanted);
    return output === undefined ? [] : [proposed(uniqueName(output.variable ?? output.name, this.#isTaken))];
  }
}

function typeFor(purpose: Purpose): ValueType | undefined {
  if (purpose === 'number' || purpose === 'seconds') return catalogType('Int32');
  return purpose === 'list' ? catalogType('List') : undefined;
}

const proposed = (name: string): Entry => ({
  ...wordEntry(name, '0'),
  description: 'new variable',
  preselect: true,
});

const booleanEntriesLast = booleanEntries().map((entry) => ({ ...entry, sort: `5${entry.label}` }));

const repositories: readonly Entry[] = ['appmask', 'imgrepo'].map((name) => ({
  ...wordEntry(name, '6'),
  description: name === 'appmask' ? 'UI elements' : 'images',
}));

const loopForms: readonly Entry[] = [
  keywordEntry('FOREACH', 'FOREACH ‹CurrentItem› IN ‹List›\n\t‹›\nEND', '1'),
  keywordEntry('FROM', '‹LoopIndex› FROM ‹1› TO ‹10› STEP ‹1›\n\t‹›\nEND', '2'),
  keywordEntry('WHILE', 'WHILE (‹1›) = (‹1›)\n\t‹›\nEND', '3'),
];

const caseForms: readonly Entry[] = ['=', '<>', '<', '<=', '>', '>='].map((operator, index) => ({
  ...keywordEntry(`${operator} …`, `${operator} \${1:1}`, `1${index}`),
  filter: operator,
}));
