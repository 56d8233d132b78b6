// The desktop flows in a solution's XML: customizations.xml of an export, or the XML file of one workflow where a tool unpacked the
// solution further. Finds the text of each flow and replaces it; every character that did not change stays as it was written.
import sax from 'sax';
import { ProductError } from '../base/error.ts';
import { Binding } from '../language/analysis/binder.ts';
import { flowInfo } from '../language/analysis/flow.ts';
import { applyEdits, type TextEdit } from '../language/edits/edit.ts';
import { parse } from '../language/syntax/parser.ts';
import type { FlowFile } from '../language/syntax/tree.ts';
import { items, member, readJson, stringValue } from './json.ts';
import { changeSchema } from './schema.ts';

/** A desktop flow in the XML. */
export interface SolutionFlow {
  /** Lower-cased, without braces. */
  readonly id: string;
  readonly name: string;
  /** The flow in the Definition form, line ends as in the solution. */
  readonly text: string;
  /** The part of the solution that older agents run instead of the text, such as `Workflows/Name-ID.json`; undefined when not named. */
  readonly jsonFile: string | undefined;
}

/** Where a value stands in the XML, between its tags. */
interface Span {
  readonly start: number;
  readonly end: number;
}

interface Workflow {
  id: string;
  name: string;
  /** Direct children that hold text, by their name. */
  readonly children: Map<string, Span>;
}

/** The desktop flows in the XML, in its order. Throws ProductError `SolutionDamaged` when it is no XML. */
export function openCustomizations(xml: string): SolutionFlow[] {
  return workflows(xml).flatMap((workflow): SolutionFlow[] => {
    const definition = definitionOf(xml, workflow);
    if (definition === undefined) return [];
    const { id, name } = workflow;
    const json = workflow.children.get('JsonFileName');
    const jsonFile = json === undefined ? undefined : readXml(xml, json).text.trim().replace(/^\//, '');
    return [{ id, name, text: definition.text, jsonFile: jsonFile || undefined }];
  });
}

/** Names of the desktop flows whose Definition cannot be read. */
export function unreadableFlows(xml: string): string[] {
  return workflows(xml)
    .filter((workflow) => isDesktopFlow(xml, workflow) && definitionOf(xml, workflow) === undefined)
    .map(({ name }) => name);
}

/**
 * The XML with another text for one flow. What the solution repeats of a flow follows: the schema of changed inputs and outputs,
 * and the list of flows it runs. Throws ProductError `SolutionFlowMissing` when no desktop flow has the id, or `SolutionDamaged`.
 */
export function replaceDefinition(xml: string, id: string, text: string): string {
  const workflow = workflows(xml).find((candidate) => candidate.id === id.toLowerCase());
  const definition = workflow === undefined ? undefined : definitionOf(xml, workflow);
  if (workflow === undefined || definition === undefined) {
    throw new ProductError(
      'SolutionFlowMissing',
      `The solution has no desktop flow with the id ${id}.`,
      'Unpack the solution again and take your changes over.',
    );
  }
  if (definition.text === text) return xml;
  const before = parse(definition.text);
  const after = parse(text);
  const edits: TextEdit[] = [respell(definition, text)];
  const follow = (child: string, change: (json: string) => string) => {
    const span = workflow.children.get(child);
    if (span === undefined) return;
    const json = readXml(xml, span).text;
    const changed = change(json);
    if (changed !== json) edits.push({ ...span, text: escapeXml(changed) });
  };
  const [old, now] = [flowInfo(before), flowInfo(after)];
  follow('Inputs', (json) => changeSchema(json, 'input', old.inputs, now.inputs));
  follow('Outputs', (json) => changeSchema(json, 'output', old.outputs, now.outputs));
  follow('Dependencies', (json) => changeChildFlows(json, flowsRunBy(before), flowsRunBy(after)));
  return applyEdits(xml, edits);
}

// ── XML ─────────────────────────────────────────────────────────────────────────────────────────────────────────

function workflows(xml: string): Workflow[] {
  const found: Workflow[] = [];
  const parser = sax.parser(true, { position: true });
  let open: Workflow | undefined;
  /** Elements open inside the workflow. */
  let depth = 0;
  let start = 0;
  parser.onopentag = ({ name, attributes }) => {
    if (open !== undefined) {
      if (++depth === 1) start = parser.position;
    } else if (name === 'Workflow') {
      open = {
        id: attribute(attributes.WorkflowId).replace(/[{}]/g, '').toLowerCase(),
        name: attribute(attributes.Name),
        children: new Map(),
      };
      depth = 0;
    }
  };
  parser.onclosetag = (name) => {
    if (open === undefined) return;
    if (depth === 0) {
      found.push(open);
      open = undefined;
    } else if (depth-- === 1 && !parser.tag?.isSelfClosing) {
      open.children.set(name, { start, end: parser.startTagPosition - 1 });
    }
  };
  parser.onerror = (cause) => {
    throw new ProductError(
      'SolutionDamaged',
      `The solution's XML cannot be read at line ${parser.line + 1}: ${cause.message.split('\n', 1)[0]}.`,
      'Export the solution again.',
      { cause },
    );
  };
  parser.write(xml).close();
  return found;
}

const attribute = (value: unknown): string => (typeof value === 'string' ? value : '');

/** What a piece of XML text stands for, and where each of its UTF-16 units is written; one more place for the end. */
interface Spelling {
  readonly text: string;
  readonly places: Uint32Array;
  /** Where it stands, when comments or CDATA break it up: then only the whole can be written anew. */
  readonly broken: Span | undefined;
}

const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

function readXml(xml: string, span: Span): Spelling {
  const { start, end } = span;
  const places = new Uint32Array(end - start + 1);
  const units: string[] = [];
  let count = 0;
  let broken: Span | undefined;
  const add = (unit: string, at: number) => {
    for (let i = 0; i < unit.length; i++) places[count++] = at;
    units.push(unit);
  };
  for (let at = start; at < end; ) {
    const unit = xml.charAt(at);
    if (unit === '<') {
      // The parser has read it already, so everything that is opened is closed.
      broken = span;
      const opening = ['<![CDATA[', '<!--'].find((candidate) => xml.startsWith(candidate, at)) ?? '<';
      const close = opening === '<' ? '>' : opening === '<!--' ? '-->' : ']]>';
      const stop = xml.indexOf(close, at + opening.length);
      if (close === ']]>') for (let i = at + opening.length; i < stop; i++) add(xml.charAt(i), i);
      at = stop + close.length;
    } else if (unit === '&') {
      const semicolon = xml.indexOf(';', at);
      add(entity(xml.slice(at + 1, semicolon)), at);
      at = semicolon + 1;
    } else add(unit, at++);
  }
  places[count] = end;
  return { text: units.join(''), places: places.subarray(0, count + 1), broken };
}

function entity(name: string): string {
  const code = /^#x/i.test(name) ? Number.parseInt(name.slice(2), 16) : Number.parseInt(name.slice(1), 10);
  return name.startsWith('#') ? String.fromCodePoint(code) : (entities[name] ?? `&${name};`);
}

const escapeXml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

// ── Definition: a JSON string in XML ────────────────────────────────────────────────────────────────────────────

/** The text of a desktop flow (category 6) with the places of its characters; undefined for any other workflow. */
function definitionOf(xml: string, workflow: Workflow): Spelling | undefined {
  const span = workflow.children.get('Definition');
  if (span === undefined || !isDesktopFlow(xml, workflow)) return undefined;
  const outer = readXml(xml, span);
  const { root } = readJson(outer.text);
  const text = stringValue(outer.text, root);
  if (root === undefined || text === undefined) return undefined;

  const places = new Uint32Array(text.length + 1);
  let at = root.start + 1;
  for (let index = 0; index < text.length; index++) {
    places[index] = outer.places[at] as number;
    if (outer.text[at] !== '\\') at++;
    else at += outer.text[at + 1] === 'u' ? 6 : 2;
  }
  places[text.length] = outer.places[at] as number;
  return { text, places, broken: outer.broken };
}

function isDesktopFlow(xml: string, { children }: Workflow): boolean {
  const category = children.get('Category');
  return category !== undefined && readXml(xml, category).text.trim() === '6';
}

/** The edit that makes `text` of what is written, and leaves alone what both have in common at the beginning and at the end. */
function respell({ text: before, places, broken }: Spelling, text: string): TextEdit {
  if (broken !== undefined) return { ...broken, text: escapeXml(`"${escapeJson(text)}"`) };
  const shortest = Math.min(before.length, text.length);
  let same = 0;
  while (same < shortest && before.charCodeAt(same) === text.charCodeAt(same)) same++;
  let tail = 0;
  while (
    tail < shortest - same &&
    before.charCodeAt(before.length - 1 - tail) === text.charCodeAt(text.length - 1 - tail)
  ) {
    tail++;
  }
  // Neither end may part the two halves of a character.
  if (isHighSurrogate(text.charCodeAt(same - 1))) same--;
  if (tail > 0 && isLowSurrogate(text.charCodeAt(text.length - tail))) tail--;
  return {
    start: places[same] as number,
    end: places[before.length - tail] as number,
    text: escapeXml(escapeJson(text.slice(same, text.length - tail))),
  };
}

const isHighSurrogate = (code: number): boolean => code >= 0xd800 && code < 0xdc00;
const isLowSurrogate = (code: number): boolean => code >= 0xdc00 && code < 0xe000;

/** As .NET writes JSON: three kinds of line ends more than JavaScript does; also what XML cannot hold. */
function escapeJson(text: string): string {
  return JSON.stringify(text)
    .slice(1, -1)
    .replace(
      /[\u0085\u2028\u2029\ufffe\uffff]/g,
      (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
    );
}

// ── What the solution repeats of a flow ─────────────────────────────────────────────────────────────────────────

function flowsRunBy(file: FlowFile): ReadonlySet<string> {
  return new Set(new Binding(file).symbols('flow').map(({ name }) => name.toLowerCase()));
}

/** `{"childFlows":["id", …], …}` without the flows that are no longer run, and with those that now are. */
function changeChildFlows(json: string, before: ReadonlySet<string>, after: ReadonlySet<string>): string {
  const list = member(readJson(json).root, 'childFlows');
  if (list?.kind !== 'array') return json;
  const listed = items(list).map((item) => stringValue(json, item) ?? '');
  const kept = listed.filter((id) => after.has(id.toLowerCase()) || !before.has(id.toLowerCase()));
  const known = new Set(listed.map((id) => id.toLowerCase()));
  const all = [...kept, ...[...after].filter((id) => !known.has(id))];
  if (all.length === listed.length && kept.length === listed.length) return json;
  return json.slice(0, list.start) + JSON.stringify(all) + json.slice(list.end);
}
