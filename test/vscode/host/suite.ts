// Runs inside the extension host of a real VS Code, with its real API: is the extension there, does it keep its promises?
// Independent of how VS Code was started. The outside world is asked directly: what the agent says, not what the window shows.
// VS Code refuses modal dialogs in this mode, so questions of flows are checked on the screen instead.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { connectAgent } from '../../../src/launch/connect.ts';
import { findAgent } from '../../../src/launch/dataFolder.ts';
import type { AgentLink } from '../../../src/protocol/link.ts';
import { isTerminal, type Run, type RunState } from '../../../src/protocol/run.ts';
import { Checks, expect, until } from '../checks.ts';
import { languageChecks } from './language.ts';

const activationBudget = 50;

/** What VS Code calls. Rejects when a check failed; the report goes to the file in DESKTOP_FLOWS_REPORT either way. */
export async function run(): Promise<void> {
  const lines: string[] = [];
  const checks = new Checks((line) => lines.push(line));
  let link: AgentLink | undefined;

  await checks.check(`activate() returns within ${activationBudget} ms`, async () => {
    const extension = vscode.extensions.getExtension('desktop-flows.desktop-flows');
    expect(extension, 'the extension is not installed');
    const { activationMilliseconds } = (await extension.activate()) as { activationMilliseconds: number };
    expect(activationMilliseconds <= activationBudget, `it took ${activationMilliseconds.toFixed(1)} ms`);
    return `${activationMilliseconds.toFixed(1)} ms`;
  });

  await checks.check('every command of the manifest exists', async () => {
    const extension = vscode.extensions.getExtension('desktop-flows.desktop-flows');
    const declared: string[] = extension?.packageJSON.contributes.commands.map(
      (entry: { command: string }) => entry.command,
    );
    const known = new Set(await vscode.commands.getCommands(true));
    const missing = declared.filter((command) => !known.has(command));
    expect(declared.length > 0 && missing.length === 0, `missing: ${missing.join(', ')}`);
    return `${declared.length} commands`;
  });

  await checks.check(
    'a broken flow gets diagnostics with codes, and loses them when it is mended',
    async () => {
      const document = await open('broken.robin');
      const found = await until('diagnostics', () => {
        const all = vscode.languages.getDiagnostics(document.uri);
        return all.length >= 3 && all;
      });
      for (const { source, code } of found) {
        expect(source === 'Desktop Flows' && code, `a diagnostic without source or code: ${source}, ${code}`);
      }
      const lineOfAction = found.some(({ range }) =>
        document.lineAt(range.start.line).text.includes('MakeItNice'),
      );
      expect(lineOfAction, 'no diagnostic on the line of the unknown action');
      const edit = new vscode.WorkspaceEdit();
      edit.replace(document.uri, new vscode.Range(0, 0, document.lineCount, 0), 'SET Count TO 1\n');
      await vscode.workspace.applyEdit(edit);
      await until('no diagnostics', () => vscode.languages.getDiagnostics(document.uri).length === 0);
      await vscode.commands.executeCommand('workbench.action.files.revert');
      return found.map(({ code }) => (typeof code === 'object' ? code.value : code)).join(', ');
    },
  );

  await checks.check('the outline and the folding ranges exist', async () => {
    const { uri } = await open('greet.robin');
    const symbols = await until('document symbols', () =>
      vscode.commands.executeCommand<vscode.DocumentSymbol[]>('vscode.executeDocumentSymbolProvider', uri),
    );
    const names = symbols.map(({ name }) => name);
    for (const name of ['Name of the guest', 'Greeting', 'Main', 'Welcome']) {
      expect(names.includes(name), `${name} is not in the outline: ${names.join(', ')}`);
    }
    const ranges = await vscode.commands.executeCommand<vscode.FoldingRange[]>(
      'vscode.executeFoldingRangeProvider',
      uri,
    );
    expect(ranges.length >= 3, `only ${ranges.length} folding ranges`);
  });

  await languageChecks(checks, join(workspaceFolder(), 'language'));

  await checks.check('Run Flow asks for inputs, starts the agent, and the run succeeds', async () => {
    const { uri } = await open('quick.robin');
    const finished = vscode.commands.executeCommand('desktopFlows.runFlow', uri);
    let ended = false;
    finished.then(() => {
      ended = true;
    });
    // Both inputs have defaults: accepting the boxes as they appear is all a person would do.
    await until('the end of the command', async () => {
      await vscode.commands.executeCommand('workbench.action.acceptSelectedQuickOpenItem');
      return ended;
    });
    link = await agent();
    const { outputs, inputs } = await runIn(link, 'quick', 'Succeeded');
    expect(outputs?.Greeting === 'Hello Ada', `outputs: ${JSON.stringify(outputs)}`);
    for (const value of [inputs['Pin code'], outputs?.Badge]) {
      expect(
        JSON.stringify(value) === '{"$type":"secured"}',
        `a sensitive value is shown: ${JSON.stringify(value)}`,
      );
    }
  });

  await checks.check('Pause Run, Resume Run and Stop Run Safely reach the flow', async () => {
    expect(link, 'no agent: an earlier check failed');
    const { uri } = await open('polite.robin');
    await vscode.commands.executeCommand('desktopFlows.runFlow', uri);
    const { id } = await runIn(link, 'polite', 'Running');
    const row = { kind: 'run', runId: id };
    await vscode.commands.executeCommand('desktopFlows.pauseRun', row);
    await runIn(link, 'polite', 'Paused');
    await vscode.commands.executeCommand('desktopFlows.resumeRun', row);
    await runIn(link, 'polite', 'Running');
    await vscode.commands.executeCommand('desktopFlows.stopRunSafely', row);
    const { outputs } = await runIn(link, 'polite', 'Succeeded');
    expect(outputs?.Ending === 'cleaned up', `outputs: ${JSON.stringify(outputs)}`);
  });

  await checks.check('Stop Run cancels a running flow', async () => {
    expect(link, 'no agent: an earlier check failed');
    const { uri } = await open('patience.robin');
    await vscode.commands.executeCommand('desktopFlows.runFlow', uri);
    const { id } = await runIn(link, 'patience', 'Running');
    await vscode.commands.executeCommand('desktopFlows.stopRun', { kind: 'run', runId: id });
    await runIn(link, 'patience', 'Canceled');
  });

  await checks.check('Resubmit runs the same flow again', async () => {
    expect(link, 'no agent: an earlier check failed');
    const first = await runIn(link, 'quick', 'Succeeded');
    await vscode.commands.executeCommand('desktopFlows.resubmitRun', { kind: 'run', runId: first.id });
    const second = await until('the second run', async () => {
      const { runs } = await (link as AgentLink).call('runs.list', { limit: 50 });
      return runs.find((run) => run.resubmitOf === first.id && run.state === 'Succeeded');
    });
    expect(second.outputs?.Greeting === 'Hello Ada', `outputs: ${JSON.stringify(second.outputs)}`);
  });

  await checks.check('a failing flow ends as Failed with code, line, action and next step', async () => {
    expect(link, 'no agent: an earlier check failed');
    const document = await open('missing-file.robin');
    await vscode.commands.executeCommand('desktopFlows.runFlow', document.uri);
    const { error } = await runIn(link, 'missing-file', 'Failed');
    expect(error?.code && error.nextStep && error.action, `incomplete error: ${JSON.stringify(error)}`);
    const line = document.lineAt((error.line ?? 1) - 1).text;
    expect(line.startsWith('File.ReadTextFromFile'), `the error names line ${error.line}: ${line}`);
    return `${error.code} at line ${error.line}`;
  });

  link?.dispose();
  const { passed, failed } = checks;
  writeFileSync(process.env.DESKTOP_FLOWS_REPORT as string, JSON.stringify({ passed, failed, lines }));
  if (failed > 0) throw new Error(`${failed} checks failed`);
}

const workspaceFolder = () => vscode.workspace.workspaceFolders?.[0]?.uri.fsPath as string;

async function open(file: string): Promise<vscode.TextDocument> {
  const document = await vscode.workspace.openTextDocument(vscode.Uri.file(join(workspaceFolder(), file)));
  await vscode.window.showTextDocument(document);
  return document;
}

/** A link of our own to the agent that the extension started. */
async function agent(): Promise<AgentLink> {
  const address = await until('an agent', () => findAgent(process.env.DESKTOP_FLOWS_HOME as string));
  return connectAgent(address, 'VS Code suite');
}

/** The newest run of a flow, once it is in `state`. Fails at once when it ended in another. */
async function runIn(link: AgentLink, flow: string, state: RunState): Promise<Run> {
  let other: Run | undefined;
  const run = await until(`${flow} to be ${state}`, async () => {
    const { runs } = await link.call('runs.list', { limit: 50 });
    const newest = runs.find((entry) => entry.flow.name === flow);
    if (newest && newest.state !== state && isTerminal(newest.state)) {
      other = newest;
      return newest;
    }
    return newest?.state === state && newest;
  });
  expect(!other, `${flow} is ${other?.state} instead of ${state}: ${JSON.stringify(other?.error)}`);
  return run;
}
