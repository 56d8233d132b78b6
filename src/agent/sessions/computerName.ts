// What this machine is called by the names of its accounts: `NAME\user`. On Windows that name has at most 15 characters and need not be
// the host name.
import { hostname } from 'node:os';

export const computerName = (): string => process.env.COMPUTERNAME || hostname();
