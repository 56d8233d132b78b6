// Custom requests between the extension and the language server. Types only.
import type { Companion, WireValue } from './run.ts';

export type InputType =
  | 'Text'
  | 'Number'
  | 'Boolean'
  | 'List'
  | 'Custom object'
  | 'Datatable'
  | 'Datetime'
  | 'Instance';

/** One input or output of a flow. `externalName` is what people are asked for; `name` is the variable inside the flow. */
export interface FlowParameterInfo {
  readonly name: string;
  readonly externalName: string;
  readonly description: string;
  readonly type: InputType;
  readonly optional: boolean;
  readonly sensitive: boolean;
  /** Absent when the flow gives none; `{$type:'secured'}` for a sensitive input that has one: it never leaves the server. */
  readonly defaultValue?: WireValue;
  /** 0-based line of its declaration. */
  readonly line: number;
}

/**
 * Asks what the extension needs to know to run a document. Fails with `CalledFlowNotFound`, `CalledFlowAmbiguous`, `FlowCircle`,
 * `TooManyCalledFlows` when the flows that it runs cannot be gathered.
 */
export const flowRequest = 'desktopFlows/flow';

export interface FlowRequestParams {
  readonly uri: string;
}

export interface FlowRequestResult {
  readonly name: string;
  readonly inputs: readonly FlowParameterInfo[];
  readonly outputs: readonly FlowParameterInfo[];
  /** Diagnostics that forbid a run. `line` is 0-based. */
  readonly blocking: readonly { readonly code: string; readonly message: string; readonly line: number }[];
  /** SHA-256 of the text, hex; equals `run.flow.hash` when the run used this text. */
  readonly hash: string;
  /** The repositories and flows that a run of it needs; empty while something forbids a run. */
  readonly companions: readonly Companion[];
}

// ── The Flow view ───────────────────────────────────────────────────────────────────────────────────────────────

/** Asks for everything the Flow view lists. */
export const flowContentsRequest = 'desktopFlows/flowContents';

export interface FlowContentsParams {
  readonly uri: string;
}

export interface FlowContents {
  readonly inputs: readonly FlowParameterInfo[];
  readonly outputs: readonly FlowParameterInfo[];
  /** Inputs and outputs are not among them. */
  readonly variables: readonly VariableInfo[];
  readonly subflows: readonly { readonly name: string; readonly line: number }[];
}

export interface VariableInfo {
  readonly name: string;
  /** Name of the local subflow it belongs to; absent for variables shared by the flow. */
  readonly subflow?: string;
  /** As people know it; absent when the text does not settle it. */
  readonly type?: string;
  readonly sensitivity: 'declared' | 'inherited' | 'none';
  /** Why it is sensitive, from its own assignment back to the origin. */
  readonly why?: readonly string[];
  /** 0-based place of its first mention. */
  readonly line: number;
  readonly character: number;
  readonly uses: number;
}

/** Asks for the edits that change the head of a flow. Answers with edits, or fails with a sentence for people. */
export const editFlowRequest = 'desktopFlows/editFlow';

export interface EditFlowParams {
  readonly uri: string;
  readonly edit: FlowEdit;
}

export type FlowEdit =
  | {
      readonly kind: 'addParameter';
      readonly direction: 'input' | 'output';
      readonly parameter: ParameterFields;
    }
  /** `name` is the variable inside the flow. Fields that are absent stay as they are. */
  | { readonly kind: 'changeParameter'; readonly name: string; readonly changes: Partial<ParameterFields> }
  | { readonly kind: 'removeParameter'; readonly name: string }
  | {
      readonly kind: 'setSensitive';
      readonly name: string;
      readonly subflow?: string;
      readonly sensitive: boolean;
    };

export interface ParameterFields {
  readonly name: string;
  readonly externalName: string;
  readonly description: string;
  readonly type: InputType;
  readonly optional: boolean;
  readonly sensitive: boolean;
  /** As people type it (`5`, `true`, JSON for lists and objects); `null` for no default. */
  readonly defaultText: string | null;
}

export interface EditFlowResult {
  readonly version: number;
  readonly edits: readonly LineEdit[];
}

/** 0-based lines and UTF-16 characters, as in the language server protocol. */
export interface LineEdit {
  readonly range: {
    readonly start: { readonly line: number; readonly character: number };
    readonly end: { readonly line: number; readonly character: number };
  };
  readonly newText: string;
}

// ── Interchange with the designer ───────────────────────────────────────────────────────────────────────────────

/** Asks for the text to put on the clipboard: the statements of a selection or of a whole body, with their attachment. */
export const copyForDesignerRequest = 'desktopFlows/copyForDesigner';

export interface CopyForDesignerParams {
  readonly uri: string;
  /** 0-based, whole lines; absent: the subflow at `line`, or Main. */
  readonly lines?: { readonly from: number; readonly to: number };
  readonly line?: number;
}

export interface CopyForDesignerResult {
  readonly text: string;
  /** What a person should know, such as an element that is in no repository. */
  readonly notes: readonly string[];
  /** Diagnostics because of which the designer would drop the paste; then nothing should be copied without asking. */
  readonly rejected: readonly { readonly code: string; readonly message: string; readonly line: number }[];
}

/** Asks for the edits that take over a text copied from the designer at a place of a document. */
export const pasteFromDesignerRequest = 'desktopFlows/pasteFromDesigner';

export interface PasteFromDesignerParams {
  readonly uri: string;
  readonly position: { readonly line: number; readonly character: number };
  readonly text: string;
}

export interface PasteFromDesignerResult {
  /** Edits of the flow itself. */
  readonly edits: readonly LineEdit[];
  /** New contents of the repository files beside the flow, by uri; a file that does not exist yet is created. */
  readonly files: readonly { readonly uri: string; readonly text: string }[];
  readonly notes: readonly string[];
}

/** Asks for the selectors of the UI elements beside a flow, or for the file with one of them changed. */
export const selectorsRequest = 'desktopFlows/selectors';

export interface SelectorsParams {
  readonly uri: string;
  /** What is to be written; absent: nothing. */
  readonly change?: FlowSelector;
}

/** One selector of a UI element, or of its window (then `element` is absent). `index` counts those of the element from 0. */
export interface FlowSelector {
  readonly screen: string;
  readonly element?: string;
  readonly index: number;
  readonly text: string;
}

export interface SelectorsResult {
  readonly selectors: readonly FlowSelector[];
  /** The file as it is to be written; absent when nothing was to be changed, or the selector is not there any more. */
  readonly file?: { readonly uri: string; readonly text: string };
}

// ── Solutions and comparisons ───────────────────────────────────────────────────────────────────────────────────

/** Asks the server to unpack a solution's zip file into a folder on its machine. Paths are those of its file system. */
export const unpackSolutionRequest = 'desktopFlows/unpackSolution';

export interface UnpackSolutionParams {
  readonly archive: string;
  readonly folder: string;
}

export interface UnpackSolutionResult {
  readonly flows: readonly { readonly name: string; readonly path: string }[];
  readonly notes: readonly string[];
}

/** Asks the server to make a solution's zip file of a folder that it was unpacked to. */
export const packSolutionRequest = 'desktopFlows/packSolution';

export interface PackSolutionParams {
  readonly folder: string;
  readonly archive: string;
}

export interface PackSolutionResult {
  /** Names of the flows whose text differs from the solution they came from. */
  readonly changed: readonly string[];
  readonly notes: readonly string[];
}

/** Asks what differs in meaning between two texts of a flow. */
export const compareFlowsRequest = 'desktopFlows/compareFlows';

/** Texts of flows. */
export interface CompareFlowsParams {
  readonly before: string;
  readonly after: string;
}

export interface CompareFlowsResult {
  /** One line each, as people read them; empty when the flows mean the same. */
  readonly changes: readonly string[];
}

// ── Tests ───────────────────────────────────────────────────────────────────────────────────────────────────────

/** Asks which tests a file of tests has. Nothing is run. */
export const testsRequest = 'desktopFlows/tests';

export interface TestsParams {
  /** The text of the file. */
  readonly text: string;
}

export interface TestsResult {
  /** In the order of the text; lines are 0-based. */
  readonly tests: readonly { readonly name: string; readonly line: number; readonly endLine: number }[];
}

/** Parameters and result of every custom request. */
export interface EditorRequests {
  readonly [flowRequest]: { readonly params: FlowRequestParams; readonly result: FlowRequestResult };
  readonly [flowContentsRequest]: { readonly params: FlowContentsParams; readonly result: FlowContents };
  readonly [editFlowRequest]: { readonly params: EditFlowParams; readonly result: EditFlowResult };
  readonly [copyForDesignerRequest]: {
    readonly params: CopyForDesignerParams;
    readonly result: CopyForDesignerResult;
  };
  readonly [pasteFromDesignerRequest]: {
    readonly params: PasteFromDesignerParams;
    readonly result: PasteFromDesignerResult;
  };
  readonly [selectorsRequest]: { readonly params: SelectorsParams; readonly result: SelectorsResult };
  readonly [unpackSolutionRequest]: {
    readonly params: UnpackSolutionParams;
    readonly result: UnpackSolutionResult;
  };
  readonly [packSolutionRequest]: {
    readonly params: PackSolutionParams;
    readonly result: PackSolutionResult;
  };
  readonly [testsRequest]: { readonly params: TestsParams; readonly result: TestsResult };
  readonly [compareFlowsRequest]: {
    readonly params: CompareFlowsParams;
    readonly result: CompareFlowsResult;
  };
}
