// The language-server process. The client chooses the transport by its arguments (`--node-ipc`, `--stdio`, `--pipe`).
import { createConnection } from 'vscode-languageserver/node';
import { serve } from './connection.ts';

serve(createConnection());
