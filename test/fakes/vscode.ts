// VS Code as far as the extension uses it, without a window: renders trees, line status, the status bar and messages to text,
// and lets a test play the person (answers, typing, clicks). Not a copy of VS Code: anything unknown is missing on purpose.
import type * as api from 'vscode';
import type { VSCode } from '../../src/extension/vscode.ts';

type Listener<T> = (value: T) => unknown;

class EventEmitter<T> {
  readonly #listeners = new Set<Listener<T>>();
  readonly event = (listener: Listener<T>) => {
    this.#listeners.add(listener);
    return { dispose: () => this.#listeners.delete(listener) };
  };
  fire(value: T): void {
    for (const listener of [...this.#listeners]) listener(value);
  }
  dispose(): void {
    this.#listeners.clear();
  }
}

class Position {
  readonly line: number;
  readonly character: number;
  constructor(line: number, character: number) {
    this.line = line;
    this.character = character;
  }
}

class Range {
  readonly start: Position;
  readonly end: Position;
  constructor(...args: [Position, Position] | [number, number, number, number]) {
    if (args.length === 2) [this.start, this.end] = args;
    else {
      this.start = new Position(args[0], args[1]);
      this.end = new Position(args[2], args[3]);
    }
  }
}

class Uri {
  readonly scheme: string;
  readonly path: string;
  readonly query: string;
  readonly fragment: string;
  constructor({
    scheme,
    path = '',
    query = '',
    fragment = '',
  }: { scheme: string; path?: string; query?: string; fragment?: string }) {
    this.scheme = scheme;
    this.path = path;
    this.query = query;
    this.fragment = fragment;
  }
  static file(path: string): Uri {
    return new Uri({ scheme: 'file', path });
  }
  static from(parts: { scheme: string; path?: string; query?: string; fragment?: string }): Uri {
    return new Uri(parts);
  }
  static joinPath(base: Uri, path: string): Uri {
    return new Uri({ ...base, path: `${base.path}/${path}` });
  }
  static parse(text: string): Uri {
    const [, scheme = '', path = '', query = '', fragment = ''] =
      /^([^:]+):(?:\/\/)?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/.exec(text) ?? [];
    return new Uri({ scheme, path, query, fragment });
  }
  with(change: { fragment?: string }): Uri {
    return new Uri({ ...this, ...change });
  }
  get fsPath(): string {
    return this.path;
  }
  toString(): string {
    return `${this.scheme}:${this.scheme === 'file' ? '//' : ''}${this.path}${this.query && `?${this.query}`}${this.fragment && `#${this.fragment}`}`;
  }
}

class ThemeIcon {
  readonly id: string;
  readonly color: ThemeColor | undefined;
  constructor(id: string, color?: ThemeColor) {
    this.id = id;
    this.color = color;
  }
}

class ThemeColor {
  readonly id: string;
  constructor(id: string) {
    this.id = id;
  }
}

/** Keeps what was said by us (`appendMarkdown`) and by others (`appendText`) apart, as VS Code's escaping does. */
class MarkdownString {
  value = '';
  appendText(text: string): this {
    this.value += text.replace(/[\\`*_{}[\]()#+\-!~<>]/g, '\\$&');
    return this;
  }
  appendMarkdown(text: string): this {
    this.value += text;
    return this;
  }
}

class TreeItem {
  label: string;
  collapsibleState: number;
  constructor(label: string, collapsibleState = 0) {
    this.label = label;
    this.collapsibleState = collapsibleState;
  }
}

class DocumentLink {
  readonly range: Range;
  readonly target: Uri;
  constructor(range: Range, target: Uri) {
    this.range = range;
    this.target = target;
  }
}

class Diagnostic {
  source: string | undefined;
  readonly range: Range;
  readonly message: string;
  readonly severity: number;
  constructor(range: Range, message: string, severity: number) {
    this.range = range;
    this.message = message;
    this.severity = severity;
  }
}

class WorkspaceEdit {
  readonly changes: string[] = [];
  replace(uri: Uri, range: Range, text: string): void {
    const { start, end } = range;
    this.changes.push(
      `${uri} ${start.line}:${start.character}-${end.line}:${end.character} ${JSON.stringify(text)}`,
    );
  }
}

class Location {
  readonly uri: Uri;
  readonly range: Range;
  constructor(uri: Uri, place: Range | Position) {
    this.uri = uri;
    this.range = place instanceof Range ? place : new Range(place, place);
  }
}

class TestMessage {
  expectedOutput: string | undefined;
  actualOutput: string | undefined;
  location: Location | undefined;
  readonly message: string;
  constructor(message: string) {
    this.message = message;
  }
  static diff(message: string, expected: string, actual: string): TestMessage {
    const made = new TestMessage(message);
    made.expectedOutput = expected;
    made.actualOutput = actual;
    return made;
  }
}

class StatementCoverage {
  readonly executed: number;
  readonly location: Position;
  constructor(executed: number, location: Position) {
    this.executed = executed;
    this.location = location;
  }
}

class DeclarationCoverage extends StatementCoverage {
  readonly name: string;
  constructor(name: string, executed: number, location: Position) {
    super(executed, location);
    this.name = name;
  }
}

class FileCoverage {
  readonly uri: Uri;
  readonly details: readonly StatementCoverage[];
  constructor(uri: Uri, details: readonly StatementCoverage[]) {
    this.uri = uri;
    this.details = details;
  }
  static fromDetails(uri: Uri, details: readonly StatementCoverage[]): FileCoverage {
    return new FileCoverage(uri, details);
  }
}

/** The rows of the Test Explorer, or the children of one. */
class TestItems {
  #items = new Map<string, FakeTestItem>();
  get size(): number {
    return this.#items.size;
  }
  get(id: string): FakeTestItem | undefined {
    return this.#items.get(id);
  }
  add(item: FakeTestItem): void {
    this.#items.set(item.id, item);
  }
  delete(id: string): void {
    this.#items.delete(id);
  }
  replace(items: readonly FakeTestItem[]): void {
    this.#items = new Map(items.map((item) => [item.id, item]));
  }
  [Symbol.iterator]() {
    return this.#items[Symbol.iterator]();
  }
}

export class FakeTestItem {
  readonly id: string;
  label: string;
  readonly uri: Uri | undefined;
  canResolveChildren = false;
  range: Range | undefined;
  error: string | undefined;
  readonly children = new TestItems();
  constructor(id: string, label: string, uri: Uri | undefined) {
    this.id = id;
    this.label = label;
    this.uri = uri;
  }
}

export class FakeTestController {
  readonly items = new TestItems();
  readonly profiles: {
    readonly label: string;
    readonly run: (request: object, token: object) => Promise<void>;
    loadDetailedCoverage?: (run: object, file: object) => Promise<unknown[]>;
  }[] = [];
  /** What was said of the tests, in order: `passed greets`. */
  readonly said: string[] = [];
  readonly messages: TestMessage[] = [];
  readonly covered: FileCoverage[] = [];
  resolveHandler: ((item: FakeTestItem | undefined) => Promise<void>) | undefined;
  refreshHandler: (() => Promise<void>) | undefined;
  createTestItem(id: string, label: string, uri?: Uri): FakeTestItem {
    return new FakeTestItem(id, label, uri);
  }
  createRunProfile(
    label: string,
    _kind: number,
    run: (request: object, token: object) => Promise<void>,
  ): (typeof this.profiles)[number] {
    const profile = { label, run };
    this.profiles.push(profile);
    return profile;
  }
  createTestRun() {
    const say =
      (what: string) =>
      (item: FakeTestItem, messages: readonly TestMessage[] | number = []) => {
        this.said.push(`${what} ${item.label}`);
        if (Array.isArray(messages)) this.messages.push(...messages);
      };
    return {
      enqueued: say('enqueued'),
      started: say('started'),
      passed: say('passed'),
      failed: say('failed'),
      errored: say('errored'),
      skipped: say('skipped'),
      appendOutput: (text: string) => this.said.push(`output ${text.trimEnd()}`),
      addCoverage: (file: FileCoverage) => this.covered.push(file),
      end: () => this.said.push('end'),
    };
  }
  dispose(): void {}
}

/** A debug session that the person has in front. */
export interface FakeDebugSession {
  readonly id: string;
  readonly type: string;
  readonly configuration: Record<string, unknown>;
  /** Requests beyond the protocol that were made of it. */
  readonly requests: [string, unknown][];
  customRequest(request: string, args: unknown): Promise<unknown>;
}

class CancellationTokenSource {
  readonly #emitter = new EventEmitter<void>();
  readonly token = { isCancellationRequested: false, onCancellationRequested: this.#emitter.event };
  cancel(): void {
    this.token.isCancellationRequested = true;
    this.#emitter.fire();
  }
  dispose(): void {
    this.#emitter.dispose();
  }
}

export class FakeDocument {
  readonly uri: Uri;
  readonly languageId: string;
  version = 1;
  isDirty = false;
  /** False: saving fails, as on a full disk. */
  canSave = true;
  #text: string;
  constructor(uri: Uri, languageId: string, text: string) {
    this.uri = uri;
    this.languageId = languageId;
    this.#text = text;
  }
  get lineCount(): number {
    return this.#text.split('\n').length;
  }
  /** Of the whole document, or of a range within one line. */
  getText(range?: Range): string {
    if (!range) return this.#text;
    return this.lineAt(range.start.line).text.slice(range.start.character, range.end.character);
  }
  setText(text: string): void {
    this.#text = text;
    this.version++;
  }
  lineAt(line: number) {
    const text = this.#text.split('\n')[line] as string;
    return {
      text,
      range: new Range(line, 0, line, text.length),
      firstNonWhitespaceCharacterIndex: text.search(/\S|$/),
    };
  }
  async save(): Promise<boolean> {
    if (this.canSave) this.isDirty = false;
    return this.canSave;
  }
}

class FakeEditor {
  readonly document: FakeDocument;
  selection: Range | undefined;
  /** The lines (0-based) that were brought into sight. */
  readonly revealed: number[] = [];
  readonly decorations = new Map<object, api.DecorationOptions[]>();
  constructor(document: FakeDocument) {
    this.document = document;
  }
  setDecorations(type: object, options: api.DecorationOptions[]): void {
    this.decorations.set(type, options);
  }
  revealRange(range: Range): void {
    this.revealed.push(range.start.line);
  }
}

class QuickInput {
  title = '';
  step: number | undefined;
  totalSteps: number | undefined;
  placeholder = '';
  ignoreFocusOut = false;
  buttons: unknown[] = [];
  readonly #hide = new EventEmitter<void>();
  readonly #accept = new EventEmitter<void>();
  readonly #button = new EventEmitter<unknown>();
  readonly #shown: (input: QuickInput) => void;
  readonly onDidHide = this.#hide.event;
  readonly onDidAccept = this.#accept.event;
  readonly onDidTriggerButton = this.#button.event;
  constructor(shown: (input: QuickInput) => void) {
    this.#shown = shown;
  }
  show(): void {
    this.#shown(this);
  }
  hide(): void {
    this.#hide.fire();
  }
  accept(): void {
    this.#accept.fire();
  }
  back(): void {
    this.#button.fire(this.buttons[0]);
  }
  dispose(): void {}
}

export class FakeInputBox extends QuickInput {
  value = '';
  prompt = '';
  password = false;
  validationMessage: string | undefined;
  readonly #changed = new EventEmitter<string>();
  readonly onDidChangeValue = this.#changed.event;
  type(text: string): this {
    this.value = text;
    this.#changed.fire(text);
    return this;
  }
}

export class FakeQuickPick extends QuickInput {
  items: readonly api.QuickPickItem[] = [];
  activeItems: readonly api.QuickPickItem[] = [];
  selectedItems: readonly api.QuickPickItem[] = [];
  choose(label: string): void {
    this.selectedItems = this.items.filter((item) => item.label === label);
    this.accept();
  }
}

/** A page in a panel or a view: what it was sent, and a person who presses its buttons. */
export class FakePage {
  readonly type: string;
  title: string;
  active = true;
  visible = true;
  iconPath: unknown;
  badge: { readonly value: number } | undefined;
  readonly sent: { readonly kind: string; readonly [field: string]: unknown }[] = [];
  readonly #received = new EventEmitter<unknown>();
  readonly #viewState = new EventEmitter<unknown>();
  readonly #disposed = new EventEmitter<void>();
  readonly onDidChangeViewState = this.#viewState.event;
  readonly onDidChangeVisibility = this.#viewState.event;
  readonly onDidDispose = this.#disposed.event;
  readonly webview = {
    options: {} as Record<string, unknown>,
    html: '',
    onDidReceiveMessage: this.#received.event,
    postMessage: async (message: { kind: string }) => {
      // What crosses to the page must survive it.
      this.sent.push(structuredClone(message));
      return true;
    },
  };
  constructor(type: string, title: string) {
    this.type = type;
    this.title = title;
  }
  /** The page says something: `ready`, or that a button was pressed. */
  say(message: unknown): void {
    this.#received.fire(message);
  }
  press(id: string, argument?: string): void {
    this.say({ kind: 'act', id, argument });
  }
  /** The person brings another editor to the front, or this one back. */
  turn(visible: boolean): void {
    this.active = visible;
    this.visible = visible;
    this.#viewState.fire(undefined);
  }
  reveal(): void {
    this.turn(true);
  }
  dispose(): void {
    this.#disposed.fire();
  }
  /** The last message of a kind. */
  last<T>(kind: string): T | undefined {
    return this.sent.findLast((message) => message.kind === kind) as T | undefined;
  }
}

/** A message or dialog that waits for the person. `answer(undefined)` closes it without a choice. */
export interface FakeDialog {
  readonly kind: string;
  readonly text: string;
  readonly options: Record<string, unknown>;
  readonly items: readonly string[];
  answer(choice: unknown): void;
}

export class Memento {
  readonly values = new Map<string, unknown>();
  get<T>(key: string, fallback?: T): T {
    return (this.values.get(key) ?? fallback) as T;
  }
  /** While set, writing takes as long as this: a slow disk. */
  busy: Promise<void> | undefined;
  async update(key: string, value: unknown): Promise<void> {
    await this.busy;
    this.values.set(key, value);
  }
  keys(): string[] {
    return [...this.values.keys()];
  }
}

export class FakeVSCode {
  readonly commands = new Map<string, (...args: unknown[]) => unknown>();
  readonly executed: string[] = [];
  readonly contexts = new Map<string, unknown>();
  readonly settings = new Map<string, unknown>();
  readonly trees = new Map<
    string,
    {
      provider: api.TreeDataProvider<unknown>;
      fired: unknown[];
      visible: boolean;
      visibility: EventEmitter<{ visible: boolean }>;
    }
  >();
  readonly dialogs: FakeDialog[] = [];
  readonly documents: FakeDocument[] = [];
  readonly output: string[] = [];
  readonly quickInputs: QuickInput[] = [];
  /** How each decoration type looks: `editorError.foreground, ruler, failed.svg`. */
  readonly #decorationTypes = new Map<object, string>();
  readonly gutterIcons: string[] = [];
  readonly #providers = new Map<string, api.TextDocumentContentProvider>();
  readonly #opened = new EventEmitter<FakeDocument>();
  readonly #changedText = new EventEmitter<unknown>();
  readonly #closed = new EventEmitter<FakeDocument>();
  readonly #visibleEditors = new EventEmitter<unknown>();
  readonly #configuration = new EventEmitter<{ affectsConfiguration(id: string): boolean }>();
  readonly #problems = new Map<string, readonly Diagnostic[]>();
  #status:
    | { text: string; tooltip: string; shown: boolean; accessibilityInformation?: { label: string } }
    | undefined;
  editors: FakeEditor[] = [];
  readonly testControllers: FakeTestController[] = [];
  /** Files that `findFiles` finds and `readFile` reads, by path. */
  readonly files = new Map<string, string>();
  readonly watchers: Record<'create' | 'change' | 'delete', EventEmitter<Uri>>[] = [];
  debugConfigurations: api.DebugConfigurationProvider | undefined;
  debugAdapters: api.DebugAdapterDescriptorFactory | undefined;
  inlineValues: api.InlineValuesProvider | undefined;
  expressions: api.EvaluatableExpressionProvider | undefined;
  /** Sessions that were asked for. */
  readonly debugged: Record<string, unknown>[] = [];
  readonly #debugSession = new EventEmitter<FakeDebugSession | undefined>();
  readonly #endedSession = new EventEmitter<FakeDebugSession>();
  #session: FakeDebugSession | undefined;
  clipboard = '';
  readonly languageModelTools = new Map<string, api.LanguageModelTool<object>>();
  mcpServers: api.McpServerDefinitionProvider | undefined;
  /** Folders of the workspace, by path. */
  folders: string[] = [];
  /** Web pages in the order in which they were opened. */
  readonly pages: FakePage[] = [];
  readonly webViews = new Map<string, { open(): FakePage }>();
  /** Files by their paths. */
  readonly written = new Map<string, string>();
  isTrusted = true;
  linkProvider: api.DocumentLinkProvider | undefined;

  /** What the extension takes as `vscode`. */
  readonly api = this.#build() as unknown as VSCode;

  /** Every replacement that was applied: `file:///a.robin 0:0-0:0 "text"`. */
  readonly applied: string[] = [];

  /** Opens a document in an editor of its own, in front. */
  open(path: string, text: string, languageId = 'robin'): FakeDocument {
    const document = new FakeDocument(
      path.startsWith('/') ? Uri.file(path) : Uri.parse(path),
      languageId,
      text,
    );
    this.documents.push(document);
    this.editors.unshift(new FakeEditor(document));
    this.#opened.fire(document);
    this.#visibleEditors.fire(undefined);
    return document;
  }

  /** Closes the document and its editor. */
  close(document: FakeDocument): void {
    this.documents.splice(this.documents.indexOf(document), 1);
    this.editors = this.editors.filter((editor) => editor.document !== document);
    this.#closed.fire(document);
    this.#visibleEditors.fire(undefined);
  }

  /** The Problems view: `/flows/archive.robin:4 source: message`. */
  get problems(): string[] {
    return [...this.#problems].flatMap(([path, entries]) =>
      entries.map(({ range, source, message }) => `${path}:${range.start.line + 1} ${source}: ${message}`),
    );
  }

  /** Replaces a range of the document, as typing does. */
  edit(
    document: FakeDocument,
    startLine: number,
    startCharacter: number,
    endLine: number,
    endCharacter: number,
    text: string,
  ): void {
    const lines = document.getText().split('\n');
    const before = [...lines.slice(0, startLine), (lines[startLine] ?? '').slice(0, startCharacter)].join(
      '\n',
    );
    const after = [(lines[endLine] ?? '').slice(endCharacter), ...lines.slice(endLine + 1)].join('\n');
    document.setText(before + text + after);
    this.#changedText.fire({
      document,
      contentChanges: [{ range: new Range(startLine, startCharacter, endLine, endCharacter), text }],
    });
  }

  /** Changes a setting, as the settings page does. */
  set(id: string, value: unknown): void {
    this.settings.set(id, value);
    this.#configuration.fire({ affectsConfiguration: (asked) => asked === id });
  }

  async run(command: string, ...args: unknown[]): Promise<void> {
    await this.api.commands.executeCommand(command, ...args);
  }

  setVisible(view: string, visible: boolean): void {
    const tree = this.trees.get(view) as NonNullable<ReturnType<typeof this.trees.get>>;
    tree.visible = visible;
    tree.visibility.fire({ visible });
  }

  /** The view as its rows: `[icon] label  description  {contextValue}`. */
  async renderTree(view: string): Promise<string> {
    const { provider } = this.trees.get(view) as { provider: api.TreeDataProvider<unknown> };
    const rows: string[] = [];
    const walk = async (element: unknown, depth: number) => {
      for (const child of (await provider.getChildren(element)) ?? []) {
        const item = await provider.getTreeItem(child);
        const icon = (item.iconPath as ThemeIcon | undefined)?.id ?? '';
        rows.push(
          `${'  '.repeat(depth)}[${icon}] ${item.label}${item.description ? `  ${item.description}` : ''}${item.contextValue ? `  {${item.contextValue}}` : ''}`,
        );
        await walk(child, depth + 1);
      }
    };
    await walk(undefined, 0);
    return rows.join('\n');
  }

  /** The elements of a view below one of them. */
  async rows(view: string, parent?: unknown): Promise<unknown[]> {
    const { provider } = this.trees.get(view) as { provider: api.TreeDataProvider<unknown> };
    return [...((await provider.getChildren(parent)) ?? [])];
  }

  /** The rows a view asked to redraw since the last call: `*` is the whole tree. */
  async takeRedrawn(view: string): Promise<string[]> {
    const tree = this.trees.get(view) as NonNullable<ReturnType<typeof this.trees.get>>;
    const rows: string[] = [];
    for (const element of tree.fired.splice(0).flat()) {
      rows.push(element === undefined ? '*' : String((await tree.provider.getTreeItem(element)).id));
    }
    return rows;
  }

  /** The document with what is painted after its lines: `line text    ✓ 12 ms (colour)`. */
  renderEditor(document: FakeDocument): string {
    const editor = this.editors.find((candidate) => candidate.document === document) as FakeEditor;
    const marks = new Map<number, string[]>();
    for (const [type, options] of editor.decorations) {
      for (const { range, renderOptions } of options) {
        const mark = `${renderOptions?.after?.contentText} (${this.#decorationTypes.get(type)})`;
        marks.set(range.start.line, [...(marks.get(range.start.line) ?? []), mark]);
      }
    }
    return document
      .getText()
      .split('\n')
      .map((text, line) => [text, ...(marks.get(line) ?? [])].join('    '))
      .join('\n');
  }

  /** The hover of the painted status on a line (0-based). */
  hover(document: FakeDocument, line: number): string {
    const editor = this.editors.find((candidate) => candidate.document === document) as FakeEditor;
    const found = [...editor.decorations.values()].flat().find(({ range }) => range.start.line === line);
    return (found?.hoverMessage as MarkdownString | undefined)?.value ?? '';
  }

  /** A debug session comes to the front; `answers` to its own requests, by name. */
  showSession(
    configuration: Record<string, unknown>,
    answers: Readonly<Record<string, unknown>> = {},
  ): FakeDebugSession {
    const session: FakeDebugSession = {
      id: `session-${this.debugged.length + 1}`,
      type: 'desktop-flow',
      configuration,
      requests: [],
      customRequest: async (request, args) => {
        session.requests.push([request, args]);
        const answer = answers[request];
        if (answer instanceof Error) throw answer;
        return answer;
      },
    };
    this.#session = session;
    this.#debugSession.fire(session);
    return session;
  }

  get statusBar(): string {
    return this.#status?.shown
      ? `${this.#status.text} | ${this.#status.accessibilityInformation?.label}`
      : '(hidden)';
  }

  /** The last message or dialog that nobody answered yet. */
  get dialog(): FakeDialog {
    const dialog = this.dialogs.at(-1);
    if (!dialog) throw new Error('no dialog is open');
    return dialog;
  }

  get inputBox(): FakeInputBox {
    return this.quickInputs.at(-1) as FakeInputBox;
  }

  get quickPick(): FakeQuickPick {
    return this.quickInputs.at(-1) as FakeQuickPick;
  }

  /** The text of an open read-only page, computed now. */
  page(uri: { readonly scheme: string }): string {
    return String(
      this.#providers
        .get(uri.scheme)
        ?.provideTextDocumentContent(uri as api.Uri, {} as api.CancellationToken),
    );
  }

  #ask(
    kind: string,
    text: string,
    options: Record<string, unknown>,
    items: readonly string[],
    token?: { onCancellationRequested(listener: () => void): unknown },
  ): Promise<unknown> {
    return new Promise((resolve) => {
      const dialog: FakeDialog = {
        kind,
        text,
        options,
        items,
        answer: (choice) => {
          const at = this.dialogs.indexOf(dialog);
          if (at >= 0) this.dialogs.splice(at, 1);
          resolve(choice);
        },
      };
      this.dialogs.push(dialog);
      token?.onCancellationRequested(() => dialog.answer(undefined));
    });
  }

  #message(kind: string) {
    return (text: string, ...rest: unknown[]): Promise<unknown> => {
      const hasOptions = typeof rest[0] === 'object' && rest[0] !== null && 'modal' in rest[0];
      const options = (hasOptions ? rest.shift() : {}) as Record<string, unknown>;
      const titles = rest.map((item) =>
        typeof item === 'string' ? item : (item as { title: string }).title,
      );
      return this.#ask(options.modal ? `modal ${kind}` : kind, text, options, titles).then((choice) => {
        const at = titles.indexOf(choice as string);
        return at < 0 ? undefined : rest[at];
      });
    };
  }

  #build() {
    const fake = this;
    const shown = (input: QuickInput) => void this.quickInputs.push(input);
    const none = () => ({ dispose: () => undefined });
    return {
      version: '1.101.0',
      EventEmitter,
      ViewColumn: { Active: -1 },
      ConfigurationTarget: { Global: 1 },
      Position,
      Range,
      Uri,
      ThemeIcon,
      ThemeColor,
      MarkdownString,
      TreeItem,
      WorkspaceEdit,
      DocumentLink,
      Diagnostic,
      Location,
      TestMessage,
      StatementCoverage,
      DeclarationCoverage,
      FileCoverage,
      TestRunProfileKind: { Run: 1, Debug: 2, Coverage: 3 },
      InlineValueVariableLookup: class {
        readonly range: Range;
        readonly variableName: string;
        constructor(range: Range, variableName: string) {
          this.range = range;
          this.variableName = variableName;
        }
      },
      EvaluatableExpression: class {
        readonly range: Range;
        readonly expression: string;
        constructor(range: Range, expression: string) {
          this.range = range;
          this.expression = expression;
        }
      },
      DebugAdapterInlineImplementation: class {
        readonly implementation: api.DebugAdapter;
        constructor(implementation: api.DebugAdapter) {
          this.implementation = implementation;
        }
      },
      tests: {
        createTestController: () => {
          const controller = new FakeTestController();
          fake.testControllers.push(controller);
          return controller;
        },
      },
      debug: {
        registerDebugConfigurationProvider(_type: string, provider: api.DebugConfigurationProvider) {
          fake.debugConfigurations = provider;
          return none();
        },
        registerDebugAdapterDescriptorFactory(_type: string, factory: api.DebugAdapterDescriptorFactory) {
          fake.debugAdapters = factory;
          return none();
        },
        startDebugging: async (_folder: unknown, configuration: Record<string, unknown>) => {
          fake.debugged.push(configuration);
          return true;
        },
        onDidChangeActiveDebugSession: this.#debugSession.event,
        onDidTerminateDebugSession: this.#endedSession.event,
        activeStackItem: { threadId: 1, frameId: 7 },
        get activeDebugSession() {
          return fake.#session;
        },
      },
      DiagnosticSeverity: { Error: 0, Warning: 1 },
      TextEditorRevealType: { InCenterIfOutsideViewport: 2 },
      CancellationTokenSource,
      TreeItemCollapsibleState: { None: 0, Collapsed: 1, Expanded: 2 },
      StatusBarAlignment: { Left: 1, Right: 2 },
      OverviewRulerLane: { Left: 1, Center: 2, Right: 4, Full: 7 },
      DecorationRangeBehavior: { OpenOpen: 0, ClosedClosed: 1, OpenClosed: 2, ClosedOpen: 3 },
      QuickInputButtons: { Back: { back: true } },
      l10n: {
        t: (text: string, ...values: unknown[]) =>
          text.replace(/\{(\d+)\}/g, (_, index: string) => String(values[Number(index)])),
      },
      env: {
        language: 'en',
        remoteName: undefined,
        clipboard: {
          readText: async () => fake.clipboard,
          writeText: async (text: string) => {
            fake.clipboard = text;
          },
        },
      },
      lm: {
        registerTool(name: string, tool: api.LanguageModelTool<object>) {
          fake.languageModelTools.set(name, tool);
          return none();
        },
        registerMcpServerDefinitionProvider(_id: string, provider: api.McpServerDefinitionProvider) {
          fake.mcpServers = provider;
          return none();
        },
      },
      LanguageModelToolResult: class {
        readonly content: readonly unknown[];
        constructor(content: readonly unknown[]) {
          this.content = content;
        }
      },
      LanguageModelTextPart: class {
        readonly value: string;
        constructor(value: string) {
          this.value = value;
        }
      },
      McpStdioServerDefinition: class {
        readonly label: string;
        readonly command: string;
        readonly args: readonly string[];
        constructor(label: string, command: string, args: readonly string[]) {
          this.label = label;
          this.command = command;
          this.args = args;
        }
      },
      commands: {
        registerCommand(id: string, handler: (...args: unknown[]) => unknown) {
          fake.commands.set(id, handler);
          return { dispose: () => fake.commands.delete(id) };
        },
        async executeCommand(id: string, ...args: unknown[]) {
          if (id === 'setContext') fake.contexts.set(String(args[0]), args[1]);
          else
            fake.executed.push(
              [id, ...args.flatMap((arg) => (arg as { query?: string }).query ?? [])].join(' '),
            );
          return fake.commands.get(id)?.(...args);
        },
      },
      workspace: {
        get isTrusted() {
          return fake.isTrusted;
        },
        async applyEdit(edit: WorkspaceEdit) {
          fake.applied.push(...edit.changes);
          return true;
        },
        get textDocuments() {
          return fake.documents;
        },
        get workspaceFolders() {
          return fake.folders.length === 0
            ? undefined
            : fake.folders.map((path) => ({ uri: Uri.file(path), name: path.slice(1) }));
        },
        getWorkspaceFolder: (uri: Uri) =>
          fake.folders.some((path) => uri.path.startsWith(`${path}/`)) ? {} : undefined,
        findFiles: async () => [...fake.files.keys()].map((path) => Uri.file(path)),
        createFileSystemWatcher: () => {
          const watcher = {
            create: new EventEmitter<Uri>(),
            change: new EventEmitter<Uri>(),
            delete: new EventEmitter<Uri>(),
          };
          fake.watchers.push(watcher);
          return {
            onDidCreate: watcher.create.event,
            onDidChange: watcher.change.event,
            onDidDelete: watcher.delete.event,
            dispose: () => undefined,
          };
        },
        fs: {
          readFile: async (uri: Uri) => {
            const text = fake.files.get(uri.path);
            if (text === undefined) throw new Error(`there is no ${uri.path}`);
            return new TextEncoder().encode(text);
          },
          writeFile: async (uri: Uri, bytes: Uint8Array) =>
            void fake.written.set(uri.path, Buffer.from(bytes).toString('utf8')),
        },
        getConfiguration: (section: string) => ({
          get: (key: string, fallback?: unknown) => fake.settings.get(`${section}.${key}`) ?? fallback,
          update: async (key: string, value: unknown) => fake.set(`${section}.${key}`, value),
        }),
        onDidChangeConfiguration: this.#configuration.event,
        onDidOpenTextDocument: this.#opened.event,
        onDidCloseTextDocument: this.#closed.event,
        onDidChangeTextDocument: this.#changedText.event,
        registerTextDocumentContentProvider(scheme: string, provider: api.TextDocumentContentProvider) {
          fake.#providers.set(scheme, provider);
          return none();
        },
        async openTextDocument(source: Uri | { content: string; language: string }) {
          if (!(source instanceof Uri)) {
            const untitled = new FakeDocument(
              Uri.parse('untitled:Untitled-1'),
              source.language,
              source.content,
            );
            fake.documents.push(untitled);
            return untitled;
          }
          const known = fake.documents.find(({ uri }) => String(uri) === String(source));
          if (known) return known;
          const provider = fake.#providers.get(source.scheme);
          if (!provider) throw new Error(`cannot open ${source}`);
          const page = new FakeDocument(source, 'log', fake.page(source));
          fake.documents.push(page);
          return page;
        },
      },
      languages: {
        getDiagnostics: (uri: Uri) => fake.#problems.get(uri.path) ?? [],
        createDiagnosticCollection: () => ({
          set: (uri: Uri, entries: readonly Diagnostic[] | undefined) =>
            void fake.#problems.set(uri.path, entries ?? []),
          delete: (uri: Uri) => fake.#problems.delete(uri.path),
          dispose: () => fake.#problems.clear(),
        }),
        registerInlineValuesProvider(_language: string, provider: api.InlineValuesProvider) {
          fake.inlineValues = provider;
          return none();
        },
        registerEvaluatableExpressionProvider(
          _language: string,
          provider: api.EvaluatableExpressionProvider,
        ) {
          fake.expressions = provider;
          return none();
        },
        registerDocumentLinkProvider(_selector: unknown, provider: api.DocumentLinkProvider) {
          fake.linkProvider = provider;
          return none();
        },
      },
      window: {
        get activeTextEditor() {
          return fake.editors[0];
        },
        get visibleTextEditors() {
          return fake.editors;
        },
        onDidChangeVisibleTextEditors: this.#visibleEditors.event,
        onDidChangeActiveTextEditor: this.#visibleEditors.event,
        createTextEditorDecorationType(options: api.DecorationRenderOptions) {
          const type = { dispose: () => undefined };
          const icon = (options.gutterIconPath as Uri | undefined)?.path;
          if (icon) fake.gutterIcons.push(icon);
          const look = [
            (options.after?.color as ThemeColor | undefined)?.id,
            options.overviewRulerColor && 'ruler',
            icon?.split(/[\\/]/).at(-1),
          ];
          fake.#decorationTypes.set(type, look.filter((part) => part !== undefined).join(', '));
          return type;
        },
        createWebviewPanel(type: string, title: string) {
          const page = new FakePage(type, title);
          fake.pages.push(page);
          return page;
        },
        registerWebviewViewProvider(type: string, provider: api.WebviewViewProvider) {
          const page = new FakePage(type, type);
          fake.webViews.set(type, {
            open: () => {
              provider.resolveWebviewView(page as unknown as api.WebviewView, {} as never, {} as never);
              page.say({ kind: 'ready' });
              return page;
            },
          });
          return none();
        },
        createStatusBarItem() {
          const item = {
            text: '',
            tooltip: '',
            shown: false,
            show: () => setShown(true),
            hide: () => setShown(false),
            dispose: () => undefined,
          };
          const setShown = (value: boolean) => {
            item.shown = value;
          };
          fake.#status = item;
          return item;
        },
        createTreeView(
          id: string,
          { treeDataProvider }: { treeDataProvider: api.TreeDataProvider<unknown> },
        ) {
          const visibility = new EventEmitter<{ visible: boolean }>();
          const tree = { provider: treeDataProvider, fired: [] as unknown[], visible: false, visibility };
          treeDataProvider.onDidChangeTreeData?.((element) => void tree.fired.push(element));
          fake.trees.set(id, tree);
          return {
            get visible() {
              return tree.visible;
            },
            onDidChangeVisibility: visibility.event,
            dispose: () => undefined,
          };
        },
        createOutputChannel(name: string) {
          const line = (level: string) => (text: string) => void fake.output.push(`${name} ${level} ${text}`);
          return {
            debug: line('debug'),
            info: line('info'),
            warn: line('warn'),
            error: line('error'),
            show: () => fake.executed.push(`show ${name}`),
            dispose: () => undefined,
          };
        },
        createInputBox: () => new FakeInputBox(shown),
        createQuickPick: () => new FakeQuickPick(shown),
        showInformationMessage: this.#message('info'),
        showWarningMessage: this.#message('warning'),
        showErrorMessage: this.#message('error'),
        setStatusBarMessage: (text: string) => void fake.output.push(`status ${text}`),
        showInputBox: (options: Record<string, unknown>, token?: never) =>
          this.#ask('input', String(options.prompt), options, [], token),
        showQuickPick: (items: api.QuickPickItem[], options: Record<string, unknown>, token?: never) =>
          this.#ask(
            'pick',
            String(options.placeHolder ?? options.title),
            { ...options, picked: items.filter(({ picked }) => picked).map(({ label }) => label) },
            items.map(({ label }) => label),
            token,
          ).then((choice) =>
            Array.isArray(choice)
              ? items.filter(({ label }) => choice.includes(label))
              : items.find(({ label }) => label === choice),
          ),
        showOpenDialog: (options: Record<string, unknown>) =>
          this.#ask('open', String(options.title), options, []),
        showSaveDialog: (options: Record<string, unknown>) =>
          this.#ask('save', String(options.title), options, []),
        async showTextDocument(document: FakeDocument, options?: { selection?: Range }) {
          let editor = fake.editors.find((candidate) => candidate.document === document);
          if (editor) fake.editors.splice(fake.editors.indexOf(editor), 1);
          editor ??= new FakeEditor(document);
          editor.selection = options?.selection;
          fake.editors.unshift(editor);
          fake.#visibleEditors.fire(undefined);
          return editor;
        },
      },
    };
  }
}
