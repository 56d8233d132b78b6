// The Flow view: inputs, outputs, variables and subflows of the flow in the active editor, and how sensitive each is.
// A projection of what the language server says; changes nothing itself (see flowHead.ts).
import type { Clock } from '../../base/clock.ts';
import { type Disposable, DisposableStore } from '../../base/disposable.ts';
import {
  type FlowContents,
  type FlowParameterInfo,
  flowContentsRequest,
  type VariableInfo,
} from '../../protocol/editor.ts';
import { Coalesced } from '../coalesced.ts';
import { fileName } from '../documents.ts';
import type { FlowLanguage } from '../languageClient.ts';
import { contextKeys, flowFlags, hiddenCommandIds, languageId } from '../names.ts';
import type { Command, TextDocument, TreeDataProvider, TreeItem, TreeView, Uri, VSCode } from '../vscode.ts';
import { counted, oneLine, valueText } from '../wording.ts';

export type FlowNode =
  | { readonly kind: 'group'; readonly group: Group }
  | {
      readonly kind: 'parameter';
      readonly direction: 'input' | 'output';
      readonly uri: Uri;
      readonly parameter: FlowParameterInfo;
    }
  | { readonly kind: 'variable'; readonly uri: Uri; readonly variable: VariableInfo }
  | { readonly kind: 'subflow'; readonly uri: Uri; readonly name: string; readonly line: number };

type Group = 'inputs' | 'outputs' | 'variables' | 'subflows';
const groups: readonly Group[] = ['inputs', 'outputs', 'variables', 'subflows'];
const groupTitles: Readonly<Record<Group, string>> = {
  inputs: 'Inputs',
  outputs: 'Outputs',
  variables: 'Variables',
  subflows: 'Subflows',
};

/** How long typing must pause before the view is read again. */
const pauseMs = 300;

export class FlowView implements TreeDataProvider<FlowNode>, Disposable {
  readonly #vscode: VSCode;
  readonly #language: FlowLanguage;
  readonly #failed: (error: unknown) => void;
  readonly #disposables = new DisposableStore();
  readonly #changes;
  readonly #refresh: Coalesced;
  #tree: TreeView<FlowNode> | undefined;
  #document: TextDocument | undefined;
  #contents: FlowContents | undefined;
  #asked = 0;
  readonly onDidChangeTreeData;

  /** `failed` is told when the language server cannot answer. */
  constructor(vscode: VSCode, language: FlowLanguage, clock: Clock, failed: (error: unknown) => void) {
    this.#vscode = vscode;
    this.#language = language;
    this.#failed = failed;
    this.#changes = this.#disposables.add(new vscode.EventEmitter<FlowNode | undefined>());
    this.onDidChangeTreeData = this.#changes.event;
    this.#refresh = this.#disposables.add(new Coalesced(clock, pauseMs, () => void this.#read()));
    this.#disposables.add(vscode.window.onDidChangeActiveTextEditor(() => this.#follow()));
    this.#disposables.add(
      vscode.workspace.onDidChangeTextDocument(({ document }) => {
        if (document === this.#document) this.#refresh.soon();
      }),
    );
    this.#disposables.add(
      vscode.workspace.onDidCloseTextDocument((document) => {
        if (document === this.#document) this.#show(undefined);
      }),
    );
  }

  /** The tree that shows this view: its title follows the flow, and nothing is read while it is hidden. */
  attach(tree: TreeView<FlowNode>): void {
    this.#tree = tree;
    this.#disposables.add(tree.onDidChangeVisibility(() => this.#follow()));
    this.#follow();
  }

  getChildren(node?: FlowNode): FlowNode[] {
    const contents = this.#contents;
    const uri = this.#document?.uri;
    if (!contents || !uri) return [];
    if (!node) return groups.map((group) => ({ kind: 'group', group }));
    if (node.kind !== 'group') return [];
    switch (node.group) {
      case 'inputs':
      case 'outputs':
        return contents[node.group].map((parameter) => ({
          kind: 'parameter',
          direction: node.group === 'inputs' ? 'input' : 'output',
          uri,
          parameter,
        }));
      case 'variables':
        return contents.variables.map((variable) => ({ kind: 'variable', uri, variable }));
      case 'subflows':
        return contents.subflows.map(({ name, line }) => ({ kind: 'subflow', uri, name, line }));
    }
  }

  getTreeItem(node: FlowNode): TreeItem {
    switch (node.kind) {
      case 'group':
        return this.#groupItem(node.group);
      case 'parameter':
        return this.#parameterItem(node.uri, node.direction, node.parameter);
      case 'variable':
        return this.#variableItem(node.uri, node.variable);
      case 'subflow': {
        const item = this.#item(`subflow:${node.name}`, node.name, 'symbol-function');
        item.command = this.#open(node.uri, node.line, 0);
        item.accessibilityInformation = { label: `Subflow ${node.name}, line ${node.line + 1}` };
        return item;
      }
    }
  }

  dispose(): void {
    this.#disposables.dispose();
  }

  /** Takes the flow of the active editor; keeps the last one while something else (a page, a log) is in front. */
  #follow(): void {
    const document = this.#vscode.window.activeTextEditor?.document;
    if (document?.languageId === languageId) this.#document = document;
    if (this.#tree?.visible && this.#document) void this.#read();
  }

  async #read(): Promise<void> {
    const document = this.#document;
    if (!document || !this.#tree?.visible) return;
    const asked = ++this.#asked;
    try {
      const contents = await this.#language.ask(flowContentsRequest, { uri: document.uri.toString() });
      if (asked === this.#asked) this.#show(document, contents);
    } catch (error) {
      if (asked !== this.#asked) return;
      this.#show(undefined);
      this.#failed(error);
    }
  }

  #show(document: TextDocument | undefined, contents?: FlowContents): void {
    this.#document = document;
    this.#contents = contents;
    if (this.#tree) {
      if (document) this.#tree.description = fileName(document.uri);
      else delete this.#tree.description;
    }
    void this.#vscode.commands.executeCommand('setContext', contextKeys.flowShown, contents !== undefined);
    this.#changes.fire(undefined);
  }

  #groupItem(group: Group): TreeItem {
    const { TreeItemCollapsibleState } = this.#vscode;
    const count = this.#contents?.[group].length ?? 0;
    const open = count > 0 && group !== 'subflows';
    const item = new this.#vscode.TreeItem(
      groupTitles[group],
      count === 0
        ? TreeItemCollapsibleState.None
        : open
          ? TreeItemCollapsibleState.Expanded
          : TreeItemCollapsibleState.Collapsed,
    );
    // A row keeps its expansion by its id: a group that gets its first child opens.
    item.id = count === 0 ? `flow:${group}:empty` : `flow:${group}`;
    item.description = count === 0 ? 'none' : String(count);
    if (group === 'inputs' || group === 'outputs') item.contextValue = flowFlags[group];
    item.accessibilityInformation = { label: `${groupTitles[group]}: ${count}` };
    return item;
  }

  #parameterItem(uri: Uri, direction: 'input' | 'output', parameter: FlowParameterInfo): TreeItem {
    const { name, externalName, type, sensitive, optional, description, defaultValue, line } = parameter;
    const item = this.#item(
      `${direction}:${name}`,
      oneLine(externalName, 80),
      sensitive ? 'lock' : direction === 'input' ? 'arrow-small-right' : 'arrow-small-left',
    );
    const facts = [
      type,
      ...(sensitive ? ['sensitive'] : []),
      ...(optional ? ['optional'] : []),
      ...(defaultValue === undefined ? [] : [`= ${valueText(defaultValue, 40)}`]),
    ];
    item.description = facts.join(' · ');
    item.contextValue = [flowFlags.parameter, sensitive ? flowFlags.sensitive : flowFlags.clear].join(' ');
    item.command = this.#open(uri, line, 0);
    const tooltip = new this.#vscode.MarkdownString();
    tooltip.appendMarkdown(`**${direction === 'input' ? 'Input' : 'Output'}** `);
    tooltip.appendText(`${oneLine(externalName, 200)} (${facts.join(', ')})`);
    if (name !== externalName) tooltip.appendText(`\n\nVariable in the flow: ${name}`);
    if (description !== '') tooltip.appendText(`\n\n${oneLine(description, 500)}`);
    item.tooltip = tooltip;
    item.accessibilityInformation = { label: `${direction} ${externalName}, ${facts.join(', ')}` };
    return item;
  }

  #variableItem(uri: Uri, variable: VariableInfo): TreeItem {
    const { name, subflow, type, sensitivity, why, line, character, uses } = variable;
    const icons = { declared: 'lock', inherited: 'unlock', none: 'symbol-variable' } as const;
    const item = this.#item(`variable:${subflow ?? ''}:${name}`, name, icons[sensitivity]);
    const facts = [
      ...(type === undefined ? [] : [type]),
      ...(sensitivity === 'declared' ? ['sensitive'] : []),
      ...(sensitivity === 'inherited' ? ['sensitive (inherited)'] : []),
      ...(subflow === undefined ? [] : [`in ${subflow}`]),
    ];
    item.description = facts.join(' · ');
    item.contextValue = sensitivity === 'declared' ? flowFlags.sensitive : flowFlags.clear;
    item.command = this.#open(uri, line, character);
    const tooltip = new this.#vscode.MarkdownString();
    tooltip.appendText(`${[name, ...facts].join(', ')}, ${counted(uses, 'use')}`);
    if (why !== undefined) tooltip.appendText(`\n\nSensitive because: ${why.join(' ← ')}`);
    item.tooltip = tooltip;
    item.accessibilityInformation = { label: `Variable ${[name, ...facts].join(', ')}` };
    return item;
  }

  #item(id: string, label: string, icon: string): TreeItem {
    const item = new this.#vscode.TreeItem(label, this.#vscode.TreeItemCollapsibleState.None);
    item.id = `flow:${id}`;
    item.iconPath = new this.#vscode.ThemeIcon(icon);
    return item;
  }

  #open(uri: Uri, line: number, character: number): Command {
    return {
      title: 'Show in Editor',
      command: hiddenCommandIds.goToLine,
      arguments: [{ uri, line, character }],
    };
  }
}
