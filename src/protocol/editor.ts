// Custom requests between the extension and the language server. Types only.
import type { WireValue } from './run.ts';

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

/** Asks what the extension needs to know to run a document. */
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
}
