// Flows meet programs that do not do as they should, through command line, agent and worker as they are built (dist/): by win32.
import { faults } from './driveFaults.ts';

faults('win32');
