// Everything that is known about the meaning of one version of one flow, computed when first asked for.
import type { FlowFile } from '../syntax/tree.ts';
import { Binding } from './binder.ts';
import { type FlowInfo, flowInfo } from './flow.ts';
import { type Sensitivity, sensitivity } from './sensitivity.ts';
import { noSurroundings, type Surroundings } from './surroundings.ts';
import { Types } from './types.ts';

export class FlowModel {
  readonly file: FlowFile;
  readonly surroundings: Surroundings;
  #binding: Binding | undefined;
  #types: Types | undefined;
  #sensitivity: Sensitivity | undefined;
  #info: FlowInfo | undefined;

  constructor(file: FlowFile, surroundings: Surroundings = noSurroundings) {
    this.file = file;
    this.surroundings = surroundings;
  }

  get binding(): Binding {
    this.#binding ??= new Binding(this.file);
    return this.#binding;
  }

  get types(): Types {
    this.#types ??= new Types(this.binding);
    return this.#types;
  }

  get sensitivity(): Sensitivity {
    this.#sensitivity ??= sensitivity(this.file);
    return this.#sensitivity;
  }

  /** Inputs and outputs. */
  get info(): FlowInfo {
    this.#info ??= flowInfo(this.file);
    return this.#info;
  }
}
