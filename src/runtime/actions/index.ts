// All actions this agent can carry out, by id. What is not here is reported by name when a flow is checked.
import type { ActionDefinition } from '../action.ts';
import { clipboardActions } from './clipboard.ts';
import { cmdActions } from './cmd.ts';
import { compressionActions } from './compression/index.ts';
import { cryptographyActions } from './cryptography/index.ts';
import { databaseActions } from './database/index.ts';
import { dateTimeActions } from './dateTime.ts';
import { displayActions } from './display.ts';
import { emailActions } from './email/index.ts';
import { excelActions } from './excel/index.ts';
import { externalActions } from './external.ts';
import { fileActions } from './file.ts';
import { flowControlActions } from './flowControl.ts';
import { folderActions } from './folder.ts';
import { ftpActions } from './ftp/index.ts';
import { loggingActions } from './logging.ts';
import { mouseAndKeyboardActions } from './mouseAndKeyboard/index.ts';
import { ocrActions } from './ocr/index.ts';
import { pdfActions } from './pdf/index.ts';
import { scriptingActions } from './scripting.ts';
import { servicesActions } from './services.ts';
import { systemActions } from './system.ts';
import { textActions } from './text.ts';
import { uiAutomationActions } from './uiAutomation/index.ts';
import { variablesActions } from './variables.ts';
import { webActions } from './web/index.ts';
import { webAutomationActions } from './webAutomation/index.ts';
import { wordActions } from './word/index.ts';
import { workQueuesActions } from './workQueues/index.ts';
import { workstationActions } from './workstation.ts';
import { xmlActions } from './xml/index.ts';

/** The definitions of all modules, each id once. */
export const actionDefinitions: readonly ActionDefinition[] = [
  ...variablesActions,
  ...textActions,
  ...dateTimeActions,
  ...flowControlActions,
  ...externalActions,
  ...workQueuesActions,
  ...clipboardActions,
  ...cmdActions,
  ...servicesActions,
  ...workstationActions,
  ...uiAutomationActions,
  ...mouseAndKeyboardActions,
  ...excelActions,
  ...fileActions,
  ...folderActions,
  ...displayActions,
  ...loggingActions,
  ...systemActions,
  ...scriptingActions,
  ...webAutomationActions,
  ...webActions,
  ...emailActions,
  ...ftpActions,
  ...databaseActions,
  ...compressionActions,
  ...xmlActions,
  ...cryptographyActions,
  ...pdfActions,
  ...ocrActions,
  ...wordActions,
];

/** By lower-cased catalog id with variant; older ids must be followed to the newest before (see `canonicalId`). */
export const actionTable: ReadonlyMap<string, ActionDefinition> = new Map(
  actionDefinitions.map((definition) => [definition.id.toLowerCase(), definition]),
);
