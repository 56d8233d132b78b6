// The thread that every call of Windows about windows, elements, mouse, keyboard, clipboard and screen is made in. Entry of its own.
import { parentPort, workerData } from 'node:worker_threads';
import { ThreadDesktop } from './threadDesktop.ts';
import type { ThreadData } from './threadMessages.ts';
import { serveDesktop } from './threadServer.ts';
import { asDesktopError } from './windows/failures.ts';
import { windowsDrivers, windowsSystem } from './windows/system.ts';

const { firstRef } = workerData as ThreadData;
if (parentPort !== null)
  serveDesktop(parentPort, new ThreadDesktop(windowsSystem(), windowsDrivers(), firstRef), asDesktopError);
