// A shell of Windows in which nothing may be called: tests replace what they need.
import type { Shell } from '../../../src/desktop/shell.ts';

const notPlayed = (): never => {
  throw new Error('this part of the shell is not played here');
};

export const playedShell: Shell = {
  start: notPlayed,
  print: notPlayed,
  defaultPrinter: notPlayed,
  setDefaultPrinter: notPlayed,
  emptyRecycleBin: notPlayed,
  playSound: notPlayed,
  screenSaver: notPlayed,
  textSettings: notPlayed,
  specialFolder: notPlayed,
  environmentVariable: notPlayed,
  setEnvironmentVariable: notPlayed,
  serviceState: notPlayed,
  changeService: notPlayed,
};
