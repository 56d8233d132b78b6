// All Excel actions. Left out: running macros, filling by pattern and copying whole worksheets (docs/excel.md says why).
import type { ActionDefinition } from '../../action.ts';
import { appearanceActions } from './appearance.ts';
import { changingActions } from './changing.ts';
import { clipboardActions } from './clipboard.ts';
import { fileActions } from './files.ts';
import { filteringActions } from './filtering.ts';
import { findingActions } from './finding.ts';
import { readingActions } from './reading.ts';
import { sortingActions } from './sorting.ts';
import { worksheetActions } from './worksheets.ts';

export const excelActions: readonly ActionDefinition[] = [
  ...fileActions,
  ...worksheetActions,
  ...readingActions,
  ...changingActions,
  ...clipboardActions,
  ...sortingActions,
  ...filteringActions,
  ...findingActions,
  ...appearanceActions,
];
