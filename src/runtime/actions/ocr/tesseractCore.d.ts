// The parts of the Tesseract engine that are used here; it has no declarations of its own.
declare module 'tesseract.js-core/tesseract-core-simd-lstm.js' {
  interface Api {
    /** 0 when it worked. `path` null: the root of the engine's own file system. */
    Init(path: null, languages: string, mode: number, config: null): number;
    /** Takes the picture in `/input`; 0 when it worked. */
    SetImageFile(exifOrientation: number, angle: number): number;
    Recognize(monitor: null): number;
    GetUTF8Text(): string;
    /** One line per page, block, paragraph, line and word, columns separated by tabs. */
    GetTSVText(page: number): string;
  }
  interface Core {
    readonly FS: { writeFile(path: string, content: Uint8Array): void };
    readonly TessBaseAPI: new () => Api;
  }
  export default function start(options: {
    readonly wasmBinary: Uint8Array;
    print(text: string): void;
    printErr(text: string): void;
    TesseractProgress(percent: number): void;
  }): Promise<Core>;
}
