// Frames on the screen around rectangles: thin layered windows in front of all others that clicks go through. Belongs to a thread that
// serves its messages (hooks.ts, `pump`).
import { callback, type Handle, lastError, pointTo, wide, win32Error, writeLong } from './ffi.ts';
import { gdi32, kernel32, user32 } from './prototypes.ts';
import type { Rectangle } from './windows.ts';

export interface Frames {
  /** Around these and nothing else. */
  show(rectangles: readonly Rectangle[]): void;
  release(): void;
}

/** Pixels. */
const thickness = 3;
const orange = 0x00_00_8c_ff;
const opacity = 220;
const most = 50;

const style = {
  popup: 0x8000_0000,
  /** Layered, click-through, top-most, not in the task bar, never active. */
  extended: 0x8_0000 | 0x20 | 0x8 | 0x80 | 0x800_0000,
} as const;
const alpha = 2;
const topMost = -1;
const showUnactivated = 0x10 | 0x40;

/** Throws WindowsError. */
export function frames(): Frames {
  const instance = kernel32.GetModuleHandleW(null);
  const className = `Desktop Flows frame ${kernel32.GetCurrentThreadId()}`;
  const text = wide(className);
  const procedure = callback(['long', 'long', 'uint', 'long', 'long'], (window, message, first, second) =>
    user32.DefWindowProcW(window, message, first, second),
  );
  const brush = gdi32.CreateSolidBrush(orange);
  const windowClass = Buffer.alloc(80);
  windowClass.writeUInt32LE(80, 0);
  writeLong(windowClass, procedure.address, 8);
  writeLong(windowClass, instance, 24);
  writeLong(windowClass, brush, 48);
  pointTo(windowClass, text, 64);
  if (user32.RegisterClassExW(windowClass) === 0) {
    const number = lastError();
    procedure.release();
    gdi32.DeleteObject(brush);
    throw win32Error('RegisterClassEx', number);
  }
  let shown: Handle[] = [];
  const clear = () => {
    for (const window of shown) user32.DestroyWindow(window);
    shown = [];
  };
  return {
    show(rectangles) {
      clear();
      for (const side of rectangles.slice(0, most).flatMap(sides)) {
        const { x, y, width, height } = side;
        const window = user32.CreateWindowExW(
          style.extended,
          className,
          '',
          style.popup,
          x,
          y,
          width,
          height,
          0,
          0,
          instance,
          0,
        );
        if (window === 0) throw win32Error('CreateWindowEx', lastError());
        shown.push(window);
        user32.SetLayeredWindowAttributes(window, 0, opacity, alpha);
        user32.SetWindowPos(window, topMost, x, y, width, height, showUnactivated);
      }
    },
    release() {
      clear();
      user32.UnregisterClassW(className, instance);
      gdi32.DeleteObject(brush);
      procedure.release();
    },
  };
}

/** Above, below, left and right of it. */
function sides({ x, y, width, height }: Rectangle): Rectangle[] {
  const wide = width + 2 * thickness;
  return [
    { x: x - thickness, y: y - thickness, width: wide, height: thickness },
    { x: x - thickness, y: y + height, width: wide, height: thickness },
    { x: x - thickness, y, width: thickness, height },
    { x: x + width, y, width: thickness, height },
  ];
}
