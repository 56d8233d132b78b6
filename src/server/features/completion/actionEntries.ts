// The actions of the catalog as things to complete: by id or by display name, with their required arguments as placeholders.
// Built once; only proposed variable names depend on the flow.
import { CompletionItemKind } from 'vscode-languageserver';
import {
  actionIds,
  type CatalogAction,
  type CatalogArgument,
  findAction,
  findEnum,
  isImplemented,
} from '../../../language/catalog/catalog.ts';
import { testActions } from '../../../language/catalog/testActions.ts';
import type { CallPosition } from '../../../language/completion/spot.ts';
import { choice, type Entry, literally, placeholder } from './entry.ts';

interface Offered {
  readonly action: CatalogAction;
  /** Lower-cased id. */
  readonly key: string;
  /** Lower-cased names it proposes for its outputs. */
  readonly proposed: readonly string[];
  /** The call alone. */
  readonly call: Entry;
  readonly statement: Entry;
  /** Only the id: its arguments are there already. */
  readonly id: Entry;
}

let offered: readonly Offered[] | undefined;

function allOffered(): readonly Offered[] {
  offered ??= actionIds().flatMap((id) => {
    const action = findAction(id)?.writtenAs;
    // Older ids are understood, never proposed.
    if (action === undefined || action.aliasOf !== undefined || action.removed !== undefined) return [];
    return [offer(action, noneTaken)];
  });
  return offered;
}

const noneTaken = () => false;

let forTests: readonly Offered[] | undefined;

function offeredInTests(): readonly Offered[] {
  forTests ??= [...testActions.map((action) => offer(action, noneTaken)), ...allOffered()];
  return forTests;
}

/** How a call stands in the text around it. */
export interface CallForm {
  /** What the id begins with, up to its last dot; empty when no dot is written. */
  readonly path: string;
  /** Arguments follow already: only the id is needed. */
  readonly idOnly: boolean;
  /** In a file of tests. */
  readonly isTest: boolean;
  /** Written around a condition: `(` and `)`, the closing one, or nothing. */
  readonly before: '' | '(';
  readonly after: '' | ')';
}

/**
 * Actions that may be called at a position. As a statement a condition comes within its IF, a wait within WAIT. `isTaken` tells the
 * lower-cased names variables have already: proposed ones get a number then.
 */
export function actionEntries(
  position: CallPosition,
  isTaken: (name: string) => boolean,
  { path, idOnly, isTest, before, after }: CallForm,
): Entry[] {
  const entries: Entry[] = [];
  const start = `${path.toLowerCase()}.`;
  for (const known of isTest ? offeredInTests() : allOffered()) {
    if (!kinds[position].includes(known.action.kind)) continue;
    if (path !== '' && !known.key.startsWith(start)) continue;
    if (idOnly && position === 'statement' && known.action.kind !== 'action') continue;
    const usable = !idOnly && known.proposed.some(isTaken) ? offer(known.action, isTaken) : known;
    let entry = idOnly ? usable.id : position === 'statement' ? usable.statement : usable.call;
    if (before !== '' || after !== '') entry = { ...entry, insert: `${before}${entry.insert}${after}` };
    // Behind an opening parenthesis an action is meant more often than a value.
    if (position !== 'statement' && before === '') entry = { ...entry, sort: `1${entry.sort}` };
    if (path !== '') {
      const { filter: _, ...byId } = entry;
      entry = byId;
    }
    entries.push(entry);
  }
  return entries;
}

/** Makes the entries before the first one is asked for. */
export function prepareActionEntries(): void {
  allOffered();
}

const kinds: Readonly<Record<CallPosition, readonly CatalogAction['kind'][]>> = {
  statement: ['action', 'condition', 'wait', 'loop'],
  if: ['condition'],
  while: ['condition', 'loop'],
  wait: ['wait'],
};

function offer(action: CatalogAction, isTaken: (name: string) => boolean): Offered {
  const { id, displayName, kind, seen } = action;
  const call = `${id}${callSnippet(action, isTaken)}`;
  const rank = `${isImplemented(id) ? 0 : 1}${String(Math.max(0, 99_999 - seen)).padStart(5, '0')}`;
  const entry = (insert: string, snippet: boolean): Entry => ({
    label: id,
    kind: CompletionItemKind.Function,
    description: displayName,
    insert,
    snippet,
    filter: `${displayName} ${id}`,
    sort: `5${rank}`,
  });
  const wrapped =
    kind === 'condition'
      ? `IF (${call}) THEN\n\t$0\nEND`
      : kind === 'wait'
        ? `WAIT (${call})$0`
        : kind === 'loop'
          ? `LOOP WHILE (${call})\n\t$0\nEND`
          : undefined;
  const plain = entry(call, true);
  return {
    action,
    key: id.toLowerCase(),
    proposed: action.outputs.map(({ name, variable }) => (variable ?? name).toLowerCase()),
    call: plain,
    statement: wrapped === undefined ? plain : entry(wrapped, true),
    id: entry(id, false),
  };
}

// ── Arguments ───────────────────────────────────────────────────────────────────────────────────────────────────

/** Arguments without which a call makes no sense, although the designer writes one. */
const neverLeftOut: ReadonlySet<string> = new Set([
  'External.RunFlow FlowId',
  'Scripting.RunDotNetScript Script',
]);

/** What follows the id: required arguments in the order of the designer, then outputs. */
function callSnippet(action: CatalogAction, isTaken: (name: string) => boolean): string {
  const counter = { next: 1 };
  let text = '';
  for (const argument of action.arguments) {
    if (argument.required || neverLeftOut.has(`${action.id} ${argument.name}`))
      text += ` ${literally(argument.name)}: ${valueSnippet(argument, counter)}`;
  }
  for (const { name, variable } of action.outputs) {
    if (variable === undefined) continue;
    text += ` ${literally(name)}=> ${placeholder(counter.next++, uniqueName(variable, isTaken))}`;
  }
  // A call without arguments is written with an underscore.
  return text === '' ? ` ${action.arguments.length === 0 ? '_' : placeholder(counter.next++, '_')}` : text;
}

/** `Name`, or `Name2`, `Name3` … when it is taken, as the designer numbers them. */
export function uniqueName(name: string, isTaken: (name: string) => boolean): string {
  let unique = name;
  for (let number = 2; isTaken(unique.toLowerCase()); number++) unique = `${name}${number}`;
  return unique;
}

/** A value to be overwritten that already has the right form for the argument. */
export function valueSnippet(
  { name, type, enumType, defaultValue }: CatalogArgument,
  counter: { next: number },
): string {
  if (enumType !== undefined) {
    const found = findEnum(enumType);
    if (found !== undefined) {
      const members = found.members.toSorted(
        (a, b) => Number(b === defaultValue) - Number(a === defaultValue),
      );
      return choice(
        counter.next++,
        members.map((member) => `${found.type}.${member}`),
      );
    }
  }
  const text = (shown: string) => `\\$'''${placeholder(counter.next++, shown)}'''`;
  switch (type.toLowerCase()) {
    case 'boolean':
      return choice(
        counter.next++,
        defaultValue?.toLowerCase() === 'false' ? ['False', 'True'] : ['True', 'False'],
      );
    case 'int32':
    case 'int64':
    case 'decimal':
    case 'double':
    case 'number':
      return placeholder(
        counter.next++,
        defaultValue !== undefined && /^-?\d+$/.test(defaultValue) ? defaultValue : '0',
      );
    case 'encryptableobject':
      // A secret belongs into a variable; not everything that may be encrypted is one.
      if (/password|passphrase|secret|token|key$/i.test(name)) return placeholder(counter.next++, name);
      return text(defaultValue ?? '');
    case 'string':
    case 'filename':
    case 'fileobject':
    case 'folderobject':
    case 'object':
    case 'customerrorcode':
      return text(defaultValue ?? '');
    case 'uicontrol':
    case 'webcontrol':
      return `appmask['${placeholder(counter.next++, 'Screen')}']['${placeholder(counter.next++, 'Element')}']`;
    case 'image':
      return `imgrepo['${placeholder(counter.next++, 'Image')}']`;
    case 'list<image>':
      return `[imgrepo['${placeholder(counter.next++, 'Image')}']]`;
  }
  return placeholder(counter.next++, producedNames().get(type.toLowerCase()) ?? name);
}

let produced: Map<string, string> | undefined;

/** By lower-cased type: what variables of the type are usually called, after the actions that produce them. */
function producedNames(): Map<string, string> {
  if (produced === undefined) {
    const best = new Map<string, { readonly name: string; readonly seen: number }>();
    for (const id of actionIds()) {
      const action = findAction(id)?.definition;
      for (const { type, variable } of action?.outputs ?? []) {
        const key = type.toLowerCase();
        const known = best.get(key);
        if (variable !== undefined && (known === undefined || known.seen < (action?.seen ?? 0))) {
          best.set(key, { name: variable, seen: action?.seen ?? 0 });
        }
      }
    }
    produced = new Map([...best].map(([type, { name }]) => [type, name]));
  }
  return produced;
}
