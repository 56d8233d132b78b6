// The actions and enums of the designer: names, arguments, outputs, errors. Data lives in catalog/*.json (attribution
// in NOTICE); this file only decodes and looks up. What a flow does with an action is judged in check.ts.

import { nearest } from '../nearest.ts';
import actionData from './actions.json' with { type: 'json' };
import enumData from './enums.json' with { type: 'json' };
import implementedIds from './implemented.json' with { type: 'json' };

/** Where a call may stand: as a statement, in `IF (…)` and `LOOP WHILE (…)`, in `WAIT (…)`, or as a loop of its own. */
export type ActionKind = 'action' | 'condition' | 'wait' | 'loop';

export interface CatalogArgument {
  readonly name: string;
  /** Designer type (`String`, `Int32`, `List<FileObject>` …); empty when unknown. For an enum its key, `Module.EnumType`. */
  readonly type: string;
  /** True when a call must give it: there is no default. */
  readonly required: boolean;
  /** The action changes the variable given here; a variable that does not exist yet is created. */
  readonly inOut: boolean;
  /** As text, the member alone for enums. Absent when there is none. */
  readonly defaultValue?: string;
  /** Key for `findEnum`, when the argument is an enum. */
  readonly enumType?: string;
}

export interface CatalogOutput {
  readonly name: string;
  /** Empty when unknown. */
  readonly type: string;
  /** Name the designer proposes for the variable; absent for outputs of older builds. */
  readonly variable?: string;
}

export interface CatalogAction {
  /** `Module.Action` or `Module.Action.Variant`, spelled as the designer writes it. */
  readonly id: string;
  readonly kind: ActionKind;
  /** As people read it in the designer; the id when it is unknown. */
  readonly displayName: string;
  readonly arguments: readonly CatalogArgument[];
  readonly outputs: readonly CatalogOutput[];
  /** Titles of the documented errors. */
  readonly errors: readonly string[];
  /** Id that replaced this older one. */
  readonly aliasOf?: string;
  /** Designer build from which the id is refused. */
  readonly removed?: string;
  /** Designer build, or range of builds, that introduced it. */
  readonly since?: string;
  /** Takes `@Name: value` and `@Name=> variable` besides its fixed arguments. */
  readonly dynamicArguments: boolean;
  /** False when arguments and outputs are not reliably known: then nothing may be concluded from an absent name. */
  readonly argumentsKnown: boolean;
}

export interface FoundAction {
  /** The action to carry out, after following older ids to the newest. */
  readonly definition: CatalogAction;
  /** The entry of the id as written; the same object as `definition` unless the id is an older one. */
  readonly writtenAs: CatalogAction;
  /** Id of `definition` when the written id is an older one. */
  readonly replacedBy?: string;
}

export interface CatalogEnum {
  /** `Module.EnumType` */
  readonly type: string;
  readonly members: readonly string[];
}

/** One action in the data file. Arguments `Name[!][&]:Type[=default]` (`!` required, `&` in and out), outputs `Name:Type[=variable]`. */
interface StoredAction {
  readonly n?: string;
  readonly k?: ActionKind;
  readonly a?: readonly string[];
  readonly o?: readonly string[];
  readonly e?: readonly number[];
  readonly x?: string;
  readonly r?: string;
  readonly s?: string;
  readonly d?: 1;
  readonly u?: 1;
}

const titles: readonly string[] = actionData.errors;
const modules = actionData.modules as unknown as Readonly<
  Record<string, Readonly<Record<string, StoredAction>>>
>;
const enums = new Map<string, CatalogEnum>(
  Object.entries(enumData).map(([type, members]) => [type.toLowerCase(), { type, members }]),
);
const implemented: ReadonlySet<string> = new Set((implementedIds as string[]).map((id) => id.toLowerCase()));

const stored = new Map<string, { readonly id: string; readonly action: StoredAction }>();
for (const [module, actions] of Object.entries(modules)) {
  for (const [name, action] of Object.entries(actions)) {
    const id = `${module}.${name}`;
    stored.set(id.toLowerCase(), { id, action });
  }
}
const decoded = new Map<string, CatalogAction>();

/** Names of all modules, in alphabetical order, as the designer spells them. */
export const moduleNames: readonly string[] = Object.keys(modules);

/** True for the name of a module in any letter case, also of one that has enums only. */
export function isModule(name: string): boolean {
  return modulesWithEnums.has(name.toLowerCase());
}

const modulesWithEnums: ReadonlySet<string> = new Set(
  [...moduleNames, ...Object.keys(enumData).map((type) => type.slice(0, type.indexOf('.')))].map((name) =>
    name.toLowerCase(),
  ),
);

/** Ids of all actions, older ids included. */
export function actionIds(): readonly string[] {
  return [...stored.values()].map((entry) => entry.id);
}

/** Finds an action by its id in any letter case. Undefined when no designer build knows it. */
export function findAction(id: string): FoundAction | undefined {
  const writtenAs = entry(id);
  if (writtenAs === undefined) return undefined;
  let definition = writtenAs;
  while (definition.aliasOf !== undefined) {
    const newer = entry(definition.aliasOf);
    if (newer === undefined) break;
    definition = newer;
  }
  return definition === writtenAs
    ? { definition, writtenAs }
    : { definition, writtenAs, replacedBy: definition.id };
}

/** The newest id of an action, spelled as the designer writes it. Undefined when the catalog does not know it. */
export function canonicalId(id: string): string | undefined {
  return findAction(id)?.definition.id;
}

/** Finds an enum by `Module.EnumType` in any letter case. */
export function findEnum(type: string): CatalogEnum | undefined {
  return enums.get(type.toLowerCase());
}

/** The member as the catalog spells it, whatever the letter case; undefined when the enum or the member is unknown. */
export function enumMember(type: string, member: string): string | undefined {
  const wanted = member.toLowerCase();
  return findEnum(type)?.members.find((name) => name.toLowerCase() === wanted);
}

/** True when the runtime of this version can carry out the action (or what replaced it). */
export function isImplemented(id: string): boolean {
  const newest = canonicalId(id);
  return newest !== undefined && implemented.has(newest.toLowerCase());
}

/** The known id that is probably meant by an unknown one, or undefined when none is near. */
export function nearestAction(id: string): string | undefined {
  const wanted = id.toLowerCase();
  // A call without its variant (`File.CopyFiles`) or with a wrong one is nearer than any spelling mistake.
  for (let stem = wanted; stem.split('.').length >= 2; stem = stem.slice(0, stem.lastIndexOf('.'))) {
    for (const [key, { id: known, action }] of stored) {
      if (key.startsWith(`${stem}.`) && action.x === undefined) return known;
    }
    if (stem !== wanted && stored.has(stem)) return stored.get(stem)?.id;
  }
  const near = nearest(id, actionIds());
  return near === undefined ? undefined : canonicalId(near);
}

function entry(id: string): CatalogAction | undefined {
  const key = id.toLowerCase();
  const known = decoded.get(key);
  if (known !== undefined) return known;
  const raw = stored.get(key);
  if (raw === undefined) return undefined;
  const action = decode(raw.id, raw.action);
  decoded.set(key, action);
  return action;
}

function decode(id: string, action: StoredAction): CatalogAction {
  return {
    id,
    kind: action.k ?? 'action',
    displayName: action.n ?? id,
    arguments: (action.a ?? []).map(decodeArgument),
    outputs: (action.o ?? []).map(decodeOutput),
    errors: (action.e ?? []).map((index) => titles[index] as string),
    ...(action.x === undefined ? {} : { aliasOf: action.x }),
    ...(action.r === undefined ? {} : { removed: action.r }),
    ...(action.s === undefined ? {} : { since: action.s }),
    dynamicArguments: action.d === 1,
    argumentsKnown: action.u !== 1,
  };
}

function decodeArgument(text: string): CatalogArgument {
  const [, name, flags, type, defaultValue] = /^([^:!&]+)([!&]*):([^=]*)(?:=(.*))?$/s.exec(
    text,
  ) as unknown as [string, string, string, string, string | undefined];
  return {
    name,
    type,
    required: flags.includes('!'),
    inOut: flags.includes('&'),
    ...(defaultValue === undefined ? {} : { defaultValue }),
    ...(enums.has(type.toLowerCase()) ? { enumType: type } : {}),
  };
}

function decodeOutput(text: string): CatalogOutput {
  const [, name, type, variable] = /^([^:]+):([^=]*)(?:=(.*))?$/.exec(text) as unknown as [
    string,
    string,
    string,
    string | undefined,
  ];
  return { name, type, ...(variable === undefined ? {} : { variable }) };
}
