// Flows meet programs that do not do as they should, through command line, agent and worker as they are built (dist/): by uia3.
import { faults } from './driveFaults.ts';

faults('uia3');
