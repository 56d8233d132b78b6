// Changes the head of a flow for a person: adds, edits and removes inputs and outputs, marks variables as sensitive. Asks with
// quick picks; the language server makes the edits, so the text stays as the designer writes it.
import { ProductError } from '../base/error.ts';
import {
  editFlowRequest,
  type FlowEdit,
  type FlowParameterInfo,
  flowContentsRequest,
  type InputType,
  type LineEdit,
  type ParameterFields,
  type VariableInfo,
} from '../protocol/editor.ts';
import { isUri } from './documents.ts';
import { defaultText } from './inputs.ts';
import type { FlowLanguage } from './languageClient.ts';
import { languageId } from './names.ts';
import type { FlowNode } from './views/flow.ts';
import type { QuickPickItem, Uri, VSCode } from './vscode.ts';

type Direction = 'input' | 'output';
type Field = keyof ParameterFields | 'done';

const types: readonly InputType[] = ['Text', 'Number', 'Boolean', 'List', 'Custom object', 'Datatable'];
/** What is wrong with a name for a variable, or undefined. The server checks again, reserved words too. */
const nameProblem = (name: string): string | undefined =>
  /^[\p{L}_][\p{L}\p{N}_]*$/u.test(name)
    ? undefined
    : 'A name starts with a letter or an underscore, and goes on with letters, digits and underscores.';

export class FlowHead {
  readonly #vscode: VSCode;
  readonly #language: FlowLanguage;

  constructor(vscode: VSCode, language: FlowLanguage) {
    this.#vscode = vscode;
    this.#language = language;
  }

  /** Asks for a name first, then for the rest, and adds the parameter to the flow of the active editor (or that of the view). */
  async add(direction: Direction, target: unknown): Promise<void> {
    const uri = this.#uri(target);
    if (!uri) return this.#noFlow();
    const contents = await this.#language.ask(flowContentsRequest, { uri: uri.toString() });
    const taken = new Set([...contents.inputs, ...contents.outputs].map(({ name }) => name.toLowerCase()));
    const name = await this.#vscode.window.showInputBox({
      title: direction === 'input' ? 'Add Input' : 'Add Output',
      prompt: 'Name of the variable inside the flow, without blanks',
      placeHolder: direction === 'input' ? 'InvoiceFolder' : 'Total',
      ignoreFocusOut: true,
      validateInput: (text) =>
        nameProblem(text) ??
        (taken.has(text.toLowerCase()) ? `There is an input or output “${text}” already.` : undefined),
    });
    if (name === undefined) return;
    const parameter = await this.#form(direction, `Add ${direction} ${name}`, {
      name,
      externalName: name,
      description: '',
      type: 'Text',
      optional: false,
      sensitive: false,
      defaultText: direction === 'input' ? '' : null,
    });
    if (parameter) await this.#edit(uri, { kind: 'addParameter', direction, parameter });
  }

  /** Shows what an input or output is, and takes over what the person changes. */
  async edit(target: unknown): Promise<void> {
    const chosen = await this.#parameter(target, 'Edit which input or output?');
    if (!chosen) return;
    const { uri, direction, parameter } = chosen;
    const before: ParameterFields = {
      name: parameter.name,
      externalName: parameter.externalName,
      description: parameter.description,
      type: parameter.type,
      optional: parameter.optional,
      sensitive: parameter.sensitive,
      // A sensitive default never leaves the server: it is kept unless a new one is typed.
      defaultText: parameter.sensitive ? null : (defaultText(parameter.defaultValue) ?? null),
    };
    const after = await this.#form(direction, `Edit ${direction} ${parameter.externalName}`, before);
    if (!after) return;
    const changes = Object.fromEntries(
      Object.entries(after).filter(([field, value]) => before[field as keyof ParameterFields] !== value),
    );
    if (Object.keys(changes).length > 0)
      await this.#edit(uri, { kind: 'changeParameter', name: parameter.name, changes });
  }

  async remove(target: unknown): Promise<void> {
    const chosen = await this.#parameter(target, 'Remove which input or output?');
    if (!chosen) return;
    const { uri, direction, parameter } = chosen;
    await this.#edit(uri, { kind: 'removeParameter', name: parameter.name });
    this.#vscode.window.setStatusBarMessage(
      `$(check) Removed the ${direction} ${parameter.externalName}; its variable is still used where it was`,
      5_000,
    );
  }

  /** Adds a variable to the flow's list of sensitive ones, or takes it out. */
  async setSensitive(target: unknown, sensitive: boolean): Promise<void> {
    const chosen = await this.#variable(target, sensitive);
    if (!chosen) return;
    const { uri, name, subflow } = chosen;
    await this.#edit(uri, {
      kind: 'setSensitive',
      name,
      ...(subflow === undefined ? {} : { subflow }),
      sensitive,
    });
  }

  /** Applies edits of the server to an open document; says so when the document changed in between. */
  async apply(uri: Uri, version: number | undefined, edits: readonly LineEdit[]): Promise<void> {
    const { Range, WorkspaceEdit, workspace } = this.#vscode;
    const document = await workspace.openTextDocument(uri);
    const change = new WorkspaceEdit();
    for (const { range, newText } of edits) {
      const { start, end } = range;
      change.replace(uri, new Range(start.line, start.character, end.line, end.character), newText);
    }
    if (
      (version !== undefined && document.version !== version) ||
      !(await workspace.applyEdit(change, { isRefactoring: true }))
    ) {
      throw new ProductError(
        'DocumentChanged',
        'The flow was changed while the edit was made, so nothing was edited.',
        'Try again.',
      );
    }
  }

  async #edit(uri: Uri, edit: FlowEdit): Promise<void> {
    const { version, edits } = await this.#language.ask(editFlowRequest, { uri: uri.toString(), edit });
    await this.apply(uri, version, edits);
  }

  /** A pick of fields that comes back until the person is done. Undefined when they gave up. */
  async #form(
    direction: Direction,
    title: string,
    start: ParameterFields,
  ): Promise<ParameterFields | undefined> {
    let fields = start;
    for (;;) {
      const field = (
        await this.#vscode.window.showQuickPick(fieldItems(direction, fields), {
          title,
          placeHolder: 'Choose what to change, then Done',
          ignoreFocusOut: true,
        })
      )?.field;
      if (field === undefined) return undefined;
      if (field === 'done') return fields;
      const changed = await this.#ask(field, fields, title);
      if (changed) fields = { ...fields, ...changed };
    }
  }

  async #ask(
    field: keyof ParameterFields,
    fields: ParameterFields,
    title: string,
  ): Promise<Partial<ParameterFields> | undefined> {
    const { window } = this.#vscode;
    switch (field) {
      case 'optional':
      case 'sensitive':
        return { [field]: !fields[field] };
      case 'type': {
        const items = types.map((type) => ({ label: type, type }));
        const type = (await window.showQuickPick(items, { title, placeHolder: 'Type', ignoreFocusOut: true }))
          ?.type;
        return type && { type, ...(type === fields.type ? {} : { defaultText: null }) };
      }
      case 'defaultText': {
        const text = await window.showInputBox({
          title,
          prompt:
            fields.type === 'Text'
              ? 'Default value'
              : `Default value (${fields.type}); empty for none. Lists and objects as JSON.`,
          value: fields.sensitive ? '' : (fields.defaultText ?? ''),
          password: fields.sensitive,
          ignoreFocusOut: true,
        });
        if (text === undefined) return undefined;
        return { defaultText: text === '' && fields.type !== 'Text' ? null : text };
      }
      default: {
        const text = await window.showInputBox({
          title,
          prompt: fieldPrompts[field],
          value: fields[field],
          ignoreFocusOut: true,
          validateInput: (value) =>
            field === 'name'
              ? nameProblem(value)
              : field === 'externalName' && value.trim() === ''
                ? 'People are asked by this name: it may not be empty.'
                : undefined,
        });
        return text === undefined ? undefined : { [field]: text };
      }
    }
  }

  async #parameter(
    target: unknown,
    placeHolder: string,
  ): Promise<{ uri: Uri; direction: Direction; parameter: FlowParameterInfo } | undefined> {
    const node = target as Partial<FlowNode> | undefined;
    if (node?.kind === 'parameter') return node as FlowNode & { kind: 'parameter' };
    const uri = this.#uri(target);
    if (!uri) {
      await this.#noFlow();
      return undefined;
    }
    const { inputs, outputs } = await this.#language.ask(flowContentsRequest, { uri: uri.toString() });
    const items = [
      ...inputs.map((parameter) => parameterItem('input', parameter)),
      ...outputs.map((parameter) => parameterItem('output', parameter)),
    ];
    if (items.length === 0) {
      await this.#vscode.window.showInformationMessage('This flow has no inputs and outputs yet.');
      return undefined;
    }
    const item = await this.#vscode.window.showQuickPick(items, { placeHolder });
    return item && { uri, direction: item.direction, parameter: item.parameter };
  }

  async #variable(
    target: unknown,
    sensitive: boolean,
  ): Promise<{ uri: Uri; name: string; subflow?: string } | undefined> {
    const node = target as Partial<FlowNode> | undefined;
    if (node?.kind === 'parameter') {
      const { uri, parameter } = node as FlowNode & { kind: 'parameter' };
      return { uri, name: parameter.name };
    }
    if (node?.kind === 'variable') {
      const { uri, variable } = node as FlowNode & { kind: 'variable' };
      return named(uri, variable);
    }
    const uri = this.#uri(target);
    if (!uri) {
      await this.#noFlow();
      return undefined;
    }
    const { inputs, outputs, variables } = await this.#language.ask(flowContentsRequest, {
      uri: uri.toString(),
    });
    const items = [
      ...[...inputs, ...outputs]
        .filter((parameter) => parameter.sensitive !== sensitive)
        .map((parameter) => ({
          label: parameter.name,
          description: parameter.type,
          chosen: { uri, name: parameter.name },
        })),
      ...variables
        .filter((variable) => (variable.sensitivity === 'declared') !== sensitive)
        .map((variable) => ({
          label: variable.name,
          description: [variable.type, variable.subflow && `in ${variable.subflow}`]
            .filter(Boolean)
            .join(' · '),
          chosen: named(uri, variable),
        })),
    ];
    if (items.length === 0) {
      await this.#vscode.window.showInformationMessage(
        sensitive
          ? 'Every variable of this flow is sensitive already, or it has none.'
          : 'No variable of this flow is marked as sensitive.',
      );
      return undefined;
    }
    const placeHolder = sensitive
      ? 'Mark which variable as sensitive?'
      : 'Remove the sensitive mark of which variable?';
    return (await this.#vscode.window.showQuickPick(items, { placeHolder }))?.chosen;
  }

  /** The flow a command is about: that of the row or address it was called with, else that of the active editor. */
  #uri(target: unknown): Uri | undefined {
    const row = target as { uri?: Uri } | undefined;
    if (row?.uri) return row.uri;
    if (isUri(target)) return target;
    const document = this.#vscode.window.activeTextEditor?.document;
    return document?.languageId === languageId ? document.uri : undefined;
  }

  async #noFlow(): Promise<void> {
    await this.#vscode.window.showInformationMessage('Open a flow (.robin) in an editor first.');
  }
}

const fieldPrompts = {
  name: 'Name of the variable inside the flow',
  externalName: 'External name: what people and cloud flows see',
  description: 'Description',
} as const;

function fieldItems(
  direction: Direction,
  fields: ParameterFields,
): (QuickPickItem & { readonly field: Field })[] {
  const yesNo = (flag: boolean) => (flag ? 'yes' : 'no');
  return [
    { label: '$(check) Done', field: 'done' },
    { label: 'Type', description: fields.type, field: 'type' },
    { label: 'External name', description: fields.externalName, field: 'externalName' },
    { label: 'Description', description: fields.description || '(none)', field: 'description' },
    ...(direction === 'input'
      ? ([
          {
            label: 'Default value',
            description: fields.sensitive ? '(not shown)' : (fields.defaultText ?? '(none)'),
            field: 'defaultText',
          },
          { label: 'Optional', description: yesNo(fields.optional), field: 'optional' },
        ] as const)
      : []),
    { label: 'Sensitive', description: yesNo(fields.sensitive), field: 'sensitive' },
    { label: 'Variable name', description: fields.name, field: 'name' },
  ];
}

const parameterItem = (direction: Direction, parameter: FlowParameterInfo) => ({
  label: parameter.externalName,
  description: `${direction} · ${parameter.type}`,
  direction,
  parameter,
});

const named = (uri: Uri, { name, subflow }: VariableInfo) => ({
  uri,
  name,
  ...(subflow === undefined ? {} : { subflow }),
});
