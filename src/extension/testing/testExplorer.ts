// Tests of flows in the Test Explorer: finds files of tests, asks the language server which tests they have (nothing is run for
// that), runs them in a process of their own, and shows failures and executed rows where they belong.
import type { Clock } from '../../base/clock.ts';
import { type Disposable, DisposableStore } from '../../base/disposable.ts';
import type { Log } from '../../base/log.ts';
import { testsRequest } from '../../protocol/editor.ts';
import type { EndedTest, FlowCoverage, TestFailure, TestFileReport } from '../../protocol/testing.ts';
import { Coalesced } from '../coalesced.ts';
import { fileName } from '../documents.ts';
import type { FlowLanguage } from '../languageClient.ts';
import { settingIds, settingsSection } from '../names.ts';
import type {
  CancellationToken,
  FileCoverage,
  FileCoverageDetail,
  Location,
  TestController,
  TestItem,
  TestMessage,
  TestRun,
  TestRunRequest,
  Uri,
  VSCode,
} from '../vscode.ts';
import { durationText } from '../wording.ts';
import type { Tester } from './tester.ts';

const pattern = '**/*.test.{robin,pad}';
/** Typing is taken in after a pause of this length. */
const typingMs = 300;

export interface TestExplorerContext {
  readonly vscode: VSCode;
  readonly language: FlowLanguage;
  readonly clock: Clock;
  readonly log: Log;
  readonly run: Tester;
  /** Tells a person of a failure of ours. */
  readonly failed: (error: unknown) => void;
}

export class TestExplorer implements Disposable {
  readonly #context: TestExplorerContext;
  readonly #owned = new DisposableStore();
  readonly #controller: TestController;
  readonly #details = new WeakMap<FileCoverage, FileCoverageDetail[]>();
  /** Files whose tests are read again in a moment. */
  readonly #changed = new Map<string, Uri>();

  constructor(context: TestExplorerContext) {
    this.#context = context;
    const { vscode, clock } = context;
    const { workspace, tests, TestRunProfileKind } = vscode;
    const add = <T extends Disposable>(item: T) => this.#owned.add(item);
    this.#controller = add(tests.createTestController('desktopFlows', 'Desktop Flows'));
    this.#controller.resolveHandler = async (item) => {
      await (item === undefined ? this.#discover() : this.#read(item));
    };
    this.#controller.refreshHandler = () => this.#discover();
    const run = (coverage: boolean) => (request: TestRunRequest, token: CancellationToken) =>
      this.#run(request, token, coverage);
    this.#controller.createRunProfile('Run', TestRunProfileKind.Run, run(false), true);
    const measured = this.#controller.createRunProfile(
      'Run with Coverage',
      TestRunProfileKind.Coverage,
      run(true),
      true,
    );
    measured.loadDetailedCoverage = async (_, file) => this.#details.get(file) ?? [];

    const reading = add(new Coalesced(clock, typingMs, () => this.#readChanged()));
    const changed = (uri: Uri) => {
      if (!isTests(uri)) return;
      this.#changed.set(uri.toString(), uri);
      reading.soon();
    };
    add(workspace.onDidOpenTextDocument(({ uri }) => changed(uri)));
    add(workspace.onDidChangeTextDocument(({ document: { uri } }) => changed(uri)));
    const watcher = add(workspace.createFileSystemWatcher(pattern));
    add(watcher.onDidCreate(changed));
    add(watcher.onDidChange(changed));
    add(watcher.onDidDelete((uri) => this.#controller.items.delete(uri.toString())));
    for (const { uri } of workspace.textDocuments) changed(uri);
  }

  dispose(): void {
    this.#owned.dispose();
  }

  // ── Which tests there are ─────────────────────────────────────────────────────────────────────────────────────

  async #discover(): Promise<void> {
    const found = await this.#context.vscode.workspace.findFiles(pattern, '**/node_modules/**');
    const known = new Set(found.map((uri) => uri.toString()));
    for (const [id, { uri }] of [...this.#controller.items]) {
      if (uri?.scheme === 'file' && !known.has(id)) this.#controller.items.delete(id);
    }
    await Promise.all(found.map((uri) => this.#read(this.#file(uri))));
  }

  #readChanged(): void {
    const uris = [...this.#changed.values()];
    this.#changed.clear();
    for (const uri of uris) void this.#read(this.#file(uri));
  }

  #file(uri: Uri): TestItem {
    const id = uri.toString();
    const known = this.#controller.items.get(id);
    if (known) return known;
    const item = this.#controller.createTestItem(id, fileName(uri), uri);
    item.canResolveChildren = true;
    this.#controller.items.add(item);
    return item;
  }

  /** Never rejects: what cannot be read is said on the item. */
  async #read(file: TestItem): Promise<void> {
    const { vscode, language, log } = this.#context;
    const { uri } = file;
    if (uri === undefined || !file.canResolveChildren) return;
    try {
      const { tests } = await language.ask(testsRequest, { text: await this.#text(uri) });
      const items = tests.map(({ name, line, endLine }) => {
        const id = `${uri}#${name.toLowerCase()}`;
        // The same item stays: what was run of it stays with it.
        const item = file.children.get(id) ?? this.#controller.createTestItem(id, name, uri);
        item.label = name;
        item.range = new vscode.Range(line, 0, endLine, 0);
        return item;
      });
      file.error = undefined;
      file.children.replace(items);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      file.error = message;
      log.warn('tests of a file cannot be read', { file: uri.path, error: message });
    }
  }

  /** As the editor has it, else as the file has it. */
  async #text(uri: Uri): Promise<string> {
    const { workspace } = this.#context.vscode;
    const open = workspace.textDocuments.find((document) => document.uri.toString() === uri.toString());
    return open ? open.getText() : new TextDecoder().decode(await workspace.fs.readFile(uri));
  }

  // ── Running them ──────────────────────────────────────────────────────────────────────────────────────────────

  async #run(request: TestRunRequest, token: CancellationToken, coverage: boolean): Promise<void> {
    const { vscode, log, failed } = this.#context;
    if (!vscode.workspace.isTrusted) {
      await vscode.window.showWarningMessage(
        'Running tests of flows needs a trusted workspace: a flow can do everything you can.',
      );
      return;
    }
    const run = this.#controller.createTestRun(request);
    const abort = new AbortController();
    this.#owned.add({ dispose: () => abort.abort() });
    const canceled = token.onCancellationRequested(() => abort.abort());
    try {
      const tests = await this.#wanted(request);
      for (const item of tests.values()) run.enqueued(item);
      const files = filesOf(tests.values());
      log.info('tests', { files: files.length, tests: tests.size });
      if (files.length === 0) return;
      await this.#context.run(
        {
          kind: 'run',
          files,
          coverage,
          timeoutSeconds: vscode.workspace
            .getConfiguration(settingsSection)
            .get<number>(settingIds.testTimeout, 60),
        },
        (message) => {
          switch (message.kind) {
            case 'file':
              this.#problem(run, message, tests);
              return;
            case 'started': {
              const item = tests.get(keyOf(message.path, message.test));
              if (item) run.started(item);
              return;
            }
            case 'ended':
              this.#ended(run, message, tests.get(keyOf(message.path, message.test)));
              return;
            case 'coverage':
              for (const flow of message.flows) run.addCoverage(this.#coverageOf(flow));
              return;
            case 'done':
              return;
          }
        },
        abort.signal,
      );
    } catch (error) {
      failed(error);
    } finally {
      canceled.dispose();
      run.end();
    }
  }

  /** The tests that are meant, by file and name. Rejects with a ProductError. */
  async #wanted(request: TestRunRequest): Promise<Map<string, TestItem>> {
    if (request.include === undefined) await this.#discover();
    const found = new Map<string, TestItem>();
    const excluded = new Set(request.exclude ?? []);
    const add = async (item: TestItem) => {
      if (excluded.has(item)) return;
      if (item.canResolveChildren) {
        await this.#read(item);
        for (const [, child] of item.children) await add(child);
      } else if (item.uri) found.set(keyOf(item.uri.fsPath, item.label), item);
    };
    const roots = request.include ?? [...this.#controller.items].map(([, item]) => item);
    for (const item of roots) await add(item);
    return found;
  }

  /** With a problem no test of the file can run. */
  #problem(run: TestRun, { path, problem }: TestFileReport, tests: ReadonlyMap<string, TestItem>): void {
    if (problem === undefined) return;
    for (const item of tests.values()) {
      if (item.uri?.fsPath === path) run.errored(item, this.#messages(problem));
    }
    run.appendOutput(output(`${problem.code}: ${problem.message}`), this.#location(problem.place));
  }

  #ended(run: TestRun, { test, outcome, ms, failure, logs }: EndedTest, item: TestItem | undefined): void {
    if (item === undefined) return;
    for (const { level, message } of logs) run.appendOutput(output(`${level}: ${message}`), undefined, item);
    const mark = { passed: '✓', failed: '✗', canceled: '■' }[outcome];
    const why = failure && `\n  ${failure.message} (${failure.code})\n  ${failure.nextStep}`;
    run.appendOutput(output(`${mark} ${test} (${durationText(ms)})${why ?? ''}`), undefined, item);
    if (outcome === 'passed') run.passed(item, ms);
    else if (outcome === 'canceled' || failure === undefined) run.skipped(item);
    else run.failed(item, this.#messages(failure), ms);
  }

  /** What failed in the test, and where in the flow when it was there. */
  #messages(failure: TestFailure): TestMessage[] {
    const { vscode } = this.#context;
    const { code, message, nextStep, expected, actual, place, flow } = failure;
    const text = `${message} (${code})\n${nextStep}`;
    const said =
      expected !== undefined && actual !== undefined
        ? vscode.TestMessage.diff(text, expected, actual)
        : new vscode.TestMessage(text);
    said.location = this.#location(place);
    if (flow === undefined) return [said];
    const there = new vscode.TestMessage(`${message} (${flow.subflow}, ${flow.action})`);
    there.location = this.#location(flow);
    return [said, there];
  }

  #location({ path, line }: { readonly path: string; readonly line: number }): Location {
    const { Location, Position, Uri } = this.#context.vscode;
    return new Location(Uri.file(path), new Position(Math.max(0, line - 1), 0));
  }

  #coverageOf({ path, subflows }: FlowCoverage): FileCoverage {
    const { vscode } = this.#context;
    const details: FileCoverageDetail[] = subflows.flatMap(({ name, line, count, rows }) => [
      new vscode.DeclarationCoverage(name, count, new vscode.Position(line - 1, 0)),
      ...rows.map((row) => new vscode.StatementCoverage(row.count, new vscode.Position(row.line - 1, 0))),
    ]);
    const file = vscode.FileCoverage.fromDetails(vscode.Uri.file(path), details);
    this.#details.set(file, details);
    return file;
  }
}

const isTests = ({ scheme, path }: Uri): boolean => scheme === 'file' && /\.test\.(robin|pad)$/i.test(path);

const keyOf = (path: string, test: string): string => `${path}\n${test.toLowerCase()}`;

/** Their files, each with the names of its tests. */
function filesOf(tests: Iterable<TestItem>): { readonly path: string; readonly tests: string[] }[] {
  const files = new Map<string, string[]>();
  for (const { uri, label } of tests) {
    const path = uri?.fsPath;
    if (path !== undefined) files.set(path, [...(files.get(path) ?? []), label]);
  }
  return [...files].map(([path, names]) => ({ path, tests: names }));
}

/** As a terminal wants it. */
const output = (text: string): string => `${text.replace(/\r?\n/g, '\r\n')}\r\n`;
