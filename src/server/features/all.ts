// Every feature the server has, one line each, in alphabetical order.
import type { Feature } from '../feature.ts';
import { callHierarchy } from './callHierarchy.ts';
import { codeActions } from './codeActions.ts';
import { codeLens } from './codeLens.ts';
import { completion } from './completion.ts';
import { definition } from './definition.ts';
import { diagnostics } from './diagnostics.ts';
import { documentLinks } from './documentLinks.ts';
import { fileRename } from './fileRename.ts';
import { flow } from './flow.ts';
import { flowView } from './flowView.ts';
import { folding } from './folding.ts';
import { formatting } from './formatting.ts';
import { highlight } from './highlight.ts';
import { hover } from './hover.ts';
import { inlayHints } from './inlayHints.ts';
import { interchange } from './interchange.ts';
import { references } from './references.ts';
import { rename } from './rename.ts';
import { selectionRanges } from './selectionRanges.ts';
import { semanticTokens } from './semanticTokens.ts';
import { signatureHelp } from './signatureHelp.ts';
import { symbols } from './symbols.ts';
import { tests } from './tests.ts';
import { workspaceSymbols } from './workspaceSymbols.ts';

export const features: readonly Feature[] = [
  callHierarchy,
  codeActions,
  codeLens,
  completion,
  definition,
  diagnostics,
  documentLinks,
  fileRename,
  flow,
  flowView,
  folding,
  formatting,
  highlight,
  hover,
  inlayHints,
  interchange,
  references,
  rename,
  selectionRanges,
  semanticTokens,
  signatureHelp,
  symbols,
  tests,
  workspaceSymbols,
];
