// Captured windows and elements made for tests, and the naming that the product uses.
import type { CapturedElement, CapturedWindow, CaptureEvent } from '../../../src/desktop/capture/events.ts';
import { elementName, freeName, typeName } from '../../../src/desktop/capture/naming.ts';
import { capturedLevel } from '../../../src/desktop/capture/selectors.ts';
import type { RecordingOptions } from '../../../src/interchange/recording.ts';

export function window(title: string, process = 'ledger', handle = title.length): CapturedWindow {
  const part = { tag: 'window', name: title, className: 'Main', automationId: '' };
  const attributes = [
    { name: 'Name', operator: 'EqualTo', value: title },
    { name: 'Process', operator: 'EqualTo', value: process },
  ];
  const used = { element: 'window', isDirect: false, attributes, ordinal: undefined };
  return { handle, title, process, levels: [capturedLevel(part, used, process)] };
}

export const ledger = window('Ledger');

export function element(tag: string, name: string, more: Partial<CapturedElement> = {}): CapturedElement {
  const part = { tag, name, className: '', automationId: '' };
  const used = {
    element: tag,
    isDirect: false,
    attributes: [{ name: 'Name', operator: 'EqualTo', value: name }],
    ordinal: undefined,
  };
  return {
    window: ledger,
    driver: 'uia',
    tag,
    name,
    rectangle: { x: 100, y: 100, width: 101, height: 21 },
    isPassword: false,
    levels: [capturedLevel(part, used)],
    ...more,
  };
}

export const none = { alt: false, control: false, shift: false, windows: false };

let time = 0;
export const press = (
  element: CapturedElement | undefined,
  more: Partial<CaptureEvent & { kind: 'down' }> = {},
): CaptureEvent => {
  time += 10_000;
  return {
    kind: 'down',
    button: 'left',
    point: { x: 150, y: 110 },
    time,
    element,
    doubleClickTime: 500,
    ...more,
  };
};

export const typed = (element: CapturedElement | undefined, text: string): CaptureEvent[] =>
  [...text].map((character) => ({
    kind: 'key',
    key: character.toUpperCase().charCodeAt(0),
    character,
    modifiers: none,
    element,
  }));

export const key = (
  element: CapturedElement | undefined,
  code: number,
  held: Partial<typeof none> = {},
  more: { readonly character?: string; readonly isLineBreak?: boolean } = {},
): CaptureEvent => ({
  kind: 'key',
  key: code,
  character: more.character,
  modifiers: { ...none, ...held },
  element,
  ...(more.isLineBreak !== undefined && { isLineBreak: more.isLineBreak }),
});

/** Ids count up, so that two recordings are equal when what was done is. */
export function writing(taken: readonly string[] = []): RecordingOptions {
  let last = 0;
  return {
    naming: {
      element: ({ tag, name }) => elementName(tag, name, '', ''),
      window: ({ title, process }) => elementName('window', title, process, ''),
      type: typeName,
      free: freeName,
    },
    newId: () => `id ${++last}`,
    taken,
  };
}
