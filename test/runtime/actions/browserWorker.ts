// A process that launches a browser as the worker of a run does, says so, and then waits to be killed. `argv`: the address to open.
import { systemClock } from '../../../src/base/clock.ts';
import { webAutomationActions } from '../../../src/runtime/actions/webAutomation/index.ts';
import { FakeHost } from '../../fakes/host.ts';
import { contextIn, runAction } from './arguments.ts';

const [, , Url = ''] = process.argv;
const context = contextIn(process.cwd(), { host: new FakeHost({ clock: systemClock }) });
await runAction(webAutomationActions, 'WebAutomation.LaunchChrome.LaunchChrome', { Url }, context);
process.stdout.write('launched\n');
setInterval(() => {}, 1000);
