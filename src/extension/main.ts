// Entry of the extension: hands VS Code's API to startExtension.
import * as vscode from 'vscode';
import { systemClock } from '../base/clock.ts';
import { outside, startExtension } from './extension.ts';

/** What `activate` gives to whoever asks for the extension's exports: how long it kept VS Code waiting. */
export interface Activation {
  readonly activationMilliseconds: number;
}

export function activate(context: vscode.ExtensionContext): Activation {
  const start = performance.now();
  context.subscriptions.push(startExtension(vscode, context, outside(systemClock)));
  return { activationMilliseconds: performance.now() - start };
}
