// Runs the Tesseract engine in a thread of its own, so that it can be ended at any time: one picture, then the thread is done. Gets a
// `Task`, answers with an `Answer`. Reads no files but the ones it is told of.
import { readFileSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { gunzipSync } from 'node:zlib';

export interface Task {
  /** The engine itself, as WebAssembly. */
  readonly engine: string;
  /** Language → file with its data, packed by gzip or not. */
  readonly languages: readonly (readonly [name: string, file: string])[];
  readonly image: Uint8Array;
}

/** `stage` says what failed: the engine with its languages, or reading the picture. */
export type Answer =
  /** `table`: the words and where they stand, in the engine's own table format. */
  | { readonly text: string; readonly table: string }
  | { readonly stage: 'engine' | 'picture'; readonly message: string };

/** Members of the engine's enum of recognition modes. */
const neuralNetworkOnly = 1;

async function recognise({ engine, languages, image }: Task): Promise<Answer> {
  let stage: 'engine' | 'picture' = 'engine';
  try {
    const { default: start } = await import('tesseract.js-core/tesseract-core-simd-lstm.js');
    const core = await start({
      wasmBinary: readFileSync(engine),
      print: () => {},
      printErr: () => {},
      TesseractProgress: () => {},
    });
    for (const [name, file] of languages) {
      const data = readFileSync(file);
      core.FS.writeFile(
        `./${name}.traineddata`,
        data[0] === 0x1f && data[1] === 0x8b ? gunzipSync(data) : data,
      );
    }
    const api = new core.TessBaseAPI();
    const names = languages.map(([name]) => name).join('+');
    if (api.Init(null, names, neuralNetworkOnly, null) !== 0) throw new Error('the engine refuses them');
    stage = 'picture';
    core.FS.writeFile('/input', image);
    const upright = 1;
    if (api.SetImageFile(upright, 0) !== 0) throw new Error('it is damaged, or of an unknown kind');
    api.Recognize(null);
    return { text: api.GetUTF8Text(), table: api.GetTSVText(0) };
  } catch (error) {
    return { stage, message: error instanceof Error ? error.message : String(error) };
  }
}

recognise(workerData as Task).then((answer) => parentPort?.postMessage(answer));
