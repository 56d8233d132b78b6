// Statements and their clauses as things to complete at the start of a line, as far as they may stand there.
import { CompletionItemKind } from 'vscode-languageserver';
import { statementDescription } from '../../../language/catalog/catalog.ts';
import type { Scene } from '../../../language/completion/scene.ts';
import { writtenName } from '../../../language/edits/literals.ts';
import { choice, type Entry, snippetOf } from './entry.ts';

/** What stands in the places of names: those the flow has already. */
export interface KnownNames {
  readonly subflows: readonly string[];
  readonly labels: readonly string[];
}

/** `single`: only statements of one line, as behind DISABLE. */
export function statementEntries(scene: Scene, known: KnownNames, single: boolean): Entry[] {
  const entries: Entry[] = [];
  const add = (label: string, form: string, group = 2) =>
    entries.push(keywordEntry(label, form, `${group}${label}`));

  const innermost = scene.around.at(-1);
  if (!single) clauses(scene, add);
  if (innermost?.part === 'start' && innermost.statement.kind === 'Switch') return entries;

  add('SET', 'SET ‹NewVar› TO ‹0›');
  entries.push(namingEntry('CALL', known.subflows, 'Subflow'), namingEntry('GOTO', known.labels, 'Target'));
  if (scene.rules !== undefined) {
    add('THROW ERROR', 'THROW ERROR');
    add('NEXT ACTION', 'NEXT ACTION');
    if (scene.rules === 'block') add('REPEAT BLOCK', 'REPEAT BLOCK');
    else add('REPEAT ACTION', 'REPEAT ACTION');
    return entries;
  }
  if (!single) {
    add('IF', 'IF ‹condition› THEN\n\t‹›\nEND');
    add('IF … ELSE', 'IF ‹condition› THEN\n\t‹›\nELSE\n\t‹›\nEND', 3);
    add('SWITCH', 'SWITCH ‹value›\n\tCASE = ‹1›\n\t\t‹›\n\tDEFAULT\n\t\t\nEND');
    add('LOOP FOREACH', 'LOOP FOREACH ‹CurrentItem› IN ‹List›\n\t‹›\nEND');
    add('LOOP FROM', 'LOOP ‹LoopIndex› FROM ‹1› TO ‹10› STEP ‹1›\n\t‹›\nEND');
    add('LOOP WHILE', 'LOOP WHILE (‹1›) = (‹1›)\n\t‹›\nEND');
    add('BLOCK', "BLOCK '‹Name›'\nON BLOCK ERROR all\n\t‹›\nEND\n\t‹›\nEND");
    add('**REGION', '**REGION ‹Name›\n‹›\n**ENDREGION', 4);
    add('DISABLE', 'DISABLE ', 4);
  }
  if (scene.inLoop) {
    add('EXIT LOOP', 'EXIT LOOP', 1);
    add('NEXT LOOP', 'NEXT LOOP', 1);
  }
  if (scene.subflow !== undefined) add('EXIT FUNCTION', 'EXIT FUNCTION');
  add('EXIT', 'EXIT Code: ‹0›‹›');
  add('LABEL', 'LABEL ‹Name›');
  add('WAIT', 'WAIT ‹1›');
  add('ERROR', 'ERROR => ‹LastError› Reset: ‹True|False›', 3);
  if (scene.around.length === 0 && scene.subflow === undefined && !single) {
    add('FUNCTION', 'FUNCTION ‹Name› GLOBAL\n\t‹›\nEND FUNCTION', 4);
  }
  if (scene.head && !single) {
    add('IMPORT elements', "IMPORT 'controlRepo.appmask' AS appmask", 6);
    add('IMPORT images', "IMPORT 'imageRepo.imgrepo' AS imgrepo", 6);
    entries.push(...headEntries());
  }
  return entries;
}

/** Lines that belong to a statement above. */
function clauses(scene: Scene, add: (label: string, form: string, group?: number) => void): void {
  const innermost = scene.around.at(-1);
  const { statement, part } = innermost ?? {};
  if (scene.ruled !== undefined) {
    add('ON ERROR', 'ON ERROR\n\t‹›\nEND', 1);
    if (scene.ruled.taken.length === 0) {
      add('ON ERROR REPEAT', 'ON ERROR REPEAT ‹3› TIMES WAIT ‹5›\n‹›\nEND', 1);
    }
  }
  if (statement === undefined) {
    if (scene.subflow !== undefined && scene.subflow.endLine === undefined)
      add('END FUNCTION', 'END FUNCTION', 1);
    return;
  }
  if (statement.kind === 'Switch') {
    add('CASE', 'CASE ‹=|<>|<|<=|>|>=› ‹1›\n\t‹›', 1);
    if (statement.defaultLine === undefined) add('DEFAULT', 'DEFAULT\n\t‹›', 1);
  }
  if (statement.kind === 'If' && part === 'body') {
    add('ELSE IF', 'ELSE IF ‹condition› THEN\n\t‹›', 1);
    if (statement.elseLine === undefined) add('ELSE', 'ELSE\n\t‹›', 1);
  }
  if (statement.kind === 'Block' && part !== 'body') {
    add('ON BLOCK ERROR', 'ON BLOCK ERROR ‹all›\n\t‹›', 1);
  }
  add('END', 'END', 1);
}

/** A keyword with a name behind it: one of those that exist. */
function namingEntry(keyword: string, names: readonly string[], otherwise: string): Entry {
  const insert = `${keyword} ${choice(1, names.length === 0 ? [otherwise] : names.map(writtenName))}$0`;
  return { ...keywordEntry(keyword, '', `2${keyword}`), insert };
}

/** Lines of the head of a flow. */
export function headEntries(): Entry[] {
  const common =
    "'Description': '‹›', 'FriendlyName': '‹Name›', 'Type': '‹String|Numeric|Bool|List|CustomObject|Datatable|Datetime›'";
  const entry = (label: string, form: string) => keywordEntry(label, form, `6${label}`);
  return [
    entry('@INPUT', `@INPUT ‹Name› : { ${common}, 'IsOptional': ‹False|True›, 'DefaultValue': ‹''› }`),
    entry('@OUTPUT', `@OUTPUT ‹Name› : { ${common} }`),
    entry('@SENSITIVE', '@SENSITIVE: [‹Name›]'),
  ];
}

/** One of the fixed words that may follow. */
export function wordEntry(word: string, sort = '1'): Entry {
  return { label: word, kind: CompletionItemKind.Keyword, insert: word, sort: `${sort}${word}` };
}

/** What is inserted is a form with the places to fill in, see `snippetOf`. */
export function keywordEntry(label: string, form: string, sort: string): Entry {
  const documentation = statementDescription(label.split(' …')[0] as string);
  return {
    label,
    kind: CompletionItemKind.Keyword,
    insert: snippetOf(form),
    snippet: true,
    sort,
    ...(documentation === undefined ? {} : { documentation }),
  };
}
