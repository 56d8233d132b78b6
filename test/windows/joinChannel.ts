// Makes a plain Node a program that speaks on the channel of its agent, as a worker does: for `node --import`.
import { isInvited, joinChannel } from '../../src/agent/worker/channel.ts';

if (isInvited()) await joinChannel();
