// One thing a completion offers, and how lists of them become answers of the protocol. Knows nothing of flows.
import {
  type CompletionItem,
  type CompletionItemKind,
  type CompletionList,
  InsertTextFormat,
  MarkupKind,
  type Range,
} from 'vscode-languageserver';

export interface Entry {
  readonly label: string;
  readonly kind: CompletionItemKind;
  /** Shown at the right: a type, or the name people know it by. */
  readonly description?: string;
  readonly insert: string;
  /** `insert` has placeholders. */
  readonly snippet?: boolean;
  /** What is typed to find it; the label when absent. */
  readonly filter?: string;
  /** Decides the order of equally good matches. */
  readonly sort: string;
  /** Markdown. */
  readonly documentation?: string;
  readonly commitCharacters?: string[];
  readonly preselect?: boolean;
}

/** What the client can show, from the capabilities it declares. */
export interface ClientAbilities {
  readonly snippets: boolean;
  /** One range for a whole list (`itemDefaults.editRange`). */
  readonly sharedRange: boolean;
}

/** An answer that replaces `range`. `typed` is its text before the caret: entries without its letters, in their order, are left out. */
export function listOf(
  entries: readonly Entry[],
  range: Range,
  typed: string,
  abilities: ClientAbilities,
): CompletionList {
  const wanted = typed.toLowerCase();
  const items: CompletionItem[] = [];
  for (const entry of entries) {
    if (wanted === '' || hasLetters(lowered(entry), wanted)) items.push(itemOf(entry, range, abilities));
  }
  return abilities.sharedRange
    ? { isIncomplete: false, itemDefaults: { editRange: range }, items }
    : { isIncomplete: false, items };
}

/** True when `text` has the letters of `wanted` in this order: what editors match at least. */
function hasLetters(text: string, wanted: string): boolean {
  let at = 0;
  for (let i = 0; i < wanted.length; i++) {
    at = text.indexOf(wanted.charAt(i), at) + 1;
    if (at === 0) return false;
  }
  return true;
}

const lowerCased = new WeakMap<Entry, string>();

function lowered(entry: Entry): string {
  let text = lowerCased.get(entry);
  if (text === undefined) {
    text = (entry.filter ?? entry.label).toLowerCase();
    lowerCased.set(entry, text);
  }
  return text;
}

const ready = new WeakMap<Entry, CompletionItem>();

/** Entries of the catalog are offered again and again: their items are made once. */
function itemOf(entry: Entry, range: Range, abilities: ClientAbilities): CompletionItem {
  let item = ready.get(entry);
  if (item === undefined) {
    item = {
      label: entry.label,
      kind: entry.kind,
      sortText: entry.sort,
      ...(entry.description === undefined ? {} : { labelDetails: { description: entry.description } }),
      ...(entry.filter === undefined ? {} : { filterText: entry.filter }),
      ...(entry.insert === entry.label ? {} : { textEditText: entry.insert }),
      ...(entry.snippet ? { insertTextFormat: InsertTextFormat.Snippet } : {}),
      ...(entry.documentation === undefined
        ? {}
        : { documentation: { kind: MarkupKind.Markdown, value: entry.documentation } }),
      ...(entry.commitCharacters === undefined ? {} : { commitCharacters: entry.commitCharacters }),
      ...(entry.preselect ? { preselect: true } : {}),
    };
    ready.set(entry, item);
  }
  if (abilities.sharedRange && abilities.snippets) return item;
  const { textEditText, insertTextFormat, ...rest } = item;
  const snippet = insertTextFormat === InsertTextFormat.Snippet;
  const inserted = textEditText ?? item.label;
  return {
    ...rest,
    ...(snippet && abilities.snippets ? { insertTextFormat } : {}),
    textEdit: { range, newText: snippet && !abilities.snippets ? plainText(inserted) : inserted },
  };
}

// ── Snippets ────────────────────────────────────────────────────────────────────────────────────────────────────

/** Text that a snippet shall insert as it is. */
export function literally(text: string): string {
  return text.replace(/[\\$}]/g, '\\$&');
}

/** One of several texts, the first being the default; a placeholder when there is only one. */
export function choice(index: number, texts: readonly string[]): string {
  const [only] = texts;
  if (texts.length < 2) return placeholder(index, only ?? '');
  return `\${${index}|${texts.map((text) => text.replace(/[\\,|]/g, '\\$&')).join(',')}|}`;
}

/**
 * A snippet from a form such as `LOOP ‹Index› FROM ‹1› TO ‹10›`: every `‹…›` is a place to fill in, with alternatives between bars.
 * Places with the same word are filled together; the last empty one is where the caret ends.
 */
export function snippetOf(form: string): string {
  const parts = form.split(/‹([^›]*)›/);
  const indexes = new Map<string, number>();
  const last = parts.length - 2;
  let next = 1;
  return parts
    .map((part, at) => {
      if (at % 2 === 0) return literally(part);
      if (part === '') return at === last ? '$0' : `$${next++}`;
      const linked = /^\p{L}+$/u.test(part);
      const index = (linked ? indexes.get(part) : undefined) ?? next++;
      if (linked) indexes.set(part, index);
      return choice(index, part.split('|'));
    })
    .join('');
}

export function placeholder(index: number, text: string): string {
  return `\${${index}:${literally(text)}}`;
}

/** What a snippet leaves in the text when nobody changes its placeholders. */
export function plainText(snippet: string): string {
  return snippet
    .replace(
      /\$\{\d+\|((?:\\.|[^\\|])*)\|\}/g,
      (_, texts: string) => texts.match(/^(?:\\.|[^\\,])*/)?.[0] ?? '',
    )
    .replace(
      /\\([\\$},|])|\$\{\d+:((?:\\.|[^\\}])*)\}|\$\d+/g,
      (_, escaped?: string, shown?: string) => escaped ?? (shown ?? '').replace(/\\([\\$}])/g, '$1'),
    );
}
