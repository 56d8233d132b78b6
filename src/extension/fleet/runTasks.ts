// Flows as tasks: "Run Task" lists those of the workspace, tasks.json may name one with its inputs. The terminal tells the states of the run, and
// ends with 0 when it succeeded. Closing the terminal stops the run.
import { asProductError } from '../../base/error.ts';
import { isTerminal, type Run } from '../../protocol/run.ts';
import type { AgentConnection } from '../agents.ts';
import { failureText } from '../failureMessage.ts';
import { t } from '../l10n.ts';
import { taskType } from '../names.ts';
import type { RunFlow } from '../runFlow.ts';
import type { RunStore } from '../runs.ts';
import type { Pseudoterminal, Task, TaskDefinition, TaskProvider, Uri, VSCode } from '../vscode.ts';
import { errorText, flowName, oneLine, runPhrase, timeText } from '../wording.ts';

interface FlowTask extends TaskDefinition {
  /** Path, relative to the workspace folder. */
  readonly flow: string;
  /** By external name; the others are asked for. */
  readonly inputs?: Record<string, string | number | boolean>;
}

const mostListed = 200;

export class RunTasks implements TaskProvider {
  readonly #vscode: VSCode;
  readonly #runFlow: RunFlow;
  readonly #runs: RunStore;
  readonly #agent: AgentConnection;
  readonly #now: () => number;

  constructor(vscode: VSCode, runFlow: RunFlow, runs: RunStore, agent: AgentConnection, now: () => number) {
    this.#vscode = vscode;
    this.#runFlow = runFlow;
    this.#runs = runs;
    this.#agent = agent;
    this.#now = now;
  }

  async provideTasks(): Promise<Task[]> {
    const files = await this.#vscode.workspace.findFiles(
      '**/*.{robin,pad}',
      '**/{node_modules,*.test.robin,*.test.pad}',
      mostListed,
    );
    return files.map((uri) =>
      this.#task({ type: taskType, flow: this.#vscode.workspace.asRelativePath(uri, false) }, uri),
    );
  }

  resolveTask(task: Task): Task | undefined {
    const definition = task.definition as FlowTask;
    const { workspaceFolders } = this.#vscode.workspace;
    const folder = typeof task.scope === 'object' ? task.scope.uri : workspaceFolders?.[0]?.uri;
    if (typeof definition.flow !== 'string' || !folder) return undefined;
    return this.#task(definition, this.#vscode.Uri.joinPath(folder, definition.flow));
  }

  #task(definition: FlowTask, uri: Uri): Task {
    const { Task, TaskScope, CustomExecution } = this.#vscode;
    const task = new Task(
      definition,
      this.#vscode.workspace.getWorkspaceFolder(uri) ?? TaskScope.Workspace,
      definition.flow,
      'Desktop Flows',
      new CustomExecution(async () => this.#terminal(uri, definition.inputs ?? {})),
    );
    task.detail = t('Runs the flow where and how it was run last');
    return task;
  }

  #terminal(uri: Uri, inputs: Readonly<Record<string, string | number | boolean>>): Pseudoterminal {
    const written = new this.#vscode.EventEmitter<string>();
    const closed = new this.#vscode.EventEmitter<number>();
    // What others wrote must not steer the terminal.
    const say = (text: string) => written.fire(`${oneLine(text, 1_000)}\r\n`);
    let run: Run | undefined;
    let left = false;
    const heard = this.#runs.onDidChange((change) => {
      if (change.kind !== 'run' || change.run.id !== run?.id) return;
      if (change.before?.state === change.run.state) return;
      this.#tell(change.run, say, (code) => closed.fire(code));
    });
    return {
      onDidWrite: written.event,
      onDidClose: closed.event,
      open: () => {
        void (async () => {
          try {
            run = await this.#runFlow.run(uri, inputs);
            if (!run) {
              say(t('Nothing was run.'));
              return closed.fire(1);
            }
            if (left) return void this.#agent.call('runs.stop', { runId: run.id });
            say(t('{0} is requested: run {1}', flowName(run), run.id));
            const known = this.#runs.get(run.id);
            if (known && known.state !== 'Queued') this.#tell(known, say, (code) => closed.fire(code));
          } catch (error) {
            say(failureText(asProductError(error)));
            closed.fire(1);
          }
        })();
      },
      close: () => {
        left = true;
        heard.dispose();
        const known = run && this.#runs.get(run.id);
        if (known && !isTerminal(known.state))
          this.#agent.call('runs.stop', { runId: known.id }).catch(() => undefined); // its row in the Run Queue says what became of it
      },
    };
  }

  #tell(run: Run, say: (text: string) => void, close: (code: number) => void): void {
    say(`${timeText(this.#now())} ${runPhrase(run, this.#now(), this.#runs.standing(run))}`);
    if (!isTerminal(run.state)) return;
    if (run.error) {
      say(errorText(run.error, 500));
      say(t('Next step: {0}', run.error.nextStep));
    }
    close(run.state === 'Succeeded' ? 0 : 1);
  }
}
