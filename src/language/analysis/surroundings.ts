// What a flow refers to outside of its own text: UI elements, images and other flows. Filled by whoever can see the files.

/** What other flows need to know about a flow. */
export interface FlowSummary {
  /** Name of the flow as people know it: the file name without its ending. */
  readonly name: string;
  /** The id a solution gives it, lower-cased; undefined when nobody wrote it down. */
  readonly id: string | undefined;
  readonly inputs: readonly ParameterSummary[];
  readonly outputs: readonly ParameterSummary[];
  /** Ids and `@@flowname` names of the flows it runs. */
  readonly runs: readonly { readonly id: string; readonly name: string | undefined }[];
}

export interface ParameterSummary {
  readonly name: string;
  readonly externalName: string;
  readonly type: string;
  readonly optional: boolean;
  readonly sensitive: boolean;
  readonly description: string;
}

export interface ScreenSummary {
  readonly name: string;
  /** Names of the elements in it. */
  readonly elements: readonly string[];
}

/** `undefined` means: not known, so nothing may be concluded from an absent name. */
export interface Surroundings {
  /** True for a file of tests, in which the actions of the module Test are known. */
  readonly isTest?: boolean;
  readonly screens: readonly ScreenSummary[] | undefined;
  readonly images: readonly string[] | undefined;
  /** The flow that `External.RunFlow` runs, by its id or else by its `@@flowname`; undefined when it is not in the workspace. */
  flow(id: string, name: string | undefined): FlowSummary | undefined;
  /** Names on a circle of flows that leads from this flow back to itself through the flow with that id; undefined when there is none. */
  circle(id: string, name: string | undefined): readonly string[] | undefined;
}

/** Nothing is known but the text itself. */
export const noSurroundings: Surroundings = {
  screens: undefined,
  images: undefined,
  flow: () => undefined,
  circle: () => undefined,
};
