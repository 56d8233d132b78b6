// The VS Code API as classes of this folder receive it: as an argument, so that tests can pass test/fakes/vscode.ts.
// Types only: nothing but main.ts imports the module `vscode` itself.
import type * as vscodeModule from 'vscode';

export type VSCode = typeof vscodeModule;
export type * from 'vscode';
